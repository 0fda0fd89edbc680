//! The spans of the heap: where objects lie, how large they are, which slots are in use.

use crate::ahead::{AHEAD, AT_ONCE, fetch};
use crate::memory::{Memory, number_in};

use super::layout::{At, Layout, Missing, Place};

/// A heap with a million spans has 8 GB at least; a hundred times that is no list of spans.
const MOST_SPANS: u64 = 1 << 27;
/// Slots are numbered with 32 bits.
const MOST_SLOTS: u64 = u32::MAX as u64;
/// 64 MB, on all processors that are understood. A smaller step only makes the index finer.
const REGION_SHIFT: u32 = 26;
/// 256 TB: what a processor can address.
const MOST_REGIONS: u64 = 1 << 22;
/// Chunks of the runtime's own memory; a heap of 100 GB has 40,000.
const MOST_CHUNKS: usize = 1 << 22;

/// What is not in use between two objects is not copied if it has as many bytes: the two are two pieces then, which costs time.
const LEAST_GAP: u64 = 512;

/// Why the heap of a program cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeapError {
    /// A Go version whose heap is laid out in another way.
    #[error(transparent)]
    Layout(#[from] Missing),
    /// What has to be there is not.
    #[error("the heap could not be read: {0} is not where it should be")]
    Unreadable(&'static str),
    /// More than can be numbered.
    #[error("the heap has more {0} than can be analysed")]
    TooLarge(&'static str),
}

/// A run of pages with objects of one size.
#[derive(Clone, Debug)]
pub struct Span {
    /// Its first byte.
    pub base: u64,
    /// Bytes of it.
    pub length: u64,
    /// Bytes of a slot.
    pub slot: u64,
    /// How many slots.
    pub slots: u32,
    /// The number of its first slot among those of all spans.
    pub first: u32,
    /// Whether objects in it may have pointers.
    pub has_pointers: bool,
    /// Whether its one object is larger than all size classes.
    pub large: bool,
    /// What describes the type of a large object; 0 when nothing does.
    pub large_type: u64,
    /// The first of its specials.
    pub specials: u64,
    /// Whether it belongs to a user arena: what it holds cannot be told apart.
    pub user_arena: bool,
}

/// What of a span tells to which slot an address belongs. It is looked at for every pointer of a heap: small, so that those of all
/// spans stay in a processor's cache.
#[derive(Clone, Copy, Default)]
struct Slots {
    base: u64,
    /// Bytes of a slot; of one that is larger than can be said here none.
    size: u32,
    /// 2^32 divided by the bytes of a slot, rounded up: instead of a division.
    reciprocal: u32,
    count: u32,
    first: u32,
    /// Bytes before the value of each object.
    header: u8,
    has_pointers: bool,
}

impl Slots {
    fn of(span: &Span, layout: &Layout) -> Self {
        Self {
            base: span.base,
            size: u32::try_from(span.slot).unwrap_or(0),
            header: span.header(layout) as u8,
            reciprocal: u32::try_from(u64::from(u32::MAX) / span.slot + 1).unwrap_or(0),
            count: span.slots,
            first: span.first,
            has_pointers: span.has_pointers,
        }
    }
}

/// A slot, in use or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The index of its span in [`Heap::spans`].
    pub span: usize,
    /// Which of the span's slots.
    pub slot: u32,
    /// Its number among all slots.
    pub number: u32,
    /// Whether an object in it may have pointers.
    pub has_pointers: bool,
}

impl Span {
    /// Adds where its slots in use lie, of which there is a bit in `words` for each, and its pointer bits, which begin at `bits_at`.
    fn used(&self, words: impl Iterator<Item = u64>, bits_at: Option<u64>, found: &mut Vec<(u64, u64)>) {
        let begin = found.len();
        let mut add = |from: u64, end: u64| match found[begin..].last_mut() {
            Some((address, length)) if from - self.base < *address - self.base + *length + LEAST_GAP => {
                *length = end - *address;
            }
            _ => found.push((from, end - from)),
        };
        for (word, mut bits) in words.enumerate() {
            while bits != 0 {
                let from = bits.trailing_zeros();
                let count = (bits >> from).trailing_ones();
                let first = word as u32 * 64 + from;
                add(self.address(first), self.address(first + count));
                bits = if from + count < 64 { bits >> (from + count) << (from + count) } else { 0 };
            }
        }
        if let Some(bits) = bits_at {
            add(self.base + bits, self.base + self.length);
        }
    }

    /// Whether its objects have a description of their type.
    pub fn is_described(&self, layout: &Layout) -> bool {
        self.has_pointers && self.slot > layout.most_without_header && !self.user_arena
    }

    /// Bytes before the value of each of its objects.
    pub fn header(&self, layout: &Layout) -> u64 {
        if self.is_described(layout) && !self.large { layout.header } else { 0 }
    }

    /// Where the bits lie that say which words of its objects are pointers, if those are so small that there are such bits.
    pub fn bits_at(&self, layout: &Layout) -> Option<u64> {
        (self.slot <= layout.most_without_header).then(|| self.pointer_bits(layout)).flatten()
    }

    /// Where such bits lie: at its end.
    pub fn pointer_bits(&self, layout: &Layout) -> Option<u64> {
        let mut bits = self.length - self.length / 64;
        if layout.inline_marks > 0 && self.slot >= 16 && self.length == layout.page {
            bits = bits.checked_sub(layout.inline_marks)?;
        }
        Some(bits)
    }

    /// The words of bits for all slots of the heap that its own are in.
    pub fn words(&self) -> std::ops::Range<usize> {
        (self.first / 64) as usize..((self.first + self.slots) as usize).div_ceil(64)
    }

    /// The first byte of a slot.
    pub fn address(&self, slot: u32) -> u64 {
        self.base + u64::from(slot) * self.slot
    }
}

/// So many objects, and the bytes of their slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Count {
    /// Objects.
    pub objects: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Count {
    /// More of one size.
    pub fn add(&mut self, objects: u64, slot: u64) {
        self.objects += objects;
        self.bytes += objects * slot;
    }

    /// How much of it is lacking in what was found, by objects or bytes, whichever is more: 0 to 1.
    pub fn lacks(self, found: Self) -> f64 {
        let share = |all: u64, found: u64| match all {
            0 => 0.0,
            _ => all.saturating_sub(found) as f64 / all as f64,
        };
        share(self.objects, found.objects).max(share(self.bytes, found.bytes))
    }
}

/// All spans with objects.
pub struct Heap {
    /// By address.
    pub spans: Vec<Span>,
    /// How many slots they have together.
    pub slots: u32,
    /// A bit for each slot: whether it is in use, reachable or not.
    pub allocated: Vec<u64>,
    /// A bit for each slot: whether the last collection found it alive. It may be garbage by now.
    pub survived: Vec<u64>,
    /// Slots in use: what the runtime calls `HeapObjects`; and their bytes: `HeapAlloc`.
    pub in_use: Count,
    /// Spans in which what the last collection found dead still counts as in use.
    pub unswept_spans: u32,
    first_region: u64,
    /// Where the pages of each region begin in `pages`; those of a region without spans are the first ones.
    regions: Vec<u32>,
    /// The span that each page belongs to, counted from 1; 0 for none.
    pages: Vec<u32>,
    page_shift: u32,
    /// Of each span, by those numbers; the first of none.
    slots_of: Vec<Slots>,
}

/// What the pieces of the runtime's own memory are, to be copied before spans can be read from a copy.
pub fn runtime_memory(memory: &dyn Memory, layout: &Layout, bias: u64) -> Result<Vec<(u64, u64)>, HeapError> {
    let mut pieces = Vec::new();
    let (spans, count) =
        list(memory, layout.all_spans, bias).ok_or(HeapError::Unreadable("the list of spans"))?;
    if count > MOST_SPANS {
        return Err(HeapError::TooLarge("spans"));
    }
    pieces.push((spans, count * 8));
    let mut chunk = place(memory, layout.persistent_chunks, bias).unwrap_or(0);
    while chunk != 0 && pieces.len() < MOST_CHUNKS {
        pieces.push((chunk, super::layout::PERSISTENT_CHUNK));
        chunk = memory.word(chunk).unwrap_or(0);
    }
    for arenas in &layout.bits_arenas {
        let mut arena = place(memory, *arenas, bias).unwrap_or(0);
        while arena != 0 && pieces.len() < MOST_CHUNKS {
            pieces.push((arena, u64::from(layout.bits_size)));
            arena = memory.word(arena + u64::from(layout.bits_next.offset)).unwrap_or(0);
        }
    }
    Ok(pieces)
}

pub(crate) fn place(memory: &dyn Memory, place: Place, bias: u64) -> Option<u64> {
    memory.number(place.address.wrapping_add(bias), place.size)
}

pub(crate) fn list(memory: &dyn Memory, places: [Place; 2], bias: u64) -> Option<(u64, u64)> {
    Some((place(memory, places[0], bias)?, place(memory, places[1], bias)?))
}

/// What is in use.
pub struct InUse {
    /// Where objects lie that may have pointers, by address.
    pub with_pointers: Vec<(u64, u64)>,
    /// How many objects there are, as far as that was asked for.
    pub objects: u64,
}

/// Finds what is in use, and nothing else of it: for a program that is stopped meanwhile. `count_all` counts also what has no pointers.
pub fn in_use(memory: &dyn Memory, layout: &Layout, bias: u64, count_all: bool) -> Result<InUse, HeapError> {
    let mut spans = Vec::new();
    each_span(memory, layout, bias, count_all, |described| spans.push(described))?;
    // Sorted here, where they are a fraction of what lies in them.
    let mut order: Vec<(u64, u32)> = (0..).zip(&spans).map(|(index, of)| (of.span.base, index)).collect();
    order.sort_unstable();
    let mut found = InUse { with_pointers: Vec::new(), objects: 0 };
    let mut bits = Vec::new();
    for (place, (_, index)) in order.iter().enumerate() {
        if let Some((_, soon)) = order.get(place + AHEAD) {
            memory.soon(spans[*soon as usize].bits, 8);
        }
        let described = &spans[*index as usize];
        let (known, bits) = described.read_bits(memory, &mut bits);
        let words = (0..bits.len() / 8).map(|index| described.allocated(known, bits, index));
        if count_all {
            found.objects += words.clone().map(|word| u64::from(word.count_ones())).sum::<u64>();
        }
        if described.span.has_pointers {
            described.span.used(words, described.span.bits_at(layout), &mut found.with_pointers);
        }
    }
    Ok(found)
}

/// Calls `each` with the spans in use: those with pointers, or `all`.
fn each_span(
    memory: &dyn Memory,
    layout: &Layout,
    bias: u64,
    all: bool,
    mut each: impl FnMut(Described),
) -> Result<(), HeapError> {
    let (address, count) =
        list(memory, layout.all_spans, bias).ok_or(HeapError::Unreadable("the list of spans"))?;
    if count > MOST_SPANS {
        return Err(HeapError::TooLarge("spans"));
    }
    let list =
        memory.bytes(address, count * 8, MOST_SPANS * 8).ok_or(HeapError::Unreadable("the list of spans"))?;
    let generation = place(memory, layout.sweep_generation, bias)
        .ok_or(HeapError::Unreadable("the sweep generation"))? as u32;
    let mut bytes = vec![0; layout.span.size as usize];
    for index in 0..count as usize {
        memory.soon(number_in(&list, (index + AHEAD) * 8, 8), bytes.len());
        let at = number_in(&list, index * 8, 8);
        let described = match memory.held(at, bytes.len()) {
            Some(held) => describe(held, layout, generation, all),
            None if at != 0 && memory.read(at, &mut bytes) => describe(&bytes, layout, generation, all),
            None => None,
        };
        described.into_iter().for_each(&mut each);
    }
    Ok(())
}

/// One span as the runtime describes it.
struct Described {
    span: Span,
    /// Where the bits lie that tell which slots are in use.
    bits: u64,
    /// Slots below are in use in any case.
    free_index: u32,
    /// Whether what the last collection found dead has not been freed yet.
    unswept: bool,
}

impl Described {
    /// Its bits, those of slots in use, and whether anything is known of them. `room` is for those that have to be read.
    fn read_bits<'a>(&self, memory: &'a dyn Memory, room: &'a mut Vec<u8>) -> (bool, &'a [u8]) {
        let length = (self.span.slots as usize).div_ceil(64) * 8;
        if let Some(held) = memory.held(self.bits, length).filter(|_| self.bits != 0) {
            return (true, held);
        }
        room.clear();
        room.resize(length, 0);
        (self.bits != 0 && memory.read(self.bits, room), room)
    }

    /// Which of 64 slots the last collection found alive.
    fn survived(&self, known: bool, bits: &[u8], word: usize) -> u64 {
        if known { number_in(bits, word * 8, 8) & below(self.span.slots, word as u32 * 64) } else { 0 }
    }

    /// Which of 64 slots are in use. Without its bits every one may be: marking decides.
    fn allocated(&self, known: bool, bits: &[u8], word: usize) -> u64 {
        let first = word as u32 * 64;
        let free_index = if known { self.free_index } else { self.span.slots };
        self.survived(known, bits, word) | (below(free_index, first) & below(self.span.slots, first))
    }
}

impl Heap {
    /// Reads all spans with objects. `memory` may be a living process, stopped, or an image.
    pub fn read(memory: &dyn Memory, layout: &Layout, bias: u64) -> Result<Self, HeapError> {
        let mut described = Vec::new();
        each_span(memory, layout, bias, true, |span| described.push(span))?;
        Self::index(memory, layout, described)
    }

    fn index(memory: &dyn Memory, layout: &Layout, mut described: Vec<Described>) -> Result<Self, HeapError> {
        described.sort_unstable_by_key(|described| described.span.base);
        // Read while a span changes hands, the same pages can be told twice; the first one counts.
        described.dedup_by(|later, first| later.span.base < first.span.base + first.span.length);
        let page_shift = layout.page.trailing_zeros();
        let pages_per_region = 1_usize << REGION_SHIFT.saturating_sub(page_shift);
        let first_region = described.first().map_or(0, |first| first.span.base >> REGION_SHIFT);
        let last = described.last().map_or(0, |last| (last.span.base + last.span.length) >> REGION_SHIFT);
        if last - first_region > MOST_REGIONS {
            return Err(HeapError::TooLarge("regions"));
        }
        let mut heap = Self {
            spans: Vec::with_capacity(described.len()),
            slots: 0,
            allocated: Vec::new(),
            survived: Vec::new(),
            in_use: Count::default(),
            unswept_spans: 0,
            first_region,
            regions: vec![0; (last - first_region + 1) as usize],
            pages: vec![0; pages_per_region],
            page_shift,
            slots_of: vec![Slots::default()],
        };
        let mut slots = 0_u64;
        let mut bits = Vec::new();
        for mut described in described {
            heap.unswept_spans += u32::from(described.unswept);
            let span = &mut described.span;
            span.first = slots as u32;
            // Bits of a span begin at a word: no two spans share one.
            slots += u64::from(span.slots).next_multiple_of(64);
            if slots > MOST_SLOTS {
                return Err(HeapError::TooLarge("objects"));
            }
            let number = heap.spans.len() as u32 + 1;
            for page in 0..span.length >> page_shift {
                let at = span.base + (page << page_shift);
                let begin = &mut heap.regions[((at >> REGION_SHIFT) - first_region) as usize];
                if *begin == 0 {
                    *begin = heap.pages.len() as u32;
                    heap.pages.resize(heap.pages.len() + pages_per_region, 0);
                }
                heap.pages[*begin as usize + ((at >> page_shift) as usize & (pages_per_region - 1))] = number;
            }
            let (known, bits) = described.read_bits(memory, &mut bits);
            for word in 0..bits.len() / 8 {
                let allocated = described.allocated(known, bits, word);
                heap.in_use.add(u64::from(allocated.count_ones()), described.span.slot);
                heap.allocated.push(allocated);
                // Before the sweep the bits are those of the collection before.
                heap.survived.push(if described.unswept { 0 } else { described.survived(known, bits, word) });
            }
            heap.slots_of.push(Slots::of(&described.span, layout));
            heap.spans.push(described.span);
        }
        heap.slots = slots as u32;
        Ok(heap)
    }

    /// The number of the span that an address lies in, counted from 1; 0 for none. For [`Self::slot_in`].
    fn number_at(&self, address: u64) -> u32 {
        let region = (address >> REGION_SHIFT).wrapping_sub(self.first_region);
        let begin = usize::try_from(region).ok().and_then(|region| self.regions.get(region)).unwrap_or(&0);
        let in_region = (address & ((1 << REGION_SHIFT) - 1)) >> self.page_shift;
        self.pages[*begin as usize + in_region as usize]
    }

    /// The slot that an address of a span belongs to. What is behind the last slot belongs to none.
    fn slot_in(&self, number: u32, address: u64) -> Option<Slot> {
        let slots = &self.slots_of[number as usize];
        let into = address.wrapping_sub(slots.base);
        let slot = match slots.count {
            1 => u32::from(into >= self.spans[number as usize - 1].slot),
            // Exact as long as a span has at most 2^32 bytes divided by the size of its slots; the runtime does the same.
            _ => ((into as u32 as u64 * u64::from(slots.reciprocal)) >> 32) as u32,
        };
        (slot < slots.count).then(|| Slot {
            span: number as usize - 1,
            slot,
            number: slots.first + slot,
            has_pointers: slots.has_pointers,
        })
    }

    /// The span that an address lies in: its index in [`Self::spans`].
    pub fn span_at(&self, address: u64) -> Option<usize> {
        (self.number_at(address) as usize).checked_sub(1)
    }

    /// The slot that an address points at or into, in use or not.
    pub fn slot_at(&self, address: u64) -> Option<Slot> {
        self.slot_in(self.number_at(address), address)
    }

    /// How far an address in a slot is behind the beginning of the object's value, and the bytes of the slot. An address before that is
    /// behind all of it.
    pub fn within(&self, slot: Slot, address: u64) -> (u64, u64) {
        let slots = &self.slots_of[slot.span + 1];
        let size = match slots.size {
            0 => self.spans[slot.span].slot,
            size => size.into(),
        };
        let begin = slots.base + u64::from(slot.slot) * size + u64::from(slots.header);
        (address.wrapping_sub(begin), size)
    }

    /// The same for many: `each` is called with the index of each address and its slot, after `soon` was with the slots of those
    /// around it.
    pub fn slots_at(
        &self,
        addresses: &[u64],
        soon: impl Fn(Slot),
        mut each: impl FnMut(usize, Option<Slot>),
    ) {
        // Step by step, so that a processor waits for the memory of all of them at once.
        for (from, addresses) in (0..).step_by(AT_ONCE).zip(addresses.chunks(AT_ONCE)) {
            let mut numbers = [0; AT_ONCE];
            for (number, address) in numbers.iter_mut().zip(addresses) {
                *number = self.number_at(*address);
                fetch(&self.slots_of[*number as usize..]);
            }
            let mut slots = [None; AT_ONCE];
            for ((slot, number), address) in slots.iter_mut().zip(numbers).zip(addresses) {
                *slot = self.slot_in(number, *address);
                if let Some(slot) = *slot {
                    soon(slot);
                }
            }
            for (index, slot) in (from..).zip(slots.into_iter().take(addresses.len())) {
                each(index, slot);
            }
        }
    }

    /// The object that an address points at or into: its span, and its slot in it. None for what is no object in use.
    pub fn object_at(&self, address: u64) -> Option<(usize, u32)> {
        let slot = self.slot_at(address)?;
        self.is_allocated(slot.number).then_some((slot.span, slot.slot))
    }

    /// Whether a slot, by its number among all, is in use.
    pub fn is_allocated(&self, number: u32) -> bool {
        self.allocated[(number / 64) as usize] >> (number % 64) & 1 == 1
    }

    /// The span that a slot, by its number among all, belongs to.
    pub fn span_of(&self, number: u32) -> usize {
        self.spans.partition_point(|span| span.first <= number) - 1
    }
}

/// The bits of a word for slots below a number; `first` is the slot of its lowest bit.
fn below(number: u32, first: u32) -> u64 {
    match number.saturating_sub(first) {
        0 => 0,
        count if count >= 64 => u64::MAX,
        count => (1 << count) - 1,
    }
}

/// Whether objects of a span of a class may have pointers.
fn has_pointers(class: u64) -> bool {
    class & 1 == 0
}

/// None of a span that is not in use, or, unless `all` are wanted, has no pointers.
fn describe(bytes: &[u8], layout: &Layout, generation: u32, all: bool) -> Option<Described> {
    let number = |at: At| number_in(bytes, at.offset as usize, at.size);
    let at = &layout.span;
    if number(at.state) != layout.in_use || !(all || has_pointers(number(at.class))) {
        return None;
    }
    let base = number(at.start);
    let length = number(at.pages).checked_mul(layout.page)?;
    let slot = number(at.slot);
    let slots = u32::try_from(number(at.slots)).ok()?;
    let class = number(at.class);
    // Whatever this is, it is no span: everything that follows relies on these.
    let fits = u64::from(slots).checked_mul(slot).is_some_and(|all| all <= length);
    if base == 0
        || base % layout.page != 0
        || base >= 1 << 48
        || length >= 1 << 48
        || slot < 8
        || slots == 0
        || !fits
    {
        return None;
    }
    // Behind: not swept since the last collection, so what it found dead still counts as in use. (Its marks could tell, but
    // the newer collector keeps them elsewhere until the sweep.)
    let behind = generation.wrapping_sub(number(at.sweep_generation) as u32).cast_signed();
    Some(Described {
        unswept: matches!(behind, 2 | 1 | -1),
        // While it is being swept, index and bits may be of two collections: every slot may be in use then.
        bits: if behind == 1 { 0 } else { number(at.alloc_bits) },
        free_index: (number(at.free_index) as u32).min(slots),
        span: Span {
            base,
            length,
            slot,
            slots,
            first: 0,
            has_pointers: has_pointers(class),
            large: class >> 1 == 0,
            large_type: number(at.large_type),
            specials: number(at.specials),
            user_arena: at.user_arena.is_some_and(|at| number(at) != 0),
        },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_in_use_is_copied_and_little_else(
            slot in (1_u64..=64).prop_map(|words| words * 8),
            used in proptest::collection::vec(any::<bool>(), 1..300),
            sparse in any::<bool>(),
            bits in any::<bool>(),
        ) {
            // Runs as in a real heap, or single slots here and there.
            let used: Vec<bool> = used.iter().enumerate().map(|(at, is)| *is && (!sparse || at % 7 == 0)).collect();
            let slots = used.len() as u32;
            // The runtime puts bits behind the last slot, never into it.
            let length = (u64::from(slots) * slot * 64 / 63 + 200).next_multiple_of(8_192);
            let span = Span {
                base: 0xc0_0000_0000,
                length,
                slot,
                slots,
                first: 0,
                has_pointers: true,
                large: false,
                large_type: 0,
                specials: 0,
                user_arena: false,
            };
            let mut words = vec![0_u64; used.len().div_ceil(64)];
            for at in (0..used.len()).filter(|at| used[*at]) {
                words[at / 64] |= 1 << (at % 64);
            }
            let bits_at = bits.then_some(length - length / 64);
            let mut found = vec![(0x1000, 8)];
            span.used(words.into_iter(), bits_at, &mut found);
            prop_assert_eq!(found.remove(0), (0x1000, 8), "what was there before stays as it is");
            prop_assert!(found.windows(2).all(|pair| pair[0].0 + pair[0].1 + LEAST_GAP <= pair[1].0));
            let has = |from: u64, size: u64| {
                found.iter().any(|(begin, length)| *begin <= from && from + size <= begin + length)
            };
            let needed = (0..slots).filter(|at| used[*at as usize]).map(|at| (span.address(at), slot));
            let needed: Vec<_> =
                needed.chain(bits_at.map(|at| (span.base + at, span.length - at))).collect();
            for (from, size) in &needed {
                prop_assert!(has(*from, *size), "{from:x} is not in {found:x?}");
            }
            let copied: u64 = found.iter().map(|(_, length)| length).sum();
            let most = needed.iter().map(|(_, size)| size + LEAST_GAP).sum::<u64>();
            prop_assert!(copied <= most, "{copied} of {most}");
        }
    }
}
