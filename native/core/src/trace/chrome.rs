//! Chrome's trace event format: complete events (`X`) for slices, `C` for counters, `i` for moments, `M` for names.

use std::io;

use serde::Serialize;
use serde_json::json;

use super::lanes::lanes;
use super::{Facts, Slice, Trace};
use crate::model::Ns;

/// The row of the moments, above all others.
const MARKS: usize = 0;

#[derive(Serialize)]
struct Complete<'a> {
    ph: &'static str,
    name: &'a str,
    cat: &'a str,
    pid: u32,
    tid: usize,
    ts: f64,
    dur: f64,
    #[serde(skip_serializing_if = "Facts::is_empty")]
    args: &'a Facts,
}

pub(super) fn write(trace: &Trace, out: &mut impl io::Write) -> io::Result<()> {
    let mut events = Events { out, is_first: true, pid: trace.pid };
    let head = json!({ "title": trace.title, "exporter": "Stallscope" });
    write!(events.out, "{{\"displayTimeUnit\":\"ms\",\"otherData\":{head},\"traceEvents\":[")?;
    events.name("process_name", MARKS, &trace.process)?;
    if !trace.marks.is_empty() {
        events.row(MARKS, "Captures and decisions")?;
    }
    let mut tid = MARKS;
    for group in &trace.groups {
        for (number, lane) in lanes(&group.slices).into_iter().enumerate() {
            tid += 1;
            let again = if number == 0 { String::new() } else { format!(" ({})", number + 1) };
            events.row(tid, &format!("{}{again}", group.name))?;
            for slice in lane {
                events.slice(slice, &group.name, tid)?;
            }
        }
    }
    for counter in &trace.counters {
        for (at_ns, value) in &counter.points {
            events.event(&json!({
                "ph": "C", "name": counter.name, "pid": trace.pid, "ts": micros(*at_ns), "args": { "value": value },
            }))?;
        }
    }
    for mark in &trace.marks {
        events.event(&json!({
            "ph": "i", "name": mark.name, "pid": trace.pid, "tid": MARKS, "ts": micros(mark.at_ns), "s": "t",
            "args": mark.facts,
        }))?;
    }
    events.out.write_all(b"\n]}\n")
}

struct Events<'a, W> {
    out: &'a mut W,
    is_first: bool,
    pid: u32,
}

impl<W: io::Write> Events<'_, W> {
    fn event(&mut self, event: &impl Serialize) -> io::Result<()> {
        self.out.write_all(if std::mem::take(&mut self.is_first) { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *self.out, event).map_err(io::Error::from)
    }

    fn slice(&mut self, slice: &Slice, group: &str, tid: usize) -> io::Result<()> {
        self.event(&Complete {
            ph: "X",
            name: &slice.name,
            cat: group,
            pid: self.pid,
            tid,
            ts: micros(slice.start_ns),
            // The difference of what is written, so that a reader's sum is the beginning of the next slice and not a hair beyond
            // it: that would make it a part of this one.
            dur: micros(slice.end_ns) - micros(slice.start_ns),
            args: &slice.facts,
        })?;
        slice.inside.iter().try_for_each(|inner| self.slice(inner, group, tid))
    }

    fn row(&mut self, tid: usize, name: &str) -> io::Result<()> {
        self.name("thread_name", tid, name)?;
        let order = json!({ "sort_index": tid });
        self.event(&json!({
            "ph": "M", "name": "thread_sort_index", "pid": self.pid, "tid": tid, "args": order,
        }))
    }

    fn name(&mut self, what: &str, tid: usize, name: &str) -> io::Result<()> {
        self.event(&json!({ "ph": "M", "name": what, "pid": self.pid, "tid": tid, "args": { "name": name } }))
    }
}

/// The format counts in microseconds, with a fraction.
fn micros(ns: Ns) -> f64 {
    ns as f64 / 1000.0
}
