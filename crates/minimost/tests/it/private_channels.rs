//! Private channels: seen by their members, each from their history start on, and by nobody else. Here: outsiders,
//! late joiners, former members, and bad input; `private_changes.rs` has the restarts.

use serde_json::{Value, json};

use crate::support::{Person, TestServer, files_with, rows};

/// Alice's private channel with bob in it, and a message from before anybody else came.
pub async fn surprise() -> (TestServer, [Person; 4], String, Value) {
    let server = TestServer::start().await;
    let people = server.people(["alice", "bob", "carol", "mallory"]).await;
    let channel = people[0].create_private(&["bob"]).await;
    let message = people[0].send(&channel, "cake on friday").await;
    (server, people, channel, message)
}

/// An act on the private channel; the last part of the path says which.
pub async fn act(person: &Person, channel: &str, what: &str, body: &Value) -> Value {
    person.post(&format!("/channels/{channel}/{what}"), body).await.expect(200)
}

/// The n of `private:<n>`.
fn number(channel: &str) -> &str {
    channel.strip_prefix("private:").unwrap()
}

/// Where its members are listed by its number.
pub fn members_path(channel: &str) -> String {
    format!("/private_channels/{}/members", number(channel))
}

/// Whether this text stands in the mailbox of this person.
async fn is_in_mailbox(server: &TestServer, person: &Person, text: &str) -> bool {
    server.app().mailboxes.drain().await.unwrap();
    let files = files_with(&server.data_dir().join("users"), text);
    files.iter().any(|name| name.starts_with(&format!("{}.db", person.name)))
}

#[tokio::test]
async fn alice_makes_a_private_channel_and_adds_and_removes_people() {
    let server = TestServer::start().await;
    let [alice, bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let wish = json!({"name": "Surprise", "members": ["BOB"], "topic": "A party"});
    let mut events = bob.events().await;
    let made = alice.post("/private_channels/create", &wish).await.expect(201);
    let mut heard = events.next_event().await.data;
    assert_eq!(heard.as_object_mut().unwrap().remove("by"), Some(json!("alice")));
    assert_eq!(heard, made, "bob hears of it");
    let channel = made["channel"].as_str().unwrap();
    let id = &made["id"];
    assert_eq!((channel, &made["kind"]), (&*format!("private:{id}"), &json!("private")));
    assert_eq!((&made["members"], &made["owner"]), (&json!(["alice", "bob"]), &json!("alice")));
    assert_eq!(made["topic"], "A party");
    alice.send(channel, "before carol").await;
    let add = json!({"users": ["carol"]});
    let with_carol = bob.post(&format!("/channels/{channel}/members"), &add).await.expect(200);
    assert_eq!(with_carol["members"], json!(["alice", "bob", "carol"]));
    let seen = carol.texts(channel).await;
    assert_eq!(seen, ["bob added carol to this channel"], "from her coming on");
    assert_eq!(bob.get(&members_path(channel)).await.expect(200)[2]["username"], "carol");
    let listed = bob.get("/private_channels").await.expect(200);
    let expected = json!([{"channel": channel, "id": id, "members": ["alice", "bob", "carol"],
        "name": "Surprise", "unread": 1}]);
    assert_eq!(listed, expected);
    let public: Vec<_> = bob.unreads().await.into_keys().collect();
    assert_eq!(public, ["general", "random"], "counted elsewhere");
    assert_eq!(bob.get("/unread_count").await.expect(200), json!({"count": 0}), "and there");
    mallory.get(&format!("/messages/{channel}")).await.expect_problem(403, "not-a-member");
    mallory.get("/messages/private:999999").await.expect_problem(403, "not-a-member");
    let who = json!({"user": "carol"});
    bob.post(&format!("/channels/{channel}/members/remove"), &who)
        .await
        .expect_problem(403, "not-the-owner");
    let without =
        alice.post(&format!("/channels/{channel}/members/remove"), &who).await.expect(200);
    assert_eq!(without["members"], json!(["alice", "bob"]));
    let owner = json!({"user": "bob"});
    let handed = alice.post(&format!("/channels/{channel}/owner"), &owner).await.expect(200);
    assert_eq!(handed["owner"], "bob");
    alice.post(&format!("/channels/{channel}/leave"), &json!({})).await.expect(204);
    assert_eq!(alice.get("/private_channels").await.expect(200), json!([]));
}

#[tokio::test]
async fn mallory_learns_nothing_not_even_that_there_is_a_channel() {
    let (server, [alice, bob, _, mallory], channel, message) = surprise().await;
    let mut events = mallory.events().await;
    let before = mallory.state().await;
    alice.send(&channel, "and candles @everyone").await;
    act(&bob, &channel, "rename", &json!({"name": "Party"})).await;
    act(&bob, &channel, "topic", &json!({"topic": "Cake"})).await;
    act(&bob, &channel, "members", &json!({"users": ["carol"]})).await;
    act(&alice, &channel, "members/remove", &json!({"user": "carol"})).await;
    let marker = alice.send("general", "said to all").await;
    assert_eq!(events.next_event().await.data, marker, "her stream is silent");

    let reads = ["messages", "last_read", "read_receipts", "channel_members"];
    let public = alice.state().await["channels"][0]["id"].clone();
    let elsewhere = format!("private:{public}");
    for channel in [&*channel, &elsewhere, "private:999999", "private:18446744073709551615"] {
        for path in reads {
            let answer = mallory.get(&format!("/{path}/{channel}")).await;
            answer.expect_problem(403, "not-a-member");
        }
        // It counts as none, and says no more than one that there is not.
        let mut viewing = mallory.events_at(&format!("channel={channel}")).await;
        let said = alice.send("general", "said to all, once more").await;
        assert_eq!(viewing.next_event().await.data, said);
    }
    let id = &message["id"];
    mallory.get(&format!("/message/{id}")).await.expect_problem(404, "message-not-found");
    assert_eq!(mallory.get("/private_channels").await.expect(200), json!([]));
    let after = mallory.state().await;
    assert_eq!(after["channels"][1], before["channels"][1]);
    assert_eq!(after["channels"].as_array().unwrap().len(), 2);
    assert!(is_in_mailbox(&server, &bob, "cake on friday").await);
    assert!(!is_in_mailbox(&server, &mallory, "cake on friday").await);
}

#[tokio::test]
async fn whatever_mallory_does_to_it_is_refused_as_if_it_were_not_there() {
    let (_server, [alice, _, _, mallory], channel, _) = surprise().await;
    let before = alice.cursor().await;
    for (what, body) in [
        ("rename", json!({"name": "Mine"})),
        ("topic", json!({"topic": "Mine"})),
        ("description", json!({"description": "Mine"})),
        ("archive", json!({})),
        ("posters", json!({"users": ["mallory"]})),
        ("join", json!({})),
        ("leave", json!({})),
        ("members", json!({"users": ["mallory"]})),
        ("members/remove", json!({"user": "bob"})),
        ("owner", json!({"user": "mallory"})),
    ] {
        let there = mallory.post(&format!("/channels/{channel}/{what}"), &body).await;
        let nowhere = mallory.post(&format!("/channels/private:999999/{what}"), &body).await;
        let detail = there.json()["detail"].clone();
        assert_eq!(detail, nowhere.json()["detail"], "{what}");
        there.expect_problem(403, "not-a-member");
        nowhere.expect_problem(403, "not-a-member");
    }
    for (what, body) in [
        ("rename", json!({"name": "Mine"})),
        ("add_member", json!({"username": "mallory"})),
        ("leave", json!({})),
    ] {
        for number in [number(&channel), "999999"] {
            let answer = mallory.post(&format!("/private_channels/{number}/{what}"), &body).await;
            answer.expect_problem(403, "not-a-member");
        }
    }
    mallory.get(&members_path(&channel)).await.expect_problem(403, "not-a-member");
    assert_eq!(alice.cursor().await, before, "nothing changed");
}

#[tokio::test]
async fn carol_comes_late_and_sees_nothing_of_before() {
    let (mut server, [alice, bob, carol, _], channel, message) = surprise().await;
    let start = carol.cursor().await;
    bob.send(&channel, "and candles @everyone").await;
    let mut events = carol.events().await;
    let added = act(&alice, &channel, "members", &json!({"users": ["carol"]})).await;
    let heard = events.next_event().await;
    assert_eq!(heard.name, "members_added");
    assert_eq!(heard.data["channel"], added);
    let notice = events.next_event().await.data;
    assert_eq!(notice["metadata"]["notice"], "members_added");
    let mut replayed = carol.events_from(&start).await;
    assert_eq!(replayed.next_event().await.data, heard.data, "a replay begins there too");

    let id = &message["id"];
    assert_eq!(carol.messages(&channel).await, std::slice::from_ref(&notice));
    assert!(carol.page(&channel, &format!("before_id={}", notice["id"])).await.is_empty());
    assert_eq!(carol.page(&channel, "after_id=0").await.len(), 1);
    assert_eq!(carol.page(&channel, "after=0").await.len(), 1);
    carol.get(&format!("/message/{id}")).await.expect_problem(404, "message-not-found");
    let reply = json!({"text": "what cake?", "reply_to_id": id});
    let refused = carol.post(&format!("/send/{channel}"), &reply).await;
    assert!((400..500).contains(&refused.status), "{refused:?}");
    assert_eq!(carol.get("/mentions").await.expect(200), json!([]));
    alice.edit(id, "cake on saturday").await;
    alice.react(id, "cake").await;
    let said = alice.send(&channel, "welcome, carol").await;
    assert_eq!(events.next_event().await.data, said, "no word of the old message's changes");
    assert!(!is_in_mailbox(&server, &carol, "cake on").await);
    assert!(is_in_mailbox(&server, &carol, "welcome, carol").await);

    let state = carol.state().await;
    let entry = state["channels"].as_array().unwrap().last().unwrap();
    assert_eq!((&entry["channel"], &entry["unread"]), (&json!(channel), &json!(1)));
    let start = entry["history_start_id"].as_u64().unwrap();
    assert!(id.as_u64().unwrap() < start && start < notice["id"].as_u64().unwrap());
    server.restart_checked().await;
    let carol = carol.at(&server);
    assert_eq!(carol.messages(&channel).await, [notice, said]);
    assert_eq!(carol.state().await["channels"], state["channels"]);
}

#[tokio::test]
async fn who_sees_everything_can_show_everything_and_who_does_not_cannot() {
    let (_server, [alice, bob, carol, mallory], channel, message) = surprise().await;
    act(&bob, &channel, "members", &json!({"users": ["carol"], "history": "join"})).await;
    let all = json!({"users": ["mallory"], "history": "start"});
    let refused = carol.post(&format!("/channels/{channel}/members"), &all).await;
    refused.expect_problem(422, "invalid-value");
    mallory.get(&format!("/messages/{channel}")).await.expect_problem(403, "not-a-member");
    act(&alice, &channel, "members", &all).await;
    assert_eq!(mallory.messages(&channel).await[0], message);
    let more = json!({"users": ["carol", "bob"], "history": "start"});
    let refused = alice.post(&format!("/channels/{channel}/members"), &more).await;
    let problem = refused.expect_problem(409, "already-a-member");
    assert!(problem["detail"].as_str().unwrap().contains("carol"), "{problem}");
    assert_ne!(carol.messages(&channel).await[0], message, "she sees no more than before");
    act(&alice, &channel, "members/remove", &json!({"user": "carol"})).await;
    act(&alice, &channel, "members", &more).await;
    assert_eq!(carol.messages(&channel).await[0], message, "as it says");
    let odd = json!({"users": ["mallory"], "history": "half"});
    let refused = alice.post(&format!("/channels/{channel}/members"), &odd).await;
    refused.expect_problem(400, "invalid-fields");
}

#[tokio::test]
async fn a_former_member_is_told_nothing_more_not_even_by_repeating_themselves() {
    let (server, [alice, bob, _, _], channel, _) = surprise().await;
    let wish = json!({"name": "Party", "client_msg_id": "name-it"});
    let renamed = bob.post(&format!("/channels/{channel}/rename"), &wish).await.expect(200);
    assert_eq!(renamed["name"], "Party");
    let start = bob.cursor().await;
    assert!(is_in_mailbox(&server, &bob, "cake on friday").await, "he had it");
    act(&alice, &channel, "members/remove", &json!({"user": "bob"})).await;
    act(&alice, &channel, "rename", &json!({"name": "Without bob"})).await;
    let marker = alice.send("general", "said to all").await;
    let mut replayed = bob.events_from(&start).await;
    let end = replayed.next_event().await;
    assert_eq!((end.name.as_str(), &end.data["user"]), ("member_removed", &json!("bob")));
    assert_eq!(replayed.next_event().await.data, marker, "and no more");
    let repeated = bob.post(&format!("/channels/{channel}/rename"), &wish).await;
    assert_eq!((repeated.status, repeated.text.as_str()), (204, ""), "no word of the new name");
    assert!(!is_in_mailbox(&server, &bob, "cake on friday").await, "it is erased");
    bob.get(&members_path(&channel)).await.expect_problem(403, "not-a-member");
}

#[tokio::test]
async fn a_channel_passes_on_when_its_owner_goes_and_is_nobodys_when_all_have_gone() {
    let (_server, [alice, bob, carol, _], channel, _) = surprise().await;
    act(&bob, &channel, "members", &json!({"users": ["carol"]})).await;
    alice.post(&format!("/channels/{channel}/leave"), &json!({})).await.expect(204);
    let said = bob.messages(&channel).await;
    let kinds: Vec<_> = said.iter().map(|it| it["metadata"]["notice"].clone()).collect();
    let (added, left, owner) = ("members_added", "member_left", "owner_changed");
    assert_eq!(kinds, [json!(null), json!(added), json!(left), json!(owner)]);
    let notice = said.last().unwrap();
    assert_eq!(notice["metadata"]["owner"], "bob");
    let owned = act(&bob, &channel, "topic", &json!({"topic": "Bob's"})).await;
    assert_eq!(owned["owner"], "bob", "who has been in it longest");
    let own = json!({"user": "bob"});
    let gone = bob.post(&format!("/channels/{channel}/members/remove"), &own).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""), "he has taken himself out");
    carol
        .post(&format!("/private_channels/{}/leave", number(&channel)), &json!({}))
        .await
        .expect(204);
    for person in [&alice, &bob, &carol] {
        assert_eq!(person.get("/private_channels").await.expect(200), json!([]));
    }
    let next = carol.post("/private_channels/create", &json!({"name": "Surprise"})).await;
    assert_ne!(next.expect(201)["channel"], channel, "a number is never used twice");
}

#[tokio::test]
async fn an_administrator_hands_a_private_channel_over_without_looking_into_it() {
    let server = TestServer::start().await;
    let [alice, bob, carol] = server.people(["alice", "bob", "carol"]).await;
    let channel = bob.create_private(&["carol"]).await;
    let refused =
        carol.post(&format!("/channels/{channel}/owner"), &json!({"user": "carol"})).await;
    refused.expect_problem(403, "not-the-owner");
    let refused =
        alice.post(&format!("/channels/{channel}/owner"), &json!({"user": "alice"})).await;
    refused.expect_problem(422, "not-members");
    let handed = alice.post(&format!("/channels/{channel}/owner"), &json!({"user": "carol"})).await;
    assert_eq!((handed.status, handed.text.as_str()), (204, ""));
    assert_eq!(act(&carol, &channel, "topic", &json!({"topic": "x"})).await["owner"], "carol");
    let taken = alice.post(&format!("/channels/{channel}/archive"), &json!({})).await;
    taken.expect_problem(403, "not-a-member");
    alice.get(&format!("/messages/{channel}")).await.expect_problem(403, "not-a-member");
}

#[tokio::test]
async fn only_the_owner_removes_archives_and_chooses_who_posts() {
    let (_server, [alice, bob, carol, _], channel, _) = surprise().await;
    act(&bob, &channel, "members", &json!({"users": ["carol"]})).await;
    let before = bob.cursor().await;
    for (what, body) in [
        ("members/remove", json!({"user": "carol"})),
        ("archive", json!({})),
        ("posters", json!({"users": ["bob"]})),
        ("owner", json!({"user": "bob"})),
    ] {
        let refused = bob.post(&format!("/channels/{channel}/{what}"), &body).await;
        refused.expect_problem(403, "not-the-owner");
    }
    assert_eq!(bob.cursor().await, before, "nothing changed");
    act(&alice, &channel, "posters", &json!({"users": ["bob"]})).await;
    let text = json!({"text": "me too"});
    carol.post(&format!("/send/{channel}"), &text).await.expect_problem(403, "not-a-poster");
    act(&alice, &channel, "archive", &json!({})).await;
    bob.post(&format!("/send/{channel}"), &text).await.expect_problem(409, "channel-archived");
    let add = json!({"users": ["mallory"]});
    let refused = bob.post(&format!("/channels/{channel}/members"), &add).await;
    refused.expect_problem(409, "channel-archived");
    let entry = bob.state().await["channels"].as_array().unwrap().last().unwrap().clone();
    assert!(entry["archived_ts"].is_number());
}

#[tokio::test]
async fn a_repeat_makes_no_second_channel_and_adds_nobody_twice() {
    let (_server, [alice, _, _, _], channel, _) = surprise().await;
    let wish = json!({"name": "Second", "client_msg_id": "make"});
    let made = alice.post("/private_channels/create", &wish).await.expect(201);
    assert_ne!(made["channel"], channel);
    assert_eq!(alice.post("/private_channels/create", &wish).await.expect(200), made);
    let public = json!({"channel": "second", "client_msg_id": "make"});
    alice.post("/channels", &public).await.expect_problem(409, "client-msg-id-reused");
    let add = json!({"users": ["carol", "CAROL", "bob"]});
    assert_eq!(act(&alice, &channel, "members", &add).await["member_count"], 3);
    let cursor = alice.cursor().await;
    act(&alice, &channel, "members", &add).await;
    let one = json!({"username": "carol"});
    alice
        .post(&format!("/private_channels/{}/add_member", number(&channel)), &one)
        .await
        .expect(200);
    assert_eq!(alice.cursor().await, cursor, "they are in it already");
}

#[tokio::test]
async fn names_that_will_not_do_are_refused_and_nothing_is_made() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let before = alice.cursor().await;
    let create = async |body: Value| alice.post("/private_channels/create", &body).await;
    for name in ["", "  ", "\n", &"x".repeat(81)] {
        create(json!({"name": name})).await.expect_problem(422, "channel-name-length");
    }
    for name in ["nobody", "a b", "../alice", "", &"x".repeat(33)] {
        let problem = create(json!({"name": "Surprise", "members": ["alice", name]})).await;
        problem.expect_problem(404, "user-not-found");
    }
    let long = json!({"name": "Surprise", "topic": "x".repeat(251)});
    create(long).await.expect_problem(422, "invalid-value");
    let many: Vec<_> = (0..2_000).map(|number| format!("user{number}")).collect();
    let many = json!({"name": "Surprise", "members": many});
    create(many).await.expect_problem(404, "user-not-found");
    for number in ["0", "-1", "x", "1.5", "%ff", "01", "99999999999999999999"] {
        let answer = alice.get(&format!("/private_channels/{number}/members")).await;
        answer.expect_problem(404, "channel-not-found");
    }
    assert_eq!(alice.cursor().await, before, "nothing changed");
    let lone = create(json!({"name": "Alone", "members": []})).await.expect(201);
    assert_eq!(lone["members"], json!(["alice"]));
}

#[tokio::test]
async fn the_tables_of_presence_db_say_who_is_in_it() {
    let (server, [alice, bob, _, _], channel, _) = surprise().await;
    act(&bob, &channel, "members", &json!({"users": ["carol"]})).await;
    act(&bob, &channel, "rename", &json!({"name": "Party"})).await;
    act(&alice, &channel, "members/remove", &json!({"user": "bob"})).await;
    let data = server.data_dir().to_owned();
    let mut server = server;
    server.stop().await;
    let file = data.join("presence.db");
    let channels = rows(&file, "SELECT id, name, created_by FROM private_channels");
    let number = number(&channel);
    assert_eq!(channels, [format!("{number} Party alice")]);
    let members = rows(
        &file,
        "SELECT channel_id, username, history_start_ts IS NULL
           FROM private_channel_members ORDER BY username",
    );
    assert_eq!(members, [format!("{number} alice 1"), format!("{number} carol 0")]);
}
