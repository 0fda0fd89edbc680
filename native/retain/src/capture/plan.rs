//! Which memory has to be copied, step by step: each step tells what the next one needs.

use crate::image::ThreadState;
use crate::memory::Memory;
use crate::runtime::goroutines;
use crate::runtime::heap::{HeapError, runtime_memory};
use crate::runtime::layout::Layout;
use crate::runtime::modules::Module;
use crate::symbols::Symbols;

/// Address and length of a piece of memory.
pub type Piece = (u64, u64);

/// What never changes: it can be copied while the program runs. Constants, types, tables of functions.
pub fn constant(symbols: &Symbols, modules: &[Module], bias: u64) -> Vec<Piece> {
    let unchanging = symbols.segments.iter().filter(|segment| !segment.writable);
    let unchanging = unchanging.map(|segment| (segment.address.wrapping_add(bias), segment.size)).collect();
    let code = symbols.code.iter().map(|(address, size)| (address.wrapping_add(bias), *size)).collect();
    let mut pieces = missing(&tidy(unchanging), &tidy(code));
    for module in modules {
        let until = |begin: u64, end: u64| (begin, end.saturating_sub(begin));
        pieces.extend([
            until(module.types.0, module.types.1),
            module.function_names,
            module.pc_values,
            module.functions,
            (module.function_table.0, module.function_table.1.saturating_mul(8)),
            (module.data_mask.0, module.data_mask.1.div_ceil(8)),
            (module.bss_mask.0, module.bss_mask.1.div_ceil(8)),
        ]);
    }
    tidy(pieces)
}

/// The first step: global variables, those of the runtime among them.
pub fn globals(symbols: &Symbols, modules: &[Module], bias: u64) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = symbols
        .segments
        .iter()
        .filter(|segment| segment.writable)
        .map(|segment| (segment.address.wrapping_add(bias), segment.size))
        .collect();
    let range = |(begin, end): (u64, u64)| (begin, end.saturating_sub(begin));
    for module in modules {
        pieces.extend([range(module.data), range(module.bss), range(module.noptrdata)]);
    }
    // Of what has no pointers and begins empty only the runtime's own tells something; buffers of 32 MB are among the rest.
    let empty = tidy(modules.iter().map(|module| range(module.noptrbss)).collect());
    let mut pieces = missing(&tidy(pieces), &empty);
    let of_runtime = symbols.globals.iter().filter(|global| global.name.starts_with("runtime."));
    pieces.extend(of_runtime.map(|global| (global.address.wrapping_add(bias), global.size)));
    tidy(pieces)
}

/// The second step: what the runtime notes about its heap. Needs the first.
pub fn bookkeeping(memory: &dyn Memory, layout: &Layout, bias: u64) -> Result<Vec<Piece>, HeapError> {
    Ok(tidy(runtime_memory(memory, layout, bias)?))
}

/// The last step: the stacks, as far as they are in use. Needs all objects with pointers: goroutines are among them.
pub fn stacks(
    memory: &dyn Memory,
    layout: &Layout,
    bias: u64,
    threads: &[ThreadState],
) -> Result<Vec<Piece>, HeapError> {
    let goroutines = goroutines::all(memory, layout, bias, threads)?;
    Ok(tidy(
        goroutines
            .iter()
            .map(|goroutine| (goroutine.stack.0, goroutine.stack.1 - goroutine.stack.0))
            .collect(),
    ))
}

/// In the order of addresses, what touches as one, nothing twice.
pub fn tidy(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.retain(|(address, length)| *length > 0 && address.checked_add(*length).is_some());
    // Mostly lists that are in order, one behind the other: that is seen by this way of sorting.
    pieces.sort();
    let mut tidied: Vec<Piece> = Vec::with_capacity(pieces.len());
    for (address, length) in pieces {
        match tidied.last_mut() {
            Some((begin, size)) if *begin + *size >= address => {
                *size = (*size).max(address + length - *begin)
            }
            _ => tidied.push((address, length)),
        }
    }
    tidied
}

/// What of some pieces has not been copied yet. Both are tidy.
pub fn missing(wanted: &[Piece], copied: &[Piece]) -> Vec<Piece> {
    let mut missing = Vec::new();
    let mut copied = copied.iter().peekable();
    for (begin, length) in wanted {
        let (mut at, end) = (*begin, begin + length);
        while at < end {
            match copied.peek() {
                Some((have, size)) if have + size <= at => {
                    copied.next();
                }
                Some((have, size)) if *have <= at => at = have + size,
                Some((have, _)) if *have < end => {
                    missing.push((at, have - at));
                    at = *have;
                }
                _ => {
                    missing.push((at, end - at));
                    at = end;
                }
            }
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_that_touch_are_one() {
        assert_eq!(tidy(vec![(30, 5), (10, 10), (20, 5), (12, 3), (40, 0)]), [(10, 15), (30, 5)]);
    }

    #[test]
    fn what_has_been_copied_is_not_copied_again() {
        let copied = [(10, 10), (30, 10), (60, 1)];
        assert_eq!(missing(&[(0, 100)], &copied), [(0, 10), (20, 10), (40, 20), (61, 39)]);
        assert_eq!(missing(&[(10, 10), (32, 2)], &copied), []);
        assert_eq!(missing(&[(5, 10), (18, 14), (35, 30)], &copied), [(5, 5), (20, 10), (40, 20), (61, 4)]);
        assert_eq!(missing(&[(5, 10)], &[]), [(5, 10)]);
    }
}
