//! Making the file anew from its records, when they are whole and what stands around them is not.
//!
//! Promises: a log whose records are not all whole is left as it is; the file as it was is kept beside the new one; a
//! crash at any moment leaves one of the two in its place. Indexes and labels follow from the records, so they are made
//! anew with them. A log of an older format is brought to this version's. Nobody else may have the log open.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::compare::{Comparison, Gaps};
use super::damage::Damage;
use super::insert::Inserter;
use super::migrate::{self, migrate};
use super::reader::Reader;
use super::{file, schema};
use crate::label::LabelChange;
use crate::{Epoch, Error, Meaning, Record};

/// How long a slice of a comparison is when nobody waits for the file.
const SLICE: Duration = Duration::from_secs(60);

/// Records that are read, and written in one commit.
const CHUNK_RECORDS: usize = 4_096;

/// The page of a SQLite file that has its header and its schema.
const FIRST_PAGE_BYTES: usize = 4_096;

/// What a repair came to.
#[derive(Clone, Debug)]
pub struct Repaired {
    /// What was wrong.
    pub found: Error,
    /// Where the file is now that was the log. It still holds what is erased from the log later.
    pub kept: PathBuf,
    /// The records of the new file.
    pub records: u64,
    /// Of two records of one actor with one `client_msg_id`: the earlier, which keeps it, and the later, which has none now.
    pub unnamed: Vec<(u64, u64)>,
}

/// Looks at the whole log and, when its records are whole and the rest is not, makes the file anew from them; `None`
/// when nothing is wrong. It blocks for minutes where there are millions of records.
///
/// # Errors
///
/// [`Error::Corrupt`] when a record is damaged or lost: nothing is changed then.
pub fn repair(
    path: &Path,
    gaps: Gaps,
    meaning: &Arc<dyn Meaning>,
) -> Result<Option<Repaired>, Error> {
    settle(path)?;
    // What is damaged of an older one may be what the way to this one makes anew.
    let found = match migrate(path, &**meaning, |_| {}).and_then(|()| examine(path, gaps, meaning))
    {
        Ok(_) => return Ok(None),
        Err(error) if error.is_repairable() => error,
        Err(error) => return Err(error),
    };
    let (anew, source) = (beside(path, ".repairing"), beside(path, ".repair-source"));
    let made = make_anew(path, &source, &anew, gaps, meaning);
    remove(&source)?;
    let (records, unnamed) = match made {
        Ok(made) => made,
        Err(error) => {
            remove(&anew)?;
            return Err(error);
        }
    };
    let kept = swap(path, &anew).map_err(|source| Error::Create(Arc::new(source)))?;
    Ok(Some(Repaired { found, kept, records, unnamed }))
}

/// The format of a log, also of one whose schema or meta is damaged.
fn format(path: &Path) -> Result<i64, Error> {
    const HAS_WHY: &str = "
        SELECT COUNT(*) FROM pragma_table_info('record') WHERE name = 'redacted_why'";
    let connection = file::connect(path)?;
    match file::format_and_epoch(&connection) {
        Ok((format, _)) => Ok(format),
        Err(error) if error.is_repairable() => {
            let count = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
            let has_why = count(HAS_WHY).unwrap_or(1) > 0;
            Ok(if has_why { file::FORMAT } else { 1 })
        }
        Err(error) => Err(error),
    }
}

/// Moves the write-ahead log of a crash into the file, whatever the schema is like.
fn settle(path: &Path) -> Result<(), Error> {
    let connection = file::connect(path)?;
    match file::verify_ours(&connection) {
        Err(error) if !error.is_repairable() => return Err(error),
        Ok(()) | Err(_) => {}
    }
    connection.pragma_update(None, "writable_schema", true)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error.into())
}

/// Looks at everything there is to look at, and counts the records.
fn examine(path: &Path, gaps: Gaps, meaning: &Arc<dyn Meaning>) -> Result<u64, Error> {
    let (connection, _) = file::open_or_create(path)?;
    let damage = Arc::new(Damage::default());
    // First what is worse: an index can be made anew, a record cannot.
    let reader = Reader::open(path, Arc::clone(&damage))?;
    let mut comparison = Comparison::new(reader, gaps, Arc::clone(meaning))?;
    while comparison.advance(SLICE)? {}
    Reader::open(path, damage)?.verify_structure()?;
    let records: i64 =
        connection.query_row("SELECT COUNT(*) FROM record NOT INDEXED", [], |row| row.get(0))?;
    connection.close().map_err(|(_, error)| Error::from(error))?;
    Ok(records.cast_unsigned())
}

/// Writes a new file with all records of the old one.
fn make_anew(
    path: &Path,
    source: &Path,
    anew: &Path,
    gaps: Gaps,
    meaning: &Arc<dyn Meaning>,
) -> Result<(u64, Vec<(u64, u64)>), Error> {
    remove(anew)?;
    let (new, _) = file::open_or_create(anew)?;
    let (mut old, format) = readable(path, source)?;
    match file::format_and_epoch(&old.connection) {
        Ok((_, Epoch(epoch))) => {
            new.execute("UPDATE meta SET epoch = ?1", [epoch.cast_signed()])?;
        }
        // Nobody knows which history it was: it is a new one to projections and cursors.
        Err(error) if error.is_repairable() => {}
        Err(error) => return Err(error),
    }
    let mut copied = Copied {
        format,
        meaning: &**meaning,
        changes: Vec::new(),
        after: 0,
        after_ts: i64::MIN,
        records: 0,
        unnamed: Vec::new(),
    };
    while copied.copy_chunk(&mut old, &new, gaps)? {}
    let Copied { records, unnamed, .. } = copied;
    drop(old);
    new.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    new.close().map_err(|(_, error)| Error::from(error))?;
    let count = examine(anew, gaps, meaning)?;
    if count != records {
        let what = format!("{count} of {records} records were written");
        return Err(Error::Structure { what });
    }
    Ok((count, unnamed))
}

/// A reader of the log's table, of a copy in `source` when the file itself cannot be read, and the log's format.
fn readable(path: &Path, source: &Path) -> Result<(Reader, i64), Error> {
    let guessed = format(path)?;
    let connection = file::connect(path)?;
    let looked = file::format_and_epoch(&connection)
        .and_then(|_| schema::verify(path, &connection, made_of(guessed)));
    drop(connection);
    match looked {
        Ok(()) => return Ok((Reader::open(path, Arc::default())?, guessed)),
        Err(error) if error.is_repairable() => {}
        Err(error) => return Err(error),
    }
    transplant(path, source, guessed)?;
    let copy = Reader::open(source, Arc::default())?;
    match file::format_and_epoch(&copy.connection) {
        // Now that `meta` can be read it may say that it was another.
        Ok((format, _)) if format != guessed => {
            drop(copy);
            transplant(path, source, format)?;
            Ok((Reader::open(source, Arc::default())?, format))
        }
        Ok(_) | Err(_) => Ok((copy, guessed)),
    }
}

/// The schema of a format.
fn made_of(format: i64) -> &'static str {
    if format == file::FORMAT { schema::PRESENT } else { migrate::SCHEMA_1 }
}

/// Makes a copy of the log with a new log's first page: the schema of all logs begins with the same two tables, at the
/// same pages, and what comes after them is not read. Where it does not, no record is whole.
fn transplant(path: &Path, source: &Path, format: i64) -> Result<(), Error> {
    let io = |source: io::Error| Error::Create(Arc::new(source));
    let fresh = beside(source, ".fresh");
    remove(&fresh)?;
    file::create(&fresh, made_of(format), format)?;
    let mut page = fs::read(&fresh).map_err(io)?;
    remove(&fresh)?;
    page.truncate(FIRST_PAGE_BYTES);
    let mut bytes = fs::read(path).map_err(io)?;
    let pages = u32::try_from(bytes.len() / FIRST_PAGE_BYTES).unwrap_or(u32::MAX);
    // SQLite docs, "Database File Format", 1.3: how many pages there are. No page is free for what only reads.
    page[28..32].copy_from_slice(&pages.to_be_bytes());
    if bytes.len() < page.len() {
        return Err(Error::WrongFile);
    }
    bytes[..FIRST_PAGE_BYTES].copy_from_slice(&page);
    remove(source)?;
    fs::write(source, bytes).map_err(io)
}

/// How far the copying is.
struct Copied<'a> {
    /// Of the file that is read.
    format: i64,
    meaning: &'a dyn Meaning,
    changes: Vec<LabelChange>,
    after: u64,
    after_ts: i64,
    records: u64,
    unnamed: Vec<(u64, u64)>,
}

impl Copied<'_> {
    /// Copies some records, each verified; false when there are no more.
    fn copy_chunk(
        &mut self,
        old: &mut Reader,
        new: &Connection,
        gaps: Gaps,
    ) -> Result<bool, Error> {
        const RECORDS: &str = "
            SELECT seq, ts_us, kind, channel, actor, target, client_msg_id, envelope_sum, body, body_sum,
                   redacted_by, redacted_why, digest
              FROM record NOT INDEXED
             WHERE seq > ?1
             ORDER BY seq
             LIMIT ?2";
        let chunk = if self.format == file::FORMAT {
            let limit = i64::try_from(CHUNK_RECORDS).unwrap_or(i64::MAX);
            old.records(RECORDS, (self.after.cast_signed(), limit))
        } else {
            migrate::read_of_1(&old.connection, self.meaning, self.after, CHUNK_RECORDS)
        };
        let chunk = chunk.map_err(|error| match error {
            // A torn page: the record after the last good one may be on it.
            Error::FileDamaged(_) => Error::Corrupt { seq: self.after + 1 },
            error => error,
        })?;
        let transaction = new.unchecked_transaction()?;
        let mut inserter = Inserter::new(&transaction)?;
        for record in &chunk {
            let is_next = record.seq > self.after && record.ts_micros > self.after_ts;
            if !is_next {
                return Err(Error::Corrupt { seq: record.seq });
            }
            if gaps == Gaps::Lost && record.seq != self.after + 1 {
                return Err(Error::Corrupt { seq: self.after + 1 });
            }
            self.copy(record, &mut inserter, &transaction)?;
            let understood = self.meaning.labels(record, &mut self.changes);
            understood.map_err(|_| Error::NotUnderstood { seq: record.seq })?;
            inserter.labeller.change(&self.changes)?;
            self.changes.clear();
            (self.after, self.after_ts) = (record.seq, record.ts_micros);
            self.records += 1;
        }
        drop(inserter);
        transaction.commit()?;
        Ok(!chunk.is_empty())
    }

    /// Copies a record; without its name when an earlier one has it. Both were acknowledged, so both stay.
    fn copy(
        &mut self,
        record: &Record,
        inserter: &mut Inserter<'_>,
        new: &Connection,
    ) -> Result<(), Error> {
        const EARLIER: &str = "
            SELECT seq FROM record WHERE actor = ?1 AND client_msg_id = ?2";
        match inserter.insert_record(record) {
            Err(Error::DuplicateClientMsgId) => {
                let name = (record.actor.cast_signed(), record.client_msg_id.as_deref());
                let earlier: i64 =
                    new.prepare_cached(EARLIER)?.query_row(name, |row| row.get(0))?;
                self.unnamed.push((earlier.cast_unsigned(), record.seq));
                inserter.insert_record(&Record { client_msg_id: None, ..record.clone() })
            }
            copied => copied,
        }
    }
}

/// Puts the new file in the place of the old one, which gets a name that says so; returns that.
fn swap(path: &Path, anew: &Path) -> io::Result<PathBuf> {
    // The name first, so that the log is never without a file.
    let mut number = 1;
    let kept = loop {
        let kept = beside(path, &format!(".before-repair-{number}"));
        match fs::hard_link(path, &kept) {
            Ok(()) => break kept,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            // No hard links here: a copy is slower, and takes room.
            Err(_) if !kept.exists() => {
                fs::copy(path, &kept)?;
                File::open(&kept)?.sync_all()?;
                break kept;
            }
            Err(error) => return Err(error),
        }
    };
    File::open(anew)?.sync_all()?;
    fs::rename(anew, path)?;
    if let Some(directory) = path.parent().filter(|_| cfg!(unix)) {
        File::open(directory)?.sync_all()?;
    }
    Ok(kept)
}

/// The path of a file whose name goes on with this.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Removes a SQLite file and what belongs to it; it is no fault when there is none.
fn remove(path: &Path) -> Result<(), Error> {
    for ending in ["", "-wal", "-shm"] {
        match fs::remove_file(beside(path, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::Create(Arc::new(error)));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
