//! The memory of a process at one moment: what was copied of it, by address.

use std::collections::BTreeMap;

use crate::memory::Memory;

/// One piece of memory that was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Its first byte in the process.
    pub address: u64,
    /// Bytes.
    pub length: u64,
    /// Where it lies in the copy.
    pub offset: u64,
}

impl Piece {
    fn end(&self) -> u64 {
        self.address + self.length
    }
}

/// What is known of a thread at the moment of the copy.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ThreadState {
    /// Its number for the operating system.
    pub tid: u32,
    /// Where its stack ended; 0 when that could not be told.
    pub sp: u64,
    /// What it was about to execute; 0 when that could not be told.
    pub pc: u64,
    /// Whether it was executing code of its own, and not in a system call, where nothing but its stack counts.
    pub computing: bool,
    /// Its general registers, of one that was, when they could be read.
    pub registers: Vec<u64>,
}

impl ThreadState {
    /// Whether it computed, and what was in its registers could not be read.
    pub fn is_half_known(&self) -> bool {
        self.computing && self.registers.is_empty()
    }
}

/// The memory of a process at one moment.
pub struct Image {
    pieces: Vec<Piece>,
    bytes: Box<dyn AsRef<[u8]> + Send + Sync>,
    /// What was added later.
    added: BTreeMap<u64, Box<[u8]>>,
    /// By how much the executable was moved when it was loaded.
    pub bias: u64,
    /// Its threads.
    pub threads: Vec<ThreadState>,
}

/// Why a saved image is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// A piece reaches beyond the copy.
    #[error("a piece of the saved memory lies outside the file: it was cut short")]
    Short,
    /// Two pieces have the same addresses.
    #[error("the saved memory has two versions of the same addresses")]
    Overlap,
}

impl Image {
    /// Puts pieces together. They are checked here, once; neighbours become one.
    pub fn new(
        mut pieces: Vec<Piece>,
        bytes: Box<dyn AsRef<[u8]> + Send + Sync>,
        bias: u64,
        threads: Vec<ThreadState>,
    ) -> Result<Self, ImageError> {
        let available = (*bytes).as_ref().len() as u64;
        pieces.retain(|piece| piece.length > 0);
        pieces.sort_unstable_by_key(|piece| piece.address);
        let mut merged: Vec<Piece> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let inside = piece.offset.checked_add(piece.length).is_some_and(|end| end <= available);
            if !inside || piece.address.checked_add(piece.length).is_none() {
                return Err(ImageError::Short);
            }
            match merged.last_mut() {
                Some(last) if last.end() > piece.address => return Err(ImageError::Overlap),
                Some(last) if last.end() == piece.address && last.offset + last.length == piece.offset => {
                    last.length += piece.length;
                }
                _ => merged.push(piece),
            }
        }
        Ok(Self { pieces: merged, bytes, added: BTreeMap::new(), bias, threads })
    }

    /// The pieces, by address, neighbours as one.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The whole copy; [`Piece::offset`] counts in it.
    pub fn data(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    /// Where the byte at an address lies in [`Self::data`], when it and all that follow up to `length` were copied in one piece.
    pub fn offset_of(&self, address: u64, length: u64) -> Option<usize> {
        let after = self.pieces.partition_point(|piece| piece.address <= address);
        let piece = self.pieces.get(after.checked_sub(1)?)?;
        let into = address - piece.address;
        (into.checked_add(length)? <= piece.length).then_some((piece.offset + into) as usize)
    }

    /// Memory by address, when all of it was copied in one piece.
    pub fn slice(&self, address: u64, length: u64) -> Option<&[u8]> {
        match self.offset_of(address, length) {
            Some(offset) => self.data().get(offset..offset + length as usize),
            None => {
                let (begin, bytes) = self.added.range(..=address).next_back()?;
                let into = usize::try_from(address - begin).ok()?;
                bytes.get(into..into.checked_add(usize::try_from(length).ok()?)?)
            }
        }
    }

    /// Adds a piece that was read later.
    pub fn add(&mut self, address: u64, bytes: Vec<u8>) {
        self.added.insert(address, bytes.into());
    }
}

impl Memory for Image {
    fn held(&self, address: u64, length: usize) -> Option<&[u8]> {
        self.slice(address, length as u64)
    }

    fn read(&self, address: u64, into: &mut [u8]) -> bool {
        match self.slice(address, into.len() as u64) {
            Some(found) => {
                into.copy_from_slice(found);
                true
            }
            // Rarely: neighbours that were copied at different times.
            None => {
                let mut at = address;
                let mut rest = into;
                while !rest.is_empty() {
                    let after = self.pieces.partition_point(|piece| piece.address <= at);
                    let Some(piece) = after.checked_sub(1).map(|index| self.pieces[index]) else {
                        return false;
                    };
                    let Some(available) = piece.end().checked_sub(at).filter(|available| *available > 0)
                    else {
                        return false;
                    };
                    let length = available.min(rest.len() as u64);
                    let Some(found) = self.slice(at, length) else { return false };
                    let (now, later) = rest.split_at_mut(length as usize);
                    now.copy_from_slice(found);
                    rest = later;
                    at += length;
                }
                true
            }
        }
    }
}
