//! The tree under commands: what each may do, and what is undone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::device::{Effect, Environment, Login, WindowsDevice};
use super::provisioning::thumbprint;
use super::script::{Behaviour, PromptAnswer, PromptScript, Rule};
use super::syncml::{self, METINF, SYNCML};
use super::{AccountKind, Event, Persona, PromptKind, Script, Version, xml};
use crate::cms::testing::self_signed;

const GUID: &str = "%7Bc6d47067-6e92-480e-b0fc-4ba82182fac7%7D";
const OTHER: &str = "%7B00000000-6e92-480e-b0fc-4ba82182fac7%7D";

fn device(version: Version) -> WindowsDevice {
    WindowsDevice::new(Persona::from_seed(version, 1), Environment::new(Vec::new()))
}

fn pc() -> WindowsDevice {
    device(Version::Windows11)
}

/// Runs commands and tells their statuses as `CmdRef:code`, with the error and the data found behind them.
fn run(device: &mut WindowsDevice, commands: &str) -> String {
    let text = format!(
        "<SyncML xmlns='{SYNCML}' xmlns:m='{METINF}'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1\
         </SessionID><MsgID>1</MsgID><Target/><Source/></SyncHdr><SyncBody>{commands}<Final/></SyncBody></SyncML>"
    );
    let message = syncml::read(&xml::read(text.as_bytes()).unwrap()).unwrap();
    let mut told = Vec::new();
    for command in &message.commands {
        for reply in device.carry_out(command) {
            let error = reply
                .original_error
                .map(|error| format!("/{error:08X}"))
                .unwrap_or_default();
            let found = reply
                .results
                .and_then(|item| Some(format!("={}", item.data?)))
                .unwrap_or_default();
            told.push(format!("{}:{}{error}{found}", reply.cmd_ref, reply.code));
        }
    }
    told.join(" ")
}

fn command(verb: &str, id: u32, uri: &str, format: &str, data: &str) -> String {
    let meta = if format.is_empty() {
        String::new()
    } else {
        format!("<Meta><m:Format>{format}</m:Format></Meta>")
    };
    format!(
        "<{verb}><CmdID>{id}</CmdID><Item><Target><LocURI>{uri}</LocURI></Target>{meta}<Data>{data}</Data></Item></{verb}>"
    )
}

fn atomic(id: u32, inner: &[String]) -> String {
    format!("<Atomic><CmdID>{id}</CmdID>{}</Atomic>", inner.concat())
}

fn active_sync(guid: &str, host: &str, password: bool) -> String {
    let base = format!("./User/Vendor/MSFT/ActiveSync/Accounts/{guid}");
    let mut inner = vec![command("Add", 2, &base, "node", "")];
    let mut leaves = vec![
        ("EmailAddress", "a@b.example"),
        ("ServerName", host),
        ("UserName", "u"),
        ("AccountType", "Exchange"),
        ("AccountName", "Mail &amp; &lt;é&gt;"),
    ];
    if password {
        leaves.push(("Password", "p"));
    }
    for (at, (name, value)) in leaves.into_iter().enumerate() {
        inner.push(command(
            "Add",
            3 + u32::try_from(at).unwrap(),
            &format!("{base}/{name}"),
            "chr",
            value,
        ));
    }
    atomic(1, &inner)
}

fn addresses(device: &WindowsDevice) -> Vec<String> {
    device
        .accounts()
        .iter()
        .map(|account| format!("{}@{}", account.name, account.host))
        .collect()
}

#[test]
fn access_format_and_values() {
    let dm = "./Device/Vendor/MSFT/DMClient/Provider/p";
    for (verb, uri, format, data, expected) in [
        ("Get", "./DevInfo/DmV", "", "", "1:200=1.3"),
        (
            "Get",
            "./DevInfo",
            "",
            "",
            "1:200=DevId/DmV/Ext/Lang/Man/Mod",
        ),
        ("Replace", "./DevInfo/DmV", "chr", "2", "1:405"),
        ("Get", "./DevInfo/None", "", "", "1:404"),
        ("Get", "./Device/Vendor/MSFT/None", "", "", "1:404"),
        ("Get", "/DevInfo", "", "", "1:400"),
        ("Get", "./DevInfo?list=StructData", "", "", "1:406"),
        ("Add", &format!("{dm}/HelpWebsite"), "chr", "x", "1:200"),
        ("Add", &format!("{dm}/HelpWebsite"), "int", "1", "1:415"),
        (
            "Add",
            &format!("{dm}/Poll/NumberOfFirstRetries"),
            "int",
            "x",
            "1:400",
        ),
        (
            "Add",
            &format!("{dm}/Poll/NumberOfFirstRetries"),
            "",
            "1",
            "1:415",
        ),
        (
            "Add",
            &format!("{dm}/RequireMessageSigning"),
            "bool",
            "0",
            "1:500/80070057",
        ),
        (
            "Add",
            &format!("{dm}/SyncApplicationVersion"),
            "chr",
            "11",
            "1:500/80070057",
        ),
        ("Replace", &format!("{dm}/HelpWebsite"), "chr", "x", "1:404"),
        ("Delete", &format!("{dm}/HelpWebsite"), "", "", "1:404"),
        (
            "Delete",
            "./Device/Vendor/MSFT/DeviceManageability",
            "",
            "",
            "1:405",
        ),
        ("Exec", &format!("{dm}/HelpWebsite"), "", "", "1:405"),
        (
            "Exec",
            "./Device/Vendor/MSFT/Reboot/RebootNow",
            "null",
            "",
            "1:200",
        ),
        (
            "Add",
            "./User/Vendor/MSFT/RootCATrustedCertificates/Root/AA/EncodedCertificate",
            "b64",
            "AA==",
            "1:425",
        ),
        (
            "Add",
            &format!("./User/Vendor/MSFT/ActiveSync/Accounts/{GUID}/EmailAddress"),
            "chr",
            "x",
            "1:500/8000FFFF",
        ),
        (
            "Add",
            "./User/Vendor/MSFT/EMAIL2/no-guid/NAME",
            "chr",
            "x",
            "1:500/80070057",
        ),
        (
            "Add",
            "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/x/Install/AttestPrivateKey",
            "int",
            "0",
            "1:404",
        ),
        (
            "Exec",
            "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/x/Install/Enroll",
            "null",
            "",
            "1:404",
        ),
    ] {
        let told = run(&mut pc(), &command(verb, 1, uri, format, data));
        assert_eq!(told, expected, "{verb} {uri} {format} {data}");
    }
    assert_eq!(
        run(
            &mut pc(),
            "<Add><Item/></Add><Later><CmdID>2</CmdID></Later>"
        ),
        ":400 2:400"
    );
    let roots = command(
        "Get",
        1,
        "./Device/Vendor/MSFT/RootCATrustedCertificates",
        "",
        "",
    );
    assert_eq!(run(&mut device(Version::Phone81), &roots), "1:404");
}

#[test]
fn what_is_there_is_changed_and_removed() {
    let mut pc = pc();
    let site = "./Vendor/MSFT/DMClient/Provider/p/HelpWebsite";
    let commands = [
        command("Add", 1, site, "chr", "a"),
        command("Add", 2, site, "chr", "b"),
        command("Replace", 3, site, "chr", "c &amp; é"),
        command("Get", 4, site, "", ""),
        command("Get", 5, "./Device/Vendor/MSFT/DMClient/Provider", "", ""),
        command(
            "Delete",
            6,
            "./Device/Vendor/MSFT/DMClient/Provider/p",
            "",
            "",
        ),
        command("Get", 7, site, "", ""),
    ];
    assert_eq!(
        run(&mut pc, &commands.concat()),
        "1:200 2:418 3:200 4:200=c & é 5:200=p 6:200 7:404"
    );
}

#[test]
fn an_atomic_is_done_whole_or_undone() {
    let site = "./Vendor/MSFT/DMClient/Provider/p/HelpWebsite";
    let phone = "./Vendor/MSFT/DMClient/Provider/p/HelpPhoneNumber";
    let add = |id, uri| command("Add", id, uri, "chr", "a");
    let nothing = "./Vendor/MSFT/None";
    for (inner, expected, left) in [
        (vec![add(2, site), add(3, phone)], "1:200 2:200 3:200", true),
        (
            vec![add(2, site), add(3, nothing), add(4, phone)],
            "1:507 2:216 3:404 4:215",
            false,
        ),
        (
            vec![add(2, site), command("Get", 3, site, "", "")],
            "1:507 2:216 3:500",
            false,
        ),
        (
            vec![add(2, site), atomic(3, &[add(4, phone)])],
            "1:507 2:216 3:500",
            false,
        ),
        (
            vec![add(2, site), command("Replace", 3, site, "chr", "b")],
            "1:507 2:216 3:500/8000FFFF",
            false,
        ),
    ] {
        let mut pc = pc();
        assert_eq!(run(&mut pc, &atomic(1, &inner)), expected);
        assert_eq!(pc.node(site).is_some(), left, "{expected}");
    }
    let mut pc = pc();
    pc.set_script(Script {
        rules: vec![Rule::once(Behaviour::RollbackFails)],
        ..Script::default()
    });
    assert_eq!(
        run(&mut pc, &atomic(1, &[add(2, site), add(3, nothing)])),
        "1:507 2:516 3:404"
    );
    assert!(pc.node(site).is_some());
    let sequence = format!(
        "<Sequence><CmdID>1</CmdID>{}{}</Sequence>",
        add(2, nothing),
        add(3, phone)
    );
    assert_eq!(run(&mut pc, &sequence), "1:200 2:404 3:200");
}

#[test]
fn an_active_sync_account_and_its_trap() {
    let mut pc = pc();
    assert!(run(&mut pc, &active_sync(GUID, "m.example", true)).starts_with("1:200 2:200"));
    assert_eq!(addresses(&pc), ["Mail & <é>@m.example"]);
    let base = format!("./User/Vendor/MSFT/ActiveSync/Accounts/{GUID}");
    let changed = [
        command("Get", 1, &format!("{base}/Password"), "", ""),
        command(
            "Replace",
            2,
            &format!("{base}/ServerName"),
            "chr",
            "n.example",
        ),
        command("Replace", 3, &format!("{base}/UserName"), "chr", "v"),
        command("Replace", 4, &format!("{base}/Domain"), "chr", "d"),
    ];
    assert_eq!(
        run(&mut pc, &changed.concat()),
        "1:200=****** 2:200 3:405 4:404"
    );
    assert_eq!(addresses(&pc), ["Mail & <é>@n.example"]);
    assert!(run(&mut pc, &active_sync(GUID, "m.example", true)).starts_with("1:507 2:418 3:215"));
    assert_eq!(addresses(&pc), Vec::<String>::new());
    let events: Vec<&Event> = pc.journal().iter().map(|entry| &entry.event).collect();
    let address = || "a@b.example".to_owned();
    for event in [
        Event::AccountCreated { address: address() },
        Event::AccountUpdated { address: address() },
        Event::AccountTrapped { address: address() },
        Event::AccountRemoved { address: address() },
    ] {
        assert!(events.contains(&&event), "{event:?}");
    }
}

#[test]
fn accounts_made_by_hand_and_prompts() {
    let mut pc = pc();
    pc.add_account(AccountKind::ActiveSync, "M.example", "A@b.example", "x");
    pc.set_script(Script {
        prompts: [PromptAnswer::Unanswered, PromptAnswer::Declined]
            .map(|answer| PromptScript {
                kind: None,
                answer,
                after_sessions: 0,
            })
            .into(),
        ..Script::default()
    });
    run(&mut pc, &active_sync(GUID, "m.example", false));
    assert_eq!(addresses(&pc), ["Mail & <é>@m.example"]);
    assert_eq!(pc.open_prompts()[0].kind, PromptKind::PasswordEntry);
    let overwritten = Event::AccountOverwritten {
        address: "a@b.example".to_owned(),
    };
    assert!(pc.journal().iter().any(|entry| entry.event == overwritten));
    let uri = format!("./User/Vendor/MSFT/ActiveSync/Accounts/{GUID}/ServerName");
    let replace = command("Replace", 1, &uri, "chr", "n.example");
    assert_eq!(run(&mut pc, &replace), "1:215");
    assert_eq!(run(&mut pc, &replace), "1:200");
    pc.set_script(Script {
        rules: vec![Rule::once(Behaviour::Status(215)).at(OTHER)],
        ..Script::default()
    });
    assert!(run(&mut pc, &active_sync(OTHER, "o.example", true)).starts_with("1:507 2:215"));
    assert_eq!(addresses(&pc).len(), 1);
}

#[test]
fn internet_accounts_need_what_they_need() {
    let mail = |guid: &str, left_out: &str| {
        let base = format!("./User/Vendor/MSFT/EMAIL2/{guid}");
        let leaves = [
            ("ACCOUNTTYPE", "Email"),
            ("AUTHNAME", "u"),
            ("AUTHSECRET", "p"),
            ("INSERVER", "i.example:993"),
            ("OUTSERVER", "o.example:465"),
            ("REPLYADDR", "a@b.example"),
            ("SERVICENAME", "Mail"),
            ("SERVICETYPE", "IMAP4"),
            ("SYNCINGCONTENTTYPES", "2"),
            ("TAGPROPS/8128000B", "1"),
        ];
        let leaves = leaves.iter().filter(|(name, _)| *name != left_out);
        let mut inner = vec![command("Add", 2, &base, "node", "")];
        inner.extend(leaves.enumerate().map(|(at, (name, value))| {
            command(
                "Add",
                3 + u32::try_from(at).unwrap(),
                &format!("{base}/{name}"),
                "chr",
                value,
            )
        }));
        atomic(1, &inner)
    };
    let mut pc = pc();
    assert!(run(&mut pc, &mail(GUID, "OUTSERVER")).ends_with("11:500/80070057"));
    assert_eq!(addresses(&pc), Vec::<String>::new());
    assert!(run(&mut pc, &mail(GUID, "")).starts_with("1:200"));
    assert_eq!(addresses(&pc), ["Mail@i.example"]);
    assert!(run(&mut pc, &mail(GUID, "")).starts_with("1:507 2:418"));
    assert_eq!(addresses(&pc), ["Mail@i.example"]);
    for number in 1..=6 {
        let guid = format!("%7B0000000{number}-6e92-480e-b0fc-4ba82182fac7%7D");
        let told = run(&mut pc, &mail(&guid, ""));
        assert_eq!(told.starts_with("1:200"), number < 6, "{number}: {told}");
    }
    let mut phone = device(Version::Phone81);
    let older = mail(GUID, "")
        .replace("./User/", "./")
        .replace("%7B", "0x7B")
        .replace("%7D", "0x7D");
    assert!(run(&mut phone, &older).starts_with("1:200"));
    assert_eq!(addresses(&phone), ["Mail@i.example"]);
}

#[test]
fn nodes_of_the_user_follow_the_login() {
    let mut pc = pc();
    pc.set_login(Login::None);
    assert!(run(&mut pc, &active_sync(GUID, "m.example", true)).starts_with("1:507 2:425"));
    pc.set_login(Login::Others);
    assert!(run(&mut pc, &active_sync(GUID, "m.example", true)).starts_with("1:200"));
    assert_eq!(addresses(&pc), Vec::<String>::new());
    assert!(
        pc.journal()
            .iter()
            .any(|entry| matches!(entry.event, Event::LandedElsewhere { .. }))
    );
    pc.set_login(Login::User);
    assert!(run(&mut pc, &active_sync(GUID, "m.example", true)).starts_with("1:200"));
    assert_eq!(addresses(&pc).len(), 1);
}

#[test]
fn certificates_are_named_by_their_thumbprint() {
    let mut pc = pc();
    let (identity, _) = self_signed(0, "Root é");
    let der = STANDARD.encode(identity.certificate());
    let hash = thumbprint(identity.certificate()).to_lowercase();
    let base = "./Device/Vendor/MSFT/RootCATrustedCertificates/Root";
    let node = format!("{base}/{hash}/EncodedCertificate");
    let commands = [
        command("Add", 1, &node, "b64", &der),
        command("Add", 2, &node, "b64", &der),
        command(
            "Get",
            3,
            &format!("{base}/{}/IssuedTo", hash.to_uppercase()),
            "",
            "",
        ),
        command(
            "Add",
            4,
            &format!("{base}/{}/EncodedCertificate", "0".repeat(40)),
            "b64",
            &der,
        ),
        command("Replace", 5, &node, "b64", "AAAA"),
    ];
    assert_eq!(
        run(&mut pc, &commands.concat()),
        "1:200 2:418 3:200=Root é 4:500/80070057 5:500/8007000D"
    );
    assert_eq!(pc.stores().roots(), [identity.certificate().to_vec()]);
    assert_eq!(
        run(
            &mut pc,
            &command("Delete", 1, &format!("{base}/{hash}"), "", "")
        ),
        "1:200"
    );
    assert!(pc.stores().items().is_empty());
}

#[test]
fn containers_are_imported_with_their_password() {
    let folder = tempfile::tempdir().unwrap();
    let (identity, x509) = self_signed(0, "Me");
    std::fs::write(folder.path().join("c.pem"), x509.to_pem().unwrap()).unwrap();
    std::fs::write(folder.path().join("k.pem"), identity.key_pem().unwrap()).unwrap();
    let export = |old: &str| {
        let line = format!("pkcs12 -export -in c.pem -inkey k.pem -passout pass:p -out x.p12{old}");
        crate::cms::testing::openssl(folder.path(), &line).unwrap();
        STANDARD.encode(std::fs::read(folder.path().join("x.p12")).unwrap())
    };
    let modern = export("");
    let legacy = export(" -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1");
    let base = "./User/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/x";
    let import = |blob: &str, password: &str| {
        let inner = [
            command("Add", 2, base, "node", ""),
            command("Add", 3, &format!("{base}/KeyLocation"), "int", "3"),
            command(
                "Add",
                4,
                &format!("{base}/PFXCertPassword"),
                "chr",
                password,
            ),
            command("Add", 5, &format!("{base}/PFXCertBlob"), "bin", blob),
        ];
        atomic(1, &inner)
    };
    let mut pc = pc();
    assert_eq!(
        run(&mut pc, &import(&modern, "wrong")),
        "1:507 2:216 3:216 4:216 5:500/80070056"
    );
    assert_eq!(
        run(&mut pc, &import(&modern, "p")),
        "1:200 2:200 3:200 4:200 5:200"
    );
    assert_eq!(
        pc.node(&format!("{base}/Thumbprint")),
        Some(thumbprint(identity.certificate()).as_str())
    );
    assert_eq!(pc.node(&format!("{base}/Status")), Some("0"));
    let mut phone = device(Version::Mobile10);
    assert!(run(&mut phone, &import(&modern, "p")).ends_with("5:500/80070056"));
    assert!(run(&mut phone, &import(&legacy, "p")).starts_with("1:200"));
    assert_eq!(phone.identities().len(), 1);
}

#[test]
fn an_order_to_enroll_is_taken_and_waits() {
    let order = |base: &str, hash: &str, length: &str| {
        let leaf = |id, name: &str, format: &str, value: &str| {
            command("Add", id, &format!("{base}/Install/{name}"), format, value)
        };
        [
            command("Add", 2, base, "node", ""),
            leaf(3, "ServerURL", "chr", "https://h/scep"),
            leaf(4, "Challenge", "chr", "secret"),
            leaf(5, "EKUMapping", "chr", "1.3.6.1.5.5.7.3.2"),
            leaf(6, "KeyUsage", "int", "160"),
            leaf(7, "SubjectName", "chr", "CN=&quot;a, b&quot;"),
            leaf(8, "KeyLength", length, "2048"),
            leaf(9, hash, "chr", "SHA-2"),
            command("Exec", 10, &format!("{base}/Install/Enroll"), "null", ""),
        ]
    };
    let base = "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/x";
    let mut pc = pc();
    let told = run(&mut pc, &atomic(1, &order(base, "HashAlgorithm", "int")));
    assert_eq!(
        told,
        "1:200 2:200 3:200 4:200 5:200 6:200 7:200 8:200 9:200 10:202"
    );
    assert_eq!(pc.node(&format!("{base}/Status")), Some("2"));
    assert_eq!(pc.node(&format!("{base}/Install/Challenge")), Some(""));
    let mut without = order(base, "HashAlgorithm", "int").to_vec();
    without.remove(1);
    let told = run(&mut device(Version::Windows10), &atomic(1, &without));
    assert!(told.ends_with("10:500/80070057"), "{told}");
    let old = "./Vendor/MSFT/CertificateStore/MY/SCEP/x";
    let mut phone = device(Version::Phone81);
    let told = run(&mut phone, &order(old, "HashAlgrithm", "chr").concat());
    assert!(told.ends_with("10:200"), "{told}");
    assert_eq!(phone.node(&format!("{old}/Status")), Some("2"));
    assert!(run(&mut phone, &command("Get", 1, base, "", "")).ends_with("404"));
}

#[test]
fn what_ends_with_the_session() {
    let mut pc = pc();
    run(
        &mut pc,
        &command(
            "Add",
            1,
            "./Vendor/MSFT/DMClient/Provider/p/HelpWebsite",
            "chr",
            "a",
        ),
    );
    let commands = [
        command(
            "Exec",
            1,
            "./Device/Vendor/MSFT/DMClient/Provider/p/Unenroll",
            "null",
            "",
        ),
        command(
            "Exec",
            2,
            "./Device/Vendor/MSFT/RemoteWipe/doWipe",
            "chr",
            "",
        ),
        command("Exec", 3, "./Vendor/MSFT/DMClient/Unenroll", "chr", "p"),
    ];
    assert_eq!(run(&mut pc, &commands.concat()), "2:200 3:404");
    let wipe = Effect::Wipe("./Device/Vendor/MSFT/RemoteWipe/doWipe".to_owned());
    assert_eq!(pc.managed.effects, [Effect::Unenroll, wipe]);
}
