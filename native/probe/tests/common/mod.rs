//! A real gopls with a small workspace, driven over LSP.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Nothing in these tests takes longer on a working machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The gopls under test: `STALLSCOPE_GOPLS`, else the one the other tests use.
pub fn gopls() -> PathBuf {
    let path = std::env::var_os("STALLSCOPE_GOPLS").map_or_else(
        || {
            let tools = std::env::var_os("STALLSCOPE_TOOLS").map_or_else(
                || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/stallscope-dev"),
                PathBuf::from,
            );
            tools.join("gopls/v0.23.0/gopls")
        },
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "{} is missing: `npm test` installs it, or name a gopls in STALLSCOPE_GOPLS",
        path.display()
    );
    path
}

type Answers = Arc<(Mutex<HashMap<u64, Instant>>, Condvar)>;

/// A running gopls; killed on drop.
pub struct Gopls {
    pub child: Child,
    stdin: Arc<Mutex<ChildStdin>>,
    answers: Answers,
    folder: tempfile::TempDir,
    next_id: u64,
}

impl Gopls {
    /// Starts it with an empty cache and an untouched workspace.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_as(&mut Command::new(gopls()), arguments)
    }

    /// The same through any command (a wrapper).
    pub fn start_as(command: &mut Command, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("go.mod"), "module example.com/demo\n\ngo 1.23\n").unwrap();
        std::fs::write(folder.path().join("main.go"), SOURCE).unwrap();
        let mut child = command
            .args(arguments)
            .current_dir(folder.path())
            .env("GOPLSCACHE", folder.path().join("cache"))
            .env("XDG_RUNTIME_DIR", folder.path())
            .env("GOTOOLCHAIN", "local")
            .env("GOTELEMETRY", "off")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdin = Arc::new(Mutex::new(child.stdin.take().unwrap()));
        let answers = Answers::default();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn({
            let (stdin, answers) = (stdin.clone(), answers.clone());
            move || read_messages(BufReader::new(stdout), &stdin, &answers)
        });
        Self { child, stdin, answers, folder, next_id: 1 }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Initializes, opens the file, and asks for a hover at once: it has to wait for the workspace load.
    pub fn ask_cold_hover(&mut self) -> u64 {
        let root = format!("file://{}", self.folder.path().display());
        let capabilities = json!({"workspace": {"configuration": true}});
        let id = self.request("initialize", json!({"rootUri": root, "capabilities": capabilities}));
        self.wait(id);
        self.notify("initialized", json!({}));
        let document = json!({"uri": self.uri(), "languageId": "go", "version": 1, "text": SOURCE});
        self.notify("textDocument/didOpen", json!({"textDocument": document}));
        self.ask_hover()
    }

    pub fn ask_hover(&mut self) -> u64 {
        let position = json!({"line": 5, "character": 6});
        self.request("textDocument/hover", json!({"textDocument": {"uri": self.uri()}, "position": position}))
    }

    /// Takes a request back, as the editor does when the mouse moves on; gopls answers it with an error.
    pub fn cancel(&self, id: u64) {
        self.notify("$/cancelRequest", json!({"id": id}));
    }

    /// Stops it in the middle of whatever it does (SIGSTOP).
    pub fn pause(&self) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-STOP", &pid]).status().unwrap().success());
        // On Linux each thread stops on its own, a moment after the signal was sent.
        let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return };
        for thread in threads.flatten() {
            eventually("a stopped thread", || {
                let stat = std::fs::read_to_string(thread.path().join("stat")).ok();
                stat.is_none_or(|stat| stat.contains(") T ")).then_some(())
            });
        }
    }

    /// When the answer to request `id` came, if it has.
    pub fn answered(&self, id: u64) -> Option<Instant> {
        self.answers.0.lock().unwrap().get(&id).copied()
    }

    pub fn wait(&self, id: u64) -> Instant {
        let (answers, arrived) = &*self.answers;
        let mut known = answers.lock().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !known.contains_key(&id) {
            let left = deadline.checked_duration_since(Instant::now()).expect("gopls has not answered");
            known = arrived.wait_timeout(known, left).unwrap().0;
        }
        known[&id]
    }

    fn uri(&self) -> String {
        format!("file://{}", self.folder.path().join("main.go").display())
    }

    fn request(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        send(&self.stdin, &json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    fn notify(&self, method: &str, params: Value) {
        send(&self.stdin, &json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }
}

impl Drop for Gopls {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SOURCE: &str = "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"hi\")\n}\n";

fn send(stdin: &Mutex<ChildStdin>, message: &Value) {
    let text = message.to_string();
    // A gopls that was killed is found out elsewhere.
    let _ = write!(stdin.lock().unwrap(), "Content-Length: {}\r\n\r\n{text}", text.len());
}

fn read_messages(mut stdout: impl BufRead, stdin: &Mutex<ChildStdin>, answers: &Answers) {
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stdout.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            match line.trim_end() {
                "" => break,
                header => {
                    length = header.strip_prefix("Content-Length: ").map_or(length, |n| n.parse().unwrap());
                }
            }
        }
        let mut body = vec![0; length];
        if stdout.read_exact(&mut body).is_err() {
            return;
        }
        let message: Value = serde_json::from_slice(&body).unwrap();
        let Some(id) = message.get("id") else { continue };
        if message.get("method").is_some() {
            let items = message["params"]["items"].as_array().map(|items| vec![Value::Null; items.len()]);
            send(stdin, &json!({"jsonrpc": "2.0", "id": id, "result": items}));
        } else if let Some(id) = id.as_u64() {
            answers.0.lock().unwrap().insert(id, Instant::now());
            answers.1.notify_all();
        }
    }
}

/// Repeats `look` until it finds something.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether `path` is the executable of the process list's entry.
pub fn same_file(path: &Path, exe: &str) -> bool {
    std::fs::canonicalize(path).ok() == std::fs::canonicalize(exe).ok()
}
