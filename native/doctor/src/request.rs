//! What somebody asks the doctor.

use serde::Deserialize;

/// Which folder is to be examined, and what only the asker knows of it. Paths are absolute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "DoctorRequest"))]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The folder that is open in the editor.
    pub folder: String,
    /// The language of the answer (`en`, `zh-cn`).
    pub language: String,
    /// Phases and causes of the wait that it is about: what fits them comes first.
    #[serde(default)]
    pub wait: Vec<String>,
    /// The user's own settings file.
    #[serde(default)]
    pub user_settings: Option<String>,
    /// The `.code-workspace` file that is open.
    #[serde(default)]
    pub code_workspace: Option<String>,
    /// The gopls that the editor uses, where it knows.
    #[serde(default)]
    pub gopls: Option<String>,
    /// `package.json` of the Go extension: which `go.*` settings there are.
    #[serde(default)]
    pub go_extension: Option<String>,
    /// The log of gopls, or of the editor's output of it.
    #[serde(default)]
    pub log: Option<String>,
    /// Whether the workspace is trusted: only then a program that it names is run.
    #[serde(default)]
    pub is_trusted: bool,
}
