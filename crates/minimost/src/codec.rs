//! Between a chat event and a log record: the envelope's numbers and a JSON body.
//!
//! Promises: what [`encode`] wrote, [`decode`] reads, in every later version; `testdata/events` holds one record of
//! each kind as it was first written, and the tests here read them. The envelope repeats channel, kind and target of the
//! body so that they can be found and survive redaction; where the two disagree the record is not understood.

use std::sync::Arc;

use chat::event::{Envelope, Erasure};
use chat::ids::ChannelId;
use chat::label::{self, label_changes, may_change_labels};
use chat::{Body, ClientMsgId, EventKind, LoggedEvent, Seq, Timestamp, UserId};
use eventlog::{Haste, Label, LabelChange, Meaning, NotUnderstood, Record, Redaction, When};

/// A record that cannot be understood: written by a newer version or damaged in a way that its checksum does not show.
#[derive(Debug, thiserror::Error)]
#[error("the record at seq {seq} cannot be understood")]
pub struct DecodeError {
    /// Which record.
    pub seq: u64,
    #[source]
    source: Option<serde_json::Error>,
}

/// The record of an event.
pub fn encode(event: &LoggedEvent) -> Record {
    let body = match &event.body {
        Body::Present(event) => {
            eventlog::Body::Present(serde_json::to_vec(event).expect("an event is plain data"))
        }
        // What was erased is never appended again; this is for comparing.
        Body::Redacted { by } => {
            eventlog::Body::Redacted { by: by.get(), why: Erasure::Superseded.code() }
        }
        Body::Damaged => eventlog::Body::Damaged,
    };
    Record {
        seq: event.seq.get(),
        ts_micros: event.ts.0,
        kind: event.kind.code(),
        channel: event.channel.map(|channel| channel.0.get()),
        actor: event.actor.0.get(),
        target: event.target.map(Seq::get),
        client_msg_id: event.client_msg_id.as_ref().map(|id| id.as_str().to_owned()),
        body,
        digest: None,
    }
}

/// What one commit makes durable of these events: their records, what they erase, and the labels that they change.
pub fn batch(events: &[LoggedEvent], redactions: Vec<Redaction>) -> eventlog::Batch {
    eventlog::Batch {
        haste: haste(events, &redactions),
        records: events.iter().map(encode).collect(),
        redactions,
        labels: events.iter().flat_map(label_changes).map(label_change).collect(),
    }
}

/// How soon what these events erase has to be out of the log's files.
fn haste(events: &[LoggedEvent], redactions: &[Redaction]) -> Haste {
    let may_wait = |redaction: &Redaction| {
        let by = events.binary_search_by_key(&redaction.by, |event| event.seq.get());
        let by = by.ok().and_then(|at| events[at].event());
        by.is_some_and(Erasure::may_wait_after)
    };
    if redactions.iter().all(may_wait) { Haste::Later } else { Haste::Soon }
}

/// The erasure of an event by one of this seq and kind.
pub fn redaction(erased: Seq, by: Seq, kind: EventKind) -> Redaction {
    Redaction { seq: erased.get(), by: by.get(), why: Erasure::by(kind).code() }
}

/// What the log needs to know of its records to make anew what follows from them.
pub fn meaning() -> Arc<dyn Meaning> {
    Arc::new(EventMeaning)
}

struct EventMeaning;

impl Meaning for EventMeaning {
    fn why(&self, kind: u16) -> u8 {
        EventKind::from_code(kind).map_or(Erasure::Superseded, Erasure::by).code()
    }

    fn labels(&self, record: &Record, changes: &mut Vec<LabelChange>) -> Result<(), NotUnderstood> {
        let kind = EventKind::from_code(record.kind).ok_or(NotUnderstood)?;
        let is_erased = matches!(record.body, eventlog::Body::Redacted { .. });
        if may_change_labels(kind) && !is_erased {
            let event = decode(record).map_err(|_| NotUnderstood)?;
            changes.extend(label_changes(&event).into_iter().map(label_change));
        }
        Ok(())
    }
}

fn label_change(change: label::LabelChange) -> LabelChange {
    match change {
        label::LabelChange::Set { label, value, when } => {
            let when = match when {
                label::When::Always => When::Always,
                label::When::Absent => When::Absent,
                label::When::Present => When::Present,
                label::When::Lower => When::Lower,
            };
            LabelChange::Set { label: log_label(label), value, when }
        }
        label::LabelChange::Clear(label) => LabelChange::Clear(log_label(label)),
        label::LabelChange::ClearMessage { kind, message } => {
            LabelChange::ClearRecord { kind: kind.code(), seq: message.get() }
        }
        label::LabelChange::ClearChannel { kind, owner, channel } => {
            let (owner, channel) = (owner.number(), channel.0.get());
            LabelChange::ClearChannel { kind: kind.code(), owner, channel }
        }
    }
}

fn log_label(label: label::Label) -> Label {
    let label::Label { kind, owner, channel, message } = label;
    Label { kind: kind.code(), owner: owner.number(), channel: channel.0.get(), seq: message.get() }
}

/// The sum of an event's envelope, as its record has it whether or not its body was erased.
pub fn envelope_sum(envelope: &Envelope) -> u32 {
    let record = Record {
        seq: envelope.seq.get(),
        ts_micros: envelope.ts.0,
        kind: envelope.kind,
        channel: envelope.channel.map(|channel| channel.0.get()),
        actor: envelope.actor.0.get(),
        target: envelope.target.map(Seq::get),
        client_msg_id: envelope.client_msg_id.as_ref().map(|id| id.as_str().to_owned()),
        body: eventlog::Body::Present(Vec::new()),
        digest: None,
    };
    record.envelope_sum()
}

/// The event of a record.
pub fn decode(record: &Record) -> Result<LoggedEvent, DecodeError> {
    let strange = |source| DecodeError { seq: record.seq, source };
    let kind = EventKind::from_code(record.kind).ok_or_else(|| strange(None))?;
    let client_msg_id = record
        .client_msg_id
        .as_deref()
        .map(ClientMsgId::parse)
        .transpose()
        .map_err(|_| strange(None))?;
    let (seq, ts, actor) =
        (Seq(record.seq), Timestamp(record.ts_micros), UserId(Seq(record.actor)));
    let channel = record.channel.map(|channel| ChannelId(Seq(channel)));
    let target = record.target.map(Seq);
    match &record.body {
        eventlog::Body::Present(bytes) => {
            let body = serde_json::from_slice(bytes).map_err(|error| strange(Some(error)))?;
            let event = LoggedEvent::new(seq, ts, actor, client_msg_id, body);
            let agrees = (event.kind, event.channel, event.target) == (kind, channel, target);
            if agrees { Ok(event) } else { Err(strange(None)) }
        }
        eventlog::Body::Redacted { by, .. } => {
            let body = Body::Redacted { by: Seq(*by) };
            Ok(LoggedEvent { seq, ts, kind, actor, channel, target, client_msg_id, body })
        }
        eventlog::Body::Damaged => Err(strange(None)),
    }
}

/// What the envelope says of a record that cannot be decoded; `None` when its kind is not known.
pub fn outline(record: &Record) -> Option<LoggedEvent> {
    let client_msg_id = record.client_msg_id.as_deref().and_then(|id| ClientMsgId::parse(id).ok());
    Some(LoggedEvent {
        seq: Seq(record.seq),
        ts: Timestamp(record.ts_micros),
        kind: EventKind::from_code(record.kind)?,
        actor: UserId(Seq(record.actor)),
        channel: record.channel.map(|channel| ChannelId(Seq(channel))),
        target: record.target.map(Seq),
        client_msg_id,
        body: Body::Damaged,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use chat::channel::ChannelChange;
    use chat::event::{ChannelOrigin, Mentions, Posting};
    use chat::group::GroupSettings;
    use chat::ids::SessionId;
    use chat::invite::InviteTerms;
    use chat::member::History;
    use chat::personal::PersonalChange;
    use chat::profile::{CustomStatus, Profile};
    use chat::role::AccountChange;
    use chat::schedule::ScheduleOutcome;
    use chat::settings::{SettingsChange, SignupMode};
    use chat::thread::{InThread, ThreadSummary};
    use chat::{Event, PasswordHash, Slug, TokenHash, UserName};
    use serde_json::{Value, json};

    use super::*;

    const ALICE: UserId = UserId(Seq(1));
    const BOB: UserId = UserId(Seq(4));
    const GENERAL: ChannelId = ChannelId(Seq(7));
    const DIRECT: ChannelId = ChannelId(Seq(8));

    /// One event of a kind, whole: every optional part is there.
    fn example(kind: EventKind) -> Event {
        let channel = GENERAL;
        match kind {
            EventKind::AccountCreated => {
                let name = UserName::parse("alice").unwrap();
                Event::AccountCreated { name, is_admin: true, invite: None }
            }
            EventKind::PasswordSet => Event::PasswordSet {
                user: ALICE,
                password_hash: PasswordHash(
                    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned(),
                ),
            },
            EventKind::AccountLocked => {
                Event::AccountLocked { user: BOB, until: Timestamp(1_716_000_900_000_000) }
            }
            EventKind::SessionOpened => {
                Event::SessionOpened { user: ALICE, token_hash: TokenHash("0123abcd".repeat(8)) }
            }
            EventKind::SessionClosed => {
                Event::SessionClosed { user: ALICE, session: SessionId(Seq(3)), why: None }
            }
            EventKind::SessionsForgotten => Event::SessionsForgotten { up_to: Seq(25) },
            EventKind::ChannelCreated => Event::ChannelCreated {
                origin: ChannelOrigin::Public {
                    slug: Slug::parse("general").unwrap(),
                    name: "General".to_owned(),
                    is_default: true,
                },
            },
            EventKind::ChannelRenamed => {
                Event::ChannelRenamed { channel, name: "Everything else".to_owned() }
            }
            EventKind::MessagePosted => Event::MessagePosted(Posting {
                mentions: Mentions::Users(vec![BOB]),
                reply_to: Some(Seq(9)),
                ..Posting::text(channel, "hi @bob, \"größer\" 🎉\nbye".to_owned())
            }),
            EventKind::MessageEdited => Event::MessageEdited {
                channel,
                message: Seq(9),
                text: "hi @everyone".to_owned(),
                mentions_before: Mentions::Users(vec![BOB]),
                mentions: Mentions::Everyone,
                is_beside: false,
            },
            EventKind::MessageDeleted => Event::MessageDeleted {
                channel,
                message: Seq(9),
                sender: ALICE,
                mentions_before: Mentions::Nobody,
                is_beside: false,
            },
            EventKind::MessageReacted => Event::MessageReacted {
                channel,
                message: Seq(9),
                reaction: "heart".to_owned(),
                on: true,
            },
            EventKind::ChannelRead => Event::ChannelRead {
                channel,
                up_to: Seq(9),
                up_to_ts: Timestamp(1_716_000_000_250_000),
            },
            later => newer_example(later),
        }
    }

    /// Of members, threads, pins and polls.
    fn newer_example(kind: EventKind) -> Event {
        let (channel, root, message) = (GENERAL, Seq(9), Seq(9));
        match kind {
            EventKind::ThreadReplied => {
                let summary = ThreadSummary {
                    replies: 2,
                    participants: vec![(BOB, 1), (ALICE, 1)],
                    last_reply: Seq(33),
                    last_reply_ts: Timestamp(1_716_000_000_000_033),
                };
                let thread = InThread { root, summary, followers: vec![ALICE, BOB] };
                Event::ThreadReplied(Posting {
                    thread: Some(Box::new(thread)),
                    ..Posting::text(channel, "in the thread".to_owned())
                })
            }
            EventKind::MembersAdded => {
                Event::MembersAdded { channel, users: vec![BOB], history: History::FromJoin }
            }
            EventKind::MemberRemoved => Event::MemberRemoved { channel, user: BOB },
            EventKind::ChannelChanged => {
                let change = ChannelChange::Topic("what it is about".to_owned());
                Event::ChannelChanged { channel, change }
            }
            EventKind::ThreadFollowed => {
                Event::ThreadFollowed { channel, root, users: vec![ALICE, BOB], on: true }
            }
            EventKind::ThreadRead => Event::ThreadRead { channel, root, up_to: Seq(33) },
            EventKind::ThreadUnread => Event::ThreadUnread { channel, root, from: Seq(33) },
            EventKind::ThreadChanged => {
                Event::ThreadChanged { channel, root, summary: ThreadSummary::default() }
            }
            EventKind::MessagePinned => Event::MessagePinned { channel, message, on: true },
            EventKind::PollVoted => Event::PollVoted { channel, message, options: vec![0, 2] },
            EventKind::PollClosed => Event::PollClosed { channel, message },
            later => personal_example(later),
        }
    }

    /// Of people, and of what is their own.
    fn personal_example(kind: EventKind) -> Event {
        let (channel, root, message) = (GENERAL, Seq(9), Seq(9));
        match kind {
            EventKind::ProfileChanged => {
                let status = CustomStatus {
                    emoji: Some("palm_tree".to_owned()),
                    text: "away".to_owned(),
                    until: Some(Timestamp(1_716_100_000_000_000)),
                };
                let display_name = Some("Alice A.".to_owned());
                let status = Some(status);
                let profile = Profile { display_name, status, ..Profile::default() };
                Event::ProfileChanged { user: ALICE, profile }
            }
            EventKind::PersonalChanged => {
                let change = PersonalChange::Saved { message, channel, on: true };
                Event::PersonalChanged { change }
            }
            EventKind::DraftSaved => {
                let text = "to be continued".to_owned();
                Event::DraftSaved { channel, thread: Some(root), text }
            }
            EventKind::MessageScheduled => Event::MessageScheduled {
                channel,
                schedule: Some(Seq(26)),
                thread: None,
                text: "good morning".to_owned(),
                send_at: Timestamp(1_716_100_000_000_000),
            },
            EventKind::ScheduleEnded => {
                Event::ScheduleEnded { schedule: Seq(26), outcome: ScheduleOutcome::Sent }
            }
            EventKind::ReminderSet => Event::ReminderSet {
                message: Some(message),
                channel: Some(channel),
                text: "water".to_owned(),
                due: Timestamp(1_716_100_000_000_000),
            },
            EventKind::ReminderDue => Event::ReminderDue { reminder: Seq(28) },
            EventKind::ReminderEnded => Event::ReminderEnded { reminder: Seq(28) },
            later => house_example(later),
        }
    }

    /// What administrators do.
    fn house_example(kind: EventKind) -> Event {
        match kind {
            EventKind::AccountChanged => {
                Event::AccountChanged { user: BOB, change: AccountChange::Role { is_admin: true } }
            }
            EventKind::SettingsChanged => {
                Event::SettingsChanged { change: SettingsChange::Signup(SignupMode::Invite) }
            }
            EventKind::GroupSaved => {
                let settings = GroupSettings {
                    handle: UserName::parse("devs").unwrap(),
                    name: "Developers".to_owned(),
                    members: [ALICE, BOB].into(),
                };
                Event::GroupSaved { group: None, settings }
            }
            EventKind::GroupDeleted => Event::GroupDeleted { group: Seq(33) },
            EventKind::InviteCreated => Event::InviteCreated {
                token_hash: TokenHash("0123abcd".repeat(8)),
                terms: InviteTerms {
                    expires: Some(Timestamp(1_716_100_000_000_000)),
                    uses_max: Some(5),
                    note: "the night shift".to_owned(),
                },
            },
            EventKind::InviteRevoked => Event::InviteRevoked { invite: Seq(35), kept: None },
            EventKind::PasswordResetCreated => Event::PasswordResetCreated {
                user: BOB,
                token_hash: TokenHash("0123abcd".repeat(8)),
                expires: Timestamp(1_716_003_600_000_000),
            },
            EventKind::PasswordResetEnded => {
                Event::PasswordResetEnded { user: BOB, reset: Seq(59) }
            }
            older => panic!("{older:?} has its example above"),
        }
    }

    /// The example as it stands in a log.
    fn logged(kind: EventKind) -> LoggedEvent {
        let seq = match kind {
            EventKind::AccountCreated => ALICE.0,
            EventKind::ChannelCreated => GENERAL.0,
            _ => Seq(20 + u64::from(kind.code())),
        };
        let ts = Timestamp(1_716_000_000_000_000).plus_micros(i64::try_from(seq.get()).unwrap());
        let client_msg_id = match kind {
            EventKind::MessagePosted => Some(ClientMsgId::parse("4f1c").unwrap()),
            _ => None,
        };
        LoggedEvent::new(seq, ts, ALICE, client_msg_id, example(kind))
    }

    /// A record as people and the client's tests read it.
    fn readable(record: &Record) -> Value {
        let eventlog::Body::Present(body) = &record.body else { panic!("examples are whole") };
        json!({
            "seq": record.seq,
            "ts_us": record.ts_micros,
            "kind": record.kind,
            "channel": record.channel,
            "actor": record.actor,
            "target": record.target,
            "client_msg_id": record.client_msg_id,
            "body": serde_json::from_slice::<Value>(body).unwrap(),
        })
    }

    fn path(kind: &str) -> PathBuf {
        let events = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/events");
        PathBuf::from(events).join(kind).with_extension("json")
    }

    /// To write the file of a new kind, run this test with `WRITE_TESTDATA=1`.
    /// The file of an old kind is never written again: logs are full of such records.
    #[test]
    fn testdata_events_are_what_the_codec_writes() {
        for kind in EventKind::ALL.iter().copied() {
            let record = encode(&logged(kind));
            let written = readable(&record);
            let path = path(written["body"]["kind"].as_str().unwrap());
            if !path.exists() && std::env::var_os("WRITE_TESTDATA").is_some() {
                fs::write(&path, serde_json::to_string_pretty(&written).unwrap() + "\n").unwrap();
            }
            let kept =
                fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let kept: Value = serde_json::from_slice(&kept).unwrap();
            assert_eq!(kept, written, "{}", path.display());
            let body = eventlog::Body::Present(kept["body"].to_string().into_bytes());
            let event = decode(&Record { body, ..record }).unwrap();
            assert_eq!(event, logged(kind), "{}", path.display());
        }
        let files = fs::read_dir(path("any").parent().unwrap()).unwrap().count();
        assert_eq!(files, EventKind::ALL.len(), "one file per kind");
    }

    #[test]
    fn every_kind_comes_back_as_it_went_in() {
        for kind in EventKind::ALL.iter().copied() {
            assert_eq!(decode(&encode(&logged(kind))).unwrap(), logged(kind));
        }
    }

    #[test]
    fn a_direct_channel_and_a_message_that_names_nobody_come_back_too() {
        let origin = ChannelOrigin::Direct { members: [ALICE, BOB].into() };
        let posted = Event::MessagePosted(Posting::text(DIRECT, "hi".to_owned()));
        for event in [Event::ChannelCreated { origin }, posted] {
            let logged = LoggedEvent::new(DIRECT.0, Timestamp(5), BOB, None, event);
            assert_eq!(decode(&encode(&logged)).unwrap(), logged);
        }
    }

    #[test]
    fn the_sum_of_an_envelope_is_that_of_its_record() {
        for kind in EventKind::ALL.iter().copied() {
            let record = encode(&logged(kind));
            let envelope = decode(&record).unwrap().envelope();
            assert_eq!(envelope_sum(&envelope), record.envelope_sum(), "{kind:?}");
            let other = Envelope { ts: envelope.ts.plus_micros(1), ..envelope };
            assert_ne!(envelope_sum(&other), record.envelope_sum(), "{kind:?}");
        }
    }

    #[test]
    fn an_erased_event_keeps_its_envelope() {
        for kind in EventKind::ALL.iter().copied() {
            let erased = LoggedEvent { body: Body::Redacted { by: Seq(90) }, ..logged(kind) };
            assert_eq!(decode(&encode(&erased)).unwrap(), erased);
        }
    }

    #[test]
    fn an_envelope_that_contradicts_its_body_is_not_understood() {
        let others = EventKind::ALL.iter().cycle().skip(1);
        for (kind, other) in EventKind::ALL.iter().copied().zip(others) {
            let record = encode(&logged(kind));
            decode(&record).unwrap();
            let contradictions = [
                Record { kind: other.code(), ..record.clone() },
                Record { channel: Some(99), ..record.clone() },
                Record { target: Some(99), ..record.clone() },
            ];
            for contradiction in contradictions {
                let error = decode(&contradiction).unwrap_err();
                assert_eq!(error.seq, record.seq, "{contradiction:?}");
            }
        }
    }

    #[test]
    fn what_a_newer_version_wrote_is_not_understood() {
        let record = encode(&logged(EventKind::MessagePosted));
        let bodies: [&[u8]; 4] = [b"", b"{}", b"\xff", br#"{"kind":"message_sung"}"#];
        for body in bodies {
            let body = eventlog::Body::Present(body.to_vec());
            assert!(decode(&Record { body, ..record.clone() }).is_err());
        }
        assert!(decode(&Record { kind: 0, ..record.clone() }).is_err());
        assert!(decode(&Record { kind: 999, ..record.clone() }).is_err());
        assert!(decode(&Record { client_msg_id: Some("a b".to_owned()), ..record }).is_err());
    }

    #[test]
    fn what_somebody_goes_on_writing_is_erased_at_leisure_and_what_they_take_back_is_not() {
        let logged = |seq, event| LoggedEvent::new(Seq(seq), Timestamp(1), ALICE, None, event);
        let draft = |text: &str| Event::DraftSaved {
            channel: GENERAL,
            thread: None,
            text: text.to_owned(),
        };
        let haste_of = |events: &[LoggedEvent]| {
            let by = |event: &LoggedEvent| redaction(Seq(9), event.seq, event.kind);
            batch(events, events.iter().map(by).collect()).haste
        };
        let writing = logged(11, draft("hello "));
        let sent = logged(12, Event::MessagePosted(Posting::text(GENERAL, "hello".to_owned())));
        let cleared = logged(13, draft(""));
        let deleted = logged(14, example(EventKind::MessageDeleted));
        assert_eq!(haste_of(&[writing.clone(), sent.clone()]), Haste::Later);
        for hasty in [cleared, deleted, logged(15, example(EventKind::PasswordSet))] {
            assert_eq!(haste_of(&[writing.clone(), hasty]), Haste::Soon);
        }
        let of_an_earlier_batch = redaction(Seq(9), Seq(10), EventKind::DraftSaved);
        assert_eq!(batch(&[writing], vec![of_an_earlier_batch]).haste, Haste::Soon);
    }
}
