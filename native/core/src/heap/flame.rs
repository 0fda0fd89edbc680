//! The flame tree from the root, bounded: what is too small to draw is merged, nothing is lost.

use std::collections::{BinaryHeap, HashMap};

use serde::{Deserialize, Serialize};

use super::index::{HeapError, HeapIndex};
use super::subsystem::Tally;

/// Which part of the tree, and how much of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(default)]
pub struct FlameQuery {
    /// For example `alloc_space`; `null` for the default.
    pub sample_type: Option<String>,
    /// Function names from the root down to the frame to zoom on; empty for everything.
    pub path: Vec<String>,
    /// Frames narrower than this share of the zoomed frame are merged.
    pub min_share: f64,
    /// At most this many frames, merged ones not counted.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub max_nodes: usize,
}

impl Default for FlameQuery {
    fn default() -> Self {
        Self { sample_type: None, path: Vec::new(), min_share: 0.0005, max_nodes: 5000 }
    }
}

/// What a frame stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "snake_case")]
pub enum FlameNodeKind {
    /// Everything that is shown.
    Root,
    /// One function, called by the frame below it.
    Frame,
    /// Several functions too small to show on their own: "other (N)". Zoom on its parent to see them.
    Other,
    /// In the icicle: a part of gopls.
    Subsystem,
    /// In the icicle: a package.
    Package,
}

/// One frame. A frame spans `start` to `start + value`; its callees lie within, one `depth` further.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct FlameNode {
    /// What it stands for.
    pub kind: FlameNodeKind,
    /// The function; empty unless `kind` is `frame`.
    pub function: String,
    /// The import path in its name; empty if there is none.
    pub package: String,
    /// Its source file; empty if unknown.
    pub file: String,
    /// The line it starts at, or the first line seen of it; 0 if unknown.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub line: i64,
    /// 0 for the root.
    pub depth: u32,
    /// Where the frame begins, in the unit of the values.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub start: i64,
    /// Allocated here and in what was called: own value and all callees add up to it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub value: i64,
    /// Allocated here.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub own: i64,
    /// For `other`: how many functions are merged in it. Otherwise 0.
    pub merged: u32,
    /// `ballast` for the memory gopls reserves on purpose: no leak.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub label: Option<String>,
    /// The subsystem that most of `value` belongs to. Not there for the root and for merged functions of a flame tree.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub subsystem: Option<String>,
}

impl FlameNode {
    /// What stands for everything too narrow to draw.
    pub(super) fn other(depth: u32, start: i64, merged: u32, value: i64) -> Self {
        Self {
            kind: FlameNodeKind::Other,
            function: String::new(),
            package: String::new(),
            file: String::new(),
            line: 0,
            depth,
            start,
            value,
            own: 0,
            merged,
            label: None,
            subsystem: None,
        }
    }
}

/// The frames in the order of drawing: each before its callees, callees largest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct FlameTree {
    /// What is counted.
    pub sample_type: String,
    /// In which unit.
    pub unit: String,
    /// The sum over all samples of the profile, also when zoomed.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub total: i64,
    /// The functions from the root to the zoomed frame.
    pub path: Vec<String>,
    /// The frames; the first is the root (when zoomed: the zoomed frame).
    pub nodes: Vec<FlameNode>,
}

impl HeapIndex {
    /// The flame tree of a sample type, or of the part of it below a path.
    pub fn flame(&self, query: &FlameQuery) -> Result<FlameTree, HeapError> {
        let kind = self.kind(query.sample_type.as_deref())?;
        let mut entries = self.stacks(kind);
        let mut zoomed_on = None;
        for function in &query.path {
            let grown = self.split(entries);
            let found =
                grown.callees.into_iter().find(|g| self.nodes.list[g.node as usize].name == *function);
            let Some(group) = found else {
                return Err(HeapError::UnknownPath { function: function.clone() });
            };
            zoomed_on = Some(group.node);
            entries = group.entries;
        }
        let value = sum(&entries);
        let frames = self.grow(entries, zoomed_on, value, query);
        let sample_type = self.sample_type(kind);
        Ok(FlameTree {
            sample_type: sample_type.sample_type,
            unit: sample_type.unit,
            total: self.table(kind).total,
            path: query.path.clone(),
            nodes: self.draw(&frames),
        })
    }

    /// Every sample that has a value, standing at the root of its stack.
    fn stacks(&self, kind: usize) -> Vec<Entry> {
        let samples = &self.profile.samples;
        let entry = |sample: usize| {
            let value = self.profile.value(sample, kind);
            let left = samples.stack(sample).len() as u32;
            (value > 0).then_some(Entry { value, sample: sample as u32, left, inlined_left: 0 })
        };
        (0..samples.len()).filter_map(entry).collect()
    }

    /// Moves every stack one frame towards its leaf, and groups them by the function found there.
    fn split(&self, entries: Vec<Entry>) -> Split {
        let mut split = Split { own: 0, callees: Vec::new() };
        let mut group_of: HashMap<u32, usize> = HashMap::new();
        for mut entry in entries {
            let Some(node) = self.step(&mut entry) else {
                split.own = split.own.saturating_add(entry.value);
                continue;
            };
            let group = *group_of.entry(node).or_insert_with(|| {
                split.callees.push(Group { node, value: 0, entries: Vec::new() });
                split.callees.len() - 1
            });
            let group = &mut split.callees[group];
            group.value = group.value.saturating_add(entry.value);
            group.entries.push(entry);
        }
        let name = |group: &Group| &self.nodes.list[group.node as usize].name;
        split.callees.sort_by(|a, b| b.value.cmp(&a.value).then_with(|| name(a).cmp(name(b))));
        split
    }

    /// The next function of a stack towards the leaf, or `None` at its end.
    fn step(&self, entry: &mut Entry) -> Option<u32> {
        let stack = self.profile.samples.stack(entry.sample as usize);
        if entry.inlined_left == 0 {
            entry.left = entry.left.checked_sub(1)?;
            entry.inlined_left = self.nodes.at(stack[entry.left as usize]).len() as u32;
        }
        entry.inlined_left -= 1;
        Some(self.nodes.at(stack[entry.left as usize])[entry.inlined_left as usize])
    }

    /// Grows the tree, always at its widest frame, until the budget is spent or all else is too narrow.
    fn grow(&self, entries: Vec<Entry>, node: Option<u32>, value: i64, query: &FlameQuery) -> Vec<Frame> {
        let narrowest = (value as f64 * query.min_share).max(1.0);
        let mut frames = vec![Frame::new(node, 0, value)];
        let mut budget = query.max_nodes;
        let assignment = self.assignment();
        let mut tally = Tally::new(assignment.rules);
        let mut main_subsystem = |entries: &[Entry]| {
            entries.iter().for_each(|entry| tally.add(assignment.of(entry.sample as usize), entry.value));
            tally.take_largest()
        };
        frames[0].subsystem = node.and_then(|_| main_subsystem(&entries));
        let mut open = BinaryHeap::from([Open { value, frame: 0, entries }]);
        while let Some(Open { frame, entries, .. }) = open.pop() {
            let split = self.split(entries);
            frames[frame].own = split.own;
            let (mut merged, mut merged_value) = (0, 0i64);
            for group in split.callees {
                if budget == 0 || (group.value as f64) < narrowest {
                    merged += 1;
                    merged_value = merged_value.saturating_add(group.value);
                    continue;
                }
                budget -= 1;
                let depth = frames[frame].depth + 1;
                let child = frames.len();
                let mut callee = Frame::new(Some(group.node), depth, group.value);
                callee.subsystem = main_subsystem(&group.entries);
                frames.push(callee);
                frames[frame].callees.push(child);
                open.push(Open { value: group.value, frame: child, entries: group.entries });
            }
            frames[frame].merged = merged;
            frames[frame].merged_value = merged_value;
        }
        frames
    }

    /// The frames in drawing order, with their positions.
    fn draw(&self, frames: &[Frame]) -> Vec<FlameNode> {
        let mut drawn = Vec::with_capacity(frames.len());
        let mut pending = vec![Pending::Frame { frame: 0, start: 0 }];
        while let Some(next) = pending.pop() {
            let (index, start) = match next {
                Pending::Other { parent, start } => {
                    let Frame { depth, merged, merged_value, .. } = frames[parent];
                    drawn.push(FlameNode::other(depth + 1, start, merged, merged_value));
                    continue;
                }
                Pending::Frame { frame, start } => (frame, start),
            };
            let frame = &frames[index];
            drawn.push(self.draw_frame(frame, start));
            let first = pending.len();
            let mut at = start;
            for &callee in &frame.callees {
                pending.push(Pending::Frame { frame: callee, start: at });
                at = at.saturating_add(frames[callee].value);
            }
            if frame.merged > 0 {
                pending.push(Pending::Other { parent: index, start: at });
            }
            pending[first..].reverse(); // The stack gives the last first.
        }
        drawn
    }

    fn draw_frame(&self, frame: &Frame, start: i64) -> FlameNode {
        let node = frame.node.map(|node| &self.nodes.list[node as usize]);
        let text =
            |of: fn(&super::nodes::Node) -> &String| node.map_or_else(String::new, |node| of(node).clone());
        FlameNode {
            kind: if frame.node.is_some() { FlameNodeKind::Frame } else { FlameNodeKind::Root },
            function: text(|node| &node.name),
            package: text(|node| &node.package),
            file: text(|node| &node.file),
            line: node.map_or(0, |node| node.line),
            depth: frame.depth,
            start,
            value: frame.value,
            own: frame.own,
            merged: 0,
            label: frame.node.filter(|node| self.ballast.contains(*node)).map(|_| "ballast".to_owned()),
            subsystem: frame.subsystem.map(|number| self.assignment().rules.id(number).to_owned()),
        }
    }
}

/// What is still to be drawn, and where it begins.
enum Pending {
    Frame { frame: usize, start: i64 },
    Other { parent: usize, start: i64 },
}

/// A stack and how far towards its leaf we are.
#[derive(Clone, Copy)]
struct Entry {
    value: i64,
    sample: u32,
    /// How many locations are between here and the leaf.
    left: u32,
    /// How many calls inlined into the current location are still ahead.
    inlined_left: u32,
}

struct Group {
    node: u32,
    value: i64,
    entries: Vec<Entry>,
}

struct Split {
    own: i64,
    callees: Vec<Group>,
}

struct Frame {
    node: Option<u32>,
    depth: u32,
    value: i64,
    own: i64,
    callees: Vec<usize>,
    merged: u32,
    merged_value: i64,
    subsystem: Option<u8>,
}

impl Frame {
    fn new(node: Option<u32>, depth: u32, value: i64) -> Self {
        Self { node, depth, value, own: 0, callees: Vec::new(), merged: 0, merged_value: 0, subsystem: None }
    }
}

/// A frame whose callees are not known yet; the heap gives the widest first, and the earlier of two equal ones.
struct Open {
    value: i64,
    frame: usize,
    entries: Vec<Entry>,
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value).then(other.frame.cmp(&self.frame))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Open {}

fn sum(entries: &[Entry]) -> i64 {
    entries.iter().fold(0, |sum, entry| sum.saturating_add(entry.value))
}
