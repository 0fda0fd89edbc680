//! What maintainers ask before they look at anything else, as data. What is not known says so by being absent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::growth::GrowthPace;
use super::redactor::Replaced;
use crate::model::Bytes;

/// What is asked for. Checked by who builds the report; none of it is in the report but `about`.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct ReportRequest {
    /// Which incident.
    pub incident: String,
    /// Whether anything is hidden at all.
    pub redact: bool,
    /// Names of modules, and of packages and files of the workspace, as well.
    pub hide_names: bool,
    /// Words that must not be read either.
    pub also_hide: Vec<String>,
    /// Home folders beside the one the process knows of.
    pub homes: Vec<String>,
    /// Account names beside the ones it knows of.
    pub user_names: Vec<String>,
    /// Names of the machine beside the ones it knows of.
    pub host_names: Vec<String>,
    /// The panel's page for reports (`extension/dist/report.html`); `null` for a report without it.
    pub page: Option<String>,
    /// What the editor knows of itself.
    pub about: AboutEditor,
}

/// The side of the editor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(default)]
pub struct AboutEditor {
    /// For example `Visual Studio Code 1.106.0`; empty without an editor.
    pub editor: String,
    /// Where the extension host runs, for example `ssh-remote`; empty on the machine of the window.
    pub remote: String,
    /// Version of the Go extension.
    pub go_extension: String,
    /// Name and release of the operating system.
    pub os_release: String,
    /// Physical memory.
    pub memory_bytes: Option<f64>,
    /// Settings that differ from their default and bear on gopls or on this report, by name.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
    pub settings: BTreeMap<String, Value>,
}

/// `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportFacts {
    /// Version of the layout of this file.
    pub format: u32,
    /// Who made the report: name and version.
    pub made_by: String,
    /// When, as UTC, RFC 3339.
    pub made_at: String,
    /// Whether paths and names are replaced.
    pub redacted: bool,
    /// Whether names of modules, packages and files are.
    pub names_hidden: bool,
    /// The server.
    pub gopls: GoplsFacts,
    /// The computer.
    pub machine: MachineFacts,
    /// The editor.
    pub editor: AboutEditor,
    /// What is in the workspace folders: counted when the report was made, not during the incident.
    pub workspace: WorkspaceFacts,
    /// Immediate or gradual.
    pub growth: GrowthPace,
}

/// gopls.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GoplsFacts {
    /// Its version.
    pub version: Option<String>,
    /// The Go that built it.
    pub go_version: Option<String>,
    /// Build settings in its executable (`GOOS`, `GOARCH`, …); absent when the executable is not there any more or is
    /// another version now.
    pub build: Option<BTreeMap<String, String>>,
}

/// The computer.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MachineFacts {
    /// As Rust names it: `linux`, `macos`, `windows`.
    pub os: String,
    /// `x86_64`, `aarch64`.
    pub arch: String,
    /// Threads that can run at the same time, limits of a container taken into account.
    pub cpus: Option<usize>,
}

/// What is in the workspace folders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WorkspaceFacts {
    /// How many folders the window has.
    pub folders: usize,
    /// Files that end in `.go`, tests included.
    pub go_files: u64,
    /// Together.
    pub go_file_bytes: Bytes,
    /// Folders with such files: about as many packages.
    pub go_folders: u64,
    /// `go.mod` files.
    pub modules: u64,
    /// `go.work` files.
    pub go_work_files: u64,
    /// Whether all of it was counted; else the figures are lower bounds.
    pub complete: bool,
    /// Views and loaded packages are gopls's to tell; nothing here knows them.
    pub views: Option<u64>,
}

/// A report that is ready, as the user sees it before it is saved.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct ReportPreview {
    /// Names this report in further calls; a newer report of the same core makes it invalid.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub report: u64,
    /// What goes in.
    pub files: Vec<ReportFile>,
    /// What was replaced by what.
    pub replaced: Vec<Replaced>,
    /// What could not be put in, and why.
    pub left_out: Vec<String>,
}

/// One file of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct ReportFile {
    /// Its name in the zip.
    pub name: String,
    /// Its size.
    pub size_bytes: Bytes,
    /// What it is.
    pub kind: ReportFileKind,
}

/// What a file of a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum ReportFileKind {
    /// What is what.
    Readme,
    /// The panel as a page.
    Page,
    /// What maintainers ask.
    Facts,
    /// The incident as recorded.
    Incident,
    /// RSS, requests and captures over time.
    Timeline,
    /// What it comes to.
    Verdict,
    /// A heap profile.
    Heap,
    /// A profile that is no heap: allocations, a difference, CPU.
    Profile,
    /// A heap profile as text.
    HeapText,
    /// A goroutine profile.
    Goroutines,
    /// The runtime's memory statistics.
    Memory,
    /// gopls's own spans.
    Spans,
}

impl ReportFileKind {
    /// Whether it is in the format of pprof.
    pub fn is_profile(self) -> bool {
        matches!(self, Self::Heap | Self::Profile)
    }
}
