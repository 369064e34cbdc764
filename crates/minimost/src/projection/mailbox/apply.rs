//! One event into one mailbox.
//!
//! Invariant: `unread` is the number of messages after the marker, by others, not deleted and not in `forgotten`; a
//! message is in `forgotten` when the log had erased it before this mailbox came to it, and leaves it with the event
//! that deleted it. So the rows at the head are the same whatever had been erased when the events were read.
//!
//! Neighbours: `catch_up` calls this in the order of the log; `member`, `marker` and `thread` have the arms of their
//! nouns; `window` draws the window afterwards.

use chat::event::Mentions;
use chat::reaction::Reactions;
use chat::{ChannelId, Event, EventKind, LoggedEvent, Message, Seq, UserId, Workspace};
use rusqlite::{Connection, OptionalExtension};

use super::super::sqlite::to_sql;
use super::file::{Counter, Fault, Sources, State};
use super::rows;
use super::window::insert;
use crate::wire::{MessageView, mention_names};

/// The transaction of a catch-up.
pub(super) struct Applying<'a> {
    pub file: &'a Connection,
    pub state: &'a mut State,
    pub sources: &'a mut Sources,
    /// At the target, or later than the event in any case: names and memberships come from it.
    pub workspace: &'a Workspace,
    pub owner: UserId,
    /// Set when text must leave the file's pages and its WAL too.
    pub has_erased: &'a mut bool,
}

impl Applying<'_> {
    /// Applies the next event of the log.
    pub fn apply(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        match event.kind {
            EventKind::ChannelCreated => {
                self.channel_created(event);
                Ok(())
            }
            EventKind::MembersAdded => self.members_added(event),
            EventKind::MemberRemoved => self.member_removed(event),
            EventKind::MessagePosted | EventKind::ThreadReplied => self.posted(event),
            EventKind::MessageEdited => self.edited(event),
            EventKind::MessageDeleted => self.deleted(event),
            EventKind::MessageReacted => self.reacted(event),
            EventKind::PollVoted | EventKind::PollClosed => self.polled(event),
            EventKind::ChannelRead => self.channel_read(event),
            EventKind::ThreadFollowed => self.thread_followed(event),
            EventKind::ThreadRead | EventKind::ThreadUnread => self.thread_read(event),
            EventKind::ThreadChanged => self.thread_changed(event),
            EventKind::PersonalChanged => self.personal_changed(event),
            EventKind::AccountCreated
            | EventKind::PasswordSet
            | EventKind::AccountLocked
            | EventKind::SessionOpened
            | EventKind::SessionClosed
            | EventKind::SessionsForgotten
            | EventKind::AccountChanged
            | EventKind::ProfileChanged
            | EventKind::ChannelRenamed
            | EventKind::ChannelChanged
            | EventKind::MessagePinned
            | EventKind::DraftSaved
            | EventKind::MessageScheduled
            | EventKind::ScheduleEnded
            | EventKind::ReminderSet
            | EventKind::ReminderDue
            | EventKind::ReminderEnded
            | EventKind::SettingsChanged
            | EventKind::GroupSaved
            | EventKind::GroupDeleted
            | EventKind::InviteCreated
            | EventKind::InviteRevoked
            | EventKind::PasswordResetCreated
            | EventKind::PasswordResetEnded => Ok(()),
        }
    }

    /// The channel of an event about a message, if the owner may see it.
    pub(super) fn counter(&mut self, event: &LoggedEvent) -> Option<&mut Counter> {
        let counter = self.state.counters.get_mut(&event.channel?)?;
        let is_of_message = event.kind.begins_message() || event.kind == EventKind::ChannelRead;
        if !is_of_message && event.target? < counter.history {
            return None;
        }
        counter.is_dirty = true;
        Some(counter)
    }

    fn posted(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        // The server's own notices are nobody's to read.
        let is_own = event.actor == self.owner || event.actor == UserId::SYSTEM;
        let is_beside = event.kind == EventKind::ThreadReplied;
        let Some(channel) = event.channel else { return Ok(()) };
        let Some(counter) = self.counter(event) else { return Ok(()) };
        counter.has_grown = true;
        let is_unread = !is_own && event.seq > counter.marker;
        if !is_beside {
            counter.newest = event.seq;
        }
        if let Some(posting) = event.event().and_then(Event::posting) {
            let mentions = &posting.mentions;
            if is_unread && !is_beside {
                counter.unread += 1;
                // Nothing can stand there yet: most messages name nobody and cost no statement.
                if !mentions.is_nobody() {
                    self.set_unread_mention(channel, event.seq, mentions)?;
                }
            }
            // A feed of what others say: one's own words would only have to be skipped there, each with a read.
            if !mentions.is_nobody() && !is_own {
                self.set_mention(channel, event.seq, mentions)?;
            }
            if let Some(thread) = &posting.thread {
                self.replied(event, thread, mentions)?;
            }
        } else if !is_beside {
            self.forget(event.seq)?;
        }
        if let Some(root) = event.target {
            self.note_reply(root, event.seq)?;
        }
        if !is_beside {
            self.reappear(channel)?;
        }
        // Most of a long backlog is not written: what would leave the window before the target never enters it.
        let stays = event.seq >= self.sources.cutoff(channel, event.kind, self.workspace.head)?;
        if stays && self.stays_in(channel) {
            let message = Message::posted(event);
            let view = MessageView::new(&message, self.workspace);
            insert(self.file, &message, &view, !is_unread)?;
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
        let is_since_start = target > counter.start;
        let edited_ts = event.ts.as_seconds();
        let still_there = !self.state.forgotten.contains(&target);
        if let Some(Event::MessageEdited {
            channel,
            text,
            mentions_before,
            mentions,
            is_beside,
            ..
        }) = event.event()
            && still_there
        {
            if !(mentions_before.is_nobody() && mentions.is_nobody()) {
                if is_unread && !is_beside {
                    self.set_unread_mention(*channel, target, mentions)?;
                }
                // What was said before the owner came was not said to them, nor is what they say themselves.
                if is_since_start && !is_own {
                    self.set_mention(*channel, target, mentions)?;
                }
                self.set_reply_mention(target, mentions)?;
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
        let forgotten = event.target.filter(|it| self.state.forgotten.remove(it));
        if let Some(target) = forgotten {
            self.file.prepare_cached(DELETE_FORGOTTEN)?.execute([to_sql(target)])?;
        }
        let (Some(counter), Some(target)) = (self.counter(event), event.target) else {
            return Ok(());
        };
        let Some(Event::MessageDeleted { channel, sender, is_beside, .. }) = event.event() else {
            return Ok(());
        };
        let is_since_start = target > counter.start;
        if forgotten.is_none() && *sender != owner && !is_beside && target > counter.marker {
            counter.unread = counter.unread.saturating_sub(1);
        }
        self.set_unread_mention(*channel, target, &Mentions::Nobody)?;
        self.set_mention(*channel, target, &Mentions::Nobody)?;
        self.forget_reply(target)?;
        let moderator = (event.actor != *sender).then_some(event.actor);
        if moderator.is_some() && *sender == owner && is_since_start {
            self.set_mention(*channel, target, &Mentions::Users(vec![owner]))?;
        }
        let deleted_by = moderator.map(|user| self.workspace.user_name(user).to_owned());
        rows::bury(self.file, target, event.ts.as_seconds(), deleted_by)?;
        // Also without a row: one that has left the window may still stand in a page, or in the WAL.
        *self.has_erased = true;
        Ok(())
    }

    fn reacted(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        let (Some(_), Some(target)) = (self.counter(event), event.target) else { return Ok(()) };
        let Some(Event::MessageReacted { reaction, on, .. }) = event.event() else {
            return Ok(());
        };
        let row: Option<(Reactions<String>, bool)> = self
            .file
            .prepare_cached(SELECT_REACTIONS)?
            .query_row([to_sql(target)], |row| Ok((rows::from_json(row, 0)?, row.get(1)?)))
            .optional()?;
        let Some((mut reactions, is_deleted)) = row else { return Ok(()) };
        if !is_deleted {
            let reactor = self.workspace.user_name(event.actor);
            reactions.set(reaction, reactor.to_owned(), *on);
        }
        let reactions = (!reactions.is_empty()).then(|| rows::json(&reactions));
        let parameters = (to_sql(target), reactions, event.ts.as_seconds());
        self.file.prepare_cached(UPDATE_REACTIONS)?.execute(parameters)?;
        Ok(())
    }

    pub(super) fn forget(&mut self, message: Seq) -> Result<(), Fault> {
        self.state.forgotten.insert(message);
        self.file.prepare_cached(INSERT_FORGOTTEN)?.execute([to_sql(message)])?;
        Ok(())
    }

    /// Notes whether an unread message names the owner or everyone.
    pub(super) fn set_unread_mention(
        &mut self,
        channel: ChannelId,
        message: Seq,
        mentions: &Mentions,
    ) -> Result<(), Fault> {
        let counter = self.state.counters.get_mut(&channel).expect("the caller has found it");
        if concerns(mentions, self.owner) {
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

    /// Notes whether a message names the owner, or everyone.
    fn set_mention(
        &mut self,
        channel: ChannelId,
        message: Seq,
        mentions: &Mentions,
    ) -> Result<(), Fault> {
        let rows = if concerns(mentions, self.owner) {
            let by_name = names(mentions, self.owner);
            let parameters = (to_sql(message), to_sql(channel.0), by_name);
            self.file.prepare_cached(UPSERT_MENTION)?.execute(parameters)?
        } else {
            self.file.prepare_cached(DELETE_MENTION)?.execute([to_sql(message)])?
        };
        self.state.mentions_changed |= rows > 0;
        Ok(())
    }
}

/// Whether a message names `user`, or everyone.
pub(super) fn concerns(mentions: &Mentions, user: UserId) -> bool {
    *mentions == Mentions::Everyone || names(mentions, user)
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

const SELECT_REACTIONS: &str = "
    SELECT reactions, deleted FROM messages WHERE id = ?1";

const UPDATE_REACTIONS: &str = "
    UPDATE messages
       SET reactions = ?2, reactions_ts = ?3
     WHERE id = ?1";

const INSERT_FORGOTTEN: &str = "
    INSERT OR IGNORE INTO forgotten (seq) VALUES (?1)";

pub(super) const DELETE_FORGOTTEN: &str = "
    DELETE FROM forgotten WHERE seq = ?1";

const INSERT_UNREAD_MENTION: &str = "
    INSERT OR IGNORE INTO unread_mention (seq, channel_id) VALUES (?1, ?2)";

const DELETE_UNREAD_MENTION: &str = "
    DELETE FROM unread_mention WHERE seq = ?1";

const UPSERT_MENTION: &str = "
    INSERT INTO mention (seq, channel_id, by_name) VALUES (?1, ?2, ?3)
    ON CONFLICT (seq) DO UPDATE
       SET by_name = excluded.by_name
     WHERE by_name <> excluded.by_name";

const DELETE_MENTION: &str = "
    DELETE FROM mention WHERE seq = ?1";
