//! The window that has the port: takes what its own gopls posts, and passes on what others' do.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use stallscope_core::spans::MOST_BODY_BYTES;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout};

use super::inbox::Inbox;
use super::relay::{self, Guests};
use super::{PATH, Wanted, peer};

/// A gopls has one connection; there are not so many windows.
const MOST_CONNECTIONS: usize = 64;
/// A gopls posts twice in two seconds.
const MOST_POSTS_PER_SECOND: u32 = 100;
/// A request line and headers; gopls's take 200 bytes.
const MOST_HEAD_BYTES: usize = 16 << 10;
/// For a head to come, which is also how long a connection may be idle. gopls opens another when it needs one.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// For a body to come. gopls itself gives up after ten seconds.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// What the connections share. All on one thread.
struct Host {
    inbox: Arc<Inbox>,
    wanted: watch::Receiver<Wanted>,
    guests: Rc<Guests>,
    connections: Cell<usize>,
    /// Posts in the second that began then.
    posts: Cell<(Instant, u32)>,
}

/// Serves until it is dropped, or the port fails: then it says how.
pub(super) async fn serve(
    inbox: &Arc<Inbox>,
    wanted: watch::Receiver<Wanted>,
    listener: TcpListener,
    meeting_point: Option<&Path>,
) -> String {
    let host = Rc::new(Host {
        inbox: Arc::clone(inbox),
        wanted,
        guests: Rc::default(),
        connections: Cell::new(0),
        posts: Cell::new((Instant::now(), 0)),
    });
    // Dropped with this, connections and all.
    let tasks = LocalSet::new();
    tasks
        .run_until(async {
            if let Some(meeting_point) = meeting_point {
                tokio::task::spawn_local(relay::host(Rc::clone(&host.guests), meeting_point.to_owned()));
            }
            loop {
                match listener.accept().await {
                    Ok((stream, theirs)) => Rc::clone(&host).connected(stream, theirs),
                    // Too many open files, most likely: it may pass, and must not spin until then.
                    Err(error) if error.kind() != std::io::ErrorKind::ConnectionAborted => {
                        return error.to_string();
                    }
                    Err(_) => {}
                }
            }
        })
        .await
}

impl Host {
    fn connected(self: Rc<Self>, stream: TcpStream, theirs: SocketAddr) {
        if self.connections.get() >= MOST_CONNECTIONS {
            self.inbox.refuse();
            return;
        }
        let Ok(ours) = stream.local_addr() else { return };
        self.connections.set(self.connections.get() + 1);
        tokio::task::spawn_local(async move {
            let owner: RefCell<Option<u32>> = RefCell::new(None);
            let service = service_fn(|request| self.answer(request, &owner, theirs, ours));
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_DEADLINE)
                .max_buf_size(MOST_HEAD_BYTES)
                .serve_connection(TokioIo::new(stream), service);
            // A connection that ends badly is its sender's loss.
            let _ = served.await;
            self.connections.set(self.connections.get() - 1);
        });
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        owner: &RefCell<Option<u32>>,
        theirs: SocketAddr,
        ours: SocketAddr,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let status = match self.take(request, owner, theirs, ours).await {
            Ok(()) => StatusCode::OK,
            Err(status) => {
                self.inbox.refuse();
                status
            }
        };
        let mut response = Response::new(Full::new(Bytes::from_static(b"{}")));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
        Ok(response)
    }

    /// Takes what was posted, or says with which status it is not taken.
    async fn take(
        &self,
        request: Request<Incoming>,
        owner: &RefCell<Option<u32>>,
        theirs: SocketAddr,
        ours: SocketAddr,
    ) -> Result<(), StatusCode> {
        let what = request.uri().path().strip_prefix(PATH);
        let spans = match (request.method(), what) {
            (&Method::POST, Some("/v1/traces")) => true,
            // Its counters are read elsewhere. gopls posts them all the same, and is not to complain.
            (&Method::POST, Some("/v1/metrics")) => false,
            (_, Some("/v1/traces" | "/v1/metrics")) => return Err(StatusCode::METHOD_NOT_ALLOWED),
            _ => return Err(StatusCode::NOT_FOUND),
        };
        if !self.in_time() {
            return Err(StatusCode::TOO_MANY_REQUESTS);
        }
        let known = || self.known();
        let who = *owner.borrow();
        let pid = match who.filter(|pid| known().contains(pid)) {
            Some(pid) => pid,
            None => peer::owner(theirs, ours, known).await.ok_or(StatusCode::FORBIDDEN)?,
        };
        *owner.borrow_mut() = Some(pid);
        // gopls compresses nothing, so whoever does is none.
        if request.headers().contains_key(CONTENT_ENCODING) {
            return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        }
        let body = whole(request.into_body()).await?;
        if !spans {
            return Ok(());
        }
        // Two windows may share a gopls (`-remote`): it is both windows' then.
        let passed_on = self.guests.pass_on(pid, &body);
        let taken = self.wanted.borrow().pid == Some(pid) && self.inbox.take(pid, &body);
        if taken || passed_on { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
    }

    fn known(&self) -> Vec<u32> {
        let own = self.wanted.borrow().pid;
        own.into_iter().chain(self.guests.pids()).collect()
    }

    fn in_time(&self) -> bool {
        let (since, count) = self.posts.get();
        let (since, count) =
            if since.elapsed() >= Duration::from_secs(1) { (Instant::now(), 0) } else { (since, count) };
        self.posts.set((since, count + 1));
        count < MOST_POSTS_PER_SECOND
    }
}

/// The body, within its bounds.
async fn whole(body: Incoming) -> Result<Bytes, StatusCode> {
    if body.size_hint().lower() > MOST_BODY_BYTES as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match timeout(BODY_DEADLINE, Limited::new(body, MOST_BODY_BYTES).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}
