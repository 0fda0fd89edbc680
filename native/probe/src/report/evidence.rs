//! Captured files, read and redacted.

use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::path::Path;

use stallscope_core::model::{Capture, CaptureKind, CaptureState};
use stallscope_core::report::{Redactor, ReportFileKind, redact_profile};
use stallscope_pprof::{Limits, decode, encode_gzip};

/// A capture larger than this is no use in a report: profiles have a few MB, goroutines some more.
const MOST_BYTES: u64 = 64 << 20;

/// A capture as it goes into the report.
pub(super) struct Evidence {
    pub kind: ReportFileKind,
    pub bytes: Vec<u8>,
}

/// Reads and redacts one; `Err` says why it stays out.
pub(super) fn of_capture(
    path: &Path,
    capture: &Capture,
    redactor: Option<&mut Redactor>,
) -> Result<Evidence, String> {
    if capture.state != CaptureState::Complete {
        return Err("it was cut off, and half a file cannot be redacted".to_owned());
    }
    let bytes = read(path)?;
    let kind = match capture.kind {
        CaptureKind::Heap | CaptureKind::Baseline => ReportFileKind::Heap,
        CaptureKind::Goroutines => ReportFileKind::Goroutines,
        CaptureKind::Memory => ReportFileKind::Memory,
        CaptureKind::HeapDelta | CaptureKind::Allocs | CaptureKind::Cpu => ReportFileKind::Profile,
        CaptureKind::HeapText => ReportFileKind::HeapText,
    };
    let Some(redactor) = redactor else { return Ok(Evidence { kind, bytes }) };
    let bytes = if capture.kind.is_profile() {
        let profile = decode(&bytes, &Limits::default()).map_err(|error| error.to_string())?;
        let redacted = redact_profile(redactor, profile).map_err(|error| error.to_string())?;
        encode_gzip(&redacted).map_err(|error| error.to_string())?
    } else {
        redactor.text(&String::from_utf8_lossy(&bytes)).into_bytes()
    };
    Ok(Evidence { kind, bytes })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    // A link would lead out of the incident's folder.
    let is_file = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    if !is_file {
        return Err("it is not there any more".to_owned());
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("it has more than {} MB", MOST_BYTES / 1_000_000));
    }
    Ok(bytes)
}

/// A profile to look at: its sums, and every string in it.
pub(super) fn profile_text(bytes: &[u8]) -> String {
    let profile = match decode(bytes, &Limits::default()) {
        Ok(profile) => profile,
        Err(error) => return format!("not a profile: {error}\n"),
    };
    let mut text = format!("A pprof profile with {} samples.\n\nSums:\n", profile.samples.len());
    for (kind, of) in profile.sample_types.iter().enumerate() {
        let sum = (0..profile.samples.len())
            .fold(0i64, |sum, sample| sum.saturating_add(profile.value(sample, kind)));
        let _ = writeln!(text, "  {} {} {sum}", profile.text(of.kind), profile.text(of.unit));
    }
    text.push_str("\nEvery string in it, one a line:\n");
    for string in profile.strings.iter().filter(|string| !string.is_empty()) {
        let _ = writeln!(text, "  {}", string.escape_debug());
    }
    text
}
