//! The looks at the machine, and what they come to over one wait.

use std::collections::{BTreeMap, VecDeque};

use super::facts::{CgroupLimits, GoCommand, MachineFacts, Pressure};
use super::{MachineReading, RunningCommand};
use crate::model::{MS, Ns, RunningGo, SECOND};

/// A wait of two minutes has fewer.
const MOST_READINGS: usize = 240;
const MOST_COMMANDS: usize = 12;
/// A look speaks for this much of the time before and after it at most.
const LONGEST_REACH_NS: Ns = 600 * MS;
/// What runs now was seen to run this lately.
const FRESH_NS: Ns = 2 * SECOND;
/// What a command uses now is what it used in the last of its time: at least, and at most.
const SHARE_OVER_NS: std::ops::RangeInclusive<Ns> = 200 * MS..=2 * SECOND;
/// A `go` command that used less of its time on a CPU waited itself.
pub(crate) const BUSY_COMMAND_SHARE: f64 = 0.1;

/// A part of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From.
    pub begin_ns: Ns,
    /// To.
    pub end_ns: Ns,
}

impl Span {
    /// How long.
    pub fn ns(&self) -> Ns {
        self.end_ns.saturating_sub(self.begin_ns)
    }

    /// What both have in common.
    pub fn overlap_ns(&self, begin_ns: Ns, end_ns: Ns) -> Ns {
        self.end_ns.min(end_ns).saturating_sub(self.begin_ns.max(begin_ns))
    }
}

/// What was lost between two looks for want of a CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Starved {
    /// From one look to the next.
    pub span: Span,
    /// By gopls itself.
    pub own_ns: Ns,
    /// By the `go` commands that it ran.
    pub commands_ns: Ns,
    /// For how long the cgroup's limit kept them all from running.
    pub throttled_ns: Ns,
    /// Whether a `go` command ran at either look.
    pub commands_ran: bool,
}

/// A thread that wants to run is either on a CPU or delayed. With the CPUs for itself a process would have had what it
/// asked for, at most all of them; what it got of that is how fast it went on, in the part of the time in which it wanted to.
fn lost(wall_ns: Ns, cpus: u32, on_cpu_ns: Ns, delay_ns: Ns) -> Ns {
    let (wall, on_cpu) = (wall_ns as f64, on_cpu_ns as f64);
    let wanted = on_cpu + delay_ns as f64;
    if wall <= 0.0 || wanted <= 0.0 {
        return 0;
    }
    let missed = 1.0 - (on_cpu / wanted.min(wall * f64::from(cpus.max(1)))).min(1.0);
    (wall * (wanted / wall).min(1.0) * missed) as Ns
}

/// See the module's text.
#[derive(Debug, Default)]
pub struct MachineLog {
    readings: VecDeque<MachineReading>,
}

impl MachineLog {
    /// Adds one; they come in their order.
    pub fn add(&mut self, reading: MachineReading) {
        if self.readings.len() == MOST_READINGS {
            self.readings.pop_front();
        }
        self.readings.push_back(reading);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.readings.clear();
    }

    /// What they come to between two moments; `None` without a look within them.
    pub fn facts(&self, begin_ns: Ns, end_ns: Ns) -> Option<MachineFacts> {
        let reading = self.within(begin_ns, end_ns);
        let (first, last) = (reading.first()?, reading.last()?);
        if first.at_ns > end_ns {
            return None;
        }
        let counted = |of: fn(&MachineReading) -> Option<u64>| -> Option<u64> {
            let pairs = reading.windows(2).map(|pair| grown(pair[0], pair[1], end_ns, of));
            pairs.collect::<Option<Vec<u64>>>().map(|parts| parts.iter().sum())
        };
        let stops = reading.iter().any(|reading| reading.stopped.is_some());
        let stopped = || self.stopped(begin_ns, end_ns).iter().map(Span::ns).sum();
        Some(MachineFacts {
            from_ns: first.at_ns,
            to_ns: last.at_ns.min(end_ns),
            looks: reading.len() as u32,
            cpus: last.cpus,
            load_average: last.load_average,
            on_cpu_ns: counted(|reading| {
                Some(reading.on_cpu_ns?.saturating_add(reading.commands_on_cpu_ns.unwrap_or(0)))
            }),
            run_delay_ns: counted(|reading| {
                Some(reading.run_delay_ns?.saturating_add(reading.commands_run_delay_ns.unwrap_or(0)))
            }),
            stopped_ns: stops.then(stopped),
            major_faults: counted(|reading| reading.major_faults),
            swap_bytes: last.swap_bytes,
            pressure: Pressure {
                cpu_ns: counted(|reading| reading.cpu_pressure_ns),
                memory_ns: counted(|reading| reading.memory_pressure_ns),
                io_ns: counted(|reading| reading.io_pressure_ns),
            },
            cgroup: CgroupLimits {
                memory_max_bytes: last.cgroup.memory_max_bytes,
                memory_bytes: last.cgroup.memory_bytes,
                cpu_limit: last.cgroup.cpu_limit,
                throttled_ns: counted(|reading| reading.cgroup.throttled_ns),
            },
            commands: self.commands(begin_ns, end_ns),
        })
    }

    /// When gopls was stopped.
    pub fn stopped(&self, begin_ns: Ns, end_ns: Ns) -> Vec<Span> {
        self.spans(begin_ns, end_ns, |reading| reading.stopped == Some(true))
    }

    /// When it ran a `go` command.
    pub fn running_go(&self, begin_ns: Ns, end_ns: Ns) -> Vec<Span> {
        self.spans(begin_ns, end_ns, |reading| !reading.commands.is_empty())
    }

    /// From each look to the next, what was lost for want of a CPU.
    pub fn starved(&self, begin_ns: Ns, end_ns: Ns) -> Vec<Starved> {
        let readings = self.within(begin_ns, end_ns);
        let starved = readings.windows(2).map(|pair| {
            let span = Span { begin_ns: pair[0].at_ns, end_ns: pair[1].at_ns.min(end_ns) };
            let grown = |of| grown(pair[0], pair[1], end_ns, of);
            let cpus = pair[1].cpus.unwrap_or(1);
            let own = grown(|reading| reading.on_cpu_ns).zip(grown(|reading| reading.run_delay_ns));
            let own_ns = own.map_or(0, |(on_cpu, delay)| lost(span.ns(), cpus, on_cpu, delay));
            let commands = grown(|reading| reading.commands_on_cpu_ns)
                .zip(grown(|reading| reading.commands_run_delay_ns));
            let commands_ns = commands.map_or(0, |(on_cpu, delay)| lost(span.ns(), cpus, on_cpu, delay));
            let throttled = grown(|reading| reading.cgroup.throttled_ns).unwrap_or(0);
            let commands_ran = pair.iter().any(|reading| !reading.commands.is_empty());
            Starved { span, own_ns, commands_ns, throttled_ns: throttled, commands_ran }
        });
        starved.collect()
    }

    /// From each look to the next, with how many pages gopls had to wait for, and for how long some task waited for memory.
    pub fn memory_pressed(&self, begin_ns: Ns, end_ns: Ns) -> Vec<(Span, u64, Ns)> {
        let readings = self.within(begin_ns, end_ns);
        let pressed = readings.windows(2).filter_map(|pair| {
            let span = Span { begin_ns: pair[0].at_ns, end_ns: pair[1].at_ns.min(end_ns) };
            let faults = grown(pair[0], pair[1], end_ns, |reading| reading.major_faults)?;
            let waited = grown(pair[0], pair[1], end_ns, |reading| reading.memory_pressure_ns)?;
            Some((span, faults, waited.min(span.ns())))
        });
        pressed.collect()
    }

    /// The `go` commands that run now, oldest first; none when nobody has looked lately.
    pub fn running_now(&self, now_ns: Ns) -> Vec<RunningGo> {
        let Some(latest) = self.readings.back() else { return Vec::new() };
        if now_ns.saturating_sub(latest.at_ns) > FRESH_NS {
            return Vec::new();
        }
        let passed_ns = now_ns.saturating_sub(latest.at_ns);
        let running = latest.commands.iter().map(|command| {
            let before = || self.seen_before(command);
            let first_ns = before().last().map_or(latest.at_ns, |(reading, _)| reading.at_ns);
            let shares = before().filter_map(|(reading, then)| {
                let over_ns = latest.at_ns - reading.at_ns;
                let used_ns = command.cpu_ns?.saturating_sub(then.cpu_ns?);
                SHARE_OVER_NS.contains(&over_ns).then(|| used_ns as f64 / over_ns as f64)
            });
            let cpu_share = shares.last();
            RunningGo {
                line: command.line.clone(),
                age_ns: command.age_ns.unwrap_or(latest.at_ns - first_ns).saturating_add(passed_ns),
                cpu_share,
                waits: cpu_share.is_some_and(|share| share < BUSY_COMMAND_SHARE),
            }
        });
        let mut running: Vec<_> = running.collect();
        running.sort_by_key(|command| std::cmp::Reverse(command.age_ns));
        running.truncate(MOST_COMMANDS);
        running
    }

    /// Earlier looks at a command that runs, the latest first, back to where it was not there.
    fn seen_before<'a>(
        &'a self,
        command: &'a RunningCommand,
    ) -> impl Iterator<Item = (&'a MachineReading, &'a RunningCommand)> {
        let same = |other: &&RunningCommand| other.pid == command.pid && other.line == command.line;
        let looks = self.readings.iter().rev().skip(1);
        looks.map_while(move |reading| Some((reading, reading.commands.iter().find(same)?)))
    }

    /// Those of a wait, and the one after it: what happened between the last look and the end is known by it.
    fn within(&self, begin_ns: Ns, end_ns: Ns) -> Vec<&MachineReading> {
        let from = self.readings.partition_point(|reading| reading.at_ns < begin_ns);
        let to = self.readings.partition_point(|reading| reading.at_ns <= end_ns);
        let after = self.readings.get(to).filter(|reading| reading.at_ns - end_ns <= LONGEST_REACH_NS);
        self.readings.range(from.min(to)..to).chain(after).collect()
    }

    /// What each look that `is` speaks for: half of the way to the others, and all the way to the ends of the wait, but
    /// never further than [`LONGEST_REACH_NS`].
    fn spans(&self, begin_ns: Ns, end_ns: Ns, is: impl Fn(&MachineReading) -> bool) -> Vec<Span> {
        let readings = self.within(begin_ns, end_ns);
        let mut spans: Vec<Span> = Vec::new();
        for number in (0..readings.len()).filter(|number| is(readings[*number])) {
            let span = spoken_for(&readings, number, begin_ns, end_ns);
            match spans.last_mut() {
                Some(last) if last.end_ns >= span.begin_ns => last.end_ns = span.end_ns,
                _ => spans.push(span),
            }
        }
        spans.retain(|span| span.ns() > 0);
        spans
    }

    fn commands(&self, begin_ns: Ns, end_ns: Ns) -> Vec<GoCommand> {
        let readings = self.within(begin_ns, end_ns);
        let mut seen = BTreeMap::<(u32, &str), GoCommand>::new();
        for (number, reading) in readings.iter().enumerate() {
            let part = spoken_for(&readings, number, begin_ns, end_ns).ns();
            for RunningCommand { pid, line, cpu_ns, .. } in &reading.commands {
                let command = seen.entry((*pid, line)).or_insert_with(|| GoCommand {
                    line: line.clone(),
                    first_seen_ns: reading.at_ns,
                    last_seen_ns: reading.at_ns,
                    duration_ns: 0,
                    cpu_ns: None,
                });
                command.last_seen_ns = reading.at_ns;
                command.duration_ns += part;
                command.cpu_ns = cpu_ns.or(command.cpu_ns);
            }
        }
        let mut commands: Vec<_> = seen.into_values().filter(|command| command.duration_ns > 0).collect();
        commands.sort_by_key(|command| std::cmp::Reverse(command.duration_ns));
        commands.truncate(MOST_COMMANDS);
        commands
    }
}

fn spoken_for(readings: &[&MachineReading], number: usize, begin_ns: Ns, end_ns: Ns) -> Span {
    let at_ns = readings[number].at_ns;
    let half = |other: &MachineReading| at_ns.abs_diff(other.at_ns) / 2;
    let before = number.checked_sub(1).map_or(at_ns - begin_ns.min(at_ns), |before| half(readings[before]));
    let after = readings.get(number + 1).map_or(end_ns.saturating_sub(at_ns), |after| half(after));
    let from = at_ns.saturating_sub(before.min(LONGEST_REACH_NS));
    let to = at_ns.saturating_add(after.min(LONGEST_REACH_NS));
    Span { begin_ns: from.clamp(begin_ns, end_ns), end_ns: to.clamp(begin_ns, end_ns) }
}

/// What a counter grew by; of a pair that reaches beyond the end, the part before it. A counter that fell (a thread has
/// ended) has not grown.
fn grown(
    a: &MachineReading,
    b: &MachineReading,
    end_ns: Ns,
    of: fn(&MachineReading) -> Option<u64>,
) -> Option<u64> {
    let whole = of(b)?.saturating_sub(of(a)?);
    let wall = b.at_ns.saturating_sub(a.at_ns);
    if b.at_ns <= end_ns || wall == 0 {
        return Some(whole);
    }
    Some((whole as f64 * (end_ns.saturating_sub(a.at_ns) as f64 / wall as f64)) as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn at(at_ms: u64, change: impl FnOnce(&mut MachineReading)) -> MachineReading {
        let mut reading = MachineReading { at_ns: at_ms * MS, cpus: Some(2), ..MachineReading::default() };
        change(&mut reading);
        reading
    }

    fn log(readings: impl IntoIterator<Item = MachineReading>) -> MachineLog {
        let mut log = MachineLog::default();
        readings.into_iter().for_each(|reading| log.add(reading));
        log
    }

    /// CPU time and run delay of one second, and what is lost of it.
    fn lost_ms(on_cpu_ms: u64, delay_ms: u64) -> u64 {
        let work = |at_ms, on_cpu_ms: u64, delay_ms: u64| {
            at(at_ms, |reading| {
                reading.on_cpu_ns = Some(on_cpu_ms * MS);
                reading.run_delay_ns = Some(delay_ms * MS);
            })
        };
        let log = log([work(0, 500, 100), work(1_000, 500 + on_cpu_ms, 100 + delay_ms)]);
        log.starved(0, 1_000 * MS).iter().map(|starved| starved.own_ns / MS).sum()
    }

    #[test]
    fn what_is_lost_for_want_of_a_cpu() {
        assert_eq!(lost_ms(2_000, 0), 0, "it has both CPUs");
        assert_eq!(lost_ms(1_900, 700), 50, "it is in its own way: that is no loss");
        assert_eq!(lost_ms(1_000, 1_000), 500, "half of what it could use");
        assert_eq!(lost_ms(100, 3_900), 950, "hardly anything");
        assert!(lost_ms(10, 2) <= 2, "it wants next to nothing");
        assert_eq!(lost_ms(0, 0), 0);
    }

    #[test]
    fn what_the_cgroup_ordered_is_told_apart() {
        let work = |at_ms, on_cpu_ms: u64, throttled_ms: u64| {
            at(at_ms, |reading| {
                reading.on_cpu_ns = Some(on_cpu_ms * MS);
                reading.run_delay_ns = Some(at_ms * MS);
                reading.cgroup.throttled_ns = Some(throttled_ms * MS);
            })
        };
        let log = log([work(0, 0, 0), work(1_000, 500, 300)]);
        let [starved] = log.starved(0, 1_000 * MS)[..] else { panic!() };
        assert!(starved.throttled_ns == 300 * MS && starved.own_ns > 300 * MS, "{starved:?}");
    }

    #[test]
    fn a_stop_lasts_half_of_the_way_to_where_it_went_on() {
        let look = |at_ms, stopped| at(at_ms, |reading| reading.stopped = Some(stopped));
        let log = log([look(100, false), look(300, true), look(500, true), look(700, false)]);
        assert_eq!(log.stopped(0, 700 * MS), [Span { begin_ns: 200 * MS, end_ns: 600 * MS }]);
        assert_eq!(log.facts(0, 700 * MS).unwrap().stopped_ns, Some(400 * MS));
        assert_eq!(log.stopped(0, 400 * MS), [Span { begin_ns: 200 * MS, end_ns: 400 * MS }]);
    }

    #[test]
    fn what_was_not_told_is_unknown_and_not_zero() {
        let facts =
            log([at(0, |_| ()), at(200, |reading| reading.major_faults = Some(7))]).facts(0, 200 * MS);
        let facts = facts.unwrap();
        assert_eq!((facts.major_faults, facts.on_cpu_ns, facts.stopped_ns), (None, None, None));
        assert_eq!((facts.pressure, facts.cgroup), (Pressure::default(), CgroupLimits::default()));
        assert!(MachineLog::default().facts(0, 1).is_none());
    }

    #[test]
    fn of_the_look_after_the_wait_only_the_part_before_its_end_counts() {
        let faults = |at_ms, count| at(at_ms, |reading| reading.major_faults = Some(count));
        let log = log([faults(0, 10), faults(200, 20), faults(400, 60)]);
        let facts = log.facts(0, 300 * MS).unwrap();
        assert_eq!((facts.major_faults, facts.to_ns), (Some(30), 300 * MS));
    }

    #[test]
    fn commands_are_one_by_pid_and_line_the_longest_first() {
        let look = |at_ms, lines: &[(u32, &str)]| {
            at(at_ms, |reading| {
                let running = |(pid, line): &(u32, &str)| RunningCommand {
                    pid: *pid,
                    line: (*line).to_owned(),
                    cpu_ns: Some(at_ms),
                    age_ns: None,
                };
                reading.commands = lines.iter().map(running).collect();
            })
        };
        let log = log([
            look(0, &[(7, "go env")]),
            look(200, &[(8, "go list")]),
            look(400, &[(8, "go list")]),
            look(600, &[]),
        ]);
        let commands = log.facts(0, 600 * MS).unwrap().commands;
        let told: Vec<_> = commands.iter().map(|c| (c.line.as_str(), c.duration_ns / MS, c.cpu_ns)).collect();
        assert_eq!(told, [("go list", 400, Some(400)), ("go env", 100, Some(0))]);
        assert_eq!(log.running_go(0, 600 * MS), [Span { begin_ns: 0, end_ns: 500 * MS }]);
    }

    #[test]
    fn what_runs_now_has_an_age_and_what_it_uses() {
        let look = |at_ms: u64, commands: &[(u32, u64, Option<u64>)]| {
            at(at_ms, |reading| {
                let running = |(pid, cpu_ms, age_ms): &(u32, u64, Option<u64>)| RunningCommand {
                    pid: *pid,
                    line: format!("go {pid}"),
                    cpu_ns: Some(cpu_ms * MS),
                    age_ns: age_ms.map(|age_ms| age_ms * MS),
                };
                reading.commands = commands.iter().map(running).collect();
            })
        };
        let log = log([
            look(0, &[(9, 0, None)]),
            look(1_000, &[]),
            look(1_500, &[(7, 10, Some(9_500))]),
            look(2_000, &[(7, 20, Some(10_000)), (9, 5, None)]),
            look(2_500, &[(7, 30, Some(10_500)), (9, 405, None)]),
        ]);
        let told: Vec<_> = log
            .running_now(2_600 * MS)
            .into_iter()
            .map(|go| (go.line, go.age_ns / MS, go.cpu_share.map(|share| (share * 100.0).round()), go.waits))
            .collect();
        let busy = ("go 9".to_owned(), 600, Some(80.0), false);
        assert_eq!(
            told,
            [("go 7".to_owned(), 10_600, Some(2.0), true), busy],
            "by the kernel, or since seen"
        );
        assert_eq!(log.running_now(5_000 * MS), [], "nobody knows by now");
    }

    proptest! {
        #[test]
        fn nothing_is_longer_than_the_wait(
            looks in prop::collection::vec((0..5_000_u64, any::<[u32; 4]>(), any::<bool>()), 0..40),
            (begin, length) in (0..5_000_u64, 0..5_000_u64),
        ) {
            let mut looks = looks;
            looks.sort_by_key(|(at, ..)| *at);
            let (begin, end) = (begin * MS, (begin + length) * MS);
            let log = log(looks.into_iter().map(|(at_ms, [cpu, delay, faults, memory], stopped)| {
                at(at_ms, |reading| {
                    reading.on_cpu_ns = Some(cpu.into());
                    reading.run_delay_ns = Some(delay.into());
                    reading.major_faults = Some(faults.into());
                    reading.memory_pressure_ns = Some(memory.into());
                    reading.stopped = Some(stopped);
                })
            }));
            let total = |spans: &[Span]| spans.iter().map(Span::ns).sum::<Ns>();
            prop_assert!(total(&log.stopped(begin, end)) <= end - begin);
            prop_assert!(log.starved(begin, end).iter().all(|starved| starved.own_ns <= starved.span.ns()));
            prop_assert!(log.memory_pressed(begin, end).iter().all(|(span, _, waited)| *waited <= span.ns()));
            let _ = log.facts(begin, end);
        }
    }
}
