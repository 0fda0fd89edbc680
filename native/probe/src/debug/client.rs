//! One connection to a debug server, kept open between requests.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes as Chunk, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use stallscope_core::goroutines::{self, Goroutines};
use stallscope_core::metrics::{self, Metrics};
use stallscope_core::model::Bytes;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout_at;

use super::info::{self, ServerInfo};
use super::tap::{Ear, Tap};
use super::{DebugError, Endpoint, Limits, Phase};

/// Head of the answer and read buffer. Go's servers send a head of 200 bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Reads pages of one debug server, one at a time. It lives within a tokio runtime.
pub struct DebugClient {
    address: SocketAddr,
    connection: Option<Connection>,
}

/// How a request went. The bytes themselves went to the sink as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Which page.
    pub endpoint: Endpoint,
    /// When the request was written; `None` when there was no connection.
    pub sent: Option<Instant>,
    /// When the first byte of the answer came.
    pub first_byte: Option<Instant>,
    /// When the last byte came, or it was given up.
    pub done: Instant,
    /// Bytes of the body that the sink has taken, also when the request failed later.
    pub bytes: Bytes,
    /// Whether the page is whole.
    pub outcome: Result<(), DebugError>,
}

impl Fetch {
    /// How long gopls had the request open.
    pub fn open_for(&self) -> Duration {
        self.sent.map_or(Duration::ZERO, |sent| self.done.saturating_duration_since(sent))
    }
}

struct Connection {
    sender: SendRequest<Empty<Chunk>>,
    ear: Ear,
    driver: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Closes the socket, so that gopls does not go on writing to nobody.
        self.driver.abort();
    }
}

impl DebugClient {
    /// A client for an address on the loopback interface. Nothing is connected yet.
    pub fn new(address: SocketAddr) -> Result<Self, DebugError> {
        if !address.ip().to_canonical().is_loopback() {
            return Err(DebugError::NotLoopback(address));
        }
        Ok(Self::trusting(address))
    }

    /// A client for any address: for a socket that is known to belong to a process of this machine.
    pub fn trusting(address: SocketAddr) -> Self {
        Self { address, connection: None }
    }

    /// Another client for the same server, with a connection of its own: for a capture beside the polling.
    pub fn another(&self) -> Self {
        Self::trusting(self.address)
    }

    /// Where to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reads a page into `sink`, which gets each piece as it arrives and may refuse it (a full disk).
    ///
    /// Cancelling the returned future closes the connection.
    pub async fn get<S>(&mut self, endpoint: Endpoint, limits: &Limits, sink: S) -> Fetch
    where
        S: FnMut(&[u8]) -> io::Result<()>,
    {
        self.get_unless(std::future::pending(), endpoint, limits, sink).await
    }

    /// The same, until `cancelled` is ready: then what has come is there, and the outcome says that it was cancelled.
    pub async fn get_unless<S>(
        &mut self,
        cancelled: impl Future<Output = ()>,
        endpoint: Endpoint,
        limits: &Limits,
        sink: S,
    ) -> Fetch
    where
        S: FnMut(&[u8]) -> io::Result<()>,
    {
        let mut fetch =
            Fetch { endpoint, sent: None, first_byte: None, done: Instant::now(), bytes: 0, outcome: Ok(()) };
        // Taken out while in use: whatever goes wrong, a connection in an unknown state is not used again.
        let mut connection = self.connection.take();
        fetch.outcome = tokio::select! {
            biased;
            outcome = self.exchange(&mut connection, limits, sink, &mut fetch) => outcome,
            () = cancelled => Err(DebugError::Cancelled),
        };
        fetch.done = Instant::now();
        if fetch.outcome.is_ok() {
            self.connection = connection;
        }
        fetch
    }

    /// Reads a page whole into memory.
    pub async fn page(&mut self, endpoint: Endpoint, limits: &Limits) -> (Fetch, Vec<u8>) {
        let mut page = Vec::new();
        let fetch = self
            .get(endpoint, limits, |piece| {
                page.extend_from_slice(piece);
                Ok(())
            })
            .await;
        (fetch, page)
    }

    /// Polls the counters. `version` is gopls's, when known.
    pub async fn metrics(&mut self, version: Option<&str>) -> (Fetch, Option<Metrics>) {
        self.parsed(Endpoint::Metrics, |text| metrics::parse(text, version).map_err(|error| error.0)).await
    }

    /// Reads what gopls's goroutines do.
    pub async fn goroutines(&mut self) -> (Fetch, Option<Goroutines>) {
        self.parsed(Endpoint::Goroutines, |text| goroutines::parse(text).map_err(|error| error.0)).await
    }

    /// Asks who serves this.
    pub async fn info(&mut self) -> (Fetch, Option<ServerInfo>) {
        self.parsed(Endpoint::Info, info::parse).await
    }

    async fn parsed<T>(
        &mut self,
        endpoint: Endpoint,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> (Fetch, Option<T>) {
        let (mut fetch, page) = self.page(endpoint, &Limits::POLL).await;
        if fetch.outcome.is_err() {
            return (fetch, None);
        }
        match parse(&String::from_utf8_lossy(&page)) {
            Ok(value) => (fetch, Some(value)),
            Err(said) => {
                fetch.outcome = Err(DebugError::NotGopls { said });
                (fetch, None)
            }
        }
    }

    async fn exchange<S>(
        &self,
        connection: &mut Option<Connection>,
        limits: &Limits,
        mut sink: S,
        fetch: &mut Fetch,
    ) -> Result<(), DebugError>
    where
        S: FnMut(&[u8]) -> io::Result<()>,
    {
        let end = Deadline::after(limits.total);
        let response = loop {
            let reused = connection.as_ref().is_some_and(|known| known.sender.is_ready());
            let used = match connection {
                Some(known) if reused => known,
                _ => connection.insert(self.connect(limits, end).await?),
            };
            used.ear.forget();
            fetch.sent = Some(Instant::now());
            let answer = self.ask(used, fetch.endpoint, limits, end).await;
            fetch.first_byte = used.ear.first_byte();
            match answer {
                // The server had closed the idle connection; that is no failure of the request.
                Err(DebugError::Closed { .. }) if reused && fetch.first_byte.is_none() => *connection = None,
                answer => break answer?,
            }
        };
        if response.status() != StatusCode::OK {
            return Err(DebugError::HttpStatus(response.status().as_u16()));
        }
        let mut body = response.into_body();
        loop {
            let Some(frame) = end.limit(Phase::Body, body.frame()).await? else { return Ok(()) };
            let frame = frame.map_err(|_| DebugError::Closed { received_bytes: fetch.bytes })?;
            let Some(piece) = frame.data_ref() else { continue };
            let room = usize::try_from(limits.max_bytes - fetch.bytes).unwrap_or(usize::MAX);
            let kept = &piece[..piece.len().min(room)];
            sink(kept).map_err(|error| DebugError::Sink(error.to_string()))?;
            fetch.bytes += kept.len() as Bytes;
            if kept.len() < piece.len() {
                return Err(DebugError::TooLarge { limit_bytes: limits.max_bytes });
            }
        }
    }

    async fn connect(&self, limits: &Limits, end: Deadline) -> Result<Connection, DebugError> {
        let address = self.address;
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::ConnectionRefused => DebugError::Refused(address),
            _ => DebugError::Connect { address, reason: error.to_string() },
        };
        let connecting = TcpStream::connect(address);
        let stream = end.or_after(limits.connect).limit(Phase::Connect, connecting).await?.map_err(failed)?;
        // A request is one small write: waiting for more only delays it.
        stream.set_nodelay(true).map_err(failed)?;
        let ear = Ear::default();
        let tap = Tap { stream, ear: ear.clone() };
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(MAX_HEAD_BYTES)
            .handshake(TokioIo::new(tap))
            .await
            .map_err(|error| DebugError::Connect { address, reason: error.to_string() })?;
        // How the connection ended is seen by the request on it.
        let driver = tokio::spawn(async move { drop(driver.await) }).abort_handle();
        Ok(Connection { sender, ear, driver })
    }

    /// Sends the request and waits for the head of the answer.
    async fn ask(
        &self,
        connection: &mut Connection,
        endpoint: Endpoint,
        limits: &Limits,
        end: Deadline,
    ) -> Result<Response<Incoming>, DebugError> {
        let request = Request::get(&*endpoint.path())
            .header(header::HOST, self.address.to_string())
            .body(Empty::new())
            .map_err(|error| DebugError::Connect { address: self.address, reason: error.to_string() })?;
        let answer = connection.sender.send_request(request);
        let answer = end.or_after(limits.first_byte).limit(Phase::FirstByte, answer).await;
        let heard = connection.ear.first_byte().is_some();
        match answer {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(match connection.ear.other_protocol() {
                Some(said) => DebugError::NotGopls { said },
                None if error.is_parse() => DebugError::BadHead(error.to_string()),
                None => DebugError::Closed { received_bytes: 0 },
            }),
            // The head drips: it is not that nothing came.
            Err(DebugError::Timeout { after, .. }) if heard => {
                Err(DebugError::Timeout { phase: Phase::Body, after })
            }
            Err(error) => Err(error),
        }
    }
}

/// A moment, and how far it was away when it was set: the latter for the message.
#[derive(Clone, Copy)]
struct Deadline {
    at: Instant,
    after: Duration,
}

impl Deadline {
    fn after(after: Duration) -> Self {
        Self { at: Instant::now() + after, after }
    }

    /// The earlier of this and one that starts now.
    fn or_after(self, after: Duration) -> Self {
        let other = Self::after(after);
        if other.at < self.at { other } else { self }
    }

    async fn limit<T>(self, phase: Phase, future: impl Future<Output = T>) -> Result<T, DebugError> {
        timeout_at(self.at.into(), future).await.map_err(|_| DebugError::Timeout { phase, after: self.after })
    }
}
