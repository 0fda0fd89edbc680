//! From a file to an index, inflating and decoding at the same time when that pays.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use stallscope_core::heap::HeapIndex;
use stallscope_pprof::{Decoder, Error, Inflater, Limits, Profile};

use crate::failure::Failure;

/// Below this size a second thread costs more than it saves.
const WORTH_A_THREAD_BYTES: u64 = 512 << 10;
/// Chunks in flight between the threads: enough that neither waits, little enough to stay small.
const CHUNKS_AHEAD: usize = 8;

/// Reads, checks and prepares the profile in a file.
pub fn load(path: &Path, limits: &Limits) -> Result<HeapIndex, Failure> {
    let open_failure = |error| Failure::Open { path: path.to_owned(), error };
    let file = File::open(path).map_err(open_failure)?;
    let size_bytes = file.metadata().map_err(open_failure)?.len();
    let reader = BufReader::with_capacity(64 << 10, file);
    let profile = if size_bytes < WORTH_A_THREAD_BYTES {
        decode(reader, limits)
    } else {
        decode_on_two_threads(reader, limits)
    };
    profile.and_then(HeapIndex::new).map_err(|error| Failure::Profile { path: path.to_owned(), error })
}

fn decode(reader: impl BufRead, limits: &Limits) -> Result<Profile, Error> {
    let mut inflater = Inflater::new(reader, limits)?;
    let mut decoder = Decoder::new(limits);
    let mut chunk = Vec::new();
    while inflater.next_chunk(&mut chunk)? {
        decoder.push(&chunk)?;
    }
    decoder.finish()
}

fn decode_on_two_threads(reader: impl BufRead + Send, limits: &Limits) -> Result<Profile, Error> {
    let mut inflater = Inflater::new(reader, limits)?;
    let (full, to_decode) = mpsc::sync_channel::<Vec<u8>>(CHUNKS_AHEAD);
    let (empty, to_fill) = mpsc::channel::<Vec<u8>>();
    thread::scope(|scope| {
        let inflating = scope.spawn(move || -> Result<(), Error> {
            loop {
                let mut chunk = to_fill.try_recv().unwrap_or_default();
                if !inflater.next_chunk(&mut chunk)? || full.send(chunk).is_err() {
                    return Ok(());
                }
            }
        });
        let mut decoder = Decoder::new(limits);
        let mut decoded = Ok(());
        for chunk in &to_decode {
            decoded = decoder.push(&chunk);
            if decoded.is_err() {
                break;
            }
            // The other thread may be done already; then nobody needs the buffer.
            let _ = empty.send(chunk);
        }
        drop(to_decode);
        let inflated = inflating.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        decoded.and(inflated)?;
        decoder.finish()
    })
}
