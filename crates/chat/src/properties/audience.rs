//! Who sees what, in every history: compared with a count of who came and went that knows nothing of the workspace.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::audience::{
    Audience, audience, channel_audience, history_start, is_seen_by, is_told_to_others, may_see,
    may_see_now,
};
use crate::event::{ChannelOrigin, Event, EventKind, LoggedEvent};
use crate::ids::{ChannelId, Seq, UserId};
use crate::member::{History as Shown, Members};
use crate::notification::{Keywords, Verdicts, verdict};
use crate::testing::History;
use crate::workspace::{ChannelKind, Workspace};

/// Who is in each channel that lists its members, since when, and from where on they see it.
#[derive(Default)]
struct Rolls(BTreeMap<ChannelId, BTreeMap<UserId, (Seq, Seq)>>);

impl Rolls {
    fn apply(&mut self, record: &LoggedEvent) {
        let seq = record.seq;
        match record.event() {
            Some(Event::ChannelCreated { origin }) => {
                let founders: Vec<_> = match origin {
                    ChannelOrigin::Public { is_default: true, .. } => return,
                    ChannelOrigin::Public { .. } => vec![record.actor],
                    ChannelOrigin::Direct { members } | ChannelOrigin::Private { members, .. } => {
                        members.iter().copied().collect()
                    }
                };
                let roll = founders.into_iter().map(|user| (user, (seq, Seq::ZERO)));
                self.0.insert(ChannelId(seq), roll.collect());
            }
            Some(Event::MembersAdded { channel, users, history }) => {
                let start = if *history == Shown::FromStart { Seq::ZERO } else { seq };
                let roll = self.0.get_mut(channel).expect("only listed members are added");
                roll.extend(users.iter().map(|user| (*user, (seq, start))));
            }
            Some(Event::MemberRemoved { channel, user }) => {
                let roll = self.0.get_mut(channel).expect("only listed members go");
                assert!(roll.remove(user).is_some(), "only who is in it goes");
            }
            Some(_) | None => {}
        }
    }

    /// Since when somebody is in a channel, and from where on they see it; `None` outside.
    fn of(&self, channel: ChannelId, user: UserId) -> Option<(Seq, Seq)> {
        self.0.get(&channel).map_or(Some((Seq::ZERO, Seq::ZERO)), |roll| roll.get(&user).copied())
    }
}

/// What is its actor's own business.
const OWN: [EventKind; 5] = [
    EventKind::ChannelRead,
    EventKind::ThreadRead,
    EventKind::ThreadUnread,
    EventKind::DraftSaved,
    EventKind::MessageScheduled,
];

/// The message that a record begins or changes.
fn message_of(record: &LoggedEvent) -> Option<Seq> {
    let changes_one = matches!(
        record.kind,
        EventKind::MessageEdited
            | EventKind::MessageDeleted
            | EventKind::MessageReacted
            | EventKind::MessagePinned
            | EventKind::PollVoted
            | EventKind::PollClosed
            | EventKind::ThreadChanged
    );
    let begun = record.kind.begins_message().then_some(record.seq);
    begun.or_else(|| record.target.filter(|_| changes_one))
}

fn is_about_public_channel(record: &LoggedEvent, workspace: &Workspace) -> bool {
    let kinds = [EventKind::ChannelCreated, EventKind::ChannelRenamed, EventKind::ChannelChanged];
    let channel = record.channel.map(|channel| workspace.channel(channel));
    let is_public = channel.is_some_and(|it| matches!(it.kind, ChannelKind::Public { .. }));
    is_public && kinds.contains(&record.kind)
}

/// Why `user` must not see a record, by the rolls; `None` when they may.
fn hidden(
    user: UserId,
    record: &LoggedEvent,
    rolls: &Rolls,
    workspace: &Workspace,
) -> Option<&'static str> {
    let channel = record.channel?;
    let is_own_end = record.kind == EventKind::MemberRemoved && record.target == Some(user.0);
    // What somebody did by themselves stays theirs, however often they come and go; so does how they once came.
    let is_own = match record.event() {
        Some(Event::MembersAdded { users, .. }) => users.contains(&user),
        Some(_) | None => record.actor == user && OWN.contains(&record.kind),
    };
    if is_own || is_own_end || is_about_public_channel(record, workspace) {
        return None;
    }
    let Some((joined, start)) = rolls.of(channel, user) else { return Some("they are outside") };
    if joined > record.seq {
        return Some("they came later");
    }
    message_of(record).filter(|message| *message < start).map(|_| "they see no older message")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_event_is_seen_only_by_members_and_never_before_their_history_begins(seed: u64) {
        let story = History::random(seed, 300).story;
        let (mut workspace, mut rolls) = (Workspace::default(), Rolls::default());
        for record in &story.log {
            workspace.apply(record);
            rolls.apply(record);
            let audience = audience(record, &workspace);
            if let Audience::Users(users) = &audience {
                prop_assert!(users.is_sorted());
            }
            if !is_told_to_others(record.kind) {
                let own = [Audience::Users(vec![record.actor]), Audience::Nobody];
                prop_assert!(own.contains(&audience), "{:?}", record);
            }
            for user in workspace.users.keys() {
                let is_seen = is_seen_by(*user, record, &workspace);
                prop_assert_eq!(is_seen, audience.includes(*user), "{:?}", record);
            }
            for user in workspace.users.keys().filter(|user| audience.includes(**user)) {
                prop_assert_eq!(hidden(*user, record, &rolls, &workspace), None, "{:?}", record);
            }
        }
    }

    #[test]
    fn who_left_sees_nothing_of_before_but_their_own_end(seed: u64) {
        let story = History::random(seed, 300).story;
        let mut rolls = Rolls::default();
        story.log.iter().for_each(|record| rolls.apply(record));
        for record in &story.log {
            let audience = audience(record, &story.workspace);
            for (user, account) in &story.workspace.users {
                let is_seen = is_seen_by(*user, record, &story.workspace);
                prop_assert_eq!(is_seen, audience.includes(*user), "{:?}", record);
                if may_see_now(*user, record, &story.workspace) {
                    let why = hidden(*user, record, &rolls, &story.workspace);
                    prop_assert_eq!(why, None, "{:?}", record);
                    let is_own_end = record.kind == EventKind::MemberRemoved;
                    let is_inside = record.channel.is_some() && !is_own_end
                        && !is_about_public_channel(record, &story.workspace);
                    prop_assert!(!(account.is_deactivated && is_inside), "{:?}", record);
                }
            }
        }
    }

    #[test]
    fn the_members_of_a_channel_are_those_who_came_and_did_not_go(seed: u64) {
        let workspace = History::random(seed, 300).story;
        let mut rolls = Rolls::default();
        workspace.log.iter().for_each(|record| rolls.apply(record));
        let workspace = workspace.workspace;
        for (id, channel) in &workspace.channels {
            let roll = rolls.0.get(id);
            prop_assert_eq!(matches!(channel.members, Members::Everyone), roll.is_none());
            if let Some(roll) = roll {
                let users = roll.keys().copied().collect();
                prop_assert_eq!(channel_audience(*id, &workspace), Audience::Users(users));
            }
            for (user, account) in &workspace.users {
                let start = rolls.of(*id, *user).map(|(_, start)| start);
                let start = start.filter(|_| !account.is_deactivated);
                prop_assert_eq!(history_start(*user, *id, &workspace), start);
                let is_listed = workspace.channels_of(*user).contains(id);
                prop_assert_eq!(is_listed, rolls.of(*id, *user).is_some());
            }
        }
    }

    #[test]
    fn who_posts_sees_it_and_nobody_is_notified_of_what_they_may_not_see(seed: u64) {
        let history = History::random(seed, 300);
        let (mut workspace, mut keywords) = (Workspace::default(), Keywords::default());
        for step in &history.steps {
            let Ok(batch) = &step.outcome else { continue };
            for record in &batch.events {
                workspace.apply(record);
                if let Some(account) = workspace.users.get(&record.actor) {
                    keywords.set(record.actor, &account.personal.keywords);
                }
                let Some(posting) = record.event().and_then(Event::posting) else { continue };
                let is_notice = record.event().is_some_and(Event::is_notice);
                let sees = |user: UserId| may_see(user, posting.channel, record.seq, &workspace);
                prop_assert!(is_notice || sees(record.actor), "{:?}", record);
                let verdicts = Verdicts::new(record, &workspace, &keywords);
                for user in workspace.users.keys() {
                    let alone = verdict(record, *user, &workspace, record.ts);
                    prop_assert_eq!(verdicts.of(*user, record.ts), alone, "{:?}", record);
                    if alone.is_ok() {
                        prop_assert!(sees(*user) && *user != record.actor && !is_notice);
                    }
                }
            }
        }
    }
}
