//! The workspace: everything the rules need to know of users, sessions, channels and markers, in memory.
//!
//! Made of persistent maps: a clone costs nothing, so every batch works on one and the published one never changes.
//! Invariant: `workspace == fold(log up to head)`.

mod accounts;
mod apply;
mod channels;
mod house;
mod indexes;
mod parts;
mod people;

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use crate::event::Envelope;
use crate::group::GroupSettings;
use crate::ids::{
    ChannelId, ChannelName, PasswordHash, Seq, SessionId, Slug, Timestamp, TokenHash, UserId,
    UserName,
};
use crate::invite::Invite;
use crate::member::{History, Members, Membership};
use crate::password_reset::PasswordReset;
use crate::personal::Personal;
use crate::profile::Profile;
use crate::quota::Made;
use crate::session::EndedSession;
use crate::settings::Settings;

pub use apply::PASSED;
pub use parts::{PartKey, PartNoun, WorkspaceParts};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct User {
    pub name: UserName,
    pub is_admin: bool,
    pub created_ts: Timestamp,
    pub password_hash: PasswordHash,
    /// The event that set the hash; redacted when the next one is set.
    pub password_set: Seq,
    pub locked_until: Option<Timestamp>,
    /// Oldest first.
    pub sessions: OrdSet<SessionId>,
    /// The events that closed those of which it is still told why, oldest first.
    pub ended: OrdSet<Seq>,
    /// The direct channels this user is a member of.
    pub directs: OrdSet<ChannelId>,
    /// The other channels that list their members, this user among them.
    pub joined: OrdSet<ChannelId>,
    /// Of those and of the direct ones of three and more: where others put them, and they have not closed it.
    pub put_into: OrdSet<ChannelId>,
    pub made: Arc<Made>,
    pub is_deactivated: bool,
    pub profile: Arc<Profile>,
    /// The event that set it; redacted when the next one does.
    pub profile_set: Seq,
    pub personal: Arc<Personal>,
}

/// A login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Session {
    pub user: UserId,
    pub token_hash: TokenHash,
    pub opened_ts: Timestamp,
}

/// What a channel is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum ChannelKind {
    Public {
        slug: Slug,
        name: String,
    },
    /// A set of people that is the channel's identity.
    Direct {
        members: BTreeSet<UserId>,
    },
    Private {
        name: String,
    },
}

/// A place messages go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Channel {
    pub kind: ChannelKind,
    pub members: Members,
    /// Who looks after it: the creator of a public channel, the owner of a private one.
    pub owner: Option<UserId>,
    pub topic: String,
    pub description: String,
    /// The events that set its name, its topic and its description; redacted when others do. The name that it began with
    /// stays in the event that made it.
    pub renamed: Seq,
    pub topic_set: Seq,
    pub description_set: Seq,
    pub archived_ts: Option<Timestamp>,
    /// Of an announcement channel: who may post, beside its owner and administrators.
    pub posters: Option<BTreeSet<UserId>>,
    pub created_ts: Timestamp,
    /// Its newest message, deleted ones included.
    pub newest: Option<Seq>,
    pub newest_ts: Option<Timestamp>,
    /// Per user the newest message read and its time. Absent: nothing read since joining.
    pub markers: OrdMap<UserId, ReadMarker>,
    pub pins: OrdMap<Seq, Pin>,
    /// Whom every message here notifies, because they asked for it.
    pub watchers: OrdSet<UserId>,
}

/// A pinned message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Pin {
    pub by: UserId,
    pub ts: Timestamp,
}

/// The last message a user has read in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct ReadMarker {
    pub up_to: Seq,
    /// The time of that message.
    pub ts: Timestamp,
}

/// The state that the rules decide on. Stored without its indexes; reading it back makes them again.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Workspace {
    /// The last event applied.
    pub head: Seq,
    /// Its time; the next one is later.
    pub last_ts: Timestamp,
    /// Its envelope, which tells this history from another that is as long.
    pub last: Option<Arc<Envelope>>,
    pub users: OrdMap<UserId, User>,
    pub sessions: OrdMap<SessionId, Session>,
    /// By the event that closed them.
    pub ended_sessions: OrdMap<Seq, EndedSession>,
    /// Shared one by one: a message moves its own channel's `newest` and must not copy the neighbours in the tree.
    pub channels: OrdMap<ChannelId, Arc<Channel>>,
    pub settings: Settings,
    pub groups: OrdMap<Seq, Arc<GroupSettings>>,
    /// Of each group the event that says how it is; redacted when another does, or when the group is deleted.
    pub groups_saved: OrdMap<Seq, Seq>,
    pub invites: OrdMap<Seq, Invite>,
    /// By whose password they are for.
    pub resets: OrdMap<UserId, PasswordReset>,
    /// By folded name.
    pub user_ids: HashMap<String, UserId>,
    pub session_ids: HashMap<TokenHash, SessionId>,
    pub ended_ids: HashMap<TokenHash, Seq>,
    pub slugs: HashMap<Slug, ChannelId>,
    /// By the set of members: one direct channel per set of people.
    pub direct_ids: HashMap<BTreeSet<UserId>, ChannelId>,
    /// By folded handle.
    pub group_ids: HashMap<String, Seq>,
    pub invite_ids: HashMap<TokenHash, Seq>,
    pub reset_ids: HashMap<TokenHash, UserId>,
    /// What the server has to do by itself, by its time: scheduled messages and reminders, with whose they are.
    pub agenda: OrdMap<(Timestamp, Seq), UserId>,
    /// Public and private channels that are not archived.
    pub open_channels: usize,
    /// Who has keywords.
    pub keyword_users: OrdSet<UserId>,
}

impl Channel {
    /// How `user` is a member, if they are. Of a channel of everyone each account is one from its beginning, or from
    /// the channel's when that is later.
    pub fn membership(&self, id: ChannelId, user: UserId) -> Option<Membership> {
        match &self.members {
            Members::Everyone => Some(Membership::new(user.0.max(id.0), History::FromStart)),
            Members::Listed(members) => members.get(&user).copied(),
        }
    }

    /// Whether it is one of those of which there is a number at most: public or private, and not archived.
    pub(crate) fn is_counted(&self) -> bool {
        self.archived_ts.is_none() && !matches!(self.kind, ChannelKind::Direct { .. })
    }

    /// Whether everybody is in it.
    pub fn is_default(&self) -> bool {
        matches!(self.members, Members::Everyone)
    }
}

impl Workspace {
    /// The user of this name, whatever its case.
    pub fn find_user(&self, name: &str) -> Option<(UserId, &User)> {
        let id = *self.user_ids.get(&name.trim().to_ascii_lowercase())?;
        Some((id, self.users.get(&id)?))
    }

    /// The name of a user; `system` for the server and for nobody known.
    pub fn user_name(&self, user: UserId) -> &str {
        self.users.get(&user).map_or("system", |user| user.name.as_str())
    }

    /// The session with this token.
    pub fn find_session(&self, token_hash: &TokenHash) -> Option<(SessionId, &Session)> {
        let id = *self.session_ids.get(token_hash)?;
        Some((id, self.sessions.get(&id)?))
    }

    /// The invite with this token.
    pub fn find_invite(&self, token_hash: &TokenHash) -> Option<(Seq, &Invite)> {
        let id = *self.invite_ids.get(token_hash)?;
        Some((id, self.invites.get(&id)?))
    }

    /// The channel that a written name means; a direct channel is found when all names are accounts and it was opened.
    pub fn find_channel(&self, name: &ChannelName) -> Option<ChannelId> {
        match name {
            ChannelName::Public(slug) => self.slugs.get(slug).copied(),
            ChannelName::Private(id) => {
                let kind = &self.channels.get(id)?.kind;
                matches!(kind, ChannelKind::Private { .. }).then_some(*id)
            }
            ChannelName::Direct(names) => {
                let members = names
                    .iter()
                    .map(|name| self.find_user(name.as_str()).map(|(user, _)| user))
                    .collect::<Option<BTreeSet<UserId>>>()?;
                self.direct_ids.get(&members).copied()
            }
        }
    }

    /// The channel of an id that came from this workspace, or from a record that it has applied.
    ///
    /// # Panics
    ///
    /// When it did not.
    pub fn channel(&self, channel: ChannelId) -> &Channel {
        self.channels.get(&channel).expect("a channel's id comes from its channel_created event")
    }

    /// The wire form of a channel's name: its slug, `private:` and its number, or `dm:` and the members' names sorted by
    /// code point.
    ///
    /// # Panics
    ///
    /// As [`Workspace::channel`].
    pub fn channel_name(&self, channel: ChannelId) -> String {
        match &self.channel(channel).kind {
            ChannelKind::Public { slug, .. } => slug.to_string(),
            ChannelKind::Private { .. } => ChannelName::Private(channel).to_string(),
            ChannelKind::Direct { members } => self.direct_name(members),
        }
    }

    /// The wire form of the name of the direct channel of these people, whether or not it was opened.
    pub fn direct_name(&self, members: &BTreeSet<UserId>) -> String {
        let mut names: Vec<_> = members.iter().map(|member| self.user_name(*member)).collect();
        names.sort_unstable();
        format!("dm:{}", names.join(":"))
    }

    /// The channels that `user` may read: public ones in the order of their creation, then private ones, then direct
    /// ones; none for nobody known.
    pub fn channels_of(&self, user: UserId) -> Vec<ChannelId> {
        let Some(account) = self.users.get(&user) else { return Vec::new() };
        let is_private =
            |id: &ChannelId| matches!(self.channel(*id).kind, ChannelKind::Private { .. });
        let mut channels: Vec<_> =
            self.slugs.values().copied().filter(|id| self.channel(*id).is_default()).collect();
        channels.extend(account.joined.iter().copied().filter(|id| !is_private(id)));
        channels.sort_unstable();
        channels.extend(account.joined.iter().copied().filter(is_private));
        channels.extend(&account.directs);
        channels
    }

    /// How `user` is a member of `channel`, if there is such a channel and they are.
    pub fn membership(&self, user: UserId, channel: ChannelId) -> Option<Membership> {
        self.channels.get(&channel)?.membership(channel, user)
    }

    /// The members of a channel, sorted; of one of everyone, all accounts that are not deactivated.
    pub fn member_ids(&self, channel: ChannelId) -> Vec<UserId> {
        match self.channels.get(&channel).map(|channel| &channel.members) {
            Some(Members::Everyone) => {
                let active = self.users.iter().filter(|(_, user)| !user.is_deactivated);
                active.map(|(id, _)| *id).collect()
            }
            Some(Members::Listed(members)) => members.keys().copied().collect(),
            None => Vec::new(),
        }
    }

    /// The last message of `channel` that `user` has read: where their marker stands, however old the message; without
    /// one, all from before they joined.
    pub fn read_up_to(&self, user: UserId, channel: ChannelId) -> Seq {
        let Some(member) = self.membership(user, channel) else { return user.0.max(channel.0) };
        let marker = self.channels.get(&channel).and_then(|channel| channel.markers.get(&user));
        marker.map_or(member.joined.max(channel.0), |it| it.up_to.max(member.history_start))
    }

    /// The group of this handle, whatever its case.
    pub fn find_group(&self, handle: &str) -> Option<(Seq, &GroupSettings)> {
        let id = *self.group_ids.get(&handle.trim().to_ascii_lowercase())?;
        Some((id, self.groups.get(&id)?))
    }

    /// The first thing on the agenda, and when.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.agenda.get_min().map(|((due, _), _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Actor;
    use crate::event::Body;
    use crate::testing::Story;

    fn user_of(actor: Actor) -> UserId {
        let Actor::User { user, .. } = actor else { panic!("{actor:?} is nobody") };
        user
    }

    fn channel_of(story: &Story, name: &str) -> ChannelId {
        story.workspace.find_channel(&ChannelName::parse(name).unwrap()).unwrap()
    }

    #[test]
    fn a_user_is_found_in_any_case_and_named_as_they_chose() {
        let mut story = Story::new();
        let bob = user_of(story.sign_up("Bob"));
        let (found, _) = story.workspace.find_user(" bOB ").unwrap();
        assert_eq!((found, story.workspace.user_name(bob)), (bob, "Bob"));
        assert_eq!(story.workspace.find_user("alice"), None);
        assert_eq!(story.workspace.user_name(UserId::SYSTEM), "system");
    }

    #[test]
    fn a_direct_channel_is_named_by_its_members_sorted_by_code_point() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        story.sign_up("Zoe");
        story.post(alice, "dm:alice:zoe", "psst");
        let channel = channel_of(&story, "dm:zoe:alice");
        assert_eq!(story.workspace.channel_name(channel), "dm:Zoe:alice");
    }

    #[test]
    fn public_channels_come_in_the_order_of_creation_and_before_direct_ones() {
        let mut story = Story::new();
        let alice = story.sign_up("alice");
        let bob = story.sign_up("bob");
        let mallory = story.sign_up("mallory");
        story.post(alice, "dm:alice:bob", "psst");
        story.create_channel("random");
        story.create_channel("general");
        let names = |actor| {
            let channels = story.workspace.channels_of(user_of(actor)).into_iter();
            channels.map(|channel| story.workspace.channel_name(channel)).collect::<Vec<_>>()
        };
        assert_eq!(names(bob), ["random", "general", "dm:alice:bob"]);
        assert_eq!(names(mallory), ["random", "general"]);
    }

    #[test]
    fn what_was_there_before_a_person_joined_counts_as_read() {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let before = story.post(alice, "general", "an empty house");
        let carol = user_of(story.sign_up("carol"));
        let general = channel_of(&story, "general");
        assert_eq!(story.workspace.read_up_to(carol, general), carol.0);
        assert!(before < carol.0);
        story.create_channel("ops");
        let ops = channel_of(&story, "ops");
        assert_eq!(story.workspace.read_up_to(carol, ops), ops.0);
    }

    #[test]
    fn a_redacted_message_is_still_the_newest_of_its_channel() {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let message = story.post(alice, "general", "oops");
        let mut record = story.log.pop().unwrap();
        let mut workspace = Workspace::default();
        story.log.iter().for_each(|record| workspace.apply(record));
        record.body = Body::Redacted { by: message.next() };
        workspace.apply(&record);
        assert_eq!(workspace, story.workspace);
    }

    #[test]
    #[should_panic(expected = "record 1 is not after head 1")]
    fn a_log_that_goes_backwards_stops_the_fold() {
        let mut story = Story::new();
        story.create_channel("general");
        let first = story.log[0].clone();
        story.workspace.apply(&first);
    }
}
