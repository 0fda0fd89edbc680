//! From bytes of a text to the places that editors count, lines and UTF-16 columns.

use std::ops::Range;

use crate::place::{Position, Range as PlaceRange};

/// Knows where the lines of a text begin.
#[derive(Debug)]
pub struct Places<'a> {
    text: &'a str,
    lines: Vec<usize>,
}

impl<'a> Places<'a> {
    /// Of this text.
    pub fn new(text: &'a str) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, lines: std::iter::once(0).chain(starts).collect() }
    }

    /// The place of a byte; one within a character counts as its beginning, one behind the end as the end.
    pub fn position(&self, byte: usize) -> Position {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.lines.partition_point(|start| *start <= byte).saturating_sub(1);
        let start = self.lines.get(line).copied().unwrap_or(0);
        let column = self.text[start..byte].encode_utf16().count();
        let counted = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Position { line: counted(line), column: counted(column) }
    }

    /// The place of some bytes.
    pub fn range(&self, bytes: &Range<usize>) -> PlaceRange {
        PlaceRange { start: self.position(bytes.start), end: self.position(bytes.end) }
    }
}
