//! Whether two series of a measure differ by more than chance makes them differ.
//!
//! Two runs are never the same. A difference is told only when it is large enough to matter and no value of one side lies
//! among those of the other. How likely complete separation is by chance alone (Wilcoxon's rank sum in its simplest case)
//! can be said with it: with one value on each side it is certain to happen, with three 1 in 10.

use serde::{Deserialize, Serialize};

/// A difference below this share of what was before is nothing.
const LEAST_SHARE: f64 = 0.10;

/// What two sides say of a measure of which less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// Less than before.
    Better,
    /// No difference that is large enough, or the sides overlap.
    Same,
    /// More than before.
    Worse,
    /// A side has no value.
    Unknown,
}

impl Told {
    /// Of the values before and after; `least` is what a difference has to be at least, whatever its share.
    pub(crate) fn of(before: &[f64], after: &[f64], least: f64) -> Self {
        let Some((was, is)) = median(before).zip(median(after)) else { return Self::Unknown };
        let enough = least.max(LEAST_SHARE * was.abs());
        let (before, after) = (Range::of(before), Range::of(after));
        if was - is >= enough && after.most < before.least {
            Self::Better
        } else if is - was >= enough && after.least > before.most {
            Self::Worse
        } else {
            Self::Same
        }
    }
}

/// From the smallest to the largest value of a series: its noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub least: f64,
    pub most: f64,
}

impl Range {
    pub fn of(values: &[f64]) -> Self {
        let mut range = Self { least: f64::INFINITY, most: f64::NEG_INFINITY };
        for value in values {
            range = Self { least: range.least.min(*value), most: range.most.max(*value) };
        }
        range
    }
}

/// The value in the middle, or between the two that are there.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

/// How often two sides of so many values are apart by chance alone: of all orders in which they can come, two.
pub(crate) fn chance(before: usize, after: usize) -> f64 {
    let orders = (1..=after).fold(1.0, |orders, n| orders * (before + n) as f64 / n as f64);
    (2.0 / orders).min(1.0)
}
