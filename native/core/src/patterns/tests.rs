//! Every kind of condition on typed evidence. The real profiles are judged in `native/cli/tests/patterns.rs`, rule
//! files are read in `tests/rule_files.rs`.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use serde_json::json;
use stallscope_pprof::{Function, Label, Line, Location, Parts, Profile, StringId, StringTable, ValueType};

use super::*;
use crate::heap::HeapIndex;

/// A profile after a number of allocated MB: one stack per line, `MB root;caller;leaf`, in one object each.
fn profile(allocated_mb: i64, stacks: &str) -> HeapIndex {
    let mut parts = Parts { strings: StringTable::from_iter([""]), ..Parts::default() };
    for name in ["alloc_space", "inuse_space"] {
        let value_type = ValueType { kind: parts.strings.push(name), unit: parts.strings.push("bytes") };
        parts.sample_types.push(value_type);
    }
    let key = parts.strings.push("bytes");
    let mut location_of: HashMap<String, u32> = HashMap::new();
    let all = format!("0 freed\n{stacks}");
    for stack in all.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (value, frames) = stack.split_once(' ').unwrap();
        let in_use = value.parse::<i64>().unwrap() * 1_000_000;
        let mut locations = Vec::new();
        for frame in frames.split(';').rev() {
            locations.push(*location_of.entry(frame.to_owned()).or_insert_with(|| {
                let name = parts.strings.push(frame);
                parts.functions.push(Function { name, system_name: name, ..Function::default() });
                let function = parts.functions.len() as u32 - 1;
                parts.lines.push(Line { function, line: 1, column: 0 });
                let first_line = parts.lines.len() as u32 - 1;
                parts.locations.push(Location { first_line, line_count: 1, ..Location::default() });
                parts.locations.len() as u32 - 1
            }));
        }
        let allocated = if frames == "freed" { allocated_mb * 1_000_000 } else { in_use };
        let size = Label { key, text: StringId(0), number: in_use, unit: StringId(0) };
        parts.samples.push(&[allocated, in_use], &locations, &[size]);
    }
    HeapIndex::new(Profile::new(parts).unwrap()).unwrap()
}

/// A rule with these conditions, alone.
fn rules(when: serde_json::Value) -> Rules {
    let text = json!({"en": "text"});
    let rule = json!({
        "id": "rule", "severity": "high", "title": text, "why": text, "what_to_do": text, "when": when,
    });
    Rules::default().and(json!({"format": 1, "rules": [rule]}).to_string().as_bytes()).unwrap()
}

fn growing() -> Rules {
    rules(json!([{
        "kind": "growing", "through": ["a/parse"], "min_cycles": 3, "min_bytes": 20_000_000, "min_share_of_growth": 0.6,
    }]))
}

/// What became of the only rule.
fn outcome(rules: &Rules, profiles: &[HeapIndex], series: &[Point], facts: Facts) -> String {
    let profiles: Vec<&HeapIndex> = profiles.iter().collect();
    let judgement = evaluate(rules, &Evidence { profiles: &profiles, series, facts }).unwrap();
    match (&judgement.findings[..], &judgement.not_judged[..]) {
        ([finding], []) => {
            let values = finding.measured.iter().map(|m| format!("{} {:.2}", m.name, m.value));
            format!("{:?}: {}", finding.confidence, values.collect::<Vec<_>>().join(", "))
        }
        ([], [waiting]) => format!("needs {:?}", waiting.missing),
        ([], []) => {
            assert_eq!(judgement.clear, ["rule"]);
            "clear".into()
        }
        _ => panic!("one rule, one outcome: {judgement:?}"),
    }
}

/// What parsing and the rest hold after each GC cycle.
fn cycles(mb: &[(i64, i64)]) -> Vec<HeapIndex> {
    let one = |(cycle, (parse, rest)): (usize, &(i64, i64))| {
        profile(100 * cycle as i64, &format!("{parse} main;x/a/parse.File;y.New\n{rest} main;z.Other"))
    };
    mb.iter().enumerate().map(one).collect()
}

fn points(live_mb: &[u64]) -> Vec<Point> {
    let point = |(index, mb): (usize, &u64)| Point {
        at_ns: index as u64,
        live_heap_bytes: mb * 1_000_000,
        saves: Some(10 * index as u64),
        ..Point::default()
    };
    live_mb.iter().enumerate().map(point).collect()
}

#[test]
fn growth_of_the_named_stacks_is_found_with_its_numbers() {
    let profiles = cycles(&[(10, 50), (20, 50), (30, 52), (40, 50)]);
    let found = outcome(&growing(), &profiles, &points(&[60, 70, 82, 90]), Facts::default());
    let expected = "Medium: growth 30000000.00, growth_per_cycle 10000000.00, growth_share 1.00, cycles 3.00, \
                    held 40000000.00, growth_per_save 1000000.00";
    assert_eq!(found, expected);
    let long = cycles(&[(10, 50), (20, 50), (30, 50), (40, 50), (50, 50), (60, 50), (70, 50)]);
    assert!(outcome(&growing(), &long, &[], Facts::default()).starts_with("High"), "twice the cycles");
}

#[test]
fn what_is_not_growth_of_the_named_stacks_is_clear() {
    for (mb, why) in [
        (&[(10, 50), (20, 90), (30, 130), (40, 170)][..], "everything grows: a load"),
        (&[(10, 50), (12, 50), (14, 50), (16, 50)], "too little"),
        (&[(40, 50), (10, 50), (40, 50), (11, 50)], "up and down"),
        (&[(10, 50), (10, 50), (10, 50), (60, 50)], "one event"),
        (&[(10, 90), (20, 70), (30, 50), (40, 30)], "the live heap does not grow"),
    ] {
        assert_eq!(outcome(&growing(), &cycles(mb), &[], Facts::default()), "clear", "{why}");
    }
}

#[test]
fn two_profiles_and_a_series_of_the_live_heap_are_enough() {
    let profiles = cycles(&[(10, 50), (50, 55)]);
    let of = |live: &[u64]| outcome(&growing(), &profiles, &points(live), Facts::default());
    assert!(
        of(&[60, 70, 80, 90, 105]).starts_with("Medium: growth 40000000.00, growth_per_cycle 10000000.00")
    );
    assert_eq!(of(&[60, 140, 62, 141, 105]), "clear");
    assert_eq!(of(&[60, 105]), "needs [GcCycles { more: 2 }]");
}

#[test]
fn the_same_gc_cycle_counts_once() {
    let mut profiles = cycles(&[(30, 50), (40, 50)]);
    profiles.extend(cycles(&[(30, 50), (40, 50)]).into_iter().skip(1));
    assert_eq!(outcome(&growing(), &profiles, &[], Facts::default()), "needs [GcCycles { more: 2 }]");
    let rising = rules(json!([{"kind": "rising", "what": "goroutines", "min_cycles": 3, "min_growth": 5}]));
    let point =
        |cycle, goroutines| Point { gc_cycle: Some(cycle), goroutines: Some(goroutines), ..Point::default() };
    let twice = [point(1, 10), point(1, 20), point(2, 30), point(2, 40)];
    let needs = outcome(&rising, &[], &twice, Facts::default());
    assert_eq!(needs, r#"needs [Points { counter: "goroutines", more: 2 }]"#);
    let each = [point(1, 10), point(2, 20), point(3, 30), point(4, 40)];
    assert_eq!(outcome(&rising, &[], &each, Facts::default()), "Medium: goroutines_growth 30.00");
}

#[test]
fn profiles_out_of_order_are_refused() {
    let (early, late) = (profile(10, ""), profile(20, ""));
    let evidence = Evidence { profiles: &[&late, &early], ..Evidence::default() };
    let error = evaluate(&growing(), &evidence).unwrap_err();
    assert_eq!(error, EvidenceError::NotInOrder { number: 2 });
}

#[test]
fn what_is_held_and_large_objects_are_seen_in_one_profile() {
    let held = rules(json!([{
        "kind": "held", "through": ["facts.Set"], "not_through": ["cache.bounded"], "min_bytes": 5_000_000, "min_share": 0.3,
    }]));
    let of = |stacks| outcome(&held, &[profile(0, stacks)], &[], Facts::default());
    assert_eq!(of("6 main;facts.Set;x\n10 main;y"), "Low: held 6000000.00, held_share 0.38");
    assert_eq!(of("6 main;facts.Set;x\n20 main;y"), "clear", "too small a share");
    assert_eq!(of("6 main;cache.bounded;facts.Set;x\n1 main;y"), "clear", "left out by its caller");
    assert_eq!(outcome(&held, &[], &[], Facts::default()), "needs [Profile]");

    let large = rules(json!([{
        "kind": "large_objects", "allocated_in": ["bytes"], "min_object_bytes": 10_000_000, "min_bytes": 10_000_000,
    }]));
    let of = |stacks| outcome(&large, &[profile(0, stacks)], &[], Facts::default());
    assert_eq!(
        of("12 main;bytes.grow\n11 a;bytes.grow"),
        "Low: held 23000000.00, largest_object 12000000.00"
    );
    assert_eq!(of("9 main;bytes.grow\n9 a;bytes.grow"), "clear", "two small ones make no large one");
    assert_eq!(of("12 main;bytes.grow;inner"), "clear", "somebody else allocated it");
}

#[test]
fn the_ballast_is_never_among_what_is_held() {
    let cache = "golang.org/x/tools/gopls/internal/cache.init";
    let held = rules(json!([{"kind": "held", "through": ["gopls/internal/cache"], "min_bytes": 1_000_000}]));
    let with_ballast = profile(0, &format!("100 runtime.main;{cache}\n2 main;x"));
    assert_eq!(outcome(&held, &[with_ballast], &[], Facts::default()), "clear");
}

#[test]
fn a_condition_that_fails_decides_whatever_else_is_missing() {
    let rule = rules(json!([
        {"kind": "fact", "fact": "views", "at_least": 3},
        {"kind": "fact_ratio", "fact": "compiled_go_files", "per": "files", "at_least": 2},
    ]));
    let of = |facts| outcome(&rule, &[], &[], facts);
    assert_eq!(of(Facts { views: Some(2), ..Facts::default() }), "clear");
    let needs = of(Facts { views: Some(3), compiled_go_files: Some(9), ..Facts::default() });
    assert_eq!(needs, r#"needs [Fact { fact: "files" }]"#);
    let all = Facts { views: Some(3), compiled_go_files: Some(9), files: Some(4), ..Facts::default() };
    let expected = "High: views 3.00, compiled_go_files 9.00, files 4.00, compiled_go_files_per_files 2.25";
    assert_eq!(of(all), expected);
    assert_eq!(of(Facts { files: Some(0), ..all }), "clear");
}

#[test]
fn without_evidence_each_rule_says_what_it_needs() {
    let rules = Rules::built_in().unwrap();
    let judgement = evaluate(&rules, &Evidence::default()).unwrap();
    assert_eq!(judgement.not_judged.len(), rules.list().len());
    let needs = |id: &str| &judgement.not_judged.iter().find(|rule| rule.rule == id).unwrap().missing;
    let fact = |fact: &str| Missing::Fact { fact: fact.into() };
    assert_eq!(needs("analysis-facts"), &[Missing::Profile]);
    assert_eq!(needs("retained-syntax"), &[Missing::Profile, Missing::GcCycles { more: 6 }]);
    let goroutines = Missing::Points { counter: "goroutines".into(), more: 5 };
    assert_eq!(needs("retained-snapshots"), &[Missing::Profile, Missing::GcCycles { more: 4 }, goroutines]);
    let facts = [Missing::Profile, fact("compiled_go_files"), fact("views")];
    assert_eq!(needs("duplicated-packages"), &facts);
}

/// Typed evidence: no real process with two gopls in a window, or fifty modules, is at hand in this crate.
#[test]
fn rules_about_the_window_and_its_modules_go_by_facts() {
    let rules = Rules::built_in().unwrap();
    let found = |facts| {
        let judgement = evaluate(&rules, &Evidence { facts, ..Evidence::default() }).unwrap();
        judgement.findings.into_iter().map(|finding| finding.rule).collect::<Vec<_>>()
    };
    let one = Facts { gopls_processes: Some(1), workspace_modules: Some(49), ..Facts::default() };
    assert_eq!(found(one), [""; 0]);
    assert_eq!(found(Facts { gopls_processes: Some(2), ..one }), ["several-gopls"]);
    assert_eq!(found(Facts { workspace_modules: Some(50), ..one }), ["many-modules"]);
}

#[test]
fn facts_come_from_gopls_own_answers() {
    // As gopls v0.23.0 answered for its own source, shortened to two views.
    let stats = r#"{"Files":{"Total":2721,"Largest":1288181,"Errs":0},"Views":[
        {"GoCommandVersion":"go1.26.8",
         "AllPackages":{"Packages":873,"LargestPackage":187,"CompiledGoFiles":3520,"Modules":28},
         "WorkspacePackages":{"Packages":182,"LargestPackage":58,"CompiledGoFiles":817,"Modules":1},"Diagnostics":2},
        {"GoCommandVersion":"go1.26.8",
         "AllPackages":{"Packages":10,"LargestPackage":5,"CompiledGoFiles":20,"Modules":2},
         "WorkspacePackages":{"Packages":3,"LargestPackage":2,"CompiledGoFiles":4,"Modules":1},"Diagnostics":0}]}"#;
    let views =
        r#"[{"ID":"7","Type":"GoMod","Root":"file:///w","Folder":"file:///w","EnvOverlay":null},{"ID":"3"}]"#;
    let facts = Facts::default().with_workspace_stats(stats).unwrap().with_views(views).unwrap();
    let expected = Facts {
        views: Some(2),
        views_recreated: Some(5),
        files: Some(2721),
        compiled_go_files: Some(3540),
        packages: Some(883),
        workspace_modules: Some(2),
        largest_file_bytes: Some(1_288_181),
        diagnostics: Some(2),
        gopls_processes: None,
    };
    assert_eq!(facts, expected);
    let file = format!(r#"{{"workspace_stats": {stats}, "views": {views}, "gopls_processes": 1}}"#);
    assert_eq!(Facts::from_file(&file).unwrap(), Facts { gopls_processes: Some(1), ..expected });
    let empty = r#"{"Files":{"Total":0,"Largest":0,"Errs":0},"Views":null}"#;
    assert_eq!(Facts::default().with_workspace_stats(empty).unwrap().views, Some(0));
    let large = format!("[{}]", " ".repeat(MAX_ANSWER_BYTES));
    let refused = Facts::default().with_views(&large).unwrap_err().to_string();
    assert!(refused.contains("at most 1048576 are read"), "{refused}");
    let error = Facts::default().with_views("{}").unwrap_err().to_string();
    assert!(error.starts_with("not an answer of gopls.views: "), "{error}");
}
