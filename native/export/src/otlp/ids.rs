//! Ids that an incident always has, whoever asks and however often.

use sha2::{Digest, Sha256};
use stallscope_core::model::Incident;

/// 16 bytes: of the incident's id and of the moment its clock began, which no two windows share.
pub(super) fn trace_id(incident: &Incident) -> Vec<u8> {
    digest(incident, "trace", 0, 16)
}

/// 8 bytes: of the same, what kind of span it is and the how manieth of these.
pub(super) fn span_id(incident: &Incident, kind: &str, number: usize) -> Vec<u8> {
    digest(incident, kind, number, 8)
}

fn digest(incident: &Incident, kind: &str, number: usize, length: usize) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in [&incident.id, &incident.origin_unix_ns, kind, &number.to_string()] {
        hash.update(part);
        hash.update([0]);
    }
    let mut id = hash.finalize()[..length].to_vec();
    // All zeros would be no id.
    if id.iter().all(|byte| *byte == 0) {
        id[0] = 1;
    }
    id
}
