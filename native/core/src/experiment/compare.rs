//! What two sides say.

use serde::Serialize;

use super::outcome::{Measure, Side, Used};
use crate::apart::{Range, Told, chance, median};
use crate::model::{MB, MS};

/// A difference below these is nothing, whatever its share: a hover of 1 ms may take 2.
const LEAST_TIME_NS: f64 = 20.0 * MS as f64;
const LEAST_MEMORY_BYTES: f64 = 20.0 * MB as f64;
const LEAST_COUNT: f64 = 1.0;
/// gopls at rest has some 20 goroutines, and a few more or less by what it has just done.
const LEAST_GOROUTINES: f64 = 20.0;

/// The second side against the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Comparison {
    /// Every measure that at least one side has.
    pub measures: Vec<Measured>,
    /// How often two sides of so many runs are as far apart as those which are told to differ, by chance alone.
    pub chance: f64,
    /// Runs that did not come to their end: what they measured until then is counted.
    pub ended_early: u32,
}

/// One measure on both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Measured {
    /// Which.
    #[serde(flatten)]
    pub measure: Measure,
    /// The first side.
    pub first: SideValues,
    /// The second.
    pub second: SideValues,
    /// What they say: `better` when the second has less.
    pub told: Told,
}

/// A measure on one side. From the least to the most is its noise.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SideValues {
    /// Of each run that has one, in their order.
    pub values: Vec<f64>,
    /// The middle.
    pub median: Option<f64>,
    /// The smallest.
    pub least: Option<f64>,
    /// The largest.
    pub most: Option<f64>,
}

impl SideValues {
    /// Of one side.
    pub fn of(side: &Side, measure: Measure) -> Self {
        let values = side.values(measure);
        let range = (!values.is_empty()).then(|| Range::of(&values));
        Self {
            median: median(&values),
            least: range.map(|range| range.least),
            most: range.map(|range| range.most),
            values,
        }
    }
}

impl Comparison {
    /// Of two sides.
    pub fn of(first: &Side, second: &Side) -> Self {
        let measured = Measure::all().map(|measure| {
            let (first, second) = (SideValues::of(first, measure), SideValues::of(second, measure));
            let told = Told::of(&first.values, &second.values, least(measure));
            Measured { measure, first, second, told }
        });
        let all_runs = first.runs.iter().chain(&second.runs);
        Self {
            measures: measured.filter(|m| m.first.median.is_some() || m.second.median.is_some()).collect(),
            chance: chance(first.runs.len(), second.runs.len()),
            ended_early: all_runs.filter(|run| run.ended_early.is_some()).count() as u32,
        }
    }
}

/// What a difference has to be at least.
pub(super) fn least(measure: Measure) -> f64 {
    match measure.used() {
        _ if measure == Measure::Goroutines => LEAST_GOROUTINES,
        Used::Time => LEAST_TIME_NS,
        Used::Memory => LEAST_MEMORY_BYTES,
        Used::Count => LEAST_COUNT,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::StepKind;
    use super::super::outcome::{LoadOutcome, RunOutcome, StepOutcome};
    use super::*;
    use crate::model::Ns;

    fn side(loads_ms: &[Ns], hovers_ms: &[Ns]) -> Side {
        let run = |(load_ms, hover_ms): (&Ns, &Ns)| RunOutcome {
            cold_load: LoadOutcome { loaded_ns: Some(load_ms * MS), ..LoadOutcome::default() },
            steps: vec![StepOutcome::new(StepKind::Hover, vec![hover_ms * MS; 3], Vec::new())],
            ..RunOutcome::default()
        };
        Side {
            name: "a".into(),
            gopls: "gopls".into(),
            version: None,
            settings: BTreeMap::new(),
            runs: loads_ms.iter().zip(hovers_ms).map(run).collect(),
        }
    }

    fn told(comparison: &Comparison, measure: Measure) -> Option<Told> {
        comparison.measures.iter().find(|m| m.measure == measure).map(|m| m.told)
    }

    #[test]
    fn a_clear_difference_is_told_and_noise_is_not() {
        let first = side(&[4_000, 4_200, 4_100], &[2, 2, 3]);
        let comparison = Comparison::of(&first, &side(&[6_000, 6_500, 5_900], &[9, 10, 12]));
        assert_eq!(told(&comparison, Measure::ColdLoad), Some(Told::Worse));
        // Far apart, and too little to matter.
        assert_eq!(told(&comparison, Measure::Median(StepKind::Hover)), Some(Told::Same));
        assert!((comparison.chance - 0.1).abs() < 1e-9);
        let overlapping = Comparison::of(&first, &side(&[3_000, 3_100, 4_050], &[2, 2, 2]));
        assert_eq!(told(&overlapping, Measure::ColdLoad), Some(Told::Same));
    }

    #[test]
    fn what_nobody_measured_is_left_out_and_what_one_side_did_not_is_unknown() {
        let mut second = side(&[4_000], &[2]);
        second.runs[0].cold_load.loaded_ns = None;
        let comparison = Comparison::of(&side(&[4_000], &[2]), &second);
        assert_eq!(told(&comparison, Measure::ColdLoad), Some(Told::Unknown));
        assert_eq!(told(&comparison, Measure::WarmLoad), None);
    }
}
