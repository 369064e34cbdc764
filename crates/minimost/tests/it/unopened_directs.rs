//! Direct channels in which nobody has written yet: their people look around in them as in any other, and nothing is
//! made by that. Here: typing, outsiders, and what opens the channel; `directs.rs` has those that are open.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Person, TestServer, rows};

/// What reading routes answer where nothing is, for alice, `<c>` being the channel.
const NOTHING: [(&str, &str); 12] = [
    ("/messages/<c>", "[]"),
    ("/messages/<c>?before_id=5&limit=3", "[]"),
    ("/messages/<c>?after_id=0", "[]"),
    ("/messages/<c>?after=0&limit=3", "[]"),
    ("/messages/<c>?after=1.5", "[]"),
    ("/messages/<c>?before=1900000000", "[]"),
    ("/read_receipts/<c>", "{}"),
    ("/read_markers/<c>", r#"{"markers":{}}"#),
    ("/last_read/<c>", r#"{"last_read_id":null,"last_read_ts":null}"#),
    ("/pins/<c>", "[]"),
    ("/notifications/<c>", r#"{"level":"default","muted":false}"#),
    ("/typing/<c>", "[]"),
];

/// What changes nothing where nothing is.
const IN_VAIN: [(&str, &str); 4] = [
    ("/mark_read/<c>", "{}"),
    ("/drafts/<c>", r#"{"text":" "}"#),
    ("/notifications/<c>", r#"{"muted":false}"#),
    ("/dms/close", r#"{"channel":"<c>"}"#),
];

/// A stream that opens, or why it does not.
async fn stream(person: &Person, channel: &str) -> Answer {
    let path = format!("/events?channel={channel}");
    let answer = person.request(reqwest::Method::GET, &path).send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = if status == 200 { String::new() } else { answer.text().await.unwrap() };
    Answer { status, headers, text }
}

#[tokio::test]
async fn its_people_find_nothing_there_and_make_nothing_by_looking() {
    let mut server = TestServer::start().await;
    let [alice, bob, _carol] = server.people(["alice", "bob", "carol"]).await;
    let before = (alice.state().await, bob.state().await, alice.cursor().await);
    let screen = alice.events().await;
    for (channel, others) in [
        ("dm:alice:bob", json!(["bob"])),
        ("dm:BOB:alice", json!(["bob"])),
        ("dm:bob:carol:alice:bob", json!(["bob", "carol"])),
        ("dm:alice", json!([])),
    ] {
        let at = |text: &str| text.replace("<c>", channel);
        for (path, nothing) in NOTHING {
            let found = alice.get(&at(path)).await;
            assert_eq!((found.status, found.text.as_str()), (200, nothing), "{path} of {channel}");
        }
        assert_eq!(alice.get(&at("/channel_members/<c>")).await.expect(200), others);
        let around = alice.get(&at("/messages/<c>?around_id=1")).await;
        around.expect_problem(404, "message-not-found");
        for (path, body) in IN_VAIN {
            let body: Value = serde_json::from_str(&at(body)).unwrap();
            alice.post(&at(path), &body).await.expect(204);
        }
        let marked = alice.post(&at("/mark_read/<c>"), &json!({"message_id": 1})).await;
        marked.expect_problem(404, "message-not-found");
        assert_eq!(stream(&alice, channel).await.status, 200, "{channel}");
        let view = json!({"stream": screen.name, "channel": channel});
        alice.post("/viewing", &view).await.expect(204);
    }
    assert_eq!((alice.state().await, bob.state().await, alice.cursor().await), before);
    for person in [&alice, &bob] {
        assert_eq!(person.get("/dms").await.expect(200), json!([]));
    }
    server.restart_checked().await;
    let alice = alice.at(&server);
    assert_eq!(alice.messages("dm:alice:bob").await, [json!(null); 0]);
    let said = alice.send("dm:alice:bob", "hello").await;
    assert_eq!(bob.at(&server).messages("dm:alice:bob").await, [said], "it is there once it is");
}

#[tokio::test]
async fn who_types_the_first_words_is_seen_by_the_others_and_by_nobody_else() {
    let mut server = TestServer::start().await;
    let [alice, bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let before = alice.cursor().await;
    let typists = async |who: &Person, channel: &str| {
        who.get(&format!("/typing/{channel}")).await.expect(200)
    };
    let mut alices = alice.events_at("channel=dm:alice:bob").await;
    let mut bobs = bob.events().await;
    let view = json!({"stream": bobs.name, "channel": "dm:bob:alice"});
    bob.post("/viewing", &view).await.expect(204);
    let mut of_three = alice.events_at("channel=dm:alice:bob:carol").await;

    mallory.post("/typing/dm:alice:bob", &json!({})).await.expect(204);
    bob.post("/typing/dm:bob:alice", &json!({})).await.expect(204);
    let heard = alices.next_named("typing").await.data;
    assert_eq!(heard, json!({"channel": "dm:alice:bob", "user": "bob"}), "and not mallory");
    assert_eq!(typists(&alice, "dm:alice:bob").await, json!(["bob"]));
    assert_eq!(typists(&alice, "dm:ALICE:Bob").await, json!(["bob"]));
    assert_eq!(typists(&bob, "dm:alice:bob").await, json!([]), "never oneself");
    for (who, channel) in [(&mallory, "dm:alice:bob"), (&carol, "dm:alice:bob:carol")] {
        assert_eq!(typists(who, channel).await, json!([]), "{channel}");
    }
    carol.post("/typing/dm:alice:bob:carol", &json!({})).await.expect(204);
    let heard = of_three.next_named("typing").await.data;
    assert_eq!(heard, json!({"channel": "dm:alice:bob:carol", "user": "carol"}), "and not bob");
    alice.post("/typing/dm:alice:bob", &json!({})).await.expect(204);
    assert_eq!(bobs.next_named("typing").await.data["user"], "alice", "as on his screen");
    assert_eq!(alice.cursor().await, before, "nothing was made");

    // The same screens go on when it is opened by its first message.
    alice.send("dm:alice:bob", "hello").await;
    assert_eq!(typists(&bob, "dm:alice:bob").await, json!([]), "what she typed has been sent");
    server.advance(Duration::from_secs(2));
    bob.post("/typing/dm:alice:bob", &json!({})).await.expect(204);
    assert_eq!(alices.next_named("typing").await.data["user"], "bob");
    alice.post("/typing/dm:alice:bob", &json!({})).await.expect(204);
    assert_eq!(bobs.next_named("typing").await.data["user"], "alice");
    server.advance(Duration::from_secs(6));
    assert_eq!(typists(&alice, "dm:alice:bob").await, json!([]));

    server.stop().await;
    let typed = "SELECT user, channel FROM typing ORDER BY user";
    let expected = ["alice dm:alice:bob", "bob dm:alice:bob", "carol dm:alice:bob:carol"];
    assert_eq!(rows(&server.data_dir().join("presence.db"), typed), expected);
}

#[tokio::test]
async fn others_and_unknown_names_learn_as_little_as_before() {
    let server = TestServer::start().await;
    let [alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    alice.send("dm:alice:bob", "psst").await;
    let at = |path: &str, channel: &str| path.replace("<c>", channel);
    let own_too = [("/channel_members/<c>", "")];
    for (path, _) in NOTHING.iter().chain(&own_too).filter(|(path, _)| !path.contains("typing")) {
        for channel in ["dm:alice:bob", "dm:alice", "dm:alice:nobody", "dm:this:that"] {
            let refused = mallory.get(&at(path, channel)).await;
            refused.expect_problem(403, "not-a-member");
        }
        for channel in ["dm:mallory:nobody", "dm:alice:mallory:nobody"] {
            let refused = mallory.get(&at(path, channel)).await;
            refused.expect_problem(404, "channel-not-found");
        }
        assert_eq!(mallory.get(&at(path, "dm:mallory:bob")).await.status, 200, "{path}: hers");
    }
    for channel in ["dm:alice:bob", "dm:alice:nobody", "dm:mallory:nobody"] {
        mallory.post(&format!("/typing/{channel}"), &json!({})).await.expect(204);
        assert_eq!(mallory.get(&format!("/typing/{channel}")).await.expect(200), json!([]));
    }
    assert_eq!(bob.get("/typing/dm:alice:bob").await.expect(200), json!([]));
    let close = json!({"channel": "dm:mallory:nobody"});
    mallory.post("/dms/close", &close).await.expect_problem(404, "user-not-found");
}

#[tokio::test]
async fn what_somebody_keeps_there_opens_it_as_a_first_message_does() {
    let mut server = TestServer::start().await;
    let [alice, bob, carol, dave, erin] =
        server.people(["alice", "bob", "carol", "dave", "erin"]).await;
    let draft = json!({"text": "hel", "client_msg_id": "one"});
    for _ in 0..2 {
        alice.post("/drafts/dm:alice:bob", &draft).await.expect(204);
    }
    let drafts = alice.get("/drafts").await.expect(200);
    assert_eq!(
        (&drafts[0]["channel"], &drafts[0]["text"]),
        (&json!("dm:alice:bob"), &json!("hel"))
    );
    let later = json!({"text": "morning", "send_at_ts": 1_800_000_060.0, "client_msg_id": "two"});
    let scheduled = alice.post("/schedule/dm:alice:carol", &later).await.expect(201);
    let repeated = alice.post("/schedule/dm:alice:carol", &later).await.expect(200);
    assert_eq!((&repeated, &scheduled["channel"]), (&scheduled, &json!("dm:alice:carol")));
    let muted = json!({"muted": true});
    alice.post("/notifications/dm:alice:dave", &muted).await.expect(204);
    let found = alice.get("/notifications/dm:alice:dave").await.expect(200);
    assert_eq!(found, json!({"level": "default", "muted": true}));
    alice.post("/dms/open", &json!({"channel": "dm:alice:erin"})).await.expect(204);

    let listed = async |person: &Person| {
        let directs = person.get("/dms").await.expect(200);
        let names = directs.as_array().unwrap().iter().map(|direct| direct["channel"].clone());
        names.collect::<Vec<_>>()
    };
    let all = ["dm:alice:erin", "dm:alice:dave", "dm:alice:carol", "dm:alice:bob"];
    assert_eq!(listed(&alice).await, all);
    for person in [&bob, &carol, &dave, &erin] {
        assert_eq!(listed(person).await, [json!(null); 0], "until something is said");
        assert_eq!(person.get("/drafts").await.expect(200), json!([]));
    }
    server.restart_checked().await;
    let [alice, carol] = [&alice, &carol].map(|person| person.at(&server));
    let mut carols = carol.events().await;
    server.advance(Duration::from_secs(61));
    assert_eq!(carols.next_named("message_posted").await.data["content"], "morning");
    assert_eq!(listed(&alice).await.len(), 4);
}

#[tokio::test]
async fn what_cannot_be_done_to_an_open_one_cannot_be_done_to_it_either() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let wishes = [
        ("rename", json!({"name": "Us"})),
        ("topic", json!({"topic": "us"})),
        ("archive", json!({})),
        ("posters", json!({"users": ["alice"]})),
        ("owner", json!({"user": "bob"})),
        ("leave", json!({})),
        ("members", json!({"users": ["bob"]})),
        ("members/remove", json!({"user": "bob"})),
    ];
    let before = alice.cursor().await;
    let refuse_all = async || {
        for (what, body) in &wishes {
            let refused = alice.post(&format!("/channels/dm:alice:bob/{what}"), body).await;
            refused.expect_problem(409, "direct-channel-fixed");
        }
    };
    refuse_all().await;
    alice.post("/channels/dm:alice:bob/join", &json!({})).await.expect(204);
    assert_eq!(alice.cursor().await, before);
    bob.send("dm:alice:bob", "hello").await;
    refuse_all().await;
}
