//! gopls's `/metrics/` page: how many messages of each method have started and ended.
//!
//! It looks like Prometheus's text format and is not: `started{[direction="in" method="textDocument/hover"]} 1`. So
//! the five metrics needed here are read line by line and everything else is passed over.

use std::collections::BTreeMap;

use crate::engine::requests::{Counters, MethodCounters};
use crate::lsp::{self, Kind};

/// More methods than LSP has: a page that has more is made up.
const MAX_METHODS: usize = 512;
/// The longest method of LSP has 37 bytes.
const MAX_METHOD_BYTES: usize = 128;
/// A longer line is none of ours.
const MAX_LINE_BYTES: usize = 1024;
/// Counters beyond 2^53 are not exact in a float, and no gopls has lived that long.
const MAX_COUNT: f64 = 9_007_199_254_740_992.0;

/// One reading of the page: messages from the editor to gopls, by method.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// By method.
    pub methods: BTreeMap<String, Counts>,
    /// How far the ends of messages can be told from this page.
    pub trust: Trust,
    /// Some of the page was left out: too many methods, overlong lines, numbers that are none.
    pub incomplete: bool,
}

/// Counters of one method, as the page has them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counts {
    /// Arrived; counted before gopls's queue.
    pub started: u64,
    /// Ended, over all status codes. Always 0 before gopls v0.22.
    pub completed: u64,
    /// Replies sent, errors included. Notifications have none.
    pub replied: u64,
    /// Durations of the completed ones added up, in seconds. Always 0 before gopls v0.22.
    pub latency_sum_s: f64,
    /// How many durations that are.
    pub latency_count: u64,
}

/// What a page says about ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// gopls counts completions and latencies (v0.22 and later).
    Completions,
    /// It does not (before v0.22). A request's end still shows, as the reply that was sent (`sent_bytes_count`); how
    /// long it took and the ends of notifications do not.
    Replies,
    /// Nothing has ended yet that would show which of the two it is.
    Undecided,
}

/// The answer was no metrics page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not gopls's metrics page: it begins with {0:?}")]
pub struct NotMetrics(pub String);

impl Metrics {
    /// How many messages of `method` have ended; `None` where this gopls does not tell.
    ///
    /// For a request the reply counts as soon as it is written, a moment before `completed` does.
    pub fn ended(&self, method: &str) -> Option<u64> {
        let counts = self.methods.get(method)?;
        match (lsp::kind(method), self.trust) {
            (Some(Kind::Request), _) => Some(counts.completed.max(counts.replied)),
            (_, Trust::Completions) => Some(counts.completed),
            _ => None,
        }
    }

    /// How many messages of `method` gopls has and has not finished. 0 where ends are not told.
    pub fn in_flight(&self, method: &str) -> u64 {
        match (self.methods.get(method), self.ended(method)) {
            (Some(counts), Some(ended)) => counts.started.saturating_sub(ended),
            _ => 0,
        }
    }

    /// The page as the engine takes it.
    pub fn counters(&self) -> Counters {
        let reading = |(method, counts): (&String, &Counts)| {
            let counters = MethodCounters {
                started: counts.started,
                completed: self.ended(method),
                latency_sum_s: counts.latency_sum_s,
                latency_count: counts.latency_count,
            };
            (method.clone(), counters)
        };
        self.methods.iter().map(reading).collect()
    }

    /// Every method in flight, with how many.
    pub fn all_in_flight(&self) -> impl Iterator<Item = (&str, u64)> {
        self.methods
            .keys()
            .map(|method| (method.as_str(), self.in_flight(method)))
            .filter(|(_, count)| *count > 0)
    }
}

/// Reads the page. `version` is gopls's (`v0.23.0`), when known: a page from before the first completion looks the
/// same on every version.
pub fn parse(page: &str, version: Option<&str>) -> Result<Metrics, NotMetrics> {
    let mut reading = Reading::default();
    for line in page.lines() {
        reading.line(line);
    }
    // A gopls that no editor has talked to yet serves an empty page.
    if !reading.recognised && !page.trim().is_empty() {
        return Err(NotMetrics(page.trim_start().chars().take(60).collect()));
    }
    let trust = match version.and_then(counts_completions) {
        Some(true) => Trust::Completions,
        Some(false) => Trust::Replies,
        None if reading.completions => Trust::Completions,
        // The editor sends `initialized` once `initialize` is answered: there was an end, and it was not counted.
        None if reading.methods.contains_key("initialized") => Trust::Replies,
        None => Trust::Undecided,
    };
    Ok(Metrics { methods: reading.methods, trust, incomplete: reading.incomplete })
}

/// Whether that version counts completions; `None` for versions that are not of the form `vN.N…`.
fn counts_completions(version: &str) -> Option<bool> {
    let mut numbers = version.strip_prefix('v')?.split(['.', '-', '+']);
    let major: u32 = numbers.next()?.parse().ok()?;
    let minor: u32 = numbers.next()?.parse().ok()?;
    let patch = numbers.next()?;
    // Pre-releases and pseudo-versions of v0.22.0 are from before or after the change: let the page tell.
    let released = version.ends_with(patch);
    match (major, minor) {
        (0, 22) if !released => None,
        (major, minor) => Some((major, minor) >= (0, 22)),
    }
}

#[derive(Default)]
struct Reading {
    methods: BTreeMap<String, Counts>,
    recognised: bool,
    completions: bool,
    incomplete: bool,
}

impl Reading {
    fn line(&mut self, line: &str) {
        if line.len() > MAX_LINE_BYTES {
            self.incomplete = true;
            return;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            self.recognised = true;
            self.completions |= rest.starts_with("completed ");
            return;
        }
        let Some((name, rest)) = line.split_once("{[") else { return };
        if !matches!(name, "started" | "completed" | "sent_bytes_count" | "latency_sum" | "latency_count") {
            return;
        }
        self.recognised = true;
        self.completions |= name == "completed";
        // Lines of messages that gopls sends are of no interest.
        if self.row(name, rest).is_none() && !rest.starts_with("direction=\"out\"") {
            self.incomplete = true;
        }
    }

    fn row(&mut self, name: &str, rest: &str) -> Option<()> {
        let (labels, value) = rest.rsplit_once("]} ")?;
        let labels = labels.strip_prefix("direction=\"in\" method=\"")?;
        // gopls quotes as Go does; a method with anything to escape in it is none of LSP.
        let (method, _) = labels.split_once('"')?;
        if method.is_empty()
            || method.len() > MAX_METHOD_BYTES
            || !method.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return None;
        }
        let value: f64 = value.trim().parse().ok()?;
        if !(0.0..=MAX_COUNT).contains(&value) {
            return None;
        }
        if !self.methods.contains_key(method) && self.methods.len() >= MAX_METHODS {
            return None;
        }
        let counts = self.methods.entry(method.to_owned()).or_default();
        let count = value as u64;
        match name {
            "started" => counts.started = count,
            // One line per status code.
            "completed" => counts.completed = counts.completed.saturating_add(count),
            "sent_bytes_count" => counts.replied = count,
            "latency_sum" => counts.latency_sum_s = value,
            _ => counts.latency_count = count,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    /// Pages of real gopls versions, taken around the first hover in a small module.
    macro_rules! page {
        ($version:literal, $moment:literal) => {
            include_str!(concat!("../../../test/fixtures/metrics/", $version, "-", $moment, ".txt"))
        };
    }

    fn in_flight(page: &str) -> Vec<(String, u64)> {
        let metrics = parse(page, None).unwrap();
        assert!(!metrics.incomplete);
        metrics.all_in_flight().map(|(method, count)| (method.to_owned(), count)).collect()
    }

    #[test]
    fn a_pending_hover_shows_on_every_version() {
        for page in [
            page!("v0.18.1", "hover-pending"),
            page!("v0.21.0", "hover-pending"),
            page!("v0.22.0", "hover-pending"),
            page!("v0.23.0", "hover-pending"),
            page!("v0.24.0", "hover-pending"),
        ] {
            assert_eq!(in_flight(page), [("textDocument/hover".to_owned(), 1)]);
        }
    }

    #[test]
    fn an_answered_hover_has_ended_on_every_version() {
        for page in [
            page!("v0.18.1", "hover-done"),
            page!("v0.21.0", "hover-done"),
            page!("v0.22.0", "hover-done"),
            page!("v0.23.0", "hover-done"),
            page!("v0.24.0", "hover-done"),
        ] {
            assert_eq!(in_flight(page), []);
            assert_eq!(parse(page, None).unwrap().ended("textDocument/hover"), Some(1));
        }
    }

    #[test]
    fn trust_by_page_when_the_version_is_unknown() {
        let trust = |page| parse(page, None).unwrap().trust;
        for page in [page!("v0.18.1", "hover-done"), page!("v0.21.0", "hover-done")] {
            assert_eq!(trust(page), Trust::Replies);
        }
        // Nothing was counted as completed, but until `initialized` is sent that may only not have happened yet.
        for page in [page!("v0.18.1", "initialize-done"), page!("v0.21.0", "initialize-done")] {
            assert_eq!(trust(page), Trust::Undecided);
        }
        for page in [page!("v0.18.1", "initialized-running"), page!("v0.21.0", "initialized-running")] {
            assert_eq!(trust(page), Trust::Replies);
        }
        for page in [
            page!("v0.22.0", "initialize-done"),
            page!("v0.23.0", "initialize-done"),
            page!("v0.24.0", "initialize-done"),
        ] {
            assert_eq!(trust(page), Trust::Completions);
        }
        assert_eq!(trust(""), Trust::Undecided);
    }

    #[test]
    fn while_initialized_runs_only_completions_show_it() {
        let counted =
            |methods: &[&str]| -> Vec<_> { methods.iter().map(|method| ((*method).to_owned(), 1)).collect() };
        for page in [page!("v0.18.1", "initialized-running"), page!("v0.21.0", "initialized-running")] {
            assert_eq!(in_flight(page), counted(&["textDocument/hover"]));
        }
        for page in [
            page!("v0.22.0", "initialized-running"),
            page!("v0.23.0", "initialized-running"),
            page!("v0.24.0", "initialized-running"),
        ] {
            assert_eq!(
                in_flight(page),
                counted(&["initialized", "textDocument/didOpen", "textDocument/hover"])
            );
        }
    }

    #[test]
    fn trust_by_version_before_the_first_completion() {
        let page = "# TYPE started counter\nstarted{[direction=\"in\" method=\"initialize\"]} 1\n";
        let trust = |version| parse(page, Some(version)).unwrap().trust;
        assert_eq!(trust("v0.21.0"), Trust::Replies);
        assert_eq!(trust("v0.23.0"), Trust::Completions);
        assert_eq!(trust("v0.22.0-pre.1"), Trust::Undecided);
        assert_eq!(trust("v1.0.0"), Trust::Completions);
        assert_eq!(trust("master"), Trust::Undecided);
        assert_eq!(parse(page, None).unwrap().in_flight("initialize"), 1);
    }

    #[test]
    fn the_exact_duration_of_a_finished_request() {
        let metrics = parse(page!("v0.23.0", "hover-done"), None).unwrap();
        let hover = metrics.methods["textDocument/hover"];
        assert_eq!((hover.started, hover.completed, hover.replied, hover.latency_count), (1, 1, 1, 1));
        assert!((0.05..5.0).contains(&hover.latency_sum_s), "{hover:?}");
    }

    #[test]
    fn a_notification_without_completions_never_looks_stuck() {
        let metrics = parse(page!("v0.18.1", "hover-done"), None).unwrap();
        assert_eq!(metrics.methods["textDocument/didOpen"].started, 1);
        assert_eq!(metrics.ended("textDocument/didOpen"), None);
        assert_eq!(metrics.in_flight("textDocument/didOpen"), 0);
        // With completions it is told apart like any other message.
        let running = parse(page!("v0.23.0", "initialized-running"), None).unwrap();
        assert_eq!(running.in_flight("initialized"), 1);
    }

    #[test]
    fn status_codes_are_added_up() {
        let page = "completed{[direction=\"in\" method=\"m\" status.code=\"OK\"]} 2\n\
                    completed{[direction=\"in\" method=\"m\" status.code=\"ERROR\"]} 3\n";
        assert_eq!(parse(page, None).unwrap().methods["m"].completed, 5);
    }

    #[test]
    fn other_pages_are_refused_with_their_beginning() {
        let error = parse("\n<html><body>hello", None).unwrap_err();
        assert_eq!(error.to_string(), "not gopls's metrics page: it begins with \"<html><body>hello\"");
        assert!(parse("SSH-2.0-OpenSSH_9.2\r\n", None).is_err());
    }

    #[test]
    fn made_up_numbers_and_methods_are_left_out_and_said() {
        for line in [
            "started{[direction=\"in\" method=\"m\"]} -1",
            "started{[direction=\"in\" method=\"m\"]} NaN",
            "started{[direction=\"in\" method=\"m\"]} 1e300",
            "started{[direction=\"in\" method=\"m",
            "started{[direction=\"in\" method=\"\"]} 1",
            "started{[direction=\"in\" method=\"a b\"]} 1",
        ] {
            let metrics = parse(line, None).unwrap();
            assert!(metrics.methods.is_empty() && metrics.incomplete, "{line}");
        }
        let many: String =
            (0..10_000).map(|i| format!("started{{[direction=\"in\" method=\"m{i}\"]}} 1\n")).collect();
        let metrics = parse(&many, None).unwrap();
        assert_eq!(metrics.methods.len(), MAX_METHODS);
        assert!(metrics.incomplete);
    }

    proptest! {
        #[test]
        fn any_text_is_no_panic(page in ".{0,400}") {
            let _ = parse(&page, Some(&page));
        }

        #[test]
        fn damaged_pages_are_no_panic(cut in 0_usize..14_000, insert in ".{0,8}") {
            let mut page = page!("v0.23.0", "hover-pending").to_owned();
            let at = cut.min(page.len());
            page.insert_str(at, &insert);
            let metrics = parse(&page, None);
            if let Ok(metrics) = metrics {
                let _ = metrics.all_in_flight().count();
            }
            page.truncate(at);
            let _ = parse(&page, None);
        }
    }
}
