//! What notifies whom, and when.

use std::fmt::Display;

use super::*;
use crate::command::{Actor, Command, PostWish};
use crate::group::GroupWish;
use crate::ids::{ChannelName, Seq};
use crate::member::History;
use crate::personal::PersonalWish;
use crate::profile::ProfileWish;
use crate::testing::Story;
use crate::testing::wish::{channel, name, names, user_of};

const MINUTE: i64 = 60 * 1_000_000;
const NEVER: [i64; 0] = [];

fn scene() -> (Story, [Actor; 3]) {
    let mut story = Story::new();
    story.create_channel("general");
    let people = ["alice", "bob", "carol"].map(|name| story.sign_up(name));
    (story, people)
}

/// Whether a message notifies somebody at the story's time.
fn told(story: &Story, who: Actor, message: Seq) -> Result<Reason, Silence> {
    let record = story.log.iter().find(|record| record.seq == message).unwrap();
    verdict(record, user_of(who), &story.workspace, story.now)
}

fn want(story: &mut Story, who: Actor, wish: PersonalWish) {
    story.given(who, &Command::ChangePersonal(wish));
}

fn level(name: &(impl Display + ?Sized), level: Level, is_muted: bool) -> PersonalWish {
    let channel = channel(name);
    PersonalWish::Notifications { channel, level: Some(level), is_muted: Some(is_muted) }
}

fn keyword(word: &str) -> PersonalWish {
    PersonalWish::Keywords(vec![word.to_owned()])
}

#[test]
fn a_message_in_a_channel_notifies_those_whom_it_names() {
    let (mut story, [alice, bob, carol]) = scene();
    let plain = story.post(alice, "general", "hello");
    assert_eq!(told(&story, bob, plain), Err(Silence::NotNamed));
    let named = story.post(alice, "general", "hello @bob");
    assert_eq!(told(&story, bob, named), Ok(Reason::Mention));
    assert_eq!(told(&story, carol, named), Err(Silence::NotNamed));
    let all = story.post(alice, "general", "hello @everyone");
    assert_eq!(told(&story, carol, all), Ok(Reason::Everyone));
    assert_eq!(told(&story, alice, all), Err(Silence::Own));
}

#[test]
fn a_group_and_who_is_here_are_named_one_by_one() {
    let (mut story, [alice, bob, carol]) = scene();
    let (handle, members) = (Some(name("devs")), Some(names(&["bob"])));
    let wish = GroupWish { handle, name: None, members };
    story.given(alice, &Command::SaveGroup { group: None, wish });
    let group = story.post(alice, "general", "@devs ship it");
    assert_eq!(told(&story, bob, group), Ok(Reason::Mention));
    assert_eq!(told(&story, carol, group), Err(Silence::NotNamed));
    story.active = vec![user_of(carol)];
    let here = story.post(alice, "general", "@here lunch");
    assert_eq!(told(&story, carol, here), Ok(Reason::Mention));
    assert_eq!(told(&story, bob, here), Err(Silence::NotNamed));
}

#[test]
fn everything_in_a_direct_channel_notifies_unless_mentions_were_asked_for() {
    let (mut story, [alice, bob, _]) = scene();
    let message = story.post(alice, "dm:alice:bob", "psst");
    assert_eq!(told(&story, bob, message), Ok(Reason::Direct));
    want(&mut story, bob, level("dm:alice:bob", Level::Mentions, false));
    assert_eq!(told(&story, bob, message), Err(Silence::NotNamed));
    want(&mut story, bob, level("dm:alice:bob", Level::All, false));
    assert_eq!(told(&story, bob, message), Ok(Reason::Direct));
}

#[test]
fn the_level_all_is_told_of_everything_but_replies_beside_the_channel() {
    let (mut story, [alice, bob, _]) = scene();
    want(&mut story, bob, level("general", Level::All, false));
    let message = story.post(alice, "general", "hello");
    assert_eq!(told(&story, bob, message), Ok(Reason::All));
    let reply = story.reply(alice, message, "anybody?");
    assert_eq!(told(&story, bob, reply), Err(Silence::NotFollowed));
    let wish = PostWish::text(channel("general"), "anybody at all?".to_owned());
    let wish = PostWish { thread: Some(message), also_in_channel: true, ..wish };
    let shown = story.post_wish(alice, wish);
    assert_eq!(told(&story, bob, shown), Ok(Reason::All));
}

#[test]
fn who_is_muted_or_wants_nothing_is_not_told_even_when_named() {
    let (mut story, [alice, bob, _]) = scene();
    let message = story.post(alice, "general", "@bob @everyone ship it");
    want(&mut story, bob, keyword("ship"));
    want(&mut story, bob, level("general", Level::None, false));
    assert_eq!(told(&story, bob, message), Err(Silence::Level));
    want(&mut story, bob, level("general", Level::All, true));
    assert_eq!(told(&story, bob, message), Err(Silence::Muted));
    want(&mut story, bob, level("general", Level::Default, false));
    assert_eq!(told(&story, bob, message), Ok(Reason::Everyone), "as before");
}

#[test]
fn a_reply_in_a_thread_notifies_its_followers_and_those_it_names() {
    let (mut story, [alice, bob, carol]) = scene();
    let root = story.post(bob, "general", "shall we?");
    let first = story.reply(alice, root, "@everyone yes");
    assert_eq!(told(&story, bob, first), Ok(Reason::Thread), "he began it");
    assert_eq!(told(&story, carol, first), Err(Silence::NotFollowed), "she is not in the thread");
    let second = story.reply(alice, root, "@carol too");
    assert_eq!(told(&story, carol, second), Ok(Reason::Mention));
    let third = story.reply(alice, root, "now");
    assert_eq!(told(&story, carol, third), Ok(Reason::Thread), "who was named follows");
    story.given(carol, &Command::FollowThread { root, on: false });
    let fourth = story.reply(alice, root, "or later");
    assert_eq!(told(&story, carol, fourth), Err(Silence::NotFollowed));
}

#[test]
fn a_keyword_notifies_wherever_one_may_look() {
    let (mut story, [alice, bob, carol]) = scene();
    want(&mut story, bob, keyword("Fire"));
    want(&mut story, carol, keyword("fire"));
    let message = story.post(alice, "general", "there is FIRE!");
    assert_eq!(told(&story, bob, message), Ok(Reason::Keyword));
    let reply = story.reply(alice, message, "no fire after all");
    assert_eq!(told(&story, bob, reply), Ok(Reason::Keyword), "in a thread too");
    let plans = story.create_private(alice, &["bob"]);
    let secret = story.post(alice, &plans, "fire carol");
    assert_eq!(told(&story, bob, secret), Ok(Reason::Keyword));
    assert_eq!(told(&story, carol, secret), Err(Silence::NotVisible));
}

#[test]
fn a_keyword_has_no_letter_or_digit_around_it_in_any_alphabet() {
    let has = |text: &str, word: &str| has_keyword(text, &[word.to_owned()]);
    let found = [
        ("ship it", "ship"),
        ("Ship!", "sHIP"),
        ("the (ship)", "ship"),
        ("airship, ship", "ship"),
        ("die GRÜNE Straße.", "grüne straße"),
        ("🌊wave🌊", "wave"),
        ("I like C++.", "c++"),
        ("ΟΔΟΣ", "οδος"),
        ("say 日本。", "日本"),
    ];
    for (text, word) in found {
        assert!(has(text, word), "{word:?} in {text:?}");
    }
    let missed = [
        ("shipping", "ship"),
        ("airship", "ship"),
        ("ship2", "ship"),
        ("straßenbahn", "straße"),
        ("éship", "ship"),
        ("c++11", "c++"),
        ("日本語", "日本"),
        ("", "ship"),
    ];
    for (text, word) in missed {
        assert!(!has(text, word), "{word:?} in {text:?}");
    }
    assert!(!has_keyword("anything", &[]));
}

#[test]
fn what_somebody_may_not_see_or_what_is_erased_does_not_notify_them() {
    let (mut story, [alice, bob, carol]) = scene();
    let plans = story.create_private(alice, &["bob"]);
    let message = story.post(alice, &plans, "@carol @bob @everyone");
    assert_eq!(told(&story, bob, message), Ok(Reason::Everyone));
    assert_eq!(told(&story, carol, message), Err(Silence::NotVisible));
    let (names, history) = (names(&["carol"]), History::FromJoin);
    story.given(alice, &Command::AddMembers { channel: plans, names, history });
    assert_eq!(told(&story, carol, message), Err(Silence::NotVisible), "it is older");
    story.given(alice, &Command::DeleteMessage { message });
    assert_eq!(told(&story, bob, message), Err(Silence::NotVisible), "it is gone");
}

#[test]
fn a_notice_notifies_nobody() {
    let (mut story, [alice, bob, _]) = scene();
    want(&mut story, bob, level("general", Level::All, false));
    let rename = Command::RenameChannel { channel: channel("general"), name: "Hall".to_owned() };
    let events = story.given(alice, &rename);
    assert_eq!(told(&story, bob, events[1].seq), Err(Silence::Notice));
    assert_eq!(told(&story, bob, events[0].seq), Err(Silence::NotVisible), "no message at all");
}

/// A night from 22:00 to 07:00 that begins on these days. The story begins on Tuesday at 22:13:20 UTC.
fn nights(days: &[u8]) -> DoNotDisturb {
    let (from_minute, to_minute) = (22 * 60, 7 * 60);
    DoNotDisturb { is_enabled: true, from_minute, to_minute, days: days.to_vec(), until: None }
}

/// Which of these minutes after the story's beginning are quiet for bob.
fn quiet_at(zone: Option<&str>, schedule: DoNotDisturb, minutes: &[i64]) -> Vec<i64> {
    let (mut story, [alice, bob, _]) = scene();
    let time_zone = zone.map(|zone| Some(zone.to_owned()));
    let profile = ProfileWish { time_zone, ..ProfileWish::default() };
    story.given(bob, &Command::ChangeProfile(profile));
    want(&mut story, bob, PersonalWish::DoNotDisturb(schedule.into()));
    let message = story.post(alice, "general", "@bob");
    let begin = story.now;
    let mut is_quiet = |after: i64| {
        story.now = begin.plus_micros(after * MINUTE);
        match told(&story, bob, message) {
            Ok(reason) => assert_eq!(reason, Reason::Mention),
            Err(silence) => assert_eq!(silence, Silence::DoNotDisturb),
        }
        told(&story, bob, message).is_err()
    };
    minutes.iter().copied().filter(|after| is_quiet(*after)).collect()
}

#[test]
fn a_night_lasts_past_midnight_and_begins_only_on_its_days() {
    // 22:13, 06:59 and 07:00 on Wednesday, 21:59 and 22:00 on Wednesday.
    let minutes = [0, 525, 527, 1_425, 1_427];
    assert_eq!(quiet_at(None, nights(&[2]), &minutes), [0, 525]);
    assert_eq!(quiet_at(None, nights(&[3]), &minutes), [1_427]);
    assert_eq!(quiet_at(None, nights(&[1, 2, 3, 4, 5, 6, 7]), &minutes), [0, 525, 1_427]);
    assert_eq!(quiet_at(None, nights(&[]), &minutes), NEVER);
    let off = DoNotDisturb { is_enabled: false, ..nights(&[2]) };
    assert_eq!(quiet_at(None, off, &minutes), NEVER);
}

#[test]
fn the_night_of_a_sunday_ends_on_monday() {
    // Sunday 22:13, Monday 05:13 and 07:13: five days later and on.
    let minutes = [5 * 1_440, 5 * 1_440 + 420, 5 * 1_440 + 540];
    assert_eq!(quiet_at(None, nights(&[7]), &minutes), minutes[..2]);
    assert_eq!(quiet_at(None, nights(&[1]), &minutes), NEVER);
}

#[test]
fn a_night_is_one_where_the_person_lives() {
    // In Berlin it is 23:13, in Auckland Wednesday 11:13.
    assert_eq!(quiet_at(Some("Europe/Berlin"), nights(&[2]), &[0, 460, 470]), [0, 460]);
    assert_eq!(quiet_at(Some("Pacific/Auckland"), nights(&[2, 3]), &[0, 640, 650]), [650]);
}

#[test]
fn a_night_may_lie_within_a_day_or_last_a_whole_one() {
    let noon = DoNotDisturb { from_minute: 12 * 60, to_minute: 13 * 60, ..nights(&[3]) };
    // 11:59, 12:00, 12:59, 13:00 on Wednesday.
    assert_eq!(quiet_at(None, noon, &[825, 827, 886, 887]), [827, 886]);
    let always = DoNotDisturb { from_minute: 0, to_minute: 0, ..nights(&[3]) };
    assert_eq!(quiet_at(None, always, &[0, 107, 1_000, 1_546, 1_547]), [107, 1_000, 1_546]);
}

#[test]
fn a_pause_lasts_until_its_time() {
    let until = Some(Story::new().now.plus_micros(30 * MINUTE));
    let pause = DoNotDisturb { until, ..DoNotDisturb::default() };
    assert_eq!(quiet_at(None, pause, &[0, 29, 30]), [0, 29]);
}

#[test]
fn a_schedule_has_clock_times_and_days_of_a_week() {
    let (mut story, [_, bob, _]) = scene();
    let wrong = [
        DoNotDisturb { from_minute: 1_440, ..nights(&[1]) },
        DoNotDisturb { to_minute: 1_440, ..nights(&[1]) },
        nights(&[0]),
        nights(&[8]),
    ];
    for schedule in wrong {
        let wish = Command::ChangePersonal(PersonalWish::DoNotDisturb(schedule.into()));
        assert!(matches!(story.when(bob, &wish), Err(Rejection::InvalidValue { .. })), "{wish:?}");
    }
    want(&mut story, bob, PersonalWish::DoNotDisturb(nights(&[7, 1, 7]).into()));
    let kept = &story.workspace.users[&user_of(bob)].personal.do_not_disturb;
    assert_eq!(kept.days, [1, 7], "each once, in order");
}

#[test]
fn of_a_schedule_only_what_is_said_changes() {
    let (mut story, [_, bob, _]) = scene();
    let until = Some(story.now.plus_micros(MINUTE));
    let all = DoNotDisturb { until, ..nights(&[1]) };
    want(&mut story, bob, PersonalWish::DoNotDisturb(all.clone().into()));
    let kept = |story: &Story| {
        DoNotDisturb::clone(&story.workspace.users[&user_of(bob)].personal.do_not_disturb)
    };
    let days = DoNotDisturbWish { days: Some(vec![2]), ..DoNotDisturbWish::default() };
    want(&mut story, bob, PersonalWish::DoNotDisturb(days));
    assert_eq!(kept(&story), DoNotDisturb { days: vec![2], ..all.clone() });
    let awake = DoNotDisturbWish { until: Some(None), ..DoNotDisturbWish::default() };
    want(&mut story, bob, PersonalWish::DoNotDisturb(awake));
    assert_eq!(kept(&story), DoNotDisturb { days: vec![2], until: None, ..all });
}

#[test]
fn levels_are_set_where_one_is_a_member_and_go_with_the_membership() {
    let (mut story, [alice, bob, carol]) = scene();
    let plans = story.create_private(alice, &["bob"]);
    let all = Command::ChangePersonal(level(&plans, Level::All, false));
    assert_eq!(story.when(carol, &all), Err(Rejection::NotAMember));
    story.given(bob, &all);
    assert_eq!(story.when(bob, &all), Ok(vec![]), "it is so already");
    let watchers = |story: &Story, name: &ChannelName| {
        story.workspace.channel(story.channel_id(name)).watchers.len()
    };
    assert_eq!(watchers(&story, &plans), 1);
    story.given(bob, &Command::LeaveChannel { channel: plans.clone() });
    assert_eq!(watchers(&story, &plans), 0);
    assert!(story.workspace.users[&user_of(bob)].personal.notifications.is_empty());
}

#[test]
fn the_worst_text_is_searched_for_a_keyword_in_places_that_do_not_overlap() {
    for (piece, word) in [("a", "a"), ("a", "aa"), ("ab", "abab"), ("aa b", "aa"), ("é", "éé")] {
        let text = format!("x{}x", crate::testing::wish::hostile(piece));
        let mut places = Vec::new();
        stands_alone(&text, word, |at| places.push(at));
        assert!(places.windows(2).all(|two| two[1] - two[0] >= word.len()), "{piece:?}");
        assert!(places.len() <= text.len() / word.len(), "{piece:?}");
    }
}
