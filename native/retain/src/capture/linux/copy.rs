//! Copies pieces of memory, by several threads, and finds them again.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::ahead::{CACHE_LINE, fetch};
use crate::capture::plan::{self, Piece};
use crate::image;
use crate::memory::Memory;

use super::raw::MOST_PIECES;
use super::reader::Reader;

/// Copied at once, so that a pause can end early: under a millisecond.
const JOB_BYTES: u64 = 2 << 20;
/// More threads only wait for memory.
const MOST_THREADS: usize = 4;

/// How many threads copy.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS))
}

/// Bytes of pieces together.
pub fn bytes(pieces: &[Piece]) -> u64 {
    pieces.iter().fold(0, |sum, (_, length)| sum.saturating_add(*length))
}

/// Gives pieces their places, one behind the other.
pub fn lay(pieces: &[Piece], mut offset: u64) -> Vec<image::Piece> {
    let place = |(address, length): &Piece| {
        let laid = image::Piece { address: *address, length: *length, offset };
        offset = offset.saturating_add(*length);
        laid
    };
    pieces.iter().map(place).collect()
}

/// Some pieces that are copied one behind the other at once.
pub struct Job<'a> {
    from: Cow<'a, [Piece]>,
    into: &'a mut [u8],
}

/// Divides the copying of pieces. `into` has room for all of them.
pub fn jobs<'a>(pieces: &[Piece], into: &'a mut [u8]) -> Vec<Job<'a>> {
    jobs_of(divide(pieces).into_iter().map(Cow::Owned), into)
}

/// The jobs of what has been divided before: while a program stands still there is no time for that.
pub fn divided_jobs<'a>(divided: &'a [Vec<Piece>], into: &'a mut [u8]) -> Vec<Job<'a>> {
    jobs_of(divided.iter().map(|from| Cow::Borrowed(&from[..])), into)
}

fn jobs_of<'a>(divided: impl Iterator<Item = Cow<'a, [Piece]>>, into: &'a mut [u8]) -> Vec<Job<'a>> {
    let mut rest = into;
    let job = |from: Cow<'a, [Piece]>| {
        let (into, others) = std::mem::take(&mut rest).split_at_mut(bytes(&from) as usize);
        rest = others;
        Job { from, into }
    };
    divided.map(job).collect()
}

/// Divides pieces into what is copied at once.
pub fn divide(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let mut divided = Vec::new();
    let (mut from, mut length) = (Vec::new(), 0);
    for (address, size) in pieces {
        let (mut at, end) = (*address, address + size);
        while at < end {
            let now = (end - at).min(JOB_BYTES - length);
            from.push((at, now));
            (at, length) = (at + now, length + now);
            if length == JOB_BYTES || from.len() == MOST_PIECES {
                divided.push(std::mem::take(&mut from));
                length = 0;
            }
        }
    }
    divided.push(from);
    divided
}

/// Copying that several threads take part in.
pub struct Copying<'a, E> {
    reader: &'a Reader,
    check: &'a (dyn Fn() -> Result<(), E> + Sync),
    jobs: Mutex<std::vec::IntoIter<Job<'a>>>,
    result: Mutex<Result<Vec<Piece>, E>>,
    copied: &'a AtomicU64,
}

impl<'a, E: From<std::io::Error>> Copying<'a, E> {
    /// `check` is asked before every job; `copied` counts bytes.
    pub fn new(
        reader: &'a Reader,
        jobs: Vec<Job<'a>>,
        check: &'a (dyn Fn() -> Result<(), E> + Sync),
        copied: &'a AtomicU64,
    ) -> Self {
        Self { reader, check, jobs: Mutex::new(jobs.into_iter()), result: Mutex::new(Ok(Vec::new())), copied }
    }

    /// Takes part until nothing is left or something went wrong.
    pub fn take_part(&self) {
        loop {
            let Some(job) = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).next() else { return };
            let length = job.into.len() as u64;
            let done = (self.check)().and_then(|()| Ok(self.reader.copy(&job.from, job.into)?));
            let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
            match (done, result.as_mut()) {
                (Ok(unreadable), Ok(all)) => {
                    self.copied.fetch_add(length, Ordering::Relaxed);
                    all.extend(unreadable);
                }
                (Ok(_), Err(_)) => return,
                (Err(error), _) => {
                    *result = Err(error);
                    return;
                }
            }
            if result.is_err() {
                return;
            }
        }
    }

    /// Has so many more threads take part.
    pub fn invite<'scope>(&'scope self, scope: &'scope std::thread::Scope<'scope, '_>, threads: usize)
    where
        E: Send,
    {
        for _ in 0..threads {
            // Where there are too many threads already, those that there are have more to do.
            let _ = std::thread::Builder::new().spawn_scoped(scope, || self.take_part());
        }
    }

    /// By so many threads, this one among them; the parts that could not be read.
    pub fn all(self, threads: usize) -> Result<Vec<Piece>, E>
    where
        E: Send,
    {
        // A thread costs more than to copy a little.
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).len();
        std::thread::scope(|scope| {
            self.invite(scope, threads.min(jobs).saturating_sub(1));
            self.take_part();
        });
        self.result()
    }

    /// The parts that could not be read, when all have taken part.
    pub fn result(self) -> Result<Vec<Piece>, E> {
        self.result.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pieces that were copied one behind the other, and their bytes.
pub struct Part<'a> {
    pieces: Cow<'a, [image::Piece]>,
    bytes: &'a [u8],
    /// The piece that was asked for last: the next one is mostly near.
    last: AtomicUsize,
}

impl<'a> Part<'a> {
    /// `pieces` are tidy, and lie in `bytes` one behind the other.
    pub fn new(pieces: &[Piece], bytes: &'a [u8]) -> Self {
        Self { pieces: Cow::Owned(lay(pieces, 0)), bytes, last: AtomicUsize::new(0) }
    }

    /// The same of pieces that have their places.
    pub fn of(pieces: &'a [image::Piece], bytes: &'a [u8]) -> Self {
        Self { pieces: Cow::Borrowed(pieces), bytes, last: AtomicUsize::new(0) }
    }

    fn slice(&self, address: u64, length: usize) -> Option<&'a [u8]> {
        let has = |piece: &&image::Piece| (piece.address..piece.address + piece.length).contains(&address);
        let piece = match self.pieces.get(self.last.load(Ordering::Relaxed)).filter(has) {
            Some(piece) => piece,
            None => {
                let index = self.pieces.partition_point(|piece| piece.address <= address).checked_sub(1)?;
                self.last.store(index, Ordering::Relaxed);
                self.pieces.get(index)?
            }
        };
        let into = address - piece.address;
        let fits = into.checked_add(length as u64).is_some_and(|end| end <= piece.length);
        let begin = (piece.offset + into) as usize;
        if fits { self.bytes.get(begin..begin + length) } else { None }
    }
}

/// The memory of a process of which parts are copied already; the rest is read from itself.
pub struct Partly<'a> {
    /// What is copied.
    pub parts: Vec<Part<'a>>,
    /// The rest.
    pub reader: &'a Reader,
}

impl Memory for Partly<'_> {
    fn held(&self, address: u64, length: usize) -> Option<&[u8]> {
        self.parts.iter().find_map(|part| part.slice(address, length))
    }

    fn soon(&self, address: u64, length: usize) {
        if let Some(found) = self.held(address, length) {
            found.chunks(CACHE_LINE).for_each(fetch);
        }
    }

    fn read(&self, address: u64, into: &mut [u8]) -> bool {
        match self.held(address, into.len()) {
            Some(found) => {
                into.copy_from_slice(found);
                true
            }
            None => self.reader.read(address, into),
        }
    }
}

/// Copies parts of pieces again that lie one behind the other, list by list. Each list is tidy.
pub fn again(reader: &Reader, lists: &[Vec<Piece>], parts: &[Piece], into: &mut [u8]) -> std::io::Result<()> {
    let mut offset = 0;
    for list in lists {
        for part in parts {
            let touched = near(list, *part);
            let Some((first, _)) = touched.first() else { continue };
            let before = list.partition_point(|(address, _)| address < first);
            for piece in lay(touched, offset + bytes(&list[..before])) {
                let from = piece.address.max(part.0);
                let end = (piece.address + piece.length).min(part.0.saturating_add(part.1));
                let begin = (piece.offset + from - piece.address) as usize;
                reader.copy(&[(from, end - from)], &mut into[begin..begin + (end - from) as usize])?;
            }
        }
        offset += bytes(list);
    }
    Ok(())
}

/// All that was copied as pieces of an image: nothing twice, and nothing that could not be read.
pub fn pieces(laid: &[Vec<image::Piece>], mut unreadable: Vec<Piece>) -> Vec<image::Piece> {
    unreadable = plan::tidy(unreadable);
    let mut all: Vec<image::Piece> = Vec::new();
    let mut before: Vec<Piece> = unreadable;
    for pieces in laid {
        for piece in pieces {
            let own = (piece.address, piece.length);
            let near = near(&before, own);
            if near.is_empty() {
                all.push(*piece);
                continue;
            }
            let left = plan::missing(&[own], near);
            all.extend(left.into_iter().map(|(address, length)| image::Piece {
                address,
                length,
                offset: piece.offset + (address - piece.address),
            }));
        }
        before.extend(pieces.iter().map(|piece| (piece.address, piece.length)));
        before = plan::tidy(before);
    }
    all
}

/// Those of tidy pieces that overlap with one.
fn near(tidy: &[Piece], (begin, length): Piece) -> &[Piece] {
    let from = tidy.partition_point(|(address, length)| address + length <= begin);
    let end = tidy.partition_point(|(address, _)| *address < begin.saturating_add(length));
    tidy.get(from..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;
    impl From<std::io::Error> for Nothing {
        fn from(_: std::io::Error) -> Self {
            Self
        }
    }

    #[test]
    fn many_threads_copy_what_one_would() {
        let source: Vec<u8> = (0..9_000_000_u32).map(|number| (number % 251) as u8).collect();
        let at = source.as_ptr() as u64;
        let reader = Reader::open(std::process::id(), at).expect("one may read oneself");
        let pieces = plan::tidy(
            (0..4000).map(|index| (at + index * 2200, 1000 + index % 7)).chain([(at, 5_000_000)]).collect(),
        );
        let mut into = vec![0; bytes(&pieces) as usize];
        let copied = AtomicU64::new(0);
        let all = jobs(&pieces, &mut into);
        assert!(all.len() > 3, "several jobs: {}", all.len());
        let unreadable = Copying::<Nothing>::new(&reader, all, &|| Ok(()), &copied).all(3);
        assert_eq!(unreadable.ok(), Some(vec![]));
        assert_eq!(copied.into_inner(), into.len() as u64);
        let partly = Partly { parts: vec![Part::new(&pieces, &into)], reader: &reader };
        for (address, length) in pieces {
            let found = partly.bytes(address, length, length).expect("it was copied");
            let begin = (address - at) as usize;
            assert!(found == source[begin..begin + length as usize]);
        }
    }

    #[test]
    fn copying_ends_when_it_has_to() {
        let source = vec![1_u8; 20 << 20];
        let reader = Reader::open(std::process::id(), source.as_ptr() as u64).expect("one may read oneself");
        let mut into = vec![0; source.len()];
        let copied = AtomicU64::new(0);
        let left = AtomicU64::new(3);
        let check =
            || match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
                Ok(_) => Ok(()),
                Err(_) => Err(Nothing),
            };
        let jobs = jobs(&[(source.as_ptr() as u64, source.len() as u64)], &mut into);
        assert_eq!(jobs.len(), 11);
        assert!(Copying::new(&reader, jobs, &check, &copied).all(1).is_err());
        assert_eq!(copied.into_inner(), 3 * JOB_BYTES);
    }

    #[test]
    fn parts_are_copied_again_where_they_lie() {
        let mut source: Vec<u8> = vec![1; 1000];
        let at = source.as_ptr() as u64;
        let reader = Reader::open(std::process::id(), at).expect("one may read oneself");
        let lists = [vec![(at + 100, 50), (at + 200, 50)], vec![(at + 500, 100)]];
        let mut into = vec![0; 200];
        source[90..260].fill(2);
        source[550..700].fill(3);
        again(&reader, &lists, &[(at + 140, 70), (at + 580, 400)], &mut into).expect("it is there");
        let expected = [vec![0; 40], vec![2; 20], vec![0; 120], vec![3; 20]].concat();
        assert_eq!(into, expected, "{:?}", source.len());
    }

    #[test]
    fn an_image_has_nothing_twice_and_nothing_unread() {
        let first = lay(&[(100, 50), (200, 50)], 0);
        let second = lay(&[(140, 100)], 100);
        let pieces = pieces(&[first, second], vec![(110, 5), (205, 1)]);
        let plain: Vec<_> = pieces.iter().map(|piece| (piece.address, piece.length, piece.offset)).collect();
        assert_eq!(plain, [(100, 10, 0), (115, 35, 15), (200, 5, 50), (206, 44, 56), (150, 50, 110)]);
    }
}
