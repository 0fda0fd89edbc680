//! What somebody waited for, from one moment to the next.

use serde::{Deserialize, Serialize};

use crate::model::Ns;

/// What a request was waiting for, or what gopls did for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// On its way: the extension host had it, and gopls had not read it. Only spans tell.
    Dispatch,
    /// Behind an earlier message; gopls has not begun with it.
    Queued,
    /// For the load of the workspace, or of a part of it, when nothing more exact is known.
    AwaitingLoad,
    /// For a `go` command that gopls runs.
    GoCommand,
    /// For the graph of packages: which there are, and what they import.
    Metadata,
    /// Reading and parsing Go files.
    Parsing,
    /// Bringing in the types of packages it imports, from gopls's cache on disk.
    Importing,
    /// Type checking.
    TypeChecking,
    /// The analysers behind diagnostics and fixes.
    Analysis,
    /// For a lock.
    Lock,
    /// For a file, or another answer of the operating system.
    Io,
    /// For the garbage collector.
    Gc,
    /// For the editor's answer to a question of gopls's own.
    Editor,
    /// Work of gopls that is none of these.
    Other,
    /// Nothing tells.
    Unknown,
}

impl Phase {
    /// Its name as in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Dispatch => "dispatch",
            Self::Queued => "queued",
            Self::AwaitingLoad => "awaiting-load",
            Self::GoCommand => "go-command",
            Self::Metadata => "metadata",
            Self::Parsing => "parsing",
            Self::Importing => "importing",
            Self::TypeChecking => "type-checking",
            Self::Analysis => "analysis",
            Self::Lock => "lock",
            Self::Io => "io",
            Self::Gc => "gc",
            Self::Editor => "editor",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// In plain English, for texts that are English whatever the editor speaks: traces, reports, the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dispatch => "on its way to gopls",
            Self::Queued => "queued",
            Self::AwaitingLoad => "workspace load",
            Self::GoCommand => "go command",
            Self::Metadata => "package graph",
            Self::Parsing => "parsing",
            Self::Importing => "importing",
            Self::TypeChecking => "type checking",
            Self::Analysis => "analysis",
            Self::Lock => "lock",
            Self::Io => "reading files",
            Self::Gc => "garbage collection",
            Self::Editor => "the editor",
            Self::Other => "other work of gopls",
            Self::Unknown => "unknown",
        }
    }
}

/// How a phase is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum PhaseSource {
    /// From gopls's own spans: exact.
    Spans,
    /// From goroutine profiles taken meanwhile: between two of them it is not known.
    Sampling,
}

/// A part of a wait. The slices of one wait follow each other without a gap and add up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct PhaseSlice {
    /// What it was.
    pub phase: Phase,
    /// From, on the watcher's clock.
    pub begin_ns: Ns,
    /// To, on the watcher's clock.
    pub end_ns: Ns,
    /// How it is known.
    pub source: PhaseSource,
    /// Of a queued one: what the message in front waited for or did; absent where that was not seen, and in incidents of
    /// earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub front: Option<Phase>,
}
