//! Debug ports where something else listens: each has an end, a clear error, and keeps what came.
#![allow(clippy::unwrap_used)]

use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use stallscope_core::model::DebugServer;
use stallscope_probe::debug::{DebugClient, DebugError, Endpoint, Fetch, Limits, Phase, discover};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const LIMITS: Limits = Limits {
    connect: Duration::from_millis(300),
    first_byte: Duration::from_millis(300),
    total: Duration::from_millis(600),
    max_bytes: 1_000_000,
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";

/// Serves every connection with `behave`, after it has read a request. The server ends with the test's runtime.
async fn server<F, Fut>(behave: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = Option<TcpStream>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = behave(stream);
            tokio::spawn(async move {
                // What is returned stays open.
                if let Some(mut stream) = connection.await {
                    let mut rest = Vec::new();
                    let _ = stream.read_to_end(&mut rest).await;
                }
            });
        }
    });
    address
}

async fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
}

/// Answers with `bytes` and then closes.
async fn says(bytes: &'static [u8]) -> SocketAddr {
    server(move |mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(bytes).await.ok()?;
        stream.shutdown().await.ok()?;
        Some(stream)
    })
    .await
}

async fn heap_of(address: SocketAddr) -> (Fetch, Vec<u8>) {
    let begin = Instant::now();
    let result = DebugClient::new(address).unwrap().page(Endpoint::Heap, &LIMITS).await;
    assert!(begin.elapsed() < LIMITS.total + Duration::from_millis(300), "{:?}", begin.elapsed());
    assert_eq!(result.0.bytes, result.1.len() as u64);
    result
}

#[tokio::test]
async fn nobody_listens() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (fetch, _) = heap_of(address).await;
    assert_eq!(fetch.outcome, Err(DebugError::Refused(address)));
}

#[tokio::test]
async fn accepts_and_never_answers() {
    let (fetch, _) = heap_of(server(|stream| async move { Some(stream) }).await).await;
    let after = LIMITS.first_byte;
    assert_eq!(fetch.outcome, Err(DebugError::Timeout { phase: Phase::FirstByte, after }));
    assert!(fetch.sent.is_some() && fetch.first_byte.is_none());
    assert_eq!(fetch.outcome.unwrap_err().to_string(), "no answer within 300 ms");
}

#[tokio::test]
async fn another_protocol() {
    let greeting = server(|mut stream| async move {
        stream.write_all(b"SSH-2.0-OpenSSH_9.2p1\r\n").await.ok()?;
        Some(stream)
    });
    let (fetch, bytes) = heap_of(greeting.await).await;
    assert_eq!(fetch.outcome, Err(DebugError::NotGopls { said: "SSH-2.0-OpenSSH_9.2p1\r\n".into() }));
    assert!(bytes.is_empty());

    let (fetch, _) = heap_of(says(b"\x00\xff\x00 garbage").await).await;
    assert!(matches!(fetch.outcome, Err(DebugError::NotGopls { .. })), "{fetch:?}");
}

#[tokio::test]
async fn an_endless_body_is_cut_off_and_its_beginning_kept() {
    let address = server(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(OK).await.ok()?;
        stream.write_all(b"\r\n").await.ok()?;
        loop {
            stream.write_all(&[7; 16_384]).await.ok()?;
        }
    })
    .await;
    let (fetch, bytes) = heap_of(address).await;
    assert_eq!(fetch.outcome, Err(DebugError::TooLarge { limit_bytes: LIMITS.max_bytes }));
    assert_eq!(bytes, vec![7; 1_000_000]);
}

#[tokio::test]
async fn a_slow_drip_ends_with_the_total_deadline() {
    let drip = |head: &'static [u8]| {
        server(move |mut stream| async move {
            read_request(&mut stream).await;
            stream.write_all(head).await.ok()?;
            loop {
                stream.write_all(b"x").await.ok()?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };
    let (fetch, bytes) = heap_of(drip(b"HTTP/1.1 200 OK\r\n\r\n").await).await;
    let Err(DebugError::Timeout { phase: Phase::Body, .. }) = fetch.outcome else { panic!("{fetch:?}") };
    assert!(bytes.len() > 5 && fetch.first_byte.is_some(), "{}", bytes.len());

    let (fetch, bytes) = heap_of(drip(b"HTTP/1.1 200 OK\r\nx").await).await;
    let Err(DebugError::Timeout { phase: Phase::Body, .. }) = fetch.outcome else { panic!("{fetch:?}") };
    assert!(bytes.is_empty() && fetch.first_byte.is_some());
}

#[tokio::test]
async fn closed_in_the_middle() {
    for (answer, kept) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"[..], &b"half"[..]),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", b"half"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", b""),
        (b"", b""),
    ] {
        let (fetch, bytes) = heap_of(says(answer).await).await;
        assert_eq!(fetch.outcome, Err(DebugError::Closed { received_bytes: kept.len() as u64 }));
        assert_eq!(bytes, kept);
    }
}

#[tokio::test]
async fn a_huge_head() {
    let address = server(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(OK).await.ok()?;
        loop {
            stream.write_all(b"X-Padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").await.ok()?;
        }
    })
    .await;
    let (fetch, bytes) = heap_of(address).await;
    assert!(matches!(fetch.outcome, Err(DebugError::BadHead(_))), "{fetch:?}");
    assert!(bytes.is_empty());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let address = server(move |mut stream| async move {
        read_request(&mut stream).await;
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: http://{target}/\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.ok()?;
        Some(stream)
    })
    .await;
    let (fetch, _) = heap_of(address).await;
    assert_eq!(fetch.outcome, Err(DebugError::HttpStatus(302)));
}

#[tokio::test]
async fn another_web_server_is_no_gopls() {
    let page = || says(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n<html>nginx");
    let error = DebugError::NotGopls { said: "<html>nginx".into() };
    let mut client = DebugClient::new(page().await).unwrap();
    assert_eq!(client.metrics(None).await.0.outcome, Err(error.clone()));
    assert_eq!(client.goroutines().await.0.outcome, Err(error.clone()));
    assert_eq!(client.info().await.0.outcome, Err(error));
}

#[tokio::test]
async fn a_full_disk_ends_the_request() {
    let address = says(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nheap").await;
    let mut client = DebugClient::new(address).unwrap();
    let full = |_: &[u8]| Err(std::io::ErrorKind::StorageFull.into());
    let fetch = client.get(Endpoint::Heap, &LIMITS, full).await;
    assert!(matches!(fetch.outcome, Err(DebugError::Sink(_))), "{fetch:?}");
    assert_eq!(fetch.bytes, 0);
}

#[tokio::test]
async fn other_machines_are_not_asked() {
    for address in ["192.0.2.1:6060", "0.0.0.0:6060", "[2001:db8::1]:6060"] {
        let address: SocketAddr = address.parse().unwrap();
        assert_eq!(DebugClient::new(address).err(), Some(DebugError::NotLoopback(address)));
    }
    assert!(DebugClient::new("[::ffff:127.0.0.1]:6060".parse().unwrap()).is_ok());
}

#[tokio::test]
async fn an_idle_connection_that_was_closed_is_opened_again() {
    let address = server(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.ok()?;
        // Promises to keep the connection and does not.
        None
    })
    .await;
    let mut client = DebugClient::new(address).unwrap();
    for _ in 0..3 {
        let (fetch, bytes) = client.page(Endpoint::Memory, &LIMITS).await;
        assert_eq!((fetch.outcome, bytes.as_slice()), (Ok(()), &b"ok"[..]));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_connection_is_kept() {
    let connections = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = connections.clone();
    let address = server(move |mut stream| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            loop {
                read_request(&mut stream).await;
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.ok()?;
            }
        }
    })
    .await;
    let mut client = DebugClient::new(address).unwrap();
    for _ in 0..5 {
        assert_eq!(client.page(Endpoint::Memory, &LIMITS).await.0.outcome, Ok(()));
    }
    assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), 1);
}

/// This test process stands for a gopls: the sockets are its own.
#[tokio::test]
async fn a_silent_or_foreign_port_of_the_process_is_no_debug_server() {
    let pid = std::process::id();
    // The other tests' servers belong to this process too: nothing among them is a gopls.
    let found = discover(pid, &[]).await;
    assert!(!matches!(found.server, DebugServer::On { .. }), "{found:?}");
    assert_eq!((found.address, found.info), (None, None));
}
