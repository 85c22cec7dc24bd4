//! What travels inside a profile: identities and roots.

use mdm_certs::key::{Key, KeyKind};
use mdm_certs::pkcs12::{Contents, Encryption, build};
use mdm_certs::x509::{Attribute, Name};
use mdm_core::certificate::{AltName, Certificate, Policy, Purpose};
use mdm_core::challenge::{Approval, Challenge};
use mdm_core::delivery::{IdentityIssued, Reason};
use mdm_core::event::{Kind, NewEvent};
use mdm_core::id::{DeliveryId, ProfileId, Version};
use mdm_core::ports::{NotEncodable, Record};
use mdm_core::profile::StoredProfile;
use mdm_payloads::apple::{
    CompileError, IdentityMaterial, Pkcs12Material, RootMaterial, RootName, ScepMaterial,
};
use mdm_payloads::certificate_names::{CertificateNames, SanType};
use mdm_payloads::identity::{
    CertificateTerms, KeySize, KeyUsage, Pkcs12Encryption, PkcsCertificate, ScepCertificate,
};
use mdm_payloads::{Der, ReferenceKind, RenderError, Secret, Settings, Subject};

use super::{Identities, Recipient, Renderer, issued_record, refuse, unavailable};
use crate::chain::chain;
use crate::digest::{challenge_id, sha256_hex};
use crate::issuer::{Wanted, make};
use crate::pki::Pki;

/// How long the challenge inside a delivered profile may first be used, in seconds: a week, because
/// a locked phone may answer that late.
const CHALLENGE_SECONDS: i64 = 7 * 86_400;

/// What travels inside one profile.
#[derive(Debug, Default)]
pub(super) struct Material {
    pub(super) identities: Identities,
    pub(super) roots: Vec<RootMaterial>,
    pub(super) records: Vec<Record>,
    pub(super) events: Vec<NewEvent>,
    pub(super) identity: Option<IdentityIssued>,
    /// Identities that come from our authority, so that it is known which they are.
    pub(super) own: u32,
}

/// The server's own root.
pub fn root_material(pki: &Pki) -> RootMaterial {
    RootMaterial {
        name: RootName::Lab,
        der: Der::from(pki.authority().certificate_der().to_vec()),
        display_name: pki
            .authority()
            .facts()
            .common_name
            .clone()
            .unwrap_or_else(|| "mockmdm TEST CA".to_owned()),
        file_name: Some("root.cer".to_owned()),
    }
}

/// A profile that cannot be compiled, with the missing attribute told apart.
pub(super) fn not_compiled(error: &CompileError) -> NotEncodable {
    match error {
        CompileError::Render { source, .. } => not_rendered(source),
        other => refuse(chain(other)),
    }
}

pub(super) fn not_rendered(error: &RenderError) -> NotEncodable {
    let text = error.to_string();
    match error {
        RenderError::MissingAttribute { variable, .. } => NotEncodable {
            passing: false,
            reason: Reason::MissingAttribute {
                name: variable.clone(),
            },
            text,
        },
        _ => refuse(text),
    }
}

impl Renderer {
    /// The identity or root that a profile itself is, where each goes its own way.
    pub(super) async fn own_material(
        &self,
        profile: &StoredProfile,
        to: Recipient<'_>,
        subject: Subject<'_>,
    ) -> Result<Material, NotEncodable> {
        let mut material = Material::default();
        if is_identity(&profile.profile.settings) {
            self.identity(profile, to, subject, &mut material).await?;
        }
        if let Settings::TrustedCertificate(settings) = &profile.profile.settings
            && settings.certificate().is_none()
        {
            material.roots.push(root_material(&self.pki));
        }
        Ok(material)
    }

    /// Gathers the identities and roots that a profile names, or is.
    pub(super) async fn material(
        &self,
        profile: &StoredProfile,
        to: Recipient<'_>,
        subject: Subject<'_>,
    ) -> Result<Material, NotEncodable> {
        let mut material = Material::default();
        if is_identity(&profile.profile.settings) {
            self.identity(profile, to, subject, &mut material).await?;
        }
        let references: Vec<(ProfileId, ReferenceKind)> = profile
            .profile
            .settings
            .references()
            .iter()
            .map(|r| (r.id.clone(), r.kind))
            .collect();
        for (id, kind) in references {
            let named = self.store.profile(&id).await.map_err(|e| unavailable(&e))?;
            let Some(named) = named else {
                return Err(NotEncodable {
                    passing: false,
                    text: format!(
                        "profile `{}` names `{id}`, which does not exist",
                        profile.id
                    ),
                    reason: Reason::UnknownReference { profile: id },
                });
            };
            match kind {
                ReferenceKind::Root => self.root(&named, &mut material)?,
                ReferenceKind::Identity | ReferenceKind::Smime
                    if material.identities.contains_key(&id) => {}
                ReferenceKind::Identity | ReferenceKind::Smime => {
                    self.identity(&named, to, subject, &mut material).await?;
                    if let Some(root) = root_of(&named.profile.settings) {
                        let root = self
                            .store
                            .profile(root)
                            .await
                            .map_err(|e| unavailable(&e))?;
                        if let Some(root) = root {
                            self.root(&root, &mut material)?;
                        }
                    }
                }
            }
        }
        if let Settings::TrustedCertificate(settings) = &profile.profile.settings
            && settings.certificate().is_none()
        {
            material.roots.push(root_material(&self.pki));
        }
        Ok(material)
    }

    fn root(&self, named: &StoredProfile, material: &mut Material) -> Result<(), NotEncodable> {
        let Settings::TrustedCertificate(settings) = &named.profile.settings else {
            return Err(refuse(format!(
                "profile `{}` is no trusted_certificate",
                named.id
            )));
        };
        let own = root_material(&self.pki);
        let der = settings.certificate().unwrap_or(own.der);
        let root = RootMaterial {
            name: RootName::Profile(named.id.clone()),
            der,
            display_name: named.profile.display_name.clone(),
            file_name: own.file_name,
        };
        if !material.roots.iter().any(|r| r.name == root.name) {
            material.roots.push(root);
        }
        Ok(())
    }

    async fn identity(
        &self,
        named: &StoredProfile,
        to: Recipient<'_>,
        subject: Subject<'_>,
        material: &mut Material,
    ) -> Result<(), NotEncodable> {
        let identity = match &named.profile.settings {
            Settings::ScepCertificate(settings) => {
                self.scep(named, settings, to, subject, material)?
            }
            Settings::PkcsCertificate(settings) => {
                self.pkcs12(named, settings, to, subject, material).await?
            }
            Settings::ImportedPkcs(_) | Settings::DerivedCredential(_) => {
                return Err(refuse(format!(
                    "profile `{}` describes an identity that this server cannot deliver yet",
                    named.id
                )));
            }
            _ => {
                return Err(refuse(format!(
                    "profile `{}` describes no identity",
                    named.id
                )));
            }
        };
        material.identities.insert(named.id.clone(), identity);
        Ok(())
    }

    fn scep(
        &self,
        named: &StoredProfile,
        settings: &ScepCertificate,
        to: Recipient<'_>,
        subject: Subject<'_>,
        material: &mut Material,
    ) -> Result<IdentityMaterial, NotEncodable> {
        let names = settings
            .terms
            .names(&subject)
            .map_err(|e| not_rendered(&e))?;
        let secret = mdm_core::ports::Ids::secret(&*self.ids);
        let foreign = !settings.scep_server_urls.is_empty();
        if let (Some(delivery), false) = (to.delivery, foreign) {
            let now = self.clock.now();
            let id = challenge_id(&secret)
                .ok_or_else(|| refuse("hashing a challenge failed".to_owned()))?;
            material.records.push(Record::Challenge(Challenge {
                id,
                version: Version(0),
                scope: named.scope.clone(),
                purpose: Purpose::ProfileIdentity {
                    delivery: delivery.clone(),
                    profile: named.id.clone(),
                },
                policy: policy(&settings.terms, &names),
                device: to.device.map(|d| d.id.clone()),
                expires_at: now.plus_seconds(CHALLENGE_SECONDS),
                approval: Approval::Automatic,
                bound: None,
                issued: None,
            }));
        }
        let display_name = named.profile.display_name.clone();
        let mut scep = ScepMaterial::of(
            settings,
            display_name,
            &self.urls.scep(),
            names,
            Secret::from(secret),
        );
        if !foreign {
            material.own += 1;
            scep.ca_fingerprint = Some(self.pki.authority().fingerprint_sha1().to_vec());
        }
        Ok(IdentityMaterial::Scep(scep))
    }

    async fn pkcs12(
        &self,
        named: &StoredProfile,
        settings: &PkcsCertificate,
        to: Recipient<'_>,
        subject: Subject<'_>,
        material: &mut Material,
    ) -> Result<IdentityMaterial, NotEncodable> {
        let names = settings
            .terms
            .names(&subject)
            .map_err(|e| not_rendered(&e))?;
        let kind = if settings.terms.key_size == KeySize::Rsa4096 {
            KeyKind::Rsa4096
        } else {
            KeyKind::Rsa2048
        };
        let key = generate(kind).await?;
        let policy = policy(&settings.terms, &names);
        let mut now = self.clock.now();
        if to.delivery.is_none() {
            // A preview is no way to a certificate that nobody recorded: its own ended yesterday.
            now = now.plus_seconds((-policy.lifetime_seconds).saturating_sub(86_400));
        }
        let spki = key.public_der().map_err(|e| refuse(chain(&e)))?;
        let wanted = Wanted {
            subject: &subject_der(&names),
            spki: &spki,
            requested_names: None,
            copied: &[],
            policy: &policy,
            crl_url: &self.urls.crl(),
        };
        let (made, der) = make(&self.pki, &self.ids, wanted, now).map_err(|e| refuse(chain(&e)))?;
        if let Some(delivery) = to.delivery {
            let certificate = Certificate {
                fingerprint: made.fingerprint.clone(),
                version: Version(0),
                serial: made.serial.clone(),
                scope: named.scope.clone(),
                subject: made.subject.clone(),
                purpose: Purpose::ProfileIdentity {
                    delivery: delivery.clone(),
                    profile: named.id.clone(),
                },
                policy,
                device: to.device.map(|d| d.id.clone()),
                challenge: None,
                key_sha256: sha256_hex(&spki),
                transaction: None,
                renews: None,
                der: made.der.clone(),
                issued_at: now,
                not_before: made.not_before,
                not_after: made.not_after,
                revoked: None,
            };
            material
                .events
                .push(issued_event(&certificate, delivery, &named.id));
            material.identity = Some(IdentityIssued {
                at: now,
                serial: made.serial.clone(),
                fingerprint: made.fingerprint.clone(),
            });
            issued_record(certificate, &mut material.records);
        }
        material.own += 1;
        let password = mdm_core::ports::Ids::secret(&*self.ids);
        let encryption = match settings.encryption {
            Pkcs12Encryption::Legacy => Encryption::Legacy,
            Pkcs12Encryption::Modern => Encryption::Modern,
        };
        let file = build(&Contents {
            key: &key,
            certificate_der: &der,
            chain_der: &[self.pki.authority().certificate_der()],
            friendly_name: &named.profile.display_name,
            password: &password,
            encryption,
        })
        .map_err(|e| refuse(chain(&e)))?;
        let display_name = named.profile.display_name.clone();
        let pkcs12 = Pkcs12Material::of(
            settings,
            display_name,
            Der::from(file),
            Secret::from(password),
        );
        Ok(IdentityMaterial::Pkcs12(pkcs12))
    }
}

/// Makes a key away from the event loop: an RSA key takes a third of a second.
async fn generate(kind: KeyKind) -> Result<Key, NotEncodable> {
    tokio::task::spawn_blocking(move || Key::generate(kind))
        .await
        .map_err(|e| refuse(e.to_string()))?
        .map_err(|e| refuse(chain(&e)))
}

fn issued_event(certificate: &Certificate, delivery: &DeliveryId, profile: &ProfileId) -> NewEvent {
    let text = format!(
        "certificate {} issued for `{}`, with its key",
        certificate.serial, certificate.subject
    );
    let event = NewEvent::new(
        certificate.issued_at,
        &certificate.scope,
        Kind::CertificateIssued,
        text,
    )
    .certificate(&certificate.serial)
    .delivery(delivery, profile)
    .fact("subject", certificate.subject.clone())
    .fact("not_after", certificate.not_after.to_string());
    match &certificate.device {
        Some(device) => event.device(device),
        None => event,
    }
}

fn is_identity(settings: &Settings) -> bool {
    settings.is_identity()
}

fn root_of(settings: &Settings) -> Option<&ProfileId> {
    match settings {
        Settings::ScepCertificate(s) => s.terms.root_certificate.as_ref(),
        Settings::PkcsCertificate(s) => s.terms.root_certificate.as_ref(),
        Settings::IosExchange(_)
        | Settings::MacosExchange(_)
        | Settings::IosMail(_)
        | Settings::MacosMail(_)
        | Settings::Windows10Exchange(_)
        | Settings::WindowsPhone81Exchange(_)
        | Settings::WindowsMail(_)
        | Settings::KnoxExchange(_)
        | Settings::AndroidWorkGmail(_)
        | Settings::AndroidWorkNine(_)
        | Settings::ImportedPkcs(_)
        | Settings::TrustedCertificate(_) => None,
        Settings::DerivedCredential(s) => s.root_certificate.as_ref(),
    }
}

/// What a certificate carries that its request cannot say.
fn policy(terms: &CertificateTerms, names: &CertificateNames) -> Policy {
    let alt_names = names
        .alternatives
        .iter()
        .map(|name| match name.kind {
            SanType::EmailAddress => AltName::Email(name.value.clone()),
            SanType::UserPrincipalName => AltName::Upn(name.value.clone()),
            SanType::DomainNameService => AltName::Dns(name.value.clone()),
            SanType::UniversalResourceIdentifier => AltName::Uri(name.value.clone()),
        })
        .collect();
    Policy {
        extended_key_usages: terms
            .extended_key_usages
            .iter()
            .map(|u| u.oid().to_owned())
            .collect(),
        lifetime_seconds: i64::try_from(terms.validity().as_secs()).unwrap_or(i64::MAX),
        alt_names,
        sign: terms.key_usage.contains(&KeyUsage::DigitalSignature),
        encipher: terms.key_usage.contains(&KeyUsage::KeyEncipherment),
    }
}

/// The subject of a certificate whose key is made here.
fn subject_der(names: &CertificateNames) -> Vec<u8> {
    names
        .subject
        .iter()
        .fold(Name::new(), |name, a| match attribute(a.kind.oid()) {
            Some(attribute) => name.with(attribute, &a.value),
            None => name,
        })
        .to_der()
}

fn attribute(oid: &str) -> Option<Attribute> {
    Some(match oid {
        "2.5.4.3" => Attribute::CommonName,
        "2.5.4.5" => Attribute::SerialNumber,
        "2.5.4.6" => Attribute::Country,
        "2.5.4.7" => Attribute::Locality,
        "2.5.4.8" => Attribute::State,
        "2.5.4.10" => Attribute::Organization,
        "2.5.4.11" => Attribute::OrganizationalUnit,
        "0.9.2342.19200300.100.1.25" => Attribute::DomainComponent,
        "0.9.2342.19200300.100.1.1" => Attribute::UserId,
        "1.2.840.113549.1.9.1" => Attribute::Email,
        _ => return None,
    })
}
