//! speedscope's own file format: one profile per row, in which frames are opened and closed.

use std::collections::HashMap;
use std::io;

use serde::Serialize;
use serde_json::json;

use super::lanes::lanes;
use super::{Slice, Trace};
use crate::model::Ns;

const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

#[derive(Serialize)]
struct Event {
    #[serde(rename = "type")]
    what: &'static str,
    at: Ns,
    frame: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    #[serde(rename = "type")]
    what: &'static str,
    name: String,
    unit: &'static str,
    start_value: Ns,
    end_value: Ns,
    events: Vec<Event>,
}

pub(super) fn write(trace: &Trace, out: &mut impl io::Write) -> io::Result<()> {
    let all = || trace.groups.iter().flat_map(|group| &group.slices);
    // One axis for all rows.
    let start_value = all().map(|slice| slice.start_ns).min().unwrap_or(0);
    let end_value = all().map(|slice| slice.end_ns).max().unwrap_or(0);
    let (mut frames, mut profiles) = (Frames::default(), Vec::new());
    for group in &trace.groups {
        for (number, lane) in lanes(&group.slices).into_iter().enumerate() {
            let again = if number == 0 { String::new() } else { format!(" ({})", number + 1) };
            let mut events = Vec::with_capacity(2 * lane.len());
            lane.into_iter().for_each(|slice| frames.open_and_close(slice, &mut events));
            let name = format!("{}{again}", group.name);
            profiles.push(Profile {
                what: "evented",
                name,
                unit: "nanoseconds",
                start_value,
                end_value,
                events,
            });
        }
    }
    let file = json!({
        "$schema": SCHEMA,
        "name": trace.title,
        "exporter": "Stallscope",
        "shared": { "frames": frames.list.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>() },
        "profiles": profiles,
    });
    serde_json::to_writer(&mut *out, &file)?;
    out.write_all(b"\n")
}

#[derive(Default)]
struct Frames {
    list: Vec<String>,
    by_name: HashMap<String, usize>,
}

impl Frames {
    fn open_and_close(&mut self, slice: &Slice, events: &mut Vec<Event>) {
        let frame = match self.by_name.get(&slice.name) {
            Some(frame) => *frame,
            None => {
                self.list.push(slice.name.clone());
                self.by_name.insert(slice.name.clone(), self.list.len() - 1);
                self.list.len() - 1
            }
        };
        events.push(Event { what: "O", at: slice.start_ns, frame });
        slice.inside.iter().for_each(|inner| self.open_and_close(inner, events));
        events.push(Event { what: "C", at: slice.end_ns, frame });
    }
}
