//! The living heap of the gopls of this window: one at a time, in the memory of a helper process; or what was kept of one with
//! an incident.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stallscope_probe::process;
use stallscope_probe::reader::Reader;
use stallscope_retain::answer::kept::FORMAT;
use stallscope_retain::answer::page::page;
use stallscope_retain::capture::refusal::Refusal;
use stallscope_retain::capture::{CaptureError, Facts, Request, Session, Step, open, start_time, supported};
use stallscope_retain::record::record;
use stallscope_retain::stop::Stop;

use crate::outcome::Failure;

/// Which heap is wanted.
#[derive(Debug, Deserialize)]
pub(crate) struct HeapRequest {
    pid: u32,
    started_unix_ms: f64,
    bound_ms: u32,
    memory_limit_bytes: Option<u64>,
    helper: PathBuf,
    /// In which language its types are told.
    language: String,
}

/// A heap that can be asked about.
#[derive(Debug, Serialize)]
pub(crate) struct OpenedHeap {
    pid: u32,
    taken_unix_ms: u64,
    facts: Facts,
}

/// What is kept with an incident: what was read after it, or why nothing was.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptHeap {
    taken_unix_ms: u64,
    record: Option<Value>,
    problem: Option<Problem>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Problem {
    code: String,
    message: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Ask {
    Summary,
    Types,
    Paths,
    Instances,
    Holds,
    Chain,
    Packages,
    Report,
    Save,
    Compare,
    Profile,
}

/// A question, flat: what an object has beside these fields is never walked.
#[derive(Debug, Deserialize)]
pub(crate) struct HeapQuestion {
    ask: Ask,
    #[serde(default)]
    search: String,
    sort: Option<String>,
    #[serde(default)]
    reversed: bool,
    #[serde(default)]
    offset: u32,
    limit: Option<u32>,
    id: Option<u32>,
    object: Option<u32>,
    #[serde(default)]
    way: Vec<u32>,
    file: Option<PathBuf>,
}

impl HeapQuestion {
    /// As the helper reads it; packages are asked for by the session.
    fn line(&self, session: &Session, pid: u32) -> Option<Value> {
        let of = json!({ "pid": pid, "start_time": session.start_time() });
        let file = &self.file;
        let limit = self.limit.unwrap_or(100);
        Some(match self.ask {
            Ask::Summary => json!({ "ask": "summary" }),
            Ask::Types => json!({
                "ask": "types",
                "search": self.search,
                "sort": self.sort.as_deref().unwrap_or("retained"),
                "reversed": self.reversed,
                "offset": self.offset,
                "limit": limit,
            }),
            Ask::Paths => json!({ "ask": "paths", "id": self.id }),
            Ask::Instances => {
                json!({ "ask": "instances", "id": self.id, "offset": self.offset, "limit": limit })
            }
            Ask::Holds => {
                let start = match (self.object, self.id) {
                    (Some(object), _) => json!({ "object": object }),
                    (None, Some(id)) => json!({ "type": id }),
                    (None, None) => json!("all"),
                };
                json!({ "ask": "holds", "start": start, "way": self.way })
            }
            Ask::Chain => json!({ "ask": "chain", "object": self.object }),
            Ask::Packages => return None,
            Ask::Report => json!({ "ask": "report" }),
            Ask::Save => json!({ "ask": "save", "of": of, "file": file }),
            Ask::Compare => json!({ "ask": "compare", "of": of, "file": file }),
            Ask::Profile => json!({ "ask": "profile", "file": file }),
        })
    }
}

#[derive(Clone)]
struct Open {
    pid: u32,
    taken_unix_ms: u64,
    session: Arc<Session>,
}

/// The one that is open.
#[derive(Default)]
pub(crate) struct Heaps {
    open: Mutex<Option<Open>>,
    /// Set to give up the one that is being opened.
    opening: Mutex<Option<Stop>>,
}

impl Heaps {
    /// Opens one; an earlier one goes before, so that there is memory for it.
    pub fn open(
        &self,
        host_pid: u32,
        wanted: HeapRequest,
        tell: &(dyn Fn(Step) + Sync),
    ) -> Result<OpenedHeap, Failure> {
        let stop = Stop::default();
        let _ends = self.begin(&stop)?;
        self.close();
        let pid = wanted.pid;
        let (session, taken_unix_ms) = read(host_pid, &wanted, &stop, tell)?;
        let opened = OpenedHeap { pid, taken_unix_ms, facts: session.facts };
        // Cancelled or closed in the last moment.
        stop.check().map_err(CaptureError::from)?;
        let open = Open { pid, taken_unix_ms, session: Arc::new(session) };
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(open);
        Ok(opened)
    }

    /// Reads one that nobody looks at, for an incident that has ended, and keeps what there is to tell; also why there is nothing.
    /// gopls is not stopped unless it is `at_rest`.
    pub fn keep_after(
        &self,
        reader: &Reader,
        incident: &str,
        host_pid: u32,
        wanted: &HeapRequest,
        at_rest: &(dyn Fn() -> bool + Sync),
    ) -> Result<KeptHeap, Failure> {
        // Of an incident that is not there (any more) nothing is read.
        reader.incident(incident)?;
        let result = self.read_after(host_pid, wanted, at_rest);
        let problem = result.as_ref().err().map(|failure| Problem {
            code: failure.code().to_owned(),
            message: failure.message().to_owned(),
        });
        let record = result.ok();
        let taken = record.as_ref().and_then(|record| record["taken_unix_ms"].as_u64());
        let kept = KeptHeap { taken_unix_ms: taken.unwrap_or_else(now_unix_ms), record, problem };
        let json =
            serde_json::to_vec(&kept).map_err(|error| Failure::new("heap-question", error.to_string()))?;
        reader.keep_heap(incident, &json)?;
        Ok(kept)
    }

    fn read_after(
        &self,
        host_pid: u32,
        wanted: &HeapRequest,
        at_rest: &(dyn Fn() -> bool + Sync),
    ) -> Result<Value, Failure> {
        let stop = Stop::default();
        let _ends = self.begin(&stop)?;
        // There is memory for one, and somebody looks at that.
        if self.open.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Err(busy());
        }
        let gave_way = AtomicBool::new(false);
        let tell = |step| {
            // The last look before it is stopped.
            if step == Step::Guarded && !at_rest() {
                gave_way.store(true, Ordering::Relaxed);
                stop.set();
            }
        };
        let (session, taken_unix_ms) = match read(host_pid, wanted, &stop, &tell) {
            Err(_) if gave_way.into_inner() => {
                let message = "somebody waited for gopls again, or its heap was just being captured";
                return Err(Failure::new("heap-not-at-rest", message));
            }
            read => read?,
        };
        Ok(record(&session, wanted.pid, taken_unix_ms, &stop)?)
    }

    /// One at a time.
    fn begin(&self, stop: &Stop) -> Result<Ends<'_>, Failure> {
        supported().map_err(refused)?;
        let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if opening.is_some() {
            return Err(busy());
        }
        *opening = Some(stop.clone());
        Ok(Ends(&self.opening))
    }

    /// What is open as a page that stands for itself; or what was kept with an incident.
    pub fn page(&self, reader: &Reader, incident: Option<&str>) -> Result<String, Failure> {
        let record = match incident {
            Some(incident) => kept(reader, incident)?.and_then(|kept| kept.record).ok_or_else(no_heap)?,
            None => {
                let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let Open { pid, taken_unix_ms, session } = open.ok_or_else(no_heap)?;
                record(&session, pid, taken_unix_ms, &Stop::default())?
            }
        };
        Ok(page(&record))
    }

    /// Gives up the one that is being opened.
    pub fn cancel(&self) {
        if let Some(stop) = &*self.opening.lock().unwrap_or_else(PoisonError::into_inner) {
            stop.set();
        }
    }

    /// The answer to a question.
    pub fn ask(&self, question: &HeapQuestion) -> Result<Value, Failure> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Open { pid, session, .. } = open.ok_or_else(no_heap)?;
        // Not to be given up: the next question would get its answer.
        let stop = Stop::default();
        let line = match question.line(&session, pid) {
            Some(question) => session.ask(&question.to_string(), &stop),
            None => session.packages(&stop),
        }?;
        let answer: Value =
            serde_json::from_str(&line).map_err(|error| Failure::new("heap-question", error.to_string()))?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(Failure::new("heap-question", error)),
            None => Ok(answer),
        }
    }

    /// Ends the helper, with all that it has in memory.
    pub fn close(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(open) = open {
            open.session.kill();
        }
    }
}

/// Reads the heap of a gopls of this window; and tells when that was: when it went on.
fn read(
    host_pid: u32,
    wanted: &HeapRequest,
    stop: &Stop,
    tell: &(dyn Fn(Step) + Sync),
) -> Result<(Session, u64), Failure> {
    let pid = wanted.pid;
    // Before it is looked up by its other start time, so that both are of one process.
    let start_time = start_time(pid).map_err(refused)?;
    let is_meant = |one: &stallscope_core::model::GoplsProcess| {
        one.pid == pid && (one.started_unix_ms - wanted.started_unix_ms).abs() < 1.0
    };
    if !process::find(host_pid).iter().any(is_meant) {
        return Err(refused(Refusal::AnotherProcess { pid }));
    }
    let request = Request {
        pid,
        start_time,
        bound: Duration::from_millis(u64::from(wanted.bound_ms)),
        must_be_descendant: true,
        memory_limit_bytes: wanted.memory_limit_bytes,
        helper: wanted.helper.clone(),
    };
    let went_on = AtomicU64::new(0);
    let tell = |step| {
        if step == Step::WentOn {
            went_on.store(now_unix_ms(), Ordering::Relaxed);
        }
        tell(step);
    };
    let session = open(&request, stop, &tell)?;
    session.ask(&json!({ "ask": "speak", "language": wanted.language }).to_string(), stop)?;
    Ok((session, went_on.into_inner()))
}

/// What was kept of a heap with an incident.
pub(crate) fn kept(reader: &Reader, incident: &str) -> Result<Option<KeptHeap>, Failure> {
    let Some(json) = reader.heap(incident)? else { return Ok(None) };
    let unreadable =
        |why: String| Failure::new("heap-kept", format!("what was kept of the heap with {incident}: {why}"));
    let kept: KeptHeap = serde_json::from_slice(&json).map_err(|error| unreadable(error.to_string()))?;
    let format =
        kept.record.as_ref().map_or(u64::from(FORMAT), |record| record["format"].as_u64().unwrap_or(0));
    match format == u64::from(FORMAT) {
        true => Ok(Some(kept)),
        false => Err(unreadable(format!("format {format} is of another version of Stallscope"))),
    }
}

fn now_unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

fn busy() -> Failure {
    Failure::new("heap-busy", "a heap is being read already: wait for it, or cancel it")
}

fn no_heap() -> Failure {
    Failure::new("no-heap-open", "no heap is open (any more): take one")
}

/// Whatever becomes of it: another one may be opened.
struct Ends<'a>(&'a Mutex<Option<Stop>>);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// With the remedy behind it, and a code by which the editor finds words of its own.
fn refused(refusal: Refusal) -> Failure {
    let why = serde_json::to_value(&refusal).unwrap_or_default();
    let code = format!("heap-{}", why["why"].as_str().unwrap_or("refused"));
    Failure::new(&code, CaptureError::Refused { refusal }.to_string())
}

impl From<CaptureError> for Failure {
    fn from(error: CaptureError) -> Self {
        let message = error.to_string();
        match error {
            CaptureError::Refused { refusal } => refused(refusal),
            CaptureError::Cancelled => Self::new("heap-cancelled", "reading the heap was cancelled"),
            CaptureError::Heap { .. } => Self::new("heap-unread", message),
            CaptureError::System { .. } => Self::new("heap-system", message),
            CaptureError::Helper { .. } => Self::new("heap-helper", message),
        }
    }
}
