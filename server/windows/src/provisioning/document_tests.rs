#![allow(clippy::unwrap_used, reason = "test")]

use super::{
    Application, Certificate, DmClient, Document, Enrolled, Identity, RenewalPlan, Renewed,
};
use crate::{
    provisioning::{
        ClientCredential, CompletePage, Encoding, Help, Poll, PollSet, Retry, Scheme,
        ServerCredential, Store, Thumbprint,
    },
    secret::{Password, Token},
    xml::WriteError,
};

fn certificate(octet: u8) -> Certificate {
    Certificate {
        der: vec![0x30, 1, octet],
        thumbprint: Thumbprint::new([octet; 20]),
    }
}

fn plain() -> Enrolled {
    Enrolled {
        root: certificate(1),
        intermediate: None,
        identity: Identity {
            certificate: certificate(0xfe),
            store: Store::User,
        },
        renewal: None,
        provider: "mockmdm".parse().unwrap(),
        application: Application {
            name: "Lab".to_owned(),
            address: "https://mdm.lab.example/ManagementServer/MDM.svc".to_owned(),
            retry: Retry::default(),
            encoding: Encoding::Xml,
            client_certificate_subject: None,
            server_credential: None,
            client_credential: None,
        },
        dm_client: DmClient {
            management_id: "d1".to_owned(),
            device_name: None,
            upn: None,
            sync_version: None,
            help: Help::default(),
            keep_alive: false,
            complete_page: None,
            poll: Poll::new(
                PollSet {
                    minutes: 1,
                    times: 0,
                },
                PollSet::NONE,
                PollSet::NONE,
            )
            .unwrap(),
        },
    }
}

fn full() -> Enrolled {
    let hostile = || "& < > \" ' é".to_owned();
    let nonce = || Token::new(b"nonce".to_vec());
    let mut enrolled = plain();
    enrolled.intermediate = Some(certificate(2));
    enrolled.identity.store = Store::System;
    enrolled.renewal = Some(RenewalPlan {
        period_days: 42,
        retry_days: 7,
    });
    enrolled.application.name = hostile();
    enrolled.application.address = "https://mdm.lab.example/MDM.svc?a=1&b=2".to_owned();
    enrolled.application.encoding = Encoding::Wbxml;
    enrolled.application.client_certificate_subject = Some("CN=d & é,O=Lab".to_owned());
    enrolled.application.server_credential = Some(ServerCredential {
        secret: Password::new(hostile()),
        nonce: nonce(),
    });
    enrolled.application.client_credential = Some(ClientCredential {
        scheme: Scheme::Digest { nonce: nonce() },
        name: hostile(),
        secret: Password::new("s".to_owned()),
    });
    enrolled.dm_client.device_name = Some(hostile());
    enrolled.dm_client.upn = Some("u@lab.example".to_owned());
    enrolled.dm_client.sync_version = Some("3.0".to_owned());
    enrolled.dm_client.help = Help {
        phone: Some("+1 555 0100".to_owned()),
        website: Some("https://help.lab.example/?a&b".to_owned()),
        email: Some("help@lab.example".to_owned()),
    };
    enrolled.dm_client.keep_alive = true;
    enrolled.dm_client.complete_page = Some(CompletePage {
        title: hostile(),
        body: "two\nlines".to_owned(),
        link: "https://lab.example/".to_owned(),
        link_text: "Lab".to_owned(),
    });
    enrolled
}

/// One element a line; between them the document has nothing.
fn lines(document: &Document) -> String {
    document.as_str().replace("><", ">\n<")
}

#[test]
fn the_least() {
    insta::assert_snapshot!(lines(&plain().document().unwrap()), @r#"
    <wap-provisioningdoc version="1.1">
    <characteristic type="CertificateStore">
    <characteristic type="Root">
    <characteristic type="System">
    <characteristic type="0101010101010101010101010101010101010101">
    <parm name="EncodedCertificate" value="MAEB"/>
    </characteristic>
    </characteristic>
    </characteristic>
    <characteristic type="My">
    <characteristic type="User">
    <characteristic type="FEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFE">
    <parm name="EncodedCertificate" value="MAH+"/>
    <characteristic type="PrivateKeyContainer"/>
    </characteristic>
    </characteristic>
    </characteristic>
    </characteristic>
    <characteristic type="APPLICATION">
    <parm name="APPID" value="w7"/>
    <parm name="PROVIDER-ID" value="mockmdm"/>
    <parm name="NAME" value="Lab"/>
    <parm name="ADDR" value="https://mdm.lab.example/ManagementServer/MDM.svc"/>
    <parm name="ServerList" value="https://mdm.lab.example/ManagementServer/MDM.svc"/>
    <parm name="ROLE" value="4294967295"/>
    <parm name="CONNRETRYFREQ" value="3"/>
    <parm name="INITIALBACKOFFTIME" value="16000"/>
    <parm name="MAXBACKOFFTIME" value="86400000"/>
    <parm name="BACKCOMPATRETRYDISABLED"/>
    <parm name="DEFAULTENCODING" value="application/vnd.syncml.dm+xml"/>
    </characteristic>
    <characteristic type="DMClient">
    <characteristic type="Provider">
    <characteristic type="mockmdm">
    <parm name="EntDMID" value="d1" datatype="string"/>
    <parm name="EnableOmaDmKeepAliveMessage" value="false" datatype="boolean"/>
    <characteristic type="Poll">
    <parm name="IntervalForFirstSetOfRetries" value="1" datatype="integer"/>
    <parm name="NumberOfFirstRetries" value="0" datatype="integer"/>
    <parm name="IntervalForSecondSetOfRetries" value="0" datatype="integer"/>
    <parm name="NumberOfSecondRetries" value="0" datatype="integer"/>
    <parm name="IntervalForRemainingScheduledRetries" value="0" datatype="integer"/>
    <parm name="NumberOfRemainingScheduledRetries" value="0" datatype="integer"/>
    <parm name="PollOnLogin" value="true" datatype="boolean"/>
    <parm name="AllUsersPollOnFirstLogin" value="true" datatype="boolean"/>
    </characteristic>
    </characteristic>
    </characteristic>
    </characteristic>
    </wap-provisioningdoc>
    "#);
}

#[test]
fn everything() {
    insta::assert_snapshot!(lines(&full().document().unwrap()), @r#"
    <wap-provisioningdoc version="1.1">
    <characteristic type="CertificateStore">
    <characteristic type="Root">
    <characteristic type="System">
    <characteristic type="0101010101010101010101010101010101010101">
    <parm name="EncodedCertificate" value="MAEB"/>
    </characteristic>
    </characteristic>
    </characteristic>
    <characteristic type="CA">
    <characteristic type="System">
    <characteristic type="0202020202020202020202020202020202020202">
    <parm name="EncodedCertificate" value="MAEC"/>
    </characteristic>
    </characteristic>
    </characteristic>
    <characteristic type="My">
    <characteristic type="System">
    <characteristic type="FEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFE">
    <parm name="EncodedCertificate" value="MAH+"/>
    <characteristic type="PrivateKeyContainer"/>
    </characteristic>
    </characteristic>
    <characteristic type="WSTEP">
    <characteristic type="Renew">
    <parm name="ROBOSupport" value="true" datatype="boolean"/>
    <parm name="RenewPeriod" value="42" datatype="integer"/>
    <parm name="RetryInterval" value="7" datatype="integer"/>
    </characteristic>
    </characteristic>
    </characteristic>
    </characteristic>
    <characteristic type="APPLICATION">
    <parm name="APPID" value="w7"/>
    <parm name="PROVIDER-ID" value="mockmdm"/>
    <parm name="NAME" value="&amp; &lt; &gt; &quot; ' é"/>
    <parm name="ADDR" value="https://mdm.lab.example/MDM.svc?a=1&amp;b=2"/>
    <parm name="ServerList" value="https://mdm.lab.example/MDM.svc?a=1&amp;b=2"/>
    <parm name="ROLE" value="4294967295"/>
    <parm name="CONNRETRYFREQ" value="3"/>
    <parm name="INITIALBACKOFFTIME" value="16000"/>
    <parm name="MAXBACKOFFTIME" value="86400000"/>
    <parm name="BACKCOMPATRETRYDISABLED"/>
    <parm name="DEFAULTENCODING" value="application/vnd.syncml.dm+wbxml"/>
    <parm name="SSLCLIENTCERTSEARCHCRITERIA" value="Subject=CN%3Dd%20%26%20%C3%A9%2CO%3DLab&amp;Stores=My%5CSystem"/>
    <characteristic type="APPAUTH">
    <parm name="AAUTHLEVEL" value="CLIENT"/>
    <parm name="AAUTHTYPE" value="DIGEST"/>
    <parm name="AAUTHSECRET" value="&amp; &lt; &gt; &quot; ' é"/>
    <parm name="AAUTHDATA" value="bm9uY2U="/>
    </characteristic>
    <characteristic type="APPAUTH">
    <parm name="AAUTHLEVEL" value="APPSRV"/>
    <parm name="AAUTHTYPE" value="DIGEST"/>
    <parm name="AAUTHNAME" value="&amp; &lt; &gt; &quot; ' é"/>
    <parm name="AAUTHSECRET" value="s"/>
    <parm name="AAUTHDATA" value="bm9uY2U="/>
    </characteristic>
    </characteristic>
    <characteristic type="DMClient">
    <characteristic type="Provider">
    <characteristic type="mockmdm">
    <parm name="EntDMID" value="d1" datatype="string"/>
    <parm name="EntDeviceName" value="&amp; &lt; &gt; &quot; ' é" datatype="string"/>
    <parm name="UPN" value="u@lab.example" datatype="string"/>
    <parm name="SyncApplicationVersion" value="3.0" datatype="string"/>
    <parm name="HelpPhoneNumber" value="+1 555 0100" datatype="string"/>
    <parm name="HelpWebsite" value="https://help.lab.example/?a&amp;b" datatype="string"/>
    <parm name="HelpEmailAddress" value="help@lab.example" datatype="string"/>
    <parm name="EnableOmaDmKeepAliveMessage" value="true" datatype="boolean"/>
    <characteristic type="CustomEnrollmentCompletePage">
    <parm name="Title" value="&amp; &lt; &gt; &quot; ' é" datatype="string"/>
    <parm name="BodyText" value="two&#xA;lines" datatype="string"/>
    <parm name="HyperlinkHref" value="https://lab.example/" datatype="string"/>
    <parm name="HyperlinkText" value="Lab" datatype="string"/>
    </characteristic>
    <characteristic type="Poll">
    <parm name="IntervalForFirstSetOfRetries" value="1" datatype="integer"/>
    <parm name="NumberOfFirstRetries" value="0" datatype="integer"/>
    <parm name="IntervalForSecondSetOfRetries" value="0" datatype="integer"/>
    <parm name="NumberOfSecondRetries" value="0" datatype="integer"/>
    <parm name="IntervalForRemainingScheduledRetries" value="0" datatype="integer"/>
    <parm name="NumberOfRemainingScheduledRetries" value="0" datatype="integer"/>
    <parm name="PollOnLogin" value="true" datatype="boolean"/>
    <parm name="AllUsersPollOnFirstLogin" value="true" datatype="boolean"/>
    </characteristic>
    </characteristic>
    </characteristic>
    </characteristic>
    </wap-provisioningdoc>
    "#);
}

#[test]
fn renewed() {
    let Enrolled {
        identity, provider, ..
    } = plain();
    let document = Renewed { identity, provider }.document().unwrap();
    insta::assert_snapshot!(lines(&document), @r#"
    <wap-provisioningdoc version="1.1">
    <characteristic type="CertificateStore">
    <characteristic type="My">
    <characteristic type="User">
    <characteristic type="FEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFEFE">
    <parm name="EncodedCertificate" value="MAH+"/>
    <characteristic type="PrivateKeyContainer"/>
    </characteristic>
    </characteristic>
    </characteristic>
    </characteristic>
    <characteristic type="APPLICATION">
    <parm name="PROVIDER-ID" value="mockmdm"/>
    </characteristic>
    </wap-provisioningdoc>
    "#);
    assert_eq!(format!("{document:?}"), "Document(***)");
}

#[test]
fn a_basic_credential_has_no_nonce() {
    let mut enrolled = plain();
    enrolled.application.client_credential = Some(ClientCredential {
        scheme: Scheme::Basic,
        name: "n".to_owned(),
        secret: Password::new("s".to_owned()),
    });
    let document = enrolled.document().unwrap();
    let expected = "<characteristic type=\"APPAUTH\"><parm name=\"AAUTHLEVEL\" value=\"APPSRV\"/>\
        <parm name=\"AAUTHTYPE\" value=\"BASIC\"/><parm name=\"AAUTHNAME\" value=\"n\"/>\
        <parm name=\"AAUTHSECRET\" value=\"s\"/></characteristic>";
    assert!(
        document.as_str().contains(expected),
        "{}",
        document.as_str()
    );
}

#[test]
fn secrets_are_not_printed() {
    let shown = format!("{:?}", full().application);
    assert!(
        shown.contains("Password(***)") && !shown.contains("nonce: ["),
        "{shown}"
    );
}

#[test]
fn what_xml_cannot_carry_is_an_error() {
    let mut enrolled = plain();
    enrolled.dm_client.upn = Some("a\0b".to_owned());
    let error = WriteError::Character {
        name: "value",
        code: 0,
    };
    assert_eq!(enrolled.document(), Err(error));
}
