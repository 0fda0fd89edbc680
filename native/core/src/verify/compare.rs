//! What the runs come to.
//!
//! What is a difference: `apart.rs`.

use serde::{Deserialize, Serialize};

use super::{Goal, HeapPoint, Run, Side, Verification};
use crate::apart::{Told, chance, median};
use crate::model::{MB, MS};

/// A difference below these is nothing, whatever its share.
const LEAST_WAIT_NS: f64 = 100.0 * MS as f64;
const LEAST_HELD_BYTES: f64 = 20.0 * MB as f64;
const LEAST_GROWTH_BYTES: f64 = 10.0 * MB as f64;
/// gopls at rest has some 20 goroutines, and a few more or less by what it has just done.
const LEAST_GOROUTINES: f64 = 20.0;
/// Work of which one side did this many times as much as the other is not the same work.
const OTHER_WORK: f64 = 2.0;

/// What was measured. Less is better in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The longest wait of a run, ns.
    LongestWait,
    /// The middle of all waits of a run, ns.
    MedianWait,
    /// Live heap at the end of a run, after a forced collection and without gopls's ballast, bytes.
    LiveHeap,
    /// By how much that is more than at its beginning, bytes; negative when it is less.
    LiveGrowth,
    /// The most RSS in a run, bytes.
    PeakRss,
    /// Goroutines at the end of a run, right after the heap.
    Goroutines,
}

/// One measure on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Measured {
    /// What.
    pub measure: Measure,
    /// Of each run before that has a value, in its order.
    pub before: Vec<f64>,
    /// Of each run after.
    pub after: Vec<f64>,
    /// The middle of those before.
    pub before_median: Option<f64>,
    /// The middle of those after.
    pub after_median: Option<f64>,
    /// What they say.
    pub told: Told,
}

/// Whether the fix worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum FixVerdict {
    /// What was to get better did.
    Better,
    /// Nothing that can be told from chance.
    NoClearDifference,
    /// It got worse.
    Worse,
    /// The two sides are not of the same thing; the cautions say why.
    NotComparable,
}

/// What is to be said against a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Caution {
    /// gopls ended during a run, and with it what it held: not comparable.
    GoplsEnded {
        /// In how many runs.
        runs: u32,
    },
    /// On one side nothing was waited for, and the waits are in question: not comparable.
    NobodyWaited,
    /// One side did much more than the other. Only what is held in the end can be compared then.
    OtherWork {
        /// Waits of the middle run before.
        before: f64,
        /// And after.
        after: f64,
    },
    /// Not the same number of documents was open.
    OtherDocuments {
        /// In the last run before.
        before: u64,
        /// In the last run after.
        after: u64,
    },
    /// A workspace was being loaded.
    Loading {
        /// In how many runs.
        runs: u32,
    },
    /// It is the same process: what it had gathered before the fix, it may hold still.
    SameProcess,
    /// One run on each side: nothing shows what is chance.
    OneRunEach,
}

/// A setting or version that is another one after than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Changed {
    /// The setting; `gopls` for its version.
    pub name: String,
    /// JSON text; absent where it was not set.
    pub before: Option<String>,
    /// The same after.
    pub after: Option<String>,
}

/// See the module's text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Comparison {
    /// Whether the fix worked, by `goal`.
    pub verdict: FixVerdict,
    /// The measure that decides it.
    pub goal: Measure,
    /// All measures.
    pub measures: Vec<Measured>,
    /// How often the sides would be as far apart by chance alone; absent without a clear difference.
    pub chance: Option<f64>,
    /// What weakens the comparison, or makes it none.
    pub cautions: Vec<Caution>,
    /// What is known to have been changed between the last run before and the last run after.
    pub changed: Vec<Changed>,
    /// The heap at the end of the last run before …
    pub base: HeapPoint,
    /// … and of the last run after, to be looked at side by side.
    pub heap: HeapPoint,
}

impl Comparison {
    /// `None` while one side has no run.
    pub fn of(verification: &Verification) -> Option<Self> {
        let (before, after) = (verification.runs(Side::Before), verification.runs(Side::After));
        let (last_before, last_after) = (before.last()?, after.last()?);
        let measures: Vec<_> = MEASURES.iter().map(|measure| measured(*measure, before, after)).collect();
        let goal = match verification.goal {
            Goal::Waits => Measure::LongestWait,
            Goal::Memory => Measure::LiveHeap,
            Goal::Growth => Measure::LiveGrowth,
            Goal::Peak => Measure::PeakRss,
        };
        let (cautions, comparable) = cautions(verification.goal, before, after);
        let told = measures.iter().find(|m| m.measure == goal).map_or(Told::Unknown, |m| m.told);
        let verdict = match told {
            _ if !comparable => FixVerdict::NotComparable,
            Told::Unknown => FixVerdict::NotComparable,
            Told::Better => FixVerdict::Better,
            Told::Same => FixVerdict::NoClearDifference,
            Told::Worse => FixVerdict::Worse,
        };
        let clear = matches!(verdict, FixVerdict::Better | FixVerdict::Worse);
        Some(Self {
            verdict,
            goal,
            measures,
            chance: clear.then(|| chance(before.len(), after.len())),
            cautions,
            changed: changed(last_before, last_after),
            base: last_before.end.clone(),
            heap: last_after.end.clone(),
        })
    }
}

const MEASURES: [Measure; 6] = [
    Measure::LongestWait,
    Measure::MedianWait,
    Measure::LiveHeap,
    Measure::LiveGrowth,
    Measure::PeakRss,
    Measure::Goroutines,
];

impl Measure {
    fn of(self, run: &Run) -> Option<f64> {
        let figures = &run.figures;
        match self {
            Self::LongestWait => figures.longest.as_ref().map(|longest| longest.duration_ns as f64),
            Self::MedianWait => figures.median_wait_ns.map(|ns| ns as f64),
            Self::LiveHeap => Some(run.end.live_bytes as f64),
            Self::LiveGrowth => Some(run.end.live_bytes as f64 - run.start.live_bytes as f64),
            Self::PeakRss => Some(figures.peak_rss_bytes as f64),
            Self::Goroutines => run.end.goroutines.map(|count| count as f64),
        }
    }

    /// What a difference has to be at least.
    fn least(self) -> f64 {
        match self {
            Self::LongestWait | Self::MedianWait => LEAST_WAIT_NS,
            Self::LiveHeap | Self::PeakRss => LEAST_HELD_BYTES,
            Self::LiveGrowth => LEAST_GROWTH_BYTES,
            Self::Goroutines => LEAST_GOROUTINES,
        }
    }
}

fn measured(measure: Measure, before: &[Run], after: &[Run]) -> Measured {
    let values = |runs: &[Run]| runs.iter().filter_map(|run| measure.of(run)).collect::<Vec<_>>();
    let (before, after) = (values(before), values(after));
    let (before_median, after_median) = (median(&before), median(&after));
    let told = Told::of(&before, &after, measure.least());
    Measured { measure, before, after, before_median, after_median, told }
}

/// What is to be said against the comparison, and whether it is one all the same.
fn cautions(goal: Goal, before: &[Run], after: &[Run]) -> (Vec<Caution>, bool) {
    let mut cautions = Vec::new();
    let mut comparable = true;
    let count = |is: fn(&Run) -> bool| before.iter().chain(after).filter(|run| is(run)).count() as u32;
    let ended = count(|run| run.figures.gopls_ended);
    if ended > 0 {
        cautions.push(Caution::GoplsEnded { runs: ended });
        comparable = false;
    }
    let waits = |runs: &[Run]| median(&runs.iter().map(waits).collect::<Vec<_>>()).unwrap_or(0.0);
    let (was, is) = (waits(before), waits(after));
    if goal == Goal::Waits && (was == 0.0 || is == 0.0) {
        cautions.push(Caution::NobodyWaited);
        comparable = false;
    } else if was.max(is) > OTHER_WORK * was.min(is) {
        cautions.push(Caution::OtherWork { before: was, after: is });
        // The longest of many waits is longer than that of few, and so is what many requests leave behind.
        comparable &= goal == Goal::Memory;
    }
    let documents = |runs: &[Run]| runs.last().and_then(|run| run.figures.open_documents);
    if let Some((was, is)) = documents(before).zip(documents(after))
        && was != is
    {
        cautions.push(Caution::OtherDocuments { before: was, after: is });
    }
    let loading = count(|run| run.figures.loading);
    if loading > 0 {
        cautions.push(Caution::Loading { runs: loading });
    }
    let process =
        |runs: &[Run]| runs.last().map(|run| (run.figures.gopls.pid, run.figures.gopls.started_unix_ms));
    if process(before) == process(after) {
        cautions.push(Caution::SameProcess);
    }
    if before.len() == 1 && after.len() == 1 {
        cautions.push(Caution::OneRunEach);
    }
    (cautions, comparable)
}

fn waits(run: &Run) -> f64 {
    run.figures.waits.values().map(|count| f64::from(*count)).sum()
}

fn changed(before: &Run, after: &Run) -> Vec<Changed> {
    let version = |run: &Run| run.figures.gopls.version.clone();
    let gopls = (version(before) != version(after)).then(|| Changed {
        name: "gopls".to_owned(),
        before: version(before),
        after: version(after),
    });
    let mut names: Vec<_> = before.settings.keys().chain(after.settings.keys()).collect();
    names.sort();
    names.dedup();
    let settings = names.into_iter().filter_map(|name| {
        let (was, is) = (before.settings.get(name), after.settings.get(name));
        (was != is).then(|| Changed { name: name.clone(), before: was.cloned(), after: is.cloned() })
    });
    gopls.into_iter().chain(settings).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::run::tests::gopls;
    use super::super::{Longest, RunFigures, VerificationStart};
    use super::*;
    use crate::model::SECOND;

    /// A run of a gopls with ten hovers: the longest one in ms, live heap before and after in MB.
    fn run(pid: u32, longest_ms: u64, start_mb: u64, end_mb: u64) -> Run {
        let heap = |live_mb: u64| HeapPoint {
            incident: format!("incident-{pid}-{live_mb}"),
            capture: 1,
            live_bytes: live_mb * MB,
            goroutines: None,
        };
        Run {
            began_unix_ms: 0.0,
            figures: RunFigures {
                gopls: gopls(pid),
                duration_ns: 30 * SECOND,
                waits: BTreeMap::from([("textDocument/hover".into(), 10)]),
                stalls: 1,
                median_wait_ns: Some(20 * MS),
                longest: Some(Longest { method: "textDocument/hover".into(), duration_ns: longest_ms * MS }),
                peak_rss_bytes: (end_mb + 100) * MB,
                open_documents: Some(2),
                gopls_ended: false,
                loading: false,
            },
            start: heap(start_mb),
            end: heap(end_mb),
            settings: BTreeMap::new(),
        }
    }

    fn compared(goal: Goal, before: Vec<Run>, after: Vec<Run>) -> Comparison {
        let start = VerificationStart { title: "a fix".into(), goal, change: None };
        let new = Verification::new(&start, "v".into(), 0.0, Vec::new());
        Comparison::of(&Verification { before, after, ..new }).unwrap_or_else(|| unreachable!("both sides"))
    }

    const ONE_EACH: Caution = Caution::OneRunEach;

    #[test]
    fn one_side_alone_says_nothing() {
        let start = VerificationStart { title: "a\nfix".into(), goal: Goal::Memory, change: None };
        let mut verification = Verification::new(&start, "v".into(), 0.0, Vec::new());
        assert_eq!(verification.title, "afix");
        verification.before.push(run(1, 900, 300, 600));
        assert_eq!(Comparison::of(&verification), None);
    }

    #[test]
    fn a_clear_difference_of_one_run_each_is_told_with_its_weakness() {
        let comparison = compared(Goal::Memory, vec![run(1, 900, 300, 600)], vec![run(2, 850, 300, 320)]);
        assert_eq!(comparison.verdict, FixVerdict::Better);
        assert_eq!((comparison.goal, comparison.chance), (Measure::LiveHeap, Some(1.0)));
        assert_eq!(comparison.cautions, [ONE_EACH]);
        let live = &comparison.measures[2];
        assert_eq!((live.before_median, live.after_median), (Some(600e6), Some(320e6)));
        // 50 ms less is nothing.
        assert_eq!(comparison.measures[0].told, Told::Same);
        assert_eq!(comparison.base.incident, "incident-1-600");
        assert_eq!(comparison.heap.incident, "incident-2-320");
    }

    #[test]
    fn sides_that_overlap_are_not_told_apart_however_far_their_middles_are() {
        let before = vec![run(1, 900, 300, 600), run(1, 900, 300, 800), run(1, 900, 300, 310)];
        let after = vec![run(2, 900, 300, 320), run(2, 900, 300, 330), run(2, 900, 300, 340)];
        let comparison = compared(Goal::Memory, before, after);
        assert_eq!((comparison.verdict, comparison.chance), (FixVerdict::NoClearDifference, None));
    }

    #[test]
    fn several_runs_that_are_apart_say_how_sure_that_is() {
        let before = vec![run(1, 900, 300, 420), run(1, 950, 420, 541), run(1, 910, 541, 660)];
        let after = vec![run(2, 900, 300, 301), run(2, 900, 301, 299), run(2, 900, 299, 303)];
        let comparison = compared(Goal::Growth, before, after);
        assert_eq!(comparison.verdict, FixVerdict::Better);
        assert!((comparison.chance.unwrap_or(0.0) - 0.1).abs() < 1e-9, "{:?}", comparison.chance);
        assert_eq!(comparison.cautions, []);
        let growth = &comparison.measures[3];
        assert_eq!(growth.after, [1e6, -2e6, 4e6]);
    }

    #[test]
    fn worse_is_said_too() {
        let comparison = compared(Goal::Waits, vec![run(1, 900, 300, 300)], vec![run(2, 1_900, 300, 300)]);
        assert_eq!(comparison.verdict, FixVerdict::Worse);
    }

    #[test]
    fn goroutines_are_compared_where_they_were_counted_and_decide_nothing() {
        let counted = |pid, goroutines: Option<u64>| {
            let mut run = run(pid, 900, 300, 300);
            run.end.goroutines = goroutines;
            vec![run]
        };
        let told = |before, after| {
            let comparison = compared(Goal::Memory, counted(1, before), counted(2, after));
            assert_eq!(comparison.verdict, FixVerdict::NoClearDifference);
            comparison.measures.last().map(|m| (m.measure, m.told))
        };
        let goroutines = |told| Some((Measure::Goroutines, told));
        assert_eq!(told(Some(400), Some(24)), goroutines(Told::Better));
        assert_eq!(told(Some(18), Some(24)), goroutines(Told::Same), "a third more, and nothing");
        assert_eq!(told(Some(24), Some(400)), goroutines(Told::Worse));
        assert_eq!(told(None, Some(400)), goroutines(Told::Unknown), "a run of an earlier version");
    }

    #[test]
    fn what_is_not_the_same_thing_is_not_compared() {
        let ended = || {
            let mut run = run(2, 100, 300, 300);
            run.figures.gopls_ended = true;
            vec![run]
        };
        let comparison = compared(Goal::Memory, vec![run(1, 900, 300, 900)], ended());
        assert_eq!(comparison.verdict, FixVerdict::NotComparable);
        assert_eq!(comparison.cautions, [Caution::GoplsEnded { runs: 1 }, ONE_EACH]);

        let idle = || {
            let mut run = run(2, 0, 300, 300);
            run.figures.waits.clear();
            run.figures.longest = None;
            vec![run]
        };
        let comparison = compared(Goal::Waits, vec![run(1, 900, 300, 300)], idle());
        assert_eq!(comparison.verdict, FixVerdict::NotComparable);
        assert_eq!(comparison.cautions, [Caution::NobodyWaited, ONE_EACH]);
        // What is held in the end does not hang on it.
        let comparison = compared(Goal::Memory, vec![run(1, 900, 300, 900)], idle());
        assert_eq!(comparison.verdict, FixVerdict::Better);
        assert_eq!(comparison.cautions, [Caution::OtherWork { before: 10.0, after: 0.0 }, ONE_EACH]);
        // What is left behind does.
        let comparison = compared(Goal::Growth, vec![run(1, 900, 300, 900)], idle());
        assert_eq!(comparison.verdict, FixVerdict::NotComparable);
    }

    #[test]
    fn what_was_changed_is_named_and_so_is_that_nothing_was() {
        let mut before = run(1, 900, 300, 900);
        before.settings = BTreeMap::from([
            ("gopls.staticcheck".into(), "true".into()),
            ("go.toolsGopath".into(), "null".into()),
        ]);
        let mut after = run(2, 900, 300, 300);
        after.settings = BTreeMap::from([("go.toolsGopath".into(), "null".into())]);
        after.figures.gopls.version = Some("v0.24.0".into());
        after.figures.open_documents = Some(3);
        let comparison = compared(Goal::Memory, vec![before], vec![after]);
        let names: Vec<_> = comparison.changed.iter().map(|changed| changed.name.as_str()).collect();
        assert_eq!(names, ["gopls", "gopls.staticcheck"]);
        assert_eq!(comparison.changed[1].after, None);
        assert_eq!(comparison.cautions, [Caution::OtherDocuments { before: 2, after: 3 }, ONE_EACH]);

        let same = compared(Goal::Memory, vec![run(1, 900, 300, 900)], vec![run(1, 900, 300, 300)]);
        assert_eq!(same.cautions, [Caution::SameProcess, ONE_EACH]);
    }
}
