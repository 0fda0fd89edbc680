//! The memory of a process, by address: as it is now, or as it was saved.

/// What can be read by address. All numbers are little-endian, as on the processors that are understood.
pub trait Memory: Sync {
    /// Fills `into` with what is at `address`; false when a byte of it is not there, and `into` is anything then.
    #[must_use]
    fn read(&self, address: u64, into: &mut [u8]) -> bool;

    /// So many bytes at an address, if this process has them already, together.
    fn held(&self, _address: u64, _length: usize) -> Option<&[u8]> {
        None
    }

    /// What is at an address will be read soon: nothing that has to be done, but it can be prepared.
    fn soon(&self, _address: u64, _length: usize) {}

    /// So many bytes at each of some addresses, one behind the other; none when one of them is not there.
    fn each(&self, addresses: &[u64], length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; addresses.len().checked_mul(length)?];
        let mut places = addresses.iter().zip(bytes.chunks_exact_mut(length.max(1)));
        places.all(|(address, into)| self.read(*address, into)).then_some(bytes)
    }

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
    let Some(bytes) = bytes.get(offset..) else { return 0 };
    // Nearly all are of these sizes, and there are very many.
    let found = match size {
        8.. => bytes.first_chunk().map(|word| u64::from_le_bytes(*word)),
        4 => bytes.first_chunk().map(|word| u32::from_le_bytes(*word).into()),
        2 => bytes.first_chunk().map(|word| u16::from_le_bytes(*word).into()),
        1 => bytes.first().map(|byte| (*byte).into()),
        size => bytes
            .get(..usize::from(size))
            .map(|bytes| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))),
    };
    found.unwrap_or(0)
}
