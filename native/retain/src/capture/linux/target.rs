//! The program that is to be read: whether it may and can be, found out before anything is done to it.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};

use object::{Object as _, ObjectSection as _};

use crate::capture::Request;
use crate::capture::refusal::Refusal;
use crate::runtime::layout::Layout;
use crate::symbols::{Architecture, Symbols, SymbolsError};

use super::process::{Process, gone_or, text};
use super::reader::Reader;

/// Executables are read into memory; gopls has 60 MB.
const MOST_EXECUTABLE_BYTES: u64 = 1 << 30;
/// Key of the program's first instruction among what the kernel gave it.
const ENTRY: u64 = 9;

/// A program that may be read, as far as can be told without a look at it.
pub struct Found {
    process: Process,
    /// The file it runs, also when another one has its name by now.
    pub executable: File,
}

/// A program that can be read.
pub struct Target {
    /// Which process.
    pub process: Process,
    /// Its memory.
    pub reader: Reader,
    /// What its executable says of itself.
    pub symbols: Symbols,
    /// Where its runtime keeps what.
    pub layout: Layout,
    /// By how much it was moved when it was loaded.
    pub bias: u64,
}

impl Found {
    /// Finds out whether anything about the process keeps it from being read.
    pub fn of(request: &Request) -> Result<Self, Refusal> {
        let pid = request.pid;
        let process = Process::open(pid, request.start_time)?;
        if request.must_be_descendant && !process.descends_from(std::process::id()) {
            return Err(Refusal::NotOurs { pid });
        }
        check_user_and_debugger(pid)?;
        check_running(&process)?;
        let executable =
            File::open(format!("/proc/{pid}/exe")).map_err(|error| denied_or(&process, &error))?;
        Ok(Self { process, executable })
    }

    /// Finds out the rest that could keep it from being read.
    pub fn understand(self) -> Result<Target, Refusal> {
        let Self { process, executable } = self;
        let pid = process.pid;
        let (symbols, layout) = understand(&executable)?;
        let entry = entry(pid).map_err(|error| denied_or(&process, &error))?;
        let reader = Reader::open(pid, entry).map_err(|error| denied_or(&process, &error))?;
        let bias = entry.wrapping_sub(symbols.entry);
        Ok(Target { process, reader, symbols, layout, bias })
    }
}

fn check_user_and_debugger(pid: u32) -> Result<(), Refusal> {
    let status = text(&format!("/proc/{pid}/status")).map_err(|error| gone_or(pid, &error))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(|line| {
            line.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<u32>>()
        })
    };
    let own = rustix::process::geteuid();
    // Real, effective, saved, and for files: a program that has taken on another user is not ours either.
    let users = field("Uid").unwrap_or_default();
    if !own.is_root() && (users.is_empty() || users.iter().any(|user| *user != own.as_raw())) {
        return Err(Refusal::OtherUser { pid });
    }
    match field("TracerPid").unwrap_or_default().first() {
        Some(tracer) if *tracer != 0 => Err(Refusal::Debugged { tracer: *tracer }),
        _ => Ok(()),
    }
}

/// Whether nobody else has stopped it.
pub fn check_running(process: &Process) -> Result<(), Refusal> {
    let stat = process.stat().map_err(|error| gone_or(process.pid, &error))?;
    match stat.state {
        'T' | 't' => Err(Refusal::AlreadyStopped),
        _ if stat.has_ended() => Err(Refusal::Gone { pid: process.pid }),
        _ => Ok(()),
    }
}

/// Reads an executable: what it says of itself, and where its runtime keeps what.
pub fn understand(executable: &File) -> Result<(Symbols, Layout), Refusal> {
    let damaged = |error: &dyn std::fmt::Display| Refusal::DamagedSymbols { error: error.to_string() };
    let bytes = read(executable).map_err(|error| damaged(&error))?;
    let file = object::File::parse(&*bytes).map_err(|_| Refusal::NotGo)?;
    if file.section_by_name(".go.buildinfo").is_none_or(|section| section.size() == 0) {
        return Err(Refusal::NotGo);
    }
    drop(file);
    let symbols = Symbols::read(&bytes).map_err(|error| match error {
        SymbolsError::Stripped => Refusal::Stripped,
        SymbolsError::Architecture(architecture) => Refusal::Architecture { architecture },
        other => damaged(&other),
    })?;
    let own = match std::env::consts::ARCH {
        "x86_64" => Some(Architecture::Amd64),
        "aarch64" => Some(Architecture::Arm64),
        _ => None,
    };
    if own != Some(symbols.architecture) {
        return Err(Refusal::Architecture {
            architecture: format!("{:?}", symbols.architecture).to_lowercase(),
        });
    }
    let layout =
        Layout::find(&symbols).map_err(|missing| Refusal::UnknownLayout { missing: missing.to_string() })?;
    Ok((symbols, layout))
}

fn read(executable: &File) -> io::Result<Vec<u8>> {
    let length = executable.metadata()?.len();
    if length > MOST_EXECUTABLE_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than a gigabyte"));
    }
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?];
    executable.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// Where its first instruction is.
fn entry(pid: u32) -> io::Result<u64> {
    let given = std::fs::read(format!("/proc/{pid}/auxv"))?;
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    let pairs = given.chunks_exact(16).map(|pair| (word(&pair[..8]), word(&pair[8..])));
    let found = pairs.into_iter().find(|(key, _)| *key == ENTRY);
    found.map(|(_, entry)| entry).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Why something of a process cannot be opened or read.
fn denied_or(process: &Process, error: &io::Error) -> Refusal {
    let pid = process.pid;
    let own = rustix::process::geteuid();
    // Files of such a process belong to root, whoever runs it; its folder does not.
    let undumpable = || {
        let owner = std::fs::metadata(format!("/proc/{pid}/stat")).map(|file| file.uid());
        !own.is_root() && owner.is_ok_and(|owner| owner != own.as_raw())
    };
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) if undumpable() => Refusal::Undumpable { pid },
        Some(libc::EPERM | libc::EACCES | libc::ENOSYS) => {
            let scope = text("/proc/sys/kernel/yama/ptrace_scope").ok();
            denied(scope.as_deref(), process.descends_from(std::process::id()), &error.to_string())
        }
        _ => gone_or(pid, error),
    }
}

fn denied(yama_scope: Option<&str>, descends: bool, error: &str) -> Refusal {
    match yama_scope.and_then(|scope| scope.trim().parse().ok()) {
        // A descendant may be read in scope 1: it is something else then.
        Some(1) if !descends => Refusal::Yama { scope: 1 },
        Some(scope @ 2..) => Refusal::Yama { scope },
        _ => Refusal::Forbidden { error: error.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yama_is_named_where_it_is_the_reason() {
        assert_eq!(denied(Some("1\n"), false, "no"), Refusal::Yama { scope: 1 });
        assert_eq!(denied(Some("1\n"), true, "no"), Refusal::Forbidden { error: "no".into() });
        assert_eq!(denied(Some("2\n"), true, "no"), Refusal::Yama { scope: 2 });
        assert_eq!(denied(Some("3\n"), true, "no"), Refusal::Yama { scope: 3 });
        assert_eq!(denied(Some("0\n"), false, "no"), Refusal::Forbidden { error: "no".into() });
        assert_eq!(denied(None, false, "no"), Refusal::Forbidden { error: "no".into() });
    }

    #[test]
    fn this_test_is_no_go_program() {
        let own = File::open("/proc/self/exe").expect("it runs");
        assert_eq!(understand(&own).err(), Some(Refusal::NotGo));
        let text = File::open("/proc/self/status").expect("it runs");
        assert_eq!(understand(&text).err(), Some(Refusal::NotGo));
    }
}
