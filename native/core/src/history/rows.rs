//! What is kept, an hour at a time. Hours are UTC; which day one belongs to is for whoever asks.

use serde::{Deserialize, Serialize};

use super::Buckets;
use crate::model::{Bytes, Ns};
use crate::wait::CauseKind;

/// An hour in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;

/// Hours since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(pub i64);

impl Hour {
    /// The one that a moment is in.
    pub fn of_unix_ms(at_ms: f64) -> Self {
        Self((at_ms / HOUR_MS as f64).floor() as i64)
    }

    /// When it begins.
    pub fn unix_ms(self) -> f64 {
        self.0 as f64 * HOUR_MS as f64
    }
}

/// The versions of what has its part in how long an answer takes; `None` is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Setup {
    /// gopls: `v0.23.0`.
    pub gopls: Option<String>,
    /// The `go` that it runs: `go1.26.1`.
    pub go: Option<String>,
    /// Us.
    pub stallscope: Option<String>,
    /// The Go extension.
    pub go_extension: Option<String>,
}

/// Waits for one method, of an hour or of the rest of its day.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitsRow {
    /// When, or when it began.
    pub hour: Hour,
    /// Where: an index of [`Rows::workspaces`].
    pub workspace: usize,
    /// With what: an index of [`Rows::setups`].
    pub setup: usize,
    /// For what: an index of [`Rows::methods`].
    pub method: usize,
    /// How long each took.
    pub buckets: Buckets,
}

/// Memory of an hour.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryRow {
    /// When.
    pub hour: Hour,
    /// Where: an index of [`Rows::workspaces`].
    pub workspace: usize,
    /// With what: an index of [`Rows::setups`].
    pub setup: usize,
    /// How long gopls was watched.
    pub watched_ns: Ns,
    /// Its RSS over that time.
    pub rss_average_bytes: Bytes,
    /// The most RSS.
    pub rss_peak_bytes: Bytes,
    /// The live heap as it was last known.
    pub live_bytes: Option<Bytes>,
}

/// A stall.
#[derive(Debug, Clone, PartialEq)]
pub struct StallRow {
    /// When it began, Unix milliseconds.
    pub at_unix_ms: f64,
    /// Where: an index of [`Rows::workspaces`].
    pub workspace: usize,
    /// With what: an index of [`Rows::setups`].
    pub setup: usize,
    /// For what: an index of [`Rows::methods`].
    pub method: usize,
    /// How long somebody waited.
    pub duration_ns: Ns,
    /// What it was mostly.
    pub cause: Option<CauseKind>,
}

/// All that was kept of a time, in its order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// Workspaces: their folders, joined.
    pub workspaces: Vec<String>,
    /// Versions.
    pub setups: Vec<Setup>,
    /// LSP methods.
    pub methods: Vec<String>,
    /// Waits.
    pub waits: Vec<WaitsRow>,
    /// Memory.
    pub memory: Vec<MemoryRow>,
    /// Stalls.
    pub stalls: Vec<StallRow>,
}
