//! What the doctor says of a folder.

use serde::Serialize;

use crate::environment::ProxyTable;
use crate::finding::{Confidence, Severity};
use crate::lifecycle::Lifecycle;
use crate::place::{FileEdit, Place};
use crate::settings::SeenSetting;

/// All that was found, the worst first, and what could not be examined.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "DoctorReport"))]
pub struct Report {
    /// The folder that was examined, absolute.
    pub folder: String,
    /// What was found.
    pub findings: Vec<ToldFinding>,
    /// The gopls that run, and what a log tells of those that did.
    pub lifecycle: Lifecycle,
    /// All settings for Go that are set, and which of them count.
    pub settings: Vec<SeenSetting>,
    /// What each way to set `GOPROXY` means, and which is in force.
    pub proxies: ProxyTable,
    /// What could not be examined, and why: nothing found there does not mean that nothing is there.
    pub not_examined: Vec<NotExamined>,
}

/// Something that could not be examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts"))]
pub struct NotExamined {
    /// What: `go list`, a file.
    pub what: String,
    /// Why not, and what helps.
    pub why: String,
}

/// A finding in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "DoctorFinding"))]
pub struct ToldFinding {
    /// The finding's id: `go-work-use-missing`.
    pub id: String,
    /// `workspace`, `environment`, `settings`, `lifecycle` or `cache`.
    pub area: String,
    /// How much it matters.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// Where it is.
    pub place: Place,
    /// One line.
    pub title: String,
    /// What it means, and why it matters.
    pub why: String,
    /// How its fixes are undone; absent where none changes anything.
    pub undo: Option<String>,
    /// What it was seen by.
    pub evidence: Vec<String>,
    /// Ways to mend it, the best first.
    pub fixes: Vec<ToldFix>,
    /// Phases and causes of a wait that it explains.
    pub fits: Vec<String>,
    /// Where it can be read up.
    pub references: Vec<Page>,
}

/// A page to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "DoctorPage"))]
pub struct Page {
    /// What it is.
    pub title: String,
    /// Where; https.
    pub url: String,
}

/// A way to mend a finding, in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "DoctorFix"))]
pub struct ToldFix {
    /// Its id within the finding.
    pub id: String,
    /// What it does, as a button says it.
    pub title: String,
    /// Edits that the editor previews, applies and undoes.
    pub edits: Vec<FileEdit>,
    /// A command for a terminal, each argument by itself; empty where the fix is edits.
    pub command: Vec<String>,
    /// Where the command is to be run, absolute; absent where any folder will do.
    pub folder: Option<String>,
}

impl Report {
    /// Sorts what was found: what fits the wait at hand first (phases and causes by their names), then the worst, then the surest.
    pub fn sort(&mut self, wait: &[String]) {
        let fits = |finding: &ToldFinding| finding.fits.iter().any(|name| wait.contains(name));
        self.findings.sort_by(|a, b| {
            let rank = |f: &ToldFinding| (!fits(f), f.severity, f.confidence);
            rank(a).cmp(&rank(b)).then_with(|| a.id.cmp(&b.id))
        });
    }
}
