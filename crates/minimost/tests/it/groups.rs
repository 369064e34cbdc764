//! User groups: `@handle` names many.

use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn an_administrator_makes_changes_and_deletes_a_group() {
    let server = TestServer::start().await;
    let [alice, bob, _carol] = server.people(["alice", "bob", "carol"]).await;
    let mut events = bob.events().await;
    let wish = json!({"handle": "devs", "name": "Developers", "members": ["bob", "alice"]});
    bob.post("/groups", &wish).await.expect_problem(403, "not-an-administrator");
    let group = alice.post("/groups", &wish).await.expect(201);
    let id = &group["id"];
    let members = json!(["alice", "bob"]);
    let expected = json!({"id": id, "handle": "devs", "name": "Developers", "members": members});
    assert_eq!(group, expected);
    assert_eq!(events.next_named("groups_changed").await.data, json!({"groups": [expected]}));
    assert_eq!(bob.get("/groups").await.expect(200), json!([expected]));

    let change = json!({"members": ["carol"]});
    let path = format!("/groups/{id}");
    bob.post(&path, &change).await.expect_problem(403, "not-an-administrator");
    let changed = alice.post(&path, &change).await.expect(200);
    assert_eq!(changed["members"], json!(["carol"]));
    assert_eq!(changed["name"], "Developers", "what is left out stays");
    assert_eq!(bob.state().await["groups"], json!([changed]));
    let delete = format!("{path}/delete");
    bob.post(&delete, &json!({})).await.expect_problem(403, "not-an-administrator");
    alice.post(&delete, &json!({})).await.expect(204);
    alice.post(&delete, &json!({})).await.expect_problem(404, "group-not-found");
    assert_eq!(bob.get("/groups").await.expect(200), json!([]));
}
