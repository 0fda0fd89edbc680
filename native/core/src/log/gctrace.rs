//! What the Go runtime prints of each collection with `GODEBUG=gctrace=1`, to gopls's stderr.

use std::collections::VecDeque;

use serde::Serialize;

use crate::model::Bytes;

/// Cycles listed one by one: the latest.
const MAX_CYCLES: usize = 500;
/// The runtime counts in binary megabytes.
const MEGABYTE: f64 = 1_048_576.0;

/// One collection.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "LogGcCycle"))]
pub struct GcCycle {
    /// Its number in the life of the process, from 1.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub number: u64,
    /// When it began, in milliseconds after the start of the process.
    pub began_ms: f64,
    /// Share of all CPU time since the start of the process that went into collections, in percent.
    pub cpu_percent: f64,
    /// How long the program stood still for it, in milliseconds: both stops together.
    pub pause_ms: f64,
    /// How long it took beside the running program, in milliseconds.
    pub concurrent_ms: f64,
    /// CPU time that the program itself had to spend on it because it allocated meanwhile, in milliseconds.
    pub assist_cpu_ms: f64,
    /// The heap when it began.
    pub before_bytes: Bytes,
    /// What was alive of it.
    pub live_bytes: Bytes,
    /// The size of the heap that the runtime aimed at for this cycle.
    pub goal_bytes: Bytes,
    /// Whether somebody asked for it (`runtime.GC`).
    pub forced: bool,
}

/// All collections of a log.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "LogGc"))]
pub struct GcSummary {
    /// How many there were.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub cycles: u64,
    /// How many of them somebody asked for.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub forced: u64,
    /// How many processes wrote them: the numbers begin anew with each.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub processes: u64,
    /// The longest pause, in milliseconds.
    pub longest_pause_ms: f64,
    /// All pauses added up, in milliseconds.
    pub pauses_ms: f64,
    /// All assists added up, in milliseconds of CPU time.
    pub assists_cpu_ms: f64,
    /// The most that was alive after a cycle.
    pub most_live_bytes: Bytes,
    /// The latest cycles, in the order of the log. Share of CPU, live heap and goal as they are now are those of the last.
    pub latest: Vec<GcCycle>,
}

/// Adds the cycles up.
#[derive(Debug, Default)]
pub(super) struct GcTrace {
    cycles: u64,
    forced: u64,
    processes: u64,
    longest_pause_ms: f64,
    pauses_ms: f64,
    assists_cpu_ms: f64,
    most_live_bytes: Bytes,
    latest: VecDeque<GcCycle>,
}

impl GcTrace {
    /// Whether the line was one of a collection.
    pub fn line(&mut self, line: &str) -> bool {
        let Some(cycle) = parse(line) else { return false };
        if self.latest.back().is_none_or(|last| cycle.number <= last.number) {
            self.processes += 1;
        }
        self.cycles += 1;
        self.forced += u64::from(cycle.forced);
        self.longest_pause_ms = self.longest_pause_ms.max(cycle.pause_ms);
        self.pauses_ms += cycle.pause_ms;
        self.assists_cpu_ms += cycle.assist_cpu_ms;
        self.most_live_bytes = self.most_live_bytes.max(cycle.live_bytes);
        if self.latest.len() == MAX_CYCLES {
            self.latest.pop_front();
        }
        self.latest.push_back(cycle);
        true
    }

    /// `None` when the log has none.
    pub fn summary(&self) -> Option<GcSummary> {
        (self.cycles > 0).then(|| GcSummary {
            cycles: self.cycles,
            forced: self.forced,
            processes: self.processes,
            longest_pause_ms: self.longest_pause_ms,
            pauses_ms: self.pauses_ms,
            assists_cpu_ms: self.assists_cpu_ms,
            most_live_bytes: self.most_live_bytes,
            latest: self.latest.iter().copied().collect(),
        })
    }
}

/// `gc 12 @3.405s 2%: 0.018+1.2+0.003 ms clock, 0.036+0.12/1.1/0+0.006 ms cpu, 41->42->21 MB, 43 MB goal, … 2 P`, wherever
/// in a line it begins: a terminal or a service manager may have put something before it.
fn parse(line: &str) -> Option<GcCycle> {
    let starts = line.match_indices("gc ").map(|(at, _)| at);
    let at = starts.filter(|at| *at == 0 || line.as_bytes()[at - 1].is_ascii_whitespace()).last()?;
    let (number, rest) = line[at + 3..].split_once(" @")?;
    let (began, rest) = rest.split_once("s ")?;
    let (percent, rest) = rest.split_once("%: ")?;
    let (clock, rest) = rest.split_once(" ms clock, ")?;
    let (cpu, rest) = rest.split_once(" ms cpu, ")?;
    let (heap, rest) = rest.split_once(" MB, ")?;
    let (goal, rest) = rest.split_once(" MB goal")?;

    let [first_stop, concurrent, second_stop] = numbers(clock, '+')?;
    let mark = cpu.split('+').nth(1)?;
    let [assist, _background, _idle] = numbers(mark, '/')?;
    let [before, _after_mark, live] = numbers(&heap.replace("->", "/"), '/')?;
    Some(GcCycle {
        number: number.parse().ok()?,
        began_ms: figure(began)? * 1000.0,
        cpu_percent: figure(percent)?,
        pause_ms: first_stop + second_stop,
        concurrent_ms: concurrent,
        assist_cpu_ms: assist,
        before_bytes: bytes(before),
        live_bytes: bytes(live),
        goal_bytes: bytes(figure(goal)?),
        forced: rest.contains("(forced)"),
    })
}

fn numbers<const N: usize>(text: &str, separator: char) -> Option<[f64; N]> {
    let mut numbers = [0.0; N];
    let mut parts = text.split(separator);
    for number in &mut numbers {
        *number = figure(parts.next()?)?;
    }
    parts.next().is_none().then_some(numbers)
}

/// A number that the runtime can have meant.
fn figure(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| (0.0..1e12).contains(number))
}

fn bytes(megabytes: f64) -> Bytes {
    (megabytes * MEGABYTE) as Bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const REAL: &str = "gc 4 @0.375s 3%: 0.049+39+0.022 ms clock, 0.098+0.12/20/19+0.045 ms cpu, 192->200->146 MB, 196 MB goal, 0 MB stacks, 0 MB globals, 2 P";

    #[test]
    fn a_real_line_in_its_parts() {
        let cycle = parse(REAL).unwrap();
        assert_eq!((cycle.number, cycle.began_ms, cycle.cpu_percent), (4, 375.0, 3.0));
        assert!((cycle.pause_ms - 0.071).abs() < 1e-9);
        assert_eq!((cycle.concurrent_ms, cycle.assist_cpu_ms), (39.0, 0.12));
        assert_eq!(cycle.live_bytes, 146 << 20);
        assert_eq!((cycle.before_bytes, cycle.goal_bytes, cycle.forced), (192 << 20, 196 << 20, false));
    }

    #[test]
    fn something_before_it_and_a_forced_one() {
        let line = format!("Nov 24 21:09:26 machine gopls[12]: {REAL} (forced)");
        assert!(parse(&line).unwrap().forced);
        assert!(parse("the gc 4 was long").is_none());
        assert!(
            parse("gc 4 @0.375s 3%: 0.049+39 ms clock, 0.1+0.1/2/1+0 ms cpu, 1->2->1 MB, 2 MB goal")
                .is_none()
        );
        assert!(parse(&REAL.replace("39", "1e300")).is_none());
        // Before Go 1.19 a line had no stacks and globals.
        assert!(parse(&REAL.replace(", 0 MB stacks, 0 MB globals", "")).is_some());
    }

    #[test]
    fn numbers_that_begin_anew_are_another_process() {
        let mut trace = GcTrace::default();
        for number in [1, 2, 3, 1, 2] {
            assert!(trace.line(&REAL.replace("gc 4", &format!("gc {number}"))));
        }
        let summary = trace.summary().unwrap();
        assert_eq!((summary.cycles, summary.processes), (5, 2));
        assert!((summary.pauses_ms - 5.0 * 0.071).abs() < 1e-9);
    }
}
