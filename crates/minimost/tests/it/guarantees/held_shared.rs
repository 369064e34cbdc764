//! Guarantee 9 where another program looks into a file that everybody shares: what was erased from its rows stays in its
//! write-ahead log until that program looks no more, and the file is named until then, also over a restart.

use std::path::Path;
use std::process::Command as Program;

use anyhow::{Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::erased_files::told;
use super::mailbox_files::until;
use crate::support::{Person, Process};

/// Whether a text is among the bytes of a file or of its write-ahead log. Read by another program: who closes a file lets
/// go of its locks there.
fn is_in(file: &Path, text: &str) -> bool {
    let wal = file.with_extension("db-wal");
    let found = Program::new("grep").args(["-saqF", text]).arg(file).arg(wal).status();
    found.unwrap().success()
}

async fn set_bio(alice: &Person, bio: &str) {
    alice.post("/profile", &json!({"bio": bio})).await.expect(200);
}

fn is_held(name: &str) -> impl Fn(&Value) -> bool + '_ {
    move |still| still["files"] == 1 && still["held_files"] == json!([name])
}

#[tokio::test]
async fn whoever_looks_into_auth_db_or_presence_db_is_named_until_erased_text_has_left_it()
-> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let mut server = Process::start(&data).await?;
    let mut alice = server.sign_up("alice").await?;
    let wish = json!({"name": "kumquat", "members": []});
    let made = alice.post("/private_channels/create", &wish).await.expect(201);
    let rename = format!("/channels/{}/rename", made["channel"].as_str().unwrap());
    set_bio(&alice, "kumquat").await;
    for (name, table) in [("auth.db", "user_settings"), ("presence.db", "private_channels")] {
        let file = data.join(name);
        until(&alice, || is_in(&file, "kumquat")).await;
        let other = Connection::open(&file)?;
        other.execute_batch(&format!("BEGIN; SELECT count(*) FROM {table}"))?;
        if name == "auth.db" {
            set_bio(&alice, "quince").await;
        } else {
            alice.post(&rename, &json!({"name": "quince"})).await.expect(200);
        }
        server.says(&format!("{name} still holds erased text since")).await?;
        let still = told(&alice, is_held(name)).await;
        ensure!(still["held"] == json!([]) && still["since_ts"].is_f64(), "{still}");
        ensure!(is_in(&file, "kumquat"));
        // A start finds it as the end left it, and cannot know what is in it.
        server.kill().await?;
        server = Process::start(&data).await?;
        server.says(&format!("{name} may still hold erased text")).await?;
        alice = server.welcome(&alice);
        let still = told(&alice, is_held(name)).await;
        ensure!(still["since_ts"].is_null(), "{still}");
        other.execute_batch("ROLLBACK")?;
        drop(other);
        server.says(&format!("{name} holds no erased text any more")).await?;
        told(&alice, Value::is_null).await;
        ensure!(!is_in(&file, "kumquat") && is_in(&file, "quince"));
    }
    ensure!(server.terminate().await?.success());
    Ok(())
}

#[tokio::test]
async fn who_looked_into_workspace_db_over_an_end_is_named_by_the_next_start() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let file = data.join("workspace.db");
    let server = Process::start(&data).await?;
    let alice = server.sign_up("alice").await?;
    set_bio(&alice, "kumquat").await;
    ensure!(server.terminate().await?.success());
    ensure!(is_in(&file, "kumquat"));
    let other = Connection::open(&file)?;
    other.execute_batch("BEGIN; SELECT count(*) FROM part")?;
    let server = Process::start(&data).await?;
    set_bio(&server.welcome(&alice), "quince").await;
    ensure!(server.terminate().await?.success());
    ensure!(is_in(&file, "kumquat") && is_in(&file, "quince"), "the other program sees it yet");
    let mut server = Process::start(&data).await?;
    let alice = server.welcome(&alice);
    server.says("workspace.db may still hold erased text").await?;
    told(&alice, is_held("workspace.db")).await;
    other.execute_batch("ROLLBACK")?;
    drop(other);
    server.says("workspace.db holds no erased text any more").await?;
    told(&alice, Value::is_null).await;
    ensure!(!is_in(&file, "kumquat") && is_in(&file, "quince"));
    ensure!(server.terminate().await?.success());
    Ok(())
}
