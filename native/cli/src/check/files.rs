//! The files that a check leaves, each by itself or all of them in one folder.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use stallscope_core::experiment::{Baseline, Checked, Experiment, page};
use stallscope_doctor::{Report, ToldFinding, sarif};

use super::outputs::Outcome;
use crate::driven::{has_folder, write};
use crate::failure::Failure;

/// Where GitHub's runner takes the summary of a job from.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// What is written, and printed.
#[derive(Args)]
pub struct Files {
    /// Gather everything in this folder: check.json, check.xml, check.html, doctor.sarif, summary.md, baseline.json, and
    /// captures/ with incidents and profiles. What a flag of its own names goes there instead.
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
    /// Write what was measured, to be the baseline of later checks.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write JUnit's XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the doctor's findings as SARIF 2.1.0.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Write a page with all that was measured.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print annotations for GitHub's runner (on standard error with --json), and append to the summary of its job.
    #[arg(long)]
    github: bool,
}

/// The JSON of a check.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Told<'a> {
    /// Every limit.
    pub checked: &'a [Checked],
    /// The findings of the doctor that fail.
    pub findings: &'a [&'a ToldFinding],
    /// What was measured.
    pub experiment: &'a Experiment,
}

impl Files {
    /// Whether the doctor's findings were asked for by name.
    pub fn wants_findings(&self) -> bool {
        self.sarif.is_some()
    }

    /// Makes the folder for all of them, and gives those a place in it that have none. Before anything is measured: a disk that
    /// cannot be written is told at once.
    pub fn prepare(&mut self, storage: &mut Option<PathBuf>) -> Result<(), Failure> {
        [&self.write_baseline, &self.junit, &self.sarif, &self.html]
            .into_iter()
            .flatten()
            .try_for_each(|f| has_folder(f))?;
        let Some(folder) = &self.artifacts else { return Ok(()) };
        fs::create_dir_all(folder).map_err(|error| Failure::Beside {
            path: folder.clone(),
            problem: format!("the folder cannot be made: {error}"),
        })?;
        for (file, name) in [
            (&mut self.write_baseline, "baseline.json"),
            (&mut self.junit, "check.xml"),
            (&mut self.sarif, "doctor.sarif"),
            (&mut self.html, "check.html"),
            (storage, "captures"),
        ] {
            file.get_or_insert_with(|| folder.join(name));
        }
        Ok(())
    }

    /// Writes and prints all that was asked for: each of it, whatever became of the rest.
    pub fn write(
        &self,
        outcome: &Outcome<'_>,
        told: &Told<'_>,
        report: Option<&Report>,
    ) -> Result<(), Failure> {
        let mut done = vec![self.print(outcome, told)];
        if let Some(path) = &self.html {
            done.push(write(path, page(told.experiment)));
        }
        if let Some(path) = &self.write_baseline {
            match Baseline::of(told.experiment) {
                Some(baseline) => done.push(pretty(&baseline).and_then(|text| write(path, text))),
                None => eprintln!("stallscope: no baseline is written: not all runs came to their end"),
            }
        }
        if let Some(path) = &self.junit {
            let xml = outcome.junit().map_err(|error| Failure::Unfinished(error.to_string()));
            done.push(xml.and_then(|xml| write(path, xml)));
        }
        if let Some((path, report)) = self.sarif.as_ref().zip(report) {
            let text = pretty(&sarif(report, env!("CARGO_PKG_VERSION")));
            done.push(text.and_then(|text| write(path, text)));
        }
        if let Some(folder) = &self.artifacts {
            done.push(pretty(told).and_then(|text| write(&folder.join("check.json"), text)));
            done.push(write(&folder.join("summary.md"), outcome.summary()));
        }
        if self.github
            && let Some(path) = std::env::var_os(SUMMARY).filter(|path| !path.is_empty())
        {
            done.push(append(Path::new(&path), &outcome.summary()));
        }
        done.into_iter().collect()
    }

    /// Who has read enough (`| head`) has not made the check pass, or fail.
    fn print(&self, outcome: &Outcome<'_>, told: &Told<'_>) -> Result<(), Failure> {
        let mut text = if self.json { pretty(told)? } else { outcome.text() };
        match self.github.then(|| outcome.annotations()) {
            // The runner reads both; what is JSON stays JSON.
            Some(annotations) if self.json => eprint!("{annotations}"),
            Some(annotations) => text.push_str(&annotations),
            None => {}
        }
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            printed => Ok(printed?),
        }
    }
}

fn append(path: &Path, text: &str) -> Result<(), Failure> {
    let appended = OpenOptions::new().append(true).create(true).open(path);
    appended.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        Failure::Unfinished(format!("{}, which {SUMMARY} names, cannot be written: {error}", path.display()))
    })
}

fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    Ok(text + "\n")
}
