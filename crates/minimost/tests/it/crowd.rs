//! A channel of many readers: their markers are counted where they are too many to name, and nobody who loses the network
//! is told of them. Here also: who joined later, who marks unread, who is gone.

use std::collections::BTreeMap;

use chat::{Command, Seq};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::house::{House, Person as Resident};
use crate::support::{EventStream, Person, TestServer, rows};

/// As many people as `readers`, who are called bob10, bob11 and so on.
async fn bobs(server: &TestServer, readers: usize) -> Vec<Person> {
    let mut people = Vec::new();
    for number in 10..10 + readers {
        people.push(server.sign_up(&format!("bob{number}")).await);
    }
    people
}

async fn read(people: &[Person], message: &Value) {
    let channel = message["channel"].as_str().unwrap();
    for person in people {
        person.mark_read_to(channel, &message["id"]).await;
        // Markers of one second wait; who asks for their own state has them written.
        person.get(&format!("/last_read/{channel}")).await.expect(200);
    }
}

/// How many have read a message, by the first place that is not before it.
fn read_by(markers: &Value, message: &Value) -> u64 {
    let counts: BTreeMap<u64, u64> = markers["counts"]
        .as_object()
        .unwrap_or_else(|| panic!("no counts in {markers}"))
        .iter()
        .map(|(place, count)| (place.parse().unwrap(), count.as_u64().unwrap()))
        .collect();
    counts.range(message["id"].as_u64().unwrap()..).next().map_or(0, |(_, count)| *count)
}

/// The next frame with counts that says this of a message.
async fn hears(screen: &mut EventStream, message: &Value, readers: u64) -> Value {
    loop {
        let heard = screen.next_named("read_markers").await.data;
        if heard.get("counts").is_some() && read_by(&heard, message) == readers {
            return heard;
        }
    }
}

async fn at(person: &Person, channel: &str) -> EventStream {
    person.events_at(&format!("channel={channel}&cursor={}", person.cursor().await)).await
}

fn names(markers: &Value) -> Vec<&String> {
    markers["markers"].as_object().unwrap().keys().collect()
}

#[tokio::test]
async fn fifty_readers_are_named_and_of_sixty_twelve_and_how_many_there_are() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let bobs = bobs(&server, 60).await;
    let message = alice.send("general", "good morning, all").await;
    let mut screen = at(&alice, "general").await;
    read(&bobs[..50], &message).await;
    let few = alice.get("/read_markers/general").await.expect(200);
    assert_eq!((names(&few).len(), few.get("counts")), (50, None));
    assert_eq!(few["markers"]["bob10"]["last_read_id"], message["id"]);

    read(&bobs[50..], &message).await;
    let mut heard = hears(&mut screen, &message, 60).await;
    assert_eq!(names(&heard).len(), 12);
    for marker in heard["markers"].as_object().unwrap().values() {
        assert_eq!(*marker, json!({"last_read_id": message["id"], "last_read_ts": message["ts"]}));
    }
    assert!(heard.to_string().len() < 1_000, "{heard}");
    heard.as_object_mut().unwrap().remove("channel");
    assert_eq!(alice.get("/read_markers/general").await.expect(200), heard);
    let all = alice.get(&format!("/receipts/{}", message["id"])).await.expect(200);
    assert_eq!(all.as_array().unwrap().len(), 60, "who they are");
    let as_ever = alice.get("/read_receipts/general").await.expect(200);
    assert_eq!(as_ever.as_object().unwrap().len(), 60);

    server.restart().await;
    assert_eq!(alice.at(&server).get("/read_markers/general").await.expect(200), heard);
}

#[tokio::test]
async fn who_marks_unread_or_is_gone_is_counted_no_more() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let bobs = bobs(&server, 60).await;
    let first = alice.send("general", "first").await;
    let second = alice.send("general", "second").await;
    let mut screen = at(&alice, "general").await;
    read(&bobs, &second).await;
    hears(&mut screen, &second, 60).await;
    for bob in &bobs[..20] {
        bob.post(&format!("/mark_unread/{}", second["id"]), &json!({})).await.expect(204);
    }
    let heard = hears(&mut screen, &second, 40).await;
    assert_eq!(read_by(&heard, &first), 60);
    let is_back = |name: &&String| name.as_str() < "bob30";
    assert!(!names(&heard).iter().any(is_back), "{heard}");

    alice.mark_read_to("general", &second["id"]).await;
    hears(&mut screen, &second, 41).await;
    alice.delete(&second["id"]).await;
    for name in ["bob68", "bob69"] {
        alice.post(&format!("/admin/people/{name}/deactivate"), &json!({})).await.expect(200);
    }
    let now = alice.get("/read_markers/general").await.expect(200);
    assert_eq!((read_by(&now, &first), read_by(&now, &second)), (59, 39), "alice is one of them");
    assert!(!names(&now).iter().any(|name| ["bob68", "bob69"].contains(&name.as_str())), "{now}");
}

#[tokio::test]
async fn who_came_later_hears_of_no_place_before_and_is_not_counted_there() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let bobs = bobs(&server, 60).await;
    let carols = server.people(["carol", "carola", "caroline"]).await;
    let everyone: Vec<_> = bobs.iter().map(|bob| bob.name.as_str()).collect();
    let plans = alice.create_private(&everyone).await;
    let before = alice.send(&plans, "a surprise for carol").await;
    read(&bobs, &before).await;
    let [mut alices, mut bobs_screen] = [at(&alice, &plans).await, at(&bobs[59], &plans).await];
    let mut late = Vec::new();
    for carol in &carols {
        alice.add(&plans, &carol.name).await;
        late.push(at(carol, &plans).await);
    }
    let after = alice.send(&plans, "welcome").await;
    let outsider = carols[0].get(&format!("/receipts/{}", before["id"])).await;
    outsider.expect_problem(404, "message-not-found");
    read(&bobs[..4], &after).await;
    read(&carols, &after).await;
    for screen in [&mut alices, &mut bobs_screen] {
        let heard = hears(screen, &after, 7).await;
        assert_eq!(read_by(&heard, &before), 60, "the three never saw it: {heard}");
    }
    for screen in &mut late {
        hears(screen, &after, 7).await;
    }
    let back = bobs[0].post(&format!("/mark_unread/{}", before["id"]), &json!({})).await;
    back.expect(204);
    for (carol, screen) in carols.iter().zip(&mut late) {
        let heard = hears(screen, &after, 6).await;
        let asked = carol.get(&format!("/read_markers/{plans}")).await.expect(200);
        for told in [&heard, &asked] {
            assert_eq!(names(told).len(), 6, "nobody who has read only what was before");
            for (place, _) in told["counts"].as_object().unwrap() {
                assert!(place.parse::<u64>().unwrap() > before["id"].as_u64().unwrap(), "{told}");
            }
        }
    }
}

#[tokio::test]
async fn a_thread_that_sixty_follow_does_not_name_them_in_each_reply() {
    let mut server = TestServer::start().await;
    let [alice, carol] = server.people(["alice", "carol"]).await;
    let bobs = bobs(&server, 60).await;
    let root = alice.send("general", "who comes?").await;
    let say = async |person: &Person, text: &str| {
        let wish = json!({"text": text, "thread_id": root["id"]});
        person.post("/send/general", &wish).await.expect(201)
    };
    let first = say(&bobs[0], "me").await;
    for bob in &bobs[1..] {
        let follow = json!({"on": true});
        bob.post(&format!("/thread/{}/follow", root["id"]), &follow).await.expect(204);
    }
    let mut screen = at(&bobs[59], "general").await;
    let said = say(&alice, "at eight").await;
    let notify = screen.next_named("notify").await.data;
    assert_eq!((&notify["id"], &notify["reason"]), (&said["id"], &json!("thread")));
    let unfollow = json!({"on": false});
    bobs[58].post(&format!("/thread/{}/follow", root["id"]), &unfollow).await.expect(204);
    say(&carol, "I come too").await;

    server.restart().await;
    let why = async |person: &Person, message: &Value| {
        let path = format!("/why/{}", message["id"]);
        person.at(&server).get(&path).await.expect(200)["reason"].clone()
    };
    for person in [&bobs[0], &bobs[58], &bobs[59]] {
        assert_eq!(why(person, &said).await, "thread", "{} followed then", person.name);
    }
    assert_eq!(why(&alice, &said).await, "own");
    assert_eq!(why(&carol, &said).await, "not_followed", "she followed later");
    assert_eq!(why(&alice, &first).await, "thread");
    let kept = "SELECT seq FROM record WHERE instr(CAST(body AS TEXT), '\"followers\"') > 0";
    let log = server.data_dir().join("log.db");
    assert_eq!(rows(&log, kept), [first["id"].to_string()], "only with the first, by two");
}

/// So many people read and mark unread, until they have done so `rounds` times.
async fn there_and_back(house: &House, readers: &[Resident], message: Seq, rounds: usize) {
    for round in 0..rounds {
        let mut wishes = JoinSet::new();
        for reader in readers {
            let (writer, actor) = (house.writer.clone(), reader.actor());
            let back = Command::MarkUnread { message };
            let wish = if round % 2 == 0 { Command::MarkAllRead } else { back };
            wishes.spawn(async move { writer.submit(actor, None, wish).await.is_ok() });
        }
        assert!(wishes.join_all().await.into_iter().all(|is_ok| is_ok));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markers_of_others_do_not_make_a_gap_too_long() {
    let house = House::open().await;
    let [alice, bob] = [house.sign_up("alice").await, house.sign_up("bob").await];
    let mut readers = Vec::new();
    for number in 0..200 {
        readers.push(house.sign_up(&format!("reader{number}")).await);
    }
    let first = house.post(bob, "general", "first").await;
    let lost = house.head();
    there_and_back(&house, &readers, first.id, 30).await;
    let own = house.post(bob, "general", "second").await;
    house.mark_read(alice, "general", own.id).await.unwrap();
    there_and_back(&house, &readers, first.id, 24).await;
    house.post(bob, "general", "third").await;
    assert!(house.head().get() > lost.get() + 10_000);

    let house = {
        let mut screen = house.screen(alice, Some(lost), None);
        says_the_two_messages(&house, bob, &mut screen).await;
        drop(screen);
        house.restart().await
    };
    let mut screen = house.screen(alice, Some(lost), None);
    says_the_two_messages(&house, bob, &mut screen).await;
    let mut readers_screen = house.screen(readers[0], Some(lost), None);
    let heard = readers_screen.until_text("third").await;
    let own = heard.iter().filter(|frame| frame.event == "channel_read").count();
    assert_eq!(own, 54, "one's own are all told");
}

async fn says_the_two_messages(house: &House, bob: Resident, screen: &mut crate::house::Screen) {
    house.post(bob, "general", "now").await;
    let heard = screen.until_text("now").await;
    let kinds: Vec<_> = heard.iter().map(|frame| frame.event.as_str()).collect();
    let kinds: Vec<_> = kinds.into_iter().filter(|kind| *kind != "presence").collect();
    let expected = ["hello", "message_posted", "channel_read", "message_posted"];
    assert_eq!(kinds[..4], expected, "{kinds:?}");
    let posted = heard.iter().filter(|frame| frame.event == "message_posted");
    let texts: Vec<_> = posted.map(|frame| frame.data["content"].clone()).collect();
    assert_eq!(texts[..2], [json!("second"), json!("third")]);
}
