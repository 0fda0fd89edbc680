//! The event loop. One thread, one `select!`, and a list of what is due when.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use stallscope_core::engine::{Action, Engine, Event, StallKey};
use stallscope_core::model::{
    Capture, CaptureKind, CaptureState, Cost, DebugServer, GoplsRelation, GoplsStatus, IncidentSummary,
    LatencySource, Note, SECOND, Status, Value, WatchEvent,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::capture::{self, CaptureJob, CaptureResult, Queue};
use super::server::{self, Reading, Server};
use super::target::{Finder, Watched};
use super::writer::{Job, Report, Writer};
use super::{Command, Listener, Shared, WatchError, WatcherOptions, is_on, live};
use crate::clock::Clock;
use crate::debug::Limits;
use crate::process;
use crate::store::{IncidentFolder, Store, StoreError};

/// While no gopls is there, and to notice a restart within a second.
const SCAN_EVERY: Duration = Duration::from_millis(400);
/// The full list (other windows' gopls) is refreshed this rarely when nothing of ours changed.
const FULL_SCAN_EVERY: Duration = Duration::from_secs(30);
/// Debug server: often right after gopls was found, rarely later (the user may switch it on at any time).
const DISCOVER_SOON: Duration = Duration::from_millis(250);
const DISCOVER_LATER: Duration = Duration::from_secs(2);
const SOON: Duration = Duration::from_secs(10);
/// A page that is late this many times in a row is not one to rely on.
const MOST_POLL_FAILURES: u32 = 3;
/// Children of gopls are looked at only while it may be loading.
const GO_CHILDREN_EVERY: Duration = Duration::from_millis(500);
const STATUS_STALLED: Duration = Duration::from_millis(250);
const STATUS_CALM: Duration = Duration::from_secs(2);
const OWN_CPU_EVERY: Duration = Duration::from_secs(10);
/// What the engine calls a capture that the user asked for.
const ON_REQUEST: &str = "capture-on-request";

/// What a task brings back.
enum Done {
    Discovered { pid: u32, found: Result<Option<Server>, DebugServer> },
    Polled { pid: u32, server: Box<Server>, open: Duration, result: Result<Reading, String> },
    Captured(Box<CaptureResult>),
    Parsed { key: StallKey, capture: Box<Capture> },
    Baseline { received_bytes: u64, result: Result<(), String> },
}

/// Runs until told to stop. A panic inside is caught and told: it must not reach the host.
pub(super) fn run(
    options: WatcherOptions,
    clock: Clock,
    inbox: mpsc::UnboundedReceiver<Command>,
    shared: &Arc<Mutex<Shared>>,
    listener: Listener,
) {
    let listener = Arc::new(Mutex::new(listener));
    let for_loop = Arc::clone(&listener);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2).build();
        match runtime {
            Ok(runtime) => runtime.block_on(async {
                match Loop::new(options, clock, Arc::clone(shared), for_loop) {
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

struct Loop {
    clock: Clock,
    options: WatcherOptions,
    store: Store,
    engine: Engine,
    shared: Arc<Mutex<Shared>>,
    listener: Arc<Mutex<Listener>>,
    writer: Writer,
    reports: mpsc::UnboundedReceiver<Report>,
    tasks: JoinSet<Done>,

    paused: bool,
    finder: Finder,
    gopls: Option<Watched>,
    go_children: u32,
    debug: DebugServer,
    /// The server between two polls; `None` while a poll has it, or when there is none.
    server: Option<Box<Server>>,
    poll_failures: u32,
    poll_cost: Duration,
    discovering: bool,
    cost: Cost,

    captures: Queue,
    captures_address: Option<SocketAddr>,
    baseline_ns: u64,
    folders: HashMap<StallKey, Arc<IncidentFolder>>,
    on_request: Vec<oneshot::Sender<Result<IncidentSummary, WatchError>>>,
    /// Why the last capture on request has brought no heap.
    on_request_error: String,
    last_incident: Option<IncidentSummary>,
    limits_loaded: bool,

    due: Due,
    found_at: Instant,
    full_scan_at: Instant,
    own_cpu: (Instant, u64, f64),
    status_fingerprint: (bool, bool, Option<u32>, DebugServer, LatencySource, usize),
}

/// When each periodic thing is next to be done.
struct Due {
    sample: Instant,
    scan: Instant,
    discover: Instant,
    poll: Instant,
    go_children: Instant,
    status: Instant,
}

impl Loop {
    fn new(
        options: WatcherOptions,
        clock: Clock,
        shared: Arc<Mutex<Shared>>,
        listener: Arc<Mutex<Listener>>,
    ) -> std::io::Result<Self> {
        let store = Store::new(options.storage_dir.clone());
        let (sender, reports) = mpsc::unbounded_channel();
        let writer = Writer::start(store.clone(), options.workspace.clone(), sender)?;
        let (settings, _) = options.settings.clone().sanitised();
        let engine =
            Engine::new(settings, clock.origin_unix_ns(), options.workspace.clone(), store.read_limits());
        let now = Instant::now();
        Ok(Self {
            clock,
            finder: Finder::new(options.target),
            options,
            store,
            engine,
            shared,
            listener,
            writer,
            reports,
            tasks: JoinSet::new(),
            paused: false,
            gopls: None,
            go_children: 0,
            debug: DebugServer::Unknown,
            server: None,
            poll_failures: 0,
            poll_cost: Duration::ZERO,
            discovering: false,
            cost: Cost::default(),
            captures: Queue::default(),
            captures_address: None,
            baseline_ns: 0,
            folders: HashMap::new(),
            on_request: Vec::new(),
            on_request_error: String::new(),
            last_incident: None,
            limits_loaded: false,
            due: Due { sample: now, scan: now, discover: now, poll: now, go_children: now, status: now },
            found_at: now,
            full_scan_at: now,
            own_cpu: (now, 0, 0.0),
            status_fingerprint: (false, false, None, DebugServer::Unknown, LatencySource::None, 0),
        })
    }

    async fn run(&mut self, mut inbox: mpsc::UnboundedReceiver<Command>) -> Result<(), String> {
        if let Err(error) = self.store.recover() {
            self.problem(&error);
        }
        loop {
            let deadline = self.next_deadline();
            tokio::select! {
                // Stamps first: their order against samples is what a wait is measured by.
                biased;
                command = inbox.recv() => match command {
                    None => return self.stop(None).await,
                    Some(Command::Stop(reply)) => return self.stop(Some(reply)).await,
                    Some(command) => self.command(command),
                },
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => match done {
                    Ok(done) => self.done(done),
                    Err(error) if error.is_cancelled() => {}
                    Err(error) => return Err(error.to_string()),
                },
                Some(report) = self.reports.recv() => self.report(report),
                () = tokio::time::sleep_until(deadline.into()) => {}
            }
            self.turn();
        }
    }

    // ---- time ----

    fn next_deadline(&self) -> Instant {
        let mut next = self.due.status.min(self.due.scan);
        if self.gopls.is_some() {
            next = next.min(self.due.sample);
            if self.server.is_some() {
                next = next.min(self.due.poll);
            } else if !self.discovering && !is_on(&self.debug) {
                next = next.min(self.due.discover);
            }
        }
        next
    }

    /// Does whatever is due.
    fn turn(&mut self) {
        let now = Instant::now();
        if !self.paused {
            if self.gopls.is_some() && now >= self.due.sample {
                self.sample(now);
            }
            if now >= self.due.scan {
                self.scan(now);
            }
            if self.gopls.is_some() {
                let wanted = !self.discovering && self.server.is_none() && !is_on(&self.debug);
                if wanted && now >= self.due.discover {
                    self.discover(now);
                }
                if now >= self.due.poll {
                    self.poll(now);
                }
            }
        } else if now >= self.due.scan {
            self.due.scan = now + SCAN_EVERY;
        }
        self.start_captures();
        self.publish(now);
    }

    fn sample(&mut self, now: Instant) {
        let every = Duration::from_secs_f64(self.engine.settings().sample_interval_ms / 1e3);
        // From now, not from the last due time: after a pause of the machine there is nothing to catch up with.
        self.due.sample = now + every;
        let loading = self.engine.loading();
        let Some(gopls) = &mut self.gopls else { return };
        let Some(sample) = gopls.sample() else {
            self.gopls_gone();
            return;
        };
        if loading && now >= self.due.go_children {
            self.due.go_children = now + GO_CHILDREN_EVERY;
            self.go_children = gopls.go_children();
        } else if !loading {
            self.go_children = 0;
        }
        let event = Event::Sample {
            rss_bytes: sample.rss_bytes,
            cpu_ns: sample.cpu_ns,
            go_children: self.go_children,
        };
        self.feed(event);
    }

    // ---- gopls ----

    fn scan(&mut self, now: Instant) {
        self.due.scan = now + SCAN_EVERY;
        let changed = self.finder.changed();
        let full = now >= self.full_scan_at;
        if !(changed || full || self.gopls.is_none()) {
            return;
        }
        // Without a gopls, a look at our own descendants is enough to learn that nothing has changed.
        if self.gopls.is_none() && !changed && !full {
            return;
        }
        self.full_scan_at = now + FULL_SCAN_EVERY;
        let found = self.finder.find(self.clock.unix_ms(self.clock.now_ns()));
        let same = match (&found, &self.gopls) {
            (Some(new), Some(old)) => {
                new.identity.pid == old.identity.pid
                    && new.identity.started_unix_ms == old.identity.started_unix_ms
            }
            _ => false,
        };
        if let Some(found) = found
            && !same
        {
            self.gopls_gone();
            self.gopls_found(found, now);
        }
    }

    fn gopls_found(&mut self, found: Watched, now: Instant) {
        let identity = found.identity.clone();
        let pid = identity.pid;
        if !self.limits_loaded {
            self.limits_loaded = true;
            let alive = |pid: u32| self.finder.processes.iter().any(|p| p.pid == pid);
            // Read-only storage is told when something is to be written there.
            let _ = self.store.prepare_baselines(alive);
        }
        let earlier_loads_ns = self.store.earlier_loads(&self.options.workspace);
        let uptime_ns = found.uptime_ns;
        self.gopls = Some(found);
        self.debug = DebugServer::Unknown;
        self.cost = Cost::default();
        self.found_at = now;
        self.due.sample = now;
        self.due.discover = now;
        self.feed(Event::GoplsFound { gopls: identity, uptime_ns, earlier_loads_ns });
        self.set_source(LatencySource::Echo);
        self.tell(WatchEvent::GoplsFound { pid });
    }

    fn gopls_gone(&mut self) {
        let Some(gone) = self.gopls.take() else { return };
        self.server = None;
        self.captures_address = None;
        self.debug = DebugServer::Unknown;
        self.poll_failures = 0;
        self.go_children = 0;
        // Captures that run will end by themselves with what they have; those that wait would find nobody.
        self.refuse_waiting("gopls is gone");
        self.feed(Event::GoplsGone);
        self.tell(WatchEvent::GoplsGone { pid: gone.identity.pid });
        self.due.scan = Instant::now();
    }

    fn set_source(&mut self, source: LatencySource) {
        let debug = is_on(&self.debug);
        self.feed(Event::Source { source, debug });
    }

    // ---- debug server ----

    fn discover(&mut self, now: Instant) {
        let Some(gopls) = &self.gopls else { return };
        let soon = now.duration_since(self.found_at) < SOON;
        self.due.discover = now + if soon { DISCOVER_SOON } else { DISCOVER_LATER };
        self.discovering = true;
        let (pid, version) = (gopls.identity.pid, gopls.identity.version.clone());
        let logs = self.options.log_dirs.clone();
        self.tasks.spawn(async move {
            Done::Discovered { pid, found: server::discover(pid, version, logs).await }
        });
    }

    fn discovered(&mut self, pid: u32, found: Result<Option<Server>, DebugServer>) {
        self.discovering = false;
        if self.gopls.as_ref().is_none_or(|g| g.identity.pid != pid) {
            return;
        }
        match found {
            Ok(Some(server)) => {
                self.debug = server.debug.clone();
                self.captures_address = Some(server.address);
                self.poll_failures = 0;
                self.server = Some(Box::new(server));
                self.due.poll = Instant::now();
                // Until the first page tells better: the stamps are kept, captures are possible.
                self.set_source(self.engine.source());
            }
            Ok(None) => {
                if !matches!(self.debug, DebugServer::Failing { .. }) {
                    self.debug = DebugServer::Off;
                }
            }
            Err(DebugServer::Failing { address, error }) => self.fail_server(address, error),
            Err(_) => {}
        }
    }

    fn poll(&mut self, now: Instant) {
        let now_ns = self.clock.now_ns();
        let Some(interval_ns) = self.engine.poll_interval_ns(now_ns) else {
            self.due.poll = now + Duration::from_secs(1);
            return;
        };
        let (Some(gopls), Some(mut server)) = (&self.gopls, self.server.take()) else { return };
        // A server that is slow to answer is busy with something better: ask it less.
        let interval = Duration::from_nanos(interval_ns).max(self.poll_cost * 2);
        self.due.poll = now + interval;
        let pid = gopls.identity.pid;
        self.tasks.spawn(async move {
            let (open, result) = server.read().await;
            Done::Polled { pid, server, open, result }
        });
    }

    fn polled(&mut self, pid: u32, server: Box<Server>, open: Duration, result: Result<Reading, String>) {
        if self.gopls.as_ref().is_none_or(|g| g.identity.pid != pid) {
            return;
        }
        self.poll_cost = open;
        match result {
            Ok(reading) => {
                self.poll_failures = 0;
                self.server = Some(server);
                self.add_cost(reading.bytes, open);
                // Until a page tells which kind of counters this gopls has, they are taken for the better kind: a
                // page on which nothing has ended cannot contradict it.
                let source = reading.source.unwrap_or(LatencySource::Counters);
                if self.engine.source() != source {
                    self.set_source(source);
                }
                let sent_ns = self.clock.at(reading.sent);
                self.feed_at(
                    self.clock.at(reading.received),
                    Event::Counters { sent_ns, counters: reading.counters },
                );
            }
            Err(error) => {
                self.poll_failures += 1;
                if self.poll_failures >= MOST_POLL_FAILURES {
                    self.fail_server(server.address.to_string(), error);
                } else {
                    self.server = Some(server);
                    self.due.poll = Instant::now() + Duration::from_millis(200);
                }
            }
        }
    }

    /// The debug server is not to be relied on: latencies come from the editor's side until it answers again.
    fn fail_server(&mut self, address: String, error: String) {
        let told = matches!(self.debug, DebugServer::Failing { .. });
        self.debug = DebugServer::Failing { address: address.clone(), error: error.clone() };
        self.server = None;
        self.due.discover = Instant::now() + DISCOVER_LATER;
        self.set_source(LatencySource::Echo);
        if !told {
            let note = note("debug-server-failing", [("address", address.into()), ("error", error.into())]);
            self.tell(WatchEvent::Problem { note });
        }
    }

    fn add_cost(&mut self, bytes: u64, open: Duration) {
        self.cost.debug_requests += 1;
        self.cost.debug_bytes += bytes;
        self.cost.debug_open_ns += open.as_nanos() as u64;
        let cost = self.cost;
        self.feed(Event::Cost(cost));
    }

    // ---- what comes in ----

    fn command(&mut self, command: Command) {
        match command {
            Command::Stamp(at_ns, event) => {
                let asks = matches!(event, Event::Observed(_) | Event::SaveBegan(_));
                self.feed_at(at_ns, event);
                if asks {
                    // Somebody asks for something: look at once whether it is answered.
                    self.due.poll = self.due.poll.min(Instant::now() + Duration::from_millis(20));
                }
            }
            Command::Pause if !self.paused => {
                self.paused = true;
                self.feed(Event::Paused);
                self.gopls = None;
                self.server = None;
                self.captures_address = None;
                self.debug = DebugServer::Unknown;
                self.refuse_waiting("watching was paused");
            }
            Command::Resume if self.paused => {
                self.paused = false;
                self.full_scan_at = Instant::now();
                self.due.scan = Instant::now();
            }
            Command::Pause | Command::Resume => {}
            Command::CaptureNow(reply) => self.capture_now(reply),
            Command::Timeline(query, reply) => {
                let timeline =
                    live::timeline(&self.engine, &query, self.clock.origin_unix_ns(), self.clock.now_ns());
                // Whoever asked may have gone.
                let _ = reply.send(timeline);
            }
            Command::Stop(_) => {}
        }
    }

    fn capture_now(&mut self, reply: oneshot::Sender<Result<IncidentSummary, WatchError>>) {
        let refusal = match &self.debug {
            _ if self.gopls.is_none() => Some(WatchError::NoGopls),
            DebugServer::On { .. } => None,
            DebugServer::Failing { error, .. } => Some(WatchError::DebugServerFailing(error.clone())),
            DebugServer::Off | DebugServer::Unknown => Some(WatchError::NoDebugServer),
        };
        if let Some(refusal) = refusal {
            let _ = reply.send(Err(refusal));
            return;
        }
        self.on_request.push(reply);
        self.feed(Event::CaptureRequested);
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Discovered { pid, found } => self.discovered(pid, found),
            Done::Polled { pid, server, open, result } => self.polled(pid, server, open, result),
            Done::Captured(result) => self.captured(*result),
            Done::Parsed { key, capture } => self.capture_ended(key, capture),
            Done::Baseline { received_bytes, result } => {
                self.add_cost(received_bytes, Duration::ZERO);
                if result.is_ok() {
                    self.baseline_ns = self.clock.now_ns();
                }
                self.feed(Event::BaselineTaken(result));
            }
        }
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Closed { key, summary, prompt } => {
                self.folders.remove(&key);
                self.last_incident = Some(*summary.clone());
                if summary.method == ON_REQUEST {
                    self.answer_requests(&summary);
                }
                self.tell(WatchEvent::IncidentClosed { summary: *summary, prompt });
            }
            Report::Pruned { count } => {
                let note = note("incidents-pruned", [("count", Value::from(count as u64))]);
                self.tell(WatchEvent::Problem { note });
            }
            Report::Limits(limits) => self.engine.join_limits(&limits, self.clock.now_ns()),
            Report::Failed(error) => {
                self.answer_failure(&error.to_string());
                self.problem(&error);
            }
        }
    }

    fn answer_requests(&mut self, summary: &IncidentSummary) {
        for reply in std::mem::take(&mut self.on_request) {
            let answer = if summary.has_heap {
                Ok(summary.clone())
            } else {
                Err(WatchError::CaptureFailed(self.on_request_error.clone()))
            };
            let _ = reply.send(answer);
        }
    }

    fn answer_failure(&mut self, error: &str) {
        for reply in self.on_request.drain(..) {
            let _ = reply.send(Err(WatchError::CaptureFailed(error.to_owned())));
        }
    }

    // ---- engine ----

    fn feed(&mut self, event: Event) {
        self.feed_at(self.clock.now_ns(), event);
    }

    fn feed_at(&mut self, at_ns: u64, event: Event) {
        for action in self.engine.handle(at_ns, event) {
            self.act(action);
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Open { key } => self.open(key),
            Action::Capture { key, number, kind } => self.captures.push(key, number, kind),
            Action::Close { key, prompt, .. } => self.close(key, prompt),
            Action::Dropped { key } => self.engine.forget(key),
            Action::Baseline => self.baseline(),
            Action::TellStall { method } => self.tell(WatchEvent::StallStarted { method }),
            Action::TellMemory { rss_bytes, limit_bytes } => {
                self.tell(WatchEvent::MemoryAlert { rss_bytes, limit_bytes });
            }
            Action::LoadEnded { duration_ns, peak_rss_bytes, earlier_median_ns } => {
                self.writer.send(Job::Load { length_ns: duration_ns });
                self.tell(WatchEvent::LoadFinished { duration_ns, peak_rss_bytes, earlier_median_ns });
            }
            Action::SaveLimits => {
                let now = self.clock.unix_ms(self.clock.now_ns());
                self.writer.send(Job::Limits { limits: self.engine.limits().clone(), now });
            }
        }
    }

    fn open(&mut self, key: StallKey) {
        let Some(incident) = self.engine.incident(key, self.clock.now_ns()) else { return };
        match self.store.create(&incident.id) {
            Ok(folder) => {
                let folder = Arc::new(folder);
                self.folders.insert(key, Arc::clone(&folder));
                if let Some(capture) =
                    self.baseline_path().and_then(|p| capture::attach_baseline(&p, self.baseline_ns, &folder))
                {
                    self.feed(Event::CaptureAdded { key, capture: Box::new(capture) });
                }
                self.writer.send(Job::Progress { folder, incident: Box::new(incident) });
            }
            Err(error) => {
                if incident.request.method == ON_REQUEST {
                    self.answer_failure(&error.to_string());
                }
                self.problem(&error);
            }
        }
    }

    fn close(&mut self, key: StallKey, prompt: bool) {
        let incident = self.engine.incident(key, self.clock.now_ns());
        self.engine.forget(key);
        let (Some(incident), Some(folder)) = (incident, self.folders.get(&key)) else {
            return;
        };
        if incident.request.method == ON_REQUEST {
            let heap = incident.captures.iter().rfind(|c| c.kind == CaptureKind::Heap);
            self.on_request_error = heap.and_then(|heap| heap.error.clone()).unwrap_or_default();
        }
        let budget = self.engine.settings().disk_budget_bytes();
        let (folder, incident) = (Arc::clone(folder), Box::new(incident));
        self.writer.send(Job::Final { key, folder, incident, prompt, budget });
    }

    fn write_progress(&mut self, key: StallKey) {
        let incident = self.engine.incident(key, self.clock.now_ns());
        if let (Some(incident), Some(folder)) = (incident, self.folders.get(&key)) {
            self.writer.send(Job::Progress { folder: Arc::clone(folder), incident: Box::new(incident) });
        }
    }

    // ---- captures ----

    fn start_captures(&mut self) {
        let Some(address) = self.captures_address else { return };
        self.captures.make_way_for_heap();
        while let Some((key, number, kind)) = self.captures.next() {
            let (Some(incident), Some(folder)) =
                (self.engine.incident(key, self.clock.now_ns()), self.folders.get(&key))
            else {
                self.abandon(key, number, "its folder could not be made");
                continue;
            };
            let Some(capture) = incident.captures.into_iter().find(|c| c.number == number) else { continue };
            if kind == CaptureKind::Goroutines && incident.request.end_ns.is_some() {
                self.abandon(key, number, "the request had ended before it could be asked for");
                continue;
            }
            let job = CaptureJob {
                key,
                capture,
                folder: folder.path().to_path_buf(),
                address,
                limits: capture::limits(kind, Limits::capture(self.engine.settings())),
                clock: self.clock,
            };
            let handle = self.tasks.spawn(async move { Done::Captured(Box::new(capture::fetch(job).await)) });
            self.captures.started((key, number, kind), handle);
        }
    }

    fn captured(&mut self, result: CaptureResult) {
        self.captures.ended();
        self.add_cost(result.received_bytes, result.open);
        let key = result.key;
        let mut capture = Box::new(result.capture);
        if let Some(error) = result.storage_error {
            self.problem(&error);
        }
        if capture.state == CaptureState::Running {
            // Safe on disk. Now it is parsed, away from the samples.
            self.feed(Event::CaptureUpdate { key, capture: capture.clone() });
            let Some(folder) = self.folders.get(&key).map(|f| f.path().to_path_buf()) else { return };
            self.tasks.spawn_blocking(move || {
                capture::check(&folder, &mut capture);
                Done::Parsed { key, capture }
            });
        } else {
            self.capture_ended(key, capture);
        }
    }

    fn capture_ended(&mut self, key: StallKey, capture: Box<Capture>) {
        self.feed(Event::CaptureUpdate { key, capture });
        self.write_progress(key);
    }

    /// A capture that will not be taken.
    fn abandon(&mut self, key: StallKey, number: u32, why: &str) {
        let incident = self.engine.incident(key, self.clock.now_ns());
        let Some(mut capture) = incident.and_then(|i| i.captures.into_iter().find(|c| c.number == number))
        else {
            return;
        };
        capture.state = CaptureState::Failed;
        capture.error = Some(why.to_owned());
        self.feed(Event::CaptureUpdate { key, capture: Box::new(capture) });
    }

    /// Captures that nobody will answer any more.
    fn refuse_waiting(&mut self, why: &str) {
        for (key, number, _) in self.captures.drain() {
            self.abandon(key, number, why);
        }
    }

    fn baseline_path(&self) -> Option<PathBuf> {
        let identity = &self.gopls.as_ref()?.identity;
        Some(self.store.baseline_path(identity.pid, identity.started_unix_ms))
    }

    fn baseline(&mut self) {
        let (Some(path), Some(address)) = (self.baseline_path(), self.captures_address) else {
            self.feed(Event::BaselineTaken(Err("no debug server".to_owned())));
            return;
        };
        let limits = Limits::capture(self.engine.settings());
        self.tasks.spawn(async move {
            let (received_bytes, result) = capture::baseline(path, address, limits).await;
            Done::Baseline { received_bytes, result }
        });
    }

    // ---- telling ----

    fn tell(&self, event: WatchEvent) {
        (self.listener.lock().unwrap_or_else(PoisonError::into_inner))(event);
    }

    fn problem(&self, error: &StoreError) {
        let note = note(error.code(), [("error", error.to_string().into())]);
        self.tell(WatchEvent::Problem { note });
    }

    fn publish(&mut self, now: Instant) {
        let stalled = self.engine.stall_status(self.clock.now_ns()).is_some();
        let fingerprint = (
            stalled,
            self.paused,
            self.gopls.as_ref().map(|g| g.identity.pid),
            self.debug.clone(),
            self.engine.source(),
            self.engine.decisions().count(),
        );
        let changed = fingerprint != self.status_fingerprint;
        if !changed && now < self.due.status {
            return;
        }
        self.status_fingerprint = fingerprint;
        self.due.status = now + if stalled { STATUS_STALLED } else { STATUS_CALM };
        let status = self.status(now);
        {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.status = status.clone();
            if changed {
                shared.decisions = self.engine.decisions().cloned().collect();
            }
        }
        self.tell(WatchEvent::Status { status: Box::new(status) });
    }

    fn status(&mut self, now: Instant) -> Status {
        let at_ns = self.clock.now_ns();
        let (since, cpu_then, share) = self.own_cpu;
        if now.duration_since(since) >= OWN_CPU_EVERY || share == 0.0 {
            let cpu = process::thread_cpu_ns().unwrap_or(0);
            let elapsed = now.duration_since(since).as_nanos().max(1) as f64;
            self.own_cpu = (now, cpu, cpu.saturating_sub(cpu_then) as f64 / elapsed);
        }
        let last = self.engine.ring().last();
        let gopls = self.gopls.as_ref().map(|gopls| GoplsStatus {
            pid: gopls.identity.pid,
            version: gopls.identity.version.clone(),
            rss_bytes: last.map_or(0, |p| p.rss_bytes),
            cpu_share: self.engine.cpu_share(),
            uptime_ns: gopls.uptime_ns + now.duration_since(self.found_at).as_nanos() as u64,
            debug: self.debug.clone(),
            latency_source: self.engine.source(),
        });
        let watched_pid = gopls.as_ref().map(|g| g.pid);
        let other_gopls = self
            .finder
            .processes
            .iter()
            .filter(|p| Some(p.pid) != watched_pid && p.relation != GoplsRelation::Forwarder)
            .count() as u32;
        Status {
            at_ns,
            origin_unix_ms: self.clock.origin_unix_ns() as f64 / 1e6,
            watching: !self.paused,
            capture_enabled: self.engine.settings().capture_enabled,
            gopls,
            other_gopls,
            in_flight: self.engine.in_flight(at_ns).into_iter().take(50).collect(),
            stall: self.engine.stall_status(at_ns),
            loading: self.engine.loading(),
            last_incident: self.last_incident.clone(),
            spark_bytes: live::spark(&self.engine, at_ns, 120 * SECOND, 60),
            own_cpu_share: self.own_cpu.2,
        }
    }

    // ---- the end ----

    async fn stop(&mut self, reply: Option<oneshot::Sender<()>>) -> Result<(), String> {
        self.refuse_waiting("the window closed before it could be asked for");
        let now = self.clock.now_ns();
        // A capture under way gets a moment: it is the evidence of the stall that the user is about to lose.
        let patience = Instant::now() + Duration::from_secs(3);
        while self.captures.is_running() {
            match tokio::time::timeout_at(patience.into(), self.tasks.join_next()).await {
                Ok(Some(Ok(done @ (Done::Captured(_) | Done::Parsed { .. })))) => self.done(done),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
        for key in self.engine.wind_up(now) {
            let incident = self.engine.incident(key, self.clock.now_ns());
            if let (Some(incident), Some(folder)) = (incident, self.folders.get(&key)) {
                self.writer.send(Job::Progress { folder: Arc::clone(folder), incident: Box::new(incident) });
            }
        }
        self.tasks.abort_all();
        self.answer_failure("the watcher was stopped");
        self.writer.finish();
        if let Some(reply) = reply {
            let _ = reply.send(());
        }
        Ok(())
    }
}

pub(super) fn note<const N: usize>(code: &str, values: [(&str, Value); N]) -> Note {
    Note { code: code.to_owned(), values: values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect() }
}
