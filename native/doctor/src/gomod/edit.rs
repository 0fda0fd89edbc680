//! Changes of one line that leave every other byte of a file as it is.

use std::ops::Range;

use super::directives::Field;
use super::quote::quoted;
use super::syntax::{Line, Statement, parse};

/// These bytes become this text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub at: Range<usize>,
    /// What comes instead.
    pub new_text: String,
}

/// Takes out the line on which a directive stands, with the comment behind it. Comments above it stay: they may be about more.
pub fn drop_line(text: &str, directive: &Range<usize>) -> Edit {
    let start = text[..directive.start.min(text.len())].rfind('\n').map_or(0, |at| at + 1);
    let end =
        text.get(directive.end..).and_then(|rest| rest.find('\n')).map(|length| directive.end + length + 1);
    // The last line has no end: the one before it loses its own.
    let at = match end {
        Some(end) => start..end,
        None => {
            let before = text[..start].strip_suffix('\n').unwrap_or_default();
            before.strip_suffix('\r').unwrap_or(before).len()..text.len()
        }
    };
    Edit { at, new_text: String::new() }
}

/// Takes out the lines of several directives, as edits that do not overlap.
pub fn drop_lines(text: &str, directives: &[Range<usize>]) -> Vec<Edit> {
    let mut edits: Vec<Edit> = directives.iter().map(|directive| drop_line(text, directive)).collect();
    edits.sort_by_key(|edit| (edit.at.start, edit.at.end));
    let mut found: Vec<Edit> = Vec::new();
    for edit in edits {
        match found.last_mut().filter(|last| edit.at.start < last.at.end) {
            Some(last) => last.at.end = last.at.end.max(edit.at.end),
            None => found.push(edit),
        }
    }
    found
}

/// Puts another word in the place of one.
pub fn replace_field(field: &Field, word: &str) -> Edit {
    Edit { at: field.at.clone(), new_text: quoted(word) }
}

/// Adds a directive where its kin stand: at the end of their last block, below the last of them, or at the end of the file. `words`
/// are quoted as they need it.
pub fn add_line(text: &str, verb: &str, words: &[&str]) -> Edit {
    let syntax = parse(text, &mut Vec::new());
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let words = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    let is_kin = |word: &Range<usize>| text.get(word.clone()) == Some(verb);
    for statement in syntax.statements.iter().rev() {
        if let Statement::Block(block) = statement
            && block.words.len() == 1
            && block.words.first().is_some_and(is_kin)
            && block.close > block.open
        {
            return into_block(text, block.open, block.close, block.lines.last(), &words, newline);
        }
    }
    let kin = |statement: &Statement| match statement {
        Statement::Line(line) if line.words.first().is_some_and(is_kin) => {
            line.words.last().map(|word| word.end)
        }
        _ => None,
    };
    let directive = format!("{verb} {words}{newline}");
    match syntax.statements.iter().rev().find_map(kin).and_then(|end| Some(end + text[end..].find('\n')? + 1))
    {
        Some(next_line) => Edit { at: next_line..next_line, new_text: directive },
        None => {
            let is_ended = text.is_empty() || text.ends_with('\n');
            let before = if is_ended { "" } else { newline };
            let gap = if text.trim().is_empty() { "" } else { newline };
            Edit { at: text.len()..text.len(), new_text: format!("{before}{gap}{directive}") }
        }
    }
}

/// Adds a line before the closing parenthesis, indented as the last one is.
fn into_block(
    text: &str,
    open: usize,
    close: usize,
    last: Option<&Line>,
    words: &str,
    newline: &str,
) -> Edit {
    let line_start = text[..close].rfind('\n').map_or(0, |at| at + 1);
    let indent = last.and_then(|line| line.words.first()).map_or("\t", |word| {
        let start = text[..word.start].rfind('\n').map_or(0, |at| at + 1);
        &text[start..word.start]
    });
    if line_start <= open {
        return Edit { at: close..close, new_text: format!("{newline}{indent}{words}{newline}") };
    }
    Edit { at: line_start..line_start, new_text: format!("{indent}{words}{newline}") }
}
