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
/// The same for counting samples.
const WORTH_A_THREAD_SAMPLES: usize = 20_000;
/// Chunks in flight between the threads: enough that neither waits, little enough to stay small.
const CHUNKS_AHEAD: usize = 8;

/// The sample types of a Go heap profile, in its order.
const HEAP_TYPES: [&str; 4] = ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"];

/// Reads, checks and prepares the profile in a file.
pub fn load(path: &Path, limits: &Limits) -> Result<HeapIndex, Failure> {
    read(path, limits, None)
}

/// The same for questions about one sample type only; what has no value of it may be missing.
///
/// The names of the types come last in a profile. So their order is presumed, and if it turns out to be another, the
/// file is read once more.
pub fn load_for(path: &Path, limits: &Limits, sample_type: Option<&str>) -> Result<HeapIndex, Failure> {
    let name = sample_type.unwrap_or("inuse_space");
    let presumed = HEAP_TYPES.iter().position(|heap_type| *heap_type == name);
    let mut index = read(path, limits, presumed)?;
    if presumed.is_some() && index.kind(sample_type).ok() != presumed {
        index = read(path, limits, None)?;
    }
    if index.sample_count() >= WORTH_A_THREAD_SAMPLES {
        let prepared = index.prepare(sample_type, |first, second| {
            thread::scope(|scope| {
                scope.spawn(second);
                first();
            });
        });
        prepared.map_err(|error| Failure::Question { path: path.to_owned(), error })?;
    }
    Ok(index)
}

fn read(path: &Path, limits: &Limits, only: Option<usize>) -> Result<HeapIndex, Failure> {
    let open_failure = |error| Failure::Open { path: path.to_owned(), error };
    let file = File::open(path).map_err(open_failure)?;
    let size_bytes = file.metadata().map_err(open_failure)?.len();
    let reader = BufReader::with_capacity(64 << 10, file);
    let decoder = Decoder::new(limits);
    let decoder = if let Some(kind) = only { decoder.keeping_only(kind) } else { decoder };
    let profile = Inflater::new(reader, limits).and_then(|inflater| {
        if size_bytes < WORTH_A_THREAD_BYTES {
            decode(inflater, decoder)
        } else {
            decode_on_two_threads(inflater, decoder)
        }
    });
    profile.and_then(HeapIndex::new).map_err(|error| Failure::Profile { path: path.to_owned(), error })
}

fn decode(mut inflater: Inflater<impl BufRead>, mut decoder: Decoder) -> Result<Profile, Error> {
    let mut chunk = Vec::new();
    while inflater.next_chunk(&mut chunk)? {
        decoder.push(&chunk)?;
    }
    decoder.finish()
}

fn decode_on_two_threads(
    mut inflater: Inflater<impl BufRead + Send>,
    mut decoder: Decoder,
) -> Result<Profile, Error> {
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
