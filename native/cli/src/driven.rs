//! What `reproduce` and `check` have in common: the workspace and the work, and an experiment that is shown while it goes on and
//! ends on Ctrl-C.

use std::collections::BTreeMap;
use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use stallscope_core::experiment::{Experiment, Scenario, Shape};
use stallscope_drive::{Ask, ExperimentError, Patience, Progress, SideAsked, SourceAsked, perform};
use stallscope_probe::doctor::go_env::GoEnv;

use crate::failure::Failure;
use crate::seconds::seconds;

/// Where incidents are kept when nobody says where.
const STORAGE: &str = "stallscope-incidents";
const ASK_GO_WITHIN: Duration = Duration::from_secs(10);
/// More runs than this take a night and tell nothing more.
pub const MOST_RUNS: u32 = 50;

/// With which source, and what is done with it.
#[derive(Args)]
pub struct Driven {
    /// The folder to work on, as it is opened in an editor. Nothing in it is changed: saves go into a copy.
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    #[command(flatten)]
    generated: Generated,
    #[command(flatten)]
    work: Work,
    /// A setting of gopls for all runs, as `staticcheck=true`; may be repeated. The value is JSON, or else text.
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    with: Vec<(String, Value)>,
    /// Another flag for gopls; may be repeated.
    #[arg(long, value_name = "FLAG", allow_hyphen_values = true)]
    flag: Vec<String>,
    /// Seconds after which an answer is given up.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,
    /// The same for the load of the workspace and the first answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..))]
    load_timeout: u32,
    /// Tell where it is on standard error, a line each.
    #[arg(long)]
    progress: bool,
    /// Where incidents and captures are kept. Without it `stallscope-incidents`.
    #[arg(long, value_name = "DIR")]
    pub storage: Option<PathBuf>,
}

/// A workspace that is made for the experiment; any of these instead of a folder.
#[derive(Args)]
struct Generated {
    /// Work on a generated workspace of so many packages instead.
    #[arg(long, value_name = "N", conflicts_with = "dir")]
    packages: Option<u32>,
    /// So many types in it implement one interface.
    #[arg(long, value_name = "M", requires = "packages")]
    implementations: Option<u32>,
    /// One generated file in it has so many lines.
    #[arg(long, value_name = "LINES", requires = "packages")]
    generated_lines: Option<u32>,
    /// It is a go.work of so many modules, each in the folder of the one before.
    #[arg(long, value_name = "K", requires = "packages")]
    modules: Option<u32>,
}

/// What is done in each run.
#[derive(Args)]
struct Work {
    /// Files that are open.
    #[arg(long, value_name = "N")]
    open_files: Option<u32>,
    /// Times that the mouse rests on a name.
    #[arg(long, value_name = "N")]
    hovers: Option<u32>,
    /// Jumps to a definition.
    #[arg(long, value_name = "N")]
    definitions: Option<u32>,
    /// Completions after a dot.
    #[arg(long, value_name = "N")]
    completions: Option<u32>,
    /// Saves with a changed function.
    #[arg(long, value_name = "N")]
    saves: Option<u32>,
    /// Seconds of rest at the end.
    #[arg(long, value_name = "SECONDS")]
    idle: Option<f64>,
    /// Make gopls collect garbage at the end, so that its live heap is exact.
    #[arg(long)]
    force_gc: bool,
    /// Leave the warm load out.
    #[arg(long)]
    no_warm: bool,
    /// Which of all places are taken; the same number takes the same.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl Driven {
    /// The settings of all runs.
    pub fn settings(&self) -> BTreeMap<String, Value> {
        self.with.iter().cloned().collect()
    }

    /// A gopls with settings.
    pub fn side(&self, name: String, gopls: PathBuf, settings: BTreeMap<String, Value>) -> SideAsked {
        SideAsked { name, gopls, flags: self.flag.clone(), settings }
    }

    /// The whole experiment; what no flag says of the work is as `usual`.
    pub fn ask(&self, sides: Vec<SideAsked>, runs: u32, usual: Scenario) -> Result<Ask, Failure> {
        let arguments = |error: &dyn std::fmt::Display| Failure::Arguments(error.to_string());
        let idle = self.work.idle.map(|idle| seconds("--idle", idle)).transpose()?;
        let source = match self.generated.packages {
            None => SourceAsked::Folder(self.dir.clone()),
            Some(packages) => {
                let shape = self.generated.shape(packages).checked();
                SourceAsked::Generated(shape.map_err(|error| arguments(&error))?)
            }
        };
        Ok(Ask {
            source,
            scenario: self.work.scenario(usual, idle).checked().map_err(|error| arguments(&error))?,
            runs,
            sides,
            patience: Patience {
                load: Duration::from_secs(self.load_timeout.into()),
                request: Duration::from_secs(self.timeout.into()),
            },
            storage: std::path::absolute(self.storage.as_deref().unwrap_or(Path::new(STORAGE)))?,
            hidden: Vec::new(),
        })
    }

    /// Whether the workspace is a generated one.
    pub fn is_generated(&self) -> bool {
        self.generated.packages.is_some()
    }

    /// Does the experiment. `stop` is set by Ctrl-C, and whatever else ends a process politely.
    pub fn perform(&self, ask: &Ask, stop: &Arc<AtomicBool>) -> Result<Experiment, Failure> {
        perform_shown(ask, stop, if self.progress { say_line } else { say })
    }
}

impl Generated {
    fn shape(&self, packages: u32) -> Shape {
        let usual = Shape::default();
        Shape {
            packages,
            implementations: self.implementations.unwrap_or(usual.implementations),
            generated_lines: self.generated_lines.unwrap_or(usual.generated_lines),
            modules: self.modules.unwrap_or(usual.modules),
        }
    }
}

impl Work {
    fn scenario(&self, usual: Scenario, idle: Option<Duration>) -> Scenario {
        // The door of the scenario says what is out of range.
        let idle_ms = idle.map_or(usual.idle_ms, |idle| idle.as_millis() as u64);
        Scenario {
            open_files: self.open_files.unwrap_or(usual.open_files),
            hovers: self.hovers.unwrap_or(usual.hovers),
            definitions: self.definitions.unwrap_or(usual.definitions),
            completions: self.completions.unwrap_or(usual.completions),
            saves: self.saves.unwrap_or(usual.saves),
            idle_ms,
            force_gc: self.force_gc || usual.force_gc,
            warm: usual.warm && !self.no_warm,
            seed: self.seed.unwrap_or(usual.seed),
        }
    }
}

/// Does the experiment; where it is stands in one line for people, and Ctrl-C ends it with what was measured until then.
fn perform_shown(ask: &Ask, stop: &Arc<AtomicBool>, say: fn(Progress)) -> Result<Experiment, Failure> {
    let asks = Arc::clone(stop);
    // Without a handler Ctrl-C ends us at once, and gopls with us, when its input ends.
    let _ = ctrlc::set_handler(move || asks.store(true, Ordering::Relaxed));
    let experiment = perform(ask, stop, say).map_err(|error| match error {
        ExperimentError::Source(error) => Failure::Reproduce(error.to_string()),
        ExperimentError::Disk(_) => Failure::CouldNotRun(error.to_string()),
    });
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    experiment
}

/// Whether a file can be written later, as far as its folder tells: what was measured for minutes should not be lost for it.
pub fn has_folder(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.is_dir() {
        return Ok(());
    }
    let (path, folder) = (path.display(), folder.display());
    Err(Failure::Arguments(format!(
        "{path} cannot be written: {folder} is no folder; make it, or name another"
    )))
}

/// Writes a file that was asked for.
pub fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let failure = |error| Failure::Unfinished(format!("{} cannot be written: {error}", path.display()));
    fs::write(path, text).map_err(failure)
}

pub fn setting(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("it must be KEY=VALUE, as staticcheck=true")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((key.to_owned(), value))
}

/// By its version, or where that is not known by its path.
pub fn name(gopls: &Path) -> String {
    let version = stallscope_probe::process::version::of_file(gopls).and_then(|info| info.version);
    version.map_or_else(|| gopls.display().to_string(), |version| format!("gopls {version}"))
}

/// The one that an editor would start; `go`, which is asked where that is, gets these variables.
pub fn installed(variables: &BTreeMap<String, String>) -> Result<PathBuf, Failure> {
    let bins = GoEnv::ask_within(ASK_GO_WITHIN, variables).bins();
    bins.gopls().into_iter().next().ok_or_else(|| {
        Failure::CouldNotRun("no gopls is installed: name one with --gopls, or install it with `go install golang.org/x/tools/gopls@latest`".to_owned())
    })
}

/// A line for programs.
fn say_line(Progress { run, runs, side, doing }: Progress) {
    eprintln!("run {run} of {runs}, {side}: {doing}");
}

/// One line that is written over, for people.
fn say(progress: Progress) {
    if std::io::stderr().is_terminal() {
        let Progress { run, runs, side, doing } = progress;
        eprint!("\r\x1b[Krun {run} of {runs}, {side}: {doing}");
        let _ = std::io::stderr().flush();
    }
}
