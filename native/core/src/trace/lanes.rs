//! Slices that overlap go into rows of their own: viewers show a row as one thread, in which slices only nest.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Slice;

/// Rows of slices that do not overlap, each in the order of time; a slice goes into the topmost row that is free.
pub(super) fn lanes(slices: &[Slice]) -> Vec<Vec<&Slice>> {
    let mut ordered: Vec<&Slice> = slices.iter().collect();
    ordered.sort_by_key(|slice| (slice.start_ns, slice.end_ns));
    let mut lanes: Vec<Vec<&Slice>> = Vec::new();
    let (mut free, mut taken) = (BinaryHeap::new(), BinaryHeap::new());
    for slice in ordered {
        while let Some(Reverse((end_ns, lane))) = taken.peek().copied() {
            if end_ns > slice.start_ns {
                break;
            }
            taken.pop();
            free.push(Reverse(lane));
        }
        let lane = free.pop().map_or(lanes.len(), |Reverse(lane)| lane);
        if lane == lanes.len() {
            lanes.push(Vec::new());
        }
        lanes[lane].push(slice);
        // A slice of no length is a moment wide, or two of them at one time would lie on each other.
        taken.push(Reverse((slice.end_ns.max(slice.start_ns + 1), lane)));
    }
    lanes
}
