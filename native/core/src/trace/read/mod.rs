//! The door for traces that were written by others, or by us: Chrome trace events and speedscope's files, as slices.
//!
//! A file is outside input. It is read in one pass, borrowed from its bytes; a bad event spoils only itself and is counted, and
//! what ends in the middle of an event is read up to there, because the format allows a list that is never closed.

mod chrome;
mod document;
mod nest;
mod speedscope;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use serde::Serialize;

use super::{Trace, TraceFormat};
use crate::model::Ns;

/// A larger file is refused: it would take several times that much of the editor's memory.
pub const MOST_FILE_BYTES: usize = 64 << 20;
/// Slices, points and marks that are kept; the rest is counted.
const MOST_EVENTS: usize = 500_000;
/// Slices within slices. A deeper stack is cut.
const MOST_DEPTH: usize = 256;
/// The latest moment: 146 years, so that Unix time passes and no sum of a few overflows.
const MOST_NS: Ns = 1 << 62;

/// Why a file is none.
#[derive(Debug, thiserror::Error)]
pub enum NotATrace {
    /// Too large to be looked at.
    #[error("{bytes} bytes are more than the {MOST_FILE_BYTES} that are read: save a shorter part of it")]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// Not JSON.
    #[error(
        "no trace in JSON ({0}): save it as Chrome trace events (JSON) or as a speedscope file; Perfetto's own binary traces are not read"
    )]
    Json(String),
    /// JSON of something else.
    #[error(
        "neither `traceEvents`, nor a list of events, nor speedscope's `profiles` are in it: save Chrome trace events (JSON) or a speedscope file"
    )]
    NeitherFormat,
    /// Nothing in it took time.
    #[error("no event in it has a beginning and an end, so there is nothing to compare")]
    NoSlices,
}

/// A trace as a file had it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadTrace {
    /// What was read. Where nothing names it, the title is empty.
    pub trace: Trace,
    /// In which format.
    pub format: TraceFormat,
    /// What was not.
    pub skipped: Skipped,
}

/// What of a file was not read, in events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "TraceSkipped"))]
pub struct Skipped {
    /// Of kinds that take no time: flows, samples, objects, profiles of bytes.
    pub other_kinds: u64,
    /// A beginning without an end, an end without a beginning.
    pub unbalanced: u64,
    /// Without a name or a moment, or with one that cannot be.
    pub malformed: u64,
    /// Too many of them, or too deep within others.
    pub beyond_limits: u64,
    /// The file ends in the middle.
    pub is_cut_off: bool,
}

impl ReadTrace {
    /// Reads the content of a file.
    ///
    /// # Errors
    /// Too large, neither of the formats, or without a slice.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotATrace> {
        if bytes.len() > MOST_FILE_BYTES {
            return Err(NotATrace::TooLarge { bytes: bytes.len() as u64 });
        }
        let read = document::parse(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))?;
        if read.trace.slice_count() == 0 { Err(NotATrace::NoSlices) } else { Ok(read) }
    }

    /// Whether a file that begins like this may be a trace; a message log never is.
    pub fn looks_like_one(start: &[u8]) -> bool {
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        match start {
            [b'{', ..] => true,
            [b'[', list @ ..] => matches!(list.trim_ascii_start(), [] | [b'{' | b']', ..]),
            _ => false,
        }
    }
}

/// A moment or a length in the format's unit, of so many nanoseconds each; `None` for what is none.
fn ns(value: f64, unit_ns: f64) -> Option<Ns> {
    let ns = (value * unit_ns).round();
    // Also false for what is no number.
    (0.0..=MOST_NS as f64).contains(&ns).then_some(ns as Ns)
}
