//! What gopls's environment says of Go's garbage collector and scheduler.

use serde::{Deserialize, Serialize};

use crate::model::Bytes;

/// What Go takes where `GOGC` says nothing, or nothing sensible.
const DEFAULT_GOGC_PERCENT: u32 = 100;
/// A limit of this size limits nothing, and beyond it JavaScript is not exact.
const MOST_BYTES: u64 = 1 << 53;

/// The three variables, as the Go runtime understands them. Nothing else of the environment is ever kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcSettings {
    /// `GOGC`: by how many percent the heap grows beyond what is live until the next cycle. `null`: switched off, only a
    /// memory limit makes it collect.
    pub gogc_percent: Option<u32>,
    /// Soft limit of all memory of the Go runtime: `GOMEMLIMIT`; `null` without one.
    pub memory_limit_bytes: Option<Bytes>,
    /// `GOMAXPROCS`; `null` when Go chooses it.
    pub max_procs: Option<u32>,
}

impl Default for GcSettings {
    fn default() -> Self {
        Self { gogc_percent: Some(DEFAULT_GOGC_PERCENT), memory_limit_bytes: None, max_procs: None }
    }
}

impl GcSettings {
    /// Reads an environment as the kernel gives it: `NAME=VALUE`, each ended by a zero byte. Like for Go, the first of
    /// several counts.
    pub fn of_environment(environment: &[u8]) -> Self {
        let value = |name: &str| {
            let mut variables = environment.split(|byte| *byte == 0);
            let found =
                variables.find_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
            found.and_then(|value| std::str::from_utf8(value).ok())
        };
        Self {
            gogc_percent: gogc(value("GOGC").unwrap_or_default()),
            memory_limit_bytes: value("GOMEMLIMIT").and_then(byte_count).filter(|bytes| *bytes < MOST_BYTES),
            max_procs: value("GOMAXPROCS").and_then(|text| text.parse().ok()).filter(|procs| *procs > 0),
        }
    }
}

fn gogc(text: &str) -> Option<u32> {
    match text.parse::<i32>() {
        _ if text == "off" => None,
        // Below zero is off, too.
        Ok(percent) => u32::try_from(percent).ok(),
        Err(_) => Some(DEFAULT_GOGC_PERCENT),
    }
}

/// A number of bytes as `GOMEMLIMIT` has it: `^[0-9]+(([KMGT]i)?B)?$`. Go refuses to start with anything else but `off`, so
/// it cannot be the value of a process that runs.
pub fn byte_count(text: &str) -> Option<Bytes> {
    let (digits, factor) = match text.strip_suffix('B') {
        None => (text, 1),
        Some(text) => [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1 << 40)]
            .into_iter()
            .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))
            .unwrap_or((text, 1)),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(factor).filter(|bytes| i64::try_from(*bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(environment: &str) -> GcSettings {
        GcSettings::of_environment(environment.as_bytes())
    }

    #[test]
    fn without_them_go_s_own_values_count() {
        assert_eq!(of(""), GcSettings::default());
        assert_eq!(of("HOME=/home/gopher\0GOGCX=5\0MYGOGC=7\0"), GcSettings::default());
    }

    #[test]
    fn they_are_read_as_go_reads_them() {
        let all = of("A=b\0GOGC=250\0GOMEMLIMIT=2GiB\0GOMAXPROCS=3\0GOGC=10\0");
        let expected =
            GcSettings { gogc_percent: Some(250), memory_limit_bytes: Some(2 << 30), max_procs: Some(3) };
        assert_eq!(all, expected);
        for (text, percent) in
            [("off", None), ("-1", None), ("0", Some(0)), ("", Some(100)), ("50%", Some(100))]
        {
            assert_eq!(of(&format!("GOGC={text}\0")).gogc_percent, percent, "{text:?}");
        }
        for (text, bytes) in [
            ("1500", Some(1_500)),
            ("1500B", Some(1_500)),
            ("3KiB", Some(3 << 10)),
            ("300MiB", Some(300 << 20)),
            ("1TiB", Some(1 << 40)),
            ("off", None),
            ("9223372036854775807", None),
            ("2GB", None),
            ("+5", None),
            ("MiB", None),
        ] {
            assert_eq!(of(&format!("GOMEMLIMIT={text}\0")).memory_limit_bytes, bytes, "{text:?}");
        }
        assert_eq!(of("GOMAXPROCS=0\0").max_procs, None);
    }

    proptest! {
        /// An environment is outside input.
        #[test]
        fn any_bytes_are_an_environment(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            GcSettings::of_environment(&bytes);
        }
    }
}
