//! Every finding on an example of it, what its first fix makes of the file, and settings that are right.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::edit::tests::applied;
use super::server::tests::server;
use super::*;
use crate::finding::Confidence;
use crate::place::{Place, Scope};
use crate::texts::Book;

fn facts(files: &[(Scope, &str)]) -> Facts {
    let (extension, lore) = known().expect("our own file is valid");
    let read = |(scope, text): &(Scope, &str)| {
        Document::read(&format!("/{scope:?}/settings.json"), *scope, text).expect("it is read")
    };
    Facts {
        layers: Layers::new(files.iter().map(read).collect()),
        server: Some(server()),
        extension,
        lore,
        costs: BTreeMap::new(),
        log_bytes: BTreeMap::from([("/tmp/large.log".to_owned(), 300 << 20)]),
        alternate_is_missing: true,
    }
}

fn ids(facts: &Facts) -> Vec<&'static str> {
    examine(facts).into_iter().map(|finding| finding.id).collect()
}

const ONE: &str = "{\n  // mine\n  KEY\n}\n";

/// A finding, a line of settings that has it and nothing else, and what its first fix makes of the line.
const EXAMPLES: &[(&str, &str, &str)] = &[
    ("language-server-off", r#""go.useLanguageServer": false"#, ""),
    ("language-server-no-boolean", r#""go.useLanguageServer": "true""#, r#""go.useLanguageServer": true"#),
    ("language-server-no-boolean", r#""go.useLanguageServer": null"#, r#""go.useLanguageServer": true"#),
    ("alternate-gopls-missing", r#""go.alternateTools": { "gopls": "/no" }"#, r#""go.alternateTools": { }"#),
    (
        "gopls-flag-unknown",
        r#""go.languageServerFlags": ["-v", "-fast"]"#,
        r#""go.languageServerFlags": ["-v"]"#,
    ),
    (
        "gopls-flag-misspelt",
        r#""go.languageServerFlags": ["-rpc-trace"]"#,
        r#""go.languageServerFlags": ["-rpc.trace"]"#,
    ),
    (
        "gopls-flag-memory-limit",
        r#""go.languageServerFlags": ["-memory-limit", "2GiB", "-v"]"#,
        r#""go.languageServerFlags": ["-v"]"#,
    ),
    (
        "gopls-flag-trace-file",
        r#""go.languageServerFlags": ["-trace-file=x"]"#,
        r#""go.languageServerFlags": []"#,
    ),
    ("gopls-flag-pprof", r#""go.languageServerFlags": ["-pprof=:1"]"#, r#""go.languageServerFlags": []"#),
    (
        "gopls-flag-without-value",
        r#""go.languageServerFlags": ["-debug"]"#,
        r#""go.languageServerFlags": []"#,
    ),
    (
        "gopls-flag-wrong-value",
        r#""go.languageServerFlags": ["-listen.timeout=1"]"#,
        r#""go.languageServerFlags": []"#,
    ),
    ("gopls-flag-command", r#""go.languageServerFlags": ["version"]"#, r#""go.languageServerFlags": []"#),
    (
        "gopls-flag-no-effect",
        r#""go.languageServerFlags": ["-mode=stdio"]"#,
        r#""go.languageServerFlags": []"#,
    ),
    (
        "debug-everywhere",
        r#""go.languageServerFlags": ["-debug=:6060"]"#,
        r#""go.languageServerFlags": ["-debug=localhost:0"]"#,
    ),
    (
        "logfile-grows",
        r#""go.languageServerFlags": ["-logfile=/tmp/a.log"]"#,
        r#""go.languageServerFlags": []"#,
    ),
    (
        "logfile-large",
        r#""go.languageServerFlags": ["-logfile", "/tmp/large.log"]"#,
        r#""go.languageServerFlags": []"#,
    ),
    ("go-setting-unknown", r#""go.somethingElseAltogether": 1"#, ""),
    ("go-setting-misspelt", r#""go.languageServerFlag": ["-v"]"#, r#""go.languageServerFlags": ["-v"]"#),
    ("go-setting-gone", r#""go.liveErrors": {}"#, ""),
    ("go-setting-replaced", r#""go.useCodeSnippetsOnFunctionSuggest": true"#, ""),
    (
        "go-setting-never-was",
        r#""go.gopls": { "staticcheck": false }"#,
        r#""gopls": { "staticcheck": false }"#,
    ),
    ("go-setting-deprecated", r#""go.logging.level": "info""#, ""),
    ("go-setting-wrong-type", r#""go.languageServerFlags": "-rpc.trace""#, ""),
    ("gopls-no-object", r#""gopls": true"#, ""),
    ("gopls-setting-unknown", r#""gopls": { "goFaster": true }"#, r#""gopls": { }"#),
    (
        "gopls-setting-misspelt",
        r#""gopls": { "ui.semanticToken": false }"#,
        r#""gopls": { "ui.semanticTokens": false }"#,
    ),
    ("gopls-setting-gone", r#""gopls": { "build.memoryMode": "DegradeClosed" }"#, r#""gopls": { }"#),
    ("gopls-setting-gone", r#""gopls": { "build.experimentalWorkspaceModule": true }"#, r#""gopls": { }"#),
    ("gopls-setting-replaced", r#""gopls": { "experimentalDiagnosticsDelay": "1s" }"#, r#""gopls": { }"#),
    ("gopls-setting-too-new", r#""gopls": { "memoryLimit": 1 }"#, r#""gopls": { }"#),
    ("gopls-setting-deprecated", r#""gopls": { "noSemanticString": true }"#, r#""gopls": { }"#),
    ("gopls-setting-experimental", r#""gopls": { "fileWatcher": true }"#, r#""gopls": { }"#),
    (
        "gopls-setting-wrong-value",
        r#""gopls": { "verboseOutput": "true" }"#,
        r#""gopls": { "verboseOutput": true }"#,
    ),
    ("gopls-setting-wrong-part", r#""gopls": { "env": { "A": 1 } }"#, r#""gopls": { "env": { "A": "1" } }"#),
    (
        "build-flag-with-space",
        r#""gopls": { "build.buildFlags": ["-v", "-tags a,b"] }"#,
        r#""gopls": { "build.buildFlags": ["-v", "-tags=a,b"] }"#,
    ),
    ("build-flag-with-space", r#""go.buildFlags": ["-tags x"]"#, r#""go.buildFlags": ["-tags=x"]"#),
    ("gopls-name-unknown", r#""gopls": { "analyses": { "zzz": true } }"#, r#""gopls": { "analyses": { } }"#),
    (
        "gopls-name-misspelt",
        r#""gopls": { "analyses": { "shadows": true } }"#,
        r#""gopls": { "analyses": { "shadow": true } }"#,
    ),
    (
        "gopls-name-gone",
        r#""gopls": { "analyses": { "fieldalignment": true } }"#,
        r#""gopls": { "analyses": { } }"#,
    ),
    ("gopls-setting-dotted", r#""gopls.ui.verboseOutput": true"#, r#""gopls.verboseOutput": true"#),
    (
        "gopls-setting-dotted",
        r#""gopls": { "local": "x" }, "gopls.ui.verboseOutput": true"#,
        r#""gopls": { "ui.verboseOutput": true, "local": "x" }"#,
    ),
    (
        "gopls-setting-overwritten",
        r#""gopls.verboseOutput": true, "gopls": { "local": "x" }"#,
        r#""gopls": { "verboseOutput": true, "local": "x" }"#,
    ),
    (
        "gopls-setting-overwritten",
        r#""gopls.local": "a", "gopls": { "local": "x" }"#,
        r#""gopls": { "local": "x" }"#,
    ),
    (
        "gopls-setting-nested",
        r#""gopls": { "ui": { "diagnostic": { "analyses": {} }, "semanticTokens": false } }"#,
        r#""gopls": { "ui.diagnostic.analyses": {}, "ui.semanticTokens": false }"#,
    ),
    (
        "gopls-setting-named-twice",
        r#""gopls": { "formatting.local": "a", "local": "b" }"#,
        r#""gopls": { "formatting.local": "a" }"#,
    ),
    ("setting-written-twice", r#""go.buildTags": "a", "go.buildTags": "b""#, r#""go.buildTags": "b""#),
    (
        "setting-in-language-block",
        r#""[go]": { "editor.tabSize": 2, "gopls": { "local": "x" } }"#,
        r#""gopls": { "local": "x" },"#,
    ),
    (
        "runtime-variable-not-for-gopls",
        r#""gopls": { "build.env": { "GOMEMLIMIT": "1GiB" } }"#,
        r#""gopls": { "build.env": { } }"#,
    ),
    (
        "memory-limit-malformed",
        r#""go.toolsEnvVars": { "GOMEMLIMIT": "2GB" }"#,
        r#""go.toolsEnvVars": { "GOMEMLIMIT": "2GiB" }"#,
    ),
    (
        "tools-memory-limit-low",
        r#""go.toolsEnvVars": { "GOMEMLIMIT": "300MiB" }"#,
        r#""go.toolsEnvVars": { }"#,
    ),
    ("tools-gc-off", r#""go.toolsEnvVars": { "GOGC": "off" }"#, r#""go.toolsEnvVars": { }"#),
    (
        "gopath-twice",
        r#""go.gopath": "/a", "go.toolsEnvVars": { "GOPATH": "/b" }"#,
        r#""go.gopath": "/a", "go.toolsEnvVars": { }"#,
    ),
    ("low-diagnostics-delay", r#""gopls": { "diagnosticsDelay": "10ms" }"#, r#""gopls": { }"#),
    ("long-completion-budget", r#""gopls": { "completionBudget": "2s" }"#, r#""gopls": { }"#),
    ("no-completion-budget", r#""gopls": { "completionBudget": "0s" }"#, r#""gopls": { }"#),
    ("costly-staticcheck", r#""gopls": { "ui.diagnostic.staticcheck": true }"#, r#""gopls": { }"#),
    ("costly-semantic-tokens", r#""gopls": { "ui.semanticTokens": true }"#, r#""gopls": { }"#),
    ("narrow-workspace", r#""gopls": { "build.expandWorkspaceToModule": false }"#, r#""gopls": { }"#),
    ("trace-verbose", r#""go.trace.server": "verbose""#, ""),
];

/// Found by examples of their own below.
const ELSEWHERE: &[&str] = &["setting-for-window", "staticcheck-twice", "costly-analyses"];

/// The example's gopls has one more experimental option.
fn example(text: &str) -> Facts {
    let mut facts = facts(&[(Scope::User, text)]);
    let server = facts.server.as_mut().expect("it is there");
    let mut experimental = server.options["verboseOutput"].clone();
    experimental.status = "experimental".into();
    server.options.insert("fileWatcher".into(), experimental);
    facts
}

#[test]
fn every_finding_is_found_alone_and_its_first_fix_mends_it() {
    let book = Book::built_in().expect("texts are valid");
    for (id, line, mended) in EXAMPLES {
        let text = ONE.replace("KEY", line);
        let facts = example(&text);
        let mut findings = examine(&facts);
        assert_eq!(findings.iter().map(|f| f.id).collect::<Vec<_>>(), [*id], "{line}");
        let told = book.tell(findings.remove(0), "en").expect("it has texts");
        let Place::Setting { range: Some(range), .. } = told.place else { panic!("{id} has a place") };
        assert_eq!(range.start.line, 2, "{id}");
        for text in [&told.title, &told.why].into_iter().chain(told.fixes.iter().map(|fix| &fix.title)) {
            assert!(!text.contains('{') || text.contains("{\"") || text.contains(": {"), "{id}: {text}");
        }
        for fix in &told.fixes {
            assert_ne!(fix.title, fix.id, "{id} has no text for it");
            assert!(applied(&text, &fix.edits).contains("// mine"), "{id} keeps comments");
        }
        let after = applied(&text, &told.fixes[0].edits);
        assert!(after.contains(mended), "{id}: {after}");
        assert_eq!(ids(&example(&after)), [] as [&str; 0], "{id}: {after}");
    }
}

#[test]
fn every_finding_of_the_area_has_an_example() {
    let shown: BTreeSet<&str> =
        EXAMPLES.iter().map(|(id, ..)| *id).chain(ELSEWHERE.iter().copied()).collect();
    let file: serde_json::Value =
        serde_json::from_slice(include_bytes!("../../rules/settings.json")).expect("it is JSON");
    let told: BTreeSet<&str> =
        file["findings"].as_array().expect("a list").iter().filter_map(|f| f["id"].as_str()).collect();
    assert_eq!(shown, told);
}

#[test]
fn settings_that_are_right_are_left_alone() {
    let text = r#"{
        "editor.fontSize": 14, "gopher": 1, "golang": {}, "[go]": { "editor.formatOnSave": true },
        "go.useLanguageServer": true, "go.languageServerFlags": ["-rpc.trace", "-debug=localhost:0"],
        "go.toolsEnvVars": { "GOFLAGS": "-mod=mod", "GOMEMLIMIT": "4GiB", "GOGC": "50", "GOPATH": "/home/me/go" },
        "go.alternateTools.dlv": "/x", "go.gopath": "~/go", "go.testTags": null,
        "gopls": { "build.directoryFilters": ["-**/node_modules"], "ui.completion.matcher": "Fuzzy",
            "analyses": { "shadow": true }, "deepCompletion": false, "diagnosticsDelay": "1s",
            "build.env": { "GOFLAGS": "-mod=mod" }, "staticcheck": false },
        "gopls.verboseOutput": true }"#;
    assert_eq!(ids(&facts(&[(Scope::User, text)])), [] as [&str; 0]);
}

#[test]
fn the_nearer_file_counts() {
    let off = r#"{ "go.useLanguageServer": false, "gopls": { "staticcheck": true } }"#;
    let on = r#"{ "go.useLanguageServer": true, "gopls": { "staticcheck": false } }"#;
    assert_eq!(ids(&facts(&[(Scope::User, off), (Scope::Workspace, on)])), [] as [&str; 0]);
    let found = examine(&facts(&[(Scope::Workspace, off), (Scope::User, on)]));
    assert_eq!(found.iter().map(|f| f.id).collect::<Vec<_>>(), ["language-server-off", "costly-staticcheck"]);
    let Place::Setting { scope, path, .. } = &found[0].place else { panic!("a setting") };
    assert_eq!((*scope, path.as_deref()), (Scope::Workspace, Some("/Workspace/settings.json")));
}

#[test]
fn variables_of_several_files_are_one_environment() {
    let user = r#"{ "go.toolsEnvVars": { "GOMEMLIMIT": "2GB", "GOGC": "off" } }"#;
    let near = r#"{ "go.toolsEnvVars": { "GOMEMLIMIT": "2GiB" } }"#;
    assert_eq!(ids(&facts(&[(Scope::User, user)])), ["memory-limit-malformed"]);
    assert_eq!(ids(&facts(&[(Scope::User, user), (Scope::Workspace, near)])), [] as [&str; 0]);
}

#[test]
fn a_folder_cannot_set_what_is_for_the_window() {
    let folder = r#"{ "go.languageServerFlags": ["-nonsense"] }"#;
    assert_eq!(ids(&facts(&[(Scope::Folder, folder)])), ["setting-for-window"]);
    assert_eq!(ids(&facts(&[(Scope::Workspace, folder)])), ["gopls-flag-unknown"]);
}

#[test]
fn staticcheck_in_two_places_is_once_too_many() {
    let text = r#"{ "go.lintTool": "staticcheck", "gopls": { "staticcheck": true } }"#;
    assert_eq!(ids(&facts(&[(Scope::User, text)])), ["staticcheck-twice", "costly-staticcheck"]);
}

#[test]
fn what_does_not_arrive_costs_nothing() {
    let text = r#"{ "gopls.ui.diagnostic.staticcheck": true }"#;
    assert_eq!(ids(&facts(&[(Scope::User, text)])), ["gopls-setting-dotted"]);
    let text = r#"{ "gopls.staticcheck": true, "gopls": { "local": "x" } }"#;
    assert_eq!(ids(&facts(&[(Scope::User, text)])), ["gopls-setting-overwritten"]);
}

#[test]
fn many_analyses_count_only_where_gopls_leaves_them_off() {
    let names: Vec<String> = (0..12).map(|index| format!("a{index}")).collect();
    let all: Vec<String> = names.iter().map(|name| format!("\"{name}\": true")).collect();
    let text = format!("{{ \"gopls\": {{ \"analyses\": {{ {} }} }} }}", all.join(", "));
    for (on, expected) in [(false, &["costly-analyses"][..]), (true, &[])] {
        let mut facts = facts(&[(Scope::User, &text)]);
        let keys = names.iter().map(|name| (name.clone(), on)).collect();
        let server = facts.server.as_mut().expect("it is there");
        server.options.get_mut("analyses").expect("it is there").keys = keys;
        assert_eq!(ids(&facts), expected);
    }
}

#[test]
fn what_was_measured_here_is_said_and_what_was_not_too() {
    let mut facts = facts(&[(Scope::User, r#"{ "gopls": { "staticcheck": true } }"#)]);
    assert_eq!(examine(&facts)[0].evidence, [r#""staticcheck": true"#, "not measured here"]);
    let cost = Cost { wait_ms: Some(320.4), cpu_ms: None, memory_bytes: Some(120e6) };
    facts.costs.insert("staticcheck".into(), cost);
    assert_eq!(examine(&facts)[0].evidence[1], "measured here: wait +320 ms, memory +120 MB");
}

#[test]
fn without_a_gopls_only_what_it_need_not_say_is_judged() {
    let text = r#"{ "gopls": { "nonsense": 1 }, "go.languageServerFlags": ["-nonsense"], "go.useLanguageServer": false }"#;
    let facts = Facts { server: None, ..facts(&[(Scope::User, text)]) };
    assert_eq!(ids(&facts), ["language-server-off"]);
}

#[test]
fn an_unknown_name_is_certain_only_by_the_user_s_own_list() {
    let mut facts = facts(&[(Scope::User, r#"{ "go.somethingElse": 1 }"#)]);
    assert_eq!(examine(&facts)[0].confidence, Confidence::Possible);
    facts.extension.is_users_own = true;
    assert_eq!(examine(&facts)[0].confidence, Confidence::Certain);
}

/// Keys and values that mean something, in combinations that nobody writes.
fn any_settings() -> impl Strategy<Value = String> {
    const KEYS: &[&str] = &[
        "go.useLanguageServer",
        "go.languageServerFlags",
        "go.toolsEnvVars",
        "go.alternateTools",
        "go.gopls",
        "go.buildFlags",
        "go.",
        "go",
        "gopls",
        "gopls.",
        "gopls.ui",
        "gopls.ui.staticcheck",
        "gopls..",
        "[go]",
        "[",
        "",
        "ui",
        "ui.diagnostic.analyses",
        "analyses",
        "env",
        "staticcheck",
        "buildFlags",
        "memoryMode",
        "GOMEMLIMIT",
        "ä😀",
    ];
    let key = || prop::sample::select(KEYS).prop_map(|key| serde_json::Value::from(key).to_string());
    let text = prop_oneof![
        "-{0,3}[a-z]{0,4}[= ]{0,2}[a-z0-9]{0,3}",
        Just("-memory-limit".into()),
        Just("2GB".into()),
        Just("serve".into()),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("-0.5e3".to_owned()),
        text.prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    let value = leaf.prop_recursive(4, 24, 4, move |inner| {
        let member = (key(), inner.clone()).prop_map(|(key, value)| format!("{key}: {value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|values| format!("[ {} ]", values.join(","))),
            prop::collection::vec(member, 0..4)
                .prop_map(|members| format!("{{\n{} // }}\n}}", members.join(",\n "))),
        ]
    });
    let key = prop::sample::select(KEYS).prop_map(|key| serde_json::Value::from(key).to_string());
    prop::collection::vec((key, value), 0..5).prop_map(|members| {
        let members: Vec<String> =
            members.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
        format!("{{\n{}\n}}", members.join(",\n"))
    })
}

proptest! {
    /// Files are anybody's: whatever they say is judged without a panic, and every fix leaves a file that is read.
    #[test]
    fn any_settings_are_judged_and_every_fix_applies(user in any_settings(), near in any_settings()) {
        let files = [(Scope::User, user.as_str()), (Scope::Workspace, near.as_str())];
        let facts = facts(&files);
        for finding in examine(&facts) {
            let Place::Setting { scope, .. } = finding.place else { panic!("a setting") };
            let (_, text) = files.iter().find(|(file, _)| *file == scope).expect("one of the files");
            for fix in finding.fixes {
                let after = applied(text, &fix.edits);
                prop_assert!(Document::read("/x", scope, &after).is_ok(), "{}: {after}", finding.id);
            }
        }
        seen(&facts.layers, &facts.extension);
    }
}
