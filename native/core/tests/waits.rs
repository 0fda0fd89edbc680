//! What the goroutine profiles of real waits tell, on every supported gopls: the rules must know the functions of each.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use stallscope_core::wait::{Phase, WaitRules, WaitSample};

const VERSIONS: [&str; 5] = ["v0.18.1", "v0.21.0", "v0.22.0", "v0.23.0", "v0.24.0"];

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures").join(name)
}

fn profiles(of: &str) -> Vec<(String, WaitSample)> {
    let mut names: Vec<String> = fs::read_dir(folder(of))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.ends_with(".pb.gz"))
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let bytes = fs::read(folder(of).join(&name)).unwrap();
            let profile = stallscope_pprof::decode(&bytes, &stallscope_pprof::Limits::default()).unwrap();
            (name, WaitSample::read(&profile, 0, WaitRules::embedded()))
        })
        .collect()
}

#[test]
fn every_moment_of_the_wait_is_told_as_it_was() {
    let mut told = String::new();
    for (name, sample) in profiles("waits") {
        write!(told, "{name}: {} goroutines", sample.goroutines).unwrap();
        for serving in &sample.serving {
            write!(told, "; {}", serving.method).unwrap();
            phases(&mut told, &serving.phases);
        }
        if sample.queued > 0 {
            write!(told, "; {} behind {}", sample.queued, sample.queue.behind.as_deref().unwrap_or("?"))
                .unwrap();
            phases(&mut told, &sample.queue.phases);
        }
        if !sample.unknown_functions.is_empty() {
            write!(told, "; no rule for {}", sample.unknown_functions.join(" ")).unwrap();
        }
        told.push('\n');
    }
    let golden = folder("waits").join("told.txt");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&golden, &told).unwrap();
    }
    assert_eq!(told, fs::read_to_string(golden).unwrap());
}

fn phases(told: &mut String, phases: &stallscope_core::wait::Shares) {
    for (phase, share) in phases.iter() {
        let name = serde_json::to_value(phase).unwrap();
        write!(told, " {} {:.0} %", name.as_str().unwrap(), share * 100.0).unwrap();
    }
}

/// A rule that has lost its function would show as a message that stands still for no known reason.
#[test]
fn nothing_stands_still_for_an_unknown_reason() {
    let profiles = profiles("waits");
    for version in VERSIONS {
        let of_version: Vec<_> = profiles.iter().filter(|(name, _)| name.contains(version)).collect();
        assert_eq!(of_version.len(), 6, "{version}");
        for (name, sample) in of_version {
            let phases =
                sample.of(|method| method == "textDocument/hover").unwrap_or_else(|| panic!("{name}"));
            assert_eq!(phases.share(Phase::Unknown), 0.0, "{name}: {sample:?}");
            assert_eq!(sample.unknown_functions, Vec::<String>::new(), "{name}");
        }
    }
}

/// A hover that has not begun, behind a command of gopls that waits for `go mod tidy`.
#[test]
fn a_queue_says_what_the_one_in_front_waits_for() {
    let profiles = profiles("queues");
    for version in VERSIONS {
        let (name, sample) = profiles.iter().find(|(name, _)| name.contains(version)).unwrap();
        assert_eq!(sample.queued, 1, "{name}: {sample:?}");
        let hover = sample.of(|method| method == "textDocument/hover").unwrap();
        assert_eq!(hover.share(Phase::Queued), 1.0, "{name}");
        assert_eq!(sample.queue.behind.as_deref(), Some("workspace/executeCommand"), "{name}");
        assert_eq!(sample.queue.front.share(Phase::GoCommand), 1.0, "{name}: {sample:?}");
    }
}

/// The work of a hover is handed over to goroutines of a batch: it stands still in the query, and they are counted to it.
#[test]
fn work_that_is_handed_over_counts_to_who_waits_for_it() {
    let profiles = profiles("waits");
    for version in VERSIONS {
        let of_version = profiles.iter().filter(|(name, _)| name.contains(version));
        let handed_over = of_version.filter(|(_, sample)| {
            let Some(hover) = sample.serving.iter().find(|one| one.method == "textDocument/hover") else {
                return false;
            };
            // Parsing is none of its own doing: it stands still in the query.
            hover.phases.share(Phase::Parsing) > 0.0 && hover.phases.share(Phase::TypeChecking) > 0.0
        });
        assert!(handed_over.count() > 0, "{version}");
    }
}

/// gopls's telemetry waits for a process of its own for as long as gopls lives.
#[test]
fn waiting_for_any_process_is_not_waiting_for_a_go_command() {
    let mut waits_only_for_telemetry = 0;
    for (name, sample) in profiles("waits") {
        let bytes = fs::read(folder("waits").join(&name)).unwrap();
        let profile = stallscope_pprof::decode(&bytes, &stallscope_pprof::Limits::default()).unwrap();
        let has = |part: &str| profile.functions.iter().any(|one| profile.text(one.name).contains(part));
        if has("telemetry.startChild") && !has("internal/gocommand.") {
            waits_only_for_telemetry += 1;
            assert_eq!(sample.work.share(Phase::GoCommand), 0.0, "{name}: {sample:?}");
        }
    }
    assert!(waits_only_for_telemetry > 0);
}
