//! Whether several gopls had better be one daemon (`-remote=auto`): what that would save, and what speaks against it.
//!
//! What a daemon shares is less than its name promises. Every session keeps its own workspace; in common are the runtime, what
//! was read from files, and the memory that a garbage collection needs beside the living. So the saving is an estimate by what was
//! measured, and only told of gopls of the same folder.

use std::collections::BTreeMap;

use super::{Server, ServerRole};
use crate::model::{Bytes, MB};

/// What a further session of the same folder took in a daemon, as a share of what a gopls of its own takes
/// (docs/watching.md has the measurements).
const FURTHER_SESSION: f64 = 0.53;
/// What a forwarder takes.
const FORWARDER_BYTES: Bytes = 39 * MB;
/// Less is not worth to have one crash end all of them.
const WORTH_BYTES: Bytes = 200 * MB;

/// A gopls with its resident memory.
type Measured<'a> = (&'a Server, Bytes);

/// What speaks against sharing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// Variables that a daemon has once for all are not the same in all of them.
    Environment {
        /// Which.
        variables: Vec<String>,
    },
    /// Too little would be saved: every session keeps a workspace of its own.
    Little,
}

/// Several gopls of one executable, as one daemon.
#[derive(Debug, Clone, PartialEq)]
pub struct Sharing {
    /// The executable: a daemon is shared by those of one executable only.
    pub exe: String,
    /// Its version.
    pub version: Option<String>,
    /// The processes.
    pub pids: Vec<u32>,
    /// Who uses them, each once.
    pub owners: Vec<String>,
    /// In how many folders they work.
    pub folders: usize,
    /// What they take now, measured.
    pub rss_bytes: Bytes,
    /// What those that have a folder in common would take less, estimated, with the forwarders that would come instead.
    pub saving_bytes: Bytes,
    /// What speaks against it; nothing when it fits.
    pub against: Vec<Against>,
    /// How many others run another executable or version, and could not take part.
    pub others: usize,
}

impl Sharing {
    /// Whether it is to be advised.
    pub fn fits(&self) -> bool {
        self.against.is_empty()
    }
}

/// What is to be said of these gopls, each with its resident memory; the largest saving first.
pub fn advise(all: &[Measured<'_>]) -> Vec<Sharing> {
    let servers: Vec<_> = all.iter().filter(|(server, _)| server.role == ServerRole::Server).collect();
    let mut groups: BTreeMap<(&str, Option<&str>), Vec<Measured<'_>>> = BTreeMap::new();
    for (server, rss_bytes) in &servers {
        let key = (&*server.exe, server.version.as_deref());
        groups.entry(key).or_default().push((server, *rss_bytes));
    }
    let mut sharing: Vec<Sharing> = groups
        .into_iter()
        .filter(|(_, group)| group.len() > 1)
        .map(|((exe, version), group)| {
            let saving_bytes = saving(&group);
            let mut against: Vec<Against> = differing(&group).into_iter().collect();
            if saving_bytes < WORTH_BYTES {
                against.push(Against::Little);
            }
            let mut owners: Vec<String> = group.iter().map(|(server, _)| server.owner.name.clone()).collect();
            owners.sort();
            owners.dedup();
            Sharing {
                exe: exe.to_owned(),
                version: version.map(str::to_owned),
                pids: group.iter().map(|(server, _)| server.pid).collect(),
                owners,
                folders: by_folder(&group).len(),
                rss_bytes: group.iter().map(|(_, rss)| rss).sum(),
                saving_bytes,
                against,
                others: servers.len() - group.len(),
            }
        })
        .collect();
    sharing.sort_by_key(|sharing| std::cmp::Reverse((sharing.saving_bytes, sharing.rss_bytes)));
    sharing
}

/// Of each folder the largest stays as it is, the others become sessions beside it.
fn saving(group: &[Measured<'_>]) -> Bytes {
    let of_folder = |sizes: &Vec<Bytes>| {
        let further = sizes.iter().sum::<Bytes>() - sizes.iter().max().copied().unwrap_or(0);
        let saved = (further as f64 * (1.0 - FURTHER_SESSION)) as Bytes;
        if sizes.len() > 1 { saved.saturating_sub(FORWARDER_BYTES * sizes.len() as Bytes) } else { 0 }
    };
    by_folder(group).values().map(of_folder).sum()
}

/// The sizes of those in one folder. One whose folder is not known is by itself.
fn by_folder(group: &[Measured<'_>]) -> BTreeMap<String, Vec<Bytes>> {
    let mut folders: BTreeMap<String, Vec<Bytes>> = BTreeMap::new();
    for (server, rss_bytes) in group {
        let folder = server.folder.clone().unwrap_or_else(|| format!("? {}", server.pid));
        folders.entry(folder).or_default().push(*rss_bytes);
    }
    folders
}

fn differing(group: &[Measured<'_>]) -> Option<Against> {
    let mut values: BTreeMap<&str, Vec<Option<&String>>> = BTreeMap::new();
    for name in group.iter().flat_map(|(server, _)| server.environment.keys()) {
        values.entry(name).or_insert_with(|| group.iter().map(|(s, _)| s.environment.get(name)).collect());
    }
    let differs = |values: &Vec<Option<&String>>| values.windows(2).any(|pair| pair[0] != pair[1]);
    let variables: Vec<String> =
        values.iter().filter(|(_, values)| differs(values)).map(|(name, _)| (*name).to_owned()).collect();
    (!variables.is_empty()).then_some(Against::Environment { variables })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::{Owner, OwnerKind};

    fn server(pid: u32, version: &str, folder: &str) -> Server {
        let owner = Owner { kind: OwnerKind::Agent, name: "Claude Code".into(), pid: 1, within: None };
        Server {
            pid,
            started_unix_ms: f64::from(pid),
            exe: format!("/bin/gopls-{version}"),
            version: Some(version.to_owned()),
            role: ServerRole::Server,
            owner,
            folder: Some(folder.to_owned()),
            environment: BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]),
            clients: Vec::new(),
        }
    }

    fn advice(all: &[(Server, Bytes)]) -> Vec<Sharing> {
        advise(&all.iter().map(|(server, mb)| (server, mb * MB)).collect::<Vec<_>>())
    }

    #[test]
    fn several_of_one_folder_fit_and_the_sum_is_what_was_measured() {
        let all: Vec<_> = (1..=4).map(|pid| (server(pid, "v0.23.0", "/src"), 500)).collect();
        let told = advice(&all);
        assert_eq!(told.len(), 1);
        let sharing = &told[0];
        assert!(sharing.fits(), "{sharing:?}");
        assert_eq!((sharing.rss_bytes, sharing.folders, sharing.others), (2_000 * MB, 1, 0));
        assert_eq!(sharing.pids, [1, 2, 3, 4]);
        // Three further ones of 500 MB, of which 47 % are not needed, and four forwarders.
        let wanted = 705 * MB - 4 * FORWARDER_BYTES;
        assert!(sharing.saving_bytes.abs_diff(wanted) < MB, "{}", sharing.saving_bytes);
        assert_eq!(sharing.owners, ["Claude Code"]);
    }

    #[test]
    fn different_folders_promise_nothing() {
        let all: Vec<_> = (1..=4).map(|pid| (server(pid, "v0.23.0", &format!("/src/{pid}")), 500)).collect();
        let sharing = &advice(&all)[0];
        assert_eq!((sharing.saving_bytes, sharing.folders), (0, 4));
        assert_eq!(sharing.against, [Against::Little]);
    }

    #[test]
    fn another_version_or_a_single_one_cannot_share() {
        let all = [
            (server(1, "v0.22.0", "/src"), 900),
            (server(2, "v0.23.0", "/src"), 900),
            (server(3, "v0.23.0", "/src"), 900),
        ];
        let told = advice(&all);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].pids.as_slice(), told[0].others), ([2, 3].as_slice(), 1));
        assert!(advice(&all[..2]).is_empty());
    }

    #[test]
    fn what_a_daemon_has_once_for_all_must_be_the_same() {
        let mut all: Vec<_> = (1..=3).map(|pid| (server(pid, "v0.23.0", "/src"), 900)).collect();
        all[1].0.environment.insert("GOMEMLIMIT".into(), "1GiB".into());
        all[2].0.environment.insert("PATH".into(), "/other".into());
        let variables = vec!["GOMEMLIMIT".to_owned(), "PATH".to_owned()];
        assert_eq!(advice(&all)[0].against, [Against::Environment { variables }]);
    }

    #[test]
    fn a_daemon_is_shared_already() {
        let mut all: Vec<_> = (1..=2).map(|pid| (server(pid, "v0.23.0", "/src"), 900)).collect();
        all[0].0.role = ServerRole::Daemon;
        assert!(advice(&all).is_empty());
    }
}
