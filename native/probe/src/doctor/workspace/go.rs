//! What the go command says of a workspace. It is asked as gopls asks it.

use std::path::PathBuf;

use serde::Deserialize;
use stallscope_doctor::workspace::{Environment, Facts, Package};

use super::super::go::Go;
use super::super::go_env::GoEnv;

/// Modules are loaded together, as gopls does; more are not asked for.
const MOST_PATTERNS: usize = 1_000;
const MOST_IGNORED: usize = 5_000;
const MOST_ERROR_CHARS: usize = 2_000;
/// Flags by which a list of packages becomes another one. The others do nothing there, or let it run programs.
const SELECTING: [&str; 7] = ["asan", "compiler", "modfile", "msan", "overlay", "race", "tags"];

/// What `go list` found.
#[derive(Default)]
pub(super) struct Listed {
    pub packages: Vec<Package>,
    /// Go files that build constraints leave out.
    pub ignored: Vec<PathBuf>,
    pub error: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ListedPackage {
    import_path: String,
    dir: String,
    go_files: Vec<String>,
    cgo_files: Vec<String>,
    test_go_files: Vec<String>,
    #[serde(rename = "XTestGoFiles")]
    x_test_go_files: Vec<String>,
    ignored_go_files: Vec<String>,
    imports: Vec<String>,
    test_imports: Vec<String>,
    #[serde(rename = "XTestImports")]
    x_test_imports: Vec<String>,
}

const FIELDS: &str = "-json=ImportPath,Dir,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,IgnoredGoFiles,Imports,TestImports,XTestImports";

/// The variables that matter here.
pub(super) fn environment(env: &GoEnv) -> Environment {
    let value = |name| env.get(name).unwrap_or_default();
    Environment {
        go_work: value("GOWORK").to_owned(),
        go_version: value("GOVERSION").trim_start_matches("go").to_owned(),
        go_111_module: value("GO111MODULE").to_owned(),
        go_path: std::env::split_paths(value("GOPATH")).collect(),
        go_flags: value("GOFLAGS").to_owned(),
    }
}

/// The packages that gopls would load to begin with. `build_flags` are those of its settings.
pub(super) fn list(go: &Go, facts: &Facts, build_flags: &[String]) -> Result<Listed, String> {
    let driver = std::env::var("GOPACKAGESDRIVER").unwrap_or_default();
    if !driver.is_empty() && driver != "off" {
        return Err(format!("GOPACKAGESDRIVER is {driver}: gopls does not ask go list"));
    }
    let modules = facts.loaded_modules();
    let patterns = modules.iter().map(|module| module.folder().join("...").display().to_string());
    let patterns: Vec<String> = patterns.take(MOST_PATTERNS).collect();
    if patterns.is_empty() {
        return Ok(Listed::default());
    }
    let flags = selecting(build_flags);
    let mut arguments = vec!["list", "-e", "-buildvcs=false", FIELDS];
    arguments.extend(flags.iter().map(String::as_str));
    arguments.push("--");
    arguments.extend(patterns.iter().map(String::as_str));
    // From where gopls asks: the folder of the go.work or of the module.
    let from = facts.counting_work().map(|work| work.source.folder());
    let from = from.or_else(|| modules.first().map(|module| module.folder())).unwrap_or(&facts.folder);
    let said = go.run(from, &arguments).map_err(|error| error.to_string())?;
    let mut listed = Listed::default();
    for package in serde_json::Deserializer::from_slice(&said.stdout).into_iter::<ListedPackage>() {
        match package {
            Ok(package) => listed.add(package),
            Err(error) => return Err(format!("go list: {error}")),
        }
    }
    if !said.success {
        listed.error = said.stderr.chars().take(MOST_ERROR_CHARS).collect();
    }
    Ok(listed)
}

/// Those of the build flags that say which files count, each with its value in one: `-tags=a,b`.
fn selecting(flags: &[String]) -> Vec<String> {
    let mut rest = flags.iter().peekable();
    let mut found = Vec::new();
    while let Some(flag) = rest.next() {
        let Some(bare) = flag.strip_prefix("--").or_else(|| flag.strip_prefix('-')) else { continue };
        let (name, value) = bare.split_once('=').map_or((bare, None), |(name, value)| (name, Some(value)));
        let is_switch = matches!(name, "asan" | "msan" | "race");
        let value = match value {
            None if !is_switch => rest.next_if(|next| !next.starts_with('-')).map(String::as_str),
            value => value,
        };
        let is_vendor = name == "mod" && value.is_some_and(|value| value != "mod");
        if SELECTING.contains(&name) && (is_switch || value.is_some()) || is_vendor {
            found.push(value.map_or_else(|| format!("-{name}"), |value| format!("-{name}={value}")));
        }
    }
    found
}

impl Listed {
    fn add(&mut self, package: ListedPackage) {
        let folder = PathBuf::from(&package.dir);
        let room = MOST_IGNORED.saturating_sub(self.ignored.len());
        self.ignored.extend(package.ignored_go_files.iter().take(room).map(|name| folder.join(name)));
        let files = [&package.go_files, &package.cgo_files, &package.test_go_files, &package.x_test_go_files];
        let files = files.iter().map(|files| files.len() as u64).sum();
        if files == 0 {
            return;
        }
        let imports = package.imports.into_iter().chain(package.test_imports).chain(package.x_test_imports);
        self.packages.push(Package { path: package.import_path, folder, files, imports: imports.collect() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_flags_that_select_files_are_passed_on() {
        let flags = |flags: &[&str]| selecting(&flags.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(flags(&["-tags", "a,b", "-race", "-v"]), ["-tags=a,b", "-race"]);
        assert_eq!(flags(&["--tags=a", "-mod=vendor"]), ["-tags=a", "-mod=vendor"]);
        for refused in [
            &["-toolexec", "evil"][..],
            &["-toolexec=evil", "-exec=evil"],
            &["-mod=mod"],
            &["-mod", "mod"],
            &["-export", "-compiled", "-u", "-m"],
            &["-o", "-tags"],
            &["-tags"],
            &["-C", "/elsewhere", "./..."],
            &["-json", "-f", "{{.}}"],
        ] {
            assert_eq!(flags(refused), Vec::<String>::new(), "{refused:?}");
        }
    }
}
