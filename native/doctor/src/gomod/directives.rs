//! What `go.mod` and `go.work` have in common: words with their places, versions, replacements, and what can be wrong with them.

use std::ops::Range;

use super::quote::unquoted;
use super::syntax::{Block, Line, Statement, Syntax};
use super::version::{canonical, fits_major, is_go_version, module_path_parts};

/// Something that the go command would refuse the whole file for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, in bytes.
    pub at: Range<usize>,
    /// Why.
    pub why: String,
}

/// A word of a file: what it says, and where it stands, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Without quotes.
    pub text: String,
    /// With its quotes.
    pub at: Range<usize>,
}

/// A module, and its version where one is given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Its path; of a replacement perhaps a folder.
    pub path: String,
    /// `v1.2.3`; empty for all versions, or for a folder.
    pub version: String,
}

/// `replace old => new`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replace {
    /// What is replaced.
    pub old: Version,
    /// What comes instead.
    pub new: Version,
    /// The directive, in bytes.
    pub at: Range<usize>,
}

/// The comments that belong to a directive: those above it, and the one behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Comments<'a> {
    pub(super) before: &'a [Range<usize>],
    pub(super) suffix: Option<&'a Range<usize>>,
}

/// Whether a replacement or a `use` is a folder: rooted, or beginning with `.` or `..`. Windows's ways of writing that count everywhere.
pub fn is_folder_path(path: &str) -> bool {
    let bytes = path.as_bytes();
    let has_drive = bytes.get(1) == Some(&b':') && bytes.first().is_some_and(u8::is_ascii_alphabetic);
    matches!(path, "." | "..")
        || ["/", "\\", "./", ".\\", "../", "..\\"].iter().any(|start| path.starts_with(start))
        || has_drive
}

/// One directive on its way to its meaning.
pub(super) struct Directive<'a> {
    pub text: &'a str,
    pub verb: &'a str,
    pub words: Vec<Range<usize>>,
    pub at: Range<usize>,
    pub comments: Comments<'a>,
}

impl Directive<'_> {
    pub fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |range| &self.text[range.clone()])
    }

    pub fn problem<T>(&self, why: impl Into<String>) -> Result<T, Problem> {
        Err(Problem { at: self.at.clone(), why: why.into() })
    }

    /// The only word it may have.
    pub fn only(&self, usage: &str) -> Result<Field, Problem> {
        if self.words.len() == 1 { self.field(0) } else { self.problem(format!("must be: {usage}")) }
    }

    pub fn field(&self, at: usize) -> Result<Field, Problem> {
        let range = self.words.get(at).cloned().unwrap_or(self.at.clone());
        match unquoted(self.word(at)) {
            Some(text) => Ok(Field { text, at: range }),
            None => Err(Problem { at: range, why: "the quotes are wrong".into() }),
        }
    }

    pub fn go(&self) -> Result<Field, Problem> {
        let text = self.word(0).to_owned();
        if self.words.len() != 1 || !is_go_version(&text) {
            return self.problem("must be: go 1.23.0");
        }
        Ok(Field { text, at: self.words.first().cloned().unwrap_or(self.at.clone()) })
    }

    pub fn toolchain(&self) -> Result<Field, Problem> {
        let text = self.word(0).to_owned();
        let is_name = text == "default" || text == "go1" || text.starts_with("go1.");
        if self.words.len() != 1 || !is_name {
            return self.problem("must be: toolchain go1.23.0, or: toolchain default");
        }
        Ok(Field { text, at: self.words.first().cloned().unwrap_or(self.at.clone()) })
    }

    pub fn godebug(&self) -> Result<(String, String), Problem> {
        match self.word(0).split_once('=') {
            Some((key, value)) if self.words.len() == 1 && !self.word(0).contains(['"', '`', '\'', ',']) => {
                Ok((key.into(), value.into()))
            }
            _ => self.problem("must be: godebug key=value"),
        }
    }

    /// A module and a version that fits it.
    pub fn module_version(&self) -> Result<Version, Problem> {
        if self.words.len() != 2 {
            return self.problem(format!("must be: {} module/path v1.2.3", self.verb));
        }
        self.version_of(self.field(0)?.text, 1)
    }

    fn version_of(&self, path: String, at: usize) -> Result<Version, Problem> {
        let Some((_, major)) = module_path_parts(&path) else {
            return self.problem(format!("{path} is no module path"));
        };
        let version = self.version(at)?;
        if !fits_major(&version, major) {
            return self.problem(format!("{version} does not fit the major version of {path}"));
        }
        Ok(Version { path, version })
    }

    fn version(&self, at: usize) -> Result<String, Problem> {
        let field = self.field(at)?;
        let why =
            || Problem { at: field.at.clone(), why: format!("{} must be a version like v1.2.3", field.text) };
        canonical(&field.text).ok_or_else(why)
    }

    pub fn replace(&self) -> Result<Replace, Problem> {
        let usage = "must be: replace module/path [v1.2.3] => other/module v1.4.0, or => ../folder";
        let arrow = if self.word(1) == "=>" { 1 } else { 2 };
        if !(arrow + 2..=arrow + 3).contains(&self.words.len()) || self.word(arrow) != "=>" {
            return self.problem(usage);
        }
        let path = self.field(0)?.text;
        let old = if arrow == 2 {
            self.version_of(path, 1)?
        } else if module_path_parts(&path).is_some() {
            Version { path, version: String::new() }
        } else {
            return self.problem(format!("{path} is no module path"));
        };
        let path = self.field(arrow + 1)?.text;
        let has_version = self.words.len() == arrow + 3;
        let version = if has_version { self.version(arrow + 2)? } else { String::new() };
        match (has_version, is_folder_path(&path)) {
            (true, true) => return self.problem("a folder has no version"),
            (false, false) => {
                return self.problem("a module needs a version, a folder begins with ./ or ../ or /");
            }
            (false, true) if cfg!(not(windows)) && path.contains('\\') => {
                return self.problem("the folder is written as Windows writes it");
            }
            _ => {}
        }
        Ok(Replace { old, new: Version { path, version }, at: self.at.clone() })
    }

    /// What the comments of it say, line by line.
    pub fn comment(&self) -> String {
        let all = self.comments.before.iter().chain(self.comments.suffix);
        let lines = all.filter_map(|at| self.text.get(at.clone())?.strip_prefix("//")).map(str::trim);
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Gives every directive of a file, those of blocks one by one. Blocks are allowed for these verbs.
pub(super) fn each<'a>(
    text: &'a str,
    syntax: &'a Syntax,
    blocks: &[&str],
    problems: &mut Vec<Problem>,
    mut each: impl FnMut(Directive<'a>, &mut Vec<Problem>),
) {
    for statement in &syntax.statements {
        match statement {
            Statement::Line(line) => {
                let Some((verb, words)) = line.words.split_first() else { continue };
                let directive = directive(text, &text[verb.clone()], words, line, None);
                each(Directive { at: verb.start..directive.at.end.max(verb.end), ..directive }, problems);
            }
            Statement::Block(block) => {
                let at = block.words.first().map_or(block.open..block.open, Clone::clone);
                let verb = &text[at.clone()];
                if block.words.len() != 1 || !blocks.contains(&verb) {
                    problems.push(Problem { at, why: format!("there is no block of {verb}") });
                    continue;
                }
                for line in &block.lines {
                    each(directive(text, verb, &line.words, line, Some(block)), problems);
                }
            }
        }
    }
}

fn directive<'a>(
    text: &'a str,
    verb: &'a str,
    words: &[Range<usize>],
    line: &'a Line,
    block: Option<&'a Block>,
) -> Directive<'a> {
    // A line without comments has those of its block.
    let comments = match block {
        Some(block) if line.before.is_empty() && line.suffix.is_none() => {
            Comments { before: &block.before, suffix: None }
        }
        _ => Comments { before: &line.before, suffix: line.suffix.as_ref() },
    };
    let at = match (words.first(), words.last()) {
        (Some(first), Some(last)) => first.start..last.end,
        _ => 0..0,
    };
    Directive { text, verb, words: words.to_vec(), at, comments }
}

/// What may stand once only.
pub(super) fn once<T>(
    slot: &mut Option<T>,
    directive: &Directive<'_>,
    value: Result<T, Problem>,
) -> Result<(), Problem> {
    if slot.is_some() {
        return directive.problem(format!("there is another {} above", directive.verb));
    }
    *slot = Some(value?);
    Ok(())
}
