//! The one clock: monotonic nanoseconds since the watcher's start, tied to Unix time once.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stallscope_core::model::Ns;

/// Monotonic time with a fixed Unix origin. A wall clock that is set in between changes nothing.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
    origin_unix_ns: u128,
}

impl Clock {
    /// Starts now.
    pub fn start() -> Self {
        let origin_unix_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
        Self { origin: Instant::now(), origin_unix_ns }
    }

    /// Nanoseconds since the start.
    pub fn now_ns(&self) -> Ns {
        self.at(Instant::now())
    }

    /// `instant` in nanoseconds since the start; 0 when it lies before.
    pub fn at(&self, instant: Instant) -> Ns {
        Ns::try_from(instant.saturating_duration_since(self.origin).as_nanos()).unwrap_or(Ns::MAX)
    }

    /// The moment that is `at_ns` in nanoseconds since the start.
    pub fn instant(&self, at_ns: Ns) -> Instant {
        self.origin + Duration::from_nanos(at_ns)
    }

    /// Unix time of ns 0.
    pub fn origin_unix_ns(&self) -> u128 {
        self.origin_unix_ns
    }

    /// Unix time of ns 0 by what the wall clock says now. A laptop that slept stops this clock, not that one: what somebody
    /// else has stamped with Unix time a moment ago is to be read by this.
    pub fn origin_unix_ns_as_of_now(&self) -> u128 {
        let unix_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
        unix_ns.saturating_sub(self.now_ns().into())
    }

    /// Unix time in milliseconds of a moment.
    pub fn unix_ms(&self, at_ns: Ns) -> u64 {
        u64::try_from((self.origin_unix_ns + u128::from(at_ns)) / 1_000_000).unwrap_or(u64::MAX)
    }
}
