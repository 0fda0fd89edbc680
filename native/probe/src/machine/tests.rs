#![allow(clippy::unwrap_used)]
//! Against the kernel this runs on.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use stallscope_core::machine::MachineReading;

use super::Machine;

struct Running(Child);

impl Running {
    fn shell(script: &str) -> Self {
        Self(Command::new("sh").args(["-c", script]).spawn().unwrap())
    }

    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Looks until it is so.
fn until(machine: &mut Machine, is: impl Fn(&MachineReading) -> bool) -> MachineReading {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let reading = machine.read(1).expect("the process is there");
        if is(&reading) {
            return reading;
        }
        assert!(Instant::now() < end, "{reading:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_process_that_works_gets_a_cpu_or_waits_for_one() {
    let process = Running::shell("while :; do :; done");
    let mut machine = Machine::of(process.0.id());
    let first = machine.read(0).unwrap();
    let most = u64::from(first.cpus.expect("CPUs"));
    assert!((1..=4096).contains(&most));
    let wanted = |reading: &MachineReading| reading.on_cpu_ns.unwrap() + reading.run_delay_ns.unwrap();
    let before = wanted(&first);
    until(&mut machine, |reading| wanted(reading) > before + 100_000_000);
    assert_eq!(first.stopped, Some(false));
}

#[test]
fn a_stopped_process_is_seen_as_one_and_one_that_goes_on_is_not() {
    let process = Running::shell("while :; do sleep 0.01; done");
    let mut machine = Machine::of(process.0.id());
    process.signal("-STOP");
    until(&mut machine, |reading| reading.stopped == Some(true));
    process.signal("-CONT");
    until(&mut machine, |reading| reading.stopped == Some(false));
}

#[test]
fn a_go_command_is_seen_while_it_runs_and_what_it_used_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    std::fs::write(&go, "#!/bin/sh\nwhile [ ! -e \"$2\" ]; do :; done\n").unwrap();
    std::fs::set_permissions(&go, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let end = folder.path().join("end");
    let began = Instant::now();
    let process = Running::shell(&format!("'{}' list '{}'; sleep 60", go.display(), end.display()));
    let mut machine = Machine::of(process.0.id());
    let seen = until(&mut machine, |reading| {
        reading.commands.first().is_some_and(|command| command.cpu_ns.is_some_and(|ns| ns > 20_000_000))
    });
    assert!(seen.commands[0].line.starts_with("go list "), "{seen:?}");
    let (age_ns, lived) =
        (seen.commands[0].age_ns.expect("an age"), began.elapsed() + Duration::from_millis(20));
    assert!(u128::from(age_ns) <= lived.as_nanos(), "{age_ns} of {lived:?}");
    std::fs::write(&end, "").unwrap();
    let after = until(&mut machine, |reading| reading.commands.is_empty());
    assert!(
        after.commands_on_cpu_ns >= seen.commands_on_cpu_ns && seen.commands_on_cpu_ns > Some(0),
        "{after:?} after {seen:?}"
    );
}

#[test]
fn one_that_is_gone_is_not_read() {
    let process = Running::shell("exec sleep 60");
    let mut machine = Machine::of(process.0.id());
    assert!(machine.read(0).is_some());
    drop(process);
    assert_eq!(machine.read(1), None);
    assert_eq!(machine.oom_kill(), None, "nobody ran out of memory");
}
