//! Messages of the Language Server Protocol as bytes: `Content-Length: 42`, an empty line, JSON.
//!
//! lsp-server reads the same and reserves whatever length a header names; here the other side may be a broken build.

use std::io::{self, BufRead, Read, Write};

use serde_json::Value;

/// gopls's largest answers are completions of some MB.
const MOST_MESSAGE_BYTES: u64 = 256 << 20;
const MOST_HEADER_BYTES: u64 = 8 << 10;

/// The next message; `None` at the end of the stream.
pub fn read(from: &mut impl BufRead) -> io::Result<Option<Value>> {
    let mut length = None;
    let mut header = from.by_ref().take(MOST_HEADER_BYTES);
    let mut line = String::new();
    loop {
        line.clear();
        if header.read_line(&mut line)? == 0 {
            let empty = length.is_none() && header.limit() > 0;
            return if empty { Ok(None) } else { Err(bad("the header of a message does not end")) };
        }
        let text = line.trim_end();
        if text.is_empty() {
            break;
        }
        if let Some((name, value)) = text.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<u64>().ok();
        }
    }
    let length = length.ok_or_else(|| bad("a message without a length"))?;
    if length > MOST_MESSAGE_BYTES {
        return Err(bad(&format!("a message of {} MB", length >> 20)));
    }
    let mut body = Vec::new();
    if from.take(length).read_to_end(&mut body)? as u64 != length {
        return Err(bad("the stream ended in the middle of a message"));
    }
    serde_json::from_slice(&body)
        .map(Some)
        .map_err(|error| bad(&format!("a message that is no JSON: {error}")))
}

/// Writes one.
pub fn write(to: &mut impl Write, message: &Value) -> io::Result<()> {
    let body = message.to_string();
    write!(to, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    to.flush()
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        for number in 0..3 {
            write(&mut bytes, &json!({ "id": number, "text": "ä\r\n\r\n" })).unwrap();
        }
        let mut from = &bytes[..];
        for number in 0..3 {
            assert_eq!(read(&mut from).unwrap().unwrap()["id"], number);
        }
        assert_eq!(read(&mut from).unwrap(), None);
    }

    #[test]
    fn what_is_no_message_is_refused_in_words() {
        for (bytes, why) in [
            ("Content-Length: 9999999999999\r\n\r\n{}", "MB"),
            ("Content-Length: 5\r\n\r\n{}", "middle of a message"),
            ("Content-Length: 2\r\n\r\n{]", "no JSON"),
            ("Content-Type: x\r\n\r\n{}", "without a length"),
            ("Content-Length: 2\r\n", "does not end"),
        ] {
            let error = read(&mut bytes.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(why), "{bytes:?}: {error}");
        }
        let endless = vec![b'a'; 100_000];
        assert!(read(&mut &endless[..]).is_err());
    }
}
