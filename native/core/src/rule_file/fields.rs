//! Reads the fields of a JSON object, so that every complaint names the place: `rule "x": when[0].min_bytes: …`.

use serde_json::{Map, Value};

/// Why a rule file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct RuleError {
    /// The rule and the field.
    pub at: String,
    /// What is wrong with it and what may be there.
    pub problem: String,
}

/// An object being read. What is left at the end is unknown, and refused.
pub struct Fields {
    at: String,
    separator: &'static str,
    left: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Fields {
    /// Takes an object; `at` says which.
    pub fn new(at: String, value: Value) -> Result<Self, RuleError> {
        match value {
            // A rule is told from its fields by a colon, a field from the fields within by a dot.
            Value::Object(left) => {
                let separator = if at.ends_with(['"', ')']) || !at.contains(':') { ": " } else { "." };
                Ok(Self { at, separator, left, known: Vec::new() })
            }
            other => Err(problem(at, format!("must be an object, is {}", kind(&other)))),
        }
    }

    /// The place of a field.
    pub fn place(&self, name: &str) -> String {
        format!("{}{}{name}", self.at, self.separator)
    }

    /// Refuses a field.
    pub fn wrong<T>(&self, name: &str, what: impl Into<String>) -> Result<T, RuleError> {
        Err(problem(self.place(name), what.into()))
    }

    /// The field, if it is there.
    pub fn optional(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name)
    }

    /// The field.
    pub fn value(&mut self, name: &'static str) -> Result<Value, RuleError> {
        match self.optional(name) {
            Some(value) => Ok(value),
            None => self.wrong(name, "is missing"),
        }
    }

    /// A text of 1 to `max` characters.
    pub fn text(&mut self, name: &'static str, max: usize) -> Result<String, RuleError> {
        let value = self.value(name)?;
        text(self.place(name), value, max)
    }

    /// A whole number in a range.
    pub fn whole(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<u64, RuleError> {
        let value = self.value(name)?;
        let number = value.as_u64().filter(|number| range.contains(number));
        number.map_or_else(
            || {
                let (least, most) = (range.start(), range.end());
                self.wrong(
                    name,
                    format!("must be a whole number from {least} to {most}, is {}", kind(&value)),
                )
            },
            Ok,
        )
    }

    /// A number in a range; `otherwise` where it is missing.
    pub fn number(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<f64>,
        otherwise: Option<f64>,
    ) -> Result<f64, RuleError> {
        let value = match (self.optional(name), otherwise) {
            (Some(value), _) => value,
            (None, Some(otherwise)) => return Ok(otherwise),
            (None, None) => return self.wrong(name, "is missing"),
        };
        let number = value.as_f64().filter(|number| range.contains(number));
        number.map_or_else(
            || {
                let (least, most) = (range.start(), range.end());
                self.wrong(name, format!("must be a number from {least} to {most}, is {}", kind(&value)))
            },
            Ok,
        )
    }

    /// One of several names.
    pub fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> Result<T, RuleError> {
        let value = self.value(name)?;
        let chosen = value.as_str().and_then(|text| choices.iter().find(|(choice, _)| *choice == text));
        chosen.map_or_else(
            || {
                let names: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
                self.wrong(name, format!("must be one of {}, is {}", names.join(", "), kind(&value)))
            },
            |(_, chosen)| Ok(*chosen),
        )
    }

    /// A list of at most `max` values, each with its place; empty where it is missing.
    pub fn list(&mut self, name: &'static str, max: usize) -> Result<Vec<(String, Value)>, RuleError> {
        match self.optional(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) if values.len() <= max => {
                let place = self.place(name);
                let placed = |(index, value)| (format!("{place}[{index}]"), value);
                Ok(values.into_iter().enumerate().map(placed).collect())
            }
            Some(Value::Array(values)) => {
                self.wrong(name, format!("has {} entries; at most {max} are read", values.len()))
            }
            Some(other) => self.wrong(name, format!("must be a list, is {}", kind(&other))),
        }
    }

    /// Nothing may be left.
    pub fn end(self) -> Result<(), RuleError> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(unknown) => {
                let unknown: String = unknown.chars().take(60).collect();
                let known = self.known.join(", ");
                Err(problem(self.at, format!("there is no field {unknown:?} here; the fields are {known}")))
            }
        }
    }
}

/// A text of 1 to `max` characters.
pub fn text(at: String, value: Value, max: usize) -> Result<String, RuleError> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err(problem(at, "must not be empty".into())),
        Value::String(text) if text.chars().count() > max => {
            Err(problem(at, format!("is longer than {max} characters")))
        }
        Value::String(text) => Ok(text),
        other => Err(problem(at, format!("must be a text, is {}", kind(&other)))),
    }
}

/// A refusal.
pub fn problem(at: String, problem: String) -> RuleError {
    RuleError { at, problem }
}

/// What a value is, short enough for a message.
fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{:?}", text.chars().take(60).collect::<String>()),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}
