//! The rules of the house that the compiler cannot say: who may import what, sizes, words, and maps that tell the truth.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace is there")
}

/// A source file by its path from the workspace's root, with `/` on every system.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The text without its `mod tests`, which stands last by custom.
    fn code(&self) -> &str {
        self.text.split("\n#[cfg(test)]").next().unwrap_or(&self.text)
    }

    /// Lines of code without comments, numbered from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.code().lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn sources(below: &str, endings: &[&str]) -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    let mut waiting = vec![root.join(below)];
    while let Some(dir) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        for entry in entries {
            let path = entry.expect("a directory entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "node_modules" | "dist" | "target") {
                    waiting.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).expect("source files are UTF-8");
                let path = path.strip_prefix(&root).expect("below the root");
                found.push(Source { path: path.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no {endings:?} below {below}: the check would check nothing");
    found
}

fn report(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}:\n{}", offences.join("\n"));
}

const SERVER: &str = "crates/minimost/src/";

/// Module, what it must never name. ARCHITECTURE.md says why.
const NEVER: &[(&str, &[&str])] = &[
    ("projection", &["crate::api", "crate::live", "crate::write", "axum::"]),
    (
        "live",
        &["crate::api", "crate::write", "crate::projection", "crate::auth", "axum::", "rusqlite"],
    ),
    (
        "write",
        &["crate::api", "crate::live", "crate::projection", "crate::auth", "axum::", "rusqlite"],
    ),
    (
        "reading",
        &["crate::api", "crate::live", "crate::write", "crate::projection", "axum::", "rusqlite"],
    ),
    ("auth", &["crate::api", "crate::live", "crate::projection", "axum::", "rusqlite"]),
    ("api", &["rusqlite", "eventlog::", "crate::boot", "crate::cli"]),
    ("fold", &["crate::api", "crate::live", "crate::write", "crate::projection", "rusqlite"]),
    (
        "wire",
        &["crate::api", "crate::live", "crate::write", "crate::projection", "rusqlite", "axum::"],
    ),
];

#[test]
fn no_arrow_points_back() {
    let mut offences = Vec::new();
    for source in sources(SERVER, &[".rs"]) {
        let inside = source.path.trim_start_matches(SERVER);
        let module = inside.split(['/', '.']).next().expect("a module");
        let Some((_, never)) = NEVER.iter().find(|(name, _)| *name == module) else { continue };
        for (at, line) in source.lines() {
            for word in never.iter().filter(|word| line.contains(*word)) {
                offences.push(format!("{}:{at}: {module} names {word}", source.path));
            }
        }
    }
    report("an import that ARCHITECTURE.md forbids", &offences);
}

#[test]
fn the_rules_are_pure() {
    let banned = [
        "tokio",
        "rusqlite",
        "axum",
        "tracing",
        "SystemTime",
        "Instant",
        "std::fs",
        "std::env",
        "rand::",
    ];
    let mut offences = Vec::new();
    for source in sources("crates/chat/src/", &[".rs"]) {
        for (at, line) in source.lines() {
            for word in banned.iter().filter(|word| line.contains(*word)) {
                offences.push(format!("{}:{at}: chat names {word}", source.path));
            }
        }
    }
    report("chat does no I/O, has no clock and no chance", &offences);
}

/// What only one place may do: the words, and the paths where they may stand.
const MONOPOLIES: &[(&str, &[&str])] = &[
    (
        "rusqlite",
        &[
            "crates/eventlog/src/sqlite",
            "crates/eventlog/src/error.rs",
            "crates/minimost/src/projection/",
        ],
    ),
    ("axum::", &["crates/minimost/src/api/"]),
    ("SystemTime::now", &["crates/minimost/src/clock.rs"]),
    ("StatusCode::INTERNAL_SERVER_ERROR", &["crates/minimost/src/api/problem.rs"]),
    ("StatusCode::BAD_REQUEST", &["crates/minimost/src/api/problem.rs"]),
    ("StatusCode::FORBIDDEN", &["crates/minimost/src/api/problem.rs"]),
    ("StatusCode::NOT_FOUND", &["crates/minimost/src/api/problem.rs"]),
    ("StatusCode::UNAUTHORIZED", &["crates/minimost/src/api/problem.rs"]),
    (".append(", &["crates/eventlog/src/", "crates/minimost/src/write"]),
];

#[test]
fn each_monopoly_has_one_owner() {
    let mut offences = Vec::new();
    for source in
        [sources(SERVER, &[".rs"]), sources("crates/eventlog/src/", &[".rs"])].concat_sources()
    {
        for (at, line) in source.lines() {
            for (word, owners) in MONOPOLIES {
                let owned = owners.iter().any(|owner| source.path.starts_with(owner));
                if line.contains(word) && !owned && !line.contains("Vec") {
                    offences.push(format!("{}:{at}: {word} belongs to {owners:?}", source.path));
                }
            }
        }
    }
    report("a monopoly is broken", &offences);
}

trait ConcatSources {
    fn concat_sources(self) -> Vec<Source>;
}

impl ConcatSources for [Vec<Source>; 2] {
    fn concat_sources(self) -> Vec<Source> {
        self.into_iter().flatten().collect()
    }
}

/// Files past the stop, each with its reason. Shrinks over time.
const LONG_FILES: &[(&str, &str)] = &[];

#[test]
fn no_file_has_outgrown_its_reader() {
    let limits = [("crates", ".rs", 600), ("web/src", ".svelte", 300), ("web/src", ".ts", 400)];
    let mut offences = Vec::new();
    for (below, ending, lines_max) in limits {
        for source in sources(below, &[ending]) {
            let lines = source.code().lines().count();
            if lines > lines_max && !LONG_FILES.iter().any(|(path, _)| *path == source.path) {
                offences.push(format!("{}: {lines} lines, at most {lines_max}", source.path));
            }
        }
    }
    report("split by a trait of the noun", &offences);
}

#[test]
fn nothing_unfinished_is_committed() {
    // Spelled in two parts so that this file does not find itself.
    let banned = [
        concat!("FIX", "ME"),
        concat!("TO", "DO"),
        concat!("dbg", "!("),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("#[ig", "nore"),
    ];
    let mut offences = Vec::new();
    for source in sources("crates", &[".rs", ".sql"]) {
        for (at, line) in source.text.lines().enumerate() {
            for word in banned.iter().filter(|word| line.contains(*word)) {
                offences.push(format!("{}:{}: {word}", source.path, at + 1));
            }
        }
    }
    for source in sources("web/src", &[".ts", ".svelte"]) {
        for (at, line) in source.text.lines().enumerate() {
            let words = [
                concat!("FIX", "ME"),
                concat!("TO", "DO"),
                concat!(".on", "ly("),
                concat!(".sk", "ip("),
            ];
            for word in words.iter().filter(|word| line.contains(*word)) {
                offences.push(format!("{}:{}: {word}", source.path, at + 1));
            }
        }
    }
    report("finish it, or open an issue and leave it out", &offences);
}

#[test]
fn tests_wait_for_facts_and_never_for_time() {
    let mut offences = Vec::new();
    let word = concat!("sle", "ep(");
    for source in sources("crates/minimost/tests/it/", &[".rs"]) {
        for (at, line) in source.text.lines().enumerate() {
            if line.contains(word) {
                offences.push(format!("{}:{}: {}", source.path, at + 1, line.trim()));
            }
        }
    }
    report("wait for a seq, an event or a condition", &offences);
}

#[test]
fn the_client_never_makes_markup_of_text_and_fetches_in_one_place() {
    let mut offences = Vec::new();
    for source in sources("web/src", &[".svelte", ".ts"]) {
        for (at, line) in source.text.lines().enumerate() {
            if line.contains("{@html") || line.contains("innerHTML") {
                offences.push(format!("{}:{}: markup from text", source.path, at + 1));
            }
            let fetches = line.contains(" fetch(") || line.contains("window.fetch");
            let may =
                source.path.starts_with("web/src/lib/api/") || source.path.ends_with(".test.ts");
            if fetches && !may {
                offences.push(format!("{}:{}: fetch belongs to lib/api", source.path, at + 1));
            }
        }
    }
    report("the client", &offences);
}

#[test]
fn the_map_is_short_and_every_path_on_it_exists() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let mut offences = Vec::new();
    if map.lines().count() > 250 {
        offences.push(format!("ARCHITECTURE.md has {} lines, at most 250", map.lines().count()));
    }
    let mut paths = 0;
    for word in map.split('`').skip(1).step_by(2) {
        let is_path =
            ["crates/", "web/", "docs/", "testdata/"].iter().any(|start| word.starts_with(start));
        if !is_path || word.contains(['*', '<', ' ']) {
            continue;
        }
        paths += 1;
        if !root().join(word).exists() {
            offences.push(format!("ARCHITECTURE.md names {word}, which is not there"));
        }
    }
    assert!(paths > 10, "the map names only {paths} paths: it cannot be checked");
    report("the map", &offences);
}
