//! The table of limits in docs/security.md: every row names a test that is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Of each row what it limits, and the file and the name of its test.
fn rows() -> Vec<(String, String, String)> {
    let text = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let table = text.split("\n## Limits\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let lines = table.lines().filter(|line| line.starts_with("| ")).skip(2);
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{line}");
        let test: Vec<_> = cells[3].split('`').filter(|part| !part.trim().is_empty()).collect();
        assert_eq!(test.len(), 2, "{line}");
        (cells[0].to_owned(), test[0].to_owned(), test[1].to_owned())
    };
    lines.map(row).collect()
}

#[test]
fn every_limit_has_the_test_that_its_row_names() {
    let rows = rows();
    assert!(rows.len() > 30, "{}", rows.len());
    let mut limits = BTreeSet::new();
    for (limit, file, test) in rows {
        let source = fs::read_to_string(root().join(&file)).unwrap_or_default();
        let is_there = source.contains(&format!("fn {test}()"));
        assert!(is_there, "{limit}: there is no {test} in {file}");
        assert!(limits.insert(limit.clone()), "{limit} stands there twice");
    }
}

/// The numbers that the rules know, each in the file of its noun: whoever adds one adds a row.
#[test]
fn every_limit_of_the_rules_has_a_row() {
    let files: BTreeSet<_> = rows().into_iter().map(|(_, file, _)| module(&file)).collect();
    let mut found = 0;
    for path in sources(&root().join("crates/chat/src")) {
        let source = fs::read_to_string(&path).unwrap();
        let limits = source.lines().filter(|line| {
            line.starts_with("pub const ") && line.split(':').next().unwrap().ends_with("_MAX")
        });
        let count = limits.count();
        found += count;
        let path = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        // How many participants a thread shows is no limit of what somebody can make.
        let is_shown = count == 0 || path.ends_with("thread/mod.rs");
        assert!(is_shown || files.contains(&module(&path)), "no row names a test of {path}");
    }
    assert!(found > 25, "{found}");
}

/// `channel` of `crates/chat/src/channel/tests.rs` and of `crates/chat/src/channel.rs`.
fn module(path: &str) -> String {
    let path = path.strip_prefix("crates/chat/src/").unwrap_or(path);
    let name = path.split('/').next().unwrap();
    name.trim_end_matches(".rs").to_owned()
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}
