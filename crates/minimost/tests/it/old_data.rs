//! Data of the release before: it opens, answers as it did there, and is never worse off for having been opened.
//!
//! `testdata/format-1` has a directory that the release before wrote, and what it answered.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics; helpers are tests too")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chat::testing::History;
use chat::{LoggedEvent, Seq};
use eventlog::{Log, Redaction};
use minimost::codec;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::{Answer, PASSWORD, Person, TestServer, check, copy_dir, rows, run};

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/format-1")
}

/// What the release before was asked, and what it answered.
fn answers() -> Value {
    serde_json::from_str(&fs::read_to_string(kept().join("answers.json")).unwrap()).unwrap()
}

async fn log_in(server: &TestServer, name: &str) -> Person {
    let wish = json!({"username": name, "password": PASSWORD});
    let account = server.stranger().post("/login", &wish).await.expect(200);
    let token = account["token"].as_str().unwrap();
    server.stranger().with_token(token)
}

async fn people(server: &TestServer) -> BTreeMap<String, Person> {
    let mut people = BTreeMap::new();
    for name in ["alice", "bob", "carol", "dave"] {
        people.insert(name.to_owned(), log_in(server, name).await);
    }
    people
}

async fn expect_the_same_answers(server: &TestServer) {
    let (people, answers) = (people(server).await, answers());
    for read in answers["reads"].as_array().unwrap() {
        let (who, route) = (read["who"].as_str().unwrap(), read["route"].as_str().unwrap());
        let answer = people[who].get(route).await.expect(200);
        assert_eq!(answer, read["answer"], "{who} {route}");
    }
    for wish in answers["repeats"].as_array().unwrap() {
        let (who, route) = (wish["who"].as_str().unwrap(), wish["route"].as_str().unwrap());
        let again: Answer = people[who].post(route, &wish["body"]).await;
        assert_eq!(again.expect(200), wish["answer"], "{who} {route}");
    }
}

#[tokio::test]
async fn the_data_of_the_release_before_opens_and_answers_as_it_did() {
    let mut server = TestServer::on_copy_of(&kept().join("data")).await;
    let log = server.data_dir().join("log.db");
    assert_eq!(rows(&log, "SELECT format FROM meta"), ["2"]);
    assert_ne!(rows(&log, "SELECT * FROM label WHERE kind = 1"), [""; 0]);
    assert_ne!(rows(&log, "SELECT * FROM label WHERE kind = 2"), [""; 0]);
    let by_why = "SELECT redacted_why, count(*) > 0 FROM record WHERE redacted_by > 0 GROUP BY 1";
    assert_eq!(rows(&log, by_why), ["1 1", "2 1"], "deleted, superseded");
    expect_the_same_answers(&server).await;
    server.restart_checked().await;
    expect_the_same_answers(&server).await;
    server.restart_made_anew().await;
    expect_the_same_answers(&server).await;
    let alice = log_in(&server, "alice").await;
    let head = alice.send("general", "life goes on, @bob").await;
    let bob = log_in(&server, "bob").await;
    assert_eq!(bob.get("/mentions").await.expect(200)[0]["id"], head["id"]);
}

#[tokio::test]
async fn every_command_that_opens_old_data_brings_it_here() -> Result<()> {
    let commands: [&[&str]; 4] = [
        &["check"],
        &["rebuild"],
        &["repair-log"],
        &["reset-password", "bob", "--base-url", "http://x"],
    ];
    for command in commands {
        let dir = tempfile::tempdir()?;
        let data = dir.path().join("data");
        copy_dir(&kept().join("data"), &data);
        let done = run(&data, command).await?;
        let said = String::from_utf8([done.stdout, done.stderr].concat())?;
        ensure!(done.status.success(), "{command:?}: {said}");
        ensure!(said.contains("has format 1") && said.contains("has format 2 now"), "{said}");
        ensure!(rows(&data.join("log.db"), "SELECT format FROM meta") == ["2"]);
        check(&data).await?;
    }
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let backup = kept().join("data");
    let before = fs::read(backup.join("log.db"))?;
    let backup = backup.to_str().context("a path in UTF-8")?;
    let done = run(&data, &["restore", backup]).await?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    ensure!(fs::read(kept().join("data/log.db"))? == before, "the backup is as it was");
    check(&data).await
}

#[tokio::test]
async fn data_of_a_newer_version_is_refused_by_every_command_and_left_as_it_is() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    copy_dir(&kept().join("data"), &data);
    check(&data).await?;
    Connection::open(data.join("log.db"))?.execute("UPDATE meta SET format = 3", [])?;
    let before = fs::read(data.join("log.db"))?;
    let other = dir.path().join("other");
    let own = data.to_str().context("a path in UTF-8")?;
    let commands: [(&Path, &[&str]); 5] = [
        (&data, &["serve", "--port", "0"]),
        (&data, &["check"]),
        (&data, &["rebuild"]),
        (&data, &["repair-log"]),
        (&other, &["restore", own]),
    ];
    for (data, command) in commands {
        let refused = run(data, command).await?;
        let said = String::from_utf8(refused.stderr)?;
        ensure!(refused.status.code() == Some(1), "{command:?}: {said}");
        ensure!(said.contains("written by a newer version"), "{command:?}: {said}");
    }
    ensure!(fs::read(data.join("log.db"))? == before);
    Ok(())
}

/// Writes a history of many thousand events as a log of format 1; answers with its labels, as this version writes them.
async fn write_long_log_of_format_1(data: &Path) -> Vec<String> {
    const COPIES: u64 = 6;
    fs::create_dir_all(data).unwrap();
    let file = data.join("log.db");
    let log = Log::open(&file, 0).unwrap();
    let history = History::random(8, 3_000);
    for step in history.steps.iter().filter_map(|step| step.outcome.as_ref().ok()) {
        let Some(first) = step.events.first() else { continue };
        let erased = step.redacted.iter();
        let redactions: Vec<Redaction> =
            erased.map(|seq| codec::redaction(*seq, first.seq, first.kind)).collect();
        log.append(codec::batch(&step.events, redactions)).await.unwrap();
    }
    // What they said is said again, so that it takes a while.
    let story = &history.story;
    let (mut seq, mut ts) = (story.workspace.head, story.workspace.last_ts);
    for _ in 0..COPIES {
        let said = story.log.iter().filter(|it| it.kind.begins_message() && it.target.is_none());
        let mut copies = Vec::new();
        for record in said.filter_map(|record| Some((record.actor, record.event()?.clone()))) {
            (seq, ts) = (Seq(seq.get() + 1), ts.plus_micros(1));
            copies.push(LoggedEvent::new(seq, ts, record.0, None, record.1));
        }
        log.append(codec::batch(&copies, Vec::new())).await.unwrap();
    }
    log.close().await.unwrap();
    let labels = labels(data);
    Connection::open(&file)
        .unwrap()
        .execute_batch(
            "DROP TABLE label;
             DROP INDEX record_channel;
             DROP INDEX record_target;
             ALTER TABLE record DROP COLUMN digest;
             ALTER TABLE record DROP COLUMN redacted_why;
             UPDATE record SET body_sum = 0 WHERE body IS NULL;
             CREATE INDEX record_channel ON record (channel, kind, seq, actor, redacted_by) WHERE channel IS NOT NULL;
             CREATE INDEX record_target ON record (target) WHERE target IS NOT NULL;
             UPDATE meta SET format = 1",
        )
        .unwrap();
    labels
}

fn labels(data: &Path) -> Vec<String> {
    rows(
        &data.join("log.db"),
        "SELECT kind, owner, channel, seq, value FROM label ORDER BY 1, 2, 3, 4",
    )
}

/// Goes the rest of the way, and compares all records with the indexes and labels; the projections would take long here.
async fn expect_whole(data: &Path) -> Result<()> {
    let done = run(data, &["repair-log"]).await?;
    let said = String::from_utf8([done.stdout, done.stderr].concat())?;
    ensure!(done.status.success() && said.contains("nothing was changed"), "{said}");
    Ok(())
}

#[tokio::test]
async fn killed_at_any_moment_on_the_way_old_data_is_what_it_was_or_what_it_should_be() -> Result<()>
{
    const ROUNDS: u32 = 8;
    let dir = tempfile::tempdir()?;
    let old = dir.path().join("old");
    let expected = write_long_log_of_format_1(&old).await;
    ensure!(expected.len() > 1_000, "{} labels", expected.len());
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut longest, mut killed_on_the_way) = (Duration::from_millis(400), 0);
    for round in 0..ROUNDS {
        let data = dir.path().join(format!("data-{round}"));
        copy_dir(&old, &data);
        let mut command = Command::new(env!("CARGO_BIN_EXE_minimost"));
        command
            .args(["repair-log", "--data"])
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let mut started = command.stderr(Stdio::null()).kill_on_drop(true).spawn()?;
        let moment = longest.mul_f64(rng.random_range(0.05..1.0));
        if timeout(moment, started.wait()).await.is_err() {
            started.kill().await?;
        }
        // Whether it was before, on or after the way is for chance; most should be on it.
        let format = rows(&data.join("log.db"), "SELECT format FROM meta");
        if format == ["1"] {
            killed_on_the_way += 1;
        } else {
            longest = moment;
        }
        expect_whole(&data).await.with_context(|| format!("seed {seed}, round {round}"))?;
        ensure!(labels(&data) == expected, "seed {seed}, round {round}");
        fs::remove_dir_all(&data)?;
    }
    println!("{killed_on_the_way} of {ROUNDS} were killed before they were through");
    ensure!(killed_on_the_way > 0, "nothing was shown");
    Ok(())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn where_there_is_no_room_for_the_new_format_the_start_says_so_and_the_old_log_is_as_it_was()
-> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    write_long_log_of_format_1(&data).await;
    let before = fs::read(data.join("log.db"))?;
    // No file grows beyond so many blocks of 512 bytes; the log is longer already.
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" serve --port 0 --data \"$1\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_minimost")]).arg(&data).stdin(Stdio::null());
    let refused = timeout(Duration::from_secs(60), command.kill_on_drop(true).output()).await??;
    let said = String::from_utf8(refused.stderr)?;
    ensure!(refused.status.code() == Some(1), "{said}");
    ensure!(said.contains("cannot be opened, and is as it was"), "{said}");
    ensure!(fs::read(data.join("log.db"))? == before, "the old log is another one");
    expect_whole(&data).await
}
