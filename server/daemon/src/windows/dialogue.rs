//! One SyncML message and its reply, for a session that knows no SyncML.

use std::collections::HashSet;

use mdm_certs::md5::md5;
use mdm_core::package::{
    Credentials, Dialogue, Extent, Framed, Greeting, NodeAnswer, NodeReport, NotFramed, Notice,
    Package, Reply,
};
use mdm_core::session::Partial;
use mdm_core::windows::{Credential, LoginStatus, Proof};
use mdm_core::work::Ask;
use mdm_payloads::Secret;
use mdm_windows::secret::Password;
use mdm_windows::syncml::{
    Alert, AlertCode, Answer, Assembled, Assembly, AuthType, Body, Chal, CmdRef, Command, Cred,
    Data, Encoding, Format, Item, LOGIN_STATUS, Message, Meta, MsgId, Nonce, REQUEST_PENDING,
    ServerMessage, StatusCode, SyncHdr, UNENROLLMENT, Verb, md5_digest,
};

use super::framing::{asked, extent, operations, part};
use crate::chain::chain;

/// The longest value taken from a device, in bytes.
const LARGEST_VALUE: u64 = 1024 * 1024;
/// The longest text kept of an alert, in characters.
const LONGEST_ALERT: usize = 1024;

/// What stands behind a message beside what it carries.
#[derive(Debug, Clone)]
pub(super) enum Sender {
    /// A certificate in TLS, or a signature over the message.
    Certified,
    /// Nothing; credentials of this device count, as strong as `weakest` at least.
    Presents {
        /// What they must be made of.
        credential: Credential,
        /// The weakest that is accepted.
        weakest: Proof,
    },
    /// Nothing that counts.
    Unproven,
}

/// One message being answered.
pub(super) struct Conversation<'a> {
    pub(super) message: &'a Message,
    pub(super) encoding: Encoding,
    /// SHA-256 of its bytes, hex.
    pub(super) digest: String,
    pub(super) sender: Sender,
    /// What the server proves itself with, where the device asks for that.
    pub(super) server: Option<Credential>,
}

/// A message taken apart: what it says, and what is said to each of its commands.
struct Reading {
    reports: Vec<NodeReport>,
    facts: Vec<(String, String)>,
    notices: Vec<Notice>,
    partial: Option<Partial>,
    answers: Vec<Answer>,
}

impl Dialogue for Conversation<'_> {
    fn package(&self, pending: Option<&Partial>) -> Package {
        let header = &self.message.header;
        let reading = Reading::of(self.message, pending);
        Package {
            session: header.session_id.as_str().to_owned(),
            message: header.msg_id.0,
            complete: self.message.is_final,
            digest: self.digest.clone(),
            room: header.meta.max_msg_size,
            reports: reading.reports,
            facts: reading.facts,
            notices: reading.notices,
            partial: reading.partial,
        }
    }

    fn credentials(&self, nonce: &str) -> Credentials {
        let (credential, weakest) = match &self.sender {
            Sender::Certified => return Credentials::Established,
            Sender::Unproven => return Credentials::Refused,
            Sender::Presents {
                credential,
                weakest,
            } => (credential, *weakest),
        };
        let Some(cred) = &self.message.header.cred else {
            return Credentials::Missing;
        };
        let password = Password::new(credential.secret.expose().to_owned());
        let right = match cred.auth_type {
            AuthType::Md5 if weakest >= Proof::Digest => {
                let nonce = nonce_of(nonce);
                // Where MD5 is not to be had, nothing is equal.
                md5(&[]).is_some()
                    && md5_digest(&credential.name, &password, &nonce, |bytes| {
                        md5(bytes).unwrap_or_default()
                    }) == cred.data
            }
            AuthType::Basic if weakest >= Proof::Basic => {
                cred.name_and_password() == Some((credential.name.clone(), password))
            }
            AuthType::Md5 | AuthType::Basic | AuthType::Other(_) => false,
        };
        if right {
            Credentials::Right
        } else {
            Credentials::Wrong
        }
    }

    fn extent(&self, ask: &Ask, room: usize) -> Result<Extent, NotFramed> {
        extent(ask, room)
    }

    fn frame(&self, reply: &Reply, pending: Option<&Partial>) -> Result<Framed, NotFramed> {
        let reading = Reading::of(self.message, pending);
        let (code, chal) = self.greeting(&reply.greeting);
        let mut body = Body::answering(self.message.header.msg_id, code, chal);
        for mut answer in reading.answers {
            if !reply.greeting.lets_in() {
                answer.code = code;
            }
            body.answer(answer);
        }
        if reply.more_wanted && reply.greeting.lets_in() {
            body.alert(Alert::new(AlertCode::NEXT_MESSAGE));
        }
        let mut framed = Vec::new();
        for question in &reply.questions {
            let operations = match question.part {
                None => operations(&question.ask)?,
                Some(number) => vec![part(&question.ask, reply.room, number)?],
            };
            let numbered = operations
                .into_iter()
                .map(|operation| asked(&operation, &body.push(operation.clone())));
            framed.push(numbered.collect());
        }
        let mut header = SyncHdr::reply(&self.message.header, MsgId(reply.message));
        if reply.greeting.lets_in() {
            header.cred = self.own_credential();
        }
        let message = ServerMessage {
            header,
            body,
            is_final: reply.complete,
        };
        let bytes = message
            .encode(self.encoding)
            .map_err(|error| NotFramed(chain(&error)))?;
        Ok(Framed {
            bytes,
            asked: framed,
        })
    }
}

impl Conversation<'_> {
    /// What the server proves itself with, made as the device asks for it in its status of our last header; none unasked.
    fn own_credential(&self) -> Option<Cred> {
        let credential = self.server.as_ref()?;
        let chal = self.message.body.iter().find_map(|command| match command {
            Command::Status(status) if status.answer.cmd_ref == CmdRef::Header => {
                status.answer.chal.as_ref()
            }
            _ => None,
        })?;
        let password = Password::new(credential.secret.expose().to_owned());
        match chal.auth_type {
            AuthType::Basic => Some(Cred::basic(&credential.name, &password)),
            AuthType::Md5 => {
                md5(&[])?;
                let own = || nonce_of(credential.nonce.expose());
                let nonce = chal.next_nonce.clone().unwrap_or_else(own);
                Some(Cred::md5(&credential.name, &password, &nonce, |bytes| {
                    md5(bytes).unwrap_or_default()
                }))
            }
            AuthType::Other(_) => None,
        }
    }

    /// What is said about the header, and what is asked for.
    fn greeting(&self, greeting: &Greeting) -> (StatusCode, Option<Chal>) {
        let wants_basic = match &self.sender {
            Sender::Presents { weakest, .. } => {
                let presented = self.message.header.cred.as_ref().map(|c| &c.auth_type);
                *weakest >= Proof::Basic && presented == Some(&AuthType::Basic)
            }
            Sender::Certified | Sender::Unproven => false,
        };
        let challenge = |nonce: &str| {
            if wants_basic {
                Chal::basic()
            } else {
                Chal::md5(nonce_of(nonce))
            }
        };
        let unknown = |missing: bool| {
            if missing {
                StatusCode::MISSING_CREDENTIALS
            } else {
                StatusCode::INVALID_CREDENTIALS
            }
        };
        match greeting {
            Greeting::Known => (StatusCode::OK, None),
            Greeting::Authenticated { nonce } => {
                let next = nonce.as_deref().filter(|_| !wants_basic).map(challenge);
                (StatusCode::AUTHENTICATED, next)
            }
            Greeting::Challenge { missing, nonce } => (unknown(*missing), Some(challenge(nonce))),
            Greeting::Refused { missing } => (unknown(*missing), None),
            Greeting::NotManaged => (StatusCode::FORBIDDEN, None),
        }
    }
}

/// The bytes of a nonce kept in base64; text that is none stands for itself.
fn nonce_of(text: &str) -> Nonce {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    Nonce(
        STANDARD
            .decode(text)
            .unwrap_or_else(|_| text.as_bytes().to_vec()),
    )
}

impl Reading {
    fn of(message: &Message, pending: Option<&Partial>) -> Self {
        let mut reading = Self {
            reports: Vec::new(),
            facts: Vec::new(),
            notices: Vec::new(),
            partial: pending.cloned(),
            answers: Vec::new(),
        };
        let mut seen = HashSet::new();
        reading.take_all(&message.body, &mut seen);
        reading
    }

    fn take_all(&mut self, commands: &[Command], seen: &mut HashSet<CmdRef>) {
        for command in commands {
            let twice = !seen.insert(command.cmd_ref()) && command.cmd_ref().command().is_some();
            match command {
                Command::Status(status) => {
                    let code = status.answer.code;
                    self.report(
                        status.msg_ref,
                        &status.answer.cmd_ref,
                        NodeAnswer {
                            code: Some(code.0),
                            meaning: code.words().map(str::to_owned),
                            original_error: status
                                .original_error
                                .as_ref()
                                .map(|e| e.as_str().to_owned()),
                            value: None,
                        },
                    );
                }
                Command::Results(results) => self.results(command, results),
                Command::Alert { alert, .. } => {
                    self.alert(alert);
                    self.answer(command, twice, StatusCode::OK);
                }
                Command::Node { operation, .. } => {
                    let code = match operation.verb {
                        Verb::Replace | Verb::Add => self.values(&operation.meta, &operation.items),
                        // A device has nothing to ask of the server's tree, which has no nodes.
                        Verb::Get | Verb::Delete | Verb::Exec => StatusCode::NOT_ALLOWED,
                    };
                    self.answer(command, twice, code);
                }
                Command::Group { commands, .. } => {
                    self.answer(command, twice, StatusCode::OK);
                    self.take_all(commands, seen);
                }
                Command::Malformed(malformed) => {
                    self.answer(command, false, malformed.problem.status());
                }
            }
        }
    }

    /// A number that was used before in the message is answered, too, but as a mistake.
    fn answer(&mut self, command: &Command, twice: bool, code: StatusCode) {
        let code = if twice { StatusCode::BAD_REQUEST } else { code };
        self.answers.push(Answer::to(command, code));
    }

    fn report(&mut self, message: MsgId, cmd_ref: &CmdRef, answer: NodeAnswer) {
        let number = match cmd_ref {
            CmdRef::Header => 0,
            CmdRef::Command(id) => id.get(),
            CmdRef::Text(_) => return,
        };
        self.reports.push(NodeReport {
            message: message.0,
            number,
            answer,
        });
    }

    fn results(&mut self, command: &Command, results: &mdm_windows::syncml::Results) {
        let mut values = Vec::new();
        for item in &results.items {
            match self.whole(item) {
                Ok(Some(item)) => {
                    values.push(item.data.as_ref().map_or("", Data::as_str).to_owned());
                }
                Ok(None) => self.answer(command, false, StatusCode::CHUNK_ACCEPTED),
                Err(code) => self.answer(command, false, code),
            }
        }
        if values.is_empty() {
            return;
        }
        let answer = NodeAnswer {
            value: Some(bounded(&values.join("\n"), NodeAnswer::LONGEST)),
            ..NodeAnswer::default()
        };
        self.report(results.msg_ref, &results.cmd_ref, answer);
    }

    /// Values the device tells unasked.
    fn values(&mut self, meta: &Meta, items: &[Item]) -> StatusCode {
        let mut code = StatusCode::OK;
        for item in items {
            match self.whole(item) {
                Ok(Some(item)) => {
                    let hidden = [&item.meta, meta]
                        .iter()
                        .any(|m| m.format == Some(Format::Bin) || m.format == Some(Format::B64));
                    if let (Some(address), Some(data), false) = (
                        item.source.as_ref().or(item.target.as_ref()),
                        &item.data,
                        hidden,
                    ) {
                        let value = data.as_str().to_owned();
                        self.facts.push((address.uri.as_str().to_owned(), value));
                    }
                }
                Ok(None) => code = StatusCode::CHUNK_ACCEPTED,
                Err(status) => code = status,
            }
        }
        code
    }

    /// The whole of a value: the item, or what it completes; none while more is to come.
    fn whole(&mut self, item: &Item) -> Result<Option<Item>, StatusCode> {
        let before = self.partial.take();
        if before.is_none() && !item.more_data {
            return Ok(Some(item.clone()));
        }
        let pending = before.as_ref().and_then(|partial| {
            let begun = Item {
                source: Some(
                    partial
                        .uri
                        .parse::<mdm_windows::syncml::LocUri>()
                        .ok()?
                        .into(),
                ),
                meta: Meta {
                    size: Some(partial.size),
                    ..Meta::default()
                },
                data: Some(Data::Text(partial.text.expose().to_owned())),
                more_data: true,
                ..Item::default()
            };
            match Assembly::take(None, begun, LARGEST_VALUE) {
                Ok(Assembled::Partly(assembly)) => Some(assembly),
                Ok(Assembled::Whole(_)) | Err(_) => None,
            }
        });
        match Assembly::take(pending, item.clone(), LARGEST_VALUE) {
            Ok(Assembled::Whole(whole)) => Ok(Some(whole)),
            Ok(Assembled::Partly(assembly)) => {
                let so_far = before.as_ref().map_or("", |p| p.text.expose());
                let new = item.data.as_ref().map_or("", Data::as_str);
                let uri = assembly.node().map_or("", |uri| uri.as_str()).to_owned();
                self.partial = Some(Partial {
                    uri,
                    size: before
                        .as_ref()
                        .map_or(item.meta.size, |p| Some(p.size))
                        .unwrap_or_default(),
                    text: Secret::from(format!("{so_far}{new}")),
                });
                Ok(None)
            }
            Err(error) => {
                if matches!(error, mdm_windows::syncml::AssemblyError::Unfinished) {
                    // The value that was begun is lost; this one stands for itself.
                    return self.whole(item);
                }
                Err(error.status())
            }
        }
    }

    fn alert(&mut self, alert: &Alert) {
        let notice = match alert.code {
            AlertCode::SERVER_INITIATED | AlertCode::CLIENT_INITIATED | AlertCode::NEXT_MESSAGE => {
                return;
            }
            AlertCode::SESSION_ABORT => Notice::Aborts,
            AlertCode::NO_END_OF_DATA => Notice::NoEndOfData,
            AlertCode::CLIENT_EVENT if alert.item_of(REQUEST_PENDING).is_some() => Notice::Pending,
            AlertCode::CLIENT_EVENT if alert.item_of(LOGIN_STATUS).is_some() => {
                let data = alert.item_of(LOGIN_STATUS).and_then(|i| i.data.as_ref());
                match mdm_windows::syncml::LoginStatus::read(data.map_or("", Data::as_str)) {
                    mdm_windows::syncml::LoginStatus::User => Notice::Login(LoginStatus::User),
                    mdm_windows::syncml::LoginStatus::Others => Notice::Login(LoginStatus::Others),
                    mdm_windows::syncml::LoginStatus::Nobody => Notice::Login(LoginStatus::None),
                    mdm_windows::syncml::LoginStatus::Unknown(_) => other(alert),
                }
            }
            AlertCode::GENERIC if alert.item_of(UNENROLLMENT).is_some() => Notice::Leaves,
            _ => other(alert),
        };
        self.notices.push(notice);
    }
}

/// An alert that nothing acts on, for whoever looks. What its value may be is not known: a token of a user is not kept.
fn other(alert: &Alert) -> Notice {
    let kind = alert
        .items
        .iter()
        .find_map(|item| item.meta.kind.clone())
        .unwrap_or_default();
    let secret = kind == mdm_windows::syncml::AAD_USER_TOKEN;
    let texts: Vec<&str> = alert
        .items
        .iter()
        .filter(|_| !secret)
        .filter_map(|item| Some(item.data.as_ref()?.as_str()))
        .collect();
    Notice::Other {
        code: alert.code.0,
        kind: kind.chars().take(LONGEST_ALERT).collect(),
        data: texts.join("\n").chars().take(LONGEST_ALERT).collect(),
    }
}

/// As many bytes of a text as fit, cut between characters.
fn bounded(text: &str, most: usize) -> String {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}
