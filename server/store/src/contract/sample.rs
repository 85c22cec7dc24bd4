//! Records to try the rules with. Every text that may be any text is hostile.

use std::collections::{BTreeMap, BTreeSet};

use mdm_core::assignment::Assignment;
use mdm_core::certificate::{AltName, Certificate, Policy, Purpose, Revocation, RevocationReason};
use mdm_core::challenge::{Approval, Bound, Challenge};
use mdm_core::channel::{Channel, Owner, PushAddress};
use mdm_core::code::Code;
use mdm_core::command::{Command, Item, Origin};
use mdm_core::delivery::{Delivery, DeliveryState, Evidence, Reason, Target, Wanted};
use mdm_core::device::{Device, DeviceState, Hardware, Platform, Reality};
use mdm_core::event::{Kind, NewEvent};
use mdm_core::group::{Group, GroupKind};
use mdm_core::id::{ChannelId, Scope, Version};
use mdm_core::link::Link;
use mdm_core::package::NodeAnswer;
use mdm_core::profile::StoredProfile;
use mdm_core::prompt::{Answer, Known, Prompt};
use mdm_core::session::{Asked, Partial, Phase, Running, Sent, Session};
use mdm_core::settings::ScopeSettings;
use mdm_core::time::Timestamp;
use mdm_core::user::StoredUser;
use mdm_core::windows::LoginStatus;

pub(super) const HOSTILE: &str = "& < > \" ' é \u{1F4F1} \\ \n '; DROP TABLE device; --";

pub(super) fn scope(name: &str) -> Scope {
    name.parse().unwrap()
}

pub(crate) fn device(id: &str, made: i64) -> Device {
    Device {
        id: id.parse().unwrap(),
        version: Version(0),
        scope: Scope::default(),
        platform: Platform::Ios,
        reality: Reality::Simulated,
        state: DeviceState::Enrolled,
        state_since: Timestamp(made),
        created_at: Timestamp(made),
        hardware: Hardware {
            udid: Some(format!("udid-{id}")),
            device_name: Some(HOSTILE.to_owned()),
            ..Hardware::default()
        },
        code: Some("CODE-1".parse().unwrap()),
        user: None,
        topic: None,
        identity: Some("f1".parse().unwrap()),
        replacement: None,
        awaiting_configuration: false,
        unlock_token: Some("the unlock token".into()),
        bootstrap_token: None,
        information: BTreeMap::from([(HOSTILE.to_owned(), HOSTILE.to_owned())]),
        windows: None,
    }
}

pub(crate) fn channel(device: &Device) -> Channel {
    Channel {
        id: ChannelId::device(&device.id),
        version: Version(0),
        scope: device.scope.clone(),
        device: device.id.clone(),
        owner: Owner::Device,
        active: true,
        push: Some(PushAddress {
            topic: "t".to_owned(),
            token: "00".into(),
            magic: "m".into(),
        }),
        outstanding: None,
        session: 3,
        owes_push: false,
        refusals: 0,
        read_back_queued: false,
        token_updated_at: Some(Timestamp(1)),
    }
}

pub(super) fn user_channel(device: &Device, key: &str) -> Channel {
    Channel {
        id: ChannelId::user(&device.id, key),
        owner: Owner::User {
            key: key.to_owned(),
            short_name: Some(HOSTILE.to_owned()),
            long_name: None,
        },
        ..channel(device)
    }
}

pub(crate) fn command(uuid: &str, channel: &Channel) -> Command {
    Command::queued(
        uuid.parse().unwrap(),
        channel.scope.clone(),
        channel.device.clone(),
        channel.id.clone(),
        Item::Raw {
            request_type: "RestartDevice".to_owned(),
            plist: HOSTILE.into(),
        },
        Origin::Operator,
        Timestamp(5),
    )
}

pub(super) fn delivery(id: &str, device: &str, made: i64) -> Delivery {
    let device = device.parse().unwrap();
    Delivery {
        id: id.parse().unwrap(),
        version: Version(0),
        scope: Scope::default(),
        profile: "mail".parse().unwrap(),
        target: Target::Channel {
            channel: ChannelId::device(&device),
            device,
        },
        wanted: Wanted::Direct,
        state: DeliveryState::Queued,
        reason: Some(Reason::NotDeliverable {
            text: HOSTILE.to_owned(),
        }),
        desired_revision: 1,
        applied_revision: None,
        generation: 0,
        evidence: Evidence::default(),
        expected: None,
        command: None,
        errors: Vec::new(),
        attempts: 0,
        not_now: 0,
        created_at: Timestamp(made),
        state_since: Timestamp(made),
        history: Vec::new(),
    }
}

pub(super) fn certificate(fingerprint: &str, serial: &str, issued: i64) -> Certificate {
    Certificate {
        fingerprint: fingerprint.parse().unwrap(),
        version: Version(0),
        serial: serial.parse().unwrap(),
        scope: Scope::default(),
        subject: HOSTILE.to_owned(),
        purpose: Purpose::MdmIdentity {
            code: None,
            reality: Reality::Real,
            replaces: None,
        },
        policy: Policy {
            alt_names: vec![AltName::Upn(HOSTILE.to_owned())],
            ..Policy::mdm_identity()
        },
        device: None,
        challenge: None,
        key_sha256: "aa".to_owned(),
        transaction: None,
        renews: None,
        der: "MAA=".to_owned(),
        issued_at: Timestamp(issued),
        not_before: Timestamp(issued),
        not_after: Timestamp(issued + 1),
        revoked: None,
    }
}

pub(super) fn revocation() -> Revocation {
    Revocation {
        at: Timestamp(9),
        reason: RevocationReason::KeyCompromise,
    }
}

pub(super) fn challenge(id: &str) -> Challenge {
    Challenge {
        id: id.parse().unwrap(),
        version: Version(0),
        scope: Scope::default(),
        purpose: Purpose::ProfileIdentity {
            delivery: "y-1".parse().unwrap(),
            profile: "mail".parse().unwrap(),
        },
        policy: Policy::mdm_identity(),
        device: None,
        expires_at: Timestamp(10),
        approval: Approval::After { polls: 2 },
        bound: Some(Bound {
            key_sha256: "aa".to_owned(),
            transaction: HOSTILE.to_owned(),
            at: Timestamp(1),
        }),
        issued: None,
    }
}

pub(super) fn code(text: &str, made: i64) -> Code {
    Code {
        code: text.parse().unwrap(),
        version: Version(0),
        scope: Scope::default(),
        reality: Reality::Real,
        user: None,
        label: Some(HOSTILE.to_owned()),
        created_at: Timestamp(made),
        expires_at: None,
        uses_left: Some(1),
        pending_polls: 2,
    }
}

pub(super) fn link(token: &str) -> Link {
    Link {
        token: token.parse().unwrap(),
        version: Version(0),
        scope: Scope::default(),
        profile: "mail".parse().unwrap(),
        user: None,
        delivery: "y-1".parse().unwrap(),
        created_at: Timestamp(1),
        expires_at: Timestamp(2),
        opened_at: None,
    }
}

pub(super) fn session(device: &str) -> Session {
    let mut session = Session::begun(device.parse().unwrap(), HOSTILE.to_owned(), Timestamp(1));
    session.login = Some(LoginStatus::Others);
    session.partial = Some(Partial {
        uri: "./x".to_owned(),
        size: 7,
        text: HOSTILE.into(),
    });
    let mut run = Running::new("c-1".parse().unwrap());
    run.enter(Phase::Waiting {
        since: Timestamp(2),
        asked: true,
    });
    run.sent.push(Sent {
        message: 2,
        asked: Asked {
            number: 3,
            verb: "Get".to_owned(),
            uri: Some(HOSTILE.to_owned()),
            children: Vec::new(),
            answer: NodeAnswer {
                code: Some(200),
                value: Some(HOSTILE.to_owned()),
                ..NodeAnswer::default()
            },
        },
    });
    session.running.push(run);
    session
}

pub(super) fn profile(id: &str, made: i64) -> StoredProfile {
    let profile = serde_json::json!({
        "id": id, "type": "trusted_certificate", "platform": "ios", "display_name": "& < \" é", "lab_root": true,
    });
    StoredProfile {
        id: id.parse().unwrap(),
        version: Version(0),
        scope: Scope::default(),
        revision: 1,
        profile: serde_json::from_value(profile).unwrap(),
        created_at: Timestamp(made),
        updated_at: Timestamp(made),
        edits: Vec::new(),
    }
}

pub(super) fn user(name: &str, made: i64) -> StoredUser {
    let user = serde_json::json!({"user_principal_name": name, "full_name": HOSTILE});
    StoredUser {
        id: name.parse().unwrap(),
        version: Version(0),
        scope: Scope::default(),
        user: serde_json::from_value(user).unwrap(),
        licensed: true,
        enrollment_password: Some(HOSTILE.into()),
        created_at: Timestamp(made),
        updated_at: Timestamp(made),
    }
}

pub(super) fn group(id: &str, made: i64) -> Group {
    Group {
        id: id.parse().unwrap(),
        version: Version(0),
        scope: Scope::default(),
        display_name: Some(HOSTILE.to_owned()),
        kind: GroupKind::Device,
        members: BTreeSet::from([HOSTILE.to_owned()]),
        created_at: Timestamp(made),
        updated_at: Timestamp(made),
    }
}

pub(super) fn assignment(profile: &str, made: i64) -> Assignment {
    Assignment {
        profile: profile.parse().unwrap(),
        version: Version(0),
        scope: Scope::default(),
        include: BTreeSet::from(["g1".parse().unwrap()]),
        exclude: BTreeSet::new(),
        all_devices: true,
        all_users: false,
        created_at: Timestamp(made),
        updated_at: Timestamp(made),
    }
}

pub(super) fn prompt(delivery: &str) -> Prompt {
    let delivery: mdm_core::id::DeliveryId = delivery.parse().unwrap();
    Prompt {
        id: Prompt::key(&delivery, 2),
        version: Version(0),
        scope: Scope::default(),
        delivery,
        profile: "mail".parse().unwrap(),
        device: None,
        revision: 2,
        before: Some(1),
        kind: serde_json::from_value("password_reentry".into()).unwrap(),
        known: Known::Expected,
        answer: Answer::Unanswered,
        created_at: Timestamp(1),
        answered_at: None,
    }
}

pub(super) fn settings(name: &str) -> ScopeSettings {
    ScopeSettings::of(&scope(name))
}

pub(super) fn event(text: &str) -> NewEvent {
    NewEvent::new(
        Timestamp(1_795_228_934_567),
        &Scope::default(),
        Kind::CodeMinted,
        text,
    )
    .fact("fact", HOSTILE)
}
