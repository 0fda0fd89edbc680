//! Reports: an incident for somebody else, built in memory, looked at, and then saved as it was looked at.
//!
//! Everything in a report is made of redacted evidence: profiles, pages and the incident are redacted first, and what is
//! computed (tables, time line, verdict) is computed of those. So there is no second way by which a path could get in.

mod build;
mod evidence;
mod hidden;
mod kept;
mod outgoing;
mod workspace;
mod zip;

use std::path::{Path, PathBuf};

use stallscope_core::report::{Replaced, ReportFile, ReportFileKind};

use crate::reader::ReadError;
use crate::store::{StoreError, write_for_user};

pub use build::build;
pub use kept::Reports;
pub use outgoing::{strict_redactor, strictly_redacted_profile};

/// Why there is no report, or no file of it.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The incident.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The page for reports.
    #[error(
        "{path} is not the page for reports of this version: reinstall the extension, or save a report without it"
    )]
    Page {
        /// Which file.
        path: PathBuf,
    },
    /// It was not kept.
    #[error("report {number} is not kept any more: a newer one was built since; build it again")]
    Outdated {
        /// Which.
        number: u64,
    },
    /// No such file in the report.
    #[error("the report has no file {name}: the preview lists those it has")]
    NoFile {
        /// Which.
        name: String,
    },
    /// Where the process happens to run is nowhere the user would look.
    #[error("{path:?} is not a place to save a report: name the file with its whole path")]
    Destination {
        /// What was given.
        path: PathBuf,
    },
    /// The zip.
    #[error("the zip could not be made: {what}")]
    Zip {
        /// Why.
        what: String,
    },
}

impl ReportError {
    /// Kebab-case name for the user interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(error) => error.code(),
            Self::Page { .. } => "report-page",
            Self::Outdated { .. } => "report-outdated",
            Self::NoFile { .. } => "report-file",
            Self::Destination { .. } => "invalid-destination",
            Self::Zip { .. } => "report-zip",
        }
    }
}

impl From<StoreError> for ReportError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

/// A report that is ready: its files in memory, byte for byte what is saved.
#[derive(Debug)]
pub struct Report {
    pub(crate) files: Vec<(ReportFile, Vec<u8>)>,
    pub(crate) replaced: Vec<Replaced>,
    pub(crate) left_out: Vec<String>,
    pub(crate) issue: String,
    pub(crate) made_at: String,
}

impl Report {
    /// What is in it.
    pub fn files(&self) -> Vec<ReportFile> {
        self.files.iter().map(|(file, _)| file.clone()).collect()
    }

    /// What was replaced by what. This names what is hidden, and is for the user alone.
    pub fn replaced(&self) -> &[Replaced] {
        &self.replaced
    }

    /// What could not be put in, and why.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The Markdown of an issue.
    pub fn issue(&self) -> &str {
        &self.issue
    }

    /// The bytes of one file.
    ///
    /// # Errors
    /// No such file.
    pub fn bytes(&self, name: &str) -> Result<&[u8], ReportError> {
        let found = self.files.iter().find(|(file, _)| file.name == name);
        found.map(|(_, bytes)| bytes.as_slice()).ok_or_else(|| ReportError::NoFile { name: name.to_owned() })
    }

    /// One file as text to look at. A profile is no text: its sums and every string in it are listed.
    ///
    /// # Errors
    /// No such file.
    pub fn text(&self, name: &str) -> Result<String, ReportError> {
        let bytes = self.bytes(name)?;
        let is_profile = self.files.iter().any(|(f, _)| f.name == name && f.kind.is_profile());
        if is_profile {
            Ok(evidence::profile_text(bytes))
        } else {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }

    /// Saves the whole as a zip, without the files named in `leave_out`. Whole or not at all.
    ///
    /// # Errors
    /// Not a whole path, disk full, not writable, ….
    pub fn save_zip(&self, leave_out: &[String], destination: &Path) -> Result<(), ReportError> {
        let wanted = self.files.iter().filter(|(file, _)| !leave_out.contains(&file.name));
        let bytes =
            zip::zipped(wanted.map(|(file, bytes)| (file.name.as_str(), bytes.as_slice())), &self.made_at)?;
        save(destination, &bytes)
    }

    /// Saves the page alone.
    ///
    /// # Errors
    /// As above, or the report was built without its page.
    pub fn save_page(&self, destination: &Path) -> Result<(), ReportError> {
        let page = self.files.iter().find(|(file, _)| file.kind == ReportFileKind::Page);
        let Some((_, bytes)) = page else {
            return Err(ReportError::NoFile { name: build::PAGE_FILE.to_owned() });
        };
        save(destination, bytes)
    }
}

fn save(destination: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    if !destination.is_absolute() {
        return Err(ReportError::Destination { path: destination.to_path_buf() });
    }
    Ok(write_for_user(destination, bytes)?)
}
