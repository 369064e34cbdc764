//! Guarantee 8 when a record of the log is not what was appended: what it said is lost, and nothing else. Nobody is shown
//! an older text for it, and what was deleted stays deleted.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{Process, TestServer, ask, questions};

/// Stops the server, does something to its log, and starts it again.
async fn restart_with(server: &mut TestServer, damage: impl FnOnce(&Path)) {
    server.stop().await;
    damage(&server.data_dir().join("log.db"));
    server.restart_stopped().await;
}

fn execute(log: &Path, sql: &str) {
    assert_eq!(Connection::open(log).unwrap().execute(sql, []).unwrap(), 1, "{sql}");
}

/// Flips a bit in a record's row, so many bytes after the first of its time; no index has that byte. The time has eight,
/// and a byte each of kind, channel and actor follow, where these are small.
fn flip(log: &Path, seq: &Value, at: usize) {
    let sql = format!("SELECT ts_us FROM record WHERE seq = {seq}");
    let time: i64 = Connection::open(log).unwrap().query_row(&sql, [], |row| row.get(0)).unwrap();
    let mut bytes = fs::read(log).unwrap();
    // What a page no longer uses may hold a copy.
    let windows = bytes.windows(8).enumerate();
    let found: Vec<_> = windows.filter(|(_, window)| *window == time.to_be_bytes()).collect();
    let found: Vec<_> = found.into_iter().map(|(found, _)| found).collect();
    assert!(!found.is_empty());
    for found in found {
        bytes[found + at] ^= 1;
    }
    fs::write(log, bytes).unwrap();
}

/// The last record of a kind.
fn last_of(log: &Path, kind: chat::EventKind) -> Value {
    let sql = format!("SELECT MAX(seq) FROM record WHERE kind = {}", kind.code());
    let seq: i64 = Connection::open(log).unwrap().query_row(&sql, [], |row| row.get(0)).unwrap();
    json!(seq)
}

/// The same answers when one message cannot be read.
fn without_text(answer: &Value, id: &Value) -> Value {
    match answer {
        Value::Array(all) => all.iter().map(|it| without_text(it, id)).collect(),
        Value::Object(fields) => {
            let inside = fields.iter().map(|(name, it)| (name.clone(), without_text(it, id)));
            let mut fields: serde_json::Map<_, _> = inside.collect();
            let is_it = fields.get("id") == Some(id) && fields.contains_key("content");
            if is_it {
                fields.insert("unreadable".to_owned(), json!(true));
                let is_pin = fields.contains_key("pinned_by");
                fields.insert("content".to_owned(), if is_pin { json!("") } else { Value::Null });
            }
            if is_it && fields.contains_key("mentions") {
                fields.insert("mentions".to_owned(), json!([]));
                fields.insert("client_msg_id".to_owned(), Value::Null);
            }
            Value::Object(fields)
        }
        other => other.clone(),
    }
}

/// Times and names of a damaged envelope are not compared.
fn without_envelope(mut answers: Vec<Value>, id: &Value) -> Vec<Value> {
    fn walk(answer: &mut Value, id: &Value) {
        match answer {
            Value::Array(all) => all.iter_mut().for_each(|it| walk(it, id)),
            Value::Object(fields) => {
                // Who is there is another question.
                fields.remove("presence");
                if fields.get("id") == Some(id) {
                    fields.remove("ts");
                }
                fields.values_mut().for_each(|it| walk(it, id));
            }
            _ => {}
        }
    }
    for answer in &mut answers {
        walk(answer, id);
    }
    answers
}

/// What is answered when one message cannot be read.
fn unreadable(question: &str, before: &Value, id: &Value) -> Value {
    let mut expected = without_text(before, id);
    if question == format!("/message/{id}/history") {
        expected[0]["content"] = Value::Null;
        expected[0]["unreadable"] = json!(true);
    } else if question == format!("/why/{id}") {
        let explanation = "The message cannot be read: the log is damaged there.";
        expected = json!({"notifies": false, "reason": "unreadable", "explanation": explanation});
    }
    expected
}

/// The time of a message's only text.
fn forget_time(history: &mut Value) {
    if let Some(text) = history.get_mut(0).and_then(Value::as_object_mut) {
        text.remove("ts");
    }
}

#[tokio::test]
async fn guarantee_8_a_damaged_message_is_unreadable_and_everything_else_is_answered_as_ever() {
    let mut server = TestServer::start().await;
    let [alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    let secret = alice.create_private(&["bob"]).await;
    alice.send("general", "before").await;
    let message = alice.send("general", "kumquat for @bob").await;
    let hidden = alice.send(&secret, "a kumquat too").await;
    let id = &message["id"];
    bob.react(id, "heart").await;
    let in_thread = json!({"text": "how many?", "thread_id": id});
    let reply = bob.post("/send/general", &in_thread).await.expect(201);
    alice.send("general", "after").await;
    alice.post(&format!("/pin/{id}"), &json!({})).await.expect(200);
    bob.post(&format!("/save/{id}"), &json!({})).await.expect(204);
    let questions = questions(&[id, &reply["id"]]);
    let (before, of_mallory) = (ask(&bob, &questions).await, ask(&mallory, &questions).await);
    let hidden_from = format!("/message/{}", hidden["id"]);
    assert_eq!(bob.get(&hidden_from).await.status, 200);
    assert_eq!(mallory.get(&hidden_from).await.status, 404);

    // In the body; in the sum of either; in the time, the kind and what stands behind it in the row.
    let sums = ["body = CAST('?' AS BLOB)", "body_sum = body_sum + 1", "envelope_sum = 7"];
    let damages = sums.into_iter().map(Some).chain([None; 3]);
    for (place, sum) in damages.enumerate() {
        server.stop().await;
        let log = server.data_dir().join("log.db");
        let kept = fs::read(&log).unwrap();
        for damaged in [id, &hidden["id"]] {
            match sum {
                Some(sum) => {
                    execute(&log, &format!("UPDATE record SET {sum} WHERE seq = {damaged}"));
                }
                None => flip(&log, damaged, [7, 8, 9][place - 3]),
            }
        }
        server.restart_stopped().await;
        let [alice, bob, mallory] = [&alice, &bob, &mallory].map(|person| person.at(&server));
        let now = ask(&bob, &questions).await;
        let what = sum.map_or_else(|| format!("byte {place}"), str::to_owned);
        for ((question, before), now) in questions.iter().zip(&before).zip(&now) {
            // Kind, channel and actor stand in an index too: with these the record is whole.
            let [mut now, mut expected] = [now.clone(), before.clone()];
            if place <= 3 {
                expected = unreadable(question, before, id);
            }
            if question.ends_with("/history") || question.starts_with("/why") {
                forget_time(&mut now);
                forget_time(&mut expected);
            }
            let [now, expected] = [now, expected].map(|it| without_envelope(vec![it], id));
            assert_eq!(now, expected, "{what}: {question}");
        }
        let of_mallory_now = ask(&mallory, &questions).await;
        for ((question, then), now) in questions.iter().zip(&of_mallory).zip(&of_mallory_now) {
            let same = (then.is_number(), then.as_u64()) == (now.is_number(), now.as_u64());
            assert!(same, "{what}: mallory {question}: {now}");
        }
        assert_eq!(mallory.get(&hidden_from).await.status, 404, "{what}");
        let in_secret = bob.messages(&secret).await;
        let is_lost = in_secret.last().unwrap()["unreadable"] == true;
        assert_eq!(is_lost, place <= 3, "{what}");
        mallory.get(&format!("/messages/{secret}")).await.expect_problem(403, "not-a-member");
        let refused = alice.post("/send/general", &json!({"text": "and on"})).await;
        refused.expect_problem(503, "log-unavailable");

        // What was put back is read again.
        restart_with(&mut server, |log| fs::write(log, &kept).unwrap()).await;
        let again = ask(&bob.at(&server), &questions).await;
        let [again, before] = [again, before.clone()].map(|it| without_envelope(it, &json!(0)));
        assert_eq!(again, before, "{what}");
    }
}

#[tokio::test]
async fn guarantee_8_what_was_deleted_stays_deleted_when_its_deletion_is_damaged() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let message = alice.send("general", "kumquat").await;
    let id = &message["id"];
    alice.edit(id, "kumquat and quince").await;
    bob.react(id, "heart").await;
    assert_eq!(bob.texts("general").await, ["kumquat and quince"]);
    alice.delete(id).await;
    let tombstone = bob.messages("general").await;
    server.stop().await;
    let log = server.data_dir().join("log.db");
    let kept = fs::read(&log).unwrap();
    let deletion = last_of(&log, chat::EventKind::MessageDeleted);
    // In the time, the kind, the channel and the actor; each also where the message itself is damaged.
    for (at, of_message) in [7, 8, 9, 10].into_iter().flat_map(|at| [(at, false), (at, true)]) {
        fs::write(&log, &kept).unwrap();
        flip(&log, &deletion, at);
        if of_message {
            flip(&log, id, at);
        }
        server.restart_stopped().await;
        let bob = bob.at(&server);
        let page = without_envelope(bob.messages("general").await, id);
        for mut expected in without_envelope(tombstone.clone(), id) {
            expected["deleted_ts"] = page[0]["deleted_ts"].clone();
            expected["deleted_by"] = page[0]["deleted_by"].clone();
            assert_eq!(page, [expected], "{at} {of_message}");
        }
        assert!(page[0]["deleted_by"].is_null() && page[0]["deleted_ts"].is_number());
        bob.get(&format!("/message/{id}/history")).await.expect_problem(404, "message-not-found");
        for answer in ask(&bob, &questions(&[id])).await {
            assert!(!answer.to_string().contains("kumquat"), "{at}: {answer}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn guarantee_8_a_damaged_edit_is_not_hidden_behind_the_text_before_it() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let message = alice.send("general", "the door is open").await;
    let id = &message["id"];
    alice.edit(id, "the door is closed").await;
    let later = alice.send("general", "one").await;
    alice.edit(&later["id"], "two").await;
    alice.edit(&later["id"], "three").await;
    restart_with(&mut server, |log| {
        for (message, body) in [(id, "closed"), (&later["id"], "two")] {
            let sql = format!(
                "UPDATE record SET body = CAST(replace(CAST(body AS TEXT), '{body}', '!') AS BLOB)
                  WHERE target = {message} AND CAST(body AS TEXT) LIKE '%{body}%'"
            );
            execute(log, &sql);
        }
    })
    .await;
    let bob = bob.at(&server);
    let page = bob.messages("general").await;
    assert_eq!((&page[0]["content"], &page[0]["unreadable"]), (&Value::Null, &json!(true)));
    assert_eq!(page[0]["edited"], true);
    // A later text is what it says now.
    assert_eq!((&page[1]["content"], page[1].get("unreadable")), (&json!("three"), None));
    let said = bob.get(&format!("/message/{}/history", later["id"])).await.expect(200);
    let said: Vec<_> = said.as_array().unwrap().iter().map(|it| it["content"].clone()).collect();
    assert_eq!(said, [json!("one"), Value::Null, json!("three")]);
}

#[tokio::test]
async fn guarantee_8_a_damaged_reaction_or_reply_is_said_to_be_missing() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let [first, second] = [alice.send("general", "one").await, alice.send("general", "two").await];
    bob.react(&first["id"], "heart").await;
    let in_thread = json!({"text": "a reply", "thread_id": second["id"]});
    let reply = bob.post("/send/general", &in_thread).await.expect(201);
    let whole = alice.messages("general").await;
    restart_with(&mut server, |log| {
        for kind in [chat::EventKind::MessageReacted, chat::EventKind::ThreadReplied] {
            let seq = last_of(log, kind);
            execute(log, &format!("UPDATE record SET body_sum = 7 WHERE seq = {seq}"));
        }
    })
    .await;
    let alice = alice.at(&server);
    let page = alice.messages("general").await;
    assert_eq!((&page[0]["content"], &page[0]["incomplete"]), (&json!("one"), &json!(true)));
    assert_eq!(page[0]["reactions"], json!({}));
    assert_eq!((&page[1]["content"], &page[1]["incomplete"]), (&json!("two"), &json!(true)));
    let summary = |message: &Value| {
        (message["thread"]["replies"].clone(), message["thread"]["last_reply_id"].clone())
    };
    assert_eq!(summary(&page[1]), summary(&whole[1]));
    let thread = alice.get(&format!("/thread/{}", second["id"])).await.expect(200);
    assert_eq!(thread["replies"][0]["id"], reply["id"]);
    assert_eq!(thread["replies"][0]["unreadable"], true);
}

#[tokio::test]
async fn guarantee_8_a_thread_whose_newest_number_is_damaged_is_said_to_be_incomplete() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let root = alice.send("general", "who bakes?").await;
    let reply = async |text: &str| {
        let reply = json!({"text": text, "thread_id": root["id"]});
        bob.post("/send/general", &reply).await.expect(201)
    };
    let first = reply("me").await;
    reply("not me").await;
    bob.delete(&first["id"]).await;
    assert_eq!(bob.messages("general").await[0]["thread"]["replies"], 1);
    restart_with(&mut server, |log| {
        let changed = last_of(log, chat::EventKind::ThreadChanged);
        execute(log, &format!("UPDATE record SET body = x'7b7d' WHERE seq = {changed}"));
    })
    .await;
    let page = bob.at(&server).messages("general").await;
    assert_eq!((&page[0]["incomplete"], &page[0]["content"]), (&json!(true), &root["content"]));
}

#[tokio::test]
async fn guarantee_8_a_stream_does_not_pass_over_a_damaged_record_in_silence() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let cursor = bob.cursor().await;
    alice.send("general", "one").await;
    let damaged = alice.send("general", "two").await;
    let at_end = bob.cursor().await;
    assert_eq!(bob.events_from(&cursor).await.next_event().await.data["content"], "one");
    restart_with(&mut server, |log| {
        execute(log, &format!("UPDATE record SET body_sum = 7 WHERE seq = {}", damaged["id"]));
    })
    .await;
    let bob = bob.at(&server);
    bob.events_from(&cursor).await.next_named("resync").await;
    // The state that is loaded then is one from which the stream goes on.
    assert_eq!(bob.cursor().await, at_end);
}

#[tokio::test]
async fn guarantee_8_a_damaged_record_is_told_of_once_however_often_it_is_read() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let server = Process::start(&data).await?;
    let alice = server.sign_up("alice").await?;
    let message = alice.send("general", "kumquat").await;
    alice.send("general", "after").await;
    ensure!(server.terminate().await?.success());
    // Below the seq up to which the snapshot has verified it.
    flip(&data.join("log.db"), &message["id"], 7);
    let server = Process::start(&data).await?;
    let alice = server.welcome(&alice);
    for _ in 0..3 {
        let page = alice.messages("general").await;
        assert_eq!((&page[0]["unreadable"], &page[1]["content"]), (&json!(true), &json!("after")));
        alice.get(&format!("/message/{}", message["id"])).await.expect(200);
    }
    let said = server.terminate_listening().await?;
    let told = format!("the record at seq {} cannot be read, and is shown as such", message["id"]);
    assert_eq!(said.iter().filter(|line| line.contains(&told)).count(), 1, "{said:?}");
    Ok(())
}
