//! Messages as they are now, made of their events in the log.
//!
//! Serves older pages, joins, `after=<ts>`, the facts that `decide` needs and reads on a full disk. A property test says
//! that a mailbox page equals it.
//!
//! Each fold reads one state of the log, so that an erasure meanwhile cannot show half of an edit. What it holds in
//! memory is bounded by the messages it answers, not by what happened to them.
//!
//! Neighbours: `chat/message.rs` says what each event does to a message; `codec.rs` reads the events.

use std::collections::BTreeSet;

use chat::{ChannelId, EventKind, Message, Seq, Timestamp};
use eventlog::{Reader, Record};

use crate::codec::{self, DecodeError};

/// What can be about a message after it was posted.
const CHANGES: [EventKind; 3] =
    [EventKind::MessageEdited, EventKind::MessageDeleted, EventKind::MessageReacted];

/// Why a fold failed.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    #[error(transparent)]
    Log(#[from] eventlog::Error),
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// Which messages of a channel, by id; both ends exclusive.
#[derive(Clone, Copy, Debug)]
pub enum FoldRange {
    /// The newest `limit` with `after < id < before`.
    Newest { after: Seq, before: Seq, limit: usize },
    /// The oldest `limit` with `after < id < before`.
    Oldest { after: Seq, before: Seq, limit: usize },
}

/// Messages of a channel as they were after `up_to`, oldest first, tombstones included.
///
/// A text that was erased since is not there, whatever `up_to` says.
pub fn message_fold(
    reader: &mut Reader,
    channel: ChannelId,
    range: FoldRange,
    up_to: Seq,
) -> Result<Vec<Message>, FoldError> {
    let (id, kind) = (channel.0.get(), EventKind::MessagePosted.code());
    let end = Seq(up_to.get().saturating_add(1));
    reader.snapshot(|reader| {
        let records = match range {
            FoldRange::Newest { after, before, limit } => {
                reader.channel_newest(id, kind, after.get(), before.min(end).get(), limit)?
            }
            FoldRange::Oldest { after, before, limit } => {
                reader.channel_oldest(id, kind, after.get(), before.min(end).get(), limit)?
            }
        };
        fold(reader, &records, up_to)
    })
}

/// These messages as they were after `up_to`, oldest first; ids that name no message are left out.
pub fn messages_by_id(
    reader: &mut Reader,
    ids: &[Seq],
    up_to: Seq,
) -> Result<Vec<Message>, FoldError> {
    let ids: Vec<_> = ids.iter().filter(|id| **id <= up_to).map(|id| id.get()).collect();
    reader.snapshot(|reader| {
        let mut records = reader.by_seqs(&ids)?;
        records.retain(|record| record.kind == EventKind::MessagePosted.code());
        fold(reader, &records, up_to)
    })
}

/// Messages of a channel that are new or changed in `(since, until)`, as they were after `up_to`, oldest first.
///
/// A message counts when it was posted, edited, reacted to or deleted later than `since` and earlier than `until`
/// (`None`: however late). When there are more than `limit`, these are the ones with the lowest ids: the caller goes on
/// by id.
pub fn messages_changed(
    reader: &mut Reader,
    channel: ChannelId,
    since: Timestamp,
    until: Option<Timestamp>,
    up_to: Seq,
    limit: usize,
) -> Result<Vec<Message>, FoldError> {
    reader.snapshot(|reader| {
        // Times rise with seqs: an interval of time is an interval of the log.
        let after = reader.seq_at(since.0)?;
        let last = match until {
            Some(until) => up_to.get().min(reader.seq_at(until.0.saturating_sub(1))?),
            None => up_to.get(),
        };
        let id = channel.0.get();
        // Changes of messages that are themselves new add nothing, so only older targets are looked for.
        let mut changed = BTreeSet::new();
        for kind in CHANGES {
            changed.extend(reader.channel_targets(id, kind.code(), after, last, limit)?);
        }
        let changed: Vec<_> = changed.into_iter().take(limit).collect();
        let (posted, rest) = (EventKind::MessagePosted.code(), limit - changed.len());
        let mut records = reader.by_seqs(&changed)?;
        records.extend(reader.channel_oldest(id, posted, after, last.saturating_add(1), rest)?);
        fold(reader, &records, up_to)
    })
}

/// Messages out of their `message_posted` records, which rise, and whatever is about them up to `up_to`.
fn fold(reader: &mut Reader, posted: &[Record], up_to: Seq) -> Result<Vec<Message>, FoldError> {
    let mut messages = Vec::with_capacity(posted.len());
    for record in posted {
        messages.push(Message::posted(&codec::decode(record)?));
    }
    let ids: Vec<_> = posted.iter().map(|record| record.seq).collect();
    reader.visit_targets(&ids, up_to.get(), |record| -> Result<(), FoldError> {
        let target = record.target.expect("it was found by its target");
        let place = ids.binary_search(&target).expect("only these targets were asked for");
        messages[place].apply(&codec::decode(&record)?);
        Ok(())
    })?;
    Ok(messages)
}
