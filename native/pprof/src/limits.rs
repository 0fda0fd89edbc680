//! How much a profile may ask of us. A profile is input from outside: a few bytes of it can claim gigabytes.

/// The caps applied while a profile is read. The defaults hold a profile of the largest workspaces many
/// times over (Kubernetes: about 1 MB compressed) and keep each column within 256 MB: the editor's extension host is
/// what it all lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes read from the file or the response, before inflating.
    pub compressed_bytes: u64,
    /// Bytes after inflating. A gzip bomb ends here.
    pub inflated_bytes: u64,
    /// Stack entries over all samples (4 bytes each in memory).
    pub frames: usize,
    /// Values over all samples (8 bytes each in memory).
    pub values: usize,
    /// Labels over all samples (24 bytes each in memory).
    pub labels: usize,
    /// Entries of each of the tables: locations, functions, mappings, lines, strings.
    pub table_entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            compressed_bytes: 256 << 20,
            inflated_bytes: 1 << 30,
            frames: 1 << 26,
            values: 1 << 23,
            labels: 1 << 22,
            table_entries: 1 << 21,
        }
    }
}
