//! Named deviations that did not make a message unusable.

use std::fmt;

/// How many findings one message keeps; further ones are only counted.
const KEPT: usize = 64;

/// What was deviated from, by dotted name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A UTF-8 byte order mark before the document.
    ByteOrderMark,
    /// The `plist` element's `version` is missing or not `1.0`.
    Version,
    /// An attribute on an element that has none.
    Attribute,
    /// A processing instruction.
    ProcessingInstruction,
    /// A key twice in one dictionary; the first value is kept.
    DuplicateKey,
    /// A control character that XML 1.0 section 2.2 forbids.
    ControlCharacter,
    /// Base64 without its padding.
    UnpaddedData,
    /// A scalar whose content is not of its type, kept as text (only where a message must not be lost for it).
    BadScalar,
    /// Both `UDID` and `EnrollmentID`; the `UDID` is used.
    BothIdentifiers,
    /// A check-in key the schema requires is missing, and the message is usable without it.
    CheckInMissing,
    /// An optional check-in key of the wrong type, ignored.
    CheckInType,
    /// A check-in `MessageType` that is not known here.
    CheckInUnknown,
    /// A report's `Status` that is not known here.
    ReportStatus,
    /// A key of a report of the wrong type, ignored.
    ReportType,
    /// A report without `CommandUUID` that is not `Idle`.
    ReportCommand,
}

impl Rule {
    /// The name by which findings are listed and rules are waived.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ByteOrderMark => "plist.byte-order-mark",
            Self::Version => "plist.version",
            Self::Attribute => "plist.attribute",
            Self::ProcessingInstruction => "plist.processing-instruction",
            Self::DuplicateKey => "plist.duplicate-key",
            Self::ControlCharacter => "plist.control-character",
            Self::UnpaddedData => "plist.unpadded-data",
            Self::BadScalar => "plist.bad-scalar",
            Self::BothIdentifiers => "apple.both-identifiers",
            Self::CheckInMissing => "checkin.missing-key",
            Self::CheckInType => "checkin.wrong-type",
            Self::CheckInUnknown => "checkin.unknown-message",
            Self::ReportStatus => "report.unknown-status",
            Self::ReportType => "report.wrong-type",
            Self::ReportCommand => "report.missing-command",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One deviation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was deviated from.
    pub rule: Rule,
    /// Where and how: a key path or a few characters of the input, never a secret's value.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.detail)
    }
}

/// The deviations of one message, in the order met. At most 64 are kept, so that a hostile message cannot grow them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    kept: Vec<Finding>,
    more: usize,
}

impl Findings {
    /// Adds one; `detail` is only built when it will be kept.
    pub(crate) fn add(&mut self, rule: Rule, detail: impl FnOnce() -> String) {
        if self.kept.len() < KEPT {
            let detail = detail();
            self.kept.push(Finding { rule, detail });
        } else {
            self.more += 1;
        }
    }

    /// Those kept.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.kept.iter()
    }

    /// How many were counted but not kept.
    pub const fn more(&self) -> usize {
        self.more
    }

    /// Whether the message followed every rule.
    pub const fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether any is of this rule.
    pub fn has(&self, rule: Rule) -> bool {
        self.kept.iter().any(|f| f.rule == rule)
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A decoded value and what was tolerated to get it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded<T> {
    /// The value.
    pub value: T,
    /// What deviated.
    pub findings: Findings,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixty_fifth_finding_is_only_counted() {
        let mut findings = Findings::default();
        for n in 0..70 {
            findings.add(Rule::DuplicateKey, || format!("`{n}`"));
        }
        assert_eq!((findings.iter().count(), findings.more()), (64, 6));
        assert_eq!(
            findings.iter().next().unwrap().to_string(),
            "plist.duplicate-key: `0`"
        );
        assert!(findings.has(Rule::DuplicateKey) && !findings.has(Rule::Version));
    }
}
