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
        assert_eq!((sent.status, sent.header("location").as_deref()), (303, Some("/login")));
    }
    alice.get("/view").await.expect_problem(404, "route-not-found");
    alice.get("/c").await.expect_problem(404, "route-not-found");
}
