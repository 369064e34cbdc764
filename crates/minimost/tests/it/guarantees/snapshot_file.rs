//! workspace.db is read to decide who may do what: what is not what the server wrote there is folded again from the log.
//!
//! Guarantees 6 and 8. Each damage is first shown to be one: with a sum that fits, the file is believed.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{Person, TestServer, copy_dir, rows};

/// The parts that say who is in a channel.
const MEMBERS: u8 = 6;

/// A private channel of alice's with somebody in it who plays bob, and mallory, whose id differs from theirs in one bit.
struct Secret {
    server: TestServer,
    file: PathBuf,
    bob: Person,
    mallory: Person,
    channel: String,
    /// The snapshot's bytes with one bit flipped, so that mallory stands where bob stood.
    flipped: Vec<u8>,
}

/// Whether a part that lists members lists `user`.
fn is_member(json: &str, user: u64) -> bool {
    let members = serde_json::from_str::<Vec<(u64, Value)>>(json).unwrap_or_default();
    members.iter().any(|(member, _)| *member == user)
}

/// Flips the bit of the file that puts `user` where somebody else is a member of the channel.
fn flip_a_member(file: &Path, channel: u64, user: u64) -> Vec<u8> {
    let select = format!("SELECT json FROM part WHERE noun = {MEMBERS} AND channel = {channel}");
    for json in rows(file, &select) {
        assert!(!is_member(&json, user));
        for at in 0..json.len() {
            for bit in 0..4 {
                let mut flipped = json.clone().into_bytes();
                flipped[at] ^= 1 << bit;
                if !String::from_utf8(flipped).is_ok_and(|flipped| is_member(&flipped, user)) {
                    continue;
                }
                let mut bytes = fs::read(file).unwrap();
                let found =
                    |bytes: &[u8]| bytes.windows(json.len()).position(|it| it == json.as_bytes());
                let start = found(&bytes).expect("the part is in one page");
                bytes[start + at] ^= 1 << bit;
                assert_eq!(found(&bytes), None, "it is there once");
                return bytes;
            }
        }
    }
    panic!("no single bit does it");
}

impl Secret {
    async fn new() -> Secret {
        let mut server = TestServer::start().await;
        let alice = server.sign_up("alice").await;
        let mut people = Vec::new();
        for name in ["bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan"] {
            people.push(server.sign_up(name).await);
            // A sign-up is several events; without one between, ids may differ by threes alone.
            alice.send("general", "welcome").await;
        }
        let id = |person: &Person| server.app().workspace().find_user(&person.name).unwrap().0.0;
        let differ = |one: &Person, other: &Person| {
            let (one, other) = (id(one).to_string(), id(other).to_string());
            let bits = one.bytes().zip(other.bytes()).map(|(it, that)| (it ^ that).count_ones());
            one.len() == other.len() && bits.sum::<u32>() == 1
        };
        // Who comes after plays mallory.
        let pairs = people.iter().enumerate().flat_map(|(at, bob)| {
            people[at + 1..].iter().map(move |mallory| [bob.clone(), mallory.clone()])
        });
        let mut pairs = pairs.filter(|[bob, mallory]| differ(bob, mallory));
        let [bob, mallory] = pairs.next().expect("the ids of two of them differ in one bit");
        let user = id(&mallory).get();
        let channel = alice.create_private(&[&bob.name]).await;
        alice.send(&channel, "for bob alone").await;
        let number = {
            let name = chat::ChannelName::parse(&channel).unwrap();
            server.app().workspace().find_channel(&name).unwrap().0.get()
        };
        server.stop().await;
        let file = server.data_dir().join("workspace.db");
        let flipped = flip_a_member(&file, number, user);
        Secret { server, file, bob, mallory, channel, flipped }
    }

    /// What mallory and bob are answered in the channel on a copy of the directory.
    async fn answers(&self) -> [u16; 2] {
        let server = TestServer::on_copy_of(self.server.data_dir()).await;
        let path = format!("/messages/{}", self.channel);
        let [mallory, bob] = [&self.mallory, &self.bob].map(|person| person.at(&server));
        [mallory.get(&path).await.status, bob.get(&path).await.status]
    }
}

/// What the server writes beside the parts.
fn set_the_sum(file: &Path) {
    let select = "SELECT noun || ' ' || channel || ' ' || shelf || ' ' || json FROM part";
    let of_each = rows(file, select).into_iter().map(|text| {
        let sum = Sha256::digest(text.as_bytes());
        u128::from_be_bytes(sum[..16].try_into().unwrap())
    });
    let total = of_each.fold(0, u128::wrapping_add);
    let checkpoint = rows(file, "SELECT format, epoch, seq FROM checkpoint").concat();
    let sum = Sha256::digest(format!("{checkpoint} {total}")).to_vec();
    let file = Connection::open(file).unwrap();
    assert_eq!(file.execute("UPDATE workspace SET sum = ?1", [sum]).unwrap(), 1);
}

#[tokio::test]
async fn guarantee_6_a_flipped_bit_in_workspace_db_gives_a_private_channel_to_nobody() {
    let secret = Secret::new().await;
    assert_eq!(secret.answers().await, [403, 200], "as it was written");
    fs::write(&secret.file, &secret.flipped).unwrap();
    assert_eq!(secret.answers().await, [403, 200], "as the log says, not the flipped bit");
    set_the_sum(&secret.file);
    assert_eq!(secret.answers().await, [200, 403], "it is this bit that would have given it away");
}

#[tokio::test]
async fn guarantee_8_a_workspace_db_that_is_torn_or_of_another_log_is_folded_again() {
    let secret = Secret::new().await;
    let whole = fs::read(&secret.file).unwrap();
    // Of another log, where mallory is an administrator: with a sum that fits.
    let mut other = TestServer::start().await;
    other.people(["mallory"]).await;
    other.stop().await;
    fs::copy(other.data_dir().join("workspace.db"), &secret.file).unwrap();
    assert_eq!(secret.answers().await, [403, 200], "of another epoch");

    // A checkpoint that lies of the flipped content, and one that is not what the content says.
    fs::write(&secret.file, &whole).unwrap();
    let lies = [
        "UPDATE checkpoint SET seq = seq - 1",
        "UPDATE checkpoint SET seq = seq + 1000000",
        "UPDATE workspace SET sum = x'00'",
        "UPDATE part SET json = '[]' WHERE noun = 6",
        "UPDATE part SET channel = channel + 1 WHERE noun = 6",
        "UPDATE part SET noun = 99 WHERE noun = 6",
        "DELETE FROM part WHERE noun = 6",
        "DELETE FROM part",
        "DELETE FROM workspace",
        "DROP TABLE workspace",
        "DROP TABLE part",
    ];
    for lie in lies {
        fs::write(&secret.file, &whole).unwrap();
        Connection::open(&secret.file).unwrap().execute_batch(lie).unwrap();
        assert_eq!(secret.answers().await, [403, 200], "{lie}");
    }
    for torn_at in [100, 4_096, whole.len() - 1_000] {
        let mut torn = whole.clone();
        torn[torn_at..].fill(0);
        fs::write(&secret.file, &torn).unwrap();
        assert_eq!(secret.answers().await, [403, 200], "torn at {torn_at}");
        fs::write(&secret.file, &torn[..torn_at]).unwrap();
        assert_eq!(secret.answers().await, [403, 200], "cut at {torn_at}");
    }
}

#[tokio::test]
async fn a_workspace_db_that_was_not_believed_is_kept_and_check_names_it() {
    let secret = Secret::new().await;
    fs::write(&secret.file, &secret.flipped).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("data");
    copy_dir(secret.server.data_dir(), &copy);
    let done = crate::support::run(&copy, &["check", "--json"]).await.unwrap();
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    let said = said["differences"].as_array().unwrap().clone();
    assert_eq!((done.status.code(), said.len()), (Some(1), 1), "{said:?}");
    let said = said[0].as_str().unwrap();
    assert!(said.contains("workspace.db"), "{said}");
    assert!(said.contains("run `minimost rebuild workspace`"), "{said}");
    let done = crate::support::run(&copy, &["rebuild", "workspace"]).await.unwrap();
    assert!(done.status.success());
    crate::support::check(&copy).await.unwrap();

    let mut server = TestServer::on_copy_of(secret.server.data_dir()).await;
    server.restart_checked().await;
    let aside = fs::read_dir(server.data_dir()).unwrap().map(|it| it.unwrap().file_name());
    let aside: Vec<_> = aside.filter_map(|name| name.into_string().ok()).collect();
    assert!(aside.iter().any(|name| name.starts_with("workspace.db.damaged-")), "{aside:?}");
}
