//! `stallscope check`: an experiment that must stay within limits, for CI.

mod alert;
mod config;
mod files;
mod outputs;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use stallscope_core::experiment::{Baseline, Checked, Experiment, Side, Thresholds, Verdict};
use stallscope_doctor::{Report, ToldFinding};
use stallscope_probe::doctor::{Asked, SettingsAsked, examine};

use crate::driven::{Driven, MOST_RUNS, installed, name};
use crate::failure::Failure;
use alert::{Alert, AlertFlags};
use config::{Config, DoctorLevel, text_of};
use files::{Files, Told};
use outputs::Outcome;
use schema::Schema;

/// Enough that one slow moment of the machine does not decide.
const RUNS: u32 = 3;
const DOCTOR_WITHIN: Duration = Duration::from_secs(60);

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
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    alert: AlertFlags,
    /// Print the JSON schema of `stallscope.toml`, of the output, or of an alert, and do nothing else.
    #[arg(long, value_name = "OF", exclusive = true)]
    schema: Option<Schema>,
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
    pub fn run(mut self) -> Result<(), Failure> {
        if let Some(schema) = self.schema {
            return Ok(std::io::stdout().lock().write_all(schema.text().as_bytes())?);
        }
        let config = Config::find(self.config.as_deref(), &self.driven.dir)?;
        let limits = self.limits.over(config.thresholds).checked();
        let limits = limits.map_err(|error| Failure::Arguments(error.to_string()))?;
        let baseline = self.baseline.clone().or(config.baseline);
        let baseline = baseline.map(|path| read_baseline(&path).map(|read| (read, path))).transpose()?;
        let level = self.level(config.doctor)?;
        let alert = Alert::asked(self.alert.clone(), config.alert)?;
        // What we start learns no secret: gopls is given none of these variables, what the doctor asks an empty one.
        let hidden: BTreeMap<String, String> =
            alert.variable().map(|name| (name.to_owned(), String::new())).into_iter().collect();
        let gopls = match &self.gopls {
            Some(gopls) => std::path::absolute(gopls)?,
            None => installed(&hidden)?,
        };
        self.files.prepare(&mut self.driven.storage)?;

        let mut settings = config.settings;
        settings.extend(self.driven.settings());
        let side = self.driven.side(name(&gopls), gopls.clone(), settings);
        let runs = self.runs.or(config.runs).unwrap_or(RUNS);
        if !(1..=MOST_RUNS).contains(&runs) {
            return Err(Failure::Arguments(format!("runs must be 1 to {MOST_RUNS}, not {runs}")));
        }
        let mut ask = self.driven.ask(vec![side], runs, config.scenario)?;
        ask.hidden.extend(hidden.keys().cloned());
        if let Some((baseline, path)) = &baseline {
            baseline.is_of(&ask.scenario).map_err(|error| beside(path, error.to_string()))?;
        }
        let report = (level != DoctorLevel::Off).then(|| self.examine(gopls, hidden)).transpose()?;
        let stop = Arc::new(AtomicBool::new(false));
        let experiment = self.driven.perform(&ask, &stop)?;
        let [side] = &experiment.sides[..] else {
            return Err(Failure::CouldNotRun("nothing was run".into()));
        };

        let mut checked = limits.judge(side);
        checked.extend(baseline.iter().flat_map(|(baseline, _)| baseline.judge(side)));
        checked.extend(not_loaded(side));
        checked.extend(ended_early(&experiment, side, runs));
        for note in notes(&experiment, side, baseline.as_ref()) {
            eprintln!("stallscope: {note}");
        }
        let findings: Vec<&ToldFinding> = report
            .iter()
            .flat_map(|report| &report.findings)
            .filter(|finding| level.fails(finding.severity))
            .collect();
        let folder = experiment.workspace.folder.as_deref().unwrap_or("a generated workspace");
        let outcome = Outcome { folder, checked: &checked, findings: &findings };
        let told = Told { checked: &checked, findings: &findings, experiment: &experiment };
        let written = self.files.write(&outcome, &told, report.as_ref());
        let written = written.map_err(|failure| Failure::CouldNotRun(failure.to_string()));
        // Whoever has stopped it knows; a job that was cancelled is nobody's alarm.
        let alerted = if stop.load(Ordering::Relaxed) { Ok(()) } else { alert.send(&outcome, &stop) };
        // A check that failed says so, whatever became of its files and its alert.
        let verdict = match outcome.verdict() {
            Verdict::Passed => return written.and(alerted),
            Verdict::Failed => Failure::Limit(outcome.summary_line()),
            Verdict::NotMeasured => Failure::CouldNotRun(outcome.summary_line()),
        };
        for failure in [written.err(), alerted.err()].into_iter().flatten() {
            eprintln!("stallscope: {failure}");
        }
        Err(verdict)
    }

    /// From which severity on the doctor's findings fail: there is nothing to find about a workspace that we make.
    fn level(&self, configured: Option<DoctorLevel>) -> Result<DoctorLevel, Failure> {
        let level = match (self.doctor, self.driven.is_generated()) {
            (Some(level), true) if level != DoctorLevel::Off => {
                return Err(Failure::Arguments(
                    "--doctor examines a folder, and --packages makes a workspace instead of one: use either"
                        .into(),
                ));
            }
            (_, true) => DoctorLevel::Off,
            (asked, false) => asked.or(configured).unwrap_or(DoctorLevel::Error),
        };
        if level == DoctorLevel::Off && self.files.wants_findings() {
            return Err(Failure::Arguments(
                "--sarif is of the doctor's findings, and the doctor is off".into(),
            ));
        }
        Ok(level)
    }

    fn examine(&self, gopls: PathBuf, variables: BTreeMap<String, String>) -> Result<Report, Failure> {
        let asked = Asked {
            folder: self.driven.dir.clone(),
            language: "en".into(),
            wait: Vec::new(),
            deadline: DOCTOR_WITHIN,
            variables,
            gopls: Some(gopls),
            log: None,
            host_pid: None,
            network: false,
            settings: SettingsAsked { is_trusted: true, ..SettingsAsked::default() },
        };
        examine(&asked).map_err(|error| Failure::Arguments(error.to_string()))
    }
}

fn beside(path: &Path, problem: String) -> Failure {
    Failure::Beside { path: path.to_owned(), problem }
}

fn read_baseline(path: &Path) -> Result<Baseline, Failure> {
    let missing = |error| format!("the baseline cannot be read: {error}; write one with --write-baseline");
    let text = text_of(path).map_err(|error| beside(path, missing(error)))?;
    Baseline::read(&text).map_err(|error| beside(path, error.to_string()))
}

/// What somebody should know who reads the figures: why those of a baseline may be others, and what gopls wanted to be seen, each once.
fn notes(experiment: &Experiment, side: &Side, baseline: Option<&(Baseline, PathBuf)>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some((baseline, path)) = baseline {
        let path = path.display();
        let differs = baseline.other_machine(&experiment.machine);
        notes.extend(differs.map(|differs| format!("{path} is of another machine: {differs}")));
        if side.runs.len() < 2 || baseline.runs() < 2 {
            notes.push(format!("one run says nothing of the noise: do three for {path}, and three now"));
        }
    }
    let messages: BTreeSet<&String> = side.runs.iter().flat_map(|run| &run.messages).collect();
    notes.extend(messages.into_iter().map(|message| format!("gopls says: {message}")));
    notes
}

/// A gopls that knows nothing of the workspace is quick and small: that is no figure of this repository.
fn not_loaded(side: &Side) -> Option<Checked> {
    let all = side.runs.len() as u32;
    let loaded = side.runs.iter().filter(|run| run.load_error.is_none()).count() as u32;
    let why = side.runs.iter().find_map(|run| run.load_error.as_deref())?;
    Some(Checked {
        name: "load".to_owned(),
        verdict: Verdict::NotMeasured,
        value: Some(f64::from(loaded)),
        limit: f64::from(all),
        says: format!("the workspace was loaded in {loaded} of {all} runs: {why}"),
    })
}

/// A run that did not come to its end was not measured.
fn ended_early(experiment: &Experiment, side: &Side, runs: u32) -> Option<Checked> {
    let no_go = if experiment.machine.go.is_some() {
        ""
    } else {
        "; `go version` says nothing either: gopls needs `go` in its PATH"
    };
    let whole = side.runs.iter().filter(|run| run.ended_early.is_none()).count() as u32;
    let why = side.runs.iter().find_map(|run| run.ended_early.as_deref()).unwrap_or("stopped");
    (whole < runs).then(|| Checked {
        name: "runs".to_owned(),
        verdict: Verdict::NotMeasured,
        value: Some(f64::from(whole)),
        limit: f64::from(runs),
        says: format!("runs: {whole} of {runs} came to their end: {why}{no_go}"),
    })
}
