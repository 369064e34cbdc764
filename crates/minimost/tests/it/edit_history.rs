//! What a message said before it was edited, and who may know. Here: outsiders, late joiners, who was removed, a
//! restart on files made anew, and ids that are none.

use serde_json::{Value, json};

use crate::support::{Event, Person, TestServer};

#[tokio::test]
async fn an_edited_message_tells_what_it_said() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let posted = alice.send("general", "frist").await;
    let edited = alice.edit(&posted["id"], "first").await;
    let path = format!("/message/{}/history", posted["id"]);
    let expected = json!([
        {"content": "frist", "ts": posted["ts"]},
        {"content": "first", "ts": edited["edited_ts"]},
    ]);
    assert_eq!(bob.get(&path).await.expect(200), expected);
    alice.delete(&posted["id"]).await;
    bob.get(&path).await.expect_problem(404, "message-not-found");
}

#[tokio::test]
async fn an_administrator_decides_who_may_know() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let posted = bob.send("general", "frist").await;
    bob.edit(&posted["id"], "first").await;
    let path = format!("/message/{}/history", posted["id"]);
    let who_may: [(&str, &[&Person], &[&Person]); 4] = [
        ("sender", &[&bob], &[&alice, &carol]),
        ("administrators", &[&alice, &bob], &[&carol]),
        ("nobody", &[], &[&alice, &bob, &carol]),
        ("everyone", &[&alice, &bob, &carol], &[]),
    ];
    for (setting, allowed, others) in who_may {
        let settings = json!({"edit_history": setting});
        bob.post("/admin/settings", &settings).await.expect_problem(403, "not-an-administrator");
        alice.post("/admin/settings", &settings).await.expect(200);
        for person in allowed {
            assert_eq!(person.get(&path).await.expect(200)[0]["content"], "frist", "{setting}");
        }
        for person in others {
            let problem = person.get(&path).await.expect_problem(403, "history-hidden");
            assert!(!problem.to_string().contains("frist"), "{problem}");
        }
    }
}

#[tokio::test]
async fn who_may_not_see_a_message_learns_nothing_of_its_past() {
    let mut server = TestServer::with(|config| config.chat.mailbox_messages_per_channel = 3).await;
    let [alice, bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let posted = alice.send(&channel, "plum cake").await;
    for number in 0..250 {
        alice.edit(&posted["id"], &format!("cake number {number}")).await;
    }
    alice.add(&channel, "carol").await;
    let path = format!("/message/{}/history", posted["id"]);
    for stranger in [&carol, &mallory] {
        stranger.get(&path).await.expect_problem(404, "message-not-found");
    }
    let texts = bob.get(&path).await.expect(200);
    let texts = texts.as_array().unwrap();
    assert_eq!(texts.len(), 200, "of many the newest");
    assert_eq!(texts[199]["content"], "cake number 249");
    alice.remove(&channel, "bob").await;
    bob.get(&path).await.expect_problem(404, "message-not-found");

    server.restart_made_anew().await;
    let alice = alice.at(&server);
    assert_eq!(alice.get(&path).await.expect(200).as_array().unwrap()[..], texts[..]);
    for wrong in ["0", "99999", "x", "-1"] {
        let answer = alice.get(&format!("/message/{wrong}/history")).await;
        answer.expect_problem(404, "message-not-found");
    }
    // Not a message, but an event all the same.
    alice.get("/message/1/history").await.expect_problem(404, "message-not-found");
}

/// Everything that is replayed to somebody after a cursor, up to a message that is posted now.
async fn replay(person: &Person, cursor: &str) -> Vec<Event> {
    let mut stream = person.events_from(cursor).await;
    let end = person.send("random", "the end").await;
    let mut seen = Vec::new();
    loop {
        let event = stream.next_event().await;
        if event.data["id"] == end["id"] {
            return seen;
        }
        seen.push(event);
    }
}

/// What these events say that a message is, in their order.
fn texts_of(seen: &[Event], id: &Value) -> Vec<(String, Value)> {
    let about = seen.iter().filter(|event| event.data["id"] == *id);
    let about = about.filter(|event| event.data["content"] != Value::Null);
    about.map(|event| (event.name.clone(), event.data["content"].clone())).collect()
}

fn said(name: &str, text: &str) -> (String, Value) {
    (name.to_owned(), json!(text))
}

#[tokio::test]
async fn who_may_not_know_earlier_texts_is_replayed_the_last_one() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let before_all = bob.send("general", "old-first").await;
    bob.edit(&before_all["id"], "old-second").await;
    let start = carol.cursor().await;
    bob.edit(&before_all["id"], "old-third").await;
    let posted = bob.send("general", "first @carol").await;
    let reply = json!({"text": "reply-first", "thread_id": posted["id"]});
    let reply = bob.post("/send/general", &reply).await.expect(201);
    bob.edit(&posted["id"], "second").await;
    bob.edit(&reply["id"], "reply-second").await;
    bob.edit(&before_all["id"], "old-fourth").await;
    bob.edit(&posted["id"], "third @alice").await;
    let deleted = bob.send("general", "deleted-first").await;
    bob.edit(&deleted["id"], "deleted-second").await;
    bob.delete(&deleted["id"]).await;
    let plain = bob.send("general", "never edited").await;

    let who_may: [(&str, &[&Person], &[&Person]); 4] = [
        ("everyone", &[&alice, &bob, &carol], &[]),
        ("sender", &[&bob], &[&alice, &carol]),
        ("administrators", &[&alice, &bob], &[&carol]),
        ("nobody", &[], &[&alice, &bob, &carol]),
    ];
    for (setting, allowed, others) in who_may {
        alice.post("/admin/settings", &json!({"edit_history": setting})).await.expect(200);
        for person in allowed {
            let seen = replay(person, &start).await;
            let expected = [
                said("message_posted", "first @carol"),
                said("message_edited", "second"),
                said("message_edited", "third @alice"),
            ];
            assert_eq!(texts_of(&seen, &posted["id"]), expected, "{setting}");
        }
        for person in others {
            let seen = replay(person, &start).await;
            let now =
                [said("message_posted", "third @alice"), said("message_edited", "third @alice")];
            assert_eq!(texts_of(&seen, &posted["id"]), now, "{setting}: {}", person.name);
            let event = seen.iter().find(|event| event.data["id"] == posted["id"]).unwrap();
            let page = person.get(&format!("/message/{}", posted["id"])).await.expect(200);
            for field in ["content", "mentions", "edited", "edited_ts", "ts", "client_msg_id"] {
                assert_eq!(event.data[field], page[field], "{field}");
            }
            let now =
                [said("thread_replied", "reply-second"), said("message_edited", "reply-second")];
            assert_eq!(texts_of(&seen, &reply["id"]), now, "{setting}");
            let now = [said("message_edited", "old-fourth")];
            assert_eq!(texts_of(&seen, &before_all["id"]), now, "{setting}");
            let now = [said("message_posted", "never edited")];
            assert_eq!(texts_of(&seen, &plain["id"]), now, "{setting}");
            let whole = seen.iter().map(|event| event.data.to_string()).collect::<String>();
            for earlier in ["first", "\"second\"", "old-third"] {
                assert!(!whole.contains(earlier), "{setting}: {earlier} in {whole}");
            }
        }
    }
}

#[tokio::test]
async fn a_text_is_the_last_one_however_long_after_it_the_edit_came() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    alice.post("/admin/settings", &json!({"edit_history": "nobody"})).await.expect(200);
    let start = bob.cursor().await;
    let posted = alice.send("general", "frist").await;
    // Further than one page of a replay reaches, and a thread that is longer than what is replayed need be read.
    for number in 0..520 {
        let reply = json!({"text": format!("reply {number}"), "thread_id": posted["id"]});
        alice.post("/send/general", &reply).await.expect(201);
    }
    alice.edit(&posted["id"], "first").await;
    let seen = replay(&bob, &start).await;
    let expected = [said("message_posted", "first"), said("message_edited", "first")];
    assert_eq!(texts_of(&seen, &posted["id"]), expected);
    assert!(!format!("{seen:?}").contains("frist"));
    assert_eq!(seen.iter().filter(|event| event.name == "thread_replied").count(), 520);
}
