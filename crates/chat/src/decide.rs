//! One door to the rules: a command on a state, with the facts it needs, at a time, is events or a rejection.
//!
//! Neighbours: called by `write`, one command after the other, each on the state after its predecessor.

use std::collections::HashMap;

use crate::command::{Actor, Command};
use crate::event::Event;
use crate::ids::{Seq, Timestamp, UserId};
use crate::message::Message;
use crate::rejection::Rejection;
use crate::workspace::Workspace;

/// What a decision needs beside the workspace: the messages that the command names, as they are now.
#[derive(Debug, Default)]
pub struct Facts {
    /// By id; an id that is absent names no message.
    pub messages: HashMap<Seq, Message>,
}

/// What a command makes true.
#[derive(Debug, PartialEq, Eq)]
pub struct Decision {
    /// On whose account the events go: the actor, the new user of a sign-up, or the system.
    pub actor: UserId,
    /// In order; empty when the wish is already true. The first takes `next_seq`, the others follow without gaps.
    pub events: Vec<Event>,
    /// Earlier records whose bodies these events erase (beside all events of a deleted message, which the writer
    /// finds by target).
    pub redacts: Vec<Seq>,
}

impl Command {
    /// The messages that must be in [`Facts`] before this command is decided.
    pub fn message_refs(&self) -> impl Iterator<Item = Seq> {
        std::iter::empty()
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
    let _ = (workspace, facts, actor, command, next_seq, now);
    unimplemented!()
}
