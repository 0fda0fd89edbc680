//! Made-up caches of a line or two.

use super::layout::directory_of;
use super::*;
use crate::texts::Book;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const NOW_MS: u64 = 1_000 * DAY_MS;

fn directory(seed: u8, bytes: u64, days_unused: u64) -> Directory {
    let mut size = Size { complete: true, ..Size::default() };
    size.add(Some("cas"), bytes, Some(NOW_MS - days_unused * DAY_MS));
    let sha256 = [seed; 32];
    Directory { name: directory_of(&sha256), content: Content::Cache { sha256: Some(sha256), size } }
}

fn executable(seed: u8, pids: &[u32], installed: bool) -> Executable {
    Executable {
        path: format!("/bin/gopls-{seed}"),
        sha256: [seed; 32],
        version: None,
        go_version: None,
        pids: pids.to_vec(),
        installed,
    }
}

fn facts(directories: Vec<Directory>, executables: Vec<Executable>) -> CacheFacts {
    CacheFacts {
        folder: "/cache/gopls".into(),
        not_writable: None,
        disk: None,
        directories,
        executables,
        blind: Vec::new(),
        arguments: vec!["--gopls".into(), "/opt/gopls".into()],
        now_unix_ms: NOW_MS,
    }
}

fn owners(facts: &CacheFacts) -> Vec<(String, Owner)> {
    Cache::of(facts).directories.into_iter().map(|owned| (owned.name, owned.owner)).collect()
}

fn ids(facts: &CacheFacts) -> Vec<&'static str> {
    findings(facts).iter().map(|finding| finding.id).collect()
}

#[test]
fn a_directory_is_its_executable_s() {
    let directories = vec![directory(1, 9, 0), directory(2, 9, 0), directory(3, 9, 0), directory(4, 9, 0)];
    // A gopls that runs although its file is gone, one that does both, one that is only installed.
    let executables = vec![executable(1, &[7], false), executable(2, &[8], true), executable(3, &[], true)];
    let expected = [
        ("01010101", Owner::Running),
        ("02020202", Owner::Running),
        ("03030303", Owner::Installed),
        ("04040404", Owner::Orphan),
    ];
    assert_eq!(owners(&facts(directories, executables)), expected.map(|(name, owner)| (name.into(), owner)));
}

#[test]
fn the_whole_hash_counts_where_it_is_known_and_the_name_where_not() {
    let mut twin = executable(1, &[7], true);
    twin.sha256[31] = 9;
    let mut all = facts(vec![directory(1, 9, 0)], vec![twin]);
    assert_eq!(owners(&all)[0].1, Owner::Orphan, "only its first four bytes are the same");
    let Content::Cache { sha256, .. } = &mut all.directories[0].content else { panic!("it is a cache") };
    *sha256 = None;
    assert_eq!(owners(&all)[0].1, Owner::Running);
}

#[test]
fn where_not_all_can_be_seen_what_was_used_lately_is_left_alone() {
    let mut all = facts(vec![directory(1, 9, 4), directory(2, 9, 6)], Vec::new());
    all.blind = vec![Blind::Script { path: "/bin/gopls".into() }];
    let expected = [("02020202".to_owned(), Owner::Orphan), ("01010101".to_owned(), Owner::Unsure)];
    assert_eq!(owners(&all), expected);
}

#[test]
fn the_command_that_cleans_knows_of_the_executables_that_we_were_told_of() {
    let found = findings(&facts(vec![directory(1, 1 << 30, 0)], Vec::new()));
    assert_eq!(found[0].fixes[0].command, ["stallscope", "cache", "--clean", "--gopls", "/opt/gopls"]);
}

#[test]
fn findings_are_about_what_matters() {
    let mut all = facts(vec![directory(1, 49_000_000, 0)], Vec::new());
    assert_eq!(ids(&all), [""; 0], "little is not worth a word");
    all.directories.push(directory(2, 2_000_000, 9));
    all.disk = Some(Disk { free_bytes: 999_999_999, total_bytes: 1 << 40, remote: None });
    assert_eq!(ids(&all), ["cache-disk-low", "cache-orphans"]);
    all.executables = vec![executable(1, &[], true), executable(2, &[], true)];
    all.disk = Some(Disk { free_bytes: 1 << 33, total_bytes: 1 << 40, remote: Some("NFS".into()) });
    all.not_writable = Some("Permission denied".into());
    all.directories[0].content = Content::Leftover { size: Size::default() };
    assert_eq!(ids(&all), ["cache-not-writable", "cache-on-network", "cache-leftovers"]);
}

#[test]
fn every_finding_has_its_texts_and_all_that_fills_them() {
    let mut all = facts(vec![directory(1, 1 << 30, 0), directory(2, 1, 0)], Vec::new());
    all.directories[1].content = Content::Leftover { size: Size::default() };
    all.disk = Some(Disk { free_bytes: 1, total_bytes: 1 << 40, remote: Some("NFS".into()) });
    all.not_writable = Some("Permission denied".into());
    let book = Book::built_in().expect("rules are valid");
    let found = findings(&all);
    assert_eq!(found.len(), 5);
    for finding in found {
        let told = book.tell(finding.clone(), "en").unwrap_or_else(|| panic!("no texts for {}", finding.id));
        assert!(!format!("{}{}", told.title, told.why).contains('{'), "{told:?}");
        assert!(told.fixes.iter().all(|fix| fix.title != fix.id), "{told:?}");
    }
}

fn own(facts: &CacheFacts, servers: &[u32], harmless: &[u32]) -> Option<Own> {
    View::of(facts, &Processes { servers: servers.to_vec(), harmless: harmless.to_vec() }).own
}

#[test]
fn what_may_be_removed_is_added_up() {
    let mut all = facts(vec![directory(1, 7, 0), directory(2, 5, 0), directory(3, 3, 0)], Vec::new());
    all.executables = vec![executable(1, &[7], true)];
    all.directories[2].content = Content::Leftover { size: Size { bytes: 2, files: 1, ..Size::default() } };
    let view = View::of(&all, &Processes::default());
    let expected = Removable { directories: 2, files: 2, bytes: 7, complete: false };
    assert_eq!((view.removable, view.own), (expected, None));
}

#[test]
fn the_directory_of_the_window_s_gopls_can_be_emptied_when_nobody_else_uses_it() {
    // The server, its helper, and a gopls of another executable elsewhere.
    let mut all = facts(vec![directory(1, 9, 0), directory(2, 9, 0)], Vec::new());
    all.executables = vec![executable(1, &[7, 8], true), executable(2, &[9], true)];
    let its = own(&all, &[7], &[7, 8]).expect("it runs");
    assert_eq!((its.name.as_str(), its.pids.as_slice(), its.held), ("01010101", &[7][..], None));
    assert_eq!(own(&all, &[], &[]), None, "no gopls, nothing to empty");
    // A script says nothing about who runs.
    all.blind = vec![Blind::Script { path: "/bin/gopls".into() }];
    assert_eq!(own(&all, &[7], &[7, 8]).expect("it runs").held, None);
}

#[test]
fn it_is_held_by_whoever_else_may_use_it() {
    let mut all = facts(vec![directory(1, 9, 0)], Vec::new());
    all.executables = vec![executable(1, &[7, 20, 21], true)];
    let held = |all: &CacheFacts, servers: &[u32], harmless: &[u32]| {
        own(all, servers, harmless).expect("it runs").held
    };
    assert_eq!(held(&all, &[7], &[7]), Some(Held::Shared { pids: vec![20, 21] }));
    // A daemon serves this window and others; 20 is what forwards to it.
    assert_eq!(held(&all, &[7], &[20, 21]), Some(Held::Shared { pids: vec![7] }));
    all.blind = vec![Blind::Process { pid: 30 }];
    assert_eq!(held(&all, &[7], &[7, 20, 21]), Some(Held::Unseen { pid: 30 }));
    assert_eq!(held(&all, &[7], &[7, 20, 21, 30]), None);
    all.blind = vec![Blind::Remote { file_system: "NFS".into() }];
    assert_eq!(held(&all, &[7], &[7, 20, 21]), Some(Held::Remote { file_system: "NFS".into() }));
}
