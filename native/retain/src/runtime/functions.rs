//! The tables of functions that the runtime itself uses to walk through stacks.

use crate::image::Image;
use crate::memory::{Memory, number_in};
use crate::symbols::Architecture;

use super::layout::{Function as FunctionLayout, Layout};
use super::modules::Module;

/// Functions with more of either are none.
const MOST_TABLES: u64 = 256;
/// Names of instantiated generics are long.
const LONGEST_NAME: usize = 4096;
/// Steps of one table: one for each change of a value within a function.
const MOST_STEPS: usize = 1 << 20;

/// A frame ends a stack.
const FLAG_TOP_FRAME: u64 = 1;
/// A function that changes the stack pointer in a way that no table tells.
const FLAG_SP_WRITE: u64 = 2;

/// Which table of a function to look into: part of what compiler and linker agree on, and the same in all versions of Go
/// that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// Which arguments are pointers, by place in the function.
    Arguments = 0,
    /// Which local variables are pointers.
    Locals = 1,
    /// Variables whose address is taken.
    StackObjects = 2,
}

/// Which of the maps counts, by place in the function.
const STACK_MAP_INDEX: u64 = 1;

/// One function, as the runtime's tables have it.
#[derive(Clone, Copy, Debug)]
pub struct Function<'a> {
    module: &'a Module,
    /// Where it is described.
    described: u64,
    /// Its first instruction.
    pub entry: u64,
    /// Bytes of its arguments on the stack; negative when nobody can say.
    pub arguments: i32,
    /// Where the call is that runs deferred functions, from the entry; 0 when there is none.
    pub deferreturn: u64,
    stack_depth: u64,
    pc_tables: u64,
    data_tables: u64,
    flags: u64,
    name: u64,
}

impl Function<'_> {
    /// Whether a stack ends here.
    pub fn is_top(&self) -> bool {
        self.flags & FLAG_TOP_FRAME != 0
    }

    /// Whether it changes the stack pointer in a way that no table tells.
    pub fn writes_sp(&self) -> bool {
        self.flags & FLAG_SP_WRITE != 0
    }

    /// Whether anything is known of its frame.
    pub fn has_frame(&self) -> bool {
        self.stack_depth != 0
    }
}

/// Looks functions up.
pub struct Functions<'a> {
    image: &'a Image,
    layout: &'a FunctionLayout,
    modules: &'a [Module],
    /// Bytes of the shortest instruction.
    quantum: u64,
}

impl<'a> Functions<'a> {
    /// Of the modules of a program.
    pub fn new(image: &'a Image, layout: &'a Layout, modules: &'a [Module]) -> Self {
        let quantum = if layout.architecture == Architecture::Amd64 { 1 } else { 4 };
        Self { image, layout: &layout.function, modules, quantum }
    }

    /// The function that an instruction belongs to.
    pub fn at(&self, pc: u64) -> Option<Function<'a>> {
        let module = self.modules.iter().find(|module| pc >= module.text.0 && pc < module.text.1)?;
        let offset = u32::try_from(pc - module.text.0).ok()?;
        let (table, count) = module.function_table;
        // Pairs of where a function begins and where it is described; the last one only ends the one before.
        let pair = |index: u64, part: u64| self.image.number(table + index * 8 + part * 4, 4);
        let (mut low, mut high) = (0, count.checked_sub(1)?);
        while low < high {
            let middle = (low + high) / 2;
            if pair(middle, 0)? <= u64::from(offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let described = pair(low.checked_sub(1)?, 1)?;
        self.read(module, described)
    }

    fn read(&self, module: &'a Module, offset: u64) -> Option<Function<'a>> {
        let described = module.functions.0.checked_add(offset)?;
        if offset >= module.functions.1 {
            return None;
        }
        let bytes = self.image.slice(described, u64::from(self.layout.size))?;
        let number = |at: super::layout::At| number_in(bytes, at.offset as usize, at.size);
        Some(Function {
            module,
            described,
            entry: module.text.0 + number(self.layout.entry),
            arguments: (number(self.layout.arguments) as u32).cast_signed(),
            deferreturn: number(self.layout.deferreturn),
            stack_depth: number(self.layout.stack_depth),
            pc_tables: number(self.layout.pc_tables).min(MOST_TABLES),
            data_tables: number(self.layout.data_tables).min(MOST_TABLES),
            flags: number(self.layout.flags),
            name: number(self.layout.name),
        })
    }

    /// Its name with the package.
    pub fn name(&self, function: &Function<'_>) -> String {
        let (names, length) = function.module.function_names;
        let rest = length.saturating_sub(function.name).min(LONGEST_NAME as u64);
        let bytes = self.image.slice(names.wrapping_add(function.name), rest).unwrap_or(&[]);
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    }

    /// How far the stack pointer is below where it was at the entry, at an instruction.
    pub fn stack_depth(&self, function: &Function<'_>, pc: u64) -> Option<u64> {
        let depth = self.value(function, function.stack_depth, pc)?;
        u64::try_from(depth).ok()
    }

    /// Which of a function's stack maps counts at an instruction; -1 when none does.
    pub fn stack_map_index(&self, function: &Function<'_>, pc: u64) -> i32 {
        if function.pc_tables <= STACK_MAP_INDEX {
            return -1;
        }
        let at = function.described + u64::from(self.layout.size) + STACK_MAP_INDEX * 4;
        self.image.number(at, 4).and_then(|table| self.value(function, table, pc)).unwrap_or(-1)
    }

    /// Where a table of a function lies.
    pub fn data(&self, function: &Function<'_>, which: Data) -> Option<u64> {
        let index = which as u64;
        if index >= function.data_tables {
            return None;
        }
        let at = function.described + u64::from(self.layout.size) + (function.pc_tables + index) * 4;
        let offset = self.image.number(at, 4)?;
        (offset != u64::from(u32::MAX)).then(|| function.module.gofunc + offset)
    }

    /// Where the constants of its module begin, which the masks of stack objects lie in.
    pub fn constants(&self, function: &Function<'_>) -> u64 {
        function.module.rodata
    }

    /// A value that depends on the instruction: pairs of differences, of the value and of the program counter.
    fn value(&self, function: &Function<'_>, table: u64, pc: u64) -> Option<i32> {
        let (tables, length) = function.module.pc_values;
        if table == 0 || table >= length {
            return None;
        }
        let bytes = self.image.slice(tables + table, length - table)?;
        let (mut at, mut value, mut until) = (0, -1_i32, function.entry);
        for step in 0..MOST_STEPS {
            let difference = varint(bytes, &mut at)?;
            if difference == 0 && step > 0 {
                return None;
            }
            // The lowest bit is the sign.
            value = value.wrapping_add(
                (difference >> 1).cast_signed() ^ (difference & 1).cast_signed().wrapping_neg(),
            );
            until = until.checked_add(u64::from(varint(bytes, &mut at)?) * self.quantum)?;
            if pc < until {
                return Some(value);
            }
        }
        None
    }
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u32> {
    let mut number = 0_u32;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
