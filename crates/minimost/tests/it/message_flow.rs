//! The life of a message, as people see it.

use serde_json::{Value, json};

use crate::support::{Answer, Person, TestServer, rows};

#[tokio::test]
async fn a_message_reaches_the_other_person_live_and_on_the_page() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = bob.events().await;

    let message = alice.send("general", "hi @bob").await;
    assert_eq!(message["sender"], "alice");
    assert_eq!(message["mentions"], json!(["bob"]));

    let event = events.next_named("message_posted").await;
    assert_eq!(event.data, message, "live is what the answer said");
    assert_eq!(bob.messages("general").await, std::slice::from_ref(&message), "and so is the page");
    let one = bob.get(&format!("/message/{}", message["id"])).await.expect(200);
    assert_eq!(one, message, "and the message by itself");
}

#[tokio::test]
async fn a_message_can_be_edited_reacted_to_and_deleted() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = bob.events().await;
    let id = alice.send("general", "frist").await["id"].clone();

    let edited = alice.edit(&id, "first").await;
    assert_eq!((&edited["content"], &edited["edited"]), (&json!("first"), &json!(true)));
    assert_eq!(bob.react(&id, "❤️").await, json!({"heart": ["bob"]}));
    assert_eq!(alice.react(&id, "heart").await, json!({"heart": ["bob", "alice"]}));
    assert_eq!(bob.react(&id, "heart").await, json!({"heart": ["alice"]}), "again takes it back");
    let tombstone = alice.delete(&id).await;
    assert_eq!(tombstone["content"], Value::Null);
    assert_eq!(tombstone["reactions"], json!({}));

    let mut names = Vec::new();
    for _ in 0..6 {
        names.push(events.next_event().await.name);
    }
    let reacted = "message_reacted";
    let expected =
        ["message_posted", "message_edited", reacted, reacted, reacted, "message_deleted"];
    assert_eq!(names, expected);
    assert_eq!(bob.messages("general").await, [tombstone]);
}

#[tokio::test]
async fn reactions_stand_everywhere_in_the_order_in_which_they_came() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let id = alice.send("general", "shipped").await["id"].clone();
    for (who, reaction) in [(&alice, "wave"), (&alice, "heart"), (&bob, "heart"), (&bob, "cloud")] {
        who.react(&id, reaction).await;
    }
    let order = async |person: &Person| {
        let page = person.messages("general").await;
        let one = person.get(&format!("/message/{id}")).await.expect(200);
        assert_eq!(page[0]["reaction_order"], one["reaction_order"]);
        one["reaction_order"].clone()
    };
    assert_eq!(order(&bob).await, json!(["wave", "heart", "cloud"]));
    alice.react(&id, "wave").await;
    alice.react(&id, "wave").await;
    assert_eq!(order(&alice).await, json!(["heart", "cloud", "wave"]), "given again stands last");
    server.app().mailboxes.drain().await.unwrap();
    let file = server.data_dir().join("users/bob.db");
    let kept = rows(&file, "SELECT reactions FROM messages");
    assert_eq!(kept, [r#"{"heart":["alice","bob"],"cloud":["bob"],"wave":["alice"]}"#]);
    let tombstone = alice.delete(&id).await;
    assert_eq!(tombstone["reaction_order"], json!([]));
}

#[tokio::test]
async fn the_list_of_emoji_says_what_slack_and_github_call_them() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let list = alice.get("/emoji").await.expect(200);
    let called = |char: &str| {
        let found = list.as_array().unwrap().iter().find(|one| one["char"] == char).unwrap();
        (found["name"].clone(), found["aliases"].clone())
    };
    assert_eq!(called("🎉"), (json!("party"), json!(["tada"])));
    assert_eq!(called("🎊"), (json!("tada"), json!(["confetti_ball"])));
    assert_eq!(called("👍"), (json!("thumbsup"), json!(["+1"])));
    assert_eq!(called("🤔"), (json!("thinking"), json!(["thinking_face"])));
    let id = alice.send("general", "hm").await["id"].clone();
    assert_eq!(alice.react(&id, "thinking_face").await, json!({"thinking": ["alice"]}));
}

#[tokio::test]
async fn a_repeat_answers_200_with_the_message_as_it_is_now() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let wish = json!({"text": "once", "client_msg_id": "4f1c"});
    let first = alice.post("/send/general", &wish).await.expect(201);
    let edited = alice.edit(&first["id"], "once and again").await;
    assert_eq!(alice.post("/send/general", &wish).await.expect(200), edited);
    assert_eq!(alice.messages("general").await.len(), 1);
    alice.post("/send/random", &wish).await.expect_problem(409, "client-msg-id-reused");
}

#[tokio::test]
async fn a_form_and_multipart_say_the_same_as_json() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let first = alice.send("general", "one").await;
    let reply_to = first["id"].to_string();
    let form = [("text", "two & more"), ("reply_to_id", reply_to.as_str())];
    let second = alice.post_form("/send/general", &form).await.expect(201);
    assert_eq!(second["reply_to_id"], first["id"]);
    let parts = reqwest::multipart::Form::new().text("text", "three").text("client_msg_id", "k");
    let request = alice.request(reqwest::Method::POST, "/send/general").multipart(parts);
    let third = Answer::of(request).await.expect(201);
    assert_eq!(third["client_msg_id"], "k");
    assert_eq!(alice.texts("general").await, ["one", "two & more", "three"]);
}

#[tokio::test]
async fn a_file_is_refused_by_name_and_nothing_is_sent_without_it() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let send = async |parts: &str| {
        let text = "--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nlook\r\n";
        let request = alice.request(reqwest::Method::POST, "/send/general");
        let request = request.header("content-type", "multipart/form-data; boundary=x");
        Answer::of(request.body(format!("{text}{parts}--x--\r\n"))).await
    };
    let part = |disposition: &str, content: &str| {
        let kind = "Content-Type: application/octet-stream";
        format!(
            "--x\r\nContent-Disposition: form-data; {disposition}\r\n{kind}\r\n\r\n{content}\r\n"
        )
    };
    let none_chosen = part("name=\"file\"; filename=\"\"", "");
    send(&none_chosen).await.expect(201);
    send(&part("name=\"note\"", "nobody asked for it")).await.expect(201);
    send(&part("name=\"filename=; filename=\"", "nor for this")).await.expect(201);
    let before = alice.cursor().await;
    for (disposition, content) in [
        ("name=\"file\"; filename=\"a.png\"", "\u{89}PNG"),
        ("name=\"file\"; filename=\"a.png\"", ""),
        ("name=\"file\"; filename=\"\"", "nameless"),
        ("name=\"files[]\"; filename=a.png", "x"),
        ("name=\"text\"; filename=\"a.txt\"", "hello"),
        ("name=\"file\"; filename*=UTF-8''a%20b.png", "x"),
        ("name=\"file\"; FileName=\"a.png\"", "x"),
        ("name=\"fi\\\"le\"; filename=\"a;b.png\"", "x"),
        ("filename=\"a.png\"", "x"),
    ] {
        let refused = send(&part(disposition, content)).await;
        let problem = refused.expect_problem(415, "files-not-supported");
        assert!(problem["detail"].as_str().unwrap().contains("nothing"), "{disposition}");
    }
    send("--x\r\nContent-Type: text/plain\r\n\r\nx\r\n")
        .await
        .expect_problem(400, "malformed-body");
    assert_eq!(alice.cursor().await, before, "nothing was sent");
    assert_eq!(alice.texts("general").await, ["look", "look", "look"]);
}

#[tokio::test]
async fn pages_go_back_and_forth_by_id_and_by_time() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let mut sent = Vec::new();
    for number in 0..7 {
        sent.push(alice.send("general", &format!("message {number}")).await);
    }
    let id = |at: usize| sent[at]["id"].clone();
    assert_eq!(alice.page("general", "limit=3").await, sent[4..]);
    assert_eq!(alice.page("general", &format!("limit=3&before_id={}", id(4))).await, sent[1..4]);
    assert_eq!(alice.page("general", &format!("limit=2&after_id={}", id(1))).await, sent[2..4]);
    let since = sent[2]["ts"].as_f64().unwrap();
    assert_eq!(alice.page("general", &format!("after={since}")).await, sent[3..]);
    let until = format!("before={}", sent[5]["ts"]);
    assert_eq!(alice.page("general", &until).await, sent[..5]);
    assert_eq!(alice.page("general", &format!("limit=2&{until}")).await, sent[3..5]);
    assert_eq!(alice.page("general", "after=0").await, sent);
    assert_eq!(alice.page("general", "after=0&limit=3").await, sent[4..]);
    assert_eq!(alice.page("general", &format!("after={since}&limit=2")).await, sent[3..5]);
    assert_eq!(alice.page("general", &format!("after={since}&{until}")).await, sent[3..5]);
    alice.edit(&id(0), "changed").await;
    let changed = alice.page("general", &format!("after={}", sent[6]["ts"])).await;
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0]["content"], "changed");
}

#[tokio::test]
async fn a_first_message_opens_the_direct_channel() {
    let server = TestServer::start().await;
    let [alice, bob, mallory] = server.people(["alice", "bob", "mallory"]).await;
    let mut events = bob.events().await;
    let message = alice.send("dm:bob:alice", "psst").await;
    assert_eq!(message["channel"], "dm:alice:bob");
    assert_eq!(events.next_event().await.name, "channel_created");
    assert_eq!(events.next_event().await.data, message);
    let directs = bob.get("/dms").await.expect(200);
    let expected =
        json!([{"channel": "dm:alice:bob", "users": ["alice"], "unread": 1, "mentions": 0}]);
    assert_eq!(directs, expected);
    assert_eq!(mallory.get("/dms").await.expect(200), json!([]));
    mallory.get("/messages/dm:alice:bob").await.expect_problem(403, "not-a-member");
    let id = &message["id"];
    mallory.get(&format!("/message/{id}")).await.expect_problem(404, "message-not-found");
    assert_eq!(bob.open_direct(&["alice"]).await, "dm:alice:bob");
    bob.post("/dms", &json!({"users": ["alice"]})).await.expect(200);
    bob.post("/dms", &json!({"users": ["alice", "mallory"]})).await.expect(201);
}

#[tokio::test]
async fn what_waits_is_counted_until_it_is_read() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let first = alice.send("general", "one").await;
    alice.send("general", "two @bob").await;
    alice.send("dm:alice:bob", "three").await;
    assert_eq!(bob.unreads().await["general"], 2);
    assert_eq!(alice.unreads().await["general"], 0, "one's own messages are read");
    assert_eq!(bob.get("/unread_count").await.expect(200), json!({"count": 1}));
    assert_eq!(bob.get("/mentions").await.expect(200).as_array().unwrap().len(), 1);

    bob.mark_read_to("general", &first["id"]).await;
    assert_eq!(bob.unreads().await["general"], 1);
    let last_read = bob.get("/last_read/general").await.expect(200);
    assert_eq!(last_read, json!({"last_read_id": first["id"], "last_read_ts": first["ts"]}));
    bob.mark_read("general").await;
    assert_eq!(bob.unreads().await["general"], 0);
    assert_eq!(bob.get("/mentions").await.expect(200), json!([]));
    let receipts = alice.get("/read_receipts/general").await.expect(200);
    assert!(receipts["bob"].as_f64() > first["ts"].as_f64(), "{receipts}");
}

#[tokio::test]
async fn the_state_and_the_stream_meet_at_one_cursor() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    alice.send("general", "before @everyone").await;
    let answer = bob.get("/state").await;
    let cursor = answer.header("minimost-cursor").unwrap();
    let state = answer.expect(200);
    let after = alice.send("general", "after").await;

    let general = &state["channels"][0];
    assert_eq!((&general["unread"], &general["mentions"]), (&json!(1), &json!(1)));
    assert_eq!(general["last_read_id"], Value::Null);
    assert_eq!(state["users"], json!(["alice", "bob"]));
    assert_eq!(state["me"]["username"], "bob");
    let mut events = bob.events_from(&cursor).await;
    assert_eq!(events.next_event().await.data, after, "nothing between, nothing twice");
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let wish = json!({"text": "kept", "client_msg_id": "k"});
    let message = alice.post("/send/general", &wish).await.expect(201);
    let cursor = alice.cursor().await;
    server.restart().await;
    let alice = alice.at(&server);
    assert_eq!(alice.messages("general").await, std::slice::from_ref(&message));
    assert_eq!(alice.post("/send/general", &wish).await.expect(200), message);
    let mut events = alice.events_from(&cursor).await;
    let later = alice.send("general", "later").await;
    assert_eq!(events.next_event().await.data, later);
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let mut events = alice.events().await;
    server.stop().await;
    while events.next().await.is_some() {}
}

#[tokio::test]
async fn a_late_repeat_of_a_wish_that_was_true_already_does_not_undo_what_came_since() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let id = alice.send("general", "v1").await["id"].clone();
    let (edit, react) = (format!("/edit/{id}"), format!("/react/{id}"));

    let same = json!({"text": "v1", "client_msg_id": "edit-1"});
    alice.post(&edit, &same).await.expect(200);
    alice.edit(&id, "v2").await;
    assert_eq!(alice.post(&edit, &same).await.expect(200)["content"], "v2");

    alice.react(&id, "heart").await;
    let on = json!({"reaction": "heart", "on": true, "client_msg_id": "react-1"});
    assert_eq!(alice.post(&react, &on).await.expect(200), json!({"heart": ["alice"]}));
    alice.react(&id, "heart").await;
    assert_eq!(alice.post(&react, &on).await.expect(200), json!({}), "it stays taken back");
    assert_eq!(alice.texts("general").await, [json!("v2")]);
}
