//! Where a finding is, and what an edit changes.

use serde::Serialize;

/// A place in a text file, as editors count: lines from 0, columns from 0 in UTF-16 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts"))]
pub struct Position {
    /// From 0.
    pub line: u32,
    /// From 0, in UTF-16 units.
    pub column: u32,
}

/// From one position up to another, which is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts"))]
pub struct Range {
    /// The first position of it.
    pub start: Position,
    /// The first position behind it.
    pub end: Position,
}

/// Which of the editor's settings files a setting stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "SettingScope"))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The user's own settings.
    User,
    /// The workspace: `.vscode/settings.json`, or the `settings` of a `.code-workspace` file.
    Workspace,
    /// One folder of a workspace of several.
    Folder,
}

/// Where a finding is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "FindingPlace"))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Place {
    /// A file, or a part of it.
    File {
        /// Absolute.
        path: String,
        /// Absent: the whole file.
        range: Option<Range>,
    },
    /// A folder.
    Folder {
        /// Absolute.
        path: String,
    },
    /// A setting of the editor.
    Setting {
        /// Its full name, keys of an object setting behind it: `gopls`, `gopls.build.directoryFilters`.
        key: String,
        /// Whose.
        scope: Scope,
        /// The file it stands in, if that is known; absolute.
        path: Option<String>,
        /// Its key and value there.
        range: Option<Range>,
    },
    /// An environment variable, as gopls's `go` sees it.
    Environment {
        /// Its name.
        name: String,
    },
    /// A running process.
    Process {
        /// Its process id.
        pid: u32,
    },
}

/// A part of a file, and what is to stand there instead. The edits of one fix do not overlap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts"))]
pub struct FileEdit {
    /// Absolute.
    pub path: String,
    /// What is replaced; nothing, where start and end are the same.
    pub range: Range,
    /// What comes instead.
    pub new_text: String,
}
