//! Moderation: who looks after a channel deletes what others said there, everybody sees by whom, and the sender is told.

use serde_json::{Value, json};

use crate::support::{Person, TestServer, files_with};

/// bob owns a private channel in which carol is; alice, the administrator, is not.
async fn scene() -> (TestServer, [Person; 4], String) {
    let server = TestServer::start().await;
    let people = server.people(["alice", "bob", "carol", "mallory"]).await;
    let plans = people[1].create_private(&["carol"]).await;
    (server, people, plans)
}

/// The ids on the page of all that is about a person.
async fn about(person: &Person) -> Vec<Value> {
    let all = person.get("/mentions?all=true").await.expect(200);
    all.as_array().unwrap().iter().map(|message| message["id"].clone()).collect()
}

#[tokio::test]
async fn an_administrators_deletion_says_so_to_all_who_read_the_channel() {
    let (_server, [alice, bob, carol, _], _) = scene().await;
    let said = carol.send("general", "buy my watches @bob").await;
    let mut streams = [bob.events().await, carol.events().await];
    let tombstone = alice.delete(&said["id"]).await;
    assert_eq!(tombstone["deleted_by"], "alice");
    assert_eq!((&tombstone["content"], &tombstone["sender"]), (&Value::Null, &json!("carol")));
    for stream in &mut streams {
        let told = stream.next_named("message_deleted").await.data;
        assert_eq!((&told["deleted_by"], &told["sender"]), (&json!("alice"), &json!("carol")));
    }
    for person in [&alice, &bob, &carol] {
        let page = person.messages("general").await;
        assert_eq!(page[0]["deleted_by"], "alice", "{}", person.name);
        let one = person.get(&format!("/message/{}", said["id"])).await.expect(200);
        assert_eq!(one["deleted_by"], "alice");
    }
    let own = bob.send("general", "oops").await;
    let tombstone = bob.delete(&own["id"]).await;
    assert_eq!(tombstone["deleted_by"], Value::Null, "by its sender");
    let told = streams[1].next_named("message_deleted").await.data;
    assert_eq!(told["deleted_by"], Value::Null);
}

#[tokio::test]
async fn the_sender_is_told_now_or_later_and_nobody_else() {
    let (mut server, [alice, bob, carol, _], plans) = scene().await;
    let said = carol.send("general", "buy my watches @bob").await["id"].clone();
    let secret = carol.send(&plans, "and more").await["id"].clone();
    let reply = json!({"text": "cheap ones", "thread_id": said});
    let reply = carol.post("/send/general", &reply).await.expect(201)["id"].clone();
    assert_eq!(about(&bob).await, std::slice::from_ref(&said), "it names him");
    let cursor = carol.cursor().await;
    alice.delete(&said).await;
    alice.delete(&reply).await;
    bob.delete(&secret).await;
    let mut stream = carol.events_from(&cursor).await;
    let told = stream.next_named("message_deleted").await.data;
    assert_eq!((&told["id"], &told["deleted_by"]), (&said, &json!("alice")), "also who was away");
    let expected = [reply, secret, said];
    assert_eq!(about(&carol).await, expected);
    assert!(about(&bob).await.is_empty() && about(&alice).await.is_empty());
    server.restart_made_anew().await;
    let [bob, carol] = [&bob, &carol].map(|person| person.at(&server));
    assert_eq!(about(&carol).await, expected);
    assert!(about(&bob).await.is_empty());
}

#[tokio::test]
async fn who_may_not_look_after_a_channel_deletes_nothing_of_others_there() {
    let (_server, [alice, bob, carol, mallory], plans) = scene().await;
    let direct = alice.open_direct(&["bob"]).await;
    let spam = mallory.send("general", "spam").await["id"].clone();
    let ours = carol.send(&plans, "ours").await["id"].clone();
    let psst = bob.send(&direct, "psst").await["id"].clone();
    let delete = |id: &Value| format!("/delete/{id}");
    for (person, id, status) in [
        (&bob, &spam, 403),
        (&carol, &spam, 403),
        (&alice, &ours, 404),
        (&mallory, &ours, 404),
        (&alice, &psst, 403),
        (&mallory, &psst, 404),
    ] {
        person.post(&delete(id), &json!({})).await.expect(status);
    }
    for (person, id) in [(&alice, &spam), (&bob, &ours), (&bob, &psst)] {
        person.delete(id).await;
    }
    alice.post(&format!("/edit/{spam}"), &json!({"text": "ham"})).await.expect(403);
}

#[tokio::test]
async fn an_operator_turns_moderation_off() {
    let server = TestServer::with(|config| config.chat.moderation = false).await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    assert_eq!(alice.state().await["moderation"], false);
    let said = bob.send("general", "hi").await["id"].clone();
    let refused = alice.post(&format!("/delete/{said}"), &json!({})).await;
    refused.expect_problem(403, "not-the-sender");
    bob.delete(&said).await;
    let server = TestServer::start().await;
    let [alice] = server.people(["alice"]).await;
    assert_eq!(alice.state().await["moderation"], true, "on when nothing is said");
}

#[tokio::test]
async fn what_an_administrator_deletes_is_gone_from_every_file() {
    let (mut server, [alice, bob, carol, _], _) = scene().await;
    let said = carol.send("general", "first xyzzy1").await["id"].clone();
    carol.edit(&said, "then xyzzy2").await;
    assert_eq!(bob.texts("general").await, [json!("then xyzzy2")]);
    alice.delete(&said).await;
    for person in [&alice, &bob, &carol] {
        assert_eq!(person.texts("general").await, [Value::Null]);
    }
    server.restart_checked().await;
    server.stop().await;
    for word in ["xyzzy1", "xyzzy2"] {
        assert!(files_with(server.data_dir(), word).is_empty(), "{word} is still in a file");
    }
}
