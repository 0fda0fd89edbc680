//! The executable and its plugins as the runtime knows them: which memory their global variables have, and which words of
//! it are pointers.

use crate::memory::{Memory, number_in};

use super::layout::{At, Layout};

/// A program has one module, and one more for each plugin.
const MOST_MODULES: usize = 256;
/// The mask of 8 GB of global variables.
const MOST_MASK_BYTES: u64 = 128 << 20;

/// A range of addresses, the end not included.
pub type Range = (u64, u64);

/// One module, with addresses as they are in the process.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Global variables with pointers and values, and the mask of their pointers with its length in bits.
    pub data: Range,
    /// Where that mask lies, and how many bits it has.
    pub data_mask: (u64, u64),
    /// Global variables with pointers, empty at the start.
    pub bss: Range,
    /// Where that mask lies, and how many bits it has.
    pub bss_mask: (u64, u64),
    /// Global variables without pointers.
    pub noptrdata: Range,
    /// Global variables without pointers, empty at the start.
    pub noptrbss: Range,
    /// Descriptions of types.
    pub types: Range,
    /// Where constants begin.
    pub rodata: u64,
    /// Where maps of stacks and the like begin.
    pub gofunc: u64,
    /// Instructions.
    pub text: Range,
    /// Names of functions: where, and how many bytes.
    pub function_names: (u64, u64),
    /// Values by program counter: where, and how many bytes.
    pub pc_values: (u64, u64),
    /// Functions: where, and how many bytes.
    pub functions: (u64, u64),
    /// Where each function begins: where, and how many entries.
    pub function_table: (u64, u64),
}

impl Module {
    /// All modules, the executable first.
    pub fn all(memory: &dyn Memory, layout: &Layout, bias: u64) -> Vec<Self> {
        let mut modules = Vec::new();
        let mut address = layout.first_module.wrapping_add(bias);
        while address != 0 && modules.len() < MOST_MODULES {
            let Some(bytes) = memory.bytes(address, u64::from(layout.module.size), 1 << 16) else { break };
            modules.push(Self::from(&bytes, layout));
            address = number_in(&bytes, layout.module.next.offset as usize, 8);
        }
        modules
    }

    fn from(bytes: &[u8], layout: &Layout) -> Self {
        let at = &layout.module;
        let number = |at: At| number_in(bytes, at.offset as usize, at.size);
        Self {
            data: (number(at.data), number(at.data_end)),
            data_mask: (number(at.data_mask), number(at.data_mask_bits)),
            bss: (number(at.bss), number(at.bss_end)),
            bss_mask: (number(at.bss_mask), number(at.bss_mask_bits)),
            noptrdata: (number(at.noptrdata), number(at.noptrdata_end)),
            noptrbss: (number(at.noptrbss), number(at.noptrbss_end)),
            types: (number(at.types), number(at.types_end)),
            rodata: number(at.rodata),
            gofunc: number(at.gofunc),
            text: (number(at.text), number(at.text_end)),
            function_names: (number(at.function_names), number(at.function_names_length)),
            pc_values: (number(at.pc_values), number(at.pc_values_length)),
            functions: (number(at.functions), number(at.functions_length)),
            function_table: (number(at.function_table), number(at.function_table_length)),
        }
    }

    /// The addresses and values of all global pointers that are not nil.
    pub fn global_pointers(&self, memory: &dyn Memory) -> Option<Vec<(u64, u64)>> {
        let mut found = Vec::new();
        for (range, (mask, bits)) in [(self.data, self.data_mask), (self.bss, self.bss_mask)] {
            let words = range.1.checked_sub(range.0)? / 8;
            let bits = bits.min(words);
            let mask = memory.bytes(mask, bits.div_ceil(8), MOST_MASK_BYTES)?;
            let values = memory.bytes(range.0, bits * 8, MOST_MASK_BYTES * 64)?;
            for (byte_index, byte) in mask.iter().enumerate() {
                let mut byte = *byte;
                while byte != 0 {
                    let word = byte_index * 8 + byte.trailing_zeros() as usize;
                    byte &= byte - 1;
                    let value = number_in(&values, word * 8, 8);
                    if value != 0 {
                        found.push((range.0 + word as u64 * 8, value));
                    }
                }
            }
        }
        Some(found)
    }
}
