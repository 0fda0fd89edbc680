//! What `go env` says in a folder, as the `go` that gopls runs would.
//!
//! It is asked with `GOTOOLCHAIN=local`, because a `go.mod` that wants a newer Go would else have it downloaded. What
//! GOTOOLCHAIN really is, is read from where `go` reads it. All other variables are the user's: it fetches nothing to tell them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command::{CommandError, Commands};
use super::go;
use crate::executables::Bins;

/// A `go/env` has a line per variable.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// What is asked for. All at once would have `go` start the C compiler, and refuse all for a bad GOCACHE.
const NAMES: [&str; 22] = [
    "CC",
    "CGO_ENABLED",
    "GO111MODULE",
    "GOBIN",
    "GOCACHE",
    "GODEBUG",
    "GOENV",
    "GOFLAGS",
    "GOHOSTARCH",
    "GOHOSTOS",
    "GOMOD",
    "GOMODCACHE",
    "GONOPROXY",
    "GONOSUMDB",
    "GOPATH",
    "GOPRIVATE",
    "GOPROXY",
    "GOROOT",
    "GOSUMDB",
    "GOTOOLCHAIN",
    "GOVERSION",
    "GOWORK",
];

/// The variables of the `go` command, and what they come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoEnv {
    /// What counts, by name, as `go env -json` says it.
    pub values: BTreeMap<String, String>,
    /// What was set by `go env -w`.
    pub written: BTreeMap<String, String>,
    /// The file that `go env -w` writes.
    pub file: Option<PathBuf>,
    /// What Go's own `go.env` says.
    pub defaults: BTreeMap<String, String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum GoEnvError {
    /// `go` cannot be run.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// It refuses.
    #[error("{said}")]
    Refused {
        /// What it said.
        said: String,
    },
    /// It said something else.
    #[error("go env -json: {0}")]
    Json(#[from] serde_json::Error),
}

impl GoEnv {
    /// Asks `go` in a folder, with variables beside our own environment.
    ///
    /// # Errors
    /// It cannot be run, or refuses to say.
    pub fn ask(
        commands: &Commands,
        folder: &Path,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, GoEnvError> {
        let said = go::run(commands, folder, variables, &[&["env", "-json"], &NAMES[..]].concat())?;
        if !said.success {
            return Err(GoEnvError::Refused { said: said.stderr.trim().to_owned() });
        }
        let values: BTreeMap<String, String> = serde_json::from_slice(&said.stdout)?;
        let named = |name: &str| values.get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let file = named("GOENV").filter(|file| file != Path::new("off"));
        let written = file.as_deref().map(settings).unwrap_or_default();
        let defaults = named("GOROOT").map(|root| settings(&root.join("go.env"))).unwrap_or_default();
        Ok(Self { values, written, file, defaults })
    }

    /// The same outside any module, for who only wants to know where things are; empty where there is no `go`.
    pub fn ask_within(within: Duration, variables: &BTreeMap<String, String>) -> Self {
        let commands = Commands::within(within);
        Self::ask(&commands, &std::env::temp_dir(), variables).unwrap_or_default()
    }

    /// A variable; empty and unset are the same to `go`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A folder that a variable names.
    pub fn folder(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// Where executables are installed, with those of our own environment where `go` says nothing.
    pub fn bins(&self) -> Bins {
        let own = |name: &str| std::env::var(name).ok();
        let of = |name: &str| self.get(name).map(str::to_owned).or_else(|| own(name));
        let home = own("HOME").or_else(|| own("USERPROFILE"));
        let gopath = of("GOPATH").or_else(|| Some(Path::new(&home?).join("go").display().to_string()));
        Bins::of(own("PATH").as_deref(), of("GOBIN").as_deref(), gopath.as_deref())
    }
}

/// `NAME=value` lines, as `go` reads them.
fn settings(file: &Path) -> BTreeMap<String, String> {
    let mut text = Vec::new();
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    if is_file && let Ok(file) = File::open(file) {
        // What could be read counts.
        let _ = file.take(MAX_FILE_BYTES).read_to_end(&mut text);
    }
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let set = lines.filter_map(|line| line.split_once('='));
    set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
