//! Messages as they are now, made of their events in the log.
//!
//! Serves older pages, joins, `after=<ts>`, the facts that `decide` needs and reads on a full disk. A property test says
//! that a mailbox page equals it.

use chat::{ChannelId, Message, Seq, Timestamp};
use eventlog::Reader;

use crate::codec::DecodeError;

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
pub fn message_fold(
    reader: &mut Reader,
    channel: ChannelId,
    range: FoldRange,
    up_to: Seq,
) -> Result<Vec<Message>, FoldError> {
    let _ = (reader, channel, range, up_to);
    unimplemented!()
}

/// These messages as they were after `up_to`, oldest first; ids that name no message are left out.
pub fn messages_by_id(
    reader: &mut Reader,
    ids: &[Seq],
    up_to: Seq,
) -> Result<Vec<Message>, FoldError> {
    let _ = (reader, ids, up_to);
    unimplemented!()
}

/// Messages of a channel that are new or changed in `(since, until)`, oldest first, at most `limit`.
pub fn messages_changed(
    reader: &mut Reader,
    channel: ChannelId,
    since: Timestamp,
    until: Option<Timestamp>,
    up_to: Seq,
    limit: usize,
) -> Result<Vec<Message>, FoldError> {
    let _ = (reader, channel, since, until, up_to, limit);
    unimplemented!()
}
