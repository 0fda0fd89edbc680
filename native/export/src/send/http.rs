//! A request as a POST.

use std::time::{Duration, SystemTime};

use ureq::Agent;

use super::answer::Partial;
use super::{Outcome, tls, words};
use crate::config::{ConfigError, ProfileTarget, Secret, Target, Tls};

/// More of an answer is not read.
const MOST_ANSWER_BYTES: u64 = 64 << 10;
/// A profile is some MB.
const PROFILE_TIMEOUT: Duration = Duration::from_secs(30);

/// A place to post to.
pub(super) struct Post {
    agent: Agent,
    url: String,
    headers: Vec<(String, Secret)>,
    /// What the protocol itself says of the body.
    about: &'static [(&'static str, &'static str)],
    gzip: bool,
}

impl Post {
    pub(super) fn otlp(target: &Target) -> Result<Self, ConfigError> {
        let about = &[("content-type", "application/x-protobuf")];
        let agent = agent(&target.tls, target.timeout)?;
        let headers = target.headers.clone();
        Ok(Self { agent, url: target.url.to_string(), headers, about, gzip: target.gzip })
    }

    pub(super) fn profiles(target: &ProfileTarget) -> Result<Self, ConfigError> {
        let about = &[("content-type", "application/proto"), ("connect-protocol-version", "1")];
        let agent = agent(&Tls::default(), PROFILE_TIMEOUT)?;
        // A profile is compressed already.
        Ok(Self { agent, url: target.url.to_string(), headers: target.headers.clone(), about, gzip: false })
    }

    /// Sends a body; `partial` reads the answer to it.
    pub(super) fn send(&mut self, body: &[u8], partial: impl Fn(&[u8]) -> Option<Partial>) -> Outcome {
        let mut request = self.agent.post(&self.url);
        for (name, value) in self.about {
            request = request.header(*name, *value);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value.reveal());
        }
        let packed = if self.gzip { stallscope_pprof::gzip(body).ok() } else { None };
        if packed.is_some() {
            request = request.header("content-encoding", "gzip");
        }
        let mut answer = match request.send(packed.as_deref().unwrap_or(body)) {
            Ok(answer) => answer,
            Err(error) => return Outcome::Retry { after: None, why: self.told(&error.to_string()) },
        };
        let status = answer.status();
        let after = answer
            .headers()
            .get("retry-after")
            .and_then(|value| retry_after(value.to_str().ok()?, SystemTime::now()));
        let content = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
        let is_page = content.is_some_and(|content| content.trim_start().starts_with("text/html"));
        let text = answer.body_mut().with_config().limit(MOST_ANSWER_BYTES).read_to_vec().unwrap_or_default();
        if status.is_success() && is_page {
            // The door of a proxy, or of a network, says yes to everything.
            let why =
                self.told(&format!("it answered {status} with a page for people: is that a collector?"));
            return Outcome::Held { why };
        }
        if status.is_success() {
            let (rejected, message) = partial(&text).unwrap_or_default();
            let message = self.told(&message);
            let rejected = u64::try_from(rejected).unwrap_or(0);
            return Outcome::Accepted { rejected, message: (!message.is_empty()).then_some(message) };
        }
        let why = self.told(&format!("it answered {status}"));
        match status.as_u16() {
            429 | 502 | 503 | 504 => Outcome::Retry { after, why },
            401 | 403 | 404 | 405 | 407 | 300..=399 => Outcome::Held { why },
            _ if text.is_empty() => Outcome::Refused { why },
            _ => Outcome::Refused { why: self.told(&format!("{why}: {}", readable(&text))) },
        }
    }

    fn told(&self, text: &str) -> String {
        words(text, &self.headers)
    }
}

fn agent(tls: &Tls, timeout: Duration) -> Result<Agent, ConfigError> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        // Another host is another destination, and headers are for this one.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(timeout))
        .user_agent(concat!("stallscope/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls::for_http(tls)?)
        .build();
    Ok(config.new_agent())
}

/// The text of an answer that says no. It may be a `google.rpc.Status`, whose message is in the midst of other bytes.
fn readable(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().filter(|letter| *letter != char::REPLACEMENT_CHARACTER).collect()
}

/// A `Retry-After` that came at `now`: seconds, or a date.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    httpdate::parse_http_date(value).ok().map(|date| date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_wait_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("-1", now), None);
    }
}
