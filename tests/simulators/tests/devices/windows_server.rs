//! A management server for Windows of canned answers: OpenSSL's command issues its certificates, texts are its messages.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mdm_simulators::http::Protocol;
use mdm_simulators::windows::{Environment, Invitation, Persona, Version, WindowsDevice};
use openssl::hash::{MessageDigest, hash};
use openssl::x509::X509;

use crate::canned::{Canned, Seen};
use crate::programs::openssl;

const SOAP: &str = "application/soap+xml; charset=utf-8";
pub(crate) const XML: &str = "application/vnd.syncml.dm+xml";
pub(crate) const WBXML: &str = "application/vnd.syncml.dm+wbxml";

/// What the server says; tests change it while it runs.
pub(crate) struct Plan {
    /// `AuthPolicy`.
    pub(crate) federated: bool,
    /// Changes of the provisioning document.
    pub(crate) document: Box<dyn Fn(String) -> String + Send>,
    /// Packages of commands, with `Final` or without.
    pub(crate) packages: VecDeque<String>,
    /// What is inside the Status of `SyncHdr`, beside the usual.
    pub(crate) headers: VecDeque<&'static str>,
    /// Credential of the server.
    pub(crate) cred: String,
    /// SyncML documents seen, as XML.
    pub(crate) messages: Vec<String>,
    /// Whether sessions are in WBXML.
    pub(crate) binary: bool,
}

#[derive(Clone)]
pub(crate) struct WindowsServer {
    pub(crate) canned: Canned,
    pub(crate) plan: Arc<Mutex<Plan>>,
}

impl WindowsServer {
    pub(crate) async fn start() -> Self {
        let canned = Canned::start().await;
        let plan = Arc::new(Mutex::new(Plan {
            federated: false,
            document: Box::new(|document| document),
            packages: VecDeque::new(),
            headers: VecDeque::new(),
            cred: String::new(),
            messages: Vec::new(),
            binary: false,
        }));
        let (shared, base) = (Arc::clone(&plan), canned.url(""));
        let folder = canned.folder.path().to_owned();
        canned.respond(move |seen| answer(seen, &mut shared.lock().unwrap(), &base, &folder));
        Self { canned, plan }
    }

    pub(crate) fn device(&self, version: Version, seed: u64) -> WindowsDevice {
        let mut environment = Environment::new(self.canned.environment.roots.clone());
        environment.resolve = self.canned.environment.resolve;
        environment.protocol = Some(Protocol::Http1);
        WindowsDevice::new(Persona::from_seed(version, seed), environment)
    }

    pub(crate) fn invitation(&self) -> Invitation {
        let url = self.canned.url("/EnrollmentServer/Discovery.svc");
        Invitation::with_password(&url, "a&b@lab.example", " p<é>& ")
    }

    pub(crate) async fn enrolled(&self, version: Version) -> WindowsDevice {
        let mut device = self.device(version, 7);
        device.enroll(&self.invitation()).await.unwrap();
        self.canned.seen();
        device
    }

    /// Commands for the next session; the last package has an end.
    pub(crate) fn queue(&self, packages: &[&str]) {
        let mut plan = self.plan.lock().unwrap();
        plan.packages
            .extend(packages.iter().map(|package| (*package).to_owned()));
    }

    /// SyncML documents since the last call.
    pub(crate) fn messages(&self) -> Vec<String> {
        std::mem::take(&mut self.plan.lock().unwrap().messages)
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let after = text.split_once(start).map_or("", |(_, after)| after);
    after.split_once(end).map_or("", |(inner, _)| inner)
}

fn answer(seen: &Seen, plan: &mut Plan, base: &str, folder: &Path) -> (u16, &'static str, Vec<u8>) {
    let body = String::from_utf8_lossy(&seen.body).into_owned();
    let result = match seen.path.as_str() {
        "/EnrollmentServer/Discovery.svc" if seen.body.is_empty() => return (200, "", Vec::new()),
        "/EnrollmentServer/Discovery.svc" => discovered(plan, base),
        "/Policy" => POLICIES.to_owned(),
        "/Enrollment" => {
            let document = (plan.document)(provisioned(&body, plan, base, folder));
            let document = STANDARD.encode(document);
            TOKEN.replace("DOCUMENT", &document)
        }
        "/Login" if seen.body.is_empty() => {
            let page = "<html><form method=post action='?step=2'><input type=hidden name=s value='1&amp;2'><input name=user>\
                        <input name=password type=password></form>";
            return (200, "text/html", page.as_bytes().to_vec());
        }
        "/Login" => {
            let page = format!(
                "<form method=post action='ms-app://windows.immersivecontrolpanel'><input type=hidden name=wresult value=\
                 '{}'></form>",
                body.replace('&', "&amp;")
            );
            return (200, "text/html", page.into_bytes());
        }
        "/MDM" => return session(seen, plan, folder),
        other => panic!("nobody asks for {other}"),
    };
    let action = between(&body, "mustUnderstand=\"1\">", "<");
    let action = match action.rsplit_once('/').unwrap() {
        (start, "wstep") => format!("{}/wstep", start.replace("/RST", "/RSTRC")),
        (start, name) => format!("{start}/{name}Response"),
    };
    let relates = between(&body, "<a:MessageID>", "<");
    let envelope = format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\">\
         <s:Header><a:Action s:mustUnderstand=\"1\">{action}</a:Action><a:RelatesTo>{relates}</a:RelatesTo></s:Header>\
         <s:Body>{result}</s:Body></s:Envelope>"
    );
    (200, SOAP, envelope.into_bytes())
}

fn discovered(plan: &Plan, base: &str) -> String {
    let (policy, login) = if plan.federated {
        (
            "Federated",
            format!("<AuthenticationServiceUrl>{base}/Login</AuthenticationServiceUrl>"),
        )
    } else {
        ("OnPremise", String::new())
    };
    format!(
        "<DiscoverResponse xmlns=\"http://schemas.microsoft.com/windows/management/2012/01/enrollment\"><DiscoverResult>\
         <AuthPolicy>{policy}</AuthPolicy><EnrollmentVersion>4.0</EnrollmentVersion><EnrollmentPolicyServiceUrl>{base}/Policy\
         </EnrollmentPolicyServiceUrl><EnrollmentServiceUrl>{base}/Enrollment</EnrollmentServiceUrl>{login}</DiscoverResult>\
         </DiscoverResponse>"
    )
}

const POLICIES: &str = "<GetPoliciesResponse xmlns=\"http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy\"><response>\
    <policies><policy><attributes><hashAlgorithmOIDReference>0</hashAlgorithmOIDReference></attributes></policy></policies>\
    </response><oIDs><oID><value>2.16.840.1.101.3.4.2.1</value><group>4</group><oIDReferenceID>0</oIDReferenceID></oID></oIDs>\
    </GetPoliciesResponse>";

const TOKEN: &str = "<RequestSecurityTokenResponseCollection xmlns=\"http://docs.oasis-open.org/ws-sx/ws-trust/200512\">\
    <RequestSecurityTokenResponse><TokenType>http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentToken\
    </TokenType><RequestedSecurityToken><BinarySecurityToken xmlns=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\" \
    ValueType=\"http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentProvisionDoc\">DOCUMENT\
    </BinarySecurityToken></RequestedSecurityToken></RequestSecurityTokenResponse></RequestSecurityTokenResponseCollection>";

/// A certificate for the request and a document around it; a renewal's request is taken out of its CMS first.
fn provisioned(body: &str, plan: &Plan, base: &str, folder: &Path) -> String {
    let run = |arguments: &str| openssl(folder, arguments).unwrap();
    let request = between(body, "<wst:RequestType>", "</wst:RequestType>");
    let token = body.split_once("</wst:RequestType>").unwrap().1;
    let token = STANDARD.decode(between(token, "\">", "<")).unwrap();
    let renews = request.ends_with("Renew");
    if renews {
        std::fs::write(folder.join("r.p7"), token).unwrap();
        run("cms -verify -inform DER -in r.p7 -CAfile root.pem -purpose any -out r.csr");
    } else {
        std::fs::write(folder.join("r.csr"), token).unwrap();
    }
    run(
        "x509 -req -inform DER -in r.csr -CA root.pem -CAkey root.key -days 3 -extfile device.ext -subj /CN=D&d -out issued.pem",
    );
    let certificate = |file: &str| {
        let pem: PathBuf = folder.join(file);
        let der = X509::from_pem(&std::fs::read(pem).unwrap())
            .unwrap()
            .to_der()
            .unwrap();
        let digest = hash(MessageDigest::sha1(), &der).unwrap();
        let name = digest
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02X}"));
        (name, STANDARD.encode(der))
    };
    let ((root, root_der), (own, own_der)) = (certificate("root.pem"), certificate("issued.pem"));
    let root = if renews {
        String::new()
    } else {
        format!(
            "<characteristic type=\"Root\"><characteristic type=\"System\"><characteristic type=\"{root}\">\
             <parm name=\"EncodedCertificate\" value=\"{root_der}\"/></characteristic></characteristic></characteristic>"
        )
    };
    let rest = if renews {
        String::new()
    } else {
        let encoding = if plan.binary { WBXML } else { XML };
        format!(
            "<parm name=\"APPID\" value=\"w7\"/><parm name=\"ADDR\" value=\"{base}/MDM\"/><parm name=\"DEFAULTENCODING\" \
             value=\"{encoding}\"/><parm name=\"SSLCLIENTCERTSEARCHCRITERIA\" value=\"Subject=CN%3dD%26d&amp;Stores=My%5CUser\"/>\
             <characteristic type=\"APPAUTH\"><parm name=\"AAUTHLEVEL\" value=\"CLIENT\"/><parm name=\"AAUTHTYPE\" \
             value=\"DIGEST\"/><parm name=\"AAUTHSECRET\" value=\"OhBehave\"/><parm name=\"AAUTHNAME\" value=\"Bruce2\"/>\
             <parm name=\"AAUTHDATA\" value=\"Tm9uY2U=\"/></characteristic><characteristic type=\"APPAUTH\"><parm name=\"AAUTHLEVEL\" \
             value=\"APPSRV\"/><parm name=\"AAUTHTYPE\" value=\"DIGEST\"/><parm name=\"AAUTHNAME\" value=\"Bruce2\"/>\
             <parm name=\"AAUTHSECRET\" value=\"OhBehave\"/><parm name=\"AAUTHDATA\" value=\"Tm9uY2U=\"/></characteristic>"
        )
    };
    let client = if renews {
        String::new()
    } else {
        "<characteristic type=\"DMClient\"><characteristic type=\"Provider\"><characteristic type=\"lab\">\
         <parm name=\"SyncApplicationVersion\" value=\"3.0\" datatype=\"string\"/><parm name=\"RequireMessageSigning\" \
         value=\"true\" datatype=\"boolean\"/></characteristic></characteristic></characteristic>"
            .to_owned()
    };
    format!(
        "<wap-provisioningdoc version=\"1.1\"><characteristic type=\"CertificateStore\">{root}<characteristic type=\"My\">\
         <characteristic type=\"User\"><characteristic type=\"{own}\"><parm name=\"EncodedCertificate\" value=\"{own_der}\"/>\
         <characteristic type=\"PrivateKeyContainer\"/></characteristic></characteristic></characteristic></characteristic>\
         <characteristic type=\"APPLICATION\"><parm name=\"PROVIDER-ID\" value=\"lab\"/>{rest}</characteristic>{client}\
         </wap-provisioningdoc>"
    )
}

/// One message of a session: its statuses are kept, the next package is handed out.
fn session(seen: &Seen, plan: &mut Plan, folder: &Path) -> (u16, &'static str, Vec<u8>) {
    let run = |program: &str, arguments: &[&str]| {
        let done = std::process::Command::new(program)
            .current_dir(folder)
            .args(arguments)
            .output();
        assert!(done.unwrap().status.success(), "{program}");
    };
    let text = if plan.binary {
        assert_eq!(seen.content_type, WBXML);
        std::fs::write(folder.join("m.wbxml"), &seen.body).unwrap();
        run("wbxml2xml", &["-l", "SYNCML12", "-o", "m.xml", "m.wbxml"]);
        let text = std::fs::read_to_string(folder.join("m.xml")).unwrap();
        text.get(text.find("<SyncML").unwrap()..)
            .unwrap()
            .to_owned()
    } else {
        String::from_utf8_lossy(&seen.body).into_owned()
    };
    let (id, number) = (
        between(&text, "<SessionID>", "<").to_owned(),
        between(&text, "<MsgID>", "<").to_owned(),
    );
    let last = text.contains("</Final>") || text.contains("<Final/>");
    plan.messages.push(text);
    let header = plan.headers.pop_front().unwrap_or("<Data>212</Data>");
    let refused = header.contains("401") || header.contains("407");
    let rest = if refused {
        "<Final/>".to_owned()
    } else if last {
        plan.packages
            .pop_front()
            .unwrap_or_else(|| "<Final/>".to_owned())
    } else {
        "<Alert><CmdID>2</CmdID><Data>1222</Data></Alert><Final/>".to_owned()
    };
    let answer = format!(
        "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>{id}</SessionID>\
         <MsgID>{number}</MsgID><Target><LocURI>D</LocURI></Target><Source><LocURI>S</LocURI></Source>{}</SyncHdr><SyncBody>\
         <Status><CmdID>1</CmdID><MsgRef>{number}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>{header}</Status>{rest}\
         </SyncBody></SyncML>",
        plan.cred
    );
    if !plan.binary {
        return (200, XML, answer.into_bytes());
    }
    std::fs::write(folder.join("a.xml"), answer).unwrap();
    run("xml2wbxml", &["-o", "a.wbxml", "a.xml"]);
    (200, WBXML, std::fs::read(folder.join("a.wbxml")).unwrap())
}
