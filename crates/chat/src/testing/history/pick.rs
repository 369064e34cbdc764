//! Whom and what a wish is about: mostly what its actor may name, sometimes not.

use super::{CAST, Narrator, SLUGS, seconds_as_micros};
use crate::audience::may_see;
use crate::command::Actor;
use crate::ids::{ChannelName, Seq, Timestamp, UserId, UserName};
use crate::message::Message;
use crate::testing::prng::Prng;
use crate::testing::story::Story;
use crate::testing::wish;
use crate::workspace::ChannelKind;

const WORDS: [&str; 15] = [
    "hi",
    "ship it",
    "why?",
    "@alice",
    "@BOB",
    "@carol,",
    "@everyone",
    "@here",
    "@devs",
    "@owls",
    "@nobody",
    "a@bob.example",
    "/@alice",
    "grüße 🌊",
    "\n",
];

impl Narrator {
    /// A default channel, one of the actor's, or (seldom) any other, or one among anybody.
    pub(super) fn channel(&mut self, actor: Actor) -> ChannelName {
        let workspace = &self.history.story.workspace;
        let named = |id: &_| workspace.channel_name(*id);
        let own: Vec<_> = match actor {
            Actor::User { user, .. } => {
                let account = &workspace.users[&user];
                account.joined.iter().chain(&account.directs).map(named).collect()
            }
            Actor::System | Actor::Anonymous => Vec::new(),
        };
        let ids = workspace.channels.keys();
        let default: Vec<_> =
            ids.filter(|id| workspace.channel(**id).is_default()).map(named).collect();
        let is_direct = |kind: &ChannelKind| matches!(kind, ChannelKind::Direct { .. });
        let listed = workspace.channels.iter().filter(|(_, channel)| !is_direct(&channel.kind));
        let listed: Vec<_> = listed.map(|(id, _)| named(id)).collect();
        let name = match self.prng.below(20) {
            0..=7 => self.prng.pick(&default),
            8..=17 => self.prng.pick(&own),
            18 => self.prng.pick(&listed),
            _ => return self.direct(actor),
        };
        wish::channel(name.as_deref().unwrap_or(SLUGS[0]))
    }

    /// A direct channel among the cast, mostly with the actor.
    pub(super) fn direct(&mut self, actor: Actor) -> ChannelName {
        let mut names = self.names();
        names.extend(self.name_of(actor));
        let names: Vec<_> = names.iter().map(UserName::as_str).collect();
        wish::channel(&format!("dm:{}", names.join(":")))
    }

    /// One to three of the cast, whether they have an account or not.
    pub(super) fn names(&mut self) -> Vec<UserName> {
        let count = 1 + self.prng.below(3);
        let arrived = CAST.len().min(self.history.story.workspace.users.len() + 1);
        let name = |prng: &mut Prng| wish::name(CAST[prng.below(arrived)]);
        (0..count).map(|_| name(&mut self.prng)).collect()
    }

    fn name_of(&mut self, actor: Actor) -> Option<UserName> {
        let Actor::User { user, .. } = actor else { return None };
        let is_forgotten = self.prng.percent(10);
        let account = self.history.story.workspace.users.get(&user)?;
        (!is_forgotten).then(|| account.name.clone())
    }

    pub(super) fn text(&mut self) -> String {
        let count = 1 + self.prng.below(4);
        let words: Vec<_> = (0..count).filter_map(|_| self.prng.pick(&WORDS)).collect();
        words.join(" ")
    }

    /// A time to come within ten minutes.
    pub(super) fn soon(&mut self) -> Timestamp {
        self.history.story.now.plus_micros(seconds_as_micros(1 + self.prng.below(600)))
    }

    /// One of the last thirty messages.
    pub(super) fn message(&mut self) -> Option<Message> {
        let recent: Vec<_> = self.history.story.messages.values().rev().take(30).cloned().collect();
        self.prng.pick(&recent)
    }

    /// Of the last sixty messages, those that the actor may see and that are not deleted; newest first.
    pub(super) fn visible_to(&self, actor: Actor) -> Vec<Message> {
        let Story { workspace, messages, .. } = &self.history.story;
        let Actor::User { user, .. } = actor else { return Vec::new() };
        let recent = messages.values().rev().take(60).filter(|message| !message.deleted);
        let seen = recent.filter(|it| may_see(user, it.channel, it.id, workspace));
        seen.cloned().collect()
    }

    /// Mostly a message that the actor may see.
    pub(super) fn message_of(&mut self, actor: Actor) -> Option<Seq> {
        if self.prng.percent(8) {
            return self.message().map(|found| found.id);
        }
        let seen = self.visible_to(actor);
        self.prng.pick(&seen).map(|found| found.id)
    }

    /// Mostly one of the last messages of this channel.
    pub(super) fn message_near(&mut self, channel: &ChannelName) -> Option<Seq> {
        if self.prng.percent(10) {
            return self.message().map(|found| found.id);
        }
        let channel = self.history.story.workspace.find_channel(channel)?;
        let messages = self.history.story.messages.values().rev();
        let near: Vec<_> =
            messages.filter(|m| m.channel == channel).map(|m| m.id).take(10).collect();
        self.prng.pick(&near)
    }

    pub(super) fn user(&mut self) -> UserId {
        let users: Vec<_> = self.history.story.workspace.users.keys().copied().collect();
        self.prng.pick(&users).expect("the prologue signs people up")
    }

    /// Mostly somebody whose session holds.
    pub(super) fn someone(&mut self) -> Actor {
        let current: Vec<_> = self.current_sessions();
        let ended = if self.prng.percent(3) { self.prng.pick(&self.actors.clone()) } else { None };
        ended.or_else(|| self.prng.pick(&current)).unwrap_or(Actor::Anonymous)
    }

    pub(super) fn session_of(&mut self, sender: UserId) -> Option<Actor> {
        let current = self.current_sessions();
        current
            .into_iter()
            .find(|actor| matches!(actor, Actor::User { user, .. } if *user == sender))
    }

    pub(super) fn current_sessions(&self) -> Vec<Actor> {
        let Story { workspace, now, .. } = &self.history.story;
        let current = workspace.sessions.iter().filter(|(_, open)| !open.has_expired(*now));
        current.map(|(id, open)| Actor::User { user: open.user, session: *id }).collect()
    }
}
