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
