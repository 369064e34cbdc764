//! What somebody who goes leaves behind: nothing of theirs in the channel, and nothing of the channel with them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Person, TestServer, files_with};

const BEGIN: f64 = 1_800_000_000.0;

/// Bob has a draft, a scheduled message and a reminder in alice's private channel.
async fn bob_has_plans(alice: &Person, bob: &Person) -> String {
    let plans = alice.create_private(&["bob"]).await;
    let message = alice.send(&plans, "who is in?").await;
    let draft = json!({"text": "kumquat-draft"});
    bob.post(&format!("/drafts/{plans}"), &draft).await.expect(204);
    let later = json!({"text": "kumquat-later", "send_at_ts": BEGIN + 600.0});
    bob.post(&format!("/schedule/{plans}"), &later).await.expect(201);
    let remind =
        json!({"message_id": message["id"], "text": "kumquat-note", "due_ts": BEGIN + 700.0});
    let set = bob.post("/remind", &remind).await.expect(201);
    assert_eq!(set["channel"], plans.as_str());
    plans
}

async fn plans_of(person: &Person) -> Vec<Value> {
    let state = person.state().await;
    ["drafts", "scheduled", "reminders"].map(|list| state[list].clone()).to_vec()
}

#[tokio::test]
async fn what_bob_had_in_mind_goes_with_him_and_does_not_come_back() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let data = server.data_dir().to_owned();
    let plans = bob_has_plans(&alice, &bob).await;
    let in_general = json!({"text": "kumquat-general"});
    bob.post("/drafts/general", &in_general).await.expect(204);
    assert_ne!(files_with(&data, "kumquat-later"), [""; 0], "it is on disk");
    alice.remove(&plans, "bob").await;
    let drafts = bob.get("/drafts").await.expect(200);
    assert_eq!(drafts.as_array().unwrap().len(), 1, "what is not of this channel stays: {drafts}");
    alice.add(&plans, "bob").await;
    assert_eq!(plans_of(&bob).await, [drafts.clone(), json!([]), json!([])]);

    server.restart_checked().await;
    let [alice, bob] = [alice, bob].map(|person| person.at(&server));
    assert_eq!(plans_of(&bob).await, [drafts, json!([]), json!([])]);
    let mut events = bob.events().await;
    server.advance(Duration::from_secs(1_000));
    let said = alice.send(&plans, "welcome back").await;
    assert_eq!(events.next_event().await.data["id"], said["id"], "nothing became due");
    server.stop().await;
    for word in ["kumquat-draft", "kumquat-later", "kumquat-note"] {
        assert_eq!(files_with(&data, word), [""; 0], "{word} is nowhere");
    }
    assert_ne!(files_with(&data, "kumquat-general"), [""; 0]);
}

#[tokio::test]
async fn bob_hears_that_he_is_out_and_not_how_many_remain() {
    let server = TestServer::start().await;
    let [alice, bob, _carol] = server.people(["alice", "bob", "carol"]).await;
    let plans = alice.create_private(&["bob"]).await;
    let (mut alices, mut bobs) = (alice.events().await, bob.events().await);
    let before = bobs.cursor.clone();
    alice.remove(&plans, "bob").await;
    assert_eq!(alices.next_named("member_removed").await.data["member_count"], 1);
    assert_eq!(bobs.next_named("member_removed").await.data["member_count"], Value::Null);
    alice.add(&plans, "carol").await;
    let mut again = bob.events_from(&before).await;
    let replayed = again.next_named("member_removed").await.data;
    assert_eq!((&replayed["user"], &replayed["member_count"]), (&json!("bob"), &Value::Null));
}

#[tokio::test]
async fn who_made_a_public_channel_governs_it_no_more_once_they_are_out() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let wish = json!({"channel": "garden", "name": "Garden"});
    assert_eq!(bob.post("/channels", &wish).await.expect(201)["owner"], "bob");
    alice.post("/channels/garden/join", &json!({})).await.expect(200);
    alice.post("/channels/garden/members/remove", &json!({"user": "bob"})).await.expect(200);
    server.restart_checked().await;
    let bob = bob.at(&server);
    for (what, body) in [
        ("rename", json!({"name": "Mine"})),
        ("topic", json!({"topic": "mine"})),
        ("archive", json!({})),
        ("posters", json!({"users": ["bob"]})),
    ] {
        let refused = bob.post(&format!("/channels/garden/{what}"), &body).await;
        refused.expect_problem(403, "not-the-owner");
    }
    let back = bob.post("/channels/garden/join", &json!({})).await.expect(200);
    assert_eq!(back["owner"], Value::Null);
}

#[tokio::test]
async fn an_opened_direct_channel_is_the_openers_until_something_is_said() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut bobs = bob.events().await;
    let channel = alice.open_direct(&["bob"]).await;
    assert_eq!(bobs.next_named("channel_created").await.data["by"], "alice");
    let listed =
        async |person: &Person| person.get("/dms").await.expect(200).as_array().unwrap().len();
    assert_eq!((listed(&alice).await, listed(&bob).await), (1, 0));
    server.restart_checked().await;
    let [alice, bob] = [alice, bob].map(|person| person.at(&server));
    assert_eq!((listed(&alice).await, listed(&bob).await), (1, 0));
    assert_eq!(bob.messages(&channel).await, [json!(null); 0], "he may look");
    alice.send(&channel, "are you there?").await;
    assert_eq!((listed(&alice).await, listed(&bob).await), (1, 1));

    let carol = server.sign_up("carol").await;
    carol.open_direct(&["alice"]).await;
    assert_eq!(listed(&alice).await, 1);
    alice.open_direct(&["carol"]).await;
    assert_eq!(listed(&alice).await, 2, "until she opens it herself");
}
