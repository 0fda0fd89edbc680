//! The editor's settings for Go: what each says, which of them counts, what the user's own gopls makes of it.
//!
//! [`Facts`] is the door: the files as they are ([`Document`]), what gopls says of itself ([`Server`]), what we know by heart
//! ([`known`]). The rules are below: `go_keys` and `gopls_keys` whether a setting exists and is taken, `start` whether gopls
//! starts at all and how, `costly` what costs time or memory, `environment` what is passed to gopls and `go`.

mod costly;
mod document;
mod edit;
mod environment;
mod extension;
mod flags;
mod folder;
mod go_keys;
mod gopls_keys;
mod layers;
mod misplaced;
mod seen;
mod server;
mod start;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

pub use costly::Cost;
pub use document::{Document, DocumentError, MAX_FILE_BYTES, Member, Node, Value, Workspace};
pub use environment::RUNTIME;
pub use extension::{Extension, ExtensionSetting, Former, Lore, ManifestError, known};
pub use flags::{Argument, Trouble, read as read_flags};
pub use folder::FolderSettings;
pub use layers::{Layers, Setting};
pub use seen::{SeenSetting, seen};
pub use server::{Flags, Kind, Server, ServerError, ServerOption};

use crate::finding::Finding;

#[cfg(test)]
pub(crate) use edit::tests::applied;

/// What is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The settings files.
    pub layers: Layers,
    /// The user's gopls; absent where it could not be asked. What only it can say is not judged then.
    pub server: Option<Server>,
    /// The Go extension's settings.
    pub extension: Extension,
    /// What gopls does not say.
    pub lore: Lore,
    /// What settings were measured to cost here, by gopls's names for them.
    pub costs: BTreeMap<String, Cost>,
    /// Sizes of the log files that flags name, by the name that stands there.
    pub log_bytes: BTreeMap<String, u64>,
    /// The gopls that `go.alternateTools` names is not there, or cannot be run.
    pub alternate_is_missing: bool,
}

/// Judges all of it.
pub fn examine(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    start::examine(facts, &mut findings);
    go_keys::examine(facts, &mut findings);
    gopls_keys::examine(facts, &mut findings);
    misplaced::examine(facts, &mut findings);
    environment::examine(facts, &mut findings);
    costly::examine(facts, &mut findings);
    findings
}
