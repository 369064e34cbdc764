//! Mailboxes that are far behind, as after a change of the window or a long time without a server: what was deleted does
//! not wait in them until they have come to it. Looked at are the bytes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use chat::EventKind;
use chat::command::Command;
use chat::testing::{Batch, wish};
use tokio::time::timeout;

use super::house::{House, Told};
use crate::support::{copy_dir, files_with, rows};

/// More than a mailbox is brought on by at once.
const FAR: usize = 13_000;

/// People in #general, whose files hold a kumquat and a quince.
async fn people(count: usize) -> Told {
    let mut told = Told::new(1000);
    told.create_general().await;
    let alice = told.sign_up("alice").await;
    for number in 1..count {
        told.sign_up(&format!("person-{number}")).await;
    }
    told.post(alice, "general", "kumquat").await;
    told.post(alice, "general", "quince").await;
    told.house.drain().await;
    told
}

/// So much is said that every file is far behind, and the kumquat is deleted; all of it is heard of at once.
async fn say_much_and_delete(told: &mut Told) {
    let kumquat = *told.story.messages.keys().next().unwrap();
    let alice = told.story.messages[&kumquat].sender;
    let session = *told.story.workspace.sessions.iter().find(|(_, it)| it.user == alice).unwrap().0;
    let alice = chat::Actor::User { user: alice, session };
    let say = |number| wish::post("general", &format!("and then {number}"));
    let delete = Command::DeleteMessage { message: kumquat };
    let wishes = (0..FAR).map(say).chain([delete]);
    let batches: Vec<Batch> =
        wishes.map(|wish| told.story.run(alice, None, &wish).unwrap()).collect();
    told.house.hear(&batches).await;
}

fn checkpoint(file: &Path) -> u64 {
    rows(file, "SELECT seq FROM checkpoint")[0].parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_leaves_a_file_that_is_far_behind_without_bringing_it_on() {
    let mut told = people(2).await;
    let users = told.house.dir.path().join("users");
    assert!(!files_with(&users, "kumquat").is_empty());
    say_much_and_delete(&mut told).await;
    let head = told.story.workspace.head.get();
    // An orderly end erases what is erased in the log, and waits for nothing else.
    let dir = told.house.close().await;
    let file = users.join("person-1.db");
    assert_eq!(files_with(&users, "kumquat"), [""; 0]);
    assert!(checkpoint(&file) < head - 8_192, "the history was not replayed for it");
    assert_eq!(rows(&file, "SELECT content FROM messages ORDER BY id LIMIT 2"), ["-", "quince"]);
    // What comes on the way there leaves it as if it had been read in the order of the log.
    let house = House::at(dir, 1000);
    house.drain().await;
    assert_eq!(checkpoint(&file), head);
    assert_eq!(house.check(), []);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_register_no_file_waits_with_erased_text_for_others_that_are_far_behind() {
    const PEOPLE: usize = 100;
    let mut told = people(PEOPLE).await;
    let dir = told.house.restart().await.close().await;
    let (users, kept) = (dir.path().join("users"), dir.path().join("kept"));
    copy_dir(&users, &kept);
    told.house = House::at(dir, 1000);
    say_much_and_delete(&mut told).await;
    let head = told.story.workspace.head.get();
    let dir = told.house.close().await;
    fs::remove_dir_all(&users).unwrap();
    fs::rename(&kept, &users).unwrap();
    fs::remove_file(dir.path().join("mailboxes.db")).unwrap();
    assert!(files_with(&users, "kumquat").len() >= PEOPLE);
    // No file can be brought on: all of them lack a message that cannot be read.
    let damage = "
        UPDATE record SET body = CAST('?' AS BLOB)
         WHERE seq = (SELECT max(seq) FROM record WHERE kind = ?1)";
    let log = rusqlite::Connection::open(dir.path().join("log.db")).unwrap();
    assert_eq!(log.execute(damage, [EventKind::MessagePosted.code()]).unwrap(), 1);
    drop(log);

    let house = House::at(dir, 1000);
    let gone = async {
        while !files_with(&users, "kumquat").is_empty() {
            let _elapsed = timeout(Duration::from_millis(100), std::future::pending::<()>()).await;
        }
    };
    timeout(Duration::from_secs(60), gone).await.expect("it leaves every file");
    let files = fs::read_dir(&users).unwrap().map(|entry| entry.unwrap().path());
    let mailboxes = files.filter(|path| path.extension().is_some_and(|it| it == "db"));
    let there = mailboxes.filter(|path| checkpoint(path) == head).count();
    assert_eq!(there, 0, "files had come to the head before");
    house.close().await;
}
