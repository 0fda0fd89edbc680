//! The cgroup (version 2) of gopls, and those above it: a limit anywhere on the way up counts.

use std::path::{Path, PathBuf};

use stallscope_core::machine::{CgroupReading, kernel};

use super::linux::read;

/// Where it is mounted: alone, or beside version 1.
const MOUNTS: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
/// Cgroups are nested this deep at most where people run editors.
const MOST_LEVELS: usize = 12;

/// The folders of a process's cgroup, from its own up to the mount.
pub(super) struct Cgroup {
    folders: Vec<PathBuf>,
}

impl Cgroup {
    /// By what `/proc/PID/cgroup` says; without folders where there is no version 2.
    pub fn of(names: &str) -> Self {
        let mount = MOUNTS.iter().map(Path::new).find(|mount| mount.join("cgroup.controllers").exists());
        let mut folders = Vec::new();
        if let (Some(mount), Some(parts)) = (mount, kernel::cgroup_path(names)) {
            let own = mount.join(parts.join("/"));
            folders = own.ancestors().take(MOST_LEVELS).map(Path::to_owned).collect();
            folders.retain(|folder| folder.starts_with(mount));
        }
        Self { folders }
    }

    /// Limits, and what they cost.
    pub fn read(&self) -> CgroupReading {
        let mut reading = CgroupReading::default();
        for folder in &self.folders {
            let file = |name: &str| read(&folder.join(name));
            let memory_max = file("memory.max").as_deref().and_then(kernel::memory_bytes);
            if let Some(max) =
                memory_max.filter(|max| reading.memory_max_bytes.is_none_or(|before| *max < before))
            {
                reading.memory_max_bytes = Some(max);
                reading.memory_bytes = file("memory.current").as_deref().and_then(kernel::memory_bytes);
            }
            let cpu_limit = file("cpu.max").as_deref().and_then(kernel::cpu_limit);
            if let Some(limit) =
                cpu_limit.filter(|limit| reading.cpu_limit.is_none_or(|before| *limit < before))
            {
                reading.cpu_limit = Some(limit);
                let throttled = file("cpu.stat").and_then(|text| kernel::counter(&text, "throttled_usec"));
                reading.throttled_ns = throttled.and_then(|us| us.checked_mul(1_000));
            }
        }
        reading
    }

    /// `memory.events` of its own counts what was killed in it and below.
    pub fn oom_kills(&self) -> Option<u64> {
        read(&self.folders.first()?.join("memory.events")).and_then(|text| kernel::counter(&text, "oom_kill"))
    }

    /// How long some task of it waited for `cpu`, `io` or `memory`.
    pub fn pressure_ns(&self, resource: &str) -> Option<u64> {
        // The mount itself is the whole machine: the kernel has no such file there, or says the same in /proc.
        let own = self.folders.first().filter(|_| self.folders.len() > 1)?;
        read(&own.join(format!("{resource}.pressure"))).as_deref().and_then(kernel::pressure_ns)
    }
}
