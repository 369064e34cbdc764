//! Profiles: what people say about themselves, and everybody sees.

use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn a_profile_is_changed_field_by_field_and_everybody_hears_of_it() {
    let server = TestServer::start().await;
    let [alice, bob] = server.people(["alice", "bob"]).await;
    let mut events = bob.events().await;
    let wish = json!({
        "display_name": " Alice  L. ", "name_color": "#12AB9F", "pronouns": "she/her",
        "time_zone": "Europe/Berlin", "bio": "hello",
    });
    let profile = alice.post("/profile", &wish).await.expect(200);
    let expected = json!({
        "username": "alice", "display_name": "Alice L.", "name_color": "#12ab9f",
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
    assert_eq!(alice.get("/user_colors").await.expect(200), json!({"alice": "#12ab9f"}));
}
