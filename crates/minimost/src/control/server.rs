//! Who answers at the socket.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::warn;

use super::{Answer, Doer, Request, Socket};
use crate::boot::stopped;

/// Commands that are answered at one time; the next one waits for one of them to end, seconds at most.
const ASKING_MAX: usize = 8;

/// Bytes of a request.
const REQUEST_BYTES_MAX: u64 = 4 * 1024;

/// How long a request may take to arrive, and its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long to wait when nobody can be let in, for want of open files for example.
const PAUSE: Duration = Duration::from_secs(1);

const ROOT: u32 = 0;

/// Answers until the server stops.
pub(crate) async fn serve(socket: Socket, doer: Doer, stopping: watch::Receiver<bool>) {
    let serving = async {
        let mut asking = JoinSet::new();
        loop {
            while asking.try_join_next().is_some() {}
            if asking.len() >= ASKING_MAX {
                asking.join_next().await;
            }
            match socket.listener.accept().await {
                Ok((stream, _)) => drop(asking.spawn(attend(stream, doer.clone()))),
                Err(error) => {
                    warn!("a command cannot be heard: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = serving => {}
        () = stopped(stopping) => {}
    }
}

async fn attend(stream: UnixStream, doer: Doer) {
    let own = rustix::process::geteuid().as_raw();
    match stream.peer_cred() {
        Ok(peer) if may_ask(peer.uid(), own) => {
            if let Err(error) = answer(stream, &doer).await {
                warn!("a command came to nothing: {error}");
            }
        }
        Ok(peer) => warn!("user {} may not command this server", peer.uid()),
        Err(error) => warn!("it cannot be known who commands this server: {error}"),
    }
}

/// The file's mode says so already; a directory that somebody opened up does not change it.
fn may_ask(peer: u32, own: u32) -> bool {
    peer == own || peer == ROOT
}

async fn answer(mut stream: UnixStream, doer: &Doer) -> io::Result<()> {
    let mut line = Vec::new();
    let reading = async {
        BufReader::new((&mut stream).take(REQUEST_BYTES_MAX)).read_until(b'\n', &mut line).await
    };
    timeout(PATIENCE, reading).await??;
    let answer = match serde_json::from_slice::<Request>(&line) {
        Ok(request) if line.ends_with(b"\n") => doer.answer(request).await,
        Ok(_) | Err(_) => Answer::Refused(NOT_UNDERSTOOD.to_owned()),
    };
    let mut said = serde_json::to_vec(&answer)?;
    said.push(b'\n');
    timeout(PATIENCE, stream.write_all(&said)).await?
}

const NOT_UNDERSTOOD: &str = "the server does not know this command; ask with its own version";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_of_the_server_and_root_command_it_and_nobody_else() {
        assert!(may_ask(1000, 1000));
        assert!(may_ask(ROOT, 1000));
        assert!(!may_ask(1001, 1000));
        assert!(!may_ask(1000, ROOT));
    }
}
