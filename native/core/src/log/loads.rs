//! Loads of packages: what gopls logs of each run of `go list`, and the progress it reports.

use std::collections::HashMap;

use serde::Serialize;

use super::text::labels;

const MAX_LOADS: usize = 2_000;
const MAX_WORK: usize = 1_000;
const MAX_OPEN_WORK: usize = 64;
const MAX_TEXT_BYTES: usize = 500;

/// One `go/packages.Load`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct LogLoad {
    /// gopls's number for it, from 1.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub number: u64,
    /// When it had ended, milliseconds of the log.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at_ms: u64,
    /// How long it took, where the log says so.
    pub duration_ms: Option<f64>,
    /// The folder it was run in.
    pub directory: String,
    /// What was asked for: patterns, files, packages.
    pub query: String,
    /// How many packages came.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub packages: Option<u64>,
    /// What went wrong.
    pub error: Option<String>,
    /// The same question was asked before, by the same gopls.
    pub repeated: bool,
    /// Between the load before with the same question and this one the log shows no change: no edit, no save, no changed
    /// file, no new setting, no command. Only then is a repeated load one without need, as far as a log can tell.
    pub without_change: bool,
}

/// Something gopls reported progress of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct LogWork {
    /// For example `Setting up workspace`.
    pub title: String,
    /// When it began, milliseconds of the log.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub began_ms: u64,
    /// When it ended; absent while it goes on.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub ended_ms: Option<u64>,
    /// The last message of it.
    pub message: String,
}

/// Collects both, from a log or from what a client hears.
#[derive(Debug, Default)]
pub struct Loads {
    loads: Vec<LogLoad>,
    /// How many changes the log had shown at the latest load of a question.
    asked: HashMap<(String, String), u64>,
    changes: u64,
    work: Vec<LogWork>,
    open_work: HashMap<String, usize>,
    /// Loads left out of the list.
    pub not_listed: u64,
}

impl Loads {
    /// Something happened that may make a load necessary.
    pub fn changed(&mut self) {
        self.changes += 1;
    }

    /// gopls was started anew: what it asks for now is asked for the first time.
    pub fn restarted(&mut self) {
        self.asked.clear();
        self.open_work.clear();
    }

    /// A text that gopls has logged.
    pub fn text(&mut self, text: &str, at_ms: u64) {
        let Some((_, rest)) = text.split_once("go/packages.Load #") else { return };
        let (head, _) = rest.split_once("\n\t").unwrap_or((rest, ""));
        let digits = head.find(|c: char| !c.is_ascii_digit()).unwrap_or(head.len());
        let Ok(number) = head[..digits].parse::<u64>() else { return };
        let labels = labels(rest);
        let label = |name: &str| labels.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        // Without a duration it is a line about a part of a load.
        let Some(duration) = label("duration") else { return };
        // A log may show the same text twice: as a message and as what the client made of it.
        if self
            .loads
            .iter()
            .rev()
            .take(8)
            .any(|load| load.number == number && load.at_ms.abs_diff(at_ms) < 2_000)
        {
            return;
        }
        let error = head[digits..].trim_start_matches(':').trim();
        let (directory, query) =
            (short(label("directory").unwrap_or("")), short(label("query").unwrap_or("")));
        let before = self.asked.insert((directory.clone(), query.clone()), self.changes);
        if self.asked.len() > MAX_LOADS {
            self.asked.clear();
        }
        if self.loads.len() == MAX_LOADS {
            self.not_listed += 1;
            return;
        }
        self.loads.push(LogLoad {
            number,
            at_ms,
            duration_ms: go_duration_ms(duration),
            directory,
            query,
            packages: label("packages").and_then(|packages| packages.parse().ok()),
            error: (!error.is_empty()).then(|| short(error)),
            repeated: before.is_some(),
            without_change: before == Some(self.changes),
        });
    }

    /// `$/progress`.
    pub fn progress(&mut self, params: &serde_json::Value, at_ms: u64) {
        let token = params["token"].to_string();
        let value = &params["value"];
        let text = |name: &str| value[name].as_str().map(short);
        match value["kind"].as_str() {
            Some("begin") if self.work.len() < MAX_WORK && self.open_work.len() < MAX_OPEN_WORK => {
                self.open_work.insert(token, self.work.len());
                let title = text("title").unwrap_or_default();
                let message = text("message").unwrap_or_default();
                self.work.push(LogWork { title, began_ms: at_ms, ended_ms: None, message });
            }
            Some(kind @ ("report" | "end")) => {
                let is_end = kind == "end";
                let at =
                    if is_end { self.open_work.remove(&token) } else { self.open_work.get(&token).copied() };
                let Some(work) = at.and_then(|at| self.work.get_mut(at)) else { return };
                if let Some(message) = text("message") {
                    work.message = message;
                }
                work.ended_ms = is_end.then_some(at_ms);
            }
            _ => {}
        }
    }

    /// All loads so far, in their order.
    pub fn loads(&self) -> &[LogLoad] {
        &self.loads
    }

    /// All progress so far, by its begin.
    pub fn work(&self) -> &[LogWork] {
        &self.work
    }
}

fn short(text: &str) -> String {
    let end = (0..=text.len().min(MAX_TEXT_BYTES)).rev().find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or(0)].to_owned()
}

/// `1h2m3.5s`, `143.955302ms`, `800µs` as Go prints them.
fn go_duration_ms(text: &str) -> Option<f64> {
    let units = [("ms", 1.0), ("µs", 1e-3), ("us", 1e-3), ("ns", 1e-6), ("h", 3.6e6), ("m", 6e4), ("s", 1e3)];
    let (mut rest, mut sum_ms) = (text.trim(), None);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let (unit, unit_ms) = units.iter().find(|(unit, _)| rest[end..].starts_with(unit))?;
        sum_ms = Some(sum_ms.unwrap_or(0.0) + number * unit_ms);
        rest = &rest[end + unit.len()..];
    }
    sum_ms.filter(|ms| ms.is_finite())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LOAD: &str = "2026/11/24 21:09:26 go/packages.Load #1\n\tview_id=\"1\"\n\tsnapshot=0\n\tdirectory=/home/gopher/shop\n\tquery=[/home/gopher/shop/... builtin]\n\tpackages=3\n\tduration=142.670783ms\n";

    #[test]
    fn a_load_as_gopls_logs_it() {
        let mut loads = Loads::default();
        loads.text(LOAD, 5);
        loads.text("2026/11/24 21:09:26 go/packages.Load #1: updating metadata for 5 packages", 6);
        let [load] = loads.loads() else { panic!("{:?}", loads.loads()) };
        assert_eq!((load.number, load.packages, load.repeated), (1, Some(3), false));
        assert_eq!(
            (&*load.directory, &*load.query),
            ("/home/gopher/shop", "[/home/gopher/shop/... builtin]")
        );
        assert_eq!(load.duration_ms, Some(142.670783));
        assert_eq!(load.error, None);
    }

    #[test]
    fn the_same_question_without_a_change_between() {
        let mut loads = Loads::default();
        let text = |number: u32| LOAD.replace("#1", &format!("#{number}"));
        loads.text(&text(1), 0);
        loads.text(&text(1), 100);
        loads.text(&text(2), 10_000);
        loads.changed();
        loads.text(&text(3), 20_000);
        loads.restarted();
        loads.text(&text(1), 30_000);
        let seen: Vec<_> = loads.loads().iter().map(|load| (load.repeated, load.without_change)).collect();
        assert_eq!(seen, [(false, false), (true, true), (true, false), (false, false)]);
    }

    #[test]
    fn a_failed_load_says_why() {
        let mut loads = Loads::default();
        loads.text(&LOAD.replace("#1", "#1: err: exit status 1: stderr: no network"), 0);
        assert_eq!(loads.loads()[0].error.as_deref(), Some("err: exit status 1: stderr: no network"));
    }

    #[test]
    fn durations_as_go_prints_them() {
        for (text, ms) in [("1m2.5s", 62_500.0), ("800µs", 0.8), ("1h0m0s", 3_600_000.0), ("0s", 0.0)] {
            assert_eq!(go_duration_ms(text), Some(ms), "{text}");
        }
        for none in ["", "5", "1x", "s"] {
            assert_eq!(go_duration_ms(none), None, "{none}");
        }
    }
}
