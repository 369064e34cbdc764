//! What each event makes of the workspace.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use super::{Channel, ChannelKind, ReadMarker, Session, User, Workspace};
use crate::event::{Body, ChannelOrigin, Event, EventKind, LoggedEvent};
use crate::ids::{ChannelId, PasswordHash, Seq, SessionId, UserId, UserName};

impl Workspace {
    /// Folds one event. Redacted bodies change only what their envelope says.
    ///
    /// # Panics
    ///
    /// When `record.seq` is not after `head`: the log would have gone backwards.
    pub fn apply(&mut self, record: &LoggedEvent) {
        assert!(record.seq > self.head, "record {} is not after head {}", record.seq, self.head);
        self.head = record.seq;
        self.last_ts = record.ts;
        match &record.body {
            Body::Present(event) => self.apply_event(record, event),
            Body::Redacted { .. } => self.apply_envelope(record),
        }
    }

    fn apply_event(&mut self, record: &LoggedEvent, event: &Event) {
        match event {
            Event::AccountCreated { name, is_admin } => self.add_user(record, name, *is_admin),
            Event::PasswordSet { user, password_hash } => {
                let user = self.user_mut(*user);
                user.password_hash = password_hash.clone();
                user.password_set = record.seq;
            }
            Event::AccountLocked { user, until } => {
                self.user_mut(*user).locked_until = Some(*until);
            }
            Event::SessionOpened { user, token_hash } => {
                let id = SessionId(record.seq);
                let token_hash = token_hash.clone();
                let session = Session { user: *user, token_hash, opened_ts: record.ts };
                self.user_mut(*user).sessions.insert(id);
                self.session_ids.insert(session.token_hash.clone(), id);
                self.sessions.insert(id, session);
            }
            Event::SessionClosed { session, .. } => self.close_session(*session),
            Event::ChannelCreated { origin } => self.add_channel(record, origin),
            Event::ChannelRenamed { channel, name: new_name } => {
                if let ChannelKind::Public { name, .. } = &mut self.channel_mut(*channel).kind {
                    name.clone_from(new_name);
                }
            }
            Event::MessagePosted { channel, .. } => self.move_newest(*channel, record),
            Event::MessageEdited { .. }
            | Event::MessageDeleted { .. }
            | Event::MessageReacted { .. } => {}
            Event::ChannelRead { channel, up_to, up_to_ts } => {
                let marker = ReadMarker { up_to: *up_to, ts: *up_to_ts };
                self.channel_mut(*channel).markers.insert(record.actor, marker);
            }
        }
    }

    fn apply_envelope(&mut self, record: &LoggedEvent) {
        match record.kind {
            EventKind::MessagePosted => {
                let channel = record.channel.expect("a message_posted record names its channel");
                self.move_newest(channel, record);
            }
            EventKind::SessionClosed => {
                let session = record.target.expect("a session_closed record names its session");
                self.close_session(SessionId(session));
            }
            EventKind::AccountCreated
            | EventKind::PasswordSet
            | EventKind::AccountLocked
            | EventKind::SessionOpened
            | EventKind::ChannelCreated
            | EventKind::ChannelRenamed
            | EventKind::MessageEdited
            | EventKind::MessageDeleted
            | EventKind::MessageReacted
            | EventKind::ChannelRead => {}
        }
    }

    fn add_user(&mut self, record: &LoggedEvent, name: &UserName, is_admin: bool) {
        let id = UserId(record.seq);
        let user = User {
            name: name.clone(),
            is_admin,
            created_ts: record.ts,
            password_hash: PasswordHash::default(),
            password_set: Seq::ZERO,
            locked_until: None,
            sessions: OrdSet::new(),
            directs: OrdSet::new(),
        };
        self.user_ids.insert(name.folded(), id);
        self.users.insert(id, user);
    }

    fn add_channel(&mut self, record: &LoggedEvent, origin: &ChannelOrigin) {
        let id = ChannelId(record.seq);
        let kind = match origin {
            ChannelOrigin::Public { slug, name } => {
                self.slugs.insert(slug.clone(), id);
                ChannelKind::Public { slug: slug.clone(), name: name.clone() }
            }
            ChannelOrigin::Direct { members } => {
                for member in members {
                    self.user_mut(*member).directs.insert(id);
                }
                self.direct_ids.insert(members.clone(), id);
                ChannelKind::Direct { members: members.clone() }
            }
        };
        let channel = Channel {
            kind,
            created_ts: record.ts,
            newest: None,
            newest_ts: None,
            markers: OrdMap::new(),
        };
        self.channels.insert(id, Arc::new(channel));
    }

    fn move_newest(&mut self, channel: ChannelId, record: &LoggedEvent) {
        let channel = self.channel_mut(channel);
        channel.newest = Some(record.seq);
        channel.newest_ts = Some(record.ts);
    }

    fn close_session(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.remove(&id) {
            self.session_ids.remove(&session.token_hash);
            self.user_mut(session.user).sessions.remove(&id);
        }
    }

    fn user_mut(&mut self, user: UserId) -> &mut User {
        self.users.get_mut(&user).expect("an event names only users whose account was created")
    }

    fn channel_mut(&mut self, channel: ChannelId) -> &mut Channel {
        let channel = self.channels.get_mut(&channel);
        Arc::make_mut(channel.expect("an event names only channels that were created"))
    }
}
