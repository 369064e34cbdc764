//! Who may sign up: anybody, who has an invite, or nobody.

use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Person, TestServer};

async fn sign_up(stranger: &Person, name: &str, invite: Option<&str>) -> Answer {
    let body = json!({"username": name, "password": PASSWORD, "invite": invite});
    stranger.post("/signup", &body).await
}

async fn invite(admin: &Person, terms: Value) -> Value {
    admin.post("/admin/invites", &terms).await.expect(201)
}

async fn set_signup(admin: &Person, mode: &str) {
    admin.post("/admin/settings", &json!({"signup": mode})).await.expect(200);
}

#[tokio::test]
async fn where_signing_up_takes_an_invite_a_link_lets_people_in() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    set_signup(&alice, "invite").await;
    let stranger = server.stranger();
    let info = stranger.get("/signup_info").await.expect(200);
    assert_eq!(info, json!({"signup": "invite", "invite": null}));
    sign_up(&stranger, "bob", None).await.expect_problem(403, "invite-invalid");
    sign_up(&stranger, "bob", Some("guess")).await.expect_problem(403, "invite-invalid");

    let made = invite(&alice, json!({"note": "for bob", "uses_max": 1})).await;
    let token = made["token"].as_str().unwrap();
    assert_eq!(made["path"], format!("/signup?invite={token}"));
    let info = stranger.get(&format!("/signup_info?invite={token}")).await.expect(200);
    assert_eq!(info["invite"], "valid");
    sign_up(&stranger, "bob", Some(token)).await.expect(201);
    sign_up(&stranger, "carol", Some(token)).await.expect_problem(403, "invite-invalid");
    let listed = alice.get("/admin/invites").await.expect(200);
    assert_eq!((&listed[0]["uses"], &listed[0]["note"]), (&json!(1), &json!("for bob")));
    assert_eq!(listed[0]["token"], Value::Null);
}

#[tokio::test]
async fn where_nobody_may_sign_up_no_invite_helps() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let made = invite(&alice, json!({})).await;
    set_signup(&alice, "closed").await;
    let stranger = server.stranger();
    let token = made["token"].as_str();
    sign_up(&stranger, "bob", token).await.expect_problem(403, "signup-closed");
    set_signup(&alice, "open").await;
    sign_up(&stranger, "bob", None).await.expect(201);
}
