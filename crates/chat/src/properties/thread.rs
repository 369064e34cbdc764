//! Threads, pins and what is erased, in every history: compared with a recount.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::event::{Event, LoggedEvent};
use crate::ids::{ChannelId, Seq, UserId};
use crate::message::Message;
use crate::pin::PINS_MAX;
use crate::testing::{History, Story};

/// What a thread comes to, counted from its replies.
fn recount(story: &Story, root: Seq) -> Option<(usize, BTreeMap<UserId, u32>, Seq)> {
    let replies = story.messages.values().filter(|message| message.thread_root == Some(root));
    let newest = replies.clone().map(|reply| reply.id).max()?;
    let live: Vec<&Message> = replies.filter(|reply| !reply.deleted).collect();
    let mut senders = BTreeMap::new();
    for reply in &live {
        *senders.entry(reply.sender).or_default() += 1;
    }
    Some((live.len(), senders, newest))
}

/// Who follows each thread: who began to and did not stop, nor leave its channel.
#[derive(Default)]
struct Following(BTreeMap<(ChannelId, Seq), BTreeSet<UserId>>);

impl Following {
    fn apply(&mut self, record: &LoggedEvent) {
        if let Some(Event::ThreadFollowed { channel, root, users, on }) = record.event() {
            let followers = self.0.entry((*channel, *root)).or_default();
            if *on {
                followers.extend(users);
            } else {
                followers.retain(|user| !users.contains(user));
            }
        } else if let Some(Event::MemberRemoved { channel, user }) = record.event() {
            let here = self.0.iter_mut().filter(|((place, _), _)| place == channel);
            here.for_each(|(_, followers)| {
                followers.remove(user);
            });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_thread_comes_to_its_replies_that_are_not_deleted(seed: u64) {
        let story = History::random(seed, 400).story;
        for message in story.messages.values() {
            let summary = message.thread.as_ref().map(|thread| {
                let senders = thread.participants.iter().copied().collect::<BTreeMap<_, _>>();
                (thread.replies as usize, senders, thread.last_reply)
            });
            prop_assert_eq!(summary, recount(&story, message.id));
            if let Some(thread) = &message.thread {
                prop_assert_eq!(thread.last_reply_ts, story.messages[&thread.last_reply].ts);
            }
            let root = message.thread_root.map(|root| &story.messages[&root]);
            prop_assert!(root.is_none_or(|root| root.thread_root.is_none()), "threads are flat");
            prop_assert!(root.is_none_or(|root| root.channel == message.channel));
        }
    }

    #[test]
    fn a_reply_reaches_who_follows_then_and_its_sender_is_one_of_them(seed: u64) {
        let history = History::random(seed, 400);
        let mut following = Following::default();
        for step in &history.steps {
            let Ok(batch) = &step.outcome else { continue };
            for record in &batch.events {
                following.apply(record);
                let Some(posting) = record.event().and_then(Event::posting) else { continue };
                let Some(thread) = &posting.thread else { continue };
                let followers = &following.0[&(posting.channel, thread.root)];
                prop_assert!(followers.contains(&record.actor));
                let followers: Vec<_> = followers.iter().copied().collect();
                prop_assert_eq!(&thread.followers, &followers);
            }
        }
    }

    #[test]
    fn pins_are_few_and_of_messages_that_are_there(seed: u64) {
        let story = History::random(seed, 400).story;
        for (id, channel) in &story.workspace.channels {
            prop_assert!(channel.pins.len() <= PINS_MAX);
            for pinned in channel.pins.keys() {
                let message = &story.messages[pinned];
                prop_assert!(!message.deleted && message.channel == *id);
            }
        }
    }

    #[test]
    fn of_drafts_and_what_waits_the_log_keeps_what_is_there_now(seed: u64) {
        let story = History::random(seed, 400).story;
        let people = || story.workspace.users.values().map(|user| &user.personal);
        let drafts = people().flat_map(|it| it.drafts.values().map(|draft| draft.saved));
        let waiting = people().flat_map(|it| it.scheduled.values().map(|waiting| waiting.saved));
        let reminders = people().flat_map(|it| it.reminders.keys().copied());
        let there: BTreeSet<Seq> = drafts.chain(waiting).chain(reminders).collect();
        let has_text = |record: &&LoggedEvent| match record.event() {
            Some(Event::DraftSaved { text, .. }) => !text.is_empty(),
            Some(Event::MessageScheduled { .. } | Event::ReminderSet { .. }) => true,
            Some(_) | None => false,
        };
        let kept: BTreeSet<Seq> =
            story.log.iter().filter(has_text).map(|record| record.seq).collect();
        prop_assert_eq!(kept, there);
    }

    #[test]
    fn somebody_is_always_an_administrator(seed: u64) {
        let story = History::random(seed, 400).story;
        let mut workspace = crate::Workspace::default();
        for record in &story.log {
            workspace.apply(record);
            let mut users = workspace.users.values();
            let has_one = users.any(|user| user.is_admin && !user.is_deactivated);
            prop_assert!(has_one || workspace.users.is_empty());
        }
    }
}
