//! Threads: replies beside the channel, under the message that began them.
//!
//! Neighbours: `message` posts and deletes the replies; a mailbox counts what its owner has not read of the threads
//! that they follow.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::audience::{may_read, may_see};
use crate::decide::{Case, Decision};
use crate::event::{Event, Mentions};
use crate::ids::{ChannelId, Seq, Timestamp, UserId};
use crate::message::{self, Message};
use crate::rejection::Rejection;
use crate::workspace::Workspace;

/// People listed in a summary. More would not fit beside a message, and each reply carries the list.
pub const PARTICIPANTS_MAX: usize = 20;

/// Followers that each reply carries in the log. Two thousand with each of ten thousand replies would be most of it.
pub const FOLLOWERS_KEPT_MAX: usize = 50;

/// What a thread comes to, as its root shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadSummary {
    /// Replies that are not deleted.
    pub replies: u32,
    /// The first [`PARTICIPANTS_MAX`] people who replied, in that order, each with their replies that are not deleted.
    pub participants: Vec<(UserId, u32)>,
    /// The newest reply, deleted ones included.
    pub last_reply: Seq,
    /// Its time.
    pub last_reply_ts: Timestamp,
}

impl ThreadSummary {
    /// With one more reply.
    #[must_use]
    pub fn with_reply(&self, sender: UserId, reply: Seq, ts: Timestamp) -> ThreadSummary {
        let mut summary = self.clone();
        summary.replies += 1;
        (summary.last_reply, summary.last_reply_ts) = (reply, ts);
        let listed = summary.participants.iter().position(|(user, _)| *user == sender);
        if let Some(place) = listed {
            summary.participants[place].1 += 1;
        } else if summary.participants.len() < PARTICIPANTS_MAX {
            summary.participants.push((sender, 1));
        }
        summary
    }

    /// With one reply of `sender` gone.
    #[must_use]
    pub fn without_reply(&self, sender: UserId) -> ThreadSummary {
        let mut summary = self.clone();
        summary.replies = summary.replies.saturating_sub(1);
        if let Some((_, replies)) =
            summary.participants.iter_mut().find(|(user, _)| *user == sender)
        {
            *replies = replies.saturating_sub(1);
        }
        summary.participants.retain(|(_, replies)| *replies > 0);
        summary
    }
}

/// Where in a thread a message stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InThread {
    /// The message that began it.
    pub root: Seq,
    /// What the thread comes to with this reply.
    pub summary: ThreadSummary,
    /// Who follows it then, sorted: whom it may notify. With a reply in the log they are kept where they are at most
    /// [`FOLLOWERS_KEPT_MAX`]; else [`followers_then`] tells them of the thread's own events.
    #[serde(default, skip_serializing_if = "are_many")]
    pub followers: Vec<UserId>,
}

fn are_many(followers: &[UserId]) -> bool {
    followers.len() > FOLLOWERS_KEPT_MAX
}

impl InThread {
    /// Leaves what the log keeps of it.
    pub fn leave_what_is_kept(&mut self) {
        if are_many(&self.followers) {
            self.followers = Vec::new();
        }
    }

    /// Whether the followers were not kept. There is always one: the sender.
    pub fn lacks_followers(&self) -> bool {
        self.followers.is_empty()
    }
}

/// Somebody who follows a thread, and since which event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Follower {
    pub user: UserId,
    pub since: Seq,
}

/// Whether `user` may see the thread under a message: the message, or what was said last in its thread. Who came after
/// the thread began follows its replies without seeing its root.
pub fn may_see_thread(user: UserId, root: &Message, workspace: &Workspace) -> bool {
    let last = root.thread.as_ref().map_or(root.id, |thread| thread.last_reply.max(root.id));
    may_see(user, root.channel, last, workspace)
}

/// The message, when `user` may see it or its thread; to everybody else it does not exist.
fn named(case: Case<'_>, user: UserId, message: Seq) -> Result<&Message, Rejection> {
    let named = case.facts.find_message(message);
    named
        .filter(|named| may_see_thread(user, named, case.workspace))
        .ok_or(Rejection::MessageNotFound)
}

/// The root of the thread that a message begins or is in. It may be deleted: its thread goes on.
pub(crate) fn root(
    case: Case<'_>,
    user: UserId,
    message: Seq,
    channel: ChannelId,
) -> Result<&Message, Rejection> {
    let named = named(case, user, message)?;
    if named.channel != channel {
        return Err(Rejection::ReplyNotInChannel);
    }
    if named.is_notice() {
        return Err(Rejection::MessageIsNotice);
    }
    let root = match named.thread_root {
        None => named,
        Some(root) => case.facts.find_message(root).ok_or(Rejection::MessageNotFound)?,
    };
    if root.deleted && root.thread.is_none() {
        return Err(Rejection::MessageDeleted);
    }
    Ok(root)
}

/// Who begins to follow with a reply: its sender, whom it names, and with the first the sender of the root.
pub(crate) fn new_followers(
    case: Case<'_>,
    root: &Message,
    sender: UserId,
    mentions: &Mentions,
) -> Vec<UserId> {
    let mut users = vec![sender];
    if let Mentions::Users(named) = mentions {
        users.extend(named);
    }
    if root.thread.is_none() {
        users.push(root.sender);
    }
    users.sort_unstable();
    users.dedup();
    let old: BTreeSet<_> = following(case, root).collect();
    users.retain(|user| !old.contains(user) && may_read(*user, root.channel, case.workspace));
    users
}

/// Whether `user` follows; of many people [`following`] tells it in one walk.
pub(crate) fn follows(case: Case<'_>, root: &Message, user: UserId) -> bool {
    let mut own = root.followers.iter().filter(|follower| follower.user == user);
    own.any(|follower| holds(case, root, *follower))
}

/// Who follows.
fn following(case: Case<'_>, root: &Message) -> impl Iterator<Item = UserId> {
    let holding = root.followers.iter().filter(move |follower| holds(case, root, **follower));
    holding.map(|follower| follower.user)
}

/// Whether a follower has been a member ever since: who left and came back begins anew.
fn holds(case: Case<'_>, root: &Message, follower: Follower) -> bool {
    let member = case.workspace.membership(follower.user, root.channel);
    member.is_some_and(|member| follower.since >= member.joined)
}

/// Who followed a thread when something was said there, sorted, of those who are members of its channel now; `root` as it
/// was then, the workspace as it is now.
pub fn followers_then(root: &Message, said: Seq, workspace: &Workspace) -> Vec<UserId> {
    let followed = |follower: &&Follower| {
        let member = workspace.membership(follower.user, root.channel);
        // Of a membership that has ended since nobody knows when it began.
        member.is_some_and(|member| member.joined > said || follower.since >= member.joined)
    };
    let mut users: Vec<_> = root.followers.iter().filter(followed).map(|it| it.user).collect();
    users.sort_unstable();
    users.dedup();
    users
}

/// The event that they follow, when there is anybody.
pub(crate) fn followed(root: &Message, users: Vec<UserId>) -> Option<Event> {
    let (channel, root) = (root.channel, root.id);
    (!users.is_empty()).then_some(Event::ThreadFollowed { channel, root, users, on: true })
}

/// Where a reply of `sender` with this seq and time stands.
pub(crate) fn reply(
    case: Case<'_>,
    root: &Message,
    sender: UserId,
    new: Vec<UserId>,
    seq: Seq,
    ts: Timestamp,
) -> InThread {
    let summary = root.thread.clone().unwrap_or_default().with_reply(sender, seq, ts);
    let mut followers = new;
    followers.extend(following(case, root));
    followers.sort_unstable();
    followers.dedup();
    InThread { root: root.id, summary, followers }
}

/// What a thread comes to when this message is deleted, if it is a reply in one.
pub(crate) fn without_reply(case: Case<'_>, message: &Message) -> Option<Event> {
    let root = case.facts.find_message(message.thread_root?)?;
    let summary = root.thread.as_ref()?.without_reply(message.sender);
    Some(Event::ThreadChanged { channel: root.channel, root: root.id, summary })
}

/// Follows a thread, or no more.
pub(crate) fn follow(
    case: Case<'_>,
    user: UserId,
    message: Seq,
    on: bool,
) -> Result<Decision, Rejection> {
    let channel = named(case, user, message)?.channel;
    let root = root(case, user, message, channel)?;
    if follows(case, root, user) == on && !case.facts.is_named {
        return Ok(Decision::nothing(user));
    }
    let (root, users) = (root.id, vec![user]);
    Ok(Decision::new(user, vec![Event::ThreadFollowed { channel, root, users, on }]))
}

/// Moves the marker of `user` in a thread to a reply, or to its newest. Who does not follow has no marker.
pub(crate) fn mark_read(
    case: Case<'_>,
    user: UserId,
    message: Seq,
    up_to: Option<Seq>,
) -> Result<Decision, Rejection> {
    let channel = named(case, user, message)?.channel;
    let root = root(case, user, message, channel)?;
    let up_to = match up_to {
        None => root.thread.as_ref().map(|thread| thread.last_reply),
        Some(reply) => {
            let reply = message::readable(case, user, reply)?;
            if reply.thread_root != Some(root.id) && reply.id != root.id {
                return Err(Rejection::NotInAThread);
            }
            Some(reply.id)
        }
    };
    match up_to.filter(|_| follows(case, root, user)) {
        None => Ok(Decision::nothing(user)),
        Some(up_to) => {
            let root = root.id;
            Ok(Decision::new(user, vec![Event::ThreadRead { channel, root, up_to }]))
        }
    }
}

/// Moves the marker of `user` back to just before a reply that is only in its thread. Where the marker stands only
/// their mailbox knows, so the event says from where on the replies are unread, and moves no marker forward.
pub(crate) fn mark_unread(
    case: Case<'_>,
    user: UserId,
    reply: &Message,
) -> Result<Decision, Rejection> {
    let root = reply.thread_root.and_then(|root| case.facts.find_message(root));
    let root = root.ok_or(Rejection::MessageNotFound)?;
    if !follows(case, root, user) {
        return Ok(Decision::nothing(user));
    }
    let (channel, root, from) = (root.channel, root.id, reply.id);
    Ok(Decision::new(user, vec![Event::ThreadUnread { channel, root, from }]))
}

#[cfg(test)]
mod tests;
