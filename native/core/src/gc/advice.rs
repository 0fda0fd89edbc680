//! Which settings of garbage collection would help, by what was measured; and where nothing is advised, why not.
//!
//! Advice costs something when it is wrong: gopls's authors warn against low limits. So each suggestion says its
//! arithmetic, what it is expected to do and how sure that is, and none goes below the floor: at twice of what must be in
//! memory a collection comes as often as with `GOGC=100`, and below that more and more often.

use serde::{Deserialize, Serialize};

use super::change::{ChangedSetting, SuggestedChange};
use super::measured::GcMeasured;
use super::{GcCpu, GcSettings};
use crate::model::{Bytes, Note, Ns, Value, named};
use crate::wait::CauseConfidence;

/// From this share of gopls's CPU time on a change of it would be felt.
const NOTABLE_SHARE: f64 = 0.15;
/// The least that it must be for sure, by its error.
const SURE_SHARE: f64 = 0.10;
/// From here on it is told as thrashing, when a setting in force explains it.
const THRASH_SHARE: f64 = 0.25;
/// Go's memory is at its limit from this share of it on.
const AT_LIMIT_SHARE: f64 = 0.9;
/// A second of CPU time; less says nothing of a share.
const LEAST_SAMPLES: u64 = 100;
/// Live heaps that a limit rests on.
const LEAST_CYCLES: u32 = 5;
/// See the module's text.
const FLOOR_TIMES: f64 = 2.0;
/// A limit that thrashes is raised to this many times the floor: the live heap of tomorrow may be larger.
const RAISED_TIMES: f64 = 1.25;
/// Limits are whole multiples of this.
const LIMIT_STEP_BYTES: u64 = 64 << 20;
/// gopls is short of memory when the most it had is this much of what it may have.
const SHORT_SHARE: f64 = 0.6;
/// What a change may make it use of that at most.
const MOST_USED_SHARE: f64 = 0.75;
/// A limit leaves at most this share of the peak, or it is not worth its risk.
const MOST_LEFT_SHARE: f64 = 0.9;
/// A `GOGC` that halves the work.
const HIGHER_GOGC_PERCENT: u32 = 200;
const DEFAULT_GOGC_PERCENT: u32 = 100;
/// With a lower one than this a large share has no other reason.
const LOW_GOGC_PERCENT: u32 = 50;
/// The first gopls with `memoryLimit`, v0.24, and the first Go that knows the CPU limit of its cgroup, go1.25.
const MEMORY_LIMIT_SINCE: u32 = 24;
const CPU_LIMIT_KNOWN_SINCE: u32 = 25;

/// What gopls may use of its machine. `null` is what is not known, or not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcMachine {
    /// CPUs that gopls may run on.
    pub cpus: Option<u32>,
    /// CPUs that its cgroup allows it at a time.
    pub cpu_limit: Option<f64>,
    /// How long it was held back for that since its cgroup was made.
    pub throttled_ns: Option<Ns>,
    /// Memory of the machine, or what its cgroup allows if that is less.
    pub memory_bytes: Option<Bytes>,
    /// Whether that is the cgroup's limit.
    pub memory_is_limited: bool,
}

/// What a suggestion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum GcSuggestionKind {
    /// The memory limit in force is below what gopls needs.
    RaiseLimit,
    /// `GOGC` is lower than Go's own value.
    RestoreGogc,
    /// There is memory to spare for fewer collections.
    HigherGogc,
    /// gopls is short of memory, and a limit would cut its peaks.
    SetLimit,
    /// Go believes in more CPUs than its cgroup gives it.
    LimitProcs,
}

/// A term of the arithmetic behind a suggestion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum GcTerm {
    /// The largest live heap that was seen.
    LiveMost,
    /// gopls's ballast.
    Ballast,
    /// So many times what must be in memory: the floor of a limit.
    FloorTimes,
    /// Stacks, the runtime's tables, room between objects.
    BesideHeap,
    /// What no limit should be below.
    Floor,
    /// Room for growth above the floor.
    Reserve,
    /// The limit in force.
    LimitNow,
    /// Twice that: what is live is not known yet.
    Doubled,
    /// The limit, in whole steps of 64 MiB.
    Limit,
    /// By how much more the heap may grow between two collections.
    MoreGogc,
    /// What that is in memory.
    MoreHeap,
    /// The most RSS seen so far.
    PeakRss,
    /// What that may become.
    PeakRssThen,
    /// CPUs that the cgroup allows.
    CpuLimit,
    /// The same as a whole number.
    Procs,
}

/// How a term goes on from the result before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum GcOperator {
    /// It begins with this.
    Start,
    /// Added.
    Plus,
    /// Multiplied.
    Times,
    /// The result so far. What comes next goes on from it.
    Equals,
    /// The result so far, rounded up.
    RoundedUp,
}

/// One line of arithmetic: bytes, but for factors and CPUs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcStep {
    /// How.
    pub operator: GcOperator,
    /// What.
    pub term: GcTerm,
    /// How much.
    pub value: f64,
}

/// What a change is expected to do: estimates from the same measurements. `null` where they allow none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcEffect {
    /// The collector's share of gopls's CPU time afterwards, 0 to 1.
    pub gc_share: Option<f64>,
    /// The most RSS afterwards.
    pub peak_rss_bytes: Option<Bytes>,
}

/// Something to try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcSuggestion {
    /// What.
    pub kind: GcSuggestionKind,
    /// The setting, and its value.
    pub change: SuggestedChange,
    /// Where the value comes from.
    pub steps: Vec<GcStep>,
    /// What it is expected to do.
    pub effect: GcEffect,
    /// How sure it is that it helps.
    pub confidence: CauseConfidence,
}

/// What is known of garbage collection in a living gopls, and what is advised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcView {
    /// What was measured.
    pub measured: GcMeasured,
    /// What it may use.
    pub machine: GcMachine,
    /// The memory limit in force: by the setting `memoryLimit`, else by the environment.
    pub limit_bytes: Option<Bytes>,
    /// Whether it is by the setting.
    pub limit_by_setting: bool,
    /// Collections take much of the CPU time, and a setting in force explains it.
    pub thrashing: bool,
    /// What to try, the most urgent first.
    pub suggestions: Vec<GcSuggestion>,
    /// Why there is no other advice, by code and values.
    pub notes: Vec<Note>,
}

/// What can be advised; `setting_bytes` is the user's `memoryLimit`, if there is one.
pub fn gc_view(measured: GcMeasured, machine: GcMachine, setting_bytes: Option<Bytes>) -> GcView {
    let by_setting = setting_bytes.filter(|bytes| *bytes > 0 && measured.knows_memory_limit());
    let limit_bytes =
        by_setting.or_else(|| measured.settings.and_then(|settings| settings.memory_limit_bytes));
    let mut case = Case { measured: &measured, machine: &machine, limit_bytes, found: Found::default() };
    if measured.loading {
        // One that thrashes is never done with it.
        if case.is_at_limit() {
            case.double_limit();
        }
        case.decline("gc-loading", []);
    } else {
        case.cpu();
        case.memory();
        case.procs();
    }
    let thrashing = case.is_thrashing();
    let Found { suggestions, notes } = case.found;
    GcView {
        limit_bytes,
        limit_by_setting: by_setting.is_some(),
        thrashing,
        suggestions,
        notes,
        measured,
        machine,
    }
}

#[derive(Default)]
struct Found {
    suggestions: Vec<GcSuggestion>,
    notes: Vec<Note>,
}

/// What is looked at, and what came of it so far.
struct Case<'a> {
    measured: &'a GcMeasured,
    machine: &'a GcMachine,
    limit_bytes: Option<Bytes>,
    found: Found,
}

impl Case<'_> {
    /// Whether collections take CPU time that somebody would feel, and what would make that less.
    fn cpu(&mut self) {
        let Some(cpu) = self.cpu_measured() else {
            let samples = self.measured.cpu.map_or(0, |cpu| cpu.samples);
            return self.decline(
                "gc-share-unknown",
                [("samples", samples.into()), ("needed", LEAST_SAMPLES.into())],
            );
        };
        if !is_notable(&cpu) {
            let values = [
                ("gc_share", cpu.share.into()),
                ("error_share", cpu.error_share.into()),
                ("least_share", NOTABLE_SHARE.into()),
            ];
            return self.decline("gc-share-low", values);
        }
        let Some(settings) = self.measured.settings else { return self.decline("gc-settings-unknown", []) };
        if self.limit_is_below_floor() {
            return self.raise_limit(CauseConfidence::Likely);
        }
        match settings.gogc_percent {
            Some(percent) if percent < DEFAULT_GOGC_PERCENT => {
                self.raise_gogc(&cpu, percent, DEFAULT_GOGC_PERCENT);
            }
            _ if self.limit_bytes.is_some() => self.decline("gc-limit-in-force", []),
            Some(percent) if percent < HIGHER_GOGC_PERCENT => {
                self.raise_gogc(&cpu, percent, HIGHER_GOGC_PERCENT);
            }
            _ => self.decline("gogc-is-high", []),
        }
    }

    /// A `GOGC` that is n times as high makes gopls collect an n-th as often.
    fn raise_gogc(&mut self, cpu: &GcCpu, from_percent: u32, to_percent: u32) {
        let Some(live_bytes) = self.measured.live_most_bytes else { return self.too_few_cycles(1) };
        let more = f64::from(to_percent - from_percent) / 100.0;
        let arithmetic = Arithmetic::start(GcTerm::LiveMost, live_bytes as f64)
            .plus(GcTerm::Ballast, self.measured.ballast_bytes as f64)
            .times(GcTerm::MoreGogc, more)
            .equals(GcTerm::MoreHeap)
            .plus(GcTerm::PeakRss, self.measured.peak_rss_bytes as f64)
            .equals(GcTerm::PeakRssThen);
        let peak_rss_bytes = arithmetic.result as Bytes;
        let restores = to_percent == DEFAULT_GOGC_PERCENT;
        let room = self.room_bytes();
        if room.is_none_or(|room| peak_rss_bytes > room) && !(restores && room.is_none()) {
            let values = [
                ("peak_rss_bytes", peak_rss_bytes.into()),
                ("room_bytes", room.map_or(Value::Text("?".to_owned()), Value::from)),
                ("gogc", u64::from(to_percent).into()),
            ];
            return self
                .decline(if room.is_none() { "gc-memory-unknown" } else { "gc-no-room-for-gogc" }, values);
        }
        let sure = restores || self.measured.recordings > 1 && cpu.samples >= 2 * LEAST_SAMPLES;
        let gc_share = from_percent > 0;
        self.found.suggestions.push(GcSuggestion {
            kind: if restores { GcSuggestionKind::RestoreGogc } else { GcSuggestionKind::HigherGogc },
            change: SuggestedChange { setting: ChangedSetting::Gogc, value: to_percent.into() },
            steps: arithmetic.steps,
            effect: GcEffect {
                gc_share: gc_share
                    .then(|| share_then(cpu.share, f64::from(from_percent) / f64::from(to_percent))),
                peak_rss_bytes: Some(peak_rss_bytes),
            },
            confidence: if sure { CauseConfidence::Likely } else { CauseConfidence::Possible },
        });
    }

    /// Whether gopls is short of memory, and whether a limit would help.
    fn memory(&mut self) {
        if let Some(limit_bytes) = self.limit_bytes {
            return self.limit_in_force(limit_bytes);
        }
        if self.measured.settings.is_none() {
            return self.decline("gc-settings-unknown", []);
        }
        let Some(memory_bytes) = self.machine.memory_bytes else {
            return self.decline("gc-memory-unknown", []);
        };
        let peak_bytes = self.measured.peak_rss_bytes;
        if (peak_bytes as f64) < SHORT_SHARE * memory_bytes as f64 {
            let values = [("peak_rss_bytes", peak_bytes.into()), ("memory_bytes", memory_bytes.into())];
            return self.decline("gc-memory-enough", values);
        }
        if self.measured.growing {
            return self.decline("gc-live-heap-growing", []);
        }
        if self.measured.cycles < LEAST_CYCLES {
            return self.too_few_cycles(LEAST_CYCLES);
        }
        let Some(floor) = self.floor() else { return };
        let arithmetic = floor.rounded_up(GcTerm::Limit, LIMIT_STEP_BYTES as f64);
        let limit_bytes = arithmetic.result as Bytes;
        let then_bytes = self.rss_at(limit_bytes);
        if then_bytes as f64 > MOST_USED_SHARE * memory_bytes as f64 {
            let values = [("floor_bytes", limit_bytes.into()), ("memory_bytes", memory_bytes.into())];
            return self.decline("gc-no-room-for-limit", values);
        }
        if then_bytes as f64 > MOST_LEFT_SHARE * peak_bytes as f64 {
            let values = [("floor_bytes", limit_bytes.into()), ("peak_rss_bytes", peak_bytes.into())];
            return self.decline("gc-limit-would-not-help", values);
        }
        self.found.suggestions.push(GcSuggestion {
            kind: GcSuggestionKind::SetLimit,
            change: SuggestedChange { setting: self.limit_setting(), value: limit_bytes },
            steps: arithmetic.steps,
            effect: GcEffect { gc_share: None, peak_rss_bytes: Some(then_bytes) },
            confidence: CauseConfidence::Possible,
        });
    }

    fn limit_in_force(&mut self, limit_bytes: Bytes) {
        if self.found.suggestions.iter().any(|found| found.kind == GcSuggestionKind::RaiseLimit) {
            return;
        }
        let Some(floor) = self.floor() else { return self.too_few_cycles(1) };
        let values = [("limit_bytes", limit_bytes.into()), ("floor_bytes", floor.result.into())];
        if !self.limit_is_below_floor() {
            self.decline("gc-limit-above-floor", values);
        } else if self.cpu_measured().is_some() {
            // It could thrash, and does not: the measurement counts more.
            self.decline("gc-limit-below-floor", values);
        } else {
            self.raise_limit(CauseConfidence::Possible);
        }
    }

    fn raise_limit(&mut self, confidence: CauseConfidence) {
        let (Some(floor), Some(old_bytes)) = (self.floor(), self.limit_bytes) else { return };
        let arithmetic =
            floor.times(GcTerm::Reserve, RAISED_TIMES).rounded_up(GcTerm::Limit, LIMIT_STEP_BYTES as f64);
        let gc_share = self.share_with_limit(old_bytes, arithmetic.result as Bytes);
        self.suggest_raised(arithmetic, gc_share, confidence);
    }

    /// The limit that the arithmetic came to, unless there is no room for it.
    fn suggest_raised(&mut self, arithmetic: Arithmetic, gc_share: Option<f64>, confidence: CauseConfidence) {
        let limit_bytes = arithmetic.result as Bytes;
        let then_bytes = self.rss_at(limit_bytes);
        if let Some(room) = self.room_bytes().filter(|room| then_bytes > *room) {
            let values = [("floor_bytes", limit_bytes.into()), ("memory_bytes", room.into())];
            return self.decline("gc-no-room-for-limit", values);
        }
        self.found.suggestions.push(GcSuggestion {
            kind: GcSuggestionKind::RaiseLimit,
            change: SuggestedChange { setting: self.limit_setting(), value: limit_bytes },
            steps: arithmetic.steps,
            effect: GcEffect { gc_share, peak_rss_bytes: Some(then_bytes.max(self.measured.rss_bytes)) },
            confidence,
        });
    }

    /// Go before 1.25 starts as many threads as the machine has CPUs, and its cgroup stops all of them when what it allows
    /// is used up.
    fn procs(&mut self) {
        let GcMachine { cpus: Some(cpus), cpu_limit: Some(limit), throttled_ns, .. } = *self.machine else {
            return;
        };
        let procs = limit.max(1.0).ceil();
        if procs >= f64::from(cpus)
            || self.measured.settings.is_none_or(|settings| settings.max_procs.is_some())
        {
            return;
        }
        let values = [("cpu_limit", limit.into()), ("cpus", u64::from(cpus).into())];
        match minor(self.measured.go_version.as_deref(), "go1.") {
            None => {}
            Some(minor) if minor >= CPU_LIMIT_KNOWN_SINCE => self.decline("gc-go-knows-cpu-limit", values),
            Some(_) if throttled_ns.unwrap_or(0) == 0 => self.decline("gc-never-throttled", values),
            Some(_) => {
                let arithmetic = Arithmetic::start(GcTerm::CpuLimit, limit).rounded_up(GcTerm::Procs, 1.0);
                self.found.suggestions.push(GcSuggestion {
                    kind: GcSuggestionKind::LimitProcs,
                    change: SuggestedChange { setting: ChangedSetting::GoMaxProcs, value: procs as u64 },
                    steps: arithmetic.steps,
                    effect: GcEffect::default(),
                    confidence: CauseConfidence::Likely,
                });
            }
        }
    }

    /// What gopls needs is not known yet, only that it is more than this limit leaves it.
    fn double_limit(&mut self) {
        let Some(limit_bytes) = self.limit_bytes else { return };
        let arithmetic = Arithmetic::start(GcTerm::LimitNow, limit_bytes as f64)
            .times(GcTerm::Doubled, 2.0)
            .rounded_up(GcTerm::Limit, LIMIT_STEP_BYTES as f64);
        self.suggest_raised(arithmetic, None, CauseConfidence::Likely);
    }

    /// Whether collections take much of the CPU time and hold Go's memory at the limit: whatever is live, it is too much.
    fn is_at_limit(&self) -> bool {
        let thrashes = |cpu: GcCpu| is_notable(&cpu) && cpu.share >= THRASH_SHARE;
        let go_bytes = self.measured.go_bytes as f64;
        self.cpu_measured().is_some_and(thrashes)
            && self.limit_bytes.is_some_and(|limit| go_bytes >= AT_LIMIT_SHARE * limit as f64)
    }

    /// The share of CPU time, when enough of it was recorded.
    fn cpu_measured(&self) -> Option<GcCpu> {
        self.measured.cpu.filter(|cpu| cpu.samples >= LEAST_SAMPLES)
    }

    fn is_thrashing(&self) -> bool {
        let low_gogc =
            |settings: GcSettings| settings.gogc_percent.is_some_and(|gogc| gogc < LOW_GOGC_PERCENT);
        let cpu = self.cpu_measured().filter(is_notable);
        cpu.is_some_and(|cpu| cpu.share >= THRASH_SHARE)
            && (self.limit_is_below_floor()
                || self.is_at_limit()
                || self.measured.settings.is_some_and(low_gogc))
    }

    /// The least that a limit should be.
    fn floor(&self) -> Option<Arithmetic> {
        let live_bytes = self.measured.live_most_bytes?;
        let arithmetic = Arithmetic::start(GcTerm::LiveMost, live_bytes as f64)
            .plus(GcTerm::Ballast, self.measured.ballast_bytes as f64)
            .times(GcTerm::FloorTimes, FLOOR_TIMES)
            .plus(GcTerm::BesideHeap, self.measured.beside_heap_bytes as f64);
        Some(arithmetic.equals(GcTerm::Floor))
    }

    fn limit_is_below_floor(&self) -> bool {
        self.limit_bytes.zip(self.floor()).is_some_and(|(limit, floor)| (limit as f64) < floor.result)
    }

    /// RSS of a gopls whose Go memory is this much: the limit counts the ballast, which is not resident, and not the files.
    fn rss_at(&self, limit_bytes: Bytes) -> Bytes {
        let files = self.measured.file_bytes.unwrap_or(0);
        limit_bytes.saturating_sub(self.measured.ballast_bytes).saturating_add(files)
    }

    /// How much gopls may come to use.
    fn room_bytes(&self) -> Option<Bytes> {
        self.machine.memory_bytes.map(|bytes| (bytes as f64 * MOST_USED_SHARE) as Bytes)
    }

    /// The share with another limit: what can be allocated between two collections is another amount.
    fn share_with_limit(&self, old_bytes: Bytes, new_bytes: Bytes) -> Option<f64> {
        let share = self.cpu_measured()?.share;
        let needed = self.measured.live_most_bytes? + self.measured.ballast_bytes;
        let percent = self.measured.settings?.gogc_percent.unwrap_or(u32::MAX);
        let between = |limit: Bytes| {
            let room = limit as f64 - needed as f64 - self.measured.beside_heap_bytes as f64;
            room.min(needed as f64 * f64::from(percent) / 100.0)
        };
        let (old, new) = (between(old_bytes), between(new_bytes));
        (old > 0.0 && new > old).then(|| share_then(share, old / new))
    }

    fn limit_setting(&self) -> ChangedSetting {
        if self.measured.knows_memory_limit() {
            ChangedSetting::MemoryLimit
        } else {
            ChangedSetting::GoMemLimit
        }
    }

    fn too_few_cycles(&mut self, needed: u32) {
        let values =
            [("cycles", u64::from(self.measured.cycles).into()), ("needed", u64::from(needed).into())];
        self.decline("gc-too-few-cycles", values);
    }

    fn decline<const N: usize>(&mut self, code: &str, values: [(&str, Value); N]) {
        if !self.found.notes.iter().any(|note| note.code == code) {
            self.found.notes.push(Note { code: code.to_owned(), values: named(values) });
        }
    }
}

impl GcMeasured {
    /// Whether this gopls has the setting `memoryLimit`.
    pub(super) fn knows_memory_limit(&self) -> bool {
        minor(self.gopls_version.as_deref(), "v0.").is_some_and(|minor| minor >= MEMORY_LIMIT_SINCE)
    }
}

/// What comes between two releases may be of before what the later one brought: then it counts as the earlier one.
fn minor(version: Option<&str>, prefix: &str) -> Option<u32> {
    let rest = version?.strip_prefix(prefix)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let minor: u32 = rest[..digits].parse().ok()?;
    let released = !rest.contains("-") && !rest.contains("rc");
    Some(if released { minor } else { minor.saturating_sub(1) })
}

fn is_notable(cpu: &GcCpu) -> bool {
    cpu.share >= NOTABLE_SHARE && cpu.share - cpu.error_share >= SURE_SHARE
}

/// The share `s` of CPU time when there is `times` as much of that work and as much of the rest.
fn share_then(share: f64, times: f64) -> f64 {
    let then = share * times;
    then / (1.0 - share + then)
}

/// Steps and their result so far.
struct Arithmetic {
    steps: Vec<GcStep>,
    result: f64,
}

impl Arithmetic {
    fn start(term: GcTerm, value: f64) -> Self {
        Self { steps: vec![GcStep { operator: GcOperator::Start, term, value }], result: value }
    }

    fn step(mut self, operator: GcOperator, term: GcTerm, value: f64, result: f64) -> Self {
        self.steps.push(GcStep { operator, term, value });
        Self { result, ..self }
    }

    fn plus(self, term: GcTerm, value: f64) -> Self {
        let result = self.result + value;
        self.step(GcOperator::Plus, term, value, result)
    }

    fn times(self, term: GcTerm, value: f64) -> Self {
        let result = self.result * value;
        self.step(GcOperator::Times, term, value, result)
    }

    fn equals(self, term: GcTerm) -> Self {
        let result = self.result;
        self.step(GcOperator::Equals, term, result, result)
    }

    fn rounded_up(self, term: GcTerm, step: f64) -> Self {
        let result = (self.result / step).ceil() * step;
        self.step(GcOperator::RoundedUp, term, result, result)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::super::cpu::tests::cpu;
    use super::*;
    use crate::model::MB;

    const GB: Bytes = 1_000 * MB;
    const PLENTY: GcMachine = GcMachine {
        cpus: Some(8),
        cpu_limit: None,
        throttled_ns: None,
        memory_bytes: Some(32 * GB),
        memory_is_limited: false,
    };

    /// A gopls with 600 MB live, 1.6 GB at most, of which the collector took this share of CPU time.
    fn measured(share: f64) -> GcMeasured {
        GcMeasured {
            pid: 4711,
            at_ns: 1,
            loading: false,
            cycles: 12,
            live_median_bytes: Some(580 * MB),
            live_most_bytes: Some(600 * MB),
            growing: false,
            ballast_bytes: 100 * MB,
            beside_heap_bytes: 60 * MB,
            go_bytes: 1_250 * MB,
            file_bytes: Some(30 * MB),
            rss_bytes: 1_200 * MB,
            peak_rss_bytes: 1_600 * MB,
            cpu: Some(cpu(share, 400)),
            recordings: 3,
            settings: Some(GcSettings::default()),
            gopls_version: Some("v0.23.0".into()),
            go_version: Some("go1.26.8".into()),
        }
    }

    fn with(change: impl FnOnce(&mut GcSettings), share: f64) -> GcMeasured {
        let mut settings = GcSettings::default();
        change(&mut settings);
        GcMeasured { settings: Some(settings), ..measured(share) }
    }

    fn memory(bytes: Bytes) -> GcMachine {
        GcMachine { memory_bytes: Some(bytes), memory_is_limited: true, ..PLENTY }
    }

    fn codes(view: &GcView) -> Vec<&str> {
        view.notes.iter().map(|note| note.code.as_str()).collect()
    }

    fn only(view: &GcView) -> &GcSuggestion {
        assert_eq!(view.suggestions.len(), 1, "{view:?}");
        &view.suggestions[0]
    }

    /// What the steps come to, calculated again.
    fn recalculated(steps: &[GcStep]) -> f64 {
        steps.iter().fold(0.0, |result, step| match step.operator {
            GcOperator::Start => step.value,
            GcOperator::Plus => result + step.value,
            GcOperator::Times => result * step.value,
            GcOperator::Equals => {
                assert!((result - step.value).abs() < 1.0, "{steps:?}");
                result
            }
            GcOperator::RoundedUp => {
                assert!(step.value >= result && step.value - result <= LIMIT_STEP_BYTES as f64, "{steps:?}");
                step.value
            }
        })
    }

    #[test]
    fn a_small_share_and_enough_memory_are_no_reason_for_anything() {
        let view = gc_view(measured(0.05), PLENTY, None);
        assert!(view.suggestions.is_empty() && !view.thrashing);
        assert_eq!(codes(&view), ["gc-share-low", "gc-memory-enough"]);
        // Large by chance is not large.
        let few = GcMeasured { cpu: Some(cpu(0.2, 100)), ..measured(0.0) };
        let noisy = GcMeasured { cpu: Some(cpu(0.16, 100)), ..measured(0.0) };
        assert_eq!(only(&gc_view(few, PLENTY, None)).kind, GcSuggestionKind::HigherGogc);
        assert_eq!(codes(&gc_view(noisy, PLENTY, None))[0], "gc-share-low");
    }

    #[test]
    fn what_was_not_measured_is_said_and_nothing_is_advised() {
        let unknown = GcMeasured { cpu: None, recordings: 0, ..measured(0.0) };
        assert_eq!(codes(&gc_view(unknown, PLENTY, None)), ["gc-share-unknown", "gc-memory-enough"]);
        let short = GcMeasured { cpu: Some(cpu(0.9, 30)), ..measured(0.0) };
        assert_eq!(codes(&gc_view(short, PLENTY, None))[0], "gc-share-unknown");
        let hidden = GcMeasured { settings: None, ..measured(0.4) };
        assert_eq!(codes(&gc_view(hidden, PLENTY, None)), ["gc-settings-unknown"]);
        let loading = GcMeasured { loading: true, ..measured(0.4) };
        assert_eq!(codes(&gc_view(loading, PLENTY, None)), ["gc-loading"]);
        let elsewhere = GcMachine { memory_bytes: None, ..PLENTY };
        assert_eq!(codes(&gc_view(measured(0.3), elsewhere, None)), ["gc-memory-unknown"]);
    }

    #[test]
    fn with_memory_to_spare_a_large_share_is_halved_by_a_higher_gogc() {
        let view = gc_view(measured(0.3), PLENTY, None);
        let found = only(&view);
        let gogc = SuggestedChange { setting: ChangedSetting::Gogc, value: 200 };
        assert_eq!((found.kind, found.change), (GcSuggestionKind::HigherGogc, gogc));
        // 600 + 100 MB more on top of 1.6 GB.
        assert_eq!(found.effect.peak_rss_bytes, Some(2_300 * MB));
        assert_eq!(recalculated(&found.steps), 2_300e6);
        // 30 of 100 become 15 of 85.
        assert!((found.effect.gc_share.unwrap() - 15.0 / 85.0).abs() < 1e-9);
        assert!(!view.thrashing, "much work is no thrashing");
        assert_eq!(codes(&gc_view(measured(0.3), memory(3 * GB), None))[0], "gc-no-room-for-gogc");
        let high = with(|settings| settings.gogc_percent = Some(300), 0.3);
        assert_eq!(codes(&gc_view(high, PLENTY, None))[0], "gogc-is-high");
    }

    #[test]
    fn a_low_gogc_is_told_as_what_it_does() {
        let view = gc_view(with(|settings| settings.gogc_percent = Some(10), 0.6), PLENTY, None);
        let found = only(&view);
        assert!(view.thrashing);
        assert_eq!((found.kind, found.change.value), (GcSuggestionKind::RestoreGogc, 100));
        assert_eq!(found.effect.peak_rss_bytes, Some(1_600 * MB + 630 * MB));
        assert!(found.effect.gc_share.unwrap() < 0.15);
        let quiet = gc_view(with(|settings| settings.gogc_percent = Some(10), 0.05), PLENTY, None);
        assert!(!quiet.thrashing && quiet.suggestions.is_empty(), "a gopls at rest does not feel it");
    }

    #[test]
    fn a_limit_below_the_floor_that_thrashes_is_raised() {
        let limited = |share| with(|settings| settings.memory_limit_bytes = Some(750 * MB), share);
        let view = gc_view(limited(0.45), PLENTY, None);
        let found = only(&view);
        assert!(view.thrashing && !view.limit_by_setting);
        assert_eq!(found.kind, GcSuggestionKind::RaiseLimit);
        assert_eq!(found.change.setting, ChangedSetting::GoMemLimit);
        // 1.25 × (2 × (600 + 100) + 60), in steps of 64 MiB.
        let (least, value) = (1_825 * MB, found.change.value);
        assert!(value >= least && value - least < LIMIT_STEP_BYTES && value % LIMIT_STEP_BYTES == 0);
        assert_eq!(recalculated(&found.steps), value as f64);
        assert_eq!(found.effect.gc_share, None, "the old limit left nothing between two collections");
        // It might, and does not.
        let quiet = gc_view(limited(0.05), PLENTY, None);
        assert_eq!(codes(&quiet), ["gc-share-low", "gc-limit-below-floor"]);
        assert!(quiet.suggestions.is_empty());
        // Nobody knows.
        let unknown = gc_view(GcMeasured { cpu: None, ..limited(0.0) }, PLENTY, None);
        assert_eq!(only(&unknown).confidence, CauseConfidence::Possible);
        // There is no more.
        assert!(codes(&gc_view(limited(0.45), memory(2 * GB), None)).contains(&"gc-no-room-for-limit"));
    }

    /// One that thrashes may never be done with its load, so what it needs is never known.
    #[test]
    fn a_load_that_is_held_at_the_limit_is_thrashing() {
        let loading = |share, go_bytes| {
            let limited = with(|settings| settings.memory_limit_bytes = Some(300 * MB), share);
            GcMeasured { loading: true, live_most_bytes: None, cycles: 0, go_bytes, ..limited }
        };
        let view = gc_view(loading(0.4, 290 * MB), PLENTY, None);
        assert!(view.thrashing);
        let found = only(&view);
        assert_eq!(found.kind, GcSuggestionKind::RaiseLimit);
        assert_eq!(
            (recalculated(&found.steps) as u64, found.change.value >= 600 * MB),
            (found.change.value, true)
        );
        for calm in [loading(0.4, 200 * MB), loading(0.1, 290 * MB)] {
            let view = gc_view(calm, PLENTY, None);
            assert!(!view.thrashing && view.suggestions.is_empty() && codes(&view) == ["gc-loading"]);
        }
    }

    #[test]
    fn from_v0_24_on_a_limit_is_gopls_s_own_setting() {
        let of = |version: &str, setting| {
            let measured = GcMeasured { gopls_version: Some(version.into()), ..measured(0.45) };
            gc_view(measured, PLENTY, setting)
        };
        let view = of("v0.24.0", Some(700 * MB));
        assert!(view.limit_by_setting && view.thrashing);
        assert_eq!(only(&view).change.setting, ChangedSetting::MemoryLimit);
        // Earlier ones do not know it, so it limits nothing.
        for version in ["v0.23.0", "v0.24.0-pre.1", "(devel)"] {
            assert_eq!(of(version, Some(700 * MB)).limit_bytes, None, "{version}");
        }
        assert_eq!(of("v0.24.0", Some(0)).limit_bytes, None);
    }

    #[test]
    fn a_gopls_short_of_memory_gets_a_limit_that_is_far_from_its_live_heap_or_none() {
        let peaks = GcMeasured { peak_rss_bytes: 2_000 * MB, ..measured(0.05) };
        let view = gc_view(peaks.clone(), memory(2_500 * MB), None);
        let found = only(&view);
        assert_eq!((found.kind, found.confidence), (GcSuggestionKind::SetLimit, CauseConfidence::Possible));
        assert_eq!(recalculated(&found.steps), found.change.value as f64);
        assert!(found.effect.peak_rss_bytes.unwrap() < 2_000 * MB);
        for (measured, machine, code) in [
            (GcMeasured { cycles: 4, ..peaks.clone() }, memory(2_500 * MB), "gc-too-few-cycles"),
            (GcMeasured { growing: true, ..peaks.clone() }, memory(2_500 * MB), "gc-live-heap-growing"),
            (peaks.clone(), memory(1_600 * MB), "gc-no-room-for-limit"),
            (
                GcMeasured { peak_rss_bytes: 1_440 * MB, ..peaks },
                memory(2_300 * MB),
                "gc-limit-would-not-help",
            ),
        ] {
            let view = gc_view(measured, machine, None);
            assert!(view.suggestions.is_empty() && codes(&view).contains(&code), "{code}: {view:?}");
        }
    }

    #[test]
    fn go_before_1_25_is_told_how_many_cpus_it_has() {
        let limited = GcMachine { cpu_limit: Some(1.5), throttled_ns: Some(5), ..PLENTY };
        let old = |go: &str| GcMeasured { go_version: Some(go.into()), ..measured(0.05) };
        let view = gc_view(old("go1.24.6"), limited, None);
        let found = only(&view);
        let two = SuggestedChange { setting: ChangedSetting::GoMaxProcs, value: 2 };
        assert_eq!((found.kind, found.change), (GcSuggestionKind::LimitProcs, two));
        assert!(codes(&gc_view(old("go1.26.8"), limited, None)).contains(&"gc-go-knows-cpu-limit"));
        let calm = GcMachine { throttled_ns: Some(0), ..limited };
        assert!(codes(&gc_view(old("go1.24.6"), calm, None)).contains(&"gc-never-throttled"));
        assert!(gc_view(old("go1.24.6"), PLENTY, None).suggestions.is_empty());
    }

    proptest! {
        /// Whatever is measured: no limit is advised below the floor or above what the machine has, every value can be
        /// tried, the arithmetic comes to it, and a share stays one.
        #[test]
        fn no_advice_is_ever_dangerous(
            live in 1u64..20_000, peak in 1u64..60_000, beside in 0u64..2_000, memory_mb in 100u64..200_000,
            share in 0.0f64..1.0, samples in 0u64..2_000, gogc in prop::option::of(0u32..1_000),
            limit in prop::option::of(1u64..60_000), setting in prop::option::of(0u64..60_000), newer: bool,
            cycles in 0u32..20, cpu_limit in prop::option::of(0.01f64..64.0),
        ) {
            let measured = GcMeasured {
                cycles,
                live_median_bytes: (cycles > 0).then_some(live * MB / 2),
                live_most_bytes: (cycles > 0).then_some(live * MB),
                beside_heap_bytes: beside * MB,
                peak_rss_bytes: peak * MB,
                cpu: Some(cpu(share, samples)),
                settings: Some(GcSettings {
                    gogc_percent: gogc,
                    memory_limit_bytes: limit.map(|mb| mb * MB),
                    max_procs: None,
                }),
                gopls_version: Some(if newer { "v0.24.0" } else { "v0.23.0" }.into()),
                go_version: Some("go1.24.1".into()),
                ..measured(0.0)
            };
            let machine = GcMachine { cpu_limit, throttled_ns: Some(1), ..memory(memory_mb * MB) };
            let floor = 2 * (live + 100) * MB + beside * MB;
            let view = gc_view(measured, machine, setting.map(|mb| mb * MB));
            for found in &view.suggestions {
                let text = serde_json::to_string(&found.change).unwrap();
                let read: SuggestedChange = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(read, found.change);
                let result = recalculated(&found.steps);
                if matches!(found.kind, GcSuggestionKind::RaiseLimit | GcSuggestionKind::SetLimit) {
                    prop_assert!(found.change.value >= floor, "{found:?}");
                    prop_assert!(result == found.change.value as f64);
                    prop_assert!(found.change.value < memory_mb * MB + 100 * MB);
                }
                if let Some(then) = found.effect.gc_share {
                    prop_assert!((0.0..=share + 1e-9).contains(&then), "{found:?}");
                }
                if let Some(bytes) = found.effect.peak_rss_bytes.filter(|_| found.kind != GcSuggestionKind::RestoreGogc) {
                    prop_assert!(bytes <= memory_mb * MB || bytes <= 1_200 * MB, "{found:?}");
                }
            }
        }
    }
}
