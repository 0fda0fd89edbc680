//! What leaves the machine without somebody looking at it first: everything that can be hidden is.

use stallscope_core::model::{Capture, Incident};
use stallscope_core::report::{Redactor, ReportRequest};

use super::build::learned_modules;
use super::evidence;
use super::hidden::hidden;
use super::workspace::count;
use crate::store::Store;

/// A redactor for short texts of an incident: folders, files, accounts, hosts and these words.
pub fn strict_redactor(incident: &Incident, also_hide: &[String]) -> Redactor {
    redactor(incident, also_hide, Vec::new())
}

/// A profile of an incident without names of modules either. The workspace's folders are searched for those, which takes a while
/// in a large one.
///
/// # Errors
/// Why it stays out, for a person.
pub fn strictly_redacted_profile(
    store: &Store,
    incident: &Incident,
    capture: &Capture,
    also_hide: &[String],
) -> Result<Vec<u8>, String> {
    let (_, mut modules) = count(&incident.workspace);
    let learned = learned_modules(store, incident);
    modules.extend(learned.beside(&modules.clone()));
    let mut redactor = redactor(incident, also_hide, modules);
    let path = store.capture_path(&incident.id, capture.number).map_err(|error| error.to_string())?;
    Ok(evidence::of_capture(&path, capture, Some(&mut redactor))?.bytes)
}

fn redactor(incident: &Incident, also_hide: &[String], modules: Vec<String>) -> Redactor {
    let request = ReportRequest {
        incident: incident.id.clone(),
        redact: true,
        hide_names: true,
        also_hide: also_hide.to_vec(),
        ..ReportRequest::default()
    };
    Redactor::new(&hidden(&request, incident, &[], modules))
}
