//! Filling docs/performance.md: what stands between `<!-- bench:<suite> -->` and `<!-- bench:end -->` is ours.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use super::{Row, Value, derived, drawing, table};

const END: &str = "<!-- bench:end -->";

/// The suite that every run begins with.
const MACHINE: &str = "machine";

/// Suites whose cells may be measured one by one: what comes first in a row says which cell it is.
const CELLS: &str = "people";
const CELL_COLUMNS: usize = 3;

/// The table that is no suite's: its figures are of several.
const RATIOS: &str = "ratios";

/// Puts every suite's newest run in the JSON lines into the document's marked places.
pub fn fill(json: &Path, document: &Path) -> anyhow::Result<()> {
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let rows = read(json)?.lines().map(serde_json::from_str).collect::<Result<Vec<Row>, _>>()?;
    let write = |path: &Path, text: String| {
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    if let Some(drawing) = drawing::cost_against_people(&rows) {
        write(&document.with_file_name("performance-people.svg"), drawing)?;
    }
    write(document, filled(&read(document)?, &rows)?)
}

fn filled(document: &str, rows: &[Row]) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut rest = document;
    while let Some((before, after)) = rest.split_once("<!-- bench:") {
        let Some((suite, after)) = after.split_once(" -->") else { bail!("a mark without end") };
        let Some((old, after)) = after.split_once(END) else { bail!("{suite} has no end mark") };
        let of_suite = match suite {
            RATIOS => derived::ratios(rows),
            cells if cells.starts_with(CELLS) => derived::with_growth(rows, cells),
            run => newest_run(rows, run),
        };
        text.extend([before, "<!-- bench:", suite, " -->"]);
        if of_suite.is_empty() {
            text.push_str(old);
        } else {
            let tables: Vec<_> =
                table::tables(&of_suite).iter().map(table::Table::markdown).collect();
            text.extend(["\n\n", tables.join("\n").as_str(), "\n"]);
        }
        text.push_str(END);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// A suite's rows in the last run that had it; each run begins with the machine's row.
pub fn newest_run(rows: &[Row], suite: &str) -> Vec<Row> {
    let mut of_suite = Vec::new();
    for run in rows.chunk_by(|_, row| row.suite != MACHINE) {
        let found: Vec<_> = run.iter().filter(|row| row.suite == suite).cloned().collect();
        if !found.is_empty() {
            of_suite = found;
        }
    }
    of_suite
}

/// The newest row of each cell of a suite, the smaller ones first.
pub fn newest_cells(rows: &[Row], suite: &str) -> Vec<Row> {
    let cell = |row: &Row| row.cells.iter().take(CELL_COLUMNS).cloned().collect::<Vec<_>>();
    let mut found: Vec<Row> = Vec::new();
    for row in rows.iter().filter(|row| row.suite == suite) {
        match found.iter_mut().find(|other| cell(other) == cell(row)) {
            Some(older) => *older = row.clone(),
            None => found.push(row.clone()),
        }
    }
    let size = |row: &Row, at: usize| match row.cells.get(at) {
        Some((_, Value::Number(number))) => *number,
        _ => 0.0,
    };
    // By stored messages, then by people.
    found.sort_by(|a, b| size(a, 1).total_cmp(&size(b, 1)).then(size(a, 0).total_cmp(&size(b, 0))));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marked_places_change() {
        let document = "# A\n\n<!-- bench:sends -->old<!-- bench:end -->\n\nB\n<!-- bench:idle -->kept<!-- bench:end -->\n";
        let rows = [Row::new("sends").with("n", 1_u64)];
        let expected = "# A\n\n<!-- bench:sends -->\n\n|   n |\n| --: |\n|   1 |\n\n<!-- bench:end -->\n\nB\n\
                        <!-- bench:idle -->kept<!-- bench:end -->\n";
        assert_eq!(filled(document, &rows).expect("the marks are whole"), expected);
    }

    #[test]
    fn cells_that_were_measured_one_by_one_stand_together() {
        let row = |people: u64, errors: u64| {
            let row = Row::new("people-now").with("people", people).with("messages", 1_u64);
            row.with("how", "cold").with("errors", errors)
        };
        let rows = [row(2_000, 7), Row::new("machine"), row(200, 0), row(2_000, 1)];
        let shown = newest_cells(&rows, "people-now");
        assert_eq!(shown, [row(200, 0), row(2_000, 1)]);
    }

    #[test]
    fn a_suite_that_was_repeated_shows_its_newest_run() {
        let row = |suite: &str, n: u64| Row::new(suite).with("n", n);
        let rows = [
            row("machine", 1),
            row("sends", 1),
            row("idle", 1),
            row("machine", 2),
            row("sends", 2),
            row("sends", 3),
        ];
        let shown = |suite: &str| -> Vec<_> {
            newest_run(&rows, suite).iter().map(|row| row.cells[0].1.to_string()).collect()
        };
        assert_eq!(shown("sends"), ["2", "3"]);
        assert_eq!(shown("idle"), ["1"]);
    }
}
