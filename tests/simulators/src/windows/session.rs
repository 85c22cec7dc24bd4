//! OMA-DM sessions, the client's half ([MS-MDM] 3.1): packages until the server has nothing more.

use std::collections::VecDeque;

use super::account::Whose;
use super::credential::{MD5, prove};
use super::device::{Effect, Login, WindowsDevice};
use super::error::DeviceError;
use super::journal::Event;
use super::script::Behaviour;
use super::syncml::{Body, Challenge, Cred, Header, Item, Message, Reply};

/// Messages after which a session is ended even if more come.
const MAX_MESSAGES: u32 = 500;
/// Times a server may refuse a credential, and prove itself wrongly.
const MAX_ATTEMPTS: u32 = 3;
/// Sessions that follow one another because the server asked for it.
const MAX_FOLLOWING: u32 = 3;
/// Largest object put together from pieces, in bytes.
const MAX_OBJECT: usize = 8 << 20;

const ALERT_SERVER: u16 = 1200;
const ALERT_CLIENT: u16 = 1201;
const ALERT_NEXT: u16 = 1222;
const ALERT_ABORT: u16 = 1223;
const ALERT_CLIENT_EVENT: u16 = 1224;
const ALERT_NO_END: u16 = 1225;
const ALERT_GENERIC: u16 = 1226;
const UNENROLL: &str = "com.microsoft:mdm.unenrollment.userrequest";

/// Why a session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The schedule, a login, or the owner in the settings.
    Client,
    /// A push.
    Server,
    /// The device leaves.
    Unenrollment,
}

/// What happened in a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionReport {
    /// Operations in the order they came: name, `LocURI` (empty for one of several commands), status reported.
    pub commands: Vec<(String, String, u16)>,
    /// Messages the device sent.
    pub messages: u32,
    /// Whether the session came to its end.
    pub complete: bool,
}

/// A large object that is not whole yet.
#[derive(Debug)]
pub(super) struct Large {
    first: Item,
    data: String,
}

/// What is left to be reported: pieces of results, with the message and the command they answer.
type Pending = VecDeque<(String, String, Item)>;

/// What the device knows of the session it is in.
struct Session {
    id: String,
    number: u32,
    sent: u32,
    url: String,
    cred: Option<Cred>,
    /// Whether the credential must be repeated in every message.
    repeat: bool,
    refused: u32,
    wrong_server: u32,
    server_proven: bool,
}

impl WindowsDevice {
    /// A session, as the schedule begins one, and those that follow from it.
    pub async fn poll(&mut self) -> Result<SessionReport, DeviceError> {
        self.session(Cause::Client).await
    }

    /// The owner disconnects the device in the settings: a last session, and everything of the server is gone. It is gone
    /// even if the server cannot be told.
    pub async fn unenroll(&mut self) -> Result<SessionReport, DeviceError> {
        let told = self.one_session(Cause::Unenrollment).await;
        self.leave("its owner disconnected it");
        told
    }

    /// A session for this reason, what its commands put off, and the sessions that follow from it.
    pub async fn session(&mut self, cause: Cause) -> Result<SessionReport, DeviceError> {
        let mut report = self.one_session(cause).await?;
        for _ in 0..MAX_FOLLOWING {
            self.run_jobs().await;
            let effects = std::mem::take(&mut self.managed.effects);
            let mut again = false;
            for effect in effects {
                match effect {
                    Effect::Unenroll => {
                        let last = self.one_session(Cause::Unenrollment).await;
                        self.leave("the server told it to");
                        last?;
                        return Ok(report);
                    }
                    Effect::Wipe(node) => {
                        self.note(Event::Wiped { node });
                        self.managed.by_hand.clear();
                        self.leave("it was wiped");
                        return Ok(report);
                    }
                    Effect::Renew => self.renew().await?,
                    Effect::Session => again = true,
                }
            }
            if !again {
                break;
            }
            let next = self.one_session(Cause::Client).await?;
            report.commands.extend(next.commands);
            report.messages += next.messages;
        }
        Ok(report)
    }

    fn leave(&mut self, reason: &str) {
        self.forget();
        self.note(Event::Unenrolled {
            reason: reason.to_owned(),
        });
    }

    async fn one_session(&mut self, cause: Cause) -> Result<SessionReport, DeviceError> {
        let (id, url) = self.next_session()?;
        self.note(Event::Session {
            id: id.clone(),
            login: self.login,
        });
        let credential = self.credential(Whose::Client);
        let mut session = Session {
            id,
            // After a session that was lost the count may begin with 2.
            number: 1 + u32::from(std::mem::take(&mut self.lost_session)),
            sent: 0,
            url,
            cred: credential.map(|credential| prove(&credential, None)),
            repeat: true,
            refused: 0,
            wrong_server: 0,
            server_proven: false,
        };
        let from = self.journal().len();
        self.large = None;
        let outcome = self.converse(&mut session, cause).await;
        let mut report = SessionReport {
            messages: session.sent,
            ..SessionReport::default()
        };
        for entry in self.journal().iter().skip(from) {
            if let Event::Command { verb, uri, status } = &entry.event {
                report.commands.push((verb.clone(), uri.clone(), *status));
            }
        }
        self.session_passed();
        match outcome {
            Ok(None) => {
                report.complete = true;
                Ok(report)
            }
            Ok(Some(reason)) => {
                self.aborted(&session.id, reason);
                Ok(report)
            }
            Err(error) => {
                self.aborted(&session.id, error.to_string());
                Err(error)
            }
        }
    }

    /// What the next session is called, and where its first message goes.
    pub(super) fn next_session(&mut self) -> Result<(String, String), DeviceError> {
        let enrollment = self.enrollment.as_ref().ok_or(DeviceError::NotEnrolled)?;
        let address = &enrollment.account.address;
        let url = format!("{address}{}mode=Maintenance&Platform=WoA", query(address));
        self.sessions += 1;
        // A later version of the protocol counts in hexadecimal digits.
        let decimal = self
            .setting("SyncApplicationVersion")
            .is_none_or(|version| version.starts_with('1'));
        let id = if decimal {
            self.sessions.to_string()
        } else {
            format!("{:X}", self.sessions)
        };
        Ok((id, url))
    }

    fn aborted(&mut self, id: &str, reason: String) {
        self.lost_session = true;
        self.note(Event::SessionAborted {
            id: id.to_owned(),
            reason,
        });
    }

    /// The packages of a session. Gives the reason where it ended early on purpose.
    async fn converse(
        &mut self,
        session: &mut Session,
        cause: Cause,
    ) -> Result<Option<String>, DeviceError> {
        let mut body = self.first_package(session.number, cause);
        let mut pending = Pending::new();
        loop {
            if session.number > MAX_MESSAGES {
                return Err(DeviceError::EndlessSession(MAX_MESSAGES));
            }
            let behaviour = self.script.of_message(session.number);
            let source = self.persona.device_id.clone();
            let wrong = Cred {
                kind: MD5.to_owned(),
                data: "d3Jvbmc=".to_owned(),
            };
            let cred = match &behaviour {
                Some(Behaviour::WrongCredentials) => session.cred.as_ref().map(|_| &wrong),
                _ => session.cred.as_ref(),
            };
            let user = self.enrollment.as_ref().map(|e| e.user_name.clone());
            let header = Header {
                session_id: &session.id,
                msg_id: session.number,
                target: &session.url,
                source: &source,
                user: user.as_deref(),
                cred,
            };
            let (sent, whole) = if behaviour == Some(Behaviour::Abort) {
                let mut abort = Body::new(1);
                abort.alert(ALERT_ABORT, None);
                (abort, true)
            } else {
                (body, pending.is_empty())
            };
            let whole = whole && behaviour != Some(Behaviour::MissingFinal);
            let message = sent.message(&header, whole);
            session.sent += 1;
            let answer = self
                .exchange(&session.url, message, behaviour.as_ref())
                .await?;
            match behaviour {
                Some(Behaviour::Abort) => return Ok(Some("aborted with alert 1223".to_owned())),
                Some(Behaviour::LoseAnswer) => return Ok(Some("the answer was lost".to_owned())),
                _ => {}
            }
            let Some(answer) = answer else {
                return Ok(None);
            };
            Self::check(session, &answer)?;
            if answer.alerts.contains(&ALERT_ABORT) {
                return Ok(Some("the server aborted with alert 1223".to_owned()));
            }
            if let Some(url) = &answer.respond_to {
                session.url.clone_from(url);
            }
            let number = session.number;
            session.number += 1;
            if let Some(refused) = self.refused(session, &answer)? {
                // The same package again, with what the challenge asks for.
                session.cred = Some(refused);
                body = self.first_package(session.number, cause);
                continue;
            }
            let never_end = self
                .script
                .rules
                .iter()
                .any(|rule| rule.behaviour == Behaviour::NeverEnd && rule.times != Some(0));
            let more = !answer.is_final;
            if answer.commands.is_empty() && !more && pending.is_empty() && !never_end {
                return Ok(None);
            }
            body = Body::new(1);
            let mut status = Reply::new("0", "SyncHdr", 200);
            let trusted = self.prove_server(session, &answer, &mut status)?;
            body.reply(&answer.msg_id, status);
            if !pending.is_empty() {
                if !answer.commands.is_empty() {
                    let rule = "commands came before the device's package was complete";
                    return Err(DeviceError::Protocol(rule.to_owned()));
                }
                if !answer.alerts.contains(&ALERT_NEXT) {
                    let rule = format!(
                        "message {number} had no Final and was not answered with alert 1222"
                    );
                    return Err(DeviceError::Protocol(rule));
                }
            } else if trusted {
                for command in &answer.commands {
                    for reply in self.carry_out(command) {
                        self.report(&answer.msg_id, reply, &mut body, &mut pending);
                    }
                }
                if let Some(large) = &self.large
                    && !more
                {
                    // The package ended, and an object in it did not.
                    let target = large.first.target.clone().unwrap_or_default();
                    self.large = None;
                    body.alert(ALERT_NO_END, Some((&target, None, "")));
                }
            }
            if self.managed.effects.contains(&Effect::Unenroll) {
                // The device says nothing more in this session.
                return Ok(None);
            }
            if more {
                body.alert(ALERT_NEXT, None);
            }
            self.fill(&mut body, &mut pending);
        }
    }

    /// Puts a status into a message; results that are long are reported in pieces.
    fn report(&self, msg_ref: &str, mut reply: Reply, body: &mut Body, pending: &mut Pending) {
        let largest = self.environment.largest_results.max(1);
        if let Some(item) = reply.results.take() {
            let cmd_ref = reply.cmd_ref.clone();
            let data = item.data.clone().unwrap_or_default();
            let pieces = pieces(&data, largest);
            let last = pieces.len().saturating_sub(1);
            for (at, piece) in pieces.iter().enumerate() {
                let piece = Item {
                    data: Some((*piece).to_owned()),
                    more: at < last,
                    size: (at == 0 && last > 0).then_some(data.len()),
                    ..item.clone()
                };
                pending.push_back((msg_ref.to_owned(), cmd_ref.clone(), piece));
            }
        }
        body.reply(msg_ref, reply);
    }

    /// Moves results into a message until it is full; what is left waits for the next one.
    fn fill(&self, body: &mut Body, pending: &mut Pending) {
        let mut room = self.environment.largest_results.max(1);
        while let Some((msg_ref, cmd_ref, item)) = pending.front() {
            let length = item.data.as_ref().map_or(0, String::len);
            if length > room && room < self.environment.largest_results {
                return;
            }
            body.results(msg_ref, cmd_ref, item);
            room = room.saturating_sub(length);
            let more = item.more;
            pending.pop_front();
            if more {
                // A piece ends its message.
                return;
            }
        }
    }

    /// The package that begins a session: alerts and facts about the device.
    pub(super) fn first_package(&self, number: u32, cause: Cause) -> Body {
        let mut body = Body::new(if number == 1 { 2 } else { 1 });
        if cause == Cause::Unenrollment {
            body.alert(ALERT_GENERIC, Some((UNENROLL, Some("int"), "1")));
        }
        body.alert(
            match cause {
                Cause::Server => ALERT_SERVER,
                Cause::Client | Cause::Unenrollment => ALERT_CLIENT,
            },
            None,
        );
        if !self.persona.version.is_phone() {
            body.alert(
                ALERT_CLIENT_EVENT,
                Some((
                    "com.microsoft/MDM/LoginStatus",
                    Some("chr"),
                    self.login.as_str(),
                )),
            );
            if self.login == Login::User {
                body.alert(
                    ALERT_CLIENT_EVENT,
                    Some(("com.microsoft.mdm.synctype", Some("chr"), "mixed")),
                );
            }
        }
        let fact = |name: &str| {
            let path = super::path::Path::of(&["DevInfo", name]);
            self.fact(&path).map(|value| value.data).unwrap_or_default()
        };
        let facts: Vec<(String, String)> = ["DevId", "Man", "Mod", "DmV", "Lang"]
            .into_iter()
            .map(|name| (format!("./DevInfo/{name}"), fact(name)))
            .collect();
        let mut nodes: Vec<(&str, &str)> = facts
            .iter()
            .map(|(uri, data)| (uri.as_str(), data.as_str()))
            .collect();
        if !self.persona.version.is_phone() {
            nodes.push(("./Vendor/MSFT/DMClient/HWDevID", &self.persona.hardware_id));
        }
        body.replace(&nodes);
        body
    }

    /// Holds an answer to the session it is for.
    fn check(session: &Session, answer: &Message) -> Result<(), DeviceError> {
        let broken = |rule: &str| Err(DeviceError::Protocol(rule.to_owned()));
        if answer.session_id != session.id {
            return broken("SessionID is another session's");
        }
        let Some(first) = answer.statuses.first() else {
            return broken("the first element of SyncBody is no Status");
        };
        if first.cmd != "SyncHdr" || first.cmd_ref != "0" {
            return broken("the first Status is not that of SyncHdr");
        }
        if first.msg_ref != session.number.to_string() {
            return broken("the Status of SyncHdr is for another message");
        }
        Ok(())
    }

    /// Whether the server refused the credential: what is shown instead. A challenge without need is kept for later.
    fn refused(
        &mut self,
        session: &mut Session,
        answer: &Message,
    ) -> Result<Option<Cred>, DeviceError> {
        let Some(status) = answer.statuses.first() else {
            return Ok(None);
        };
        let nonce = status
            .challenge
            .as_ref()
            .and_then(|challenge| challenge.next_nonce.clone());
        if let Some(nonce) = &nonce {
            self.keep_nonce(Whose::Client, nonce);
        }
        match (status.code, &status.challenge) {
            (401 | 407, Some(challenge)) if session.refused < MAX_ATTEMPTS => {
                session.refused += 1;
                match self.credential(Whose::Client) {
                    Some(credential) => Ok(Some(prove(&credential, Some(&challenge.kind)))),
                    None => Err(DeviceError::NotAuthenticated(status.code)),
                }
            }
            (212, _) => {
                session.repeat = false;
                session.cred = None;
                Ok(None)
            }
            (200, _) => {
                if session.repeat && session.cred.is_some() {
                    let credential = self.credential(Whose::Client);
                    session.cred = credential.map(|credential| prove(&credential, None));
                }
                Ok(None)
            }
            (code, _) => Err(DeviceError::NotAuthenticated(code)),
        }
    }

    /// Checks the server's credential, where it shows one, and answers it. False where its commands are not carried out.
    fn prove_server(
        &mut self,
        session: &mut Session,
        answer: &Message,
        status: &mut Reply,
    ) -> Result<bool, DeviceError> {
        let (Some(shown), Some(expected)) = (&answer.cred, self.credential(Whose::Server)) else {
            if session.server_proven {
                status.code = 212;
            }
            return Ok(true);
        };
        let right = prove(&expected, Some(&shown.kind)).data == shown.data;
        if shown.kind == MD5 {
            use base64::Engine as _;
            let nonce = base64::engine::general_purpose::STANDARD.encode(self.entropy.next16());
            self.keep_nonce(Whose::Server, &nonce);
            status.challenge = Some(Challenge {
                kind: MD5.to_owned(),
                next_nonce: Some(nonce),
            });
        }
        if right {
            status.code = 212;
            session.server_proven = true;
            return Ok(true);
        }
        session.wrong_server += 1;
        if session.wrong_server >= MAX_ATTEMPTS {
            return Err(DeviceError::WrongServer);
        }
        status.code = 401;
        Ok(false)
    }

    /// Puts the pieces of a large object together: the whole item, nothing yet, or the status of what is wrong.
    pub(super) fn gather(&mut self, item: &Item) -> Result<Option<Item>, u16> {
        let piece = item.data.as_deref().unwrap_or_default();
        if let Some(large) = self
            .large
            .take_if(|large| large.first.target != item.target)
        {
            // Another object began before this one ended.
            drop(large);
            return Err(424);
        }
        if self.large.is_none() && !item.more {
            return Ok(Some(item.clone()));
        }
        let large = self.large.get_or_insert_with(|| Large {
            first: item.clone(),
            data: String::new(),
        });
        large.data.push_str(piece);
        if large.data.len() > MAX_OBJECT {
            self.large = None;
            return Err(416);
        }
        if item.more {
            return Ok(None);
        }
        let Some(large) = self.large.take() else {
            return Err(424);
        };
        if large.first.size != Some(large.data.len()) {
            return Err(424);
        }
        Ok(Some(Item {
            data: Some(large.data),
            more: false,
            ..large.first
        }))
    }
}

fn query(address: &str) -> char {
    if address.contains('?') { '&' } else { '?' }
}

/// A text in pieces of at most so many bytes, cut between characters; one piece where it is short.
fn pieces(text: &str, largest: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > largest {
        let cut = (1..=largest).rev().find(|at| rest.is_char_boundary(*at));
        let Some((piece, after)) = cut.and_then(|cut| rest.split_at_checked(cut)) else {
            break;
        };
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(pieces("abc", 3), ["abc"]);
        assert_eq!(pieces("abcd", 3), ["abc", "d"]);
        assert_eq!(pieces("aéé", 2), ["a", "é", "é"]);
        assert_eq!(pieces("", 2), [""]);
        assert_eq!(pieces("é", 1), ["é"]);
        assert_eq!(query("https://h/p"), '?');
        assert_eq!(query("https://h/p?a"), '&');
    }
}
