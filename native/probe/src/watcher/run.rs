//! The event loop. One thread, one `select!`, and a list of what is due when.
//!
//! What there is to do is in the files beside it: `gopls.rs` (found, sampled, gone), `server.rs` (its debug server),
//! `captures.rs` (fetching evidence), `incidents.rs` (folders and `incident.json`), `tell.rs` (status and events), `stop.rs`
//! (the end).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use stallscope_core::engine::{Action, Engine, Event, StallKey};
use stallscope_core::model::{Capture, Cost, DebugServer, IncidentSummary, WatchEvent};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::fetch::{Baseline, BaselineResult, CaptureResult};
use super::incidents::Asked;
use super::queue::{Queue, Ticket};
use super::server::{Reading, Server};
use super::target::{Finder, Watched};
use super::tell::{Fingerprint, OwnCpu, note};
use super::writer::{Job, Report, Writer};
use super::{Command, Listener, Shared, WatcherOptions, is_on, live};
use crate::clock::Clock;
use crate::store::{IncidentFolder, Store};

/// Workers: a capture being written, one being parsed, a baseline put beside an incident, sockets being listed.
const WORKERS: usize = 4;
/// Somebody asks for something: look soon whether it is answered.
const LOOK_SOON: Duration = Duration::from_millis(20);

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
    /// What a worker had to do about a capture is done.
    Settled {
        key: StallKey,
        capture: Box<Capture>,
    },
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
            tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(WORKERS).build();
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

    // gopls.rs
    pub finder: Finder,
    pub gopls: Option<Watched>,
    pub found_at: Instant,
    pub full_scan_at: Instant,
    pub go_children: u32,
    /// Whether what earlier windows left behind was removed.
    pub tidied: bool,

    // server.rs
    pub debug: DebugServer,
    /// The server between two polls; `None` while a poll has it, or when there is none.
    pub server: Option<Box<Server>>,
    pub poll_failures: u32,
    pub poll_cost: Duration,
    pub discovering: bool,
    pub cost: Cost,

    // captures.rs
    pub captures: Queue,
    pub captures_address: Option<SocketAddr>,
    /// Captures that a worker has.
    pub unsettled: usize,
    pub baseline: Option<Arc<Baseline>>,

    // incidents.rs
    pub folders: HashMap<StallKey, Arc<IncidentFolder>>,
    pub asked: Vec<Asked>,

    // tell.rs
    pub shared: Arc<Mutex<Shared>>,
    pub listener: Arc<Mutex<Listener>>,
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
}

impl Loop {
    pub fn new(
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
            writer,
            reports,
            tasks: JoinSet::new(),
            due: Due { sample: now, scan: now, discover: now, poll: now, go_children: now, status: now },
            paused: false,
            gopls: None,
            found_at: now,
            full_scan_at: now,
            go_children: 0,
            tidied: false,
            debug: DebugServer::Unknown,
            server: None,
            poll_failures: 0,
            poll_cost: Duration::ZERO,
            discovering: false,
            cost: Cost::default(),
            captures: Queue::default(),
            captures_address: None,
            unsettled: 0,
            baseline: None,
            folders: HashMap::new(),
            asked: Vec::new(),
            shared,
            listener,
            last_incident: None,
            own_cpu: OwnCpu::new(now),
            told: None,
        })
    }

    pub async fn run(&mut self, mut inbox: mpsc::UnboundedReceiver<Command>) -> Result<(), String> {
        self.writer.send(Job::Recover);
        let reply = loop {
            let deadline = self.next_deadline();
            tokio::select! {
                // Stamps first: their order against samples is what a wait is measured by.
                biased;
                command = inbox.recv() => match command {
                    None => break None,
                    Some(Command::Stop(reply)) => break Some(reply),
                    Some(command) => self.command(command),
                },
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => match done {
                    Ok(done) => self.done(done),
                    // Given up; gopls was asked all the same.
                    Err(error) if error.is_cancelled() => self.add_cost(0, Duration::ZERO),
                    Err(error) => return Err(error.to_string()),
                },
                Some(report) = self.reports.recv() => self.report(report),
                () = tokio::time::sleep_until(deadline.into()) => {}
            }
            self.sample_when_due();
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

    /// Does whatever else is due.
    fn turn(&mut self) {
        let now = Instant::now();
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
        self.publish(now);
    }

    // ---- what comes in ----

    fn command(&mut self, command: Command) {
        match command {
            Command::Stamp(at_ns, event) => {
                let asks = matches!(event, Event::Observed(_) | Event::SaveBegan(_));
                self.feed_at(at_ns, event);
                if asks {
                    self.due.poll = self.due.poll.min(Instant::now() + LOOK_SOON);
                }
            }
            Command::Pause => self.pause(),
            Command::Resume => self.resume(),
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

    pub fn done(&mut self, done: Done) {
        match done {
            Done::Discovered { pid, found } => self.discovered(pid, found),
            Done::Polled { pid, server, open, result } => self.polled(pid, server, open, result),
            Done::Captured { ticket, result } => self.captured(ticket, *result),
            Done::Baseline { ticket, result } => self.baseline_taken(ticket, *result),
            Done::Settled { key, capture } => {
                self.unsettled -= 1;
                self.capture_ended(key, capture);
            }
        }
    }

    // ---- engine ----

    pub fn feed(&mut self, event: Event) {
        self.feed_at(self.clock.now_ns(), event);
    }

    pub fn feed_at(&mut self, at_ns: u64, event: Event) {
        let actions = self.engine.handle(at_ns, event);
        self.act(actions);
    }

    pub fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Open { key } => self.open(key),
                Action::Capture { key, number, kind } => self.want_capture(key, number, kind),
                Action::Close { key, prompt, .. } => self.close(key, prompt),
                Action::Withdraw { key } => self.withdraw(key),
                Action::Baseline => self.want_baseline(),
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
    }
}
