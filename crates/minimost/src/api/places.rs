//! How much of the server anybody holds at once: connections and bodies by address for visitors, who have shown no valid
//! session, and connections by person for everybody else. One office stands behind one address.
//!
//! A connection is its peer's until it shows a session, and that person's from then on. Behind a proxy the connections
//! are the proxy's and carry everybody in turn: there a place is taken for each request, from its head to the end of its
//! answer, by the address that the proxy names.
//!
//! The tables are as large as what is open: an entry goes with its last place.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chat::UserId;
use tokio::sync::Notify;

use super::problem::BadRequest;
use crate::auth::Network;
use crate::config::Limits;

/// How long a connection waits until another one of its address has ended or shown its session. When everybody comes back
/// at once, this is where they queue; as many wait as are let in.
const WAIT: Duration = Duration::from_secs(3);

/// Who holds what.
pub(super) struct Places {
    visitors: Mutex<HashMap<Network, Visitors>>,
    people: Mutex<HashMap<UserId, usize>>,
    connections_per_address: usize,
    body_bytes_per_address: usize,
    connections_per_person: usize,
    is_behind_proxy: bool,
}

#[derive(Default)]
struct Visitors {
    connections: usize,
    waiting: usize,
    body_bytes: usize,
    freed: Arc<Notify>,
}

/// One connection, as long as it lives.
pub(super) struct Connection {
    pub(super) peer: IpAddr,
    places: Arc<Places>,
    held: Mutex<Held>,
}

/// What is held for a connection, or for a request behind a proxy; free again when dropped.
pub(super) enum Held {
    Nothing,
    Visitor { _place: Counted<Network> },
    Person { _place: Counted<UserId> },
}

pub(super) struct Counted<K: Key> {
    key: K,
    places: Arc<Places>,
}

/// Whose places are counted.
pub(super) trait Key: Copy + Eq + Hash {
    fn leave(self, places: &Places);
}

/// Room for the body of one request; what was taken is free again when the request is answered.
#[derive(Clone, Default)]
pub(super) struct BodyRoom(Option<Arc<Room>>);

struct Room {
    network: Network,
    places: Arc<Places>,
    bytes: AtomicUsize,
}

/// What a request may use until it is answered.
pub(super) struct Turn {
    pub(super) held: Held,
    pub(super) room: BodyRoom,
}

impl Places {
    pub(super) fn new(limits: &Limits, is_behind_proxy: bool) -> Arc<Places> {
        let limit = |number: u32| match number {
            0 => usize::MAX,
            number => usize::try_from(number).unwrap_or(usize::MAX),
        };
        Arc::new(Places {
            visitors: Mutex::default(),
            people: Mutex::default(),
            connections_per_address: limit(limits.connections_per_address),
            body_bytes_per_address: match limits.body_bytes_per_address {
                0 => usize::MAX,
                bytes => bytes,
            },
            connections_per_person: limit(limits.connections_per_person),
            is_behind_proxy,
        })
    }

    /// A new connection; `None` when its address has too many that have shown no session, and goes on to.
    pub(super) async fn enter(self: &Arc<Places>, peer: IpAddr) -> Option<Connection> {
        let held = if self.is_behind_proxy {
            Held::Nothing
        } else {
            Held::Visitor { _place: self.wait_for_visitor(Network::from(peer)).await? }
        };
        Some(Connection { peer, places: Arc::clone(self), held: Mutex::new(held) })
    }

    async fn wait_for_visitor(self: &Arc<Places>, network: Network) -> Option<Counted<Network>> {
        if let Some(place) = self.visitor(network) {
            return Some(place);
        }
        let (_waiting, freed) = Waiting::new(self, network)?;
        let waiting = async {
            loop {
                let freed = freed.notified();
                if let Some(place) = self.visitor(network) {
                    return place;
                }
                freed.await;
            }
        };
        tokio::time::timeout(WAIT, waiting).await.ok()
    }

    fn visitor(self: &Arc<Places>, network: Network) -> Option<Counted<Network>> {
        let mut visitors = self.visitors();
        let of_address = visitors.entry(network).or_default();
        if of_address.connections >= self.connections_per_address {
            return None;
        }
        of_address.connections += 1;
        Some(Counted { key: network, places: Arc::clone(self) })
    }

    fn person(self: &Arc<Places>, user: UserId) -> Option<Counted<UserId>> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        let count = people.entry(user).or_default();
        if *count >= self.connections_per_person {
            return None;
        }
        *count += 1;
        Some(Counted { key: user, places: Arc::clone(self) })
    }

    /// Gives something of an address back.
    fn give_back(&self, network: Network, change: impl FnOnce(&mut Visitors)) {
        let mut visitors = self.visitors();
        if let Some(of_address) = visitors.get_mut(&network) {
            change(of_address);
            if (of_address.connections, of_address.waiting, of_address.body_bytes) == (0, 0, 0) {
                visitors.remove(&network);
            }
        }
    }

    fn visitors(&self) -> MutexGuard<'_, HashMap<Network, Visitors>> {
        self.visitors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Whether the session of a request has to be looked up to know whose it is.
    pub(super) fn asks_who(&self) -> bool {
        self.places.is_behind_proxy || matches!(*self.held(), Held::Visitor { .. } | Held::Nothing)
    }

    /// What a request may use: of `user` when it has shown a valid session, else of the visitors from `address`.
    pub(super) fn turn(&self, user: Option<UserId>, address: IpAddr) -> Result<Turn, BadRequest> {
        let network = Network::from(address);
        let too_much = BadRequest::TooMuchAtOnce;
        if self.places.is_behind_proxy {
            let held = match user {
                Some(user) => Held::Person { _place: self.places.person(user).ok_or(too_much)? },
                None => Held::Visitor { _place: self.places.visitor(network).ok_or(too_much)? },
            };
            let room = BodyRoom::new(user.is_none().then_some(network), &self.places);
            return Ok(Turn { held, room });
        }
        let mut held = self.held();
        if let (Some(user), Held::Visitor { .. }) = (user, &*held) {
            *held = Held::Person { _place: self.places.person(user).ok_or(too_much)? };
        }
        let is_visitor = matches!(*held, Held::Visitor { .. });
        let room = BodyRoom::new(is_visitor.then_some(network), &self.places);
        Ok(Turn { held: Held::Nothing, room })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BodyRoom {
    fn new(network: Option<Network>, places: &Arc<Places>) -> BodyRoom {
        BodyRoom(network.map(|network| {
            let places = Arc::clone(places);
            Arc::new(Room { network, places, bytes: AtomicUsize::new(0) })
        }))
    }

    /// Takes more, before it is allocated.
    pub(super) fn take(&self, bytes: usize) -> Result<(), BadRequest> {
        let Some(room) = &self.0 else { return Ok(()) };
        let mut visitors = room.places.visitors();
        let of_address = visitors.entry(room.network).or_default();
        let taken = of_address.body_bytes.saturating_add(bytes);
        if taken > room.places.body_bytes_per_address {
            return Err(BadRequest::TooMuchAtOnce);
        }
        of_address.body_bytes = taken;
        room.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut();
        if bytes > 0 {
            self.places.give_back(self.network, |visitors| visitors.body_bytes -= bytes);
        }
    }
}

impl Key for Network {
    fn leave(self, places: &Places) {
        places.give_back(self, |visitors| {
            visitors.connections -= 1;
            visitors.freed.notify_one();
        });
    }
}

impl Key for UserId {
    fn leave(self, places: &Places) {
        let mut people = places.people.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = people.get_mut(&self) {
            *count -= 1;
            if *count == 0 {
                people.remove(&self);
            }
        }
    }
}

impl<K: Key> Drop for Counted<K> {
    fn drop(&mut self) {
        self.key.leave(&self.places);
    }
}

/// A connection that waits to be let in, until dropped.
struct Waiting<'a> {
    network: Network,
    places: &'a Places,
}

impl Waiting<'_> {
    fn new(places: &Places, network: Network) -> Option<(Waiting<'_>, Arc<Notify>)> {
        let mut visitors = places.visitors();
        let of_address = visitors.entry(network).or_default();
        if of_address.waiting >= places.connections_per_address {
            return None;
        }
        of_address.waiting += 1;
        Some((Waiting { network, places }, Arc::clone(&of_address.freed)))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.places.give_back(self.network, |visitors| visitors.waiting -= 1);
    }
}
