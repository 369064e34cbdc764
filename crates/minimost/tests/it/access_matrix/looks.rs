//! What everybody finds, wherever they look, around every kind of event: every reading route of `routes.tsv`, and the
//! mailbox files.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::events::{self, LISTENERS};
use super::routes;
use super::scene::{Scene, Stage};
use crate::support::files_with;

/// Nobody hears of these, and nobody finds anything.
const SILENT: [&str; 7] = [
    "PasswordSet",
    "AccountLocked",
    "SessionOpened",
    "SessionClosed",
    "SessionsForgotten",
    "PasswordResetCreated",
    "PasswordResetEnded",
];

/// After these something else cannot happen any more.
const ENDINGS: [&str; 5] =
    ["PasswordSet", "AccountLocked", "SessionClosed", "MessageDeleted", "ThreadFollowed"];

/// What passes (who is there, who types), streams, and what tells of the server itself or of its files' sizes.
const PASSING: [&str; 11] = [
    "/logout",
    "/events",
    "/online_users",
    "/presence/override",
    "/typing/{channel}",
    "/openapi.json",
    "/healthz",
    "/problems/{slug}",
    "/emoji",
    "/admin/people",
    "/admin/log",
];

/// What one person finds, by where they look.
type Look = BTreeMap<String, Value>;

/// Everything that somebody finds.
async fn look(stage: &Stage, role: &str) -> Look {
    let reads =
        |row: &routes::Row| row.method == Method::GET && !PASSING.contains(&row.template.as_str());
    let paths = routes::rows().into_iter().filter(reads).map(|row| row.path);
    let find = async |path: String| {
        let answer = stage.person(role).get(&stage.fill(&path)).await;
        let mut body = answer.json();
        for passing in ["instance", "presence", "override"] {
            body.as_object_mut().and_then(|body| body.remove(passing));
        }
        (path, json!([answer.status, body]))
    };
    join_all(paths.map(find)).await.into_iter().collect()
}

/// Where somebody finds something else than before.
fn changed(before: &Look, after: &Look) -> Vec<String> {
    before.keys().filter(|path| before[*path] != after[*path]).cloned().collect()
}

/// Whose mailboxes have this text.
async fn holders(stage: &Stage, text: &str) -> BTreeSet<String> {
    stage.server.app().mailboxes.drain().await.unwrap();
    let files = files_with(&stage.server.data_dir().join("users"), text);
    files.iter().map(|file| file.split('.').next().unwrap().to_owned()).collect()
}

/// Whether somebody must find nothing of it. What an administrator keeps is the administrator's to see; a late joiner
/// sees who of the others has read what, but nothing of what is old.
fn must_not_see(row: &events::Row, at: usize) -> bool {
    let is_silent_for = match LISTENERS[at] {
        "outsider" | "former" => true,
        "administrator" => !row.kind.starts_with("Invite"),
        "late" => row.about.contains("old"),
        _ => false,
    };
    row.heard[at] == "-" && is_silent_for
}

/// The looks of some roles.
async fn looks(stage: &Stage, roles: &[&str]) -> Vec<Look> {
    join_all(roles.iter().map(|role| look(stage, role))).await
}

/// The scene, in which everybody has looked, so that their mailboxes have to follow; and what they found.
async fn looked_at() -> (Scene, BTreeMap<&'static str, Look>) {
    let scene = Scene::build().await;
    let mut stage = scene.stage().await;
    let found = LISTENERS.into_iter().zip(looks(&stage, &LISTENERS).await).collect();
    stage.server.stop().await;
    (scene.after(&stage), found)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_for_somebody_changes_nothing_wherever_they_look() {
    let (scene, before) = looked_at().await;
    let mut offences = Vec::new();
    for row in events::rows() {
        let what = format!("{} {}", row.kind, row.about);
        let blind = (0..LISTENERS.len()).filter(|at| must_not_see(&row, *at));
        let blind: Vec<_> = blind.map(|at| LISTENERS[at]).collect();
        if blind.is_empty() {
            continue;
        }
        let stage = scene.stage().await;
        events::happen(&stage, &row.kind, &row.about).await;
        for (role, after) in blind.iter().zip(looks(&stage, &blind).await) {
            for place in changed(&before[role], &after) {
                offences.push(format!("{what}: {role} finds {} at {place}", after[&place]));
            }
        }
        let seeing = if row.kind.starts_with("Invite") { "administrator" } else { "member" };
        let is_found = look(&stage, seeing).await != before[seeing];
        if is_found == SILENT.contains(&row.kind.as_str()) {
            offences.push(format!("{what}: {seeing} finds it: {is_found}"));
        }
        let secret = holders(&stage, "secret-").await;
        let outside = ["mallory", "dave", "alice"].into_iter().any(|name| secret.contains(name));
        let is_late = holders(&stage, "secret-old").await.contains("carol");
        if !secret.contains("bob") || outside || is_late {
            offences.push(format!("{what}: in the files of {secret:?}, old in carol's: {is_late}"));
        }
    }
    assert!(offences.is_empty(), "{} offences:\n{}", offences.len(), offences.join("\n"));
}

/// Restarts on files made anew, and tells who finds something else afterwards.
async fn survive(stage: Stage, what: &str, offences: &mut Vec<String>) -> Stage {
    let before = looks(&stage, &LISTENERS).await;
    let stage = stage.made_anew().await;
    let after = looks(&stage, &LISTENERS).await;
    for ((role, before), after) in LISTENERS.into_iter().zip(&before).zip(&after) {
        for place in changed(before, after) {
            let found = (&before[&place], &after[&place]);
            offences.push(format!("{what}: {role} at {place}: {found:?}"));
        }
    }
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happened_everybody_finds_it_after_a_restart_and_in_files_made_anew() {
    let (scene, _) = looked_at().await;
    let mut offences = Vec::new();
    let mut stage = scene.stage().await;
    for (at, row) in events::rows().into_iter().enumerate() {
        if ENDINGS.contains(&row.kind.as_str()) {
            let alone = scene.stage().await;
            events::happen(&alone, &row.kind, &row.about).await;
            survive(alone, &row.kind, &mut offences).await;
            continue;
        }
        events::happen(&stage, &row.kind, &row.about).await;
        if at % 8 == 7 {
            stage = survive(stage, &format!("up to {}", row.kind), &mut offences).await;
        }
    }
    survive(stage, "all of it", &mut offences).await;
    assert!(offences.is_empty(), "{} offences:\n{}", offences.len(), offences.join("\n"));
}
