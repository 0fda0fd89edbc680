//! Taking incidents into the spool, and sending what is in it.

mod patience;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use prost::Message;
use stallscope_core::model::{Incident, IncidentState, ON_REQUEST};
use stallscope_probe::store::Store;

use crate::ExportError;
use crate::config::{Destination, Signal};
use crate::otlp;
use crate::outgoing::{Telling, requests, tellable};
use crate::sampling::{Sampling, Verdict};
use crate::send::{Outcome, Sender};
use crate::spool::{Entry, EntryError, Request, Spool, State};

use patience::Patience;

/// What is told of incidents.
#[derive(Debug, Clone, PartialEq)]
pub struct Takes {
    /// Which of them.
    pub sampling: Sampling,
    /// Whether names of documents, folders, packages and the executable go along.
    pub names: bool,
    /// Words that must not be read.
    pub also_hide: Vec<String>,
}

/// What became of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is counted, and in the spool unless sampling left it out.
    Now {
        /// What sampling said.
        verdict: Verdict,
        /// What could not be put in.
        left_out: Vec<String>,
    },
    /// That was so before.
    Before,
    /// It goes on, or its evidence is still arriving.
    Open,
    /// Nobody waited: it was captured by hand.
    NoStall,
}

/// What one pass over the spool came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassReport {
    /// Requests that arrived, by signal.
    pub sent: BTreeMap<&'static str, u64>,
    /// Requests that still wait.
    pub waiting: u64,
    /// Whether there are figures which nobody has yet.
    pub metrics_wait: bool,
    /// Requests that will not be sent, by signal.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Why requests wait, were dropped or arrived in part; for a person, and without secrets.
    pub problems: Vec<String>,
    /// When another try is in order, if something waits.
    pub wait: Option<Duration>,
    /// Whether something is not taken there at all: a token, an address or a protocol is wrong.
    pub held: bool,
    /// Whether another process was sending, so that nothing was done here.
    pub elsewhere: bool,
}

impl PassReport {
    /// Whether everything has arrived, or was dropped.
    pub fn is_done(&self) -> bool {
        self.waiting == 0 && !self.metrics_wait && !self.elsewhere
    }

    fn dropped(&mut self, entry: &Entry) {
        *self.dropped.entry(entry.kind.signal()).or_default() += 1;
    }

    fn problem(&mut self, signal: &str, why: &str) {
        let problem = format!("{signal}: {why}");
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// Takes and sends, for one spool and one destination.
pub struct Exporter {
    spool: Spool,
    destination: Destination,
    takes: Takes,
    sender: Sender,
    patience: Patience,
}

impl Exporter {
    /// Gets ready; nothing is written or connected yet.
    ///
    /// # Errors
    /// A certificate cannot be read.
    pub fn new(spool: Spool, destination: Destination, takes: Takes) -> Result<Self, ExportError> {
        let sender = Sender::new(&destination)?;
        Ok(Self { spool, destination, takes, sender, patience: Patience::default() })
    }

    /// Where to.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// The spool.
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// What would be done with an incident, and what would be sent of it, as JSON of OTLP. Nothing is written.
    ///
    /// # Errors
    /// The spool's state cannot be read.
    pub fn preview(&self, incident: &Incident, store: &Store) -> Result<(Taken, Vec<String>), ExportError> {
        if let Some(taken) = untaken(incident) {
            return Ok((taken, Vec::new()));
        }
        let state = self.spool.state()?;
        if state.is_taken(&incident.id) {
            return Ok((Taken::Before, Vec::new()));
        }
        let (verdict, _, (requests, left_out)) = self.encoded(incident, store, &state);
        let shown = requests.iter().map(|request| otlp::shown(request.kind, &request.body));
        Ok((Taken::Now { verdict, left_out }, shown.collect()))
    }

    /// Takes an incident into the spool and counts it, once.
    ///
    /// # Errors
    /// Disk full, read-only, …: it is not taken then.
    pub fn take(&self, incident: &Incident, store: &Store) -> Result<Taken, ExportError> {
        if let Some(taken) = untaken(incident) {
            return Ok(taken);
        }
        let state = self.spool.change(|state| {
            begin(state);
            state.clone()
        })?;
        if state.is_taken(&incident.id) {
            return Ok(Taken::Before);
        }
        let (verdict, told, (requests, left_out)) = self.encoded(incident, store, &state);
        let ended_unix_ns = otlp::ended_unix_ns(incident);
        let is_new = self.spool.take(&incident.id, &requests, |state| {
            state.tally.count(&told, verdict, ended_unix_ns);
            if !left_out.is_empty() {
                state.tally.drop("profiles", "unreadable", left_out.len() as u64);
            }
        })?;
        Ok(if is_new { Taken::Now { verdict, left_out } } else { Taken::Before })
    }

    /// Sends what waits and may be tried now. `beat`: figures also when nothing has changed, so that they do not grow stale.
    ///
    /// # Errors
    /// The spool cannot be read or written.
    pub fn pass(&mut self, beat: bool) -> Result<PassReport, ExportError> {
        let mut report = PassReport::default();
        let Some(_sending) = self.spool.start_sending()? else {
            report.elsewhere = true;
            return Ok(report);
        };
        let now = Instant::now();
        let found = self.spool.waiting(SystemTime::now())?;
        for (entry, reason) in &found.dropped {
            report.dropped(entry);
            report.problem(entry.kind.signal(), &format!("fell out of the spool: {reason}"));
        }
        let mut dropped = Vec::new();
        for entry in found.entries {
            let signal = entry.kind.signal();
            if !self.patience.may_try(signal, now) {
                report.waiting += 1;
                continue;
            }
            let body = match self.spool.body(&entry) {
                Ok(body) => body,
                Err(EntryError::Gone) => continue,
                Err(error) => {
                    report.problem(signal, &format!("a file in the spool: {error}"));
                    dropped.push((entry, "damaged"));
                    continue;
                }
            };
            match self.sender.send(entry.kind, &body) {
                // Its signal is switched off: it may be switched on again before it is too old.
                None => {}
                Some(outcome) => self.settle(entry, outcome, &mut dropped, &mut report)?,
            }
        }
        dropped.iter().for_each(|(entry, _)| report.dropped(entry));
        self.spool.drop_all(&dropped)?;
        self.send_metrics(beat, now, &mut report)?;
        report.wait = (!report.is_done()).then(|| self.patience.next(Instant::now())).flatten();
        Ok(report)
    }

    fn settle(
        &mut self,
        entry: Entry,
        outcome: Outcome,
        dropped: &mut Vec<(Entry, &'static str)>,
        report: &mut PassReport,
    ) -> Result<(), ExportError> {
        let signal = entry.kind.signal();
        match self.judged(signal, outcome, report) {
            Judged::Arrived { rejected } => {
                self.spool.done(&entry)?;
                if rejected > 0 {
                    self.spool.change(|state| state.tally.drop(signal, "rejected", rejected))?;
                }
            }
            Judged::Waits => report.waiting += 1,
            Judged::Refused => dropped.push((entry, "refused")),
        }
        Ok(())
    }

    fn judged(&mut self, signal: &'static str, outcome: Outcome, report: &mut PassReport) -> Judged {
        match outcome {
            Outcome::Accepted { rejected, message } => {
                self.patience.worked(signal);
                *report.sent.entry(signal).or_default() += 1;
                if rejected > 0 || message.is_some() {
                    let said = message.unwrap_or_default();
                    report.problem(signal, &format!("{rejected} left out over there: {said}"));
                }
                Judged::Arrived { rejected }
            }
            Outcome::Retry { after, why } => {
                self.patience.failed(signal, after, Instant::now());
                report.problem(signal, &why);
                Judged::Waits
            }
            Outcome::Held { why } => {
                self.patience.hold(signal, Instant::now());
                report.held = true;
                report.problem(signal, &why);
                Judged::Waits
            }
            Outcome::Refused { why } => {
                self.patience.worked(signal);
                report.problem(signal, &why);
                Judged::Refused
            }
        }
    }

    /// The figures as they are now. They are sums since the beginning: what does not arrive is in the next ones.
    fn send_metrics(&mut self, beat: bool, now: Instant, report: &mut PassReport) -> Result<(), ExportError> {
        let signal = Signal::Metrics.key();
        let due = self.spool.state()?;
        let is_on = self.destination.target(Signal::Metrics).is_some();
        if !is_on || due.instance.is_empty() || !(due.metrics_due || beat) {
            return Ok(());
        }
        if !self.patience.may_try(signal, now) {
            report.metrics_wait = due.metrics_due;
            return Ok(());
        }
        let state = self.spool.change(|state| {
            state.metrics_sent_unix_ns = unix_ns().max(state.metrics_sent_unix_ns.saturating_add(1));
            state.clone()
        })?;
        let resource = otlp::resource(&state.instance, &self.destination.resource);
        let at_unix_ns = state.metrics_sent_unix_ns;
        let request = otlp::metrics(&state.tally, state.since_unix_ns, at_unix_ns, &resource);
        let Some(outcome) = self.sender.send_metrics(&request.encode_to_vec()) else { return Ok(()) };
        match self.judged(signal, outcome, report) {
            Judged::Arrived { .. } => self.spool.change(|now| {
                // What another window has counted meanwhile is still to be told.
                now.metrics_due &= now.tally != state.tally;
            })?,
            Judged::Refused => {
                *report.dropped.entry(signal).or_default() += 1;
                self.spool.change(|state| {
                    state.metrics_due = false;
                    state.tally.drop(signal, "refused", 1);
                })?;
            }
            Judged::Waits => report.metrics_wait = state.metrics_due,
        }
        Ok(())
    }

    /// What sampling says of an incident, the incident as it may be told, and its requests.
    fn encoded(
        &self,
        original: &Incident,
        store: &Store,
        state: &State,
    ) -> (Verdict, Incident, (Vec<Request>, Vec<String>)) {
        let verdict = self.takes.sampling.judge(original);
        let telling = Telling { names: self.takes.names, also_hide: self.takes.also_hide.clone() };
        let incident = tellable(original, &telling);
        let resource = otlp::resource(&state.instance, &self.destination.resource);
        let told = otlp::Told { incident: &incident, verdict, names: telling.names };
        let requests = requests(store, &told, original, &telling, &self.destination, &resource);
        (verdict, incident, requests)
    }
}

enum Judged {
    Arrived { rejected: u64 },
    Waits,
    Refused,
}

/// Why an incident is not taken, whatever the spool says.
fn untaken(incident: &Incident) -> Option<Taken> {
    match incident.state {
        IncidentState::Open => Some(Taken::Open),
        _ if incident.request.method == ON_REQUEST => Some(Taken::NoStall),
        _ => None,
    }
}

/// Gives a new spool its name and its beginning.
fn begin(state: &mut State) {
    if state.instance.is_empty() {
        // Random, and of nothing that tells who this is.
        let random = || RandomState::new().hash_one(unix_ns());
        state.instance = format!("{:016x}{:016x}", random(), random());
        state.since_unix_ns = unix_ns();
    }
}

fn unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
