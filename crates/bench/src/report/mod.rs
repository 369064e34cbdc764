//! What was measured: rows of named cells, shown as a table, kept as JSON lines, and put into docs/performance.md.
//!
//! Flow: a suite adds a [`Row`] to a [`Report`]; `bench report` reads the lines back and fills the document's tables, so
//! that no figure is typed by hand.

mod cell;
mod derived;
mod document;
mod drawing;
mod table;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

pub use cell::Value;
pub use document::fill;

/// One line of one suite's table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Which table it belongs to.
    pub suite: String,
    /// Column and value, in the order in which they are shown.
    pub cells: Vec<(String, Value)>,
}

impl Row {
    /// A row without cells.
    pub fn new(suite: &str) -> Row {
        Row { suite: suite.to_owned(), cells: Vec::new() }
    }

    /// Adds a cell; the column's name carries the unit.
    #[must_use]
    pub fn with(mut self, column: &str, value: impl Into<Value>) -> Row {
        self.cells.push((column.to_owned(), value.into()));
        self
    }

    /// Adds the aim, and whether every figure of it was reached. Without figures there is no aim for this row.
    #[must_use]
    pub fn with_aims(self, aims: &[Aim]) -> Row {
        let text = aims.iter().map(Aim::text).collect::<Vec<_>>().join("; ");
        let met = match aims {
            [] => "",
            _ if aims.iter().all(Aim::is_met) => "yes",
            _ => "no",
        };
        self.with("aim", text).with("met", met)
    }

    /// The value of a column.
    fn cell(&self, column: &str) -> Option<&Value> {
        self.cells.iter().find(|(name, _)| name == column).map(|(_, value)| value)
    }

    /// The value of a column that is a figure.
    fn number(&self, column: &str) -> Option<f64> {
        match self.cell(column)? {
            Value::Number(number) => Some(*number),
            Value::Text(_) => None,
        }
    }
}

/// A figure that we want to reach.
pub enum Aim {
    /// At least this much of a unit.
    AtLeast(f64, &'static str, f64),
    /// At most this much of a unit.
    AtMost(f64, &'static str, Option<f64>),
}

impl Aim {
    fn text(&self) -> String {
        match self {
            Aim::AtLeast(bound, unit, _) => format!("≥ {} {unit}", Value::from(*bound)),
            Aim::AtMost(bound, unit, _) => format!("≤ {} {unit}", Value::from(*bound)),
        }
    }

    fn is_met(&self) -> bool {
        match self {
            Aim::AtLeast(bound, _, reached) => reached >= bound,
            Aim::AtMost(bound, _, reached) => reached.is_some_and(|reached| reached <= *bound),
        }
    }
}

/// Where rows go: the terminal, and a file of JSON lines when one was asked for.
pub struct Report {
    rows: Vec<Row>,
    json: Option<File>,
}

impl Report {
    /// Appends to `json`, so that suites run one by one add up to one document.
    pub fn open(json: Option<&Path>) -> anyhow::Result<Report> {
        let open = |path: &Path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.with_context(|| format!("cannot write {}", path.display()))
        };
        Ok(Report { rows: Vec::new(), json: json.map(open).transpose()? })
    }

    /// Adds a row, and shows it on standard error while the suite goes on.
    pub fn add(&mut self, row: Row) -> anyhow::Result<()> {
        let cells = row.cells.iter().filter(|(_, value)| !value.is_empty());
        let cells: Vec<_> = cells.map(|(column, value)| format!("{column} {value}")).collect();
        note(&format!("{}: {}", row.suite, cells.join(", ")));
        if let Some(file) = &mut self.json {
            writeln!(file, "{}", serde_json::to_string(&row)?)?;
        }
        self.rows.push(row);
        Ok(())
    }

    /// Shows what was added since the last call as aligned tables on standard output.
    pub fn show(&mut self) -> anyhow::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let mut out = io::stdout().lock();
        for table in table::tables(&rows) {
            writeln!(out, "\n{}\n{}", table.suite, table.aligned())?;
        }
        Ok(())
    }
}

/// Says on standard error what is going on.
pub fn note(text: &str) {
    // Progress that cannot be shown does not change what is measured.
    let _ = writeln!(io::stderr(), "{text}");
}
