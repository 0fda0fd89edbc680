//! The history on disk: one SQLite file for all windows, `history.sqlite` beside the incidents.
//!
//! SQLite because several windows write into it at the same time and may end at any moment; hours rather than events, so that a
//! year is a few MB. [`History`] writes, [`read()`] reads; what it comes to is for `core::history`.

mod keeper;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use serde_json::Value;
use stallscope_core::history::{
    Buckets, HistoryQuery, HistoryQueryError, HistoryView, Hour, MemoryRow, MemoryTally, Rows, Setup,
    StallRow, Tally, WaitsRow,
};
use stallscope_core::model::{Bytes, Incident};
use stallscope_core::wait::CauseKind;

pub(crate) use keeper::Keeper;
pub use keeper::Retention;

/// The name of the file.
const NAME: &str = "history.sqlite";
/// What is read of a table, at most: ten years of a busy person.
const MOST_ROWS: i64 = 1_000_000;
/// Names that are longer are not ours.
const LONGEST_NAME_CHARS: i64 = 8_000;
/// A clock is believed after so many hours.
const BELIEVED_AFTER_HOURS: f64 = 12.0;
/// A file that is too large is cut in steps of this share of its time.
const STEPS: i64 = 10;

/// Why the history cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// What is asked is no question.
    #[error("{0}")]
    Query(#[from] HistoryQueryError),
    /// A later Stallscope has written it.
    #[error("{} is of a later Stallscope (format {version}): use that one, or move the file away", path.display())]
    Later {
        /// Where.
        path: PathBuf,
        /// Its format.
        version: i64,
    },
    /// Its folder cannot be made.
    #[error("{}: {error}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It cannot be read, and could not be moved aside.
    #[error("{} cannot be read and could not be moved aside: {why}", path.display())]
    Broken {
        /// Where.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It is no SQLite file, or no whole one.
    #[error(
        "{} is damaged: when something is kept the next time it is moved aside to {NAME}.broken and begun anew; to look at what \
         is left, move it away yourself",
        path.display()
    )]
    Damaged {
        /// Where.
        path: PathBuf,
    },
    /// Somebody has it for themselves.
    #[error("{} is locked by another program: end that, or try again", path.display())]
    Locked {
        /// Where.
        path: PathBuf,
    },
    /// What SQLite says.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// Where.
        path: PathBuf,
        /// What.
        source: rusqlite::Error,
    },
}

impl HistoryError {
    fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            _ => Self::Sqlite { path, source },
        }
    }
}

/// Where it is, in a storage folder.
pub fn path(storage: &Path) -> PathBuf {
    storage.join(NAME)
}

/// What was kept, as figures. Nothing at all where there is no history.
///
/// # Errors
/// A query that is none, a file that cannot be read.
pub fn read(storage: &Path, query: &HistoryQuery) -> Result<HistoryView, HistoryError> {
    query.check()?;
    let path = path(storage);
    let Some(connection) = schema::to_read(&path)? else { return Ok(HistoryView::default()) };
    let failed = |source| HistoryError::sqlite(&path, source);
    let rows = rows(&connection, query).map_err(failed)?;
    Ok(HistoryView {
        since_unix_ms: since_unix_ms(&connection).map_err(failed)?,
        disk_bytes: used_bytes(&connection).map_err(failed)?,
        ..HistoryView::of(rows, query)
    })
}

/// Forgets everything.
///
/// # Errors
/// It cannot be written.
pub fn clear(storage: &Path) -> Result<(), HistoryError> {
    let path = path(storage);
    if !path.exists() {
        return Ok(());
    }
    let (connection, _) = schema::to_write(&path)?;
    let all = "DELETE FROM waits; DELETE FROM memory; DELETE FROM stalls; DELETE FROM names; VACUUM;";
    connection.execute_batch(all).map_err(|source| HistoryError::sqlite(&path, source))
}

/// The history, open for writing.
pub struct History {
    connection: Connection,
    path: PathBuf,
}

impl History {
    /// Opens it, or makes it; `true` when it was made.
    ///
    /// # Errors
    /// It cannot be written, or is of a later Stallscope.
    pub fn open(storage: &Path) -> Result<(Self, bool), HistoryError> {
        let path = path(storage);
        std::fs::create_dir_all(storage)
            .map_err(|error| HistoryError::Folder { path: storage.to_owned(), error })?;
        let (connection, is_new) = schema::to_write(&path)?;
        Ok((Self { connection, path }, is_new))
    }

    /// Adds what was seen until `at_unix_ms`, less than an hour.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(
        &mut self,
        at_unix_ms: f64,
        workspace: &str,
        setup: &Setup,
        tally: &Tally,
    ) -> Result<(), HistoryError> {
        let mut add = || {
            let transaction = begun(&mut self.connection)?;
            let hour = Hour::of_unix_ms(at_unix_ms).0;
            let workspace = name(&transaction, "workspace", workspace)?;
            let setup = name(&transaction, "setup", &setup_text(setup))?;
            for (method, buckets) in &tally.waits {
                let method = name(&transaction, "method", method)?;
                add_waits(&transaction, [hour, workspace, setup, method], buckets)?;
            }
            if let Some(memory) = &tally.memory {
                add_memory(&transaction, [hour, workspace, setup], memory)?;
            }
            transaction.commit()
        };
        add().map_err(|source| HistoryError::sqlite(&self.path, source))
    }

    /// Adds a stall, or what more is known of it. Whatever is no wait is no stall.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep_stall(
        &mut self,
        incident: &Incident,
        workspace: &str,
        setup: &Setup,
    ) -> Result<(), HistoryError> {
        let Some(duration_ns) = incident.waited_ns() else { return Ok(()) };
        let mut add = || {
            let transaction = begun(&mut self.connection)?;
            let workspace = name(&transaction, "workspace", workspace)?;
            let setup = name(&transaction, "setup", &setup_text(setup))?;
            let method = name(&transaction, "method", &incident.request.method)?;
            transaction.execute(
                "INSERT OR REPLACE INTO stalls VALUES (?, ?, ?, ?, ?, ?, ?)",
                params![
                    incident.id,
                    incident.asked_unix_ms(),
                    workspace,
                    setup,
                    method,
                    whole(duration_ns),
                    incident.causes.first().map(|cause| cause.kind.name())
                ],
            )?;
            transaction.commit()
        };
        add().map_err(|source| HistoryError::sqlite(&self.path, source))
    }

    /// Forgets what is older than `retention` says, and what is too much.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn forget(&mut self, now_unix_ms: f64, retention: Retention) -> Result<(), HistoryError> {
        let forget = || {
            let until = Hour::of_unix_ms(now_unix_ms - retention.days * 24.0 * 3_600_000.0);
            if self.is_believable(until, now_unix_ms, retention)? {
                self.forget_until(until)?;
            }
            for _ in 0..STEPS {
                if used_bytes(&self.connection)? <= retention.most_bytes {
                    break;
                }
                let Some(since) = since_unix_ms(&self.connection)?.map(Hour::of_unix_ms) else { break };
                let step = (Hour::of_unix_ms(now_unix_ms).0 - since.0) / STEPS;
                self.forget_until(Hour(since.0 + step.max(1)))?;
            }
            self.connection.execute_batch("PRAGMA incremental_vacuum")
        };
        forget().map_err(|source| HistoryError::sqlite(&self.path, source))
    }

    /// A clock that jumps makes everything old at once, until it is set right. So what is old goes when what stays covers half a day.
    fn is_believable(&self, until: Hour, now_unix_ms: f64, retention: Retention) -> rusqlite::Result<bool> {
        let oldest =
            "SELECT min(hour) FROM (SELECT hour FROM waits UNION SELECT hour FROM memory) WHERE hour >= ?";
        let oldest: Option<i64> = self.connection.query_row(oldest, [until.0], |row| row.get(0))?;
        let enough_hours = (retention.days * 12.0).min(BELIEVED_AFTER_HOURS);
        Ok(oldest.is_some_and(|oldest| (Hour::of_unix_ms(now_unix_ms).0 - oldest) as f64 >= enough_hours))
    }

    fn forget_until(&self, until: Hour) -> rusqlite::Result<()> {
        self.connection.execute("DELETE FROM waits WHERE hour < ?", [until.0])?;
        self.connection.execute("DELETE FROM memory WHERE hour < ?", [until.0])?;
        self.connection.execute("DELETE FROM stalls WHERE at_unix_ms < ?", [until.unix_ms()])?;
        // Most of what names say is said by hours that are still there.
        let unused = "DELETE FROM names WHERE id NOT IN (
            SELECT workspace FROM waits UNION SELECT setup FROM waits UNION SELECT method FROM waits
            UNION SELECT workspace FROM memory UNION SELECT setup FROM memory
            UNION SELECT workspace FROM stalls UNION SELECT setup FROM stalls UNION SELECT method FROM stalls)";
        self.connection.execute(unused, [])?;
        Ok(())
    }
}

/// For writing from its first question on: one that reads first is refused at once when another window has written meanwhile.
fn begun(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn setup_text(setup: &Setup) -> String {
    serde_json::to_string(setup).unwrap_or_default()
}

fn name(connection: &Connection, kind: &str, text: &str) -> rusqlite::Result<i64> {
    let find = "SELECT id FROM names WHERE kind = ? AND text = ?";
    let known = connection.prepare_cached(find)?.query_row([kind, text], |row| row.get(0)).optional()?;
    match known {
        Some(id) => Ok(id),
        None => {
            connection.execute("INSERT INTO names (kind, text) VALUES (?, ?)", [kind, text])?;
            Ok(connection.last_insert_rowid())
        }
    }
}

fn add_waits(connection: &Connection, key: [i64; 4], buckets: &Buckets) -> rusqlite::Result<()> {
    let find = "SELECT buckets FROM waits WHERE hour = ? AND workspace = ? AND setup = ? AND method = ?";
    let known: Option<Vec<u8>> =
        connection.prepare_cached(find)?.query_row(key, |row| row.get(0)).optional()?;
    let mut sum = buckets.clone();
    if let Some(known) = known {
        sum.merge_bytes(&known);
    }
    let [hour, workspace, setup, method] = key;
    connection.execute(
        "INSERT OR REPLACE INTO waits VALUES (?, ?, ?, ?, ?)",
        params![hour, workspace, setup, method, sum.to_bytes()],
    )?;
    Ok(())
}

fn add_memory(connection: &Connection, key: [i64; 3], memory: &MemoryTally) -> rusqlite::Result<()> {
    let [hour, workspace, setup] = key;
    connection.execute(
        "INSERT INTO memory VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET
            watched_ns = watched_ns + excluded.watched_ns,
            rss_byte_seconds = rss_byte_seconds + excluded.rss_byte_seconds,
            rss_peak_bytes = max(rss_peak_bytes, excluded.rss_peak_bytes),
            live_bytes = coalesce(excluded.live_bytes, live_bytes)",
        params![
            hour,
            workspace,
            setup,
            whole(memory.watched_ns),
            memory.rss_byte_seconds,
            whole(memory.rss_peak_bytes),
            memory.live_bytes.map(whole)
        ],
    )?;
    Ok(())
}

/// SQLite's numbers have a sign.
fn whole(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn natural(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// What is kept of the days of a query. The file may have been written by anybody: what makes no sense is left out.
fn rows(connection: &Connection, query: &HistoryQuery) -> rusqlite::Result<Rows> {
    let (from_unix_ms, to_unix_ms) = query.range_unix_ms().unwrap_or_default();
    let mut names = Names::read(connection)?;
    let hours = [Hour::of_unix_ms(from_unix_ms).0, Hour::of_unix_ms(to_unix_ms).0, MOST_ROWS];
    let mut rows = Rows::default();
    // The hours of a day are added up at once: a year of them is read in tens of milliseconds.
    let mut of_days = HashMap::new();
    let waits = "SELECT * FROM waits WHERE hour BETWEEN ? AND ? ORDER BY hour LIMIT ?";
    each(connection, waits, hours, |row| {
        let place = names.workspace(row.get(1)?).zip(names.setup(row.get(2)?)).zip(names.method(row.get(3)?));
        let hour = Hour(row.get(0)?);
        if let Some((((workspace, setup), method), day)) = place.zip(query.day(hour.unix_ms())) {
            let index = *of_days.entry((day, workspace, setup, method)).or_insert_with(|| {
                let buckets = Buckets::default();
                rows.waits.push(WaitsRow { hour, workspace, setup, method, buckets });
                rows.waits.len() - 1
            });
            rows.waits[index].buckets.merge_bytes(row.get_ref(4)?.as_blob()?);
        }
        Ok(())
    })?;
    let memory = "SELECT * FROM memory WHERE hour BETWEEN ? AND ? ORDER BY hour LIMIT ?";
    each(connection, memory, hours, |row| {
        if let Some((workspace, setup)) = names.workspace(row.get(1)?).zip(names.setup(row.get(2)?)) {
            let kept = MemoryTally {
                watched_ns: natural(row.get(3)?),
                rss_byte_seconds: row.get(4)?,
                rss_peak_bytes: natural(row.get(5)?),
                live_bytes: row.get::<_, Option<i64>>(6)?.map(natural),
            };
            rows.memory.push(MemoryRow {
                hour: Hour(row.get(0)?),
                workspace,
                setup,
                watched_ns: kept.watched_ns,
                rss_average_bytes: kept.rss_average_bytes(),
                rss_peak_bytes: kept.rss_peak_bytes,
                live_bytes: kept.live_bytes,
            });
        }
        Ok(())
    })?;
    let stalls = "SELECT at_unix_ms, workspace, setup, method, duration_ns, cause FROM stalls
        WHERE at_unix_ms >= ? AND at_unix_ms < ? ORDER BY at_unix_ms LIMIT ?";
    each(connection, stalls, params![from_unix_ms, to_unix_ms, MOST_ROWS], |row| {
        let place = names.workspace(row.get(1)?).zip(names.setup(row.get(2)?)).zip(names.method(row.get(3)?));
        if let Some(((workspace, setup), method)) = place {
            rows.stalls.push(StallRow {
                at_unix_ms: row.get(0)?,
                workspace,
                setup,
                method,
                duration_ns: natural(row.get(4)?),
                cause: row.get::<_, Option<String>>(5)?.and_then(cause),
            });
        }
        Ok(())
    })?;
    (rows.workspaces, rows.setups, rows.methods) = (names.workspaces, names.setups, names.methods);
    Ok(rows)
}

fn each(
    connection: &Connection,
    query: &str,
    parameters: impl rusqlite::Params,
    mut take: impl FnMut(&Row) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(query)?;
    let mut found = statement.query(parameters)?;
    while let Some(row) = found.next()? {
        take(row)?;
    }
    Ok(())
}

fn cause(name: String) -> Option<CauseKind> {
    serde_json::from_value(Value::String(name)).ok()
}

/// Names by their ids, and those that rows have asked for by index.
#[derive(Default)]
struct Names {
    by_id: HashMap<i64, String>,
    indices: HashMap<i64, usize>,
    workspaces: Vec<String>,
    setups: Vec<Setup>,
    methods: Vec<String>,
}

impl Names {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut names = Self::default();
        let all = "SELECT id, text FROM names WHERE length(text) <= ? LIMIT ?";
        each(connection, all, [LONGEST_NAME_CHARS, MOST_ROWS], |row| {
            names.by_id.insert(row.get(0)?, row.get(1)?);
            Ok(())
        })?;
        Ok(names)
    }

    fn workspace(&mut self, id: i64) -> Option<usize> {
        index(&self.by_id, &mut self.indices, &mut self.workspaces, id, |text| Some(text.to_owned()))
    }

    fn method(&mut self, id: i64) -> Option<usize> {
        index(&self.by_id, &mut self.indices, &mut self.methods, id, |text| Some(text.to_owned()))
    }

    fn setup(&mut self, id: i64) -> Option<usize> {
        index(&self.by_id, &mut self.indices, &mut self.setups, id, |text| serde_json::from_str(text).ok())
    }
}

fn index<T>(
    by_id: &HashMap<i64, String>,
    indices: &mut HashMap<i64, usize>,
    all: &mut Vec<T>,
    id: i64,
    read: impl Fn(&str) -> Option<T>,
) -> Option<usize> {
    if let Some(index) = indices.get(&id) {
        return Some(*index);
    }
    all.push(read(by_id.get(&id)?)?);
    indices.insert(id, all.len() - 1);
    Some(all.len() - 1)
}

/// The oldest that is kept.
fn since_unix_ms(connection: &Connection) -> rusqlite::Result<Option<f64>> {
    let hour =
        "SELECT min(hour) FROM (SELECT min(hour) AS hour FROM waits UNION SELECT min(hour) FROM memory)";
    let hour: Option<i64> = connection.query_row(hour, [], |row| row.get(0))?;
    let stall: Option<f64> =
        connection.query_row("SELECT min(at_unix_ms) FROM stalls", [], |row| row.get(0))?;
    Ok(hour.map(|hour| Hour(hour).unix_ms()).into_iter().chain(stall).min_by(f64::total_cmp))
}

/// Pages in use; those that are free go back to the disk.
fn used_bytes(connection: &Connection) -> rusqlite::Result<Bytes> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let used = pragma("page_count")? - pragma("freelist_count")?;
    Ok(natural(used.saturating_mul(pragma("page_size")?)))
}
