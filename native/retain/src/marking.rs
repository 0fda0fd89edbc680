//! Which objects are alive, and which refers to which: what the garbage collector would find, without running it.
//!
//! Two passes. The first follows pointers from the roots and sets a bit for each object it meets; it has to jump about in
//! memory. The second goes through the living objects in the order of their addresses and writes down where their pointers
//! lead, as numbers of objects. An object's number is how many living ones lie below it, so no table of addresses is needed.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

use crate::ahead::{AT_ONCE, Ahead, fetch};
use crate::memory::number_in;
use crate::roots::Root;
use crate::runtime::heap::{Count, Heap, Slot};
use crate::runtime::objects::{Objects, Pointers};
use crate::stop::{Stop, Stopped};

/// Objects handed from one thread to another at once.
const BATCH: usize = 512;
/// Fewer are not worth handing over.
const LEAST_SHARED: usize = 16;
/// The place of a pointer that is further behind in an object than a small number says: see [`Chunk::far`].
const FAR: u16 = u16::MAX;

/// The slots of a span: the first, its address, bytes of one, how many.
pub type Slots = (u32, u64, u64, u32);

/// Which of 64 slots have a living object.
#[derive(Clone, Copy)]
struct Word {
    bits: u64,
    /// How many bits are set in all words before.
    before: u32,
}

impl Word {
    fn object(self, bit: u32) -> Option<u32> {
        (self.bits >> bit & 1 == 1).then(|| self.before + (self.bits & ((1 << bit) - 1)).count_ones())
    }
}

/// Which objects are alive.
pub struct Marks {
    words: Vec<Word>,
    /// Living objects.
    pub objects: u32,
    /// The same with the bytes of their slots.
    pub found: Count,
    /// What the last collection found alive.
    pub survivors: Count,
    /// What of that is still alive.
    pub survivors_found: Count,
}

impl Marks {
    /// The number of a living object, by the number of its slot.
    pub fn object(&self, slot: u32) -> Option<u32> {
        self.words[(slot / 64) as usize].object(slot % 64)
    }

    /// A slot's object will be asked for soon.
    pub fn soon(&self, slot: u32) {
        fetch(&self.words[(slot / 64) as usize..]);
    }

    /// The slot of a living object.
    ///
    /// # Panics
    /// When there are not so many objects.
    pub fn slot(&self, object: u32) -> u32 {
        let word = self.words.partition_point(|word| word.before <= object) - 1;
        let Word { mut bits, before } = self.words[word];
        for _ in 0..object - before {
            bits &= bits - 1;
        }
        word as u32 * 64 + bits.trailing_zeros()
    }

    fn count(&mut self, heap: &Heap) {
        for span in &heap.spans {
            for word in span.words() {
                let (found, survived) = (self.words[word].bits, heap.survived[word]);
                self.found.add(found.count_ones().into(), span.slot);
                self.survivors.add(survived.count_ones().into(), span.slot);
                self.survivors_found.add((found & survived).count_ones().into(), span.slot);
            }
        }
    }

    /// The words of every object's slot.
    pub fn words(&self, spans: &[Slots]) -> Vec<u32> {
        let mut words = Vec::with_capacity(self.objects as usize);
        for (first, _, size, slots) in spans {
            let living = self.living(*first, first + slots).count();
            words.resize(words.len() + living, u32::try_from(size / 8).unwrap_or(u32::MAX));
        }
        words
    }

    /// The living slots from one on up to another, in order.
    pub fn living(&self, from: u32, end: u32) -> impl Iterator<Item = u32> + '_ {
        let words = (from / 64) as usize..(end as usize).div_ceil(64);
        words.flat_map(move |word| {
            let mut bits = self.words[word].bits;
            if word == (from / 64) as usize {
                bits &= u64::MAX << (from % 64);
            }
            std::iter::from_fn(move || {
                (bits != 0).then(|| {
                    let bit = bits.trailing_zeros();
                    bits &= bits - 1;
                    word as u32 * 64 + bit
                })
            })
        })
    }
}

/// Follows all pointers from the roots.
pub fn mark(objects: &Objects<'_>, roots: &[Root], threads: usize, stop: &Stop) -> Result<Marks, Stopped> {
    let heap = objects.heap;
    let shared = Shared::new(std::iter::repeat(0), heap);
    let mut first = Vec::new();
    for (_, value) in roots.iter().flat_map(|root| &root.pointers) {
        shared.reach(*value, &mut first);
    }
    lock(&shared.work).batches = first.chunks(BATCH).map(<[_]>::to_vec).collect();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| shared.follow(Pointers::new(objects), threads, stop));
        }
    });
    stop.check()?;
    let mut objects = 0_u32;
    let word = |slots: InUse| {
        let word = Word { bits: slots.met.into_inner(), before: objects };
        objects += word.bits.count_ones();
        word
    };
    let words = shared.slots.into_iter().map(word).collect();
    let mut marks = Marks {
        words,
        objects,
        found: Count::default(),
        survivors: Count::default(),
        survivors_found: Count::default(),
    };
    marks.count(heap);
    Ok(marks)
}

/// What of all that the last collection found alive has died since: not found, and nothing has its address any more.
///
/// An object that was missed is one that a pointer leads to which we took for none, or did not see: a mask or the map of a
/// stack was read wrongly, a variable was passed over. So every word counts here, whatever it is, of all living objects, global
/// variables and stacks (`words`), and of what they lead to. What still is not met cannot be reached by the program. What is met
/// may have died all the same: old values lie about in stacks. Objects that the addresses `not_in` point at are the runtime's,
/// and full of such.
pub fn died(
    objects: &Objects<'_>,
    marks: &Marks,
    words: &[u64],
    not_in: &[u64],
    threads: usize,
    stop: &Stop,
) -> Result<Count, Stopped> {
    let heap = objects.heap;
    let shared = Shared::new(marks.words.iter().map(|word| word.bits), heap);
    let mut first = Vec::new();
    words.iter().for_each(|value| shared.reach(*value, &mut first));
    let not_in: Vec<_> = not_in.iter().filter_map(|address| heap.object_at(*address)).collect();
    let (next, unread) = (AtomicUsize::new(0), AtomicBool::new(false));
    let each_word = |(index, slot): Reached, into: &mut Vec<Reached>| {
        let size = heap.spans[index as usize].slot;
        if not_in.contains(&(index as usize, slot)) {
            return;
        }
        let object = objects.bytes(index as usize, u64::from(slot) * size, size);
        if object.is_empty() {
            unread.store(true, Ordering::Relaxed);
        }
        object.chunks_exact(8).for_each(|word| shared.reach(number_in(word, 0, 8), into));
    };
    let from_living = |mut own: Vec<Reached>| {
        loop {
            while let Some(reached) = own.pop() {
                each_word(reached, &mut own);
            }
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(span) = heap.spans.get(index).filter(|_| !stop.is_set()) else { return };
            if span.has_pointers {
                for slot in marks.living(span.first, span.first + span.slots) {
                    each_word((index as u32, slot - span.first), &mut own);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| from_living(Vec::new()));
        }
        from_living(first);
    });
    stop.check()?;
    let mut died = Count::default();
    // Of a living object that could not be read nobody knows what it holds.
    if !unread.into_inner() {
        for span in &heap.spans {
            for word in span.words() {
                let met = shared.slots[word].met.load(Ordering::Relaxed);
                died.add((heap.survived[word] & !met).count_ones().into(), span.slot);
            }
        }
    }
    Ok(died)
}

/// An object that has been reached and not been looked into: its span and slot.
type Reached = (u32, u32);

struct Work {
    batches: Vec<Vec<Reached>>,
    idle: usize,
}

/// Which of 64 slots are in use, and which of those have been met.
struct InUse {
    allocated: u64,
    met: AtomicU64,
}

struct Shared<'a> {
    slots: Vec<InUse>,
    heap: &'a Heap,
    work: Mutex<Work>,
    some: Condvar,
    /// How many threads have nothing to do, to be looked at without the lock.
    waiting: AtomicUsize,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Shared<'a> {
    /// `met` are bits of those that were met before.
    fn new(met: impl Iterator<Item = u64>, heap: &'a Heap) -> Self {
        let slots = heap.allocated.iter().zip(met);
        let slots = slots.map(|(allocated, met)| InUse { allocated: *allocated, met: met.into() }).collect();
        let work = Mutex::new(Work { batches: Vec::new(), idle: 0 });
        Self { slots, heap, work, some: Condvar::new(), waiting: AtomicUsize::new(0) }
    }

    /// Notes what a pointer leads to.
    fn reach(&self, value: u64, into: &mut Vec<Reached>) {
        if let Some(slot) = self.heap.slot_at(value) {
            self.meet(slot, into);
        }
    }

    /// The same for many.
    fn reach_all(&self, values: &[u64], into: &mut Vec<Reached>) {
        let soon = |slot: Slot| fetch(&self.slots[(slot.number / 64) as usize..]);
        self.heap.slots_at(values, soon, |_, slot| {
            if let Some(slot) = slot {
                self.meet(slot, into);
            }
        });
    }

    /// Sets the bit of an object; when it was not set before and it may have pointers, it is to be looked into.
    fn meet(&self, slot: Slot, into: &mut Vec<Reached>) {
        let (slots, bit) = (&self.slots[(slot.number / 64) as usize], 1 << (slot.number % 64));
        // Most objects are reached more than once: looking is cheaper than setting.
        if slots.allocated & bit != 0
            && slots.met.load(Ordering::Relaxed) & bit == 0
            && slots.met.fetch_or(bit, Ordering::Relaxed) & bit == 0
            && slot.has_pointers
        {
            into.push((slot.span as u32, slot.slot));
        }
    }

    fn follow(&self, mut pointers: Pointers<'_>, threads: usize, stop: &Stop) {
        let mut own: Vec<Reached> = Vec::new();
        // Those whose values are on their way, and what the pointers of those before them are.
        let mut soon = Ahead::new();
        let mut values = Vec::with_capacity(AT_ONCE);
        let objects = pointers.objects;
        loop {
            let more = || own.pop().inspect(|(index, _)| objects.soon(*index as usize));
            let next = soon.next(more, |(index, slot): Reached| {
                fetch(objects.value(index as usize, slot));
                (index, slot)
            });
            match next {
                Some((index, slot)) => {
                    pointers.each(index as usize, slot, |_, value| values.push(value));
                    if values.len() < AT_ONCE {
                        continue;
                    }
                }
                None if values.is_empty() => {
                    match self.take(threads) {
                        Some(batch) => own = batch,
                        None => return,
                    }
                    if stop.is_set() {
                        own.clear();
                    }
                    continue;
                }
                None => {}
            }
            self.reach_all(&values, &mut own);
            values.clear();
            let keep = match own.len() {
                many if many > 4 * BATCH => BATCH,
                // Somebody has nothing to do: half of it is for them, what was put there first, since the most hangs below that.
                some if some >= LEAST_SHARED && self.waiting.load(Ordering::Relaxed) > 0 => some / 2,
                _ => continue,
            };
            let rest = own.split_off(own.len() - keep);
            lock(&self.work).batches.push(std::mem::replace(&mut own, rest));
            self.some.notify_one();
            own.shrink_to(4 * BATCH);
        }
    }

    /// More to do; none when nobody has anything left.
    fn take(&self, threads: usize) -> Option<Vec<Reached>> {
        let mut work = lock(&self.work);
        work.idle += 1;
        loop {
            if let Some(batch) = work.batches.pop() {
                work.idle -= 1;
                self.waiting.store(work.idle, Ordering::Relaxed);
                return Some(batch);
            }
            self.waiting.store(work.idle, Ordering::Relaxed);
            if work.idle == threads {
                self.some.notify_all();
                return None;
            }
            work = self.some.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Objects whose edges lie together.
const CHUNK_SHIFT: u32 = 14;
const CHUNK: u32 = 1 << CHUNK_SHIFT;

/// Which object refers to which. None of the edges is nil or leads out of the heap.
pub struct Edges {
    chunks: Vec<Chunk>,
    count: usize,
}

/// The edges of some objects that follow each other.
#[derive(Default)]
struct Chunk {
    /// Where the edges of each object begin; one more than there are objects.
    begin: Begins,
    to: Vec<u32>,
    /// The word of the object's value that the pointer is in, or [`FAR`].
    place: Vec<u16>,
    /// Those that are far behind, as in large arrays: the edge, and the word.
    far: Vec<(u32, u32)>,
}

/// Numbers up to that of the edges of a chunk: mostly few.
enum Begins {
    Few(Vec<u16>),
    Many(Vec<u32>),
}

impl Default for Begins {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Begins {
    fn of(begin: Vec<u32>) -> Self {
        // The last one is the largest.
        match begin.last().is_none_or(|last| *last <= u32::from(u16::MAX)) {
            true => Self::Few(begin.into_iter().map(|begin| begin as u16).collect()),
            false => Self::Many(begin),
        }
    }

    fn soon(&self, index: usize) {
        match self {
            Self::Few(begin) => fetch(&begin[index..]),
            Self::Many(begin) => fetch(&begin[index..]),
        }
    }

    fn at(&self, index: usize) -> usize {
        match self {
            Self::Few(begin) => usize::from(begin[index]),
            Self::Many(begin) => begin[index] as usize,
        }
    }
}

impl Chunk {
    /// Adds pointers, in the order of objects and words: `begin` is where the edges of each begin, `of` says in which object of the chunk and in which of its words each is.
    fn add(&mut self, begin: &mut Vec<u32>, heap: &Heap, marks: &Marks, of: &[(u32, u32)], values: &[u64]) {
        let soon = |slot: Slot| marks.soon(slot.number);
        heap.slots_at(values, soon, |index, slot| {
            let Some(target) = slot.and_then(|slot| marks.object(slot.number)) else { return };
            let (object, place) = of[index];
            // None of the objects since the last one has any.
            begin.resize(begin.len().max(object as usize + 1), self.to.len() as u32);
            self.to.push(target);
            match u16::try_from(place) {
                Ok(place) if place != FAR => self.place.push(place),
                _ => {
                    self.far.push((self.to.len() as u32 - 1, place));
                    self.place.push(FAR);
                }
            }
        });
    }

    fn range(&self, object: u32) -> std::ops::Range<usize> {
        let index = (object & (CHUNK - 1)) as usize;
        self.begin.at(index)..self.begin.at(index + 1)
    }
}

impl Edges {
    /// What an object refers to, in the order of its words.
    pub fn of(&self, object: u32) -> &[u32] {
        let chunk = &self.chunks[(object >> CHUNK_SHIFT) as usize];
        &chunk.to[chunk.range(object)]
    }

    /// Those of an object will be asked for soon.
    pub fn soon(&self, object: u32) {
        self.chunks[(object >> CHUNK_SHIFT) as usize].begin.soon((object & (CHUNK - 1)) as usize);
    }

    /// The same, each with where in the object's value the pointer is, in words.
    pub fn placed(&self, object: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let chunk = &self.chunks[(object >> CHUNK_SHIFT) as usize];
        chunk.range(object).map(|edge| {
            let place = match chunk.place[edge] {
                FAR => {
                    let far = chunk.far.binary_search_by_key(&(edge as u32), |(edge, _)| *edge);
                    far.map_or(u32::from(FAR), |index| chunk.far[index].1)
                }
                place => u32::from(place),
            };
            (chunk.to[edge], place)
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether no object refers to another.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Where the pointers of all living objects lead, while that is being written down by several threads.
pub struct Edging<'a> {
    marks: &'a Marks,
    chunks: Vec<OnceLock<Chunk>>,
    next: AtomicUsize,
}

impl<'a> Edging<'a> {
    /// Nothing is written down yet.
    pub fn new(marks: &'a Marks) -> Self {
        let chunks = (0..marks.objects.div_ceil(CHUNK)).map(|_| OnceLock::new()).collect();
        Self { marks, chunks, next: AtomicUsize::new(0) }
    }

    /// Takes part until nothing is left to begin with, or only `left`, as a part of 1.
    pub fn take_part(&self, objects: &Objects<'_>, left: f64, stop: &Stop) {
        let until = (self.chunks.len() as f64 * (1.0 - left)) as usize;
        let mut pointers = Pointers::new(objects);
        while !stop.is_set() && self.next.load(Ordering::Relaxed) < until {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = self.chunks.get(number) else { return };
            let _ = chunk.set(chunk_of(objects, self.marks, &mut pointers, number as u32 * CHUNK));
        }
    }

    /// What was written down, when all that took part have come to their end.
    pub fn done(self, stop: &Stop) -> Result<Edges, Stopped> {
        let chunks: Option<Vec<Chunk>> = self.chunks.into_iter().map(OnceLock::into_inner).collect();
        stop.check()?;
        let chunks = chunks.ok_or(Stopped)?;
        Ok(Edges { count: chunks.iter().map(|chunk| chunk.to.len()).sum(), chunks })
    }
}

fn chunk_of(objects: &Objects<'_>, marks: &Marks, pointers: &mut Pointers<'_>, first: u32) -> Chunk {
    let heap = objects.heap;
    let count = (marks.objects - first).min(CHUNK);
    let mut chunk = Chunk::default();
    let mut begin = Vec::with_capacity(count as usize + 1);
    // Pointers whose targets are looked up together: the object of the chunk that each is in, its word, where it leads.
    let (mut of, mut values) = (Vec::with_capacity(AT_ONCE), Vec::with_capacity(AT_ONCE));
    let mut index = heap.span_of(marks.slot(first));
    for (object, number) in (0..count).zip(marks.living(marks.slot(first), heap.slots)) {
        while number >= heap.spans[index].first + heap.spans[index].slots {
            index += 1;
        }
        let header = (objects.header_of(&heap.spans[index]) / 8) as u32;
        pointers.each(index, number - heap.spans[index].first, |place, value| {
            of.push((object, place - header));
            values.push(value);
        });
        if values.len() >= AT_ONCE {
            chunk.add(&mut begin, heap, marks, &of, &values);
            of.clear();
            values.clear();
        }
    }
    chunk.add(&mut begin, heap, marks, &of, &values);
    begin.resize(count as usize + 1, chunk.to.len() as u32);
    chunk.begin = Begins::of(begin);
    chunk.to.shrink_to_fit();
    chunk.place.shrink_to_fit();
    chunk
}
