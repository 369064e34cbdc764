//! Signals: passing facts that are pushed and forgotten, never logged.

use serde::{Deserialize, Serialize};

use crate::channel::Place;
use crate::ids::{Timestamp, UserId};

/// What a person's client last said of them (contract/rules.md, 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum PresenceState {
    Active,
    Idle,
    Hidden,
    Offline,
}

/// How a person wishes to appear; wins over the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum PresenceOverride {
    Active,
    Idle,
    Offline,
}

/// How long a typing signal holds.
pub const TYPING_SECONDS: u64 = 5;

/// How long after its last sign of life a person is still listed.
pub const LAST_SEEN_SECONDS: u64 = 3600;

/// Whether a person who gave the last sign of life then is still listed.
pub fn is_listed(last_seen: Timestamp, now: Timestamp) -> bool {
    (now.0 - last_seen.0).unsigned_abs() <= LAST_SEEN_SECONDS * 1_000_000
}

macro_rules! words {
    ($type:ident: $($variant:ident = $word:literal),*) => {
        impl $type {
            /// The word on the wire and on disk.
            pub fn as_str(self) -> &'static str {
                match self { $($type::$variant => $word),* }
            }
            /// The value of a word; `None` for any other.
            pub fn from_word(word: &str) -> Option<$type> {
                match word { $($word => Some($type::$variant),)* _ => None }
            }
        }
    };
}
words!(PresenceState: Active = "active", Idle = "idle", Hidden = "hidden", Offline = "offline");
words!(PresenceOverride: Active = "active", Idle = "idle", Offline = "offline");

impl From<PresenceOverride> for PresenceState {
    fn from(value: PresenceOverride) -> PresenceState {
        match value {
            PresenceOverride::Active => PresenceState::Active,
            PresenceOverride::Idle => PresenceState::Idle,
            PresenceOverride::Offline => PresenceState::Offline,
        }
    }
}

/// What `live` tells presence.db, in batches, at most 250 ms late.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum Signal {
    /// A heartbeat or a change of state.
    Presence { user: UserId, state: PresenceState, at: Timestamp },
    /// A manual override was set or cleared.
    Override { user: UserId, value: Option<PresenceOverride>, at: Timestamp },
    /// A key was pressed.
    Typing { user: UserId, place: Place, at: Timestamp },
}
