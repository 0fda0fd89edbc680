//! What gopls says without being asked: that packages are loaded, and what it ran for that.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use stallscope_core::log::{Loads, LogLoad};

/// The progress that ends with the first load.
const SETTING_UP: &str = "Setting up workspace";

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
            Some("$/progress") => self.progress(&mut state, params, after),
            _ => {}
        }
    }

    fn progress(&self, state: &mut State, params: &Value, after: Duration) {
        let (token, value) = (&params["token"], &params["value"]);
        match value["kind"].as_str() {
            Some("begin") if value["title"] == SETTING_UP => state.setting_up = Some(token.clone()),
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

    /// Each `go/packages.Load` so far.
    pub fn loads(&self) -> Vec<LogLoad> {
        self.state().loads.loads().to_vec()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    fn nobody_waits_for_a_gopls_that_is_gone() {
        let heard = Heard::since(Instant::now());
        heard.ended();
        assert_eq!(heard.loaded(Duration::from_secs(60)), None);
    }
}
