//! One door to the rules: a command on a state, with the facts it needs, at a time, is events or a rejection.
//!
//! Neighbours: called by `write`, one command after the other, each on the state after its predecessor; the rules
//! themselves stand in the file of their noun.

use std::collections::HashMap;

use crate::command::{Actor, Command};
use crate::event::Event;
use crate::ids::{Seq, Timestamp, UserId};
use crate::message::Message;
use crate::rejection::Rejection;
use crate::workspace::Workspace;
use crate::{account, channel, direct, message, reaction, read_marker};

/// What a decision needs beside the workspace: the messages that the command names, as they are now.
#[derive(Debug, Default)]
pub struct Facts {
    /// By id; an id that is absent names no message.
    pub messages: HashMap<Seq, Message>,
    /// Whether the wish has a `client_msg_id`. Then a wish that can be undone leaves an event even when it is true
    /// already: only an event remembers the id, and a late repeat must not undo what others did meanwhile.
    pub is_named: bool,
}

/// What a command makes true.
#[derive(Debug, PartialEq, Eq)]
pub struct Decision {
    /// On whose account the events go: the actor, the user who signed up or logged in, or the system.
    pub actor: UserId,
    /// In order; empty when the wish is already true. The first takes `next_seq`, the others follow without gaps.
    pub events: Vec<Event>,
    /// Earlier records whose bodies these events erase, beside `message_posted` and every `message_edited` of a
    /// deleted message: those the writer finds by target.
    pub redacts: Vec<Seq>,
}

impl Decision {
    /// These events and nothing to erase.
    pub(crate) fn new(actor: UserId, events: Vec<Event>) -> Decision {
        Decision { actor, events, redacts: Vec::new() }
    }

    /// The wish is true already.
    pub(crate) fn nothing(actor: UserId) -> Decision {
        Decision::new(actor, Vec::new())
    }
}

/// Everything a rule may look at.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub workspace: &'a Workspace,
    pub facts: &'a Facts,
    pub next_seq: Seq,
    pub now: Timestamp,
}

impl Command {
    /// The messages that must be in [`Facts`] before this command is decided.
    pub fn message_refs(&self) -> impl Iterator<Item = Seq> {
        let message = match self {
            Command::EditMessage { message, .. }
            | Command::DeleteMessage { message }
            | Command::React { message, .. } => Some(*message),
            Command::PostMessage { reply_to, .. } => *reply_to,
            Command::MarkRead { up_to, .. } => *up_to,
            Command::SignUp { .. }
            | Command::LogIn { .. }
            | Command::LogOut
            | Command::ExpireSession { .. }
            | Command::ChangePassword { .. }
            | Command::UpgradePasswordHash { .. }
            | Command::LockAccount { .. }
            | Command::CreateChannel { .. }
            | Command::RenameChannel { .. }
            | Command::OpenDirect { .. } => None,
        };
        message.into_iter()
    }
}

/// Decides one command. `next_seq` is the seq that the first event will have.
pub fn decide(
    workspace: &Workspace,
    facts: &Facts,
    actor: Actor,
    command: &Command,
    next_seq: Seq,
    now: Timestamp,
) -> Result<Decision, Rejection> {
    let case = Case { workspace, facts, next_seq, now };
    let user = || account::logged_in(case, actor);
    match command {
        Command::SignUp { name, password_hash, token_hash } => {
            account::at_the_door(actor)?;
            account::sign_up(case, name, password_hash, token_hash)
        }
        Command::LogIn { user, verified_against, token_hash } => {
            account::at_the_door(actor)?;
            account::log_in(case, *user, *verified_against, token_hash)
        }
        Command::LogOut => account::log_out(case, actor),
        Command::ExpireSession { session } => {
            account::system_only(actor)?;
            Ok(account::expire_session(case, *session))
        }
        Command::ChangePassword { verified_against, password_hash } => {
            account::change_password(case, actor, *verified_against, password_hash)
        }
        Command::UpgradePasswordHash { user, verified_against, password_hash } => {
            account::system_only(actor)?;
            account::upgrade_password_hash(case, *user, *verified_against, password_hash)
        }
        Command::LockAccount { user, until } => {
            account::system_only(actor)?;
            account::lock(case, *user, *until)
        }
        Command::CreateChannel { slug, name } => channel::create(case, actor, slug, name),
        Command::RenameChannel { channel, name } => channel::rename(case, actor, channel, name),
        Command::OpenDirect { names } => direct::open(case, user()?, names),
        Command::PostMessage { channel, text, reply_to } => {
            message::post(case, user()?, channel, text, *reply_to)
        }
        Command::EditMessage { message, text } => message::edit(case, user()?, *message, text),
        Command::DeleteMessage { message } => message::delete(case, user()?, *message),
        Command::React { message, reaction, on } => {
            reaction::react(case, user()?, *message, reaction, *on)
        }
        Command::MarkRead { channel, up_to } => {
            read_marker::mark_read(case, user()?, channel, *up_to)
        }
    }
}
