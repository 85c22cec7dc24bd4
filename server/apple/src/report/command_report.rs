//! A report as a whole.

use std::fmt;

use crate::checkin::Sender;
use crate::errors::{Words, words};
use crate::finding::{Decoded, Findings, Rule};
use crate::identifier::CommandUuid;
use crate::plist::{
    Budget, Dict, FieldError, Fields, PlistError, Scalars, Value, excerpt, read_with,
};

/// A body that is no report.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Not a property list.
    #[error("report: the body cannot be read")]
    Plist(#[source] PlistError),
    /// No sender or no status.
    #[error(transparent)]
    Field(#[from] FieldError),
}

/// `Status` of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Ready for a command.
    Idle,
    /// The command was carried out.
    Acknowledged,
    /// It failed; the report has an error chain.
    Error,
    /// The device does not understand it.
    CommandFormatError,
    /// Not at the moment: offer it again later.
    NotNow,
    /// Another one, as sent.
    Unknown(String),
}

/// One entry of `ErrorChain`. The first is the outermost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorEntry {
    /// `ErrorDomain`; empty if missing.
    pub domain: String,
    /// `ErrorCode`. Numbers vary between OS versions: show them, never branch on them.
    pub code: Option<i64>,
    /// `LocalizedDescription`, in the device's language.
    pub localized: Option<String>,
    /// `USEnglishDescription`.
    pub us_english: Option<String>,
}

impl ErrorEntry {
    /// What domain and code mean, as far as is known.
    pub fn words(&self) -> Option<Words> {
        words(&self.domain, self.code?)
    }
}

impl fmt::Display for ErrorEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.domain.is_empty() {
            "unnamed domain"
        } else {
            &self.domain
        })?;
        if let Some(code) = self.code {
            write!(f, " {code}")?;
        }
        match (
            self.us_english.as_ref().or(self.localized.as_ref()),
            self.words(),
        ) {
            (Some(said), _) => write!(f, ": {said}"),
            (None, Some(words)) => write!(f, ": {}", words.text),
            (None, None) => Ok(()),
        }
    }
}

/// A device's answer to a command, or its question for one.
///
/// Neither names the command's type; whoever sent the command knows it and calls the extractor for it.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandReport {
    /// Who.
    pub sender: Sender,
    /// How it went.
    pub status: Status,
    /// Which command; absent with `Idle`.
    pub command_uuid: Option<CommandUuid>,
    /// Why it failed, outermost first, whole.
    pub error_chain: Vec<ErrorEntry>,
    /// Every other key: the result.
    pub result: Dict,
}

impl CommandReport {
    /// Decodes the body of a report.
    ///
    /// A result must not block a queue for one odd value: scalars that are not of their type are kept as text with
    /// the finding `plist.bad-scalar`, and the extractor that needs the value complains.
    pub fn decode(body: &[u8], budget: Budget) -> Result<Decoded<Self>, Malformed> {
        let Decoded {
            value,
            mut findings,
        } = read_with(body, budget, Scalars::KeepAsText).map_err(Malformed::Plist)?;
        let mut fields = Fields::new("report", value, Rule::ReportType, &mut findings)?;
        let status = match fields.required_text("Status")? {
            text if text == "Idle" => Status::Idle,
            text if text == "Acknowledged" => Status::Acknowledged,
            text if text == "Error" => Status::Error,
            text if text == "CommandFormatError" => Status::CommandFormatError,
            text if text == "NotNow" => Status::NotNow,
            text => {
                fields
                    .findings
                    .add(Rule::ReportStatus, || format!("`{}`", excerpt(&text)));
                Status::Unknown(text)
            }
        };
        let sender = Sender::take(&mut fields)?;
        let command_uuid = match fields.identifier("CommandUUID") {
            Ok(uuid) => uuid,
            Err(error) => {
                fields.findings.add(Rule::ReportType, || error.to_string());
                None
            }
        };
        if command_uuid.is_none() && status != Status::Idle {
            fields
                .findings
                .add(Rule::ReportCommand, || format!("{status:?}"));
        }
        let chain = fields.array("ErrorChain").unwrap_or_default();
        let result = fields.rest();
        let error_chain = chain
            .into_iter()
            .enumerate()
            .map(|(n, entry)| error_entry(n, entry, &mut findings))
            .collect();
        Ok(Decoded {
            value: Self {
                sender,
                status,
                command_uuid,
                error_chain,
                result,
            },
            findings,
        })
    }
}

fn error_entry(n: usize, entry: Value, findings: &mut Findings) -> ErrorEntry {
    let mut error = ErrorEntry {
        domain: String::new(),
        code: None,
        localized: None,
        us_english: None,
    };
    match Fields::new(
        format!("ErrorChain[{n}]"),
        entry,
        Rule::ReportType,
        findings,
    ) {
        Ok(mut fields) => {
            error.domain = fields.text("ErrorDomain").unwrap_or_default();
            error.code = fields.integer("ErrorCode");
            error.localized = fields.text("LocalizedDescription");
            error.us_english = fields.text("USEnglishDescription");
        }
        Err(complaint) => findings.add(Rule::ReportType, || complaint.to_string()),
    }
    error
}

#[cfg(test)]
#[path = "command_report_tests.rs"]
mod tests;
