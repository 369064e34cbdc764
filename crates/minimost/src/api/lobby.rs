//! Connections whose first request is not here yet. They hold a socket and what they have said, and no seat: thousands
//! may stand here, and who says something whole goes past them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::crowd::Crowd;
use crate::auth::Network;

/// Connections of one address, and at most half of all that may be here; one more takes the seat of the oldest.
const EACH_MAX: usize = 6_000;

/// Bytes of a head that are waited for; what is longer is judged as it is.
const HEAD_BYTES_MAX: usize = 8 * 1024;

pub(super) struct Lobby {
    crowd: Arc<Crowd<Network>>,
    patience: Duration,
}

impl Lobby {
    /// `patience` is how long the head of a request may take, `all_max` how many connections may be anywhere before
    /// they carry a stream: one address alone does not fill them.
    pub(super) fn new(patience: Duration, all_max: usize) -> Lobby {
        Lobby { crowd: Crowd::new(EACH_MAX.min(all_max / 2).max(1)), patience }
    }

    /// What a connection says until its first head is whole, or cannot be one; `None` when it ends before, takes too
    /// long or has to go.
    pub(super) async fn head(&self, socket: &TcpStream, peer: IpAddr) -> Option<Vec<u8>> {
        let cut = Arc::default();
        let mut seat = self.crowd.enter(Network::from(peer), &cut)?;
        seat.set_at_rest(true);
        tokio::select! {
            // Who has said everything need not go.
            biased;
            head = timeout(self.patience, read_head(socket)) => head.ok()?,
            () = cut.notified() => None,
        }
    }
}

async fn read_head(socket: &TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    loop {
        socket.readable().await.ok()?;
        // Not kept while the next is waited for.
        let mut chunk = [0; 1024];
        match socket.try_read(&mut chunk) {
            Ok(0) => return None,
            Ok(bytes) => head.extend_from_slice(&chunk[..bytes]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => return None,
        }
        let begins_like_one = head[0].is_ascii_alphabetic() || head[0].is_ascii_whitespace();
        // What was looked at before is not looked at again, but for the bytes that an end may lie across.
        let news = &head[head.len().saturating_sub(chunk.len() + 3)..];
        let is_whole = news.windows(2).any(|end| end == b"\n\n")
            || news.windows(3).any(|end| end == b"\n\r\n");
        if is_whole || !begins_like_one || head.len() >= HEAD_BYTES_MAX {
            return Some(head);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    async fn connection(listener: &TcpListener) -> (TcpStream, TcpStream) {
        let address = listener.local_addr().unwrap();
        let (peer, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        (peer.unwrap(), accepted.unwrap().0)
    }

    #[tokio::test]
    async fn of_those_who_say_nothing_whole_the_oldest_goes_and_who_says_all_passes() {
        let lobby = Lobby { crowd: Crowd::new(2), patience: Duration::from_secs(600) };
        let here = IpAddr::from([127, 0, 0, 1]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let [silent, mut half, mut whole] =
            [connection(&listener).await, connection(&listener).await, connection(&listener).await];
        half.0.write_all(b"GET / HTTP/1.1\r\nHost: local").await.unwrap();
        whole.0.write_all(b"GET / HTTP/1.1\r\n\r\nrest").await.unwrap();
        // In this order, because each is asked in turn.
        let (first, second, third) = tokio::join!(
            biased;
            lobby.head(&silent.1, here),
            async {
                let head = lobby.head(&half.1, here).await.unwrap();
                assert!(head.ends_with(b"localhost\r\n\r\n"));
            },
            async {
                let head = lobby.head(&whole.1, here).await;
                half.0.write_all(b"host\r\n\r\n").await.unwrap();
                head
            },
        );
        assert_eq!((first, second), (None, ()), "the third came, and the first was the oldest");
        assert_eq!(third.unwrap(), b"GET / HTTP/1.1\r\n\r\nrest");
        for (said, heard) in [("\u{16}\u{3}\u{1}", 3), (&"x".repeat(9_000), 8 * 1024)] {
            let (mut peer, socket) = connection(&listener).await;
            peer.write_all(said.as_bytes()).await.unwrap();
            let head = lobby.head(&socket, here).await.unwrap();
            assert!(head.len() >= heard, "{}: it is judged as it is", head.len());
        }
    }
}
