//! The icicle: subsystem, package, function, as frames of a flame tree.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use crate::heap::flame::{FlameNode, FlameNodeKind, FlameQuery, FlameTree};
use crate::heap::index::{HeapError, HeapIndex};
use crate::heap::query::Filter;

impl HeapIndex {
    /// What each subsystem holds, by package and then by the function that allocated it. The path of the query is a
    /// subsystem's id, a package and a function, as far as it is zoomed; its direction and focus mean nothing here.
    ///
    /// # Errors
    /// An unknown sample type; a path that leads nowhere.
    pub fn icicle(&self, query: &FlameQuery) -> Result<FlameTree, HeapError> {
        let kind = self.kind(query.sample_type.as_deref())?;
        let mut at = self.by_subsystem(kind, &query.search);
        for name in &query.path {
            let found = at.inner.into_iter().find(|block| block.name == *name);
            at = found.ok_or_else(|| HeapError::UnknownPath { function: name.clone() })?;
        }
        let mut drawing = Drawing { drawn: drawn(&at, query), nodes: Vec::new() };
        drawing.block(&at, 0, 0, query.path.first().map(String::as_str));
        let sample_type = self.sample_type(kind);
        Ok(FlameTree {
            sample_type: sample_type.sample_type,
            unit: sample_type.unit,
            total: self.table(kind).total,
            base_total: None,
            matched: at.matched,
            base_matched: 0,
            path: query.path.clone(),
            nodes: drawing.nodes,
        })
    }

    fn by_subsystem(&self, kind: usize, search: &str) -> Block {
        let search = (!search.trim().is_empty()).then(|| Filter::new(search));
        let rules = self.assignment().rules;
        let mut root = Block::new(FlameNodeKind::Root, String::new());
        let mut subsystems: HashMap<u8, usize> = HashMap::new();
        let mut packages: HashMap<(u8, &str), usize> = HashMap::new();
        for ((number, node), value) in self.flat_by_subsystem(kind) {
            // A negative value has no width.
            if value <= 0 {
                continue;
            }
            let is_match =
                |search: &Filter| node.is_some_and(|node| search.matches(&self.nodes.list[node as usize]));
            let matched = if search.as_ref().is_some_and(is_match) { value } else { 0 };
            root.add(value, matched);
            let subsystem = *subsystems.entry(number).or_insert_with(|| {
                root.push(Block::new(FlameNodeKind::Subsystem, rules.id(number).to_owned()))
            });
            let subsystem = &mut root.inner[subsystem];
            subsystem.add(value, matched);
            let Some(node) = node else {
                subsystem.own = subsystem.own.saturating_add(value);
                continue;
            };
            let function = &self.nodes.list[node as usize];
            let package = *packages.entry((number, &function.package)).or_insert_with(|| {
                subsystem.push(Block::new(FlameNodeKind::Package, function.package.clone()))
            });
            let package = &mut subsystem.inner[package];
            package.add(value, matched);
            package.push(Block {
                package: function.package.clone(),
                source: Some((function.file.clone(), function.line)),
                is_ballast: number == rules.ballast(),
                value,
                own: value,
                matched,
                ..Block::new(FlameNodeKind::Frame, function.name.clone())
            });
        }
        root.sort(&mut 0);
        root
    }
}

/// A subsystem, a package or a function, with what it consists of.
struct Block {
    kind: FlameNodeKind,
    name: String,
    package: String,
    source: Option<(String, i64)>,
    is_ballast: bool,
    value: i64,
    own: i64,
    /// What of `value` is in functions that match the search.
    matched: i64,
    /// Its place in the order of drawing.
    number: usize,
    inner: Vec<Block>,
}

impl Block {
    fn new(kind: FlameNodeKind, name: String) -> Self {
        let package = if kind == FlameNodeKind::Package { name.clone() } else { String::new() };
        Self {
            kind,
            name,
            package,
            source: None,
            is_ballast: false,
            value: 0,
            own: 0,
            matched: 0,
            number: 0,
            inner: Vec::new(),
        }
    }

    fn add(&mut self, value: i64, matched: i64) {
        self.value = self.value.saturating_add(value);
        self.matched = self.matched.saturating_add(matched);
    }

    fn push(&mut self, block: Block) -> usize {
        self.inner.push(block);
        self.inner.len() - 1
    }

    /// Largest first, equal ones by name.
    fn sort(&mut self, number: &mut usize) {
        self.number = *number;
        *number += 1;
        self.inner.sort_by(|a, b| b.value.cmp(&a.value).then_with(|| a.name.cmp(&b.name)));
        self.inner.iter_mut().for_each(|block| block.sort(number));
    }

    fn each(&self, visit: &mut impl FnMut(&Block)) {
        for block in &self.inner {
            visit(block);
            block.each(visit);
        }
    }
}

/// The numbers of the blocks that are drawn on their own: the widest. What contains a block is never narrower and comes
/// before it in the order of drawing, so none is taken without that.
fn drawn(root: &Block, query: &FlameQuery) -> HashSet<usize> {
    let narrowest = (root.value as f64 * query.min_share).max(1.0);
    let mut wide: Vec<(Reverse<i64>, usize)> = Vec::new();
    root.each(&mut |block| {
        if block.value as f64 >= narrowest {
            wide.push((Reverse(block.value), block.number));
        }
    });
    wide.sort_unstable();
    wide.into_iter().take(query.max_nodes).map(|(_, number)| number).collect()
}

struct Drawing {
    drawn: HashSet<usize>,
    nodes: Vec<FlameNode>,
}

impl Drawing {
    fn block(&mut self, block: &Block, depth: u32, start: i64, within: Option<&str>) {
        let subsystem =
            if block.kind == FlameNodeKind::Subsystem { Some(block.name.as_str()) } else { within };
        let (file, line) = block.source.clone().unwrap_or_default();
        let function = if block.kind == FlameNodeKind::Frame { block.name.clone() } else { String::new() };
        self.nodes.push(FlameNode {
            kind: block.kind,
            function,
            package: block.package.clone(),
            file,
            line,
            own: block.own,
            matched: block.matched,
            label: block.is_ballast.then(|| "ballast".to_owned()),
            subsystem: subsystem.map(str::to_owned),
            ..FlameNode::blank(depth, start, block.value)
        });
        let mut at = start;
        let (mut merged, mut rest) = (0, Block::new(FlameNodeKind::Other, String::new()));
        for inner in &block.inner {
            if self.drawn.contains(&inner.number) {
                self.block(inner, depth + 1, at, subsystem);
                at = at.saturating_add(inner.value);
            } else {
                merged += 1;
                rest.add(inner.value, inner.matched);
            }
        }
        if merged > 0 {
            let subsystem = subsystem.map(str::to_owned);
            let other = FlameNode::blank(depth + 1, at, rest.value);
            self.nodes.push(FlameNode { matched: rest.matched, merged, subsystem, ..other });
        }
    }
}
