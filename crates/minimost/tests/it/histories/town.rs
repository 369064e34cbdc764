//! A server on which people do things at random, and what is known of it: enough to do something that is mostly allowed.
//!
//! Neighbours: `talk`, `reading`, `own`, `channels` and `house` have the deeds, each by what they are about.

use std::time::Duration;

use chat::testing::Prng;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Person, TestServer};

/// Unix seconds at which the clock of every test begins.
const START: f64 = 1_800_000_000.0;

/// Who comes later, one after the other.
const LATE: [&str; 4] = ["dave", "erin", "mallory", "frank"];

/// Messages that are still talked about.
const RECENT: usize = 24;

/// A message that was posted, as far as anybody remembers.
#[derive(Clone)]
pub(super) struct Posted {
    pub id: u64,
    pub channel: String,
    /// The root, when it is a reply in a thread.
    pub root: Option<u64>,
    pub sender: usize,
    pub is_poll: bool,
}

/// A channel, and who is in it by all that was granted; `None` for everybody.
#[derive(Clone)]
pub(super) struct Place {
    pub name: String,
    pub members: Option<Vec<usize>>,
}

impl Place {
    pub fn has(&self, person: usize) -> bool {
        self.members.as_ref().is_none_or(|members| members.contains(&person))
    }
}

/// A server on which people do things at random.
pub(super) struct Town {
    pub server: TestServer,
    pub prng: Prng,
    pub people: Vec<Person>,
    pub places: Vec<Place>,
    pub posted: Vec<Posted>,
    /// Ids of groups, of scheduled messages and of reminders, whether or not they still exist.
    pub groups: Vec<u64>,
    pub scheduled: Vec<u64>,
    pub reminders: Vec<u64>,
    /// Whose screen is recorded: they stay.
    pub watched: Option<usize>,
    /// Milliseconds since [`START`].
    passed_ms: u64,
    granted: usize,
    refused: usize,
}

impl Town {
    pub async fn new(seed: u64) -> Town {
        let server = TestServer::start().await;
        let people = server.people(["alice", "bob", "carol"]).await.to_vec();
        let everybodys = |name: &str| Place { name: name.to_owned(), members: None };
        Town {
            server,
            prng: Prng::new(seed),
            people,
            places: ["general", "random"].map(everybodys).to_vec(),
            posted: Vec::new(),
            groups: Vec::new(),
            scheduled: Vec::new(),
            reminders: Vec::new(),
            watched: None,
            passed_ms: 0,
            granted: 0,
            refused: 0,
        }
    }

    /// Somebody does something, allowed or not.
    pub async fn step(&mut self) {
        self.pass();
        let actor = self.anybody();
        match self.prng.below(100) {
            0..=42 => self.talk(actor).await,
            43..=57 => self.read(actor).await,
            58..=71 => self.keep(actor).await,
            72..=90 => self.arrange(actor).await,
            _ => self.keep_house(actor).await,
        }
    }

    /// Somebody asks for something; `None` when the rules refuse. They may always, and the server never stumbles.
    pub async fn wish(&mut self, actor: usize, path: &str, body: &Value) -> Option<Value> {
        let answer = self.people[actor].post(path, body).await;
        assert!(answer.status < 500, "{path} {body}: {}", answer.text);
        if answer.status >= 300 {
            self.refused += 1;
            return None;
        }
        self.granted += 1;
        Some(if answer.text.is_empty() { Value::Null } else { answer.json() })
    }

    /// A history of refusals would show nothing.
    pub fn assert_was_lively(&self) {
        assert!(self.granted > self.refused, "{} to {}", self.granted, self.refused);
    }

    /// Up to four seconds pass.
    fn pass(&mut self) {
        let millis = self.prng.below(4_000) as u64;
        self.passed_ms += millis;
        self.server.advance(Duration::from_millis(millis));
    }

    /// Some moment within the next minute; most of these will come before the history ends.
    pub fn soon(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a history takes minutes")]
        let millis = (self.passed_ms + self.prng.below(60_000) as u64) as f64;
        START + millis / 1_000.0
    }

    /// More often than others whoever is watched.
    pub fn anybody(&mut self) -> usize {
        let often = self.watched.filter(|_| self.prng.percent(25));
        often.unwrap_or_else(|| self.prng.below(self.people.len()))
    }

    /// Some people's names.
    pub fn some_names(&mut self, count_max: usize) -> Vec<String> {
        let count = self.prng.below(count_max + 1);
        let mut names = Vec::new();
        for _ in 0..count {
            let person = self.anybody();
            names.push(self.people[person].name.clone());
        }
        names
    }

    /// Mostly a channel of this person's.
    pub fn place(&mut self, actor: usize) -> String {
        let is_any = self.prng.percent(7);
        let may = self.places.iter().filter(|place| is_any || place.has(actor));
        let may: Vec<_> = may.map(|place| place.name.clone()).collect();
        self.prng.pick(&may).expect("everybody is in general")
    }

    /// The channels that have members of their own: mostly this person's.
    pub fn gathering(&mut self, actor: usize) -> Option<String> {
        let is_any = self.prng.percent(10);
        let own = self.places.iter().filter(|place| place.members.is_some());
        let own = own.filter(|place| !place.name.starts_with("dm:"));
        let own = own.filter(|place| is_any || place.has(actor));
        let own: Vec<_> = own.map(|place| place.name.clone()).collect();
        self.prng.pick(&own)
    }

    /// Remembers that somebody has come into a channel, or has gone.
    pub fn note_member(&mut self, channel: &str, person: usize, is_in: bool) {
        let place = self.places.iter_mut().find(|place| place.name == channel);
        let Some(members) = place.and_then(|place| place.members.as_mut()) else { return };
        members.retain(|member| *member != person);
        if is_in {
            members.push(person);
        }
    }

    pub fn note_place(&mut self, made: &Value, members: Option<Vec<usize>>) {
        let name = made["channel"].as_str().unwrap().to_owned();
        if self.places.iter().all(|place| place.name != name) {
            self.places.push(Place { name, members });
        }
    }

    pub fn person_named(&self, name: &str) -> Option<usize> {
        self.people.iter().position(|person| person.name == name)
    }

    /// Mostly a recent message that this person may read.
    pub fn message(&mut self, actor: usize) -> Option<Posted> {
        if self.prng.percent(2) {
            // Whatever has this number: a notice, an event that is no message, nothing at all.
            let (id, channel) = (self.prng.below(400) as u64, self.place(actor));
            return Some(Posted { id, channel, root: None, sender: actor, is_poll: false });
        }
        let is_any = self.prng.percent(5);
        let may_read = |channel: &str| {
            self.places.iter().any(|place| place.name == channel && place.has(actor))
        };
        let readable = self.posted.iter().rev().filter(|it| is_any || may_read(&it.channel));
        let readable: Vec<_> = readable.take(RECENT).cloned().collect();
        self.prng.pick(&readable)
    }

    /// Somebody comes who was not here yet, if the house is open and not full.
    pub async fn arrive(&mut self) -> bool {
        let Some(name) = LATE.get(self.people.len() - 3) else { return false };
        let stranger = self.server.stranger();
        let wish = json!({"username": name, "password": PASSWORD});
        let answer = stranger.post("/signup", &wish).await;
        if answer.status == 201 {
            let mut person = stranger.with_token(answer.json()["token"].as_str().unwrap());
            (*name).clone_into(&mut person.name);
            self.people.push(person);
        }
        answer.status == 201
    }
}
