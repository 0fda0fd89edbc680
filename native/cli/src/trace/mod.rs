//! `stallscope trace LOG|INCIDENT|TRACE [--compare LOG|INCIDENT|TRACE]`

mod compare;
mod follow;
mod json;
mod print;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use stallscope_core::log::{LogProgress, LogQuery};
use stallscope_core::trace::{Trace as TraceData, TraceFormat};
use stallscope_probe::log::LogFile;
use stallscope_probe::trace::{OpenTraceError, TraceSource, incident_at, read_file, save};

use crate::failure::Failure;

/// Arguments of `trace`.
#[derive(Args)]
pub struct Trace {
    /// A log (`gopls -rpc.trace -logfile=FILE`, or what VS Code's output channel shows), an incident's folder, or a trace
    /// (Chrome trace events or speedscope's format, by whomever).
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
    /// Compare with another log, incident or trace: how long each method and phase took in both, the largest difference first.
    #[arg(long, value_name = "LOG|INCIDENT|TRACE")]
    compare: Option<PathBuf>,
    /// List so many requests, the slowest first; all with 0.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Only requests of methods with this in their name.
    #[arg(long, value_name = "TEXT", default_value = "")]
    method: String,
    /// Go on as the log grows, and print each request when it has ended.
    #[arg(long, conflicts_with_all = ["chrome", "speedscope", "compare"])]
    follow: bool,
    /// Stop following after this many seconds.
    #[arg(long, value_name = "SECONDS", requires = "follow")]
    seconds: Option<f64>,
}

impl Trace {
    /// Reads, saves what is asked for, and prints the rest.
    pub fn run(self) -> Result<(), Failure> {
        if let Some(other) = &self.compare {
            return self.compared(other);
        }
        match TraceSource::of(&self.input).map_err(trace_failure)? {
            TraceSource::Incident => self.incident(),
            TraceSource::File => self.file(),
            TraceSource::Log => self.log(),
        }
    }

    /// A trace by itself is compared with nothing: what each name took.
    fn file(&self) -> Result<(), Failure> {
        if self.follow {
            return Err(Failure::Arguments("a trace does not grow: --follow is for logs".to_owned()));
        }
        let read = read_file(&self.input).map_err(trace_failure)?;
        self.save(|| read.trace.clone())?;
        self.told(&read)
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
        let incident = incident_at(&self.input).map_err(trace_failure)?;
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

fn log_failure(error: stallscope_probe::log::LogError) -> Failure {
    Failure::Trace(error.to_string())
}

fn trace_failure(error: OpenTraceError) -> Failure {
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
