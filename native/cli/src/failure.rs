//! How a verb ends when it cannot do its work.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use stallscope_core::heap::HeapError;
use stallscope_core::patterns::EvidenceError;
use stallscope_pprof::Error;

/// Why a verb ended early. Its text names the input and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The file itself.
    #[error("cannot open {}: {error}: check the path", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Its content.
    #[error("{}: {error}", path.display())]
    Profile {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: Error,
    },
    /// The question.
    #[error("{}: {error}", path.display())]
    Question {
        /// About which file.
        path: PathBuf,
        /// Why it has no answer.
        error: HeapError,
    },
    /// What is given beside the profiles: rules, facts, goroutines.
    #[error("{}: {problem}", path.display())]
    Beside {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The arguments do not fit together.
    #[error("{0}")]
    Arguments(String),
    /// The profiles cannot be judged together.
    #[error("{0}")]
    Evidence(#[from] EvidenceError),
    /// There is no report.
    #[error("{0}")]
    Report(String),
    /// There is no trace.
    #[error("{0}")]
    Trace(String),
    /// There is nothing to watch.
    #[error("{0}")]
    Watch(String),
    /// The answer could not be written.
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}

/// 0 when all went well, 2 when something was wrong with the input (as for wrong arguments), 1 otherwise.
pub fn exit_code(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen enough (`| head`): not a failure.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("stallscope: {failure}");
            ExitCode::from(if matches!(failure, Failure::Output(_)) { 1 } else { 2 })
        }
    }
}
