//! The workspace: everything the rules need to know of users, sessions, channels and markers, in memory.
//!
//! Made of persistent maps: a clone costs nothing, so every batch works on one and the published one never changes.
//! Invariant: `workspace == fold(log up to head)`.

use std::collections::BTreeSet;

use imbl::{HashMap, OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use crate::event::LoggedEvent;
use crate::ids::{
    ChannelId, ChannelName, Seq, SessionId, Slug, Timestamp, TokenHash, UserId, UserName,
};

/// An account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub name: UserName,
    pub is_admin: bool,
    pub created_ts: Timestamp,
    pub password_hash: String,
    /// The event that set the hash; redacted when the next one is set.
    pub password_set: Seq,
    pub locked_until: Option<Timestamp>,
    /// Oldest first.
    pub sessions: OrdSet<SessionId>,
    /// The direct channels this user is a member of.
    pub directs: OrdSet<ChannelId>,
}

/// A login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub user: UserId,
    pub token_hash: TokenHash,
    pub opened_ts: Timestamp,
}

/// What a channel is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    Public { slug: Slug, name: String },
    Direct { members: BTreeSet<UserId> },
}

/// A place messages go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    pub kind: ChannelKind,
    pub created_ts: Timestamp,
    /// Its newest message, deleted ones included.
    pub newest: Option<Seq>,
    pub newest_ts: Option<Timestamp>,
    /// Per user the newest message read and its time. Absent: nothing read since joining.
    pub markers: OrdMap<UserId, ReadMarker>,
}

/// The last message a user has read in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadMarker {
    pub up_to: Seq,
    /// The time of that message.
    pub ts: Timestamp,
}

/// The state that the rules decide on.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Workspace {
    /// The last event applied.
    pub head: Seq,
    /// Its time; the next one is later.
    pub last_ts: Timestamp,
    pub users: OrdMap<UserId, User>,
    /// By folded name.
    pub user_ids: HashMap<String, UserId>,
    pub sessions: OrdMap<SessionId, Session>,
    pub session_ids: HashMap<TokenHash, SessionId>,
    pub channels: OrdMap<ChannelId, Channel>,
    pub slugs: HashMap<Slug, ChannelId>,
    /// By the wire form `dm:alice:bob`.
    pub direct_ids: HashMap<String, ChannelId>,
}

impl Workspace {
    /// Folds one event. Redacted bodies change only what their envelope says.
    ///
    /// # Panics
    ///
    /// When `record.seq` is not after `head`: the log would have gone backwards.
    pub fn apply(&mut self, record: &LoggedEvent) {
        let _ = record;
        unimplemented!()
    }

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

    /// The channel that a written name means; a direct channel is found when all names are accounts and it was opened.
    pub fn find_channel(&self, name: &ChannelName) -> Option<ChannelId> {
        let _ = name;
        unimplemented!()
    }

    /// The wire form of a channel's name: its slug, or `dm:` and the members' names sorted by code point.
    pub fn channel_name(&self, channel: ChannelId) -> String {
        let _ = channel;
        unimplemented!()
    }

    /// The channels that `user` may read: public ones in the order of their creation, then direct ones.
    pub fn channels_of(&self, user: UserId) -> Vec<ChannelId> {
        let _ = user;
        unimplemented!()
    }

    /// The last message of `channel` that `user` has read: the marker, but at least the seq of joining (for a public
    /// channel the account's own, or the channel's when that is later).
    pub fn read_up_to(&self, user: UserId, channel: ChannelId) -> Seq {
        let _ = (user, channel);
        unimplemented!()
    }
}
