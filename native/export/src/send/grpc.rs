//! A request over gRPC.

use std::error::Error;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;
use tokio::runtime::{Builder, Runtime};
use tonic::codec::CompressionEncoding::Gzip;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};
use tonic::transport::Endpoint;
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt;

use super::answer::{Partial, of_logs, of_metrics, of_traces};
use super::{Outcome, tls, words};
use crate::config::{ConfigError, Secret, Signal, Target};

/// A channel to one address. It connects when something is sent.
pub(super) struct Channel {
    runtime: Runtime,
    channel: tonic::transport::Channel,
    headers: Vec<(String, Secret)>,
    gzip: bool,
    timeout: Duration,
}

/// Calls the client of one signal: they differ in their types alone.
macro_rules! export {
    ($client:ident, $of:path, $channel:expr, $body:expr) => {{
        // Collectors compress their answers when they are sent something compressed.
        let client = $client::new($channel.channel.clone()).accept_compressed(Gzip);
        let mut client = if $channel.gzip { client.send_compressed(Gzip) } else { client };
        let message = Message::decode($body).map_err(|error| Status::invalid_argument(error.to_string()))?;
        client.export($channel.request(message)).await.map(Response::into_inner).map($of)
    }};
}

impl Channel {
    pub(super) fn new(target: &Target) -> Result<Self, ConfigError> {
        let address = target.url.as_str();
        let wrong = |error: &dyn std::fmt::Display| ConfigError::Address {
            name: "the endpoint".to_owned(),
            value: target.shown(),
            why: error.to_string(),
        };
        let mut endpoint = Endpoint::from_shared(address.to_owned())
            .map_err(|error| wrong(&error))?
            .connect_timeout(target.timeout)
            .timeout(target.timeout);
        if target.url.scheme() == "https" {
            endpoint = endpoint.tls_config(tls::for_grpc(&target.tls)?).map_err(|error| wrong(&error))?;
        }
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| wrong(&error))?;
        let channel = {
            let _inside = runtime.enter();
            endpoint.connect_lazy()
        };
        let headers = target.headers.clone();
        Ok(Self { runtime, channel, headers, gzip: target.gzip, timeout: target.timeout })
    }

    pub(super) fn send(&mut self, signal: Signal, body: &[u8]) -> Outcome {
        let answer = self.runtime.block_on(async {
            let late = || Status::deadline_exceeded(format!("no answer within {:?}", self.timeout));
            tokio::time::timeout(self.timeout, self.export(signal, body))
                .await
                .unwrap_or_else(|_| Err(late()))
        });
        match answer {
            Ok(partial) => {
                let (rejected, message) = partial.unwrap_or_default();
                let message = words(&message, &self.headers);
                let rejected = u64::try_from(rejected).unwrap_or(0);
                Outcome::Accepted { rejected, message: (!message.is_empty()).then_some(message) }
            }
            Err(status) => self.judge(&status),
        }
    }

    async fn export(&self, signal: Signal, body: &[u8]) -> Result<Option<Partial>, Status> {
        match signal {
            Signal::Traces => export!(TraceServiceClient, of_traces, self, body),
            Signal::Logs => export!(LogsServiceClient, of_logs, self, body),
            Signal::Metrics => export!(MetricsServiceClient, of_metrics, self, body),
        }
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        for (name, value) in &self.headers {
            // They were checked to be headers; `-bin` alone means something else in gRPC.
            let name = AsciiMetadataKey::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(mut value)) = (name, AsciiMetadataValue::try_from(value.reveal())) {
                value.set_sensitive(true);
                request.metadata_mut().insert(name, value);
            }
        }
        request
    }

    fn judge(&self, status: &Status) -> Outcome {
        // What never came from the other side has a cause on ours: a connection that failed or broke.
        let broken = status.source().is_some();
        let code = status.code();
        let mut text = format!("gRPC {code:?}: {}", status.message());
        let mut cause = status.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        let why = words(&text, &self.headers);
        let after = status.get_details_retry_info().and_then(|info| info.retry_delay);
        match code {
            Code::ResourceExhausted if after.is_none() && !broken => Outcome::Refused { why },
            Code::Cancelled
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss => Outcome::Retry { after, why },
            _ if broken => Outcome::Retry { after, why },
            Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented | Code::NotFound => {
                Outcome::Held { why }
            }
            _ => Outcome::Refused { why },
        }
    }
}
