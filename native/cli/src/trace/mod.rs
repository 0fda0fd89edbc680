//! `stallscope trace LOG|INCIDENT`

mod follow;
mod json;
mod print;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use stallscope_core::log::{LogProgress, LogQuery};
use stallscope_core::model::Incident;
use stallscope_core::trace::{Trace as TraceData, TraceFormat};
use stallscope_probe::log::LogFile;
use stallscope_probe::store::Store;
use stallscope_probe::trace::save;

use crate::failure::Failure;

/// Arguments of `trace`.
#[derive(Args)]
pub struct Trace {
    /// A log (`gopls -rpc.trace -logfile=FILE`, or what VS Code's output channel shows), or an incident's folder.
    input: PathBuf,
    /// Print JSON for scripts.
    #[arg(long)]
    json: bool,
    /// Save Chrome trace events, for Perfetto and chrome://tracing.
    #[arg(long, value_name = "FILE")]
    chrome: Option<PathBuf>,
    /// Save speedscope's format.
    #[arg(long, value_name = "FILE")]
    speedscope: Option<PathBuf>,
    /// List so many requests, the slowest first; all with 0.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Only requests of methods with this in their name.
    #[arg(long, value_name = "TEXT", default_value = "")]
    method: String,
    /// Go on as the log grows, and print each request when it has ended.
    #[arg(long, conflicts_with_all = ["chrome", "speedscope"])]
    follow: bool,
    /// Stop following after this many seconds.
    #[arg(long, value_name = "SECONDS", requires = "follow")]
    seconds: Option<f64>,
}

impl Trace {
    /// Reads, saves what is asked for, and prints the rest.
    pub fn run(self) -> Result<(), Failure> {
        if self.input.is_dir() { self.incident() } else { self.log() }
    }

    fn log(&self) -> Result<(), Failure> {
        let mut file = LogFile::open(&self.input).map_err(log_failure)?;
        let mut progress = Progress::default();
        file.read_on(&mut |at| progress.tell(at)).map_err(log_failure)?;
        progress.clear();
        if self.follow {
            return self.follow(file);
        }
        file.end();
        file.check().map_err(log_failure)?;
        let title =
            self.input.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        self.save(|| TraceData::of_log(file.log(), &title))?;
        let mut out = std::io::stdout().lock();
        let (overview, page) = (file.log().overview("en"), file.log().requests(&self.query()));
        if self.json {
            serde_json::to_writer(&mut out, &json::log(&overview, &page)).map_err(std::io::Error::from)?;
            writeln!(out)?;
            return Ok(());
        }
        print::log(&mut out, &overview, &page)
    }

    fn incident(&self) -> Result<(), Failure> {
        if self.follow {
            return Err(Failure::Arguments("an incident does not grow: --follow is for logs".to_owned()));
        }
        let incident = load(&self.input)?;
        self.save(|| TraceData::of_incident(&incident))?;
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, &json::incident(&incident)).map_err(std::io::Error::from)?;
            writeln!(out)?;
            return Ok(());
        }
        print::incident(&mut out, &incident, self.limit())
    }

    fn save(&self, trace: impl FnOnce() -> TraceData) -> Result<(), Failure> {
        let wanted = [(TraceFormat::Chrome, &self.chrome), (TraceFormat::Speedscope, &self.speedscope)];
        if wanted.iter().all(|(_, file)| file.is_none()) {
            return Ok(());
        }
        let trace = trace();
        for (format, file) in wanted {
            let Some(file) = file else { continue };
            let whole =
                std::path::absolute(file).map_err(|error| Failure::Open { path: file.clone(), error })?;
            save(&trace, format, &whole).map_err(|error| Failure::Trace(error.to_string()))?;
        }
        Ok(())
    }

    fn query(&self) -> LogQuery {
        LogQuery { filter: self.method.clone(), limit: self.limit(), ..LogQuery::default() }
    }

    fn limit(&self) -> usize {
        if self.top == 0 { usize::MAX } else { self.top }
    }
}

/// The incident in a folder, wherever it was copied to.
fn load(folder: &Path) -> Result<Incident, Failure> {
    let folder =
        folder.canonicalize().map_err(|error| Failure::Open { path: folder.to_path_buf(), error })?;
    let place = || {
        let id = folder.file_name()?.to_str()?;
        let incidents = folder.parent()?;
        (incidents.file_name()? == "incidents").then_some(())?;
        Some((id, incidents.parent()?))
    };
    let (id, storage) = place().ok_or_else(|| {
        Failure::Arguments(format!(
            "{} is not an incident's folder: it is STORAGE/incidents/ID, with incident.json in it",
            folder.display()
        ))
    })?;
    Store::new(storage.to_path_buf()).load(id).map_err(|error| Failure::Trace(error.to_string()))
}

fn log_failure(error: stallscope_probe::log::LogError) -> Failure {
    Failure::Trace(error.to_string())
}

/// How far a large log is read, on a terminal.
#[derive(Default)]
struct Progress {
    told_percent: u64,
}

impl Progress {
    fn tell(&mut self, LogProgress { read_bytes, size_bytes }: LogProgress) -> bool {
        /// Smaller ones are read before anybody could read the line.
        const WORTH_TELLING_BYTES: u64 = 50 << 20;
        let percent = read_bytes * 100 / size_bytes.max(1);
        if size_bytes > WORTH_TELLING_BYTES && percent > self.told_percent && std::io::stderr().is_terminal()
        {
            self.told_percent = percent;
            eprint!("\rreading {percent}% of {} MB", size_bytes / 1_000_000);
        }
        true
    }

    fn clear(&self) {
        if self.told_percent > 0 {
            eprint!("\r\x1b[K");
        }
    }
}
