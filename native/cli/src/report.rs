//! `stallscope report FOLDER --zip FILE`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use stallscope_core::report::ReportRequest;
use stallscope_probe::report::{ReportError, build};
use stallscope_probe::store::Store;

use crate::failure::Failure;

/// Arguments of `report`.
#[derive(Args)]
pub struct Report {
    /// The incident's folder: `incident.json` with the profiles beside it.
    incident: PathBuf,
    /// Write the whole report as a zip.
    #[arg(long, value_name = "FILE")]
    zip: Option<PathBuf>,
    /// Write the page alone; needs `--page`.
    #[arg(long, value_name = "FILE", requires = "page")]
    html: Option<PathBuf>,
    /// The panel's page for reports, `extension/dist/report.html` of an installed extension; without it the zip has none.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Print the Markdown of an issue.
    #[arg(long)]
    issue: bool,
    /// Leave folders, account and host names as they are.
    #[arg(long)]
    no_redact: bool,
    /// Hide the names of modules, packages and files of the workspace as well.
    #[arg(long, conflicts_with = "no_redact")]
    redact_modules: bool,
    /// Hide this word as well. May be given several times.
    #[arg(long, value_name = "WORD", conflicts_with = "no_redact")]
    hide: Vec<String>,
}

impl Report {
    /// Builds the report, writes what is asked for, and tells what is in it.
    pub fn run(self) -> Result<(), Failure> {
        let fail = |error: ReportError| Failure::Report(error.to_string());
        let folder = self
            .incident
            .canonicalize()
            .map_err(|error| Failure::Open { path: self.incident.clone(), error })?;
        let (id, storage) = place(&folder)?;
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        let request = ReportRequest {
            incident: id,
            redact: !self.no_redact,
            hide_names: self.redact_modules,
            also_hide: self.hide.clone(),
            page: self.page.as_ref().map(text),
            ..ReportRequest::default()
        };
        let report = build(&Store::new(storage), &request, &[]).map_err(fail)?;
        if let Some(file) = &self.zip {
            report.save_zip(&[], &whole(file)?).map_err(fail)?;
        }
        if let Some(file) = &self.html {
            report.save_page(&whole(file)?).map_err(fail)?;
        }
        let mut out = std::io::stdout().lock();
        if self.issue {
            write!(out, "{}", report.issue())?;
            return Ok(());
        }
        for file in report.files() {
            writeln!(out, "{:>10}  {}", file.size_bytes, file.name)?;
        }
        for why in report.left_out() {
            writeln!(out, "  left out  {why}")?;
        }
        for replaced in report.replaced() {
            writeln!(out, "{:>9}x  {} is now {}", replaced.times, replaced.what, replaced.by)?;
        }
        Ok(())
    }
}

/// The id of an incident and the storage folder it is in, from the whole path of its folder.
pub fn place(folder: &Path) -> Result<(String, PathBuf), Failure> {
    let parts = || {
        let id = folder.file_name()?.to_str()?.to_owned();
        let incidents = folder.parent().filter(|above| above.ends_with("incidents"))?;
        Some((id, incidents.parent()?.to_path_buf()))
    };
    parts().ok_or_else(|| {
        Failure::Arguments(format!(
            "{} is not an incident's folder: it is STORAGE/incidents/ID, with incident.json in it",
            folder.display()
        ))
    })
}

/// The file with its whole path.
fn whole(file: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(file).map_err(|error| Failure::Open { path: file.to_path_buf(), error })
}
