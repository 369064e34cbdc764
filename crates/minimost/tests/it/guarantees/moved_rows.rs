//! Guarantee 9 in the files that everybody shares: SQLite moves rows between pages as they grow, and leaves the old bytes where
//! they were, outside of every row. So many rows of all sizes are written again and again; looked at are the bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use chat::{Actor, Command, PasswordHash};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio::time::timeout;

use super::mailbox_files::{breathe, until};
use crate::support::{Person, TestServer};

/// How long a test waits for what comes a minute later at the latest.
const PATIENCE: Duration = Duration::from_secs(180);

/// How many of a kind there are: their rows fill many pages.
const MANY: usize = 60;

/// What was said last of each thing: `<0012.03>`, its number and in which round.
#[derive(Default)]
struct Tags(BTreeMap<usize, String>);

impl Tags {
    /// The next word about a thing.
    fn next(&mut self, thing: usize, round: usize) -> String {
        let tag = format!("<{thing:04}.{round:02}>");
        self.0.insert(thing, tag.clone());
        tag
    }

    fn now(&self) -> BTreeSet<String> {
        self.0.values().cloned().collect()
    }

    /// Whether they are among the bytes of a file or its write-ahead log.
    fn are_in(&self, file: &Path) -> bool {
        self.now().is_subset(&found(file))
    }

    /// Whether no other is.
    fn are_alone_in(&self, file: &Path) -> bool {
        self.now() == found(file)
    }
}

/// Whatever looks like a tag in the bytes of a file and its write-ahead log.
fn found(file: &Path) -> BTreeSet<String> {
    let is_tag = |text: &&[u8]| {
        let digits = |range: std::ops::Range<usize>| text[range].iter().all(u8::is_ascii_digit);
        (text[0], text[5], text[8]) == (b'<', b'.', b'>') && digits(1..5) && digits(6..8)
    };
    let mut tags = BTreeSet::new();
    for path in [file.to_owned(), file.with_extension("db-wal")] {
        let bytes = fs::read(path).unwrap_or_default();
        let texts = bytes.windows(9).filter(is_tag);
        tags.extend(texts.map(|text| String::from_utf8_lossy(text).into_owned()));
    }
    tags
}

/// Stores a hash as an upgrade of an older one does, of whatever length.
async fn set_hash(server: &TestServer, person: &Person, hash: String) {
    let workspace = server.app().workspace();
    let (user, account) = workspace.find_user(&person.name).unwrap();
    let verified_against = account.password_set;
    let password_hash = PasswordHash(hash);
    let command = Command::UpgradePasswordHash { user, verified_against, password_hash };
    server.app().writer.submit(Actor::System, None, command).await.unwrap();
}

#[tokio::test]
async fn a_superseded_hash_or_bio_is_in_no_byte_of_auth_db_however_its_rows_move() {
    let mut server = TestServer::start().await;
    let file = server.data_dir().join("auth.db");
    let mut people = Vec::new();
    for number in 0..MANY {
        people.push(server.sign_up(&format!("person-{number}")).await);
    }
    let (mut rng, mut tags) = (StdRng::seed_from_u64(7), Tags::default());
    for round in 0..24 {
        for number in 0..MANY {
            // In the first round each, then some.
            let who = if round == 0 { number } else { rng.random_range(0..MANY) };
            let times = [1, 10, 60, 90][rng.random_range(0..4)];
            set_hash(&server, &people[who], tags.next(who, round).repeat(times)).await;
            if round == 0 || number % 10 == 0 {
                let bio = tags.next(MANY + who, round).repeat([1, 17][rng.random_range(0..2)]);
                people[who].post("/profile", &json!({"bio": bio})).await.expect(200);
            }
        }
        until(&people[0], || tags.are_in(&file)).await;
        if round == 20 {
            // By itself, while the server runs.
            let ridding = async {
                while !tags.are_alone_in(&file) {
                    breathe().await;
                }
            };
            timeout(PATIENCE, ridding).await.expect("it is rid of what was superseded");
        }
    }
    people[0].post("/profile", &json!({"bio": tags.next(MANY, 24)})).await.expect(200);
    server.stop().await;
    assert!(tags.are_alone_in(&file), "an orderly end leaves nothing either");
    server.restart_stopped().await;
    server.restart_checked().await;
}

#[tokio::test]
async fn a_former_name_of_a_private_channel_is_in_no_byte_of_presence_db_however_its_rows_move() {
    let mut server = TestServer::start().await;
    let file = server.data_dir().join("presence.db");
    let alice = server.sign_up("alice").await;
    let (mut rng, mut tags) = (StdRng::seed_from_u64(11), Tags::default());
    let mut filler =
        move || ["x", "ü", "漢", "🌴"][rng.random_range(0..4)].repeat(rng.random_range(0..72));
    let mut channels = Vec::new();
    for number in 0..2 * MANY {
        let wish = json!({"name": tags.next(number, 0) + &filler(), "members": []});
        let made = alice.post("/private_channels/create", &wish).await.expect(201);
        channels.push(made["channel"].as_str().unwrap().to_owned());
    }
    let mut rng = StdRng::seed_from_u64(12);
    for round in 1..12 {
        for _ in 0..MANY {
            let which = rng.random_range(0..channels.len());
            let path = format!("/channels/{}/rename", channels[which]);
            let name = json!({"name": tags.next(which, round) + &filler()});
            alice.post(&path, &name).await.expect(200);
        }
        until(&alice, || tags.are_alone_in(&file)).await;
    }
    server.restart_checked().await;
    server.stop().await;
    assert!(tags.are_alone_in(&file));
}
