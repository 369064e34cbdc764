//! Whether the projections say what the log says, and making them anew when they do not.
//!
//! Promises: [`check`] changes nothing but bringing projections to the head, as the server would; it finds every row that
//! is missing, too much or different. Both want to be alone with the files: no server may run.
//!
//! Flow: `cli` calls; each projection is built once more in a directory beside it, and the two are read side by side.

pub(super) mod compare;

use std::fmt;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat::{Seq, UserName, Workspace};
use eventlog::{Gaps, Log, Reader};

use super::mailbox::{Sources, user_db_path};
use super::{InFile, ProjectionError, auth, mailbox, presence, snapshot, sqlite};
use crate::codec;

/// Something in a file that is not what the log says. It names rows and columns, never their content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub file: PathBuf,
    /// Empty when the whole file is meant.
    pub table: String,
    /// The row's key, as in `id = 17`.
    pub row: String,
    pub kind: DifferenceKind,
}

/// In what way a file differs from the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The log has it, the file does not.
    Missing,
    /// The file has it, the log does not.
    Unexpected,
    /// These columns differ.
    Changed { columns: Vec<String> },
    /// It could not be read; the text says why, and which name to give to `minimost rebuild`, if that helps.
    Unreadable { why: String, rebuild: Option<String> },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if !self.table.is_empty() {
            write!(f, ": {} {}", self.table, self.row)?;
        }
        match &self.kind {
            DifferenceKind::Missing => f.write_str(" is missing"),
            DifferenceKind::Unexpected => f.write_str(" should not be there"),
            DifferenceKind::Changed { columns } => write!(f, " differs in {}", columns.join(", ")),
            DifferenceKind::Unreadable { why, rebuild: None } => {
                write!(f, " cannot be read: {why}")
            }
            DifferenceKind::Unreadable { why, rebuild: Some(name) } => {
                write!(f, " cannot be read: {why}; run `minimost rebuild {name}`")
            }
        }
    }
}

/// Which projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Projection {
    All,
    Mailbox(UserName),
    Presence,
    Auth,
    Workspace,
}

impl fmt::Display for Projection {
    /// As `minimost rebuild` calls it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Projection::All => Ok(()),
            Projection::Mailbox(name) => name.fmt(f),
            Projection::Presence => f.write_str("presence"),
            Projection::Auth => f.write_str("auth"),
            Projection::Workspace => f.write_str("workspace"),
        }
    }
}

/// What both [`check`] and [`rebuild`] need.
struct Bench<'a> {
    data_dir: &'a Path,
    sources: Sources,
    /// Folded from the first event, without the snapshot, which may be what is wrong.
    workspace: Workspace,
}

impl Bench<'_> {
    fn new<'a>(
        data_dir: &'a Path,
        log: &Log,
        messages_per_channel: usize,
    ) -> Result<Bench<'a>, ProjectionError> {
        let sources = Sources::new(log.reader()?, log.epoch(), messages_per_channel);
        let mut bench = Bench { data_dir, sources, workspace: Workspace::default() };
        snapshot::fold(&mut bench.sources.reader, &mut bench.workspace, Seq(log.head()))?;
        Ok(bench)
    }

    /// Brings a projection in `dir` to the head.
    fn bring_to_head(
        &mut self,
        dir: &Path,
        projection: &Projection,
    ) -> Result<(), ProjectionError> {
        let Bench { sources, workspace, .. } = self;
        let epoch = sources.epoch;
        match projection {
            Projection::All => self.each().iter().try_for_each(|it| self.bring_to_head(dir, it)),
            Projection::Mailbox(name) => match workspace.find_user(name.as_str()) {
                Some((user, _)) => mailbox::bring_to_head(dir, user, sources, workspace),
                None => Ok(()),
            },
            Projection::Presence => {
                presence::bring_to_head(dir, &mut sources.reader, epoch, workspace)
            }
            Projection::Auth => auth::bring_to_head(dir, &mut sources.reader, epoch, workspace),
            Projection::Workspace => {
                snapshot::write_whole(&snapshot::snapshot_path(dir), epoch, workspace)
            }
        }
    }

    /// Every single projection.
    fn each(&self) -> Vec<Projection> {
        let mailboxes = self.workspace.users.values();
        let mailboxes = mailboxes.map(|user| Projection::Mailbox(user.name.clone()));
        [Projection::Presence, Projection::Auth, Projection::Workspace]
            .into_iter()
            .chain(mailboxes)
            .collect()
    }

    /// What differs in one projection, compared with one that is built in `scratch`.
    fn differences(
        &mut self,
        projection: &Projection,
        scratch: &Path,
    ) -> Result<Vec<Difference>, ProjectionError> {
        let Some(found) = file_of(self.data_dir, projection) else { return Ok(Vec::new()) };
        // Before anything else touches it: a damaged file would be set aside, and not be found.
        match sqlite::is_there(&found)?.then(|| sqlite::damage(&found)).transpose() {
            Ok(None | Some(None)) => {}
            Ok(Some(Some(why))) => return Ok(vec![unreadable(found, projection, why)]),
            Err(error) => return finding(found, projection, error),
        }
        if *projection == Projection::Workspace {
            return self.snapshot_differences(&found);
        }
        if let Err(error) = self.bring_to_head(self.data_dir, projection) {
            return finding(found, projection, error);
        }
        self.bring_to_head(scratch, projection)?;
        let expected = file_of(scratch, projection).expect("it has a file, as above");
        let differences = compare::compare(&found, &expected, passing(projection));
        sqlite::remove(&expected)?;
        match differences {
            Err(error) => finding(found, projection, error),
            differences => differences,
        }
    }

    /// The snapshot brought to the head must be the workspace folded from nothing.
    fn snapshot_differences(&mut self, file: &Path) -> Result<Vec<Difference>, ProjectionError> {
        let (epoch, head) = (self.sources.epoch, self.workspace.head);
        let mut stored = match snapshot::find_stored(file, epoch, head) {
            Ok(Some(stored)) => Workspace::clone(&stored.workspace),
            Ok(None) => return Ok(Vec::new()),
            Err(error) => return finding(file.to_owned(), &Projection::Workspace, error),
        };
        let reader: &mut Reader = &mut self.sources.reader;
        snapshot::fold(reader, &mut stored, head)?;
        if stored == self.workspace {
            return Ok(Vec::new());
        }
        Ok(vec![Difference {
            file: file.to_owned(),
            table: "part".to_owned(),
            row: "all together".to_owned(),
            kind: DifferenceKind::Changed { columns: vec!["json".to_owned()] },
        }])
    }
}

/// A fault of the file is a finding; one of the log, or a log that lost its tail, ends the check.
fn finding(
    file: PathBuf,
    projection: &Projection,
    error: ProjectionError,
) -> Result<Vec<Difference>, ProjectionError> {
    match error {
        ProjectionError::Storage { source, .. } => {
            Ok(vec![unreadable(file, projection, source.to_string())])
        }
        ProjectionError::SumDiffers { .. } => {
            Ok(vec![unreadable(file, projection, "its checksum does not fit".to_owned())])
        }
        ProjectionError::Serialise(error) => {
            Ok(vec![unreadable(file, projection, error.to_string())])
        }
        error => Err(error),
    }
}

fn unreadable(file: PathBuf, projection: &Projection, why: String) -> Difference {
    let kind = DifferenceKind::Unreadable { why, rebuild: Some(projection.to_string()) };
    Difference { file, table: String::new(), row: String::new(), kind }
}

fn file_of(dir: &Path, projection: &Projection) -> Option<PathBuf> {
    match projection {
        Projection::All => None,
        Projection::Mailbox(name) => Some(user_db_path(dir, name)),
        Projection::Presence => Some(presence::presence_path(dir)),
        Projection::Auth => Some(auth::auth_path(dir)),
        Projection::Workspace => Some(snapshot::snapshot_path(dir)),
    }
}

/// The tables that are not derived from the log.
fn passing(projection: &Projection) -> &'static [&'static str] {
    match projection {
        Projection::Presence => &["presence", "typing"],
        Projection::All | Projection::Mailbox(_) | Projection::Auth | Projection::Workspace => &[],
    }
}

/// A directory that is gone when this is.
struct Scratch(PathBuf);

impl Scratch {
    /// Beside the data, because it holds the same messages: same disk, same owner, same mode.
    fn new(data_dir: &Path) -> Result<Scratch, ProjectionError> {
        let dir = data_dir.join("check.tmp");
        if sqlite::is_there(&dir)? {
            fs::remove_dir_all(&dir).in_file(&dir)?;
        }
        fs::DirBuilder::new().mode(0o700).create(&dir).in_file(&dir)?;
        Ok(Scratch(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!("{} could not be removed: {error}", self.0.display());
        }
    }
}

/// How long a slice of the log's comparison is when nobody waits for the file.
const SLICE: Duration = Duration::from_secs(60);

/// Verifies all of a log that nobody writes: its records, that the indexes lead to all of them, its pages.
pub(crate) fn verify_log(log: &Log) -> Result<(), eventlog::Error> {
    let mut comparison = log.comparison(Gaps::Lost, codec::meaning())?;
    while comparison.advance(SLICE)? {}
    log.reader()?.verify_structure()
}

/// What is wrong with the log itself: its records, its indexes, its pages.
fn log_difference(data_dir: &Path, log: &Log) -> Result<Option<Difference>, ProjectionError> {
    let file = data_dir.join("log.db");
    match verify_log(log) {
        Ok(()) => Ok(None),
        Err(eventlog::Error::Corrupt { seq }) => {
            let why = "it is lost, or its checksum does not fit".to_owned();
            let kind = DifferenceKind::Unreadable { why, rebuild: None };
            Ok(Some(Difference {
                file,
                table: "record".to_owned(),
                row: format!("seq = {seq}"),
                kind,
            }))
        }
        Err(error) if error.is_repairable() => {
            let why = format!("{error}; run `minimost repair-log`");
            let kind = DifferenceKind::Unreadable { why, rebuild: None };
            Ok(Some(Difference { file, table: String::new(), row: String::new(), kind }))
        }
        Err(error) => Err(error.into()),
    }
}

/// Compares every projection, brought to the head, with one built from nothing, and the log with itself.
///
/// Who is online and who types is not in the log and is not compared.
pub fn check(
    data_dir: &Path,
    log: &Log,
    messages_per_channel: usize,
) -> Result<Vec<Difference>, ProjectionError> {
    if let Some(difference) = log_difference(data_dir, log)? {
        // Nothing can be compared with a log that is damaged itself.
        return Ok(vec![difference]);
    }
    let mut bench = Bench::new(data_dir, log, messages_per_channel)?;
    let scratch = Scratch::new(data_dir)?;
    let mut differences = Vec::new();
    for projection in bench.each() {
        differences.extend(bench.differences(&projection, &scratch.0)?);
    }
    Ok(differences)
}

/// Makes those projections anew that are not what the log says, and answers with their files.
pub fn mend(
    data_dir: &Path,
    log: &Log,
    messages_per_channel: usize,
) -> Result<Vec<PathBuf>, ProjectionError> {
    let mut bench = Bench::new(data_dir, log, messages_per_channel)?;
    let scratch = Scratch::new(data_dir)?;
    let mut files = Vec::new();
    for projection in bench.each() {
        if bench.differences(&projection, &scratch.0)?.is_empty() {
            continue;
        }
        let file = file_of(data_dir, &projection).expect("a single projection has a file");
        sqlite::remove(&file)?;
        bench.bring_to_head(data_dir, &projection)?;
        files.push(file);
    }
    Ok(files)
}

/// Deletes projections, builds them from the log, and answers with the files: none for a name that is no account's.
pub fn rebuild(
    data_dir: &Path,
    log: &Log,
    messages_per_channel: usize,
    projection: &Projection,
) -> Result<Vec<PathBuf>, ProjectionError> {
    let mut bench = Bench::new(data_dir, log, messages_per_channel)?;
    let chosen = match projection {
        Projection::All => bench.each(),
        Projection::Mailbox(name) => {
            let user = bench.workspace.find_user(name.as_str());
            // The file has the name as its owner writes it.
            user.map(|(_, user)| Projection::Mailbox(user.name.clone())).into_iter().collect()
        }
        Projection::Presence | Projection::Auth | Projection::Workspace => {
            vec![projection.clone()]
        }
    };
    let mut files = Vec::new();
    for projection in chosen {
        let file = file_of(data_dir, &projection).expect("a single projection has a file");
        sqlite::remove(&file)?;
        bench.bring_to_head(data_dir, &projection)?;
        files.push(file);
    }
    Ok(files)
}
