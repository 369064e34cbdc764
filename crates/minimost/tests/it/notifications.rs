//! Notifications: what a person is told of, why, and when not. Here: outsiders, who was removed, restarts on files
//! made anew, and bad input.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{EventStream, Person, TestServer};

/// What the next notification is about: the message and the reason.
async fn told(events: &mut EventStream) -> (Value, Value) {
    let notify = events.next_named("notify").await;
    assert_eq!(notify.id, None, "it passes, and is not repeated");
    (notify.data["id"].clone(), notify.data["reason"].clone())
}

/// Whether a message notifies somebody, and why or why not.
async fn why(person: &Person, message: &Value) -> (bool, String) {
    let why = person.get(&format!("/why/{}", message["id"])).await.expect(200);
    assert!(why["explanation"].as_str().unwrap().ends_with('.'), "a sentence: {why}");
    (why["notifies"].as_bool().unwrap(), why["reason"].as_str().unwrap().to_owned())
}

async fn set(person: &Person, channel: &str, wish: Value) {
    person.post(&format!("/notifications/{channel}"), &wish).await.expect(204);
}

async fn reply(person: &Person, root: &Value, text: &str) -> Value {
    let channel = root["channel"].as_str().unwrap();
    let wish = json!({"text": text, "thread_id": root["id"]});
    person.post(&format!("/send/{channel}"), &wish).await.expect(201)
}

#[tokio::test]
async fn a_mention_notifies_who_is_named_and_says_why() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = bob.events().await;
    let silent = alice.send("general", "nothing for anybody").await;
    let message = alice.send("general", "hi @bob").await;
    let notify = events.next_named("notify").await;
    let expected = json!({
        "id": message["id"], "channel": "general", "thread_id": null, "sender": "alice",
        "content": "hi @bob", "reason": "mention",
    });
    assert_eq!((notify.id, notify.data), (None, expected), "the first message told nobody");
    assert_eq!(why(&bob, &message).await, (true, "mention".to_owned()));
    assert_eq!(why(&bob, &silent).await, (false, "not_named".to_owned()));
    assert_eq!(why(&alice, &message).await, (false, "own".to_owned()));
    let long = format!("@bob {}", "ü".repeat(400));
    alice.send("general", &long).await;
    let content = events.next_named("notify").await.data["content"].clone();
    assert_eq!(content.as_str().unwrap().chars().count(), 200, "its beginning");
}

#[tokio::test]
async fn each_reason_tells_who_it_is_about_and_why_says_the_same() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    bob.post("/keywords", &json!({"keywords": ["Deploy"]})).await.expect(200);
    set(&bob, "random", json!({"level": "all"})).await;
    let root = bob.send("general", "who is in?").await;
    let mut events = bob.events().await;
    let everyone = alice.send("general", "@everyone: lunch").await;
    let direct = alice.send("dm:alice:bob", "psst").await;
    let thread = reply(&alice, &root, "me").await;
    let keyword = alice.send("general", "we DEPLOY at ten").await;
    let all = alice.send("random", "anything").await;
    alice.send("general", "we redeploy: no word of his").await;
    let end = alice.send("general", "@bob").await;
    let expected = [
        (everyone, "everyone"),
        (direct, "direct"),
        (thread, "thread"),
        (keyword, "keyword"),
        (all, "all"),
        (end, "mention"),
    ];
    for (message, reason) in &expected {
        assert_eq!(told(&mut events).await, (message["id"].clone(), json!(reason)));
        assert_eq!(why(&bob, message).await, (true, (*reason).to_owned()));
    }
    let (thread, keyword) = (&expected[2].0, &expected[3].0);
    assert_eq!(why(&carol, thread).await, (false, "not_followed".to_owned()));
    assert_eq!(why(&carol, keyword).await, (false, "not_named".to_owned()));
}

#[tokio::test]
async fn what_is_muted_or_turned_off_notifies_nobody_and_is_still_counted() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    assert_eq!(
        bob.get("/notifications/general").await.expect(200),
        json!({"level": "default", "muted": false})
    );
    let mut events = bob.events().await;
    set(&bob, "general", json!({"muted": true})).await;
    let changed = events.next_named("notifications_changed").await.data;
    assert_eq!(changed, json!({"channel": "general", "level": "default", "muted": true}));
    set(&bob, "random", json!({"level": "none"})).await;
    let muted = alice.send("general", "@bob").await;
    let off = alice.send("random", "@bob").await;
    let end = alice.send("dm:alice:bob", "but this").await;
    assert_eq!(told(&mut events).await.0, end["id"], "of the others he was not told");
    assert_eq!(why(&bob, &muted).await, (false, "muted".to_owned()));
    assert_eq!(why(&bob, &off).await, (false, "level".to_owned()));
    let state = bob.state().await;
    let waiting =
        |at: usize| (&state["channels"][at]["unread"], &state["channels"][at]["mentions"]);
    assert_eq!([waiting(0), waiting(1)], [(&json!(1), &json!(1)); 2]);
    set(&bob, "general", json!({"muted": false, "level": "mentions"})).await;
    let kept = bob.get("/notifications/general").await.expect(200);
    assert_eq!(kept, json!({"level": "mentions", "muted": false}));
    let again = alice.send("general", "@bob").await;
    assert_eq!(told(&mut events).await.0, again["id"]);
}

/// The server's clock begins on a Friday at 8 in the morning, UTC.
#[tokio::test]
async fn at_night_and_while_paused_nothing_notifies() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = bob.events().await;
    let night = json!({"enabled": true, "from": "22:00", "to": "07:00", "days": [5]});
    let kept = bob.post("/do_not_disturb", &night).await.expect(200);
    let changed = events.next_named("do_not_disturb_changed").await.data;
    assert_eq!((&kept, &kept["until_ts"]), (&changed, &Value::Null));
    let morning = alice.send("general", "@bob").await;
    assert_eq!(told(&mut events).await.0, morning["id"]);
    server.advance(Duration::from_secs(15 * 3600));
    let evening = alice.send("general", "@bob, still up?").await;
    server.advance(Duration::from_secs(7 * 3600));
    let late = alice.send("general", "@bob, at six").await;
    server.advance(Duration::from_secs(2 * 3600));
    let day = alice.send("general", "@bob, at eight").await;
    assert_eq!(told(&mut events).await.0, day["id"], "the night was his own");
    for message in [&evening, &late] {
        assert_eq!(why(&bob, message).await, (false, "do_not_disturb".to_owned()));
    }
    assert_eq!(bob.state().await["channels"][0]["mentions"], 4, "they wait all the same");

    let until = day["ts"].as_f64().unwrap() + 60.0;
    let paused = bob.post("/do_not_disturb", &json!({"until_ts": until})).await.expect(200);
    assert_eq!((&paused["until_ts"], &paused["from"]), (&json!(until), &json!("22:00")));
    alice.send("general", "@bob, now?").await;
    let cleared = bob.post("/do_not_disturb", &json!({"until_ts": null})).await.expect(200);
    assert_eq!((&cleared["until_ts"], &cleared["enabled"]), (&Value::Null, &json!(true)));
    let end = alice.send("general", "@bob, now!").await;
    assert_eq!(told(&mut events).await.0, end["id"]);
}

#[tokio::test]
async fn what_is_set_is_ones_own_and_there_after_a_restart() {
    let mut server = TestServer::start().await;
    let [bob, mallory] = server.people(["bob", "mallory"]).await;
    let mut mallorys = mallory.events().await;
    let night = json!({"enabled": true, "from": "23:30", "to": "06:15", "days": [1, 7, 1]});
    bob.post("/do_not_disturb", &night).await.expect(200);
    let words = json!({"keywords": ["owl", " Owl ", "", "night owl"]});
    let kept = bob.post("/keywords", &words).await.expect(200);
    assert_eq!(kept, json!({"keywords": ["owl", "night owl"]}), "each once");
    set(&bob, "general", json!({"level": "all"})).await;
    let end = bob.send("general", "to all").await;
    assert_eq!(mallorys.next_event().await.data["id"], end["id"], "mallory heard of nothing");
    assert_eq!(mallory.state().await["keywords"], json!([]));
    server.restart_made_anew().await;
    let bob = bob.at(&server);
    let expected = json!({
        "enabled": true, "from": "23:30", "to": "06:15", "days": [1, 7], "until_ts": null,
    });
    assert_eq!(bob.get("/do_not_disturb").await.expect(200), expected);
    let state = bob.state().await;
    assert_eq!(state["do_not_disturb"], expected);
    assert_eq!(state["keywords"], json!(["owl", "night owl"]));
    assert_eq!(bob.get("/keywords").await.expect(200)["keywords"], state["keywords"]);
    assert_eq!(bob.get("/notifications/general").await.expect(200)["level"], "all");
}

#[tokio::test]
async fn nobody_is_notified_of_what_they_may_not_see() {
    let server = TestServer::start().await;
    let [alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    let channel = alice.create_private(&["bob"]).await;
    for person in [&bob, &mallory] {
        person.post("/keywords", &json!({"keywords": ["cake"]})).await.expect(200);
    }
    set(&bob, &channel, json!({"level": "all"})).await;
    let (mut bobs, mut mallorys) = (bob.events().await, mallory.events().await);
    let secret = alice.send(&channel, "cake for @mallory and @everyone").await;
    assert_eq!(told(&mut bobs).await.0, secret["id"]);
    let path = format!("/why/{}", secret["id"]);
    mallory.get(&path).await.expect_problem(404, "message-not-found");
    mallory.get("/why/9999").await.expect_problem(404, "message-not-found");
    mallory.get(&format!("/notifications/{channel}")).await.expect_problem(403, "not-a-member");
    let answer = mallory.post(&format!("/notifications/{channel}"), &json!({"level": "all"})).await;
    answer.expect_problem(403, "not-a-member");

    alice
        .post(&format!("/channels/{channel}/members/remove"), &json!({"user": "bob"}))
        .await
        .expect(200);
    alice.send(&channel, "more cake, @bob").await;
    let open = alice.send("general", "cake for all").await;
    assert_eq!(told(&mut mallorys).await.0, open["id"], "of the secret ones she heard nothing");
    assert_eq!(told(&mut bobs).await.0, open["id"], "nor bob of what came after him");
    bob.get(&path).await.expect_problem(404, "message-not-found");
    let back = json!({"users": ["bob"]});
    alice.post(&format!("/channels/{channel}/members"), &back).await.expect(200);
    let level = bob.get(&format!("/notifications/{channel}")).await.expect(200)["level"].clone();
    assert_eq!(level, "default", "who comes back begins anew");
}

#[tokio::test]
async fn a_notification_goes_to_every_screen_of_one_person_and_to_nobody_elses() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let cursor = bob.cursor().await;
    let mut screens = [bob.events().await, bob.events().await];
    let mut carols = carol.events().await;
    let message = alice.send("general", "hi @bob").await;
    let end = alice.send("general", "hi @carol").await;
    for screen in &mut screens {
        assert_eq!(told(screen).await.0, message["id"]);
    }
    assert_eq!(told(&mut carols).await.0, end["id"]);
    let mut replayed = bob.events_from(&cursor).await;
    let last = alice.send("general", "@bob again").await;
    assert_eq!(told(&mut replayed).await.0, last["id"], "what passed is not repeated");
}

#[tokio::test]
async fn a_deleted_message_notifies_nobody_any_more() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let message = alice.send("general", "hi @bob").await;
    assert_eq!(why(&bob, &message).await, (true, "mention".to_owned()));
    alice.delete(&message["id"]).await;
    assert_eq!(why(&bob, &message).await, (false, "deleted".to_owned()));
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_and_change_nothing() {
    let server = TestServer::start().await;
    let bob = server.sign_up("bob").await;
    let before = bob.state().await;
    for wish in [json!({"level": "loud"}), json!({"level": 1}), json!({"muted": "x"})] {
        let answer = bob.post("/notifications/general", &wish).await;
        answer.expect_problem(400, "invalid-fields");
    }
    let answer = bob.post("/notifications/nowhere", &json!({"muted": true})).await;
    answer.expect_problem(404, "channel-not-found");
    for wish in [
        json!({"from": "24:00"}),
        json!({"to": "7:00"}),
        json!({"from": "-1:00"}),
        json!({"from": 22}),
        json!({"days": [0]}),
        json!({"days": [8]}),
        json!({"days": ["monday"]}),
        json!({"days": "1,x"}),
        json!({"enabled": "on"}),
        json!({"until_ts": "soon"}),
    ] {
        bob.post("/do_not_disturb", &wish).await.expect_problem(400, "invalid-fields");
    }
    let many: Vec<_> = (0..51).map(|number| format!("word {number}")).collect();
    bob.post("/keywords", &json!({"keywords": many})).await.expect_problem(409, "too-many");
    let long = json!({"keywords": ["x".repeat(65)]});
    bob.post("/keywords", &long).await.expect_problem(422, "invalid-value");
    bob.post("/keywords", &json!({"keywords": [1]})).await.expect_problem(400, "invalid-fields");
    bob.post("/keywords", &json!({})).await.expect_problem(400, "invalid-fields");
    assert_eq!(bob.state().await, before);
    let form = [("from", "22:00"), ("to", "07:00"), ("days", "1, 2"), ("enabled", "true")];
    let kept = bob.post_form("/do_not_disturb", &form).await.expect(200);
    assert_eq!((&kept["days"], &kept["enabled"]), (&json!([1, 2]), &json!(true)), "forms work too");
    let stranger = server.stranger();
    for path in ["/keywords", "/do_not_disturb", "/notifications/general", "/why/1"] {
        stranger.get(path).await.expect_problem(401, "not-logged-in");
    }
}

#[tokio::test]
async fn here_means_those_who_appear_active_at_that_very_moment() {
    let mut server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let called = async || alice.send("general", "lunch, @here").await["mentions"].clone();
    let wishes = async |person: &Person, value: Value| {
        person.post("/presence/override", &json!({"override": value})).await.expect(204);
    };
    let says = async |person: &Person, state: &str| {
        person.post("/presence", &json!({"state": state})).await.expect(204);
    };
    for _ in 0..5 {
        assert_eq!(called().await, json!(["alice", "bob", "carol"]), "each has just come");
        wishes(&carol, json!("offline")).await;
        assert_eq!(called().await, json!(["alice", "bob"]), "carol has just said that she is away");
        wishes(&carol, json!("auto")).await;
        says(&bob, "hidden").await;
        assert_eq!(called().await, json!(["alice", "carol"]));
        wishes(&bob, json!("active")).await;
        assert_eq!(called().await, json!(["alice", "bob", "carol"]), "he wishes to appear so");
        wishes(&bob, json!(null)).await;
        says(&bob, "active").await;
    }
    carol.post("/logout", &json!({})).await.expect(204);
    assert_eq!(called().await, json!(["alice", "bob"]));
    server.advance(Duration::from_secs(3_600));
    says(&alice, "active").await;
    assert_eq!(called().await, json!(["alice", "bob"]), "an hour is not over");
    server.advance(Duration::from_secs(1));
    assert_eq!(called().await, json!(["alice"]), "of bob nothing was heard for an hour");

    server.restart().await;
    let [alice, bob] = [alice.at(&server), bob.at(&server)];
    let called = async || alice.send("general", "supper, @here").await["mentions"].clone();
    assert_eq!(called().await, json!([]), "nobody has said yet that they are here again");
    says(&bob, "active").await;
    assert_eq!(called().await, json!(["bob"]));
}

#[tokio::test]
async fn here_and_groups_notify_one_by_one_and_never_beyond_the_channel() {
    let server = TestServer::start().await;
    let [alice, bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let everybody = json!({"handle": "devs", "members": ["bob", "carol", "mallory"]});
    alice.post("/groups", &everybody).await.expect(201);
    bob.post("/presence/override", &json!({"override": "idle"})).await.expect(204);
    let channel = alice.create_private(&["bob", "carol"]).await;
    let (mut bobs, mut carols) = (bob.events().await, carol.events().await);
    let mut mallorys = mallory.events().await;
    let here = alice.send(&channel, "cake, @here").await;
    assert_eq!(here["mentions"], json!(["alice", "carol"]), "those who are active");
    assert_eq!(told(&mut carols).await, (here["id"].clone(), json!("mention")));
    assert_eq!(why(&bob, &here).await, (false, "not_named".to_owned()));
    let group = alice.send(&channel, "cake, @devs").await;
    assert_eq!(group["mentions"], json!(["bob", "carol"]));
    assert_eq!(told(&mut bobs).await, (group["id"].clone(), json!("mention")), "not of the first");
    assert_eq!(why(&carol, &group).await, (true, "mention".to_owned()));
    let open = alice.send("general", "no cake, @devs").await;
    assert_eq!(told(&mut mallorys).await.0, open["id"], "of the channel she heard nothing");
    assert_eq!(mallory.get("/mentions").await.expect(200)[0]["id"], open["id"]);
}

/// Eight in the morning in London, where the server's clock begins, is five in the afternoon in Tokyo.
#[tokio::test]
async fn a_night_is_one_where_the_person_lives_and_stays_so_after_a_restart() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let night = json!({"enabled": true, "from": "16:00", "to": "18:00", "days": [1, 2, 3, 4, 5]});
    bob.post("/do_not_disturb", &night).await.expect(200);
    let message = alice.send("general", "hi @bob").await;
    assert_eq!(why(&bob, &message).await, (true, "mention".to_owned()));
    bob.post("/profile", &json!({"time_zone": "Asia/Tokyo"})).await.expect(200);
    assert_eq!(why(&bob, &message).await, (false, "do_not_disturb".to_owned()));
    server.restart_made_anew().await;
    assert_eq!(why(&bob.at(&server), &message).await, (false, "do_not_disturb".to_owned()));
}

#[tokio::test]
async fn nothing_is_to_be_said_of_what_is_no_message() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    for id in ["0", "1", "-1", "x", "1.5", "9223372036854775807", "99999999999999999999", "%ff"] {
        alice.get(&format!("/why/{id}")).await.expect_problem(404, "message-not-found");
    }
}
