//! Who is connected, and how far they have been told.
//!
//! Neighbours: `mod` registers and views, `fan_out` pushes.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;
use chat::ids::SessionId;
use chat::{Audience, UserId};

use super::fan_out::Segment;
use super::presence_rounds::PresenceRounds;
use super::subscriber::Subscriber;
use super::{ConnectError, Cursor, frame};

/// Streams of one user: a dozen tabs and devices. One more is refused with 429.
pub(super) const STREAMS_PER_USER_MAX: usize = 12;

/// Every subscriber, and the place in the log that all of them were told.
///
/// Invariant: a subscriber that is in here has, or has waiting for it, every event after its `from` up to `announced`
/// that it may see. Registering and telling happen under the same lock, so none falls between.
pub(super) struct Registry {
    subscribers: HashMap<UserId, Vec<Arc<Subscriber>>>,
    pub(super) announced: Cursor,
    pub(super) presence_rounds: PresenceRounds,
    is_closing: bool,
}

impl Registry {
    pub(super) fn new(announced: Cursor) -> Registry {
        let presence_rounds = PresenceRounds::new(announced.seq);
        Registry { subscribers: HashMap::new(), announced, presence_rounds, is_closing: false }
    }

    /// Adds a stream.
    pub(super) fn add(&mut self, subscriber: Arc<Subscriber>) -> Result<(), ConnectError> {
        if self.is_closing {
            return Err(ConnectError::Closing);
        }
        let streams = self.subscribers.entry(subscriber.user).or_default();
        if streams.len() >= STREAMS_PER_USER_MAX {
            return Err(ConnectError::TooManyStreams { streams_max: STREAMS_PER_USER_MAX });
        }
        streams.push(subscriber);
        Ok(())
    }

    /// Takes a stream out.
    pub(super) fn remove(&mut self, user: UserId, stream: u64) {
        if let Some(streams) = self.subscribers.get_mut(&user) {
            streams.retain(|subscriber| subscriber.stream != stream);
            if streams.is_empty() {
                self.subscribers.remove(&user);
            }
        }
    }

    /// The streams of one user.
    pub(super) fn of(&self, user: UserId) -> &[Arc<Subscriber>] {
        self.subscribers.get(&user).map_or(&[], Vec::as_slice)
    }

    /// How many people are connected.
    pub(super) fn people(&self) -> usize {
        self.subscribers.len()
    }

    /// The streams of an audience.
    pub(super) fn among<'a>(
        &'a self,
        audience: &'a Audience,
    ) -> Box<dyn Iterator<Item = &'a Arc<Subscriber>> + 'a> {
        match audience {
            Audience::Everyone => Box::new(self.subscribers.values().flatten()),
            Audience::Users(users) => Box::new(users.iter().flat_map(|user| self.of(*user))),
            Audience::Nobody => Box::new(std::iter::empty()),
        }
    }

    /// Tells a run of events to those who may see it; `wakers` are to be woken when the round is over.
    pub(super) fn tell(&self, segment: &Segment, wakers: &mut Vec<Waker>) {
        for subscriber in self.among(&segment.audience) {
            if let Some((bytes, events)) = segment.after(subscriber.from) {
                wakers.extend(subscriber.push(bytes, events));
            }
        }
    }

    /// Tells a signal to everybody.
    pub(super) fn tell_all(&self, frame: &Bytes, wakers: &mut Vec<Waker>) {
        for subscriber in self.among(&Audience::Everyone) {
            wakers.extend(subscriber.push(frame.clone(), 1));
        }
    }

    /// Tells everybody how far all were told, but those who have had more: a page was ahead of the hub, and from an older
    /// cursor they would be told again what was on it.
    pub(super) fn tell_place(&self, wakers: &mut Vec<Waker>) {
        let beat = frame::heartbeat(self.announced);
        let all = self.among(&Audience::Everyone);
        for subscriber in all.filter(|subscriber| subscriber.from <= self.announced.seq) {
            wakers.extend(subscriber.push(beat.clone(), 1));
        }
    }

    /// Ends the streams of a session.
    pub(super) fn end_session(&self, user: UserId, session: SessionId, wakers: &mut Vec<Waker>) {
        let of_session = self.of(user).iter().filter(|stream| stream.session == session);
        wakers.extend(of_session.filter_map(|stream| stream.end()));
    }

    /// Ends every stream and refuses new ones.
    pub(super) fn close(&mut self, wakers: &mut Vec<Waker>) {
        self.is_closing = true;
        let streams = std::mem::take(&mut self.subscribers);
        wakers.extend(streams.values().flatten().filter_map(|stream| stream.end()));
    }
}
