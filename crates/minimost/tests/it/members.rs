//! Coming and going: who joins reads everything, who leaves nothing any more. Here: who has left, wherever they look,
//! and a restart on files that were compared with the log; `coming_and_going.rs` does it at random.

use serde_json::{Value, json};

use crate::support::{Person, TestServer, files_with};

/// Bob's public channel with a message in it.
async fn garden() -> (TestServer, [Person; 3], Value) {
    let server = TestServer::start().await;
    let people = server.people(["alice", "bob", "carol"]).await;
    people[1].post("/channels", &json!({"channel": "garden"})).await.expect(201);
    let message = people[1].send("garden", "dandelions").await;
    (server, people, message)
}

async fn join(person: &Person, channel: &str) -> Value {
    person.post(&format!("/channels/{channel}/join"), &json!({})).await.expect(200)
}

async fn leave(person: &Person, channel: &str) {
    person.post(&format!("/channels/{channel}/leave"), &json!({})).await.expect(204);
}

#[tokio::test]
async fn members_hear_who_comes_and_goes() {
    let (server, [alice, bob, carol], _) = garden().await;
    let [mut bobs, mut carols] = [bob.events().await, carol.events().await];
    let mut alices = alice.events().await;
    let channel = join(&carol, "garden").await;
    let expected = json!({"channel": channel, "users": ["carol"], "by": "carol"});
    assert_eq!(bobs.next_named("members_added").await.data, expected);
    assert_eq!(carols.next_named("members_added").await.data, expected);
    leave(&carol, "garden").await;
    let expected = json!({"channel": "garden", "user": "carol", "by": "carol", "member_count": 1});
    assert_eq!(bobs.next_named("member_removed").await.data, expected);
    let expected =
        json!({"channel": "garden", "user": "carol", "by": "carol", "member_count": null});
    assert_eq!(carols.next_named("member_removed").await.data, expected);
    let said = bob.send("garden", "she is gone").await;
    let marker = bob.send("general", "said to all").await;
    assert_eq!(bobs.next_event().await.data, said);
    assert_eq!(carols.next_event().await.data, marker, "no word of the garden any more");
    assert_eq!(alices.next_event().await.data, marker, "who never was in it heard nothing");
    drop(server);
}

#[tokio::test]
async fn who_has_left_finds_nothing_of_the_channel_anywhere() {
    let (server, [_alice, bob, carol], message) = garden().await;
    join(&carol, "garden").await;
    let start = carol.cursor().await;
    bob.send("garden", "nettles @carol").await;
    assert_eq!(carol.get("/mentions").await.expect(200).as_array().unwrap().len(), 1);
    carol.mark_read("garden").await;
    assert!(bob.get("/read_receipts/garden").await.expect(200)["carol"].is_number());
    server.app().mailboxes.drain().await.unwrap();
    let in_her_file = |text: &str| {
        let files = files_with(&server.data_dir().join("users"), text);
        files.iter().any(|name| name.starts_with("carol"))
    };
    assert!(in_her_file("dandelions") && in_her_file("nettles"), "she had it");

    leave(&carol, "garden").await;
    let id = &message["id"];
    for path in ["messages", "last_read", "read_receipts", "channel_members"] {
        carol.get(&format!("/{path}/garden")).await.expect_problem(403, "not-a-member");
    }
    carol.get(&format!("/message/{id}")).await.expect_problem(404, "message-not-found");
    assert_eq!(carol.get("/mentions").await.expect(200), json!([]));
    assert_eq!(carol.unreads().await.get("garden"), None);
    bob.post("/typing/garden", &json!({})).await.expect(204);
    assert_eq!(carol.get("/typing/garden").await.expect(200), json!([]));
    let reaction = json!({"reaction": "heart"});
    carol.post(&format!("/react/{id}"), &reaction).await.expect_problem(404, "message-not-found");
    assert_eq!(bob.get("/read_receipts/garden").await.expect(200).get("carol"), None);
    let mut replayed = carol.events_from(&start).await;
    assert_eq!(replayed.next_event().await.name, "member_removed", "her end is all she replays");
    server.app().mailboxes.drain().await.unwrap();
    assert!(!in_her_file("dandelions") && !in_her_file("nettles"), "it is erased");
}

#[tokio::test]
async fn who_comes_back_begins_anew() {
    let (mut server, [_alice, bob, carol], message) = garden().await;
    join(&carol, "garden").await;
    carol.mark_read("garden").await;
    let second = bob.send("garden", "nettles").await;
    assert_eq!(carol.unreads().await["garden"], 1);
    leave(&carol, "garden").await;
    let third = bob.send("garden", "thistles").await;
    join(&carol, "garden").await;
    assert_eq!(carol.unreads().await["garden"], 0, "what was there counts as read");
    let last_read = carol.get("/last_read/garden").await.expect(200);
    assert_eq!(last_read, json!({"last_read_id": null, "last_read_ts": null}));
    assert_eq!(carol.messages("garden").await, [message, second, third]);
    bob.send("garden", "roses").await;
    assert_eq!(carol.unreads().await["garden"], 1);
    let state = carol.state().await;
    server.restart_checked().await;
    let carol = carol.at(&server);
    assert_eq!(carol.state().await["channels"], state["channels"]);
}

#[tokio::test]
async fn joining_and_leaving_twice_are_once() {
    let (_server, [_alice, _bob, carol], _) = garden().await;
    let once = json!({"client_msg_id": "in"});
    let joined = carol.post("/channels/garden/join", &once).await.expect(200);
    let cursor = carol.cursor().await;
    assert_eq!(join(&carol, "garden").await, joined);
    assert_eq!(carol.post("/channels/garden/join", &once).await.expect(200), joined);
    assert_eq!(carol.cursor().await, cursor);
    let once = json!({"client_msg_id": "out"});
    carol.post("/channels/garden/leave", &once).await.expect(204);
    let cursor = carol.cursor().await;
    carol.post("/channels/garden/leave", &once).await.expect(204);
    let again = carol.post("/channels/garden/leave", &json!({})).await;
    again.expect_problem(403, "not-a-member");
    assert_eq!(carol.cursor().await, cursor);
}

#[tokio::test]
async fn some_channels_are_not_joined_not_left_and_nobody_is_added_to_them() {
    let (_server, [alice, bob, carol], _) = garden().await;
    let private = bob.create_private(&[]).await;
    bob.open_direct(&["alice"]).await;
    let before = carol.cursor().await;
    for channel in [&*private, "private:999999", "dm:alice:bob"] {
        for what in ["join", "leave"] {
            let refused = carol.post(&format!("/channels/{channel}/{what}"), &json!({})).await;
            refused.expect_problem(403, "not-a-member");
        }
    }
    let left = alice.post("/channels/general/leave", &json!({})).await;
    left.expect_problem(409, "default-channel");
    let left = alice.post("/channels/dm:alice:bob/leave", &json!({})).await;
    left.expect_problem(409, "direct-channel-fixed");
    let who = json!({"users": ["carol"]});
    let added = bob.post("/channels/garden/members", &who).await;
    added.expect_problem(409, "channel-is-public");
    let added = bob.post("/channels/dm:alice:bob/members", &who).await;
    added.expect_problem(409, "direct-channel-fixed");
    let who = json!({"user": "carol"});
    let removed = alice.post("/channels/general/members/remove", &who).await;
    removed.expect_problem(409, "default-channel");
    for (what, body) in [("topic", json!({"topic": "x"})), ("archive", json!({}))] {
        let changed = bob.post(&format!("/channels/dm:alice:bob/{what}"), &body).await;
        changed.expect_problem(409, "direct-channel-fixed");
    }
    assert_eq!(carol.cursor().await, before, "nothing changed");
}

#[tokio::test]
async fn the_owner_of_a_public_channel_takes_somebody_out() {
    let (_server, [_alice, bob, carol], _) = garden().await;
    join(&carol, "garden").await;
    let body = json!({"user": "CAROL"});
    let after = bob.post("/channels/garden/members/remove", &body).await.expect(200);
    assert_eq!(after["member_count"], 1);
    carol.get("/messages/garden").await.expect_problem(403, "not-a-member");
    let unknown = json!({"user": "nobody"});
    let answer = bob.post("/channels/garden/members/remove", &unknown).await;
    answer.expect_problem(404, "user-not-found");
    join(&carol, "garden").await;
}

#[tokio::test]
async fn the_members_of_every_kind_of_channel_are_listed_but_the_one_who_asks() {
    let (_server, [alice, bob, _carol], _) = garden().await;
    join(&alice, "garden").await;
    let private = bob.create_private(&["carol"]).await;
    bob.open_direct(&["carol", "alice"]).await;
    bob.open_direct(&[]).await;
    for (channel, names) in [
        ("general", json!(["alice", "carol"])),
        ("garden", json!(["alice"])),
        (&private, json!(["carol"])),
        ("dm:carol:bob:alice", json!(["alice", "carol"])),
        ("dm:bob", json!([])),
    ] {
        let members = bob.get(&format!("/channel_members/{channel}")).await.expect(200);
        assert_eq!(members, names, "{channel}");
    }
}
