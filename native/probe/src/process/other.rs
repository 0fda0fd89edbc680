//! Every platform without an implementation of its own: the sysinfo crate.
//!
//! On Linux it is compiled for tests only, where it is compared with the direct reading.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use stallscope_core::memory::Resident;
use stallscope_core::model::{Bytes, Ns};
use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System, Uid, UpdateKind};

use super::{Ancestor, Candidate, ProcSample};

fn details() -> ProcessRefreshKind {
    ProcessRefreshKind::nothing()
        .with_memory()
        .with_exe(UpdateKind::OnlyIfNotSet)
        .with_cmd(UpdateKind::OnlyIfNotSet)
        .with_user(UpdateKind::OnlyIfNotSet)
        .without_tasks()
}

pub(super) fn candidates() -> Vec<Candidate> {
    let Ok(mut system) = System::new() else { return Vec::new() };
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, details());
    let own_user = own_user(&system);
    let processes = system.processes().values();
    processes.filter_map(|process| of_user(process, own_user.as_ref())).collect()
}

fn own_user(system: &System) -> Option<Uid> {
    sysinfo::get_current_pid().ok().and_then(|pid| system.process(pid)?.user_id().cloned())
}

fn of_user(process: &Process, own_user: Option<&Uid>) -> Option<Candidate> {
    (is_gopls(process) && process.user_id() == own_user).then(|| Candidate {
        pid: process.pid().as_u32(),
        parent_pid: process.parent().map_or(0, Pid::as_u32),
        started_unix_ms: started_unix_ms(process),
        exe: without_deleted_mark(process.exe().unwrap_or(Path::new(""))),
        argv: words(process.cmd()),
        rss_bytes: process.memory(),
    })
}

/// Every process there is.
pub(super) fn pids() -> Vec<u32> {
    let Ok(mut system) = System::new() else { return Vec::new() };
    let kind = ProcessRefreshKind::nothing().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    system.processes().keys().map(|pid| pid.as_u32()).collect()
}

/// The process, if it is a gopls of this user.
pub(super) fn candidate(pid: u32) -> Option<Candidate> {
    let mut system = System::new().ok()?;
    let both = [Pid::from_u32(pid), sysinfo::get_current_pid().ok()?];
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&both), true, details());
    of_user(system.process(both[0])?, own_user(&system).as_ref())
}

/// The folder that a process works in.
pub(super) fn folder(pid: u32) -> Option<PathBuf> {
    let kind = ProcessRefreshKind::nothing().with_cwd(UpdateKind::OnlyIfNotSet).without_tasks();
    Some(only(pid, kind)?.process(Pid::from_u32(pid))?.cwd()?.to_owned())
}

pub(super) fn executables() -> Vec<(u32, PathBuf)> {
    let Ok(mut system) = System::new() else { return Vec::new() };
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, details());
    let of = |process: &Process| Some((process.pid().as_u32(), without_deleted_mark(process.exe()?)));
    system.processes().values().filter_map(of).collect()
}

pub(super) fn ancestor(pid: u32) -> Option<Ancestor> {
    let system = only(pid, details())?;
    let process = system.process(Pid::from_u32(pid))?;
    Some(Ancestor {
        parent_pid: process.parent().map_or(0, Pid::as_u32),
        name: process.name().to_string_lossy().into_owned(),
        argv: words(process.cmd()),
    })
}

pub(super) fn argv(pid: u32) -> Vec<String> {
    only(pid, details())
        .and_then(|system| Some(words(system.process(Pid::from_u32(pid))?.cmd())))
        .unwrap_or_default()
}

/// Not told here: it would be the whole environment, secrets included, through a library.
pub(super) fn environment(_pid: u32) -> Vec<u8> {
    Vec::new()
}

fn only(pid: u32, kind: ProcessRefreshKind) -> Option<System> {
    let mut system = System::new().ok()?;
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[Pid::from_u32(pid)]), true, kind);
    Some(system)
}

fn words(command: &[OsString]) -> Vec<String> {
    command.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// Whole seconds: a pid that is reused within the same second is not told apart here.
fn started_unix_ms(process: &Process) -> f64 {
    process.start_time() as f64 * 1000.0
}

fn without_deleted_mark(exe: &Path) -> PathBuf {
    match exe.to_str().and_then(|text| text.strip_suffix(" (deleted)")) {
        Some(text) => text.into(),
        None => exe.into(),
    }
}

fn is_gopls(process: &Process) -> bool {
    let name = process.exe().and_then(Path::file_name).unwrap_or(process.name());
    without_deleted_mark(Path::new(name)).to_string_lossy().contains("gopls")
}

pub(super) struct Handle {
    system: System,
    pid: Pid,
    started_s: u64,
}

impl Handle {
    pub(super) fn open(pid: u32) -> Option<Self> {
        let system = only(pid, ProcessRefreshKind::nothing().with_memory().without_tasks())?;
        let pid = Pid::from_u32(pid);
        let started_s = system.process(pid)?.start_time();
        Some(Self { system, pid, started_s })
    }

    pub(super) fn started_unix_ms(&self) -> f64 {
        self.started_s as f64 * 1000.0
    }

    /// The process after a refresh, if it is still the one that was opened.
    fn refreshed(&mut self, kind: ProcessRefreshKind) -> Option<&Process> {
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[self.pid]),
            true,
            kind.without_tasks(),
        );
        let process = self.system.process(self.pid)?;
        let ended = matches!(process.status(), sysinfo::ProcessStatus::Zombie | sysinfo::ProcessStatus::Dead);
        (process.start_time() == self.started_s && !ended).then_some(process)
    }

    pub(super) fn rss_bytes(&mut self) -> Option<Bytes> {
        self.refreshed(ProcessRefreshKind::nothing().with_memory()).map(Process::memory)
    }

    pub(super) fn sample(&mut self) -> Option<ProcSample> {
        let process = self.refreshed(ProcessRefreshKind::nothing().with_memory().with_cpu())?;
        Some(ProcSample {
            rss_bytes: process.memory(),
            cpu_ns: process.accumulated_cpu_time().saturating_mul(1_000_000) as Ns,
            threads: 0,
            major_faults: 0,
        })
    }

    pub(super) fn resident(&mut self) -> Option<Resident> {
        Some(Resident { rss_bytes: self.rss_bytes()?, file_bytes: None, swap_bytes: None })
    }

    pub(super) fn go_children(&mut self) -> u32 {
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::All,
            true,
            ProcessRefreshKind::nothing().without_tasks(),
        );
        let is_go = |process: &&Process| {
            let name = process.name().to_string_lossy();
            process.parent() == Some(self.pid) && (name == "go" || name == "go.exe")
        };
        self.system.processes().values().filter(is_go).count() as u32
    }
}

pub(super) struct Descendants {
    host_pid: Pid,
    /// `None` where sysinfo knows nothing of the platform: then there is never a change.
    system: Option<System>,
    known: Option<Vec<Pid>>,
}

impl Descendants {
    pub(super) fn new(host_pid: u32) -> Self {
        Self { host_pid: Pid::from_u32(host_pid), system: System::new().ok(), known: None }
    }

    pub(super) fn changed(&mut self) -> bool {
        // Always, not once: a fresh child is a copy of its parent until it execs.
        let Some(system) = &mut self.system else { return false };
        system.refresh_processes_specifics(
            ProcessesToUpdate::All,
            true,
            ProcessRefreshKind::nothing().with_exe(UpdateKind::Always).without_tasks(),
        );
        let mut current: Vec<Pid> = system
            .processes()
            .values()
            .filter(|process| is_gopls(process) && is_below(self.host_pid, process, system))
            .map(Process::pid)
            .collect();
        current.sort_unstable();
        let changed = self.known.as_ref() != Some(&current);
        self.known = Some(current);
        changed
    }
}

/// How many wrappers there may be between the host and gopls.
const MAX_DEPTH: usize = 4;

fn is_below(host: Pid, process: &Process, system: &System) -> bool {
    let mut parent = process.parent();
    for _ in 0..MAX_DEPTH {
        match parent {
            Some(pid) if pid == host => return true,
            Some(pid) => parent = system.process(pid).and_then(Process::parent),
            None => return false,
        }
    }
    false
}
