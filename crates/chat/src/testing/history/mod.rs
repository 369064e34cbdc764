//! Random histories: what people do, and sometimes may not do, in an order that follows from a seed.
//!
//! Neighbours: each file beside this one makes up the wishes of some nouns; `pick` chooses whom and what they are about.

mod account;
mod channel;
mod house;
mod later;
mod message;
mod person;
mod pick;
mod reading;

use super::prng::Prng;
use super::story::{Batch, Story};
use crate::command::{Actor, Command};
use crate::event::EventKind;
use crate::ids::{ClientMsgId, SessionId};
use crate::rejection::Rejection;
use crate::testing::wish;

const CAST: [&str; 8] = ["alice", "bob", "mallory", "carol", "Dave", "erin", "frank", "grace"];
const SLUGS: [&str; 5] = ["general", "random", "ops", "lunch", "news"];

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
    /// The history of a seed. Beside what a day in a chat brings (posts, threads, polls, edits, deletions, reactions,
    /// pins, markers forth and back, drafts, messages that go out later) people join late, come to channels and leave
    /// them, log in and out, are deactivated and come back, and try what they may not.
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
        self.pass_time();
        if let Some(command) = self.due().filter(|_| self.prng.percent(70)) {
            return self.tell(Actor::System, command);
        }
        let actor = self.someone();
        let (actor, command) = if actor == Actor::Anonymous && self.prng.percent(80) {
            self.account_step(actor)
        } else {
            match self.prng.below(100) {
                0..=9 => self.account_step(actor),
                10..=15 => self.house_step(),
                16..=25 => self.channel_step(actor),
                26..=58 => (actor, self.post(actor)),
                59..=77 => self.message_step(actor),
                78..=86 => (actor, self.read(actor)),
                87..=93 => (actor, self.later(actor)),
                _ => (actor, self.person_step(actor)),
            }
        };
        self.tell(actor, command);
    }

    /// Mostly less than a minute; seldom so long that sessions expire. Meanwhile people come and go.
    fn pass_time(&mut self) {
        let seconds = match self.prng.below(1000) {
            0 => 20 * 24 * 3_600,
            1..=299 => 0,
            _ => self.prng.below(60),
        };
        let story = &mut self.history.story;
        story.now = story.now.plus_micros(seconds_as_micros(seconds));
        if self.prng.percent(10) {
            let users: Vec<_> = story.workspace.users.keys().copied().collect();
            story.active = users.into_iter().filter(|_| self.prng.percent(40)).collect();
        }
    }

    fn tell(&mut self, actor: Actor, command: Command) {
        let chance = if matches!(command, Command::PostMessage(_)) { 50 } else { 5 };
        let is_named = matches!(actor, Actor::User { .. }) && self.prng.percent(chance);
        let client_msg_id = is_named.then(|| {
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

    /// Another one at every step.
    fn number(&self) -> u64 {
        self.history.steps.len() as u64
    }
}

fn seconds_as_micros(seconds: usize) -> i64 {
    i64::try_from(seconds).expect("a month fits") * 1_000_000
}
