//! The owner's read marker in a channel: what it passes is read, what it is set back over is unread again.

use std::cmp::Ordering;

use chat::{ChannelId, Event, LoggedEvent, Message, Seq, UserId};

use super::super::sqlite::to_sql;
use super::apply::Applying;
use super::file::Fault;
use crate::fold::{FoldRange, message_fold};

/// Messages folded at a time when a marker jumps.
const RECOUNT_MESSAGES: usize = 1_000;

impl Applying<'_> {
    pub(super) fn channel_read(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        if event.actor != self.owner {
            return Ok(());
        }
        let Some(Event::ChannelRead { channel, up_to, .. }) = event.event() else {
            return Ok(());
        };
        let Some(counter) = self.counter(event) else { return Ok(()) };
        let before = counter.marker;
        let marker = (*up_to).max(counter.history);
        counter.marker = marker;
        match marker.cmp(&before) {
            Ordering::Greater => self.read_forward(*channel, before, marker, event.seq),
            Ordering::Less => self.set_back(*channel, marker, before, event.seq),
            Ordering::Equal => Ok(()),
        }
    }

    /// The marker moved from `before` to `marker`: what lies between is read now.
    fn read_forward(
        &mut self,
        channel: ChannelId,
        before: Seq,
        marker: Seq,
        at: Seq,
    ) -> Result<(), Fault> {
        let counter = self.state.counters.get_mut(&channel).expect("the caller has found it");
        // The newest is one since the start; a marker that was set back further may still be on the way there.
        if marker >= counter.newest.max(counter.start) {
            counter.unread = 0;
        } else {
            let mut read = 0;
            self.each_between(channel, (before, marker), at, |applying, message| {
                let is_counted =
                    message.deleted_ts.is_none() && !applying.state.forgotten.contains(&message.id);
                read += u64::from(is_counted);
                Ok(())
            })?;
            let counter = self.state.counters.get_mut(&channel).expect("as above");
            counter.unread = counter.unread.saturating_sub(read);
        }
        let gone = self
            .file
            .prepare_cached(DELETE_UNREAD_MENTIONS)?
            .execute((to_sql(channel.0), to_sql(marker)))?;
        let counter = self.state.counters.get_mut(&channel).expect("as above");
        counter.mentions = counter.mentions.saturating_sub(gone as u64);
        let parameters = (&counter.name, to_sql(before), to_sql(marker));
        self.file.prepare_cached(UPDATE_READ)?.execute(parameters)?;
        Ok(())
    }

    /// The marker moved back from `before` to `marker`: what lies between is unread again.
    fn set_back(
        &mut self,
        channel: ChannelId,
        marker: Seq,
        before: Seq,
        at: Seq,
    ) -> Result<(), Fault> {
        self.each_between(channel, (marker, before), at, |applying, message| {
            if message.deleted {
                // Erased, but by an event that is still to come.
                if message.deleted_ts.is_none() {
                    applying.forget(message.id)?;
                }
                return Ok(());
            }
            let counter = applying.state.counters.get_mut(&channel).expect("as above");
            counter.unread += 1;
            if message.mentions.is_nobody() {
                return Ok(());
            }
            applying.set_unread_mention(channel, message.id, &message.mentions)
        })?;
        let counter = self.state.counters.get_mut(&channel).expect("the caller has found it");
        let owner = self.workspace.user_name(self.owner);
        let parameters = (&counter.name, to_sql(marker), to_sql(before), owner);
        self.file.prepare_cached(UPDATE_UNREAD)?.execute(parameters)?;
        Ok(())
    }

    /// Calls `each` for the messages of others after `between.0` up to `between.1`, inclusive, as they were after `at`.
    fn each_between(
        &mut self,
        channel: ChannelId,
        between: (Seq, Seq),
        at: Seq,
        mut each: impl FnMut(&mut Self, &Message) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let (mut after, last) = between;
        loop {
            let range = FoldRange::Oldest { after, before: last.next(), limit: RECOUNT_MESSAGES };
            let messages = message_fold(&mut self.sources.reader, channel, range, at)?;
            let owner = self.owner;
            for message in
                messages.iter().filter(|message| message.sender != owner && !is_notice(message))
            {
                each(self, message)?;
            }
            match messages.last() {
                Some(message) if messages.len() == RECOUNT_MESSAGES => after = message.id,
                Some(_) | None => return Ok(()),
            }
        }
    }
}

/// Whether the server said it: nobody has to read that. An erased one is known by its sender.
fn is_notice(message: &Message) -> bool {
    message.sender == UserId::SYSTEM
}

const UPDATE_READ: &str = "
    UPDATE messages
       SET read = 1
     WHERE channel = ?1 AND id > ?2 AND id <= ?3 AND read = 0";

const UPDATE_UNREAD: &str = "
    UPDATE messages
       SET read = 0
     WHERE channel = ?1 AND id > ?2 AND id <= ?3 AND sender NOT IN (?4, 'system')";

const DELETE_UNREAD_MENTIONS: &str = "
    DELETE FROM unread_mention WHERE channel_id = ?1 AND seq <= ?2";
