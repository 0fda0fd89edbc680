//! What Go's runtime reads when gopls starts: a value that it refuses ends gopls, another makes it slow.

use stallscope_core::gc::GcSettings;

use super::facts::EnvironmentFacts;
use crate::finding::{Confidence, Finding};

/// gopls itself holds 100 MB in reserve and some hundred MB of packages: below this it collects all the time.
const LOW_LIMIT_BYTES: u64 = 1 << 30;
/// Twice the collections for little memory.
const LOW_GOGC_PERCENT: u32 = 50;
/// Switches of GODEBUG that cost much or write much.
const COSTLY: [&str; 8] = [
    "allocfreetrace",
    "clobberfree",
    "gccheckmark",
    "gcstoptheworld",
    "gctrace",
    "pagetrace",
    "scavtrace",
    "schedtrace",
];

pub(super) fn findings(facts: &EnvironmentFacts) -> Vec<Finding> {
    let value = |name| facts.value(name).unwrap_or_default();
    let environment: String = ["GOGC", "GOMEMLIMIT", "GOMAXPROCS"]
        .into_iter()
        .map(|name| format!("{name}={}\0", value(name).replace('\0', "")))
        .collect();
    let settings = GcSettings::of_environment(environment.as_bytes());
    let mut found = Vec::new();
    let limit = value("GOMEMLIMIT");
    if !limit.is_empty() && limit != "off" && !is_byte_count(limit) {
        found.push(facts.about("GOMEMLIMIT", "memory-limit-refused", Confidence::Certain));
    } else if let Some(bytes) = settings.memory_limit_bytes.filter(|bytes| *bytes < LOW_LIMIT_BYTES) {
        let finding = facts.about("GOMEMLIMIT", "memory-limit-low", Confidence::Likely);
        found.push(finding.with("limit", crate::cache::megabytes(bytes)));
    }
    match settings.gogc_percent {
        None if settings.memory_limit_bytes.is_none() => {
            found.push(facts.about("GOGC", "gc-off", Confidence::Certain));
        }
        Some(percent) if percent < LOW_GOGC_PERCENT => {
            found.push(facts.about("GOGC", "gc-eager", Confidence::Likely));
        }
        _ => {}
    }
    if !value("GOGC").is_empty() && value("GOGC") != "off" && value("GOGC").parse::<i32>().is_err() {
        found.push(facts.about("GOGC", "gc-ignored", Confidence::Certain));
    }
    if settings.max_procs == Some(1) && facts.cpus > 1 {
        found.push(facts.about("GOMAXPROCS", "one-cpu", Confidence::Certain).with("cpus", facts.cpus));
    }
    let switches = value("GODEBUG").split(',').filter_map(|switch| switch.split_once('='));
    let costly = switches.filter(|(name, value)| COSTLY.contains(name) && *value != "0");
    if let Some((switch, _)) = costly.into_iter().next() {
        found.push(facts.about("GODEBUG", "godebug-costly", Confidence::Certain).with("switch", switch));
    }
    found
}

/// What Go takes for `GOMEMLIMIT`; anything else ends the program at its start.
fn is_byte_count(text: &str) -> bool {
    let text = text.strip_suffix('B').unwrap_or(text);
    let has_unit = ["Ki", "Mi", "Gi", "Ti"].into_iter().find_map(|unit| text.strip_suffix(unit));
    let digits = has_unit.unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
