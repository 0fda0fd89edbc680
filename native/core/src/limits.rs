//! How much evidence may be taken: cool-down, hourly budget. Kept across restarts, so the times are Unix time.

use serde::{Deserialize, Serialize};

use crate::model::{SECOND, WatchSettings};

/// Milliseconds since the Unix epoch.
pub type UnixMs = u64;

const HOUR_MS: UnixMs = 3_600_000;
/// Incidents without a heap are small, but a folder for every 250 ms completion would drown the rest.
const LIGHT_COOLDOWN_MS: UnixMs = 5_000;
const LIGHT_PER_HOUR: usize = 60;

/// Why evidence is not taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The last one was too short ago; milliseconds until the next is allowed.
    CoolDown {
        /// Time left.
        left_ms: u64,
    },
    /// The hour's budget is used up; milliseconds until the oldest falls out of it.
    HourlyBudget {
        /// Time left.
        left_ms: u64,
    },
}

impl Refusal {
    /// Kebab-case name for the decision log.
    pub fn reason(self) -> &'static str {
        match self {
            Self::CoolDown { .. } => "cool-down",
            Self::HourlyBudget { .. } => "hourly-budget",
        }
    }

    /// Milliseconds until it is lifted.
    pub fn left_ms(self) -> u64 {
        match self {
            Self::CoolDown { left_ms } | Self::HourlyBudget { left_ms } => left_ms,
        }
    }
}

/// What was taken in the last hour. Small and serialisable: it is written next to the incidents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    heaps_unix_ms: Vec<UnixMs>,
    lights_unix_ms: Vec<UnixMs>,
}

impl Limits {
    /// Whether an automatic heap capture is allowed now.
    ///
    /// # Errors
    /// The refusal, with the time until it is lifted.
    pub fn heap(&self, now: UnixMs, settings: &WatchSettings) -> Result<(), Refusal> {
        let cooldown_ms = settings.capture_cooldown_ns() / (SECOND / 1_000);
        allowed(&self.heaps_unix_ms, now, cooldown_ms, settings.captures_per_hour as usize)
    }

    /// Whether the hour's budget has room for another heap of the ramp-up that is going on.
    ///
    /// # Errors
    /// The refusal, with the time until it is lifted.
    pub fn heap_budget(&self, now: UnixMs, settings: &WatchSettings) -> Result<(), Refusal> {
        allowed(&self.heaps_unix_ms, now, 0, settings.captures_per_hour as usize)
    }

    /// Whether an incident with light evidence only is allowed now.
    ///
    /// # Errors
    /// The refusal, with the time until it is lifted.
    pub fn light(&self, now: UnixMs) -> Result<(), Refusal> {
        allowed(&self.lights_unix_ms, now, LIGHT_COOLDOWN_MS, LIGHT_PER_HOUR)
    }

    /// The same for a long wait: only short ones come in rows, so there is no cool-down.
    ///
    /// # Errors
    /// The refusal, with the time until it is lifted.
    pub fn light_after_long_wait(&self, now: UnixMs) -> Result<(), Refusal> {
        allowed(&self.lights_unix_ms, now, 0, LIGHT_PER_HOUR)
    }

    /// Counts a heap capture.
    pub fn took_heap(&mut self, now: UnixMs) {
        take(&mut self.heaps_unix_ms, now);
    }

    /// Counts an incident.
    pub fn took_light(&mut self, now: UnixMs) {
        take(&mut self.lights_unix_ms, now);
    }

    /// Joins what another window has written meanwhile.
    pub fn merge(&mut self, other: &Self, now: UnixMs) {
        for (mine, theirs) in [
            (&mut self.heaps_unix_ms, &other.heaps_unix_ms),
            (&mut self.lights_unix_ms, &other.lights_unix_ms),
        ] {
            mine.extend(theirs);
            mine.sort_unstable();
            mine.dedup();
            forget_old(mine, now);
        }
    }
}

fn allowed(taken: &[UnixMs], now: UnixMs, cooldown_ms: u64, per_hour: usize) -> Result<(), Refusal> {
    // A clock that was set back leaves entries in the future; they must not forbid captures for hours.
    let recent: Vec<UnixMs> = taken.iter().copied().filter(|at| *at <= now && now - at < HOUR_MS).collect();
    if let Some(last) = recent.iter().max()
        && now - last < cooldown_ms
    {
        return Err(Refusal::CoolDown { left_ms: cooldown_ms - (now - last) });
    }
    if recent.len() >= per_hour {
        let oldest = recent.iter().min().copied().unwrap_or(now);
        return Err(Refusal::HourlyBudget { left_ms: HOUR_MS - (now - oldest) });
    }
    Ok(())
}

fn take(taken: &mut Vec<UnixMs>, now: UnixMs) {
    taken.push(now);
    forget_old(taken, now);
}

fn forget_old(taken: &mut Vec<UnixMs>, now: UnixMs) {
    taken.retain(|at| *at <= now && now - at < HOUR_MS);
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = 1_800_000_000_000;

    #[test]
    fn cool_down_then_budget() {
        let settings = WatchSettings { captures_per_hour: 3.0, ..WatchSettings::default() };
        let mut limits = Limits::default();
        assert_eq!(limits.heap(NOW, &settings), Ok(()));
        limits.took_heap(NOW);
        assert_eq!(limits.heap(NOW + 10_000, &settings), Err(Refusal::CoolDown { left_ms: 20_000 }));
        limits.took_heap(NOW + 30_000);
        limits.took_heap(NOW + 60_000);
        assert_eq!(
            limits.heap(NOW + 90_000, &settings),
            Err(Refusal::HourlyBudget { left_ms: HOUR_MS - 90_000 })
        );
        assert_eq!(limits.heap(NOW + HOUR_MS, &settings), Ok(()));
    }

    #[test]
    fn a_clock_set_back_does_not_forbid_for_ever() {
        let mut limits = Limits::default();
        limits.took_heap(NOW + 10 * HOUR_MS);
        assert_eq!(limits.heap(NOW, &WatchSettings::default()), Ok(()));
    }

    #[test]
    fn survives_a_restart_and_joins_other_windows() {
        let mut here = Limits::default();
        here.took_heap(NOW);
        let text = serde_json::to_string(&here).expect("plain data");
        let mut there: Limits = serde_json::from_str(&text).expect("own format");
        there.took_heap(NOW + 40_000);
        here.merge(&there, NOW + 40_001);
        assert!(matches!(here.heap(NOW + 41_000, &WatchSettings::default()), Err(Refusal::CoolDown { .. })));
    }
}
