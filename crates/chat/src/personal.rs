//! What is a person's own business and follows them between devices: nobody else ever sees it.
//!
//! Neighbours: `notification` decides by the levels here; `draft`, `schedule` and `reminder` have rules of their own.

use std::collections::{BTreeMap, BTreeSet};

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use crate::channel::{Place, at_most, one_line};
use crate::decide::{Case, Decision};
use crate::event::Event;
use crate::ids::{ChannelId, ChannelName, Seq, Timestamp, UserId};
use crate::message;
use crate::notification::{self, ChannelNotifications, DoNotDisturb, DoNotDisturbWish, Level};
use crate::rejection::Rejection;
use crate::workspace::ChannelKind;

/// Preferences of one person.
pub const PREFERENCES_MAX: usize = 64;

/// Bytes of all preferences of one person, keys and values together.
pub const PREFERENCES_BYTES_MAX: usize = 16 * 1024;

/// Keywords of one person.
pub const KEYWORDS_MAX: usize = 50;

/// Characters of a keyword.
pub const KEYWORD_CHARS_MAX: usize = 64;

/// Messages that one person saves.
pub const SAVED_MAX: usize = 1_000;

/// Bytes of all that one person has written and not sent, drafts and scheduled messages together; it is kept in memory.
pub const UNSENT_BYTES_MAX: usize = 1024 * 1024;

/// One change of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum PersonalChange {
    /// Values are JSON texts that mean nothing to the server; `None` clears. Only in logs from before the next was.
    Preferences(BTreeMap<String, Option<String>>),
    /// All of them after it, so that the event before it can be erased.
    AllPreferences(OrdMap<String, String>),
    Notifications {
        channel: ChannelId,
        notifications: ChannelNotifications,
    },
    DoNotDisturb(DoNotDisturb),
    /// Words that notify, as typed.
    Keywords(Vec<String>),
    Saved {
        message: Seq,
        channel: ChannelId,
        on: bool,
    },
    /// A direct channel is not listed until a newer message arrives.
    DirectHidden {
        channel: ChannelId,
        on: bool,
    },
}

/// What somebody wishes to change of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub enum PersonalWish {
    Preferences(BTreeMap<String, Option<String>>),
    /// `None` stays.
    Notifications {
        channel: ChannelName,
        level: Option<Level>,
        is_muted: Option<bool>,
    },
    DoNotDisturb(DoNotDisturbWish),
    Keywords(Vec<String>),
    /// Saves, forgets or toggles (`on` is `None`).
    Save {
        message: Seq,
        on: Option<bool>,
    },
    HideDirect {
        channel: ChannelName,
        on: bool,
    },
}

/// All of it, as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Personal {
    pub preferences: OrdMap<String, String>,
    /// The event that set them; redacted when another does.
    pub preferences_set: Seq,
    pub notifications: OrdMap<ChannelId, ChannelNotifications>,
    pub do_not_disturb: DoNotDisturb,
    pub keywords: Vec<String>,
    /// The event that set the keywords; redacted when another does.
    pub keywords_set: Seq,
    pub saved: OrdMap<Seq, SavedMessage>,
    /// Closed direct channels, and the event that closed them.
    pub hidden: OrdMap<ChannelId, Seq>,
    /// By the seq of the thread's root, or of the channel itself.
    pub drafts: OrdMap<Seq, Draft>,
    pub scheduled: OrdMap<Seq, ScheduledMessage>,
    pub reminders: OrdMap<Seq, Reminder>,
}

impl Personal {
    /// The events whose texts are about what is yet to come in a channel: drafts, scheduled messages, reminders.
    pub(crate) fn texts_in(&self, channel: ChannelId) -> Vec<Seq> {
        let drafts = self.drafts.values().filter(|it| it.channel == channel).map(|it| it.saved);
        let scheduled = self.scheduled.values().filter(|it| it.channel == channel);
        let reminders = self.reminders.iter().filter(|(_, it)| it.channel == Some(channel));
        drafts.chain(scheduled.map(|it| it.saved)).chain(reminders.map(|(id, _)| *id)).collect()
    }

    /// Refuses a text that does not fit beside what is written and not sent; `before` is what it takes the place of.
    pub(crate) fn has_room_for(&self, text: &str, before: usize) -> Result<(), Rejection> {
        let drafts = self.drafts.values().map(|draft| draft.text.len());
        let scheduled = self.scheduled.values().map(|scheduled| scheduled.text.len());
        let others = drafts.chain(scheduled).sum::<usize>().saturating_sub(before);
        if text.len() <= before || others + text.len() <= UNSENT_BYTES_MAX {
            Ok(())
        } else {
            let what = "bytes of drafts and scheduled messages";
            Err(Rejection::TooMany { what, max: UNSENT_BYTES_MAX })
        }
    }
}

/// A message that somebody keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct SavedMessage {
    pub channel: ChannelId,
    pub ts: Timestamp,
}

/// A message that is still being written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Draft {
    pub channel: ChannelId,
    pub thread: Option<Seq>,
    pub text: String,
    pub ts: Timestamp,
    /// The event that has the text; redacted when another takes its place.
    pub saved: Seq,
}

/// A message that goes out later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct ScheduledMessage {
    pub channel: ChannelId,
    pub thread: Option<Seq>,
    pub text: String,
    pub send_at: Timestamp,
    /// The event that has the text; redacted when another takes its place.
    pub saved: Seq,
    /// Why it could not be sent when its time came.
    pub failure: Option<String>,
}

/// Something to be told of later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "fields named by the glossary; a retelling would say less")]
pub struct Reminder {
    pub message: Option<Seq>,
    /// Of the message.
    pub channel: Option<ChannelId>,
    pub text: String,
    pub due: Timestamp,
    /// When the person was told.
    pub fired_ts: Option<Timestamp>,
}

/// Changes what is the own business of `user`.
pub(crate) fn change(
    case: Case<'_>,
    user: UserId,
    wish: &PersonalWish,
) -> Result<Decision, Rejection> {
    let personal = &case.workspace.users[&user].personal;
    let mut events = Vec::new();
    let mut superseded = Seq::ZERO;
    let (change, is_so_already) = match wish {
        PersonalWish::Preferences(changes) => {
            let after = preferences(personal, changes)?;
            superseded = personal.preferences_set;
            let is_so_already = after == personal.preferences;
            (PersonalChange::AllPreferences(after), is_so_already)
        }
        PersonalWish::Notifications { channel, level, is_muted } => {
            let place = Place::find(case.workspace, user, channel)?;
            let before = match &place {
                Place::Open(channel) => personal.notifications.get(channel).copied(),
                Place::Unopened(_) => None,
            };
            let before = before.unwrap_or_default();
            let notifications = ChannelNotifications {
                level: level.unwrap_or(before.level),
                is_muted: is_muted.unwrap_or(before.is_muted),
            };
            let is_so_already = notifications == before;
            if is_so_already && matches!(place, Place::Unopened(_)) {
                return Ok(Decision::nothing(user));
            }
            let (channel, opening) = place.opened(case, user)?;
            events.extend(opening);
            (PersonalChange::Notifications { channel, notifications }, is_so_already)
        }
        PersonalWish::DoNotDisturb(wish) => {
            let schedule = notification::changed(&personal.do_not_disturb, wish)?;
            let is_so_already = schedule == personal.do_not_disturb;
            (PersonalChange::DoNotDisturb(schedule), is_so_already)
        }
        PersonalWish::Keywords(words) => {
            let words = keywords(words)?;
            let is_so_already = words == personal.keywords;
            superseded = personal.keywords_set;
            (PersonalChange::Keywords(words), is_so_already)
        }
        PersonalWish::Save { message, on } => save(case, user, personal, *message, *on)?,
        PersonalWish::HideDirect { channel, on } => {
            let place = Place::find(case.workspace, user, channel)?;
            // Where nobody has written nothing is listed, until somebody wants it so.
            if *on && matches!(place, Place::Unopened(_)) {
                return Ok(Decision::nothing(user));
            }
            if let Place::Open(channel) = place
                && !matches!(case.workspace.channel(channel).kind, ChannelKind::Direct { .. })
            {
                return Err(Rejection::NotADirectChannel);
            }
            let (channel, opening) = place.opened(case, user)?;
            let is_so_already = case.workspace.is_hidden(user, channel) == *on;
            events.extend(opening);
            (PersonalChange::DirectHidden { channel, on: *on }, is_so_already)
        }
    };
    if is_so_already && !case.facts.is_named {
        return Ok(Decision::new(user, events));
    }
    events.push(Event::PersonalChanged { change });
    Ok(Decision::superseding(user, events, [superseded]))
}

fn save(
    case: Case<'_>,
    user: UserId,
    personal: &Personal,
    id: Seq,
    on: Option<bool>,
) -> Result<(PersonalChange, bool), Rejection> {
    let is_on = personal.saved.contains_key(&id);
    let on = on.unwrap_or(!is_on);
    if on && !is_on && personal.saved.len() >= SAVED_MAX {
        return Err(Rejection::TooMany { what: "saved messages", max: SAVED_MAX });
    }
    let channel = match personal.saved.get(&id) {
        // What one may no longer see can still be forgotten.
        Some(saved) if !on => saved.channel,
        Some(_) | None => {
            let message = message::readable(case, user, id)?;
            if message.deleted {
                return Err(Rejection::MessageDeleted);
            }
            message.channel
        }
    };
    Ok((PersonalChange::Saved { message: id, channel, on }, on == is_on))
}

/// The preferences after these changes.
fn preferences(
    personal: &Personal,
    changes: &BTreeMap<String, Option<String>>,
) -> Result<OrdMap<String, String>, Rejection> {
    let mut after = personal.preferences.clone();
    for (key, value) in changes {
        let fits = (1..=64).contains(&key.len())
            && key.bytes().all(|b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-')
            });
        if !fits {
            let rule = "a key has 1 to 64 of a-z 0-9 _ . -";
            return Err(Rejection::invalid("preferences", rule));
        }
        match value {
            Some(value) => drop(after.insert(key.clone(), value.clone())),
            None => drop(after.remove(key)),
        }
    }
    let bytes: usize = after.iter().map(|(key, value)| key.len() + value.len()).sum();
    if after.len() > PREFERENCES_MAX || bytes > PREFERENCES_BYTES_MAX {
        let rule = format!("at most {PREFERENCES_MAX}, of {PREFERENCES_BYTES_MAX} bytes together");
        return Err(Rejection::invalid("preferences", rule));
    }
    Ok(after)
}

/// Keywords as they are kept: each once, whatever its case.
pub(crate) fn keywords(words: &[String]) -> Result<Vec<String>, Rejection> {
    if words.len() > KEYWORDS_MAX {
        return Err(Rejection::TooMany { what: "keywords", max: KEYWORDS_MAX });
    }
    let (mut kept, mut folded) = (Vec::new(), BTreeSet::new());
    for word in words.iter().map(|word| one_line(word)).filter(|word| !word.is_empty()) {
        at_most("keywords", &word, KEYWORD_CHARS_MAX)?;
        if folded.insert(word.to_lowercase()) {
            kept.push(word);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::{Audience, audience};
    use crate::command::{Actor, Command};
    use crate::direct;
    use crate::testing::Story;
    use crate::testing::wish::{channel, user_of};

    fn scene() -> (Story, [Actor; 3]) {
        let mut story = Story::new();
        story.create_channel("general");
        let people = ["alice", "bob", "mallory"].map(|name| story.sign_up(name));
        (story, people)
    }

    fn personal(story: &Story, who: Actor) -> Personal {
        Personal::clone(&story.workspace.users[&user_of(who)].personal)
    }

    fn prefer(key: &str, value: Option<&str>) -> Command {
        let changes = [(key.to_owned(), value.map(str::to_owned))].into();
        Command::ChangePersonal(PersonalWish::Preferences(changes))
    }

    fn save(message: Seq, on: Option<bool>) -> Command {
        Command::ChangePersonal(PersonalWish::Save { message, on })
    }

    fn keywords(words: &[&str]) -> Command {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Command::ChangePersonal(PersonalWish::Keywords(words))
    }

    fn hide(name: &str, on: bool) -> Command {
        Command::ChangePersonal(PersonalWish::HideDirect { channel: channel(name), on })
    }

    #[test]
    fn what_is_personal_is_seen_by_nobody_else() {
        let (mut story, [alice, ..]) = scene();
        let message = story.post(alice, "general", "hi");
        for command in [prefer("theme", Some("\"dark\"")), save(message, None), keywords(&["hi"])] {
            let happened = story.given(alice, &command);
            let seen = audience(&happened[0], &story.workspace);
            assert_eq!(seen, Audience::Users(vec![user_of(alice)]), "{command:?}");
        }
    }

    #[test]
    fn preferences_are_set_and_cleared_one_by_one() {
        let (mut story, [alice, bob, _]) = scene();
        story.given(alice, &prefer("theme", Some("\"dark\"")));
        story.given(alice, &prefer("size", Some("12")));
        assert_eq!(story.when(alice, &prefer("size", Some("12"))), Ok(vec![]), "as it is");
        story.given(alice, &prefer("theme", None));
        assert_eq!(story.when(alice, &prefer("theme", None)), Ok(vec![]), "there is none");
        let kept: Vec<_> = personal(&story, alice).preferences.into_iter().collect();
        assert_eq!(kept, [("size".to_owned(), "12".to_owned())]);
        assert!(personal(&story, bob).preferences.is_empty());
    }

    #[test]
    fn preferences_are_few_small_and_plainly_named() {
        let (mut story, [alice, ..]) = scene();
        let long = "k".repeat(65);
        let big = "x".repeat(PREFERENCES_BYTES_MAX);
        for (key, value) in [
            ("", "1"),
            ("Key", "1"),
            ("k y", "1"),
            ("ü", "1"),
            (long.as_str(), "1"),
            ("k", big.as_str()),
        ] {
            let refused = story.when(alice, &prefer(key, Some(value)));
            assert!(matches!(refused, Err(Rejection::InvalidValue { .. })), "{key:?}");
        }
        assert!(story.when(alice, &prefer("k", Some(&big[1..]))).is_ok());
        story.given(alice, &prefer("k", Some("1")));
        for number in 1..PREFERENCES_MAX {
            story.given(alice, &prefer(&format!("key-{number}"), Some("1")));
        }
        assert!(story.when(alice, &prefer("one-more", Some("1"))).is_err());
        assert!(story.when(alice, &prefer("k", Some("2"))).is_ok(), "one that is there");
    }

    #[test]
    fn keywords_are_kept_once_each_whatever_their_case() {
        let (mut story, [alice, ..]) = scene();
        story.given(alice, &keywords(&[" Ship it\n", "ship IT", "", "ÜBER", "über"]));
        assert_eq!(personal(&story, alice).keywords, ["Ship it", "ÜBER"]);
        assert!(story.workspace.keyword_users.contains(&user_of(alice)));
        assert!(story.when(alice, &keywords(&[&"ü".repeat(KEYWORD_CHARS_MAX + 1)])).is_err());
        let many: Vec<_> = (0..=KEYWORDS_MAX).map(|number| format!("word{number}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let full = Err(Rejection::TooMany { what: "keywords", max: KEYWORDS_MAX });
        assert_eq!(story.when(alice, &keywords(&many)), full);
        assert!(story.when(alice, &keywords(&many[1..])).is_ok());
        story.given(alice, &keywords(&[]));
        assert!(story.workspace.keyword_users.is_empty());
    }

    #[test]
    fn more_words_than_anybody_could_want_are_refused_unread() {
        let (mut story, [alice, ..]) = scene();
        // Compared with each other they would keep everybody waiting for minutes.
        let words: Vec<_> = (0..100_000).map(|number| format!("word{number}")).collect();
        let refused = story.when(alice, &Command::ChangePersonal(PersonalWish::Keywords(words)));
        assert_eq!(refused, Err(Rejection::TooMany { what: "keywords", max: KEYWORDS_MAX }));
    }

    #[test]
    fn one_keeps_a_thousand_messages_and_another_in_place_of_one() {
        let mut story = Story::new();
        story.create_channel("general");
        let alice = story.sign_up("alice");
        let said: Vec<_> = (0..=SAVED_MAX).map(|_| story.post(alice, "general", "hi")).collect();
        for message in &said[1..] {
            story.given(alice, &save(*message, Some(true)));
        }
        let full = Err(Rejection::TooMany { what: "saved messages", max: 1_000 });
        assert_eq!(story.when(alice, &save(said[0], Some(true))), full);
        story.given(alice, &save(said[1], Some(false)));
        assert!(story.when(alice, &save(said[0], Some(true))).is_ok());
    }

    #[test]
    fn what_one_may_see_is_saved_and_what_one_no_longer_sees_is_forgotten() {
        let (mut story, [alice, bob, mallory]) = scene();
        let plans = story.create_private(alice, &["bob"]);
        let message = story.post(alice, &plans, "the plan");
        assert_eq!(story.when(mallory, &save(message, None)), Err(Rejection::MessageNotFound));
        story.given(bob, &save(message, None));
        assert_eq!(story.when(bob, &save(message, Some(true))), Ok(vec![]), "it is saved");
        story.given(bob, &Command::LeaveChannel { channel: plans });
        assert!(personal(&story, bob).saved.contains_key(&message));
        story.given(bob, &save(message, None));
        assert!(personal(&story, bob).saved.is_empty());
        assert_eq!(story.when(bob, &save(message, None)), Err(Rejection::MessageNotFound));
        story.given(alice, &Command::DeleteMessage { message });
        assert_eq!(story.when(alice, &save(message, None)), Err(Rejection::MessageDeleted));
    }

    #[test]
    fn a_closed_direct_channel_is_hidden_until_something_new_is_said() {
        let (mut story, [alice, bob, mallory]) = scene();
        story.post(alice, "dm:alice:bob", "psst");
        let id = story.channel_id(&channel("dm:alice:bob"));
        let is_hidden = |story: &Story| story.workspace.is_hidden(user_of(bob), id);
        story.given(bob, &hide("dm:alice:bob", true));
        assert!(is_hidden(&story) && !story.workspace.is_hidden(user_of(alice), id));
        assert_eq!(story.when(bob, &hide("dm:alice:bob", true)), Ok(vec![]), "it is");
        story.post(alice, "dm:alice:bob", "psst!");
        assert!(!is_hidden(&story));
        story.given(bob, &hide("dm:alice:bob", true));
        story.given(bob, &hide("dm:alice:bob", false));
        assert!(!is_hidden(&story));
        let refused = story.when(mallory, &hide("dm:alice:bob", true));
        assert_eq!(refused, Err(Rejection::NotAMember));
        let general = story.when(bob, &hide("general", true));
        assert_eq!(general, Err(Rejection::NotADirectChannel));
        assert_eq!(story.when(bob, &hide("dm:bob:mallory", true)), Ok(vec![]), "nobody wrote");
        let opened = direct::opened([user_of(bob), user_of(mallory)].into());
        assert_eq!(story.when(bob, &hide("dm:bob:mallory", false)), Ok(vec![opened]));
    }
}
