//! All runs of an experiment.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use stallscope_core::experiment::{Candidate, Experiment, Machine, Plan, Scenario, Side, plan, shortlist};
use stallscope_probe::doctor::command::Commands;
use stallscope_probe::process::version;

use crate::run::{Patience, Setting, run};
use crate::source::{Asked as SourceAsked, Source, SourceError};

/// A larger file is not opened: no person reads it.
const MOST_OPENED_BYTES: u64 = 4 << 20;
const GO_VERSION_PATIENCE: Duration = Duration::from_secs(10);

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// With which source.
    pub source: SourceAsked,
    /// What is done in each run.
    pub scenario: Scenario,
    /// One, or two that are compared.
    pub sides: Vec<SideAsked>,
    /// How often each side does it. Two sides take turns, so that what changes on the machine meanwhile strikes both.
    pub runs: u32,
    /// How long gopls is waited for.
    pub patience: Patience,
    /// Where incidents and captures are kept.
    pub storage: PathBuf,
    /// Variables of the environment that gopls does not get: secrets.
    pub hidden: Vec<String>,
}

/// One of the gopls.
#[derive(Debug, Clone)]
pub struct SideAsked {
    /// What tells it from the other.
    pub name: String,
    /// Its executable.
    pub gopls: PathBuf,
    /// Flags beside ours.
    pub flags: Vec<String>,
    /// Its settings.
    pub settings: BTreeMap<String, Value>,
}

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Which run of all, from 1.
    pub run: u32,
    /// How many there are.
    pub runs: u32,
    /// The name of the side.
    pub side: String,
    /// What is being done.
    pub doing: String,
}

/// There is no experiment.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// No workspace.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The disk.
    #[error("a file of the experiment could not be written: {0}")]
    Disk(#[from] std::io::Error),
}

/// Does it. `stop` ends it as soon as possible; what was measured until then is told.
///
/// # Errors
/// When there is nothing to work on, or no room for it. What gopls does wrong is told in the runs.
pub fn perform(
    ask: &Ask,
    stop: &Arc<AtomicBool>,
    mut say: impl FnMut(Progress),
) -> Result<Experiment, ExperimentError> {
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut source = Source::prepare(&ask.source)?;
    let (plan, texts) = planned(&ask.scenario, &source)?;
    source.told.open_files = plan.files.iter().map(|file| source.go_files[*file].clone()).collect();
    let settings: Vec<_> = ask
        .sides
        .iter()
        .map(|side| Setting {
            gopls: side.gopls.clone(),
            flags: side.flags.clone(),
            settings: side.settings.clone(),
            scenario: &ask.scenario,
            source: &source,
            plan: &plan,
            texts: &texts,
            storage: ask.storage.clone(),
            patience: ask.patience,
            hidden: ask.hidden.clone(),
            stop,
        })
        .collect();
    let mut outcomes = vec![Vec::new(); ask.sides.len()];
    let runs = ask.runs * ask.sides.len() as u32;
    for (number, side) in turns(ask.sides.len(), ask.runs).into_iter().enumerate() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let name = &ask.sides[side].name;
        outcomes[side].push(run(&settings[side], &mut |doing| {
            let (side, doing) = (name.clone(), doing.to_owned());
            say(Progress { run: number as u32 + 1, runs, side, doing });
        })?);
    }
    let sides = ask.sides.iter().zip(outcomes).map(|(side, runs)| Side {
        name: side.name.clone(),
        gopls: side.gopls.display().to_string(),
        version: version::of_file(&side.gopls).and_then(|info| info.version),
        settings: side.settings.clone(),
        runs,
    });
    let by = (env!("CARGO_PKG_VERSION").to_owned(), began.as_millis() as f64);
    Ok(Experiment::new(by, ask.scenario, source.told.clone(), machine(&source, &ask.hidden), sides.collect()))
}

/// Which side is next, over and over: A B, B A, A B …
fn turns(sides: usize, runs: u32) -> Vec<usize> {
    let turn = |round: u32| -> Vec<usize> {
        if round.is_multiple_of(2) { (0..sides).collect() } else { (0..sides).rev().collect() }
    };
    (0..runs).flat_map(turn).collect()
}

fn planned(scenario: &Scenario, source: &Source) -> Result<(Plan, Vec<String>), SourceError> {
    let chosen = shortlist(scenario.seed, &source.go_files);
    let readable = chosen.into_iter().filter_map(|index| {
        let path = source.folder.join(&source.go_files[index]);
        let small = fs::metadata(&path).is_ok_and(|metadata| metadata.len() <= MOST_OPENED_BYTES);
        let text = if small { fs::read_to_string(path).ok()? } else { return None };
        Some((index, text))
    });
    let files: Vec<(usize, String)> = readable.collect();
    let candidates: Vec<_> =
        files.iter().map(|(index, text)| Candidate { path: &source.go_files[*index], text }).collect();
    let mut plan = plan(scenario, &candidates).ok_or_else(|| SourceError::NoGo(source.name()))?;
    let texts = plan.files.iter().map(|file| files[*file].1.clone()).collect();
    for file in &mut plan.files {
        *file = files[*file].0;
    }
    Ok((plan, texts))
}

fn machine(source: &Source, hidden: &[String]) -> Machine {
    let nothing = hidden.iter().map(|name| (name, ""));
    let said = Commands::within(GO_VERSION_PATIENCE).run(&source.folder, &["go", "version"], nothing);
    let go = said
        .ok()
        .filter(|said| said.success)
        .map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    Machine {
        cpus: std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u32),
        system: format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
        go,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sides_take_turns() {
        assert_eq!(turns(2, 3), [0, 1, 1, 0, 0, 1]);
        assert_eq!(turns(1, 2), [0, 0]);
    }
}
