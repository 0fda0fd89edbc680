//! When a row of values, one per GC cycle, grows: steadily, and without coming to an end.
//!
//! One rise tells nothing: a load, a burst of work, a cache that fills. So each of these must hold.

/// Of all pairs of values, the later one is higher in at least this share. Pairs, not steps: what is alive when a
/// collection happens to run differs a little each time.
const RISING_SHARE: f64 = 0.8;
/// No single step is more than this share of the growth: that would be an event, not a habit.
const LARGEST_STEP_SHARE: f64 = 0.6;
/// The later half grows at least this much of what the earlier half did: a cache that fills comes to rest.
const LATER_SHARE: f64 = 0.3;

/// How a row of values grows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// From the first value to the last.
    pub total: f64,
    /// Values minus one.
    pub steps: usize,
}

/// The growth of values which grow steadily, or `None`.
pub fn steady_growth(values: &[f64]) -> Option<Growth> {
    let (first, last) = (*values.first()?, *values.last()?);
    let steps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let total = last - first;
    let pairs = values.len() * (values.len() - 1) / 2;
    let rising =
        |(index, value): (usize, &f64)| values[index + 1..].iter().filter(|later| *later > value).count();
    let rising: usize = values.iter().enumerate().map(rising).sum();
    let largest = steps.iter().copied().fold(0.0, f64::max);
    let (middle, third) = (values.len() / 2, values.len().div_ceil(3));
    let highest_before = values[..third].iter().copied().fold(f64::MIN, f64::max);
    let lowest_after = values[values.len() - third..].iter().copied().fold(f64::MAX, f64::min);
    let is_steady = steps.len() >= 2
        && total > 0.0
        && rising as f64 >= RISING_SHARE * pairs as f64
        && largest <= LARGEST_STEP_SHARE * total
        && lowest_after > highest_before
        && last - values[middle] >= LATER_SHARE * (values[middle] - first);
    is_steady.then_some(Growth { total, steps: steps.len() })
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
}
