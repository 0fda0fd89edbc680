//! Settings that make gopls do more, or sooner, or with less of the workspace. Whether they are worth it is not ours to say: what
//! was measured here is said, and where nothing was, that.

use serde::Deserialize;

use super::Facts;
use super::document::Value;
use super::layers::Setting;
use super::value::duration_ns;
use crate::finding::{Confidence, Finding};

const MS: i64 = 1_000_000;
/// gopls's own is a second: so long it waits after a key is pressed.
const LOW_DELAY_NS: i64 = 250 * MS;
/// gopls's own is 100 ms; a list that takes half a second is felt as hanging.
const LONG_BUDGET_NS: i64 = 500 * MS;
/// gopls v0.23.0 has 244, of which 87 are off unless they are asked for.
const MANY_ANALYSES: usize = 10;

/// What was measured here with a setting and without it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// How much longer a request waited.
    #[serde(default)]
    pub wait_ms: Option<f64>,
    /// How much more CPU time a load took.
    #[serde(default)]
    pub cpu_ms: Option<f64>,
    /// How much larger the live heap was.
    #[serde(default)]
    pub memory_bytes: Option<f64>,
}

pub(super) fn examine(facts: &Facts, findings: &mut Vec<Finding>) {
    let setting = |name: &str| facts.layers.counts_for_gopls(name);
    let is_on = |name: &str| setting(name).filter(Setting::is_true);
    let duration =
        |name: &str| setting(name).and_then(|setting| Some((setting, duration_ns(setting.text()?)?)));
    let mut add = |id, name: &str, sure, setting: Setting| {
        let remove = setting.document.remove(&setting.member.span());
        findings.push(with_cost(facts, name, setting.finding(id, sure)).edit("remove", remove));
    };
    if let Some(setting) = is_on("staticcheck") {
        add("costly-staticcheck", "staticcheck", Confidence::Possible, setting);
    }
    if let Some(setting) = is_on("semanticTokens") {
        add("costly-semantic-tokens", "semanticTokens", Confidence::Possible, setting);
    }
    if let Some(setting) = setting("expandWorkspaceToModule")
        && setting.node().value == Value::Bool(false)
    {
        add("narrow-workspace", "expandWorkspaceToModule", Confidence::Certain, setting);
    }
    if let Some((setting, _)) = duration("diagnosticsDelay").filter(|(_, delay)| *delay < LOW_DELAY_NS) {
        add("low-diagnostics-delay", "diagnosticsDelay", Confidence::Certain, setting);
    }
    match duration("completionBudget") {
        Some((setting, 0)) => add("no-completion-budget", "completionBudget", Confidence::Certain, setting),
        Some((setting, budget)) if budget > LONG_BUDGET_NS => {
            add("long-completion-budget", "completionBudget", Confidence::Certain, setting);
        }
        _ => {}
    }
    let trace = facts.layers.counts("go.trace.server", &facts.extension);
    if let Some(setting) = trace.filter(|setting| setting.text() == Some("verbose")) {
        add("trace-verbose", "trace", Confidence::Certain, setting);
    }
    many_analyses(facts, findings);
}

fn many_analyses(facts: &Facts, findings: &mut Vec<Finding>) {
    let option = facts.server.as_ref().and_then(|server| server.options.get("analyses"));
    let (Some(setting), Some(option)) = (facts.layers.counts_for_gopls("analyses"), option) else { return };
    let is_off = |name: &str| option.keys.get(name) == Some(&false);
    let asked = setting.node().members().iter();
    let asked = asked.filter(|member| member.node.value == Value::Bool(true) && is_off(&member.name)).count();
    if asked >= MANY_ANALYSES {
        let finding = setting.finding("costly-analyses", Confidence::Possible).with("count", asked);
        findings.push(with_cost(facts, "analyses", finding));
    }
}

fn with_cost(facts: &Facts, name: &str, finding: Finding) -> Finding {
    let Some(cost) = facts.costs.get(name) else {
        return finding.seen("not measured here");
    };
    let parts = [
        ("wait", cost.wait_ms, 1.0, "ms"),
        ("CPU", cost.cpu_ms, 1.0, "ms"),
        ("memory", cost.memory_bytes, 1e6, "MB"),
    ];
    let parts = parts.iter().filter_map(|(what, value, unit, name)| {
        let value = value.filter(|value| value.is_finite())?;
        Some(format!("{what} {:+.0} {name}", value / unit))
    });
    let parts: Vec<String> = parts.collect();
    let measured = if parts.is_empty() {
        "not measured here".into()
    } else {
        format!("measured here: {}", parts.join(", "))
    };
    finding.seen(measured)
}
