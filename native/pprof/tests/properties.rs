//! What holds for every input: round trips are exact, and no bytes make the decoder panic.
// The library reads no files; what drives it here must.
#![allow(clippy::disallowed_methods)]
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use proptest::collection::vec;
use proptest::prelude::*;
use stallscope_pprof::{
    Decoder, Error, Function, Label, Limits, Line, Location, Mapping, Parts, Profile, Samples, StringId,
    StringTable, ValueType, decode, encode, encode_gzip,
};

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/profiles");
    std::fs::read(folder.join(name)).unwrap()
}

fn inflated(gzip: &[u8]) -> Vec<u8> {
    encode(&decode(gzip, &Limits::default()).unwrap())
}

/// Limits under which hostile input is cheap to try.
fn small_limits() -> Limits {
    Limits {
        compressed_bytes: 1 << 20,
        inflated_bytes: 4 << 20,
        frames: 1 << 16,
        values: 1 << 16,
        labels: 1 << 16,
        table_entries: 1 << 12,
    }
}

prop_compose! {
    fn any_profile()(strings in vec(".{0,12}", 1..20), width in 1usize..5, functions in 1u32..9,
                     locations in 0u32..9)
        (strings in Just(strings.clone()),
         types in vec((id(strings.len()), id(strings.len())), width),
         functions in vec((id(strings.len()), id(strings.len()), id(strings.len()), any::<i64>()),
                          functions as usize),
         mappings in vec((any::<u64>(), any::<u64>(), id(strings.len()), any::<bool>()), 1..3),
         locations in vec((any::<bool>(), any::<u64>(),
                           vec((0..functions, any::<i64>(), any::<i64>()), 0..4)), locations as usize),
         samples in vec((vec(prop_oneof![Just(0), any::<i64>()], width), vec(0..locations.max(1), 0..9),
                         vec((id(strings.len()), id(strings.len()), any::<i64>()), 0..3)), 0..20),
         scalars in vec(any::<i64>(), 3),
         comments in vec(id(strings.len()), 0..3),
         period_type in proptest::option::of((id(strings.len()), id(strings.len()))))
        -> Parts
    {
        let mut parts = Parts {
            strings: StringTable::from_iter(std::iter::once("").chain(strings.iter().map(String::as_str))),
            time_nanos: scalars[0],
            duration_nanos: scalars[1],
            period: scalars[2],
            comments,
            period_type: period_type.map(|(kind, unit)| ValueType { kind, unit }),
            ..Parts::default()
        };
        parts.sample_types = types.into_iter().map(|(kind, unit)| ValueType { kind, unit }).collect();
        parts.functions = (functions.into_iter())
            .map(|(name, system_name, file, start_line)| Function { name, system_name, file, start_line })
            .collect();
        parts.mappings = (mappings.into_iter())
            .map(|(memory_start, memory_limit, file, has_functions)| Mapping {
                memory_start, memory_limit, file, has_functions, ..Mapping::default()
            })
            .collect();
        for (mapped, address, lines) in locations {
            let first_line = parts.lines.len() as u32;
            let line_count = lines.len() as u32;
            parts.lines.extend(
                lines.into_iter().map(|(function, line, column)| Line { function, line, column }),
            );
            let mapping = mapped.then_some(0);
            parts.locations.push(Location { mapping, address, first_line, line_count, is_folded: mapped });
        }
        let mut rows = Samples::default();
        for (values, stack, labels) in samples {
            let stack = if parts.locations.is_empty() { Vec::new() } else { stack };
            let labels: Vec<_> = (labels.into_iter())
                .map(|(key, unit, number)| Label { key, text: StringId(0), number, unit })
                .collect();
            rows.push(&values, &stack, &labels);
        }
        parts.samples = rows;
        parts
    }
}

fn id(strings: usize) -> impl Strategy<Value = StringId> {
    (0..=strings as u32).prop_map(StringId)
}

proptest! {
    #[test]
    fn round_trip(parts in any_profile()) {
        let profile = Profile::new(parts).unwrap();
        prop_assert_eq!(&decode(&encode(&profile), &Limits::default()).unwrap(), &profile);
        let gzip = encode_gzip(&profile).unwrap();
        prop_assert_eq!(&decode(&gzip, &Limits::default()).unwrap(), &profile);
    }

    #[test]
    fn the_cut_into_chunks_does_not_matter(parts in any_profile(), size in 1usize..40) {
        let profile = Profile::new(parts).unwrap();
        let mut decoder = Decoder::new(&Limits::default());
        for chunk in encode(&profile).chunks(size) {
            decoder.push(chunk).unwrap();
        }
        prop_assert_eq!(decoder.finish().unwrap(), profile);
    }

    #[test]
    fn keeping_only_one_type_leaves_out_what_has_no_value_of_it(parts in any_profile(), kind in 0usize..5) {
        let profile = Profile::new(parts).unwrap();
        let mut decoder = Decoder::new(&Limits::default()).keeping_only(kind);
        decoder.push(&encode(&profile)).unwrap();
        let kept = decoder.finish().unwrap();
        let width = profile.sample_types.len();
        let mut expected = Samples::default();
        for sample in 0..profile.samples.len() {
            if kind >= width || profile.value(sample, kind) != 0 {
                let values = &profile.samples.values[sample * width..(sample + 1) * width];
                expected.push(values, profile.samples.stack(sample), profile.samples.labels(sample));
            }
        }
        prop_assert_eq!(&kept.samples, &expected);
        prop_assert_eq!(&kept.locations, &profile.locations);
    }

    #[test]
    fn garbage_is_refused_not_fatal(bytes in vec(any::<u8>(), 0..2000)) {
        let _ = decode(&bytes, &small_limits());
    }

    #[test]
    fn an_index_out_of_range_never_becomes_a_profile(parts in any_profile(), which in 0..4, by in 0u32..9) {
        let mut parts = parts;
        let far = 1000 + by;
        match which {
            0 => parts.comments.push(StringId(far)),
            1 => parts.lines.push(Line { function: far, ..Line::default() }),
            2 => parts.locations.push(Location { mapping: Some(far), ..Location::default() }),
            _ => parts.samples.push(&vec![0; parts.sample_types.len()], &[far], &[]),
        }
        prop_assert!(matches!(Profile::new(parts), Err(Error::Inconsistent(_))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_mutated_real_profile_is_read_or_refused(changes in vec((any::<usize>(), any::<u8>()), 1..20)) {
        let mut bytes = inflated(&fixture("gopls-v0.23.0-early.pb.gz"));
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let _ = decode(&bytes, &small_limits());
    }

    #[test]
    fn a_mutated_gzip_layer_is_read_or_refused(changes in vec((any::<usize>(), any::<u8>()), 1..5)) {
        let mut bytes = fixture("gopls-v0.23.0-early.pb.gz");
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let _ = decode(&bytes, &small_limits());
    }

    #[test]
    fn a_cut_real_profile_is_an_error(length in any::<usize>()) {
        let bytes = fixture("gopls-v0.23.0-early.pb.gz");
        prop_assert!(decode(&bytes[..length % bytes.len()], &small_limits()).is_err());
    }
}
