//! One form for all spellings of a path, with the way back to the text it is spelled in.
//!
//! The same folder comes as `/home/me`, `file:///home/m%65`, `C:\\Users\\me` in JSON, or percent-encoded twice inside of
//! another URI. Texts and what is searched for in them are brought into one form, byte by byte, and each byte knows which
//! part of the text it stands for.

/// A text in the form in which paths are compared: percent-encoding undone, back slashes turned, runs of separators one.
pub(super) struct Spelled {
    /// What it says.
    pub bytes: Vec<u8>,
    /// Where in the text each byte of it is: from, to.
    pub places: Vec<(usize, usize)>,
}

impl Spelled {
    /// `fold`: small letters for capital ones (ASCII), where the filesystem does not tell them apart.
    pub fn new(text: &str, fold: bool) -> Self {
        let raw = text.as_bytes();
        let mut spelled =
            Self { bytes: Vec::with_capacity(raw.len()), places: Vec::with_capacity(raw.len()) };
        let mut at = 0;
        while at < raw.len() {
            let (byte, length) = decoded(&raw[at..]);
            let byte = if byte == b'\\' { b'/' } else { byte };
            let byte = if fold { byte.to_ascii_lowercase() } else { byte };
            let place = (at, at + length);
            at += length;
            match spelled.places.last_mut() {
                // The last separator of a run stands for it: what is replaced leaves `file://` before it as it is.
                Some(last) if byte == b'/' && spelled.bytes.last() == Some(&b'/') => *last = place,
                _ => {
                    spelled.bytes.push(byte);
                    spelled.places.push(place);
                }
            }
        }
        spelled
    }

    /// The byte at an index; `None` beyond the ends.
    pub fn get(&self, index: Option<usize>) -> Option<u8> {
        index.and_then(|index| self.bytes.get(index).copied())
    }
}

/// The first byte, percent-encoding undone however often it was applied, and how many bytes spell it.
fn decoded(text: &[u8]) -> (u8, usize) {
    let mut length = 1;
    // `%2541`: a percent sign that is encoded itself; each round of encoding puts another `25` in between.
    while text[0] == b'%' && text.get(length..length + 2) == Some(b"25") {
        length += 2;
    }
    let digits = text.get(length..length + 2).and_then(|two| Some((hex(two[0])?, hex(two[1])?)));
    match digits {
        Some((high, low)) if text[0] == b'%' => (high << 4 | low, length + 2),
        _ => (text[0], if text[0] == b'%' { length } else { 1 }),
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> String {
        String::from_utf8_lossy(&Spelled::new(text, false).bytes).into_owned()
    }

    #[test]
    fn all_spellings_of_a_path_have_one_form() {
        for spelling in ["/a b/é", "//a%20b/é", "\\\\a b\\é", "/a%2520b%2F%C3%A9", "%2fa%252520b%5C%c3%a9"]
        {
            assert_eq!(form(spelling), "/a b/é", "{spelling}");
        }
        assert_eq!(form("100% of %zz, 50%"), "100% of %zz, 50%");
    }

    #[test]
    fn every_byte_knows_its_place() {
        let text = "file:///a%20b";
        let spelled = Spelled::new(text, false);
        let said: Vec<&str> = spelled.places.iter().map(|(from, to)| &text[*from..*to]).collect();
        assert_eq!(said, ["f", "i", "l", "e", ":", "/", "a", "%20", "b"]);
        assert_eq!(spelled.places[5], (7, 8), "the last of the three");
    }
}
