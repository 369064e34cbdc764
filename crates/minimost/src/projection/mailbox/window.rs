//! The window: which messages are rows, so that a mailbox stays small whatever the log holds.
//!
//! Invariant: at the checkpoint the rows are the newest `messages_per_channel` of each channel, deleted ones counted,
//! and the newest that many that name the owner by name. Both depend on the log alone.

use chat::{ChannelId, Message, Seq, UserId, Workspace, may_read};
use rusqlite::Connection;

use super::super::sqlite::{count_to_sql, from_sql, to_sql};
use super::apply::Applying;
use super::file::{Counter, Fault, Sources, State};
use super::rows;
use crate::fold::{FoldRange, message_fold, messages_by_id};
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
    let older = workspace.channels.keys().copied().filter(|channel| channel.0 < start);
    for channel in older.filter(|channel| may_read(owner, *channel, workspace)) {
        let mut counter = Counter::new(workspace.channel_name(channel), start);
        counter.floor = sources.cutoff(channel, workspace.head)?;
        fill_channel(file, sources, workspace, channel, (counter.floor, start))?;
        state.counters.insert(channel, counter);
    }
    Ok(())
}

/// Writes the messages of a channel with `bounds.0 <= id < bounds.1` as they were at `bounds.1`.
fn fill_channel(
    file: &Connection,
    sources: &mut Sources,
    workspace: &Workspace,
    channel: ChannelId,
    bounds: (Seq, Seq),
) -> Result<(), Fault> {
    let (floor, before) = bounds;
    let mut after = Seq(floor.get().saturating_sub(1));
    while after < before {
        let range = FoldRange::Oldest { after, before, limit: HISTORY_MESSAGES };
        let messages = message_fold(&mut sources.reader, channel, range, before)?;
        for message in &messages {
            rows::insert(file, &MessageView::new(message, workspace), true)?;
        }
        match messages.last() {
            Some(message) if messages.len() == HISTORY_MESSAGES => after = message.id,
            Some(_) | None => break,
        }
    }
    Ok(())
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
                counter.floor = self.sources.cutoff(*channel, self.workspace.head)?;
                counter.is_dirty = true;
            } else if !mentions_changed {
                continue;
            }
            let parameters = (&counter.name, to_sql(counter.floor), window);
            self.file.prepare_cached(DELETE_OUTSIDE)?.execute(parameters)?;
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
            let is_read = self.is_read(&message);
            rows::insert(self.file, &MessageView::new(&message, self.workspace), is_read)?;
        }
        Ok(())
    }

    fn is_read(&self, message: &Message) -> bool {
        let marker = self.state.counters.get(&message.channel).map_or(Seq::ZERO, |it| it.marker);
        message.sender == self.owner || message.id <= marker
    }
}

const DELETE_OUTSIDE: &str = "
    DELETE FROM messages
     WHERE channel = ?1 AND id < ?2
       AND id NOT IN (SELECT seq FROM mention ORDER BY seq DESC LIMIT ?3)";

const SELECT_MISSING_MENTIONS: &str = "
    SELECT seq
      FROM (SELECT seq FROM mention ORDER BY seq DESC LIMIT ?1)
     WHERE seq NOT IN (SELECT id FROM messages)";
