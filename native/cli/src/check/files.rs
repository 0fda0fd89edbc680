//! The files that a check leaves, each by itself or all of them in one folder.

use std::fs::{self, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use stallscope_core::experiment::{Baseline, Checked, Experiment, page};
use stallscope_doctor::{Report, ToldFinding, sarif};

use super::outputs::Outcome;
use crate::driven::write;
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
    /// Print annotations for GitHub's runner, and append to the summary of its job.
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
    /// Makes the folder for all of them, and gives those a place in it that have none. Before anything is measured: a disk that
    /// cannot be written is told at once.
    pub fn gather(&mut self, storage: &mut Option<PathBuf>) -> Result<(), Failure> {
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

    /// Writes and prints all that was asked for.
    pub fn write(
        &self,
        outcome: &Outcome<'_>,
        told: &Told<'_>,
        report: Option<&Report>,
    ) -> Result<(), Failure> {
        if let Some(path) = &self.html {
            write(path, page(told.experiment))?;
        }
        if let Some((path, side)) = self.write_baseline.as_ref().zip(told.experiment.sides.first()) {
            write(path, pretty(&Baseline::of(side))?)?;
        }
        if let Some(path) = &self.junit {
            let xml = outcome.junit().map_err(|error| Failure::Reproduce(error.to_string()))?;
            write(path, xml)?;
        }
        if let Some((path, report)) = self.sarif.as_ref().zip(report) {
            write(path, pretty(&sarif(report, env!("CARGO_PKG_VERSION")))?)?;
        }
        if let Some(folder) = &self.artifacts {
            write(&folder.join("check.json"), pretty(told)?)?;
            write(&folder.join("summary.md"), outcome.summary())?;
        }
        let mut out = BufWriter::new(std::io::stdout().lock());
        let text = if self.json { pretty(told)? } else { outcome.text() };
        out.write_all(text.as_bytes())?;
        if self.github {
            out.write_all(outcome.annotations().as_bytes())?;
            if let Some(path) = std::env::var_os(SUMMARY).filter(|path| !path.is_empty()) {
                let mut summary = OpenOptions::new().append(true).create(true).open(path)?;
                summary.write_all(outcome.summary().as_bytes())?;
            }
        }
        Ok(out.flush()?)
    }
}

fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    Ok(text + "\n")
}
