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
    /// The first of the image's pieces in each span, and its index: most spans are one piece.
    first: Vec<(Piece, u32)>,
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
            (pieces.get(at).copied().unwrap_or_default(), at as u32)
        };
        let first = heap.spans.iter().map(first).collect();
        Self { image, layout, heap, types_begin, data: image.data(), first }
    }

    /// So many bytes of a span from one on; none of what was not copied, as what is not in use.
    pub fn bytes(&self, index: usize, from: u64, length: u64) -> &'a [u8] {
        let address = self.heap.spans[index].base + from;
        let (mut piece, begin) = self.first[index];
        if address >= piece.address + piece.length {
            let pieces = self.image.pieces();
            let end = self.first.get(index + 1).map_or(pieces.len(), |(_, end)| *end as usize + 1);
            let those = pieces.get(begin as usize..end.min(pieces.len())).unwrap_or_default();
            let after = those.partition_point(|piece| piece.address <= address);
            match after.checked_sub(1) {
                Some(last) => piece = those[last],
                None => return &[],
            }
        }
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
        fetch(&self.heap.spans[index..]);
        fetch(&self.first[index..]);
    }

    /// The bytes of an object, its header not among them; none of one that was not copied.
    pub fn value(&self, index: usize, slot: u32) -> &'a [u8] {
        let span = &self.heap.spans[index];
        let header = self.header_of(span);
        self.bytes(index, u64::from(slot) * span.slot + header, span.slot - header)
    }

    /// The first byte of an object's value, behind its header.
    pub fn address(&self, index: usize, slot: u32) -> u64 {
        let span = &self.heap.spans[index];
        span.address(slot) + self.header_of(span)
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
        } else {
            let mut mask = self.bits(index, begin);
            while mask != 0 {
                let place = mask.trailing_zeros() as usize;
                mask &= mask - 1;
                tell(place, number_in(object, place * 8, 8), &mut each);
            }
        }
    }

    /// The pointer bits of a small object: at most 64, at the end of its span.
    fn bits(&self, index: usize, begin: u64) -> u64 {
        let span = &self.objects.heap.spans[index];
        let Some(bits) = span.pointer_bits(self.objects.layout) else { return 0 };
        let (first, count) = (begin / 8, span.slot / 8);
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
