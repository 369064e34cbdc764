//! Whom a new message notifies: a signal to their streams alone, directly after the message itself.
//!
//! Of all who are connected only those are looked at whom it could concern; `chat::notification::verdict` decides.
//!
//! Neighbours: `run` calls for each round of commits, `frame` has the bytes.

use std::collections::BTreeSet;
use std::task::Waker;

use chat::event::{Mentions, Posting};
use chat::notification::{Reason, verdict};
use chat::workspace::ChannelKind;
use chat::{Event, EventKind, LoggedEvent, UserId, Workspace, audience};

use super::frame;
use super::registry::Registry;
use crate::published::Announcement;

/// Tells everybody whom the messages of a commit notify; `wakers` are to be woken when the round is over.
pub(super) fn notify(registry: &Registry, announcement: &Announcement, wakers: &mut Vec<Waker>) {
    let workspace = &announcement.workspace;
    for logged in announcement.events.iter() {
        let Some(posting) = logged.event().and_then(Event::posting) else { continue };
        if logged.actor == UserId::SYSTEM {
            continue;
        }
        for user in candidates(registry, logged, posting, workspace) {
            // The time of the message, so that `GET /why` says the same later.
            if let Ok(reason) = verdict(logged, user, workspace, logged.ts) {
                tell(registry, logged, user, reason, workspace, wakers);
            }
        }
    }
}

fn tell(
    registry: &Registry,
    logged: &LoggedEvent,
    user: UserId,
    reason: Reason,
    workspace: &Workspace,
    wakers: &mut Vec<Waker>,
) {
    // A stream that begins after the message is of a screen that has it.
    let behind = registry.of(user).iter().filter(|stream| stream.from < logged.seq);
    let frame = frame::notify(logged, reason, workspace);
    for stream in behind {
        wakers.extend(stream.push(frame.clone(), 1));
    }
}

/// Those who are connected and whom a message could concern.
fn candidates(
    registry: &Registry,
    logged: &LoggedEvent,
    posting: &Posting,
    workspace: &Workspace,
) -> BTreeSet<UserId> {
    let mut users: BTreeSet<UserId> = workspace.keyword_users.iter().copied().collect();
    users.extend(posting.thread.iter().flat_map(|thread| &thread.followers));
    if let Mentions::Users(named) = &posting.mentions {
        users.extend(named);
    }
    if logged.kind == EventKind::MessagePosted {
        let channel = workspace.channel(posting.channel);
        users.extend(&channel.watchers);
        if let ChannelKind::Direct { members } = &channel.kind {
            users.extend(members);
        }
        if posting.mentions == Mentions::Everyone {
            let readers = audience::channel_audience(posting.channel, workspace);
            users.extend(registry.among(&readers).map(|stream| stream.user));
        }
    }
    users.retain(|user| !registry.of(*user).is_empty());
    users
}
