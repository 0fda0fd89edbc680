//! Verifying a fix, step by step: runs are recorded by the watcher between two captured heaps, and kept in a file that
//! outlives the window.

mod files;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use stallscope_core::goroutines;
use stallscope_core::model::{Capture, CaptureKind, CaptureRequest, CaptureState, CaptureWhat, Incident};
use stallscope_core::verify::{
    HeapPoint, MOST_RUNS, OpenRun, Side, Verification, VerificationStart, VerificationView, VerifyStep,
    kept_settings,
};
use tokio::task::spawn_blocking;

use files::Files;

use crate::evidence::heap_totals;
use crate::store::{Store, StoreError};
use crate::watcher::{Record, WatchError, Watcher};

/// The first line of a page of goroutines, which has their count, is shorter.
const GOROUTINES_HEAD_BYTES: usize = 200;

/// Why a step could not be done.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// No such verification.
    #[error("there is no verification {id}: it may have been deleted")]
    NotFound {
        /// Which.
        id: String,
    },
    /// A file that we did not write.
    #[error("{path} is not a readable verification: {why}; delete the file, or begin a new verification")]
    Broken {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The storage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The watcher or its capture.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// A run was to be ended that is not recorded.
    #[error("no run is being recorded: a reload of the window or a pause ends it; begin the run again")]
    NoRun,
    /// A run was to be begun while another goes on.
    #[error("a run is being recorded already: end it or give it up first")]
    RunGoesOn,
    /// Enough is enough.
    #[error("there are {MOST_RUNS} runs on this side already: more would tell nothing new")]
    Full,
    /// The heap came, and could not be read.
    #[error("the heap of incident {incident} cannot be read: {why}; the run was not counted, do it again")]
    Heap {
        /// Which.
        incident: String,
        /// Why.
        why: String,
    },
    /// A mistake of ours.
    #[error("an internal error was contained: {0}; please report it")]
    Internal(String),
}

impl VerifyError {
    /// Kebab-case name for the user interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "verification-not-found",
            Self::Broken { .. } => "verification-unreadable",
            Self::Store(error) => error.code(),
            Self::Watch(error) => error.code(),
            Self::NoRun => "no-run",
            Self::RunGoesOn => "run-goes-on",
            Self::Full => "runs-full",
            Self::Heap { .. } => "profile-invalid",
            Self::Internal(_) => "internal-error",
        }
    }
}

/// The verifications of a storage folder.
#[derive(Debug, Clone)]
pub struct Verifications {
    store: Store,
    workspace: Vec<String>,
}

impl Verifications {
    /// Those in `storage_dir`; new ones are of this workspace.
    pub fn new(storage_dir: PathBuf, workspace: Vec<String>) -> Self {
        Self { store: Store::new(storage_dir), workspace }
    }

    /// All that can be read, the newest first, without what they come to.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn list(&self) -> Result<Vec<Verification>, VerifyError> {
        on_disk(&self.store, |store| Files::of(store).all()).await
    }

    /// Does one step.
    ///
    /// # Errors
    /// As the step says; without a watcher no run begins or ends.
    pub async fn step(
        &self,
        watcher: Option<&Watcher>,
        step: VerifyStep,
    ) -> Result<VerificationView, VerifyError> {
        let running = || watcher.ok_or(WatchError::Ended);
        match step {
            VerifyStep::Start { start } => self.start(&start).await,
            VerifyStep::Look { id } => self.look(watcher, &id).await,
            VerifyStep::BeginRun { id, side, settings } => {
                self.begin_run(running()?, &id, side, settings).await
            }
            VerifyStep::EndRun { id } => self.end_run(running()?, &id).await,
            VerifyStep::GiveUpRun { id } => self.give_up_run(watcher, &id).await,
        }
    }

    /// A new one.
    async fn start(&self, start: &VerificationStart) -> Result<VerificationView, VerifyError> {
        let now = unix_ms();
        let verification = Verification::new(start, format!("verify-{now:.0}"), now, self.workspace.clone());
        self.write(verification.clone()).await?;
        Ok(verification.view(false))
    }

    /// One of them, with what it comes to.
    async fn look(&self, watcher: Option<&Watcher>, id: &str) -> Result<VerificationView, VerifyError> {
        let recording = match watcher {
            Some(watcher) => watcher.record(Record::Look).await.is_ok_and(|recorded| recorded.running),
            None => false,
        };
        Ok(self.load(id).await?.view(recording))
    }

    /// Captures the heap after a forced collection and begins to record a run. The user has agreed to the collection. When a
    /// run goes on, there are enough, or the capture fails, nothing has begun.
    async fn begin_run(
        &self,
        watcher: &Watcher,
        id: &str,
        side: Side,
        settings: BTreeMap<String, String>,
    ) -> Result<VerificationView, VerifyError> {
        let mut verification = self.load(id).await?;
        if watcher.record(Record::Look).await?.running {
            return Err(VerifyError::RunGoesOn);
        }
        if !verification.has_room(side) {
            return Err(VerifyError::Full);
        }
        let start = self.heap_point(watcher).await?;
        let settings = kept_settings(settings);
        verification.open = Some(OpenRun { side, began_unix_ms: unix_ms(), start, settings });
        self.write(verification.clone()).await?;
        if !watcher.record(Record::Begin).await?.running {
            return Err(WatchError::NoGopls.into());
        }
        Ok(verification.view(true))
    }

    /// Ends the run that is recorded, captures the heap after a forced collection, and counts the run. When
    /// that capture fails, the run is not counted and has to be done again.
    async fn end_run(&self, watcher: &Watcher, id: &str) -> Result<VerificationView, VerifyError> {
        let mut verification = self.load(id).await?;
        if verification.open.is_none() {
            return Err(VerifyError::NoRun);
        }
        let recorded = watcher.record(Record::End).await?;
        let figures = recorded.figures.ok_or(VerifyError::NoRun)?;
        let end = self.heap_point(watcher).await?;
        verification.end_run(figures, end);
        self.write(verification.clone()).await?;
        Ok(verification.view(false))
    }

    /// Gives up the run that goes on, if one does.
    async fn give_up_run(
        &self,
        watcher: Option<&Watcher>,
        id: &str,
    ) -> Result<VerificationView, VerifyError> {
        let mut verification = self.load(id).await?;
        if let Some(watcher) = watcher {
            watcher.cancel_capture();
            // Without a watcher there is no recording either.
            let _ = watcher.record(Record::GiveUp).await;
        }
        verification.open = None;
        self.write(verification.clone()).await?;
        Ok(verification.view(false))
    }

    /// Deletes one; its heaps stay in their incidents.
    ///
    /// # Errors
    /// Not there, not allowed.
    pub async fn delete(&self, id: &str) -> Result<(), VerifyError> {
        let id = id.to_owned();
        on_disk(&self.store, move |store| Files::of(store).delete(&id)).await
    }

    async fn heap_point(&self, watcher: &Watcher) -> Result<HeapPoint, VerifyError> {
        heap_point(watcher, &self.store, HeapAt::ForcedGc).await
    }

    async fn load(&self, id: &str) -> Result<Verification, VerifyError> {
        let id = id.to_owned();
        on_disk(&self.store, move |store| Files::of(store).read(&id)).await
    }

    async fn write(&self, verification: Verification) -> Result<(), VerifyError> {
        on_disk(&self.store, move |store| Files::of(store).write(&verification)).await
    }
}

/// Which garbage collection a heap is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeapAt {
    /// The latest that gopls has made by itself: what has died since is still counted.
    LatestGc,
    /// One that is forced for it: gopls stands still for that.
    ForcedGc,
}

/// Captures the heap of the watched gopls into an incident of `store`, and reads what it holds.
///
/// # Errors
/// As [`Watcher::capture_now`]; when the heap that came cannot be read.
pub async fn heap_point(watcher: &Watcher, store: &Store, at: HeapAt) -> Result<HeapPoint, VerifyError> {
    let what = match at {
        HeapAt::LatestGc => CaptureWhat::Heap,
        HeapAt::ForcedGc => CaptureWhat::HeapAfterGc,
    };
    let incident = captured(watcher, what).await?;
    let mut point = on_disk(store, move |store| read_heap_point(store, incident, at)).await?;
    // A forced collection has the goroutines captured beside it already.
    if point.goroutines.is_none()
        && let Ok(incident) = captured(watcher, CaptureWhat::Goroutines).await
    {
        let count = move |store: &Store| Ok(count_goroutines(store, &store.load(&incident)?));
        point.goroutines = on_disk(store, count).await?;
    }
    Ok(point)
}

/// Captures, and tells the incident.
async fn captured(watcher: &Watcher, what: CaptureWhat) -> Result<String, VerifyError> {
    let request =
        CaptureRequest::new(what, None).map_err(|error| VerifyError::Internal(error.to_string()))?;
    Ok(watcher.capture_now(request).await?.id)
}

/// Does it on a thread that may wait for the disk.
async fn on_disk<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Store) -> Result<T, VerifyError> + Send + 'static,
) -> Result<T, VerifyError> {
    let store = store.clone();
    let done = spawn_blocking(move || work(&store)).await;
    done.map_err(|error| VerifyError::Internal(error.to_string()))?
}

/// The latest such heap of an incident.
fn read_heap_point(store: &Store, incident: String, at: HeapAt) -> Result<HeapPoint, VerifyError> {
    let loaded = store.load(&incident)?;
    let is_point = |capture: &&Capture| {
        capture.kind == CaptureKind::Heap
            && capture.after_gc == (at == HeapAt::ForcedGc)
            && capture.state == CaptureState::Complete
    };
    let Some(capture) = loaded.captures.iter().rfind(is_point) else {
        return Err(VerifyError::Heap { incident, why: "no whole one is there".to_owned() });
    };
    let goroutines = count_goroutines(store, &loaded);
    let path = store.capture_path(&incident, capture.number)?;
    let profile = std::fs::read(&path).map_err(|error| StoreError::io(&path, error))?;
    match heap_totals(&profile) {
        Some((totals, _)) => Ok(HeapPoint {
            incident,
            capture: capture.number,
            live_bytes: totals.inuse_bytes.saturating_sub(totals.ballast_bytes),
            goroutines,
        }),
        None => Err(VerifyError::Heap { incident, why: "it is no heap profile".to_owned() }),
    }
}

/// How many goroutines the page beside it tells of; `None` when none came, or it cannot be read.
fn count_goroutines(store: &Store, incident: &Incident) -> Option<u64> {
    let is_whole = |c: &&Capture| c.kind == CaptureKind::Goroutines && c.state == CaptureState::Complete;
    let page = incident.captures.iter().rfind(is_whole)?;
    let mut file = std::fs::File::open(store.capture_path(&incident.id, page.number).ok()?).ok()?;
    let mut head = [0; GOROUTINES_HEAD_BYTES];
    let read = file.read(&mut head).ok()?;
    goroutines::total(&String::from_utf8_lossy(&head[..read])).ok()
}

fn unix_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as f64
}
