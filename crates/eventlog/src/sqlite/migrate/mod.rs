//! Bringing a log of an older format to this version's, step by step, each step from one number to the next.
//!
//! Promises: a step is one transaction, so a crash or a full disk at any moment leaves the log as it was before it, and it
//! can be tried again; records are verified on the way; what was erased stays erased. Nobody else may have the log open.

mod to_2;

use std::path::Path;

use rusqlite::Connection;

pub(super) use self::to_2::read_of_1;
use super::{file, schema};
use crate::{Error, Meaning};

/// The layout of format 1.
pub(super) const SCHEMA_1: &str = include_str!("schema_1.sql");

/// How far a migration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The format that it leads on from.
    pub from: i64,
    /// The format that it leads to.
    pub to: i64,
    /// The last record that was gone through.
    pub seq: u64,
    /// The last record of the log.
    pub head: u64,
}

/// Where a step's news of itself goes.
type Tell<'a> = &'a mut dyn FnMut(Migration);

/// Brings a log to this version's format; `tell` hears of the beginning of each step, and then every thousand records.
/// A file that is not there, empty or of this format is left as it is, and so is one that nothing can be said of: opening
/// it says what is wrong. It blocks: a million records take some seconds.
///
/// # Errors
///
/// [`Error::Newer`] when there is no way from its format, and whatever went wrong on the way. The log has the format then
/// that it had before the step.
pub fn migrate(
    path: &Path,
    meaning: &dyn Meaning,
    mut tell: impl FnMut(Migration),
) -> Result<(), Error> {
    if !path.exists() {
        return Ok(());
    }
    let connection = file::connect(path)?;
    if file::is_blank(&connection)? {
        return Ok(());
    }
    loop {
        let format = match file::format_and_epoch(&connection) {
            Ok((file::FORMAT, _)) => break,
            Ok((format, _)) => format,
            Err(error) if error.is_repairable() => break,
            Err(error) => return Err(error),
        };
        match format {
            1 => {
                schema::verify(path, &connection, SCHEMA_1)?;
                step(&connection, |connection| to_2::run(connection, meaning, &mut tell))?;
            }
            format => return Err(Error::Older { format }),
        }
    }
    connection.close().map_err(|(_, error)| error.into())
}

/// Runs a step in a transaction of its own.
fn step(
    connection: &Connection,
    run: impl FnOnce(&Connection) -> Result<(), Error>,
) -> Result<(), Error> {
    /// Pages in memory, in KiB: what is beyond goes to the write-ahead log early, and may be written twice.
    const CACHE: &str = "PRAGMA cache_size = -65536";
    connection.execute_batch(file::WRITER_PRAGMAS)?;
    connection.execute_batch(CACHE)?;
    let transaction = connection.unchecked_transaction()?;
    run(&transaction)?;
    transaction.commit()?;
    // It is done; what stays in the write-ahead log for want of room is moved later.
    let _: Result<(), _> = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    Ok(())
}
