//! The plain data that crosses every boundary: incidents on disk, the addon, the panel, the CLI's JSON.
//!
//! The types here are the single source: `npm run gen` turns them into `extension/shared/model.ts`.

mod capture_request;
mod decision;
mod doing;
mod export;
mod incident;
mod settings;
mod spans;
mod status;
mod timeline;

pub use capture_request::{CaptureRequest, CaptureRequestError, CaptureWhat};
pub(crate) use decision::named;
pub use decision::{Decision, Value};
pub use doing::{LoadStatus, LoadStep, RunningGo};
pub use export::{ExportSettings, ExportStatus};
pub use incident::{
    Capture, CaptureKind, CaptureState, Cost, GoplsIdentity, HeapCapture, INCIDENT_FORMAT, Incident,
    IncidentState, IncidentSummary, LoadContext, Note, ON_REQUEST, PastLoad, RequestRecord, RssSummary,
    TimingSource,
};
pub use settings::{Adjustment, WatchSettings};
pub use spans::{SpansState, SpansView};
pub use status::{
    CurrentPhase, DebugServer, FinishedLoad, GoplsProcess, GoplsRelation, GoplsStatus, InFlight,
    LatencySource, ObservedRequest, StallStatus, Status, WatchEvent,
};
pub use timeline::{CaptureMark, RequestBar, RssPoint, StallSpan, Timeline, TimelineQuery};

/// Nanoseconds on the watcher's monotonic clock, counted from the watcher's start.
///
/// 2^53 ns are 104 days, so the value crosses to JavaScript exactly.
pub type Ns = u64;

/// Bytes. Exact in JavaScript up to 2^53.
pub type Bytes = u64;

/// One millisecond in nanoseconds.
pub const MS: Ns = 1_000_000;

/// One second in nanoseconds.
pub const SECOND: Ns = 1_000 * MS;

/// One megabyte as the field prints it: 10^6 bytes, like gopls's own documentation and `go tool pprof`'s inputs.
pub const MB: Bytes = 1_000_000;
