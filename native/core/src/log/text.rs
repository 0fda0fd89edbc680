//! Texts as gopls's logger writes them: a date, the message, and labels on lines of their own.

use super::clock::{Date, time};

/// The date and the rest of `2026/11/24 21:09:26 go/packages.Load #1`; without a date the text as it is.
pub(super) fn dated(text: &str) -> (Option<Date>, &str) {
    let dated = || {
        let (date, rest) = text.split_at_checked(10)?;
        let (time_of_day, rest) = rest.strip_prefix(' ')?.split_at_checked(8)?;
        let date = Date::parse(date)?;
        time(time_of_day)?;
        Some((Some(date), rest.strip_prefix(' ').unwrap_or(rest)))
    };
    dated().unwrap_or((None, text))
}

/// The labels below a message, in their order: `\n\tquery=[./...]`.
pub(super) fn labels(text: &str) -> Vec<(&str, &str)> {
    text.split("\n\t").skip(1).filter_map(|label| label.trim_end().split_once('=')).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_no_part_of_the_message() {
        let (date, rest) = dated("2026/11/24 21:09:26 Created View (#1)");
        assert_eq!((date, rest), (Date::parse("2026/11/24"), "Created View (#1)"));
        assert_eq!(dated("Created View"), (None, "Created View"));
        assert_eq!(dated("2026/11/24 and more"), (None, "2026/11/24 and more"));
        assert_eq!(dated("2026/11/2é 21:09:26"), (None, "2026/11/2é 21:09:26"));
    }
}
