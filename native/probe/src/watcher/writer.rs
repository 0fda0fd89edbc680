//! One thread that writes: a slow or full disk must not stop the sampling.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use stallscope_core::engine::StallKey;
use stallscope_core::history::Tally;
use stallscope_core::limits::{Limits, UnixMs};
use stallscope_core::model::{Bytes, GoplsIdentity, Incident, IncidentSummary, PastLoad};
use stallscope_core::patterns::WorkspaceFacts;
use stallscope_core::spans::SpanRecord;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::WatchError;
use crate::history::{HistoryError, Keeper, Retention};
use crate::panic_text;
use crate::store::{IncidentFolder, Store, StoreError};

/// What is to be done, in this order.
pub(super) enum Job {
    /// Mark what an earlier window left unfinished.
    Recover,
    /// Remove baselines that no living gopls can need.
    TidyBaselines { alive: Vec<u32> },
    /// The incident as it stands.
    Progress { key: StallKey, folder: Arc<IncidentFolder>, incident: Box<Incident> },
    /// The incident for the last time; then older ones make room.
    Final { key: StallKey, folder: Arc<IncidentFolder>, incident: Box<Incident>, prompt: bool, budget: Bytes },
    /// gopls's own spans of an incident that was written.
    Spans { folder: Arc<IncidentFolder>, record: Box<SpanRecord> },
    /// The incident is none: its folder goes.
    Withdraw { folder: Arc<IncidentFolder> },
    /// What gopls said of its workspace right after this incident. Whoever waits is answered, whatever comes of it: the incident
    /// may have been deleted meanwhile.
    Workspace { id: String, facts: WorkspaceFacts, reply: oneshot::Sender<Result<(), WatchError>> },
    /// The limits.
    Limits { limits: Limits, now: UnixMs },
    /// A load that is over.
    Load { load: PastLoad },
    /// The history is kept for so long, or not at all.
    Retention(Option<Retention>),
    /// What was seen of a gopls since the last time.
    History { at_unix_ms: f64, gopls: Box<GoplsIdentity>, tally: Box<Tally> },
}

impl Job {
    /// The incident that this is the last write of.
    fn closes(&self) -> Option<StallKey> {
        if let Self::Final { key, .. } = self { Some(*key) } else { None }
    }
}

/// What came of it.
pub(super) enum Report {
    /// The incident as it stands is on disk.
    Written { key: StallKey, incident: Box<Incident>, summary: Box<IncidentSummary> },
    /// It was written for the last time.
    Closed { key: StallKey, incident: Box<Incident>, summary: Box<IncidentSummary>, prompt: bool },
    /// More is known of an incident that was closed.
    Updated { summary: Box<IncidentSummary> },
    /// Older incidents were removed.
    Pruned { count: usize },
    /// The history cannot be kept.
    NoHistory(HistoryError),
    /// The limits joined with other windows'.
    Limits(Limits),
    /// It failed; nothing that was there is lost. `closing` is the incident whose last write it was.
    Failed { closing: Option<StallKey>, error: StoreError },
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
        mut keeper: Keeper,
        reports: UnboundedSender<Report>,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = channel();
        let thread = std::thread::Builder::new()
            .name("stallscope-writer".into())
            .spawn(move || work(&inbox, &reports, |job| perform(&store, &workspace, &mut keeper, job)))?;
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

/// Works off the in-tray. A panic costs the job it happens in, and is told like any other failure.
fn work(
    inbox: &Receiver<Job>,
    reports: &UnboundedSender<Report>,
    mut perform: impl FnMut(Job) -> Result<Vec<Report>, StoreError>,
) {
    while let Ok(job) = inbox.recv() {
        let closing = job.closes();
        let done = catch_unwind(AssertUnwindSafe(|| perform(job)))
            .unwrap_or_else(|panic| Err(StoreError::Internal { what: panic_text(panic.as_ref()) }));
        match done {
            Ok(done) => done.into_iter().for_each(|report| drop(reports.send(report))),
            Err(error) => drop(reports.send(Report::Failed { closing, error })),
        }
    }
}

fn perform(
    store: &Store,
    workspace: &[String],
    keeper: &mut Keeper,
    job: Job,
) -> Result<Vec<Report>, StoreError> {
    Ok(match job {
        Job::Recover => {
            store.recover()?;
            Vec::new()
        }
        Job::Withdraw { folder } => {
            store.delete(&[folder.id()])?;
            Vec::new()
        }
        Job::TidyBaselines { alive } => {
            store.tidy_baselines(|pid| alive.contains(&pid));
            Vec::new()
        }
        Job::Progress { key, folder, incident } => {
            folder.write(&incident)?;
            let summary = Box::new(incident.summary(folder.size_bytes()));
            vec![Report::Written { key, incident, summary }]
        }
        Job::Final { key, folder, incident, prompt, budget } => {
            folder.write(&incident).inspect_err(|_| folder.remove_if_bare())?;
            let summary = Box::new(incident.summary(folder.size_bytes()));
            // Room is made only when there is new evidence in return.
            let pruned = summary.has_heap.then(|| store.prune(budget, &incident.id));
            let kept = keeper.keep_stall(&incident);
            let mut reports = vec![Report::Closed { key, incident, summary, prompt }];
            reports.extend(kept.err().map(Report::NoHistory));
            match pruned {
                Some(Ok(gone)) if !gone.is_empty() => {
                    // Only a sentence below a chart needs the count.
                    let _ = store.count_removed(gone.len());
                    reports.push(Report::Pruned { count: gone.len() });
                }
                // The incident itself is safe.
                Some(Err(error)) => reports.push(Report::Failed { closing: None, error }),
                _ => {}
            }
            reports
        }
        Job::Workspace { id, facts, reply } => {
            let kept = store.keep_workspace_facts(&id, facts);
            // Whoever asked may have gone.
            let _ = reply.send(Ok(()));
            match kept {
                Ok(()) | Err(StoreError::NotFound { .. }) => Vec::new(),
                Err(error) => return Err(error),
            }
        }
        Job::Spans { folder, record } => {
            folder.write_spans(&record)?;
            match store.keep_wait_by_spans(&folder, &record) {
                Ok(None) => Vec::new(),
                Ok(Some(summary)) => {
                    let known = store.load(&summary.id).map(|incident| keeper.keep_stall(&incident));
                    let mut reports = vec![Report::Updated { summary: Box::new(summary) }];
                    reports.extend(known.ok().and_then(Result::err).map(Report::NoHistory));
                    reports
                }
                // Deleted meanwhile.
                Err(StoreError::NotFound { .. }) => Vec::new(),
                Err(error) => return Err(error),
            }
        }
        Job::Limits { limits, now } => vec![Report::Limits(store.write_limits(limits, now)?)],
        Job::Load { load } => {
            store.remember_load(workspace, load)?;
            Vec::new()
        }
        Job::Retention(retention) => {
            keeper.set_retention(retention);
            Vec::new()
        }
        Job::History { at_unix_ms, gopls, tally } => {
            keeper.keep(at_unix_ms, &gopls, &tally).err().map(Report::NoHistory).into_iter().collect()
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use stallscope_core::engine::{Action, Engine, Event};
    use stallscope_core::model::{CaptureRequest, GoplsIdentity, LatencySource, SECOND, WatchSettings};
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    fn incident() -> Box<Incident> {
        let mut engine = Engine::new(WatchSettings::default(), 0, vec![], Limits::default());
        let gopls = GoplsIdentity {
            pid: 7,
            started_unix_ms: 1.0,
            exe: "gopls".into(),
            version: None,
            go_version: None,
        };
        engine.handle(0, Event::GoplsFound { gopls, uptime_ns: 60 * SECOND, earlier_loads: vec![] });
        engine.handle(0, Event::Source { source: LatencySource::Counters, debug: true });
        let actions = engine.handle(SECOND, Event::CaptureRequested(CaptureRequest::HEAP));
        let Some(Action::Open { key }) = actions.first() else { panic!("{actions:?}") };
        Box::new(engine.incident(*key, SECOND).unwrap())
    }

    fn last_write(folder: &Arc<IncidentFolder>) -> Job {
        Job::Final { key: 3, folder: Arc::clone(folder), incident: incident(), prompt: false, budget: 1 }
    }

    #[test]
    fn a_panic_is_told_and_the_next_job_is_done() {
        let (jobs, inbox) = channel();
        let (sender, mut reports) = unbounded_channel();
        let dir = tempfile::tempdir().unwrap();
        let folder = Arc::new(Store::new(dir.path().into()).new_folder("i").unwrap());
        jobs.send(last_write(&folder)).unwrap();
        jobs.send(Job::Recover).unwrap();
        drop(jobs);
        work(&inbox, &sender, |job| match job {
            Job::Final { .. } => panic!("index {} out of bounds", 9),
            _ => Ok(vec![Report::Pruned { count: 2 }]),
        });
        let Some(Report::Failed { closing: Some(3), error }) = reports.blocking_recv() else { panic!() };
        assert_eq!(error.code(), "internal-error");
        assert!(error.to_string().contains("index 9 out of bounds"), "{error}");
        assert!(matches!(reports.blocking_recv(), Some(Report::Pruned { count: 2 })));
    }

    #[test]
    fn a_failed_last_write_names_its_incident() {
        let (sender, mut reports) = unbounded_channel();
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().into());
        // A file where the folder should be: nobody can write there, not even root.
        std::fs::write(dir.path().join("incidents"), "").unwrap();
        let folder = Arc::new(store.new_folder("i").unwrap());
        let keeper = Keeper::new(store.clone(), &[], None);
        let mut writer = Writer::start(store, vec![], keeper, sender).unwrap();
        writer.send(Job::Progress { key: 3, folder: Arc::clone(&folder), incident: incident() });
        writer.send(last_write(&folder));
        writer.finish();
        assert!(matches!(reports.blocking_recv(), Some(Report::Failed { closing: None, .. })));
        assert!(matches!(reports.blocking_recv(), Some(Report::Failed { closing: Some(3), .. })));
    }
}
