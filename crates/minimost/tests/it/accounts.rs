//! Signing up, logging in and out, passwords, lockout.

use std::time::Duration;

use chat::{Actor, Command, PasswordHash};
use minimost::config::Config;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, COOKIE, HOST, ORIGIN};
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Person, TestServer};

async fn log_in(person: &Person, name: &str, password: &str) -> Answer {
    person.post("/login", &json!({"username": name, "password": password})).await
}

fn token(answer: Answer) -> String {
    answer.expect(200)["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_first_account_is_the_administrator() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    assert_eq!(alice.get("/me").await.expect(200)["is_admin"], true);
    assert_eq!(bob.get("/me").await.expect(200)["is_admin"], false);
    let channel = json!({"channel": "ops", "name": "Operations", "is_default": true});
    bob.post("/channels", &channel).await.expect_problem(403, "not-an-administrator");
    assert_eq!(alice.post("/channels", &channel).await.expect(201)["name"], "Operations");
    let name = json!({"name": "Ops"});
    assert_eq!(alice.post("/channels/ops/rename", &name).await.expect(200)["name"], "Ops");
    let channels = bob.get("/channels").await.expect(200);
    assert_eq!(channels, json!(["general", "random", "ops"]));
}

#[tokio::test]
async fn names_are_found_whatever_their_case_and_taken_once() {
    let server = TestServer::start().await;
    let alice = server.sign_up("Alice").await;
    let again = json!({"username": "aLICE", "password": PASSWORD});
    alice.post("/signup", &again).await.expect_problem(409, "name-taken");
    assert_eq!(log_in(&alice, " alice ", PASSWORD).await.expect(200)["username"], "Alice");
    for name in ["", "a b", "system", "EVERYONE", "../x", &"x".repeat(33), "æ"] {
        let body = json!({"username": name, "password": PASSWORD});
        alice.post("/signup", &body).await.expect_problem(422, "name-invalid");
    }
}

#[tokio::test]
async fn every_broken_password_rule_is_listed() {
    let server = TestServer::with(|config| {
        config.auth.password_needs_upper = true;
        config.auth.password_needs_digit = true;
        config.auth.password_needs_special = true;
    })
    .await;
    let body = json!({"username": "alice", "password": "abc", "confirm_password": "abd"});
    let problem = server.stranger().post("/signup", &body).await;
    let problem = problem.expect_problem(422, "password-rules");
    let errors = problem["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 6, "{problem}");
    assert!(errors.iter().any(|error| error["pointer"] == "/confirm_password"));
    assert_eq!(errors[0]["pointer"], "/password");
}

#[tokio::test]
async fn a_passphrase_will_do_and_what_everybody_tries_first_will_not() {
    let server = TestServer::start().await;
    let stranger = server.stranger();
    let sign_up = async |name: &str, password: &str| {
        stranger.post("/signup", &json!({"username": name, "password": password})).await
    };
    for password in ["Password1!", "Qwerty123!", "P@ssw0rd", "Mallory-2024!", "aaaaaaaaaaaa"] {
        let problem = sign_up("mallory", password).await.expect_problem(422, "password-rules");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{password}: {problem}");
    }
    let passphrase = "thirsty otters paint fences";
    let alice = sign_up("alice", passphrase).await.expect(201)["token"].clone();
    let alice = stranger.with_token(alice.as_str().unwrap());
    let change = json!({"current_password": passphrase, "new_password": "Password1!"});
    let refused = alice.post("/change-password", &change).await;
    let refused = refused.expect_problem(422, "password-rules");
    assert_eq!(refused["errors"][0]["pointer"], "/new_password");
    // Whoever has a password from before is not asked for another one.
    let app = server.app();
    let hash = app.auth.passwords.hash("Password1!".to_owned()).await.unwrap();
    let verified_against = app.workspace().find_user("alice").unwrap().1.password_set;
    let user = app.workspace().find_user("alice").unwrap().0;
    let command = Command::UpgradePasswordHash { user, verified_against, password_hash: hash };
    app.writer.submit(Actor::System, None, command).await.unwrap();
    log_in(&stranger, "alice", "Password1!").await.expect(200);
}

#[tokio::test]
async fn names_that_mean_something_else_are_not_given_to_new_accounts() {
    let server = TestServer::start().await;
    let stranger = server.stranger();
    for name in
        ["-", "--", "-rf", "presence", "Auth", "workspace", "serve", "restore", "__proto__", "log"]
    {
        let body = json!({"username": name, "password": PASSWORD});
        stranger.post("/signup", &body).await.expect_problem(422, "name-invalid");
    }
    for name in ["r-f", "presences", "proto"] {
        server.sign_up(name).await;
    }
}

#[tokio::test]
async fn a_session_ends_at_logout_and_after_thirty_days() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let other = alice.with_token(&token(log_in(&alice, "alice", PASSWORD).await));
    other.post("/logout", &json!({})).await.expect(204);
    other.get("/me").await.expect_problem(401, "session-logged-out");
    server.advance(Duration::from_secs(30 * 24 * 3600 - 1));
    alice.get("/me").await.expect(200);
    server.advance(Duration::from_secs(2));
    alice.get("/me").await.expect_problem(401, "session-expired");
}

#[tokio::test]
async fn a_new_password_ends_every_other_session_and_its_streams() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let other = alice.with_token(&token(log_in(&alice, "alice", PASSWORD).await));
    let mut events = other.events().await;
    let change =
        |current: &str| json!({"current_password": current, "new_password": "New-horse-2"});
    let refused = alice.post("/change-password", &change("wrong")).await;
    let problem = refused.expect_problem(403, "wrong-current-password");
    assert_eq!(problem["errors"][0]["pointer"], "/current_password");
    alice.post("/change-password", &change(PASSWORD)).await.expect(200);
    while events.next().await.is_some() {}
    other.get("/me").await.expect_problem(401, "session-password-changed");
    alice.get("/me").await.expect(200);
    log_in(&alice, "alice", PASSWORD).await.expect_problem(401, "wrong-credentials");
    log_in(&alice, "alice", "New-horse-2").await.expect(200);
}

#[tokio::test]
async fn a_hash_of_the_original_opens_once_and_is_replaced() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let app = server.app();
    let hash = || app.workspace().find_user("alice").unwrap().1.password_hash.0.clone();
    let (user, verified_against) = {
        let workspace = app.workspace();
        let (user, account) = workspace.find_user("alice").unwrap();
        (user, account.password_set)
    };
    // hashlib.pbkdf2_hmac("sha1", b"Correct-horse-1", b"abcdefgh12345678", 1000), as werkzeug writes it.
    let original = "pbkdf2:sha1:1000$abcdefgh12345678$e3399bb1e1226c82ff2308231bc2c06381aee2cb";
    let password_hash = PasswordHash(original.to_owned());
    let command = Command::UpgradePasswordHash { user, verified_against, password_hash };
    app.writer.submit(Actor::System, None, command).await.unwrap();
    assert_eq!(hash(), original);

    log_in(&alice, "alice", "wrong").await.expect_problem(401, "wrong-credentials");
    assert_eq!(hash(), original);
    log_in(&alice, "alice", PASSWORD).await.expect(200);
    assert!(hash().starts_with("$argon2id$"), "{}", hash());
    log_in(&alice, "alice", PASSWORD).await.expect(200);
    alice.get("/me").await.expect(200);
}

#[tokio::test]
async fn a_page_without_script_gets_a_cookie_and_a_redirect() {
    let server = TestServer::start().await;
    let stranger = server.stranger();
    let form = [("username", "alice"), ("password", PASSWORD), ("confirm_password", PASSWORD)];
    let request = stranger.request(Method::POST, "/signup").form(&form);
    let answer = Answer::of(request.header(ACCEPT, "text/html,*/*;q=0.8")).await;
    assert_eq!((answer.status, answer.header("location").as_deref()), (303, Some("/")));
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let session = cookie.split(';').next().unwrap().to_owned();

    let page = stranger.request(Method::GET, "/").header(ACCEPT, "text/html");
    let sent_away = Answer::of(page).await;
    assert_eq!((sent_away.status, sent_away.header("location").as_deref()), (303, Some("/login")));
    let me = stranger.request(Method::GET, "/me").header(COOKIE, &session);
    assert_eq!(Answer::of(me).await.expect(200)["username"], "alice");
    let page = stranger.request(Method::GET, "/").header(COOKIE, &session);
    assert!(Answer::of(page).await.expect_html().contains("MiniMost"));
}

#[tokio::test]
async fn another_site_cannot_use_the_cookie() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let stranger = server.stranger();
    let send = |header: (&'static str, &str)| {
        let request = stranger.request(Method::POST, "/send/general");
        let request = request.header(COOKIE, format!("session={}", alice.token));
        Answer::of(request.header(header.0, header.1.to_owned()).json(&json!({"text": "x"})))
    };
    send(("sec-fetch-site", "cross-site")).await.expect_problem(403, "cross-site");
    send(("origin", "https://evil.example")).await.expect_problem(403, "cross-site");
    assert_eq!(alice.texts("general").await, [Value::Null; 0]);
    send(("sec-fetch-site", "same-origin")).await.expect(201);
    let own = server.url("");
    send((ORIGIN.as_str(), &own)).await.expect(201);
    let logout = stranger.request(Method::GET, "/logout");
    let logout = logout.header(COOKIE, format!("session={}", alice.token));
    let logout = logout.header("sec-fetch-site", "cross-site");
    Answer::of(logout).await.expect_problem(403, "cross-site");
    let head = Answer::of(alice.request(Method::HEAD, "/logout")).await;
    assert_eq!((head.status, head.header("allow").as_deref()), (405, Some("GET,POST")));
    let rebound = alice.request(Method::GET, "/me").header(HOST, "evil.example:6767");
    Answer::of(rebound).await.expect_problem(421, "unknown-host");
    alice.get("/me").await.expect(200);
}

#[tokio::test]
async fn only_a_bearer_token_that_logs_in_excuses_another_site() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let cookie = format!("session={}", alice.token);
    let bearer = format!("Bearer {}", alice.token);
    let from_elsewhere = |authorization: &str, path: &str, body: Value| {
        let request = server.stranger().request(Method::POST, path);
        let request = request.header(COOKIE, &cookie).header(AUTHORIZATION, authorization);
        Answer::of(request.header("sec-fetch-site", "cross-site").json(&body))
    };
    let message = json!({"text": "buy cake"});
    from_elsewhere(&bearer, "/send/general", message.clone()).await.expect(201);
    for not_a_session in ["Basic YTpi", "Bearer x", "Bearer", "x", ""] {
        let refused = from_elsewhere(not_a_session, "/send/general", message.clone()).await;
        refused.expect_problem(403, "cross-site");
        let log_in = json!({"username": "alice", "password": PASSWORD});
        let refused = from_elsewhere(not_a_session, "/login", log_in).await;
        refused.expect_problem(403, "cross-site");
    }
    assert_eq!(alice.texts("general").await.len(), 1);
}

#[tokio::test]
async fn behind_tls_an_origin_without_it_is_another_site() {
    let server = TestServer::with(|config| config.listen.tls_proxy = true).await;
    let alice = server.sign_up("alice").await;
    let send = |origin: &str| {
        let request = server.stranger().request(Method::POST, "/send/general");
        let request = request.header(COOKIE, format!("session={}", alice.token));
        let request = request.header(HOST, "chat.example").header(ORIGIN, origin.to_owned());
        Answer::of(request.json(&json!({"text": "hi"})))
    };
    send("https://chat.example").await.expect(201);
    send("http://chat.example").await.expect_problem(403, "cross-site");
    send("https://chat.example:8443").await.expect_problem(403, "cross-site");
}

#[tokio::test]
async fn too_many_attempts_from_one_address_are_told_to_wait() {
    let server = TestServer::with(|config| {
        config.limits.logins_per_minute = 2;
        config.limits.sends_per_minute = 2;
        config.limits.password_changes_per_hour = 2;
    })
    .await;
    let alice = server.sign_up("alice").await;
    let mut phone = alice.clone();
    for _ in 0..2 {
        phone = alice.with_token(&token(log_in(&alice, "alice", PASSWORD).await));
        alice.send("general", "hi").await;
    }
    let refused = log_in(&alice, "alice", PASSWORD).await;
    assert_eq!(refused.header("retry-after").as_deref(), Some("30"));
    refused.expect_problem(429, "too-many-requests");
    let refused = alice.post("/send/general", &json!({"text": "x"})).await;
    refused.expect_problem(429, "too-many-requests");
    // A change of password is an attempt of the session, whatever the address has left, and others have theirs.
    let change = |current| json!({"current_password": current, "new_password": "New-horse-2"});
    for _ in 0..2 {
        let wrong = alice.post("/change-password", &change("wrong")).await;
        wrong.expect_problem(403, "wrong-current-password");
    }
    let refused = alice.post("/change-password", &change(PASSWORD)).await;
    refused.expect_problem(429, "too-many-requests");
    phone.post("/change-password", &change(PASSWORD)).await.expect(200);
    server.advance(Duration::from_secs(31));
    log_in(&alice, "alice", "New-horse-2").await.expect(200);
    phone.send("general", "hi").await;
}

#[tokio::test]
async fn one_person_logs_in_so_often_and_who_is_in_stays_in() {
    let server = TestServer::with(|config| {
        config.limits.logins_per_person_per_hour = 3;
        config.auth.max_login_attempts = 0;
    })
    .await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    for _ in 0..10 {
        log_in(&alice, "alice", "wrong").await.expect_problem(401, "wrong-credentials");
    }
    for _ in 0..3 {
        log_in(&alice, "alice", PASSWORD).await.expect(200);
    }
    let before = server.app().workspace().head;
    let refused = log_in(&alice, "alice", PASSWORD).await;
    assert_eq!(refused.header("retry-after").as_deref(), Some("1200"));
    refused.expect_problem(429, "too-many-requests");
    assert_eq!(server.app().workspace().head, before, "nothing is written for it");
    alice.send("general", "I am in already").await;
    log_in(&bob, "bob", PASSWORD).await.expect(200);
    server.advance(Duration::from_secs(1200));
    log_in(&alice, "alice", PASSWORD).await.expect(200);

    // Somebody else used it up who has her password: with a new one she begins anew.
    log_in(&alice, "alice", PASSWORD).await.expect_problem(429, "too-many-requests");
    let change = json!({"current_password": PASSWORD, "new_password": "Another-horse-2"});
    alice.post("/change-password", &change).await.expect(200);
    log_in(&bob, "alice", "Another-horse-2").await.expect(200);
}

#[tokio::test]
async fn who_is_new_is_greeted_in_the_first_public_channel_and_nobody_is_disturbed() {
    assert!(Config::default().chat.greet_new_accounts, "unless somebody turns it off");
    let mut server = TestServer::with(|config| config.chat.greet_new_accounts = true).await;
    let alice = server.sign_up("alice").await;
    let mut events = alice.events().await;
    let bob = server.sign_up("bob").await;
    let told = events.next_named("message_posted").await.data;
    let fields = ["channel", "sender", "content_type", "content", "mentions", "metadata"];
    let expected = json!([
        "general", "system", "system", "bob joined MiniMost. Welcome!", [],
        {"notice": "account_created", "user": "bob"},
    ]);
    assert_eq!(json!(fields.map(|field| &told[field])), expected);
    let greeted = ["alice joined MiniMost. Welcome!", "bob joined MiniMost. Welcome!"];
    for person in [&alice, &bob] {
        assert_eq!(person.texts("general").await, greeted);
        assert_eq!(person.texts("random").await, [""; 0]);
        assert_eq!(
            person.get("/unread_count").await.expect(200),
            json!({"count": 0}),
            "it arrives read"
        );
        assert_eq!(person.get("/mentions").await.expect(200), json!([]));
    }
    server.restart_made_anew().await;
    assert_eq!(bob.at(&server).texts("general").await, greeted);

    let server = TestServer::with(|config| config.chat.greet_new_accounts = false).await;
    let alice = server.sign_up("alice").await;
    server.sign_up("bob").await;
    assert_eq!(alice.texts("general").await, [""; 0], "who turns it off");
}
