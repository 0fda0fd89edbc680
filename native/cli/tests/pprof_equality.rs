//! Every number we print is the number `go tool pprof` prints for the same file. Runs the real tool.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashSet;
use std::path::Path;

use common::tool::{Table, top};
use common::{fixture_folder, fixtures, stallscope};
use stallscope_pprof::{Limits, Profile, decode, encode_gzip};

const SAMPLE_TYPES: [&str; 4] = ["inuse_space", "inuse_objects", "alloc_space", "alloc_objects"];

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
    let theirs = top(sample_type, if cum { &["-cum"] } else { &[] }, &[profile]);
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
fn what_we_encode_and_what_drop_frames_removes_equals_the_tool() {
    let bytes = std::fs::read(fixture_folder().join("gopls-v0.23.0-loading.pb.gz")).unwrap();
    let mut parts = decode(&bytes, &Limits::default()).unwrap().into_parts();
    parts.drop_frames = parts.strings.push(r"go/parser\..*|bytes\.growSlice|os\..*|runtime\.doInit");
    parts.keep_frames = parts.strings.push(r"go/parser\.ParseFile");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drop-frames.pb.gz");
    std::fs::write(&path, encode_gzip(&Profile::new(parts).unwrap()).unwrap()).unwrap();
    let before = top("inuse_space", &[], &[&fixture_folder().join("gopls-v0.23.0-loading.pb.gz")]);
    let names = |table: &Table| table.rows.iter().map(|row| row.0.clone()).collect::<HashSet<_>>();
    assert!(names(&top("inuse_space", &[], &[&path])).len() < names(&before).len());
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
