//! The cache that the gopls of an editor's window uses, and what may be done with it there.

use std::path::PathBuf;
use std::time::Duration;

use stallscope_core::model::{GoplsProcess, GoplsRelation};
use stallscope_doctor::cache::{Blind, CacheFacts, GoCache, Processes, Request, View};

use super::{CacheAsked, CacheError, facts, folder, folder_of, go_caches};
use crate::doctor::go_env::GoEnv;
use crate::process;

/// What decides where gopls's cache is; see `place.rs`.
const VARIABLES: [&str; 4] = ["GOPLSCACHE", "HOME", "LocalAppData", "XDG_CACHE_HOME"];
const ASK_GO_WITHIN: Duration = Duration::from_secs(10);
/// Go's caches may have millions of files.
const COUNT_GO_WITHIN: Duration = Duration::from_secs(5);

/// A window whose cache is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Which cache.
    pub asked: CacheAsked,
    /// Its extension host: the gopls below it are its own.
    pub host_pid: u32,
}

impl Window {
    /// The cache that its gopls uses, else the one that it would use.
    pub fn of(request: &Request, host_pid: u32) -> Self {
        let mut bins = GoEnv::ask_within(ASK_GO_WITHIN, &request.variables).bins();
        let named = request.gopls.iter().map(PathBuf::from).filter(|path| path.is_absolute());
        named.for_each(|path| bins.and(path));
        let servers = servers_of(host_pid);
        let environment = servers.first().map(|server| process::variables(server.pid, &VARIABLES));
        let folder = match environment.filter(|environment| !environment.is_empty()) {
            Some(environment) => folder(|name| environment.get(name).cloned()),
            None => folder_of(&request.variables),
        };
        Self { asked: CacheAsked { folder, bins }, host_pid }
    }

    /// What there is, and what can be done with it.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn view(&self, within: Duration) -> Result<View, CacheError> {
        let facts = facts(&self.asked, within)?;
        Ok(View::of(&facts, &self.processes(&facts)))
    }

    /// The gopls that serve it, the one that is watched first.
    pub(super) fn servers(&self) -> Vec<GoplsProcess> {
        servers_of(self.host_pid)
    }

    fn processes(&self, facts: &CacheFacts) -> Processes {
        let seen = facts.executables.iter().flat_map(|executable| executable.pids.iter());
        let unseen = facts.blind.iter().filter_map(|blind| match blind {
            Blind::Process { pid } => Some(pid),
            Blind::Remote { .. } | Blind::Script { .. } => None,
        });
        let is_harmless = |pid: &u32| process::is_below(self.host_pid, *pid) || process::is_telemetry(*pid);
        Processes {
            servers: self.servers().iter().map(|server| server.pid).collect(),
            harmless: seen.chain(unseen).copied().filter(is_harmless).collect(),
        }
    }
}

/// How large Go's own caches are for a window.
pub fn go_caches_of(request: &Request) -> Vec<GoCache> {
    let go = GoEnv::ask_within(ASK_GO_WITHIN, &request.variables);
    let (build, modules) = (go.folder("GOCACHE"), go.folder("GOMODCACHE"));
    go_caches(build.as_deref(), modules.as_deref(), COUNT_GO_WITHIN)
}

/// A daemon serves several windows, this one among them.
fn servers_of(host_pid: u32) -> Vec<GoplsProcess> {
    let mut found = process::find(host_pid);
    found.retain(|process| process.watched || process.relation == GoplsRelation::Ours);
    found
}
