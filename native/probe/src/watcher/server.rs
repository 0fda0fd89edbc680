//! gopls's debug server: looked for, read over one connection that is kept open, and given up when it does not answer.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use stallscope_core::engine::Event;
use stallscope_core::engine::requests::Counters;
use stallscope_core::metrics::Trust;
use stallscope_core::model::{Bytes, DebugServer, LatencySource, WatchEvent};

use super::is_on;
use super::run::{Done, Loop};
use super::tell::note;
use crate::debug::{self, DebugClient, ServerInfo};

/// Looked for often right after gopls was found, rarely later (the user may switch it on at any time).
const DISCOVER_SOON: Duration = Duration::from_millis(250);
const DISCOVER_LATER: Duration = Duration::from_secs(2);
const SOON: Duration = Duration::from_secs(10);
/// A page that is late this many times in a row is not one to rely on.
const MOST_POLL_FAILURES: u32 = 3;
/// Until the next try after one of them.
const RETRY_AFTER: Duration = Duration::from_millis(200);
/// How often it is looked whether there is a reason to read the counters again, while the settings give none.
const NO_REASON: Duration = Duration::from_secs(1);

/// A server that was verified to be this gopls's.
pub(super) struct Server {
    pub address: SocketAddr,
    pub debug: DebugServer,
    version: Option<String>,
    /// What it says about itself.
    info: Option<ServerInfo>,
    client: DebugClient,
}

/// One reading of the counters.
pub(super) struct Reading {
    pub counters: Counters,
    /// What this page can tell of ends; `None` while nothing has ended that would show it.
    pub source: Option<LatencySource>,
    pub sent: Instant,
    pub received: Instant,
    pub bytes: u64,
}

/// Looks for the server of `pid`. `Err` is one that is there and does not answer as it should.
pub(super) async fn discover(
    pid: u32,
    version: Option<String>,
    log_dirs: Vec<PathBuf>,
) -> Result<Option<Server>, DebugServer> {
    let found = debug::discover(pid, &log_dirs).await;
    match (found.client(), found.address) {
        (Some(client), Some(address)) => {
            let told = found.info.as_ref().and_then(|info| info.version.clone());
            let version = version.or(told);
            Ok(Some(Server { address, debug: found.server, version, info: found.info, client }))
        }
        _ if matches!(found.server, DebugServer::Failing { .. }) => Err(found.server),
        _ => Ok(None),
    }
}

impl Server {
    /// Reads the counters once.
    pub async fn read(&mut self) -> (Duration, Result<Reading, String>) {
        let (fetch, metrics) = self.client.metrics(self.version.as_deref()).await;
        let open = fetch.open_for();
        let result = match (fetch.outcome, metrics, fetch.sent) {
            (Ok(()), Some(metrics), Some(sent)) => Ok(Reading {
                counters: metrics.counters(),
                source: match metrics.trust {
                    Trust::Completions => Some(LatencySource::Counters),
                    Trust::Replies => Some(LatencySource::Replies),
                    Trust::Undecided => None,
                },
                sent,
                received: fetch.done,
                bytes: fetch.bytes,
            }),
            (Err(error), ..) => Err(error.to_string()),
            _ => Err("the page is empty".to_owned()),
        };
        (open, result)
    }
}

impl Loop {
    pub fn set_source(&mut self, source: LatencySource) {
        let debug = is_on(&self.debug);
        self.feed(Event::Source { source, debug });
    }

    pub fn discover(&mut self, now: Instant) {
        let Some(gopls) = &self.gopls else { return };
        let soon = now.duration_since(self.found_at) < SOON;
        self.due.discover = now + if soon { DISCOVER_SOON } else { DISCOVER_LATER };
        self.discovering = true;
        let (pid, version) = (gopls.identity.pid, gopls.identity.version.clone());
        let logs = self.options.log_dirs.clone();
        self.tasks.spawn(async move { Done::Discovered { pid, found: discover(pid, version, logs).await } });
    }

    pub fn discovered(&mut self, pid: u32, found: Result<Option<Server>, DebugServer>) {
        self.discovering = false;
        if self.gopls.as_ref().is_none_or(|g| g.identity.pid != pid) {
            return;
        }
        match found {
            Ok(Some(server)) => {
                self.debug = server.debug.clone();
                self.captures_address = Some(server.address);
                if let Some(ServerInfo { version, go_version, .. }) = server.info.clone() {
                    self.learn_version(version, go_version);
                }
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

    /// An executable that cannot be read does not tell its version; gopls itself may.
    fn learn_version(&mut self, version: Option<String>, go_version: Option<String>) {
        if let Some(gopls) = &mut self.gopls {
            let identity = &mut gopls.identity;
            identity.version = identity.version.take().or_else(|| version.clone());
            identity.go_version = identity.go_version.take().or_else(|| go_version.clone());
        }
        self.feed(Event::Version { version, go_version });
    }

    pub fn poll(&mut self, now: Instant) {
        let Some(interval) = self.poll_interval() else {
            self.due.poll = now + NO_REASON;
            return;
        };
        let (Some(gopls), Some(mut server)) = (&self.gopls, self.server.take()) else { return };
        self.asked_at = now;
        self.due.poll = now + interval;
        let pid = gopls.identity.pid;
        self.tasks.spawn(async move {
            let (open, result) = server.read().await;
            Done::Polled { pid, server, open, result }
        });
    }

    /// Time from one reading of the counters to the next; `None` while there is no reason to read them.
    pub fn poll_interval(&self) -> Option<Duration> {
        let interval_ns = self.engine.poll_interval_ns(self.clock.now_ns())?;
        // A server that is slow to answer is busy with something better: ask it less.
        Some(Duration::from_nanos(interval_ns).max(self.poll_cost * 2))
    }

    /// Brings the next reading forward when there is more reason for it than there was at the last one.
    pub fn hasten_poll(&mut self) {
        if let Some(interval) = self.poll_interval() {
            self.due.poll = self.due.poll.min(self.asked_at + interval.max(RETRY_AFTER));
        }
    }

    pub fn polled(&mut self, pid: u32, server: Box<Server>, open: Duration, result: Result<Reading, String>) {
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
                if let Some(interval) = self.poll_interval() {
                    // The page may have shown a request that nobody stamped.
                    self.due.poll = self.due.poll.min(Instant::now() + interval);
                }
            }
            Err(error) => {
                self.poll_failures += 1;
                if self.poll_failures >= MOST_POLL_FAILURES {
                    self.fail_server(server.address.to_string(), error);
                } else {
                    self.server = Some(server);
                    self.asked_at = Instant::now();
                    self.due.poll = self.asked_at + RETRY_AFTER;
                }
            }
        }
    }

    /// The debug server is not to be relied on: latencies come from elsewhere until it answers again.
    pub fn fail_server(&mut self, address: String, error: String) {
        let told = matches!(self.debug, DebugServer::Failing { .. });
        self.debug = DebugServer::Failing { address: address.clone(), error: error.clone() };
        self.server = None;
        self.due.discover = Instant::now() + DISCOVER_LATER;
        self.set_source(self.options.target.source_without_server());
        if !told {
            let note = note("debug-server-failing", [("address", address.into()), ("error", error.into())]);
            self.tell(WatchEvent::Problem { note });
        }
    }

    pub fn add_cost(&mut self, bytes: Bytes, open: Duration) {
        self.cost.debug_requests += 1;
        self.cost.debug_bytes += bytes;
        self.cost.debug_open_ns += open.as_nanos() as u64;
        self.feed(Event::Cost(self.cost));
    }
}
