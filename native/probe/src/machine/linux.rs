//! Linux: `/proc`, and the cgroup of gopls.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use stallscope_core::gc::{GcMachine, GcSettings};
use stallscope_core::machine::{
    MachineReading, OomKill, OomKillCounts, RunningCommand, is_go, kernel, shortened,
};
use stallscope_core::model::Ns;

use super::cgroup::Cgroup;
use crate::process;

/// More than any of these files has, but for `/proc/vmstat`, whose line is in the first half.
const MOST_BYTES: u64 = 16 << 10;
/// An environment is as large as the kernel allows arguments to be; nobody's is larger than this.
const MOST_ENVIRONMENT_BYTES: u64 = 2 << 20;
/// gopls has some dozens.
const MOST_THREADS: usize = 512;
const MOST_CHILDREN: usize = 64;

/// The start of a file of the kernel; `None` where it is not there or not ours to read.
pub(super) fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Time on a CPU, and time in which one was waited for.
#[derive(Debug, Clone, Copy, Default)]
struct Work {
    on_cpu_ns: Ns,
    delay_ns: Ns,
}

impl Work {
    fn add(&mut self, other: Self) {
        self.on_cpu_ns = self.on_cpu_ns.saturating_add(other.on_cpu_ns);
        self.delay_ns = self.delay_ns.saturating_add(other.delay_ns);
    }
}

/// What is known of the machine of one gopls.
pub(crate) struct Machine {
    pid: u32,
    cgroup: Cgroup,
    oom_before: OomKillCounts,
    online_cpus: Option<u32>,
    /// The home folder, which a command line is shown without.
    home: Option<String>,
    /// Of `go` commands that have ended: what they used counts on.
    ended: Work,
    running: BTreeMap<u32, Work>,
}

impl Machine {
    /// For the process `pid`. How often the OOM killer has struck is counted from now on.
    pub fn of(pid: u32) -> Self {
        let names = read(Path::new(&format!("/proc/{pid}/cgroup"))).unwrap_or_default();
        let cgroup = Cgroup::of(&names);
        let online = read(Path::new("/sys/devices/system/cpu/online"));
        Self {
            pid,
            oom_before: oom_kills(&cgroup),
            cgroup,
            online_cpus: online.as_deref().and_then(kernel::cpu_list),
            home: std::env::home_dir().map(|home| home.to_string_lossy().into_owned()),
            ended: Work::default(),
            running: BTreeMap::new(),
        }
    }

    /// A look, at `at_ns`; `None` when gopls is gone.
    pub fn read(&mut self, at_ns: Ns) -> Option<MachineReading> {
        let of_gopls = |name: &str| read(Path::new(&format!("/proc/{}/{name}", self.pid)));
        let stat = of_gopls("stat").as_deref().and_then(kernel::process_stat);
        if stat.is_none_or(|stat| matches!(stat.state, 'Z' | 'X')) {
            return None;
        }
        let status = of_gopls("status").unwrap_or_default();
        let allowed = kernel::cpus_allowed(&status);
        let load = read(Path::new("/proc/loadavg"));
        let (own, children) = threads(self.pid);
        let commands = self.commands(&children);
        let mut of_commands = self.ended;
        self.running.values().for_each(|running| of_commands.add(*running));
        Some(MachineReading {
            at_ns,
            cpus: allowed.into_iter().chain(self.online_cpus).min(),
            load_average: load.as_deref().and_then(kernel::load_average),
            stopped: stat.map(|stat| matches!(stat.state, 'T' | 't')),
            on_cpu_ns: own.map(|own| own.on_cpu_ns),
            run_delay_ns: own.map(|own| own.delay_ns),
            commands_on_cpu_ns: own.map(|_| of_commands.on_cpu_ns),
            commands_run_delay_ns: own.map(|_| of_commands.delay_ns),
            major_faults: stat.map(|stat| stat.major_faults),
            swap_bytes: kernel::status_bytes(&status, "VmSwap"),
            cpu_pressure_ns: self.pressure_ns("cpu"),
            memory_pressure_ns: self.pressure_ns("memory"),
            io_pressure_ns: self.pressure_ns("io"),
            cgroup: self.cgroup.read(),
            commands,
        })
    }

    /// What gopls may use.
    pub fn limits(&self) -> GcMachine {
        let status = read(Path::new(&format!("/proc/{}/status", self.pid))).unwrap_or_default();
        let cgroup = self.cgroup.read();
        let machine = read(Path::new("/proc/meminfo"));
        let machine_bytes = machine.and_then(|text| kernel::status_bytes(&text, "MemTotal"));
        let limit_bytes =
            cgroup.memory_max_bytes.filter(|limit| machine_bytes.is_none_or(|all| *limit < all));
        GcMachine {
            cpus: kernel::cpus_allowed(&status).into_iter().chain(self.online_cpus).min(),
            cpu_limit: cgroup.cpu_limit,
            throttled_ns: cgroup.throttled_ns,
            memory_bytes: limit_bytes.or(machine_bytes),
            memory_is_limited: limit_bytes.is_some(),
        }
    }

    /// What it was started with; `None` when its environment is not ours to read. Of that, three variables are looked at.
    pub fn gc_settings(&self) -> Option<GcSettings> {
        let mut environment = Vec::new();
        let file = File::open(format!("/proc/{}/environ", self.pid)).ok()?;
        file.take(MOST_ENVIRONMENT_BYTES).read_to_end(&mut environment).ok()?;
        // Of a process that has just begun it is empty for a moment, and says nothing of it.
        (!environment.is_empty()).then(|| GcSettings::of_environment(&environment))
    }

    /// Whether the OOM killer has struck since the first look; to be asked when gopls is gone.
    pub fn oom_kill(&self) -> Option<OomKill> {
        oom_kills(&self.cgroup).since(self.oom_before)
    }

    fn pressure_ns(&self, resource: &str) -> Option<Ns> {
        let of_machine = || {
            read(Path::new(&format!("/proc/pressure/{resource}"))).as_deref().and_then(kernel::pressure_ns)
        };
        self.cgroup.pressure_ns(resource).or_else(of_machine)
    }

    /// The `go` commands among the children, and what they have used.
    fn commands(&mut self, children: &[u32]) -> Vec<RunningCommand> {
        let mut running = BTreeMap::new();
        let mut commands = Vec::new();
        // Once a look, and not at all where no command runs.
        let uptime_ns =
            LazyCell::new(|| read(Path::new("/proc/uptime")).and_then(|text| kernel::uptime_ns(&text)));
        for pid in children {
            let argv = process::argv(*pid);
            if !is_go(&argv) {
                continue;
            }
            let work = threads(*pid).0;
            running.insert(*pid, work.unwrap_or_default());
            let stat = read(Path::new(&format!("/proc/{pid}/stat")));
            let started = stat.as_deref().and_then(kernel::process_stat).map(|stat| stat.start_ticks);
            let ticks_per_second = rustix::param::clock_ticks_per_second();
            commands.push(RunningCommand {
                pid: *pid,
                line: shortened(&argv, self.home.as_deref()),
                cpu_ns: work.map(|work| work.on_cpu_ns),
                age_ns: uptime_ns
                    .zip(started)
                    .and_then(|(now_ns, ticks)| kernel::age_ns(now_ns, ticks, ticks_per_second)),
            });
        }
        for (pid, work) in std::mem::replace(&mut self.running, running) {
            if !self.running.contains_key(&pid) {
                self.ended.add(work);
            }
        }
        commands
    }
}

fn oom_kills(cgroup: &Cgroup) -> OomKillCounts {
    let vmstat = read(Path::new("/proc/vmstat"));
    OomKillCounts {
        in_cgroup: cgroup.oom_kills(),
        on_machine: vmstat.and_then(|text| kernel::counter(&text, "oom_kill")),
    }
}

/// What all threads of a process have used, `None` where the kernel does not count it; and the children of the process.
fn threads(pid: u32) -> (Option<Work>, Vec<u32>) {
    let (mut sum, mut counted) = (Work::default(), false);
    let mut children = Vec::new();
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return (None, children) };
    for task in tasks.flatten().take(MOST_THREADS) {
        let folder = task.path();
        if let Some((on_cpu_ns, delay_ns)) =
            read(&folder.join("schedstat")).as_deref().and_then(kernel::schedstat)
        {
            sum.add(Work { on_cpu_ns, delay_ns });
            counted = true;
        }
        if let Some(list) = read(&folder.join("children")) {
            let room = MOST_CHILDREN - children.len();
            children
                .extend(list.split_ascii_whitespace().filter_map(|word| word.parse::<u32>().ok()).take(room));
        }
    }
    (counted.then_some(sum), children)
}
