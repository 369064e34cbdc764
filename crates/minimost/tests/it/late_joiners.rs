//! What somebody who came without the history can tell of what was before: nothing, not even a number.

use serde_json::{Value, json};

use crate::support::{Person, TestServer};

/// What alice and bob said before carol came, and where.
struct Before {
    plans: String,
    root: Value,
}

async fn carol_comes_late([alice, bob, carol]: [&Person; 3]) -> Before {
    let plans = alice.create_private(&["bob"]).await;
    let root = alice.send(&plans, "a surprise for carol").await;
    reply(bob, &root, "cake?").await;
    bob.mark_read_to(&plans, &root["id"]).await;
    bob.state().await;
    alice.add(&plans, &carol.name).await;
    Before { plans, root }
}

async fn reply(person: &Person, root: &Value, text: &str) -> Value {
    let wish = json!({"text": text, "thread_id": root["id"]});
    let channel = root["channel"].as_str().unwrap();
    person.post(&format!("/send/{channel}"), &wish).await.expect(201)
}

#[tokio::test]
async fn carol_hears_replies_of_a_thread_from_before_without_what_it_comes_to() {
    let mut server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let before = carol_comes_late([&alice, &bob, &carol]).await;
    let (mut bobs, mut carols) = (bob.events().await, carol.events().await);
    let since = carols.cursor.clone();
    let said = reply(&alice, &before.root, "hush").await;
    let to_all = json!({"text": "and candles", "thread_id": before.root["id"], "also_send_to_channel": true});
    let both = alice.post(&format!("/send/{}", before.plans), &to_all).await.expect(201);
    for (kind, id) in [("thread_replied", &said["id"]), ("message_posted", &both["id"])] {
        let [bobs, carols] = [bobs.next_named(kind).await, carols.next_named(kind).await];
        assert_eq!([&bobs.data["id"], &carols.data["id"]], [id, id]);
        assert_eq!(bobs.data["root_thread"]["participants"], json!(["bob", "alice"]));
        assert_eq!(carols.data["root_thread"], Value::Null);
    }
    let hers = carol.send(&before.plans, "hello?").await;
    assert_eq!(carols.next_named("message_posted").await.data["id"], hers["id"], "nothing twice");

    server.restart().await;
    let (bob, carol) = (bob.at(&server), carol.at(&server));
    let [mut bobs, mut carols] = [bob.events_from(&since).await, carol.events_from(&since).await];
    let again =
        [bobs.next_named("thread_replied").await, carols.next_named("thread_replied").await];
    assert_eq!(again[0].data["root_thread"]["replies"], 2);
    assert_eq!(again[1].data["id"], said["id"]);
    assert_eq!(again[1].data["root_thread"], Value::Null, "nor does a replay tell it");
}

#[tokio::test]
async fn carol_is_told_the_whole_of_a_thread_that_began_after_she_came() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let before = carol_comes_late([&alice, &bob, &carol]).await;
    let root = alice.send(&before.plans, "who brings what?").await;
    let mut carols = carol.events().await;
    reply(&bob, &root, "plates").await;
    let heard = carols.next_named("thread_replied").await;
    assert_eq!(heard.data["root_thread"]["replies"], 1);
}

#[tokio::test]
async fn carol_is_not_told_who_has_read_up_to_what_she_does_not_see() {
    let mut server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let before = carol_comes_late([&alice, &bob, &carol]).await;
    let receipts = format!("/read_receipts/{}", before.plans);
    let of_bob = json!({"bob": before.root["ts"]});
    assert_eq!(alice.get(&receipts).await.expect(200), of_bob);
    assert_eq!(carol.get(&receipts).await.expect(200), json!({}));
    server.restart().await;
    let [alice, bob, carol] = [&alice, &bob, &carol].map(|person| person.at(&server));
    assert_eq!(carol.get(&receipts).await.expect(200), json!({}));

    let query = format!("channel={}&cursor={}", before.plans, carol.cursor().await);
    let (mut alices, mut carols) = (alice.events_at(&query).await, carol.events_at(&query).await);
    bob.post(&format!("/mark_unread/{}", before.root["id"]), &json!({})).await.expect(204);
    let told = alices.next_named("read_markers").await.data["markers"]["bob"].clone();
    assert!(told["last_read_id"].as_u64() < before.root["id"].as_u64(), "{told}");
    let after = bob.send(&before.plans, "welcome").await;
    bob.mark_read_to(&before.plans, &after["id"]).await;
    let heard = carols.next_named("read_markers").await.data;
    assert_eq!(heard["markers"]["bob"]["last_read_id"], after["id"], "the first that she hears");
    assert_eq!(carol.get(&receipts).await.expect(200), json!({"bob": after["ts"]}));
}
