//! A bare connection: bytes go out as a test wrote them, and answers come back as they were said.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::TestServer;

/// One connection to a server.
pub struct Wire {
    socket: TcpStream,
    unread: Vec<u8>,
}

/// An answer as it was said.
#[derive(Debug)]
pub struct Said {
    pub status: u16,
    /// In lower case.
    pub head: String,
    pub body: String,
}

impl Wire {
    pub async fn open(server: &TestServer) -> Wire {
        Wire::open_from("127.0.0.1", server).await
    }

    /// From one of the loopback's many addresses.
    pub async fn open_from(address: &str, server: &TestServer) -> Wire {
        let to: SocketAddr = server.url("").trim_start_matches("http://").parse().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
        Wire { socket: socket.connect(to).await.unwrap(), unread: Vec::new() }
    }

    pub async fn say(&mut self, text: &str) {
        self.socket.write_all(text.as_bytes()).await.unwrap();
    }

    /// Whether the connection still took it.
    pub async fn try_say(&mut self, text: &str) -> bool {
        self.socket.write_all(text.as_bytes()).await.is_ok()
    }

    /// The next chunk of a body that comes in such (RFC 9112, 7.1); `None` after the last.
    pub async fn hear_chunk(&mut self) -> Option<String> {
        let size = String::from_utf8(self.hear_up_to(b"\r\n").await?).unwrap();
        let size = usize::from_str_radix(size.trim_end(), 16).expect("a size");
        while self.unread.len() < size + 2 && self.read().await {}
        let chunk = self.unread.drain(..size).collect();
        assert_eq!(self.unread.drain(..2).collect::<Vec<u8>>(), b"\r\n", "it ends where it says");
        (size > 0).then(|| String::from_utf8(chunk).unwrap())
    }

    /// Everything until the connection ends.
    pub async fn hear_all(&mut self) -> String {
        while self.read().await {}
        String::from_utf8(std::mem::take(&mut self.unread)).unwrap()
    }

    /// The next answer; `None` when the connection ends instead.
    pub async fn hear(&mut self) -> Option<Said> {
        let head = self.hear_up_to(b"\r\n\r\n").await?;
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length && self.read().await {}
        let body = String::from_utf8(self.unread.drain(..length).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Said { status, head, body })
    }

    /// What comes up to and with `end`; `None` when the connection ends before.
    async fn hear_up_to(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            let found = self.unread.windows(end.len()).position(|bytes| bytes == end);
            match found {
                Some(at) => return Some(self.unread.drain(..at + end.len()).collect()),
                None if self.read().await => {}
                None => return None,
            }
        }
    }

    /// Whether the server has ended it, and nothing more was said.
    pub async fn has_ended(&mut self) -> bool {
        self.unread.is_empty() && !self.read().await
    }

    async fn read(&mut self) -> bool {
        let read = self.socket.read_buf(&mut self.unread).await;
        read.is_ok_and(|bytes| bytes > 0)
    }
}

impl Said {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}
