//! Reads the memory of another process, in the fastest way that the system allows.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::capture::plan::Piece;
use crate::memory::Memory;

use super::raw::{self, MOST_PIECES};

/// Pages are never smaller; what lies behind an unreadable byte on its page is unreadable too.
const PAGE: u64 = 4096;

enum Way {
    /// One copy instead of two; some containers forbid the call.
    Call(i32),
    /// `/proc/PID/mem`.
    File(File),
}

/// The memory of a running or stopped process.
pub struct Reader(Way);

impl Reader {
    /// Tries to read one byte, which is there in every process.
    pub fn open(pid: u32, address: u64) -> io::Result<Self> {
        let number = i32::try_from(pid).map_err(|_| io::ErrorKind::NotFound)?;
        let mut byte = [0];
        let error = match raw::read_process(number, &[(address, 1)], &mut byte) {
            Ok(1) => return Ok(Self(Way::Call(number))),
            Ok(_) => io::ErrorKind::UnexpectedEof.into(),
            Err(error) => error,
        };
        let by_file = File::open(format!("/proc/{pid}/mem")).and_then(|file| {
            file.read_exact_at(&mut byte, address)?;
            Ok(file)
        });
        // The first way is the usual one: what it said tells more.
        by_file.map(|file| Self(Way::File(file))).map_err(|_| error)
    }

    /// Copies pieces one behind the other and tells which parts of them could not be read. `into` is as long as all of them.
    pub fn copy(&self, from: &[Piece], into: &mut [u8]) -> io::Result<Vec<Piece>> {
        let mut unreadable = Vec::new();
        let mut rest: Vec<Piece> = from.to_vec();
        let mut into = into;
        loop {
            let copied = self.fill(&rest, into)?;
            into = into.get_mut(copied..).unwrap_or_default();
            let Some((address, skip)) = behind(&mut rest, copied as u64) else { return Ok(unreadable) };
            unreadable.push((address, skip));
            into = into.get_mut(skip as usize..).unwrap_or_default();
        }
    }

    /// What is at each of many places; none of one that is not there in full, or longer than `most`.
    pub fn texts(&self, places: &[Piece], most: u64) -> Vec<Option<Vec<u8>>> {
        let mut texts = Vec::with_capacity(places.len());
        // Many with one call: such a call takes longer than what is read.
        for places in places.chunks(MOST_PIECES) {
            let is_one =
                |(address, length): &&Piece| *length <= most && address.checked_add(*length).is_some();
            let pieces: Vec<Piece> =
                places.iter().map(|place| Some(place).filter(is_one).copied().unwrap_or_default()).collect();
            let mut bytes = vec![0; pieces.iter().map(|(_, length)| *length as usize).sum()];
            let unreadable = self.copy(&pieces, &mut bytes);
            let mut rest = &bytes[..];
            for ((address, length), (_, wanted)) in pieces.into_iter().zip(places) {
                let (text, behind) = rest.split_at(length as usize);
                rest = behind;
                let touches =
                    |(from, bytes): &Piece| *from < address + length && address < from.saturating_add(*bytes);
                let is_there = unreadable.as_ref().is_ok_and(|unreadable| !unreadable.iter().any(touches));
                texts.push((is_there && length == *wanted).then(|| text.to_vec()));
            }
        }
        texts
    }

    /// Copies up to the first byte that cannot be read.
    fn fill(&self, from: &[Piece], into: &mut [u8]) -> io::Result<usize> {
        let done = match &self.0 {
            Way::Call(pid) => raw::read_process(*pid, from, into),
            Way::File(file) => fill_from(file, from, into),
        };
        match done {
            Err(error) if matches!(error.raw_os_error(), Some(libc::EFAULT | libc::EIO)) => Ok(0),
            done => done,
        }
    }
}

/// Takes what was copied off the pieces, and the rest of the page that could not be; says which.
fn behind(rest: &mut Vec<Piece>, mut copied: u64) -> Option<Piece> {
    let mut whole = 0;
    for (_, length) in rest.iter() {
        if *length > copied {
            break;
        }
        copied -= length;
        whole += 1;
    }
    rest.drain(..whole);
    let (address, length) = rest.first_mut()?;
    let at = *address + copied;
    let skip = (PAGE - at % PAGE).min(*length - copied);
    *address = at + skip;
    *length -= copied + skip;
    Some((at, skip))
}

fn fill_from(file: &File, from: &[Piece], into: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    for (address, length) in from {
        let mut at = 0;
        while at < *length as usize {
            let Some(part) = into.get_mut(done..done + *length as usize - at) else { return Ok(done) };
            match file.read_at(part, address + at as u64) {
                Ok(0) => return Ok(done),
                Ok(read) => (at, done) = (at + read, done + read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if done == 0 => return Err(error),
                Err(_) => return Ok(done),
            }
        }
    }
    Ok(done)
}

impl Memory for Reader {
    fn each(&self, addresses: &[u64], length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; addresses.len().checked_mul(length)?];
        let pieces: Vec<Piece> = addresses.iter().map(|address| (*address, length as u64)).collect();
        // Many with one call: such a call takes longer than what is read.
        for (pieces, into) in pieces.chunks(MOST_PIECES).zip(bytes.chunks_mut(MOST_PIECES * length.max(1))) {
            if self.fill(pieces, into).ok()? != into.len() {
                return None;
            }
        }
        Some(bytes)
    }

    fn read(&self, address: u64, into: &mut [u8]) -> bool {
        self.fill(&[(address, into.len() as u64)], into).is_ok_and(|copied| copied == into.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> [Reader; 2] {
        let byte = 1_u8;
        let call = Reader::open(std::process::id(), &raw const byte as u64).expect("one may read oneself");
        assert!(matches!(call.0, Way::Call(_)));
        [call, Reader(Way::File(File::open("/proc/self/mem").expect("one may read oneself")))]
    }

    #[test]
    fn pieces_come_one_behind_the_other() {
        let source: Vec<u8> = (0..=255).collect();
        let at = source.as_ptr() as u64;
        for reader in both() {
            let mut into = [0; 7];
            let unreadable = reader.copy(&[(at + 10, 3), (at + 200, 4)], &mut into).expect("it is there");
            assert_eq!((into, unreadable), ([10, 11, 12, 200, 201, 202, 203], vec![]));
            assert_eq!(reader.number(at + 1, 2), Some(0x0201));
            let many: Vec<u64> = (0..1_300).map(|index| at + index % 250).collect();
            let each = reader.each(&many, 3).expect("it is there");
            assert!(each.chunks(3).zip(&many).all(|(three, from)| three[0] == source[(from - at) as usize]));
            assert_eq!(reader.each(&[at, 100], 3), None);
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_told() {
        let source = [7_u8; 64];
        let at = source.as_ptr() as u64;
        for reader in both() {
            let mut into = vec![0; 64 + 5000 + 64];
            let pieces = [(at, 64), (100, 5000), (at, 64)];
            let unreadable = reader.copy(&pieces, &mut into).expect("the process is there");
            assert_eq!(unreadable, [(100, 3996), (4096, 1004)]);
            assert!(into[..64].iter().chain(&into[5064..]).all(|byte| *byte == 7));
            assert!(into[64..5064].iter().all(|byte| *byte == 0));
            assert!(!reader.read(100, &mut [0; 8]));
        }
    }

    #[test]
    fn texts_are_read_each_on_its_own() {
        let source: Vec<u8> = (0..=255).collect();
        let at = source.as_ptr() as u64;
        for reader in both() {
            let mut places: Vec<Piece> = (0..1_300).map(|index| (at + index % 250, 1 + index % 5)).collect();
            places[7] = (100, 5);
            places[600] = (at, 200);
            places[1_299] = (u64::MAX - 1, 5);
            let texts = reader.texts(&places, 100);
            assert_eq!(texts.len(), places.len());
            for (index, (text, (address, length))) in texts.into_iter().zip(places).enumerate() {
                let from = address.wrapping_sub(at) as usize;
                let expected = (![7, 600, 1_299].contains(&index))
                    .then(|| source[from..from + length as usize].to_vec());
                assert_eq!(text, expected, "{index}");
            }
        }
    }

    #[test]
    fn nobody_reads_a_process_that_is_gone() {
        assert!(Reader::open(u32::MAX, 4096).is_err());
        assert!(Reader::open(i32::MAX as u32, 4096).is_err());
    }
}
