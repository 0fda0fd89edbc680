//! Values for people, in the units and the table `go tool pprof` readers know.

/// A value with its unit, binary multiples for bytes: `1.50MB`, `-12kB`, `3`.
pub fn value(value: i64, unit: &str) -> String {
    let scaled = |one: u64, suffix: &str| {
        let mut text = two_decimals(value.into(), one.into());
        text.truncate(text.trim_end_matches(".00").len());
        text + suffix
    };
    match unit {
        _ if value == 0 => "0".into(),
        "bytes" => match value.unsigned_abs() {
            0..0x400 => scaled(1, "B"),
            0x400..0x10_0000 => scaled(1 << 10, "kB"),
            0x10_0000..0x4000_0000 => scaled(1 << 20, "MB"),
            _ => scaled(1 << 30, "GB"),
        },
        "nanoseconds" => match value.unsigned_abs() {
            0..1_000 => scaled(1, "ns"),
            1_000..1_000_000 => scaled(1_000, "us"),
            1_000_000..1_000_000_000 => scaled(1_000_000, "ms"),
            _ => scaled(1_000_000_000, "s"),
        },
        _ => value.to_string(),
    }
}

/// A share of the total in percent, five characters wide.
pub fn percent(value: i64, total: i64) -> String {
    let share =
        if total == 0 { two_decimals(0, 1) } else { two_decimals(100 * i128::from(value), total.into()) };
    format!("{share:>5}%")
}

/// A quotient to two decimals, halves to even as the tool rounds. In whole numbers: a row has five of them, and exact
/// floating point takes its time.
fn two_decimals(numerator: i128, denominator: i128) -> String {
    let (n, d) = (100 * numerator.unsigned_abs(), denominator.unsigned_abs());
    let (below, rest) = (n / d, n % d);
    let is_nearer_above = 2 * rest > d || (2 * rest == d && below % 2 == 1);
    let hundredths = below + u128::from(is_nearer_above);
    let sign = if hundredths != 0 && (numerator < 0) != (denominator < 0) { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_carry_their_unit() {
        assert_eq!(value(0, "bytes"), "0");
        assert_eq!(value(-1536, "bytes"), "-1.50kB");
        assert_eq!(value(100_007_936, "bytes"), "95.38MB");
        assert_eq!(value(2 << 30, "bytes"), "2GB");
        assert_eq!(value((140 << 20) + (5 << 17), "bytes"), "140.62MB");
        assert_eq!(value(42, "count"), "42");
        assert_eq!(value(i64::MIN, "count"), "-9223372036854775808");
    }

    #[test]
    fn shares_are_of_the_total() {
        assert_eq!(percent(1, 8), "12.50%");
        assert_eq!(percent(1, 0), " 0.00%");
    }
}
