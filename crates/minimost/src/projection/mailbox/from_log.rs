//! Answers without a mailbox: slower, but from the truth, for when a file cannot be written or read.
//!
//! A full disk, a directory that turned read-only: the people can still read, and nothing has to be undone afterwards,
//! because a mailbox that was not brought to the head is simply further behind.

use std::collections::BTreeMap;

use chat::audience::may_see;
use chat::{ChannelId, EventKind, Message, Seq, UserId, Workspace};

use super::super::ProjectionError;
use super::Counts;
use super::apply::concerns;
use super::file::Sources;
use crate::fold::{FoldRange, message_fold, messages_by_id};
use crate::wire::MessageView;

/// Messages folded at a time.
const FOLD_MESSAGES: usize = 1_000;

/// One message, if it is in a channel that `user` may read.
pub(super) fn message(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
    id: Seq,
) -> Result<Option<MessageView>, ProjectionError> {
    let messages = messages_by_id(&mut sources.reader, &[id], workspace.head)?;
    let seen =
        messages.iter().find(|message| may_see(user, message.channel, message.id, workspace));
    Ok(seen.map(|message| MessageView::new(message, workspace)))
}

/// What waits in every channel of `user`.
pub(super) fn counts(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
) -> Result<BTreeMap<ChannelId, Counts>, ProjectionError> {
    let mut all = BTreeMap::new();
    for channel in workspace.channels_of(user) {
        let marker = workspace.read_up_to(user, channel);
        let unread = sources.reader.channel_count(
            channel.0.get(),
            EventKind::MessagePosted.code(),
            marker.get(),
            workspace.head.get(),
            user.0.get(),
        )?;
        let mut mentions = 0;
        if unread > 0 {
            each_mention(sources, workspace, user, channel, |_| mentions += 1)?;
        }
        all.insert(channel, Counts { unread, mentions });
    }
    Ok(all)
}

/// Calls `each` for the unread messages of a channel's timeline that name `user` or everyone.
pub(super) fn each_mention(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
    channel: ChannelId,
    mut each: impl FnMut(&Message),
) -> Result<(), ProjectionError> {
    let mut after = workspace.read_up_to(user, channel);
    loop {
        let range = FoldRange::Oldest { after, before: super::read::END, limit: FOLD_MESSAGES };
        let messages = message_fold(&mut sources.reader, channel, range, workspace.head)?;
        let others = messages.iter().filter(|it| it.sender != user && !it.deleted);
        others.filter(|it| concerns(&it.mentions, user)).for_each(&mut each);
        match messages.last() {
            Some(message) if messages.len() == FOLD_MESSAGES => after = message.id,
            Some(_) | None => return Ok(()),
        }
    }
}
