//! What is new or changed in a channel since a time.
//!
//! Every message stands at the latest of the times that it shows, and no two at the same. So who has seen the first few of
//! them goes on from the largest time among these, and misses nothing: what changes meanwhile only moves further on.

use std::collections::{HashMap, VecDeque};

use chat::{ChannelId, EventKind, Message, Seq, Timestamp};
use eventlog::Reader;

use super::{FoldError, messages_by_id};

/// What moves the time at which a message stands: `edited_ts`, `deleted_ts`, `reactions_ts`. Votes and what a thread
/// comes to move none of them.
const CHANGES: [EventKind; 3] =
    [EventKind::MessageEdited, EventKind::MessageDeleted, EventKind::MessageReacted];

/// What begins a message, and with it its `ts`.
const BEGINNINGS: [EventKind; 2] = [EventKind::MessagePosted, EventKind::ThreadReplied];

/// Records of one kind that are read at a time. Few, because a short answer needs few; more than one, because each time
/// costs a search.
const STEPS_AT_ONCE: usize = 32;

/// Messages of a channel, replies in its threads included, whose latest time is in `(since, until)` (`None`: however
/// late), as they were after `up_to`: those with the earliest of these times, at most `limit`, by id. Messages before
/// `first` do not count.
///
/// Reads what happened in the channel from `since` on until it has enough, and nothing behind that.
pub fn messages_changed(
    reader: &mut Reader,
    channel: ChannelId,
    first: Seq,
    (since, until): (Timestamp, Option<Timestamp>),
    up_to: Seq,
    limit: usize,
) -> Result<Vec<Message>, FoldError> {
    reader.snapshot(|reader| {
        // Times rise with seqs: an interval of time is an interval of the log.
        let after = reader.seq_at(since.0)?.max(first.get().saturating_sub(1));
        let last = match until {
            Some(until) => up_to.get().min(reader.seq_at(until.0.saturating_sub(1))?),
            None => up_to.get(),
        };
        let mut steps = Steps::new(channel, after, last);
        let mut found = Vec::new();
        // Of the messages that were met before their place, where that is.
        let mut places = HashMap::new();
        while found.len() < limit {
            let Some(Step { seq, message }) = steps.next(reader)? else { break };
            if message < first.get() {
                continue;
            }
            let place = match places.get(&message) {
                Some(place) => *place,
                None => place_of(reader, message, seq, up_to)?,
            };
            if place == seq {
                places.remove(&message);
                found.push(Seq(message));
            } else {
                places.insert(message, place);
            }
        }
        messages_by_id(reader, &found, up_to)
    })
}

/// The seq of the last event that moved a message; `met` is one of them.
fn place_of(
    reader: &mut Reader,
    message: u64,
    met: u64,
    up_to: Seq,
) -> Result<u64, eventlog::Error> {
    let last = reader.target_last(message, CHANGES.map(EventKind::code), up_to.get())?;
    Ok(last.map_or(met, |record| record.seq))
}

/// An event that moved a message.
#[derive(Clone, Copy)]
struct Step {
    seq: u64,
    message: u64,
}

/// Such events of a channel, rising, read as they are needed.
struct Steps {
    channel: u64,
    last: u64,
    lanes: Vec<Lane>,
}

/// Those of one kind.
struct Lane {
    kind: EventKind,
    /// Read, and not answered yet.
    waiting: VecDeque<Step>,
    /// Read up to here.
    after: u64,
    is_over: bool,
}

impl Steps {
    /// Of `after < seq <= last`.
    fn new(channel: ChannelId, after: u64, last: u64) -> Steps {
        let kinds = BEGINNINGS.into_iter().chain(CHANGES);
        let lane = |kind| Lane { kind, waiting: VecDeque::new(), after, is_over: false };
        Steps { channel: channel.0.get(), last, lanes: kinds.map(lane).collect() }
    }

    fn next(&mut self, reader: &mut Reader) -> Result<Option<Step>, eventlog::Error> {
        for lane in &mut self.lanes {
            if lane.waiting.is_empty() && !lane.is_over {
                lane.read(reader, self.channel, self.last)?;
            }
        }
        let waiting = self.lanes.iter_mut().filter(|lane| !lane.waiting.is_empty());
        let first = waiting.min_by_key(|lane| lane.waiting[0].seq);
        Ok(first.and_then(|lane| lane.waiting.pop_front()))
    }
}

impl Lane {
    fn read(
        &mut self,
        reader: &mut Reader,
        channel: u64,
        last: u64,
    ) -> Result<(), eventlog::Error> {
        let (kind, before) = (self.kind.code(), last.saturating_add(1));
        let records = reader.channel_oldest(channel, kind, self.after, before, STEPS_AT_ONCE)?;
        self.is_over = records.len() < STEPS_AT_ONCE;
        self.after = records.last().map_or(self.after, |record| record.seq);
        // A reply in a thread is about its root, but begins a message of its own.
        let begins = self.kind.begins_message();
        self.waiting.extend(records.iter().filter_map(|record| {
            let message = if begins { Some(record.seq) } else { record.target };
            message.map(|message| Step { seq: record.seq, message })
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::{ProptestConfig, any, proptest};
    use rusqlite::Connection;

    use super::super::tests::{Told, part_of};
    use super::*;

    /// The largest of the four times that a message shows.
    fn latest(message: &Message) -> Timestamp {
        let later = [message.edited_ts, message.deleted_ts, message.reactions_ts];
        later.into_iter().flatten().fold(message.ts, Timestamp::max)
    }

    /// What a client reads of a message, but for what moves none of its times.
    fn shown(message: &Message) -> impl PartialEq + std::fmt::Debug + use<> {
        (message.text.clone(), message.reactions.clone(), message.deleted, latest(message))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_changed_in_a_stretch_of_time_is_what_stands_there_the_first_of_it(
            seed in any::<u64>(), ends in any::<[u16; 2]>(), until_now in any::<bool>(), first in any::<u16>(),
            limit in 1..40_usize,
        ) {
            let told = Told::random(seed, 250);
            let mut reader = told.log.reader().unwrap();
            let log = &told.history.story.log;
            let [since, until] = ends.map(|end| log[usize::from(end) % log.len()].ts);
            let until = (!until_now).then_some(until);
            let first = part_of(told.head(), first);
            for channel in told.channels() {
                let all = told.followed(told.head()).into_values();
                let mut expected: Vec<_> = all
                    .filter(|it| it.channel == channel && it.id >= first)
                    .filter(|it| latest(it) > since && until.is_none_or(|until| latest(it) < until))
                    .collect();
                expected.sort_by_key(latest);
                expected.truncate(limit);
                expected.sort_by_key(|message| message.id);
                let found =
                    messages_changed(&mut reader, channel, first, (since, until), told.head(), limit)
                        .unwrap();
                assert_eq!(found, expected);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn who_goes_on_from_the_largest_time_comes_to_an_end_and_has_seen_everything(
            seed in any::<u64>(), moment in any::<u16>(),
        ) {
            let told = Told::random(seed, 150);
            let mut reader = told.log.reader().unwrap();
            let all = told.followed(told.head());
            for channel in told.channels() {
                for limit in 1..=20 {
                    // Part of it has happened when the client begins; the rest happens between its questions.
                    let mut up_to = part_of(told.head(), moment);
                    let (mut cursor, mut seen) = (Timestamp(0), BTreeMap::new());
                    loop {
                        let time = (cursor, None);
                        let page =
                            messages_changed(&mut reader, channel, Seq::ZERO, time, up_to, limit)
                                .unwrap();
                        assert!(page.len() <= limit && page.is_sorted_by_key(|it| it.id));
                        match page.iter().map(latest).max() {
                            Some(largest) => {
                                assert!(largest > cursor, "it goes on");
                                cursor = largest;
                            }
                            None if up_to == told.head() => break,
                            None => up_to = told.head(),
                        }
                        seen.extend(page.iter().map(|message| (message.id, shown(message))));
                        up_to = told.head().min(Seq(up_to.get() + 7));
                    }
                    let here = all.values().filter(|message| message.channel == channel);
                    let expected: BTreeMap<_, _> = here.map(|it| (it.id, shown(it))).collect();
                    assert!(seen == expected, "limit {limit}: {seen:?} and not {expected:?}");
                }
            }
        }
    }

    /// A record that is read is verified, so a damaged one tells how far the reading went.
    #[test]
    fn a_short_answer_reads_nothing_of_what_comes_long_after_it() {
        let told = Told::random(5, 2_000);
        let mut reader = told.log.reader().unwrap();
        let general = told.channels()[0];
        let mut changed = |limit| {
            let since = (Timestamp(0), None);
            messages_changed(&mut reader, general, Seq::ZERO, since, told.head(), limit)
        };
        let (short, long) = (changed(3).unwrap(), changed(usize::MAX).unwrap());
        assert!(long.len() > 50, "{} messages", long.len());
        let damage = "
            UPDATE record SET body = CAST('?' AS BLOB)
             WHERE seq = (SELECT max(seq)
                            FROM record
                           WHERE channel = ?1 AND kind = ?2 AND body IS NOT NULL)";
        let file = Connection::open(&told.file).unwrap();
        let last = (general.0.get().cast_signed(), EventKind::MessagePosted.code());
        assert_eq!(file.execute(damage, last).unwrap(), 1);
        assert_eq!(changed(3).unwrap(), short);
        assert!(matches!(
            changed(usize::MAX),
            Err(FoldError::Log(eventlog::Error::Corrupt { .. }))
        ));
    }
}
