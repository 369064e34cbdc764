//! Public channels: anybody makes them, their owner looks after them, everybody knows of them.

use serde_json::{Value, json};

use crate::support::{Person, TestServer};

async fn create(person: &Person, slug: &str) -> Value {
    person.post("/channels", &json!({"channel": slug})).await.expect(201)
}

/// Changes a channel; the last part of the path says what.
async fn change(person: &Person, channel: &str, what: &str, body: &Value) -> Value {
    person.post(&format!("/channels/{channel}/{what}"), body).await.expect(200)
}

/// The entry of a channel in the state of a person; null where they are no member.
async fn entry(person: &Person, channel: &str) -> Value {
    let state = person.state().await;
    let channels = state["channels"].as_array().unwrap();
    channels.iter().find(|entry| entry["channel"] == channel).cloned().unwrap_or_default()
}

#[tokio::test]
async fn bob_makes_a_channel_and_looks_after_it() {
    let server = TestServer::start().await;
    let [_alice, bob] = server.people(["alice", "bob"]).await;
    let wish = json!({"channel": "garden", "name": "The garden", "topic": "Weeds", "description": "All of it"});
    let made = bob.post("/channels", &wish).await.expect(201);
    assert_eq!(made["name"], "The garden");
    assert_eq!((&made["topic"], &made["description"]), (&json!("Weeds"), &json!("All of it")));
    assert_eq!((&made["owner"], &made["is_default"]), (&json!("bob"), &json!(false)));
    assert_eq!((&made["member_count"], &made["members"]), (&json!(1), &Value::Null));
    assert_eq!(change(&bob, "garden", "rename", &json!({"name": "Park"})).await["name"], "Park");
    assert_eq!(change(&bob, "garden", "topic", &json!({"topic": ""})).await["topic"], "");
    let text = json!({"description": "Trees"});
    assert_eq!(change(&bob, "garden", "description", &text).await["description"], "Trees");
    let posters = change(&bob, "garden", "posters", &json!({"users": ["bob"]})).await;
    assert_eq!(posters["posters"], json!(["bob"]));
    let archived = change(&bob, "garden", "archive", &json!({})).await;
    assert!(archived["archived_ts"].is_number());
    assert_eq!(bob.get("/channels").await.expect(200), json!(["general", "random"]));
    let back = change(&bob, "garden", "archive", &json!({"on": false})).await;
    assert_eq!(back["archived_ts"], Value::Null);
    assert_eq!(bob.get("/channels").await.expect(200), json!(["general", "random", "garden"]));
    let entry = entry(&bob, "garden").await;
    assert_eq!(entry["history_start_id"], 0);
    assert_eq!((&entry["level"], &entry["muted"]), (&json!("default"), &json!(false)));
    assert_eq!((&entry["is_hidden"], &entry["pins"]), (&json!(false), &json!([])));
}

#[tokio::test]
async fn a_channel_of_everybody_is_made_by_an_administrator() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let wish = json!({"channel": "news", "is_default": true});
    bob.post("/channels", &wish).await.expect_problem(403, "not-an-administrator");
    assert_eq!(alice.post("/channels", &wish).await.expect(201)["is_default"], true);
    let channels = bob.get("/channels").await.expect(200);
    assert_eq!(channels, json!(["general", "random", "news"]), "bob is in it at once");
    bob.post("/channels/news/leave", &json!({})).await.expect_problem(409, "default-channel");
}

#[tokio::test]
async fn carol_finds_a_channel_joins_it_reads_all_of_it_and_leaves() {
    let server = TestServer::start().await;
    let [_alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    create(&bob, "garden").await;
    let before = bob.send("garden", "before carol").await;
    carol.get("/messages/garden").await.expect_problem(403, "not-a-member");
    let found = carol.get("/directory?q=GARD").await.expect(200);
    assert_eq!(found[0]["channel"], "garden");
    assert_eq!((&found[0]["member_count"], &found[0]["is_member"]), (&json!(1), &json!(false)));
    assert_eq!(carol.unreads().await.get("garden"), None);
    let joined = carol.post("/channels/garden/join", &json!({})).await.expect(200);
    assert_eq!(joined["member_count"], 2);
    assert_eq!(carol.messages("garden").await, [before]);
    assert_eq!(carol.unreads().await.get("garden"), Some(&0), "what was there counts as read");
    assert_eq!(carol.get("/channel_members/garden").await.expect(200), json!(["bob"]));
    carol.post("/channels/garden/leave", &json!({})).await.expect(204);
    carol.get("/messages/garden").await.expect_problem(403, "not-a-member");
    assert_eq!(entry(&carol, "garden").await, Value::Null);
}
