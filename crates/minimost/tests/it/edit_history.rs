//! What a message said before it was edited, and who may know. Here: outsiders, late joiners, who was removed, a
//! restart on files made anew, and ids that are none.

use serde_json::json;

use crate::support::{Person, TestServer};

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
