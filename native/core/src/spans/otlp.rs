//! The door: a body that was posted to `/v1/traces`, as checked spans.
//!
//! Types of our own, although there is a crate of the protocol's (`opentelemetry-proto`): with its traces it brings prost,
//! the SDK and an async stack into a crate that is to have none of these, and its types keep every string of a body, the
//! name of the machine among them. gopls writes a small and fixed part of the protocol. What is read here is borrowed from
//! the body, in one pass, and what we have no use for is skipped.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::ring::MOST_SPANS;
use super::span::{Rpc, Span, SpanId, TraceId};
use crate::model::Ns;

/// A larger body is refused. The largest seen was 1.5 MB, in a load that took all of two cores.
pub const MOST_BODY_BYTES: usize = 16 << 20;
/// gopls sends one resource with one scope.
const MOST_PARTS: usize = 8;
/// gopls gives a span a handful.
const MOST_ATTRIBUTES: usize = 32;
/// A name that is longer is none of gopls's.
const MOST_NAME_BYTES: usize = 200;
/// A longer text is cut: it is for a person to read.
pub const MOST_TEXT_BYTES: usize = 300;

/// Why a body is none.
#[derive(Debug, thiserror::Error)]
pub enum NotSpans {
    /// Too large to be looked at.
    #[error("a body of {bytes} bytes: more than {MOST_BODY_BYTES} are not taken")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not the format.
    #[error("not OTLP as JSON: {0}")]
    Json(String),
    /// It does not say which process it comes from.
    #[error("the body does not say which process sent it (`process.pid`)")]
    NoPid,
    /// It says so twice, differently.
    #[error("the body speaks for two processes, {first} and {second}")]
    TwoPids {
        /// The one.
        first: u32,
        /// The other.
        second: u32,
    },
}

/// What one body held.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanBatch {
    /// The process that sent it, by its own words.
    pub pid: u32,
    /// Its `service.version`: gopls's version.
    pub version: Option<String>,
    /// The spans, in the order in which they ended.
    pub spans: Vec<Span>,
    /// Spans that are left out: without a name, an id or an end, with an end before their beginning or before the watcher's
    /// time, or more than a body may have.
    pub refused: u64,
}

impl SpanBatch {
    /// Reads a body. `origin_unix_ns` is the Unix time of ns 0 of the watcher's clock.
    ///
    /// # Errors
    /// It is too large, no OTLP, or does not say who sent it. A bad span in a good body is counted and left out.
    pub fn parse(body: &[u8], origin_unix_ns: u128) -> Result<Self, NotSpans> {
        if body.len() > MOST_BODY_BYTES {
            return Err(NotSpans::TooLarge { bytes: body.len() });
        }
        let text = std::str::from_utf8(body).map_err(|error| NotSpans::Json(error.to_string()))?;
        // Nearly always every span is as it should be: one pass then, and a second look where one is not.
        match serde_json::from_str::<Request<'_, WireSpan<'_>>>(text) {
            Ok(request) => Self::take(request, origin_unix_ns, Some),
            Err(_) => {
                let request = serde_json::from_str::<Request<'_, &RawValue>>(text)
                    .map_err(|error| NotSpans::Json(error.to_string()))?;
                Self::take(request, origin_unix_ns, |raw| serde_json::from_str(raw.get()).ok())
            }
        }
    }

    fn take<'a, S>(
        request: Request<'a, S>,
        origin_unix_ns: u128,
        read: impl Fn(S) -> Option<WireSpan<'a>>,
    ) -> Result<Self, NotSpans> {
        let (mut pid, mut version) = (None, None);
        let mut refused = request.resource_spans.left_out;
        let mut spans = Vec::new();
        let mut names = HashSet::new();
        for part in request.resource_spans.kept {
            for attribute in &part.resource.attributes.kept {
                match (&*attribute.key.text(), &attribute.value) {
                    ("process.pid", value) => {
                        let Some(second) = value.number().and_then(|n| u32::try_from(n).ok()) else {
                            continue;
                        };
                        match pid.replace(second) {
                            Some(first) if first != second => {
                                return Err(NotSpans::TwoPids { first, second });
                            }
                            _ => {}
                        }
                    }
                    ("service.version", Value(Some(text))) => version = Some(cut(&text.text()).to_owned()),
                    _ => {}
                }
            }
            refused += part.scope_spans.left_out;
            for scope in part.scope_spans.kept {
                refused += scope.spans.left_out;
                for span in scope.spans.kept {
                    match read(span).and_then(|wire| wire.check(origin_unix_ns, &mut names)) {
                        Some(span) => spans.push(span),
                        None => refused += 1,
                    }
                }
            }
        }
        Ok(Self { pid: pid.ok_or(NotSpans::NoPid)?, version, spans, refused })
    }
}

// ---- the format, as far as it is read ----

/// `S` is a span: read, or as it stands in the body, so that a bad one spoils only itself.
#[derive(Deserialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>, 'de: 'a"))]
struct Request<'a, S> {
    #[serde(default, rename = "resourceSpans")]
    resource_spans: Capped<ResourceSpans<'a, S>, MOST_PARTS>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>, 'de: 'a"))]
struct ResourceSpans<'a, S> {
    #[serde(default)]
    resource: Resource<'a>,
    #[serde(default, rename = "scopeSpans")]
    scope_spans: Capped<ScopeSpans<S>, MOST_PARTS>,
}

#[derive(Default, Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default)]
    attributes: Capped<Attribute<'a>, MOST_ATTRIBUTES>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
struct ScopeSpans<S> {
    #[serde(default)]
    spans: Capped<S, MOST_SPANS>,
}

#[derive(Deserialize)]
struct WireSpan<'a> {
    #[serde(borrow, rename = "traceId")]
    trace_id: Text<'a>,
    #[serde(borrow, rename = "spanId")]
    span_id: Text<'a>,
    #[serde(borrow, default, rename = "parentSpanId")]
    parent_span_id: Option<Text<'a>>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, rename = "startTimeUnixNano")]
    start: Text<'a>,
    #[serde(borrow, rename = "endTimeUnixNano")]
    end: Text<'a>,
    #[serde(borrow, default)]
    attributes: Capped<Attribute<'a>, MOST_ATTRIBUTES>,
}

#[derive(Deserialize)]
struct Attribute<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow, default)]
    value: Value<'a>,
}

impl WireSpan<'_> {
    fn check(&self, origin_unix_ns: u128, names: &mut HashSet<Arc<str>>) -> Option<Span> {
        let name = self.name.text();
        if name.is_empty() || name.len() > MOST_NAME_BYTES {
            return None;
        }
        let moment = |text: &Text<'_>| text.text().parse::<u64>().ok().filter(|unix_ns| *unix_ns > 0);
        let (begin, end) = (u128::from(moment(&self.start)?), u128::from(moment(&self.end)?));
        // One that was over before the watcher's time is of no use to it.
        if end < begin || end < origin_unix_ns {
            return None;
        }
        let parent = self.parent_span_id.as_ref().map(|parent| parent.text());
        let parent = match parent.as_deref() {
            None | Some("") => None,
            Some(parent) => Some(SpanId(hex(parent, 16)? as u64)).filter(|parent| parent.0 != 0),
        };
        let name = names.get(&*name).cloned().unwrap_or_else(|| {
            let name: Arc<str> = name.as_ref().into();
            names.insert(Arc::clone(&name));
            name
        });
        Some(Span {
            trace: TraceId(hex(&self.trace_id.text(), 32)?),
            id: SpanId(hex(&self.span_id.text(), 16)? as u64),
            parent,
            name,
            begin_ns: Ns::try_from(begin.saturating_sub(origin_unix_ns)).ok()?,
            end_ns: Ns::try_from(end - origin_unix_ns).ok()?,
            subject: SUBJECTS.iter().find_map(|key| self.attribute(key)),
            rpc: self
                .attribute("direction")
                .map(|direction| Rpc { incoming: &*direction == "in", id: self.attribute("id") }),
        })
    }

    fn attribute(&self, key: &str) -> Option<Box<str>> {
        let found = self.attributes.kept.iter().find(|attribute| attribute.key.text() == key)?;
        Some(cut(&found.value.0.as_ref()?.text()).into())
    }
}

/// The attributes that say what a span is about; no span of gopls has two of them.
const SUBJECTS: [&str; 5] = ["file", "package", "verb", "query", "URI"];

/// An id other than 0, of exactly so many hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u128::from_str_radix(text, 16).ok()).flatten().filter(|id| *id != 0)
}

/// The beginning of a text, as long as one may be.
pub(crate) fn cut(text: &str) -> &str {
    let ends = (0..=text.len().min(MOST_TEXT_BYTES)).rev();
    ends.into_iter().find_map(|end| text.get(..end)).unwrap_or_default()
}

// ---- reading within bounds ----

/// A list of which the first `MOST` are kept and the rest is counted.
pub(crate) struct Capped<T, const MOST: usize> {
    pub kept: Vec<T>,
    pub left_out: u64,
}

impl<T, const MOST: usize> Default for Capped<T, MOST> {
    fn default() -> Self {
        Self { kept: Vec::new(), left_out: 0 }
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Capped<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T, const MOST: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for List<T, MOST> {
            type Value = Capped<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut capped = Capped::default();
                while capped.kept.len() < MOST {
                    let Some(element) = list.next_element()? else { return Ok(capped) };
                    capped.kept.push(element);
                }
                while list.next_element::<IgnoredAny>()?.is_some() {
                    capped.left_out += 1;
                }
                Ok(capped)
            }
        }
        deserializer.deserialize_seq(List(PhantomData))
    }
}

/// A string, or a number as one writes it: the protocol allows both for large integers.
struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringOrNumber;
        impl<'de> Visitor<'de> for StringOrNumber {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a number")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }
        }
        deserializer.deserialize_any(StringOrNumber)
    }
}

/// The value of an attribute, when it is a string or an integer.
#[derive(Default)]
struct Value<'a>(Option<Text<'a>>);

impl Value<'_> {
    fn number(&self) -> Option<u64> {
        self.0.as_ref()?.0.parse().ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tagged;
        impl<'de> Visitor<'de> for Tagged {
            type Value = Value<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the value of an attribute")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut value = Value::default();
                while let Some(kind) = map.next_key::<Text<'de>>()? {
                    match &*kind.0 {
                        "stringValue" | "intValue" => value.0 = Some(map.next_value()?),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(value)
            }
        }
        deserializer.deserialize_map(Tagged)
    }
}
