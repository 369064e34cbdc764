//! Private channels: seen by their members, each from their history start on, and by nobody else.

use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn alice_makes_a_private_channel_and_adds_and_removes_people() {
    let server = TestServer::start().await;
    let [alice, bob, carol, mallory] = server.people(["alice", "bob", "carol", "mallory"]).await;
    let wish = json!({"name": "Surprise", "members": ["BOB"], "topic": "A party"});
    let made = alice.post("/private_channels/create", &wish).await.expect(201);
    assert_eq!((&made["channel"], &made["kind"]), (&json!("private:1"), &json!("private")));
    assert_eq!((&made["members"], &made["owner"]), (&json!(["alice", "bob"]), &json!("alice")));
    assert_eq!(made["topic"], "A party");
    alice.send("private:1", "before carol").await;
    let add = json!({"users": ["carol"]});
    let with_carol = bob.post("/channels/private:1/members", &add).await.expect(200);
    assert_eq!(with_carol["members"], json!(["alice", "bob", "carol"]));
    let seen = carol.texts("private:1").await;
    assert_eq!(seen, ["bob added carol to this channel"], "from her coming on");
    assert_eq!(bob.get("/private_channels/1/members").await.expect(200)[2]["username"], "carol");
    let listed = bob.get("/private_channels").await.expect(200);
    let expected = json!([{"channel": "private:1", "id": 1, "members": ["alice", "bob", "carol"],
        "name": "Surprise", "unread": 1}]);
    assert_eq!(listed, expected);
    mallory.get("/messages/private:1").await.expect_problem(403, "not-a-member");
    mallory.get("/messages/private:99").await.expect_problem(403, "not-a-member");
    let who = json!({"user": "carol"});
    bob.post("/channels/private:1/members/remove", &who).await.expect_problem(403, "not-the-owner");
    let without = alice.post("/channels/private:1/members/remove", &who).await.expect(200);
    assert_eq!(without["members"], json!(["alice", "bob"]));
    let owner = json!({"user": "bob"});
    let handed = alice.post("/channels/private:1/owner", &owner).await.expect(200);
    assert_eq!(handed["owner"], "bob");
    alice.post("/channels/private:1/leave", &json!({})).await.expect(204);
    assert_eq!(alice.get("/private_channels").await.expect(200), json!([]));
}
