//! From a list of candidates to the servers of a user, with whom each serves. Pure, so that it is tested with made-up trees.

use stallscope_core::servers::{Client, Owner, Owners, Server, ServerRole};

use super::argv::{Role, role, same_address};
use super::editor::program;
use super::relation::ancestors;
use super::{Ancestor, Candidate};

/// A candidate, with what was looked up once when it appeared.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub candidate: Candidate,
    role: Role,
    above: Vec<u32>,
    owner: Owner,
    folder: Option<String>,
}

impl Known {
    /// `None` for what keeps no workspace: helpers and one-shot commands.
    pub fn new(
        candidate: Candidate,
        folder: Option<String>,
        owners: &Owners,
        mut ancestor: impl FnMut(u32) -> Option<Ancestor>,
    ) -> Option<Self> {
        let role = role(&candidate.argv);
        if matches!(role, Role::Telemetry | Role::Command) {
            return None;
        }
        let above: Vec<u32> = ancestors(candidate.pid, |pid| {
            if pid == candidate.pid {
                let (parent_pid, name, argv) = (candidate.parent_pid, String::new(), Vec::new());
                return Some(Ancestor { parent_pid, name, argv });
            }
            ancestor(pid)
        })
        .collect();
        let described: Vec<(u32, Ancestor)> =
            above.iter().filter_map(|pid| Some((*pid, ancestor(*pid)?))).collect();
        let programs: Vec<_> = described.iter().map(|(pid, ancestor)| program(*pid, ancestor)).collect();
        let owner = owners.owner(&programs);
        Some(Self { candidate, role, above, owner, folder })
    }
}

/// The servers among them, oldest first. Forwarders are told as the clients of their daemon, and a compiled wrapper around a
/// server not at all.
pub(super) fn servers(all: &[&Known]) -> Vec<Server> {
    let mut servers: Vec<Server> = all.iter().filter_map(|known| server(known, all)).collect();
    servers.sort_by(|a, b| a.started_unix_ms.total_cmp(&b.started_unix_ms).then(a.pid.cmp(&b.pid)));
    servers
}

fn server(known: &Known, all: &[&Known]) -> Option<Server> {
    let Candidate { pid, started_unix_ms, exe, .. } = &known.candidate;
    let role = match &known.role {
        Role::Server if wraps(*pid, all) => return None,
        Role::Server => ServerRole::Server,
        Role::Daemon(_) => ServerRole::Daemon,
        Role::Mcp => ServerRole::Mcp,
        Role::Forwarder(_) | Role::Telemetry | Role::Command => return None,
    };
    Some(Server {
        pid: *pid,
        started_unix_ms: *started_unix_ms,
        exe: exe.to_string_lossy().into_owned(),
        version: None,
        role,
        owner: known.owner.clone(),
        folder: known.folder.clone(),
        environment: std::collections::BTreeMap::new(),
        clients: clients(known, all),
    })
}

fn wraps(pid: u32, all: &[&Known]) -> bool {
    all.iter().any(|other| other.role == Role::Server && other.above.contains(&pid))
}

fn clients(daemon: &Known, all: &[&Known]) -> Vec<Client> {
    let Role::Daemon(listen) = &daemon.role else { return Vec::new() };
    let connects = |known: &&&Known| {
        let Role::Forwarder(remote) = &known.role else { return false };
        same_address(remote, listen)
            && (!remote.starts_with("auto") || known.candidate.exe == daemon.candidate.exe)
    };
    let client = |known: &&Known| Client {
        pid: known.candidate.pid,
        owner: known.owner.clone(),
        folder: known.folder.clone(),
        rss_bytes: known.candidate.rss_bytes,
    };
    all.iter().filter(connects).map(client).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// `tree`: pid, parent, name. Candidates: pid, parent, command line, folder.
    fn told(candidates: &[(u32, u32, &str, &str)], tree: &[(u32, u32, &str)]) -> Vec<String> {
        let owners = Owners::built_in().unwrap();
        let ancestor = |pid: u32| {
            let of = |pid: &u32, parent: &u32, name: &str| Ancestor {
                parent_pid: *parent,
                name: name.to_owned(),
                argv: vec![format!("/usr/bin/{name}"), format!("{pid}")],
            };
            let gopls = candidates.iter().find(|row| row.0 == pid).map(|row| of(&row.0, &row.1, "gopls"));
            gopls.or_else(|| tree.iter().find(|row| row.0 == pid).map(|row| of(&row.0, &row.1, row.2)))
        };
        let known: Vec<Known> = candidates
            .iter()
            .filter_map(|(pid, parent_pid, line, folder)| {
                let candidate = Candidate {
                    pid: *pid,
                    parent_pid: *parent_pid,
                    started_unix_ms: f64::from(*pid),
                    exe: "/bin/gopls".into(),
                    argv: line.split(' ').map(str::to_owned).collect(),
                    rss_bytes: 1,
                };
                Known::new(candidate, Some((*folder).to_owned()), &owners, ancestor)
            })
            .collect();
        let all: Vec<&Known> = known.iter().collect();
        let words = |server: &Server| {
            let clients: Vec<String> =
                server.clients.iter().map(|client| format!("{} {}", client.pid, client.owner.name)).collect();
            let (pid, role, owner) = (server.pid, server.role.name(), &server.owner.name);
            format!("{pid} {role} of {owner} [{}]", clients.join(", "))
        };
        servers(&all).iter().map(words).collect()
    }

    #[test]
    fn each_server_has_its_owner_and_helpers_are_none() {
        let tree = [(10, 5, "nvim"), (5, 1, "bash"), (1, 0, "systemd"), (20, 5, "claude"), (30, 1, "make")];
        let found = told(
            &[
                (12, 11, "gopls ** telemetry **", "/a"),
                (11, 10, "gopls", "/a"),
                (21, 20, "gopls mcp", "/b"),
                (31, 30, "gopls -debug=127.0.0.1:0", "/c"),
                (32, 10, "gopls version", "/c"),
            ],
            &tree,
        );
        assert_eq!(found, ["11 server of Neovim []", "21 mcp of Claude Code []", "31 server of make []"]);
    }

    #[test]
    fn a_shared_daemon_is_one_server_with_its_clients() {
        let tree = [(10, 1, "nvim"), (20, 1, "claude"), (1, 0, "init")];
        let found = told(
            &[
                (11, 10, "gopls -remote=auto", "/a"),
                (12, 1, "gopls serve -listen unix;/run/gopls-123456-daemon.me -listen.timeout 1m0s", "/a"),
                (21, 20, "gopls -remote=auto", "/b"),
                (22, 20, "gopls -remote=localhost:7777", "/b"),
            ],
            &tree,
        );
        assert_eq!(found, ["12 daemon of init [11 Neovim, 21 Claude Code]"]);
    }

    #[test]
    fn a_compiled_wrapper_is_not_counted_beside_what_it_wraps() {
        let found = told(&[(11, 10, "gopls-wrapper", "/a"), (12, 11, "gopls", "/a")], &[(10, 1, "hx")]);
        assert_eq!(found, ["12 server of Helix []"]);
    }
}
