//! People come and go at random, in a public channel and in a private one, while others talk, edit and delete. Whatever
//! the order: each reads exactly what was said while they may look, live and on the page, counts what is new to them,
//! and their mailbox equals one made anew.

use std::collections::BTreeMap;

use chat::testing::Prng;
use serde_json::{Value, json};

use crate::support::{EventStream, Person, TestServer};

const NAMES: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];

/// Each with the chance that a newcomer sees what was said before, in percent.
const SEES_ALL_PERCENT: [usize; 2] = [100, 40];

/// What was said, as it is now.
struct Said {
    id: Value,
    sender: usize,
    /// `None` once deleted.
    text: Option<String>,
}

/// One person in a channel; numbers count what was said.
struct Member {
    sees_from: usize,
    has_read: usize,
}

/// A channel.
struct Room {
    members: BTreeMap<usize, Member>,
    said: Vec<Said>,
}

/// The server, and what everybody must find there.
struct Town {
    server: TestServer,
    people: Vec<Person>,
    prng: Prng,
    /// Their names: a public channel, and a private one.
    channels: [String; 2],
    rooms: [Room; 2],
    /// What each person was told live, in the order of people.
    heard: Vec<Vec<String>>,
    count: usize,
}

impl Town {
    /// Alice owns both channels and stays in them.
    async fn new(seed: u64) -> Town {
        let server = TestServer::start().await;
        let people = server.people(NAMES).await.to_vec();
        people[0].post("/channels", &json!({"channel": "garden"})).await.expect(201);
        let channels = ["garden".to_owned(), people[0].create_private(&[]).await];
        let owner = || BTreeMap::from([(0, Member { sees_from: 0, has_read: 0 })]);
        let room = || Room { members: owner(), said: Vec::new() };
        let heard = vec![Vec::new(); NAMES.len()];
        let (prng, rooms) = (Prng::new(seed), [room(), room()]);
        Town { server, people, prng, channels, rooms, heard, count: 0 }
    }

    async fn step(&mut self) {
        let room = self.prng.below(self.channels.len());
        let who = self.prng.below(NAMES.len());
        let is_member = self.rooms[room].members.contains_key(&who);
        match self.prng.below(100) {
            _ if !is_member => self.come(room, who).await,
            0..=49 => self.post(room, who).await,
            50..=61 => self.change(room).await,
            62..=76 => self.read(room, who).await,
            _ if who != 0 => self.go(room, who).await,
            _ => {}
        }
    }

    async fn come(&mut self, room: usize, who: usize) {
        let sees_all = self.prng.percent(SEES_ALL_PERCENT[room]);
        let channel = &self.channels[room];
        if channel == "garden" {
            self.people[who].post("/channels/garden/join", &json!({})).await.expect(200);
        } else {
            let history = if sees_all { "start" } else { "join" };
            let body = json!({"users": [NAMES[who]], "history": history});
            self.people[0].post(&format!("/channels/{channel}/members"), &body).await.expect(200);
        }
        let here = self.rooms[room].said.len();
        let sees_from = if sees_all { 0 } else { here };
        self.rooms[room].members.insert(who, Member { sees_from, has_read: here });
    }

    async fn go(&mut self, room: usize, who: usize) {
        let channel = &self.channels[room];
        if self.prng.percent(50) {
            let path = format!("/channels/{channel}/leave");
            self.people[who].post(&path, &json!({})).await.expect(204);
        } else {
            let path = format!("/channels/{channel}/members/remove");
            self.people[0].post(&path, &json!({"user": NAMES[who]})).await.expect(200);
        }
        self.rooms[room].members.remove(&who);
    }

    async fn post(&mut self, room: usize, who: usize) {
        self.count += 1;
        let text = format!("message {}", self.count);
        let sent = self.people[who].send(&self.channels[room], &text).await;
        for member in self.rooms[room].members.keys() {
            self.heard[*member].push(text.clone());
        }
        let said = Said { id: sent["id"].clone(), sender: who, text: Some(text) };
        self.rooms[room].said.push(said);
    }

    /// Somebody edits or deletes something that they may still see.
    async fn change(&mut self, room: usize) {
        let (deletes, room) = (self.prng.percent(40), &mut self.rooms[room]);
        if room.said.is_empty() {
            return;
        }
        let at = self.prng.below(room.said.len());
        let said = &mut room.said[at];
        let may = room.members.get(&said.sender).is_some_and(|it| it.sees_from <= at);
        if !may || said.text.is_none() {
            return;
        }
        let sender = &self.people[said.sender];
        if deletes {
            sender.delete(&said.id).await;
            said.text = None;
        } else {
            let text = format!("{} again", said.text.take().unwrap_or_default());
            sender.edit(&said.id, &text).await;
            said.text = Some(text);
        }
    }

    async fn read(&mut self, room: usize, who: usize) {
        self.people[who].mark_read(&self.channels[room]).await;
        let here = self.rooms[room].said.len();
        self.rooms[room].members.get_mut(&who).expect("a member").has_read = here;
    }

    /// Everybody looks at everything.
    async fn look(&self) {
        for (who, person) in self.people.iter().enumerate() {
            let state = person.state().await;
            for (channel, room) in self.channels.iter().zip(&self.rooms) {
                let entries = state["channels"].as_array().unwrap().iter();
                let unread = entries.filter(|it| it["channel"] == *channel);
                let unread = unread.map(|it| it["unread"].clone()).next();
                let what = format!("{} in {channel}", person.name);
                let Some(member) = room.members.get(&who) else {
                    let page = person.get(&format!("/messages/{channel}")).await;
                    page.expect_problem(403, "not-a-member");
                    assert_eq!(unread, None, "{what}");
                    continue;
                };
                let page = person.page(channel, "limit=200").await;
                let found = page.iter().filter(|it| it["sender"] != "system");
                let found: Vec<_> = found.map(|it| it["content"].clone()).collect();
                let seen: Vec<_> =
                    room.said[member.sees_from..].iter().map(|it| json!(it.text)).collect();
                assert_eq!(found, seen, "{what}");
                let new = room.said[member.has_read..].iter();
                let new = new.filter(|it| it.sender != who && it.text.is_some()).count();
                assert_eq!(unread, Some(json!(new)), "{what}");
            }
        }
    }
}

/// The texts of the messages of these channels that a stream brings before the last one.
async fn texts(mut stream: EventStream, last: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    loop {
        let event = stream.next_event().await;
        if event.data["id"] == *last {
            return texts;
        }
        if event.name == "message_posted" && event.data["sender"] != "system" {
            texts.push(event.data["content"].as_str().unwrap().to_owned());
        }
    }
}

#[tokio::test]
async fn everybody_reads_exactly_what_was_said_while_they_may_look() {
    for seed in [2, rand::random()] {
        println!("seed {seed}");
        let mut town = Town::new(seed).await;
        let mut streams = Vec::new();
        for person in &town.people {
            streams.push(person.events().await);
        }
        for number in 0..150 {
            town.step().await;
            if number % 15 == 14 {
                town.look().await;
            }
        }
        let last = town.people[0].send("general", "that was it").await["id"].clone();
        for ((stream, heard), name) in streams.into_iter().zip(&town.heard).zip(NAMES) {
            assert_eq!(texts(stream, &last).await, *heard, "{name} live");
        }
        town.server.restart_checked().await;
        town.people = town.people.iter().map(|person| person.at(&town.server)).collect();
        town.look().await;
    }
}
