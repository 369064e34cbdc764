//! The directory: all public channels, for everybody to find, and no others. Restarts are in `channels.rs`.

use serde_json::{Value, json};

use crate::support::{Person, TestServer};

/// The slugs that a query finds.
async fn found(person: &Person, query: &str) -> Vec<String> {
    let entries = person.get(&format!("/directory?{query}")).await.expect(200);
    let slug = |entry: &Value| entry["channel"].as_str().unwrap().to_owned();
    entries.as_array().unwrap().iter().map(slug).collect()
}

/// Channels of bob's: a garden, a park, and an attic that is archived; and one that is nobody's business.
async fn scene() -> (TestServer, [Person; 3]) {
    let server = TestServer::start().await;
    let people = server.people(["alice", "bob", "mallory"]).await;
    let [_, bob, _] = &people;
    for (slug, name, topic) in
        [("g1", "the Garden", "Weeds and flowers"), ("p1", "Park", "Trees"), ("a1", "Attic", "")]
    {
        let body = json!({"channel": slug, "name": name, "topic": topic, "description": "Ours"});
        bob.post("/channels", &body).await.expect(201);
    }
    bob.post("/channels/a1/archive", &json!({})).await.expect(200);
    bob.post("/private_channels/create", &json!({"name": "Garden secrets"})).await.expect(201);
    bob.open_direct(&["alice"]).await;
    (server, people)
}

#[tokio::test]
async fn public_channels_are_listed_by_name_and_nothing_else_is() {
    let (_server, [_, bob, mallory]) = scene().await;
    assert_eq!(found(&mallory, "").await, ["general", "p1", "random", "g1"]);
    assert_eq!(found(&mallory, "archived=true").await, ["a1", "general", "p1", "random", "g1"]);
    let entries = bob.get("/directory?q=garden").await.expect(200);
    let mut entry = entries[0].clone();
    assert!(entry["created_ts"].as_f64().unwrap() > 1_799_999_999.0);
    entry.as_object_mut().unwrap().remove("created_ts");
    let expected = json!({"channel": "g1", "name": "the Garden", "topic": "Weeds and flowers",
        "description": "Ours", "member_count": 1, "is_member": true, "archived_ts": null});
    assert_eq!(entry, expected);
    assert_eq!(mallory.get("/directory?q=garden").await.expect(200)[0]["is_member"], false);
    let general = mallory.get("/directory?q=general").await.expect(200);
    assert_eq!((&general[0]["member_count"], &general[0]["is_member"]), (&json!(3), &json!(true)));
}

#[tokio::test]
async fn a_search_finds_words_anywhere_in_any_case() {
    let (_server, [_, _, mallory]) = scene().await;
    for (query, slugs) in [
        ("q=GARDEN", &["g1"][..]),
        ("q=flow+the", &["g1"]),
        ("q=ours", &["p1", "g1"]),
        ("q=p1", &["p1"]),
        ("q=garden+trees", &[]),
        ("q=secrets", &[]),
        ("q=attic", &[]),
        ("q=attic&archived=true", &["a1"]),
        ("q=%25", &[]),
        ("q=++", &["general", "p1", "random", "g1"]),
    ] {
        assert_eq!(found(&mallory, query).await, slugs, "{query}");
    }
    let huge = format!("q={}", "x".repeat(8_000));
    assert!(found(&mallory, &huge).await.is_empty());
    let answer = mallory.get("/directory?archived=perhaps").await;
    let problem = answer.expect_problem(400, "invalid-fields");
    assert_eq!(problem["errors"][0]["parameter"], "archived");
}
