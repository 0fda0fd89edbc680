//! What costs this user most: the causes and the methods of many waits, added up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::CauseKind;
use crate::model::{Incident, Ns};

const MOST_METHODS: usize = 20;

/// The waits of the incidents that are kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct StallSummary {
    /// Waits that are counted.
    pub waits: u32,
    /// All of them together.
    pub total_ns: Ns,
    /// Per cause, the most expensive first. A wait may have several: each counts with its part.
    pub causes: Vec<CauseSum>,
    /// Per method, the most expensive first.
    pub methods: Vec<MethodSum>,
}

/// What a cause has cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct CauseSum {
    /// Which.
    pub kind: CauseKind,
    /// How it is spread.
    pub sum: WaitSum,
}

/// What somebody waited for a method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct MethodSum {
    /// LSP method.
    pub method: String,
    /// How it is spread.
    pub sum: WaitSum,
}

/// Durations in figures. A percentile is one of them (nearest rank), no value in between.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct WaitSum {
    /// How many.
    pub count: u32,
    /// Together.
    pub total_ns: Ns,
    /// Half of them were no longer.
    pub p50_ns: Ns,
    /// 19 of 20 were no longer.
    pub p95_ns: Ns,
}

impl WaitSum {
    /// `None` for no durations.
    pub(crate) fn of(mut durations: Vec<Ns>) -> Option<Self> {
        durations.sort_unstable();
        let last = durations.len().checked_sub(1)?;
        let rank =
            |percent: usize| durations[(durations.len() * percent).div_ceil(100).clamp(1, last + 1) - 1];
        let total_ns = durations.iter().fold(0, |sum: Ns, ns| sum.saturating_add(*ns));
        Some(Self { count: durations.len() as u32, total_ns, p50_ns: rank(50), p95_ns: rank(95) })
    }
}

impl StallSummary {
    /// Of incidents; those that somebody asked for, and waits whose end was not seen, do not count.
    pub fn of(incidents: impl Iterator<Item = Incident>) -> Self {
        let mut summary = Self::default();
        let mut causes = BTreeMap::<CauseKind, Vec<Ns>>::new();
        let mut methods = BTreeMap::<String, Vec<Ns>>::new();
        for incident in incidents {
            let Some(duration_ns) = incident.waited_ns() else { continue };
            summary.waits += 1;
            summary.total_ns = summary.total_ns.saturating_add(duration_ns);
            methods.entry(incident.request.method).or_default().push(duration_ns);
            for cause in incident.causes {
                // What is read back may say anything: no part is longer than the whole.
                causes.entry(cause.kind).or_default().push(cause.duration_ns.min(duration_ns));
            }
        }
        let causes =
            causes.into_iter().filter_map(|(kind, all)| Some(CauseSum { kind, sum: WaitSum::of(all)? }));
        let methods = methods
            .into_iter()
            .filter_map(|(method, all)| Some(MethodSum { method, sum: WaitSum::of(all)? }));
        (summary.causes, summary.methods) = (causes.collect(), methods.collect());
        summary.causes.sort_by_key(|cause| std::cmp::Reverse(cause.sum.total_ns));
        summary.methods.sort_by_key(|method| std::cmp::Reverse(method.sum.total_ns));
        summary.methods.truncate(MOST_METHODS);
        summary
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_there() {
        let sum = WaitSum::of((1..=20).rev().collect()).unwrap();
        assert_eq!((sum.count, sum.total_ns, sum.p50_ns, sum.p95_ns), (20, 210, 10, 19));
        let one = WaitSum::of(vec![7]).unwrap();
        assert_eq!((one.p50_ns, one.p95_ns), (7, 7));
        assert_eq!(WaitSum::of(vec![]), None);
    }
}
