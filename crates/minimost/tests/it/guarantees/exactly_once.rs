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
