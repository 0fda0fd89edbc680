//! Tables by numbers that nobody chooses to do harm: looked into for every pointer of a heap, so the hash is one multiplication.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// [`HashMap`] by numbers.
pub type FastMap<K, V> = HashMap<K, V, BuildHasherDefault<Mixer>>;
/// [`HashSet`] of numbers.
pub type FastSet<K> = HashSet<K, BuildHasherDefault<Mixer>>;

/// An odd number without a pattern: 2^64 divided by the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes numbers.
#[derive(Default)]
pub struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0.rotate_left(5) ^ number).wrapping_mul(FACTOR);
        // The tables look at the lowest bits and at the highest: addresses differ in neither.
        self.0 = mixed ^ (mixed >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
