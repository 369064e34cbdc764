//! Names and numbers that are right by construction: parsed once at the door, certain inside.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A position in the event log: strictly rising, not necessarily without gaps.
///
/// Zero is before the first event; it also stands for the system as an actor (see [`UserId::SYSTEM`]).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// Before every event.
    pub const ZERO: Seq = Seq(0);

    /// The number itself.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The position directly after this one.
    #[must_use]
    pub fn next(self) -> Seq {
        Seq(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A user: the seq of the `account_created` event, so a name never comes back as another person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub Seq);

impl UserId {
    /// The server itself, as the actor of what no person did.
    pub const SYSTEM: UserId = UserId(Seq::ZERO);
}

/// A channel: the seq of its `channel_created` event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelId(pub Seq);

/// A login session: the seq of its `session_opened` event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub Seq);

/// A point in time in microseconds since 1970-01-01 UTC; on the wire Unix seconds as a double.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Unix seconds; exact to the microsecond until the year 2242.
    #[expect(clippy::cast_precision_loss, reason = "2^53 microseconds reach the year 2255")]
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1_000_000.0
    }

    /// The point in time `micros` microseconds later, at most the last there is: it may be one that somebody has wished.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(micros))
    }
}

/// Why a name or an id was not accepted; the text is for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Characters or length outside the rule.
    #[error("a user name has 1 to 32 letters, digits, `-` or `_`")]
    UserName,
    /// Kept for the server itself.
    #[error("the name {0:?} is reserved")]
    Reserved(String),
    /// Not a public channel's slug.
    #[error(
        "a channel has 1 to 32 lower-case letters, digits or `-`, and begins with a letter or digit"
    )]
    Slug,
    /// Not a channel name at all.
    #[error("a channel is named like `general`, `private:7` or `dm:alice:bob`")]
    Channel,
    /// Not an idempotency key.
    #[error("client_msg_id has 1 to 64 of A-Z a-z 0-9 _ . -")]
    ClientMsgId,
}

/// Names nobody may take, compared without regard to case.
///
/// `system` signs notices, `everyone` and `here` are mentions, `minimost` and `deleteduser` stand for the product and for people
/// who left; the rest are file names that Windows keeps for devices, so that a data directory can be copied anywhere.
const RESERVED: &[&str] = &[
    "system",
    "everyone",
    "here",
    "minimost",
    "deleteduser",
    "con",
    "prn",
    "aux",
    "nul",
    "com1",
    "com2",
    "com3",
    "com4",
    "com5",
    "com6",
    "com7",
    "com8",
    "com9",
    "lpt1",
    "lpt2",
    "lpt3",
    "lpt4",
    "lpt5",
    "lpt6",
    "lpt7",
    "lpt8",
    "lpt9",
];

/// Names that no new user or group may take; whoever has one from before keeps it.
///
/// People who come from elsewhere write the first to mean `everyone`. The others every object of JavaScript has already,
/// where a client looks something up by the name of a person.
const NO_LONGER_TAKEN: &[&str] = &[
    "all",
    "channel",
    "__definegetter__",
    "__definesetter__",
    "__lookupgetter__",
    "__lookupsetter__",
    "__proto__",
    "constructor",
    "hasownproperty",
    "isprototypeof",
    "propertyisenumerable",
    "prototype",
    "tolocalestring",
    "tostring",
    "valueof",
];

/// Names that no new user may take: the words of the command line and the files beside `users/`, so that what an operator
/// types means one thing.
const NO_LONGER_ACCOUNTS: &[&str] = &[
    "auth",
    "check",
    "help",
    "log",
    "presence",
    "rebuild",
    "repair-log",
    "reset-password",
    "restore",
    "serve",
    "users",
    "version",
    "workspace",
];

/// The name of a user: 1 to 32 of `[A-Za-z0-9_-]`, not reserved, so it is its own safe and distinct file name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

impl UserName {
    /// Parses a name; surrounding white space does not count.
    pub fn parse(text: &str) -> Result<UserName, NameError> {
        let text = text.trim();
        let fits = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !fits {
            return Err(NameError::UserName);
        }
        if RESERVED.contains(&text.to_ascii_lowercase().as_str()) {
            return Err(NameError::Reserved(text.to_owned()));
        }
        Ok(UserName(text.to_owned()))
    }

    /// Refuses a name that a new user may not have.
    pub fn may_be_account(&self) -> Result<(), NameError> {
        let is_kept = NO_LONGER_ACCOUNTS.contains(&self.folded().as_str());
        if is_kept { Err(NameError::Reserved(self.0.clone())) } else { self.may_be_taken() }
    }

    /// Refuses a name that a new user or group may not have.
    pub fn may_be_taken(&self) -> Result<(), NameError> {
        // What begins with a dash is an option to every program.
        let is_kept = self.0.starts_with('-') || NO_LONGER_TAKEN.contains(&self.folded().as_str());
        if is_kept { Err(NameError::Reserved(self.0.clone())) } else { Ok(()) }
    }

    /// The name as it was chosen.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which two names are the same name.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// A public channel's fixed name: `[a-z0-9][a-z0-9-]{0,31}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// Parses a slug.
    pub fn parse(text: &str) -> Result<Slug, NameError> {
        let fits = (1..=32).contains(&text.len())
            && !text.starts_with('-')
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Slug(text.to_owned())) } else { Err(NameError::Slug) }
    }

    /// The slug itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a person writes to name a channel: not yet known to exist.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ChannelName {
    /// A public channel's slug.
    Public(Slug),
    /// `dm:` and names, sorted by code point, each once; one name alone for notes to oneself.
    Direct(Vec<UserName>),
    /// `private:` and the channel's number.
    Private(ChannelId),
}

impl ChannelName {
    /// The private channel of this number, if there is one.
    pub fn private(number: u64) -> ChannelName {
        ChannelName::Private(ChannelId(Seq(number)))
    }

    /// Parses the form of the URL and of the mailbox's `channel` column.
    pub fn parse(text: &str) -> Result<ChannelName, NameError> {
        if let Some(number) = text.strip_prefix("private:") {
            let is_plain = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
            let number = number.parse().ok().filter(|_| is_plain);
            return number.map(ChannelName::private).ok_or(NameError::Channel);
        }
        let Some(names) = text.strip_prefix("dm:") else {
            return Slug::parse(text).map(ChannelName::Public).map_err(|_| NameError::Channel);
        };
        let mut names = names
            .split(':')
            .map(UserName::parse)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| NameError::Channel)?;
        names.sort();
        names.dedup();
        Ok(ChannelName::Direct(names))
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChannelName::Public(slug) => slug.fmt(f),
            ChannelName::Private(id) => write!(f, "private:{}", id.0),
            ChannelName::Direct(names) => {
                f.write_str("dm")?;
                names.iter().try_for_each(|name| write!(f, ":{name}"))
            }
        }
    }
}

/// A client-made id of one wish: 1 to 64 of `[A-Za-z0-9_.-]`, unique per actor for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientMsgId(String);

impl ClientMsgId {
    /// Parses a client-made id.
    pub fn parse(text: &str) -> Result<ClientMsgId, NameError> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
        if fits { Ok(ClientMsgId(text.to_owned())) } else { Err(NameError::ClientMsgId) }
    }

    /// The id itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The SHA-256 of a session token, as 64 lower-case hex digits; the token itself is never stored.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(pub String);

/// A password hash in its own text form (PHC string); the rules only carry it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

// A secret never reaches diagnostics, whatever derives `Debug` around it.
impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(***)")
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

macro_rules! string_like {
    ($($type:ident),*) => {$(
        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                $type::parse(&text)
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.0
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
string_like!(UserName, Slug, ClientMsgId);
