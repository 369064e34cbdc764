//! Clients that ask `GET /messages/<channel>?after=` again and again, from the largest time that they have seen, as the
//! original's does. `fold/changed.rs` says the same of every random history.

use std::collections::BTreeMap;

use chat::testing::Prng;
use serde_json::{Value, json};

use crate::support::{Person, TestServer};

/// The largest time of a message that is shown.
fn latest(message: &Value) -> f64 {
    let times = ["ts", "edited_ts", "deleted_ts", "reactions_ts"];
    times.iter().filter_map(|time| message[time].as_f64()).fold(0.0, f64::max)
}

/// A client: what it has seen, and how far.
#[derive(Default)]
struct Client {
    cursor: f64,
    seen: BTreeMap<u64, Value>,
}

impl Client {
    /// Asks once; false when nothing came.
    async fn ask(&mut self, person: &Person, channel: &str, limit: usize) -> bool {
        let query = format!("after={}&limit={limit}", self.cursor);
        let page = person.page(channel, &query).await;
        assert!(page.len() <= limit && page.is_sorted_by_key(|it| it["id"].as_u64()));
        for message in &page {
            self.cursor = self.cursor.max(latest(message));
            self.seen.insert(message["id"].as_u64().unwrap(), message.clone());
        }
        !page.is_empty()
    }
}

fn by_id(messages: Vec<Value>) -> BTreeMap<u64, Value> {
    messages.into_iter().map(|message| (message["id"].as_u64().unwrap(), message)).collect()
}

#[tokio::test]
async fn a_late_reaction_to_an_old_message_hides_no_new_one() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut client = Client { cursor: 1.0, ..Client::default() };
    let mut sent = Vec::new();
    for number in 1..=12 {
        sent.push(alice.send("general", &format!("m{number}")).await);
    }
    bob.react(&sent[0]["id"], "heart").await;
    let first = bob.page("general", "after=1&limit=10").await;
    assert_eq!(first, sent[1..11], "the first stands at its reaction");
    while client.ask(&bob, "general", 10).await {}
    assert_eq!(client.seen, by_id(bob.messages("general").await));
    let answered = bob.page("general", &format!("after={}", client.cursor)).await;
    assert_eq!(answered, [json!(null); 0], "and nothing more");

    let poll = json!({"question": "Lunch?", "options": ["12:00", "13:00"]});
    let poll = alice.post("/poll/general", &poll).await.expect(201);
    let thread = json!({"text": "me", "thread_id": sent[3]["id"]});
    let after = format!("after={}", poll["ts"]);
    bob.post(&format!("/vote/{}", poll["id"]), &json!({"options": [1]})).await.expect(200);
    assert_eq!(bob.page("general", &after).await, [json!(null); 0], "a vote moves no time");
    let reply = alice.post("/send/general", &thread).await.expect(201);
    assert_eq!(bob.page("general", &after).await, [reply], "and its root stays where it is");
}

/// Somebody says or changes something at random.
async fn step(people: &[Person; 2], prng: &mut Prng, said: &mut Vec<(usize, Value)>) {
    let who = prng.below(2);
    let person = &people[who];
    let old = if said.is_empty() { 0 } else { prng.below(said.len()) };
    match prng.below(10) {
        0..=3 if !said.is_empty() => drop(person.react(&said[old].1, "heart").await),
        4 if !said.is_empty() => {
            let (sender, id) = &said[old];
            people[*sender].edit(id, &format!("changed {}", prng.below(100))).await;
        }
        5 if !said.is_empty() => {
            let (sender, id) = said.remove(old);
            people[sender].delete(&id).await;
        }
        6 if !said.is_empty() => {
            let wish = json!({"text": "a reply", "thread_id": said[old].1});
            let reply = person.post("/send/general", &wish).await.expect(201);
            said.push((who, reply["id"].clone()));
        }
        _ => {
            let number = said.len();
            let id = person.send("general", &format!("message {number}")).await["id"].clone();
            said.push((who, id));
        }
    }
}

#[tokio::test]
async fn with_any_limit_a_client_that_polls_comes_to_an_end_and_has_seen_everything() {
    let server = TestServer::start().await;
    let people = server.people(["alice", "bob"]).await;
    let mut prng = Prng::new(18);
    let mut said = Vec::new();
    let mut clients: Vec<_> = (1..=20).map(|limit| (limit, Client::default())).collect();
    for _ in 0..12 {
        step(&people, &mut prng, &mut said).await;
    }
    let mut pages = Vec::new();
    for (limit, client) in &mut clients {
        // As the original's client begins: with the newest page.
        client.ask(&people[0], "general", *limit).await;
        pages.push(client.seen.keys().next().copied().unwrap());
    }
    for _ in 0..60 {
        step(&people, &mut prng, &mut said).await;
        if prng.percent(20) {
            let at = prng.below(clients.len());
            let (limit, client) = &mut clients[at];
            client.ask(&people[1], "general", *limit).await;
        }
    }
    // Replies that stand only in a thread are no part of the page.
    let everything = by_id(people[0].page("general", "after=1").await);
    let timeline = by_id(people[0].page("general", "limit=200").await);
    assert!(timeline.iter().all(|(id, message)| everything.get(id) == Some(message)));
    for ((limit, mut client), first) in clients.into_iter().zip(pages) {
        let mut asked = 0;
        while client.ask(&people[0], "general", limit).await {
            asked += 1;
            assert!(asked <= 100, "limit {limit} does not end");
        }
        let missing: Vec<_> = everything
            .iter()
            .filter(|(id, message)| **id >= first && latest(message) > 0.0)
            .filter(|(id, message)| client.seen.get(id).map(visible) != Some(visible(message)))
            .filter(|(_, message)| !message["thread_id"].is_u64())
            .collect();
        assert!(missing.is_empty(), "limit {limit} has not seen {missing:?}");
    }
}

/// What a message shows, but for what moves none of its times.
fn visible(message: &Value) -> [Value; 4] {
    ["content", "reactions", "deleted", "edited_ts"].map(|field| message[field].clone())
}
