//! What is kept of a heap that was read: all of it that can be looked through when its session is gone, or shown as a page.

use serde_json::Value;

use crate::capture::{CaptureError, Session};
use crate::stop::Stop;

/// Takes it: what [`crate::answer::kept`] tells, what each Go package costs, and what was done to the program (`facts`). `pid` and
/// `taken_unix_ms` are whose it is and when that was.
///
/// # Errors
/// The helper is gone, or nobody wants it any more.
pub fn record(session: &Session, pid: u32, taken_unix_ms: u64, stop: &Stop) -> Result<Value, CaptureError> {
    let mut record = answer(&session.ask(r#"{"ask":"kept"}"#, stop)?)?;
    record["packages"] = answer(&session.packages(stop)?)?;
    record["pid"] = pid.into();
    record["taken_unix_ms"] = taken_unix_ms.into();
    record["facts"] = serde_json::to_value(session.facts)
        .map_err(|error| CaptureError::Helper { error: error.to_string() })?;
    Ok(record)
}

fn answer(line: &str) -> Result<Value, CaptureError> {
    let failed = |error: &str| CaptureError::Helper { error: error.to_owned() };
    let answer: Value = serde_json::from_str(line).map_err(|error| failed(&error.to_string()))?;
    match answer["error"].as_str() {
        Some(error) => Err(failed(error)),
        None => Ok(answer),
    }
}
