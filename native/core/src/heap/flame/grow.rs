//! Growing the tree within its budget: always at its widest frame, until all else is too narrow.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::super::index::HeapError;
use super::super::subsystem::Tally;
use super::walk::{Entry, Walk};
use super::{FlameDirection, FlameQuery, FlameTree};

/// What some stacks hold.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    pub value: i64,
    pub base: i64,
    /// Of both, what is in stacks that match the search.
    pub matched: i64,
}

impl Held {
    /// What is drawn: both sides beside each other, so that it adds up whatever grew or shrank.
    pub fn width(&self) -> i64 {
        self.value.saturating_add(self.base)
    }

    fn add(&mut self, entry: &Entry) {
        let side = if entry.is_base { &mut self.base } else { &mut self.value };
        *side = side.saturating_add(entry.value);
        if entry.matched {
            self.matched = self.matched.saturating_add(entry.value);
        }
    }

    fn plus(&mut self, other: Self) {
        self.value = self.value.saturating_add(other.value);
        self.base = self.base.saturating_add(other.base);
        self.matched = self.matched.saturating_add(other.matched);
    }
}

/// A frame of the grown tree.
pub(super) struct Frame {
    pub node: Option<u32>,
    pub depth: u32,
    pub held: Held,
    pub own: Held,
    /// Those on it, largest first.
    pub children: Vec<usize>,
    pub merged: u32,
    pub merged_held: Held,
    /// The number of the subsystem that most of it belongs to.
    pub subsystem: Option<u8>,
}

/// The stacks that go on with the same function: a part of those that were split.
struct Group {
    node: u32,
    held: Held,
    stacks: Range<usize>,
}

struct Split {
    own: Held,
    groups: Vec<Group>,
}

/// What splitting needs besides the stacks, made once and used for all frames.
struct Scratch {
    /// Per function its group, `NO_GROUP` between two splits.
    group_of: Vec<u32>,
    /// Per stack its group.
    groups: Vec<u32>,
    sorted: Vec<Entry>,
}

const NO_GROUP: u32 = u32::MAX;

impl Walk<'_> {
    /// Answers a query: the rest of `tree`.
    pub fn fill(&self, mut tree: FlameTree, query: &FlameQuery) -> Result<FlameTree, HeapError> {
        let direction = query.direction;
        let mut scratch =
            Scratch { group_of: vec![NO_GROUP; self.nodes.len()], groups: Vec::new(), sorted: Vec::new() };
        let mut entries = self.entries(direction, query.focus.as_deref());
        let mut shown = 0..entries.len();
        let node_named = |name: &str| self.nodes.iter().position(|node| node.name == name);
        let mut root = query.focus.as_deref().and_then(node_named).map(|node| node as u32);
        for function in &query.path {
            let groups = self.split(&mut entries[shown.clone()], direction, &mut scratch).groups;
            let Some(group) = groups.into_iter().find(|g| self.nodes[g.node as usize].name == *function)
            else {
                return Err(HeapError::UnknownPath { function: function.clone() });
            };
            root = Some(group.node);
            shown = shown.start + group.stacks.start..shown.start + group.stacks.end;
        }
        let entries = &mut entries[shown];
        self.search(entries, &query.search, root, direction);
        for entry in entries.iter().filter(|entry| entry.matched) {
            let sum = if entry.is_base { &mut tree.base_matched } else { &mut tree.matched };
            *sum = sum.saturating_add(entry.value);
        }
        let frames = self.grow(entries, root, query, &mut scratch);
        tree.nodes = self.draw(&frames);
        Ok(tree)
    }

    fn grow(
        &self,
        entries: &mut [Entry],
        root: Option<u32>,
        query: &FlameQuery,
        scratch: &mut Scratch,
    ) -> Vec<Frame> {
        let mut held = Held::default();
        entries.iter().for_each(|entry| held.add(entry));
        let narrowest = (held.width() as f64 * query.min_share).max(1.0);
        let mut tally = Tally::new(self.rules());
        let mut main_subsystem = |entries: &[Entry]| {
            entries.iter().for_each(|entry| tally.add(self.subsystem(entry), entry.value));
            tally.take_largest()
        };
        let mut frames = vec![Frame::new(root, 0, held)];
        frames[0].subsystem = root.and_then(|_| main_subsystem(entries));
        let mut budget = query.max_nodes;
        let mut open = BinaryHeap::from([Open { width: held.width(), frame: 0, stacks: 0..entries.len() }]);
        while let Some(Open { frame, stacks, .. }) = open.pop() {
            let first = stacks.start;
            let split = self.split(&mut entries[stacks], query.direction, scratch);
            frames[frame].own = split.own;
            for Group { node, held, stacks } in split.groups {
                let width = held.width();
                if budget == 0 || (width as f64) < narrowest {
                    frames[frame].merged += 1;
                    frames[frame].merged_held.plus(held);
                    continue;
                }
                budget -= 1;
                let child = frames.len();
                let stacks = first + stacks.start..first + stacks.end;
                let mut grown = Frame::new(Some(node), frames[frame].depth + 1, held);
                grown.subsystem = main_subsystem(&entries[stacks.clone()]);
                frames.push(grown);
                frames[frame].children.push(child);
                open.push(Open { width, frame: child, stacks });
            }
        }
        frames
    }

    /// Moves every stack one frame on and sorts them, in place, by the function found there; widest group first. Those
    /// that have ended come last and belong to no group.
    fn split(&self, entries: &mut [Entry], direction: FlameDirection, scratch: &mut Scratch) -> Split {
        let mut split = Split { own: Held::default(), groups: Vec::new() };
        scratch.groups.clear();
        for entry in entries.iter_mut() {
            let Some(node) = self.step(entry, direction) else {
                split.own.add(entry);
                scratch.groups.push(NO_GROUP);
                continue;
            };
            let group = &mut scratch.group_of[node as usize];
            if *group == NO_GROUP {
                *group = split.groups.len() as u32;
                split.groups.push(Group { node, held: Held::default(), stacks: 0..0 });
            }
            scratch.groups.push(*group);
            let group = &mut split.groups[*group as usize];
            group.held.add(entry);
            group.stacks.end += 1;
        }
        let mut end = 0;
        for group in &mut split.groups {
            scratch.group_of[group.node as usize] = NO_GROUP;
            // Empty for now: it grows as its stacks are put there.
            let count = group.stacks.end;
            group.stacks = end..end;
            end += count;
        }
        if split.groups.len() == 1 && end == entries.len() {
            split.groups[0].stacks = 0..end;
            return split;
        }
        scratch.sorted.clear();
        scratch.sorted.extend_from_slice(entries);
        for (entry, group) in scratch.sorted.iter().zip(&scratch.groups) {
            if *group != NO_GROUP {
                let stacks = &mut split.groups[*group as usize].stacks;
                entries[stacks.end] = *entry;
                stacks.end += 1;
            }
        }
        let name = |group: &Group| &self.nodes[group.node as usize].name;
        split.groups.sort_by(|a, b| b.held.width().cmp(&a.held.width()).then_with(|| name(a).cmp(name(b))));
        split
    }
}

impl Frame {
    fn new(node: Option<u32>, depth: u32, held: Held) -> Self {
        let (own, merged_held) = (Held::default(), Held::default());
        Self { node, depth, held, own, children: Vec::new(), merged: 0, merged_held, subsystem: None }
    }
}

/// A frame that has not been split yet; the heap gives the widest first, and the earlier of two equal ones.
struct Open {
    width: i64,
    frame: usize,
    stacks: Range<usize>,
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        self.width.cmp(&other.width).then(other.frame.cmp(&self.frame))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Open {}
