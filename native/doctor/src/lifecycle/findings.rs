//! What is wrong with how gopls was started, and how it ended.

use super::facts::{Lifecycle, LogLife, Server, ServerRole};
use crate::finding::{Confidence, Finding};
use crate::place::Place;

/// The Go extension starts a server four times after it has crashed, and not a fifth time.
const LAST_CRASH: u64 = 5;

/// Judges the servers.
pub fn findings(life: &Lifecycle) -> Vec<Finding> {
    let mut found: Vec<Finding> = life.servers.iter().filter_map(replaced).collect();
    found.extend(several(&life.servers));
    if let Some(log) = &life.log {
        found.extend(of_log(log));
    }
    found
}

/// It was updated, and goes on as what it was.
fn replaced(server: &Server) -> Option<Finding> {
    let now = server.replaced_by.as_ref()?;
    let finding = Finding::new("gopls-replaced", Confidence::Certain, Place::Process { pid: server.pid });
    let version = server.version.as_deref().unwrap_or("of a work tree");
    let finding = finding.with("exe", &server.exe).seen(format!("process {}: gopls {version}", server.pid));
    Some(finding.seen(format!("{}: {now}", server.exe)))
}

/// Two servers of one parent: an editor has one for a window, unless an old one does not end.
fn several(servers: &[Server]) -> Option<Finding> {
    let serves = |server: &&Server| matches!(server.role, ServerRole::Ours | ServerRole::Other);
    let first = servers.iter().filter(serves).find(|server| {
        let same = servers.iter().filter(serves).filter(|other| other.parent_pid == server.parent_pid);
        // What the first process adopts, or a service manager, has no editor above it.
        server.editor.is_some() && same.count() > 1
    })?;
    let same = servers.iter().filter(serves).filter(|other| other.parent_pid == first.parent_pid);
    let lines = same.map(|server| {
        let (minutes, megabytes) = (server.uptime_s / 60, server.rss_bytes / 1_000_000);
        format!("process {}: for {minutes} minutes, {megabytes} MB, {}", server.pid, server.exe)
    });
    let finding = Finding::new("gopls-twice", Confidence::Likely, Place::Process { pid: first.pid });
    let finding = finding.with("editor", first.editor.as_deref().unwrap_or_default());
    Some(lines.take(8).fold(finding, Finding::seen))
}

fn of_log(log: &LogLife) -> Option<Finding> {
    let place = || Place::File { path: log.path.clone(), range: None };
    let (id, sure) = match log.crashes {
        _ if log.given_up => ("gopls-given-up", Confidence::Certain),
        crashes if crashes >= LAST_CRASH => ("gopls-given-up", Confidence::Likely),
        0 if log.starts > 1 => {
            let finding = Finding::new("gopls-restarted", Confidence::Certain, place());
            return Some(finding.with("count", log.starts));
        }
        0 => return None,
        _ => ("gopls-crashed", Confidence::Certain),
    };
    let finding = Finding::new(id, sure, place()).with("count", log.crashes);
    Some(log.last_words.iter().cloned().fold(finding, Finding::seen))
}
