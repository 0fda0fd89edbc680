//! The objects of a heap and their pointers.

use std::sync::Arc;

use crate::ahead::fetch;
use crate::image::{Image, Piece};
use crate::memory::number_in;

use super::heap::{Heap, Span};
use super::layout::Layout;
use super::masks::{TypeMask, TypeMasks};

/// The objects of a heap, with their bytes.
pub struct Objects<'a> {
    /// The memory.
    pub image: &'a Image,
    /// Where the runtime keeps what.
    pub layout: &'a Layout,
    /// The spans.
    pub heap: &'a Heap,
    /// Where the executable's descriptions of types begin.
    pub types_begin: Option<u64>,
    data: &'a [u8],
    /// Of each span.
    located: Vec<Located>,
}

/// Where a span is in the copy. It is looked at for every object: small, so that those of all spans stay in a processor's cache.
#[derive(Clone, Copy)]
struct Located {
    /// Where the first of the image's pieces in the span begins in the copy, …
    offset: u64,
    /// … and its part of the span: most spans are one piece. Of a span that is larger than can be said here nothing.
    from: u32,
    end: u32,
    /// The piece's index.
    piece: u32,
    /// Bytes of a slot, if it is a small one.
    slot: u32,
    /// Where the bits are that say which words of its objects are pointers; [`NO_BITS`] when it has none.
    bits: u32,
}

/// Objects whose pointers are told in another way, or that have none.
const NO_BITS: u32 = u32::MAX;

impl Located {
    fn of(span: &Span, piece: Piece, index: u32, layout: &Layout) -> Self {
        let bits = span.has_pointers && !span.user_arena;
        let bits = span.bits_at(layout).filter(|_| bits).and_then(|bits| u32::try_from(bits).ok());
        let slot = u32::try_from(span.slot).unwrap_or(0);
        let from = piece.address.saturating_sub(span.base);
        let end = (piece.address + piece.length).saturating_sub(span.base).min(span.length);
        let (from, end) = match (u32::try_from(from), u32::try_from(end)) {
            (Ok(from), Ok(end)) if from < end => (from, end),
            _ => (0, 0),
        };
        // What of the piece lies before the span is of no interest here.
        let offset = piece.offset + span.base.saturating_sub(piece.address);
        Self { offset, from, end, piece: index, slot, bits: bits.unwrap_or(NO_BITS) }
    }
}

impl<'a> Objects<'a> {
    /// Finds the pieces of all spans, once.
    pub fn new(image: &'a Image, layout: &'a Layout, heap: &'a Heap, types_begin: Option<u64>) -> Self {
        let mut at = 0;
        let pieces = image.pieces();
        let first = |span: &Span| {
            while pieces.get(at).is_some_and(|piece: &Piece| piece.address + piece.length <= span.base) {
                at += 1;
            }
            Located::of(span, pieces.get(at).copied().unwrap_or_default(), at as u32, layout)
        };
        let located = heap.spans.iter().map(first).collect();
        Self { image, layout, heap, types_begin, data: image.data(), located }
    }

    /// So many bytes of a span from one on; none of what was not copied, as what is not in use.
    pub fn bytes(&self, index: usize, from: u64, length: u64) -> &'a [u8] {
        let located = &self.located[index];
        if from >= located.from.into() && from + length <= located.end.into() {
            let begin = (located.offset + from - u64::from(located.from)) as usize;
            return &self.data[begin..begin + length as usize];
        }
        self.bytes_behind(index, from, length)
    }

    /// The same of what is not in the span's first piece.
    fn bytes_behind(&self, index: usize, from: u64, length: u64) -> &'a [u8] {
        let address = self.heap.spans[index].base + from;
        let pieces = self.image.pieces();
        let (begin, end) = (self.located[index].piece, self.located.get(index + 1));
        let end = end.map_or(pieces.len(), |next| next.piece as usize + 1);
        let those = pieces.get(begin as usize..end.min(pieces.len())).unwrap_or_default();
        let after = those.partition_point(|piece| piece.address <= address);
        let Some(piece) = after.checked_sub(1).map(|last| those[last]) else { return &[] };
        match address.checked_sub(piece.address) {
            Some(into) if into + length <= piece.length => {
                let begin = (piece.offset + into) as usize;
                &self.data[begin..begin + length as usize]
            }
            // In two pieces: then it was put together.
            _ => self.image.slice(address, length).unwrap_or(&[]),
        }
    }

    /// An object of a span will be asked for soon.
    pub fn soon(&self, index: usize) {
        fetch(&self.located[index..]);
    }

    /// The bytes of an object, its header not among them; none of one that was not copied.
    pub fn value(&self, index: usize, slot: u32) -> &'a [u8] {
        let located = &self.located[index];
        if located.bits != NO_BITS {
            return self.bytes(index, u64::from(slot) * u64::from(located.slot), located.slot.into());
        }
        let span = &self.heap.spans[index];
        let header = self.header_of(span);
        self.bytes(index, u64::from(slot) * span.slot + header, span.slot - header)
    }

    /// Bytes before the value of each object of a span.
    pub fn header_of(&self, span: &Span) -> u64 {
        span.header(self.layout)
    }

    /// Whether the objects of a span have a description of their type.
    pub fn is_described(&self, span: &Span) -> bool {
        span.is_described(self.layout)
    }

    /// What describes the type of an object that has such a description; 0 otherwise.
    pub fn description(&self, index: usize, slot: u32) -> u64 {
        let span = &self.heap.spans[index];
        match self.is_described(span) {
            false => 0,
            true if span.large => span.large_type,
            true => number_in(self.bytes(index, u64::from(slot) * span.slot, 8), 0, 8),
        }
    }
}

/// Walks through the pointers of objects. For one thread: what it has learned of types is its own.
pub struct Pointers<'a> {
    /// Of what.
    pub objects: &'a Objects<'a>,
    masks: TypeMasks<'a>,
    /// The type met last: objects that lie together often have one type.
    last: (u64, Option<Arc<TypeMask>>),
}

impl<'a> Pointers<'a> {
    /// Knows no type yet.
    pub fn new(objects: &'a Objects<'a>) -> Self {
        Self { objects, masks: TypeMasks::new(objects.image, objects.layout), last: (0, None) }
    }

    /// Calls `each` with the place (in words from the beginning of the slot) and the value of every pointer of an object that
    /// is not nil.
    pub fn each(&mut self, index: usize, slot: u32, mut each: impl FnMut(u32, u64)) {
        let located = &self.objects.located[index];
        if located.bits != NO_BITS {
            self.small(index, slot, located, &mut each);
            return;
        }
        let span = &self.objects.heap.spans[index];
        if !span.has_pointers {
            return;
        }
        let begin = u64::from(slot) * span.slot;
        let object = self.objects.bytes(index, begin, span.slot);
        if object.is_empty() {
            return;
        }
        if self.objects.is_described(span) {
            self.described(span, object, &mut each);
        } else if span.user_arena {
            // Its values lie one behind the other without a sign between them.
            for (place, word) in object.chunks_exact(8).enumerate() {
                tell(place, number_in(word, 0, 8), &mut each);
            }
        }
    }

    /// The same of an object that bits at the end of its span tell about.
    fn small(&self, index: usize, slot: u32, located: &Located, each: &mut impl FnMut(u32, u64)) {
        let begin = u64::from(slot) * u64::from(located.slot);
        let object = self.objects.bytes(index, begin, located.slot.into());
        if object.is_empty() {
            return;
        }
        let mut mask = self.bits(index, located, begin);
        while mask != 0 {
            let place = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            tell(place, number_in(object, place * 8, 8), each);
        }
    }

    /// The pointer bits of a small object: at most 64.
    fn bits(&self, index: usize, located: &Located, begin: u64) -> u64 {
        let (bits, first, count) = (u64::from(located.bits), begin / 8, u64::from(located.slot) / 8);
        let word = |number: u64| number_in(self.objects.bytes(index, bits + number * 8, 8), 0, 8);
        let mut mask = word(first / 64) >> (first % 64);
        if first % 64 + count > 64 {
            mask |= word(first / 64 + 1) << (64 - first % 64);
        }
        if count < 64 { mask & ((1 << count) - 1) } else { mask }
    }

    fn described(&mut self, span: &Span, object: &[u8], each: &mut impl FnMut(u32, u64)) {
        let (description, header) = if span.large {
            (span.large_type, 0)
        } else {
            (number_in(object, 0, 8), self.objects.layout.header as usize)
        };
        if self.last.0 != description {
            self.last = (description, self.masks.of(description));
        }
        let Some(mask) = &self.last.1 else { return };
        let words = object.len() / 8;
        let mut element = header / 8;
        while element < words && mask.words > 0 {
            for (index, bits) in mask.bits.iter().enumerate() {
                let mut bits = *bits;
                while bits != 0 {
                    let place = element + index * 64 + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    if place >= words {
                        break;
                    }
                    tell(place, number_in(object, place * 8, 8), each);
                }
            }
            element += mask.step as usize;
        }
    }
}

fn tell(place: usize, value: u64, each: &mut impl FnMut(u32, u64)) {
    if value != 0 {
        each(place as u32, value);
    }
}
