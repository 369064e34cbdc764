//! Preferences: any JSON, one's own, on every device. Here: others, a restart, files that were compared with the log,
//! and bad input.

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::support::{Answer, TestServer, check, files_with};

#[tokio::test]
async fn preferences_follow_to_every_device_and_to_nobody_else() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = alice.events().await;
    let mut others = bob.events().await;
    let wish =
        json!({"theme": "dark", "sidebar.width": 240.5, "starred": ["general", {"a": null}]});
    assert_eq!(alice.post("/preferences", &wish).await.expect(200), wish);
    assert_eq!(events.next_named("preferences_changed").await.data, json!({"preferences": wish}));
    let changed = json!({"sidebar.width": 240.5, "starred": []});
    let change = json!({"theme": null, "starred": []});
    assert_eq!(alice.post("/preferences", &change).await.expect(200), changed);
    assert_eq!(alice.get("/preferences").await.expect(200), changed);
    assert_eq!(alice.state().await["preferences"], changed);

    assert_eq!(bob.get("/preferences").await.expect(200), json!({}));
    assert_eq!(bob.state().await["preferences"], json!({}));
    alice.send("general", "done").await;
    assert_eq!(others.next_event().await.name, "message_posted", "bob heard of nothing before");
}

#[tokio::test]
async fn too_many_or_too_large_preferences_are_refused_and_nothing_changes() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let many: Map<String, Value> = (0..64).map(|n| (format!("key-{n}"), json!(n))).collect();
    alice.post("/preferences", &json!(many)).await.expect(200);
    let before = alice.cursor().await;
    let too_large = json!({"key-0": "x".repeat(16 * 1024)});
    for wish in [json!({"one.more": 1}), too_large] {
        alice.post("/preferences", &wish).await.expect_problem(422, "invalid-value");
    }
    let long = "k".repeat(65);
    for key in ["", "Upper", "with space", "ключ", "a/b", &long] {
        let wish = json!({"key-0": null, key: 1});
        alice.post("/preferences", &wish).await.expect_problem(422, "invalid-value");
    }
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(1_000), "]".repeat(1_000));
    for body in [deep.as_str(), "[]", "{\"a\": 1e999}", "{"] {
        let request = alice.request(Method::POST, "/preferences").body(body.to_owned());
        Answer::of(request).await.expect_problem(400, "malformed-body");
    }
    assert_eq!(alice.cursor().await, before, "nothing changed");
    assert_eq!(alice.get("/preferences").await.expect(200), json!(many));
    alice.post("/preferences", &json!({"key-0": null, "one.more": 1})).await.expect(200);
}

#[tokio::test]
async fn a_late_repeat_does_not_bring_an_old_preference_back() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let wish = json!({"theme": "dark", "client_msg_id": "one"});
    let set = json!({"theme": "dark"});
    assert_eq!(alice.post("/preferences", &wish).await.expect(200), set, "its name is no key");
    alice.post("/preferences", &json!({"theme": "light"})).await.expect(200);
    assert_eq!(alice.post("/preferences", &wish).await.expect(200), json!({"theme": "light"}));
}

#[tokio::test]
async fn preferences_outlast_a_restart_and_stand_in_no_mailbox_of_others() {
    let mut server = TestServer::start().await;
    let [alice, _bob] = server.people(["alice", "bob"]).await;
    let form = [("note", "buy-milk-today"), ("empty", "")];
    let set = alice.post_form("/preferences", &form).await.expect(200);
    assert_eq!(set, json!({"note": "buy-milk-today", "empty": ""}), "a form says texts");
    server.restart().await;
    assert_eq!(alice.at(&server).get("/preferences").await.expect(200), set);
    server.app().mailboxes.drain().await.unwrap();
    server.stop().await;
    let holders = files_with(&server.data_dir().join("users"), "buy-milk-today");
    assert_eq!(holders, Vec::<String>::new());
    check(server.data_dir()).await.unwrap();
}
