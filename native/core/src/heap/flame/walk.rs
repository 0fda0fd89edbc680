//! The stacks of one profile, or of two, walked frame by frame.

use std::collections::HashMap;

use super::super::index::HeapIndex;
use super::super::nodes::Node;
use super::super::query::Filter;
use super::super::scale::Scale;
use super::super::subsystem::SubsystemRules;
use super::FlameDirection;

/// A column of a profile.
pub(super) struct Side<'a> {
    pub index: &'a HeapIndex,
    pub kind: usize,
    pub scale: Scale,
}

/// What is walked: a profile and, in a difference, its base, with functions of the same name made one.
pub(super) struct Walk<'a> {
    new: Side<'a>,
    base: Option<Side<'a>>,
    /// The functions of both; those of the profile are where its own index has them.
    pub nodes: Vec<&'a Node>,
    /// Where a function of the base is in `nodes`.
    of_base: Vec<u32>,
    is_ballast: Vec<bool>,
}

/// A stack and the frame of it that comes next.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub value: i64,
    sample: u32,
    /// The location in the stack, 0 at the leaf; out of range when no frame is left.
    at: u32,
    /// Which of the calls inlined there, 0 for the innermost.
    call: u32,
    pub is_base: bool,
    pub matched: bool,
}

const NOWHERE: u32 = u32::MAX;

impl<'a> Walk<'a> {
    pub fn new(new: Side<'a>, base: Option<Side<'a>>) -> Self {
        let mut nodes: Vec<&Node> = new.index.nodes.list.iter().collect();
        let mut is_ballast: Vec<bool> =
            (0..nodes.len()).map(|node| new.index.ballast.contains(node as u32)).collect();
        let mut of_base = Vec::new();
        if let Some(base) = &base {
            let mut by_name: HashMap<&str, u32> = HashMap::with_capacity(nodes.len());
            for (node, at) in nodes.iter().zip(0..) {
                by_name.entry(&node.name).or_insert(at);
            }
            for (node, own) in base.index.nodes.list.iter().zip(0..) {
                let at = *by_name.entry(&node.name).or_insert_with(|| {
                    nodes.push(node);
                    is_ballast.push(false);
                    nodes.len() as u32 - 1
                });
                is_ballast[at as usize] |= base.index.ballast.contains(own);
                of_base.push(at);
            }
        }
        Self { new, base, nodes, of_base, is_ballast }
    }

    pub fn is_ballast(&self, node: u32) -> bool {
        self.is_ballast[node as usize]
    }

    /// The rules by which both profiles are assigned.
    pub fn rules(&self) -> &'static SubsystemRules {
        self.new.index.assignment().rules
    }

    /// The number of a stack's subsystem.
    #[inline]
    pub fn subsystem(&self, entry: &Entry) -> u8 {
        self.side(entry).index.assignment().of(entry.sample as usize)
    }

    /// What the samples of the profile hold, scaled.
    pub fn sum(&self) -> i64 {
        let side = &self.new;
        (0..side.index.sample_count()).fold(0, |sum: i64, sample| sum.saturating_add(side.value(sample)))
    }

    /// Every sample that has a value, standing at its first frame in this direction. With a focus only stacks that have
    /// it, standing right behind it.
    pub fn entries(&self, direction: FlameDirection, focus: Option<&str>) -> Vec<Entry> {
        let is_focus: Option<Vec<bool>> =
            focus.map(|focus| self.nodes.iter().map(|node| node.name == focus).collect());
        if is_focus.as_ref().is_some_and(|is_focus| !is_focus.contains(&true)) {
            return Vec::new();
        }
        let mut entries = Vec::new();
        for (side, is_base) in std::iter::once((&self.new, false)).chain(self.base.iter().map(|b| (b, true)))
        {
            for sample in 0..side.index.sample_count() {
                let value = side.value(sample);
                if value <= 0 {
                    continue;
                }
                let entry = Entry { value, sample: sample as u32, at: 0, call: 0, is_base, matched: false };
                entries.extend(match &is_focus {
                    None => Some(self.placed(entry, direction)),
                    Some(is_focus) => self.behind(entry, direction, is_focus),
                });
            }
        }
        entries
    }

    /// The next function of a stack, or `None` at its end.
    #[inline]
    pub fn step(&self, entry: &mut Entry, direction: FlameDirection) -> Option<u32> {
        let side = self.side(entry);
        let stack = side.stack(entry);
        let calls = side.index.nodes.at(*stack.get(entry.at as usize)?);
        let node = calls[entry.call as usize];
        match direction {
            FlameDirection::Callees if entry.call > 0 => entry.call -= 1,
            FlameDirection::Callees => {
                entry.at = entry.at.checked_sub(1).unwrap_or(NOWHERE);
                let next = stack.get(entry.at as usize);
                entry.call = next.map_or(0, |next| side.index.nodes.at(*next).len() as u32 - 1);
            }
            FlameDirection::Callers if entry.call as usize + 1 < calls.len() => entry.call += 1,
            FlameDirection::Callers => (entry.at, entry.call) = (entry.at + 1, 0),
        }
        Some(if entry.is_base { self.of_base[node as usize] } else { node })
    }

    /// Marks the stacks that still have a matching function ahead; all of them when `root` matches.
    pub fn search(&self, entries: &mut [Entry], text: &str, root: Option<u32>, direction: FlameDirection) {
        if text.trim().is_empty() {
            return;
        }
        let filter = Filter::new(text);
        let is_match: Vec<bool> = self.nodes.iter().map(|node| filter.matches(node)).collect();
        let all = root.is_some_and(|root| is_match[root as usize]);
        for entry in entries {
            let mut ahead = *entry;
            entry.matched = all
                || std::iter::from_fn(|| self.step(&mut ahead, direction))
                    .any(|node| is_match[node as usize]);
        }
    }

    fn side(&self, entry: &Entry) -> &Side<'a> {
        match &self.base {
            Some(base) if entry.is_base => base,
            _ => &self.new,
        }
    }

    /// At the root of its stack for callees, at the leaf for callers.
    fn placed(&self, mut entry: Entry, direction: FlameDirection) -> Entry {
        (entry.at, entry.call) = (0, 0);
        if direction == FlameDirection::Callees {
            let side = self.side(&entry);
            let stack = side.stack(&entry);
            if let Some(root) = stack.last() {
                entry.at = stack.len() as u32 - 1;
                entry.call = side.index.nodes.at(*root).len() as u32 - 1;
            }
        }
        entry
    }

    /// Right behind a function: its first call (seen from the root) for callers, its last one for callees. What lies
    /// between them is the function calling itself, and counts for neither.
    fn behind(&self, entry: Entry, direction: FlameDirection, is_focus: &[bool]) -> Option<Entry> {
        let towards = match direction {
            FlameDirection::Callees => FlameDirection::Callers,
            FlameDirection::Callers => FlameDirection::Callees,
        };
        let mut next = self.placed(entry, towards);
        loop {
            let mut here = next;
            if is_focus[self.step(&mut next, towards)? as usize] {
                self.step(&mut here, direction);
                return Some(here);
            }
        }
    }
}

impl Side<'_> {
    fn value(&self, sample: usize) -> i64 {
        self.scale.of(self.index.profile.value(sample, self.kind))
    }

    fn stack(&self, entry: &Entry) -> &[u32] {
        self.index.profile.samples.stack(entry.sample as usize)
    }
}
