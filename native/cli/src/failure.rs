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
    /// The cache cannot be read, or not be removed.
    #[error("{0}")]
    Cache(String),
    /// Not all was done.
    #[error("{0}")]
    Unfinished(String),
    /// There is nothing to examine.
    #[error("{0}")]
    Doctor(String),
    /// There is no history.
    #[error("{0}")]
    History(String),
    /// There is no report.
    #[error("{0}")]
    Report(String),
    /// There is nowhere to export to, or nothing.
    #[error("{0}")]
    Export(String),
    /// There is no experiment.
    #[error("{0}")]
    Reproduce(String),
    /// A limit is exceeded.
    #[error("{0}")]
    Limit(String),
    /// A limit could not be held against anything.
    #[error("{0}")]
    CouldNotRun(String),
    /// A heap could not be looked into.
    #[error("{0}")]
    Retain(String),
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

/// 0 when all went well; 1 when not all was done, or a limit is exceeded; 3 when a limit could not be checked; 2 when
/// something was wrong with the input (as for wrong arguments).
pub fn exit_code(result: Result<(), Failure>) -> ExitCode {
    let Err(failure) = result else { return ExitCode::SUCCESS };
    let code = match &failure {
        // The reader has seen enough (`| head`): not a failure.
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Failure::Output(_) | Failure::Unfinished(_) | Failure::Limit(_) => 1,
        Failure::CouldNotRun(_) => 3,
        _ => 2,
    };
    eprintln!("stallscope: {failure}");
    ExitCode::from(code)
}
