//! The Go runtime's memory statistics (`runtime.MemStats`), as gopls shows them.
//!
//! `/memory` is an HTML page for people (8 KB, 3 to 70 ms), the end of `heap?debug=1` the same numbers as text behind
//! the whole profile (1 to 12 MB, 70 to 700 ms, measured side by side during a load): so the page it is, and the text is
//! read where somebody has one. Both are read by the names of the numbers, not by their place, because a page for people
//! changes its looks.

use std::collections::HashMap;

use crate::gc::GcCounters;
use crate::model::Bytes;

/// Both forms are below this; the text form's profile before the numbers is not counted.
const MOST_BYTES: usize = 256 * 1024;
/// Where the numbers of the text form begin.
const TEXT_MARK: &str = "# runtime.MemStats";
/// The quantities of a process; a page that has more is made up.
const MOST_NAMES: usize = 512;
/// The runtime keeps the pauses of so many cycles.
const MOST_PAUSES: usize = 256;
/// Beyond this JavaScript is not exact, and no machine has that much.
const MOST_VALUE: u64 = 1 << 53;

/// What the runtime says of its memory at one moment. All of it is virtual: mapped, not necessarily resident.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemStats {
    /// Objects in the heap, reachable or not yet freed.
    pub heap_alloc_bytes: Bytes,
    /// Spans that hold objects; more than `heap_alloc_bytes` by what is unused in them.
    pub heap_inuse_bytes: Bytes,
    /// Spans that hold none.
    pub heap_idle_bytes: Bytes,
    /// The part of the idle ones that was given back to the system.
    pub heap_released_bytes: Bytes,
    /// Idle and in use together.
    pub heap_sys_bytes: Bytes,
    /// Stacks of goroutines and threads.
    pub stack_sys_bytes: Bytes,
    /// Everything the runtime has mapped.
    pub sys_bytes: Bytes,
    /// Allocated since the start of the process, freed or not.
    pub total_alloc_bytes: Bytes,
    /// Objects allocated since the start of the process.
    pub mallocs: u64,
    /// Objects freed since. It grows only while a finished GC cycle is being swept.
    pub frees: u64,
    /// The heap size at which the next GC cycle begins. The text form only.
    pub next_gc_bytes: Option<Bytes>,
    /// What it says of collections. The text form only.
    pub gc: Option<GcCounters>,
}

/// The text is neither of the two forms, or contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotMemStats {
    /// A number that both forms have is not there.
    #[error(
        "not gopls's memory statistics: {name:?} is missing. Expected the page /memory, or heap?debug=1 with its end"
    )]
    Missing {
        /// The name that `/memory` gives it.
        name: &'static str,
    },
    /// The numbers cannot be of one process.
    #[error("the memory statistics contradict themselves: {what}")]
    Contradiction {
        /// How.
        what: &'static str,
    },
}

/// Names on `/memory`, and the runtime's own in the text form.
const HEAP_ALLOC: [&str; 2] = ["Allocated bytes", "HeapAlloc"];
const HEAP_INUSE: [&str; 2] = ["In use bytes", "HeapInuse"];
const HEAP_IDLE: [&str; 2] = ["Idle heap bytes", "HeapIdle"];
const HEAP_RELEASED: [&str; 2] = ["Released to system bytes", "HeapReleased"];
const HEAP_SYS: [&str; 2] = ["Heap system bytes", "HeapSys"];
const STACK_SYS: [&str; 2] = ["Stack from system bytes", "Stack"];
const SYS: [&str; 2] = ["System bytes", "Sys"];
const TOTAL_ALLOC: [&str; 2] = ["Total allocated bytes", "TotalAlloc"];
const MALLOCS: [&str; 2] = ["Malloc calls", "Mallocs"];
const FREES: [&str; 2] = ["Frees", "Frees"];

impl MemStats {
    /// Reads either form.
    ///
    /// # Errors
    /// A number is missing, or the numbers do not fit together.
    pub fn parse(text: &str) -> Result<Self, NotMemStats> {
        let (numbers, gc) = match text.rfind(TEXT_MARK).map(|begin| start_of(&text[begin..])) {
            Some(text) => (numbers_of_text(text), counters(text)),
            None => (numbers_of_page(start_of(text)), None),
        };
        let number = |names: [&'static str; 2]| {
            let found = names.iter().find_map(|name| numbers.get(*name));
            found.copied().ok_or(NotMemStats::Missing { name: names[0] })
        };
        let stats = Self {
            heap_alloc_bytes: number(HEAP_ALLOC)?,
            heap_inuse_bytes: number(HEAP_INUSE)?,
            heap_idle_bytes: number(HEAP_IDLE)?,
            heap_released_bytes: number(HEAP_RELEASED)?,
            heap_sys_bytes: number(HEAP_SYS)?,
            stack_sys_bytes: number(STACK_SYS)?,
            sys_bytes: number(SYS)?,
            total_alloc_bytes: number(TOTAL_ALLOC)?,
            mallocs: number(MALLOCS)?,
            frees: number(FREES)?,
            next_gc_bytes: numbers.get("NextGC").copied(),
            gc,
        };
        stats.check()
    }

    /// Spans that hold no objects and were not given back: RSS that gopls could do without.
    pub fn free_kept_bytes(&self) -> Bytes {
        self.heap_idle_bytes - self.heap_released_bytes
    }

    /// GC metadata, span and profiling structures, and the rest of what the runtime has for itself.
    pub fn runtime_bytes(&self) -> Bytes {
        self.sys_bytes - self.heap_sys_bytes - self.stack_sys_bytes
    }

    /// The runtime takes them in one stopped moment, so these hold to the byte.
    fn check(self) -> Result<Self, NotMemStats> {
        let contradiction = |what| Err(NotMemStats::Contradiction { what });
        if self.heap_inuse_bytes + self.heap_idle_bytes != self.heap_sys_bytes {
            return contradiction("in use and idle are not the heap");
        }
        if self.heap_released_bytes > self.heap_idle_bytes {
            return contradiction("more is released than is idle");
        }
        if self.heap_alloc_bytes > self.heap_inuse_bytes {
            return contradiction("more is allocated than is in use");
        }
        if self.heap_sys_bytes + self.stack_sys_bytes > self.sys_bytes {
            return contradiction("heap and stacks are more than everything");
        }
        if self.frees > self.mallocs || self.heap_alloc_bytes > self.total_alloc_bytes {
            return contradiction("more was freed than allocated");
        }
        Ok(self)
    }
}

/// As much of a text as is looked at.
fn start_of(text: &str) -> &str {
    let mut end = text.len().min(MOST_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// `# Name = 12`, `# Stack = 12 / 34` (in use / from the system).
fn numbers_of_text(text: &str) -> HashMap<&str, u64> {
    let lines = text.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("# ")?.split_once(" = ")?;
        let value = value.rsplit('/').next()?;
        Some((name.trim(), number(value)?))
    });
    lines.take(MOST_NAMES).collect()
}

/// The runtime's counts of collections; `None` when they are not there, or cannot be of one process.
fn counters(text: &str) -> Option<GcCounters> {
    let of = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix("# ")?.split_once(" = "));
        lines.find_map(|(found, value)| (found == name).then_some(value.trim()))
    };
    let cycles: u64 = of("NumGC")?.parse().ok()?;
    // A ring of the latest cycles: places that were not used yet are 0.
    let pauses = of("PauseNs")?.trim_matches(['[', ']']).split(' ').take(MOST_PAUSES);
    let pauses: Vec<u64> = pauses.map(|pause| pause.parse().ok()).collect::<Option<_>>()?;
    let latest = cycles.min(pauses.len() as u64);
    let last_unix_ns: u64 = of("LastGC")?.parse().ok()?;
    let cpu_fraction: f64 = of("GCCPUFraction")?.parse().ok()?;
    (0.0..=1.0).contains(&cpu_fraction).then(|| GcCounters {
        cycles,
        forced: of("NumForcedGC").and_then(|forced| forced.parse().ok()).unwrap_or(0).min(cycles),
        latest_pauses_ns: pauses.iter().fold(0, |sum, pause| sum.saturating_add(*pause)),
        latest: latest as u32,
        longest_pause_ns: pauses.iter().copied().max().unwrap_or(0),
        cpu_fraction,
        last_unix_ms: last_unix_ns as f64 / 1e6,
    })
}

/// The text between two tags, and the number between the next two: `<td>Allocated bytes</td><td>1,234</td>`.
fn numbers_of_page(page: &str) -> HashMap<&str, u64> {
    let mut texts = page
        .split('>')
        .filter_map(|piece| piece.split('<').next())
        .map(|text| text.trim().trim_end_matches(':'))
        .filter(|text| !text.is_empty())
        .peekable();
    let mut numbers = HashMap::new();
    while let Some(name) = texts.next() {
        if let Some(value) = texts.peek().copied().and_then(number)
            && number(name).is_none()
            && numbers.len() < MOST_NAMES
        {
            // A heading of the table of size classes may be called the same: what comes first is the statistics.
            numbers.entry(name).or_insert(value);
        }
    }
    numbers
}

/// A whole number, with or without commas.
fn number(text: &str) -> Option<u64> {
    let digits: String = text.trim().chars().filter(|c| *c != ',').take(20).collect();
    digits.parse().ok().filter(|value| *value <= MOST_VALUE)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_str!(concat!("../../../../test/fixtures/memory/", $name))
        };
    }

    const PAGE: &str = fixture!("v0.23.0.html");

    #[test]
    fn the_page_of_every_supported_version() {
        for (version, page) in [
            ("v0.18.1", fixture!("v0.18.1.html")),
            ("v0.21.0", fixture!("v0.21.0.html")),
            ("v0.22.0", fixture!("v0.22.0.html")),
            ("v0.23.0", PAGE),
            ("v0.24.0", fixture!("v0.24.0.html")),
        ] {
            let stats = MemStats::parse(page).expect(version);
            // The ballast and the package metadata of a small module.
            assert!((100_000_000..400_000_000).contains(&stats.heap_alloc_bytes), "{version}: {stats:?}");
            assert!(stats.runtime_bytes() > 1_000_000 && stats.frees > 1_000, "{version}: {stats:?}");
            assert_eq!((stats.next_gc_bytes, stats.gc), (None, None), "{version}");
        }
    }

    #[test]
    fn the_end_of_the_text_form() {
        let text = fixture!("v0.23.0-heap-debug-1-tail.txt");
        let stats = MemStats::parse(&format!("heap profile: 1: 2 [3: 4] @ heap/1048576\n{text}")).unwrap();
        assert_eq!(stats.heap_alloc_bytes, 255_402_000);
        assert_eq!(stats.free_kept_bytes(), 22_872_064 - 2_547_712);
        assert_eq!(stats.stack_sys_bytes, 851_968);
        assert_eq!(stats.runtime_bytes(), 310_516_040 - 296_943_616 - 851_968);
        assert_eq!(stats.next_gc_bytes, Some(331_225_146));
        let gc = stats.gc.unwrap();
        assert_eq!((gc.cycles, gc.forced, gc.latest, gc.longest_pause_ns), (5, 0, 5, 497_934));
        assert_eq!(gc.latest_pauses_ns, 497_934 + 138_817 + 325_986 + 158_197 + 285_306);
        assert!((gc.cpu_fraction - 0.0128).abs() < 1e-4 && gc.last_unix_ms == 1_795_531_216_548.265);
    }

    #[test]
    fn counts_that_cannot_be_are_none() {
        let text = fixture!("v0.23.0-heap-debug-1-tail.txt");
        for (right, wrong) in [
            ("GCCPUFraction = 0.0127", "GCCPUFraction = 7.0127"),
            ("PauseNs = [497934", "PauseNs = [49x934"),
            ("NumGC = 5", "NumGC = -5"),
        ] {
            assert!(text.contains(right));
            let stats = MemStats::parse(&text.replace(right, wrong)).unwrap();
            assert_eq!((stats.gc, stats.heap_alloc_bytes), (None, 255_402_000), "{wrong}");
        }
    }

    /// Another look, the same names.
    #[test]
    fn the_page_may_change_its_looks() {
        let list = PAGE
            .replace("<tr><td class=\"label\">", "<dt class=a>\n  ")
            .replace("</td><td class=\"value\">", ": </dt><dd><b>")
            .replace("</td></tr>", "</b></dd>");
        assert_ne!(list, PAGE);
        assert_eq!(MemStats::parse(&list), MemStats::parse(PAGE));
        assert!(MemStats::parse(PAGE).is_ok());
    }

    #[test]
    fn what_is_missing_or_cannot_be_is_named() {
        let error = MemStats::parse("<html>404 page not found</html>").unwrap_err();
        assert_eq!(error, NotMemStats::Missing { name: "Allocated bytes" });
        let renamed = PAGE.replace("Idle heap bytes", "Heap that idles");
        assert_eq!(MemStats::parse(&renamed), Err(NotMemStats::Missing { name: "Idle heap bytes" }));
        let idle = "Idle heap bytes</td><td class=\"value\">";
        let wrong = PAGE.replace(idle, &format!("{idle}9,"));
        assert!(matches!(MemStats::parse(&wrong), Err(NotMemStats::Contradiction { .. })));
    }

    proptest! {
        #[test]
        fn garbage_is_refused_or_consistent(text in ".{0,400}", cut in 0usize..8_000) {
            let cut = (0..=cut.min(PAGE.len())).rev().find(|at| PAGE.is_char_boundary(*at)).unwrap();
            for input in [text.clone(), format!("{}{text}", &PAGE[..cut]), format!("{text}{TEXT_MARK}\n{text}")] {
                if let Ok(stats) = MemStats::parse(&input) {
                    prop_assert!(stats.free_kept_bytes() + stats.runtime_bytes() <= stats.sys_bytes);
                }
            }
        }
    }
}
