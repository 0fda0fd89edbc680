//! Which of the formats a file is, and its parts in whatever order they come.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::chrome::Events;
use super::speedscope::{Profiles, Shared};
use super::{NotATrace, ReadTrace};
use crate::spans::{Capped, cut};
use crate::trace::TraceFormat;

/// A file of speedscope's has a profile for each thread.
const MOST_PROFILES: usize = 10_000;

/// What was found so far.
#[derive(Default)]
struct Document<'a> {
    title: Option<String>,
    events: Option<Events>,
    shared: Option<Shared<'a>>,
    profiles: Option<Capped<&'a RawValue, MOST_PROFILES>>,
}

pub(super) fn parse(bytes: &[u8]) -> Result<ReadTrace, NotATrace> {
    let mut document = Document::default();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = Whole(&mut document).deserialize(&mut json).and_then(|()| json.end());
    let is_cut_off = read.as_ref().is_err_and(serde_json::Error::is_eof);
    if let Err(error) = read
        && !(is_cut_off && document.events.is_some())
    {
        return Err(NotATrace::Json(error.to_string()));
    }
    let Document { title, events, shared, profiles } = document;
    let (trace, format, mut skipped) = match (events, shared, profiles) {
        (None, Some(shared), Some(profiles)) => {
            let mut read = Profiles::new(&shared);
            read.skipped.beyond_limits += profiles.left_out;
            profiles.kept.into_iter().for_each(|profile| read.add(profile.get()));
            let (trace, skipped) = read.into_trace();
            (trace, TraceFormat::Speedscope, skipped)
        }
        (Some(events), ..) => {
            let (trace, skipped) = events.into_trace();
            (trace, TraceFormat::Chrome, skipped)
        }
        _ => return Err(NotATrace::NeitherFormat),
    };
    skipped.is_cut_off = is_cut_off;
    let trace = crate::trace::Trace { title: title.unwrap_or_default(), ..trace };
    Ok(ReadTrace { trace, format, skipped })
}

/// The whole of the file: a list of events, or a record of parts.
struct Whole<'d, 'a>(&'d mut Document<'a>);

impl<'a> DeserializeSeed<'a> for Whole<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Whole<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a trace")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, list: A) -> Result<(), A::Error> {
        List(self.0.events.insert(Events::default())).visit_seq(list)
    }

    fn visit_map<A: MapAccess<'a>>(self, mut parts: A) -> Result<(), A::Error> {
        let document = self.0;
        while let Some(part) = parts.next_key::<Cow<'a, str>>()? {
            match &*part {
                "traceEvents" => parts.next_value_seed(List(document.events.insert(Events::default())))?,
                "shared" => document.shared = Some(parts.next_value()?),
                "profiles" => document.profiles = Some(parts.next_value()?),
                // What names it is worth no failure.
                "name" => document.title = title(parts.next_value()?).or(document.title.take()),
                "otherData" => document.title = title_within(parts.next_value()?).or(document.title.take()),
                _ => drop(parts.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The events, one by one.
struct List<'e>(&'e mut Events);

impl<'a> DeserializeSeed<'a> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(event) = list.next_element::<&'a RawValue>()? {
            self.0.add(event.get());
        }
        Ok(())
    }
}

fn title(json: &RawValue) -> Option<String> {
    let title = serde_json::from_str::<Cow<'_, str>>(json.get()).ok()?;
    Some(cut(&title).to_owned())
}

fn title_within(json: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct OtherData<'a> {
        #[serde(borrow)]
        title: &'a RawValue,
    }
    title(serde_json::from_str::<OtherData<'_>>(json.get()).ok()?.title)
}
