//! Gathers what the doctor judges of settings: the files that count for a folder, and what the gopls that would be started
//! there says of itself.

mod ask;
mod files;
mod find;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use stallscope_doctor::NotExamined;
use stallscope_doctor::lifecycle::NextStart;
use stallscope_doctor::settings::{
    Cost, Extension, Facts, FolderSettings, Layers, Lore, Server, Setting, examine as judge, known,
    read_flags, seen,
};
use stallscope_doctor::workspace::OpenTogether;

use super::Found;
use super::command::Commands;
use files::Files;
pub(super) use files::first_folder;
use find::{Environment, Located, Search};

/// The Go extension's own has 110 KB.
const MAX_MANIFEST_BYTES: u64 = 16 << 20;
const MAX_LOGS: usize = 20;
/// Variables with which no program is chosen. What they say of flags and of the network is taken care of where `go` is run.
const NO_PROGRAM: [&str; 24] = [
    "CGO_ENABLED",
    "GO111MODULE",
    "GOARCH",
    "GOBIN",
    "GOCACHE",
    "GODEBUG",
    "GOEXPERIMENT",
    "GOFLAGS",
    "GOGC",
    "GOINSECURE",
    "GOMAXPROCS",
    "GOMEMLIMIT",
    "GOMODCACHE",
    "GONOPROXY",
    "GONOSUMDB",
    "GOOS",
    "GOPATH",
    "GOPLSCACHE",
    "GOPRIVATE",
    "GOPROXY",
    "GOSUMDB",
    "GOTOOLCHAIN",
    "GOVCS",
    "GOWORK",
];

/// Where settings come from, beside the folder's own file.
#[derive(Debug, Clone, Default)]
pub struct SettingsAsked {
    /// The user's files, the weakest first: of the person, of the machine.
    pub user: Vec<PathBuf>,
    /// The `.code-workspace` file that is open.
    pub code_workspace: Option<PathBuf>,
    /// What is open in the editor and may not be saved yet, by path: it counts instead of the file.
    pub texts: BTreeMap<PathBuf, String>,
    /// The gopls to ask, instead of the one that is found as the Go extension finds it.
    pub gopls: Option<PathBuf>,
    /// The `package.json` of the Go extension.
    pub go_extension: Option<PathBuf>,
    /// What settings were measured to cost here, by gopls's names for them.
    pub costs: BTreeMap<String, Cost>,
    /// Whether the workspace may say which program is run. In an editor that is its workspace trust.
    pub is_trusted: bool,
}

/// What the settings of a folder mean for the other areas.
#[derive(Default)]
pub struct ForFolder {
    /// Variables of gopls itself.
    pub of_tools: BTreeMap<String, String>,
    /// Variables of the `go` that it runs, on top of those.
    pub of_go: BTreeMap<String, String>,
    /// What gopls passes to `go list`.
    pub build_flags: Vec<String>,
    /// The folders that are open together; none where one is open by itself.
    pub together: Option<OpenTogether>,
    /// The gopls that would be started.
    pub next_start: Option<NextStart>,
    /// All of them.
    pub settings: FolderSettings,
}

/// Examines the settings that count for a folder, and returns what they mean there.
pub fn examine(folder: &Path, asked: &SettingsAsked, commands: &Commands, found: &mut Found) -> ForFolder {
    let (extension, lore) = match known() {
        Ok(known) => known,
        Err(error) => {
            found.not_examined("settings", error);
            return ForFolder::default();
        }
    };
    let extension = match &asked.go_extension {
        None => extension,
        Some(path) => with_manifest(extension, path, found),
    };
    let files = files::read(folder, asked);
    for NotExamined { what, why } in files.not_read.iter().cloned() {
        found.not_examined(what, why);
    }
    let of_each = layers_of_each(&files);
    for layers in &of_each {
        found.seen(seen(layers, &extension));
    }
    let own = Layers::new(files.common.into_iter().chain(files.own.clone()).collect());
    let environment = Environment::of_process();
    let Search { located, next, alternate_is_missing } = find::gopls(&own, &extension, asked, &environment);
    let is_needed = of_each.iter().any(|layers| {
        layers.section("gopls").next().is_some()
            || layers.counts("go.languageServerFlags", &extension).is_some()
    });
    let server = match located {
        // Nothing is set that only it knows.
        _ if !is_needed => None,
        Located::At(path) => ask::server(&path, commands)
            .map_err(|why| found.not_examined(format!("{} for its settings", path.display()), why))
            .ok(),
        Located::Nowhere(why) => {
            found.not_examined("settings and flags of gopls", why);
            None
        }
    };
    found.add(judged(of_each, server, &extension, &lore, asked, alternate_is_missing));
    let settings = FolderSettings { layers: own, own: files.own };
    ForFolder {
        of_tools: trusted(settings.of_tools(), asked, found),
        of_go: trusted(settings.of_go(), asked, found),
        build_flags: settings.build_flags(&extension),
        together: files.together,
        next_start: next,
        settings,
    }
}

/// The variables as they count, but for those by which a workspace that nobody trusts would say which program is run.
fn trusted<'a>(
    variables: impl Iterator<Item = Setting<'a>>,
    asked: &SettingsAsked,
    found: &mut Found,
) -> BTreeMap<String, String> {
    let mut counting = BTreeMap::new();
    for setting in variables {
        let name = &setting.member.name;
        if find::may_say(asked, &setting) || NO_PROGRAM.contains(&name.as_str()) {
            counting.extend(setting.text().map(|value| (name.clone(), value.to_owned())));
        } else {
            found.not_examined(
                format!("what {name} means in {}", setting.document.path),
                "it may say which program is run; that is only followed in a trusted workspace",
            );
        }
    }
    counting
}

/// The layers of the folder, and of each that is open with it: what stands in one does not count in another.
fn layers_of_each(files: &Files) -> Vec<Layers> {
    let each = files.own.iter().chain(&files.others).map(Some);
    let common = || files.common.iter().cloned();
    // Where none has settings of its own, those of all count.
    let none = (files.own.is_none() && files.others.is_empty()).then_some(None);
    each.chain(none).map(|own| Layers::new(common().chain(own.cloned()).collect())).collect()
}

fn judged(
    of_each: Vec<Layers>,
    server: Option<Server>,
    extension: &Extension,
    lore: &Lore,
    asked: &SettingsAsked,
    alternate_is_missing: bool,
) -> Vec<stallscope_doctor::Finding> {
    let mut findings = Vec::new();
    for layers in of_each {
        let facts = Facts {
            log_bytes: log_bytes(&layers, extension, server.as_ref()),
            layers,
            server: server.clone(),
            extension: extension.clone(),
            lore: lore.clone(),
            costs: asked.costs.clone(),
            alternate_is_missing,
        };
        for finding in judge(&facts) {
            // What the user's own file says is the same for every folder.
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings
}

fn with_manifest(extension: Extension, path: &Path, found: &mut Found) -> Extension {
    let read = files::capped(path, MAX_MANIFEST_BYTES).map_err(|error| error.to_string());
    let own =
        read.and_then(|bytes| extension.clone().with_manifest(&bytes).map_err(|error| error.to_string()));
    own.unwrap_or_else(|why| {
        found.not_examined(path.display().to_string(), why);
        extension
    })
}

/// Sizes of the log files that flags name. A relative name depends on where gopls is started: left alone.
fn log_bytes(layers: &Layers, extension: &Extension, server: Option<&Server>) -> BTreeMap<String, u64> {
    let (Some(server), Some(setting)) = (server, layers.counts("go.languageServerFlags", extension)) else {
        return BTreeMap::new();
    };
    let texts: Vec<&str> = setting.node().list().iter().map_while(|node| node.text()).collect();
    let arguments = read_flags(server, &texts).into_iter();
    let named =
        arguments.filter(|argument| argument.name.ends_with("logfile")).filter_map(|argument| argument.value);
    named
        .take(MAX_LOGS)
        .filter_map(|name| {
            let metadata = Path::new(&name).is_absolute().then(|| fs::metadata(&name).ok())??;
            metadata.is_file().then_some((name, metadata.len()))
        })
        .collect()
}
