//! The owner comes into channels and goes.
//!
//! Invariant: what is here at the target depends on the events alone; the workspace of a catch-up is ahead of the event,
//! and says only what would leave the file again before that. Whoever comes back begins anew.

use chat::audience::founders;
use chat::member::{History, Membership};
use chat::personal::PersonalChange;
use chat::{ChannelId, Event, LoggedEvent, Seq};

use super::super::sqlite::to_sql;
use super::apply::{Applying, DELETE_FORGOTTEN};
use super::file::{Counter, Fault};
use super::window::fill_channel;

impl Applying<'_> {
    pub(super) fn channel_created(&mut self, event: &LoggedEvent) {
        if founders(event).is_some_and(|founders| founders.includes(self.owner)) {
            let channel = ChannelId(event.seq);
            let name = self.workspace.channel_name(channel);
            let counter = Counter::new(name, event.seq, Seq::ZERO);
            self.state.counters.insert(channel, counter);
        }
    }

    /// Folds the window from the history start up to exactly the event; it arrives read.
    pub(super) fn members_added(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        let Some(Event::MembersAdded { channel, users, history }) = event.event() else {
            return Ok(());
        };
        if !users.contains(&self.owner) {
            return Ok(());
        }
        let start = Membership::new(event.seq, *history).history_start;
        let mut counter = Counter::new(self.workspace.channel_name(*channel), event.seq, start);
        if *history == History::FromStart && self.stays_in(*channel) {
            let head = self.workspace.head;
            fill_channel(self.file, self.sources, self.workspace, *channel, &mut counter, head)?;
        }
        self.state.counters.insert(*channel, counter);
        Ok(())
    }

    /// Takes everything of the channel out of the file.
    pub(super) fn member_removed(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        let Some(Event::MemberRemoved { channel, user }) = event.event() else { return Ok(()) };
        if *user != self.owner {
            return Ok(());
        }
        let Some(counter) = self.state.counters.remove(channel) else { return Ok(()) };
        self.file.prepare_cached(DELETE_MESSAGES)?.execute([&counter.name])?;
        for statement in DELETE_THE_REST {
            self.file.prepare_cached(statement)?.execute([to_sql(channel.0)])?;
        }
        self.forget_no_more(*channel)?;
        // Mentions that were kept out of the channel's window make room for older ones of other channels.
        self.state.mentions_changed = true;
        *self.has_erased = true;
        Ok(())
    }

    /// The messages of a channel that wait for the event that deleted them wait no more: what happens in the channel later
    /// concerns this file no more, and it may never come to that event.
    fn forget_no_more(&mut self, channel: ChannelId) -> Result<(), Fault> {
        // There is hardly ever one, so they need not say where they stood.
        let waiting: Vec<u64> = self.state.forgotten.iter().map(|it| it.get()).collect();
        if waiting.is_empty() {
            return Ok(());
        }
        for record in self.sources.reader.by_seqs(&waiting)? {
            if record.channel == Some(channel.0.get()) {
                self.state.forgotten.remove(&Seq(record.seq));
                self.file.prepare_cached(DELETE_FORGOTTEN)?.execute([to_sql(Seq(record.seq))])?;
            }
        }
        Ok(())
    }

    /// Whether the owner is still in a channel where the catch-up ends. Where not, its messages never enter the file: they
    /// would only leave it again, and until then no deletion would find them, since it concerns members alone.
    pub(super) fn stays_in(&self, channel: ChannelId) -> bool {
        self.workspace.membership(self.owner, channel).is_some()
    }

    /// A closed direct channel stays closed until something newer is said in it.
    pub(super) fn personal_changed(&mut self, event: &LoggedEvent) -> Result<(), Fault> {
        if event.actor != self.owner {
            return Ok(());
        }
        if let Some(Event::PersonalChanged { change }) = event.event()
            && let PersonalChange::DirectHidden { channel, on } = change
        {
            let name = self.workspace.channel_name(*channel);
            if *on {
                let parameters = (&name, event.ts.as_seconds());
                self.file.prepare_cached(UPSERT_HIDDEN)?.execute(parameters)?;
                self.state.hidden.insert(name);
            } else {
                self.file.prepare_cached(DELETE_HIDDEN)?.execute([&name])?;
                self.state.hidden.remove(&name);
            }
        }
        Ok(())
    }

    /// Something was said in a channel.
    pub(super) fn reappear(&mut self, channel: ChannelId) -> Result<(), Fault> {
        // Few people hide anything: most messages cost nothing here.
        if self.state.hidden.is_empty() {
            return Ok(());
        }
        let name = self.workspace.channel_name(channel);
        if self.state.hidden.remove(&name) {
            self.file.prepare_cached(DELETE_HIDDEN)?.execute([&name])?;
        }
        Ok(())
    }
}

pub(super) const DELETE_MESSAGES: &str = "
    DELETE FROM messages WHERE channel = ?1";

const DELETE_THE_REST: [&str; 6] = [
    "DELETE FROM counter WHERE channel_id = ?1",
    "DELETE FROM unread_mention WHERE channel_id = ?1",
    "DELETE FROM mention WHERE channel_id = ?1",
    "DELETE FROM beside WHERE channel_id = ?1",
    "DELETE FROM thread WHERE channel_id = ?1",
    "DELETE FROM unread_reply WHERE channel_id = ?1",
];

const UPSERT_HIDDEN: &str = "
    INSERT INTO dm_hidden (channel, hidden_ts) VALUES (?1, ?2)
    ON CONFLICT (channel) DO UPDATE SET hidden_ts = excluded.hidden_ts";

const DELETE_HIDDEN: &str = "
    DELETE FROM dm_hidden WHERE channel = ?1";
