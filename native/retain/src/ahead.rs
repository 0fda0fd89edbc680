//! Memory that will be needed soon is asked for before: following pointers all over a heap, a processor mostly waits for memory.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "to ask for memory ahead of time has no safe form")
)]

/// How many objects ahead: about as many as a processor asks for at once.
pub const AHEAD: usize = 8;

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
