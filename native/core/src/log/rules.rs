//! What gopls's messages mean: the data file `rules/log-messages.json`, and the door it is checked at.

use serde::Serialize;
use serde_json::Value;

use crate::rule_file::{Fields, RuleError, Texts, id, problem, text, texts};

const BUILT_IN: &[u8] = include_bytes!("../../rules/log-messages.json");
const FORMAT: u64 = 1;
const MAX_RULES: usize = 100;
const MAX_PIECES: usize = 8;
const MAX_PIECE_CHARS: usize = 200;
const MAX_TEXT_CHARS: usize = 600;

/// How a message is recognised, and what it means.
#[derive(Debug, Clone, PartialEq)]
struct MessageRule {
    id: String,
    /// All of them are in the message.
    contains: Vec<String>,
    /// None of them is.
    without: Vec<String>,
    means: Texts,
    what_to_do: Texts,
    setting: Option<String>,
}

/// Checked rules for messages, each id once.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageRules(Vec<MessageRule>);

/// What a message means, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct MessageMeaning {
    /// The rule's id.
    pub rule: String,
    /// What it means and how it comes about.
    pub means: String,
    /// What the user can do now.
    pub what_to_do: String,
    /// The setting it hangs on, as it is named in VS Code; absent when there is none.
    pub setting: Option<String>,
}

impl MessageRules {
    /// The rules that come with Stallscope.
    pub fn built_in() -> Result<Self, RuleError> {
        Self::parse(BUILT_IN)
    }

    fn parse(file: &[u8]) -> Result<Self, RuleError> {
        let at = || "message rules".to_owned();
        let value: Value =
            serde_json::from_slice(file).map_err(|error| problem(at(), format!("is not JSON: {error}")))?;
        let mut fields = Fields::new(at(), value)?;
        fields.whole("format", FORMAT..=FORMAT)?;
        let mut rules: Vec<MessageRule> = Vec::new();
        for (place, value) in fields.list("messages", MAX_RULES)? {
            let rule = rule(&place, value)?;
            if rules.iter().any(|other| other.id == rule.id) {
                return Err(problem(place, format!("there is another rule {:?} in this file", rule.id)));
            }
            rules.push(rule);
        }
        fields.end()?;
        Ok(Self(rules))
    }

    /// The numbers of the rules that know a message.
    pub(super) fn knowing(&self, message: &str) -> Vec<usize> {
        let knows = |rule: &MessageRule| {
            rule.contains.iter().all(|piece| message.contains(&**piece))
                && !rule.without.iter().any(|piece| message.contains(&**piece))
        };
        (0..self.0.len()).filter(|number| knows(&self.0[*number])).collect()
    }

    /// What a rule says, in a language (`zh-cn`), in English where there is nothing else.
    pub(super) fn meaning(&self, number: usize, language: &str) -> Option<MessageMeaning> {
        let rule = self.0.get(number)?;
        Some(MessageMeaning {
            rule: rule.id.clone(),
            means: rule.means.text(language).to_owned(),
            what_to_do: rule.what_to_do.text(language).to_owned(),
            setting: rule.setting.clone(),
        })
    }
}

fn rule(place: &str, value: Value) -> Result<MessageRule, RuleError> {
    let mut fields = Fields::new(format!("message ({place})"), value)?;
    let id = id(&mut fields, MAX_PIECE_CHARS)?;
    let contains = pieces(&mut fields, "contains")?;
    if contains.is_empty() {
        return fields.wrong("contains", "needs at least one text");
    }
    let without = pieces(&mut fields, "without")?;
    let means = texts(&mut fields, "means", MAX_TEXT_CHARS)?;
    let what_to_do = texts(&mut fields, "what_to_do", MAX_TEXT_CHARS)?;
    let place = fields.place("setting");
    let setting = fields.optional("setting").map(|value| text(place, value, MAX_PIECE_CHARS)).transpose()?;
    fields.end()?;
    Ok(MessageRule { id, contains, without, means, what_to_do, setting })
}

fn pieces(fields: &mut Fields, name: &'static str) -> Result<Vec<String>, RuleError> {
    let list = fields.list(name, MAX_PIECES)?;
    list.into_iter().map(|(at, value)| text(at, value, MAX_PIECE_CHARS)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ids(message: &str) -> Vec<String> {
        let rules = MessageRules::built_in().unwrap();
        let meaning = |number| rules.meaning(number, "en").unwrap().rule;
        rules.knowing(message).into_iter().map(meaning).collect()
    }

    /// Each text as a gopls of a supported version says it.
    #[test]
    fn messages_of_real_gopls_are_known() {
        for (message, expected) in [
            (
                "Invalid settings: setting option \"experimentalWorkspaceModule\": this setting is deprecated; setting option \"usePlaceholder\": unexpected setting",
                &["setting-unknown", "setting-deprecated"][..],
            ),
            (
                "Invalid settings: setting option \"buildFlags\": invalid type string (want JSON array of string)",
                &["setting-invalid"],
            ),
            ("Warning: editing generated.go, a generated file.", &["generated-file"]),
            (
                "Do not edit this file! /home/gopher/shop/price/generated.go is a generated file.",
                &["generated-file"],
            ),
            (
                "Found Go version 1.17, which is not supported by this version of gopls. Please upgrade to Go 1.21 or later and reinstall gopls. ",
                &["go-version-unsupported"],
            ),
            ("Created View (#1)\n\tdirectory=/home/gopher/shop", &["view-created"]),
            ("initial workspace load failed: err: exit status 1", &["first-load-failed"]),
            ("background imports cache refresh starting", &["imports-refresh"]),
            ("flag provided but not defined: -memory-limit", &["flag-unknown"]),
            ("I have nothing to say", &[]),
        ] {
            assert_eq!(ids(message), expected, "{message}");
        }
    }

    #[test]
    fn our_texts_are_complete_in_english_and_chinese() {
        let rules = MessageRules::built_in().unwrap();
        for rule in &rules.0 {
            for texts in [&rule.means, &rule.what_to_do] {
                let chinese = texts.exact("zh-cn").unwrap_or_else(|| panic!("{} has no Chinese", rule.id));
                assert!(chinese.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{}", rule.id);
                assert_ne!(texts.text("en"), chinese, "{}", rule.id);
            }
        }
    }

    #[test]
    fn a_complaint_names_the_rule_and_the_field() {
        let file = |message: Value| json!({"format": 1, "messages": [message]}).to_string();
        let refused = |message| MessageRules::parse(file(message).as_bytes()).unwrap_err().to_string();
        let good = json!({"id": "a", "contains": ["x"], "means": {"en": "y"}, "what_to_do": {"en": "z"}});
        assert!(MessageRules::parse(file(good.clone()).as_bytes()).is_ok());
        let mut bad = good.clone();
        bad["contains"] = json!([]);
        assert!(refused(bad).ends_with("contains: needs at least one text"));
        let mut bad = good.clone();
        bad["colour"] = json!("red");
        assert!(refused(bad).contains("there is no field \"colour\" here"));
        let mut bad = good;
        bad["means"] = json!({"zh-cn": "y"});
        assert!(refused(bad).contains("means.en: is missing"));
    }
}
