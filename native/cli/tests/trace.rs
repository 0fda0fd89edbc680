//! `stallscope trace`: what it prints of real logs, what it saves, and how it follows.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use common::stallscope;
use serde_json::Value;

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
