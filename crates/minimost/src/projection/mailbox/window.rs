//! The window: which messages are rows, so that a mailbox stays small whatever the log holds.
//!
//! Invariant: at the checkpoint the rows are the newest `messages_per_channel` of each channel, deleted ones counted,
//! and the newest that many that name the owner by name. Both depend on the log alone.

use chat::{ChannelId, EventKind, Message, Seq, UserId, Workspace};
use rusqlite::Connection;

use super::super::sqlite::{count_to_sql, from_sql, to_sql};
use super::apply::Applying;
use super::file::{Counter, Fault, Sources, State};
use super::rows;
use crate::fold::{FoldRange, beside_fold, message_fold, messages_by_id};
use crate::wire::MessageView;

/// Messages folded at a time when history is filled in.
const HISTORY_MESSAGES: usize = 1_000;

/// Fills an empty mailbox with what was there before the owner: it arrives read, and only what survives at
/// `workspace.head` is written.
pub(super) fn fill_history(
    file: &Connection,
    state: &mut State,
    sources: &mut Sources,
    workspace: &Workspace,
    owner: UserId,
) -> Result<(), Fault> {
    let start = owner.0;
    let older = workspace.channels.iter().filter(|(id, _)| id.0 < start);
    for (channel, _) in older.filter(|(_, channel)| channel.is_default()) {
        let mut counter = Counter::new(workspace.channel_name(*channel), start, Seq::ZERO);
        fill_channel(file, sources, workspace, *channel, &mut counter, workspace.head)?;
        state.counters.insert(*channel, counter);
    }
    Ok(())
}

/// Draws the window of a channel at `target`, and writes what is in it from before the owner's coming, as it was then.
pub(super) fn fill_channel(
    file: &Connection,
    sources: &mut Sources,
    workspace: &Workspace,
    channel: ChannelId,
    counter: &mut Counter,
    target: Seq,
) -> Result<(), Fault> {
    counter.draw(sources, channel, target)?;
    let before = counter.start;
    for (floor, fold) in
        [(counter.floor, message_fold as fn(&mut _, _, _, _) -> _), (counter.beside, beside_fold)]
    {
        let mut after = Seq(floor.get().saturating_sub(1));
        while after < before {
            let range = FoldRange::Oldest { after, before, limit: HISTORY_MESSAGES };
            let messages = fold(&mut sources.reader, channel, range, before)?;
            for message in &messages {
                insert(file, message, &MessageView::new(message, workspace), true)?;
            }
            match messages.last() {
                Some(message) if messages.len() == HISTORY_MESSAGES => after = message.id,
                Some(_) | None => break,
            }
        }
    }
    Ok(())
}

impl Counter {
    /// Draws the window around what is there at `target`.
    fn draw(
        &mut self,
        sources: &mut Sources,
        channel: ChannelId,
        target: Seq,
    ) -> Result<(), eventlog::Error> {
        let floor = sources.cutoff(channel, EventKind::MessagePosted, target)?;
        let beside = sources.cutoff(channel, EventKind::ThreadReplied, target)?;
        (self.floor, self.beside) = (floor.max(self.history), beside.max(self.history));
        self.is_dirty = true;
        Ok(())
    }
}

impl Applying<'_> {
    /// Draws the window around what has been applied, up to `at`.
    pub fn draw_window(&mut self, at: Seq) -> Result<(), Fault> {
        let window = self.sources.messages_per_channel;
        let mentions_changed = std::mem::take(&mut self.state.mentions_changed);
        if window == 0 {
            return Ok(());
        }
        let window = count_to_sql(window as u64);
        for (channel, counter) in &mut self.state.counters {
            if std::mem::take(&mut counter.has_grown) {
                counter.draw(self.sources, *channel, self.workspace.head)?;
            } else if !mentions_changed {
                continue;
            }
            let (floor, beside) = (to_sql(counter.floor), to_sql(counter.beside));
            let parameters = (&counter.name, floor, beside, window);
            self.file.prepare_cached(DELETE_OUTSIDE)?.execute(parameters)?;
            let parameters = (to_sql(channel.0), beside);
            self.file.prepare_cached(DELETE_BESIDE)?.execute(parameters)?;
        }
        if mentions_changed {
            self.refill_mentions(window, at)?;
        }
        Ok(())
    }

    /// Writes the rows of messages that name the owner, are among the newest that do, and have no row.
    fn refill_mentions(&mut self, window: i64, at: Seq) -> Result<(), Fault> {
        let missing: Vec<Seq> = self
            .file
            .prepare_cached(SELECT_MISSING_MENTIONS)?
            .query_map([window], |row| row.get(0).map(from_sql))?
            .collect::<Result<_, _>>()?;
        if missing.is_empty() {
            return Ok(());
        }
        for message in messages_by_id(&mut self.sources.reader, &missing, at)? {
            if !self.stays_in(message.channel) {
                continue;
            }
            let is_read = self.is_read(&message);
            insert(self.file, &message, &MessageView::new(&message, self.workspace), is_read)?;
        }
        Ok(())
    }

    fn is_read(&self, message: &Message) -> bool {
        let marker = self.state.counters.get(&message.channel).map_or(Seq::ZERO, |it| it.marker);
        let is_nobodys = message.sender == self.owner || message.sender == UserId::SYSTEM;
        is_nobodys || message.id <= marker
    }
}

/// Writes a row, and notes when it is not part of the timeline.
pub(super) fn insert(
    file: &Connection,
    message: &Message,
    view: &MessageView,
    read: bool,
) -> Result<(), Fault> {
    rows::insert(file, view, read)?;
    if !message.in_timeline {
        let parameters = (to_sql(message.id), to_sql(message.channel.0));
        file.prepare_cached(INSERT_BESIDE)?.execute(parameters)?;
    }
    Ok(())
}

const DELETE_OUTSIDE: &str = "
    DELETE FROM messages
     WHERE channel = ?1
       AND id < iif(id IN (SELECT seq FROM beside), ?3, ?2)
       AND id NOT IN (SELECT seq FROM mention WHERE by_name ORDER BY seq DESC LIMIT ?4)";

const DELETE_BESIDE: &str = "
    DELETE FROM beside
     WHERE channel_id = ?1 AND seq < ?2 AND seq NOT IN (SELECT id FROM messages)";

const INSERT_BESIDE: &str = "
    INSERT OR IGNORE INTO beside (seq, channel_id) VALUES (?1, ?2)";

const SELECT_MISSING_MENTIONS: &str = "
    SELECT seq
      FROM (SELECT seq FROM mention WHERE by_name ORDER BY seq DESC LIMIT ?1)
     WHERE seq NOT IN (SELECT id FROM messages)";
