//! Texts of the Linux kernel, each as its file holds it. All of them are outside input: what is not understood is unknown.

use crate::model::{Bytes, Ns};

/// Tighter than any machine: a limit of this or more is none (version 1 of cgroups writes such numbers).
const NO_LIMIT_BYTES: Bytes = 1 << 60;

/// Of `/proc/PID/stat`: what the process does, and how often it had to wait for a page from disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessStat {
    /// `R` running, `S` sleeping, `D` waiting for a disk, `T` stopped by a signal, `t` by a debugger, `Z` ended, …
    pub state: char,
    /// Page faults that had to read, since its start.
    pub major_faults: u64,
    /// When it was started, in clock ticks since the machine was.
    pub start_ticks: u64,
}

/// `/proc/PID/stat`; see proc_pid_stat(5).
pub fn process_stat(text: &str) -> Option<ProcessStat> {
    // The name may contain spaces and parentheses: fields count from the last one.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    // It is field 3; the faults are field 12, the start is 22.
    let major_faults = fields.nth(8)?.parse().ok()?;
    let start_ticks = fields.nth(9)?.parse().ok()?;
    Some(ProcessStat { state, major_faults, start_ticks })
}

/// How long the machine runs: the first number of `/proc/uptime`, seconds.
pub fn uptime_ns(text: &str) -> Option<Ns> {
    let seconds: f64 = text.split_ascii_whitespace().next()?.parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then_some((seconds * 1e9) as Ns)
}

/// How long ago something was started, by the ticks of a clock; `None` where the two do not fit together, as in some containers.
pub fn age_ns(uptime_ns: Ns, start_ticks: u64, ticks_per_second: u64) -> Option<Ns> {
    uptime_ns.checked_sub(start_ticks.checked_mul(1_000_000_000 / ticks_per_second.max(1))?)
}

/// `schedstat` of one thread: time on a CPU, and time in which it could have run but waited for one (run delay).
pub fn schedstat(text: &str) -> Option<(Ns, Ns)> {
    let mut fields = text.split_ascii_whitespace();
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// The time, since the start of the machine or the cgroup, in which some task waited for the resource: the total of the
/// line `some` of a pressure file, which counts microseconds.
pub fn pressure_ns(text: &str) -> Option<Ns> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let total = some.split_ascii_whitespace().find_map(|field| field.strip_prefix("total="))?;
    total.parse::<u64>().ok()?.checked_mul(1_000)
}

/// The first number of `/proc/loadavg`: tasks that ran or wanted to, over the last minute.
pub fn load_average(text: &str) -> Option<f64> {
    let load: f64 = text.split_ascii_whitespace().next()?.parse().ok()?;
    (load.is_finite() && load >= 0.0).then_some(load)
}

/// A line `name:   123 kB` of `/proc/PID/status`.
pub fn status_bytes(text: &str, name: &str) -> Option<Bytes> {
    let mut fields =
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?.split_whitespace();
    let kib: u64 = fields.next()?.parse().ok()?;
    (fields.next() == Some("kB")).then_some(kib.checked_mul(1024)?)
}

/// `Cpus_allowed_list:` of `/proc/PID/status`.
pub fn cpus_allowed(status: &str) -> Option<u32> {
    cpu_list(status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?)
}

/// How many CPUs a list such as `0-3,8` names.
pub fn cpu_list(text: &str) -> Option<u32> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        last.checked_sub(first)?.checked_add(1)
    };
    text.trim().split(',').map(range).try_fold(0_u32, |sum, count| sum.checked_add(count?))
}

/// A line `name 123` of files such as `memory.events`, `cpu.stat` and `/proc/vmstat`.
pub fn counter(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?.trim().parse().ok()
}

/// `memory.max` or `memory.current`; `None` for `max`, which is no limit.
pub fn memory_bytes(text: &str) -> Option<Bytes> {
    text.trim().parse().ok().filter(|bytes| *bytes < NO_LIMIT_BYTES)
}

/// `cpu.max`: how many CPUs it comes to; `None` for no limit.
pub fn cpu_limit(text: &str) -> Option<f64> {
    let mut fields = text.split_ascii_whitespace();
    let (quota, period): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    (quota > 0 && period > 0).then(|| quota as f64 / period as f64)
}

/// The cgroup (version 2) that `/proc/PID/cgroup` names, as parts of a path below the mount; `None` for one that leads out
/// of what this process may see.
pub fn cgroup_path(text: &str) -> Option<Vec<&str>> {
    let path = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    (!parts.iter().any(|part| matches!(*part, "." | "..") || part.contains('\0'))).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_the_kernel_writes_is_read() {
        let stat = "77 (a b) (c)) T 5 1 1 0 -1 4194304 10 0 3 0 120 30 0 0 20 0 9 0 4711 100 250 1";
        assert_eq!(process_stat(stat), Some(ProcessStat { state: 'T', major_faults: 3, start_ticks: 4711 }));
        assert_eq!(uptime_ns("48.25 90.1\n"), Some(48_250_000_000));
        assert_eq!(age_ns(48_250_000_000, 4_711, 100), Some(1_140_000_000));
        assert_eq!(schedstat("132448 56534 1\n"), Some((132_448, 56_534)));
        let pressure =
            "some avg10=91.31 avg60=50.44 avg300=37.51 total=13621353435\nfull avg10=0.00 total=7\n";
        assert_eq!(pressure_ns(pressure), Some(13_621_353_435_000));
        assert_eq!(load_average("3.83 2.85 2.44 10/175 3220\n"), Some(3.83));
        assert_eq!(status_bytes("Name:\tgopls\nVmSwap:\t     12 kB\n", "VmSwap"), Some(12_288));
        assert_eq!(cpus_allowed("Name:\tgopls\nCpus_allowed_list:\t0-3,8\n"), Some(5));
        assert_eq!((cpu_list("0\n"), cpu_list("3-1"), cpu_list("0-4294967295")), (Some(1), None, None));
        assert_eq!(counter("oom 1\noom_kill 2\noom_group_kill 3\n", "oom_kill"), Some(2));
        assert_eq!((memory_bytes("536870912\n"), memory_bytes("max\n")), (Some(512 << 20), None));
        assert_eq!((cpu_limit("150000 100000\n"), cpu_limit("max 100000\n")), (Some(1.5), None));
        assert_eq!(cgroup_path("4:memory:/x\n0::/user.slice/a.scope\n"), Some(vec!["user.slice", "a.scope"]));
        assert_eq!(cgroup_path("0::/\n"), Some(vec![]));
    }

    #[test]
    fn what_is_not_understood_is_unknown() {
        assert_eq!(
            (age_ns(1, 4_711, 100), age_ns(u64::MAX, u64::MAX, 1), uptime_ns("-1")),
            (None, None, None)
        );
        assert_eq!(cgroup_path("0::/../../etc"), None);
        assert_eq!(cgroup_path("4:memory:/x\n"), None);
        assert_eq!(memory_bytes("9223372036854771712"), None);
        assert_eq!(cpu_limit("100000 0"), None);
        assert_eq!(status_bytes("VmSwap:\t18446744073709551615 kB", "VmSwap"), None);
        assert_eq!(pressure_ns("some total=18446744073709551615"), None);
        assert_eq!(load_average("NaN 1 1"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(some total=|0::/|VmSwap: |oom_kill |1 \\(x\\) S )?[ -~\\n\\t]{0,80}") {
            let _ = (process_stat(&text), schedstat(&text), pressure_ns(&text), load_average(&text), uptime_ns(&text));
            let _ = (cpu_list(&text), cpus_allowed(&text));
            let _ = (status_bytes(&text, "VmSwap"), counter(&text, "oom_kill"), memory_bytes(&text), cpu_limit(&text));
            for part in cgroup_path(&text).unwrap_or_default() {
                prop_assert!(part != ".." && !part.contains('/'));
            }
        }
    }
}
