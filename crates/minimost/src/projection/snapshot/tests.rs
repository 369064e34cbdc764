use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use chat::group::GroupSettings;
use chat::testing::{History, Prng, Story};
use chat::{Event, LoggedEvent, UserId, UserName};

use super::*;

const EPOCH: Epoch = Epoch(7);
const AHEAD: Seq = Seq(1 << 40);

type Row = (i64, i64, i64, String);

fn rows(file: &Path) -> Vec<Row> {
    let connection = Connection::open(file).unwrap();
    let sql = "SELECT noun, channel, shelf, json FROM part ORDER BY noun, channel, shelf";
    let mut select = connection.prepare(sql).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    select.query_map([], row).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// Snapshots one after the other in one file, as the owner writes them.
struct File {
    dir: tempfile::TempDir,
    stored: Option<Stored>,
}

impl File {
    fn new() -> File {
        File { dir: tempfile::tempdir().unwrap(), stored: None }
    }

    fn path(&self) -> PathBuf {
        snapshot_path(self.dir.path())
    }

    fn write(&mut self, workspace: &Workspace) {
        let workspace = Arc::new(workspace.clone());
        let written = write(&self.path(), EPOCH, &workspace, self.stored.as_ref()).unwrap();
        assert!(written.is_wal_empty);
        self.stored = Some(written.stored);
    }

    fn read(&self) -> Option<Stored> {
        find_stored(&self.path(), EPOCH, AHEAD).unwrap()
    }

    /// Whatever looks like `<0000.00>` in its bytes.
    fn texts(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for file in fs::read_dir(self.dir.path()).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            let begins = |at: &usize| bytes[*at] == b'<';
            let texts =
                (0..bytes.len().saturating_sub(8)).filter(begins).map(|at| &bytes[at..at + 9]);
            // Across two pages anything may stand beside anything.
            let is_number = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
            let texts = texts.filter(|it| {
                is_number(&it[1..5]) && it[5] == b'.' && is_number(&it[6..8]) && it[8] == b'>'
            });
            found.extend(texts.map(|text| String::from_utf8_lossy(text).into_owned()));
        }
        found
    }
}

#[test]
fn what_was_written_in_pieces_is_what_is_written_at_once_and_read_back_whole() {
    for seed in 0..6 {
        let log = History::random(seed, 400).story.log;
        let (mut file, mut workspace) = (File::new(), Workspace::default());
        let mut prng = Prng::new(seed);
        for (at, event) in log.iter().enumerate() {
            workspace.apply(event);
            if prng.below(23) == 0 || at + 1 == log.len() {
                file.write(&workspace);
            }
            if prng.below(97) == 0 {
                // Started again, and went on from what was read.
                file.stored = file.read();
            }
        }
        let stored = file.read().unwrap();
        assert!(*stored.workspace == workspace, "seed {seed}");
        let whole = File::new();
        write_whole(&whole.path(), EPOCH, &workspace).unwrap();
        assert_eq!(rows(&file.path()), rows(&whole.path()), "seed {seed}");
        assert_eq!(stored.total, whole.read().unwrap().total);
    }
}

/// It is found when the whole is read, and holds up no snapshot until then.
#[test]
fn a_part_that_is_no_text_any_more_is_replaced_as_any_other() {
    let mut story = Story::new();
    story.create_channel("general");
    let mut file = File::new();
    file.write(&story.workspace);
    let damage = "UPDATE part SET json = CAST(x'7bff7d' AS TEXT)";
    assert!(Connection::open(file.path()).unwrap().execute(damage, []).unwrap() > 0);
    story.sign_up("alice");
    file.write(&story.workspace);
    let found = find_stored(&file.path(), EPOCH, AHEAD);
    assert!(matches!(found, Err(ProjectionError::SumDiffers { .. })));
}

#[test]
fn what_has_not_changed_is_not_written_again() {
    let mut story = Story::new();
    story.create_channel("general");
    for number in 0..200 {
        story.sign_up(&format!("person-{number}"));
    }
    let alice = story.sign_up("alice");
    let mut file = File::new();
    file.write(&story.workspace);
    story.post(alice, "general", "hello");
    let (mut changed, mut all) = (Vec::new(), 0);
    let before = Arc::clone(&file.stored.as_ref().unwrap().workspace);
    let told = story.workspace.changed_parts(&before, |key, _| {
        changed.push(key.noun);
        Ok::<_, ProjectionError>(())
    });
    told.unwrap();
    let told = story.workspace.changed_parts(&Workspace::default(), |_, _| {
        all += 1;
        Ok::<_, ProjectionError>(())
    });
    told.unwrap();
    assert!(all > 40, "{all}");
    assert!(changed.len() < 8, "{changed:?}");
    // Nor is it read: what was put there by hand is still there, and is found when somebody believes the file.
    let by_hand = "UPDATE part SET json = '[]' WHERE noun = 2 AND shelf = (SELECT min(shelf) FROM part WHERE noun = 2)";
    let connection = Connection::open(file.path()).unwrap();
    assert_eq!(connection.execute(by_hand, []).unwrap(), 1);
    drop(connection);
    file.write(&story.workspace);
    let refused = find_stored(&file.path(), EPOCH, AHEAD).map(drop).unwrap_err();
    assert!(matches!(refused, ProjectionError::SumDiffers { .. }), "{refused:?}");
}

#[test]
fn what_another_has_written_is_written_over_as_a_whole() {
    let log = History::random(3, 300).story.log;
    let (first, second) = log.split_at(log.len() / 2);
    let (mut file, mut workspace) = (File::new(), Workspace::default());
    for event in first {
        workspace.apply(event);
    }
    file.write(&workspace);
    // As far as ours, and something else.
    let other = Workspace { head: workspace.head, ..Workspace::default() };
    write_whole(&file.path(), EPOCH, &other).unwrap();
    for event in second {
        workspace.apply(event);
    }
    file.write(&workspace);
    assert!(*file.read().unwrap().workspace == workspace);
    fs::remove_file(file.path()).unwrap();
    file.write(&workspace);
    assert!(*file.read().unwrap().workspace == workspace);
}

/// Groups, each a row of its own, whose names are given again and again: rows of all sizes, that grow and shrink.
struct Groups {
    workspace: Workspace,
    prng: Prng,
    names: BTreeMap<Seq, String>,
}

impl Groups {
    fn apply(&mut self, event: Event) -> Seq {
        // Far enough from the one before that no two are neighbours.
        let seq = Seq(self.workspace.head.get() + 16);
        let ts = self.workspace.last_ts.plus_micros(1);
        self.workspace.apply(&LoggedEvent::new(seq, ts, UserId(Seq(1)), None, event));
        seq
    }

    fn save(&mut self, group: Option<Seq>, word: &str) {
        let number = group.map_or(self.names.len(), |group| self.names.range(..group).count());
        let handle = UserName::parse(&format!("group-{number}")).unwrap();
        let name = word.repeat([1, 3, 20, 50, 90, 400][self.prng.below(6)]);
        let settings = GroupSettings { handle, name, members: BTreeSet::new() };
        let seq = self.apply(Event::GroupSaved { group, settings });
        self.names.insert(group.unwrap_or(seq), word.to_owned());
    }
}

#[test]
fn what_is_superseded_is_in_no_byte_of_the_file_however_the_rows_move() {
    let (workspace, names) = (Workspace::default(), BTreeMap::new());
    let mut groups = Groups { workspace, prng: Prng::new(11), names };
    for number in 0..400 {
        groups.save(None, &format!("<{number:04}.99>"));
    }
    let mut file = File::new();
    for round in 0..60 {
        for step in 0..40 {
            let all: Vec<_> = groups.names.keys().copied().collect();
            let group = groups.prng.pick(&all).unwrap();
            if groups.prng.percent(5) {
                groups.names.remove(&group);
                groups.apply(Event::GroupDeleted { group });
            } else {
                groups.save(Some(group), &format!("<{round:04}.{step:02}>"));
            }
        }
        file.write(&groups.workspace);
        let (found, kept) = (file.texts(), groups.names.values().cloned().collect());
        let left: Vec<_> = found.difference(&kept).collect();
        assert_eq!(left, Vec::<&String>::new(), "in round {round}");
        // One that lies across two pages is not found.
        assert!(found.len() * 10 > kept.len() * 8, "{} of {}", found.len(), kept.len());
    }
}

#[test]
fn a_snapshot_for_its_events_waits_for_a_hundred_times_what_the_last_one_cost_and_a_minute_at_most()
{
    let seconds = Duration::from_secs;
    let pause = seconds(20);
    assert!(is_due(EVENTS_BETWEEN, seconds(1), Duration::ZERO));
    assert!(!is_due(EVENTS_BETWEEN - 1, seconds(59), Duration::ZERO));
    assert!(!is_due(EVENTS_BETWEEN, seconds(19), pause));
    assert!(is_due(EVENTS_BETWEEN, seconds(20), pause));
    assert!(is_due(1, TIME_BETWEEN, seconds(600)), "what was superseded leaves the file");
    assert!(!is_due(0, seconds(600), Duration::ZERO));
}
