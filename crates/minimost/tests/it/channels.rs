//! Public channels: anybody makes them, their owner looks after them, everybody knows of them. Here: who is no
//! member, restarts on files that were compared with the log, and bad input.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Person, TestServer, files_with};

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

#[tokio::test]
async fn everybody_hears_of_a_channel_and_only_its_members_of_what_is_said_in_it() {
    let server = TestServer::start().await;
    let [_alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    let mut events = mallory.events().await;
    let made = create(&bob, "garden").await;
    let said = bob.send("garden", "psst @everyone").await;
    change(&bob, "garden", "rename", &json!({"name": "Park"})).await;
    change(&bob, "garden", "topic", &json!({"topic": "Trees"})).await;
    let marker = bob.send("general", "said to all").await;

    let mut heard = events.next_event().await.data;
    assert_eq!(heard.as_object_mut().unwrap().remove("by"), Some(json!("bob")));
    assert_eq!(heard, made);
    let renamed = events.next_event().await;
    assert_eq!((renamed.name.as_str(), &renamed.data["name"]), ("channel_renamed", &json!("Park")));
    let changed = events.next_event().await;
    assert_eq!(changed.name, "channel_changed");
    assert_eq!(changed.data, json!({"channel": "garden", "topic": "Trees"}));
    assert_eq!(events.next_event().await.data, marker, "and nothing else");

    let id = &said["id"];
    mallory.get(&format!("/message/{id}")).await.expect_problem(404, "message-not-found");
    assert_eq!(mallory.get("/mentions").await.expect(200), json!([]));
    for path in ["last_read", "read_receipts", "channel_members"] {
        mallory.get(&format!("/{path}/garden")).await.expect_problem(403, "not-a-member");
    }
    let text = json!({"text": "let me in"});
    mallory.post("/send/garden", &text).await.expect_problem(403, "not-a-member");
    server.app().mailboxes.drain().await.unwrap();
    let files = files_with(&server.data_dir().join("users"), "psst");
    assert!(!files.is_empty() && files.iter().all(|name| name.starts_with("bob.db")), "{files:?}");
}

#[tokio::test]
async fn a_change_is_said_in_the_channel_and_is_never_unread() {
    let server = TestServer::start().await;
    let [_alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    create(&bob, "garden").await;
    carol.post("/channels/garden/join", &json!({})).await.expect(200);
    change(&bob, "garden", "rename", &json!({"name": "Park"})).await;
    change(&bob, "garden", "rename", &json!({"name": " Park "})).await;
    change(&bob, "garden", "description", &json!({"description": "Trees"})).await;
    change(&bob, "garden", "posters", &json!({"users": ["bob"]})).await;
    change(&bob, "garden", "archive", &json!({"on": true})).await;
    change(&bob, "garden", "archive", &json!({"on": false})).await;
    let notices = carol.messages("garden").await;
    let said: Vec<_> = notices.iter().map(|notice| notice["metadata"].clone()).collect();
    let expected = [
        json!({"notice": "channel_renamed", "actor": "bob", "name": "Park"}),
        json!({"notice": "description_changed", "actor": "bob"}),
        json!({"notice": "posters_changed", "actor": "bob", "posters": ["bob"]}),
        json!({"notice": "channel_archived", "actor": "bob"}),
        json!({"notice": "channel_unarchived", "actor": "bob"}),
    ];
    assert_eq!(said, expected, "each once, and joining is not said");
    assert_eq!(notices[0]["content"], "bob has renamed the channel to \"Park\"");
    for notice in &notices {
        assert_eq!(
            (&notice["sender"], &notice["content_type"]),
            (&json!("system"), &json!("system"))
        );
    }
    assert_eq!(carol.unreads().await["garden"], 0);
}

#[tokio::test]
async fn only_its_owner_and_administrators_change_a_public_channel() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    create(&bob, "garden").await;
    carol.post("/channels/garden/join", &json!({})).await.expect(200);
    let before = carol.cursor().await;
    let acts = [
        ("rename", json!({"name": "Mine"})),
        ("topic", json!({"topic": "Mine"})),
        ("description", json!({"description": "Mine"})),
        ("archive", json!({})),
        ("posters", json!({"users": ["carol"]})),
        ("members/remove", json!({"user": "bob"})),
        ("owner", json!({"user": "carol"})),
    ];
    for (what, body) in &acts {
        let path = format!("/channels/garden/{what}");
        carol.post(&path, body).await.expect_problem(403, "not-the-owner");
    }
    assert_eq!(carol.cursor().await, before, "nothing changed");
    let renamed = change(&alice, "garden", "rename", &json!({"name": "The garden"})).await;
    assert_eq!(renamed["name"], "The garden", "an administrator needs not be a member");
    let owner = change(&alice, "garden", "owner", &json!({"user": "carol"})).await;
    assert_eq!(owner["owner"], "carol");
    for (what, body) in &acts[..2] {
        change(&carol, "garden", what, body).await;
    }
}

#[tokio::test]
async fn an_archived_channel_is_read_and_nothing_is_written_in_it() {
    let server = TestServer::start().await;
    let [_alice, bob, carol, dave] = server.people(["alice", "bob", "carol", "dave"]).await;
    create(&bob, "garden").await;
    carol.post("/channels/garden/join", &json!({})).await.expect(200);
    let id = bob.send("garden", "the last word").await["id"].clone();
    change(&bob, "garden", "archive", &json!({})).await;
    let before = carol.cursor().await;
    let refused = [
        ("/send/garden".to_owned(), json!({"text": "one more"})),
        (format!("/edit/{id}"), json!({"text": "changed"})),
        (format!("/react/{id}"), json!({"reaction": "heart"})),
    ];
    for (path, body) in refused {
        bob.post(&path, &body).await.expect_problem(409, "channel-archived");
    }
    dave.post("/channels/garden/join", &json!({})).await.expect_problem(409, "channel-archived");
    assert_eq!(carol.cursor().await, before, "nothing changed");
    assert_eq!(carol.texts("garden").await[0], "the last word");
    assert!(entry(&carol, "garden").await["archived_ts"].is_number(), "it is still there");
    bob.delete(&id).await;
    change(&bob, "garden", "archive", &json!({"on": false})).await;
    carol.send("garden", "it goes on").await;
}

#[tokio::test]
async fn in_an_archived_channel_nothing_changes_whatever_its_owner_tries() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    create(&bob, "garden").await;
    alice.post("/channels/garden/join", &json!({})).await.expect(200);
    let private = bob.create_private(&["alice"]).await;
    for channel in ["garden", &private] {
        let base = format!("/channels/{channel}");
        let root = bob.send(channel, "the last word").await["id"].clone();
        let wish = json!({"question": "Why?", "options": ["a", "b"]});
        let poll = bob.post(&format!("/poll/{channel}"), &wish).await.expect(201)["id"].clone();
        let other = bob.send("general", "elsewhere").await["id"].clone();
        change(&bob, channel, "archive", &json!({})).await;
        let before = bob.cursor().await;
        let text = json!({"text": "one more"});
        let later = json!({"text": "one more", "send_at_ts": 1_800_000_060.0});
        for (path, body) in [
            (format!("/send/{channel}"), text.clone()),
            (format!("/send/{channel}"), json!({"text": "a reply", "thread_id": root})),
            (format!("/poll/{channel}"), wish),
            (format!("/forward/{other}"), json!({"channel": channel})),
            (format!("/schedule/{channel}"), later),
            (format!("/edit/{root}"), text),
            (format!("/react/{root}"), json!({"reaction": "heart"})),
            (format!("/pin/{root}"), json!({})),
            (format!("/vote/{poll}"), json!({"options": [0]})),
            (format!("/close_poll/{poll}"), json!({})),
            (format!("{base}/rename"), json!({"name": "Park"})),
            (format!("{base}/topic"), json!({"topic": "Trees"})),
            (format!("{base}/description"), json!({"description": "Trees"})),
            (format!("{base}/posters"), json!({"users": ["bob"]})),
        ] {
            bob.post(&path, &body).await.expect_problem(409, "channel-archived");
        }
        assert_eq!(bob.cursor().await, before, "nothing changed");
        bob.mark_read(channel).await;
        bob.post(&format!("/save/{root}"), &json!({})).await.expect(204);
        let owner = change(&bob, channel, "owner", &json!({"user": "alice"})).await;
        assert_eq!(owner["owner"], "alice", "somebody has to bring it back");
    }
    server.restart_checked().await;
}

#[tokio::test]
async fn in_an_announcement_channel_only_chosen_people_post() {
    let server = TestServer::start().await;
    let [alice, bob, carol, dave] = server.people(["alice", "bob", "carol", "dave"]).await;
    create(&bob, "news").await;
    for person in [&alice, &carol, &dave] {
        person.post("/channels/news/join", &json!({})).await.expect(200);
    }
    change(&bob, "news", "posters", &json!({"users": ["Carol"]})).await;
    for person in [&alice, &bob, &carol] {
        person.send("news", "hear, hear").await;
    }
    let text = json!({"text": "and me?"});
    dave.post("/send/news", &text).await.expect_problem(403, "not-a-poster");
    let id = dave.messages("news").await.last().unwrap()["id"].clone();
    assert_eq!(dave.react(&id, "heart").await, json!({"heart": ["dave"]}), "reading and reacting");
    let everybody = change(&bob, "news", "posters", &json!({"users": null})).await;
    assert_eq!(everybody["posters"], Value::Null);
    dave.send("news", "and me").await;
}

#[tokio::test]
async fn who_is_not_chosen_gets_no_word_into_an_announcement_channel_in_any_other_way() {
    let mut server = TestServer::start().await;
    let [_alice, bob, dave] = server.people(["alice", "bob", "dave"]).await;
    create(&bob, "news").await;
    dave.post("/channels/news/join", &json!({})).await.expect(200);
    let waiting = json!({"text": "later", "send_at_ts": 1_800_000_060.0});
    dave.post("/schedule/news", &waiting).await.expect(201);
    let news = bob.send("news", "hear, hear").await;
    let own = dave.send("general", "spam").await;
    change(&bob, "news", "posters", &json!({"users": []})).await;
    let before = bob.messages("news").await;
    let poll = json!({"question": "Spam?", "options": ["yes", "no"]});
    let beside = json!({"text": "spam", "thread_id": news["id"]});
    let both = json!({"text": "spam", "thread_id": news["id"], "also_send_to_channel": true});
    let quoted = json!({"text": "spam", "reply_to_id": news["id"]});
    for (path, body) in [
        ("/poll/news", &poll),
        ("/send/news", &beside),
        ("/send/news", &both),
        ("/send/news", &quoted),
        ("/schedule/news", &waiting),
        (&format!("/forward/{}", own["id"]), &json!({"channel": "news"})),
    ] {
        dave.post(path, body).await.expect_problem(403, "not-a-poster");
    }
    let mut events = dave.events().await;
    server.advance(Duration::from_secs(61));
    let failed = events.next_named("message_scheduled").await.data;
    assert!(failed["failure"].is_string(), "what waited does not slip in: {failed}");
    server.restart_checked().await;
    let [bob, dave] = [bob.at(&server), dave.at(&server)];
    assert_eq!(bob.messages("news").await, before);
    dave.post("/send/news", &quoted).await.expect_problem(403, "not-a-poster");
}

#[tokio::test]
async fn a_slug_is_taken_once_and_a_repeat_makes_nothing_new() {
    let server = TestServer::start().await;
    let [_alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let wish = json!({"channel": "garden", "client_msg_id": "make"});
    let made = bob.post("/channels", &wish).await.expect(201);
    assert_eq!(bob.post("/channels", &wish).await.expect(200), made);
    let slug = json!({"channel": "garden"});
    carol.post("/channels", &slug).await.expect_problem(409, "channel-exists");
    let other = json!({"name": "Garden", "client_msg_id": "make"});
    let reused = bob.post("/private_channels/create", &other).await;
    reused.expect_problem(409, "client-msg-id-reused");
    assert_eq!(bob.get("/private_channels").await.expect(200), json!([]));
}

#[tokio::test]
async fn what_is_no_channel_is_refused_and_nothing_changes() {
    let server = TestServer::start().await;
    let [_alice, bob] = server.people(["alice", "bob"]).await;
    create(&bob, "garden").await;
    let before = bob.cursor().await;
    for slug in ["", "Garden", "a b", "-x", "dm:bob", "private:1", "ä", &"x".repeat(33)] {
        bob.post("/channels", &json!({"channel": slug})).await.expect_problem(422, "name-invalid");
    }
    for (field, value, slug) in [
        ("name", json!(" \n"), "channel-name-length"),
        ("name", json!("x".repeat(81)), "channel-name-length"),
        ("topic", json!("x".repeat(251)), "invalid-value"),
        ("description", json!("x".repeat(1_001)), "invalid-value"),
    ] {
        let mut body = json!({"channel": "park"});
        body[field] = value.clone();
        bob.post("/channels", &body).await.expect_problem(422, slug);
        let what = if field == "name" { "rename" } else { field };
        let path = format!("/channels/garden/{what}");
        bob.post(&path, &json!({field: value})).await.expect_problem(422, slug);
    }
    for (users, status, slug) in [
        (json!(["nobody"]), 404, "user-not-found"),
        (json!(["a b"]), 404, "user-not-found"),
        (json!(["alice", "bob"]), 422, "not-members"),
        (json!(7), 400, "invalid-fields"),
    ] {
        let body = json!({"users": users});
        bob.post("/channels/garden/posters", &body).await.expect_problem(status, slug);
    }
    let heir = bob.post("/channels/garden/owner", &json!({"user": "alice"})).await;
    let problem = heir.expect_problem(422, "not-members");
    assert_eq!(
        problem["detail"], "not in this channel: alice",
        "he is told who, and is not called one"
    );
    let forgotten = bob.post("/channels/garden/posters", &json!({})).await;
    forgotten.expect_problem(400, "invalid-fields");
    let odd = json!({"on": "maybe"});
    bob.post("/channels/garden/archive", &odd).await.expect_problem(400, "invalid-fields");
    bob.post("/channels/nowhere/join", &json!({})).await.expect_problem(404, "channel-not-found");
    assert_eq!(bob.cursor().await, before, "nothing changed");
}

#[tokio::test]
async fn channels_and_what_is_said_of_them_survive_a_restart() {
    let mut server = TestServer::start().await;
    let [_alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    create(&bob, "garden").await;
    carol.post("/channels/garden/join", &json!({})).await.expect(200);
    change(&bob, "garden", "topic", &json!({"topic": "Trees"})).await;
    change(&bob, "garden", "posters", &json!({"users": ["carol"]})).await;
    bob.send("garden", "hi @carol").await;
    create(&carol, "attic").await;
    change(&carol, "attic", "archive", &json!({})).await;
    let before = (entry(&carol, "garden").await, entry(&carol, "attic").await);
    let listed = carol.get("/directory?archived=true").await.expect(200);
    server.restart_checked().await;
    let carol = carol.at(&server);
    assert_eq!((entry(&carol, "garden").await, entry(&carol, "attic").await), before);
    assert_eq!(carol.get("/directory?archived=true").await.expect(200), listed);
}

#[tokio::test]
async fn making_channels_is_limited_like_sending() {
    let server = TestServer::with(|config| config.limits.sends_per_minute = 3).await;
    let bob = server.sign_up("bob").await;
    for slug in ["one", "two"] {
        create(&bob, slug).await;
    }
    bob.post("/private_channels/create", &json!({"name": "Three"})).await.expect(201);
    for path in ["/channels/one/archive", "/channels/general/join", "/dms"] {
        let refused = bob.post(path, &json!({"users": []})).await;
        assert!(refused.header("retry-after").is_some());
        refused.expect_problem(429, "too-many-requests");
    }
}

#[tokio::test]
async fn who_is_no_longer_a_poster_cannot_say_something_else_in_the_place_of_what_they_said() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let said = bob.send("general", "the office is open").await;
    let reply = json!({"text": "till six", "thread_id": said["id"]});
    let reply = bob.post("/send/general", &reply).await.expect(201);
    bob.edit(&said["id"], "the office is open today").await;
    change(&alice, "general", "posters", &json!({"users": []})).await;
    for id in [&said["id"], &reply["id"]] {
        let edit = bob.post(&format!("/edit/{id}"), &json!({"text": "the office is closed"})).await;
        edit.expect_problem(403, "not-a-poster");
    }
    assert_eq!(alice.texts("general").await[0], "the office is open today");
    change(&alice, "general", "posters", &json!({"users": ["bob"]})).await;
    bob.edit(&said["id"], "the office is open till six").await;
    change(&alice, "general", "posters", &json!({"users": []})).await;
    bob.delete(&said["id"]).await;
    bob.delete(&reply["id"]).await;
    assert_eq!(alice.texts("general").await[0], Value::Null, "what one has said one may take back");
}
