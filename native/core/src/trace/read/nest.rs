//! From the slices of one row, in any order, to slices within slices.

use std::cmp::Reverse;

use super::super::{Facts, Group, Slice};
use super::{MOST_DEPTH, Skipped};
use crate::model::Ns;

/// A slice by itself.
#[derive(Debug)]
pub(super) struct Flat {
    pub name: String,
    /// What it is a slice of, where it is within no other.
    pub group: String,
    pub begin_ns: Ns,
    pub end_ns: Ns,
    pub facts: Facts,
    /// Of two that begin and end together the one that began first in the file is the outer one.
    pub number: usize,
}

/// Adds the slices of a row to the groups. One that reaches out of the slice it begins in is within none.
pub(super) fn add_row(groups: &mut Vec<Group>, mut row: Vec<Flat>, skipped: &mut Skipped) {
    row.sort_by_key(|flat| (flat.begin_ns, Reverse(flat.end_ns), flat.number));
    let mut open = Open { groups, stack: Vec::new() };
    for Flat { name, group, begin_ns, end_ns, facts, .. } in row {
        while open.stack.last().is_some_and(|(_, top)| top.end_ns <= begin_ns) {
            open.close();
        }
        if open.stack.last().is_some_and(|(_, top)| top.end_ns < end_ns) {
            open.close_all();
        }
        if open.stack.len() == MOST_DEPTH {
            skipped.beyond_limits += 1;
            continue;
        }
        open.stack.push((group, Slice { name, start_ns: begin_ns, end_ns, facts, inside: Vec::new() }));
    }
    open.close_all();
}

/// Slices that others may still lie in, the innermost last.
struct Open<'a> {
    groups: &'a mut Vec<Group>,
    stack: Vec<(String, Slice)>,
}

impl Open<'_> {
    fn close(&mut self) {
        let Some((group, slice)) = self.stack.pop() else { return };
        if let Some((_, outer)) = self.stack.last_mut() {
            return outer.inside.push(slice);
        }
        match self.groups.iter_mut().find(|known| known.name == group) {
            Some(known) => known.slices.push(slice),
            None => self.groups.push(Group { name: group.into(), slices: vec![slice] }),
        }
    }

    fn close_all(&mut self) {
        while !self.stack.is_empty() {
            self.close();
        }
    }
}
