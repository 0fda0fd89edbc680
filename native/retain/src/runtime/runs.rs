//! Which goroutines have run between two looks at a program: what none of them did has not been done.
//!
//! The runtime counts, for each goroutine, how often it has stopped running. One that runs, may run at once, or is in a system call
//! does not show by that what it does; the last are told by their threads.

use crate::memory::{Memory, number_in};

use super::heap::list;
use super::layout::{At, Layout};

/// A program that has more is not at rest.
const MOST_GOROUTINES: u64 = 1 << 16;
/// And there are no more processors.
const MOST_PROCESSORS: u64 = 1 << 12;
/// The collector sets this bit of a status while it looks at the stack.
const SCAN_BIT: u64 = 0x1000;
/// The runtime counts with a byte.
const MOST_RUNS: u64 = 256;

/// A goroutine, and how often it has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// Where its description lies.
    address: u64,
    /// The description of one that has ended is that of the next one, which counts from anywhere; a timer starts one though no other runs.
    id: u64,
    status: u64,
    runs: u64,
    /// The function it began with.
    start_pc: u64,
}

/// How often goroutines have run so far, in a program in which none does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    goroutines: Vec<Run>,
    /// How often any of them has, as processors count it.
    all: u64,
    /// How often any of them has left a system call, as processors count it: from Go 1.26 on one that goes from call to call does not count
    /// that itself.
    calls: u64,
    /// The threads of those that are in a system call.
    pub in_calls: Vec<u32>,
}

/// A goroutine that has run since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Where its description lies.
    pub address: u64,
    /// The function it began with.
    pub start_pc: u64,
}

impl Runs {
    /// None when one of the goroutines runs, or may at once, or that cannot be told.
    pub fn read(memory: &dyn Memory, layout: &Layout, bias: u64) -> Option<Self> {
        let counts = layout.counts.as_ref()?;
        let (processors, count) = list(memory, counts.all_processors, bias)?;
        let processors = memory.bytes(processors, count.checked_mul(8)?, MOST_PROCESSORS * 8)?;
        let mut found = Self::default();
        for processor in addresses(&processors).filter(|address| *address != 0) {
            found.all += field(memory, processor, counts.ticks)?;
            found.calls += field(memory, processor, counts.call_ticks)?;
        }
        let (goroutines, count) = list(memory, layout.all_goroutines, bias)?;
        let goroutines = memory.bytes(goroutines, count.checked_mul(8)?, MOST_GOROUTINES * 8)?;
        let size = layout.goroutine.size as usize;
        let goroutines: Vec<u64> = addresses(&goroutines).collect();
        let described = memory.each(&goroutines, size)?;
        for (address, bytes) in goroutines.into_iter().zip(described.chunks_exact(size.max(1))) {
            let number = |at: At| number_in(bytes, at.offset as usize, at.size);
            let status = number(layout.goroutine.status) & !SCAN_BIT;
            if status == layout.running || status == counts.runnable {
                return None;
            }
            if status == counts.in_call {
                let thread = field(memory, number(layout.goroutine.thread), layout.thread.process_id)?;
                found.in_calls.push(u32::try_from(thread).ok()?);
            }
            let (id, start_pc) = (number(layout.goroutine.id), number(layout.goroutine.start_pc));
            found.goroutines.push(Run { address, id, status, runs: number(counts.runs), start_pc });
        }
        Some(found)
    }

    /// Which have run between `before` and this. None when it cannot be told: there are others, or they have run too often to be counted.
    pub fn since(&self, before: &Self) -> Option<Vec<Ran>> {
        let who = |run: &Run| (run.address, run.id, run.start_pc);
        let same = |(now, then): (&Run, &Run)| who(now) == who(then);
        if self.goroutines.len() != before.goroutines.len()
            || self.in_calls != before.in_calls
            || self.calls != before.calls
            || self.all.checked_sub(before.all).is_none_or(|runs| runs >= MOST_RUNS)
            || !self.goroutines.iter().zip(&before.goroutines).all(same)
        {
            return None;
        }
        let both = self.goroutines.iter().zip(&before.goroutines);
        let ran = both.filter(|(now, then)| now != then);
        Some(ran.map(|(now, _)| Ran { address: now.address, start_pc: now.start_pc }).collect())
    }
}

fn addresses(list: &[u8]) -> impl Iterator<Item = u64> {
    list.chunks_exact(8).map(|word| number_in(word, 0, 8))
}

fn field(memory: &dyn Memory, of: u64, at: At) -> Option<u64> {
    memory.number(of.checked_add(u64::from(at.offset))?, at.size)
}
