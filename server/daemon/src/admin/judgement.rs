//! Profiles judged with others: those they name, those sent with them, and what they were before.

use axum::Json;
use axum::extract::State;
use mdm_core::delivery::Target;
use mdm_core::id::DeviceId;
use mdm_core::ports::DeliveryFilter;
use mdm_payloads::field_class::{FieldChange, PromptKind, change};
use mdm_payloads::reference::check_references;
use mdm_payloads::{Complaints, Profile, lint_edit, lint_set};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::extract::Body;
use super::problem::Failure;
use super::profiles::{FindingView, accept, stored};
use crate::server::Server;

/// How many deliveries of one profile an edit is judged for.
const DELIVERIES: usize = 100_000;

/// Refuses a profile that names one that does not exist, or that does not serve for what it is named for.
pub(super) async fn references_serve(server: &Server, profile: &Profile) -> Result<(), Failure> {
    let mut named = Vec::new();
    for reference in profile.settings.references() {
        if let Some(stored) = server.store.profile(reference.id).await? {
            named.push(stored.profile);
        }
    }
    let complaints = check_references(profile, |id| named.iter().find(|named| named.id == *id));
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(Complaints(complaints).into())
    }
}

/// The body of `POST /profiles/lint-set`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    /// The profiles; one that cannot be read is left out here, for linting it alone tells why.
    profiles: Vec<Map<String, Value>>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(super) struct SetView {
    findings: Vec<FindingView>,
}

/// `POST /profiles/lint-set`: what only several profiles together show. Those that are stored stand beside those that are sent, which
/// take the place of stored ones of the same id; findings are about what was sent.
pub(super) async fn lint_together(
    State(server): State<Server>,
    Body(set): Body<Set>,
) -> Result<Json<SetView>, Failure> {
    let mut profiles: Vec<Profile> = set
        .profiles
        .into_iter()
        .filter_map(|object| Profile::read(object).ok())
        .collect();
    let sent: Vec<String> = profiles.iter().map(|p| format!("{}.", p.id)).collect();
    for stored in server.store.profiles(None).await? {
        if !profiles.iter().any(|sent| sent.id == stored.id) {
            // Before those that were sent, so that a pair is told of the sent one.
            profiles.insert(0, stored.profile);
        }
    }
    let findings = lint_set(&profiles)
        .iter()
        .filter(|finding| sent.iter().any(|id| finding.at.starts_with(id)))
        .map(FindingView::from)
        .collect();
    Ok(Json(SetView { findings }))
}

/// The body of `POST /profiles/diff`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    /// What it was; the stored profile of the same id where nothing is said.
    old: Option<Map<String, Value>>,
    /// What it is to be.
    new: Map<String, Value>,
}

/// What an edit would do.
#[derive(Debug, Serialize)]
pub(super) struct EditView {
    /// The most that a property's edit does: `none`, `cosmetic`, `silent`, `prompt`, `recreate`.
    class: &'static str,
    /// What users would be asked for.
    prompt: Option<&'static str>,
    /// The edited properties.
    fields: Vec<FieldChange>,
    /// What its author may not expect.
    findings: Vec<FindingView>,
    /// The devices that have the profile, and would get the edit.
    devices: Vec<DeviceId>,
}

/// `POST /profiles/diff`: what an edit would do, and on which devices, before anything is sent.
pub(super) async fn diff(
    State(server): State<Server>,
    Body(edit): Body<Edit>,
) -> Result<Json<EditView>, Failure> {
    let new = accept(edit.new)?;
    let old = match edit.old {
        Some(old) => accept(old)?,
        None => stored(&server, &new.id).await?.profile,
    };
    let change = change(&old, &new);
    let filter = DeliveryFilter {
        profile: Some(new.id.clone()),
        ..DeliveryFilter::default()
    };
    let mut devices: Vec<DeviceId> = Vec::new();
    if change.reaches_devices() {
        for delivery in server.store.deliveries(&filter, DELIVERIES).await? {
            if delivery.applied_revision.is_some()
                && let Target::Channel { device, .. } = &delivery.target
                && !devices.contains(device)
            {
                devices.push(device.clone());
            }
        }
    }
    Ok(Json(EditView {
        class: change.class.as_str(),
        prompt: change.prompt.map(PromptKind::as_str),
        findings: lint_edit(&old, &new)
            .iter()
            .map(FindingView::from)
            .collect(),
        fields: change.fields,
        devices,
    }))
}
