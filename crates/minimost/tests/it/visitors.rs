//! What somebody without a session can take of the server: connections and memory, each to a limit, and what is said
//! where a connection ends.

use anyhow::{Result, ensure};
use reqwest::header::ACCEPT;
use reqwest::{Client, Method};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::{Answer, PASSWORD, Process, Said, TestServer, Wire};

/// A request whose body is announced and not sent to its end.
fn half_said(route: &str, said: usize) -> String {
    format!(
        "POST {route} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{}",
        said + 1,
        "x".repeat(said)
    )
}

const PING: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn as_(token: &str) -> String {
    format!("GET /me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n")
}

#[tokio::test]
async fn an_address_has_so_many_connections_without_a_session_and_a_person_so_many_with_one() {
    let server = TestServer::with(|config| {
        config.limits.connections_per_address = 3;
        config.limits.connections_per_person = 2;
    })
    .await;
    let alice = server.sign_up("alice").await;
    let mut visitors = Vec::new();
    for _ in 0..4 {
        let mut visitor = Wire::open(&server).await;
        visitor.say(PING).await;
        assert_eq!(visitor.hear().await.unwrap().status, 200);
        visitors.push(visitor);
    }
    assert!(visitors[0].has_ended().await, "it said nothing for the longest time");
    visitors[1].say(PING).await;
    assert_eq!(visitors[1].hear().await.unwrap().status, 200);
    let mut neighbour = Wire::open_from("127.0.0.2", &server).await;
    neighbour.say(PING).await;
    assert_eq!(neighbour.hear().await.unwrap().status, 200, "another address has its own");
    visitors[2].say(PING).await;
    assert_eq!(visitors[2].hear().await.unwrap().status, 200);

    // Who shows a session makes room for visitors, and is counted as the person from then on.
    let mut of_alice = Vec::new();
    for _ in 0..3 {
        let mut connection = Wire::open(&server).await;
        connection.say(&as_(&alice.token)).await;
        assert_eq!(connection.hear().await.unwrap().status, 200);
        of_alice.push(connection);
    }
    assert!(of_alice[0].has_ended().await, "two connections of a person, and the newest");
    let streams = [alice.events().await, alice.events().await];
    let mut third = Wire::open(&server).await;
    third.say(&as_(&alice.token)).await;
    let refused = third.hear().await.unwrap();
    assert_eq!((refused.status, refused.header("connection")), (429, Some("close")));
    assert!(refused.body.contains("/problems/too-much-at-once"), "{refused:?}");
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
    assert!(refused.header("retry-after").is_some());
    assert!(third.has_ended().await);
    drop(streams);
    // A place is free when the server has seen the end of the connection.
    loop {
        let mut again = Wire::open(&server).await;
        again.say(&as_(&alice.token)).await;
        match again.hear().await.map(|said| said.status) {
            Some(200) => break,
            status => assert_eq!(status, Some(429)),
        }
    }
}

#[tokio::test]
async fn who_says_nothing_or_half_of_it_keeps_nobody_out() {
    let server = TestServer::with(|config| config.limits.connections_per_address = 4).await;
    let alice = server.sign_up("alice").await;
    let half_a_head = "GET /healthz HTTP/1.1\r\nHost: local";
    let mut waiting = Vec::new();
    for said in ["", half_a_head, "", half_a_head, "", half_a_head] {
        let mut visitor = Wire::open(&server).await;
        visitor.say(said).await;
        waiting.push((visitor, if said.is_empty() { PING } else { "host\r\n\r\n" }));
    }
    let mut at_rest = Vec::new();
    for said in [PING, &half_said("/login", 1000)] {
        let mut visitor = Wire::open(&server).await;
        visitor.say(said).await;
        if said == PING {
            assert_eq!(visitor.hear().await.unwrap().status, 200);
        }
        // So that each waits for longer than the next.
        taken_in(&server).await;
        at_rest.push(visitor);
    }
    let mut strangers = Vec::new();
    for _ in 0..4 {
        let mut connection = Wire::open(&server).await;
        connection.say(&as_(&alice.token)).await;
        assert_eq!(connection.hear().await.unwrap().status, 200);
        let mut stranger = Wire::open(&server).await;
        stranger.say(PING).await;
        assert_eq!(stranger.hear().await.unwrap().status, 200);
        strangers.push(stranger);
    }
    for visitor in &mut at_rest {
        assert!(visitor.has_ended().await, "it gave way");
    }
    // Who was slow is heard all the same.
    for (visitor, rest) in &mut waiting {
        visitor.say(rest).await;
        assert_eq!(visitor.hear().await.unwrap().status, 200);
    }
}

/// Connections of one address that say nothing or half a head, and come again when they fall.
fn crowd(server: &Process, size: usize) -> JoinSet<()> {
    let mut crowd = JoinSet::new();
    let to = server.url.trim_start_matches("http://").to_owned();
    for number in 0..size {
        let to = to.clone();
        crowd.spawn(async move {
            loop {
                let Ok(mut socket) = TcpStream::connect(&to).await else { continue };
                if number % 2 == 0 {
                    let half = b"GET /me HTTP/1.1\r\nHost: localhost\r\nCookie: session=";
                    drop(socket.write_all(half).await);
                }
                while socket.read(&mut [0; 1024]).await.is_ok_and(|bytes| bytes > 0) {}
            }
        });
    }
    crowd
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_comes_again_as_fast_as_it_falls_keeps_nobody_out() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let server = Process::start(dir.path()).await?;
    let alice = server.sign_up("alice").await?;
    let crowd = crowd(&server, 600);
    for _ in 0..20 {
        // Each on a connection of its own; a browser tries again too.
        let mut statuses = Vec::new();
        while statuses.last() != Some(&Some(200)) {
            ensure!(statuses.len() < 5, "{statuses:?}");
            let request = Client::new().get(format!("{}/me", server.url));
            let answer = request.bearer_auth(&alice.token).send().await.ok();
            statuses.push(answer.map(|answer| answer.status().as_u16()));
        }
    }
    drop(crowd);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_a_session_waits_behind_no_log_in_that_is_being_answered() {
    let server = TestServer::with(|config| {
        config.limits.connections_per_address = 2;
        config.limits.logins_per_minute = 0;
        config.auth.argon2_memory_kib = 64 * 1024;
    })
    .await;
    let alice = server.sign_up("alice").await;
    let mut guesses = JoinSet::new();
    for number in 0..8 {
        let (client, url) = (Client::new(), server.url("/login"));
        guesses.spawn(async move {
            loop {
                let guess = json!({"username": format!("nobody{number}"), "password": PASSWORD});
                let sent = client.post(&url).header("connection", "close").json(&guess).send();
                drop(sent.await);
            }
        });
    }
    // Until one more of them is refused, nobody is in anybody's way.
    while visit(&server, PING).await.is_none_or(|answer| answer.status == 200) {}
    for _ in 0..10 {
        let answer = visit(&server, &as_(&alice.token)).await.expect("she is answered");
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

/// Asks on a connection of its own.
async fn visit(server: &TestServer, request: &str) -> Option<Said> {
    let mut wire = Wire::open(server).await;
    wire.say(request).await;
    wire.hear().await
}

/// The head of a request comes, the session ends, and then comes the body.
#[tokio::test]
async fn what_was_begun_in_a_session_that_has_ended_meanwhile_is_not_done() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let bodies = [
        ("/presence", json!({"state": "active"}), 204),
        ("/presence/override", json!({"override": "active"}), 204),
        ("/settings", json!({}), 401),
        ("/mark_all_read", json!({}), 401),
        ("/send/general", json!({"text": "from beyond"}), 401),
    ];
    let mut begun = Vec::new();
    for (route, body, status) in bodies {
        let body = body.to_string();
        let mut wire = Wire::open(&server).await;
        let head = format!(
            "POST {route} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            bob.token,
            body.len()
        );
        wire.say(&head).await;
        wire.say(&body[..1]).await;
        begun.push((wire, body, route, status));
    }
    taken_in(&server).await;
    bob.post("/logout", &json!({})).await.expect(204);
    for (wire, body, route, status) in &mut begun {
        wire.say(&body[1..]).await;
        let answer = wire.hear().await.expect("it is answered");
        assert_eq!(answer.status, *status, "{route}");
    }
    assert_eq!(alice.get("/online_users").await.expect(200)["bob"], "offline");
    assert_eq!(alice.texts("general").await.len(), 0);
}

#[tokio::test]
async fn who_fills_a_persons_places_with_a_stolen_session_keeps_nobody_from_ending_it() {
    for is_behind_proxy in [false, true] {
        let server = TestServer::with(|config| config.listen.tls_proxy = is_behind_proxy).await;
        let [_, bob] = server.people(["alice", "bob"]).await;
        let stolen = format!("Authorization: Bearer {}\r\nHost:", bob.token);
        let mut held = Vec::new();
        for route in ["/send/general", "/change-password", "/mark_read/general"] {
            for _ in 0..25 {
                let mut mallory = Wire::open(&server).await;
                mallory.say(&half_said(route, 1000).replace("Host:", &stolen)).await;
                held.push(mallory);
            }
        }
        let mut leaving = Wire::open(&server).await;
        let log_out = half_said("/logout", 0).replace("Host:", &stolen);
        leaving.say(log_out.trim_end_matches("\r\n")).await;
        taken_in(&server).await;

        // His browser shows the stolen session when he logs in again, and then his own.
        bob.get("/state").await.expect(200);
        let log_in = json!({"username": "bob", "password": PASSWORD});
        let token = bob.post("/login", &log_in).await.expect(200)["token"].clone();
        let bob = bob.with_token(token.as_str().unwrap());
        let change = json!({"current_password": PASSWORD, "new_password": "Another-horse-2"});
        bob.post("/change-password", &change).await.expect(200);
        for mallory in &mut held {
            assert!(mallory.has_ended().await, "what she had in the making ends with the session");
        }
        leaving.say("\r\n\r\nx").await;
        assert_eq!(leaving.hear().await.unwrap().status, 401);
        bob.get("/me").await.expect(200);
        bob.send("general", "that was me").await;
    }
}

#[tokio::test]
async fn who_has_no_place_left_can_still_log_out() {
    for is_behind_proxy in [false, true] {
        let server = TestServer::with(|config| {
            config.listen.tls_proxy = is_behind_proxy;
            config.limits.connections_per_person = 2;
        })
        .await;
        let alice = server.sign_up("alice").await;
        let _streams = [alice.events().await, alice.events().await];
        alice.get("/me").await.expect_problem(429, "too-much-at-once");
        let change = json!({"current_password": PASSWORD, "new_password": "Another-horse-2"});
        alice.post("/change-password", &change).await.expect(200);
        alice.get("/me").await.expect_problem(429, "too-much-at-once");
        alice.post("/logout", &json!({})).await.expect(204);
    }
}

#[tokio::test]
async fn bodies_of_an_address_take_so_much_memory_together() {
    let server = TestServer::with(|config| config.limits.body_bytes_per_address = 100_000).await;
    let alice = server.sign_up("alice").await;
    let mut held = Vec::new();
    let refused = loop {
        assert!(held.len() < 10, "ten bodies of 32 KiB are more than 100,000 bytes");
        let mut visitor = Wire::open(&server).await;
        visitor.say(&half_said("/login", 30_000)).await;
        // Nothing says that a body has been taken in but the refusal of one too many.
        tokio::select! {
            refused = visitor.hear() => break refused.unwrap(),
            () = taken_in(&server) => held.push(visitor),
        }
    };
    assert!(held.len() >= 2, "{} bodies", held.len());
    assert_eq!((refused.status, refused.header("connection")), (429, Some("close")));
    assert!(refused.body.contains("/problems/too-much-at-once"), "{refused:?}");

    alice.send("general", &"x".repeat(10_000)).await;
    let log_in = json!({"username": "alice", "password": PASSWORD});
    let mut elsewhere = Wire::open_from("127.0.0.2", &server).await;
    let body = log_in.to_string();
    let head = format!("Host: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
    elsewhere.say(&format!("POST /login HTTP/1.1\r\n{head}{body}")).await;
    assert_eq!(elsewhere.hear().await.unwrap().status, 200);
    drop(held);
    // Free again when the server has seen the ends of the connections.
    let (stranger, large) = (server.stranger(), "x".repeat(60_000));
    let large = json!({"username": large, "password": "x"});
    while stranger.post("/login", &large).await.status == 429 {}
    stranger.post("/login", &large).await.expect_problem(401, "wrong-credentials");
}

/// Until the server has had time to read what was sent: another connection has been answered several times.
async fn taken_in(server: &TestServer) {
    for _ in 0..20 {
        server.stranger().get("/healthz").await.expect(200);
    }
}

#[tokio::test]
async fn the_address_is_asked_before_the_body() {
    let server = TestServer::with(|config| {
        config.limits.logins_per_minute = 1;
        config.limits.signups_per_hour = 1;
    })
    .await;
    let alice = server.sign_up("alice").await;
    let log_in = json!({"username": "alice", "password": PASSWORD});
    alice.post("/login", &log_in).await.expect(200);
    for route in ["/login", "/signup"] {
        let mut visitor = Wire::open(&server).await;
        visitor.say(&half_said(route, 100_000)).await;
        let refused = visitor.hear().await.unwrap();
        assert_eq!((refused.status, refused.header("connection")), (429, Some("close")), "{route}");
        assert!(refused.body.contains("/problems/too-many-requests"), "{refused:?}");
    }
    for route in ["/presence", "/presence/override"] {
        let mut visitor = Wire::open(&server).await;
        visitor.say(&half_said(route, 100_000)).await;
        let said = visitor.hear().await.unwrap();
        assert_eq!((said.status, said.header("connection")), (204, Some("close")), "{route}");
    }
}

#[tokio::test]
async fn behind_a_proxy_requests_at_once_are_counted_by_whom_it_names() {
    let server = TestServer::with(|config| {
        config.listen.tls_proxy = true;
        config.limits.connections_per_address = 2;
        config.limits.connections_per_person = 3;
    })
    .await;
    let alice = server.sign_up("alice").await;
    let head = |who: &str| half_said("/login", 10).replace("Host:", &format!("{who}\r\nHost:"));
    let (office, elsewhere) = ("X-Forwarded-For: 6.6.6.6, 192.0.2.7", "X-Forwarded-For: 192.0.2.8");
    let mut held = Vec::new();
    for who in [elsewhere, office, office, office] {
        let mut connection = Wire::open(&server).await;
        connection.say(&head(who)).await;
        taken_in(&server).await;
        held.push(connection);
    }
    assert!(held[1].has_ended().await, "the office has two, and the newest");
    let mut connection = Wire::open(&server).await;
    let ping = |who: &str| PING.replace("Host:", &format!("{who}\r\nHost:"));
    connection.say(&ping(office)).await;
    assert_eq!(connection.hear().await.unwrap().status, 200);
    assert!(held[2].has_ended().await, "half a request is worth less than a whole one");
    for left in [0, 3] {
        held[left].say("x").await;
        assert_eq!(held[left].hear().await.unwrap().status, 400, "what was begun goes on");
    }
    connection.say(&as_(&alice.token).replace("Host:", &format!("{office}\r\nHost:"))).await;
    assert_eq!(connection.hear().await.unwrap().status, 200, "alice has shown who she is");

    let streams = [alice.events().await, alice.events().await, alice.events().await];
    alice.get("/me").await.expect_problem(429, "too-much-at-once");
    drop(streams);
    while alice.get("/me").await.status == 429 {}
}

#[tokio::test]
async fn an_answer_that_leaves_a_body_unread_says_that_the_connection_ends() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    for (route, status) in [("/send/general", 401), ("/nowhere", 404), ("/me", 405)] {
        let mut visitor = Wire::open(&server).await;
        visitor.say(&half_said(route, 100_000)).await;
        let said = visitor.hear().await.unwrap();
        assert_eq!((said.status, said.header("connection")), (status, Some("close")), "{route}");
        assert!(visitor.has_ended().await, "{route}");
    }
    // A little is read away, and the connection goes on.
    let mut visitor = Wire::open(&server).await;
    for _ in 0..2 {
        let body = r#"{"text":"hi"}"#;
        let head = "POST /send/general HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n";
        visitor.say(&format!("{head}{body}")).await;
        let said = visitor.hear().await.unwrap();
        assert_eq!((said.status, said.header("connection")), (401, None));
    }
    // Who waits to be asked for the body is not.
    let head = "POST /send/general HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\
                Content-Length: 13\r\n\r\n";
    visitor.say(head).await;
    let said = visitor.hear().await.unwrap();
    assert_eq!((said.status, said.header("connection")), (401, Some("close")));
    alice.post("/typing/general", &json!({})).await.expect(204);
}

#[tokio::test]
async fn a_request_names_one_host_and_what_cannot_be_read_is_a_problem_like_any_other() {
    let server = TestServer::start().await;
    let hosts = "Host: localhost\r\n";
    let long = format!("GET /{} HTTP/1.1\r\n{hosts}\r\n", "x".repeat(70_000));
    let large = format!("GET / HTTP/1.1\r\n{hosts}Cookie: {}\r\n\r\n", "x".repeat(70_000));
    for (request, status, slug) in [
        ("GET /healthz HTTP/1.1\r\n\r\n".to_owned(), 400, "malformed-request"),
        (format!("GET /healthz HTTP/1.1\r\n{hosts}{hosts}\r\n"), 400, "malformed-request"),
        ("nonsense\r\n\r\n".to_owned(), 400, "malformed-request"),
        (format!("GET /healthz HTTP/1.1\r\n{hosts}a b: c\r\n\r\n"), 400, "malformed-request"),
        (large, 431, "headers-too-large"),
        (long, 431, "headers-too-large"),
    ] {
        let what: String = request.chars().take(60).collect();
        let mut wire = Wire::open(&server).await;
        wire.say(PING).await;
        assert_eq!(wire.hear().await.unwrap().status, 200);
        wire.say(&request).await;
        let said = wire.hear().await.unwrap();
        assert_eq!(said.status, status, "{what}: {said:?}");
        assert!(said.body.contains(&format!("/problems/{slug}")), "{what}: {said:?}");
        assert_eq!(said.header("content-type"), Some("application/problem+json"), "{what}");
        for header in ["x-frame-options", "content-security-policy", "referrer-policy"] {
            assert!(said.header(header).is_some(), "{what}: {header}");
        }
    }
    let mut old = Wire::open(&server).await;
    old.say("GET /healthz HTTP/1.0\r\n\r\n").await;
    assert_eq!(old.hear().await.unwrap().status, 200, "HTTP/1.0 knows no Host");
}

#[tokio::test]
async fn a_target_that_names_a_host_is_meant_for_that_one() {
    let server = TestServer::start().await;
    let said = async |request: &str| {
        let mut wire = Wire::open(&server).await;
        wire.say(request).await;
        wire.hear().await.unwrap()
    };
    let ping = async |target: &str, host: &str| {
        said(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")).await
    };
    assert_eq!(ping("http://localhost/healthz", "localhost").await.status, 200);
    assert_eq!(ping("http://localhost/healthz", "evil.example").await.status, 200);
    for host in ["evil.example", "localhost"] {
        let said = ping("http://evil.example/healthz", host).await;
        assert_eq!(said.status, 421, "{said:?}");
        assert!(said.body.contains("/problems/unknown-host"), "{said:?}");
    }
    for target in ["http://localhost@evil.example/healthz", "http://evil@localhost/healthz"] {
        assert_eq!(ping(target, "localhost").await.status, 400, "{target}");
    }
    assert_eq!(said("GET http://localhost/healthz HTTP/1.1\r\n\r\n").await.status, 400);

    let server = TestServer::with(|config| config.listen.tls_proxy = true).await;
    let alice = server.sign_up("alice").await;
    let send = async |target: &str, host: &str, origin: &str| {
        let mut wire = Wire::open(&server).await;
        let cookie = format!("Cookie: __Host-session={}", alice.token);
        let body = r#"{"text":"hi"}"#;
        let head = format!("Host: {host}\r\nOrigin: https://{origin}\r\n{cookie}");
        let head = format!("POST https://{target}/send/general HTTP/1.1\r\n{head}");
        wire.say(&format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
        wire.hear().await.unwrap().status
    };
    assert_eq!(send("chat.example", "evil.example", "chat.example").await, 201);
    assert_eq!(send("chat.example", "evil.example", "evil.example").await, 403);
}

#[tokio::test]
async fn behind_tls_the_cookie_belongs_to_this_host_alone() {
    let server = TestServer::with(|config| config.listen.tls_proxy = true).await;
    let alice = server.sign_up("alice").await;
    let log_in = json!({"username": "alice", "password": PASSWORD});
    let answer = alice.post("/login", &log_in).await;
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    let cookie = cookies[0].to_str().unwrap();
    assert!(cookie.starts_with("__Host-session="), "{cookie}");
    for part in ["Secure", "Path=/", "HttpOnly", "SameSite=Lax"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert!(cookies[1].to_str().unwrap().starts_with("session=;"), "the old one goes");
    let stranger = server.stranger();
    for name in ["__Host-session", "session"] {
        let request = stranger.request(Method::GET, "/me").header(ACCEPT, "application/json");
        let request = request.header("cookie", format!("{name}={}", alice.token));
        assert_eq!(Answer::of(request).await.expect(200)["username"], "alice", "{name}");
    }
    let out = alice.post("/logout", &json!({})).await;
    let gone: Vec<_> = out.headers.get_all("set-cookie").iter().collect();
    assert_eq!(gone.len(), 2, "{gone:?}");
}
