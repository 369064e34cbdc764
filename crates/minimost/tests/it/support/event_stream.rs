//! One person's live stream, frame by frame.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

/// How long a test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(10);

type Chunks = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>;

/// An open stream.
pub struct EventStream {
    chunks: Chunks,
    waiting: Vec<u8>,
    /// The name of the stream, for `POST /viewing`.
    pub name: String,
    /// Whose it is.
    pub user: String,
    /// The `id` of the last frame that had one.
    pub cursor: String,
}

/// A frame with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `<epoch>.<seq>.<sum>`; signals have none.
    pub id: Option<String>,
    pub name: String,
    pub data: Value,
}

impl EventStream {
    pub(super) async fn open(answer: Response) -> EventStream {
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        let chunks: Chunks = Box::pin(answer.bytes_stream());
        let (name, user, cursor) = Default::default();
        let mut stream = EventStream { chunks, waiting: Vec::new(), name, user, cursor };
        let hello = stream.next().await.expect("the stream says hello");
        assert!(matches!(hello.name.as_str(), "hello" | "resync"), "{hello:?}");
        if hello.name == "hello" {
            hello.data["stream"].as_str().unwrap().clone_into(&mut stream.name);
            hello.data["user"].as_str().unwrap().clone_into(&mut stream.user);
            hello.data["cursor"].as_str().unwrap().clone_into(&mut stream.cursor);
        } else {
            "resync".clone_into(&mut stream.name);
        }
        stream
    }

    /// The next durable event; signals before it are skipped.
    pub async fn next_event(&mut self) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.id.is_some() {
                return event;
            }
        }
    }

    /// The next event or signal of this name; others before it are skipped.
    pub async fn next_named(&mut self, name: &str) -> Event {
        loop {
            let event =
                self.next().await.unwrap_or_else(|| panic!("the stream ended before {name}"));
            if event.name == name {
                return event;
            }
        }
    }

    /// The next event or signal; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let frame = self.next_frame().await?;
            let (mut id, mut name, mut data) = (None, String::new(), String::new());
            for line in frame.lines() {
                match line.split_once(": ") {
                    Some(("id", value)) => id = Some(value.to_owned()),
                    Some(("event", value)) => value.clone_into(&mut name),
                    Some(("data", value)) => data.push_str(value),
                    _ => {}
                }
            }
            if let Some(id) = &id {
                self.cursor.clone_from(id);
            }
            if !name.is_empty() {
                let data = serde_json::from_str(&data).expect("data is JSON");
                return Some(Event { id, name, data });
            }
        }
    }

    async fn next_frame(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.waiting.windows(2).position(|pair| pair == b"\n\n") {
                let frame: Vec<u8> = self.waiting.drain(..end + 2).collect();
                return Some(String::from_utf8(frame).expect("frames are UTF-8"));
            }
            let chunk = timeout(PATIENCE, self.chunks.next()).await;
            match chunk.expect("something comes in time") {
                Some(Ok(bytes)) => self.waiting.extend_from_slice(&bytes),
                // A server that goes away ends the stream either way.
                Some(Err(_)) | None => return None,
            }
        }
    }
}
