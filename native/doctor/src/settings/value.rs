//! Whether gopls takes a value. It refuses what it does not take and goes on without it, so the rules are its own: which type,
//! which words, how a duration is written.

use serde_json::{Value as Json, json};

use super::document::{Node, Value};
use super::server::{Kind, ServerOption};
use crate::lines::Span;

/// Why a value is not taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Wrong {
    /// The part of it that is meant.
    pub span: Span,
    /// What would be taken, as it is written in JSON.
    pub wants: String,
    /// What is probably meant.
    pub instead: Option<Json>,
}

/// Whether an option takes a value.
pub fn check(name: &str, option: &ServerOption, node: &Node) -> Result<(), Wrong> {
    let wrong =
        |span: &Span, wants: &str, instead| Err(Wrong { span: span.clone(), wants: wants.into(), instead });
    let whole = &node.span;
    match (&option.kind, &node.value) {
        (Kind::Unknown, _) | (Kind::Bool, Value::Bool(_)) | (Kind::Text, Value::Text(_)) => Ok(()),
        // It is the only list that may be nothing.
        (Kind::TextList, Value::Null) if name == "templateExtensions" => Ok(()),
        (Kind::Bool, value) => wrong(whole, "true | false", boolean(value)),
        (Kind::Text, _) => wrong(whole, "\"…\"", None),
        (Kind::TextList, Value::List(nodes)) => match nodes.iter().find(|node| node.text().is_none()) {
            Some(node) => wrong(&node.span, "\"…\"", None),
            None if name == "directoryFilters" => filters(nodes),
            None => Ok(()),
        },
        (Kind::TextList, Value::Text(text)) if !text.contains(char::is_whitespace) => {
            wrong(whole, "[\"…\"]", Some(json!([text])))
        }
        (Kind::TextList, _) => wrong(whole, "[\"…\"]", None),
        (Kind::TextMap, Value::Object(members)) => match members.iter().find(|m| m.node.text().is_none()) {
            Some(member) => wrong(&member.node.span, "\"…\"", quoted(&member.node.value)),
            None => Ok(()),
        },
        (Kind::TextMap, _) => wrong(whole, "{\"…\": \"…\"}", None),
        (Kind::BoolMap, Value::Object(members)) => {
            match members.iter().find(|m| !matches!(m.node.value, Value::Bool(_))) {
                Some(member) => wrong(&member.node.span, "true | false", boolean(&member.node.value)),
                None => Ok(()),
            }
        }
        (Kind::BoolMap, _) => wrong(whole, "{\"…\": true | false}", None),
        (Kind::OneOf(values), _) => one_of(values, node),
        (Kind::Duration, Value::Text(text)) if duration_ns(text).is_some() => Ok(()),
        (Kind::Duration, _) => wrong(whole, "\"250ms\" | \"1.5s\"", None),
        (Kind::Whole, Value::Number(number)) if is_whole(number) => Ok(()),
        (Kind::Whole, Value::Text(text)) => wrong(whole, "123", text.parse::<i64>().ok().map(Json::from)),
        (Kind::Whole, _) => wrong(whole, "123", None),
    }
}

/// A duration as Go writes it: `1h15m`, `-1.5s`, `0`.
pub fn duration_ns(text: &str) -> Option<i64> {
    const UNITS: [(&str, f64); 8] = [
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("μs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 6e10),
        ("h", 3.6e12),
    ];
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut sum = 0.0;
    while !rest.is_empty() {
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let (digits, behind) = rest.split_at(rest.len() - rest.trim_start_matches(is_number).len());
        let (unit, behind) = behind.split_at(behind.find(is_number).unwrap_or(behind.len()));
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        // "1." and ".5" are numbers to Go as to Rust, and "." is none.
        sum += digits.parse::<f64>().ok()? * factor;
        rest = behind;
    }
    // More than 292 years are too much for Go.
    Some((sign * sum).round()).filter(|ns| ns.abs() < i64::MAX as f64).map(|ns| ns as i64)
}

fn one_of(values: &[Json], node: &Node) -> Result<(), Wrong> {
    let json = node.json();
    let is_same = |value: &&Json| match (value.as_str(), json.as_str()) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => **value == json,
    };
    if values.iter().any(|value| is_same(&value)) {
        return Ok(());
    }
    let wants = values.iter().map(Json::to_string).collect::<Vec<_>>().join(" | ");
    let texts: Vec<&str> = values.iter().filter_map(Json::as_str).collect();
    let written = json.as_str().map(str::to_owned).unwrap_or_default();
    let meant = nearest(&written, texts).map(Json::from);
    // "true" for true.
    let meant = meant.or_else(|| values.iter().find(|value| value.to_string() == written).cloned());
    Err(Wrong { span: node.span.clone(), wants, instead: meant })
}

/// As gopls checks them: the first sign, and no operator but `**` for whole names.
fn filters(nodes: &[Node]) -> Result<(), Wrong> {
    for node in nodes {
        let filter = node.text().unwrap_or_default();
        let (sign, path) = (filter.chars().next(), filter.get(1..).unwrap_or_default());
        let is_taken = matches!(sign, Some('+' | '-'))
            && path.split('/').all(|part| part == "**" || !part.contains(['*', '?']));
        if !is_taken {
            let bare = !filter.is_empty() && !filter.contains(['*', '?']) && !matches!(sign, Some('+' | '-'));
            let instead = bare.then(|| json!(format!("-{filter}")));
            let wants = "\"-…\" | \"+…\" | \"-**/…\"".into();
            return Err(Wrong { span: node.span.clone(), wants, instead });
        }
    }
    Ok(())
}

fn boolean(value: &Value) -> Option<Json> {
    match value {
        Value::Text(text) if text == "true" || text == "false" => Some((text == "true").into()),
        _ => None,
    }
}

fn quoted(value: &Value) -> Option<Json> {
    match value {
        Value::Number(number) => Some(number.as_str().into()),
        Value::Bool(value) => Some(value.to_string().into()),
        _ => None,
    }
}

fn is_whole(number: &str) -> bool {
    number.parse::<f64>().is_ok_and(|n| n.fract() == 0.0 && n.abs() <= i64::MAX as f64)
}

/// The known name that a misspelt one is nearest to, if it is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Of 0 to 1; a letter too few in a name of ten is 0.9.
    const NEAR: f64 = 0.75;
    const LONGEST: usize = 200;
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let lower = name.to_lowercase();
    let near = |known: &&str| strsim::normalized_damerau_levenshtein(&lower, &known.to_lowercase());
    let all = known.into_iter().filter(|known| known.len() <= LONGEST).map(|known| (near(&known), known));
    let best = all.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))?;
    (best.0 >= NEAR).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::document::Document;
    use super::super::server::tests::server;
    use super::*;
    use crate::place::Scope;

    /// What is meant by a value, and what would be taken; nothing for one that is taken.
    fn judged(name: &str, value: &str) -> Option<(String, Option<Json>)> {
        let document = Document::read("/s", Scope::User, &format!("{{\"x\": {value}}}")).expect("it is read");
        let wrong = check(name, &server().options[name], &document.settings()[0].node).err()?;
        Some((document.written(&wrong.span).to_owned(), wrong.instead))
    }

    #[test]
    fn what_gopls_takes_is_right() {
        for (name, value) in [
            ("staticcheck", "true"),
            ("local", "\"example.com\""),
            ("buildFlags", "[\"-tags=x\"]"),
            ("directoryFilters", "[\"-\", \"+a/b\", \"-**/node_modules\"]"),
            ("env", "{\"A\": \"1\"}"),
            ("analyses", "{\"shadow\": true}"),
            ("matcher", "\"caseSENSITIVE\""),
            ("linksInHover", "\"gopls\""),
            ("linksInHover", "false"),
            ("diagnosticsDelay", "\"0\""),
            ("maxFileCacheBytes", "1e9"),
        ] {
            assert_eq!(judged(name, value), None, "{name} {value}");
        }
    }

    #[test]
    fn what_it_refuses_is_named_with_what_is_meant() {
        for (name, value, part, instead) in [
            ("staticcheck", "\"true\"", "\"true\"", Some(json!(true))),
            ("staticcheck", "null", "null", None),
            ("local", "1", "1", None),
            ("buildFlags", "\"-tags=x\"", "\"-tags=x\"", Some(json!(["-tags=x"]))),
            ("buildFlags", "[\"-tags\", 1]", "1", None),
            (
                "directoryFilters",
                "[\"-a\", \"node_modules\"]",
                "\"node_modules\"",
                Some(json!("-node_modules")),
            ),
            ("directoryFilters", "[\"-a/*.go\"]", "\"-a/*.go\"", None),
            ("env", "{\"CGO_ENABLED\": 0}", "0", Some(json!("0"))),
            ("analyses", "{\"shadow\": \"true\"}", "\"true\"", Some(json!(true))),
            ("matcher", "\"Fuzy\"", "\"Fuzy\"", Some(json!("Fuzzy"))),
            ("linksInHover", "\"true\"", "\"true\"", Some(json!(true))),
            ("diagnosticsDelay", "250", "250", None),
            ("diagnosticsDelay", "\"1 s\"", "\"1 s\"", None),
            ("maxFileCacheBytes", "\"100\"", "\"100\"", Some(json!(100))),
            ("maxFileCacheBytes", "1.5", "1.5", None),
        ] {
            assert_eq!(judged(name, value), Some((part.into(), instead)), "{name} {value}");
        }
    }

    #[test]
    fn durations_are_go_s() {
        for (text, ns) in [
            ("1h15m30.5s", Some(4_530_500_000_000)),
            ("-1.5ms", Some(-1_500_000)),
            (".5s", Some(500_000_000)),
            ("1.s", Some(1_000_000_000)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("", None),
            ("-", None),
            ("1", None),
            (".s", None),
            ("s", None),
            ("1d", None),
            ("1e3s", None),
            ("9999999h", None),
        ] {
            assert_eq!(duration_ns(text), ns, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_duration_or_not(text in any::<String>()) {
            duration_ns(&text);
            nearest(&text, ["staticcheck"]);
        }

        #[test]
        fn what_go_prints_is_read(ms in 0_i64..10_000_000) {
            prop_assert_eq!(duration_ns(&format!("{}.{:03}s", ms / 1000, ms % 1000)), Some(ms * 1_000_000));
        }
    }
}
