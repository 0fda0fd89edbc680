//! Every number we print is the number `go tool pprof` prints for the same file. Runs the real tool.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use common::{fixture_folder, fixtures, stallscope};
use stallscope_pprof::{Limits, Profile, decode, encode_gzip};

const SAMPLE_TYPES: [&str; 4] = ["inuse_space", "inuse_objects", "alloc_space", "alloc_objects"];

/// A table as either program gives it.
#[derive(Debug, PartialEq)]
struct Table {
    total: i64,
    /// Function, flat, cum.
    rows: Vec<(String, i64, i64)>,
}

impl Table {
    fn by_name(&self) -> Vec<(String, i64, i64)> {
        let mut rows = self.rows.clone();
        rows.sort();
        rows
    }
}

/// The real tool, with nothing left out and whole bytes.
fn pprof(sample_type: &str, cum: bool, arguments: &[&Path], diff_base: bool) -> Table {
    let mut command = Command::new("go");
    command.args(["tool", "pprof", "-top", "-unit=B", "-nodecount=0", "-nodefraction=0", "-edgefraction=0"]);
    command.arg(format!("-sample_index={sample_type}"));
    command.args(cum.then_some("-cum"));
    match (arguments, diff_base) {
        ([profile], false) => command.arg(profile),
        ([base, profile], true) => command.arg("-diff_base").arg(base).arg(profile),
        _ => panic!("one profile, or a base and a profile"),
    };
    let output = command.output().expect("the Go toolchain is needed: its `go tool pprof` is the reference");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    parse(&text)
}

fn parse(text: &str) -> Table {
    let summary = text.lines().find(|line| line.contains(" total")).unwrap();
    let total = number(summary.rsplit(" of ").next().unwrap().split_whitespace().next().unwrap());
    let table = text.lines().skip_while(|line| !line.trim_start().starts_with("flat")).skip(1);
    Table { total, rows: table.map(parse_row).collect() }
}

/// `flat flat% sum% cum cum%  name`, and whether it was inlined. Names have spaces of their own.
fn parse_row(line: &str) -> (String, i64, i64) {
    let mut rest = line;
    let columns = [(); 5].map(|()| {
        rest = rest.trim_start();
        let (column, tail) = rest.split_once(' ').unwrap();
        rest = tail;
        column
    });
    let name = rest.strip_prefix(' ').unwrap();
    let name = name.strip_suffix(" (inline)").or(name.strip_suffix(" (partial-inline)")).unwrap_or(name);
    (name.to_owned(), number(columns[0]), number(columns[3]))
}

fn number(text: &str) -> i64 {
    text.trim_end_matches('B').parse().unwrap_or_else(|_| panic!("not a whole number: {text}"))
}

fn ours(arguments: &[&str]) -> (Table, serde_json::Value) {
    let output = stallscope(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = |row: &serde_json::Value| {
        let keys: Vec<_> = row.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["cum", "flat", "function"]);
        let number = |key: &str| row[key].as_i64().unwrap();
        (row["function"].as_str().unwrap().to_owned(), number("flat"), number("cum"))
    };
    let rows = json["rows"].as_array().unwrap().iter().map(row).collect();
    (Table { total: json["total"].as_i64().unwrap(), rows }, json)
}

fn assert_analyze_equals(profile: &Path, sample_type: &str, cum: bool) {
    let mut arguments = vec!["analyze", profile.to_str().unwrap(), "--sample", sample_type, "--json"];
    arguments.extend(cum.then_some("--cum"));
    let (ours, json) = ours(&arguments);
    let theirs = pprof(sample_type, cum, &[profile], false);
    let what = format!("{} {sample_type} cum={cum}", profile.display());
    assert_eq!(json["sample_type"], sample_type);
    assert_eq!(json["unit"], if sample_type.ends_with("space") { "bytes" } else { "count" });
    assert_eq!(ours.total, theirs.total, "{what}");
    assert_eq!(ours.by_name(), theirs.by_name(), "{what}");
    let key = |(_, flat, by_cum): &(String, i64, i64)| if cum { *by_cum } else { *flat };
    let order = |table: &Table| table.rows.iter().map(key).collect::<Vec<_>>();
    assert_eq!(order(&ours), order(&theirs), "{what}");
    let sorted = |pair: &[(String, i64, i64)]| (key(&pair[1]), &pair[0].0) <= (key(&pair[0]), &pair[1].0);
    assert!(ours.rows.windows(2).all(sorted), "equal rows follow by name: {what}");
}

#[test]
fn every_row_of_every_real_profile_equals_the_tool() {
    for profile in fixtures() {
        for sample_type in SAMPLE_TYPES {
            for cum in [false, true] {
                assert_analyze_equals(&profile, sample_type, cum);
            }
        }
    }
}

#[test]
fn every_row_of_a_difference_equals_the_tool() {
    let profile = |moment: &str| fixture_folder().join(format!("gopls-v0.23.0-{moment}.pb.gz"));
    for (base, new) in [("early", "loaded"), ("loaded", "loading")] {
        let (base, new) = (profile(base), profile(new));
        for sample_type in SAMPLE_TYPES {
            let (ours, json) = ours(&[
                "diff",
                base.to_str().unwrap(),
                new.to_str().unwrap(),
                "--sample",
                sample_type,
                "--json",
            ]);
            let theirs = pprof(sample_type, false, &[&base, &new], true);
            assert_eq!(ours.by_name(), theirs.by_name(), "{sample_type}");
            // The tool calls the total of the base the total of the difference.
            assert_eq!(json["base_total"].as_i64(), Some(theirs.total));
            let new_total = pprof(sample_type, false, &[&new], false).total;
            assert_eq!(json["new_total"].as_i64(), Some(new_total));
            assert_eq!(ours.total, new_total - theirs.total);
        }
    }
}

#[test]
fn what_we_encode_and_what_drop_frames_removes_equals_the_tool() {
    let bytes = std::fs::read(fixture_folder().join("gopls-v0.23.0-loading.pb.gz")).unwrap();
    let mut parts = decode(&bytes, &Limits::default()).unwrap().into_parts();
    parts.drop_frames = parts.strings.push(r"go/parser\..*|bytes\.growSlice|os\..*|runtime\.doInit");
    parts.keep_frames = parts.strings.push(r"go/parser\.ParseFile");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drop-frames.pb.gz");
    std::fs::write(&path, encode_gzip(&Profile::new(parts).unwrap()).unwrap()).unwrap();
    let before = pprof("inuse_space", false, &[&fixture_folder().join("gopls-v0.23.0-loading.pb.gz")], false);
    let names = |table: &Table| table.rows.iter().map(|row| row.0.clone()).collect::<HashSet<_>>();
    assert!(names(&pprof("inuse_space", false, &[&path], false)).len() < names(&before).len());
    for sample_type in SAMPLE_TYPES {
        assert_analyze_equals(&path, sample_type, false);
    }
}

#[test]
fn sample_types_in_another_order_than_go_has_equal_the_tool() {
    let bytes = std::fs::read(fixture_folder().join("gopls-v0.23.0-loading.pb.gz")).unwrap();
    let mut parts = decode(&bytes, &Limits::default()).unwrap().into_parts();
    parts.sample_types.reverse();
    parts.samples.values.chunks_mut(parts.sample_types.len()).for_each(|values| values.reverse());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reversed.pb.gz");
    std::fs::write(&path, encode_gzip(&Profile::new(parts).unwrap()).unwrap()).unwrap();
    for sample_type in SAMPLE_TYPES {
        assert_analyze_equals(&path, sample_type, false);
    }
}
