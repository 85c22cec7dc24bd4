//! The command loop (Apple: "Command and response"): Idle, a command, its report, until the answer is empty.

use std::collections::BTreeMap;

use plist::Dictionary;

use super::command::{After, Outcome};
use super::device::AppleDevice;
use super::journal::Event;
use super::script::Behaviour;
use super::transport::{CONNECT, Presigned, Verdict, judge, misuse};
use super::{DeviceError, Enrollment};
use crate::document::{self, Ask as _};

/// Commands after which a session is ended even if more come.
const MAX_COMMANDS: usize = 1_000;

/// A channel of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The device's own.
    Device,
    /// That of the person logged in at a Mac.
    User,
}

impl Channel {
    pub(super) fn label(self, what: &'static str) -> &'static str {
        match (self, what) {
            (Self::Device, "token") => "device token",
            (Self::Device, _) => "device magic",
            (Self::User, "token") => "user token",
            (Self::User, _) => "user magic",
        }
    }
}

/// What happened in a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionReport {
    /// Commands in the order they came: UUID, request type, status reported.
    pub commands: Vec<(String, String, String)>,
}

/// What a device says to the server: nothing to report, or the result of a command.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    uuid: Option<String>,
    status: &'static str,
    keys: Dictionary,
}

impl Report {
    fn idle() -> Self {
        Self {
            uuid: None,
            status: "Idle",
            keys: Dictionary::new(),
        }
    }
}

impl AppleDevice {
    /// Polls on every channel the device has, until the server has nothing more.
    pub async fn poll(&mut self) -> Result<SessionReport, DeviceError> {
        let mut all = self.session(Channel::Device).await?;
        if self
            .enrollment
            .as_ref()
            .is_some_and(|enrollment| enrollment.user_channel)
            && self.logged_in
        {
            all.commands
                .extend(self.session(Channel::User).await?.commands);
        }
        Ok(all)
    }

    /// One session on one channel.
    pub async fn session(&mut self, channel: Channel) -> Result<SessionReport, DeviceError> {
        let user_channel = self
            .enrollment
            .as_ref()
            .ok_or(DeviceError::NotEnrolled)?
            .user_channel;
        if channel == Channel::User && !user_channel {
            return Err(DeviceError::NoUserChannel);
        }
        let mut done = SessionReport::default();
        self.wants_poll = false;
        let mut report = self
            .unreported
            .get(&channel)
            .cloned()
            .unwrap_or_else(Report::idle);
        if let Some(uuid) = report.uuid.clone() {
            self.note(Event::ReportRepeated { uuid });
        }
        let mut behaviour = None;
        let mut after = After::Nothing;
        for _ in 0..MAX_COMMANDS {
            let status = report.status;
            let answer = self.deliver(channel, &report, behaviour.as_ref()).await?;
            if behaviour == Some(Behaviour::LostAnswer) {
                self.wants_poll = true;
                break;
            }
            self.unreported.remove(&channel);
            self.carry_out(channel, std::mem::replace(&mut after, After::Nothing))
                .await?;
            if answer.is_empty() || self.enrollment.is_none() {
                self.wants_poll = status == "NotNow";
                self.session_passed();
                return Ok(done);
            }
            let command = document::read(&answer)?;
            let uuid = command.text_or_empty("CommandUUID");
            let (request_type, outcome, wish) = self.answer(channel, &command).await;
            behaviour = wish;
            let (status, keys, then) = report_keys(outcome);
            after = then;
            self.note(Event::Command {
                channel,
                uuid: uuid.clone(),
                request_type: request_type.clone(),
                status: status.to_owned(),
            });
            done.commands
                .push((uuid.clone(), request_type, status.to_owned()));
            report = Report {
                uuid: Some(uuid),
                status,
                keys,
            };
            self.unreported.insert(channel, report.clone());
            if let Some(pause) = behaviour.as_ref().and_then(Behaviour::delay) {
                tokio::time::sleep(pause).await;
            }
        }
        self.session_passed();
        if self.wants_poll {
            Ok(done)
        } else {
            Err(DeviceError::EndlessSession(MAX_COMMANDS))
        }
    }

    /// An Idle request, made and signed beforehand.
    pub fn presign_idle(&self, channel: Channel) -> Result<Presigned, DeviceError> {
        let enrollment = self.enrollment.as_ref().ok_or(DeviceError::NotEnrolled)?;
        self.presign_report(enrollment, channel, &Report::idle(), false, false)
    }

    /// The report that a command was carried out, made and signed beforehand.
    pub fn presign_acknowledgement(
        &self,
        channel: Channel,
        command_uuid: &str,
    ) -> Result<Presigned, DeviceError> {
        let enrollment = self.enrollment.as_ref().ok_or(DeviceError::NotEnrolled)?;
        let report = Report {
            uuid: Some(command_uuid.to_owned()),
            status: "Acknowledged",
            keys: Dictionary::new(),
        };
        self.presign_report(enrollment, channel, &report, false, false)
    }

    fn presign_report(
        &self,
        enrollment: &Enrollment,
        channel: Channel,
        report: &Report,
        wrong_udid: bool,
        binary: bool,
    ) -> Result<Presigned, DeviceError> {
        let mut keys = report.keys.clone();
        keys.insert("Status".into(), report.status.into());
        if let Some(uuid) = &report.uuid {
            keys.insert("CommandUUID".into(), uuid.clone().into());
        }
        self.name_channel(&mut keys, channel);
        if wrong_udid {
            keys.insert("UDID".into(), format!("{}-WRONG", self.persona.udid).into());
        }
        let body = if binary {
            document::write_binary(keys)?
        } else {
            document::write(keys)?
        };
        self.presign(enrollment, &enrollment.payload.server_url, CONNECT, body)
    }

    /// Sends a report, as the script wants it, and gives the answer's body.
    async fn deliver(
        &mut self,
        channel: Channel,
        report: &Report,
        behaviour: Option<&Behaviour>,
    ) -> Result<bytes::Bytes, DeviceError> {
        let enrollment = self.enrollment.clone().ok_or(DeviceError::NotEnrolled)?;
        let wrong_udid = behaviour == Some(&Behaviour::WrongUdid);
        let binary = behaviour == Some(&Behaviour::BinaryPlist);
        let request = self.presign_report(&enrollment, channel, report, wrong_udid, binary)?;
        let request = misuse(request, behaviour);
        let what = report.status;
        if behaviour == Some(&Behaviour::DuplicateReport) {
            self.put(what, request.clone(), &enrollment.identity, &[])
                .await?;
        }
        let answer = self.put(what, request, &enrollment.identity, &[]).await?;
        match judge(what, &answer) {
            Verdict::Done(body) => Ok(body),
            Verdict::Refused(error) => Err(error),
            Verdict::Unenroll(reason) => {
                self.leave(&reason);
                Err(DeviceError::Unenrolled(reason))
            }
        }
    }

    /// What the device makes of a command: its type, the outcome, and how the script bends the report.
    async fn answer(
        &mut self,
        channel: Channel,
        command: &Dictionary,
    ) -> (String, Outcome, Option<Behaviour>) {
        let empty = Dictionary::new();
        let request = command.dictionary("Command").unwrap_or(&empty);
        let Some(request_type) = request.text("RequestType").map(str::to_owned) else {
            return (String::new(), Outcome::FormatError, None);
        };
        let behaviour = self.script.behaviour(&request_type);
        let outcome = match &behaviour {
            Some(Behaviour::NotNow) => Outcome::NotNow,
            Some(Behaviour::FormatError) => Outcome::FormatError,
            Some(Behaviour::Error(chain)) => Outcome::Error(chain.clone()),
            _ if self.puts_off(channel, &request_type) => Outcome::NotNow,
            _ => self.execute(channel, &request_type, request).await,
        };
        (request_type, outcome, behaviour)
    }

    /// How many commands of each status a device has reported, from its journal.
    pub fn statuses(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for entry in self.journal() {
            if let Event::Command { status, .. } = &entry.event {
                *counts.entry(status.clone()).or_default() += 1;
            }
        }
        counts
    }
}

fn report_keys(outcome: Outcome) -> (&'static str, Dictionary, After) {
    match outcome {
        Outcome::Acknowledged(keys) => ("Acknowledged", keys, After::Nothing),
        Outcome::AcknowledgedThen(after) => ("Acknowledged", Dictionary::new(), after),
        Outcome::NotNow => ("NotNow", Dictionary::new(), After::Nothing),
        Outcome::FormatError => ("CommandFormatError", Dictionary::new(), After::Nothing),
        Outcome::Error(chain) => {
            let mut keys = Dictionary::new();
            keys.insert("ErrorChain".into(), chain.to_plist());
            ("Error", keys, After::Nothing)
        }
    }
}
