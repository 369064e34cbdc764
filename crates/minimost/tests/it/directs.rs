//! Direct channels: who is in one, closing one until it goes on, and notes to oneself. Here: outsiders, restarts on
//! files that were compared with the log, and bad input; `access.rs` has every kind of event for one of two people.

use serde_json::{Value, json};

use crate::support::{Person, TestServer, files_with};

#[tokio::test]
async fn a_closed_conversation_comes_back_with_something_new() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let channel = alice.open_direct(&["bob"]).await;
    bob.send(&channel, "hi").await;
    let names = async || alice.get("/dms").await.expect(200).as_array().unwrap().len();
    let body = json!({"channel": channel});
    alice.post("/dms/close", &body).await.expect(204);
    assert_eq!(names().await, 0);
    alice.post("/dms/open", &body).await.expect(204);
    assert_eq!(names().await, 1);
    alice.post("/dms/close", &body).await.expect(204);
    bob.send(&channel, "are you there?").await;
    assert_eq!(names().await, 1, "it goes on");
    alice.post("/dms/close", &body).await.expect(204);
    alice.post("/dms", &json!({"users": ["bob"]})).await.expect(200);
    assert_eq!(names().await, 1, "opened again by its people");
}

#[tokio::test]
async fn alice_writes_notes_to_herself() {
    let server = TestServer::start().await;
    let [alice, mallory] = server.people(["alice", "mallory"]).await;
    let made = alice.post("/dms", &json!({"users": []})).await.expect(201);
    assert_eq!((&made["channel"], &made["members"]), (&json!("dm:alice"), &json!(["alice"])));
    alice.post("/dms", &json!({"users": ["alice"]})).await.expect(200);
    let note = alice.send("dm:alice:alice", "milk").await;
    assert_eq!(note["channel"], "dm:alice");
    assert_eq!(alice.messages("dm:alice").await, [note]);
    mallory.get("/messages/dm:alice").await.expect_problem(403, "not-a-member");
}

/// Whether a direct channel is closed, as the state says it.
async fn is_hidden(person: &Person, channel: &str) -> Value {
    let state = person.state().await;
    let channels = state["channels"].as_array().unwrap().iter();
    let mut found = channels.filter(|entry| entry["channel"] == channel);
    found.next().unwrap()["is_hidden"].clone()
}

#[tokio::test]
async fn closing_is_ones_own_business_and_survives_a_restart() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let channel = alice.send("dm:alice:bob", "hello").await["channel"].as_str().unwrap().to_owned();
    let [mut alices, mut bobs] = [alice.events().await, bob.events().await];
    let body = json!({"channel": "dm:bob:alice"});
    alice.post("/dms/close", &body).await.expect(204);
    let expected = json!({"channel": channel, "on": true});
    assert_eq!(alices.next_named("direct_hidden").await.data, expected);
    assert_eq!(is_hidden(&alice, &channel).await, true);
    assert_eq!(is_hidden(&bob, &channel).await, false);
    let cursor = alice.cursor().await;
    alice.post("/dms/close", &body).await.expect(204);
    assert_eq!(alice.cursor().await, cursor, "it is closed already");
    server.restart_checked().await;
    let [alice, bob] = [alice.at(&server), bob.at(&server)];
    assert_eq!(is_hidden(&alice, &channel).await, true);
    let said = bob.send(&channel, "are you there?").await;
    assert_eq!(is_hidden(&alice, &channel).await, false);
    let mut replayed = bob.events_from(&bobs.cursor).await;
    assert_eq!(replayed.next_event().await.data, said, "bob never heard of it");
    while bobs.next().await.is_some() {}
    server.restart_checked().await;
    assert_eq!(is_hidden(&alice.at(&server), &channel).await, false);
}

#[tokio::test]
async fn what_waits_in_a_closed_direct_channel_counts_again_when_something_is_said_there() {
    let mut server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let channel = alice.open_direct(&["bob"]).await;
    bob.send(&channel, "are you there?").await;
    carol.send("dm:alice:carol", "and me?").await;
    let count =
        async |person: &Person| person.get("/unread_count").await.expect(200)["count"].clone();
    assert_eq!(count(&alice).await, 2);
    let body = json!({"channel": channel});
    alice.post("/dms/close", &body).await.expect(204);
    assert_eq!(count(&alice).await, 1, "only carol's");
    alice.post("/dms/open", &body).await.expect(204);
    assert_eq!(count(&alice).await, 2);
    alice.post("/dms/close", &body).await.expect(204);
    server.restart_checked().await;
    let [alice, bob] = [alice.at(&server), bob.at(&server)];
    assert_eq!(count(&alice).await, 1);
    bob.send(&channel, "hello?").await;
    assert_eq!(count(&alice).await, 3, "with what waited");
    assert_eq!(count(&bob).await, 0);
}

#[tokio::test]
async fn only_ones_own_direct_channels_are_closed() {
    let server = TestServer::start().await;
    let [alice, _bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    alice.open_direct(&["bob"]).await;
    let private = alice.create_private(&[]).await;
    let before = alice.cursor().await;
    for path in ["/dms/close", "/dms/open"] {
        for (channel, status, slug) in [
            ("dm:alice:bob", 403, "not-a-member"),
            ("dm:alice:nobody", 403, "not-a-member"),
            (&private, 403, "not-a-member"),
            ("general", 409, "not-a-direct-channel"),
            ("nowhere", 404, "channel-not-found"),
            ("dm:", 404, "channel-not-found"),
            ("dm:mallory:nobody", 404, "user-not-found"),
        ] {
            let body = json!({"channel": channel});
            mallory.post(path, &body).await.expect_problem(status, slug);
        }
    }
    assert_eq!(alice.cursor().await, before, "nothing changed");
}

#[tokio::test]
async fn a_direct_channel_has_at_most_fifty_people_all_of_them_real() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let before = alice.cursor().await;
    let names: Vec<_> = (0..60).map(|number| format!("user{number}")).collect();
    let unknown = alice.post("/dms", &json!({"users": names})).await;
    unknown.expect_problem(404, "user-not-found");
    for name in ["", "a b", "../bob", "system"] {
        let refused = alice.post("/dms", &json!({"users": [name]})).await;
        refused.expect_problem(404, "user-not-found");
    }
    assert_eq!(alice.cursor().await, before, "nothing changed");
    for number in 0..50 {
        server.sign_up(&format!("user{number}")).await;
    }
    let all = alice.post("/dms", &json!({"users": names[..50]})).await;
    all.expect_problem(422, "direct-members");
    let too_many = alice.get(&format!("/messages/dm:alice:{}", names[..50].join(":"))).await;
    too_many.expect_problem(404, "channel-not-found");
    assert_eq!(alice.messages(&format!("dm:alice:{}", names[..49].join(":"))).await.len(), 0);
    alice.post("/dms", &json!({"users": names[..49]})).await.expect(201);
}

#[tokio::test]
async fn the_same_people_in_any_order_are_one_channel_and_nobody_elses() {
    let mut server = TestServer::start().await;
    let [alice, bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let made = alice.post("/dms", &json!({"users": ["carol", "bob"]})).await.expect(201);
    let channel = "dm:alice:bob:carol";
    let members = json!(["alice", "bob", "carol"]);
    assert_eq!((&made["channel"], &made["members"]), (&json!(channel), &members));
    let again = json!({"users": ["ALICE", "bob", "carol", "bob"]});
    assert_eq!(carol.post("/dms", &again).await.expect(200)["id"], made["id"]);
    let mut events = mallory.events().await;
    let before = mallory.state().await;
    let said = bob.send("dm:carol:bob:alice", "kumquats for @everyone").await;
    assert_eq!(said["channel"], channel);
    let waiting =
        json!([{"channel": channel, "users": ["bob", "carol"], "unread": 1, "mentions": 1}]);
    assert_eq!(alice.get("/dms").await.expect(200), waiting);
    assert_eq!(alice.open_direct(&["bob"]).await, "dm:alice:bob");
    assert!(bob.texts("dm:alice:bob").await.is_empty(), "two of three are another channel");

    bob.post(&format!("/typing/{channel}"), &json!({})).await.expect(204);
    alice.mark_read(channel).await;
    for name in [channel, "dm:bob:carol:alice"] {
        for path in ["messages", "read_receipts", "channel_members", "last_read", "pins"] {
            let answer = mallory.get(&format!("/{path}/{name}")).await;
            answer.expect_problem(403, "not-a-member");
        }
        assert_eq!(mallory.get(&format!("/typing/{name}")).await.expect(200), json!([]));
        let text = json!({"text": "let me in"});
        let refused = mallory.post(&format!("/send/{name}"), &text).await;
        refused.expect_problem(403, "not-a-member");
    }
    assert_eq!(mallory.state().await, before);
    let end = alice.send("general", "to all").await;
    assert_eq!(events.next_event().await.data, end, "her stream was silent");
    server.restart_checked().await;
    assert_eq!(carol.at(&server).get("/dms").await.expect(200)[0]["unread"], 1);
    let holders = files_with(&server.data_dir().join("users"), "kumquats");
    assert!(!holders.is_empty());
    assert!(holders.iter().all(|name| !name.starts_with("mallory")), "{holders:?}");
}
