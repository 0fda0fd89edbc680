//! The tables, and their door: what is not ours, or of a later Stallscope, is left alone.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::HistoryError;

/// Version of the tables, in the file's own `user_version`.
const VERSION: i64 = 1;
/// Another window writes for milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two attempts to open the file.
const AGAIN: Duration = Duration::from_millis(20);

const TABLES: &str = "
    CREATE TABLE names (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        UNIQUE (kind, text)
    ) STRICT;
    CREATE TABLE waits (
        hour INTEGER NOT NULL,
        workspace INTEGER NOT NULL,
        setup INTEGER NOT NULL,
        method INTEGER NOT NULL,
        buckets BLOB NOT NULL,
        PRIMARY KEY (hour, workspace, setup, method)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE memory (
        hour INTEGER NOT NULL,
        workspace INTEGER NOT NULL,
        setup INTEGER NOT NULL,
        watched_ns INTEGER NOT NULL,
        rss_byte_seconds REAL NOT NULL,
        rss_peak_bytes INTEGER NOT NULL,
        live_bytes INTEGER,
        PRIMARY KEY (hour, workspace, setup)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE stalls (
        id TEXT PRIMARY KEY,
        at_unix_ms REAL NOT NULL,
        workspace INTEGER NOT NULL,
        setup INTEGER NOT NULL,
        method INTEGER NOT NULL,
        duration_ns INTEGER NOT NULL,
        cause TEXT
    ) STRICT;
    CREATE INDEX stalls_by_time ON stalls (at_unix_ms);
    PRAGMA user_version = 1;
";

/// Opens it for writing. `true` when there was none, or what was there could not be read and was moved aside.
pub(super) fn to_write(path: &Path) -> Result<(Connection, bool), HistoryError> {
    let began = Instant::now();
    loop {
        match prepared(path) {
            Err(HistoryError::Damaged { .. }) => {
                move_aside(path)?;
                return prepared(path);
            }
            // SQLite does not wait when two windows that make the file change its journal at once: each would wait for the other.
            Err(HistoryError::Locked { .. }) if began.elapsed() < PATIENCE => std::thread::sleep(AGAIN),
            other => return other,
        }
    }
}

/// Opens it for reading; `None` when there is none.
pub(super) fn to_read(path: &Path) -> Result<Option<Connection>, HistoryError> {
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |source| HistoryError::sqlite(path, source);
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    match version(&connection).map_err(failed)? {
        // Made by another window this moment.
        0 => Ok(None),
        VERSION => Ok(Some(connection)),
        later => Err(HistoryError::Later { path: path.to_owned(), version: later }),
    }
}

/// Keeps what cannot be read: whoever wants to may still look into it.
pub(super) fn move_aside(path: &Path) -> Result<(), HistoryError> {
    let failed =
        |error: std::io::Error| HistoryError::Broken { path: path.to_owned(), why: error.to_string() };
    fs::rename(path, path.with_extension("sqlite.broken")).map_err(failed)
}

fn prepared(path: &Path) -> Result<(Connection, bool), HistoryError> {
    let failed = |source| HistoryError::sqlite(path, source);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    // Before the first table; it says nothing of a file that has some.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(failed)?;
    // Readers and the writers of other windows do not wait for each other. A file system that cannot do that goes on without.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).map_err(failed)?;
    // What a power cut loses is a minute.
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
    let transaction = super::begun(&mut connection).map_err(failed)?;
    let is_new = match version(&transaction).map_err(failed)? {
        0 => {
            transaction.execute_batch(TABLES).map_err(failed)?;
            true
        }
        VERSION => false,
        later => return Err(HistoryError::Later { path: path.to_owned(), version: later }),
    };
    transaction.commit().map_err(failed)?;
    Ok((connection, is_new))
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
