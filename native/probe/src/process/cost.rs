//! What our own threads cost: numbers about others are only believable beside our own.

use stallscope_core::model::Ns;

/// CPU time of the calling thread since its start, in nanoseconds; `None` where no safe call tells it (Windows).
///
/// Per thread, because the process is the editor's extension host and its CPU time is not ours.
pub fn thread_cpu_ns() -> Option<Ns> {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Some(Ns::try_from(time.tv_sec).ok()? * 1_000_000_000 + Ns::try_from(time.tv_nsec).ok()?)
    }
    #[cfg(not(unix))]
    None
}
