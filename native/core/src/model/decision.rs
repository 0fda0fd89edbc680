//! The decision log: for every evaluation, which rule, whether it fired, and the values it saw.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Ns;

/// One evaluation of one rule. The user interface words it from `rule` and `values`; nothing is prose here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Decision {
    /// When it was evaluated.
    pub at_ns: Ns,
    /// Name of the rule, kebab-case, e.g. `heap-on-growth`. The full list is in `docs/decision-rules.md`.
    pub rule: String,
    /// Whether the rule fired.
    pub fired: bool,
    /// Why it did not fire, kebab-case, e.g. `cool-down`; empty when it fired.
    pub reason: String,
    /// The values the rule compared, by name with the unit as suffix, e.g. `rise_bytes`, `limit_bytes`, `method`.
    pub values: BTreeMap<String, Value>,
}

/// A value in a [`Decision`] or [`super::Note`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(untagged)]
pub enum Value {
    /// A number in the unit that the name's suffix tells.
    Number(f64),
    /// A name: a method, a path, an error text.
    Text(String),
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Number(value as f64)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl Decision {
    /// A rule that fired.
    pub fn fired<const N: usize>(at_ns: Ns, rule: &str, values: [(&str, Value); N]) -> Self {
        Self { at_ns, rule: rule.to_owned(), fired: true, reason: String::new(), values: named(values) }
    }

    /// A rule that did not fire, and why.
    pub fn held<const N: usize>(at_ns: Ns, rule: &str, reason: &str, values: [(&str, Value); N]) -> Self {
        Self { at_ns, rule: rule.to_owned(), fired: false, reason: reason.to_owned(), values: named(values) }
    }
}

pub(crate) fn named<const N: usize>(values: [(&str, Value); N]) -> BTreeMap<String, Value> {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
