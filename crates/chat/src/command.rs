//! Commands: wishes, imperative, that the rules may refuse.

use crate::ids::{ChannelName, PasswordHash, Seq, SessionId, Slug, TokenHash, UserId, UserName};

/// On whose behalf a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The server itself: configuration, expiry, lockout.
    System,
    /// Nobody yet: signing up.
    Anonymous,
    /// A person with a session.
    User {
        /// Who.
        user: UserId,
        /// By which session.
        session: SessionId,
    },
}

/// What an actor wishes. Passwords arrive hashed: hashing is slow and random, the rules are neither.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum Command {
    /// Creates an account and opens its first session.
    SignUp { name: UserName, password_hash: PasswordHash, token_hash: TokenHash },
    /// Opens a session; the password was verified against the hash set by the event `verified_against`, and the wish
    /// is refused when another has replaced it meanwhile.
    LogIn { user: UserId, verified_against: Seq, token_hash: TokenHash },
    /// Ends the actor's own session.
    LogOut,
    /// Ends a session that has expired (system only).
    ExpireSession { session: SessionId },
    /// Sets a new password and ends every other session of the account.
    ChangePassword { verified_against: Seq, password_hash: PasswordHash },
    /// Stores the same password under a newer hash; ends nothing.
    UpgradePasswordHash { user: UserId, verified_against: Seq, password_hash: PasswordHash },
    /// Refuses logins of `user` until a time (system only).
    LockAccount { user: UserId, until: crate::Timestamp },
    /// Creates a public channel (administrators and the system).
    CreateChannel { slug: Slug, name: String },
    /// Gives a public channel another display name (administrators).
    RenameChannel { channel: Slug, name: String },
    /// Opens the direct channel among the actor and these people; opening an open one is no event.
    OpenDirect { names: Vec<UserName> },
    /// Posts a message; a first message to a direct channel opens it.
    PostMessage { channel: ChannelName, text: String, reply_to: Option<Seq> },
    /// Replaces the text of one's own message.
    EditMessage { message: Seq, text: String },
    /// Deletes one's own message.
    DeleteMessage { message: Seq },
    /// Sets, clears or toggles (`on` is `None`) one's own reaction.
    React { message: Seq, reaction: String, on: Option<bool> },
    /// Moves one's own read marker to a message (`None`: the newest).
    MarkRead { channel: ChannelName, up_to: Option<Seq> },
}
