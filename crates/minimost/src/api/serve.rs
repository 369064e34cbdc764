//! Connections: HTTP/1.1 straight on hyper, so that timeouts, buffers and the end are ours to set.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONNECTION;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::door::Door;
use super::lobby::Lobby;
use super::problem::BadRequest;
use super::seats::Connection;
use super::socket::Socket;
use super::stall::StallGuard;

/// Connections at once, streams included; the next one is told to come back.
const CONNECTIONS_MAX: usize = 20_000;

/// How long a request's headers may take, and how long a kept-alive connection may be silent.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes buffered in each direction of a connection: hyper's smallest. A stream holds them for as long as it lives.
const BUFFER_BYTES: usize = 8 * 1024;

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
    let graceful = GracefulShutdown::new();
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
                let (watcher, mut closed) = (graceful.watcher(), closed.clone());
                let (door, lobby) = (Arc::clone(&door), Arc::clone(&lobby));
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
                        answer(socket, heard, peer.ip(), door, watcher).await;
                    }
                });
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop((listener, closing));
    let drained = tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
    if drained.is_err() {
        warn!("cut off {} connections that did not end in time", connections.len());
    }
    connections.shutdown().await;
}

/// Answers a connection until its end, when there is a seat for it.
async fn answer(
    socket: TcpStream,
    heard: Vec<u8>,
    peer: IpAddr,
    door: Arc<Door>,
    watcher: Watcher,
) {
    // Whoever shows a session needs no seat among the visitors, so none of them is in the way.
    let user = door.user_in(&heard);
    let Some(seat) = door.seats().enter(peer, user).await else {
        turn_away(&socket, &door.answer_unread(BadRequest::TooMuchAtOnce));
        return;
    };
    let seat = Arc::new(seat);
    let connection = connection(socket, heard, &seat, door);
    // First what has arrived: it may show a session, and then it need not give way.
    tokio::select! {
        biased;
        ended = watcher.watch(connection) => {
            if let Err(error) = ended {
                debug!("a connection ended: {error}");
            }
        }
        () = seat.cut() => debug!("a connection gave way to another"),
    }
}

/// One connection until its end.
fn connection(
    socket: TcpStream,
    heard: Vec<u8>,
    seat: &Arc<Connection>,
    door: Arc<Door>,
) -> http1::Connection<
    TokioIo<Socket>,
    impl hyper::service::Service<
        Request<Incoming>,
        Response = Response<Body>,
        Error = Infallible,
        Future: Send,
    >,
> {
    // Without it, small frames of a stream wait for an acknowledgement; a failure only makes them slower.
    if let Err(error) = socket.set_nodelay(true) {
        debug!("TCP_NODELAY was refused: {error}");
    }
    let is_unread = Arc::new(AtomicBool::new(false));
    let socket = StallGuard::new(socket);
    let seat = Arc::clone(seat);
    let (door_of_socket, is_unread_of_socket) = (Arc::clone(&door), Arc::clone(&is_unread));
    let socket = Socket::new(socket, heard, Arc::clone(&seat), door_of_socket, is_unread_of_socket);
    let service = service_fn(move |request: Request<Incoming>| {
        let (door, seat, is_unread) =
            (Arc::clone(&door), Arc::clone(&seat), Arc::clone(&is_unread));
        async move {
            let response = door.answer(request, &seat).await;
            if response.headers().contains_key(CONNECTION) {
                is_unread.store(true, Ordering::Relaxed);
            }
            Ok::<_, Infallible>(response)
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(socket), service)
}

/// Answers without reading the request. The kernel's buffer of a fresh connection takes it whole.
fn turn_away(socket: &TcpStream, answer: &[u8]) {
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
