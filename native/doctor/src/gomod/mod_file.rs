//! `go.mod`: what a module is called, needs, replaces, and leaves out.

use std::ops::Range;

use super::directives::{Directive, Field, Problem, Replace, Version, each, once};
use super::syntax::parse;

const BLOCKS: &[&str] = &["module", "godebug", "require", "exclude", "replace", "retract", "tool", "ignore"];

/// What a `go.mod` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModFile {
    /// The path of the module.
    pub module: Option<Field>,
    /// What is said of its deprecation; empty if it is not deprecated.
    pub deprecated: String,
    /// The language version.
    pub go: Option<Field>,
    /// The toolchain that is suggested.
    pub toolchain: Option<Field>,
    /// `godebug key=value`
    pub godebug: Vec<(String, String)>,
    /// What it needs.
    pub require: Vec<Require>,
    /// Versions that are passed over.
    pub exclude: Vec<Version>,
    /// What is taken instead of something else, if this is a main module.
    pub replace: Vec<Replace>,
    /// Versions of itself that nobody should use.
    pub retract: Vec<Retract>,
    /// Packages that `go tool` runs.
    pub tool: Vec<Field>,
    /// Folders that `./...` leaves out.
    pub ignore: Vec<Field>,
    /// What `go` would refuse the file for.
    pub problems: Vec<Problem>,
}

/// `require module/path v1.2.3 // indirect`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Require {
    /// What is needed, at least in this version.
    pub module: Version,
    /// Whether only other modules need it.
    pub indirect: bool,
    /// The directive, in bytes.
    pub at: Range<usize>,
}

/// `retract [v1.0.0, v1.9.9] // why`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retract {
    /// From this version.
    pub low: String,
    /// Up to this one, which is part of it.
    pub high: String,
    /// Why.
    pub rationale: String,
}

/// Reads a `go.mod`.
pub fn parse_mod(text: &str) -> ModFile {
    let mut problems = Vec::new();
    let syntax = parse(text, &mut problems);
    let mut file = ModFile::default();
    each(text, &syntax, BLOCKS, &mut problems, |directive, problems| {
        if let Err(problem) = file.add(&directive) {
            problems.push(problem);
        }
    });
    file.problems = problems;
    file
}

impl ModFile {
    /// Whether `./...` leaves a folder out, by its path from the module's folder, with `/`.
    pub fn ignores(&self, folder: &str) -> bool {
        let folder = format!("/{folder}/");
        self.ignore.iter().any(|field| match field.text.strip_prefix("./") {
            Some(from_here) => folder.starts_with(&format!("/{}/", from_here.trim_end_matches('/'))),
            None => folder.contains(&format!("/{}/", field.text.trim_matches('/'))),
        })
    }

    fn add(&mut self, line: &Directive<'_>) -> Result<(), Problem> {
        match line.verb {
            "module" => {
                once(&mut self.module, line, line.only("module module/path"))?;
                self.deprecated = deprecation(&line.comment());
                Ok(())
            }
            "go" => once(&mut self.go, line, line.go()),
            "toolchain" => once(&mut self.toolchain, line, line.toolchain()),
            "godebug" => line.godebug().map(|pair| self.godebug.push(pair)),
            "require" => {
                let module = line.module_version()?;
                self.require.push(Require { module, indirect: is_indirect(line), at: line.at.clone() });
                Ok(())
            }
            "exclude" => line.module_version().map(|version| self.exclude.push(version)),
            "replace" => line.replace().map(|replace| self.replace.push(replace)),
            "retract" => retract(line).map(|retract| self.retract.push(retract)),
            "tool" => line.only("tool package/path").map(|path| self.tool.push(path)),
            "ignore" => line.only("ignore folder").map(|path| self.ignore.push(path)),
            verb => line.problem(format!("there is no directive {verb}")),
        }
    }
}

/// The word that the go command writes behind what only other modules need.
fn is_indirect(line: &Directive<'_>) -> bool {
    let comment = line.comments.suffix.and_then(|at| line.text.get(at.clone())).unwrap_or_default();
    let mut words = comment.trim_start_matches("//").split_whitespace();
    match (words.next(), words.next()) {
        (Some("indirect"), None) => true,
        (first, Some(_)) => first == Some("indirect;"),
        _ => false,
    }
}

fn retract(line: &Directive<'_>) -> Result<Retract, Problem> {
    let usage = "must be: retract v1.2.3, or: retract [v1.2.3, v1.4.5]";
    let rationale = line.comment();
    if line.word(0) != "[" {
        let only = line.only("retract v1.2.3, or: retract [v1.2.3, v1.4.5]")?.text;
        return if only == "(" {
            line.problem(usage)
        } else {
            Ok(Retract { low: only.clone(), high: only, rationale })
        };
    }
    if line.words.len() != 5 || line.word(2) != "," || line.word(4) != "]" {
        return line.problem(usage);
    }
    Ok(Retract { low: line.field(1)?.text, high: line.field(3)?.text, rationale })
}

/// The paragraph of a comment that begins with `Deprecated:`.
fn deprecation(comment: &str) -> String {
    let paragraphs = comment.split("\n\n");
    let told = paragraphs.filter_map(|paragraph| paragraph.strip_prefix("Deprecated:")).next();
    told.map(|text| text.trim_start_matches(' ').to_owned()).unwrap_or_default()
}
