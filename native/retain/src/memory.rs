//! The memory of a process, by address: as it is now, or as it was saved.

/// What can be read by address. All numbers are little-endian, as on the processors that are understood.
pub trait Memory: Sync {
    /// Fills `into` with what is at `address`; false when a byte of it is not there, and `into` is anything then.
    #[must_use]
    fn read(&self, address: u64, into: &mut [u8]) -> bool;

    /// Eight bytes.
    fn word(&self, address: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        self.read(address, &mut bytes).then(|| u64::from_le_bytes(bytes))
    }

    /// A number of one to eight bytes.
    fn number(&self, address: u64, size: u8) -> Option<u64> {
        let mut bytes = [0; 8];
        let size = usize::from(size.min(8));
        self.read(address, &mut bytes[..size]).then(|| u64::from_le_bytes(bytes))
    }

    /// So many bytes, when no more than `most` were asked for.
    fn bytes(&self, address: u64, length: u64, most: u64) -> Option<Vec<u8>> {
        if length > most {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        self.read(address, &mut bytes).then_some(bytes)
    }
}

/// A number within bytes that were read before.
pub(crate) fn number_in(bytes: &[u8], offset: usize, size: u8) -> u64 {
    let mut number = [0; 8];
    let size = usize::from(size.min(8));
    match bytes.get(offset..offset + size) {
        Some(found) => number[..size].copy_from_slice(found),
        None => return 0,
    }
    u64::from_le_bytes(number)
}
