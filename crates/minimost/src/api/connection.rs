//! One connection from its first head to its end.
//!
//! hyper has it only while something is asked: its buffers are 16 KiB, and nearly all connections wait, thousands of them
//! for the next event and as many for the next question. One that waits for a question stands here with its socket alone;
//! one that streams is written to by `streaming` (to an HTTP/1.0 program, which knows no chunks, hyper does that).
//!
//! Neighbours: `serve` accepts, `lobby` has who has asked nothing yet, `socket` is what hyper reads and writes.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONNECTION;
use axum::http::{HeaderMap, Method, Request, Response, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::debug;

use super::door::Door;
use super::problem::BadRequest;
use super::seats::Connection;
use super::serve::turn_away;
use super::socket::Socket;
use super::stall::StallGuard;
use super::streaming;

/// How long a request's headers may take, and how long a kept-alive connection may be silent.
pub(super) const HEADERS_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes buffered in each direction while something is asked: hyper's smallest.
pub(super) const BUFFER_BYTES: usize = 8 * 1024;

/// What hyper's two sides say of a connection while it has it.
#[derive(Default)]
pub(super) struct Exchange {
    /// Something that the peer has sent will not be read.
    pub(super) is_unread: AtomicBool,
    /// Bytes of an answer wait for the peer.
    pub(super) is_stalled: AtomicBool,
    /// A request has come.
    is_asked: AtomicBool,
    /// hyper closes after the answer.
    is_last: AtomicBool,
    /// An answer that streams, for which hyper is not needed.
    streamed: Mutex<Option<Response<Body>>>,
}

/// Says of an answer that it is a stream: it may last for days.
#[derive(Clone, Copy)]
pub(super) struct Streamed;

/// What follows when hyper is done with a connection.
enum After {
    Closed,
    /// Everything that was asked is answered.
    Idle(Socket),
    Stream(Socket, Response<Body>),
}

/// Answers a connection until its end, when there is a seat for it.
pub(super) async fn answer(
    socket: TcpStream,
    heard: Vec<u8>,
    peer: IpAddr,
    door: Arc<Door>,
    closed: watch::Receiver<()>,
) {
    // Whoever shows a session needs no seat among the visitors, so none of them is in the way.
    let user = door.user_in(&heard);
    let Some(seat) = door.seats().enter(peer, user).await else {
        turn_away(&socket, &door.answer_unread(BadRequest::TooMuchAtOnce));
        return;
    };
    // Without it, small frames of a stream wait for an acknowledgement; a failure only makes them slower.
    if let Err(error) = socket.set_nodelay(true) {
        debug!("TCP_NODELAY was refused: {error}");
    }
    let seat = Arc::new(seat);
    let socket = Socket::new(StallGuard::new(socket), heard, Arc::clone(&seat), Arc::clone(&door));
    // First what has arrived: it may show a session, and then it need not give way.
    tokio::select! {
        biased;
        () = live(socket, &seat, &door, closed) => {}
        () = seat.cut() => debug!("a connection gave way to another"),
    }
}

async fn live(
    mut socket: Socket,
    seat: &Arc<Connection>,
    door: &Arc<Door>,
    mut closed: watch::Receiver<()>,
) {
    loop {
        tokio::select! {
            biased;
            said = timeout(HEADERS_TIMEOUT, socket.readable()) => match said {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return,
            },
            _ended = closed.changed() => return,
        }
        // Boxed: what hyper takes is given back while the connection waits.
        let after = Box::pin(ask(socket, seat, door, &mut closed)).await;
        socket = match after {
            After::Closed => return,
            After::Idle(idle) => idle,
            After::Stream(mut socket, response) => {
                if let Err(error) = streaming::send(&mut socket, response).await {
                    debug!("a stream ended: {error}");
                }
                return;
            }
        };
    }
}

/// Whether the peer wants the connection closed after the answer.
fn says_close(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(CONNECTION).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|it| it.trim().eq_ignore_ascii_case("close"))
}

/// Has hyper read requests and write answers, until everything is answered, or a stream begins.
async fn ask(
    mut socket: Socket,
    seat: &Arc<Connection>,
    door: &Arc<Door>,
    closed: &mut watch::Receiver<()>,
) -> After {
    let exchange = Arc::<Exchange>::default();
    socket.begin(Arc::clone(&exchange));
    let service = service_fn(|request: Request<Incoming>| {
        exchange.is_asked.store(true, Ordering::Relaxed);
        let (door, seat, exchange) = (Arc::clone(door), Arc::clone(seat), Arc::clone(&exchange));
        async move { Ok::<_, Infallible>(exchange.answer(request, &door, &seat).await) }
    });
    let mut hyper = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(socket), service);
    let mut closing = pin!(closed.changed());
    let mut is_told = false;
    let ended = poll_fn(|cx| {
        if !is_told && closing.as_mut().poll(cx).is_ready() {
            is_told = true;
            exchange.is_last.store(true, Ordering::Relaxed);
            Pin::new(&mut hyper).graceful_shutdown();
        }
        match Pin::new(&mut hyper).poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending if exchange.is_over(seat) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    });
    match ended.await {
        None => {
            let parts = hyper.into_parts();
            let mut socket = parts.io.into_inner();
            if let Some(response) = exchange.take_streamed() {
                return After::Stream(socket, response);
            }
            socket.unread(&parts.read_buf);
            After::Idle(socket)
        }
        Some(ended) => {
            if let Err(error) = ended {
                debug!("a connection ended: {error}");
            }
            After::Closed
        }
    }
}

impl Exchange {
    /// The answer to a request. One that streams is kept for after hyper, which hears of none.
    async fn answer(
        &self,
        request: Request<Incoming>,
        door: &Door,
        seat: &Arc<Connection>,
    ) -> Response<Body> {
        let is_old = request.version() < Version::HTTP_11;
        let may_stream = !is_old && request.method() == Method::GET;
        if is_old || says_close(request.headers()) {
            self.is_last.store(true, Ordering::Relaxed);
        }
        let response = door.answer(request, seat).await;
        if response.headers().contains_key(CONNECTION) {
            self.is_last.store(true, Ordering::Relaxed);
            self.is_unread.store(true, Ordering::Relaxed);
        } else if may_stream && response.extensions().get::<Streamed>().is_some() {
            *self.streamed() = Some(response);
            // `ask` looks when it has polled this.
            return std::future::pending().await;
        }
        response
    }

    /// Whether hyper has nothing more to do, after it was polled: what it has to write it has written, or is stalled.
    fn is_over(&self, seat: &Connection) -> bool {
        if !self.is_asked.load(Ordering::Relaxed) || self.is_stalled.load(Ordering::Relaxed) {
            return false;
        }
        // Where something stays unread hyper closes, and that may take a while.
        let closes = self.is_last.load(Ordering::Relaxed) || self.is_unread.load(Ordering::Relaxed);
        self.streamed().is_some() || !closes && !seat.is_answering()
    }

    fn take_streamed(&self) -> Option<Response<Body>> {
        self.streamed().take()
    }

    fn streamed(&self) -> MutexGuard<'_, Option<Response<Body>>> {
        self.streamed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
