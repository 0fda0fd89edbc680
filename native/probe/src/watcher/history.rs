//! What was seen goes into the history, a minute at a time.

use std::time::{Duration, Instant};

use stallscope_core::model::WatchSettings;

use super::run::Loop;
use super::writer::Job;
use crate::history::Retention;

/// What a crash may lose. It is done when the loop is awake anyway.
pub(super) const HISTORY_EVERY: Duration = Duration::from_secs(60);

/// How long the history is kept, as the settings say.
pub(super) fn retention(settings: &WatchSettings) -> Option<Retention> {
    settings.history().map(|(days, most_bytes)| Retention { days, most_bytes })
}

impl Loop {
    /// Hands over what was seen since the last time.
    pub fn keep_history(&mut self) {
        self.due.history = Instant::now() + HISTORY_EVERY;
        if let Some((gopls, tally)) = self.engine.take_tally() {
            let at_unix_ms = self.clock.unix_ms(self.clock.now_ns()) as f64;
            let (gopls, tally) = (Box::new(gopls), Box::new(tally));
            self.writer.send(Job::History { at_unix_ms, gopls, tally });
        }
    }
}
