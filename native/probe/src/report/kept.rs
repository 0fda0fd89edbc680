//! The report that is being looked at. One at a time: it is in memory, and a newer one takes its place.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use stallscope_core::report::{ReportPreview, ReportRequest};

use super::{Report, ReportError, build};
use crate::store::Store;

/// Builds reports and keeps the latest for the calls that follow.
pub struct Reports {
    store: Store,
    workspace: Vec<String>,
    latest: Mutex<(u64, Option<Arc<Report>>)>,
}

impl Reports {
    /// Reports of the incidents in `store`; `workspace` are the folders of the window.
    pub fn new(store: Store, workspace: Vec<String>) -> Self {
        Self { store, workspace, latest: Mutex::default() }
    }

    /// Builds a report and shows what is in it.
    ///
    /// # Errors
    /// See [`build`].
    pub fn build(&self, request: &ReportRequest) -> Result<ReportPreview, ReportError> {
        let report = Arc::new(build(&self.store, request, &self.workspace)?);
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = (latest.0 + 1, Some(Arc::clone(&report)));
        Ok(ReportPreview {
            report: latest.0,
            files: report.files(),
            replaced: report.replaced().to_vec(),
            left_out: report.left_out().to_vec(),
        })
    }

    /// One of its files as text; `None` for the Markdown of an issue.
    ///
    /// # Errors
    /// Another report was built since, or no such file.
    pub fn text(&self, number: u64, file: Option<&str>) -> Result<String, ReportError> {
        let report = self.get(number)?;
        file.map_or_else(|| Ok(report.issue().to_owned()), |name| report.text(name))
    }

    /// Saves its page alone, or the whole as a zip without some files.
    ///
    /// # Errors
    /// As above, or it cannot be written there.
    pub fn save(
        &self,
        number: u64,
        page_only: bool,
        leave_out: &[String],
        destination: &Path,
    ) -> Result<(), ReportError> {
        let report = self.get(number)?;
        if page_only { report.save_page(destination) } else { report.save_zip(leave_out, destination) }
    }

    fn get(&self, number: u64) -> Result<Arc<Report>, ReportError> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let report = latest.1.as_ref().filter(|_| latest.0 == number);
        report.map(Arc::clone).ok_or(ReportError::Outdated { number })
    }
}
