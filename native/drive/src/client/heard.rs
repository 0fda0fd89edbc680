//! What gopls says without being asked: that packages are loaded, and what it ran for that.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use stallscope_core::log::{Loads, LogLoad};

/// The progress that ends with the first load.
const SETTING_UP: &str = "Setting up workspace";
/// The progress that an editor shows for as long as the workspace cannot be loaded.
const CANNOT_LOAD: &str = "Error loading workspace";
/// Messages that are kept: one that is shown at every edit tells nothing more.
const MOST_MESSAGES: usize = 20;
const MOST_MESSAGE_CHARACTERS: usize = 500;
/// LSP's `MessageType`: an error is 1, a warning 2.
const WARNING: u64 = 2;

/// All of it, since the start of gopls.
#[derive(Debug)]
pub struct Heard {
    since: Instant,
    state: Mutex<State>,
    loaded: Condvar,
}

#[derive(Debug, Default)]
struct State {
    loads: Loads,
    setting_up: Option<Value>,
    loaded: Option<Loaded>,
    /// The progress that says so, and why.
    cannot_load: Option<(Value, String)>,
    messages: Vec<String>,
    ended: bool,
}

/// The end of the first load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// After the start.
    pub after: Duration,
    /// gopls's last word on it, which is an error now and then.
    pub message: String,
}

impl Heard {
    /// Of a gopls that was started then.
    pub fn since(since: Instant) -> Self {
        Self { since, state: Mutex::default(), loaded: Condvar::new() }
    }

    /// A notification.
    pub fn notification(&self, message: &Value) {
        let after = self.since.elapsed();
        let at_ms = after.as_millis() as u64;
        let params = &message["params"];
        let mut state = self.state();
        match message["method"].as_str() {
            Some("window/logMessage") => {
                state.loads.text(params["message"].as_str().unwrap_or_default(), at_ms);
            }
            Some("window/showMessage") if params["type"].as_u64().is_some_and(|kind| kind <= WARNING) => {
                let message = plain(params["message"].as_str().unwrap_or_default());
                if state.messages.len() < MOST_MESSAGES && !state.messages.contains(&message) {
                    state.messages.push(message);
                }
            }
            Some("$/progress") => self.progress(&mut state, params, after),
            _ => {}
        }
    }

    fn progress(&self, state: &mut State, params: &Value, after: Duration) {
        let (token, value) = (&params["token"], &params["value"]);
        match value["kind"].as_str() {
            Some("begin") if value["title"] == SETTING_UP => state.setting_up = Some(token.clone()),
            Some("begin") if value["title"] == CANNOT_LOAD => {
                let why = plain(value["message"].as_str().unwrap_or_default());
                state.cannot_load = Some((token.clone(), why));
            }
            Some("end") if state.cannot_load.as_ref().is_some_and(|(of, _)| of == token) => {
                state.cannot_load = None;
            }
            Some("end") if state.setting_up.as_ref() == Some(token) && state.loaded.is_none() => {
                let message = value["message"].as_str().unwrap_or_default().to_owned();
                state.loaded = Some(Loaded { after, message });
                self.loaded.notify_all();
            }
            _ => {}
        }
    }

    /// gopls has ended: there is nothing to wait for any more.
    pub fn ended(&self) {
        self.state().ended = true;
        self.loaded.notify_all();
    }

    /// We have changed something that packages depend on: a load after it is not one without need.
    pub fn changed(&self) {
        self.state().loads.changed();
    }

    /// The end of the first load, if it comes within this time.
    pub fn loaded(&self, within: Duration) -> Option<Loaded> {
        let waiting = |state: &mut State| state.loaded.is_none() && !state.ended;
        let waited = self.loaded.wait_timeout_while(self.state(), within, waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0.loaded.clone()
    }

    /// Why the workspace is not loaded, as far as gopls has said so: it tells an editor a moment later than its log.
    pub fn load_error(&self) -> Option<String> {
        let state = self.state();
        let loads = state.loads.loads();
        let none_worked = !loads.is_empty() && loads.iter().all(|load| load.error.is_some());
        let logged =
            || loads.last().filter(|_| none_worked).and_then(|load| load.error.as_deref()).map(plain);
        state.cannot_load.as_ref().map(|(_, why)| why.clone()).or_else(logged)
    }

    /// What it wanted to be shown as an error or a warning, each once.
    pub fn messages(&self) -> Vec<String> {
        self.state().messages.clone()
    }

    /// Each `go/packages.Load` so far.
    pub fn loads(&self) -> Vec<LogLoad> {
        self.state().loads.loads().to_vec()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody else's words in one line.
fn plain(text: &str) -> String {
    let line = super::printable(text).split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MOST_MESSAGE_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn progress(token: u64, value: &Value) -> Value {
        json!({ "method": "$/progress", "params": { "token": token, "value": value } })
    }

    #[test]
    fn only_the_end_of_the_first_load_is_one() {
        let heard = Heard::since(Instant::now());
        heard.notification(&progress(1, &json!({ "kind": "begin", "title": "Analyzing" })));
        heard.notification(&progress(2, &json!({ "kind": "begin", "title": SETTING_UP })));
        heard.notification(&progress(1, &json!({ "kind": "end", "message": "done" })));
        assert_eq!(heard.loaded(Duration::ZERO), None);
        heard.notification(&progress(2, &json!({ "kind": "end", "message": "Finished loading packages." })));
        assert_eq!(
            heard.loaded(Duration::ZERO).map(|l| l.message).as_deref(),
            Some("Finished loading packages.")
        );
    }

    #[test]
    fn a_workspace_that_cannot_be_loaded_is_told_until_it_can() {
        let heard = Heard::since(Instant::now());
        let load = "go/packages.Load #1: err: exit status 1: stderr: go: errors parsing go.mod\n\n\tsnapshot=0\n\tdirectory=/w\n\tquery=[/w/... builtin]\n\tpackages=0\n\tduration=1ms\n";
        heard.notification(
            &json!({ "method": "window/logMessage", "params": { "type": 1, "message": load } }),
        );
        assert!(heard.load_error().is_some_and(|why| why.contains("errors parsing go.mod")));
        let shown =
            json!({ "kind": "begin", "title": CANNOT_LOAD, "message": "go.mod:5:\n\u{1b}[31m syntax error" });
        heard.notification(&progress(3, &shown));
        assert_eq!(heard.load_error().as_deref(), Some("go.mod:5: [31m syntax error"));
        let works =
            "go/packages.Load #2\n\tsnapshot=1\n\tdirectory=/w\n\tquery=[x]\n\tpackages=7\n\tduration=1ms\n";
        heard.notification(
            &json!({ "method": "window/logMessage", "params": { "type": 3, "message": works } }),
        );
        assert!(heard.load_error().is_some());
        heard.notification(&progress(3, &json!({ "kind": "end" })));
        assert_eq!(heard.load_error(), None);
    }

    #[test]
    fn what_it_wants_to_be_seen_is_kept_once() {
        let heard = Heard::since(Instant::now());
        for kind in [1, 2, 2, 3] {
            let message = format!("message {kind}");
            heard.notification(
                &json!({ "method": "window/showMessage", "params": { "type": kind, "message": message } }),
            );
        }
        assert_eq!(heard.messages(), ["message 1", "message 2"]);
    }

    #[test]
    fn nobody_waits_for_a_gopls_that_is_gone() {
        let heard = Heard::since(Instant::now());
        heard.ended();
        assert_eq!(heard.loaded(Duration::from_secs(60)), None);
    }
}
