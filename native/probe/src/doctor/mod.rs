//! Gathers what the doctor (`stallscope-doctor`) judges: files, and what `go` and gopls say. One file per area.
//!
//! It only looks. Nothing is downloaded (see [`go`]), nothing is written, and gopls is not asked for anything that would make it work.

mod cache;
pub mod command;
mod environment;
mod go;
pub mod go_env;
mod lifecycle;
mod module_cache;
mod read;
mod settings;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use stallscope_doctor::environment::ProxyTable;
use stallscope_doctor::settings::SeenSetting;
use stallscope_doctor::texts::Book;
use stallscope_doctor::{FileEdit, Finding, NotExamined, Place, Report, Request};

use crate::cache::go_caches;
use command::Commands;
use go::Go;
use go_env::GoEnv;
use settings::ForFolder;
pub use settings::SettingsAsked;

/// What is to be examined.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The folder that is open in the editor; absolute.
    pub folder: PathBuf,
    /// The language of the answer (`en`, `zh-cn`).
    pub language: String,
    /// Phases and causes of the wait that it is about: what fits them comes first.
    pub wait: Vec<String>,
    /// All commands together may take as long as this; what is not known by then is said to be not examined.
    pub deadline: Duration,
    /// Variables that gopls is started with beside our own environment: `go.toolsEnvVars`.
    pub variables: BTreeMap<String, String>,
    /// The gopls that the editor starts, where that is known.
    pub gopls: Option<PathBuf>,
    /// A log of gopls, or of the editor's output of it.
    pub log: Option<PathBuf>,
    /// The extension host whose gopls are ours; none without an editor.
    pub host_pid: Option<u32>,
    /// Whether the proxy may be asked over the network; the one thing for which that is done.
    pub network: bool,
    /// Where settings come from.
    pub settings: SettingsAsked,
}

/// What of the module cache is not counted by then is told as "at least".
const COUNT_WITHIN: Duration = Duration::from_millis(1_500);

/// How long the commands may take when an editor asks.
const EDITOR_DEADLINE: Duration = Duration::from_secs(20);

impl Asked {
    /// What an editor asks, whose extension host has this process id.
    pub fn by_editor(request: Request, host_pid: u32) -> Self {
        Self {
            folder: request.folder.into(),
            language: request.language,
            wait: request.wait,
            deadline: EDITOR_DEADLINE,
            variables: BTreeMap::new(),
            gopls: request.gopls.map(PathBuf::from),
            log: request.log.map(PathBuf::from),
            host_pid: Some(host_pid),
            network: false,
            settings: SettingsAsked {
                user: request.user_settings.into_iter().map(PathBuf::from).collect(),
                code_workspace: request.code_workspace.map(PathBuf::from),
                go_extension: request.go_extension.map(PathBuf::from),
                is_trusted: request.is_trusted,
                ..SettingsAsked::default()
            },
        }
    }
}

/// What is being gathered.
pub struct Found {
    findings: Vec<Finding>,
    not_examined: Vec<NotExamined>,
    settings: Vec<SeenSetting>,
}

impl Found {
    /// Adds findings.
    pub fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
    }

    /// Adds settings that were seen, each once.
    pub fn seen(&mut self, settings: impl IntoIterator<Item = SeenSetting>) {
        for setting in settings {
            if !self.settings.contains(&setting) {
                self.settings.push(setting);
            }
        }
    }

    /// Says that something could not be examined, and why.
    pub fn not_examined(&mut self, what: impl Into<String>, why: impl ToString) {
        self.not_examined.push(NotExamined { what: what.into(), why: why.to_string() });
    }
}

/// Why nothing could be examined at all.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// There is no such folder.
    #[error("{}: {error}: name the folder that is open in the editor", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Our own rules.
    #[error("the doctor's own texts: {0}")]
    Texts(#[from] stallscope_core::rule_file::RuleError),
}

impl DoctorError {
    /// Stable name for the editor.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "doctor-folder",
            Self::Texts(_) => "doctor-texts",
        }
    }
}

/// Examines a folder and all that counts for it.
pub fn examine(asked: &Asked) -> Result<Report, DoctorError> {
    let book = Book::built_in()?;
    let (folder, settings) = opened(asked)?;
    let mut found = Found { findings: Vec::new(), not_examined: Vec::new(), settings: Vec::new() };
    let commands = Commands::within(asked.deadline);
    let settings = settings::examine(&folder, &settings, &commands, &mut found);
    let in_settings = set_in_settings(&settings, &asked.variables);
    let asked = &Asked { variables: merged(&settings.of_tools, &asked.variables), ..asked.clone() };
    let (of_go, next_start) = (settings.of_go.clone(), settings.next_start.clone());
    let variables = merged(&asked.variables, &of_go);
    let env = GoEnv::ask(&commands, &folder, &variables);
    let known = env.as_ref().ok().cloned().unwrap_or_default();
    let go = Go::new(&commands, &variables, &known);
    let mut bins = known.bins();
    bins.files.extend(asked.gopls.clone());
    let modules = known.folder("GOMODCACHE");
    let within = COUNT_WITHIN.min(asked.deadline);
    std::thread::scope(|scope| {
        // The disk is read while `go` works.
        let size = scope.spawn(|| go_caches(None, modules.as_deref(), within).pop());
        workspace::examine(&folder, settings, &env, &go, &mut found);
        let size = size.join().unwrap_or_default();
        let known = environment::Known { env: &env, of_go: &of_go, module_cache: size, bins: &bins };
        environment::examine(asked, &folder, &commands, known, &mut found);
    });
    cache::examine(asked, bins, &mut found);
    let lifecycle = lifecycle::examine(asked, next_start, &mut found);
    let findings =
        told_once(found.findings).into_iter().map(|finding| mended_where_set(finding, &in_settings));
    let told = findings.filter_map(|finding| book.tell(finding, &asked.language));
    let mut report = Report {
        folder: folder.display().to_string(),
        findings: told.collect(),
        lifecycle,
        settings: found.settings,
        proxies: ProxyTable::built_in(&asked.language)?.with(known.get("GOPROXY")),
        not_examined: found.not_examined,
    };
    report.sort(&asked.wait);
    Ok(report)
}

type Variables = BTreeMap<String, String>;

fn merged(below: &Variables, above: &Variables) -> Variables {
    let mut all = below.clone();
    all.extend(above.clone());
    all
}

/// Where a variable is set, and what takes it away there.
type Unset = BTreeMap<String, (Place, Vec<FileEdit>)>;

/// The variables that a settings file sets, but for those that are `given` otherwise.
fn set_in_settings(settings: &ForFolder, given: &Variables) -> Unset {
    let counting = settings.of_tools.iter().chain(&settings.of_go);
    let unset = counting.filter(|(name, _)| !given.contains_key(*name)).filter_map(|(name, value)| {
        let setting = settings.settings.sets(name, value)?;
        Some((name.clone(), (setting.place(), setting.document.remove(&setting.member.span()))))
    });
    unset.collect()
}

/// A finding about a variable that a settings file sets is mended there.
fn mended_where_set(mut finding: Finding, in_settings: &Unset) -> Finding {
    if let Place::Environment { name } = &finding.place
        && let Some((place, edits)) = in_settings.get(name).cloned()
    {
        finding.place = place;
        finding = finding.edit("unset", edits);
    }
    finding
}

/// What is said of a variable where it is set, in `go.toolsEnvVars`, is not said once more of the environment that it becomes.
fn told_once(findings: Vec<Finding>) -> Vec<Finding> {
    let set: BTreeSet<String> = findings
        .iter()
        .filter_map(|finding| match &finding.place {
            Place::Setting { key, .. } => key.strip_prefix("go.toolsEnvVars.").map(str::to_owned),
            _ => None,
        })
        .collect();
    let again =
        |finding: &Finding| matches!(&finding.place, Place::Environment { name } if set.contains(name));
    findings.into_iter().filter(|finding| !again(finding)).collect()
}

/// The folder that is examined, and with which settings: of a `.code-workspace` file its first folder, with it.
fn opened(asked: &Asked) -> Result<(PathBuf, SettingsAsked), DoctorError> {
    // What is edited is named by its whole path.
    let whole = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let settings = SettingsAsked {
        gopls: asked.gopls.clone(),
        user: asked.settings.user.iter().map(whole).collect(),
        code_workspace: asked.settings.code_workspace.as_ref().map(whole),
        ..asked.settings.clone()
    };
    let is_file =
        asked.folder.extension().is_some_and(|ending| ending == "code-workspace") && asked.folder.is_file();
    if !is_file {
        return Ok((absolute(&asked.folder)?, settings));
    }
    let file = std::path::absolute(&asked.folder)
        .map_err(|error| DoctorError::Folder { path: asked.folder.clone(), error })?;
    let folder = settings::first_folder(&file).unwrap_or_default();
    let folder = file.parent().unwrap_or(Path::new("")).join(folder);
    Ok((absolute(&folder)?, SettingsAsked { code_workspace: Some(file), ..settings }))
}

fn absolute(folder: &Path) -> Result<PathBuf, DoctorError> {
    // Not canonical: through a link, the editor and `go` know the folder by the name it was opened with.
    let problem = |error| DoctorError::Folder { path: folder.to_owned(), error };
    let absolute = std::path::absolute(folder).map_err(problem)?;
    if !absolute.metadata().map_err(problem)?.is_dir() {
        return Err(problem(std::io::ErrorKind::NotADirectory.into()));
    }
    Ok(absolute)
}
