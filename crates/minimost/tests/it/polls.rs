//! Polls: a question with options, and votes.

use serde_json::json;

use crate::support::TestServer;

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
