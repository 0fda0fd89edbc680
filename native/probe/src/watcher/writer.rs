//! One thread that writes: a slow or full disk must not stop the sampling.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use stallscope_core::engine::StallKey;
use stallscope_core::limits::{Limits, UnixMs};
use stallscope_core::model::{Bytes, Incident, IncidentSummary, Ns};
use tokio::sync::mpsc::UnboundedSender;

use crate::store::{IncidentFolder, Store, StoreError};

/// What is to be written, in this order.
pub(super) enum Job {
    /// The incident as it stands.
    Progress { folder: Arc<IncidentFolder>, incident: Box<Incident> },
    /// The incident for the last time; then older ones make room.
    Final { key: StallKey, folder: Arc<IncidentFolder>, incident: Box<Incident>, prompt: bool, budget: Bytes },
    /// The limits.
    Limits { limits: Limits, now: UnixMs },
    /// The length of a load.
    Load { length_ns: Ns },
}

/// What came of it.
pub(super) enum Report {
    /// A final write has succeeded.
    Closed { key: StallKey, summary: Box<IncidentSummary>, prompt: bool },
    /// Older incidents were removed.
    Pruned { count: usize },
    /// The limits joined with other windows'.
    Limits(Limits),
    /// It failed; nothing that was there is lost.
    Failed(StoreError),
}

/// The thread and its in-tray. Dropping it ends the thread after the last job.
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub fn start(
        store: Store,
        workspace: Vec<String>,
        reports: UnboundedSender<Report>,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = channel();
        let thread = std::thread::Builder::new()
            .name("stallscope-writer".into())
            .spawn(move || work(&store, &workspace, &inbox, &reports))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    pub fn send(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // A closed channel means the thread has ended, which only happens with us.
            let _ = jobs.send(job);
        }
    }

    /// Waits until everything is written.
    pub fn finish(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.finish();
    }
}

fn work(store: &Store, workspace: &[String], inbox: &Receiver<Job>, reports: &UnboundedSender<Report>) {
    while let Ok(job) = inbox.recv() {
        match perform(store, workspace, job) {
            Ok(done) => done.into_iter().for_each(|report| drop(reports.send(report))),
            Err(error) => drop(reports.send(Report::Failed(error))),
        }
    }
}

fn perform(store: &Store, workspace: &[String], job: Job) -> Result<Vec<Report>, StoreError> {
    match job {
        Job::Progress { folder, incident } => {
            folder.write(&incident)?;
            Ok(Vec::new())
        }
        Job::Final { key, folder, incident, prompt, budget } => {
            folder.write(&incident).inspect_err(|_| folder.remove_if_bare())?;
            let summary = Box::new(incident.summary(folder.size_bytes()));
            let kept_evidence = summary.has_heap;
            let mut reports = vec![Report::Closed { key, summary, prompt }];
            // Room is made only when there is new evidence in return.
            if kept_evidence {
                let count = store.prune(budget, &incident.id)?.len();
                if count > 0 {
                    reports.push(Report::Pruned { count });
                }
            }
            Ok(reports)
        }
        Job::Limits { limits, now } => Ok(vec![Report::Limits(store.write_limits(limits, now)?)]),
        Job::Load { length_ns } => {
            store.remember_load(workspace, length_ns)?;
            Ok(Vec::new())
        }
    }
}
