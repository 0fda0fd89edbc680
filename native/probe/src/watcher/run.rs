//! The event loop. One thread, one `select!`, and a list of what is due when.
//!
//! What there is to do is in the files beside it: `gopls.rs` (found, sampled, gone), `server.rs` (its debug server),
//! `captures.rs` (fetching evidence), `incidents.rs` (folders and `incident.json`), `tell.rs` (status and events), `stop.rs`
//! (the end). What was seen meanwhile waits in `stamps.rs` and `sampler.rs`.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use stallscope_core::engine::{Action, Engine, Event, StallKey};
use stallscope_core::model::{Capture, Cost, DebugServer, FinishedLoad, IncidentSummary, WatchEvent};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinError, JoinSet};

use super::fetch::{Baseline, BaselineResult, CaptureResult};
use super::gopls::{is_tight, sample_interval};
use super::history::{HISTORY_EVERY, retention};
use super::incidents::Asked;
use super::kept::KeptProfiles;
use super::limits::SharedLimits;
use super::machine::MachineLooks;
use super::queue::{Queue, Ticket};
use super::readings::MemoryResult;
use super::sampler::{Sample, Sampler};
use super::server::{Reading, Server};
use super::spans::AwaitedSpans;
use super::stamps::Stamps;
use super::target::{Finder, Watched};
use super::tell::{Fingerprint, OwnCpu, note};
use super::waits::{WaitSampleResult, WaitSampling};
use super::workspace::Closed;
use super::writer::{Job, Report, Writer};
use super::{Command, Listener, Record, Recorded, Shared, WatcherOptions, is_on, live};
use crate::clock::Clock;
use crate::history::Keeper;
use crate::spans::SpanReceiver;
use crate::store::{IncidentFolder, Store};

/// Workers: a capture being written, one being parsed, a baseline put beside an incident, sockets being listed.
const WORKERS: usize = 4;
/// Somebody asks for something: look whether it is answered as soon as a page can tell that gopls was not even asked.
const LOOK_SOON: Duration = Duration::from_millis(35);

/// While all is calm, what is due within this is done with what is due now, and what is due can wait this long for the
/// sampler to ring: waking costs more than doing it.
const SLACK: Duration = Duration::from_millis(300);

/// What a task brings back.
pub(super) enum Done {
    Discovered {
        pid: u32,
        found: Result<Option<Server>, DebugServer>,
    },
    Polled {
        pid: u32,
        server: Box<Server>,
        open: Duration,
        result: Result<Reading, String>,
    },
    Captured {
        ticket: Ticket,
        result: Box<CaptureResult>,
    },
    Baseline {
        ticket: Ticket,
        result: Box<BaselineResult>,
    },
    Memory {
        pid: u32,
        result: Box<MemoryResult>,
    },
    WaitSampled {
        pid: u32,
        result: Box<WaitSampleResult>,
    },
    /// What a worker had to do about a capture is done.
    Settled {
        key: StallKey,
        capture: Box<Capture>,
    },
}

/// Why the loop woke.
enum News {
    Command(Option<Command>),
    Done(Result<Done, JoinError>),
    Report(Report),
    /// Something is due, or was seen.
    Nothing,
}

/// What the loop shares with others.
pub(super) struct Beside {
    pub stamps: Arc<Stamps>,
    pub spans: Arc<SpanReceiver>,
    pub limits: SharedLimits,
}

/// Runs until told to stop. A panic inside is caught and told: it must not reach the host.
pub(super) fn run(
    options: WatcherOptions,
    clock: Clock,
    inbox: mpsc::UnboundedReceiver<Command>,
    beside: Beside,
    shared: &Arc<Mutex<Shared>>,
    listener: Listener,
) {
    let listener = Arc::new(Mutex::new(listener));
    let for_loop = Arc::clone(&listener);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(WORKERS).build();
        match runtime {
            Ok(runtime) => runtime.block_on(async {
                match Loop::new(options, clock, beside, Arc::clone(shared), for_loop) {
                    Ok(mut watch) => watch.run(inbox).await,
                    Err(error) => Err(error.to_string()),
                }
            }),
            Err(error) => Err(error.to_string()),
        }
    }));
    let problem = match outcome {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error,
        Err(panic) => crate::panic_text(panic.as_ref()),
    };
    shared.lock().unwrap_or_else(PoisonError::into_inner).status = super::idle_status();
    let note = note("watcher-ended", [("error", problem.into())]);
    (listener.lock().unwrap_or_else(PoisonError::into_inner))(WatchEvent::Problem { note });
}

/// Everything the loop's thread owns.
pub(super) struct Loop {
    pub clock: Clock,
    pub options: WatcherOptions,
    pub store: Store,
    pub engine: Engine,
    pub writer: Writer,
    pub reports: mpsc::UnboundedReceiver<Report>,
    pub tasks: JoinSet<Done>,
    pub due: Due,
    pub paused: bool,
    pub stamps: Arc<Stamps>,
    pub limits: SharedLimits,
    /// The change of the shared limits that the engine knows.
    pub limits_known: u64,

    // gopls.rs
    pub sampler: Sampler,
    /// Nothing goes on: the sampler reads by itself.
    pub calm: bool,
    pub finder: Finder,
    pub gopls: Option<Watched>,
    pub found_at: Instant,
    pub full_scan_at: Instant,
    /// When there was last another gopls below us, or one was lost.
    pub changed_at: Instant,
    pub go_children: u32,
    /// Whether what earlier windows left behind was removed.
    pub tidied: bool,

    // server.rs
    pub debug: DebugServer,
    /// The server between two polls; `None` while a poll has it, or when there is none.
    pub server: Option<Box<Server>>,
    pub asked_at: Instant,
    pub poll_failures: u32,
    pub poll_cost: Duration,
    pub discovering: bool,
    pub cost: Cost,

    // captures.rs
    pub captures: Queue,
    pub captures_address: Option<SocketAddr>,
    /// Captures that a worker has.
    pub unsettled: usize,
    /// A reading of the runtime's statistics that is under way.
    pub reading: Option<AbortHandle>,
    pub profiles: KeptProfiles,
    pub baseline: Option<Arc<Baseline>>,

    // waits.rs
    pub waits: WaitSampling,

    // spans.rs
    pub spans: Arc<SpanReceiver>,
    pub spans_awaited: Vec<AwaitedSpans>,

    // machine.rs
    pub looks: MachineLooks,

    // incidents.rs
    pub folders: HashMap<StallKey, Arc<IncidentFolder>>,
    pub asked: Vec<Asked>,
    /// The incident that was closed last, for what gopls says right after it.
    pub closed: Option<Closed>,

    // tell.rs
    pub shared: Arc<Mutex<Shared>>,
    pub fetching: bool,
    pub listener: Arc<Mutex<Listener>>,
    pub last_load: Option<FinishedLoad>,
    pub last_incident: Option<IncidentSummary>,
    pub own_cpu: OwnCpu,
    pub told: Option<Fingerprint>,
}

/// When each periodic thing is next to be done.
pub(super) struct Due {
    pub sample: Instant,
    pub scan: Instant,
    pub discover: Instant,
    pub poll: Instant,
    pub go_children: Instant,
    pub status: Instant,
    pub history: Instant,
}

impl Due {
    fn all(now: Instant) -> Self {
        let history = now + HISTORY_EVERY;
        Self { sample: now, scan: now, discover: now, poll: now, go_children: now, status: now, history }
    }
}

impl Loop {
    pub fn new(
        options: WatcherOptions,
        clock: Clock,
        Beside { stamps, spans, limits }: Beside,
        shared: Arc<Mutex<Shared>>,
        listener: Arc<Mutex<Listener>>,
    ) -> std::io::Result<Self> {
        let store = Store::new(options.storage_dir.clone());
        let (sender, reports) = mpsc::unbounded_channel();
        let keeper = Keeper::new(store.clone(), &options.workspace, options.go_extension.clone());
        let writer = Writer::start(store.clone(), options.workspace.clone(), keeper, sender)?;
        let (settings, _) = options.settings.clone().sanitised();
        writer.send(Job::Retention(retention(&settings)));
        let engine =
            Engine::new(settings, clock.origin_unix_ns(), options.workspace.clone(), store.read_limits());
        let sampler = Sampler::start(clock, Arc::clone(&stamps), sample_interval(engine.settings()))?;
        stamps.set_urgent(is_tight(engine.settings()));
        let now = Instant::now();
        Ok(Self {
            clock,
            finder: Finder::new(options.target),
            options,
            store,
            engine,
            writer,
            reports,
            tasks: JoinSet::new(),
            due: Due::all(now),
            paused: false,
            stamps,
            limits,
            limits_known: 0,
            sampler,
            calm: true,
            gopls: None,
            found_at: now,
            full_scan_at: now,
            changed_at: now,
            go_children: 0,
            tidied: false,
            debug: DebugServer::Unknown,
            server: None,
            asked_at: now,
            poll_failures: 0,
            poll_cost: Duration::ZERO,
            discovering: false,
            cost: Cost::default(),
            captures: Queue::default(),
            captures_address: None,
            unsettled: 0,
            reading: None,
            profiles: KeptProfiles::default(),
            baseline: None,
            waits: WaitSampling::new(now),
            looks: MachineLooks::default(),
            folders: HashMap::new(),
            spans,
            spans_awaited: Vec::new(),
            asked: Vec::new(),
            closed: None,
            shared,
            fetching: false,
            listener,
            last_load: None,
            last_incident: None,
            own_cpu: OwnCpu::new(now),
            told: None,
        })
    }

    pub async fn run(&mut self, mut inbox: mpsc::UnboundedReceiver<Command>) -> Result<(), String> {
        self.writer.send(Job::Recover);
        let reply = loop {
            let deadline = self.next_deadline();
            let news = tokio::select! {
                biased;
                command = inbox.recv() => News::Command(command),
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => News::Done(done),
                Some(report) = self.reports.recv() => News::Report(report),
                () = self.stamps.rung() => News::Nothing,
                () = tokio::time::sleep_until(deadline.into()) => News::Nothing,
            };
            // What was seen before the news came is told before it: a wait is measured by the order of the two.
            self.read_when_due();
            self.catch_up();
            match news {
                News::Command(None) => break None,
                News::Command(Some(Command::Stop(reply))) => break Some(reply),
                News::Command(Some(command)) => self.command(command),
                News::Done(Ok(done)) => self.done(done),
                // Given up; gopls was asked all the same.
                News::Done(Err(error)) if error.is_cancelled() => self.add_cost(0, Duration::ZERO),
                News::Done(Err(error)) => return Err(error.to_string()),
                News::Report(report) => self.report(report),
                News::Nothing => {}
            }
            self.keep_pace();
            if self.start_captures() {
                // The request goes out before anything else is done.
                tokio::task::yield_now().await;
            }
            self.turn();
        };
        self.stop(reply).await;
        Ok(())
    }

    // ---- time ----

    fn next_deadline(&self) -> Instant {
        let mut next = self.due.status.min(self.due.scan);
        next = self.spans_awaited.iter().map(|awaited| awaited.due).fold(next, Instant::min);
        if self.gopls.is_none() {
            return next;
        }
        // Without a reason to poll, one comes with something that wakes the loop anyway.
        if self.server.is_some() && self.poll_interval().is_some() {
            next = next.min(self.due.poll);
        }
        next = if self.calm { next + SLACK } else { next.min(self.due.sample) };
        if self.server.is_none() && !self.discovering && !is_on(&self.debug) {
            next = next.min(self.due.discover);
        }
        next
    }

    /// Does whatever else is due.
    fn turn(&mut self) {
        let now = Instant::now();
        let soon = if self.calm { now + SLACK } else { now };
        if soon >= self.due.scan {
            self.scan(now);
            if self.calm && self.gopls.is_some() {
                // Awake anyway: otherwise the three would wake the loop in turn.
                self.due.status = now;
                self.due.poll = now;
            }
        }
        if self.gopls.is_some() {
            let wanted = !self.discovering && self.server.is_none() && !is_on(&self.debug);
            if wanted && now >= self.due.discover {
                self.discover(now);
            }
            if soon >= self.due.poll {
                self.poll(now);
            }
            self.sample_waits(now);
            self.look_at_machine(now);
        }
        self.keep_spans(now);
        if now >= self.due.history {
            self.keep_history();
        }
        self.publish(now, soon);
    }

    // ---- what comes in ----

    /// Tells the engine what was seen of gopls and of the editor since the last time.
    fn catch_up(&mut self) {
        // In this order: a stamp that comes between the two is later than every sample here.
        let (bundle, stamps) = (self.sampler.take(), self.stamps.take());
        for (at_ns, event) in &stamps {
            if matches!(event, Event::Observed(_) | Event::SaveBegan(_)) {
                self.due.poll = self.due.poll.min(self.clock.instant(*at_ns) + LOOK_SOON);
            }
        }
        let go_children = self.go_children;
        let samples = bundle.samples.into_iter().map(|sample| {
            let Sample { at_ns, rss_bytes, cpu_ns } = sample;
            (at_ns, Event::Sample { rss_bytes, cpu_ns, go_children })
        });
        let mut seen: Vec<_> = stamps.into_iter().chain(samples).collect();
        seen.sort_by_key(|(at_ns, _)| *at_ns);
        for (at_ns, event) in seen {
            self.feed_at(at_ns, event);
        }
        if bundle.ended {
            self.gopls_gone();
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Settings(settings) => {
                self.sampler.set_interval(sample_interval(&settings));
                self.stamps.set_urgent(is_tight(&settings));
                self.writer.send(Job::Retention(retention(&settings)));
                self.feed(Event::Settings(settings));
            }
            Command::Pause => self.pause(),
            Command::Resume => self.resume(),
            Command::CaptureNow(request, reply) => self.capture_now(request, reply),
            Command::CancelCapture => self.cancel_asked(),
            Command::Timeline(query, reply) => {
                self.looks.shown(Instant::now());
                let timeline =
                    live::timeline(&self.engine, &query, self.clock.origin_unix_ns(), self.clock.now_ns());
                // Whoever asked may have gone.
                let _ = reply.send(timeline);
            }
            Command::Memory(reply) => {
                let _ = reply.send(self.engine.memory(self.clock.now_ns()));
            }
            Command::Gc(setting_bytes, reply) => {
                let _ = reply.send(self.gc(setting_bytes));
            }
            Command::Record(what, reply) => {
                let _ = reply.send(self.record(what));
            }
            Command::Evidence(reply) => {
                let _ = reply.send(self.evidence());
            }
            Command::Workspace(pid, facts, reply) => self.workspace_told(pid, facts, reply),
            Command::Stop(_) => {}
        }
    }

    pub fn done(&mut self, done: Done) {
        match done {
            Done::Discovered { pid, found } => self.discovered(pid, found),
            Done::Polled { pid, server, open, result } => self.polled(pid, server, open, result),
            Done::Captured { ticket, result } => self.captured(ticket, *result),
            Done::Baseline { ticket, result } => self.baseline_taken(ticket, *result),
            Done::Memory { pid, result } => self.memory_read(pid, *result),
            Done::WaitSampled { pid, result } => self.wait_sampled(pid, *result),
            Done::Settled { key, capture } => {
                self.unsettled -= 1;
                self.capture_ended(key, capture);
            }
        }
    }

    fn record(&mut self, what: Record) -> Recorded {
        let now = self.clock.now_ns();
        let figures = match what {
            Record::Begin => {
                self.engine.begin_recording(now);
                None
            }
            Record::End => self.engine.end_recording(now),
            Record::GiveUp => {
                self.engine.drop_recording();
                None
            }
            Record::Look => None,
        };
        Recorded { running: self.engine.is_recording(), figures }
    }

    // ---- engine ----

    pub fn feed(&mut self, event: Event) {
        self.feed_at(self.clock.now_ns(), event);
    }

    pub fn feed_at(&mut self, at_ns: u64, event: Event) {
        let actions = self.decide(at_ns, event);
        self.act(actions);
    }

    /// Lets the engine decide with what other watchers have taken, and tells them what it takes.
    pub fn decide(&mut self, at_ns: u64, event: Event) -> Vec<Action> {
        let limits = self.limits.clone();
        let mut taken = limits.lock();
        if taken.changes != self.limits_known {
            self.engine.join_limits(&taken.limits, at_ns);
            self.limits_known = taken.changes;
        }
        let actions = self.engine.handle(at_ns, event);
        if actions.contains(&Action::SaveLimits) {
            taken.limits = self.engine.limits().clone();
            taken.changes += 1;
            self.limits_known = taken.changes;
        }
        actions
    }

    pub fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Open { key } => self.open(key),
                Action::Capture { key, number, urgency, .. } => self.want_capture(key, number, urgency),
                Action::Close { key, prompt, .. } => self.close(key, prompt),
                Action::Withdraw { key } => self.withdraw(key),
                Action::Baseline => self.want_baseline(),
                Action::ReadMemory { heap } => self.read_memory(heap),
                Action::TellStall { method } => self.tell(WatchEvent::StallStarted { method }),
                Action::TellMemory { rss_bytes, limit_bytes } => {
                    self.tell(WatchEvent::MemoryAlert { rss_bytes, limit_bytes });
                }
                Action::LoadEnded { load, earlier } => {
                    self.writer.send(Job::Load { load });
                    self.last_load = Some(FinishedLoad { load, earlier });
                    self.tell(WatchEvent::LoadFinished { load, earlier });
                }
                Action::SaveLimits => {
                    let now = self.clock.unix_ms(self.clock.now_ns());
                    self.writer.send(Job::Limits { limits: self.engine.limits().clone(), now });
                }
            }
        }
    }
}
