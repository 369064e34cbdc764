//! Guarantee 8 where a page inside of a projection is torn: the file can be opened and says how far it is, and is found out
//! when somebody follows the way to its rows.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::{TestServer, rows};

/// Accounts, and messages: so many that their tables have more than one page.
const MANY: usize = 60;

/// Overwrites the page that leads to the pages with a table's rows.
fn tear(file: &Path, table: &str) {
    let select = format!("SELECT rootpage FROM sqlite_schema WHERE name = '{table}'");
    let number: usize = rows(file, &select).concat().parse().unwrap();
    let mut bytes = fs::read(file).unwrap();
    let size = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    let page = &mut bytes[(number - 1) * size..number * size];
    // SQLite's file format, "B-tree Pages".
    assert!(matches!(page[0], 2 | 5), "{table} has an inner page: {}", page[0]);
    page.fill(0xff);
    fs::write(file, bytes).unwrap();
}

/// The files of a directory that were set aside.
fn asides(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.contains(".db.damaged-")).collect();
    names.sort();
    names
}

#[tokio::test]
async fn guarantee_8_a_projection_with_a_torn_inner_page_is_set_aside_and_rebuilt() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    for number in 1..MANY {
        server.sign_up(&format!("person-{number}")).await;
    }
    for number in 0..3 * MANY {
        alice.send("general", &format!("message {number}")).await;
    }
    let data = server.data_dir().to_owned();
    let files = [("auth.db", "users"), ("presence.db", "message_time")];
    for round in 0..2 {
        server.stop().await;
        for (name, table) in files {
            tear(&data.join(name), table);
        }
        server.restart_stopped().await;
        let alice = alice.at(&server);
        alice.post("/profile", &json!({"bio": format!("in round {round}")})).await.expect(200);
        alice.send("general", "life goes on").await;
        server.stop().await;
        let bios = rows(&data.join("auth.db"), "SELECT bio FROM user_settings");
        assert_eq!(bios, [format!("in round {round}")]);
        let accounts = rows(&data.join("auth.db"), "SELECT count(*) FROM users");
        assert_eq!(accounts, [MANY.to_string()]);
        let times = rows(&data.join("presence.db"), "SELECT count(*) FROM message_time");
        assert_eq!(times, [(3 * MANY + 1 + round).to_string()]);
        // A disk that goes on breaking does not fill itself with what was set aside.
        let asides = asides(&data);
        assert_eq!(asides.len(), files.len(), "{asides:?}");
        assert!(asides[0].starts_with("auth.db.") && asides[1].starts_with("presence.db."));
        server.restart_stopped().await;
    }
    server.restart_checked().await;
}

#[tokio::test]
async fn guarantee_8_a_snapshot_that_is_torn_under_the_server_is_written_anew() {
    let mut server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    for number in 1..MANY {
        server.sign_up(&format!("person-{number}")).await;
    }
    server.restart().await;
    let data = server.data_dir().to_owned();
    tear(&data.join("workspace.db"), "part");
    let alice = alice.at(&server);
    alice.post("/profile", &json!({"bio": "after it was torn"})).await.expect(200);
    server.stop().await;
    let parts = "SELECT count(*) FROM part WHERE json LIKE '%after it was torn%'";
    assert_eq!(rows(&data.join("workspace.db"), parts), ["1"]);
    let asides = asides(&data);
    assert!(asides.len() == 1 && asides[0].starts_with("workspace.db."), "{asides:?}");
    server.restart_stopped().await;
    server.restart_checked().await;
}
