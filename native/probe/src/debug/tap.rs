//! A connection that remembers when the first byte came and how the answer began: hyper tells neither.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Enough to recognise another protocol by.
const MAX_SAID: usize = 80;

#[derive(Default)]
struct Heard {
    first_byte: Option<Instant>,
    said: Vec<u8>,
}

/// What was heard since the last [`Ear::forget`].
#[derive(Clone, Default)]
pub(super) struct Ear(Arc<Mutex<Heard>>);

impl Ear {
    fn with<T>(&self, body: impl FnOnce(&mut Heard) -> T) -> T {
        body(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn forget(&self) {
        self.with(|heard| *heard = Heard::default());
    }

    pub(super) fn first_byte(&self) -> Option<Instant> {
        self.with(|heard| heard.first_byte)
    }

    /// How the answer begins, if it is not HTTP.
    pub(super) fn other_protocol(&self) -> Option<String> {
        self.with(|heard| {
            let http = heard.said.starts_with(b"HTTP/1.") || b"HTTP/1.".starts_with(&heard.said);
            (!http).then(|| String::from_utf8_lossy(&heard.said).into_owned())
        })
    }
}

pub(super) struct Tap {
    pub(super) stream: TcpStream,
    pub(super) ear: Ear,
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        let fresh = &buffer.filled()[before..];
        if !fresh.is_empty() {
            self.ear.with(|heard| {
                heard.first_byte.get_or_insert_with(Instant::now);
                let room = MAX_SAID - heard.said.len();
                heard.said.extend_from_slice(&fresh[..room.min(fresh.len())]);
            });
        }
        result
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
