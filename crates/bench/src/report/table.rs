//! Rows of one suite as a table, for a terminal and for Markdown.

use super::Row;

/// The rows of one suite that share their columns.
pub struct Table {
    pub suite: String,
    columns: Vec<String>,
    lines: Vec<Vec<String>>,
}

/// One table per suite and set of columns, in the order in which they first appear.
pub fn tables(rows: &[Row]) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for row in rows {
        let columns: Vec<_> = row.cells.iter().map(|(column, _)| column.clone()).collect();
        let line = row.cells.iter().map(|(_, value)| value.to_string()).collect();
        let fits = |table: &&mut Table| table.suite == row.suite && table.columns == columns;
        match tables.iter_mut().find(fits) {
            Some(table) => table.lines.push(line),
            None => tables.push(Table { suite: row.suite.clone(), columns, lines: vec![line] }),
        }
    }
    tables
}

impl Table {
    /// Columns as wide as their widest value, for a terminal.
    pub fn aligned(&self) -> String {
        let widths = self.widths();
        let mut text = padded(&self.columns, &widths).join("  ").trim_end().to_owned();
        for line in &self.lines {
            text.push('\n');
            text.push_str(padded(line, &widths).join("  ").trim_end());
        }
        text
    }

    /// A Markdown table that is aligned in its source too.
    pub fn markdown(&self) -> String {
        let widths = self.widths();
        let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = row(padded(&self.columns, &widths));
        text.push_str(&row(widths
            .iter()
            .map(|width| format!("{}:", "-".repeat(width.max(&3) - 1)))
            .collect()));
        for line in &self.lines {
            text.push_str(&row(padded(line, &widths)));
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let width = |at: usize| {
            let cells = self.lines.iter().map(|line| line[at].chars().count());
            cells.chain([self.columns[at].chars().count(), 3]).max().expect("a column has a name")
        };
        (0..self.columns.len()).map(width).collect()
    }
}

fn padded(cells: &[String], widths: &[usize]) -> Vec<String> {
    cells.iter().zip(widths).map(|(cell, width)| format!("{cell:>width$}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_suite_line_up() {
        let rows = [
            Row::new("sends").with("senders", 1_u64).with("sends/s", 1234.5),
            Row::new("sends").with("senders", 64_u64).with("sends/s", 12.5),
        ];
        let tables = tables(&rows);
        assert_eq!(tables.len(), 1);
        assert_eq!(tables[0].aligned(), "senders  sends/s\n      1    1,234\n     64     12.5");
        let markdown = "| senders | sends/s |\n| ------: | ------: |\n|       1 |   1,234 |\n|      64 |    12.5 |\n";
        assert_eq!(tables[0].markdown(), markdown);
    }
}
