//! The living heap of the gopls of this window: one at a time, in the memory of a helper process.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stallscope_probe::process;
use stallscope_retain::capture::refusal::Refusal;
use stallscope_retain::capture::{CaptureError, Facts, Request, Session, Step, open, start_time, supported};
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
}

/// A heap that can be asked about.
#[derive(Debug, Serialize)]
pub(crate) struct OpenedHeap {
    pid: u32,
    taken_unix_ms: u64,
    facts: Facts,
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

/// The one that is open.
#[derive(Default)]
pub(crate) struct Heaps {
    open: Mutex<Option<(u32, Arc<Session>)>>,
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
        supported().map_err(refused)?;
        let stop = Stop::default();
        {
            let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
            if opening.is_some() {
                return Err(Failure::new(
                    "heap-busy",
                    "a heap is being read already: wait for it, or cancel it",
                ));
            }
            *opening = Some(stop.clone());
        }
        let _ends = Ends(&self.opening);
        self.close();
        let pid = wanted.pid;
        // Before it is looked up by its other start time, so that both are of one process.
        let start_time = start_time(pid).ok_or_else(|| refused(Refusal::Gone { pid }))?;
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
            helper: wanted.helper,
        };
        let session = open(&request, &stop, tell)?;
        let taken = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let opened = OpenedHeap { pid, taken_unix_ms: taken.as_millis() as u64, facts: session.facts };
        // Cancelled or closed in the last moment.
        stop.check().map_err(CaptureError::from)?;
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some((pid, Arc::new(session)));
        Ok(opened)
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
        let (pid, session) =
            open.ok_or_else(|| Failure::new("no-heap-open", "no heap is open (any more): take one"))?;
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
        if let Some((_, session)) = open {
            session.kill();
        }
    }
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
