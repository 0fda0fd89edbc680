//! Results as data: `{ ok: true, value }` or `{ ok: false, error: { code, message } }`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stallscope_probe::panic_text;
use stallscope_probe::reader::ReadError;
use stallscope_probe::watcher::WatchError;

/// An expected failure.
#[derive(Debug)]
pub(crate) struct Failure {
    code: String,
    message: String,
}

impl Failure {
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    /// For the few calls that are wrong only by a mistake of our own extension: those throw.
    pub fn into_error(self) -> napi::Error {
        napi::Error::new(napi::Status::InvalidArg, self.message)
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<WatchError> for Failure {
    fn from(error: WatchError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new("system", error.to_string())
    }
}

/// A value from JavaScript as the type it must have.
pub(crate) fn argument<T: DeserializeOwned>(name: &str, value: Value) -> Result<T, Failure> {
    serde_json::from_value(value)
        .map_err(|error| Failure::new("invalid-argument", format!("argument `{name}`: {error}")))
}

/// Plain data as JSON; our own types always convert.
pub(crate) fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// The result as data.
pub(crate) fn settle<T: Serialize>(result: Result<T, Failure>) -> Value {
    match result {
        Ok(value) => json!({ "ok": true, "value": json(&value) }),
        Err(Failure { code, message }) => {
            json!({ "ok": false, "error": { "code": code, "message": message } })
        }
    }
}

/// Runs `work`; a panic in it becomes a failure.
pub(crate) fn contained<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic_text(panic.as_ref());
        Err(Failure::new(
            "internal-error",
            format!("an internal error was contained: {text}; please report it"),
        ))
    })
}

/// Runs `work` on a worker thread.
pub(crate) async fn blocking<T: Serialize + Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Value {
    // The conversion to JSON is part of the work: a large table must not be converted on the JavaScript thread.
    let done = napi::tokio::task::spawn_blocking(move || settle(contained(work))).await;
    done.unwrap_or_else(|error| settle::<()>(Err(Failure::new("internal-error", error.to_string()))))
}
