//! The spans of a stall, as they are kept with its incident: `spans.json`, compressed.
//!
//! In columns, with every text once: 13,000 spans of a cold load take a tenth of what gopls sent.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::otlp::MOST_TEXT_BYTES;
use super::ring::{MOST_SPANS, SpanRing};
use super::span::{Rpc, Span, SpanId, TraceId};
use crate::model::Ns;

/// Version of the layout. Readers refuse a larger one by name.
pub const RECORD_FORMAT: u32 = 1;

/// Spans of one gopls around a stall. All times are on the watcher's clock, like those of the incident they lie beside.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanRecord {
    /// From when on they are kept.
    pub from_ns: Ns,
    /// Until when.
    pub to_ns: Ns,
    /// Whether some of that time had to make room before they were kept.
    pub cut: bool,
    /// The spans of which any lies in that time.
    pub spans: Vec<Span>,
}

/// Why a file is none.
#[derive(Debug, thiserror::Error)]
pub enum NotARecord {
    /// Written by a later Stallscope.
    #[error("written by a later Stallscope (format {0}); update to read it")]
    Later(u32),
    /// Not the layout.
    #[error("not a record of spans: {0}")]
    Broken(String),
}

/// The layout.
#[derive(Serialize, Deserialize)]
struct Layout {
    format: u32,
    from_ns: Ns,
    to_ns: Ns,
    cut: bool,
    /// Every text that the rows below name by its place in here.
    texts: Vec<String>,
    rows: Vec<Row>,
}

/// Trace, place of the parent in the list of rows, name, beginning, length, subject, direction (1 in, 0 out) and id of a
/// message. Negative: there is none, or for a parent [`ELSEWHERE`].
type Row = (u32, i64, u32, Ns, Ns, i64, i8, i64);

/// In place of a parent that is not kept.
const ELSEWHERE: i64 = -2;
/// What it is read back as: the id of no span.
const NOT_HERE: SpanId = SpanId(u64::MAX);

impl SpanRecord {
    /// What a ring has of `from_ns` to `to_ns`.
    pub fn of(ring: &SpanRing, from_ns: Ns, to_ns: Ns) -> Self {
        let spans = ring.window(from_ns, to_ns).cloned().collect();
        Self { from_ns, to_ns, cut: ring.is_cut(from_ns), spans }
    }

    /// As it is kept on disk, before it is compressed.
    pub fn to_json(&self) -> Vec<u8> {
        let mut texts = Texts::default();
        let mut traces = HashMap::new();
        let places: HashMap<_, _> =
            self.spans.iter().zip(0i64..).map(|(span, place)| (span.id, place)).collect();
        let rows = self
            .spans
            .iter()
            .map(|span| {
                let next = traces.len() as u32;
                let rpc = span.rpc.as_ref();
                (
                    *traces.entry(span.trace).or_insert(next),
                    span.parent.map_or(-1, |parent| places.get(&parent).copied().unwrap_or(ELSEWHERE)),
                    texts.place(&span.name),
                    span.begin_ns,
                    span.duration_ns(),
                    texts.optional(span.subject.as_deref()),
                    rpc.map_or(-1, |rpc| i8::from(rpc.incoming)),
                    texts.optional(rpc.and_then(|rpc| rpc.id.as_deref())),
                )
            })
            .collect();
        let Self { from_ns, to_ns, cut, .. } = *self;
        let layout = Layout { format: RECORD_FORMAT, from_ns, to_ns, cut, texts: texts.all, rows };
        serde_json::to_vec(&layout).unwrap_or_default()
    }

    /// Reads it back. The file is outside input.
    ///
    /// # Errors
    /// A later layout, or something else.
    pub fn from_json(json: &[u8]) -> Result<Self, NotARecord> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let broken = |error: serde_json::Error| NotARecord::Broken(error.to_string());
        let Format { format } = serde_json::from_slice(json).map_err(broken)?;
        if format > RECORD_FORMAT {
            return Err(NotARecord::Later(format));
        }
        let Layout { from_ns, to_ns, cut, texts, rows, .. } = serde_json::from_slice(json).map_err(broken)?;
        let wrong = |what: &str| NotARecord::Broken(what.to_owned());
        if rows.len() > MOST_SPANS {
            return Err(wrong("it has more spans than are ever kept"));
        }
        // As at the door: more than this is no record of ours.
        if texts.iter().any(|text| text.len() > MOST_TEXT_BYTES) {
            return Err(wrong("it has longer texts than are ever kept"));
        }
        let texts: Vec<Arc<str>> = texts.into_iter().map(Into::into).collect();
        let text = |place: i64| -> Result<Option<&Arc<str>>, NotARecord> {
            let Ok(place) = usize::try_from(place) else { return Ok(None) };
            texts.get(place).map(Some).ok_or_else(|| wrong("it names a text that is not there"))
        };
        let id = |place: usize| SpanId(place as u64 + 1);
        let spans = rows.iter().enumerate().map(|(place, row)| {
            let (trace, parent, name, begin_ns, length_ns, subject, direction, message) = *row;
            let parent = match usize::try_from(parent) {
                Ok(place) if place < rows.len() => Some(id(place)),
                Ok(_) => return Err(wrong("it names a span that is not there")),
                Err(_) => (parent == ELSEWHERE).then_some(NOT_HERE),
            };
            let boxed = |text: Option<&Arc<str>>| text.map(|text| Box::from(&**text));
            let message = boxed(text(message)?);
            Ok(Span {
                trace: TraceId(u128::from(trace) + 1),
                id: id(place),
                parent,
                name: Arc::clone(text(name.into())?.ok_or_else(|| wrong("a span has no name"))?),
                begin_ns,
                end_ns: begin_ns.checked_add(length_ns).ok_or_else(|| wrong("a span never ends"))?,
                subject: boxed(text(subject)?),
                rpc: (direction >= 0).then_some(Rpc { incoming: direction > 0, id: message }),
            })
        });
        Ok(Self { from_ns, to_ns, cut, spans: spans.collect::<Result<_, _>>()? })
    }
}

/// Texts by their place.
#[derive(Default)]
struct Texts {
    all: Vec<String>,
    places: HashMap<String, u32>,
}

impl Texts {
    fn place(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = self.all.len() as u32;
        self.all.push(text.to_owned());
        self.places.insert(text.to_owned(), place);
        place
    }

    fn optional(&mut self, text: Option<&str>) -> i64 {
        text.map_or(-1, |text| self.place(text).into())
    }
}
