//! Notifications: the only place that decides whether an event notifies a person, and why.

mod keywords;

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::audience::may_see;
use crate::event::{Event, LoggedEvent, Mentions, Posting};
use crate::ids::{Timestamp, UserId};
use crate::rejection::Rejection;
use crate::thread::InThread;
use crate::workspace::{ChannelKind, User, Workspace};

pub use keywords::Keywords;

/// What of a channel notifies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As the kind of channel has it: everything in a direct one, mentions elsewhere.
    #[default]
    Default,
    /// Every message.
    All,
    /// Those that name one.
    Mentions,
    /// Nothing.
    None,
}

/// What a person wants of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct ChannelNotifications {
    pub level: Level,
    /// Nothing notifies, whatever the level; what waits is still counted.
    pub is_muted: bool,
}

/// When a person is not to be disturbed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoNotDisturb {
    /// Whether the nights below hold.
    pub is_enabled: bool,
    /// Minutes after midnight at which a night begins, in the person's time zone.
    pub from_minute: u16,
    /// Minutes after midnight at which it ends; earlier than `from_minute` means on the next day.
    pub to_minute: u16,
    /// ISO days of the week (1 is Monday) on which a night begins, sorted.
    pub days: Vec<u8>,
    /// Not until then, whatever the nights.
    pub until: Option<Timestamp>,
}

/// What is to change of it; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct DoNotDisturbWish {
    pub is_enabled: Option<bool>,
    pub from_minute: Option<u16>,
    pub to_minute: Option<u16>,
    pub days: Option<Vec<u8>>,
    pub until: Option<Option<Timestamp>>,
}

impl From<DoNotDisturb> for DoNotDisturbWish {
    fn from(all: DoNotDisturb) -> DoNotDisturbWish {
        DoNotDisturbWish {
            is_enabled: Some(all.is_enabled),
            from_minute: Some(all.from_minute),
            to_minute: Some(all.to_minute),
            days: Some(all.days),
            until: Some(all.until),
        }
    }
}

/// Why a message notifies somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum Reason {
    /// It names them, or a group of theirs, or all who are here.
    Mention,
    Everyone,
    Direct,
    /// It replies in a thread that they follow.
    Thread,
    /// It has one of their keywords.
    Keyword,
    /// They want to be told of everything in this channel.
    All,
}

/// Why a message does not notify somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum Silence {
    NotVisible,
    Own,
    Notice,
    Muted,
    /// They want nothing of this channel.
    Level,
    DoNotDisturb,
    /// A reply in a thread that they do not follow.
    NotFollowed,
    /// Nothing in it is about them.
    NotNamed,
}

/// Whether a message that was just posted notifies `user`, and why or why not.
pub fn verdict(
    record: &LoggedEvent,
    user: UserId,
    workspace: &Workspace,
    now: Timestamp,
) -> Result<Reason, Silence> {
    let posting = record.event().and_then(Event::posting).ok_or(Silence::NotVisible)?;
    let account = workspace.users.get(&user).ok_or(Silence::NotVisible)?;
    let in_text = InText {
        is_named: matches!(&posting.mentions, Mentions::Users(users) if users.contains(&user)),
        has_keyword: has_keyword(&posting.text, &account.personal.keywords),
    };
    judge(record, user, workspace, now, in_text)
}

/// What the text of a message has to do with a person.
#[derive(Clone, Copy)]
struct InText {
    is_named: bool,
    has_keyword: bool,
}

/// The verdicts on one message: what those of thousands of people have in common is worked out once.
pub struct Verdicts<'a> {
    record: &'a LoggedEvent,
    workspace: &'a Workspace,
    named: BTreeSet<UserId>,
    with_keyword: BTreeSet<UserId>,
}

impl<'a> Verdicts<'a> {
    /// On a message that was just posted; `keywords` are those of everybody in `workspace`.
    pub fn new(
        record: &'a LoggedEvent,
        workspace: &'a Workspace,
        keywords: &Keywords,
    ) -> Verdicts<'a> {
        let posting = record.event().and_then(Event::posting);
        let named = match posting.map(|posting| &posting.mentions) {
            Some(Mentions::Users(users)) => users.iter().copied().collect(),
            Some(Mentions::Everyone | Mentions::Nobody) | None => BTreeSet::new(),
        };
        let with_keyword = posting.map(|posting| keywords.found_in(&posting.text));
        Verdicts { record, workspace, named, with_keyword: with_keyword.unwrap_or_default() }
    }

    /// Whom the text is about: it names them, or has a keyword of theirs.
    pub fn in_text(&self) -> impl Iterator<Item = UserId> {
        self.named.union(&self.with_keyword).copied()
    }

    /// What [`verdict`] says of `user`.
    pub fn of(&self, user: UserId, now: Timestamp) -> Result<Reason, Silence> {
        let is_named = self.named.contains(&user);
        let in_text = InText { is_named, has_keyword: self.with_keyword.contains(&user) };
        judge(self.record, user, self.workspace, now, in_text)
    }
}

fn judge(
    record: &LoggedEvent,
    user: UserId,
    workspace: &Workspace,
    now: Timestamp,
    in_text: InText,
) -> Result<Reason, Silence> {
    let posting = record.event().and_then(Event::posting).ok_or(Silence::NotVisible)?;
    let channel = posting.channel;
    let account = workspace.users.get(&user).ok_or(Silence::NotVisible)?;
    if !may_see(user, channel, record.seq, workspace) {
        return Err(Silence::NotVisible);
    }
    if record.actor == user {
        return Err(Silence::Own);
    }
    if record.event().is_some_and(Event::is_notice) {
        return Err(Silence::Notice);
    }
    let own = account.personal.notifications.get(&channel).copied().unwrap_or_default();
    if own.is_muted {
        return Err(Silence::Muted);
    }
    if own.level == Level::None {
        return Err(Silence::Level);
    }
    let reason = reason(posting, record, user, own.level, workspace, in_text)?;
    if may_be_disturbed(account, now) { Ok(reason) } else { Err(Silence::DoNotDisturb) }
}

fn reason(
    posting: &Posting,
    record: &LoggedEvent,
    user: UserId,
    level: Level,
    workspace: &Workspace,
    in_text: InText,
) -> Result<Reason, Silence> {
    let is_beside = matches!(record.event(), Some(Event::ThreadReplied(_)));
    match &posting.mentions {
        Mentions::Users(_) if in_text.is_named => return Ok(Reason::Mention),
        Mentions::Everyone if !is_beside => return Ok(Reason::Everyone),
        Mentions::Users(_) | Mentions::Everyone | Mentions::Nobody => {}
    }
    let is_direct = matches!(workspace.channel(posting.channel).kind, ChannelKind::Direct { .. });
    if is_direct && !is_beside && matches!(level, Level::Default | Level::All) {
        return Ok(Reason::Direct);
    }
    let follows = |thread: &InThread| thread.followers.binary_search(&user).is_ok();
    if posting.thread.as_deref().is_some_and(follows) {
        return Ok(Reason::Thread);
    }
    if in_text.has_keyword {
        return Ok(Reason::Keyword);
    }
    if is_beside {
        return Err(Silence::NotFollowed);
    }
    if level == Level::All { Ok(Reason::All) } else { Err(Silence::NotNamed) }
}

/// Whether a text has one of these words, in any case, with no letter or digit directly around it.
pub fn has_keyword(text: &str, keywords: &[String]) -> bool {
    if keywords.is_empty() {
        return false;
    }
    let text = text.to_lowercase();
    keywords.iter().any(|keyword| stands_alone(&text, &keyword.to_lowercase(), |_| {}))
}

/// Whether a text has a word with no letter or digit directly around it. `look` hears where it is looked at: at places
/// that do not overlap, and `str::match_indices` finds them in one go.
fn stands_alone(text: &str, word: &str, mut look: impl FnMut(usize)) -> bool {
    text.match_indices(word).any(|(at, found)| {
        look(at);
        is_apart(text[..at].chars().next_back())
            && is_apart(text[at + found.len()..].chars().next())
    })
}

/// Whether what stands beside a word, if anything does, leaves it alone.
fn is_apart(beside: Option<char>) -> bool {
    beside.is_none_or(|c| !c.is_alphanumeric())
}

/// Whether a person may be disturbed at this time.
fn may_be_disturbed(account: &User, now: Timestamp) -> bool {
    let schedule = &account.personal.do_not_disturb;
    if schedule.until.is_some_and(|until| now < until) {
        return false;
    }
    !(schedule.is_enabled && is_night(schedule, account.profile.time_zone.as_deref(), now))
}

/// Whether one of the nights holds at this time, in this zone or in UTC.
fn is_night(schedule: &DoNotDisturb, zone: Option<&str>, now: Timestamp) -> bool {
    let zone = zone.and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC);
    let Ok(instant) = jiff::Timestamp::from_microsecond(now.0) else { return false };
    let local = instant.to_zoned(zone);
    let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute()));
    let minute = minute.expect("a day has 1,440 minutes");
    let today = local.weekday().to_monday_one_offset().unsigned_abs();
    let yesterday = if today == 1 { 7 } else { today - 1 };
    let begins = |day: u8| schedule.days.contains(&day);
    let (from, to) = (schedule.from_minute, schedule.to_minute);
    if from < to {
        return begins(today) && (from..to).contains(&minute);
    }
    (begins(today) && minute >= from) || (begins(yesterday) && minute < to)
}

/// A schedule after these changes.
pub(crate) fn changed(
    before: &DoNotDisturb,
    wish: &DoNotDisturbWish,
) -> Result<DoNotDisturb, Rejection> {
    const MINUTES: u16 = 24 * 60;
    let mut schedule = DoNotDisturb {
        is_enabled: wish.is_enabled.unwrap_or(before.is_enabled),
        from_minute: wish.from_minute.unwrap_or(before.from_minute),
        to_minute: wish.to_minute.unwrap_or(before.to_minute),
        days: wish.days.as_ref().unwrap_or(&before.days).clone(),
        until: wish.until.unwrap_or(before.until),
    };
    schedule.days.sort_unstable();
    schedule.days.dedup();
    if schedule.from_minute >= MINUTES || schedule.to_minute >= MINUTES {
        return Err(Rejection::invalid("from", "clock times from 00:00 to 23:59"));
    }
    if schedule.days.iter().any(|day| !(1..=7).contains(day)) {
        return Err(Rejection::invalid("days", "1 (Monday) to 7 (Sunday)"));
    }
    Ok(schedule)
}

#[cfg(test)]
mod tests;
