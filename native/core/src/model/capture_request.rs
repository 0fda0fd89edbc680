//! What somebody may ask gopls for by hand.

use serde::{Deserialize, Serialize};

use super::CaptureKind;

/// The shortest recording: gopls counts in whole seconds …
const LEAST_SECONDS: u32 = 1;
/// … and a longest one, so that one which was forgotten ends.
const MOST_SECONDS: u32 = 60;

/// What is to be captured. `docs/capturing.md` says what each costs the editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum CaptureWhat {
    /// The heap as the last completed GC cycle left it.
    Heap,
    /// The heap after a collection that is forced for it.
    HeapAfterGc,
    /// What the heap has gained and lost over some seconds.
    HeapDelta,
    /// Everything allocated since gopls's start.
    Allocs,
    /// What gopls's goroutines do.
    Goroutines,
    /// Where gopls's CPU time goes, over some seconds.
    Cpu,
    /// The heap as text, with the runtime's memory statistics at its end.
    HeapText,
}

/// A capture on request. One that exists is valid: seconds are there where they are needed, in range, and only there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(try_from = "Unchecked")]
pub struct CaptureRequest {
    /// What.
    what: CaptureWhat,
    /// For how long gopls records, 1 to 60, for `heap-delta` and `cpu`; otherwise null.
    seconds: Option<u32>,
}

/// Why a request is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CaptureRequestError {
    /// It is to record, but not for a time it can.
    #[error("`seconds` must be a whole number from {LEAST_SECONDS} to {MOST_SECONDS} for {}, not {}", .what.name(), .seconds.map_or("null".to_owned(), |s| s.to_string()))]
    Seconds {
        /// What was asked for.
        what: CaptureWhat,
        /// The seconds given.
        seconds: Option<u32>,
    },
    /// It is of one moment.
    #[error(
        "`seconds` must be null for {}: it is of one moment, only a delta and a CPU profile take time", .what.name()
    )]
    NotOverTime {
        /// What was asked for.
        what: CaptureWhat,
    },
}

#[derive(Deserialize)]
struct Unchecked {
    what: CaptureWhat,
    #[serde(default)]
    seconds: Option<u32>,
}

impl TryFrom<Unchecked> for CaptureRequest {
    type Error = CaptureRequestError;

    fn try_from(Unchecked { what, seconds }: Unchecked) -> Result<Self, Self::Error> {
        Self::new(what, seconds)
    }
}

impl CaptureRequest {
    /// The heap as it is.
    pub const HEAP: Self = Self { what: CaptureWhat::Heap, seconds: None };

    /// A request.
    ///
    /// # Errors
    /// Seconds that are missing, out of range, or given for what is of one moment.
    pub fn new(what: CaptureWhat, seconds: Option<u32>) -> Result<Self, CaptureRequestError> {
        let in_range = |s: &u32| (LEAST_SECONDS..=MOST_SECONDS).contains(s);
        match (what.kind().is_recording(), seconds) {
            (true, given) if !given.as_ref().is_some_and(in_range) => {
                Err(CaptureRequestError::Seconds { what, seconds })
            }
            (false, Some(_)) => Err(CaptureRequestError::NotOverTime { what }),
            _ => Ok(Self { what, seconds }),
        }
    }

    /// What is asked for.
    pub fn what(self) -> CaptureWhat {
        self.what
    }

    /// For how long gopls records.
    pub fn seconds(self) -> Option<u32> {
        self.seconds
    }
}

impl CaptureWhat {
    /// Its name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Heap => "heap",
            Self::HeapAfterGc => "heap-after-gc",
            Self::HeapDelta => "heap-delta",
            Self::Allocs => "allocs",
            Self::Goroutines => "goroutines",
            Self::Cpu => "cpu",
            Self::HeapText => "heap-text",
        }
    }

    /// What kind of evidence it becomes.
    pub fn kind(self) -> CaptureKind {
        match self {
            Self::Heap | Self::HeapAfterGc => CaptureKind::Heap,
            Self::HeapDelta => CaptureKind::HeapDelta,
            Self::Allocs => CaptureKind::Allocs,
            Self::Goroutines => CaptureKind::Goroutines,
            Self::Cpu => CaptureKind::Cpu,
            Self::HeapText => CaptureKind::HeapText,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_recorded_takes_seconds() {
        for what in [CaptureWhat::HeapDelta, CaptureWhat::Cpu] {
            assert!(CaptureRequest::new(what, Some(1)).is_ok());
            assert!(CaptureRequest::new(what, Some(60)).is_ok());
            for seconds in [None, Some(0), Some(61)] {
                let refused = CaptureRequest::new(what, seconds).map_err(|e| e.to_string());
                assert!(refused.is_err_and(|e| e.contains("from 1 to 60")), "{what:?} {seconds:?}");
            }
        }
        for what in [CaptureWhat::Heap, CaptureWhat::HeapAfterGc, CaptureWhat::Goroutines] {
            assert!(CaptureRequest::new(what, None).is_ok());
            assert!(CaptureRequest::new(what, Some(5)).is_err(), "{what:?}");
        }
    }

    #[test]
    fn what_comes_from_outside_is_checked_as_it_is_read() {
        let read = |text: &str| serde_json::from_str::<CaptureRequest>(text).map_err(|e| e.to_string());
        assert_eq!(read(r#"{"what":"heap","seconds":null}"#), Ok(CaptureRequest::HEAP));
        assert_eq!(read(r#"{"what":"cpu","seconds":30}"#).map(CaptureRequest::seconds), Ok(Some(30)));
        let named = serde_json::to_value(CaptureWhat::HeapAfterGc).ok();
        assert_eq!(named, Some(CaptureWhat::HeapAfterGc.name().into()));
        for (text, why) in [
            (r#"{"what":"cpu","seconds":3600}"#, "from 1 to 60"),
            (r#"{"what":"cpu","seconds":1.5}"#, "u32"),
            (r#"{"what":"core-dump","seconds":null}"#, "core-dump"),
            (r#"{"seconds":null}"#, "what"),
        ] {
            assert!(read(text).is_err_and(|e| e.contains(why)), "{text}");
        }
    }
}
