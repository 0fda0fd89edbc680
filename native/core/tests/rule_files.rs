//! Rule files: ours are complete, those of others are read or refused with the place and the remedy.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use stallscope_core::patterns::{MAX_FILE_BYTES, Rules, Severity};

const OURS: &str = include_str!("../rules/leak-patterns.json");
const DOCUMENT: &str = include_str!("../../../docs/leak-patterns.md");

fn rule() -> Value {
    json!({
        "id": "mine",
        "severity": "low",
        "title": {"en": "Mine", "zh-CN": "我的"},
        "why": {"en": "Because."},
        "what_to_do": {"en": "Nothing."},
        "references": [{"title": "a page", "url": "https://example.com/page"}],
        "when": [
            {"kind": "growing", "through": ["example.com/p.F"], "min_cycles": 3, "min_bytes": 1000},
            {"kind": "fact", "fact": "views", "at_least": 2},
        ],
    })
}

fn read(file: &Value) -> Result<Rules, String> {
    Rules::built_in().unwrap().and(file.to_string().as_bytes()).map_err(|error| error.to_string())
}

fn with_rule(rule: Value) -> Result<Rules, String> {
    read(&json!({"format": 1, "rules": [rule]}))
}

#[test]
fn our_rules_cover_what_was_promised() {
    let rules = Rules::built_in().unwrap();
    let ids: Vec<&str> = rules.list().iter().map(|rule| rule.id.as_str()).collect();
    for id in [
        "retained-syntax",
        "large-buffer",
        "duplicated-packages",
        "retained-snapshots",
        "recreated-views",
        "analysis-facts",
        "large-file",
        "growing-diagnostics",
        "growing-log",
        "many-modules",
        "several-gopls",
    ] {
        assert!(ids.contains(&id), "{id}");
        assert!(DOCUMENT.contains(&format!("`{id}`")), "{id} is not in docs/leak-patterns.md");
    }
    assert!(rules.list().iter().all(|rule| !rule.references.is_empty()), "each can be read up");
}

#[test]
fn our_texts_are_complete_in_english_and_chinese() {
    for rule in Rules::built_in().unwrap().list() {
        for (field, texts) in [("title", &rule.title), ("why", &rule.why), ("what_to_do", &rule.what_to_do)] {
            let english = texts.exact("en").unwrap();
            let chinese =
                texts.exact("zh-cn").unwrap_or_else(|| panic!("{}: {field} has no Chinese", rule.id));
            let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
            assert!(!english.contains(is_han), "{}: {field}", rule.id);
            let han = chinese.chars().filter(|c| is_han(*c)).count();
            assert!(han * 4 > chinese.chars().count(), "{}: {field} is not Chinese: {chinese}", rule.id);
            assert_eq!(texts.text("zh-CN"), chinese, "languages go by any case");
            assert_eq!(texts.text("fr"), english, "English where there is nothing else");
        }
    }
}

#[test]
fn the_document_shows_a_file_that_is_read() {
    let (_, rest) = DOCUMENT.split_once("```json\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let rules = Rules::built_in().unwrap().and(example.as_bytes()).unwrap();
    assert_eq!(rules.list().len(), Rules::built_in().unwrap().list().len(), "it adds one and turns one off");
}

#[test]
fn a_users_rules_join_replace_and_turn_off_ours() {
    let ours = Rules::built_in().unwrap().list().len();
    assert_eq!(with_rule(rule()).unwrap().list().len(), ours + 1);
    assert_eq!(with_rule(rule()).unwrap().get("mine").unwrap().title.text("zh-cn"), "我的");
    let mut same = rule();
    same["id"] = "large-file".into();
    let replaced = with_rule(same).unwrap();
    assert_eq!(replaced.list().len(), ours);
    assert_eq!(replaced.get("large-file").unwrap().severity, Severity::Low);
    let off = read(&json!({"format": 1, "off": ["large-file"]})).unwrap();
    assert_eq!((off.list().len(), off.get("large-file")), (ours - 1, None));
}

/// Changes one field of a good rule.
fn changed(pointer: &str, value: Value) -> Value {
    let mut rule = rule();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    rule.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(field.to_owned(), value);
    rule
}

#[test]
fn a_complaint_names_the_rule_the_field_and_what_may_be_there() {
    for (pointer, value, expected) in [
        (
            "/id",
            json!("Mine!"),
            "rule (rule file: rules[0]): id: must be lower-case letters, digits and hyphens",
        ),
        (
            "/severity",
            json!("urgent"),
            r#"rule "mine": severity: must be one of low, medium, high, is "urgent""#,
        ),
        ("/title", json!("Mine"), r#"rule "mine": title: must be an object of texts by language"#),
        ("/title", json!({"zh-cn": "我的"}), r#"rule "mine": title.en: is missing"#),
        ("/why/en", json!("x".repeat(2001)), r#"rule "mine": why.en: is longer than 2000 characters"#),
        ("/what_to_do/en", json!(" "), r#"rule "mine": what_to_do.en: must not be empty"#),
        (
            "/references",
            json!([{"title": "t", "url": "javascript:x"}]),
            "references[0].url: must be an https address",
        ),
        ("/when", json!([]), r#"rule "mine": when: needs at least one condition"#),
        ("/when", json!(vec![json!({}); 9]), r#"rule "mine": when: has 9 entries; at most 8 are read"#),
        (
            "/when",
            json!([{"kind": "leaking"}]),
            "when[0].kind: must be one of held, large_objects, growing, rising",
        ),
        ("/when", json!([3]), r#"rule "mine": when[0]: must be an object, is 3"#),
        ("/whom", json!(1), r#"rule "mine": there is no field "whom" here; the fields are id, severity"#),
    ] {
        let message = with_rule(changed(pointer, value)).unwrap_err();
        assert!(message.contains(expected), "expected {expected:?} in {message:?}");
    }
    let growing = |field: &str, value: Value| {
        let mut rule = rule();
        rule["when"][0].as_object_mut().unwrap().insert(field.to_owned(), value);
        with_rule(rule).unwrap_err()
    };
    for (field, value, expected) in [
        ("min_bytes", json!("1 MB"), r#"rule "mine": when[0].min_bytes: must be a whole number from 1 to "#),
        ("min_bytes", json!(-1), "is -1"),
        ("min_cycles", json!(1), "when[0].min_cycles: must be a whole number from 2 to 1000, is 1"),
        (
            "min_share_of_growth",
            json!(1.5),
            "when[0].min_share_of_growth: must be a number from 0 to 1, is 1.5",
        ),
        ("through", json!([]), "when[0].through: name at least one function, here or in allocated_in"),
        ("through", json!(["a", "a"]), r#"when[0].through[1]: "a" is there twice"#),
        ("through", json!([7]), "when[0].through[0]: must be a text, is 7"),
        ("min_byte", json!(7), r#"when[0]: there is no field "min_byte" here; the fields are kind, "#),
    ] {
        let message = growing(field, value);
        assert!(message.contains(expected), "expected {expected:?} in {message:?}");
    }
}

#[test]
fn files_as_a_whole_are_checked() {
    for (file, expected) in [
        (json!([]), "rule file: must be an object, is a list"),
        (json!({"rules": []}), "rule file: format: is missing"),
        (json!({"format": 2}), "rule file: format: is 2; this version reads format 1"),
        (json!({"format": 1, "rules": [rule(), rule()]}), r#"there is another rule "mine" in this file"#),
        (json!({"format": 1, "rules": vec![rule(); 201]}), "rules: has 201 entries; at most 200 are read"),
        (json!({"format": 1, "off": ["nothing"]}), r#"rule file: off[0]: there is no rule "nothing""#),
    ] {
        let message = read(&file).unwrap_err();
        assert!(message.contains(expected), "expected {expected:?} in {message:?}");
    }
    let refused = |bytes: &[u8]| Rules::default().and(bytes).unwrap_err().to_string();
    assert!(refused(b"{\"format\": 1,").starts_with("rule file: is not JSON: EOF"));
    assert!(refused(&[b' '; MAX_FILE_BYTES + 1]).contains("at most 1048576 are read"));
    let deep = "[".repeat(100_000);
    assert!(refused(deep.as_bytes()).contains("recursion limit exceeded"));
}

/// Any JSON, small.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop_oneof![Just("en"), Just("growing"), Just("views"), Just("https://x"), Just("low")]
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key =
            prop_oneof![Just("en".to_owned()), Just("kind".to_owned()), Just("id".to_owned()), ".{0,8}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6).prop_map(|entries| Map::from_iter(entries).into()),
        ]
    })
}

/// Every place in a JSON value.
fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, v)| pointers(v, &format!("{at}/{i}"), into));
        }
        Value::Object(map) => map.iter().for_each(|(key, v)| pointers(v, &format!("{at}/{key}"), into)),
        _ => {}
    }
}

fn is_read_or_refused_with_a_message(file: &[u8]) {
    match Rules::built_in().unwrap().and(file) {
        Ok(rules) => assert!(rules.list().len() <= 500),
        Err(error) => {
            assert!(!error.at.is_empty() && !error.problem.is_empty());
            assert!(error.to_string().chars().count() < 2_000, "{error}");
        }
    }
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(value in any_json()) {
        is_read_or_refused_with_a_message(value.to_string().as_bytes());
        is_read_or_refused_with_a_message(json!({"format": 1, "rules": [value]}).to_string().as_bytes());
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        is_read_or_refused_with_a_message(&bytes);
    }

    /// The more telling one: a good file with something else at one place.
    #[test]
    fn our_file_with_one_place_changed_is_read_or_refused(place in any::<prop::sample::Index>(), value in any_json()) {
        let mut file: Value = serde_json::from_str(OURS).unwrap();
        let mut places = Vec::new();
        pointers(&file, "", &mut places);
        *file.pointer_mut(place.get(&places[..]).as_str()).unwrap() = value;
        is_read_or_refused_with_a_message(file.to_string().as_bytes());
    }
}
