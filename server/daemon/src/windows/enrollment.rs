//! `RequestSecurityToken`: a first certificate, or a new one, and with it how the device is managed.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mdm_certs::csr::{Csr, RequestedExtension};
use mdm_certs::oid;
use mdm_certs::renewal::Renewal;
use mdm_certs::x509::Name;
use mdm_core::certificate::Policy;
use mdm_core::service::ServiceError;
use mdm_core::service::issuance::Made;
use mdm_core::service::windows_enrollment::{Enrolled, Enrolling, Renewing, Ticket};
use mdm_windows::enrollment::{CertificateRequest, Issued, RequestSecurityToken};
use mdm_windows::soap::{Envelope, Timestamp};

use super::newcomer::Description;
use super::ticket::is_unknown_code;
use super::{BUDGET, WindowsRefused, answer, provisioning, related};
use crate::devices::{Asked, Devices, Knowledge, blocking, crypto};
use crate::digest::{fingerprint, hex};
use crate::issuer::{Wanted, make};
use crate::respond::{Failure, Reply};

/// How often a decision is made anew when somebody else was faster.
const ATTEMPTS: usize = 8;

impl Devices {
    /// Issues or renews.
    pub(crate) async fn windows_enrollment(
        &self,
        asked: Asked<'_>,
        known: &mut Knowledge,
    ) -> Result<Reply, Failure> {
        "windows RequestSecurityToken".clone_into(&mut known.operation);
        let request = related(RequestSecurityToken::decode(asked.body, BUDGET), known)?;
        let (enrolled, renewed) = match &request.body.certificate_request {
            CertificateRequest::Pkcs10(der) => {
                known.operation += " issue";
                let csr = Csr::parse(der).map_err(WindowsRefused::from)?;
                (
                    self.windows_issue(asked, &request, csr, known).await?,
                    false,
                )
            }
            CertificateRequest::Pkcs7(der) => {
                known.operation += " renew";
                let renewal = Renewal::parse(der).map_err(WindowsRefused::from)?;
                (self.windows_renew(renewal, known).await?, true)
            }
        };
        known.device = Some(enrolled.device.id.clone());
        known.scope = enrolled.device.scope.clone();
        known.reality = enrolled.device.reality;
        let der = STANDARD
            .decode(&enrolled.certificate.der)
            .map_err(|e| crypto("reading a certificate of the log", &e))?;
        let document = if renewed {
            provisioning::renewed(&enrolled.device, &der)
        } else {
            provisioning::enrolled(&self.server, &enrolled.device, &der)
        }
        .map_err(|e| crypto("writing a provisioning document", &e))?;
        let issued = Issued {
            document,
            timestamp: Timestamp::around(self.server.clock.now().to_datetime()),
        };
        answer(known, |header| issued.encode(header))
    }

    async fn windows_issue(
        &self,
        asked: Asked<'_>,
        request: &Envelope<RequestSecurityToken>,
        csr: Csr,
        known: &mut Knowledge,
    ) -> Result<Enrolled, Failure> {
        let (mut ticket, upn) = self
            .windows_ticket(request.security.as_ref(), known)
            .await?;
        if !csr.public_key().is_rsa() {
            return Err(WindowsRefused::Key.into());
        }
        let said = Description::new(&request.body.context, &csr, asked.head)?;
        self.judged(known).await?;
        let services = &self.server.services;
        let open = self.server.config.open_enrollment;
        let key = hex(&csr.public_key_sha256());
        let policy = self.windows_certificate_policy();
        let csr = Arc::new(csr);
        for _ in 0..ATTEMPTS {
            let decided = services
                .decide_windows_enrollment(&ticket, open, &said.device_id, &key)
                .await;
            let admitted = match decided {
                Ok(Enrolling::Again(enrolled)) => return Ok(*enrolled),
                Ok(Enrolling::Issue(admitted)) => admitted,
                Err(refused) if open && is_unknown_code(&refused) => {
                    ticket = Ticket::None;
                    continue;
                }
                Err(refused) => return Err(refused.into()),
            };
            known.scope = admitted.admission.scope.clone();
            known.reality = admitted.admission.reality;
            let newcomer = said.newcomer(&self.server, upn.clone());
            let made = self
                .windows_certificate(&csr, &said.device_id, &policy)
                .await?;
            let recorded = services
                .windows_enrolled(&admitted, newcomer, &policy, &key, &made)
                .await?;
            if let Some(enrolled) = recorded {
                return Ok(enrolled);
            }
        }
        Err(ServiceError::Contended("device").into())
    }

    async fn windows_renew(
        &self,
        renewal: Renewal,
        known: &mut Knowledge,
    ) -> Result<Enrolled, Failure> {
        let csr = Arc::new(renewal.request);
        if !csr.public_key().is_rsa() {
            return Err(WindowsRefused::Key.into());
        }
        let signer = fingerprint(&renewal.signer).ok_or(WindowsRefused::Key)?;
        let services = &self.server.services;
        let key = hex(&csr.public_key_sha256());
        let policy = self.windows_certificate_policy();
        for _ in 0..ATTEMPTS {
            let (device, old) = match services.decide_windows_renewal(&signer, &key).await? {
                Renewing::Again(enrolled) => return Ok(*enrolled),
                Renewing::Refuse(why) => return Err(WindowsRefused::from(why).into()),
                Renewing::Issue { device, old } => (device, old),
            };
            known.device = Some(device.id.clone());
            known.scope = device.scope.clone();
            known.reality = device.reality;
            let name = provisioning::name(&device);
            let made = self.windows_certificate(&csr, &name, &policy).await?;
            let recorded = services
                .windows_renewed(&device, &old, &policy, &key, &made)
                .await?;
            if let Some(enrolled) = recorded {
                return Ok(enrolled);
            }
        }
        Err(ServiceError::Contended("device").into())
    }

    fn windows_certificate_policy(&self) -> Policy {
        let life = self.server.config.windows.certificate_lifetime.as_secs();
        Policy {
            lifetime_seconds: i64::try_from(life).unwrap_or(i64::MAX),
            ..Policy::mdm_identity()
        }
    }

    /// A certificate for the key of a request. Its subject is ours: the one Windows asks for has a form that strict
    /// readers refuse.
    async fn windows_certificate(
        &self,
        csr: &Arc<Csr>,
        device_id: &str,
        policy: &Policy,
    ) -> Result<Made, Failure> {
        let (pki, ids) = (Arc::clone(&self.server.pki), Arc::clone(&self.server.ids));
        let crl_url = self.server.urls.crl();
        let now = self.server.clock.now();
        let (csr, policy) = (Arc::clone(csr), policy.clone());
        let subject = Name::common(device_id).to_der();
        blocking("issuing a certificate", move || {
            let copied: Vec<RequestedExtension> = csr
                .extension(oid::WINDOWS_DEVICE_ID)
                .into_iter()
                .cloned()
                .collect();
            let wanted = Wanted {
                subject: &subject,
                spki: csr.public_key().info(),
                requested_names: None,
                copied: &copied,
                policy: &policy,
                crl_url: &crl_url,
            };
            make(&pki, &ids, wanted, now).map(|(made, _)| made)
        })
        .await?
        .map_err(|e| crypto("issuing a certificate", &e))
    }
}
