//! Guarantees 3 and 8 when not a record of the log is damaged but what stands around the records: an index, the schema,
//! the file itself. It is named and stops the writes; what can be mended is.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use eventlog::{Log, Record};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::broken_disk::flip_byte;
use crate::support::{Person, Process, TestServer, check, files_with, forget_last_name, rows, run};

/// A data directory in which alice has sent something by the name of "one"; the message, and she.
async fn sent_once(data: &Path) -> Result<(Value, Person)> {
    let server = Process::start(data).await?;
    let alice = server.sign_up("alice").await?;
    let wish = json!({"text": "kumquat", "client_msg_id": "one"});
    let message = alice.post("/send/general", &wish).await.expect(201);
    ensure!(server.terminate().await?.success());
    Ok((message, alice))
}

/// What a command that did what it should prints, or one that could not says.
async fn says(data: &Path, args: &[&str], code: i32) -> Result<String> {
    let done = run(data, args).await?;
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8(said)?;
    ensure!(done.status.code() == Some(code), "{args:?} ended with {:?}: {said}", done.status);
    Ok(said)
}

#[tokio::test]
async fn guarantee_3_an_index_that_forgot_a_name_is_named_stops_the_writes_and_is_made_anew()
-> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let (message, alice) = sent_once(&data).await?;
    let id = message["id"].as_u64().context("an id")?;
    forget_last_name(&data);

    // The lie: the log takes the name for a new one, and both sends are acknowledged.
    let log = Log::open(&data.join("log.db"), u64::MAX)?;
    let first = log.reader()?.by_seqs(&[id])?.pop().context("the record")?;
    let (seq, ts_micros) = log.read(eventlog::Reader::head).await?;
    let twin = seq + 1;
    let again = Record { seq: twin, ts_micros: ts_micros + 1, ..first };
    log.append(eventlog::Batch { records: vec![again], ..eventlog::Batch::default() }).await?;
    log.close().await?;

    let mut server = Process::start(&data).await?;
    server.says("writing stops: the log's index record_client_msg_id").await?;
    let at_it = server.welcome(&alice);
    let refused = at_it.post("/send/general", &json!({"text": "and on"})).await;
    refused.expect_problem(503, "log-unavailable");
    assert_eq!(at_it.texts("general").await, ["kumquat", "kumquat"], "reading goes on");
    let known = at_it.get("/admin/log").await.expect(200);
    assert_eq!(known["state"], "damaged");
    ensure!(known["finding"].to_string().contains("record_client_msg_id"), "{known}");
    server.kill().await?;

    let said = says(&data, &["check"], 1).await?;
    ensure!(
        said.contains("record_client_msg_id") && said.contains("minimost repair-log"),
        "{said}"
    );
    let said = says(&data, &["repair-log"], 0).await?;
    ensure!(said.contains(&format!("{id} and {twin} have one client_msg_id")), "{said}");
    ensure!(data.join("log.db.before-repair-1").is_file(), "the old file is kept");
    check(&data).await?;
    let said = says(&data, &["repair-log"], 0).await?;
    ensure!(said.contains("nothing was changed"), "{said}");

    let server = Process::start(&data).await?;
    let alice = server.welcome(&alice);
    let wish = json!({"text": "kumquat", "client_msg_id": "one"});
    assert_eq!(alice.post("/send/general", &wish).await.expect(200)["id"], message["id"]);
    let both = alice.messages("general").await;
    let names: Vec<_> = both.iter().map(|message| message["client_msg_id"].clone()).collect();
    assert_eq!(names, [json!("one"), Value::Null], "both were acknowledged, so both stay");
    alice.send("general", "life goes on").await;
    ensure!(server.terminate().await?.success());
    check(&data).await
}

#[tokio::test]
async fn guarantee_8_labels_that_no_record_leads_to_stop_the_writes_and_are_made_anew() -> Result<()>
{
    let damages = [
        "DELETE FROM label WHERE kind = 1",
        "UPDATE label SET value = value + 4 WHERE kind = 1",
        "INSERT INTO label SELECT kind, owner, channel, seq + 1, value FROM label WHERE kind = 2",
    ];
    for damage in damages {
        let dir = tempfile::tempdir()?;
        let data = dir.path().join("data");
        let server = Process::start(&data).await?;
        let [alice, bob] = [server.sign_up("alice").await?, server.sign_up("bob").await?];
        let root = alice.send("general", "kumquats, @bob?").await["id"].clone();
        let reply = json!({"text": "three, @alice", "thread_id": root});
        bob.post("/send/general", &reply).await.expect(201);
        ensure!(server.terminate().await?.success());
        check(&data).await?;
        let labels = "SELECT * FROM label ORDER BY kind, owner, channel, seq";
        let before = rows(&data.join("log.db"), labels);
        ensure!(before.len() == 4, "two are named, two follow: {before:?}");
        ensure!(Connection::open(data.join("log.db"))?.execute(damage, [])? > 0);

        let mut server = Process::start(&data).await?;
        server.says("writing stops: the log's index label").await?;
        let refused =
            server.welcome(&alice).post("/send/general", &json!({"text": "and on"})).await;
        refused.expect_problem(503, "log-unavailable");
        server.kill().await?;
        let said = says(&data, &["check"], 1).await?;
        ensure!(said.contains("index label") && said.contains("minimost repair-log"), "{said}");
        says(&data, &["repair-log"], 0).await?;
        check(&data).await?;
        ensure!(rows(&data.join("log.db"), labels) == before, "{damage}");
    }
    Ok(())
}

#[tokio::test]
async fn guarantee_8_a_bit_in_the_schema_is_refused_at_the_start_and_can_be_mended() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    sent_once(&data).await?;
    flip_byte(&data.join("log.db"), "target        INTEGER");
    let refused = Process::start(&data).await.err().context("it started")?;
    let refused = format!("{refused:#}");
    ensure!(refused.contains("column: target") && refused.contains("repair-log"), "{refused}");
    let said = says(&data, &["check"], 1).await?;
    ensure!(said.contains("minimost repair-log"), "{said}");
    says(&data, &["repair-log"], 0).await?;
    check(&data).await
}

#[tokio::test]
async fn guarantee_8_a_log_whose_record_is_damaged_is_left_as_it_is_by_a_repair() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let (message, _) = sent_once(&data).await?;
    forget_last_name(&data);
    flip_byte(&data.join("log.db"), "kumquat");
    let before = fs::read(data.join("log.db"))?;
    let said = says(&data, &["repair-log"], 1).await?;
    ensure!(said.contains(&format!("damaged at seq {}", message["id"])), "{said}");
    ensure!(said.contains("left as it is"), "{said}");
    ensure!(fs::read(data.join("log.db"))? == before, "it is another file");
    Ok(())
}

#[tokio::test]
async fn guarantee_1_nothing_is_acknowledged_into_a_file_that_was_taken_away() -> Result<()> {
    for file in ["log.db", "log.db-wal"] {
        let dir = tempfile::tempdir()?;
        let data = dir.path().join("data");
        let mut server = Process::start(&data).await?;
        let alice = server.sign_up("alice").await?;
        alice.send("general", "before").await;
        // Replaced by what looks the same, as a careless restore does.
        fs::copy(data.join(file), data.join("copy"))?;
        fs::rename(data.join("copy"), data.join(file))?;
        let wish = json!({"text": "into nothing", "client_msg_id": "one"});
        alice.post("/send/general", &wish).await.expect_problem(503, "write-unknown");
        server.says(&format!("{file} was deleted or replaced")).await?;
        for _ in 0..2 {
            let refused = alice.post("/send/general", &wish).await;
            refused.expect_problem(503, "log-unavailable");
        }
        assert_eq!(alice.texts("general").await, ["before"], "reading goes on");
        server.kill().await?;
    }
    Ok(())
}

#[tokio::test]
async fn guarantee_8_who_has_read_what_cannot_be_written_down_reads_on() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let server = Process::start(&data).await?;
    let [alice, bob] = [server.sign_up("alice").await?, server.sign_up("bob").await?];
    let [first, second] = [alice.send("general", "one").await, alice.send("general", "two").await];
    // The first is written at once, and the second waits for a second.
    bob.mark_read_to("general", &first["id"]).await;
    bob.mark_read_to("general", &second["id"]).await;
    fs::remove_file(data.join("log.db"))?;
    let refused = alice.post("/send/general", &json!({"text": "into nothing"})).await;
    ensure!(refused.status == 503, "{refused:?}");
    for _ in 0..2 {
        ensure!(bob.unreads().await.contains_key("general"));
        bob.get("/state").await.expect(200);
        ensure!(bob.texts("general").await == ["one", "two"]);
    }
    Ok(())
}

#[tokio::test]
async fn guarantee_9_what_a_killed_command_left_behind_goes_at_the_next_start() {
    let mut server = TestServer::start().await;
    server.sign_up("alice").await;
    server.stop().await;
    let data = server.data_dir().to_owned();
    fs::create_dir_all(data.join("check.tmp/users")).unwrap();
    for copy in [
        "check.tmp/users/alice.db",
        "log.db.repairing",
        "log.db.repair-source-wal",
        "log.db.restoring",
        "log.db.restoring-wal",
    ] {
        fs::write(data.join(copy), "xyzzy is the password").unwrap();
    }
    for kept in ["log.db.before-repair-1", "log.db.repaired-by-hand"] {
        fs::write(data.join(kept), "kept for whoever wants it").unwrap();
    }
    assert_eq!(files_with(&data, "xyzzy").len(), 5);
    server.restart_stopped().await;
    assert_eq!(files_with(&data, "xyzzy"), [""; 0]);
    let mut kept = files_with(&data, "kept for");
    kept.sort();
    assert_eq!(kept, ["log.db.before-repair-1", "log.db.repaired-by-hand"]);
}

/// Asks until the comparison has come so far.
async fn log_when(alice: &Person, is_so: impl Fn(&Value) -> bool + Send + Sync) -> Value {
    let asking = async {
        loop {
            let log = alice.get("/admin/log").await.expect(200);
            if is_so(&log) {
                return log;
            }
        }
    };
    timeout(Duration::from_secs(30), asking).await.unwrap()
}

#[tokio::test]
async fn guarantee_8_the_log_is_compared_at_every_start_and_when_an_administrator_asks() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    bob.get("/admin/log").await.expect_problem(403, "not-an-administrator");
    bob.post("/admin/log/compare", &json!({})).await.expect_problem(403, "not-an-administrator");
    log_when(&alice, |log| log["state"] == "whole").await;
    let sent = alice.send("general", "hi").await;

    server.restart().await;
    let alice = alice.at(&server);
    let log = log_when(&alice, |log| log["state"] == "whole").await;
    assert_eq!(log["whole_up_to"], sent["id"]);
    assert_eq!(log["finding"], Value::Null);
    let later = alice.send("general", "and later").await;
    server.advance(Duration::from_secs(60));
    alice.post("/admin/log/compare", &json!({})).await.expect(200);
    let is_later = |now: &Value| now["state"] == "whole" && now["whole_ts"] != log["whole_ts"];
    assert_eq!(log_when(&alice, is_later).await["whole_up_to"], later["id"]);
}
