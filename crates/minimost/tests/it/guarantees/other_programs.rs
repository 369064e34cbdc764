//! Other programs that have a projection open: whoever holds a lock there holds up nobody, and nothing is lost by it.
//!
//! Guarantees 8 and 9. The other program is a second SQLite connection; it ends its transaction when the test says so.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Process, TestServer, files_with, rows};

/// How long a test waits for what should be there at once.
const PATIENCE: Duration = Duration::from_secs(30);

const PRESENCE: &str = "
    SELECT user, state, override FROM presence ORDER BY user";

async fn set_override(person: &crate::support::Person, value: &str) {
    person.post("/presence/override", &json!({"override": value})).await.expect(204);
}

#[tokio::test]
async fn what_people_set_while_presence_db_was_locked_is_in_it_afterwards() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let mut server = Process::start(&data).await?;
    let [alice, bob] = [server.sign_up("alice").await?, server.sign_up("bob").await?];
    let carol = server.sign_up("carol").await?;
    let other = Connection::open(data.join("presence.db"))?;
    other.execute_batch("BEGIN IMMEDIATE")?;
    for value in ["active", "idle"] {
        set_override(&bob, value).await;
    }
    alice.post("/presence", &json!({"state": "hidden"})).await.expect(204);
    set_override(&carol, "idle").await;
    alice.post("/typing/general", &json!({})).await.expect(204);
    server.says("presence.db does not follow the log").await?;
    set_override(&carol, "offline").await;
    other.execute_batch("ROLLBACK")?;
    server.says("presence.db follows the log again").await?;
    let file = data.join("presence.db");
    assert_eq!(
        rows(&file, PRESENCE),
        ["alice hidden -", "bob active idle", "carol active offline"]
    );
    assert_eq!(rows(&file, "SELECT user, channel FROM typing"), ["alice general"]);
    ensure!(server.terminate().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_server_starts_while_another_program_holds_presence_db() {
    let mut server = TestServer::start().await;
    let [_alice, bob] = server.people(["alice", "bob"]).await;
    set_override(&bob, "idle").await;
    server.stop().await;
    let file = server.data_dir().join("presence.db");
    assert_eq!(rows(&file, PRESENCE), ["alice active -", "bob active idle"]);
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    server.restart_stopped().await;
    let bob = bob.at(&server);
    assert_eq!(bob.get("/online_users").await.expect(200), json!({}), "nobody is online yet");
    other.execute_batch("ROLLBACK").unwrap();
    set_override(&bob, "active").await;
    server.stop().await;
    assert_eq!(rows(&file, PRESENCE), ["alice offline -", "bob offline active"]);
}

#[tokio::test]
async fn whoever_holds_bobs_mailbox_holds_up_nobody() {
    let server = TestServer::start().await;
    let [alice, bob, carol, dave] = server.people(["alice", "bob", "carol", "dave"]).await;
    alice.send("general", "before").await;
    server.app().mailboxes.drain().await.unwrap();
    let file = server.data_dir().join("users/bob.db");
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; DELETE FROM messages").unwrap();
    let said = alice.send("general", "while it is held, @bob").await;
    let reading = async {
        for _ in 0..10 {
            for person in [&alice, &bob, &carol, &dave] {
                assert_eq!(person.messages("general").await.last(), Some(&said));
            }
            assert_eq!(bob.unreads().await["general"], 2);
            assert_eq!(bob.get("/mentions").await.expect(200).as_array().unwrap().len(), 1);
        }
    };
    timeout(PATIENCE, reading).await.expect("everybody is answered while it is held");
    other.execute_batch("ROLLBACK").unwrap();
    server.app().mailboxes.drain().await.unwrap();
    let texts = rows(&file, "SELECT content FROM messages ORDER BY id");
    assert_eq!(texts, ["before", "while it is held, @bob"]);
}

/// The files of bob's mailbox in which this stands.
fn mailbox_with(server: &TestServer, text: &str) -> Vec<String> {
    let files: Vec<PathBuf> =
        files_with(server.data_dir(), text).into_iter().map(PathBuf::from).collect();
    let of_bob = files.into_iter().map(|file| file.display().to_string());
    of_bob.filter(|file| file.starts_with("users/bob.db")).collect()
}

#[tokio::test]
async fn who_looks_into_a_mailbox_puts_off_forgetting_and_does_not_prevent_it() {
    let server = TestServer::start().await;
    let [alice, _bob] = server.people(["alice", "bob"]).await;
    let message: Value = alice.send("general", "kumquat").await;
    server.app().mailboxes.drain().await.unwrap();
    let other = Connection::open(server.data_dir().join("users/bob.db")).unwrap();
    other.execute_batch("BEGIN").unwrap();
    let count = "SELECT count(*) FROM messages";
    assert_eq!(other.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    alice.delete(&message["id"]).await;
    server.app().mailboxes.drain().await.unwrap();
    assert_ne!(mailbox_with(&server, "kumquat"), [""; 0], "the other program still sees it");
    other.execute_batch("ROLLBACK").unwrap();
    server.app().mailboxes.drain().await.unwrap();
    assert_eq!(mailbox_with(&server, "kumquat"), [""; 0]);
}
