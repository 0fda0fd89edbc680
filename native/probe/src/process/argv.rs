//! What a gopls was started as, read from its command line.

/// The role that a command line gives to a gopls process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// A language server on stdio.
    Server,
    /// A server that others connect to, with its listen address.
    Daemon(String),
    /// Forwards to a daemon, with the `-remote` address.
    Forwarder(String),
    /// The crash monitor that every gopls starts.
    Telemetry,
    /// `gopls mcp`: a workspace in memory for an agent, and no language server.
    Mcp,
    /// `gopls version`, `gopls check …`: short-lived, serves no editor.
    Command,
}

/// gopls's flags that take a value as the next argument when it is not attached with `=`.
const VALUED: [&str; 17] = [
    "debug",
    "listen",
    "listen.timeout",
    "logfile",
    "mode",
    "ocagent",
    "otel",
    "port",
    "profile.alloc",
    "profile.block",
    "profile.cpu",
    "profile.mem",
    "profile.trace",
    "remote",
    "remote.debug",
    "remote.listen.timeout",
    "remote.logfile",
];

/// Reads the role from `argv` (`argv[0]` is the program).
pub(super) fn role(argv: &[String]) -> Role {
    let mut listen = None;
    let mut remote = None;
    let mut arguments = argv.iter().skip(1);
    while let Some(argument) = arguments.next() {
        // The monitor's argv is `gopls ** telemetry **`, as one or as three arguments.
        if argument.starts_with("** telemetry") || argument == "**" {
            return Role::Telemetry;
        }
        let Some(flag) = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')) else {
            match argument.as_str() {
                "serve" => continue,
                "mcp" => return Role::Mcp,
                _ => return Role::Command,
            }
        };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None if VALUED.contains(&flag) => (flag, arguments.next().map(String::as_str)),
            None => (flag, None),
        };
        match name {
            "listen" => listen = value,
            "remote" => remote = value,
            _ => {}
        }
    }
    match (remote, listen) {
        (Some(remote), _) if !remote.is_empty() => Role::Forwarder(remote.to_owned()),
        (_, Some(listen)) if !listen.is_empty() => Role::Daemon(listen.to_owned()),
        _ => Role::Server,
    }
}

/// Whether the daemon listening on `listen` is the one that `-remote=<remote>` means, as far as the two texts
/// tell. `auto` derives the address from the executable and the user, which the caller compares.
pub(super) fn same_address(remote: &str, listen: &str) -> bool {
    match remote.split_once(';').map_or((remote, ""), |(network, address)| (network, address)) {
        ("auto", "") => listen.starts_with("unix;") || listen.starts_with("tcp;") || !listen.contains(';'),
        // gopls appends the id to the socket's name.
        ("auto", id) => listen.ends_with(&format!("-{id}")),
        _ => normal(remote) == normal(listen),
    }
}

/// `tcp;` is the default network; the ways to name the loopback address are one.
fn normal(address: &str) -> String {
    let address = address.strip_prefix("tcp;").unwrap_or(address);
    match address.rsplit_once(':') {
        Some(("" | "localhost" | "127.0.0.1" | "[::1]", port)) => format!("localhost:{port}"),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &[&str]) -> Role {
        role(&line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn roles_by_command_line() {
        assert_eq!(of(&["gopls"]), Role::Server);
        assert_eq!(of(&["gopls", "-debug=127.0.0.1:0", "-rpc.trace"]), Role::Server);
        assert_eq!(of(&["gopls", "-debug", "127.0.0.1:0", "serve"]), Role::Server);
        assert_eq!(of(&["gopls", "-mode=stdio"]), Role::Server);
        assert_eq!(of(&["gopls", "** telemetry **"]), Role::Telemetry);
        assert_eq!(of(&["gopls", "**", "telemetry", "**"]), Role::Telemetry);
        assert_eq!(of(&["gopls", "version"]), Role::Command);
        assert_eq!(of(&["gopls", "-v", "check", "a.go"]), Role::Command);
        assert_eq!(of(&["gopls", "-debug=127.0.0.1:0", "mcp", "-listen=localhost:3000"]), Role::Mcp);
        assert_eq!(of(&["gopls", "-remote=auto"]), Role::Forwarder("auto".into()));
        assert_eq!(of(&["gopls", "--remote", "auto;x"]), Role::Forwarder("auto;x".into()));
        assert_eq!(of(&["gopls", "serve", "-listen", "unix;/tmp/s"]), Role::Daemon("unix;/tmp/s".into()));
        assert_eq!(of(&[]), Role::Server);
    }

    #[test]
    fn daemon_addresses() {
        assert!(same_address("auto", "unix;/tmp/gopls-abc-daemon.me"));
        assert!(same_address("auto;work", "unix;/tmp/gopls-abc-daemon.me-work"));
        assert!(!same_address("auto;work", "unix;/tmp/gopls-abc-daemon.me"));
        assert!(same_address(":37374", "tcp;127.0.0.1:37374"));
        assert!(same_address("unix;/tmp/s", "unix;/tmp/s"));
        assert!(!same_address("unix;/tmp/s", "unix;/tmp/t"));
        assert!(!same_address("localhost:1", "localhost:2"));
    }
}
