//! Server-sent events (WHATWG HTML section 9.2) as they arrive.

use bytes::BytesMut;
use http_body_util::BodyExt as _;
use hyper::body::Body;
use serde_json::Value;

use crate::failure::Failure;

/// Longest event read, bytes.
const EVENT_LIMIT: usize = 16 << 20;

/// A stream of JSON events.
pub(crate) struct Events<B> {
    body: B,
    buffer: BytesMut,
    data: String,
}

impl<B> Events<B>
where
    B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Unpin,
{
    /// Reads the events of a body.
    pub(crate) fn new(body: B) -> Self {
        Self {
            body,
            buffer: BytesMut::new(),
            data: String::new(),
        }
    }

    /// The next event; nothing when the stream ended.
    pub(crate) async fn next(&mut self) -> Result<Option<Value>, Failure> {
        loop {
            while let Some(line) = self.line() {
                if let Some(data) = self.take(&line) {
                    let value = serde_json::from_str(&data).map_err(|error| Failure::Foreign {
                        text: format!("an event that is no JSON: {error}"),
                    })?;
                    return Ok(Some(value));
                }
            }
            if self.buffer.len() + self.data.len() > EVENT_LIMIT {
                return Err(Failure::Foreign {
                    text: format!("an event of more than {EVENT_LIMIT} bytes"),
                });
            }
            let Some(frame) = self.body.frame().await else {
                return Ok(None);
            };
            let frame = frame.map_err(|error| Failure::Connection {
                doing: "reading",
                url: "the stream of events".to_owned(),
                source: error.into(),
            })?;
            if let Ok(data) = frame.into_data() {
                let mut data = data;
                while bytes::Buf::has_remaining(&data) {
                    let chunk = bytes::Buf::chunk(&data);
                    self.buffer.extend_from_slice(chunk);
                    let length = chunk.len();
                    bytes::Buf::advance(&mut data, length);
                }
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        let end = self.buffer.iter().position(|byte| *byte == b'\n')?;
        let line = self.buffer.split_to(end + 1);
        Some(
            String::from_utf8_lossy(&line)
                .trim_end_matches(['\r', '\n'])
                .to_owned(),
        )
    }

    /// Takes in a line; the data of an event where it ends one.
    fn take(&mut self, line: &str) -> Option<String> {
        if line.is_empty() {
            return (!self.data.is_empty()).then(|| std::mem::take(&mut self.data));
        }
        if let Some(data) = line.strip_prefix("data:") {
            if !self.data.is_empty() {
                self.data.push('\n');
            }
            self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use hyper::body::Frame;
    use serde_json::json;

    use super::*;

    /// A body that arrives in pieces.
    struct Pieces(VecDeque<&'static str>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(
                self.0
                    .pop_front()
                    .map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes())))),
            )
        }
    }

    #[tokio::test]
    async fn events_in_pieces() {
        let pieces = [
            "id: 7\nda",
            "ta: {\"seq\":7}\r\n\r",
            "\n: keep-alive\n\nevent: x\ndata: {\ndata:\"seq\":8}\n",
            "\ndata: {}",
        ];
        let mut events = Events::new(Pieces(pieces.into()));
        assert_eq!(events.next().await.unwrap(), Some(json!({"seq": 7})));
        assert_eq!(events.next().await.unwrap(), Some(json!({"seq": 8})));
        assert_eq!(
            events.next().await.unwrap(),
            None,
            "an event without its end is none"
        );
    }

    #[tokio::test]
    async fn no_json() {
        let told = Events::new(Pieces(["data: x\n\n"].into()))
            .next()
            .await
            .unwrap_err()
            .to_string();
        assert!(
            told.starts_with(
                "the server answered what no mockmdm answers: an event that is no JSON"
            ),
            "{told}"
        );
    }
}
