//! Messages that go out later.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::TestServer;

/// So many seconds after the time at which every test begins.
fn later(seconds: u32) -> Value {
    json!(1_800_000_000.0 + f64::from(seconds))
}

#[tokio::test]
async fn a_scheduled_message_is_sent_when_its_time_comes() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut own = alice.events().await;
    let mut events = bob.events().await;
    let wish = json!({"text": "good morning", "send_at_ts": later(600)});
    let scheduled = alice.post("/schedule/general", &wish).await.expect(201);
    assert_eq!(own.next_named("message_scheduled").await.data, scheduled);
    assert_eq!(alice.get("/scheduled").await.expect(200), json!([scheduled]));
    assert_eq!(alice.state().await["scheduled"], json!([scheduled]));
    assert_eq!(bob.get("/scheduled").await.expect(200), json!([]));

    server.advance(Duration::from_secs(601));
    let sent = events.next_event().await;
    assert_eq!(
        (sent.name.as_str(), &sent.data["content"]),
        ("message_posted", &json!("good morning"))
    );
    assert_eq!(sent.data["sender"], "alice");
    let ended = json!({"id": scheduled["id"], "outcome": "sent"});
    assert_eq!(own.next_named("schedule_ended").await.data, ended);
    assert_eq!(alice.get("/scheduled").await.expect(200), json!([]));
    assert_eq!(bob.messages("general").await, [sent.data]);
}
