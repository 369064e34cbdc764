//! Labels in the file: changing them with an append, and reading them.

use rusqlite::{CachedStatement, Connection};

use super::reader::{Reader, asked, bound, count, triple};
use crate::Error;
use crate::label::{Label, LabelChange, When};

/// The statements that change labels.
pub(super) struct Labeller<'connection> {
    set: [CachedStatement<'connection>; 4],
    clear: CachedStatement<'connection>,
    clear_record: CachedStatement<'connection>,
    clear_channel: CachedStatement<'connection>,
}

impl<'connection> Labeller<'connection> {
    pub(super) fn new(connection: &'connection Connection) -> Result<Labeller<'connection>, Error> {
        const SET: &str = "
            INSERT INTO label (kind, owner, channel, seq, value) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET value = excluded.value";
        const SET_ABSENT: &str = "
            INSERT INTO label (kind, owner, channel, seq, value) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO NOTHING";
        const SET_PRESENT: &str = "
            UPDATE label SET value = ?5 WHERE kind = ?1 AND owner = ?2 AND channel = ?3 AND seq = ?4";
        const SET_LOWER: &str = "
            UPDATE label
               SET value = ?5
             WHERE kind = ?1 AND owner = ?2 AND channel = ?3 AND seq = ?4 AND value > ?5";
        const CLEAR: &str = "
            DELETE FROM label WHERE kind = ?1 AND owner = ?2 AND channel = ?3 AND seq = ?4";
        // Left to itself SQLite goes through all labels of the kind.
        const CLEAR_RECORD: &str = "
            DELETE FROM label INDEXED BY label_record WHERE seq = ?2 AND kind = ?1";
        const CLEAR_CHANNEL: &str = "
            DELETE FROM label WHERE kind = ?1 AND owner = ?2 AND channel = ?3";
        let prepare = |sql| connection.prepare_cached(sql);
        Ok(Labeller {
            set: [prepare(SET)?, prepare(SET_ABSENT)?, prepare(SET_PRESENT)?, prepare(SET_LOWER)?],
            clear: prepare(CLEAR)?,
            clear_record: prepare(CLEAR_RECORD)?,
            clear_channel: prepare(CLEAR_CHANNEL)?,
        })
    }

    /// Applies changes one after the other.
    pub(super) fn change(&mut self, changes: &[LabelChange]) -> Result<(), Error> {
        for change in changes {
            match *change {
                LabelChange::Set { label, value, when } => {
                    let set = match when {
                        When::Always => 0,
                        When::Absent => 1,
                        When::Present => 2,
                        When::Lower => 3,
                    };
                    let [kind, owner, channel, seq] = key(label);
                    let value = value.cast_signed();
                    self.set[set].execute((kind, owner, channel, seq, value))?;
                }
                LabelChange::Clear(label) => drop(self.clear.execute(key(label))?),
                LabelChange::ClearRecord { kind, seq } => {
                    self.clear_record.execute((kind, seq.cast_signed()))?;
                }
                LabelChange::ClearChannel { kind, owner, channel } => {
                    let of = (kind, owner.cast_signed(), channel.cast_signed());
                    self.clear_channel.execute(of)?;
                }
            }
        }
        Ok(())
    }
}

/// A label's key as the file has it, in the order of the table.
pub(super) fn key(label: Label) -> [i64; 4] {
    let Label { kind, owner, channel, seq } = label;
    [kind.into(), owner.cast_signed(), channel.cast_signed(), seq.cast_signed()]
}

impl Reader {
    /// The labels of one owner in one channel on records with `after < seq <= up_to`, rising: seq and value.
    pub fn labels(
        &mut self,
        kind: u8,
        owner: u64,
        channel: u64,
        after: u64,
        up_to: u64,
    ) -> Result<Vec<(u64, u64)>, Error> {
        const LABELS: &str = "
            SELECT seq, value
              FROM label
             WHERE kind = ?1 AND owner = ?2 AND channel = ?3 AND seq > ?4 AND seq <= ?5
             ORDER BY seq";
        let (owner, channel) = (owner.cast_signed(), channel.cast_signed());
        self.pairs(LABELS, (kind, owner, channel, bound(after), bound(up_to)))
    }

    /// The labels of one owner in several channels, in each those on records with `after < seq <= up_to`, by channel and
    /// rising: channel, seq and value. One statement for all: `places` are channels, each once, with their `after`.
    pub fn labels_in(
        &mut self,
        kind: u8,
        owner: u64,
        places: impl IntoIterator<Item = (u64, u64)>,
        up_to: u64,
    ) -> Result<Vec<(u64, u64, u64)>, Error> {
        // The channels are few; the other way round all labels of the owner would be gone through.
        const LABELS: &str = "
            SELECT label.channel, label.seq, label.value
              FROM json_each(?3) AS place
             CROSS JOIN label
             WHERE label.kind = ?1 AND label.owner = ?2
               AND label.channel = CAST(place.key AS INTEGER)
               AND label.seq > place.value AND label.seq <= ?4
             ORDER BY label.channel, label.seq";
        let mut statement = self.statement(LABELS)?;
        let parameters = (kind, owner.cast_signed(), asked(places), bound(up_to));
        let rows = statement.query_map(parameters, triple)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest `limit` labels of one owner in one channel on records with `after < seq < before`, falling.
    #[expect(
        clippy::too_many_arguments,
        reason = "three say whose, three which; a type for either would be used here alone"
    )]
    pub fn labels_newest(
        &mut self,
        kind: u8,
        owner: u64,
        channel: u64,
        after: u64,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, u64)>, Error> {
        const NEWEST: &str = "
            SELECT seq, value
              FROM label
             WHERE kind = ?1 AND owner = ?2 AND channel = ?3 AND seq > ?4 AND seq < ?5
             ORDER BY seq DESC
             LIMIT ?6";
        let (owner, channel) = (owner.cast_signed(), channel.cast_signed());
        let parameters = (kind, owner, channel, bound(after), bound(before), count(limit));
        self.pairs(NEWEST, parameters)
    }

    /// All labels of an owner, by channel and seq: channel, seq and value.
    pub fn labels_of(&mut self, kind: u8, owner: u64) -> Result<Vec<(u64, u64, u64)>, Error> {
        const OF_OWNER: &str = "
            SELECT channel, seq, value
              FROM label
             WHERE kind = ?1 AND owner = ?2
             ORDER BY channel, seq";
        let mut statement = self.statement(OF_OWNER)?;
        let rows = statement.query_map((kind, owner.cast_signed()), triple)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
