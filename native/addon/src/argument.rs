//! Arguments from JavaScript, read by us and not by napi's signatures: those throw at a value that is not JSON or
//! not of the right type, and what can be expected to go wrong is data here.

use napi::bindgen_prelude::{FromNapiValue, Function, Unknown};
use napi::{Env, ValueType};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::outcome::Failure;

/// A value from JavaScript as the type it must have.
pub(crate) fn argument<T: DeserializeOwned>(env: &Env, name: &str, value: Unknown<'_>) -> Result<T, Failure> {
    // Straight into the type: what a cyclic or endlessly deep object has beside its fields is never walked.
    env.from_js_value(value).map_err(|error| invalid(name, &error.reason))
}

/// The same for the few calls that return no `Outcome`: they are wrong only by a mistake of our own extension, and throw.
pub(crate) fn required<T: DeserializeOwned>(env: &Env, name: &str, value: Unknown<'_>) -> napi::Result<T> {
    argument(env, name, value).map_err(Failure::into_error)
}

/// A value or `null`; a missing argument is neither.
pub(crate) fn argument_or_null<T: DeserializeOwned>(
    env: &Env,
    name: &str,
    value: Unknown<'_>,
) -> Result<Option<T>, Failure> {
    match is_null(&value) {
        Ok(true) => Ok(None),
        Ok(false) => argument(env, name, value).map(Some),
        Err(error) => Err(invalid(name, &error.reason)),
    }
}

/// A text. Like the two after it read by itself and not by serde: these are of the calls that are made while the editor
/// asks gopls something.
pub(crate) fn text(name: &str, value: Unknown<'_>) -> napi::Result<String> {
    of_type(ValueType::String, name, value)
}

/// A text or `null`.
pub(crate) fn text_or_null(name: &str, value: Unknown<'_>) -> napi::Result<Option<String>> {
    if is_null(&value)? { Ok(None) } else { text(name, value).map(Some) }
}

/// A line number or `null`.
pub(crate) fn line_or_null(name: &str, value: Unknown<'_>) -> napi::Result<Option<u32>> {
    if is_null(&value)? {
        return Ok(None);
    }
    let number: f64 = of_type(ValueType::Number, name, value)?;
    // `as` bends what is no line number: only what comes out as it went in is one.
    let line = number as u32;
    if f64::from(line) == number {
        Ok(Some(line))
    } else {
        Err(invalid(name, &format!("a line number is expected, not {number}")).into_error())
    }
}

/// Whole milliseconds, as nanoseconds; a day at most.
pub(crate) fn duration_ns(name: &str, value: Unknown<'_>) -> napi::Result<u64> {
    const MOST_MS: f64 = 86_400_000.0;
    let ms: f64 = of_type(ValueType::Number, name, value)?;
    if (0.0..=MOST_MS).contains(&ms) && ms.fract() == 0.0 {
        Ok((ms * 1e6) as u64)
    } else {
        Err(invalid(name, &format!("whole milliseconds from 0 to {MOST_MS} are expected, not {ms}"))
            .into_error())
    }
}

fn is_null(value: &Unknown<'_>) -> napi::Result<bool> {
    Ok(value.get_type()? == ValueType::Null)
}

/// The type is looked at first: napi would write the whole of a wrong value into its error.
fn of_type<T: FromNapiValue>(expected: ValueType, name: &str, value: Unknown<'_>) -> napi::Result<T> {
    let found = value.get_type()?;
    if found != expected {
        return Err(invalid(name, &format!("a {expected} is expected, not {found}")).into_error());
    }
    T::from_unknown(value).map_err(|error| invalid(name, &error.reason).into_error())
}

/// A function from JavaScript that takes one plain value.
pub(crate) fn callback<'a>(name: &str, value: Unknown<'a>) -> Result<Function<'a, Value, ()>, Failure> {
    match value.get_type() {
        Ok(ValueType::Function) => {
            Function::from_unknown(value).map_err(|error| invalid(name, &error.reason))
        }
        Ok(other) => Err(invalid(name, &format!("a function is expected, not {other}"))),
        Err(error) => Err(invalid(name, &error.reason)),
    }
}

fn invalid(name: &str, why: &str) -> Failure {
    let message = format!("argument `{name}`: {why}; `extension/shared/core.ts` says what it must be");
    Failure::new("invalid-argument", message)
}
