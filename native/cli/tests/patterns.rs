//! `stallscope patterns`: each rule on a process that really leaks in its way, none on what is healthy.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/leaky_server.rs"]
mod leaky_server;

use std::path::{Path, PathBuf};

use common::{fixture_folder, fixtures, stallscope};
use leaky_server::LeakyServer;
use serde_json::{Value, json};

/// Most rules about growth promise to be judged after this many GC cycles.
const PROMISED_CYCLES: u32 = 4;
/// What the parser allocates grows in a load too, so that this rule waits for longer than a load takes.
const PROMISED_FOR_SYNTAX: u32 = 6;

/// A server, and what was read of it so far.
struct Recording {
    server: LeakyServer,
    folder: tempfile::TempDir,
    cycles: u32,
}

impl Recording {
    fn start() -> Self {
        Self { server: LeakyServer::start(), folder: tempfile::tempdir().unwrap(), cycles: 0 }
    }

    fn file(&self, kind: &str, cycle: u32) -> PathBuf {
        self.folder.path().join(format!("{cycle}-{kind}"))
    }

    /// Reads the state, as the editor's side would after a GC cycle.
    fn read(&mut self) {
        let page = |path| self.server.page(path);
        let json = |path| serde_json::from_slice::<Value>(&page(path)).unwrap();
        let facts = json!({
            "workspace_stats": json("/workspace_stats"),
            "views": json("/views"),
            "gopls_processes": 1,
        });
        std::fs::write(self.file("heap", self.cycles), page("/debug/pprof/heap")).unwrap();
        std::fs::write(self.file("goroutines", self.cycles), page("/debug/pprof/goroutine?debug=1")).unwrap();
        std::fs::write(self.file("facts", self.cycles), facts.to_string()).unwrap();
        self.cycles += 1;
    }

    /// Repeats something, with a GC cycle and a reading after each time.
    fn repeat(&mut self, cycles: u32, way: &str, times_per_cycle: u32) {
        for _ in 0..cycles {
            self.server.make(way, times_per_cycle);
            self.server.collect_garbage();
            self.read();
        }
    }

    fn judge(&self) -> Value {
        let mut arguments = vec![PathBuf::from("patterns"), "--json".into()];
        for cycle in 0..self.cycles {
            arguments.push(self.file("heap", cycle));
            for kind in ["goroutines", "facts"] {
                arguments.push(format!("--{kind}").into());
                arguments.push(self.file(kind, cycle));
            }
        }
        judged(&arguments)
    }
}

/// What `stallscope patterns --json` prints. Found or not, it ends well.
fn judged(arguments: &[PathBuf]) -> Value {
    let output = stallscope(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The rules in a list of ids, or of objects that name their rule.
fn ids(list: &Value) -> Vec<&str> {
    let entries = list.as_array().unwrap().iter();
    entries.map(|entry| entry.as_str().or_else(|| entry["rule"].as_str()).unwrap()).collect()
}

fn measured(finding: &Value, name: &str) -> f64 {
    let list = finding["measured"].as_array().unwrap();
    let entry = list.iter().find(|entry| entry["name"] == name);
    entry.unwrap_or_else(|| panic!("{name} in {finding:#}"))["value"].as_f64().unwrap()
}

/// Leaks in a way over as many cycles as the rule promises; finds exactly this rule. Returns the finding.
fn finds(rule: &str, way: &str, times_per_cycle: u32) -> Value {
    finds_within(PROMISED_CYCLES, rule, way, times_per_cycle)
}

fn finds_within(cycles: u32, rule: &str, way: &str, times_per_cycle: u32) -> Value {
    let mut recording = Recording::start();
    recording.repeat(cycles + 1, way, times_per_cycle);
    let judgement = recording.judge();
    assert_eq!(ids(&judgement["findings"]), [rule], "{judgement:#}");
    judgement["findings"][0].clone()
}

#[test]
fn retained_syntax_is_found_with_its_functions() {
    let finding = finds_within(PROMISED_FOR_SYNTAX, "retained-syntax", "save-retaining-syntax", 8);
    assert_eq!(measured(&finding, "cycles"), f64::from(PROMISED_FOR_SYNTAX));
    assert!(measured(&finding, "growth_share") > 0.7, "{finding:#}");
    let functions = finding["functions"].as_array().unwrap();
    let is_parser = |f: &Value| f["function"].as_str().unwrap().starts_with("go/parser.");
    assert!(functions.iter().any(is_parser), "{finding:#}");
    assert!(
        functions.iter().all(|f| f["flat"].as_i64() > Some(0) && f["cum"].as_i64() >= f["flat"].as_i64())
    );
}

#[test]
fn a_large_buffer_is_found() {
    let finding = finds("large-buffer", "buffer", 1);
    assert!(measured(&finding, "largest_object") >= 12e6, "{finding:#}");
    assert_eq!(finding["confidence"], "low", "one look does not tell whether it stays");
}

#[test]
fn duplicated_packages_are_found() {
    let finding = finds("duplicated-packages", "overlapping-view", 1);
    assert_eq!(measured(&finding, "views"), f64::from(PROMISED_CYCLES + 2));
    assert_eq!(measured(&finding, "compiled_go_files_per_files"), f64::from(PROMISED_CYCLES + 2));
}

#[test]
fn retained_snapshots_are_found() {
    let finding = finds("retained-snapshots", "snapshot", 20);
    // Requests under way have goroutines of their own, a few.
    let (growth, retained) = (measured(&finding, "goroutines_growth"), f64::from(20 * PROMISED_CYCLES));
    assert!((growth - retained).abs() <= 8.0, "{growth} for {retained}");
}

#[test]
fn recreated_views_are_found() {
    let finding = finds("recreated-views", "view-again", 1);
    assert_eq!(measured(&finding, "views_recreated_growth"), f64::from(PROMISED_CYCLES));
}

#[test]
fn analysis_facts_are_found() {
    let finding = finds("analysis-facts", "analysis", 10);
    assert!(measured(&finding, "held") > 200e6, "{finding:#}");
}

#[test]
fn growing_diagnostics_are_found() {
    finds("growing-diagnostics", "diagnostics", 5);
}

#[test]
fn a_growing_log_is_found() {
    finds("growing-log", "log", 5);
}

#[test]
fn a_large_file_is_found_in_one_profile() {
    let mut recording = Recording::start();
    recording.repeat(1, "large-file", 1);
    let judgement = recording.judge();
    assert_eq!(ids(&judgement["findings"]), ["large-file"], "{judgement:#}");
    let largest = measured(&judgement["findings"][0], "largest_object");
    assert!((5e6..7e6).contains(&largest), "{largest}");
}

#[test]
fn growth_is_not_judged_before_its_time_and_the_missing_cycles_are_counted() {
    let mut recording = Recording::start();
    recording.repeat(PROMISED_FOR_SYNTAX - 1, "save-retaining-syntax", 12);
    // The same profile once more is no further cycle.
    recording.read();
    let judgement = recording.judge();
    assert_eq!(ids(&judgement["findings"]), [""; 0], "{judgement:#}");
    let waiting = judgement["not_judged"].as_array().unwrap();
    let syntax = waiting.iter().find(|rule| rule["rule"] == "retained-syntax").unwrap();
    assert_eq!(syntax["needs"], json!([{"what": "gc_cycles", "more": 2}]));
}

#[test]
fn healthy_work_is_never_accused() {
    for (way, times_per_cycle) in [("save", 10), ("churn", 10)] {
        let mut recording = Recording::start();
        recording.repeat(3 * PROMISED_CYCLES, way, times_per_cycle);
        let judgement = recording.judge();
        assert_eq!(ids(&judgement["findings"]), [""; 0], "{way}: {judgement:#}");
        assert_eq!(judgement["not_judged"], json!([]), "{way}");
    }
}

#[test]
fn churn_with_natural_gc_cycles_is_never_accused() {
    let mut recording = Recording::start();
    for _ in 0..3 * PROMISED_CYCLES {
        // No garbage collection is asked for: what is alive at any moment is mixed with what is not yet collected.
        recording.server.make("churn", 15);
        recording.read();
    }
    let judgement = recording.judge();
    assert_eq!(ids(&judgement["findings"]), [""; 0], "{judgement:#}");
    assert_eq!(judgement["not_judged"], json!([]), "there were cycles enough");
}

#[test]
fn a_leak_among_churn_is_found_with_natural_gc_cycles() {
    let mut recording = Recording::start();
    for _ in 0..2 * PROMISED_FOR_SYNTAX {
        recording.server.make("churn", 10);
        recording.server.make("save-retaining-syntax", 8);
        recording.read();
    }
    let judgement = recording.judge();
    assert_eq!(ids(&judgement["findings"]), ["retained-syntax"], "{judgement:#}");
}

#[test]
fn no_rule_fires_on_real_healthy_profiles() {
    for profile in fixtures() {
        let judgement = judged(&["patterns".into(), "--json".into(), profile.clone()]);
        assert_eq!(ids(&judgement["findings"]), [""; 0], "{}: {judgement:#}", profile.display());
    }
}

#[test]
fn no_rule_fires_on_the_growth_of_a_real_load() {
    for version in ["v0.18.1", "v0.22.0", "v0.23.0"] {
        let at = |moment: &str| fixture_folder().join(format!("gopls-{version}-{moment}.pb.gz"));
        let order = [
            "patterns".into(),
            "--json".into(),
            "--baseline".into(),
            at("early"),
            at("loading"),
            at("loaded"),
        ];
        let judgement = judged(&order);
        assert_eq!(ids(&judgement["findings"]), [""; 0], "{version}: {judgement:#}");
    }
}

#[test]
fn what_cannot_be_judged_is_named_with_its_remedy() {
    let (early, loaded) = (
        fixture_folder().join("gopls-v0.23.0-early.pb.gz"),
        fixture_folder().join("gopls-v0.23.0-loaded.pb.gz"),
    );
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let rules = written("rules.json", r#"{"format": 1, "rules": [{"id": "mine", "severity": "urgent"}]}"#);
    let facts = written("facts.json", r#"{"view": 3}"#);
    let cases: [(&[&Path], &str); 5] = [
        (&[&loaded, &early], "order of time"),
        (
            &[&early, Path::new("--rules"), &rules],
            "rule \"mine\": severity: must be one of low, medium, high",
        ),
        (&[&early, Path::new("--facts"), &facts], "unknown field `view`"),
        (&[&early, Path::new("--goroutines"), &facts], "not a goroutine profile"),
        (&[&early, &loaded, Path::new("--goroutines"), &facts], "once per profile"),
    ];
    for (arguments, expected) in cases {
        let output = stallscope(&[&[Path::new("patterns")], arguments].concat());
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(expected), "expected {expected:?} in {message:?}");
    }
}

#[test]
fn people_read_sentences_and_the_rules_of_a_user_count() {
    let loaded = fixture_folder().join("gopls-v0.23.0-loaded.pb.gz");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.json");
    let rule = json!({
        "format": 1,
        "off": ["retained-syntax"],
        "rules": [{
            "id": "my-types",
            "severity": "low",
            "title": {"en": "Types are held"},
            "why": {"en": "Because of reasons."},
            "what_to_do": {"en": "Nothing."},
            "when": [{"kind": "held", "through": ["go/types.(*Checker)"], "min_bytes": 1_000_000}],
        }],
    });
    std::fs::write(&path, rule.to_string()).unwrap();
    let output = stallscope(&[Path::new("patterns"), &loaded, Path::new("--rules"), &path]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Types are held\n  my-types (severity low, confidence low)"), "{text}");
    assert!(text.contains("go/types.(*Checker).recordTypeAndValue"), "{text}");
    assert!(text.contains("several-gopls needs the fact gopls_processes"), "{text}");
    assert!(!text.contains("retained-syntax"), "it was turned off: {text}");
}
