//! Who a process above gopls is, by the rules of `core::servers`.

use std::sync::OnceLock;

use stallscope_core::servers::{Owners, Program};

use super::Ancestor;

/// The rules; none when ours are broken, which a test of theirs would have told.
pub(super) fn owners() -> Option<&'static Owners> {
    static OWNERS: OnceLock<Option<Owners>> = OnceLock::new();
    OWNERS.get_or_init(|| Owners::built_in().ok()).as_ref()
}

/// The editor or agent that an ancestor looks like: a name for the list of processes, nothing depends on it.
pub(super) fn editor_of(pid: u32, ancestor: &Ancestor) -> Option<String> {
    owners()?.name_of(&program(pid, ancestor)).map(str::to_owned)
}

pub(super) fn program(pid: u32, ancestor: &Ancestor) -> Program<'_> {
    Program { pid, name: &ancestor.name, argv: &ancestor.argv }
}
