//! How much of the server anybody holds at once: connections and bodies by address for visitors, who have shown no valid
//! session, and connections by person for everybody else. One office stands behind one address.
//!
//! A connection is its peer's until it shows a session, and that person's from then on. Behind a proxy the connections
//! are the proxy's and carry everybody in turn: there a seat is taken for each request, from its head to the end of its
//! answer, by the address that the proxy names.
//!
//! Neighbours: `crowd` gives the seats away; `door`, `unread` and `socket` say when a connection waits for its peer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chat::UserId;
use tokio::sync::Notify;

use super::crowd::{Crowd, Seat};
use super::hall::Hall;
use super::problem::BadRequest;
use crate::auth::Network;
use crate::config::Limits;

/// Requests of one person at once that find no seat and end sessions: enough to be sure that one is answered, and
/// as soon as their bodies are there that is over.
const WAYS_OUT_PER_PERSON: usize = 4;

/// Who holds what.
pub(super) struct Seats {
    hall: Arc<Hall>,
    visitors: Arc<Crowd<Network>>,
    people: Arc<Crowd<UserId>>,
    ways_out: Arc<Crowd<UserId>>,
    body_bytes: Mutex<HashMap<Network, usize>>,
    body_bytes_per_address: usize,
    is_behind_proxy: bool,
}

/// One connection, as long as it lives.
pub(super) struct Connection {
    pub(super) peer: IpAddr,
    seats: Arc<Seats>,
    state: Mutex<State>,
    /// Told when it has to end, because another has its seat.
    cut: Arc<Notify>,
}

/// What a connection holds, and what it does.
struct State {
    /// Until it ends; `Nothing` behind a proxy.
    held: Held,
    /// Until the request that is being answered ends.
    held_by_request: Held,
    is_answering: bool,
    /// The peer sends no more of a body, or takes no more of an answer.
    waits_for_peer: bool,
}

enum Held {
    Nothing,
    Visitor(Seat<Network>),
    Person(Seat<UserId>),
}

/// A request that is being answered; over when dropped.
pub(super) struct Answering(Arc<Connection>);

/// What a request may do for want of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// It ends sessions: whoever fills a person's seats with a stolen one must not keep them from ending it.
    EndSessions,
    Other,
}

/// Room for the body of one request; what was taken is free again when the request is answered.
#[derive(Clone, Default)]
pub(super) struct BodyRoom(Option<Arc<Room>>);

struct Room {
    network: Network,
    seats: Arc<Seats>,
    bytes: AtomicUsize,
}

impl Seats {
    pub(super) fn new(limits: &Limits, is_behind_proxy: bool) -> Arc<Seats> {
        let limit = |number: u32| match number {
            0 => usize::MAX,
            number => usize::try_from(number).unwrap_or(usize::MAX),
        };
        Arc::new(Seats {
            hall: Hall::new(limits),
            visitors: Crowd::new(limit(limits.connections_per_address)),
            people: Crowd::new(limit(limits.connections_per_person)),
            ways_out: Crowd::new(WAYS_OUT_PER_PERSON),
            body_bytes: Mutex::default(),
            body_bytes_per_address: match limits.body_bytes_per_address {
                0 => usize::MAX,
                bytes => bytes,
            },
            is_behind_proxy,
        })
    }

    /// How many connections there are, of everybody.
    pub(super) fn hall(&self) -> &Arc<Hall> {
        &self.hall
    }

    /// Whether the connections are a proxy's.
    pub(super) fn are_behind_proxy(&self) -> bool {
        self.is_behind_proxy
    }

    /// A connection whose first head is here, with a session of `user`; `None` when it shows none, and its address has too
    /// many such that are being answered, and goes on to.
    pub(super) async fn enter(
        self: &Arc<Seats>,
        peer: IpAddr,
        user: Option<UserId>,
    ) -> Option<Connection> {
        let cut = Arc::default();
        let held = if self.is_behind_proxy {
            Held::Nothing
        } else if let Some(seat) = user.and_then(|user| self.people.enter(user, &cut)) {
            Held::Person(seat)
        } else {
            Held::Visitor(self.visitors.enter_or_wait(Network::from(peer), &cut).await?)
        };
        let mut state = State {
            held,
            held_by_request: Held::Nothing,
            is_answering: false,
            waits_for_peer: false,
        };
        state.settle();
        Some(Connection { peer, seats: Arc::clone(self), state: Mutex::new(state), cut })
    }

    /// Cuts off what somebody has in the making, in whoever's hands it is.
    pub(super) fn cut_off(&self, user: UserId) {
        self.people.cut_at_rest(user);
        self.ways_out.cut_at_rest(user);
    }

    fn body_bytes(&self) -> MutexGuard<'_, HashMap<Network, usize>> {
        self.body_bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Whether the session of a request has to be looked up to know whose it is.
    pub(super) fn asks_who(&self) -> bool {
        self.seats.is_behind_proxy || !matches!(self.state().held, Held::Person(_))
    }

    /// The head of a request is here.
    pub(super) fn begin(self: &Arc<Connection>) -> Answering {
        self.change(|state| {
            state.is_answering = true;
            state.waits_for_peer = false;
        });
        Answering(Arc::clone(self))
    }

    /// Whether a request is being answered.
    pub(super) fn is_answering(&self) -> bool {
        self.state().is_answering
    }

    /// Whether nothing can be done before the peer does something.
    pub(super) fn set_waits_for_peer(&self, waits: bool) {
        self.change(|state| state.waits_for_peer = waits);
    }

    /// Returns when it has to end, because another has its seat.
    pub(super) async fn cut(&self) {
        loop {
            self.cut.notified().await;
            // Whoever has shown a session meanwhile has another seat.
            if self.state().has_given_way() {
                return;
            }
        }
    }

    /// Finds a seat for a request: of `user` when it has shown a valid session, else of the visitors from `address`.
    pub(super) fn take_turn(
        &self,
        user: Option<UserId>,
        address: IpAddr,
        wish: Wish,
    ) -> Result<BodyRoom, BadRequest> {
        let (seats, network) = (&self.seats, Network::from(address));
        let mut state = self.state();
        let is_known = matches!(state.held, Held::Person(_));
        match user {
            Some(user) if !is_known => {
                let seat = seats.people.enter(user, &self.cut).map(Held::Person);
                match seat {
                    Some(seat) if seats.is_behind_proxy => state.held_by_request = seat,
                    Some(seat) => state.held = seat,
                    None => {
                        let way_out = || seats.ways_out.enter(user, &self.cut);
                        let way_out = (wish == Wish::EndSessions).then(way_out).flatten();
                        let way_out = way_out.ok_or(BadRequest::TooMuchAtOnce)?;
                        state.held_by_request = Held::Person(way_out);
                    }
                }
            }
            None if seats.is_behind_proxy => {
                let seat = seats.visitors.enter(network, &self.cut);
                state.held_by_request = Held::Visitor(seat.ok_or(BadRequest::TooMuchAtOnce)?);
            }
            Some(_) | None => {}
        }
        let is_visitor = user.is_none() && !is_known;
        Ok(BodyRoom::new(is_visitor.then_some(network), seats))
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        state.settle();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_given_way(&self) -> bool {
        [&self.held, &self.held_by_request].into_iter().any(|held| match held {
            Held::Nothing => false,
            Held::Visitor(seat) => seat.has_given_way(),
            Held::Person(seat) => seat.has_given_way(),
        })
    }

    /// Tells the seats whether they give way.
    fn settle(&mut self) {
        let is_at_rest = !self.is_answering || self.waits_for_peer;
        for held in [&mut self.held, &mut self.held_by_request] {
            match held {
                Held::Nothing => {}
                Held::Visitor(seat) => seat.set_at_rest(is_at_rest),
                Held::Person(seat) => seat.set_at_rest(is_at_rest),
            }
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.change(|state| {
            state.held_by_request = Held::Nothing;
            state.is_answering = false;
            state.waits_for_peer = false;
        });
    }
}

impl BodyRoom {
    fn new(network: Option<Network>, seats: &Arc<Seats>) -> BodyRoom {
        BodyRoom(network.map(|network| {
            let seats = Arc::clone(seats);
            Arc::new(Room { network, seats, bytes: AtomicUsize::new(0) })
        }))
    }

    /// Takes more, before it is allocated.
    pub(super) fn take(&self, bytes: usize) -> Result<(), BadRequest> {
        let Some(room) = &self.0 else { return Ok(()) };
        let mut all = room.seats.body_bytes();
        let so_far = all.get(&room.network).copied().unwrap_or_default();
        let taken = so_far.saturating_add(bytes);
        if taken > room.seats.body_bytes_per_address {
            return Err(BadRequest::TooMuchAtOnce);
        }
        all.insert(room.network, taken);
        room.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut();
        let mut all = self.seats.body_bytes();
        if let Some(taken) = all.get_mut(&self.network) {
            *taken -= bytes;
            if *taken == 0 {
                all.remove(&self.network);
            }
        }
    }
}
