//! Values for people, in the units and the table `go tool pprof` readers know.

/// A value with its unit, binary multiples for bytes: `1.50MB`, `-12kB`, `3`.
pub fn value(value: i64, unit: &str) -> String {
    let scaled = |factor: f64, suffix: &str| {
        let number = format!("{:.2}", value as f64 / factor);
        format!("{}{suffix}", number.strip_suffix(".00").unwrap_or(&number))
    };
    match unit {
        _ if value == 0 => "0".into(),
        "bytes" => match value.unsigned_abs() {
            0..0x400 => scaled(1.0, "B"),
            0x400..0x10_0000 => scaled(f64::from(1 << 10), "kB"),
            0x10_0000..0x4000_0000 => scaled(f64::from(1 << 20), "MB"),
            _ => scaled(f64::from(1 << 30), "GB"),
        },
        "nanoseconds" => match value.unsigned_abs() {
            0..1_000 => scaled(1.0, "ns"),
            1_000..1_000_000 => scaled(1e3, "us"),
            1_000_000..1_000_000_000 => scaled(1e6, "ms"),
            _ => scaled(1e9, "s"),
        },
        _ => value.to_string(),
    }
}

/// A share of the total in percent, five characters wide.
pub fn percent(value: i64, total: i64) -> String {
    if total == 0 {
        return format!("{:>5.2}%", 0.0);
    }
    format!("{:>5.2}%", 100.0 * value as f64 / total as f64)
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
        assert_eq!(value(42, "count"), "42");
        assert_eq!(value(i64::MIN, "count"), "-9223372036854775808");
    }

    #[test]
    fn shares_are_of_the_total() {
        assert_eq!(percent(1, 8), "12.50%");
        assert_eq!(percent(1, 0), " 0.00%");
    }
}
