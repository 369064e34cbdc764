//! What is on disk, as somebody who opens the data directory finds it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// The rows of a query on a SQLite file, each as its columns side by side, NULL as `-`.
pub fn rows(file: &Path, sql: &str) -> Vec<String> {
    let file = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = file.prepare(sql).unwrap();
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let columns = (0..columns).map(|at| Ok(text(row.get_ref(at)?)));
        Ok(columns.collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
    };
    statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Every file below a directory; a socket holds nothing.
fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The names of the files below a directory in whose bytes this text stands, whatever their format.
pub fn files_with(dir: &Path, text: &str) -> Vec<String> {
    let holds = |path: &PathBuf| {
        let bytes = match fs::read(path) {
            // Of a running server a file may go while others are looked at; it holds nothing.
            Err(error) if error.kind() == ErrorKind::NotFound => return false,
            bytes => bytes.unwrap(),
        };
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    let name = |path: PathBuf| path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
    files_below(dir).into_iter().filter(holds).map(name).collect()
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "-".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => format!("{bytes:?}"),
    }
}

/// Copies a directory with everything below it.
pub fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            copy_dir(&from, &to);
        } else if from.is_file() {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// Takes the newest record with a `client_msg_id` out of the index of them, behind the back of everybody, as a bit in one
/// of its pages would.
pub fn forget_last_name(data: &Path) {
    const LAST: &str = "SELECT max(seq) FROM record WHERE client_msg_id IS NOT NULL";
    const FORGET: &str = "
        DROP INDEX record_client_msg_id;
        CREATE UNIQUE INDEX record_client_msg_id ON record (actor, client_msg_id)
         WHERE client_msg_id IS NOT NULL AND seq <> <seq>;
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(sql, ' AND seq <> <seq>', '');";
    let log = Connection::open(data.join("log.db")).unwrap();
    let seq: i64 = log.query_row(LAST, [], |row| row.get(0)).expect("one has a name");
    log.execute_batch(&FORGET.replace("<seq>", &seq.to_string())).unwrap();
}
