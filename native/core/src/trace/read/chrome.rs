//! Chrome's trace event format, as Perfetto, Chrome, `go tool trace` and we write it: slices that are whole (`X`), begun and
//! ended on a thread (`B`, `E`) or anywhere (`b`, `e`; in old files `S`, `F`), figures (`C`), moments (`i`), names (`M`).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::value::RawValue;

use super::nest::{Flat, add_row};
use super::{MOST_EVENTS, Skipped, ns};
use crate::model::{Ns, Value};
use crate::spans::cut;
use crate::trace::{Counter, Facts, Mark, Trace};

/// The format counts in microseconds.
const UNIT_NS: f64 = 1_000.0;
/// What is said of a slice of ours is shorter; what others say in more is not kept.
const MOST_FACTS_BYTES: usize = 4 << 10;
const MOST_FACTS: usize = 32;
/// Where an event has no category.
const NO_GROUP: &str = "slices";

/// The events of a file.
#[derive(Default)]
pub(super) struct Events {
    pid: Option<u32>,
    process: Option<String>,
    rows: Vec<Row>,
    /// Where the row of a thread, or of what is begun and ended under one id, is.
    places: HashMap<String, usize>,
    counters: Vec<Counter>,
    counter_places: HashMap<String, usize>,
    marks: Vec<Mark>,
    kept: usize,
    skipped: Skipped,
}

/// What only nests.
#[derive(Default)]
struct Row {
    whole: Vec<Flat>,
    edges: Vec<Edge>,
}

/// A beginning or an end.
struct Edge {
    at_ns: Ns,
    /// Of a beginning: what begins.
    begins: Option<Flat>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    ph: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    cat: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pid: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tid: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id2: Option<&'a RawValue>,
    #[serde(default)]
    ts: Option<Micros>,
    #[serde(default)]
    dur: Option<Micros>,
    #[serde(borrow, default)]
    args: Option<&'a RawValue>,
}

impl Events {
    /// Takes an event as it stands in the file.
    pub fn add(&mut self, json: &str) {
        let Ok(event) = serde_json::from_str::<Event<'_>>(json) else {
            self.skipped.malformed += 1;
            return;
        };
        match &*event.ph {
            "M" => return self.name(&event),
            "X" | "B" | "E" | "b" | "e" | "S" | "F" | "C" | "i" | "I" => {}
            _ => {
                self.skipped.other_kinds += 1;
                return;
            }
        }
        if self.kept == MOST_EVENTS {
            self.skipped.beyond_limits += 1;
            return;
        }
        match self.take(&event) {
            Some(()) => self.kept += 1,
            None => self.skipped.malformed += 1,
        }
    }

    /// `None` when something is missing, or cannot be.
    fn take(&mut self, event: &Event<'_>) -> Option<()> {
        let at_ns = ns(event.ts?.0, UNIT_NS)?;
        let number = self.kept;
        let is_end = matches!(&*event.ph, "E" | "e" | "F");
        let name = event.name.as_deref().map(cut).filter(|name| !name.is_empty());
        self.pid = self.pid.or_else(|| serde_json::from_str(event.pid?.get()).ok());
        if &*event.ph == "C" {
            return self.count(name?, at_ns, event);
        }
        if matches!(&*event.ph, "i" | "I") {
            self.marks.push(Mark { name: name?.to_owned(), at_ns, facts: facts(event.args) });
            return Some(());
        }
        let end_ns = match &*event.ph {
            // The sum of what is written, as its writer meant it.
            "X" => ns(event.ts?.0 + event.dur?.0, UNIT_NS)?,
            _ => at_ns,
        };
        if end_ns < at_ns {
            return None;
        }
        let group = event.cat.as_deref().map(cut).filter(|group| !group.is_empty()).unwrap_or(NO_GROUP);
        let flat = |name: &str| Flat {
            name: name.to_owned(),
            group: group.to_owned(),
            begin_ns: at_ns,
            end_ns,
            facts: facts(event.args),
            number,
        };
        let key = match &*event.ph {
            "X" | "B" | "E" => thread(event),
            // Those of one id nest as those of a thread do; in old files an id belongs to a name.
            "S" | "F" => format!("{} {}", shared_id(event)?, name?),
            _ => shared_id(event)?,
        };
        let begins = if is_end { None } else { Some(flat(name?)) };
        let row = self.row(key);
        match begins {
            Some(flat) if &*event.ph == "X" => row.whole.push(flat),
            begins => row.edges.push(Edge { at_ns, begins }),
        }
        Some(())
    }

    fn row(&mut self, key: String) -> &mut Row {
        let place = *self.places.entry(key).or_insert_with(|| {
            self.rows.push(Row::default());
            self.rows.len() - 1
        });
        &mut self.rows[place]
    }

    /// A figure; others than ours may count several at once.
    fn count(&mut self, name: &str, at_ns: Ns, event: &Event<'_>) -> Option<()> {
        let series: Vec<(String, f64)> = facts(event.args)
            .into_iter()
            .filter_map(|(series, value)| match value {
                Value::Number(value) if series == "value" => Some((name.to_owned(), value)),
                Value::Number(value) => Some((format!("{name} {series}"), value)),
                Value::Text(_) => None,
            })
            .collect();
        for (name, value) in series {
            let place = *self.counter_places.entry(name).or_insert_with_key(|name| {
                self.counters.push(Counter { name: name.clone().into(), points: Vec::new() });
                self.counters.len() - 1
            });
            self.counters[place].points.push((at_ns, value));
        }
        Some(())
    }

    fn name(&mut self, event: &Event<'_>) {
        if event.name.as_deref() == Some("process_name")
            && let Some(Value::Text(name)) = facts(event.args).remove("name")
        {
            self.process.get_or_insert(name);
        }
    }

    /// What they come to.
    pub fn into_trace(self) -> (Trace, Skipped) {
        let Self { pid, process, rows, mut counters, marks, mut skipped, .. } = self;
        let mut groups = Vec::new();
        for row in rows {
            add_row(&mut groups, row.closed(&mut skipped), &mut skipped);
        }
        counters.iter_mut().for_each(|counter| counter.points.sort_by_key(|(at_ns, _)| *at_ns));
        let process = process.unwrap_or_default();
        (Trace { title: String::new(), pid: pid.unwrap_or(0), process, groups, counters, marks }, skipped)
    }
}

impl Row {
    /// Its slices, those that were begun and ended among them.
    fn closed(self, skipped: &mut Skipped) -> Vec<Flat> {
        let Self { mut whole, mut edges } = self;
        // A file may have them in any order; at one moment theirs counts.
        edges.sort_by_key(|edge| edge.at_ns);
        let mut open = Vec::new();
        for Edge { at_ns, begins } in edges {
            match begins {
                Some(begun) => open.push(begun),
                None => match open.pop() {
                    Some(begun) => whole.push(Flat { end_ns: at_ns, ..begun }),
                    None => skipped.unbalanced += 1,
                },
            }
        }
        skipped.unbalanced += open.len() as u64;
        whole
    }
}

fn thread(event: &Event<'_>) -> String {
    let text = |id: Option<&RawValue>| id.map_or("", RawValue::get).to_owned();
    format!("{} {}", text(event.pid), text(event.tid))
}

/// What a slice that belongs to no thread is known by; `None` when nothing tells.
fn shared_id(event: &Event<'_>) -> Option<String> {
    #[derive(Deserialize)]
    struct Id2<'a> {
        #[serde(borrow, default)]
        local: Option<&'a RawValue>,
        #[serde(borrow, default)]
        global: Option<&'a RawValue>,
    }
    let of_process = |id: &RawValue| format!("{} {}", event.pid.map_or("", RawValue::get), id.get());
    let id = match (event.id, event.id2) {
        (Some(id), _) => of_process(id),
        (None, Some(id2)) => match serde_json::from_str::<Id2<'_>>(id2.get()).ok()? {
            Id2 { global: Some(id), .. } => format!("* {}", id.get()),
            Id2 { local: Some(id), .. } => of_process(id),
            Id2 { .. } => return None,
        },
        (None, None) => return None,
    };
    Some(format!("id {} {id}", event.cat.as_deref().unwrap_or_default()))
}

/// Numbers and texts of an event; what is more than that is not kept.
fn facts(args: Option<&RawValue>) -> Facts {
    let Some(args) = args.filter(|args| args.get().len() <= MOST_FACTS_BYTES) else { return Facts::new() };
    let Ok(args) = serde_json::from_str::<BTreeMap<String, serde_json::Value>>(args.get()) else {
        return Facts::new();
    };
    let fact = |(name, value): (String, serde_json::Value)| {
        let value = match value {
            serde_json::Value::Number(number) => Value::Number(number.as_f64()?),
            serde_json::Value::String(text) => Value::Text(cut(&text).to_owned()),
            _ => return None,
        };
        Some((cut(&name).to_owned(), value))
    };
    args.into_iter().filter_map(fact).take(MOST_FACTS).collect()
}

/// A number, or a text that is one: some writers do not trust readers with large numbers.
#[derive(Clone, Copy)]
struct Micros(f64);

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;
        impl Visitor<'_> for NumberOrText {
            type Value = Micros;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of microseconds")
            }

            fn visit_f64<E>(self, number: f64) -> Result<Micros, E> {
                Ok(Micros(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Micros, E> {
                Ok(Micros(number as f64))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Micros, E> {
                Ok(Micros(number as f64))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Micros, E> {
                text.parse().map(Micros).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}
