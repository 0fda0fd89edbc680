//! A log that is followed: each request is printed when it has ended.

use std::io::Write;
use std::time::{Duration, Instant};

use stallscope_probe::log::LogFile;

use super::{Trace, json, log_failure, print};
use crate::failure::Failure;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

impl Trace {
    /// Prints what has ended, and goes on until it is stopped, or nobody reads any more.
    pub(super) fn follow(&self, mut file: LogFile) -> Result<(), Failure> {
        let deadline = self.seconds.map(|s| Instant::now() + Duration::from_secs_f64(s.clamp(0.0, 1e9)));
        let filter = self.method.to_lowercase();
        let mut out = std::io::stdout().lock();
        loop {
            for request in file.log_mut().take_ended() {
                if !request.method.to_lowercase().contains(&filter) {
                    continue;
                }
                if self.json {
                    serde_json::to_writer(&mut out, &json::request(&request))
                        .map_err(std::io::Error::from)?;
                    writeln!(out)?;
                } else {
                    print::request(&mut out, &request)?;
                }
            }
            out.flush()?;
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(());
            }
            std::thread::sleep(left.map_or(LOOK_EVERY, |left| left.min(LOOK_EVERY)));
            file.read_on(&mut |_| true).map_err(log_failure)?;
        }
    }
}
