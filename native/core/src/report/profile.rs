//! The strings of a profile without what is to be hidden. Not one number of it changes.

use std::collections::BTreeSet;

use stallscope_pprof::{Error, Profile, StringId, StringTable};

use super::names::is_public_function;
use super::redactor::{Redactor, Strictness};

/// The profile with every string redacted: functions, files, mappings, build ids, labels, comments.
///
/// # Errors
/// None that is known: the parts come from a checked profile and keep their shape.
pub fn redact_profile(redactor: &mut Redactor, profile: Profile) -> Result<Profile, Error> {
    let mut parts = profile.into_parts();
    let functions = parts.functions.iter().flat_map(|function| [function.name, function.system_name]);
    let functions: BTreeSet<StringId> = functions.collect();
    // `inuse_objects` is no place for a user who is called objects: readers know these by name.
    let mut terms: BTreeSet<StringId> =
        parts.sample_types.iter().chain(&parts.period_type).flat_map(|of| [of.kind, of.unit]).collect();
    terms.insert(parts.default_sample_type);
    terms.extend(parts.samples.labels.iter().flat_map(|label| [label.key, label.unit]));
    let mut strings = StringTable::default();
    for (text, id) in parts.strings.iter().zip(0..) {
        let id = StringId(id);
        let is_public = terms.contains(&id) || functions.contains(&id) && is_public_function(text);
        strings.push(&redactor.text_by(text, if is_public { Strictness::Paths } else { Strictness::All }));
    }
    parts.strings = strings;
    Profile::new(parts)
}
