//! From text to tokens, by the rules of golang.org/x/mod: words, quoted strings, brackets, comments, ends of lines.

use std::ops::Range;

use super::directives::Problem;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word, a quoted string or a bracket.
    Word,
    /// `(`, which may begin a block.
    Open,
    /// `)`, which may end one.
    Close,
    /// The end of a line.
    End,
    /// A comment with nothing before it on its line, and the end of that line.
    Comment,
    /// A comment behind something, and the end of that line.
    Suffix,
}

/// A token and where it is, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub at: Range<usize>,
}

/// Splits a text. A line that cannot be split is a problem, and left out from there on.
pub(super) fn tokens(text: &str, problems: &mut Vec<Problem>) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        line(text, at..end, &mut found, problems);
        at = end + 1;
    }
    found
}

fn line(text: &str, line: Range<usize>, found: &mut Vec<Token>, problems: &mut Vec<Problem>) {
    let mut at = line.start;
    let end = line.end;
    while let Some(character) = text[at..end].chars().next() {
        let rest = &text[at..end];
        if matches!(character, ' ' | '\t' | '\r') {
            at += 1;
            continue;
        }
        if rest.starts_with("//") {
            let is_alone = text[line.start..at].trim().is_empty();
            let kind = if is_alone { Kind::Comment } else { Kind::Suffix };
            found.push(Token { kind, at: at..at + rest.trim_end_matches('\r').len() });
            return;
        }
        let length = match word(rest) {
            Ok(length) => length,
            Err(why) => {
                problems.push(Problem { at: at..end, why: why.into() });
                break;
            }
        };
        let kind = match character {
            '(' => Kind::Open,
            ')' => Kind::Close,
            _ => Kind::Word,
        };
        found.push(Token { kind, at: at..at + length });
        at += length;
    }
    found.push(Token { kind: Kind::End, at: end..end });
}

/// The length of the word that begins a text, which is not empty.
fn word(text: &str) -> Result<usize, &'static str> {
    if text.starts_with("/*") {
        return Err("comments begin with //, not with /*");
    }
    if text.starts_with(['(', ')', '[', ']', '{', '}', ',']) {
        return Ok(1);
    }
    if let Some(quote) = text.chars().next().filter(|first| matches!(first, '"' | '`')) {
        return string(text, quote);
    }
    let mut length = 0;
    for character in text.chars().take_while(|character| is_word(*character)) {
        match &text[length..] {
            rest if rest.starts_with("//") => break,
            rest if rest.starts_with("/*") => return Err("comments begin with //, not with /*"),
            _ => length += character.len_utf8(),
        }
    }
    if length == 0 { Err("this character is not allowed here") } else { Ok(length) }
}

fn string(text: &str, quote: char) -> Result<usize, &'static str> {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if quote == '"' => is_escaped = true,
            _ if character == quote => return Ok(at + 1),
            _ => {}
        }
    }
    Err("the quoted string does not end on its line")
}

/// What may be part of a word: what can be printed, but for spaces and some punctuation.
fn is_word(character: char) -> bool {
    !matches!(character, ' ' | '(' | ')' | '[' | ']' | '{' | '}' | ',')
        && !character.is_whitespace()
        && is_printed(character)
}

/// Whether Go prints a character rather than escapes it: no control or format characters, nothing for private use.
pub(super) fn is_printed(character: char) -> bool {
    let is_format = matches!(u32::from(character),
        0xAD | 0x600..=0x605 | 0x61C | 0x6DD | 0x70F | 0x890..=0x891 | 0x8E2 | 0x180E | 0x200B..=0x200F | 0x2028..=0x202E
        | 0x2060..=0x206F | 0xE000..=0xF8FF | 0xFEFF | 0xFFF9..=0xFFFB | 0x110BD | 0x110CD | 0x13430..=0x1343F
        | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0001 | 0xE0020..=0xE007F | 0xF0000..=0x10_FFFF);
    !character.is_control() && !is_format && (character == ' ' || !character.is_whitespace())
}
