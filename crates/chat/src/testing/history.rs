//! Random histories: what people do, and sometimes may not do, in an order that follows from a seed.

use super::prng::Prng;
use super::story::{Batch, Story, token_hash};
use crate::command::{Actor, Command, PostWish};
use crate::event::EventKind;
use crate::ids::{ChannelName, ClientMsgId, PasswordHash, Seq, SessionId, UserId, UserName};
use crate::message::Message;
use crate::rejection::Rejection;
use crate::testing::wish;

const CAST: [&str; 8] = ["alice", "bob", "mallory", "carol", "Dave", "erin", "frank", "grace"];
const SLUGS: [&str; 5] = ["general", "random", "ops", "lunch", "news"];
const WORDS: [&str; 12] = [
    "hi",
    "ship it",
    "why?",
    "@alice",
    "@BOB",
    "@carol,",
    "@everyone",
    "@nobody",
    "a@bob.example",
    "/@alice",
    "grüße 🌊",
    "\n",
];
const REACTIONS: [&str; 7] =
    ["heart", "thumbsup", "+1", "🎉", "tada", "rainbow_flag", "not an emoji"];

/// One wish and what came of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Whose wish.
    pub actor: Actor,
    /// New with every step that has one.
    pub client_msg_id: Option<ClientMsgId>,
    /// The wish; most are allowed, some are not.
    pub command: Command,
    /// What it made true.
    pub outcome: Result<Batch, Rejection>,
}

/// A history of random steps.
#[derive(Clone, Debug)]
pub struct History {
    /// In order. The first creates the channel `general`, the second and third sign up alice and bob.
    pub steps: Vec<Step>,
    /// Where they led.
    pub story: Story,
}

impl History {
    /// The history of a seed. Beside what a day in a chat brings (replies, mentions, edits, deletions, reactions,
    /// markers forth and back) people join late, log in and out, change passwords and try what they may not.
    pub fn random(seed: u64, steps: usize) -> History {
        let history = History { steps: Vec::new(), story: Story::new() };
        let mut narrator = Narrator { prng: Prng::new(seed), history, actors: Vec::new() };
        narrator.prologue();
        while narrator.history.steps.len() < steps {
            narrator.step();
        }
        narrator.history
    }
}

struct Narrator {
    prng: Prng,
    history: History,
    /// Everybody who ever had a session, one entry per session, ended ones included.
    actors: Vec<Actor>,
}

impl Narrator {
    fn prologue(&mut self) {
        self.tell(Actor::System, wish::create_channel(SLUGS[0], true));
        for name in &CAST[..2] {
            let command = self.sign_up(name);
            self.tell(Actor::Anonymous, command);
        }
    }

    fn step(&mut self) {
        let seconds = match self.prng.below(1000) {
            0 => 20 * 24 * 3_600,
            1..=299 => 0,
            _ => self.prng.below(60),
        };
        let micros = i64::try_from(seconds).expect("a month fits") * 1_000_000;
        self.history.story.now = self.history.story.now.plus_micros(micros);
        let actor = self.someone();
        if actor == Actor::Anonymous && self.prng.percent(80) {
            let (actor, command) = self.account_step(actor);
            return self.tell(actor, command);
        }
        let (actor, command) = match self.prng.below(100) {
            0..=11 => self.account_step(actor),
            12..=17 => self.channel_step(actor),
            18..=57 => (actor, self.post(actor)),
            58..=85 => self.message_step(actor),
            _ => (actor, self.mark_read(actor)),
        };
        self.tell(actor, command);
    }

    fn tell(&mut self, actor: Actor, command: Command) {
        let is_post = matches!(command, Command::PostMessage(_));
        let client_msg_id = (is_post && self.prng.percent(50)).then(|| {
            let id = format!("step-{}", self.number());
            ClientMsgId::parse(&id).expect("it is short and plain")
        });
        let outcome = self.history.story.run(actor, client_msg_id.clone(), &command);
        if let (Ok(batch), Command::SignUp { .. } | Command::LogIn { .. }) = (&outcome, &command) {
            let user = batch.events[0].actor;
            let mut events = batch.events.iter();
            let opened = events.find(|record| record.kind == EventKind::SessionOpened);
            let session = SessionId(opened.expect("whoever enters has a session").seq);
            self.actors.push(Actor::User { user, session });
        }
        self.history.steps.push(Step { actor, client_msg_id, command, outcome });
    }

    fn account_step(&mut self, actor: Actor) -> (Actor, Command) {
        let user = self.user();
        let password_set = self.history.story.workspace.users[&user].password_set;
        let verified_against = if self.prng.percent(90) { password_set } else { Seq(1) };
        let number = self.number();
        let password_hash = PasswordHash(format!("$fake$password {number}"));
        match self.prng.below(12) {
            0..=2 => {
                let name = self.prng.pick(&CAST).expect("there is a cast");
                (Actor::Anonymous, self.sign_up(name))
            }
            3..=6 => {
                let token_hash = token_hash(number);
                (Actor::Anonymous, Command::LogIn { user, verified_against, token_hash })
            }
            7 => (actor, Command::LogOut),
            8 => {
                let verified_against = self.password_set(actor).unwrap_or(verified_against);
                (actor, Command::ChangePassword { verified_against, password_hash })
            }
            9 => {
                let upgrade =
                    Command::UpgradePasswordHash { user, verified_against, password_hash };
                (Actor::System, upgrade)
            }
            10 => {
                let until = self.history.story.now.plus_micros(60_000_000);
                (Actor::System, Command::LockAccount { user, until })
            }
            _ => {
                let sessions: Vec<_> =
                    self.history.story.workspace.sessions.keys().copied().collect();
                let session = self.prng.pick(&sessions).unwrap_or(SessionId(Seq(1)));
                (Actor::System, Command::ExpireSession { session })
            }
        }
    }

    fn channel_step(&mut self, actor: Actor) -> (Actor, Command) {
        let slug = self.prng.pick(&SLUGS).expect("there is a stage");
        let name = format!("Channel {}", self.number());
        match self.prng.below(4) {
            0 => {
                let creator = if self.prng.percent(50) { Actor::System } else { actor };
                (creator, wish::create_channel(slug, true))
            }
            1 => (actor, Command::RenameChannel { channel: wish::channel(slug), name }),
            _ => (actor, Command::OpenDirect { names: self.names() }),
        }
    }

    fn post(&mut self, actor: Actor) -> Command {
        let channel = self.channel(actor);
        let text = self.text();
        let reply_to = if self.prng.percent(30) { self.message_near(&channel) } else { None };
        Command::PostMessage(PostWish { reply_to, ..PostWish::text(channel, text) })
    }

    fn message_step(&mut self, actor: Actor) -> (Actor, Command) {
        let Some(target) = self.message() else { return (actor, self.post(actor)) };
        let message = target.id;
        let sender = if self.prng.percent(90) { self.session_of(target.sender) } else { None };
        match self.prng.below(28) {
            0..=8 => {
                let text = self.text();
                (sender.unwrap_or(actor), Command::EditMessage { message, text })
            }
            9..=12 => (sender.unwrap_or(actor), Command::DeleteMessage { message }),
            _ => {
                let reaction = self.prng.pick(&REACTIONS).expect("there are some").to_owned();
                let on = [None, None, Some(true), Some(false)][self.prng.below(4)];
                (actor, Command::React { message, reaction, on })
            }
        }
    }

    fn mark_read(&mut self, actor: Actor) -> Command {
        let channel = self.channel(actor);
        let up_to = if self.prng.percent(50) { self.message_near(&channel) } else { None };
        Command::MarkRead { channel, up_to }
    }

    /// A public channel, a direct one of the actor's, or (seldom) one among anybody.
    fn channel(&mut self, actor: Actor) -> ChannelName {
        let workspace = &self.history.story.workspace;
        let own: Vec<_> = match actor {
            Actor::User { user, .. } => workspace.users[&user]
                .directs
                .iter()
                .map(|id| workspace.channel_name(*id))
                .collect(),
            Actor::System | Actor::Anonymous => Vec::new(),
        };
        let mut public: Vec<_> = workspace.slugs.keys().map(ToString::to_string).collect();
        public.sort_unstable();
        let name = match self.prng.below(10) {
            0..=5 => self.prng.pick(&public),
            6..=8 => self.prng.pick(&own),
            _ => {
                let mut names = self.names();
                names.extend(self.name_of(actor));
                let names: Vec<_> = names.iter().map(UserName::as_str).collect();
                Some(format!("dm:{}", names.join(":")))
            }
        };
        let name = name.and_then(|name| ChannelName::parse(&name).ok());
        name.unwrap_or_else(|| ChannelName::parse(SLUGS[0]).expect("the stage has valid slugs"))
    }

    fn password_set(&self, actor: Actor) -> Option<Seq> {
        let Actor::User { user, .. } = actor else { return None };
        self.history.story.workspace.users.get(&user).map(|user| user.password_set)
    }

    fn sign_up(&mut self, name: &str) -> Command {
        let number = self.number();
        Command::SignUp {
            name: UserName::parse(name).expect("the cast has valid names"),
            password_hash: PasswordHash(format!("$fake$password {number}")),
            token_hash: token_hash(number),
            invite: None,
        }
    }

    /// One to three of the cast, whether they have an account or not.
    fn names(&mut self) -> Vec<UserName> {
        let count = 1 + self.prng.below(3);
        let arrived = CAST.len().min(self.history.story.workspace.users.len() + 1);
        let name = |prng: &mut Prng| UserName::parse(CAST[prng.below(arrived)]);
        (0..count).filter_map(|_| name(&mut self.prng).ok()).collect()
    }

    fn name_of(&mut self, actor: Actor) -> Option<UserName> {
        let Actor::User { user, .. } = actor else { return None };
        let is_forgotten = self.prng.percent(10);
        let account = self.history.story.workspace.users.get(&user)?;
        (!is_forgotten).then(|| account.name.clone())
    }

    fn text(&mut self) -> String {
        let count = 1 + self.prng.below(4);
        let words: Vec<_> = (0..count).filter_map(|_| self.prng.pick(&WORDS)).collect();
        words.join(" ")
    }

    /// One of the last thirty messages.
    fn message(&mut self) -> Option<Message> {
        let recent: Vec<_> = self.history.story.messages.values().rev().take(30).cloned().collect();
        self.prng.pick(&recent)
    }

    /// Mostly one of the last messages of this channel.
    fn message_near(&mut self, channel: &ChannelName) -> Option<Seq> {
        if self.prng.percent(10) {
            return self.message().map(|found| found.id);
        }
        let channel = self.history.story.workspace.find_channel(channel)?;
        let messages = self.history.story.messages.values().rev();
        let near: Vec<_> =
            messages.filter(|m| m.channel == channel).map(|m| m.id).take(10).collect();
        self.prng.pick(&near)
    }

    fn user(&mut self) -> UserId {
        let users: Vec<_> = self.history.story.workspace.users.keys().copied().collect();
        self.prng.pick(&users).expect("the prologue signs people up")
    }

    /// Mostly somebody whose session holds.
    fn someone(&mut self) -> Actor {
        let current: Vec<_> = self.current_sessions();
        let ended = if self.prng.percent(3) { self.prng.pick(&self.actors.clone()) } else { None };
        ended.or_else(|| self.prng.pick(&current)).unwrap_or(Actor::Anonymous)
    }

    fn session_of(&mut self, sender: UserId) -> Option<Actor> {
        let current = self.current_sessions();
        current
            .into_iter()
            .find(|actor| matches!(actor, Actor::User { user, .. } if *user == sender))
    }

    fn current_sessions(&self) -> Vec<Actor> {
        let Story { workspace, now, .. } = &self.history.story;
        let current = workspace.sessions.iter().filter(|(_, open)| !open.has_expired(*now));
        current.map(|(id, open)| Actor::User { user: open.user, session: *id }).collect()
    }

    /// Another one at every step.
    fn number(&self) -> u64 {
        self.history.steps.len() as u64
    }
}
