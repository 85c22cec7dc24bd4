//! One-time links to a profile, for devices that are not enrolled.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use mdm_core::id::ProfileId;
use mdm_core::time::Timestamp;
use mdm_payloads::User;
use serde::{Deserialize, Serialize};

use super::deliveries::DeliveryView;
use super::extract::Body;
use super::problem::Failure;
use super::qr;
use crate::server::Server;

/// How long a link is good that does not say, in minutes: a day.
const MINUTES: u32 = 24 * 60;
/// The longest a link is good, in minutes: a year.
const LONGEST_MINUTES: u32 = 366 * 24 * 60;

/// The body of `POST /links`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    profile: ProfileId,
    user: Option<User>,
    minutes: Option<u32>,
    /// With a QR code of `url`.
    #[serde(default)]
    qr: bool,
}

/// A link. Its URL is told here and nowhere else.
#[derive(Debug, Serialize)]
pub(super) struct Minted {
    url: String,
    expires_at: Timestamp,
    delivery: DeliveryView,
    #[serde(skip_serializing_if = "Option::is_none")]
    qr_svg: Option<String>,
}

/// `POST /links`.
pub(super) async fn mint(
    State(server): State<Server>,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Minted>), Failure> {
    let minutes = minutes(new.minutes)?;
    let (link, delivery) = server
        .services
        .mint_link(&new.profile, new.user, minutes)
        .await?;
    let url = format!("{}/p/{}", server.urls.device, link.token);
    let qr_svg = new.qr.then(|| qr::svg(&url)).transpose()?;
    let minted = Minted {
        url,
        expires_at: link.expires_at,
        delivery: delivery.into(),
        qr_svg,
    };
    Ok((StatusCode::CREATED, Json(minted)))
}

fn minutes(wanted: Option<u32>) -> Result<u32, Failure> {
    match wanted {
        None => Ok(MINUTES),
        Some(minutes) if (1..=LONGEST_MINUTES).contains(&minutes) => Ok(minutes),
        Some(_) => Err(Failure::unreadable(
            "the body",
            format!("minutes: 1 to {LONGEST_MINUTES} is expected"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_a_minute_to_a_year() {
        for (wanted, minutes_or_complaint) in [
            (None, Ok(1440)),
            (Some(1), Ok(1)),
            (
                Some(0),
                Err("the body: minutes: 1 to 527040 is expected".to_owned()),
            ),
            (
                Some(u32::MAX),
                Err("the body: minutes: 1 to 527040 is expected".to_owned()),
            ),
        ] {
            assert_eq!(
                minutes(wanted).map_err(|e| e.to_string()),
                minutes_or_complaint
            );
        }
    }
}
