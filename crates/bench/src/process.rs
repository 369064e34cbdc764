//! Child processes: started, listened to, measured from /proc, and always ended by their handle.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::clock::now_micros;

/// How long a child may take until it listens; a first start folds a million records.
const START_MAX: Duration = Duration::from_secs(120);

/// How long a child may take to end when asked; then it is killed.
const STOP_MAX: Duration = Duration::from_secs(30);

/// Lines of a child's output that wait to be read; more are dropped, since only the first ones matter.
const LINES_MAX: usize = 1_000;

/// A server in a process of its own.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process until it said where it listens.
    pub started_after_micros: u64,
}

/// What processes have used since they were started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// CPU time, user and system; the kernel counts in steps of 10 ms.
    pub cpu_micros: u64,
    /// Resident memory.
    pub rss_bytes: u64,
}

impl Server {
    /// Starts the server of this project on a free port, without the limit of sends per person.
    pub fn start(program: &Path, data: &Path) -> anyhow::Result<Server> {
        let mut command = Command::new(program);
        command.args(["serve", "--host", "127.0.0.1", "--port", "0", "--data"]).arg(data);
        // Everybody comes from this machine, at once.
        for limit in ["SENDS_PER_MINUTE", "CONNECTIONS_PER_ADDRESS", "CONNECTIONS_PER_PERSON"] {
            command.env(format!("MINIMOST_LIMITS__{limit}"), "0");
        }
        // Only messages that were asked for are counted.
        command.env("MINIMOST_CHAT__GREET_NEW_ACCOUNTS", "false");
        Server::start_command(&mut command)
    }

    /// Starts any program that prints where it listens.
    pub fn start_command(command: &mut Command) -> anyhow::Result<Server> {
        let start = now_micros();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let lines = output_lines(&mut child);
        match listening_address(&lines) {
            Ok(address) => {
                let started_after_micros = now_micros() - start;
                Ok(Server { child, address, started_after_micros })
            }
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    /// What it has used, its child processes included.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        let own = self.child.id();
        let mut usage = usage_of(own).context("the server has ended")?;
        for process in children_of(own)? {
            // A worker that ended meanwhile has left its time to its parent.
            let worker = usage_of(process).unwrap_or_default();
            usage.cpu_micros += worker.cpu_micros;
            usage.rss_bytes += worker.rss_bytes;
        }
        Ok(usage)
    }

    /// The process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// CPU time by the name of the thread, without the number at its end.
    pub fn thread_cpu_micros(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let mut cpu = BTreeMap::new();
        for entry in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let path = entry?.path().join("stat");
            // A thread may end while it is looked at.
            let Some((name, micros)) = fs::read_to_string(path).ok().as_deref().and_then(thread_of)
            else {
                continue;
            };
            *cpu.entry(name).or_default() += micros;
        }
        Ok(cpu)
    }

    /// A line of /proc/<pid>/smaps_rollup in bytes, `Anonymous` for example.
    pub fn memory_bytes(&self, kind: &str) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/smaps_rollup", self.child.id());
        let text = fs::read_to_string(path)?;
        let line = text.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(':'));
        let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        Ok(kib.context("the kernel does not account for memory")? * 1_024)
    }

    /// Lets a child that waits for a line on its standard input go on.
    pub fn go(&mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take().context("the child was told already")?);
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let start = now_micros();
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).context("the server had ended by itself")?;
        while self.child.try_wait()?.is_none() {
            if now_micros() - start > micros(STOP_MAX) {
                bail!("the server did not end within {} s of SIGTERM", STOP_MAX.as_secs());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Kills what still runs; a child that has ended already is only collected.
fn end(child: &mut Child) {
    // Both fail only for a child that has ended.
    let _ = child.kill();
    let _ = child.wait();
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).expect("limits are short")
}

/// The lines of both outputs; the threads end with the child.
fn output_lines(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = mpsc::sync_channel(LINES_MAX);
    let outputs: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|out| Box::new(out) as _),
        child.stderr.take().map(|out| Box::new(out) as _),
    ];
    for output in outputs.into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Read to the end even when nobody listens: a full pipe would stop the child.
                let _ = sender.try_send(line);
            }
        });
    }
    receiver
}

/// Waits for a line with `127.0.0.1:<port>`.
fn listening_address(lines: &Receiver<String>) -> anyhow::Result<SocketAddr> {
    let mut said = Vec::new();
    let start = now_micros();
    while now_micros() - start < micros(START_MAX) {
        let Ok(line) = lines.recv_timeout(START_MAX) else { break };
        if let Some(address) = find_address(&line) {
            return Ok(address);
        }
        said.push(line);
    }
    bail!("the server did not say where it listens, but:\n{}", said.join("\n"));
}

fn find_address(line: &str) -> Option<SocketAddr> {
    let at = line.find("127.0.0.1:")?;
    let end = line[at..].find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
    let address = &line[at..end.map_or(line.len(), |end| at + end)];
    address.parse().ok()
}

/// Name and CPU time of a thread, of its line in /proc/<pid>/task/<tid>/stat.
fn thread_of(stat: &str) -> Option<(String, u64)> {
    let (before, fields) = stat.rsplit_once(") ")?;
    let (_, name) = before.split_once(" (")?;
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned();
    let fields: Vec<_> = fields.split(' ').collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some((name, (number(14)? + number(15)?) * tick_micros()))
}

fn tick_micros() -> u64 {
    1_000_000 / rustix::param::clock_ticks_per_second()
}

/// Fields 14 and 15 of /proc/<pid>/stat are user and system time, field 24 is resident pages (proc(5)).
pub fn usage_of(process: u32) -> Option<Usage> {
    let fields = stat_fields(process)?;
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let ticks = number(14)? + number(15)?;
    let page_bytes = rustix::param::page_size() as u64;
    Some(Usage { cpu_micros: ticks * tick_micros(), rss_bytes: number(24)? * page_bytes })
}

fn children_of(parent: u32) -> anyhow::Result<Vec<u32>> {
    let processes = fs::read_dir("/proc")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let is_child =
        |process: &u32| stat_fields(*process).is_some_and(|fields| fields[1] == parent.to_string());
    Ok(processes.filter(is_child).collect())
}

/// The fields after the name, which stands in parentheses and may contain anything: field 3 comes first.
fn stat_fields(process: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_wherever_it_stands_in_a_line() {
        for line in ["http://127.0.0.1:6767", "Listening at: http://127.0.0.1:6767 (12)"] {
            assert_eq!(find_address(line), "127.0.0.1:6767".parse().ok(), "{line}");
        }
        assert_eq!(find_address("MiniMost keeps its data in ./data"), None);
    }

    #[test]
    fn threads_that_do_the_same_count_together() {
        let line = "12 (mailboxes-1) S 1 1 1 0 -1 0 0 0 0 0 7 5 0 0 20 0 9";
        assert_eq!(thread_of(line), Some(("mailboxes".to_owned(), 12 * tick_micros())));
    }

    #[test]
    fn this_process_has_used_memory() {
        let usage = usage_of(std::process::id()).expect("this process runs");
        assert!(usage.rss_bytes > 0);
    }
}
