//! Presence and typing: the soft routes answer 204 to everybody and ignore what they do not understand.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, EventStream, PASSWORD, Person, TestServer};

async fn online(person: &Person) -> Value {
    person.get("/online_users").await.expect(200)
}

#[tokio::test]
async fn a_login_is_seen_and_a_heartbeat_keeps_it_for_an_hour() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    assert_eq!(online(&alice).await, json!({"alice": "active", "bob": "active"}));
    for state in ["idle", "hidden", "offline", "active"] {
        bob.post("/presence", &json!({"state": state})).await.expect(204);
        assert_eq!(online(&alice).await["bob"], state);
    }
    server.advance(Duration::from_secs(3_599));
    alice.post("/presence", &json!({"state": "active"})).await.expect(204);
    assert_eq!(online(&alice).await["bob"], "active", "within the hour");
    server.advance(Duration::from_secs(2));
    assert_eq!(online(&alice).await, json!({"alice": "active"}), "bob was not seen for an hour");
}

#[tokio::test]
async fn the_last_word_of_a_page_that_went_does_not_count_when_it_comes_late() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let account = json!({"username": "bob", "password": PASSWORD});
    let entry = server.stranger().post("/login", &account).await.expect(200);
    let phone = bob.with_token(entry["token"].as_str().unwrap());
    let say = async |who: &Person, state: &str, at_ms: Value| {
        who.post("/presence", &json!({"state": state, "at_ms": at_ms})).await.expect(204);
        online(&alice).await["bob"].clone()
    };
    assert_eq!(say(&bob, "active", json!(500_000)).await, "active");
    assert_eq!(say(&bob, "offline", json!(499_999)).await, "active", "it was said before");
    assert_eq!(
        say(&bob, "offline", json!(500_000)).await,
        "offline",
        "in one moment the last counts"
    );
    assert_eq!(say(&bob, "active", json!(500_001)).await, "active");
    assert_eq!(say(&bob, "idle", json!(440_000)).await, "idle", "the clock was set back");
    assert_eq!(
        say(&phone, "hidden", json!(3)).await,
        "hidden",
        "another browser has its own clock"
    );
    for odd in [json!(null), json!("1"), json!(1.5), json!(i64::MIN), json!(i64::MAX)] {
        assert_eq!(say(&phone, "active", odd.clone()).await, "active", "{odd}");
        assert_eq!(say(&phone, "idle", json!(null)).await, "idle", "who says no time is believed");
    }
}

#[tokio::test]
async fn an_override_wins_until_it_is_cleared() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let set = async |value: Value| {
        bob.post("/presence/override", &json!({"override": value})).await.expect(204);
    };
    for value in ["idle", "offline", "active"] {
        set(json!(value)).await;
        assert_eq!(online(&alice).await["bob"], value);
        assert_eq!(bob.get("/presence/override").await.expect(200), json!({"override": value}));
    }
    set(json!("idle")).await;
    bob.post("/presence", &json!({"state": "active"})).await.expect(204);
    assert_eq!(online(&alice).await["bob"], "idle", "a heartbeat does not clear it");
    for ignored in [json!("hidden"), json!("nonsense"), json!(7), json!(["idle"]), json!({})] {
        set(ignored).await;
        assert_eq!(online(&alice).await["bob"], "idle");
    }
    for cleared in [json!(null), json!(""), json!("auto")] {
        set(json!("idle")).await;
        set(cleared).await;
        assert_eq!(online(&alice).await["bob"], "active");
        assert_eq!(bob.get("/presence/override").await.expect(200), json!({"override": null}));
    }
    set(json!("idle")).await;
    bob.post("/presence/override", &json!({})).await.expect(204);
    assert_eq!(online(&alice).await["bob"], "active", "an absent field clears too");
}

#[tokio::test]
async fn a_new_override_is_a_sign_of_life() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    server.advance(Duration::from_secs(3_590));
    bob.post("/presence/override", &json!({"override": "idle"})).await.expect(204);
    server.advance(Duration::from_secs(20));
    assert_eq!(online(&alice).await, json!({"bob": "idle"}));
}

#[tokio::test]
async fn a_logout_is_offline_and_clears_the_override() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    bob.post("/presence/override", &json!({"override": "active"})).await.expect(204);
    bob.post("/logout", &json!({})).await.expect(204);
    assert_eq!(online(&alice).await["bob"], "offline");
}

#[tokio::test]
async fn strangers_and_nonsense_are_ignored_quietly() {
    let server = TestServer::start().await;
    let [alice, stranger] = [server.sign_up("alice").await, server.stranger()];
    for path in ["/presence", "/presence/override", "/typing/general", "/typing/nowhere"] {
        stranger.post(path, &json!({"state": "idle", "override": "idle"})).await.expect(204);
        alice.post(path, &json!([1])).await.expect(204);
        alice.post(path, &json!({"state": {"a": 1}, "override": ["idle"]})).await.expect(204);
        let request = alice.request(reqwest::Method::POST, path);
        let malformed = request.header("content-type", "application/json").body("{");
        Answer::of(malformed).await.expect(204);
    }
    assert_eq!(stranger.get("/presence/override").await.expect(200), json!({"override": null}));
    assert_eq!(stranger.get("/typing/general").await.expect(200), json!([]));
    assert_eq!(online(&alice).await, json!({"alice": "active"}));
}

/// Somebody says how they are, and every screen that is open has heard it.
async fn says(person: &Person, state: &str, screen: &mut EventStream) {
    person.post("/presence", &json!({"state": state})).await.expect(204);
    while screen.next_named("presence").await.data["users"][&person.name] != state {}
}

#[tokio::test]
async fn who_comes_back_hears_how_people_appear_who_changed_meanwhile() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let mut screen = carol.events().await;
    let state = alice.get("/state").await;
    says(&bob, "idle", &mut screen).await;
    // Directly after the state, and again after everything that was said since.
    let mut stream = alice.events_from(&state.header("minimost-cursor").unwrap()).await;
    assert_eq!(stream.next_named("presence").await.data["users"]["bob"], "idle");
    carol.send("general", "good morning").await;
    stream.next_named("message_posted").await;
    let cursor = stream.cursor.clone();
    drop(stream);
    says(&bob, "hidden", &mut screen).await;
    let mut stream = alice.events_from(&cursor).await;
    let told = stream.next_named("presence").await.data;
    assert_eq!(told, json!({"users": {"bob": "hidden"}}), "and not what she has heard");
}

#[tokio::test]
async fn after_a_restart_nobody_is_shown_who_did_not_come_back() {
    let mut server = TestServer::start().await;
    let [alice, _bob] = server.people(["alice", "bob"]).await;
    let cursor = alice.cursor().await;
    server.restart().await;
    let alice = alice.at(&server);
    let mut stream = alice.events_from(&cursor).await;
    let told = stream.next_named("presence").await.data;
    assert_eq!(told, json!({"users": {}, "whole": true}));
}

#[tokio::test]
async fn typing_is_seen_for_five_seconds_by_those_who_may() {
    let server = TestServer::start().await;
    let [alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    alice.send("dm:alice:bob", "psst").await;
    let mut events = bob.events_at("channel=dm:alice:bob").await;
    alice.post("/typing/dm:alice:bob", &json!({})).await.expect(204);
    let typists = async |person: &Person| person.get("/typing/dm:alice:bob").await.expect(200);
    assert_eq!(typists(&bob).await, json!(["alice"]));
    assert_eq!(typists(&alice).await, json!([]), "never oneself");
    assert_eq!(typists(&mallory).await, json!([]), "never a stranger");
    let signal = events.next_named("typing").await;
    assert_eq!(signal.data, json!({"channel": "dm:alice:bob", "user": "alice"}));
    server.advance(Duration::from_secs(6));
    assert_eq!(typists(&bob).await, json!([]));
}

#[tokio::test]
async fn who_writes_in_a_private_channel_is_seen_by_its_members_and_by_nobody_else() {
    let server = TestServer::start().await;
    let [alice, bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let channel = alice.create_private(&["bob"]).await;
    alice.add(&channel, "carol").await;
    let typing = format!("/typing/{channel}");
    let typists = async |person: &Person| person.get(&typing).await.expect(200);
    alice.post(&typing, &json!({})).await.expect(204);
    assert_eq!([typists(&bob).await, typists(&carol).await], [json!(["alice"]), json!(["alice"])]);
    assert_eq!(typists(&mallory).await, json!([]));
    alice.remove(&channel, "bob").await;
    assert_eq!(typists(&bob).await, json!([]), "bob is not in it any more");
    for person in [&bob, &mallory] {
        person.post(&typing, &json!({})).await.expect(204);
    }
    assert_eq!(typists(&carol).await, json!(["alice"]), "nor does anybody see him write");
}

#[tokio::test]
async fn who_was_removed_while_the_channel_was_open_hears_no_more_of_who_writes_and_reads_there() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let channel = alice.create_private(&["bob", "carol"]).await;
    let open = format!("channel={channel}");
    let [mut alices, mut bobs] = [alice.events_at(&open).await, bob.events_at(&open).await];
    let typing = format!("/typing/{channel}");
    carol.post(&typing, &json!({})).await.expect(204);
    assert_eq!(bobs.next_named("typing").await.data["user"], "carol", "it is open");
    alice.send(&channel, "one more thing").await;
    alice.remove(&channel, "bob").await;
    bobs.next_named("member_removed").await;
    server.advance(Duration::from_secs(6));
    carol.post(&typing, &json!({})).await.expect(204);
    carol.mark_read(&channel).await;
    let told = alices.next_named("read_markers").await.data;
    assert_eq!(told["channel"], channel);
    let end = alice.send("general", "to all").await;
    loop {
        let heard = bobs.next().await.expect("the stream goes on");
        assert!(!["typing", "read_markers", "notify"].contains(&&*heard.name), "{heard:?}");
        if heard.data == end {
            break;
        }
    }
}
