//! All gopls of this user, found as they come and go.
//!
//! A look lists the process ids and asks only of those it does not know yet what they run, so that it costs next to nothing on a
//! machine where nothing has changed.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stallscope_core::model::Bytes;
use stallscope_core::servers::{SHARED_VARIABLES, Server};

use super::editor::owners;
use super::servers::{Known, servers};
use super::{ProcessHandle, platform, variables, version};

/// A process may still become a gopls for so long after it was first seen: a child is a copy of its parent until it runs
/// something else.
const YOUNG: Duration = Duration::from_secs(5);
/// A child of gopls looks like gopls until it has become what it is to be.
const SETTLED_MS: f64 = 250.0;
/// Everything is asked anew after this long: a number may be another process's by then.
const FORGET_AFTER: Duration = Duration::from_secs(60);
/// More are not watched: a list that nobody can read, and a process table that somebody plays with.
const MOST_SERVERS: usize = 500;

/// See the module's text.
#[derive(Default)]
pub struct Survey {
    gopls: HashMap<u32, (Known, ProcessHandle)>,
    others: HashMap<u32, Instant>,
    forgotten_at: Option<Instant>,
    servers: Vec<Server>,
}

impl Survey {
    /// Looks; [`Self::servers`] tells what was found.
    pub fn look(&mut self, now: Instant) {
        if self.forgotten_at.is_none_or(|at| now >= at + FORGET_AFTER) {
            self.forgotten_at = Some(now);
            self.others.clear();
        }
        let before = self.gopls.len();
        self.gopls.retain(|_, (_, handle)| handle.is_alive());
        let mut changed = self.gopls.len() < before;
        let pids = platform::pids();
        for pid in &pids {
            let settled = self.others.get(pid).is_some_and(|seen| now >= *seen + YOUNG);
            if settled || self.gopls.contains_key(pid) || self.gopls.len() >= MOST_SERVERS {
                continue;
            }
            match found(*pid) {
                Found::Server(known, handle) => {
                    self.others.remove(pid);
                    self.gopls.insert(*pid, (*known, handle));
                    changed = true;
                }
                Found::Other => drop(self.others.entry(*pid).or_insert(now)),
                Found::Later => {}
            }
        }
        let there: HashSet<u32> = pids.into_iter().collect();
        self.others.retain(|pid, _| there.contains(pid));
        if changed {
            self.tell();
        }
    }

    /// The servers as of the last look, oldest first.
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// What the forwarders to daemons take together, and how many they are.
    pub fn forwarders(&mut self) -> (usize, Bytes) {
        let clients: Vec<u32> =
            self.servers.iter().flat_map(|server| &server.clients).map(|client| client.pid).collect();
        let rss = |pid: &u32| self.gopls.get_mut(pid).and_then(|(_, handle)| handle.rss_bytes());
        (clients.len(), clients.iter().filter_map(rss).sum())
    }

    fn tell(&mut self) {
        let all: Vec<&Known> = self.gopls.values().map(|(known, _)| known).collect();
        let described: HashMap<u32, Server> =
            self.servers.drain(..).map(|server| (server.pid, server)).collect();
        self.servers = servers(&all);
        for server in &mut self.servers {
            server.clients.sort_by_key(|client| client.pid);
            match described.get(&server.pid).filter(|old| old.started_unix_ms == server.started_unix_ms) {
                Some(old) => {
                    server.version = old.version.clone();
                    server.environment = old.environment.clone();
                }
                None => {
                    let info = version::of_process(server.pid, Path::new(&server.exe));
                    server.version = info.and_then(|info| info.version);
                    server.environment = variables(server.pid, &SHARED_VARIABLES);
                }
            }
        }
    }
}

enum Found {
    Server(Box<Known>, ProcessHandle),
    Other,
    /// Too young to be told.
    Later,
}

fn found(pid: u32) -> Found {
    let (Some(candidate), Some(owners)) = (platform::candidate(pid), owners()) else { return Found::Other };
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3;
    if (0.0..SETTLED_MS).contains(&(now_ms - candidate.started_unix_ms)) {
        return Found::Later;
    }
    let Some(handle) = ProcessHandle::open(pid, candidate.started_unix_ms) else { return Found::Later };
    let folder = platform::folder(pid).map(|folder| folder.to_string_lossy().into_owned());
    match Known::new(candidate, folder, owners, platform::ancestor) {
        Some(known) => Found::Server(Box::new(known), handle),
        None => Found::Other,
    }
}
