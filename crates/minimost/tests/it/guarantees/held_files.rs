//! Guarantee 9 where a file cannot be looked at, or another program holds what is not a mailbox: erased text that may still
//! be somewhere is named until it is gone, and what holds it up holds up nothing else.

use std::fs;
use std::os::unix::fs::symlink;

use anyhow::{Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::erased_files::{count_with, told};
use super::mailbox_files::until;
use crate::support::{Process, files_with, rows};

#[tokio::test]
async fn mailboxes_that_may_not_be_looked_at_are_named_until_the_text_has_left_them() -> Result<()>
{
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let (users, away) = (data.join("users"), data.join("away"));
    let mut server = Process::start(&data).await?;
    let [alice, bob] = [server.sign_up("alice").await?, server.sign_up("bob").await?];
    let kept = alice.send("general", "quince").await;
    let said = alice.send("general", "kumquat").await;
    until(&bob, || count_with(&users, "kumquat") >= 2).await;
    // As with mode 000, which says nothing to whoever may do everything: no name below it can be looked up.
    fs::rename(&users, &away)?;
    fs::write(&users, "not a directory")?;
    let deleted = alice.delete(&said["id"]).await;
    server.says("still holds erased text, because it cannot be looked at").await?;
    let both = |still: &Value| still["held"] == json!(["alice", "bob"]);
    let still = told(&alice, both).await;
    assert_eq!((&still["files"], &still["since_ts"]), (&json!(2), &deleted["deleted_ts"]));
    assert!(count_with(&away, "kumquat") >= 2);
    // Whoever comes next knows it too, and knows nothing of the files when the register is gone.
    for is_lost in [false, true] {
        server.kill().await?;
        if is_lost {
            fs::remove_file(data.join("mailboxes.db"))?;
        }
        server = Process::start(&data).await?;
        told(&server.welcome(&alice), both).await;
    }
    fs::remove_file(&users)?;
    fs::rename(&away, &users)?;
    let [alice, bob] = [&alice, &bob].map(|person| server.welcome(person));
    told(&alice, Value::is_null).await;
    assert_eq!(count_with(&users, "kumquat"), 0);
    assert_eq!(bob.messages("general").await, [kept, deleted]);
    ensure!(server.terminate().await?.success());
    crate::support::check(&data).await
}

#[tokio::test]
async fn one_mailbox_that_may_not_be_looked_at_is_named_and_holds_up_no_other() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let users = data.join("users");
    let mut server = Process::start(&data).await?;
    let [alice, bob] = [server.sign_up("alice").await?, server.sign_up("bob").await?];
    let said = alice.send("general", "kumquat").await;
    until(&bob, || count_with(&users, "kumquat") >= 2).await;
    let (file, away) = (users.join("bob.db"), data.join("bob.away"));
    fs::rename(&file, &away)?;
    symlink("bob.db", &file)?;
    alice.delete(&said["id"]).await;
    let still = told(&alice, |still| still["held"] == json!(["bob"]) && still["files"] == 1).await;
    assert_eq!(still["held_files"], json!([]));
    assert!(files_with(&users, "kumquat").iter().all(|name| name.starts_with("bob.db")));
    // Without the register nobody knows what is in it, and that is told.
    server.kill().await?;
    fs::remove_file(data.join("mailboxes.db"))?;
    server = Process::start(&data).await?;
    server.says("bob.db may still hold erased text, because it cannot be looked at").await?;
    let alice = server.welcome(&alice);
    told(&alice, |still| still["held"] == json!(["bob"]) && still["files"] == 1).await;
    fs::remove_file(&file)?;
    fs::rename(&away, &file)?;
    told(&alice, Value::is_null).await;
    assert_eq!(count_with(&users, "kumquat"), 0);
    ensure!(server.terminate().await?.success());
    Ok(())
}

#[tokio::test]
async fn whoever_looks_into_log_db_is_named_until_erased_text_has_left_its_write_ahead_log()
-> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let mut server = Process::start(&data).await?;
    let alice = server.sign_up("alice").await?;
    let said = alice.send("general", "kumquat").await;
    let other = Connection::open(data.join("log.db"))?;
    other.execute_batch("BEGIN; SELECT count(*) FROM record")?;
    let deleted = alice.delete(&said["id"]).await;
    server.says("log.db still holds erased text since").await?;
    let is_log_alone = |still: &Value| still["files"] == 1 && still["held"] == json!([]);
    let still = told(&alice, is_log_alone).await;
    assert_eq!(still["held_files"], json!(["log.db"]));
    assert_eq!(still["since_ts"], deleted["deleted_ts"]);
    // Seen by another program: who closes a file lets go of its locks there.
    assert!(count_with(&data, "kumquat") > 0 && count_with(&data.join("users"), "kumquat") == 0);
    // A start finds it as the end left it, and cannot know what is in it.
    server.kill().await?;
    let mut server = Process::start(&data).await?;
    server.says("log.db may still hold erased text of before this start").await?;
    let alice = server.welcome(&alice);
    let still = told(&alice, |still| still["held_files"] == json!(["log.db"])).await;
    assert_eq!((&still["files"], &still["since_ts"]), (&json!(1), &Value::Null));
    other.execute_batch("ROLLBACK")?;
    drop(other);
    server.says("log.db holds no erased text any more").await?;
    told(&alice, Value::is_null).await;
    assert_eq!(files_with(&data, "kumquat"), [""; 0]);
    ensure!(server.terminate().await?.success());
    Ok(())
}

#[tokio::test]
async fn whoever_holds_the_register_is_named_and_holds_up_no_erasure() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let users = data.join("users");
    let mut server = Process::start(&data).await?;
    let [alice, bob] = [server.sign_up("alice").await?, server.sign_up("bob").await?];
    let said = alice.send("general", "kumquat").await;
    until(&bob, || count_with(&users, "kumquat") >= 2).await;
    let register = data.join("mailboxes.db");
    until(&bob, || rows(&register, "SELECT seq FROM checkpoint").len() == 1).await;
    let other = Connection::open(&register)?;
    other.busy_timeout(std::time::Duration::from_secs(10))?;
    other.execute_batch("BEGIN IMMEDIATE")?;
    alice.delete(&said["id"]).await;
    let is_named = |still: &Value| still["held_files"] == json!(["mailboxes.db"]);
    told(&alice, |still| is_named(still) && still["files"] == 0).await;
    assert_eq!(count_with(&users, "kumquat"), 0, "the files do not wait for it");
    server.says("mailboxes.db is held by another program").await?;
    // What it does not know yet is heard of again.
    let said = alice.send("general", "persimmon").await;
    until(&bob, || count_with(&users, "persimmon") >= 2).await;
    alice.delete(&said["id"]).await;
    server.kill().await?;
    let mut server = Process::start(&data).await?;
    let alice = server.welcome(&alice);
    until(&alice, || count_with(&users, "persimmon") == 0).await;
    told(&alice, is_named).await;
    other.execute_batch("ROLLBACK")?;
    server.says("mailboxes.db can be written again").await?;
    told(&alice, Value::is_null).await;
    ensure!(server.terminate().await?.success());
    Ok(())
}

#[tokio::test]
async fn one_that_was_set_aside_and_cannot_be_removed_is_named_itself() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let users = data.join("users");
    let server = Process::start(&data).await?;
    let [alice, bob] = [server.sign_up("alice").await?, server.sign_up("bob").await?];
    let said = alice.send("general", "kumquat").await;
    until(&bob, || count_with(&users, "kumquat") >= 2).await;
    server.kill().await?;
    // No file can be removed there.
    let aside = users.join("bob.db.damaged-7");
    fs::create_dir(&aside)?;
    let mut server = Process::start(&data).await?;
    let alice = server.welcome(&alice);
    alice.delete(&said["id"]).await;
    server.says("bob.db.damaged-7 still holds erased text, because it cannot be removed").await?;
    let still = told(&alice, |still| still["files"] == 1).await;
    assert_eq!(still["held"], json!(["bob"]));
    assert_eq!(count_with(&users, "kumquat"), 0);
    fs::remove_dir(&aside)?;
    told(&alice, Value::is_null).await;
    ensure!(server.terminate().await?.success());
    Ok(())
}
