//! `stallscope capture`: one page of gopls's debug server, by hand.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use stallscope_core::model::{CaptureRequest, CaptureWhat, WatchSettings};
use stallscope_probe::debug::{Endpoint, Fetch, Limits, discover};

use crate::failure::Failure;
use crate::watch::gopls_named;

/// For how long is recorded when nothing is said.
const SECONDS: u32 = 10;
/// The file name that stands for the standard output.
const STDOUT: &str = "-";

/// Arguments of `capture`.
#[derive(Args)]
pub struct Capture {
    /// gopls's process id; without it the only gopls of this user is taken.
    #[arg(long)]
    pid: Option<u32>,
    /// What to capture.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = What::Heap)]
    what: What,
    /// For how many seconds to record a difference or a CPU profile, 1 to 60 [default: 10].
    #[arg(long, value_name = "N")]
    seconds: Option<u32>,
    /// Where to write it, `-` for the standard output [default: WHAT-PID.pb.gz, or .txt, here]. A file that is there is
    /// replaced.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Refuse an answer of more than this many MB (10^6 bytes); what came until then is kept [default: 64, as text 256].
    #[arg(long, value_name = "MB")]
    max_mb: Option<f64>,
}

/// What can be captured; docs/capturing.md says more.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The heap as the last garbage collection left it.
    Heap,
    /// The heap after a collection that gopls is made to do now; hovers wait for it.
    HeapAfterGc,
    /// What the heap gains and loses over some seconds.
    HeapDelta,
    /// Everything allocated since gopls's start, kept or not.
    Allocs,
    /// What gopls's goroutines do, as text.
    Goroutines,
    /// Where gopls's CPU time goes over some seconds.
    Cpu,
    /// The heap as text, with memory statistics at its end.
    HeapText,
}

impl What {
    fn of_core(self) -> CaptureWhat {
        match self {
            Self::Heap => CaptureWhat::Heap,
            Self::HeapAfterGc => CaptureWhat::HeapAfterGc,
            Self::HeapDelta => CaptureWhat::HeapDelta,
            Self::Allocs => CaptureWhat::Allocs,
            Self::Goroutines => CaptureWhat::Goroutines,
            Self::Cpu => CaptureWhat::Cpu,
            Self::HeapText => CaptureWhat::HeapText,
        }
    }
}

impl Capture {
    pub fn run(self) -> Result<(), Failure> {
        let what = self.what.of_core();
        let recorded = what.kind().is_recording();
        let seconds = self.seconds.or(recorded.then_some(SECONDS));
        let request =
            CaptureRequest::new(what, seconds).map_err(|e| Failure::Arguments(format!("--seconds: {e}")))?;
        let pid = gopls_named(self.pid)?;
        let out = self.out.unwrap_or_else(|| {
            let ending = if what.kind().is_profile() { "pb.gz" } else { "txt" };
            PathBuf::from(format!("{}-{pid}.{ending}", what.name()))
        });
        if let (true, Some(seconds)) = (recorded, seconds) {
            eprintln!("stallscope: gopls {pid} records for {seconds} s …");
        }
        let most_mb = if what == CaptureWhat::HeapText { 256.0 } else { 64.0 };
        let max_mb = self.max_mb.unwrap_or(most_mb);
        let settings = WatchSettings { capture_max_mb: max_mb, ..WatchSettings::default() }.sanitised().0;
        let limits = Limits::capture(&settings).after_recording(seconds);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (fetch, page) = runtime.block_on(ask(pid, Endpoint::asked(request), &limits))?;
        if let Err(error) = fetch.outcome {
            let kept = keep_partial(&out, &page)?;
            return Err(Failure::Watch(format!("gopls {pid}: {error}{kept}")));
        }
        if what.kind().is_profile() {
            let limits = stallscope_pprof::Limits::default();
            stallscope_pprof::decode(&page, &limits)
                .map_err(|error| Failure::Profile { path: out.clone(), error })?;
        }
        write(&out, &page)?;
        let took_s = fetch.open_for().as_secs_f64();
        eprintln!(
            "stallscope: {} of gopls {pid}: {} bytes in {took_s:.2} s, {}",
            what.name(),
            page.len(),
            out.display()
        );
        Ok(())
    }
}

async fn ask(pid: u32, endpoint: Endpoint, limits: &Limits) -> Result<(Fetch, Vec<u8>), Failure> {
    let mut client = discover(pid, &[]).await.client().ok_or_else(|| {
        Failure::Watch(format!("gopls {pid} serves no debug page: start it with -debug=127.0.0.1:0"))
    })?;
    Ok(client.page(endpoint, limits).await)
}

/// What had come of an answer that is not whole is kept beside the file that it was to become.
fn keep_partial(out: &Path, page: &[u8]) -> Result<String, Failure> {
    if page.is_empty() || out == Path::new(STDOUT) {
        return Ok(String::new());
    }
    let partial = PathBuf::from(format!("{}.partial", out.display()));
    write(&partial, page)?;
    Ok(format!("; the {} bytes that had come are in {}", page.len(), partial.display()))
}

fn write(out: &Path, page: &[u8]) -> Result<(), Failure> {
    if out == Path::new(STDOUT) {
        return Ok(std::io::stdout().write_all(page)?);
    }
    std::fs::write(out, page)
        .map_err(|error| Failure::Watch(format!("cannot write {}: {error}", out.display())))
}
