//! Results as data: `{ ok: true, value }` or `{ ok: false, error: { code, message } }`.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use serde::Serialize;
use serde_json::{Value, json};
use stallscope_export::ExportError;
use stallscope_probe::cache::{CacheError, Refused};
use stallscope_probe::doctor::DoctorError;
use stallscope_probe::log::LogError;
use stallscope_probe::panic_text;
use stallscope_probe::reader::ReadError;
use stallscope_probe::report::ReportError;
use stallscope_probe::trace::{OpenTraceError, SaveTraceError};
use stallscope_probe::verify::VerifyError;
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

    pub fn code(&self) -> &str {
        &self.code
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    /// As an exception, for the few calls that return no `Outcome`.
    pub fn into_error(self) -> napi::Error {
        napi::Error::new(napi::Status::InvalidArg, self.message)
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<SaveTraceError> for Failure {
    fn from(error: SaveTraceError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<OpenTraceError> for Failure {
    fn from(error: OpenTraceError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<DoctorError> for Failure {
    fn from(error: DoctorError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<Refused> for Failure {
    fn from(error: Refused) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<CacheError> for Failure {
    fn from(error: CacheError) -> Self {
        Refused::from(error).into()
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

/// Plain data as JSON; our own types always convert.
pub(crate) fn json(value: &impl Serialize) -> Value {
    let mut json = serde_json::to_value(value).unwrap_or(Value::Null);
    keep_numbers(&mut json);
    json
}

/// The largest integer that JavaScript's numbers hold exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Larger integers become the nearest number. They would reach JavaScript as BigInts otherwise, which no message to the
/// panel can hold: one absurd figure in a file would silence it.
fn keep_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let large = number.as_u64().is_some_and(|n| n > MAX_SAFE_INTEGER)
                || number.as_i64().is_some_and(|n| n.unsigned_abs() > MAX_SAFE_INTEGER);
            if large && let Some(nearest) = number.as_f64().and_then(serde_json::Number::from_f64) {
                *number = nearest;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(keep_numbers),
        Value::Object(fields) => fields.values_mut().for_each(keep_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
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

/// What `work` on this runtime comes to, as data.
pub(crate) async fn answered<T: Serialize>(work: impl Future<Output = Result<T, Failure>>) -> Value {
    settle(work.await)
}

/// A promise of what `work` comes to.
pub(crate) fn promise(
    env: &Env,
    work: impl Future<Output = Value> + Send + 'static,
) -> napi::Result<PromiseRaw<'_, Value>> {
    env.spawn_future(async move { Ok(work.await) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing that JavaScript can send makes the core panic, as far as we know, so this is shown here.
    #[test]
    fn a_panic_becomes_a_failure_that_quotes_it() {
        let settled = settle::<()>(contained(|| panic!("index out of bounds: {}", 7)));
        let expected = json!({ "ok": false, "error": {
            "code": "internal-error",
            "message": "an internal error was contained: index out of bounds: 7; please report it",
        }});
        assert_eq!(settled, expected);
    }

    #[test]
    fn no_number_is_too_large_for_a_message_to_the_panel() {
        let told = json(&json!({ "list": [u64::MAX, i64::MIN, 7, 1.5], "least": MAX_SAFE_INTEGER }));
        assert_eq!(
            told,
            json!({ "list": [1.8446744073709552e19, -9.223372036854776e18, 7, 1.5], "least": MAX_SAFE_INTEGER })
        );
    }

    #[test]
    fn what_does_not_panic_passes_unchanged() {
        assert_eq!(settle(contained(|| Ok(3))), json!({ "ok": true, "value": 3 }));
        let failed = settle::<()>(contained(|| Err(Failure::new("disk-full", "no space left"))));
        assert_eq!(
            failed,
            json!({ "ok": false, "error": { "code": "disk-full", "message": "no space left" } })
        );
    }
}
