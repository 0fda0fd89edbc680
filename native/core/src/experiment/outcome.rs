//! What was measured in an experiment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Comparison, Scenario, Shape, StepKind};
use crate::apart::{Told, median};
use crate::log::LogLoad;
use crate::model::{Bytes, Ns};

/// The version of the JSON's layout.
pub(super) const FORMAT: u32 = 1;

/// Everything about an experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Experiment {
    /// Version of this layout.
    pub format: u32,
    /// The version of Stallscope that did it.
    pub stallscope: String,
    /// When it began, Unix time in ms.
    pub began_unix_ms: f64,
    /// What was done in each run.
    pub scenario: Scenario,
    /// With which source.
    pub workspace: Workspace,
    /// On what.
    pub machine: Machine,
    /// One gopls with its settings, or two to be compared.
    pub sides: Vec<Side>,
    /// What the two say; absent with one.
    pub comparison: Option<Comparison>,
}

impl Experiment {
    /// Puts it together; two sides are compared.
    pub fn new(
        (stallscope, began_unix_ms): (String, f64),
        scenario: Scenario,
        workspace: Workspace,
        machine: Machine,
        sides: Vec<Side>,
    ) -> Self {
        let comparison = match &sides[..] {
            [first, second] => Some(Comparison::of(first, second)),
            _ => None,
        };
        Self { format: FORMAT, stallscope, began_unix_ms, scenario, workspace, machine, sides, comparison }
    }

    /// What the comparison says of a measure; `None` where nothing is compared.
    pub fn told(&self, measure: Measure) -> Option<Told> {
        self.comparison.as_ref()?.measures.iter().find(|m| m.measure == measure).map(|m| m.told)
    }
}

/// The source it was done with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Workspace {
    /// The folder that was asked about; absent for a generated one.
    pub folder: Option<String>,
    /// The sizes of a generated one.
    pub generated: Option<Shape>,
    /// Go files in it.
    pub go_files: u64,
    /// The files that were open, below the folder.
    pub open_files: Vec<String>,
    /// Why the files themselves were not saved but only said to be; absent when they were, in a copy.
    pub not_saved: Option<String>,
}

/// The machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Machine {
    /// CPUs that gopls may use.
    pub cpus: u32,
    /// Operating system and architecture, `linux/x86_64`.
    pub system: String,
    /// What `go version` says; absent when it says nothing.
    pub go: Option<String>,
}

impl Machine {
    /// For people.
    pub fn words(&self) -> String {
        format!(
            "{} CPUs, {}, {}",
            self.cpus,
            self.system,
            self.go.as_deref().unwrap_or("no `go` that says its version")
        )
    }
}

/// One of the gopls that are compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Side {
    /// What tells it from the other.
    pub name: String,
    /// Its executable.
    pub gopls: String,
    /// Its version, where it told it.
    pub version: Option<String>,
    /// The settings it was given, as JSON values.
    pub settings: BTreeMap<String, serde_json::Value>,
    /// Its runs, in their order.
    pub runs: Vec<RunOutcome>,
}

/// One run: a gopls from its start to its end, and a second one for the warm load.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunOutcome {
    /// When it began, Unix time in ms.
    pub began_unix_ms: f64,
    /// The load with an empty cache.
    pub cold_load: LoadOutcome,
    /// The load with the cache of the same run; absent when none was asked for.
    pub warm_load: Option<LoadOutcome>,
    /// What was done then, by kind.
    pub steps: Vec<StepOutcome>,
    /// Where its memory went.
    pub memory: MemoryOutcome,
    /// Each `go/packages.Load` of the first gopls.
    pub loads: Vec<LogLoad>,
    /// Of these, those whose question had been asked before while nothing that it depends on has been changed by us since.
    pub needless_loads: u32,
    /// Waits that were stalls, by the rules of the editor's extension.
    pub stalls: u32,
    /// Their incidents and other captures, by id.
    pub incidents: Vec<String>,
    /// Why gopls could not load the workspace, in its own words: what it knows then is not what it would know.
    pub load_error: Option<String>,
    /// What else it wanted to be seen by somebody, as that it does not know a setting.
    pub messages: Vec<String>,
    /// Why the run could not be done to its end: gopls crashed, did not answer, was stopped.
    pub ended_early: Option<String>,
}

/// How long a load of the workspace took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoadOutcome {
    /// Until gopls said that its packages are loaded, from the start of the process.
    pub loaded_ns: Option<Ns>,
    /// Until the first hover was answered, from the start of the process. This is what somebody waits for.
    pub first_answer_ns: Option<Ns>,
    /// The most RSS until then.
    pub peak_rss_bytes: Option<Bytes>,
}

/// All steps of one kind in one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StepOutcome {
    /// Which.
    pub kind: StepKind,
    /// How long each took that was answered, in their order.
    pub durations_ns: Vec<Ns>,
    /// The same in figures; absent without any.
    pub durations: Option<Durations>,
    /// Those that were not answered with success.
    pub failed: Vec<Failed>,
}

impl StepOutcome {
    /// Of durations in their order.
    pub fn new(kind: StepKind, durations_ns: Vec<Ns>, failed: Vec<Failed>) -> Self {
        Self { kind, durations: Durations::of(&durations_ns), durations_ns, failed }
    }
}

/// Durations in figures. A percentile is one of them (nearest rank), no value in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Durations {
    /// Half of them were no longer.
    pub p50_ns: Ns,
    /// 19 of 20 were no longer.
    pub p95_ns: Ns,
    /// 99 of 100 were no longer.
    pub p99_ns: Ns,
    /// None was longer.
    pub longest_ns: Ns,
}

impl Durations {
    /// `None` for no durations.
    pub fn of(durations: &[Ns]) -> Option<Self> {
        let mut sorted = durations.to_vec();
        sorted.sort_unstable();
        let longest_ns = *sorted.last()?;
        let rank = |percent: usize| sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1];
        Some(Self { p50_ns: rank(50), p95_ns: rank(95), p99_ns: rank(99), longest_ns })
    }
}

/// A step without success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failed {
    /// The how many-th of its kind, from 1.
    pub number: u32,
    /// What happened.
    pub why: String,
}

/// Where the memory of the first gopls went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemoryOutcome {
    /// The most RSS of the whole run.
    pub peak_rss_bytes: Option<Bytes>,
    /// RSS at its end.
    pub end_rss_bytes: Option<Bytes>,
    /// Heap in use by the last profile, without gopls's 100 MB ballast: live after a forced collection, as of the last
    /// natural one otherwise.
    pub live_heap_bytes: Option<Bytes>,
    /// Whether a collection was forced for that.
    pub gc_forced: bool,
    /// Goroutines at the end.
    pub goroutines: Option<u64>,
}

/// What is compared. Less is better in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "what", content = "step")]
pub enum Measure {
    /// From the start with an empty cache to loaded packages, ns.
    ColdLoad,
    /// From the start with an empty cache to the first answer, ns.
    ColdFirstAnswer,
    /// The same with a cache, ns.
    WarmLoad,
    /// The same with a cache, ns.
    WarmFirstAnswer,
    /// The middle of all steps of a kind, ns.
    Median(StepKind),
    /// What 19 of 20 of them do not exceed, ns.
    P95(StepKind),
    /// The most RSS, bytes.
    PeakRss,
    /// Heap in use at the end, bytes.
    LiveHeap,
    /// Goroutines at the end.
    Goroutines,
    /// Runs of `go list`.
    Loads,
    /// Those of them without need.
    NeedlessLoads,
    /// Waits that were stalls.
    Stalls,
}

/// In what a measure is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    /// ns.
    Time,
    /// bytes.
    Memory,
    /// Things.
    Count,
}

impl Measure {
    /// All of them, in the order in which they are shown.
    pub fn all() -> impl Iterator<Item = Self> {
        let steps = StepKind::ALL.into_iter().flat_map(|kind| [Self::Median(kind), Self::P95(kind)]);
        [Self::ColdLoad, Self::ColdFirstAnswer, Self::WarmLoad, Self::WarmFirstAnswer]
            .into_iter()
            .chain(steps)
            .chain([
                Self::PeakRss,
                Self::LiveHeap,
                Self::Goroutines,
                Self::Loads,
                Self::NeedlessLoads,
                Self::Stalls,
            ])
    }

    /// Its value in a run; `None` when it was not measured.
    pub fn of(self, run: &RunOutcome) -> Option<f64> {
        let ns = |value: Option<Ns>| value.map(|value| value as f64);
        let durations =
            |kind| run.steps.iter().find(|step| step.kind == kind).and_then(|step| step.durations);
        match self {
            Self::ColdLoad => ns(run.cold_load.loaded_ns),
            Self::ColdFirstAnswer => ns(run.cold_load.first_answer_ns),
            Self::WarmLoad => ns(run.warm_load.and_then(|load| load.loaded_ns)),
            Self::WarmFirstAnswer => ns(run.warm_load.and_then(|load| load.first_answer_ns)),
            Self::Median(kind) => ns(durations(kind).map(|durations| durations.p50_ns)),
            Self::P95(kind) => ns(durations(kind).map(|durations| durations.p95_ns)),
            Self::PeakRss => ns(run.memory.peak_rss_bytes),
            Self::LiveHeap => ns(run.memory.live_heap_bytes),
            Self::Goroutines => ns(run.memory.goroutines),
            Self::Loads => Some(run.loads.len() as f64),
            Self::NeedlessLoads => Some(f64::from(run.needless_loads)),
            Self::Stalls => Some(f64::from(run.stalls)),
        }
    }

    /// In what it is counted.
    pub fn used(self) -> Used {
        match self {
            Self::PeakRss | Self::LiveHeap => Used::Memory,
            Self::Goroutines | Self::Loads | Self::NeedlessLoads | Self::Stalls => Used::Count,
            _ => Used::Time,
        }
    }

    /// For people: `hover, p95`.
    pub fn title(self) -> String {
        let fixed = match self {
            Self::Median(kind) => return format!("{}, p50", kind.name()),
            Self::P95(kind) => return format!("{}, p95", kind.name()),
            Self::ColdLoad => "cold load",
            Self::ColdFirstAnswer => "cold, first answer",
            Self::WarmLoad => "warm load",
            Self::WarmFirstAnswer => "warm, first answer",
            Self::PeakRss => "peak RSS",
            Self::LiveHeap => "heap in use at the end",
            Self::Goroutines => "goroutines at the end",
            Self::Loads => "go/packages.Load",
            Self::NeedlessLoads => "of these without need",
            Self::Stalls => "stalls",
        };
        fixed.to_owned()
    }

    /// A value of it for people.
    pub fn text(self, value: f64) -> String {
        match self.used() {
            Used::Time if value >= 1e9 => format!("{:.2} s", value / 1e9),
            Used::Time if value >= 1e7 => format!("{:.0} ms", value / 1e6),
            Used::Time => format!("{:.2} ms", value / 1e6),
            Used::Memory => format!("{:.0} MB", value / 1e6),
            Used::Count => format!("{value:.0}"),
        }
    }
}

impl Side {
    /// The values of a measure in those runs that have one.
    pub fn values(&self, measure: Measure) -> Vec<f64> {
        self.runs.iter().filter_map(|run| measure.of(run)).collect()
    }

    /// The middle of them.
    pub fn median(&self, measure: Measure) -> Option<f64> {
        median(&self.values(measure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_there() {
        let all: Vec<Ns> = (1..=200).collect();
        let durations = Durations::of(&all);
        assert_eq!(durations, Some(Durations { p50_ns: 100, p95_ns: 190, p99_ns: 198, longest_ns: 200 }));
        assert_eq!(Durations::of(&[7]).map(|d| (d.p50_ns, d.p99_ns)), Some((7, 7)));
        assert_eq!(Durations::of(&[]), None);
    }

    #[test]
    fn every_measure_has_a_title_of_its_own() {
        let titles: std::collections::BTreeSet<_> = Measure::all().map(Measure::title).collect();
        assert_eq!(titles.len(), Measure::all().count());
    }
}
