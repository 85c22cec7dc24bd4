//! A kept connection that writes prepared bytes and reads as little as it must, so that the client costs little.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::apple::{AppleDevice, Presigned};
use crate::http::{HttpError, Resolve, Target, client_config};
use crate::identity::Identity;
use crate::windows::PreparedRequest;

/// Largest head of an answer.
const MAX_HEAD: usize = 64 << 10;
/// Largest body of an answer.
const MAX_BODY: usize = 16 << 20;

/// A request as the bytes that are sent.
#[derive(Debug, Clone)]
pub(super) struct Prepared(Bytes);

impl Prepared {
    /// Writes the request out.
    pub(super) fn new(request: &Presigned) -> Result<Self, HttpError> {
        let (_, uri) = Target::of(&request.url)?;
        let headers = [("Content-Type", request.content_type)].into_iter().chain(
            request
                .signature
                .iter()
                .map(|s| ("Mdm-Signature", s.as_str())),
        );
        Ok(Self::written("PUT", &uri, headers, &request.body))
    }

    /// Writes the request of a Windows device out.
    pub(super) fn of_windows(request: &PreparedRequest) -> Result<Self, HttpError> {
        let (_, uri) = Target::of(&request.url)?;
        let headers = request.headers.iter();
        let headers = headers.map(|(name, value)| (*name, value.as_str()));
        Ok(Self::written(
            request.method.as_str(),
            &uri,
            headers,
            &request.body,
        ))
    }

    fn written<'a>(
        method: &str,
        uri: &http::Uri,
        headers: impl Iterator<Item = (&'static str, &'a str)>,
        body: &[u8],
    ) -> Self {
        let path = uri
            .path_and_query()
            .map_or("/", http::uri::PathAndQuery::as_str);
        let host = uri
            .authority()
            .map(http::uri::Authority::as_str)
            .unwrap_or_default();
        let headers: String = headers
            .flat_map(|(name, value)| [name, ": ", value, "\r\n"])
            .collect();
        let length = match method {
            "GET" => String::new(),
            _ => format!("Content-Length: {}\r\n", body.len()),
        };
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}{length}\r\n");
        Self([head.as_bytes(), body].concat().into())
    }
}

/// A connection to one server, opened when it is needed.
pub(super) struct Connection {
    target: Target,
    resolve: Resolve,
    tls: Arc<ClientConfig>,
    stream: Option<TlsStream<TcpStream>>,
    buffer: BytesMut,
}

impl Connection {
    /// A connection that trusts what the device trusts, and shows this identity.
    pub(super) fn new(
        device: &AppleDevice,
        url: &str,
        identity: Option<&Identity>,
    ) -> Result<Self, HttpError> {
        let (roots, resolve) = device.trust();
        Self::to(url, &roots, resolve, identity)
    }

    /// A connection that trusts these roots.
    pub(super) fn to(
        url: &str,
        roots: &[Vec<u8>],
        resolve: Resolve,
        identity: Option<&Identity>,
    ) -> Result<Self, HttpError> {
        let (target, _) = Target::of(url)?;
        let tls = client_config(roots, identity, &[b"http/1.1"], true)?;
        Ok(Self {
            target,
            resolve,
            tls,
            stream: None,
            buffer: BytesMut::new(),
        })
    }

    /// Opens it, if it is not open.
    pub(super) async fn open(&mut self) -> Result<(), String> {
        if self.stream.is_none() {
            self.buffer.clear();
            let tcp = self
                .target
                .connect(self.resolve)
                .await
                .map_err(|error| format!("connect: {error}"))?;
            let name = self
                .target
                .server_name()
                .map_err(|error| error.to_string())?;
            let tls = TlsConnector::from(Arc::clone(&self.tls))
                .connect(name, tcp)
                .await;
            self.stream = Some(tls.map_err(|error| format!("TLS: {error}"))?);
        }
        Ok(())
    }

    /// Sends a request and reads its answer: status and body. A failure closes the connection.
    pub(super) async fn exchange(&mut self, request: &Prepared) -> Result<(u16, Bytes), String> {
        self.open().await?;
        let answer = self.exchange_once(request).await;
        match &answer {
            Ok((_, _, false)) => {}
            Ok((_, _, true)) | Err(_) => self.stream = None,
        }
        answer.map(|(status, body, _)| (status, body))
    }

    async fn exchange_once(&mut self, request: &Prepared) -> Result<(u16, Bytes, bool), String> {
        let stream = self.stream.as_mut().ok_or("not connected")?;
        stream
            .write_all(&request.0)
            .await
            .map_err(|error| format!("write: {error}"))?;
        stream
            .flush()
            .await
            .map_err(|error| format!("write: {error}"))?;
        let mut seen = 0;
        let head_end = loop {
            let from = usize::saturating_sub(seen, 3);
            let found = self
                .buffer
                .get(from..)
                .and_then(|tail| tail.windows(4).position(|window| window == b"\r\n\r\n"));
            if let Some(at) = found {
                break from + at + 4;
            }
            seen = self.buffer.len();
            if seen > MAX_HEAD {
                return Err("answer's head is too long".to_owned());
            }
            more(stream, &mut self.buffer).await?;
        };
        let head = Head::parse(&self.buffer.split_to(head_end))?;
        while self.buffer.len() < head.length {
            more(stream, &mut self.buffer).await?;
        }
        Ok((
            head.status,
            self.buffer.split_to(head.length).freeze(),
            head.close,
        ))
    }
}

async fn more(stream: &mut TlsStream<TcpStream>, buffer: &mut BytesMut) -> Result<(), String> {
    match stream.read_buf(buffer).await {
        Ok(0) => Err("connection was closed".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(format!("read: {error}")),
    }
}

/// The three things of an answer's head that matter.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    length: usize,
    close: bool,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "answer's head is not text")?;
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
        let mut head = Self {
            status: status.ok_or("answer is not HTTP/1.1")?,
            length: 0,
            close: false,
        };
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                let length = value.parse().ok().filter(|length| *length <= MAX_BODY);
                head.length = length.ok_or("answer's length is not acceptable")?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err("answer has no length".to_owned());
            } else if name.eq_ignore_ascii_case("connection") {
                head.close = value.eq_ignore_ascii_case("close");
            }
        }
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let ok = |status, length, close| {
            Ok(Head {
                status,
                length,
                close,
            })
        };
        for (text, expected) in [
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n",
                ok(200, 12, false),
            ),
            (
                "HTTP/1.1 403 No\r\nConnection: close\r\n\r\n",
                ok(403, 0, true),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                Err("answer has no length".to_owned()),
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                Err("answer's length is not acceptable".to_owned()),
            ),
            ("SSH-2.0\r\n\r\n", Err("answer is not HTTP/1.1".to_owned())),
        ] {
            assert_eq!(Head::parse(text.as_bytes()), expected, "{text}");
        }
    }
}
