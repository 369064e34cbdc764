//! The first comparison of the log with its indexes after a start, and an erasure in the middle of it.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::bench::Bench;
use crate::clock::{now_micros, seconds};
use crate::http::{self, Client};
use crate::report::{Aim, Row};
use crate::seed;
use crate::suite::reads;

/// Messages in the log, each with a name, every fourth a reply.
const HISTORIES: [usize; 2] = [100_000, 1_000_000];

/// How often the server is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// After this much a comparison or an erasure has failed.
const PATIENCE_SECONDS: f64 = 600.0;

/// Each size.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    for messages in HISTORIES {
        let data = bench.seeded(&format!("comparison-{messages}"), reads::seed(messages))?;
        // The first start verifies and folds everything; the second has a snapshot, as usual.
        bench.start(&data)?.stop()?;
        measure(bench, &data, messages)?;
    }
    Ok(())
}

fn measure(bench: &mut Bench, data: &Path, messages: usize) -> anyhow::Result<()> {
    let server = bench.start(data)?;
    let start = now_micros();
    let mut client = Client::connect(server.address)?;
    let is_under_way = log_state(&mut client)?["state"] == "comparing";
    let erasure = erase(&mut client, data)?;
    let is_still_under_way = log_state(&mut client)?["state"] == "comparing";
    let state = loop {
        let state = log_state(&mut client)?;
        if state["state"] != "comparing" {
            break state;
        }
        ensure!(seconds(now_micros() - start) < PATIENCE_SECONDS, "it does not end: {state}");
        thread::sleep(LOOK_EVERY);
    };
    let took = seconds(now_micros() - start);
    ensure!(state["state"] == "whole", "{state}");
    let longest = state["slice_ms_max"].as_f64().context("the longest slice")?;
    let during = if is_under_way && is_still_under_way { "yes" } else { "no" };
    let aims = [Aim::AtMost(60.0, "s", Some(took)), Aim::AtMost(100.0, "ms", Some(longest))];
    let row = Row::new("comparison")
        .with("messages", u64::try_from(messages)?)
        .with("comparison s", took)
        .with("slices", state["slices"].as_u64().context("how many slices")?)
        .with("longest slice ms", longest)
        .with("erasure s", erasure)
        .with("erased meanwhile", during)
        .with_aims(&aims);
    bench.report.add(row)?;
    server.stop()
}

fn log_state(client: &mut Client) -> anyhow::Result<Value> {
    client.expect_success(&http::get("/admin/log", &seed::credentials(0)))?;
    Ok(serde_json::from_str(&client.body())?)
}

/// Sends and deletes a message; the seconds until its text is in no byte of the log any more.
fn erase(client: &mut Client, data: &Path) -> anyhow::Result<f64> {
    const TEXT: &str = "to be erased while the log is compared";
    let send = format!(r#"{{"text":"{TEXT}"}}"#);
    client.expect_success(&http::post_json("/send/general", &seed::credentials(0), &send))?;
    let sent: Value = serde_json::from_str(&client.body())?;
    let delete = format!("/delete/{}", sent["id"]);
    client.expect_success(&http::post_json(&delete, &seed::credentials(0), "{}"))?;
    let start = now_micros();
    loop {
        // The file has the page with nothing in its place as soon as the write-ahead log has left it.
        let wal = fs::read(data.join("log.db-wal"))?;
        let took = seconds(now_micros() - start);
        if !wal.windows(TEXT.len()).any(|window| window == TEXT.as_bytes()) {
            return Ok(took);
        }
        ensure!(took < PATIENCE_SECONDS, "the text is still there");
        thread::sleep(LOOK_EVERY);
    }
}
