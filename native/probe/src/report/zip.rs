//! Files as a zip, in memory.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::ReportError;

/// The files by name, all of one moment (`made_at`, RFC 3339). Profiles are compressed already and stored as they are.
pub(super) fn zipped<'a>(
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
    made_at: &str,
) -> Result<Vec<u8>, ReportError> {
    let fail = |error: zip::result::ZipError| ReportError::Zip { what: error.to_string() };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let modified = date(made_at).unwrap_or_default();
    for (name, bytes) in files {
        let method =
            if name.ends_with(".gz") { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(modified)
            .unix_permissions(0o644);
        zip.start_file(name, options).map_err(fail)?;
        zip.write_all(bytes).map_err(|error| ReportError::Zip { what: error.to_string() })?;
    }
    Ok(zip.finish().map_err(fail)?.into_inner())
}

/// Zips know no time zone: UTC it is.
fn date(rfc3339: &str) -> Option<DateTime> {
    let number = |from: usize, to: usize| rfc3339.get(from..to)?.parse::<u16>().ok();
    let small = |from, to| number(from, to).and_then(|value| u8::try_from(value).ok());
    DateTime::from_date_and_time(
        number(0, 4)?,
        small(5, 7)?,
        small(8, 10)?,
        small(11, 13)?,
        small(14, 16)?,
        small(17, 19)?,
    )
    .ok()
}
