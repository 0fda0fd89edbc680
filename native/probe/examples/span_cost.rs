//! What receiving gopls's spans costs: `cargo run --release -p stallscope-probe --example span_cost [PER_SECOND] [SECONDS]`.
//!
//! Posts the bodies that a real gopls posted in a cold load (`test/fixtures/spans`), with this process as their sender, at
//! that many spans a second, and prints one line of JSON: what came, the CPU time of the receiver's thread alone, and how
//! long the posts took. Linux only: the time is from /proc.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stallscope_core::model::SpansState;
use stallscope_core::spans::SpanBatch;
use stallscope_pprof::{Inflater, Limits};
use stallscope_probe::clock::Clock;
use stallscope_probe::spans::{PATH, SpanReceiver};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let per_second: f64 = arguments.next().map_or(Ok(5_000.0), |text| text.parse())?;
    let seconds: f64 = arguments.next().map_or(Ok(20.0), |text| text.parse())?;
    let bodies = (1..=4).map(body).collect::<Result<Vec<_>, _>>()?;

    let folder = tempfile::tempdir()?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let receiver = SpanReceiver::new(Clock::start(), folder.path().join("run"));
    receiver.set_gopls(Some(std::process::id()));
    receiver.set_port(Some(port))?;
    while receiver.view().state != SpansState::Here {
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    // The first one looks up who is there.
    post(&mut stream, &bodies[0].0)?;

    let (before, cpu_before) = (receiver.view().received, receiver_cpu_ns()?);
    let (begin, mut sent, mut posts_us) = (Instant::now(), 0, Vec::new());
    for (body, spans) in bodies.iter().cycle() {
        let due = Duration::from_secs_f64(sent as f64 / per_second);
        if due.as_secs_f64() >= seconds {
            break;
        }
        std::thread::sleep(due.saturating_sub(begin.elapsed()));
        let posted = Instant::now();
        post(&mut stream, body)?;
        posts_us.push(posted.elapsed().as_micros() as u64);
        sent += spans;
    }
    let cpu_ns = receiver_cpu_ns()? - cpu_before;
    let view = receiver.view();
    posts_us.sort_unstable();
    println!(
        "{}",
        serde_json::json!({
            "seconds": begin.elapsed().as_secs_f64(),
            "spans_sent": sent,
            "spans_received": view.received - before,
            "refused": view.refused + view.bodies_refused,
            "cpu_ns": cpu_ns,
            "post_us": {"median": posts_us[posts_us.len() / 2], "max": posts_us[posts_us.len() - 1]},
        })
    );
    receiver.stop();
    Ok(())
}

/// A recorded body, as if this process had just posted it, and how many spans it has.
fn body(number: u32) -> Result<(Vec<u8>, usize), Failure> {
    let file = format!("../../test/fixtures/spans/cold-{number}.json.gz");
    let packed = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file))?;
    let mut inflater = Inflater::new(&packed[..], &Limits::default())?;
    let (mut whole, mut chunk) = (Vec::new(), Vec::new());
    while inflater.next_chunk(&mut chunk)? {
        whole.extend_from_slice(&chunk);
    }
    let text = String::from_utf8(whole)?;
    let batch = SpanBatch::parse(text.as_bytes(), 0)?;
    // Spans of before the watcher's time would be left out: into the thousand seconds after this one.
    let recorded = batch.spans[0].end_ns / 1_000_000_000_000;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 1_000 + 1;
    let text = text
        .replace(&format!("UnixNano\":\"{recorded}"), &format!("UnixNano\":\"{now}"))
        .replace(&format!("\"{}\"", batch.pid), &format!("\"{}\"", std::process::id()));
    Ok((text.into_bytes(), batch.spans.len()))
}

fn post(stream: &mut TcpStream, body: &[u8]) -> Result<(), Failure> {
    let head = format!("POST {PATH}/v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    let mut buffer = [0; 1_024];
    // The answer is `{}`.
    while !answer.ends_with(b"{}") {
        match stream.read(&mut buffer)? {
            0 => return Err("the receiver closed the connection".into()),
            count => answer.extend_from_slice(&buffer[..count]),
        }
    }
    if answer.starts_with(b"HTTP/1.1 200") {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&answer).into_owned().into())
}

/// CPU time of the receiver's thread.
fn receiver_cpu_ns() -> Result<u64, Failure> {
    for thread in std::fs::read_dir("/proc/self/task")?.flatten() {
        // Linux keeps 15 characters of a name.
        if std::fs::read_to_string(thread.path().join("comm"))?.trim() == "stallscope-span" {
            let times = std::fs::read_to_string(thread.path().join("schedstat"))?;
            return Ok(times.split(' ').next().unwrap_or_default().parse()?);
        }
    }
    Err("the receiver has no thread".into())
}
