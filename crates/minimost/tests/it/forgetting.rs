//! What takes the place of something else leaves nothing of it behind, in no file: not in the log, not in a projection,
//! not in a write-ahead log. `guarantees` has the same for deleted messages and old passwords, `drafts`, `scheduled` and
//! `reminders` for what was never sent.

use serde_json::{Value, json};

use crate::support::{Person, TestServer, files_with};

/// Every word of these begins with it, and what takes their place does not.
const OLD: &str = "kumquat-";

fn old(what: &str) -> String {
    format!("{OLD}{what}")
}

/// Says something of everything that can be replaced, `old` or not; answers with what it made.
async fn say(alice: &Person, word: impl Fn(&str) -> String, made: Option<&Value>) -> Value {
    let profile = json!({
        "display_name": word("name"), "bio": word("bio"), "pronouns": word("pronouns"),
    });
    alice.post("/profile", &profile).await.expect(200);
    alice.post("/status", &json!({"text": word("status")})).await.expect(200);
    alice.post("/keywords", &json!({"keywords": [word("keyword")]})).await.expect(200);
    alice.post("/preferences", &json!({"theme": word("preference")})).await.expect(200);
    let group = json!({"handle": word("handle"), "name": word("group"), "members": ["bob"]});
    let Some(made) = made else {
        let group = alice.post("/groups", &group).await.expect(201);
        let public = json!({
            "channel": "garden", "topic": word("topic"), "description": word("description"),
        });
        alice.post("/channels", &public).await.expect(201);
        let private = json!({"name": "Plans", "members": ["bob"], "topic": word("private")});
        let private = alice.post("/private_channels/create", &private).await.expect(201);
        let invite = alice.post("/admin/invites", &json!({"note": word("note")})).await.expect(201);
        return json!({
            "group": group["id"], "private": private["channel"], "invite": invite["id"],
        });
    };
    alice.post(&format!("/groups/{}", made["group"]), &group).await.expect(200);
    let private = made["private"].as_str().unwrap();
    for channel in ["garden", private] {
        let path = format!("/channels/{channel}");
        alice.post(&format!("{path}/topic"), &json!({"topic": word("topic")})).await.expect(200);
        let description = json!({"description": word("description")});
        alice.post(&format!("{path}/description"), &description).await.expect(200);
    }
    let revoke = format!("/admin/invites/{}/revoke", made["invite"]);
    alice.post(&revoke, &json!({})).await.expect(204);
    made.clone()
}

#[tokio::test]
async fn what_is_replaced_is_in_no_file_any_more() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let data = server.data_dir().to_owned();
    let start = bob.cursor().await;
    let made = say(&alice, old, None).await;
    bob.messages("general").await;
    server.app().mailboxes.drain().await.unwrap();
    let words = [
        "name",
        "bio",
        "pronouns",
        "status",
        "keyword",
        "preference",
        "handle",
        "group",
        "topic",
        "description",
        "private",
        "note",
    ];
    for word in words {
        assert_ne!(files_with(&data, &old(word)), [""; 0], "{word} is on disk");
    }
    // So that the pages on which it stands are written in the other files too.
    server.restart().await;
    let [alice, bob] = [alice, bob].map(|person| person.at(&server));
    assert!(files_with(&data, &old("bio")).iter().any(|file| file.starts_with("auth.db")));
    assert!(files_with(&data, &old("keyword")).iter().any(|file| file.starts_with("workspace.db")));

    say(&alice, |what| format!("new-{what}"), Some(&made)).await;
    alice.send("general", "it is done").await;
    assert_eq!(bob.texts("general").await, ["it is done"]);
    let replayed = bob.get("/groups").await.expect(200);
    assert!(replayed.to_string().contains("new-group"), "{replayed}");
    let mut stream = bob.events_from(&start).await;
    loop {
        let event = stream.next_event().await;
        assert!(!event.data.to_string().contains(OLD), "{event:?}");
        if event.name == "message_posted" && event.data["content"] == "it is done" {
            break;
        }
    }
    server.restart_checked().await;
    server.stop().await;
    assert_eq!(files_with(&data, OLD), [""; 0], "it is forgotten");
    for word in ["name", "bio", "status", "keyword", "preference", "handle", "topic"] {
        assert_ne!(files_with(&data, &format!("new-{word}")), [""; 0], "{word} is kept");
    }
    server.restart_made_anew_stopped().await;
    let alice = alice.at(&server);
    let invites = alice.get("/admin/invites").await.expect(200);
    assert_eq!((&invites[0]["note"], &invites[0]["id"]), (&json!(""), &made["invite"]));
    assert_ne!(invites[0]["revoked_ts"], Value::Null);
    let preferences = alice.get("/preferences").await.expect(200);
    assert!(preferences.to_string().contains("new-preference"), "{preferences}");
}

#[tokio::test]
async fn what_is_gone_is_in_no_file_either() {
    let mut server = TestServer::start().await;
    let [alice, _bob] = server.people(["alice", "bob"]).await;
    let data = server.data_dir().to_owned();
    let made = say(&alice, old, None).await;
    assert_ne!(files_with(&data, &old("group")), [""; 0]);
    let nothing = json!({"display_name": null, "bio": null, "pronouns": null});
    alice.post("/profile", &nothing).await.expect(200);
    alice.post("/status", &json!({"text": ""})).await.expect(200);
    alice.post("/keywords", &json!({"keywords": []})).await.expect(200);
    alice.post("/preferences", &json!({"theme": null})).await.expect(200);
    alice.post(&format!("/groups/{}/delete", made["group"]), &json!({})).await.expect(204);
    server.restart_checked().await;
    server.stop().await;
    for word in ["name", "bio", "pronouns", "status", "keyword", "preference", "handle", "group"] {
        assert_eq!(files_with(&data, &old(word)), [""; 0], "{word} is forgotten");
    }
    assert_ne!(files_with(&data, &old("topic")), [""; 0], "nobody changed it");
}
