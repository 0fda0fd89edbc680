//! What the runtime notes about single objects and keeps alive for that: finalizers, cleanups, weak pointers, and calls of
//! those that are due.

use crate::memory::{Memory, number_in};

use super::heap::{Heap, place};
use super::layout::{At, Blocks, KeepingSpecial, Layout};

/// Notes on the objects of one span. A circle would be longer.
const MOST_PER_SPAN: usize = 1 << 16;
/// Blocks of 100 calls and more each.
const MOST_BLOCKS: usize = 1 << 20;

/// Why the runtime keeps something alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kept {
    /// The function of a finalizer, and all that its object refers to.
    Finalizer,
    /// The function and argument of a cleanup.
    Cleanup,
    /// The handle that weak pointers to an object go through.
    WeakHandle,
    /// A finalizer or cleanup that is due.
    Due,
}

/// Something kept alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Special {
    /// Why.
    pub kept: Kept,
    /// What: the address of an object.
    pub value: u64,
    /// The object that has a finalizer: what it refers to is kept, itself not.
    pub refers: Option<(usize, u32)>,
    /// The description of the object's type as a pointer to it, where there is one: of the one that has a finalizer, or of what
    /// a due finalizer is called with. 0 otherwise.
    pub pointer_type: u64,
}

/// Everything that is kept alive by notes and due calls.
pub fn all(memory: &dyn Memory, layout: &Layout, bias: u64, heap: &Heap) -> Vec<Special> {
    let mut found = Vec::new();
    let kinds = [
        (Kept::Finalizer, Some(&layout.finalizer)),
        (Kept::Cleanup, layout.cleanup.as_ref()),
        (Kept::WeakHandle, layout.weak_handle.as_ref()),
    ];
    for (index, span) in heap.spans.iter().enumerate() {
        let mut at = span.specials;
        for _ in 0..MOST_PER_SPAN {
            let header = if at == 0 { None } else { memory.bytes(at, u64::from(layout.special.size), 256) };
            let Some(header) = header else { break };
            let number = |at: At| number_in(&header, at.offset as usize, at.size);
            let kind = number(layout.special.kind);
            let known = kinds.iter().find_map(|(kept, special)| {
                special.filter(|special| special.kind == kind).map(|special| (*kept, special))
            });
            if let Some((kept, special)) = known {
                let slot = heap.slot_at(span.base.wrapping_add(number(layout.special.offset)));
                let slot = slot.filter(|slot| kept == Kept::Finalizer && slot.span == index);
                let refers = slot.map(|slot| (slot.span, slot.slot));
                push(memory, &mut found, at, special, kept, refers);
            }
            at = number(layout.special.next);
        }
    }
    for blocks in std::iter::once(&layout.finalizers).chain(&layout.cleanups) {
        due(memory, bias, blocks, &mut found);
    }
    found
}

fn push(
    memory: &dyn Memory,
    found: &mut Vec<Special>,
    at: u64,
    special: &KeepingSpecial,
    kept: Kept,
    refers: Option<(usize, u32)>,
) {
    let pointer_type =
        special.object_type.and_then(|offset| memory.word(at + u64::from(offset))).unwrap_or(0);
    for pointer in &special.pointers {
        if let Some(value) = memory.word(at + u64::from(*pointer)).filter(|value| *value != 0) {
            found.push(Special { kept, value, refers, pointer_type });
        }
    }
}

fn due(memory: &dyn Memory, bias: u64, blocks: &Blocks, found: &mut Vec<Special>) {
    let mut block = place(memory, blocks.first, bias).unwrap_or(0);
    for _ in 0..MOST_BLOCKS {
        if block == 0 {
            break;
        }
        let count = memory.number(block + u64::from(blocks.count.offset), blocks.count.size).unwrap_or(0);
        // A block is 4 KB at most.
        for call in 0..count.min(512) {
            let at = block + u64::from(blocks.calls) + call * u64::from(blocks.call_size);
            for pointer in &blocks.pointers {
                let Some(value) = memory.word(at + u64::from(*pointer)).filter(|value| *value != 0) else {
                    continue;
                };
                let own_type = blocks.argument.filter(|(argument, _)| argument == pointer);
                let pointer_type =
                    own_type.and_then(|(_, its_type)| memory.word(at + u64::from(its_type))).unwrap_or(0);
                found.push(Special { kept: Kept::Due, value, refers: None, pointer_type });
            }
        }
        block = memory.word(block + u64::from(blocks.next.offset)).unwrap_or(0);
    }
}
