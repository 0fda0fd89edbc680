//! What can be wrong with a profile, in words that name the remedy.

/// Why some bytes are not a profile we accept. The caller adds which file or address they came from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No bytes at all, or a gzip stream of nothing.
    #[error("the profile is empty: capture it again (was the download interrupted?)")]
    Empty,
    /// The text form, meant for people.
    #[error("this is the text form of a profile (`?debug=1`): fetch it again without `debug`")]
    TextForm,
    /// A web page, for example an error page or the index of the debug server.
    #[error("this is a web page, not a profile: check the address (heap: `/debug/pprof/heap`)")]
    WebPage,
    /// The file is larger than allowed before inflating.
    #[error("the profile is larger than {limit} bytes: raise the limit if it is really that large")]
    CompressedTooLarge {
        /// The cap that was reached.
        limit: u64,
    },
    /// The content is larger than allowed; what a gzip bomb ends in.
    #[error(
        "the profile inflates to more than {limit} bytes: not a sane profile, or raise the limit if it is"
    )]
    InflatedTooLarge {
        /// The cap that was reached.
        limit: u64,
    },
    /// More entries than allowed.
    #[error("the profile has more than {limit} {what}: raise the limit if it is really that large")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The cap that was reached.
        limit: usize,
    },
    /// The bytes end in the middle of something.
    #[error("the profile is cut off: capture or copy it again")]
    Truncated,
    /// The gzip layer is damaged.
    #[error("damaged gzip data ({0}): capture or copy the profile again")]
    Gzip(std::io::Error),
    /// Reading the source failed.
    #[error("cannot read the profile: {0}")]
    Read(std::io::Error),
    /// Two profiles glued together.
    #[error("two profiles in one file: split them, or merge them with `go tool pprof -proto`")]
    Concatenated,
    /// Not protobuf, or not this message.
    #[error("not a pprof profile: {0}")]
    Malformed(String),
    /// Well-formed protobuf whose parts contradict each other.
    #[error("inconsistent pprof profile: {0}")]
    Inconsistent(String),
}

impl From<prost::DecodeError> for Error {
    fn from(error: prost::DecodeError) -> Self {
        Self::Malformed(error.to_string())
    }
}
