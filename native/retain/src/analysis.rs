//! From the memory of a program to what can be asked about its heap.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, mpsc};

use crate::ahead::fetch;
use crate::dominators::{Children, Dominators, Graph};
use crate::image::Image;
use crate::known::Known;
use crate::marking::{Edges, Edging, Marks, Slots, died, mark};
use crate::memory::Memory as _;
use crate::notes::Notes;
use crate::roots::{self, Root};
use crate::runtime::goroutines;
use crate::runtime::heap::{Count, Heap, HeapError};
use crate::runtime::layout::Layout;
use crate::runtime::masks;
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

/// Reads pieces of memory (address and length) that turned out to be needed only now; what is not there any more is none.
pub type Late<'a> = &'a dyn Fn(Vec<(u64, u64)>) -> Vec<Option<Vec<u8>>>;

/// Such a piece is no longer than this.
pub const MOST_LATE_BYTES: u64 = 1 << 20;
/// And there are no more than this at once.
const MOST_LATE: usize = 10_000;

/// Who finds types leaves so much of the edges to who finds what holds what: the rest of the former takes longer.
const LEFT_EDGES: f64 = 0.45;

/// The runtime has one of its own for each that it may use.
const MOST_PROCESSORS: u64 = 1 << 16;
/// With so little not found it does not matter whether it has died or was missed: to find out takes as long as marking.
const FEW_MISSED: f64 = 0.001;

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
    /// What was noted of single objects.
    pub notes: Notes,
    /// The first slot of every span and its address: where an object lies.
    addresses: Addresses,
    /// What is known of the object at each place of the dominator tree, until somebody takes it.
    placed: Vec<Placed>,
}

/// What was counted, by us and by the runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Objects that are alive.
    pub found: Count,
    /// Slots in use, by the runtime's own bits: also what is garbage by now.
    pub in_use: Count,
    /// What the last collection found alive.
    pub survivors: Count,
    /// What of that was found alive here.
    pub survivors_found: Count,
    /// What of that has died since: it was not found, and no word of memory has its address any more. Not looked for when next to
    /// nothing is missing.
    pub died: Count,
    /// Spans that were not swept since that collection: nothing is known of their survivors.
    pub unswept_spans: u32,
    /// Roots whose pointers are not all known for sure.
    pub inexact_roots: u32,
}

/// What is known of an object without a look at it.
#[derive(Clone, Copy, Default)]
pub struct Placed {
    /// Its type.
    pub object_type: ObjectType,
    words: u32,
}

impl Placed {
    /// The bytes of its slot.
    pub fn bytes(self) -> u64 {
        u64::from(self.words) * 8
    }
}

/// Where objects lie.
struct Addresses {
    marks: Marks,
    spans: Vec<Slots>,
}

impl Analysis {
    /// Analyses an image. `symbols` are those of the program it is of; `tell` hears what is being done.
    pub fn of(
        mut image: Image,
        mut symbols: Symbols,
        layout: &Layout,
        threads: usize,
        stop: &Stop,
        tell: &dyn Fn(Step),
        late: Late<'_>,
    ) -> Result<Self, AnalysisError> {
        tell(Step::Reading);
        let modules = Module::all(&image, layout, image.bias);
        let heap = Heap::read(&image, layout, image.bias)?;
        gather(&mut image, &heap, layout);
        let types_begin = modules.first().map(|module| module.types.0);
        fetch_masks(&mut image, layout, &heap, late);
        let objects = Objects::new(&image, layout, &heap, types_begin);
        let roots = roots::all(&objects, &symbols, &modules)?;
        tell(Step::Marking);
        let marks = mark(&objects, &roots, threads, stop)?;
        let died = if marks.survivors.lacks(marks.survivors_found) > FEW_MISSED {
            let words = words(&image, layout, &modules)?;
            died(&objects, &marks, &words, &processors(&image, &symbols), threads, stop)?
        } else {
            Count::default()
        };
        tell(Step::Edges);
        drop(objects);
        let root_edges: Vec<_> = roots.iter().map(|root| root_edges(&heap, &marks, root)).collect();
        let spans: Vec<Slots> =
            heap.spans.iter().map(|span| (span.first, span.base, span.slot, span.slots)).collect();
        let counts = Counts {
            found: marks.found,
            in_use: heap.in_use,
            survivors: marks.survivors,
            survivors_found: marks.survivors_found,
            died,
            unswept_spans: heap.unswept_spans,
            inexact_roots: roots.iter().filter(|root| !root.exact).count() as u32,
        };
        let mut types = std::mem::take(&mut symbols.types);
        let copied = Arc::new((image, heap));
        let edging = Arc::new(Edging::new(&marks));
        let (type_of, notes, edges, dominators) = std::thread::scope(|scope| {
            // Ends when all that took part in it have left.
            let (taking_part, all_left) = mpsc::channel::<Infallible>();
            let take_part = |left: f64| {
                let (edging, copied, taking_part) = (edging.clone(), copied.clone(), taking_part.clone());
                move || {
                    let objects = Objects::new(&copied.0, layout, &copied.1, types_begin);
                    edging.take_part(&objects, left, stop);
                    drop((edging, taking_part));
                }
            };
            for _ in 2..threads {
                scope.spawn(take_part(0.0));
            }
            let (first, own) = (take_part(0.0), take_part(LEFT_EDGES));
            drop(taking_part);
            // What holds what does not depend on what it is.
            let (root_edges, marks) = (&root_edges, &marks);
            let tree = scope.spawn(move || {
                first();
                let _ = all_left.recv();
                let edges = Arc::into_inner(edging).ok_or(Stopped)?.done(stop)?;
                let dominators = Dominators::of(&Refers::new(root_edges, &edges, marks.objects), stop)?;
                Ok::<_, Stopped>((edges, dominators))
            });
            own();
            tell(Step::Typing);
            let objects = Objects::new(&copied.0, layout, &copied.1, types_begin);
            let type_of = typing::types(&objects, &symbols, &modules, marks, &roots, &mut types, stop)?;
            let notes = Notes::read(&objects, marks, &types, &type_of, &Known::built_in());
            drop(objects);
            // A tenth of a second for the system, in which nobody has to wait for it. What keeps a thread from being started drops it, too.
            let _ = std::thread::Builder::new().spawn(move || drop((copied, symbols)));
            tell(Step::Dominators);
            let (edges, dominators) = tree.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok::<_, Stopped>((type_of, notes, edges, dominators))
        })?;
        // The copy is gone by now, or soon: there is room for these.
        let words_of = marks.words(&spans);
        let placed = by_place(&dominators, roots.len() as u32 + 1, &type_of, &words_of, threads);
        let (retained, children) = std::thread::scope(|scope| {
            let children = scope.spawn(|| dominators.children());
            let retained = dominators.sums(placed.iter().map(|placed| placed.bytes()).collect());
            (retained, children.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        stop.check()?;
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
            notes,
            addresses: Addresses { marks, spans },
            placed,
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

    /// What is known of the object at each place of the dominator tree; nothing where a root is. There is much of it, so it is given away.
    pub fn take_placed(&mut self) -> Vec<Placed> {
        std::mem::take(&mut self.placed)
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

    /// Calls `each` with every object and where its slot lies, in the order of addresses.
    pub fn each_address(&self, mut each: impl FnMut(u32, u64)) {
        let mut object = 0;
        for (first, base, size, slots) in &self.addresses.spans {
            for slot in self.addresses.marks.living(*first, first + slots) {
                each(object, base + u64::from(slot - first) * size);
                object += 1;
            }
        }
    }
}

/// Where the runtime keeps what belongs to a processor: among it what the collector has noted last, of objects long gone.
fn processors(image: &Image, symbols: &Symbols) -> Vec<u64> {
    let list = symbols.globals.iter().find(|global| &*global.name == "runtime.allp");
    let Some(at) = list.map(|list| list.address.wrapping_add(image.bias)) else { return Vec::new() };
    let (begin, count) = (image.word(at).unwrap_or(0), image.word(at.wrapping_add(8)).unwrap_or(0));
    (0..count.min(MOST_PROCESSORS)).filter_map(|index| image.word(begin.wrapping_add(index * 8))).collect()
}

/// Where a span came to lie while it was planned what to copy, an object may be in two pieces of the copy, as may the bits that say
/// which words are pointers. Those are put together.
fn gather(image: &mut Image, heap: &Heap, layout: &Layout) {
    let touching =
        image.pieces().windows(2).filter(|pair| pair[0].address + pair[0].length == pair[1].address);
    let borders: Vec<u64> = touching.map(|pair| pair[1].address).collect();
    for border in borders {
        let Some(span) =
            heap.span_at(border).map(|index| &heap.spans[index]).filter(|span| span.has_pointers)
        else {
            continue;
        };
        let (into, bits) = (border - span.base, span.bits_at(layout));
        let (from, length) = match bits {
            Some(bits) if into > bits => (bits, span.length - bits),
            _ => (into / span.slot * span.slot, span.slot),
        };
        let from = span.base + from;
        if from < border
            && let Some(bytes) = image.bytes(from, length, length)
        {
            image.add(from, bytes);
        }
    }
}

/// Every word outside of the heap that a program can reach an object by, pointer or not: global variables, stacks, registers.
fn words(image: &Image, layout: &Layout, modules: &[Module]) -> Result<Vec<u64>, HeapError> {
    let mut ranges: Vec<_> = modules.iter().flat_map(|module| [module.data, module.bss]).collect();
    let goroutines = goroutines::all(image, layout, image.bias, &image.threads)?;
    ranges.extend(goroutines.into_iter().map(|goroutine| goroutine.stack));
    let mut words: Vec<u64> = image.threads.iter().flat_map(|thread| &thread.registers).copied().collect();
    for (begin, end) in ranges {
        words.extend(
            (begin..end).step_by(8).filter_map(|address| image.word(address)).filter(|word| *word != 0),
        );
    }
    Ok(words)
}

/// Some masks are made when they are needed first, and their pointers lie among variables that are not copied; those of types
/// that the program made itself lie in memory without pointers.
fn fetch_masks(image: &mut Image, layout: &Layout, heap: &Heap, late: Late<'_>) {
    let objects = Objects::new(image, layout, heap, None);
    let mut described = HashSet::new();
    for (index, span) in heap.spans.iter().enumerate().filter(|(_, span)| objects.is_described(span)) {
        for slot in (0..span.slots).filter(|slot| heap.is_allocated(span.first + slot)) {
            described.insert(objects.description(index, slot));
        }
    }
    // The mask may be behind one more pointer.
    for _ in 0..2 {
        let missing = |description: &u64| masks::missing(image, layout, *description);
        let mut needed: Vec<(u64, u64)> = described.iter().filter_map(missing).collect();
        needed.sort_unstable();
        needed.dedup();
        needed.retain(|(_, length)| *length <= MOST_LATE_BYTES);
        needed.truncate(MOST_LATE);
        if needed.is_empty() {
            return;
        }
        for ((address, _), bytes) in needed.clone().into_iter().zip(late(needed)) {
            if let Some(bytes) = bytes {
                image.add(address, bytes);
            }
        }
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

/// What is known of objects, by their places; that of the first object is node `first`.
fn by_place(
    dominators: &Dominators,
    first: u32,
    type_of: &[ObjectType],
    words_of: &[u32],
    threads: usize,
) -> Vec<Placed> {
    let soon = |node: u32| {
        if let Some(object) = node.checked_sub(first) {
            fetch(&type_of[object as usize..]);
            fetch(&words_of[object as usize..]);
        }
    };
    let of = |object: usize| Placed { object_type: type_of[object], words: words_of[object] };
    let of_node =
        |node: u32| node.checked_sub(first).map_or_else(Placed::default, |object| of(object as usize));
    dominators.by_place(threads, soon, of_node)
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
    /// The numbers of the roots.
    all: Vec<u32>,
    /// What each of them refers to.
    roots: Vec<Vec<u32>>,
    edges: &'a Edges,
    objects: u32,
}

impl<'a> Refers<'a> {
    fn new(roots: &[Vec<(u64, u32)>], edges: &'a Edges, objects: u32) -> Self {
        let all = (0..roots.len() as u32).collect();
        let roots = roots.iter().map(|edges| edges.iter().map(|(_, object)| *object).collect()).collect();
        Self { all, roots, edges, objects }
    }
}

impl Graph for Refers<'_> {
    fn nodes(&self) -> u32 {
        1 + self.roots.len() as u32 + self.objects
    }

    fn successors(&self, node: u32) -> (&[u32], u32) {
        let roots = self.roots.len() as u32;
        match node {
            0 => (&self.all, 1),
            node if node <= roots => (&self.roots[node as usize - 1], 1 + roots),
            node => (self.edges.of(node - 1 - roots), 1 + roots),
        }
    }

    fn soon(&self, node: u32) {
        if let Some(object) = node.checked_sub(1 + self.roots.len() as u32) {
            self.edges.soon(object);
        }
    }
}
