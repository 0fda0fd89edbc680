//! Memory that will be needed soon is asked for before: following pointers all over a heap, a processor mostly waits for memory.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "to ask for memory ahead of time has no safe form")
)]

use std::collections::VecDeque;

/// How many objects ahead: about as many as a processor asks for at once.
pub const AHEAD: usize = 8;

/// Bytes that come at once.
pub const CACHE_LINE: usize = 64;
/// How many small things at once: more would not stay in the fastest cache until they are used.
pub const AT_ONCE: usize = 64;

/// The first of these will be read soon; of a long value its beginning.
pub fn fetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    if !values.is_empty() {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, which does nothing but fill a cache, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(values.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

/// Work that is prepared in two steps before it is done, each of which asks for memory that the next one needs.
pub struct Ahead<First, Second> {
    first: VecDeque<First>,
    second: VecDeque<Second>,
}

impl<First, Second> Ahead<First, Second> {
    /// Nothing to do yet.
    pub fn new() -> Self {
        Self { first: VecDeque::with_capacity(AHEAD), second: VecDeque::with_capacity(AHEAD) }
    }

    /// What is to be done now. `more` gives what comes later, `prepare` makes the one of the other.
    pub fn next(
        &mut self,
        mut more: impl FnMut() -> Option<First>,
        prepare: impl Fn(First) -> Second,
    ) -> Option<Second> {
        while self.second.len() < AHEAD {
            while self.first.len() < AHEAD {
                let Some(first) = more() else { break };
                self.first.push_back(first);
            }
            let Some(first) = self.first.pop_front() else { break };
            self.second.push_back(prepare(first));
        }
        self.second.pop_front()
    }
}
