//! Versions of Go, and which is newer: `1.21` comes before `1.21rc1`, and that before `1.21.0`, as for the `go` command.

use std::fmt;

/// A version as a `go` line or a toolchain names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoVersion {
    major: u64,
    minor: u64,
    /// Where there is no patch version: a language version (0), or a pre-release (1 for beta, 2 for rc, with its number).
    rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Rest {
    Language,
    Beta(u64),
    Candidate(u64),
    Patch(u64),
}

impl GoVersion {
    /// Reads `1.26`, `1.26rc1`, `go1.26.8`, `go1.26.8-custom`. None for anything else, like `devel`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("go").unwrap_or(text);
        // What a distribution adds to it does not count.
        let text = text.split(['-', ' ', '+']).next().unwrap_or_default();
        let (major, text) = number(text)?;
        let Some(text) = text.strip_prefix('.') else {
            return text.is_empty().then_some(Self { major, minor: 0, rest: Rest::Language });
        };
        let (minor, text) = number(text)?;
        let rest = match text {
            "" => Rest::Language,
            _ if text.starts_with("beta") => Rest::Beta(whole(&text[4..])?),
            _ if text.starts_with("rc") => Rest::Candidate(whole(&text[2..])?),
            _ => Rest::Patch(whole(text.strip_prefix('.')?)?),
        };
        // Until Go 1.20 the first release had no patch version.
        let rest = match rest {
            Rest::Language if (major, minor) < (1, 21) => Rest::Patch(0),
            rest => rest,
        };
        Some(Self { major, minor, rest })
    }

    /// The language: `1.26` of `1.26.8`.
    pub fn language(&self) -> (u64, u64) {
        (self.major, self.minor)
    }

    /// The toolchain that `go` takes where this is asked for: for a language version its first release.
    #[must_use]
    pub fn toolchain(&self) -> Self {
        let rest = match self.rest {
            Rest::Language => Rest::Patch(0),
            ref rest => rest.clone(),
        };
        Self { rest, ..self.clone() }
    }
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        match self.rest {
            Rest::Language => Ok(()),
            Rest::Patch(0) if self.language() < (1, 21) => Ok(()),
            Rest::Beta(number) => write!(f, "beta{number}"),
            Rest::Candidate(number) => write!(f, "rc{number}"),
            Rest::Patch(number) => write!(f, ".{number}"),
        }
    }
}

fn whole(text: &str) -> Option<u64> {
    number(text).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
}

fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> GoVersion {
        GoVersion::parse(text).unwrap_or_else(|| panic!("{text} is a version"))
    }

    #[test]
    fn they_are_ordered_as_the_go_command_orders_them() {
        let rising =
            ["1.9", "1.20rc1", "1.20", "1.20.1", "1.21", "1.21beta1", "1.21rc2", "1.21.0", "1.26.8", "2.0"];
        assert!(rising.windows(2).all(|pair| of(pair[0]) < of(pair[1])), "{rising:?}");
        assert_eq!(of("go1.26.8"), of("1.26.8"));
        assert_eq!(of("go1.26.8-X:nodwarf5"), of("1.26.8"));
        assert_eq!(of("1.21").toolchain(), of("1.21.0"));
        assert_eq!(of("1.20").to_string(), "1.20");
        assert_eq!(of("go1.26rc1").to_string(), "1.26rc1");
        for other in ["devel", "", "go", "1.", "1.x", "1.2.3.4", "99999999999999999999.1", "1.21rcx"] {
            assert_eq!(GoVersion::parse(other), None, "{other}");
        }
    }

    proptest! {
        /// A `go` line is outside input.
        #[test]
        fn any_text_is_read_and_a_version_is_read_back(text in any::<String>(), minor in 21u64..99, patch in 0u64..99) {
            GoVersion::parse(&text);
            let version = of(&format!("1.{minor}.{patch}"));
            prop_assert_eq!(of(&version.to_string()), version);
        }
    }
}
