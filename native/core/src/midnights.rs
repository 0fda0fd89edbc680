//! Days as whoever asks names them: by their midnights, Unix milliseconds. Only who asks knows the time zone.

/// Three years, with a day to spare.
pub(crate) const MOST: usize = 1_100;

/// Whether they name days; why not, in words.
pub(crate) fn check(midnights: &[f64]) -> Result<(), &'static str> {
    if !(2..=MOST).contains(&midnights.len()) {
        return Err("`midnights_unix_ms` must have 2 to 1,100 entries");
    }
    if !midnights.iter().all(|at| at.is_finite()) || !midnights.is_sorted_by(|a, b| a < b) {
        return Err("`midnights_unix_ms` must be numbers that ascend");
    }
    Ok(())
}

/// The day that a moment is in: an index of the midnights. The last of them ends the last day.
pub(crate) fn day(midnights: &[f64], at_unix_ms: f64) -> Option<usize> {
    let begun = midnights.partition_point(|midnight| *midnight <= at_unix_ms);
    begun.checked_sub(1).filter(|day| day + 1 < midnights.len())
}
