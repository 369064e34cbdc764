//! Random histories for the client: what a screen is told from the moment it joins, and what it must show at the end.
//!
//! People do things at random through the real HTTP surface. Somewhere in the middle one of them opens a screen: takes
//! `GET /state`, a little later the page of each channel, and somewhere between starts the live stream from the state's
//! cursor. At the end the server is asked what the screen must look like. The web client's own test,
//! `web/src/lib/sync/histories.test.ts`, folds the recorded bytes with the client's own code and compares.
//!
//! Fresh histories go to `target/histories/` at every run. `testdata/histories/` keeps a few, so that the client's test
//! has some without us; `WRITE_TESTDATA=1` writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat::testing::Prng;
use reqwest::{Method, Response};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::support::{Person, TestServer};

/// How long the end of a stream may take to come before the test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

const LATE: [&str; 3] = ["dave", "erin", "mallory"];
const REACTIONS: [&str; 4] = ["heart", "tada", "rainbow_flag", "eyes"];
const WORDS: [&str; 8] =
    ["hi", "ship it", "why?", "@alice", "@BOB", "@carol,", "@everyone", "grüße 🌊\n\nbye"];

/// A message that is still there.
#[derive(Clone)]
struct Posted {
    id: Value,
    channel: String,
    sender: usize,
}

/// A server on which people do things at random.
struct Town {
    server: TestServer,
    prng: Prng,
    people: Vec<Person>,
    public: Vec<String>,
    directs: Vec<Vec<usize>>,
    posted: Vec<Posted>,
}

impl Town {
    async fn new(seed: u64) -> Town {
        let server = TestServer::start().await;
        let people = server.people(["alice", "bob", "carol"]).await.to_vec();
        let public = vec!["general".to_owned(), "random".to_owned()];
        let (directs, posted) = (Vec::new(), Vec::new());
        Town { server, prng: Prng::new(seed), people, public, directs, posted }
    }

    /// Somebody does something.
    async fn step(&mut self) {
        self.server.advance(Duration::from_millis(self.prng.below(4_000) as u64));
        let actor = self.prng.below(self.people.len());
        match self.prng.below(100) {
            0..=39 => self.post(actor).await,
            40..=54 => self.edit().await,
            55..=62 => self.delete().await,
            63..=79 => self.react(actor).await,
            80..=91 => self.mark_read(actor).await,
            92..=95 => self.open_direct(actor).await,
            96..=97 => self.arrive().await,
            _ => self.manage().await,
        }
    }

    async fn post(&mut self, actor: usize) {
        let channel = self.channel(actor);
        let count = 1 + self.prng.below(3);
        let words: Vec<_> = (0..count).filter_map(|_| self.prng.pick(&WORDS)).collect();
        let mut wish = json!({ "text": words.join(" ") });
        let here: Vec<_> = self.posted.iter().filter(|it| it.channel == channel).cloned().collect();
        if let Some(replied) = self.prng.pick(&here).filter(|_| self.prng.percent(30)) {
            wish["reply_to_id"] = replied.id;
        }
        if self.prng.percent(30) {
            wish["client_msg_id"] = json!(format!("wish-{}", self.prng.any()));
        }
        let sent = self.people[actor].post(&format!("/send/{channel}"), &wish).await.expect(201);
        self.posted.push(Posted { id: sent["id"].clone(), channel, sender: actor });
    }

    async fn edit(&mut self) {
        let Some(target) = self.prng.pick(&self.posted) else { return };
        let text = format!("{} (edited)", self.prng.pick(&WORDS).unwrap());
        self.people[target.sender].edit(&target.id, &text).await;
    }

    async fn delete(&mut self) {
        if self.posted.is_empty() {
            return;
        }
        let target = self.posted.remove(self.prng.below(self.posted.len()));
        self.people[target.sender].delete(&target.id).await;
    }

    async fn react(&mut self, actor: usize) {
        let readable: Vec<_> =
            self.posted.iter().filter(|it| self.may_read(actor, &it.channel)).cloned().collect();
        let Some(target) = self.prng.pick(&readable) else { return };
        let reaction = self.prng.pick(&REACTIONS).unwrap();
        self.people[actor].react(&target.id, reaction).await;
    }

    async fn mark_read(&mut self, actor: usize) {
        let channel = self.channel(actor);
        let here: Vec<_> = self.posted.iter().filter(|it| it.channel == channel).cloned().collect();
        match self.prng.pick(&here).filter(|_| self.prng.percent(50)) {
            Some(target) => self.people[actor].mark_read_to(&channel, &target.id).await,
            None => self.people[actor].mark_read(&channel).await,
        }
    }

    async fn open_direct(&mut self, actor: usize) {
        let count = 1 + self.prng.below(2);
        let mut members: Vec<_> = (0..count).map(|_| self.prng.below(self.people.len())).collect();
        members.push(actor);
        members.sort_unstable();
        members.dedup();
        if members.len() < 2 || self.directs.contains(&members) {
            return;
        }
        let others = members.iter().filter(|member| **member != actor);
        let others: Vec<_> = others.map(|member| self.people[*member].name.as_str()).collect();
        self.people[actor].open_direct(&others).await;
        self.directs.push(members);
    }

    async fn arrive(&mut self) {
        let Some(name) = LATE.get(self.people.len() - 3) else { return };
        self.people.push(self.server.sign_up(name).await);
    }

    /// Alice is the administrator: she creates a channel or gives one another name.
    async fn manage(&mut self) {
        let number = self.prng.below(1_000);
        if self.prng.percent(50) {
            let slug = format!("topic-{number}");
            if !self.public.contains(&slug) {
                let body = json!({
                    "channel": slug, "name": format!("Topic {number}"), "is_default": true,
                });
                self.people[0].post("/channels", &body).await.expect(201);
                self.public.push(slug);
            }
        } else {
            let slug = self.prng.pick(&self.public).unwrap();
            let body = json!({"name": format!("Now {number}")});
            self.people[0].post(&format!("/channels/{slug}/rename"), &body).await.expect(200);
        }
    }

    /// A channel of this person's.
    fn channel(&mut self, actor: usize) -> String {
        let own = self.directs.iter().filter(|members| members.contains(&actor));
        let own: Vec<_> = own.map(|members| self.direct_name(members)).collect();
        let direct = self.prng.pick(&own).filter(|_| self.prng.percent(35));
        direct.unwrap_or_else(|| self.prng.pick(&self.public).unwrap())
    }

    fn direct_name(&self, members: &[usize]) -> String {
        let mut names: Vec<_> = members.iter().map(|it| self.people[*it].name.as_str()).collect();
        names.sort_unstable();
        format!("dm:{}", names.join(":"))
    }

    fn may_read(&self, actor: usize, channel: &str) -> bool {
        let name = self.people[actor].name.as_str();
        !channel.starts_with("dm:") || channel.split(':').skip(1).any(|member| member == name)
    }
}

/// The names of the channels in a state.
fn channels(state: &Value) -> Vec<String> {
    let channels = state["channels"].as_array().unwrap().iter();
    channels.map(|channel| channel["channel"].as_str().unwrap().to_owned()).collect()
}

/// A page of each channel, and the cursor that each answers for.
async fn pages(person: &Person, channels: &[String]) -> (Map<String, Value>, Map<String, Value>) {
    let (mut pages, mut cursors) = (Map::new(), Map::new());
    for channel in channels {
        let answer = person.get(&format!("/messages/{channel}?limit=200")).await;
        let cursor = answer.header("minimost-cursor").unwrap();
        let page = answer.expect(200);
        assert!(page.as_array().unwrap().len() < 200, "the page is the whole channel");
        cursors.insert(channel.clone(), json!(cursor));
        pages.insert(channel.clone(), page);
    }
    (pages, cursors)
}

/// Reads the raw bytes of a stream up to and with the event of this message.
async fn record(mut stream: Response, last: &Value) -> String {
    let end = format!("event: message_posted\ndata: {{\"id\":{last},");
    let mut bytes = Vec::new();
    let mut text = String::new();
    let reading = async {
        while !text.split_once(&end).is_some_and(|(_, rest)| rest.contains("\n\n")) {
            let chunk = stream.chunk().await.unwrap().expect("the stream goes on");
            bytes.extend_from_slice(&chunk);
            text = String::from_utf8_lossy(&bytes).into_owned();
        }
    };
    timeout(PATIENCE, reading).await.expect("the last message comes");
    text
}

/// Unread counts, mentions or markers of a state by channel.
fn by_channel(state: &Value, field: &str) -> BTreeMap<String, Value> {
    let channels = state["channels"].as_array().unwrap().iter();
    let entry = |it: &Value| (it["channel"].as_str().unwrap().to_owned(), it[field].clone());
    channels.map(entry).collect()
}

/// Tells the history of a seed, with the recording of one screen.
async fn tell(seed: u64) -> Value {
    let mut town = Town::new(seed).await;
    let steps = 60 + town.prng.below(90);
    for _ in 0..10 + town.prng.below(steps / 2) {
        town.step().await;
    }
    // Half of the screens are of somebody who has just come, for whom all that was said before is read.
    let is_new = town.prng.percent(50);
    if is_new {
        town.arrive().await;
    }
    let who = if is_new { town.people.len() - 1 } else { town.prng.below(town.people.len()) };
    let person = town.people[who].clone();
    let joined = person.get("/state").await;
    let cursor = joined.header("minimost-cursor").unwrap();
    let join_state = joined.expect(200);

    // A slow network: what happens before the pages come is in them and will be in the stream once more, and what
    // happens before the stream starts comes as a replay.
    for _ in 0..town.prng.below(8) {
        town.step().await;
    }
    let (pages_at_join, page_cursors) = pages(&person, &channels(&join_state)).await;
    for _ in 0..town.prng.below(8) {
        town.step().await;
    }
    let path = format!("/events?cursor={cursor}");
    let stream = person.request(Method::GET, &path).send().await.unwrap();
    for _ in 0..steps / 2 {
        town.step().await;
    }
    // Markers wait up to a second; asking for one's own state writes them, so that the end is the end.
    person.state().await;
    let last = town.people[0].send("general", "the end").await;
    let stream = record(stream, &last["id"]).await;
    let state = person.state().await;
    let (pages_at_end, _) = pages(&person, &channels(&state)).await;
    assert_stream_is_sound(&stream, &cursor);
    json!({
        "seed": seed,
        "join_state": join_state,
        "join_cursor": cursor,
        "pages": pages_at_join,
        "page_cursors": page_cursors,
        "stream": stream,
        "expected": {
            "channels": pages_at_end,
            "users": state["users"],
            "unread": by_channel(&state, "unread"),
            "mentions": by_channel(&state, "mentions"),
            "last_read_id": by_channel(&state, "last_read_id"),
            "names": by_channel(&state, "name"),
        },
    })
}

/// Ids are of the cursor's epoch, come after it, and rise.
fn assert_stream_is_sound(stream: &str, cursor: &str) {
    let (epoch, joined) = cursor.split_once('.').unwrap();
    let mut before: u64 = joined.parse().unwrap();
    let mut events = 0;
    for frame in stream.split("\n\n") {
        let Some(id) = frame.lines().find_map(|line| line.strip_prefix("id: ")) else { continue };
        let (frames_epoch, seq) = id.split_once('.').unwrap();
        assert_eq!(frames_epoch, epoch);
        let seq: u64 = seq.parse().unwrap();
        let is_heartbeat = !frame.contains("event: ");
        assert!(seq > before || (is_heartbeat && seq == before), "{seq} after {before}");
        before = seq;
        events += u32::from(!is_heartbeat);
    }
    assert!(events > 10, "only {events} events: the history is none");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

async fn write(dir: &Path, seed: u64) {
    let history = tell(seed).await;
    let cursor = history["join_cursor"].as_str().unwrap();
    let epoch = cursor.split_once('.').unwrap().0;
    let file = json!({ "epoch": epoch, "cases": [history] });
    let text = serde_json::to_string(&file).unwrap() + "\n";
    fs::write(dir.join(format!("seed-{seed}.json")), text).unwrap();
}

#[tokio::test]
async fn what_a_screen_is_told_is_written_down_for_the_client_to_fold() {
    let dir = root().join("target/histories");
    fs::create_dir_all(&dir).unwrap();
    for entry in fs::read_dir(&dir).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for seed in (1..=12).chain([rand::random(), rand::random()]) {
        write(&dir, seed).await;
    }
}

#[tokio::test]
async fn some_histories_are_kept_for_who_has_only_the_client() {
    let dir = root().join("testdata/histories");
    if std::env::var_os("WRITE_TESTDATA").is_some() {
        fs::create_dir_all(&dir).unwrap();
        for seed in 101..=104 {
            write(&dir, seed).await;
        }
    }
    assert!(fs::read_dir(&dir).unwrap().count() >= 3, "they are kept in {}", dir.display());
}
