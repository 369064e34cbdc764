//! Why a session ended: told to whoever shows its token, for thirty days, and to nobody else.

use std::time::Duration;

use chat::{Actor, Command};
use reqwest::Method;
use reqwest::header::{ACCEPT, COOKIE};
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Person, TestServer, files_with};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Another session of the same person.
async fn log_in(person: &Person, password: &str) -> Person {
    let body = json!({"username": person.name, "password": password});
    let account = person.post("/login", &body).await.expect(200);
    person.with_token(account["token"].as_str().unwrap())
}

async fn set_password(person: &Person, from: &str, to: &str) {
    let body = json!({"current_password": from, "new_password": to});
    person.post("/change-password", &body).await.expect(200);
}

async fn deactivate(admin: &Person, name: &str) {
    admin.post(&format!("/admin/people/{name}/deactivate"), &json!({})).await.expect(200);
}

/// What the sweep does, which comes by every minute of a clock that no test moves.
async fn sweep(server: &TestServer) {
    let app = server.app();
    let ended_by = app.clock.now().plus_micros(-chat::session::ENDED_SESSION_SECONDS * 1_000_000);
    app.writer.submit(Actor::System, None, Command::ForgetSessions { ended_by }).await.unwrap();
}

#[tokio::test]
async fn whoever_holds_the_token_of_an_ended_session_is_told_why() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let logged_out = log_in(&bob, PASSWORD).await;
    logged_out.post("/logout", &json!({})).await.expect(204);
    let changed = log_in(&bob, PASSWORD).await;
    set_password(&bob, PASSWORD, "New-horse-2").await;
    let mut newer = Vec::new();
    for _ in 0..50 {
        newer.push(log_in(&bob, "New-horse-2").await);
    }
    for restarted in [false, true] {
        if restarted {
            server.restart_checked().await;
        }
        let told = [
            (&logged_out, "session-logged-out"),
            (&changed, "session-password-changed"),
            (&bob, "session-displaced"),
        ];
        for (session, why) in told {
            let session = session.at(&server);
            session.get("/me").await.expect_problem(401, why);
            session.get("/events").await.expect_problem(401, why);
            session.post("/send/general", &json!({"text": "x"})).await.expect_problem(401, why);
            let page = session.request(Method::GET, "/admin/people").header(ACCEPT, "text/html");
            let page = Answer::of(page).await;
            assert_eq!((page.status, page.header("location").unwrap().as_str()), (303, "/login"));
            let cookie = format!("session={}", session.token);
            let request = server.stranger().request(Method::GET, "/me").header(COOKIE, cookie);
            Answer::of(request).await.expect_problem(401, why);
        }
        newer[49].at(&server).get("/me").await.expect(200);
    }
    server.advance(DAY * 30 + Duration::from_secs(1));
    newer[49].at(&server).get("/me").await.expect_problem(401, "session-expired");
    let alice = log_in(&alice.at(&server), PASSWORD).await;
    deactivate(&alice, "bob").await;
    newer[49].at(&server).get("/me").await.expect_problem(401, "session-revoked");
}

#[tokio::test]
async fn who_was_deactivated_is_told_so_in_whatever_session() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let phone = log_in(&bob, PASSWORD).await;
    phone.post("/logout", &json!({})).await.expect(204);
    phone.get("/me").await.expect_problem(401, "session-logged-out");
    deactivate(&alice, "bob").await;
    for session in [&bob, &phone] {
        session.get("/me").await.expect_problem(401, "session-revoked");
    }
    alice.post("/admin/people/bob/reactivate", &json!({})).await.expect(200);
    bob.get("/me").await.expect_problem(401, "session-revoked");
    phone.get("/me").await.expect_problem(401, "session-logged-out");
}

#[tokio::test]
async fn who_has_not_the_token_is_told_nothing() {
    let server = TestServer::start().await;
    let [alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    deactivate(&alice, "bob").await;
    bob.get("/me").await.expect_problem(401, "session-revoked");
    let hash = minimost::auth::token_hash(&bob.token).0;
    for guess in ["bob", "1", "0", "", &hash, &bob.token[..42], &format!("{}A", bob.token)] {
        let guess = mallory.with_token(guess);
        guess.get("/me").await.expect_problem(401, "not-logged-in");
    }
    // Whose own session goes on is not told about another token beside it.
    let cookies = format!("__Host-session={}; session={}", bob.token, mallory.token);
    let request = server.stranger().request(Method::GET, "/me").header(COOKIE, cookies);
    assert_eq!(Answer::of(request).await.expect(200)["username"], "mallory");
    server.stranger().get("/me").await.expect_problem(401, "not-logged-in");
}

#[tokio::test]
async fn after_thirty_days_it_is_told_no_longer_and_erased() {
    let mut server = TestServer::start().await;
    let bob = server.sign_up("bob").await;
    let phone = log_in(&bob, PASSWORD).await;
    let hash = minimost::auth::token_hash(&phone.token).0;
    phone.post("/logout", &json!({})).await.expect(204);
    server.restart_checked().await;
    let data = server.data_dir().to_owned();
    assert!(files_with(&data, &hash).contains(&"workspace.db".to_owned()));
    server.advance(DAY * 29);
    sweep(&server).await;
    phone.at(&server).get("/me").await.expect_problem(401, "session-logged-out");
    server.advance(DAY + Duration::from_secs(1));
    phone.at(&server).get("/me").await.expect_problem(401, "not-logged-in");
    sweep(&server).await;
    server.restart_checked().await;
    assert_eq!(files_with(&data, &hash), [""; 0], "neither in the log nor in what follows from it");
    server.restart_made_anew().await;
    phone.at(&server).get("/me").await.expect_problem(401, "not-logged-in");
}

#[tokio::test]
async fn of_who_logs_in_and_out_all_day_fifty_ends_are_kept() {
    let mut server = TestServer::start().await;
    let [bob, carol] = server.people(["bob", "carol"]).await;
    let of_carol = log_in(&carol, PASSWORD).await;
    of_carol.post("/logout", &json!({})).await.expect(204);
    let mut sessions = Vec::new();
    for _ in 0..51 {
        let session = log_in(&bob, PASSWORD).await;
        session.post("/logout", &json!({})).await.expect(204);
        sessions.push(session);
    }
    sessions[0].get("/me").await.expect_problem(401, "not-logged-in");
    sessions[1].get("/me").await.expect_problem(401, "session-logged-out");
    of_carol.get("/me").await.expect_problem(401, "session-logged-out");
    let hash = minimost::auth::token_hash(&sessions[0].token).0;
    server.restart_checked().await;
    assert_eq!(files_with(server.data_dir(), &hash), [""; 0]);
    server.restart_made_anew().await;
    sessions[1].at(&server).get("/me").await.expect_problem(401, "session-logged-out");
}

#[tokio::test]
async fn logging_out_clears_what_the_browser_keeps_of_answers_and_nothing_else() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let other = log_in(&alice, PASSWORD).await;
    let answer = alice.post("/logout", &json!({})).await;
    assert_eq!(answer.header("clear-site-data").as_deref(), Some("\"cache\""));
    let page = other.request(Method::GET, "/logout").header(ACCEPT, "text/html");
    let page = Answer::of(page.header("sec-fetch-site", "same-origin")).await;
    assert_eq!(page.status, 303, "{page:?}");
    assert_eq!(page.header("clear-site-data").as_deref(), Some("\"cache\""));
    let refused = other.post("/logout", &json!({})).await;
    let none: Option<Value> = refused.header("clear-site-data").map(Value::from);
    assert_eq!((refused.status, none), (401, None));
}
