//! The pages we read, and how long and large each may be.

use std::time::Duration;

use stallscope_core::model::{Bytes, CaptureKind, WatchSettings};

/// A page of the debug server. There is none with `?gc=1`: forcing a collection makes a stall worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The heap as of the last completed GC cycle, gzip profile.proto.
    Heap,
    /// Stacks of all goroutines as text, equal ones together.
    Goroutines,
    /// The runtime's memory statistics as HTML.
    Memory,
    /// Counters of messages.
    Metrics,
    /// Pid and version of the server.
    Info,
}

impl Endpoint {
    /// Path and query.
    pub fn path(self) -> &'static str {
        match self {
            Self::Heap => "/debug/pprof/heap",
            Self::Goroutines => "/debug/pprof/goroutine?debug=1",
            Self::Memory => "/memory",
            Self::Metrics => "/metrics/",
            Self::Info => "/info",
        }
    }

    /// Where a kind of capture comes from.
    pub fn of(kind: CaptureKind) -> Self {
        match kind {
            CaptureKind::Heap | CaptureKind::Baseline => Self::Heap,
            CaptureKind::Goroutines => Self::Goroutines,
            CaptureKind::Memory => Self::Memory,
        }
    }
}

/// How long one request may take and how much may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the connection is there.
    pub connect: Duration,
    /// From the connection until the answer's head is there.
    pub first_byte: Duration,
    /// From the call to the last byte.
    pub total: Duration,
    /// Of the body.
    pub max_bytes: Bytes,
}

impl Limits {
    /// For the small pages, read often. A saturated gopls was seen to take 1.7 s for one.
    pub const POLL: Self = Self {
        connect: Duration::from_secs(1),
        first_byte: Duration::from_secs(5),
        total: Duration::from_secs(6),
        max_bytes: 4 << 20,
    };

    /// For captures, by the user's settings (already in their safe ranges).
    pub fn capture(settings: &WatchSettings) -> Self {
        let total = Duration::from_secs_f64(settings.capture_deadline_s);
        let max_bytes = (settings.capture_max_mb * 1e6) as Bytes;
        Self { connect: Self::POLL.connect.min(total), first_byte: total, total, max_bytes }
    }
}
