//! One door to the rules: a command on a state, with the facts it needs, at a time, is events or a rejection.
//!
//! Neighbours: called by `write`, one command after the other, each on the state after its predecessor; the rules
//! themselves stand in the file of their noun.

use std::collections::HashMap;
use std::sync::Arc;

use crate::command::{Actor, AttachWish, Command};
use crate::event::Event;
use crate::ids::{Seq, Timestamp, UserId};
use crate::message::Message;
use crate::personal::PersonalWish;
use crate::rejection::Rejection;
use crate::workspace::Workspace;
use crate::{
    account, channel, direct, draft, group, invite, member, message, password_reset, personal, pin,
    poll, private, profile, reaction, read_marker, reminder, role, schedule, session, settings,
    thread,
};

/// What a decision needs beside the workspace: the messages that the command names, as they are now.
#[derive(Debug, Default)]
pub struct Facts {
    /// By id; an id that is absent names no message.
    pub messages: HashMap<Seq, Arc<Message>>,
    /// Whether the wish has a `client_msg_id`. Then a wish that can be undone leaves an event even when it is true
    /// already: only an event remembers the id, and a late repeat must not undo what others did meanwhile.
    pub is_named: bool,
    /// Who is active now: whom `@here` means. Sorted.
    pub active: Vec<UserId>,
    /// Whether administrators and owners may delete what others said, as the operator has it.
    pub is_moderated: bool,
}

impl Facts {
    /// The message with this id.
    pub fn find_message(&self, id: Seq) -> Option<&Message> {
        self.messages.get(&id).map(Arc::as_ref)
    }
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

    /// As [`Decision::new`]; what they take the place of is erased. [`Seq::ZERO`] names nothing.
    pub(crate) fn superseding(
        actor: UserId,
        events: Vec<Event>,
        superseded: impl IntoIterator<Item = Seq>,
    ) -> Decision {
        let redacts = superseded.into_iter().filter(|seq| *seq > Seq::ZERO).collect();
        Decision { actor, events, redacts }
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

impl Case<'_> {
    /// The time that the event with this place in the decision will have.
    pub fn ts_of(self, place: usize) -> Timestamp {
        let first = self.now.max(self.workspace.last_ts.plus_micros(1));
        first.plus_micros(i64::try_from(place).expect("a decision has few events"))
    }

    /// The seq that the event with this place in the decision will have.
    pub fn seq_of(self, place: usize) -> Seq {
        Seq(self.next_seq.0 + place as u64)
    }

    /// Whether `user` is an administrator.
    pub fn is_admin(self, user: UserId) -> bool {
        self.workspace.users.get(&user).is_some_and(|user| user.is_admin)
    }
}

impl Command {
    /// The messages that must be in [`Facts`] before this command is decided. With a reply in a thread its root must be
    /// there too; `write` sees to it.
    pub fn message_refs(&self, workspace: &Workspace) -> impl Iterator<Item = Seq> {
        let (message, other) = match self {
            Command::EditMessage { message, .. }
            | Command::DeleteMessage { message }
            | Command::React { message, .. }
            | Command::MarkUnread { message }
            | Command::PinMessage { message, .. }
            | Command::Vote { message, .. }
            | Command::ClosePoll { message }
            | Command::ChangePersonal(PersonalWish::Save { message, .. })
            | Command::FollowThread { root: message, .. } => (Some(*message), None),
            Command::PostMessage(wish) => {
                let forwarded = match &wish.attach {
                    Some(AttachWish::Forward(message)) => Some(*message),
                    Some(AttachWish::Poll(_)) | None => wish.reply_to,
                };
                (wish.thread, forwarded)
            }
            Command::MarkRead { up_to: named, .. }
            | Command::SetReminder { message: named, .. }
            | Command::SaveDraft { thread: named, .. }
            | Command::ScheduleMessage { thread: named, .. } => (*named, None),
            Command::MarkThreadRead { root, up_to } => (Some(*root), *up_to),
            Command::SendScheduled { user, schedule } => {
                let user = workspace.users.get(user);
                let found = user.and_then(|user| user.personal.scheduled.get(schedule));
                (found.and_then(|found| found.thread), None)
            }
            Command::SignUp { .. }
            | Command::LogIn { .. }
            | Command::LogOut
            | Command::ExpireSession { .. }
            | Command::ForgetSessions { .. }
            | Command::ChangePassword { .. }
            | Command::UpgradePasswordHash { .. }
            | Command::LockAccount { .. }
            | Command::UnlockAccount { .. }
            | Command::CreateChannel { .. }
            | Command::CreatePrivateChannel { .. }
            | Command::RenameChannel { .. }
            | Command::ChangeChannel { .. }
            | Command::JoinChannel { .. }
            | Command::LeaveChannel { .. }
            | Command::AddMembers { .. }
            | Command::RemoveMember { .. }
            | Command::OpenDirect { .. }
            | Command::MarkAllRead
            | Command::ChangeSchedule { .. }
            | Command::CancelSchedule { .. }
            | Command::FireReminder { .. }
            | Command::EndReminder { .. }
            | Command::ChangeProfile(_)
            | Command::SetStatus { .. }
            | Command::ChangePersonal(
                PersonalWish::Preferences(_)
                | PersonalWish::Notifications { .. }
                | PersonalWish::DoNotDisturb(_)
                | PersonalWish::Keywords(_)
                | PersonalWish::HideDirect { .. },
            )
            | Command::ChangeAccount { .. }
            | Command::ChangeSettings { .. }
            | Command::SaveGroup { .. }
            | Command::DeleteGroup { .. }
            | Command::CreateInvite { .. }
            | Command::RevokeInvite { .. }
            | Command::CreatePasswordReset { .. }
            | Command::ResetPassword { .. }
            | Command::ExpirePasswordReset { .. } => (None, None),
        };
        message.into_iter().chain(other)
    }
}

/// Decides one command. `next_seq` is the seq that the first event will have.
#[expect(
    clippy::too_many_lines,
    reason = "one arm per command; parts would hide that none is forgotten"
)]
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
        Command::SignUp { name, password_hash, token_hash, invite, greet } => {
            account::at_the_door(actor)?;
            account::sign_up(case, name, password_hash, token_hash, invite.as_ref(), *greet)
        }
        Command::LogIn { user, verified_against, token_hash } => {
            account::at_the_door(actor)?;
            account::log_in(case, *user, *verified_against, token_hash)
        }
        Command::LogOut => account::log_out(case, actor),
        Command::ExpireSession { session } => {
            account::system_only(actor)?;
            Ok(session::expire(case, *session))
        }
        Command::ForgetSessions { ended_by } => {
            account::system_only(actor)?;
            Ok(session::forget(case, *ended_by))
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
        Command::UnlockAccount { name } => account::unlock(case, actor, name),
        Command::CreateChannel { slug, name, topic, description, is_default } => {
            let about = channel::About { name, topic, description };
            channel::create(case, actor, slug, &about, *is_default)
        }
        Command::CreatePrivateChannel { name, topic, members } => {
            private::create(case, user()?, name, topic, members)
        }
        Command::RenameChannel { channel, name } => channel::rename(case, user()?, channel, name),
        Command::ChangeChannel { channel, change } => {
            channel::change(case, user()?, channel, change)
        }
        Command::JoinChannel { channel } => member::join(case, user()?, channel),
        Command::LeaveChannel { channel } => member::leave(case, user()?, channel),
        Command::AddMembers { channel, names, history } => {
            member::add(case, user()?, channel, names, *history)
        }
        Command::RemoveMember { channel, name } => member::remove(case, user()?, channel, name),
        Command::OpenDirect { names } => direct::open(case, user()?, names),
        Command::PostMessage(wish) => message::post(case, user()?, wish),
        Command::EditMessage { message, text } => message::edit(case, user()?, *message, text),
        Command::DeleteMessage { message } => message::delete(case, user()?, *message),
        Command::React { message, reaction, on } => {
            reaction::react(case, user()?, *message, reaction, *on)
        }
        Command::MarkRead { channel, up_to } => {
            read_marker::mark_read(case, user()?, channel, *up_to)
        }
        Command::MarkUnread { message } => read_marker::mark_unread(case, user()?, *message),
        Command::MarkAllRead => Ok(read_marker::mark_all_read(case, user()?)),
        Command::FollowThread { root, on } => thread::follow(case, user()?, *root, *on),
        Command::MarkThreadRead { root, up_to } => thread::mark_read(case, user()?, *root, *up_to),
        Command::PinMessage { message, on } => pin::pin(case, user()?, *message, *on),
        Command::Vote { message, options } => poll::vote(case, user()?, *message, options),
        Command::ClosePoll { message } => poll::close(case, user()?, *message),
        Command::SaveDraft { channel, thread, text } => {
            draft::save(case, user()?, channel, *thread, text)
        }
        Command::ScheduleMessage { channel, thread, text, send_at } => {
            schedule::schedule(case, user()?, channel, *thread, text, *send_at)
        }
        Command::ChangeSchedule { schedule, text, send_at } => {
            schedule::change(case, user()?, *schedule, text.as_deref(), *send_at)
        }
        Command::CancelSchedule { schedule } => schedule::cancel(case, user()?, *schedule),
        Command::SendScheduled { user, schedule } => {
            account::system_only(actor)?;
            Ok(schedule::send(case, *user, *schedule))
        }
        Command::SetReminder { message, text, due } => {
            reminder::set(case, user()?, *message, text, *due)
        }
        Command::FireReminder { user, reminder } => {
            account::system_only(actor)?;
            Ok(reminder::fire(case, *user, *reminder))
        }
        Command::EndReminder { reminder } => reminder::end(case, user()?, *reminder),
        Command::ChangeProfile(wish) => profile::change(case, user()?, wish),
        Command::SetStatus { status } => profile::set_status(case, user()?, status.as_ref()),
        Command::ChangePersonal(wish) => personal::change(case, user()?, wish),
        Command::ChangeAccount { name, change } => role::change(case, actor, name, change),
        Command::ChangeSettings { changes } => settings::change(case, actor, changes),
        Command::SaveGroup { group, wish } => group::save(case, actor, *group, wish),
        Command::DeleteGroup { group } => group::delete(case, actor, *group),
        Command::CreateInvite { token_hash, terms } => {
            invite::create(case, actor, token_hash, terms)
        }
        Command::RevokeInvite { invite } => invite::revoke(case, actor, *invite),
        Command::CreatePasswordReset { name, token_hash, minutes } => {
            password_reset::create(case, actor, name, token_hash, *minutes)
        }
        Command::ResetPassword { token_hash, password_hash } => {
            account::at_the_door(actor)?;
            password_reset::redeem(case, token_hash, password_hash)
        }
        Command::ExpirePasswordReset { user } => {
            account::system_only(actor)?;
            Ok(password_reset::expire(case, *user))
        }
    }
}
