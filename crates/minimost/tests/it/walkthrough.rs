//! The walk-through in docs/api.md works as it stands: its commands run literally, against an empty server.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::TestServer;

const HEADING: &str = "## From an empty server to two people in a private channel\n";

/// The shell blocks of the section.
fn commands() -> String {
    let api = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let prose = fs::read_to_string(api).unwrap();
    let (_, section) = prose.split_once(HEADING).expect("docs/api.md has the section");
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap()).collect()
}

/// Runs the commands; what they print is JSON, one value after the other.
async fn run(commands: &str, url: &str) -> Vec<Value> {
    let curl = Command::new("curl").arg("--version").stdout(Stdio::null()).status().await;
    assert!(
        curl.is_ok_and(|status| status.success()),
        "the walk-through needs curl, and this machine has none: apt-get install curl"
    );
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", commands]).env("URL", url).kill_on_drop(true);
    let done = bash.output().await.expect("this machine has bash");
    let said = String::from_utf8(done.stdout).unwrap();
    let faults = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.success(), "{}\n{said}\n{faults}", done.status);
    serde_json::Deserializer::from_str(&said).into_iter().collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn the_walk_through_leads_two_people_into_a_private_channel() {
    let server = TestServer::start().await;
    let said = run(&commands(), &server.url("")).await;
    let [cake, candles, page, listed] = &said[..] else { panic!("four answers: {said:#?}") };
    assert_eq!(page, &json!([cake, candles]), "bob reads what both have said");
    assert_eq!(cake["mentions"], json!(["bob"]));
    let channel = cake["channel"].as_str().unwrap();
    let id = channel.strip_prefix("private:").unwrap().parse::<u64>().unwrap();
    let expected = json!([{"channel": channel, "id": id, "members": ["alice", "bob"],
        "name": "Surprise", "unread": 1}]);
    assert_eq!(listed, &expected, "and alice has one message to read");
    let mallory = server.sign_up("mallory").await;
    mallory.get(&format!("/messages/{channel}")).await.expect_problem(403, "not-a-member");
}
