//! An exchange as bytes: a head that lists show, and the rest with headers and bodies.
//!
//! Numbers are little-endian; a text is its length in four bytes and its bytes; a list is its
//! length in four bytes and its members. The first byte of either part tells the layout.

use bytes::Bytes;
use mdm_core::time::Timestamp;

use super::exchange::{Exchange, Summary};
use super::headers::Headers;

const LAYOUT: u8 = 1;

const TLS: u8 = 1;
const DEVICE: u8 = 2;
const SIMULATED: u8 = 4;
const CHANGED: u8 = 8;

/// Bytes that are no exchange of this layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadBlob(&'static str);

/// Writes what lists show, over what `out` holds.
pub(crate) fn write_head(exchange: &Exchange, out: &mut Vec<u8>) {
    out.clear();
    let flags = [
        (exchange.tls.is_some(), TLS),
        (exchange.device.is_some(), DEVICE),
        (exchange.simulated, SIMULATED),
        (exchange.changed, CHANGED),
    ];
    out.extend([
        LAYOUT,
        flags
            .iter()
            .filter(|(set, _)| *set)
            .map(|(_, bit)| bit)
            .sum(),
    ]);
    out.extend(exchange.at.0.to_le_bytes());
    out.extend(exchange.conn.to_le_bytes());
    out.extend(exchange.duration_us.to_le_bytes());
    out.extend(exchange.status.to_le_bytes());
    out.extend((exchange.request_body.len() as u64).to_le_bytes());
    out.extend((exchange.response_body.len() as u64).to_le_bytes());
    for text in [
        &exchange.peer,
        &exchange.listener,
        &exchange.method,
        &exchange.path,
        &exchange.operation,
    ] {
        put(out, text.as_bytes());
    }
    if let Some(tls) = &exchange.tls {
        put(out, tls.as_bytes());
    }
    if let Some(device) = &exchange.device {
        put(out, device.as_str().as_bytes());
    }
}

/// Writes headers and bodies, over what `out` holds.
pub(crate) fn write_rest(exchange: &Exchange, out: &mut Vec<u8>) {
    out.clear();
    out.push(LAYOUT);
    for headers in [&exchange.request_headers, &exchange.response_headers] {
        length(out, headers.len());
        for (name, value) in headers.iter() {
            put(out, name.as_bytes());
            put(out, value.as_bytes());
        }
    }
    put(out, &exchange.request_body);
    put(out, &exchange.response_body);
}

/// Bodies are limited to megabytes long before this, so nothing is ever cut.
fn length(out: &mut Vec<u8>, length: usize) {
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    length(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Reads a head.
pub(crate) fn read_head(id: u64, head: &[u8]) -> Result<Summary, BadBlob> {
    let mut reader = Reader::begin(head)?;
    let [flags] = reader.array()?;
    let at = Timestamp(i64::from_le_bytes(reader.array()?));
    let conn = reader.number()?;
    let duration_us = reader.number()?;
    let status = u16::from_le_bytes(reader.array()?);
    let request_size = reader.number()?;
    let response_size = reader.number()?;
    let peer = reader.text()?;
    let listener = reader.text()?;
    let method = reader.text()?;
    let path = reader.text()?;
    let operation = reader.text()?;
    let tls = if flags & TLS != 0 {
        Some(reader.text()?)
    } else {
        None
    };
    let device = if flags & DEVICE != 0 {
        Some(
            reader
                .text()?
                .parse()
                .map_err(|_| BadBlob("its device id is none"))?,
        )
    } else {
        None
    };
    Ok(Summary {
        id,
        at,
        conn,
        peer,
        listener,
        tls,
        method,
        path,
        status,
        device,
        simulated: flags & SIMULATED != 0,
        operation,
        changed: flags & CHANGED != 0,
        duration_us,
        request_size,
        response_size,
    })
}

/// Reads a whole exchange.
pub(crate) fn read(head: &[u8], rest: &[u8]) -> Result<Exchange, BadBlob> {
    let head = read_head(0, head)?;
    let mut reader = Reader::begin(rest)?;
    Ok(Exchange {
        at: head.at,
        conn: head.conn,
        peer: head.peer,
        listener: head.listener,
        tls: head.tls,
        method: head.method,
        path: head.path,
        request_headers: reader.headers()?,
        response_headers: reader.headers()?,
        request_body: Bytes::copy_from_slice(reader.bytes()?),
        response_body: Bytes::copy_from_slice(reader.bytes()?),
        status: head.status,
        device: head.device,
        simulated: head.simulated,
        operation: head.operation,
        changed: head.changed,
        duration_us: head.duration_us,
    })
}

struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    fn begin(bytes: &'a [u8]) -> Result<Self, BadBlob> {
        let mut reader = Self { left: bytes };
        match reader.array()? {
            [LAYOUT] => Ok(reader),
            [_] => Err(BadBlob("its layout is not known")),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], BadBlob> {
        let (taken, left) = self
            .left
            .split_at_checked(length)
            .ok_or(BadBlob("it ends too early"))?;
        self.left = left;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BadBlob> {
        self.take(N)?
            .try_into()
            .map_err(|_| BadBlob("it ends too early"))
    }

    fn number(&mut self) -> Result<u64, BadBlob> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn length(&mut self) -> Result<usize, BadBlob> {
        usize::try_from(u32::from_le_bytes(self.array()?))
            .map_err(|_| BadBlob("a length is too large"))
    }

    fn bytes(&mut self) -> Result<&'a [u8], BadBlob> {
        let length = self.length()?;
        self.take(length)
    }

    fn str(&mut self) -> Result<&'a str, BadBlob> {
        std::str::from_utf8(self.bytes()?).map_err(|_| BadBlob("a text is not UTF-8"))
    }

    fn text(&mut self) -> Result<String, BadBlob> {
        self.str().map(str::to_owned)
    }

    /// A header takes eight bytes at least, so a count that lies ends with the bytes.
    fn headers(&mut self) -> Result<Headers, BadBlob> {
        let mut headers = Headers::default();
        for _ in 0..self.length()? {
            headers.push(self.str()?, self.str()?);
        }
        Ok(headers)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    /// A poll of `device`, changing nothing.
    pub(crate) fn poll(device: Option<&str>, at: i64) -> Exchange {
        let mut request_headers = Headers::default();
        request_headers.push("Content-Type", "application/xml");
        Exchange {
            at: Timestamp(at),
            conn: 7,
            peer: "192.0.2.1:50000".to_owned(),
            listener: "device".to_owned(),
            tls: Some("TLSv1.3 h\u{e9}".to_owned()),
            method: "PUT".to_owned(),
            path: "/mdm/connect?a=<&\"".to_owned(),
            request_headers,
            request_body: Bytes::from_static(b"<plist/>\x00\xff"),
            status: 200,
            response_headers: Headers::default(),
            response_body: Bytes::new(),
            device: device.map(|d| d.parse().unwrap()),
            simulated: true,
            operation: "connect Idle".to_owned(),
            changed: false,
            duration_us: 123,
        }
    }

    fn parts(exchange: &Exchange) -> (Vec<u8>, Vec<u8>) {
        let (mut head, mut rest) = (vec![1, 2, 3], vec![4]);
        write_head(exchange, &mut head);
        write_rest(exchange, &mut rest);
        (head, rest)
    }

    #[test]
    fn reads_what_it_writes() {
        let full = Exchange {
            simulated: false,
            changed: true,
            ..poll(Some("d-1"), -5)
        };
        let bare = Exchange {
            tls: None,
            request_headers: Headers::default(),
            ..poll(None, 9)
        };
        for exchange in [full, bare] {
            let (head, rest) = parts(&exchange);
            assert_eq!(read(&head, &rest).unwrap(), exchange);
            let summary = read_head(42, &head).unwrap();
            assert_eq!(
                (summary.id, summary.request_size, summary.response_size),
                (42, 10, 0)
            );
        }
    }

    #[test]
    fn every_cut_is_refused() {
        let (head, rest) = parts(&poll(Some("d-1"), 1));
        for end in 0..head.len() {
            assert!(read_head(1, &head[..end]).is_err(), "head cut at {end}");
        }
        for end in 0..rest.len() {
            assert!(read(&head, &rest[..end]).is_err(), "rest cut at {end}");
        }
        assert_eq!(
            read(&head, &[9]).unwrap_err().to_string(),
            "its layout is not known"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(mut head: Vec<u8>, mut rest: Vec<u8>) {
            head.insert(0, LAYOUT);
            rest.insert(0, LAYOUT);
            let (good, _) = parts(&poll(Some("d-1"), 1));
            let _ = read_head(1, &head);
            let _ = read(&good, &rest);
        }
    }
}
