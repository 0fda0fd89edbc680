//! What is known of the environment, as `go` and the disk told it.

use std::collections::BTreeMap;

use super::version::GoVersion;
use crate::cache::{Executable, GoCache};
use crate::finding::{Confidence, Finding};
use crate::place::Place;

/// The environment of gopls's `go`, and what it is judged by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EnvironmentFacts {
    /// Why `go` could not be started.
    pub go_missing: Option<String>,
    /// What `go env` said instead of an answer.
    pub go_refuses: Option<String>,
    /// The variables that are set, and those that `go` has worked out. An empty one is not set.
    pub variables: BTreeMap<String, Variable>,
    /// The module of the folder.
    pub module: Option<ModuleFacts>,
    /// The nearest `go.work` at or above the folder, whether it counts or not; absolute.
    pub go_work: Option<String>,
    /// Folders that count, by the variable that names them.
    pub folders: Vec<FolderFacts>,
    /// How large the module cache is; none where there is none.
    pub module_cache: Option<GoCache>,
    /// The C compiler, by its command, when it was looked for on PATH in vain.
    pub missing_compiler: Option<String>,
    /// The toolchain.
    pub toolchain: ToolchainFacts,
    /// gopls.
    pub gopls: GoplsFacts,
    /// CPUs of this machine.
    pub cpus: u32,
    /// How proxies answered; only where the user wanted that to be measured.
    pub reach: Vec<Reach>,
}

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Never empty.
    pub value: String,
    /// Who set it.
    pub origin: Origin,
}

/// Who set a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// gopls's setting `env`.
    Gopls,
    /// The editor: `go.toolsEnvVars`.
    Editor,
    /// What the editor was started with.
    Environment,
    /// `go env -w`, in this file.
    Written(String),
    /// Go itself.
    Default,
}

/// The module that the folder is in, or the workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModuleFacts {
    /// Its `go.mod`; absolute.
    pub go_mod: String,
    /// Its path.
    pub path: String,
    /// The paths of the modules that it requires.
    pub requires: Vec<String>,
    /// Those of them that were fetched from their repositories, with the addresses of these.
    pub from_repositories: BTreeMap<String, String>,
    /// Whether `vendor/modules.txt` is beside it.
    pub is_vendored: bool,
    /// The file whose `go` line counts: `go.mod`, or `go.work`.
    pub go_line_file: String,
    /// The version of its `go` line.
    pub go_line: Option<GoVersion>,
    /// The version of its `toolchain` line.
    pub toolchain_line: Option<GoVersion>,
}

/// A folder that `go` writes into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderFacts {
    /// Which variable names it; none for the folder that is open.
    pub variable: Option<&'static str>,
    /// Where; absolute.
    pub path: String,
    /// Why it cannot be written in.
    pub not_writable: Option<String>,
    /// What network file system it is on.
    pub remote: Option<String>,
}

/// Which Go runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolchainFacts {
    /// The version of the `go` on PATH itself.
    pub local: Option<GoVersion>,
    /// Toolchains that are in the module cache.
    pub downloaded: Vec<GoVersion>,
}

/// Which gopls there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoplsFacts {
    /// The one that the editor starts, as far as we know; else the first on PATH or where `go install` puts it.
    pub chosen: Option<Executable>,
    /// Whether the editor named it.
    pub is_named: bool,
    /// What is called `gopls` in the folders of PATH and where `go install` puts it, in that order.
    pub found: Vec<Executable>,
}

/// How a proxy answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Its address, without what is secret of it.
    pub proxy: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Why there was no answer.
    pub error: Option<String>,
}

impl EnvironmentFacts {
    /// The value of a variable, if it is set.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|variable| variable.value.as_str())
    }

    /// The value of a variable that somebody has set.
    pub(super) fn set(&self, name: &str) -> Option<&str> {
        let variable = self.variables.get(name)?;
        (variable.origin != Origin::Default).then_some(variable.value.as_str())
    }

    /// A finding about a variable: with who set it, and the command that takes it back where `go env -w` did.
    pub(super) fn about(&self, name: &'static str, id: &'static str, confidence: Confidence) -> Finding {
        let finding =
            Finding::new(id, confidence, Place::Environment { name: name.to_owned() }).with("name", name);
        let Some(variable) = self.variables.get(name) else { return finding };
        let value = super::proxy::without_secrets(&variable.value);
        let by = match &variable.origin {
            Origin::Gopls => "set by gopls's env".to_owned(),
            Origin::Editor => "set by go.toolsEnvVars".to_owned(),
            Origin::Environment => "set in the environment".to_owned(),
            Origin::Written(file) => format!("set by go env -w, in {file}"),
            Origin::Default => "Go's own value here".to_owned(),
        };
        let finding = finding.with("value", &value).seen(format!("{name}={value} ({by})"));
        match variable.origin {
            Origin::Written(_) => finding.command("unset", &["go", "env", "-u", name]),
            _ => finding,
        }
    }

    /// Whether the `go.work` of the folder counts.
    pub(super) fn is_in_workspace(&self) -> bool {
        self.go_work.is_some() && self.value("GOWORK") != Some("off")
    }
}
