//! Lists of module path patterns (`GOPRIVATE`, `GONOPROXY`, `GONOSUMDB`) as the `go` command matches them: each glob against
//! as many elements from the beginning of a path as the glob has.

/// Longer patterns match nothing: a person writes none.
const MAX_PATTERN_BYTES: usize = 1_000;

/// Whether one of the patterns, separated by commas, matches the beginning of a path.
pub(super) fn matches_prefix(patterns: &str, path: &str) -> bool {
    patterns.split(',').filter(|glob| !glob.is_empty() && glob.len() <= MAX_PATTERN_BYTES).any(|glob| {
        let glob = glob.strip_suffix('/').unwrap_or(glob);
        let globs: Vec<&str> = glob.split('/').collect();
        let elements: Vec<&str> = path.split('/').take(globs.len()).collect();
        elements.len() == globs.len()
            && globs.iter().zip(&elements).all(|(glob, element)| {
                let (glob, element): (Vec<char>, Vec<char>) =
                    (glob.chars().collect(), element.chars().collect());
                matches(&glob, &element)
            })
    })
}

/// Go's `path.Match` of one element. A pattern that is not well formed matches nothing.
fn matches(glob: &[char], text: &[char]) -> bool {
    // The last star, and where its text ends so far: going back to it alone is enough.
    let (mut g, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        let step = match glob.get(g) {
            Some('*') => {
                star = Some((g + 1, t));
                g += 1;
                continue;
            }
            Some(_) => one(&glob[g..], text[t]),
            None => None,
        };
        match (step, star) {
            (Some(length), _) => (g, t) = (g + length, t + 1),
            (None, Some((after, from))) => {
                (g, t) = (after, from + 1);
                star = Some((after, t));
            }
            (None, None) => return false,
        }
    }
    glob[g..].iter().all(|c| *c == '*')
}

/// How much of a pattern matches one character.
fn one(glob: &[char], c: char) -> Option<usize> {
    match glob.first()? {
        '?' => Some(1),
        '\\' => (*glob.get(1)? == c).then_some(2),
        '[' => class(glob, c),
        literal => (*literal == c).then_some(1),
    }
}

/// `[a-z]`, `[^a-z]`, with `\` before what would mean something.
fn class(glob: &[char], c: char) -> Option<usize> {
    let is_negated = glob.get(1) == Some(&'^');
    let mut at = if is_negated { 2 } else { 1 };
    let mut is_in = false;
    let mut is_first = true;
    loop {
        if glob.get(at)? == &']' && !is_first {
            break;
        }
        let (low, length) = bound(&glob[at..])?;
        at += length;
        let mut high = low;
        if glob.get(at) == Some(&'-') {
            let (bound, length) = bound(&glob[at + 1..])?;
            high = bound;
            at += 1 + length;
        }
        is_in |= low <= c && c <= high;
        is_first = false;
    }
    (is_in != is_negated).then_some(at + 1)
}

fn bound(glob: &[char]) -> Option<(char, usize)> {
    match glob.first()? {
        '-' | ']' => None,
        '\\' => Some((*glob.get(1)?, 2)),
        c => Some((*c, 1)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Examples of `path.Match`'s and `module.MatchPrefixPatterns`'s own documentation and tests.
    #[test]
    fn patterns_match_as_for_go() {
        for (patterns, path, expected) in [
            ("*.corp.example.com", "git.corp.example.com/x/y", true),
            ("*.corp.example.com", "corp.example.com/x", false),
            ("rsc.io/private", "rsc.io/private/quux", true),
            ("rsc.io/private", "rsc.io/privateer", false),
            ("rsc.io/private/", "rsc.io/private", true),
            ("a/b", "a", false),
            ("*", "a/b", true),
            ("x,github.com/me/*", "github.com/me/tool", true),
            ("github.com/me/*", "github.com/me", false),
            ("", "a", false),
            ("a[b-d]?", "acx", true),
            ("a[^b-d]?", "acx", false),
            ("a[", "a[", false),
            ("[]a]", "a", false),
            ("[\\]a]", "]", true),
            ("a\\*", "a*", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyyd", false),
        ] {
            assert_eq!(matches_prefix(patterns, path), expected, "{patterns:?} {path:?}");
        }
    }

    proptest! {
        #[test]
        fn any_pattern_ends(patterns in any::<String>(), path in any::<String>()) {
            matches_prefix(&patterns, &path);
        }

        #[test]
        fn many_stars_take_no_time(stars in 1usize..400) {
            let glob = "*a".repeat(stars) + "b";
            prop_assert!(!matches_prefix(&glob, &"a".repeat(900)));
        }

        #[test]
        fn a_path_matches_itself(path in "[a-z.]{1,9}(/[a-z0-9.]{1,9}){0,3}") {
            prop_assert!(matches_prefix(&path, &path));
        }
    }
}
