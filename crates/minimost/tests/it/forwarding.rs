//! Forwarding: a copy of a message, passed on in a new one. Here: outsiders, late joiners, who was removed, restarts
//! on files made anew, and bad input.

use serde_json::{Value, json};

use crate::support::{Answer, Person, TestServer, files_with};

#[tokio::test]
async fn a_forwarded_message_carries_the_original_as_it_was() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let plan = alice.send("general", "the plan").await;
    let wish = json!({"channel": "random", "text": "look", "client_msg_id": "f1"});
    let path = format!("/forward/{}", plan["id"]);
    let forwarded = bob.post(&path, &wish).await.expect(201);
    assert_eq!((&forwarded["content"], &forwarded["channel"]), (&json!("look"), &json!("random")));
    let expected = json!({
        "id": plan["id"], "channel": "general", "sender": "alice", "ts": plan["ts"],
        "content": "the plan",
    });
    assert_eq!(forwarded["forward"], expected);
    alice.edit(&plan["id"], "another plan").await;
    alice.delete(&plan["id"]).await;
    assert_eq!(alice.messages("random").await, std::slice::from_ref(&forwarded), "it is a copy");
    assert_eq!(bob.post(&path, &wish).await.expect(200), forwarded, "a repeat posts nothing");
}

#[tokio::test]
async fn a_forwarded_private_message_does_not_say_where_it_was_said() {
    let server = TestServer::start().await;
    let [alice, bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let secret = alice.send(&channel, "cake on friday").await;
    alice.add(&channel, "carol").await;
    let path = format!("/forward/{}", secret["id"]);
    let wish = json!({"channel": "general"});
    for stranger in [&carol, &mallory] {
        stranger.post(&path, &wish).await.expect_problem(404, "message-not-found");
    }
    assert_eq!(mallory.texts("general").await, [""; 0]);
    let mut events = mallory.events().await;
    let forwarded = bob.post(&path, &wish).await.expect(201);
    assert_eq!(forwarded["forward"]["channel"], Value::Null);
    assert_eq!(forwarded["forward"]["content"], "cake on friday");
    assert_eq!(events.next_event().await.data, forwarded);
    assert_eq!(mallory.messages("general").await, std::slice::from_ref(&forwarded));
    let origin = &forwarded["forward"]["id"];
    mallory.get(&format!("/message/{origin}")).await.expect_problem(404, "message-not-found");

    server.app().mailboxes.drain().await.unwrap();
    let users = server.data_dir().join("users");
    let knows = |text: &str| {
        let files = files_with(&users, text);
        files.iter().any(|name| name.starts_with("mallory.db"))
    };
    assert!(knows("cake on friday"), "it was passed on to her");
    assert!(!knows(&channel), "where from is not hers to know");
}

#[tokio::test]
async fn who_left_passes_nothing_more_on_and_what_they_passed_on_stays() {
    let mut server = TestServer::start().await;
    let [alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let secret = alice.send(&channel, "cake on friday").await;
    let reply = json!({"text": "and candles", "thread_id": secret["id"]});
    let reply = alice.post(&format!("/send/{channel}"), &reply).await.expect(201);
    let kept = forward(&bob, &reply, json!({"channel": "dm:bob"})).await.expect(201);
    assert_eq!(kept["forward"]["content"], "and candles");
    alice.remove(&channel, "bob").await;
    for message in [&secret, &reply] {
        let gone = forward(&bob, message, json!({"channel": "general"})).await;
        gone.expect_problem(404, "message-not-found");
    }
    let foreign = forward(&mallory, &kept, json!({"channel": "general"})).await;
    foreign.expect_problem(404, "message-not-found");
    server.restart_made_anew().await;
    assert_eq!(bob.at(&server).messages("dm:bob").await, [kept]);
    assert!(mallory.at(&server).messages("general").await.is_empty());
}

#[tokio::test]
async fn what_is_passed_on_twice_is_the_original_and_what_is_gone_is_not_passed_on() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let plan = alice.send("general", "the plan").await;
    let silent = forward(&bob, &plan, json!({"channel": "random"})).await.expect(201);
    assert_eq!(silent["content"], "");
    let again = forward(&alice, &silent, json!({"channel": "dm:alice:bob"})).await.expect(201);
    assert_eq!(again["forward"], silent["forward"], "the copy of a copy is the original");
    let word = forward(&alice, &again, json!({"channel": "random", "text": "see"})).await;
    let quoted = forward(&bob, &word.expect(201), json!({"channel": "general"})).await.expect(201);
    let both = "see\n\n> alice:\n> the plan";
    assert_eq!(quoted["forward"]["content"], both, "a word of one's own, and to what it was said");

    alice.delete(&plan["id"]).await;
    let gone = forward(&bob, &plan, json!({"channel": "random"})).await;
    gone.expect_problem(409, "message-deleted");
    assert_eq!(bob.messages("random").await[0], silent, "the copy stays");
    alice.post("/channels/general/topic", &json!({"topic": "Plans"})).await.expect(200);
    let notice = bob.messages("general").await.pop().unwrap();
    assert_eq!(notice["content_type"], "system");
    let refused = forward(&bob, &notice, json!({"channel": "random"})).await;
    refused.expect_problem(409, "message-is-notice");
    server.restart_checked().await;
    assert_eq!(bob.at(&server).messages("random").await[0], silent);
}

#[tokio::test]
async fn a_message_is_passed_on_only_where_one_may_post_and_leaves_drafts_alone() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let channel = alice.create_private(&[]).await;
    let plan = alice.send("general", "the plan").await;
    bob.post("/drafts/random", &json!({"text": "half a thou"})).await.expect(204);
    forward(&bob, &plan, json!({"channel": "random"})).await.expect(201);
    assert_eq!(bob.get("/drafts").await.expect(200)[0]["text"], "half a thou");

    forward(&bob, &plan, json!({"channel": channel})).await.expect_problem(403, "not-a-member");
    let nowhere = forward(&bob, &plan, json!({"channel": "no such"})).await;
    nowhere.expect_problem(404, "channel-not-found");
    forward(&bob, &plan, json!({})).await.expect_problem(400, "invalid-fields");
    let posters = json!({"users": ["alice"]});
    alice.post("/channels/random/posters", &posters).await.expect(200);
    forward(&bob, &plan, json!({"channel": "random"})).await.expect_problem(403, "not-a-poster");
    alice.post("/channels/random/archive", &json!({})).await.expect(200);
    let closed = forward(&alice, &plan, json!({"channel": "random"})).await;
    closed.expect_problem(409, "channel-archived");
    let long = json!({"channel": "general", "text": "x".repeat(10_001)});
    forward(&bob, &plan, long).await.expect_problem(422, "text-too-long");
    assert_eq!(alice.messages("general").await, [plan]);
}

#[tokio::test]
async fn however_often_and_however_long_it_is_quoted_a_copy_is_no_longer_than_a_message() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let lines = alice.send("general", &format!("a\n{}z", "\n".repeat(9_997))).await;
    let word = json!({"channel": "random", "text": "one\ntwo"});
    let word = forward(&alice, &lines, word).await.expect(201);
    let said = json!({"channel": "general", "text": "more"});
    let cut = forward(&bob, &word, said.clone()).await.expect(201);
    let content = cut["forward"]["content"].as_str().unwrap().to_owned();
    assert!(content.starts_with("one\ntwo\n\n> alice:\n> a\n> \n> "), "{content:.40}");
    assert_eq!((content.chars().count(), content.chars().last()), (10_000, Some('…')));

    let long = json!({"channel": "random", "text": "🌊".repeat(10_000)});
    let long = forward(&alice, &cut, long).await.expect(201);
    let only = forward(&bob, &long, said.clone()).await.expect(201);
    let kept = only["forward"]["content"].as_str().unwrap();
    assert_eq!((kept.chars().count(), kept.chars().last()), (10_000, Some('…')));
    let nested = forward(&alice, &only, said).await.expect(201);
    let nested = nested["forward"]["content"].as_str().unwrap();
    assert!(nested.starts_with("more\n\n> alice:\n> 🌊"), "{nested:.40}");
    let before = bob.messages("general").await;
    server.restart_made_anew().await;
    assert_eq!(bob.at(&server).messages("general").await, before);
}

async fn forward(person: &Person, message: &Value, wish: Value) -> Answer {
    person.post(&format!("/forward/{}", message["id"]), &wish).await
}
