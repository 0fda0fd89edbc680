//! From a list of candidates to what each gopls is for this window. Pure, so that it is tested with made-up trees.

use std::collections::HashMap;

use stallscope_core::model::{GoplsProcess, GoplsRelation};

use super::argv::{Role, role, same_address};
use super::editor::editor_of;
use super::{Ancestor, Candidate, rank};

/// A process tree deeper than this is not walked further up: parents can form no cycle, but reading them one by
/// one while pids are reused can.
const MAX_DEPTH: usize = 32;

/// Names every candidate's relation to `host_pid` and marks the one to watch.
pub(super) fn classify(
    host_pid: u32,
    candidates: Vec<Candidate>,
    mut ancestor: impl FnMut(u32) -> Option<Ancestor>,
) -> Vec<GoplsProcess> {
    let mut seen: HashMap<u32, Option<Ancestor>> = HashMap::new();
    let servers: Vec<(Candidate, Role)> = candidates
        .into_iter()
        .map(|candidate| {
            let role = role(&candidate.argv);
            (candidate, role)
        })
        .filter(|(_, role)| !matches!(role, Role::Telemetry | Role::Mcp | Role::Command))
        .collect();

    let mut lineages = Vec::with_capacity(servers.len());
    for (candidate, _) in &servers {
        let mut lineage = Lineage::default();
        let mut pid = candidate.parent_pid;
        for _ in 0..MAX_DEPTH {
            lineage.pids.push(pid);
            lineage.below_host |= pid == host_pid;
            let Some(found) = seen.entry(pid).or_insert_with(|| ancestor(pid)) else { break };
            lineage.editor = lineage.editor.or_else(|| editor_of(pid, found));
            if found.parent_pid == 0 || found.parent_pid == pid {
                break;
            }
            pid = found.parent_pid;
        }
        lineages.push(lineage);
    }

    let ours = |index: usize| lineages[index].below_host;
    let is_our_daemon = |candidate: &Candidate, listen: &str| {
        servers.iter().enumerate().any(|(index, (forwarder, role))| {
            let Role::Forwarder(remote) = role else { return false };
            ours(index)
                && same_address(remote, listen)
                && (!remote.starts_with("auto") || forwarder.exe == candidate.exe)
        })
    };

    let mut processes: Vec<GoplsProcess> = servers
        .iter()
        .zip(&lineages)
        .map(|((candidate, role), lineage)| {
            // A compiled wrapper named gopls-something is the parent of the real one.
            let wraps = servers
                .iter()
                .zip(&lineages)
                .any(|((_, role), lineage)| *role == Role::Server && lineage.pids.contains(&candidate.pid));
            let relation = match role {
                Role::Daemon(listen) if is_our_daemon(candidate, listen) => GoplsRelation::Daemon,
                Role::Forwarder(_) if lineage.below_host => GoplsRelation::Forwarder,
                Role::Server if lineage.below_host && wraps => GoplsRelation::Forwarder,
                Role::Server if lineage.below_host => GoplsRelation::Ours,
                _ => GoplsRelation::Other,
            };
            GoplsProcess {
                pid: candidate.pid,
                parent_pid: candidate.parent_pid,
                started_unix_ms: candidate.started_unix_ms,
                exe: candidate.exe.to_string_lossy().into_owned(),
                rss_bytes: candidate.rss_bytes,
                relation,
                watched: false,
                editor: lineage.editor.clone(),
            }
        })
        .collect();

    // Ours first; among equals the youngest, because a restart leaves the old one dying beside the new one.
    processes.sort_by(|a, b| {
        rank(a.relation)
            .cmp(&rank(b.relation))
            .then(b.started_unix_ms.total_cmp(&a.started_unix_ms))
            .then(a.pid.cmp(&b.pid))
    });
    if let Some(first) = processes.first_mut() {
        first.watched = matches!(first.relation, GoplsRelation::Daemon | GoplsRelation::Ours);
    }
    processes
}

/// The parent of a process, its parent, and so on.
pub(super) fn ancestors(
    pid: u32,
    mut ancestor: impl FnMut(u32) -> Option<Ancestor>,
) -> impl Iterator<Item = u32> {
    let parent = move |pid: &u32| {
        let parent_pid = ancestor(*pid)?.parent_pid;
        (parent_pid != 0 && parent_pid != *pid).then_some(parent_pid)
    };
    std::iter::successors(Some(pid), parent).skip(1).take(MAX_DEPTH)
}

#[derive(Default)]
struct Lineage {
    pids: Vec<u32>,
    below_host: bool,
    editor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gopls(pid: u32, parent_pid: u32, line: &str) -> Candidate {
        Candidate {
            pid,
            parent_pid,
            started_unix_ms: f64::from(pid),
            exe: "/bin/gopls".into(),
            argv: line.split(' ').map(str::to_owned).collect(),
            rss_bytes: 1,
        }
    }

    /// `tree`: pid, parent, name.
    fn relations(host: u32, candidates: Vec<Candidate>, tree: &[(u32, u32, &str)]) -> Vec<String> {
        classify(host, candidates, |pid| {
            tree.iter().find(|row| row.0 == pid).map(|row| Ancestor {
                parent_pid: row.1,
                name: row.2.to_owned(),
                argv: Vec::new(),
            })
        })
        .iter()
        .map(|process| {
            let watched = if process.watched { " watched" } else { "" };
            format!("{} {:?}{watched}", process.pid, process.relation)
        })
        .collect()
    }

    #[test]
    fn a_direct_child_and_another_windows_gopls() {
        let tree = [(10, 1, "code"), (20, 1, "nvim")];
        let found = relations(
            10,
            vec![gopls(11, 10, "gopls"), gopls(12, 11, "gopls ** telemetry **"), gopls(21, 20, "gopls")],
            &tree,
        );
        assert_eq!(found, ["11 Ours watched", "21 Other"]);
    }

    #[test]
    fn ancestors_end_with_the_first_process_or_where_a_chain_is_absurd() {
        let tree = |pid: u32| {
            (pid > 0).then(|| Ancestor { parent_pid: pid / 2, name: String::new(), argv: Vec::new() })
        };
        assert_eq!(ancestors(20, tree).collect::<Vec<_>>(), [10, 5, 2, 1]);
        let round = |pid: u32| Some(Ancestor { parent_pid: 3 - pid, name: String::new(), argv: Vec::new() });
        assert_eq!(ancestors(1, round).count(), MAX_DEPTH);
    }

    #[test]
    fn a_grandchild_behind_a_script() {
        let tree = [(10, 1, "node"), (11, 10, "sh")];
        assert_eq!(relations(10, vec![gopls(12, 11, "gopls")], &tree), ["12 Ours watched"]);
    }

    #[test]
    fn a_compiled_wrapper_is_not_the_server() {
        let tree = [(10, 1, "node"), (11, 10, "gopls-wrapper")];
        let found = relations(10, vec![gopls(11, 10, "gopls-wrapper"), gopls(12, 11, "gopls")], &tree);
        assert_eq!(found, ["12 Ours watched", "11 Forwarder"]);
    }

    #[test]
    fn the_daemon_is_watched_when_ours_forwards() {
        let tree = [(10, 1, "node"), (11, 10, "gopls")];
        let found = relations(
            10,
            vec![
                gopls(11, 10, "gopls -remote=auto"),
                gopls(30, 1, "gopls serve -listen=unix;/tmp/gopls-1-daemon.me"),
                gopls(31, 1, "gopls serve -listen=unix;/tmp/gopls-1-daemon.me"),
            ]
            .into_iter()
            .map(|mut candidate| {
                if candidate.pid == 31 {
                    candidate.exe = "/other/gopls".into();
                }
                candidate
            })
            .collect(),
            &tree,
        );
        assert_eq!(found, ["30 Daemon watched", "11 Forwarder", "31 Other"]);
    }

    #[test]
    fn one_shot_commands_of_the_editor_are_not_servers() {
        let tree = [(10, 1, "node")];
        assert!(relations(10, vec![gopls(11, 10, "gopls version")], &tree).is_empty());
    }

    #[test]
    fn after_a_restart_the_younger_one_is_watched() {
        let tree = [(10, 1, "node")];
        let found = relations(10, vec![gopls(11, 10, "gopls"), gopls(15, 10, "gopls")], &tree);
        assert_eq!(found, ["15 Ours watched", "11 Ours"]);
    }

    #[test]
    fn a_cycle_of_parents_ends() {
        let tree = [(10, 11, "a"), (11, 10, "b")];
        assert_eq!(relations(99, vec![gopls(12, 11, "gopls")], &tree), ["12 Other"]);
    }
}
