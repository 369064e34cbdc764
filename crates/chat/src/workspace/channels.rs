//! What happens to channels and their members.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use super::{Channel, ChannelKind, Pin, ReadMarker, Workspace};
use crate::channel::ChannelChange;
use crate::event::{ChannelOrigin, Event, LoggedEvent};
use crate::ids::{ChannelId, Seq, UserId};
use crate::member::{History, Members, Membership};
use crate::quota::Kind;

impl Workspace {
    pub(super) fn apply_to_channel(&mut self, record: &LoggedEvent, event: &Event) {
        if let Event::ChannelCreated { origin } = event {
            self.add_channel(record, origin);
        } else if let Event::ChannelRenamed { channel, name: new_name } = event {
            let channel = self.channel_mut(*channel);
            if let ChannelKind::Public { name, .. } | ChannelKind::Private { name, .. } =
                &mut channel.kind
            {
                name.clone_from(new_name);
            }
            channel.renamed = record.seq;
        } else if let Event::MembersAdded { channel, users, history } = event {
            for user in users {
                let membership = Membership::new(record.seq, *history);
                self.add_member(*channel, *user, membership, record.actor);
            }
        } else if let Event::MemberRemoved { channel, user } = event {
            self.remove_member(*channel, *user);
        } else if let Event::ChannelChanged { channel, change } = event {
            let before = self.channel(*channel).is_counted();
            let channel = self.channel_mut(*channel);
            match change {
                ChannelChange::Topic(topic) => {
                    channel.topic.clone_from(topic);
                    channel.topic_set = record.seq;
                }
                ChannelChange::Description(text) => {
                    channel.description.clone_from(text);
                    channel.description_set = record.seq;
                }
                ChannelChange::Archived(on) => channel.archived_ts = on.then_some(record.ts),
                ChannelChange::Owner(owner) => channel.owner = *owner,
                ChannelChange::Posters(posters) => channel.posters.clone_from(posters),
            }
            let after = channel.is_counted();
            self.open_channels = self.open_channels - usize::from(before) + usize::from(after);
        } else if let Event::MessagePinned { channel, message, on } = event {
            let pins = &mut self.channel_mut(*channel).pins;
            if *on {
                pins.insert(*message, Pin { by: record.actor, ts: record.ts });
            } else {
                pins.remove(message);
            }
        } else if let Event::ChannelRead { channel, up_to, up_to_ts } = event {
            let marker = ReadMarker { up_to: *up_to, ts: *up_to_ts };
            self.channel_mut(*channel).markers.insert(record.actor, marker);
        }
    }

    fn add_channel(&mut self, record: &LoggedEvent, origin: &ChannelOrigin) {
        let id = ChannelId(record.seq);
        let founder = (record.actor != UserId::SYSTEM).then_some(record.actor);
        let (kind, founders, owner) = match origin {
            ChannelOrigin::Public { slug, name, is_default } => {
                self.slugs.insert(slug.clone(), id);
                let founders = (!is_default).then(|| founder.into_iter().collect());
                let kind = ChannelKind::Public { slug: slug.clone(), name: name.clone() };
                (kind, founders, founder)
            }
            ChannelOrigin::Direct { members } => {
                self.direct_ids.insert(members.clone(), id);
                (ChannelKind::Direct { members: members.clone() }, Some(members.clone()), None)
            }
            ChannelOrigin::Private { name, members } => {
                let kind = ChannelKind::Private { name: name.clone() };
                (kind, Some(members.clone()), founder)
            }
        };
        let members = match &founders {
            None => Members::Everyone,
            Some(_) => Members::Listed(OrdMap::new()),
        };
        let channel = Channel {
            kind,
            members,
            owner,
            topic: String::new(),
            description: String::new(),
            renamed: Seq::ZERO,
            topic_set: Seq::ZERO,
            description_set: Seq::ZERO,
            archived_ts: None,
            posters: None,
            created_ts: record.ts,
            newest: None,
            newest_ts: None,
            markers: OrdMap::new(),
            pins: OrdMap::new(),
            watchers: OrdSet::new(),
        };
        self.open_channels += usize::from(channel.is_counted());
        self.channels.insert(id, Arc::new(channel));
        self.note_made(record, origin);
        let is_direct = matches!(origin, ChannelOrigin::Direct { .. });
        for member in founders.into_iter().flat_map(BTreeSet::into_iter) {
            let membership = Membership::new(record.seq, History::FromStart);
            self.add_member(id, member, membership, record.actor);
            // The others hear of it with the first message.
            if is_direct && member != record.actor {
                self.personal_mut(member).hidden.insert(id, record.seq);
            }
        }
    }

    fn note_made(&mut self, record: &LoggedEvent, origin: &ChannelOrigin) {
        let kind = match origin {
            ChannelOrigin::Public { .. } => Kind::Public,
            ChannelOrigin::Private { .. } => Kind::Private,
            ChannelOrigin::Direct { members } if members.len() > 2 => Kind::Direct,
            ChannelOrigin::Direct { .. } => return,
        };
        if record.actor != UserId::SYSTEM {
            Arc::make_mut(&mut self.user_mut(record.actor).made).note(kind, record.ts);
        }
    }

    fn add_member(&mut self, id: ChannelId, user: UserId, membership: Membership, by: UserId) {
        let channel = self.channel_mut(id);
        let is_direct = matches!(channel.kind, ChannelKind::Direct { .. });
        let is_of_two =
            matches!(&channel.kind, ChannelKind::Direct { members } if members.len() < 3);
        if let Members::Listed(members) = &mut channel.members {
            members.insert(user, membership);
            let account = self.user_mut(user);
            let own = if is_direct { &mut account.directs } else { &mut account.joined };
            own.insert(id);
            if by != user && !is_of_two {
                account.put_into.insert(id);
            }
        }
    }

    /// Whoever comes back begins anew: nothing is left of what they had read, of what notified them, and of what they had
    /// in mind to say.
    fn remove_member(&mut self, id: ChannelId, user: UserId) {
        let channel = self.channel_mut(id);
        if let Members::Listed(members) = &mut channel.members {
            members.remove(&user);
            channel.markers.remove(&user);
            channel.watchers.remove(&user);
            if let Some(posters) = &mut channel.posters {
                posters.remove(&user);
            }
            if channel.owner == Some(user) {
                channel.owner = None;
            }
            let account = self.user_mut(user);
            account.joined.remove(&id);
            account.put_into.remove(&id);
            self.forget_plans(user, id);
        }
    }
}
