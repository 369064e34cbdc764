//! Receipts: the read markers of a channel as others may see them. Where they are many they are counted, and a few are
//! named: five thousand names for five thousand screens at each message would be most of what the server says.
//!
//! Neighbours: `read_marker` moves the markers; the live stream and the API say what is found here.

mod readers;

pub use self::readers::Readers;

use self::readers::Turns;
use crate::ids::{ChannelId, Seq, UserId};
use crate::workspace::{ReadMarker, Workspace};

/// Markers in a channel that are told one by one.
pub const NAMED_MAX: usize = 50;

/// Names beside a count: as many as a screen shows.
const NAMED_IN_CROWD: usize = 12;

/// Counts of a crowd. An eighth is added from one to the next, so that ten thousand people take 70; where people see
/// histories of many lengths the oldest messages share the last of them.
const COUNTS_MAX: usize = 96;

/// What is told of the markers of a channel that has more than [`NAMED_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    /// Who have read furthest, those who have read less of it first.
    named: Vec<(UserId, ReadMarker)>,
    /// By rising place.
    counts: Vec<ReadCount>,
}

/// How many have read the messages after the place before, up to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadCount {
    /// The place: an id, of a message or not.
    pub up_to: Seq,
    /// So many have read each of them, the sender among them if they have; at most an eighth more have.
    pub least: u64,
}

impl Crowd {
    /// The crowd that has read in a channel; `None` where all markers are told one by one. It looks at each marker once;
    /// who asks again and again follows the [`Readers`].
    pub fn of(channel: ChannelId, workspace: &Workspace) -> Option<Crowd> {
        if !is_crowd(channel, workspace) {
            return None;
        }
        let mut readers = Readers::new(channel);
        readers.follow(workspace);
        readers.crowd()
    }

    /// What somebody may hear of it whose history begins there: who has read something of that, and how many.
    pub fn since(&self, beginning: Seq) -> (&[(UserId, ReadMarker)], &[ReadCount]) {
        let hidden = self.named.partition_point(|(_, marker)| marker.up_to < beginning);
        let before = self.counts.partition_point(|count| count.up_to < beginning);
        (&self.named[hidden..], &self.counts[before..])
    }
}

/// Whether so many have read in a channel that they are counted.
pub fn is_crowd(channel: ChannelId, workspace: &Workspace) -> bool {
    workspace.channels.get(&channel).is_some_and(|channel| channel.markers.len() > NAMED_MAX)
}

fn counts(turns: &Turns) -> Vec<ReadCount> {
    let mut counts = Vec::<ReadCount>::new();
    let (mut now, mut most) = (0_u64, 0_u64);
    for (place, change) in turns.iter().rev() {
        now = now.saturating_add_signed(*change);
        let is_full = counts.len() == COUNTS_MAX;
        match counts.last_mut() {
            Some(last) if is_full || is_near(last.least.min(now), most.max(now)) => {
                (last.least, most) = (last.least.min(now), most.max(now));
            }
            Some(_) | None => {
                counts.push(ReadCount { up_to: *place, least: now });
                most = now;
            }
        }
    }
    counts.reverse();
    counts
}

fn is_near(least: u64, most: u64) -> bool {
    most - least <= least / 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Actor, Command};
    use crate::ids::ChannelName;
    use crate::testing::Story;

    /// What somebody sees and has read: from here to there.
    #[derive(Clone, Copy)]
    struct Reader {
        from: Seq,
        up_to: Seq,
    }

    fn reader(from: u64, up_to: u64) -> Reader {
        Reader { from: Seq(from), up_to: Seq(up_to) }
    }

    fn counts(readers: &[Reader]) -> Vec<ReadCount> {
        let mut turns = Turns::new();
        for Reader { from, up_to } in readers {
            *turns.entry(*up_to).or_default() += 1;
            if let Some(last) = from.get().checked_sub(1) {
                *turns.entry(Seq(last)).or_default() -= 1;
            }
        }
        super::counts(&turns)
    }

    /// What a screen makes of them: that of the first place that is not before the message.
    fn told(counts: &[ReadCount], message: u64) -> u64 {
        counts.iter().find(|count| count.up_to >= Seq(message)).map_or(0, |count| count.least)
    }

    fn have_read(readers: &[Reader], message: u64) -> u64 {
        let has = |reader: &&Reader| reader.from <= Seq(message) && Seq(message) <= reader.up_to;
        readers.iter().filter(has).count() as u64
    }

    #[test]
    fn few_are_counted_to_the_last_one() {
        let readers = [reader(0, 10), reader(0, 10), reader(7, 10), reader(0, 4)];
        let counts = counts(&readers);
        let read: Vec<_> = (1..=11).map(|message| told(&counts, message)).collect();
        assert_eq!(read, [3, 3, 3, 3, 2, 2, 3, 3, 3, 3, 0]);
    }

    #[test]
    fn of_a_crowd_no_message_is_said_to_be_read_by_more_and_few_by_an_eighth_less() {
        let mut prng = crate::testing::Prng::new(12);
        for _ in 0..50 {
            let mut readers = Vec::new();
            for _ in 0..2_000 {
                let up_to = prng.below(200) as u64;
                let from = if prng.percent(30) { prng.below(100) as u64 } else { 0 };
                if from <= up_to {
                    readers.push(reader(from, up_to));
                }
            }
            let counts = counts(&readers);
            assert!(counts.len() <= COUNTS_MAX);
            for message in 1..=200 {
                let (told, read) = (told(&counts, message), have_read(&readers, message));
                assert!(told <= read && read - told <= told / 8, "{message}: {told} of {read}");
            }
        }
    }

    #[test]
    fn ten_thousand_who_stand_all_over_take_less_than_a_hundred_counts() {
        let readers: Vec<_> = (1..=10_000).map(|place| reader(0, place)).collect();
        let counted = counts(&readers);
        assert!((60..80).contains(&counted.len()), "{}", counted.len());
        // Histories that begin all over as well.
        let readers: Vec<_> = (1..=10_000).map(|place| reader(place - place % 3, place)).collect();
        let counted = counts(&readers);
        assert!(counted.len() <= COUNTS_MAX);
        for message in (1..=10_000).step_by(97) {
            assert!(told(&counted, message) <= have_read(&readers, message));
        }
    }

    fn act(story: &mut Story, actor: Actor, command: &Command) {
        story.given(actor, command);
    }

    #[test]
    fn fifty_are_named_and_of_one_more_the_twelve_who_have_read_furthest() {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let old = story.post(alice, "general", "old");
        let new = story.post(alice, "general", "new");
        let people: Vec<_> = (10..61).map(|n| story.sign_up(&format!("bob{n}"))).collect();
        let name = ChannelName::parse("general").unwrap();
        let channel = story.workspace.find_channel(&name).unwrap();
        for (at, person) in people.iter().enumerate() {
            assert_eq!(Crowd::of(channel, &story.workspace), None, "{at}");
            let up_to = Some(if at < 20 { new } else { old });
            act(&mut story, *person, &Command::MarkRead { channel: name.clone(), up_to });
        }
        let crowd = Crowd::of(channel, &story.workspace).unwrap();
        let (named, counts) = crowd.since(Seq::ZERO);
        assert_eq!(named.len(), 12);
        assert!(named.iter().all(|(_, marker)| marker.up_to == new));
        let all = [ReadCount { up_to: old, least: 51 }, ReadCount { up_to: new, least: 20 }];
        assert_eq!(counts, all);
        assert_eq!(crowd.since(new).1, [ReadCount { up_to: new, least: 20 }]);
        assert_eq!(crowd.since(new.next()), (&[][..], &[][..]));

        act(&mut story, people[0], &Command::MarkUnread { message: new });
        let crowd = Crowd::of(channel, &story.workspace).unwrap();
        assert_eq!(told(&crowd.counts, new.get()), 19);
        assert_eq!(told(&crowd.counts, old.get()), 51);
    }
}
