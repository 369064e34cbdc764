//! What somebody without a session can take of the server: connections and memory, each to a limit, and what is said
//! where a connection ends.

use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::json;

use crate::support::{Answer, PASSWORD, TestServer, Wire};

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
    for _ in 0..2 {
        let mut visitor = Wire::open(&server).await;
        visitor.say(PING).await;
        assert_eq!(visitor.hear().await.unwrap().status, 200);
        visitors.push(visitor);
    }
    // Two more at once: one gets the last place, and the other one waits for it and is told to come back.
    let mut two = [Wire::open(&server).await, Wire::open(&server).await];
    two[0].say(PING).await;
    assert_eq!(two[0].hear().await.unwrap().status, 200);
    let refused = two[1].hear().await.unwrap();
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.body.contains("/problems/too-much-at-once"), "{refused:?}");
    assert_eq!(refused.header("connection"), Some("close"));
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
    assert!(refused.header("retry-after").is_some());
    assert!(two[1].has_ended().await);

    let mut neighbour = Wire::open_from("127.0.0.2", &server).await;
    neighbour.say(PING).await;
    assert_eq!(neighbour.hear().await.unwrap().status, 200, "another address has its own");

    // Who shows a session makes room for visitors, and is counted as the person from then on.
    two[0].say(&as_(&alice.token)).await;
    assert_eq!(two[0].hear().await.unwrap().status, 200);
    let mut second = Wire::open(&server).await;
    second.say(&as_(&alice.token)).await;
    assert_eq!(second.hear().await.unwrap().status, 200);
    let mut third = Wire::open(&server).await;
    third.say(&as_(&alice.token)).await;
    let refused = third.hear().await.unwrap();
    assert_eq!((refused.status, refused.header("connection")), (429, Some("close")));
    drop(second);
    // The place is free when the server has seen the end of the connection.
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
    let office = "X-Forwarded-For: 6.6.6.6, 192.0.2.7";
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut connection = Wire::open(&server).await;
        connection.say(&head(office)).await;
        held.push(connection);
    }
    // The proxy's other connections carry whom they will.
    let mut connection = Wire::open(&server).await;
    let ping = |who: &str| PING.replace("Host:", &format!("{who}\r\nHost:"));
    loop {
        connection.say(&ping(office)).await;
        let said = connection.hear().await.unwrap();
        if said.status == 429 {
            assert_eq!(said.header("connection"), None, "it is the proxy's");
            break;
        }
    }
    connection.say(&ping("X-Forwarded-For: 192.0.2.8")).await;
    assert_eq!(connection.hear().await.unwrap().status, 200);
    connection.say(&as_(&alice.token).replace("Host:", &format!("{office}\r\nHost:"))).await;
    assert_eq!(connection.hear().await.unwrap().status, 200, "alice has shown who she is");
    connection.say(&ping(office)).await;
    assert_eq!(connection.hear().await.unwrap().status, 429, "and the next one has not");

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
