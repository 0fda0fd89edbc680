//! Figures as they are written in the texts of a report, which are English.

use crate::model::{Bytes, MS, Ns, SECOND};

/// `612 MB`, `1.65 GB`: decimal units, three significant digits.
pub(super) fn bytes(value: Bytes) -> String {
    let scaled = value as f64;
    match value {
        0..1_000 => format!("{value} bytes"),
        1_000..1_000_000 => format!("{} kB", three(scaled / 1e3)),
        1_000_000..1_000_000_000 => format!("{} MB", three(scaled / 1e6)),
        _ => format!("{} GB", three(scaled / 1e9)),
    }
}

/// `5.31 s`, `240 ms`.
pub(super) fn duration(value: Ns) -> String {
    if value >= SECOND {
        format!("{} s", three(value as f64 / SECOND as f64))
    } else {
        format!("{} ms", three(value as f64 / MS as f64))
    }
}

fn three(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
