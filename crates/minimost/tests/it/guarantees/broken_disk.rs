//! Guarantee 8: a full disk and a broken file. What did not happen is not acknowledged, what can be read is read, and
//! the rest is said clearly.
//!
//! The disk is full for a real process: the system refuses its writes beyond a size. `write_path.rs` and the log's own
//! tests have the same inside one process; `rebuild/mailbox.rs` a mailbox that cannot be written.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::support::{Answer, Person, Process, TestServer, check, files_with, rows, run};

/// The problem of a write that the machine could not do.
#[track_caller]
fn expect_unwritable(answer: &Answer) {
    let slug = match answer.status {
        507 => "disk-full",
        503 => "log-unavailable",
        status => panic!("{status}: {}", answer.text),
    };
    answer.clone().expect_problem(answer.status, slug);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn guarantee_8_on_a_full_disk_nothing_is_acknowledged_reads_go_on_and_room_heals_it()
-> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let server = Process::start(&data).await?;
    let [alice, bob] = [server.sign_up("alice").await?, server.sign_up("bob").await?];
    let mut events = bob.events().await;
    let first = alice.send("general", "before").await;
    assert_eq!(bob.messages("general").await, std::slice::from_ref(&first));
    let second = alice.send("general", "bob's mailbox is behind this @bob").await;

    server.limit_files(Some(1))?;
    let wish = json!({"text": "when there is room", "client_msg_id": "one"});
    let id = &first["id"];
    for _ in 0..3 {
        expect_unwritable(&alice.post("/send/general", &wish).await);
        expect_unwritable(&alice.post(&format!("/edit/{id}"), &json!({"text": "no"})).await);
        expect_unwritable(&alice.post(&format!("/delete/{id}"), &json!({})).await);
        expect_unwritable(&bob.post("/dms", &json!({"users": ["alice"]})).await);
    }
    let seen = [first, second];
    assert_eq!(bob.messages("general").await, seen, "reads go on, of a mailbox that is behind too");
    assert_eq!(alice.messages("general").await, seen);
    assert_eq!(bob.unreads().await["general"], 2);
    assert_eq!(bob.get("/mentions").await.expect(200).as_array().unwrap().len(), 1);
    assert_eq!(bob.state().await["channels"][0]["unread"], 2);
    let mut late = bob.events_from(&events.cursor.clone()).await;

    server.limit_files(None)?;
    let third = alice.post("/send/general", &wish).await.expect(201);
    assert_eq!(alice.post("/send/general", &wish).await.expect(200), third);
    let [first, second] = seen;
    assert_eq!(bob.messages("general").await, [first.clone(), second.clone(), third.clone()]);
    for message in [first, second, third.clone()] {
        assert_eq!(events.next_event().await.data, message, "live: nothing lost or doubled");
    }
    while late.next_event().await.data != third {}
    bob.mark_read("general").await;
    assert_eq!(bob.unreads().await["general"], 0);
    ensure!(server.terminate().await?.success());
    check(&data).await
}

#[tokio::test]
async fn guarantee_8_a_damaged_projection_is_set_aside_and_rebuilt() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let message = alice.send("general", "hi @bob").await;
    bob.react(&message["id"], "heart").await;
    bob.mark_read("general").await;
    let page = bob.messages("general").await;
    server.app().mailboxes.drain().await.unwrap();
    server.stop().await;
    let data = server.data_dir().to_owned();
    let broken = ["presence.db", "auth.db", "workspace.db", "users/alice.db", "users/bob.db"];
    for name in broken {
        fs::write(data.join(name), "no database, but a sentence; a rather long one. ".repeat(300))
            .unwrap();
    }

    server.restart_stopped().await;
    let [alice, bob] = [alice, bob].map(|person| person.at(&server));
    assert_eq!(bob.messages("general").await, page);
    assert_eq!(alice.messages("general").await, page);
    assert_eq!(bob.unreads().await["general"], 0);
    alice.send("general", "life goes on").await;
    server.app().mailboxes.drain().await.unwrap();
    server.stop().await;
    let reactions = rows(&data.join("presence.db"), "SELECT emoji, reactor FROM message_reactions");
    assert_eq!(reactions, ["heart bob"]);
    assert_eq!(rows(&data.join("auth.db"), "SELECT username FROM users"), ["alice", "bob"]);
    let aside = files_with(&data, "no database, but a sentence");
    assert_eq!(aside.len(), broken.len(), "{aside:?}");
    for file in aside {
        assert!(file.contains(".db.damaged-"), "{file} is kept for whoever wants to look");
    }
}

/// Changes one letter of a text in a file.
pub fn flip_byte(file: &Path, text: &str) {
    let mut bytes = fs::read(file).unwrap();
    let at = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}

/// A data directory whose log says "kumquat" at the answered seq, in one piece; alice has read it, bob has not.
async fn kumquat(data: &Path) -> Result<(Value, [Person; 2])> {
    let server = Process::start(data).await?;
    let [alice, bob] = [server.sign_up("alice").await?, server.sign_up("bob").await?];
    alice.send("general", "before").await;
    let id = alice.send("general", "kumquat").await["id"].clone();
    alice.send("general", "after").await;
    ensure!(server.terminate().await?.success());
    // They are in the mailboxes too.
    ensure!(run(data, &["rebuild"]).await?.status.success());
    Ok((id, [alice, bob]))
}

#[tokio::test]
async fn guarantee_8_a_damaged_record_is_named_and_stops_the_writes() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let (id, people) = kumquat(&data).await?;
    flip_byte(&data.join("log.db"), "kumquat");
    let done = run(&data, &["check"]).await?;
    let said = String::from_utf8(done.stdout)?;
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("log.db: record seq = {id} cannot be read")), "{said}");

    // What was verified before is not verified again at the start. Bob comes upon it (or the scrub did before him).
    let server = Process::start(&data).await?;
    let [alice, bob] = people.map(|person| server.welcome(&person));
    let page = bob.messages("general").await;
    let texts: Vec<_> = page.iter().map(|message| message["content"].clone()).collect();
    assert_eq!(texts, [json!("before"), Value::Null, json!("after")]);
    assert_eq!(page[1]["unreadable"], true);
    for _ in 0..3 {
        let refused = alice.post("/send/general", &json!({"text": "still there?"})).await;
        refused.expect_problem(503, "log-unavailable");
    }
    // What does not stand where the damage is, is read; what does, is in the files that people have.
    let older = alice.page("general", &format!("before_id={id}")).await;
    assert_eq!(older.len(), 1, "{older:?}");
    assert_eq!(alice.unreads().await["general"], 0);
    assert_eq!(bob.unreads().await["general"], 3);
    server.kill().await?;
    let texts = rows(&data.join("users/alice.db"), "SELECT content FROM messages ORDER BY id");
    assert_eq!(texts, ["before", "kumquat", "after"], "her mailbox is whole");

    // Without the snapshot everything is verified, and the server does not start at all.
    fs::remove_file(data.join("workspace.db"))?;
    let refused = Process::start(&data).await.err().expect("it is refused");
    let named = format!("damaged at seq {id}");
    assert!(format!("{refused:#}").contains(&named), "{refused:#}");
    Ok(())
}

#[tokio::test]
async fn guarantee_8_a_log_that_is_gone_is_missed_and_not_begun_anew() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    kumquat(&data).await?;
    let log = data.join("log.db");
    let bytes = fs::read(&log)?;
    for is_there in [true, false] {
        fs::remove_file(&log)?;
        if is_there {
            fs::write(&log, b"")?;
        }
        let refused = Process::start(&data).await.err().expect("it is refused");
        let refused = format!("{refused:#}");
        assert!(refused.contains("log.db is lost"), "{refused}");
        fs::write(&log, &bytes)?;
    }
    // Whatever of ours is left says that there was a log.
    let elsewhere = dir.path().join("elsewhere");
    for left in ["auth.db", "presence.db", "users/alice.db"] {
        fs::create_dir_all(elsewhere.join("users"))?;
        fs::copy(data.join(left), elsewhere.join(left))?;
        let refused = Process::start(&elsewhere).await.err().expect("it is refused");
        let refused = format!("{refused:#}");
        assert!(refused.contains("log.db is lost"), "{left}: {refused}");
        assert!(!elsewhere.join("log.db").exists(), "{left}");
        fs::remove_dir_all(&elsewhere)?;
    }
    check(&data).await
}

#[tokio::test]
async fn guarantee_8_check_finds_a_torn_projection_and_says_what_helps() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    kumquat(&data).await?;
    for (name, file) in [("presence", "presence.db"), ("alice", "users/alice.db")] {
        let file = data.join(file);
        let mut bytes = fs::read(&file)?;
        // The second page on is torn; the first, with header and schema, is whole.
        bytes[4096..].fill(0x5a);
        fs::write(&file, &bytes)?;
        let done = run(&data, &["check"]).await?;
        let said = String::from_utf8(done.stdout)?;
        assert_eq!(done.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("run `minimost rebuild {name}`")), "{said}");
        let done = run(&data, &["rebuild", name]).await?;
        let said = String::from_utf8(done.stdout)?;
        assert!(done.status.success(), "{name}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(&*file.to_string_lossy()), "{said}");
        check(&data).await?;
    }
    let done = run(&data, &["rebuild", "nosuch"]).await?;
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8(done.stderr)?.contains("no account nosuch"));
    Ok(())
}

#[tokio::test]
async fn guarantee_8_a_log_that_is_none_is_refused_and_left_alone() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    kumquat(&data).await?;
    let log = data.join("log.db");
    let mut bytes = fs::read(&log)?;
    bytes[..100].fill(0xff);
    fs::write(&log, &bytes)?;
    for args in [&["check"][..], &["rebuild"], &["serve", "--port", "0"]] {
        let done = run(&data, args).await?;
        let said = String::from_utf8(done.stderr)?;
        assert!(!done.status.success(), "{args:?}");
        assert!(said.contains("log.db"), "{args:?} names the file: {said}");
        assert!(said.contains("not an event log"), "{args:?} says why: {said}");
    }
    assert_eq!(fs::read(&log)?, bytes, "whoever wants to save it finds it as it was");
    Ok(())
}
