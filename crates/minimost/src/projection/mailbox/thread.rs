//! Threads in a mailbox: which ones the owner follows, and what they have not read there.
//!
//! Invariant: `unread_reply` holds the replies by others after the thread's marker that are not deleted. It is a set,
//! so a reply that was erased before this mailbox came to it is simply never in it.

use chat::event::Mentions;
use chat::thread::InThread;
use chat::{ChannelId, Event, EventKind, LoggedEvent, Seq};
use rusqlite::OptionalExtension;

use super::super::sqlite::{from_sql, to_sql};
use super::apply::{Applying, concerns};
use super::file::{Fault, Sources};
use super::rows;
use crate::fold::{FoldRange, thread_fold};
use crate::wire::{OptionView, ThreadView};

/// Replies folded at a time when a marker is set back.
const RECOUNT_REPLIES: usize = 1_000;

impl Applying<'_> {
    /// A reply was posted, in the channel too or only in its thread.
    pub(super) fn replied(
        &mut self,
        event: &LoggedEvent,
        thread: &InThread,
        mentions: &Mentions,
    ) -> Result<(), Fault> {
        let Some(channel) = event.channel else { return Ok(()) };
        self.set_summary(thread.root, ThreadView::new(&thread.summary, self.workspace))?;
        let Some(marker) = self.thread_marker(thread.root)? else { return Ok(()) };
        if event.actor != self.owner && event.seq > marker {
            self.add_unread(event.seq, thread.root, channel, mentions)?;
        }
        Ok(())
    }

    /// The newest reply of a thread, erased or not.
    pub(super) fn note_reply(&mut self, root: Seq, reply: Seq) -> Result<(), Fault> {
        let parameters = (to_sql(root), to_sql(reply));
        self.file.prepare_cached(UPDATE_NEWEST)?.execute(parameters)?;
        Ok(())
    }

    pub(super) fn thread_changed(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        if self.counter(event).is_none() {
            return Ok(());
        }
        let Some(Event::ThreadChanged { root, summary, .. }) = event.event() else {
            return Ok(());
        };
        self.set_summary(*root, ThreadView::new(summary, self.workspace))
    }

    pub(super) fn thread_followed(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        let Some(Event::ThreadFollowed { channel, root, users, on }) = event.event() else {
            return Ok(());
        };
        if !users.contains(&self.owner) || !self.state.counters.contains_key(channel) {
            return Ok(());
        }
        if *on {
            let newest = to_sql(last_reply(self.sources, *root, event.seq)?);
            let parameters = (to_sql(*root), to_sql(channel.0), to_sql(event.seq), newest);
            self.file.prepare_cached(INSERT_THREAD)?.execute(parameters)?;
        } else {
            self.file.prepare_cached(DELETE_UNREAD)?.execute([to_sql(*root)])?;
            self.file.prepare_cached(DELETE_THREAD)?.execute([to_sql(*root)])?;
        }
        Ok(())
    }

    pub(super) fn thread_read(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        if event.actor != self.owner {
            return Ok(());
        }
        let (Some(channel), Some(about)) = (event.channel, event.event()) else { return Ok(()) };
        let (Event::ThreadRead { root, .. } | Event::ThreadUnread { root, .. }) = about else {
            return Ok(());
        };
        let Some(before) = self.thread_marker(*root)? else { return Ok(()) };
        let marker = marker_after(about, before);
        let parameters = (to_sql(*root), to_sql(marker));
        self.file.prepare_cached(UPDATE_MARKER)?.execute(parameters)?;
        self.file.prepare_cached(DELETE_UNREAD_UP_TO)?.execute(parameters)?;
        if marker < before {
            self.unread_again(channel, *root, (marker, before), event.seq)?;
        }
        Ok(())
    }

    /// The replies after `between.0` up to `between.1`, inclusive, are unread again.
    fn unread_again(
        &mut self,
        channel: ChannelId,
        root: Seq,
        between: (Seq, Seq),
        at: Seq,
    ) -> Result<(), Fault> {
        let history = self.state.counters.get(&channel).map_or(Seq::ZERO, |it| it.history);
        let (mut after, last) = between;
        loop {
            let range = FoldRange::Oldest { after, before: last.next(), limit: RECOUNT_REPLIES };
            let replies = thread_fold(&mut self.sources.reader, root, range, at)?;
            let owner = self.owner;
            let others = replies.iter().filter(|it| it.sender != owner && !it.deleted);
            for reply in others.filter(|it| it.id >= history) {
                self.add_unread(reply.id, root, channel, &reply.mentions)?;
            }
            match replies.last() {
                Some(reply) if replies.len() == RECOUNT_REPLIES => after = reply.id,
                Some(_) | None => return Ok(()),
            }
        }
    }

    /// Somebody voted, or nobody can any more.
    pub(super) fn polled(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        let (Some(_), Some(target)) = (self.counter(event), event.target) else { return Ok(()) };
        let closed_ts = (event.kind == EventKind::PollClosed).then(|| event.ts.as_seconds());
        let voter = self.workspace.user_name(event.actor).to_owned();
        rows::change_metadata(self.file, target, |metadata| {
            let Some(poll) = &mut metadata.poll else { return };
            if let Some(Event::PollVoted { options, .. }) = event.event() {
                let chosen = |place: usize| options.iter().any(|it| usize::from(*it) == place);
                for (place, OptionView { voters, .. }) in poll.options.iter_mut().enumerate() {
                    voters.retain(|other| *other != voter);
                    if chosen(place) {
                        voters.push(voter.clone());
                    }
                }
            } else {
                poll.closed_ts = closed_ts;
            }
        })?;
        Ok(())
    }

    /// A reply was deleted.
    pub(super) fn forget_reply(&mut self, reply: Seq) -> Result<(), Fault> {
        self.file.prepare_cached(DELETE_REPLY)?.execute([to_sql(reply)])?;
        Ok(())
    }

    /// A reply that waits names others now.
    pub(super) fn set_reply_mention(
        &mut self,
        reply: Seq,
        mentions: &Mentions,
    ) -> Result<(), Fault> {
        let parameters = (to_sql(reply), concerns(mentions, self.owner));
        self.file.prepare_cached(UPDATE_MENTION)?.execute(parameters)?;
        Ok(())
    }

    fn set_summary(&mut self, root: Seq, summary: Option<ThreadView>) -> Result<(), Fault> {
        rows::change_metadata(self.file, root, |metadata| metadata.thread = summary)?;
        Ok(())
    }

    fn add_unread(
        &mut self,
        reply: Seq,
        root: Seq,
        channel: ChannelId,
        mentions: &Mentions,
    ) -> Result<(), Fault> {
        let is_mention = concerns(mentions, self.owner);
        let parameters = (to_sql(reply), to_sql(root), to_sql(channel.0), is_mention);
        self.file.prepare_cached(INSERT_UNREAD)?.execute(parameters)?;
        Ok(())
    }

    /// How far the owner has read a thread; `None` when they do not follow it.
    fn thread_marker(&self, root: Seq) -> Result<Option<Seq>, Fault> {
        let marker = self
            .file
            .prepare_cached(SELECT_MARKER)?
            .query_row([to_sql(root)], |row| row.get(0).map(from_sql))
            .optional()?;
        Ok(marker)
    }
}

/// Where a marker in a thread stands after its owner's event there, when it stood at `before`.
pub(super) fn marker_after(event: &Event, before: Seq) -> Seq {
    if let Event::ThreadRead { up_to, .. } = event {
        *up_to
    } else if let Event::ThreadUnread { from, .. } = event {
        before.min(Seq(from.get().saturating_sub(1)))
    } else {
        before
    }
}

/// The newest reply of a thread before an event, erased or not; its root while there is none.
pub(super) fn last_reply(
    sources: &mut Sources,
    root: Seq,
    before: Seq,
) -> Result<Seq, eventlog::Error> {
    let mut last = root;
    for kind in [EventKind::MessagePosted, EventKind::ThreadReplied] {
        let (kind, before) = (kind.code(), before.get());
        let newest = sources.reader.target_newest(root.get(), kind, 0, before, 1)?;
        last = newest.iter().map(|record| Seq(record.seq)).fold(last, Seq::max);
    }
    Ok(last)
}

const INSERT_THREAD: &str = "
    INSERT OR IGNORE INTO thread (root, channel_id, marker, newest) VALUES (?1, ?2, ?3, ?4)";

const DELETE_THREAD: &str = "
    DELETE FROM thread WHERE root = ?1";

const UPDATE_NEWEST: &str = "
    UPDATE thread SET newest = ?2 WHERE root = ?1";

const UPDATE_MARKER: &str = "
    UPDATE thread SET marker = ?2 WHERE root = ?1";

const SELECT_MARKER: &str = "
    SELECT marker FROM thread WHERE root = ?1";

const INSERT_UNREAD: &str = "
    INSERT OR IGNORE INTO unread_reply (seq, root, channel_id, is_mention)
    VALUES (?1, ?2, ?3, ?4)";

const DELETE_UNREAD: &str = "
    DELETE FROM unread_reply WHERE root = ?1";

const DELETE_UNREAD_UP_TO: &str = "
    DELETE FROM unread_reply WHERE root = ?1 AND seq <= ?2";

const DELETE_REPLY: &str = "
    DELETE FROM unread_reply WHERE seq = ?1";

const UPDATE_MENTION: &str = "
    UPDATE unread_reply SET is_mention = ?2 WHERE seq = ?1";
