//! What the compiler cannot check: a file mapped into memory, and the memory and registers of another process.
#![expect(
    unsafe_code,
    reason = "mapping a file, process_vm_readv and ptrace have no safe form; nothing else here needs any"
)]

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;
use std::time::Duration;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{Advice, MapFlags, ProtFlags};

/// With these nobody can change the file any more, or cut it short below a mapping.
const FOR_GOOD: SealFlags =
    SealFlags::SEAL.union(SealFlags::SHRINK).union(SealFlags::GROW).union(SealFlags::WRITE);
/// How often that is tried, and the pause in between.
const MOST_SEALINGS: u32 = 100;
const SEALING_PAUSE: Duration = Duration::from_millis(20);
/// The kernel takes twice as many in one call: between two pieces there may be a gap.
pub const MOST_PIECES: usize = 512;
/// Less than this between two pieces is read and forgotten: the kernel looks up the pages of each piece of its own.
const MOST_GAP: u64 = 2048;

/// Pages of a file, unmapped when dropped.
struct Pages {
    begin: NonNull<c_void>,
    length: usize,
}

// SAFETY: a mapping belongs to the process, not to a thread; who may write to it is up to the owner of this.
unsafe impl Send for Pages {}
// SAFETY: as above: shared, it is only read.
unsafe impl Sync for Pages {}

impl Pages {
    fn of(file: impl AsFd, length: usize, protection: ProtFlags) -> io::Result<Self> {
        // SAFETY: the kernel chooses an address where nothing else is.
        let begin =
            unsafe { rustix::mm::mmap(std::ptr::null_mut(), length, protection, MapFlags::SHARED, file, 0) }?;
        let begin = NonNull::new(begin).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { begin, length })
    }

    fn advise(&self, from: usize, length: usize, advice: Advice) -> io::Result<()> {
        if from.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: inside the mapping; none of the advice given in this file changes what is in it.
        unsafe { rustix::mm::madvise(self.begin.as_ptr().byte_add(from), length, advice) }?;
        Ok(())
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: mapped by `of`, and whoever borrowed from it is gone.
        let _ = unsafe { rustix::mm::munmap(self.begin.as_ptr(), self.length) };
    }
}

/// A file in memory only that is being written. Nobody else has it until it is sealed; it is gone with its last owner.
pub struct Draft {
    pages: Pages,
    file: OwnedFd,
}

impl Draft {
    /// So many bytes, all 0, which take no memory until something touches them.
    pub fn new(name: &str, length: u64) -> io::Result<Self> {
        let file = rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        rustix::fs::ftruncate(&file, length)?;
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let pages = Pages::of(&file, length, ProtFlags::READ | ProtFlags::WRITE)?;
        // Neither is needed: without the first a core dump of this process has a heap in it, the second only makes it faster.
        let _ = pages.advise(0, length, Advice::LinuxDontDump);
        let _ = pages.advise(0, length, Advice::LinuxHugepage);
        Ok(Self { pages, file })
    }

    /// All of it.
    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: mapped for reading and writing, by this process alone; the borrow of `self` makes it the only one.
        unsafe { std::slice::from_raw_parts_mut(self.pages.begin.as_ptr().cast(), self.pages.length) }
    }

    /// Has the kernel provide memory for a part of it now rather than while it is written.
    pub fn populate(&self, from: usize, length: usize) -> io::Result<()> {
        self.pages.advise(from, length, Advice::LinuxPopulateWrite)
    }

    /// Cuts it to a length and lets nobody change it any more, itself included. It can be handed to others now.
    pub fn seal(self, length: u64) -> io::Result<OwnedFd> {
        let Self { pages, file } = self;
        drop(pages);
        rustix::fs::ftruncate(&file, length)?;
        // As long as the kernel itself has one of the pages in its hands, to move it, say, it refuses.
        for _ in 0..MOST_SEALINGS {
            match rustix::fs::fcntl_add_seals(&file, FOR_GOOD) {
                Err(rustix::io::Errno::BUSY) => std::thread::sleep(SEALING_PAUSE),
                sealed => return Ok(sealed.map(|()| file)?),
            }
        }
        Err(rustix::io::Errno::BUSY.into())
    }
}

/// A sealed file to read.
pub struct Sealed(Pages);

impl Sealed {
    /// Refuses a file that anybody could still change.
    pub fn open(file: impl AsFd) -> io::Result<Self> {
        if !rustix::fs::fcntl_get_seals(&file)?.contains(FOR_GOOD) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the copied memory is not sealed"));
        }
        let length =
            usize::try_from(rustix::fs::fstat(&file)?.st_size).map_err(|_| io::ErrorKind::OutOfMemory)?;
        Ok(Self(Pages::of(file, length, ProtFlags::READ)?))
    }
}

impl AsRef<[u8]> for Sealed {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: mapped for reading; its seals keep everybody from changing it or cutting it short.
        unsafe { std::slice::from_raw_parts(self.0.begin.as_ptr().cast(), self.0.length) }
    }
}

/// Copies pieces (address, length) of another process's memory one behind the other. Ends at the first byte that cannot be
/// read and says how many came before it.
pub fn read_process(pid: i32, from: &[(u64, u64)], into: &mut [u8]) -> io::Result<usize> {
    let mut forgotten = [0_u8; MOST_GAP as usize];
    let forgotten = forgotten.as_mut_ptr();
    let (mut remote, mut local) = (Vec::<libc::iovec>::new(), Vec::<libc::iovec>::new());
    let (mut into, mut end) = (into, 0);
    for (address, length) in from.iter().take(MOST_PIECES) {
        let length = into.len().min(*length as usize);
        let gap = address.checked_sub(end).filter(|gap| *gap < MOST_GAP && end != 0).map(|gap| gap as usize);
        match (gap, remote.last_mut()) {
            (Some(gap), Some(last)) => last.iov_len += gap + length,
            _ => remote.push(libc::iovec { iov_base: *address as *mut c_void, iov_len: length }),
        }
        if let Some(gap) = gap.filter(|gap| *gap > 0) {
            local.push(libc::iovec { iov_base: forgotten.cast(), iov_len: gap });
        }
        let (now, rest) = std::mem::take(&mut into).split_at_mut(length);
        local.push(libc::iovec { iov_base: now.as_mut_ptr().cast(), iov_len: length });
        (into, end) = (rest, address.saturating_add(length as u64));
    }
    let counts = (local.len() as libc::c_ulong, remote.len() as libc::c_ulong);
    // SAFETY: it writes to parts of `into` that do not overlap, and to `forgotten`, which nobody reads; addresses of the other
    // process are checked by the kernel.
    let copied =
        unsafe { libc::process_vm_readv(pid, local.as_ptr(), counts.0, remote.as_ptr(), counts.1, 0) };
    let mut left = usize::try_from(copied).map_err(|_| io::Error::last_os_error())?;
    let mut kept = 0;
    for part in &local {
        let here = left.min(part.iov_len);
        left -= here;
        kept += if std::ptr::eq(part.iov_base, forgotten.cast()) { 0 } else { here };
    }
    Ok(kept)
}

/// What is in the registers of a thread that stands still: the general ones by their numbers in debug information, then those for
/// vectors, in halves, which also carry pointers when memory is copied. It stands still afterwards as before: it is taken hold of,
/// which changes nothing in it, and let go.
///
/// Whoever calls this must not be the process that has started the other one and waits for its end: that would take being held for it.
pub fn registers(tid: i32) -> io::Result<Vec<u64>> {
    ptrace(libc::PTRACE_SEIZE, tid, std::ptr::null_mut(), std::ptr::null_mut())?;
    let mut general = [0_u64; GENERAL_WORDS];
    let mut vectors = [0_u64; VECTOR_WORDS];
    let read = patiently(|| register_set(tid, libc::NT_PRSTATUS, &mut general))
        .and_then(|()| register_set(tid, libc::NT_PRFPREG, &mut vectors));
    // Should it not succeed, it is let go when this process ends.
    let _ = patiently(|| ptrace(libc::PTRACE_DETACH, tid, std::ptr::null_mut(), std::ptr::null_mut()));
    read.map(|()| {
        GENERAL.into_iter().map(|word| general[word]).chain(vectors[VECTORS].iter().copied()).collect()
    })
}

fn register_set(tid: i32, which: c_int, words: &mut [u64]) -> io::Result<()> {
    let mut into = libc::iovec { iov_base: words.as_mut_ptr().cast(), iov_len: size_of_val(words) };
    let which = std::ptr::without_provenance_mut(which as usize);
    ptrace(libc::PTRACE_GETREGSET, tid, which, (&raw mut into).cast())
}

/// A thread that is being taken hold of is on its way from one way of standing still to the other: no such thread until then.
fn patiently(mut what: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let mut last = Ok(());
    for _ in 0..MOST_TRIES {
        last = what();
        match &last {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => std::thread::sleep(BETWEEN_TRIES),
            _ => break,
        }
    }
    last
}

const MOST_TRIES: u32 = 50;
const BETWEEN_TRIES: Duration = Duration::from_micros(100);
/// Words of what the kernel tells: `user_regs_struct` and `user_pt_regs`.
#[cfg(target_arch = "x86_64")]
const GENERAL_WORDS: usize = 27;
#[cfg(not(target_arch = "x86_64"))]
const GENERAL_WORDS: usize = 34;
/// Where in it the registers are that may hold a pointer: RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, R8 to R15.
#[cfg(target_arch = "x86_64")]
const GENERAL: [usize; 16] = [10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0];
/// X0 to X30.
#[cfg(not(target_arch = "x86_64"))]
const GENERAL: [usize; 31] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30,
];
/// The same of `user_fpregs_struct` and `user_fpsimd_state`.
const VECTOR_WORDS: usize = 66;
/// XMM0 to XMM15.
#[cfg(target_arch = "x86_64")]
const VECTORS: std::ops::Range<usize> = 20..52;
/// V0 to V31.
#[cfg(not(target_arch = "x86_64"))]
const VECTORS: std::ops::Range<usize> = 0..64;

fn ptrace(request: libc::c_uint, tid: i32, address: *mut c_void, data: *mut c_void) -> io::Result<()> {
    // SAFETY: of the requests used in this file only GETREGSET writes to this process, into what its `iovec` describes, which is there.
    match unsafe { libc::ptrace(request, tid, address, data) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
