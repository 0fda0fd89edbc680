//! Where to and how: the standard `OTEL_*` variables, and what is said besides.

mod pairs;
#[cfg(test)]
mod tests;
mod variables;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

pub use variables::Variables;

/// The three kinds of telemetry, each of which may go elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Log records.
    Logs,
    /// Counts and histograms.
    Metrics,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Logs, Self::Metrics];

    /// Its name in file names, addresses and texts.
    pub fn key(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
        }
    }
}

/// How it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A POST for each request.
    HttpProtobuf,
    /// gRPC over HTTP/2.
    Grpc,
}

impl Protocol {
    /// As the variables spell it.
    pub fn key(self) -> &'static str {
        match self {
            Self::HttpProtobuf => "http/protobuf",
            Self::Grpc => "grpc",
        }
    }
}

/// The value of a header: mostly a token. It is in no text, not even for debugging.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// For the header itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(secret)")
    }
}

/// Whom to trust, and who we are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of the authorities to trust instead of the system's.
    pub authorities: Option<PathBuf>,
    /// PEM files of our certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Where one signal goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The whole address; for gRPC without a path.
    pub url: Url,
    /// How.
    pub protocol: Protocol,
    /// Names and values.
    pub headers: Vec<(String, Secret)>,
    /// Whether bodies are compressed.
    pub gzip: bool,
    /// For a request, from beginning to end.
    pub timeout: Duration,
    /// For `https`.
    pub tls: Tls,
}

impl Target {
    /// Scheme, host and port: what a person is shown. An address may have a token in its path, too.
    pub fn shown(&self) -> String {
        format!("{} ({})", origin(&self.url), self.protocol.key())
    }
}

/// Scheme, host and port of an address.
fn origin(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

/// Where profiles go, if anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileTarget {
    /// The address of a Pyroscope.
    pub url: Url,
    /// Names and values.
    pub headers: Vec<(String, Secret)>,
}

impl ProfileTarget {
    /// Scheme, host and port.
    pub fn shown(&self) -> String {
        format!("{} (Pyroscope)", origin(&self.url))
    }
}

/// Everything about where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Where each signal goes; one that is not here is switched off.
    pub targets: Vec<(Signal, Target)>,
    /// Where heap profiles go.
    pub profiles: Option<ProfileTarget>,
    /// How often figures are sent although nothing has changed: a backend forgets what it does not hear of.
    pub metrics_every: Duration,
    /// Attributes of everything that is sent, as somebody has set them.
    pub resource: Vec<(String, String)>,
}

impl Destination {
    /// Where a signal goes.
    pub fn target(&self, signal: Signal) -> Option<&Target> {
        self.targets.iter().find(|(of, _)| *of == signal).map(|(_, target)| target)
    }

    /// Every place that something is sent to, once, for a person to read.
    pub fn shown(&self) -> Vec<String> {
        let mut all = Vec::<String>::new();
        let targets = self.targets.iter().map(|(_, target)| target.shown());
        for shown in targets.chain(self.profiles.iter().map(ProfileTarget::shown)) {
            if !all.contains(&shown) {
                all.push(shown);
            }
        }
        all
    }
}

/// What is said besides the variables, and goes before them.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// The address for all signals.
    pub endpoint: Option<String>,
    /// `http/protobuf` or `grpc`.
    pub protocol: Option<String>,
    /// The address of a Pyroscope.
    pub pyroscope: Option<String>,
}

/// A variable or setting that cannot be used. Values of headers are not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Switched off by the standard variable.
    #[error("OTEL_SDK_DISABLED is true: nothing is exported; unset it to export")]
    Disabled,
    /// All signals are `none`.
    #[error(
        "OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER are all `none`: there is nothing to export"
    )]
    Nothing,
    /// An address.
    #[error("{name}: {value:?} is not an address like http://localhost:4318: {why}")]
    Address {
        /// Which variable or setting.
        name: String,
        /// What it says, without what may be a password.
        value: String,
        /// What is wrong.
        why: String,
    },
    /// One of a few words.
    #[error("{name}: {value:?} is none of {known}")]
    Choice {
        /// Which variable or setting.
        name: String,
        /// What it says.
        value: String,
        /// What it may say.
        known: &'static str,
    },
    /// `name=value,name=value`.
    #[error(
        "{name}: entry {entry} is not `name=value` with a name and a value that can be sent; write `%2C` for a comma in a value"
    )]
    Pairs {
        /// Which variable.
        name: String,
        /// Which entry, from 1. It may be a secret, so it is not shown.
        entry: usize,
    },
    /// A header that is said by the request.
    #[error("{name}: the header {header} is the request's own: leave it out")]
    Reserved {
        /// Which variable.
        name: String,
        /// Which header.
        header: String,
    },
    /// Milliseconds.
    #[error("{name}: {value:?} is not a number of milliseconds from 1 to 600000")]
    Milliseconds {
        /// Which variable.
        name: String,
        /// What it says.
        value: String,
    },
    /// One without the other.
    #[error("{given} is set and {missing} is not: a certificate needs its key, and the other way round")]
    Unpaired {
        /// The one.
        given: String,
        /// The other.
        missing: String,
    },
    /// A PEM file.
    #[error("{}: {why}: it has to be a readable PEM file", path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}
