//! The clock of a log: a time of day, mostly without a date, from which time that only goes on is made.

/// One day in milliseconds.
pub(super) const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Two threads write into a log: a stamp may be a little older than the one before it. A clock that goes back by more
/// has begun another day.
const INTERLEAVED_MS: u64 = 10 * 60 * 1000;

/// A time as it stands in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Year, month and day, where the log has them.
    pub date: Option<Date>,
    /// Milliseconds since midnight.
    pub time_ms: u64,
    /// Whether it tells milliseconds, or only whole seconds.
    pub has_ms: bool,
}

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    /// Days since 1970-01-01.
    days: i64,
}

impl Date {
    /// From `2026-11-24` or `2026/11/24`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ['-', '/']);
        let mut number = |digits| {
            let part = parts.next()?;
            let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| part.parse::<i64>().ok())?
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let is_date = (1970..=2999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        // Counted in years that begin in March, so that the day which is not always there comes last.
        let (march_year, march_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let leap_days = march_year / 4 - march_year / 100 + march_year / 400;
        let days = 365 * march_year + leap_days + (153 * march_month + 2) / 5 + day - 1;
        is_date.then_some(Self { days: days - 719_468 })
    }

    /// The day so many days before.
    pub fn before(self, days: u64) -> Self {
        Self { days: self.days.saturating_sub_unsigned(days) }
    }

    /// Milliseconds from 1970 to its beginning, on a clock without a time zone.
    pub fn start_ms(self) -> f64 {
        self.days as f64 * DAY_MS as f64
    }
}

/// Makes one line of time of the stamps of a log.
#[derive(Debug, Default)]
pub(super) struct Clock {
    day: u64,
    last_ms: Option<u64>,
    date: Option<Date>,
}

impl Clock {
    /// Milliseconds since the midnight before the first stamp.
    pub fn at_ms(&mut self, stamp: Stamp) -> u64 {
        if let Some(date) = stamp.date {
            return self.dated_ms(date, stamp.time_ms);
        }
        let now_ms = stamp.time_ms;
        let last_ms = self.last_ms.unwrap_or(now_ms);
        if now_ms + INTERLEAVED_MS < last_ms {
            self.day += 1;
        } else if now_ms > last_ms + DAY_MS - INTERLEAVED_MS {
            // From before the midnight that another line has passed already: it does not turn the clock back.
            return (self.day * DAY_MS + now_ms).saturating_sub(DAY_MS);
        }
        self.last_ms = Some(now_ms);
        self.day * DAY_MS + now_ms
    }

    /// The calendar's name for the day of the first stamp, once something in the log has told it.
    pub fn first_day(&self) -> Option<Date> {
        self.date
    }

    /// A line that was just read says which day it is.
    pub fn today_is(&mut self, date: Date) {
        let day = self.day;
        self.date.get_or_insert_with(|| date.before(day));
    }

    fn dated_ms(&mut self, date: Date, time_ms: u64) -> u64 {
        let first = *self.date.get_or_insert(date);
        // A date from far off is no reason to count centuries: years at most.
        self.day = u64::try_from(date.days - first.days).unwrap_or(0).min(10_000);
        self.last_ms = Some(time_ms);
        self.day * DAY_MS + time_ms
    }
}

/// Reads `21:08:53.042 PM`, `9:08:53 PM`, `21:08:53`, `上午9:08:53`: a 12-hour or a 24-hour clock, with or without
/// milliseconds, as the editor's language writes it. gopls writes the hours of a 24-hour clock and AM or PM behind them.
pub(super) fn time(text: &str) -> Option<(u64, bool)> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let after = text[start..].find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.');
    let (digits, behind) = text[start..].split_at(after.unwrap_or(text.len() - start));
    let mut parts = digits.trim_end_matches('.').split([':', '.']);
    let mut number = |digits: std::ops::RangeInclusive<usize>| {
        let part = parts.next()?;
        if digits.contains(&part.len()) { part.parse::<u64>().ok() } else { None }
    };
    let (hour, minute, second) = (number(1..=2)?, number(2..=2)?, number(2..=2)?);
    let rest: Vec<&str> = parts.collect();
    let millisecond = match rest[..] {
        [] => None,
        [ms] if ms.len() == 3 => Some(ms.parse::<u64>().ok()?),
        _ => return None,
    };
    // The half of the day stands behind the time or before it.
    let half = if behind.trim().is_empty() { &text[..start] } else { behind };
    let is_half = |names: [&str; 5]| names.iter().any(|name| half.trim().eq_ignore_ascii_case(name));
    let hour = match hour {
        12 if is_half(["am", "a.m.", "上午", "오전", "午前"]) => 0,
        1..12 if is_half(["pm", "p.m.", "下午", "오후", "午後"]) => hour + 12,
        _ => hour,
    };
    let is_time = hour < 24 && minute < 60 && second < 60;
    let time_ms = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond.unwrap_or(0);
    is_time.then_some((time_ms, millisecond.is_some()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn hms(hour: u64, minute: u64, second: u64, ms: u64) -> u64 {
        ((hour * 60 + minute) * 60 + second) * 1000 + ms
    }

    #[test]
    fn every_way_to_write_a_time() {
        for (text, expected) in [
            // gopls: 24 hours, and AM or PM all the same.
            ("21:08:53.042 PM", (hms(21, 8, 53, 42), true)),
            ("00:08:53.042 AM", (hms(0, 8, 53, 42), true)),
            ("12:00:00.000 PM", (hms(12, 0, 0, 0), true)),
            // Language clients: as the language of the editor has it, with the space that is not broken.
            ("9:08:53 PM", (hms(21, 8, 53, 0), false)),
            ("12:08:53\u{202f}AM", (hms(0, 8, 53, 0), false)),
            ("12:08:53 p.m.", (hms(12, 8, 53, 0), false)),
            ("上午12:08:53", (hms(0, 8, 53, 0), false)),
            ("下午9:08:53", (hms(21, 8, 53, 0), false)),
            ("21.08.53", (hms(21, 8, 53, 0), false)),
        ] {
            assert_eq!(time(text), Some(expected), "{text}");
        }
        for none in ["", "PM", "25:00:00", "1:2:3", "12:60:00", "12:00", "1:00:00.12", "99999999999:00:00"] {
            assert_eq!(time(none), None, "{none}");
        }
    }

    fn times(stamps: &[u64]) -> Vec<u64> {
        let mut clock = Clock::default();
        stamps.iter().map(|ms| clock.at_ms(Stamp { date: None, time_ms: *ms, has_ms: true })).collect()
    }

    #[test]
    fn midnight_begins_a_day_and_a_small_step_back_does_not() {
        let (late, early) = (hms(23, 59, 59, 900), hms(0, 0, 0, 100));
        assert_eq!(times(&[late, early]), [late, DAY_MS + early]);
        // Written out of order around midnight: the older one stays on its day.
        assert_eq!(times(&[late, early, late, early]), [late, DAY_MS + early, late, DAY_MS + early]);
        let noon = hms(12, 0, 0, 0);
        assert_eq!(times(&[noon, noon - 300, noon + 1]), [noon, noon - 300, noon + 1]);
        assert_eq!(times(&[noon, noon - hms(1, 0, 0, 0)]), [noon, DAY_MS + noon - hms(1, 0, 0, 0)]);
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        let start = |text| Date::parse(text).map(Date::start_ms);
        assert_eq!(start("1970-01-01"), Some(0.0));
        assert_eq!(start("2024/02/29"), Some(1_709_164_800_000.0));
        assert_eq!(start("2026-11-24"), Some(1_795_478_400_000.0));
        assert_eq!(start("2026-13-24"), None);
        assert_eq!(start("26-11-24"), None);
    }

    #[test]
    fn with_a_date_nothing_is_guessed() {
        let mut clock = Clock::default();
        let stamp = |date: &str, time_ms| Stamp { date: Date::parse(date), time_ms, has_ms: true };
        assert_eq!(clock.at_ms(stamp("2026-11-30", 500)), 500);
        assert_eq!(clock.at_ms(stamp("2026-12-02", 400)), 2 * DAY_MS + 400);
        assert_eq!(clock.first_day(), Date::parse("2026-11-30"));
    }
}
