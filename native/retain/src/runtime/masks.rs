//! Which words of an object are pointers, as the garbage collector sees it.

use std::collections::HashMap;

use crate::image::Image;
use crate::memory::{Memory, number_in};

use super::layout::Layout;

/// Masks of types this large are made on demand only; 1 GB of pointers in one value is no type.
const MOST_POINTER_BYTES: u64 = 1 << 30;

/// Which words of a value of a type are pointers; the pattern repeats with each element of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeMask {
    /// Words from one element to the next.
    pub step: u64,
    /// Words of an element that may be pointers; the rest has none.
    pub words: u64,
    /// A bit for each of them.
    pub bits: Vec<u64>,
}

/// Reads the masks of types, each once.
pub struct TypeMasks<'a> {
    image: &'a Image,
    layout: &'a Layout,
    known: HashMap<u64, Option<std::sync::Arc<TypeMask>>>,
}

impl<'a> TypeMasks<'a> {
    /// None read yet.
    pub fn new(image: &'a Image, layout: &'a Layout) -> Self {
        Self { image, layout, known: HashMap::new() }
    }

    /// The mask of the type that is described at an address; none when nothing is described there.
    pub fn of(&mut self, described: u64) -> Option<std::sync::Arc<TypeMask>> {
        let (image, layout) = (self.image, self.layout);
        self.known.entry(described).or_insert_with(|| read(image, layout, described).map(Into::into)).clone()
    }
}

/// What of the mask of a type is not in the image: its address and length, or those of the pointer to it.
pub fn missing(image: &Image, layout: &Layout, described: u64) -> Option<(u64, u64)> {
    let (_, words, place) = description(image, layout, described)?;
    let mask = match place {
        Place::Here(mask) => mask,
        Place::Behind(pointer) => match image.word(pointer) {
            Some(mask) => mask,
            None => return Some((pointer, 8)),
        },
    };
    let length = words.div_ceil(8);
    (length > 0 && image.slice(mask, length).is_none()).then_some((mask, length))
}

/// Where the mask of a type is.
enum Place {
    Here(u64),
    /// Behind a pointer: it was made when it was needed first.
    Behind(u64),
}

/// Bytes of a value, words up to its last pointer, and where the mask is.
fn description(image: &Image, layout: &Layout, described: u64) -> Option<(u64, u64, Place)> {
    let at = &layout.type_description;
    let bytes = image.slice(described, u64::from(at.size))?;
    let number = |at: super::layout::At| number_in(bytes, at.offset as usize, at.size);
    let (size, pointer_bytes) = (number(at.value_size), number(at.pointer_bytes));
    if size < 8
        || size % 8 != 0
        || pointer_bytes > size
        || pointer_bytes > MOST_POINTER_BYTES
        || pointer_bytes % 8 != 0
    {
        return None;
    }
    let mask = number(at.mask);
    let on_demand = layout.mask_on_demand.is_some_and(|flag| number(at.flags) & flag != 0);
    Some((size, pointer_bytes / 8, if on_demand { Place::Behind(mask) } else { Place::Here(mask) }))
}

fn read(image: &Image, layout: &Layout, described: u64) -> Option<TypeMask> {
    let (size, words, place) = description(image, layout, described)?;
    if words == 0 {
        return Some(TypeMask { step: size / 8, words, bits: Vec::new() });
    }
    let mask = match place {
        Place::Here(mask) => mask,
        Place::Behind(pointer) => image.word(pointer)?,
    };
    let bytes = image.bytes(mask, words.div_ceil(8), MOST_POINTER_BYTES / 64)?;
    let bits = bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    });
    Some(TypeMask { step: size / 8, words, bits: bits.collect() })
}
