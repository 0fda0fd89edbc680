//! Linux: `/proc` read directly. A sample is one `pread` into a stack buffer: no allocation, no path lookup.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use stallscope_core::memory::Resident;
use stallscope_core::model::{Bytes, Ns};

use super::{Ancestor, Candidate, ProcSample};

/// More of a command line than this is not read.
const MAX_CMDLINE: u64 = 64 * 1024;
/// An environment is as large as the kernel allows arguments to be; nobody's is larger than this.
const MAX_ENVIRONMENT: u64 = 8 << 20;

/// `/proc/PID/stat` is below 400 bytes: 52 numbers and a name of at most 64 bytes.
const STAT_BYTES: usize = 1024;

pub(super) fn candidates() -> Vec<Candidate> {
    pids().into_iter().filter_map(candidate).collect()
}

/// Every process there is. The cheap part of a look at all of them.
pub(super) fn pids() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// The process, if it is a gopls of this user.
pub(super) fn candidate(pid: u32) -> Option<Candidate> {
    // One readlink per process sorts out nearly all of them.
    let exe = exe(pid)?;
    if !is_gopls(&exe) || uid_of(&pid.to_string())? != own_uid()? {
        return None;
    }
    let stat = read_stat(&File::open(format!("/proc/{pid}/stat")).ok()?)?;
    Some(Candidate {
        pid,
        parent_pid: stat.parent_pid,
        started_unix_ms: started_unix_ms(stat.start_ticks),
        exe,
        argv: argv(pid),
        rss_bytes: read_rss_bytes(&File::open(format!("/proc/{pid}/statm")).ok()?)?,
    })
}

/// The folder that a process works in.
pub(super) fn folder(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

pub(super) fn executables() -> Vec<(u32, PathBuf)> {
    pids().into_iter().filter_map(|pid| Some((pid, exe(pid)?))).collect()
}

pub(super) fn ancestor(pid: u32) -> Option<Ancestor> {
    let stat = read_stat(&File::open(format!("/proc/{pid}/stat")).ok()?)?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(Ancestor { parent_pid: stat.parent_pid, name: name.trim_end().to_owned(), argv: argv(pid) })
}

pub(super) fn argv(pid: u32) -> Vec<String> {
    let mut bytes = Vec::new();
    let read = File::open(format!("/proc/{pid}/cmdline"))
        .and_then(|file| file.take(MAX_CMDLINE).read_to_end(&mut bytes));
    if read.is_err() || bytes.is_empty() {
        return Vec::new();
    }
    let text = bytes.strip_suffix(&[0]).unwrap_or(&bytes);
    text.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

pub(super) fn environment(pid: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = File::open(format!("/proc/{pid}/environ"));
    match file.and_then(|file| file.take(MAX_ENVIRONMENT).read_to_end(&mut bytes)) {
        Ok(_) => bytes,
        Err(_) => Vec::new(),
    }
}

/// The executable without the mark that the kernel adds after an upgrade has replaced the file.
fn exe(pid: u32) -> Option<PathBuf> {
    let path = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    match path.to_str().and_then(|text| text.strip_suffix(" (deleted)")) {
        Some(text) => Some(PathBuf::from(text)),
        None => Some(path),
    }
}

fn is_gopls(exe: &Path) -> bool {
    exe.file_name().is_some_and(|name| name.to_string_lossy().contains("gopls"))
}

fn uid_of(pid: &str) -> Option<u32> {
    Some(fs::metadata(format!("/proc/{pid}")).ok()?.uid())
}

fn own_uid() -> Option<u32> {
    static OWN: OnceLock<Option<u32>> = OnceLock::new();
    *OWN.get_or_init(|| uid_of("self"))
}

fn page_bytes() -> u64 {
    static PAGE: OnceLock<u64> = OnceLock::new();
    *PAGE.get_or_init(|| rustix::param::page_size() as u64)
}

fn ticks_per_second() -> u64 {
    static TICKS: OnceLock<u64> = OnceLock::new();
    *TICKS.get_or_init(rustix::param::clock_ticks_per_second).max(&1)
}

/// Start in Unix time. The boot time is read once: a clock that is set later must not change identities.
fn started_unix_ms(start_ticks: u64) -> f64 {
    static BOOT_MS: OnceLock<f64> = OnceLock::new();
    let boot_ms = *BOOT_MS.get_or_init(|| {
        let uptime_s: f64 = fs::read_to_string("/proc/uptime")
            .ok()
            .and_then(|text| text.split(' ').next()?.parse().ok())
            .unwrap_or(0.0);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        ((now.as_secs_f64() - uptime_s) * 100.0).round() * 10.0
    });
    boot_ms + (start_ticks as f64 * 1000.0 / ticks_per_second() as f64).round()
}

/// The fields of `/proc/PID/stat` that are used here; see proc_pid_stat(5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    state: u8,
    parent_pid: u32,
    major_faults: u64,
    cpu_ticks: u64,
    threads: u32,
    start_ticks: u64,
}

impl Stat {
    fn parse(line: &str) -> Option<Self> {
        // The name may contain spaces and parentheses: fields count from the last one.
        let (_, fields) = line.rsplit_once(')')?;
        let mut stat =
            Self { state: 0, parent_pid: 0, major_faults: 0, cpu_ticks: 0, threads: 0, start_ticks: 0 };
        for (index, field) in fields.split_ascii_whitespace().enumerate() {
            // The numbers in proc_pid_stat(5) count pid and name too.
            match index + 3 {
                3 => stat.state = *field.as_bytes().first()?,
                4 => stat.parent_pid = field.parse().ok()?,
                12 => stat.major_faults = field.parse().ok()?,
                14 => stat.cpu_ticks = field.parse().ok()?,
                15 => stat.cpu_ticks = stat.cpu_ticks.saturating_add(field.parse().ok()?),
                20 => stat.threads = field.parse().ok()?,
                22 => {
                    stat.start_ticks = field.parse().ok()?;
                    return Some(stat);
                }
                _ => {}
            }
        }
        None
    }

    /// A zombie still has its entry, but no memory and nothing to watch.
    fn ended(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }
}

fn read_stat(file: &File) -> Option<Stat> {
    let mut buffer = [0; STAT_BYTES];
    let length = file.read_at(&mut buffer, 0).ok()?;
    // A name need not be UTF-8; the fields after it are ASCII.
    Stat::parse(&String::from_utf8_lossy(&buffer[..length]))
}

/// RSS from `statm`, never from `stat`: the kernel sums its per-CPU counters for the former and reads the latter
/// approximately, which was seen to be 200 KB off with two CPUs and grows with their number.
fn read_rss_bytes(statm: &File) -> Option<Bytes> {
    let mut buffer = [0; 128];
    let length = statm.read_at(&mut buffer, 0).ok()?;
    let text = std::str::from_utf8(&buffer[..length]).ok()?;
    let mut fields = text.split_ascii_whitespace();
    let size_pages: u64 = fields.next()?.parse().ok()?;
    let rss_pages: u64 = fields.next()?.parse().ok()?;
    // A zombie's memory is gone: all fields are 0. A living process always has a size.
    (size_pages > 0).then(|| rss_pages.saturating_mul(page_bytes()))
}

/// Open files below `/proc/PID`. They belong to the process, not to the number: once it has ended, reading fails
/// with ESRCH even if the pid is in use again.
pub(super) struct Handle {
    pid: u32,
    stat: File,
    statm: File,
    start_ticks: u64,
}

impl Handle {
    pub(super) fn open(pid: u32) -> Option<Self> {
        let stat = File::open(format!("/proc/{pid}/stat")).ok()?;
        let statm = File::open(format!("/proc/{pid}/statm")).ok()?;
        // `stat` still answers after `statm` was opened: both are of the same process.
        let first = read_stat(&stat)?;
        (!first.ended()).then_some(Self { pid, stat, statm, start_ticks: first.start_ticks })
    }

    pub(super) fn started_unix_ms(&self) -> f64 {
        started_unix_ms(self.start_ticks)
    }

    pub(super) fn rss_bytes(&mut self) -> Option<Bytes> {
        read_rss_bytes(&self.statm)
    }

    pub(super) fn sample(&mut self) -> Option<ProcSample> {
        let stat = read_stat(&self.stat)?;
        let rss_bytes = read_rss_bytes(&self.statm)?;
        (!stat.ended()).then(|| ProcSample {
            rss_bytes,
            cpu_ns: stat.cpu_ticks.saturating_mul(1_000_000_000 / ticks_per_second()) as Ns,
            threads: stat.threads,
            major_faults: stat.major_faults,
        })
    }

    pub(super) fn resident(&mut self) -> Option<Resident> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        // Still the same process after the read by number.
        let rss_bytes = read_rss_bytes(&self.statm)?;
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
            Some(kib * 1024)
        };
        Some(Resident { rss_bytes, file_bytes: bytes("RssFile:"), swap_bytes: bytes("VmSwap:") })
    }

    pub(super) fn go_children(&mut self) -> u32 {
        let mut pids = Vec::new();
        children(self.pid, &mut pids);
        // One that has ended and that gopls has not asked after yet still has its name.
        let runs = |pid: &u32| {
            let stat = File::open(format!("/proc/{pid}/stat")).ok();
            stat.and_then(|stat| read_stat(&stat)).is_some_and(|stat| !stat.ended())
        };
        let is_go =
            |pid: &u32| fs::read(format!("/proc/{pid}/comm")).is_ok_and(|name| name == b"go\n") && runs(pid);
        pids.iter().filter(|pid| is_go(pid)).count() as u32
    }
}

/// Appends the children of all threads of `pid`.
fn children(pid: u32, into: &mut Vec<u32>) {
    if !kernel_lists_children() {
        return children_by_scan(pid, into);
    }
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return };
    for task in tasks.flatten() {
        if let Ok(list) = fs::read_to_string(task.path().join("children")) {
            into.extend(list.split_ascii_whitespace().filter_map(|word| word.parse::<u32>().ok()));
        }
    }
}

/// `children` needs CONFIG_PROC_CHILDREN, which nearly every kernel has.
fn kernel_lists_children() -> bool {
    static LISTS: OnceLock<bool> = OnceLock::new();
    *LISTS.get_or_init(|| Path::new("/proc/thread-self/children").exists())
}

pub(super) fn children_by_scan(parent: u32, into: &mut Vec<u32>) {
    let Ok(entries) = fs::read_dir("/proc") else { return };
    into.extend(entries.flatten().filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = read_stat(&File::open(format!("/proc/{pid}/stat")).ok()?)?;
        (stat.parent_pid == parent).then_some(pid)
    }));
}

/// The gopls processes below a host, compared from poll to poll.
pub(super) struct Descendants {
    host_pid: u32,
    known: Option<Vec<u32>>,
}

impl Descendants {
    /// Wrappers in between: a script, `direnv`, a container's shim. Deeper is no language server.
    const MAX_DEPTH: usize = 4;
    /// A host with more descendants than this is looked at in part.
    const MAX_PROCESSES: usize = 512;

    pub(super) fn new(host_pid: u32) -> Self {
        Self { host_pid, known: None }
    }

    pub(super) fn changed(&mut self) -> bool {
        let mut current = self.gopls_below();
        current.sort_unstable();
        let changed = self.known.as_ref() != Some(&current);
        self.known = Some(current);
        changed
    }

    fn gopls_below(&self) -> Vec<u32> {
        let mut found = Vec::new();
        let mut looked_at = 0;
        let mut level = vec![self.host_pid];
        for _ in 0..Self::MAX_DEPTH {
            let mut below = Vec::new();
            for pid in level {
                looked_at += 1;
                if looked_at > Self::MAX_PROCESSES {
                    return found;
                }
                children(pid, &mut below);
            }
            // The executable is asked for anew each time: a fresh child is a copy of its parent until it execs.
            let (gopls, rest): (Vec<u32>, Vec<u32>) =
                below.into_iter().partition(|pid| exe(*pid).is_some_and(|exe| is_gopls(&exe)));
            found.extend(gopls);
            level = rest;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses() {
        let line = "77 (a b) (c)) S 5 1 1 0 -1 4194304 10 0 3 0 120 30 0 0 20 0 9 0 4711 100 250 1";
        let stat = Stat::parse(line).unwrap();
        assert_eq!(stat.parent_pid, 5);
        assert_eq!((stat.major_faults, stat.cpu_ticks, stat.threads), (3, 150, 9));
        assert_eq!(stat.start_ticks, 4711);
        assert!(!stat.ended());
    }

    #[test]
    fn nonsense_is_no_stat() {
        for line in ["", "1", "1 (x", "1 (x)", "1 (x) S", "1 (x) S a b c"] {
            assert_eq!(Stat::parse(line), None, "{line:?}");
        }
    }
}
