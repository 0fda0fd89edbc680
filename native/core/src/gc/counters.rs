//! The runtime's own counts of collections, which only the text form of a heap has (`heap?debug=1`, its end).

use serde::{Deserialize, Serialize};

use crate::model::Ns;

/// Since the start of the process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcCounters {
    /// Cycles completed.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub cycles: u64,
    /// Those of them that somebody asked for.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub forced: u64,
    /// Of the latest cycles, 256 at most, how long gopls stood still for all of them together.
    pub latest_pauses_ns: Ns,
    /// How many these are.
    pub latest: u32,
    /// The longest stop among them.
    pub longest_pause_ns: Ns,
    /// Share of the CPU time that was *available* (`GOMAXPROCS` × time, used or not) which went into collections, 0 to 1. Of
    /// the time from the start of the process to the end of the last cycle.
    pub cpu_fraction: f64,
    /// When the last cycle ended, Unix milliseconds.
    pub last_unix_ms: f64,
}

impl GcCounters {
    /// The share of the available CPU time which went into collections between the last cycles of two counts of a process
    /// that began at `started_unix_ms`; `None` when no cycle lies between them.
    ///
    /// The runtime keeps `f = G(t) / (P · t)`: CPU time of collections until t after the start, of that of P processors. So
    /// `G(t) = f · P · t`, and between `t₁` and `t₂` the share is `(f₂ t₂ − f₁ t₁) / (t₂ − t₁)`; P cancels out as long as it
    /// is the same. The difference of the two fractions is no share of anything.
    pub fn cpu_share_since(&self, earlier: &Self, started_unix_ms: f64) -> Option<f64> {
        let age_ms = |counters: &Self| counters.last_unix_ms - started_unix_ms;
        let (from, to) = (age_ms(earlier), age_ms(self));
        if from < 0.0 || to <= from || self.cycles <= earlier.cycles {
            return None;
        }
        let share = (self.cpu_fraction * to - earlier.cpu_fraction * from) / (to - from);
        // The start of a process is known to a clock tick: what that moves it below 0 or above 1 is none.
        Some(share.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn counters(cycles: u64, cpu_fraction: f64, last_unix_ms: f64) -> GcCounters {
        GcCounters {
            cycles,
            forced: 0,
            latest_pauses_ns: 0,
            latest: 0,
            longest_pause_ns: 0,
            cpu_fraction,
            last_unix_ms,
        }
    }

    #[test]
    fn a_quiet_hour_does_not_hide_a_busy_minute() {
        let start = 1_795_500_000_000.0;
        // 1 % of an hour, then half of a minute: 2 % of all of it.
        let calm = counters(30, 0.01, start + 3_600e3);
        let busy = counters(90, (0.01 * 3_600.0 + 0.5 * 60.0) / 3_660.0, start + 3_660e3);
        let share = busy.cpu_share_since(&calm, start).unwrap();
        assert!((share - 0.5).abs() < 1e-9, "{share}");
        assert!(busy.cpu_fraction < 0.02);
        assert_eq!(calm.cpu_share_since(&calm, start), None, "no cycle between them");
        assert_eq!(calm.cpu_share_since(&busy, start), None, "the other way round");
        assert_eq!(busy.cpu_share_since(&calm, start + 3_601e3), None, "another process");
    }

    proptest! {
        /// Whatever the collector took in each of two stretches, the later stretch's share is found again.
        #[test]
        fn the_share_of_the_later_stretch(
            first_ms in 1.0f64..1e8, then_ms in 1.0f64..1e6, first in 0.0f64..0.5, then in 0.0f64..0.5,
        ) {
            let start = 1_795_500_000_000.0;
            let whole = (first * first_ms + then * then_ms) / (first_ms + then_ms);
            let before = counters(1, first, start + first_ms);
            let after = counters(2, whole, start + first_ms + then_ms);
            let share = after.cpu_share_since(&before, start).unwrap();
            // Unix milliseconds as floating point are good to a quarter of a microsecond.
            let rounding = 1e-3 * (1.0 + first_ms * 1e-9) / then_ms + 1e-6 * first_ms / then_ms;
            prop_assert!((share - then).abs() <= rounding.max(1e-9), "{share} instead of {then}");
        }
    }
}
