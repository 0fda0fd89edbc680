//! `stallscope cache`

use std::collections::BTreeMap;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use stallscope_doctor::cache::{self as doctor, Cleaned, GoCache, Owned, Owner, Progress};
use stallscope_probe::cache::{self, CacheAsked, Which};
use stallscope_probe::doctor::go_env::GoEnv;

use crate::failure::Failure;

/// A cache of 100,000 files is counted in a second.
const COUNT_WITHIN: Duration = Duration::from_secs(30);
/// Go's caches may have millions of files.
const COUNT_GO_WITHIN: Duration = Duration::from_secs(5);
const ASK_GO_WITHIN: Duration = Duration::from_secs(10);

/// Arguments of `cache`.
#[derive(Args)]
pub struct Cache {
    /// Remove the directories of executables that neither run nor are installed, and finish what was interrupted before.
    #[arg(long)]
    clean: bool,
    /// Remove this directory instead, as long as no gopls that uses it runs: its next load is then a cold one.
    #[arg(long, value_name = "NAME", requires = "clean")]
    only: Option<String>,
    /// Say what would be removed, and remove nothing.
    #[arg(long, requires = "clean")]
    dry_run: bool,
    /// An executable of gopls that is in use although it is not where Go installs, or a folder of such; may be repeated.
    #[arg(long, value_name = "PATH")]
    gopls: Vec<PathBuf>,
    /// The folder of the cache, called `gopls`, where it is not where gopls looks by this environment.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is listed.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    cache: doctor::Cache,
    go: Vec<GoCache>,
}

impl Cache {
    /// Lists, or removes.
    pub fn run(self) -> Result<(), Failure> {
        let go = GoEnv::ask_within(ASK_GO_WITHIN, &BTreeMap::new());
        let mut bins = go.bins();
        for path in &self.gopls {
            bins.and(std::path::absolute(path)?);
        }
        let folder = match &self.folder {
            Some(folder) => std::path::absolute(folder)?,
            None => cache::folder_of(&BTreeMap::new()),
        };
        let asked = CacheAsked { folder, bins };
        if self.clean {
            return self.remove(&asked);
        }
        let cache = cache::list(&asked, COUNT_WITHIN).map_err(|error| Failure::Cache(error.to_string()))?;
        let (build, modules) = (go.folder("GOCACHE"), go.folder("GOMODCACHE"));
        let go = cache::go_caches(build.as_deref(), modules.as_deref(), COUNT_GO_WITHIN);
        let listed = Listed { cache, go };
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            json(&listed, &mut out)?
        } else {
            text(&listed, &mut out)?
        }
        Ok(out.flush()?)
    }

    fn remove(&self, asked: &CacheAsked) -> Result<(), Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let asks = Arc::clone(&stop);
        // Without it Ctrl-C ends us at once, which a removal survives too.
        let _ = ctrlc::set_handler(move || asks.store(true, Ordering::Relaxed));
        let shows = std::io::stderr().is_terminal();
        let mut goes_on = |progress: &Progress| {
            if shows {
                let Progress { directory, files, of_files, .. } = progress;
                eprint!("\r{directory}: {files} of {of_files} files ");
            }
            !stop.load(Ordering::Relaxed)
        };
        let which = self.only.clone().map_or(Which::Orphans, Which::Named);
        let cleaned = cache::clean(asked, &which, self.dry_run, &mut goes_on);
        if shows {
            eprintln!();
        }
        let cleaned = cleaned.map_err(|error| Failure::Cache(error.to_string()))?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            json(&cleaned, &mut out)?
        } else {
            self.removed(&cleaned, &mut out)?
        }
        out.flush()?;
        match (cleaned.cancelled, cleaned.skipped.len()) {
            (true, _) => Err(Failure::Unfinished("stopped; the next --clean finishes what is left".into())),
            (_, 0) => Ok(()),
            (_, count) => Err(Failure::Unfinished(format!("{count} could not be removed wholly"))),
        }
    }

    fn removed(&self, cleaned: &Cleaned, out: &mut impl Write) -> std::io::Result<()> {
        let did = if self.dry_run { "would remove" } else { "removed" };
        for removed in &cleaned.removed {
            writeln!(out, "{did} {}: {} files, {}", removed.name, removed.files, size(removed.bytes, true))?;
        }
        for skipped in &cleaned.skipped {
            writeln!(out, "left {}: {}", skipped.name, skipped.why)?;
        }
        if cleaned.removed.is_empty() && cleaned.skipped.is_empty() && !cleaned.cancelled {
            writeln!(out, "nothing to remove")?;
        }
        Ok(())
    }
}

fn json(value: &impl Serialize, out: &mut impl Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(std::io::Error::from)?;
    writeln!(out)
}

fn text(listed: &Listed, out: &mut impl Write) -> std::io::Result<()> {
    let cache = &listed.cache;
    let free = cache.disk.as_ref().map(|disk| format!(", {} free", size(disk.free_bytes, true)));
    writeln!(out, "{}{}", cache.folder, free.unwrap_or_default())?;
    for directory in &cache.directories {
        let held = directory.size.clone().unwrap_or_default();
        let bytes = size(held.bytes, held.complete || directory.size.is_none());
        writeln!(out, "  {:<10} {bytes:>12} {:>7} files  {}", directory.name, held.files, whose(directory))?;
    }
    for blind in &cache.blind {
        writeln!(out, "  not all executables can be seen: {}", blind.words())?;
    }
    for go in &listed.go {
        let command = go.command.join(" ");
        writeln!(out, "{} ({} cache of Go; to empty it: {command})", go.folder, go.name)?;
        writeln!(out, "  {:>23} {:>7} files", size(go.bytes, go.complete), go.files)?;
    }
    Ok(())
}

fn size(bytes: u64, complete: bool) -> String {
    format!("{}{:.1} MB", if complete { "" } else { ">" }, bytes as f64 / 1e6)
}

fn whose(directory: &Owned) -> String {
    let executable = directory.executables.first();
    let named = executable.map_or_else(String::new, |executable| {
        let version = executable.version.as_deref().unwrap_or("of a work tree");
        format!(": gopls {version}, {}", executable.path)
    });
    let pids = directory.executables.iter().flat_map(|executable| executable.pids.iter());
    let pids: Vec<String> = pids.map(ToString::to_string).collect();
    match directory.owner {
        Owner::Running => format!("in use by process {}{named}", pids.join(", ")),
        Owner::Installed => format!("installed{named}"),
        Owner::Orphan => "nobody's: its executable neither runs nor is installed".into(),
        Owner::Unsure => "perhaps in use by an executable that cannot be seen".into(),
        Owner::Leftover => "left by an interrupted removal".into(),
        Owner::Unrecognised => {
            format!("not touched: {}", directory.why.as_deref().unwrap_or("it is not gopls's"))
        }
    }
}
