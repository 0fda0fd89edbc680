//! What one reading costs: `cargo run --release -p stallscope-probe --example sample_cost [PID]`.
//!
//! Without a pid it reads itself, which has fewer threads than a gopls.

use std::hint::black_box;
use std::time::{Duration, Instant};

use stallscope_probe::process::{self, Descendants, ProcessHandle};

const ROUNDS: u32 = 20_000;

fn main() -> Result<(), String> {
    let pid = match std::env::args().nth(1) {
        Some(text) => text.parse().map_err(|_| format!("not a pid: {text}"))?,
        None => std::process::id(),
    };
    let started = process::started_unix_ms(pid).ok_or(format!("no process {pid} that we may read"))?;
    let mut handle = ProcessHandle::open(pid, started).ok_or(format!("process {pid} has just ended"))?;
    if let Some(sample) = handle.sample() {
        println!("pid {pid}: {} threads, RSS {} bytes", sample.threads, sample.rss_bytes);
    }
    // At 50 ms there are 20 in a second: 1 µs each is 0.002 % of a core.
    let rss_us = time("RSS alone", ROUNDS, || handle.rss_bytes());
    time("RSS, CPU, threads, faults", ROUNDS, || handle.sample());
    time("go children", 200, || handle.go_children());
    let mut below = Descendants::new(pid);
    time("descendants", 200, || below.poll());
    time("find all gopls", 50, || process::find(pid));
    println!("RSS alone, every 50 ms: {:.4} % of a core", rss_us * 20.0 / 1e6 * 100.0);
    // What waking up costs by itself is the floor for everything that looks every 50 ms.
    time("a sleep of 50 ms", 200, || std::thread::sleep(Duration::from_millis(50)));
    Ok(())
}

/// Prints and returns the mean cost of a call in microseconds: wall time, and CPU time of this thread.
fn time<T>(what: &str, rounds: u32, mut body: impl FnMut() -> T) -> f64 {
    let cpu_before = process::thread_cpu_ns().unwrap_or(0);
    let begin = Instant::now();
    for _ in 0..rounds {
        black_box(body());
    }
    let wall_us = begin.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
    let cpu_us = (process::thread_cpu_ns().unwrap_or(0) - cpu_before) as f64 / 1e3 / f64::from(rounds);
    println!("{what:28} {wall_us:9.2} µs wall {cpu_us:9.2} µs CPU");
    cpu_us
}
