//! The live stream: everything that one may see, once and in order, and nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use chat::signal::{PresenceOverride, PresenceState};
use chat::{Actor, Command, Seq};
use eventlog::Epoch;
use minimost::live::{Connect, ConnectError, Cursor};
use serde_json::json;
use tokio::task::JoinSet;

use crate::house::{Frame, House, Person, Screen, post};

fn kinds(frames: &[Frame]) -> Vec<&str> {
    frames.iter().map(|frame| frame.event.as_str()).collect()
}

/// Reads everything up to a public message that is posted now, and answers what came before it.
async fn all_until_now(house: &House, person: Person, screen: &mut Screen) -> Vec<Frame> {
    house.post(person, "general", "now").await;
    screen.until_text("now").await
}

#[tokio::test]
async fn a_message_reaches_every_screen_once_with_its_id() {
    let house = House::open().await;
    let [alice, bob] = [house.sign_up("alice").await, house.sign_up("bob").await];
    let mut screens = [house.screen(alice, None, None), house.screen(bob, None, None)];
    for screen in &mut screens {
        assert_eq!(screen.next().await.unwrap().event, "hello");
    }
    let message = house.post(alice, "general", "hi @bob\n\nhow are you?").await;
    let then: [&[&str]; 2] = [&[], &["notify"]];
    for (screen, then) in screens.iter_mut().zip(then) {
        let frame = screen.next().await.unwrap();
        assert_eq!((frame.seq, frame.event.as_str()), (Some(message.id), "message_posted"));
        assert_eq!(frame.data["content"], "hi @bob\n\nhow are you?");
        assert_eq!(frame.data["sender"], "alice");
        assert_eq!(frame.data["mentions"], json!(["bob"]));
        assert_eq!(kinds(&all_until_now(&house, alice, screen).await), then, "bob was named");
    }
}

/// Does everything that can be seen in `channel`, and answers the kinds that its members see.
async fn one_of_each_kind(house: &House, alice: Person, bob: Person, channel: &str) {
    let message = house.post(alice, channel, "for @bob only").await.id;
    let text = "still for @bob only".to_owned();
    house.submit(alice.actor(), Command::EditMessage { message, text }).await;
    let react = Command::React { message, reaction: "heart".to_owned(), on: Some(true) };
    house.submit(bob.actor(), react).await;
    house.mark_read(bob, channel, message).await.unwrap();
    house.submit(alice.actor(), Command::DeleteMessage { message }).await;
    house.hub.typing(alice.user, house.channel(channel));
}

#[tokio::test]
async fn nobody_else_gets_anything_of_a_direct_channel_live_or_later() {
    let house = House::open().await;
    let [alice, bob] = [house.sign_up("alice").await, house.sign_up("bob").await];
    let mallory = house.sign_up("mallory").await;
    let before = house.head();
    let mut bobs = house.screen(bob, None, None);
    let mut mallorys = house.screen(mallory, None, None);
    let command = Command::OpenDirect { names: vec!["bob".parse_name()] };
    house.submit(alice.actor(), command).await;
    for screen in [&mut bobs, &mut mallorys] {
        let hello = screen.next().await.unwrap();
        let stream = hello.data["stream"].as_str().unwrap();
        let place = Some(chat::Place::Open(house.channel("dm:alice:bob")));
        house.hub.view(bob.user, stream, place.as_ref());
        house.hub.view(mallory.user, stream, place.as_ref());
    }
    one_of_each_kind(&house, alice, bob, "dm:alice:bob").await;
    let live = all_until_now(&house, alice, &mut bobs).await;
    let durable = [
        "channel_created",
        "message_posted",
        "message_edited",
        "message_reacted",
        "channel_read",
        "message_deleted",
    ];
    let seen: BTreeSet<_> = kinds(&live).into_iter().collect();
    let expected = durable.into_iter().chain(["notify", "typing"]).collect();
    assert_eq!(seen, expected, "bob sees all of it");
    assert_eq!(mallorys.until_text("now").await, [], "mallory none of it");

    let replayed = house.screen(bob, Some(before), None).until_text("now").await;
    let erased = [
        "hello",
        "channel_created",
        "message_posted",
        "message_reacted",
        "channel_read",
        "message_deleted",
    ];
    assert_eq!(kinds(&replayed), erased, "bob later, without what was erased");
    assert_eq!(replayed[2].data["deleted"], true);
    let replayed = house.screen(mallory, Some(before), None).until_text("now").await;
    assert_eq!(kinds(&replayed), ["hello"], "mallory none of it later either");
}

trait ParseName {
    fn parse_name(self) -> chat::UserName;
}

impl ParseName for &str {
    fn parse_name(self) -> chat::UserName {
        chat::UserName::parse(self).unwrap()
    }
}

#[tokio::test]
async fn passwords_and_sessions_are_on_no_screen() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let mut screen = house.screen(alice, Some(Seq::ZERO), None);
    let bob = house.sign_up("bob").await;
    house.submit(bob.actor(), Command::LogOut).await;
    let seen = all_until_now(&house, alice, &mut screen).await;
    let expected = [
        "hello",
        "presence",
        "channel_created",
        "channel_created",
        "account_created",
        "account_created",
    ];
    assert_eq!(kinds(&seen), expected);
    assert_eq!(seen[5].data["username"], "bob");
    assert!(seen[5].data.get("password_hash").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_gap_and_no_repeat_wherever_a_stream_begins_while_others_write() {
    const MESSAGES: u64 = 500;
    let house = House::open().await;
    let [alice, bob] = [house.sign_up("alice").await, house.sign_up("bob").await];
    house.post(alice, "general", "first").await;
    let start = house.head();
    let mut writers = JoinSet::new();
    for sender in [alice, bob] {
        let writer = house.writer.clone();
        writers.spawn(async move {
            for n in 0..MESSAGES {
                let to = if n % 3 == 0 { "dm:alice:bob" } else { "general" };
                writer.submit(sender.actor(), None, post(to, "hi")).await.unwrap();
            }
        });
    }
    let mut screens = JoinSet::new();
    let last = Seq(start.get() + 2 * MESSAGES + 1);
    for n in 0..10 {
        let mut published = house.published.clone();
        published.reached(Seq(start.get() + n * 2 * MESSAGES / 10)).await;
        // Some begin at what was just read, which may be ahead of the hub; others far behind.
        let cursor = if n % 2 == 0 { house.head() } else { Seq(start.get() + 10 * n) };
        let mut screen = house.screen(bob, Some(cursor), None);
        screens.spawn(async move {
            let mut seen = Vec::new();
            while seen.last() != Some(&last) {
                let frame = screen.next().await.expect("a stream that keeps up is not ended");
                if frame.event.starts_with("message") || frame.event == "channel_created" {
                    seen.extend(frame.seq);
                }
            }
            let expected: Vec<_> = (cursor.get() + 1..=last.get()).map(Seq).collect();
            assert_eq!(seen, expected);
        });
    }
    writers.join_all().await;
    screens.join_all().await;
}

#[tokio::test]
async fn a_slow_consumer_is_cut_off_and_comes_back_with_its_cursor() {
    let house = House::open().await;
    let [alice, bob] = [house.sign_up("alice").await, house.sign_up("bob").await];
    let start = house.head();
    let mut slow = house.screen(alice, None, None);
    let mut quick = house.screen(bob, None, None);
    assert_eq!(slow.next().await.unwrap().event, "hello");
    assert_eq!(quick.next().await.unwrap().event, "hello");
    let long = "x".repeat(10_000);
    for _ in 0..450 {
        house.post(alice, "general", &long).await;
        assert_eq!(kinds(&quick.until("message_posted").await), ["message_posted"]);
    }
    assert_eq!(slow.next().await, None, "4.5 MB are more than may wait");
    assert!(house.hub.is_connected(bob.user));
    let replayed = house.screen(alice, Some(start), None);
    assert_eq!(count_messages(&house, alice, replayed).await, 450);
}

async fn count_messages(house: &House, person: Person, mut screen: Screen) -> usize {
    let frames = all_until_now(house, person, &mut screen).await;
    frames.iter().filter(|frame| frame.event == "message_posted").count()
}

#[tokio::test]
async fn the_end_of_a_session_closes_its_streams_and_no_others() {
    let house = House::open().await;
    let [alice, bob] = [house.sign_up("alice").await, house.sign_up("bob").await];
    let mut alices = house.screen(alice, None, None);
    let mut bobs = house.screen(bob, None, None);
    alices.until("hello").await;
    bobs.until("hello").await;
    house.submit(alice.actor(), Command::LogOut).await;
    assert_eq!(alices.next().await, None);
    assert_eq!(all_until_now(&house, bob, &mut bobs).await, []);
    assert_eq!(house.screen(alice, None, None).next().await, None, "nor does it open another");
}

#[tokio::test]
async fn a_cursor_that_cannot_be_continued_is_told_to_resync() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    house.post(alice, "general", "hi").await;
    let unknown = Cursor { epoch: Epoch(house.log.epoch().0 ^ 1), ..house.cursor(house.head()) };
    let ahead = house.cursor(house.head().next());
    let another = Cursor { sum: Some(0xdead_beef), ..house.cursor(house.head()) };
    let earlier = Cursor { sum: Some(0xdead_beef), ..house.cursor(Seq(2)) };
    let beyond = Cursor { sum: Some(0xdead_beef), ..ahead };
    for cursor in [unknown, ahead, another, earlier, beyond] {
        let mut screen = house.connect(alice, Some(cursor), None);
        assert_eq!(screen.next().await.unwrap().event, "hello");
        assert_eq!(screen.next().await.unwrap().event, "resync");
        assert_eq!(screen.next().await, None);
    }
}

#[tokio::test]
async fn a_cursor_that_stands_on_its_record_goes_on_wherever_it_is() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    for text in ["one", "two", "three"] {
        house.post(alice, "general", text).await;
    }
    let records = house.log.reader().unwrap().range(0, house.head().get(), 100).unwrap();
    assert_eq!(records.len(), 8);
    for record in records {
        let sum = Some(record.envelope_sum());
        let cursor = Cursor { sum, ..house.cursor(Seq(record.seq)) };
        let mut screen = house.connect(alice, Some(cursor), None);
        let text = format!("after {}", record.seq);
        house.post(alice, "general", &text).await;
        let seen = screen.until_text(&text).await;
        let messages = seen.iter().filter(|frame| frame.event == "message_posted");
        let newest = house.head().get() - 1;
        assert_eq!(messages.count() as u64, newest - record.seq.max(5), "{cursor}");
    }
    let mut at_head = house.connect(alice, None, None);
    let hello = at_head.next().await.unwrap();
    let cursor = Cursor::parse(hello.data["cursor"].as_str().unwrap()).unwrap();
    assert_eq!(cursor, Cursor::at_head(house.log.epoch(), &house.published.now()));
    assert!(cursor.sum.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_of_ten_thousand_is_replayed_and_a_longer_one_is_not() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let start = house.head();
    // Fewer at a time than the writer's queue holds.
    for _ in 0..11 {
        let mut posts = JoinSet::new();
        for _ in 0..1_000 {
            let writer = house.writer.clone();
            posts.spawn(async move {
                writer.submit(alice.actor(), None, post("general", "hi")).await.is_ok()
            });
        }
        assert!(posts.join_all().await.into_iter().all(|is_ok| is_ok));
    }
    let mut telling = house.screen(alice, Some(house.head()), None);
    let last = house.post(alice, "general", "last").await.id;
    telling.until_text("last").await;
    let mut near = house.screen(alice, Some(Seq(last.get() - 10_000)), None);
    let replayed = near.until_text("last").await;
    assert_eq!(replayed.len(), 10_000, "hello and all but the last");
    let mut far = house.screen(alice, Some(start), None);
    assert_eq!(kinds(&far.until("resync").await), ["hello", "resync"]);
}

#[tokio::test]
async fn a_user_has_at_most_twelve_streams() {
    let house = House::open().await;
    let [alice, bob] = [house.sign_up("alice").await, house.sign_up("bob").await];
    let mut screens: Vec<_> = (0..12).map(|_| house.screen(alice, None, None)).collect();
    let Person { user, session } = alice;
    let another = Connect { user, session, cursor: None, place: None };
    let refused = house.hub.connect(&another).err();
    assert_eq!(refused, Some(ConnectError::TooManyStreams { streams_max: 12 }));
    house.screen(bob, None, None).until("hello").await;
    assert!(!house.hub.is_connected(bob.user), "a dropped screen is gone");
    screens.pop();
    assert!(house.hub.connect(&another).is_ok());
    house.hub.close();
    assert_eq!(house.hub.connect(&another).err(), Some(ConnectError::Closing));
    assert_eq!(screens[0].next().await, None);
}

#[tokio::test]
async fn typing_shows_where_the_channel_is_open_and_never_ones_own() {
    let house = House::open().await;
    let [alice, bob] = [house.sign_up("alice").await, house.sign_up("bob").await];
    let mallory = house.sign_up("mallory").await;
    let mut alices = house.screen(alice, None, Some("general"));
    let mut bobs = house.screen(bob, None, Some("general"));
    let mut elsewhere = house.screen(bob, None, Some("random"));
    house.hub.typing(alice.user, house.channel("general"));
    assert_eq!(house.hub.typing_in(house.channel("general"), bob.user), [alice.user]);
    let seen = all_until_now(&house, alice, &mut bobs).await;
    assert_eq!(seen[1].data, json!({"channel": "general", "user": "alice"}));
    assert_eq!(seen[1].seq, None, "a signal has no id");
    for screen in [&mut alices, &mut elsewhere] {
        assert_eq!(kinds(&screen.until_text("now").await), ["hello"]);
    }
    let typists = house.hub.typing_in(house.channel("general"), bob.user);
    assert!(typists.is_empty(), "what was typed has been sent");
    let typing = &house.signals.take()[&alice.user].typing;
    assert_eq!(typing.len(), 1, "presence.db is told");
    house.post(alice, "dm:alice:bob", "hi").await;
    bobs.until_text("hi").await;
    let direct = house.channel("dm:alice:bob");
    house.hub.typing(mallory.user, direct);
    assert!(house.hub.typing_in(direct, bob.user).is_empty(), "not where one may not read");
    house.hub.typing(alice.user, direct);
    assert_eq!(house.hub.typing_in(direct, bob.user), [alice.user]);
    house.clock.advance(5_000_001);
    assert!(house.hub.typing_in(direct, bob.user).is_empty(), "5 s are over");
}

#[tokio::test]
async fn presence_is_gathered_into_one_frame_for_all() {
    let house = House::open().await;
    let [alice, bob] = [house.sign_up("alice").await, house.sign_up("bob").await];
    let mut screen = house.screen(alice, None, None);
    house.hub.update_presence(alice.user, PresenceState::Active, None);
    house.hub.update_presence(bob.user, PresenceState::Hidden, None);
    house.hub.set_override(bob.user, Some(PresenceOverride::Idle));
    let seen = screen.until("presence").await;
    assert_eq!(seen[1].data, json!({"users": {"alice": "active", "bob": "idle"}}));
    assert_eq!(house.hub.override_of(bob.user), Some(PresenceOverride::Idle));
    assert_eq!(house.hub.online().len(), 2);
    let told = house.signals.take();
    assert_eq!(told[&alice.user].state, Some(PresenceState::Active), "presence.db is told");
    assert_eq!(told[&bob.user].state, Some(PresenceState::Hidden));
    assert_eq!(told[&bob.user].wished, Some(Some(PresenceOverride::Idle)));
}

#[tokio::test]
async fn a_read_marker_goes_to_the_reader_and_to_who_has_the_channel_open() {
    let house = House::open().await;
    let [alice, bob] = [house.sign_up("alice").await, house.sign_up("bob").await];
    let message = house.post(alice, "general", "hi").await;
    let mut alices = house.screen(alice, None, Some("general"));
    let mut bobs = house.screen(bob, None, Some("general"));
    house.mark_read(bob, "general", message.id).await.unwrap();
    let seen = alices.until("read_markers").await;
    assert_eq!(kinds(&seen), ["hello", "read_markers"]);
    let ts = message.ts.as_seconds();
    let marker = json!({"last_read_id": message.id.get(), "last_read_ts": ts});
    assert_eq!(seen[1].data, json!({"channel": "general", "markers": {"bob": marker}}));
    let seen = all_until_now(&house, alice, &mut bobs).await;
    assert_eq!(kinds(&seen), ["hello", "channel_read"], "one's own marker comes with its id");
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_moves_the_cursor_past_what_one_may_not_see() {
    let house = House::open().await;
    let [alice, bob] = [house.sign_up("alice").await, house.sign_up("bob").await];
    let mallory = house.sign_up("mallory").await;
    let mut screen = house.screen(mallory, None, None);
    screen.until("hello").await;
    house.post(alice, "dm:alice:bob", "hi").await;
    house.post(bob, "dm:alice:bob", "hi").await;
    tokio::time::advance(Duration::from_secs(15)).await;
    let mut beat = screen.next().await.unwrap();
    while beat.seq != Some(house.head()) {
        beat = screen.next().await.unwrap();
        assert_eq!(beat.event, "", "only heartbeats");
    }
    house.submit(Actor::System, chat::testing::wish::create_channel("late", true)).await;
    assert_eq!(kinds(&screen.until("channel_created").await), ["channel_created"]);
}
