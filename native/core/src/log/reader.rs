//! From lines to entries: what begins a message, what belongs to it, and what is only text between.

use super::clock::Clock;
use super::entry::{self, Entry, Level, Sender, What};
use super::gctrace::GcTrace;
use super::json::{self, JsonMessage};
use super::lines::Lines;
use super::loads::Loads;
use super::requests::{Answer, Requests, Row};
use super::rules::MessageRules;
use super::text::dated;
use super::told::Told;

/// The first line of an entry is short; what is longer is cut off its method, not read.
const MAX_HEAD_BYTES: usize = 4 << 10;
/// Of the messages whose content counts: gopls tells no longer stories.
const MAX_BODY_BYTES: usize = 64 << 10;

/// A log that is being read, or was.
#[derive(Debug)]
pub struct MessageLog {
    lines: Lines,
    read: Read,
}

/// What has been read so far. Apart from the lines, so that both can be borrowed at once.
#[derive(Debug)]
pub(super) struct Read {
    state: State,
    clock: Clock,
    pub(super) requests: Requests,
    pub(super) loads: Loads,
    pub(super) told: Told,
    pub(super) gc: GcTrace,
    pub(super) line_count: u64,
    pub(super) first_ms: Option<u64>,
    pub(super) last_ms: Option<u64>,
    pub(super) has_whole_seconds: bool,
    pub(super) starts: u64,
    pub(super) cuts: u64,
    /// The latest text, and whether it came as a message to the client.
    last_text: (String, bool),
}

/// Where in an entry the next line is.
#[derive(Debug)]
enum State {
    /// Between entries.
    Outside,
    /// Behind the first line of an entry.
    Head(Option<Wanted>),
    /// In the content of a message, up to an empty line.
    Body(Option<Collected>),
    /// In a text of several lines: labels follow, each behind a tab.
    Text(Level, u64, String),
    /// In the text of an error, up to an empty line. It is written as it is, so what looks like an entry in it is none.
    Raw,
}

/// A message whose content counts.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    what: Content,
    at_ms: u64,
}

#[derive(Debug, Clone, Copy)]
enum Content {
    Logged,
    Shown,
    Progress,
    Cancel(Sender),
}

#[derive(Debug)]
struct Collected {
    wanted: Wanted,
    json: String,
}

impl MessageLog {
    /// An empty log; `rules` say what gopls's messages mean.
    pub fn new(rules: MessageRules) -> Self {
        let read = Read {
            state: State::Outside,
            clock: Clock::default(),
            requests: Requests::default(),
            loads: Loads::default(),
            told: Told::new(rules),
            gc: GcTrace::default(),
            line_count: 0,
            first_ms: None,
            last_ms: None,
            has_whole_seconds: false,
            starts: 0,
            cuts: 0,
            last_text: (String::new(), false),
        };
        Self { lines: Lines::default(), read }
    }

    /// The next bytes of the log, of any length.
    pub fn push(&mut self, bytes: &[u8]) {
        let Self { lines, read } = self;
        lines.push(bytes, |line| read.line(line));
    }

    /// The log ends here: a last line without an end is read as it is. Not for a log that still grows.
    pub fn end(&mut self) {
        let Self { lines, read } = self;
        lines.end(|line| read.line(line));
        read.close();
    }

    /// The file was emptied or is another one now: what comes does not continue what came.
    pub fn cut(&mut self) {
        self.lines.forget();
        self.read.close();
        self.read.cuts += 1;
        self.read.restarted();
    }

    pub(super) fn take_ended_rows(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.read.requests.latest)
    }

    pub(super) fn read(&self) -> &Read {
        &self.read
    }
}

impl Read {
    /// Midnight before the first stamp as the clock of the log's machine had it, in milliseconds since 1970 without a time
    /// zone; `None` where nothing in the log names the day.
    pub(super) fn day_ms(&self) -> Option<f64> {
        self.clock.first_day().map(super::clock::Date::start_ms)
    }

    fn line(&mut self, line: &[u8]) {
        self.line_count += 1;
        if line.is_empty() {
            return self.close();
        }
        if matches!(self.state, State::Raw) {
            return;
        }
        if line[0] == b'[' || line[0].is_ascii_digit() {
            if let Some(at) = json::begins_at(line)
                && self.json_message(valid(&line[..at]), valid(&line[at..]))
            {
                return;
            }
            let head = valid(&line[..line.len().min(MAX_HEAD_BYTES)]);
            if let Some(entry) = entry::parse(head) {
                self.close();
                return self.entry(&entry);
            }
        }
        match std::mem::replace(&mut self.state, State::Outside) {
            State::Head(wanted) => self.behind_head(wanted, line),
            State::Body(mut collected) => {
                if let Some(collected) = &mut collected {
                    collected.add(line);
                }
                self.state = State::Body(collected);
            }
            State::Text(level, at_ms, mut text) if line[0] == b'\t' => {
                if text.len() + line.len() < MAX_BODY_BYTES {
                    text.push('\n');
                    text.push_str(valid(line));
                }
                self.state = State::Text(level, at_ms, text);
            }
            State::Text(level, at_ms, text) => {
                self.own_text(level, &text, at_ms);
                self.outside(line);
            }
            State::Outside | State::Raw => self.outside(line),
        }
    }

    fn behind_head(&mut self, wanted: Option<Wanted>, line: &[u8]) {
        let json = [&b"Params: "[..], b"Result: ", b"Error data: "];
        if let Some(json) = json.iter().find_map(|name| line.strip_prefix(*name)) {
            let collected = wanted.map(|wanted| {
                let mut collected = Collected { wanted, json: String::new() };
                collected.add(json);
                collected
            });
            self.state = State::Body(collected);
        } else if !line.starts_with(b"No ") {
            // Without "verbose" an entry is its first line alone.
            self.outside(line);
        }
    }

    /// A line of whoever else writes there: the runtime, a terminal, gopls before it talks to its client.
    fn outside(&mut self, line: &[u8]) {
        if line.len() > MAX_HEAD_BYTES {
            return;
        }
        let line = valid(line);
        if !self.gc.line(line) {
            self.told.line(dated(line).1, self.last_ms);
        }
    }

    fn entry(&mut self, entry: &Entry<'_>) {
        let at_ms = self.clock.at_ms(entry.stamp);
        self.first_ms = Some(self.first_ms.map_or(at_ms, |first_ms| first_ms.min(at_ms)));
        self.last_ms = self.last_ms.max(Some(at_ms));
        self.has_whole_seconds |= !entry.stamp.has_ms;
        self.state = State::Head(None);
        match entry.what {
            What::Request { from, method, id } => {
                if from == Sender::Editor && method == "initialize" {
                    self.starts += 1;
                    self.restarted();
                }
                if method == "workspace/executeCommand" {
                    self.loads.changed();
                }
                if method == "window/showMessageRequest" {
                    self.want(Content::Shown, at_ms);
                }
                self.requests.begin(from, method, id, at_ms);
            }
            What::Notification { from, method } => match method {
                "window/logMessage" => self.want(Content::Logged, at_ms),
                "window/showMessage" => self.want(Content::Shown, at_ms),
                "$/progress" => self.want(Content::Progress, at_ms),
                "$/cancelRequest" => self.want(Content::Cancel(from), at_ms),
                _ if from == Sender::Editor && may_need_a_load(method) => self.loads.changed(),
                _ => {}
            },
            What::Answer { from, method, id, took_ms, error, is_raw } => {
                self.requests.end(Answer { from, method, id, at_ms, took_ms, error });
                if is_raw {
                    self.state = State::Raw;
                }
            }
            What::Text { level, text } => {
                if self.gc.line(text) {
                    self.state = State::Outside;
                } else {
                    self.state = State::Text(level, at_ms, text.to_owned());
                }
            }
        }
    }

    /// A message in one line, behind its stamp; `false` for what only looks like one.
    fn json_message(&mut self, stamp: &str, json: &str) -> bool {
        let (Some(Entry { stamp, .. }), Some(message)) = (entry::parse(stamp), JsonMessage::parse(json))
        else {
            return false;
        };
        let Some(what) = message.what() else { return false };
        self.close();
        self.entry(&Entry { stamp: message.exact(stamp), what });
        let State::Head(wanted) = std::mem::replace(&mut self.state, State::Outside) else { return true };
        if let (Some(wanted), Some(params)) = (wanted, message.params) {
            self.content(wanted, params);
        }
        true
    }

    fn want(&mut self, what: Content, at_ms: u64) {
        self.state = State::Head(Some(Wanted { what, at_ms }));
    }

    /// The entry is whole.
    fn close(&mut self) {
        match std::mem::replace(&mut self.state, State::Outside) {
            State::Body(Some(Collected { wanted, json })) => self.content(wanted, &json),
            State::Text(level, at_ms, text) => self.own_text(level, &text, at_ms),
            _ => {}
        }
    }

    fn content(&mut self, Wanted { what, at_ms }: Wanted, json: &str) {
        let Ok(params) = serde_json::from_str::<serde_json::Value>(json) else { return };
        match what {
            Content::Logged | Content::Shown => {
                let level = match params["type"].as_u64() {
                    Some(1) => Level::Error,
                    Some(2) => Level::Warning,
                    Some(3) => Level::Info,
                    _ => Level::Log,
                };
                if let Some(text) = params["message"].as_str() {
                    self.text(level, matches!(what, Content::Shown), true, text, at_ms);
                }
            }
            Content::Progress => self.loads.progress(&params, at_ms),
            Content::Cancel(from) => match &params["id"] {
                serde_json::Value::String(id) => self.requests.cancel(from, id),
                id => self.requests.cancel(from, &id.to_string()),
            },
        }
    }

    fn own_text(&mut self, level: Level, text: &str, at_ms: u64) {
        self.text(level, false, false, text, at_ms);
    }

    fn text(&mut self, level: Level, shown: bool, is_message: bool, text: &str, at_ms: u64) {
        // Where messages and what the client makes of them go to one channel, the same text stands there twice in a row.
        let last = std::mem::replace(&mut self.last_text, (text.to_owned(), is_message));
        if last.0 == text && last.1 != is_message {
            return;
        }
        let (date, message) = dated(text);
        if let Some(date) = date {
            self.clock.today_is(date);
        }
        self.loads.text(message, at_ms);
        self.told.text(level, shown, message, Some(at_ms));
    }

    fn restarted(&mut self) {
        self.requests.restarted();
        self.loads.restarted();
    }
}

impl Collected {
    fn add(&mut self, line: &[u8]) {
        if self.json.len() + line.len() < MAX_BODY_BYTES {
            self.json.push_str(valid(line));
            self.json.push('\n');
        }
    }
}

/// What may make a load of packages necessary.
fn may_need_a_load(method: &str) -> bool {
    method.starts_with("textDocument/did") || method.starts_with("workspace/did")
}

/// The text up to the first byte that is none.
fn valid(line: &[u8]) -> &str {
    std::str::from_utf8(line)
        .or_else(|error| std::str::from_utf8(&line[..error.valid_up_to()]))
        .unwrap_or_default()
}
