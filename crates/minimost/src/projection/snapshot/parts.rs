//! The rows of `workspace.db`: parts of the workspace, and the sum of all of them.
//!
//! The sum of a whole is that of its parts, so that a part that is written again changes it without the others being
//! read. It finds what breaks by itself; whoever writes on purpose can write the sum too.

use std::path::Path;

use chat::Workspace;
use chat::workspace::{PartKey, PartNoun};
use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest, Sha256};

use crate::projection::sqlite::{self, Checkpoint};
use crate::projection::{InFile, ProjectionError};

/// What stands before what can be erased. Of a row in a page of 4,096 bytes at most 1,002 are in the page of the row
/// (SQLite's file format, "Cell Payload Overflow Pages"); page sizes are not changed here.
const SPACE: [u8; 1_024] = [0; 1_024];

/// The sum of parts: of each the first half of the SHA-256 of `<noun> <channel> <shelf> <json>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Total(u128);

impl Total {
    fn add(&mut self, key: PartKey, json: &str) {
        self.0 = self.0.wrapping_add(number(key, json.as_bytes()));
    }

    fn take_out(&mut self, key: PartKey, json: &[u8]) {
        self.0 = self.0.wrapping_sub(number(key, json));
    }

    /// What stands in the file: the sum of the parts and of what they are the parts of.
    pub(super) fn seal(self, checkpoint: Checkpoint) -> Vec<u8> {
        let Checkpoint { format, epoch, seq } = checkpoint;
        Sha256::digest(format!("{format} {epoch} {seq} {}", self.0)).to_vec()
    }
}

fn number(key: PartKey, json: &[u8]) -> u128 {
    let mut sum = Sha256::new();
    sum.update(format!("{} {} {} ", key.noun.code(), key.channel, key.shelf));
    sum.update(json);
    let (mut half, sum) = ([0; 16], sum.finalize());
    half.copy_from_slice(&sum[..16]);
    u128::from_be_bytes(half)
}

const SELECT_PARTS: &str = "
    SELECT noun, channel, shelf, json FROM part ORDER BY noun, channel, shelf";

const SELECT_SEAL: &str = "
    SELECT sum FROM workspace WHERE id = 1";

/// Reads every part.
pub(super) fn read(
    connection: &Connection,
    file: &Path,
    mut take: impl FnMut(PartKey, &str),
) -> Result<Total, ProjectionError> {
    let mut total = Total::default();
    let mut select = connection.prepare_cached(SELECT_PARTS).in_file(file)?;
    let mut rows = select.query([]).in_file(file)?;
    while let Some(row) = rows.next().in_file(file)? {
        // A key that no part has is one of a part that was changed.
        let Some(key) = key(row).in_file(file)? else {
            return Err(ProjectionError::SumDiffers { file: file.to_owned() });
        };
        let json = row.get_ref(3).in_file(file)?.as_str();
        let json = json.map_err(|_| ProjectionError::SumDiffers { file: file.to_owned() })?;
        total.add(key, json);
        take(key, json);
    }
    Ok(total)
}

fn key(row: &Row<'_>) -> rusqlite::Result<Option<PartKey>> {
    let [noun, channel, shelf]: [i64; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
    let noun = u8::try_from(noun).ok().and_then(PartNoun::from_code);
    Ok(noun.map(|noun| PartKey {
        noun,
        channel: sqlite::from_sql(channel),
        shelf: shelf.cast_unsigned(),
    }))
}

/// What the file says that its parts come to; `None` where nothing was written yet.
pub(super) fn seal(connection: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    connection.query_row(SELECT_SEAL, [], |row| row.get(0)).optional()
}

const SELECT_PART: &str = "
    SELECT json FROM part WHERE noun = ?1 AND channel = ?2 AND shelf = ?3";

const UPSERT_PART: &str = "
    INSERT INTO part (noun, channel, shelf, space, json)
    VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (noun, channel, shelf) DO UPDATE SET json = excluded.json";

const DELETE_PART: &str = "
    DELETE FROM part WHERE noun = ?1 AND channel = ?2 AND shelf = ?3";

const UPSERT_SEAL: &str = "
    INSERT INTO workspace (id, sum)
    VALUES (1, ?1)
    ON CONFLICT (id) DO UPDATE SET sum = excluded.sum";

/// Writes what has changed since `before`, whose parts are in the file and come to `total`; inside a transaction.
pub(super) fn write_changes(
    connection: &Connection,
    file: &Path,
    workspace: &Workspace,
    before: &Workspace,
    mut total: Total,
) -> Result<Total, ProjectionError> {
    let prepare = |sql| connection.prepare_cached(sql).in_file(file);
    let (mut select, mut upsert, mut delete) =
        (prepare(SELECT_PART)?, prepare(UPSERT_PART)?, prepare(DELETE_PART)?);
    workspace.changed_parts(before, |key, json| {
        let [noun, channel, shelf] =
            [i64::from(key.noun.code()), sqlite::to_sql(key.channel), key.shelf.cast_signed()];
        // As it stands there, not as it would be written now: a newer program may write the same otherwise.
        // And as bytes: a bit that changed may have made it no text, which is found when the whole is read.
        let old = select
            .query_row((noun, channel, shelf), |row| Ok(row.get_ref(0)?.as_bytes()?.to_vec()));
        if let Some(old) = old.optional().in_file(file)? {
            total.take_out(key, &old);
        }
        match json {
            Some(json) => {
                let space = if key.noun.is_of_numbers() { &SPACE[..0] } else { &SPACE };
                upsert.execute((noun, channel, shelf, space, json)).in_file(file)?;
                total.add(key, json);
            }
            None => drop(delete.execute((noun, channel, shelf)).in_file(file)?),
        }
        Ok::<_, ProjectionError>(())
    })?;
    Ok(total)
}

/// Writes the sum of all parts; inside the same transaction.
pub(super) fn set_seal(connection: &Connection, seal: &[u8]) -> rusqlite::Result<()> {
    connection.execute(UPSERT_SEAL, [seal]).map(drop)
}

/// Removes every part; inside the transaction that writes them anew.
pub(super) fn clear(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM part", []).map(drop)
}
