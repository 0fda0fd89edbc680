//! `stallscope retain`: who holds the memory of a running gopls, or of another Go program.

use std::fs::OpenOptions;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde_json::{Value, json};
use stallscope_retain::answer::page::{beside, checked, megabytes, number, page, rows, text, way};
use stallscope_retain::capture::{self, CaptureError, Request, Session, Step};
use stallscope_retain::record::record;
use stallscope_retain::stop::Stop;

use crate::failure::Failure;
use crate::watch::gopls_named;

/// The name of the executable that analyses, beside this one.
const HELPER: &str = "stallscope-retain";

/// Arguments of `retain`.
#[derive(Args)]
pub struct Retain {
    /// The process: a gopls, or another Go program of this user; without it the only gopls of this user is taken.
    #[arg(long)]
    pid: Option<u32>,
    /// Also tell who holds the objects of this type: its full name, as the table has it.
    #[arg(long = "type", value_name = "NAME")]
    type_name: Option<String>,
    /// Print JSON, all types of it.
    #[arg(long)]
    json: bool,
    /// Also keep the heap in this new file, to be compared with later: addresses, sizes and names of types.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Compare with what was kept earlier of the same process: which objects are new, gone, or still there.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Also write a profile for `go tool pprof` into this new file: bytes by the chain that holds them.
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Also write a page that stands for itself into this new file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// How many types to print.
    #[arg(long, value_name = "N", default_value_t = 25)]
    limit: usize,
    /// How long the program may stand still, milliseconds: past it the program goes on and there is no answer.
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    max_pause: u64,
    /// How much memory copy and analysis may take, MB (10^6 bytes) [default: what is free].
    #[arg(long, value_name = "MB")]
    max_memory: Option<u64>,
}

impl Retain {
    /// Stops the program for a moment, and tells what it found.
    pub fn run(self) -> Result<(), Failure> {
        capture::supported().map_err(CaptureError::from)?;
        let pid = match self.pid {
            Some(pid) => pid,
            None => gopls_named(None)?,
        };
        let stop = Stop::default();
        let asked = stop.clone();
        // Ctrl-C: the program goes on first, then this ends.
        ctrlc::set_handler(move || asked.set()).map_err(|error| Failure::Retain(error.to_string()))?;
        let session = open(pid, &self, &stop)?;
        let question = json!({ "ask": "report", "type": self.type_name });
        let mut report: Value = answer(&session.ask(&question.to_string(), &stop)?)?;
        let packages: Value = answer(&session.packages(&stop)?)?;
        let compared = self.files(&session, pid, &stop)?;
        report["pid"] = pid.into();
        report["pause_ms"] = (session.facts.pause_ns as f64 / 1e6).into();
        report["copy"] = serde_json::to_value(session.facts).map_err(std::io::Error::from)?;
        report["packages"] = packages["rows"].clone();
        if let Some(compared) = compared {
            report["compared"] = compared;
        }
        if let Some(path) = &self.html {
            write_page(&session, pid, path, &stop)?;
        }
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            serde_json::to_writer_pretty(&mut out, &report).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            print(&report, self.limit, &mut out)?;
        }
        Ok(out.flush()?)
    }

    /// Writes and reads the files that were named; tells what the comparison says.
    fn files(&self, session: &Session, pid: u32, stop: &Stop) -> Result<Option<Value>, Failure> {
        let ask = |question: Value| answer(&session.ask(&question.to_string(), stop)?);
        // The helper may stand elsewhere.
        let whole = |path: &PathBuf| std::path::absolute(path).map_err(Failure::Output);
        let of = json!({ "pid": pid, "start_time": session.start_time() });
        let mut compared = None;
        if let Some(file) = &self.compare {
            compared = Some(ask(json!({ "ask": "compare", "of": of, "file": whole(file)? }))?["rows"].take());
        }
        if let Some(file) = &self.save {
            ask(json!({ "ask": "save", "of": of, "file": whole(file)? }))?;
        }
        if let Some(file) = &self.profile {
            ask(json!({ "ask": "profile", "file": whole(file)? }))?;
        }
        Ok(compared)
    }
}

/// The answer as a page that stands for itself, in a new file.
fn write_page(session: &Session, pid: u32, path: &Path, stop: &Stop) -> Result<(), Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let page = page(&record(session, pid, now.as_millis() as u64, stop)?);
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| {
        Failure::Retain(format!("{}: {error}: name a file that is not there yet", path.display()))
    })?;
    Ok(file.write_all(page.as_bytes())?)
}

fn open(pid: u32, arguments: &Retain, stop: &Stop) -> Result<Session, Failure> {
    let request = Request {
        pid,
        start_time: capture::start_time(pid).map_err(CaptureError::from)?,
        bound: Duration::from_millis(arguments.max_pause),
        must_be_descendant: false,
        memory_limit_bytes: arguments.max_memory.map(|mb| mb.saturating_mul(1_000_000)),
        helper: helper()?,
    };
    let shows = std::io::stderr().is_terminal();
    let tell = |step: Step| {
        // Not while it stands still: a terminal may block.
        if let (true, Some(text)) = (shows, words(step)) {
            eprintln!("stallscope: {text} …");
        }
    };
    Ok(capture::open(&request, stop, &tell)?)
}

fn helper() -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()?;
    let helper = own.with_file_name(format!("{HELPER}{}", std::env::consts::EXE_SUFFIX));
    if helper.is_file() {
        return Ok(helper);
    }
    Err(Failure::Retain(format!(
        "{} is missing: it comes with stallscope and belongs beside it",
        helper.display()
    )))
}

fn words(step: Step) -> Option<&'static str> {
    match step {
        Step::Checking => Some("reading the executable"),
        Step::Preparing { done_bytes: 0, .. } => Some("preparing memory for the copy"),
        Step::WentOn => Some("copied; the program goes on. Looking through the copy"),
        _ => None,
    }
}

fn answer(line: &str) -> Result<Value, Failure> {
    let answer: Value = serde_json::from_str(line).map_err(|error| Failure::Retain(error.to_string()))?;
    match answer["error"].as_str() {
        Some(error) => Err(Failure::Retain(error.to_owned())),
        None => Ok(answer),
    }
}

impl From<CaptureError> for Failure {
    fn from(error: CaptureError) -> Self {
        Self::Retain(error.to_string())
    }
}

fn print(report: &Value, limit: usize, out: &mut impl Write) -> std::io::Result<()> {
    let check = &report["check"];
    writeln!(
        out,
        "process {}: {} objects are alive, {}. It stood still for {:.0} ms{}.",
        report["pid"],
        number(&report["objects_marked"]),
        megabytes(&report["bytes_marked"]),
        report["pause_ms"].as_f64().unwrap_or(0.0),
        if report["copy"]["slept"] == true { ", having slept while it was copied" } else { "" }
    )?;
    writeln!(out, "{}", checked(check))?;
    if let Some(reason) = check["reason"].as_str() {
        writeln!(out, "NOT TO BE RELIED ON: {reason}")?;
    }
    if let Some(unread @ 1..) = report["copy"]["registers_unread"].as_u64() {
        writeln!(
            out,
            "The registers of {unread} of its threads, which computed just then, could not be read: what nothing else holds is missing."
        )?;
    }
    writeln!(out, "\n{:>10} {:>12}  part", "alive", "objects")?;
    for row in rows(&report["parts"]) {
        writeln!(
            out,
            "{:>10} {:>12}  {}",
            megabytes(&row["bytes"]),
            number(&row["count"]),
            text(&row["part"])
        )?;
    }
    writeln!(out, "\n{:>10} {:>10} {:>12}  type", "retained", "own", "objects")?;
    for row in rows(&report["types"]).take(limit) {
        let (retained, own) = (megabytes(&row["retained_bytes"]), megabytes(&row["bytes"]));
        writeln!(out, "{retained:>10} {own:>10} {:>12}  {}", number(&row["count"]), text(&row["type"]))?;
    }
    if report["compared"].is_array() {
        writeln!(out, "\n{:>10} {:>10} {:>10} {:>10}  since then", "grown by", "new", "gone", "still there")?;
        for row in rows(&report["compared"]).take(limit) {
            let cells = [
                megabytes(&row["bytes_grown"]),
                number(&row["new"]),
                number(&row["gone"]),
                number(&row["survivors"]),
            ];
            let [grown, new, gone, stayed] = cells;
            writeln!(out, "{grown:>10} {new:>10} {gone:>10} {stayed:>10}  {}", text(&row["type"]))?;
        }
    }
    if rows(&report["packages"]).next().is_some() {
        writeln!(out, "\n{:>10} {:>12}  Go package", "held by it", "objects")?;
        for row in rows(&report["packages"]).take(limit) {
            writeln!(
                out,
                "{:>10} {:>12}  {}",
                megabytes(&row["bytes"]),
                number(&row["count"]),
                text(&row["package"])
            )?;
        }
    }
    if report["paths"].is_array() {
        writeln!(out, "\n{:>10} {:>12}  held by", "retained", "objects")?;
        for row in rows(&report["paths"]) {
            let retained = megabytes(&row["retained_bytes"]);
            writeln!(out, "{retained:>10} {:>12}  {}", number(&row["objects"]), way(row) + &beside(row))?;
        }
    }
    Ok(())
}
