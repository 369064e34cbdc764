//! The read side: what it answers needs no file of anybody's, and is exact at the seq that it names.
//!
//! `rebuild/counts.rs` compares its answers with a naive recount after random histories; `histories` what a screen makes
//! of them.

use std::fs;

use minimost::live::Cursor;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestServer, ask, questions};

/// All questions about a message of #general that has a thread, and a reply there.
fn all_about(message: &Value, reply: &Value) -> Vec<String> {
    let mut all = questions(&[&message["id"]]);
    all.push(format!("/receipts/{}", reply["id"]));
    all
}

/// What somebody is answered, who is refused nothing.
async fn answered(person: &Person, questions: &[String]) -> Vec<Value> {
    let answers = ask(person, questions).await;
    assert!(answers.iter().all(|answer| !answer.is_number()), "{answers:?}");
    answers
}

#[tokio::test]
async fn no_question_needs_a_file_below_users() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let first = alice.send("general", "first").await;
    for number in 0..5 {
        alice.send("general", &format!("number {number} for @bob")).await;
    }
    alice.edit(&first["id"], "first, and better").await;
    let thread = json!({"text": "what do you mean, @alice?", "thread_id": first["id"]});
    let reply = bob.post("/send/general", &thread).await.expect(201);
    carol.post(&format!("/save/{}", first["id"]), &json!({})).await.expect(204);
    alice.post(&format!("/pin/{}", first["id"]), &json!({})).await;
    alice.send("dm:alice:bob", "psst").await;
    bob.mark_read_to("general", &first["id"]).await;
    let questions = all_about(&first, &reply);
    let mut before = Vec::new();
    for person in [&alice, &bob, &carol] {
        before.push(answered(person, &questions).await);
    }

    // A file in the place of the directory: none of theirs can be opened, nor begun anew.
    let users = server.data_dir().join("users");
    server.app().mailboxes.drain().await.unwrap();
    fs::remove_dir_all(&users).unwrap();
    fs::write(&users, "not a directory").unwrap();
    for (person, before) in [&alice, &bob, &carol].into_iter().zip(&before) {
        assert_eq!(&answered(person, &questions).await, before, "{}", person.name);
    }
    let said = alice.send("general", "and on it goes").await;
    assert_eq!(bob.messages("general").await.last(), Some(&said));
}

/// Files below a directory that were opened since the last look, by this process or another; the kernel tells.
#[cfg(target_os = "linux")]
fn opened(watch: &mut inotify::Inotify) -> Vec<String> {
    let mut names = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        match watch.read_events(&mut buffer) {
            Ok(events) => names.extend(
                events.filter_map(|event| Some(event.name?.to_string_lossy().into_owned())),
            ),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return names,
            Err(error) => panic!("{error}"),
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_request_opens_a_file_below_users() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let first = alice.send("general", "first, @bob").await;
    let reply = json!({"text": "and, @alice?", "thread_id": first["id"]});
    let reply = bob.post("/send/general", &reply).await.expect(201);
    let users = server.data_dir().join("users");
    let mut watch = inotify::Inotify::init().unwrap();
    server.app().mailboxes.drain().await.unwrap();
    watch.watches().add(&users, inotify::WatchMask::OPEN).unwrap();

    // As long as it may, the one thread that writes them opens files.
    alice.send("general", "for the file of bob, @bob").await;
    server.app().mailboxes.drain().await.unwrap();
    assert!(opened(&mut watch).contains(&"bob.db".to_owned()));
    server.app().mailboxes.close().await;
    opened(&mut watch);
    drop(fs::File::open(users.join("bob.db")).unwrap());
    assert_eq!(opened(&mut watch), ["bob.db"], "the watch is there");

    let carol = server.sign_up("carol").await;
    for person in [&alice, &bob, &carol] {
        answered(person, &all_about(&first, &reply)).await;
        let said = person.send("general", "hello @alice").await;
        person.react(&first["id"], "heart").await;
        person.mark_read_to("general", &said["id"]).await;
        person.edit(&said["id"], "hello").await;
        person.delete(&said["id"]).await;
        let mut stream = person.events_from(&person.cursor().await).await;
        person.send("dm:alice:bob:carol", "psst").await;
        stream.next_named("message_posted").await;
    }
    assert_eq!(opened(&mut watch), Vec::<String>::new());
}

/// Unread messages of #general in an answer, and the seq that it is exact at.
fn unread_at(answer: &Answer) -> (u64, u64) {
    let cursor = Cursor::parse(&answer.header("minimost-cursor").unwrap()).unwrap();
    let state = answer.json();
    let channels = state["channels"].as_array().unwrap();
    let general = channels.iter().find(|it| it["channel"] == "general").unwrap();
    (cursor.seq.get(), general["unread"].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_exact_at_the_cursor_while_others_write_and_delete() {
    let server = TestServer::start().await;
    let [alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    let writing = async |person: &Person| {
        for number in 0..60 {
            let message = person.send("general", &format!("{number}")).await;
            if number % 2 == 0 {
                person.delete(&message["id"]).await;
            }
        }
    };
    let mut answers = Vec::new();
    let looking = async {
        for _ in 0..150 {
            let answer = bob.get("/state").await;
            assert_eq!(answer.status, 200);
            answers.push(unread_at(&answer));
        }
    };
    tokio::join!(writing(&alice), writing(&mallory), looking);
    answers.push(unread_at(&bob.get("/state").await));
    assert_eq!(answers.last().unwrap().1, 60);

    let log = Connection::open(server.data_dir().join("log.db")).unwrap();
    let sql = "
        SELECT COUNT(*) FILTER (WHERE kind = ?2) - COUNT(*) FILTER (WHERE kind = ?3)
          FROM record
         WHERE seq <= ?1";
    let [posted, deleted] = [chat::EventKind::MessagePosted, chat::EventKind::MessageDeleted];
    for (seq, unread) in answers {
        let parameters = (seq.cast_signed(), posted.code(), deleted.code());
        let expected: i64 = log.query_row(sql, parameters, |row| row.get(0)).unwrap();
        assert_eq!(unread.cast_signed(), expected, "at {seq}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_comes_to_a_cold_server_is_answered() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let mut people = Vec::new();
    for number in 0..60 {
        people.push(server.sign_up(&format!("person{number}")).await);
    }
    for number in 0..230 {
        alice.send("general", &format!("message {number}")).await;
    }
    server.restart_made_anew().await;
    let people: Vec<_> = people.iter().map(|person| person.at(&server)).collect();
    let coming = people.iter().map(async |person| {
        assert_eq!(person.unreads().await["general"], 230);
        let page = person.messages("general").await;
        assert_eq!(page.last().unwrap()["content"], "message 229");
        let older = person.page("general", &format!("before_id={}", page[0]["id"])).await;
        assert_eq!(older.last().unwrap()["content"], "message 179");
        person.mark_read("general").await;
        assert_eq!(person.unreads().await["general"], 0);
    });
    futures_util::future::join_all(coming).await;
}
