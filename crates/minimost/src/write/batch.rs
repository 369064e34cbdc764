//! One batch: commands decided one after the other on a clone of the workspace, and what that appends and erases.
//!
//! Nothing here is durable or visible; when the commit fails the batch is dropped and nothing has happened.
//!
//! Neighbours: `owner` feeds it requests and appends what it made; `chat::decide` has the rules.

use std::collections::HashMap;
use std::sync::Arc;

use chat::audience::may_see;
use chat::repeat::{NamedChannel, is_main_event, is_repeat, named_channel, named_message};
use chat::workspace::ReadMarker;
use chat::{
    Actor, Command, Decision, Event, EventKind, Facts, LoggedEvent, Message, Rejection, Seq,
    Timestamp, UserId, Workspace,
};
use eventlog::Redaction;
use tokio::time::Instant;

use super::Wish;
use super::facts::{Found, LookUp, WishKey, message_of, wish_key};
use super::markers::{Accepted, Held, Key, Markers, Written};
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
    pub(super) written: Written,
    /// Markers that this batch accepts and holds, in order.
    pub(super) held: Vec<(Key, Option<Accepted>)>,
    workspace: Workspace,
    redactions: Vec<Redaction>,
    facts: Facts,
    edits: HashMap<Seq, Vec<Seq>>,
    /// What the log knows of the batch's names.
    earlier: HashMap<WishKey, LoggedEvent>,
    /// Where in `events` a name of this batch stands.
    named: HashMap<WishKey, usize>,
    look_up: LookUp,
    now: Timestamp,
}

impl Batch {
    /// `active` are the people who appear active, where the wishes ask for it.
    pub(super) fn new(
        workspace: &Workspace,
        found: Found,
        active: Vec<UserId>,
        now: Timestamp,
    ) -> Batch {
        Batch {
            workspace: workspace.clone(),
            events: Vec::new(),
            redactions: Vec::new(),
            is_unsure: false,
            written: Written::default(),
            held: Vec::new(),
            facts: Facts {
                messages: found.messages,
                is_named: false,
                active,
                is_moderated: found.is_moderated,
            },
            edits: found.edits,
            earlier: found.earlier,
            named: HashMap::new(),
            look_up: found.look_up,
            now,
        }
    }

    /// Decides a wish and applies what it comes to.
    pub(super) fn submit(&mut self, wish: &Wish) -> Result<Reply, Rejection> {
        let key = wish_key(wish);
        if let Some(earlier) = key.as_ref().and_then(|key| self.earlier(key)) {
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
    pub(super) fn mark_read(
        &mut self,
        wish: &Wish,
        markers: &Markers,
        now: Instant,
    ) -> Result<(), Rejection> {
        self.facts.is_named = false;
        let mut decision = self.decide(wish)?;
        let key = marker_key(wish, &self.workspace);
        if let Some(key) = key.filter(|key| markers.must_wait(*key, &self.written, now)) {
            let at = self.workspace.head;
            self.held.push((key, decision.events.pop().map(|event| Accepted { at, event })));
            return Ok(());
        }
        if !decision.events.is_empty() {
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
        self.written.insert(held.key);
    }

    /// The workspace after the batch, and its events.
    pub(super) fn take_news(&mut self) -> (Workspace, Vec<LoggedEvent>) {
        (std::mem::take(&mut self.workspace), std::mem::take(&mut self.events))
    }

    /// The messages that the batch read or changed, as they are after it.
    pub(super) fn into_messages(self) -> HashMap<Seq, Arc<Message>> {
        self.facts.messages
    }

    /// What one commit makes durable.
    pub(super) fn to_log(&self) -> eventlog::Batch {
        codec::batch(&self.events, self.redactions.clone())
    }

    /// What a wish of this name came to before.
    fn earlier(&self, key: &WishKey) -> Option<&LoggedEvent> {
        let here = self.named.get(key).and_then(|at| self.events.get(*at));
        here.or_else(|| self.earlier.get(key))
    }

    fn decide(&self, wish: &Wish) -> Result<Decision, Rejection> {
        let next_seq = self.workspace.head.next();
        chat::decide(&self.workspace, &self.facts, wish.actor, &wish.command, next_seq, self.now)
    }

    /// Answers a wish that was made before with what it came to then. Who may no longer look there is told no more than
    /// somebody who asks for the first time.
    fn repeat(&self, wish: &Wish, earlier: &LoggedEvent) -> Result<Reply, Rejection> {
        let session = self.workspace.find_open_session(wish.actor, self.now);
        let (user, _) = session.ok_or(Rejection::NotLoggedIn)?;
        if !is_repeat(&self.workspace, &self.facts, user, &wish.command, earlier) {
            return Err(Rejection::ClientMsgIdReused);
        }
        // Their answers are for administrators only, and whoever asks may be none any more.
        let is_of_admins = matches!(
            wish.command,
            Command::CreateInvite { .. }
                | Command::ChangeSettings { .. }
                | Command::CreatePasswordReset { .. }
        );
        if is_of_admins && !self.workspace.users[&user].is_admin {
            return Err(Rejection::NotAnAdministrator);
        }
        let message = message_of(earlier).and_then(|id| self.facts.find_message(id));
        let is_hidden = |it: &Message| !may_see(user, it.channel, it.id, &self.workspace);
        if message.is_some_and(is_hidden) {
            // What they have deleted is gone, however often they ask.
            if matches!(wish.command, Command::DeleteMessage { .. }) {
                return Ok(Reply { is_new: false, seq: Some(earlier.seq), message: None });
            }
            let is_post = matches!(wish.command, Command::PostMessage(_));
            return Err(if is_post { Rejection::NotAMember } else { Rejection::MessageNotFound });
        }
        Ok(Reply { is_new: false, seq: Some(earlier.seq), message: message.cloned() })
    }

    /// Applies a decision. The wish's name stands on the first event of the kind that the wish is about. Who may not look
    /// there, and takes back what they said, is shown no message.
    fn accept(&mut self, decision: Decision, mut key: Option<WishKey>, command: &Command) -> Reply {
        let actor = decision.actor;
        let first = self.workspace.head.next();
        let any = (!decision.events.is_empty()).then_some(first);
        let mut main = None;
        if let Some(by) = decision.events.first().map(Event::kind) {
            let redactions = decision.redacts.iter().map(|seq| codec::redaction(*seq, first, by));
            self.redactions.extend(redactions);
        }
        let mut message = named_message(command);
        for event in decision.events {
            let is_main = is_main_event(command, event.kind());
            main = main.or(is_main.then_some(self.workspace.head.next()));
            if event.kind().begins_message() && !event.is_notice() {
                message = Some(self.workspace.head.next());
            }
            self.append(decision.actor, if is_main { key.take() } else { None }, event);
        }
        let message = message.and_then(|id| self.facts.find_message(id));
        let shown = message.filter(|it| may_see(actor, it.channel, it.id, &self.workspace));
        Reply { is_new: true, seq: main.or(any), message: shown.cloned() }
    }

    fn append(&mut self, actor: UserId, key: Option<WishKey>, event: Event) {
        let seq = self.workspace.head.next();
        let ts = self.now.max(self.workspace.last_ts.plus_micros(1));
        let client_msg_id = key.as_ref().map(|(_, id)| id.clone());
        // What happened to a channel is said by the server, whoever did it.
        let actor = if event.is_notice() { UserId::SYSTEM } else { actor };
        let logged = LoggedEvent::new(seq, ts, actor, client_msg_id, event);
        if let Some(key) = key {
            self.named.insert(key, self.events.len());
        }
        // However it was wished for: what waited for this channel is older, and must not win over it.
        if let Some(Event::ChannelRead { channel, .. }) = logged.event() {
            self.written.insert((actor, *channel));
        }
        self.workspace.apply(&logged);
        self.overlay(&logged);
        self.events.push(logged);
    }

    /// Shows the batch's later commands what this event made of its message.
    fn overlay(&mut self, logged: &LoggedEvent) {
        if logged.kind.begins_message() {
            self.facts.messages.insert(logged.seq, Arc::new(Message::posted(logged)));
        }
        let Some(id) = logged.target else { return };
        if let Some(message) = self.facts.messages.get_mut(&id) {
            // The cache keeps the message as it is in the log.
            Arc::make_mut(message).apply(logged);
        }
        if logged.kind == EventKind::MessageEdited {
            self.edits.entry(id).or_default().push(logged.seq);
        }
        if logged.kind == EventKind::MessageDeleted {
            let erased = self.edits.remove(&id).into_iter().flatten().chain([id]);
            let (by, kind) = (logged.seq, logged.kind);
            self.redactions.extend(erased.map(|seq| codec::redaction(seq, by, kind)));
        }
    }
}

fn marker_key(wish: &Wish, workspace: &Workspace) -> Option<Key> {
    let Actor::User { user, .. } = wish.actor else { return None };
    match named_channel(&wish.command, user, workspace) {
        NamedChannel::Known(channel) => Some((user, channel)),
        NamedChannel::None | NamedChannel::Unknown => None,
    }
}

fn is_true_already(event: &Event, user: UserId, workspace: &Workspace) -> bool {
    let Event::ChannelRead { channel, up_to, up_to_ts } = event else { return false };
    let marker = workspace.channels.get(channel).and_then(|channel| channel.markers.get(&user));
    marker == Some(&ReadMarker { up_to: *up_to, ts: *up_to_ts })
}
