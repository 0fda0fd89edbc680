//! What the `go` that gopls runs finds in its environment, and what of it slows gopls down or keeps it from working.

mod facts;
mod flags;
mod folders;
mod patterns;
mod private;
mod proxy;
mod proxy_table;
mod runtime;
#[cfg(test)]
mod tests;
mod toolchain;
mod version;

pub use facts::{
    EnvironmentFacts, FolderFacts, GoplsFacts, ModuleFacts, Origin, Reach, ToolchainFacts, Variable,
};
pub use proxy::{Entry, ProxyList, without_secrets};
pub use proxy_table::{ProxyRow, ProxyTable};
pub use version::GoVersion;

use crate::finding::{Confidence, Finding};
use crate::place::Place;

/// Judges the environment.
pub fn findings(facts: &EnvironmentFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(why) = &facts.go_missing {
        let finding = Finding::new("go-missing", Confidence::Certain, at("PATH"));
        found.push(finding.seen(why.clone()));
        // Without `go` nothing else is known.
        found.extend(runtime::findings(facts));
        return found;
    }
    found.extend(proxy::findings(facts));
    found.extend(private::findings(facts));
    found.extend(folders::findings(facts));
    found.extend(flags::findings(facts));
    found.extend(runtime::findings(facts));
    found.extend(toolchain::findings(facts));
    // Where we know why it refuses, that is said better already.
    if let Some(said) = &facts.go_refuses
        && !found.iter().any(|finding| finding.id == "memory-limit-refused")
    {
        let finding = Finding::new("go-env-refused", Confidence::Certain, at(named_by(said)));
        found.push(finding.seen(said.clone()));
    }
    found
}

/// The place of a variable.
fn at(name: &str) -> Place {
    Place::Environment { name: name.to_owned() }
}

/// The variable that `go` complains about, where it says so.
fn named_by(said: &str) -> &'static str {
    let known =
        ["GOPATH", "GOWORK", "GO111MODULE", "GOFLAGS", "GOMEMLIMIT", "GOROOT", "GOTOOLCHAIN", "GOENV"];
    known.into_iter().find(|name| said.contains(name)).unwrap_or("PATH")
}
