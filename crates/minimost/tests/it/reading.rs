//! Reading: markers that go back, everything at once, who has read what, and the feed of mentions. Here: outsiders,
//! late joiners, who was removed, and restarts on files made anew; `every_wish.rs` has the rest of bad input,
//! `rebuild/counts.rs` the counts after any sequence.

use serde_json::{Value, json};

use crate::support::{Person, TestServer};

async fn receipts(person: &Person, message: &Value) -> Vec<Value> {
    let receipts = person.get(&format!("/receipts/{}", message["id"])).await.expect(200);
    receipts.as_array().unwrap().iter().map(|receipt| receipt["user"].clone()).collect()
}

/// The ids of a page or a feed.
fn ids(messages: &Value) -> Vec<Value> {
    messages.as_array().unwrap().iter().map(|message| message["id"].clone()).collect()
}

#[tokio::test]
async fn what_was_read_can_be_unread_again_and_everything_read_at_once() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let first = alice.send("general", "one").await;
    let second = alice.send("general", "two @bob").await;
    alice.send("random", "three").await;
    bob.mark_read("general").await;
    assert_eq!(receipts(&alice, &first).await, ["bob"]);
    bob.post(&format!("/mark_unread/{}", second["id"]), &json!({})).await.expect(204);
    assert_eq!(bob.unreads().await["general"], 1);
    assert_eq!(receipts(&alice, &second).await, Vec::<Value>::new(), "the receipt went with it");
    assert_eq!(receipts(&alice, &first).await, ["bob"]);
    assert_eq!(ids(&bob.get("/mentions").await.expect(200)), [second["id"].clone()]);
    bob.post("/mark_all_read", &json!({})).await.expect(204);
    assert_eq!(bob.unreads().await.values().sum::<u64>(), 0);
    assert_eq!(bob.get("/mentions").await.expect(200), json!([]));
    assert_eq!(ids(&bob.get("/mentions?all=true").await.expect(200)), [second["id"].clone()]);
}

#[tokio::test]
async fn a_page_can_be_drawn_around_a_message() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let mut sent = Vec::new();
    for number in 0..7 {
        sent.push(alice.send("general", &format!("message {number}")).await);
    }
    let page = alice.page("general", &format!("around_id={}&limit=3", sent[3]["id"])).await;
    assert_eq!(page, sent[2..5]);
    let path = format!("/messages/random?around_id={}", sent[3]["id"]);
    alice.get(&path).await.expect_problem(404, "message-not-found");
}

/// Marks the first two at once, so that the second marker waits when the third wish comes.
#[tokio::test]
async fn a_marker_that_still_waits_does_not_win_over_marking_unread() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let first = alice.send("general", "one").await;
    let second = alice.send("general", "two").await;
    bob.mark_read_to("general", &first["id"]).await;
    bob.mark_read_to("general", &second["id"]).await;
    bob.post(&format!("/mark_unread/{}", first["id"]), &json!({})).await.expect(204);
    assert_eq!(bob.unreads().await["general"], 2);
    server.restart().await;
    assert_eq!(bob.at(&server).unreads().await["general"], 2);
}

#[tokio::test]
async fn a_reply_in_a_thread_is_marked_unread_there() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let root = alice.send("general", "who is in?").await;
    let wish = json!({"text": "me", "thread_id": root["id"]});
    let first = bob.post("/send/general", &wish).await.expect(201);
    bob.post("/send/general", &wish).await.expect(201);
    alice.post(&format!("/thread/{}/read", root["id"]), &json!({})).await.expect(204);
    assert_eq!(receipts(&bob, &first).await, ["alice"]);
    alice.post(&format!("/mark_unread/{}", first["id"]), &json!({})).await.expect(204);
    assert_eq!(alice.state().await["threads"]["unread"], 2);
    assert_eq!(receipts(&bob, &first).await, Vec::<Value>::new());
}

#[tokio::test]
async fn marking_a_reply_unread_never_reads_an_earlier_one() {
    let mut server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let root = alice.send("general", "who is in?").await;
    let reply = async |text: &str| {
        let wish = json!({"text": text, "thread_id": root["id"]});
        bob.post("/send/general", &wish).await.expect(201)
    };
    let (first, second) = (reply("me").await, reply("and carol").await);
    let path = format!("/mark_unread/{}", second["id"]);
    let mut events = alice.events().await;
    let wish = json!({"client_msg_id": "again"});
    alice.post(&path, &wish).await.expect(204);
    let expected = json!({"id": root["id"], "channel": "general", "from_id": second["id"]});
    assert_eq!(events.next_named("thread_unread").await.data, expected);
    let unread = async |person: &Person| person.state().await["threads"]["unread"].clone();
    assert_eq!(unread(&alice).await, 2, "the first was not read yet");
    let reading = format!("/thread/{}/read", root["id"]);
    alice.post(&reading, &json!({})).await.expect(204);
    alice.post(&path, &wish).await.expect(204);
    assert_eq!(unread(&alice).await, 0, "a repeat that comes late does nothing");
    alice.post(&path, &json!({})).await.expect(204);
    assert_eq!(unread(&alice).await, 1);
    assert_eq!(receipts(&bob, &first).await, ["alice"]);
    assert_eq!(receipts(&bob, &second).await, Vec::<Value>::new());

    let cursor = carol.cursor().await;
    carol.post(&path, &json!({})).await.expect(204);
    assert_eq!(carol.cursor().await, cursor, "she does not follow");
    server.restart_checked().await;
    assert_eq!(unread(&alice.at(&server)).await, 1);
}

/// Alice's garden, in which she said three things before bob came, and these.
async fn garden(alice: &Person, bob: &Person) -> [Value; 3] {
    alice.post("/channels", &json!({"channel": "garden"})).await.expect(201);
    let mut said = Vec::new();
    for text in ["one", "two @everyone", "three"] {
        said.push(alice.send("garden", text).await);
    }
    bob.post("/channels/garden/join", &json!({})).await.expect(200);
    said.try_into().unwrap()
}

#[tokio::test]
async fn what_was_said_before_bob_came_counts_when_he_marks_it_unread() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let [first, second, third] = garden(&alice, &bob).await;
    assert_eq!(bob.unreads().await["garden"], 0, "it arrives read");
    bob.post(&format!("/mark_unread/{}", second["id"]), &json!({})).await.expect(204);
    assert_eq!(bob.unreads().await["garden"], 2);
    assert_eq!(ids(&bob.get("/mentions").await.expect(200)), [second["id"].clone()]);
    alice.send("garden", "four").await;
    alice.delete(&third["id"]).await;
    assert_eq!(bob.unreads().await["garden"], 2);
    bob.mark_read_to("garden", &first["id"]).await;
    assert_eq!(bob.unreads().await["garden"], 2);
    bob.mark_read_to("garden", &second["id"]).await;
    assert_eq!(bob.unreads().await["garden"], 1, "only the newest");
    assert_eq!(bob.get("/mentions").await.expect(200), json!([]));
    bob.mark_read_to("garden", &first["id"]).await;
    let before = bob.state().await["channels"].clone();
    server.restart_checked().await;
    let bob = bob.at(&server);
    assert_eq!(bob.state().await["channels"], before);
    server.stop().await;
    std::fs::remove_dir_all(server.data_dir().join("users")).unwrap();
    server.restart_stopped().await;
    assert_eq!(bob.at(&server).unreads().await["garden"], 2, "a mailbox made anew agrees");
}

/// The second marker still waits to be written when bob leaves.
#[tokio::test]
async fn a_marker_of_an_earlier_membership_says_nothing_of_a_later_one() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let [first, second, _] = garden(&alice, &bob).await;
    bob.mark_read_to("garden", &first["id"]).await;
    bob.mark_read_to("garden", &second["id"]).await;
    bob.post("/channels/garden/leave", &json!({})).await.expect(204);
    bob.post("/channels/garden/join", &json!({})).await.expect(200);
    assert_eq!(bob.unreads().await["garden"], 0);
    alice.send("garden", "welcome back").await;
    assert_eq!(bob.unreads().await["garden"], 1);
}

#[tokio::test]
async fn everything_is_read_in_channels_direct_ones_and_threads_and_for_nobody_else() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let root = bob.send("general", "who is in?").await;
    let wish = json!({"text": "me, @bob @carol", "thread_id": root["id"]});
    alice.post("/send/general", &wish).await.expect(201);
    alice.send("random", "@everyone").await;
    alice.send("dm:alice:bob", "psst").await;
    let waiting = async |person: &Person| {
        let state = person.state().await;
        let channels = state["channels"].as_array().unwrap().iter();
        let unread: u64 = channels.map(|channel| channel["unread"].as_u64().unwrap()).sum();
        (unread, state["threads"]["unread"].as_u64().unwrap())
    };
    assert_eq!([waiting(&bob).await, waiting(&carol).await], [(2, 1), (2, 1)]);
    let wish = json!({"client_msg_id": "read-it-all"});
    bob.post("/mark_all_read", &wish).await.expect(204);
    assert_eq!([waiting(&bob).await, waiting(&carol).await], [(0, 0), (2, 1)]);
    alice.send("random", "one more").await;
    bob.post("/mark_all_read", &wish).await.expect(204);
    assert_eq!(waiting(&bob).await, (1, 0), "a repeat does nothing");
}

#[tokio::test]
async fn receipts_are_of_those_who_may_see_the_message_and_for_them() {
    let server = TestServer::start().await;
    let [alice, bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let message = alice.send(&channel, "cake").await;
    bob.mark_read(&channel).await;
    let path = format!("/receipts/{}", message["id"]);
    let receipt = alice.get(&path).await.expect(200);
    assert_eq!(receipt, json!([{"user": "bob", "last_read_ts": message["ts"]}]));
    assert_eq!(receipts(&bob, &message).await, Vec::<Value>::new(), "not oneself, nor the sender");
    mallory.get(&path).await.expect_problem(404, "message-not-found");

    let add = json!({"users": ["carol"], "history": "join"});
    bob.post(&format!("/channels/{channel}/members"), &add).await.expect(200);
    let since = alice.send(&channel, "hush").await;
    carol.mark_read(&channel).await;
    carol.state().await;
    assert_eq!(receipts(&alice, &since).await, ["carol"]);
    assert_eq!(receipts(&alice, &message).await, ["bob"], "carol never saw that one");
    carol.get(&path).await.expect_problem(404, "message-not-found");
    alice.post("/admin/people/carol/deactivate", &json!({})).await.expect(200);
    assert_eq!(receipts(&alice, &since).await, Vec::<Value>::new(), "carol's account is off");
    alice
        .post(&format!("/channels/{channel}/members/remove"), &json!({"user": "bob"}))
        .await
        .expect(200);
    assert_eq!(receipts(&alice, &message).await, Vec::<Value>::new(), "bob is gone");
    bob.get(&path).await.expect_problem(404, "message-not-found");
}

#[tokio::test]
async fn the_feed_of_mentions_has_those_of_others_read_or_not_in_pages() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let root = bob.send("general", "@bob himself, and @everyone").await;
    let first = alice.send("general", "one @bob").await;
    let gone = alice.send("general", "two @bob").await;
    let later = alice.send("random", "three").await;
    let wish = json!({"text": "four @bob", "thread_id": root["id"]});
    let reply = alice.post("/send/general", &wish).await.expect(201);
    alice.delete(&gone["id"]).await;
    alice.edit(&later["id"], "three, @bob").await;
    bob.post("/mark_all_read", &json!({})).await.expect(204);
    let feed =
        async |query: &str| ids(&bob.get(&format!("/mentions?all=true{query}")).await.expect(200));
    let [first, later, reply] = [first, later, reply].map(|it| it["id"].clone());
    let expected = [reply.clone(), later.clone(), first.clone()];
    assert_eq!(feed("").await, expected);
    assert_eq!(feed("&limit=2").await, expected[..2]);
    assert_eq!(feed(&format!("&limit=2&before_id={later}")).await, expected[2..]);
    assert_eq!(bob.get("/mentions").await.expect(200), json!([]));
    assert_eq!(ids(&alice.get("/mentions?all=true").await.expect(200)), [root["id"].clone()]);
    bob.get("/mentions?all=maybe").await.expect_problem(400, "invalid-fields");
    bob.get("/mentions?all=true&limit=0").await.expect_problem(400, "invalid-fields");
}

#[tokio::test]
async fn a_late_joiner_has_no_page_around_what_they_do_not_see() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let before = alice.send(&channel, "for carol: cake").await;
    alice
        .post(&format!("/channels/{channel}/members"), &json!({"users": ["carol"]}))
        .await
        .expect(200);
    let after = alice.send(&channel, "welcome").await;
    let around = |id: &Value| format!("/messages/{channel}?around_id={id}");
    assert_eq!(bob.get(&around(&before["id"])).await.expect(200)[0], before);
    carol.get(&around(&before["id"])).await.expect_problem(404, "message-not-found");
    let page = carol.get(&around(&after["id"])).await.expect(200);
    assert!(!page.to_string().contains("cake"), "{page}");
    carol
        .post(&format!("/mark_unread/{}", before["id"]), &json!({}))
        .await
        .expect_problem(404, "message-not-found");
    for query in ["around_id=1&before_id=2", "around_id=1&after=1", "around_id=x"] {
        let path = format!("/messages/general?{query}");
        alice.get(&path).await.expect_problem(400, "invalid-fields");
    }
    alice.get("/messages/general?around_id=9999").await.expect_problem(404, "message-not-found");
}

#[tokio::test]
async fn what_is_read_and_what_is_not_stays_so_in_files_made_anew() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let root = bob.send(&channel, "who is in?").await;
    let mut said = Vec::new();
    for number in 0..3 {
        said.push(alice.send(&channel, &format!("{number} @bob")).await);
        let wish = json!({"text": format!("{number}, @everyone"), "thread_id": root["id"]});
        said.push(alice.post(&format!("/send/{channel}"), &wish).await.expect(201));
    }
    let direct = alice.send("dm:alice:bob", "psst").await;
    bob.post("/mark_all_read", &json!({})).await.expect(204);
    for message in &said[2..4] {
        bob.post(&format!("/mark_unread/{}", message["id"]), &json!({})).await.expect(204);
    }
    alice.delete(&said[4]["id"]).await;
    bob.post(&format!("/mark_unread/{}", direct["id"]), &json!({})).await.expect(204);
    let reads = ["/state", "/mentions", "/mentions?all=true", "/threads", "/dms", "/unread_count"];
    let found = async |person: &Person| {
        let mut found = Vec::new();
        for path in reads {
            let mut answer = person.get(path).await.expect(200);
            answer.as_object_mut().and_then(|state| state.remove("presence"));
            found.push(answer);
        }
        found
    };
    let before = found(&bob).await;
    let entry = before[0]["channels"].as_array().unwrap().iter();
    let entry: Vec<_> = entry.filter(|entry| entry["unread"] != 0).collect();
    let counts = entry.iter().map(|entry| (entry["unread"].clone(), entry["mentions"].clone()));
    let expected = [(json!(1), json!(1)), (json!(1), json!(0))];
    assert_eq!(counts.collect::<Vec<_>>(), expected, "{entry:?}");
    let threads = &before[0]["threads"];
    assert_eq!((&threads["unread"], &threads["mentions"]), (&json!(2), &json!(2)));
    let seen = receipts(&alice, &said[0]).await;
    server.restart_made_anew().await;
    assert_eq!(found(&bob.at(&server)).await, before);
    assert_eq!(receipts(&alice.at(&server), &said[0]).await, seen);
}
