//! gopls's message log: which requests there were, how long each took, what gopls said.
//!
//! It is read in chunks and in bounded memory: [`MessageLog::push`] takes any part of a file, whatever it is split at. Known
//! are the log of `gopls -rpc.trace -logfile=F`, what language clients write into an output channel with
//! `"go.trace.server": "verbose"` (or `"messages"`, or as JSON), and VS Code's log channels. Any other text may stand between.
//!
//! Times are milliseconds since the midnight before the log's first stamp, because most logs have a clock and no date.

mod busy;
mod clock;
mod entry;
mod gctrace;
mod json;
mod latency;
mod lines;
mod loads;
mod reader;
mod requests;
mod rules;
mod text;
mod told;
mod view;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use busy::{BusyPeriod, InFlightCurve};
pub use entry::{Level, Sender};
pub use gctrace::{GcCycle, GcSummary};
pub use loads::{Loads, LogLoad, LogWork};
pub use reader::MessageLog;
pub use requests::LogRequestState;
pub use rules::{MessageMeaning, MessageRules};
pub use told::LogText;
pub use view::{LogMethod, LogOverview, LogProgress, LogQuery, LogRequest, LogRequestPage, LogSort};
