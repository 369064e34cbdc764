//! Guarantee 7, and 1 and 3 with it: a real server process is killed at random moments under load, again and again.
//!
//! After each kill every projection must equal one rebuilt from the log, and after each restart every acknowledged send
//! must be there, once, whatever became of the requests that were in flight.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{PASSWORD, Process, check};

/// What one person knows of their own sends.
#[derive(Default)]
struct Sends {
    /// `client_msg_id` to the text that was sent, in order; acknowledged or not.
    wished: BTreeMap<String, String>,
    /// `client_msg_id` to id, where an answer came.
    acknowledged: BTreeMap<String, u64>,
    /// Ids whose later fate is known: `None` deleted, else the text after an acknowledged edit. A wish in flight makes
    /// the fate unknown, and the id is left out of the comparison of texts.
    fate: BTreeMap<u64, Option<String>>,
    unsure: Vec<u64>,
}

struct Sender {
    name: &'static str,
    token: String,
    http: reqwest::Client,
    sends: Sends,
    count: u32,
}

impl Sender {
    async fn sign_up(name: &'static str, url: &str) -> Result<Sender> {
        let http = reqwest::Client::new();
        let body = json!({"username": name, "password": PASSWORD});
        let answer = http.post(format!("{url}/signup")).json(&body).send().await?;
        ensure!(answer.status() == 201, "sign up: {}", answer.text().await?);
        let account: Value = answer.json().await?;
        let token = account["token"].as_str().context("a token")?.to_owned();
        Ok(Sender { name, token, http, sends: Sends::default(), count: 0 })
    }

    async fn post(&self, url: &str, route: &str, body: &Value) -> Result<(u16, Value)> {
        let request = self.http.post(format!("{url}{route}")).bearer_auth(&self.token).json(body);
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or(Value::Null)))
    }

    async fn act(&self, url: &str, route: &str, body: &Value) -> Result<()> {
        let (status, answer) = self.post(url, route, body).await?;
        ensure!(status == 200 || status == 204, "{route} answered {status}: {answer}");
        Ok(())
    }

    /// Sends and changes messages until the connection breaks.
    async fn load(&mut self, url: &str, seed: u64) {
        let mut rng = StdRng::seed_from_u64(seed);
        while self.one_act(url, &mut rng).await.is_ok() {}
    }

    async fn one_act(&mut self, url: &str, rng: &mut StdRng) -> Result<()> {
        self.count += 1;
        let key = format!("{}-{}", self.name, self.count);
        let text = format!("{key} to @bob and @everyone who reads");
        let channel = if rng.random_bool(0.3) { "dm:alice:bob" } else { "general" };
        let channel = if self.name == "carol" { "general" } else { channel };
        self.sends.wished.insert(key.clone(), text.clone());
        let body = json!({"text": text, "client_msg_id": key});
        let (status, message) = self.post(url, &format!("/send/{channel}"), &body).await?;
        ensure!(status == 201 || status == 200, "send answered {status}: {message}");
        let id = message["id"].as_u64().context("an id")?;
        self.sends.acknowledged.insert(key, id);
        self.sends.unsure.push(id);
        match rng.random_range(0..6) {
            0 => {
                let edited = format!("{text}, edited");
                self.act(url, &format!("/edit/{id}"), &json!({"text": edited})).await?;
                self.sends.fate.insert(id, Some(edited));
            }
            1 => {
                self.act(url, &format!("/delete/{id}"), &json!({})).await?;
                self.sends.fate.insert(id, None);
            }
            2 => {
                self.act(url, &format!("/react/{id}"), &json!({"reaction": "heart"})).await?;
                self.sends.fate.insert(id, Some(text));
            }
            3 => {
                self.act(url, &format!("/mark_read/{channel}"), &json!({})).await?;
                self.sends.fate.insert(id, Some(text));
            }
            _ => {
                self.sends.fate.insert(id, Some(text));
            }
        }
        self.sends.unsure.pop();
        Ok(())
    }

    /// Every wish is repeated with its own id: each must now be there exactly once.
    async fn compare(&mut self, url: &str) -> Result<()> {
        let mut seen: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for channel in ["general", "dm:alice:bob"] {
            if channel != "general" && self.name == "carol" {
                continue;
            }
            let mut after = 0;
            loop {
                let route = format!("{url}/messages/{channel}?limit=200&after_id={after}");
                let answer = self.http.get(route).bearer_auth(&self.token).send().await?;
                if answer.status() == 404 || answer.status() == 403 {
                    break; // Nobody opened the direct channel yet.
                }
                let page: Vec<Value> = answer.json().await?;
                let Some(last) = page.last() else { break };
                after = last["id"].as_u64().context("an id")?;
                for message in page.into_iter().filter(|message| message["sender"] == self.name) {
                    let key = message["client_msg_id"].as_str().context("a client_msg_id")?;
                    seen.entry(key.to_owned()).or_default().push(message);
                }
            }
        }
        for (key, id) in &self.sends.acknowledged {
            let found =
                seen.get(key).with_context(|| format!("{key} was acknowledged and is lost"))?;
            ensure!(found.len() == 1, "{key} is there {} times", found.len());
            ensure!(found[0]["id"] == *id, "{key} was {id} and is {}", found[0]["id"]);
            if self.sends.unsure.contains(id) {
                continue;
            }
            let fate = self.sends.fate.get(id).context("a fate")?;
            ensure!(
                found[0]["content"] == json!(fate),
                "{key}: {} not {fate:?}",
                found[0]["content"]
            );
        }
        for (key, found) in &seen {
            ensure!(found.len() == 1, "{key} is there {} times", found.len());
            ensure!(self.sends.wished.contains_key(key), "{key} was never sent");
        }
        Ok(())
    }
}

fn rounds() -> u64 {
    std::env::var("MINIMOST_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(50)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_kill_9_at_any_moment_every_acknowledged_send_is_there_and_every_projection_is_equal()
-> Result<()> {
    let dir = tempfile::tempdir()?;
    let data: PathBuf = dir.path().join("data");
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);

    let server = Process::start(&data).await?;
    let mut alice = Sender::sign_up("alice", &server.url).await?;
    let mut bob = Sender::sign_up("bob", &server.url).await?;
    let mut carol = Sender::sign_up("carol", &server.url).await?;
    server.kill().await?;

    for round in 0..rounds() {
        let server = Process::start(&data).await?;
        let url = server.url.clone();
        for sender in [&mut alice, &mut bob, &mut carol] {
            sender.compare(&url).await.with_context(|| format!("seed {seed}, round {round}"))?;
        }
        let moment = Duration::from_micros(rng.random_range(500..120_000));
        let (a, b, c) = (rng.random(), rng.random(), rng.random());
        let load = async {
            tokio::join!(alice.load(&url, a), bob.load(&url, b), carol.load(&url, c));
        };
        let kill = async {
            // The load runs for that long and then meets a dead server.
            let _elapsed = timeout(moment, std::future::pending::<()>()).await;
            server.kill().await
        };
        let ((), killed) = tokio::join!(load, kill);
        killed?;
        check(&data).await.with_context(|| format!("seed {seed}, round {round}"))?;
    }
    let server = Process::start(&data).await?;
    for sender in [&mut alice, &mut bob, &mut carol] {
        sender.compare(&server.url).await?;
    }
    let acknowledged: usize =
        [&alice, &bob, &carol].iter().map(|sender| sender.sends.acknowledged.len()).sum();
    println!("{} rounds, {acknowledged} acknowledged sends, all there", rounds());
    ensure!(acknowledged > 100, "only {acknowledged} sends: the load was no load");
    Ok(())
}
