//! The table of problems: each kind with its status, slug, title and explanation.

use std::time::Duration;

use axum::http::StatusCode;
use chat::{Rejection, SessionEnd};

macro_rules! kinds {
    ($($kind:ident = $status:ident, $slug:literal, $title:literal, $explanation:literal;)*) => {
        /// What kind of problem it is; the slug is stable, clients branch on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ProblemKind { $($kind),* }

        impl ProblemKind {
            /// Every kind.
            pub const ALL: &[ProblemKind] = &[$(ProblemKind::$kind),*];

            pub fn status(self) -> StatusCode {
                match self { $(ProblemKind::$kind => StatusCode::$status),* }
            }

            /// The last part of the `type`, `/problems/<slug>`.
            pub fn slug(self) -> &'static str {
                match self { $(ProblemKind::$kind => $slug),* }
            }

            pub fn title(self) -> &'static str {
                match self { $(ProblemKind::$kind => $title),* }
            }

            /// A sentence for the person who looks it up.
            pub fn explanation(self) -> &'static str {
                match self { $(ProblemKind::$kind => $explanation),* }
            }
        }
    };
}

kinds! {
    NotLoggedIn = UNAUTHORIZED, "not-logged-in", "You are not logged in",
        "log in, or send a valid token; a session lasts 30 days";
    SessionExpired = UNAUTHORIZED, "session-expired", "Your session has expired",
        "a session lasts 30 days; log in again";
    SessionLoggedOut = UNAUTHORIZED, "session-logged-out", "You have logged out",
        "this session was ended by its owner; log in again";
    SessionPasswordChanged = UNAUTHORIZED, "session-password-changed", "The password was changed",
        "a new password ends every other session; log in with it";
    SessionDisplaced = UNAUTHORIZED, "session-displaced", "The session made room for a newer one",
        "an account has at most 50 sessions, and the oldest goes; log in again";
    SessionRevoked = UNAUTHORIZED, "session-revoked", "The session was taken away",
        "an administrator ended it, or the account is deactivated";
    WrongCredentials = UNAUTHORIZED, "wrong-credentials", "Wrong user name or password",
        "there is no account with this name and this password";
    WrongCurrentPassword = FORBIDDEN, "wrong-current-password", "The current password is wrong",
        "a new password is set by who knows the one of today";
    AccountLocked = TOO_MANY_REQUESTS, "account-locked", "The account is locked",
        "too many logins failed in a row; wait, even with the right password";
    PasswordRules = UNPROCESSABLE_ENTITY, "password-rules", "The password will not do",
        "the password breaks the rules listed in `errors`";
    PasswordChanged = CONFLICT, "password-changed", "The password was changed meanwhile",
        "log in again with the new password";
    CrossSite = FORBIDDEN, "cross-site", "The request came from another site",
        "requests that change something are accepted from our own pages or with a bearer token";
    UnknownHost = MISDIRECTED_REQUEST, "unknown-host", "The server does not go by that name",
        "use localhost or 127.0.0.1; behind a proxy that speaks TLS the operator sets listen.tls_proxy";
    NameTaken = CONFLICT, "name-taken", "The name is taken",
        "somebody has, or once had, an account with this name";
    NameInvalid = UNPROCESSABLE_ENTITY, "name-invalid", "The name will not do",
        "names of users, channels and client messages have few kinds of characters";
    NoSuchUser = NOT_FOUND, "user-not-found", "There is no such user",
        "one or more of the names are not accounts";
    NotAnAdministrator = FORBIDDEN, "not-an-administrator", "Only an administrator may do that",
        "ask an administrator of this server";
    ChannelNotFound = NOT_FOUND, "channel-not-found", "There is no such channel",
        "a channel is named like `general`, `private:7` or `dm:alice:bob`";
    ChannelExists = CONFLICT, "channel-exists", "The channel exists already",
        "there is a channel with this name, or there was one once";
    ChannelNameLength = UNPROCESSABLE_ENTITY, "channel-name-length",
        "The channel's name is too short or too long", "the name to show has 1 to 80 characters";
    NotAMember = FORBIDDEN, "not-a-member", "You are not a member of this channel",
        "only its members read and write in a channel; public ones can be joined";
    NotMembers = UNPROCESSABLE_ENTITY, "not-members", "They are not in this channel",
        "one or more of the names are not members of the channel";
    AlreadyAMember = CONFLICT, "already-a-member", "They are a member already",
        "who sees only a part of a channel is removed and added again to see everything";
    DirectMembers = UNPROCESSABLE_ENTITY, "direct-members",
        "A direct channel cannot have so many people",
        "a direct channel has at most fifty different people, you among them";
    MessageNotFound = NOT_FOUND, "message-not-found", "There is no such message",
        "the id names no message that you may see";
    NotTheSender = FORBIDDEN, "not-the-sender", "Only its sender may do that",
        "messages are edited and deleted by who wrote them";
    MessageDeleted = CONFLICT, "message-deleted", "The message was deleted",
        "nothing can be done to a deleted message";
    TextEmpty = UNPROCESSABLE_ENTITY, "text-empty", "A message needs some text",
        "white space alone is not a message";
    TextTooLong = UNPROCESSABLE_ENTITY, "text-too-long", "The message is too long",
        "a message has at most 10,000 characters";
    ReplyNotInChannel = UNPROCESSABLE_ENTITY, "reply-not-in-channel",
        "The reply belongs to another channel",
        "the message that this one replies to is not in this channel";
    UnknownReaction = UNPROCESSABLE_ENTITY, "unknown-reaction", "There is no such reaction",
        "a reaction is an emoji or its short name; GET /emoji lists them";
    TooManyReactions = CONFLICT, "too-many-reactions", "The message has too many reactions",
        "a message carries a limited number of different reactions";
    ClientMsgIdReused = CONFLICT, "client-msg-id-reused",
        "The client_msg_id was used for something else",
        "a client_msg_id names one wish for ever; make a new one for a new wish";
    AccountDeactivated = FORBIDDEN, "account-deactivated", "The account was deactivated",
        "an administrator can bring it back; nobody reads what is sent to it meanwhile";
    SignupClosed = FORBIDDEN, "signup-closed", "Nobody may sign up here",
        "ask an administrator of this server for an account";
    InviteInvalid = FORBIDDEN, "invite-invalid", "The invite does not hold",
        "the link is unknown, used up, expired or revoked; ask an administrator for another";
    InviteNotFound = NOT_FOUND, "invite-not-found", "There is no such invite",
        "GET /admin/invites lists them";
    ResetInvalid = FORBIDDEN, "reset-link-invalid", "The link does not hold",
        "it is unknown, used or expired, or another took its place; ask an administrator for a new one";
    LastAdministrator = CONFLICT, "last-administrator", "Somebody must remain an administrator",
        "make somebody else an administrator first";
    NotTheOwner = FORBIDDEN, "not-the-owner", "Only the channel's owner may do that",
        "its owner does it, or an administrator who is a member";
    ChannelArchived = CONFLICT, "channel-archived", "The channel is archived",
        "it can be read, and brought back by its owner or an administrator";
    NotAPoster = FORBIDDEN, "not-a-poster", "Only chosen people post in this channel",
        "an announcement channel is read by all its members";
    DefaultChannel = CONFLICT, "default-channel", "Everybody is in this channel",
        "nobody leaves a default channel; it can be muted";
    DirectChannelFixed = CONFLICT, "direct-channel-fixed",
        "The people of a direct channel are fixed",
        "a direct channel is its people; open another, or make a private channel";
    ChannelIsPublic = CONFLICT, "channel-is-public", "People join a public channel by themselves",
        "nobody is added to a public channel by others";
    NotADirectChannel = CONFLICT, "not-a-direct-channel", "That is done with direct channels",
        "other channels are left or muted";
    MessageIsNotice = CONFLICT, "message-is-notice", "The message is a notice",
        "notices of the server are not forwarded, answered in threads or reacted to";
    NotAPoll = CONFLICT, "not-a-poll", "The message is no poll", "one votes in polls";
    PollClosed = CONFLICT, "poll-closed", "The poll is closed", "its votes stay as they are";
    NotInAThread = UNPROCESSABLE_ENTITY, "not-in-a-thread", "The message is not in this thread",
        "a thread is read up to one of its replies";
    GroupNotFound = NOT_FOUND, "group-not-found", "There is no such group",
        "GET /groups lists them";
    HandleTaken = CONFLICT, "handle-taken", "The handle is taken",
        "a user or another group has it";
    ScheduleNotFound = NOT_FOUND, "schedule-not-found", "There is no such scheduled message",
        "it was sent or cancelled, or never was yours";
    ReminderNotFound = NOT_FOUND, "reminder-not-found", "There is no such reminder",
        "it was done with, or never was yours";
    InTooManyChannels = UNPROCESSABLE_ENTITY, "in-too-many-channels", "They are in too many channels",
        "others have put somebody into 500 channels already; leaving or closing some makes room";
    TooMany = CONFLICT, "too-many", "There are too many of them already",
        "`detail` says how many there may be";
    InvalidValue = UNPROCESSABLE_ENTITY, "invalid-value", "A value is outside its rule",
        "`detail` says which and why";
    HistoryHidden = FORBIDDEN, "history-hidden", "Earlier texts are not shown",
        "an administrator decides who may see what a message said before it was edited";
    StreamNotFound = NOT_FOUND, "stream-not-found", "There is no such stream",
        "the `hello` frame names the stream, as long as it is open";
    MalformedRequest = BAD_REQUEST, "malformed-request", "The request cannot be read",
        "it is not HTTP/1.1 as RFC 9112 has it: names one Host, for example";
    HeadersTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large",
        "The headers are too large", "all headers of a request together have some 8 KiB";
    UriTooLong = URI_TOO_LONG, "uri-too-long", "The address is too long",
        "no address here has that many characters";
    MalformedBody = BAD_REQUEST, "malformed-body", "The body cannot be read",
        "a body is a JSON object, a form or multipart/form-data, in UTF-8";
    InvalidFields = BAD_REQUEST, "invalid-fields", "Some fields are missing or wrong",
        "`errors` lists every field that is missing or of the wrong type";
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large",
        "no request needs a body of that size";
    BodyTimeout = REQUEST_TIMEOUT, "body-timeout", "The body took too long",
        "the body did not arrive in time; send the request again";
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type",
        "Bodies of this kind are not understood",
        "send application/json, application/x-www-form-urlencoded or multipart/form-data";
    FilesNotSupported = UNSUPPORTED_MEDIA_TYPE, "files-not-supported", "Files cannot be sent yet",
        "a part of the form is a file, and nothing was done; send the fields without it";
    RouteNotFound = NOT_FOUND, "route-not-found", "There is nothing here",
        "the path is not one of ours; GET /openapi.json lists them";
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "That cannot be done here",
        "the path exists, but not for this method; the header Allow lists the ones it has";
    TooManyRequests = TOO_MANY_REQUESTS, "too-many-requests", "Too many requests",
        "wait as long as Retry-After says";
    TooMuchAtOnce = TOO_MANY_REQUESTS, "too-much-at-once", "Too much at once",
        "too many connections or bodies of one address or one account are open; close some, or wait";
    TooManyStreams = TOO_MANY_REQUESTS, "too-many-streams", "Too many live streams",
        "close a window or wait until an old stream has ended";
    Busy = SERVICE_UNAVAILABLE, "busy", "The server is busy",
        "more waits to be done than the server can do soon; repeating is safe";
    Closing = SERVICE_UNAVAILABLE, "closing", "The server is shutting down",
        "come back when it has started again; repeating is safe";
    LogUnavailable = SERVICE_UNAVAILABLE, "log-unavailable", "Nothing can be written",
        "the message log cannot be written, the operator must act; reading goes on";
    WriteUnknown = SERVICE_UNAVAILABLE, "write-unknown", "It is not known whether it was written",
        "the disk failed half-way, or a file was taken away; repeating with the same client_msg_id is safe";
    LogDamaged = SERVICE_UNAVAILABLE, "log-damaged", "A part of the log cannot be read",
        "the message log is damaged where this answer stands, the operator must act";
    StorageUnavailable = SERVICE_UNAVAILABLE, "storage-unavailable", "A file cannot be read",
        "the machine does not let the server open or read its files, the operator must act";
    DiskFull = INSUFFICIENT_STORAGE, "disk-full", "The disk is full",
        "nothing can be written until the operator makes room; reading goes on";
    Internal = INTERNAL_SERVER_ERROR, "internal", "The server failed",
        "the server's diagnostics name the cause beside the id of this request";
}

impl ProblemKind {
    /// The kind of a refusal by the rules.
    pub fn of_rejection(rejection: &Rejection) -> ProblemKind {
        match rejection {
            Rejection::NotLoggedIn => ProblemKind::NotLoggedIn,
            Rejection::NameTaken(_) => ProblemKind::NameTaken,
            Rejection::NoSuchUser(_) => ProblemKind::NoSuchUser,
            Rejection::AccountLocked { .. } => ProblemKind::AccountLocked,
            Rejection::PasswordChangedMeanwhile => ProblemKind::PasswordChanged,
            Rejection::NotAnAdministrator => ProblemKind::NotAnAdministrator,
            Rejection::ChannelNotFound => ProblemKind::ChannelNotFound,
            Rejection::ChannelExists => ProblemKind::ChannelExists,
            Rejection::ChannelNameLength { .. } => ProblemKind::ChannelNameLength,
            Rejection::NotAMember => ProblemKind::NotAMember,
            Rejection::NotMembers(_) => ProblemKind::NotMembers,
            Rejection::AlreadyAMember(_) => ProblemKind::AlreadyAMember,
            Rejection::DirectMembers { .. } => ProblemKind::DirectMembers,
            Rejection::MessageNotFound => ProblemKind::MessageNotFound,
            Rejection::NotTheSender => ProblemKind::NotTheSender,
            Rejection::MessageDeleted => ProblemKind::MessageDeleted,
            Rejection::TextEmpty => ProblemKind::TextEmpty,
            Rejection::TextTooLong { .. } => ProblemKind::TextTooLong,
            Rejection::ReplyNotInChannel => ProblemKind::ReplyNotInChannel,
            Rejection::UnknownReaction(_) => ProblemKind::UnknownReaction,
            Rejection::TooManyReactions { .. } => ProblemKind::TooManyReactions,
            Rejection::ClientMsgIdReused => ProblemKind::ClientMsgIdReused,
            Rejection::AccountDeactivated => ProblemKind::AccountDeactivated,
            Rejection::SignupClosed => ProblemKind::SignupClosed,
            Rejection::InviteInvalid => ProblemKind::InviteInvalid,
            Rejection::InviteNotFound => ProblemKind::InviteNotFound,
            Rejection::ResetInvalid => ProblemKind::ResetInvalid,
            Rejection::LastAdministrator => ProblemKind::LastAdministrator,
            Rejection::NotTheOwner => ProblemKind::NotTheOwner,
            Rejection::ChannelArchived => ProblemKind::ChannelArchived,
            Rejection::NotAPoster => ProblemKind::NotAPoster,
            Rejection::DefaultChannel => ProblemKind::DefaultChannel,
            Rejection::DirectChannelFixed => ProblemKind::DirectChannelFixed,
            Rejection::ChannelIsPublic => ProblemKind::ChannelIsPublic,
            Rejection::NotADirectChannel => ProblemKind::NotADirectChannel,
            Rejection::MessageIsNotice => ProblemKind::MessageIsNotice,
            Rejection::NotAPoll => ProblemKind::NotAPoll,
            Rejection::PollClosed => ProblemKind::PollClosed,
            Rejection::NotInAThread => ProblemKind::NotInAThread,
            Rejection::GroupNotFound => ProblemKind::GroupNotFound,
            Rejection::HandleTaken(_) => ProblemKind::HandleTaken,
            Rejection::ScheduleNotFound => ProblemKind::ScheduleNotFound,
            Rejection::ReminderNotFound => ProblemKind::ReminderNotFound,
            Rejection::TooMany { .. } => ProblemKind::TooMany,
            Rejection::InTooManyChannels(_) => ProblemKind::InTooManyChannels,
            Rejection::ChannelsTooOften { .. } => ProblemKind::TooManyRequests,
            Rejection::HistoryHidden => ProblemKind::HistoryHidden,
            Rejection::InvalidValue { .. } => ProblemKind::InvalidValue,
            Rejection::Name(_) => ProblemKind::NameInvalid,
        }
    }

    /// What whoever shows the token of a session that has ended is told.
    pub fn of_session_end(end: SessionEnd) -> ProblemKind {
        match end {
            SessionEnd::Expired => ProblemKind::SessionExpired,
            SessionEnd::LoggedOut => ProblemKind::SessionLoggedOut,
            SessionEnd::NewPassword => ProblemKind::SessionPasswordChanged,
            SessionEnd::Displaced => ProblemKind::SessionDisplaced,
            SessionEnd::Revoked => ProblemKind::SessionRevoked,
        }
    }

    /// Whether a page is better off at the login.
    pub fn is_for_want_of_session(self) -> bool {
        matches!(
            self,
            ProblemKind::NotLoggedIn
                | ProblemKind::SessionExpired
                | ProblemKind::SessionLoggedOut
                | ProblemKind::SessionPasswordChanged
                | ProblemKind::SessionDisplaced
                | ProblemKind::SessionRevoked
        )
    }

    /// The kind with this slug.
    pub fn from_slug(slug: &str) -> Option<ProblemKind> {
        ProblemKind::ALL.iter().copied().find(|kind| kind.slug() == slug)
    }

    /// When to come back, for the kinds that pass by themselves.
    pub fn retry_after(self) -> Option<Duration> {
        let is_passing = matches!(
            self.status(),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        is_passing.then_some(Duration::from_secs(5))
    }
}
