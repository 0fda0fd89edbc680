//! Receives gopls's own spans: the server that a gopls with `-otel` posts to, and what is kept of them.
//!
//! The flag is in the user's settings, so the gopls of every window posts to one port, and only one window can have it.
//! That one, the host, serves the port, and passes on what comes from other windows' gopls over a socket in a folder that
//! only this user can enter (`relay.rs`). Having the port is what makes a window the host: there is no other lock to be
//! left behind by a crash. When it closes, the system gives the port back, the others' connections to it end, and the
//! first of them to open the port is the next host. What gopls posts in between, some tenths of a second, is lost.
//!
//! All of it runs on a thread of its own, because a body of 1.5 MB must not keep the watcher from its samples.

mod host;
mod inbox;
mod peer;
mod relay;
mod runtime_dir;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use stallscope_core::model::{Ns, SpansState, SpansView};
use stallscope_core::spans::SpanRecord;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::clock::Clock;
use inbox::Inbox;
pub use runtime_dir::runtime_dir;

/// The path below which gopls posts, so that the flag we write is known from one of the user's own.
pub const PATH: &str = "/stallscope";
/// Until the port is tried again.
const RETRY: Duration = Duration::from_millis(300);

/// What is wanted of the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    port: Option<u16>,
    /// This window's gopls.
    pid: Option<u32>,
    over: bool,
}

/// The receiver of one window. It does nothing before it is given a port.
#[derive(Debug)]
pub struct SpanReceiver {
    inbox: Arc<Inbox>,
    wanted: watch::Sender<Wanted>,
    folder: PathBuf,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl SpanReceiver {
    /// A receiver that keeps time by `clock` and meets other windows in `folder` (see [`runtime_dir`]).
    pub fn new(clock: Clock, folder: PathBuf) -> Self {
        let wanted = Wanted { port: None, pid: None, over: false };
        Self {
            inbox: Arc::new(Inbox::new(clock)),
            wanted: watch::Sender::new(wanted),
            folder,
            thread: Mutex::new(None),
        }
    }

    /// The port to receive on; `None` ends it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn set_port(&self, port: Option<u16>) -> std::io::Result<()> {
        let changed = self.wanted.send_if_modified(|wanted| {
            let changed = wanted.port != port && !wanted.over;
            if changed {
                wanted.port = port;
            }
            changed
        });
        if changed {
            let state = if port.is_some() { SpansState::Starting } else { SpansState::Off };
            self.inbox.set_state(state, port);
        }
        let mut thread = self.thread();
        if changed && thread.is_none() {
            let (inbox, wanted, folder) =
                (Arc::clone(&self.inbox), self.wanted.subscribe(), self.folder.clone());
            let body = move || run(&inbox, wanted, &folder);
            *thread = Some(std::thread::Builder::new().name("stallscope-spans".into()).spawn(body)?);
        }
        Ok(())
    }

    /// Whose spans are ours. What was kept of an earlier gopls goes.
    pub fn set_gopls(&self, pid: Option<u32>) {
        let changed = self.wanted.send_if_modified(|wanted| std::mem::replace(&mut wanted.pid, pid) != pid);
        if changed {
            self.inbox.set_gopls(pid);
        }
    }

    /// Whether anything may come.
    pub fn is_on(&self) -> bool {
        self.wanted.borrow().port.is_some()
    }

    /// How it stands.
    pub fn view(&self) -> SpansView {
        self.inbox.view()
    }

    /// What has come that lies in a time.
    pub fn record(&self, from_ns: Ns, to_ns: Ns) -> SpanRecord {
        self.inbox.record(from_ns, to_ns)
    }

    /// Ends it; the port is free afterwards.
    pub fn stop(&self) {
        self.wanted.send_modify(|wanted| *wanted = Wanted { port: None, over: true, ..*wanted });
        self.inbox.set_state(SpansState::Off, None);
        if let Some(thread) = self.thread().take() {
            let _ = thread.join();
        }
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread. A panic in it costs the spans, not the watching.
fn run(inbox: &Arc<Inbox>, mut wanted: watch::Receiver<Wanted>, folder: &std::path::Path) {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(serve(inbox, &mut wanted, folder));
        Ok::<_, std::io::Error>(())
    }));
    let why = match outcome {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(panic) => crate::panic_text(panic.as_ref()),
    };
    inbox.set_state(SpansState::Taken { why }, wanted.borrow().port);
}

async fn serve(inbox: &Arc<Inbox>, wanted: &mut watch::Receiver<Wanted>, folder: &std::path::Path) {
    loop {
        let Wanted { port, over, .. } = *wanted.borrow_and_update();
        if over {
            return;
        }
        let pids = wanted.clone();
        let changed = async {
            // A change of the process alone is the host's or the guest's business.
            while wanted.changed().await.is_ok() {
                let now = *wanted.borrow_and_update();
                if now.port != port || now.over {
                    return false;
                }
            }
            true
        };
        let gone = match port {
            Some(port) => tokio::select! {
                biased;
                gone = changed => gone,
                never = receive(inbox, pids, port, folder) => match never {},
            },
            None => changed.await,
        };
        if gone {
            return;
        }
    }
}

/// Receives on the port, as its host or as the guest of the window that is, until it is dropped.
async fn receive(
    inbox: &Arc<Inbox>,
    wanted: watch::Receiver<Wanted>,
    port: u16,
    folder: &std::path::Path,
) -> std::convert::Infallible {
    let meeting_point = runtime_dir::checked(folder).map(|folder| folder.join(format!("spans-{port}.sock")));
    loop {
        let why = match (TcpListener::bind(("127.0.0.1", port)).await, &meeting_point) {
            (Ok(listener), meeting_point) => {
                inbox.set_state(SpansState::Here, Some(port));
                host::serve(inbox, wanted.clone(), listener, meeting_point.as_deref().ok()).await
            }
            (Err(error), Ok(meeting_point)) if error.kind() == std::io::ErrorKind::AddrInUse => {
                match relay::join(inbox, wanted.clone(), port, meeting_point).await {
                    // The host has gone: its port may be ours now, at once.
                    Ok(()) => continue,
                    Err(no_host) => format!("{error}; no window of this user serves it: {no_host}"),
                }
            }
            (Err(error), Ok(_)) => error.to_string(),
            (Err(error), Err(no_folder)) => format!("{error}; {no_folder}"),
        };
        inbox.set_state(SpansState::Taken { why }, Some(port));
        tokio::time::sleep(RETRY).await;
    }
}

impl Drop for SpanReceiver {
    fn drop(&mut self) {
        // Not joined: whoever drops us may be the JavaScript thread.
        self.wanted.send_modify(|wanted| *wanted = Wanted { port: None, over: true, ..*wanted });
    }
}
