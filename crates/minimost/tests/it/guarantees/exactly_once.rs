//! Guarantee 3: a wish with a name of its own (`client_msg_id`) comes true once, however often it is told.
//!
//! `write_path.rs` has the same for the writer without HTTP; `crash.rs` repeats wishes after kills.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::TestServer;

#[tokio::test]
async fn guarantee_3_a_repeat_is_answered_with_what_is_even_after_a_restart_and_a_deletion() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let wish = json!({"text": "once", "client_msg_id": "4f1c"});
    let message = alice.post("/send/general", &wish).await.expect(201);
    let id = &message["id"];
    assert_eq!(message["client_msg_id"], "4f1c");
    assert_eq!(alice.post("/send/general", &wish).await.expect(200), message);

    let edit = json!({"text": "edited", "client_msg_id": "e-1"});
    let edited = alice.post(&format!("/edit/{id}"), &edit).await.expect(200);
    alice.edit(id, "edited again").await;
    let repeat = alice.post(&format!("/edit/{id}"), &edit).await.expect(200);
    assert_eq!(repeat["content"], "edited again", "the first edit does not come back");
    assert_ne!(repeat, edited);
    let toggle = json!({"reaction": "heart", "client_msg_id": "r-1"});
    for _ in 0..3 {
        let reactions = alice.post(&format!("/react/{id}"), &toggle).await.expect(200);
        assert_eq!(reactions, json!({"heart": ["alice"]}), "it toggles once");
    }

    server.restart().await;
    let alice = alice.at(&server);
    let now = alice.post("/send/general", &wish).await.expect(200);
    assert_eq!(now["content"], "edited again");
    let tombstone = alice.delete(id).await;
    assert_eq!(alice.post("/send/general", &wish).await.expect(200), tombstone);
    server.restart().await;
    let alice = alice.at(&server);
    assert_eq!(alice.post("/send/general", &wish).await.expect(200), tombstone);
    assert_eq!(alice.messages("general").await, [tombstone], "there was only ever one");
}

#[tokio::test]
async fn guarantee_3_the_same_name_for_another_wish_is_refused() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let wish = json!({"text": "once", "client_msg_id": "one"});
    let id = alice.post("/send/general", &wish).await.expect(201)["id"].clone();
    let before = alice.cursor().await;
    let others = [
        ("/send/random".to_owned(), json!({"text": "once"})),
        ("/send/dm:alice:bob".to_owned(), json!({"text": "once"})),
        (format!("/edit/{id}"), json!({"text": "twice"})),
        (format!("/react/{id}"), json!({"reaction": "heart"})),
        (format!("/delete/{id}"), json!({})),
        ("/dms".to_owned(), json!({"users": ["bob"]})),
        ("/channels".to_owned(), json!({"channel": "ops"})),
        ("/channels/general/rename".to_owned(), json!({"name": "Hall"})),
    ];
    for (path, mut body) in others {
        body["client_msg_id"] = json!("one");
        let problem = alice.post(&path, &body).await;
        problem.expect_problem(409, "client-msg-id-reused");
    }
    assert_eq!(alice.cursor().await, before, "nothing happened");
    bob.post("/send/random", &wish).await.expect(201);
}

/// An hour after the time at which every test begins.
const LATER: f64 = 1_800_003_600.0;

/// Wishes about two messages and one that waits; each with another that an answer to it would swallow.
fn pairs(one: &Value, two: &Value, waiting: &Value) -> Vec<(String, Value, String, Value)> {
    vec![
        (format!("/save/{one}"), json!({"on": true}), format!("/save/{two}"), json!({"on": true})),
        ("/dms".into(), json!({"users": ["bob"]}), "/channels".into(), json!({"channel": "ops"})),
        ("/preferences".into(), json!({"a": 1}), "/keywords".into(), json!({"keywords": ["a"]})),
        (
            "/keywords".into(),
            json!({"keywords": ["a"]}),
            "/keywords".into(),
            json!({"keywords": ["b"]}),
        ),
        ("/status".into(), json!({"text": "away"}), "/profile".into(), json!({"bio": "hi"})),
        (
            "/schedule/general".into(),
            json!({"text": "later", "send_at_ts": LATER}),
            format!("/scheduled/{waiting}"),
            json!({"text": "now"}),
        ),
        (
            "/remind".into(),
            json!({"message_id": one, "due_ts": LATER}),
            "/remind".into(),
            json!({"message_id": two, "due_ts": LATER}),
        ),
        (
            format!("/thread/{one}/follow"),
            json!({"on": true}),
            format!("/thread/{two}/follow"),
            json!({"on": true}),
        ),
        (format!("/mark_unread/{two}"), json!({}), format!("/mark_unread/{one}"), json!({})),
        (
            "/do_not_disturb".into(),
            json!({"enabled": true}),
            "/do_not_disturb".into(),
            json!({"enabled": false}),
        ),
        (
            "/groups".into(),
            json!({"handle": "devs", "members": ["bob"]}),
            "/groups".into(),
            json!({"handle": "ops"}),
        ),
        (
            "/admin/invites".into(),
            json!({"note": "for carol"}),
            "/admin/invites".into(),
            json!({"note": "for dave"}),
        ),
        (
            "/admin/people/bob/role".into(),
            json!({"is_admin": true}),
            "/admin/people/bob/role".into(),
            json!({"is_admin": false}),
        ),
        (
            "/channels/general/topic".into(),
            json!({"topic": "hall"}),
            "/channels/general/description".into(),
            json!({"description": "hall"}),
        ),
        (
            format!("/react/{one}"),
            json!({"reaction": "heart"}),
            format!("/react/{one}"),
            json!({"reaction": "joy"}),
        ),
    ]
}

#[tokio::test]
async fn guarantee_3_another_wish_of_the_same_kind_is_another_wish() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let one = bob.send("general", "one").await["id"].clone();
    let two = bob.send("general", "two").await["id"].clone();
    let schedule = json!({"text": "later", "send_at_ts": LATER});
    let waiting = alice.post("/schedule/general", &schedule).await.expect(201)["id"].clone();
    let pairs = pairs(&one, &two, &waiting);
    alice.post("/mark_read/general", &json!({})).await.expect(204);
    let named = |body: &Value, at: usize| {
        let mut body = body.clone();
        body["client_msg_id"] = json!(format!("wish-{at}"));
        body
    };
    for (at, (path, wish, ..)) in pairs.iter().enumerate() {
        let answer = alice.post(path, &named(wish, at)).await;
        assert!((200..300).contains(&answer.status), "{path} {wish}: {answer:?}");
    }
    for _ in 0..2 {
        let alice = alice.at(&server);
        let before = alice.cursor().await;
        for (at, (path, wish, other_path, other)) in pairs.iter().enumerate() {
            let refused = alice.post(other_path, &named(other, at)).await;
            refused.expect_problem(409, "client-msg-id-reused");
            let repeat = alice.post(path, &named(wish, at)).await;
            assert!(matches!(repeat.status, 200 | 204), "{path} {wish}: {repeat:?}");
        }
        assert_eq!(alice.cursor().await, before, "nothing happened");
        server.restart().await;
    }
}

#[tokio::test]
async fn guarantee_3_a_repeat_shows_nothing_to_who_has_left() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let plans = alice.create_private(&["bob"]).await;
    let send = json!({"text": "mine", "client_msg_id": "send"});
    let id = bob.post(&format!("/send/{plans}"), &send).await.expect(201)["id"].clone();
    let react = json!({"reaction": "heart", "client_msg_id": "react"});
    bob.post(&format!("/react/{id}"), &react).await.expect(200);
    let pin = json!({"on": true, "client_msg_id": "pin"});
    bob.post(&format!("/pin/{id}"), &pin).await.expect(200);
    let (due, path) = (1_800_003_600.0, format!("/schedule/{plans}"));
    let later = json!({"text": "later", "send_at_ts": due, "client_msg_id": "later"});
    bob.post(&path, &later).await.expect(201);
    let remind = json!({"message_id": id, "due_ts": due, "client_msg_id": "remind"});
    bob.post("/remind", &remind).await.expect(201);
    let remove = json!({"user": "bob"});
    alice.post(&format!("/channels/{plans}/members/remove"), &remove).await.expect(200);
    alice.react(&id, "joy").await;

    bob.post(&format!("/send/{plans}"), &send).await.expect_problem(403, "not-a-member");
    for (path, wish) in [(format!("/react/{id}"), react), (format!("/pin/{id}"), pin)] {
        bob.post(&path, &wish).await.expect_problem(404, "message-not-found");
    }
    bob.post(&path, &later).await.expect_problem(404, "schedule-not-found");
    bob.post("/remind", &remind).await.expect_problem(404, "reminder-not-found");
    let send = json!({"text": "hers", "client_msg_id": "send"});
    alice.post(&format!("/send/{plans}"), &send).await.expect(201);
    alice.post(&format!("/send/{plans}"), &send).await.expect(200);
}

#[tokio::test]
async fn guarantee_3_a_repeat_shows_no_invite_to_who_is_no_administrator_any_more() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let role =
        |is_admin| json!({"is_admin": is_admin, "client_msg_id": format!("role-{is_admin}")});
    alice.post("/admin/people/bob/role", &role(true)).await.expect(200);
    let invite = json!({"note": "for carol", "client_msg_id": "invite"});
    bob.post("/admin/invites", &invite).await.expect(201);
    bob.post("/admin/invites", &invite).await.expect(200);
    bob.post("/admin/people/bob/role", &role(false)).await.expect(200);
    bob.post("/admin/invites", &invite).await.expect_problem(403, "not-an-administrator");
    bob.post("/admin/people/bob/role", &role(false)).await.expect(200);
}

#[tokio::test]
async fn guarantee_3_a_refusal_is_not_remembered() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let named = |text: &str| json!({"text": text, "client_msg_id": "one"});
    alice.post("/send/general", &named("  ")).await.expect_problem(422, "text-empty");
    alice.post("/send/nowhere", &named("hi")).await.expect_problem(404, "channel-not-found");
    alice.post("/edit/999999", &named("hi")).await.expect_problem(404, "message-not-found");
    let message = alice.post("/send/general", &named("hi")).await.expect(201);
    assert_eq!(alice.post("/send/general", &named("hi")).await.expect(200), message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guarantee_3_eight_at_once_make_one_message() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = bob.events().await;
    for round in 0..20 {
        let wish = json!({"text": format!("round {round}"), "client_msg_id": round.to_string()});
        let mut sends = JoinSet::new();
        for _ in 0..8 {
            let (alice, wish) = (alice.clone(), wish.clone());
            sends.spawn(async move { alice.post("/send/general", &wish).await });
        }
        let answers = sends.join_all().await;
        let first: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(first.len(), 1, "one of them was the first");
        let message: Value = first[0].json();
        for answer in &answers {
            assert!(matches!(answer.status, 200 | 201), "{answer:?}");
            assert_eq!(answer.json(), message);
        }
        assert_eq!(events.next_event().await.data, message, "and the others made nothing");
    }
    assert_eq!(bob.messages("general").await.len(), 20);
}
