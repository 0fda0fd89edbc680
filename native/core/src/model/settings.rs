//! What the user can change about watching, with the one place where values are made safe.

use serde::{Deserialize, Serialize};

use super::{Bytes, MB, MS, Ns};
use crate::wait::SlowAfter;

/// Thresholds and limits of the watcher. Field names match the `stallscope.*` settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(default)]
pub struct WatchSettings {
    /// How often RSS is read, in milliseconds.
    pub sample_interval_ms: f64,
    /// A request in flight for longer than this is a stall, in milliseconds.
    pub stall_after_ms: f64,
    /// RSS growth within [`Self::capture_window_ms`] that makes the heap worth capturing, in megabytes.
    pub capture_rise_mb: f64,
    /// The window for [`Self::capture_rise_mb`], in milliseconds.
    pub capture_window_ms: f64,
    /// RSS above this is told to the user, once per ramp-up, in megabytes. 0 switches it off.
    pub memory_alert_mb: f64,
    /// Whether captures are taken at all. Watching goes on without them.
    pub capture_enabled: bool,
    /// Least time between two automatic captures, in seconds.
    pub capture_cooldown_s: f64,
    /// Most automatic captures in any hour.
    pub captures_per_hour: f64,
    /// Most disk space that incidents may take together, in megabytes. The oldest go first.
    pub disk_budget_mb: f64,
    /// How long the history of waits and memory is kept, in days. 0 keeps none.
    pub history_days: f64,
    /// Most disk space that the history may take, in megabytes. The oldest goes first.
    pub history_max_mb: f64,
    /// A capture that has not arrived by then is given up and what came is kept, in seconds.
    pub capture_deadline_s: f64,
    /// A single capture larger than this is cut off, in megabytes.
    pub capture_max_mb: f64,
    /// Least time between two calm baseline profiles, in seconds. 0 switches baselines off.
    pub baseline_interval_s: f64,
    /// How often in-flight requests are polled while there is reason to, in milliseconds.
    pub poll_fast_ms: f64,
    /// How often in-flight requests are polled otherwise, in milliseconds. 0 switches it off.
    pub poll_idle_ms: f64,
    /// What gopls or the machine does for longer than this within a wait is marked as slow, in milliseconds.
    pub slow_work_ms: f64,
    /// The extension host being busy for longer than this is a lag of its own, in milliseconds.
    pub slow_dispatch_ms: f64,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            sample_interval_ms: 50.0,
            stall_after_ms: 200.0,
            capture_rise_mb: 15.0,
            capture_window_ms: 500.0,
            memory_alert_mb: 1200.0,
            capture_enabled: true,
            capture_cooldown_s: 30.0,
            captures_per_hour: 12.0,
            disk_budget_mb: 500.0,
            history_days: 365.0,
            history_max_mb: 50.0,
            capture_deadline_s: 20.0,
            capture_max_mb: 64.0,
            baseline_interval_s: 300.0,
            poll_fast_ms: 50.0,
            poll_idle_ms: 1000.0,
            slow_work_ms: 150.0,
            slow_dispatch_ms: 80.0,
        }
    }
}

/// A setting that was out of its range and what is used instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Adjustment {
    /// Name of the setting, as in [`WatchSettings`].
    pub setting: String,
    /// The value that was given.
    pub given: f64,
    /// The value that is used.
    pub used: f64,
}

impl WatchSettings {
    /// Clamps every value into its safe range and says what was changed.
    ///
    /// Settings come from files that anybody may have written: NaN, negative numbers and a sampling
    /// interval of 0 (which would burn a core) end here.
    pub fn sanitised(mut self) -> (Self, Vec<Adjustment>) {
        let standard = Self::default();
        let mut changed = Vec::new();
        let mut clamp = |name: &str, value: &mut f64, fallback: f64, low: f64, high: f64| {
            let used = if value.is_nan() { fallback } else { value.clamp(low, high) };
            // Bit comparison would call NaN equal to itself; a NaN given must be reported as well.
            if used != *value {
                changed.push(Adjustment { setting: name.to_owned(), given: *value, used });
                *value = used;
            }
        };
        clamp("sample_interval_ms", &mut self.sample_interval_ms, standard.sample_interval_ms, 10.0, 5_000.0);
        clamp("stall_after_ms", &mut self.stall_after_ms, standard.stall_after_ms, 50.0, 60_000.0);
        clamp("capture_rise_mb", &mut self.capture_rise_mb, standard.capture_rise_mb, 1.0, 100_000.0);
        clamp("capture_window_ms", &mut self.capture_window_ms, standard.capture_window_ms, 50.0, 60_000.0);
        clamp("memory_alert_mb", &mut self.memory_alert_mb, standard.memory_alert_mb, 0.0, 1_000_000.0);
        clamp("capture_cooldown_s", &mut self.capture_cooldown_s, standard.capture_cooldown_s, 1.0, 86_400.0);
        clamp("captures_per_hour", &mut self.captures_per_hour, standard.captures_per_hour, 0.0, 120.0);
        clamp("disk_budget_mb", &mut self.disk_budget_mb, standard.disk_budget_mb, 1.0, 1_000_000.0);
        clamp("history_days", &mut self.history_days, standard.history_days, 0.0, 3_650.0);
        clamp("history_max_mb", &mut self.history_max_mb, standard.history_max_mb, 1.0, 1_000.0);
        clamp("capture_deadline_s", &mut self.capture_deadline_s, standard.capture_deadline_s, 0.5, 300.0);
        clamp("capture_max_mb", &mut self.capture_max_mb, standard.capture_max_mb, 0.1, 1_024.0);
        clamp(
            "baseline_interval_s",
            &mut self.baseline_interval_s,
            standard.baseline_interval_s,
            0.0,
            86_400.0,
        );
        clamp("poll_fast_ms", &mut self.poll_fast_ms, standard.poll_fast_ms, 20.0, 5_000.0);
        clamp("poll_idle_ms", &mut self.poll_idle_ms, standard.poll_idle_ms, 0.0, 60_000.0);
        clamp("slow_work_ms", &mut self.slow_work_ms, standard.slow_work_ms, 10.0, 60_000.0);
        clamp("slow_dispatch_ms", &mut self.slow_dispatch_ms, standard.slow_dispatch_ms, 20.0, 60_000.0);
        (self, changed)
    }

    /// [`Self::stall_after_ms`] as nanoseconds.
    pub fn stall_after_ns(&self) -> Ns {
        ms_to_ns(self.stall_after_ms)
    }

    /// [`Self::slow_work_ms`] and [`Self::slow_dispatch_ms`] as nanoseconds.
    pub fn slow_after(&self) -> SlowAfter {
        SlowAfter { work_ns: ms_to_ns(self.slow_work_ms), dispatch_ns: ms_to_ns(self.slow_dispatch_ms) }
    }

    /// [`Self::capture_window_ms`] as nanoseconds.
    pub fn capture_window_ns(&self) -> Ns {
        ms_to_ns(self.capture_window_ms)
    }

    /// [`Self::capture_rise_mb`] in bytes.
    pub fn capture_rise_bytes(&self) -> Bytes {
        mb_to_bytes(self.capture_rise_mb)
    }

    /// [`Self::memory_alert_mb`] in bytes, `None` when switched off.
    pub fn memory_alert_bytes(&self) -> Option<Bytes> {
        (self.memory_alert_mb > 0.0).then(|| mb_to_bytes(self.memory_alert_mb))
    }

    /// [`Self::capture_cooldown_s`] as nanoseconds.
    pub fn capture_cooldown_ns(&self) -> Ns {
        ms_to_ns(self.capture_cooldown_s * 1e3)
    }

    /// [`Self::capture_deadline_s`] as nanoseconds.
    pub fn capture_deadline_ns(&self) -> Ns {
        ms_to_ns(self.capture_deadline_s * 1e3)
    }

    /// [`Self::capture_max_mb`] in bytes.
    pub fn capture_max_bytes(&self) -> Bytes {
        mb_to_bytes(self.capture_max_mb)
    }

    /// [`Self::disk_budget_mb`] in bytes.
    pub fn disk_budget_bytes(&self) -> Bytes {
        mb_to_bytes(self.disk_budget_mb)
    }

    /// [`Self::history_days`] and [`Self::history_max_mb`] in bytes, `None` when none is kept.
    pub fn history(&self) -> Option<(f64, Bytes)> {
        (self.history_days > 0.0).then(|| (self.history_days, mb_to_bytes(self.history_max_mb)))
    }

    /// [`Self::baseline_interval_s`] as nanoseconds, `None` when switched off.
    pub fn baseline_interval_ns(&self) -> Option<Ns> {
        (self.baseline_interval_s > 0.0).then(|| ms_to_ns(self.baseline_interval_s * 1e3))
    }
}

fn ms_to_ns(ms: f64) -> Ns {
    (ms * MS as f64) as Ns
}

fn mb_to_bytes(mb: f64) -> Bytes {
    (mb * MB as f64) as Bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_in_range() {
        let (settings, changed) = WatchSettings::default().sanitised();
        assert_eq!(changed, []);
        assert_eq!(settings.stall_after_ns(), 200 * MS);
        assert_eq!(settings.capture_rise_bytes(), 15_000_000);
    }

    #[test]
    fn hostile_values_are_clamped_and_named() {
        let wild = WatchSettings {
            sample_interval_ms: 0.0,
            stall_after_ms: f64::NAN,
            captures_per_hour: f64::INFINITY,
            ..WatchSettings::default()
        };
        let (safe, changed) = wild.sanitised();
        assert_eq!(safe.sample_interval_ms, 10.0);
        assert_eq!(safe.stall_after_ms, 200.0);
        assert_eq!(safe.captures_per_hour, 120.0);
        let names: Vec<_> = changed.iter().map(|c| c.setting.as_str()).collect();
        assert_eq!(names, ["sample_interval_ms", "stall_after_ms", "captures_per_hour"]);
    }
}
