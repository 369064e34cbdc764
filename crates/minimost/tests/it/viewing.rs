//! What is open on the screens of a stream: a person has many, and one stream for all of them.

use serde_json::{Value, json};

use crate::support::{EventStream, Person, TestServer};

async fn view(person: &Person, stream: &str, channels: Value) {
    let wish = json!({"stream": stream, "channels": channels});
    person.post("/viewing", &wish).await.expect(204);
}

/// Alice types in each of these, one after the other; answers where the stream hears of it before she says "now".
async fn heard(alice: &Person, stream: &mut EventStream, typed: &[&str]) -> Vec<String> {
    for channel in typed {
        alice.post(&format!("/typing/{channel}"), &json!({})).await.expect(204);
    }
    let now = alice.send("general", "now").await;
    // What is sent ends the typing, so that the next key is news again.
    for channel in typed.iter().filter(|channel| **channel != "general") {
        alice.send(channel, "there").await;
    }
    let mut heard = Vec::new();
    loop {
        let event = stream.next().await.expect("the stream goes on");
        if event.name == "typing" {
            heard.push(event.data["channel"].as_str().unwrap().to_owned());
        }
        if event.data["id"] == now["id"] && event.name == "message_posted" {
            return heard;
        }
    }
}

#[tokio::test]
async fn typing_and_receipts_go_by_all_that_is_open() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let made = json!({"channel": "eng", "name": "eng"});
    alice.post("/channels", &made).await.expect(201);
    bob.post("/channels/eng/join", &json!({})).await.expect(200);
    let all = ["general", "random", "eng"];
    let mut bobs = bob.events_at("channel=eng").await;
    assert_eq!(heard(&alice, &mut bobs, &all).await, ["eng"], "as the stream was opened");

    view(&bob, &bobs.name, json!(["general", "random"])).await;
    assert_eq!(heard(&alice, &mut bobs, &all).await, ["general", "random"]);
    alice.mark_read("random").await;
    let receipts = bobs.next_named("read_markers").await.data;
    assert_eq!(receipts["channel"], "random");

    view(&bob, &bobs.name, json!(["eng", "eng", "eng"])).await;
    assert_eq!(heard(&alice, &mut bobs, &all).await, ["eng"], "once, however often it is named");
    view(&bob, &bobs.name, json!([])).await;
    assert_eq!(heard(&alice, &mut bobs, &all).await, [""; 0]);
    let one = json!({"stream": bobs.name, "channel": "random"});
    bob.post("/viewing", &one).await.expect(204);
    assert_eq!(heard(&alice, &mut bobs, &all).await, ["random"], "`channel` is for one screen");
    let both = json!({"stream": bobs.name, "channel": "general", "channels": ["eng"]});
    bob.post("/viewing", &both).await.expect(204);
    assert_eq!(heard(&alice, &mut bobs, &all).await, ["general", "eng"]);
    bob.post("/viewing", &json!({"stream": bobs.name})).await.expect(204);
    assert_eq!(heard(&alice, &mut bobs, &all).await, [""; 0]);
}

#[tokio::test]
async fn what_bob_may_not_see_counts_as_none_and_ends_nothing() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    alice.send("dm:alice:carol", "psst").await;
    let odd = ["dm:alice:carol", "zzz", "not a name!", "", "private:77"];
    let mut carols = carol.events_at("channel=dm:alice:carol").await;
    let hers = heard(&alice, &mut carols, &["dm:alice:carol"]).await;
    assert_eq!(hers, ["dm:alice:carol"], "who is in it hears it");
    let mut bobs = bob.events().await;
    for channel in odd {
        view(&bob, &bobs.name, json!([channel, "random"])).await;
        let typed = ["dm:alice:carol", "random"];
        assert_eq!(heard(&alice, &mut bobs, &typed).await, ["random"], "{channel}");
        let one = json!({"stream": bobs.name, "channel": channel});
        bob.post("/viewing", &one).await.expect(204);
        assert_eq!(heard(&alice, &mut bobs, &typed).await, [""; 0], "{channel}");
    }
}

#[tokio::test]
async fn twenty_are_open_at_once_and_not_one_more() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut bobs = bob.events().await;
    let named = |count: usize| {
        let mut channels = vec!["random"; count - 1];
        channels.push("general");
        json!(channels)
    };
    view(&bob, &bobs.name, named(20)).await;
    let wishes = [
        json!({"stream": bobs.name, "channels": named(21)}),
        json!({"stream": bobs.name, "channels": named(20), "channel": "random"}),
    ];
    for wish in wishes {
        let problem = bob.post("/viewing", &wish).await.expect_problem(422, "invalid-value");
        assert!(problem["detail"].as_str().unwrap().contains("at most 20"), "{problem}");
    }
    let wrong = json!({"stream": bobs.name, "channels": {"general": true}});
    bob.post("/viewing", &wrong).await.expect_problem(400, "invalid-fields");
    let all = ["general", "random"];
    assert_eq!(heard(&alice, &mut bobs, &all).await, all, "what was refused changed nothing");
}

#[tokio::test]
async fn the_stream_is_ones_own_and_says_whose() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let answer = bob.events_after("", "").await;
    assert_eq!(answer.user, "bob");
    let mut bobs = bob.events_at("channel=random").await;
    let wish = json!({"stream": bobs.name, "channels": ["general"]});
    alice.post("/viewing", &wish).await.expect_problem(404, "stream-not-found");
    assert_eq!(heard(&alice, &mut bobs, &["general", "random"]).await, ["random"]);
    let unknown = json!({"stream": "none", "channels": ["general"]});
    bob.post("/viewing", &unknown).await.expect_problem(404, "stream-not-found");
    bob.post("/viewing", &wish).await.expect(204);
    assert_eq!(heard(&alice, &mut bobs, &["general", "random"]).await, ["general"]);
}
