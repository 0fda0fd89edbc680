//! The time line: RSS as a line, requests as bars, captures as marks, one shared axis.

use serde::{Deserialize, Serialize};

use crate::wait::PhaseSlice;

use super::{Bytes, CaptureKind, CaptureState, Ns, RequestRecord};

/// What part of the time line to draw, and how finely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct TimelineQuery {
    /// An incident, or absent for live.
    pub incident: Option<String>,
    /// Left edge; absent for all there is.
    pub from_ns: Option<f64>,
    /// Right edge; absent for all there is.
    pub to_ns: Option<f64>,
    /// Most RSS points wanted (about the width in pixels). At most 4000.
    pub points: u32,
}

/// RSS at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct RssPoint {
    /// When.
    pub at_ns: Ns,
    /// Resident set size.
    pub rss_bytes: Bytes,
}

/// A request as a bar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct RequestBar {
    /// The request.
    pub request: RequestRecord,
    /// Row to draw it in, from 0, so that bars do not overlap.
    pub lane: u32,
}

/// A capture as a mark, its trigger to its last byte.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct CaptureMark {
    /// What.
    pub kind: CaptureKind,
    /// How it ended.
    pub state: CaptureState,
    /// When it was decided.
    pub trigger_ns: Ns,
    /// When its last byte came.
    pub received_ns: Option<Ns>,
}

/// A stall as a shaded span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct StallSpan {
    /// The incident, once there is one.
    pub incident: Option<String>,
    /// From.
    pub start_ns: Ns,
    /// To; absent while it goes on.
    pub end_ns: Option<Ns>,
}

/// Everything the time line draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Timeline {
    /// Left edge of what is there.
    pub from_ns: Ns,
    /// Right edge.
    pub to_ns: Ns,
    /// Unix time of ns 0 in milliseconds, for clock labels.
    pub origin_unix_ms: f64,
    /// RSS, thinned so that peaks survive: of each bucket its least and its greatest value.
    pub rss: Vec<RssPoint>,
    /// Requests.
    pub requests: Vec<RequestBar>,
    /// Captures.
    pub captures: Vec<CaptureMark>,
    /// Stalls.
    pub stalls: Vec<StallSpan>,
    /// What the main request of an incident was spent on, without a gap; empty where that is not known, and live.
    pub phases: Vec<PhaseSlice>,
}
