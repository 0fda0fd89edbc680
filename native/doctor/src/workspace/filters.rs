//! gopls's `directoryFilters`: whether they leave a folder out, and one more for the folder that is open.

use std::collections::BTreeSet;

use serde_json::json;

use crate::place::FileEdit;
use crate::settings::{FolderSettings, Setting};

/// What gopls leaves out where nothing is set.
const DEFAULT: &str = "-**/node_modules";
const NAME: &str = "directoryFilters";
/// With the name of its group, as it is written where nothing is set yet.
const KEY: &str = "build.directoryFilters";

/// The setting that counts, wherever it stands: of several files the strongest one's list takes the place of the others.
fn in_force(settings: &FolderSettings) -> Option<Setting<'_>> {
    settings.layers.counts_for_gopls(NAME)
}

/// The filters that gopls goes by.
pub(super) fn counting(settings: &FolderSettings) -> Vec<String> {
    in_force(settings).map_or_else(|| vec![DEFAULT.to_owned()], |setting| setting.texts().unwrap_or_default())
}

/// Whether filters leave a folder out, by its path from the opened one: the last that matches decides.
pub(super) fn hide(filters: &[String], folder: &str) -> bool {
    let mut is_hidden = false;
    for filter in filters {
        let Some((sign, pattern)) = filter.split_at_checked(1) else { continue };
        let pattern: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let folder: Vec<&str> = folder.split('/').collect();
        if begins_with(&folder, &pattern) {
            is_hidden = sign == "-";
        }
    }
    is_hidden
}

/// Whether a path or a folder around it is named by a pattern. `**` stands for some folders, at the beginning also for none: gopls
/// makes regular expressions of them that say so.
fn begins_with(path: &[&str], pattern: &[&str]) -> bool {
    let mut at = BTreeSet::from([0]);
    if pattern.first() == Some(&"**") {
        at.insert(1);
    }
    for name in path {
        if at.contains(&pattern.len()) {
            return true;
        }
        let step = |place: &usize| match pattern.get(*place) {
            Some(&"**") => vec![*place, place + 1],
            Some(wanted) if wanted == name => vec![place + 1],
            _ => Vec::new(),
        };
        at = at.iter().flat_map(step).collect();
    }
    at.contains(&pattern.len())
}

/// One more filter.
pub(super) struct Added<'a> {
    pub edits: Vec<FileEdit>,
    /// The list of another file that would count no more, and is carried over.
    pub carried: Option<Setting<'a>>,
}

/// One more filter in the folder's own settings: what it names is a folder of this one, and of no other. None where the file or the
/// list is not understood.
pub(super) fn add<'a>(settings: &'a FolderSettings, filter: &str) -> Option<Added<'a>> {
    let own = settings.own.as_ref()?;
    let put = |key: &str, filters: Vec<String>| own.put("gopls", key, &json!(filters));
    let Some(setting) = in_force(settings) else {
        let edits = put(KEY, vec![DEFAULT.to_owned(), filter.to_owned()])?;
        return Some(Added { edits, carried: None });
    };
    let mut filters = setting.texts()?;
    if setting.document.path == own.path {
        return Some(Added { edits: own.append(setting.node(), &json!(filter)), carried: None });
    }
    filters.push(filter.to_owned());
    // By another name it would be a second list beside that one.
    let key = setting.member.name.trim_start_matches("gopls.");
    Some(Added { edits: put(key, filters)?, carried: Some(setting) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::place::Scope;
    use crate::settings::{Document, Layers, applied};

    const OWN: &str = "/w/.vscode/settings.json";

    fn settings(user: &str, own: &str) -> Option<FolderSettings> {
        let user = Document::read("/u/settings.json", Scope::User, user).ok()?;
        let own = Document::read(OWN, Scope::Workspace, own).ok()?;
        Some(FolderSettings { layers: Layers::new(vec![user, own.clone()]), own: Some(own) })
    }

    /// The folder's own file with one more filter, and from where others were carried over.
    fn with(user: &str, own: &str, filter: &str) -> Option<(String, Option<String>)> {
        let settings = settings(user, own)?;
        let added = add(&settings, filter)?;
        assert!(added.edits.iter().all(|edit| edit.path == OWN));
        let carried = added.carried.map(|setting| setting.document.path.clone());
        Some((applied(own, &added.edits), carried))
    }

    #[test]
    fn a_filter_is_added_to_those_that_count_and_all_else_stays() {
        let user = r#"{ "gopls": { "directoryFilters": ["-u", "+u/v"] } }"#;
        let carried = Some("/u/settings.json");
        for (user, own, after, from) in [
            (
                "",
                "",
                "{\n  \"gopls\": {\n    \"build.directoryFilters\": [\n      \"-**/node_modules\",\n      \"-x\"\n    ]\n  }\n}\n",
                None,
            ),
            (
                "",
                "{\n\t// Mine.\n\t\"a\": 1, // one\n}\n",
                "{\n\t\"gopls\": { \"build.directoryFilters\": [\"-**/node_modules\", \"-x\"] },\n\t// Mine.\n\t\"a\": 1, // one\n}\n",
                None,
            ),
            (
                user,
                "{ \"gopls\": { \"directoryFilters\": [\n\"-a\" // a\n] } }",
                "{ \"gopls\": { \"directoryFilters\": [\n\"-a\", // a\n\"-x\"\n] } }",
                None,
            ),
            (
                user,
                "{ \"gopls\": { \"m\": 1 } }",
                "{ \"gopls\": { \"directoryFilters\": [\"-u\", \"+u/v\", \"-x\"], \"m\": 1 } }",
                carried,
            ),
            (
                "{ \"gopls.directoryFilters\": [\"-u\"] }",
                "{}",
                "{ \"gopls\": { \"directoryFilters\": [\"-u\", \"-x\"] } }",
                carried,
            ),
        ] {
            let (found, carried) = with(user, own, "-x").expect("it can be added");
            assert_eq!((found.as_str(), carried.as_deref()), (after, from));
        }
        for refused in
            ["[]", "{", "{ \"gopls\": 1 }", "{ \"gopls\": { \"directoryFilters\": 1 } }", &"[".repeat(9_999)]
        {
            assert_eq!(with("", refused, "-x"), None, "{refused}");
        }
        assert_eq!(with("{ \"gopls\": { \"directoryFilters\": [1] } }", "{}", "-x"), None);
    }

    #[test]
    fn the_last_filter_that_matches_decides() {
        let hidden = |filters: &[&str], folder| {
            hide(&filters.iter().map(ToString::to_string).collect::<Vec<_>>(), folder)
        };
        assert!(
            hidden(&["-a"], "a/b")
                && hidden(&["-**/b"], "a/b/c")
                && hidden(&["-"], "a")
                && hidden(&["-a/**/c"], "a/b/c")
                && hidden(&["-**/b"], "b")
        );
        assert!(
            !hidden(&["-a"], "ab")
                && !hidden(&["-b"], "a/b")
                && !hidden(&["-a", "+a/b"], "a/b")
                && !hidden(&["", "-a/b"], "a")
                && !hidden(&["-a/**/c"], "a/c")
        );
    }

    proptest! {
        #[test]
        fn any_settings_are_borne(text in "[\\[\\]{}:,\"a/*\\\\ \n]{0,60}", gopls in "\\PC{0,20}", filter in "\\PC{0,10}") {
            for text in [text.clone(), format!("{{\"gopls\": {text}}}"), format!("{{\"gopls\": {{\"directoryFilters\": [{gopls:?}]}}}}")] {
                for (user, own) in [("", &*text), (&*text, "")] {
                    let Some((after, _)) = with(user, own, &filter) else { continue };
                    let counting = settings(user, &after).map(|settings| counting(&settings));
                    prop_assert!(counting.is_some_and(|all| all.contains(&filter)), "{}", after);
                }
            }
            hide(&[filter], &gopls);
        }
    }
}
