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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;

    use chat::channel::CHANNEL_NAME_CHARS_MAX;
    use chat::testing::{Prng, Story};
    use chat::{ChannelName, Command};

    use super::super::super::sqlite;
    use super::super::SCHEMA;
    use super::*;

    /// Whatever looks like `<0000.00>` in bytes.
    fn tags(bytes: &[u8]) -> BTreeSet<String> {
        let is_tag = |text: &&[u8]| {
            let mut numbers = text[1..5].iter().chain(&text[6..8]);
            (text[0], text[5], text[8]) == (b'<', b'.', b'>') && numbers.all(u8::is_ascii_digit)
        };
        let found = bytes.windows(9).filter(is_tag);
        found.map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    /// Private channels whose names are given again and again, of all lengths: one letter more, and a page would be full.
    #[test]
    fn a_former_name_is_in_no_byte_of_the_file_however_long_the_names_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("presence.db");
        let file = sqlite::open(&path).unwrap();
        file.execute_batch(SCHEMA).unwrap();
        let mut prng = Prng::new(4);
        let mut filler = || ["x", "ü", "漢", "🌴"][prng.below(4)].repeat(prng.below(72));
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let mut kept = BTreeMap::new();
        let mut channels: Vec<ChannelName> = Vec::new();
        let mut prng = Prng::new(5);
        for round in 0..40 {
            let transaction = file.unchecked_transaction().unwrap();
            for _ in 0..30 {
                let begun = story.log.len();
                let which = if round < 4 { channels.len() } else { prng.below(channels.len()) };
                let tag = format!("<{which:04}.{round:02}>");
                let name = tag.clone() + &filler();
                kept.insert(which, tag);
                if round < 4 {
                    let (topic, members) = (String::new(), Vec::new());
                    let command = Command::CreatePrivateChannel { name, topic, members };
                    story.run(alice, None, &command).unwrap();
                    let made = story.log[begun].seq;
                    channels.push(ChannelName::private(made.get()));
                } else {
                    let channel = channels[which].clone();
                    story.run(alice, None, &Command::RenameChannel { channel, name }).unwrap();
                }
                for event in &story.log[begun..] {
                    apply(&transaction, event, &story.workspace).unwrap();
                }
            }
            transaction.commit().unwrap();
            assert!(sqlite::truncate_wal(&file).unwrap());
            let found = tags(&fs::read(&path).unwrap());
            assert_eq!(found, kept.values().cloned().collect(), "in round {round}");
        }
        assert!(fs::metadata(&path).unwrap().len() > 10 * 4_096);
        assert_eq!(channels.len(), 120);
        let longest = "🌴".repeat(CHANNEL_NAME_CHARS_MAX);
        file.execute("UPDATE private_channels SET name = ?1", [longest]).unwrap();
        let zeros = "SELECT min(length(space)) FROM private_channels";
        let zeros: i64 = file.query_row(zeros, [], |row| row.get(0)).unwrap();
        assert!(zeros > 57, "there is room for the longest name: {zeros}");
    }
}
