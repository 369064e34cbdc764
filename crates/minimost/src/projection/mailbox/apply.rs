//! One event into one mailbox.
//!
//! Invariant: `unread` is the number of messages after the marker, by others, not deleted and not in `forgotten`; a
//! message is in `forgotten` when the log had erased it before this mailbox came to it, and leaves it with the event
//! that deleted it. So the rows at the head are the same whatever had been erased when the events were read.
//!
//! Neighbours: `catch_up` calls this in the order of the log; `window` draws the window afterwards.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use chat::event::Mentions;
use chat::{ChannelId, Event, EventKind, LoggedEvent, Message, Seq, UserId, Workspace, audience};
use rusqlite::{Connection, OptionalExtension};

use super::super::sqlite::to_sql;
use super::file::{Counter, Fault, Sources, State};
use super::rows;
use crate::fold::{FoldRange, message_fold};
use crate::wire::{MessageView, mention_names};

/// Messages folded at a time when a marker jumps.
const RECOUNT_MESSAGES: usize = 1_000;

/// The transaction of a catch-up.
pub(super) struct Applying<'a> {
    pub file: &'a Connection,
    pub state: &'a mut State,
    pub sources: &'a mut Sources,
    /// At the target, or later than the event in any case: names and memberships come from it.
    pub workspace: &'a Workspace,
    pub owner: UserId,
    /// Set when text must leave the file's WAL too.
    pub has_erased: &'a mut bool,
}

impl Applying<'_> {
    /// Applies the next event of the log.
    pub fn apply(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        match event.kind {
            EventKind::AccountCreated
            | EventKind::PasswordSet
            | EventKind::AccountLocked
            | EventKind::SessionOpened
            | EventKind::SessionClosed
            | EventKind::ChannelRenamed => Ok(()),
            EventKind::ChannelCreated => {
                self.channel_created(event);
                Ok(())
            }
            EventKind::MessagePosted => self.posted(event),
            EventKind::MessageEdited => self.edited(event),
            EventKind::MessageDeleted => self.deleted(event),
            EventKind::MessageReacted => self.reacted(event),
            EventKind::ChannelRead => self.channel_read(event),
        }
    }

    fn channel_created(&mut self, event: &LoggedEvent) {
        if audience(event, self.workspace).includes(self.owner) {
            let channel = ChannelId(event.seq);
            let name = self.workspace.channel_name(channel);
            self.state.counters.insert(channel, Counter::new(name, event.seq));
        }
    }

    /// The channel of an event about a message, if the owner may see it.
    fn counter(&mut self, event: &LoggedEvent) -> Option<&mut Counter> {
        let counter = self.state.counters.get_mut(&event.channel?)?;
        counter.is_dirty = true;
        Some(counter)
    }

    fn posted(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        let is_own = event.actor == self.owner;
        let Some(channel) = event.channel else { return Ok(()) };
        let Some(counter) = self.counter(event) else { return Ok(()) };
        counter.newest = event.seq;
        counter.has_grown = true;
        let is_unread = !is_own && event.seq > counter.marker;
        if let Some(Event::MessagePosted { mentions, .. }) = event.event() {
            if is_unread {
                counter.unread += 1;
                // Nothing can stand there yet: most messages name nobody and cost no statement.
                if !mentions.is_nobody() {
                    self.set_unread_mention(channel, event.seq, mentions)?;
                }
            }
            if names(mentions, self.owner) {
                self.set_mention(event.seq, true)?;
            }
        } else {
            self.forget(event.seq)?;
        }
        // Most of a long backlog is not written: what would leave the window before the target never enters it.
        if event.seq >= self.sources.cutoff(channel, self.workspace.head)? {
            let view = MessageView::new(&Message::posted(event), self.workspace);
            rows::insert(self.file, &view, !is_unread)?;
        }
        Ok(())
    }

    fn edited(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        // Only its sender edits a message.
        let is_own = event.actor == self.owner;
        let (Some(counter), Some(target)) = (self.counter(event), event.target) else {
            return Ok(());
        };
        let is_unread = !is_own && target > counter.marker;
        let edited_ts = event.ts.as_seconds();
        let still_there = !self.state.forgotten.contains(&target);
        if let Some(Event::MessageEdited { channel, text, mentions_before, mentions, .. }) =
            event.event()
            && still_there
        {
            if is_unread && !(mentions_before.is_nobody() && mentions.is_nobody()) {
                self.set_unread_mention(*channel, target, mentions)?;
            }
            if names(mentions_before, self.owner) || names(mentions, self.owner) {
                self.set_mention(target, names(mentions, self.owner))?;
            }
            let mentions = mention_names(mentions, self.workspace);
            let mentions = (!mentions.is_empty()).then(|| rows::json(&mentions));
            self.file.prepare_cached(UPDATE_TEXT)?.execute((
                to_sql(target),
                text,
                mentions,
                edited_ts,
            ))?;
        } else {
            self.file.prepare_cached(UPDATE_EDITED)?.execute((to_sql(target), edited_ts))?;
        }
        Ok(())
    }

    fn deleted(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        let owner = self.owner;
        let was_forgotten = event.target.is_some_and(|it| self.state.forgotten.remove(&it));
        let (Some(counter), Some(target)) = (self.counter(event), event.target) else {
            return Ok(());
        };
        let Some(Event::MessageDeleted { channel, sender, .. }) = event.event() else {
            return Ok(());
        };
        if was_forgotten {
            self.file.prepare_cached(DELETE_FORGOTTEN)?.execute([to_sql(target)])?;
        } else if *sender != owner && target > counter.marker {
            counter.unread = counter.unread.saturating_sub(1);
        }
        self.set_unread_mention(*channel, target, &Mentions::Nobody)?;
        self.set_mention(target, false)?;
        let parameters = (to_sql(target), event.ts.as_seconds());
        self.file.prepare_cached(UPDATE_DELETED)?.execute(parameters)?;
        // Also without a row: one that has left the window may still stand in the WAL.
        *self.has_erased = true;
        Ok(())
    }

    fn reacted(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        let (Some(_), Some(target)) = (self.counter(event), event.target) else { return Ok(()) };
        let Some(Event::MessageReacted { reaction, on, .. }) = event.event() else {
            return Ok(());
        };
        let row: Option<(BTreeMap<String, Vec<String>>, bool)> = self
            .file
            .prepare_cached(SELECT_REACTIONS)?
            .query_row([to_sql(target)], |row| Ok((rows::from_json(row, 0)?, row.get(1)?)))
            .optional()?;
        let Some((mut reactions, is_deleted)) = row else { return Ok(()) };
        if !is_deleted {
            let reactor = self.workspace.user_name(event.actor);
            let reactors = reactions.entry(reaction.clone()).or_default();
            let is_on = reactors.iter().any(|name| name == reactor);
            if *on && !is_on {
                reactors.push(reactor.to_owned());
            } else if !*on {
                reactors.retain(|name| name != reactor);
            }
            reactions.retain(|_, reactors| !reactors.is_empty());
        }
        let reactions = (!reactions.is_empty()).then(|| rows::json(&reactions));
        let parameters = (to_sql(target), reactions, event.ts.as_seconds());
        self.file.prepare_cached(UPDATE_REACTIONS)?.execute(parameters)?;
        Ok(())
    }

    fn channel_read(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        if event.actor != self.owner {
            return Ok(());
        }
        let Some(Event::ChannelRead { channel, up_to, .. }) = event.event() else {
            return Ok(());
        };
        let Some(counter) = self.counter(event) else { return Ok(()) };
        let before = counter.marker;
        let marker = (*up_to).max(counter.start);
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
        if marker >= counter.newest {
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
            for message in messages.iter().filter(|message| message.sender != owner) {
                each(self, message)?;
            }
            match messages.last() {
                Some(message) if messages.len() == RECOUNT_MESSAGES => after = message.id,
                Some(_) | None => return Ok(()),
            }
        }
    }

    fn forget(&mut self, message: Seq) -> Result<(), Fault> {
        self.state.forgotten.insert(message);
        self.file.prepare_cached(INSERT_FORGOTTEN)?.execute([to_sql(message)])?;
        Ok(())
    }

    /// Notes whether an unread message names the owner or everyone.
    fn set_unread_mention(
        &mut self,
        channel: ChannelId,
        message: Seq,
        mentions: &Mentions,
    ) -> Result<(), Fault> {
        let counter = self.state.counters.get_mut(&channel).expect("the caller has found it");
        if names(mentions, self.owner) || *mentions == Mentions::Everyone {
            let parameters = (to_sql(message), to_sql(channel.0));
            let rows = self.file.prepare_cached(INSERT_UNREAD_MENTION)?.execute(parameters)?;
            counter.mentions += rows as u64;
        } else if counter.mentions > 0 {
            let rows =
                self.file.prepare_cached(DELETE_UNREAD_MENTION)?.execute([to_sql(message)])?;
            counter.mentions = counter.mentions.saturating_sub(rows as u64);
        }
        Ok(())
    }

    /// Notes whether a message names the owner by name.
    fn set_mention(&mut self, message: Seq, is_named: bool) -> Result<(), Fault> {
        let statement = if is_named { INSERT_MENTION } else { DELETE_MENTION };
        let rows = self.file.prepare_cached(statement)?.execute([to_sql(message)])?;
        self.state.mentions_changed |= rows > 0;
        Ok(())
    }
}

/// Whether a message names `user` by name.
fn names(mentions: &Mentions, user: UserId) -> bool {
    match mentions {
        Mentions::Nobody | Mentions::Everyone => false,
        Mentions::Users(users) => users.contains(&user),
    }
}

/// A tombstone stays one: its edit came out of a cache that is older than the deletion.
const UPDATE_TEXT: &str = "
    UPDATE messages
       SET content = iif(deleted, content, ?2), mentions = iif(deleted, mentions, ?3),
           edited = 1, edited_ts = ?4
     WHERE id = ?1";

const UPDATE_EDITED: &str = "
    UPDATE messages
       SET edited = 1, edited_ts = ?2
     WHERE id = ?1";

const UPDATE_DELETED: &str = "
    UPDATE messages
       SET content = NULL, mentions = NULL, reply_to_id = NULL, reactions = NULL,
           deleted = 1, deleted_ts = ?2
     WHERE id = ?1";

const SELECT_REACTIONS: &str = "
    SELECT reactions, deleted FROM messages WHERE id = ?1";

const UPDATE_REACTIONS: &str = "
    UPDATE messages
       SET reactions = ?2, reactions_ts = ?3
     WHERE id = ?1";

const UPDATE_READ: &str = "
    UPDATE messages
       SET read = 1
     WHERE channel = ?1 AND id > ?2 AND id <= ?3 AND read = 0";

const UPDATE_UNREAD: &str = "
    UPDATE messages
       SET read = 0
     WHERE channel = ?1 AND id > ?2 AND id <= ?3 AND sender <> ?4";

const INSERT_FORGOTTEN: &str = "
    INSERT OR IGNORE INTO forgotten (seq) VALUES (?1)";

const DELETE_FORGOTTEN: &str = "
    DELETE FROM forgotten WHERE seq = ?1";

const INSERT_UNREAD_MENTION: &str = "
    INSERT OR IGNORE INTO unread_mention (seq, channel_id) VALUES (?1, ?2)";

const DELETE_UNREAD_MENTION: &str = "
    DELETE FROM unread_mention WHERE seq = ?1";

const DELETE_UNREAD_MENTIONS: &str = "
    DELETE FROM unread_mention WHERE channel_id = ?1 AND seq <= ?2";

const INSERT_MENTION: &str = "
    INSERT OR IGNORE INTO mention (seq) VALUES (?1)";

const DELETE_MENTION: &str = "
    DELETE FROM mention WHERE seq = ?1";
