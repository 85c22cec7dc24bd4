//! SyncML 1.2 messages of OMA DM, the client's half: what it reads of the server's and how it writes its own.

use super::error::DeviceError;
use super::xml::Element;

pub(crate) const SYNCML: &str = "SYNCML:SYNCML1.2";
pub(crate) const METINF: &str = "syncml:metinf";
/// Namespace of `msft:originalerror`.
pub(crate) const MSFT: &str = "http://schemas.microsoft.com/MobileDevice/MDM";
/// Commands read from one message, at all levels.
const MAX_COMMANDS: usize = 10_000;

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Makes a node.
    Add,
    /// Changes a node.
    Replace,
    /// Removes a node and what is below it.
    Delete,
    /// Runs a node.
    Exec,
    /// Reads a node.
    Get,
    /// All of its commands or none.
    Atomic,
    /// Its commands in their order.
    Sequence,
}

impl Verb {
    const ALL: [Self; 7] = [
        Self::Add,
        Self::Replace,
        Self::Delete,
        Self::Exec,
        Self::Get,
        Self::Atomic,
        Self::Sequence,
    ];

    /// Its element's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Replace => "Replace",
            Self::Delete => "Delete",
            Self::Exec => "Exec",
            Self::Get => "Get",
            Self::Atomic => "Atomic",
            Self::Sequence => "Sequence",
        }
    }
}

/// An item of a command.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Item {
    pub(crate) target: Option<String>,
    pub(crate) source: Option<String>,
    /// `Meta/Format`, of the item or its command.
    pub(crate) format: Option<String>,
    /// `Meta/Type`.
    pub(crate) kind: Option<String>,
    /// `Meta/Size`, of a large object.
    pub(crate) size: Option<usize>,
    pub(crate) data: Option<String>,
    pub(crate) more: bool,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Item")
            .field("target", &self.target)
            .field("format", &self.format)
            .field("bytes", &self.data.as_ref().map(String::len))
            .finish_non_exhaustive()
    }
}

/// A command of the server; `Atomic` and `Sequence` hold commands instead of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// None for an element that is no command the device knows.
    pub(crate) verb: Option<Verb>,
    pub(crate) name: String,
    pub(crate) cmd_id: Option<String>,
    pub(crate) items: Vec<Item>,
    pub(crate) commands: Vec<Self>,
}

/// A status of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerStatus {
    pub(crate) msg_ref: String,
    pub(crate) cmd_ref: String,
    pub(crate) cmd: String,
    pub(crate) code: u16,
    pub(crate) challenge: Option<Challenge>,
}

/// What the server wants proven, and with which nonce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) kind: String,
    /// Base64 of the nonce.
    pub(crate) next_nonce: Option<String>,
}

/// A credential in a header.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Cred {
    pub(crate) kind: String,
    pub(crate) data: String,
}

/// A message of the server.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) session_id: String,
    pub(crate) msg_id: String,
    pub(crate) target: String,
    pub(crate) respond_to: Option<String>,
    pub(crate) cred: Option<Cred>,
    pub(crate) statuses: Vec<ServerStatus>,
    /// Codes of its alerts.
    pub(crate) alerts: Vec<u16>,
    pub(crate) commands: Vec<Command>,
    pub(crate) is_final: bool,
}

fn broken<T>(rule: impl Into<String>) -> Result<T, DeviceError> {
    Err(DeviceError::Protocol(rule.into()))
}

fn uri(element: &Element, name: &str) -> Option<String> {
    element
        .path(SYNCML, &[name, "LocURI"])
        .map(|uri| uri.trimmed().to_owned())
}

fn text(element: &Element, name: &str) -> Option<String> {
    element
        .child(SYNCML, name)
        .map(|child| child.trimmed().to_owned())
}

fn meta(element: &Element, name: &str) -> Option<String> {
    element
        .child(SYNCML, "Meta")
        .and_then(|meta| meta.child(METINF, name))
        .map(|child| child.trimmed().to_owned())
}

/// Reads the server's message and holds it to the order of the DTD, which Windows insists on ([MS-MDM] 2.2.2).
pub(crate) fn read(root: &Element) -> Result<Message, DeviceError> {
    if !root.is(SYNCML, "SyncML") {
        return broken("the root is not SyncML of version 1.2");
    }
    let [header, body] = root.children.as_slice() else {
        return broken("SyncML holds something but SyncHdr and SyncBody");
    };
    if !header.is(SYNCML, "SyncHdr") || !body.is(SYNCML, "SyncBody") {
        return broken("SyncML holds something but SyncHdr and SyncBody");
    }
    let order = [
        "VerDTD",
        "VerProto",
        "SessionID",
        "MsgID",
        "Target",
        "Source",
    ];
    let names = header.children.iter().map(|child| child.name.as_str());
    if !names.take(order.len()).eq(order) {
        return broken(
            "SyncHdr does not begin with VerDTD, VerProto, SessionID, MsgID, Target, Source",
        );
    }
    if text(header, "VerDTD").as_deref() != Some("1.2")
        || text(header, "VerProto").as_deref() != Some("DM/1.2")
    {
        return broken("versions are not 1.2 and DM/1.2");
    }
    if header.child(SYNCML, "NoResp").is_some() {
        return broken("NoResp would silence the device");
    }
    let mut message = Message {
        session_id: text(header, "SessionID").unwrap_or_default(),
        msg_id: text(header, "MsgID").unwrap_or_default(),
        target: uri(header, "Target").unwrap_or_default(),
        respond_to: text(header, "RespURI").filter(|uri| !uri.is_empty()),
        cred: header.child(SYNCML, "Cred").map(|cred| Cred {
            kind: meta(cred, "Type").unwrap_or_default(),
            data: text(cred, "Data").unwrap_or_default(),
        }),
        statuses: Vec::new(),
        alerts: Vec::new(),
        commands: Vec::new(),
        is_final: false,
    };
    let mut ids = std::collections::BTreeSet::new();
    let mut left = MAX_COMMANDS;
    for element in &body.children {
        if message.is_final {
            return broken("something follows Final");
        }
        match element.name.as_str() {
            "Final" => message.is_final = true,
            "Status" => {
                if !message.commands.is_empty() {
                    return broken("a Status follows a command");
                }
                unique(element, &mut ids)?;
                message.statuses.push(status(element)?);
            }
            "Alert" => {
                unique(element, &mut ids)?;
                let code = text(element, "Data").and_then(|data| data.parse().ok());
                message.alerts.push(code.unwrap_or(0));
            }
            _ => message
                .commands
                .push(command(element, &mut ids, &mut left)?),
        }
    }
    Ok(message)
}

fn unique(
    element: &Element,
    ids: &mut std::collections::BTreeSet<String>,
) -> Result<Option<String>, DeviceError> {
    let id = text(element, "CmdID").filter(|id| !id.is_empty());
    match &id {
        Some(id) if id == "0" => broken("a CmdID is 0"),
        Some(id) if !ids.insert(id.clone()) => broken("two commands have one CmdID"),
        _ => Ok(id),
    }
}

fn status(element: &Element) -> Result<ServerStatus, DeviceError> {
    let code = text(element, "Data").and_then(|data| data.parse().ok());
    let Some(code) = code else {
        return broken("a Status has no code");
    };
    let challenge = element.child(SYNCML, "Chal").map(|challenge| Challenge {
        kind: meta(challenge, "Type").unwrap_or_default(),
        next_nonce: meta(challenge, "NextNonce"),
    });
    Ok(ServerStatus {
        msg_ref: text(element, "MsgRef").unwrap_or_default(),
        cmd_ref: text(element, "CmdRef").unwrap_or_default(),
        cmd: text(element, "Cmd").unwrap_or_default(),
        code,
        challenge,
    })
}

fn command(
    element: &Element,
    ids: &mut std::collections::BTreeSet<String>,
    left: &mut usize,
) -> Result<Command, DeviceError> {
    *left = match left.checked_sub(1) {
        Some(left) => left,
        None => return broken("a message has too many commands"),
    };
    let verb = Verb::ALL
        .into_iter()
        .find(|verb| element.is(SYNCML, verb.as_str()));
    let mut command = Command {
        verb,
        name: element.name.clone(),
        cmd_id: unique(element, ids)?,
        items: Vec::new(),
        commands: Vec::new(),
    };
    let (format, kind) = (meta(element, "Format"), meta(element, "Type"));
    for child in &element.children {
        match (child.name.as_str(), verb) {
            ("CmdID" | "Meta", _) => {}
            ("Item", _) => command
                .items
                .push(item(child, format.as_ref(), kind.as_ref())),
            (_, Some(Verb::Atomic | Verb::Sequence)) => {
                command.commands.push(self::command(child, ids, left)?);
            }
            _ => command.verb = None,
        }
    }
    Ok(command)
}

fn item(element: &Element, format: Option<&String>, kind: Option<&String>) -> Item {
    // Text is kept as it is: blanks of a password count.
    let data = element.child(SYNCML, "Data").map(|data| data.text.clone());
    Item {
        target: uri(element, "Target"),
        source: uri(element, "Source"),
        format: meta(element, "Format").or_else(|| format.cloned()),
        kind: meta(element, "Type").or_else(|| kind.cloned()),
        size: meta(element, "Size").and_then(|size| size.parse().ok()),
        data,
        more: element.child(SYNCML, "MoreData").is_some(),
    }
}

/// A status the device reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) cmd_ref: String,
    pub(crate) cmd: String,
    /// Which item of several it is for.
    pub(crate) target_ref: Option<String>,
    pub(crate) code: u16,
    /// `msft:originalerror`.
    pub(crate) original_error: Option<u32>,
    /// A challenge for the server.
    pub(crate) challenge: Option<Challenge>,
    /// What a Get found.
    pub(crate) results: Option<Item>,
}

impl Reply {
    pub(crate) fn new(cmd_ref: &str, cmd: &str, code: u16) -> Self {
        Self {
            cmd_ref: cmd_ref.to_owned(),
            cmd: cmd.to_owned(),
            target_ref: None,
            code,
            original_error: None,
            challenge: None,
            results: None,
        }
    }
}

/// Header of a message the device writes.
pub(crate) struct Header<'a> {
    pub(crate) session_id: &'a str,
    pub(crate) msg_id: u32,
    pub(crate) target: &'a str,
    pub(crate) source: &'a str,
    pub(crate) user: Option<&'a str>,
    pub(crate) cred: Option<&'a Cred>,
}

/// A message the device writes; hands out the numbers of its commands.
pub(crate) struct Body {
    elements: Vec<Element>,
    results: Vec<Element>,
    next: u32,
}

fn meta_element(format: Option<&str>, kind: Option<&str>, size: Option<usize>) -> Option<Element> {
    let mut meta = Element::new(SYNCML, "Meta");
    if let Some(format) = format {
        meta = meta.with(Element::leaf(METINF, "Format", format));
    }
    if let Some(kind) = kind {
        meta = meta.with(Element::leaf(METINF, "Type", kind));
    }
    if let Some(size) = size {
        meta = meta.with(Element::leaf(METINF, "Size", size.to_string()));
    }
    (!meta.children.is_empty()).then_some(meta)
}

fn place(name: &str, uri: &str) -> Element {
    Element::new(SYNCML, name).text_child("LocURI", uri)
}

impl Body {
    /// Numbers begin with `first`: Windows begins with 2 in a first message, with 1 in the others.
    pub(crate) fn new(first: u32) -> Self {
        Self {
            elements: Vec::new(),
            results: Vec::new(),
            next: first,
        }
    }

    fn begun(&mut self, name: &str) -> Element {
        let element = Element::new(SYNCML, name).text_child("CmdID", self.next.to_string());
        self.next += 1;
        element
    }

    /// An alert; one with a type carries an item.
    pub(crate) fn alert(&mut self, code: u16, item: Option<(&str, Option<&str>, &str)>) {
        let mut alert = self.begun("Alert").text_child("Data", code.to_string());
        if let Some((kind, format, data)) = item {
            let mut inner = Element::new(SYNCML, "Item");
            if let Some(meta) = meta_element(format, Some(kind), None) {
                inner = inner.with(meta);
            }
            alert = alert.with(inner.text_child("Data", data));
        }
        self.elements.push(alert);
    }

    /// `Replace` with several nodes: how a session begins.
    pub(crate) fn replace(&mut self, nodes: &[(&str, &str)]) {
        let mut replace = self.begun("Replace");
        for (uri, data) in nodes {
            let item = Element::new(SYNCML, "Item").with(place("Source", uri));
            replace = replace.with(item.text_child("Data", *data));
        }
        self.elements.push(replace);
    }

    /// A status, and the results it comes with.
    pub(crate) fn reply(&mut self, msg_ref: &str, reply: Reply) {
        let mut status = self
            .begun("Status")
            .text_child("MsgRef", msg_ref)
            .text_child("CmdRef", &reply.cmd_ref)
            .text_child("Cmd", &reply.cmd);
        if let Some(target) = &reply.target_ref {
            status = status.text_child("TargetRef", target);
        }
        if let Some(challenge) = &reply.challenge {
            let mut meta =
                meta_element(Some("b64"), Some(&challenge.kind), None).unwrap_or_default();
            if let Some(nonce) = &challenge.next_nonce {
                meta = meta.with(Element::leaf(METINF, "NextNonce", nonce));
            }
            status = status.with(Element::new(SYNCML, "Chal").with(meta));
        }
        let mut data = Element::leaf(SYNCML, "Data", reply.code.to_string());
        if let Some(error) = reply.original_error {
            data = data.attribute(MSFT, "originalerror", format!("0x{error:08X}"));
        }
        self.elements.push(status.with(data));
        if let Some(item) = reply.results {
            self.results(msg_ref, &reply.cmd_ref, &item);
        }
    }

    /// What a Get found, or a piece of it.
    pub(crate) fn results(&mut self, msg_ref: &str, cmd_ref: &str, item: &Item) {
        let mut inner = Element::new(SYNCML, "Item");
        if let Some(source) = &item.source {
            inner = inner.with(place("Source", source));
        }
        if let Some(meta) = meta_element(item.format.as_deref(), item.kind.as_deref(), item.size) {
            inner = inner.with(meta);
        }
        if let Some(data) = &item.data {
            inner = inner.text_child("Data", data);
        }
        if item.more {
            inner = inner.with(Element::new(SYNCML, "MoreData"));
        }
        let results = self
            .begun("Results")
            .text_child("MsgRef", msg_ref)
            .text_child("CmdRef", cmd_ref)
            .with(inner);
        self.results.push(results);
    }

    /// The whole message.
    pub(crate) fn message(self, header: &Header<'_>, is_final: bool) -> Element {
        let mut source = place("Source", header.source);
        if let Some(user) = header.user {
            source = source.text_child("LocName", user);
        }
        let mut head = Element::new(SYNCML, "SyncHdr")
            .text_child("VerDTD", "1.2")
            .text_child("VerProto", "DM/1.2")
            .text_child("SessionID", header.session_id)
            .text_child("MsgID", header.msg_id.to_string())
            .with(place("Target", header.target))
            .with(source);
        if let Some(cred) = header.cred {
            let meta = meta_element(Some("b64"), Some(&cred.kind), None).unwrap_or_default();
            let cred = Element::new(SYNCML, "Cred")
                .with(meta)
                .text_child("Data", &cred.data);
            head = head.with(cred);
        }
        let mut body = Element::new(SYNCML, "SyncBody");
        // Statuses and alerts come in their order, results behind them (OMA DM 1.2 Protocol, section 9).
        body.children.extend(self.elements);
        body.children.extend(self.results);
        if is_final {
            body = body.with(Element::new(SYNCML, "Final"));
        }
        Element::new(SYNCML, "SyncML").with(head).with(body)
    }
}

#[cfg(test)]
mod tests {
    use super::super::xml;
    use super::*;

    fn message(header: &str, body: &str) -> Result<Message, DeviceError> {
        let text = format!(
            "<SyncML xmlns='{SYNCML}'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID>\
             <MsgID>1</MsgID><Target><LocURI>D</LocURI></Target><Source><LocURI>S</LocURI></Source>{header}</SyncHdr>\
             <SyncBody>{body}</SyncBody></SyncML>"
        );
        read(&xml::read(text.as_bytes()).unwrap())
    }

    #[test]
    fn what_the_server_says_is_read() {
        let body = "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Chal><Meta>\
            <Type xmlns='syncml:metinf'>syncml:auth-md5</Type><NextNonce xmlns='syncml:metinf'>AAAA</NextNonce></Meta></Chal>\
            <Data>407</Data></Status><Atomic><CmdID>2</CmdID><Add><CmdID>3</CmdID><Item><Target><LocURI>./X</LocURI></Target>\
            <Meta><Format xmlns='syncml:metinf'>int</Format></Meta><Data> 1 </Data></Item></Add></Atomic><Later/><Final/>";
        let read = message("", body).unwrap();
        let challenge = read.statuses[0].challenge.as_ref().unwrap();
        assert_eq!(challenge.next_nonce.as_deref(), Some("AAAA"));
        let add = &read.commands[0].commands[0];
        assert_eq!(
            (add.verb, add.items[0].data.as_deref()),
            (Some(Verb::Add), Some(" 1 "))
        );
        assert_eq!(
            (read.commands[1].verb, read.commands[1].name.as_str()),
            (None, "Later")
        );
        assert!(read.is_final);
    }

    #[test]
    fn rules_the_server_may_break() {
        let status = "<Status><CmdID>1</CmdID><Data>200</Data></Status>";
        for (header, body, rule) in [
            ("<NoResp/>", "", "NoResp would silence the device"),
            ("", "<Final/><Get/>", "something follows Final"),
            ("", "<Get><CmdID>0</CmdID></Get>", "a CmdID is 0"),
            (
                "",
                "<Get><CmdID>1</CmdID></Get><Get><CmdID>1</CmdID></Get>",
                "two commands have one CmdID",
            ),
            (
                "",
                &format!("<Get><CmdID>2</CmdID></Get>{status}"),
                "a Status follows a command",
            ),
            (
                "",
                "<Status><CmdID>1</CmdID></Status>",
                "a Status has no code",
            ),
        ] {
            let error = message(header, body).err().unwrap().to_string();
            assert_eq!(
                error,
                format!("server's message breaks a rule of OMA DM: {rule}")
            );
        }
    }
}
