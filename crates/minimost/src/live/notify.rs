//! Whom a new message notifies: a signal to their streams alone, directly after the message itself.
//!
//! Of all who are connected only those are looked at whom it could concern; `chat::notification` decides. What is the same
//! for all of them is made once for a message. While it is thought about the registry is not locked: that is done to see
//! who is connected, and to tell.
//!
//! Neighbours: `run` calls for each round of commits, `frame` has the bytes.

use std::collections::{BTreeSet, HashMap};
use std::task::Waker;

use bytes::Bytes;
use chat::event::{Mentions, Posting};
use chat::notification::{Keywords, Reason, Verdicts};
use chat::personal::PersonalChange;
use chat::workspace::ChannelKind;
use chat::{Audience, Event, EventKind, LoggedEvent, UserId, Workspace, audience};

use super::registry::Registry;
use super::{Shared, frame};
use crate::published::Announcement;
use crate::wire::reason_word;

/// The keywords of everybody in a workspace.
pub(super) fn keywords_of(workspace: &Workspace) -> Keywords {
    let mut keywords = Keywords::default();
    for user in &workspace.keyword_users {
        keywords.set(*user, own_keywords(*user, workspace));
    }
    keywords
}

fn own_keywords(user: UserId, workspace: &Workspace) -> &[String] {
    workspace.users.get(&user).map_or(&[], |account| &account.personal.keywords)
}

impl Shared {
    /// Tells everybody whom the messages of a round notify; `wakers` are to be woken when the round is over.
    pub(super) fn notify(
        &self,
        round: &[Announcement],
        keywords: &mut Keywords,
        wakers: &mut Vec<Waker>,
    ) {
        for Announcement { workspace, events, .. } in round {
            for logged in events.iter() {
                if let Some(Event::PersonalChanged { change: PersonalChange::Keywords(_) }) =
                    logged.event()
                {
                    keywords.set(logged.actor, own_keywords(logged.actor, workspace));
                }
            }
            for logged in events.iter().filter(|logged| logged.actor != UserId::SYSTEM) {
                if let Some(posting) = logged.event().and_then(Event::posting) {
                    let verdicts = Verdicts::new(logged, workspace, keywords);
                    self.notify_of(logged, posting, &verdicts, workspace, wakers);
                }
            }
        }
    }

    fn notify_of(
        &self,
        logged: &LoggedEvent,
        posting: &Posting,
        verdicts: &Verdicts<'_>,
        workspace: &Workspace,
        wakers: &mut Vec<Waker>,
    ) {
        let mut users = candidates(logged, posting, verdicts, workspace);
        let readers =
            if logged.kind == EventKind::MessagePosted && posting.mentions == Mentions::Everyone {
                audience::channel_audience(posting.channel, workspace)
            } else {
                Audience::Nobody
            };
        if users.is_empty() && readers == Audience::Nobody {
            return;
        }
        let registry = self.registry();
        users.retain(|user| !registry.of(*user).is_empty());
        users.extend(registry.among(&readers).map(|stream| stream.user));
        drop(registry);
        // The time of the message, so that `GET /why` says the same later.
        let mut frames = Frames { logged, workspace, made: HashMap::new() };
        let told = users.into_iter().filter_map(|user| {
            let reason = verdicts.of(user, logged.ts).ok()?;
            Some((user, frames.of(reason)))
        });
        let told: Vec<_> = told.collect();
        if !told.is_empty() {
            tell(&self.registry(), logged, told, wakers);
        }
    }
}

/// A stream that begins after the message is of a screen that has it.
fn tell(
    registry: &Registry,
    logged: &LoggedEvent,
    told: Vec<(UserId, Bytes)>,
    wakers: &mut Vec<Waker>,
) {
    for (user, frame) in told {
        for stream in registry.of(user).iter().filter(|stream| stream.from < logged.seq) {
            wakers.extend(stream.push(frame.clone(), 1));
        }
    }
}

/// The frames of one message, each made once.
struct Frames<'a> {
    logged: &'a LoggedEvent,
    workspace: &'a Workspace,
    made: HashMap<&'static str, Bytes>,
}

impl Frames<'_> {
    fn of(&mut self, reason: Reason) -> Bytes {
        let made = self.made.entry(reason_word(reason));
        made.or_insert_with(|| frame::notify(self.logged, reason, self.workspace)).clone()
    }
}

/// Those whom a message could concern, but for the readers of a channel of whom it names everyone.
fn candidates(
    logged: &LoggedEvent,
    posting: &Posting,
    verdicts: &Verdicts<'_>,
    workspace: &Workspace,
) -> BTreeSet<UserId> {
    let mut users: BTreeSet<UserId> = verdicts.in_text().collect();
    users.extend(posting.thread.iter().flat_map(|thread| &thread.followers));
    if logged.kind == EventKind::MessagePosted {
        let channel = workspace.channel(posting.channel);
        users.extend(&channel.watchers);
        if let ChannelKind::Direct { members } = &channel.kind {
            users.extend(members);
        }
    }
    users
}
