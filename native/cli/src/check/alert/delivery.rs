//! A message on its way: tried again where that may help, and given up in time.
//!
//! Beside the export the one place of all of Stallscope that sends something off the machine. What went wrong is told in words of ours: those of
//! the library, and those of the receiver, may repeat the address.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use stallscope_export::retry_after;
use ureq::config::AutoHeaderValue;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Error};

use super::address::Address;

/// A receiver that takes longer is asked again.
const ATTEMPT: Duration = Duration::from_secs(10);
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(16);
const LOOK: Duration = Duration::from_millis(100);

/// What came of one attempt.
#[derive(Debug, PartialEq, Eq)]
enum Attempt {
    /// The receiver has taken it.
    Taken,
    /// The next one may succeed; not before this time, if the receiver named one.
    Later(String, Option<Duration>),
    /// Another one would come to the same.
    Never(String),
}

/// It did not arrive, as far as is known.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why} (attempts: {attempts})")]
pub struct Undelivered {
    why: String,
    attempts: u32,
}

/// Posts JSON; how many attempts it took.
pub fn deliver(
    address: &Address,
    json: &str,
    within: Duration,
    stop: &AtomicBool,
) -> Result<u32, Undelivered> {
    let began = Instant::now();
    let agent = agent(address);
    let mut attempts = 0;
    loop {
        let left = within.saturating_sub(began.elapsed());
        attempts += 1;
        match post(&agent, address, json, left.min(ATTEMPT)) {
            Attempt::Taken => return Ok(attempts),
            Attempt::Never(why) => return Err(Undelivered { why, attempts }),
            Attempt::Later(why, not_before) => {
                let wait = wait(attempts).max(not_before.unwrap_or_default());
                if wait >= within.saturating_sub(began.elapsed()) {
                    let why = match not_before {
                        Some(asked) if asked >= within => {
                            format!(
                                "{why}, and asks to wait {} s: that is longer than was allowed",
                                asked.as_secs()
                            )
                        }
                        _ => format!("{why}; given up within {} s", within.as_secs()),
                    };
                    return Err(Undelivered { why, attempts });
                }
                if !slept(wait, stop) {
                    return Err(Undelivered { why: format!("{why}; stopped"), attempts });
                }
            }
        }
    }
}

/// Whether nobody wanted it to stop meanwhile.
fn slept(wait: Duration, stop: &AtomicBool) -> bool {
    let until = Instant::now() + wait;
    while Instant::now() < until && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK.min(until.saturating_duration_since(Instant::now())));
    }
    !stop.load(Ordering::Relaxed)
}

/// How long after so many attempts: 1 s, 2 s, 4 s …
fn wait(attempts: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << (attempts - 1).min(8)).min(LONGEST_WAIT)
}

fn agent(address: &Address) -> Agent {
    let config = Agent::config_builder()
        // What the machine trusts, so that the authority of a company counts.
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .https_only(!address.is_here())
        // A redirect would carry the message to somebody who was not named.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(AutoHeaderValue::Provided(format!("stallscope/{}", env!("CARGO_PKG_VERSION")).into()));
    // Otherwise the proxy of the environment counts.
    if address.is_here() { config.proxy(None) } else { config }.build().into()
}

fn post(agent: &Agent, address: &Address, json: &str, within: Duration) -> Attempt {
    let request = agent.post(address.secret()).content_type("application/json");
    match request.config().timeout_global(Some(within)).build().send(json) {
        Ok(response) => {
            let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
            answered(
                response.status().as_u16(),
                after.and_then(|after| retry_after(after, SystemTime::now())),
            )
        }
        Err(error) => failed(&error),
    }
}

fn answered(status: u16, not_before: Option<Duration>) -> Attempt {
    match status {
        200..=299 => Attempt::Taken,
        300..=399 => Attempt::Never(format!("it answered with a redirect ({status}), which is not followed")),
        408 | 429 | 500..=599 => Attempt::Later(format!("it answered {status}"), not_before),
        _ => Attempt::Never(format!("it answered {status}: is the address still the right one?")),
    }
}

fn failed(error: &Error) -> Attempt {
    let later = |why: &str| Attempt::Later(why.to_owned(), None);
    match error {
        Error::Timeout(_) => later("it did not answer in time"),
        Error::HostNotFound => later("its name is not known here"),
        Error::ConnectionFailed => later("it cannot be reached"),
        Error::ConnectProxyFailed(_) => later("the proxy of the environment does not let us through"),
        Error::Rustls(error) => untrusted(error),
        Error::Io(io) => match io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) => untrusted(error),
            None if io.kind() == ErrorKind::InvalidInput => Attempt::Never("it cannot be reached".to_owned()),
            None => later(&format!("it cannot be reached: {}", io.kind())),
        },
        Error::Protocol(_) => later("it does not speak HTTP"),
        _ => Attempt::Never("the request could not be made".to_owned()),
    }
}

/// The library's words name hosts and certificates, never the address.
fn untrusted(error: &rustls::Error) -> Attempt {
    Attempt::Never(match error {
        rustls::Error::InvalidCertificate(_) => format!(
            "this machine does not trust it ({error}): nothing was sent. Add the authority that signed its certificate to \
             those of the system, or name a file with it in SSL_CERT_FILE"
        ),
        _ => format!("there is no safe connection to it: {error}"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let minute = Some(Duration::from_secs(60));
        assert_eq!(answered(204, None), Attempt::Taken);
        for status in [408, 429, 500, 502, 503] {
            assert_eq!(answered(status, minute), Attempt::Later(format!("it answered {status}"), minute));
        }
        for status in [301, 307, 400, 403, 404, 410, 600] {
            assert!(matches!(answered(status, minute), Attempt::Never(_)), "{status}");
        }
    }

    #[test]
    fn the_waits_grow_and_end() {
        let seconds: Vec<u64> = [1, 2, 3, 4, 5, 6, 400].map(|attempts| wait(attempts).as_secs()).to_vec();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 16, 16]);
    }

    #[test]
    fn errors_that_would_repeat_the_address_do_not() {
        for error in [
            Error::BadUri("https://h/s3cret".into()),
            Error::RequireHttpsOnly("http://h/s3cret".into()),
            Error::ConnectProxyFailed("s3cret".into()),
            Error::Io(std::io::Error::other("https://h/s3cret")),
            Error::Other("s3cret".into()),
        ] {
            assert!(!format!("{:?}", failed(&error)).contains("s3cret"), "{error:?}");
        }
    }
}
