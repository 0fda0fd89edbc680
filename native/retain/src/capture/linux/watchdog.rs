//! The process that lets a program go on when whoever stopped it cannot any more.
//!
//! It is started before the stop and talks over two pipes. It says `ready`, hears `stop` just before the stop and `done` after
//! it. When its input ends in between, or when nothing has come for too long, it lets the program go on. That is right at any
//! time: a signal to go on calls off a stop that is still on its way, and does nothing to a program that runs.
//!
//! In between it may hear `registers` and the numbers of threads, and says what is in their registers. That takes ptrace, which the
//! process that has started the program must not use: Node takes a child that is held for one that has ended. A thread that is held when
//! the watchdog is killed is let go by the kernel, and stands still as before.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::process::{Child, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use crate::capture::refusal::Refusal;

use super::process::Process;
use super::{lost, raw};

/// What it is started with, before the number and start time of the program and the milliseconds it may stand still.
pub const MODE: &str = "watchdog";

const READY: &[u8] = b"ready\n";
const STOP: &[u8] = b"stop\n";
const DONE: &[u8] = b"done\n";
/// Behind it follow the numbers of threads.
const REGISTERS: &str = "registers";
/// Of so many threads at most: those that compute, of which there are not many more than processors.
pub const MOST_THREADS: usize = 64;
/// The longest that is said of their registers.
const MOST_SAID_BYTES: usize = MOST_THREADS * 1024;
/// A machine so busy that a small program does not start within this should not have gopls stopped as well.
const START: Duration = Duration::from_secs(5);
/// It has nothing to do at its end.
const END: Duration = Duration::from_secs(1);

/// The side of whoever stops the program.
pub struct Watchdog {
    child: Child,
}

impl Watchdog {
    /// Starts it and waits until it is ready.
    pub fn start(helper: &Path, process: &Process, most: Duration) -> Result<Self, Refusal> {
        let child = super::command(helper, MODE)
            .args([process.pid.to_string(), process.start_time.to_string(), most.as_millis().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| lost(format_args!("{} does not start: {error}", helper.display())))?;
        let mut watchdog = Self { child };
        let output = watchdog.child.stdout.as_mut().ok_or_else(|| lost("it has no output"))?;
        let began = Instant::now();
        let mut said = Vec::new();
        while said != READY {
            let left = START.checked_sub(began.elapsed()).ok_or_else(|| lost("it does not answer"))?;
            let mut byte = [0];
            if !wait_for(output.as_fd(), left) {
                continue;
            }
            match output.read(&mut byte) {
                Ok(1) if READY.starts_with(&said) => said.push(byte[0]),
                Ok(_) => return Err(lost("it ended at once")),
                Err(error) => return Err(lost(error)),
            }
        }
        Ok(watchdog)
    }

    /// The program is about to be stopped.
    pub fn announce(&mut self) -> Result<(), Refusal> {
        self.tell(STOP)
    }

    /// What is in the registers of threads that stand still; of those that are absent it cannot be told. Within a time.
    pub fn registers(&mut self, threads: &[u32], most: Duration) -> BTreeMap<u32, Vec<u64>> {
        let began = Instant::now();
        let mut question = REGISTERS.to_owned();
        for tid in threads.iter().take(MOST_THREADS) {
            question.push_str(&format!(" {tid}"));
        }
        question.push('\n');
        let mut said = Vec::new();
        if self.tell(question.as_bytes()).is_ok()
            && let Some(output) = self.child.stdout.as_mut()
        {
            while !said.ends_with(b"\n") && said.len() < MOST_SAID_BYTES {
                let Some(left) = most.checked_sub(began.elapsed()) else { break };
                let mut bytes = [0; 4096];
                match wait_for(output.as_fd(), left).then(|| output.read(&mut bytes)) {
                    Some(Ok(read)) if read > 0 => said.extend_from_slice(&bytes[..read]),
                    None => {}
                    Some(_) => break,
                }
            }
        }
        // What was cut off is not known.
        said.strip_suffix(b"\n").and_then(|said| serde_json::from_slice(said).ok()).unwrap_or_default()
    }

    /// Whether it would still help.
    pub fn is_there(&self) -> bool {
        // What it said of registers may have come too late, and still lie there: only the end of its output counts.
        self.child.stdout.as_ref().is_some_and(|output| !has_ended(output.as_fd()))
    }

    /// The program goes on: it is not needed any more.
    pub fn dismiss(mut self) {
        let _ = self.tell(DONE);
    }

    fn tell(&mut self, word: &[u8]) -> Result<(), Refusal> {
        let input = self.child.stdin.as_mut().ok_or_else(|| lost("it has no input"))?;
        input.write_all(word).map_err(lost)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // The end of its input: it lets the program go on, if that was not done, and ends.
        drop(self.child.stdin.take());
        super::reap(&mut self.child, END);
    }
}

/// Whether something can be read, or nothing will ever be again.
fn wait_for(from: BorrowedFd<'_>, most: Duration) -> bool {
    poll(from, PollFlags::IN, most)
}

/// Whether whoever wrote to a pipe has closed it, or ended.
fn has_ended(from: BorrowedFd<'_>) -> bool {
    poll(from, PollFlags::empty(), Duration::ZERO)
}

/// The end of a pipe counts, whatever is looked for.
fn poll(from: BorrowedFd<'_>, what: PollFlags, most: Duration) -> bool {
    let mut files = [PollFd::from_borrowed_fd(from, what)];
    let most = Timespec { tv_sec: most.as_secs().cast_signed(), tv_nsec: most.subsec_nanos().into() };
    rustix::event::poll(&mut files, Some(&most)).is_ok_and(|ready| ready > 0)
}

/// The watchdog itself. `arguments` are those behind [`MODE`].
pub fn run(arguments: &[String]) -> ExitCode {
    let number = |index: usize| arguments.get(index).and_then(|argument| argument.parse::<u64>().ok());
    let (Some(pid), Some(start_time), Some(most_ms)) = (number(0), number(1), number(2)) else {
        return ExitCode::from(2);
    };
    let Some(process) = u32::try_from(pid).ok().and_then(|pid| Process::open(pid, start_time).ok()) else {
        return ExitCode::from(3);
    };
    // What ends a whole terminal or a group of processes is not to end this one as well.
    let _ = rustix::process::setsid();
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    if output.write_all(READY).and_then(|()| output.flush()).is_err() {
        return ExitCode::from(4);
    }
    let mut heard = Vec::new();
    let mut stopped: Option<Instant> = None;
    let most = Duration::from_millis(most_ms);
    loop {
        let left = stopped.map(|since| most.saturating_sub(since.elapsed()));
        if left.is_some_and(|left| left.is_zero()) {
            let _ = process.go_on();
            return ExitCode::from(5);
        }
        // Before the stop there is nothing to be late for.
        if !wait_for(input.as_fd(), left.unwrap_or(START)) {
            continue;
        }
        let mut bytes = [0; 1024];
        match input.read(&mut bytes) {
            Ok(read) if read > 0 => heard.extend_from_slice(&bytes[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Ok(_) | Err(_) => {
                if stopped.is_some() {
                    let _ = process.go_on();
                }
                return ExitCode::SUCCESS;
            }
        }
        while let Some(end) = heard.iter().position(|byte| *byte == b'\n') {
            let word: Vec<u8> = heard.drain(..=end).collect();
            match word.as_slice() {
                DONE => return ExitCode::SUCCESS,
                STOP if stopped.is_none() => stopped = Some(Instant::now()),
                word if stopped.is_some() && word.starts_with(REGISTERS.as_bytes()) => {
                    let mut said = serde_json::to_vec(&registers(word, &process)).unwrap_or_default();
                    said.push(b'\n');
                    // Whoever asked may have gone: then the input has ended as well.
                    let _ = output.write_all(&said).and_then(|()| output.flush());
                }
                _ => {}
            }
        }
    }
}

/// Of the threads of a question that belong to the program.
fn registers(question: &[u8], process: &Process) -> BTreeMap<u32, Vec<u64>> {
    let question = String::from_utf8_lossy(question);
    let named = question.split_ascii_whitespace().skip(1).filter_map(|word| word.parse::<u32>().ok());
    let own = process.threads().unwrap_or_default();
    let threads = named.filter(|tid| own.contains(tid)).take(MOST_THREADS);
    threads.filter_map(|tid| Some((tid, raw::registers(i32::try_from(tid).ok()?).ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_says_something_late_is_there_until_it_ends() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "echo late; read word"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("every system has it");
        let output = child.stdout.take().expect("it is a pipe");
        assert!(wait_for(output.as_fd(), START), "it has said something");
        child.stdout = Some(output);
        let mut watchdog = Watchdog { child };
        assert!(watchdog.is_there());
        watchdog.tell(DONE).expect("it listens");
        watchdog.child.wait().expect("it is ours");
        assert!(!watchdog.is_there());
    }
}
