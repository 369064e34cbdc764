//! The rules of the chat, pure.
//!
//! Promises: the same command on the same workspace, facts and time gives the same answer, on every machine and in
//! every replay. Deliberately absent: I/O, clocks, randomness, tokio, SQLite, HTTP.
//!
//! Flow: `write` hands a [`Command`] to [`decide()`]; what it allows comes back as [`Event`]s; [`Workspace::apply`] folds
//! them; [`audience`](audience::audience) says who may see them; [`Message`] is what they make of one message.

#![deny(missing_docs)]
#![deny(clippy::wildcard_enum_match_arm)]

pub mod account;
pub mod audience;
pub mod channel;
pub mod command;
pub mod decide;
pub mod direct;
pub mod draft;
pub mod event;
mod greeting;
pub mod group;
pub mod ids;
pub mod invite;
pub mod label;
pub mod member;
pub mod mention;
pub mod message;
pub mod notice;
pub mod notification;
pub mod password_reset;
pub mod personal;
pub mod pin;
pub mod poll;
pub mod private;
pub mod profile;
pub mod quota;
pub mod reaction;
pub mod read_marker;
pub mod receipts;
pub mod rejection;
pub mod reminder;
pub mod repeat;
pub mod role;
pub mod schedule;
pub mod session;
pub mod settings;
pub mod signal;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod thread;
pub mod workspace;

#[cfg(test)]
mod properties;

pub use audience::{Audience, audience, may_read};
pub use channel::Place;
pub use command::{Actor, Command, PostWish};
pub use decide::{Decision, Facts, decide};
pub use event::{Body, Event, EventKind, LoggedEvent};
pub use ids::{
    ChannelId, ChannelName, ClientMsgId, PasswordHash, Seq, SessionId, Slug, Timestamp, TokenHash,
    UserId, UserName,
};
pub use message::Message;
pub use rejection::Rejection;
pub use session::SessionEnd;
pub use workspace::Workspace;
