//! The gzip layer: chunks of inflated bytes, counted against the limits on both sides.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

use crate::{Error, Limits};

/// Large enough that handing a chunk to another thread costs nothing, small enough to stay in the cache.
const CHUNK_BYTES: usize = 256 << 10;

/// Yields the content of a profile file in chunks, inflating it if it is compressed.
pub struct Inflater<R: BufRead> {
    source: Source<R>,
    limits: Limits,
    inflated_bytes: u64,
}

enum Source<R: BufRead> {
    Gzip(Box<MultiGzDecoder<Capped<R>>>),
    Raw(Capped<R>),
}

impl<R: BufRead> Inflater<R> {
    /// Looks at the first bytes of `reader` and decides whether to inflate.
    pub fn new(reader: R, limits: &Limits) -> Result<Self, Error> {
        let mut reader = Capped { reader, left: limits.compressed_bytes };
        let start = reader.fill_buf().map_err(|error| read_error(error, limits))?;
        let source = match start {
            [] => return Err(Error::Empty),
            // One byte is enough: a protobuf profile cannot begin with it.
            [0x1f, ..] => Source::Gzip(Box::new(MultiGzDecoder::new(reader))),
            _ => Source::Raw(reader),
        };
        Ok(Self { source, limits: *limits, inflated_bytes: 0 })
    }

    /// Replaces the content of `chunk` by the next bytes; `false` at the end.
    pub fn next_chunk(&mut self, chunk: &mut Vec<u8>) -> Result<bool, Error> {
        chunk.resize(CHUNK_BYTES, 0);
        let mut filled = 0;
        while filled < CHUNK_BYTES {
            let read = match &mut self.source {
                Source::Gzip(gzip) => gzip.read(&mut chunk[filled..]),
                Source::Raw(raw) => raw.read(&mut chunk[filled..]),
            };
            match read {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.explain(error)),
            }
        }
        chunk.truncate(filled);
        self.inflated_bytes += filled as u64;
        if self.inflated_bytes > self.limits.inflated_bytes {
            return Err(Error::InflatedTooLarge { limit: self.limits.inflated_bytes });
        }
        Ok(filled > 0)
    }

    fn explain(&self, error: io::Error) -> Error {
        match (&self.source, error.kind()) {
            (_, io::ErrorKind::FileTooLarge) => read_error(error, &self.limits),
            (Source::Gzip(_), io::ErrorKind::UnexpectedEof) => Error::Truncated,
            (Source::Gzip(_), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => Error::Gzip(error),
            _ => Error::Read(error),
        }
    }
}

fn read_error(error: io::Error, limits: &Limits) -> Error {
    match error.kind() {
        io::ErrorKind::FileTooLarge => Error::CompressedTooLarge { limit: limits.compressed_bytes },
        _ => Error::Read(error),
    }
}

/// A reader that fails, rather than ends, once more than its allowance was asked for.
struct Capped<R> {
    reader: R,
    left: u64,
}

impl<R: BufRead> BufRead for Capped<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let available = self.reader.fill_buf()?;
        if self.left == 0 && !available.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let visible = usize::try_from(self.left).unwrap_or(usize::MAX).min(available.len());
        Ok(&available[..visible])
    }

    fn consume(&mut self, count: usize) {
        self.left -= count as u64;
        self.reader.consume(count);
    }
}

impl<R: BufRead> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}
