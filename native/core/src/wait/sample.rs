//! One goroutine profile (`/debug/pprof/goroutine`, as protobuf): what each message that gopls serves waits for at that
//! moment.
//!
//! A message has a goroutine of its own, which either works, or stands still while others work for it. Go's profile shows
//! all of them with their stacks, without ids, so who works for whom is told by what a goroutine stands in: one in
//! `typeCheckBatch.query` waits for type checking, and for what that needs, wherever it is done.

use std::collections::BTreeMap;

use stallscope_pprof::Profile;

use super::rules::{Wait, WaitRules};
use super::{Phase, Shares};
use crate::heap::names::display_name;
use crate::lsp;
use crate::model::Ns;

/// Functions that no rule knows, kept of a sample.
const MOST_UNKNOWN: usize = 8;

/// What a goroutine profile tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WaitSample {
    /// When gopls took it.
    pub at_ns: Ns,
    /// All goroutines.
    pub goroutines: u64,
    /// Messages whose handler has begun.
    pub serving: Vec<Serving>,
    /// Messages that wait for an earlier one to let them begin; which they are is not told.
    pub queued: u64,
    /// What those wait for, by what the messages before them wait for.
    pub queue: Queue,
    /// What goroutines worked at, for whomever; empty when none did.
    pub work: Shares,
    /// Functions in which a message stands still and of which no rule knows what that means.
    pub unknown_functions: Vec<String>,
}

/// A message being served.
#[derive(Debug, Clone, PartialEq)]
pub struct Serving {
    /// Method, or the name of a handler that no table of ours knows.
    pub method: String,
    /// What is done for it.
    pub phases: Shares,
}

/// What holds up the messages that have not begun.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Queue {
    /// The message in front.
    pub behind: Option<String>,
    /// What it comes to for those behind it.
    pub phases: Shares,
    /// What is done for the message in front; empty when none is seen.
    pub front: Shares,
}

impl WaitSample {
    /// Reads a profile that was taken at `at_ns`.
    pub fn read(profile: &Profile, at_ns: Ns, rules: &WaitRules) -> Self {
        let functions = Functions::new(profile, rules);
        let mut sample = Self { at_ns, ..Self::default() };
        let mut messages = Vec::new();
        let mut work = Work::default();
        for number in 0..profile.samples.len() {
            let count = profile.samples.values.get(number * profile.sample_types.len()).copied().unwrap_or(0);
            let count = u64::try_from(count).unwrap_or(0);
            sample.goroutines = sample.goroutines.saturating_add(count);
            let stack = functions.stack(profile, number);
            let is_message = matches!(stack.kind, Kind::Serves(_));
            match stack.kind {
                Kind::Ours => continue,
                Kind::Queued => {
                    sample.queued = sample.queued.saturating_add(count);
                    continue;
                }
                Kind::Serves(_) | Kind::Works => {}
            }
            // One that waits for a `go` command stands still, and so does one that waits for the collector: it is their not
            // going on that somebody waits for.
            let counts = (!stack.unawaited || is_message)
                && (!stack.parked || !is_message && matches!(stack.work, Some(Phase::GoCommand | Phase::Gc)));
            if let (true, Some(phase)) = (counts, stack.work) {
                add(&mut work.goroutines, phase, count);
            }
            if let (true, false, Some(phase)) =
                (stack.sees_to_package, is_message || stack.unawaited, stack.work)
            {
                add(&mut work.packages, phase, count);
            }
            if is_message {
                messages.push(stack);
            }
        }
        for stack in &messages {
            let Kind::Serves(handler) = &stack.kind else { continue };
            let phases = stack.phases(&work);
            if let (true, None) = (stack.parked, stack.wait)
                && sample.unknown_functions.len() < MOST_UNKNOWN
                && let Some(function) = &stack.stands_in
            {
                sample.unknown_functions.push(function.clone());
            }
            let method = lsp::served_by(handler).unwrap_or(handler);
            sample.serving.push(Serving { method: method.to_owned(), phases });
        }
        sample.work = Shares::of(work.goroutines.iter().map(|(phase, count)| (*phase, *count as f64)))
            .unwrap_or_default();
        if sample.queued > 0 {
            sample.queue = queue(&sample.serving, &messages);
        }
        sample
    }

    /// What a message of one of these methods waits for; `None` when none of them is there and nothing is queued.
    pub fn of(&self, is_one: impl Fn(&str) -> bool) -> Option<&Shares> {
        let served =
            self.serving.iter().find(|serving| is_one(&serving.method)).map(|serving| &serving.phases);
        served.or_else(|| (self.queued > 0).then_some(&self.queue.phases))
    }
}

/// What gopls works on, at the moment of a profile.
#[derive(Default)]
struct Work {
    /// Goroutines that do, by what they do.
    goroutines: BTreeMap<Phase, u64>,
    /// Packages that are seen to, by what each is at.
    packages: BTreeMap<Phase, u64>,
}

fn add(sums: &mut BTreeMap<Phase, u64>, phase: Phase, count: u64) {
    let sum = sums.entry(phase).or_default();
    *sum = sum.saturating_add(count);
}

/// Behind a message that waits for the load, one waits for the load; behind any other, one is queued.
fn queue(serving: &[Serving], messages: &[Stack<'_>]) -> Queue {
    let at_load =
        messages.iter().position(|stack| stack.wait.is_some_and(|wait| wait.phase == Phase::AwaitingLoad));
    // Of several that are served, those that let others pass are not the one in front.
    let holds = || (0..serving.len()).min_by_key(|at| lsp::lets_pass(&serving[*at].method));
    let Some(front) = at_load.or_else(holds).map(|at| &serving[at]) else {
        return Queue { phases: Shares::whole(Phase::Queued), ..Queue::default() };
    };
    let phases = if at_load.is_some() { front.phases.clone() } else { Shares::whole(Phase::Queued) };
    Queue { behind: Some(front.method.clone()), phases, front: front.phases.clone() }
}

/// What kind of goroutine it is.
enum Kind {
    /// It answers our own question.
    Ours,
    /// A message that has not begun.
    Queued,
    /// A message's handler, by its name.
    Serves(String),
    /// Any other.
    Works,
}

struct Stack<'a> {
    kind: Kind,
    /// It stands still.
    parked: bool,
    /// Unless it serves a message, nobody waits for it.
    unawaited: bool,
    /// It sees to a package, or stands still for one.
    sees_to_package: bool,
    /// What it works on, by its innermost function that a rule names.
    work: Option<Phase>,
    /// What it waits for, the same way.
    wait: Option<&'a Wait>,
    /// Its innermost function of gopls.
    stands_in: Option<String>,
}

impl Stack<'_> {
    fn phases(&self, work: &Work) -> Shares {
        if !self.parked {
            return Shares::whole(self.work.unwrap_or(Phase::Other));
        }
        let Some(wait) = self.wait else { return Shares::whole(Phase::Unknown) };
        let shares = |work: &BTreeMap<Phase, u64>| {
            let done = work.iter().filter(|(phase, _)| wait.on.contains(phase));
            Shares::of(done.map(|(phase, count)| (*phase, *count as f64)))
        };
        let by_package = if wait.by_package { shares(&work.packages) } else { None };
        by_package.or_else(|| shares(&work.goroutines)).unwrap_or(Shares::whole(wait.phase))
    }
}

/// What the rules say of every function of a profile, looked up once.
struct Functions<'a> {
    names: Vec<String>,
    work: Vec<Option<Phase>>,
    wait: Vec<Option<&'a Wait>>,
    unawaited: Vec<bool>,
    sees_to_package: Vec<bool>,
    rules: &'a WaitRules,
}

impl<'a> Functions<'a> {
    fn new(profile: &Profile, rules: &'a WaitRules) -> Self {
        let name = |function: &stallscope_pprof::Function| {
            display_name(profile.text(function.name), profile.text(function.system_name))
        };
        let names: Vec<String> = profile.functions.iter().map(name).collect();
        let work = names.iter().map(|name| rules.work(name)).collect();
        let wait = names.iter().map(|name| rules.wait(name)).collect();
        let unawaited = names.iter().map(|name| rules.is_unawaited(name)).collect();
        let sees_to_package = names.iter().map(|name| rules.sees_to_package(name)).collect();
        Self { names, work, wait, unawaited, sees_to_package, rules }
    }

    fn stack(&self, profile: &Profile, number: usize) -> Stack<'a> {
        let mut stack = Stack {
            kind: Kind::Works,
            parked: false,
            unawaited: false,
            sees_to_package: false,
            work: None,
            wait: None,
            stands_in: None,
        };
        let mut callee = "";
        let mut calls = "";
        let mut depth = 0;
        let frames = profile.samples.stack(number).iter().flat_map(|location| {
            profile.lines_of(&profile.locations[*location as usize]).iter().map(|line| line.function as usize)
        });
        for function in frames {
            let name = self.names[function].as_str();
            if name == "runtime.gopark" {
                stack.parked = true;
            }
            stack.unawaited |= self.unawaited[function];
            stack.sees_to_package |= self.sees_to_package[function];
            stack.work = stack.work.or_else(|| self.rules.parts(name, calls)).or(self.work[function]);
            calls = name;
            stack.wait = stack.wait.or(self.wait[function]);
            let short = name.rsplit('/').next().unwrap_or(name);
            let of_gopls = name.starts_with("golang.org/x/tools/gopls/");
            if of_gopls && stack.stands_in.is_none() {
                stack.stands_in = Some(name.to_owned());
            }
            let is_runtime = name.starts_with("runtime.");
            match short {
                "http.(*conn).serve" => stack.kind = Kind::Ours,
                // From v0.22 on the second is inside the first.
                "protocol.serverDispatch" | "protocol.ServerDispatchCall"
                    if !matches!(stack.kind, Kind::Serves(_)) =>
                {
                    if let Some(handler) = callee.strip_prefix("server.(*server).") {
                        stack.kind = Kind::Serves(handler.to_owned());
                    }
                }
                // It has not called anything yet, except for the channel it waits at.
                _ if depth == 0 && !is_runtime && short.contains(".AsyncHandler.func") => {
                    stack.kind = Kind::Queued;
                }
                _ => {}
            }
            depth += usize::from(!is_runtime);
            callee = short;
        }
        stack
    }
}
