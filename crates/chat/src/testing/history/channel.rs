//! Channels of all kinds: creating and changing them, coming and going.

use super::{Narrator, SLUGS};
use crate::command::{Actor, ChannelWish, Command};
use crate::ids::{ChannelName, UserName};
use crate::member::History;
use crate::testing::wish;
use crate::workspace::ChannelKind;

impl Narrator {
    pub(super) fn channel_step(&mut self, actor: Actor) -> (Actor, Command) {
        let slug = self.prng.pick(&SLUGS).expect("there is a stage");
        let name = format!("Channel {}", self.number());
        let command = match self.prng.below(20) {
            0 => return (Actor::System, wish::create_channel(slug, true)),
            1 => wish::create_channel(slug, self.prng.percent(30)),
            2..=3 => {
                let topic = if self.prng.percent(50) { self.text() } else { String::new() };
                Command::CreatePrivateChannel { name, topic, members: self.present() }
            }
            4 => Command::RenameChannel { channel: self.listed(actor), name },
            5..=8 => self.change_channel(actor),
            9..=10 => Command::JoinChannel { channel: wish::channel(slug) },
            11..=12 => Command::LeaveChannel { channel: self.listed(actor) },
            13..=16 => {
                let history =
                    if self.prng.percent(50) { History::FromStart } else { History::FromJoin };
                Command::AddMembers { channel: self.listed(actor), names: self.present(), history }
            }
            17 => {
                let channel = self.listed(actor);
                Command::RemoveMember { name: self.member(&channel), channel }
            }
            _ => Command::OpenDirect { names: self.names() },
        };
        (actor, command)
    }

    fn change_channel(&mut self, actor: Actor) -> Command {
        let channel = self.listed(actor);
        let found = self.history.story.workspace.find_channel(&channel);
        let is_archived =
            found.is_some_and(|id| self.history.story.workspace.channel(id).archived_ts.is_some());
        let change = match self.prng.below(9) {
            _ if is_archived && self.prng.percent(80) => ChannelWish::Archived(false),
            0..=1 => ChannelWish::Topic(self.text()),
            2 => ChannelWish::Description(self.text()),
            3 => ChannelWish::Archived(true),
            4 => ChannelWish::Posters(Some(vec![self.member(&channel)])),
            5..=6 => ChannelWish::Posters(None),
            _ => ChannelWish::Owner(self.member(&channel)),
        };
        Command::ChangeChannel { channel, change }
    }

    /// Mostly a channel that the actor is in and that is no direct one, mostly a private one.
    fn listed(&mut self, actor: Actor) -> ChannelName {
        let workspace = &self.history.story.workspace;
        let joined = match actor {
            Actor::User { user, .. } => workspace.users[&user].joined.clone(),
            Actor::System | Actor::Anonymous => imbl::OrdSet::new(),
        };
        let is_private = |kind: &ChannelKind| matches!(kind, ChannelKind::Private { .. });
        let private = joined.iter().filter(|id| is_private(&workspace.channel(**id).kind));
        let private: Vec<_> = private.map(|id| workspace.channel_name(*id)).collect();
        let joined: Vec<_> = joined.iter().map(|id| workspace.channel_name(*id)).collect();
        let name = match self.prng.below(10) {
            0..=4 => self.prng.pick(&private),
            5..=7 => self.prng.pick(&joined),
            _ => None,
        };
        name.map_or_else(|| self.channel(actor), |name| wish::channel(&name))
    }

    /// Mostly a member of this channel.
    fn member(&mut self, channel: &ChannelName) -> UserName {
        let workspace = &self.history.story.workspace;
        let members = workspace.find_channel(channel).map(|id| workspace.member_ids(id));
        let member = self.prng.pick(&members.unwrap_or_default());
        let member = member.filter(|_| self.prng.percent(90)).unwrap_or_else(|| self.user());
        self.history.story.workspace.users[&member].name.clone()
    }

    /// One to three people, mostly with an account.
    fn present(&mut self) -> Vec<UserName> {
        if self.prng.percent(5) {
            return self.names();
        }
        let count = 1 + self.prng.below(3);
        let users: Vec<_> = (0..count).map(|_| self.user()).collect();
        users.iter().map(|user| self.history.story.workspace.users[user].name.clone()).collect()
    }
}
