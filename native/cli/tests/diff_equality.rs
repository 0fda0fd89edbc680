//! Every number of `diff` is the number `go tool pprof -diff_base` prints for the same pair. Runs the real tool.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use common::tool::{Table, top};
use common::{fixture_folder, stallscope};
use serde_json::Value;
use stallscope_pprof::{Limits, Profile, decode, encode_gzip};

const VERSIONS: [&str; 3] = ["v0.18.1", "v0.22.0", "v0.23.0"];
/// Growing, shrinking, and the pair that has most in common.
const PAIRS: [(&str, &str); 3] = [("early", "loaded"), ("loaded", "early"), ("loading", "loaded")];
const SAMPLE_TYPES: [&str; 2] = ["inuse_space", "alloc_space"];

fn fixture(version: &str, moment: &str) -> PathBuf {
    fixture_folder().join(format!("gopls-{version}-{moment}.pb.gz"))
}

/// Each real pair with each sample type.
fn each_pair(mut check: impl FnMut(&Path, &Path, &str)) {
    for version in VERSIONS {
        for (base, new) in PAIRS {
            for sample_type in SAMPLE_TYPES {
                check(&fixture(version, base), &fixture(version, new), sample_type);
            }
        }
    }
}

fn ours(base: &Path, new: &Path, options: &[&str]) -> Value {
    let mut arguments = vec!["diff", base.to_str().unwrap(), new.to_str().unwrap(), "--json"];
    arguments.extend(options);
    let output = stallscope(&arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The rows, sorted by `name`, after a look at what else is in them.
fn rows(json: &Value, name: &str, keys: &[&str]) -> Vec<(String, i64, i64)> {
    let row = |row: &Value| {
        assert_eq!(row.as_object().unwrap().keys().collect::<Vec<_>>(), keys);
        let number = |key: &str| row[key].as_i64().unwrap();
        (row[name].as_str().unwrap().to_owned(), number("flat"), number("cum"))
    };
    let mut rows: Vec<_> = json["rows"].as_array().unwrap().iter().map(row).collect();
    rows.sort();
    rows
}

fn theirs(base: &Path, new: &Path, sample_type: &str, options: &[&str]) -> Table {
    let diff_base = format!("-diff_base={}", base.display());
    top(sample_type, &[options, &[&*diff_base]].concat(), &[new])
}

#[test]
fn every_row_equals_the_tool_and_the_json_is_as_it_was() {
    each_pair(|base, new, sample_type| {
        let json = ours(base, new, &["--sample", sample_type]);
        let keys: Vec<_> = json.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["base_total", "new_total", "rows", "sample_type", "total", "unit"]);
        let theirs = theirs(base, new, sample_type, &[]);
        assert_eq!(
            rows(&json, "function", &["cum", "flat", "function"]),
            theirs.by_name(),
            "{base:?} {new:?}"
        );
        // The tool calls the total of the base the total of the difference.
        assert_eq!(json["base_total"].as_i64(), Some(theirs.total));
        let new_total = top(sample_type, &[], &[new]).total;
        assert_eq!(json["new_total"].as_i64(), Some(new_total));
        assert_eq!(json["total"].as_i64(), Some(new_total - theirs.total));
    });
}

#[test]
fn every_normalized_row_equals_the_tool() {
    each_pair(|base, new, sample_type| {
        let json = ours(base, new, &["--sample", sample_type, "--normalize"]);
        let theirs = theirs(base, new, sample_type, &["-normalize"]);
        let ours = rows(&json, "function", &["change", "cum", "flat", "function"]);
        assert_eq!(ours, theirs.by_name(), "{sample_type} {base:?} {new:?}");
        assert_eq!(json["base_total"].as_i64(), Some(theirs.total));
        let left = json["total"].as_i64().unwrap();
        assert!(left.abs() < theirs.total / 10_000, "only rounding is left of the total: {left}");
        assert_eq!(left, ours.iter().map(|(_, flat, _)| flat).sum::<i64>());
    });
}

#[test]
fn rows_by_package_are_what_the_tool_says_when_functions_are_called_as_their_package() {
    let folder = tempfile::tempdir().unwrap();
    for (version, base, new) in [("v0.23.0", "early", "loaded"), ("v0.18.1", "loaded", "loading")] {
        let files = [fixture(version, base), fixture(version, new)];
        let renamed =
            [named_by_package(&files[0], folder.path()), named_by_package(&files[1], folder.path())];
        for options in [&[][..], &["-normalize"]] {
            let mut asked = vec!["--by", "package"];
            asked.extend(options.iter().map(|_| "--normalize"));
            let json = ours(&files[0], &files[1], &asked);
            let theirs = theirs(&renamed[0], &renamed[1], "inuse_space", options);
            let ours = rows(&json, "package", &["change", "cum", "flat", "package"]);
            assert_eq!(ours, theirs.by_name(), "{version} {options:?}");
            assert!(ours.len() > 20 && ours.iter().any(|(name, ..)| name == "go/types"), "{ours:?}");
        }
    }
}

#[test]
fn rows_by_subsystem_are_the_difference_of_the_two_tables() {
    each_pair(|base, new, sample_type| {
        let json = ours(base, new, &["--sample", sample_type, "--by", "subsystem"]);
        let (before, after) = (subsystems(base, sample_type), subsystems(new, sample_type));
        let of = |table: &HashMap<String, i64>, id: &str| table.get(id).copied().unwrap_or(0);
        let ids: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let delta = |id: &&String| (id.to_string(), of(&after, id) - of(&before, id));
        let expected: Vec<_> = ids.iter().map(delta).filter(|(_, change)| *change != 0).collect();
        let rows = rows(&json, "subsystem", &["change", "cum", "flat", "subsystem"]);
        assert!(rows.len() > 5 && rows.iter().all(|(_, flat, cum)| flat == cum), "{rows:?}");
        let changes: Vec<_> = rows.into_iter().map(|(id, flat, _)| (id, flat)).collect();
        assert_eq!(changes, expected, "{sample_type} {base:?} {new:?}");
        for row in json["rows"].as_array().unwrap() {
            let id = row["subsystem"].as_str().unwrap();
            let word = match (of(&before, id), of(&after, id)) {
                (0, _) => "new",
                (_, 0) => "gone",
                (before, after) if after > before => "grown",
                _ => "shrunk",
            };
            assert_eq!(row["change"], word, "{id}");
        }
        let total: i64 = changes.iter().map(|(_, change)| change).sum();
        assert_eq!(json["total"].as_i64(), Some(total), "every sample is in one of them");
    });
}

/// What `analyze --by subsystem` prints.
fn subsystems(path: &Path, sample_type: &str) -> HashMap<String, i64> {
    let path = path.to_str().unwrap();
    let output = stallscope(&["analyze", path, "--by", "subsystem", "--sample", sample_type, "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = |row: &Value| (row["subsystem"].as_str().unwrap().to_owned(), row["value"].as_i64().unwrap());
    json["subsystems"].as_array().unwrap().iter().map(row).collect()
}

/// A copy of a profile in which every function has the name of its package.
fn named_by_package(path: &Path, folder: &Path) -> PathBuf {
    let profile = decode(&std::fs::read(path).unwrap(), &Limits::default()).unwrap();
    let packages: Vec<String> =
        profile.functions.iter().map(|function| package(profile.text(function.name))).collect();
    let mut parts = profile.into_parts();
    for (function, package) in parts.functions.iter_mut().zip(&packages) {
        let name = parts.strings.push(package);
        (function.name, function.system_name) = (name, name);
    }
    let renamed = folder.join(path.file_name().unwrap());
    std::fs::write(&renamed, encode_gzip(&Profile::new(parts).unwrap()).unwrap()).unwrap();
    renamed
}

/// `go/types` of `go/types.(*Checker).expr`: up to the first dot of the last element of the import path.
fn package(function: &str) -> String {
    let plain = function.split(['[', '(']).next().unwrap();
    let last_element = plain.rfind('/').map_or(0, |slash| slash + 1);
    let dot = plain[last_element..].find('.').expect("gopls has Go functions only");
    plain[..last_element + dot].replace("%2e", ".")
}

#[test]
fn what_changed_is_told_in_a_word() {
    let json = ours(&fixture("v0.23.0", "early"), &fixture("v0.23.0", "loaded"), &["--by", "package"]);
    let (mut seen, rows) = (HashMap::new(), json["rows"].as_array().unwrap());
    for row in rows {
        *seen.entry(row["change"].as_str().unwrap()).or_insert(0) += 1;
    }
    assert!(seen["new"] > 0 && seen["grown"] > 0, "a load brings what was not there: {seen:?}");
    let back = ours(&fixture("v0.23.0", "loaded"), &fixture("v0.23.0", "early"), &["--by", "package"]);
    let count =
        |word: &str| back["rows"].as_array().unwrap().iter().filter(|row| row["change"] == word).count();
    assert_eq!(count("gone"), seen["new"]);
    assert_eq!(count("shrunk"), seen["grown"]);
}
