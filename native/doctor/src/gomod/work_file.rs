//! `go.work`: which modules are worked on together.

use super::directives::{Directive, Field, Problem, Replace, each, once};
use super::syntax::parse;

const BLOCKS: &[&str] = &["godebug", "use", "replace"];

/// What a `go.work` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkFile {
    /// The language version; 1.18 where it is missing.
    pub go: Option<Field>,
    /// The toolchain that is suggested.
    pub toolchain: Option<Field>,
    /// `godebug key=value`
    pub godebug: Vec<(String, String)>,
    /// The folders of its modules.
    pub uses: Vec<Field>,
    /// What is taken instead of something else, whatever its modules say.
    pub replace: Vec<Replace>,
    /// What `go` would refuse the file for.
    pub problems: Vec<Problem>,
}

/// Reads a `go.work`.
pub fn parse_work(text: &str) -> WorkFile {
    let mut problems = Vec::new();
    let syntax = parse(text, &mut problems);
    let mut file = WorkFile::default();
    each(text, &syntax, BLOCKS, &mut problems, |directive, problems| {
        if let Err(problem) = file.add(&directive) {
            problems.push(problem);
        }
    });
    file.problems = problems;
    file
}

impl WorkFile {
    fn add(&mut self, line: &Directive<'_>) -> Result<(), Problem> {
        match line.verb {
            "go" => once(&mut self.go, line, line.go()),
            "toolchain" => once(&mut self.toolchain, line, line.toolchain()),
            "godebug" => line.godebug().map(|pair| self.godebug.push(pair)),
            "use" => line.only("use ./folder").map(|folder| self.uses.push(folder)),
            "replace" => line.replace().map(|replace| self.replace.push(replace)),
            verb => line.problem(format!("there is no directive {verb}")),
        }
    }
}
