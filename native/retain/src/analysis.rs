//! From the memory of a program to what can be asked about its heap.

use crate::dominators::{Children, Dominators, Graph};
use crate::image::Image;
use crate::marking::{Edges, Marks, mark};
use crate::roots::{self, Root};
use crate::runtime::heap::{Heap, HeapError};
use crate::runtime::layout::Layout;
use crate::runtime::modules::Module;
use crate::runtime::objects::Objects;
use crate::stop::{Stop, Stopped};
use crate::symbols::{Symbols, Types};
use crate::typing::{self, ObjectType};

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnalysisError {
    /// The heap cannot be read.
    #[error(transparent)]
    Heap(#[from] HeapError),
    /// Nobody wants it any more.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// What an analysis is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Spans, goroutines, roots.
    Reading,
    /// Which objects are alive.
    Marking,
    /// Which refers to which.
    Edges,
    /// What they are.
    Typing,
    /// What keeps what alive.
    Dominators,
}

/// The living heap of a program, analysed.
pub struct Analysis {
    /// The types, those found on the way among them.
    pub types: Types,
    /// The type of each object.
    pub type_of: Vec<ObjectType>,
    /// The bytes of each object's slot, in words.
    words_of: Vec<u32>,
    /// Where the search began.
    pub roots: Vec<Root>,
    /// The objects that each root refers to, with the place of the pointer in it.
    root_edges: Vec<Vec<(u64, u32)>>,
    /// Which object refers to which.
    pub edges: Edges,
    /// The dominator tree over [`Self::node_of`].
    pub dominators: Dominators,
    /// The same from above.
    pub children: Children,
    /// Retained bytes by place in the dominator tree.
    pub retained: Vec<u64>,
    /// What was counted.
    pub counts: Counts,
    /// The first slot of every span and its address: where an object lies.
    addresses: Addresses,
}

/// What was counted, by us and by the runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Objects that are alive.
    pub objects: u64,
    /// Bytes of their slots.
    pub bytes: u64,
    /// Slots in use, by the runtime's own bits: also what is garbage by now.
    pub allocated_objects: u64,
    /// Bytes of them.
    pub allocated_bytes: u64,
    /// Spans in which the last garbage still counts as in use.
    pub unswept_spans: u32,
    /// Roots whose pointers are not all known for sure.
    pub inexact_roots: u32,
}

/// Where objects lie.
struct Addresses {
    marks: Marks,
    /// First slot, address, bytes of a slot.
    spans: Vec<(u32, u64, u64)>,
}

impl Analysis {
    /// Analyses an image. `symbols` are those of the program it is of; `tell` hears what is being done.
    pub fn of(
        image: Image,
        mut symbols: Symbols,
        layout: &Layout,
        threads: usize,
        stop: &Stop,
        tell: &dyn Fn(Step),
    ) -> Result<Self, AnalysisError> {
        tell(Step::Reading);
        let modules = Module::all(&image, layout, image.bias);
        let heap = Heap::read(&image, layout, image.bias)?;
        let objects = Objects::new(&image, layout, &heap, modules.first().map(|module| module.types.0));
        let roots = roots::all(&objects, &symbols, &modules)?;
        tell(Step::Marking);
        let marks = mark(&objects, &roots, threads, stop)?;
        tell(Step::Edges);
        let edges = Edges::read(&objects, &marks, threads, stop)?;
        tell(Step::Typing);
        let mut types = std::mem::take(&mut symbols.types);
        let type_of = typing::types(&objects, &symbols, &marks, &roots, &mut types, stop)?;
        let root_edges: Vec<_> = roots.iter().map(|root| root_edges(&heap, &marks, root)).collect();
        let counts = Counts {
            objects: u64::from(marks.objects),
            bytes: marks.bytes,
            allocated_objects: heap.allocated_objects,
            allocated_bytes: heap.allocated_bytes,
            unswept_spans: heap.unswept_spans,
            inexact_roots: roots.iter().filter(|root| !root.exact).count() as u32,
        };
        let spans = heap.spans.iter().map(|span| (span.first, span.base, span.slot)).collect();
        let words_of = marks.words(&heap);
        drop(objects);
        drop((heap, image, symbols));
        tell(Step::Dominators);
        let graph = Refers { roots: &root_edges, edges: &edges, objects: marks.objects };
        let dominators = Dominators::of(&graph, stop)?;
        let first = roots.len() as u32 + 1;
        let retained = dominators.sums(|node| {
            node.checked_sub(first).map_or(0, |object| u64::from(words_of[object as usize]) * 8)
        });
        let children = dominators.children();
        Ok(Self {
            types,
            type_of,
            words_of,
            roots,
            root_edges,
            edges,
            dominators,
            children,
            retained,
            counts,
            addresses: Addresses { marks, spans },
        })
    }

    /// How many living objects.
    pub fn objects(&self) -> u32 {
        self.type_of.len() as u32
    }

    /// The bytes of an object's slot.
    pub fn bytes_of(&self, object: u32) -> u64 {
        u64::from(self.words_of[object as usize]) * 8
    }

    /// The node of an object in the graph that the dominators are of.
    pub fn node_of(&self, object: u32) -> u32 {
        object + self.roots.len() as u32 + 1
    }

    /// The place of an object in the dominator tree.
    pub fn place_of(&self, object: u32) -> u32 {
        self.dominators.place[self.node_of(object) as usize]
    }

    /// What is at a place in the dominator tree.
    pub fn at_place(&self, place: u32) -> Node {
        match self.dominators.order[place as usize] {
            0 => Node::All,
            node if node as usize <= self.roots.len() => Node::Root(node - 1),
            node => Node::Object(node - 1 - self.roots.len() as u32),
        }
    }

    /// What would be freed with an object.
    pub fn retained_by(&self, object: u32) -> u64 {
        self.retained[self.place_of(object) as usize]
    }

    /// The objects that a root refers to, with the place of the pointer (bytes from its beginning).
    pub fn root_edges(&self, root: u32) -> &[(u64, u32)] {
        &self.root_edges[root as usize]
    }

    /// Where an object's slot lies.
    pub fn address_of(&self, object: u32) -> u64 {
        let slot = self.addresses.marks.slot(object);
        let span = self.addresses.spans.partition_point(|(first, ..)| *first <= slot) - 1;
        let (first, base, size) = self.addresses.spans[span];
        base + u64::from(slot - first) * size
    }
}

/// A node of the graph that the dominators are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// Where all roots hang.
    All,
    /// A root.
    Root(u32),
    /// An object.
    Object(u32),
}

fn root_edges(heap: &Heap, marks: &Marks, root: &Root) -> Vec<(u64, u32)> {
    let target = |(place, value): &(u64, u64)| {
        let (span, slot) = heap.object_at(*value)?;
        Some((*place, marks.object(heap.spans[span].first + slot)?))
    };
    root.pointers.iter().filter_map(target).collect()
}

/// The graph: 0 is where all roots hang, then the roots, then the objects.
struct Refers<'a> {
    roots: &'a [Vec<(u64, u32)>],
    edges: &'a Edges,
    objects: u32,
}

impl Graph for Refers<'_> {
    fn nodes(&self) -> u32 {
        1 + self.roots.len() as u32 + self.objects
    }

    fn successor(&self, node: u32, index: u32) -> Option<u32> {
        let roots = self.roots.len() as u32;
        let object = match node {
            0 => return (index < roots).then_some(index + 1),
            node if node <= roots => self.roots[node as usize - 1].get(index as usize)?.1,
            node => *self.edges.of(node - 1 - roots).get(index as usize)?,
        };
        Some(object + 1 + roots)
    }
}
