//! Who may sign up: anybody, who has an invite, or nobody. Here: who is no administrator, restarts on files made
//! anew, and bad input.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Person, TestServer, check, files_with};

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
    let stranger = server.stranger();
    let info = stranger.get("/signup_info").await.expect(200);
    assert_eq!(info, json!({"signup": "open", "invite": null, "is_empty": true}));
    let alice = server.sign_up("alice").await;
    set_signup(&alice, "invite").await;
    let info = stranger.get("/signup_info").await.expect(200);
    assert_eq!(info, json!({"signup": "invite", "invite": null, "is_empty": false}));
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
    let path = format!("/signup_info?invite={}", token.unwrap());
    let expected = json!({"signup": "closed", "invite": "invalid", "is_empty": false});
    assert_eq!(stranger.get(&path).await.expect(200), expected);
    set_signup(&alice, "open").await;
    assert_eq!(stranger.get(&path).await.expect(200)["invite"], "valid", "it was not used up");
    sign_up(&stranger, "bob", None).await.expect(201);
}

#[tokio::test]
async fn an_invite_ends_when_its_time_is_over_or_an_administrator_says_so() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    set_signup(&alice, "invite").await;
    let short = invite(&alice, json!({"expires_in_seconds": 60})).await;
    let revoked = invite(&alice, json!({})).await;
    assert_eq!(short["expires_ts"], 1_800_000_060.0);
    server.restart().await;
    let (alice, stranger) = (alice.at(&server), server.stranger());
    let state = async |made: &Value| {
        let token = made["token"].as_str().unwrap();
        stranger.get(&format!("/signup_info?invite={token}")).await.expect(200)["invite"].clone()
    };
    assert_eq!(state(&short).await, "valid", "after a restart too");
    server.advance(Duration::from_secs(60));
    assert_eq!(state(&short).await, "expired");
    let revoke = format!("/admin/invites/{}/revoke", revoked["id"]);
    alice.post(&revoke, &json!({})).await.expect(204);
    alice.post(&revoke, &json!({})).await.expect(204);
    assert_eq!(state(&revoked).await, "revoked");
    assert_eq!(state(&json!({"token": "guess"})).await, "invalid");
    for made in [&short, &revoked] {
        let answer = sign_up(&stranger, "bob", made["token"].as_str()).await;
        answer.expect_problem(403, "invite-invalid");
    }
    assert_eq!(alice.get("/users").await.expect(200), json!([]));
}

#[tokio::test]
async fn what_an_invite_was_used_for_is_not_forgotten_in_a_restart() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    set_signup(&alice, "invite").await;
    let made = invite(&alice, json!({"uses_max": 2})).await;
    let token = made["token"].as_str();
    sign_up(&server.stranger(), "bob", token).await.expect(201);
    let listed = alice.get("/admin/invites").await.expect(200);
    server.restart_made_anew().await;
    let (alice, stranger) = (alice.at(&server), server.stranger());
    assert_eq!(alice.get("/admin/invites").await.expect(200), listed);
    sign_up(&stranger, "bob", token).await.expect_problem(409, "name-taken");
    sign_up(&stranger, "carol", token).await.expect(201);
    sign_up(&stranger, "dave", token).await.expect_problem(403, "invite-invalid");
    assert_eq!(alice.get("/admin/invites").await.expect(200)[0]["uses"], 2);
}

#[tokio::test]
async fn of_many_who_come_at_once_an_invite_lets_in_as_many_as_it_says() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    set_signup(&alice, "invite").await;
    let made = invite(&alice, json!({"uses_max": 2})).await;
    let token = made["token"].as_str();
    let stranger = server.stranger();
    let names = ["u1", "u2", "u3", "u4", "u5", "u6"];
    let answers = join_all(names.map(|name| sign_up(&stranger, name, token))).await;
    let admitted = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(admitted, 2);
    for refused in answers.into_iter().filter(|answer| answer.status != 201) {
        refused.expect_problem(403, "invite-invalid");
    }
    let token = token.unwrap();
    let info = stranger.get(&format!("/signup_info?invite={token}")).await.expect(200);
    assert_eq!(info["invite"], "used_up");
    assert_eq!(alice.get("/users").await.expect(200).as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn only_administrators_see_make_and_end_invites() {
    let server = TestServer::start().await;
    let [alice, mallory] = server.people(["alice", "mallory"]).await;
    let made = invite(&alice, json!({})).await;
    let mut events = mallory.events().await;
    let none = json!({});
    let revoke = format!("/admin/invites/{}/revoke", made["id"]);
    for path in ["/admin/invites", revoke.as_str(), "/admin/settings"] {
        mallory.post(path, &none).await.expect_problem(403, "not-an-administrator");
        server.stranger().post(path, &none).await.expect_problem(401, "not-logged-in");
    }
    for path in ["/admin/invites", "/admin/people", "/admin/settings"] {
        mallory.get(path).await.expect_problem(403, "not-an-administrator");
        server.stranger().get(path).await.expect_problem(401, "not-logged-in");
    }
    invite(&alice, json!({"note": "secret plans"})).await;
    alice.post(&revoke, &none).await.expect(204);
    alice.send("general", "done").await;
    assert_eq!(events.next_event().await.name, "message_posted", "no stream tells of invites");
}

#[tokio::test]
async fn the_token_of_an_invite_is_shown_once_and_kept_nowhere() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let wish = json!({"note": "once", "client_msg_id": "i1"});
    let made = alice.post("/admin/invites", &wish).await.expect(201);
    let again = alice.post("/admin/invites", &wish).await.expect(200);
    assert_eq!((&again["id"], &again["token"]), (&made["id"], &Value::Null));
    let listed = alice.get("/admin/invites").await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let token = made["token"].as_str().unwrap();
    assert_eq!(token.len(), 43);
    assert!(!listed.to_string().contains(token));
    server.stop().await;
    assert_eq!(files_with(server.data_dir(), token), Vec::<String>::new());
    check(server.data_dir()).await.unwrap();
}

#[tokio::test]
async fn terms_that_no_invite_can_have_are_refused() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let before = alice.cursor().await;
    for terms in [
        json!({"uses_max": 0}),
        json!({"uses_max": 5_000_000_000_u64}),
        json!({"expires_in_seconds": 0}),
        json!({"expires_in_seconds": i64::MAX}),
        json!({"note": "x".repeat(101)}),
    ] {
        alice.post("/admin/invites", &terms).await.expect_problem(422, "invalid-value");
    }
    for terms in [json!({"uses_max": -1}), json!({"uses_max": "many"}), json!({"note": 7})] {
        alice.post("/admin/invites", &terms).await.expect_problem(400, "invalid-fields");
    }
    for id in ["999", "x", "-1"] {
        let answer = alice.post(&format!("/admin/invites/{id}/revoke"), &json!({})).await;
        answer.expect_problem(404, "invite-not-found");
    }
    for settings in [json!({"signup": "maybe"}), json!({"edit_history": 1})] {
        alice.post("/admin/settings", &settings).await.expect_problem(400, "invalid-fields");
    }
    assert_eq!(alice.cursor().await, before, "nothing changed");
}

#[tokio::test]
async fn an_open_door_counts_an_invite_that_holds_and_ignores_one_that_does_not() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let made = invite(&alice, json!({"uses_max": 1})).await;
    let (stranger, token) = (server.stranger(), made["token"].as_str());
    sign_up(&stranger, "bob", token).await.expect(201);
    sign_up(&stranger, "carol", token).await.expect(201);
    sign_up(&stranger, "dave", Some("guess")).await.expect(201);
    assert_eq!(alice.get("/admin/invites").await.expect(200)[0]["uses"], 1);
}

#[tokio::test]
async fn the_settings_of_the_whole_change_together_and_every_screen_hears() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = bob.events().await;
    let wish = json!({"signup": "closed", "edit_history": "nobody", "client_msg_id": "s1"});
    let both = json!({"signup": "closed", "edit_history": "nobody"});
    assert_eq!(alice.post("/admin/settings", &wish).await.expect(200), both);
    events.next_named("settings_changed").await;
    assert_eq!(events.next_named("settings_changed").await.data, both);
    let open = json!({"signup": "open"});
    alice.post("/admin/settings", &open).await.expect(200);
    let now = json!({"signup": "open", "edit_history": "nobody"});
    assert_eq!(alice.post("/admin/settings", &wish).await.expect(200), now, "a late repeat");
    assert_eq!(alice.get("/admin/settings").await.expect(200), now);
    assert_eq!(bob.state().await["settings"], now);
}

#[tokio::test]
async fn guessing_at_the_door_is_limited_as_signing_up_is() {
    let server = TestServer::with(|config| config.limits.signups_per_hour = 3).await;
    let alice = server.sign_up("alice").await;
    set_signup(&alice, "invite").await;
    let stranger = server.stranger();
    for guess in ["one", "two"] {
        let answer = sign_up(&stranger, "mallory", Some(guess)).await;
        answer.expect_problem(403, "invite-invalid");
    }
    let answer = sign_up(&stranger, "mallory", Some("three")).await;
    answer.expect_problem(429, "too-many-requests");
}
