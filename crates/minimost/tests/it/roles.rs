//! Roles and deactivation: what administrators do to accounts.

use serde_json::json;

use crate::support::{PASSWORD, TestServer};

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
    bob.get("/me").await.expect_problem(401, "not-logged-in");

    let log_in = |password: &str| json!({"username": "bob", "password": password});
    bob.post("/login", &log_in("wrong")).await.expect_problem(401, "wrong-credentials");
    bob.post("/login", &log_in(PASSWORD)).await.expect_problem(403, "account-deactivated");
    alice.post(&path("reactivate"), &none).await.expect(200);
    bob.get("/me").await.expect_problem(401, "not-logged-in");
    bob.post("/login", &log_in(PASSWORD)).await.expect(200);
}

#[tokio::test]
async fn administrators_see_who_there_is_and_one_of_them_remains() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    bob.get("/admin/people").await.expect_problem(403, "not-an-administrator");
    let people = alice.get("/admin/people").await.expect(200);
    assert_eq!(people[1]["username"], "bob");
    assert_eq!(people[1]["created_ts"], people[1]["last_seen_ts"].as_f64().unwrap().floor());
    let role = |name: &str| format!("/admin/people/{name}/role");
    let member = json!({"is_admin": false});
    alice.post(&role("alice"), &member).await.expect_problem(409, "last-administrator");
    alice.post(&role("bob"), &json!({"is_admin": true})).await.expect(200);
    bob.post(&role("alice"), &member).await.expect(200);
    alice.get("/admin/people").await.expect_problem(403, "not-an-administrator");
}
