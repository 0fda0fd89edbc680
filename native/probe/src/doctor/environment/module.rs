//! The module and the workspace of a folder: what they require, and which Go they want.

use std::path::{Path, PathBuf};

use stallscope_doctor::environment::{GoVersion, ModuleFacts};
use stallscope_doctor::gomod::Field;

use super::super::go_env::GoEnv;
use super::super::module_cache;
use super::super::read::{self, is_file};

/// A module that requires more is cut off; Kubernetes requires 250.
const MAX_REQUIRES: usize = 20_000;

/// Which files count for a folder.
pub(super) struct Place {
    /// The module's.
    go_mod: Option<PathBuf>,
    /// The nearest at or above the folder, whether GOWORK lets it count or not.
    pub go_work: Option<PathBuf>,
    /// Whether it does.
    is_workspace: bool,
}

impl Place {
    pub fn of(folder: &Path, env: &GoEnv) -> Self {
        let above = |name: &str| folder.ancestors().map(|it| it.join(name)).find(|path| is_file(path));
        let counts = env.folder("GOMOD").filter(|path| is_file(path));
        let named = env.folder("GOWORK").filter(|path| is_file(path));
        let is_workspace = named.is_some();
        Self {
            go_mod: counts.or_else(|| above("go.mod")),
            go_work: named.or_else(|| above("go.work")),
            is_workspace,
        }
    }

    /// None outside a module; else why it cannot be read.
    pub fn module(&self, cache: Option<&Path>) -> Result<Option<ModuleFacts>, String> {
        let Some(go_mod) = &self.go_mod else { return Ok(None) };
        let module = read::module(go_mod)?;
        let work =
            self.go_work.as_ref().filter(|_| self.is_workspace).map(|file| read::work(file)).transpose()?;
        // The workspace's go line counts for all of its modules.
        let (source, go, toolchain) = match &work {
            Some(work) => (&work.source, &work.file.go, &work.file.toolchain),
            None => (&module.source, &module.file.go, &module.file.toolchain),
        };
        let version = |line: &Option<Field>| line.as_ref().and_then(|field| GoVersion::parse(&field.text));
        let requires = module.file.require.iter().take(MAX_REQUIRES).map(|require| &require.module);
        let from_repositories = cache.map(|cache| module_cache::from_repositories(cache, requires.clone()));
        Ok(Some(ModuleFacts {
            go_mod: go_mod.display().to_string(),
            path: module.path().to_owned(),
            requires: requires.map(|module| module.path.clone()).collect(),
            from_repositories: from_repositories.unwrap_or_default(),
            is_vendored: is_file(&source.folder().join("vendor").join("modules.txt")),
            go_line_file: source.path.display().to_string(),
            go_line: version(go),
            toolchain_line: version(toolchain),
        }))
    }
}
