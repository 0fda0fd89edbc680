//! Memory that will be needed soon is asked for before: following pointers all over a heap, a processor mostly waits for memory.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "to ask for memory ahead of time has no safe form")
)]

/// How many objects ahead: about as many as a processor asks for at once.
pub const AHEAD: usize = 8;

/// These bytes will be read soon; of a long value its beginning.
pub fn fetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    if !bytes.is_empty() {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, which does nothing but fill a cache, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}
