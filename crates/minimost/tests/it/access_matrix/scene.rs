//! The stage: a private channel, and everybody who might want to look into it.

use std::collections::BTreeMap;

use minimost::config::Config;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Person, TestServer, copy_dir};

/// Who asks, in the order of the columns: from no right at all to all of them.
pub const ROLES: [&str; 8] =
    ["stranger", "deactivated", "outsider", "former", "administrator", "late", "member", "owner"];

/// Those who must not learn a word of the private channel.
pub const OUTSIDE: [&str; 5] = ["stranger", "deactivated", "outsider", "former", "administrator"];

/// A data directory in which all of it has happened, and what the tables call things.
pub struct Scene {
    dir: TempDir,
    people: BTreeMap<&'static str, Person>,
    names: BTreeMap<&'static str, String>,
}

/// A server on a copy of the scene.
pub struct Stage {
    pub server: TestServer,
    pub people: BTreeMap<&'static str, Person>,
    names: BTreeMap<&'static str, String>,
}

/// Everybody asks everything at once, from one address, and five failures are enough for a lock that is an event.
fn everybody_at_once(config: &mut Config) {
    config.auth.max_login_attempts_per_name = 5;
    config.limits.connections_per_address = 0;
    config.limits.connections_per_person = 0;
}

impl Scene {
    /// alice runs the server, owen owns the channel, bob is in it; dave and erin were; carol came late; mallory never.
    pub async fn build() -> Scene {
        let mut server = TestServer::with(everybody_at_once).await;
        let [alice, owen, bob] = server.people(["alice", "owen", "bob"]).await;
        let [dave, erin, carol, mallory] =
            server.people(["dave", "erin", "carol", "mallory"]).await;
        let body = json!({"name": "Project Owl", "members": ["bob", "dave", "erin"]});
        let channel = owen.post("/private_channels/create", &body).await.expect(201);
        let channel = channel["channel"].as_str().unwrap().to_owned();
        let at = |path: &str| path.replace("<c>", &channel);

        let old = bob.send(&channel, "secret-old").await["id"].clone();
        let reply = json!({"text": "secret-old reply", "thread_id": old});
        let old_reply = owen.post(&at("/send/<c>"), &reply).await.expect(201)["id"].clone();
        bob.post(&format!("/thread/{old}/read"), &json!({})).await.expect(204);
        let poll = json!({"question": "secret-old?", "options": ["yes", "no"]});
        let old_poll = bob.post(&at("/poll/<c>"), &poll).await.expect(201)["id"].clone();
        owen.post(&format!("/pin/{old}"), &json!({"on": true})).await.expect(200);
        let forms = json!({"user": "dave"});
        owen.post(&at("/channels/<c>/members/remove"), &forms).await.expect(200);
        let late = json!({"users": ["carol"], "history": "join"});
        bob.post(&at("/channels/<c>/members"), &late).await.expect(200);
        alice.post("/admin/people/erin/deactivate", &json!({})).await.expect(200);

        let new = bob.send(&channel, "secret-new @carol").await["id"].clone();
        let reply = json!({"text": "secret-new reply", "thread_id": new});
        let new_reply = owen.post(&at("/send/<c>"), &reply).await.expect(201)["id"].clone();
        let poll = json!({"question": "secret-new?", "options": ["yes", "no"]});
        let new_poll = bob.post(&at("/poll/<c>"), &poll).await.expect(201)["id"].clone();
        owen.post(&format!("/pin/{new}"), &json!({"on": true})).await.expect(200);
        bob.edit(&new, "secret-new @carol, edited").await;

        let later = json!({"text": "secret-new later", "send_at_ts": 1_800_100_000.0});
        let schedule = bob.post(&at("/schedule/<c>"), &later).await.expect(201)["id"].clone();
        let remind =
            json!({"message_id": new, "text": "secret-new again", "due_ts": 1_800_100_000.0});
        let reminder = bob.post("/remind", &remind).await.expect(201)["id"].clone();
        bob.post(&at("/drafts/<c>"), &json!({"text": "secret-new draft"})).await.expect(204);
        let group = json!({"handle": "devs", "name": "Developers", "members": ["bob"]});
        let group = alice.post("/groups", &group).await.expect(201)["id"].clone();
        carol.open_direct(&["owen"]).await;
        let invite = alice.post("/admin/invites", &json!({})).await.expect(201)["id"].clone();

        let reset = reset_link(&alice).await;

        server.stop().await;
        let dir = tempfile::tempdir().unwrap();
        copy_dir(server.data_dir(), &dir.path().join("data"));
        let people = BTreeMap::from([
            ("stranger", mallory.with_token("")),
            ("deactivated", erin),
            ("outsider", mallory),
            ("former", dave),
            ("administrator", alice),
            ("late", carol),
            ("member", bob),
            ("owner", owen),
        ]);
        let number = channel.strip_prefix("private:").unwrap().to_owned();
        let names = BTreeMap::from([
            ("<c>", channel),
            ("<n>", number),
            ("<old>", old.to_string()),
            ("<old reply>", old_reply.to_string()),
            ("<old poll>", old_poll.to_string()),
            ("<new>", new.to_string()),
            ("<new reply>", new_reply.to_string()),
            ("<new poll>", new_poll.to_string()),
            ("<schedule>", schedule.to_string()),
            ("<reminder>", reminder.to_string()),
            ("<group>", group.to_string()),
            ("<invite>", invite.to_string()),
            ("<reset>", reset),
        ]);
        Scene { dir, people, names }
    }

    /// The same with the files of a stopped stage.
    pub fn after(self, stage: &Stage) -> Scene {
        let dir = tempfile::tempdir().unwrap();
        copy_dir(stage.server.data_dir(), &dir.path().join("data"));
        Scene { dir, ..self }
    }

    /// A server on a copy, so that nothing that is tried here is seen elsewhere.
    pub async fn stage(&self) -> Stage {
        let server = TestServer::with(|config| {
            copy_dir(&self.dir.path().join("data"), &config.data.dir);
            everybody_at_once(config);
        })
        .await;
        let people = self.people.iter().map(|(role, person)| (*role, person.at(&server)));
        Stage { people: people.collect(), names: self.names.clone(), server }
    }
}

/// The token of a link by which mallory sets a new password.
async fn reset_link(alice: &Person) -> String {
    let made = alice.post("/admin/people/mallory/reset_password", &json!({})).await.expect(201);
    made["token"].as_str().unwrap().to_owned()
}

impl Stage {
    /// The same with a server that was stopped, whose files were compared with the log and then made anew.
    pub async fn made_anew(mut self) -> Stage {
        self.server.restart_made_anew().await;
        self.moved()
    }

    /// The same people at a server that has moved to another port.
    pub fn moved(mut self) -> Stage {
        self.people.values_mut().for_each(|person| *person = person.at(&self.server));
        self
    }

    /// A text of the tables with the names of this scene in it.
    pub fn fill(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// The id of a thing of the scene.
    pub fn id(&self, name: &str) -> Value {
        self.names[name].parse::<u64>().unwrap().into()
    }

    pub fn person(&self, role: &str) -> &Person {
        &self.people[role]
    }
}
