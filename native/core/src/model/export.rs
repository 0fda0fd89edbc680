//! The export of incidents to a collector: what the user sets, and how it stands.

use serde::{Deserialize, Serialize};

/// Where to and what; the rest is in the standard `OTEL_*` variables. Field names match the `stallscope.export.*` settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(default)]
pub struct ExportSettings {
    /// Whether anything is exported at all.
    pub enabled: bool,
    /// The collector; empty for what the variables say.
    pub endpoint: String,
    /// `http/protobuf` or `grpc`; empty for what the variables say.
    pub protocol: String,
    /// A Pyroscope that heap profiles are pushed to; empty for none.
    pub pyroscope: String,
    /// Share of the incidents that are not severe, 0 to 1.
    pub sample_rate: f64,
    /// A wait of this length is severe, in seconds.
    pub severe_after_s: f64,
    /// Whether names of documents, folders and packages stay here.
    pub redact: bool,
    /// Words that must not be read either.
    pub hide_words: Vec<String>,
}

impl Default for ExportSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            endpoint: String::new(),
            protocol: String::new(),
            pyroscope: String::new(),
            sample_rate: 1.0,
            severe_after_s: 5.0,
            redact: true,
            hide_words: Vec::new(),
        }
    }
}

/// How the export of a window stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct ExportStatus {
    /// Whether it is switched on.
    pub enabled: bool,
    /// Every place that something is sent to: scheme, host, port and protocol.
    pub destinations: Vec<String>,
    /// Requests that arrived from this window.
    pub sent: u64,
    /// When the latest did, in Unix milliseconds.
    pub sent_unix_ms: Option<f64>,
    /// Requests that wait on disk, of all windows.
    pub waiting: u64,
    /// Requests that were to be sent and will not be, ever and of all windows.
    pub dropped: u64,
    /// Why something waits, was dropped, or nothing is sent; in English, and without secrets.
    pub problem: Option<String>,
}
