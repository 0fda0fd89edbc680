//! Strings as Go writes them: when a word needs quotes, and what stands between them.

use super::lexer::is_printed;

/// A word as it must stand in a file, in quotes where it needs them.
pub fn quoted(text: &str) -> String {
    let needs = |character| match character {
        ' ' | '"' | '\'' | '`' => true,
        '(' | ')' | '[' | ']' | '{' | '}' | ',' => text.len() > 1,
        _ => !is_printed(character),
    };
    if !text.is_empty() && !text.contains("//") && !text.contains("/*") && !text.chars().any(needs) {
        return text.to_owned();
    }
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            _ if is_printed(character) => out.push(character),
            _ => out.push_str(&format!("\\U{:08x}", u32::from(character))),
        }
    }
    out.push('"');
    out
}

/// What a word says, without its quotes; none where `go` refuses it.
pub(super) fn unquoted(word: &str) -> Option<String> {
    if let Some(inner) = word.strip_prefix('"') {
        return unescaped(inner.strip_suffix('"')?);
    }
    (!word.contains(['"', '\'', '`'])).then(|| word.to_owned())
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '"' => return None,
            '\\' => escape(&mut rest, &mut bytes)?,
            _ => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What stands behind a backslash.
fn escape(rest: &mut &str, bytes: &mut Vec<u8>) -> Option<()> {
    let kind = rest.chars().next()?;
    let mut number = |skip: usize, length: usize, radix| {
        let digits = rest.get(skip..skip + length)?;
        let is_digit = |digit: char| digit.is_digit(radix);
        let value = digits.chars().all(is_digit).then(|| u32::from_str_radix(digits, radix).ok())??;
        *rest = &rest[skip + length..];
        Some(value)
    };
    let byte = match kind {
        'x' => u8::try_from(number(1, 2, 16)?).ok()?,
        '0'..='7' => u8::try_from(number(0, 3, 8)?).ok()?,
        'u' | 'U' => {
            let length = if kind == 'u' { 4 } else { 8 };
            let character = char::from_u32(number(1, length, 16)?)?;
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(());
        }
        _ => {
            let byte = match kind {
                'a' => 7,
                'b' => 8,
                'f' => 12,
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                'v' => 11,
                '\\' => b'\\',
                '"' => b'"',
                _ => return None,
            };
            *rest = &rest[1..];
            byte
        }
    };
    bytes.push(byte);
    Some(())
}
