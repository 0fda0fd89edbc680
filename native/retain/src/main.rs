//! The two processes that stand beside whoever reads a heap: one that lets the program go on in an emergency, and one that
//! analyses the copy. Started by [`stallscope_retain::capture`] only.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    use stallscope_retain::capture::{helper, watchdog};

    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some(watchdog::MODE) => watchdog::run(&arguments.collect::<Vec<_>>()),
        Some(helper::MODE) => helper::run(answers),
        _ => ExitCode::from(2),
    }
}

#[cfg(target_os = "linux")]
fn answers(analysis: stallscope_retain::analysis::Analysis) -> impl FnMut(&str) -> String {
    let mut answers = stallscope_retain::answer::questions::Answers::new(analysis);
    move |question| answers.answer(question).to_string()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::from(2)
}
