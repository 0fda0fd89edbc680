//! What would be freed with what: the dominator tree of the objects.
//!
//! An object dominates another when every way from the roots to that other one leads through it. So what an object
//! dominates is what it alone keeps alive, its *retained* bytes. Found with the Semi-NCA algorithm (Georgiadis, *Linear-Time
//! Algorithms for Dominators and Related Problems*, 2005), which is as fast in practice as those with better bounds.
//!
//! Everything here counts nodes in the order in which a depth-first walk meets them: the root is 0, and what dominates a
//! node always has a smaller number.

use std::cmp::Ordering;

use crate::ahead::{AT_ONCE, fetch};
use crate::stop::{Stop, Stopped};

/// No number yet.
const NONE: u32 = u32::MAX;
/// Of a long list of edges the first ones are looked at soon.
const MOST_FETCHED: usize = 32;
/// How often it is asked whether the answer is still wanted.
const STEPS: u32 = 1 << 20;

/// A graph whose nodes are numbered from 0, its root.
pub trait Graph {
    /// How many nodes.
    fn nodes(&self) -> u32;
    /// Where the edges of a node lead: numbers to which the second is to be added.
    fn successors(&self, node: u32) -> (&[u32], u32);
    /// Those of a node will be asked for soon.
    fn soon(&self, _node: u32) {}
}

/// The dominator tree.
#[derive(Debug)]
pub struct Dominators {
    /// The order in which nodes were met; those that cannot be reached are not among them.
    pub order: Vec<u32>,
    /// The place of each node in it; `u32::MAX` of one that cannot be reached.
    pub place: Vec<u32>,
    /// What dominates each place immediately, as a place. The root dominates itself.
    pub dominator: Vec<u32>,
}

impl Dominators {
    /// Finds them.
    pub fn of(graph: &impl Graph, stop: &Stop) -> Result<Self, Stopped> {
        let (place, Met { parent, above, behind }) = walk(graph, stop)?;
        let (end, predecessors) = predecessors(graph, &place, behind, stop)?;
        let semi = semidominators(&parent, above, end, predecessors, stop)?;
        let mut dominator = parent;
        for place in 1..dominator.len() {
            // The nearest one above on the way of the walk that is not below the semidominator.
            let mut above = dominator[place];
            while above > semi[place] {
                above = dominator[above as usize];
            }
            dominator[place] = above;
        }
        drop(semi);
        let mut order = vec![0; dominator.len()];
        for (node, at) in (0..).zip(&place) {
            if *at != NONE {
                order[*at as usize] = node;
            }
        }
        Ok(Self { order, place, dominator })
    }

    /// What there is of each node, by places instead. `soon` is called with those that `value` will be called with.
    pub fn by_place<T: Copy + Default + Send>(
        &self,
        threads: usize,
        soon: impl Fn(u32) + Sync,
        value: impl Fn(u32) -> T + Sync,
    ) -> Vec<T> {
        let mut values = vec![T::default(); self.order.len()];
        let part = self.order.len().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            for (order, values) in self.order.chunks(part).zip(values.chunks_mut(part)) {
                let fill = || {
                    for (order, values) in order.chunks(AT_ONCE).zip(values.chunks_mut(AT_ONCE)) {
                        order.iter().for_each(|node| soon(*node));
                        order.iter().zip(values).for_each(|(node, into)| *into = value(*node));
                    }
                };
                scope.spawn(fill);
            }
        });
        values
    }

    /// For each place the sum of a value over all that it dominates, itself among them.
    pub fn sums(&self, values: Vec<u64>) -> Vec<u64> {
        let mut sums = values;
        for place in (1..sums.len()).rev() {
            sums[self.dominator[place] as usize] += sums[place];
        }
        sums
    }

    /// The tree from above.
    pub fn children(&self) -> Children {
        let count = self.order.len();
        let mut begin = vec![0_u32; count + 1];
        for place in 1..count {
            begin[self.dominator[place] as usize + 1] += 1;
        }
        for place in 0..count {
            begin[place + 1] += begin[place];
        }
        let mut next = begin.clone();
        let mut child = vec![0_u32; count.saturating_sub(1)];
        for place in 1..count {
            let at = &mut next[self.dominator[place] as usize];
            child[*at as usize] = place as u32;
            *at += 1;
        }
        Children { begin, child }
    }
}

/// The dominator tree from above: which places each dominates immediately.
pub struct Children {
    begin: Vec<u32>,
    child: Vec<u32>,
}

impl Children {
    /// Those below a place, in order.
    pub fn of(&self, place: u32) -> &[u32] {
        &self.child[self.begin[place as usize] as usize..self.begin[place as usize + 1] as usize]
    }
}

/// Which nodes lead nowhere, as texts do. A bit each.
struct Leaves(Vec<u64>);

impl Leaves {
    fn of(graph: &impl Graph, stop: &Stop) -> Result<Self, Stopped> {
        let nodes = graph.nodes();
        let mut bits = vec![0; nodes.div_ceil(64) as usize];
        for node in 0..nodes {
            if node.is_multiple_of(STEPS) {
                stop.check()?;
            }
            bits[node as usize / 64] |= u64::from(graph.successors(node).0.is_empty()) << (node % 64);
        }
        Ok(Self(bits))
    }

    fn has(&self, node: u32) -> bool {
        self.0[node as usize / 64] >> (node % 64) & 1 == 1
    }
}

/// Depth first: the place of each node, or [`NONE`], and what is known of places.
fn walk(graph: &impl Graph, stop: &Stop) -> Result<(Vec<u32>, Met), Stopped> {
    let nodes = graph.nodes();
    let leaves = Leaves::of(graph, stop)?;
    let mut place = vec![NONE; nodes as usize];
    let mut met = Met::with_capacity(nodes as usize);
    // The nodes on the way down, the place of each, and how many of its edges were looked at.
    let mut path = Vec::new();
    if nodes > 0 {
        place[0] = met.add(0);
        path.push((0, 0, 0));
    }
    while let Some((node, own, index)) = path.last_mut() {
        let (edges, add) = graph.successors(*node);
        if *index == 0 {
            edges.iter().take(MOST_FETCHED).for_each(|to| fetch(&place[(to + add) as usize..]));
            let leads = |to: u32| place[to as usize] == NONE && !leaves.has(to);
            let fresh = edges.iter().take(MOST_FETCHED).map(|to| to + add).filter(|to| leads(*to));
            fresh.for_each(|to| graph.soon(to));
        }
        let own = *own;
        let mut fresh = None;
        for to in &edges[*index as usize..] {
            *index += 1;
            let (to, place) = (to + add, &mut place[(to + add) as usize]);
            if *place != NONE {
                met.again(*place, own);
                continue;
            }
            *place = met.add(own);
            if !leaves.has(to) {
                fresh = Some((to, *place, 0));
                break;
            }
        }
        let Some(next) = fresh else {
            path.pop();
            continue;
        };
        if next.1.is_multiple_of(STEPS) {
            stop.check()?;
        }
        path.push(next);
    }
    Ok((place, met))
}

/// What a walk tells of places.
struct Met {
    /// From which place each was met.
    parent: Vec<u32>,
    /// The first place that leads to each without a detour.
    above: Vec<u32>,
    /// How many edges lead to each from places behind it.
    behind: Vec<u32>,
}

impl Met {
    /// Takes memory only as places are added.
    fn with_capacity(nodes: usize) -> Self {
        let list = || Vec::with_capacity(nodes);
        Self { parent: list(), above: list(), behind: list() }
    }

    /// A new place, met from another one.
    fn add(&mut self, from: u32) -> u32 {
        self.parent.push(from);
        self.above.push(from);
        self.behind.push(0);
        self.parent.len() as u32 - 1
    }

    /// One that was met before.
    fn again(&mut self, place: u32, from: u32) {
        match from.cmp(&place) {
            Ordering::Less => {
                let above = &mut self.above[place as usize];
                *above = from.min(*above);
            }
            // It leads to itself: that tells nothing.
            Ordering::Equal => {}
            Ordering::Greater => self.behind[place as usize] += 1,
        }
    }
}

/// For each place those behind it that lead to it, of which there are so many. With where those of each place end.
fn predecessors(
    graph: &impl Graph,
    place: &[u32],
    behind: Vec<u32>,
    stop: &Stop,
) -> Result<(Vec<u32>, Vec<u32>), Stopped> {
    let mut count = 0_u32;
    let mut next = behind;
    for next in &mut next {
        let begin = count;
        count += *next;
        // In the end it is where they end.
        *next = begin;
    }
    stop.check()?;
    let mut predecessors = vec![0; count as usize];
    let mut ways = Vec::with_capacity(2 * AT_ONCE);
    // In the order of nodes: their edges lie one behind the other.
    for (node, from) in (0..).zip(place) {
        if *from == NONE {
            continue;
        }
        let (edges, add) = graph.successors(node);
        for edges in edges.chunks(AT_ONCE) {
            ways.extend(edges.iter().map(|to| (to + add, *from)));
            if ways.len() >= AT_ONCE {
                lead(&mut ways, place, &mut next, &mut predecessors);
            }
        }
    }
    lead(&mut ways, place, &mut next, &mut predecessors);
    stop.check()?;
    Ok((next, predecessors))
}

/// Notes from which place ways lead to nodes. Step by step, so that a processor waits for the memory of all of them at once.
fn lead(ways: &mut Vec<(u32, u32)>, place: &[u32], next: &mut [u32], predecessors: &mut [u32]) {
    for (to, _) in ways.iter() {
        fetch(&place[*to as usize..]);
    }
    ways.retain_mut(|(to, from)| {
        *to = place[*to as usize];
        // Of those before it the walk has noted which one is the first.
        let is_behind = *to < *from;
        if is_behind {
            fetch(&next[*to as usize..]);
        }
        is_behind
    });
    for (to, _) in ways.iter_mut() {
        let next = &mut next[*to as usize];
        *to = *next;
        *next += 1;
        fetch(&predecessors[*to as usize..]);
    }
    for (at, from) in ways.drain(..) {
        predecessors[at as usize] = from;
    }
}

/// Of a place that has been dealt with: the next one on the way up, shortened as it is used, and the smallest semidominator on that way,
/// as far as it was shortened. No struct: a list of these takes no memory before it is written to.
type Up = (u32, u32);

/// For each place the smallest one from which a way leads to it through larger ones only. `above` is what the walk has found of that.
///
/// Places are dealt with from the last one on: the list here takes memory only as that goes on, and `predecessors` and `end` give it
/// back. Those of each place end at `end`.
fn semidominators(
    parent: &[u32],
    above: Vec<u32>,
    mut end: Vec<u32>,
    mut predecessors: Vec<u32>,
    stop: &Stop,
) -> Result<Vec<u32>, Stopped> {
    let count = parent.len();
    let mut semi = above;
    let mut ups = vec![(0, 0); count];
    let mut way = Vec::new();
    for place in (1..count).rev() {
        if (place as u32).is_multiple_of(STEPS) {
            stop.check()?;
            predecessors.truncate(end[place] as usize);
            predecessors.shrink_to_fit();
            end.truncate(place + 1);
            end.shrink_to_fit();
        }
        let mut smallest = semi[place];
        for from in &predecessors[end[place - 1] as usize..end[place] as usize] {
            smallest = smallest.min(least(*from, place as u32, &mut ups, &mut way));
        }
        semi[place] = smallest;
        ups[place] = (parent[place], smallest);
    }
    Ok(semi)
}

/// The smallest semidominator on the way up from `from`, as far as places larger than `last` go.
fn least(from: u32, last: u32, ups: &mut [Up], way: &mut Vec<u32>) -> u32 {
    let mut at = from;
    while ups[at as usize].0 > last {
        way.push(at);
        at = ups[at as usize].0;
    }
    // Downwards again: each learns what the one above it knows, and goes past it from now on.
    while let Some(below) = way.pop() {
        let (above, best) = ups[below as usize];
        let (further, smallest) = ups[above as usize];
        ups[below as usize] = (further, best.min(smallest));
    }
    ups[from as usize].1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Lists(Vec<Vec<u32>>);

    impl Graph for Lists {
        fn nodes(&self) -> u32 {
            self.0.len() as u32
        }

        fn successors(&self, node: u32) -> (&[u32], u32) {
            (&self.0[node as usize], 0)
        }
    }

    /// What can be reached when a node is taken away.
    fn reached(graph: &Lists, without: Option<u32>) -> Vec<bool> {
        let mut seen = vec![false; graph.0.len()];
        let mut todo = if without == Some(0) { vec![] } else { vec![0] };
        while let Some(node) = todo.pop() {
            if !std::mem::replace(&mut seen[node as usize], true) {
                todo.extend(graph.0[node as usize].iter().filter(|next| Some(**next) != without));
            }
        }
        seen
    }

    fn check(graph: &Lists) {
        let found = Dominators::of(graph, &Stop::default()).expect("nobody stops it");
        let all = reached(graph, None);
        assert_eq!(found.order.len(), all.iter().filter(|seen| **seen).count());
        let sums = found.sums(vec![1; found.order.len()]);
        for node in 0..graph.nodes() {
            if !all[node as usize] {
                assert_eq!(found.place[node as usize], NONE);
                continue;
            }
            let left = reached(graph, Some(node)).iter().filter(|seen| **seen).count();
            let place = found.place[node as usize];
            assert_eq!(
                sums[place as usize] as usize,
                found.order.len() - left,
                "node {node} of {:?}",
                graph.0
            );
        }
        assert_eq!(found.by_place(3, |_| (), |node| node), found.order);
        let children = found.children();
        for place in 1..found.order.len() as u32 {
            assert!(children.of(found.dominator[place as usize]).contains(&place));
        }
    }

    #[test]
    fn what_two_hold_belongs_to_neither() {
        check(&Lists(vec![vec![1, 2], vec![3], vec![3], vec![4], vec![]]));
    }

    #[test]
    fn a_circle_belongs_to_who_leads_into_it() {
        check(&Lists(vec![vec![1], vec![2], vec![3, 1], vec![2], vec![0]]));
    }

    #[test]
    fn a_long_list_needs_no_deep_stack() {
        let count = 300_000;
        let lists =
            Lists((0..count).map(|node| if node + 1 < count { vec![node + 1] } else { vec![] }).collect());
        let found = Dominators::of(&lists, &Stop::default()).expect("nobody stops it");
        assert_eq!(found.sums(vec![1; found.order.len()])[1], u64::from(count) - 1);
    }

    proptest! {
        #[test]
        fn taking_a_node_away_loses_what_it_dominates(
            edges in (1_usize..24).prop_flat_map(|count| {
                proptest::collection::vec(proptest::collection::vec(0..count as u32, 0..5), count)
            })
        ) {
            check(&Lists(edges));
        }
    }
}
