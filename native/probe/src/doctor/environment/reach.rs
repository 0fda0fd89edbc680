//! Whether the first proxy answers, asked by `go` itself: with its certificates, its proxy settings and its credentials.
//! Only where the user wants that.

use std::collections::BTreeMap;
use std::time::Instant;

use stallscope_doctor::environment::{Entry, ProxyList, Reach};

use super::super::command::{CommandError, Commands};
use super::super::go;
use super::super::go_env::GoEnv;

/// A module that every public proxy has; one that has not says so, and that is an answer too.
const MODULE: &str = "golang.org/x/text";

/// Asks it for the versions of a module, which `go` keeps nowhere.
pub(super) fn first_proxy(
    commands: &Commands,
    env: &GoEnv,
    variables: &BTreeMap<String, String>,
) -> Result<Option<Reach>, CommandError> {
    let list = ProxyList::parse(env.get("GOPROXY").unwrap_or_default());
    let Some(Entry::Proxy { url, .. }) = list.asked.first() else { return Ok(None) };
    // A folder is not reached, and one that lacks a module is passed over.
    if url.starts_with("file:") {
        return Ok(None);
    }
    let mut variables = variables.clone();
    let alone =
        [("GOPROXY", url.as_str()), ("GONOPROXY", "none"), ("GOWORK", "off"), ("GOFLAGS", "-mod=mod")];
    variables.extend(alone.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let begin = Instant::now();
    let said = go::run(commands, &std::env::temp_dir(), &variables, &["list", "-m", "-versions", MODULE]);
    let took_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let error = match said {
        Ok(said) if said.success || has_answered(&said.stderr) => None,
        Ok(said) => said.stderr.lines().last().map(|line| line.chars().take(300).collect()),
        Err(CommandError::Late { .. }) => Some("no answer in time".to_owned()),
        Err(error) => return Err(error),
    };
    let proxy = stallscope_doctor::environment::without_secrets(url);
    let error = error.map(|error: String| stallscope_doctor::environment::without_secrets(&error));
    Ok(Some(Reach { proxy, took_ms, error }))
}

fn has_answered(said: &str) -> bool {
    ["404 Not Found", "410 Gone", "403 Forbidden", "401 Unauthorized"]
        .iter()
        .any(|answer| said.contains(answer))
}
