//! From bytes in chunks of any size to lines of a bounded length.

use std::io::BufRead;

/// Of a longer line only this much is looked at: an answer may have megabytes, its beginning says what it is.
pub(super) const MAX_LINE_BYTES: usize = 64 << 10;

/// The line that is being read, kept between two chunks.
#[derive(Debug, Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
    is_cut: bool,
}

impl Lines {
    /// Gives every line that ends in `bytes`, without its end; where the bytes were split makes no difference.
    pub fn push(&mut self, mut bytes: &[u8], mut line: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            let rest = bytes;
            // Of a slice this cannot fail, and it searches faster than an iterator does.
            let length = bytes.skip_until(b'\n').unwrap_or(rest.len());
            let part = &rest[..length];
            let Some(end) = part.strip_suffix(b"\n") else {
                self.keep(part);
                return;
            };
            if self.begun.is_empty() {
                line(without_return(end.get(..MAX_LINE_BYTES).unwrap_or(end), end.len() > MAX_LINE_BYTES));
            } else {
                self.keep(end);
                self.give(&mut line);
            }
        }
    }

    /// The line that was begun, as it is; nothing when none was.
    pub fn end(&mut self, mut line: impl FnMut(&[u8])) {
        if !self.begun.is_empty() {
            self.give(&mut line);
        }
    }

    /// What was begun goes on nowhere.
    pub fn forget(&mut self) {
        self.begun.clear();
        self.is_cut = false;
    }

    fn give(&mut self, line: &mut impl FnMut(&[u8])) {
        line(without_return(&self.begun, self.is_cut));
        self.forget();
    }

    fn keep(&mut self, part: &[u8]) {
        let room = MAX_LINE_BYTES - self.begun.len();
        self.is_cut |= part.len() > room;
        self.begun.extend_from_slice(&part[..part.len().min(room)]);
    }
}

/// gopls ends the lines of a message in one way and the empty ones after it in another.
fn without_return(line: &[u8], is_cut: bool) -> &[u8] {
    if is_cut { line } else { line.strip_suffix(b"\r").unwrap_or(line) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for chunk in chunks {
            lines.push(chunk, |line| found.push(line.to_vec()));
        }
        lines.end(|line| found.push(line.to_vec()));
        found
    }

    #[test]
    fn ends_of_lines_are_no_part_of_them() {
        assert_eq!(lines(&[b"a\r\n\r\nb\nc"]), [&b"a"[..], b"", b"b", b"c"]);
        assert_eq!(lines(&[b"a\r", b"\nb"]), [&b"a"[..], b"b"]);
    }

    #[test]
    fn a_long_line_is_its_beginning_however_it_comes() {
        let mut long = vec![b'x'; MAX_LINE_BYTES - 1];
        long.extend_from_slice(b"\r and more\nnext\n");
        let whole = lines(&[&long]);
        assert_eq!((whole[0].len(), &*whole[1]), (MAX_LINE_BYTES, &b"next"[..]));
        for split in [1, MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 5] {
            assert_eq!(lines(&[&long[..split], &long[split..]]), whole, "{split}");
        }
    }
}
