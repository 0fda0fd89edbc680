use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::finding::Confidence;
use crate::gomod::{parse_mod, parse_work};
use crate::texts::Book;

fn source(path: &str, text: &str) -> Source {
    Source { path: Path::new(path).to_owned(), text: text.to_owned() }
}

fn work(path: &str, text: &str) -> Work {
    Work { source: source(path, text), file: parse_work(text) }
}

fn module(folder: &str, text: &str) -> (std::path::PathBuf, Module) {
    let source = source(&format!("{folder}/go.mod"), text);
    (Path::new(folder).to_owned(), Module { file: parse_mod(text), source, is_vendored: false })
}

fn package(path: &str, folder: &str, imports: &[&str]) -> Package {
    let imports = imports.iter().map(ToString::to_string).collect();
    Package { path: path.into(), folder: Path::new(folder).to_owned(), files: 1, imports }
}

/// Three modules, of which the first needs the second.
fn three() -> Facts {
    let modules = ["a", "b", "c"]
        .map(|name| module(&format!("/w/{name}"), &format!("module example.com/{name}\n\ngo 1.24\n")));
    Facts {
        folder: "/w".into(),
        environment: Environment {
            go_work: "/w/go.work".into(),
            go_version: "1.26.1".into(),
            ..Environment::default()
        },
        work: Some(work("/w/go.work", "go 1.24\n\nuse ./a\nuse ./b\nuse ./c\n")),
        modules: modules.into_iter().collect(),
        packages: Some(vec![
            package("example.com/a", "/w/a", &["fmt", "example.com/b/in"]),
            package("example.com/b/in", "/w/b/in", &["fmt"]),
            package("example.com/c", "/w/c", &["example.com/cc"]),
        ]),
        ..Facts::default()
    }
}

fn ids(facts: &Facts) -> Vec<&'static str> {
    examine(facts).iter().map(|finding| finding.id).collect()
}

#[test]
fn a_module_that_nobody_needs_is_told_as_possible_only() {
    let found = examine(&three());
    assert_eq!(
        found.iter().map(|f| (f.id, f.confidence)).collect::<Vec<_>>(),
        [("use-never-imported", Confidence::Possible)]
    );
    assert_eq!(found[0].values.get("module").map(String::as_str), Some("example.com/c"));
}

#[test]
fn what_is_imported_only_in_tests_is_imported() {
    let mut facts = three();
    let packages = facts.packages.get_or_insert_default();
    packages[2].imports.push("example.com/b/in".into());
    assert_eq!(ids(&facts), Vec::<&str>::new());
}

#[test]
fn without_a_list_of_packages_nothing_is_said_of_imports() {
    let facts = Facts { packages: None, ..three() };
    assert_eq!(ids(&facts), Vec::<&str>::new());
}

#[test]
fn the_go_line_must_be_that_of_the_newest_module_unless_all_are_old() {
    let mut facts = three();
    facts.work = Some(work("/w/go.work", "go 1.19\n\nuse ./a\nuse ./b\nuse ./c\n"));
    assert_eq!(ids(&facts), ["go-work-go-line", "use-never-imported"]);
    for module in facts.modules.values_mut() {
        module.file = parse_mod(&module.source.text.replace("1.24", "1.20"));
    }
    assert_eq!(ids(&facts), ["use-never-imported"]);
}

#[test]
fn a_module_of_a_longer_path_is_not_taken_for_one_of_a_shorter() {
    let mut facts = three();
    let packages = facts.packages.get_or_insert_default();
    packages[2].imports = vec!["example.com/bb/in".into(), "example.com".into()];
    assert_eq!(ids(&facts), ["use-never-imported"]);
}

#[test]
fn many_of_a_kind_are_counted() {
    let mut facts = three();
    let uses: String = (0..50).map(|at| format!("use ./gone{at}\n")).collect();
    facts.work = Some(work("/w/go.work", &format!("go 1.24\n{uses}")));
    let found = examine(&facts);
    assert_eq!(found.len(), MOST_OF_A_KIND);
    assert_eq!(
        found.last().and_then(|finding| finding.evidence.last()).map(String::as_str),
        Some("and 30 more")
    );
}

#[test]
fn only_what_nobody_outside_needs_is_to_be_filtered() {
    let mut facts = three();
    let mut packages = vec![package("example.com/a", "/w/a", &["example.com/b/third_party/p0"])];
    for at in 0..60 {
        // The first thirty need each other in a row.
        let next = format!("example.com/b/third_party/p{}", at + 1);
        let imports: &[&str] = if at < 29 { &[&next] } else { &[] };
        packages.push(package(
            &format!("example.com/b/third_party/p{at}"),
            &format!("/w/b/third_party/p{at}"),
            imports,
        ));
    }
    facts.packages = Some(packages);
    let found = examine(&facts);
    let filter = found.iter().find(|finding| finding.id == "folder-to-filter").expect("it is found");
    assert_eq!(filter.values.get("packages").map(String::as_str), Some("30"));
    assert_eq!(filter.values.get("filter").map(String::as_str), Some("-b/third_party"));
}

#[test]
fn of_two_modules_with_one_path_none_is_the_one_that_is_needed() {
    let needs = "module example.com/a\n\nrequire example.com/b v0.0.0\n";
    let mut modules = vec![
        module("/w/a", needs),
        module("/w/b", "module example.com/b\n"),
        module("/w/c", "module example.com/c\n"),
    ];
    let facts = |modules: &[(std::path::PathBuf, Module)]| Facts {
        folder: "/w".into(),
        modules: modules.iter().cloned().collect(),
        ..Facts::default()
    };
    let found = examine(&facts(&modules));
    assert_eq!(found.iter().map(|finding| finding.id).collect::<Vec<_>>(), ["modules-apart"]);
    assert_eq!(found[0].fixes[0].command, ["go", "work", "init", "./a", "./b"]);
    modules.push(module("/w/copy", "module example.com/b\n"));
    assert_eq!(ids(&facts(&modules)), ["modules-without-go-work"]);
}

#[test]
fn constraints_are_told_apart() {
    let tags = |tags: &[&str]| Some(Port::Tags(tags.iter().map(ToString::to_string).collect()));
    let cases = [
        ("a_windows.go", "package a", Some(Port::Other)),
        ("a_windows_arm64_test.go", "package a", Some(Port::Other)),
        ("windows.go", "package a", None),
        ("a.go", "package a\n\n//go:build x\n", None),
        ("a.go", "//go:build x\n\npackage a", tags(&["x"])),
        ("a_linux.go", "// Copyright\n\n/*\n * y\n */\n//go:build x && linux\n\npackage a", tags(&["x"])),
        ("a_linux.go", "//go:build x && windows\n\npackage a", None),
        ("a.go", "//go:build x && y\n\npackage a", tags(&["x", "y"])),
        ("a.go", "//go:build (x || y) && !z\n\npackage a", tags(&["x"])),
        ("a.go", "//go:build ignore\n\npackage a", None),
        ("a.go", "//go:build ignore && x\n\npackage a", None),
        ("a.go", "//go:build windows || plan9\n\npackage a", Some(Port::Other)),
        ("a.go", "//go:build !unix\n\npackage a", Some(Port::Other)),
        ("a.go", "//go:build go1.99\n\npackage a", None),
        ("a.go", "//go:build !go1.26\n\npackage a", None),
        ("a.go", "//go:build x &&\n\npackage a", None),
        ("a.go", "//go:build goexperiment.jsonv2\n\npackage a", None),
        ("a.go", "//go:build darwin && ios\n\npackage a", Some(Port::Other)),
    ];
    for (name, head, expected) in cases {
        assert_eq!(constraint(name, head, 26), expected, "{name}: {head}");
    }
}

#[test]
fn paths_are_joined_by_their_names() {
    for (folder, path, expected) in
        [("/w", "./a/../b/", "/w/b"), ("/w/x", "../a", "/w/a"), ("/w", "/abs", "/abs"), ("/w", ".", "/w")]
    {
        assert_eq!(joined(Path::new(folder), path), Path::new(expected));
    }
    for (folder, path, expected) in [("/w", "/w/a/b", "./a/b"), ("/w/x", "/w/a", "../a"), ("/w", "/w", ".")] {
        assert_eq!(relative(Path::new(folder), Path::new(path)), expected);
    }
}

/// Files as somebody may have left them.
fn garbage() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("use ./a"),
        Just("use ./b"),
        Just("use ../"),
        Just("use ."),
        Just("use ("),
        Just(")"),
        Just("go 1.24"),
        Just("go 1.99"),
        Just("module example.com/a"),
        Just("module example.com/b"),
        Just("require example.com/b v1.0.0"),
        Just("replace example.com/a => ./b"),
        Just("replace example.com/b => ../a"),
        Just("replace example.com/b => example.com/a v1.0.0"),
        Just("ignore ./x"),
        Just("\t\u{1F600} \"\u{e9}"),
        Just("// c"),
        Just(""),
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn every_finding_has_words_and_edits_within_its_file(
        works in garbage(), a in garbage(), b in garbage(), folder in "/w(/a|/b|/x)?", list in "\\PC{0,40}", off in any::<bool>(),
    ) {
        let book = Book::built_in().expect("rules are valid");
        let mut facts = three();
        facts.folder = folder.into();
        facts.work = Some(work("/w/go.work", &works));
        facts.modules = [module("/w/a", &a), module("/w/b", &b), module("/w", &a)].into_iter().collect();
        facts.list_error = format!("inconsistent vendoring in {list}:\n\t{list}\n");
        if off {
            facts.environment.go_work = "off".into();
        }
        for finding in examine(&facts) {
            let edits: Vec<_> = finding.fixes.iter().flat_map(|fix| fix.edits.clone()).collect();
            for edit in edits {
                let text = match edit.path.as_str() {
                    "/w/go.work" => &works,
                    "/w/b/go.mod" => &b,
                    _ => &a,
                };
                prop_assert!(edit.range.start <= edit.range.end);
                prop_assert!((edit.range.end.line as usize) < text.split('\n').count());
            }
            let id = finding.id;
            let told = book.tell(finding, "en");
            prop_assert!(told.is_some(), "{} has no texts", id);
            let told = told.expect("it has");
            prop_assert!(!told.title.contains("{") && !told.why.contains("{"), "{:?}", told);
        }
    }

    #[test]
    fn any_constraint_is_borne(name in "[a-z_.]{0,20}", expression in "[a-z!&|() ]{0,60}", deep in 0usize..4000) {
        constraint(&name, &format!("//go:build {expression}\n"), 26);
        constraint("a.go", &format!("//go:build {}x", "!(".repeat(deep)), 26);
    }
}
