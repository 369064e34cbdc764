//! How long the server waits for somebody who has begun to say something. The time is the runtime's own, which jumps
//! when everybody waits.

use std::time::Duration;

use tokio::time::{advance, timeout};

use crate::support::{TestServer, Wire};

/// More than anybody is waited for.
const LONG: Duration = Duration::from_secs(120);

async fn saying(server: &TestServer, text: &str) -> Wire {
    let mut wire = Wire::open(server).await;
    wire.say(text).await;
    wire
}

#[tokio::test(start_paused = true)]
async fn a_head_has_thirty_seconds_to_come() {
    let server = TestServer::start().await;
    let half = "GET /healthz HTTP/1.1\r\nHost: local";
    let mut slow = saying(&server, half).await;
    let mut too_slow = saying(&server, half).await;
    let mut silent = saying(&server, "").await;
    advance(Duration::from_secs(20)).await;
    slow.say("host\r\n\r\n").await;
    assert_eq!(slow.hear().await.unwrap().status, 200, "twenty seconds are not too long");
    for wire in [&mut too_slow, &mut silent, &mut slow] {
        // The last one has been answered, and says nothing more.
        assert_eq!(timeout(LONG, wire.has_ended()).await, Ok(true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_has_twenty_seconds_to_come() {
    let server = TestServer::start().await;
    let head = "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let half = format!("{head}Content-Length: 2\r\n\r\n{{");
    let mut slow = saying(&server, &half).await;
    let mut too_slow = saying(&server, &half).await;
    advance(Duration::from_secs(10)).await;
    slow.say("}").await;
    let said = slow.hear().await.unwrap();
    assert!(said.body.contains("/problems/invalid-fields"), "it was read to its end: {said:?}");
    let said = timeout(LONG, too_slow.hear()).await.unwrap().unwrap();
    assert_eq!((said.status, said.header("connection")), (408, Some("close")));
    assert!(said.body.contains("/problems/body-timeout"), "{said:?}");
    assert_eq!(timeout(LONG, too_slow.has_ended()).await, Ok(true));
}
