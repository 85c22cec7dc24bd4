//! Enrollment and trust profiles: what lets a device in.

use std::sync::Arc;

use mdm_certs::key::{Key, KeyKind};
use mdm_certs::pkcs12::{Contents, Encryption, build};
use mdm_certs::x509::{Attribute, Name};
use mdm_core::certificate::{Policy, Purpose};
use mdm_core::device::Device;
use mdm_core::id::DeviceId;
use mdm_core::ports::{Ids, NotEncodable, Record};
use mdm_core::service::Services;
use mdm_core::service::enrollment::{Admission, enrollment_challenge};
use mdm_core::service::issuance::{Grant, Request};
use mdm_payloads::apple::enrollment::{Enrollment, EnrollmentIdentifiers, ServerCapabilities};
use mdm_payloads::apple::enrollment::{enrollment_profile, trust_profile};
use mdm_payloads::apple::{
    AccessRights, IdentityMaterial, KeychainFlags, Options, Pkcs12Material, ScepMaterial,
};
use mdm_payloads::certificate_names::CertificateNames;
use mdm_payloads::{Der, DeviceFacts, Secret, Subject};

use crate::digest::{challenge_id, sha256_hex};
use crate::issuer::{Wanted, make};
use crate::render::{Renderer, refuse, root_material};

/// The topic of servers without a push certificate. A device that enrolls with it cannot be woken,
/// and has to enroll again once there is a certificate.
pub const PLACEHOLDER_TOPIC: &str = "com.apple.mgmt.External.00000000-0000-0000-0000-000000000000";

/// How a device gets its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdentityBy {
    /// It makes a key and asks for a certificate.
    #[default]
    Scep,
    /// The server makes both.
    Pkcs12,
}

/// How a device proves its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProofBy {
    /// It signs each message: works behind anything.
    #[default]
    Signature,
    /// It presents its certificate in the TLS handshake, at the mutual-TLS listener.
    ClientCertificate,
}

/// Makes enrollment profiles.
#[derive(Debug)]
pub struct EnrollmentProfiles {
    /// Shared means of making profiles.
    pub renderer: Arc<Renderer>,
    /// The push topic.
    pub topic: String,
    /// Lock and erase are asked for.
    pub allow_destructive: bool,
}

/// An enrollment profile.
#[derive(Debug)]
pub struct MadeEnrollment {
    /// The property list.
    pub xml: Vec<u8>,
    /// The same, signed.
    pub signed: Vec<u8>,
    /// The challenge that has to be written before it is given away.
    pub challenge: Record,
}

impl EnrollmentProfiles {
    fn identifiers(&self) -> EnrollmentIdentifiers {
        EnrollmentIdentifiers {
            instance: self.renderer.advertised.instance,
            prefix: self.renderer.prefix(),
        }
    }

    /// The trust profile, unsigned: a signature by the root that it is to establish proves nothing.
    pub fn trust(&self) -> Result<Vec<u8>, NotEncodable> {
        let name = format!("{} root", self.renderer.organization);
        trust_profile(
            &self.identifiers(),
            &self.renderer.organization,
            &name,
            &[root_material(&self.renderer.pki)],
        )
        .map(|document| document.to_xml())
        .map_err(|e| refuse(e.to_string()))
    }

    /// An enrollment profile with a SCEP identity, and its challenge.
    pub fn by_scep(
        &self,
        admission: &Admission,
        replaces: Option<&DeviceId>,
        proof: ProofBy,
    ) -> Result<MadeEnrollment, NotEncodable> {
        let secret = self.renderer.ids.secret();
        let id =
            challenge_id(&secret).ok_or_else(|| refuse("hashing a challenge failed".to_owned()))?;
        let challenge = enrollment_challenge(id, admission, replaces, self.renderer.clock.now());
        let mut scep = ScepMaterial::new(
            "Device identity",
            self.renderer.urls.scep(),
            names()?,
            Secret::from(secret),
        );
        scep.ca_fingerprint = Some(self.renderer.pki.authority().fingerprint_sha1().to_vec());
        let (xml, signed) = self.profile(&IdentityMaterial::Scep(scep), proof)?;
        Ok(MadeEnrollment {
            xml,
            signed,
            challenge: Record::Challenge(challenge),
        })
    }

    /// An enrollment profile with a key and certificate inside; the certificate is recorded.
    pub async fn by_pkcs12(
        &self,
        services: &Services,
        admission: &Admission,
        proof: ProofBy,
    ) -> Result<(Vec<u8>, Vec<u8>), NotEncodable> {
        let renderer = &self.renderer;
        let key = tokio::task::spawn_blocking(|| Key::generate(KeyKind::Rsa2048))
            .await
            .map_err(|e| refuse(e.to_string()))?
            .map_err(|e| refuse(e.to_string()))?;
        let spki = key.public_der().map_err(|e| refuse(e.to_string()))?;
        let subject = Name::new().with(Attribute::Organization, "mockmdm").with(
            Attribute::CommonName,
            &format!("device {}", renderer.ids.device()),
        );
        let policy = Policy::mdm_identity();
        let now = renderer.clock.now();
        let wanted = Wanted {
            subject: &subject.to_der(),
            spki: &spki,
            requested_names: None,
            copied: &[],
            policy: &policy,
            crl_url: &renderer.urls.crl(),
        };
        let (made, der) =
            make(&renderer.pki, &renderer.ids, wanted, now).map_err(|e| refuse(e.to_string()))?;
        let grant = Grant {
            scope: admission.scope.clone(),
            purpose: Purpose::MdmIdentity {
                code: admission.code.clone(),
                reality: admission.reality,
                replaces: None,
            },
            policy,
            device: None,
            challenge: None,
            renews: None,
        };
        let request = Request {
            challenge: None,
            key_sha256: sha256_hex(&spki),
            transaction: String::new(),
            signer: None,
            csr: Vec::new(),
            subject: made.subject.clone(),
        };
        let recorded = services
            .issued(&grant, &request, &made)
            .await
            .map_err(|e| refuse(e.to_string()))?;
        if recorded.is_none() {
            return Err(refuse("recording the certificate failed".to_owned()));
        }
        let password = renderer.ids.secret();
        let file = build(&Contents {
            key: &key,
            certificate_der: &der,
            chain_der: &[renderer.pki.authority().certificate_der()],
            friendly_name: "Device identity",
            password: &password,
            encryption: Encryption::Legacy,
        })
        .map_err(|e| refuse(e.to_string()))?;
        let material = IdentityMaterial::Pkcs12(Pkcs12Material {
            display_name: "Device identity".to_owned(),
            file_name: None,
            der: Der::from(file),
            password: Secret::from(password),
            keychain: KeychainFlags::default(),
        });
        self.profile(&material, proof)
    }

    /// The enrollment profile again, for a device that is to get a new identity.
    pub fn replacement(&self, device: &Device) -> Result<MadeEnrollment, NotEncodable> {
        let admission = Admission {
            code: device.code.clone(),
            reality: device.reality,
            scope: device.scope.clone(),
            user: device.user.clone(),
            pending_polls: 0,
        };
        self.by_scep(&admission, Some(&device.id), ProofBy::Signature)
    }

    fn profile(
        &self,
        identity: &IdentityMaterial,
        proof: ProofBy,
    ) -> Result<(Vec<u8>, Vec<u8>), NotEncodable> {
        let renderer = &self.renderer;
        let base = match (proof, &renderer.urls.mtls) {
            (ProofBy::Signature, _) => renderer.urls.device.clone(),
            (ProofBy::ClientCertificate, Some(mtls)) => mtls.clone(),
            (ProofBy::ClientCertificate, None) => {
                return Err(refuse(
                    "the mutual-TLS listener is off, so no device can authenticate there"
                        .to_owned(),
                ));
            }
        };
        let rights = if self.allow_destructive {
            AccessRights::ALL
        } else {
            AccessRights::HARMLESS
        };
        let name = format!("{} (test device management)", renderer.organization);
        let document = enrollment_profile(&Enrollment {
            identifiers: &self.identifiers(),
            organization: &renderer.organization,
            display_name: &name,
            description: Some(
                "Enrolls this device in a test lab. Do not use on a device with private data.",
            ),
            identity,
            topic: &self.topic,
            server_url: &format!("{base}/mdm/connect"),
            check_in_url: &format!("{base}/mdm/checkin"),
            sign_message: proof == ProofBy::Signature,
            access_rights: rights,
            server_capabilities: ServerCapabilities::default(),
            roots: &[root_material(&renderer.pki)],
            options: &Options::default(),
        })
        .map_err(|e| refuse(e.to_string()))?;
        let xml = document.to_xml();
        let signed = renderer.sign(&xml).map_err(|e| refuse(e.to_string()))?;
        Ok((xml, signed))
    }
}

fn names() -> Result<CertificateNames, NotEncodable> {
    let facts = DeviceFacts::default();
    let subject = Subject {
        user: None,
        device: &facts,
    };
    CertificateNames::render("O=mockmdm,CN=device identity", &[], &subject)
        .map_err(|e| refuse(e.to_string()))
}
