//! The bytes of the live stream: Server-Sent Events (WHATWG HTML, 9.2) as docs/api.md lists them.
//!
//! A durable frame is made once and everybody gets the same bytes, but for the few events of which some are told less.
//!
//! Neighbours: `fan_out` and `outbox` ask for frames; `shown` says what an event says; `wire` has the shapes.

use std::collections::BTreeMap;
use std::io::Write;

use bytes::Bytes;
use chat::notification::Reason;
use chat::signal::PresenceState;
use chat::{ChannelId, LoggedEvent, Message, Place, UserId, Workspace};
use eventlog::Epoch;
use serde::Serialize;

use super::Cursor;
use super::shown::{Told, shown, shown_edited};
use crate::wire::{MessageView, ReadMarkersView, is_false, reason_word};

/// What stands in `data:` of a signal.
#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Hello { stream: &'a str, user: &'a str, cursor: String },
    ReadMarkers(ReadMarkers),
    Typing { channel: String, user: &'a str },
    Presence(Presence<'a>),
    Notify(&'a Notify),
}

/// How far people have read in a channel.
#[derive(Serialize)]
struct ReadMarkers {
    channel: String,
    #[serde(flatten)]
    markers: ReadMarkersView,
}

/// How people appear.
#[derive(Serialize)]
struct Presence<'a> {
    users: BTreeMap<&'a str, &'static str>,
    /// Whoever is not among them is offline.
    #[serde(skip_serializing_if = "is_false")]
    whole: bool,
}

/// A message that notifies whoever gets it.
#[derive(Serialize)]
struct Notify {
    id: u64,
    channel: String,
    thread_id: Option<u64>,
    sender: String,
    content: String,
    reason: &'static str,
}

/// Characters of a message that a notification shows.
const NOTIFY_CHARS_MAX: usize = 200;

/// The answer to a cursor that cannot be continued.
pub(super) const RESYNC: &[u8] = b"event: resync\ndata: {}\n\n";

/// Writes the frame of an event; false, and nothing, when no screen shows its kind or it was erased.
pub(super) fn write_event(
    out: &mut Vec<u8>,
    epoch: Epoch,
    logged: &LoggedEvent,
    workspace: &Workspace,
    told: Told,
) -> bool {
    let Some((name, data)) = shown(logged, workspace, told) else { return false };
    write_durable(out, Cursor::behind(epoch, logged), name, &data);
    true
}

/// Writes the frame of a message with the text that an edit gave it, for who may not know the one before.
pub(super) fn write_edited(
    out: &mut Vec<u8>,
    epoch: Epoch,
    posted: &LoggedEvent,
    edit: &LoggedEvent,
    workspace: &Workspace,
    told: Told,
) -> bool {
    let (name, data) = shown_edited(posted, edit, workspace, told);
    write_durable(out, Cursor::behind(epoch, posted), name, &data);
    true
}

/// Moves the cursor and dispatches nothing.
pub(super) fn heartbeat(cursor: Cursor) -> Bytes {
    format!("id: {cursor}\n\n").into()
}

/// The first frame. It says whose events follow: where somebody else has logged in since, they are not for the screens
/// of who was there before. It tells browsers to come back after half a second instead of their usual three
/// (WHATWG HTML, 9.2.6, `retry`).
pub(super) fn hello(stream: &str, user: &str, cursor: Cursor) -> Bytes {
    let mut out = b"retry: 500\n".to_vec();
    write_data(&mut out, "hello", &Data::Hello { stream, user, cursor: cursor.to_string() });
    out.into()
}

/// Somebody types.
pub(super) fn typing(place: &Place, user: UserId, workspace: &Workspace) -> Bytes {
    let channel = place.name(workspace);
    signal("typing", &Data::Typing { channel, user: workspace.user_name(user) })
}

/// How far others have read.
pub(super) fn read_markers(
    channel: ChannelId,
    markers: ReadMarkersView,
    workspace: &Workspace,
) -> Bytes {
    let channel = workspace.channel_name(channel);
    signal("read_markers", &Data::ReadMarkers(ReadMarkers { channel, markers }))
}

/// How the people appear now who appeared differently.
pub(super) fn presence(
    changed: impl Iterator<Item = (UserId, PresenceState)>,
    workspace: &Workspace,
) -> Bytes {
    signal("presence", &Data::Presence(Presence { users: named(changed, workspace), whole: false }))
}

/// How everybody appears now; who is left out is offline.
pub(super) fn whole_presence(
    online: impl Iterator<Item = (UserId, PresenceState)>,
    workspace: &Workspace,
) -> Bytes {
    signal("presence", &Data::Presence(Presence { users: named(online, workspace), whole: true }))
}

fn named(
    people: impl Iterator<Item = (UserId, PresenceState)>,
    workspace: &Workspace,
) -> BTreeMap<&str, &'static str> {
    people.map(|(user, state)| (workspace.user_name(user), state.as_str())).collect()
}

/// A message notifies whoever gets this.
pub(super) fn notify(logged: &LoggedEvent, reason: Reason, workspace: &Workspace) -> Bytes {
    let message = MessageView::new(&Message::posted(logged), workspace);
    let text = message.content.unwrap_or_default();
    let notify = Notify {
        id: message.id,
        channel: message.channel,
        thread_id: message.thread_id,
        sender: message.sender,
        content: text.chars().take(NOTIFY_CHARS_MAX).collect(),
        reason: reason_word(reason),
    };
    signal("notify", &Data::Notify(&notify))
}

const IN_MEMORY: &str = "writing to memory and serialising our own shapes cannot fail";

fn signal(name: &str, data: &Data<'_>) -> Bytes {
    let mut out = Vec::new();
    write_data(&mut out, name, data);
    out.into()
}

fn write_durable(out: &mut Vec<u8>, cursor: Cursor, name: &str, data: &impl Serialize) {
    writeln!(out, "id: {cursor}").expect(IN_MEMORY);
    write_data(out, name, data);
}

fn write_data(out: &mut Vec<u8>, name: &str, data: &impl Serialize) {
    write!(out, "event: {name}\ndata: ").expect(IN_MEMORY);
    serde_json::to_writer(&mut *out, data).expect(IN_MEMORY);
    out.extend_from_slice(b"\n\n");
}
