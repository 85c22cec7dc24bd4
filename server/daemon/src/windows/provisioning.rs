//! The provisioning document: what a device is told when it has enrolled or renewed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mdm_core::device::Device;
use mdm_core::windows::{Context, Dialect, Proof, WindowsEnrollment};
use mdm_windows::provisioning::{
    Application, Certificate, ClientCredential, DmClient, Document, Encoding, Enrolled, Help,
    Identity, Poll, PollSet, ProviderId, RenewalPlan, Renewed, Retry, Scheme, ServerCredential,
    Store, Thumbprint,
};
use mdm_windows::secret::{Password, Token};
use mdm_windows::xml::WriteError;

use crate::digest::sha1;
use crate::server::Server;

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum NoDocument {
    /// The device is none of Windows any more.
    #[error("the device has no Windows enrollment")]
    NotWindows,
    /// A kept value cannot be used.
    #[error("the kept {0} is not usable")]
    Kept(&'static str),
    /// A text cannot be written.
    #[error("a text cannot be written")]
    Write(#[from] WriteError),
}

/// How often a device comes in a row before its schedule is for good. Not 0, which would leave nothing to be for good.
const FIRST_POLLS: u32 = 10;

/// What a person reads in the device's settings, as the subject of its certificate.
pub(super) fn name(device: &Device) -> String {
    device
        .windows
        .as_ref()
        .map(|windows| windows.device_id.clone())
        .unwrap_or_default()
}

/// The document of a first certificate.
pub(super) fn enrolled(
    server: &Server,
    device: &Device,
    der: &[u8],
) -> Result<Document, NoDocument> {
    let windows = device.windows.as_deref().ok_or(NoDocument::NotWindows)?;
    let authority = server.pki.authority();
    let settings = &server.config.windows;
    let base = server.urls.mtls.as_ref().unwrap_or(&server.urls.device);
    let enrolled = Enrolled {
        root: Certificate {
            der: authority.certificate_der().to_vec(),
            thumbprint: Thumbprint::new(authority.fingerprint_sha1()),
        },
        intermediate: None,
        identity: identity(windows, der),
        renewal: Some(RenewalPlan {
            period_days: settings.renew_days,
            retry_days: settings.retry_days,
        }),
        provider: provider(windows)?,
        application: Application {
            name: server.config.organization.clone(),
            address: format!("{base}/ManagementServer/MDM.svc"),
            retry: Retry {
                count: 6,
                first_ms: 30_000,
                longest_ms: 120_000,
            },
            encoding: Encoding::Xml,
            client_certificate_subject: Some(format!("CN={}", windows.device_id)),
            server_credential: Some(ServerCredential {
                secret: password(&windows.server),
                nonce: nonce(&windows.server)?,
            }),
            client_credential: Some(ClientCredential {
                scheme: match windows.weakest_proof {
                    Proof::Basic => Scheme::Basic,
                    Proof::Digest | Proof::Certificate => Scheme::Digest {
                        nonce: nonce(&windows.client)?,
                    },
                },
                name: windows.client.name.clone(),
                secret: password(&windows.client),
            }),
        },
        dm_client: DmClient {
            management_id: device.id.to_string(),
            device_name: device.hardware.device_name.clone(),
            upn: windows.upn.clone(),
            sync_version: knows_sync_version(device).then(|| "3.0".to_owned()),
            help: Help::default(),
            keep_alive: false,
            complete_page: None,
            poll: poll(settings.poll_minutes, windows.dialect)?,
        },
    };
    Ok(enrolled.document()?)
}

/// The document of a renewed certificate.
pub(super) fn renewed(device: &Device, der: &[u8]) -> Result<Document, NoDocument> {
    let windows = device.windows.as_deref().ok_or(NoDocument::NotWindows)?;
    let renewed = Renewed {
        identity: identity(windows, der),
        provider: provider(windows)?,
    };
    Ok(renewed.document()?)
}

fn identity(windows: &WindowsEnrollment, der: &[u8]) -> Identity {
    Identity {
        certificate: Certificate {
            der: der.to_vec(),
            thumbprint: Thumbprint::new(sha1(der)),
        },
        store: match windows.context {
            Context::User => Store::User,
            Context::Device => Store::System,
        },
    }
}

fn provider(windows: &WindowsEnrollment) -> Result<ProviderId, NoDocument> {
    windows
        .provider_id
        .parse()
        .map_err(|_| NoDocument::Kept("provider identifier"))
}

/// `SyncApplicationVersion` is a node of Windows 10 and later.
fn knows_sync_version(device: &Device) -> bool {
    let version = device.hardware.os_version.as_deref();
    version.is_some_and(|version| version.starts_with("10."))
}

fn poll(minutes: u32, dialect: Dialect) -> Result<Poll, NoDocument> {
    let first = PollSet {
        minutes,
        times: FIRST_POLLS,
    };
    let for_good = PollSet { minutes, times: 0 };
    let poll =
        Poll::new(first, PollSet::NONE, for_good).map_err(|_| NoDocument::Kept("poll schedule"))?;
    Ok(match dialect {
        Dialect::Windows10 => poll,
        Dialect::WindowsPhone81 => poll.for_phone_8_1(),
    })
}

fn password(credential: &mdm_core::windows::Credential) -> Password {
    Password::new(credential.secret.expose().to_owned())
}

fn nonce(credential: &mdm_core::windows::Credential) -> Result<Token, NoDocument> {
    let octets = STANDARD
        .decode(credential.nonce.expose())
        .map_err(|_| NoDocument::Kept("nonce"))?;
    Ok(Token::new(octets))
}
