//! Everything that a reader asks.

use serde_json::{Value, json};

use super::Person;

/// The questions of a reader of #general, and those about single messages there.
pub fn questions(about: &[&Value]) -> Vec<String> {
    let fixed = [
        "/state",
        "/messages/general",
        "/messages/general?limit=2",
        "/messages/general?after=0",
        "/messages/general?before_id=1000000&limit=200",
        "/messages/random",
        "/mentions",
        "/mentions?all=true",
        "/threads",
        "/threads?unread=true",
        "/saved",
        "/pins/general",
        "/dms",
        "/private_channels",
        "/channel_unreads",
        "/unread_count",
        "/last_read/general",
        "/read_receipts/general",
        "/read_markers/general",
    ];
    let about = about.iter().flat_map(|id| {
        [
            format!("/messages/general?around_id={id}&limit=3"),
            format!("/messages/general?before_id={id}"),
            format!("/messages/general?after_id={id}"),
            format!("/message/{id}"),
            format!("/message/{id}/history"),
            format!("/thread/{id}"),
            format!("/receipts/{id}"),
            format!("/why/{id}"),
        ]
    });
    fixed.map(str::to_owned).into_iter().chain(about).collect()
}

/// What somebody is answered; what is refused as its status.
pub async fn ask(person: &Person, questions: &[String]) -> Vec<Value> {
    let mut answers = Vec::new();
    for question in questions {
        let answer = person.get(question).await;
        answers.push(if answer.status == 200 { answer.json() } else { json!(answer.status) });
    }
    answers
}
