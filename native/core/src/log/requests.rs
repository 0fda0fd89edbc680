//! Which answer belongs to which request, and the table of both.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::entry::Sender;
use super::latency::Durations;

/// Requests listed one by one. When there are more, the fastest make room: nobody looks for those.
pub(super) const MAX_LISTED: usize = 200_000;
/// Kept for somebody who follows the log and has not asked yet.
const MAX_LATEST: usize = 1_000;
/// Unanswered ones that are followed; a log with more in flight is made up.
const MAX_PENDING: usize = 20_000;
/// LSP has fewer methods, and gopls serves 76.
const MAX_METHODS: usize = 256;
/// The longest method of LSP has 37 bytes.
const MAX_METHOD_BYTES: usize = 128;
const MAX_ID_BYTES: usize = 64;
/// Where methods go that are too many or too long.
const OTHER: &str = "(other)";

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum LogRequestState {
    /// It was answered.
    Ok,
    /// It was answered with an error.
    Error,
    /// It was given up, and the answer says so.
    Cancelled,
    /// No answer where the log ends.
    Pending,
    /// No answer, and none can come: gopls was started anew meanwhile, or the log was cut.
    Unanswered,
}

/// A request that has ended, or whose end cannot come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub method: u16,
    pub from: Sender,
    pub id: Box<str>,
    pub began_ms: u64,
    /// Where it ended; `None` without an answer.
    pub ended_ms: Option<u64>,
    pub state: LogRequestState,
}

impl Row {
    /// How long it was in flight, for an order; what never ended comes first.
    pub fn duration_ms(&self) -> u64 {
        self.ended_ms.map_or(u64::MAX, |ended_ms| ended_ms.saturating_sub(self.began_ms))
    }
}

/// What is counted of one method in one direction.
#[derive(Debug, Default)]
pub(super) struct MethodCounts {
    /// Of those that were answered, errors included.
    pub durations: Durations,
    pub errors: u64,
    pub cancelled: u64,
    pub unanswered: u64,
}

/// The requests of a log.
#[derive(Debug, Default)]
pub(super) struct Requests {
    methods: Vec<Box<str>>,
    by_method: HashMap<(u16, Sender), MethodCounts>,
    pending: HashMap<(Sender, Box<str>), Pending>,
    cancel_asked: HashSet<(Sender, Box<str>)>,
    ended: Vec<Row>,
    /// Those that ended lately, for somebody who follows the log.
    pub latest: Vec<Row>,
    /// Left out of `ended` to bound it.
    pub not_listed: u64,
    /// Left out because too many were in flight.
    pub not_followed: u64,
    /// Answers whose request is in no part of the log, and of which nothing but their end is known.
    pub stray_answers: u64,
}

#[derive(Debug)]
struct Pending {
    method: u16,
    began_ms: u64,
}

/// An answer as the log has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    /// Who answers.
    pub from: Sender,
    /// Empty where the log does not say.
    pub method: &'a str,
    pub id: &'a str,
    pub at_ms: u64,
    pub took_ms: Option<u64>,
    pub error: Option<&'a str>,
}

impl Requests {
    pub fn begin(&mut self, from: Sender, method: &str, id: &str, at_ms: u64) {
        let key = (from, short_id(id));
        if self.pending.len() >= MAX_PENDING && !self.pending.contains_key(&key) {
            self.not_followed += 1;
            return;
        }
        let method = self.method(method);
        self.cancel_asked.remove(&key);
        // The same number once more: whoever asked before has been started anew.
        if let Some(earlier) = self.pending.insert(key.clone(), Pending { method, began_ms: at_ms }) {
            self.give_up(key, &earlier);
        }
    }

    pub fn end(&mut self, answer: Answer<'_>) {
        let asker = answer.from.other();
        let key = (asker, short_id(answer.id));
        let was_cancelled = self.cancel_asked.remove(&key);
        let (method, began_ms) = match self.pending.remove(&key) {
            Some(pending) => (pending.method, pending.began_ms),
            // It began before the log did, which tells its length all the same.
            None => match answer.took_ms {
                Some(took_ms) if !answer.method.is_empty() => {
                    (self.method(answer.method), answer.at_ms.saturating_sub(took_ms))
                }
                _ => {
                    self.stray_answers += 1;
                    return;
                }
            },
        };
        // A measured length is better than the distance of two stamps, which may be whole seconds.
        let took_ms = answer.took_ms.unwrap_or_else(|| answer.at_ms.saturating_sub(began_ms));
        let state = match answer.error {
            None => LogRequestState::Ok,
            Some(error) if was_cancelled || says_cancelled(error) => LogRequestState::Cancelled,
            Some(_) => LogRequestState::Error,
        };
        let counts = self.by_method.entry((method, asker)).or_default();
        match state {
            LogRequestState::Cancelled => counts.cancelled += 1,
            LogRequestState::Error => {
                counts.errors += 1;
                counts.durations.add(took_ms);
            }
            _ => counts.durations.add(took_ms),
        }
        let ended_ms = Some(began_ms + took_ms);
        self.list(Row { method, from: asker, id: key.1, began_ms, ended_ms, state });
    }

    /// `$/cancelRequest`: the sender no longer waits for its request.
    pub fn cancel(&mut self, from: Sender, id: &str) {
        let key = (from, short_id(id));
        if self.pending.contains_key(&key) {
            self.cancel_asked.insert(key);
        }
    }

    /// What is pending now can have no answer any more.
    pub fn restarted(&mut self) {
        self.cancel_asked.clear();
        // In an order of its own, so that the same log always gives the same table.
        let mut pending: Vec<_> = self.pending.drain().collect();
        pending.sort_by(|a, b| (a.1.began_ms, &a.0).cmp(&(b.1.began_ms, &b.0)));
        for (key, pending) in pending {
            self.give_up(key, &pending);
        }
    }

    fn give_up(&mut self, (from, id): (Sender, Box<str>), pending: &Pending) {
        let Pending { method, began_ms } = *pending;
        self.by_method.entry((method, from)).or_default().unanswered += 1;
        let state = LogRequestState::Unanswered;
        self.list(Row { method, from, id, began_ms, ended_ms: None, state });
    }

    fn list(&mut self, row: Row) {
        if self.latest.len() < MAX_LATEST {
            self.latest.push(row.clone());
        }
        if self.ended.len() == MAX_LISTED {
            let half = MAX_LISTED / 2;
            self.ended.select_nth_unstable_by_key(half, |row| std::cmp::Reverse(row.duration_ms()));
            self.ended.truncate(half);
            self.not_listed += (MAX_LISTED - half) as u64;
        }
        self.ended.push(row);
    }

    fn method(&mut self, name: &str) -> u16 {
        let name = if name.len() > MAX_METHOD_BYTES { OTHER } else { name };
        let known = |methods: &[Box<str>], name| methods.iter().position(|method| &**method == name);
        let at = known(&self.methods, name).unwrap_or_else(|| {
            let is_full = self.methods.len() + 1 >= MAX_METHODS;
            let name = if is_full { OTHER } else { name };
            known(&self.methods, name).unwrap_or_else(|| {
                self.methods.push(name.into());
                self.methods.len() - 1
            })
        });
        at as u16
    }

    pub fn name(&self, method: u16) -> &str {
        self.methods.get(usize::from(method)).map_or(OTHER, |name| name)
    }

    pub fn ended(&self) -> &[Row] {
        &self.ended
    }

    /// Those without an answer, as rows.
    pub fn pending(&self) -> impl Iterator<Item = Row> {
        self.pending.iter().map(|((from, id), pending)| Row {
            method: pending.method,
            from: *from,
            id: id.clone(),
            began_ms: pending.began_ms,
            ended_ms: None,
            state: LogRequestState::Pending,
        })
    }

    /// What each method comes to; `pending` is counted by whoever asks.
    pub fn by_method(&self) -> impl Iterator<Item = ((u16, Sender), &MethodCounts)> {
        self.by_method.iter().map(|(key, counts)| (*key, counts))
    }
}

/// gopls says "JSON RPC cancelled", clients add the code. A document that has changed meanwhile counts as well: whoever
/// asked no longer wants the answer.
fn says_cancelled(error: &str) -> bool {
    const SAYINGS: [&str; 5] =
        ["JSON RPC cancelled", "(-32800)", "(-32801)", "context canceled", "request cancelled"];
    SAYINGS.iter().any(|saying| error.contains(saying))
}

fn short_id(id: &str) -> Box<str> {
    let end = (0..=id.len().min(MAX_ID_BYTES)).rev().find(|end| id.is_char_boundary(*end));
    id[..end.unwrap_or(0)].into()
}
