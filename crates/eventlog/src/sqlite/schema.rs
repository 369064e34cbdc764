//! Whether the file's schema is the one that it was made with.
//!
//! One bit in the first page can take an index, a column or a condition away, and SQLite would work with what is left.
//! Compared are tables, columns and indexes; not the texts, in which white space and letter case mean nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use super::migrate;
use super::reader::Reader;
use crate::Error;

/// The schema of this version's format.
pub(super) const PRESENT: &str = include_str!("schema.sql");

/// What a schema made; each query answers with one line per fact.
const FACTS: [&str; 5] = [
    "SELECT m.type || ' ' || m.name || ' of ' || m.tbl_name
       FROM sqlite_schema AS m
      WHERE m.name NOT LIKE 'sqlite~_%' ESCAPE '~'",
    "SELECT t.type || ' ' || t.name || ': strict ' || t.strict || ', without rowid ' || t.wr
       FROM pragma_table_list AS t
      WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite~_%' ESCAPE '~'",
    "SELECT 'column ' || m.name || '.' || c.name || ': place ' || c.cid || ', ' || c.type || ', not null ' ||
            c.\"notnull\" || ', default ' || quote(c.dflt_value) || ', key ' || c.pk || ', hidden ' || c.hidden
       FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c
      WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~'",
    "SELECT 'index ' || i.name || ' of ' || m.name || ': unique ' || i.\"unique\" || ', partial ' || i.partial
       FROM sqlite_schema AS m, pragma_index_list(m.name) AS i
      WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~'",
    "SELECT 'index ' || i.name || ', place ' || c.seqno || ': column ' || c.cid || ', descending ' || c.desc ||
            ', ' || quote(c.coll) || ', key ' || c.key
       FROM sqlite_schema AS m, pragma_index_list(m.name) AS i, pragma_index_xinfo(i.name) AS c
      WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~'",
];

/// Compares the schema with what `made` makes, and the header with the file.
///
/// # Errors
///
/// [`Error::Schema`] names the first thing that is missing, too much or different.
pub(super) fn verify(path: &Path, connection: &Connection, made: &str) -> Result<(), Error> {
    let (expected, found) = (facts(&fresh(made)?)?, facts(connection)?);
    let missing = expected.difference(&found).next().map(|fact| ["there is no ", fact].concat());
    let unknown = found.difference(&expected).next().map(|fact| ["there is ", fact].concat());
    match missing.or(unknown).or(header_fault(path, connection)?) {
        Some(what) => Err(Error::Schema { what }),
        None => Ok(()),
    }
}

/// Whether the schema is that of a log of any format, and of nothing else.
pub(super) fn is_ours(connection: &Connection) -> Result<bool, Error> {
    let found = facts(connection)?;
    for made in [PRESENT, migrate::SCHEMA_1] {
        if facts(&fresh(made)?)? == found {
            return Ok(true);
        }
    }
    Ok(false)
}

fn fresh(made: &str) -> Result<Connection, Error> {
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(made)?;
    Ok(fresh)
}

fn facts(connection: &Connection) -> Result<BTreeSet<String>, Error> {
    let mut facts = BTreeSet::new();
    for sql in FACTS {
        let mut statement = connection.prepare(sql)?;
        let lines = statement.query_map([], |row| row.get(0))?;
        facts.extend(lines.collect::<Result<Vec<String>, _>>()?);
    }
    Ok(facts)
}

/// What of the file's header would lead SQLite astray.
fn header_fault(path: &Path, connection: &Connection) -> Result<Option<String>, Error> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let encoding: String = connection.pragma_query_value(None, "encoding", |row| row.get(0))?;
    if encoding != "UTF-8" {
        return Ok(Some(["its texts are said to be ", &encoding].concat()));
    }
    // Else SQLite takes some pages for lists of pages, and writes into them.
    if number("auto_vacuum")? != 0 {
        return Ok(Some("it is said to shrink by itself".to_owned()));
    }
    // Fewer pages than there are, and the next new one would be written over an old one. While the write-ahead log has
    // something in it, that says how many there are, with a checksum of its own.
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let has_wal = fs::metadata(wal).is_ok_and(|wal| wal.len() > 0);
    let length = fs::metadata(path).map_or(0, |file| file.len());
    let said = number("page_count")? * number("page_size")?;
    if !has_wal && u64::try_from(said).ok() != Some(length) {
        let what = format!("its header speaks of {said} bytes, and the file has {length}");
        return Ok(Some(what));
    }
    Ok(None)
}

impl Reader {
    /// SQLite's own look at every page of the file: structure, free pages, indexes, constraints.
    ///
    /// It is one long read, in which no checkpoint can be complete: for a log on which no server works.
    ///
    /// # Errors
    ///
    /// [`Error::Structure`] says what was found first.
    pub fn verify_structure(&mut self) -> Result<(), Error> {
        let verdict: rusqlite::Result<String> =
            self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0));
        let what = match verdict {
            Ok(verdict) if verdict == "ok" => return Ok(()),
            // More than one line may stand in a finding.
            Ok(verdict) => verdict.lines().collect::<Vec<_>>().join(" "),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
                error.to_string()
            }
            Err(error) => return Err(error.into()),
        };
        Err(self.damage.report(Error::Structure { what }))
    }
}
