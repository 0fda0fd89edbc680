//! Traces as files: saved for other viewers, and opened to be compared with.

mod open;

use std::path::{Path, PathBuf};

use stallscope_core::trace::{Trace, TraceComparison, TraceFormat, TraceOther};

use crate::log::{LogError, OpenLogs};
use crate::store::{Store, StoreError, write_atomic};

pub use open::{OpenTraceError, TraceSource, incident_at, read_file, trace_at};

/// Why there is no trace.
#[derive(Debug, thiserror::Error)]
pub enum SaveTraceError {
    /// What it would be of.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The incident, or the destination.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Where the process happens to run is nowhere the user would look.
    #[error("{path:?} is not a place to save a trace: name the file with its whole path")]
    Destination {
        /// What was given.
        path: PathBuf,
    },
}

impl SaveTraceError {
    /// Kebab-case name for the user interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Log(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Destination { .. } => "invalid-destination",
        }
    }
}

/// Writes a trace to a file, whole or not at all.
///
/// # Errors
/// The destination is no whole path, or cannot be written.
pub fn save(trace: &Trace, format: TraceFormat, destination: &Path) -> Result<(), SaveTraceError> {
    if !destination.is_absolute() {
        return Err(SaveTraceError::Destination { path: destination.to_path_buf() });
    }
    let mut bytes = Vec::new();
    trace.write(format, &mut bytes).map_err(|error| StoreError::io(destination, error))?;
    Ok(write_atomic(destination, &bytes)?)
}

/// The same of an incident in `store`.
///
/// # Errors
/// No such incident, or as above.
pub fn save_of_incident(
    store: &Store,
    id: &str,
    format: TraceFormat,
    destination: &Path,
) -> Result<(), SaveTraceError> {
    save(&Trace::of_incident(&store.load(id)?), format, destination)
}

/// Compares the trace of an incident in `store`, or of the open log, with another one.
///
/// # Errors
/// One of them is not there, or has no trace.
pub fn compare(
    store: &Store,
    logs: &OpenLogs,
    incident: Option<&str>,
    other: &TraceOther,
) -> Result<TraceComparison, OpenTraceError> {
    let this = match incident {
        Some(id) => Trace::of_incident(&store.load(id)?),
        None => logs.trace()?,
    };
    let (other, skipped) = match other {
        TraceOther::Incident(id) => (Trace::of_incident(&store.load(id)?), None),
        TraceOther::File(path) => trace_at(path.as_ref())?,
    };
    Ok(TraceComparison::of((&this, None), (&other, skipped)))
}
