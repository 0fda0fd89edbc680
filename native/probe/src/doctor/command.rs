//! Asks `go` and gopls, with a deadline for all questions together and a cap for each answer.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A larger answer is cut off, and counts as a failure.
pub const MAX_OUTPUT_BYTES: u64 = 64 << 20;
/// What a command says of its failure.
const MAX_ERROR_BYTES: u64 = 64 << 10;
const LOOK: Duration = Duration::from_millis(5);

/// Runs commands until a common deadline.
#[derive(Debug, Clone, Copy)]
pub struct Commands {
    until: Instant,
}

/// What a command said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whether it ended with 0.
    pub success: bool,
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// At most [`MAX_OUTPUT_BYTES`].
    pub stdout: Vec<u8>,
    /// The beginning of it.
    pub stderr: String,
}

/// Why a command said nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not be started.
    #[error("{command} could not be started: {error}")]
    Start {
        /// Which.
        command: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// It was not done in time, and was ended.
    #[error("{command} was not done in time")]
    Late {
        /// Which.
        command: String,
    },
    /// Its answer is too long.
    #[error("{command} answered more than {} MB", MAX_OUTPUT_BYTES >> 20)]
    TooLong {
        /// Which.
        command: String,
    },
}

impl Commands {
    /// All commands together may take so long.
    pub fn within(deadline: Duration) -> Self {
        Self { until: Instant::now() + deadline }
    }

    /// Runs a command in a folder with these variables beside our own environment, and waits for it.
    pub fn run<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        &self,
        folder: &Path,
        argv: &[&str],
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Said, CommandError> {
        let named = || argv.join(" ");
        let mut command = Command::new(argv.first().unwrap_or(&""));
        command.args(argv.iter().skip(1)).current_dir(folder).envs(variables);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // `go` starts others; a group of their own ends together.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| CommandError::Start { command: named(), error })?;
        let stdout = child.stdout.take().map(|pipe| thread::spawn(move || capped(pipe, MAX_OUTPUT_BYTES)));
        let stderr = child.stderr.take().map(|pipe| thread::spawn(move || capped(pipe, MAX_ERROR_BYTES)));
        let is_done =
            |reader: &Option<thread::JoinHandle<_>>| reader.as_ref().is_none_or(|r| r.is_finished());
        let status = loop {
            match child.try_wait() {
                // A child that it leaves behind may hold its pipes open: that is waited for too, within the deadline.
                Ok(Some(status)) if is_done(&stdout) && is_done(&stderr) => break status,
                Err(error) => return Err(CommandError::Start { command: named(), error }),
                Ok(_) if Instant::now() >= self.until => {
                    end(&mut child);
                    return Err(CommandError::Late { command: named() });
                }
                Ok(_) => thread::sleep(LOOK),
            }
        };
        let bytes = |reader: Option<thread::JoinHandle<Vec<u8>>>| {
            reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
        };
        let (stdout, stderr) = (bytes(stdout), bytes(stderr));
        if stdout.len() as u64 > MAX_OUTPUT_BYTES {
            return Err(CommandError::TooLong { command: named() });
        }
        Ok(Said {
            success: status.success(),
            code: status.code(),
            stdout,
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }
}

/// Reads up to one byte more than the cap, so that too much is told from just enough; the rest is read and dropped, so that
/// the command can end.
fn capped(mut pipe: impl Read, cap: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What came before an error is what it said.
    let _ = (&mut pipe).take(cap + 1).read_to_end(&mut bytes);
    let _ = std::io::copy(&mut pipe, &mut std::io::sink());
    bytes
}

fn end(child: &mut std::process::Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // It may be gone already.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const NO_VARIABLES: [(&str, &str); 0] = [];

    #[test]
    fn a_command_says_what_it_says() {
        let commands = Commands::within(Duration::from_secs(20));
        let argv = ["sh", "-c", "echo $A; pwd; echo no >&2; exit 3"];
        let said = commands.run(Path::new("/"), &argv, [("A", "b c")]).expect("it runs");
        assert_eq!(
            said,
            Said { success: false, code: Some(3), stdout: b"b c\n/\n".to_vec(), stderr: "no\n".into() }
        );
    }

    #[test]
    fn one_that_hangs_is_ended_with_its_children() {
        let begin = Instant::now();
        let commands = Commands::within(Duration::from_millis(200));
        let error = commands.run(Path::new("/"), &["sh", "-c", "sleep 60 & sleep 60"], NO_VARIABLES);
        assert!(matches!(error, Err(CommandError::Late { .. })), "{error:?}");
        assert!(begin.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn one_that_is_not_there_is_named() {
        let commands = Commands::within(Duration::from_secs(1));
        let error = commands.run(Path::new("/"), &["no-such-command", "x"], NO_VARIABLES).expect_err("no");
        assert!(error.to_string().starts_with("no-such-command x could not be started"), "{error}");
    }
}
