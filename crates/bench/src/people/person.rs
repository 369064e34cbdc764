//! What one simulated person's browser knows, and how it says who asks.

use std::collections::{BTreeSet, VecDeque};

use super::call::Call;
use super::wire::{Requests, Stream};
use crate::seed;

/// Requests that one person has on their way at once; the others wait. A browser has five beside the stream; here two,
/// because 5,000 people share the open files of one process.
pub const REQUESTS_MAX: usize = 2;

/// A browser with one tab.
pub struct Person {
    /// As the stream calls them.
    pub name: Vec<u8>,
    /// Where they are: places, `general` first.
    pub home: Vec<usize>,
    /// The place on the screen.
    pub open: usize,
    /// Places of which the newest page is held.
    pub loaded: BTreeSet<usize>,
    /// Places with something unread.
    pub unread: BTreeSet<usize>,
    /// Places whose members were asked for.
    pub known: BTreeSet<usize>,
    /// Pages scrolled up in the open place.
    pub pages_up: usize,
    /// `GET /state` has answered.
    pub is_started: bool,
    pub stream: Option<Stream>,
    /// What `GET /state` answered for: where the page's stream begins.
    pub cursor: String,
    /// The last id that the page has heard: where its stream goes on.
    pub last_id: Vec<u8>,
    pub stream_failures: u32,
    /// The stream's name; empty while there is none.
    pub stream_name: String,
    pub requests: [Option<Requests>; REQUESTS_MAX],
    pub waiting: VecDeque<Call>,
    pub marks: Marks,
    pub threads: Threads,
    pub has_emoji: bool,
    /// What they wrote last.
    pub last_own: Option<u64>,
    pub writing: Option<Writing>,
}

/// Read markers go out once a second.
#[derive(Default)]
pub struct Marks {
    pub last_micros: u64,
    pub is_waiting: bool,
}

/// What is known of threads.
#[derive(Default)]
pub struct Threads {
    pub is_stale: bool,
    pub is_asked: bool,
    /// They were asked for before.
    pub is_known: bool,
}

/// A message that is being written.
#[derive(Clone, Debug)]
pub struct Writing {
    pub place: usize,
    pub thread: Option<u64>,
    /// Whom it names.
    pub names: Option<usize>,
}

impl Person {
    /// The connection of the stream is gone; what it brought stays.
    pub fn drop_stream(&mut self) -> Option<Stream> {
        let stream = self.stream.take()?;
        self.stream_name.clear();
        if !stream.cursor.is_empty() {
            self.last_id.clone_from(&stream.cursor);
        }
        Some(stream)
    }

    pub fn new(account: usize, home: Vec<usize>) -> Person {
        Person {
            name: seed::name(account).into_bytes(),
            open: home[0],
            // The last of what was seeded is unread.
            unread: home.iter().copied().collect(),
            home,
            loaded: BTreeSet::new(),
            known: BTreeSet::new(),
            pages_up: 0,
            is_started: false,
            stream: None,
            cursor: String::new(),
            last_id: Vec::new(),
            stream_failures: 0,
            stream_name: String::new(),
            requests: [const { None }; REQUESTS_MAX],
            waiting: VecDeque::new(),
            marks: Marks::default(),
            threads: Threads::default(),
            has_emoji: false,
            last_own: None,
            writing: None,
        }
    }
}

/// A request as a browser sends it from our own page.
pub fn request(method: &str, path: &str, account: usize, json: Option<&str>) -> Vec<u8> {
    let content = json.map_or_else(String::new, |json| {
        format!("Content-Type: application/json\r\nContent-Length: {}\r\n", json.len())
    });
    let token = seed::token(account);
    let body = json.unwrap_or_default();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: session={token}\r\nAccept: application/json\r\n\
         Accept-Encoding: gzip, deflate, br, zstd\r\nSec-Fetch-Site: same-origin\r\n{content}\r\n{body}"
    )
    .into_bytes()
}

/// The request of a stream: the address stays as the page began it, and a header says what has come since.
pub fn stream_request(account: usize, cursor: &str, last_id: &[u8]) -> Vec<u8> {
    let token = seed::token(account);
    let last = String::from_utf8_lossy(last_id);
    let header = if last.is_empty() { String::new() } else { format!("Last-Event-ID: {last}\r\n") };
    format!(
        "GET /events?cursor={cursor} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: session={token}\r\nAccept: text/event-stream\r\n\
         Accept-Encoding: gzip, deflate, br, zstd\r\nSec-Fetch-Site: same-origin\r\n{header}\r\n"
    )
    .into_bytes()
}

/// The text after `"name":"`, or the digits after `"name":`, at the beginning of a document.
pub fn field<'a>(data: &'a [u8], begin: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::find(data, begin)? + begin.len();
    let rest = &data[at..];
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b',' | b'}'))?;
    Some(&rest[..end])
}

/// The same as a number.
pub fn number(data: &[u8], begin: &[u8]) -> Option<u64> {
    std::str::from_utf8(field(data, begin)?).ok()?.parse().ok()
}

/// Whether an event names somebody.
pub fn names(data: &[u8], name: &[u8]) -> bool {
    const BEGIN: &[u8] = b"\"mentions\":[";
    let Some(at) = memchr::memmem::find(data, BEGIN) else { return false };
    let named = &data[at + BEGIN.len()..];
    let named = named.split(|byte| *byte == b']').next().unwrap_or_default();
    named.split(|byte| *byte == b'"').any(|part| part == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_without_reading_a_whole_document() {
        let data = br#"{"id":17,"channel":"dm:a:b","sender":"a","thread_id":null}"#;
        assert_eq!(number(data, b"\"id\":"), Some(17));
        assert_eq!(field(data, b"\"channel\":\""), Some(&b"dm:a:b"[..]));
        assert_eq!(number(data, b"\"thread_id\":"), None);
    }
}
