//! Versions: of modules, which must fit the major version in their path, and of Go, which are ordered in a way of their own.

use std::cmp::Ordering;

/// A module path without its major version, and that (`/v2`, `.v3`, or nothing); none for a path that cannot be.
pub fn module_path_parts(path: &str) -> Option<(&str, &str)> {
    let is_gopkg = path.starts_with("gopkg.in/");
    let stable = if is_gopkg { path.strip_suffix("-unstable").unwrap_or(path) } else { path };
    let digits = stable.trim_end_matches(|c: char| c.is_ascii_digit() || (c == '.' && !is_gopkg));
    let number = &stable[digits.len()..];
    if is_gopkg {
        let prefix = digits.strip_suffix(".v")?;
        let is_number = (number == "0" && stable == path) || (!number.is_empty() && !number.starts_with('0'));
        return is_number.then(|| path.split_at(prefix.len()));
    }
    let Some(prefix) = digits.strip_suffix("/v").filter(|_| !number.is_empty()) else {
        return Some((path, ""));
    };
    let is_major = !number.contains('.') && !number.starts_with('0') && number != "1";
    is_major.then(|| path.split_at(prefix.len()))
}

/// Whether a version fits the major version of a module path.
pub(super) fn fits_major(version: &str, path_major: &str) -> bool {
    let major = version.split(['.', '-', '+']).next().unwrap_or_default();
    let path_major = path_major.strip_suffix("-unstable").unwrap_or(path_major);
    match path_major.get(1..) {
        None => matches!(major, "v0" | "v1") || version.ends_with("+incompatible"),
        Some("v1") if version.starts_with("v0.0.0-") => true,
        Some(wanted) => major == wanted,
    }
}

/// A module version in its full form (`v1.2` becomes `v1.2.0`), without build metadata but for `+incompatible`.
pub(super) fn canonical(version: &str) -> Option<String> {
    let (rest, build) = match version.strip_prefix('v')?.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (version.strip_prefix('v')?, None),
    };
    let (numbers, prerelease) = match rest.split_once('-') {
        Some((numbers, prerelease)) => (numbers, Some(prerelease)),
        None => (rest, None),
    };
    let numbers: Vec<&str> = numbers.split('.').collect();
    if numbers.len() > 3 || !numbers.iter().all(|number| is_number(number)) {
        return None;
    }
    // What comes behind the numbers comes behind all three.
    if numbers.len() < 3 && (prerelease.is_some() || build.is_some()) {
        return None;
    }
    let is_identifier = |part: &str| {
        !part.is_empty()
            && part.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    let leading_zero =
        |part: &str| part.len() > 1 && part.starts_with('0') && part.chars().all(|c| c.is_ascii_digit());
    let mut parts = prerelease.iter().flat_map(|text| text.split('.'));
    if !parts.all(|part| is_identifier(part) && !leading_zero(part)) {
        return None;
    }
    if !build.iter().flat_map(|text| text.split('.')).all(is_identifier) {
        return None;
    }
    let number = |at: usize| numbers.get(at).copied().unwrap_or("0");
    let mut out = format!("v{}.{}.{}", number(0), number(1), number(2));
    if let Some(prerelease) = prerelease {
        out.extend(["-", prerelease]);
    }
    if build == Some("incompatible") {
        out.push_str("+incompatible");
    }
    Some(out)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
}

/// Whether `go` takes this for a version of Go in a `go` line: `1.21`, `1.21.3`, `1.22rc1`.
pub(super) fn is_go_version(text: &str) -> bool {
    let at = text.find(|c: char| c.is_ascii_lowercase()).unwrap_or(text.len());
    let (numbers, kind) = text.split_at(at);
    let numbers: Vec<&str> = numbers.split('.').collect();
    let of_kind = kind.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let is_kind = kind.is_empty() || (!of_kind.is_empty() && of_kind.chars().all(|c| c.is_ascii_digit()));
    (2..=3).contains(&numbers.len())
        && numbers.iter().all(|number| is_number(number))
        && numbers.first() != Some(&"0")
        && is_kind
}

/// Orders versions of Go as the go command does: `1.21` < `1.21rc1` < `1.21.0`, but `1.20` = `1.20.0`.
pub fn compare_go(a: &str, b: &str) -> Ordering {
    go_key(a).cmp(&go_key(b))
}

/// Major, minor, patch, kind of prerelease, its number. A number is compared by its length first, so that none is too large.
type GoKey<'a> = ((usize, &'a str), (usize, &'a str), (usize, &'a str), &'a str, (usize, &'a str));

fn go_key(version: &str) -> GoKey<'_> {
    fn number(text: &str) -> (usize, &str) {
        let text = text.trim_start_matches('0');
        (text.len(), text)
    }
    let at = version.find(|c: char| c.is_ascii_lowercase()).unwrap_or(version.len());
    let (numbers, kind) = version.split_at(at);
    let mut numbers = numbers.split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    let patch = numbers.next();
    let of_kind = kind.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let kind_name = &kind[..kind.len() - of_kind.len()];
    // From Go 1.21 on the first release is 1.21.0, and 1.21 is the language, before all releases and candidates of it.
    let is_new = number(major) > number("1") || number(minor) >= number("21");
    let (patch, kind_name) = match patch {
        Some(patch) => ((number(patch).0 + 1, number(patch).1), "~"),
        None if !kind_name.is_empty() => ((0, ""), kind_name),
        None if is_new => ((0, ""), ""),
        None => ((1, ""), "~"),
    };
    (number(major), number(minor), patch, kind_name, number(of_kind))
}
