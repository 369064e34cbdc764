//! Every address that the web client shows is answered with its page, so that a reload and a shared link work.

use reqwest::Method;
use reqwest::header::ACCEPT;

use crate::support::{Answer, TestServer};

const PAGES: [&str; 12] = [
    "/",
    "/c/general",
    "/c/dm:alice:bob",
    "/c/private:7",
    "/c/general/17",
    "/c/general?thread=17&panel=details",
    "/view/threads",
    "/view/later",
    "/view/settings",
    "/view/settings/notifications",
    "/view/admin/people",
    "/view/browse?profile=bob",
];

#[tokio::test]
async fn every_view_is_the_page_for_who_is_logged_in_and_the_door_for_who_is_not() {
    let server = TestServer::start().await;
    let alice = server.sign_up("alice").await;
    let page = alice.get("/login").await.expect_html();
    for path in PAGES {
        assert_eq!(alice.get(path).await.expect_html(), page, "{path}");
        let stranger = server.stranger().request(Method::GET, path).header(ACCEPT, "text/html");
        let sent = Answer::of(stranger).await;
        let to = percent_encoding::utf8_percent_encode(path, percent_encoding::NON_ALPHANUMERIC);
        let door = if path == "/" { "/login".to_owned() } else { format!("/login?to={to}") };
        assert_eq!((sent.status, sent.header("location")), (303, Some(door)));
    }
    let long = format!("/c/general?{}", "x".repeat(4_000));
    let stranger = server.stranger().request(Method::GET, &long).header(ACCEPT, "text/html");
    assert_eq!(Answer::of(stranger).await.header("location").as_deref(), Some("/login"));
    alice.get("/view").await.expect_problem(404, "route-not-found");
    alice.get("/c").await.expect_problem(404, "route-not-found");
}
