//! What each person has read of each channel, as intervals.

use chat::{ChannelId, Event, LoggedEvent, Seq, UserId, Workspace};
use rusqlite::{Connection, OptionalExtension};

use super::super::sqlite::to_sql;

/// Whose intervals, and where: as SQLite keeps them.
struct Reading<'a> {
    file: &'a Connection,
    channel: String,
    reader: &'a str,
}

/// The interval of a membership that goes on.
struct Current {
    from: i64,
    back_to: Option<i64>,
}

/// A marker moved. What it passes is read, from where it stood.
pub(super) fn read(
    file: &Connection,
    event: &LoggedEvent,
    workspace: &Workspace,
) -> rusqlite::Result<bool> {
    let Some(Event::ChannelRead { channel, up_to, .. }) = event.event() else { return Ok(false) };
    let reader = workspace.user_name(event.actor);
    let reading = Reading { file, channel: workspace.channel_name(*channel), reader };
    let current = if let Some(current) = reading.current()? {
        current
    } else {
        // Who has been there from the beginning never came.
        let from = to_sql(start(event.actor, *channel));
        reading.insert(from, from)?;
        Current { from, back_to: None }
    };
    let up_to = to_sql(*up_to);
    if let Some(back_to) = current.back_to.filter(|back_to| up_to > *back_to) {
        reading.add_before(current.from, back_to, up_to.min(current.from))?;
    }
    reading.extend(current.from, up_to)?;
    Ok(false)
}

/// Who comes has read nothing here with this membership, whatever they see of the history.
pub(super) fn came(
    file: &Connection,
    event: &LoggedEvent,
    workspace: &Workspace,
) -> rusqlite::Result<()> {
    let Some(Event::MembersAdded { channel, users, .. }) = event.event() else { return Ok(()) };
    let from = to_sql(event.seq);
    for user in users {
        let (channel, reader) = (workspace.channel_name(*channel), workspace.user_name(*user));
        Reading { file, channel, reader }.insert(from, from)?;
    }
    Ok(())
}

/// Where a user's part of a channel begins: what is older was there before them.
fn start(user: UserId, channel: ChannelId) -> Seq {
    user.0.max(channel.0)
}

impl Reading<'_> {
    fn current(&self) -> rusqlite::Result<Option<Current>> {
        const NEWEST: &str = "
            SELECT from_seq, back_to
              FROM read_interval
             WHERE channel = ?1 AND reader = ?2
             ORDER BY from_seq DESC
             LIMIT 1";
        let mut newest = self.file.prepare_cached(NEWEST)?;
        let row = newest.query_row((&self.channel, self.reader), |row| {
            Ok(Current { from: row.get(0)?, back_to: row.get(1)? })
        });
        row.optional()
    }

    fn insert(&self, from: i64, to: i64) -> rusqlite::Result<()> {
        const INSERT: &str = "
            INSERT INTO read_interval (channel, reader, from_seq, to_seq)
            VALUES (?1, ?2, ?3, ?4)";
        let parameters = (&self.channel, self.reader, from, to);
        self.file.prepare_cached(INSERT)?.execute(parameters).map(drop)
    }

    /// Moves the marker of the current membership.
    fn extend(&self, from: i64, up_to: i64) -> rusqlite::Result<()> {
        const EXTEND: &str = "
            UPDATE read_interval
               SET to_seq = max(to_seq, ?4), back_to = iif(?4 < from_seq, ?4, NULL)
             WHERE channel = ?1 AND reader = ?2 AND from_seq = ?3";
        let parameters = (&self.channel, self.reader, from, up_to);
        self.file.prepare_cached(EXTEND)?.execute(parameters).map(drop)
    }

    /// Adds what was read of the time before the coming, and makes one interval of all that it touches there.
    fn add_before(&self, coming: i64, from: i64, to: i64) -> rusqlite::Result<()> {
        const TOUCHED: &str = "
            SELECT coalesce(min(from_seq), ?4), coalesce(max(to_seq), ?5)
              FROM read_interval
             WHERE channel = ?1 AND reader = ?2 AND from_seq < ?3 AND from_seq <= ?5 AND to_seq >= ?4";
        const DELETE: &str = "
            DELETE FROM read_interval
             WHERE channel = ?1 AND reader = ?2 AND from_seq < ?3 AND from_seq <= ?5 AND to_seq >= ?4";
        let parameters = (&self.channel, self.reader, coming, from, to);
        let mut touched = self.file.prepare_cached(TOUCHED)?;
        let (first, last): (i64, i64) =
            touched.query_row(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.file.prepare_cached(DELETE)?.execute(parameters)?;
        self.insert(first.min(from), last.max(to))
    }
}
