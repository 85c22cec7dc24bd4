//! Profiles: store, show, delete; render and lint without consequences.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use mdm_core::delivery::Reason;
use mdm_core::device::{Device, DeviceState, Hardware, Platform, Reality};
use mdm_core::id::{DeviceId, ProfileId, Scope, Version};
use mdm_core::profile::StoredProfile;
use mdm_core::service::profiles::Stored;
use mdm_core::time::Timestamp;
use mdm_payloads::{
    Complaint, Complaints, Level, Profile, Semantics, User, apple, lint as lint_profile,
    lint_edition,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::apply::to_the_end;
use super::devices::found;
use super::extract::{Body, Params, Segment};
use super::judgement::references_serve;
use super::problem::Failure;
use crate::server::Server;

/// The query of `GET /profiles` and `PUT /profiles/{id}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InScope {
    pub(super) scope: Option<Scope>,
}

/// All profiles.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<StoredProfile>,
}

/// `GET /profiles`.
pub(super) async fn list(
    State(server): State<Server>,
    Params(query): Params<InScope>,
) -> Result<Json<Page>, Failure> {
    Ok(Json(Page {
        items: server.store.profiles(query.scope.as_ref()).await?,
    }))
}

/// `GET /profiles/{id}`.
pub(super) async fn show(
    State(server): State<Server>,
    Segment(id): Segment<ProfileId>,
) -> Result<Json<StoredProfile>, Failure> {
    stored(&server, &id).await.map(Json)
}

/// `PUT /profiles/{id}`: makes it, or gives it a new revision.
pub(super) async fn put(
    State(server): State<Server>,
    Segment(id): Segment<ProfileId>,
    Params(query): Params<InScope>,
    Body(mut object): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<StoredProfile>), Failure> {
    let profile = named(&id, &mut object).and_then(|()| accept(object))?;
    references_serve(&server, &profile).await?;
    let scope = query.scope.unwrap_or_else(|| server.config.scope.clone());
    let services = server.services;
    let put = async move { services.put_profile(&scope, profile).await };
    let (stored, done) = to_the_end(put).await?;
    let status = match done {
        Stored::Created => StatusCode::CREATED,
        Stored::Updated | Stored::Unchanged => StatusCode::OK,
    };
    Ok((status, Json(stored)))
}

/// `DELETE /profiles/{id}`.
pub(super) async fn delete(
    State(server): State<Server>,
    Segment(id): Segment<ProfileId>,
) -> Result<StatusCode, Failure> {
    let services = server.services;
    to_the_end(async move { services.delete_profile(&id).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The profile of this id.
pub(super) async fn stored(server: &Server, id: &ProfileId) -> Result<StoredProfile, Failure> {
    server
        .store
        .profile(id)
        .await?
        .ok_or_else(|| Failure::not_found("profile", id.as_str()))
}

/// The id of the path is the profile's; the body may leave it out, but not differ.
fn named(id: &ProfileId, object: &mut Map<String, Value>) -> Result<(), Failure> {
    match object.get("id") {
        None => {
            object.insert("id".to_owned(), Value::from(id.as_str()));
            Ok(())
        }
        Some(Value::String(other)) if other == id.as_str() => Ok(()),
        Some(other) => Err(Complaints(vec![Complaint::new(
            "id",
            other.to_string().chars().take(80).collect::<String>(),
            format!("`{}`, as in the path", id.as_str()),
        )])
        .into()),
    }
}

/// A profile that is written correctly and makes sense; else everything that is wrong with it.
pub(super) fn accept(object: Map<String, Value>) -> Result<Profile, Failure> {
    let profile = Profile::read(object)?;
    let complaints = profile.validate();
    if complaints.is_empty() {
        Ok(profile)
    } else {
        Err(Complaints(complaints).into())
    }
}

/// The body of `POST /profiles/{id}/render`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Render {
    /// For this device, and its user when none is given.
    device: Option<DeviceId>,
    /// For this user.
    user: Option<User>,
    /// With the signed bytes.
    #[serde(default)]
    signed: bool,
}

/// A profile as a device would get it.
#[derive(Debug, Serialize)]
pub(super) struct RenderView {
    xml: String,
    /// The signed bytes, base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<String>,
    findings: Vec<FindingView>,
}

/// `POST /profiles/{id}/render`.
pub(super) async fn render(
    State(server): State<Server>,
    Segment(id): Segment<ProfileId>,
    Body(wanted): Body<Option<Render>>,
) -> Result<Json<RenderView>, Failure> {
    use base64::Engine as _;
    let wanted = wanted.unwrap_or_default();
    let profile = stored(&server, &id).await?;
    let device = match &wanted.device {
        Some(id) => Some(found(&server, id).await?),
        None => None,
    };
    let rendered = server
        .renderer
        .preview(&profile, wanted.user.as_ref(), device.as_ref())
        .await?;
    let signed = wanted
        .signed
        .then(|| base64::engine::general_purpose::STANDARD.encode(&rendered.signed));
    let xml = String::from_utf8_lossy(&rendered.xml).into_owned();
    Ok(Json(RenderView {
        xml,
        signed,
        findings: rendered.findings.iter().map(FindingView::from).collect(),
    }))
}

/// The query of `POST /profiles/lint`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Under {
    /// Judge by this edition of Intune.
    semantics: Option<Semantics>,
}

/// What `POST /profiles/lint` found.
#[derive(Debug, Serialize)]
pub(super) struct LintView {
    findings: Vec<FindingView>,
}

/// `POST /profiles/lint`: everything to be said of a profile that need not be stored. It is rendered for a user and a
/// device that have whatever a profile may ask for.
pub(super) async fn lint(
    State(server): State<Server>,
    Params(query): Params<Under>,
    Body(object): Body<Map<String, Value>>,
) -> Result<Json<LintView>, Failure> {
    let profile = match Profile::read(object) {
        Ok(profile) => profile,
        Err(complaints) => {
            return Ok(Json(LintView {
                findings: complaints.0.iter().map(FindingView::from).collect(),
            }));
        }
    };
    let channel = apple::channel(&profile.settings);
    let semantics = query.semantics.unwrap_or_default();
    let mut findings: Vec<_> = lint_profile(&profile, Some(channel))
        .iter()
        .chain(&lint_edition(&profile, semantics))
        .map(FindingView::from)
        .collect();
    // What is not Apple's has nothing that can be rendered without a device of its own.
    if profile.settings.platform().is_apple() && !findings.iter().any(|f| f.level == "error") {
        let now = server.clock.now();
        let sample = StoredProfile {
            id: profile.id.clone(),
            version: Version(0),
            scope: server.config.scope.clone(),
            revision: 1,
            profile,
            created_at: now,
            updated_at: now,
            edits: Vec::new(),
        };
        match server
            .renderer
            .preview(&sample, Some(&sample_user()), Some(&sample_device(now)?))
            .await
        {
            Ok(rendered) => findings.extend(rendered.findings.iter().map(FindingView::from)),
            // A profile may be judged before those it names are stored.
            Err(refusal) if matches!(refusal.reason, Reason::UnknownReference { .. }) => {
                findings.push(FindingView {
                    rule: "profile.unknown-reference".to_owned(),
                    level: "note",
                    at: String::new(),
                    text: refusal.text,
                });
            }
            Err(refusal) => findings.push(FindingView {
                rule: "profile.not-deliverable".to_owned(),
                level: "error",
                at: String::new(),
                text: refusal.text,
            }),
        }
    }
    Ok(Json(LintView { findings }))
}

fn sample_user() -> User {
    let text = |text: &str| Some(text.to_owned());
    User {
        user_principal_name: "sample@example.com".to_owned(),
        mail: text("sample@example.com"),
        sam_account_name: text("sample"),
        domain_name: text("corp.example.com"),
        net_bios_domain_name: text("CORP"),
        full_name: text("Sample User"),
        given_name: text("Sample"),
        surname: text("User"),
        on_premises_distinguished_name: text("CN=Sample User,DC=corp,DC=example,DC=com"),
        on_premises_security_identifier: text("S-1-5-21-1-2-3-1000"),
    }
}

fn sample_device(now: Timestamp) -> Result<Device, Failure> {
    let text = |text: &str| Some(text.to_owned());
    Ok(Device {
        id: "d-sample".parse()?,
        version: Version(0),
        scope: Scope::default(),
        platform: Platform::Unknown,
        reality: Reality::Simulated,
        state: DeviceState::Enrolled,
        state_since: now,
        created_at: now,
        hardware: Hardware {
            udid: text("00000000-0000000000000000"),
            serial_number: text("SAMPLE00001"),
            device_name: text("Sample"),
            imei: text("000000000000000"),
            meid: text("00000000000000"),
            ..Hardware::default()
        },
        code: None,
        user: None,
        topic: None,
        identity: None,
        replacement: None,
        awaiting_configuration: false,
        unlock_token: None,
        bootstrap_token: None,
        information: std::collections::BTreeMap::new(),
        windows: None,
    })
}

/// A finding about a profile.
#[derive(Debug, Serialize)]
pub(super) struct FindingView {
    rule: String,
    level: &'static str,
    at: String,
    text: String,
}

impl From<&mdm_payloads::Finding> for FindingView {
    fn from(finding: &mdm_payloads::Finding) -> Self {
        let level = match finding.level {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        Self {
            rule: finding.rule.to_owned(),
            level,
            at: finding.at.clone(),
            text: finding.text.clone(),
        }
    }
}

impl From<&Complaint> for FindingView {
    fn from(complaint: &Complaint) -> Self {
        Self {
            rule: "profile.invalid".to_owned(),
            level: "error",
            at: complaint.path.clone(),
            text: format!("found {}, expected {}", complaint.found, complaint.allowed),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(object) => object,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let body = json!({"id": "m", "type": "ios_exchange", "display_name": "", "hostname": "x", "account_name": 7});
        let Failure::Profile(complaints) = accept(object(body)).unwrap_err() else {
            panic!("refused otherwise")
        };
        let paths: Vec<_> = complaints.0.iter().map(|c| c.path.as_str()).collect();
        for path in ["hostname", "account_name", "host_name"] {
            assert!(paths.contains(&path), "{path} in {paths:?}");
        }
        let body = json!({"id": "m", "type": "ios_exchange", "display_name": " ", "host_name": "h.example.com",
            "account_name": "A"});
        let refused = accept(object(body)).unwrap_err().to_string();
        assert_eq!(refused, "1 things are wrong with the profile");
    }

    #[test]
    fn the_path_names_the_profile() {
        let id: ProfileId = "mail".parse().unwrap();
        let mut without = Map::new();
        named(&id, &mut without).unwrap();
        assert_eq!(without.get("id"), Some(&json!("mail")));
        named(&id, &mut object(json!({"id": "mail"}))).unwrap();
        let Failure::Profile(complaints) = named(&id, &mut object(json!({"id": "é"}))).unwrap_err()
        else {
            panic!("refused otherwise")
        };
        assert_eq!(
            complaints.to_string(),
            "`id`: found \"é\", expected `mail`, as in the path"
        );
    }

    #[test]
    fn the_sample_has_what_profiles_ask_for() {
        assert!(sample_device(Timestamp(0)).is_ok());
        let user = serde_json::to_value(sample_user()).unwrap();
        assert!(
            object(user)
                .values()
                .all(|v| v.as_str().is_some_and(|t| !t.is_empty()))
        );
    }
}
