//! `name=value,name=value` with percent signs, as `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_RESOURCE_ATTRIBUTES` have it.

use percent_encoding::percent_decode_str;

use super::ConfigError;

/// More are not taken.
const MOST_PAIRS: usize = 64;

/// The pairs of a text; `is_name` says what may stand before the `=`.
pub(super) fn pairs(
    variable: &str,
    text: &str,
    is_name: fn(&str) -> bool,
) -> Result<Vec<(String, String)>, ConfigError> {
    let mut all = Vec::new();
    for (index, entry) in text.split(',').enumerate().filter(|(_, entry)| !entry.trim().is_empty()) {
        let wrong = || ConfigError::Pairs { name: variable.to_owned(), entry: index + 1 };
        let (name, value) = entry.split_once('=').ok_or_else(wrong)?;
        let decoded =
            |text: &str| percent_decode_str(text.trim()).decode_utf8().map(|text| text.into_owned());
        let (Ok(name), Ok(value)) = (decoded(name), decoded(value)) else { return Err(wrong()) };
        if !is_name(&name) || value.contains(['\r', '\n', '\0']) || all.len() == MOST_PAIRS {
            return Err(wrong());
        }
        all.push((name, value));
    }
    Ok(all)
}

/// Headers that every request has of its own: a second one, of another length or type, would break it.
pub(super) fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 9] = [
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    let name = name.to_ascii_lowercase();
    RESERVED.contains(&&*name) || name.starts_with("grpc-")
}

/// What a header may be called (RFC 9110's token).
pub(super) fn is_header_name(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token)
}

/// What an attribute may be called.
pub(super) fn is_attribute_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 255
}
