//! One event into presence.db.
//!
//! An erased body changes nothing here: receipts need only envelopes, and reactions keep their bodies.

use chat::{Event, EventKind, LoggedEvent, Workspace};
use rusqlite::Connection;

use super::super::sqlite::to_sql;
use super::{private, receipts};

/// Applies the next event of the log; true when something was taken out of the file.
pub(super) fn apply(
    file: &Connection,
    event: &LoggedEvent,
    workspace: &Workspace,
) -> rusqlite::Result<bool> {
    match event.kind {
        EventKind::MessagePosted | EventKind::ThreadReplied => posted(file, event, workspace),
        EventKind::MessageDeleted => deleted(file, event, workspace),
        EventKind::MessageReacted => reacted(file, event, workspace),
        EventKind::ChannelRead => receipts::read(file, event, workspace),
        EventKind::ChannelCreated | EventKind::ChannelRenamed | EventKind::MemberRemoved => {
            private::apply(file, event, workspace)
        }
        EventKind::MembersAdded => {
            receipts::came(file, event, workspace)?;
            private::apply(file, event, workspace)
        }
        EventKind::AccountCreated
        | EventKind::PasswordSet
        | EventKind::AccountLocked
        | EventKind::SessionOpened
        | EventKind::SessionClosed
        | EventKind::SessionsForgotten
        | EventKind::AccountChanged
        | EventKind::ProfileChanged
        | EventKind::MessageEdited
        | EventKind::ChannelChanged
        | EventKind::ThreadFollowed
        | EventKind::ThreadRead
        | EventKind::ThreadUnread
        | EventKind::ThreadChanged
        | EventKind::MessagePinned
        | EventKind::PollVoted
        | EventKind::PollClosed
        | EventKind::PersonalChanged
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
        | EventKind::PasswordResetEnded => Ok(false),
    }
}

/// The channel and the message that an event is about, as SQLite keeps them.
fn target(event: &LoggedEvent, workspace: &Workspace) -> Option<(String, i64)> {
    Some((workspace.channel_name(event.channel?), to_sql(event.target?)))
}

fn posted(file: &Connection, event: &LoggedEvent, workspace: &Workspace) -> rusqlite::Result<bool> {
    if let Some(channel) = event.channel {
        let sender = workspace.user_name(event.actor);
        let channel = workspace.channel_name(channel);
        let is_beside = event.kind == EventKind::ThreadReplied;
        let parameters = (channel, to_sql(event.seq), event.ts.as_seconds(), sender, is_beside);
        file.prepare_cached(INSERT_MESSAGE_TIME)?.execute(parameters)?;
    }
    Ok(false)
}

fn deleted(
    file: &Connection,
    event: &LoggedEvent,
    workspace: &Workspace,
) -> rusqlite::Result<bool> {
    let Some(message) = target(event, workspace) else { return Ok(false) };
    let rows = file.prepare_cached(DELETE_REACTIONS)?.execute(message)?;
    Ok(rows > 0)
}

fn reacted(
    file: &Connection,
    event: &LoggedEvent,
    workspace: &Workspace,
) -> rusqlite::Result<bool> {
    let (Some((channel, message)), Some(Event::MessageReacted { reaction, on, .. })) =
        (target(event, workspace), event.event())
    else {
        return Ok(false);
    };
    let statement = if *on { INSERT_REACTION } else { DELETE_REACTION };
    let parameters = (channel, message, reaction, workspace.user_name(event.actor));
    file.prepare_cached(statement)?.execute(parameters)?;
    Ok(false)
}

const INSERT_MESSAGE_TIME: &str = "
    INSERT OR REPLACE INTO message_time (channel, seq, ts, sender, beside)
    VALUES (?1, ?2, ?3, ?4, ?5)";

const INSERT_REACTION: &str = "
    INSERT OR IGNORE INTO message_reactions (channel, msg_ts, emoji, reactor)
    SELECT channel, ts, ?3, ?4
      FROM message_time
     WHERE channel = ?1 AND seq = ?2";

const DELETE_REACTION: &str = "
    DELETE FROM message_reactions
     WHERE channel = ?1 AND emoji = ?3 AND reactor = ?4
       AND msg_ts = (SELECT ts FROM message_time WHERE channel = ?1 AND seq = ?2)";

const DELETE_REACTIONS: &str = "
    DELETE FROM message_reactions
     WHERE channel = ?1
       AND msg_ts = (SELECT ts FROM message_time WHERE channel = ?1 AND seq = ?2)";
