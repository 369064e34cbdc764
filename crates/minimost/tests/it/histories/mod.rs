//! Random histories for the client: what a screen is told from the moment it joins, and what it must show at the end.
//!
//! People do things at random through the real HTTP surface. Somewhere in the middle one of them opens a screen: takes
//! `GET /state`, a little later the page of each channel, and somewhere between starts the live stream from the state's
//! cursor; now and then it asks for what events alone do not tell. At the end the server is asked what the screen must
//! look like. The web client's own test, `web/src/lib/sync/histories.test.ts`, folds the recorded bytes with the
//! client's own code and compares.
//!
//! Fresh histories go to `target/histories/` at every run; `HISTORIES=300` writes so many. `testdata/histories/` keeps a
//! few, so that the client's test has some without us; `WRITE_TESTDATA=1` writes them anew.

mod channels;
mod house;
mod own;
mod screen;
mod talk;
mod town;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use screen::Screen;
use town::Town;

/// Fresh histories of a run that nobody has asked for more.
const HISTORIES: u64 = 5;

/// Of those that are kept.
const KEPT_BYTES_MAX: u64 = 160_000;

/// Tells the history of a seed, with the recording of one screen.
async fn tell(seed: u64) -> Value {
    let mut town = Town::new(seed).await;
    let steps = 60 + town.prng.below(90);
    for _ in 0..20 + town.prng.below(steps / 2) {
        town.step().await;
    }
    let mut screen = open_screen(&mut town).await;

    // A slow network: what happens before the pages come is in them and will be in the stream once more, and what
    // happens before the stream starts comes as a replay.
    for _ in 0..town.prng.below(8) {
        town.step().await;
    }
    screen.open_all(&mut town).await;
    for _ in 0..town.prng.below(20) {
        town.step().await;
    }
    screen.listen().await;
    for _ in 0..steps {
        if town.prng.percent(5) {
            screen.look_around(&mut town).await;
        }
        if town.prng.percent(12) {
            screen.count_threads(&mut town).await;
        }
        town.step().await;
    }
    let mut history = screen.close(&mut town).await;
    town.assert_was_lively();
    history["seed"] = json!(seed);
    history
}

/// Half of the screens are of somebody who has just come, for whom all that was said before is read.
async fn open_screen(town: &mut Town) -> Screen {
    let mut is_new = town.prng.percent(50) && town.arrive().await;
    loop {
        let who = if is_new { town.people.len() - 1 } else { town.prng.below(town.people.len()) };
        if let Some(screen) = Screen::open(town.people[who].clone()).await {
            town.watched = Some(who);
            return screen;
        }
        is_new = false;
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

async fn write(dir: &Path, seed: u64) {
    let text = serde_json::to_string(&tell(seed).await).unwrap() + "\n";
    fs::write(dir.join(format!("seed-{seed}.json")), text).unwrap();
}

#[tokio::test]
async fn what_a_screen_is_told_is_written_down_for_the_client_to_fold() {
    let dir = root().join("target/histories");
    fs::create_dir_all(&dir).unwrap();
    for entry in fs::read_dir(&dir).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let count = std::env::var("HISTORIES").map_or(HISTORIES, |count| count.parse().unwrap());
    for seed in (1..=count).chain([rand::random()]) {
        write(&dir, seed).await;
    }
}

#[tokio::test]
async fn some_histories_are_kept_for_who_has_only_the_client() {
    let dir = root().join("testdata/histories");
    if std::env::var_os("WRITE_TESTDATA").is_some() {
        fs::create_dir_all(&dir).unwrap();
        for seed in 101..=104 {
            write(&dir, seed).await;
        }
    }
    let kept: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap()).collect();
    assert!(kept.len() >= 3, "they are kept in {}", dir.display());
    for file in kept {
        let bytes = file.metadata().unwrap().len();
        assert!(bytes < KEPT_BYTES_MAX, "{}: {bytes} bytes", file.path().display());
    }
}
