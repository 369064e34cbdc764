//! Somebody has forgotten their password: a link that an administrator made lets them set another. `control` has the
//! links that the operator makes on the command line.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::{Value, json};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::support::{Answer, PASSWORD, Person, TestServer, files_with, rows};

const NEW: &str = "Battery-staple-2";

async fn make(admin: &Person, name: &str, minutes: u64) -> String {
    let wish = json!({"expires_in_minutes": minutes});
    let made = admin.post(&format!("/admin/people/{name}/reset_password"), &wish).await;
    made.expect(201)["path"].as_str().unwrap().to_owned()
}

async fn set(stranger: &Person, link: &str, password: &str) -> Answer {
    stranger.post(link, &json!({"password": password, "confirm_password": password})).await
}

/// Whose password the link sets, as its page is told.
async fn whose(stranger: &Person, link: &str) -> Value {
    let token = link.strip_prefix("/reset-password/").unwrap();
    stranger.get(&format!("/reset_info?token={token}")).await.expect(200)["username"].clone()
}

async fn log_in(stranger: &Person, name: &str, password: &str) -> Answer {
    stranger.post("/login", &json!({"username": name, "password": password})).await
}

#[tokio::test]
async fn by_a_link_bob_sets_a_new_password_once_and_every_session_of_his_ends() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let stranger = server.stranger();
    let phone = log_in(&stranger, "bob", PASSWORD).await.expect(200)["token"].clone();
    let phone = bob.with_token(phone.as_str().unwrap());
    let mut streams = [bob.events().await, phone.events().await];
    let made = alice.post("/admin/people/BOB/reset_password", &json!({})).await.expect(201);
    let token = made["token"].as_str().unwrap();
    assert_eq!(token.len(), 43, "32 random bytes");
    let link = format!("/reset-password/{token}");
    let expected = json!({
        "username": "bob", "token": token, "path": link, "expires_ts": 1_800_003_600.0,
    });
    assert_eq!(made, expected, "an hour");

    let page = stranger.get("/login").await.expect_html();
    for path in ["/forgot-password", link.as_str(), "/reset-password/guess"] {
        let shown = stranger.get(path).await;
        if path != "/forgot-password" {
            assert_eq!(shown.header("cache-control").as_deref(), Some("no-store"), "{path}");
        }
        assert_eq!(shown.header("referrer-policy").as_deref(), Some("no-referrer"));
        assert_eq!(shown.expect_html(), page, "{path}");
        assert_eq!(whose(&stranger, &link).await, "bob", "a look uses nothing up");
    }
    assert_eq!(whose(&stranger, "/reset-password/guess").await, Value::Null);

    let refused = set(&stranger, &link, "short").await.expect_problem(422, "password-rules");
    assert_eq!(refused["errors"][0]["pointer"], "/password");
    let differs = json!({"password": NEW, "confirm_password": "Battery-staple-3"});
    let refused = stranger.post(&link, &differs).await.expect_problem(422, "password-rules");
    assert_eq!(refused["errors"][0]["pointer"], "/confirm_password");
    set(&stranger, "/reset-password/guess", NEW).await.expect_problem(403, "reset-link-invalid");
    bob.get("/me").await.expect(200);

    let done = set(&stranger, &link, NEW).await;
    assert_eq!(done.header("set-cookie"), None, "nobody is logged in by it");
    assert_eq!(done.expect(200), json!({"ok": true}));
    for stream in &mut streams {
        while stream.next().await.is_some() {}
    }
    for session in [&bob, &phone] {
        session.get("/me").await.expect_problem(401, "session-password-changed");
    }
    alice.get("/me").await.expect(200);
    log_in(&stranger, "bob", PASSWORD).await.expect_problem(401, "wrong-credentials");
    log_in(&stranger, "bob", NEW).await.expect(200);
    set(&stranger, &link, PASSWORD).await.expect_problem(403, "reset-link-invalid");
    assert_eq!(whose(&stranger, &link).await, Value::Null);
    log_in(&stranger, "bob", NEW).await.expect(200);
}

#[tokio::test]
async fn of_two_who_use_a_link_at_once_one_does() {
    let server = TestServer::start().await;
    let [alice, _bob] = server.people(["alice", "bob"]).await;
    let link = make(&alice, "bob", 60).await;
    let stranger = server.stranger();
    let passwords = [NEW, "Otters-paint-fences"];
    let [first, second] = passwords.map(|password| set(&stranger, &link, password));
    let (first, second) = tokio::join!(first, second);
    let mut statuses = [first.status, second.status];
    let won = passwords[usize::from(second.status == 200)];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
    for password in passwords {
        let expected = if password == won { 200 } else { 401 };
        assert_eq!(log_in(&stranger, "bob", password).await.status, expected);
    }
}

#[tokio::test]
async fn a_link_holds_for_its_time_and_across_restarts() {
    let mut server = TestServer::start().await;
    let [alice, _bob, _carol] = server.people(["alice", "bob", "carol"]).await;
    let link = make(&alice, "bob", 60).await;
    let late = make(&alice, "carol", 10_080).await;
    server.restart_made_anew().await;
    server.advance(Duration::from_secs(3599));
    let stranger = server.stranger();
    assert_eq!(whose(&stranger, &link).await, "bob");
    server.advance(Duration::from_secs(1));
    assert_eq!(whose(&stranger, &link).await, Value::Null);
    set(&stranger, &link, NEW).await.expect_problem(403, "reset-link-invalid");
    log_in(&stranger, "bob", PASSWORD).await.expect(200);
    server.restart().await;
    set(&server.stranger(), &late, NEW).await.expect(200);
}

#[tokio::test]
async fn a_person_has_one_link_and_a_changed_password_ends_it() {
    let server = TestServer::start().await;
    let [alice, bob, _carol] = server.people(["alice", "bob", "carol"]).await;
    let stranger = server.stranger();
    let (first, other) = (make(&alice, "bob", 60).await, make(&alice, "carol", 60).await);
    let second = make(&alice, "bob", 60).await;
    assert_eq!(whose(&stranger, &first).await, Value::Null);
    set(&stranger, &first, NEW).await.expect_problem(403, "reset-link-invalid");
    assert_eq!(whose(&stranger, &second).await, "bob");
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    bob.post("/change-password", &change).await.expect(200);
    set(&stranger, &second, PASSWORD).await.expect_problem(403, "reset-link-invalid");
    let third = make(&alice, "bob", 60).await;
    alice.post("/admin/people/bob/deactivate", &json!({})).await.expect(200);
    alice.post("/admin/people/bob/reactivate", &json!({})).await.expect(200);
    set(&stranger, &third, PASSWORD).await.expect_problem(403, "reset-link-invalid");
    assert_eq!(whose(&stranger, &other).await, "carol", "hers is her own");
}

#[tokio::test]
async fn mallory_guesses_thirty_times_an_hour() {
    let server = TestServer::with(|config| config.limits.password_resets_per_hour = 30).await;
    let [alice, _bob] = server.people(["alice", "bob"]).await;
    let link = make(&alice, "bob", 240).await;
    let mallory = server.stranger();
    for guess in 0..30 {
        let guess = format!("/reset-password/{guess}");
        set(&mallory, &guess, NEW).await.expect_problem(403, "reset-link-invalid");
    }
    let refused = set(&mallory, &link, NEW).await;
    assert_eq!(refused.header("retry-after").as_deref(), Some("120"));
    refused.expect_problem(429, "too-many-requests");
    log_in(&mallory, "bob", PASSWORD).await.expect(200);
    server.advance(Duration::from_secs(121));
    set(&mallory, &link, NEW).await.expect(200);
}

#[tokio::test]
async fn another_site_uses_no_link_and_a_page_without_script_does() {
    let server = TestServer::start().await;
    let [alice, _bob] = server.people(["alice", "bob"]).await;
    let link = make(&alice, "bob", 60).await;
    let stranger = server.stranger();
    let form = [("password", NEW), ("confirm_password", NEW)];
    let from = |site: &str| {
        let request = stranger.request(Method::POST, &link).header("sec-fetch-site", site);
        Answer::of(request.header(ACCEPT, "text/html").form(&form))
    };
    assert_eq!(from("cross-site").await.status, 403);
    log_in(&stranger, "bob", PASSWORD).await.expect(200);
    let done = from("same-origin").await;
    assert_eq!(done.header("location").as_deref(), Some("/login?password_reset=1"));
    assert_eq!((done.status, done.header("set-cookie")), (303, None));
    log_in(&stranger, "bob", NEW).await.expect(200);
    assert_eq!(from("same-origin").await.status, 403, "once");
}

#[tokio::test]
async fn administrators_make_links_for_others_and_nobody_else_does() {
    let server = TestServer::start().await;
    let [alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    let path = |name: &str| format!("/admin/people/{name}/reset_password");
    let refused = mallory.post(&path("bob"), &json!({})).await;
    refused.expect_problem(403, "not-an-administrator");
    assert_eq!(server.stranger().post(&path("bob"), &json!({})).await.status, 401);
    alice.post(&path("zoe"), &json!({})).await.expect_problem(404, "user-not-found");
    alice.post(&path("alice"), &json!({})).await.expect_problem(422, "invalid-value");
    for minutes in [json!(0), json!(10_081), json!(u64::from(u32::MAX) + 2)] {
        let wish = json!({"expires_in_minutes": minutes});
        alice.post(&path("bob"), &wish).await.expect_problem(422, "invalid-value");
    }
    alice.post("/admin/people/bob/role", &json!({"is_admin": true})).await.expect(200);
    let link = make(&bob, "alice", 60).await;
    set(&server.stranger(), &link, NEW).await.expect(200);
    assert_eq!(alice.get("/me").await.status, 401, "of another administrator too");
    bob.post("/admin/people/mallory/deactivate", &json!({})).await.expect(200);
    bob.post(&path("mallory"), &json!({})).await.expect_problem(403, "account-deactivated");

    let wish = json!({"client_msg_id": "once"});
    let made = bob.post(&path("alice"), &wish).await.expect(201);
    let again = bob.post(&path("alice"), &wish).await.expect(200);
    assert_eq!(again, json!({"username": "alice"}), "its token is shown once");
    assert_eq!(whose(&alice, made["path"].as_str().unwrap()).await, "alice", "and holds");
}

#[tokio::test]
async fn whoever_was_locked_out_by_guesses_logs_in_with_the_new_password() {
    let server = TestServer::with(|config| config.auth.max_login_attempts_per_name = 6).await;
    let [alice, _bob] = server.people(["alice", "bob"]).await;
    let stranger = server.stranger();
    for _ in 0..5 {
        log_in(&stranger, "bob", "wrong").await;
    }
    log_in(&stranger, "bob", PASSWORD).await.expect_problem(429, "account-locked");
    let link = make(&alice, "bob", 60).await;
    log_in(&stranger, "bob", PASSWORD).await.expect_problem(429, "account-locked");
    set(&stranger, &link, NEW).await.expect(200);
    log_in(&stranger, "bob", NEW).await.expect(200);
}

/// The hashes of links in the log, as they stand there.
fn hashes(server: &TestServer) -> Vec<String> {
    let sql = "SELECT json_extract(CAST(body AS TEXT), '$.token_hash') FROM record
                WHERE kind = 39 AND body IS NOT NULL ORDER BY seq";
    rows(&server.data_dir().join("log.db"), sql)
}

#[tokio::test]
async fn of_a_link_that_holds_no_longer_nothing_is_left_in_any_file() {
    let mut server = TestServer::start().await;
    let [alice, _, _, _] = server.people(["alice", "bob", "carol", "dave"]).await;
    let data = server.data_dir().to_owned();
    let replaced = make(&alice, "bob", 60).await;
    let [replaced_hash] = hashes(&server).try_into().unwrap();
    let used = make(&alice, "bob", 60).await;
    let expired = make(&alice, "carol", 60).await;
    let kept = make(&alice, "dave", 120).await;
    let [used_hash, expired_hash, kept_hash] = hashes(&server).try_into().unwrap();
    for hash in [&used_hash, &expired_hash, &kept_hash] {
        assert_ne!(files_with(&data, hash), [""; 0], "{hash} is on disk");
    }
    server.restart().await;
    assert!(files_with(&data, &used_hash).iter().any(|file| file.starts_with("workspace.db")));
    set(&server.stranger(), &used, NEW).await.expect(200);
    server.advance(Duration::from_secs(3600));
    server.restart().await;
    // The sweep comes by at the start.
    let swept = async {
        while server.app().workspace().resets.len() > 1 {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), swept).await.expect("what has expired is erased");
    server.restart_checked().await;
    server.stop().await;
    for gone in [&replaced_hash, &used_hash, &expired_hash] {
        assert_eq!(files_with(&data, gone), [""; 0], "{gone} is forgotten");
    }
    assert_ne!(files_with(&data, &kept_hash), [""; 0], "what still holds is kept");
    for link in [&replaced, &used, &expired, &kept] {
        let token = link.strip_prefix("/reset-password/").unwrap();
        assert_eq!(files_with(&data, token), [""; 0], "no token ever was in a file");
    }
    server.restart_made_anew_stopped().await;
    assert_eq!(whose(&server.stranger(), &kept).await, "dave");
}
