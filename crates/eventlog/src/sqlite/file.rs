//! The file `log.db`: opening it, creating it, telling it from other files.

use std::fs::OpenOptions;
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::schema;
use crate::{Epoch, Error};

/// "MMLG", in the file's header (SQLite docs, "Database File Format", 1.3).
const APPLICATION_ID: i32 = 0x4D4D_4C47;

/// The layout of `schema.sql`.
pub(super) const FORMAT: i64 = 2;

/// Formats that [`migrate`](super::migrate::migrate) leads on from.
const FORMATS_BEFORE: RangeInclusive<i64> = 1..=FORMAT - 1;

/// Formats that a later version may have; any other number is none.
const FORMATS_TO_COME: RangeInclusive<i64> = FORMAT + 1..=FORMAT + 8;

/// How long a statement waits for somebody else's lock: an operator's SQLite shell at most, we have one writer.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements that a connection keeps; a reader has about two dozen, a comparison as many.
const STATEMENTS_CACHED_MAX: usize = 64;

/// A commit is on disk when it returns (FULL), erased bytes are overwritten (secure_delete), and the WAL is moved into
/// the file every 16 MiB: rarely enough for throughput, often enough for quick reads.
pub(super) const WRITER_PRAGMAS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA secure_delete = ON;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA temp_store = MEMORY";

/// There are a dozen readers, and the operating system keeps the same pages: a quarter of SQLite's usual cache holds most of
/// the upper levels of what a million records make.
const READER_PRAGMAS: &str = "
    PRAGMA query_only = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -512";

/// The last record's seq and time; zeros for an empty log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tip {
    pub seq: u64,
    pub ts_micros: i64,
}

/// Opens the connection that writes, creating file and schema when there is nothing yet.
pub(super) fn open_or_create(path: &Path) -> Result<(Connection, Epoch), Error> {
    create_private(path).map_err(|source| Error::Create(Arc::new(source)))?;
    let mut connection = connect(path)?;
    // Before the pragmas: a foreign file must not be changed, and journal_mode would.
    let is_blank = is_blank(&connection)?;
    if !is_blank {
        let known = epoch(&connection);
        // Another version's schema is none of ours to judge.
        let is_another =
            matches!(known, Err(Error::WrongFile | Error::Newer { .. } | Error::Older { .. }));
        if !is_another {
            schema::verify(path, &connection, schema::PRESENT)?;
        }
        known?;
    }
    connection.execute_batch(WRITER_PRAGMAS)?;
    if is_blank {
        create_schema(&mut connection, schema::PRESENT, FORMAT)?;
    }
    let epoch = epoch(&connection)?;
    Ok((connection, epoch))
}

/// Gives the file a new epoch, on disk when it returns; nobody else may have it open.
pub(super) fn renew_epoch(path: &Path) -> Result<Epoch, Error> {
    let connection = reopen(path)?;
    connection.execute("UPDATE meta SET epoch = random()", [])?;
    let renewed = epoch(&connection)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    connection.close().map_err(|(_, error)| Error::from(error))?;
    Ok(renewed)
}

/// Opens the connection that writes, after a failure; the file is there.
pub(super) fn reopen(path: &Path) -> Result<Connection, Error> {
    let connection = connect(path)?;
    epoch(&connection)?;
    connection.execute_batch(WRITER_PRAGMAS)?;
    Ok(connection)
}

/// Opens a connection that cannot write.
///
/// It is opened for writing all the same, because a reader of a WAL file takes part in its locks.
pub(super) fn open_reading(path: &Path) -> Result<Connection, Error> {
    let connection = connect(path)?;
    connection.execute_batch(READER_PRAGMAS)?;
    Ok(connection)
}

/// The last record.
pub(super) fn tip(connection: &Connection) -> Result<Tip, Error> {
    const NEWEST: &str = "SELECT seq, ts_us FROM record ORDER BY seq DESC LIMIT 1";
    let newest = connection
        .prepare_cached(NEWEST)?
        .query_row([], |row| {
            Ok(Tip { seq: row.get::<_, i64>(0)?.cast_unsigned(), ts_micros: row.get(1)? })
        })
        .optional()?;
    Ok(newest.unwrap_or_default())
}

/// An empty file is a new database to SQLite; made by us it is nobody else's to read.
/// The WAL inherits the mode.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

pub(super) fn connect(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
    // A statement is planned once. Without this SQLite plans it anew for each value that it is given.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Whether nothing was ever put in: new, or created by a start that did not get further.
pub(super) fn is_blank(connection: &Connection) -> Result<bool, Error> {
    let tables: i64 =
        connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let application_id: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok(tables == 0 && application_id == 0)
}

/// Makes an empty log of a format at a path where nothing is.
pub(super) fn create(path: &Path, made: &str, format: i64) -> Result<(), Error> {
    create_private(path).map_err(|source| Error::Create(Arc::new(source)))?;
    let mut connection = connect(path)?;
    connection.execute_batch(WRITER_PRAGMAS)?;
    create_schema(&mut connection, made, format)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error.into())
}

fn create_schema(connection: &mut Connection, made: &str, format: i64) -> Result<(), Error> {
    let transaction = connection.transaction()?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.execute_batch(made)?;
    // SQLite seeds random() from the operating system; all 64 bits of it are used.
    transaction
        .execute("INSERT INTO meta (id, format, epoch) VALUES (1, ?1, random())", [format])?;
    Ok(transaction.commit()?)
}

/// Refuses a file that is something else's. One that is laid out as a log and nothing else is a log, whatever it is
/// called.
pub(super) fn verify_ours(connection: &Connection) -> Result<(), Error> {
    let application_id: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application_id == APPLICATION_ID {
        return Ok(());
    }
    // What cannot even be looked at is somebody else's.
    if schema::is_ours(connection).unwrap_or(false) {
        let what = format!("its application id is {application_id:#x}, not {APPLICATION_ID:#x}");
        return Err(Error::Schema { what });
    }
    Err(Error::WrongFile)
}

/// The epoch of a file that is ours and of this version.
pub(super) fn epoch(connection: &Connection) -> Result<Epoch, Error> {
    match format_and_epoch(connection)? {
        (FORMAT, epoch) => Ok(epoch),
        (format, _) => Err(Error::Older { format }),
    }
}

/// The format and the epoch of a file that is ours and of a version that we know.
pub(super) fn format_and_epoch(connection: &Connection) -> Result<(i64, Epoch), Error> {
    verify_ours(connection)?;
    let mut meta = connection.prepare("SELECT format, epoch FROM meta LIMIT 1")?;
    let mut rows = meta.query([])?;
    let numbers = match rows.next()? {
        Some(row) => (row.get::<_, i64>(0).ok(), row.get::<_, i64>(1).ok()),
        None => (None, None),
    };
    match numbers {
        (Some(format), Some(epoch)) if format == FORMAT || FORMATS_BEFORE.contains(&format) => {
            Ok((format, Epoch(epoch.cast_unsigned())))
        }
        (Some(format), _) if FORMATS_TO_COME.contains(&format) => {
            Err(Error::Newer { format, known: FORMAT })
        }
        _ => Err(Error::Schema { what: "its meta has neither format nor epoch".to_owned() }),
    }
}
