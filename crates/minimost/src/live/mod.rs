//! The hub: who is connected, and how an event reaches every screen that may see it.
//!
//! Promises: a stream gets every event after its cursor that its user may see, once and in order, or it ends; nobody
//! waits for a slow screen; an event is serialised once, whoever sees it.
//! Deliberately absent: what an event means (`chat`), who asks (`api/stream.rs`), rows (`projection`).
//!
//! Flow: `write` announces a commit; `recent` keeps it for who comes back; `fan_out` makes frames of it; `registry` knows
//! the subscribers; each has a queue (`subscriber`) that its `outbox` empties into the socket. `presence` holds what
//! passes: signals.

mod backfill;
mod cursor;
mod fan_out;
mod frame;
mod markers;
mod notify;
pub mod outbox;
mod presence;
mod presence_rounds;
mod recent;
mod registry;
mod run;
mod shown;
mod spot;
mod subscriber;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bytes::Bytes;
use chat::ids::SessionId;
use chat::signal::{PresenceOverride, PresenceState, Signal};
use chat::{Place, Seq, Timestamp, UserId, Workspace};
use eventlog::Epoch;
use tokio::sync::{Notify, mpsc, watch};

pub use self::cursor::Cursor;
use self::outbox::Outbox;
use self::presence::Presence;
pub use self::presence::Said;
use self::recent::RecentEvents;
use self::registry::Registry;
use self::spot::{Spot, Spots};
use crate::clock::Clock;
use crate::published::{ActivePeople, Announcement, PublishedWorkspace};
use crate::waiting_signals::WaitingSignals;

/// Who connects, and from where.
#[derive(Clone, Debug)]
pub struct Connect {
    pub user: UserId,
    pub session: SessionId,
    /// `None`: from the head.
    pub cursor: Option<Cursor>,
    /// What is open on the screen.
    pub place: Option<Place>,
}

/// Why there is no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    #[error("too many streams are open for this account, at most {streams_max}")]
    TooManyStreams { streams_max: usize },
    #[error("the server is shutting down")]
    Closing,
}

/// The hub's handle; clones share it.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

/// What the hub's task, its handles and the streams share.
///
/// The locks of `registry`, `recent` and `presence` are held for one round over the streams at most, never across an await,
/// and never one inside the other. The one of [`ActivePeople`] is taken inside that of `presence`, for a look or a note, and
/// that of `presence` inside the one of `whole_presence`.
struct Shared {
    log: eventlog::Log,
    epoch: Epoch,
    published: PublishedWorkspace,
    clock: Clock,
    signals: WaitingSignals,
    /// Told to `registry` only after it is in here.
    recent: Mutex<RecentEvents>,
    /// How far `recent` has come, from the time on at which it has what was before; at the end as far as there is, so that
    /// nobody waits for more.
    heard: watch::Sender<Seq>,
    registry: Mutex<Registry>,
    presence: Mutex<Presence>,
    /// The frame that says everybody's presence, of the last round for which one was needed.
    whole_presence: Mutex<Option<(u64, Bytes)>>,
    spots: Spots,
    last_stream: AtomicU64,
    closing: Notify,
}

impl Hub {
    /// Makes a hub; signals worth keeping go to `signals`.
    pub fn new(
        log: eventlog::Log,
        published: PublishedWorkspace,
        clock: Clock,
        signals: WaitingSignals,
        active: ActivePeople,
    ) -> Hub {
        let told = Cursor::at_head(log.epoch(), &published.now());
        let recent = Mutex::new(RecentEvents::new(told.seq));
        let registry = Mutex::new(Registry::new(told));
        let shared = Shared {
            epoch: log.epoch(),
            log,
            published,
            clock,
            signals,
            recent,
            heard: watch::Sender::new(Seq::ZERO),
            registry,
            presence: Mutex::new(Presence::new(active)),
            whole_presence: Mutex::default(),
            spots: Spots::default(),
            last_stream: AtomicU64::new(0),
            closing: Notify::new(),
        };
        Hub { shared: Arc::new(shared) }
    }

    /// Tells every commit to every screen until the announcements end or `close` is called; `boot` owns the task.
    pub async fn run(self, announcements: mpsc::Receiver<Announcement>) {
        run::run(&self.shared, announcements).await;
        self.close();
    }

    /// Opens a stream of Server-Sent Events.
    pub fn connect(&self, connect: &Connect) -> Result<Outbox, ConnectError> {
        Outbox::open(&self.shared, connect)
    }

    /// Says all that is open on the screens of a stream; false when the user has no such stream.
    ///
    /// A place where the user may not read counts as none.
    pub fn view<'a>(
        &self,
        user: UserId,
        stream: &str,
        places: impl IntoIterator<Item = &'a Place>,
    ) -> bool {
        let spots = self.shared.spots(user, places, &self.shared.published.now());
        let registry = self.shared.registry();
        let stream = registry.of(user).iter().find(|open| open.name() == stream);
        stream.map(|open| open.view(spots)).is_some()
    }

    /// A key was pressed; tells the others who have the place open. Means nothing where the user may not read.
    pub fn typing(&self, user: UserId, place: impl Into<Place>) {
        let (place, workspace) = (place.into(), self.shared.published.now());
        if !place.is_readable_by(user, &workspace) {
            return;
        }
        let at = self.shared.clock.now();
        let spot = self.shared.spots.of(&place, &workspace);
        if self.shared.presence().typed(user, spot, at) {
            let frame = frame::typing(&place, user, &workspace);
            self.shared
                .tell_viewers(&place, &workspace, |viewer| (viewer != user).then(|| frame.clone()));
        }
        self.shared.signal(Signal::Typing { user, place, at });
    }

    /// Who typed in the place within 5 s, without `except`.
    pub fn typing_in(&self, place: impl Into<Place>, except: UserId) -> Vec<UserId> {
        let (place, workspace) = (place.into(), self.shared.published.now());
        let spot = self.shared.spots.of(&place, &workspace);
        let mut typists = self.shared.presence().typing_in(spot, except, self.shared.clock.now());
        typists.retain(|user| place.is_readable_by(*user, &workspace));
        typists
    }

    /// A sign of life, and a change of state.
    ///
    /// With `said`, what is late is left out.
    pub fn update_presence(&self, user: UserId, state: PresenceState, said: Option<Said>) {
        let at = self.shared.clock.now();
        if self.shared.presence().update(user, state, said, at) {
            self.shared.signal(Signal::Presence { user, state, at });
        }
    }

    /// Sets or clears the manual override.
    pub fn set_override(&self, user: UserId, value: Option<PresenceOverride>) {
        let at = self.shared.clock.now();
        self.shared.signal(Signal::Override { user, value, at });
        self.shared.presence().set_override(user, value, at);
    }

    /// The manual override.
    pub fn override_of(&self, user: UserId) -> Option<PresenceOverride> {
        self.shared.presence().override_of(user)
    }

    /// Everybody seen within the hour, as they appear.
    pub fn online(&self) -> BTreeMap<UserId, PresenceState> {
        self.shared.presence().online(self.shared.clock.now())
    }

    /// How many rounds of changes of presence have been told. What [`Hub::online`] says in one round leaves out what the
    /// next ones tell, to all streams that continue from a cursor of that time or a later one.
    pub fn presence_round(&self) -> u64 {
        self.shared.registry().presence_rounds.count()
    }

    /// When each person last gave a sign of life, if that is known.
    pub fn last_seen(&self) -> HashMap<UserId, Timestamp> {
        self.shared.presence().last_seen().clone()
    }

    /// Takes over when people gave their last sign of life before the server started.
    pub fn remember_last_seen(&self, seen: Vec<(UserId, Timestamp)>) {
        self.shared.presence().remember_last_seen(seen);
    }

    /// Whether the user has a live stream: mailboxes of connected people are swept sooner.
    pub fn is_connected(&self, user: UserId) -> bool {
        !self.shared.registry().of(user).is_empty()
    }

    /// Ends every stream and refuses new ones.
    pub fn close(&self) {
        let mut wakers = Vec::new();
        self.shared.registry().close(&mut wakers);
        wake(wakers);
        self.shared.heard.send_replace(Seq(u64::MAX));
        self.shared.closing.notify_one();
    }
}

impl Shared {
    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recent(&self) -> MutexGuard<'_, RecentEvents> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn presence(&self) -> MutexGuard<'_, Presence> {
        self.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The frame that says everybody's presence, made once a round.
    fn whole_presence(&self) -> Bytes {
        let round = self.registry().presence_rounds.count();
        let mut whole = self.whole_presence.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, frame)) = &*whole
            && *of == round
        {
            return frame.clone();
        }
        let online = self.presence().online(self.clock.now());
        let frame = frame::whole_presence(online.into_iter(), &self.published.now());
        *whole = Some((round, frame.clone()));
        frame
    }

    /// Tells presence.db.
    fn signal(&self, signal: Signal) {
        self.signals.note(signal);
    }

    /// The spots of those places that `user` may look at.
    fn spots<'a>(
        &self,
        user: UserId,
        places: impl IntoIterator<Item = &'a Place>,
        workspace: &Workspace,
    ) -> Box<[Spot]> {
        let readable = places.into_iter().filter(|place| place.is_readable_by(user, workspace));
        readable.map(|place| self.spots.of(place, workspace)).collect()
    }

    /// Tells those who have the place open and may read there.
    fn tell_viewers(
        &self,
        place: &Place,
        workspace: &Workspace,
        mut frame_for: impl FnMut(UserId) -> Option<Bytes>,
    ) {
        let (may_see, spot) = (place.audience(workspace), self.spots.of(place, workspace));
        let registry = self.registry();
        let viewers = registry.among(&may_see).filter(|open| open.views(spot)).cloned();
        let viewers: Vec<_> = viewers.collect();
        // What is told may take long to write, and everybody else waits for this lock.
        drop(registry);
        let told = viewers.iter().filter_map(|viewer| viewer.push(frame_for(viewer.user)?, 1));
        wake(told.collect::<Vec<_>>());
    }
}

/// Wakes the streams of a round, after its lock is released: what wakes wants the same locks.
fn wake(wakers: impl IntoIterator<Item = Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}

#[cfg(test)]
mod tests;
