//! Commands: wishes, imperative, that the rules may refuse.

use crate::group::GroupWish;
use crate::ids::{
    ChannelName, PasswordHash, Seq, SessionId, Slug, Timestamp, TokenHash, UserId, UserName,
};
use crate::invite::InviteTerms;
use crate::member::History;
use crate::personal::PersonalWish;
use crate::poll::Poll;
use crate::profile::{CustomStatus, ProfileWish};
use crate::role::AccountChange;
use crate::settings::SettingsChange;

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
    /// Creates an account and opens its first session; where sign-up is by invite, with the hash of its token.
    SignUp {
        name: UserName,
        password_hash: PasswordHash,
        token_hash: TokenHash,
        invite: Option<TokenHash>,
        /// Whether a notice tells the others.
        greet: bool,
    },
    /// Opens a session; the password was verified against the hash set by the event `verified_against`, and the wish
    /// is refused when another has replaced it meanwhile.
    LogIn { user: UserId, verified_against: Seq, token_hash: TokenHash },
    /// Ends the actor's own session.
    LogOut,
    /// Ends a session that has expired (system only).
    ExpireSession { session: SessionId },
    /// Forgets why sessions ended that did so at this time or before (system only).
    ForgetSessions { ended_by: crate::Timestamp },
    /// Sets a new password and ends every other session of the account.
    ChangePassword { verified_against: Seq, password_hash: PasswordHash },
    /// Stores the same password under a newer hash; ends nothing.
    UpgradePasswordHash { user: UserId, verified_against: Seq, password_hash: PasswordHash },
    /// Refuses logins of `user` until a time (system only).
    LockAccount { user: UserId, until: crate::Timestamp },
    /// Lets somebody log in again who was locked out (administrators only).
    UnlockAccount { name: UserName },
    /// Creates a public channel; a default one, of everybody, by administrators and the system only.
    CreateChannel { slug: Slug, name: String, topic: String, description: String, is_default: bool },
    /// Creates a private channel of the actor and these people.
    CreatePrivateChannel { name: String, topic: String, members: Vec<UserName> },
    /// Gives a channel another display name.
    RenameChannel { channel: ChannelName, name: String },
    /// Changes something else about a channel.
    ChangeChannel { channel: ChannelName, change: ChannelWish },
    /// Makes the actor a member of a public channel.
    JoinChannel { channel: ChannelName },
    /// Ends the actor's membership.
    LeaveChannel { channel: ChannelName },
    /// Adds people to a private channel.
    AddMembers { channel: ChannelName, names: Vec<UserName>, history: History },
    /// Removes somebody from a channel.
    RemoveMember { channel: ChannelName, name: UserName },
    /// Opens the direct channel among the actor and these people; opening an open one is no event.
    OpenDirect { names: Vec<UserName> },
    /// Posts a message; a first message to a direct channel opens it.
    PostMessage(PostWish),
    /// Replaces the text of one's own message.
    EditMessage { message: Seq, text: String },
    /// Deletes one's own message, or another's in a channel that one looks after.
    DeleteMessage { message: Seq },
    /// Sets, clears or toggles (`on` is `None`) one's own reaction.
    React { message: Seq, reaction: String, on: Option<bool> },
    /// Moves one's own read marker to a message (`None`: the newest).
    MarkRead { channel: ChannelName, up_to: Option<Seq> },
    /// Moves one's own read marker, of the channel or of the thread that the message is in, to just before it.
    MarkUnread { message: Seq },
    /// Moves all one's read markers to the newest.
    MarkAllRead,
    /// Follows or leaves the thread under a message.
    FollowThread { root: Seq, on: bool },
    /// Moves one's own marker in a thread (`None`: to its newest reply).
    MarkThreadRead { root: Seq, up_to: Option<Seq> },
    /// Pins, unpins or toggles (`on` is `None`).
    PinMessage { message: Seq, on: Option<bool> },
    /// Votes for these options instead of those before.
    Vote { message: Seq, options: Vec<u8> },
    /// Ends one's own poll.
    ClosePoll { message: Seq },
    /// Keeps a message that is still being written; an empty text clears it.
    SaveDraft { channel: ChannelName, thread: Option<Seq>, text: String },
    /// Leaves a message to be sent later.
    ScheduleMessage { channel: ChannelName, thread: Option<Seq>, text: String, send_at: Timestamp },
    /// Changes a message that waits.
    ChangeSchedule { schedule: Seq, text: Option<String>, send_at: Option<Timestamp> },
    /// Takes a message that waits back.
    CancelSchedule { schedule: Seq },
    /// Sends a message whose time has come (system only).
    SendScheduled { user: UserId, schedule: Seq },
    /// Asks to be told later.
    SetReminder { message: Option<Seq>, text: String, due: Timestamp },
    /// Tells of a reminder whose time has come (system only).
    FireReminder { user: UserId, reminder: Seq },
    /// Is done with a reminder.
    EndReminder { reminder: Seq },
    /// Changes what one says about oneself.
    ChangeProfile(ProfileWish),
    /// Says what one is up to; `None` clears it.
    SetStatus { status: Option<CustomStatus> },
    /// Changes what is one's own business.
    ChangePersonal(PersonalWish),
    /// Changes somebody's role (administrators).
    ChangeAccount { name: UserName, change: AccountChange },
    /// Changes the workspace (administrators).
    ChangeSettings { changes: Vec<SettingsChange> },
    /// Makes or changes a group (administrators).
    SaveGroup { group: Option<Seq>, wish: GroupWish },
    /// Takes a group away (administrators).
    DeleteGroup { group: Seq },
    /// Makes an invite; the token was drawn and hashed outside (administrators).
    CreateInvite { token_hash: TokenHash, terms: InviteTerms },
    /// Ends an invite (administrators).
    RevokeInvite { invite: Seq },
    /// Makes a reset link for somebody; the token was drawn and hashed outside (administrators and the system).
    CreatePasswordReset { name: UserName, token_hash: TokenHash, minutes: u32 },
    /// Sets a new password by a reset link and ends every session of the account.
    ResetPassword { token_hash: TokenHash, password_hash: PasswordHash },
    /// Erases somebody's reset link that has expired (system only).
    ExpirePasswordReset { user: UserId },
}

/// A message to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct PostWish {
    pub channel: ChannelName,
    pub text: String,
    pub reply_to: Option<Seq>,
    /// In the thread of this message, be it the root or a reply.
    pub thread: Option<Seq>,
    /// A reply in a thread that shows in the channel too.
    pub also_in_channel: bool,
    pub attach: Option<AttachWish>,
}

impl PostWish {
    /// Plain text.
    pub fn text(channel: ChannelName, text: String) -> PostWish {
        let (reply_to, thread, also_in_channel, attach) = (None, None, false, None);
        PostWish { channel, text, reply_to, thread, also_in_channel, attach }
    }
}

/// What is to go with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachWish {
    /// A copy of this message.
    Forward(Seq),
    /// A poll; the message's text is its question.
    Poll(Poll),
}

/// What is to change about a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelWish {
    /// What it is about, in a line.
    Topic(String),
    /// What it is for, at length.
    Description(String),
    /// Nobody writes in it any more, or again.
    Archived(bool),
    /// Only these may post; `None`: everybody.
    Posters(Option<Vec<UserName>>),
    /// This person looks after it.
    Owner(UserName),
}
