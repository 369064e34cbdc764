//! Wrong passwords: how many are looked at, from where, who is kept out and who is not, and what the operator reads.
//!
//! The servers stand behind a proxy, which says where everybody comes from.

use std::time::Duration;

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Person, Process, TestServer};

async fn log_in(person: &Person, name: &str, password: &str) -> Answer {
    person.post("/login", &json!({"username": name, "password": password})).await
}

async fn log_in_from(address: &str, person: &Person, name: &str, password: &str) -> Answer {
    let request = person.request(Method::POST, "/login").header("x-forwarded-for", address);
    Answer::of(request.json(&json!({"username": name, "password": password}))).await
}

async fn behind_a_proxy() -> TestServer {
    TestServer::with(|config| {
        config.listen.tls_proxy = true;
        config.auth.max_login_attempts_per_name = 12;
    })
    .await
}

#[tokio::test]
async fn five_failures_lock_a_name_for_their_address_for_fifteen_minutes() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    for _ in 0..4 {
        log_in(&bob, "alice", "wrong").await.expect_problem(401, "wrong-credentials");
    }
    let locked = log_in(&bob, "alice", "wrong").await;
    assert_eq!(locked.header("retry-after").as_deref(), Some("900"));
    let problem = locked.expect_problem(429, "account-locked");
    assert_eq!(problem["minutes"], 15);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("15 min"), "{detail}");
    log_in(&bob, "alice", PASSWORD).await.expect_problem(429, "account-locked");
    alice.get("/me").await.expect(200);
    server.advance(Duration::from_secs(14 * 60));
    let locked = log_in(&bob, "alice", PASSWORD).await;
    assert_eq!(locked.header("retry-after").as_deref(), Some("60"));
    assert_eq!(locked.expect_problem(429, "account-locked")["minutes"], 1);
    server.advance(Duration::from_secs(59));
    let locked = log_in(&bob, "alice", PASSWORD).await;
    assert_eq!(locked.header("retry-after").as_deref(), Some("1"), "to the second");
    server.advance(Duration::from_secs(1));
    log_in(&bob, "alice", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_name_that_nobody_has_is_answered_and_locked_like_any_other() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    for (nobody, password) in [("nobody", PASSWORD), ("NOBODY ", "wrong")] {
        for _ in 0..2 {
            let unknown = log_in(&alice, nobody, password).await;
            let unknown = unknown.expect_problem(401, "wrong-credentials");
            let wrong = log_in(&alice, "alice", "wrong").await.json();
            assert_eq!(unknown["detail"], wrong["detail"]);
        }
    }
    for _ in 0..2 {
        let unknown = log_in(&alice, "nobody", "wrong").await;
        let unknown = unknown.expect_problem(429, "account-locked");
        let known = log_in(&alice, "alice", "wrong").await.expect_problem(429, "account-locked");
        assert_eq!((&unknown["detail"], &unknown["minutes"]), (&known["detail"], &json!(15)));
    }
    log_in(&alice, "somebody", "wrong").await.expect_problem(401, "wrong-credentials");
    server.advance(Duration::from_secs(15 * 60));
    log_in(&alice, "nobody", "wrong").await.expect_problem(401, "wrong-credentials");
    log_in(&alice, "alice", PASSWORD).await.expect(200);
    let endless = "x".repeat(2_000);
    log_in(&alice, "alice", &endless).await.expect_problem(401, "wrong-credentials");
}

#[tokio::test]
async fn guesses_that_come_at_once_are_no_more_than_five() {
    let server = behind_a_proxy().await;
    let alice = server.sign_up("alice").await;
    let guesses = (0..60).map(|at| {
        let password = if at == 30 { PASSWORD.to_owned() } else { format!("wrong {at}") };
        let alice = alice.clone();
        async move { log_in_from("192.0.2.1", &alice, "alice", &password).await.status }
    });
    let answers = futures_util::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|status| **status == 401).count();
    assert_eq!(looked_at, 4, "the fifth failure says that it was the last: {answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 56, "{answers:?}");
    log_in_from("192.0.2.1", &alice, "alice", PASSWORD).await.expect_problem(429, "account-locked");
}

#[tokio::test]
async fn right_passwords_that_come_at_once_are_all_let_in() {
    let server = behind_a_proxy().await;
    let alice = server.sign_up("alice").await;
    log_in(&alice, "alice", "wrong").await.expect_problem(401, "wrong-credentials");
    let logins = (0..30).map(|_| log_in(&alice, "alice", PASSWORD));
    for answer in futures_util::future::join_all(logins).await {
        answer.expect(200);
    }
    for _ in 0..4 {
        log_in(&alice, "alice", "wrong").await.expect_problem(401, "wrong-credentials");
    }
    log_in(&alice, "alice", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn nobody_locks_an_administrator_out_from_elsewhere() {
    let mut server = behind_a_proxy().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let people = async |alice: &Person| {
        let people = alice.get("/admin/people").await.expect(200);
        people.as_array().unwrap().iter().map(|one| one["locked_until_ts"].clone()).collect()
    };
    let none: Vec<Value> = people(&alice).await;
    assert_eq!(none, [Value::Null, Value::Null]);
    for _ in 0..5 {
        log_in_from("192.0.2.1", &bob, "alice", "wrong").await;
    }
    log_in_from("192.0.2.1", &bob, "alice", PASSWORD).await.expect_problem(429, "account-locked");
    log_in_from("192.0.2.2", &bob, "alice", PASSWORD).await.expect(200);
    let locked: Vec<Value> = people(&alice).await;
    assert!(locked[0].is_number() && locked[1].is_null(), "{locked:?}");

    // At the twelfth failure, from three addresses, the name is locked for everybody, and stays so.
    for last in [3, 4, 5] {
        for _ in 0..4 {
            log_in_from(&format!("192.0.2.{last}"), &bob, "bob", "wrong").await;
        }
    }
    log_in_from("192.0.2.9", &bob, "bob", PASSWORD).await.expect_problem(429, "account-locked");
    server.restart().await;
    let [alice, bob] = [alice.at(&server), bob.at(&server)];
    log_in_from("192.0.2.9", &bob, "bob", PASSWORD).await.expect_problem(429, "account-locked");
    bob.send("general", "I am in already").await;
    let change = json!({"current_password": PASSWORD, "new_password": "Another-horse-2"});
    bob.post("/change-password", &change).await.expect(200);

    // An administrator lets him in again.
    let none = json!({});
    bob.post("/admin/people/bob/unlock", &none).await.expect_problem(403, "not-an-administrator");
    let wish = json!({"client_msg_id": "once"});
    for _ in 0..2 {
        let bob = alice.post("/admin/people/bob/unlock", &wish).await.expect(200);
        assert_eq!(bob["username"], "bob");
    }
    alice.post("/admin/people/zoe/unlock", &none).await.expect_problem(404, "user-not-found");
    let locked: Vec<Value> = people(&alice).await;
    assert_eq!(locked, [Value::Null, Value::Null]);
    log_in_from("192.0.2.9", &bob, "bob", "Another-horse-2").await.expect(200);
    server.restart_checked().await;
}

#[tokio::test]
async fn whoever_is_in_may_mistake_their_own_password_five_times() {
    let server = behind_a_proxy().await;
    let [alice, _] = server.people(["alice", "bob"]).await;
    let phone = log_in(&alice, "alice", PASSWORD).await.expect(200)["token"].clone();
    let phone = alice.with_token(phone.as_str().unwrap());
    let change =
        |current: &str| json!({"current_password": current, "new_password": "New-horse-2"});
    for _ in 0..4 {
        let refused = phone.post("/change-password", &change("wrong")).await;
        refused.expect_problem(403, "wrong-current-password");
    }
    for password in ["wrong", PASSWORD] {
        let refused = phone.post("/change-password", &change(password)).await;
        refused.expect_problem(429, "account-locked");
    }
    log_in(&alice, "alice", PASSWORD).await.expect(200);
    alice.post("/change-password", &change(PASSWORD)).await.expect(200);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_opens_no_door_and_does_not_leave_it_open_for_guesses() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let server = Process::start(dir.path()).await?;
    let alice = server.sign_up("alice").await?;
    alice.send("general", "before").await;
    server.limit_files(Some(1))?;
    let refused = log_in(&alice, "alice", PASSWORD).await;
    // A limit on files is to SQLite what a full disk is, under another number.
    assert!([503, 507].contains(&refused.status), "{refused:?}");
    assert!(refused.json()["detail"].as_str().unwrap().contains("reading goes on"), "{refused:?}");
    assert_eq!(alice.texts("general").await, ["before"], "who is in reads on");
    for _ in 0..4 {
        log_in(&alice, "alice", "wrong").await.expect_problem(401, "wrong-credentials");
    }
    log_in(&alice, "alice", "wrong").await.expect_problem(429, "account-locked");
    log_in(&alice, "alice", PASSWORD).await.expect_problem(429, "account-locked");
    server.limit_files(None)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_reads_who_came_and_who_did_not() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mut server = Process::start(dir.path()).await?;
    let alice = server.sign_up("alice").await?;
    let bob = server.sign_up("bob").await?;
    let security = |what: &str| format!("minimost::security: {what}");
    server.says(&security("signed up address=127.0.0.1 name=\"alice\"")).await?;
    log_in(&bob, "ALICE", "wrong").await;
    server
        .says(&security("a log-in failed: wrong user name or password address=127.0.0.1"))
        .await?;
    log_in(&bob, "hunter2 typed into the wrong field", "x").await;
    let nobody = server.line(&security("a log-in failed, of no account")).await?;
    assert!(!nobody.contains("hunter2"), "{nobody}");
    log_in(&bob, "bob", PASSWORD).await.expect(200);
    server.says(&security("logged in address=127.0.0.1 name=\"bob\"")).await?;
    alice.post("/admin/people/bob/role", &json!({"is_admin": true})).await.expect(200);
    let role = security("became an administrator address=127.0.0.1 by=\"alice\" name=\"bob\"");
    server.says(&role).await?;
    for _ in 0..5 {
        log_in(&bob, "alice", "wrong").await;
    }
    server.says(&security("a log-in failed: the account is locked")).await?;
    alice.post("/admin/people/alice/unlock", &json!({})).await.expect(200);
    server.says(&security("was unlocked")).await
}
