//! Inflates a file and does nothing else: the floor under every time the bench measures.
//!
//! `cargo run --release -p stallscope-pprof --example inflate_only -- FILE`

// The library reads no files; what drives it here must.
#![allow(clippy::disallowed_methods)]

use std::error::Error;
use std::fs::File;
use std::io::BufReader;

use stallscope_pprof::{Inflater, Limits};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: inflate_only FILE")?;
    let mut inflater =
        Inflater::new(BufReader::with_capacity(64 << 10, File::open(path)?), &Limits::default())?;
    let (mut chunk, mut bytes) = (Vec::new(), 0usize);
    while inflater.next_chunk(&mut chunk)? {
        bytes += chunk.len();
    }
    println!("{bytes}");
    Ok(())
}
