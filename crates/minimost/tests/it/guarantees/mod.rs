//! The guarantees that the server gives, each with a test by its number.
//!
//! 1 acknowledged means on disk: here, and `crash.rs`. 2 one order: here. 3 exactly once: `exactly_once`. 4 you read what
//! you wrote and what anyone was told: here. 5 no gap, no repeat: `reconnect.rs`. 6 nobody sees what is not theirs:
//! here in short, and `access.rs`. 7 crash-equal: `crash.rs`, and an orderly end here. 8 full disk, broken file:
//! `broken_disk`, `broken_parts`, `damaged_log`, `damaged_record`, `other_programs`, `snapshot_file`, `torn_pages`,
//! `mailbox_files` and `checking`. 9 forgetting is real: here, `erased_files`, `moved_rows`, `held_files`, `held_shared`,
//! `temporary_files`, and `rebuild/mailbox.rs` and the log's own tests file by file.

mod broken_disk;
mod broken_parts;
mod checking;
#[cfg(target_os = "linux")]
mod closed_files;
mod damaged_log;
mod damaged_record;
mod erased_files;
mod exactly_once;
mod held_files;
mod held_shared;
mod mailbox_files;
mod moved_rows;
mod other_programs;
mod snapshot_file;
#[cfg(target_os = "linux")]
mod temporary_files;
mod torn_pages;

use std::time::Duration;

use anyhow::Result;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{PASSWORD, Person, Process, TestServer, check, files_with, rows, run};

#[tokio::test]
async fn guarantee_1_acknowledged_means_on_disk() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let server = Process::start(&data).await?;
    let alice = server.sign_up("alice").await?;
    let kept = alice.send("general", "kept").await;
    let edited = alice.edit(&kept["id"], "kept as edited").await;
    server.kill().await?;

    let server = Process::start(&data).await?;
    let alice = server.welcome(&alice);
    assert_eq!(alice.messages("general").await, [edited]);
    let last = alice.send("general", "the very last thing").await;
    server.kill().await?;

    let server = Process::start(&data).await?;
    let alice = server.welcome(&alice);
    let id = &last["id"];
    assert_eq!(alice.get(&format!("/message/{id}")).await.expect(200), last);
    Ok(())
}

/// Microseconds since 1970; `ts` is a double, exact to the microsecond.
fn micros(message: &Value) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "microseconds of our time fit 51 bits")]
    let micros = (message["ts"].as_f64().unwrap() * 1e6).round() as i64;
    micros
}

#[tokio::test]
async fn guarantee_2_one_order_whatever_the_clock_does() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = bob.events().await;
    let mut sent = Vec::new();
    for text in ["one", "two", "three"] {
        sent.push(alice.send("general", text).await);
        sent.push(bob.send("general", text).await);
    }
    server.set_back(Duration::from_secs(3_600));
    sent.push(alice.send("general", "an hour ago").await);
    server.advance(Duration::from_secs(3_700));
    sent.push(bob.send("general", "later").await);

    let ids: Vec<_> = sent.iter().map(|message| message["id"].as_u64().unwrap()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    let times: Vec<_> = sent.iter().map(micros).collect();
    let steps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(steps[..6], [1; 6], "a clock that stands or goes back moves on by a microsecond");
    assert!((99_000_000..100_000_000).contains(&steps[6]), "{steps:?}");

    assert_eq!(alice.messages("general").await, sent);
    assert_eq!(bob.messages("general").await, sent);
    for message in &sent {
        assert_eq!(events.next_event().await.data, *message, "live it is the same too");
    }
    server.app().mailboxes.drain().await.unwrap();
    server.stop().await;
    let copies = ["alice", "bob"].map(|name| {
        let file = server.data_dir().join(format!("users/{name}.db"));
        rows(&file, "SELECT id, ts FROM messages ORDER BY id")
    });
    let expected = sent.iter().map(|it| format!("{} {:?}", it["id"], it["ts"].as_f64().unwrap()));
    assert_eq!(copies[0], expected.collect::<Vec<_>>());
    assert_eq!(copies[0], copies[1]);
}

#[tokio::test]
async fn guarantee_2_a_log_of_more_than_an_hour_from_now_refuses_to_start() {
    for (minutes, starts) in [(59, true), (61, false)] {
        let mut server = TestServer::start().await;
        let alice = server.sign_up("alice").await;
        server.advance(Duration::from_secs(minutes * 60));
        alice.send("general", "written by a clock that was wrong").await;
        server.stop().await;
        // It starts, or tries to, at the time at which this test began.
        let started = TestServer::start_in(server.data_dir()).await;
        assert_eq!(started.is_ok(), starts, "{minutes} minutes ahead");
        match started {
            Ok(server) => server.stop().await.unwrap(),
            Err(refused) => assert!(refused.to_string().contains("in the future"), "{refused}"),
        }
    }
}

/// The seq in `<epoch>.<seq>.<sum>`.
fn seq(cursor: &str) -> u64 {
    cursor.split('.').nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guarantee_4_you_read_what_you_wrote_and_what_anyone_was_told() {
    const MESSAGES: usize = 40;
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let mut told = carol.events().await;
    let mut writers = JoinSet::new();
    for writer in [alice, bob.clone()] {
        writers.spawn(async move {
            for number in 0..MESSAGES {
                let message = writer.send("general", &format!("message {number}")).await;
                let page = writer.page("general", "limit=200").await;
                assert!(page.contains(&message), "one reads what one wrote");
            }
        });
    }
    for heard in 1..=2 * MESSAGES {
        let event = told.next_event().await;
        // Carol was told, so bob may ask, and carol too.
        let id = &event.data["id"];
        assert_eq!(bob.get(&format!("/message/{id}")).await.expect(200), event.data);
        let page = carol.get("/messages/general?limit=200").await;
        let cursor = page.header("minimost-cursor").unwrap();
        assert!(seq(&cursor) >= seq(&event.id.unwrap()), "the page answers for what was told");
        let page = page.expect(200);
        assert!(page.as_array().unwrap().contains(&event.data));
        assert!(carol.unreads().await["general"] >= heard as u64);
    }
    writers.join_all().await;
    // A marker that waits for its second to pass is already true for its reader.
    for read in 1..=10 {
        let page = carol.page("general", "limit=200").await;
        carol.mark_read_to("general", &page[read - 1]["id"]).await;
        let left = (2 * MESSAGES - read) as u64;
        assert_eq!(carol.unreads().await["general"], left);
    }
}

#[tokio::test]
async fn guarantee_6_nobody_sees_what_is_not_theirs() {
    let server = TestServer::start().await;
    let [alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    let (mut bobs, mut mallorys) = (bob.events().await, mallory.events().await);
    let message = alice.send("dm:alice:bob", "psst").await;
    assert_eq!(bobs.next_named("message_posted").await.data, message);
    assert_eq!(bob.messages("dm:alice:bob").await, [message]);
    mallory.get("/messages/dm:alice:bob").await.expect_problem(403, "not-a-member");
    let public = alice.send("general", "hi all").await;
    assert_eq!(mallorys.next_event().await.data, public, "it is the first thing she hears");
}

#[tokio::test]
async fn guarantee_7_after_an_orderly_end_every_projection_is_equal_and_check_can_tell()
-> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let server = Process::start(&data).await?;
    let [alice, bob] = [server.sign_up("alice").await?, server.sign_up("bob").await?];
    for number in 0..50 {
        let message = alice.send("general", &format!("hi @bob, number {number}")).await;
        bob.react(&message["id"], "heart").await;
    }
    bob.mark_read("general").await;
    assert!(server.terminate().await?.success(), "SIGTERM is an orderly end");
    assert!(!data.join("log.db-wal").exists(), "the log is in one piece");
    check(&data).await?;

    let file = data.join("users/bob.db");
    let forged = "UPDATE messages SET content = 'forged' WHERE id = (SELECT max(id) FROM messages)";
    assert_eq!(Connection::open(&file)?.execute(forged, [])?, 1);
    let found = run(&data, &["check"]).await?;
    let said = String::from_utf8(found.stdout)?;
    assert_eq!(found.status.code(), Some(1), "{said}");
    assert!(said.contains("bob.db: messages id = "), "{said}");
    assert!(said.contains("differs in content"), "{said}");
    assert!(run(&data, &["rebuild", "bob"]).await?.status.success());
    check(&data).await
}

/// The password hash that stands in the log; the newest one.
fn password_hash(server: &TestServer) -> String {
    let sql = "SELECT CAST(body AS TEXT) FROM record WHERE kind = 2 AND body IS NOT NULL
                ORDER BY seq DESC LIMIT 1";
    let body = rows(&server.data_dir().join("log.db"), sql).remove(0);
    let body: Value = serde_json::from_str(&body).unwrap();
    body["password_hash"].as_str().unwrap().to_owned()
}

async fn read_all(people: [&Person; 2], channels: [&str; 2]) {
    for person in people {
        for channel in channels {
            person.messages(channel).await;
        }
    }
}

#[tokio::test]
async fn guarantee_9_forgetting_is_real() {
    let mut server = TestServer::start().await;
    let [bob, alice] = server.people(["bob", "alice"]).await;
    let channels = ["general", "dm:alice:bob"];
    let mut ids = Vec::new();
    for channel in channels {
        let id = alice.send(channel, "kumquat-first @bob").await["id"].clone();
        alice.edit(&id, "kumquat-edited @bob").await;
        bob.react(&id, "heart").await;
        // So that the pages on which it stands are copied about.
        for number in 0..40 {
            bob.send(channel, &format!("what do you mean? {number}")).await;
        }
        ids.push(id);
    }
    read_all([&alice, &bob], channels).await;
    let old_hash = password_hash(&server);
    server.app().mailboxes.drain().await.unwrap();
    let data = server.data_dir().to_owned();
    for text in ["kumquat-first", "kumquat-edited", old_hash.as_str()] {
        assert_ne!(files_with(&data, text), [""; 0], "{text} is on disk");
    }
    assert!(files_with(&data, "kumquat-edited").iter().any(|file| file.starts_with("users/bob")));

    for id in &ids {
        alice.delete(id).await;
    }
    let change = json!({"current_password": PASSWORD, "new_password": "New-horse-2"});
    alice.post("/change-password", &change).await.expect(200);
    let new_hash = password_hash(&server);
    assert_ne!(old_hash, new_hash);
    server.app().mailboxes.drain().await.unwrap();
    read_all([&alice, &bob], channels).await;
    server.stop().await;
    for text in ["kumquat", old_hash.as_str()] {
        assert_eq!(files_with(&data, text), [""; 0], "{text} is forgotten");
    }
    assert_ne!(files_with(&data, &new_hash), [""; 0], "what was not superseded is kept");
    assert_ne!(files_with(&data, "what do you mean? 39"), [""; 0]);
}
