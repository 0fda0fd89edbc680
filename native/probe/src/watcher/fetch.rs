//! One page of the debug server, brought to disk: raw bytes first, then checked.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use stallscope_core::engine::StallKey;
use stallscope_core::memory::Resident;
use stallscope_core::model::{Bytes, Capture, CaptureKind, CaptureState, GoplsIdentity, Ns};
use tempfile::{NamedTempFile, TempPath};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::clock::Clock;
use crate::debug::{DebugClient, DebugError, Endpoint, Limits, Phase};
use crate::evidence::{file_name, total_inuse};
use crate::process::ProcessHandle;
use crate::store::{IncidentFolder, Store, StoreError};

/// Light evidence is small and quick, or the server hangs; then the heap behind it must not wait for long.
const LIGHT_DEADLINE: Duration = Duration::from_secs(3);

/// How many times what is allowed for other captures may come of the text form.
const TEXT_TIMES: Bytes = 4;

/// Everything a fetch needs.
pub(super) struct CaptureJob {
    pub key: StallKey,
    pub capture: Capture,
    pub folder: Arc<IncidentFolder>,
    pub gopls: GoplsIdentity,
    pub address: SocketAddr,
    pub limits: Limits,
    pub clock: Clock,
    /// Told when nobody wants it any more.
    pub cancel: Arc<Notify>,
}

/// What came of it. `Running` in the capture means: whole and on disk, to be checked.
pub(super) struct CaptureResult {
    pub key: StallKey,
    pub capture: Capture,
    pub folder: Arc<IncidentFolder>,
    pub received_bytes: Bytes,
    pub open: Duration,
    pub storage_error: Option<StoreError>,
}

/// The limits for a capture.
pub(super) fn limits(capture: &Capture, mut limits: Limits) -> Limits {
    if matches!(capture.kind, CaptureKind::Goroutines | CaptureKind::Memory) {
        limits.first_byte = limits.first_byte.min(LIGHT_DEADLINE);
        limits.total = limits.total.min(LIGHT_DEADLINE);
    }
    if capture.kind == CaptureKind::HeapText {
        // The same heap as a profile is a hundredth of it.
        limits.max_bytes = limits.max_bytes.saturating_mul(TEXT_TIMES);
    }
    limits.after_recording(capture.seconds)
}

/// Fetches one page into the incident's folder. Never fails: what came is kept, and what went wrong is said.
pub(super) async fn fetch(job: CaptureJob) -> CaptureResult {
    let CaptureJob { key, mut capture, folder, gopls, address, limits, clock, cancel } = job;
    let name = file_name(capture.kind, capture.number);
    let mut arrival = Arrival::new({
        let (folder, name) = (Arc::clone(&folder), name.clone());
        move || folder.part(&name)
    });
    let mut client = DebugClient::trusting(address);
    let endpoint = Endpoint::of(&capture);
    let fetch = client.get_unless(cancel.notified(), endpoint, &limits, |piece| arrival.take(piece)).await;
    capture.sent_ns = fetch.sent.map(|at| clock.at(at));
    capture.first_byte_ns = fetch.first_byte.map(|at| clock.at(at));
    let whole = fetch.outcome.is_ok();
    if whole {
        capture.received_ns = Some(clock.at(fetch.done));
        if capture.kind == CaptureKind::Memory {
            // At once: what the two sources say of one moment is to add up.
            capture.resident = resident(&gopls);
        }
    }
    let open = fetch.open_for();
    let mut error = fetch.outcome.err().map(|error| explained(capture.kind, &error));
    let (file, mut storage_error) = arrival.end().await;
    let whole = whole && storage_error.is_none();
    capture.state = CaptureState::Failed;
    if storage_error.is_some() {
        // A piece of a profile is worth less than the room in which the incident itself can be written.
        let _ = off_the_loop(move || drop(file)).await;
    } else if let Some(file) = file {
        let kept = if whole { name } else { format!("{name}.partial") };
        let to = folder.path().join(&kept);
        match off_the_loop(move || place(file, &to)).await.flatten() {
            Ok(size_bytes) => {
                capture.file = kept;
                capture.size_bytes = size_bytes;
                capture.on_disk_ns = Some(clock.now_ns());
                capture.state = if whole { CaptureState::Running } else { CaptureState::Partial };
            }
            Err(failed) => storage_error = Some(failed),
        }
    } else if whole {
        error = Some("the answer was empty".to_owned());
    }
    // A disk that takes no more is why the fetch has failed, not the other way round.
    capture.error = storage_error.as_ref().map(ToString::to_string).or(error);
    CaptureResult { key, capture, folder, received_bytes: fetch.bytes, open, storage_error }
}

/// The process right now; `None` when it has ended.
pub(super) fn resident(gopls: &GoplsIdentity) -> Option<Resident> {
    ProcessHandle::open(gopls.pid, gopls.started_unix_ms)?.resident()
}

/// What went wrong, and the setting that changes it where there is one.
fn explained(kind: CaptureKind, error: &DebugError) -> String {
    match error {
        DebugError::Timeout { phase: Phase::FirstByte | Phase::Body, .. } if kind.is_profile() => {
            format!(
                "{error}: gopls was too busy, or hangs; stallscope.captureDeadlineSeconds gives it longer"
            )
        }
        DebugError::HttpStatus(500) if kind == CaptureKind::Cpu => {
            format!("{error}: gopls can record one CPU profile at a time, and somebody else probably does")
        }
        DebugError::TooLarge { .. } => format!("{error}; stallscope.captureMaxMB allows more"),
        DebugError::Closed { .. } => format!("{error}: gopls has probably ended"),
        _ => error.to_string(),
    }
}

/// Gives the file its name. Returns what it holds.
fn place(file: NamedTempFile, to: &Path) -> Result<Bytes, StoreError> {
    let file = file.persist(to).map_err(|e| StoreError::io(to, e.error))?;
    file.metadata().map(|metadata| metadata.len()).map_err(|e| StoreError::io(to, e))
}

// ---- the baseline ----

/// The latest calm profile of the watched gopls. Its file goes with it.
pub(super) struct Baseline {
    file: TempPath,
    size_bytes: Bytes,
    taken_ns: Ns,
    inuse_space_bytes: Option<Bytes>,
}

impl Baseline {
    /// The capture it will be in an incident once [`Self::attach`] has put it there. What is in the file is known from
    /// when it was taken.
    pub fn as_capture(&self) -> Capture {
        Capture {
            number: 0,
            kind: CaptureKind::Baseline,
            state: CaptureState::Running,
            file: String::new(),
            size_bytes: self.size_bytes,
            trigger: "baseline".to_owned(),
            trigger_ns: self.taken_ns,
            sent_ns: None,
            first_byte_ns: None,
            received_ns: Some(self.taken_ns),
            on_disk_ns: Some(self.taken_ns),
            during_request: Some(false),
            inuse_space_bytes: self.inuse_space_bytes,
            allocated_bytes: None,
            statistics: None,
            gc_cpu: None,
            resident: None,
            after_gc: false,
            seconds: None,
            error: None,
        }
    }

    /// Puts it beside an incident. Runs on a worker.
    pub fn attach(&self, folder: &IncidentFolder, mut capture: Capture) -> Capture {
        let name = file_name(CaptureKind::Baseline, 0);
        let to = folder.path().join(&name);
        // A hard link costs nothing and outlives the baseline.
        let link = || fs::hard_link(&self.file, &to).or_else(|_| fs::copy(&self.file, &to).map(drop));
        let placed = folder.make().and_then(|()| link().map_err(|e| StoreError::io(&to, e)));
        match placed {
            Ok(()) => {
                capture.file = name;
                capture.state = CaptureState::Complete;
            }
            Err(error) => {
                capture.state = CaptureState::Failed;
                capture.error = Some(error.to_string());
            }
        }
        capture
    }
}

/// Where a baseline comes from and goes to.
pub(super) struct BaselineJob {
    pub store: Store,
    pub pid: u32,
    pub started_unix_ms: f64,
    pub address: SocketAddr,
    pub limits: Limits,
    pub clock: Clock,
}

/// What came of it.
pub(super) struct BaselineResult {
    pub received_bytes: Bytes,
    pub open: Duration,
    pub baseline: Result<Baseline, String>,
}

/// Takes a calm profile.
pub(super) async fn baseline(job: BaselineJob) -> BaselineResult {
    let BaselineJob { store, pid, started_unix_ms, address, limits, clock } = job;
    let mut arrival = Arrival::new(move || store.new_baseline(pid, started_unix_ms));
    let mut client = DebugClient::trusting(address);
    let fetch = client.get(Endpoint::Heap, &limits, |piece| arrival.take(piece)).await;
    let (received_bytes, open, taken_ns) = (fetch.bytes, fetch.open_for(), clock.at(fetch.done));
    let baseline = match (fetch.outcome, arrival.end().await) {
        (Err(error), _) => Err(error.to_string()),
        (Ok(()), (_, Some(error))) => Err(error.to_string()),
        (Ok(()), (None, None)) => Err("the answer was empty".to_owned()),
        (Ok(()), (Some(file), None)) => {
            let file = file.into_temp_path();
            let checked = off_the_loop(move || {
                let inuse_space_bytes = total_inuse(&file)?;
                Ok(Baseline { file, size_bytes: received_bytes, taken_ns, inuse_space_bytes })
            });
            checked.await.map_err(|error| error.to_string()).flatten()
        }
    };
    BaselineResult { received_bytes, open, baseline }
}

// ---- from the socket to the disk ----

/// An answer on its way to disk: the loop's thread takes its pieces, a worker writes them.
///
/// Dropped before its end (the fetch was given up), it leaves no file behind. What piles up when the disk is slower than
/// gopls is bounded by the capture's size limit.
struct Arrival {
    make: Option<Make>,
    worker: Option<(Sender<Piece>, JoinHandle<Written>)>,
}

type Make = Box<dyn FnOnce() -> Result<NamedTempFile, StoreError> + Send>;
type Written = (Option<NamedTempFile>, Option<StoreError>);

enum Piece {
    Bytes(Vec<u8>),
    /// There are no more.
    End,
}

impl Arrival {
    fn new(make: impl FnOnce() -> Result<NamedTempFile, StoreError> + Send + 'static) -> Self {
        Self { make: Some(Box::new(make)), worker: None }
    }

    /// Takes a piece. The file is made with the first one: a server that never answers leaves none, and binds no worker.
    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        if let Some(make) = self.make.take() {
            let (pieces, inbox) = channel();
            self.worker = Some((pieces, spawn_blocking(move || write(make, &inbox))));
        }
        let taken = self.worker.as_ref().is_some_and(|(to, _)| to.send(Piece::Bytes(piece.to_vec())).is_ok());
        if taken { Ok(()) } else { Err(io::Error::other("it could not be written")) }
    }

    /// Waits until everything is safe. Gives the file, as far as it could be written, and what went wrong.
    async fn end(self) -> Written {
        let Some((pieces, worker)) = self.worker else { return (None, None) };
        // A worker that has failed does not listen any more; it tells so itself.
        let _ = pieces.send(Piece::End);
        worker.await.unwrap_or_else(|join| (None, Some(StoreError::Internal { what: join.to_string() })))
    }
}

fn write(make: Make, pieces: &Receiver<Piece>) -> Written {
    let mut file = match make() {
        Ok(file) => file,
        Err(error) => return (None, Some(error)),
    };
    let written = loop {
        match pieces.recv() {
            Ok(Piece::Bytes(bytes)) => {
                if let Err(error) = io::Write::write_all(file.as_file_mut(), &bytes) {
                    break Err(error);
                }
            }
            Ok(Piece::End) => break file.as_file().sync_data(),
            // Nobody waits for the rest: the file goes here.
            Err(_) => return (None, None),
        }
    };
    let error = written.err().map(|error| StoreError::io(file.path(), error));
    (Some(file), error)
}

/// Work that touches a disk, on a worker.
async fn off_the_loop<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    spawn_blocking(work).await.map_err(|join| StoreError::Internal { what: join.to_string() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_recorded_has_its_deadlines_after_the_recording() {
        let settings = stallscope_core::model::WatchSettings::default();
        let usual = Limits::capture(&settings);
        let capture = |kind, seconds| Capture {
            kind,
            seconds,
            ..Baseline {
                file: NamedTempFile::new().unwrap().into_temp_path(),
                size_bytes: 0,
                taken_ns: 0,
                inuse_space_bytes: None,
            }
            .as_capture()
        };
        let delta = limits(&capture(CaptureKind::HeapDelta, Some(30)), usual);
        let added = Duration::from_secs(30);
        assert_eq!((delta.first_byte, delta.total), (usual.first_byte + added, usual.total + added));
        assert_eq!((delta.connect, delta.max_bytes), (usual.connect, usual.max_bytes));
        assert_eq!(limits(&capture(CaptureKind::Allocs, None), usual), usual);
        assert_eq!(limits(&capture(CaptureKind::Memory, None), usual).total, LIGHT_DEADLINE);
    }

    #[tokio::test]
    async fn a_disk_that_hangs_holds_up_nobody() {
        let (wake, hangs) = channel();
        let mut arrival = Arrival::new(move || {
            hangs.recv().unwrap();
            NamedTempFile::new().map_err(|e| StoreError::io(Path::new("."), e))
        });
        // Both are taken although there is no file yet.
        arrival.take(b"one ").unwrap();
        arrival.take(b"and two").unwrap();
        wake.send(()).unwrap();
        let (file, error) = arrival.end().await;
        assert!(error.is_none());
        assert_eq!(fs::read(file.unwrap().path()).unwrap(), b"one and two");
    }

    #[tokio::test]
    async fn a_disk_that_refuses_ends_the_fetch() {
        let mut arrival = Arrival::new(|| Err(StoreError::DiskFull { path: "/full".into() }));
        while arrival.take(b"piece").is_ok() {
            tokio::task::yield_now().await;
        }
        let (file, error) = arrival.end().await;
        assert!(file.is_none());
        assert_eq!(error.unwrap().code(), "disk-full");
    }
}
