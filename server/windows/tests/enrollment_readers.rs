//! What leaves is read by programs that were not written here: `xmllint`, and Python with lxml where it is there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "test"
)]

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use mdm_windows::{
    discovery::{Authentication, DiscoverResult, RequestVersion},
    enrollment::Issued,
    policy::{Hash, Policy},
    provisioning::{
        Application, Certificate, ClientCredential, DmClient, Document, Encoding, Enrolled, Help,
        Identity, Poll, PollSet, RenewalPlan, Renewed, Retry, Scheme, ServerCredential, Store,
        Thumbprint,
    },
    secret::{Password, Token},
    soap::{Action, ActivityId, Fault, Refusal, Reply, Timestamp},
};
use time::{Duration, macros::datetime};

const HOSTILE: &str = "& < > \" ' é ]]>";

fn reply() -> Reply {
    Reply {
        relates_to: Some(HOSTILE.parse().unwrap()),
        activity: ActivityId::new([9; 16]),
    }
}

fn enrolled() -> Enrolled {
    let certificate = |octet| Certificate {
        der: vec![0x30, 1, octet],
        thumbprint: Thumbprint::new([octet; 20]),
    };
    let nonce = || Token::new(vec![0, 255]);
    Enrolled {
        root: certificate(1),
        intermediate: Some(certificate(2)),
        identity: Identity {
            certificate: certificate(3),
            store: Store::User,
        },
        renewal: Some(RenewalPlan {
            period_days: 1,
            retry_days: 1,
        }),
        provider: "mockmdm".parse().unwrap(),
        application: Application {
            name: HOSTILE.to_owned(),
            address: format!("https://mdm.lab.example/{HOSTILE}"),
            retry: Retry::default(),
            encoding: Encoding::Xml,
            client_certificate_subject: Some(format!("CN={HOSTILE}")),
            server_credential: Some(ServerCredential {
                secret: Password::new(HOSTILE.to_owned()),
                nonce: nonce(),
            }),
            client_credential: Some(ClientCredential {
                scheme: Scheme::Digest { nonce: nonce() },
                name: HOSTILE.to_owned(),
                secret: Password::new("two\nlines\tand a tab".to_owned()),
            }),
        },
        dm_client: DmClient {
            management_id: HOSTILE.to_owned(),
            device_name: None,
            upn: None,
            sync_version: Some("3.0".to_owned()),
            help: Help::default(),
            keep_alive: true,
            complete_page: None,
            poll: Poll::new(
                PollSet {
                    minutes: 15,
                    times: 8,
                },
                PollSet::NONE,
                PollSet {
                    minutes: 60,
                    times: 0,
                },
            )
            .unwrap(),
        },
    }
}

fn issued(document: Document) -> String {
    let timestamp = Timestamp::around(datetime!(2024-03-01 12:00 UTC));
    Issued {
        document,
        timestamp,
    }
    .encode(&reply())
    .unwrap()
}

/// One of everything that leaves.
fn messages() -> Vec<String> {
    let mut all = Vec::new();
    for authentication in [
        Authentication::OnPremise,
        Authentication::Certificate,
        Authentication::Federated {
            login_url: HOSTILE.to_owned(),
        },
    ] {
        let result = DiscoverResult {
            authentication,
            version: Some(RequestVersion::OURS),
            policy_url: Some(HOSTILE.to_owned()),
            enrollment_url: HOSTILE.to_owned(),
        };
        all.push(result.encode(&reply()).unwrap());
    }
    for hash in [Hash::Sha256, Hash::Unsaid] {
        let policy = Policy {
            id: HOSTILE.to_owned(),
            name: HOSTILE.to_owned(),
            validity: Duration::days(1),
            renewal: Duration::hours(1),
            key_bits: 2048,
            hash,
        };
        all.push(policy.encode(&reply()).unwrap());
    }
    let message = HOSTILE.to_owned();
    for refusal in [
        Refusal::MessageFormat,
        Refusal::ActionMismatch,
        Refusal::DeviceCapReached,
        Refusal::CustomServerError { message },
    ] {
        let reason = HOSTILE.to_owned();
        all.push(
            Fault { refusal, reason }
                .encode(Action::Discover, &reply())
                .unwrap(),
        );
    }
    let Enrolled {
        identity, provider, ..
    } = enrolled();
    for document in [
        enrolled().document().unwrap(),
        Renewed { identity, provider }.document().unwrap(),
    ] {
        all.push(document.as_str().to_owned());
        all.push(issued(document));
    }
    all
}

/// Runs a program, or says that it is missing; under `CI` it must be there.
fn run(program: &str, arguments: &[&str], input: &str) -> Option<String> {
    let spawned = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped, {program}: {error}");
            return None;
        }
        Err(error) => panic!("{program}: {error}"),
    };
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} on {input}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn xmllint_reads_every_message() {
    for message in messages() {
        if run("xmllint", &["--noout", "--nonet", "-"], &message).is_none() {
            return;
        }
    }
}

const FACTS: &str = r"
import base64, sys
try:
    from lxml import etree
except ImportError:
    import xml.etree.ElementTree as etree
S = '{http://www.w3.org/2003/05/soap-envelope}'
A = '{http://www.w3.org/2005/08/addressing}'
T = '{http://docs.oasis-open.org/ws-sx/ws-trust/200512}'
W = '{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}'
root = etree.fromstring(sys.stdin.buffer.read())
assert root.tag == S + 'Envelope', root.tag
print(root.find(S + 'Header/' + A + 'RelatesTo').text)
token = root.find(S + 'Body/' + T + 'RequestSecurityTokenResponseCollection/' + T + 'RequestSecurityTokenResponse/'
    + T + 'RequestedSecurityToken/' + W + 'BinarySecurityToken')
inner = etree.fromstring(base64.b64decode(token.text, validate=True))
assert inner.tag == 'wap-provisioningdoc' and inner.get('version') == '1.1'
def walk(node, path):
    for child in node:
        name = child.get('type') or child.get('name')
        if child.tag == 'characteristic':
            walk(child, path + '/' + name)
        else:
            print(path + '/' + name + '=' + repr(child.get('value')))
walk(inner, '')
";

#[test]
fn python_reads_the_document_in_the_answer() {
    let Some(facts) = run(
        "python3",
        &["-c", FACTS],
        &issued(enrolled().document().unwrap()),
    ) else {
        return;
    };
    let mut lines = facts.lines();
    assert_eq!(lines.next(), Some(HOSTILE));
    let facts: Vec<&str> = lines.collect();
    let root = format!(
        "/CertificateStore/Root/System/{}/EncodedCertificate='MAEB'",
        "01".repeat(20)
    );
    let own = format!(
        "/CertificateStore/My/User/{}/EncodedCertificate='MAED'",
        "03".repeat(20)
    );
    for fact in [
        root.as_str(),
        own.as_str(),
        "/CertificateStore/My/WSTEP/Renew/ROBOSupport='true'",
        "/APPLICATION/NAME='& < > \" \\' é ]]>'",
        "/APPLICATION/BACKCOMPATRETRYDISABLED=None",
        "/APPLICATION/SSLCLIENTCERTSEARCHCRITERIA=\
         'Subject=CN%3D%26%20%3C%20%3E%20%22%20%27%20%C3%A9%20%5D%5D%3E&Stores=My%5CUser'",
        "/APPLICATION/APPAUTH/AAUTHDATA='AP8='",
        "/APPLICATION/APPAUTH/AAUTHSECRET='two\\nlines\\tand a tab'",
        "/DMClient/Provider/mockmdm/Poll/NumberOfFirstRetries='8'",
    ] {
        assert!(
            facts.contains(&fact),
            "{fact} is not in\n{}",
            facts.join("\n")
        );
    }
}

const SUBCODE: &str = r"
import io, sys, xml.etree.ElementTree as etree
S = '{http://www.w3.org/2003/05/soap-envelope}'
scopes, subcode = [], None
for event, item in etree.iterparse(io.BytesIO(sys.stdin.buffer.read()), events=('start-ns', 'end-ns', 'end')):
    if event == 'start-ns':
        scopes.append(item)
    elif event == 'end-ns':
        scopes.pop()
    elif item.tag == S + 'Value':
        prefix, local = item.text.split(':')
        subcode = '{' + [uri for name, uri in scopes if name == prefix][-1] + '}' + local
print(subcode)
";

#[test]
fn a_subcode_is_a_name_in_its_namespace() {
    for (refusal, expected) in [
        (
            Refusal::Authentication,
            "{http://www.w3.org/2003/05/soap-envelope}Authentication",
        ),
        (
            Refusal::InvalidSecurity,
            "{http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher}InvalidSecurity",
        ),
    ] {
        let reason = String::new();
        let fault = Fault { refusal, reason }
            .encode(Action::GetPolicies, &reply())
            .unwrap();
        let Some(subcode) = run("python3", &["-c", SUBCODE], &fault) else {
            return;
        };
        assert_eq!(subcode.trim(), expected);
    }
}
