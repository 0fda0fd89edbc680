//! One thing that is wrong, before it is put into words.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::place::{FileEdit, Place};

/// One thing that the doctor found. What it says to people stands in the rule file, below its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which, as the rule file names it: `go-work-use-missing`.
    pub id: &'static str,
    /// How sure it is.
    pub confidence: Confidence,
    /// Where it is.
    pub place: Place,
    /// What fills the `{placeholders}` of its texts.
    pub values: BTreeMap<&'static str, String>,
    /// What it was seen by: a line of a file, what a command said. Shown as they are.
    pub evidence: Vec<String>,
    /// Ways to mend it, the best first.
    pub fixes: Vec<Fix>,
}

/// A way to mend a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// Which, as the rule file names it below its finding: `remove-use`.
    pub id: &'static str,
    /// Edits that the editor previews, applies and undoes.
    pub edits: Vec<FileEdit>,
    /// A command for a terminal, each argument by itself. It is shown and copied, never run unasked.
    pub command: Vec<String>,
    /// Where the command is to be run, absolute; none where any folder will do.
    pub folder: Option<String>,
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "ts",
    derive(ts_rs::TS),
    ts(export, export_to = "doctor.ts", rename = "FindingSeverity")
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something does not work.
    Error,
    /// It costs time or memory, or will break.
    Warning,
    /// Worth knowing.
    Information,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "ts",
    derive(ts_rs::TS),
    ts(export, export_to = "doctor.ts", rename = "FindingConfidence")
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// It was read or measured here.
    Certain,
    /// It follows from what was read, if nothing unusual goes on.
    Likely,
    /// It may be meant so.
    Possible,
}

impl Finding {
    /// A finding without values, evidence and fixes.
    pub fn new(id: &'static str, confidence: Confidence, place: Place) -> Self {
        Self { id, confidence, place, values: BTreeMap::new(), evidence: Vec::new(), fixes: Vec::new() }
    }

    /// With what fills a `{placeholder}`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.values.insert(name, value.to_string());
        self
    }

    /// With what it was seen by.
    #[must_use]
    pub fn seen(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    /// With a way to mend it by edits.
    #[must_use]
    pub fn edit(mut self, id: &'static str, edits: Vec<FileEdit>) -> Self {
        self.fixes.push(Fix { id, edits, command: Vec::new(), folder: None });
        self
    }

    /// With a way to mend it by a command that may be run anywhere.
    #[must_use]
    pub fn command(mut self, id: &'static str, command: &[&str]) -> Self {
        let command = command.iter().map(ToString::to_string).collect();
        self.fixes.push(Fix { id, edits: Vec::new(), command, folder: None });
        self
    }

    /// With a way to mend it by a command that is to be run in a folder.
    #[must_use]
    pub fn command_in(self, folder: &Path, id: &'static str, command: &[&str]) -> Self {
        let mut finding = self.command(id, command);
        if let Some(fix) = finding.fixes.last_mut() {
            fix.folder = Some(folder.display().to_string());
        }
        finding
    }
}
