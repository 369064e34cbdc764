use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::command::{Actor, Command};
use crate::event::Body;
use crate::testing::wish::user_of;
use crate::testing::{History, Labels, Story};

fn named_in(story: &Story) -> BTreeMap<(Owner, Seq), Named> {
    let Labels(labels) = Labels::of(&story.log);
    let named = labels.into_iter().filter(|(label, _)| label.kind == LabelKind::Named);
    named.map(|(label, value)| ((label.owner, label.message), Named::from_value(value))).collect()
}

fn scene() -> (Story, [Actor; 3]) {
    let mut story = Story::new();
    story.create_channel("general");
    let people = ["alice", "bob", "carol"].map(|name| story.sign_up(name));
    (story, people)
}

fn of(actor: Actor) -> Owner {
    Owner::User(user_of(actor))
}

#[test]
fn a_value_says_what_was_put_in() {
    for (sender, is_beside, is_deleted) in
        [(1, false, false), (2, true, false), (1 << 40, false, true), (u64::MAX >> 3, true, true)]
    {
        let named = Named { sender: UserId(Seq(sender)), is_beside, is_deleted };
        assert_eq!(Named::from_value(named.value()), named);
        assert!(i64::try_from(named.value()).is_ok(), "the log has signed numbers");
    }
}

#[test]
fn who_is_named_by_others_has_a_label_and_an_edit_moves_it() {
    let (mut story, [alice, bob, carol]) = scene();
    let message = story.post(alice, "general", "hi @bob, from @alice");
    let own = Named { sender: user_of(alice), is_beside: false, is_deleted: false };
    assert_eq!(named_in(&story), [((of(bob), message), own)].into(), "nobody tells themselves");
    let text = "hi @carol".to_owned();
    story.given(alice, &Command::EditMessage { message, text });
    assert_eq!(named_in(&story), [((of(carol), message), own)].into());
    let text = "hi @everyone".to_owned();
    story.given(alice, &Command::EditMessage { message, text });
    assert_eq!(named_in(&story), [((Owner::Everyone, message), own)].into());
    let reply = story.reply(bob, message, "yes, @alice");
    let beside = Named { sender: user_of(bob), is_beside: true, is_deleted: false };
    assert_eq!(named_in(&story).get(&(of(alice), reply)), Some(&beside));
    story.given(bob, &Command::DeleteMessage { message: reply });
    story.given(alice, &Command::EditMessage { message, text: "hi".to_owned() });
    assert_eq!(named_in(&story), BTreeMap::new());
}

#[test]
fn whose_message_somebody_else_deletes_has_a_label_instead_of_those_it_named() {
    let (mut story, [alice, bob, _]) = scene();
    let message = story.post(bob, "general", "what @carol said");
    let other = story.post(bob, "general", "what @carol said next");
    story.given(alice, &Command::DeleteMessage { message });
    story.given(bob, &Command::DeleteMessage { message: other });
    let told = Named { sender: user_of(bob), is_beside: false, is_deleted: true };
    assert_eq!(named_in(&story), [((of(bob), message), told)].into());
}

#[test]
fn so_many_people_have_one_label_together() {
    let mut story = Story::new();
    story.create_channel("general");
    let people: Vec<_> = (0..=NAMED_MAX + 1).map(|n| story.sign_up(&format!("user{n}"))).collect();
    for (count, is_one) in [(NAMED_MAX, false), (NAMED_MAX + 1, true)] {
        let names: Vec<_> = (1..=count).map(|number| format!("@user{number}")).collect();
        let message = story.post(people[0], "general", &names.join(" "));
        let named = named_in(&story);
        assert_eq!(named.contains_key(&(Owner::Many, message)), is_one, "{count}");
        let own = named.keys().filter(|(owner, on)| *on == message && *owner != Owner::Many);
        assert_eq!(own.count(), if is_one { 0 } else { count });
    }
}

#[test]
fn a_follower_has_a_label_until_they_stop_and_it_knows_how_far_they_read() {
    let (mut story, [alice, bob, carol]) = scene();
    let plans = story.create_private(alice, &["bob"]);
    let root = story.post(alice, &plans, "what do we do?");
    let first = story.reply(bob, root, "nothing");
    let marker = |story: &Story, who| {
        let Labels(labels) = Labels::of(&story.log);
        let is_it = |label: &Label| label.kind == LabelKind::Follows && label.owner == of(who);
        labels.into_iter().filter(|(label, _)| is_it(label)).map(|(_, at)| Seq(at)).next()
    };
    let began = Seq(first.get() - 1);
    assert_eq!(marker(&story, alice), Some(began), "the event before the reply says so");
    assert_eq!(marker(&story, carol), None);
    story.given(alice, &Command::MarkThreadRead { root, up_to: None });
    assert_eq!(marker(&story, alice), Some(first));
    let second = story.reply(bob, root, "really");
    story.given(alice, &Command::MarkUnread { message: second });
    assert_eq!(marker(&story, alice), Some(first), "it goes back, not forward");
    story.given(alice, &Command::MarkThreadRead { root, up_to: None });
    story.given(alice, &Command::MarkUnread { message: first });
    assert_eq!(marker(&story, alice), Some(began));
    story.given(alice, &Command::FollowThread { root, on: false });
    assert_eq!(marker(&story, alice), None);
    assert!(marker(&story, bob).is_some());
    story.given(bob, &Command::LeaveChannel { channel: plans });
    assert_eq!(marker(&story, bob), None);
}

/// Who is named where, as the messages say it.
fn named_by_messages(story: &Story) -> BTreeMap<Label, u64> {
    let mut labels = BTreeMap::new();
    for message in story.messages.values().filter(|message| !message.is_notice()) {
        let is_beside = !message.in_timeline;
        let sender = message.sender;
        let owners = match &message.mentions {
            _ if message.deleted_by.is_some() => vec![Owner::User(sender)],
            Mentions::Nobody => Vec::new(),
            Mentions::Everyone => vec![Owner::Everyone],
            Mentions::Users(users) => {
                users.iter().filter(|user| **user != sender).copied().map(Owner::User).collect()
            }
        };
        let value = Named { sender, is_beside, is_deleted: message.deleted }.value();
        for owner in owners {
            let (kind, channel) = (LabelKind::Named, message.channel);
            labels.insert(Label { kind, owner, channel, message: message.id }, value);
        }
    }
    labels
}

/// Who follows what and how far they are there: of each person and channel, what happened there since they came.
fn followed_by_events(story: &Story) -> BTreeMap<Label, u64> {
    let mut labels = BTreeMap::new();
    let workspace = &story.workspace;
    for user in workspace.users.keys().copied() {
        for channel in workspace.channels.keys().copied() {
            let Some(member) = workspace.membership(user, channel) else { continue };
            let mut markers: BTreeMap<Seq, Seq> = BTreeMap::new();
            for record in story.log.iter().filter(|record| record.seq >= member.joined) {
                match record.event() {
                    Some(Event::ThreadFollowed { channel: here, root, users, on })
                        if *here == channel && users.contains(&user) =>
                    {
                        if *on {
                            markers.entry(*root).or_insert(record.seq);
                        } else {
                            markers.remove(root);
                        }
                    }
                    Some(Event::ThreadRead { channel: here, root, up_to })
                        if *here == channel && record.actor == user =>
                    {
                        markers.entry(*root).and_modify(|marker| *marker = *up_to);
                    }
                    Some(Event::ThreadUnread { channel: here, root, from })
                        if *here == channel && record.actor == user =>
                    {
                        let before = Seq(from.get() - 1);
                        markers.entry(*root).and_modify(|marker| *marker = before.min(*marker));
                    }
                    Some(_) | None => {}
                }
            }
            let owner = Owner::User(user);
            for (message, marker) in markers {
                let label = Label { kind: LabelKind::Follows, owner, channel, message };
                labels.insert(label, marker.get());
            }
        }
    }
    labels
}

/// What a wish made of the log before anything was erased.
fn live(history: &History) -> Vec<LoggedEvent> {
    let batches = history.steps.iter().filter_map(|step| step.outcome.as_ref().ok());
    batches.flat_map(|batch| batch.events.iter().cloned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn labels_written_event_by_event_are_what_messages_and_markers_say(seed: u64) {
        let history = History::random(seed, 400);
        let live = live(&history);
        prop_assert!(live.iter().all(|record| matches!(record.body, Body::Present(_))));
        let mut expected = named_by_messages(&history.story);
        expected.extend(followed_by_events(&history.story));
        prop_assert_eq!(&Labels::of(&live).0, &expected, "written with each event");
        prop_assert_eq!(&Labels::of(&history.story.log).0, &expected, "made later, of what is left");
    }

    #[test]
    fn what_was_erased_meanwhile_makes_no_difference_at_any_point(seed: u64, at in 0usize..400) {
        let history = History::random(seed, 400);
        let live = live(&history);
        let at = at.min(live.len());
        // A reader that went as far as `at` before anything was erased, and on when all was.
        let rest = history.story.log[at..].iter();
        let seen = live[..at].iter().chain(rest);
        prop_assert_eq!(Labels::of(seen), Labels::of(&live));
    }
}

#[test]
fn long_histories_have_every_label() {
    let story = History::random(8, 3_000).story;
    let Labels(labels) = Labels::of(&story.log);
    let count = |is_it: fn(&Label, u64) -> bool| {
        labels.iter().filter(|(label, value)| is_it(label, **value)).count()
    };
    assert!(count(|label, _| label.kind == LabelKind::Follows) > 0);
    let named = |it: &Label| it.kind == LabelKind::Named;
    assert!(named_in(&story).values().any(|named| named.is_deleted));
    assert!(named_in(&story).values().any(|named| named.is_beside));
    assert!(count(|label, _| label.owner == Owner::Everyone) > 0);
    assert!(
        labels.keys().filter(|label| named(label)).any(|it| matches!(it.owner, Owner::User(_)))
    );
    let is_erased = |record: &LoggedEvent| matches!(record.body, Body::Redacted { .. });
    assert!(story.log.iter().any(is_erased), "or nothing was shown of what is erased");
}
