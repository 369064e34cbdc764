//! Threads: replies beside the channel, who follows them, and what waits there. Here: outsiders, late joiners (more
//! of them in `late_joiners.rs`), who was removed, restarts on files made anew, and bad input.

use serde_json::{Value, json};

use crate::support::{Person, TestServer, files_with};

/// Replies in the thread under a message.
async fn reply(person: &Person, root: &Value, text: &str) -> Value {
    let body = json!({"text": text, "thread_id": root["id"]});
    let channel = root["channel"].as_str().unwrap();
    person.post(&format!("/send/{channel}"), &body).await.expect(201)
}

async fn follow(person: &Person, root: &Value, on: bool) {
    let path = format!("/thread/{}/follow", root["id"]);
    person.post(&path, &json!({"on": on})).await.expect(204);
}

async fn read(person: &Person, root: &Value) {
    person.post(&format!("/thread/{}/read", root["id"]), &json!({})).await.expect(204);
}

async fn thread(person: &Person, root: &Value) -> Value {
    person.get(&format!("/thread/{}", root["id"])).await.expect(200)
}

/// The threads that somebody follows: their roots, what waits there and how much of it names them.
async fn followed(person: &Person) -> Vec<(Value, Value, Value)> {
    let threads = person.get("/threads").await.expect(200);
    let line = |it: &Value| (it["id"].clone(), it["unread"].clone(), it["mentions"].clone());
    threads.as_array().unwrap().iter().map(line).collect()
}

/// What `GET /state` says of threads: those that one follows, of which the first has what is unread.
fn waiting(followed: &[&Value], unread: u64, mentions: u64) -> Value {
    let first = followed.first().filter(|_| unread > 0);
    let unread_in: serde_json::Map<_, _> =
        first.iter().map(|root| (root.to_string(), json!(unread))).collect();
    json!({"unread": unread, "mentions": mentions, "unread_in": unread_in, "followed": followed})
}

#[tokio::test]
async fn a_reply_in_a_thread_is_beside_the_channel_and_waits_for_who_follows() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let mut events = alice.events().await;
    let root = alice.send("general", "who deploys?").await;
    let first = reply(&bob, &root, "me").await;
    assert_eq!(first["thread_id"], root["id"]);
    assert_eq!(bob.messages("general").await.len(), 1, "the channel shows the root alone");

    let live = events.next_named("thread_replied").await.data;
    assert_eq!(live["id"], first["id"]);
    assert_eq!(live["root_thread"]["replies"], 1);
    let page = thread(&alice, &root).await;
    assert_eq!(page["root"]["thread"], live["root_thread"], "the page says what the stream said");
    assert_eq!(page["replies"], json!([first]));
    assert_eq!((&page["following"], &page["unread"]), (&json!(true), &json!(1)));
    assert_eq!(followed(&alice).await, [(root["id"].clone(), json!(1), json!(0))]);
    assert_eq!(alice.state().await["threads"], waiting(&[&root["id"]], 1, 0));
    assert_eq!(carol.state().await["threads"], waiting(&[], 0, 0));
    assert_eq!(followed(&carol).await, [], "carol has nothing to do with it");
    assert_eq!(alice.unreads().await["general"], 0, "the channel's count is about its timeline");

    read(&alice, &root).await;
    assert_eq!(followed(&alice).await, [(root["id"].clone(), json!(0), json!(0))]);
    assert_eq!(thread(&alice, &root).await["last_read_id"], first["id"]);
}

#[tokio::test]
async fn a_reply_that_is_also_sent_to_the_channel_waits_in_both() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let mut events = carol.events().await;
    let root = alice.send("general", "who deploys?").await;
    let wish = json!({"text": "me, @carol", "thread_id": root["id"], "also_send_to_channel": true});
    let reply = bob.post("/send/general", &wish).await.expect(201);
    events.next_named("message_posted").await;
    let posted = events.next_named("message_posted").await.data;
    assert_eq!((&posted["id"], &posted["thread_id"]), (&reply["id"], &root["id"]));
    assert_eq!(posted["root_thread"]["participants"], json!(["bob"]));
    let page = alice.messages("general").await;
    assert_eq!(page[1]["id"], reply["id"], "the channel shows it");
    assert_eq!(thread(&alice, &root).await["replies"], json!([reply]), "and so does the thread");
    assert_eq!(alice.unreads().await["general"], 1);
    assert_eq!(followed(&alice).await[0].1, 1);
    let state = carol.state().await;
    assert_eq!(
        (&state["channels"][0]["mentions"], &state["threads"]["mentions"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(carol.get("/mentions").await.expect(200), json!([reply]), "once");
    alice.mark_read("general").await;
    assert_eq!(followed(&alice).await[0].1, 1, "the thread has a marker of its own");
}

#[tokio::test]
async fn who_is_named_in_a_reply_follows_the_thread_and_has_a_mention_there() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let root = alice.send("general", "who deploys?").await;
    let mut events = carol.events().await;
    let reply = reply(&bob, &root, "ask @carol").await;
    let told = events.next_named("thread_followed").await.data;
    assert_eq!(told, json!({"id": root["id"], "channel": "general", "on": true}));
    assert_eq!(followed(&carol).await, [(root["id"].clone(), json!(1), json!(1))]);
    let state = carol.state().await;
    assert_eq!(state["threads"], waiting(&[&root["id"]], 1, 1));
    assert_eq!(state["channels"][0]["mentions"], 0, "the channel's is about its timeline");
    assert_eq!(carol.get("/mentions").await.expect(200), json!([reply]));

    bob.edit(&reply["id"], "ask somebody").await;
    assert_eq!(followed(&carol).await, [(root["id"].clone(), json!(1), json!(0))]);
    assert_eq!(carol.get("/mentions").await.expect(200), json!([]));
}

#[tokio::test]
async fn a_deleted_reply_waits_no_more_and_its_thread_says_so() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let root = alice.send("general", "who deploys?").await;
    let first = reply(&bob, &root, "me").await;
    let second = reply(&carol, &root, "me too").await;
    let mut events = alice.events().await;
    bob.delete(&first["id"]).await;
    let changed = events.next_named("thread_changed").await.data;
    assert_eq!((&changed["id"], &changed["thread"]["replies"]), (&root["id"], &json!(1)));
    assert_eq!(followed(&alice).await, [(root["id"].clone(), json!(1), json!(0))]);
    let page = thread(&alice, &root).await;
    assert_eq!(page["replies"][0]["deleted"], true, "its tombstone has its place");
    assert_eq!(page["root"]["thread"], changed["thread"]);
    carol.delete(&second["id"]).await;
    assert_eq!(events.next_named("thread_changed").await.data["thread"], Value::Null);
    assert_eq!(alice.messages("general").await[0]["thread"], Value::Null);
    alice.delete(&root["id"]).await;
    reply(&carol, &root, "it goes on").await;
    let page = thread(&alice, &root).await;
    assert_eq!((&page["root"]["content"], &page["unread"]), (&Value::Null, &json!(1)));
}

#[tokio::test]
async fn a_thread_is_followed_by_hand_and_left_and_nobody_else_hears_of_it() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let root = alice.send("general", "who deploys?").await;
    reply(&bob, &root, "before").await;
    let [mut carols, mut bobs] = [carol.events().await, bob.events().await];
    follow(&carol, &root, true).await;
    assert_eq!(carols.next_event().await.name, "thread_followed");
    assert_eq!(thread(&carol, &root).await["unread"], 0, "what was said before is read");
    let after = reply(&bob, &root, "after").await;
    assert_eq!(bobs.next_event().await.data["id"], after["id"], "bob heard the reply alone");
    assert_eq!(carols.next_event().await.data["id"], after["id"]);
    assert_eq!(followed(&carol).await, [(root["id"].clone(), json!(1), json!(0))]);
    read(&carol, &root).await;
    let told = carols.next_named("thread_read").await.data;
    assert_eq!(told["last_read_id"], after["id"]);
    follow(&carol, &root, false).await;
    assert_eq!(carols.next_event().await.data["on"], false);
    let last = reply(&bob, &root, "and more").await;
    assert_eq!(bobs.next_event().await.data["id"], last["id"]);
    assert_eq!(followed(&carol).await, []);
    assert_eq!(thread(&carol, &root).await["following"], false);
    assert_eq!(followed(&alice).await[0].1, 3, "alice still does");
}

#[tokio::test]
async fn replies_and_followed_threads_come_in_pages() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let root = alice.send("general", "a long one").await;
    let mut ids = Vec::new();
    for number in 0..6 {
        ids.push(reply(&bob, &root, &format!("reply {number}")).await["id"].clone());
    }
    let page = async |query: &str| {
        let page = alice.get(&format!("/thread/{}?{query}", root["id"])).await.expect(200);
        let replies = page["replies"].as_array().unwrap().clone();
        replies.iter().map(|reply| reply["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(page("limit=2").await, ids[4..]);
    assert_eq!(page(&format!("limit=2&before_id={}", ids[4])).await, ids[2..4]);
    assert_eq!(page(&format!("limit=2&after_id={}", ids[1])).await, ids[2..4]);
    let by_reply = alice.get(&format!("/thread/{}", ids[3])).await.expect(200);
    assert_eq!(by_reply["root"], thread(&alice, &root).await["root"], "a reply names its thread");

    let other = alice.send("random", "another").await;
    reply(&bob, &other, "yes").await;
    reply(&bob, &root, "the newest").await;
    let all = alice.get("/threads").await.expect(200);
    assert_eq!((&all[0]["id"], &all[1]["id"]), (&root["id"], &other["id"]), "by the newest reply");
    assert_eq!(all[0]["last_reply_ts"], all[0]["root"]["thread"]["last_reply_ts"]);
    assert_eq!(all[1]["channel"], "random");
    let first = alice.get("/threads?limit=1").await.expect(200);
    let path = format!("/threads?before_ts={}", first[0]["last_reply_ts"]);
    assert_eq!(alice.get(&path).await.expect(200), json!([all[1]]), "the next page");
    read(&alice, &root).await;
    let unread = alice.get("/threads?unread=true").await.expect(200);
    assert_eq!((unread.as_array().unwrap().len(), &unread[0]["id"]), (1, &other["id"]));
}

#[tokio::test]
async fn threads_are_as_they_were_after_a_restart_and_without_mailboxes() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let root = alice.send("general", "who deploys?").await;
    reply(&bob, &root, "me").await;
    read(&alice, &root).await;
    reply(&bob, &root, "now, @alice").await;
    let before = (thread(&alice, &root).await, alice.get("/threads").await.expect(200));
    assert_eq!(before.1[0]["mentions"], 1);
    server.restart().await;
    let alice = alice.at(&server);
    assert_eq!((thread(&alice, &root).await, alice.get("/threads").await.expect(200)), before);
    server.restart_made_anew().await;
    let alice = alice.at(&server);
    assert_eq!((thread(&alice, &root).await, alice.get("/threads").await.expect(200)), before);
}

#[tokio::test]
async fn who_came_late_sees_the_replies_since_and_not_the_root() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let root = alice.send(&channel, "a surprise for carol").await;
    let before = reply(&bob, &root, "cake?").await;
    let add = json!({"users": ["carol"], "history": "join"});
    bob.post(&format!("/channels/{channel}/members"), &add).await.expect(200);
    let path = format!("/thread/{}", root["id"]);
    carol.get(&path).await.expect_problem(404, "message-not-found");
    let follow_wish = format!("{path}/follow");
    carol.post(&follow_wish, &json!({})).await.expect_problem(404, "message-not-found");
    let mut events = carol.events().await;
    let after = reply(&bob, &root, "hush, @carol is here").await;
    assert_eq!(events.next_named("thread_replied").await.data["id"], after["id"]);
    let page = carol.get(&path).await.expect(200);
    assert_eq!((&page["root"], &page["replies"]), (&Value::Null, &json!([after])));
    assert_eq!((&page["id"], &page["unread"]), (&root["id"], &json!(1)));
    let by_old_reply = carol.get(&format!("/thread/{}", before["id"])).await;
    by_old_reply.expect_problem(404, "message-not-found");
    let list = carol.get("/threads").await.expect(200);
    assert_eq!((&list[0]["id"], &list[0]["root"]), (&root["id"], &Value::Null));
    assert_eq!(thread(&bob, &root).await["root"]["id"], root["id"], "bob sees all of it");
    read(&carol, &root).await;
    reply(&carol, &root, "what is it?").await;
    assert_eq!(followed(&carol).await, [(root["id"].clone(), json!(0), json!(0))]);
}

#[tokio::test]
async fn who_was_removed_has_nothing_left_of_a_thread_and_begins_anew() {
    let server = TestServer::start().await;
    let [alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let root = bob.send(&channel, "who is in?").await;
    let (mut bobs, mut mallorys) = (bob.events().await, mallory.events().await);
    let said = reply(&alice, &root, "me, @bob").await;
    assert_eq!(bobs.next_named("thread_replied").await.data["id"], said["id"]);
    assert_eq!(followed(&bob).await.len(), 1);
    let wish = json!({"user": "bob"});
    alice.post(&format!("/channels/{channel}/members/remove"), &wish).await.expect(200);
    bobs.next_named("member_removed").await;
    reply(&alice, &root, "he is gone").await;
    let end = alice.send("general", "to all").await;
    assert_eq!(bobs.next_event().await.data["id"], end["id"], "nothing since");
    assert_eq!(mallorys.next_event().await.data["id"], end["id"], "mallory never heard anything");
    assert_eq!(followed(&bob).await, []);
    assert_eq!(bob.state().await["threads"], waiting(&[], 0, 0));
    assert_eq!(bob.get("/mentions?all=true").await.expect(200), json!([]));
    let path = format!("/thread/{}", root["id"]);
    bob.get(&path).await.expect_problem(404, "message-not-found");
    let wish = json!({"text": "let me in", "thread_id": root["id"]});
    bob.post(&format!("/send/{channel}"), &wish).await.expect_problem(403, "not-a-member");
    let back = json!({"users": ["bob"], "history": "start"});
    alice.post(&format!("/channels/{channel}/members"), &back).await.expect(200);
    assert_eq!(thread(&bob, &root).await["following"], false, "he begins anew");
    reply(&alice, &root, "he is back").await;
    assert_eq!(followed(&bob).await, []);
}

#[tokio::test]
async fn a_wish_about_a_thread_that_cannot_be_is_refused() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let root = alice.send("general", "who deploys?").await;
    let other = alice.send("random", "elsewhere").await;
    let send = |thread: Value| json!({"text": "me", "thread_id": thread});
    let wish = send(json!(9999));
    bob.post("/send/general", &wish).await.expect_problem(404, "message-not-found");
    let wish = send(other["id"].clone());
    bob.post("/send/general", &wish).await.expect_problem(422, "reply-not-in-channel");
    bob.post("/send/general", &send(json!("x"))).await.expect_problem(400, "invalid-fields");
    let said = reply(&bob, &root, "me").await;
    let path = format!("/thread/{}", root["id"]);
    for query in ["limit=0", "limit=201", "before_id=x", "before_id=1&after_id=1"] {
        let answer = alice.get(&format!("{path}?{query}")).await;
        answer.expect_problem(400, "invalid-fields");
    }
    for query in ["before_ts=x", "before_ts=NaN", "unread=maybe", "limit=-1"] {
        alice.get(&format!("/threads?{query}")).await.expect_problem(400, "invalid-fields");
    }
    for id in ["0", "9999", "99999999999999999999", "x"] {
        alice.get(&format!("/thread/{id}")).await.expect_problem(404, "message-not-found");
    }
    let elsewhere = json!({"message_id": other["id"]});
    let answer = alice.post(&format!("{path}/read"), &elsewhere).await;
    answer.expect_problem(422, "not-in-a-thread");
    let answer = alice.post(&format!("{path}/follow"), &json!({"on": "yes"})).await;
    answer.expect_problem(400, "invalid-fields");
    let stranger = server.stranger();
    stranger.get(&path).await.expect_problem(401, "not-logged-in");
    assert_eq!(thread(&alice, &root).await["replies"], json!([said]), "nothing has changed");
}

#[tokio::test]
async fn no_word_of_a_thread_stands_in_the_mailbox_of_who_may_not_read_it() {
    let mut server = TestServer::start().await;
    let [alice, bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let channel = alice.create_private(&["bob"]).await;
    let root = alice.send(&channel, "kumquat-root").await;
    reply(&bob, &root, "kumquat-early").await;
    alice.add(&channel, "carol").await;
    reply(&alice, &root, "kumquat-late, @carol").await;
    let holders = async |server: &TestServer, text: &str| {
        server.app().mailboxes.drain().await.unwrap();
        let files = files_with(&server.data_dir().join("users"), text);
        let names = files.iter().map(|file| file.split('.').next().unwrap().to_owned());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    for person in [&alice, &bob, &carol, &mallory] {
        person.state().await;
    }
    for (text, names) in [
        ("kumquat-root", &["alice", "bob"][..]),
        ("kumquat-early", &["alice", "bob"]),
        ("kumquat-late", &["alice", "bob", "carol"]),
    ] {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(holders(&server, text).await, names, "{text}");
    }
    alice.remove(&channel, "bob").await;
    server.restart_checked().await;
    let left = holders(&server, "kumquat").await;
    assert!(!left.contains("bob") && left.contains("carol"), "{left:?}");
}

#[tokio::test]
async fn a_reply_may_quote_a_message_in_a_thread_as_in_the_channel() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let root = alice.send("general", "who deploys?").await;
    let first = reply(&bob, &root, "me").await;
    let wish = json!({"text": "thanks", "thread_id": root["id"], "reply_to_id": first["id"]});
    let quoting = alice.post("/send/general", &wish).await.expect(201);
    let ids = (&quoting["thread_id"], &quoting["reply_to_id"]);
    assert_eq!(ids, (&root["id"], &first["id"]));
    let wish = json!({"text": "and here?", "reply_to_id": root["id"]});
    let plain = bob.post("/send/general", &wish).await.expect(201);
    assert_eq!((&plain["thread_id"], &plain["reply_to_id"]), (&Value::Null, &root["id"]));
    assert_eq!(
        thread(&bob, &root).await["root"]["thread"]["replies"],
        2,
        "a quote is no reply there"
    );
    server.restart_checked().await;
    assert_eq!(thread(&bob.at(&server), &root).await["replies"][1], quoting);
    assert_eq!(bob.at(&server).messages("general").await[1], plain);
}
