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
    for (slug, name, topic) in [
        ("g1", "the Garden", "Weeds and flowers"),
        ("p1", "Park", "Trees, Ångström's too"),
        ("a1", "Attic", ""),
    ] {
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
async fn a_search_finds_words_anywhere_whatever_their_case_and_accents() {
    let (_server, [_, _, mallory]) = scene().await;
    for (query, slugs) in [
        ("q=GARDEN", &["g1"][..]),
        ("q=flow+the", &["g1"]),
        ("q=angstrom", &["p1"]),
        ("q=G%C3%A1rden", &["g1"]),
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

#[tokio::test]
async fn the_directory_is_read_in_pages_of_a_hundred_by_name() {
    let (_server, [alice, bob, mallory]) = scene().await;
    for number in 0..205 {
        // Names in another order than slugs, and two of each.
        let name = format!("Room {}", (204 - number) / 2);
        let body = json!({"channel": format!("r{number:03}"), "name": name});
        alice.post("/channels", &body).await.expect(201);
    }
    for query in ["", "archived=true", "q=room"] {
        let mut all: Vec<String> = Vec::new();
        loop {
            let after = all.last().map(|slug| format!("&after={slug}")).unwrap_or_default();
            let page = found(&mallory, &format!("{query}{after}")).await;
            all.extend(page.iter().cloned());
            assert!(page.len() <= 100);
            if page.len() < 100 {
                break;
            }
        }
        let expected = 205
            + match query {
                "" => 4,
                "q=room" => 0,
                _ => 5,
            };
        assert_eq!(all.len(), expected, "{query:?}");
        let mut names = Vec::new();
        for slug in &all {
            let one = bob.get(&format!("/directory?channel={slug}")).await.expect(200);
            assert_eq!(one.as_array().unwrap().len(), 1, "{slug}");
            names.push((one[0]["name"].as_str().unwrap().to_lowercase(), slug.clone()));
        }
        assert!(names.is_sorted(), "{query:?}");
    }
    let nowhere = mallory.get("/directory?after=nowhere").await;
    nowhere.expect_problem(404, "channel-not-found");
    assert!(found(&mallory, "channel=nowhere").await.is_empty());
    assert!(found(&mallory, "channel=private:7").await.is_empty());
    assert_eq!(found(&mallory, "channel=a1").await, ["a1"], "an archived one, too");
}

#[tokio::test]
async fn a_question_has_sixteen_words() {
    let (_server, [_, _, mallory]) = scene().await;
    let words = |count: usize| (0..count).map(|n| format!("w{n}")).collect::<Vec<_>>().join("+");
    assert!(found(&mallory, &format!("q={}", words(16))).await.is_empty());
    assert_eq!(found(&mallory, &format!("q={}", "garden+".repeat(500))).await, ["g1"]);
    let refused = mallory.get(&format!("/directory?q={}", words(17))).await;
    let problem = refused.expect_problem(400, "invalid-fields");
    assert_eq!(problem["errors"][0]["parameter"], "q");
}
