//! Somebody who uses the server through its front door.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::event_stream::EventStream;

/// Everybody's first password.
pub const PASSWORD: &str = "Correct-horse-1";

/// A user with a session, or a stranger with none.
#[derive(Clone)]
pub struct Person {
    pub name: String,
    /// Empty without a session.
    pub token: String,
    url: String,
    http: Client,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Person {
    pub(super) fn new(name: &str, token: String, url: String) -> Person {
        let no_redirects = reqwest::redirect::Policy::none();
        let http = Client::builder().redirect(no_redirects).build().unwrap();
        Person { name: name.to_owned(), token, url, http }
    }

    /// The same person at a server that has moved to another port.
    pub fn at(&self, server: &super::TestServer) -> Person {
        Person::new(&self.name, self.token.clone(), server.url(""))
    }

    /// The same person with another session.
    pub fn with_token(&self, token: &str) -> Person {
        Person { token: token.to_owned(), ..self.clone() }
    }

    /// A request that carries the session.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    /// Posts a form, as curl and pages without script do.
    pub async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        Answer::of(self.request(Method::POST, path).form(form)).await
    }

    /// Sends a message and answers with it.
    pub async fn send(&self, channel: &str, text: &str) -> Value {
        self.post(&format!("/send/{channel}"), &json!({"text": text})).await.expect(201)
    }

    pub async fn edit(&self, id: &Value, text: &str) -> Value {
        self.post(&format!("/edit/{id}"), &json!({"text": text})).await.expect(200)
    }

    /// Deletes a message and answers with its tombstone.
    pub async fn delete(&self, id: &Value) -> Value {
        self.post(&format!("/delete/{id}"), &json!({})).await.expect(200)
    }

    /// Toggles a reaction and answers with all of them.
    pub async fn react(&self, id: &Value, reaction: &str) -> Value {
        self.post(&format!("/react/{id}"), &json!({"reaction": reaction})).await.expect(200)
    }

    /// The newest page of a channel.
    pub async fn messages(&self, channel: &str) -> Vec<Value> {
        self.page(channel, "").await
    }

    /// A page of a channel: `query` as in `limit=2&before_id=17`.
    pub async fn page(&self, channel: &str, query: &str) -> Vec<Value> {
        let page = self.get(&format!("/messages/{channel}?{query}")).await.expect(200);
        page.as_array().unwrap().clone()
    }

    /// The texts of the newest page, tombstones as nulls.
    pub async fn texts(&self, channel: &str) -> Vec<Value> {
        self.messages(channel).await.iter().map(|message| message["content"].clone()).collect()
    }

    /// Marks everything as read.
    pub async fn mark_read(&self, channel: &str) {
        self.post(&format!("/mark_read/{channel}"), &json!({})).await.expect(204);
    }

    /// Marks everything up to a message as read.
    pub async fn mark_read_to(&self, channel: &str, id: &Value) {
        self.post(&format!("/mark_read/{channel}"), &json!({"message_id": id})).await.expect(204);
    }

    /// Unread counts of the public channels.
    pub async fn unreads(&self) -> BTreeMap<String, u64> {
        serde_json::from_value(self.get("/channel_unreads").await.expect(200)).unwrap()
    }

    /// Opens a direct channel and answers with its name.
    pub async fn open_direct(&self, others: &[&str]) -> String {
        let answer = self.post("/dms", &json!({"users": others})).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        answer.json()["channel"].as_str().unwrap().to_owned()
    }

    /// Creates a private channel with others in it; answers with its name.
    pub async fn create_private(&self, others: &[&str]) -> String {
        let wish = json!({"name": "Surprise", "members": others});
        let made = self.post("/private_channels/create", &wish).await.expect(201);
        made["channel"].as_str().unwrap().to_owned()
    }

    /// Adds somebody to a private channel, who sees what is said from then on.
    pub async fn add(&self, channel: &str, name: &str) {
        let users = json!({"users": [name]});
        self.post(&format!("/channels/{channel}/members"), &users).await.expect(200);
    }

    /// Removes somebody from a private channel.
    pub async fn remove(&self, channel: &str, name: &str) {
        let user = json!({"user": name});
        self.post(&format!("/channels/{channel}/members/remove"), &user).await.expect(200);
    }

    /// Everything that a screen starts from.
    pub async fn state(&self) -> Value {
        self.get("/state").await.expect(200)
    }

    /// The head that this person's reads answer for.
    pub async fn cursor(&self) -> String {
        let answer = self.get("/me").await;
        answer.header("minimost-cursor").expect("every read carries it")
    }

    /// A live stream from the head that this person's reads answer for; without a cursor it would begin where the
    /// streams stand, which may be a little behind that.
    pub async fn events(&self) -> EventStream {
        self.events_from(&self.cursor().await).await
    }

    /// A live stream from a cursor.
    pub async fn events_from(&self, cursor: &str) -> EventStream {
        self.events_at(&format!("cursor={cursor}")).await
    }

    /// A live stream with a query: `cursor=...&channel=general`.
    pub async fn events_at(&self, query: &str) -> EventStream {
        let answer = self.request(Method::GET, &format!("/events?{query}")).send().await.unwrap();
        EventStream::open(answer).await
    }

    /// A live stream that goes on after a frame, as a browser asks for it; `query` is what it was opened with.
    pub async fn events_after(&self, last_event_id: &str, query: &str) -> EventStream {
        let request = self.request(Method::GET, &format!("/events?{query}"));
        let answer = request.header("last-event-id", last_event_id).send().await.unwrap();
        EventStream::open(answer).await
    }
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Answer {
        let answer = request.send().await.expect("the server answers");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("the answer is text");
        Answer { status, headers, text }
    }

    /// The body, when the status is the expected one; null for an empty body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem document, when it is the expected one and complete.
    #[track_caller]
    pub fn expect_problem(self, status: u16, slug: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type").as_deref(), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{slug}"), "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        for member in ["title", "detail", "instance"] {
            assert!(problem[member].is_string(), "{member} is missing in {problem}");
        }
        problem
    }

    /// The page, when it is one.
    #[track_caller]
    pub fn expect_html(self) -> String {
        assert_eq!(self.status, 200, "{}", self.text);
        assert_eq!(self.header("content-type").as_deref(), Some("text/html; charset=utf-8"));
        self.text
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        Some(self.headers.get(name)?.to_str().unwrap().to_owned())
    }
}
