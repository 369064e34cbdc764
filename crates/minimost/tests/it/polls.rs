//! Polls: a question with options, and votes. Here: outsiders, late joiners, who was removed, a restart on files that
//! were compared with the log, and bad input.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Person, TestServer};

#[tokio::test]
async fn people_vote_change_their_minds_and_take_their_votes_back() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let wish = json!({"question": "Lunch?", "options": ["12:00", "13:00"]});
    let poll = alice.post("/poll/general", &wish).await.expect(201);
    let expected = json!({
        "question": "Lunch?", "is_multiple": false, "closes_ts": null, "closed_ts": null,
        "options": [{"text": "12:00", "voters": []}, {"text": "13:00", "voters": []}],
    });
    assert_eq!((&poll["poll"], &poll["content"]), (&expected, &json!("Lunch?")));
    let mut events = alice.events().await;
    let vote = format!("/vote/{}", poll["id"]);
    alice.post(&vote, &json!({"options": [1]})).await.expect(200);
    bob.post(&vote, &json!({"options": [0]})).await.expect(200);
    let voted = bob.post(&vote, &json!({"options": [1]})).await.expect(200);
    let options =
        json!([{"text": "12:00", "voters": []}, {"text": "13:00", "voters": ["alice", "bob"]}]);
    assert_eq!(voted["poll"]["options"], options);
    assert_eq!(alice.messages("general").await, [voted]);
    let event = events.next_named("poll_voted").await;
    assert_eq!((&event.data["user"], &event.data["options"]), (&json!("alice"), &json!([1])));
    let voted = bob.post_form(&vote, &[("options", "")]).await.expect(200);
    assert_eq!(voted["poll"]["options"][1]["voters"], json!(["alice"]));

    let close = format!("/close_poll/{}", poll["id"]);
    bob.post(&close, &json!({})).await.expect_problem(403, "not-the-sender");
    let closed = alice.post(&close, &json!({})).await.expect(200);
    let event = events.next_named("poll_closed").await;
    assert_eq!(closed["poll"]["closed_ts"], event.data["closed_ts"]);
    bob.post(&vote, &json!({"options": [0]})).await.expect_problem(409, "poll-closed");
}

#[tokio::test]
async fn nobody_votes_after_the_announced_end() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let closes = 1_800_000_060.0;
    let wish = json!({
        "question": "Lunch?", "options": ["12:00", "13:00"], "is_multiple": true,
        "closes_ts": closes,
    });
    let poll = alice.post("/poll/general", &wish).await.expect(201);
    assert_eq!(poll["poll"]["closes_ts"], closes);
    let voted = vote(&bob, &poll, json!([0, 1, 1])).await.expect(200);
    let options = &voted["poll"]["options"];
    assert_eq!((&options[0]["voters"], &options[1]["voters"]), (&json!(["bob"]), &json!(["bob"])));
    server.advance(Duration::from_secs(61));
    vote(&bob, &poll, json!([0])).await.expect_problem(409, "poll-closed");
    vote(&alice, &poll, json!([0])).await.expect_problem(409, "poll-closed");
    assert_eq!(alice.messages("general").await, std::slice::from_ref(&voted));
    server.restart_checked().await;
    let alice = alice.at(&server);
    assert_eq!(alice.messages("general").await, [voted], "a restart keeps the votes");

    let tombstone = alice.delete(&poll["id"]).await;
    assert_eq!(tombstone["poll"], Value::Null, "the poll goes with its message");
    vote(&bob.at(&server), &poll, json!([0])).await.expect_problem(409, "message-deleted");
}

#[tokio::test]
async fn who_may_not_see_a_poll_can_neither_vote_in_it_nor_close_it() {
    let server = TestServer::start().await;
    let [alice, bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let wish = json!({"question": "Which cake?", "options": ["plum", "cherry"]});
    let poll = alice.post(&format!("/poll/{channel}"), &wish).await.expect(201);
    mallory.post(&format!("/poll/{channel}"), &wish).await.expect_problem(403, "not-a-member");
    alice.add(&channel, "carol").await;
    let mut events = carol.events().await;
    vote(&bob, &poll, json!([1])).await.expect(200);
    alice.remove(&channel, "bob").await;
    for stranger in [&bob, &carol, &mallory] {
        vote(stranger, &poll, json!([0])).await.expect_problem(404, "message-not-found");
        let close = format!("/close_poll/{}", poll["id"]);
        stranger.post(&close, &json!({})).await.expect_problem(404, "message-not-found");
    }
    let marker = alice.send(&channel, "cherry, then").await;
    loop {
        let event = events.next_event().await;
        assert!(!event.name.starts_with("poll_"), "carol came after the question: {event:?}");
        if event.data["id"] == marker["id"] {
            break;
        }
    }
    let now = alice.get(&format!("/message/{}", poll["id"])).await.expect(200);
    assert_eq!(now["poll"]["options"][1]["voters"], json!(["bob"]), "nothing has changed");
    assert_eq!(now["poll"]["closed_ts"], Value::Null);
}

#[tokio::test]
async fn a_poll_or_a_vote_that_makes_no_sense_is_refused_and_changes_nothing() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let plain = alice.send("general", "no poll").await;
    let eleven: Vec<String> = (0..11).map(|number| number.to_string()).collect();
    let two = json!(["yes", "no"]);
    let polls = [
        (json!({"question": "", "options": two}), 422, "text-empty"),
        (json!({"question": "q".repeat(301), "options": two}), 422, "invalid-value"),
        (json!({"question": "?", "options": ["alone"]}), 422, "invalid-value"),
        (json!({"question": "?", "options": eleven}), 422, "invalid-value"),
        (json!({"question": "?", "options": ["same", " same"]}), 422, "invalid-value"),
        (json!({"question": "?", "options": ["", "b"]}), 422, "invalid-value"),
        (json!({"question": "?", "options": [1, 2]}), 400, "invalid-fields"),
        (json!({"question": "?"}), 400, "invalid-fields"),
        (json!({"question": "?", "options": two, "closes_ts": 1.0}), 422, "invalid-value"),
        (json!({"question": "?", "options": two, "closes_ts": "soon"}), 400, "invalid-fields"),
    ];
    for (wish, status, problem) in polls {
        alice.post("/poll/general", &wish).await.expect_problem(status, problem);
    }
    assert_eq!(alice.messages("general").await, std::slice::from_ref(&plain));
    vote(&alice, &plain, json!([0])).await.expect_problem(409, "not-a-poll");

    let wish = json!({"question": "Really?", "options": two});
    let poll = alice.post("/poll/general", &wish).await.expect(201);
    vote(&alice, &poll, json!([0, 1])).await.expect_problem(422, "invalid-value");
    vote(&alice, &poll, json!([2])).await.expect_problem(422, "invalid-value");
    vote(&alice, &poll, json!([256])).await.expect_problem(422, "invalid-value");
    vote(&alice, &poll, json!([-1])).await.expect_problem(400, "invalid-fields");
    vote(&alice, &poll, json!(0)).await.expect_problem(400, "invalid-fields");
    vote(&alice, &poll, Value::Null).await.expect_problem(400, "invalid-fields");
    let edit = json!({"text": "Surely?"});
    let edited = alice.post(&format!("/edit/{}", poll["id"]), &edit).await;
    edited.expect_problem(422, "invalid-value");
    assert_eq!(alice.messages("general").await, [plain, poll]);
}

async fn vote(person: &Person, poll: &Value, options: Value) -> Answer {
    person.post(&format!("/vote/{}", poll["id"]), &json!({"options": options})).await
}
