//! Private channels and their members, as the tables of presence.db have them.

use chat::event::ChannelOrigin;
use chat::member::History;
use chat::workspace::ChannelKind;
use chat::{ChannelId, Event, LoggedEvent, Timestamp, UserId, Workspace};
use rusqlite::Connection;

use super::super::sqlite::count_to_sql;

/// Applies an event about a channel; true when something was taken out of the file.
pub(super) fn apply(
    file: &Connection,
    event: &LoggedEvent,
    workspace: &Workspace,
) -> rusqlite::Result<bool> {
    let Some(channel) = event.channel.filter(|channel| is_private(*channel, workspace)) else {
        return Ok(false);
    };
    let number = count_to_sql(channel.0.get());
    let joined = event.ts.as_seconds();
    let add = |user: &UserId, history_start: Option<Timestamp>| {
        let name = workspace.user_name(*user);
        let parameters = (number, name, joined, history_start.map(Timestamp::as_seconds));
        file.prepare_cached(INSERT_MEMBER)?.execute(parameters).map(drop)
    };
    match event.event() {
        Some(Event::ChannelCreated { origin: ChannelOrigin::Private { name, members } }) => {
            let creator = workspace.user_name(event.actor);
            file.prepare_cached(INSERT_CHANNEL)?.execute((number, name, creator, joined))?;
            members.iter().try_for_each(|member| add(member, None))?;
        }
        Some(Event::ChannelRenamed { name, .. }) => {
            return Ok(file.prepare_cached(UPDATE_NAME)?.execute((number, name))? > 0);
        }
        Some(Event::MembersAdded { users, history, .. }) => {
            let start = match history {
                History::FromStart => None,
                History::FromJoin => Some(event.ts),
            };
            users.iter().try_for_each(|user| add(user, start))?;
        }
        Some(Event::MemberRemoved { user, .. }) => {
            let parameters = (number, workspace.user_name(*user));
            return Ok(file.prepare_cached(DELETE_MEMBER)?.execute(parameters)? > 0);
        }
        Some(_) | None => {}
    }
    Ok(false)
}

fn is_private(channel: ChannelId, workspace: &Workspace) -> bool {
    let kind = workspace.channels.get(&channel).map(|channel| &channel.kind);
    matches!(kind, Some(ChannelKind::Private { .. }))
}

const INSERT_CHANNEL: &str = "
    INSERT OR REPLACE INTO private_channels (id, name, created_by, created_ts)
    VALUES (?1, ?2, ?3, ?4)";

const UPDATE_NAME: &str = "
    UPDATE private_channels SET name = ?2 WHERE id = ?1";

const INSERT_MEMBER: &str = "
    INSERT OR REPLACE INTO private_channel_members
           (channel_id, username, joined_ts, history_start_ts)
    VALUES (?1, ?2, ?3, ?4)";

const DELETE_MEMBER: &str = "
    DELETE FROM private_channel_members WHERE channel_id = ?1 AND username = ?2";
