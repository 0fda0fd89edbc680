//! `stallscope reproduce`: a controlled experiment with a gopls of our own, or with two that are compared.

mod print;

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::Value;
use stallscope_core::experiment::{Experiment, Scenario, page};
use stallscope_drive::SideAsked;

use crate::driven::{Driven, MOST_RUNS, has_folder, installed, name, setting, write};
use crate::failure::Failure;

/// With three runs on each side a clear difference is chance in one of ten cases.
const RUNS_TO_COMPARE: u32 = 3;

/// Arguments of `reproduce`.
#[derive(Args)]
pub struct Reproduce {
    #[command(flatten)]
    driven: Driven,
    /// The gopls; twice to compare two. Without it the one that an editor would start.
    #[arg(long, value_name = "PATH")]
    gopls: Vec<PathBuf>,
    /// Compare with and without this setting; may be repeated, for several at once.
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    set: Vec<(String, Value)>,
    /// How often each gopls does it; without it once, and three times to compare.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_RUNS)))]
    runs: Option<u32>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write a page with all of it.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Reproduce {
    /// Does it.
    pub fn run(self) -> Result<(), Failure> {
        let sides = self.sides()?;
        let runs = self.runs.unwrap_or(if sides.len() > 1 { RUNS_TO_COMPARE } else { 1 });
        let ask = self.driven.ask(sides, runs, Scenario::default())?;
        self.html.as_deref().map_or(Ok(()), has_folder)?;
        let experiment = self.driven.perform(&ask, &Arc::default())?;
        let written = self.html.as_deref().map_or(Ok(()), |html| write(html, page(&experiment)));
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            serde_json::to_writer_pretty(&mut out, &experiment).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            print::text(&experiment, &mut out)?;
        }
        out.flush()?;
        written?;
        unfinished(&experiment, ask.runs)
    }

    fn sides(&self) -> Result<Vec<SideAsked>, Failure> {
        let with = self.driven.settings();
        let side = |name: String, gopls: PathBuf, settings| self.driven.side(name, gopls, settings);
        match (&self.gopls[..], &self.set[..]) {
            ([_, _, _, ..], _) => Err(Failure::Arguments("two gopls are compared at most".to_owned())),
            ([_, _], [_, ..]) => Err(Failure::Arguments(
                "either two gopls are compared or a setting: use --with for a setting of both".to_owned(),
            )),
            ([first, second], []) => [first, second]
                .map(|gopls| {
                    let gopls = std::path::absolute(gopls)?;
                    Ok(side(name(&gopls), gopls, with.clone()))
                })
                .into_iter()
                .collect(),
            (one, set) => {
                let gopls = match one.first() {
                    Some(gopls) => std::path::absolute(gopls)?,
                    None => installed(&BTreeMap::new())?,
                };
                let mut sides = vec![side(name(&gopls), gopls.clone(), with.clone())];
                if !set.is_empty() {
                    let words: Vec<_> = set.iter().map(|(key, value)| format!("{key}={value}")).collect();
                    let settings = with.into_iter().chain(set.iter().cloned()).collect();
                    sides.push(side(format!("with {}", words.join(", ")), gopls, settings));
                }
                Ok(sides)
            }
        }
    }
}

/// What is missing of the runs.
pub fn unfinished(experiment: &Experiment, runs: u32) -> Result<(), Failure> {
    let all = || experiment.sides.iter().flat_map(|side| &side.runs);
    let early: Vec<_> = all().filter_map(|run| run.ended_early.as_deref()).collect();
    let missing = experiment.sides.len() * runs as usize - all().count();
    if early.len() + missing == 0 {
        return Ok(());
    }
    // What gopls wrote at its end stands above.
    let why =
        early.first().and_then(|why| why.lines().next()).map_or(String::new(), |why| format!(": {why}"));
    Err(Failure::Unfinished(format!("{} run(s) ended early, {missing} did not begin{why}", early.len())))
}
