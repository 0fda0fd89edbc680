//! What must never survive, in whatever way it is written; and what must.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use stallscope_pprof::{Function, Label, Mapping, Parts, Profile, Samples, StringId, StringTable, ValueType};

use super::*;

fn hidden() -> Hidden {
    Hidden {
        homes: vec!["/home/gopherina".to_owned()],
        workspaces: vec![
            vec!["/home/gopherina/secret-plan".to_owned(), "/mnt/data/secret-plan".to_owned()],
            vec!["/srv/other".to_owned()],
        ],
        user_names: vec!["gopherina".to_owned()],
        host_names: vec!["burrow.example.net".to_owned()],
        ..Hidden::default()
    }
}

fn redacted(hidden: &Hidden, text: &str) -> String {
    Redactor::new(hidden).text(text)
}

#[test]
fn a_path_becomes_a_readable_stand_in() {
    for (text, expected) in [
        ("/home/gopherina", "~"),
        ("/home/gopherina/", "~/"),
        ("/home/gopherina/go/pkg/mod/x.go:12", "~/go/pkg/mod/x.go:12"),
        ("file:///home/gopherina/secret-plan/a.go", "file://$WORKSPACE/a.go"),
        ("file:///home/gopherina/secret%2Dplan/a%20b.go", "file://$WORKSPACE/a%20b.go"),
        ("%2Fmnt%2Fdata%2Fsecret-plan%2Fa.go", "$WORKSPACE%2Fa.go"),
        ("/srv/other/x and /srv/otherwise/x", "$WORKSPACE2/x and $WORKSPACE2wise/x"),
        ("/run/user/gopherina/s, gopls-gopherina.sock", "/run/user/user/s, gopls-user.sock"),
        ("mail gopherina@burrow.example.net via BURROW", "mail user@host via host"),
        ("/home/somebody/x, /Users/else.where/y", "/home/user-1/x, /Users/user-2/y"),
        ("/home/somebody and again /home/somebody/z", "/home/user-1 and again /home/user-1/z"),
    ] {
        assert_eq!(redacted(&hidden(), text), expected);
    }
}

#[test]
fn what_is_nobodys_stays() {
    let text = "golang.org/x/tools/gopls/internal/cache.(*Snapshot).home /usr/local/go/src/runtime/malloc.go /Users/Shared/x \
                burrowing gopherinas example.net/home/page";
    assert_eq!(redacted(&hidden(), text), text);
    let container = Hidden {
        homes: vec!["/root".to_owned(), "/".to_owned(), String::new()],
        user_names: vec!["root".to_owned(), "go".to_owned()],
        host_names: vec!["localhost".to_owned()],
        ..Hidden::default()
    };
    assert_eq!(redacted(&container, "/root/go/x /rooted a/root go"), "~/go/x /rooted a/root go");
}

#[test]
fn windows_paths_in_all_their_spellings() {
    let windows = Hidden {
        homes: vec!["C:\\Users\\Gopherina".to_owned()],
        workspaces: vec![vec!["c:\\Users\\Gopherina\\plan".to_owned()]],
        ignore_case: true,
        ..Hidden::default()
    };
    for (text, expected) in [
        ("C:\\Users\\gopherina\\x.go", "~\\x.go"),
        ("\"C:\\\\Users\\\\Gopherina\\\\PLAN\\\\x.go\"", "\"$WORKSPACE\\\\x.go\""),
        ("file:///c%3A/Users/Gopherina/plan/x.go", "file:///$WORKSPACE/x.go"),
        ("C:/Users/GOPHER~1/x", "C:/Users/user-1/x"),
        ("/c/Users/Gopherina/x", "/c/Users/user-1/x"),
    ] {
        assert_eq!(redacted(&windows, text), expected);
    }
}

#[test]
fn names_of_modules_packages_and_files_are_hidden_on_request() {
    let names = Hidden {
        modules: vec!["github.com/Acme/plan".to_owned(), "gopkg.in/plan.v3".to_owned()],
        file_names: true,
        ..hidden()
    };
    let mut redactor = Redactor::new(&names);
    for (text, expected) in [
        ("github.com/Acme/plan/internal/billing.(*Bill).Pay", "module-1.example/pkg-1.(*Bill).Pay"),
        ("~/go/pkg/mod/github.com/!acme/plan@v1.2.0/a.go", "~/go/pkg/mod/module-1.example@v1.2.0/a.go"),
        ("gopkg.in/plan%2ev3.Pay", "module-2.example.Pay"),
        ("github.com/Acme/planner", "github.com/Acme/planner"),
        ("file:///home/gopherina/secret-plan/billing/bill.go", "file://$WORKSPACE/file-1.go"),
        ("at /home/gopherina/secret-plan/billing/bill.go:17, then", "at $WORKSPACE/file-1.go:17, then"),
        ("file:///mnt/data/secret-plan/my%20notes", "file://$WORKSPACE/file-2"),
        ("github.com/Acme/plan/internal/billing", "module-1.example/pkg-1"),
    ] {
        let once = redactor.text(text);
        assert_eq!(once, expected);
        assert_eq!(redactor.text(&once), once, "redacted twice");
    }
}

#[test]
fn a_long_text_is_redacted_like_a_short_one() {
    let line = "# 0x1 main.f+0x2 /home/gopherina/secret-plan/a.go:17\n";
    let expected = "# 0x1 main.f+0x2 $WORKSPACE/a.go:17\n";
    assert_eq!(redacted(&hidden(), &line.repeat(5_000)), expected.repeat(5_000));
}

#[test]
fn it_tells_what_it_replaced() {
    let mut redactor = Redactor::new(&hidden());
    redactor.text("/home/gopherina/a /home/gopherina/b gopherina");
    let told: Vec<_> = redactor.replaced().into_iter().map(|r| (r.what, r.by, r.times)).collect();
    let expected = [("/home/gopherina", "~", 2), ("gopherina", "user", 1)];
    assert_eq!(told, expected.map(|(what, by, times)| (what.to_owned(), by.to_owned(), times)));
}

#[test]
fn values_are_redacted_with_the_names_of_their_fields() {
    let mut value = serde_json::json!({ "/srv/other": ["/home/gopherina/x", 1, null, { "a": "burrow" }] });
    Redactor::new(&hidden()).value(&mut value);
    assert_eq!(value, serde_json::json!({ "$WORKSPACE2": ["~/x", 1, null, { "a": "host" }] }));
}

/// A profile of which every string is in the way: the user is called like a sample type and like a function of Go.
fn profile(strings: &[&str]) -> Profile {
    let id = |text: &str| StringId(strings.iter().position(|other| *other == text).unwrap() as u32);
    let mut samples = Samples::default();
    samples.push(
        &[3, 4096],
        &[],
        &[Label { key: id("bytes"), text: id("/home/objects/label"), number: 0, unit: id("bytes") }],
    );
    Profile::new(Parts {
        strings: StringTable::from_iter(strings.iter().copied()),
        sample_types: vec![
            ValueType { kind: id("inuse_objects"), unit: id("count") },
            ValueType { kind: id("inuse_space"), unit: id("bytes") },
        ],
        samples,
        mappings: vec![Mapping { file: id("/home/objects/go/bin/gopls"), ..Mapping::default() }],
        functions: vec![
            Function {
                name: id("runtime.objects"),
                file: id("/home/objects/go/src/a.go"),
                ..Function::default()
            },
            Function { name: id("example.com/objects.Run"), ..Function::default() },
        ],
        comments: vec![id("by objects")],
        ..Parts::default()
    })
    .unwrap()
}

#[test]
fn a_profile_keeps_its_numbers_and_terms_and_loses_its_paths() {
    let strings = [
        "",
        "inuse_objects",
        "count",
        "inuse_space",
        "bytes",
        "/home/objects/label",
        "/home/objects/go/bin/gopls",
        "runtime.objects",
        "/home/objects/go/src/a.go",
        "example.com/objects.Run",
        "by objects",
    ];
    let before = profile(&strings);
    let hidden = Hidden {
        homes: vec!["/home/objects".to_owned()],
        user_names: vec!["objects".to_owned()],
        ..Hidden::default()
    };
    let after = redact_profile(&mut Redactor::new(&hidden), before.clone()).unwrap();
    let texts: Vec<_> = after.strings.iter().collect();
    assert_eq!(
        texts,
        [
            "",
            "inuse_objects",
            "count",
            "inuse_space",
            "bytes",
            "~/label",
            "~/go/bin/gopls",
            "runtime.objects",
            "~/go/src/a.go",
            "example.com/user.Run",
            "by user",
        ]
    );
    assert_eq!(after.samples, before.samples);
}

fn spelled(text: &str, choices: &[u8]) -> String {
    let mut out = String::new();
    for (letter, choice) in text.bytes().zip(choices.iter().cycle()) {
        match (letter, choice % 6) {
            (_, 0) => out.push_str(&format!("%{letter:02X}")),
            (_, 1) => out.push_str(&format!("%25{letter:02x}")),
            (b'/', 2) => out.push('\\'),
            (b'/', 3) => out.push_str("\\\\"),
            (b'/', 4) => out.push_str("//"),
            _ => out.push(char::from(letter)),
        }
    }
    out
}

/// Percent-encoding undone, as whoever searches a report for a path would.
fn plain(text: &str) -> String {
    let bytes = super::spelling::Spelled::new(text, false).bytes;
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #[test]
    fn a_path_never_survives_in_any_spelling(
        before in "[ -~]{0,12}", after in "[ -~\n]{0,12}", choices in prop::collection::vec(any::<u8>(), 1..40),
        which in 0usize..4,
    ) {
        let path = ["/home/gopherina", "/home/gopherina/secret-plan", "/mnt/data/secret-plan", "/srv/other"][which];
        let text = format!("{before}{}{after}", spelled(path, &choices));
        let out = plain(&redacted(&hidden(), &text));
        prop_assert!(!out.contains(path), "{text:?} became {out:?}");
    }

    #[test]
    fn redacting_twice_changes_nothing(text in "(/home/[a-z]{1,9}|gopherina|/srv/other|[ -~]|burrow|é|%2F){0,12}") {
        let mut redactor = Redactor::new(&hidden());
        let once = redactor.text(&text);
        prop_assert_eq!(redactor.text(&once), once);
    }

    #[test]
    fn whatever_the_text_is_it_is_answered(
        text in "(/home/|/srv/other|/|%C3|%A9|%|é|日|\\\\|gophér|burrow|example.com/plän/|[ -~]){0,16}",
    ) {
        let all = Hidden {
            modules: vec!["example.com/plän".to_owned()],
            user_names: vec!["gophér".to_owned()],
            words: vec!["日".to_owned(), "é".to_owned()],
            file_names: true,
            ignore_case: true,
            ..hidden()
        };
        let out = redacted(&all, &text);
        prop_assert!(!plain(&out).contains("/srv/other"), "{out:?}");
    }

    #[test]
    fn text_that_holds_nothing_is_as_it_was(text in "\\PC{0,40}") {
        let nothing = Hidden::default();
        prop_assume!(!text.to_lowercase().contains("home") && !text.to_lowercase().contains("users"));
        prop_assert_eq!(redacted(&nothing, &text), text);
    }
}
