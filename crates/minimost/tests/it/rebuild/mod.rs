//! Projections: whatever was read when, at the head they say what the log says.
//!
//! The crown test tells random histories to a log while mailboxes catch up at random moments, so that some of them meet
//! events whole that others meet erased, and compares the result with the story itself and with mailboxes built anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics; helpers are tests too")]

mod behind;
mod counts;
mod files;
mod house;
mod mailbox;

use std::collections::BTreeMap;

use chat::audience::history_start;
use chat::event::Mentions;
use chat::testing::{Batch, History, Prng, Story};
use chat::{ChannelId, Message, Seq, UserId};
use minimost::reading::{Counts, PageQuery};
use minimost::wire::MessageView;
use rusqlite::Connection;

use house::House;

/// The messages of a channel's timeline that the user may see, as the story has them, oldest first.
fn messages_of(story: &Story, user: UserId, channel: ChannelId) -> Vec<&Message> {
    let start = history_start(user, channel, &story.workspace).unwrap_or(Seq(u64::MAX));
    let messages = story.messages.values();
    let timeline = messages.filter(|message| message.channel == channel && message.in_timeline);
    timeline.filter(|message| message.id >= start).collect()
}

fn expected_page(
    story: &Story,
    user: UserId,
    channel: ChannelId,
    query: PageQuery,
) -> Vec<MessageView> {
    let all = messages_of(story, user, channel);
    let newest = |before: Seq, limit: usize| {
        let older: Vec<_> = all.iter().filter(|message| message.id < before).collect();
        older[older.len().saturating_sub(limit)..].to_vec()
    };
    let page: Vec<_> = match query {
        PageQuery::Newest { limit } => newest(Seq(u64::MAX), limit),
        PageQuery::Before { before, limit } => newest(before, limit),
        PageQuery::After { after, limit } => {
            all.iter().filter(|message| message.id > after).take(limit).collect()
        }
        PageQuery::Around { id, limit } => {
            let at = all.iter().position(|message| message.id == id);
            let around = at.map(|at| {
                let first = at.saturating_sub(limit / 2);
                all[first..all.len().min(at + limit - limit / 2)].iter().collect()
            });
            around.unwrap_or_default()
        }
        PageQuery::Earlier { .. } | PageQuery::Changed { .. } => panic!("fold has its own tests"),
    };
    page.into_iter().map(|message| MessageView::new(message, &story.workspace)).collect()
}

fn expected_counts(story: &Story, user: UserId) -> BTreeMap<ChannelId, Counts> {
    let names = |mentions: &Mentions| match mentions {
        Mentions::Nobody => false,
        Mentions::Users(users) => users.contains(&user),
        Mentions::Everyone => true,
    };
    let channels = story.workspace.channels_of(user).into_iter();
    channels
        .map(|channel| {
            let marker = story.workspace.read_up_to(user, channel);
            let unread = messages_of(story, user, channel).into_iter().filter(|message| {
                let is_by_others = ![user, UserId::SYSTEM].contains(&message.sender);
                message.id > marker && is_by_others && !message.deleted
            });
            let unread: Vec<_> = unread.collect();
            let mentions = unread.iter().filter(|message| names(&message.mentions)).count() as u64;
            (channel, Counts { unread: unread.len() as u64, mentions })
        })
        .collect()
}

fn random_query(prng: &mut Prng, head: Seq) -> PageQuery {
    let limit = 1 + prng.below(12);
    let id = Seq(prng.below(usize::try_from(head.get()).unwrap() + 3) as u64);
    match prng.below(4) {
        0 => PageQuery::Newest { limit },
        1 => PageQuery::Before { before: id, limit },
        2 => PageQuery::Around { id, limit },
        _ => PageQuery::After { after: id, limit },
    }
}

/// Compares everything that a random user may read with the story.
async fn look_around(house: &House, story: &Story, prng: &mut Prng) {
    let people = story.workspace.users.iter().filter(|(_, user)| !user.is_deactivated);
    let users: Vec<_> = people.map(|(id, _)| *id).collect();
    let Some(user) = prng.pick(&users) else { return };
    let counts = house.reading.counts(user, story.workspace.head).await.unwrap().found;
    assert_eq!(counts, expected_counts(story, user), "what waits for {user:?}");
    for channel in story.workspace.channels_of(user) {
        let query = random_query(prng, story.workspace.head);
        let page = house.page(user, channel, query).await;
        assert_eq!(page, expected_page(story, user, channel, query), "{query:?} of {channel:?}");
    }
}

/// Follows a step as somebody would who was there.
fn follow(story: &mut Story, batch: &Batch) {
    for event in &batch.events {
        story.workspace.apply(event);
        if event.kind.begins_message() {
            story.messages.insert(event.seq, Message::posted(event));
        }
        if let Some(message) = event.target.and_then(|id| story.messages.get_mut(&id)) {
            message.apply(event);
        }
    }
}

async fn tell_history(seed: u64, steps: usize, window: usize) {
    let history = History::random(seed, steps);
    let mut prng = Prng::new(seed ^ 0x5eed);
    let mut house = House::new(window);
    // How often anybody looks: the less often, the more is erased before a mailbox comes to it.
    let looks_percent = [3, 20, 90][prng.below(3)];
    let mut story = Story::new();
    let mut batches: Vec<Batch> = Vec::new();
    for step in &history.steps {
        batches.extend(step.outcome.clone());
        if prng.percent(75) {
            continue;
        }
        for batch in &batches {
            follow(&mut story, batch);
        }
        house.hear(&std::mem::take(&mut batches)).await;
        if prng.percent(looks_percent) {
            look_around(&house, &story, &mut prng).await;
        }
        if prng.percent(3) {
            house.drain().await;
        }
        if prng.percent(2) {
            house = house.restart().await;
        }
    }
    for batch in &batches {
        follow(&mut story, batch);
    }
    house.hear(&batches).await;
    house.drain().await;
    for _ in 0..20 {
        look_around(&house, &story, &mut prng).await;
    }
    assert_eq!(house.check(), [], "seed {seed}, window {window}");
    look_into_files(&house, &story);
    house.close().await;
}

/// What a row of `messages` shows, side by side; NULL as nothing.
const SELECT_ROWS: &str = "
    SELECT concat_ws(' ', id, sender, content, content_type, edited, deleted, reply_to_id, mentions, reactions)
      FROM messages
     WHERE channel = ?1 AND id NOT IN (SELECT seq FROM beside)
     ORDER BY id DESC
     LIMIT ?2";

/// The same of a message as a page has it.
fn as_row(view: &MessageView) -> String {
    let (edited, deleted) = (u8::from(view.edited), u8::from(view.deleted));
    let mut parts = vec![view.id.to_string(), view.sender.clone()];
    parts.extend(view.content.clone());
    parts.extend([view.content_type.clone(), edited.to_string(), deleted.to_string()]);
    parts.extend(view.reply_to_id.map(|id| id.to_string()));
    let json = |value: String| (value.len() > 2).then_some(value);
    parts.extend(json(serde_json::to_string(&view.mentions).unwrap()));
    parts.extend(json(serde_json::to_string(&view.reactions).unwrap()));
    parts.join(" ")
}

/// Of everybody's file, brought to the head, the rows of the window are the newest page of each channel.
fn look_into_files(house: &House, story: &Story) {
    for (user, account) in story.workspace.users.iter().filter(|(_, it)| !it.is_deactivated) {
        let file = Connection::open(house.mailbox(account.name.as_str())).unwrap();
        let mut statement = file.prepare(SELECT_ROWS).unwrap();
        for channel in story.workspace.channels_of(*user) {
            let limit = if house.window == 0 { 100_000 } else { house.window };
            let page = expected_page(story, *user, channel, PageQuery::Newest { limit });
            let name = story.workspace.channel_name(channel);
            let parameters = (&name, i64::try_from(limit).unwrap());
            let rows = statement.query_map(parameters, |row| row.get(0)).unwrap();
            let mut rows: Vec<String> = rows.map(Result::unwrap).collect();
            rows.reverse();
            let expected: Vec<_> = page.iter().map(as_row).collect();
            assert_eq!(rows, expected, "{name} in the file of {}", account.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_with_a_small_window_equals_the_story_and_a_rebuilt_one() {
    for seed in 0..12 {
        tell_history(seed, 250, 3).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_of_everything_equals_the_story_and_a_rebuilt_one() {
    for seed in 100..106 {
        tell_history(seed, 250, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_with_the_usual_window_equals_the_story_and_a_rebuilt_one() {
    for seed in 200..206 {
        tell_history(seed, 250, 1000).await;
    }
}
