//! What the web client asks, read out of its source, so that the people here cannot fall behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::route::Route;

type Asked = (String, String);

/// What the client asks when it starts, when a channel is opened, and by itself afterwards, is asked in these directories
/// and files; what people order (`sync/commands`) is not.
const DIRECTORIES: [&str; 2] = ["state", "sync"];
const FILES: [&str; 2] =
    ["components/composer/Composer.svelte", "components/composer/readers.svelte.ts"];

/// What these files ask for other reasons, and what nobody here has: each with its reason.
const NOT_ASKED: [(&str, &str, &str); 9] = [
    ("POST", "/logout", "nobody leaves in a run"),
    ("POST", "/mark_unread/*", "seldom, by hand"),
    ("POST", "/mark_all_read", "seldom, by hand"),
    ("POST", "/presence/override", "seldom, by hand"),
    ("GET", "/presence/override", "only by who has chosen how to appear, in another tab"),
    ("GET", "/pins/*", "only for a channel with pins; the seeded ones have none"),
    ("GET", "/message/*", "only for a quote of a message that no page has"),
    ("POST", "/remind", "from a notification, by hand"),
    ("POST", "/reminders/*/done", "from a notification, by hand"),
];

fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/src/lib")
}

/// The files of the path, from `web/src/lib`.
fn path() -> Vec<String> {
    let mut files: Vec<_> = FILES.map(str::to_owned).to_vec();
    for directory in DIRECTORIES {
        for entry in fs::read_dir(web().join(directory)).expect("the client is there") {
            let path = entry.expect("a directory entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            if path.extension().is_some_and(|end| end == "ts") && !name.contains(".test.") {
                files.push(format!("{directory}/{name}"));
            }
        }
    }
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `/messages/${segment(channel)}` is `/messages/*`.
fn pattern(path: &str) -> String {
    let mut rest = path;
    let mut text = String::new();
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        let end = after.find('}').expect("a placeholder ends");
        // What asks for more of the same thing comes after a question mark or as a query of its own.
        text.push_str(if after[..end].contains("query") { "" } else { "*" });
        rest = &after[end + 1..];
    }
    text.push_str(rest);
    text.split('?').next().expect("a first part").to_owned()
}

/// The path at the start of an argument, if it is one: `'/state')`.
fn quoted_path(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '`'))?;
    let inside = &text[1..];
    Some(&inside[..inside.find(quote)?]).filter(|path| path.starts_with('/'))
}

/// Per group and method of `web/src/lib/api` what it asks: `channels.markRead`. A group is a file's.
fn methods() -> BTreeMap<String, BTreeSet<Asked>> {
    let mut methods: BTreeMap<String, BTreeSet<Asked>> = BTreeMap::new();
    let groups = [
        "client",
        "admin-api",
        "channels-api",
        "later-api",
        "messages-api",
        "people-api",
        "threads-api",
    ];
    for group in groups {
        let text = read(&web().join("api").join(format!("{group}.ts")));
        let prefix = group.strip_suffix("-api").map_or(String::new(), |name| format!("{name}."));
        let mut found: Vec<(String, String)> = Vec::new();
        let mut name = String::new();
        for line in text.lines() {
            let method =
                line.strip_prefix("  ").map(|line| line.strip_prefix("async ").unwrap_or(line));
            let method =
                method.filter(|line| line.starts_with(|c: char| c.is_alphabetic() || c == '#'));
            if let Some(end) = method.and_then(|line| line.find(['(', '<'])) {
                name = method.expect("it was found")[..end].to_owned();
                found.push((name.clone(), String::new()));
            }
            if let Some((_, body)) = found.iter_mut().rev().find(|(found, _)| *found == name) {
                body.push_str(line);
                body.push('\n');
            }
        }
        let bodies: BTreeMap<_, _> = found.iter().cloned().collect();
        for (name, body) in &found {
            let mut asked = asked_in(body);
            // A private helper that has the path itself.
            for (helper, text) in bodies.iter().filter(|(helper, _)| helper.starts_with('#')) {
                let call = format!("this.{helper}(");
                if body.contains(&call) {
                    asked.extend(asked_in(text));
                    // What these helpers are given a path for, they post.
                    let paths = body.split(&call).skip(1).filter_map(quoted_path);
                    asked.extend(paths.map(|path| ("POST".to_owned(), pattern(path))));
                }
            }
            methods.entry(format!("{prefix}{name}")).or_default().extend(asked);
        }
    }
    methods
}

fn asked_in(text: &str) -> BTreeSet<Asked> {
    let mut asked = BTreeSet::new();
    for (call, method) in [("get", "GET"), ("read", "GET"), ("post", "POST")] {
        for (at, _) in text.match_indices(&format!("equests.{call}")) {
            let rest = &text[at..];
            let Some(open) = rest.find('(') else { continue };
            let path = quoted_path(&rest[open + 1..]).or_else(|| {
                // The path stands in a variable of its own.
                let begin = text.find("const path = ")? + "const path = ".len();
                quoted_path(&text[begin..])
            });
            asked.extend(path.map(|path| (method.to_owned(), pattern(path))));
        }
    }
    asked
}

/// What a file asks: through the methods, and by itself.
fn asked_by(file: &str, methods: &BTreeMap<String, BTreeSet<Asked>>) -> BTreeSet<Asked> {
    let text = read(&web().join(file));
    let mut asked = asked_in(&text);
    for (method, routes) in methods {
        // `api.state(`, and `this.channels.members(` where only the group was handed on.
        let call = if method.contains('.') { "." } else { "api." };
        if text.contains(&format!("{call}{method}(")) {
            asked.extend(routes.iter().cloned());
        }
    }
    for (at, _) in text.match_indices("connect(`") {
        let path = quoted_path(&text[at + "connect(".len()..]);
        asked.extend(path.map(|path| ("GET".to_owned(), pattern(path))));
    }
    asked
}

#[test]
fn the_people_ask_what_the_client_asks_when_it_starts_and_when_a_channel_is_opened() {
    let methods = methods();
    assert!(methods.len() > 60, "only {} methods of the client were found", methods.len());
    let ours: BTreeSet<_> = Route::ALL.iter().map(|route| route.pattern()).collect();
    let left: BTreeSet<_> = NOT_ASKED.iter().map(|(method, path, _)| (*method, *path)).collect();
    let (mut all, mut missing) = (BTreeSet::new(), Vec::new());
    for file in path() {
        for (method, path) in asked_by(&file, &methods) {
            let asked = (method.as_str(), path.as_str());
            if !ours.contains(&asked) && !left.contains(&asked) {
                missing.push(format!("{file} asks {method} {path}"));
            }
            all.insert((method, path));
        }
    }
    assert!(
        missing.is_empty(),
        "nobody in crates/bench/src/people does what\n{}",
        missing.join("\n")
    );
    for (method, path) in [
        ("GET", "/state"),
        ("GET", "/events"),
        ("GET", "/messages/*"),
        ("POST", "/mark_read/*"),
        ("GET", "/read_markers/*"),
        ("POST", "/viewing"),
        ("GET", "/threads"),
        ("POST", "/typing/*"),
    ] {
        let asked = (method.to_owned(), path.to_owned());
        assert!(
            all.contains(&asked),
            "{method} {path} was not found in the client, so nothing is compared"
        );
    }
}

#[test]
fn nobody_asks_what_the_client_does_not_know() {
    let methods = methods();
    let mut known: BTreeSet<Asked> = methods.into_values().flatten().collect();
    known.extend(asked_by("sync/relay-ports.ts", &BTreeMap::new()));
    known.extend(asked_by("sync/stream.ts", &BTreeMap::new()));
    for route in Route::ALL {
        let (method, path) = route.pattern();
        assert!(known.contains(&(method.to_owned(), path.to_owned())), "{method} {path}");
    }
}
