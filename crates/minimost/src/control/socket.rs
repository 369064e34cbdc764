//! The socket's file: `control.sock` in the data directory, for its user only.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

const NAME: &str = "control.sock";

/// Bytes of a path that fit into the address of a socket on every system (104 with their end on macOS, 108 on Linux).
const PATH_BYTES_MAX: usize = 103;

/// Bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// How long an answer may take: as long as the log may wait for a slow disk.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A socket that is listened on; its file goes with it.
pub(crate) struct Socket {
    pub(super) listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Listens in a directory that is locked: a socket that is there is of a server that was killed.
    ///
    /// The mask of `data_dir` makes the file with no right for anybody else, so nobody is in before the mode is set.
    pub(crate) fn bind(dir: &Path) -> anyhow::Result<Socket> {
        let path = dir.join(NAME);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
            Ok(found) => {
                ensure!(found.file_type().is_socket(), "{} is no socket", path.display());
                fs::remove_file(&path)?;
            }
        }
        let listener = Address::of(dir)?.use_for(|address| StdListener::bind(address))?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(Socket { listener: UnixListener::from_std(listener)?, path })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Left behind it is refused like that of a killed server, and replaced at the next start.
        let _: io::Result<()> = fs::remove_file(&self.path);
    }
}

/// Sends one line and reads one.
pub(super) async fn ask(dir: &Path, line: &[u8]) -> anyhow::Result<Vec<u8>> {
    let connected = Address::of(dir)?.use_for(|address| {
        let stream = std::os::unix::net::UnixStream::connect(address)?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    });
    let stream = connected.with_context(|| dir.join(NAME).display().to_string())?;
    let mut stream = UnixStream::from_std(stream)?;
    let asking = async {
        stream.write_all(line).await?;
        stream.write_all(b"\n").await?;
        let mut answer = Vec::new();
        BufReader::new(stream.take(ANSWER_BYTES_MAX)).read_until(b'\n', &mut answer).await?;
        io::Result::Ok(answer)
    };
    let answer = timeout(ANSWER_TIMEOUT, asking).await.context("it does not answer")??;
    ensure!(answer.ends_with(b"\n"), "it went away in the middle of its answer");
    Ok(answer)
}

/// Where a socket is, in as many bytes as an address has.
struct Address {
    path: PathBuf,
    /// Of a directory whose name is too long: open for as long as it is named by its number.
    _dir: Option<File>,
}

impl Address {
    fn of(dir: &Path) -> anyhow::Result<Address> {
        let path = dir.join(NAME);
        if path.as_os_str().as_bytes().len() <= PATH_BYTES_MAX {
            return Ok(Address { path, _dir: None });
        }
        ensure!(
            cfg!(target_os = "linux"),
            "{} is too long for a socket: at most {PATH_BYTES_MAX} bytes",
            path.display()
        );
        let dir = File::open(dir)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd())).join(NAME);
        Ok(Address { path, _dir: Some(dir) })
    }

    fn use_for<T>(self, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
        act(&self.path)
    }
}
