//! Starts a program and reads its heap, as an extension host does it with its gopls: only what it has started itself.
//!
//! `ancestor PROGRAM ARGUMENT…` prints one line of JSON, the same that `keeper` of the tests does: the program's own line, what came of
//! it, and whether the kernel has told this process that the program stood still. The helper lies beside it.
#![cfg(target_os = "linux")]

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, WaitOptions, waitpid};
use serde_json::{Value, json};
use stallscope_retain::capture::{CaptureError, Request, open, start_time};
use stallscope_retain::stop::Stop;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let mut command = Command::new(words.next().ok_or("ancestor PROGRAM ARGUMENT…")?);
    let mut program = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut output = BufReader::new(program.stdout.take().ok_or("no output")?);
    let mut line = String::new();
    output.read_line(&mut line)?;
    let read = read(program.id());
    let stops = stops(&program)?;
    // One that was left standing still does not end by itself: then this does not end either.
    drop(program.stdin.take());
    let ended = program.wait()?;
    let mut said = json!({
        "pid": program.id(),
        "line": serde_json::from_str::<Value>(&line)?,
        "stops": stops,
        "ended": ended.code().map_or_else(|| ended.to_string(), |code| code.to_string()),
    });
    match read {
        Ok(report) => said["report"] = report,
        Err(error) => {
            said["message"] = error.to_string().into();
            said["error"] = serde_json::to_value(error)?;
        }
    }
    println!("{said}");
    Ok(())
}

fn read(pid: u32) -> Result<Value, CaptureError> {
    let request = Request {
        pid,
        start_time: start_time(pid)?,
        bound: Duration::from_secs(5),
        must_be_descendant: true,
        memory_limit_bytes: None,
        helper: std::env::current_exe()?.with_file_name("stallscope-retain"),
    };
    let session = open(&request, &Stop::default(), &|_| ())?;
    let report = session.ask(r#"{"ask":"report"}"#, &Stop::default())?;
    let mut report: Value =
        serde_json::from_str(&report).map_err(|error| CaptureError::Helper { error: error.to_string() })?;
    report["copy"] = json!(session.facts);
    Ok(report)
}

/// How often the kernel has told that a child stood still, or went on again; two in quick succession as one.
fn stops(child: &Child) -> rustix::io::Result<u32> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let options = WaitOptions::UNTRACED | WaitOptions::CONTINUED | WaitOptions::NOHANG;
    let mut told = 0;
    while let Some((_, status)) = waitpid(pid, options)? {
        told += u32::from(status.stopped() || status.continued());
    }
    Ok(told)
}
