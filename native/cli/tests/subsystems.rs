//! The rules of `native/core/rules/subsystems.json` held to real profiles: how much of them is assigned, to what, and
//! whether each rule is needed at all.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::{fixture_folder, fixtures, stallscope};
use serde_json::Value;
use stallscope_core::heap::{HeapIndex, HeapQuery, SubsystemRules};
use stallscope_pprof::{Limits, decode};

const COUNTED: [&str; 2] = ["inuse_space", "alloc_space"];
/// At most this share of a profile's bytes may belong to nothing.
const MOST_UNASSIGNED: f64 = 0.05;

fn index(profile: &Path) -> HeapIndex {
    HeapIndex::new(decode(&std::fs::read(profile).unwrap(), &Limits::default()).unwrap()).unwrap()
}

fn by_subsystem(profile: &Path, sample_type: &str, more: &[&str]) -> String {
    let mut arguments = vec!["analyze", profile.to_str().unwrap(), "--by=subsystem", "--sample", sample_type];
    arguments.extend(more);
    let output = stallscope(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn nearly_all_bytes_of_every_real_profile_are_assigned_to_a_named_subsystem() {
    for (profile, counted) in fixtures().iter().flat_map(|profile| COUNTED.map(|counted| (profile, counted)))
    {
        let json: Value = serde_json::from_str(&by_subsystem(profile, counted, &["--json"])).unwrap();
        let rows = json["subsystems"].as_array().unwrap();
        let value = |row: &Value| row["value"].as_i64().unwrap();
        let total = json["total"].as_i64().unwrap();
        assert!(total > 90_000_000, "{}: {total} bytes", profile.display());
        assert_eq!(rows.iter().map(value).sum::<i64>(), total, "{} {counted}", profile.display());
        let unassigned: i64 = rows.iter().filter(|row| row["subsystem"] == "unassigned").map(value).sum();
        let share = unassigned as f64 / total as f64;
        assert!(share <= MOST_UNASSIGNED, "{} {counted}: {share}", profile.display());
        // The sum of the same column of pprof's table.
        assert_eq!(index(profile).total(Some(counted)).unwrap(), total);
    }
}

#[test]
fn no_subsystem_swallows_the_others() {
    // With one rule for everything the coverage would be perfect, too. A loaded gopls does many things.
    for profile in fixtures().iter().filter(|profile| profile.to_string_lossy().contains("-loaded")) {
        let json: Value = serde_json::from_str(&by_subsystem(profile, "alloc_space", &["--json"])).unwrap();
        let total = json["total"].as_i64().unwrap() as f64;
        let rows = json["subsystems"].as_array().unwrap();
        let share = |id: &str| {
            let row = rows.iter().find(|row| row["subsystem"] == id);
            row.map_or(0.0, |row| row["value"].as_i64().unwrap() as f64 / total)
        };
        // By what gopls is known to do while it loads: it parses and type-checks most, and then analyses.
        for (id, least, most) in [
            ("parsing", 0.15, 0.5),
            ("type-checking", 0.2, 0.6),
            ("analysis", 0.03, 0.3),
            ("export-data", 0.01, 0.15),
            ("indexes", 0.02, 0.2),
            ("file-contents", 0.005, 0.1),
            ("metadata", 0.001, 0.1),
            ("workspace-state", 0.0005, 0.05),
            ("runtime", 0.0, 0.01),
            ("startup", 0.0, 0.05),
        ] {
            assert!((least..most).contains(&share(id)), "{}: {id} has {}", profile.display(), share(id));
        }
    }
}

#[test]
fn every_rule_names_a_function_of_some_real_profile_or_says_why_not() {
    let rules = SubsystemRules::embedded();
    let mut seen = BTreeSet::new();
    for index in fixtures().iter().map(|profile| index(profile)) {
        for counted in COUNTED {
            let query = HeapQuery { sample_type: Some(counted.into()), ..HeapQuery::default() };
            for row in index.query(&query).unwrap().rows {
                seen.extend(rules.pattern_of(&row.function));
            }
        }
    }
    let dead: Vec<_> =
        rules.patterns().filter(|(pattern, excused)| !excused && !seen.contains(pattern)).collect();
    assert!(
        dead.is_empty(),
        "no fixture has such a function; remove them, or say why in not_in_fixtures: {dead:?}"
    );
    let stale: Vec<_> =
        rules.patterns().filter(|(pattern, excused)| *excused && seen.contains(pattern)).collect();
    assert!(
        stale.is_empty(),
        "a fixture does have such a function; take them out of not_in_fixtures: {stale:?}"
    );
}

/// What each part of gopls holds in every real profile, as people see it. `UPDATE_GOLDENS=1 cargo test` writes them anew.
#[test]
fn the_readable_tables_are_as_recorded() {
    for profile in fixtures() {
        let profile_name = profile.file_name().unwrap().to_str().unwrap();
        let golden = fixture_folder().join(profile_name.replace(".pb.gz", ".subsystems.txt"));
        let actual = COUNTED.map(|counted| by_subsystem(&profile, counted, &[])).join("\n");
        if std::env::var_os("UPDATE_GOLDENS").is_some() {
            std::fs::write(&golden, &actual).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(actual, expected, "{}", golden.display());
    }
}

#[test]
fn the_functions_of_one_subsystem_add_up_to_it() {
    let profile =
        fixtures().into_iter().find(|profile| profile.to_string_lossy().contains("v0.23.0-loaded")).unwrap();
    let json = |arguments: &[&str]| -> Value {
        let output = stallscope(&[&["analyze", profile.to_str().unwrap(), "--json"], arguments].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let subsystems = json(&["--by=subsystem"]);
    let parsing = subsystems["subsystems"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["subsystem"] == "parsing")
        .unwrap();
    let functions = json(&["--subsystem=parsing"]);
    let rows = functions["rows"].as_array().unwrap();
    let flat = |row: &Value| row["flat"].as_i64().unwrap();
    assert_eq!(rows.iter().map(flat).sum::<i64>(), parsing["value"].as_i64().unwrap());
    let allocating = rows.iter().filter(|row| flat(row) != 0).count();
    assert_eq!(allocating as u64, parsing["functions"].as_u64().unwrap());
    assert!(rows.iter().any(|row| row["function"] == "go/parser.(*parser).parseIdent"));

    for (arguments, expected) in [
        (&["--by=subsystem", "--cum"][..], "every byte is counted once"),
        (&["--subsystem=kitchen"], "there are: ballast, file-contents, parsing"),
    ] {
        let output = stallscope(&[&["analyze", profile.to_str().unwrap()], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(expected), "{message}");
    }
}
