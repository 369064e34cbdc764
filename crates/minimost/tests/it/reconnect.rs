//! Guarantee 5: no gap, no repeat. A stream that breaks anywhere goes on exactly after its cursor.
//!
//! Elsewhere: `live_stream.rs` has slow consumers, heartbeats and long gaps, at the hub without HTTP.

use std::collections::BTreeSet;

use chat::testing::Prng;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, Person, TestServer, rows};

const ROUNDS: usize = 60;

/// The epoch and the seq of a cursor.
fn place(cursor: &str) -> (&str, &str) {
    let mut parts = cursor.split('.');
    (parts.next().unwrap(), parts.next().unwrap())
}

/// Posts, edits and reacts in a public and in a direct channel; nothing is erased, so a replay shows it all.
async fn chatter(person: Person, seed: u64) {
    let mut prng = Prng::new(seed);
    for round in 0..ROUNDS {
        let channel = if prng.percent(30) { "dm:alice:bob" } else { "general" };
        let id = person.send(channel, &format!("{} says {round}", person.name)).await["id"].clone();
        match prng.below(4) {
            0 => drop(person.edit(&id, "on second thought").await),
            1 => drop(person.react(&id, "heart").await),
            _ => {}
        }
    }
}

/// Every event in which something happens to a message or a direct channel: channel_created, message_posted,
/// message_edited, message_reacted.
const VISIBLE: &str = "
    SELECT seq
      FROM record
     WHERE kind IN (6, 8, 9, 11)
       AND seq > <start>
     ORDER BY seq";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guarantee_5_a_stream_cut_anywhere_under_load_goes_on_without_gap_or_repeat() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let start = bob.cursor().await;
    let (epoch, seq) = place(&start);
    let mut writers = JoinSet::new();
    for (seed, person) in [&alice, &bob, &alice, &bob].into_iter().enumerate() {
        writers.spawn(chatter(person.clone(), seed as u64));
    }
    let mut reader = JoinSet::new();
    reader.spawn({
        let (bob, start) = (bob.clone(), start.clone());
        async move {
            let mut prng = Prng::new(99);
            let (mut cursor, mut seen, mut cuts) = (start.clone(), Vec::new(), 0);
            loop {
                // A browser repeats the address that it opened, and says in a header where it was.
                let mut stream = if prng.percent(50) {
                    bob.events_after(&cursor, &format!("cursor={start}")).await
                } else {
                    bob.events_from(&cursor).await
                };
                for _ in 0..=prng.below(25) {
                    let event = stream.next_event().await;
                    cursor = event.id.unwrap();
                    let (epoch, seq) = place(&cursor);
                    seen.push(format!("{epoch}.{seq}"));
                    if event.data["content"] == "the last" {
                        return (seen, cuts);
                    }
                }
                cuts += 1;
            }
        }
    });
    writers.join_all().await;
    alice.send("general", "the last").await;
    let (seen, cuts) = reader.join_all().await.remove(0);
    let expected = rows(&server.data_dir().join("log.db"), &VISIBLE.replace("<start>", seq));
    let expected: Vec<_> = expected.iter().map(|seq| format!("{epoch}.{seq}")).collect();
    assert_eq!(seen, expected, "every event once and in order, over {cuts} cuts");
    assert!(cuts > 5, "it was cut {cuts} times only");

    let mut pages = bob.page("general", "limit=200").await;
    pages.extend(bob.page("general", &format!("limit=200&before_id={}", pages[0]["id"])).await);
    pages.extend(bob.page("dm:alice:bob", "limit=200").await);
    let paged: BTreeSet<_> = pages.iter().map(|it| format!("{epoch}.{}", it["id"])).collect();
    assert_eq!(paged.len(), 4 * ROUNDS + 1);
    assert!(paged.is_subset(&seen.into_iter().collect()), "the pages have nothing else");
}

#[tokio::test]
async fn the_last_event_id_wins_over_the_cursor_of_the_address() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let start = alice.cursor().await;
    let first = alice.send("general", "one").await;
    let second = alice.send("general", "two").await;
    let mut stream = alice.events_from(&start).await;
    let event = stream.next_event().await;
    assert_eq!(event.data, first);
    let query = format!("cursor={start}");
    let mut again = alice.events_after(&event.id.unwrap(), &query).await;
    assert_eq!(again.next_event().await.data, second);
    let mut unset = alice.events_after("", &query).await;
    assert_eq!(unset.next_event().await.data, first, "an empty one says nothing");
}

#[tokio::test]
async fn a_cursor_that_cannot_be_continued_is_told_to_start_anew() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let cursor = alice.cursor().await;
    let (epoch, seq) = place(&cursor);
    let ahead = format!("{epoch}.{}", seq.parse::<u64>().unwrap() + 1);
    let unknown = format!("0123456789abcdef.{seq}");
    let another = format!("{epoch}.{seq}.deadbeef");
    let garbled = format!("{cursor}.1");
    let known = [ahead.as_str(), &unknown, &another, &garbled];
    let nonsense = ["nonsense", ".", "1.x", "-1.-1", "99999999999999999999.1"];
    for foreign in known.into_iter().chain(nonsense) {
        for mut stream in [alice.events_from(foreign).await, alice.events_after(foreign, "").await]
        {
            let event = stream.next().await.expect("it says why it ends");
            assert_eq!((event.name.as_str(), event.data), ("resync", json!({})), "{foreign}");
            assert!(stream.next().await.is_none(), "and ends: {foreign}");
        }
    }
    let request = alice.request(Method::GET, "/events");
    let request = request.header("last-event-id", HeaderValue::from_bytes(b"\xff").unwrap());
    let ended = Answer::of(request).await;
    assert!(ended.text.contains("event: resync"), "nor is what is no text a cursor: {ended:?}");
    let of_before = format!("{epoch}.{seq}");
    let mut streams = [alice.events_from(&cursor).await, alice.events_from(&of_before).await];
    let message = alice.send("general", "hi").await;
    for stream in &mut streams {
        assert_eq!(stream.next_event().await.data, message, "the head itself is no gap");
    }
}

#[tokio::test]
async fn a_channel_that_is_not_bobs_to_look_at_does_not_end_his_stream() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let wish = json!({"name": "Plans", "members": ["bob"]});
    let made = alice.post("/private_channels/create", &wish).await.expect(201);
    let plans = made["channel"].as_str().unwrap().to_owned();
    let mut open = bob.events_at(&format!("channel={plans}")).await;
    let who = json!({"user": "bob"});
    alice.post(&format!("/channels/{plans}/members/remove"), &who).await.expect(200);
    open.next_named("member_removed").await;
    for channel in [plans.as_str(), "zzz", "private:999999", "dm:alice:zoe", "no%20name"] {
        let mut events = bob.events_at(&format!("channel={channel}")).await;
        let said = alice.send("general", "still there?").await;
        assert_eq!(events.next_named("message_posted").await.data, said, "{channel}");
    }
}
