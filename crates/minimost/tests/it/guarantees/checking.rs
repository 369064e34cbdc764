//! `minimost check` looks at every table that a projection has, and at every one that it should not have.

use anyhow::{Result, ensure};
use rusqlite::Connection;
use serde_json::json;

use crate::support::{Process, check, run};

#[tokio::test]
async fn check_finds_a_change_in_every_table_of_a_projection() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let server = Process::start(&data).await?;
    let [alice, bob] = [server.sign_up("alice").await?, server.sign_up("bob").await?];
    let root = alice.send("general", "who deploys, @bob?").await;
    let reply = json!({"text": "@alice does", "thread_id": root["id"]});
    bob.post("/send/general", &reply).await.expect(201);
    bob.react(&root["id"], "heart").await;
    bob.mark_read("general").await;
    alice.messages("general").await;
    ensure!(server.terminate().await?.success());
    check(&data).await?;

    let edits = [
        ("users/alice.db", "beside", "DELETE FROM beside"),
        ("users/alice.db", "thread", "UPDATE thread SET marker = marker + 1"),
        ("users/alice.db", "unread_reply", "UPDATE unread_reply SET is_mention = 1 - is_mention"),
        ("users/alice.db", "forgotten", "INSERT INTO forgotten (seq) VALUES (7)"),
        ("users/alice.db", "by_hand", "CREATE TABLE by_hand (id INTEGER PRIMARY KEY)"),
        ("users/alice.db", "messages_channel", "DROP INDEX messages_channel"),
        ("users/bob.db", "unread_mention", "DROP TABLE unread_mention"),
        ("users/bob.db", "mention", "DELETE FROM mention"),
        ("presence.db", "read_receipts", "DROP VIEW read_receipts"),
        ("presence.db", "message_time", "UPDATE message_time SET sender = 'mallory'"),
        ("auth.db", "user_settings", "ALTER TABLE user_settings ADD COLUMN theirs TEXT"),
        ("auth.db", "log_ins", "CREATE TRIGGER log_ins INSERT ON sessions BEGIN SELECT 1; END"),
    ];
    for (file, _, sql) in edits {
        Connection::open(data.join(file))?.execute_batch(sql)?;
    }
    let done = run(&data, &["check"]).await?;
    let said = String::from_utf8(done.stdout)?;
    assert_eq!(done.status.code(), Some(1), "{said}");
    for (file, name, sql) in edits {
        let named = format!("{}: {name} ", data.join(file).display());
        assert!(said.lines().any(|line| line.starts_with(&named)), "{sql}: not in\n{said}");
    }
    ensure!(run(&data, &["rebuild"]).await?.status.success());
    check(&data).await
}
