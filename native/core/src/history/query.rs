//! What is wanted of the history.

use serde::{Deserialize, Serialize};

use crate::midnights;

const LONGEST_TEXT_CHARS: usize = 8_000;

/// Which part of the history is wanted, and where the days of whoever asks begin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct HistoryQuery {
    /// Where days begin, Unix milliseconds, ascending; the last one ends the last day. Only who asks knows the time zone.
    pub midnights_unix_ms: Vec<f64>,
    /// Only this workspace, as [`super::HistoryView::workspaces`] names it; `null` for all.
    pub workspace: Option<String>,
    /// Only waits for this LSP method; `null` for all.
    pub method: Option<String>,
}

/// Why a query is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("history: {0}")]
pub struct HistoryQueryError(&'static str);

impl HistoryQuery {
    /// Whether it can be answered.
    ///
    /// # Errors
    /// Days that do not follow each other, too many of them, texts that are too long.
    pub fn check(&self) -> Result<(), HistoryQueryError> {
        midnights::check(&self.midnights_unix_ms).map_err(HistoryQueryError)?;
        let is_long = |text: &Option<String>| {
            text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_TEXT_CHARS)
        };
        if is_long(&self.workspace) || is_long(&self.method) {
            return Err(HistoryQueryError("`workspace` and `method` must have 8,000 characters at most"));
        }
        Ok(())
    }

    /// From when to when; `None` for a query that is none.
    pub fn range_unix_ms(&self) -> Option<(f64, f64)> {
        Some((*self.midnights_unix_ms.first()?, *self.midnights_unix_ms.last()?))
    }

    /// The day that a moment is in: an index of the midnights.
    pub fn day(&self, at_unix_ms: f64) -> Option<usize> {
        midnights::day(&self.midnights_unix_ms, at_unix_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(midnights_unix_ms: Vec<f64>) -> HistoryQuery {
        HistoryQuery { midnights_unix_ms, workspace: None, method: None }
    }

    #[test]
    fn days_are_those_of_whoever_asks() {
        let two = query(vec![0.0, 100.0, 250.0]);
        assert_eq!(two.check(), Ok(()));
        assert_eq!(two.range_unix_ms(), Some((0.0, 250.0)));
        let days: Vec<_> = [-1.0, 0.0, 99.0, 100.0, 249.0, 250.0].map(|at| two.day(at)).into();
        assert_eq!(days, [None, Some(0), Some(0), Some(1), Some(1), None]);
    }

    #[test]
    fn what_is_none_is_refused() {
        for none in [vec![], vec![1.0], vec![2.0, 1.0], vec![1.0, f64::NAN], vec![1.0, 1.0]] {
            assert!(query(none.clone()).check().is_err(), "{none:?}");
        }
        assert!(query((0..1_101).map(f64::from).collect()).check().is_err());
        let long = HistoryQuery { method: Some("m".repeat(8_001)), ..query(vec![0.0, 1.0]) };
        assert!(long.check().is_err());
    }
}
