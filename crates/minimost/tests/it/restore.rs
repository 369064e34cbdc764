//! A log that is put back from a backup: by `minimost restore`, or by hand. The history after it is another one, and no
//! stream goes on as if it were the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use crate::support::{
    Person, Process, TestServer, check, copy_dir, files_with, forget_last_name, rows, run,
};
use anyhow::{Context, Result, ensure};
use serde_json::json;

/// What the program said, to people and to operators.
fn words(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout);
    format!("{said}{}", String::from_utf8_lossy(&output.stderr))
}

/// Restores a backup; the answer is whether it was done, and what was said.
async fn restore(data: &Path, backup: &Path) -> Result<(bool, String)> {
    let backup = backup.to_str().context("a path of ours is text")?;
    let done = run(data, &["restore", backup]).await?;
    ensure!(matches!(done.status.code(), Some(0 | 1)), "{}", words(&done));
    Ok((done.status.success(), words(&done)))
}

/// The first thing that a stream says that goes on from a cursor.
async fn first_word(person: &Person, cursor: &str) -> String {
    let mut stream = person.events_from(cursor).await;
    loop {
        // After a start who is there is told first.
        let said = stream.next().await.expect("it says something").name;
        if said != "presence" {
            return said;
        }
    }
}

/// A cursor as clients of before had it.
fn without_sum(cursor: &str) -> String {
    cursor.split('.').take(2).collect::<Vec<_>>().join(".")
}

/// A data directory at rest with alice and bob, in which she has said "kumquat", and a backup of it.
async fn backed_up(dir: &Path) -> Result<([Person; 2], PathBuf)> {
    let data = dir.join("data");
    let server = Process::start(&data).await?;
    let people = [server.sign_up("alice").await?, server.sign_up("bob").await?];
    let wish = json!({"text": "kumquat", "client_msg_id": "one"});
    people[0].post("/send/general", &wish).await.expect(201);
    ensure!(server.terminate().await?.success());
    let backup = dir.join("backup");
    copy_dir(&data, &backup);
    Ok((people, backup))
}

#[tokio::test]
async fn a_restored_backup_begins_a_new_history() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let ([alice, bob], backup) = backed_up(dir.path()).await?;
    let server = Process::start(&data).await?;
    let [alice, bob] = [server.welcome(&alice), server.welcome(&bob)];
    let known = bob.cursor().await;
    server.sign_up("mallory").await?;
    for _ in 0..3 {
        alice.send("general", "lost-kumquat").await;
    }
    assert_eq!(bob.messages("general").await.len(), 4);
    let lost = bob.cursor().await;
    // A crash leaves a write-ahead log beside the log, which is not that of the backup.
    server.kill().await?;
    // Neither is what stays beside a file that somebody took away, or that the crash came before.
    let mallorys = data.join("users/mallory.db");
    ensure!(fs::remove_file(&mallorys).is_ok() || !mallorys.exists());
    fs::write(data.join("users/mallory.db-wal"), "lost-kumquat")?;

    let (is_done, said) = restore(&data, &backup).await?;
    assert!(is_done, "{said}");
    assert!(said.contains("is whole") && said.contains("log.db.before-restore-1"), "{said}");
    for gone in ["presence.db", "auth.db", "workspace.db", "users/mallory.db", "users/bob.db"] {
        assert!(!data.join(gone).exists(), "{gone}");
    }
    assert!(fs::read_dir(&backup)?.all(|entry| !entry.unwrap().path().ends_with("log.db-wal")));
    let aside = files_with(&data, "lost-kumquat");
    assert!(!aside.is_empty());
    assert!(aside.iter().all(|file| file.starts_with("log.db.before-restore-1")), "{aside:?}");
    let kept = rows(&data.join("log.db.before-restore-1"), "SELECT count(*) FROM record");

    let server = Process::start(&data).await?;
    let [alice, bob] = [server.welcome(&alice), server.welcome(&bob)];
    assert_eq!(bob.texts("general").await, ["kumquat"]);
    for _ in 0..9 {
        alice.send("general", "another history").await;
    }
    for cursor in [&lost, &known, &without_sum(&lost), &without_sum(&known)] {
        assert_eq!(first_word(&bob, cursor).await, "resync", "{cursor}");
    }
    assert_eq!(bob.messages("general").await.len(), 10);
    ensure!(server.terminate().await?.success());
    check(&data).await?;

    let (is_done, said) = restore(&data, &backup.join("log.db")).await?;
    assert!(is_done && said.contains("log.db.before-restore-2"), "{said}");
    assert_eq!(rows(&data.join("log.db.before-restore-1"), "SELECT count(*) FROM record"), kept);
    check(&data).await
}

#[tokio::test]
async fn a_backup_is_restored_where_the_log_is_lost_and_where_there_was_never_one() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let ([alice, _bob], backup) = backed_up(dir.path()).await?;
    let data = dir.path().join("data");
    fs::remove_file(data.join("log.db"))?;
    let elsewhere = dir.path().join("another disk/data");
    for place in [&data, &elsewhere] {
        let (is_done, said) = restore(place, &backup).await?;
        assert!(is_done && !said.contains("before-restore"), "{said}");
        let server = Process::start(place).await?;
        assert_eq!(server.welcome(&alice).texts("general").await, ["kumquat"]);
        ensure!(server.terminate().await?.success());
        check(place).await?;
    }
    Ok(())
}

/// Every file below a directory with its content, but for the lock.
fn content(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut waiting = vec![dir.to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if !path.ends_with("minimost.lock") {
            let bytes = fs::read(&path).unwrap();
            files.push((path, bytes));
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_nothing_is_touched() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let ([alice, _bob], backup) = backed_up(dir.path()).await?;
    let damaged = dir.path().join("damaged");
    copy_dir(&backup, &damaged);
    let mut bytes = fs::read(damaged.join("log.db"))?;
    let at = bytes.windows(7).position(|window| window == b"kumquat").context("it is there")?;
    bytes[at] ^= 1;
    fs::write(damaged.join("log.db"), bytes)?;
    let forgetful = dir.path().join("forgetful");
    copy_dir(&backup, &forgetful);
    forget_last_name(&forgetful);
    let empty = dir.path().join("empty");
    fs::create_dir(&empty)?;
    let cut = dir.path().join("cut.db");
    fs::write(&cut, &fs::read(backup.join("log.db"))?[..10_000])?;
    let foreign = dir.path().join("foreign.db");
    fs::copy(backup.join("auth.db"), &foreign)?;
    let before = content(dir.path());
    let refusals = [
        (damaged, "is not whole"),
        (forgetful, "is not whole"),
        (cut, "is not whole"),
        (foreign, "is not whole"),
        (empty, "there is no"),
        (dir.path().join("nowhere"), "there is no backup"),
        (data.clone(), "is the log itself"),
    ];
    for (backup, why) in refusals {
        let (is_done, said) = restore(&data, &backup).await?;
        assert!(!is_done && said.contains(why), "{}: {said}", backup.display());
        assert_eq!(content(dir.path()), before, "{}", backup.display());
    }

    let server = Process::start(&data).await?;
    let (is_done, said) = restore(&data, &backup).await?;
    assert!(!is_done && said.contains("another MiniMost"), "{said}");
    let elsewhere = dir.path().join("elsewhere");
    let (is_done, said) = restore(&elsewhere, &data).await?;
    assert!(!is_done && said.contains("is working on"), "{said}");
    let alice = server.welcome(&alice);
    alice.send("general", "all is well").await;
    assert_eq!(alice.texts("general").await, ["kumquat", "all is well"]);
    ensure!(server.terminate().await?.success());
    check(&data).await
}

#[tokio::test]
async fn a_directory_that_is_put_back_by_hand_leaves_no_stream_with_a_gap() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    alice.send("general", "before the backup").await;
    let common = bob.cursor().await;
    server.stop().await;
    let (data, backup) = (server.data_dir().to_owned(), server.data_dir().with_extension("backup"));
    copy_dir(&data, &backup);
    server.restart_stopped().await;
    let [alice, bob] = [alice, bob].map(|person| person.at(&server));
    let mut stream = bob.events_from(&common).await;
    let mut lost = Vec::new();
    for _ in 0..3 {
        alice.send("general", "lost").await;
        lost.push(stream.next_event().await.id.unwrap());
    }
    lost.push(bob.cursor().await);
    server.stop().await;
    fs::remove_dir_all(&data).unwrap();
    copy_dir(&backup, &data);

    server.restart_stopped().await;
    let [alice, bob] = [alice, bob].map(|person| person.at(&server));
    for cursor in &lost {
        assert_eq!(first_word(&bob, cursor).await, "resync", "{cursor}: its record is absent");
    }
    server.advance(Duration::from_secs(1));
    for _ in 0..6 {
        alice.send("general", "another").await;
    }
    for cursor in &lost {
        assert_eq!(first_word(&bob, cursor).await, "resync", "{cursor}: its record is another");
    }
    let mut stream = bob.events_from(&common).await;
    assert_eq!(stream.next_event().await.data["content"], "another", "what both have goes on");
    let before_sums = without_sum(&lost[2]);
    assert_eq!(first_word(&bob, &before_sums).await, "message_posted", "as it always did");
}

/// A server at rest whose log is of before the last three messages, and a cursor after them.
async fn without_tail() -> (TestServer, Person, String, Vec<u8>) {
    let mut server = TestServer::start().await;
    let bob = server.sign_up("bob").await;
    bob.send("general", "kept").await;
    server.stop().await;
    let log = server.data_dir().join("log.db");
    let shorter = fs::read(&log).unwrap();
    server.restart_stopped().await;
    let bob = bob.at(&server);
    for _ in 0..3 {
        bob.send("general", "lost").await;
    }
    assert_eq!(bob.messages("general").await.len(), 4);
    server.app().mailboxes.drain().await.unwrap();
    let cursor = without_sum(&bob.cursor().await);
    server.stop().await;
    let whole = fs::read(&log).unwrap();
    fs::write(&log, shorter).unwrap();
    (server, bob, cursor, whole)
}

async fn assert_begins_anew(mut server: TestServer, bob: &Person, cursor: &str) {
    server.restart_stopped().await;
    let bob = bob.at(&server);
    assert_eq!(bob.texts("general").await, ["kept"]);
    for _ in 0..6 {
        bob.send("general", "another").await;
    }
    assert_eq!(first_word(&bob, cursor).await, "resync", "it is another history");
    assert_eq!(bob.messages("general").await.len(), 7);
    let before = bob.cursor().await;
    server.restart_checked().await;
    assert_eq!(bob.at(&server).cursor().await, before, "and stays it");
}

#[tokio::test]
async fn a_log_that_lost_its_tail_is_another_history_once_the_loss_is_accepted() {
    let (server, bob, cursor, _) = without_tail().await;
    let data = server.data_dir().to_owned();
    for name in ["presence.db", "auth.db", "workspace.db"] {
        let refused = TestServer::start_in(&data).await.err().expect("it is refused");
        assert!(format!("{refused:#}").contains("has lost its tail"), "{refused:#}");
        fs::remove_file(data.join(name)).unwrap();
    }
    assert_begins_anew(server, &bob, &cursor).await;

    let (server, bob, cursor, _) = without_tail().await;
    let data = server.data_dir().to_owned();
    for name in ["presence.db", "auth.db", "workspace.db"] {
        fs::remove_file(data.join(name)).unwrap();
    }
    fs::remove_dir_all(data.join("users")).unwrap();
    assert_begins_anew(server, &bob, &cursor).await;
}

#[tokio::test]
async fn the_right_log_put_back_after_a_refusal_is_the_same_history() {
    let (mut server, bob, cursor, whole) = without_tail().await;
    let data = server.data_dir().to_owned();
    let refused = TestServer::start_in(&data).await.err().expect("it is refused");
    assert!(format!("{refused:#}").contains("has lost its tail"), "{refused:#}");
    fs::write(data.join("log.db"), whole).unwrap();
    server.restart_stopped().await;
    let bob = bob.at(&server);
    assert_eq!(without_sum(&bob.cursor().await), cursor);
    bob.send("general", "all is well").await;
    assert_eq!(first_word(&bob, &cursor).await, "message_posted");
}
