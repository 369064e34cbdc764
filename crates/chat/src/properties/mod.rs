//! What holds for every history, whatever people do.

mod audience;
mod thread;

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::event::{Event, EventKind, LoggedEvent};
use crate::ids::Seq;
use crate::member::{Members, Membership};
use crate::message::Message;
use crate::schedule::ScheduleOutcome;
use crate::testing::{History, change_stored, read_back, stored};
use crate::workspace::{Channel, ChannelKind, Workspace};

fn fold(log: &[LoggedEvent]) -> (Workspace, BTreeMap<Seq, Message>) {
    let mut workspace = Workspace::default();
    let mut messages: BTreeMap<Seq, Message> = BTreeMap::new();
    for record in log {
        workspace.apply(record);
        if record.kind.begins_message() {
            messages.insert(record.seq, Message::posted(record));
        }
        for message in messages.values_mut() {
            message.apply(record);
        }
    }
    (workspace, messages)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folding_the_redacted_log_comes_to_what_was_followed_live(seed: u64, steps in 0usize..300) {
        let story = History::random(seed, steps).story;
        let (workspace, messages) = fold(&story.log);
        prop_assert_eq!(workspace, story.workspace);
        prop_assert_eq!(messages, story.messages);
    }

    #[test]
    fn a_stored_workspace_is_read_back_whole(seed: u64, steps in 0usize..300) {
        let workspace = History::random(seed, steps).story.workspace;
        prop_assert_eq!(read_back(&stored(&workspace)), workspace);
    }

    #[test]
    fn the_parts_that_have_changed_bring_the_others_up_to_date(seed: u64, at in 0usize..300) {
        let log = History::random(seed, 300).story.log;
        let mut workspace = fold(&log[..at.min(log.len())]).0;
        let before = workspace.clone();
        let mut parts = stored(&before);
        for record in &log[at.min(log.len())..] {
            workspace.apply(record);
        }
        change_stored(&mut parts, &before, &workspace);
        prop_assert_eq!(&parts, &stored(&workspace));
        prop_assert_eq!(read_back(&parts), workspace);
    }

    #[test]
    fn a_snapshot_and_the_tail_of_the_log_come_to_the_whole(seed: u64, at in 0usize..300) {
        let log = History::random(seed, 300).story.log;
        let (head, tail) = log.split_at(at.min(log.len()));
        let mut workspace = read_back(&stored(&fold(head).0));
        for record in tail {
            workspace.apply(record);
        }
        prop_assert_eq!(workspace, fold(&log).0);
    }

    #[test]
    fn seq_and_time_rise(seed: u64) {
        let log = History::random(seed, 300).story.log;
        for pair in log.windows(2) {
            prop_assert!(pair[0].seq < pair[1].seq);
            prop_assert!(pair[0].ts < pair[1].ts);
        }
    }

    #[test]
    fn the_same_seed_tells_the_same_history(seed: u64) {
        prop_assert_eq!(History::random(seed, 100).story.log, History::random(seed, 100).story.log);
    }
}

#[test]
fn long_histories_have_every_kind_of_event_and_many_a_refusal() {
    let histories = [8, 9, 10, 11].map(|seed| History::random(seed, 3_000));
    let log = || histories.iter().flat_map(|history| &history.story.log);
    for kind in EventKind::ALL {
        let count = log().filter(|record| record.kind == *kind).count();
        assert!(count > 0, "{kind:?} never happened");
    }
    let history = &histories[0];
    let outcomes = |outcome: fn(&ScheduleOutcome) -> bool| {
        let ended = log().filter_map(|record| match record.event() {
            Some(Event::ScheduleEnded { outcome, .. }) => Some(outcome),
            Some(_) | None => None,
        });
        ended.filter(|it| outcome(it)).count()
    };
    assert!(outcomes(|it| *it == ScheduleOutcome::Sent) > 0);
    assert!(outcomes(|it| *it == ScheduleOutcome::Cancelled) > 0);
    let outsiders = |channel: &Channel| match &channel.kind {
        ChannelKind::Public { .. } | ChannelKind::Private { .. } => 0,
        ChannelKind::Direct { members } => history.story.workspace.users.len() - members.len(),
    };
    let direct = history.story.workspace.channels.values().filter(|channel| outsiders(channel) > 0);
    let posted_in = direct.filter(|channel| channel.newest.is_some()).count();
    assert!(posted_in > 1, "nobody could have seen what is not theirs");
    let memberships =
        history.story.workspace.channels.values().filter_map(|it| match &it.members {
            Members::Listed(members) => Some(members.values()),
            Members::Everyone => None,
        });
    let is_partial = |member: &&Membership| member.history_start > Seq::ZERO;
    assert!(memberships.flatten().any(|member| is_partial(&member)), "somebody came late");
    let refused = history.steps.iter().filter(|step| step.outcome.is_err()).count();
    assert!((100..1_500).contains(&refused), "{refused} refusals");
    assert!(history.story.messages.values().any(|message| message.deleted));
    assert!(history.story.messages.values().any(|message| message.reply_to.is_some()));
    assert!(history.story.messages.values().any(|message| !message.reactions.is_empty()));
}
