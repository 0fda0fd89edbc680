//! Which `go.work` and which modules count for gopls, by its own way of choosing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::facts::{Facts, Module, Work};

impl Facts {
    /// The `go.work` that counts for the go command, and with it for gopls.
    pub fn counting_work(&self) -> Option<&Work> {
        let says = Path::new(&self.environment.go_work);
        self.work.as_ref().filter(|work| work.source.path == says)
    }

    /// The module that a folder is in: that of the nearest `go.mod`.
    pub fn module_around(&self, folder: &Path) -> Option<&Module> {
        folder.ancestors().find_map(|above| self.modules.get(above))
    }

    /// The modules that gopls loads to begin with.
    pub fn loaded_modules(&self) -> Vec<&Module> {
        match self.counting_work() {
            Some(work) => {
                let used: BTreeSet<PathBuf> =
                    work.file.uses.iter().map(|field| work.used(&field.text)).collect();
                used.iter().filter_map(|folder| self.modules.get(folder)).collect()
            }
            None => self.module_around(&self.folder).into_iter().collect(),
        }
    }

    /// The modules below the opened folder, which are not the one that it is the folder of.
    pub(super) fn modules_below(&self) -> impl Iterator<Item = &Module> {
        self.modules.values().filter(|m| m.folder() != self.folder && m.folder().starts_with(&self.folder))
    }

    pub(super) fn exists(&self, path: &Path) -> bool {
        self.existing.contains(path)
    }

    /// Whether a module takes another one from its folder here, by a `replace` of its own or of the `go.work`.
    pub(super) fn is_replaced_by(&self, module: &Module, other: &Module) -> bool {
        let own = module.file.replace.iter().map(|replace| (module.folder(), replace));
        let of_work = self.counting_work().into_iter();
        let of_work = of_work.flat_map(|work| work.file.replace.iter().map(|r| (work.source.folder(), r)));
        own.chain(of_work).any(|(folder, replace)| {
            replace.old.path == other.path()
                && super::paths::joined(folder, &replace.new.path) == other.folder()
        })
    }
}
