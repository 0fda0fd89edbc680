//! Captured files: what they are called, whether they are what they should be, and what a crash has left of them.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use stallscope_core::gc::{GcCpu, GcReading};
use stallscope_core::heap::{AllocationSites, HeapError, HeapIndex};
use stallscope_core::memory::{HeapTotals, MOST_SITES, MemStats};
use stallscope_core::model::{Bytes, Capture, CaptureKind, CaptureState};

use crate::panic_text;
use crate::reader::{ReadError, read_profile};

/// Both forms of the statistics are smaller; the page is 8 KB, the end of the text form 12.
const STATISTICS_BYTES: u64 = 64 << 10;

/// What a whole capture is called in its incident's folder.
pub(crate) fn file_name(kind: CaptureKind, number: u32) -> String {
    match kind {
        CaptureKind::Heap => format!("heap-{number}.pb.gz"),
        CaptureKind::Baseline => "baseline.pb.gz".to_owned(),
        CaptureKind::Goroutines => format!("goroutines-{number}.txt"),
        CaptureKind::Memory => format!("memory-{number}.html"),
        CaptureKind::HeapDelta => format!("heap-delta-{number}.pb.gz"),
        CaptureKind::Allocs => format!("allocs-{number}.pb.gz"),
        CaptureKind::Cpu => format!("cpu-{number}.pb.gz"),
        CaptureKind::HeapText => format!("heap-{number}.txt"),
    }
}

/// Checks what is on disk, after it is safe there: a profile must be one. Runs on a worker.
pub(crate) fn check(folder: &Path, mut capture: Capture) -> Capture {
    capture.state = CaptureState::Complete;
    let path = folder.join(&capture.file);
    let checked = match capture.kind {
        CaptureKind::Heap => {
            let sums = |index: &HeapIndex| {
                Ok((index.total(Some("inuse_space"))?, index.total(Some("alloc_space")).ok()))
            };
            on_profile(&path, sums).map(|(inuse, allocated)| {
                capture.inuse_space_bytes = Bytes::try_from(inuse).ok();
                capture.allocated_bytes = allocated.and_then(|bytes| Bytes::try_from(bytes).ok());
            })
        }
        CaptureKind::Cpu => {
            let shares = |index: &HeapIndex| Ok((index.total(None)?, GcCpu::of(index).ok()));
            on_profile(&path, shares).map(|(_, gc_cpu)| capture.gc_cpu = gc_cpu)
        }
        kind if kind.is_profile() => total(&path, None).map(drop),
        CaptureKind::Memory | CaptureKind::HeapText => {
            // What cannot be read is told where it is shown: the page is kept as it came.
            capture.statistics =
                capture.received_ns.zip(statistics(&path)).map(|(at_ns, stats)| GcReading::of(&stats, at_ns));
            Ok(())
        }
        _ => Ok(()),
    };
    if let Err(why) = checked {
        spoil(folder, &mut capture, why);
    }
    capture
}

/// What was answered is no profile. It is kept, under a name that says so.
fn spoil(folder: &Path, capture: &mut Capture, why: String) {
    let name = format!("{}.partial", capture.file);
    if fs::rename(folder.join(&capture.file), folder.join(&name)).is_ok() {
        capture.file = name;
    }
    capture.state = CaptureState::Partial;
    capture.error = Some(why);
}

/// The total `inuse_space` of a profile; `Err` says why it is none.
pub(crate) fn total_inuse(path: &Path) -> Result<Option<Bytes>, String> {
    Ok(Bytes::try_from(total(path, Some("inuse_space"))?).ok())
}

/// The total of one sample type (`None`: the profile's default); `Err` says why it is no profile with such values.
fn total(path: &Path, sample_type: Option<&str>) -> Result<i64, String> {
    on_profile(path, |index| index.total(sample_type))
}

/// The runtime's statistics at the end of a file; `None` when there are none.
fn statistics(path: &Path) -> Option<MemStats> {
    let mut file = File::open(path).ok()?;
    let size_bytes = file.metadata().ok()?.len();
    // The text form has them behind a profile of many megabytes.
    file.seek(SeekFrom::Start(size_bytes.saturating_sub(STATISTICS_BYTES))).ok()?;
    let mut end = Vec::new();
    file.take(STATISTICS_BYTES).read_to_end(&mut end).ok()?;
    MemStats::parse(&String::from_utf8_lossy(&end)).ok()
}

/// Asks a profile something; `Err` says why it is none, or cannot answer.
fn on_profile<T>(path: &Path, ask: impl FnOnce(&HeapIndex) -> Result<T, HeapError>) -> Result<T, String> {
    // The parser is not known to panic, but what it reads is outside input, and its panic would end the watching.
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        let index = read_profile(path).map_err(|error| match error {
            // Which file is clear from the capture this is said of.
            ReadError::Profile { source, .. } => source.to_string(),
            other => other.to_string(),
        })?;
        ask(&index).map_err(|e| e.to_string())
    }));
    parsed.unwrap_or_else(|panic| Err(panic_text(panic.as_ref())))
}

/// The sums of a profile that is looked at once and not kept, and who allocated; `None` when it is none.
pub(crate) fn heap_totals(profile: &[u8]) -> Option<(HeapTotals, AllocationSites)> {
    // As above: outside input.
    let totals = catch_unwind(AssertUnwindSafe(|| {
        let profile = stallscope_pprof::decode(profile, &stallscope_pprof::Limits::default()).ok()?;
        let index = HeapIndex::new(profile).ok()?;
        let total = |kind| Bytes::try_from(index.total(Some(kind)).ok()?).ok();
        let totals = HeapTotals {
            inuse_bytes: total("inuse_space")?,
            ballast_bytes: index.ballast_bytes(),
            allocated_bytes: total("alloc_space")?,
        };
        Some((totals, index.allocation_sites(MOST_SITES).ok()?))
    }));
    totals.ok().flatten()
}

/// A capture that was on its way when its window ended, as far as it is there.
pub(crate) fn recover(folder: &Path, mut capture: Capture) -> Capture {
    let name = file_name(capture.kind, capture.number);
    if let Some(size_bytes) = size_of_file(&folder.join(&name)) {
        // Whole; only nobody came to say so.
        capture.file = name;
        capture.size_bytes = size_bytes;
        return check(folder, capture);
    }
    capture.state = CaptureState::Failed;
    capture.error = Some("the window closed before it arrived".to_owned());
    let partial = format!("{name}.partial");
    if let Some(part) = part_of(folder, &name)
        && fs::rename(folder.join(part), folder.join(&partial)).is_ok()
    {
        capture.size_bytes = size_of_file(&folder.join(&partial)).unwrap_or(0);
        capture.file = partial;
        capture.state = CaptureState::Partial;
    }
    capture
}

/// The file in which `name` was arriving (see `store::part_file`).
fn part_of(folder: &Path, name: &str) -> Option<String> {
    let prefix = format!("{name}.");
    let names = fs::read_dir(folder).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|part| part.starts_with(&prefix) && part.ends_with(".part"))
        .find(|part| size_of_file(&folder.join(part)).is_some())
}

/// Its size; `None` when it is not there or something else (links are not followed).
fn size_of_file(path: &Path) -> Option<Bytes> {
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len())
}
