//! Profiles: what people say about themselves, and everybody sees. Here: strangers, restarts on files made anew or
//! checked, and bad input.

use std::time::Duration;

use serde_json::json;

use crate::support::{TestServer, check, rows};

#[tokio::test]
async fn a_profile_is_changed_field_by_field_and_everybody_hears_of_it() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = bob.events().await;
    let wish = json!({
        "display_name": " Alice L.\n ", "name_color": "#12AB9F", "pronouns": "she/her",
        "time_zone": "Europe/Berlin", "bio": "hello",
    });
    let profile = alice.post("/profile", &wish).await.expect(200);
    let expected = json!({
        "username": "alice", "display_name": "Alice L.", "name_color": "#12AB9F",
        "pronouns": "she/her", "time_zone": "Europe/Berlin", "bio": "hello", "status": null,
        "is_admin": true, "is_deactivated": false,
    });
    assert_eq!(profile, expected);
    assert_eq!(events.next_named("profile_changed").await.data, expected);
    assert_eq!(bob.get("/profile/ALICE").await.expect(200), expected);

    let changed = alice.post("/profile", &json!({"bio": null, "pronouns": "they"})).await;
    let changed = changed.expect(200);
    assert_eq!((&changed["bio"], &changed["pronouns"]), (&json!(null), &json!("they")));
    assert_eq!(changed["display_name"], "Alice L.", "what is left out stays");
    assert_eq!(events.next_named("profile_changed").await.data, changed);
    let people = bob.get("/people").await.expect(200);
    assert_eq!(people[0], changed);
    assert_eq!(people[1]["username"], "bob");
    assert_eq!(bob.state().await["people"], people);
    assert_eq!(alice.get("/user_colors").await.expect(200), json!({"alice": "#12AB9F"}));
}

#[tokio::test]
async fn a_status_says_what_somebody_is_up_to_until_it_is_cleared() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = bob.events().await;
    let until = 1_800_000_600.5;
    let wish = json!({"emoji": "\u{1f334}", "text": " On leave ", "until_ts": until});
    let profile = alice.post("/status", &wish).await.expect(200);
    let expected = json!({"emoji": "palm_tree", "text": "On leave", "until_ts": until});
    assert_eq!(profile["status"], expected);
    assert_eq!(events.next_named("profile_changed").await.data["status"], expected);
    let changed = alice.post("/profile", &json!({"bio": "hi"})).await.expect(200);
    assert_eq!(changed["status"], expected, "a profile leaves the status alone");
    for nothing in [json!({}), json!({"emoji": null, "text": " ", "until_ts": null})] {
        alice.post("/status", &json!({"text": "busy"})).await.expect(200);
        assert_eq!(alice.post("/status", &nothing).await.expect(200)["status"], json!(null));
    }
    assert_eq!(bob.get("/profile/alice").await.expect(200)["status"], json!(null));
}

#[tokio::test]
async fn a_status_outlasts_a_restart_and_says_when_it_ends() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let until = 1_800_000_600.0;
    let wish = json!({"emoji": "palm_tree", "text": "On leave", "until_ts": until});
    let status = alice.post("/status", &wish).await.expect(200)["status"].clone();
    server.advance(Duration::from_secs(601));
    server.restart_made_anew().await;
    let bob = bob.at(&server);
    let people = bob.get("/people").await.expect(200);
    assert_eq!((&people[0]["status"], &status["until_ts"]), (&status, &json!(until)));
    assert_eq!(bob.state().await["people"], people);
    let late = alice.at(&server).post("/status", &wish).await;
    late.expect_problem(422, "invalid-value");
}

#[tokio::test]
async fn what_a_profile_must_not_say_is_refused_and_nothing_changes() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let before = alice.cursor().await;
    let long = |chars: usize| "é".repeat(chars);
    for wish in [
        json!({"bio": "fine", "display_name": long(65)}),
        json!({"bio": long(161)}),
        json!({"pronouns": long(41)}),
        json!({"name_color": "red"}),
        json!({"name_color": "#12345"}),
        json!({"name_color": "#12345é"}),
        json!({"name_color": ""}),
        json!({"time_zone": "Mars/Olympus"}),
        json!({"time_zone": "../../etc/passwd"}),
    ] {
        let problem = alice.post("/profile", &wish).await.expect_problem(422, "invalid-value");
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{wish}");
    }
    for wish in [json!({"bio": 7}), json!({"bio": ["a"]}), json!({"name_color": {}})] {
        alice.post("/profile", &wish).await.expect_problem(400, "invalid-fields");
    }
    for wish in [json!({"text": long(101)}), json!({"text": "late", "until_ts": 1_700_000_000})] {
        alice.post("/status", &wish).await.expect_problem(422, "invalid-value");
    }
    let unknown = json!({"emoji": "no such thing"});
    alice.post("/status", &unknown).await.expect_problem(422, "unknown-reaction");
    alice.get("/profile/nobody").await.expect_problem(404, "user-not-found");
    alice.get("/profile/no%20body").await.expect_problem(404, "user-not-found");
    alice.get("/profile/%ff").await.expect_problem(404, "user-not-found");
    assert_eq!(alice.cursor().await, before, "nothing changed");
}

#[tokio::test]
async fn name_colour_and_bio_are_changed_under_the_names_of_the_original() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let nothing = json!({"name_color": null, "bio": null});
    assert_eq!(alice.get("/settings").await.expect(200), nothing);
    alice.post("/profile", &json!({"pronouns": "she/her"})).await.expect(200);
    let wish = json!({"name_color": "#ff0000", "bio": "hello"});
    assert_eq!(alice.post("/settings", &wish).await.expect(200), wish);
    assert_eq!(bob.get("/user_colors").await.expect(200), json!({"alice": "#ff0000"}));
    let form = alice.post_form("/settings", &[("bio", "only this"), ("name_color", "")]).await;
    let expected = json!({"name_color": null, "bio": "only this"});
    assert_eq!(form.expect(200), expected, "empty in a form clears");
    assert_eq!(alice.get("/settings").await.expect(200), expected);
    let profile = bob.get("/profile/alice").await.expect(200);
    assert_eq!(profile["pronouns"], "she/her", "and the rest of the profile stays");
    assert_eq!(bob.get("/settings").await.expect(200), nothing, "bob's own");
}

#[tokio::test]
async fn a_setting_that_is_left_out_stays_and_null_clears_it() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let both = json!({"name_color": "#ff0000", "bio": "hello"});
    alice.post("/settings", &both).await.expect(200);
    assert_eq!(alice.post("/settings", &json!({})).await.expect(200), both);
    let bio = alice.post("/settings", &json!({"bio": "only this"})).await.expect(200);
    assert_eq!(bio, json!({"name_color": "#ff0000", "bio": "only this"}));
    let form = alice.post_form("/settings", &[("name_color", "#00ff00")]).await.expect(200);
    assert_eq!(form, json!({"name_color": "#00ff00", "bio": "only this"}));
    let cleared = alice.post("/settings", &json!({"bio": null})).await.expect(200);
    assert_eq!(cleared, json!({"name_color": "#00ff00", "bio": null}));
    let cleared = alice.post("/settings", &json!({"name_color": null})).await.expect(200);
    assert_eq!(cleared, json!({"name_color": null, "bio": null}));
    assert_eq!(alice.get("/settings").await.expect(200), cleared);
}

#[tokio::test]
async fn a_late_repeat_of_a_change_undoes_nothing() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let wish = json!({"bio": "first", "client_msg_id": "p1"});
    alice.post("/profile", &wish).await.expect(200);
    alice.post("/profile", &json!({"bio": "second"})).await.expect(200);
    let before = alice.cursor().await;
    assert_eq!(alice.post("/profile", &wish).await.expect(200)["bio"], "second");
    assert_eq!(alice.cursor().await, before);
}

#[tokio::test]
async fn profiles_outlast_a_restart_and_stand_in_auth_db() {
    let mut server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let wish = json!({"display_name": "Alice", "name_color": "#12ab9f", "bio": "gone soon"});
    alice.post("/profile", &wish).await.expect(200);
    alice.post("/profile", &json!({"bio": null})).await.expect(200);
    let people = bob.get("/people").await.expect(200);
    server.restart().await;
    let [alice, bob] = [alice.at(&server), bob.at(&server)];
    assert_eq!(bob.get("/people").await.expect(200), people);
    alice.post("/settings", &json!({"bio": "back", "name_color": "#000000"})).await.expect(200);
    server.stop().await;
    let settings = rows(&server.data_dir().join("auth.db"), "SELECT * FROM user_settings");
    assert_eq!(settings, ["alice #000000 - back"], "bob never said anything");
    check(server.data_dir()).await.unwrap();
}

#[tokio::test]
async fn strangers_learn_of_nobody() {
    let server = TestServer::start().await;
    server.sign_up("alice").await;
    let stranger = server.stranger();
    let reads = ["/people", "/profile/alice", "/profile/nobody", "/settings", "/user_colors"];
    for path in reads.into_iter().chain(["/preferences", "/groups"]) {
        stranger.get(path).await.expect_problem(401, "not-logged-in");
    }
    for path in ["/profile", "/status", "/settings", "/preferences", "/groups", "/groups/1"] {
        stranger.post(path, &json!({"handle": "x"})).await.expect_problem(401, "not-logged-in");
    }
}
