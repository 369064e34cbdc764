//! What changes in a private channel is said in it, and is so after a restart on files made anew. Outsiders, late
//! joiners and former members are in `private_channels.rs`.

use serde_json::json;

use crate::private_channels::{act, members_path, surprise};
use crate::support::Person;

#[tokio::test]
async fn every_change_is_said_in_it_and_is_never_unread_and_outlasts_a_restart() {
    let (mut server, [alice, bob, carol, _], channel, _) = surprise().await;
    bob.mark_read(&channel).await;
    act(&bob, &channel, "rename", &json!({"name": "Party"})).await;
    act(&bob, &channel, "topic", &json!({"topic": "Cake"})).await;
    act(&bob, &channel, "description", &json!({"description": "All of it"})).await;
    act(&bob, &channel, "members", &json!({"users": ["carol", "mallory"]})).await;
    act(&alice, &channel, "members/remove", &json!({"user": "mallory"})).await;
    carol.post(&format!("/channels/{channel}/leave"), &json!({})).await.expect(204);
    act(&alice, &channel, "posters", &json!({"users": ["bob"]})).await;
    act(&alice, &channel, "owner", &json!({"user": "bob"})).await;
    act(&bob, &channel, "archive", &json!({})).await;
    let text = json!({"text": "and now?"});
    let path = format!("/send/{channel}");
    alice.post(&path, &text).await.expect_problem(409, "channel-archived");
    act(&bob, &channel, "archive", &json!({"on": false})).await;
    let said = bob.messages(&channel).await;
    let said: Vec<_> = said.iter().skip(1).map(|notice| notice["metadata"].clone()).collect();
    let expected = json!([
        {"notice": "channel_renamed", "actor": "bob", "name": "Party"},
        {"notice": "topic_changed", "actor": "bob", "topic": "Cake"},
        {"notice": "description_changed", "actor": "bob"},
        {"notice": "members_added", "actor": "bob", "users": ["carol", "mallory"]},
        {"notice": "member_removed", "actor": "alice", "user": "mallory"},
        {"notice": "member_left", "user": "carol"},
        {"notice": "posters_changed", "actor": "alice", "posters": ["bob"]},
        {"notice": "owner_changed", "actor": "alice", "owner": "bob"},
        {"notice": "channel_archived", "actor": "bob"},
        {"notice": "channel_unarchived", "actor": "bob"},
    ]);
    assert_eq!(json!(said), expected);
    let entry = async |person: &Person| {
        let state = person.state().await;
        state["channels"].as_array().unwrap().last().unwrap().clone()
    };
    let before = entry(&bob).await;
    assert_eq!((&before["unread"], &before["mentions"]), (&json!(0), &json!(0)));
    assert_eq!((&before["name"], &before["topic"]), (&json!("Party"), &json!("Cake")));
    assert_eq!((&before["description"], &before["owner"]), (&json!("All of it"), &json!("bob")));
    server.restart_made_anew().await;
    let [bob, carol] = [&bob, &carol].map(|person| person.at(&server));
    assert_eq!(entry(&bob).await, before);
    bob.send(&channel, "bob's word goes").await;
    carol.get(&members_path(&channel)).await.expect_problem(403, "not-a-member");
}

#[tokio::test]
async fn an_empty_one_stays_and_is_nobodys_after_a_restart_too() {
    let (mut server, [alice, bob, _, mallory], channel, message) = surprise().await;
    for person in [&alice, &bob] {
        person.post(&format!("/channels/{channel}/leave"), &json!({})).await.expect(204);
    }
    server.restart_made_anew().await;
    let mallory = mallory.at(&server);
    for person in [&alice.at(&server), &bob.at(&server), &mallory] {
        assert_eq!(person.get("/private_channels").await.expect(200), json!([]));
        let back = person.post(&format!("/channels/{channel}/join"), &json!({})).await;
        back.expect_problem(403, "not-a-member");
        let gone = person.get(&format!("/message/{}", message["id"])).await;
        gone.expect_problem(404, "message-not-found");
    }
    assert_ne!(mallory.create_private(&[]).await, channel, "its number is not given again");
}
