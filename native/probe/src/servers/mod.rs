//! All gopls of this user, watched at once.
//!
//! Memory and CPU of each are read once a second, on the thread that asks. A full [`Watcher`] stands beside those that can tell what
//! is in flight: a gopls without a debug server says nothing of its requests, so a watcher would only read its memory a second time.
//! What a watcher captures counts against limits that all of them have in common.

mod member;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use stallscope_core::model::{
    Bytes, CaptureRequest, DebugServer, InFlight, IncidentSummary, LatencySource, Ns, StallStatus,
    WatchEvent, WatchSettings,
};
use stallscope_core::servers::{Grown, Server, Sharing, advise};

use crate::clock::Clock;
use crate::machine::Machine;
use crate::process::Survey;
use crate::watcher::{SharedLimits, Target, Watcher, WatcherOptions};
use member::Member;

/// How often it is looked for gopls that have come.
const SURVEY_EVERY: Duration = Duration::from_secs(2);
/// Of all that serve no debug page one is looked at this often, whoever it was longest ago for.
const LISTEN_EVERY: Duration = Duration::from_secs(2);
/// A watcher costs three threads.
const MOST_WATCHERS: usize = 100;
/// What a watcher may take for the incident of a gopls that has just ended.
const LAST_INCIDENT: Duration = Duration::from_secs(2);

/// How they are watched.
#[derive(Debug, Clone)]
pub struct ServersOptions {
    /// Folder for incidents and state.
    pub storage_dir: PathBuf,
    /// Thresholds and limits, for all of them together.
    pub settings: WatchSettings,
    /// Only this process.
    pub only: Option<u32>,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// A gopls was found, or is found to be connected to others than before.
    Found(Box<Server>),
    /// It has ended.
    Gone {
        /// Process id.
        pid: u32,
    },
    /// What its watcher has told.
    Told {
        /// Process id.
        pid: u32,
        /// What.
        event: WatchEvent,
    },
    /// The memory of one that says nothing of its requests has grown by much.
    Grew {
        /// Process id.
        pid: u32,
        /// By how much.
        grown: Grown,
        /// RSS now.
        rss_bytes: Bytes,
    },
    /// Its memory is over the limit.
    Alert {
        /// Process id.
        pid: u32,
        /// RSS now.
        rss_bytes: Bytes,
        /// The limit.
        limit_bytes: Bytes,
    },
    /// What was asked for by hand has come, or why not.
    Captured {
        /// Process id.
        pid: u32,
        /// The incident, or the reason.
        result: Result<IncidentSummary, String>,
    },
}

impl Happening {
    /// The process it happened to.
    pub fn pid(&self) -> u32 {
        match self {
            Self::Found(server) => server.pid,
            Self::Gone { pid }
            | Self::Told { pid, .. }
            | Self::Grew { pid, .. }
            | Self::Alert { pid, .. }
            | Self::Captured { pid, .. } => *pid,
        }
    }
}

/// One gopls as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerNow {
    /// It.
    pub server: Server,
    /// Resident memory.
    pub rss_bytes: Bytes,
    /// Share of one core, over the last second or so.
    pub cpu_share: f64,
    /// Age of the process.
    pub uptime_ns: Ns,
    /// Its debug server.
    pub debug: DebugServer,
    /// By what waits are known.
    pub source: LatencySource,
    /// Requests in flight, oldest first; empty where nobody tells.
    pub in_flight: Vec<InFlight>,
    /// The stall that goes on.
    pub stall: Option<StallStatus>,
    /// Whether a workspace is being loaded for the first time.
    pub loading: bool,
}

impl ServerNow {
    /// Whether it can be said what it is waited for.
    pub fn tells_waits(&self) -> bool {
        matches!(self.source, LatencySource::Counters | LatencySource::Replies)
    }
}

/// What all of them take together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// How many servers.
    pub servers: usize,
    /// Their resident memory.
    pub rss_bytes: Bytes,
    /// Their CPU, in cores.
    pub cpu_share: f64,
    /// How many forwarders to daemons.
    pub forwarders: usize,
    /// Resident memory of those.
    pub forwarders_rss_bytes: Bytes,
    /// Memory of the machine, or what a cgroup leaves of it, where that is known.
    pub memory_bytes: Option<Bytes>,
}

/// See the module's text.
pub struct Servers {
    options: ServersOptions,
    clock: Clock,
    survey: Survey,
    survey_at: Option<Instant>,
    listen_at: Option<Instant>,
    members: BTreeMap<u32, Member>,
    limits: SharedLimits,
    sender: Sender<Happening>,
    inbox: Receiver<Happening>,
    /// What [`Self::wait`] has taken out of it.
    early: Vec<Happening>,
    /// Watchers of gopls that have ended, and until when they have time for the last incident.
    ending: Vec<(Instant, Arc<Watcher>)>,
    memory_bytes: Option<Bytes>,
}

impl Servers {
    /// Nothing is looked at before the first [`Self::look`].
    pub fn new(options: ServersOptions) -> Self {
        let (sender, inbox) = channel();
        let settings = options.settings.sanitised().0;
        Self {
            options: ServersOptions { settings, ..options },
            clock: Clock::start(),
            survey: Survey::default(),
            survey_at: None,
            listen_at: None,
            members: BTreeMap::new(),
            limits: SharedLimits::default(),
            sender,
            inbox,
            early: Vec::new(),
            ending: Vec::new(),
            memory_bytes: Machine::of(std::process::id()).limits().memory_bytes,
        }
    }

    /// Looks at all of them; meant for once a second. What has happened since the last time.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn look(&mut self) -> std::io::Result<Vec<Happening>> {
        let now = Instant::now();
        let mut happened: Vec<Happening> = self.early.drain(..).chain(self.inbox.try_iter()).collect();
        self.sample(&mut happened);
        if self.survey_at.is_none_or(|at| now >= at + SURVEY_EVERY) {
            self.survey_at = Some(now);
            self.survey.look(now);
            self.meet(&mut happened);
        }
        self.watch(now)?;
        self.end(now)?;
        Ok(happened)
    }

    /// Waits until something happens, or for so long; [`Self::look`] tells it.
    pub fn wait(&mut self, most: Duration) {
        self.early.extend(self.inbox.recv_timeout(most).ok());
    }

    /// Each of them as it is now, oldest first.
    pub fn now(&self) -> Vec<ServerNow> {
        let members = self.survey.servers().iter().filter_map(|server| self.members.get(&server.pid));
        members.map(|member| member.now(&self.clock)).collect()
    }

    /// What they take together.
    pub fn totals(&mut self) -> Totals {
        let (forwarders, forwarders_rss_bytes) = self.survey.forwarders();
        Totals {
            servers: self.members.len(),
            rss_bytes: self.members.values().map(Member::rss_bytes).sum(),
            // The sum of nothing would be -0.
            cpu_share: self.members.values().map(Member::cpu_share).fold(0.0, |sum, share| sum + share),
            forwarders,
            forwarders_rss_bytes,
            memory_bytes: self.memory_bytes,
        }
    }

    /// What is to be said about sharing a daemon.
    pub fn sharing(&self) -> Vec<Sharing> {
        let all: Vec<_> = self.members.values().map(|member| (&member.server, member.rss_bytes())).collect();
        advise(&all)
    }

    /// Asks for the heap of one of them. What comes of it is told by [`Self::look`]; an error when it cannot be asked.
    ///
    /// # Errors
    /// There is none of this id, it serves no debug page, or the system gives no thread.
    pub fn capture(&self, pid: u32) -> Result<(), String> {
        let member = self.members.get(&pid).ok_or_else(|| format!("gopls {pid} is gone"))?;
        let watcher = member.watcher.clone().ok_or_else(|| {
            format!("gopls {pid} serves no debug page: without one there is no heap to capture")
        })?;
        let sender = self.sender.clone();
        let ask = move || {
            let result = block_on(async { watcher.capture_now(CaptureRequest::HEAP).await });
            let result = result.map_or_else(|e| Err(e.to_string()), |r| r.map_err(|e| e.to_string()));
            // Whoever asked may have gone.
            let _ = sender.send(Happening::Captured { pid, result });
        };
        thread::Builder::new().name("stallscope-ask".into()).spawn(ask).map_err(|e| e.to_string())?;
        Ok(())
    }

    /// Ends all watchers; what they have captured is on disk afterwards. The last that has happened.
    pub fn stop(self) -> Vec<Happening> {
        thread::scope(|scope| {
            let watchers = self.members.values().filter_map(|member| member.watcher.as_ref());
            for watcher in watchers.chain(self.ending.iter().map(|(_, watcher)| watcher)) {
                scope.spawn(|| block_on(watcher.stop()));
            }
        });
        self.early.into_iter().chain(self.inbox.try_iter()).collect()
    }

    fn sample(&mut self, happened: &mut Vec<Happening>) {
        let limit = self.options.settings.memory_alert_bytes();
        let mut gone = Vec::new();
        for (pid, member) in &mut self.members {
            match member.sample(self.clock.now_ns(), limit) {
                Some(told) => happened.extend(told),
                None => gone.push(*pid),
            }
        }
        for pid in gone {
            // Those that have connected to a daemon instead are looked for at once.
            self.survey_at = None;
            if let Some(member) = self.members.remove(&pid) {
                let until = Instant::now() + LAST_INCIDENT;
                self.ending.extend(member.watcher.map(|watcher| (until, watcher)));
                happened.push(Happening::Gone { pid });
            }
        }
    }

    /// Takes up those that have come.
    fn meet(&mut self, happened: &mut Vec<Happening>) {
        for server in self.survey.servers() {
            if self.options.only.is_some_and(|only| only != server.pid) {
                continue;
            }
            match self.members.get_mut(&server.pid) {
                // Another process of the same number waits until it has been noticed that this one is gone.
                Some(member)
                    if member.server == *server
                        || member.server.started_unix_ms != server.started_unix_ms =>
                {
                    continue;
                }
                Some(member) => member.server = server.clone(),
                None => {
                    let Some(member) = Member::meet(server.clone(), self.clock.now_ns()) else { continue };
                    self.members.insert(server.pid, member);
                }
            }
            happened.push(Happening::Found(Box::new(server.clone())));
        }
    }

    /// Puts a watcher beside those that have begun to listen.
    fn watch(&mut self, now: Instant) -> std::io::Result<()> {
        let watchers = self.members.values().filter(|member| member.watcher.is_some()).count();
        if watchers >= MOST_WATCHERS {
            return Ok(());
        }
        let turn = self.listen_at.is_none_or(|at| now >= at + LISTEN_EVERY);
        let unwatched = self.members.values().filter(|member| member.watcher.is_none());
        let next = unwatched.min_by_key(|member| member.listened_at).map(|member| member.server.pid);
        if turn && next.is_some() {
            self.listen_at = Some(now);
        }
        for (pid, member) in &mut self.members {
            let asked =
                member.listened_at.is_none() || member.is_new(&self.clock) || turn && next == Some(*pid);
            if member.watcher.is_none() && asked && member.listens(now) {
                let beside = self.limits.clone();
                member.watcher = Some(start(&member.server, &self.options, beside, self.sender.clone())?);
            }
        }
        Ok(())
    }

    /// Stops the watchers that have had their time.
    fn end(&mut self, now: Instant) -> std::io::Result<()> {
        for (_, watcher) in self.ending.extract_if(.., |(until, _)| now >= *until) {
            let stop = move || block_on(watcher.stop());
            thread::Builder::new().name("stallscope-ending".into()).spawn(stop)?;
        }
        Ok(())
    }
}

fn start(
    server: &Server,
    options: &ServersOptions,
    limits: SharedLimits,
    sender: Sender<Happening>,
) -> std::io::Result<Arc<Watcher>> {
    let pid = server.pid;
    let options = WatcherOptions {
        storage_dir: options.storage_dir.clone(),
        workspace: folders(server),
        target: Target::Process { pid },
        go_extension: None,
        log_dirs: Vec::new(),
        settings: options.settings.clone(),
    };
    let listener = Box::new(move |event| {
        // That it came and went, and its memory, is known better here.
        let known = matches!(
            event,
            WatchEvent::Status { .. }
                | WatchEvent::GoplsFound { .. }
                | WatchEvent::GoplsGone { .. }
                | WatchEvent::MemoryAlert { .. }
        );
        if !known {
            drop(sender.send(Happening::Told { pid, event }));
        }
    });
    Watcher::start_beside(options, limits, listener).map(Arc::new)
}

/// The folders it serves, as far as they are known: by them earlier loads are found again.
fn folders(server: &Server) -> Vec<String> {
    if server.clients.is_empty() {
        return server.folder.iter().cloned().collect();
    }
    let mut folders: Vec<String> = server.clients.iter().filter_map(|client| client.folder.clone()).collect();
    folders.sort();
    folders.dedup();
    folders
}

fn block_on<T>(future: impl Future<Output = T>) -> std::io::Result<T> {
    Ok(tokio::runtime::Builder::new_current_thread().build()?.block_on(future))
}
