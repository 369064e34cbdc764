//! Submitting: what an answer promises, and what a repeat, a refusal and a fault come to.

use chat::event::Posting;
use chat::thread::{InThread, ThreadSummary};
use chat::{Actor, Command, EventKind, Rejection, Seq};
use eventlog::Body;
use minimost::codec;
use minimost::write::SubmitError;
use tokio::task::JoinSet;

use crate::house::{House, mark, named, post};

#[tokio::test]
async fn an_answer_speaks_of_what_is_on_disk() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let receipt = house.submit(alice.actor(), post("general", "hi")).await;
    let (seq, message) = (receipt.seq.unwrap(), receipt.message.unwrap());
    assert_eq!((message.id, message.text.as_deref()), (seq, Some("hi")));
    assert_eq!(house.log.head(), seq.get());
    assert_eq!(receipt.workspace.head, seq);
    assert!(*receipt.workspace == house.folded(), "the workspace is the fold of the log");
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_message_as_it_is_now_even_after_a_restart() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let submit = |house: House, text: &'static str| async move {
        let command = post("general", text);
        let receipt =
            house.writer.submit(alice.actor(), Some(named("once")), command).await.unwrap();
        (house, receipt)
    };
    let (house, first) = submit(house, "first").await;
    assert!(first.is_new);
    let message = first.message.unwrap().id;
    let edit = Command::EditMessage { message, text: "edited".to_owned() };
    house.submit(alice.actor(), edit).await;
    let head = house.head();
    let (house, repeat) = submit(house, "first").await;
    let (house, late_repeat) = submit(house.restart().await, "first").await;
    for repeat in [repeat, late_repeat] {
        assert!(!repeat.is_new);
        assert_eq!(repeat.seq, Some(message));
        assert_eq!(repeat.message.unwrap().text.as_deref(), Some("edited"));
    }
    assert_eq!(house.head(), head, "nothing was appended");
}

#[tokio::test]
async fn one_name_for_two_wishes_is_refused() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let bob = house.sign_up("bob").await;
    let submit = |command| house.writer.submit(alice.actor(), Some(named("once")), command);
    let message = submit(post("general", "hi")).await.unwrap().message.unwrap().id;
    let edit = Command::EditMessage { message, text: "other kind".to_owned() };
    for command in [post("random", "other channel"), post("dm:alice:bob", "none yet"), edit] {
        let refused = submit(command).await;
        let is_reused = matches!(refused, Err(SubmitError::Rejected(Rejection::ClientMsgIdReused)));
        assert!(is_reused, "the name is taken");
    }
    let bobs = house.writer.submit(bob.actor(), Some(named("once")), post("random", "mine")).await;
    assert!(bobs.unwrap().is_new, "names are per user");
}

#[tokio::test]
async fn the_same_wish_twice_at_once_appends_once() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let submit = || house.writer.submit(alice.actor(), Some(named("once")), post("general", "hi"));
    let (one, other) = tokio::join!(submit(), submit());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.is_new != other.is_new);
    assert_eq!(one.message, other.message);
}

#[tokio::test]
async fn a_repeated_toggle_toggles_once_and_a_repeated_edit_survives_the_deletion() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let message = house.post(alice, "general", "hi").await.id;
    let toggle = || Command::React { message, reaction: "heart".to_owned(), on: None };
    let submit = |name, command| house.writer.submit(alice.actor(), Some(named(name)), command);
    for is_new in [true, false, false] {
        let receipt = submit("toggle", toggle()).await.unwrap();
        assert_eq!(receipt.is_new, is_new);
        assert_eq!(receipt.message.unwrap().reactions["heart"], [alice.user]);
    }
    let edit = || Command::EditMessage { message, text: "edited".to_owned() };
    submit("edit", edit()).await.unwrap();
    house.submit(alice.actor(), Command::DeleteMessage { message }).await;
    let repeat = submit("edit", edit()).await.unwrap();
    assert!(!repeat.is_new && repeat.message.unwrap().deleted);
    let refused = submit("another", edit()).await;
    assert!(matches!(refused, Err(SubmitError::Rejected(Rejection::MessageDeleted))));
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let submit =
        |text| house.writer.submit(alice.actor(), Some(named("once")), post("general", text));
    assert!(matches!(submit(" ").await, Err(SubmitError::Rejected(Rejection::TextEmpty))));
    assert!(submit("words").await.unwrap().is_new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_senders_share_one_order_and_each_keeps_its_own() {
    let house = House::open().await;
    let mut senders = JoinSet::new();
    for n in 0..16 {
        let person = house.sign_up(&format!("sender{n}")).await;
        let writer = house.writer.clone();
        senders.spawn(async move {
            let mut seqs = Vec::new();
            for n in 0..50 {
                let name = Some(named(&format!("n{n}")));
                let receipt =
                    writer.submit(person.actor(), name, post("general", &format!("{n}"))).await;
                seqs.push(receipt.unwrap().seq.unwrap());
            }
            seqs
        });
    }
    let mut all = Vec::new();
    for seqs in senders.join_all().await {
        assert!(seqs.is_sorted(), "an earlier answer has an earlier place");
        all.extend(seqs);
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 800, "800 places, none shared");
    let records = house.log.reader().unwrap().range(0, house.log.head(), 10_000).unwrap();
    assert!(records.windows(2).all(|pair| pair[0].ts_micros < pair[1].ts_micros));
    assert!(*house.published.now() == house.folded());
}

#[tokio::test]
async fn deleting_erases_the_message_and_its_edits_even_those_of_the_same_commit() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let message = house.post(alice, "general", "secret").await.id;
    let edit = |text: &str| Command::EditMessage { message, text: text.to_owned() };
    let early = house.submit(alice.actor(), edit("secret 2")).await.seq.unwrap();
    let (late, deleted) = tokio::join!(
        house.submit(alice.actor(), edit("secret 3")),
        house.submit(alice.actor(), Command::DeleteMessage { message }),
    );
    let deleted = deleted.seq.unwrap();
    let seqs = [message, early, late.seq.unwrap()].map(Seq::get);
    for record in house.log.reader().unwrap().by_seqs(&seqs).unwrap() {
        assert_eq!(record.body, Body::Redacted { by: deleted.get(), why: 1 });
    }
    assert!(*house.published.now() == house.folded());
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_acknowledged_and_afterwards_all_goes_on() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let head = house.head();
    house.log.fill_disk_for_test(true).unwrap();
    let text = "x".repeat(9_000);
    let (one, other) = tokio::join!(
        house.writer.submit(alice.actor(), Some(named("one")), post("general", &text)),
        house.writer.submit(alice.actor(), None, post("general", " ")),
    );
    assert!(matches!(one, Err(SubmitError::DiskFull)));
    assert!(other.is_err(), "its whole batch failed");
    assert_eq!((house.head(), house.log.head()), (head, head.get()));
    house.log.fill_disk_for_test(false).unwrap();
    let again =
        house.writer.submit(alice.actor(), Some(named("one")), post("general", &text)).await;
    assert!(again.unwrap().is_new);
    assert!(*house.published.now() == house.folded());
}

#[tokio::test]
async fn a_commit_that_was_believed_to_have_failed_is_heard_of_before_the_next() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let mut screen = house.screen(alice, None, None);
    let (channel, text) = (house.channel("general"), "lost and found".to_owned());
    let event = chat::Event::MessagePosted(chat::event::Posting::text(channel, text));
    let (seq, ts) = (house.head().next(), house.published.now().last_ts.plus_micros(1));
    let lost = chat::LoggedEvent::new(seq, ts, alice.user, None, event);
    let batch = codec::batch(&[lost], Vec::new());
    house.log.append(batch).await.unwrap();
    assert_eq!(house.head().next(), seq, "the writer knows nothing of it");
    let next = house.post(alice, "general", "next").await;
    assert_eq!(next.id, seq.next());
    assert!(*house.published.now() == house.folded());
    let seen = screen.until_text("next").await;
    assert_eq!(seen.last().unwrap().data["content"], "lost and found");
}

#[tokio::test]
async fn who_follows_a_thread_is_notified_of_a_reply_that_was_believed_to_have_failed() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let mut bobs = Vec::new();
    for number in 0..60 {
        bobs.push(house.sign_up(&format!("bob{number}")).await);
    }
    let root = house.post(alice, "general", "who comes?").await;
    let mut screen = house.screen(bobs[59], None, None);
    let (channel, root) = (house.channel("general"), root.id);
    let users: Vec<_> = bobs.iter().map(|bob| bob.user).collect();
    let thread = InThread { root, summary: ThreadSummary::default(), followers: users.clone() };
    let said = Posting::text(channel, "at eight".to_owned());
    let said = Posting { thread: Some(Box::new(thread)), ..said };
    let lost = [
        chat::Event::ThreadFollowed { channel, root, users, on: true },
        chat::Event::ThreadReplied(said),
    ];
    let (mut seq, mut ts) = (house.head(), house.published.now().last_ts);
    let lost = lost.map(|event| {
        (seq, ts) = (seq.next(), ts.plus_micros(1));
        chat::LoggedEvent::new(seq, ts, bobs[0].user, None, event)
    });
    house.log.append(codec::batch(&lost, Vec::new())).await.unwrap();
    house.post(alice, "general", "next").await;
    let notify = screen.until("notify").await.pop().unwrap().data;
    assert_eq!((&notify["content"], &notify["reason"]), (&"at eight".into(), &"thread".into()));
}

#[tokio::test]
async fn a_closed_session_writes_nothing() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let hi = || house.writer.submit(alice.actor(), Some(named("once")), post("general", "hi"));
    assert!(hi().await.is_ok());
    house.submit(alice.actor(), Command::LogOut).await;
    assert!(matches!(hi().await, Err(SubmitError::Rejected(Rejection::NotLoggedIn))));
}

fn markers(house: &House) -> Vec<Seq> {
    let records = house.log.reader().unwrap().range(0, house.log.head(), 10_000).unwrap();
    let events = records.iter().map(|record| codec::decode(record).unwrap());
    events
        .filter_map(|logged| match logged.event() {
            Some(chat::Event::ChannelRead { up_to, .. }) => Some(*up_to),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn markers_within_a_second_become_the_first_and_the_last() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let bob = house.sign_up("bob").await;
    let mut seqs = Vec::new();
    for text in ["one", "two", "three"] {
        seqs.push(house.post(alice, "general", text).await.id);
    }
    for seq in &seqs {
        house.mark_read(bob, "general", *seq).await.unwrap();
    }
    assert_eq!(markers(&house), [seqs[0]], "the first at once, the others wait");
    let general = house.channel("general");
    house.writer.flush_markers(alice.user).await.unwrap();
    assert_eq!(house.published.now().read_up_to(bob.user, general), seqs[0]);
    house.writer.flush_markers(bob.user).await.unwrap();
    assert_eq!(house.published.now().read_up_to(bob.user, general), seqs[2]);
    assert_eq!(markers(&house), [seqs[0], seqs[2]]);
    house.mark_read(bob, "general", seqs[1]).await.unwrap();
    house.mark_read(bob, "general", seqs[2]).await.unwrap();
    house.writer.flush_markers(bob.user).await.unwrap();
    assert_eq!(markers(&house), [seqs[0], seqs[2]], "there and back again is no news");
}

#[tokio::test]
async fn a_waiting_marker_outlives_the_log_out_and_the_end() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let [one, two] = [
        house.post(alice, "general", "one").await.id,
        house.post(alice, "general", "two").await.id,
    ];
    house.mark_read(alice, "general", one).await.unwrap();
    house.mark_read(alice, "general", two).await.unwrap();
    house.submit(alice.actor(), Command::LogOut).await;
    assert_eq!(markers(&house), [one]);
    house.writer.close().await;
    assert_eq!(markers(&house), [one, two]);
    let refused = house.writer.submit(Actor::System, None, post("general", "late")).await;
    assert!(matches!(refused, Err(SubmitError::Unavailable)));
}

#[tokio::test(start_paused = true)]
async fn a_waiting_marker_is_written_when_its_second_is_over() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let mut seqs = Vec::new();
    for text in ["one", "two"] {
        seqs.push(house.post(alice, "general", text).await.id);
    }
    for seq in &seqs {
        house.mark_read(alice, "general", *seq).await.unwrap();
    }
    let head = house.head();
    let mut published = house.published.clone();
    assert!(markers(&house).len() == 2 || published.reached(head.next()).await);
    assert_eq!(markers(&house), seqs);
}

/// Bob marks everything again and again within one moment.
#[tokio::test(start_paused = true)]
async fn of_three_hundred_channels_one_person_has_ten_markers_written_a_second() {
    let house = House::open().await;
    let [alice, bob] = [house.sign_up("alice").await, house.sign_up("bob").await];
    let mut said = Vec::new();
    for number in 0..300 {
        let slug = format!("c{number}");
        house.submit(Actor::System, chat::testing::wish::create_channel(&slug, true)).await;
        let ids =
            [house.post(alice, &slug, "one").await.id, house.post(alice, &slug, "two").await.id];
        said.push((slug, ids));
    }
    // A paused clock jumps whenever everybody waits, but never while a blocking task runs.
    let (moment, over) = std::sync::mpsc::channel::<()>();
    let moment_ends = tokio::task::spawn_blocking(move || over.recv());
    for which in [0, 1, 0, 1] {
        for (slug, ids) in &said {
            house.mark_read(bob, slug, ids[which]).await.unwrap();
        }
    }
    let written = markers(&house).len();
    assert!(written <= 10, "{written} markers in one moment");
    drop(moment);
    moment_ends.await.unwrap().expect_err("nothing was sent");
    house.writer.flush_markers(bob.user).await.unwrap();
    for (slug, ids) in &said {
        let read = house.published.now().read_up_to(bob.user, house.channel(slug));
        assert_eq!(read, ids[1], "he reads what he marked in {slug}");
    }
}

#[tokio::test]
async fn a_marker_that_waits_does_not_win_over_a_later_wish() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let mut seqs = Vec::new();
    for text in ["one", "two", "three"] {
        seqs.push(house.post(alice, "general", text).await.id);
    }
    house.mark_read(alice, "general", seqs[0]).await.unwrap();
    house.mark_read(alice, "general", seqs[2]).await.unwrap();
    house.submit(alice.actor(), Command::MarkUnread { message: seqs[0] }).await;
    house.writer.flush_markers(alice.user).await.unwrap();
    let general = house.channel("general");
    assert!(house.published.now().read_up_to(alice.user, general) < seqs[0]);
}

#[tokio::test]
async fn a_marker_where_one_may_not_read_is_refused_at_once() {
    let house = House::open().await;
    let [alice, bob] = [house.sign_up("alice").await, house.sign_up("bob").await];
    let mallory = house.sign_up("mallory").await;
    let secret = house.post(alice, "dm:alice:bob", "secret").await;
    house.mark_read(bob, "dm:alice:bob", secret.id).await.unwrap();
    for _ in 0..2 {
        let refused = house.writer.mark_read(mallory.actor(), mark("dm:alice:bob", secret.id));
        assert!(matches!(refused.await, Err(SubmitError::Rejected(_))));
    }
    assert_eq!(markers(&house), [secret.id]);
    let last = house.log.reader().unwrap().by_seqs(&[house.log.head()]).unwrap();
    assert_eq!(last[0].kind, EventKind::ChannelRead.code());
}

#[tokio::test]
async fn a_session_that_has_expired_repeats_nothing_whether_or_not_it_was_swept() {
    let house = House::open().await;
    let alice = house.sign_up("alice").await;
    let submit = || house.writer.submit(alice.actor(), Some(named("once")), post("general", "hi"));
    assert!(submit().await.unwrap().is_new);
    assert!(!submit().await.unwrap().is_new, "a repeat while the session holds");
    house.clock.advance((chat::session::SESSION_SECONDS + 1) * 1_000_000);
    let refused = submit().await;
    assert!(matches!(refused, Err(SubmitError::Rejected(Rejection::NotLoggedIn))));
}
