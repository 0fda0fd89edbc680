//! Seconds as somebody types them.

use std::time::Duration;

use crate::failure::Failure;

/// Thirty years: no clock counts much further.
const MOST_SECONDS: f64 = 1e9;

/// What an option says, checked.
pub fn seconds(option: &str, value: f64) -> Result<Duration, Failure> {
    // `min` would make a number of what is none.
    let value = if value > MOST_SECONDS { MOST_SECONDS } else { value };
    Duration::try_from_secs_f64(value)
        .map_err(|_| Failure::Arguments(format!("{option} {value}: that is no number of seconds")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_time_is_refused_and_what_is_too_long_is_long() {
        for wrong in [f64::NAN, -1.0, f64::NEG_INFINITY] {
            let told = seconds("--wait", wrong).map_err(|error| error.to_string());
            assert!(told.as_ref().is_err_and(|told| told.starts_with("--wait ")), "{told:?}");
        }
        for long in [1e19, f64::MAX, f64::INFINITY] {
            assert!(
                seconds("--wait", long)
                    .is_ok_and(|wait| std::time::Instant::now().checked_add(wait).is_some())
            );
        }
        assert!(seconds("--wait", 0.25).is_ok_and(|wait| wait == Duration::from_millis(250)));
    }
}
