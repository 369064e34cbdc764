//! Two files of one projection, read side by side.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Statement};

use super::super::{InFile, ProjectionError, sqlite};
use super::{Difference, DifferenceKind};

/// What stands in a schema under a name: `table`, `index`, `view` or `trigger`, and the SQL that made it.
type Schema = BTreeMap<String, (String, String)>;

/// SQLite's own tables and indexes are its own business.
const SELECT_SCHEMA: &str = "
    SELECT name, type, coalesce(sql, '')
      FROM sqlite_schema
     WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

const SELECT_COLUMNS: &str = "
    SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid";

/// What is different in `found` from `expected`, which has every table that there should be. `passing` are tables that
/// do not follow from the log.
pub(super) fn compare(
    found: &Path,
    expected: &Path,
    passing: &[&str],
) -> Result<Vec<Difference>, ProjectionError> {
    let found_file = sqlite::open(found)?;
    let expected_file = sqlite::open(expected)?;
    let mut differences = Vec::new();
    compare_files((&found_file, &expected_file), found, passing, |it| differences.push(it))
        .in_file(found)?;
    Ok(differences)
}

/// As [`compare`], of files that are open: `found`, which is at `path`, and what it should be. Says how many differences
/// there are, which may be as many as rows, and the first.
pub(in crate::projection) fn compare_open(
    found: &Connection,
    expected: &Connection,
    path: &Path,
) -> rusqlite::Result<Option<(u64, Difference)>> {
    let (mut count, mut first) = (0, None);
    compare_files((found, expected), path, &[], |difference| {
        count += 1;
        first.get_or_insert(difference);
    })?;
    Ok(first.map(|first| (count, first)))
}

fn compare_files(
    (found, expected): (&Connection, &Connection),
    path: &Path,
    passing: &[&str],
    mut tell: impl FnMut(Difference),
) -> rusqlite::Result<()> {
    let mut add = |table: &str, row, kind| {
        let (file, table) = (path.to_owned(), table.to_owned());
        tell(Difference { file, table, row, kind });
    };
    let schemas = (schema(found)?, schema(expected)?);
    for (name, kind) in compare_schemas(&schemas.0, &schemas.1) {
        add(&name, String::new(), kind);
    }
    for (name, (kind, _)) in &schemas.1 {
        let is_there = schemas.0.get(name).is_some_and(|(found, _)| found == kind);
        if kind == "table" && is_there && !passing.contains(&name.as_str()) {
            let table = Table::of(expected, name)?;
            compare_table(found, expected, &table, |row, kind| add(name, row, kind))?;
        }
    }
    Ok(())
}

fn schema(file: &Connection) -> rusqlite::Result<Schema> {
    let mut statement = file.prepare(SELECT_SCHEMA)?;
    let row = |row: &Row<'_>| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)));
    statement.query_map([], row)?.collect()
}

/// Names that are missing or too many, and indexes, views and triggers that say something else. What a table says
/// besides its columns is left to its rows: a comment there is no difference.
fn compare_schemas(found: &Schema, expected: &Schema) -> Vec<(String, DifferenceKind)> {
    let names: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    let kind = |name: &String| match (found.get(name), expected.get(name)) {
        (None, _) => Some(DifferenceKind::Missing),
        (_, None) => Some(DifferenceKind::Unexpected),
        (Some((found, _)), Some((expected, _)))
            if (&**found, &**expected) == ("table", "table") =>
        {
            None
        }
        (Some(found), Some(expected)) if found == expected => None,
        (Some(_), Some(_)) => Some(DifferenceKind::Changed { columns: vec!["what it is".into()] }),
    };
    names.into_iter().filter_map(|name| Some((name.clone(), kind(name)?))).collect()
}

/// A table, how to read it in the order of its key, and where in a row its key stands.
struct Table {
    rows: String,
    key: Vec<usize>,
}

impl Table {
    /// `SELECT *` because a column that somebody added is a difference too. Without a key the whole row is one.
    fn of(file: &Connection, name: &str) -> rusqlite::Result<Table> {
        let mut statement = file.prepare(SELECT_COLUMNS)?;
        let columns = statement.query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let columns: Vec<(String, i64)> = columns.collect::<Result<_, _>>()?;
        let mut key: Vec<usize> = (0..columns.len()).filter(|at| columns[*at].1 > 0).collect();
        key.sort_by_key(|at| columns[*at].1);
        if key.is_empty() {
            key = (0..columns.len()).collect();
        }
        let order: Vec<_> = key.iter().map(|at| quoted(&columns[*at].0)).collect();
        let rows = format!("SELECT * FROM {} ORDER BY {}", quoted(name), order.join(", "));
        Ok(Table { rows, key })
    }

    fn key(&self, row: &[Value]) -> Vec<Value> {
        self.key.iter().map(|at| row[*at].clone()).collect()
    }

    /// A row by its key, as in `id = 17`.
    fn name_row(&self, columns: &[String], row: &[Value]) -> String {
        let names: Vec<String> = self.key.iter().map(|at| columns[*at].clone()).collect();
        name_row(&names, &self.key(row))
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn compare_table(
    found: &Connection,
    expected: &Connection,
    table: &Table,
    mut tell: impl FnMut(String, DifferenceKind),
) -> rusqlite::Result<()> {
    // By the expected table's key, which the found one may not even have.
    let mut expected = expected.prepare(&table.rows)?;
    let columns: Vec<String> = expected.column_names().map(str::to_owned).collect();
    let found = found.prepare(&table.rows).ok();
    let fits = |it: &Statement| it.column_names().eq(columns.iter().map(String::as_str));
    let Some(mut found) = found.filter(fits) else {
        let columns = vec!["the columns themselves".to_owned()];
        tell(String::new(), DifferenceKind::Changed { columns });
        return Ok(());
    };
    let (mut found, mut expected) = (found.query([])?, expected.query([])?);
    let (mut left, mut right) = (values(found.next()?)?, values(expected.next()?)?);
    loop {
        let order = match (&left, &right) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => compare_keys(&table.key(left), &table.key(right)),
        };
        if let (Some(left), Ordering::Less) = (&left, order) {
            tell(table.name_row(&columns, left), DifferenceKind::Unexpected);
        }
        if let (Some(right), Ordering::Greater) = (&right, order) {
            tell(table.name_row(&columns, right), DifferenceKind::Missing);
        }
        if let (Some(left), Some(right), Ordering::Equal) = (&left, &right, order)
            && left != right
        {
            let differing = columns.iter().zip(left.iter().zip(right));
            let differing = differing.filter(|(_, (left, right))| left != right);
            let kind =
                DifferenceKind::Changed { columns: differing.map(|(it, _)| it.clone()).collect() };
            tell(table.name_row(&columns, left), kind);
        }
        if order.is_le() {
            left = values(found.next()?)?;
        }
        if order.is_ge() {
            right = values(expected.next()?)?;
        }
    }
}

fn values(row: Option<&Row>) -> rusqlite::Result<Option<Vec<Value>>> {
    let Some(row) = row else { return Ok(None) };
    (0..row.as_ref().column_count())
        .map(|column| row.get(column))
        .collect::<Result<_, _>>()
        .map(Some)
}

fn name_row(columns: &[String], row: &[Value]) -> String {
    let parts = columns.iter().zip(row).map(|(column, value)| match value {
        Value::Null => format!("{column} = NULL"),
        Value::Integer(number) => format!("{column} = {number}"),
        Value::Real(number) => format!("{column} = {number}"),
        Value::Text(text) => format!("{column} = {text:?}"),
        Value::Blob(bytes) => format!("{column} = {bytes:?}"),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// The order in which SQLite sorts: NULL, numbers, text by bytes, blobs.
fn compare_keys(left: &[Value], right: &[Value]) -> Ordering {
    let mut pairs = left.iter().zip(right).map(|(left, right)| compare_values(left, right));
    pairs.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

#[expect(clippy::cast_precision_loss, reason = "keys of one column have one type unless edited")]
fn compare_values(left: &Value, right: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 1,
        Value::Text(_) => 2,
        Value::Blob(_) => 3,
    };
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
        (Value::Real(left), Value::Real(right)) => left.total_cmp(right),
        (Value::Integer(left), Value::Real(right)) => (*left as f64).total_cmp(right),
        (Value::Real(left), Value::Integer(right)) => left.total_cmp(&(*right as f64)),
        (Value::Text(left), Value::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Value::Blob(left), Value::Blob(right)) => left.cmp(right),
        (left, right) => rank(left).cmp(&rank(right)),
    }
}
