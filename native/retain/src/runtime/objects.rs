//! The objects of a heap and their pointers.

use std::sync::Arc;

use crate::image::Image;
use crate::memory::number_in;

use super::heap::{Heap, Span};
use super::layout::Layout;
use super::masks::{TypeMask, TypeMasks};

/// The bytes of a span were not copied, or not in one piece.
const NOT_COPIED: usize = usize::MAX;

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
    /// Where in the image the bytes of each span are.
    offsets: Vec<usize>,
}

impl<'a> Objects<'a> {
    /// Finds the bytes of all spans, once.
    pub fn new(image: &'a Image, layout: &'a Layout, heap: &'a Heap, types_begin: Option<u64>) -> Self {
        let offset = |span: &Span| image.offset_of(span.base, span.length).unwrap_or(NOT_COPIED);
        Self { image, layout, heap, types_begin, offsets: heap.spans.iter().map(offset).collect() }
    }

    /// The bytes of a span; none of one that was not copied.
    pub fn span(&self, index: usize) -> &'a [u8] {
        let (offset, span) = (self.offsets[index], &self.heap.spans[index]);
        match offset {
            NOT_COPIED => self.image.slice(span.base, span.length).unwrap_or(&[]),
            offset => &self.image.data()[offset..offset + span.length as usize],
        }
    }

    /// The bytes of an object, its header not among them; none of one that was not copied.
    pub fn value(&self, index: usize, slot: u32) -> &'a [u8] {
        let span = &self.heap.spans[index];
        let begin = (u64::from(slot) * span.slot + self.header_of(span)) as usize;
        let end = (u64::from(slot + 1) * span.slot) as usize;
        self.span(index).get(begin..end).unwrap_or(&[])
    }

    /// The first byte of an object's value, behind its header.
    pub fn address(&self, index: usize, slot: u32) -> u64 {
        let span = &self.heap.spans[index];
        span.address(slot) + self.header_of(span)
    }

    /// Bytes before the value of each object of a span.
    pub fn header_of(&self, span: &Span) -> u64 {
        if self.is_described(span) && !span.large { self.layout.header } else { 0 }
    }

    /// Whether the objects of a span have a description of their type.
    pub fn is_described(&self, span: &Span) -> bool {
        span.has_pointers && span.slot > self.layout.most_without_header && !span.user_arena
    }

    /// What describes the type of an object that has such a description; 0 otherwise.
    pub fn description(&self, index: usize, slot: u32) -> u64 {
        let span = &self.heap.spans[index];
        match self.is_described(span) {
            false => 0,
            true if span.large => span.large_type,
            true => number_in(self.span(index), (u64::from(slot) * span.slot) as usize, 8),
        }
    }
}

/// Walks through the pointers of objects. For one thread: what it has learned of types is its own.
pub struct Pointers<'a> {
    objects: &'a Objects<'a>,
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
        let bytes = self.objects.span(index);
        let begin = (u64::from(slot) * span.slot) as usize;
        let Some(object) = bytes.get(begin..begin + span.slot as usize) else { return };
        if self.objects.is_described(span) {
            self.described(span, object, &mut each);
        } else if span.user_arena {
            // Its values lie one behind the other without a sign between them.
            for (place, word) in object.chunks_exact(8).enumerate() {
                tell(place, number_in(word, 0, 8), &mut each);
            }
        } else {
            let mut mask = self.bits(span, bytes, begin);
            while mask != 0 {
                let place = mask.trailing_zeros() as usize;
                mask &= mask - 1;
                tell(place, number_in(object, place * 8, 8), &mut each);
            }
        }
    }

    /// The pointer bits of a small object: at most 64, at the end of its span.
    fn bits(&self, span: &Span, bytes: &[u8], begin: usize) -> u64 {
        let layout = self.objects.layout;
        let mut bits = (span.length - span.length / 64) as usize;
        if layout.inline_marks > 0 && span.slot >= 16 && span.length == layout.page {
            bits -= layout.inline_marks as usize;
        }
        let (first, count) = (begin / 8, (span.slot / 8) as usize);
        let mut mask = number_in(bytes, bits + first / 64 * 8, 8) >> (first % 64);
        if first % 64 + count > 64 {
            mask |= number_in(bytes, bits + (first / 64 + 1) * 8, 8) << (64 - first % 64);
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
