//! Looks at a server from outside, once a second: its memory, and how far its log is.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::data::Log;
use crate::clock::{now_micros, seconds};
use crate::drain;
use crate::process::{Server, usage_of};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What was seen so far; it looks until it is dropped.
pub struct Watch {
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
}

#[derive(Default)]
struct Seen {
    rss_bytes_max: u64,
    /// When the log had come how far.
    heads: Vec<(u64, u64)>,
}

/// Mailboxes at the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files {
    /// People without one.
    pub absent: usize,
    /// Whose file lacks something.
    pub behind: usize,
    /// For how long the one that is furthest behind has been; at most since the server's start.
    pub oldest_seconds: f64,
}

impl Watch {
    pub fn start(server: &Server, data: &Path) -> anyhow::Result<Watch> {
        let watch = Watch { seen: Arc::default(), stop: Arc::default() };
        let (seen, stop) = (Arc::clone(&watch.seen), Arc::clone(&watch.stop));
        let (process, log) = (server.process(), Log::open(data)?);
        thread::spawn(move || {
            while !stop.load(Relaxed) {
                let rss = usage_of(process).map_or(0, |usage| usage.rss_bytes);
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.rss_bytes_max = seen.rss_bytes_max.max(rss);
                if let Ok(head) = log.head() {
                    seen.heads.push((now_micros(), head));
                }
                drop(seen);
                thread::sleep(LOOK_EVERY);
            }
        });
        Ok(watch)
    }

    pub fn rss_bytes_max(&self) -> u64 {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).rss_bytes_max
    }

    /// How far everybody's file is behind the head of now.
    pub fn files(&self, data: &Path, people: usize, head: u64) -> anyhow::Result<Files> {
        let now = now_micros();
        let heads = self.seen.lock().unwrap_or_else(PoisonError::into_inner).heads.clone();
        let paths = drain::mailboxes(data)?;
        let mut files = Files { absent: people.saturating_sub(paths.len()), ..Files::default() };
        if let Some(noted) = drain::Noted::find(data) {
            files.behind = noted.behind;
            let lacked = |from: u64| heads.iter().find(|(_, head)| *head >= from);
            let since = noted.from.and_then(lacked).map_or(now, |(at, _)| *at);
            files.oldest_seconds = seconds(now.saturating_sub(since));
            return Ok(files);
        }
        for path in paths {
            let seq = drain::checkpoint(&path).unwrap_or(0);
            if seq >= head {
                continue;
            }
            files.behind += 1;
            let since = heads.iter().find(|(_, head)| *head > seq).map_or(now, |(at, _)| *at);
            files.oldest_seconds = files.oldest_seconds.max(seconds(now.saturating_sub(since)));
        }
        Ok(files)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
    }
}
