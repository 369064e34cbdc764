//! Two files of one projection, read side by side.

use std::cmp::Ordering;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, Row};

use super::super::{InFile, ProjectionError, sqlite};
use super::{Difference, DifferenceKind};

/// A table, how to read it in the order of its key, and how many of the first columns are the key.
///
/// `SELECT *` because a column that somebody added is a difference too.
pub(super) struct Table {
    name: &'static str,
    rows: &'static str,
    key_columns: usize,
}

const CHECKPOINT: Table = Table {
    name: "checkpoint",
    rows: "SELECT id, format, epoch, seq FROM checkpoint ORDER BY id",
    key_columns: 1,
};

pub(super) const MAILBOX: &[Table] = &[
    Table { name: "messages", rows: "SELECT * FROM messages ORDER BY id", key_columns: 1 },
    Table { name: "dm_hidden", rows: "SELECT * FROM dm_hidden ORDER BY channel", key_columns: 1 },
    Table { name: "mailbox", rows: "SELECT * FROM mailbox ORDER BY id", key_columns: 1 },
    Table { name: "counter", rows: "SELECT * FROM counter ORDER BY channel_id", key_columns: 1 },
    Table {
        name: "unread_mention",
        rows: "SELECT * FROM unread_mention ORDER BY seq",
        key_columns: 1,
    },
    Table { name: "mention", rows: "SELECT * FROM mention ORDER BY seq", key_columns: 1 },
    Table { name: "forgotten", rows: "SELECT * FROM forgotten ORDER BY seq", key_columns: 1 },
    CHECKPOINT,
];

/// Without `presence` and `typing`, which are not derived from the log.
pub(super) const PRESENCE: &[Table] = &[
    Table {
        name: "message_reactions",
        rows: "SELECT * FROM message_reactions ORDER BY channel, msg_ts, emoji, reactor",
        key_columns: 4,
    },
    Table {
        name: "private_channels",
        rows: "SELECT * FROM private_channels ORDER BY id",
        key_columns: 1,
    },
    Table {
        name: "private_channel_members",
        rows: "SELECT * FROM private_channel_members ORDER BY channel_id, username",
        key_columns: 2,
    },
    Table {
        name: "message_time",
        rows: "SELECT * FROM message_time ORDER BY channel, seq",
        key_columns: 2,
    },
    Table {
        name: "read_interval",
        rows: "SELECT * FROM read_interval ORDER BY channel, reader",
        key_columns: 2,
    },
    CHECKPOINT,
];

pub(super) const AUTH: &[Table] = &[
    Table { name: "users", rows: "SELECT * FROM users ORDER BY username", key_columns: 1 },
    Table {
        name: "user_settings",
        rows: "SELECT * FROM user_settings ORDER BY username",
        key_columns: 1,
    },
    Table {
        name: "password_reset_tokens",
        rows: "SELECT * FROM password_reset_tokens ORDER BY token",
        key_columns: 1,
    },
    Table { name: "sessions", rows: "SELECT * FROM sessions ORDER BY session_id", key_columns: 1 },
    CHECKPOINT,
];

/// What is different in `found` from `expected`.
pub(super) fn compare(
    found: &Path,
    expected: &Path,
    tables: &[Table],
) -> Result<Vec<Difference>, ProjectionError> {
    let found_file = sqlite::open(found)?;
    let expected_file = sqlite::open(expected)?;
    let mut differences = Vec::new();
    for table in tables {
        let kinds = compare_table(&found_file, &expected_file, table).in_file(found)?;
        differences.extend(kinds.into_iter().map(|(row, kind)| {
            let (file, table) = (found.to_owned(), table.name);
            Difference { file, table, row, kind }
        }));
    }
    Ok(differences)
}

fn compare_table(
    found: &Connection,
    expected: &Connection,
    table: &Table,
) -> rusqlite::Result<Vec<(String, DifferenceKind)>> {
    let mut found = found.prepare(table.rows)?;
    let mut expected = expected.prepare(table.rows)?;
    let columns: Vec<String> = expected.column_names().map(str::to_owned).collect();
    if !found.column_names().eq(columns.iter().map(String::as_str)) {
        let kind = DifferenceKind::Changed { columns: vec!["the columns themselves".to_owned()] };
        return Ok(vec![(String::new(), kind)]);
    }
    let (mut found, mut expected) = (found.query([])?, expected.query([])?);
    let (mut left, mut right) = (values(found.next()?)?, values(expected.next()?)?);
    let mut differences = Vec::new();
    let key = |row: &[Value]| name_row(&columns[..table.key_columns], row);
    loop {
        let order = match (&left, &right) {
            (None, None) => return Ok(differences),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => {
                compare_keys(&left[..table.key_columns], &right[..table.key_columns])
            }
        };
        if let (Some(left), Ordering::Less) = (&left, order) {
            differences.push((key(left), DifferenceKind::Unexpected));
        }
        if let (Some(right), Ordering::Greater) = (&right, order) {
            differences.push((key(right), DifferenceKind::Missing));
        }
        if let (Some(left), Some(right), Ordering::Equal) = (&left, &right, order)
            && left != right
        {
            let differing = columns.iter().zip(left.iter().zip(right));
            let differing = differing.filter(|(_, (left, right))| left != right);
            let columns = differing.map(|(column, _)| column.clone()).collect();
            differences.push((key(left), DifferenceKind::Changed { columns }));
        }
        if order.is_le() {
            left = values(found.next()?)?;
        }
        if order.is_ge() {
            right = values(expected.next()?)?;
        }
    }
}

fn values(row: Option<&Row>) -> rusqlite::Result<Option<Vec<Value>>> {
    let Some(row) = row else { return Ok(None) };
    (0..row.as_ref().column_count())
        .map(|column| row.get(column))
        .collect::<Result<_, _>>()
        .map(Some)
}

fn name_row(columns: &[String], row: &[Value]) -> String {
    let parts = columns.iter().zip(row).map(|(column, value)| match value {
        Value::Null => format!("{column} = NULL"),
        Value::Integer(number) => format!("{column} = {number}"),
        Value::Real(number) => format!("{column} = {number}"),
        Value::Text(text) => format!("{column} = {text:?}"),
        Value::Blob(bytes) => format!("{column} = {bytes:?}"),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// The order in which SQLite sorts: NULL, numbers, text by bytes, blobs.
fn compare_keys(left: &[Value], right: &[Value]) -> Ordering {
    let mut pairs = left.iter().zip(right).map(|(left, right)| compare_values(left, right));
    pairs.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

#[expect(clippy::cast_precision_loss, reason = "keys of one column have one type unless edited")]
fn compare_values(left: &Value, right: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 1,
        Value::Text(_) => 2,
        Value::Blob(_) => 3,
    };
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
        (Value::Real(left), Value::Real(right)) => left.total_cmp(right),
        (Value::Integer(left), Value::Real(right)) => (*left as f64).total_cmp(right),
        (Value::Real(left), Value::Integer(right)) => left.total_cmp(&(*right as f64)),
        (Value::Text(left), Value::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Value::Blob(left), Value::Blob(right)) => left.cmp(right),
        (left, right) => rank(left).cmp(&rank(right)),
    }
}
