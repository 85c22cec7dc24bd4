//! Values that do not fit into one message (OMA Device Management Protocol).

use std::fmt;

use super::identifier::LocUri;
use super::item::{Data, Item};
use super::status_code::StatusCode;

/// The fewest bytes of data that it makes sense to send at once.
pub const LEAST_PART: usize = 64;

/// Cuts an item into parts, each for a message of its own, whose data is no longer than `room` bytes as XML writes it.
/// The first says how long the whole is; all but the last say that there is more. An item that fits is one part.
/// `room` below [`LEAST_PART`] counts as that.
pub fn parts(item: Item, room: usize) -> Vec<Item> {
    let room = room.max(LEAST_PART);
    let text = item.data.as_ref().map_or("", Data::as_str);
    let cuts = cuts(text, room);
    if cuts.len() < 2 {
        return vec![item];
    }
    let last = cuts.len() - 1;
    let size = u64::try_from(text.len()).ok();
    cuts.iter()
        .enumerate()
        .map(|(n, part)| {
            let mut meta = item.meta.clone();
            meta.size = size.filter(|_| n == 0);
            Item {
                target: item.target.clone(),
                source: item.source.clone(),
                meta,
                data: Some(Data::Text((*part).to_owned())),
                more_data: n < last,
            }
        })
        .collect()
}

fn cuts(text: &str, room: usize) -> Vec<&str> {
    let mut cuts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut used = 0;
        let end = rest.char_indices().find_map(|(at, c)| {
            used += written(c);
            (used > room).then_some(at)
        });
        let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
        cuts.push(part);
        rest = after;
    }
    cuts
}

/// Bytes that a character takes up in XML text.
const fn written(c: char) -> usize {
    match c {
        '&' | '\r' => 5,
        '<' | '>' => 4,
        _ => c.len_utf8(),
    }
}

/// A value of which some parts have come. `Debug` shows only how much of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Assembly {
    whole: Item,
    text: String,
}

impl fmt::Debug for Assembly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assembly")
            .field("whole", &self.whole)
            .field("come", &self.text.len())
            .finish()
    }
}

/// What a part made of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assembled {
    /// More is to come; the part is answered with 213 and the next is asked for by alert 1222.
    Partly(Assembly),
    /// It is complete.
    Whole(Item),
}

/// Why a value cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssemblyError {
    /// The first part does not say how long the whole is.
    #[error("first part of a large object has no `Size`")]
    NoSize,
    /// More than is accepted, or than was announced.
    #[error("large object is longer than {most} bytes")]
    TooLong {
        /// The limit.
        most: u64,
    },
    /// Its last part came and it is not as long as was announced.
    #[error("large object has {found} bytes; {announced} were announced")]
    Size {
        /// By the first part.
        announced: u64,
        /// All parts.
        found: u64,
    },
    /// The next part is of another node: the last part of this one never came.
    #[error("large object was not finished before another began")]
    Unfinished,
}

impl AssemblyError {
    /// How the part is answered. For [`Self::Unfinished`] alert 1225 is sent besides.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NoSize => StatusCode::SIZE_REQUIRED,
            Self::TooLong { .. } => StatusCode::TOO_BIG,
            Self::Size { .. } => StatusCode::SIZE_MISMATCH,
            Self::Unfinished => StatusCode::COMMAND_FAILED,
        }
    }
}

impl Assembly {
    /// Takes the next item of a message: the next part of `pending`, or a value that begins with it. The whole is at
    /// most `most` bytes.
    pub fn take(pending: Option<Self>, item: Item, most: u64) -> Result<Assembled, AssemblyError> {
        let mut assembly = match pending {
            None if !item.more_data => return Ok(Assembled::Whole(item)),
            None => match item.meta.size {
                None => return Err(AssemblyError::NoSize),
                Some(size) if size > most => return Err(AssemblyError::TooLong { most }),
                Some(_) => Self {
                    whole: Item {
                        data: None,
                        more_data: false,
                        ..item.clone()
                    },
                    text: String::new(),
                },
            },
            Some(pending) if pending.node() != node(&item) => {
                return Err(AssemblyError::Unfinished);
            }
            Some(pending) => pending,
        };
        assembly
            .text
            .push_str(item.data.as_ref().map_or("", Data::as_str));
        let found = u64::try_from(assembly.text.len()).unwrap_or(u64::MAX);
        let announced = assembly.whole.meta.size.unwrap_or(most);
        if item.more_data && found <= announced {
            Ok(Assembled::Partly(assembly))
        } else if found == announced {
            let data = Some(Data::Text(assembly.text));
            Ok(Assembled::Whole(Item {
                data,
                ..assembly.whole
            }))
        } else {
            Err(AssemblyError::Size { announced, found })
        }
    }

    /// The node it is of.
    pub fn node(&self) -> Option<&LocUri> {
        node(&self.whole)
    }
}

fn node(item: &Item) -> Option<&LocUri> {
    let address = item.target.as_ref().or(item.source.as_ref())?;
    Some(&address.uri)
}

#[cfg(test)]
mod tests {
    use super::super::meta::Format;
    use super::*;

    fn item(text: &str) -> Item {
        Item::value(LocUri::node("./x").unwrap(), Format::Chr, text)
    }

    #[test]
    fn parts_fit_and_make_the_whole() {
        let text = "&é<\u{1F4E7}\r>x".repeat(50);
        for room in [0, 64, 65, 100, 1023] {
            let parts = parts(item(&text), room);
            let room = room.max(LEAST_PART);
            let mut pending = None;
            let last = parts.len() - 1;
            for (n, part) in parts.iter().enumerate() {
                let size: usize = part
                    .data
                    .as_ref()
                    .unwrap()
                    .as_str()
                    .chars()
                    .map(written)
                    .sum();
                assert!(size <= room, "{size} of {room}");
                assert_eq!(part.more_data, n < last);
                assert_eq!(part.meta.size, (n == 0).then_some(text.len() as u64));
                match Assembly::take(pending.take(), part.clone(), 4096).unwrap() {
                    Assembled::Partly(assembly) => pending = Some(assembly),
                    Assembled::Whole(whole) => {
                        assert_eq!(n, last);
                        assert_eq!(whole.data, Some(Data::Text(text.clone())));
                    }
                }
            }
            assert_eq!(pending, None);
        }
    }

    #[test]
    fn what_fits_is_left_alone() {
        for text in ["", "x", &"x".repeat(64)] {
            assert_eq!(parts(item(text), 64), [item(text)]);
        }
        let node = Item::node(LocUri::node("./x").unwrap());
        assert_eq!(parts(node.clone(), 64), [node]);
    }

    #[test]
    fn lengths_are_checked() {
        let part = |text: &str, size, more_data| {
            let mut part = item(text);
            part.meta.size = size;
            part.more_data = more_data;
            part
        };
        let begun = |size| match Assembly::take(None, part("ab", Some(size), true), 10) {
            Ok(Assembled::Partly(assembly)) => Some(assembly),
            other => panic!("{other:?}"),
        };
        let mut other = part("c", None, false);
        other.target = Some(LocUri::node("./y").unwrap().into());
        assert!(!format!("{:?}", begun(3)).contains("ab"));
        for (pending, part, status, complaint) in [
            (
                None,
                part("a", None, true),
                411,
                "first part of a large object has no `Size`",
            ),
            (
                None,
                part("a", Some(11), true),
                416,
                "large object is longer than 10 bytes",
            ),
            (
                begun(3),
                part("", None, false),
                424,
                "large object has 2 bytes; 3 were announced",
            ),
            (
                begun(3),
                part("cd", None, true),
                424,
                "large object has 4 bytes; 3 were announced",
            ),
            (
                begun(3),
                other,
                500,
                "large object was not finished before another began",
            ),
        ] {
            let error = Assembly::take(pending, part, 10).unwrap_err();
            assert_eq!(error.to_string(), complaint);
            assert_eq!(error.status(), StatusCode(status), "{complaint}");
        }
    }
}
