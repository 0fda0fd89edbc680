//! How gopls lays out its cache, as far as we rely on it: `gopls/XXXXXXXX/xx/<64 hex>-<kind>`, and beside the shards
//! `exe.sha256`. What is named otherwise is not gopls's, or of a gopls to come, and is never touched.

/// Holds the 32 bytes of the SHA-256 of the executable that a directory belongs to.
pub const EXECUTABLE_FILE: &str = "exe.sha256";

/// What a directory on its way to be removed is called: `0a1b2c3d.stallscope-removing-1`.
const ASIDE: &str = ".stallscope-removing-";
/// So many tries to remove one directory can have left something behind.
pub const MAX_ASIDE: u32 = 99;
/// gopls's longest is `diagnostics`.
const MAX_KIND_BYTES: usize = 40;
const KEY_DIGITS: usize = 64;

/// The first four bytes of an executable's SHA-256 that a directory is named by.
pub fn directory(name: &str) -> Option<[u8; 4]> {
    let digits = (name.len() == 8 && is_hex(name)).then(|| u32::from_str_radix(name, 16).ok())?;
    digits.map(u32::to_be_bytes)
}

/// What the directory of an executable is called.
pub fn directory_of(sha256: &[u8; 32]) -> String {
    sha256.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether this is one of the 256 directories below that of an executable.
pub fn is_shard(name: &str) -> bool {
    name.len() == 2 && is_hex(name)
}

/// The kind of a file in a shard: `analysis`, `cas`, `typerefs`. None where the name is not one of gopls's.
pub fn kind<'name>(shard: &str, name: &'name str) -> Option<&'name str> {
    let (key, kind) = name.split_once('-')?;
    let is_key = key.len() == KEY_DIGITS && is_hex(key) && key.starts_with(shard);
    let is_kind = (1..=MAX_KIND_BYTES).contains(&kind.len())
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    (is_key && is_kind).then_some(kind)
}

/// The name under which a directory is removed.
pub fn aside(directory: &str, number: u32) -> String {
    format!("{directory}{ASIDE}{number}")
}

/// Whether this is what an interrupted removal has left.
pub fn is_aside(name: &str) -> bool {
    name.split_once(ASIDE).is_some_and(|(name, number)| {
        let is_number = number.len() <= 2 && number.bytes().all(|byte| byte.is_ascii_digit());
        directory(name).is_some() && is_number && (1..=MAX_ASIDE).contains(&number.parse().unwrap_or(0))
    })
}

/// gopls writes digits in lower case.
fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_gopls_are_known_and_others_are_not() {
        assert_eq!(directory("0a1b2c3d"), Some([0x0a, 0x1b, 0x2c, 0x3d]));
        for other in ["0A1B2C3D", "0a1b2c3", "0a1b2c3d4", "", "+a1b2c3d", "0a1b2c3g", "0a1b2c3d "] {
            assert_eq!(directory(other), None, "{other:?}");
        }
        assert!(is_shard("0f") && !is_shard("0F") && !is_shard("..") && !is_shard("f") && !is_shard("0fe"));
        let key = "ab".repeat(32);
        assert_eq!(kind("ab", &format!("{key}-typerefs")), Some("typerefs"));
        for other in [
            format!("{key}-"),
            key.clone(),
            format!("{key}-a/b"),
            format!("{key}-.."),
            format!("{}-cas", &key[1..]),
            format!("{key}-{}", "x".repeat(41)),
        ] {
            assert_eq!(kind("ab", &other), None, "{other:?}");
        }
        assert_eq!(kind("ac", &format!("{key}-cas")), None, "it belongs into another shard");
    }

    #[test]
    fn what_is_put_aside_is_recognised() {
        assert!((1..=MAX_ASIDE).all(|number| is_aside(&aside("0a1b2c3d", number))));
        for other in [
            "0a1b2c3d",
            "0a1b2c3d.stallscope-removing-",
            "0a1b2c3d.stallscope-removing-0",
            "0a1b2c3d.stallscope-removing-100",
            "0a1b2c3d.stallscope-removing-+1",
            "notes.stallscope-removing-1",
        ] {
            assert!(!is_aside(other), "{other}");
        }
    }

    proptest! {
        /// Names in a folder are outside input.
        #[test]
        fn any_name_is_judged(name in any::<String>(), shard in "[0-9a-f]{2}") {
            directory(&name);
            is_aside(&name);
            prop_assert!(kind(&shard, &name).is_none_or(|kind| !kind.contains('/')));
        }

        #[test]
        fn a_directory_is_found_by_its_executable(bytes in any::<[u8; 32]>()) {
            prop_assert_eq!(directory(&directory_of(&bytes)), bytes.first_chunk().copied());
        }
    }
}
