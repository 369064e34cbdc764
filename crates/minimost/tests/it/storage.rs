//! What somebody finds who opens the data directory with any SQLite tool: the tables and columns that were promised.
//!
//! The schemas are written out here once more, in the words of the promise and not of our own `schema.sql`, so that a
//! change there shows. Elsewhere: `rebuild/` says that the rows are right, for random histories too;
//! `starting.rs` that the files are for their user only.

use std::path::Path;

use serde_json::json;

use crate::support::{TestServer, rows};

/// Name, type, NOT NULL, default, place in the primary key; in this order.
const MESSAGES: [&str; 19] = [
    "id INTEGER 0 - 1",
    "channel TEXT 1 - 0",
    "sender TEXT 1 - 0",
    "content TEXT 0 - 0",
    "content_type TEXT 0 'text' 0",
    "filename TEXT 0 - 0",
    "ts REAL 1 - 0",
    "edited INTEGER 0 0 0",
    "edited_ts REAL 0 - 0",
    "read INTEGER 0 0 0",
    "deleted INTEGER 0 0 0",
    "deleted_ts REAL 0 - 0",
    "reply_to_id INTEGER 0 - 0",
    "reactions TEXT 0 - 0",
    "reactions_ts REAL 0 - 0",
    "mentions TEXT 0 - 0",
    "metadata TEXT 0 - 0",
    "client_msg_id TEXT 0 - 0",
    "expires_ts REAL 0 - 0",
];

/// The promised tables of presence.db. `read_receipts` is a view: it answers every SELECT like a table, and a view's
/// columns have neither constraints nor a type of their own.
const PRESENCE: [(&str, &[&str]); 6] = [
    (
        "presence",
        &["user TEXT 0 - 1", "last_seen INTEGER 1 - 0", "state TEXT 1 - 0", "override TEXT 0 - 0"],
    ),
    ("typing", &["user TEXT 1 - 1", "channel TEXT 1 - 2", "ts INTEGER 1 - 0"]),
    ("read_receipts", &["channel TEXT 0 - 0", "msg_ts REAL 0 - 0", "reader TEXT 0 - 0"]),
    (
        "message_reactions",
        &["channel TEXT 1 - 1", "msg_ts REAL 1 - 2", "emoji TEXT 1 - 3", "reactor TEXT 1 - 4"],
    ),
    (
        "private_channels",
        &["id INTEGER 0 - 1", "name TEXT 1 - 0", "created_by TEXT 1 - 0", "created_ts REAL 1 - 0"],
    ),
    (
        "private_channel_members",
        &[
            "channel_id INTEGER 1 - 1",
            "username TEXT 1 - 2",
            "joined_ts REAL 1 - 0",
            "history_start_ts REAL 0 - 0",
        ],
    ),
];

/// The columns of a table.
fn columns(file: &Path, table: &str) -> Vec<String> {
    let sql = "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('<table>')";
    rows(file, &sql.replace("<table>", table))
}

#[tokio::test]
async fn a_mailbox_has_the_promised_columns_in_their_order() {
    let server = TestServer::start().await;
    let [alice, _bob] = server.people(["alice", "bob"]).await;
    alice.send("general", "hi").await;
    server.app().mailboxes.drain().await.unwrap();
    for name in ["alice", "bob"] {
        let file = server.data_dir().join(format!("users/{name}.db"));
        assert_eq!(columns(&file, "messages"), MESSAGES, "{name}");
        let hidden = ["channel TEXT 0 - 1", "hidden_ts REAL 1 - 0"];
        assert_eq!(columns(&file, "dm_hidden"), hidden, "{name}");
        let keys = "SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list('messages')";
        assert_eq!(rows(&file, keys), ["reply_to_id messages id"], "{name}");
        assert_eq!(rows(&file, "PRAGMA journal_mode"), ["wal"], "{name}");
    }
}

#[tokio::test]
async fn presence_db_has_its_six_promised_tables_and_what_happened_is_in_them() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let message = alice.send("general", "hi @bob").await;
    bob.react(&message["id"], "heart").await;
    bob.mark_read("general").await;
    bob.post("/presence", &json!({"state": "idle"})).await.expect(204);
    bob.post("/typing/general", &json!({})).await.expect(204);
    server.stop().await;

    let file = server.data_dir().join("presence.db");
    for (table, promised) in PRESENCE {
        assert_eq!(columns(&file, table), promised, "{table}");
    }
    let ts = message["ts"].as_f64().unwrap();
    let receipts = "SELECT channel, msg_ts, reader FROM read_receipts";
    assert_eq!(rows(&file, receipts), [format!("general {ts:?} bob")]);
    let reactions = "SELECT channel, msg_ts, emoji, reactor FROM message_reactions";
    assert_eq!(rows(&file, reactions), [format!("general {ts:?} heart bob")]);
    let presence = "SELECT user, state, override FROM presence WHERE user = 'bob'";
    assert_eq!(rows(&file, presence), ["bob idle -"]);
    assert_eq!(rows(&file, "SELECT user, channel FROM typing"), ["bob general"]);
}

/// The messages that somebody has read, as presence.db says.
fn read_by(server: &TestServer, reader: &str) -> Vec<String> {
    let file = server.data_dir().join("presence.db");
    let of = format!("SELECT msg_ts FROM read_receipts WHERE reader = '{reader}' ORDER BY msg_ts");
    rows(&file, &of)
}

fn times(messages: &[&serde_json::Value]) -> Vec<String> {
    messages.iter().map(|message| format!("{:?}", message["ts"].as_f64().unwrap())).collect()
}

#[tokio::test]
async fn a_reply_that_is_only_in_its_thread_is_not_read_with_the_channel() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let root = alice.send("general", "who is in?").await;
    let wish = json!({"text": "only here", "thread_id": root["id"]});
    let beside = alice.post("/send/general", &wish).await.expect(201);
    let wish = json!({"text": "all", "thread_id": root["id"], "also_send_to_channel": true});
    let both = alice.post("/send/general", &wish).await.expect(201);
    bob.react(&beside["id"], "heart").await;
    bob.mark_read("general").await;
    bob.state().await;
    server.stop().await;
    assert_eq!(read_by(&server, "bob"), times(&[&root, &both]));
    let file = server.data_dir().join("presence.db");
    let reactions = "SELECT msg_ts FROM message_reactions";
    assert_eq!(rows(&file, reactions), times(&[&beside]), "it is a message all the same");
    server.restart_stopped().await;
    server.restart_made_anew().await;
}

#[tokio::test]
async fn alices_copy_is_read_at_once_and_bobs_when_he_has_read_it() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let first = alice.send("general", "hi bob").await;
    let second = alice.send("dm:alice:bob", "psst").await;
    let files = ["alice", "bob"].map(|name| server.data_dir().join(format!("users/{name}.db")));
    let [of_alice, of_bob] = files;
    let read = "SELECT id, read FROM messages ORDER BY id";
    let expected = |flags: [u8; 2]| {
        let line = |(message, read): (&serde_json::Value, u8)| format!("{} {read}", message["id"]);
        [&first, &second].into_iter().zip(flags).map(line).collect::<Vec<_>>()
    };
    server.app().mailboxes.drain().await.unwrap();
    assert_eq!(rows(&of_alice, read), expected([1, 1]), "what she wrote she has read");
    assert_eq!(rows(&of_bob, read), expected([0, 0]), "he has not looked yet");

    bob.mark_read("general").await;
    assert_eq!(bob.unreads().await["general"], 0);
    server.app().mailboxes.drain().await.unwrap();
    assert_eq!(rows(&of_bob, read), expected([1, 0]), "one channel at a time");
    bob.mark_read("dm:alice:bob").await;
    bob.unreads().await;
    server.app().mailboxes.drain().await.unwrap();
    assert_eq!(rows(&of_bob, read), expected([1, 1]));
}

#[tokio::test]
async fn every_copy_of_a_message_says_the_same() {
    let server = TestServer::start().await;
    let [alice, bob, _carol] = server.people(["alice", "bob", "carol"]).await;
    let first = alice.send("general", "hi @everyone").await;
    let wish = json!({"text": "hi @alice", "reply_to_id": first["id"], "client_msg_id": "one"});
    let second = bob.post("/send/general", &wish).await.expect(201);
    alice.react(&second["id"], "tada").await;
    bob.edit(&second["id"], "hello @alice").await;
    let third = bob.send("general", "never mind").await;
    bob.delete(&third["id"]).await;
    server.app().mailboxes.drain().await.unwrap();
    let all_but_read = "
        SELECT id, channel, sender, content, content_type, filename, ts, edited, edited_ts, deleted, deleted_ts,
               reply_to_id, reactions, reactions_ts, mentions, metadata, client_msg_id, expires_ts
          FROM messages
         ORDER BY id";
    let copies = ["alice", "bob", "carol"].map(|name| {
        let file = server.data_dir().join(format!("users/{name}.db"));
        rows(&file, all_but_read)
    });
    assert_eq!(copies[0].len(), 3);
    assert_eq!(copies[0], copies[1]);
    assert_eq!(copies[0], copies[2]);
    let (id, ts) = (&second["id"], second["ts"].as_f64().unwrap());
    let start = format!("{id} general bob hello @alice text - {ts:?} 1 ");
    assert!(copies[0][1].starts_with(&start), "{}", copies[0][1]);
    assert!(copies[0][1].ends_with(" - one -"), "{}", copies[0][1]);
    assert!(copies[0][1].contains("{\"tada\":[\"alice\"]}"), "{}", copies[0][1]);
    assert!(copies[0][1].contains("[\"alice\"] - one"), "{}", copies[0][1]);
}
