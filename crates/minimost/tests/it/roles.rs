//! Roles and deactivation: what administrators do to accounts. Here: who is no administrator, who was deactivated, a
//! restart, files that were compared with the log, and bad input.

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::json;

use crate::support::{Answer, PASSWORD, Person, TestServer, check, rows};

#[tokio::test]
async fn a_deactivated_person_is_out_at_once_and_can_come_back() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = bob.events().await;
    let mut seen = alice.events().await;
    let none = json!({});
    let path = |what: &str| format!("/admin/people/bob/{what}");
    bob.post(&path("deactivate"), &none).await.expect_problem(403, "not-an-administrator");
    let gone = alice.post(&path("deactivate"), &none).await.expect(200);
    assert_eq!(gone["is_deactivated"], true);
    let told = json!({"username": "bob", "is_admin": false, "is_deactivated": true});
    assert_eq!(seen.next_named("account_changed").await.data, told);
    while events.next().await.is_some() {}
    bob.get("/me").await.expect_problem(401, "session-revoked");

    let log_in = |password: &str| json!({"username": "bob", "password": password});
    bob.post("/login", &log_in("wrong")).await.expect_problem(401, "wrong-credentials");
    bob.post("/login", &log_in(PASSWORD)).await.expect_problem(403, "account-deactivated");
    alice.post(&path("reactivate"), &none).await.expect(200);
    bob.get("/me").await.expect_problem(401, "session-revoked");
    bob.post("/login", &log_in(PASSWORD)).await.expect(200);
}

#[tokio::test]
async fn administrators_see_who_there_is_and_one_of_them_remains() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    bob.get("/admin/people").await.expect_problem(403, "not-an-administrator");
    let people = alice.get("/admin/people").await.expect(200);
    assert_eq!(people[1]["username"], "bob");
    assert_eq!(people[1]["last_seen_ts"], 1_800_000_000.0);
    let role = |name: &str| format!("/admin/people/{name}/role");
    let member = json!({"is_admin": false});
    alice.post(&role("alice"), &member).await.expect_problem(409, "last-administrator");
    alice.post(&role("bob"), &json!({"is_admin": true})).await.expect(200);
    bob.post(&role("alice"), &member).await.expect(200);
    alice.get("/admin/people").await.expect_problem(403, "not-an-administrator");
}

async fn deactivate(admin: &Person, name: &str) {
    admin.post(&format!("/admin/people/{name}/deactivate"), &json!({})).await.expect(200);
}

#[tokio::test]
async fn a_deactivated_person_is_listed_and_otherwise_not_there() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let group = json!({"handle": "devs", "members": ["bob", "carol"]});
    alice.post("/groups", &group).await.expect(201);
    let direct = bob.open_direct(&["carol"]).await;
    bob.send("general", "my words stay").await;
    let mut events = carol.events().await;
    deactivate(&alice, "bob").await;
    while events.next_named("presence").await.data["users"]["bob"] != "offline" {}

    let people = carol.get("/people").await.expect(200);
    assert_eq!(people[1]["is_deactivated"], true);
    assert_eq!(carol.get("/users").await.expect(200), json!(["alice", "bob"]));
    assert_eq!(carol.texts("general").await, ["my words stay"]);
    let message = carol.send("general", "@bob @devs @everyone?").await;
    assert_eq!(message["mentions"], json!(["@everyone"]));
    let message = carol.send("general", "@bob @devs").await;
    assert_eq!(message["mentions"], json!(["carol"]));
    let text = json!({"text": "are you there?"});
    let path = format!("/send/{direct}");
    carol.post(&path, &text).await.expect_problem(403, "account-deactivated");
    let names = json!({"name": "secret", "members": ["bob"]});
    let refused = carol.post("/private_channels/create", &names).await;
    refused.expect_problem(403, "account-deactivated");
    let group = json!({"handle": "ops", "members": ["bob"]});
    alice.post("/groups", &group).await.expect_problem(403, "account-deactivated");
    let taken = json!({"username": "Bob", "password": PASSWORD});
    server.stranger().post("/signup", &taken).await.expect_problem(409, "name-taken");
}

#[tokio::test]
async fn every_session_of_a_deactivated_person_ends_and_none_comes_back() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let credentials = json!({"username": "bob", "password": PASSWORD});
    let second = bob.post("/login", &credentials).await;
    let cookie = second.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    deactivate(&alice, "bob").await;
    deactivate(&alice, "bob").await;
    let with_cookie = async |server: &TestServer| {
        let request = server.stranger().request(Method::GET, "/me").header(COOKIE, &cookie);
        Answer::of(request).await.expect_problem(401, "session-revoked");
    };
    with_cookie(&server).await;
    bob.post("/send/general", &json!({"text": "x"})).await.expect_problem(401, "session-revoked");
    bob.post("/presence", &json!({"state": "active"})).await.expect(204);
    server.restart().await;
    let [alice, bob] = [alice.at(&server), bob.at(&server)];
    bob.get("/state").await.expect_problem(401, "session-revoked");
    bob.post("/login", &credentials).await.expect_problem(403, "account-deactivated");
    alice.post("/admin/people/bob/reactivate", &json!({})).await.expect(200);
    with_cookie(&server).await;
    bob.post("/login", &credentials).await.expect(200);
    deactivate(&alice, "bob").await;
    server.stop().await;
    let sql = "SELECT username, is_admin, is_deactivated FROM users ORDER BY username";
    let users = rows(&server.data_dir().join("auth.db"), sql);
    assert_eq!(users, ["alice 1 0", "bob 0 1"]);
    let sessions = "SELECT DISTINCT username FROM sessions JOIN users USING (user_id)";
    assert_eq!(rows(&server.data_dir().join("auth.db"), sessions), ["alice"]);
    check(server.data_dir()).await.unwrap();
}

#[tokio::test]
async fn one_administrator_remains_whoever_is_quicker() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let (member, admin) = (json!({"is_admin": false}), json!({"is_admin": true}));
    let none = json!({});
    let gone = alice.post("/admin/people/alice/deactivate", &none).await;
    gone.expect_problem(409, "last-administrator");
    alice.post("/admin/people/bob/role", &admin).await.expect(200);
    let (one, other) = tokio::join!(
        alice.post("/admin/people/bob/role", &member),
        bob.post("/admin/people/alice/role", &member),
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403], "the slower one is no administrator any more");
    let people = alice.get("/people").await.expect(200);
    let admins = people.as_array().unwrap().iter().filter(|it| it["is_admin"] == true).count();
    assert_eq!(admins, 1);
}

#[tokio::test]
async fn an_administrator_who_deactivates_oneself_is_out_and_the_others_hear_of_it() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = bob.events().await;
    let admin = json!({"is_admin": true});
    alice.post("/admin/people/bob/role", &admin).await.expect(200);
    let told = json!({"username": "bob", "is_admin": true, "is_deactivated": false});
    assert_eq!(events.next_named("account_changed").await.data, told);
    deactivate(&alice, "alice").await;
    alice.get("/me").await.expect_problem(401, "session-revoked");
    let refused = bob.post("/admin/people/bob/deactivate", &json!({})).await;
    refused.expect_problem(409, "last-administrator");
}

#[tokio::test]
async fn nobody_else_changes_accounts_and_nothing_that_is_not_one_changes() {
    let server = TestServer::start().await;
    let [alice, mallory] = server.people(["alice", "mallory"]).await;
    let before = alice.cursor().await;
    let admin = json!({"is_admin": true});
    for what in ["role", "deactivate", "reactivate"] {
        let path = |name: &str| format!("/admin/people/{name}/{what}");
        let refused = mallory.post(&path("mallory"), &admin).await;
        refused.expect_problem(403, "not-an-administrator");
        let refused = server.stranger().post(&path("alice"), &admin).await;
        refused.expect_problem(401, "not-logged-in");
        for nobody in ["nobody", "system", "no%20body", "%ff"] {
            alice.post(&path(nobody), &admin).await.expect_problem(404, "user-not-found");
        }
    }
    for wrong in [json!({}), json!({"is_admin": "yes"}), json!({"is_admin": null})] {
        let refused = alice.post("/admin/people/mallory/role", &wrong).await;
        refused.expect_problem(400, "invalid-fields");
    }
    assert_eq!(alice.cursor().await, before, "nothing changed");
}

#[tokio::test]
async fn when_somebody_was_last_seen_outlasts_the_hour_and_a_restart() {
    let mut server = TestServer::start().await;
    let [alice, bob, _carol] = server.people(["alice", "bob", "carol"]).await;
    bob.post("/presence", &json!({"state": "active"})).await.expect(204);
    let seen = async |alice: &Person, at: usize| {
        alice.get("/admin/people").await.expect(200)[at]["last_seen_ts"].clone()
    };
    let bobs = seen(&alice, 1).await;
    server.advance(Duration::from_secs(7_200));
    assert_eq!(seen(&alice, 1).await, bobs);
    deactivate(&alice, "bob").await;
    assert_eq!(seen(&alice, 1).await, bobs, "being deactivated is no sign of life");
    server.restart().await;
    let alice = alice.at(&server);
    assert_eq!(seen(&alice, 1).await, bobs);
    alice.post("/presence", &json!({"state": "active"})).await.expect(204);
    assert_eq!(seen(&alice, 0).await, bobs.as_f64().unwrap() + 7_200.0);
}

#[tokio::test]
async fn what_somebody_stores_is_the_size_of_their_mailbox() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    bob.send("general", "a message").await;
    server.app().mailboxes.drain().await.unwrap();
    let people = alice.get("/admin/people").await.expect(200);
    let file = server.data_dir().join("users/bob.db");
    let bytes = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
    let expected = bytes(&file) + bytes(&file.with_extension("db-wal"));
    assert!(expected > 0);
    assert_eq!(people[1]["storage_bytes"], expected);
}
