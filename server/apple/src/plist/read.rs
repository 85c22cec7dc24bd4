//! The reader: bytes to value, as XML events under a budget.

use quick_xml::Reader;
use quick_xml::errors::{Error as XmlError, SyntaxError};
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::budget::{Budget, Limit};
use super::error::{PlistError, Position, Problem};
use super::excerpt::excerpt;
use super::prologue::{apples_doctype, begin, declaration};
use super::scalar::{Scalar, unpadded};
use super::value::{Dict, Value};
use crate::finding::{Decoded, Findings, Rule};

/// A dictionary longer than this is searched for duplicate keys by sorting instead of by comparing each pair.
const PAIRWISE: usize = 16;

/// What becomes of `<integer>`, `<real>`, `<data>` and `<date>` whose content is not of that type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalars {
    /// The document is refused.
    Refuse,
    /// The text is kept as [`Value::String`] with the finding `plist.bad-scalar`, so that the rest is not lost.
    KeepAsText,
}

/// Reads one XML property list. See [`read_with`].
pub fn read(document: &[u8], budget: Budget) -> Result<Decoded<Value>, PlistError> {
    read_with(document, budget, Scalars::Refuse)
}

/// Reads one XML property list: UTF-8, one `plist` element holding one value, no entities but XML's own, no DOCTYPE
/// but Apple's public one (which is never fetched) and nothing after the root.
///
/// Of a key that stands twice in one dictionary the *first* value is kept. Nothing here is recursive and no more than
/// the budget is built, so neither reading nor dropping can exhaust memory or the stack.
pub fn read_with(
    document: &[u8],
    budget: Budget,
    scalars: Scalars,
) -> Result<Decoded<Value>, PlistError> {
    let mut findings = Findings::default();
    let text = match begin(document, budget, &mut findings) {
        Ok(text) => text,
        Err((problem, offset)) => {
            return Err(PlistError {
                problem,
                at: Position::of(document, offset),
                path: String::new(),
            });
        }
    };
    let skipped = document.len() - text.len();
    let mut xml = Reader::from_str(text);
    let mut builder = Builder::new(budget, scalars, findings);
    let mut start = 0;
    let result = loop {
        let step = match xml.read_event() {
            Ok(Event::Eof) => break builder.finish(),
            Ok(event) => builder.event(event),
            Err(error) => {
                start = usize::try_from(xml.error_position()).unwrap_or(usize::MAX);
                Err(not_well_formed(&error))
            }
        };
        if let Err(problem) = step {
            break Err(problem);
        }
        start = usize::try_from(xml.buffer_position()).unwrap_or(usize::MAX);
    };
    match result {
        Ok(value) => Ok(Decoded {
            value,
            findings: builder.findings,
        }),
        Err(problem) => {
            let at = Position::of(document, skipped.saturating_add(start));
            Err(PlistError {
                problem,
                at,
                path: path(&builder.stack),
            })
        }
    }
}

fn not_well_formed(error: &XmlError) -> Problem {
    match error {
        XmlError::Syntax(SyntaxError::UnclosedDoctype) => Problem::Unclosed,
        other => Problem::Xml(excerpt(&other.to_string())),
    }
}

/// Where in the document the builder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Before,
    Inside,
    After,
}

enum Frame {
    Dict {
        entries: Vec<(String, Value)>,
        key: Option<String>,
    },
    Array(Vec<Value>),
}

struct Builder {
    budget: Budget,
    scalars: Scalars,
    findings: Findings,
    phase: Phase,
    first: bool,
    doctype: bool,
    nodes: usize,
    stack: Vec<Frame>,
    leaf: Option<Scalar>,
    text: String,
    root: Option<Value>,
}

impl Builder {
    fn new(budget: Budget, scalars: Scalars, findings: Findings) -> Self {
        Self {
            budget,
            scalars,
            findings,
            phase: Phase::Before,
            first: true,
            doctype: false,
            nodes: 0,
            stack: Vec::new(),
            leaf: None,
            text: String::new(),
            root: None,
        }
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), Problem> {
        let first = std::mem::replace(&mut self.first, false);
        match event {
            Event::Start(tag) => self.open(&tag),
            Event::Empty(tag) => {
                self.open(&tag)?;
                self.close()
            }
            Event::End(_) => self.close(), // the reader has matched the names
            Event::Text(text) => self.characters(&text.xml10_content()),
            Event::CData(text) => {
                if self.phase != Phase::Inside {
                    return Err(Problem::Text);
                }
                self.characters(&text.xml10_content())
            }
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::DocType(text) => self.doctype(&text),
            Event::Decl(decl) if first => declaration(&decl),
            Event::Decl(_) => Err(Problem::Xml("a declaration after the start".to_owned())),
            Event::PI(pi) => {
                self.findings
                    .add(Rule::ProcessingInstruction, || excerpt(pi.target()));
                Ok(())
            }
            Event::Comment(_) | Event::Eof => Ok(()),
        }
    }

    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), Problem> {
        let name = tag.name();
        let name = name.into_inner();
        match self.phase {
            Phase::Before if name == "plist" => {
                self.phase = Phase::Inside;
                let attributes = tag.attributes_raw().trim();
                if !matches!(attributes, r#"version="1.0""# | "version='1.0'") {
                    self.findings.add(Rule::Version, || excerpt(attributes));
                }
                return Ok(());
            }
            Phase::Before => return Err(Problem::NoWrapper(excerpt(name))),
            Phase::After => return Err(Problem::AfterRoot),
            Phase::Inside => {}
        }
        self.nodes += 1;
        if self.nodes > self.budget.nodes {
            return Err(Problem::Limit(Limit::Nodes(self.budget.nodes)));
        }
        if let Some(outer) = self.leaf {
            return Err(Problem::Inside {
                outer: outer.element(),
                found: excerpt(name),
            });
        }
        if !tag.attributes_raw().trim_ascii().is_empty() {
            self.findings
                .add(Rule::Attribute, || format!("<{}>", excerpt(tag)));
        }
        let scalar = Scalar::named(name);
        if scalar == Some(Scalar::Key) {
            return match self.stack.last() {
                Some(Frame::Dict { key: None, .. }) => {
                    self.leaf = scalar;
                    Ok(())
                }
                Some(Frame::Dict { key: Some(key), .. }) => {
                    Err(Problem::KeyWithoutValue(excerpt(key)))
                }
                Some(Frame::Array(_)) | None => Err(Problem::Key),
            };
        }
        let container = match name {
            "dict" => Some(Frame::Dict {
                entries: Vec::new(),
                key: None,
            }),
            "array" => Some(Frame::Array(Vec::new())),
            _ if scalar.is_some() => None,
            _ => return Err(Problem::Element(excerpt(name))),
        };
        match self.stack.last() {
            Some(Frame::Dict { key: None, .. }) => return Err(Problem::NoKey(excerpt(name))),
            None if self.root.is_some() => return Err(Problem::SecondValue),
            Some(Frame::Dict { key: Some(_), .. } | Frame::Array(_)) | None => {}
        }
        if let Some(frame) = container {
            if self.stack.len() >= self.budget.depth {
                return Err(Problem::Limit(Limit::Depth(self.budget.depth)));
            }
            self.stack.push(frame);
        }
        self.leaf = scalar;
        Ok(())
    }

    fn close(&mut self) -> Result<(), Problem> {
        if let Some(scalar) = self.leaf.take() {
            return self.close_scalar(scalar);
        }
        match self.stack.pop() {
            Some(Frame::Dict {
                key: Some(key),
                entries,
            }) => {
                let problem = Problem::KeyWithoutValue(excerpt(&key));
                self.stack.push(Frame::Dict { key: None, entries });
                Err(problem)
            }
            Some(Frame::Dict { entries, key: None }) => {
                let dict = self.dict(entries);
                self.place(Value::Dict(dict));
                Ok(())
            }
            Some(Frame::Array(items)) => {
                self.place(Value::Array(items));
                Ok(())
            }
            None if self.root.is_none() => Err(Problem::NoValue),
            None => {
                self.phase = Phase::After;
                Ok(())
            }
        }
    }

    fn close_scalar(&mut self, scalar: Scalar) -> Result<(), Problem> {
        if scalar == Scalar::Data && unpadded(&self.text) {
            self.note(Rule::UnpaddedData);
        }
        if self
            .text
            .bytes()
            .any(|b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r'))
        {
            self.note(Rule::ControlCharacter);
        }
        let value = match scalar.value(&mut self.text) {
            Some(value) => value,
            None if self.scalars == Scalars::KeepAsText => {
                self.note(Rule::BadScalar);
                Value::String(std::mem::take(&mut self.text))
            }
            None => {
                let (element, expected) = (scalar.element(), scalar.expected());
                return Err(Problem::Scalar { element, expected });
            }
        };
        self.text.clear();
        match (scalar, value, self.stack.last_mut()) {
            (Scalar::Key, Value::String(name), Some(Frame::Dict { key, .. })) => *key = Some(name),
            (_, value, _) => self.place(value),
        }
        Ok(())
    }

    /// Puts a finished value where `open` has checked that one belongs.
    fn place(&mut self, value: Value) {
        match self.stack.last_mut() {
            Some(Frame::Dict { entries, key }) => {
                if let Some(key) = key.take() {
                    entries.push((key, value));
                }
            }
            Some(Frame::Array(items)) => items.push(value),
            None => self.root = Some(value),
        }
    }

    /// Drops later values of a key, in a time that hostile input cannot make quadratic.
    fn dict(&mut self, mut entries: Vec<(String, Value)>) -> Dict {
        let mut doomed: Vec<usize> = if entries.len() <= PAIRWISE {
            let keys = || entries.iter().map(|(key, _)| key);
            keys()
                .enumerate()
                .filter(|(n, key)| keys().take(*n).any(|k| k == *key))
                .map(|(n, _)| n)
                .collect()
        } else {
            let mut order: Vec<(&str, usize)> = entries
                .iter()
                .enumerate()
                .map(|(n, (key, _))| (key.as_str(), n))
                .collect();
            order.sort_unstable();
            order
                .iter()
                .zip(order.iter().skip(1))
                .filter(|((a, _), (b, _))| a == b)
                .map(|(_, (_, later))| *later)
                .collect()
        };
        if !doomed.is_empty() {
            doomed.sort_unstable();
            let mut doomed = doomed.into_iter().peekable();
            let mut n = 0;
            entries.retain(|(key, _)| {
                let duplicate = doomed.next_if_eq(&n).is_some();
                n += 1;
                if duplicate {
                    self.findings
                        .add(Rule::DuplicateKey, || joined(&path(&self.stack), key));
                }
                !duplicate
            });
        }
        Dict(entries)
    }

    fn characters(&mut self, text: &str) -> Result<(), Problem> {
        if self.leaf.is_some() {
            self.text.push_str(text);
            return Ok(());
        }
        match (text.trim_ascii().is_empty(), self.phase) {
            (true, _) => Ok(()),
            (false, Phase::After) => Err(Problem::AfterRoot),
            (false, Phase::Before) => Err(Problem::Xml("text before the first element".to_owned())),
            (false, Phase::Inside) => Err(Problem::Text),
        }
    }

    /// XML 1.0 section 4.6: five names and numeric characters; nothing else is ever expanded.
    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Problem> {
        let named = match &**reference {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => reference.resolve_char_ref().ok().flatten(),
        };
        let c = named.ok_or_else(|| Problem::Entity(excerpt(reference)))?;
        if self.leaf.is_none() {
            return Err(Problem::Text);
        }
        self.text.push(c);
        Ok(())
    }

    fn doctype(&mut self, text: &str) -> Result<(), Problem> {
        if text.contains(['[', ']']) {
            return Err(Problem::DoctypeSubset);
        }
        if self.phase != Phase::Before || self.doctype || !apples_doctype(text) {
            return Err(Problem::Doctype);
        }
        self.doctype = true;
        Ok(())
    }

    fn note(&mut self, rule: Rule) {
        self.findings.add(rule, || path(&self.stack));
    }

    fn finish(&mut self) -> Result<Value, Problem> {
        match (self.phase, self.root.take()) {
            (Phase::After, Some(value)) => Ok(value),
            (Phase::Before, _) => Err(Problem::Xml("no element".to_owned())),
            (Phase::Inside | Phase::After, _) => Err(Problem::Unclosed),
        }
    }
}

/// The keys and indices that lead to the place being read.
fn path(stack: &[Frame]) -> String {
    stack.iter().fold(String::new(), |path, frame| match frame {
        Frame::Dict { key: Some(key), .. } => joined(&path, key),
        Frame::Dict { key: None, .. } => path,
        Frame::Array(items) => format!("{path}[{}]", items.len()),
    })
}

fn joined(path: &str, key: &str) -> String {
    let key = excerpt(key);
    if path.is_empty() {
        key
    } else {
        format!("{path}.{key}")
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
