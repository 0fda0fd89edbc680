//! Which gopls the Go extension would start, in its order: `go.alternateTools`, GOBIN, the `bin` folders of GOPATH, GOROOT, PATH.
//!
//! A workspace may be anybody's, and it names programs. None that it names is run unless the workspace is trusted.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use stallscope_doctor::Scope;
use stallscope_doctor::lifecycle::{FoundBy, NextStart};
use stallscope_doctor::settings::{Extension, Layers, Setting};

use super::SettingsAsked;

/// What of our environment decides it.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment {
    pub home: Option<PathBuf>,
    pub gobin: Option<OsString>,
    pub gopath: Option<OsString>,
    pub goroot: Option<OsString>,
    pub path: Option<OsString>,
}

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Located {
    /// Here.
    At(PathBuf),
    /// Not found, or not to be run, and why.
    Nowhere(String),
}

impl Environment {
    pub fn of_process() -> Self {
        let of = std::env::var_os;
        Self {
            home: std::env::home_dir(),
            gobin: of("GOBIN"),
            gopath: of("GOPATH"),
            goroot: of("GOROOT"),
            path: of("PATH"),
        }
    }
}

/// What came of looking for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search {
    /// The one to ask: the one that was named to us, else the one that would be started.
    pub located: Located,
    /// The one that would be started.
    pub next: Option<NextStart>,
    /// Whether `go.alternateTools` names one that is not there.
    pub alternate_is_missing: bool,
}

/// What `go.alternateTools` names.
struct Alternate<'a> {
    setting: Setting<'a>,
    name: PathBuf,
    found: Option<PathBuf>,
}

/// Looks for it.
pub(super) fn gopls(
    layers: &Layers,
    extension: &Extension,
    asked: &SettingsAsked,
    environment: &Environment,
) -> Search {
    let folders = folders(layers, extension, asked, environment);
    let alternate = layers.counts_within("go.alternateTools", "gopls").and_then(|setting| {
        let name = expanded(setting.text()?, environment)?;
        let found = if name.is_absolute() {
            Some(name.clone()).filter(|path| is_executable(path))
        } else {
            in_folders(&folders, &name).map(|(_, path)| path)
        };
        Some(Alternate { setting, name, found })
    });
    let alternate_is_missing = alternate.as_ref().is_some_and(|alternate| alternate.found.is_none());
    let next = next(asked, alternate, &folders);
    let located = match (&asked.gopls, &next) {
        (Some(path), _) => Located::At(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
        (None, Ok((_, path))) => Located::At(path.clone()),
        (None, Err(why)) => Located::Nowhere(why.clone()),
    };
    let next = next.ok().map(|(by, path)| {
        let exe = path.canonicalize().unwrap_or(path);
        NextStart { exe: exe.display().to_string(), by }
    });
    Search { located, next, alternate_is_missing }
}

/// The one that would be started, or why there is none.
fn next(
    asked: &SettingsAsked,
    alternate: Option<Alternate>,
    folders: &[(FoundBy, PathBuf)],
) -> Result<(FoundBy, PathBuf), String> {
    let name = match alternate {
        Some(Alternate { setting, found: Some(path), .. }) => {
            let why = "the workspace's own settings name the gopls to run; that is only done for a trusted workspace";
            let may = may_say(asked, &setting);
            return if may { Ok((FoundBy::AlternateTools, path)) } else { Err(why.into()) };
        }
        // For a name that is nowhere the extension takes no other; for a path it does.
        Some(Alternate { name, .. }) if !name.is_absolute() => name,
        _ => "gopls".into(),
    };
    in_folders(folders, &name).ok_or_else(|| format!("no {} was found; name it with --gopls", name.display()))
}

/// Whether a setting may say what is run.
pub(super) fn may_say(asked: &SettingsAsked, setting: &Setting) -> bool {
    asked.is_trusted || setting.document.scope == Scope::User
}

/// As the extension expands a path. None where it names what only an editor knows.
fn expanded(text: &str, environment: &Environment) -> Option<PathBuf> {
    if text.is_empty() || text.contains("${") {
        return None;
    }
    match text.strip_prefix('~') {
        Some(rest) => Some(environment.home.as_ref()?.join(rest.trim_start_matches(['/', '\\']))),
        None => Some(text.into()),
    }
}

fn folders(
    layers: &Layers,
    extension: &Extension,
    asked: &SettingsAsked,
    environment: &Environment,
) -> Vec<(FoundBy, PathBuf)> {
    let split = |by: FoundBy, list: Option<OsString>| -> Vec<(FoundBy, PathBuf)> {
        list.iter().flat_map(std::env::split_paths).map(|folder| (by, folder)).collect()
    };
    let setting = |key: &str| {
        let setting = layers.counts(key, extension).filter(|setting| may_say(asked, setting))?;
        expanded(setting.text()?, environment).map(PathBuf::into_os_string)
    };
    let (tools, gopath) = (setting("go.toolsGopath"), setting("go.gopath"));
    let default = environment.home.as_ref().map(|home| home.join("go").into_os_string());
    let gopath = gopath.or_else(|| environment.gopath.clone().filter(|path| !path.is_empty())).or(default);
    let with_bin = [
        (FoundBy::ToolsGopath, tools),
        (FoundBy::Gopath, gopath),
        (FoundBy::Goroot, environment.goroot.clone()),
    ];
    let with_bin = with_bin.into_iter().flat_map(|(by, list)| split(by, list));
    let with_bin = with_bin.map(|(by, folder)| (by, folder.join("bin")));
    let gobin = split(FoundBy::Gobin, environment.gobin.clone());
    let folders = gobin.into_iter().chain(with_bin).chain(split(FoundBy::Path, environment.path.clone()));
    // A relative folder in PATH is anybody's.
    folders.filter(|(_, folder)| folder.is_absolute()).collect()
}

fn in_folders(folders: &[(FoundBy, PathBuf)], name: &Path) -> Option<(FoundBy, PathBuf)> {
    let name = if cfg!(windows) { name.with_extension("exe") } else { name.to_owned() };
    folders.iter().map(|(by, folder)| (*by, folder.join(&name))).find(|(_, path)| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    let Ok(metadata) = path.metadata() else { return false };
    #[cfg(unix)]
    let may_run = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may_run = true;
    metadata.is_file() && may_run
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use stallscope_doctor::settings::{Document, known};

    use super::*;

    struct Machine {
        folder: tempfile::TempDir,
        environment: Environment,
    }

    impl Machine {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let at = |name: &str| folder.path().join(name);
            let environment = Environment {
                home: Some(at("home")),
                path: Some(std::env::join_paths([PathBuf::from("."), at("path")]).expect("plain names")),
                ..Environment::default()
            };
            Self { folder, environment }
        }

        fn program(&self, name: &str) -> PathBuf {
            let path = self.folder.path().join(name);
            fs::create_dir_all(path.parent().expect("one")).expect("it is made");
            fs::write(&path, "").expect("it is written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
            path
        }

        fn search(&self, settings: &[(Scope, String)], asked: &SettingsAsked) -> Search {
            let read =
                |(scope, text): &(Scope, String)| Document::read("/s", *scope, text).expect("it is read");
            let layers = Layers::new(settings.iter().map(read).collect());
            gopls(&layers, &known().expect("valid").0, asked, &self.environment)
        }
    }

    #[test]
    fn it_is_looked_for_in_the_extension_s_order() {
        let mut machine = Machine::new();
        let asked = SettingsAsked::default();
        let found = |path: &Path, by, alternate_is_missing| Search {
            located: Located::At(path.to_owned()),
            next: Some(NextStart {
                exe: path.canonicalize().expect("it is there").display().to_string(),
                by,
            }),
            alternate_is_missing,
        };
        assert!(matches!(machine.search(&[], &asked).located, Located::Nowhere(_)));
        let path = machine.program("path/gopls");
        assert_eq!(machine.search(&[], &asked), found(&path, FoundBy::Path, false));
        let home = machine.program("home/go/bin/gopls");
        assert_eq!(machine.search(&[], &asked), found(&home, FoundBy::Gopath, false));
        let tools = machine.program("tools/bin/gopls");
        let tools_gopath = format!(r#"{{ "go.toolsGopath": {:?} }}"#, machine.folder.path().join("tools"));
        let set = [(Scope::User, tools_gopath)];
        assert_eq!(machine.search(&set, &asked), found(&tools, FoundBy::ToolsGopath, false));
        let gobin = machine.program("gobin/gopls");
        machine.environment.gobin = gobin.parent().map(Into::into);
        assert_eq!(machine.search(&set, &asked), found(&gobin, FoundBy::Gobin, false));
        let own = machine.program("own/gopls-next");
        let alternate = (Scope::User, format!(r#"{{ "go.alternateTools": {{ "gopls": {:?} }} }}"#, own));
        assert_eq!(machine.search(&[alternate], &asked), found(&own, FoundBy::AlternateTools, false));
        let missing = (Scope::User, r#"{ "go.alternateTools": { "gopls": "/no/gopls" } }"#.to_owned());
        assert_eq!(machine.search(&[missing], &asked), found(&gobin, FoundBy::Gobin, true));
    }

    #[test]
    fn a_workspace_does_not_say_what_is_run_unless_it_is_trusted() {
        let machine = Machine::new();
        let theirs = machine.program("theirs/gopls");
        let text = format!(r#"{{ "go.alternateTools": {{ "gopls": {theirs:?} }} }}"#);
        let settings = [(Scope::Workspace, text)];
        let mut asked = SettingsAsked::default();
        assert!(matches!(machine.search(&settings, &asked).located, Located::Nowhere(_)));
        let gopath = machine.program("evil/bin/gopls");
        let gopath = gopath.ancestors().nth(2).expect("two up");
        let elsewhere = [(Scope::Folder, format!(r#"{{ "go.toolsGopath": {gopath:?} }}"#))];
        assert!(matches!(machine.search(&elsewhere, &asked).located, Located::Nowhere(_)));
        asked.is_trusted = true;
        assert_eq!(machine.search(&settings, &asked).located, Located::At(theirs));
        asked = SettingsAsked { gopls: Some("/by/hand".into()), ..SettingsAsked::default() };
        let by_hand = machine.search(&settings, &asked);
        assert_eq!((by_hand.located, by_hand.next), (Located::At("/by/hand".into()), None));
    }
}
