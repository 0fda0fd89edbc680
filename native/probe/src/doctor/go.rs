//! The `go` command, as gopls would run it, but kept on this machine: no module, toolchain or checksum is fetched, neither from a
//! proxy nor from where the module lives, and no flag is passed on by which a question would change a file or run a program.

use std::collections::BTreeMap;
use std::path::Path;

use super::command::{CommandError, Commands, Said};
use super::go_env::GoEnv;

/// The `go` of a user.
#[derive(Debug)]
pub(super) struct Go<'a> {
    commands: &'a Commands,
    variables: BTreeMap<String, String>,
}

impl<'a> Go<'a> {
    /// With variables beside our own environment, of which `go env` has said this.
    pub fn new(commands: &'a Commands, variables: &BTreeMap<String, String>, env: &GoEnv) -> Self {
        let mut variables = variables.clone();
        variables.extend(offline(env).map(|(name, value)| (name.to_owned(), value)));
        Self { commands, variables }
    }

    /// Runs it in a folder.
    pub fn run(&self, folder: &Path, arguments: &[&str]) -> Result<Said, CommandError> {
        run(self.commands, folder, &self.variables, arguments)
    }
}

/// Runs `go` with these variables beside our own environment. It downloads no toolchain, and leaves no child behind that reports
/// how it is used; whether it may fetch anything else is for the variables to say.
pub(super) fn run(
    commands: &Commands,
    folder: &Path,
    variables: &BTreeMap<String, String>,
    arguments: &[&str],
) -> Result<Said, CommandError> {
    let argv: Vec<&str> = ["go"].iter().chain(arguments).copied().collect();
    let mut variables = variables.clone();
    let always = [
        ("GOTOOLCHAIN", "local".to_owned()),
        ("GO_TELEMETRY_CHILD", "2".to_owned()),
        // It knows a folder by the name that it was opened with.
        ("PWD", folder.display().to_string()),
    ];
    variables.extend(always.map(|(name, value)| (name.to_owned(), value)));
    commands.run(folder, &argv, variables)
}

fn offline(env: &GoEnv) -> impl Iterator<Item = (&'static str, String)> {
    let set = [
        ("GOPROXY", "off"),
        // What is fetched from its own host would be fetched whatever GOPROXY says. An empty value would count as not set.
        ("GONOPROXY", "none"),
        ("GOVCS", "*:off"),
        // Whose checksum is not known is then an error, not a line in go.work.sum.
        ("GONOSUMDB", "none"),
    ];
    let asked = |name| env.get(name).unwrap_or_default();
    let worked_out =
        [("GOSUMDB", without_network(asked("GOSUMDB"))), ("GOFLAGS", harmless(asked("GOFLAGS")))];
    set.map(|(name, value)| (name, value.to_owned())).into_iter().chain(worked_out)
}

/// The checksum database by its name, so that what is known of it counts, at a place where nothing answers: with `GOPROXY=off` alone
/// it would be asked over the network.
fn without_network(database: &str) -> String {
    let name = database.split_whitespace().next().filter(|name| *name != "off").unwrap_or("sum.golang.org");
    format!("{name} file:///nowhere")
}

/// GOFLAGS without those by which a question would change `go.mod`, or run a program. Never empty: what `go env -w` set would count.
fn harmless(flags: &str) -> String {
    let is_harmless = |flag: &&str| {
        let flag = flag.trim_start_matches('-');
        flag != "mod=mod" && !["toolexec=", "exec=", "vettool="].iter().any(|start| flag.starts_with(start))
    };
    let flags: Vec<&str> = flags.split_whitespace().filter(is_harmless).collect();
    if flags.is_empty() { "-x=false".to_owned() } else { flags.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flag_changes_files_and_no_database_is_reached() {
        let flags = "-mod=mod -tags=x --mod=mod -toolexec=evil -mod=vendor";
        assert_eq!(harmless(flags), "-tags=x -mod=vendor");
        assert_eq!(harmless("-mod=mod"), "-x=false");
        assert_eq!(without_network("off"), "sum.golang.org file:///nowhere");
        assert_eq!(without_network("my.db+key https://my.db"), "my.db+key file:///nowhere");
    }
}
