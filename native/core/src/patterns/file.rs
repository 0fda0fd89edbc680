//! From a rule file to rules, checked once. `docs/leak-patterns.md` describes the format.

use std::collections::HashSet;

use serde_json::Value;

use super::rule::{Condition, Counter, FactName, Rule, Severity};
use crate::heap::{FunctionNames, StackFilter};
use crate::rule_file::{Fields, RuleError, id, is_id, problem, reference, text, texts};

/// A larger rule file is refused.
pub const MAX_FILE_BYTES: usize = 1 << 20;

const FORMAT: u64 = 1;
const MAX_RULES: usize = 200;
const MAX_CONDITIONS: usize = 8;
const MAX_NAMES: usize = 64;
const MAX_NAME_CHARS: usize = 300;
const MAX_TITLE_CHARS: usize = 120;
const MAX_TEXT_CHARS: usize = 2_000;
const MAX_REFERENCES: usize = 8;
const MAX_BYTES: u64 = 1 << 50;
const MAX_COUNT: u64 = 1 << 40;
/// Two steps are the least that can be called steady.
const CYCLES: std::ops::RangeInclusive<u64> = 2..=1_000;

const BUILT_IN: &[u8] = include_bytes!("../../rules/leak-patterns.json");

/// Checked rules, each id once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// The rules that come with Stallscope.
    pub fn built_in() -> Result<Self, RuleError> {
        Self::default().and(BUILT_IN)
    }

    /// These rules and those of a file: one of the same id takes the place of ours, and the file can turn rules off.
    pub fn and(mut self, file: &[u8]) -> Result<Self, RuleError> {
        let (rules, off) = parse(file)?;
        for rule in rules {
            match self.0.iter_mut().find(|known| known.id == rule.id) {
                Some(known) => *known = rule,
                None => self.0.push(rule),
            }
        }
        for (at, id) in off {
            let before = self.0.len();
            self.0.retain(|rule| rule.id != id);
            if self.0.len() == before {
                return Err(problem(at, format!("there is no rule {id:?}")));
            }
        }
        Ok(self)
    }

    /// All of them, ours first.
    pub fn list(&self) -> &[Rule] {
        &self.0
    }

    /// The rule with this id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.id == id)
    }
}

type RulesAndOff = (Vec<Rule>, Vec<(String, String)>);

fn parse(file: &[u8]) -> Result<RulesAndOff, RuleError> {
    let at = || "rule file".to_owned();
    if file.len() > MAX_FILE_BYTES {
        return Err(problem(at(), format!("has {} bytes; at most {MAX_FILE_BYTES} are read", file.len())));
    }
    let value: Value =
        serde_json::from_slice(file).map_err(|error| problem(at(), format!("is not JSON: {error}")))?;
    let mut fields = Fields::new(at(), value)?;
    let format = fields.whole("format", 0..=u64::MAX)?;
    if format != FORMAT {
        return fields.wrong("format", format!("is {format}; this version reads format {FORMAT}"));
    }
    let mut rules: Vec<Rule> = Vec::new();
    for (place, value) in fields.list("rules", MAX_RULES)? {
        let rule = rule(&place, value)?;
        if rules.iter().any(|other| other.id == rule.id) {
            return Err(problem(place, format!("there is another rule {:?} in this file", rule.id)));
        }
        rules.push(rule);
    }
    let off = fields.list("off", MAX_RULES)?.into_iter();
    let off = off.map(|(at, value)| Ok((at.clone(), text(at, value, MAX_NAME_CHARS)?)));
    let off = off.collect::<Result<_, RuleError>>()?;
    fields.end()?;
    Ok((rules, off))
}

fn rule(place: &str, value: Value) -> Result<Rule, RuleError> {
    // From here on the rule goes by its name, which people can look for.
    let named = value.get("id").and_then(Value::as_str).filter(|id| is_id(id));
    let at = named.map_or_else(|| format!("rule ({place})"), |id| format!("rule \"{id}\""));
    let mut fields = Fields::new(at, value)?;
    let id = id(&mut fields, MAX_NAME_CHARS)?;
    let severities = [("low", Severity::Low), ("medium", Severity::Medium), ("high", Severity::High)];
    let severity = fields.choice("severity", &severities)?;
    let title = texts(&mut fields, "title", MAX_TITLE_CHARS)?;
    let why = texts(&mut fields, "why", MAX_TEXT_CHARS)?;
    let what_to_do = texts(&mut fields, "what_to_do", MAX_TEXT_CHARS)?;
    let references = fields.list("references", MAX_REFERENCES)?;
    let references =
        references.into_iter().map(|(at, value)| reference(at, value)).collect::<Result<_, _>>()?;
    let conditions = fields.list("when", MAX_CONDITIONS)?;
    if conditions.is_empty() {
        return fields.wrong("when", "needs at least one condition");
    }
    let when = conditions.into_iter().map(|(at, value)| condition(at, value)).collect::<Result<_, _>>()?;
    fields.end()?;
    Ok(Rule { id, severity, title, why, what_to_do, references, when })
}

fn condition(at: String, value: Value) -> Result<Condition, RuleError> {
    #[derive(Clone, Copy)]
    enum Kind {
        Held,
        LargeObjects,
        Growing,
        Rising,
        Fact,
        FactRatio,
    }
    let kinds = [
        ("held", Kind::Held),
        ("large_objects", Kind::LargeObjects),
        ("growing", Kind::Growing),
        ("rising", Kind::Rising),
        ("fact", Kind::Fact),
        ("fact_ratio", Kind::FactRatio),
    ];
    let mut fields = Fields::new(at, value)?;
    let condition = match fields.choice("kind", &kinds)? {
        Kind::Held => Condition::Held {
            stacks: stacks(&mut fields)?,
            min_bytes: fields.whole("min_bytes", 1..=MAX_BYTES)?,
            min_share: fields.number("min_share", 0.0..=1.0, Some(0.0))?,
        },
        Kind::LargeObjects => Condition::LargeObjects {
            stacks: stacks(&mut fields)?,
            min_object_bytes: fields.whole("min_object_bytes", 1..=MAX_BYTES)?,
            min_bytes: fields.whole("min_bytes", 1..=MAX_BYTES)?,
        },
        Kind::Growing => Condition::Growing {
            stacks: stacks(&mut fields)?,
            min_cycles: fields.whole("min_cycles", CYCLES)?,
            min_bytes: fields.whole("min_bytes", 1..=MAX_BYTES)?,
            min_share_of_growth: fields.number("min_share_of_growth", 0.0..=1.0, Some(0.0))?,
        },
        Kind::Rising => {
            let counters: Vec<_> = Counter::ALL.iter().map(|counter| (counter.name(), *counter)).collect();
            Condition::Rising {
                what: fields.choice("what", &counters)?,
                min_cycles: fields.whole("min_cycles", CYCLES)?,
                min_growth: fields.whole("min_growth", 1..=MAX_BYTES)?,
            }
        }
        Kind::Fact => Condition::Fact {
            fact: fact(&mut fields, "fact")?,
            at_least: fields.whole("at_least", 1..=MAX_COUNT)?,
        },
        Kind::FactRatio => Condition::FactRatio {
            fact: fact(&mut fields, "fact")?,
            per: fact(&mut fields, "per")?,
            at_least: fields.number("at_least", 0.001..=1e9, None)?,
        },
    };
    fields.end()?;
    Ok(condition)
}

fn fact(fields: &mut Fields, name: &'static str) -> Result<FactName, RuleError> {
    let facts: Vec<_> = FactName::ALL.iter().map(|fact| (fact.name(), *fact)).collect();
    fields.choice(name, &facts)
}

fn stacks(fields: &mut Fields) -> Result<StackFilter, RuleError> {
    let mut names = |name| -> Result<FunctionNames, RuleError> {
        let mut seen = HashSet::new();
        let mut list = Vec::new();
        for (at, value) in fields.list(name, MAX_NAMES)? {
            let name = text(at.clone(), value, MAX_NAME_CHARS)?;
            if !seen.insert(name.clone()) {
                return Err(problem(at, format!("{name:?} is there twice")));
            }
            list.push(name);
        }
        Ok(FunctionNames(list))
    };
    let filter = StackFilter {
        allocated_in: names("allocated_in")?,
        through: names("through")?,
        not_through: names("not_through")?,
    };
    if filter.allocated_in.0.is_empty() && filter.through.0.is_empty() {
        return fields.wrong("through", "name at least one function, here or in allocated_in");
    }
    Ok(filter)
}
