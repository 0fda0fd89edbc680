//! Whether an experiment stays within limits, and within what it was before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::compare::least;
use super::outcome::{Experiment, Machine, Measure, RunOutcome, Side, StepOutcome};
use super::scenario::Scenario;
use crate::apart::{Told, median};
use crate::model::{MB, MS, Ns, SECOND};

/// The version of a baseline's layout.
const BASELINE_FORMAT: u32 = 1;
/// A baseline holds one list of values per measure.
const MOST_BASELINE_VALUES: usize = 200;

/// What must not be exceeded. Absent: it is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Thresholds {
    /// Heap in use at the end, MB (10^6 bytes); alive where a collection was forced.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub heap_mb: Option<f64>,
    /// A latency, ms …
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub latency_ms: Option<f64>,
    /// … which so many answers in a row must not exceed. One that never came counts as one that did.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub latency_streak: u32,
    /// The most RSS, MB.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub peak_rss_mb: Option<f64>,
    /// From the start with an empty cache to the first answer, seconds.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub cold_load_s: Option<f64>,
    /// Waits that were stalls, in one run.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub stalls: Option<f64>,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            heap_mb: Some(512.0),
            latency_ms: Some(800.0),
            latency_streak: 3,
            peak_rss_mb: None,
            cold_load_s: None,
            stalls: None,
        }
    }
}

/// A limit that is none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{name} must be a number {least}, not {value}")]
pub struct ThresholdError {
    name: &'static str,
    least: &'static str,
    value: f64,
}

impl Thresholds {
    /// The same, with every number checked.
    ///
    /// # Errors
    /// The first that is no limit.
    pub fn checked(self) -> Result<Self, ThresholdError> {
        for (name, value) in [
            ("heap-mb", self.heap_mb),
            ("latency-ms", self.latency_ms),
            ("latency-streak", Some(f64::from(self.latency_streak))),
            ("peak-rss-mb", self.peak_rss_mb),
            ("cold-load-s", self.cold_load_s),
        ] {
            if let Some(value) = value
                && !(value.is_finite() && value > 0.0)
            {
                return Err(ThresholdError { name, least: "above 0", value });
            }
        }
        // No stall at all is a limit.
        match self.stalls.filter(|stalls| !(stalls.is_finite() && *stalls >= 0.0)) {
            Some(value) => Err(ThresholdError { name: "stalls", least: "from 0 on", value }),
            None => Ok(self),
        }
    }

    /// Holds them against all runs of a side: of the figures the middle one counts, of latencies the longest row.
    pub fn judge(&self, side: &Side) -> Vec<Checked> {
        let figure = |name: &str, measure: Measure, limit: Option<f64>, one: f64| {
            limit.map(|limit| Checked::of(name, measure, side.median(measure), limit * one))
        };
        let latency = self.latency_ms.map(|limit_ms| self.latencies(side, limit_ms * MS as f64));
        [
            figure("heap", Measure::LiveHeap, self.heap_mb, MB as f64),
            latency,
            figure("peak-rss", Measure::PeakRss, self.peak_rss_mb, MB as f64),
            figure("cold-load", Measure::ColdFirstAnswer, self.cold_load_s, SECOND as f64),
            figure("stalls", Measure::Stalls, self.stalls, 1.0),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn latencies(&self, side: &Side, limit_ns: f64) -> Checked {
        let slow = |(_, ns): &&(String, Option<Ns>)| ns.is_none_or(|ns| ns as f64 > limit_ns);
        let mut worst: Vec<String> = Vec::new();
        let mut answered = 0;
        for run in &side.runs {
            let all = answers_of(run);
            answered += all.iter().filter(|(_, ns)| ns.is_some()).count();
            let mut row: Vec<String> = Vec::new();
            for answer in &all {
                if slow(&answer) {
                    row.push(answer.0.clone());
                } else {
                    row.clear();
                }
                if row.len() > worst.len() {
                    worst.clone_from(&row);
                }
            }
        }
        let verdict = match worst.len() {
            row if row >= self.latency_streak as usize => Verdict::Failed,
            _ if answered == 0 => Verdict::NotMeasured,
            _ => Verdict::Passed,
        };
        let allowed = self.latency_streak.saturating_sub(1);
        let limit = format!("over {}, {allowed} allowed", Measure::ColdLoad.text(limit_ns));
        Checked {
            name: "latency".to_owned(),
            verdict,
            value: (verdict != Verdict::NotMeasured).then_some(worst.len() as f64),
            limit: f64::from(self.latency_streak),
            says: match &worst[..] {
                _ if verdict == Verdict::NotMeasured => format!("no answer was measured; in a row {limit}"),
                [] => format!("0 in a row {limit}"),
                all => format!("{} in a row {limit}: {}", all.len(), all.join(", ")),
            },
        }
    }
}

/// All answers of a run in their order, with what they are; none for one that did not come.
fn answers_of(run: &RunOutcome) -> Vec<(String, Option<Ns>)> {
    run.steps.iter().flat_map(of_kind).collect()
}

fn of_kind(step: &StepOutcome) -> Vec<(String, Option<Ns>)> {
    let mut durations = step.durations_ns.iter().copied();
    let all = step.durations_ns.len() + step.failed.len();
    let named = |number: usize, ns: Option<Ns>| {
        let took = ns.map_or("no answer".to_owned(), |ns| Measure::ColdLoad.text(ns as f64));
        (format!("{} {number} ({took})", step.kind.name()), ns)
    };
    (1..=all)
        .map(|number| {
            let failed = step.failed.iter().any(|failed| failed.number as usize == number);
            named(number, if failed { None } else { durations.next() })
        })
        .collect()
}

/// One limit, and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Checked {
    /// Which: `heap`, `latency`, `baseline: peak RSS`.
    pub name: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was measured, in bytes, ns, or things.
    pub value: Option<f64>,
    /// What it must not exceed.
    pub limit: f64,
    /// Both for people.
    pub says: String,
}

/// Whether a limit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It does.
    Passed,
    /// It is exceeded.
    Failed,
    /// Nobody knows. That is no success.
    NotMeasured,
}

impl Checked {
    fn of(name: &str, measure: Measure, value: Option<f64>, limit: f64) -> Self {
        let verdict = match value {
            None => Verdict::NotMeasured,
            Some(value) if value > limit => Verdict::Failed,
            Some(_) => Verdict::Passed,
        };
        let measured = value.map_or("not measured".to_owned(), |value| measure.text(value));
        let says = format!("{}: {measured}, at most {}", measure.title(), measure.text(limit));
        Self { name: name.to_owned(), verdict, value, limit, says }
    }
}

/// What an earlier experiment measured, to be no worse than.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Version of this layout.
    pub format: u32,
    /// Whose.
    pub gopls: String,
    /// What was done; absent in one that was written before this was kept.
    #[serde(default)]
    pub scenario: Option<Scenario>,
    /// On what; the same.
    #[serde(default)]
    pub machine: Option<Machine>,
    /// The values of all runs, by the title of their measure.
    pub values: BTreeMap<String, Vec<f64>>,
}

/// A baseline that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// Not ours.
    #[error("it is no baseline: {0}; write one with --write-baseline")]
    Unreadable(String),
    /// A later one.
    #[error("it has format {0}, this version reads {BASELINE_FORMAT}: update stallscope, or write it again")]
    Format(u32),
    /// Nothing would ever be worse.
    #[error("it has no figures: write it again with --write-baseline")]
    Empty,
    /// Other work.
    #[error("it is of other work ({0}): do the same as then, or write it again with --write-baseline")]
    OtherWork(String),
    /// Too much in it.
    #[error("it has more than {MOST_BASELINE_VALUES} measures, or values of one")]
    TooLarge,
}

impl Baseline {
    /// Of all runs of the first side; `None` when one of them did not come to its end: what is worse later would pass.
    pub fn of(experiment: &Experiment) -> Option<Self> {
        let side = experiment.sides.first()?;
        if side.runs.is_empty() || side.runs.iter().any(|run| run.ended_early.is_some()) {
            return None;
        }
        let values = Measure::all().map(|measure| (measure.title(), side.values(measure)));
        Some(Self {
            format: BASELINE_FORMAT,
            gopls: side.version.clone().unwrap_or_else(|| side.gopls.clone()),
            scenario: Some(experiment.scenario),
            machine: Some(experiment.machine.clone()),
            values: values.filter(|(_, values)| !values.is_empty()).collect(),
        })
    }

    /// Of how many runs it is.
    pub fn runs(&self) -> usize {
        self.values.values().map(Vec::len).max().unwrap_or(0)
    }

    /// Whether it is of this work.
    ///
    /// # Errors
    /// It is not: a figure of other work tells nothing.
    pub fn is_of(&self, scenario: &Scenario) -> Result<(), BaselineError> {
        match &self.scenario {
            Some(then) if then != scenario => Err(BaselineError::OtherWork(then.difference(scenario))),
            _ => Ok(()),
        }
    }

    /// What else differs, for people: figures of another machine may be worse for that reason.
    pub fn other_machine(&self, machine: &Machine) -> Option<String> {
        let then = self.machine.as_ref().filter(|then| *then != machine)?;
        Some(format!("{}, here it is {}", then.words(), machine.words()))
    }

    /// Reads one.
    ///
    /// # Errors
    /// It is none, or of another version.
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self =
            serde_json::from_str(text).map_err(|error| BaselineError::Unreadable(error.to_string()))?;
        if baseline.format != BASELINE_FORMAT {
            return Err(BaselineError::Format(baseline.format));
        }
        if baseline.values.values().all(Vec::is_empty) {
            return Err(BaselineError::Empty);
        }
        let lists = baseline.values.values();
        if baseline.values.len() > MOST_BASELINE_VALUES
            || lists.map(Vec::len).any(|values| values > MOST_BASELINE_VALUES)
        {
            return Err(BaselineError::TooLarge);
        }
        Ok(baseline)
    }

    /// Every measure that both have: it fails when it is worse by more than the noise of the two.
    pub fn judge(&self, side: &Side) -> Vec<Checked> {
        Measure::all().filter_map(|measure| self.judge_one(side, measure)).collect()
    }

    fn judge_one(&self, side: &Side, measure: Measure) -> Option<Checked> {
        let before = self.values.get(&measure.title())?;
        let was = median(before)?;
        let now = side.values(measure);
        let value = median(&now);
        let verdict = match Told::of(before, &now, least(measure)) {
            Told::Worse => Verdict::Failed,
            Told::Unknown => Verdict::NotMeasured,
            Told::Better | Told::Same => Verdict::Passed,
        };
        let measured = value.map_or("not measured".to_owned(), |value| measure.text(value));
        Some(Checked {
            name: format!("baseline: {}", measure.title()),
            verdict,
            value,
            limit: was,
            says: format!("{}: {measured}, was {}", measure.title(), measure.text(was)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::StepKind;
    use super::super::outcome::{Failed, LoadOutcome, MemoryOutcome, Workspace};
    use super::*;

    fn side(runs: Vec<RunOutcome>) -> Side {
        Side { name: "g".into(), gopls: "g".into(), version: None, settings: BTreeMap::new(), runs }
    }

    fn run(heap_mb: u64, hovers_ms: &[u64], failed: &[u32]) -> RunOutcome {
        let failed = failed.iter().map(|number| Failed { number: *number, why: "late".into() }).collect();
        let durations = hovers_ms.iter().map(|ms| ms * MS).collect();
        RunOutcome {
            memory: MemoryOutcome { live_heap_bytes: Some(heap_mb * MB), ..MemoryOutcome::default() },
            cold_load: LoadOutcome { first_answer_ns: Some(3 * SECOND), ..LoadOutcome::default() },
            steps: vec![StepOutcome::new(StepKind::Hover, durations, failed)],
            ..RunOutcome::default()
        }
    }

    fn experiment(runs: Vec<RunOutcome>) -> Experiment {
        let machine =
            Machine { cpus: 2, system: "linux/x86_64".into(), go: Some("go version go1.26.8".into()) };
        let workspace =
            Workspace { folder: None, generated: None, go_files: 1, open_files: Vec::new(), not_saved: None };
        Experiment::new(("1".into(), 0.0), Scenario::default(), workspace, machine, vec![side(runs)])
    }

    fn verdicts(checked: &[Checked]) -> Vec<(&str, Verdict)> {
        checked.iter().map(|checked| (checked.name.as_str(), checked.verdict)).collect()
    }

    #[test]
    fn the_middle_run_counts_for_figures_and_the_worst_row_for_latencies() {
        let usual = Thresholds::default();
        let good = side(vec![run(400, &[900, 900, 10, 900], &[]), run(600, &[1], &[]), run(500, &[1], &[])]);
        assert_eq!(verdicts(&usual.judge(&good)), [("heap", Verdict::Passed), ("latency", Verdict::Passed)]);
        let slow = side(vec![run(600, &[1, 900, 901, 902], &[])]);
        assert_eq!(verdicts(&usual.judge(&slow)), [("heap", Verdict::Failed), ("latency", Verdict::Failed)]);
        let told = &usual.judge(&slow)[1];
        assert!(
            told.says.starts_with("3 in a row over 800 ms, 2 allowed: hover 2 (900 ms), hover 3"),
            "{told:?}"
        );
    }

    #[test]
    fn an_answer_that_never_came_is_a_slow_one_at_its_place() {
        let usual = Thresholds::default();
        let broken = side(vec![run(1, &[900, 900], &[2])]);
        assert_eq!(usual.judge(&broken)[1].verdict, Verdict::Failed);
        let apart = side(vec![run(1, &[900, 1, 900], &[4])]);
        assert_eq!(usual.judge(&apart)[1].verdict, Verdict::Passed);
    }

    #[test]
    fn what_was_not_measured_does_not_pass() {
        let mut nothing = run(1, &[], &[]);
        nothing.memory.live_heap_bytes = None;
        let limits = Thresholds { cold_load_s: Some(2.0), peak_rss_mb: Some(1.0), ..Thresholds::default() };
        assert_eq!(
            verdicts(&limits.judge(&side(vec![nothing]))),
            [
                ("heap", Verdict::NotMeasured),
                ("latency", Verdict::NotMeasured),
                ("peak-rss", Verdict::NotMeasured),
                ("cold-load", Verdict::Failed)
            ]
        );
    }

    #[test]
    fn worse_than_the_noise_fails_and_noise_does_not() {
        let baseline =
            Baseline::of(&experiment(vec![run(300, &[1], &[]), run(320, &[1], &[]), run(310, &[2], &[])]));
        let text = serde_json::to_string(&baseline).unwrap_or_default();
        let baseline = Baseline::read(&text);
        let failed = |runs: Vec<RunOutcome>| -> Vec<String> {
            let checked = baseline.as_ref().map(|baseline| baseline.judge(&side(runs))).unwrap_or_default();
            checked.into_iter().filter(|c| c.verdict == Verdict::Failed).map(|c| c.name).collect()
        };
        assert_eq!(failed(vec![run(318, &[2], &[]), run(500, &[2], &[])]), Vec::<String>::new());
        assert_eq!(
            failed(vec![run(400, &[2], &[]), run(410, &[2], &[])]),
            ["baseline: heap in use at the end"]
        );
    }

    #[test]
    fn a_baseline_is_of_whole_runs_and_the_same_work() {
        let mut broken = run(300, &[1], &[]);
        broken.ended_early = Some("gopls ended".into());
        assert_eq!(Baseline::of(&experiment(vec![run(300, &[1], &[]), broken])), None);
        assert_eq!(Baseline::of(&experiment(Vec::new())), None);
        let whole = experiment(vec![run(300, &[1], &[])]);
        let baseline = Baseline::of(&whole).unwrap_or_else(|| unreachable!());
        assert_eq!(baseline.is_of(&Scenario::default()), Ok(()));
        let other = baseline.is_of(&Scenario { hovers: 3, force_gc: true, ..Scenario::default() });
        let told = other.map_err(|error| error.to_string());
        assert!(
            told.as_ref().is_err_and(|e| e.contains("(force-gc false, here true; hovers 20, here 3)")),
            "{told:?}"
        );
        assert_eq!(baseline.other_machine(&whole.machine), None);
        let other = baseline.other_machine(&Machine { cpus: 8, ..whole.machine });
        assert!(other.is_some_and(|told| told.starts_with("2 CPUs, ") && told.contains("here it is 8 CPUs")));
        // One of before that was kept.
        let old = r#"{ "format": 1, "gopls": "g", "values": { "peak RSS": [1.0] } }"#;
        let old = Baseline::read(old);
        assert_eq!(
            old.map(|old| (
                old.is_of(&Scenario::default()),
                old.other_machine(&baseline.machine.unwrap_or_else(|| unreachable!()))
            )),
            Ok((Ok(()), None))
        );
    }

    #[test]
    fn no_answer_at_all_is_no_success_and_enough_of_them_a_failure() {
        let usual = Thresholds::default();
        let silent = usual.judge(&side(vec![run(1, &[], &[1, 2])]));
        assert_eq!(silent[1].verdict, Verdict::NotMeasured);
        assert!(silent[1].says.starts_with("no answer was measured"), "{}", silent[1].says);
        assert_eq!(usual.judge(&side(vec![run(1, &[], &[1, 2, 3])]))[1].verdict, Verdict::Failed);
    }

    #[test]
    fn what_is_no_baseline_or_no_limit_is_refused_in_words() {
        assert!(matches!(Baseline::read("{}"), Err(BaselineError::Unreadable(_))));
        let empty = r#"{ "format": 1, "gopls": "g", "values": { "peak RSS": [] } }"#;
        assert_eq!(Baseline::read(empty), Err(BaselineError::Empty));
        let later = r#"{ "format": 2, "gopls": "g", "values": {} }"#;
        assert_eq!(Baseline::read(later), Err(BaselineError::Format(2)));
        let error = Thresholds { heap_mb: Some(-1.0), ..Thresholds::default() }.checked();
        assert_eq!(
            error.map_err(|e| e.to_string()),
            Err("heap-mb must be a number above 0, not -1".to_owned())
        );
        assert!(Thresholds { stalls: Some(0.0), ..Thresholds::default() }.checked().is_ok());
        let error = Thresholds { stalls: Some(-1.0), ..Thresholds::default() }.checked();
        assert_eq!(
            error.map_err(|e| e.to_string()),
            Err("stalls must be a number from 0 on, not -1".to_owned())
        );
    }
}
