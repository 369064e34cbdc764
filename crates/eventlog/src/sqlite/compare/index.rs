//! The indexes of the table of records, and how each is asked.

use rusqlite::types::Value;

use crate::record::{Body, Record};

/// An index, and how it is asked; no statement reads it and the table at once.
pub(super) struct Index {
    pub(super) name: &'static str,
    /// The entry of a record, by all of its columns.
    pub(super) entry: &'static str,
    /// The entries after a key that begin as it does, in order; the key comes first. SQLite seeks no further by a row of
    /// values than to where its rowid stands, and every slice would walk the whole of a channel again.
    pub(super) rest: &'static str,
    /// The entries after all that begin as a key does, in order.
    pub(super) later: &'static str,
    /// The same columns as the table has them.
    pub(super) record: &'static str,
    pub(super) key_columns: usize,
    /// By how many columns a key begins.
    pub(super) group_columns: usize,
    pub(super) seq_column: usize,
}

pub(super) const INDEXES: [Index; 3] = [
    Index {
        name: "record_channel",
        entry: "
            SELECT seq
              FROM record INDEXED BY record_channel
             WHERE channel = ?1 AND kind = ?2 AND seq = ?3 AND actor = ?4 AND redacted_why IS ?5",
        rest: "
            SELECT channel, kind, seq, actor, redacted_why
              FROM record INDEXED BY record_channel
             WHERE channel = ?1 AND kind = ?2 AND seq > ?3
             ORDER BY seq",
        later: "
            SELECT channel, kind, seq, actor, redacted_why
              FROM record INDEXED BY record_channel
             WHERE channel IS NOT NULL AND (channel, kind) > (?1, ?2)
             ORDER BY channel, kind, seq",
        record: "
            SELECT channel, kind, seq, actor, redacted_why FROM record NOT INDEXED WHERE seq = ?1",
        key_columns: 3,
        group_columns: 2,
        seq_column: 2,
    },
    Index {
        name: "record_target",
        entry: "
            SELECT seq
              FROM record INDEXED BY record_target
             WHERE target = ?1 AND kind = ?2 AND seq = ?3 AND actor = ?4 AND redacted_why IS ?5",
        rest: "
            SELECT target, kind, seq, actor, redacted_why
              FROM record INDEXED BY record_target
             WHERE target = ?1 AND kind = ?2 AND seq > ?3
             ORDER BY seq",
        later: "
            SELECT target, kind, seq, actor, redacted_why
              FROM record INDEXED BY record_target
             WHERE target IS NOT NULL AND (target, kind) > (?1, ?2)
             ORDER BY target, kind, seq",
        record: "
            SELECT target, kind, seq, actor, redacted_why FROM record NOT INDEXED WHERE seq = ?1",
        key_columns: 3,
        group_columns: 2,
        seq_column: 2,
    },
    Index {
        name: "record_client_msg_id",
        entry: "
            SELECT seq
              FROM record INDEXED BY record_client_msg_id
             WHERE actor = ?1 AND client_msg_id = ?2 AND seq = ?3",
        rest: "
            SELECT actor, client_msg_id, seq
              FROM record INDEXED BY record_client_msg_id
             WHERE actor = ?1 AND client_msg_id > ?2
             ORDER BY client_msg_id",
        later: "
            SELECT actor, client_msg_id, seq
              FROM record INDEXED BY record_client_msg_id
             WHERE client_msg_id IS NOT NULL AND actor > ?1
             ORDER BY actor, client_msg_id",
        record: "
            SELECT actor, client_msg_id, seq FROM record NOT INDEXED WHERE seq = ?1",
        key_columns: 2,
        group_columns: 1,
        seq_column: 2,
    },
];

/// The columns of a record in each of [`INDEXES`]; `None` where it is not in one.
pub(super) fn columns(record: &Record) -> [Option<Vec<Value>>; 3] {
    let number = |number: u64| Value::Integer(number.cast_signed());
    let (seq, actor) = (number(record.seq), number(record.actor));
    let why = match record.body {
        Body::Present(_) | Body::Damaged => Value::Null,
        Body::Redacted { why, .. } => Value::Integer(why.into()),
    };
    let kind = Value::Integer(record.kind.into());
    let of = |number| vec![number, kind.clone(), seq.clone(), actor.clone(), why.clone()];
    let named = |name| vec![actor.clone(), Value::Text(name), seq.clone()];
    [
        record.channel.map(number).map(of),
        record.target.map(number).map(of),
        record.client_msg_id.clone().map(named),
    ]
}

/// A key before all others of an index.
pub(super) fn first_key(which: usize) -> Vec<Value> {
    let least = Value::Integer(i64::MIN);
    match which {
        0 | 1 => vec![least.clone(), least.clone(), least],
        _ => vec![least, Value::Text(String::new())],
    }
}
