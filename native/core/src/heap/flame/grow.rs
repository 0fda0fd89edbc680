//! Growing the tree within its budget: always at its widest frame, until all else is too narrow.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::super::index::HeapError;
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
}

struct Group {
    node: u32,
    held: Held,
    entries: Vec<Entry>,
}

struct Split {
    own: Held,
    groups: Vec<Group>,
}

impl Walk<'_> {
    /// Answers a query: the rest of `tree`.
    pub fn fill(&self, mut tree: FlameTree, query: &FlameQuery) -> Result<FlameTree, HeapError> {
        let mut slots = vec![NO_SLOT; self.nodes.len()];
        let direction = query.direction;
        let mut entries = self.entries(direction, query.focus.as_deref());
        let node_named = |name: &str| self.nodes.iter().position(|node| node.name == name);
        let mut root = query.focus.as_deref().and_then(node_named).map(|node| node as u32);
        for function in &query.path {
            let groups = self.split(entries, direction, &mut slots).groups;
            let Some(group) = groups.into_iter().find(|g| self.nodes[g.node as usize].name == *function)
            else {
                return Err(HeapError::UnknownPath { function: function.clone() });
            };
            root = Some(group.node);
            entries = group.entries;
        }
        self.search(&mut entries, &query.search, root, direction);
        for entry in entries.iter().filter(|entry| entry.matched) {
            let sum = if entry.is_base { &mut tree.base_matched } else { &mut tree.matched };
            *sum = sum.saturating_add(entry.value);
        }
        let frames = self.grow(entries, root, query, &mut slots);
        tree.nodes = self.draw(&frames);
        Ok(tree)
    }

    fn grow(
        &self,
        entries: Vec<Entry>,
        root: Option<u32>,
        query: &FlameQuery,
        slots: &mut [u32],
    ) -> Vec<Frame> {
        let mut held = Held::default();
        entries.iter().for_each(|entry| held.add(entry));
        let narrowest = (held.width() as f64 * query.min_share).max(1.0);
        let mut frames = vec![Frame::new(root, 0, held)];
        let mut budget = query.max_nodes;
        let mut open = BinaryHeap::from([Open { width: held.width(), frame: 0, entries }]);
        while let Some(Open { frame, entries, .. }) = open.pop() {
            let split = self.split(entries, query.direction, slots);
            frames[frame].own = split.own;
            for group in split.groups {
                let width = group.held.width();
                if budget == 0 || (width as f64) < narrowest {
                    frames[frame].merged += 1;
                    frames[frame].merged_held.plus(group.held);
                    continue;
                }
                budget -= 1;
                let child = frames.len();
                frames.push(Frame::new(Some(group.node), frames[frame].depth + 1, group.held));
                frames[frame].children.push(child);
                open.push(Open { width, frame: child, entries: group.entries });
            }
        }
        frames
    }

    /// Moves every stack one frame on, and groups them by the function found there, widest first. `slots` holds
    /// `NO_SLOT` for every function, before and after.
    fn split(&self, entries: Vec<Entry>, direction: FlameDirection, slots: &mut [u32]) -> Split {
        let mut split = Split { own: Held::default(), groups: Vec::new() };
        for mut entry in entries {
            let Some(node) = self.step(&mut entry, direction) else {
                split.own.add(&entry);
                continue;
            };
            let slot = &mut slots[node as usize];
            if *slot == NO_SLOT {
                *slot = split.groups.len() as u32;
                split.groups.push(Group { node, held: Held::default(), entries: Vec::new() });
            }
            let group = &mut split.groups[*slot as usize];
            group.held.add(&entry);
            group.entries.push(entry);
        }
        split.groups.iter().for_each(|group| slots[group.node as usize] = NO_SLOT);
        let name = |group: &Group| &self.nodes[group.node as usize].name;
        split.groups.sort_by(|a, b| b.held.width().cmp(&a.held.width()).then_with(|| name(a).cmp(name(b))));
        split
    }
}

const NO_SLOT: u32 = u32::MAX;

impl Frame {
    fn new(node: Option<u32>, depth: u32, held: Held) -> Self {
        let (own, merged_held) = (Held::default(), Held::default());
        Self { node, depth, held, own, children: Vec::new(), merged: 0, merged_held }
    }
}

/// A frame that has not been split yet; the heap gives the widest first, and the earlier of two equal ones.
struct Open {
    width: i64,
    frame: usize,
    entries: Vec<Entry>,
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
