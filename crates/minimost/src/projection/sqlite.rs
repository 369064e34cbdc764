//! What the SQLite files of all projections have in common: how they are opened, their checkpoint, how they are erased.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat::Seq;
use eventlog::Epoch;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::{InFile, ProjectionError};

/// Counts only before the first table, and before WAL; later it would change nothing and wait for the right to write.
///
/// FULL, as the promised files have it: pages that a trim freed leave the file with their content.
const VACUUM_PRAGMA: &str = "PRAGMA auto_vacuum = FULL";

/// What SQLite answers to `PRAGMA auto_vacuum` where it is FULL.
const VACUUM_FULL: i64 = 1;

/// `secure_delete` overwrites what a DELETE or UPDATE takes out of a page.
/// `synchronous=NORMAL` may lose the last commits in a power cut, checkpoint and rows together; the log has them.
const PRAGMAS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA secure_delete = ON;
    PRAGMA foreign_keys = OFF;
    PRAGMA cache_size = -512;";

/// Nothing has to survive, and there is no place for a journal beside a file that has no name.
const NAMELESS_PRAGMAS: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA synchronous = OFF;
    PRAGMA secure_delete = ON;
    PRAGMA foreign_keys = OFF;
    PRAGMA cache_size = -512;";

/// How long a thread of its own waits for another program that holds its file.
const PATIENCE: Duration = Duration::from_secs(5);

/// A larger file is written anew by way of a temporary one, which has no name: see [`keep_temporary_files_in`].
const ANEW_IN_MEMORY_MAX: i64 = 64 * 1024 * 1024;

/// The table that says how far a projection is, the same in every file.
pub(super) const CHECKPOINT_SCHEMA: &str = include_str!("checkpoint.sql");

/// How far a projection is, and of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// Version of our own tables in the file; another one means rebuild.
    pub format: i64,
    pub epoch: Epoch,
    /// The last event applied.
    pub seq: Seq,
}

/// A seq as SQLite keeps it.
pub(super) fn to_sql(seq: Seq) -> i64 {
    i64::try_from(seq.get()).expect("a seq that SQLite gave out fits its integers")
}

/// A seq as SQLite kept it; a negative one, which only a hand can write, is before every event.
pub(super) fn from_sql(number: i64) -> Seq {
    Seq(u64::try_from(number).unwrap_or(0))
}

/// A number of rows as SQLite keeps it.
pub(super) fn count_to_sql(count: u64) -> i64 {
    i64::try_from(count).expect("fewer rows than SQLite can count")
}

/// Has SQLite make its temporary files in a directory from now on, in the whole process. They hold the same private text as
/// the files beside them (a mailbox that is written anew, rows that are sorted), and elsewhere they would lie on another
/// disk, and fail where that one is small. They have no names but for the moment between being made and being unlinked.
pub(crate) fn keep_temporary_files_in(dir: &Path) -> Result<(), ProjectionError> {
    // A name that is no text cannot be said to SQLite; it then asks the environment, as it would have.
    let Some(name) = dir.to_str() else { return Ok(()) };
    let connection = Connection::open_in_memory().in_file(dir)?;
    connection.pragma_update(None, "temp_store_directory", name).in_file(dir)
}

/// Opens a file, created with mode 0600 when it is missing; its directory with 0700. Where another program holds it, it
/// is waited for.
pub(super) fn open(file: &Path) -> Result<Connection, ProjectionError> {
    open_with(file, PATIENCE)
}

/// As [`open`], but what another program holds is an error at once: the files of others wait for their turn behind it.
pub(super) fn open_at_once(file: &Path) -> Result<Connection, ProjectionError> {
    open_with(file, Duration::ZERO)
}

/// Waits for other programs from now on.
pub(super) fn be_patient(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)
}

/// Does not wait for other programs any more.
pub(super) fn be_quick(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::ZERO)
}

/// Whether there is a file. That it may not be looked at is an error and no answer: it may well be there.
pub(super) fn is_there(file: &Path) -> Result<bool, ProjectionError> {
    file.try_exists().in_file(file)
}

fn open_with(file: &Path, patience: Duration) -> Result<Connection, ProjectionError> {
    if !is_there(file)? {
        let dir = file.parent().expect("a projection lies in the data directory");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).in_file(dir)?;
        fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(file)
            .in_file(file)?;
    }
    let connection = Connection::open(file).in_file(file)?;
    connection.busy_timeout(patience).in_file(file)?;
    let prepare = || {
        let vacuum: i64 = connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
        if vacuum != VACUUM_FULL {
            connection.execute_batch(VACUUM_PRAGMA)?;
        }
        connection.execute_batch(PRAGMAS)
    };
    prepare().in_file(file)?;
    keep_statements(&connection).in_file(file)?;
    Ok(connection)
}

/// Keeps prepared statements, and what was planned for each: SQLite would plan them anew for each value that they are
/// given.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(48);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// A file that loses its name as soon as it is open, so that nothing of it stays, however the process ends. It is written
/// by one connection, and after a fault in a transaction it is broken.
pub(super) fn open_without_name(file: &Path) -> Result<Connection, ProjectionError> {
    remove(file)?;
    fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(file).in_file(file)?;
    let connection = Connection::open(file).in_file(file)?;
    remove_one(file)?;
    connection.execute_batch(NAMELESS_PRAGMAS).in_file(file)?;
    keep_statements(&connection).in_file(file)?;
    Ok(connection)
}

/// Whether a file is one of our projections. Leaves it and its directory as they are.
pub fn is_ours(file: &Path) -> bool {
    // Reading in WAL mode creates the side files, unless SQLite is told that nobody writes.
    let mut wal = file.as_os_str().to_owned();
    wal.push("-wal");
    let immutable = u8::from(matches!(Path::new(&wal).try_exists(), Ok(false)));
    let path = percent_encode(file.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC);
    let uri = format!("file:{path}?immutable={immutable}");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let found = Connection::open_with_flags(uri, flags).and_then(|file| checkpoint(&file));
    matches!(found, Ok(Some(_)))
}

/// What SQLite finds wrong in the file's structure; `None` when it is sound, whatever its rows say.
pub(super) fn damage(file: &Path) -> Result<Option<String>, ProjectionError> {
    let connection = open(file)?;
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).in_file(file)?;
    // More than one line may stand in a finding.
    Ok((verdict != "ok").then(|| verdict.lines().collect::<Vec<_>>().join(" ")))
}

const SELECT_CHECKPOINT: &str = "
    SELECT format, epoch, seq FROM checkpoint WHERE id = 1";

/// The checkpoint; `None` in a file that is new or was never finished.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<Option<Checkpoint>> {
    let row = connection
        .prepare_cached(SELECT_CHECKPOINT)
        .and_then(|mut statement| {
            statement
                .query_row([], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
                })
                .optional()
        })
        .or_else(|error| if is_missing_table(&error) { Ok(None) } else { Err(error) })?;
    // An epoch that is not a number belongs to no log: the file is as good as missing.
    Ok(row.and_then(|(format, epoch, seq)| {
        let epoch = Epoch(u64::from_str_radix(&epoch, 16).ok()?);
        Some(Checkpoint { format, epoch, seq: from_sql(seq) })
    }))
}

const UPSERT_CHECKPOINT: &str = "
    INSERT INTO checkpoint (id, format, epoch, seq)
    VALUES (1, ?1, ?2, ?3)
    ON CONFLICT (id) DO UPDATE
       SET format = excluded.format, epoch = excluded.epoch, seq = excluded.seq";

/// Notes how far the projection is; inside the transaction that holds the rows.
pub(super) fn set_checkpoint(
    connection: &Connection,
    checkpoint: Checkpoint,
) -> rusqlite::Result<()> {
    let Checkpoint { format, epoch, seq } = checkpoint;
    connection
        .prepare_cached(UPSERT_CHECKPOINT)?
        .execute((format, epoch.to_string(), to_sql(seq)))
        .map(drop)
}

/// Fails when the file has applied events of this epoch that the log does not have.
pub(super) fn verify_not_ahead(
    file: &Path,
    epoch: Epoch,
    head: Seq,
) -> Result<(), ProjectionError> {
    // A file that cannot be looked at, opened or read says nothing about the log; its owner will set it aside.
    if !file.try_exists().unwrap_or(false) {
        return Ok(());
    }
    let found = open(file).ok().and_then(|connection| checkpoint(&connection).ok().flatten());
    match found {
        Some(found) if found.epoch == epoch && found.seq > head => {
            let (file, checkpoint) = (file.to_owned(), found.seq);
            Err(ProjectionError::AheadOfLog { file, checkpoint, head })
        }
        Some(_) | None => Ok(()),
    }
}

fn is_missing_table(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(_, Some(text)) if text.contains("no such table"))
}

/// Whether SQLite could not do its work for want of the machine's help.
pub(super) fn is_refused_by_machine(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::DiskFull
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
        )
    )
}

impl ProjectionError {
    /// Whether another program holds the file.
    pub(super) fn is_busy(&self) -> bool {
        let ProjectionError::Storage { source, .. } = self else { return false };
        is_busy(source)
    }

    /// Whether the file's content is broken, so that only a new one helps: its structure, or a value that is none which was
    /// written there.
    pub(super) fn is_damage(&self) -> bool {
        let ProjectionError::Storage { source, .. } = self else { return false };
        let is_no_value = matches!(
            source,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..)
        );
        let code = source.sqlite_error_code();
        is_no_value
            || matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
            || is_missing_table(source)
    }
}

/// Moves a damaged file out of the way, for whoever wants to look at it, and returns where it is now.
///
/// # Errors
///
/// When it cannot be moved; it is then better to do without a projection than to destroy evidence.
pub(super) fn set_aside(file: &Path, at: Seq) -> Result<PathBuf, ProjectionError> {
    let mut aside = file.as_os_str().to_owned();
    aside.push(format!(".damaged-{at}"));
    let aside = PathBuf::from(aside);
    fs::rename(file, &aside).in_file(file)?;
    // The side files belong to the damaged one: SQLite would play a left-over WAL into the new file.
    remove_side_files(file)?;
    Ok(aside)
}

/// Removes a projection; it is no fault when there is none. The file goes first: without its WAL it would be an older one
/// that is believed. A WAL without its file is none to SQLite, and `mailbox` removes it where it may hold erased text.
pub(super) fn remove(file: &Path) -> Result<(), ProjectionError> {
    remove_one(file)?;
    remove_side_files(file)
}

/// What SQLite keeps beside a file is called like it, and this.
const SIDES: [&str; 2] = ["-wal", "-shm"];

/// The name of the file beside which one of this name stands, or its own.
pub(super) fn without_side(name: &str) -> &str {
    SIDES.iter().find_map(|side| name.strip_suffix(side)).unwrap_or(name)
}

/// Removes what SQLite keeps beside a file.
pub(super) fn remove_side_files(file: &Path) -> Result<(), ProjectionError> {
    for suffix in SIDES {
        let mut side = file.as_os_str().to_owned();
        side.push(suffix);
        remove_one(Path::new(&side))?;
    }
    Ok(())
}

fn remove_one(file: &Path) -> Result<(), ProjectionError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.in_file(file),
    }
}

/// Writes every page anew, outside of transactions. Where rows come, grow and leave, SQLite moves their neighbours between
/// pages and leaves the old bytes where they were: outside of every row, so that `secure_delete` never finds them.
pub(super) fn write_anew(connection: &Connection) -> rusqlite::Result<()> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let bytes = number("page_count")? * number("page_size")?;
    let store = if bytes <= ANEW_IN_MEMORY_MAX { "MEMORY" } else { "FILE" };
    connection.execute_batch(&format!("PRAGMA temp_store = {store}; VACUUM"))
}

/// Whether another program holds the file, or another connection a table.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Empties the WAL, which still holds the pages from before an erasure; false while another program looks at them.
pub(super) fn truncate_wal(connection: &Connection) -> rusqlite::Result<bool> {
    let is_busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(!is_busy)
}
