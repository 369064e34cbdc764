//! The access matrix: who gets what, for every route and every kind of event.
//!
//! The expected answers stand in `testdata/access/routes.tsv` and `events.tsv`, for people to read. A route that is not
//! in the first, or a kind that is not in the second, fails. Whatever the table says, no answer shows an outsider a word
//! of the private channel, or a late joiner a word from before their time.
//!
//! `looks` asks every reading route around every kind of event: who must not see it finds nothing changed, and after a
//! restart and with files made anew everybody finds the same. `every_wish` takes the table of routes for bad input.

mod events;
mod looks;
mod routes;
mod scene;

pub use routes::{Row, rows};
pub use scene::{ROLES, Scene, Stage};

use std::path::PathBuf;

/// A table of `testdata/access`: its header and its rows, comments and empty lines left out.
fn table(name: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/access");
    let path = PathBuf::from(path).join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let cells = |line: &str| line.split('\t').map(|cell| cell.trim().to_owned()).collect();
    let mut rows: Vec<Vec<String>> = lines.map(cells).collect();
    let header = rows.remove(0);
    for row in &rows {
        assert_eq!(row.len(), header.len(), "{name}: {row:?}");
    }
    (header, rows)
}
