//! Threads out of the log alone, for when a mailbox cannot be written or read: who follows what, and how far they are.
//!
//! The same rules as in `thread`: following begins a marker, leaving the thread or the channel ends it.

use std::collections::BTreeMap;

use chat::{ChannelId, Event, EventKind, LoggedEvent, Seq, UserId, Workspace};

use super::super::ProjectionError;
use super::apply::concerns;
use super::file::Sources;
use super::read::END;
use super::thread::{last_reply, marker_after};
use super::thread_read::{
    Followed, FollowedThread, Standing, ThreadPage, ThreadQuery, newest_before, thread_page,
    with_roots,
};
use super::{Counts, from_log};
use crate::codec;
use crate::fold::{FoldRange, thread_fold};

/// Records and replies that are read at a time.
const CHUNK: usize = 1_000;

/// A thread with a page of its replies.
pub(super) fn thread(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
    message: Seq,
    range: FoldRange,
) -> Result<Option<ThreadPage>, ProjectionError> {
    let find = |sources: &mut Sources, id| from_log::message(sources, workspace, user, id);
    let page = thread_page(sources, workspace, user, message, range, find)?;
    let Some(mut page) = page else { return Ok(None) };
    let followed = all(sources, workspace, user)?.into_iter();
    page.standing = followed.filter(|it| it.root == page.root_id).map(|it| it.standing).next();
    Ok(Some(page))
}

/// The threads that `user` follows, the newest reply first.
pub(super) fn threads(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
    query: ThreadQuery,
) -> Result<Vec<FollowedThread>, ProjectionError> {
    let newest = newest_before(sources, query)?;
    let mut threads = all(sources, workspace, user)?;
    threads.retain(|thread| thread.newest <= newest);
    threads.retain(|thread| !query.only_unread || thread.standing.waiting.unread > 0);
    threads.sort_unstable_by_key(|thread| std::cmp::Reverse(thread.newest));
    threads.truncate(query.limit);
    with_roots(sources, workspace, user, threads, |_| Ok(None))
}

/// What waits in all threads that `user` follows.
pub(super) fn counts(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
) -> Result<Counts, ProjectionError> {
    let mut counts = Counts::default();
    for thread in all(sources, workspace, user)? {
        counts.unread += thread.standing.waiting.unread;
        counts.mentions += thread.standing.waiting.mentions;
    }
    Ok(counts)
}

/// Unread replies by others in the threads that `user` follows that name them or everyone.
pub(super) fn unread_mentions(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
) -> Result<Vec<Seq>, ProjectionError> {
    let mut found = Vec::new();
    for channel in workspace.channels_of(user) {
        for (root, marker) in markers(sources, workspace, user, channel)? {
            each_unread(sources, workspace, user, (root, marker), |reply, is_mention| {
                found.extend(is_mention.then_some(reply));
            })?;
        }
    }
    Ok(found)
}

fn all(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
) -> Result<Vec<Followed>, ProjectionError> {
    let mut threads = Vec::new();
    for channel in workspace.channels_of(user) {
        for (root, marker) in markers(sources, workspace, user, channel)? {
            let mut waiting = Counts::default();
            each_unread(sources, workspace, user, (root, marker), |_, is_mention| {
                waiting.unread += 1;
                waiting.mentions += u64::from(is_mention);
            })?;
            let newest = last_reply(sources, root, workspace.head.next())?;
            let standing = Standing { marker, waiting };
            threads.push(Followed { root, channel, newest, standing });
        }
    }
    Ok(threads)
}

/// How far `user` is in each thread of a channel that they follow.
fn markers(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
    channel: ChannelId,
) -> Result<BTreeMap<Seq, Seq>, ProjectionError> {
    let Some(member) = workspace.membership(user, channel) else { return Ok(BTreeMap::new()) };
    let mut events = Vec::new();
    for kind in [EventKind::ThreadFollowed, EventKind::ThreadRead, EventKind::ThreadUnread] {
        let mut after = Seq(member.joined.get().saturating_sub(1));
        loop {
            let (id, kind, end) = (channel.0.get(), kind.code(), workspace.head.next().get());
            let records = sources.reader.channel_oldest(id, kind, after.get(), end, CHUNK)?;
            for record in &records {
                let event = codec::decode(record)?;
                events.extend(is_of(user, &event).then_some(event));
            }
            match records.last() {
                Some(record) if records.len() == CHUNK => after = Seq(record.seq),
                Some(_) | None => break,
            }
        }
    }
    events.sort_unstable_by_key(|event| event.seq);
    let mut markers = BTreeMap::new();
    for logged in &events {
        match logged.event() {
            Some(Event::ThreadFollowed { root, on: true, .. }) => {
                markers.entry(*root).or_insert(logged.seq);
            }
            Some(Event::ThreadFollowed { root, on: false, .. }) => drop(markers.remove(root)),
            Some(about @ (Event::ThreadRead { root, .. } | Event::ThreadUnread { root, .. })) => {
                markers.entry(*root).and_modify(|marker| *marker = marker_after(about, *marker));
            }
            Some(_) | None => {}
        }
    }
    Ok(markers)
}

fn is_of(user: UserId, logged: &LoggedEvent) -> bool {
    match logged.event() {
        Some(Event::ThreadFollowed { users, .. }) => users.contains(&user),
        Some(_) | None => logged.actor == user,
    }
}

/// Calls `each` for the unread replies of a thread: their ids, and whether they name the reader or everyone.
fn each_unread(
    sources: &mut Sources,
    workspace: &Workspace,
    user: UserId,
    (root, marker): (Seq, Seq),
    mut each: impl FnMut(Seq, bool),
) -> Result<(), ProjectionError> {
    let mut after = marker;
    loop {
        let range = FoldRange::Oldest { after, before: END, limit: CHUNK };
        let replies = thread_fold(&mut sources.reader, root, range, workspace.head)?;
        let others = replies.iter().filter(|reply| reply.sender != user && !reply.deleted);
        let seen = others.filter(|it| chat::audience::may_see(user, it.channel, it.id, workspace));
        seen.for_each(|reply| each(reply.id, concerns(&reply.mentions, user)));
        match replies.last() {
            Some(reply) if replies.len() == CHUNK => after = reply.id,
            Some(_) | None => return Ok(()),
        }
    }
}
