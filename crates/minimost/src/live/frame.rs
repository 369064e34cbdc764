//! The bytes of the live stream: Server-Sent Events (WHATWG HTML, 9.2) as docs/api.md lists them.
//!
//! Nothing in a durable frame depends on who reads it, so it is made once and everybody gets the same bytes.
//!
//! Neighbours: `fan_out` and `outbox` ask for frames; `wire` has the shapes.

use std::collections::BTreeMap;
use std::io::Write;

use bytes::Bytes;
use chat::signal::PresenceState;
use chat::workspace::ReadMarker;
use chat::{ChannelId, Event, EventKind, LoggedEvent, Message, UserId, Workspace};
use eventlog::Epoch;
use serde::Serialize;

use super::Cursor;
use crate::wire::{ChannelView, MessageView, mention_names};

/// What stands in `data:`, by `event:`. Durable kinds first, then signals.
#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    AccountCreated {
        id: u64,
        username: &'a str,
        created_ts: f64,
    },
    ChannelCreated(ChannelView),
    ChannelRenamed {
        channel: String,
        name: &'a str,
    },
    MessagePosted(Box<MessageView>),
    MessageEdited {
        id: u64,
        channel: String,
        content: &'a str,
        mentions: Vec<String>,
        edited_ts: f64,
    },
    MessageDeleted {
        id: u64,
        channel: String,
        deleted_ts: f64,
    },
    MessageReacted(Reacted<'a>),
    ChannelRead {
        channel: String,
        user: &'a str,
        last_read_id: u64,
        last_read_ts: f64,
    },
    Hello {
        stream: &'a str,
        cursor: String,
    },
    ReadMarkers {
        channel: String,
        markers: BTreeMap<&'a str, Marker>,
    },
    Typing {
        channel: String,
        user: &'a str,
    },
    Presence {
        users: BTreeMap<&'a str, &'static str>,
    },
}

#[derive(Serialize)]
struct Reacted<'a> {
    id: u64,
    channel: String,
    emoji: &'a str,
    user: &'a str,
    on: bool,
    reactions_ts: f64,
}

#[derive(Serialize)]
struct Marker {
    last_read_id: u64,
    last_read_ts: f64,
}

/// The answer to a cursor that cannot be continued.
pub(super) const RESYNC: &[u8] = b"event: resync\ndata: {}\n\n";

/// Writes the frame of an event; false, and nothing, when no screen shows its kind or it was erased.
pub(super) fn write_event(
    out: &mut Vec<u8>,
    epoch: Epoch,
    logged: &LoggedEvent,
    workspace: &Workspace,
) -> bool {
    let Some((name, data)) = describe(logged, workspace) else { return false };
    let cursor = Cursor { epoch, seq: logged.seq };
    writeln!(out, "id: {cursor}").expect(IN_MEMORY);
    write_data(out, name, &data);
    true
}

/// Moves the cursor and dispatches nothing.
pub(super) fn heartbeat(cursor: Cursor) -> Bytes {
    format!("id: {cursor}\n\n").into()
}

/// The first frame. It tells browsers to come back after half a second instead of their usual three
/// (WHATWG HTML, 9.2.6, `retry`).
pub(super) fn hello(stream: &str, cursor: Cursor) -> Bytes {
    let mut out = b"retry: 500\n".to_vec();
    write_data(&mut out, "hello", &Data::Hello { stream, cursor: cursor.to_string() });
    out.into()
}

/// Somebody types.
pub(super) fn typing(channel: ChannelId, user: UserId, workspace: &Workspace) -> Bytes {
    let channel = workspace.channel_name(channel);
    signal("typing", &Data::Typing { channel, user: workspace.user_name(user) })
}

/// How far others have read.
pub(super) fn read_markers<'a>(
    channel: ChannelId,
    markers: impl Iterator<Item = (&'a UserId, &'a ReadMarker)>,
    workspace: &Workspace,
) -> Bytes {
    let channel = workspace.channel_name(channel);
    let markers = markers
        .map(|(user, marker)| {
            let (last_read_id, last_read_ts) = (marker.up_to.get(), marker.ts.as_seconds());
            (workspace.user_name(*user), Marker { last_read_id, last_read_ts })
        })
        .collect();
    signal("read_markers", &Data::ReadMarkers { channel, markers })
}

/// How people appear now.
pub(super) fn presence(
    changed: impl Iterator<Item = (UserId, PresenceState)>,
    workspace: &Workspace,
) -> Bytes {
    let users = changed.map(|(user, state)| (workspace.user_name(user), state.as_str())).collect();
    signal("presence", &Data::Presence { users })
}

const IN_MEMORY: &str = "writing to memory and serialising our own shapes cannot fail";

fn signal(name: &str, data: &Data<'_>) -> Bytes {
    let mut out = Vec::new();
    write_data(&mut out, name, data);
    out.into()
}

fn write_data(out: &mut Vec<u8>, name: &str, data: &Data<'_>) {
    write!(out, "event: {name}\ndata: ").expect(IN_MEMORY);
    serde_json::to_writer(&mut *out, data).expect(IN_MEMORY);
    out.extend_from_slice(b"\n\n");
}

/// The name and the data of an event; `None` when there is nothing to show.
fn describe<'a>(
    logged: &'a LoggedEvent,
    workspace: &'a Workspace,
) -> Option<(&'static str, Data<'a>)> {
    // An erased message is still a place in its channel: it replays as its tombstone.
    if logged.kind == EventKind::MessagePosted {
        let view = MessageView::new(&Message::posted(logged), workspace);
        return Some(("message_posted", Data::MessagePosted(Box::new(view))));
    }
    let ts = logged.ts.as_seconds();
    let name_of = |channel: &ChannelId| workspace.channel_name(*channel);
    let user = workspace.user_name(logged.actor);
    let shown = match logged.event()? {
        Event::AccountCreated { name, .. } => {
            let (id, username) = (logged.seq.get(), name.as_str());
            ("account_created", Data::AccountCreated { id, username, created_ts: ts })
        }
        Event::ChannelCreated { .. } => {
            let view = ChannelView::new(ChannelId(logged.seq), workspace)?;
            ("channel_created", Data::ChannelCreated(view))
        }
        Event::ChannelRenamed { channel, name } => {
            ("channel_renamed", Data::ChannelRenamed { channel: name_of(channel), name })
        }
        Event::MessageEdited { channel, message, text, mentions, .. } => {
            let (id, channel) = (message.get(), name_of(channel));
            let mentions = mention_names(mentions, workspace);
            let data = Data::MessageEdited { id, channel, content: text, mentions, edited_ts: ts };
            ("message_edited", data)
        }
        Event::MessageDeleted { channel, message, .. } => {
            let (id, channel) = (message.get(), name_of(channel));
            ("message_deleted", Data::MessageDeleted { id, channel, deleted_ts: ts })
        }
        Event::MessageReacted { channel, message, reaction, on } => {
            let (id, channel, emoji) = (message.get(), name_of(channel), reaction.as_str());
            let reacted = Reacted { id, channel, emoji, user, on: *on, reactions_ts: ts };
            ("message_reacted", Data::MessageReacted(reacted))
        }
        Event::ChannelRead { channel, up_to, up_to_ts } => {
            let (channel, last_read_id) = (name_of(channel), up_to.get());
            let last_read_ts = up_to_ts.as_seconds();
            ("channel_read", Data::ChannelRead { channel, user, last_read_id, last_read_ts })
        }
        Event::MessagePosted { .. } => unreachable!("answered above"),
        Event::PasswordSet { .. }
        | Event::AccountLocked { .. }
        | Event::SessionOpened { .. }
        | Event::SessionClosed { .. } => return None,
    };
    Some(shown)
}
