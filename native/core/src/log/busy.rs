//! When gopls had most to do: how many requests were in flight over time.

use serde::Serialize;

/// Bars of the curve at most.
const MAX_BARS: u64 = 400;
/// Narrower bars than this say nothing that the table does not.
const LEAST_BAR_MS: u64 = 50;
const MAX_PERIODS: usize = 10;

/// A time without a pause: at every moment of it a request of the editor was unanswered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct BusyPeriod {
    /// From, milliseconds of the log.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub from_ms: u64,
    /// To.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub to_ms: u64,
    /// Most requests in flight at once.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub most: u64,
    /// All waits in it added up, in milliseconds: what the periods are ordered by.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub waited_ms: u64,
}

/// Requests of the editor in flight over the length of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct InFlightCurve {
    /// Width of a bar in milliseconds.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bar_ms: u64,
    /// Where the first bar begins, milliseconds of the log.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub from_ms: u64,
    /// Most requests in flight at once within each bar.
    #[cfg_attr(feature = "ts", ts(type = "Array<number>"))]
    pub most: Vec<u64>,
}

/// The curve and the busiest periods of intervals, the busiest first. An interval of no length counts as one millisecond.
pub(super) fn busy(intervals: &[(u64, u64)]) -> (InFlightCurve, Vec<BusyPeriod>) {
    let (Some(from_ms), Some(to_ms)) =
        (intervals.iter().map(|(from, _)| *from).min(), intervals.iter().map(|(_, to)| *to).max())
    else {
        return (InFlightCurve::default(), Vec::new());
    };
    let mut edges: Vec<(u64, i64)> = Vec::with_capacity(2 * intervals.len());
    for (from, to) in intervals {
        edges.push((*from, 1));
        edges.push(((*to).max(from + 1), -1));
    }
    // Ends come before beginnings of the same moment, so that a request after another is not beside it.
    edges.sort_unstable();

    let bar_ms = ((to_ms - from_ms) / MAX_BARS + 1).max(LEAST_BAR_MS);
    let mut most = vec![0; ((to_ms - from_ms) / bar_ms + 1) as usize];
    let mut periods: Vec<BusyPeriod> = Vec::new();
    let (mut count, mut before_ms) = (0_u64, from_ms);
    for (at_ms, step) in edges {
        if count > 0 {
            let last = ((at_ms - from_ms).div_ceil(bar_ms)).min(most.len() as u64) as usize;
            for bar in &mut most[((before_ms - from_ms) / bar_ms) as usize..last] {
                *bar = (*bar).max(count);
            }
            if let Some(period) = periods.last_mut() {
                period.waited_ms += count * (at_ms - before_ms);
                period.to_ms = at_ms;
            }
        } else if step > 0 && periods.last().is_none_or(|period| period.to_ms < at_ms) {
            periods.push(BusyPeriod { from_ms: at_ms, to_ms: at_ms, most: 0, waited_ms: 0 });
        }
        count = count.saturating_add_signed(step);
        if let Some(period) = periods.last_mut() {
            period.most = period.most.max(count);
        }
        before_ms = at_ms;
    }
    periods.sort_by_key(|period| (std::cmp::Reverse(period.waited_ms), period.from_ms));
    periods.truncate(MAX_PERIODS);
    (InFlightCurve { bar_ms, from_ms, most }, periods)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_told_apart_by_a_pause_and_ordered_by_what_was_waited() {
        let (curve, periods) = busy(&[(1_000, 2_000), (1_500, 2_500), (5_000, 5_400), (2_500, 2_600)]);
        let told: Vec<_> = periods.iter().map(|p| (p.from_ms, p.to_ms, p.most, p.waited_ms)).collect();
        assert_eq!(told, [(1_000, 2_600, 2, 2_100), (5_000, 5_400, 1, 400)]);
        assert_eq!((curve.bar_ms, curve.from_ms), (50, 1_000));
        assert_eq!(
            (curve.most[0], curve.most[10], curve.most[29], curve.most[40], curve.most[80]),
            (1, 2, 1, 0, 1)
        );
    }

    #[test]
    fn a_long_log_has_a_short_curve() {
        let intervals: Vec<_> = (0..10_000).map(|i| (i * 10_000, i * 10_000 + 5)).collect();
        let (curve, periods) = busy(&intervals);
        assert!(curve.most.len() <= MAX_BARS as usize + 1);
        assert!(curve.most.iter().all(|most| *most == 1));
        assert_eq!(periods.len(), MAX_PERIODS);
        assert_eq!(busy(&[]), (InFlightCurve::default(), Vec::new()));
        assert_eq!(busy(&[(7, 7)]).1, [BusyPeriod { from_ms: 7, to_ms: 8, most: 1, waited_ms: 1 }]);
    }
}
