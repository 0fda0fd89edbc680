//! One case per way a profile is refused, and the fixtures' promise to name nobody's home.
// The library reads no files; what drives it here must.
#![allow(clippy::disallowed_methods)]
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use stallscope_pprof::{Error, Limits, Parts, Profile, StringTable, ValueType, decode, encode, encode_gzip};

fn fixtures() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/profiles");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let profiles: Vec<_> = paths.filter(|path| path.extension().is_some_and(|e| e == "gz")).collect();
    assert!(profiles.len() >= 3);
    profiles
}

fn real() -> Vec<u8> {
    std::fs::read(&fixtures()[0]).unwrap()
}

fn refused(bytes: &[u8]) -> Error {
    decode(bytes, &Limits::default()).unwrap_err()
}

/// A profile of one sample type, followed by more of the message.
fn with_tail(tail: &[u8]) -> Vec<u8> {
    let parts = Parts {
        strings: StringTable::from_iter(["", "space"]),
        sample_types: vec![ValueType::default()],
        time_nanos: 1,
        ..Parts::default()
    };
    let mut bytes = encode(&Profile::new(parts).unwrap());
    bytes.extend_from_slice(tail);
    bytes
}

#[test]
fn real_profiles_survive_the_round_trip() {
    for path in fixtures() {
        let profile = decode(&std::fs::read(path).unwrap(), &Limits::default()).unwrap();
        assert!(profile.samples.len() > 50);
        let again = decode(&encode_gzip(&profile).unwrap(), &Limits::default()).unwrap();
        assert_eq!(profile.samples, again.samples);
        assert_eq!(profile.strings, again.strings);
        assert_eq!(profile.locations.len(), again.locations.len());
    }
}

#[test]
fn no_fixture_names_a_local_path() {
    for path in fixtures() {
        let profile = decode(&std::fs::read(&path).unwrap(), &Limits::default()).unwrap();
        for text in profile.strings.iter() {
            for local in ["/root/", "/home/", "/work/", "/Users/", "/opt/", "\\"] {
                assert!(!text.contains(local), "{}: {text}", path.display());
            }
        }
    }
}

#[test]
fn nothing_text_and_web_pages_are_told_apart() {
    assert!(matches!(refused(b""), Error::Empty));
    assert!(matches!(refused(b"goroutine profile: total 168\n1 @ 0x1"), Error::TextForm));
    assert!(matches!(refused(b"<html>404</html>"), Error::WebPage));
}

#[test]
fn both_sides_of_the_gzip_layer_are_capped() {
    let bytes = real();
    let limits = Limits { compressed_bytes: 1000, ..Limits::default() };
    assert!(matches!(decode(&bytes, &limits), Err(Error::CompressedTooLarge { limit: 1000 })));
    let limits = Limits { inflated_bytes: 1000, ..Limits::default() };
    assert!(matches!(decode(&bytes, &limits), Err(Error::InflatedTooLarge { limit: 1000 })));
    let exact = Limits { compressed_bytes: bytes.len() as u64, ..Limits::default() };
    assert!(decode(&bytes, &exact).is_ok());
}

#[test]
fn every_column_is_capped() {
    let default = Limits::default();
    for limits in [
        Limits { frames: 10, ..default },
        Limits { values: 10, ..default },
        Limits { labels: 10, ..default },
        Limits { table_entries: 10, ..default },
    ] {
        assert!(matches!(decode(&real(), &limits), Err(Error::TooMany { limit: 10, .. })));
    }
}

#[test]
fn a_cut_is_a_cut_with_and_without_gzip() {
    let bytes = real();
    assert!(matches!(refused(&bytes[..bytes.len() - 20]), Error::Truncated));
    let raw = encode(&decode(&bytes, &Limits::default()).unwrap());
    assert!(matches!(refused(&raw[..raw.len() - 1]), Error::Truncated));
}

#[test]
fn two_profiles_in_one_are_refused() {
    let one = with_tail(&[]);
    assert!(matches!(refused(&[one.clone(), one].concat()), Error::Concatenated));
}

#[test]
fn contradictions_are_named() {
    let cases: [(&[u8], &str); 8] = [
        (&[0x12, 4, 0x0a, 0, 0x12, 0], "has no values"),
        (&[0x12, 4, 0x12, 2, 1, 2], "does not have 1 values"),
        (&[0x12, 4, 0x08, 9, 0x10, 1], "location 9 is used but not defined"),
        (&[0x22, 6, 0x08, 1, 0x22, 2, 0x08, 5], "function 5 is used but not defined"),
        (&[0x22, 4, 0x08, 1, 0x10, 3], "mapping 3 is used but not defined"),
        (&[0x22, 2, 0x08, 1, 0x22, 2, 0x08, 1], "location 1 is defined twice"),
        (&[0x22, 0], "reserved id 0"),
        (&[0x68, 77], "string 77 is used"),
    ];
    for (tail, expected) in cases {
        let message = refused(&with_tail(tail)).to_string();
        assert!(message.contains(expected), "expected {expected:?} in {message:?}");
    }
}

#[test]
fn samples_of_nothing_are_refused_at_the_first() {
    // Two bytes a sample: 60 million of them must not become 60 million rows.
    let empty = [0x12, 0].repeat(60 << 20);
    assert!(refused(&with_tail(&empty)).to_string().contains("a sample has no values"));
}

#[test]
fn a_length_beyond_sense_is_refused_before_it_fills_memory() {
    let huge = [0x32, 0xff, 0xff, 0xff, 0xff, 0x7f];
    assert!(matches!(refused(&with_tail(&huge)), Error::Malformed(_)));
}
