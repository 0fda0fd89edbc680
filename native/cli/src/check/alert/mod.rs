//! An alert: a message to a webhook when a check fails. Sent only where one was asked for.

mod address;
mod ci;
mod delivery;
mod message;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use stallscope_core::experiment::Verdict;

use super::outputs::Outcome;
use crate::failure::Failure;
use address::{Address, NoAddress};
pub use message::Message;
use message::{FORMAT, Line, MOST_LINES};

const WITHIN_SECONDS: u32 = 30;
const MOST_SECONDS: u32 = 600;

/// `[alert]` of `stallscope.toml`.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct AlertConfig {
    /// The environment variable that holds the address to post to: the address is a secret, and stands in no file.
    #[cfg_attr(test, schemars(regex(pattern = "^[A-Za-z0-9_]+$")))]
    pub url_variable: Option<String>,
    /// In which form. Without it `slack`.
    pub format: Option<AlertFormat>,
    /// When. Without it `failure`.
    pub when: Option<AlertWhen>,
    /// How many seconds may be spent on it. Without it 30.
    #[cfg_attr(test, schemars(range(min = 1, max = MOST_SECONDS)))]
    pub within_s: Option<u32>,
    /// Whether a check that passes fails when its alert does not arrive, or cannot be sent.
    pub must_arrive: bool,
}

/// Flags for the same.
#[derive(Clone, Args)]
pub struct AlertFlags {
    /// Post an alert to the address in this environment variable. The address is a secret: it is neither an argument nor in a file.
    #[arg(long, value_name = "NAME")]
    alert_url_variable: Option<String>,
    /// In which form. Without it `slack`.
    #[arg(long, value_name = "FORMAT")]
    alert_format: Option<AlertFormat>,
    /// When. Without it `failure`.
    #[arg(long, value_name = "WHEN")]
    alert_when: Option<AlertWhen>,
    /// How many seconds may be spent on it, all attempts together. Without it 30.
    #[arg(long, value_name = "SECONDS")]
    alert_within: Option<u32>,
    /// Fail, with exit code 3, when the check passes but its alert does not arrive.
    #[arg(long)]
    alert_must_arrive: bool,
    /// The page that the alert leads to. Without it that of the job, on GitHub and GitLab.
    #[arg(long, value_name = "URL")]
    link: Option<String>,
}

/// The form of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AlertFormat {
    /// `{ "text": … }`, as Slack, Mattermost and others take it.
    Slack,
    /// All of it as JSON.
    Json,
}

/// When a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AlertWhen {
    /// When a limit does not hold, or was not measured.
    Failure,
    /// After every check.
    Always,
}

/// What is to be sent, where and when.
pub struct Alert {
    /// Absent: none was asked for, or there is nowhere to send it.
    address: Option<Address>,
    /// Where it stands.
    variable: Option<String>,
    format: AlertFormat,
    when: AlertWhen,
    within: Duration,
    must_arrive: bool,
    link: Option<String>,
}

impl Alert {
    /// What flags and configuration ask for. An address that is not there is told at once, and an error only when the alert must
    /// arrive: a build of a fork is given no secrets.
    pub fn asked(flags: AlertFlags, config: AlertConfig) -> Result<Self, Failure> {
        let must_arrive = flags.alert_must_arrive || config.must_arrive;
        let variable = flags.alert_url_variable.or(config.url_variable);
        let address = variable.as_deref().map(|name| Address::in_variable(name, ci::variable)).transpose();
        let address = match address {
            Err(error @ NoAddress::NoName) => return Err(Failure::Arguments(error.to_string())),
            Err(error) if must_arrive => return Err(Failure::Arguments(error.to_string())),
            Err(error) => {
                eprintln!("stallscope: no alert will be sent: {error}");
                None
            }
            Ok(address) => address,
        };
        if must_arrive && variable.is_none() {
            return Err(Failure::Arguments(
                "an alert must arrive, and nobody is named to tell: give --alert-url-variable, or url-variable in [alert]".to_owned(),
            ));
        }
        let seconds = flags.alert_within.or(config.within_s).unwrap_or(WITHIN_SECONDS);
        if !(1..=MOST_SECONDS).contains(&seconds) {
            return Err(Failure::Arguments(format!(
                "an alert may take 1 to {MOST_SECONDS} s, not {seconds}"
            )));
        }
        Ok(Self {
            address,
            variable,
            format: flags.alert_format.or(config.format).unwrap_or(AlertFormat::Slack),
            when: flags.alert_when.or(config.when).unwrap_or(AlertWhen::Failure),
            within: Duration::from_secs(seconds.into()),
            must_arrive,
            link: flags.link.map(|link| ci::checked_link(&link)).transpose()?,
        })
    }

    /// The variable with the address, which is nobody else's business.
    pub fn variable(&self) -> Option<&str> {
        self.variable.as_deref()
    }

    /// Sends it, if one is due; whether it arrived is told. `stop` ends the attempts. The error is for a check that is to fail
    /// without.
    pub fn send(&self, outcome: &Outcome<'_>, stop: &AtomicBool) -> Result<(), Failure> {
        let Some(address) = &self.address else { return Ok(()) };
        if outcome.verdict() == Verdict::Passed && self.when == AlertWhen::Failure {
            return Ok(());
        }
        let message = self.message(outcome);
        let json = match self.format {
            AlertFormat::Slack => message.slack(),
            AlertFormat::Json => message.json(),
        };
        match delivery::deliver(address, &json, self.within, stop) {
            Ok(attempts) => {
                let attempts = if attempts > 1 { format!(", at attempt {attempts}") } else { String::new() };
                eprintln!("stallscope: alert sent to {address}{attempts}");
                Ok(())
            }
            Err(error) => {
                let told = format!("the alert did not arrive at {address}: {error}");
                if self.must_arrive {
                    return Err(Failure::CouldNotRun(told));
                }
                eprintln!("stallscope: {told}");
                Ok(())
            }
        }
    }

    fn message(&self, outcome: &Outcome<'_>) -> Message {
        let all_hold = outcome.verdict() == Verdict::Passed;
        let told = outcome.checked.iter().filter(|checked| all_hold || checked.verdict != Verdict::Passed);
        let findings = outcome.findings.iter().map(|finding| Line::found(finding));
        let mut lines: Vec<Line> = told.map(Line::of).chain(findings).collect();
        let more = lines.len().saturating_sub(MOST_LINES);
        lines.truncate(MOST_LINES);
        Message {
            format: FORMAT,
            stallscope: env!("CARGO_PKG_VERSION").to_owned(),
            repository: ci::repository(outcome.folder, ci::variable),
            verdict: outcome.verdict(),
            summary: outcome.summary_line(),
            link: self.link.clone().or_else(|| ci::link(ci::variable)),
            lines,
            more,
        }
    }
}
