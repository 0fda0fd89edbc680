//! A change of a setting that is suggested, and may be tried.

use serde::{Deserialize, Serialize};

const LEAST_LIMIT_BYTES: u64 = 64 << 20;
const MOST_LIMIT_BYTES: u64 = 1 << 53;

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum ChangedSetting {
    /// gopls's own `memoryLimit`, from v0.24 on, in bytes.
    MemoryLimit,
    /// `GOMEMLIMIT` in gopls's environment, in bytes.
    GoMemLimit,
    /// `GOGC`, in percent.
    Gogc,
    /// `GOMAXPROCS`.
    GoMaxProcs,
}

/// A setting and the value it is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(try_from = "Unchecked")]
pub struct SuggestedChange {
    /// Which.
    pub setting: ChangedSetting,
    /// In its unit.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub value: u64,
}

/// As it comes from outside: a file, or the panel.
#[derive(Deserialize)]
struct Unchecked {
    setting: ChangedSetting,
    value: u64,
}

impl TryFrom<Unchecked> for SuggestedChange {
    type Error = String;

    fn try_from(Unchecked { setting, value }: Unchecked) -> Result<Self, Self::Error> {
        let (least, most) = match setting {
            ChangedSetting::MemoryLimit | ChangedSetting::GoMemLimit => (LEAST_LIMIT_BYTES, MOST_LIMIT_BYTES),
            ChangedSetting::Gogc => (10, 1_000),
            ChangedSetting::GoMaxProcs => (1, 1_024),
        };
        if (least..=most).contains(&value) {
            Ok(Self { setting, value })
        } else {
            Err(format!("{setting:?} from {least} to {most} is expected, not {value}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_would_break_gopls_is_refused() {
        let read = |text: &str| serde_json::from_str::<SuggestedChange>(text).map_err(|e| e.to_string());
        let gogc = SuggestedChange { setting: ChangedSetting::Gogc, value: 200 };
        assert_eq!(read(r#"{"setting":"gogc","value":200}"#), Ok(gogc));
        for text in [
            r#"{"setting":"gogc","value":0}"#,
            r#"{"setting":"memory-limit","value":1000}"#,
            r#"{"setting":"go-max-procs","value":0}"#,
        ] {
            assert!(read(text).is_err_and(|why| why.contains("is expected, not")), "{text}");
        }
        assert!(read(r#"{"setting":"PATH","value":200}"#).is_err());
    }
}
