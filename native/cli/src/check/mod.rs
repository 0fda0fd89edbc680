//! `stallscope check`: an experiment that must stay within limits, for CI.

mod config;
mod outputs;

use std::fs::{self, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use stallscope_core::experiment::{Baseline, Checked, Experiment, Side, Thresholds, Verdict, page};
use stallscope_doctor::{Report, ToldFinding, sarif};
use stallscope_probe::doctor::{Asked, SettingsAsked, examine};

use crate::driven::{Driven, MOST_RUNS, installed, name, perform_shown, write};
use crate::failure::Failure;
use config::{Config, DoctorLevel};
use outputs::Outcome;

/// Enough that one slow moment of the machine does not decide.
const RUNS: u32 = 3;
const DOCTOR_WITHIN: Duration = Duration::from_secs(60);
/// Where GitHub's runner takes the summary of a job from.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Arguments of `check`.
#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    driven: Driven,
    /// The gopls. Without it the one that an editor would start.
    #[arg(long, value_name = "PATH")]
    gopls: Option<PathBuf>,
    /// How often everything is done: the middle of all runs counts. Without it three times.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_RUNS)))]
    runs: Option<u32>,
    /// What the repository asks for; without it `stallscope.toml` in the folder, if there is one. Flags go before it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    limits: Limits,
    /// From which severity on a finding of the doctor fails. Without it `error`.
    #[arg(long, value_name = "SEVERITY")]
    doctor: Option<DoctorLevel>,
    /// Fail when a figure is worse than in this file by more than the noise.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
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

/// Limits; 0 switches one off, but for stalls, of which there may be none.
#[derive(Args)]
struct Limits {
    /// Heap in use at the end, MB. Without it 512.
    #[arg(long, value_name = "MB")]
    max_heap_mb: Option<f64>,
    /// A latency, ms, that several answers in a row must not exceed. Without it 800.
    #[arg(long, value_name = "MS")]
    max_latency_ms: Option<f64>,
    /// How many in a row. Without it 3.
    #[arg(long, value_name = "N")]
    latency_streak: Option<u32>,
    /// The most RSS, MB.
    #[arg(long, value_name = "MB")]
    max_peak_rss_mb: Option<f64>,
    /// From the start with an empty cache to the first answer, seconds.
    #[arg(long, value_name = "SECONDS")]
    max_cold_load_s: Option<f64>,
    /// Stalls in a run.
    #[arg(long, value_name = "N")]
    max_stalls: Option<u32>,
}

impl Limits {
    fn over(&self, base: Thresholds) -> Thresholds {
        let one = |flag: Option<f64>, base: Option<f64>| flag.or(base).filter(|limit| *limit != 0.0);
        Thresholds {
            heap_mb: one(self.max_heap_mb, base.heap_mb),
            latency_ms: one(self.max_latency_ms, base.latency_ms),
            latency_streak: self.latency_streak.unwrap_or(base.latency_streak),
            peak_rss_mb: one(self.max_peak_rss_mb, base.peak_rss_mb),
            cold_load_s: one(self.max_cold_load_s, base.cold_load_s),
            stalls: self.max_stalls.map(f64::from).or(base.stalls),
        }
    }
}

impl Check {
    /// Does it. Everything that was asked for is written before it is said whether all holds.
    pub fn run(self) -> Result<(), Failure> {
        let config = Config::find(self.config.as_deref(), &self.driven.dir)?;
        let limits = self.limits.over(config.thresholds).checked();
        let limits = limits.map_err(|error| Failure::Arguments(error.to_string()))?;
        let baseline = self.baseline.clone().or(config.baseline);
        let baseline = baseline.map(|path| read_baseline(&path)).transpose()?;
        let level = self.doctor.or(config.doctor).unwrap_or(DoctorLevel::Error);
        let gopls = self.gopls.as_ref().map_or_else(installed, |gopls| Ok(std::path::absolute(gopls)?))?;

        let mut settings = config.settings;
        settings.extend(self.driven.settings());
        let side = self.driven.side(name(&gopls), gopls.clone(), settings);
        let runs = self.runs.or(config.runs).unwrap_or(RUNS).clamp(1, MOST_RUNS);
        let ask = self.driven.ask(vec![side], runs, config.scenario)?;
        let report = (level != DoctorLevel::Off).then(|| self.examine(gopls)).transpose()?;
        let experiment = perform_shown(&ask)?;
        let [side] = &experiment.sides[..] else { return Err(Failure::Unfinished("nothing was run".into())) };

        let mut checked = limits.judge(side);
        checked.extend(baseline.iter().flat_map(|baseline| baseline.judge(side)));
        checked.extend(ended_early(side, runs));
        let findings: Vec<&ToldFinding> = report
            .iter()
            .flat_map(|report| &report.findings)
            .filter(|finding| level.fails(finding.severity))
            .collect();
        self.tell(&experiment, side, &checked, report.as_ref(), &findings)?;
        verdict(&checked, findings.len())
    }

    fn examine(&self, gopls: PathBuf) -> Result<Report, Failure> {
        let asked = Asked {
            folder: self.driven.dir.clone(),
            language: "en".into(),
            wait: Vec::new(),
            deadline: DOCTOR_WITHIN,
            variables: std::collections::BTreeMap::new(),
            gopls: Some(gopls),
            log: None,
            host_pid: None,
            network: false,
            settings: SettingsAsked { is_trusted: true, ..SettingsAsked::default() },
        };
        examine(&asked).map_err(|error| Failure::Arguments(error.to_string()))
    }

    fn tell(
        &self,
        experiment: &Experiment,
        side: &Side,
        checked: &[Checked],
        report: Option<&Report>,
        findings: &[&ToldFinding],
    ) -> Result<(), Failure> {
        let folder = experiment.workspace.folder.as_deref().unwrap_or("a generated workspace");
        let outcome = Outcome { folder, checked, findings };
        if let Some(path) = &self.html {
            write(path, page(experiment))?;
        }
        if let Some(path) = &self.write_baseline {
            write(path, pretty(&json!(Baseline::of(side)))?)?;
        }
        if let Some(path) = &self.junit {
            let xml = outcome.junit().map_err(|error| Failure::Reproduce(error.to_string()))?;
            write(path, xml)?;
        }
        if let Some((path, report)) = self.sarif.as_ref().zip(report) {
            write(path, pretty(&sarif(report, env!("CARGO_PKG_VERSION")))?)?;
        }
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            let findings = json!(findings);
            let all = json!({ "checked": checked, "findings": findings, "experiment": experiment });
            out.write_all(pretty(&all)?.as_bytes())?;
        } else {
            out.write_all(outcome.text().as_bytes())?;
        }
        if self.github {
            out.write_all(outcome.annotations().as_bytes())?;
            if let Some(path) = std::env::var_os(SUMMARY) {
                let mut summary = OpenOptions::new().append(true).create(true).open(path)?;
                summary.write_all(outcome.summary().as_bytes())?;
            }
        }
        Ok(out.flush()?)
    }
}

fn pretty(value: &Value) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    Ok(text + "\n")
}

fn read_baseline(path: &PathBuf) -> Result<Baseline, Failure> {
    let beside = |problem: String| Failure::Beside { path: path.clone(), problem };
    let text = fs::read_to_string(path).map_err(|error| beside(error.to_string()))?;
    Baseline::read(&text).map_err(|error| beside(error.to_string()))
}

/// A run that did not come to its end was not measured.
fn ended_early(side: &Side, runs: u32) -> Option<Checked> {
    let whole = side.runs.iter().filter(|run| run.ended_early.is_none()).count() as u32;
    let why = side.runs.iter().find_map(|run| run.ended_early.as_deref()).unwrap_or("stopped");
    (whole < runs).then(|| Checked {
        name: "runs".to_owned(),
        verdict: Verdict::NotMeasured,
        value: Some(f64::from(whole)),
        limit: f64::from(runs),
        says: format!("runs: {whole} of {runs} came to their end: {why}"),
    })
}

fn verdict(checked: &[Checked], findings: usize) -> Result<(), Failure> {
    let count = |verdict| checked.iter().filter(|checked| checked.verdict == verdict).count();
    let (failed, unknown) = (count(Verdict::Failed), count(Verdict::NotMeasured));
    match (failed + findings, unknown) {
        (0, 0) => Ok(()),
        (0, unknown) => {
            Err(Failure::CouldNotRun(format!("{unknown} of {} could not be measured", checked.len())))
        }
        (failed, _) => Err(Failure::Limit(format!("{failed} of {} failed", checked.len() + findings))),
    }
}
