//! A workspace, its messages and its log, told command by command: what the server's writer does, without a disk.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use crate::command::{Actor, Command, PostWish};
use crate::decide::{Decision, Facts, decide};
use crate::event::{Body, Event, EventKind, LoggedEvent};
use crate::ids::{
    ChannelId, ChannelName, ClientMsgId, PasswordHash, Seq, SessionId, Timestamp, TokenHash,
    UserId, UserName,
};
use crate::message::Message;
use crate::rejection::Rejection;
use crate::repeat::{is_main_event, is_repeat};
use crate::testing::wish;
use crate::workspace::Workspace;

/// What one command came to in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The new records, none of them redacted.
    pub events: Vec<LoggedEvent>,
    /// The earlier records that the first of these erased.
    pub redacted: Vec<Seq>,
}

/// A history in the making.
#[derive(Clone, Debug)]
pub struct Story {
    /// After every event so far.
    pub workspace: Workspace,
    /// Followed event by event, as a client that was there from the start would have.
    pub messages: BTreeMap<Seq, Message>,
    /// What the log holds now: superseded and deleted bodies are erased.
    pub log: Vec<LoggedEvent>,
    /// What the clock says; a test moves it.
    pub now: Timestamp,
    /// Who is active, sorted; a test says who.
    pub active: Vec<UserId>,
    /// Whether administrators and owners may delete what others said.
    pub is_moderated: bool,
}

impl Default for Story {
    fn default() -> Story {
        Story {
            workspace: Workspace::default(),
            messages: BTreeMap::new(),
            log: Vec::new(),
            now: Timestamp(1_700_000_000_000_000),
            active: Vec::new(),
            is_moderated: true,
        }
    }
}

impl Story {
    /// An empty workspace in November 2023.
    pub fn new() -> Story {
        Story::default()
    }

    /// Decides a command, applies what it makes true and erases what it erases.
    pub fn run(
        &mut self,
        actor: Actor,
        client_msg_id: Option<ClientMsgId>,
        command: &Command,
    ) -> Result<Batch, Rejection> {
        let next_seq = self.workspace.head.next();
        let facts = self.facts(client_msg_id.is_some(), command);
        let decision = decide(&self.workspace, &facts, actor, command, next_seq, self.now)?;
        let batch = self.append(decision, client_msg_id, command);
        self.is_its_own_repeat(actor, command, &batch.events);
        Ok(batch)
    }

    /// What a wish came to is what its repeat asks for.
    fn is_its_own_repeat(&self, actor: Actor, command: &Command, events: &[LoggedEvent]) {
        let main = events.iter().find(|record| is_main_event(command, record.kind));
        if let (Actor::User { user, .. }, Some(record)) = (actor, main) {
            let facts = self.facts(true, command);
            let is_repeat = is_repeat(&self.workspace, &facts, user, command, record);
            assert!(is_repeat, "{record:?} is what {command:?} came to");
        }
    }

    /// The messages that a command names, and the roots of those that are replies in a thread.
    fn facts(&self, is_named: bool, command: &Command) -> Facts {
        let named: Vec<_> = command.message_refs(&self.workspace).collect();
        let roots = named.iter().filter_map(|id| self.messages.get(id)?.thread_root);
        let messages = named.iter().copied().chain(roots);
        let messages =
            messages.filter_map(|id| Some((id, Arc::new(self.messages.get(&id)?.clone()))));
        let (active, is_moderated) = (self.active.clone(), self.is_moderated);
        Facts { messages: messages.collect(), is_named, active, is_moderated }
    }

    /// Runs a command and returns what happened.
    pub fn when(&mut self, actor: Actor, command: &Command) -> Result<Vec<Event>, Rejection> {
        let batch = self.run(actor, None, command)?;
        Ok(batch.events.iter().filter_map(|record| record.event().cloned()).collect())
    }

    /// Runs a command that must be allowed.
    ///
    /// # Panics
    ///
    /// When it is not.
    pub fn given(&mut self, actor: Actor, command: &Command) -> Vec<LoggedEvent> {
        match self.run(actor, None, command) {
            Ok(batch) => batch.events,
            Err(rejection) => panic!("{command:?} was refused: {rejection}"),
        }
    }

    /// Signs up a person and returns them with their first session.
    pub fn sign_up(&mut self, name: &str) -> Actor {
        let number = self.workspace.head.get();
        let command = Command::SignUp {
            name: UserName::parse(name).expect("the cast has valid names"),
            password_hash: PasswordHash(format!("$fake$first password of {name}")),
            token_hash: token_hash(number),
            invite: None,
            greet: false,
        };
        let events = self.given(Actor::Anonymous, &command);
        Actor::User { user: UserId(events[0].seq), session: SessionId(events[2].seq) }
    }

    /// Creates a default channel, of everybody, whose display name is its slug.
    pub fn create_channel(&mut self, slug: &str) -> ChannelName {
        self.given(Actor::System, &wish::create_channel(slug, true));
        wish::channel(slug)
    }

    /// Creates a public channel that people join; its creator owns it.
    pub fn create_joined(&mut self, creator: Actor, slug: &str) -> ChannelName {
        self.given(creator, &wish::create_channel(slug, false));
        wish::channel(slug)
    }

    /// Creates a private channel of its creator and these people.
    pub fn create_private(&mut self, creator: Actor, members: &[&str]) -> ChannelName {
        let (name, topic) = ("Plans".to_owned(), String::new());
        let members = wish::names(members);
        let wish = Command::CreatePrivateChannel { name, topic, members };
        ChannelName::Private(ChannelId(self.given(creator, &wish)[0].seq))
    }

    /// Posts a message and returns its id.
    pub fn post(&mut self, actor: Actor, channel: &(impl Display + ?Sized), text: &str) -> Seq {
        self.post_wish(actor, PostWish::text(wish::channel(channel), text.to_owned()))
    }

    /// Replies in the thread of a message, and only there; returns the reply's id.
    ///
    /// # Panics
    ///
    /// When there is no such message.
    pub fn reply(&mut self, actor: Actor, message: Seq, text: &str) -> Seq {
        let channel = self.messages.get(&message).expect("a test replies to what is there").channel;
        let channel = wish::channel(&self.workspace.channel_name(channel));
        let wish = PostWish::text(channel, text.to_owned());
        self.post_wish(actor, PostWish { thread: Some(message), ..wish })
    }

    /// Posts what must be allowed and returns its id.
    pub fn post_wish(&mut self, actor: Actor, wish: PostWish) -> Seq {
        let events = self.given(actor, &Command::PostMessage(wish));
        let posted = events.iter().find(|record| record.kind.begins_message());
        posted.expect("a post is an event").seq
    }

    /// The id of the channel that a written name means.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn channel_id(&self, name: &ChannelName) -> ChannelId {
        self.workspace.find_channel(name).expect("a test asks for what was created")
    }

    fn append(
        &mut self,
        decision: Decision,
        mut client_msg_id: Option<ClientMsgId>,
        command: &Command,
    ) -> Batch {
        let mut batch = Batch { events: Vec::new(), redacted: decision.redacts };
        // The id stands on the event that the wish is about, not on what comes before it.
        let is_post = matches!(command, Command::PostMessage(_));
        let is_named = |event: &Event| event.kind().begins_message() && !event.is_notice();
        let posted = decision.events.iter().position(is_named).filter(|_| is_post);
        let named = posted.unwrap_or_default();
        for (index, event) in decision.events.into_iter().enumerate() {
            let id = if index == named { client_msg_id.take() } else { None };
            let ts = self.now.max(self.workspace.last_ts.plus_micros(1));
            let seq = self.workspace.head.next();
            let actor = if event.is_notice() { UserId::SYSTEM } else { decision.actor };
            let record = LoggedEvent::new(seq, ts, actor, id, event);
            if let Some(Event::MessageDeleted { message, .. }) = record.event() {
                batch.redacted.extend(self.records_of(*message));
            }
            self.workspace.apply(&record);
            self.follow(&record);
            self.log.push(record.clone());
            batch.events.push(record);
        }
        if let Some(first) = batch.events.first() {
            self.redact(&batch.redacted, first.seq);
        }
        batch
    }

    /// The records that hold a message's text, past and present.
    fn records_of(&self, message: Seq) -> Vec<Seq> {
        let texts = self.log.iter().filter(|record| {
            record.seq == message
                || (record.kind == EventKind::MessageEdited && record.target == Some(message))
        });
        texts.map(|record| record.seq).collect()
    }

    fn follow(&mut self, record: &LoggedEvent) {
        if record.kind.begins_message() {
            self.messages.insert(record.seq, Message::posted(record));
        }
        // A reply in a thread begins a message and moves another.
        if let Some(message) = record.target.and_then(|target| self.messages.get_mut(&target)) {
            message.apply(record);
        }
    }

    fn redact(&mut self, seqs: &[Seq], by: Seq) {
        for seq in seqs {
            let at = self.log.binary_search_by_key(seq, |record| record.seq);
            self.log[at.expect("only what happened is erased")].body = Body::Redacted { by };
        }
    }
}

/// A made-up token hash; different numbers give different ones.
pub(super) fn token_hash(number: u64) -> TokenHash {
    TokenHash(format!("{number:064x}"))
}
