//! Which words of a goroutine's stack are pointers that still count, as the collector sees it: by the maps that the compiler
//! made for every place where a function may be interrupted.
//!
//! Where there is no map - a goroutine that was running, or was stopped by a signal anywhere in its code - every word that
//! could be a pointer counts as one.

use crate::image::Image;
use crate::memory::{Memory, number_in};
use crate::symbols::Architecture;

use super::functions::{Data, Function, Functions};
use super::goroutines::Goroutine;
use super::layout::Layout;

/// A stack of 1 GB has fewer.
const MOST_FRAMES: usize = 20_000_000;
/// Variables of one function whose address is taken.
const MOST_STACK_OBJECTS: u64 = 1 << 16;
/// Maps of one function.
const MOST_MAP_WORDS: u64 = 1 << 27;

/// Of 64-bit ARM: its stacks grow and shrink in such steps.
const STACK_STEP: u64 = 16;

/// The pointers of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackPointers {
    /// Where they are and what they point at. All of the heap, none into the stack itself.
    pub pointers: Vec<(u64, u64)>,
    /// Whether every frame had its map.
    pub exact: bool,
    /// The functions that it is in, the innermost first.
    pub frames: Vec<FramePlace>,
}

/// A function on a stack, and where in it the goroutine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramePlace {
    /// Its first instruction.
    pub entry: u64,
    /// An instruction of the call that it waits for.
    pub pc: u64,
    /// Where the stack ended before it was called.
    pub end: u64,
}

/// Walks through a stack.
pub struct Stacks<'a> {
    image: &'a Image,
    layout: &'a Layout,
    functions: Functions<'a>,
}

/// What is known of one frame.
struct Frame<'a> {
    function: Function<'a>,
    /// Where it goes on; 0 for one that never does.
    continues: u64,
    sp: u64,
    /// Behind its local variables.
    locals_end: u64,
    arguments: u64,
}

/// A variable in a frame whose address is taken: it only counts when something points at it.
struct StackObject {
    begin: u64,
    end: u64,
    /// Where the mask of its pointers lies, and how many words it covers; without one every word counts.
    mask: Option<u64>,
    words: u64,
    seen: bool,
}

impl<'a> Stacks<'a> {
    /// Of the goroutines of a program.
    pub fn new(image: &'a Image, layout: &'a Layout, functions: Functions<'a>) -> Self {
        Self { image, layout, functions }
    }

    /// The pointers of a goroutine's stack, and of its registers if it ran: their places lie beyond its stack.
    pub fn pointers(&self, goroutine: &Goroutine) -> StackPointers {
        self.by_maps(goroutine).unwrap_or_else(|| self.every_word(goroutine))
    }

    fn registers(goroutine: &Goroutine) -> impl Iterator<Item = (u64, u64)> {
        let places = (0..).map(|number| goroutine.stack.1 + number * 8);
        places.zip(goroutine.registers.iter().copied()).filter(|(_, value)| *value != 0)
    }

    fn every_word(&self, goroutine: &Goroutine) -> StackPointers {
        let mut found = StackPointers::default();
        found.pointers.extend(Self::registers(goroutine));
        self.words(goroutine.stack.0, goroutine.stack.1, &mut found.pointers);
        found
    }

    fn words(&self, begin: u64, end: u64, into: &mut Vec<(u64, u64)>) {
        let Some(bytes) = end.checked_sub(begin).and_then(|length| self.image.slice(begin, length)) else {
            return;
        };
        for (index, word) in bytes.chunks_exact(8).enumerate() {
            let value = number_in(word, 0, 8);
            if value != 0 {
                into.push((begin + index as u64 * 8, value));
            }
        }
    }

    /// None when a frame cannot be understood: then nothing of the stack can be relied on.
    fn by_maps(&self, goroutine: &Goroutine) -> Option<StackPointers> {
        let (low, high) = goroutine.stack;
        if goroutine.pc == 0 {
            return None;
        }
        let mut found = StackPointers { pointers: Vec::new(), exact: true, frames: Vec::new() };
        found.pointers.extend(Self::registers(goroutine));
        let mut objects = Vec::new();
        let (mut pc, mut sp, mut lr) = (goroutine.pc, low, goroutine.lr);
        let mut after_signal = goroutine.running;
        let mut panicked = false;
        for depth in 0..MOST_FRAMES {
            let function = self.functions.at(pc)?;
            if !function.has_frame() {
                // Of another language: nothing of Go lies above it.
                return if depth == 0 { None } else { Some(self.with_objects(found, objects, goroutine)) };
            }
            let name = self.functions.name(&function);
            let amd64 = self.layout.architecture == Architecture::Amd64;
            let mut end = sp.checked_add(self.functions.stack_depth(&function, pc)?)?;
            if amd64 {
                // The return address.
                end += 8;
            }
            let ends = function.is_top();
            let mut locals_end = if amd64 { end - 8 } else { end };
            if locals_end > sp {
                // The frame pointer of the caller.
                locals_end -= 8;
            }
            if end > high + 8 || locals_end < sp {
                return None;
            }
            let continues = match panicked {
                false => pc,
                true if function.deferreturn != 0 => function.entry + function.deferreturn + 1,
                true => 0,
            };
            let frame =
                Frame { function, continues, sp, locals_end, arguments: if amd64 { end } else { end + 8 } };
            let pc_of_call = if pc == function.entry || after_signal { pc } else { pc - 1 };
            found.frames.push(FramePlace { entry: function.entry, pc: pc_of_call, end });
            // The registers of what it interrupted lie in its frame, and those frames have no maps.
            let interrupted = name == "runtime.asyncPreempt" || name.starts_with("runtime.debugCall");
            if after_signal || interrupted || frame.function.arguments < 0 {
                found.exact = false;
                let arguments = u64::try_from(frame.function.arguments).unwrap_or(0);
                self.words(frame.sp, locals_end, &mut found.pointers);
                self.words(frame.arguments, (frame.arguments + arguments).min(high), &mut found.pointers);
                self.objects(&frame, &mut objects);
            } else {
                self.frame(&frame, high, &mut found.pointers, &mut objects)?;
            }
            after_signal = interrupted;
            panicked = name == "runtime.sigpanic";
            if ends || (frame.function.writes_sp() && depth > 0 && name != "runtime.cgocallback") {
                break;
            }
            pc = match amd64 {
                true => self.image.word(end - 8)?,
                // Without a frame, or before that is made, the register still has it.
                false if sp >= end && lr != 0 => lr,
                false if sp >= end && depth == 0 && goroutine.running => return None,
                false => self.image.word(sp)?,
            };
            lr = 0;
            sp = end;
            if !amd64 && (interrupted || panicked) {
                // To make it look like a call, the signal's handler has put the register aside below the frame it interrupted.
                lr = self.image.word(sp)?;
                sp += STACK_STEP;
                if self.functions.at(pc).is_none() {
                    pc = lr;
                }
            }
            if pc == 0 || sp >= high {
                break;
            }
        }
        Some(self.with_objects(found, objects, goroutine))
    }

    fn frame(
        &self,
        frame: &Frame<'_>,
        high: u64,
        pointers: &mut Vec<(u64, u64)>,
        objects: &mut Vec<StackObject>,
    ) -> Option<()> {
        if frame.continues == 0 {
            return Some(());
        }
        let index = match frame.continues == frame.function.entry {
            true => -1,
            // Back to the call: the map is that of the instruction before.
            false => self.functions.stack_map_index(&frame.function, frame.continues - 1),
        };
        let index = u64::try_from(index).unwrap_or(0);
        let least = if self.layout.architecture == Architecture::Amd64 { 0 } else { STACK_STEP };
        if frame.locals_end - frame.sp > least {
            let map = self.functions.data(&frame.function, Data::Locals)?;
            self.masked(map, index, |words| frame.locals_end.checked_sub(words * 8), pointers)?;
        }
        if frame.function.arguments > 0 && frame.arguments < high {
            let map = self.functions.data(&frame.function, Data::Arguments)?;
            self.masked(map, index, |_| Some(frame.arguments), pointers)?;
        }
        self.objects(frame, objects);
        Some(())
    }

    /// The pointers that a stack map tells: how many maps there are, how many bits each has, then the bits.
    fn masked(
        &self,
        map: u64,
        index: u64,
        begin: impl Fn(u64) -> Option<u64>,
        pointers: &mut Vec<(u64, u64)>,
    ) -> Option<()> {
        let (count, bits) = (self.image.number(map, 4)?, self.image.number(map + 4, 4)?);
        if bits == 0 {
            return Some(());
        }
        if index >= count || bits > MOST_MAP_WORDS {
            return None;
        }
        let mask = self.image.slice(map + 8 + bits.div_ceil(8) * index, bits.div_ceil(8))?;
        self.set_words(mask, bits, begin(bits)?, pointers);
        Some(())
    }

    fn set_words(&self, mask: &[u8], bits: u64, begin: u64, pointers: &mut Vec<(u64, u64)>) {
        for (index, byte) in mask.iter().enumerate() {
            let mut byte = *byte;
            while byte != 0 {
                let word = index as u64 * 8 + u64::from(byte.trailing_zeros());
                byte &= byte - 1;
                let at = begin + word * 8;
                if let Some(value) = self.image.word(at).filter(|value| *value != 0 && word < bits) {
                    pointers.push((at, value));
                }
            }
        }
    }

    fn objects(&self, frame: &Frame<'_>, objects: &mut Vec<StackObject>) {
        let Some(table) = self.functions.data(&frame.function, Data::StackObjects) else { return };
        let count = self.image.word(table).unwrap_or(0).min(MOST_STACK_OBJECTS);
        for index in 0..count {
            let Some(record) = self.image.slice(table + 8 + index * 16, 16) else { return };
            let number = |at: usize| number_in(record, at, 4) as u32;
            let (offset, size, pointer_bytes) =
                (number(0).cast_signed(), u64::from(number(4)), number(8).cast_signed());
            let base = if offset < 0 { frame.locals_end } else { frame.arguments };
            let begin = base.wrapping_add_signed(i64::from(offset));
            if begin < frame.sp {
                // Its place is not in the frame yet.
                continue;
            }
            // Before Go 1.24 a large one has a program instead of a mask: every word counts then.
            let mask = (pointer_bytes >= 0)
                .then(|| self.functions.constants(&frame.function) + u64::from(number(12)));
            let words = u64::try_from(pointer_bytes).map_or(size, u64::from) / 8;
            objects.push(StackObject { begin, end: begin + size, mask, words, seen: false });
        }
    }

    /// Follows pointers within the stack: what they lead to may have pointers of its own.
    fn with_objects(
        &self,
        mut found: StackPointers,
        mut objects: Vec<StackObject>,
        goroutine: &Goroutine,
    ) -> StackPointers {
        objects.sort_unstable_by_key(|object| object.begin);
        let own = goroutine.stack.0..goroutine.stack.1;
        let mut todo: Vec<(u64, u64)> = std::mem::take(&mut found.pointers);
        if goroutine.context != 0 {
            todo.push((goroutine.address, goroutine.context));
        }
        // Deferred calls hang together across stack and heap.
        let mut deferred = goroutine.defers;
        for _ in 0..MOST_STACK_OBJECTS {
            if deferred == 0 {
                break;
            }
            let at = &self.layout.deferred;
            todo.push((goroutine.address, deferred));
            if let Some(function) = self.image.word(deferred + u64::from(at.function.offset)) {
                todo.push((deferred, function));
            }
            deferred = self.image.word(deferred + u64::from(at.next.offset)).unwrap_or(0);
        }
        while let Some((at, value)) = todo.pop() {
            if !own.contains(&value) {
                found.pointers.push((at, value));
                continue;
            }
            let index = objects.partition_point(|object| object.begin <= value);
            let Some(object) = index.checked_sub(1).map(|index| &mut objects[index]) else { continue };
            if value >= object.end || std::mem::replace(&mut object.seen, true) {
                continue;
            }
            match object.mask {
                None => self.words(object.begin, object.end, &mut todo),
                Some(mask) => {
                    let words = object.words;
                    if let Some(mask) = self.image.slice(mask, words.div_ceil(8)) {
                        self.set_words(mask, words, object.begin, &mut todo);
                    }
                }
            }
        }
        found.pointers.sort_unstable();
        found
    }
}
