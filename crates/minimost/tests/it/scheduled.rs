//! Messages that go out later. Here: others, who was removed, restarts (one of them while it becomes due) on files
//! that were compared with the log, a full disk, and bad input.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{PASSWORD, Person, Process, TestServer, check, files_with};

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

#[tokio::test]
async fn what_became_due_while_the_server_was_down_goes_out_at_the_start_and_once() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    schedule(&alice, "general", "good morning", 60).await;
    schedule(&alice, "general", "good night", 600).await;
    let cursor = bob.cursor().await;
    server.stop().await;
    server.advance(Duration::from_secs(61));
    server.restart_stopped().await;
    let [alice, bob] = [alice, bob].map(|person| person.at(&server));
    let sent = bob.events_from(&cursor).await.next_named("message_posted").await;
    assert_eq!(sent.data["content"], "good morning");

    server.restart_checked().await;
    let [alice, bob] = [alice, bob].map(|person| person.at(&server));
    let mut events = bob.events().await;
    let waiting = alice.get("/scheduled").await.expect(200);
    assert_eq!((waiting.as_array().unwrap().len(), &waiting[0]["text"]), (1, &json!("good night")));
    server.advance(Duration::from_secs(600));
    assert_eq!(events.next_named("message_posted").await.data["content"], "good night");
    assert_eq!(bob.texts("general").await, ["good morning", "good night"], "each of them once");
}

#[tokio::test]
async fn many_that_are_due_together_go_out_in_their_order() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    for number in 0..50 {
        schedule(&alice, "general", &format!("alice {number}"), 100 + number).await;
        schedule(&bob, "general", &format!("bob {number}"), 100 + number).await;
    }
    let mut events = bob.events().await;
    server.advance(Duration::from_secs(1_000));
    for number in 0..50 {
        for name in ["alice", "bob"] {
            let sent = events.next_named("message_posted").await;
            assert_eq!(sent.data["content"], format!("{name} {number}"));
        }
    }
    let page = bob.page("general", "limit=200").await;
    assert_eq!(page.len(), 100, "each of them once");
}

#[tokio::test]
async fn what_waits_can_be_changed_and_taken_back_and_its_old_text_is_forgotten() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let data = server.data_dir().to_owned();
    let changed = schedule(&alice, "general", "kumquat-one", 60).await;
    let cancelled = schedule(&alice, "general", "kumquat-cancelled", 70).await;
    assert_ne!(files_with(&data, "kumquat-one"), [""; 0], "it is on disk");
    let path = format!("/scheduled/{}", changed["id"]);
    let cancel = format!("/scheduled/{}/cancel", cancelled["id"]);
    for path in [&path, &cancel] {
        bob.post(path, &json!({"text": "x"})).await.expect_problem(404, "schedule-not-found");
    }
    let wish = json!({"text": "kumquat-two", "send_at_ts": later(80)});
    let after = alice.post(&path, &wish).await.expect(200);
    assert_eq!((&after["id"], &after["text"]), (&changed["id"], &json!("kumquat-two")));
    alice.post(&cancel, &json!({})).await.expect(204);
    alice.post(&cancel, &json!({})).await.expect_problem(404, "schedule-not-found");
    assert_eq!(alice.get("/scheduled").await.expect(200), json!([after]));
    let mut events = bob.events().await;
    schedule(&alice, "random", "the last", 90).await;
    server.advance(Duration::from_secs(91));
    let sent = events.next_named("message_posted").await.data;
    assert_eq!(sent["content"], "kumquat-two", "only this and");
    assert_eq!(events.next_named("message_posted").await.data["content"], "the last");
    assert_eq!(bob.texts("general").await, ["kumquat-two"]);

    // What was sent is a message; when that is deleted nothing is left of what waited.
    alice.delete(&sent["id"]).await;
    bob.texts("general").await;
    alice.texts("general").await;
    server.restart_checked().await;
    assert_eq!(files_with(&data, "kumquat"), [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_sent_waits_with_the_reason_until_it_is_changed() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let waiting = schedule(&bob, "random", "hello", 60).await;
    alice.post("/channels/random/archive", &json!({})).await.expect(200);
    let mut own = bob.events().await;
    server.advance(Duration::from_secs(61));
    let failed = own.next_named("message_scheduled").await.data;
    assert_eq!(failed["failure"], "the channel is archived");
    server.restart_checked().await;
    let [alice, bob] = [alice, bob].map(|person| person.at(&server));
    assert_eq!(bob.get("/scheduled").await.expect(200), json!([failed]));

    alice.post("/channels/random/archive", &json!({"on": false})).await.expect(200);
    let mut own = bob.events().await;
    let path = format!("/scheduled/{}", waiting["id"]);
    bob.post(&path, &json!({})).await.expect_problem(422, "invalid-value");
    let changed = bob.post(&path, &json!({"send_at_ts": later(120)})).await.expect(200);
    assert_eq!((&changed["failure"], &changed["text"]), (&Value::Null, &json!("hello")));
    server.advance(Duration::from_secs(61));
    assert_eq!(own.next_named("message_posted").await.data["content"], "hello");
    let ended = json!({"id": waiting["id"], "outcome": "sent"});
    assert_eq!(own.next_named("schedule_ended").await.data, ended);
}

#[tokio::test]
async fn nothing_is_sent_to_a_channel_that_its_author_has_left() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let waiting = schedule(&bob, &channel, "about the cake", 60).await;
    let after = schedule(&bob, "general", "done", 70).await;
    alice.remove(&channel, "bob").await;
    assert_eq!(bob.get("/scheduled").await.expect(200), json!([after]), "it is not shown");
    assert_eq!(bob.state().await["scheduled"], json!([after]));
    let path = format!("/scheduled/{}", waiting["id"]);
    let wish = json!({"text": "still there?"});
    bob.post(&path, &wish).await.expect_problem(404, "schedule-not-found");
    let mut own = bob.events().await;
    server.advance(Duration::from_secs(71));
    loop {
        let event = own.next_event().await;
        assert_ne!(event.name, "message_scheduled", "{event:?}");
        if event.data["content"] == "done" {
            break;
        }
    }
    let texts = alice.texts(&channel).await;
    assert!(!texts.contains(&json!("about the cake")), "{texts:?}");
    let cancelled = bob.post(&format!("{path}/cancel"), &json!({})).await;
    cancelled.expect_problem(404, "schedule-not-found");
}

#[tokio::test]
async fn nothing_is_sent_for_who_was_deactivated_until_they_are_back() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let waiting = schedule(&bob, "general", "hello", 60).await;
    alice.post("/admin/people/bob/deactivate", &json!({})).await.expect(200);
    let after = schedule(&alice, "random", "the last", 70).await;
    let mut events = alice.events().await;
    server.advance(Duration::from_secs(71));
    let ended = json!({"id": after["id"], "outcome": "sent"});
    assert_eq!(events.next_named("schedule_ended").await.data, ended, "it was after bob's");
    server.restart_checked().await;
    let alice = alice.at(&server);
    assert_eq!(alice.texts("general").await, [""; 0]);
    alice.post("/admin/people/bob/reactivate", &json!({})).await.expect(200);
    let log_in = json!({"username": "bob", "password": PASSWORD});
    let token = bob.at(&server).post("/login", &log_in).await.expect(200)["token"].clone();
    let bob = bob.at(&server).with_token(token.as_str().unwrap());
    let kept = bob.get("/scheduled").await.expect(200);
    assert_eq!((&kept[0]["id"], &kept[0]["text"]), (&waiting["id"], &json!("hello")));
    assert!(kept[0]["failure"].is_string(), "{kept}");
}

#[tokio::test]
async fn a_reply_in_a_thread_waits_too_and_clears_the_draft_that_it_was() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let root = bob.send("general", "who deploys?").await;
    let draft = json!({"text": "me, tom", "thread_id": root["id"]});
    alice.post("/drafts/general", &draft).await.expect(204);
    let wish = json!({"text": "me", "thread_id": root["id"], "send_at_ts": later(60)});
    let waiting = alice.post("/schedule/general", &wish).await.expect(201);
    assert_eq!(waiting["thread_id"], root["id"]);
    assert_eq!(alice.get("/drafts").await.expect(200), json!([]));
    alice.post("/drafts/general", &draft).await.expect(204);
    let mut events = bob.events().await;
    server.advance(Duration::from_secs(61));
    let reply = events.next_named("thread_replied").await.data;
    assert_eq!((&reply["content"], &reply["thread_id"]), (&json!("me"), &root["id"]));
    let drafts = alice.get("/drafts").await.expect(200);
    assert_eq!(drafts[0]["text"], "me, tom", "what is being written now is another thing");
}

#[tokio::test]
async fn a_wish_that_makes_no_sense_is_refused_and_a_repeat_leaves_one() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let year = 367 * 24 * 3600;
    let wishes = [
        (
            json!({"text": "x", "send_at_ts": later(0).as_f64().unwrap() - 1.0}),
            422,
            "invalid-value",
        ),
        (json!({"text": "x", "send_at_ts": later(year)}), 422, "invalid-value"),
        (json!({"text": "x", "send_at_ts": 1e300}), 422, "invalid-value"),
        (json!({"text": " ", "send_at_ts": later(60)}), 422, "text-empty"),
        (json!({"text": "x".repeat(10_001), "send_at_ts": later(60)}), 422, "text-too-long"),
        (json!({"text": "x"}), 400, "invalid-fields"),
        (json!({"text": "x", "send_at_ts": "tomorrow"}), 400, "invalid-fields"),
        (
            json!({"text": "x", "send_at_ts": later(60), "thread_id": 99_999}),
            404,
            "message-not-found",
        ),
    ];
    for (wish, status, problem) in wishes {
        alice.post("/schedule/general", &wish).await.expect_problem(status, problem);
    }
    let wish = json!({"text": "x", "send_at_ts": later(60), "client_msg_id": "s1"});
    alice.post("/schedule/private:999999", &wish).await.expect_problem(403, "not-a-member");
    for path in ["/scheduled/0", "/scheduled/x", "/scheduled/1", "/scheduled/1/cancel"] {
        alice.post(path, &json!({})).await.expect_problem(404, "schedule-not-found");
    }
    assert_eq!(alice.get("/scheduled").await.expect(200), json!([]));
    let first = alice.post("/schedule/general", &wish).await.expect(201);
    assert_eq!(alice.post("/schedule/general", &wish).await.expect(200), first);
    assert_eq!(alice.get("/scheduled").await.expect(200), json!([first]));
    for _ in 1..100 {
        schedule(&alice, "general", "x", 60).await;
    }
    let one_more = json!({"text": "x", "send_at_ts": later(60)});
    alice.post("/schedule/general", &one_more).await.expect_problem(409, "too-many");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn on_a_full_disk_it_waits_for_room_and_is_sent_once() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let mut server = Process::start(&data).await?;
    let alice = server.sign_up("alice").await?;
    let now = alice.send("general", "before").await["ts"].as_f64().unwrap();
    let wish = json!({"text": "when there is room", "send_at_ts": now + 4.0});
    alice.post("/schedule/general", &wish).await.expect(201);
    let mut events = alice.events().await;
    server.limit_files(Some(1))?;
    server.says("what was due could not be done").await?;
    server.limit_files(None)?;
    let sent = events.next_named("message_posted").await.data;
    assert_eq!(sent["content"], "when there is room");
    assert_eq!(alice.texts("general").await, ["before", "when there is room"]);
    anyhow::ensure!(server.terminate().await?.success());
    check(&data).await
}

async fn schedule(person: &Person, channel: &str, text: &str, seconds: u32) -> Value {
    let wish = json!({"text": text, "send_at_ts": later(seconds)});
    person.post(&format!("/schedule/{channel}"), &wish).await.expect(201)
}
