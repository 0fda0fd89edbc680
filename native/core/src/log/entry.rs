//! The first line of an entry: who sent what, when. In the spellings of gopls's own log, of the output channels of
//! language clients, and of VS Code's log channels.

use serde::{Deserialize, Serialize};

use super::clock::{Date, Stamp, time};

/// Who sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "LogSender"))]
#[serde(rename_all = "kebab-case")]
pub enum Sender {
    /// The editor, or another client.
    Editor,
    /// The server.
    Gopls,
}

impl Sender {
    /// The side that answers.
    pub fn other(self) -> Self {
        match self {
            Self::Editor => Self::Gopls,
            Self::Gopls => Self::Editor,
        }
    }
}

/// How grave a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "LogLevel"))]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Something failed.
    Error,
    /// Something may be wrong.
    Warning,
    /// News.
    Info,
    /// For whoever debugs gopls.
    Log,
}

/// The beginning of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub stamp: Stamp,
    pub what: What<'a>,
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What<'a> {
    Request {
        from: Sender,
        method: &'a str,
        id: &'a str,
    },
    Notification {
        from: Sender,
        method: &'a str,
    },
    Answer {
        /// Who answers.
        from: Sender,
        /// Empty where the log does not say.
        method: &'a str,
        id: &'a str,
        /// How long it took, as the writer of the log has measured it.
        took_ms: Option<u64>,
        /// What is said of the failure, if it is one.
        error: Option<&'a str>,
        /// Whether the text of the failure may go on over several lines.
        is_raw: bool,
    },
    /// A text of gopls or of the client.
    Text {
        level: Level,
        text: &'a str,
    },
}

/// Longer than this no wait is: gopls subtracts the beginning of time for a request that it has forgotten.
const MAX_TOOK_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// Reads the first line of an entry; `None` for any other line.
pub(super) fn parse(line: &str) -> Option<Entry<'_>> {
    if let Some(line) = line.strip_prefix('[') {
        bracketed(line)
    } else if line.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        of_log_channel(line)
    } else {
        None
    }
}

/// `Trace - 21:08:53.042 PM] Sending request …`, `Error - Received] 21:08:53.516 PM #4 …`, `Info  - 9:08:53 PM] …`
fn bracketed(line: &str) -> Option<Entry<'_>> {
    let (name, rest) = line.split_once(" - ")?;
    let (when, rest) = rest.split_once("] ").or_else(|| Some((rest.strip_suffix(']')?, "")))?;
    let name = name.trim_end();
    if name == "Error"
        && let Some(from) = match when {
            "Received" => Some(Sender::Gopls),
            "Sent" => Some(Sender::Editor),
            _ => None,
        }
    {
        let (when, rest) = rest.split_once(" #")?;
        let (id, error) = rest.split_once(' ').unwrap_or((rest, ""));
        let what = What::Answer { from, method: "", id, took_ms: None, error: Some(error), is_raw: true };
        return Some(Entry { stamp: undated(when)?, what });
    }
    let stamp = undated(when)?;
    let what = match name {
        "Trace" => message(rest).unwrap_or(What::Text { level: Level::Log, text: rest }),
        "Error" => What::Text { level: Level::Error, text: rest },
        "Warn" => What::Text { level: Level::Warning, text: rest },
        "Info" => What::Text { level: Level::Info, text: rest },
        // Messages as JSON have a name of their own.
        "Debug" | "Log" | "LSP" => What::Text { level: Level::Log, text: rest },
        _ => return None,
    };
    Some(Entry { stamp, what })
}

/// `2026-11-24 21:08:53.042 [trace] Sending request …`
fn of_log_channel(line: &str) -> Option<Entry<'_>> {
    let (date, rest) = line.split_once(' ')?;
    let (when, rest) = rest.split_once(" [")?;
    let (level, rest) = rest.split_once("] ")?;
    let level = match level {
        "error" => Level::Error,
        "warning" => Level::Warning,
        "info" => Level::Info,
        "debug" | "trace" => Level::Log,
        _ => return None,
    };
    let (time_ms, has_ms) = time(when)?;
    let stamp = Stamp { date: Some(Date::parse(date)?), time_ms, has_ms };
    Some(Entry { stamp, what: message(rest).unwrap_or(What::Text { level, text: rest }) })
}

fn undated(when: &str) -> Option<Stamp> {
    let (time_ms, has_ms) = time(when)?;
    Some(Stamp { date: None, time_ms, has_ms })
}

/// `Sending request 'textDocument/hover - (2)'.` and its kin. Sending is what the editor does, in gopls's log as well.
fn message(text: &str) -> Option<What<'_>> {
    let (from, rest) = if let Some(rest) = text.strip_prefix("Sending ") {
        (Sender::Editor, rest)
    } else {
        (Sender::Gopls, text.strip_prefix("Received ")?)
    };
    let (kind, rest) = rest.split_once(" '")?;
    if kind == "notification" {
        return Some(What::Notification { from, method: rest.split_once('\'')?.0 });
    }
    let (method, rest) = rest.split_once(" - (")?;
    let (id, rest) = rest.split_once(")'")?;
    match kind {
        "request" => Some(What::Request { from, method, id }),
        "response" => {
            let took = ["in ", "took "].iter().find_map(|before| {
                let (_, rest) = rest.split_once(before)?;
                rest.split_once("ms")?.0.parse::<u64>().ok()
            });
            let took_ms = took.filter(|ms| *ms <= MAX_TOOK_MS);
            let error = rest.split_once("Request failed: ").map(|(_, error)| error);
            Some(What::Answer { from, method, id, took_ms, error, is_raw: false })
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn what(line: &str) -> What<'_> {
        parse(line).unwrap_or_else(|| panic!("{line}")).what
    }

    #[test]
    fn the_spellings_of_gopls() {
        let request = what("[Trace - 21:08:53.231 PM] Sending request 'textDocument/hover - (1)'.");
        assert_eq!(request, What::Request { from: Sender::Editor, method: "textDocument/hover", id: "1" });
        let answer = |method, took_ms| What::Answer {
            from: Sender::Gopls,
            method,
            id: "1",
            took_ms,
            error: None,
            is_raw: false,
        };
        assert_eq!(
            what("[Trace - 21:08:53.497 PM] Received response 'textDocument/hover - (1)' in 265ms."),
            answer("textDocument/hover", Some(265))
        );
        // gopls has forgotten its beginning, after an error answer for instance.
        assert_eq!(
            what("[Trace - 21:08:53.497 PM] Received response ' - (1)' in 9223372036854ms."),
            answer("", None)
        );
        let failed = what("[Error - Received] 21:08:53.516 PM #4 no identifier found");
        let What::Answer { from: Sender::Gopls, id: "4", error: Some(error), is_raw: true, .. } = failed
        else {
            panic!("{failed:?}");
        };
        assert_eq!(error, "no identifier found");
        assert!(matches!(
            what("[Error - Sent] 21:08:53.516 PM #2 no"),
            What::Answer { from: Sender::Editor, .. }
        ));
    }

    #[test]
    fn the_spellings_of_clients() {
        let failed = what(
            "[Trace - 9:08:53 PM] Received response 'textDocument/rename - (4)' in 2ms. Request failed: no identifier found (0).",
        );
        let What::Answer { took_ms: Some(2), error: Some(error), .. } = failed else { panic!("{failed:?}") };
        assert_eq!(error, "no identifier found (0).");
        let answered = what(
            "[Trace - 9:08:53 PM] Sending response 'workspace/configuration - (2)'. Processing request took 1ms.",
        );
        assert!(
            matches!(answered, What::Answer { from: Sender::Editor, took_ms: Some(1), .. }),
            "{answered:?}"
        );
        let dated = parse("2026-11-24 21:08:53.042 [trace] Sending notification 'initialized'.").unwrap();
        assert_eq!(dated.what, What::Notification { from: Sender::Editor, method: "initialized" });
        assert_eq!(dated.stamp.date, Date::parse("2026-11-24"));
        assert_eq!(
            what("[Info  - 9:08:53 PM] 2026/11/24 21:08:53 go/packages.Load #1"),
            What::Text { level: Level::Info, text: "2026/11/24 21:08:53 go/packages.Load #1" }
        );
    }

    #[test]
    fn other_lines_begin_nothing() {
        for line in [
            "",
            "Params: {}",
            "[",
            "[Trace - noon] Sending request 'a - (1)'.",
            "[Error - Received]",
            "[1,2,3]",
            "2026/11/24 21:08:53 go/packages.Load #1",
            "gc 1 @0.010s 5%: 0.85+1.5+0.005 ms clock",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
