//! Writes a heap profile of the shape Go writes, as large as asked for: what the bench measures on.
//!
//! `cargo run --release -p stallscope-pprof --example synth_profile -- FILE [SAMPLES]`
//!
//! The call graph is fixed (20,000 functions in 800 packages, callees chosen unevenly as in real programs), every
//! stack is a walk through it, 20 to 30 frames deep, every tenth location has an inlined call. The same
//! arguments give the same bytes.

// The library reads no files; what drives it here must.
#![allow(clippy::disallowed_methods)]

use std::error::Error;

use stallscope_pprof::{
    Function, Label, Line, Location, Mapping, Parts, Profile, StringId, StringTable, ValueType, encode_gzip,
};

const FUNCTIONS: u32 = 20_000;
const FUNCTIONS_PER_PACKAGE: u32 = 25;
/// Call sites per function: each is a location.
const CALL_SITES: u32 = 3;
const ROOTS: u32 = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: synth_profile FILE [SAMPLES]")?;
    let samples: usize = arguments.next().map_or(Ok(800_000), |text| text.parse())?;
    let profile = Profile::new(synthesize(samples))?;
    std::fs::write(file, encode_gzip(&profile)?)?;
    Ok(())
}

fn synthesize(samples: usize) -> Parts {
    let mut parts = tables();
    let bytes = parts.strings.push("bytes");
    let mut random = Random(0x5eed);
    let mut stack = Vec::new();
    for _ in 0..samples {
        walk(&mut random, &mut stack);
        let size = 16i64 << random.skewed(12);
        let allocated = 1 + i64::from(random.skewed(500)) * 40;
        // Most of what was ever allocated is no longer in use; Go writes zeros for it.
        let in_use = if random.below(3) == 0 { allocated / 2 } else { 0 };
        let label = Label { key: bytes, text: StringId(0), number: size, unit: StringId(0) };
        parts.samples.push(&[allocated, allocated * size, in_use, in_use * size], &stack, &[label]);
    }
    parts
}

/// Functions, their call sites as locations, and the header of a Go heap profile.
fn tables() -> Parts {
    let mut parts = Parts { strings: StringTable::from_iter([""]), period: 524_288, ..Parts::default() };
    for (kind, unit) in [
        ("alloc_objects", "count"),
        ("alloc_space", "bytes"),
        ("inuse_objects", "count"),
        ("inuse_space", "bytes"),
    ] {
        let value_type = ValueType { kind: parts.strings.push(kind), unit: parts.strings.push(unit) };
        parts.sample_types.push(value_type);
    }
    let file = parts.strings.push("/usr/local/bin/synthetic");
    parts.mappings.push(Mapping { file, memory_limit: 1 << 24, has_functions: true, ..Mapping::default() });
    let mut random = Random(0xf00d);
    for index in 0..FUNCTIONS {
        let (package, number) = (index / FUNCTIONS_PER_PACKAGE, index % FUNCTIONS_PER_PACKAGE);
        let receiver = if number % 3 == 0 { "" } else { "(*Worker)." };
        let name =
            parts.strings.push(&format!("example.com/project/internal/p{package}.{receiver}Step{number}"));
        let file =
            parts.strings.push(&format!("example.com/project/internal/p{package}/step{}.go", number / 5));
        let start_line = i64::from(number * 40 + 10);
        parts.functions.push(Function { name, system_name: name, file, start_line });
        for site in 0..CALL_SITES {
            let first_line = parts.lines.len() as u32;
            let line = start_line + i64::from(site * 7);
            if random.below(10) == 0 {
                parts.lines.push(Line { function: random.below(FUNCTIONS), line: 3, column: 0 });
            }
            parts.lines.push(Line { function: index, line, column: 0 });
            let line_count = parts.lines.len() as u32 - first_line;
            let address = 0x40_0000 + u64::from(index * CALL_SITES + site) * 32;
            parts.locations.push(Location {
                mapping: Some(0),
                address,
                first_line,
                line_count,
                is_folded: false,
            });
        }
    }
    parts
}

/// A path from a root through the call graph, leaf first.
fn walk(random: &mut Random, stack: &mut Vec<u32>) {
    stack.clear();
    let depth = 20 + random.below(11);
    let mut function = random.skewed(ROOTS);
    for _ in 0..depth {
        stack.push(function * CALL_SITES + random.skewed(CALL_SITES));
        // Twelve callees per function, the first ones called most: neighbours in the graph repeat, as real ones do.
        let callee = random.skewed(12);
        function = (function.wrapping_mul(2_654_435_761).wrapping_add(callee * 7919) >> 3) % FUNCTIONS;
    }
    stack.reverse();
}

/// A small generator (xorshift) of our own, so that the file is the same with every version of every library.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u32) -> u32 {
        (self.next() >> 32) as u32 % limit
    }

    /// Below the limit, small numbers much more often.
    fn skewed(&mut self, limit: u32) -> u32 {
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        (unit.powi(5) * f64::from(limit)) as u32
    }
}
