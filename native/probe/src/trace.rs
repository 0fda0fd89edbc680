//! Traces as files.

use std::path::{Path, PathBuf};

use stallscope_core::trace::{Trace, TraceFormat};

use crate::log::LogError;
use crate::store::{Store, StoreError, write_atomic};

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
