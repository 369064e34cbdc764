//! The suites: each measures one thing in a few sizes, and adds a row for each.

pub mod comparison;
pub mod exact;
pub mod idle;
pub mod machine;
pub mod migration;
pub mod original;
pub mod people;
pub mod reads;
pub mod sends;
pub mod startup;
pub mod streams;

use crate::bench::Bench;
use crate::http::{self, Credentials};
use crate::mark::Mark;
use crate::seed;

/// Measures something.
pub type Suite = fn(&mut Bench) -> anyhow::Result<()>;

/// Every suite, the ones that share a long history last before the original.
pub const ALL: [Suite; 9] = [
    sends::run,
    streams::run,
    exact::run,
    idle::run,
    reads::run,
    startup::run,
    comparison::run,
    migration::run,
    original::run,
];

/// Characters of a measured message.
const TEXT_CHARS: usize = 64;

/// Seconds of load before each measurement: caches fill, connections open.
const WARM_UP_SECONDS: f64 = 0.5;

/// A marked message to `general` from the nth account, with an id for safe repeats, as the web client sends it.
fn send_request(account: usize, mark: Mark) -> Vec<u8> {
    let text = mark.text(TEXT_CHARS);
    let client_msg_id = format!("{:x}-{}", mark.sent_micros, mark.number);
    let json = format!(r#"{{"text":"{text}","client_msg_id":"{client_msg_id}"}}"#);
    http::post_json("/send/general", &seed::credentials(account), &json)
}

/// The live stream of each account in turn.
fn stream_requests(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|account| stream_request(&seed::credentials(account))).collect()
}

fn stream_request(credentials: &Credentials) -> Vec<u8> {
    http::get("/events?channel=general", credentials)
}
