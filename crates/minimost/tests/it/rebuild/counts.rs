//! What the read side answers, and a naive recount of the story, after random histories: unread messages and
//! mentions of channels, unread replies and mentions of followed threads, and the feeds of both.
//!
//! It is asked and started again at random moments, so it meets edits and deletions whole or erased, announced or in the
//! log.

use std::collections::{BTreeMap, BTreeSet};

use chat::audience::may_see;
use chat::event::Mentions;
use chat::testing::{Batch, History, Prng, Story};
use chat::{ChannelId, Event, LoggedEvent, Message, Seq, Timestamp, UserId};
use minimost::fold::FoldRange;
use minimost::reading::{Counts, FollowedThread, Standing, ThreadQuery, Waiting};

use super::follow;
use super::house::House;

/// More than any history has.
const ALL: usize = 10_000;

/// What was told, and what follows from it when one simply looks.
struct Recount {
    story: Story,
    told: Vec<LoggedEvent>,
}

/// A thread that somebody follows.
struct Following {
    channel: ChannelId,
    marker: Seq,
}

fn names(message: &Message, user: UserId) -> bool {
    match &message.mentions {
        Mentions::Nobody => false,
        Mentions::Users(users) => users.contains(&user),
        Mentions::Everyone => true,
    }
}

impl Recount {
    fn hear(&mut self, batch: &Batch) {
        follow(&mut self.story, batch);
        self.told.extend(batch.events.iter().cloned());
    }

    /// The threads that a person follows, by root: from the event that they follow until they or the event that takes
    /// them out of the channel say otherwise.
    fn following(&self, user: UserId) -> BTreeMap<Seq, Following> {
        let mut threads: BTreeMap<Seq, Following> = BTreeMap::new();
        for record in &self.told {
            match record.event() {
                Some(Event::ThreadFollowed { channel, root, users, on })
                    if users.contains(&user) =>
                {
                    if *on {
                        let begun = Following { channel: *channel, marker: record.seq };
                        threads.entry(*root).or_insert(begun);
                    } else {
                        threads.remove(root);
                    }
                }
                Some(Event::ThreadRead { root, up_to, .. }) if record.actor == user => {
                    threads.entry(*root).and_modify(|thread| thread.marker = *up_to);
                }
                Some(Event::ThreadUnread { root, from, .. }) if record.actor == user => {
                    let before = Seq(from.get() - 1);
                    threads.entry(*root).and_modify(|it| it.marker = it.marker.min(before));
                }
                Some(Event::MemberRemoved { channel, user: gone }) if *gone == user => {
                    threads.retain(|_, thread| thread.channel != *channel);
                }
                Some(_) | None => {}
            }
        }
        threads
    }

    /// The last message of a channel that a person has read: what they said last since they came, or their coming.
    fn read_up_to(&self, user: UserId, channel: ChannelId) -> Seq {
        let mut marker = user.0.max(channel.0);
        for record in self.told.iter().filter(|record| record.channel == Some(channel)) {
            match record.event() {
                Some(Event::MembersAdded { users, .. }) if users.contains(&user) => {
                    marker = record.seq;
                }
                Some(Event::ChannelRead { up_to, .. }) if record.actor == user => marker = *up_to,
                Some(_) | None => {}
            }
        }
        marker
    }

    /// What waits in the channels of a person.
    fn channels(&self, user: UserId) -> BTreeMap<ChannelId, Counts> {
        let count = |channel: ChannelId| {
            let marker = self.read_up_to(user, channel);
            let others =
                self.story.messages.values().filter(|it| {
                    it.channel == channel && ![user, UserId::SYSTEM].contains(&it.sender)
                });
            let unread = others.filter(|it| it.in_timeline && it.id > marker && !it.deleted);
            let unread: Vec<_> = unread.filter(|it| self.is_seen(it, user)).collect();
            let mentions = unread.iter().filter(|message| names(message, user)).count() as u64;
            (channel, Counts { unread: unread.len() as u64, mentions })
        };
        self.story.workspace.channels_of(user).into_iter().map(count).collect()
    }

    fn is_seen(&self, message: &Message, user: UserId) -> bool {
        may_see(user, message.channel, message.id, &self.story.workspace)
    }

    fn unread_replies(&self, user: UserId, root: Seq, marker: Seq) -> Vec<&Message> {
        let replies = self.story.messages.values().filter(|it| it.thread_root == Some(root));
        let unread = replies.filter(|it| it.id > marker && it.sender != user && !it.deleted);
        unread.filter(|reply| self.is_seen(reply, user)).collect()
    }

    fn standing(&self, user: UserId, root: Seq, marker: Seq) -> Standing {
        let unread = self.unread_replies(user, root, marker);
        let mentions = unread.iter().filter(|reply| names(reply, user)).count() as u64;
        Standing { marker, waiting: Counts { unread: unread.len() as u64, mentions } }
    }

    /// The newest reply first.
    fn threads(&self, user: UserId) -> Vec<(Seq, FollowedThread)> {
        let mut threads = Vec::new();
        for (root_id, Following { channel, marker }) in self.following(user) {
            let messages = &self.story.messages;
            let replies = messages.values().filter(|it| it.thread_root == Some(root_id));
            let newest = replies.map(|reply| reply.id).max().unwrap_or(root_id);
            let root = Some(&messages[&root_id]).filter(|root| self.is_seen(root, user));
            let thread = FollowedThread {
                root: root.cloned(),
                root_id,
                channel,
                standing: self.standing(user, root_id, marker),
                last_reply_ts: messages[&newest].ts,
            };
            threads.push((newest, thread));
        }
        threads.sort_by_key(|(newest, _)| std::cmp::Reverse(*newest));
        threads
    }

    /// Everything since they came that is about a person: what of others names them, and what of theirs others deleted;
    /// the newest first.
    fn mentions(&self, user: UserId) -> Vec<u64> {
        let is_since = |message: &Message| {
            let member = self.story.workspace.membership(user, message.channel);
            member.is_some_and(|member| message.id > member.joined)
        };
        let messages = self.story.messages.values().rev();
        let about = messages.filter(|it| {
            if it.sender == user { it.deleted_by.is_some() } else { !it.deleted && names(it, user) }
        });
        let seen = about.filter(|it| self.is_seen(it, user) && is_since(it));
        seen.map(|message| message.id.get()).collect()
    }

    /// Of these the ones that wait: in a channel's timeline, or in a thread that they follow.
    fn unread_mentions(&self, user: UserId) -> Vec<u64> {
        let following = self.following(user);
        let waits = |message: &Message| {
            let marker = self.read_up_to(user, message.channel);
            let thread = message.thread_root.and_then(|root| following.get(&root));
            (message.in_timeline && message.id > marker)
                || thread.is_some_and(|thread| message.id > thread.marker)
        };
        let messages = self.story.messages.values().rev();
        let others = messages.filter(|it| it.sender != user && !it.deleted && names(it, user));
        let waiting = others.filter(|it| self.is_seen(it, user) && waits(it));
        waiting.map(|message| message.id.get()).collect()
    }

    /// Asks the server everything about one person, and compares.
    async fn compare(&self, house: &House, user: UserId, prng: &mut Prng) {
        let (reading, head) = (&house.reading, self.story.workspace.head);
        let Waiting { channels: counts, threads: in_threads } =
            reading.start_of(user, head).await.unwrap().found.waiting;
        assert_eq!(counts, self.channels(user), "channels of {user:?}");
        let mut threads = self.threads(user);
        let sum = |count: fn(&Counts) -> u64| {
            threads.iter().map(|(_, thread)| count(&thread.standing.waiting)).sum()
        };
        let expected = Counts { unread: sum(|it| it.unread), mentions: sum(|it| it.mentions) };
        assert_eq!(in_threads.all, expected, "threads of {user:?}");
        let unread = threads.iter().map(|(_, it)| (it.root_id, it.standing.waiting.unread));
        let unread: BTreeMap<_, _> = unread.filter(|(_, unread)| *unread > 0).collect();
        assert_eq!(in_threads.unread, unread, "unread threads of {user:?}");
        let followed: BTreeSet<_> = in_threads.followed.iter().copied().collect();
        assert_eq!(followed, threads.iter().map(|(_, it)| it.root_id).collect());

        if let Some((_, thread)) = prng.pick(&threads) {
            let range = FoldRange::Newest { after: Seq::ZERO, before: Seq(u64::MAX), limit: ALL };
            let page = reading.thread(user, thread.root_id, range, head).await.unwrap();
            let page = page.found.expect("who follows a thread may see it");
            assert_eq!((page.root, page.standing), (thread.root.clone(), Some(thread.standing)));
        }
        let before = prng.pick(&self.told).filter(|_| prng.percent(50)).map(|record| record.ts);
        let query = ThreadQuery { only_unread: prng.percent(50), before, limit: 1 + prng.below(9) };
        let is_asked = |(newest, thread): &(Seq, FollowedThread)| {
            let is_before = |ts: Timestamp| self.story.messages[newest].ts < ts;
            query.before.is_none_or(is_before)
                && (!query.only_unread || thread.standing.waiting.unread > 0)
        };
        threads.retain(is_asked);
        threads.truncate(query.limit);
        let expected: Vec<_> = threads.into_iter().map(|(_, thread)| thread).collect();
        let found = reading.threads(user, query, head).await.unwrap().found;
        assert_eq!(found, expected, "{query:?} of {user:?}");

        let ids = |found: Vec<Message>| found.iter().map(|it| it.id.get()).collect::<Vec<_>>();
        let unread = reading.unread_mentions(user, ALL, head).await.unwrap().found;
        assert_eq!(ids(unread), self.unread_mentions(user), "unread mentions of {user:?}");
        let (before, limit) = (Seq(prng.below(400) as u64), 1 + prng.below(9));
        let mut expected = self.mentions(user);
        expected.retain(|id| *id < before.get());
        expected.truncate(limit);
        let page = reading.mentions(user, before, limit, head).await.unwrap().found;
        assert_eq!(ids(page.messages), expected, "mentions of {user:?} before {before}");
    }

    /// Everybody who may ask.
    fn people(&self) -> Vec<UserId> {
        let users = self.story.workspace.users.iter();
        users.filter(|(_, user)| !user.is_deactivated).map(|(id, _)| *id).collect()
    }
}

async fn tell_history(seed: u64, window: usize) {
    let history = History::random(seed, 400);
    let mut prng = Prng::new(seed ^ 0xc0);
    let mut house = House::new(window);
    let looks_percent = [5, 25, 90][prng.below(3)];
    let mut recount = Recount { story: Story::new(), told: Vec::new() };
    let mut batches: Vec<Batch> = Vec::new();
    for step in &history.steps {
        batches.extend(step.outcome.clone());
        if prng.percent(75) {
            continue;
        }
        for batch in &batches {
            recount.hear(batch);
        }
        house.hear(&std::mem::take(&mut batches)).await;
        if prng.percent(looks_percent)
            && let Some(user) = prng.pick(&recount.people())
        {
            recount.compare(&house, user, &mut prng).await;
        }
        if prng.percent(2) {
            house = house.restart().await;
        }
    }
    for batch in &batches {
        recount.hear(batch);
    }
    house.hear(&batches).await;
    for user in recount.people() {
        recount.compare(&house, user, &mut prng).await;
    }
    house.drain().await;
    assert_eq!(house.check(), [], "seed {seed}, window {window}");

    let house = house.restart().await;
    for user in recount.people() {
        recount.compare(&house, user, &mut prng).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_equals_a_recount_with_a_small_window() {
    for seed in 0..8 {
        tell_history(seed, 3).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_equals_a_recount_with_the_usual_window() {
    for seed in 100..104 {
        tell_history(seed, 1000).await;
    }
}
