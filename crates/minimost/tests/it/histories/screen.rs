//! One screen: what it asks and is answered, and the live stream that it hears meanwhile.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use super::town::Town;
use crate::support::Person;

/// How long something that must be told may take to come before the test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often the end is looked for: what was done by itself may come between.
const ENDS_MAX: usize = 50;

/// Events that pass at most between a question and what its answer knows; as many may pass after that.
const TRAVEL_EVENTS_MAX: usize = 12;

/// The screen of one person, from the moment they open it.
pub(super) struct Screen {
    person: Person,
    /// The answer of `GET /state` that it begins with.
    joined: Value,
    answers: Vec<Value>,
    /// The threads that it has opened.
    threads: Vec<u64>,
    stream: Option<watch::Receiver<Vec<u8>>>,
}

impl Screen {
    /// Opens a screen; `None` for who cannot log in.
    pub async fn open(person: Person) -> Option<Screen> {
        let joined = ask(&person, "/state").await?;
        Some(Screen { person, joined, answers: Vec::new(), threads: Vec::new(), stream: None })
    }

    fn cursor(&self) -> &str {
        self.joined["cursor"].as_str().unwrap()
    }

    /// Begins to hear, from what the screen began with.
    pub async fn listen(&mut self) {
        let path = format!("/events?cursor={}", self.cursor());
        let stream = self.person.request(Method::GET, &path).send().await.unwrap();
        self.stream = Some(recording(stream));
    }

    /// Asks for the page of every channel that it knows, as soon as it knows it.
    pub async fn open_all(&mut self, town: &mut Town) {
        for channel in channels(&self.joined["body"]) {
            self.ask(town, &page_of(&channel)).await;
        }
    }

    /// Asks for what is asked for now and then: counts, channels that are new, a thread. The client decides which of it
    /// it wants to know.
    pub async fn look_around(&mut self, town: &mut Town) {
        self.ask(town, "/state").await;
        let state = self.person.state().await;
        for channel in channels(&state) {
            let path = page_of(&channel);
            if self.answers.iter().all(|it| it["path"] != path) || town.prng.percent(25) {
                self.ask(town, &path).await;
            }
        }
        let roots = town.posted.iter().filter_map(|message| message.root);
        let roots: Vec<_> = roots.collect();
        if let Some(root) = town.prng.pick(&roots)
            && !self.threads.contains(&root)
            && self.ask(town, &thread(root)).await
        {
            self.threads.push(root);
        }
    }

    /// Asks what is unread in threads: the client wants to know that often.
    pub async fn count_threads(&mut self, town: &mut Town) {
        self.ask(town, THREADS_UNREAD).await;
    }

    /// Asks for something, half of the time over a slow network; false when it is refused.
    async fn ask(&mut self, town: &mut Town, path: &str) -> bool {
        let Some(mut answer) = ask(&self.person, path).await else { return false };
        answer["early"] = json!(town.prng.below(TRAVEL_EVENTS_MAX));
        let slow = if town.prng.percent(50) { 2 * TRAVEL_EVENTS_MAX } else { 2 };
        answer["travels"] = json!(town.prng.below(slow));
        self.answers.push(answer);
        true
    }

    /// Waits until nothing happens any more, and tells what was heard until then and what is to be seen after it.
    pub async fn close(self, town: &mut Town) -> Value {
        for end in 0..ENDS_MAX {
            // Markers wait up to a second; asking for one's own state writes them.
            for person in &town.people {
                person.get("/state").await;
            }
            let (stream, cursor) = self.hear_the_end(end).await;
            let expected = self.everything().await;
            if expected.values().all(|answer| answer["cursor"] == cursor) {
                assert_is_sound(&stream, self.cursor());
                let expected: Map<_, _> =
                    expected.into_iter().map(|(path, it)| (path, it["body"].clone())).collect();
                return json!({
                    "joined": self.joined, "answers": self.answers, "stream": stream,
                    "end_cursor": cursor, "expected": expected,
                });
            }
        }
        panic!("something happens all the time");
    }

    /// The stream up to an event that is for this screen alone, and its cursor.
    async fn hear_the_end(&self, number: usize) -> (String, String) {
        self.person.post("/preferences", &json!({"the-end": number})).await.expect(200);
        let end = format!("\"the-end\":{number}");
        let is_over = |bytes: &Vec<u8>| {
            let text = String::from_utf8_lossy(bytes);
            text.split_once(&end).is_some_and(|(_, rest)| rest.contains("\n\n"))
        };
        let mut stream = self.stream.clone().expect("it listens");
        let heard = timeout(PATIENCE, stream.wait_for(is_over)).await.expect("the end comes");
        let text = String::from_utf8(heard.expect("the stream goes on").clone()).unwrap();
        let (before, rest) = text.split_once(&end).unwrap();
        let id = before.rsplit_once("\nid: ").unwrap().1;
        let last = rest.split_once("\n\n").unwrap().0;
        (format!("{before}{end}{last}\n\n"), id.lines().next().unwrap().to_owned())
    }

    /// What a screen that is opened now shows.
    async fn everything(&self) -> Map<String, Value> {
        let mut paths = vec!["/state".to_owned(), THREADS_UNREAD.to_owned()];
        paths.push("/threads?limit=200".to_owned());
        paths.extend(self.threads.iter().map(|root| thread(*root)));
        for channel in channels(&self.person.state().await) {
            paths.extend([page_of(&channel), format!("/pins/{channel}")]);
        }
        let mut all = Map::new();
        for path in paths {
            all.extend(ask(&self.person, &path).await.map(|answer| (path, answer)));
        }
        all
    }
}

/// What the client asks for when it does not know what is unread in threads.
const THREADS_UNREAD: &str = "/threads?unread=true&limit=100";

fn page_of(channel: &str) -> String {
    format!("/messages/{channel}?limit=200")
}

fn thread(root: u64) -> String {
    format!("/thread/{root}?limit=200")
}

/// The answer with what it answers for; `None` when it is refused.
async fn ask(person: &Person, path: &str) -> Option<Value> {
    let answer = person.get(path).await;
    assert!(answer.status < 500, "{path}: {}", answer.text);
    (answer.status == 200).then(|| {
        let cursor = answer.header("minimost-cursor").unwrap();
        json!({"path": path, "cursor": cursor, "body": answer.json()})
    })
}

/// The names of the channels in a state.
fn channels(state: &Value) -> Vec<String> {
    let channels = state["channels"].as_array().unwrap().iter();
    channels.map(|channel| channel["channel"].as_str().unwrap().to_owned()).collect()
}

/// The bytes of a stream so far. It is read at once: who reads slowly is cut off.
#[expect(clippy::disallowed_methods, reason = "it ends with the stream, and that with the server")]
fn recording(mut stream: Response) -> watch::Receiver<Vec<u8>> {
    let (heard, recording) = watch::channel(Vec::new());
    tokio::spawn(async move {
        while let Ok(Some(chunk)) = stream.chunk().await {
            heard.send_modify(|bytes| bytes.extend_from_slice(&chunk));
        }
    });
    recording
}

/// Ids are of the cursor's epoch, come after it, and rise.
fn assert_is_sound(stream: &str, cursor: &str) {
    let place = |cursor: &str| {
        let mut parts = cursor.split('.').map(str::to_owned);
        let (epoch, seq) = (parts.next().unwrap(), parts.next().unwrap());
        (epoch, seq.parse::<u64>().unwrap())
    };
    let (epoch, mut before) = place(cursor);
    let mut events = 0;
    for frame in stream.split("\n\n") {
        let Some(id) = frame.lines().find_map(|line| line.strip_prefix("id: ")) else { continue };
        let (frames_epoch, seq) = place(id);
        assert_eq!(frames_epoch, epoch);
        let is_heartbeat = !frame.contains("event: ");
        assert!(seq > before || (is_heartbeat && seq == before), "{seq} after {before}");
        before = seq;
        events += u32::from(!is_heartbeat);
    }
    assert!(events > 10, "only {events} events: the history is none");
}
