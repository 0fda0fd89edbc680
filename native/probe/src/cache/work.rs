//! What is being done with the cache, one thing at a time: how far it is can be asked, and it can be given up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stallscope_doctor::cache::{Cleaned, Doing, Moved};

use super::own::move_own_aside;
use super::{Refused, Which, Window, clean};

/// An editor kills a server two seconds after it has asked it to end; a restart is slow on a busy machine.
const END_WITHIN: Duration = Duration::from_secs(30);

/// Work on the cache of a window.
#[derive(Debug, Default)]
pub struct Cleaning {
    doing: Mutex<Option<Doing>>,
    is_given_up: AtomicBool,
}

impl Cleaning {
    /// Removes directories.
    ///
    /// # Errors
    /// As [`clean`], or something else is being done.
    pub fn clean(&self, window: impl FnOnce() -> Window, which: &Which) -> Result<Cleaned, Refused> {
        let turn = self.begin()?;
        let mut goes_on = |progress: &_| turn.goes_on(Doing::Removing { progress: Clone::clone(progress) });
        clean(&window().asked, which, false, &mut goes_on)
    }

    /// Moves the directory of the window's gopls aside when that has ended.
    ///
    /// # Errors
    /// As [`move_own_aside`], or something else is being done.
    pub fn move_own_aside(&self, window: impl FnOnce() -> Window) -> Result<Moved, Refused> {
        let turn = self.begin()?;
        move_own_aside(&window(), END_WITHIN, &mut |doing| turn.goes_on(doing.clone()))
    }

    /// How far it is; none when nothing is being done.
    pub fn progress(&self) -> Option<Doing> {
        self.lock().clone()
    }

    /// Gives it up. What was moved aside by then is finished by the next removal.
    pub fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Relaxed);
    }

    fn begin(&self) -> Result<Turn<'_>, Refused> {
        let mut doing = self.lock();
        if doing.is_some() {
            return Err(Refused::Busy);
        }
        self.is_given_up.store(false, Ordering::Relaxed);
        *doing = Some(Doing::Looking);
        Ok(Turn(self))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Doing>> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it is there nothing else is done; also a panic ends it.
struct Turn<'work>(&'work Cleaning);

impl Turn<'_> {
    fn goes_on(&self, doing: Doing) -> bool {
        *self.0.lock() = Some(doing);
        !self.0.is_given_up.load(Ordering::Relaxed)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}
