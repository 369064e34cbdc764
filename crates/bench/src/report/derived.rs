//! What follows from rows of several suites: how a cost grows with people, and ours beside the limit and the original.

use super::Row;
use super::document::{newest_cells, newest_run};

/// The suite of the costs of people, before its label.
const COSTS: &str = "people-cost-";

/// What each person costs.
const EACH: &str = "µs/s each person";

/// The same without what is delivered to them.
const APART: &str = "µs/s each";

/// A suite's cells with their growth: a cost by that of the fewest people who did the same.
pub fn with_growth(rows: &[Row], suite: &str) -> Vec<Row> {
    let found = newest_cells(rows, suite);
    if !suite.starts_with(COSTS) {
        return found;
    }
    let growth = |row: &Row, column: &str| {
        let same = |other: &&Row| {
            ["messages", "how"].iter().all(|it| other.cell(it) == row.cell(it))
                && other.number(column).is_some()
        };
        // The cells are sorted by people.
        let fewest = found.iter().find(same).filter(|fewest| *fewest != row)?;
        Some(row.number(column)? / fewest.number(column)?)
    };
    let grown = |row: &Row| {
        let mut grown = row.clone();
        for (column, name) in [(EACH, "growth"), (APART, "its growth")] {
            if let Some(at) = row.cells.iter().position(|(name, _)| name == column) {
                let at = at + grown.cells.len() - row.cells.len() + 1;
                grown.cells.insert(at, (name.to_owned(), growth(row, column).into()));
            }
        }
        grown
    };
    found.iter().map(grown).collect()
}

/// One line of the ratios: a figure of ours by another one.
struct Ratio {
    what: &'static str,
    ours: Figure,
    by: &'static str,
    other: Figure,
}

/// A figure by its suite, a cell that its row has, and its column.
type Figure = (&'static str, &'static [(&'static str, f64)], &'static str);

const ONE: &[(&str, f64)] = &[("senders", 1.0), ("accounts", 5.0)];
const SIXTEEN: &[(&str, f64)] = &[("senders", 16.0), ("accounts", 5.0)];
const SIXTY_FOUR: &[(&str, f64)] = &[("senders", 64.0), ("accounts", 5.0)];
const HUNDRED_SCREENS: &[(&str, f64)] = &[("streams", 100.0)];
const SQLITE: &str = "bare SQLite";
const ORIGINAL: &str = "the original";

const RATIOS: [Ratio; 7] = [
    Ratio {
        what: "CPU of a send, one sender",
        ours: ("sends", ONE, "CPU µs/send"),
        by: SQLITE,
        other: ("sends", ONE, "SQLite µs"),
    },
    Ratio {
        what: "CPU of a send, 64 senders",
        ours: ("sends", SIXTY_FOUR, "CPU µs/send"),
        by: SQLITE,
        other: ("sends", SIXTY_FOUR, "SQLite µs"),
    },
    Ratio {
        what: "sends a second, 64 senders",
        ours: ("sends", SIXTY_FOUR, "sends/s"),
        by: SQLITE,
        other: ("sends", SIXTY_FOUR, "SQLite alone/s"),
    },
    Ratio {
        what: "CPU of a delivery, 100 screens, 10 messages a second",
        ours: ("streams", HUNDRED_SCREENS, "CPU µs/delivery"),
        by: "a bare broadcast",
        other: ("streams", HUNDRED_SCREENS, "bare µs"),
    },
    Ratio {
        what: "CPU of a send, 16 senders",
        ours: ("sends", SIXTEEN, "CPU µs/send"),
        by: ORIGINAL,
        other: ("original", &[("senders", 16.0)], "CPU µs/send"),
    },
    Ratio {
        what: "sends a second, 16 senders",
        ours: ("sends", SIXTEEN, "sends/s"),
        by: ORIGINAL,
        other: ("original", &[("senders", 16.0)], "sends/s"),
    },
    Ratio {
        what: "CPU of a delivery, 100 screens, 10 and 5 messages a second",
        ours: ("streams", HUNDRED_SCREENS, "CPU µs/delivery"),
        by: ORIGINAL,
        other: ("original", HUNDRED_SCREENS, "CPU µs/delivery"),
    },
];

/// Ours beside the limit of the machine and beside the original, as far as both were measured.
pub fn ratios(rows: &[Row]) -> Vec<Row> {
    let figure = |(suite, cell, column): Figure| {
        let newest = newest_run(rows, suite);
        let fits = |row: &&Row| {
            cell.iter().all(|(name, value)| row.number(name) == Some(*value))
                && row.number(column).is_some()
        };
        newest.iter().find(fits)?.number(column)
    };
    let ratio = |ratio: &Ratio| {
        let (ours, other) = (figure(ratio.ours)?, figure(ratio.other)?);
        let row = Row::new("ratios").with("what", ratio.what).with("ours", ours);
        Some(row.with("beside", ratio.by).with("its", other).with("ours by its", ours / other))
    };
    RATIOS.iter().filter_map(ratio).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(people: u64, how: &str, each: f64) -> Row {
        let row = Row::new("people-cost-after").with("people", people).with("messages", 1_u64);
        row.with("how", how).with(EACH, each).with(APART, "").with("requests/s", 1_u64)
    }

    #[test]
    fn a_cost_grows_from_that_of_the_fewest_who_do_the_same() {
        let rows = [cost(5_000, "warm", 30.0), cost(200, "warm", 20.0), cost(200, "cold", 99.0)];
        let grown = with_growth(&rows, "people-cost-after");
        let growth: Vec<_> = grown.iter().map(|row| row.number("growth")).collect();
        assert_eq!(growth, [None, None, Some(1.5)]);
        let columns: Vec<_> = grown[2].cells.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(columns[3..], [EACH, "growth", APART, "its growth", "requests/s"]);
    }

    #[test]
    fn a_ratio_needs_both_figures() {
        let sends = Row::new("sends").with("senders", 64_u64).with("accounts", 5_u64);
        let sends = sends.with("CPU µs/send", 36.0).with("SQLite µs", 4.0);
        let found = ratios(&[sends.with("sends/s", 25_000_u64)]);
        let [found] = &found[..] else { panic!("one of them: {found:?}") };
        assert_eq!(found.number("ours by its"), Some(9.0));
    }
}
