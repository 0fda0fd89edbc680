//! Empties the cache of the gopls that serves a window. Whoever started it restarts it meanwhile; here its end is awaited, and in the
//! moment after it the directory is moved aside in one step, so that the next gopls starts with none.
//!
//! The editor starts the next one at once, often before the first is gone. A gopls reads nothing from its cache before it was
//! initialised and knows its packages, and it makes what is missing anew: one that was just started is no hindrance. One that
//! has been running for longer has loaded from that cache already; then nothing is moved.

use std::time::{Duration, Instant, SystemTime};

use stallscope_core::model::{GoplsProcess, GoplsRelation};
use stallscope_doctor::cache::{Doing, Held, Moved};

use super::clean::move_aside;
use super::window::Window;
use super::{CacheError, Refused, open, unix_ms};
use crate::executables;
use crate::process::{self, ProcessHandle};

/// Names are all looked at; what they hold does not matter here.
const COUNT_NOTHING: Duration = Duration::ZERO;
/// What counts is to be there before the next gopls needs its cache.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Within this a gopls has hardly hashed its executable. Starts are known to 10 ms on Linux, elsewhere to a second.
const JUST_STARTED_MS: u64 = if cfg!(target_os = "linux") { 150 } else { 1_150 };

/// Waits so long for the gopls of a window to end, and moves their directory aside. `goes_on` is told when to restart it, and
/// gives up by `false`.
///
/// # Errors
/// It is not emptied now; nothing was changed.
pub fn move_own_aside(
    window: &Window,
    within: Duration,
    goes_on: &mut dyn FnMut(&Doing) -> bool,
) -> Result<Moved, Refused> {
    let own = window.view(COUNT_NOTHING)?.own.ok_or(Refused::NotRunning)?;
    if let Some(held) = own.held {
        return Err(Refused::Held(held));
    }
    let mut its = window.servers();
    its.retain(|process| own.pids.contains(&process.pid));
    let folder = open(&window.asked.folder)?.filter(|_| !its.is_empty()).ok_or(Refused::NotRunning)?;
    // Afterwards only its path would be known.
    let hash = its.first().and_then(|process| executables::sha256_of_process(process.pid));
    wait_for_end(&its, within, goes_on)?;
    nobody_else(window, &its, hash)?;
    let error = |error| CacheError { path: window.asked.folder.clone(), error };
    let aside = move_aside(&folder, &own.name).map_err(error)?;
    Ok(Moved { name: own.name, aside, pids: pids(&its) })
}

fn wait_for_end(
    its: &[GoplsProcess],
    within: Duration,
    goes_on: &mut dyn FnMut(&Doing) -> bool,
) -> Result<(), Refused> {
    let until = Instant::now() + within;
    let waiting = Doing::Waiting { pids: pids(its) };
    loop {
        if !goes_on(&waiting) {
            return Err(Refused::Cancelled);
        }
        let left: Vec<u32> = its.iter().filter(|it| is_alive(it)).map(|it| it.pid).collect();
        if left.is_empty() {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(Refused::StillRuns { pids: left });
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// By pid and start; what has ended and was not asked after yet is gone.
fn is_alive(process: &GoplsProcess) -> bool {
    let handle = ProcessHandle::open(process.pid, process.started_unix_ms);
    handle.is_some_and(|mut handle| handle.sample().is_some())
}

/// Whether nobody uses the directory that was that of these gopls: another one that has just started does not yet.
fn nobody_else(window: &Window, its: &[GoplsProcess], hash: Option<[u8; 32]>) -> Result<(), Refused> {
    let uses = |process: &&GoplsProcess| match (executables::sha256_of_process(process.pid), hash) {
        (Some(other), Some(hash)) => other == hash,
        _ => its.iter().any(|it| it.exe == process.exe),
    };
    let now_ms = unix_ms(SystemTime::now());
    let mut found = process::find(window.host_pid);
    found.retain(|process| its.iter().all(|it| it.pid != process.pid));
    for process in found.iter().filter(uses) {
        if process.relation == GoplsRelation::Other {
            return Err(Refused::Held(Held::Shared { pids: vec![process.pid] }));
        }
        let age_ms = now_ms.saturating_sub(process.started_unix_ms as u64);
        if age_ms > JUST_STARTED_MS {
            return Err(Refused::BackTooSoon { pid: process.pid });
        }
    }
    Ok(())
}

fn pids(processes: &[GoplsProcess]) -> Vec<u32> {
    processes.iter().map(|process| process.pid).collect()
}
