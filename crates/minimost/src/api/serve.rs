//! The door to the network: who comes, is let in or turned away, and what becomes of everybody at the end.
//!
//! Neighbours: `lobby` and `connection` have those who were let in.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::connection::{BUFFER_BYTES, HEADERS_TIMEOUT, answer};
use super::door::Door;
use super::lobby::Lobby;
use super::problem::BadRequest;

/// Connections at once, streams included; the next one is told to come back.
const CONNECTIONS_MAX: usize = 20_000;

/// How long requests may still run after the shutdown began.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Pause after the system refused a connection, for example because no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown`, then lets running requests end.
///
/// Streams must be ended by the hub, or they are cut off after the drain timeout.
pub async fn serve(listener: TcpListener, door: Door, shutdown: impl Future<Output = ()>) {
    serve_at_most(CONNECTIONS_MAX, listener, door, shutdown).await;
}

async fn serve_at_most(
    connections_max: usize,
    listener: TcpListener,
    door: Door,
    shutdown: impl Future<Output = ()>,
) {
    let door = Arc::new(door);
    let lobby = Arc::new(Lobby::new(HEADERS_TIMEOUT));
    let (closing, closed) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_ended) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, _)) if connections.len() >= connections_max => {
                turn_away(&socket, &door.answer_unread(BadRequest::Busy));
            }
            Ok((socket, peer)) => {
                let (door, lobby) = (Arc::clone(&door), Arc::clone(&lobby));
                let mut closed = closed.clone();
                connections.spawn(async move {
                    // A proxy's connections are not told apart before they say for whom they are.
                    let heard = if door.seats().are_behind_proxy() {
                        Some(Vec::new())
                    } else {
                        tokio::select! {
                            heard = lobby.head(&socket, peer.ip()) => heard,
                            _ended = closed.changed() => None,
                        }
                    };
                    if let Some(heard) = heard {
                        answer(socket, heard, peer.ip(), door, closed).await;
                    }
                });
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop((listener, closing));
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_TIMEOUT, all).await.is_err() {
        warn!("cut off {} connections that did not end in time", connections.len());
    }
    connections.shutdown().await;
}

/// Answers without reading the request. The kernel's buffer of a fresh connection takes it whole.
pub(super) fn turn_away(socket: &TcpStream, answer: &[u8]) {
    // What has come already: unread it would reset the connection before the answer is there. None is no fault.
    let _: io::Result<usize> = socket.try_read(&mut [0; BUFFER_BYTES]);
    if let Err(error) = socket.try_write(answer) {
        debug!("a connection too many was dropped unanswered: {error}");
    }
}

async fn pause_after(error: &io::Error) {
    // The client gave up between its connect and our accept: nothing is wrong here.
    if error.kind() != io::ErrorKind::ConnectionAborted {
        warn!("a connection could not be accepted: {error}");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::net::SocketAddr;

    use chat::Timestamp;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::boot::{Server, Start};
    use crate::clock::Clock;
    use crate::config::Config;

    async fn knock(at: SocketAddr) -> (TcpStream, String) {
        let mut socket = TcpStream::connect(at).await.unwrap();
        // Whoever is turned away may hear so before all of it is said.
        drop(socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await);
        let mut heard = vec![0; BUFFER_BYTES];
        let bytes = socket.read(&mut heard).await.unwrap_or_default();
        (socket, String::from_utf8_lossy(&heard[..bytes]).into_owned())
    }

    #[tokio::test]
    async fn one_connection_more_than_there_may_be_is_told_to_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.data.dir = dir.path().join("data");
        config.auth.argon2_memory_kib = 8;
        let anywhere = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let start = Start { clock: Clock::manual(Timestamp(1)), allow_future_log: false };
        let server = Server::start(config, start, anywhere().await).await.unwrap();
        let small = anywhere().await;
        let at = small.local_addr().unwrap();
        let serving = serve_at_most(2, small, Door::new(server.app().clone()), pending());
        let visiting = async {
            let (first, heard) = knock(at).await;
            assert!(heard.starts_with("HTTP/1.1 200"), "{heard}");
            let (_second, heard) = knock(at).await;
            assert!(heard.starts_with("HTTP/1.1 200"), "{heard}");
            let mut third = TcpStream::connect(at).await.unwrap();
            let mut heard = String::new();
            third.read_to_string(&mut heard).await.unwrap();
            assert!(heard.starts_with("HTTP/1.1 503"), "{heard}");
            assert!(heard.contains("/problems/busy"), "{heard}");
            drop(first);
            // There is room when the server has seen the end of it.
            while !knock(at).await.1.starts_with("HTTP/1.1 200") {}
        };
        tokio::select! {
            () = serving => unreachable!("nobody ends it"),
            () = visiting => {}
        }
        server.stop().await.unwrap();
    }
}
