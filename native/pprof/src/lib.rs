//! pprof codec: bytes to a checked, columnar profile and back; knows nothing of gopls.
//!
//! The way in is [`decode`] (everything in memory) or, for large files, an [`Inflater`] that hands chunks to
//! a [`Decoder`]: the caller may run the two on different threads, this crate starts none. Either way the
//! result is a [`Profile`], which cannot exist unchecked: every index in it is in range.

mod check;
mod decode;
mod encode;
mod error;
mod ids;
mod inflate;
mod limits;
mod messages;
mod profile;
mod sample;
mod wire;

pub use decode::{Decoder, decode};
pub use encode::{encode, encode_gzip, gzip};
pub use error::Error;
pub use inflate::Inflater;
pub use limits::Limits;
pub use profile::{
    Function, Label, Line, Location, Mapping, Parts, Profile, Samples, StringId, StringTable, ValueType,
};
