//! The least HTTP/1.1 client that talks to the admin API and to the bootstrap listener: one connection per request.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

/// Longer than any `timeout` a story gives to `/wait`.
const PATIENCE: Duration = Duration::from_mins(2);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends one request to `base`, such as `http://127.0.0.1:8481`, and reads the answer to its end.
pub(crate) fn send(
    method: &str,
    base: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let authority = base.strip_prefix("http://").expect("a plain HTTP address");
    let mut socket = connect(authority);
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let named: String = headers
        .iter()
        .flat_map(|(name, value)| [name, ": ", value, "\r\n"])
        .collect();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\
         {named}Content-Length: {length}\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(body).unwrap();
    let mut answer = Vec::new();
    let read = socket.read_to_end(&mut answer);
    read.unwrap_or_else(|error| panic!("{method} {path}: no answer: {error}"));
    parse(&answer)
        .unwrap_or_else(|| panic!("{method} {path}: {}", String::from_utf8_lossy(&answer)))
}

/// Servers listen at one of the addresses of `localhost` only.
fn connect(authority: &str) -> TcpStream {
    let addresses = authority
        .to_socket_addrs()
        .unwrap_or_else(|error| panic!("{authority}: {error}"));
    let mut found = addresses.map(TcpStream::connect);
    let reached = found.find_map(Result::ok);
    reached.unwrap_or_else(|| panic!("nothing listens at {authority}"))
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut answer = Answer {
        status,
        headers,
        body: answer[end + 4..].to_vec(),
    };
    if answer.header("transfer-encoding").is_some() {
        answer.body = unchunk(&answer.body)?;
    }
    Some(answer)
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        let chunk = rest.get(end + 2..end + 2 + length)?;
        if length == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(chunk);
        rest = rest.get(end + 2 + length + 2..)?;
    }
}
