//! The goroutines: where their stacks are, and how far they are in use.

use crate::image::ThreadState;
use crate::memory::{Memory, number_in};

use super::heap::{HeapError, list};
use super::layout::{At, Layout};

/// More goroutines than this need a terabyte of stacks.
const MOST_GOROUTINES: u64 = 1 << 27;
/// The largest stack that the runtime allows, on 64 bits.
const LARGEST_STACK: u64 = 1 << 30;
/// The collector sets this bit of a status while it looks at the stack.
const SCAN_BIT: u64 = 0x1000;

/// X30 of 64-bit ARM, among the registers of a thread. Only there anybody looks at it.
const LINK_REGISTER: usize = 30;

/// A goroutine that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goroutine {
    /// Where its description lies; an object of the heap, but for the first one.
    pub address: u64,
    /// Its number.
    pub id: u64,
    /// The function it began with.
    pub start_pc: u64,
    /// The part of its stack that is in use.
    pub stack: (u64, u64),
    /// Where it goes on; 0 when that could not be told.
    pub pc: u64,
    /// Where it returns to, on processors with a register for that; 0 when that could not be told.
    pub lr: u64,
    /// A closure it is about to call, or 0.
    pub context: u64,
    /// Its deferred calls, or 0.
    pub defers: u64,
    /// Whether it was running: the end of its stack is then known from its thread, or not at all.
    pub running: bool,
    /// Whether it was stopped anywhere in its code, as by a signal, so that its frame has no map.
    pub anywhere: bool,
    /// What was in the registers of the thread that ran it, as far as that could be read.
    pub registers: Vec<u64>,
}

/// Where a goroutine is in its code.
#[derive(Clone, Copy)]
struct Position {
    sp: u64,
    pc: u64,
    lr: u64,
}

/// All goroutines that have not ended.
pub fn all(
    memory: &dyn Memory,
    layout: &Layout,
    bias: u64,
    threads: &[ThreadState],
) -> Result<Vec<Goroutine>, HeapError> {
    let unreadable = HeapError::Unreadable("the list of goroutines");
    let (address, count) = list(memory, layout.all_goroutines, bias).ok_or(unreadable.clone())?;
    if count > MOST_GOROUTINES {
        return Err(HeapError::TooLarge("goroutines"));
    }
    let list = memory.bytes(address, count * 8, MOST_GOROUTINES * 8).ok_or(unreadable)?;
    let mut found = Vec::new();
    let mut bytes = vec![0; layout.goroutine.size as usize];
    for index in 0..count as usize {
        let at = number_in(&list, index * 8, 8);
        if at != 0 && memory.read(at, &mut bytes) {
            found.extend(describe(memory, &bytes, at, layout, threads));
        }
    }
    Ok(found)
}

/// All of the stack of one, also what is not in use.
pub fn stack_of(memory: &dyn Memory, layout: &Layout, goroutine: u64) -> Option<(u64, u64)> {
    let bound = |at: At| memory.number(goroutine.wrapping_add(u64::from(at.offset)), at.size);
    let (low, high) = (bound(layout.goroutine.stack_low)?, bound(layout.goroutine.stack_high)?);
    (low != 0 && low < high && high - low <= LARGEST_STACK).then_some((low, high))
}

fn describe(
    memory: &dyn Memory,
    bytes: &[u8],
    address: u64,
    layout: &Layout,
    threads: &[ThreadState],
) -> Option<Goroutine> {
    let number = |at: At| number_in(bytes, at.offset as usize, at.size);
    let at = &layout.goroutine;
    let status = number(at.status) & !SCAN_BIT;
    // Idle ones wait in a list to be used again; those of threads that C made have no stack of their own.
    if status == layout.dead || Some(status) == layout.dead_extra || status == 0 {
        return None;
    }
    let (low, high) = (number(at.stack_low), number(at.stack_high));
    if low == 0 || high <= low || high - low > LARGEST_STACK || low % 8 != 0 || high % 8 != 0 {
        return None;
    }
    let within = |sp: u64| (sp >= low && sp <= high).then_some(sp & !7);
    let (sp, pc) = match number(at.syscall_sp) {
        0 => (number(at.sp), number(at.pc)),
        syscall_sp => (syscall_sp, number(at.syscall_pc)),
    };
    let mut position = Position { sp, pc, lr: number(at.lr) };
    let running = status == layout.running;
    let mut registers = Vec::new();
    if running {
        position = match running_at(memory, number(at.thread), layout, threads, (low, high), position) {
            Some((position, its)) => {
                registers.extend_from_slice(its);
                position
            }
            // All of its stack counts.
            None => Position { sp: low, pc: 0, lr: 0 },
        };
    }
    Some(Goroutine {
        address,
        id: number(at.id),
        start_pc: number(at.start_pc),
        stack: (within(position.sp).unwrap_or(low), high),
        pc: position.pc,
        lr: position.lr,
        context: number(at.context),
        defers: number(at.defers),
        running,
        anywhere: at.async_safe_point.is_some_and(|at| number(at) != 0),
        registers,
    })
}

/// Where the stack of a running goroutine ends, where it goes on, and what it has in registers.
fn running_at<'a>(
    memory: &dyn Memory,
    thread: u64,
    layout: &Layout,
    threads: &'a [ThreadState],
    (low, high): (u64, u64),
    set_aside: Position,
) -> Option<(Position, &'a [u64])> {
    let field = |at: At| memory.number(thread.wrapping_add(u64::from(at.offset)), at.size);
    let tid = field(layout.thread.process_id)?;
    let thread = threads.iter().find(|thread| u64::from(thread.tid) == tid && thread.sp != 0)?;
    if (low..=high).contains(&thread.sp) {
        // Where that could not be read, nobody knows.
        let lr = thread.registers.get(LINK_REGISTER).copied().unwrap_or(0);
        return Some((Position { sp: thread.sp, pc: thread.pc, lr }, &thread.registers));
    }
    // On the stack of the scheduler, as for much of the runtime's own work, or of C: its own was set aside before, and what it had in
    // registers lies on it.
    let own = field(layout.thread.own)?;
    let bound = |at: At| memory.number(own.wrapping_add(u64::from(at.offset)), at.size);
    let (own_low, own_high) = (bound(layout.goroutine.stack_low)?, bound(layout.goroutine.stack_high)?);
    let is_on_it = (own_low..=own_high).contains(&thread.sp) && (low..=high).contains(&set_aside.sp);
    is_on_it.then_some((set_aside, &[]))
}
