//! The rows of `messages`: the one place that knows its columns.
//!
//! Neighbours: `apply` and `window` write here, `read` reads; `wire::MessageView` is the same message as JSON.

use chat::Seq;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::sqlite::{count_to_sql, from_sql, to_sql};
use crate::wire::MessageView;

/// A row that stands already was put there by hand; the log's word wins.
const INSERT: &str = "
    INSERT OR REPLACE INTO messages (
        id, channel, sender, content, content_type, filename, ts, edited, edited_ts, read,
        deleted, deleted_ts, reply_to_id, reactions, reactions_ts, mentions, metadata,
        client_msg_id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";

/// Writes a message as a row.
pub(super) fn insert(file: &Connection, view: &MessageView, read: bool) -> rusqlite::Result<()> {
    let reactions = (!view.reactions.is_empty()).then(|| json(&view.reactions));
    let mentions = (!view.mentions.is_empty()).then(|| json(&view.mentions));
    let parameters = params![
        to_sql(Seq(view.id)),
        view.channel,
        view.sender,
        view.content,
        view.content_type,
        view.filename,
        view.ts,
        view.edited,
        view.edited_ts,
        read,
        view.deleted,
        view.deleted_ts,
        view.reply_to_id.map(|id| to_sql(Seq(id))),
        reactions,
        view.reactions_ts,
        mentions,
        view.metadata.as_ref().map(json),
        view.client_msg_id,
    ];
    file.prepare_cached(INSERT)?.execute(parameters).map(drop)
}

/// A value as the JSON text of a column.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("names and lists of names always serialise")
}

/// The value in a column of JSON text; NULL is the empty one.
pub(super) fn from_json<T: Default + DeserializeOwned>(
    row: &Row,
    column: usize,
) -> rusqlite::Result<T> {
    let Some(text) = row.get::<_, Option<String>>(column)? else { return Ok(T::default()) };
    serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

fn view(row: &Row) -> rusqlite::Result<MessageView> {
    Ok(MessageView {
        id: from_sql(row.get(0)?).get(),
        channel: row.get(1)?,
        sender: row.get(2)?,
        content: row.get(3)?,
        content_type: row.get(4)?,
        filename: row.get(5)?,
        ts: row.get(6)?,
        edited: row.get(7)?,
        edited_ts: row.get(8)?,
        deleted: row.get(9)?,
        deleted_ts: row.get(10)?,
        reply_to_id: row.get::<_, Option<i64>>(11)?.map(|id| from_sql(id).get()),
        reactions: from_json(row, 12)?,
        reactions_ts: row.get(13)?,
        mentions: from_json(row, 14)?,
        files: Vec::new(),
        metadata: from_json(row, 15)?,
        client_msg_id: row.get(16)?,
    })
}

const SELECT_NEWEST: &str = "
    SELECT id, channel, sender, content, content_type, filename, ts, edited, edited_ts, deleted,
           deleted_ts, reply_to_id, reactions, reactions_ts, mentions, metadata, client_msg_id
      FROM messages
     WHERE channel = ?1 AND id >= ?2 AND id < ?3
     ORDER BY id DESC
     LIMIT ?4";

const SELECT_OLDEST: &str = "
    SELECT id, channel, sender, content, content_type, filename, ts, edited, edited_ts, deleted,
           deleted_ts, reply_to_id, reactions, reactions_ts, mentions, metadata, client_msg_id
      FROM messages
     WHERE channel = ?1 AND id >= ?2
     ORDER BY id
     LIMIT ?3";

const SELECT_ONE: &str = "
    SELECT id, channel, sender, content, content_type, filename, ts, edited, edited_ts, deleted,
           deleted_ts, reply_to_id, reactions, reactions_ts, mentions, metadata, client_msg_id
      FROM messages
     WHERE id = ?1";

/// The newest `limit` rows of a channel with `from <= id < before`, oldest first.
pub(super) fn newest(
    file: &Connection,
    channel: &str,
    from: Seq,
    before: Seq,
    limit: usize,
) -> rusqlite::Result<Vec<MessageView>> {
    let mut statement = file.prepare_cached(SELECT_NEWEST)?;
    let parameters = (channel, to_sql(from), to_sql(before), count_to_sql(limit as u64));
    let mut views: Vec<_> = statement.query_map(parameters, view)?.collect::<Result<_, _>>()?;
    views.reverse();
    Ok(views)
}

/// The oldest `limit` rows of a channel with `from <= id`, oldest first.
pub(super) fn oldest(
    file: &Connection,
    channel: &str,
    from: Seq,
    limit: usize,
) -> rusqlite::Result<Vec<MessageView>> {
    let mut statement = file.prepare_cached(SELECT_OLDEST)?;
    let parameters = (channel, to_sql(from), count_to_sql(limit as u64));
    statement.query_map(parameters, view)?.collect()
}

/// The row of a message, when there is one.
pub(super) fn find(file: &Connection, id: Seq) -> rusqlite::Result<Option<MessageView>> {
    file.prepare_cached(SELECT_ONE)?.query_row([to_sql(id)], view).optional()
}
