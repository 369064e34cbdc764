//! HTTP/1.1 as a load generator needs it: a few hundred nanoseconds a request, because the server shares the cores.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail};
use memchr::memmem;

/// A server that does not answer for this long has hung.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Who asks.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Nobody.
    None,
    /// `Authorization: Bearer`.
    Bearer(String),
    /// The value of a `Cookie` header.
    Cookie(String),
}

/// The bytes of a request without a body.
pub fn get(path: &str, credentials: &Credentials) -> Vec<u8> {
    request("GET", path, credentials, None)
}

/// The bytes of a form that is posted; the fields are percent-encoded already.
pub fn post_form(path: &str, credentials: &Credentials, form: &str) -> Vec<u8> {
    request("POST", path, credentials, Some(("application/x-www-form-urlencoded", form)))
}

/// The bytes of a JSON document that is posted.
pub fn post_json(path: &str, credentials: &Credentials, json: &str) -> Vec<u8> {
    request("POST", path, credentials, Some(("application/json", json)))
}

fn request(
    method: &str,
    path: &str,
    credentials: &Credentials,
    body: Option<(&str, &str)>,
) -> Vec<u8> {
    let credentials = match credentials {
        Credentials::None => String::new(),
        Credentials::Bearer(token) => format!("Authorization: Bearer {token}\r\n"),
        Credentials::Cookie(cookie) => format!("Cookie: {cookie}\r\n"),
    };
    let (content, body) = body.map_or((String::new(), ""), |(content_type, body)| {
        (format!("Content-Type: {content_type}\r\nContent-Length: {}\r\n", body.len()), body)
    });
    format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{credentials}{content}\r\n{body}")
        .into_bytes()
}

/// Where the parts of a complete answer are in the bytes that hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Bytes of status line and header fields, the empty line included.
    pub head_len: usize,
    pub body_len: usize,
    /// The server ends the connection after it.
    pub closes: bool,
}

impl Answer {
    /// The answer at the start of `bytes`; `None` while it is incomplete. Answers with a length only.
    pub fn parse(bytes: &[u8]) -> anyhow::Result<Option<Answer>> {
        let answer = Answer::parse_head(bytes)?;
        Ok(answer.filter(|answer| bytes.len() >= answer.len()))
    }

    /// The same, complete or not, as soon as its head is whole.
    pub fn parse_head(bytes: &[u8]) -> anyhow::Result<Option<Answer>> {
        let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
        let head = std::str::from_utf8(&bytes[..end]).context("a head that is not text")?;
        let status = head.get(9..12).and_then(|digits| digits.parse().ok());
        let status = status.with_context(|| format!("not an HTTP answer: {head}"))?;
        let body_len = match (status, header(head, "content-length")) {
            (_, Some(length)) => length.parse().context("a length that is no number")?,
            (204 | 304, None) => 0,
            (_, None) => bail!("an answer without a length: {head}"),
        };
        let closes = header(head, "connection") == Some("close");
        Ok(Some(Answer { status, head_len: end + 4, body_len, closes }))
    }

    /// Bytes of the whole answer.
    pub fn len(&self) -> usize {
        self.head_len + self.body_len
    }
}

/// The value of a header field, in any case.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n").find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A connection for one request at a time.
pub struct Client {
    address: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
    answer: Answer,
}

impl Client {
    /// Connects to a server.
    pub fn connect(address: SocketAddr) -> anyhow::Result<Client> {
        let answer = Answer { status: 0, head_len: 0, body_len: 0, closes: false };
        Ok(Client { address, stream: connect(address)?, buffer: Vec::new(), answer })
    }

    /// Sends a request, waits for the whole answer and returns its status.
    pub fn call(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        if self.answer.closes {
            self.stream = connect(self.address)?;
        }
        self.stream.write_all(request)?;
        self.buffer.clear();
        let mut piece = [0; 16_384];
        loop {
            let length = self.stream.read(&mut piece).context("the server does not answer")?;
            if length == 0 {
                bail!("the server ended the connection instead of answering");
            }
            self.buffer.extend_from_slice(&piece[..length]);
            if let Some(answer) = Answer::parse(&self.buffer)? {
                self.answer = answer;
                return Ok(answer.status);
            }
        }
    }

    /// Sends a request that must be answered with 2xx.
    pub fn expect_success(&mut self, request: &[u8]) -> anyhow::Result<()> {
        match self.call(request)? {
            200..=299 => Ok(()),
            status => bail!("{status} instead of success: {}{}", self.head(), self.body()),
        }
    }

    /// Status line and header fields of the last answer.
    pub fn head(&self) -> String {
        String::from_utf8_lossy(&self.buffer[..self.answer.head_len]).into_owned()
    }

    /// The body of the last answer.
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.buffer[self.answer.head_len..self.answer.len()]).into_owned()
    }
}

/// A connection on which small requests leave at once.
pub fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address).with_context(|| format!("cannot reach {address}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_with_its_last_byte() {
        let whole = b"HTTP/1.1 201 Created\r\nCONTENT-LENGTH: 2\r\n\r\n{}";
        for length in 0..whole.len() {
            assert_eq!(Answer::parse(&whole[..length]).expect("it is HTTP"), None);
        }
        let answer = Answer { status: 201, head_len: 43, body_len: 2, closes: false };
        assert_eq!(Answer::parse(whole).expect("it is HTTP"), Some(answer));
    }

    #[test]
    fn no_content_has_no_length() {
        let answer = Answer::parse(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        let answer = answer.expect("it is HTTP").expect("it is complete");
        assert_eq!((answer.status, answer.body_len, answer.closes), (204, 0, true));
    }
}
