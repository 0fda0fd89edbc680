//! `stallscope trace`: what it prints of real logs, what it saves, and how it follows.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use common::stallscope;
use serde_json::{Value, json};

fn log(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/logs").join(name)
}

fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).unwrap()
}

#[test]
fn a_real_log_for_people() {
    let output = stallscope(&[Path::new("trace"), &log("v0.23.0.log")]);
    assert_eq!(output.status.code(), Some(0));
    let text = text(&output.stdout);
    for part in [
        "starts of gopls in it: 1",
        "textDocument/hover",
        "textDocument/references (5)  cancelled",
        "textDocument/rename (4)  answered with an error",
        "1 pending where the log ends",
        "3 loads of packages, 0 of them the same as one before",
        "does not exist in this version of gopls",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn the_json_of_a_log_has_its_published_shape() {
    let input = log("v0.23.0.log");
    let output = stallscope(&[Path::new("trace"), &input, Path::new("--json"), Path::new("--method=HOVER")]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "first_ms",
        "gc",
        "last_ms",
        "lines",
        "loads",
        "matched_requests",
        "messages",
        "methods",
        "not_listed",
        "pending",
        "requests",
        "starts",
        "stray_answers",
    ];
    assert_eq!(keys, expected);
    assert_eq!(
        (&json["matched_requests"], &json["starts"], &json["gc"]),
        (&3.into(), &1.into(), &Value::Null)
    );
    let waits: Vec<_> =
        json["requests"].as_array().unwrap().iter().map(|row| row["waited_ms"].as_u64().unwrap()).collect();
    assert!(waits.len() == 3 && waits.is_sorted_by(|a, b| a >= b), "{waits:?}");
    assert_eq!(json["pending"][0]["method"], "workspace/symbol");
}

#[test]
fn traces_are_saved_and_hold_nothing_private() {
    let folder = tempfile::tempdir().unwrap();
    let (chrome, speedscope) = (folder.path().join("a.json"), folder.path().join("b.json"));
    let arguments = [
        "trace".into(),
        log("v0.23.0.log"),
        "--chrome".into(),
        chrome.clone(),
        "--speedscope".into(),
        speedscope.clone(),
    ];
    assert_eq!(stallscope(&arguments).status.code(), Some(0));
    let written = std::fs::read_to_string(&chrome).unwrap();
    assert!(!written.contains("/home/gopher") && !written.contains("price"), "{written}");
    let events: Value = serde_json::from_str(&written).unwrap();
    let slices = events["traceEvents"].as_array().unwrap().iter().filter(|event| event["ph"] == "X").count();
    let file: Value = serde_json::from_slice(&std::fs::read(&speedscope).unwrap()).unwrap();
    let profiles = file["profiles"].as_array().unwrap();
    let opened: usize = profiles
        .iter()
        .map(|profile| {
            profile["events"].as_array().unwrap().iter().filter(|event| event["type"] == "O").count()
        })
        .sum();
    assert_eq!((slices, opened), (15, 15), "eleven requests, three loads, one progress");
}

/// An incident whose hover is known by spans and by sampling; gopls's own duration is 1 ms shorter than what was seen.
fn incident(storage: &Path) -> PathBuf {
    const MS: u64 = 1_000_000;
    let request = json!({
        "method": "textDocument/hover", "start_ns": 1000 * MS, "end_ns": 2001 * MS, "duration_ns": 1000 * MS,
        "start_source": "observer", "end_source": "gopls-latency", "uncertainty_ns": MS, "interactive": true, "uri": null,
        "line": null,
    });
    let wait = |source: &str, samples: u32, go_command_ms: u64| {
        let turn = (1000 + go_command_ms) * MS;
        let share = |phase: &str, length_ns: u64| {
            let share = length_ns as f64 / (1001 * MS) as f64;
            let error_share = if samples > 0 { 0.2 } else { 0.0 };
            json!({ "phase": phase, "duration_ns": length_ns, "share": share, "error_share": error_share })
        };
        let slice = |phase: &str, begin_ns: u64, end_ns: u64| json!({ "phase": phase, "begin_ns": begin_ns, "end_ns": end_ns, "source": source });
        json!({
            "phases": [share("go-command", turn - 1000 * MS), share("type-checking", 2001 * MS - turn)],
            "slices": [slice("go-command", 1000 * MS, turn), slice("type-checking", turn, 2001 * MS)],
            "source": source, "samples": samples, "queued_behind": [], "unknown_functions": [],
        })
    };
    let id = "20261124T041900.123Z-hover-4711";
    let incident = json!({
        "format": 1, "id": id, "state": "complete", "origin_unix_ns": "1795493940000000000",
        "started_at": "2026-11-24T04:19:00.123Z",
        "gopls": { "pid": 4711, "started_unix_ms": 1.0, "exe": "", "version": "v0.23.0", "go_version": null },
        "workspace": [], "request": request, "requests": [request], "latency_source": "counters", "load": null,
        "wait": wait("sampling", 5, 700), "wait_by_spans": wait("spans", 0, 600),
        "rss": { "start_bytes": 1, "peak_bytes": 1, "end_bytes": 1, "steepest_rise_bytes": 0 }, "series": [],
        "captures": [], "decisions": [], "notes": [],
        "cost": { "debug_requests": 0, "debug_bytes": 0, "debug_open_ns": 0 },
    });
    let folder = storage.join("incidents").join(id);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("incident.json"), incident.to_string()).unwrap();
    folder
}

#[test]
fn an_incidents_phases_are_printed_and_lie_within_its_request() {
    let storage = tempfile::tempdir().unwrap();
    let folder = incident(storage.path());
    let chrome = storage.path().join("a.json");
    let output = stallscope(&["trace".as_ref(), folder.as_path(), "--chrome".as_ref(), chrome.as_path()]);
    let told = text(&output.stdout);
    assert!(told.contains("what textDocument/hover waited for, by gopls's own spans: exact"), "{told}");
    let row = told.lines().find(|line| line.ends_with("go command")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["600ms", "59.9%", "go", "command"]);

    let output = stallscope(&["trace".as_ref(), folder.as_path(), "--json".as_ref()]);
    let wait = &serde_json::from_slice::<Value>(&output.stdout).unwrap()["wait"];
    assert_eq!((&wait["source"], &wait["method"]), (&"spans".into(), &"textDocument/hover".into()));
    assert_eq!(wait["phases"][0]["duration_ns"], 600_000_000);

    let events: Value = serde_json::from_slice(&std::fs::read(&chrome).unwrap()).unwrap();
    let slices: Vec<_> = events["traceEvents"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["ph"] == "X")
        .map(|event| {
            (event["cat"].as_str().unwrap(), event["name"].as_str().unwrap(), event["dur"].as_f64().unwrap())
        })
        .collect();
    let expected = [
        ("Requests of the editor", "textDocument/hover", 1_000_000.0),
        ("Requests of the editor", "go command", 600_000.0),
        ("Requests of the editor", "type checking", 400_000.0),
        ("Phases by sampling", "go command", 700_000.0),
        ("Phases by sampling", "type checking", 301_000.0),
    ];
    assert_eq!(slices, expected);
}

/// `--json` of a comparison: name, whether a part, difference in ms.
fn compared(this: &Path, other: &Path) -> (Value, Vec<(String, bool, i64)>) {
    let output = stallscope(&["trace".as_ref(), this, "--compare".as_ref(), other, "--json".as_ref()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = |row: &Value| {
        let difference_ms = row["difference_ns"].as_i64().unwrap() / 1_000_000;
        (row["name"].as_str().unwrap().to_owned(), row["is_part"].as_bool().unwrap(), difference_ms)
    };
    let rows = json["rows"].as_array().unwrap().iter().map(row).collect();
    (json, rows)
}

#[test]
fn an_incident_is_compared_with_a_trace_of_somebody_else_and_with_its_own() {
    let storage = tempfile::tempdir().unwrap();
    let folder = incident(storage.path());
    let (chrome, speedscope) = (storage.path().join("a.json"), storage.path().join("b.json"));
    let saving: [&Path; 6] =
        ["trace".as_ref(), &folder, "--chrome".as_ref(), &chrome, "--speedscope".as_ref(), &speedscope];
    assert_eq!(stallscope(&saving).status.code(), Some(0));
    for own in [&chrome, &speedscope, &folder.join("incident.json")] {
        let (_, rows) = compared(&folder, own);
        assert!(rows.len() == 5 && rows.iter().all(|(.., difference)| *difference == 0), "{rows:?}");
    }
    let foreign = storage.path().join("foreign.json");
    let event = |ph: &str, name: &str, ts: u64| json!({ "ph": ph, "name": name, "cat": "Requests of the editor", "tid": 1, "ts": ts });
    let events = [
        event("B", "textDocument/hover", 0),
        event("B", "go command", 0),
        event("E", "go command", 750_000),
        event("E", "textDocument/hover", 800_000),
        event("P", "a sample", 5),
    ];
    std::fs::write(&foreign, json!(events).to_string()).unwrap();
    let (json, rows) = compared(&folder, &foreign);
    let expected =
        [("type checking", true, 400), ("textDocument/hover", false, 200), ("go command", true, -150)];
    let found = |name: &str, part: bool| {
        rows.iter().position(|(other, is_part, _)| other == name && *is_part == part).unwrap()
    };
    let mut before = 0;
    for (name, is_part, difference_ms) in expected {
        let place = found(name, is_part);
        assert_eq!(rows[place].2, difference_ms, "{name}");
        assert!(place >= before, "the largest difference first: {rows:?}");
        before = place;
    }
    assert_eq!(json["other"]["skipped"]["other_kinds"], 1);
    let output = stallscope(&["trace".as_ref(), folder.as_path(), "--compare".as_ref(), foreign.as_path()]);
    let told = text(&output.stdout);
    let row = told.lines().find(|line| line.contains("type checking (within")).unwrap();
    assert_eq!(
        row.split_whitespace().take(6).collect::<Vec<_>>(),
        ["+400ms", "1", "400ms", "400ms", "400ms", "-"]
    );
    // By itself.
    let alone = text(&stallscope(&[Path::new("trace"), &foreign]).stdout);
    assert!(alone.contains("800ms") && alone.contains("left out: 1 events take no time"), "{alone}");
}

#[test]
fn a_log_is_compared_with_another_one() {
    let (_, rows) = compared(&log("v0.23.0.log"), &log("v0.18.1.log"));
    assert!(rows.iter().any(|(name, ..)| name == "textDocument/hover"), "{rows:?}");
    assert!(rows.is_sorted_by(|a, b| a.2.abs() >= b.2.abs()), "{rows:?}");
}

#[test]
fn what_cannot_be_read_is_named_with_its_remedy_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let noise = folder.path().join("noise.log");
    std::fs::write(&noise, "hello\n").unwrap();
    let not_there = folder.path().join("not-there.log");
    let refused = |arguments: &[&Path]| {
        let output = stallscope(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
        text(&output.stderr)
    };
    let trace = Path::new("trace");
    assert!(refused(&[trace, &noise]).contains("-rpc.trace"));
    assert!(refused(&[trace, &not_there]).contains("not-there.log"));
    assert!(refused(&[trace, folder.path()]).contains("not an incident's folder"));
    assert!(refused(&[trace, folder.path(), Path::new("--follow")]).contains("does not grow"));
    let other = folder.path().join("other.json");
    std::fs::write(&other, "{\"a\":1}").unwrap();
    assert!(refused(&[trace, &other]).contains("traceEvents"));
    let compare = refused(&[trace, &log("v0.23.0.log"), Path::new("--compare"), &other]);
    assert!(compare.contains("other.json") && compare.contains("speedscope"), "{compare}");
    let nowhere = folder.path().join("nowhere/x.json");
    assert!(refused(&[trace, &log("v0.23.0.log"), Path::new("--chrome"), &nowhere]).contains("nowhere"));
}

#[test]
fn a_log_is_followed_through_a_restart_of_gopls() {
    let asked_and_answered = |id: u32, ms: u32| {
        format!(
            "[Trace - 09:00:00.000 AM] Sending request 'textDocument/hover - ({id})'.\nParams: {{}}\r\n\r\n\r\n\
             [Trace - 09:00:01.000 AM] Received response 'textDocument/hover - ({id})' in {ms}ms.\nResult: null\r\n\r\n\r\n"
        )
    };
    let mut written = tempfile::NamedTempFile::new().unwrap();
    written.write_all(asked_and_answered(1, 111).as_bytes()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_stallscope"))
        .arg("trace")
        .arg(written.path())
        .args(["--follow", "--json", "--seconds", "60"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || stdout.lines().try_for_each(|line| tell.send(line.unwrap()).ok()));
    let waited = || {
        let line: String = told.recv_timeout(Duration::from_secs(20)).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()["waited_ms"].as_u64()
    };
    assert_eq!(waited(), Some(111));
    written.write_all(asked_and_answered(2, 222).as_bytes()).unwrap();
    assert_eq!(waited(), Some(222));
    std::fs::write(written.path(), asked_and_answered(1, 333)).unwrap();
    assert_eq!(waited(), Some(333));
    child.kill().unwrap();
    child.wait().unwrap();
}
