//! speedscope's own file format: profiles in which frames are opened and closed, or stacks that were sampled.

use std::borrow::Cow;

use serde::Deserialize;

use super::nest::{Flat, add_row};
use super::{MOST_DEPTH, MOST_EVENTS, Skipped, ns};
use crate::model::Ns;
use crate::spans::{Capped, cut};
use crate::trace::{Facts, Group, Trace};

/// Names in a file.
const MOST_FRAMES: usize = 200_000;

/// What all profiles of a file share.
#[derive(Deserialize)]
pub(super) struct Shared<'a> {
    #[serde(borrow, default)]
    frames: Capped<Frame<'a>, MOST_FRAMES>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Profile<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    unit: Cow<'a, str>,
    #[serde(default, rename = "startValue")]
    start: f64,
    #[serde(default)]
    events: Capped<Event, MOST_EVENTS>,
    #[serde(default)]
    samples: Capped<Capped<usize, MOST_DEPTH>, MOST_EVENTS>,
    #[serde(default)]
    weights: Capped<f64, MOST_EVENTS>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    what: What,
    at: f64,
    frame: usize,
}

#[derive(Deserialize)]
enum What {
    #[serde(rename = "O")]
    Open,
    #[serde(rename = "C")]
    Close,
}

/// The profiles of a file.
pub(super) struct Profiles<'s> {
    shared: &'s Shared<'s>,
    groups: Vec<Group>,
    kept: usize,
    pub skipped: Skipped,
}

impl<'s> Profiles<'s> {
    pub fn new(shared: &'s Shared<'s>) -> Self {
        let skipped = Skipped { beyond_limits: shared.frames.left_out, ..Skipped::default() };
        Self { shared, groups: Vec::new(), kept: 0, skipped }
    }

    /// Takes a profile as it stands in the file.
    pub fn add(&mut self, json: &str) {
        let Ok(profile) = serde_json::from_str::<Profile<'_>>(json) else {
            self.skipped.malformed += 1;
            return;
        };
        let unit_ns = match &*profile.unit {
            "nanoseconds" => 1.0,
            "microseconds" => 1e3,
            "milliseconds" => 1e6,
            "seconds" => 1e9,
            // Bytes, or nobody knows what.
            _ => {
                self.skipped.other_kinds += 1;
                return;
            }
        };
        let mut row = Row {
            shared: self.shared,
            group: cut(without_number(&profile.name)),
            kept: &mut self.kept,
            skipped: &mut self.skipped,
            open: Vec::new(),
            slices: Vec::new(),
        };
        row.evented(&profile.events, unit_ns);
        row.sampled(&profile, unit_ns);
        let slices = row.slices;
        add_row(&mut self.groups, slices, &mut self.skipped);
    }

    /// What they come to. The format says neither of which process, nor anything but slices.
    pub fn into_trace(self) -> (Trace, Skipped) {
        let Self { groups, skipped, .. } = self;
        let trace = Trace {
            title: String::new(),
            pid: 0,
            process: String::new(),
            groups,
            counters: Vec::new(),
            marks: Vec::new(),
        };
        (trace, skipped)
    }
}

/// A profile that is being read.
struct Row<'r> {
    shared: &'r Shared<'r>,
    group: &'r str,
    kept: &'r mut usize,
    skipped: &'r mut Skipped,
    /// Frames that are open, with the moment and the place in the file.
    open: Vec<(usize, Ns, usize)>,
    slices: Vec<Flat>,
}

impl Row<'_> {
    fn evented(&mut self, events: &Capped<Event, MOST_EVENTS>, unit_ns: f64) {
        self.skipped.beyond_limits += events.left_out;
        for Event { what, at, frame } in &events.kept {
            let Some(at_ns) = ns(*at, unit_ns).filter(|_| *frame < self.shared.frames.kept.len()) else {
                self.skipped.malformed += 1;
                continue;
            };
            match what {
                What::Open => self.open(*frame, at_ns),
                What::Close if self.open.last().is_some_and(|(open, ..)| open == frame) => self.close(at_ns),
                What::Close => self.skipped.unbalanced += 1,
            }
        }
        self.skipped.unbalanced += self.open.len() as u64;
        self.open.clear();
    }

    /// Samples that follow each other with the same frame at the same height are one slice.
    fn sampled(&mut self, profile: &Profile<'_>, unit_ns: f64) {
        self.skipped.beyond_limits += profile.samples.left_out;
        let missing = profile.samples.kept.len().saturating_sub(profile.weights.kept.len());
        self.skipped.malformed += missing as u64;
        let mut at = profile.start;
        for (stack, weight) in profile.samples.kept.iter().zip(&profile.weights.kept) {
            let frames = self.shared.frames.kept.len();
            let (Some(begin_ns), Some(end_ns)) = (ns(at, unit_ns), ns(at + weight, unit_ns)) else {
                self.skipped.malformed += 1;
                continue;
            };
            if end_ns < begin_ns || stack.kept.iter().any(|frame| *frame >= frames) {
                self.skipped.malformed += 1;
                continue;
            }
            at += weight;
            self.skipped.beyond_limits += stack.left_out;
            let same =
                self.open.iter().zip(&stack.kept).take_while(|((open, ..), frame)| open == *frame).count();
            while self.open.len() > same {
                self.close(begin_ns);
            }
            stack.kept[same..].iter().for_each(|frame| self.open(*frame, begin_ns));
        }
        if let Some(end_ns) = ns(at, unit_ns) {
            while !self.open.is_empty() {
                self.close(end_ns);
            }
        }
    }

    fn open(&mut self, frame: usize, at_ns: Ns) {
        let number = *self.kept;
        if number == MOST_EVENTS || self.open.len() > MOST_DEPTH {
            self.skipped.beyond_limits += 1;
            return;
        }
        *self.kept += 1;
        self.open.push((frame, at_ns, number));
    }

    fn close(&mut self, end_ns: Ns) {
        let Some((frame, begin_ns, number)) = self.open.pop() else { return };
        if end_ns < begin_ns {
            self.skipped.malformed += 1;
            return;
        }
        let name = cut(&self.shared.frames.kept[frame].name).to_owned();
        let group = self.group.to_owned();
        self.slices.push(Flat { name, group, begin_ns, end_ns, facts: Facts::new(), number });
    }
}

/// The name of a group from that of its second row and those below, which we write as `name (2)`.
fn without_number(name: &str) -> &str {
    let number = |rest: &str| rest.strip_suffix(')').and_then(|number| number.parse::<u32>().ok());
    match name.rsplit_once(" (") {
        Some((name, rest)) if number(rest).is_some_and(|number| number >= 2) => name,
        _ => name,
    }
}
