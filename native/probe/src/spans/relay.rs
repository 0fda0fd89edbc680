//! Between the window that has the port and the others: a socket in the user's own folder.
//!
//! A guest says which gopls is its own, as a line with its pid, again whenever that changes (`0`: none). The host answers
//! with bodies as gopls posted them, each behind its length in four bytes.

#[cfg(unix)]
pub(super) use unix::{host, join};

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use hyper::body::Bytes;
use tokio::sync::mpsc;

/// Bodies on their way to one guest. It takes them in milliseconds; when it does not, later ones are lost to it.
const MOST_WAITING: usize = 16;

/// The other windows, by a number of ours.
#[derive(Debug, Default)]
pub(super) struct Guests {
    next: Cell<u64>,
    present: RefCell<HashMap<u64, Guest>>,
}

#[derive(Debug)]
struct Guest {
    pid: u32,
    bodies: mpsc::Sender<Bytes>,
}

impl Guests {
    /// Their gopls.
    pub fn pids(&self) -> Vec<u32> {
        self.present.borrow().values().map(|guest| guest.pid).filter(|pid| *pid > 0).collect()
    }

    /// Passes a body of this gopls on to those whose gopls it is; `false` when there is none.
    pub fn pass_on(&self, pid: u32, body: &Bytes) -> bool {
        let present = self.present.borrow();
        let theirs = present.values().filter(|guest| guest.pid == pid);
        // A guest that does not take its bodies must not keep gopls waiting.
        theirs
            .map(|guest| guest.bodies.try_send(body.clone()))
            .fold(false, |passed, sent| passed | sent.is_ok())
    }
}

#[cfg(unix)]
mod unix {
    use std::path::{Path, PathBuf};
    use std::rc::Rc;
    use std::sync::Arc;
    use std::time::Duration;

    use stallscope_core::model::SpansState;
    use stallscope_core::spans::MOST_BODY_BYTES;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use tokio::net::{UnixListener, UnixStream};
    use tokio::sync::{mpsc, watch};

    use super::{Bytes, Guest, Guests, MOST_WAITING};
    use crate::spans::Wanted;
    use crate::spans::inbox::Inbox;

    const MOST_GUESTS: usize = 64;
    /// A pid and its line end.
    const MOST_LINE_BYTES: u64 = 12;
    /// For a line once its first byte is there, and for a guest to take a body.
    const DEADLINE: Duration = Duration::from_secs(5);
    const RETRY: Duration = Duration::from_millis(500);

    /// Receives guests until it is dropped.
    pub(in crate::spans) async fn host(guests: Rc<Guests>, meeting_point: PathBuf) {
        // Whoever has the port may: what is there was left by the host before.
        let _ = std::fs::remove_file(&meeting_point);
        let Ok(listener) = UnixListener::bind(&meeting_point) else { return };
        // Dropped while the port is still ours, so that it is not the next host's that goes.
        let _left = Left(meeting_point);
        let us = rustix::process::getuid().as_raw();
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(RETRY).await;
                continue;
            };
            // The folder lets nobody else in but root.
            let ours = stream.peer_cred().is_ok_and(|peer| peer.uid() == us);
            if ours && guests.present.borrow().len() < MOST_GUESTS {
                tokio::task::spawn_local(entertain(Rc::clone(&guests), stream));
            }
        }
    }

    /// Takes the meeting point away in the end.
    struct Left(PathBuf);

    impl Drop for Left {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    async fn entertain(guests: Rc<Guests>, stream: UnixStream) {
        let number = guests.next.replace(guests.next.get() + 1);
        let (bodies, waiting) = mpsc::channel(MOST_WAITING);
        guests.present.borrow_mut().insert(number, Guest { pid: 0, bodies });
        let (lines, frames) = stream.into_split();
        tokio::select! {
            () = hear(&guests, number, BufReader::new(lines)) => {}
            () = send(waiting, frames) => {}
        }
        guests.present.borrow_mut().remove(&number);
    }

    /// Notes whose spans the guest wants, until it goes or says something else.
    async fn hear(guests: &Guests, number: u64, mut lines: impl AsyncBufReadExt + Unpin) {
        loop {
            let mut line = String::new();
            match (&mut lines).take(MOST_LINE_BYTES).read_line(&mut line).await {
                Ok(1..) => {}
                _ => return,
            }
            let Ok(pid) = line.trim_end().parse() else { return };
            if let Some(guest) = guests.present.borrow_mut().get_mut(&number) {
                guest.pid = pid;
            }
        }
    }

    async fn send(mut waiting: mpsc::Receiver<Bytes>, mut frames: impl AsyncWriteExt + Unpin) {
        while let Some(body) = waiting.recv().await {
            let length = (body.len() as u32).to_be_bytes();
            let sent = async {
                frames.write_all(&length).await?;
                frames.write_all(&body).await
            };
            match tokio::time::timeout(DEADLINE, sent).await {
                Ok(Ok(())) => {}
                _ => return,
            }
        }
    }

    /// Is the guest of the window that has the port, until that goes. `Err`: there is none.
    pub(in crate::spans) async fn join(
        inbox: &Arc<Inbox>,
        wanted: watch::Receiver<Wanted>,
        port: u16,
        meeting_point: &Path,
    ) -> std::io::Result<()> {
        let stream = UnixStream::connect(meeting_point).await?;
        let us = rustix::process::getuid().as_raw();
        if stream.peer_cred()?.uid() != us {
            return Err(std::io::ErrorKind::PermissionDenied.into());
        }
        inbox.set_state(SpansState::Relayed, Some(port));
        let (frames, lines) = stream.into_split();
        // However it ends, the host is no longer there.
        let _ = tokio::select! {
            ended = say(wanted.clone(), lines) => ended,
            ended = receive(inbox, wanted, frames) => ended,
        };
        Ok(())
    }

    async fn say(
        mut wanted: watch::Receiver<Wanted>,
        mut lines: impl AsyncWriteExt + Unpin,
    ) -> std::io::Result<()> {
        loop {
            let pid = wanted.borrow_and_update().pid.unwrap_or(0);
            lines.write_all(format!("{pid}\n").as_bytes()).await?;
            if wanted.changed().await.is_err() {
                // The end of this window ends this as well.
                std::future::pending::<()>().await;
            }
        }
    }

    async fn receive(
        inbox: &Arc<Inbox>,
        wanted: watch::Receiver<Wanted>,
        mut frames: impl AsyncReadExt + Unpin,
    ) -> std::io::Result<()> {
        loop {
            let length = frames.read_u32().await? as usize;
            if length > MOST_BODY_BYTES {
                return Err(std::io::ErrorKind::InvalidData.into());
            }
            let mut body = vec![0; length];
            frames.read_exact(&mut body).await?;
            let pid = wanted.borrow().pid;
            if !pid.is_some_and(|pid| inbox.take(pid, &body)) {
                inbox.refuse();
            }
        }
    }
}

#[cfg(not(unix))]
pub(super) async fn host(_guests: std::rc::Rc<Guests>, _meeting_point: std::path::PathBuf) {}

#[cfg(not(unix))]
pub(super) async fn join(
    _inbox: &std::sync::Arc<super::inbox::Inbox>,
    _wanted: tokio::sync::watch::Receiver<super::Wanted>,
    _port: u16,
    _meeting_point: &std::path::Path,
) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
