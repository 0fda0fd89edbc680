//! How the verbs behave at their edges: exit codes, messages, pipes, goldens.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{fixture_folder, fixtures, stallscope};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Runs `analyze` on a file with this content: its exit code and message.
fn analyze(content: &[u8]) -> (Option<i32>, String) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    let output = stallscope(&[Path::new("analyze"), file.path()]);
    assert!(output.stdout.is_empty());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains(&*file.path().to_string_lossy()), "names the file: {message}");
    (output.status.code(), message)
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn unreadable_input_is_named_with_its_remedy_and_exit_code_2() {
    let real = std::fs::read(&fixtures()[0]).unwrap();
    let text = b"heap profile: 12: 3456 [78: 9] @ heap/1048576\n1: 100 [1: 100] @ 0x1 0x2\n";
    let page = b"<!DOCTYPE html><html><body>/debug/pprof/</body></html>";
    let mut damaged = real.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0);
    let cases: [(&[u8], &str); 8] = [
        (b"", "is empty"),
        (&gzip(b""), "is empty"),
        (&real[..real.len() / 2], "cut off"),
        (text, "without `debug`"),
        (&gzip(text), "without `debug`"),
        (page, "web page"),
        (b"\x7fELF\x02\x01\x01 not a profile", "not a pprof profile"),
        (&damaged, ""),
    ];
    for (content, expected) in cases {
        let (code, message) = analyze(content);
        assert_eq!(code, Some(2), "{message}");
        assert!(message.contains(expected), "expected {expected:?} in {message:?}");
    }
    let missing = stallscope(&["analyze", "no-such-file.pb.gz"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8(missing.stderr).unwrap().contains("no-such-file.pb.gz"));
}

#[test]
fn a_gzip_bomb_ends_in_a_clear_error() {
    // A field of a number we do not know, 1 MB of zeros: well-formed, and as often as one likes.
    let mut field = vec![0x82, 0x7d, 0x80, 0x80, 0x40];
    field.resize(field.len() + (1 << 20), 0);
    let bomb = gzip(&field).repeat(40);
    assert!(bomb.len() < 1_000_000);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bomb).unwrap();
    let limited = |megabytes: &str| {
        let output = stallscope(&["analyze", file.path().to_str().unwrap(), "--max-inflated-mb", megabytes]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(limited("20").contains("inflates to more than 20000000 bytes"), "{}", limited("20"));
    assert!(limited("50").contains("no sample types"), "the limit is the only reason: {}", limited("50"));
}

#[test]
fn an_unknown_sample_type_is_answered_with_the_known_ones() {
    let output = stallscope(&[Path::new("analyze"), &fixtures()[0], Path::new("--sample=cpu")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("inuse_objects, inuse_space"));
}

#[test]
fn the_json_of_analyze_has_its_published_shape_and_nothing_more() {
    let profile = fixture_folder().join("gopls-v0.23.0-loaded.pb.gz");
    let output = stallscope(&[Path::new("analyze"), &profile, Path::new("--top=2"), Path::new("--json")]);
    let expected = concat!(
        r#"{"sample_type":"inuse_space","unit":"bytes","total":724527628,"rows":["#,
        r#"{"function":"golang.org/x/tools/gopls/internal/cache.init","flat":100007936,"cum":100007936},"#,
        r#"{"function":"go/parser.(*parser).parseIdent","flat":37749888,"cum":41434186}]}"#,
        "\n"
    );
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn a_closed_pipe_is_not_a_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_stallscope"))
        .args([Path::new("analyze"), &fixtures()[0], Path::new("--json")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The first rows of every real profile as people see them. `UPDATE_GOLDENS=1 cargo test` writes them anew.
#[test]
fn the_readable_tables_are_as_recorded() {
    for profile in fixtures() {
        let profile_name = profile.file_name().unwrap().to_str().unwrap();
        let golden = fixture_folder().join(profile_name.replace(".pb.gz", ".top.txt"));
        let output = stallscope(&[Path::new("analyze"), &profile, Path::new("--top=25")]);
        let actual = String::from_utf8(output.stdout).unwrap();
        if std::env::var_os("UPDATE_GOLDENS").is_some() {
            std::fs::write(&golden, &actual).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(actual, expected, "{}", golden.display());
    }
}
