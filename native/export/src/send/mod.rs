//! One request to its destination, and what became of it, as the OTLP specification divides that.

mod answer;
mod grpc;
mod http;
mod pyroscope;
mod tls;

use std::time::Duration;

pub use http::retry_after;
pub use pyroscope::push_request;

use crate::config::{ConfigError, Destination, Protocol, Secret, Signal, Target};
use crate::spool::Kind;

/// A destination's own words are cut: they are for a person to read.
const MOST_WORDS: usize = 300;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived. Some of it may have been left out there, which is said.
    Accepted {
        /// How many spans, log records or data points were left out there.
        rejected: u64,
        /// Why, or a warning.
        message: Option<String>,
    },
    /// Nobody can know whether it arrived, or the other side asks for another time: it is to be sent again.
    Retry {
        /// Not before.
        after: Option<Duration>,
        /// Why, for a person.
        why: String,
    },
    /// Nothing is taken from us there: a token, an address or a protocol is wrong. The data is not to blame, so it waits.
    Held {
        /// Why, for a person.
        why: String,
    },
    /// This request will never be taken.
    Refused {
        /// Why, for a person.
        why: String,
    },
}

/// Sends to one destination. Connections are kept.
pub struct Sender {
    signals: Vec<(Signal, Way)>,
    profiles: Option<http::Post>,
}

enum Way {
    Http(http::Post),
    // Several times as large.
    Grpc(Box<grpc::Channel>),
}

impl Sender {
    /// Gets ready; nothing is connected yet.
    ///
    /// # Errors
    /// A certificate cannot be read.
    pub fn new(destination: &Destination) -> Result<Self, ConfigError> {
        let way = |target: &Target| {
            Ok(match target.protocol {
                Protocol::HttpProtobuf => Way::Http(http::Post::otlp(target)?),
                Protocol::Grpc => Way::Grpc(Box::new(grpc::Channel::new(target)?)),
            })
        };
        let signals = destination.targets.iter().map(|(signal, target)| Ok((*signal, way(target)?)));
        let profiles = destination.profiles.as_ref().map(http::Post::profiles).transpose()?;
        Ok(Self { signals: signals.collect::<Result<_, ConfigError>>()?, profiles })
    }

    /// Sends what waits in a spool; `None` when its signal is switched off.
    pub fn send(&mut self, kind: Kind, body: &[u8]) -> Option<Outcome> {
        match kind {
            Kind::Traces => self.send_signal(Signal::Traces, body),
            Kind::Logs => self.send_signal(Signal::Logs, body),
            Kind::Profile(_) => self.profiles.as_mut().map(|post| post.send(body, answer::any)),
        }
    }

    /// Sends metrics; `None` when they are switched off.
    pub fn send_metrics(&mut self, body: &[u8]) -> Option<Outcome> {
        self.send_signal(Signal::Metrics, body)
    }

    fn send_signal(&mut self, signal: Signal, body: &[u8]) -> Option<Outcome> {
        let (_, way) = self.signals.iter_mut().find(|(of, _)| *of == signal)?;
        Some(match way {
            Way::Http(post) => post.send(body, |answer| answer::partial(signal, answer)),
            Way::Grpc(channel) => channel.send(signal, body),
        })
    }
}

/// A destination's words, as they may be shown: no line breaks, not endless, and without what it was told in secret.
fn words(text: &str, headers: &[(String, Secret)]) -> String {
    let mut text: String =
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    for (_, secret) in headers {
        // `Bearer TOKEN` is repeated as `TOKEN` alone.
        for part in std::iter::once(secret.reveal()).chain(secret.reveal().split_whitespace()) {
            if part.len() >= 4 {
                text = text.replace(part, "(secret)");
            }
        }
    }
    let mut text = text.trim().to_owned();
    if let Some((end, _)) = text.char_indices().nth(MOST_WORDS) {
        text.truncate(end);
        text.push('…');
    }
    text
}
