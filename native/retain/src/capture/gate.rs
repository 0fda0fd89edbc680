//! Whether there is memory enough for a copy and its analysis. Refuses before anything is taken.

use super::refusal::{Limit, Refusal};

/// One part in so many of a copy is provided beyond its size: a running heap grows meanwhile.
pub const SLACK: u64 = 16;
/// Bytes that an analysis needs for each object while it still has the copy: marks, edges, types, dominators.
const BYTES_BESIDE_COPY: u64 = 64;
/// Bytes for each object when the copy is gone: what answers need as well.
const BYTES_AFTER_COPY: u64 = 100;
/// Bytes that it needs in any case: debug information, names.
const BYTES_ALWAYS: u64 = 80 << 20;
/// One part in so many of what is free stays free.
const RESERVE: u64 = 10;
/// What version 1 of cgroups says for "no limit", rounded to pages of any size.
const NO_LIMIT: u64 = 1 << 62;

/// What a copy and its analysis need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Bytes of the copy.
    pub copy_bytes: u64,
    /// Objects that may be alive.
    pub objects: u64,
}

impl Need {
    /// Bytes at the same time, at most.
    pub fn bytes(self) -> u64 {
        let copy = self.copy_bytes.saturating_add(self.copy_bytes / SLACK);
        let with_copy = copy.saturating_add(self.objects.saturating_mul(BYTES_BESIDE_COPY));
        with_copy.max(self.objects.saturating_mul(BYTES_AFTER_COPY)).saturating_add(BYTES_ALWAYS)
    }
}

/// What may be used: each limit that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Free(pub Vec<(Limit, u64)>);

impl Free {
    /// The narrowest limit.
    pub fn least(&self) -> Option<(Limit, u64)> {
        self.0.iter().copied().min_by_key(|(_, bytes)| *bytes)
    }

    /// Lets through what leaves some memory to others.
    pub fn check(&self, need: Need) -> Result<(), Refusal> {
        let needed_bytes = need.bytes();
        match self.least() {
            Some((place, free_bytes)) if needed_bytes > free_bytes => {
                Err(Refusal::Memory { needed_bytes, free_bytes, place })
            }
            _ => Ok(()),
        }
    }
}

/// What the machine can give, from `/proc/meminfo`, without what is to stay free.
pub fn machine(meminfo: &str) -> Option<(Limit, u64)> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    let available = kilobytes.checked_mul(1024)?;
    Some((Limit::Machine, available - available / RESERVE))
}

/// What a cgroup can give: its limits (version 1 or 2), what it uses, and its `memory.stat`.
pub fn cgroup<'a>(
    limits: impl IntoIterator<Item = &'a str>,
    usage: &str,
    stat: &str,
) -> Option<(Limit, u64)> {
    let limits = limits.into_iter().filter_map(|limit| limit.trim().parse::<u64>().ok());
    let limit = limits.filter(|limit| *limit < NO_LIMIT).min()?;
    let used: u64 = usage.trim().parse().ok()?;
    // Files that nobody has read lately are counted as used, but go when memory is asked for.
    let of = |key: &str| stat.lines().find_map(|line| line.strip_prefix(key)?.trim().parse::<u64>().ok());
    let gives_way = of("total_inactive_file ").or_else(|| of("inactive_file ")).unwrap_or(0);
    let free = limit.saturating_sub(used.saturating_sub(gives_way));
    Some((Limit::Cgroup, free - free / RESERVE))
}

/// The folders that may hold the limits of a process, by its `/proc/PID/cgroup`: its own and all above, of version 2 and of
/// version 1, relative to where cgroups are mounted. A container sees its own as the topmost.
pub fn cgroup_folders(names: &str) -> Vec<String> {
    /// Nested deeper than people do.
    const MOST_LEVELS: usize = 32;
    let mut folders = Vec::new();
    for line in names.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let mounts: &[&str] = match controllers {
            "" => &["", "unified"],
            named if named.split(',').any(|name| name == "memory") => &["memory"],
            _ => continue,
        };
        let steps: Vec<_> =
            path.split('/').filter(|step| !step.is_empty() && *step != "..").take(MOST_LEVELS).collect();
        for mount in mounts {
            for levels in (0..=steps.len()).rev() {
                let folder = [&[*mount][..], &steps[..levels]].concat();
                folders
                    .push(folder.into_iter().filter(|step| !step.is_empty()).collect::<Vec<_>>().join("/"));
            }
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    #[test]
    fn the_narrowest_limit_decides_and_is_named() {
        let need = Need { copy_bytes: GB, objects: 10_000_000 };
        let needed_bytes = need.bytes();
        assert!(needed_bytes > GB + GB / 3, "a copy is not all: {needed_bytes}");
        let enough = Free(vec![(Limit::Machine, 9 * GB), (Limit::Setting, needed_bytes)]);
        assert_eq!(enough.check(need), Ok(()));
        let narrow = Free(vec![(Limit::Machine, 9 * GB), (Limit::Cgroup, GB), (Limit::Setting, 3 * GB)]);
        assert_eq!(
            narrow.check(need),
            Err(Refusal::Memory { needed_bytes, free_bytes: GB, place: Limit::Cgroup })
        );
        assert_eq!(Free::default().check(need), Ok(()));
        let absurd = Need { copy_bytes: u64::MAX, objects: u64::MAX };
        assert!(enough.check(absurd).is_err(), "no overflow");
    }

    #[test]
    fn a_tenth_of_the_machine_stays_free() {
        let meminfo = "MemTotal:       24000000 kB\nMemFree:  100 kB\nMemAvailable:   10000000 kB\n";
        assert_eq!(machine(meminfo), Some((Limit::Machine, 9_216_000_000)));
        assert_eq!(machine("MemTotal: 5 kB\n"), None);
    }

    #[test]
    fn files_that_give_way_do_not_count_as_used() {
        let stat = "anon 5\ninactive_file 300000000\nactive_file 7\n";
        assert_eq!(cgroup(["1000000000\n"], "500000000\n", stat), Some((Limit::Cgroup, 720_000_000)));
        let stat = "inactive_file 1\ntotal_inactive_file 300000000\n";
        assert_eq!(cgroup(["1000000000\n"], "500000000\n", stat), Some((Limit::Cgroup, 720_000_000)));
        assert_eq!(cgroup(["max\n", "2000\n"], "3000\n", ""), Some((Limit::Cgroup, 0)));
        assert_eq!(cgroup(["max\n"], "3000\n", ""), None);
        assert_eq!(cgroup(["9223372036854771712\n"], "3000\n", ""), None);
    }

    #[test]
    fn limits_are_looked_for_all_the_way_up_in_both_versions() {
        assert_eq!(
            cgroup_folders("0::/user.slice/app\n"),
            ["user.slice/app", "user.slice", "", "unified/user.slice/app", "unified/user.slice", "unified"]
        );
        assert_eq!(
            cgroup_folders("5:cpu:/x\n4:hugetlb,memory:/docker/ab\n"),
            ["memory/docker/ab", "memory/docker", "memory"]
        );
        assert_eq!(
            cgroup_folders("0::/../../init.scope"),
            ["init.scope", "", "unified/init.scope", "unified"]
        );
        assert!(cgroup_folders("nonsense").is_empty());
    }
}
