//! Positions in a text as editors count them, from the byte offsets that parsers give.

use std::ops;

use crate::place::{Position, Range};

/// A part of a text, in bytes.
pub type Span = ops::Range<usize>;

/// Where the lines of a text begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// Lines end with LF, CR LF or CR, as in editors.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends_line = |index: usize| {
            bytes[index] == b'\n' || bytes[index] == b'\r' && bytes.get(index + 1) != Some(&b'\n')
        };
        let starts = (0..bytes.len()).filter(|index| ends_line(*index)).map(|index| index + 1);
        Self { starts: std::iter::once(0).chain(starts).collect() }
    }

    /// The place of a byte offset in the same text; beyond its end, the end.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let before = text.get(self.starts[line]..offset.min(text.len())).unwrap_or_default();
        let whole = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position { line: whole(line), column: whole(before.encode_utf16().count()) }
    }

    /// The place of a part of the same text.
    pub fn range(&self, text: &str, span: &Span) -> Range {
        Range { start: self.position(text, span.start), end: self.position(text, span.end) }
    }

    /// The line that a byte offset is on, without what ends it.
    pub fn line(&self, text: &str, offset: usize) -> Span {
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        let start = self.starts[line];
        let content = text.get(start..end).unwrap_or_default().trim_end_matches(['\r', '\n']);
        start..start + content.len()
    }

    /// Where the line behind this offset begins; the end of the text on the last one.
    pub fn next_start(&self, text: &str, offset: usize) -> usize {
        let next = self.starts.partition_point(|start| *start <= offset);
        self.starts.get(next).copied().unwrap_or(text.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn columns_count_utf_16_and_every_line_end_counts() {
        let text = "a\r\nä😀b\rc\n";
        let lines = Lines::new(text);
        let at = |needle: &str| {
            let position = lines.position(text, text.find(needle).expect("it is there"));
            (position.line, position.column)
        };
        assert_eq!([at("a"), at("ä"), at("b"), at("c")], [(0, 0), (1, 0), (1, 3), (2, 0)]);
        assert_eq!(lines.position(text, text.len()), Position { line: 3, column: 0 });
        assert_eq!(&text[lines.line(text, 4)], "ä😀b");
        assert_eq!(lines.next_start(text, 0), 3);
    }

    proptest! {
        #[test]
        fn any_offset_of_any_text_has_a_place(text in any::<String>(), offset in 0_usize..200) {
            let lines = Lines::new(&text);
            let position = lines.position(&text, offset);
            prop_assert!(position.line as usize <= text.len());
            lines.line(&text, offset);
            lines.next_start(&text, offset);
        }
    }
}
