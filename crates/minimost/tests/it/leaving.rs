//! What somebody who goes leaves behind: nothing of theirs in the channel, and nothing of the channel with them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Person, TestServer, files_with};

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

/// What a problem says, but for where it was asked.
fn said_of(answer: Answer) -> Value {
    let mut problem = answer.expect_problem(404, "message-not-found");
    problem["instance"].take();
    problem
}

#[tokio::test]
async fn bob_who_has_left_deletes_what_he_said_and_is_shown_nothing_of_the_channel() {
    let mut server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let plans = alice.create_private(&["bob", "carol"]).await;
    let hers = alice.send(&plans, "who is in?").await;
    let own = bob.send(&plans, "kumquat-before").await;
    bob.edit(&own["id"], "kumquat-after").await;
    bob.post(&format!("/channels/{plans}/leave"), &json!({})).await.expect(204);
    let reply = json!({"text": "too bad", "thread_id": own["id"]});
    carol.post(&format!("/send/{plans}"), &reply).await.expect(201);
    alice.react(&own["id"], "heart").await;

    let (mut alices, mut bobs) = (alice.events().await, bob.events().await);
    let delete = |id: &Value| format!("/delete/{id}");
    let nobodys = said_of(bob.post(&delete(&json!(999_999)), &json!({})).await);
    assert_eq!(said_of(bob.post(&delete(&hers["id"]), &json!({})).await), nobodys);
    let named = json!({"client_msg_id": "regret"});
    for body in [&named, &named, &json!({})] {
        let answer = bob.post(&delete(&own["id"]), body).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "again and again");
    }
    for (path, body) in [("edit", json!({"text": "me"})), ("react", json!({"reaction": "heart"}))] {
        let refused = bob.post(&format!("/{path}/{}", own["id"]), &body).await;
        assert_eq!(said_of(refused), nobodys, "{path}");
    }
    assert_eq!(alices.next_event().await.data["id"], own["id"], "alice hears of it");
    let shown = alice.get(&format!("/message/{}", own["id"])).await.expect(200);
    assert_eq!((&shown["deleted"], &shown["content"]), (&json!(true), &Value::Null));
    assert_eq!(shown["thread"]["replies"], 1, "what carol said stays");
    let end = alice.send("general", "to all").await;
    assert_eq!(bobs.next_event().await.data["id"], end["id"], "bob heard nothing of it");

    server.restart_checked().await;
    let again = bob.at(&server).post(&delete(&own["id"]), &named).await;
    assert_eq!((again.status, again.text.as_str()), (204, ""));
    server.stop().await;
    let data = server.data_dir();
    for word in ["kumquat-before", "kumquat-after"] {
        assert_eq!(files_with(data, word), [""; 0], "{word} is nowhere");
    }
    assert_ne!(files_with(data, "who is in?"), [""; 0]);
}

#[tokio::test]
async fn however_somebody_went_their_words_stay_theirs_unless_they_were_deactivated() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let plans = alice.create_private(&["bob", "carol"]).await;
    let mut said = Vec::new();
    for text in ["one", "two", "three"] {
        said.push(bob.send(&plans, text).await["id"].clone());
    }
    let carols = carol.send(&plans, "four").await["id"].clone();
    alice.post("/channels", &json!({"channel": "garden"})).await.expect(201);
    bob.post("/channels/garden/join", &json!({})).await.expect(200);
    let in_garden = bob.send("garden", "five").await["id"].clone();
    bob.post("/channels/garden/leave", &json!({})).await.expect(204);
    alice.remove(&plans, "bob").await;
    let delete = async |who: &Person, id: &Value| {
        let answer = who.post(&format!("/delete/{id}"), &json!({})).await;
        (answer.status, answer.text)
    };
    let done = (204, String::new());
    assert_eq!(delete(&bob, &said[0]).await, done, "who was removed");
    assert_eq!(delete(&bob, &in_garden).await, done, "of a public channel");
    let archive = format!("/channels/{plans}/archive");
    alice.post(&archive, &json!({})).await.expect(200);
    assert_eq!(delete(&bob, &said[1]).await, done, "of an archived one");
    alice.post(&archive, &json!({"on": false})).await.expect(200);
    alice.add(&plans, "bob").await;
    bob.get(&format!("/message/{}", said[2])).await.expect_problem(404, "message-not-found");
    assert_eq!(delete(&bob, &said[2]).await, done, "who came back and sees it no more");
    let new = bob.send(&plans, "six").await;
    assert_eq!(bob.delete(&new["id"]).await["deleted"], true, "and sees what is new");

    alice.post("/admin/people/carol/deactivate", &json!({})).await.expect(200);
    assert_eq!(delete(&carol, &carols).await.0, 401);
    let kept = alice.messages(&plans).await.into_iter().filter(|it| it["content_type"] == "text");
    let kept: Vec<_> = kept.map(|message| message["content"].clone()).collect();
    let gone = Value::Null;
    assert_eq!(kept, [gone.clone(), gone.clone(), gone.clone(), json!("four"), gone]);
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
