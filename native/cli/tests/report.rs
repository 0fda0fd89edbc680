//! A report through the command line: nothing of who and where is left in any file of the zip, and its profiles are the same
//! for `go tool pprof`.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Output;

use common::fixture_folder;
use common::tool::top;
use serde_json::{Value, json};
use stallscope_core::spans::{Rpc, Span, SpanId, SpanRecord, TraceId};
use stallscope_pprof::{Limits, Profile, StringTable, decode, encode_gzip};

const HOME: &str = "/home/gopherina";
const USER: &str = "gopherina";
const WORKSPACE: &str = "/home/gopherina/work/secret-plan";
/// Not below the home folder: a disk of its own.
const SECOND: &str = "/srv/burrow/second-plan";
const MODULE: &str = "example.com/secret/plan";

/// A real profile as if it had been captured on that machine: every path of it lies in that home folder.
fn planted(name: &str) -> Vec<u8> {
    let bytes = fs::read(fixture_folder().join(name)).unwrap();
    let mut parts = decode(&bytes, &Limits::default()).unwrap().into_parts();
    let mut count = 0;
    let plant = |text: &str| {
        if text.starts_with('/') || text.ends_with(".go") {
            count += 1;
            format!("{HOME}/go/pkg/mod/{}", text.trim_start_matches('/'))
        } else {
            text.to_owned()
        }
    };
    let texts: Vec<String> = parts.strings.iter().map(plant).collect();
    assert!(count > 50, "only {count} paths in {name}");
    let mut strings: StringTable = texts.iter().map(String::as_str).collect();
    parts.comments = vec![strings.push(&format!("taken in {WORKSPACE} by {USER}, see {MODULE}/internal"))];
    parts.strings = strings;
    encode_gzip(&Profile::new(parts).unwrap()).unwrap()
}

/// What that gopls said of its own work: a parse of a file, and a load whose list was cut within the account's name.
fn spans() -> SpanRecord {
    let span = |id: u64, parent: Option<u64>, name: &str, subject: &str| Span {
        trace: TraceId(1),
        id: SpanId(id),
        parent: parent.map(SpanId),
        name: name.into(),
        begin_ns: 1_000_000_000 + id,
        end_ns: 2_000_000_000,
        subject: Some(subject.into()),
        rpc: None,
    };
    let mut hover = span(1, None, "textDocument/hover", &format!("file://{WORKSPACE}/internal/billing.go"));
    hover.rpc = Some(Rpc { incoming: true, id: Some("#2".into()) });
    let mut cut = format!("{} {HOME}", "x".repeat(299 - HOME.len()));
    cut.truncate(297);
    assert!(cut.ends_with("gopher"), "{cut}");
    let spans = vec![
        hover,
        span(2, Some(1), "cache.ParseGoSrc", &format!("{SECOND}/a.go")),
        span(3, Some(1), "cache.snapshot.load", &cut),
    ];
    SpanRecord { from_ns: 0, to_ns: 3_000_000_000, cut: false, spans }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// An incident of that machine.
fn incident(storage: &Path) -> PathBuf {
    let folder = storage.join("incidents/20261124T041900.123Z-hover-4711");
    fs::create_dir_all(&folder).unwrap();
    let heap = planted("gopls-v0.23.0-loading.pb.gz");
    let baseline = planted("gopls-v0.23.0-early.pb.gz");
    fs::write(folder.join("heap-1.pb.gz"), &heap).unwrap();
    fs::write(folder.join("baseline.pb.gz"), &baseline).unwrap();
    let goroutines = format!(
        "goroutine profile: total 1\n1 @ 0x1\n# labels: {{\"file\":\"file://{WORKSPACE}/a%20b.go\"}}\n#\t0x1\t\
         main.f+0x2\t{HOME}/go/pkg/mod/{MODULE}/x.go:17\n#\t0x2\tmain.g\t{SECOND}/y.go:3\n"
    );
    fs::write(folder.join("goroutines-2.txt"), goroutines).unwrap();
    fs::write(folder.join("spans.json.gz"), gzip(&spans().to_json())).unwrap();
    let capture = |number: u32, kind: &str, file: &str| {
        json!({
            "number": number, "kind": kind, "state": "complete", "file": file, "size_bytes": 1, "trigger": "heap-on-growth",
            "trigger_ns": 2_000_000_000u64, "sent_ns": 2_010_000_000u64, "first_byte_ns": 2_100_000_000u64,
            "received_ns": 2_200_000_000u64, "on_disk_ns": 2_210_000_000u64, "during_request": true,
            "inuse_space_bytes": null, "error": null,
        })
    };
    let mut before = capture(3, "baseline", "baseline.pb.gz");
    before["received_ns"] = json!(200_000_000u64);
    let request = json!({
        "method": "textDocument/hover", "start_ns": 1_000_000_000u64, "end_ns": 6_300_000_000u64,
        "duration_ns": 5_300_000_000u64, "start_source": "observer", "end_source": "gopls-latency", "uncertainty_ns": 2_000_000,
        "interactive": true, "uri": format!("file://{WORKSPACE}/internal/billing.go"), "line": 12,
    });
    let series: Vec<_> = (0..60u64)
        .map(|tenth| {
            let rss_bytes = if (20..24).contains(&tenth) {
                200_000_000 + (tenth - 19) * 100_000_000
            } else if tenth < 20 {
                200_000_000
            } else {
                600_000_000
            };
            json!({ "at_ns": tenth * 100_000_000, "rss_bytes": rss_bytes })
        })
        .collect();
    let phase = |phase: &str, duration_ns: u64| json!({ "phase": phase, "duration_ns": duration_ns, "share": duration_ns as f64 / 5.3e9, "error_share": 0.12 });
    let wait = json!({
        "phases": [phase("type-checking", 3_445_000_000), phase("go-command", 1_855_000_000)], "slices": [],
        "source": "sampling", "samples": 25, "unknown_functions": [],
        "queued_behind": [
            { "method": "initialized", "duration_ns": 1_200_000_000u64 },
            { "method": "workspace/executeCommand", "duration_ns": 800_000_000u64, "phases": [
                { "phase": "go-command", "duration_ns": 600_000_000u64, "share": 0.75, "error_share": 0.2 },
                { "phase": "parsing", "duration_ns": 200_000_000u64, "share": 0.25, "error_share": 0.2 },
            ] },
        ],
        "packages": { "others": 1, "others_waited_ns": 1_000_000, "packages": [
            { "package": format!("{MODULE}/internal/billing"), "phase": "type-checking", "waited_ns": 2_000_000_000u64,
              "running_ns": 2_500_000_000u64 },
        ] },
    });
    let command = format!(
        "go list -e -json {WORKSPACE}/internal/billing corp.example/lib/... {MODULE}/internal/billing"
    );
    let machine = json!({
        "from_ns": 1_000_000_000u64, "to_ns": 6_300_000_000u64, "looks": 20, "pressure": {}, "cgroup": {},
        "commands": [{ "line": command, "first_seen_ns": 1_000_000_000u64, "last_seen_ns": 2_000_000_000u64,
                       "duration_ns": 1_000_000_000u64, "cpu_ns": null }],
    });
    let causes = json!([{ "kind": "go-command", "duration_ns": 1_855_000_000u64, "share": 0.35, "slow": true,
                          "confidence": "likely", "evidence": { "command": command } }]);
    let incident = json!({
        "format": 1, "id": "20261124T041900.123Z-hover-4711", "state": "complete", "origin_unix_ns": "1795493940000000000",
        "started_at": "2026-11-24T04:19:00.123Z",
        "gopls": { "pid": 4711, "started_unix_ms": 1795493000000.0, "exe": format!("{HOME}/go/bin/gopls"),
                   "version": "v0.23.0", "go_version": "go1.26.8" },
        "workspace": [WORKSPACE, SECOND], "request": request, "requests": [request], "latency_source": "counters",
        "load": null, "wait": wait, "machine": machine, "causes": causes,
        "workspace_facts": { "at_ns": 500_000_000, "facts": { "views": 1, "workspace_modules": 52 } },
        "rss": { "start_bytes": 200_000_000, "peak_bytes": 600_000_000, "end_bytes": 600_000_000,
                 "steepest_rise_bytes": 400_000_000 },
        "series": series,
        "captures": [capture(1, "heap", "heap-1.pb.gz"), capture(2, "goroutines", "goroutines-2.txt"), before],
        "decisions": [],
        "notes": [{ "code": "debug-server-failing",
                    "values": { "address": "127.0.0.1:1", "error": format!("open {HOME}/x: no such file") } }],
        "cost": { "debug_requests": 3, "debug_bytes": 4, "debug_open_ns": 5 },
    });
    fs::write(folder.join("incident.json"), incident.to_string()).unwrap();
    folder
}

fn report(incident: &Path, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_stallscope"));
    // The machine that the incident is of.
    command.env("HOME", HOME).env("USER", USER).env("LOGNAME", USER);
    command.arg("report").arg(incident).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn unpacked(zip: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().to_owned(), bytes)
        })
        .collect()
}

/// Each text of a file: itself, or every string of a profile.
fn texts(name: &str, bytes: &[u8]) -> Vec<String> {
    if name.ends_with(".pb.gz") {
        let profile = decode(bytes, &Limits::default()).unwrap();
        profile.strings.iter().map(str::to_owned).collect()
    } else {
        vec![String::from_utf8(bytes.to_vec()).unwrap()]
    }
}

fn assert_gone(files: &[(String, Vec<u8>)], hidden: &[&str]) {
    for (name, bytes) in files {
        for text in texts(name, bytes) {
            for secret in hidden {
                assert!(
                    !text.contains(secret),
                    "{secret} is in {name}: {:.400}",
                    text.split(secret).next().unwrap()
                );
            }
        }
    }
}

#[test]
fn nothing_in_the_zip_tells_who_and_where() {
    let storage = tempfile::tempdir().unwrap();
    let folder = incident(storage.path());
    let zip = storage.path().join("report.zip");
    let output = report(&folder, &["--zip", zip.to_str().unwrap()]);
    let files = unpacked(&zip);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "README.txt",
        "verdict.txt",
        "report.json",
        "incident.json",
        "timeline.json",
        "heap-1.pb.gz",
        "goroutines-2.txt",
        "baseline.pb.gz",
        "spans.json",
    ];
    assert_eq!(names, expected);
    assert_gone(&files, &[HOME, USER, WORKSPACE, SECOND, "gopher"]);
    // And it was there to be found, and reads on.
    let text =
        |wanted: &str| texts(wanted, &files.iter().find(|(name, _)| name == wanted).unwrap().1).concat();
    assert!(text("incident.json").contains("file://$WORKSPACE/internal/billing.go"));
    assert!(text("incident.json").contains("~/go/bin/gopls"));
    assert!(text("goroutines-2.txt").contains("$WORKSPACE2/y.go:3"));
    assert!(text("goroutines-2.txt").contains("file://$WORKSPACE/a%20b.go"));
    assert!(text("heap-1.pb.gz").contains("taken in $WORKSPACE by user"));
    // The spans read on, and took as long.
    let kept = SpanRecord::from_json(text("spans.json").as_bytes()).unwrap();
    let (hover, parse) = (&kept.spans[0], &kept.spans[1]);
    assert_eq!(hover.subject.as_deref(), Some("file://$WORKSPACE/internal/billing.go"));
    assert_eq!(hover.rpc, spans().spans[0].rpc);
    assert_eq!((parse.subject.as_deref(), parse.parent), (Some("$WORKSPACE2/a.go"), Some(hover.id)));
    let times = |record: &SpanRecord| -> Vec<_> {
        record.spans.iter().map(|span| (span.begin_ns, span.end_ns, span.name.clone())).collect()
    };
    assert_eq!(times(&kept), times(&spans()));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains(&format!("{HOME} is now ~")), "{told}");
    // What a maintainer is told is what was recorded.
    let verdict = text("verdict.txt");
    assert!(verdict.contains("textDocument/hover took 5.30 s."), "{verdict}");
    assert!(verdict.contains("Immediate: 80 % of a growth of 400 MB came within 400 ms"), "{verdict}");
}

#[test]
fn what_gopls_said_of_its_workspace_is_judged_from_the_folder_and_goes_into_the_report() {
    let storage = tempfile::tempdir().unwrap();
    let folder = incident(storage.path());
    let zip = storage.path().join("report.zip");
    report(&folder, &["--zip", zip.to_str().unwrap()]);
    let files = unpacked(&zip);
    let (_, bytes) = files.iter().find(|(name, _)| name == "incident.json").unwrap();
    let kept: Value = serde_json::from_slice(bytes).unwrap();
    assert_eq!(kept["workspace_facts"]["facts"]["workspace_modules"], 52);
    let patterns = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_stallscope"));
        let output = command.args(["patterns", "--json"]).arg(&folder).args(more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let judged = patterns(&[]);
    let found: Vec<_> = judged["findings"].as_array().unwrap().iter().map(|f| f["rule"].clone()).collect();
    assert_eq!(found, ["many-modules"], "{judged:#}");
    assert_eq!(judged["findings"][0]["measured"][0]["value"], 52.0);
    // What is given by hand counts more.
    let facts = storage.path().join("facts.json");
    fs::write(&facts, json!({ "gopls_processes": 1 }).to_string()).unwrap();
    assert_eq!(patterns(&["--facts", facts.to_str().unwrap()])["findings"], json!([]));
}

#[test]
fn spans_that_cannot_be_read_stay_out_and_are_named_without_where_they_were() {
    let storage = tempfile::tempdir().unwrap();
    let folder = incident(storage.path());
    fs::write(folder.join("spans.json.gz"), gzip(b"{}")).unwrap();
    let zip = storage.path().join("report.zip");
    report(&folder, &["--zip", zip.to_str().unwrap()]);
    let files = unpacked(&zip);
    assert!(files.iter().all(|(name, _)| name != "spans.json"));
    let readme = String::from_utf8(files[0].1.clone()).unwrap();
    assert!(readme.contains("- spans.json: not a record of spans"), "{readme}");
    assert!(!readme.contains(storage.path().to_str().unwrap()), "{readme}");
}

#[test]
fn names_of_modules_and_files_are_hidden_on_request() {
    let storage = tempfile::tempdir().unwrap();
    let folder = incident(storage.path());
    let zip = storage.path().join("report.zip");
    report(&folder, &["--zip", zip.to_str().unwrap(), "--redact-modules", "--hide", "plan"]);
    let files = unpacked(&zip);
    assert_gone(
        &files,
        &[HOME, USER, WORKSPACE, SECOND, MODULE, "billing", "a%20b", "plan", "example.com", "corp.example"],
    );
    // What gopls worked on reads on, by stand-ins that mean the same everywhere.
    let (_, bytes) = files.iter().find(|(name, _)| name == "incident.json").unwrap();
    let kept: Value = serde_json::from_slice(bytes).unwrap();
    let package = kept["wait"]["packages"]["packages"][0]["package"].as_str().unwrap();
    assert!(package.starts_with("module-") && package.contains(".example/pkg-"), "{package}");
    let line = kept["machine"]["commands"][0]["line"].as_str().unwrap();
    assert!(line.starts_with("go list -e -json $WORKSPACE/") && line.ends_with(package), "{line}");
    assert_eq!(kept["causes"][0]["evidence"]["command"], line);
}

#[test]
fn redacted_profiles_are_the_same_for_go_tool_pprof() {
    let storage = tempfile::tempdir().unwrap();
    let folder = incident(storage.path());
    let zip = storage.path().join("report.zip");
    report(&folder, &["--zip", zip.to_str().unwrap()]);
    for (name, bytes) in unpacked(&zip).iter().filter(|(name, _)| name.ends_with(".pb.gz")) {
        let redacted = storage.path().join(format!("redacted-{name}"));
        fs::write(&redacted, bytes).unwrap();
        for sample_type in ["inuse_space", "inuse_objects", "alloc_space", "alloc_objects"] {
            let before = top(sample_type, &[], &[&folder.join(name)]);
            let after = top(sample_type, &[], &[&redacted]);
            assert!(before.rows.len() > 20, "{name} {sample_type}");
            // Functions of gopls are public names: not even those differ.
            let differ = before.rows.iter().zip(&after.rows).find(|(before, after)| before != after);
            assert_eq!(
                (before.total, before.rows.len(), differ),
                (after.total, after.rows.len(), None),
                "{name} {sample_type}"
            );
        }
    }
}

#[test]
fn unredacted_only_when_asked_and_then_byte_for_byte() {
    let storage = tempfile::tempdir().unwrap();
    let folder = incident(storage.path());
    let zip = storage.path().join("report.zip");
    report(&folder, &["--zip", zip.to_str().unwrap(), "--no-redact"]);
    let files = unpacked(&zip);
    let heap = &files.iter().find(|(name, _)| name == "heap-1.pb.gz").unwrap().1;
    assert_eq!(*heap, fs::read(folder.join("heap-1.pb.gz")).unwrap());
    let readme = String::from_utf8(files[0].1.clone()).unwrap();
    assert!(readme.contains("Nothing in it was redacted"), "{readme}");
}

#[test]
fn a_capture_that_is_no_profile_stays_out_and_is_named() {
    let storage = tempfile::tempdir().unwrap();
    let folder = incident(storage.path());
    fs::write(folder.join("heap-1.pb.gz"), format!("heap profile of {HOME}")).unwrap();
    let zip = storage.path().join("report.zip");
    let told = String::from_utf8(report(&folder, &["--zip", zip.to_str().unwrap()]).stdout).unwrap();
    assert!(told.contains("left out  heap-1.pb.gz"), "{told}");
    let files = unpacked(&zip);
    assert!(files.iter().all(|(name, _)| name != "heap-1.pb.gz"));
    assert_gone(&files, &[HOME, USER]);
}

#[test]
fn the_issue_answers_what_maintainers_ask() {
    let storage = tempfile::tempdir().unwrap();
    let folder = incident(storage.path());
    let issue = String::from_utf8(report(&folder, &["--issue"]).stdout).unwrap();
    for expected in [
        "gopls v0.23.0, built with go1.26.8",
        "textDocument/hover took 5.30 s.",
        "The duration is gopls's own measurement.",
        "Immediate: 80 %",
        "before (1.00 s before the request): 200 MB",
        "200 MB at the start of the request, 600 MB at the peak, 600 MB at its end",
        "The heap was captured 1.00 s after the request began, while it was waited for.",
        "Of the wait: 65 % type checking (3.44 s, ± 12 points), 35 % go command (1.85 s, ± 12 points). By 25 looks at its \
         goroutines",
        "2.00 s of the wait were for work on packages, longest: type checking example.com/secret/plan/internal/billing 2.00 s.",
        "For 1.20 s it stood behind initialized.",
        "For 800 ms it stood behind workspace/executeCommand, which was at: 75 % go command, 25 % parsing.",
        "Top 10 functions by inuse_space",
        "| 100 MB | 100 MB | `golang.org/x/tools/gopls/internal/cache.init",
    ] {
        assert!(issue.contains(expected), "{expected:?} is not in:\n{issue}");
    }
    assert!(!issue.contains(USER) && !issue.contains(WORKSPACE));
}
