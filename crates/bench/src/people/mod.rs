//! Simulated people: each does what the web client does, on one thread for all of them, which looks for what it needs in
//! the bytes and parses nothing.
//!
//! Every person has a live stream and asks as `web/src/lib/sync`, `api` and `state` do: `GET /state`, the stream from its
//! cursor, the open channel's page and receipts, `POST /viewing` with the stream's name, presence at once and every half
//! minute, a read marker for whatever arrives in the open channel, once a second at most, the unread threads whenever
//! events leave them in doubt, typing and drafts while they write. The rates stand in `rates`, the routes in `route`,
//! where a test compares them with the client's.
//!
//! Flow: `Crowd::run` waits for sockets and the `agenda`; `acts` begins what people do, `answers` goes on with what
//! comes back and what the streams say, `tally` counts.
//!
//! Not simulated: several tabs, hidden windows, presence other than active, log-ins, search in the directory, deletions,
//! pins, polls, scheduled messages; and what a browser does by itself: the page and its files are cached.

mod acts;
mod agenda;
mod answers;
mod call;
mod chance;
#[cfg(test)]
mod client;
mod person;
pub mod rates;
pub mod route;
pub mod seed;
mod tally;
mod town;
mod wire;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use mio::{Events, Poll, Token};

use crate::clock::now_micros;
use acts::Due;
use agenda::Agenda;
use call::{About, Call, micros};
use chance::Chance;
use person::{Person, REQUESTS_MAX, request};
use route::Route;
use tally::{BROKEN, TIMED_OUT};
use wire::{Heard, Requests, Said, Socket};

pub use tally::Tally;
pub use town::Town;

/// Bytes of one read.
const READ_BYTES: usize = 131_072;

/// How long a second connection is kept without a request.
const SPARE_SECONDS: f64 = 5.0;

/// How often calls that take too long are looked for.
const LOOK_SECONDS: f64 = 0.25;

/// A request that has waited for so long at the end of a measurement counts with what it has waited.
const OPEN_AT_END_SECONDS: f64 = 1.0;

/// Sockets of each person: the stream first.
const SOCKETS: usize = 1 + REQUESTS_MAX;

/// How much they do.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Times the usual.
    pub activity: f64,
    /// Everybody looks at `general` and talks there.
    pub is_one_channel: bool,
}

/// All people of a run.
pub struct Crowd {
    pub tally: Tally,
    address: SocketAddr,
    manner: Manner,
    people: Vec<Person>,
    places: Vec<Here>,
    by_name: HashMap<Vec<u8>, usize>,
    /// The newest reply under each root that anybody has heard of.
    replies: HashMap<u64, u64>,
    agenda: Agenda<Due>,
    chance: Chance,
    poll: Poll,
    piece: Vec<u8>,
    calls: u64,
    posts: usize,
    looked_micros: u64,
}

/// What everybody knows of a place.
struct Here {
    place: town::Place,
    /// Ids of its newest messages, rising.
    newest: Vec<u64>,
    /// Messages that have replies.
    roots: Vec<u64>,
}

impl Crowd {
    /// People who have not come yet.
    pub fn new(
        address: SocketAddr,
        town: Town,
        newest: seed::Newest,
        manner: Manner,
    ) -> anyhow::Result<Crowd> {
        let people = town.homes.into_iter().enumerate();
        let people = people.map(|(account, home)| Person::new(account, home)).collect();
        let by_name = town.places.iter().enumerate();
        let by_name = by_name.map(|(at, place)| (place.name.clone().into_bytes(), at)).collect();
        let places = town.places.into_iter().zip(newest);
        let places = places.map(|(place, newest)| Here { place, newest, roots: Vec::new() });
        Ok(Crowd {
            tally: Tally::new(now_micros()),
            address,
            manner,
            people,
            places: places.collect(),
            by_name,
            replies: HashMap::new(),
            agenda: Agenda::new(),
            chance: Chance::new(11),
            poll: Poll::new()?,
            piece: vec![0; READ_BYTES],
            calls: 0,
            posts: 0,
            looked_micros: now_micros(),
        })
    }

    /// Everybody comes within so many seconds from now.
    pub fn come_within(&mut self, seconds: f64) {
        let now = now_micros();
        for person in 0..self.people.len() {
            let at = now + micros(self.chance.part() * seconds);
            self.agenda.add(at, person, Due::Come);
        }
    }

    /// Somebody names everyone, after so many seconds from now.
    pub fn name_everyone_after(&mut self, seconds: f64) {
        self.agenda.add(now_micros() + micros(seconds), 0, Due::NameEveryone);
    }

    /// Counts from now on.
    pub fn measure_from_now(&mut self) {
        self.tally = Tally::new(now_micros());
    }

    /// Lets them live for so long.
    pub fn run(&mut self, seconds: f64) -> anyhow::Result<()> {
        let end = now_micros() + micros(seconds);
        let mut events = Events::with_capacity(4_096);
        let mut turn = now_micros();
        while turn < end {
            self.do_what_is_due(turn);
            if turn - self.looked_micros > micros(LOOK_SECONDS) {
                self.looked_micros = turn;
                self.look_at_all(turn);
            }
            let next = self.agenda.next_micros().unwrap_or(end).min(end);
            // epoll counts in milliseconds: what is due sooner is done at once, rather than up to one too late.
            let wait = Duration::from_micros(next.saturating_sub(now_micros()).min(100_000));
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != ErrorKind::Interrupted
            {
                return Err(error.into());
            }
            let woken = now_micros();
            for event in &events {
                let (person, socket) = (event.token().0 / SOCKETS, event.token().0 % SOCKETS);
                if socket == 0 {
                    self.hear_stream(person, event.is_read_closed());
                } else {
                    self.hear_requests(person, socket - 1);
                }
            }
            turn = now_micros();
            self.tally.pause_micros = self.tally.pause_micros.max(turn - woken);
        }
        Ok(())
    }

    /// Counts what is still on its way with what it has waited.
    pub fn end(&mut self) {
        let now = now_micros();
        for person in &self.people {
            let asked = person.requests.iter().flatten().filter_map(|one| one.call.as_ref());
            for call in asked.chain(&person.waiting) {
                if now.saturating_sub(call.wished_micros) > micros(OPEN_AT_END_SECONDS) {
                    self.tally.took(call.route, call.wished_micros, now);
                }
            }
            if let Some(stream) =
                person.stream.as_ref().filter(|one| one.state != wire::State::Open)
                && now.saturating_sub(stream.wished_micros) > micros(OPEN_AT_END_SECONDS)
            {
                self.tally.took(Route::Events, stream.wished_micros, now);
            }
        }
    }

    /// People whose streams are open.
    pub fn connected(&self) -> usize {
        let is_open = |person: &&Person| {
            person.stream.as_ref().is_some_and(|stream| stream.state == wire::State::Open)
        };
        self.people.iter().filter(is_open).count()
    }

    /// Asks something, as soon as a connection is free.
    fn ask(&mut self, person: usize, route: Route, path: &str, json: Option<&str>, about: About) {
        let (method, _) = route.pattern();
        self.calls += 1;
        let call = Call {
            route,
            request: request(method, path, person, json),
            wished_micros: now_micros(),
            failures: 0,
            about,
        };
        self.ask_again(person, call);
    }

    fn ask_again(&mut self, person: usize, call: Call) {
        self.people[person].waiting.push_back(call);
        self.begin_waiting(person);
    }

    /// Puts what waits on the connections that are free.
    fn begin_waiting(&mut self, person: usize) {
        while !self.people[person].waiting.is_empty() {
            let is_free =
                |one: &Option<Requests>| one.as_ref().is_none_or(|one| one.call.is_none());
            // One that is open before one that is not.
            let free =
                self.people[person].requests.iter().position(|one| one.is_some() && is_free(one));
            let free = free.or_else(|| self.people[person].requests.iter().position(is_free));
            let Some(slot) = free else { return };
            if self.people[person].requests[slot].is_none() {
                let token = Token(person * SOCKETS + 1 + slot);
                let Ok(socket) = Socket::connect(self.address, token, self.poll.registry()) else {
                    let call = self.people[person].waiting.pop_front();
                    self.fail(person, call, BROKEN);
                    continue;
                };
                self.people[person].requests[slot] = Some(Requests::new(socket));
            }
            let one = &mut self.people[person];
            let (Some(requests), Some(call)) = (&mut one.requests[slot], one.waiting.pop_front())
            else {
                return;
            };
            if requests.begin(call).is_err() {
                self.lose_requests(person, slot, false);
            }
        }
    }

    fn hear_requests(&mut self, person: usize, slot: usize) {
        let Some(requests) = &mut self.people[person].requests[slot] else { return };
        if requests.socket.flush().is_err() {
            return self.lose_requests(person, slot, false);
        }
        match requests.hear(&mut self.piece) {
            Heard::Nothing => {}
            Heard::End(is_partial) => self.lose_requests(person, slot, is_partial),
            Heard::Answer(answered) => {
                let call = requests.call.take();
                requests.idle_micros = now_micros();
                if answered.closes {
                    self.people[person].requests[slot] = None;
                }
                self.tally.answer_bytes += answered.bytes;
                if let Some(call) = call {
                    self.take_answer(person, call, &answered);
                }
                self.begin_waiting(person);
            }
        }
    }

    /// A connection has ended. One that had answered before may end at any time: a browser asks once more on a new one.
    fn lose_requests(&mut self, person: usize, slot: usize, is_partial: bool) {
        let Some(requests) = self.people[person].requests[slot].take() else { return };
        let Some(call) = requests.call else { return };
        if requests.is_used && !is_partial {
            self.people[person].waiting.push_front(call);
        } else {
            self.fail(person, Some(call), BROKEN);
        }
        self.begin_waiting(person);
    }

    fn hear_stream(&mut self, person: usize, is_ending: bool) {
        loop {
            let one = &mut self.people[person];
            let Some(stream) = &mut one.stream else { return };
            if stream.flush().is_err() {
                return self.lose_stream(person, None);
            }
            match stream.hear(&mut self.piece, &mut self.tally.stream_bytes, is_ending) {
                Said::Nothing => return,
                Said::Part => {}
                Said::End(status) => return self.lose_stream(person, status),
                Said::Frames(frames) => {
                    if stream.state == wire::State::Accepted {
                        stream.state = wire::State::Open;
                        let wished = stream.wished_micros;
                        self.tally.took(Route::Events, wished, now_micros());
                    }
                    self.take_frames(person, &frames);
                }
            }
        }
    }

    /// Gives up what takes too long, and closes connections that nobody needs.
    fn look_at_all(&mut self, now: u64) {
        for person in 0..self.people.len() {
            for slot in 0..REQUESTS_MAX {
                let Some(requests) = &mut self.people[person].requests[slot] else { continue };
                match &requests.call {
                    Some(call) if call.deadline_micros() < now => {
                        let call = requests.call.take();
                        self.people[person].requests[slot] = None;
                        self.fail(person, call, TIMED_OUT);
                    }
                    None if slot > 0 && requests.idle_micros + micros(SPARE_SECONDS) < now => {
                        self.people[person].requests[slot] = None;
                    }
                    _ => {}
                }
            }
            while self.people[person]
                .waiting
                .front()
                .is_some_and(|call| call.deadline_micros() < now)
            {
                let call = self.people[person].waiting.pop_front();
                self.fail(person, call, TIMED_OUT);
            }
            self.begin_waiting(person);
        }
    }
}
