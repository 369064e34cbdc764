//! Guarantee 6: nobody sees what is not theirs. One test per kind of event on a direct channel of alice's and bob's.
//!
//! Each test looks at everything that a person can look at (every reading route, the mailbox file, the live stream),
//! before and after. First it shows what of that changed for bob; then that nothing did for mallory, who has an
//! account and is not a member. That a stream stays silent is shown without waiting: what is said to all
//! afterwards is the next thing on it.
//!
//! Elsewhere: `live_stream.rs` has the same for the hub without HTTP, `chat::audience` the rule itself.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, EventStream, PASSWORD, Person, TestServer, files_with, rows};

const WHISPER: &str = "dm:alice:bob";

/// Every route that reads something of a channel or a message, and those that count and list.
const READS: [&str; 13] = [
    "/state",
    "/users",
    "/channels",
    "/dms",
    "/unread_count",
    "/channel_unreads",
    "/mentions",
    "/messages/dm:alice:bob",
    "/last_read/dm:alice:bob",
    "/read_receipts/dm:alice:bob",
    "/channel_members/dm:alice:bob",
    "/typing/dm:alice:bob",
    "/message/<id>",
];

/// What a person finds, by where they look.
type View = BTreeMap<&'static str, String>;

/// Where the person finds something else than before.
fn changed(before: &View, after: &View) -> Vec<&'static str> {
    let differs = |place: &&'static str| before[place] != after[place];
    before.keys().copied().filter(differs).collect()
}

/// Alice and bob have a direct channel; mallory wants to know what they say.
struct Whisper {
    server: TestServer,
    alice: Person,
    bob: Person,
    mallory: Person,
    bobs: EventStream,
    mallorys: EventStream,
    /// From before anything happened in the channel.
    start: String,
}

impl Whisper {
    async fn start() -> Whisper {
        let server = TestServer::with(|config| {
            // One lock that is an event, and soon.
            config.auth.max_login_attempts_per_name = 5;
        })
        .await;
        let [alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
        let start = alice.cursor().await;
        alice.open_direct(&["bob"]).await;
        let bobs = bob.events_at(&format!("channel={WHISPER}")).await;
        let mallorys = mallory.events().await;
        Whisper { server, alice, bob, mallory, bobs, mallorys, start }
    }

    /// Alice says something to bob, and both streams are past it.
    async fn say(&mut self, text: &str) -> Value {
        let message = self.alice.send(WHISPER, text).await;
        self.only_bob_hears("message_posted").await;
        message["id"].clone()
    }

    /// Everything that the person finds, with `id` as the message to ask for.
    async fn view(&mut self, person: &Person, id: &Value) -> View {
        let mut view = View::new();
        for place in READS {
            let answer = person.get(&place.replace("<id>", &id.to_string())).await;
            view.insert(place, comparable(&answer).to_string());
        }
        self.server.app().mailboxes.drain().await.unwrap();
        let file = self.server.data_dir().join(format!("users/{}.db", person.name));
        let mut found = Vec::new();
        for table in ["messages", "dm_hidden", "counter", "unread_mention", "mention", "forgotten"]
        {
            found.extend(rows(&file, &format!("SELECT * FROM {table}")));
        }
        view.insert("mailbox", found.join("\n"));
        view
    }

    async fn views(&mut self, id: &Value) -> [View; 2] {
        let [bob, mallory] = [self.bob.clone(), self.mallory.clone()];
        [self.view(&bob, id).await, self.view(&mallory, id).await]
    }

    /// The event or signal that bob's stream brings; mallory's brings nothing.
    async fn only_bob_hears(&mut self, name: &str) -> Value {
        let heard = self.bobs.next_named(name).await.data;
        let marker = self.alice.send("general", "said to all").await;
        assert_eq!(next_but_presence(&mut self.mallorys).await, marker, "mallory heard it");
        while self.bobs.next_event().await.data != marker {}
        heard
    }

    /// Bob's replay from the start shows this kind; mallory's none of the kinds of a conversation.
    async fn only_bob_has_it_replayed(&mut self, name: &str) {
        self.bob.events_from(&self.start).await.next_named(name).await;
        let marker = self.alice.send("general", "said to all, and the last").await;
        let mut replayed = self.mallory.events_from(&self.start).await;
        loop {
            let event = replayed.next_event().await;
            assert_eq!(event.name, "message_posted", "{event:?}");
            assert_eq!(event.data["channel"], "general", "{event:?}");
            if event.data == marker {
                return;
            }
        }
    }
}

/// The next event or signal. Who is there is for everybody to know, and told when it suits.
async fn next_but_presence(stream: &mut EventStream) -> Value {
    loop {
        let next = stream.next().await.expect("the stream goes on");
        if next.name != "presence" {
            return next.data;
        }
    }
}

/// An answer without what is new with every request.
fn comparable(answer: &Answer) -> Value {
    let mut body = answer.json();
    if let Some(problem) = body.as_object_mut() {
        problem.remove("instance");
    }
    json!([answer.status, body])
}

#[tokio::test]
async fn message_posted_is_for_bob_and_not_for_mallory() {
    let mut whisper = Whisper::start().await;
    let id = whisper.say("the first").await;
    let next = json!(id.as_u64().unwrap() + 2);
    let [bobs, mallorys] = whisper.views(&next).await;
    let message = whisper.alice.send(WHISPER, "psst @everyone").await;
    assert_eq!(message["id"], next, "it is the one that the views ask for");
    let [bobs_now, mallorys_now] = whisper.views(&next).await;
    let new = changed(&bobs, &bobs_now);
    let expected = [
        "/dms",
        "/mentions",
        "/message/<id>",
        "/messages/dm:alice:bob",
        "/state",
        "/unread_count",
        "mailbox",
    ];
    assert_eq!(new, expected);
    assert_eq!(changed(&mallorys, &mallorys_now), [""; 0]);
    assert_eq!(whisper.only_bob_hears("message_posted").await, message);
    whisper.only_bob_has_it_replayed("message_posted").await;
}

#[tokio::test]
async fn message_edited_is_for_bob_and_not_for_mallory() {
    let mut whisper = Whisper::start().await;
    let id = whisper.say("psst").await;
    let [bobs, mallorys] = whisper.views(&id).await;
    whisper.alice.edit(&id, "psst @bob").await;
    let [bobs_now, mallorys_now] = whisper.views(&id).await;
    let expected =
        ["/dms", "/mentions", "/message/<id>", "/messages/dm:alice:bob", "/state", "mailbox"];
    assert_eq!(changed(&bobs, &bobs_now), expected);
    assert_eq!(changed(&mallorys, &mallorys_now), [""; 0]);
    assert_eq!(whisper.only_bob_hears("message_edited").await["content"], "psst @bob");
    whisper.only_bob_has_it_replayed("message_edited").await;
}

#[tokio::test]
async fn message_deleted_is_for_bob_and_not_for_mallory() {
    let mut whisper = Whisper::start().await;
    let id = whisper.say("psst @bob").await;
    let [bobs, mallorys] = whisper.views(&id).await;
    whisper.alice.delete(&id).await;
    let [bobs_now, mallorys_now] = whisper.views(&id).await;
    let expected = [
        "/dms",
        "/mentions",
        "/message/<id>",
        "/messages/dm:alice:bob",
        "/state",
        "/unread_count",
        "mailbox",
    ];
    assert_eq!(changed(&bobs, &bobs_now), expected);
    assert_eq!(changed(&mallorys, &mallorys_now), [""; 0]);
    assert_eq!(whisper.only_bob_hears("message_deleted").await["id"], id);
    whisper.only_bob_has_it_replayed("message_deleted").await;
}

#[tokio::test]
async fn message_reacted_is_for_bob_and_not_for_mallory() {
    let mut whisper = Whisper::start().await;
    let id = whisper.say("psst").await;
    let [bobs, mallorys] = whisper.views(&id).await;
    whisper.alice.react(&id, "heart").await;
    let [bobs_now, mallorys_now] = whisper.views(&id).await;
    let expected = ["/message/<id>", "/messages/dm:alice:bob", "mailbox"];
    assert_eq!(changed(&bobs, &bobs_now), expected);
    assert_eq!(changed(&mallorys, &mallorys_now), [""; 0]);
    assert_eq!(whisper.only_bob_hears("message_reacted").await["user"], "alice");
    whisper.only_bob_has_it_replayed("message_reacted").await;
}

#[tokio::test]
async fn channel_created_is_for_bob_and_not_for_mallory() {
    let server = TestServer::start().await;
    let [alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    let start = alice.cursor().await;
    let (bobs, mallorys) = (bob.events().await, mallory.events().await);
    let mut whisper = Whisper { server, alice, bob, mallory, bobs, mallorys, start };
    let [bobs, mallorys] = whisper.views(&json!(1)).await;
    whisper.alice.open_direct(&["bob"]).await;
    let [bobs_now, mallorys_now] = whisper.views(&json!(1)).await;
    // He has found before that nothing was said in it.
    assert_eq!(changed(&bobs, &bobs_now), ["/state", "mailbox"]);
    assert_eq!(changed(&mallorys, &mallorys_now), [""; 0]);
    let created = whisper.only_bob_hears("channel_created").await;
    assert_eq!(created["members"], json!(["alice", "bob"]));
    whisper.only_bob_has_it_replayed("channel_created").await;
}

#[tokio::test]
async fn channel_read_is_for_its_reader_and_the_receipt_for_the_members() {
    let mut whisper = Whisper::start().await;
    let id = whisper.say("psst @bob").await;
    let mut alices = whisper.alice.events_at(&format!("channel={WHISPER}")).await;
    let [bobs, mallorys] = whisper.views(&id).await;
    let alice = whisper.alice.clone();
    let receipts = || alice.get("/read_receipts/dm:alice:bob");
    assert_eq!(receipts().await.expect(200), json!({}));
    whisper.bob.mark_read(WHISPER).await;
    let [bobs_now, mallorys_now] = whisper.views(&id).await;
    let expected = [
        "/dms",
        "/last_read/dm:alice:bob",
        "/mentions",
        "/read_receipts/dm:alice:bob",
        "/state",
        "/unread_count",
        "mailbox",
    ];
    assert_eq!(changed(&bobs, &bobs_now), expected);
    assert_eq!(changed(&mallorys, &mallorys_now), [""; 0]);
    assert!(receipts().await.expect(200)["bob"].is_number());
    assert_eq!(alices.next_named("read_markers").await.data["channel"], WHISPER);
    assert_eq!(whisper.only_bob_hears("channel_read").await["last_read_id"], id);
    whisper.only_bob_has_it_replayed("channel_read").await;

    let mut replayed = whisper.alice.events_from(&whisper.start).await;
    let last = whisper.alice.send("general", "the last").await;
    loop {
        let event = replayed.next_event().await;
        assert_ne!(event.name, "channel_read", "bob's marker is not an event of alice's");
        if event.data == last {
            break;
        }
    }
}

#[tokio::test]
async fn typing_is_for_bob_and_not_for_mallory() {
    let mut whisper = Whisper::start().await;
    let id = whisper.say("psst").await;
    let stream = json!({"stream": whisper.mallorys.name, "channel": WHISPER});
    // The channel that she names counts as none, and refuses nothing: she may not know that it is one.
    whisper.mallory.post("/viewing", &stream).await.expect(204);
    let both = json!({"stream": whisper.mallorys.name, "channels": ["general", WHISPER]});
    whisper.mallory.post("/viewing", &both).await.expect(204);
    let mut others = whisper.mallory.events_at(&format!("channel={WHISPER}")).await;
    let [bobs, mallorys] = whisper.views(&id).await;
    whisper.alice.post(&format!("/typing/{WHISPER}"), &json!({})).await.expect(204);
    let [bobs_now, mallorys_now] = whisper.views(&id).await;
    assert_eq!(changed(&bobs, &bobs_now), ["/typing/dm:alice:bob"]);
    assert_eq!(changed(&mallorys, &mallorys_now), [""; 0]);
    assert_eq!(whisper.only_bob_hears("typing").await["user"], "alice");
    whisper.alice.post("/typing/general", &json!({})).await.expect(204);
    let first = whisper.mallorys.next_named("typing").await;
    assert_eq!(first.data["channel"], "general", "what she may see reaches her all the same");
    loop {
        let event = others.next().await.expect("the stream goes on");
        assert_ne!(event.name, "typing");
        if event.data["content"] == "said to all" {
            break;
        }
    }
}

/// Every act on a channel or a message in it.
fn acts(id: &Value) -> Vec<(String, Value)> {
    let act = |path: String, body: Value| (path, body);
    vec![
        act(format!("/send/{WHISPER}"), json!({"text": "let me in"})),
        act("/send/general".to_owned(), json!({"text": "see above", "reply_to_id": id})),
        act(format!("/edit/{id}"), json!({"text": "mine now"})),
        act(format!("/react/{id}"), json!({"reaction": "heart"})),
        act(format!("/mark_read/{WHISPER}"), json!({})),
        act("/mark_read/general".to_owned(), json!({"message_id": id})),
        act(format!("/delete/{id}"), json!({})),
    ]
}

#[tokio::test]
async fn whatever_mallory_does_in_the_channel_is_refused_and_changes_nothing() {
    let mut whisper = Whisper::start().await;
    let id = whisper.say("psst").await;
    let before = (whisper.views(&id).await, whisper.alice.cursor().await);
    for (path, body) in acts(&id) {
        let answer = whisper.mallory.post(&path, &body).await;
        assert!(matches!(answer.status, 403 | 404), "{path}: {answer:?}");
        let typing = whisper.mallory.post(&format!("/typing/{WHISPER}"), &json!({})).await;
        assert_eq!(typing.status, 204, "typing says nothing, and does nothing");
    }
    let after = (whisper.views(&id).await, whisper.alice.cursor().await);
    assert_eq!(after, before, "nothing happened");
    for (path, body) in acts(&id) {
        if path != "/send/general" && path != "/mark_read/general" {
            let answer = whisper.alice.post(&path, &body).await;
            assert!(matches!(answer.status, 200..=204), "alice may: {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_foreign_message_answers_exactly_like_one_that_does_not_exist() {
    let mut whisper = Whisper::start().await;
    let id = whisper.say("psst").await;
    whisper.bob.get(&format!("/message/{id}")).await.expect(200);
    let nowhere = json!(999_999_999);
    let mallory = &whisper.mallory;
    let one = mallory.get(&format!("/message/{id}")).await;
    let other = mallory.get(&format!("/message/{nowhere}")).await;
    assert_eq!(comparable(&one), comparable(&other));
    one.expect_problem(404, "message-not-found");
    for (foreign, missing) in acts(&id).into_iter().zip(acts(&nowhere)) {
        let one = mallory.post(&foreign.0, &foreign.1).await;
        let other = mallory.post(&missing.0, &missing.1).await;
        assert_eq!(comparable(&one), comparable(&other), "{foreign:?}");
    }
}

#[tokio::test]
async fn a_foreign_channel_answers_exactly_like_one_that_nobody_opened() {
    let mut whisper = Whisper::start().await;
    whisper.say("psst").await;
    let _carol = whisper.server.sign_up("carol").await;
    let mallory = &whisper.mallory;
    for unopened in ["dm:alice:carol", "dm:alice:nobody", "dm:bob:alice:carol"] {
        for place in READS.iter().filter(|place| place.contains(WHISPER)) {
            let one = mallory.get(place).await;
            let other = mallory.get(&place.replace(WHISPER, unopened)).await;
            assert_eq!(comparable(&one), comparable(&other), "{place} and {unopened}");
        }
        for act in ["/send/", "/mark_read/"] {
            let body = json!({"text": "hi"});
            let one = mallory.post(&format!("{act}{WHISPER}"), &body).await;
            let other = mallory.post(&format!("{act}{unopened}"), &body).await;
            assert_eq!(comparable(&one), comparable(&other), "{act} and {unopened}");
        }
    }
}

#[tokio::test]
async fn no_byte_of_the_conversation_is_in_mallorys_mailbox() {
    let mut whisper = Whisper::start().await;
    let id = whisper.say("psst-kumquat").await;
    whisper.bob.react(&id, "heart").await;
    whisper.bob.mark_read(WHISPER).await;
    whisper.server.app().mailboxes.drain().await.unwrap();
    whisper.server.stop().await;
    let users = whisper.server.data_dir().join("users");
    assert_eq!(files_with(&users, "psst-kumquat"), ["alice.db", "bob.db"]);
    let of_whom =
        |name: &str| rows(&users.join(name), "SELECT channel FROM counter ORDER BY channel");
    assert_eq!(of_whom("bob.db"), [WHISPER, "general", "random"]);
    assert_eq!(of_whom("mallory.db"), ["general", "random"]);
    assert_eq!(files_with(&users, "said to all").len(), 3, "mallory has the file, and reads it");
}

/// `EventKind` of what nobody hears: password_set, account_locked, session_opened, session_closed.
const SILENT: &str = "SELECT kind FROM record WHERE kind IN (2, 3, 4, 5) ORDER BY kind";

#[tokio::test]
async fn passwords_locks_and_sessions_are_on_nobodys_stream() {
    let mut whisper = Whisper::start().await;
    let log = whisper.server.data_dir().join("log.db");
    let before = rows(&log, SILENT).len();
    let Whisper { alice, bob, mallory, .. } = &whisper;
    let log_in = |password: &str| {
        let body = json!({"username": "bob", "password": password});
        let request = bob.request(Method::POST, "/login").json(&body);
        Answer::of(request)
    };
    let other = log_in(PASSWORD).await.expect(200)["token"].as_str().unwrap().to_owned();
    bob.with_token(&other).post("/logout", &json!({})).await.expect(204);
    let change = json!({"current_password": PASSWORD, "new_password": "New-horse-2"});
    bob.post("/change-password", &change).await.expect(200);
    for _ in 0..5 {
        assert_ne!(log_in("wrong").await.status, 200);
    }
    let new = rows(&log, SILENT).len() - before;
    assert_eq!(new, 4, "a log-in, a log-out, a password and a lock are in the log");

    let marker = alice.send("general", "said to all").await;
    for person in [alice, bob, mallory] {
        let mut replayed = person.events_from(&whisper.start).await;
        loop {
            let event = replayed.next_event().await;
            let is_silent =
                ["password", "session", "lock"].iter().any(|it| event.name.contains(it));
            assert!(!is_silent, "{} heard {event:?}", person.name);
            if event.data == marker {
                break;
            }
        }
    }
    for stream in [&mut whisper.bobs, &mut whisper.mallorys] {
        assert_eq!(next_but_presence(stream).await, marker, "nothing but the marker");
    }
}
