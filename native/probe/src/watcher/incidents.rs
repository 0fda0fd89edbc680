//! The loop's incidents: opened, written as they go, closed; and who waits for one of their captures.

use std::sync::Arc;
use std::time::Instant;

use stallscope_core::engine::{Action, Event, StallKey};
use stallscope_core::model::{
    CaptureKind, CaptureRequest, CaptureState, DebugServer, Incident, IncidentSummary, Value, WatchEvent,
};
use tokio::sync::oneshot;

use super::WatchError;
use super::run::Loop;
use super::tell::note;
use super::workspace::Closed;
use super::writer::{Job, Report};

/// Who waits for a capture that was asked for by hand.
pub(super) struct Asked {
    key: StallKey,
    number: u32,
    /// It has an incident of its own, and that is to be complete. Otherwise it is part of a stall that goes on.
    own_incident: bool,
    /// Nobody wants it any more.
    cancelled: bool,
    reply: oneshot::Sender<Result<IncidentSummary, WatchError>>,
}

impl Loop {
    pub fn capture_now(
        &mut self,
        request: CaptureRequest,
        reply: oneshot::Sender<Result<IncidentSummary, WatchError>>,
    ) {
        let refusal = match &self.debug {
            _ if self.gopls.is_none() => Some(WatchError::NoGopls),
            DebugServer::On { .. } => None,
            DebugServer::Failing { error, .. } => Some(WatchError::DebugServerFailing(error.clone())),
            DebugServer::Off | DebugServer::Unknown => Some(WatchError::NoDebugServer),
        };
        if let Some(refusal) = refusal {
            let _ = reply.send(Err(refusal));
            return;
        }
        let actions = self.decide(self.clock.now_ns(), Event::CaptureRequested(request));
        let wanted = request.what().kind();
        let capture = actions.iter().find_map(|action| match action {
            Action::Capture { key, number, kind, .. } if *kind == wanted => Some((*key, *number)),
            _ => None,
        });
        if let Some((key, number)) = capture {
            let own_incident = actions.contains(&Action::Open { key });
            self.asked.push(Asked { key, number, own_incident, cancelled: false, reply });
        } else {
            let _ = reply.send(Err(WatchError::NoGopls));
        }
        self.act(actions);
    }

    /// Ends the captures that somebody waits for. They are answered when they have ended.
    pub fn cancel_asked(&mut self) {
        self.asked.iter_mut().for_each(|asked| asked.cancelled = true);
        let all: Vec<_> = self.asked.iter().map(|asked| (asked.key, asked.number)).collect();
        for (key, number) in all {
            self.cancel_capture(key, number);
        }
    }

    /// Tells those who wait for a capture of this incident, which was just written.
    fn answer(&mut self, key: StallKey, closed: bool, incident: &Incident, summary: &IncidentSummary) {
        for asked in std::mem::take(&mut self.asked) {
            let capture = incident.captures.iter().find(|capture| capture.number == asked.number);
            let ended = capture.is_some_and(|capture| capture.state != CaptureState::Running);
            if asked.key != key || !(closed || ended && !asked.own_incident) {
                self.asked.push(asked);
                continue;
            }
            if let Some(capture) = capture.filter(|c| asked.cancelled && c.state != CaptureState::Complete) {
                let (size_bytes, id) = (capture.size_bytes, incident.id.clone());
                let _ = asked.reply.send(Err(WatchError::Cancelled { size_bytes, id }));
                continue;
            }
            let answer = match capture {
                Some(capture) if capture.state == CaptureState::Complete => Ok(summary.clone()),
                Some(capture) => Err(capture.error.clone()),
                None => Err(None),
            };
            let unknown = || format!("see incident {}", incident.id);
            let answer = answer.map_err(|why| WatchError::CaptureFailed(why.unwrap_or_else(unknown)));
            // Whoever asked may have gone.
            let _ = asked.reply.send(answer);
        }
    }

    /// Tells those who wait for a capture of this incident (or of any) that it will not come.
    pub fn answer_failure(&mut self, key: Option<StallKey>, why: &str) {
        for asked in std::mem::take(&mut self.asked) {
            if key.is_none_or(|key| asked.key == key) {
                let _ = asked.reply.send(Err(WatchError::CaptureFailed(why.to_owned())));
            } else {
                self.asked.push(asked);
            }
        }
    }

    pub fn open(&mut self, key: StallKey) {
        let Some(incident) = self.engine.incident(key, self.clock.now_ns()) else { return };
        let folder = match self.store.new_folder(&incident.id) {
            Ok(folder) => Arc::new(folder),
            Err(error) => return self.problem(&error),
        };
        self.folders.insert(key, Arc::clone(&folder));
        self.writer.send(Job::Progress { key, folder: Arc::clone(&folder), incident: Box::new(incident) });
        let Some(baseline) = self.baseline.clone() else { return };
        self.feed(Event::CaptureAdded { key, capture: Box::new(baseline.as_capture()) });
        let incident = self.engine.incident(key, self.clock.now_ns());
        let added = incident.and_then(|i| i.captures.into_iter().find(|c| c.kind == CaptureKind::Baseline));
        if let Some(capture) = added {
            self.settle(key, move || baseline.attach(&folder, capture));
        }
    }

    pub fn close(&mut self, key: StallKey, prompt: bool) {
        let incident = self.engine.incident(key, self.clock.now_ns());
        self.engine.forget(key);
        let (Some(incident), Some(folder)) = (incident, self.folders.get(&key)) else {
            self.answer_failure(Some(key), "the incident's folder could not be made");
            return;
        };
        let budget = self.engine.settings().disk_budget_bytes();
        let (folder, incident) = (Arc::clone(folder), Box::new(incident));
        self.await_spans(&folder, &incident);
        self.writer.send(Job::Final { key, folder, incident, prompt, budget });
    }

    /// What was recorded as a stall was none.
    pub fn withdraw(&mut self, key: StallKey) {
        self.engine.forget(key);
        if let Some(folder) = self.folders.remove(&key) {
            self.writer.send(Job::Withdraw { folder });
        }
    }

    pub fn write_progress(&mut self, key: StallKey) {
        let incident = self.engine.incident(key, self.clock.now_ns());
        if let (Some(incident), Some(folder)) = (incident, self.folders.get(&key)) {
            let (folder, incident) = (Arc::clone(folder), Box::new(incident));
            self.writer.send(Job::Progress { key, folder, incident });
        }
    }

    pub fn report(&mut self, report: Report) {
        match report {
            Report::Written { key, incident, summary } => self.answer(key, false, &incident, &summary),
            Report::Closed { key, incident, summary, prompt } => {
                self.folders.remove(&key);
                self.last_incident = Some(*summary.clone());
                self.answer(key, true, &incident, &summary);
                let (id, gopls) = (summary.id.clone(), incident.gopls.clone());
                self.closed = Some(Closed { id, gopls, at: Instant::now() });
                self.tell(WatchEvent::IncidentClosed { summary: *summary, prompt });
            }
            Report::Updated { summary } => self.tell(WatchEvent::IncidentUpdated { summary: *summary }),
            Report::Pruned { count } => {
                let note = note("incidents-pruned", [("count", Value::from(count as u64))]);
                self.tell(WatchEvent::Problem { note });
            }
            Report::NoHistory(error) => {
                let note = note("history-failed", [("error", error.to_string().into())]);
                self.tell(WatchEvent::Problem { note });
            }
            Report::Limits(limits) => self.engine.join_limits(&limits, self.clock.now_ns()),
            Report::Failed { closing, error } => {
                if let Some(key) = closing {
                    // Nothing more will be written: its lock goes, and the next start says what it is.
                    self.folders.remove(&key);
                    self.answer_failure(Some(key), &error.to_string());
                }
                self.problem(&error);
            }
        }
    }
}
