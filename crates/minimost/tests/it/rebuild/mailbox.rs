//! One mailbox: what waits, what is forgotten, and what happens when the file is not what it should be.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chat::command::{Actor, Command};
use chat::testing::{Batch, wish};
use chat::{ChannelName, Seq, UserName};
use minimost::codec;
use minimost::projection::ProjectionError;
use minimost::projection::check::DifferenceKind;
use minimost::projection::check::{Projection, rebuild};
use minimost::projection::mailbox::{MailboxError, init_user_db, user_db_path};
use minimost::reading::PageQuery;
use rusqlite::Connection;

use super::house::{Told, user};
use crate::support::rows;

const NEWEST: PageQuery = PageQuery::Newest { limit: 50 };

/// alice and bob in #general.
async fn alice_and_bob(window: usize) -> (Told, Actor, Actor) {
    let mut told = Told::new(window);
    told.create_general().await;
    let alice = told.sign_up("alice").await;
    let bob = told.sign_up("bob").await;
    (told, alice, bob)
}

/// What bob's file says of a message.
fn column<T: rusqlite::types::FromSql>(file: &Path, column: &str, id: Seq) -> Option<T> {
    let file = Connection::open(file).unwrap();
    let sql = format!("SELECT {column} FROM messages WHERE id = {id}");
    file.query_row(&sql, [], |row| row.get(0)).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_alice_says_waits_for_bob_until_he_reads_it() {
    let (mut told, alice, bob) = alice_and_bob(1000).await;
    told.post(alice, "general", "hi").await;
    told.post(alice, "general", "are you there, @bob?").await;
    let everyone = told.post(alice, "general", "@everyone: lunch").await;
    assert_eq!(told.counts(bob, "general").await, (3, 2));
    assert_eq!(told.counts(alice, "general").await, (0, 0), "her own messages do not wait for her");
    told.read(bob, "general", None).await;
    assert_eq!(told.counts(bob, "general").await, (0, 0));
    told.read(bob, "general", Some(Seq(everyone.get() - 2))).await;
    assert_eq!(told.counts(bob, "general").await, (2, 2), "the marker was set back to the first");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_say_who_has_read_what() {
    let (mut told, alice, bob) = alice_and_bob(1000).await;
    let first = told.post(alice, "general", "first").await;
    let second = told.post(alice, "general", "second").await;
    told.read(bob, "general", Some(first)).await;
    told.house.drain().await;
    let read = |name: &str, id| column::<i64>(&told.house.mailbox(name), "read", id).unwrap();
    assert_eq!([read("alice", first), read("alice", second)], [1, 1]);
    assert_eq!([read("bob", first), read("bob", second)], [1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_from_before_carol_is_there_and_read() {
    let (mut told, alice, _) = alice_and_bob(1000).await;
    let before = told.post(alice, "general", "before carol, @everyone").await;
    let carol = told.sign_up("carol").await;
    assert_eq!(told.counts(carol, "general").await, (0, 0));
    let after = told.post(alice, "general", "welcome @carol").await;
    assert_eq!(told.counts(carol, "general").await, (1, 1));
    told.house.drain().await;
    let file = told.house.mailbox("carol");
    assert_eq!(column::<i64>(&file, "read", before), Some(1));
    assert_eq!(column::<i64>(&file, "read", after), Some(0));
}

/// bob leaves between a message and its deletion, which his file hears of without ever coming to it.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_left_before_a_message_was_deleted_has_nothing_of_it() {
    let (mut told, alice, bob) = alice_and_bob(1000).await;
    let before = told.story.log.len();
    let private = told.story.create_private(alice, &["bob"]);
    let batch = Batch { events: told.story.log[before..].to_vec(), redacted: Vec::new() };
    told.house.hear(&[batch]).await;
    told.house.drain().await;
    let said = told.story.run(alice, None, &wish::post(&private, "psst")).unwrap();
    let when_said = told.story.workspace.clone();
    let message = said.events[0].seq;
    let leave = Command::LeaveChannel { channel: private };
    let left = told.story.run(bob, None, &leave).unwrap();
    let when_he_left = told.story.workspace.clone();
    let deleted = told.story.run(alice, None, &Command::DeleteMessage { message }).unwrap();
    let (seq, kind) = (deleted.events[0].seq, deleted.events[0].kind);
    let redactions = deleted.redacted.iter().map(|it| codec::redaction(*it, seq, kind)).collect();
    let events = [said.events, left.events, deleted.events].concat();
    told.house.log.append(codec::batch(&events, redactions)).await.unwrap();
    // The log is a moment ahead of what is known of it.
    told.house.workspace = told.story.workspace.clone();
    for workspace in [when_said, when_he_left, told.story.workspace.clone()] {
        told.house.publish.send_replace(Arc::new(workspace));
        told.house.mailboxes.drain().await.unwrap();
    }
    told.post(alice, "general", "hi").await;
    told.house.mailboxes.drain().await.unwrap();
    assert_eq!(rows(&told.house.mailbox("bob"), "SELECT content FROM messages"), ["hi"]);
    assert_eq!(told.house.check(), []);
}

/// The event that erases a message may still be to come when a marker is set back over the message.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_erased_meanwhile_is_not_counted_off_twice() {
    let (mut told, alice, bob) = alice_and_bob(1000).await;
    let first = told.post(alice, "general", "first").await;
    let second = told.post(alice, "general", "second @bob").await;
    told.post(alice, "general", "third").await;
    told.read(bob, "general", None).await;
    told.house.drain().await;
    // bob's mailbox is here; what follows comes to it at once, with the second message erased already.
    told.read(bob, "general", Some(first)).await;
    told.tell(alice, Command::DeleteMessage { message: second }).await;
    assert_eq!(told.counts(bob, "general").await, (1, 0));
    told.house.drain().await;
    assert_eq!(told.house.check(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_bob_outlives_the_window() {
    let (mut told, alice, bob) = alice_and_bob(3).await;
    let named = told.post(alice, "general", "keep this, @bob").await;
    let edited = told.post(alice, "general", "nothing").await;
    for number in 0..5 {
        told.post(alice, "general", &format!("message {number}")).await;
    }
    let mentions = "now it is for @bob".to_owned();
    told.house.drain().await;
    let file = told.house.mailbox("bob");
    assert_eq!(column::<String>(&file, "content", edited), None, "it has left the window");
    told.tell(alice, Command::EditMessage { message: edited, text: mentions }).await;
    told.house.drain().await;
    assert!(column::<String>(&file, "content", named).is_some());
    assert!(column::<String>(&file, "content", edited).is_some(), "it came back");
    let page = told.house.page(user(bob), channel(&told, "general"), NEWEST).await;
    assert_eq!(page.len(), 7, "pages go beyond the window");
    assert_eq!(told.house.check(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_words_are_no_mentions_whoever_they_name() {
    let (mut told, alice, _) = alice_and_bob(3).await;
    told.post(alice, "general", "@everyone, it is @alice").await;
    let plain = told.post(alice, "general", "nothing").await;
    let text = "@everyone again".to_owned();
    told.tell(alice, Command::EditMessage { message: plain, text }).await;
    told.house.drain().await;
    let mentions = |name: &str| {
        let file = Connection::open(told.house.mailbox(name)).unwrap();
        file.query_row("SELECT count(*) FROM mention", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!((mentions("bob"), mentions("alice")), (2, 0));
    assert_eq!(told.house.check(), []);
}

fn channel(told: &Told, name: &str) -> chat::ChannelId {
    told.story.workspace.find_channel(&ChannelName::parse(name).unwrap()).unwrap()
}

/// Every byte of every file below a directory.
fn bytes_below(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(bytes_below(&path));
        } else {
            files.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    files
}

fn files_with(dir: &Path, text: &str) -> Vec<String> {
    let found = bytes_below(dir)
        .into_iter()
        .filter(|(_, bytes)| bytes.windows(text.len()).any(|window| window == text.as_bytes()));
    found.map(|(name, _)| name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_text_is_in_no_file() {
    let secret = "correct-horse-battery-staple";
    let (mut told, alice, bob) = alice_and_bob(20).await;
    let mut secrets = Vec::new();
    for number in 0..60 {
        let said =
            told.post(alice, "general", &format!("hello {number} {}", "x".repeat(300))).await;
        let message = told.post(bob, "general", &format!("{number}: {secret}")).await;
        let text = format!("{number}: {secret}, and much longer {}", "y".repeat(500));
        told.tell(bob, Command::EditMessage { message, text }).await;
        secrets.push(message);
        if number % 7 == 0 {
            told.house.drain().await;
            told.tell(alice, Command::EditMessage { message: said, text: "z".repeat(900) }).await;
        }
    }
    told.house.drain().await;
    assert!(files_with(told.house.dir.path(), secret).len() >= 3, "the search finds what is there");
    for message in secrets {
        told.tell(bob, Command::DeleteMessage { message }).await;
    }
    // Nobody should have to stop the server to be forgotten.
    told.house.drain().await;
    let users = told.house.dir.path().join("users");
    assert_eq!(files_with(&users, secret), Vec::<String>::new());
    let dir = told.house.close().await;
    assert_eq!(files_with(dir.path(), secret), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_by_hand_is_found_and_mended() {
    let (mut told, alice, bob) = alice_and_bob(1000).await;
    let message = told.post(alice, "general", "as it was").await;
    told.read(bob, "general", None).await;
    told.house.drain().await;
    told.house = told.house.restart().await;
    told.house.mailboxes.close().await;
    let path = told.house.mailbox("bob");
    let file = Connection::open(&path).unwrap();
    let edit = format!("UPDATE messages SET content = 'forged' WHERE id = {message}");
    file.execute(&edit, []).unwrap();
    file.execute(
        "INSERT INTO messages (id, channel, sender, ts) VALUES (99, 'general', 'eve', 1)",
        [],
    )
    .unwrap();
    file.execute("DELETE FROM counter", []).unwrap();
    drop(file);
    let found = told.house.check();
    let kinds: Vec<_> =
        found.iter().map(|it| (it.table.as_str(), it.row.as_str(), &it.kind)).collect();
    let changed = DifferenceKind::Changed { columns: vec!["content".to_owned()] };
    assert_eq!(
        kinds,
        [
            ("counter", "channel_id = 1", &DifferenceKind::Missing),
            ("messages", format!("id = {message}").as_str(), &changed),
            ("messages", "id = 99", &DifferenceKind::Unexpected),
        ]
    );
    assert!(found.iter().all(|it| it.file == path));
    let bob = Projection::Mailbox(UserName::parse("bob").unwrap());
    rebuild(told.house.dir.path(), &told.house.log, told.house.window, &bob).unwrap();
    assert_eq!(told.house.check(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_mailbox_is_set_aside_and_rebuilt() {
    let (mut told, alice, _) = alice_and_bob(1000).await;
    told.post(alice, "general", "hi").await;
    told.house.drain().await;
    let path = told.house.mailbox("bob");
    let dir = told.house.close().await;
    fs::write(&path, b"this is not a database, it is a sentence, and a rather long one at that")
        .unwrap();
    told.house = super::house::House::at(dir, 1000);
    // A file that nothing concerns is not opened.
    told.post(alice, "general", "more").await;
    told.house.drain().await;
    let aside = format!("bob.db.damaged-{}", told.house.workspace.head);
    assert!(path.with_file_name(aside).exists());
    assert_eq!(told.house.check(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_cannot_be_written_is_nobodys_trouble_and_follows_later() {
    let (mut told, alice, bob) = alice_and_bob(1000).await;
    // A directory where the file should be: as unwritable as a full disk.
    fs::create_dir_all(told.house.mailbox("bob")).unwrap();
    let id = told.post(alice, "general", "hi @bob").await;
    assert_eq!(told.counts(bob, "general").await, (1, 1));
    let general = channel(&told, "general");
    let page = told.house.page(user(bob), general, NEWEST).await;
    assert_eq!(page.iter().map(|view| view.id).collect::<Vec<_>>(), [id.get()]);
    let mailboxes = told.house.mailboxes.clone();
    assert!(mailboxes.drain().await.is_err(), "it is not at the head, and says so");
    fs::remove_dir(told.house.mailbox("bob")).unwrap();
    mailboxes.drain().await.unwrap();
    assert_eq!(told.house.check(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_window_means_another_mailbox() {
    let (mut told, alice, bob) = alice_and_bob(1000).await;
    for number in 0..10 {
        told.post(alice, "general", &format!("message {number}")).await;
    }
    told.house.drain().await;
    let dir = told.house.close().await;
    told.house = super::house::House::at(dir, 4);
    let general = channel(&told, "general");
    let page = told.house.page(user(bob), general, NEWEST).await;
    assert_eq!(page.len(), 10);
    told.house.drain().await;
    let file = Connection::open(told.house.mailbox("bob")).unwrap();
    let rows: i64 = file.query_row("SELECT count(*) FROM messages", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 4);
    assert_eq!(told.house.check(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_ahead_of_the_log_is_left_as_it_is() {
    let (mut told, alice, _) = alice_and_bob(1000).await;
    told.post(alice, "general", "hi").await;
    told.house.drain().await;
    let path = told.house.mailbox("bob");
    let dir = told.house.close().await;
    Connection::open(&path).unwrap().execute("UPDATE checkpoint SET seq = 1000", []).unwrap();
    told.house = super::house::House::at(dir, 1000);
    told.post(alice, "general", "more").await;
    let error = told.house.mailboxes.drain().await.err().unwrap();
    assert!(matches!(error, MailboxError::Fault(ProjectionError::AheadOfLog { .. })), "{error}");
}

#[test]
fn a_mailbox_is_created_once_with_its_promised_columns() {
    let dir = tempfile::tempdir().unwrap();
    let alice = UserName::parse("alice").unwrap();
    init_user_db(dir.path(), &alice).unwrap();
    init_user_db(dir.path(), &alice).unwrap();
    let path = user_db_path(dir.path(), &alice);
    assert_eq!(path, dir.path().join("users").join("alice.db"));
    let file = Connection::open(&path).unwrap();
    let mut statement = file
        .prepare(
            "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('messages')",
        )
        .unwrap();
    let columns: Vec<String> = statement
        .query_map([], |row| {
            let default: Option<String> = row.get(3)?;
            let (name, kind): (String, String) = (row.get(0)?, row.get(1)?);
            let (not_null, key): (bool, bool) = (row.get(2)?, row.get(4)?);
            let mut column = format!("{name} {kind}");
            column += if key { " KEY" } else { "" };
            column += if not_null { " NOT NULL" } else { "" };
            Ok(column + &default.map_or(String::new(), |value| format!(" {value}")))
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let promised = [
        "id INTEGER KEY",
        "channel TEXT NOT NULL",
        "sender TEXT NOT NULL",
        "content TEXT",
        "content_type TEXT 'text'",
        "filename TEXT",
        "ts REAL NOT NULL",
        "edited INTEGER 0",
        "edited_ts REAL",
        "read INTEGER 0",
        "deleted INTEGER 0",
        "deleted_ts REAL",
        "reply_to_id INTEGER",
        "reactions TEXT",
        "reactions_ts REAL",
        "mentions TEXT",
        "metadata TEXT",
        "client_msg_id TEXT",
        "expires_ts REAL",
    ];
    assert_eq!(columns, promised);
    let pragma = |name: &str| -> String {
        let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
        file.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!([pragma("journal_mode"), pragma("auto_vacuum")], ["wal", "1"]);
}
