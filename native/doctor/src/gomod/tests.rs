use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;

fn applied(text: &str, edit: &Edit) -> String {
    format!("{}{}{}", &text[..edit.at.start], edit.new_text, &text[edit.at.end..])
}

const MODULE: &str = r#"// Deprecated: use v2.
module example.com/a // the module

go 1.25.0
toolchain go1.26.1
godebug default=go1.21

require (
	example.com/b v1.2.3
	example.com/c/v2 v2.0.0 // indirect; too old

	"example.com/d" v0.0.0-20240101000000-abcdef123456 // indirect
)
require example.com/e v3.0.0+incompatible
exclude example.com/b v1.2.4
replace example.com/b v1.2.3 => ../b
replace example.com/c/v2 => example.com/fork/v2 v2.1.0
// Broken.
retract (
	v1.0.0
	[v1.1.0, v1.1.9] // worse
)
tool example.com/b/cmd/gen
ignore ./node_modules
"#;

#[test]
fn all_directives_of_a_module_are_understood() {
    let file = parse_mod(MODULE);
    assert_eq!(file.problems, []);
    let text = |field: &Option<Field>| field.as_ref().map(|field| field.text.clone()).unwrap_or_default();
    assert_eq!(
        (text(&file.module), text(&file.go), text(&file.toolchain)),
        ("example.com/a".into(), "1.25.0".into(), "go1.26.1".into())
    );
    assert_eq!(file.deprecated, "use v2.\nthe module");
    assert_eq!(file.godebug, [("default".to_owned(), "go1.21".to_owned())]);
    let needed: Vec<_> =
        file.require.iter().map(|require| (require.module.path.as_str(), require.indirect)).collect();
    assert_eq!(
        needed,
        [
            ("example.com/b", false),
            ("example.com/c/v2", true),
            ("example.com/d", true),
            ("example.com/e", false)
        ]
    );
    assert_eq!(&MODULE[file.replace[0].at.clone()], "replace example.com/b v1.2.3 => ../b");
    assert_eq!(file.replace[1].new, Version { path: "example.com/fork/v2".into(), version: "v2.1.0".into() });
    let retracted: Vec<_> =
        file.retract.iter().map(|r| (r.low.as_str(), r.high.as_str(), r.rationale.as_str())).collect();
    assert_eq!(retracted, [("v1.0.0", "v1.0.0", "Broken."), ("v1.1.0", "v1.1.9", "worse")]);
    assert_eq!(
        (file.tool[0].text.as_str(), file.ignore[0].text.as_str()),
        ("example.com/b/cmd/gen", "./node_modules")
    );
}

#[test]
fn wrong_lines_are_told_and_the_rest_is_understood() {
    let text = "module example.com/a\ngo 1\nrequire example.com/b v2.0.0\nrequire example.com/c latest\nuse ./x\n\
                replace example.com/d => d\n/* no */\nrequire example.com/e v1.0.0\nrequire (\n\t`x` v1.0.0\n";
    let file = parse_mod(text);
    let told: Vec<_> = file.problems.iter().map(|problem| &text[problem.at.clone()]).collect();
    let mut expected = vec![
        "go 1",
        "require example.com/b v2.0.0",
        "latest",
        "use ./x",
        "replace example.com/d => d",
        "/* no */",
        "require",
        "`x`",
    ];
    expected.sort_unstable();
    let mut sorted = told.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert_eq!(file.module.map(|module| module.text), Some("example.com/a".into()));
    assert_eq!(file.require.len(), 1);
}

#[test]
fn places_are_counted_as_editors_count() {
    let text = "// 𝒳ä\nuse \"./𝒳ä/ü\" // x\r\nuse ./b";
    let file = parse_work(text);
    let places = Places::new(text);
    let ranges: Vec<_> = file
        .uses
        .iter()
        .map(|field| places.range(&field.at))
        .map(|r| (r.start.line, r.start.column, r.end.line, r.end.column))
        .collect();
    assert_eq!(ranges, [(1, 4, 1, 13), (2, 4, 2, 7)]);
    assert_eq!(file.uses[0].text, "./𝒳ä/ü");
}

#[test]
fn a_line_is_dropped_and_nothing_else() {
    let cases = [
        (
            "go 1.21\n\nuse (\n\t./a // first\n\t// of b\n\t./b\n)\n",
            "./b",
            "go 1.21\n\nuse (\n\t./a // first\n\t// of b\n)\n",
        ),
        ("use ./a // why\nuse ./b\n", "./a", "use ./b\n"),
        ("use ./b\nuse ./a", "./a", "use ./b"),
        ("use ./b\r\nuse ./a", "./a", "use ./b"),
        ("\n\nuse ./a", "./a", "\n"),
        ("use ./a", "./a", ""),
    ];
    for (text, folder, expected) in cases {
        let file = parse_work(text);
        let field = file.uses.iter().find(|field| field.text == folder).expect("it is used");
        assert_eq!(applied(text, &drop_line(text, &field.at)), expected, "{text:?}");
    }
}

#[test]
fn a_line_is_added_where_its_kin_stand() {
    let cases = [
        ("go 1.21\n\nuse (\n  ./a // first\n)\n", "go 1.21\n\nuse (\n  ./a // first\n  ./new\n)\n"),
        ("go 1.21\r\n\r\nuse (\r\n\t./a\r\n)\r\n", "go 1.21\r\n\r\nuse (\r\n\t./a\r\n\t./new\r\n)\r\n"),
        ("use ()\n", "use (\n\t./new\n)\n"),
        ("use (\n)\n", "use (\n\t./new\n)\n"),
        ("use ./a // x\n\nreplace a => ./b\n", "use ./a // x\nuse ./new\n\nreplace a => ./b\n"),
        ("use ./a", "use ./a\n\nuse ./new\n"),
        ("go 1.21", "go 1.21\n\nuse ./new\n"),
        ("go 1.21\n", "go 1.21\n\nuse ./new\n"),
        ("", "use ./new\n"),
    ];
    for (text, expected) in cases {
        assert_eq!(applied(text, &add_line(text, "use", &["./new"])), expected, "{text:?}");
    }
}

#[test]
fn go_versions_are_ordered_as_go_orders_them() {
    let ordered = [
        "1.9", "1.20rc1", "1.20", "1.20.1", "1.21", "1.21rc1", "1.21rc2", "1.21.0", "1.21.10", "1.22",
        "1.100", "2.0",
    ];
    for (at, version) in ordered.iter().enumerate() {
        for (other_at, other) in ordered.iter().enumerate() {
            assert_eq!(compare_go(version, other), at.cmp(&other_at), "{version} {other}");
        }
    }
    assert_eq!(compare_go("1.20", "1.20.0"), Ordering::Equal);
}

#[test]
fn words_are_quoted_as_they_need() {
    for (word, expected) in
        [("./a", "./a"), ("./a b", "\"./a b\""), ("", "\"\""), ("./a//b", "\"./a//b\""), ("./ä", "./ä")]
    {
        assert_eq!(quoted(word), expected);
        assert_eq!(super::quote::unquoted(expected).as_deref(), Some(word));
    }
}

/// Texts that look like these files now and then.
fn garbage() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("use".to_owned()),
        Just("require (".to_owned()),
        Just("use (\n".to_owned()),
        Just(")".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just(" ".to_owned()),
        Just("// c".to_owned()),
        Just("replace a => ".to_owned()),
        Just("v1.2.3".to_owned()),
        Just("\"./x\\u00".to_owned()),
        Just("retract [".to_owned()),
        Just("go 1.21".to_owned()),
        "\\PC{0,6}",
        "[\\x00-\\x7f]{0,4}",
    ];
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn garbage_is_read_without_harm(text in garbage()) {
        let (module, work) = (parse_mod(&text), parse_work(&text));
        for problem in module.problems.iter().chain(&work.problems) {
            prop_assert!(text.get(problem.at.clone()).is_some(), "{problem:?}");
        }
        let all: Vec<_> = work.uses.iter().map(|field| field.at.clone()).collect();
        let edits = drop_lines(&text, &all);
        prop_assert!(edits.is_sorted_by(|a, b| a.at.end <= b.at.start));
        let empty = edits.iter().rev().fold(text.clone(), |text, edit| applied(&text, edit));
        prop_assert_eq!(parse_work(&empty).uses, vec![]);
        for field in &work.uses {
            let edit = drop_line(&text, &field.at);
            let without = parse_work(&applied(&text, &edit));
            let left: Vec<_> = work.uses.iter().filter(|other| other.at != field.at).map(|f| &f.text).collect();
            prop_assert_eq!(without.uses.iter().map(|f| &f.text).collect::<Vec<_>>(), left);
        }
    }

    #[test]
    fn what_is_added_is_there_and_all_else_stays(text in garbage(), word in "[a-z /\"é]{1,8}") {
        let folder = format!("./{word}");
        let work = parse_work(&text);
        let edit = add_line(&text, "use", &[&folder]);
        let after = applied(&text, &edit);
        let with = parse_work(&after);
        if work.problems.is_empty() {
            prop_assert_eq!(&with.problems, &[]);
            let mut all: Vec<_> = work.uses.iter().map(|f| f.text.clone()).collect();
            all.push(folder);
            let mut found: Vec<_> = with.uses.iter().map(|f| f.text.clone()).collect();
            all.sort();
            found.sort();
            prop_assert_eq!(found, all);
        }
    }

    #[test]
    fn any_bytes_have_a_place(text in "\\PC{0,30}\n?\\PC{0,30}", byte in 0usize..100) {
        let position = Places::new(&text).position(byte);
        let line = text.split('\n').nth(position.line as usize).expect("the line is there");
        prop_assert!(position.column as usize <= line.encode_utf16().count());
    }
}
