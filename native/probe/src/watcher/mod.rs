//! The watcher: a thread of its own that samples, polls, decides and captures beside the editor.
//!
//! The outside sends [`Command`]s and receives [`WatchEvent`]s. Everything in between happens on one thread with one
//! event loop (`run.rs`), so there are no locks around the state. What touches a disk is done by others: incidents are
//! written by a thread of their own (`writer.rs`), captures are written and parsed by workers (`fetch.rs`).

mod captures;
mod fetch;
mod gopls;
mod history;
mod incidents;
mod kept;
mod limits;
mod live;
mod machine;
mod queue;
mod readings;
mod run;
mod sampler;
mod server;
mod spans;
mod stamps;
mod stop;
mod target;
mod tell;
#[cfg(test)]
mod tests;
mod waits;
mod workspace;
mod writer;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use stallscope_core::engine::Event;
use stallscope_core::gc::GcView;
use stallscope_core::memory::MemoryView;
use stallscope_core::model::{
    Adjustment, Bytes, CaptureRequest, DebugServer, Decision, IncidentSummary, Ns, ObservedRequest,
    SpansView, Status, Timeline, TimelineQuery, WatchEvent, WatchSettings,
};
use stallscope_core::patterns::{Facts, NotFacts};
use stallscope_core::spans::SpanRecord;
use stallscope_core::verify::RunFigures;
use tokio::sync::{mpsc, oneshot};

pub use limits::SharedLimits;
pub(crate) use live::of_incident as timeline_of_incident;
use stamps::Stamps;
pub use target::Target;

use crate::clock::Clock;
use crate::patterns::LiveEvidence;
use crate::spans::{SpanReceiver, runtime_dir};

/// How a watcher is set up.
#[derive(Debug, Clone)]
pub struct WatcherOptions {
    /// Folder for incidents and state.
    pub storage_dir: PathBuf,
    /// Workspace folders of the window.
    pub workspace: Vec<String>,
    /// Which gopls.
    pub target: Target,
    /// Log folders of other extensions, where a gopls log may name the debug address.
    pub log_dirs: Vec<PathBuf>,
    /// The version of the Go extension, for the history: `v0.50.0`.
    pub go_extension: Option<String>,
    /// Thresholds and limits.
    pub settings: WatchSettings,
}

/// What the outside may say.
pub(crate) enum Command {
    Settings(Box<WatchSettings>),
    Pause,
    Resume,
    CaptureNow(CaptureRequest, oneshot::Sender<Result<IncidentSummary, WatchError>>),
    CancelCapture,
    Timeline(TimelineQuery, oneshot::Sender<Timeline>),
    Memory(oneshot::Sender<Option<MemoryView>>),
    Gc(Option<Bytes>, oneshot::Sender<Option<GcView>>),
    Record(Record, oneshot::Sender<Recorded>),
    Evidence(oneshot::Sender<LiveEvidence>),
    Workspace(u32, Facts, oneshot::Sender<Result<(), WatchError>>),
    Stop(oneshot::Sender<()>),
}

/// What may be asked of the recording of a run (`core::verify`).
#[derive(Debug, Clone, Copy)]
pub enum Record {
    /// Begin one; nothing begins without a gopls, or while one goes on.
    Begin,
    /// End it, and tell what was seen.
    End,
    /// End it without a word.
    GiveUp,
    /// Only tell whether one goes on.
    Look,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Whether it goes on.
    pub running: bool,
    /// What was seen, when it was ended.
    pub figures: Option<RunFigures>,
}

/// An expected failure of a request to the watcher.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// There is no gopls to capture.
    #[error("no gopls of this window is running: open a Go file first")]
    NoGopls,
    /// It cannot be asked.
    #[error("gopls serves no debug page: run \"Stallscope: Enable gopls Debug Server\" first")]
    NoDebugServer,
    /// It serves pages that do not come.
    #[error("gopls's debug server does not answer ({0}): restart gopls if that lasts")]
    DebugServerFailing(String),
    /// The capture ended without a profile.
    #[error("nothing was captured: {0}")]
    CaptureFailed(String),
    /// It was cancelled by [`Watcher::cancel_capture`].
    #[error("cancelled; {} (incident {id})", kept_words(*.size_bytes))]
    Cancelled {
        /// What had come and was kept.
        size_bytes: Bytes,
        /// Where.
        id: String,
    },
    /// What it is said to have answered is no such answer.
    #[error("{0}: nothing is known of the workspace by it")]
    NotFacts(#[from] NotFacts),
    /// Another gopls is watched than the one that was asked.
    #[error("gopls {pid} is not watched any more: ask the one that is")]
    AnotherGopls {
        /// The one that was asked.
        pid: u32,
    },
    /// The watcher has ended.
    #[error("the watcher is not running: reload the window; its log says why it ended")]
    Ended,
}

impl WatchError {
    /// Kebab-case name for the user interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoGopls => "no-gopls",
            Self::NoDebugServer => "no-debug-server",
            Self::DebugServerFailing(_) => "debug-server-failing",
            Self::CaptureFailed(_) => "capture-failed",
            Self::Cancelled { .. } => "capture-cancelled",
            Self::NotFacts(_) => "not-facts",
            Self::AnotherGopls { .. } => "another-gopls",
            Self::Ended => "watcher-ended",
        }
    }
}

fn kept_words(size_bytes: Bytes) -> String {
    match size_bytes {
        // What gopls records and a profile it has not finished are sent at their end only.
        0 => "nothing had come yet".to_owned(),
        kept => format!("the {kept} bytes that had come are kept"),
    }
}

/// What can be read without asking the loop.
#[derive(Debug)]
pub(crate) struct Shared {
    status: Status,
    decisions: Vec<Decision>,
    /// Whether evidence is being fetched, or waits for that.
    fetching: bool,
}

impl Default for Shared {
    fn default() -> Self {
        Self { status: idle_status(), decisions: Vec::new(), fetching: false }
    }
}

impl Shared {
    fn at_rest(&self) -> bool {
        let Status { stall, in_flight, loading, .. } = &self.status;
        !self.fetching && stall.is_none() && !loading && !in_flight.iter().any(|one| one.interactive)
    }
}

/// A running watcher. Dropping it ends the thread; use [`Watcher::stop`] to wait until everything is written.
#[derive(Debug)]
pub struct Watcher {
    commands: mpsc::UnboundedSender<Command>,
    stamps: Arc<Stamps>,
    spans: Arc<SpanReceiver>,
    shared: Arc<Mutex<Shared>>,
    clock: Clock,
    thread: Option<JoinHandle<()>>,
}

/// Called from the watcher's thread with everything it has to tell.
pub type Listener = Box<dyn Fn(WatchEvent) + Send>;

impl Watcher {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(options: WatcherOptions, listener: Listener) -> std::io::Result<Self> {
        Self::start_beside(options, SharedLimits::default(), listener)
    }

    /// The same beside other watchers, with the limits that they have in common.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start_beside(
        options: WatcherOptions,
        limits: SharedLimits,
        listener: Listener,
    ) -> std::io::Result<Self> {
        let (commands, inbox) = mpsc::unbounded_channel();
        let clock = Clock::start();
        let stamps = Arc::new(Stamps::new(clock));
        let shared = Arc::new(Mutex::new(Shared::default()));
        let spans = Arc::new(SpanReceiver::new(clock, runtime_dir()));
        let (for_loop, stamps_for_loop) = (Arc::clone(&shared), Arc::clone(&stamps));
        let spans_for_loop = Arc::clone(&spans);
        let thread = std::thread::Builder::new().name("stallscope-watch".into()).spawn(move || {
            let beside = run::Beside { stamps: stamps_for_loop, spans: spans_for_loop, limits };
            run::run(options, clock, inbox, beside, &for_loop, listener)
        })?;
        Ok(Self { commands, stamps, spans, shared, clock, thread: Some(thread) })
    }

    fn send(&self, command: Command) {
        // A closed channel means the loop has ended; `status` tells so.
        let _ = self.commands.send(command);
    }

    /// The editor asked for something, right now.
    pub fn observed(&self, request: ObservedRequest) {
        self.stamps.push(Event::Observed(request));
    }

    /// The echo of an observed request was sent, right now.
    pub fn echo_began(&self, method: String, uri: String) {
        self.stamps.push(Event::EchoBegan { method, uri });
    }

    /// It was answered, right now.
    pub fn echo_ended(&self, method: String, uri: String) {
        self.stamps.push(Event::EchoEnded { method, uri });
    }

    /// The JavaScript thread of the extension host was busy for so long, until now.
    pub fn host_lagged(&self, lag_ns: Ns) {
        self.stamps.push(Event::HostLagged { lag_ns });
    }

    /// A save began, right now.
    pub fn save_began(&self, uri: String) {
        self.stamps.push(Event::SaveBegan(uri));
    }

    /// It ended, right now.
    pub fn save_ended(&self, uri: String) {
        self.stamps.push(Event::SaveEnded(uri));
    }

    /// New settings; returns what had to be adjusted.
    pub fn configure(&self, settings: WatchSettings) -> Vec<Adjustment> {
        let (settings, adjusted) = settings.sanitised();
        self.send(Command::Settings(Box::new(settings)));
        adjusted
    }

    /// Stops looking until [`Self::resume`].
    pub fn pause(&self) {
        self.send(Command::Pause);
    }

    /// Looks again.
    pub fn resume(&self) {
        self.send(Command::Resume);
    }

    /// Captures now; the incident is on disk when this returns.
    ///
    /// # Errors
    /// No gopls, no debug server, it was cancelled, or the capture failed.
    pub async fn capture_now(&self, request: CaptureRequest) -> Result<IncidentSummary, WatchError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::CaptureNow(request, reply));
        answer.await.unwrap_or(Err(WatchError::Ended))
    }

    /// Ends the captures on request that are under way. What has come of them is kept.
    pub fn cancel_capture(&self) {
        self.send(Command::CancelCapture);
    }

    /// The live time line.
    ///
    /// # Errors
    /// When the watcher has ended.
    pub async fn timeline(&self, query: TimelineQuery) -> Result<Timeline, WatchError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Timeline(query, reply));
        answer.await.map_err(|_| WatchError::Ended)
    }

    /// Where gopls's memory is, as last read; `None` before the first reading. Asked now and then, it stays fresh.
    ///
    /// # Errors
    /// When the watcher has ended.
    pub async fn memory(&self) -> Result<Option<MemoryView>, WatchError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Memory(reply));
        answer.await.map_err(|_| WatchError::Ended)
    }

    /// What garbage collection costs gopls and what is advised about it; `None` before the first reading. `setting_bytes`
    /// is the user's `memoryLimit`. Asked now and then, it stays fresh.
    ///
    /// # Errors
    /// When the watcher has ended.
    pub async fn gc(&self, setting_bytes: Option<Bytes>) -> Result<Option<GcView>, WatchError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Gc(setting_bytes, reply));
        answer.await.map_err(|_| WatchError::Ended)
    }

    /// About the recording of a run.
    ///
    /// # Errors
    /// When the watcher has ended.
    pub async fn record(&self, what: Record) -> Result<Recorded, WatchError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Record(what, reply));
        answer.await.map_err(|_| WatchError::Ended)
    }

    /// What leak patterns of the living gopls are judged on.
    ///
    /// # Errors
    /// When the watcher has ended.
    pub async fn evidence(&self) -> Result<LiveEvidence, WatchError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Evidence(reply));
        answer.await.map_err(|_| WatchError::Ended)
    }

    /// Takes what gopls `pid` answered about its workspace, as JSON: `gopls.workspace_stats` and `gopls.views`. When this
    /// returns, an incident that was closed just before has it too.
    ///
    /// # Errors
    /// It is something else, another gopls is watched, or the watcher has ended.
    pub async fn workspace_answered(
        &self,
        pid: u32,
        stats: Option<&str>,
        views: Option<&str>,
    ) -> Result<(), WatchError> {
        let mut facts = Facts::default();
        if let Some(stats) = stats {
            facts = facts.with_workspace_stats(stats)?;
        }
        if let Some(views) = views {
            facts = facts.with_views(views)?;
        }
        let (reply, answer) = oneshot::channel();
        self.send(Command::Workspace(pid, facts, reply));
        answer.await.unwrap_or(Err(WatchError::Ended))
    }

    /// Receives gopls's own spans on this port of the machine; `None` ends that.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn record_spans(&self, port: Option<u16>) -> std::io::Result<()> {
        self.spans.set_port(port)
    }

    /// How that stands.
    pub fn spans(&self) -> SpansView {
        self.spans.view()
    }

    /// The spans of a time. gopls posts them when they have ended, every two seconds.
    pub fn spans_of(&self, from_ns: Ns, to_ns: Ns) -> SpanRecord {
        self.spans.record(from_ns, to_ns)
    }

    /// What is going on now: the latest status, its ages as of this moment.
    pub fn status(&self) -> Status {
        let status = self.shared.lock().unwrap_or_else(PoisonError::into_inner).status.clone();
        status.seen_at(self.clock.now_ns())
    }

    /// Whether nobody waits for gopls, and nothing is being captured of it: what costs it something may be done now.
    pub fn at_rest(&self) -> bool {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).at_rest()
    }

    /// Latest decisions, newest last.
    pub fn decisions(&self, limit: usize) -> Vec<Decision> {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.decisions[shared.decisions.len().saturating_sub(limit)..].to_vec()
    }

    /// Ends the watcher; everything captured is on disk afterwards.
    pub async fn stop(&self) {
        let (reply, done) = oneshot::channel();
        self.send(Command::Stop(reply));
        let _ = done.await;
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let (reply, _) = oneshot::channel();
        self.send(Command::Stop(reply));
        // Not joined: the JavaScript thread may be the one that drops us, and must not wait for a disk.
        drop(self.thread.take());
    }
}

/// The status before anything is known.
pub fn idle_status() -> Status {
    Status {
        at_ns: 0,
        origin_unix_ms: 0.0,
        watching: false,
        capture_enabled: false,
        gopls: None,
        other_gopls: 0,
        in_flight: Vec::new(),
        stall: None,
        commands: Vec::new(),
        loading: false,
        load: None,
        last_load: None,
        last_incident: None,
        spark_bytes: Vec::new(),
        own_cpu_share: 0.0,
    }
}

/// Whether captures can be asked for.
pub(crate) fn is_on(debug: &DebugServer) -> bool {
    matches!(debug, DebugServer::On { .. })
}
