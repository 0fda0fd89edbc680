//! `stallscope.toml`: what a repository asks of its gopls. Flags go before it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use stallscope_core::experiment::{Scenario, Thresholds};
use stallscope_doctor::Severity;

use super::alert::AlertConfig;
use crate::failure::Failure;

/// The name of it in the folder that is checked.
const NAME: &str = "stallscope.toml";
const MOST_BYTES: u64 = 1 << 20;

/// What a repository asks of its gopls. Flags of `stallscope check` go before it.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "stallscope.toml"))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// How often everything is done. Without it three times.
    #[cfg_attr(test, schemars(range(min = 1, max = crate::driven::MOST_RUNS)))]
    pub runs: Option<u32>,
    /// A baseline, beside this file.
    pub baseline: Option<PathBuf>,
    /// From which severity on a finding of the doctor fails.
    pub doctor: Option<DoctorLevel>,
    /// What must not be exceeded.
    pub thresholds: Thresholds,
    /// What is done.
    pub scenario: Scenario,
    /// Who is told.
    pub alert: AlertConfig,
    /// Settings of gopls.
    pub settings: BTreeMap<String, Value>,
}

/// From which severity on a finding fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DoctorLevel {
    /// The doctor is not asked.
    Off,
    /// What does not work.
    Error,
    /// What costs time or memory, too.
    Warning,
    /// Whatever it finds.
    Information,
}

impl DoctorLevel {
    /// Whether a finding of this severity fails.
    pub fn fails(self, severity: Severity) -> bool {
        match self {
            Self::Off => false,
            Self::Error => severity <= Severity::Error,
            Self::Warning => severity <= Severity::Warning,
            Self::Information => true,
        }
    }
}

impl Config {
    /// Reads the one that is named, or that of the folder, if it has one.
    pub fn find(named: Option<&Path>, folder: &Path) -> Result<Self, Failure> {
        let path = named.map_or_else(|| folder.join(NAME), Path::to_owned);
        let beside = |why: String| Failure::Beside { path: path.clone(), problem: why };
        let text = match text_of(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => {
                return Ok(Self::default());
            }
            Err(error) => return Err(beside(error.to_string())),
            Ok(text) => text,
        };
        // Its error names line and column, and what would be known.
        let mut config: Self =
            toml::from_str(&text).map_err(|error| beside(without_addresses(&error.to_string())))?;
        let place = path.parent().unwrap_or(Path::new(""));
        config.baseline = config.baseline.map(|baseline| place.join(baseline));
        Ok(config)
    }
}

/// A small file that somebody has named.
pub fn text_of(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > MOST_BYTES { Err(io::Error::other("it is larger than 1 MB")) } else { Ok(text) }
}

/// The line that an error shows may hold the address of a webhook, by mistake: it is a secret even there.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest =
            part.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`')).unwrap_or(part.len());
        shown.push_str("://…");
        shown.push_str(&part[rest..]);
    }
    shown
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAME), text).unwrap();
        Config::find(None, folder.path()).map_err(|failure| failure.to_string())
    }

    #[test]
    fn what_is_not_said_is_as_usual() {
        let config = read("doctor = \"warning\"\n[thresholds]\nheap-mb = 700\n[scenario]\nhovers = 3\n[settings]\nstaticcheck = true\n").unwrap();
        assert_eq!(config.thresholds, Thresholds { heap_mb: Some(700.0), ..Thresholds::default() });
        assert_eq!(config.scenario, Scenario { hovers: 3, ..Scenario::default() });
        assert_eq!(config.settings["staticcheck"], Value::Bool(true));
        assert_eq!(config.doctor, Some(DoctorLevel::Warning));
        assert_eq!(
            Config::find(None, Path::new("/nowhere")).map_err(|e| e.to_string()),
            Ok(Config::default())
        );
    }

    #[test]
    fn what_is_unknown_is_named_with_its_line() {
        let error = read("[thresholds]\nheap-mb = 700\nheapmb = 3\n").unwrap_err();
        assert!(error.contains("line 3") && error.contains("heapmb") && error.contains(NAME), "{error}");
        assert!(read("doctor = \"loud\"").unwrap_err().contains("loud"));
        assert!(Config::find(Some(Path::new("/nowhere.toml")), Path::new("/")).is_err());
    }

    #[test]
    fn an_address_that_should_not_be_there_is_not_repeated() {
        let error = read("[alert]\nurl = \"https://example.test/s3cret\" # mine\n").unwrap_err();
        assert!(error.contains("line 2") && error.contains("https://…\" # mine"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }

    #[test]
    fn severities_are_in_their_order() {
        assert!(DoctorLevel::Error.fails(Severity::Error) && !DoctorLevel::Error.fails(Severity::Warning));
        assert!(
            DoctorLevel::Warning.fails(Severity::Warning)
                && !DoctorLevel::Warning.fails(Severity::Information)
        );
        assert!(!DoctorLevel::Off.fails(Severity::Error));
    }
}
