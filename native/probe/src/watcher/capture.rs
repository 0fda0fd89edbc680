//! Captures: one at a time, raw bytes to disk first, then checked.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use stallscope_core::engine::StallKey;
use stallscope_core::heap::HeapIndex;
use stallscope_core::model::{Capture, CaptureKind, CaptureState};
use tokio::task::AbortHandle;

use crate::clock::Clock;
use crate::debug::{DebugClient, DebugError, Endpoint, Limits, Phase};
use crate::reader::read_profile;
use crate::store::{IncidentFolder, StoreError};

/// Light evidence is small and quick, or the server hangs; then the heap behind it must not wait for long.
const LIGHT_DEADLINE: Duration = Duration::from_secs(3);

/// A capture that waits or runs.
type Ticket = (StallKey, u32, CaptureKind);

/// One at a time, heaps first.
#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Ticket>,
    running: Option<(Ticket, AbortHandle)>,
}

impl Queue {
    pub fn push(&mut self, key: StallKey, number: u32, kind: CaptureKind) {
        if kind == CaptureKind::Heap {
            self.waiting.push_front((key, number, kind));
        } else {
            self.waiting.push_back((key, number, kind));
        }
    }

    /// The next one, when none runs.
    pub fn next(&mut self) -> Option<Ticket> {
        if self.running.is_some() { None } else { self.waiting.pop_front() }
    }

    pub fn started(&mut self, ticket: Ticket, handle: AbortHandle) {
        self.running = Some((ticket, handle));
    }

    pub fn ended(&mut self) {
        self.running = None;
    }

    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// A heap waits while goroutines or memory statistics are being fetched: those are given up and asked for again
    /// after it. Returns what was given up.
    pub fn make_way_for_heap(&mut self) {
        let heap_waits = self.waiting.front().is_some_and(|ticket| ticket.2 == CaptureKind::Heap);
        if heap_waits
            && self.running.as_ref().is_some_and(|(ticket, _)| ticket.2 != CaptureKind::Heap)
            && let Some((ticket, handle)) = self.running.take()
        {
            handle.abort();
            self.waiting.push_back(ticket);
        }
    }

    pub fn drain(&mut self) -> Vec<Ticket> {
        self.waiting.drain(..).collect()
    }
}

/// Everything a fetch needs.
pub(super) struct CaptureJob {
    pub key: StallKey,
    pub capture: Capture,
    pub folder: PathBuf,
    pub address: SocketAddr,
    pub limits: Limits,
    pub clock: Clock,
}

/// What came of it. `Running` in the capture means: whole and on disk, to be checked.
pub(super) struct CaptureResult {
    pub key: StallKey,
    pub capture: Capture,
    pub received_bytes: u64,
    pub open: Duration,
    pub storage_error: Option<StoreError>,
}

/// The limits for a capture of this kind.
pub(super) fn limits(kind: CaptureKind, mut limits: Limits) -> Limits {
    if matches!(kind, CaptureKind::Goroutines | CaptureKind::Memory) {
        limits.first_byte = limits.first_byte.min(LIGHT_DEADLINE);
        limits.total = limits.total.min(LIGHT_DEADLINE);
    }
    limits
}

/// Fetches one page into the incident's folder. Never fails: what came is kept, and what went wrong is said.
pub(super) async fn fetch(job: CaptureJob) -> CaptureResult {
    let CaptureJob { key, mut capture, folder, address, limits, clock } = job;
    let name = file_name(capture.kind, capture.number);
    let part = folder.join(format!("{name}.part"));
    let mut file = None;
    let mut storage_error = None;
    let mut client = DebugClient::trusting(address);
    let fetch = client
        .get(Endpoint::of(capture.kind), &limits, |piece| {
            // Made with the first byte: a server that never answers leaves no empty file behind.
            let written = match &mut file {
                Some(file) => File::write_all(file, piece),
                none => File::create(&part).and_then(|made| none.insert(made).write_all(piece)),
            };
            written.map_err(|error| {
                let brief = std::io::Error::from(error.kind());
                storage_error = Some(StoreError::io(&part, error));
                brief
            })
        })
        .await;
    capture.sent_ns = fetch.sent.map(|at| clock.at(at));
    capture.first_byte_ns = fetch.first_byte.map(|at| clock.at(at));
    capture.size_bytes = fetch.bytes;
    let open = fetch.open_for();
    let whole = fetch.outcome.is_ok();
    if whole {
        capture.received_ns = Some(clock.at(fetch.done));
    }
    let mut error = fetch.outcome.err().map(|error| explained(capture.kind, &error));
    let kept = if whole { name } else { format!("{name}.partial") };
    match (file, &storage_error) {
        (None, None) => {
            capture.state = CaptureState::Failed;
            error.get_or_insert_with(|| "the answer was empty".to_owned());
        }
        (Some(file), None) => {
            let (from, to) = (part.clone(), folder.join(&kept));
            // A disk may take its time to make it safe: not on the loop's thread.
            let landed = tokio::task::spawn_blocking(move || land(&file, &from, &to)).await;
            match landed.unwrap_or_else(|join| Err(StoreError::io(&part, std::io::Error::other(join)))) {
                Ok(()) => {
                    capture.file = kept;
                    capture.on_disk_ns = Some(clock.now_ns());
                    capture.state = if whole { CaptureState::Running } else { CaptureState::Partial };
                }
                Err(failed) => storage_error = Some(failed),
            }
        }
        (_, Some(_)) => {}
    }
    if let Some(failed) = &storage_error {
        capture.state = CaptureState::Failed;
        capture.size_bytes = 0;
        error = Some(failed.to_string());
        // A piece of a profile is worth less than the room in which the incident itself can be written.
        let _ = fs::remove_file(&part);
    }
    capture.error = error;
    CaptureResult { key, capture, received_bytes: fetch.bytes, open, storage_error }
}

/// What went wrong, and the setting that changes it where there is one.
fn explained(kind: CaptureKind, error: &DebugError) -> String {
    match error {
        DebugError::Timeout { phase: Phase::FirstByte | Phase::Body, .. } if kind == CaptureKind::Heap => {
            format!("{error}: gopls was too busy, or hangs; stallscope.captureDeadlineSeconds gives it longer")
        }
        DebugError::TooLarge { .. } => format!("{error}; stallscope.captureMaxMB allows more"),
        DebugError::Closed { .. } => format!("{error}: gopls has probably ended"),
        _ => error.to_string(),
    }
}

/// Makes the part file safe and gives it its name.
fn land(file: &File, part: &Path, to: &Path) -> Result<(), StoreError> {
    file.sync_data().map_err(|e| StoreError::io(part, e))?;
    fs::rename(part, to).map_err(|e| StoreError::io(to, e))
}

/// Checks what is on disk, after it is safe there: a profile must be one. Runs on a worker.
pub(super) fn check(folder: &Path, capture: &mut Capture) {
    capture.state = CaptureState::Complete;
    if capture.kind != CaptureKind::Heap {
        return;
    }
    let path = folder.join(&capture.file);
    match read_profile(&path).map(|index| index.total(Some("inuse_space"))) {
        Ok(Ok(total)) => capture.inuse_space_bytes = u64::try_from(total).ok(),
        Ok(Err(error)) => spoil(folder, capture, &error.to_string()),
        Err(error) => spoil(folder, capture, &error.to_string()),
    }
}

/// What was answered is no profile. It is kept, under a name that says so.
fn spoil(folder: &Path, capture: &mut Capture, why: &str) {
    let name = format!("{}.partial", capture.file);
    if fs::rename(folder.join(&capture.file), folder.join(&name)).is_ok() {
        capture.file = name;
    }
    capture.state = CaptureState::Partial;
    capture.error = Some(why.to_owned());
}

fn file_name(kind: CaptureKind, number: u32) -> String {
    match kind {
        CaptureKind::Heap => format!("heap-{number}.pb.gz"),
        CaptureKind::Baseline => "baseline.pb.gz".to_owned(),
        CaptureKind::Goroutines => format!("goroutines-{number}.txt"),
        CaptureKind::Memory => format!("memory-{number}.html"),
    }
}

/// Puts the latest calm profile beside a new incident. `None` when there is none.
pub(super) fn attach_baseline(baseline: &Path, taken_ns: u64, folder: &IncidentFolder) -> Option<Capture> {
    let size_bytes = fs::metadata(baseline).ok()?.len();
    let file = file_name(CaptureKind::Baseline, 0);
    let to = folder.path().join(&file);
    // A hard link costs nothing and survives the next baseline, which is a new file under the old name.
    fs::hard_link(baseline, &to).or_else(|_| fs::copy(baseline, &to).map(drop)).ok()?;
    let total = read_profile(&to).ok().and_then(|index: HeapIndex| index.total(Some("inuse_space")).ok());
    Some(Capture {
        number: 0,
        kind: CaptureKind::Baseline,
        state: CaptureState::Complete,
        file,
        size_bytes,
        trigger: "baseline".to_owned(),
        trigger_ns: taken_ns,
        sent_ns: None,
        first_byte_ns: None,
        received_ns: Some(taken_ns),
        on_disk_ns: Some(taken_ns),
        during_request: Some(false),
        inuse_space_bytes: total.and_then(|bytes| u64::try_from(bytes).ok()),
        error: None,
    })
}

/// Takes a calm profile. It replaces the last one only when it is whole and is a profile.
pub(super) async fn baseline(
    path: PathBuf,
    address: SocketAddr,
    limits: Limits,
) -> (u64, Result<(), String>) {
    let mut client = DebugClient::trusting(address);
    let (fetch, bytes) = client.page(Endpoint::Heap, &limits).await;
    if let Err(error) = fetch.outcome {
        return (fetch.bytes, Err(error.to_string()));
    }
    let received = fetch.bytes;
    let written = tokio::task::spawn_blocking(move || {
        stallscope_pprof::decode(&bytes, &stallscope_pprof::Limits::default()).map_err(|e| e.to_string())?;
        crate::store::write_atomic(&path, &bytes).map_err(|e| e.to_string())
    });
    (received, written.await.unwrap_or_else(|join| Err(join.to_string())))
}
