//! A line to the server that carries any bytes at all, however an HTTP client would object to them.

use std::fmt;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use crate::http::Answer;

/// After so long without a byte the server counts as stuck.
const PATIENCE: Duration = Duration::from_mins(1);

/// Plain, or in TLS. What is read does not depend on what can still be written: a server that refuses a request answers
/// before it has read all of it.
enum Stream {
    Plain(TcpStream),
    Tls(Box<ClientConnection>, TcpStream),
}

impl Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(bytes),
            Self::Tls(session, socket) => {
                let mut stream = rustls::Stream::new(session.as_mut(), socket);
                stream.write_all(bytes)?;
                stream.flush()
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(session, socket) => loop {
                match session.reader().read(buffer) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        session.read_tls(socket)?;
                        session.process_new_packets().map_err(io::Error::other)?;
                    }
                    outcome => return outcome,
                }
            },
        }
    }
}

/// A connection that carries any bytes at all.
pub(crate) struct Line {
    stream: Stream,
    host: String,
    /// Came already, belongs to the next answer.
    early: Vec<u8>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({})", self.host)
    }
}

impl Line {
    /// A connection to `base`, plain.
    pub(crate) fn plain(base: &str) -> Self {
        let host = base.strip_prefix("http://").unwrap().to_owned();
        Self {
            stream: Stream::Plain(socket(&host)),
            host,
            early: Vec::new(),
        }
    }

    /// A connection to `base` in TLS.
    pub(crate) fn tls(base: &str, config: &Arc<ClientConfig>) -> Self {
        let host = base.strip_prefix("https://").unwrap().to_owned();
        let name = host.split(':').next().unwrap().to_owned();
        let session =
            ClientConnection::new(Arc::clone(config), ServerName::try_from(name).unwrap());
        let (mut session, mut socket) = (session.unwrap(), socket(&host));
        while session.is_handshaking() {
            session.complete_io(&mut socket).unwrap();
        }
        Self {
            stream: Stream::Tls(Box::new(session), socket),
            host,
            early: Vec::new(),
        }
    }

    /// `host:port`.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Writes; false when the server does not listen any more.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write(bytes).is_ok()
    }

    /// A well-formed request.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let headers: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{}Content-Length: {}\r\n\r\n",
            self.host,
            headers.concat(),
            body.len()
        );
        // Refused before it was read to its end, where writing fails.
        let _ = self.write(head.as_bytes()) && self.write(body);
        self.answer()
            .unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    /// A `PUT`.
    pub(crate) fn put(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.send("PUT", path, headers, body)
    }

    /// The next answer; none when the connection ended before it.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        loop {
            if let Some((answer, end)) = parse(&self.early) {
                self.early.drain(..end);
                return Some(answer);
            }
            if !self.more() {
                return None;
            }
        }
    }

    /// Whether the server closes the connection, saying nothing more.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.early.is_empty() && !self.more()
    }

    fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(n) => {
                self.early.extend_from_slice(&buffer[..n]);
                true
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("{} says nothing and does not close either", self.host)
            }
            Err(_) => false,
        }
    }
}

fn socket(host: &str) -> TcpStream {
    let port = host.rsplit(':').next().unwrap();
    let socket = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// An answer and where it ends, once all of it is there.
fn parse(bytes: &[u8]) -> Option<(Answer, usize)> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&bytes[..head]).unwrap();
    let mut lines = text.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut answer = Answer {
        status,
        headers,
        body: Vec::new(),
    };
    let length: usize = answer
        .header("content-length")
        .map_or(0, |n| n.parse().unwrap());
    let end = head + 4 + length;
    answer.body = bytes.get(head + 4..end)?.to_vec();
    Some((answer, end))
}
