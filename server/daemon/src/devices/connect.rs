//! Apple's command channel: a report comes in, the next command goes out.

use std::collections::BTreeMap;

use mdm_apple::answer::XML;
use mdm_apple::errors::words;
use mdm_apple::plist::{Budget, Dict, Value};
use mdm_apple::report::{CommandReport, ErrorEntry as WireError, Listed, Status as WireStatus};
use mdm_core::report::{Answer, ErrorEntry, ListedCertificate, ListedProfile, Report, Status};
use mdm_core::service::enrollment::{EnrollmentError, NotAdmitted};

use super::handler::{Asked, Devices, Knowledge, done};
use super::sender::{malformed, note, sender};
use crate::digest::fingerprint;
use crate::respond::{Failure, Reply, whole};

/// The longest text kept of one fact of a device.
const LONGEST_FACT: usize = 1024;
/// The longest name of a fact.
const LONGEST_NAME: usize = 255;

impl Devices {
    /// Takes a report and answers with the next command, or with nothing: the session ends.
    pub(super) async fn connect(
        &self,
        asked: Asked<'_>,
        known: &mut Knowledge,
    ) -> Result<Reply, Failure> {
        let proven = self.prove(asked)?;
        let bound = self.bound(&proven, known).await?;
        let decoded = CommandReport::decode(asked.body, Budget::default())
            .map_err(|e| malformed("a command report", &e))?;
        note(&decoded.findings, known);
        let wire = decoded.value;
        known.operation = format!("connect {}", status_name(&wire.status));
        self.judged(known).await?;
        let from = sender(&proven, &wire.sender);
        let now = self.server.clock.now();
        let services = &self.server.services;
        let channel = services
            .admit_sender(&bound.device, &from, "a report", now)
            .await?;
        let report = report(&wire)?;
        let idle = report.status == Status::Idle;
        let outgoing = match services.report(&bound.device, &channel, &report).await {
            Err(mdm_core::service::ServiceError::NotFound {
                kind: "channel", ..
            }) => {
                let user = from.user.map(|u| u.key).unwrap_or_default();
                return Err(EnrollmentError::from(NotAdmitted::UnknownUser {
                    udid: from.udid,
                    user,
                })
                .into());
            }
            other => other?,
        };
        known.changed = !idle || outgoing.is_some();
        Ok(match outgoing {
            Some(outgoing) => {
                known.operation = format!(
                    "{} -> {}",
                    known.operation,
                    outgoing.command.item.request_type()
                );
                whole(http::StatusCode::OK, XML, outgoing.wire)
            }
            None => done(),
        })
    }
}

fn status_name(status: &WireStatus) -> &str {
    match status {
        WireStatus::Idle => "Idle",
        WireStatus::Acknowledged => "Acknowledged",
        WireStatus::Error => "Error",
        WireStatus::CommandFormatError => "CommandFormatError",
        WireStatus::NotNow => "NotNow",
        WireStatus::Unknown(text) => text,
    }
}

fn report(wire: &CommandReport) -> Result<Report, Failure> {
    let errors = || wire.error_chain.iter().map(error_entry).collect();
    let status = match &wire.status {
        WireStatus::Idle => Status::Idle,
        WireStatus::Acknowledged => Status::Acknowledged,
        WireStatus::Error => Status::Error(errors()),
        WireStatus::CommandFormatError => Status::CommandFormatError(errors()),
        WireStatus::NotNow => Status::NotNow,
        WireStatus::Unknown(text) => {
            return Err(Failure::Malformed {
                what: "a command report",
                detail: format!("its Status `{text}` is not known"),
                limit: None,
            });
        }
    };
    let command = match (&wire.command_uuid, &status) {
        (Some(uuid), _) => uuid.as_str().parse().ok(),
        (None, Status::Idle) => None,
        (None, _) => {
            return Err(Failure::Malformed {
                what: "a command report",
                detail: "it answers a command and does not say which: CommandUUID is missing"
                    .to_owned(),
                limit: None,
            });
        }
    };
    let answer = if status == Status::Acknowledged {
        answer(wire)
    } else {
        Answer::Nothing
    };
    let command = if status == Status::Idle {
        None
    } else {
        command
    };
    Ok(Report {
        command,
        status,
        answer,
    })
}

fn error_entry(wire: &WireError) -> ErrorEntry {
    let code = wire.code.unwrap_or_default();
    let description = wire
        .us_english
        .clone()
        .or_else(|| wire.localized.clone())
        .unwrap_or_default();
    let meaning = wire
        .code
        .and_then(|code| words(&wire.domain, code))
        .map(|w| match w.hint {
            Some(hint) => format!("{}; {hint}", w.text),
            None => w.text.to_owned(),
        });
    ErrorEntry {
        domain: wire.domain.clone(),
        code,
        description,
        meaning,
    }
}

/// What an acknowledgement carries. Its kind is told by the key it carries: a report does not say
/// which kind of command it answers.
fn answer(wire: &CommandReport) -> Answer {
    let has = |key: &str| wire.result.get(key).is_some();
    if has("ProfileList") {
        return match wire.profiles() {
            Ok(listed) => unless_broken(&listed, || {
                let profile = |p: &mdm_apple::report::InstalledProfile| ListedProfile {
                    identifier: p.identifier.clone(),
                    uuid: p.uuid.clone(),
                    managed: p.is_managed.unwrap_or(false),
                };
                Answer::Profiles(listed.items.iter().map(profile).collect())
            }),
            Err(error) => Answer::Unreadable(error.to_string()),
        };
    }
    if has("CertificateList") {
        return match wire.certificates() {
            Ok(listed) => unless_broken(&listed, || {
                let certificate = |c: &mdm_apple::report::InstalledCertificate| {
                    Some(ListedCertificate {
                        fingerprint: fingerprint(&c.der)?,
                        common_name: c.common_name.clone().unwrap_or_default(),
                        is_identity: c.is_identity,
                    })
                };
                Answer::Certificates(listed.items.iter().filter_map(certificate).collect())
            }),
            Err(error) => Answer::Unreadable(error.to_string()),
        };
    }
    if has("QueryResponses") {
        return wire
            .device_information()
            .map_or_else(|e| Answer::Unreadable(e.to_string()), information);
    }
    if has("SecurityInfo") {
        return wire
            .security_info()
            .map_or_else(|e| Answer::Unreadable(e.to_string()), information);
    }
    Answer::Nothing
}

/// A list with entries that cannot be read proves nothing about what is missing from it.
fn unless_broken<T>(listed: &Listed<T>, answer: impl FnOnce() -> Answer) -> Answer {
    match listed.unreadable.first() {
        Some(error) => Answer::Unreadable(error.to_string()),
        None => answer(),
    }
}

fn information(answers: &Dict) -> Answer {
    let fact = |value: &Value| -> Option<String> {
        Some(match value {
            Value::String(text) => text.chars().take(LONGEST_FACT).collect(),
            Value::Bool(yes) => yes.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Date(at) => at.to_string(),
            Value::Data(_) | Value::Dict(_) | Value::Array(_) => return None,
        })
    };
    let facts: BTreeMap<String, String> = answers
        .iter()
        .filter(|(key, _)| key.len() <= LONGEST_NAME)
        .filter_map(|(key, value)| Some((key.to_owned(), fact(value)?)))
        .take(256)
        .collect();
    Answer::Information(facts)
}
