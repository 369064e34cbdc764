//! The rows of `messages`: the one place that knows its columns.
//!
//! Neighbours: `apply`, `window` and `making` write here; `wire::MessageView` is the same message as JSON.

use std::collections::BTreeMap;

use chat::Seq;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Statement, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::sqlite::to_sql;
use crate::wire::{ForwardView, MessageView, PollView, ThreadView};

/// A row that stands already was put there by hand; the log's word wins.
pub(super) const INSERT: &str = "
    INSERT OR REPLACE INTO messages (
        id, channel, sender, content, content_type, filename, ts, edited, edited_ts, read,
        deleted, deleted_ts, reply_to_id, reactions, reactions_ts, mentions, metadata,
        client_msg_id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";

/// A message as it stands in files, but for whether it is read.
pub(super) struct Row {
    id: i64,
    ts: f64,
    edited_ts: Option<f64>,
    deleted_ts: Option<f64>,
    reactions_ts: Option<f64>,
    reply_to_id: Option<i64>,
    edited: bool,
    deleted: bool,
    texts: Texts,
}

/// The columns of text, in this order: there are very many rows, and most texts are short.
#[derive(Clone, Copy)]
enum Text {
    Channel,
    Sender,
    Content,
    ContentType,
    Filename,
    Reactions,
    Mentions,
    Metadata,
    ClientMsgId,
}

const TEXTS: usize = 9;

/// They stand one behind the other; `None` of one that is NULL.
struct Texts {
    all: Box<str>,
    places: [Option<(u32, u32)>; TEXTS],
}

impl Texts {
    fn new(columns: [Option<&str>; TEXTS]) -> Texts {
        let mut all = String::with_capacity(columns.iter().flatten().map(|text| text.len()).sum());
        let places = columns.map(|text| {
            let begin = all.len();
            all.push_str(text?);
            let place = |at| u32::try_from(at).expect("a message is far smaller");
            Some((place(begin), place(all.len())))
        });
        Texts { all: all.into(), places }
    }

    fn get(&self, text: Text) -> Option<&str> {
        let (begin, end) = self.places[text as usize]?;
        Some(&self.all[begin as usize..end as usize])
    }
}

impl Row {
    pub fn new(view: &MessageView) -> Row {
        let reactions = (!view.reactions.is_empty()).then(|| json(&view.reactions));
        let mentions = (!view.mentions.is_empty()).then(|| json(&view.mentions));
        let metadata = Metadata::of(view).text();
        Row {
            id: to_sql(Seq(view.id)),
            ts: view.ts,
            edited_ts: view.edited_ts,
            deleted_ts: view.deleted_ts,
            reactions_ts: view.reactions_ts,
            reply_to_id: view.reply_to_id.map(|id| to_sql(Seq(id))),
            edited: view.edited,
            deleted: view.deleted,
            texts: Texts::new([
                Some(&view.channel),
                Some(&view.sender),
                view.content.as_deref(),
                Some(&view.content_type),
                view.filename.as_deref(),
                reactions.as_deref(),
                mentions.as_deref(),
                metadata.as_deref(),
                view.client_msg_id.as_deref(),
            ]),
        }
    }

    /// Writes it with a prepared [`INSERT`].
    pub fn insert_with(&self, insert: &mut Statement<'_>, read: bool) -> rusqlite::Result<()> {
        let text = |column| self.texts.get(column);
        let parameters = params![
            self.id,
            text(Text::Channel),
            text(Text::Sender),
            text(Text::Content),
            text(Text::ContentType),
            text(Text::Filename),
            self.ts,
            self.edited,
            self.edited_ts,
            read,
            self.deleted,
            self.deleted_ts,
            self.reply_to_id,
            text(Text::Reactions),
            self.reactions_ts,
            text(Text::Mentions),
            text(Text::Metadata),
            text(Text::ClientMsgId),
        ];
        insert.execute(parameters).map(drop)
    }

    /// Roughly.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Row>() + self.texts.all.len()
    }

    /// The text of the message.
    #[cfg(test)]
    pub fn content(&self) -> Option<&str> {
        self.texts.get(Text::Content)
    }
}

/// Writes a message as a row.
pub(super) fn insert(file: &Connection, view: &MessageView, read: bool) -> rusqlite::Result<()> {
    Row::new(view).insert_with(&mut *file.prepare_cached(INSERT)?, read)
}

/// A value as the JSON text of a column.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("names and lists of names always serialise")
}

/// The value in a column of JSON text; NULL is the empty one.
pub(super) fn from_json<T: Default + DeserializeOwned>(
    row: &rusqlite::Row,
    column: usize,
) -> rusqlite::Result<T> {
    let Some(text) = row.get::<_, Option<String>>(column)? else { return Ok(T::default()) };
    serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

/// Makes a row a tombstone, for its sender or by `deleted_by`. What stays of its metadata is the thread that it begins
/// or is in.
pub(super) fn bury(
    file: &Connection,
    id: Seq,
    deleted_ts: f64,
    deleted_by: Option<String>,
) -> Result<(), rusqlite::Error> {
    change_metadata(file, id, |metadata| {
        *metadata = Metadata {
            thread_id: metadata.thread_id,
            thread: metadata.thread.take(),
            deleted_by,
            ..Metadata::default()
        };
    })?;
    file.prepare_cached(UPDATE_DELETED)?.execute((to_sql(id), deleted_ts)).map(drop)
}

const UPDATE_DELETED: &str = "
    UPDATE messages
       SET content = NULL, mentions = NULL, reply_to_id = NULL, reactions = NULL,
           deleted = 1, deleted_ts = ?2
     WHERE id = ?1";

/// What stands in the column `metadata` of a row.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    #[serde(flatten)]
    pub notice: BTreeMap<String, serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<ForwardView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll: Option<PollView>,
    /// Of a tombstone: who made it, if not the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<String>,
}

impl Metadata {
    fn of(view: &MessageView) -> Metadata {
        let notice = view.metadata.as_ref().and_then(serde_json::Value::as_object);
        Metadata {
            notice: notice.cloned().unwrap_or_default().into_iter().collect(),
            thread_id: view.thread_id,
            thread: view.thread.clone(),
            forward: view.forward.clone(),
            poll: view.poll.clone(),
            deleted_by: view.deleted_by.clone(),
        }
    }

    fn text(&self) -> Option<String> {
        (*self != Metadata::default()).then(|| json(self))
    }
}

/// Changes the metadata of a row; nothing happens where there is no row.
pub(super) fn change_metadata(
    file: &Connection,
    id: Seq,
    change: impl FnOnce(&mut Metadata),
) -> rusqlite::Result<()> {
    let found = file
        .prepare_cached(SELECT_METADATA)?
        .query_row([to_sql(id)], |row| from_json::<Metadata>(row, 0))
        .optional()?;
    if let Some(mut metadata) = found {
        change(&mut metadata);
        file.prepare_cached(UPDATE_METADATA)?.execute((to_sql(id), metadata.text()))?;
    }
    Ok(())
}

const SELECT_METADATA: &str = "
    SELECT metadata FROM messages WHERE id = ?1";

const UPDATE_METADATA: &str = "
    UPDATE messages SET metadata = ?2 WHERE id = ?1";
