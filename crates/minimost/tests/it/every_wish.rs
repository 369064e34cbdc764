//! Bad input, to every writing route there is. The wishes are the rows of `testdata/access/routes.tsv` that somebody is
//! granted; their fields are those that OpenAPI names. What is wrong is refused with a problem of the table and changes
//! nothing; what is odd is refused or kept, and breaks neither a reader nor a file; what is said twice happens once.

use minimost::api::ProblemKind;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::access_matrix::{ROLES, Row, Scene, Stage, rows};
use crate::support::Answer;

/// These say no to nobody and ignore what they do not understand; `presence.rs` has them.
const SOFT: [&str; 4] = ["/presence", "/presence/override", "/typing/{channel}", "/logout"];

/// A writing route and what is said to it.
struct Wish {
    /// As OpenAPI names the route.
    template: String,
    path: String,
    body: String,
    role: &'static str,
    fields: Vec<Field>,
}

/// A field as OpenAPI tells of it.
struct Field {
    name: String,
    kind: Type,
    is_required: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Type {
    Text,
    Whole,
    Number,
    YesNo,
    Texts,
    Wholes,
}

impl Type {
    /// As the document says it; an optional field may be null too.
    fn of(schema: &Value) -> Type {
        let is = |name: &str| {
            let types = &schema["type"];
            types == name || types.as_array().is_some_and(|types| types.contains(&json!(name)))
        };
        let is_of_wholes = schema["items"]["type"] == "integer";
        match () {
            () if is("string") => Type::Text,
            () if is("integer") => Type::Whole,
            () if is("number") => Type::Number,
            () if is("boolean") => Type::YesNo,
            () if is("array") && is_of_wholes => Type::Wholes,
            () if is("array") => Type::Texts,
            () => panic!("no type of fields: {schema}"),
        }
    }

    /// Values of another type.
    fn wrong(self) -> Vec<Value> {
        let huge = json!(u64::MAX);
        let (object, nested) = (json!({"a": 1}), json!([[1]]));
        let mut wrong = match self {
            Type::Text => vec![json!(true), json!(7), json!(1.5), json!([["a"]])],
            Type::Whole => vec![json!(true), json!("17"), json!(-1), json!(1.5), huge, json!([1])],
            Type::Number => vec![json!(true), json!("soon"), json!([1])],
            Type::YesNo => vec![json!("true"), json!(1), json!([true])],
            Type::Texts => vec![json!(true), json!(7), json!([7]), json!(["a", null])],
            Type::Wholes => vec![json!(true), json!(7), json!([-1]), json!([1.5]), json!(["x"])],
        };
        wrong.extend([object, nested]);
        wrong
    }

    /// Values of this type that nobody has asked for.
    fn odd(self) -> Vec<Value> {
        let texts = odd_texts();
        match self {
            Type::Text => texts.into_iter().map(Value::from).collect(),
            Type::Texts => {
                let each = texts.iter().map(|text| json!([text]));
                each.chain([json!([]), json!(vec!["bob"; 5_000]), json!(texts)]).collect()
            }
            Type::Whole => [0, 1, 99_999, i64::MAX].map(Value::from).into(),
            Type::Number => [0.0, -0.0, -1.0, 5e-324, 1_800_100_000.0, 9e15, 1e308, -1e308]
                .map(Value::from)
                .into(),
            Type::YesNo => vec![json!(true), json!(false)],
            Type::Wholes => vec![json!([]), json!([255, 256, i64::MAX]), json!(vec![1; 5_000])],
        }
    }
}

/// What a hostile mind, a broken client and people of all languages put into a field.
fn odd_texts() -> Vec<String> {
    let texts = [
        "",
        " \t\r\n",
        "\u{0}",
        "a\u{0}b\u{1}\u{7}\u{1b}[31m",
        "\u{202e}gnp.exe\u{2066}\u{2028}",
        "\u{200b}\u{200d}\u{feff}",
        "\u{fffd}\u{10ffff}\u{e000}",
        "ﷺ Ångström ΑΩ 漢字 ไทย 👩‍👩‍👧‍👦",
        "@everyone @here @alice @@bob @",
        "'; DROP TABLE messages; --",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "dm:bob:owen",
        "private:18446744073709551615",
        "@system",
        "%00%ff",
        "{\"a\": [",
    ];
    let mut texts: Vec<_> = texts.map(str::to_owned).into();
    texts.extend(["x".repeat(65), "é".repeat(10_001), format!("a{}", "\u{301}".repeat(9_000))]);
    texts
}

/// Every writing route but the soft ones, with the first wish of the table that is granted, and who may do most by it.
/// What nobody is granted can be said wrongly all the same.
fn wishes() -> Vec<Wish> {
    let document = minimost::api::openapi::openapi();
    let rows = rows().into_iter().filter(|row| row.method == Method::POST);
    let mut rows: Vec<_> = rows.filter(|row| !SOFT.contains(&row.template.as_str())).collect();
    let granted = |row: &Row| row.expected.iter().rposition(|status| status.starts_with('2'));
    rows.sort_by_key(|row| (row.template.clone(), granted(row).is_none()));
    rows.dedup_by_key(|row| row.template.clone());
    let wish = |row: Row| {
        let post = &document["paths"][&row.template]["post"];
        let schema = &post["requestBody"]["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str().unwrap_or_default().rsplit('/').next().unwrap();
        let schema = &document["components"]["schemas"][name];
        let fields = schema["properties"].as_object().into_iter().flatten();
        let fields = fields.map(|(name, field)| Field {
            is_required: schema["required"].as_array().is_some_and(|it| it.contains(&json!(name))),
            name: name.clone(),
            kind: Type::of(field),
        });
        let role = ROLES[granted(&row).unwrap_or(ROLES.len() - 1)];
        Wish {
            template: row.template,
            path: row.path,
            body: row.body,
            role,
            fields: fields.collect(),
        }
    };
    rows.into_iter().map(wish).collect()
}

impl Wish {
    fn body(&self, stage: &Stage) -> Value {
        serde_json::from_str(&stage.fill(&self.body)).unwrap()
    }

    /// The wish with another value in one field, or without that field.
    async fn with(&self, stage: &Stage, field: &str, value: Option<Value>) -> Answer {
        let mut body = self.body(stage);
        match value {
            Some(value) => body[field] = value,
            None => drop(body.as_object_mut().unwrap().remove(field)),
        }
        self.post(stage, &body).await
    }

    async fn post(&self, stage: &Stage, body: &Value) -> Answer {
        stage.person(self.role).post(&stage.fill(&self.path), body).await
    }

    /// The same as a form, with a name.
    async fn post_form(&self, stage: &Stage, name: &str) -> Answer {
        let body = self.body(stage);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut form = vec![("client_msg_id", name.to_owned())];
        for (field, value) in body.as_object().unwrap() {
            match value.as_array() {
                Some(values) => form.extend(values.iter().map(|it| (field.as_str(), text(it)))),
                None => form.push((field, text(value))),
            }
        }
        let form: Vec<_> = form.iter().map(|(field, text)| (*field, text.as_str())).collect();
        stage.person(self.role).post_form(&stage.fill(&self.path), &form).await
    }

    /// Whatever it says as it stands.
    async fn raw(&self, stage: &Stage, content_type: &str, body: &[u8]) -> Answer {
        let path = stage.fill(&self.path);
        let request = stage.person(self.role).request(Method::POST, &path);
        Answer::of(request.header(CONTENT_TYPE, content_type).body(body.to_vec())).await
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// The head of the log: where it stands still, nothing has happened.
async fn head(stage: &Stage) -> String {
    stage.person("administrator").cursor().await
}

/// The slug of a refusal that is one of the table's.
#[track_caller]
fn refusal(what: &str, answer: &Answer) -> String {
    assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
    let kind = answer.header("content-type");
    assert_eq!(kind.as_deref(), Some("application/problem+json"), "{what}: {answer:?}");
    let problem = answer.json();
    let slug = problem["type"].as_str().unwrap().trim_start_matches("/problems/");
    assert!(ProblemKind::from_slug(slug).is_some(), "{what}: {slug} is not in the table");
    slug.to_owned()
}

#[test]
fn every_writing_route_has_a_wish_that_is_granted() {
    let document = minimost::api::openapi::openapi();
    let paths = document["paths"].as_object().unwrap().iter();
    let writing = paths.filter(|(_, methods)| methods.get("post").is_some());
    let writing = writing.map(|(path, _)| path.as_str()).filter(|path| !SOFT.contains(path));
    let wishes = wishes();
    let found: Vec<_> = wishes.iter().map(|wish| wish.template.as_str()).collect();
    assert_eq!(found, writing.collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_is_refused_everywhere() {
    let stage = Scene::build().await.stage().await;
    let before = head(&stage).await;
    let deep = "[".repeat(100_000);
    let huge = format!("{{\"text\": \"{}\"}}", "x".repeat(200_000));
    for wish in wishes() {
        for (what, body) in [
            ("half an object", b"{\"text\": ".as_slice()),
            ("an array", b"[1, 2]"),
            ("a number", b"7"),
            ("null", b"null"),
            ("invalid UTF-8", b"{\"text\": \"\xff\xfe\"}"),
            ("a lone surrogate", b"{\"text\": \"\\ud800\"}"),
            ("a number too large", b"{\"text\": 1e999}"),
            ("a deep array", deep.as_bytes()),
        ] {
            let answer = wish.raw(&stage, "application/json", body).await;
            let slug = refusal(&format!("{what} to {}", wish.path), &answer);
            assert_eq!((answer.status, slug.as_str()), (400, "malformed-body"), "{}", wish.path);
        }
        let answer = wish.raw(&stage, "application/json", huge.as_bytes()).await;
        assert_eq!(answer.header("connection").as_deref(), Some("close"), "the rest is not read");
        answer.expect_problem(413, "body-too-large");
        for (kind, body, status, slug) in [
            ("application/x-www-form-urlencoded", "text=%ff", 400, "malformed-body"),
            ("multipart/form-data; boundary=x", "--x\r\n", 400, "malformed-body"),
            ("application/xml", "<text/>", 415, "unsupported-media-type"),
        ] {
            wish.raw(&stage, kind, body.as_bytes()).await.expect_problem(status, slug);
        }
    }
    assert_eq!(head(&stage).await, before, "nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_missing_or_of_another_type_is_named() {
    let stage = Scene::build().await.stage().await;
    let before = head(&stage).await;
    for wish in wishes() {
        for field in &wish.fields {
            let mut wrong: Vec<_> = field.kind.wrong().into_iter().map(Some).collect();
            if field.is_required {
                wrong.extend([None, Some(Value::Null)]);
            }
            for value in wrong {
                let what = format!("{} with {} {value:?}", wish.path, field.name);
                let answer = wish.with(&stage, &field.name, value).await;
                assert_eq!(refusal(&what, &answer), "invalid-fields", "{what}");
                let pointer = answer.json()["errors"][0]["pointer"].clone();
                assert_eq!(pointer, format!("/{}", field.name), "{what}");
            }
        }
    }
    assert_eq!(head(&stage).await, before, "nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_names_nothing_changes_nothing() {
    let stage = Scene::build().await.stage().await;
    let before = head(&stage).await;
    let ids = ["0", "-1", "1.5", "x", "2", "99999", "9223372036854775807", "9223372036854775808"];
    let ids = ids.into_iter().chain(["99999999999999999999", "1e3", "%00", "%ff", "+1", "1%2f.."]);
    let channels = ["nowhere", "General", "a%2fb", "...", "dm:", "dm::", "%ff", "%00", "dm:a/b"];
    let more = ["private:", "private:0", "private:1x", "private:-1", "private:99", "dm:nobody"];
    let channels = channels.into_iter().chain(more);
    let users = ["nobody", "system", "no%20body", "%ff", "%00", "..", "%2e%2e", "everyone"];
    for wish in wishes() {
        let names: Vec<_> = match () {
            () if wish.template.contains("{id}") => ids.clone().collect(),
            () if wish.template.contains("{channel}") => channels.clone().collect(),
            () if wish.template.contains("{user}") => users.into(),
            () => continue,
        };
        for name in names {
            let path = ["{id}", "{channel}", "{user}"];
            let path = path.iter().fold(wish.template.clone(), |path, it| path.replace(it, name));
            let answer = stage.person(wish.role).post(&path, &wish.body(&stage)).await;
            let slug = refusal(&path, &answer);
            let is_nothing = slug.ends_with("-not-found") || slug == "not-a-member";
            assert!(is_nothing && [403, 404].contains(&answer.status), "{path}: {answer:?}");
        }
    }
    assert_eq!(head(&stage).await, before, "nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_none_is_granted_nothing() {
    let stage = Scene::build().await.stage().await;
    let before = head(&stage).await;
    // What one does at the door needs no session; a reset link is what lets somebody do it.
    let at_the_door = ["/signup", "/login", "/reset-password/{token}"];
    for wish in wishes().iter().filter(|wish| !at_the_door.contains(&&*wish.template)) {
        for token in ["", "wrong", "\u{e9}", &"x".repeat(43), &"x".repeat(5_000)] {
            let stranger = stage.person(wish.role).with_token(token);
            let answer = stranger.post(&stage.fill(&wish.path), &wish.body(&stage)).await;
            answer.expect_problem(401, "not-logged-in");
        }
    }
    assert_eq!(head(&stage).await, before, "nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_odd_is_refused_or_kept_and_breaks_nothing() {
    let scene = Scene::build().await;
    for wishes in wishes().chunks(16) {
        let mut stage = scene.stage().await;
        for wish in wishes {
            say_odd_things(wish, &stage).await;
        }
        stage.server.restart_checked().await;
        let stage = stage.moved();
        for role in ["administrator", "late", "member", "owner"] {
            for path in ["/state", "/threads", "/mentions", "/people", "/directory", "/saved"] {
                let answer = stage.person(role).get(path).await;
                let last = &wishes[wishes.len() - 1].path;
                assert_eq!(answer.status, 200, "up to {last}: {path} for {role}: {answer:?}");
            }
        }
    }
}

async fn say_odd_things(wish: &Wish, stage: &Stage) {
    let mut before = head(stage).await;
    for field in &wish.fields {
        for value in field.kind.odd() {
            let shown: String = value.to_string().chars().take(60).collect();
            let what = format!("{} with {} {shown}", wish.path, field.name);
            let answer = wish.with(stage, &field.name, Some(value)).await;
            let is_refused = !(200..300).contains(&answer.status);
            assert!(is_refused || field.name != "client_msg_id", "{what}: {answer:?}");
            // That somebody has failed too often is written down.
            let is_still = is_refused && refusal(&what, &answer) != "account-locked";
            let after = head(stage).await;
            assert!(!is_still || after == before, "{what}: refused, and something happened");
            before = after;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_again_after_a_restart_and_as_a_form_happens_once() {
    let scene = Scene::build().await;
    for wish in wishes().into_iter().filter(|wish| wish.field("client_msg_id").is_some()) {
        let mut stage = scene.stage().await;
        let first = wish.with(&stage, "client_msg_id", Some(json!("once"))).await;
        assert!((200..300).contains(&first.status), "{}: {first:?}", wish.path);
        let after = head(&stage).await;
        stage.server.restart().await;
        let stage = stage.moved();
        let again = wish.post_form(&stage, "once").await;
        assert!((200..300).contains(&again.status), "{} again: {again:?}", wish.path);
        assert_ne!(again.status, 201, "{} made something again: {again:?}", wish.path);
        assert_eq!(head(&stage).await, after, "{} happened again", wish.path);
    }
}
