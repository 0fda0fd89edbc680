//! A client of one gopls: starts it, asks it, answers it, ends it.
//!
//! gopls may ask back, be silent, cut a message short or die at any moment: each request has a deadline and comes back with
//! a reason, and nothing of gopls is left running when the client is dropped.

mod answers;
mod framing;
mod heard;

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, BufWriter, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use answers::Answers;
pub use heard::{Heard, Loaded};

/// How often somebody who waits looks whether all is to be stopped.
const LOOK: Duration = Duration::from_millis(50);
/// After a cancellation gopls has this long to answer with that.
const AFTER_CANCEL: Duration = Duration::from_secs(2);
/// What gopls may take to end when it is told to.
const GOODBYE: Duration = Duration::from_secs(5);
/// Of its stderr the last so many bytes are kept: a panic is there.
const STDERR_BYTES: usize = 64 << 10;

/// How gopls is started.
#[derive(Debug, Clone)]
pub struct Start {
    /// The executable.
    pub gopls: PathBuf,
    /// Flags beside those that we need.
    pub flags: Vec<String>,
    /// The folder that is open.
    pub folder: PathBuf,
    /// Its settings, as under `gopls` in an editor.
    pub settings: BTreeMap<String, Value>,
    /// Where it keeps its cache: an empty folder makes the first load a cold one.
    pub cache: PathBuf,
    /// Variables of ours that it does not get: secrets.
    pub hidden: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// gopls could not be started.
    #[error("{gopls} could not be started: {why}: name another with --gopls")]
    NotStarted {
        /// Its executable.
        gopls: String,
        /// What the system said.
        why: String,
    },
    /// gopls refused.
    #[error("gopls answered {method} with an error: {message}")]
    Refused {
        /// What was asked.
        method: String,
        /// What it said.
        message: String,
    },
    /// It took too long, and was cancelled.
    #[error("gopls did not answer {method} within {} s", after.as_secs())]
    Late {
        /// What was asked.
        method: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// It is gone.
    #[error("gopls ended while {method} was waiting: {how}")]
    Ended {
        /// What was asked.
        method: String,
        /// Its status, and the end of what it wrote.
        how: String,
    },
    /// Somebody wants all of it to stop.
    #[error("stopped")]
    Stopped,
}

impl NoAnswer {
    /// Whether nothing can be asked any more.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::NotStarted { .. } | Self::Ended { .. } | Self::Stopped)
    }
}

/// One gopls.
pub struct Client {
    child: Child,
    shared: Arc<Shared>,
    next_id: AtomicI64,
    stop: Arc<AtomicBool>,
    started: Instant,
    folder_uri: String,
    answers: Answers,
}

/// What the reading thread and those who wait share.
struct Shared {
    /// Written by a thread of its own: a gopls that reads nothing more must not hold up anybody.
    outbox: Sender<Value>,
    pending: Mutex<HashMap<i64, Sender<Value>>>,
    heard: Heard,
    /// Why nothing more is read.
    end: Mutex<Option<String>>,
    stderr: Mutex<Vec<u8>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// Starts gopls with its debug server on. `stop` ends every wait.
    ///
    /// # Errors
    /// When the executable does not start.
    pub fn start(start: &Start, stop: Arc<AtomicBool>) -> Result<Self, NoAnswer> {
        let not_started =
            |why: String| NoAnswer::NotStarted { gopls: start.gopls.display().to_string(), why };
        let uri = url::Url::from_directory_path(&start.folder)
            .map_err(|()| not_started(format!("{} is no absolute folder", start.folder.display())))?;
        let folder_uri = uri.as_str().trim_end_matches('/').to_owned();
        let name = start.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let answers = Answers { settings: start.settings.clone(), folders: vec![(folder_uri.clone(), name)] };
        let mut command = Command::new(&start.gopls);
        command.arg("-debug=127.0.0.1:0").args(&start.flags).current_dir(&start.folder);
        command.env("GOPLSCACHE", &start.cache);
        for name in &start.hidden {
            command.env_remove(name);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own, so that its `go` commands end with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| not_started(error.to_string()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(not_started("it has no pipes".to_owned()));
        };
        let (outbox, letters) = mpsc::channel::<Value>();
        let shared = Arc::new(Shared {
            outbox,
            pending: Mutex::default(),
            heard: Heard::since(started),
            end: Mutex::default(),
            stderr: Mutex::default(),
        });
        thread::spawn(move || {
            let mut stdin = BufWriter::new(stdin);
            // A gopls that is gone is told by the thread that reads.
            letters.iter().try_for_each(|message| framing::write(&mut stdin, &message))
        });
        thread::spawn({
            let (shared, answers) = (Arc::clone(&shared), answers.clone());
            move || shared.read_all(BufReader::new(stdout), &answers)
        });
        thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.keep_stderr(stderr)
        });
        Ok(Self { child, shared, next_id: AtomicI64::new(1), stop, started, folder_uri, answers })
    }

    /// gopls's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How long ago it was started.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether it says nothing more.
    pub fn has_ended(&self) -> bool {
        lock(&self.shared.end).is_some()
    }

    /// What it says without being asked.
    pub fn heard(&self) -> &Heard {
        &self.shared.heard
    }

    /// The handshake: it begins to load the workspace.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub fn initialize(&self, within: Duration) -> Result<(), NoAnswer> {
        let params = json!({
            "processId": std::process::id(),
            "clientInfo": { "name": "stallscope" },
            "rootUri": self.folder_uri,
            "workspaceFolders": self.answers.workspace_folders(),
            "initializationOptions": self.answers.settings,
            "capabilities": capabilities(),
        });
        self.request("initialize", &params, within)?;
        self.notify("initialized", &json!({}));
        Ok(())
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// gopls refuses, is late (the request is cancelled then), ends, or all is stopped.
    pub fn request(&self, method: &str, params: &Value, within: Duration) -> Result<Value, NoAnswer> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = mpsc::channel();
        lock(&self.shared.pending).insert(id, sender);
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let message = self.wait_for(method, id, &answer, within);
        lock(&self.shared.pending).remove(&id);
        let mut message = message?;
        match message.get("error") {
            Some(error) => Err(NoAnswer::Refused {
                method: method.to_owned(),
                message: printable(error["message"].as_str().unwrap_or("without a word")),
            }),
            None => Ok(message["result"].take()),
        }
    }

    fn wait_for(
        &self,
        method: &str,
        id: i64,
        answer: &mpsc::Receiver<Value>,
        within: Duration,
    ) -> Result<Value, NoAnswer> {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match answer.recv_timeout(left.min(LOOK)) {
                Ok(message) => return Ok(message),
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended(method)),
                Err(RecvTimeoutError::Timeout) if self.is_stopped() => return Err(NoAnswer::Stopped),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => break,
                // It may have ended before the request was entered.
                Err(RecvTimeoutError::Timeout) if self.has_ended() => return Err(self.ended(method)),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        self.notify("$/cancelRequest", &json!({ "id": id }));
        // Its answer would be taken for that of nobody; and whether it goes on at all is worth a moment.
        let _ = answer.recv_timeout(AFTER_CANCEL);
        Err(NoAnswer::Late { method: method.to_owned(), after: within })
    }

    /// Tells something. Whether it arrives shows with the next request.
    pub fn notify(&self, method: &str, params: &Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn send(&self, message: Value) {
        let _ = self.shared.outbox.send(message);
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Waits without asking anything.
    ///
    /// # Errors
    /// When all is stopped, or gopls ends meanwhile.
    pub fn rest(&self, duration: Duration) -> Result<(), NoAnswer> {
        let until = Instant::now() + duration;
        while Instant::now() < until {
            if self.is_stopped() {
                return Err(NoAnswer::Stopped);
            }
            if self.has_ended() {
                return Err(self.ended("nothing"));
            }
            thread::sleep(LOOK.min(until.saturating_duration_since(Instant::now())));
        }
        Ok(())
    }

    fn ended(&self, method: &str) -> NoAnswer {
        // What it writes last comes by another pipe.
        thread::sleep(LOOK);
        let why = lock(&self.shared.end).clone().unwrap_or_default();
        let stderr = printable(&String::from_utf8_lossy(&lock(&self.shared.stderr))).trim().to_owned();
        let how = if stderr.is_empty() { why } else { format!("{why}; it wrote: {stderr}") };
        NoAnswer::Ended { method: method.to_owned(), how }
    }

    /// Ends gopls as an editor does; by force when it does not end.
    pub fn stop(mut self) {
        if self.request("shutdown", &Value::Null, GOODBYE).is_ok() {
            self.notify("exit", &Value::Null);
        }
        let until = Instant::now() + GOODBYE;
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Ok(Some(group)) = i32::try_from(self.child.id()).map(rustix::process::Pid::from_raw) {
            // Its `go` commands, if any are left, are of the same group. None left is what we want.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Shared {
    fn read_all(&self, mut from: impl BufRead, answers: &Answers) {
        let why = loop {
            match framing::read(&mut from) {
                Ok(Some(message)) => self.take(message, answers),
                Ok(None) => break "it closed its output".to_owned(),
                Err(error) => break format!("what it wrote is no message: {error}"),
            }
        };
        *lock(&self.end) = Some(why);
        self.heard.ended();
        // Whoever waits learns it by its sender being gone.
        lock(&self.pending).clear();
    }

    fn take(&self, message: Value, answers: &Answers) {
        match (message.get("method").is_some(), message.get("id").is_some()) {
            (true, true) => drop(self.outbox.send(answers.to(&message))),
            (true, false) => self.heard.notification(&message),
            (false, _) => {
                let waiting = message["id"].as_i64().and_then(|id| lock(&self.pending).remove(&id));
                if let Some(sender) = waiting {
                    let _ = sender.send(message);
                }
            }
        }
    }

    fn keep_stderr(&self, mut from: impl Read) {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut chunk) {
            let mut kept = lock(&self.stderr);
            kept.extend_from_slice(&chunk[..count]);
            let surplus = kept.len().saturating_sub(STDERR_BYTES);
            kept.drain(..surplus);
        }
    }
}

/// Without what a terminal would obey: it is shown to people. Lines stay lines.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// What an editor can do that matters for what gopls does.
fn capabilities() -> Value {
    json!({
        "workspace": { "configuration": true, "workspaceFolders": true, "didChangeWatchedFiles": { "dynamicRegistration": true } },
        "window": { "workDoneProgress": true },
        "textDocument": {
            "hover": { "contentFormat": ["markdown"] },
            "completion": { "completionItem": { "snippetSupport": true, "documentationFormat": ["markdown"] } },
            "codeAction": { "codeActionLiteralSupport": { "codeActionKind": { "valueSet": ["source.organizeImports"] } } },
            "publishDiagnostics": { "versionSupport": true },
            "synchronization": { "didSave": true },
        },
    })
}
