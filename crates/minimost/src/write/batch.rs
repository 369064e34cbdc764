//! One batch: commands decided one after the other on a clone of the workspace, and what that appends and erases.
//!
//! Nothing here is durable or visible; when the commit fails the batch is dropped and nothing has happened.
//!
//! Neighbours: `owner` feeds it requests and appends what it made; `chat::decide` has the rules.

use std::collections::HashMap;

use chat::command::AttachWish;
use chat::event::Attached;
use chat::ids::ChannelName;
use chat::workspace::ReadMarker;
use chat::{
    Actor, ChannelId, Command, Decision, Event, EventKind, Facts, LoggedEvent, Message, PostWish,
    Rejection, Seq, Timestamp, UserId, Workspace,
};
use eventlog::Redaction;

use super::Wish;
use super::facts::{Earlier, Found, LookUp, WishKey, wish_key};
use super::markers::{Accepted, Held, Key, Markers};
use crate::codec;

/// What one wish came to, to be told when the batch is durable.
pub(super) struct Reply {
    pub(super) is_new: bool,
    pub(super) seq: Option<Seq>,
    pub(super) message: Option<Message>,
}

/// What a batch has come to so far.
pub(super) struct Batch {
    pub(super) events: Vec<LoggedEvent>,
    /// A wish with a name was refused or already true, and may be the repeat of one that succeeded: the log must be
    /// asked before anybody is answered.
    pub(super) is_unsure: bool,
    /// Markers that this batch writes.
    pub(super) written: Vec<Key>,
    /// Markers that this batch accepts and holds, in order.
    pub(super) held: Vec<(Key, Option<Accepted>)>,
    workspace: Workspace,
    redactions: Vec<Redaction>,
    facts: Facts,
    edits: HashMap<Seq, Vec<Seq>>,
    earlier: HashMap<WishKey, Earlier>,
    look_up: LookUp,
    now: Timestamp,
}

impl Batch {
    pub(super) fn new(workspace: &Workspace, found: Found, now: Timestamp) -> Batch {
        Batch {
            workspace: workspace.clone(),
            events: Vec::new(),
            redactions: Vec::new(),
            is_unsure: false,
            written: Vec::new(),
            held: Vec::new(),
            facts: Facts { messages: found.messages, is_named: false, active: found.active },
            edits: found.edits,
            earlier: found.earlier,
            look_up: found.look_up,
            now,
        }
    }

    /// Decides a wish and applies what it comes to.
    pub(super) fn submit(&mut self, wish: &Wish) -> Result<Reply, Rejection> {
        let key = wish_key(wish);
        if let Some(earlier) = key.as_ref().and_then(|key| self.earlier.get(key)).copied() {
            return self.repeat(wish, earlier);
        }
        self.facts.is_named = key.is_some();
        let decision = self.decide(wish);
        let came_to_nothing = decision.as_ref().map_or(true, |decision| decision.events.is_empty());
        if came_to_nothing && key.is_some() && self.look_up == LookUp::Never {
            self.is_unsure = true;
        }
        Ok(self.accept(decision?, key, &wish.command))
    }

    /// Decides a read marker, and applies it or holds it.
    pub(super) fn mark_read(&mut self, wish: &Wish, markers: &Markers) -> Result<(), Rejection> {
        self.facts.is_named = false;
        let mut decision = self.decide(wish)?;
        let key = marker_key(wish, &self.workspace);
        let waits = |key: &Key| markers.is_open(*key) || self.written.contains(key);
        if let Some(key) = key.filter(waits) {
            let at = self.workspace.head;
            self.held.push((key, decision.events.pop().map(|event| Accepted { at, event })));
            return Ok(());
        }
        if !decision.events.is_empty() {
            self.written.extend(key);
            self.accept(decision, None, &wish.command);
        }
        Ok(())
    }

    /// Applies a marker that was decided when it was accepted, unless it has become pointless.
    pub(super) fn write_held(&mut self, held: Held) {
        let ((user, channel), Accepted { at, event }) = (held.key, held.accepted);
        // Not decided again: 204 was answered, and a log-out since then does not make the message unread. But whoever
        // left and came back begins anew.
        let is_same_membership =
            self.workspace.membership(user, channel).is_some_and(|member| member.joined <= at);
        if is_same_membership && !is_true_already(&event, user, &self.workspace) {
            self.append(user, None, event);
        }
        self.written.push(held.key);
    }

    /// The workspace after the batch, and its events.
    pub(super) fn take_news(&mut self) -> (Workspace, Vec<LoggedEvent>) {
        (std::mem::take(&mut self.workspace), std::mem::take(&mut self.events))
    }

    /// The messages that the batch read or changed, as they are after it.
    pub(super) fn into_messages(self) -> HashMap<Seq, Message> {
        self.facts.messages
    }

    /// What one commit makes durable.
    pub(super) fn to_log(&self) -> eventlog::Batch {
        eventlog::Batch {
            records: self.events.iter().map(codec::encode).collect(),
            redactions: self.redactions.clone(),
        }
    }

    fn decide(&self, wish: &Wish) -> Result<Decision, Rejection> {
        let next_seq = self.workspace.head.next();
        chat::decide(&self.workspace, &self.facts, wish.actor, &wish.command, next_seq, self.now)
    }

    /// Answers a wish that was made before with what it came to then.
    fn repeat(&self, wish: &Wish, earlier: Earlier) -> Result<Reply, Rejection> {
        if !is_logged_in(wish.actor, &self.workspace) {
            return Err(Rejection::NotLoggedIn);
        }
        let about = Subject::of(wish, &self.workspace);
        let is_same = is_main_event(&wish.command, earlier.kind)
            && about.message.is_none_or(|message| Some(message) == earlier.target)
            && match about.channel {
                NamedChannel::None => true,
                NamedChannel::Unknown => false,
                NamedChannel::Known(channel) => Some(channel) == earlier.channel,
            };
        if !is_same {
            return Err(Rejection::ClientMsgIdReused);
        }
        let message = earlier.message().and_then(|id| self.facts.messages.get(&id)).cloned();
        if message.as_ref().is_some_and(|message| carries_something_else(&wish.command, message)) {
            return Err(Rejection::ClientMsgIdReused);
        }
        Ok(Reply { is_new: false, seq: Some(earlier.seq), message })
    }

    /// Applies a decision. The wish's name stands on the first event of the kind that the wish is about.
    fn accept(&mut self, decision: Decision, mut key: Option<WishKey>, command: &Command) -> Reply {
        let first = self.workspace.head.next();
        let seq = (!decision.events.is_empty()).then_some(first);
        let redactions = decision.redacts.iter().map(|seq| Redaction { seq: seq.0, by: first.0 });
        self.redactions.extend(redactions);
        let mut message = named_message(command);
        for event in decision.events {
            let is_main = is_main_event(command, event.kind());
            if event.kind().begins_message() && !event.is_notice() {
                message = Some(self.workspace.head.next());
            }
            self.append(decision.actor, if is_main { key.take() } else { None }, event);
        }
        let message = message.and_then(|id| self.facts.messages.get(&id)).cloned();
        Reply { is_new: true, seq, message }
    }

    fn append(&mut self, actor: UserId, key: Option<WishKey>, event: Event) {
        let seq = self.workspace.head.next();
        let ts = self.now.max(self.workspace.last_ts.plus_micros(1));
        let client_msg_id = key.as_ref().map(|(_, id)| id.clone());
        // What happened to a channel is said by the server, whoever did it.
        let actor = if event.is_notice() { UserId::SYSTEM } else { actor };
        let logged = LoggedEvent::new(seq, ts, actor, client_msg_id, event);
        if let Some(key) = key {
            let LoggedEvent { seq, kind, channel, target, .. } = logged;
            self.earlier.insert(key, Earlier { seq, kind, channel, target });
        }
        self.workspace.apply(&logged);
        self.overlay(&logged);
        self.events.push(logged);
    }

    /// Shows the batch's later commands what this event made of its message.
    fn overlay(&mut self, logged: &LoggedEvent) {
        if logged.kind.begins_message() {
            self.facts.messages.insert(logged.seq, Message::posted(logged));
        }
        let Some(id) = logged.target else { return };
        if let Some(message) = self.facts.messages.get_mut(&id) {
            message.apply(logged);
        }
        if logged.kind == EventKind::MessageEdited {
            self.edits.entry(id).or_default().push(logged.seq);
        }
        if logged.kind == EventKind::MessageDeleted {
            let erased = self.edits.remove(&id).into_iter().flatten().chain([id]);
            let by = logged.seq.0;
            self.redactions.extend(erased.map(|seq| Redaction { seq: seq.0, by }));
        }
    }
}

/// Whether a wish to post is another one than that which came to this message: text, a poll and a forward are one kind of
/// event. Of a deleted message nobody can tell.
fn carries_something_else(command: &Command, message: &Message) -> bool {
    let Command::PostMessage(wish) = command else { return false };
    if message.deleted {
        return false;
    }
    match (&wish.attach, &message.attached) {
        (None, None)
        | (Some(AttachWish::Forward(_)), Some(Attached::Forward(_)))
        | (Some(AttachWish::Poll(_)), Some(Attached::Poll(_))) => false,
        (None | Some(_), _) => true,
    }
}

/// What a wish is about, to tell a repeat from another wish under the same name.
struct Subject {
    /// The message that it names.
    message: Option<Seq>,
    channel: NamedChannel,
}

/// The channel that a command names.
enum NamedChannel {
    /// It names none.
    None,
    /// There is none of that name.
    Unknown,
    Known(ChannelId),
}

impl NamedChannel {
    fn found(channel: Option<ChannelId>) -> NamedChannel {
        channel.map_or(NamedChannel::Unknown, NamedChannel::Known)
    }
}

impl Subject {
    fn of(wish: &Wish, workspace: &Workspace) -> Subject {
        Subject { message: named_message(&wish.command), channel: named_channel(wish, workspace) }
    }
}

/// Whether a command wishes for an event of this kind; what else it comes to are side effects.
fn is_main_event(command: &Command, kind: EventKind) -> bool {
    // A reply that is only in a thread is unread there.
    let is_in_thread = matches!(command, Command::MarkUnread { .. });
    kind == main_event(command) || (is_in_thread && kind == EventKind::ThreadUnread)
}

/// The event that a command mostly wishes for.
fn main_event(command: &Command) -> EventKind {
    match command {
        Command::SignUp { .. } => EventKind::AccountCreated,
        Command::LogIn { .. } => EventKind::SessionOpened,
        Command::LogOut | Command::ExpireSession { .. } => EventKind::SessionClosed,
        Command::ChangePassword { .. } | Command::UpgradePasswordHash { .. } => {
            EventKind::PasswordSet
        }
        Command::LockAccount { .. } => EventKind::AccountLocked,
        Command::CreateChannel { .. }
        | Command::CreatePrivateChannel { .. }
        | Command::OpenDirect { .. } => EventKind::ChannelCreated,
        Command::RenameChannel { .. } => EventKind::ChannelRenamed,
        Command::ChangeChannel { .. } => EventKind::ChannelChanged,
        Command::JoinChannel { .. } | Command::AddMembers { .. } => EventKind::MembersAdded,
        Command::LeaveChannel { .. } | Command::RemoveMember { .. } => EventKind::MemberRemoved,
        Command::PostMessage(wish) if wish.thread.is_some() && !wish.also_in_channel => {
            EventKind::ThreadReplied
        }
        Command::PostMessage(_) | Command::SendScheduled { .. } => EventKind::MessagePosted,
        Command::EditMessage { .. } => EventKind::MessageEdited,
        Command::DeleteMessage { .. } => EventKind::MessageDeleted,
        Command::React { .. } => EventKind::MessageReacted,
        Command::MarkRead { .. } | Command::MarkUnread { .. } | Command::MarkAllRead => {
            EventKind::ChannelRead
        }
        Command::FollowThread { .. } => EventKind::ThreadFollowed,
        Command::MarkThreadRead { .. } => EventKind::ThreadRead,
        Command::PinMessage { .. } => EventKind::MessagePinned,
        Command::Vote { .. } => EventKind::PollVoted,
        Command::ClosePoll { .. } => EventKind::PollClosed,
        Command::SaveDraft { .. } => EventKind::DraftSaved,
        Command::ScheduleMessage { .. } | Command::ChangeSchedule { .. } => {
            EventKind::MessageScheduled
        }
        Command::CancelSchedule { .. } => EventKind::ScheduleEnded,
        Command::SetReminder { .. } => EventKind::ReminderSet,
        Command::FireReminder { .. } => EventKind::ReminderDue,
        Command::EndReminder { .. } => EventKind::ReminderEnded,
        Command::ChangeProfile(_) | Command::SetStatus { .. } => EventKind::ProfileChanged,
        Command::ChangePersonal(_) => EventKind::PersonalChanged,
        Command::ChangeAccount { .. } => EventKind::AccountChanged,
        Command::ChangeSettings { .. } => EventKind::SettingsChanged,
        Command::SaveGroup { .. } => EventKind::GroupSaved,
        Command::DeleteGroup { .. } => EventKind::GroupDeleted,
        Command::CreateInvite { .. } => EventKind::InviteCreated,
        Command::RevokeInvite { .. } => EventKind::InviteRevoked,
    }
}

/// The message that a command changes.
fn named_message(command: &Command) -> Option<Seq> {
    if let Command::EditMessage { message, .. }
    | Command::DeleteMessage { message }
    | Command::React { message, .. }
    | Command::PinMessage { message, .. }
    | Command::Vote { message, .. }
    | Command::ClosePoll { message } = command
    {
        Some(*message)
    } else {
        None
    }
}

fn named_channel(wish: &Wish, workspace: &Workspace) -> NamedChannel {
    let name = match &wish.command {
        Command::PostMessage(PostWish { channel, .. })
        | Command::MarkRead { channel, .. }
        | Command::RenameChannel { channel, .. }
        | Command::ChangeChannel { channel, .. }
        | Command::JoinChannel { channel }
        | Command::LeaveChannel { channel }
        | Command::AddMembers { channel, .. }
        | Command::RemoveMember { channel, .. }
        | Command::SaveDraft { channel, .. }
        | Command::ScheduleMessage { channel, .. } => channel.clone(),
        Command::CreateChannel { slug, .. } => ChannelName::Public(slug.clone()),
        Command::OpenDirect { names } => {
            let own = match wish.actor {
                Actor::User { user, .. } => workspace.users.get(&user).map(|user| &user.name),
                Actor::System | Actor::Anonymous => None,
            };
            let mut names: Vec<_> = names.iter().chain(own).cloned().collect();
            names.sort();
            names.dedup();
            ChannelName::Direct(names)
        }
        _ => return NamedChannel::None,
    };
    NamedChannel::found(workspace.find_channel(&name))
}

fn marker_key(wish: &Wish, workspace: &Workspace) -> Option<Key> {
    match (wish.actor, named_channel(wish, workspace)) {
        (Actor::User { user, .. }, NamedChannel::Known(channel)) => Some((user, channel)),
        (Actor::User { .. }, NamedChannel::None | NamedChannel::Unknown)
        | (Actor::System | Actor::Anonymous, _) => None,
    }
}

fn is_logged_in(actor: Actor, workspace: &Workspace) -> bool {
    match actor {
        Actor::User { user, session } => {
            workspace.sessions.get(&session).is_some_and(|session| session.user == user)
        }
        Actor::System | Actor::Anonymous => false,
    }
}

fn is_true_already(event: &Event, user: UserId, workspace: &Workspace) -> bool {
    let Event::ChannelRead { channel, up_to, up_to_ts } = event else { return false };
    let marker = workspace.channels.get(channel).and_then(|channel| channel.markers.get(&user));
    marker == Some(&ReadMarker { up_to: *up_to, ts: *up_to_ts })
}
