//! Mailboxes follow by themselves, and nobody who reads or writes has to know of it: files that go, files that are held,
//! files that somebody writes into, and a register that is lost.
//!
//! Guarantees 7 and 8.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use rusqlite::Connection;
use serde_json::Value;
use tokio::time::timeout;

use crate::support::{Person, Process, TestServer, files_with, rows};

/// How long a test waits for what comes by itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// A moment for the server, so that who asks it again and again does not take the machine from it.
pub async fn breathe() {
    let _elapsed = timeout(Duration::from_millis(50), std::future::pending::<()>()).await;
}

/// Asks the server until something is so.
pub async fn until(person: &Person, is_so: impl Fn() -> bool + Send + Sync) {
    let asking = async {
        while !is_so() {
            person.get("/healthz").await.expect(200);
            breathe().await;
        }
    };
    timeout(PATIENCE, asking).await.expect("it comes by itself");
}

fn mailbox(server: &TestServer, name: &str) -> PathBuf {
    server.data_dir().join(format!("users/{name}.db"))
}

/// The texts of a mailbox, as another program reads them; none of a file that is not there, or not yet made.
fn texts(file: &Path) -> Vec<String> {
    let read = || {
        let file = Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut statement = file.prepare("SELECT content FROM messages ORDER BY id")?;
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()
    };
    read().unwrap_or_default()
}

fn contents(page: &[Value]) -> Vec<String> {
    page.iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_file_of_somebody_who_never_looks_follows_and_one_that_nothing_concerns_does_not() {
    let server = TestServer::start().await;
    let [alice, _bob, carol] = server.people(["alice", "bob", "carol"]).await;
    alice.send("general", "to all").await;
    until(&alice, || ["bob", "carol"].iter().all(|it| texts(&mailbox(&server, it)).len() == 1))
        .await;
    let checkpoint = |name: &str| rows(&mailbox(&server, name), "SELECT seq FROM checkpoint");
    let before = checkpoint("carol");
    alice.send("dm:alice:bob", "psst").await;
    until(&alice, || texts(&mailbox(&server, "bob")) == ["to all", "psst"]).await;
    server.app().mailboxes.drain().await.unwrap();
    assert_eq!(checkpoint("carol"), before, "her file was not opened for what is not hers");
    assert_ne!(checkpoint("bob"), before);
    // And what comes next goes on from there.
    alice.send("general", "to all again").await;
    server.app().mailboxes.drain().await.unwrap();
    assert_eq!(texts(&mailbox(&server, "carol")), contents(&carol.messages("general").await));
}

#[tokio::test]
async fn nobody_notices_that_users_is_taken_away_and_the_files_come_back() {
    let mut server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    alice.send("general", "one").await;
    bob.events().await;
    server.app().mailboxes.drain().await.unwrap();
    for round in ["two", "three"] {
        fs::remove_dir_all(server.data_dir().join("users")).unwrap();
        let page = bob.messages("general").await;
        alice.send("general", round).await;
        assert_eq!(carol.messages("general").await.len(), page.len() + 1);
        let expected = contents(&carol.messages("general").await);
        let follows = |name: &&str| texts(&mailbox(&server, name)) == expected;
        until(&alice, || ["alice", "bob", "carol"].iter().all(follows)).await;
    }
    // Also where nothing happens afterwards.
    fs::remove_file(mailbox(&server, "bob")).unwrap();
    until(&alice, || texts(&mailbox(&server, "bob")) == ["one", "two", "three"]).await;
    server.restart_checked().await;
}

#[tokio::test]
async fn whoever_holds_one_mailbox_holds_up_no_other() {
    let server = TestServer::start().await;
    let [alice, _bob, _carol] = server.people(["alice", "bob", "carol"]).await;
    alice.send("general", "before").await;
    server.app().mailboxes.drain().await.unwrap();
    let other = Connection::open(mailbox(&server, "bob")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for text in ["while", "it is held"] {
        alice.send("general", text).await;
        until(&alice, || texts(&mailbox(&server, "carol")).last().unwrap() == text).await;
    }
    assert_eq!(texts(&mailbox(&server, "bob")), ["before"]);
    other.execute_batch("ROLLBACK").unwrap();
    until(&alice, || texts(&mailbox(&server, "bob")) == ["before", "while", "it is held"]).await;
}

/// Something that no mailbox is, in the place of bob's: whoever opens the file sets it aside.
fn spoil(server: &TestServer) {
    fs::write(mailbox(server, "bob"), "no database, but a sentence. ".repeat(300)).unwrap();
}

fn was_opened(server: &TestServer) -> bool {
    let names = files_with(&server.data_dir().join("users"), "no database, but a sentence");
    assert_eq!(names.len(), 1, "{names:?}");
    names[0].contains(".damaged-")
}

/// How a file is lost.
type Lose = fn(&Path);

#[tokio::test]
async fn after_a_start_the_register_says_who_is_behind_and_without_it_each_file_does() {
    let mut server = TestServer::start().await;
    let [alice, _bob] = server.people(["alice", "bob"]).await;
    alice.send("general", "hi").await;
    server.app().mailboxes.drain().await.unwrap();
    server.stop().await;
    let register = server.data_dir().join("mailboxes.db");
    let state = "SELECT count(*) FROM mailbox WHERE checkpoint > 0 AND concerned_since IS NULL";
    assert_eq!(rows(&register, state), ["2"]);
    spoil(&server);
    server.restart_stopped().await;
    server.app().mailboxes.drain().await.unwrap();
    assert!(!was_opened(&server), "the register says that it is where it should be");

    let alter = |file: &Path, sql: &str| {
        let file = Connection::open(file).unwrap();
        assert_eq!(file.execute(sql, []).unwrap(), 1);
    };
    let ways: [(&str, Lose); 3] = [
        ("it is gone", |file| fs::remove_file(file).unwrap()),
        ("it is damaged", |file| fs::write(file, "nothing that can be read".repeat(200)).unwrap()),
        ("it is of another log", |_| {}),
    ];
    for (way, lose) in ways {
        server.stop().await;
        lose(&register);
        if way.contains("another log") {
            alter(&register, "UPDATE checkpoint SET epoch = '00000000000000aa'");
        }
        server.restart_stopped().await;
        server.app().mailboxes.drain().await.unwrap();
        assert!(was_opened(&server), "{way}");
        assert_eq!(texts(&mailbox(&server, "bob")), ["hi"], "{way}");
        for entry in fs::read_dir(server.data_dir().join("users")).unwrap() {
            let path = entry.unwrap().path();
            if path.display().to_string().contains(".damaged-") {
                fs::remove_file(path).unwrap();
            }
        }
        server.stop().await;
        spoil(&server);
        server.restart_stopped().await;
        server.app().mailboxes.drain().await.unwrap();
        assert!(!was_opened(&server), "{way}: and then it is known again");
    }
    // Nobody of whom it speaks, and who is behind in it.
    server.stop().await;
    alter(
        &register,
        "INSERT INTO mailbox (user_id, checkpoint, concerned_from, concerned_since) VALUES (999, 1, 2, 1)",
    );
    server.restart_stopped().await;
    server.app().mailboxes.drain().await.unwrap();
    assert_eq!(alice.at(&server).texts("general").await, ["hi"]);
    // Another start of the machine may have lost what was not on its disk yet, where the end was not in good order.
    server.stop().await;
    alter(&register, "UPDATE sweep SET boot = 'another'");
    server.restart_stopped().await;
    server.app().mailboxes.drain().await.unwrap();
    assert!(was_opened(&server));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_costs_the_file_and_holds_up_no_erasure() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let kept = alice.send("general", "quince").await;
    let said = alice.send("general", "kumquat").await;
    let alter = |column: &str, id: &Value| {
        let file = Connection::open(mailbox(&server, "bob")).unwrap();
        let sql = format!("UPDATE messages SET {column} WHERE id = ?1");
        assert_eq!(file.execute(&sql, [id.as_i64()]).unwrap(), 1);
    };
    for column in ["reactions = '{'", "reactions = x'ff'", "reactions = CAST(x'ff' AS TEXT)"] {
        server.app().mailboxes.drain().await.unwrap();
        alter(column, &kept["id"]);
        // What comes to that row finds it.
        alice.react(&kept["id"], "heart").await;
        server.app().mailboxes.drain().await.expect(column);
        assert_eq!(texts(&mailbox(&server, "bob")), contents(&bob.messages("general").await));
    }
    alter("metadata = '{'", &said["id"]);
    alice.delete(&said["id"]).await;
    server.app().mailboxes.drain().await.unwrap();
    assert_eq!(files_with(&server.data_dir().join("users"), "kumquat"), [""; 0]);
}

#[tokio::test]
async fn a_mailbox_that_says_something_else_is_found_by_itself_and_made_anew() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let mut server = Process::start(&data).await?;
    let [alice, bob] = [server.sign_up("alice").await?, server.sign_up("bob").await?];
    alice.send("general", "as it was").await;
    let [of_alice, of_bob] = ["alice", "bob"].map(|name| data.join(format!("users/{name}.db")));
    until(&bob, || [&of_alice, &of_bob].iter().all(|file| texts(file) == ["as it was"])).await;
    let file = Connection::open(&of_bob)?;
    file.busy_timeout(PATIENCE)?;
    assert_eq!(file.execute("UPDATE messages SET content = 'forged'", [])?, 1);
    drop(file);
    let told = server.line("was not what the log says").await?;
    assert!(told.contains("bob.db") && told.contains("differs in content"), "{told}");
    assert!(!told.contains("forged") && !told.contains("as it was"), "{told}");
    until(&alice, || texts(&of_bob) == ["as it was"]).await;
    let forged = files_with(&data.join("users"), "forged");
    assert_eq!(forged.len(), 1);
    assert!(forged[0].starts_with("bob.db.damaged-"), "{forged:?}");
    assert_eq!(bob.texts("general").await, ["as it was"]);
    Ok(())
}

#[tokio::test]
async fn a_pipe_in_the_place_of_a_mailbox_does_not_hold_up_the_end() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let server = Process::start(dir.path()).await?;
    let alice = server.sign_up("alice").await?;
    let file = dir.path().join("users/alice.db");
    until(&alice, || file.exists()).await;
    fs::remove_file(&file)?;
    let (pipe, mode) =
        (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR);
    // The server may be quicker with a new file.
    while rustix::fs::mknodat(rustix::fs::CWD, &file, pipe, mode, 0).is_err() {
        fs::remove_file(&file)?;
    }
    alice.send("general", "to herself").await;
    ensure!(server.terminate().await?.success());
    Ok(())
}
