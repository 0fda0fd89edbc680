//! Messages as JSON, one a line: what language clients write with `"go.trace.server": {"format": "json", …}`.
//!
//! A line that was cut is read as far as it goes: what a message is stands before what is in it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::clock::Stamp;
use super::entry::{Sender, What};

/// How such a line goes on behind its stamp.
const BEGINS: &str = "{\"isLSPMessage\":";
/// The stamp before it is shorter.
const MAX_STAMP_BYTES: usize = 96;
/// The client takes the time of a message before it writes the line, and is seldom kept from it for longer.
const MAX_WRITTEN_LATER_MS: i64 = 5_000;
const MINUTE_MS: i64 = 60_000;

/// A message, as far as it was there.
#[derive(Debug, Default, PartialEq)]
pub(super) struct JsonMessage<'a> {
    /// `send-request`, `receive-response`, …
    kind: Cow<'a, str>,
    method: Option<Cow<'a, str>>,
    id: Option<String>,
    error: Option<String>,
    /// Its content, as JSON.
    pub params: Option<&'a str>,
    /// When, in Unix milliseconds.
    timestamp: Option<u64>,
}

/// Where the message begins in a line that holds one.
pub(super) fn begins_at(line: &[u8]) -> Option<usize> {
    let start = &line[..line.len().min(MAX_STAMP_BYTES)];
    start.windows(BEGINS.len()).position(|window| window == BEGINS.as_bytes())
}

impl<'a> JsonMessage<'a> {
    /// Reads a message, or the beginning of one; `None` when it does not say what it is.
    pub fn parse(json: &'a str) -> Option<Self> {
        let mut message = Self::default();
        let mut reader = serde_json::Deserializer::from_str(json);
        let read = Outer(&mut message).deserialize(&mut reader);
        (read.is_ok() || read.is_err_and(|error| error.is_eof())).then_some(message)
    }

    /// What it is; `None` for a kind that nobody knows, or one whose beginning is missing.
    pub fn what(&self) -> Option<What<'_>> {
        let (direction, kind) = self.kind.split_once('-')?;
        let from = match direction {
            "send" => Sender::Editor,
            "receive" => Sender::Gopls,
            _ => return None,
        };
        match kind {
            "request" => {
                Some(What::Request { from, method: self.method.as_deref()?, id: self.id.as_deref()? })
            }
            "notification" => Some(What::Notification { from, method: self.method.as_deref()? }),
            // Whose request that was the id tells.
            "response" => Some(What::Answer {
                from,
                method: "",
                id: self.id.as_deref()?,
                took_ms: None,
                error: self.error.as_deref(),
                is_raw: false,
            }),
            _ => None,
        }
    }

    /// The stamp of its line, to the millisecond by its own time. That has no time zone, and the stamp may have whole seconds;
    /// but zones differ by whole minutes.
    pub fn exact(&self, stamp: Stamp) -> Stamp {
        let Some(timestamp) = self.timestamp else { return stamp };
        let of_minute = |ms: u64| (ms % MINUTE_MS as u64) as i64;
        let later_ms =
            (of_minute(stamp.time_ms) - of_minute(timestamp) + 1_000).rem_euclid(MINUTE_MS) - 1_000;
        let time_ms = stamp.time_ms.checked_add_signed(-later_ms);
        match time_ms {
            Some(time_ms) if later_ms <= MAX_WRITTEN_LATER_MS => Stamp { time_ms, has_ms: true, ..stamp },
            _ => stamp,
        }
    }
}

/// The record around a message.
struct Outer<'m, 'a>(&'m mut JsonMessage<'a>);

/// The message in it.
struct Inner<'m, 'a>(&'m mut JsonMessage<'a>);

impl<'a> DeserializeSeed<'a> for Outer<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Outer<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a logged message")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut parts: A) -> Result<(), A::Error> {
        let Self(message) = self;
        while let Some(part) = parts.next_key::<Cow<'a, str>>()? {
            match &*part {
                "type" => message.kind = parts.next_value()?,
                "message" => parts.next_value_seed(Inner(message))?,
                "timestamp" => message.timestamp = parts.next_value::<&RawValue>()?.get().parse().ok(),
                _ => drop(parts.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for Inner<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Inner<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut parts: A) -> Result<(), A::Error> {
        let Self(message) = self;
        while let Some(part) = parts.next_key::<Cow<'a, str>>()? {
            match &*part {
                "method" => message.method = Some(parts.next_value()?),
                "id" => message.id = id(parts.next_value()?),
                "error" => message.error = Some(error(parts.next_value()?)),
                "params" => message.params = Some(parts.next_value::<&'a RawValue>()?.get()),
                _ => drop(parts.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// A number, or a text.
fn id(json: &RawValue) -> Option<String> {
    match json.get() {
        "null" => None,
        text if text.starts_with('"') => serde_json::from_str(text).ok(),
        number => Some(number.to_owned()),
    }
}

/// As the text format has it: what it says, and the code.
fn error(json: &RawValue) -> String {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Wire {
        code: i64,
        message: String,
    }
    let Wire { code, message } = serde_json::from_str(json.get()).unwrap_or_default();
    format!("{message} ({code}).")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ASKED: &str = r#"{"isLSPMessage":true,"type":"send-request","message":{"jsonrpc":"2.0","id":7,"method":"textDocument/hover","params":{"a":"{\"b\""}},"timestamp":1795554533042}"#;

    #[test]
    fn a_message_says_what_it_is() {
        let message = JsonMessage::parse(ASKED).unwrap();
        let expected = What::Request { from: Sender::Editor, method: "textDocument/hover", id: "7" };
        assert_eq!((message.what(), message.params), (Some(expected), Some(r#"{"a":"{\"b\""}"#)));
        let failed = r#"{"isLSPMessage":true,"type":"receive-response","message":{"id":"x","error":{"code":-32800,"message":"no"}}}"#;
        let message = JsonMessage::parse(failed).unwrap();
        let Some(What::Answer { from: Sender::Gopls, id: "x", error: Some("no (-32800)."), .. }) =
            message.what()
        else {
            panic!("{message:?}");
        };
        assert_eq!(
            JsonMessage::parse(r#"{"isLSPMessage":true,"type":"send-signal","message":{}}"#).unwrap().what(),
            None
        );
        assert_eq!(JsonMessage::parse("{\"isLSPMessage\":true,]"), None);
    }

    #[test]
    fn a_message_that_was_cut_is_read_as_far_as_it_goes() {
        let cut = &ASKED[..ASKED.find("\\\"b").unwrap()];
        let message = JsonMessage::parse(cut).unwrap();
        assert!(matches!(message.what(), Some(What::Request { id: "7", .. })), "{message:?}");
        assert_eq!((message.params, message.timestamp), (None, None));
        let earlier = JsonMessage::parse(&ASKED[..40]).unwrap();
        assert_eq!(earlier.what(), None, "{earlier:?}");
    }

    #[test]
    fn milliseconds_come_from_the_message_and_the_hour_from_the_stamp() {
        let exact = |hms: [u64; 3], timestamp| {
            let time_ms = ((hms[0] * 60 + hms[1]) * 60 + hms[2]) * 1000;
            let message = JsonMessage { timestamp, ..JsonMessage::default() };
            let stamp = message.exact(Stamp { date: None, time_ms, has_ms: false });
            (stamp.time_ms % 1_000_000, stamp.has_ms)
        };
        // 21:08:53.042 in UTC, wherever the clock hangs; a line that is written in the next second or minute.
        assert_eq!(exact([0, 8, 53], Some(1_795_554_533_042)), (533_042, true));
        assert_eq!(exact([0, 8, 54], Some(1_795_554_533_042)), (533_042, true));
        assert_eq!(exact([0, 9, 0], Some(1_795_554_539_990)), (539_990, true));
        // A clock that has nothing to do with it.
        assert_eq!(exact([0, 8, 20], Some(1_795_554_533_042)), (500_000, false));
        assert_eq!(exact([0, 8, 53], None), (533_000, false));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\{\"isLSPMessage\":(true|1),\"type\":\"(send|receive)-request\",[ -~]{0,60}", at in 0_usize..200) {
            for json in [&*text, ASKED.get(..at).unwrap_or(ASKED)] {
                let message = JsonMessage::parse(json).unwrap_or_default();
                let _ = (message.what(), begins_at(json.as_bytes()));
            }
        }
    }
}
