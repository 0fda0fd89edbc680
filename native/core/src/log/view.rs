//! What others may ask of a log: its overview, and pages of its requests.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::busy::{BusyPeriod, InFlightCurve, busy};
use super::entry::Sender;
use super::gctrace::GcSummary;
use super::loads::{LogLoad, LogWork};
use super::reader::MessageLog;
use super::requests::{LogRequestState, Row};
use super::told::LogText;

/// Pending requests, loads and other work named in an overview; all of them are counted.
const MAX_NAMED: usize = 200;

/// A request of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct LogRequest {
    /// For example `textDocument/hover`.
    pub method: String,
    /// Who asked.
    pub from: Sender,
    /// Its id, as the log has it.
    pub id: String,
    /// When it was sent, milliseconds of the log.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub began_ms: u64,
    /// When it was answered; absent without an answer.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub ended_ms: Option<u64>,
    /// How long it took; of a pending one its age where the log ends; absent of an unanswered one.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub waited_ms: Option<u64>,
    /// How it ended.
    pub state: LogRequestState,
}

/// What the requests of one method in one direction come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct LogMethod {
    /// For example `textDocument/hover`; `(other)` for what is too long, or one too many.
    pub method: String,
    /// Who asked.
    pub from: Sender,
    /// How many were answered, errors included: what the figures below are of.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub answered: u64,
    /// How many of these with an error.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub errors: u64,
    /// How many were given up.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub cancelled: u64,
    /// How many had no answer yet where the log ends.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub pending: u64,
    /// How many can have none any more.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub unanswered: u64,
    /// Half of the answers took no longer, in milliseconds.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub p50_ms: u64,
    /// 90 % of them.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub p90_ms: u64,
    /// 99 % of them.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub p99_ms: u64,
    /// The slowest.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub longest_ms: u64,
    /// All of them added up: what this method cost.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub sum_ms: u64,
}

/// A log as a whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct LogOverview {
    /// Lines read so far.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub lines: u64,
    /// The first stamp, in milliseconds since the midnight before it; absent when nothing in the file is an entry.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub first_ms: Option<u64>,
    /// The last one.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub last_ms: Option<u64>,
    /// That midnight in Unix milliseconds as a clock in UTC would have it, where something in the log names the day.
    pub day_ms: Option<f64>,
    /// Its clock has no milliseconds: beginnings are right to a second, lengths as the client has measured them.
    pub whole_seconds: bool,
    /// How often gopls was started within it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub starts: u64,
    /// How often the file was emptied or exchanged while it was followed.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub cuts: u64,
    /// By method and direction; what cost most first.
    pub methods: Vec<LogMethod>,
    /// Requests without an answer where the log ends, the oldest first; the first 200.
    pub pending: Vec<LogRequest>,
    /// How many these are.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub pending_count: u64,
    /// How many requests of the editor were in flight over time.
    pub in_flight: InFlightCurve,
    /// When most was waited for.
    pub busiest: Vec<BusyPeriod>,
    /// Loads of packages, the latest 200, in their order.
    pub loads: Vec<LogLoad>,
    /// How many there were.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub load_count: u64,
    /// How many asked the same as one before, with no change between that the log shows.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub loads_without_change: u64,
    /// What gopls reported progress of, the latest 200, in their order.
    pub work: Vec<LogWork>,
    /// What gopls said that is grave, was shown, or is explained.
    pub texts: Vec<LogText>,
    /// How many texts are none of these.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub texts_passed_over: u64,
    /// Collections, when the log has `gctrace` lines.
    pub gc: Option<GcSummary>,
    /// Answers to requests from before the log of which it tells no length.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub stray_answers: u64,
    /// The fastest requests, which are counted but not listed because there are too many.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub not_listed: u64,
    /// Requests that could not be followed because too many were in flight.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub not_followed: u64,
}

/// How far a log has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct LogProgress {
    /// Bytes read.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub read_bytes: u64,
    /// Bytes there were when the reading began.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub size_bytes: u64,
}

/// What the requests are ordered by. Equal ones follow by their beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "snake_case")]
pub enum LogSort {
    /// How long was waited. What has no length comes after everything.
    #[default]
    Waited,
    /// When it began.
    Began,
    /// By the name of the method.
    Method,
    /// How it ended.
    State,
}

/// Which requests are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(default)]
pub struct LogQuery {
    /// The order.
    pub sort: LogSort,
    /// The longest, the latest, Z first.
    pub descending: bool,
    /// Part of the method's name, upper or lower case; empty for all.
    pub filter: String,
    /// Only those that ended so; `null` for all.
    pub state: Option<LogRequestState>,
    /// Only those of one side; `null` for both.
    pub from: Option<Sender>,
    /// How many to skip.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub offset: usize,
    /// How many to give.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub limit: usize,
}

impl Default for LogQuery {
    fn default() -> Self {
        Self {
            sort: LogSort::Waited,
            descending: true,
            filter: String::new(),
            state: None,
            from: None,
            offset: 0,
            limit: usize::MAX,
        }
    }
}

/// A page of requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct LogRequestPage {
    /// How many match.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub matched_rows: usize,
    /// The page.
    pub rows: Vec<LogRequest>,
}

impl MessageLog {
    /// Everything but the single requests, with what messages mean in a language (`en`, `zh-cn`).
    pub fn overview(&self, language: &str) -> LogOverview {
        let read = self.read();
        let pending = self.pending();
        let (in_flight, busiest) = busy(&self.waits(&pending));
        let (loads, work) = (read.loads.loads(), read.loads.work());
        LogOverview {
            lines: read.line_count,
            first_ms: read.first_ms,
            last_ms: read.last_ms,
            day_ms: read.day_ms(),
            whole_seconds: read.has_whole_seconds,
            starts: read.starts,
            cuts: read.cuts,
            methods: self.methods(&pending),
            pending: pending.iter().take(MAX_NAMED).map(|row| self.request(row)).collect(),
            pending_count: pending.len() as u64,
            in_flight,
            busiest,
            loads: loads[loads.len().saturating_sub(MAX_NAMED)..].to_vec(),
            load_count: loads.len() as u64 + read.loads.not_listed,
            loads_without_change: loads.iter().filter(|load| load.without_change).count() as u64,
            work: work[work.len().saturating_sub(MAX_NAMED)..].to_vec(),
            texts: read.told.texts(language),
            texts_passed_over: read.told.passed_over,
            gc: read.gc.summary(),
            stray_answers: read.requests.stray_answers,
            not_listed: read.requests.not_listed,
            not_followed: read.requests.not_followed,
        }
    }

    /// A page of the requests.
    pub fn requests(&self, query: &LogQuery) -> LogRequestPage {
        let filter = query.filter.to_lowercase();
        let pending = self.pending();
        let mut rows: Vec<&Row> = self
            .read()
            .requests
            .ended()
            .iter()
            .chain(&pending)
            .filter(|row| query.state.is_none_or(|state| row.state == state))
            .filter(|row| query.from.is_none_or(|from| row.from == from))
            .filter(|row| filter.is_empty() || self.name(row).to_lowercase().contains(&filter))
            .collect();
        rows.sort_by(|a, b| self.compare(a, b, query));
        let page = rows.iter().skip(query.offset).take(query.limit);
        LogRequestPage { matched_rows: rows.len(), rows: page.map(|row| self.request(row)).collect() }
    }

    /// Whether there was anything in it that a log of gopls has.
    pub fn is_log(&self) -> bool {
        let read = self.read();
        read.first_ms.is_some() || read.gc.summary().is_some() || !read.told.is_empty()
    }

    /// The requests that have ended since this was asked last, in their order; at most 1,000, the earliest.
    pub fn take_ended(&mut self) -> Vec<LogRequest> {
        let rows = self.take_ended_rows();
        rows.iter().map(|row| self.request(row)).collect()
    }

    /// All of them, as they began.
    pub fn all_requests(&self) -> impl Iterator<Item = LogRequest> {
        let query = LogQuery { sort: LogSort::Began, descending: false, ..LogQuery::default() };
        self.requests(&query).rows.into_iter()
    }

    fn compare(&self, a: &Row, b: &Row, query: &LogQuery) -> Ordering {
        let waited = |row| self.waited_ms(row);
        let order = match query.sort {
            // Without a length neither the shortest nor the longest.
            LogSort::Waited => match (waited(a), waited(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                (a, b) => return b.is_some().cmp(&a.is_some()).then_with(|| a.cmp(&b)),
            },
            LogSort::Began => a.began_ms.cmp(&b.began_ms),
            LogSort::Method => self.name(a).cmp(self.name(b)),
            LogSort::State => a.state.cmp(&b.state),
        };
        let order = if query.descending { order.reverse() } else { order };
        order.then_with(|| (a.began_ms, a.from, &a.id).cmp(&(b.began_ms, b.from, &b.id)))
    }

    fn pending(&self) -> Vec<Row> {
        let mut pending: Vec<Row> = self.read().requests.pending().collect();
        pending.sort_by(|a, b| (a.began_ms, a.from, &a.id).cmp(&(b.began_ms, b.from, &b.id)));
        pending
    }

    /// Waits of the editor for gopls.
    fn waits(&self, pending: &[Row]) -> Vec<(u64, u64)> {
        let rows = self.read().requests.ended().iter().chain(pending);
        let of_editor = rows.filter(|row| row.from == Sender::Editor);
        of_editor.filter_map(|row| Some((row.began_ms, row.began_ms + self.waited_ms(row)?))).collect()
    }

    fn methods(&self, pending: &[Row]) -> Vec<LogMethod> {
        let requests = &self.read().requests;
        let mut methods: BTreeMap<(u16, Sender), LogMethod> = BTreeMap::new();
        let mut of = |method: u16, from: Sender, change: &dyn Fn(&mut LogMethod)| {
            let name = || requests.name(method).to_owned();
            change(methods.entry((method, from)).or_insert_with(|| LogMethod::none(name(), from)));
        };
        for ((method, from), counts) in requests.by_method() {
            of(method, from, &|row| {
                let durations = &counts.durations;
                row.answered = durations.count();
                row.errors = counts.errors;
                row.cancelled = counts.cancelled;
                row.unanswered = counts.unanswered;
                row.p50_ms = durations.percentile_ms(50);
                row.p90_ms = durations.percentile_ms(90);
                row.p99_ms = durations.percentile_ms(99);
                row.longest_ms = durations.longest_ms();
                row.sum_ms = durations.sum_ms();
            });
        }
        for row in pending {
            of(row.method, row.from, &|method| method.pending += 1);
        }
        let mut methods: Vec<LogMethod> = methods.into_values().collect();
        methods.sort_by(|a, b| {
            b.sum_ms.cmp(&a.sum_ms).then_with(|| (&a.method, a.from).cmp(&(&b.method, b.from)))
        });
        methods
    }

    fn name(&self, row: &Row) -> &str {
        self.read().requests.name(row.method)
    }

    fn waited_ms(&self, row: &Row) -> Option<u64> {
        let until = row.ended_ms.or_else(|| {
            (row.state == LogRequestState::Pending).then_some(self.read().last_ms.unwrap_or(row.began_ms))
        });
        until.map(|until_ms| until_ms.saturating_sub(row.began_ms))
    }

    fn request(&self, row: &Row) -> LogRequest {
        LogRequest {
            method: self.name(row).to_owned(),
            from: row.from,
            id: row.id.to_string(),
            began_ms: row.began_ms,
            ended_ms: row.ended_ms,
            waited_ms: self.waited_ms(row),
            state: row.state,
        }
    }
}

impl LogMethod {
    fn none(method: String, from: Sender) -> Self {
        Self {
            method,
            from,
            answered: 0,
            errors: 0,
            cancelled: 0,
            pending: 0,
            unanswered: 0,
            p50_ms: 0,
            p90_ms: 0,
            p99_ms: 0,
            longest_ms: 0,
            sum_ms: 0,
        }
    }
}
