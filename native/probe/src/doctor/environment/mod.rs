//! The environment of gopls's `go`: what `go env` says, who set it, and what the disk has of what it names.

mod module;
mod reach;
mod variables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use stallscope_doctor::cache::GoCache;
use stallscope_doctor::environment::{
    EnvironmentFacts, FolderFacts, GoVersion, GoplsFacts, ToolchainFacts, findings,
};

use super::command::{CommandError, Commands};
use super::go_env::{GoEnv, GoEnvError};
use super::{Asked, Found};
use crate::executables::{self, Bins};
use crate::file_system;

/// What `go` says of a failure is not a page.
const MAX_SAID_CHARS: usize = 600;
/// Entries of the folder of downloaded toolchains.
const MAX_ENTRIES: usize = 10_000;

/// What was found out before.
pub(super) struct Known<'a> {
    /// What `go env` said.
    pub env: &'a Result<GoEnv, GoEnvError>,
    /// What gopls sets for `go` alone.
    pub of_go: &'a BTreeMap<String, String>,
    /// How large GOMODCACHE is; none where it is not there.
    pub module_cache: Option<GoCache>,
    /// Where gopls may be.
    pub bins: &'a Bins,
}

/// Examines the environment.
pub(super) fn examine(asked: &Asked, folder: &Path, commands: &Commands, known: Known, found: &mut Found) {
    let Known { env: go, of_go, module_cache, bins } = known;
    let unknown = GoEnv::default();
    let env = go.as_ref().unwrap_or(&unknown);
    let variables = variables::variables(env, &asked.variables, of_go);
    let mut facts = EnvironmentFacts { variables, ..Default::default() };
    match go {
        Ok(_) => {}
        Err(GoEnvError::Command(error @ CommandError::Start { .. })) => {
            facts.go_missing = Some(error.to_string())
        }
        Err(GoEnvError::Refused { said }) => {
            facts.go_refuses = Some(said.chars().take(MAX_SAID_CHARS).collect())
        }
        Err(error) => found.not_examined("go env", error),
    }
    let place = module::Place::of(folder, env);
    match place.module(env.folder("GOMODCACHE").as_deref()) {
        Ok(module) => facts.module = module,
        Err(why) => found.not_examined("go.mod", why),
    }
    facts.go_work = place.go_work.as_ref().map(|path| path.display().to_string());
    facts.folders = folders(folder, env);
    facts.module_cache = module_cache;
    facts.missing_compiler = missing_compiler(env, asked);
    facts.toolchain = ToolchainFacts {
        local: env.get("GOVERSION").and_then(GoVersion::parse),
        downloaded: env.folder("GOMODCACHE").map(|cache| downloaded(&cache)).unwrap_or_default(),
    };
    facts.gopls = gopls(asked, bins);
    facts.cpus =
        std::thread::available_parallelism().map_or(1, |cpus| u32::try_from(cpus.get()).unwrap_or(1));
    if asked.network {
        match reach::first_proxy(commands, env, &asked.variables) {
            Ok(reach) => facts.reach.extend(reach),
            Err(error) => found.not_examined("the first proxy", error),
        }
    }
    found.add(findings(&facts));
}

fn folders(open: &Path, env: &GoEnv) -> Vec<FolderFacts> {
    let named = ["GOMODCACHE", "GOCACHE"].map(|name| (Some(name), env.folder(name)));
    let all = named.into_iter().chain([(None, Some(open.to_owned()))]);
    all.filter_map(|(variable, path)| {
        let path = path.filter(|path| path.is_absolute())?;
        Some(FolderFacts {
            variable,
            not_writable: variable.and_then(|_| file_system::not_writable(&path)),
            remote: file_system::disk(&path).and_then(|disk| disk.remote),
            path: path.display().to_string(),
        })
    })
    .collect()
}

/// The command that `CC` names, when nothing of that name can be found.
fn missing_compiler(env: &GoEnv, asked: &Asked) -> Option<String> {
    let command = env.get("CC")?.split_whitespace().next()?;
    // A quoted name has spaces in it; a wrong word of it must not be looked for.
    if command.contains(['"', '\'']) {
        return None;
    }
    let name = Path::new(command);
    let is_there = if name.components().count() > 1 {
        name.is_file()
    } else {
        let path = asked.variables.get("PATH").cloned().or_else(|| std::env::var("PATH").ok())?;
        let ends: &[&str] = if cfg!(windows) { &["", ".exe", ".bat", ".cmd"] } else { &[""] };
        std::env::split_paths(&path)
            .any(|folder| ends.iter().any(|end| folder.join(format!("{command}{end}")).is_file()))
    };
    (!is_there).then(|| command.to_owned())
}

/// Toolchains of the module cache: `golang.org/toolchain@v0.0.1-go1.26.9.linux-amd64`.
fn downloaded(cache: &Path) -> Vec<GoVersion> {
    let Ok(entries) = std::fs::read_dir(cache.join("golang.org")) else { return Vec::new() };
    let names = entries.take(MAX_ENTRIES).flatten().map(|entry| entry.file_name());
    let version = |name: std::ffi::OsString| {
        let name = name.to_str()?.strip_prefix("toolchain@v0.0.1-go")?;
        let (version, _platform) = name.rsplit_once('.')?;
        GoVersion::parse(version)
    };
    names.filter_map(version).collect()
}

fn gopls(asked: &Asked, bins: &Bins) -> GoplsFacts {
    let of_files = |paths: Vec<PathBuf>| paths.iter().filter_map(|path| executables::of_file(path)).collect();
    let found: Vec<_> = of_files(bins.gopls());
    let named = asked.gopls.as_ref().and_then(|path| executables::of_file(path));
    let is_named = named.is_some();
    GoplsFacts { chosen: named.or_else(|| found.first().cloned()), is_named, found }
}
