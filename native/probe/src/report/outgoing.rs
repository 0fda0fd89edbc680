//! What leaves the machine without somebody looking at it first: everything that can be hidden is.

use stallscope_core::model::{Capture, Incident};
use stallscope_core::report::{Redactor, ReportRequest};

use super::build::learned_modules;
use super::evidence;
use super::hidden::hidden;
use super::workspace::count;
use crate::store::Store;

/// A redactor for texts of an incident, with the names of modules and files, and these words.
pub fn strict_redactor(store: &Store, incident: &Incident, also_hide: &[String]) -> Redactor {
    redactor(store, incident, also_hide, Vec::new())
}

/// A profile of an incident without names of modules and files. The workspace's folders are searched for those, which takes a
/// while in a large one.
///
/// # Errors
/// Why it stays out, for a person.
pub fn strictly_redacted_profile(
    store: &Store,
    incident: &Incident,
    capture: &Capture,
    also_hide: &[String],
) -> Result<Vec<u8>, String> {
    let (_, modules) = count(&incident.workspace);
    let mut redactor = redactor(store, incident, also_hide, modules);
    let path = store.capture_path(&incident.id, capture.number).map_err(|error| error.to_string())?;
    Ok(evidence::of_capture(&path, capture, Some(&mut redactor))?.bytes)
}

fn redactor(store: &Store, incident: &Incident, also_hide: &[String], mut modules: Vec<String>) -> Redactor {
    let learned = learned_modules(store, incident);
    modules.extend(learned.beside(&modules.clone()));
    let request = ReportRequest {
        incident: incident.id.clone(),
        redact: true,
        hide_names: true,
        also_hide: also_hide.to_vec(),
        ..ReportRequest::default()
    };
    Redactor::new(&hidden(&request, incident, &[], modules))
}
