//! Preferences: any JSON, one's own, on every device.

use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn preferences_follow_to_every_device_and_to_nobody_else() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = alice.events().await;
    let mut others = bob.events().await;
    let wish =
        json!({"theme": "dark", "sidebar.width": 240.5, "starred": ["general", {"a": null}]});
    assert_eq!(alice.post("/preferences", &wish).await.expect(200), wish);
    assert_eq!(events.next_named("preferences_changed").await.data, json!({"preferences": wish}));
    let changed = json!({"sidebar.width": 240.5, "starred": []});
    let change = json!({"theme": null, "starred": []});
    assert_eq!(alice.post("/preferences", &change).await.expect(200), changed);
    assert_eq!(alice.get("/preferences").await.expect(200), changed);
    assert_eq!(alice.state().await["preferences"], changed);

    assert_eq!(bob.get("/preferences").await.expect(200), json!({}));
    assert_eq!(bob.state().await["preferences"], json!({}));
    alice.send("general", "done").await;
    assert_eq!(others.next_event().await.name, "message_posted", "bob heard of nothing before");
}
