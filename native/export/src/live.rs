//! The export of one window: takes incidents as they end, and sends them, on a thread of its own.
//!
//! The thread lives only while the export is switched on. It looks when it is told that an incident has ended, and now and
//! then by itself: another window may have been closed before it could.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stallscope_core::model::{ExportSettings, ExportStatus};
use stallscope_core::report::moment;
use stallscope_probe::store::Store;

use crate::config::{Destination, Said, Variables};
use crate::spool::{Bounds, Spool};
use crate::{ExportError, Exporter, PassReport, Sampling, Taken, Takes};

/// A look without being told to.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// An incident that is still being written: gopls's spans come some seconds after it has ended.
const SETTLES_WITHIN: Duration = Duration::from_secs(2);

/// Where these settings lead to, with the environment of this process.
///
/// # Errors
/// A variable or setting that cannot be used.
pub fn destinations(settings: &ExportSettings) -> Result<Vec<String>, ExportError> {
    Ok(destination(settings)?.shown())
}

fn destination(settings: &ExportSettings) -> Result<Destination, ExportError> {
    let said = Said {
        endpoint: Some(settings.endpoint.clone()),
        protocol: Some(settings.protocol.clone()),
        pyroscope: Some(settings.pyroscope.clone()),
    };
    let of_environment = |name: &str| std::env::var(name).ok();
    Ok(Variables::new(&of_environment).destination(&said)?)
}

/// See the module's text.
#[derive(Clone)]
pub struct Live(Arc<Shared>);

struct Shared {
    storage: PathBuf,
    wish: Mutex<Wish>,
    told: Condvar,
    status: Mutex<ExportStatus>,
}

/// What is wanted of the thread.
#[derive(Default)]
struct Wish {
    /// Settings that it has not seen.
    settings: Option<ExportSettings>,
    /// Whether an incident has ended.
    rung: bool,
    ends: bool,
    /// Whether the thread lives.
    lives: bool,
}

/// What the thread is to do.
enum Next {
    Configure(ExportSettings),
    Look,
    End,
}

impl Live {
    /// For a window whose incidents are in `storage`. Nothing is done before it is configured.
    pub fn new(storage: PathBuf) -> Self {
        let (wish, status) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Shared { storage, wish, told: Condvar::new(), status }))
    }

    /// New settings; returns at once.
    pub fn configure(&self, settings: ExportSettings) {
        let mut wish = locked(&self.0.wish);
        wish.settings = Some(settings);
        (wish.rung, wish.ends) = (true, false);
        if !wish.lives {
            let shared = Arc::clone(&self.0);
            let started =
                thread::Builder::new().name("stallscope-export".to_owned()).spawn(move || shared.live());
            wish.lives = started.is_ok();
            if let Err(error) = started {
                locked(&self.0.status).problem = Some(format!("no thread for the export: {error}"));
            }
        }
        self.0.told.notify_all();
    }

    /// An incident has ended; returns at once.
    pub fn ring(&self) {
        locked(&self.0.wish).rung = true;
        self.0.told.notify_all();
    }

    /// Ends the thread after what it is at; returns at once. What was not sent by then waits on disk.
    pub fn stop(&self) {
        locked(&self.0.wish).ends = true;
        self.0.told.notify_all();
    }

    /// How it stands.
    pub fn status(&self) -> ExportStatus {
        locked(&self.0.status).clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn live(&self) {
        let mut round = None;
        let mut next = Duration::ZERO;
        loop {
            let settings = match self.wait(next, round.is_some()) {
                Next::Configure(settings) => Some(settings),
                Next::Look => None,
                Next::End => return,
            };
            // A mistake of ours must not take the extension host along.
            let done = catch_unwind(AssertUnwindSafe(|| {
                if let Some(settings) = settings {
                    round = self.begin(&settings);
                }
                round.as_mut().map_or(LOOK_EVERY, |round| round.go(self))
            }));
            next = done.unwrap_or_else(|_| {
                locked(&self.status).problem =
                    Some("an internal error was contained; please report it".to_owned());
                LOOK_EVERY
            });
        }
    }

    /// Until there is something to do.
    fn wait(&self, for_at_most: Duration, is_on: bool) -> Next {
        let deadline = Instant::now() + for_at_most;
        let mut wish = locked(&self.wish);
        loop {
            if let Some(settings) = wish.settings.take() {
                wish.rung = false;
                return Next::Configure(settings);
            }
            if wish.ends || !is_on {
                wish.lives = false;
                return Next::End;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if wish.rung || left.is_zero() {
                wish.rung = false;
                return Next::Look;
            }
            wish = self.told.wait_timeout(wish, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn begin(&self, settings: &ExportSettings) -> Option<Round> {
        let begun = self.try_begin(settings);
        let mut status = locked(&self.status);
        status.enabled = settings.enabled;
        let (destinations, problem) = match &begun {
            Ok(Some(round)) => (round.exporter.destination().shown(), None),
            Ok(None) => (Vec::new(), None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        (status.destinations, status.problem) = (destinations, problem);
        begun.ok().flatten()
    }

    fn try_begin(&self, settings: &ExportSettings) -> Result<Option<Round>, ExportError> {
        let root = self.storage.join("export");
        let spool = Spool::new(root, Bounds::default());
        if !settings.enabled {
            // What ends from now on is not to be exported, when that is switched on again, either.
            if spool.state()?.live_since_unix_ms.is_some() {
                spool.change(|state| state.live_since_unix_ms = None)?;
            }
            return Ok(None);
        }
        let seconds = Duration::try_from_secs_f64(settings.severe_after_s).unwrap_or_default();
        let takes = Takes {
            sampling: Sampling {
                rate: settings.sample_rate.clamp(0.0, 1.0),
                severe_after_ns: u64::try_from(seconds.as_nanos()).unwrap_or(u64::MAX),
            },
            names: !settings.redact,
            also_hide: settings.hide_words.clone(),
        };
        let exporter = Exporter::new(spool, destination(settings)?, takes)?;
        let now_unix_ms = unix_ms();
        let since_unix_ms =
            exporter.spool().change(|state| *state.live_since_unix_ms.get_or_insert(now_unix_ms))?;
        let since = moment(UNIX_EPOCH + Duration::from_millis(since_unix_ms));
        Ok(Some(Round {
            exporter,
            store: Store::new(self.storage.clone()),
            // As ids begin: `20261124T041900`.
            first_id: since.chars().filter(|letter| !matches!(letter, '-' | ':' | 'Z')).collect(),
            passed_over: HashSet::new(),
            beat: Instant::now(),
        }))
    }
}

/// What is done again and again while it is switched on.
struct Round {
    exporter: Exporter,
    store: Store,
    /// What began earlier is not exported: nobody had switched it on.
    first_id: String,
    /// Incidents that nobody waited in, or that cannot be read.
    passed_over: HashSet<String>,
    /// When figures were last sent without need.
    beat: Instant,
}

impl Round {
    /// Returns when to go on.
    fn go(&mut self, shared: &Shared) -> Duration {
        let done = self.take().and_then(|unsettled| Ok((unsettled, self.send(shared)?)));
        match done {
            Ok((unsettled, wait)) => {
                let look = LOOK_EVERY.min(self.metrics_every());
                let settling = if unsettled { SETTLES_WITHIN } else { look };
                wait.unwrap_or(look).min(settling)
            }
            Err(error) => {
                locked(&shared.status).problem = Some(error.to_string());
                LOOK_EVERY
            }
        }
    }

    fn metrics_every(&self) -> Duration {
        self.exporter.destination().metrics_every
    }

    /// Takes what has ended; whether something is still being written.
    fn take(&mut self) -> Result<bool, ExportError> {
        let state = self.exporter.spool().state()?;
        let mut unsettled = false;
        for id in self.store.ids()? {
            if id < self.first_id || state.is_taken(&id) || self.passed_over.contains(&id) {
                continue;
            }
            if self.store.is_being_written(&id) {
                unsettled = true;
                continue;
            }
            let taken = match self.store.load(&id) {
                // The folder's name is what it is known by, whatever its file says.
                Ok(incident) => self
                    .exporter
                    .take(&stallscope_core::model::Incident { id: id.clone(), ..incident }, &self.store)?,
                Err(_) => Taken::NoStall,
            };
            if taken == Taken::NoStall {
                self.passed_over.insert(id);
            }
        }
        Ok(unsettled)
    }

    fn send(&mut self, shared: &Shared) -> Result<Option<Duration>, ExportError> {
        let beat = self.beat.elapsed() >= self.metrics_every();
        if beat {
            self.beat = Instant::now();
        }
        let pass = self.exporter.pass(beat)?;
        let dropped = self.exporter.spool().state()?.tally.dropped();
        self.tell(&pass, dropped, shared);
        Ok(pass.wait)
    }

    fn tell(&self, pass: &PassReport, dropped: u64, shared: &Shared) {
        let mut status = locked(&shared.status);
        status.dropped = dropped;
        // Another window sends, and knows.
        if pass.elsewhere {
            return;
        }
        status.waiting = pass.waiting + u64::from(pass.metrics_wait);
        let sent: u64 = pass.sent.values().sum();
        if sent > 0 {
            status.sent += sent;
            status.sent_unix_ms = Some(unix_ms() as f64);
        }
        // What went wrong stays to be read until all is well again.
        if !pass.problems.is_empty() {
            status.problem = Some(pass.problems.join("; "));
        } else if pass.is_done() && sent > 0 {
            status.problem = None;
        }
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
