//! The pages we read, and how long and large each may be.

use std::borrow::Cow;
use std::time::Duration;

use stallscope_core::model::{Bytes, Capture, CaptureKind, CaptureRequest, CaptureWhat, WatchSettings};

/// A page of the debug server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The heap as of the last completed GC cycle, gzip profile.proto.
    Heap,
    /// The same after a collection which is forced for it. That makes a stall worse, so it is asked for by hand only,
    /// and not while somebody waits for gopls (`watcher/captures.rs`).
    HeapAfterGc,
    /// What the heap has gained and lost over some seconds, gzip profile.proto with negative values in it.
    HeapDelta {
        /// For how long.
        seconds: u32,
    },
    /// The heap as text, 140 times the size of the profile for a large one.
    HeapText,
    /// Everything allocated since the start, gzip profile.proto.
    Allocs,
    /// Where CPU time goes over some seconds, gzip profile.proto. gopls records one at a time.
    Cpu {
        /// For how long.
        seconds: u32,
    },
    /// Stacks of all goroutines as text, equal ones together.
    Goroutines,
    /// The same as gzip profile.proto, which also tells who stands still.
    GoroutineProfile,
    /// The runtime's memory statistics as HTML.
    Memory,
    /// Counters of messages.
    Metrics,
    /// Pid and version of the server.
    Info,
}

impl Endpoint {
    /// Path and query.
    pub fn path(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::HeapDelta { seconds } => return format!("/debug/pprof/heap?seconds={seconds}").into(),
            Self::Cpu { seconds } => return format!("/debug/pprof/profile?seconds={seconds}").into(),
            Self::Heap => "/debug/pprof/heap",
            Self::HeapAfterGc => "/debug/pprof/heap?gc=1",
            Self::HeapText => "/debug/pprof/heap?debug=1",
            Self::Allocs => "/debug/pprof/allocs",
            Self::Goroutines => "/debug/pprof/goroutine?debug=1",
            Self::GoroutineProfile => "/debug/pprof/goroutine",
            Self::Memory => "/memory",
            Self::Metrics => "/metrics/",
            Self::Info => "/info",
        })
    }

    /// Where what is asked for comes from.
    pub fn asked(request: CaptureRequest) -> Self {
        let after_gc = request.what() == CaptureWhat::HeapAfterGc;
        Self::of_kind(request.what().kind(), after_gc, request.seconds())
    }

    /// Where a capture comes from.
    pub fn of(capture: &Capture) -> Self {
        Self::of_kind(capture.kind, capture.after_gc, capture.seconds)
    }

    fn of_kind(kind: CaptureKind, after_gc: bool, seconds: Option<u32>) -> Self {
        // What is to be recorded has its seconds since it was asked for (`CaptureRequest`); net/http/pprof would take 0 for
        // its own default.
        let seconds = seconds.unwrap_or(1);
        match kind {
            CaptureKind::Heap if after_gc => Self::HeapAfterGc,
            CaptureKind::Heap | CaptureKind::Baseline => Self::Heap,
            CaptureKind::Goroutines => Self::Goroutines,
            CaptureKind::Memory => Self::Memory,
            CaptureKind::HeapDelta => Self::HeapDelta { seconds },
            CaptureKind::HeapText => Self::HeapText,
            CaptureKind::Allocs => Self::Allocs,
            CaptureKind::Cpu => Self::Cpu { seconds },
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

    /// The same for what is recorded over some seconds first. The answer may take as long as any other after it.
    pub fn after_recording(mut self, seconds: Option<u32>) -> Self {
        let recording = Duration::from_secs(seconds.unwrap_or(0).into());
        self.first_byte += recording;
        self.total += recording;
        self
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_asked_for_comes_from_the_page_that_go_documents_for_it() {
        let path =
            |what, seconds| Endpoint::asked(CaptureRequest::new(what, seconds).unwrap()).path().into_owned();
        for (what, seconds, page) in [
            (CaptureWhat::Heap, None, "/debug/pprof/heap"),
            (CaptureWhat::HeapAfterGc, None, "/debug/pprof/heap?gc=1"),
            (CaptureWhat::HeapDelta, Some(7), "/debug/pprof/heap?seconds=7"),
            (CaptureWhat::Allocs, None, "/debug/pprof/allocs"),
            (CaptureWhat::Goroutines, None, "/debug/pprof/goroutine?debug=1"),
            (CaptureWhat::Cpu, Some(60), "/debug/pprof/profile?seconds=60"),
            (CaptureWhat::HeapText, None, "/debug/pprof/heap?debug=1"),
        ] {
            assert_eq!(path(what, seconds), page);
        }
    }
}
