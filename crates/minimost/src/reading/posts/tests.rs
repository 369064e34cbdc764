use std::collections::BTreeMap;

use chat::testing::Prng;

use super::*;

const GENERAL: ChannelId = ChannelId(Seq(1));

fn user(number: usize) -> UserId {
    UserId(Seq(2 + number as u64))
}

/// Posts that are in the log, and those that are known, after the same events.
struct Told {
    head: u64,
    log: BTreeMap<u64, u64>,
    posts: ChannelPosts,
}

impl Told {
    fn new() -> Told {
        Told { head: 10, log: BTreeMap::new(), posts: ChannelPosts::new(Seq::ZERO) }
    }

    /// As it is when nothing of the channel was read.
    fn forget(&mut self) {
        self.posts = ChannelPosts::new(Seq(self.head));
    }

    fn range(&self, after: Seq, up_to: Seq) -> Vec<(u64, u64)> {
        let range = self.log.range(after.get() + 1..=up_to.get());
        range.map(|(seq, sender)| (*seq, *sender)).collect()
    }

    fn post(&mut self, sender: UserId, gap: u64) {
        self.head += 1 + gap;
        self.log.insert(self.head, sender.0.get());
        self.posts.apply(Step::Posted(Seq(self.head), sender));
    }

    fn delete(&mut self, seq: u64) {
        let Some(sender) = self.log.remove(&seq) else { return };
        self.posts.apply(Step::Deleted(Seq(seq), UserId(Seq(sender))));
    }

    fn expected(&self, marker: u64, user: UserId) -> u64 {
        let after = self.log.range(marker + 1..);
        after.filter(|(_, sender)| **sender != user.0.get()).count() as u64
    }

    /// The answer, with the blocks read again that it needs, and how many these were.
    fn after(&mut self, marker: u64, user: UserId) -> (u64, usize) {
        let mut reads = 0;
        loop {
            match self.posts.after(Seq(marker), user) {
                Ok(count) => return (count, reads),
                Err(Unread::Older) => {
                    self.posts.reading = Some(Reading::default());
                    let after = Seq(marker.min(self.posts.floor.get().saturating_sub(9_000)));
                    let posts = self.range(after, self.posts.floor);
                    self.posts.extend(&Found { after, posts, read_at: Seq(self.head) });
                }
                Err(Unread::Block(first, last)) => {
                    reads += 1;
                    let block = self.range(Seq(first.get() - 1), last);
                    self.posts.fill((first, last), &block);
                }
            }
        }
    }
}

#[test]
fn what_waits_is_what_a_walk_over_all_posts_counts() {
    for seed in 0..5 {
        let (mut told, mut prng) = (Told::new(), Prng::new(seed));
        for step in 0..12_000 {
            match prng.below(1_000) {
                0 if prng.percent(20) => told.forget(),
                0 => told.posts.keep_sums(),
                1..=3 => {
                    let (marker, user) = (prng.below(1 + step * 3) as u64, user(prng.below(6)));
                    let expected = told.expected(marker, user);
                    let (found, reads) = told.after(marker, user);
                    assert_eq!(found, expected, "seed {seed}, after {marker}");
                    assert!(reads <= 1, "only the marker's own block is read");
                }
                4..=60 => {
                    let near = told.head.saturating_sub(prng.below(9_000) as u64);
                    let seq = told.log.range(near..).next().map(|(seq, _)| *seq);
                    if let Some(seq) = seq {
                        told.delete(seq);
                    }
                }
                _ => told.post(user(prng.below(5)), prng.below(4) as u64),
            }
        }
    }
}

#[test]
fn a_channel_that_is_a_hundred_years_old_is_counted_all_the_same() {
    let mut told = Told::new();
    for _ in 0..3 {
        told.post(user(0), 1 << 33);
        told.post(user(1), 0);
    }
    assert_eq!(told.after(0, user(0)).0, 3);
    assert_eq!(told.after(told.head - 1, user(0)).0, 1);
    assert_eq!(told.after(told.head, user(0)).0, 0);
}

/// Has a channel read back to a marker, as the owner thread does.
fn read(posts: &mut Posts, channel: ChannelId, found: &[(u64, u64)], read_at: u64) {
    posts.begin(channel);
    let found = Found { after: Seq::ZERO, posts: found.to_vec(), read_at: Seq(read_at) };
    posts.finish(channel, Unread::Older, &found);
}

#[test]
fn a_deletion_that_was_read_already_is_not_counted_twice() {
    let mut told = ChannelPosts::new(Seq(11));
    told.reading = Some(Reading::default());
    told.apply(Step::Posted(Seq(12), user(1)));
    told.apply(Step::Deleted(Seq(11), user(0)));
    // The log was read when the second message was gone.
    let posts = vec![(10, user(0).0.get())];
    told.extend(&Found { after: Seq::ZERO, posts, read_at: Seq(14) });
    assert_eq!(told.after(Seq(9), user(5)), Ok(2));
    assert_eq!(told.after(Seq(9), user(1)), Ok(1));
}

#[test]
fn what_is_deleted_while_older_posts_are_read_does_not_wait() {
    let mut told = ChannelPosts::new(Seq(11));
    told.reading = Some(Reading::default());
    told.apply(Step::Deleted(Seq(11), user(0)));
    let posts = vec![(10, user(0).0.get()), (11, user(0).0.get())];
    told.extend(&Found { after: Seq::ZERO, posts, read_at: Seq(11) });
    assert_eq!(told.after(Seq(9), user(5)), Ok(1));
}

#[test]
fn a_reading_that_came_to_nothing_may_be_tried_again() {
    let mut posts = Posts::new(1 << 20);
    let ask = |posts: &mut Posts| posts.after(GENERAL, Seq(0), user(0), Seq(10));
    assert_eq!(ask(&mut posts), Err(Unread::Older));
    posts.begin(GENERAL);
    posts.give_up(GENERAL, Unread::Older);
    assert_eq!(ask(&mut posts), Err(Unread::Older));
    read(&mut posts, GENERAL, &[(10, user(1).0.get())], 10);
    assert_eq!(ask(&mut posts), Ok(1));
}

#[test]
fn a_deletion_while_a_block_is_read_again_is_not_undone_by_it() {
    let mut told = ChannelPosts::new(Seq(9_000));
    told.reading = Some(Reading::default());
    let found: Vec<_> = (1..=9_000).map(|seq| (seq, user(0).0.get())).collect();
    told.extend(&Found { after: Seq::ZERO, posts: found.clone(), read_at: Seq(9_000) });
    told.keep_sums();
    let mut posts = Posts::new(1 << 20);
    posts.bytes = told.bytes;
    posts.channels.put(GENERAL, told);
    let ask = |posts: &mut Posts| posts.after(GENERAL, Seq(100), user(1), Seq(9_000));
    let Err(Unread::Block(first, last)) = ask(&mut posts) else { panic!("its posts are gone") };
    let block = Unread::Block(first, last);
    // The block was read, and then one of its posts was deleted.
    let inside = |(seq, _): &(u64, u64)| (first.get()..=last.get()).contains(seq);
    let posts_of_block: Vec<_> = found.iter().copied().filter(inside).collect();
    let read =
        |read_at| Found { after: first, posts: posts_of_block.clone(), read_at: Seq(read_at) };
    let general = posts.channels.peek_mut(&GENERAL).unwrap();
    general.deleted_at = Seq(9_001);
    general.apply(Step::Deleted(Seq(200), user(0)));
    posts.bytes = general.bytes;
    posts.finish(GENERAL, block, &read(9_000));
    assert_eq!(ask(&mut posts), Err(block), "it is read once more");
    let mut later = read(9_001);
    later.posts.retain(|(seq, _)| *seq != 200);
    posts.finish(GENERAL, block, &later);
    assert_eq!(ask(&mut posts), Ok(8_899));
}

/// A channel that was forgotten is read again in other pieces: the block that begins where an old one did has grown.
#[test]
fn a_block_that_was_asked_for_before_does_not_take_the_place_of_one_that_has_more() {
    let mut posts = Posts::new(1 << 20);
    let ask = |posts: &mut Posts| posts.after(GENERAL, Seq::ZERO, user(9), Seq(20));
    assert_eq!(ask(&mut posts), Err(Unread::Older));
    let all: Vec<_> = (10..=20).map(|seq| (seq, user(1).0.get())).collect();
    read(&mut posts, GENERAL, &all, 20);
    assert_eq!(ask(&mut posts), Ok(11));
    let old = Found { after: Seq(9), posts: all[..5].to_vec(), read_at: Seq(20) };
    posts.finish(GENERAL, Unread::Block(Seq(10), Seq(14)), &old);
    assert_eq!(ask(&mut posts), Ok(11));
}

#[test]
fn a_block_that_cannot_be_read_leaves_alone_what_else_is_being_read() {
    let mut posts = Posts::new(1 << 20);
    let ask = |posts: &mut Posts| posts.after(GENERAL, Seq::ZERO, user(9), Seq(20));
    assert_eq!(ask(&mut posts), Err(Unread::Older));
    posts.begin(GENERAL);
    posts.give_up(GENERAL, Unread::Block(Seq(30), Seq(40)));
    let found = Found { after: Seq::ZERO, posts: vec![(10, user(1).0.get())], read_at: Seq(20) };
    posts.finish(GENERAL, Unread::Older, &found);
    assert_eq!(ask(&mut posts), Ok(1));
}

#[test]
fn beyond_the_bound_whoever_was_asked_least_recently_keeps_sums_only() {
    let mut posts = Posts::new(1 << 20);
    let head = 30_000_u64;
    for channel in 1..=5 {
        let channel = ChannelId(Seq(channel));
        assert_eq!(posts.after(channel, Seq::ZERO, user(9), Seq(head)), Err(Unread::Older));
        let sender = |seq: u64| user(usize::from(seq.is_multiple_of(2))).0.get();
        let found: Vec<_> = (10..=head).map(|seq| (seq, sender(seq))).collect();
        read(&mut posts, channel, &found, head);
    }
    assert!(posts.bytes > 1 << 20);
    posts.make_room(Seq(head));
    assert!(posts.bytes <= 1 << 20);
    let asked_last = ChannelId(Seq(5));
    assert_eq!(posts.after(asked_last, Seq(head - 9), user(9), Seq(head)), Ok(9));
    let forgotten = posts.after(GENERAL, Seq(9_000), user(9), Seq(head));
    assert!(matches!(forgotten, Err(Unread::Block(..))), "{forgotten:?}");
}

#[test]
fn of_channels_so_many_that_sums_are_too_much_the_least_recently_asked_are_forgotten() {
    let mut posts = Posts::new(1 << 20);
    let channels = (1..=100).map(|channel| ChannelId(Seq(channel)));
    for channel in channels.clone() {
        assert_eq!(posts.after(channel, Seq::ZERO, user(9), Seq(4_000)), Err(Unread::Older));
        let found: Vec<_> = (1..=4_000).map(|seq| (seq, user(1).0.get())).collect();
        read(&mut posts, channel, &found, 4_000);
    }
    assert!(posts.bytes > 1 << 20);
    posts.make_room(Seq(4_000));
    assert!(posts.bytes <= 1 << 20);
    let mut asked = channels.map(|it| posts.after(it, Seq::ZERO, user(9), Seq(4_000)));
    assert_eq!(asked.next(), Some(Err(Unread::Older)));
    assert_eq!(asked.last(), Some(Ok(4_000)));
}
