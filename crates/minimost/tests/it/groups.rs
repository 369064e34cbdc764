//! User groups: `@handle` names many. Here: who is no administrator, a restart, files that were compared with the
//! log, and bad input; whom a handle names in a channel is in `notifications.rs` too.

use serde_json::{Value, json};

use crate::support::{PASSWORD, Person, TestServer, check};

#[tokio::test]
async fn an_administrator_makes_changes_and_deletes_a_group() {
    let server = TestServer::start().await;
    let [alice, bob, _carol] = server.people(["alice", "bob", "carol"]).await;
    let mut events = bob.events().await;
    let wish = json!({"handle": "devs", "name": "Developers", "members": ["bob", "alice"]});
    bob.post("/groups", &wish).await.expect_problem(403, "not-an-administrator");
    let group = alice.post("/groups", &wish).await.expect(201);
    let id = &group["id"];
    let members = json!(["alice", "bob"]);
    let expected = json!({"id": id, "handle": "devs", "name": "Developers", "members": members});
    assert_eq!(group, expected);
    assert_eq!(events.next_named("groups_changed").await.data, json!({"groups": [expected]}));
    assert_eq!(bob.get("/groups").await.expect(200), json!([expected]));

    let change = json!({"members": ["carol"]});
    let path = format!("/groups/{id}");
    bob.post(&path, &change).await.expect_problem(403, "not-an-administrator");
    let changed = alice.post(&path, &change).await.expect(200);
    assert_eq!(changed["members"], json!(["carol"]));
    assert_eq!(changed["name"], "Developers", "what is left out stays");
    assert_eq!(bob.state().await["groups"], json!([changed]));
    let delete = format!("{path}/delete");
    bob.post(&delete, &json!({})).await.expect_problem(403, "not-an-administrator");
    alice.post(&delete, &json!({})).await.expect(204);
    alice.post(&delete, &json!({})).await.expect_problem(404, "group-not-found");
    assert_eq!(bob.get("/groups").await.expect(200), json!([]));
}

async fn make(admin: &Person, handle: &str, members: &[&str]) -> Value {
    admin.post("/groups", &json!({"handle": handle, "members": members})).await.expect(201)
}

#[tokio::test]
async fn naming_a_group_names_its_people_and_nobody_else() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    make(&alice, "devs", &["alice", "bob"]).await;
    let message = carol.send("general", "ship it, @DEVS").await;
    assert_eq!(message["mentions"], json!(["alice", "bob"]));
    assert_eq!(bob.get("/mentions").await.expect(200)[0]["id"], message["id"]);
    let direct = carol.open_direct(&["bob"]).await;
    let message = carol.send(&direct, "and @devs?").await;
    assert_eq!(message["mentions"], json!(["bob"]), "only those who may read it");
}

#[tokio::test]
async fn a_group_that_changed_or_is_gone_leaves_what_was_said_as_it_was() {
    let mut server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let group = make(&alice, "devs", &["bob"]).await;
    let path = format!("/groups/{}", group["id"]);
    let first = alice.send("general", "one, @devs").await;
    alice.post(&path, &json!({"members": ["carol"]})).await.expect(200);
    let second = alice.send("general", "two, @devs").await;
    alice.post(&format!("{path}/delete"), &json!({})).await.expect(204);
    let third = alice.send("general", "three, @devs").await;
    let named = [&first, &second, &third].map(|message| message["mentions"].clone());
    assert_eq!(named, [json!(["bob"]), json!(["carol"]), json!([])]);
    server.restart_made_anew().await;
    for (person, message) in [(&bob, first), (&carol, second)] {
        assert_eq!(person.at(&server).get("/mentions").await.expect(200), json!([message]));
    }
}

#[tokio::test]
async fn a_handle_is_one_persons_or_one_groups() {
    let server = TestServer::start().await;
    let [alice, _bob] = server.people(["alice", "bob"]).await;
    let group = make(&alice, "devs", &[]).await;
    let before = alice.cursor().await;
    for handle in ["BOB", "Devs"] {
        let wish = json!({"handle": handle});
        alice.post("/groups", &wish).await.expect_problem(409, "handle-taken");
    }
    let other = json!({"username": "DEVS", "password": PASSWORD});
    server.stranger().post("/signup", &other).await.expect_problem(409, "name-taken");
    let path = format!("/groups/{}", group["id"]);
    alice.post(&path, &json!({"handle": "bob"})).await.expect_problem(409, "handle-taken");
    for handle in ["", "a b", "everyone", "here", &"x".repeat(33)] {
        let wish = json!({"handle": handle});
        alice.post("/groups", &wish).await.expect_problem(422, "name-invalid");
    }
    for stranger in ["nobody", "no body", ""] {
        let wish = json!({"members": ["bob", stranger]});
        alice.post(&path, &wish).await.expect_problem(404, "user-not-found");
    }
    alice.post("/groups", &json!({"name": "x"})).await.expect_problem(400, "invalid-fields");
    alice.post(&path, &json!({"members": [1]})).await.expect_problem(400, "invalid-fields");
    for nothing in ["/groups/999", "/groups/x", "/groups/-1", "/groups/%ff"] {
        alice.post(nothing, &json!({})).await.expect_problem(404, "group-not-found");
    }
    assert_eq!(alice.cursor().await, before, "nothing changed");
    assert_eq!(alice.post(&path, &json!({"handle": "DEVS"})).await.expect(200)["handle"], "DEVS");
}

#[tokio::test]
async fn a_repeated_wish_makes_one_group_that_outlasts_a_restart() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let wish = json!({"handle": "devs", "members": "alice", "client_msg_id": "g1"});
    let group = alice.post("/groups", &wish).await.expect(201);
    server.restart().await;
    let alice = alice.at(&server);
    assert_eq!(alice.post("/groups", &wish).await.expect(200), group);
    let path = format!("/groups/{}/delete", group["id"]);
    alice.post(&path, &json!({"client_msg_id": "g2"})).await.expect(204);
    alice.post(&path, &json!({"client_msg_id": "g2"})).await.expect(204);
    make(&alice, "devs", &[]).await;
    assert_eq!(alice.get("/groups").await.expect(200).as_array().unwrap().len(), 1);
    server.stop().await;
    check(server.data_dir()).await.unwrap();
}
