//! `stallscope patterns PROFILE...`

mod print;

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use stallscope_core::goroutines;
use stallscope_core::heap::{HeapIndex, Space};
use stallscope_core::model::Capture;
use stallscope_core::patterns::{Evidence, EvidenceError, Facts, MAX_FILE_BYTES, Point, Rules, evaluate};
use stallscope_pprof::Limits;
use stallscope_probe::reader::heaps_in_order;
use stallscope_probe::store::{Store, StoreError};

use crate::failure::Failure;
use crate::load::load;
use crate::report::place;

/// A goroutine page of gopls under load has 256 KB; one with a leak may have more.
const MAX_PAGE_BYTES: usize = 16 << 20;

/// Arguments of `patterns`.
#[derive(Args)]
pub struct Patterns {
    /// Heap profiles of one gopls in order of time, as it serves them under /debug/pprof/heap. Or the folder of an incident: its
    /// heaps, and what gopls had said of its workspace.
    #[arg(required = true)]
    profiles: Vec<PathBuf>,
    /// A profile of the same gopls from before: the same as one more profile in front.
    #[arg(long, value_name = "BASE")]
    baseline: Option<PathBuf>,
    /// A file with rules of your own; docs/leak-patterns.md describes it.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// What gopls served under /debug/pprof/goroutine?debug=1 at the time of each PROFILE; repeat once per profile.
    #[arg(long, value_name = "FILE")]
    goroutines: Vec<PathBuf>,
    /// Facts about the workspace: a JSON object of `workspace_stats` and `views` (what gopls's commands
    /// gopls.workspace_stats and gopls.views answer) and `gopls_processes`, each optional. One file, or repeat once
    /// per profile; the last is judged, the others tell what rises.
    #[arg(long, value_name = "FILE")]
    facts: Vec<PathBuf>,
    /// Refuse profiles that inflate to more than this many MB (10^6 bytes).
    #[arg(long, value_name = "MB", default_value_t = 1_000)]
    max_inflated_mb: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Patterns {
    /// Judges the rules and prints what was found, what could not be judged, and what is clear.
    pub fn run(mut self) -> Result<(), Failure> {
        let kept = self.take_incident()?;
        self.check_counts()?;
        let rules = self.rules()?;
        let mut facts = read_each(&self.facts, |text| Facts::from_file(text).map_err(|e| e.to_string()))?;
        // What is given by hand counts more.
        if facts.is_empty() {
            facts.extend(kept);
        }
        let goroutines = read_each(&self.goroutines, |text| match goroutines::parse(text) {
            Ok(goroutines) => Ok(goroutines.total),
            Err(error) => Err(error.to_string()),
        })?;
        let limits =
            Limits { inflated_bytes: self.max_inflated_mb.saturating_mul(1_000_000), ..Limits::default() };
        let load = |path: &PathBuf| load(path, &limits);
        let profiles = self.profiles.iter().map(load).collect::<Result<Vec<_>, _>>()?;
        let baseline = self.baseline.as_ref().map(load).transpose()?;

        let in_order: Vec<&HeapIndex> = baseline.iter().chain(&profiles).collect();
        let mut series = Vec::with_capacity(in_order.len());
        for (index, profile) in in_order.iter().enumerate() {
            let nth = index.checked_sub(usize::from(baseline.is_some()));
            let live = profile.total_without_ballast(Space::InUse).map_err(EvidenceError::Heap)?;
            let per_profile = facts.len() > 1;
            series.push(Point {
                at_ns: u64::try_from(profile.time_nanos()).unwrap_or(0),
                live_heap_bytes: u64::try_from(live).unwrap_or(0),
                goroutines: nth.and_then(|nth| goroutines.get(nth)).copied(),
                views_recreated: nth
                    .filter(|_| per_profile)
                    .and_then(|nth| facts.get(nth))
                    .and_then(|facts| facts.views_recreated),
                ..Point::default()
            });
        }
        let facts = facts.last().copied().unwrap_or_default();
        let judgement = evaluate(&rules, &Evidence { profiles: &in_order, series: &series, facts })?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            print::json(&rules, &judgement, &mut out)?
        } else {
            print::text(&rules, &judgement, &mut out)?
        }
        Ok(out.flush()?)
    }

    /// Puts the heaps of an incident in the place of its folder, and returns the facts kept with it.
    fn take_incident(&mut self) -> Result<Option<Facts>, Failure> {
        let [folder] = &self.profiles[..] else { return Ok(None) };
        if !folder.is_dir() {
            return Ok(None);
        }
        let folder = folder.canonicalize().map_err(|error| Failure::Open { path: folder.clone(), error })?;
        let (id, storage) = place(&folder)?;
        let unreadable =
            |error: StoreError| Failure::Beside { path: folder.clone(), problem: error.to_string() };
        let store = Store::new(storage);
        let incident = store.load(&id).map_err(unreadable)?;
        let file = |heap: &Capture| store.capture_path(&id, heap.number).map_err(unreadable);
        let heaps = heaps_in_order(&incident).into_iter().map(file).collect::<Result<Vec<_>, _>>()?;
        if heaps.is_empty() {
            let problem = "no heap was captured in this incident: give profiles by name".to_owned();
            return Err(Failure::Beside { path: folder.clone(), problem });
        }
        self.profiles = heaps;
        Ok(incident.workspace_facts.map(|kept| kept.facts))
    }

    fn rules(&self) -> Result<Rules, Failure> {
        let ours =
            Rules::built_in().map_err(|error| Failure::Arguments(format!("our own rules: {error}")))?;
        let Some(path) = &self.rules else { return Ok(ours) };
        let bytes = read(path, MAX_FILE_BYTES)?;
        ours.and(&bytes).map_err(|error| Failure::Beside { path: path.clone(), problem: error.to_string() })
    }

    /// What belongs to a profile comes once per profile.
    fn check_counts(&self) -> Result<(), Failure> {
        let (profiles, goroutines, facts) = (self.profiles.len(), self.goroutines.len(), self.facts.len());
        let fits = |count| count == 0 || count == profiles;
        if !fits(goroutines) {
            return Err(Failure::Arguments(format!(
                "--goroutines was given {goroutines} times for {profiles} profiles: give it once per profile, in the same order"
            )));
        }
        if facts != 1 && !fits(facts) {
            return Err(Failure::Arguments(format!(
                "--facts was given {facts} times for {profiles} profiles: give it once, or once per profile in the same order"
            )));
        }
        Ok(())
    }
}

fn read_each<T>(paths: &[PathBuf], parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, Failure> {
    let one = |path: &PathBuf| {
        let wrong = |problem| Failure::Beside { path: path.clone(), problem };
        let text =
            String::from_utf8(read(path, MAX_PAGE_BYTES)?).map_err(|error| wrong(error.to_string()))?;
        parse(&text).map_err(wrong)
    };
    paths.iter().map(one).collect()
}

/// A file of at most so many bytes.
fn read(path: &Path, max_bytes: usize) -> Result<Vec<u8>, Failure> {
    let open_failure = |error| Failure::Open { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(open_failure)?;
    file.take(max_bytes as u64 + 1).read_to_end(&mut bytes).map_err(open_failure)?;
    if bytes.len() > max_bytes {
        let problem = format!("has more than {max_bytes} bytes, which is more than is read");
        return Err(Failure::Beside { path: path.to_owned(), problem });
    }
    Ok(bytes)
}
