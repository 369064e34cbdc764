//! presence.db, auth.db and workspace.db.

use std::collections::BTreeSet;

use chat::command::{Actor, Command};
use chat::member::History;
use chat::signal::{PresenceOverride, PresenceState, Signal};
use chat::{ChannelId, ChannelName, EventKind, PasswordHash, Timestamp};
use minimost::projection::check::{DifferenceKind, Projection, rebuild};
use minimost::projection::snapshot::{load_workspace, stored_seq};
use minimost::projection::{ProjectionError, verify_log_has_its_tail};
use rusqlite::Connection;

use super::house::{House, Told, user};

impl Told {
    fn open(&self, name: &str) -> Connection {
        Connection::open(self.house.dir.path().join(name)).unwrap()
    }
}

/// The rows of a query, each as its columns side by side.
fn rows(file: &Connection, sql: &str) -> Vec<String> {
    let mut statement = file.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

const RECEIPTS: &str = "
    SELECT reader || ' ' || sender || ' ' || seq
      FROM read_receipts
      JOIN message_time ON ts = msg_ts
     ORDER BY reader, seq";

#[tokio::test(flavor = "multi_thread")]
async fn receipts_show_a_row_per_message_of_others_and_are_not_undone() {
    let mut told = Told::new(1000);
    told.create_general().await;
    let alice = told.sign_up("alice").await;
    let first = told.post(alice, "general", "before bob").await;
    let bob = told.sign_up("bob").await;
    let second = told.post(alice, "general", "hi bob").await;
    told.post(bob, "general", "hi alice").await;
    told.post(alice, "general", "not read yet").await;
    told.read(bob, "general", Some(second)).await;
    told.house.drain().await;
    let expected = [format!("bob alice {second}")];
    assert_eq!(
        rows(&told.open("presence.db"), RECEIPTS),
        expected,
        "what was before him is not read"
    );
    told.read(bob, "general", Some(first)).await;
    told.house.drain().await;
    assert_eq!(rows(&told.open("presence.db"), RECEIPTS), expected, "unread is not unseen");
}

/// A private channel of alice's with bob in it.
async fn plans_of(told: &mut Told, alice: Actor) -> ChannelName {
    let (name, topic) = ("Plans".to_owned(), String::new());
    let members = chat::testing::wish::names(&["bob"]);
    let batch = told.tell(alice, Command::CreatePrivateChannel { name, topic, members }).await;
    ChannelName::Private(ChannelId(batch.events[0].seq))
}

const INTERVALS: &str = "
    SELECT count(*) || ' of ' || reader FROM read_interval GROUP BY reader";

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_stays_when_its_reader_goes_and_the_next_membership_adds_its_own() {
    let mut told = Told::new(1000);
    let [alice, bob] = [told.sign_up("alice").await, told.sign_up("bob").await];
    let channel = plans_of(&mut told, alice).await;
    let plans = channel.to_string();
    let first = told.post(alice, &plans, "who is in?").await;
    told.read(bob, &plans, None).await;
    told.tell(bob, Command::LeaveChannel { channel: channel.clone() }).await;
    told.house.drain().await;
    let of_first = format!("bob alice {first}");
    assert_eq!(
        rows(&told.open("presence.db"), RECEIPTS),
        std::slice::from_ref(&of_first),
        "he did read it"
    );
    let members = "SELECT username FROM private_channel_members";
    assert_eq!(rows(&told.open("presence.db"), members), ["alice"], "where his going shows");

    told.post(alice, &plans, "without bob, then").await;
    let (names, history) = (chat::testing::wish::names(&["bob"]), History::FromStart);
    told.tell(alice, Command::AddMembers { channel: channel.clone(), names, history }).await;
    let third = told.post(alice, &plans, "welcome back").await;
    told.house.drain().await;
    assert_eq!(
        rows(&told.open("presence.db"), RECEIPTS),
        std::slice::from_ref(&of_first),
        "nothing new yet"
    );
    told.read(bob, &plans, Some(third)).await;
    told.house.drain().await;
    let expected = [of_first, format!("bob alice {third}")];
    assert_eq!(rows(&told.open("presence.db"), RECEIPTS), expected, "not what was said between");
    assert_eq!(rows(&told.open("presence.db"), INTERVALS), ["2 of bob"]);

    told.read(bob, &plans, Some(first)).await;
    let name = chat::testing::wish::name("bob");
    told.tell(alice, Command::RemoveMember { channel, name }).await;
    told.house.drain().await;
    assert_eq!(rows(&told.open("presence.db"), RECEIPTS), expected, "neither back nor out");
    assert_eq!(told.house.check(), []);

    told.house.presence.close().await;
    let cut =
        "DELETE FROM read_interval WHERE from_seq = (SELECT max(from_seq) FROM read_interval)";
    assert_eq!(told.open("presence.db").execute(cut, []).unwrap(), 1);
    let found = told.house.check();
    let found: Vec<_> = found.iter().map(|it| (it.table.as_str(), &it.kind)).collect();
    assert_eq!(found, [("read_interval", &DifferenceKind::Missing)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_came_late_and_reads_what_was_before_leaves_receipts() {
    let mut told = Told::new(1000);
    let [alice, _] = [told.sign_up("alice").await, told.sign_up("bob").await];
    let carol = told.sign_up("carol").await;
    let channel = plans_of(&mut told, alice).await;
    let plans = channel.to_string();
    let mut said = Vec::new();
    for text in ["zero", "one", "two", "three", "four"] {
        said.push(told.post(alice, &plans, text).await);
    }
    let (names, history) = (chat::testing::wish::names(&["carol"]), History::FromStart);
    let add = Command::AddMembers { channel: channel.clone(), names, history };
    told.tell(alice, add.clone()).await;
    let since = told.post(alice, &plans, "welcome").await;
    let read = async |told: &mut Told, markers: &[_]| {
        for marker in markers {
            told.read(carol, &plans, Some(*marker)).await;
        }
        told.house.drain().await;
        rows(&told.open("presence.db"), RECEIPTS)
    };
    let of = |messages: &[_]| {
        messages.iter().map(|seq| format!("carol alice {seq}")).collect::<Vec<_>>()
    };
    assert_eq!(read(&mut told, &[since]).await, of(&[since]), "she has not looked at the rest");
    assert_eq!(read(&mut told, &[said[2]]).await, of(&[since]), "unread is not read");
    assert_eq!(read(&mut told, &[said[3]]).await, of(&[said[3], since]));
    let all = of(&[said[2], said[3], said[4], since]);
    assert_eq!(read(&mut told, &[said[1], since]).await, all, "each once");
    assert_eq!(read(&mut told, &[said[2], since, said[1]]).await, all);

    // Who leaves and comes again has read what they read, and the rest when they read it.
    told.tell(carol, Command::LeaveChannel { channel }).await;
    let without = told.post(alice, &plans, "without carol").await;
    told.tell(alice, add).await;
    let last = told.post(alice, &plans, "welcome back").await;
    let all = of(&[said[2], said[3], said[4], since, last]);
    assert_eq!(read(&mut told, &[last]).await, all);
    assert_eq!(read(&mut told, &[said[3]]).await, all);
    let all = of(&[said[2], said[3], said[4], since, without, last]);
    assert_eq!(read(&mut told, &[last]).await, all);
    let all = of(&[said[1], said[2], said[3], said[4], since, without, last]);
    assert_eq!(read(&mut told, &[said[0], said[1]]).await, all);
    assert_eq!(told.house.check(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_receipt_ever_goes_whatever_happens() {
    let mut went = 0;
    for seed in 300..306 {
        let mut house = House::new(1000);
        let mut receipts = BTreeSet::new();
        for steps in chat::testing::History::random(seed, 300).steps.chunks(10) {
            let batches: Vec<_> =
                steps.iter().filter_map(|step| step.outcome.clone().ok()).collect();
            let events = batches.iter().flat_map(|batch| &batch.events);
            went += events.filter(|event| event.kind == EventKind::MemberRemoved).count();
            house.hear(&batches).await;
            house.presence.drain().await.unwrap();
            let file = Connection::open(house.dir.path().join("presence.db")).unwrap();
            let now: BTreeSet<_> = rows(&file, RECEIPTS).into_iter().collect();
            let gone: Vec<_> = receipts.difference(&now).collect();
            assert!(gone.is_empty(), "seed {seed}: {gone:?}");
            receipts = now;
        }
        assert!(!receipts.is_empty(), "seed {seed} reads");
        house.drain().await;
        assert_eq!(house.check(), [], "seed {seed}");
        house.close().await;
    }
    assert!(went > 5, "{went} went");
}

const REACTIONS: &str = "
    SELECT reactor || ' ' || emoji FROM message_reactions ORDER BY reactor, emoji";

#[tokio::test(flavor = "multi_thread")]
async fn reactions_are_rows_until_the_message_is_deleted() {
    let mut told = Told::new(1000);
    told.create_general().await;
    let alice = told.sign_up("alice").await;
    let bob = told.sign_up("bob").await;
    let message = told.post(alice, "general", "hi").await;
    for (actor, reaction) in [(alice, "heart"), (bob, "heart"), (bob, "tada")] {
        let reaction = reaction.to_owned();
        told.tell(actor, Command::React { message, reaction, on: Some(true) }).await;
    }
    let tada = Command::React { message, reaction: "tada".to_owned(), on: Some(false) };
    told.tell(bob, tada).await;
    told.house.drain().await;
    assert_eq!(rows(&told.open("presence.db"), REACTIONS), ["alice heart", "bob heart"]);
    told.tell(alice, Command::DeleteMessage { message }).await;
    told.house.drain().await;
    assert_eq!(rows(&told.open("presence.db"), REACTIONS), Vec::<String>::new());
}

const PRESENCE: &str = "
    SELECT user || ' ' || state || ' ' || coalesce(override, '-') || ' ' || last_seen
      FROM presence
     ORDER BY user";

#[tokio::test(flavor = "multi_thread")]
async fn signals_are_written_and_a_restart_makes_everybody_offline() {
    let mut told = Told::new(1000);
    told.create_general().await;
    let (alice, bob) = (told.sign_up("alice").await, told.sign_up("bob").await);
    let at = Timestamp(7_900_000);
    let channel = *told.house.workspace.channels.keys().next().unwrap();
    for signal in [
        Signal::Presence { user: user(alice), state: PresenceState::Active, at },
        Signal::Override { user: user(alice), value: Some(PresenceOverride::Idle), at },
        Signal::Override { user: user(bob), value: Some(PresenceOverride::Active), at },
        Signal::Typing { user: user(bob), place: channel.into(), at },
    ] {
        told.house.signals.note(signal);
    }
    told.house.drain().await;
    let file = told.open("presence.db");
    assert_eq!(rows(&file, PRESENCE), ["alice active idle 7", "bob offline active 7"]);
    let typing = "SELECT user || ' ' || channel || ' ' || ts FROM typing";
    assert_eq!(rows(&file, typing), ["bob general 7"]);
    drop(file);
    told.house = told.house.restart().await;
    let file = told.open("presence.db");
    assert_eq!(rows(&file, PRESENCE), ["alice offline - 7", "bob offline - 7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_rows_and_an_old_hash_is_in_no_file() {
    let mut told = Told::new(1000);
    told.create_general().await;
    let alice = told.sign_up("alice").await;
    told.house.drain().await;
    let users = "SELECT username || ' ' || password_hash FROM users";
    assert_eq!(rows(&told.open("auth.db"), users), ["alice $fake$first password of alice"]);
    assert_eq!(rows(&told.open("auth.db"), "SELECT token_hash FROM sessions").len(), 1);
    let verified_against = told.story.workspace.users[&user(alice)].password_set;
    let password_hash = PasswordHash("$fake$second".to_owned());
    told.tell(alice, Command::ChangePassword { verified_against, password_hash }).await;
    told.tell(alice, Command::LogOut).await;
    told.house.drain().await;
    assert_eq!(rows(&told.open("auth.db"), users), ["alice $fake$second"]);
    assert_eq!(
        rows(&told.open("auth.db"), "SELECT token_hash FROM sessions"),
        Vec::<String>::new()
    );
    let dir = told.house.close().await;
    for name in ["auth.db", "workspace.db", "log.db"] {
        let bytes = std::fs::read(dir.path().join(name)).unwrap();
        let old = b"$fake$first password of alice";
        assert!(!bytes.windows(old.len()).any(|window| window == old), "{name} remembers");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_and_the_tail_make_the_workspace() {
    let mut told = Told::new(1000);
    told.create_general().await;
    let alice = told.sign_up("alice").await;
    told.house.snapshots.drain().await.unwrap();
    let stored = stored_seq(told.house.dir.path());
    assert_eq!(stored, told.house.workspace.head);
    told.post(alice, "general", "after the snapshot").await;
    let loaded = load_workspace(told.house.dir.path(), &told.house.log).unwrap();
    assert!(loaded == told.story.workspace);
    let broken = "UPDATE part SET json = '{' WHERE noun = 1";
    told.open("workspace.db").execute(broken, []).unwrap();
    let folded = load_workspace(told.house.dir.path(), &told.house.log).unwrap();
    assert!(folded == told.story.workspace, "an unreadable snapshot only costs time");
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_by_hand_in_the_shared_files_are_found_and_mended() {
    let mut told = Told::new(1000);
    told.create_general().await;
    let alice = told.sign_up("alice").await;
    let bob = told.sign_up("bob").await;
    told.post(alice, "general", "hi").await;
    told.read(bob, "general", None).await;
    let dir = told.house.close().await;
    told.house = House::at(dir, 1000);
    told.house.drain().await;
    told.house.presence.close().await;
    told.house.auth.close().await;
    told.house.snapshots.close().await;
    let edits = [
        ("presence.db", "UPDATE read_interval SET to_seq = to_seq + 1"),
        ("auth.db", "UPDATE users SET password_hash = 'mine' WHERE username = 'bob'"),
        (
            "workspace.db",
            "UPDATE part SET json = replace(json, 'bob', 'eve') WHERE noun = 2 AND json LIKE '%\"bob\"%'",
        ),
    ];
    for (file, sql) in edits {
        assert_eq!(told.open(file).execute(sql, []).unwrap(), 1);
    }
    let found: Vec<_> = told.house.check().into_iter().map(|it| (it.table, it.kind)).collect();
    let changed = |column: &str| DifferenceKind::Changed { columns: vec![column.to_owned()] };
    let why = "its checksum does not fit".to_owned();
    let unreadable = DifferenceKind::Unreadable { why, rebuild: Some("workspace".to_owned()) };
    assert_eq!(
        found,
        [
            ("read_interval", changed("to_seq")),
            ("users", changed("password_hash")),
            // Not believed, so not read either.
            ("", unreadable),
        ]
        .map(|(table, kind)| (table.to_owned(), kind))
    );
    let (path, log) = (told.house.dir.path(), &told.house.log);
    rebuild(path, log, told.house.window, &Projection::All).unwrap();
    assert_eq!(told.house.check(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_lost_its_tail_is_refused() {
    let mut told = Told::new(1000);
    told.create_general().await;
    told.sign_up("alice").await;
    told.house.drain().await;
    let path = told.house.dir.path().to_owned();
    verify_log_has_its_tail(&path, &told.house.log).unwrap();
    told.open("presence.db").execute("UPDATE checkpoint SET seq = seq + 1", []).unwrap();
    let error = verify_log_has_its_tail(&path, &told.house.log).unwrap_err();
    assert!(matches!(error, ProjectionError::AheadOfLog { .. }), "{error}");
}
