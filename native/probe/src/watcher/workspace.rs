//! What gopls has said of its workspace: for the leak patterns of now, and kept with the incident that was just closed.

use std::time::{Duration, Instant};

use stallscope_core::engine::Event;
use stallscope_core::model::{GoplsIdentity, GoplsProcess, GoplsRelation};
use stallscope_core::patterns::{Facts, WorkspaceFacts};
use tokio::sync::oneshot;

use super::WatchError;
use super::run::Loop;
use super::target::Target;
use super::writer::Job;

/// An incident closed longer ago than this is not told by what gopls says now.
const JUST_CLOSED: Duration = Duration::from_secs(120);

/// The incident that was closed last.
#[derive(Debug)]
pub(super) struct Closed {
    pub id: String,
    pub gopls: GoplsIdentity,
    pub at: Instant,
}

impl Loop {
    pub fn workspace_told(&mut self, pid: u32, told: Facts, reply: oneshot::Sender<Result<(), WatchError>>) {
        let Some(identity) = self.gopls.as_ref().map(|gopls| &gopls.identity).filter(|id| id.pid == pid)
        else {
            let _ = reply.send(Err(WatchError::AnotherGopls { pid }));
            return;
        };
        let closed = self.closed.as_ref();
        let closed =
            closed.filter(|closed| closed.gopls.is_process_of(identity) && closed.at.elapsed() < JUST_CLOSED);
        let id = closed.map(|closed| closed.id.clone());
        let facts = Facts { gopls_processes: self.gopls_of_window(), ..told };
        let at_ns = self.clock.now_ns();
        self.feed_at(at_ns, Event::WorkspaceTold(facts));
        match id {
            Some(id) => {
                self.writer.send(Job::Workspace { id, facts: WorkspaceFacts { at_ns, facts }, reply })
            }
            None => drop(reply.send(Ok(()))),
        }
    }

    /// What is known of the workspace, part of it without asking gopls.
    pub fn facts(&self) -> Facts {
        let told = self.engine.workspace_facts(self.clock.now_ns());
        let told = told.map(|told| told.facts).unwrap_or_default();
        Facts { gopls_processes: self.gopls_of_window(), ..told }
    }

    /// How many gopls serve this window; `None` where there is none, or one was named by its pid.
    fn gopls_of_window(&self) -> Option<u64> {
        let Target::Host { .. } = self.options.target else { return None };
        let serves = |p: &&GoplsProcess| matches!(p.relation, GoplsRelation::Ours | GoplsRelation::Daemon);
        let count = self.finder.processes.iter().filter(serves).count() as u64;
        (count > 0).then_some(count)
    }
}
