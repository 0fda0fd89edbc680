//! Incidents for a fleet: as a trace, metrics and a log record to an OpenTelemetry collector that somebody has named.
//!
//! Three parts that know as little of each other as they can. [`otlp`] turns an incident into what is sent, from data alone.
//! [`spool`] keeps on disk what is still to be sent and what has been counted. [`send`] takes one request to its destination
//! and says what became of it. [`Exporter`] joins them, [`Live`] does it for as long as a
//! window is open.
//!
//! Nothing here starts by itself, and nothing is sent by [`Exporter::take`]: sending is a call of its own.

pub mod config;
mod exporter;
mod live;
pub mod otlp;
mod outgoing;
mod sampling;
pub mod send;
pub mod spool;
mod tally;

pub use exporter::{Exporter, PassReport, Taken, Takes};
pub use live::{Live, destinations};
pub use sampling::{Sampling, Severe, Verdict};
pub use send::retry_after;
pub use tally::Tally;

/// Why something could not be exported. Texts name the input and the remedy, and never a header's value.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A variable or setting.
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    /// The folder on disk.
    #[error(transparent)]
    Store(#[from] stallscope_probe::store::StoreError),
}

impl ExportError {
    /// Kebab-case name for the user interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(_) => "export-config",
            Self::Store(error) => error.code(),
        }
    }
}
