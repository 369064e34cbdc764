use std::collections::BTreeMap;

use chat::testing::{History, Prng};

use super::*;

/// A channel's timeline as it was after an event, followed event by event.
fn timeline(messages: &BTreeMap<Seq, Message>, channel: ChannelId) -> Vec<Message> {
    let here = messages.values().filter(|it| it.channel == channel && it.in_timeline);
    here.cloned().collect()
}

fn plain(found: Option<Vec<Arc<Message>>>) -> Option<Vec<Message>> {
    found.map(|found| found.iter().map(|message| Message::clone(message)).collect())
}

/// Begins windows at random moments, finishes them later, and asks.
fn follow_history(seed: u64, bytes_max: usize) -> usize {
    let history = History::random(seed, 500);
    let mut prng = Prng::new(seed ^ 7);
    let mut windows = Windows::new(bytes_max);
    let mut messages: BTreeMap<Seq, Message> = BTreeMap::new();
    let mut begun: BTreeMap<ChannelId, Vec<Message>> = BTreeMap::new();
    let mut answers = 0;
    let batches = history.steps.iter().filter_map(|step| step.outcome.as_ref().ok());
    for event in batches.flat_map(|batch| &batch.events) {
        if event.kind.begins_message() {
            messages.insert(event.seq, Message::posted(event));
        }
        if let Some(message) = event.target.and_then(|id| messages.get_mut(&id)) {
            message.apply(event);
        }
        windows.apply(event);
        let Some(channel) = event.channel else { continue };
        if let Some(then) = begun.get(&channel).filter(|_| prng.percent(40)).cloned() {
            begun.remove(&channel);
            windows.finish(channel, then);
        } else if windows.get(channel).is_none() && !begun.contains_key(&channel) {
            windows.begin(channel);
            let all = timeline(&messages, channel);
            begun.insert(channel, all[all.len().saturating_sub(BEGINNING)..].to_vec());
        }
        assert!(windows.bytes <= bytes_max, "seed {seed}: {} bytes", windows.bytes);
        let Some(window) = windows.get(channel) else { continue };
        let all = timeline(&messages, channel);
        let (from, limit) = (Seq(prng.below(900) as u64), 1 + prng.below(20));
        let history = Seq(prng.below(300) as u64);
        let newer = all.iter().filter(|message| message.id >= from).take(limit);
        if let Some(found) = plain(window.oldest(from, limit)) {
            assert_eq!(found, newer.cloned().collect::<Vec<_>>(), "seed {seed}");
            answers += 1;
        }
        let older: Vec<_> =
            all.iter().filter(|it| it.id < from && it.id >= history).cloned().collect();
        if let Some(found) = plain(window.newest(history, from, limit)) {
            assert_eq!(found, older[older.len().saturating_sub(limit)..], "seed {seed}");
            answers += 1;
        }
        let time = Timestamp(event.ts.0 - i64::try_from(prng.below(3_600_000_000)).unwrap());
        if let Some(first) = window.first_at(time) {
            let expected =
                all.iter().find(|it| it.ts >= time).map_or(super::super::END, |it| it.id);
            assert_eq!(first, expected, "seed {seed}");
        }
    }
    answers
}

#[test]
fn what_a_window_answers_is_what_was_followed_event_by_event() {
    for seed in 0..4 {
        assert!(follow_history(seed, 64 * 1024 * 1024) > 300, "it answers");
    }
}

#[test]
fn with_little_room_windows_are_cut_and_go_and_never_lie() {
    for seed in 0..4 {
        assert!(follow_history(seed, 24 * 1024) > 30, "it answers sometimes");
    }
}
