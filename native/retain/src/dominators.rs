//! What would be freed with what: the dominator tree of the objects.
//!
//! An object dominates another when every way from the roots to that other one leads through it. So what an object
//! dominates is what it alone keeps alive, its *retained* bytes. Found with the Semi-NCA algorithm (Georgiadis, *Linear-Time
//! Algorithms for Dominators and Related Problems*, 2005), which is as fast in practice as those with better bounds.
//!
//! Everything here counts nodes in the order in which a depth-first walk meets them: the root is 0, and what dominates a
//! node always has a smaller number.

use crate::ahead::{AT_ONCE, fetch};
use crate::stop::{Stop, Stopped};

/// No number yet.
const NONE: u32 = u32::MAX;
/// The number comes when all others have theirs.
const LEAF: u32 = u32::MAX - 1;
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
        let hanging = hanging(graph, stop)?;
        let Walk { mut order, met, parent } = walk(graph, &hanging, stop)?;
        let (begin, predecessors) = predecessors(graph, &order, met, stop)?;
        let semi = semidominators(&parent, &begin, predecessors, stop)?;
        drop(begin);
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
        let mut place = vec![NONE; graph.nodes() as usize];
        for (at, node) in order.iter().enumerate() {
            place[*node as usize] = at as u32;
        }
        // Leaves behind all others: what dominates them comes before.
        for node in 0..graph.nodes() {
            let holder = place[node as usize];
            if holder == NONE {
                continue;
            }
            let (edges, add) = graph.successors(node);
            for leaf in edges.iter().map(|to| to + add).filter(|to| hanging.has(*to)) {
                place[leaf as usize] = order.len() as u32;
                order.push(leaf);
                dominator.push(holder);
            }
        }
        Ok(Self { order, place, dominator })
    }

    /// For each place the sum of a value over all that it dominates, itself among them.
    pub fn sums(&self, value: impl Fn(u32) -> u64) -> Vec<u64> {
        let mut sums: Vec<u64> = self.order.iter().map(|node| value(*node)).collect();
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

/// Some of the nodes: a bit each.
struct Bits(Vec<u64>);

impl Bits {
    fn of(values: impl ExactSizeIterator<Item = bool>) -> Self {
        let mut bits = vec![0; values.len().div_ceil(64)];
        for (index, value) in values.enumerate() {
            bits[index / 64] |= u64::from(value) << (index % 64);
        }
        Self(bits)
    }

    fn has(&self, node: u32) -> bool {
        self.0[node as usize / 64] >> (node % 64) & 1 == 1
    }
}

/// Which nodes lead nowhere, and one edge leads to them: half of a heap, and where they hang is plain.
fn hanging(graph: &impl Graph, stop: &Stop) -> Result<Bits, Stopped> {
    const LEAF: u8 = 4;
    let nodes = graph.nodes();
    // How many edges lead to each, as far as two.
    let mut met = vec![0_u8; nodes as usize];
    for node in 0..nodes {
        if node.is_multiple_of(STEPS) {
            stop.check()?;
        }
        let (edges, add) = graph.successors(node);
        if edges.is_empty() {
            met[node as usize] |= LEAF;
        }
        for to in edges {
            let met = &mut met[(to + add) as usize];
            *met = *met & LEAF | (*met & 3).saturating_add(1).min(2);
        }
    }
    Ok(Bits::of(met.into_iter().enumerate().map(|(node, met)| met == LEAF | 1 && node > 0)))
}

/// What is known of a node, together, since it is asked for in no order.
#[derive(Clone, Copy)]
struct Met {
    /// Its place, [`NONE`], or [`LEAF`].
    place: u32,
    /// How many edges lead to it.
    edges: u32,
}

/// Where nodes were met.
struct Walk {
    /// All that can be reached but `leaves`.
    order: Vec<u32>,
    /// Of each node.
    met: Vec<Met>,
    /// From which place each place was met.
    parent: Vec<u32>,
}

/// Depth first.
fn walk(graph: &impl Graph, hanging: &Bits, stop: &Stop) -> Result<Walk, Stopped> {
    let nodes = graph.nodes() as usize;
    let place = |node| if hanging.has(node) { LEAF } else { NONE };
    let mut met: Vec<Met> = (0..graph.nodes()).map(|node| Met { place: place(node), edges: 0 }).collect();
    let (mut order, mut parent) = (Vec::with_capacity(nodes), Vec::with_capacity(nodes));
    if nodes == 0 {
        return Ok(Walk { order, met, parent });
    }
    met[0].place = 0;
    order.push(0);
    parent.push(0);
    // The nodes on the way down, and how many of the edges of each were looked at.
    let mut path = vec![(0_u32, 0_u32)];
    while let Some((node, index)) = path.last_mut() {
        let (edges, add) = graph.successors(*node);
        if *index == 0 {
            edges.iter().take(MOST_FETCHED).for_each(|to| fetch(&met[(to + add) as usize..]));
        }
        let mut fresh = None;
        let own = met[*node as usize].place;
        for to in &edges[*index as usize..] {
            *index += 1;
            let next = to + add;
            let met = &mut met[next as usize];
            if met.place == LEAF {
                continue;
            }
            met.edges += 1;
            if met.place == NONE {
                met.place = order.len() as u32;
                fresh = Some(next);
                break;
            }
        }
        let Some(next) = fresh else {
            path.pop();
            continue;
        };
        if (order.len() as u32).is_multiple_of(STEPS) {
            stop.check()?;
        }
        parent.push(own);
        order.push(next);
        path.push((next, 0));
    }
    Ok(Walk { order, met, parent })
}

/// For each place those that lead to it.
fn predecessors(
    graph: &impl Graph,
    order: &[u32],
    mut met: Vec<Met>,
    stop: &Stop,
) -> Result<(Vec<u32>, Vec<u32>), Stopped> {
    let mut begin = Vec::with_capacity(order.len() + 1);
    let mut count = 0_u32;
    for node in order {
        begin.push(count);
        // From now on it is where the next one goes.
        let edges = std::mem::replace(&mut met[*node as usize].edges, count);
        count += edges;
    }
    begin.push(count);
    stop.check()?;
    let mut predecessors = vec![0; count as usize];
    let mut ways = Vec::with_capacity(2 * AT_ONCE);
    // In the order of nodes: their edges lie one behind the other.
    for node in 0..graph.nodes() {
        let from = met[node as usize].place;
        // Leaves lead nowhere.
        if from >= LEAF {
            continue;
        }
        let (edges, add) = graph.successors(node);
        for edges in edges.chunks(AT_ONCE) {
            ways.extend(edges.iter().map(|to| (to + add, from)));
            if ways.len() >= AT_ONCE {
                lead(&mut ways, &mut met, &mut predecessors);
            }
        }
    }
    lead(&mut ways, &mut met, &mut predecessors);
    stop.check()?;
    Ok((begin, predecessors))
}

/// Notes from which place ways lead to nodes. Step by step, so that a processor waits for the memory of all of them at once.
fn lead(ways: &mut Vec<(u32, u32)>, met: &mut [Met], predecessors: &mut [u32]) {
    for (to, _) in ways.iter() {
        fetch(&met[*to as usize..]);
    }
    ways.retain_mut(|(to, _)| {
        let met = &mut met[*to as usize];
        // A leaf has no place yet.
        if met.place >= LEAF {
            return false;
        }
        *to = met.edges;
        met.edges += 1;
        fetch(&predecessors[*to as usize..]);
        true
    });
    for (at, from) in ways.drain(..) {
        predecessors[at as usize] = from;
    }
}

/// For each place the smallest one from which a way leads to it through larger ones only.
///
/// Places are dealt with from the last one on: the lists here take memory only as that goes on, and `predecessors` gives it back.
fn semidominators(
    parent: &[u32],
    begin: &[u32],
    mut predecessors: Vec<u32>,
    stop: &Stop,
) -> Result<Vec<u32>, Stopped> {
    let count = parent.len();
    let mut semi = vec![0_u32; count];
    // The smallest semidominator on the way up, as far as that was shortened.
    let mut best = vec![0_u32; count];
    // The way up, shortened as it is used; a place is in it as soon as it has been dealt with.
    let mut up = vec![0_u32; count];
    let mut way = Vec::new();
    for place in (1..count).rev() {
        if (place as u32).is_multiple_of(STEPS) {
            stop.check()?;
            predecessors.truncate(begin[place + 1] as usize);
            predecessors.shrink_to_fit();
        }
        let mut smallest = parent[place];
        for from in &predecessors[begin[place] as usize..begin[place + 1] as usize] {
            let candidate = if *from as usize <= place {
                *from
            } else {
                least(*from, place as u32, &mut up, &mut best, &mut way)
            };
            smallest = smallest.min(candidate);
        }
        semi[place] = smallest;
        best[place] = smallest;
        up[place] = parent[place];
    }
    Ok(semi)
}

/// The smallest semidominator on the way up from `from`, as far as places larger than `last` go.
fn least(from: u32, last: u32, up: &mut [u32], best: &mut [u32], way: &mut Vec<u32>) -> u32 {
    let mut at = from;
    while up[at as usize] > last {
        way.push(at);
        at = up[at as usize];
    }
    // Downwards again: each learns what the one above it knows, and goes past it from now on.
    while let Some(below) = way.pop() {
        let above = up[below as usize] as usize;
        best[below as usize] = best[below as usize].min(best[above]);
        up[below as usize] = up[above];
    }
    best[from as usize]
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
        let sums = found.sums(|_| 1);
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
        assert_eq!(found.sums(|_| 1)[1], u64::from(count) - 1);
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
