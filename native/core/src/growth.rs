//! When a row of values, one per GC cycle, grows: the one place where that is decided.
//!
//! Both tests look at all pairs of values, not at steps from one to the next: what is alive when a collection happens to
//! run differs a little each time, and a pair far apart does not mind.
//!
//! - [`rises_beyond_chance`] for a long row, as the live series is (8 values and more): Mann and Kendall's test says that
//!   there is a trend, Sen's slope with its interval says how much.
//! - [`steady_growth`] for a short row, as a handful of heap profiles is. With 5 values Mann and Kendall's z cannot pass
//!   2.33 whatever the values are (the most is 2.2), so the share of rising pairs is asked for instead, and what
//!   significance would have given is made up for by more conditions.
//!
//! What both assume: the values are in order of time, about evenly apart in work done (a GC cycle is: the heap has
//! doubled), measured under equal conditions, and without a trend their errors are independent of each other. How they
//! scatter does not matter. The runtime samples allocations, so a profile's sum scatters by a few per cent, in each profile
//! anew; what is the same in two profiles (an object that lives on) scatters alike in both, which hides no growth and
//! invents none.
//!
//! Sources: H. B. Mann, "Nonparametric tests against trend", Econometrica 13 (1945); P. K. Sen, "Estimates of the regression
//! coefficient based on Kendall's tau", J. Amer. Statist. Assoc. 63 (1968). No correction for ties is made: equal
//! values are rare in bytes, and in counts leaving it out only makes the test stricter.

/// Mann-Kendall's z beyond which growth is no chance: one in a hundred cases of no growth gets there.
const SIGNIFICANT_Z: f64 = 2.33;
/// Sen's interval: 95 %.
const INTERVAL_Z: f64 = 1.96;
/// A long row still grows when its later half does so at least this fraction as fast as all of it: a cache that fills up
/// does not.
const STILL_GROWING: f64 = 0.25;

/// In a short row the later value of a pair is higher in at least this share of pairs.
const RISING_SHARE: f64 = 0.8;
/// No single step is more than this share of the growth: that would be an event, not a habit.
const LARGEST_STEP_SHARE: f64 = 0.6;
/// The later half grows at least this much of what the earlier half did: a cache that fills comes to rest.
const LATER_SHARE: f64 = 0.3;

/// Sen's slope: growth from one value to the next, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Slope {
    /// The middle of all slopes between two values.
    pub per_step: f64,
    /// With 95 % confidence at least this.
    pub low: f64,
    /// And at most this.
    pub high: f64,
}

/// How a short row of values grows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Growth {
    /// From the first value to the last.
    pub total: f64,
    /// Values minus one.
    pub steps: usize,
}

/// Whether a long row grows by more than chance, by at least `least_total` from its first value to its last, and still.
pub(crate) fn rises_beyond_chance(values: &[f64], least_total: f64) -> bool {
    let (Some(slope), Some(later)) = (sen_slope(values), sen_slope(&values[values.len() / 2..])) else {
        return false;
    };
    kendall_z(values) > SIGNIFICANT_Z
        && slope.low > 0.0
        && slope.per_step * (values.len() - 1) as f64 >= least_total
        && later.per_step >= STILL_GROWING * slope.per_step
}

/// Sen's slope and its interval; `None` of fewer than two values.
pub(crate) fn sen_slope(values: &[f64]) -> Option<Slope> {
    let mut slopes: Vec<f64> = pairs(values).map(|(apart, change)| change / apart as f64).collect();
    slopes.sort_by(f64::total_cmp);
    let last = slopes.len().checked_sub(1)?;
    let count = slopes.len() as f64;
    let half = INTERVAL_Z * deviation(values.len()) / 2.0;
    let at = |place: f64| slopes[(place.max(0.0) as usize).min(last)];
    Some(Slope {
        per_step: at((count - 1.0) / 2.0),
        low: at((count / 2.0 - half).floor() - 1.0),
        high: at((count / 2.0 + half).ceil()),
    })
}

/// The growth of a short row that grows steadily and without coming to an end, or `None`. One rise tells nothing: a load, a
/// burst of work, a cache that fills. So each of these must hold.
pub(crate) fn steady_growth(values: &[f64]) -> Option<Growth> {
    let (first, last) = (*values.first()?, *values.last()?);
    let steps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let total = last - first;
    let largest = steps.iter().copied().fold(0.0, f64::max);
    let (middle, third) = (values.len() / 2, values.len().div_ceil(3));
    let highest_before = values[..third].iter().copied().fold(f64::MIN, f64::max);
    let lowest_after = values[values.len() - third..].iter().copied().fold(f64::MAX, f64::min);
    let is_steady = steps.len() >= 2
        && total > 0.0
        && rising_share(values) >= RISING_SHARE
        && largest <= LARGEST_STEP_SHARE * total
        && lowest_after > highest_before
        && last - values[middle] >= LATER_SHARE * (values[middle] - first);
    is_steady.then_some(Growth { total, steps: steps.len() })
}

/// Mann and Kendall's statistic as a standard score: how many later values are larger than earlier ones, against chance.
fn kendall_z(values: &[f64]) -> f64 {
    let sign = |(_, change): (usize, f64)| i64::from(change > 0.0) - i64::from(change < 0.0);
    let score: i64 = pairs(values).map(sign).sum();
    if score == 0 { 0.0 } else { (score - score.signum()) as f64 / deviation(values.len()) }
}

/// Of the sum of signs over all pairs, when there is no trend.
fn deviation(count: usize) -> f64 {
    let n = count as f64;
    (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt()
}

/// Pairs whose later value is larger, of all pairs of two values or more.
fn rising_share(values: &[f64]) -> f64 {
    let rising = pairs(values).filter(|(_, change)| *change > 0.0).count();
    rising as f64 / pairs(values).count().max(1) as f64
}

/// Of all pairs: how many places they are apart, and by how much the later one is larger.
fn pairs(values: &[f64]) -> impl Iterator<Item = (usize, f64)> + '_ {
    let after = |place: usize| values[place + 1..].iter().enumerate();
    values
        .iter()
        .enumerate()
        .flat_map(move |(place, before)| after(place).map(move |(apart, later)| (apart + 1, later - before)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rise_is_growth() {
        assert_eq!(steady_growth(&[10.0, 20.0, 30.0, 40.0, 50.0]), Some(Growth { total: 40.0, steps: 4 }));
        assert!(steady_growth(&[10.0, 18.0, 17.0, 31.0, 39.0, 52.0, 60.0]).is_some(), "a dip on the way");
        let natural = [1.0, 12.0, 21.0, 29.0, 28.0, 46.0, 42.0, 55.0, 58.0, 67.0, 76.0, 81.0];
        assert!(
            steady_growth(&natural).is_some(),
            "the server that leaks among churn, collected when Go liked"
        );
        assert!(steady_growth(&[0.0, 1.0, 3.0, 6.0, 10.0]).is_some(), "ever faster");
    }

    #[test]
    fn what_is_no_habit_is_no_growth() {
        for (values, why) in [
            (&[10.0, 10.0, 10.0, 10.0, 10.0][..], "steady"),
            (&[10.0, 50.0, 12.0, 48.0, 11.0], "up and down"),
            (&[10.0, 10.1, 10.2, 10.3, 90.0], "one jump"),
            (&[10.0, 90.0, 90.1, 90.2, 90.3], "one jump at the beginning"),
            (&[10.0, 50.0, 80.0, 84.0, 85.0, 85.5, 86.0], "coming to rest, as a load or a cache does"),
            (&[50.0, 40.0, 30.0, 20.0], "falling"),
            (&[10.0, 20.0], "one step"),
            (&[10.0], "one value"),
            (&[], "none"),
        ] {
            assert_eq!(steady_growth(values), None, "{why}");
        }
    }

    #[test]
    fn a_long_row_rises_beyond_chance_when_its_pairs_say_so() {
        let noisy: Vec<f64> = [0, 9, 3, 14, 5, 11, 2, 8, 13, 1, 7, 4].map(f64::from).to_vec();
        let rising: Vec<f64> = noisy.iter().zip(0..).map(|(noise, n)| noise + 10.0 * f64::from(n)).collect();
        assert!(rises_beyond_chance(&rising, 50.0));
        assert!(!rises_beyond_chance(&rising, 500.0), "not by what matters");
        assert!(!rises_beyond_chance(&noisy, 0.0), "noise alone");
        let filling = [0.0, 50.0, 80.0, 90.0, 95.0, 96.0, 96.5, 96.6, 96.7, 96.7, 96.8, 96.9];
        assert!(!rises_beyond_chance(&filling, 10.0), "has come to rest");
    }

    #[test]
    fn five_values_are_never_significant_which_is_why_there_are_two_tests() {
        let steep = [10.0, 20.0, 30.0, 40.0, 50.0];
        assert!(kendall_z(&steep) < SIGNIFICANT_Z);
        assert!(!rises_beyond_chance(&steep, 0.0));
        assert!(steady_growth(&steep).is_some());
    }

    #[test]
    fn the_slope_of_a_line_is_its_slope_and_one_value_has_none() {
        assert_eq!(sen_slope(&[1.0, 3.0, 5.0, 7.0]), Some(Slope { per_step: 2.0, low: 2.0, high: 2.0 }));
        assert_eq!(sen_slope(&[1.0]), None);
        assert_eq!(sen_slope(&[]), None);
        // One outlier does not bend it.
        assert_eq!(
            sen_slope(&[1.0, 3.0, 5.0, 700.0, 9.0, 11.0, 13.0]).map(|slope| slope.per_step),
            Some(2.0)
        );
    }
}
