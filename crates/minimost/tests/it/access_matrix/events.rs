//! Every kind of event, and whose live stream tells of it.

use std::collections::BTreeSet;
use std::time::Duration;

use chat::{Actor, Command, EventKind};
use serde_json::{Value, json};

use super::scene::{ROLES, Scene, Stage};
use super::table;
use crate::support::{PASSWORD, Person};

/// Who has no session, so that no stream opens for them, whatever happens.
const SHUT_OUT: [&str; 2] = ["stranger", "deactivated"];

/// Who has a stream, in the order of the columns after those.
pub(super) const LISTENERS: [&str; 6] =
    ["outsider", "former", "administrator", "late", "member", "owner"];

/// A row of `events.tsv`.
pub(super) struct Row {
    pub(super) kind: String,
    pub(super) about: String,
    frame: String,
    /// Always `-`, in the order of [`SHUT_OUT`].
    shut_out: Vec<String>,
    /// `yes` or `-`, in the order of [`LISTENERS`].
    pub(super) heard: Vec<String>,
}

pub(super) fn rows() -> Vec<Row> {
    let (header, rows) = table("events.tsv");
    assert_eq!(header[3..], ROLES.map(str::to_owned), "the columns of the table");
    let row = |mut cells: Vec<String>| {
        let heard = cells.split_off(5);
        let shut_out = cells.split_off(3);
        let [kind, about, frame]: [String; 3] = cells.try_into().unwrap();
        Row { kind, about, frame, shut_out, heard }
    };
    rows.into_iter().map(row).collect()
}

#[test]
fn the_table_has_every_kind_of_event() {
    let there: BTreeSet<String> = rows().into_iter().map(|row| row.kind).collect();
    let all: BTreeSet<String> = EventKind::ALL.iter().map(|kind| format!("{kind:?}")).collect();
    assert_eq!(there, all, "events.tsv");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_told_to_whom_the_table_says() {
    let scene = Scene::build().await;
    let mut offences = Vec::new();
    for row in rows() {
        let stage = scene.stage().await;
        let mut streams = Vec::new();
        for role in LISTENERS {
            streams.push(stage.person(role).events().await);
        }
        let before = stage.person("member").cursor().await;
        happen(&stage, &row.kind, &row.about).await;
        for (role, expected) in SHUT_OUT.into_iter().zip(&row.shut_out) {
            let replay = stage.person(role).get(&format!("/events?cursor={before}")).await;
            let is_heard = replay.status != 401 || replay.text.contains("secret-");
            if is_heard != (expected == "yes") {
                offences.push(format!("{} {}: {role} gets {replay:?}", row.kind, row.about));
            }
        }
        let marker = stage.person("administrator").send("general", "that was it").await;
        for ((role, expected), stream) in LISTENERS.into_iter().zip(&row.heard).zip(&mut streams) {
            let mut is_heard = false;
            loop {
                let event = stream.next_event().await;
                if event.data["id"] == marker["id"] {
                    break;
                }
                is_heard |= event.name == row.frame;
                let outside = ["outsider", "former", "administrator"].contains(&role);
                // Whoever has just been added is no outsider any more.
                let outside = outside && expected != "yes";
                let text = event.data.to_string();
                if outside && (text.contains("secret-") || text.contains("Owl")) {
                    offences.push(format!("{} {}: {role} reads {text}", row.kind, row.about));
                }
            }
            if is_heard != (expected == "yes") {
                let heard = if is_heard { "hears" } else { "does not hear" };
                offences.push(format!("{} {}: {role} {heard} of it", row.kind, row.about));
            }
        }
    }
    assert!(offences.is_empty(), "{} offences:\n{}", offences.len(), offences.join("\n"));
}

/// Makes an event of this kind happen; `about` says in which of several ways.
pub(super) async fn happen(stage: &Stage, kind: &str, about: &str) {
    let [bob, owen] = ["member", "owner"].map(|role| stage.person(role));
    let to = |path: &str| stage.fill(path);
    match kind {
        "AccountCreated" => drop(stage.server.sign_up("zoe").await),
        "PasswordSet" => {
            let body = json!({"current_password": PASSWORD, "new_password": "Correct-horse-2"});
            does(bob, "/change-password", body).await;
        }
        "AccountLocked" => {
            for _ in 0..5 {
                let body = json!({"username": "bob", "password": "Wrong-horse-1"});
                stage.server.stranger().post("/login", &body).await;
            }
        }
        "SessionOpened" => {
            does(bob, "/login", json!({"username": "bob", "password": PASSWORD})).await;
        }
        "SessionClosed" => {
            let body = json!({"username": "bob", "password": PASSWORD});
            let token = bob.post("/login", &body).await.expect(200)["token"].clone();
            does(&bob.with_token(token.as_str().unwrap()), "/logout", json!({})).await;
        }
        "SessionsForgotten" => {
            let body = json!({"username": "bob", "password": PASSWORD});
            let token = bob.post("/login", &body).await.expect(200)["token"].clone();
            does(&bob.with_token(token.as_str().unwrap()), "/logout", json!({})).await;
            let app = stage.server.app();
            let command = Command::ForgetSessions { ended_by: app.workspace().last_ts };
            app.writer.submit(Actor::System, None, command).await.unwrap();
        }
        "ChannelCreated" if about.contains("public") => {
            does(bob, "/channels", json!({"channel": "birds"})).await;
        }
        "ChannelCreated" if about.contains("direct") => {
            does(bob, "/dms", json!({"users": ["owen"]})).await;
        }
        "ChannelCreated" => {
            let body = json!({"name": "Owl two", "members": ["owen"]});
            does(bob, "/private_channels/create", body).await;
        }
        "ChannelRenamed" => does(bob, &to("/channels/<c>/rename"), json!({"name": "Owls"})).await,
        "ChannelChanged" => {
            does(bob, &to("/channels/<c>/topic"), json!({"topic": "secret-new"})).await;
        }
        "MembersAdded" => {
            does(bob, &to("/channels/<c>/members"), json!({"users": ["mallory"]})).await;
        }
        "MemberRemoved" => {
            does(owen, &to("/channels/<c>/members/remove"), json!({"user": "carol"})).await;
        }
        _ => happen_to_message(stage, kind, about).await,
    }
}

async fn happen_to_message(stage: &Stage, kind: &str, about: &str) {
    let [bob, owen] = ["member", "owner"].map(|role| stage.person(role));
    let message = if about.contains("old") { stage.id("<old>") } else { stage.id("<new>") };
    let poll = if about.contains("old") { stage.id("<old poll>") } else { stage.id("<new poll>") };
    let channel = stage.fill("<c>");
    match kind {
        "MessagePosted" => drop(bob.send(&channel, "secret-new again").await),
        "ThreadReplied" => {
            let body = json!({"text": "secret-new reply", "thread_id": message});
            does(bob, &format!("/send/{channel}"), body).await;
        }
        "MessageEdited" => drop(bob.edit(&message, "secret-new or old").await),
        "MessageDeleted" if about.contains("owner") => drop(owen.delete(&message).await),
        "MessageDeleted" => drop(bob.delete(&message).await),
        "MessageReacted" => drop(owen.react(&message, "heart").await),
        "ThreadChanged" => drop(owen.delete(&stage.id("<new reply>")).await),
        "ThreadFollowed" => {
            does(bob, &format!("/thread/{message}/follow"), json!({"on": false})).await;
        }
        "ThreadRead" => does(bob, &format!("/thread/{message}/read"), json!({})).await,
        "ThreadUnread" => {
            does(bob, &stage.fill("/mark_unread/<old reply>"), json!({})).await;
        }
        "MessagePinned" => does(owen, &format!("/pin/{message}"), json!({"on": false})).await,
        "PollVoted" => does(owen, &format!("/vote/{poll}"), json!({"options": [1]})).await,
        "PollClosed" => does(bob, &format!("/close_poll/{poll}"), json!({})).await,
        "ChannelRead" => bob.mark_read(&channel).await,
        _ => happen_to_own_things(stage, kind).await,
    }
}

async fn happen_to_own_things(stage: &Stage, kind: &str) {
    let [alice, bob] = ["administrator", "member"].map(|role| stage.person(role));
    let to = |path: &str| stage.fill(path);
    match kind {
        "ProfileChanged" => does(bob, "/profile", json!({"pronouns": "he"})).await,
        "PersonalChanged" => does(bob, "/keywords", json!({"keywords": ["owl"]})).await,
        "DraftSaved" => does(bob, &to("/drafts/<c>"), json!({"text": "secret-new d"})).await,
        "MessageScheduled" => {
            let body = json!({"text": "secret-new s", "send_at_ts": 1_800_200_000.0});
            does(bob, &to("/schedule/<c>"), body).await;
        }
        "ScheduleEnded" => does(bob, &to("/scheduled/<schedule>/cancel"), json!({})).await,
        "ReminderSet" => {
            let body = json!({"text": "secret-new r", "due_ts": 1_800_200_000.0});
            does(bob, "/remind", body).await;
        }
        "ReminderDue" => {
            let mut stream = bob.events().await;
            stage.server.advance(Duration::from_secs(200_000));
            stream.next_named("reminder_due").await;
        }
        "ReminderEnded" => does(bob, &to("/reminders/<reminder>/done"), json!({})).await,
        "AccountChanged" => does(alice, "/admin/people/bob/role", json!({"is_admin": true})).await,
        "SettingsChanged" => does(alice, "/admin/settings", json!({"signup": "closed"})).await,
        "GroupSaved" => does(alice, "/groups", json!({"handle": "ops", "members": ["bob"]})).await,
        "GroupDeleted" => does(alice, &to("/groups/<group>/delete"), json!({})).await,
        "InviteCreated" => does(alice, "/admin/invites", json!({"uses_max": 2})).await,
        "InviteRevoked" => does(alice, &to("/admin/invites/<invite>/revoke"), json!({})).await,
        "PasswordResetCreated" => does(alice, "/admin/people/owen/reset_password", json!({})).await,
        // Whoever changes their password needs no link any more.
        "PasswordResetEnded" => {
            does(alice, "/admin/people/bob/reset_password", json!({})).await;
            let body = json!({"current_password": PASSWORD, "new_password": "Correct-horse-2"});
            does(bob, "/change-password", body).await;
        }
        unknown => panic!("nobody knows how {unknown} happens"),
    }
}

/// The person does it, and is not refused.
async fn does(person: &Person, path: &str, body: Value) {
    let answer = person.post(path, &body).await;
    assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
}
