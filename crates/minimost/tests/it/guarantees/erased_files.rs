//! Guarantee 9 in many files: what is deleted leaves all of them by itself, also the one that somebody holds, and
//! whatever ends the server in between. Looked at are the bytes.

use std::fs;
use std::path::Path;
use std::process::Command as Program;
use std::time::Duration;

use anyhow::{Result, ensure};
use chat::{Actor, Command, PasswordHash, TokenHash, UserName};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::mailbox_files::{breathe, until};
use crate::support::{Person, Process, TestServer, files_with, rows};

const PATIENCE: Duration = Duration::from_secs(60);

/// What administrators are told once `is_so`.
pub async fn told(alice: &Person, is_so: impl Fn(&Value) -> bool + Send + Sync) -> Value {
    let asking = async {
        loop {
            let health = alice.get("/healthz").await.expect(200);
            assert_eq!(health["status"], "ok");
            if is_so(&health["still_erasing"]) {
                return health["still_erasing"].clone();
            }
            breathe().await;
        }
    };
    timeout(PATIENCE, asking).await.expect("it is so in the end")
}

/// How many files below a directory have this text among their bytes. A program that is made for it is fast enough for
/// a thousand files.
pub fn count_with(dir: &Path, text: &str) -> usize {
    let found = Program::new("grep").args(["-rlaF", text]).arg(dir).output().unwrap();
    String::from_utf8(found.stdout).unwrap().lines().count()
}

/// Makes an account without a password that anybody could know.
async fn sign_up(server: &TestServer, name: &str) {
    let command = Command::SignUp {
        name: UserName::parse(name).unwrap(),
        password_hash: PasswordHash("not a hash".to_owned()),
        token_hash: TokenHash(format!("{name:0>64}")),
        invite: None,
        greet: false,
    };
    server.app().writer.submit(Actor::Anonymous, None, command).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_deleted_leaves_a_thousand_mailboxes_one_of_them_held_over_a_restart() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let names: Vec<String> = (0..998).map(|number| format!("person-{number}")).collect();
    futures_util::future::join_all(names.iter().map(|name| sign_up(&server, name))).await;
    let kept = alice.send("general", "quince").await;
    let said = alice.send("general", "kumquat").await;
    server.app().mailboxes.drain().await.unwrap();
    let users = server.data_dir().join("users");
    let with = |text: &str| count_with(&users, text);
    assert!(with("kumquat") >= 1_000, "it is in everybody's file");
    assert_eq!(told(&alice, |_| true).await, Value::Null);

    let other = Connection::open(users.join("bob.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let deleted = alice.delete(&said["id"]).await;
    server.stop().await;
    server.restart_stopped().await;
    let [alice, bob] = [alice, bob].map(|person| person.at(&server));
    let still = told(&alice, |still| still["files"] == 1 && still["held"] == json!(["bob"])).await;
    assert_eq!(still["since_ts"], deleted["deleted_ts"]);
    assert_eq!(bob.get("/healthz").await.expect(200).get("still_erasing"), None);
    let left = files_with(&users, "kumquat");
    assert!(!left.is_empty() && left.iter().all(|file| file.starts_with("bob.db")), "{left:?}");

    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    told(&alice, Value::is_null).await;
    assert_eq!(with("kumquat"), 0);
    assert!(with("quince") >= 1_000, "what was not deleted is kept");
    let texts = rows(&users.join("person-7.db"), "SELECT content FROM messages ORDER BY id");
    assert_eq!(texts, ["quince", "-"]);
    assert_eq!(alice.messages("general").await, [kept, deleted]);
}

#[tokio::test]
async fn a_file_that_somebody_looks_into_is_named_and_erased_when_they_look_no_more() -> Result<()>
{
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let users = data.join("users");
    let mut server = Process::start(&data).await?;
    let [alice, bob] = [server.sign_up("alice").await?, server.sign_up("bob").await?];
    let said = alice.send("general", "kumquat").await;
    until(&bob, || count_with(&users, "kumquat") >= 2).await;
    let other = Connection::open(users.join("bob.db"))?;
    other.execute_batch("BEGIN; SELECT count(*) FROM messages")?;
    let deleted = alice.delete(&said["id"]).await;
    server.says("bob.db still holds erased text, because another program looks at it").await?;
    let still = told(&alice, |still| still["files"] == 1).await;
    let since = &deleted["deleted_ts"];
    let expected = json!({"files": 1, "since_ts": since, "held": ["bob"], "held_files": []});
    assert_eq!(still, expected);
    // Whoever comes next knows it too.
    server.kill().await?;
    let mut server = Process::start(&data).await?;
    server.says("bob.db still holds erased text").await?;
    let [alice, bob] = [&alice, &bob].map(|person| server.welcome(person));
    assert_eq!(told(&alice, |still| still["files"] == 1).await, expected);
    other.execute_batch("ROLLBACK")?;
    drop(other);
    told(&alice, Value::is_null).await;
    assert_eq!(count_with(&users, "kumquat"), 0);
    assert_eq!(bob.messages("general").await, [deleted]);
    ensure!(server.terminate().await?.success());
    Ok(())
}

#[tokio::test]
async fn killed_at_any_moment_after_a_deletion_the_text_leaves_every_file_after_the_next_start()
-> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let users = data.join("users");
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut server = Process::start(&data).await?;
    let mut people = Vec::new();
    for name in ["alice", "bob", "carol"] {
        people.push(server.sign_up(name).await?);
    }
    for round in 0..8 {
        let [alice, bob, _] = &people[..] else { unreachable!("three have come") };
        let text = format!("kumquat-{round}");
        let said = alice.send("general", &text).await;
        until(bob, || count_with(&users, &text) >= 3).await;
        alice.delete(&said["id"]).await;
        let moment = Duration::from_millis(rng.random_range(0..900));
        let _elapsed = timeout(moment, std::future::pending::<()>()).await;
        server.kill().await?;
        server = Process::start(&data).await?;
        people = people.iter().map(|person| server.welcome(person)).collect();
        told(&people[0], Value::is_null).await;
        until(&people[0], || count_with(&users, &text) == 0).await;
    }
    ensure!(server.terminate().await?.success());
    crate::support::check(&data).await
}

/// Makes bob's file one that SQLite cannot read, and that still holds what it held.
fn damage(users: &Path) {
    let file = users.join("bob.db");
    let mut bytes = fs::read(&file).unwrap();
    bytes[..16].fill(b'?');
    fs::write(&file, bytes).unwrap();
}

/// The files of bob's that were set aside.
fn set_aside(users: &Path) -> Vec<String> {
    let entries = fs::read_dir(users).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("bob.db.damaged-")).collect()
}

#[tokio::test]
async fn one_damaged_file_of_a_person_is_kept_until_something_is_deleted_that_may_be_in_it() {
    let mut server = TestServer::start().await;
    let [alice, _bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let said = alice.send("general", "kumquat").await;
    let aside = alice.send("dm:alice:carol", "psst").await;
    let mut people = [alice, carol];
    server.app().mailboxes.drain().await.unwrap();
    let users = server.data_dir().join("users");
    for round in 0..3 {
        server.stop().await;
        damage(&users);
        server.restart_stopped().await;
        people = people.map(|person| person.at(&server));
        people[0].send("general", &format!("round {round}")).await;
        server.app().mailboxes.drain().await.unwrap();
        assert_eq!(set_aside(&users).len(), 1, "in round {round}");
        assert_eq!(
            rows(&users.join("bob.db"), "SELECT count(*) FROM messages"),
            [(round + 2).to_string()]
        );
    }
    let with = |text: &str| files_with(&users, text);
    assert!(with("kumquat").contains(&set_aside(&users)[0]));
    let [alice, carol] = people;
    alice.delete(&aside["id"]).await;
    server.app().mailboxes.drain().await.unwrap();
    assert_eq!(set_aside(&users).len(), 1, "what is not bob's to read is not in it");
    alice.delete(&said["id"]).await;
    until(&carol, || with("kumquat").is_empty()).await;
    assert_eq!(set_aside(&users), [""; 0]);

    // One that turns out to be damaged by a deletion is not kept either.
    let said = alice.send("general", "persimmon").await;
    server.app().mailboxes.drain().await.unwrap();
    server.stop().await;
    damage(&users);
    server.restart_stopped().await;
    assert!(with("persimmon").contains(&"bob.db".to_owned()));
    alice.at(&server).delete(&said["id"]).await;
    server.app().mailboxes.drain().await.unwrap();
    assert_eq!(with("persimmon"), [""; 0]);
}
