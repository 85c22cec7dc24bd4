//! SCEP (RFC 8894): a request comes in, a decision is made, a signed answer goes out. Whatever can
//! be answered in the protocol is; HTTP errors are for what is no SCEP message.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, StatusCode};
use mdm_certs::cms::{Cipher, ContentSeed, Signer};
use mdm_certs::csr::Csr;
use mdm_certs::oid;
use mdm_certs::scep::{
    Body, DecodeError, FailInfo, GET_CA_CAPS, Operation, Query, Reply as ScepReply, ReplySeed,
    Request,
};
use mdm_core::certificate::Certificate;
use mdm_core::id::Fingerprint;
use mdm_core::service::issuance::{Decision, Grant, Refusal, Request as Wish};

use super::handler::{Asked, Devices, Knowledge};
use crate::chain::chain;
use crate::digest::{challenge_id, hex};
use crate::issuer::{MakeError, Wanted, make};
use crate::respond::{Failure, Reply, whole};
use crate::server::Server;

/// How often a decision is made anew when another answer to the same request was faster.
const ATTEMPTS: usize = 4;

/// The longest text of a request that is repeated in records, in characters.
const LONGEST_TEXT: usize = 255;

/// What SCEP needs beside the server: the signer of answers.
pub(super) struct Scep {
    signer: Arc<Signer>,
}

/// What a request is answered with.
enum Answer {
    Certificate(Vec<u8>),
    Crl(Vec<u8>),
    Pending,
    Failure(FailInfo, String),
}

impl Scep {
    pub(super) fn new(server: &Server) -> Self {
        let chain: [&[u8]; 0] = [];
        Self {
            signer: Arc::new(Signer::new(Arc::clone(server.pki.identity()), &chain)),
        }
    }
}

impl Devices {
    /// Answers one SCEP request.
    pub(super) async fn scep(
        &self,
        asked: Asked<'_>,
        known: &mut Knowledge,
    ) -> Result<Reply, Failure> {
        let query = Query::new(asked.head.uri.query().unwrap_or_default());
        let operation = query.operation();
        "scep ".clone_into(&mut known.operation);
        known
            .operation
            .extend(name(operation.as_ref()).chars().take(LONGEST_TEXT));
        known.changed = false;
        match operation {
            Some(Operation::GetCaCaps) => Ok(whole(StatusCode::OK, "text/plain", GET_CA_CAPS)),
            Some(Operation::GetCaCert) => {
                let der = self.server.pki.authority().certificate_der().to_vec();
                Ok(whole(StatusCode::OK, "application/x-x509-ca-cert", der))
            }
            Some(Operation::PkiOperation) => {
                known.changed = true;
                // An empty POST that carries its message in the query is answered like a GET:
                // old macOS versions do that.
                let message = if asked.head.method == Method::POST && !asked.body.is_empty() {
                    asked.body.clone()
                } else {
                    Bytes::from(query.message().map_err(|e| not_scep(&e.to_string()))?)
                };
                let reply = self.pki_operation(message, known).await?;
                Ok(whole(StatusCode::OK, "application/x-pki-message", reply))
            }
            Some(Operation::GetNextCaCert) => Err(not_scep("there is no next CA certificate")),
            Some(Operation::Unknown(other)) => {
                let other: String = other.chars().take(LONGEST_TEXT).collect();
                Err(not_scep(&format!("operation `{other}` is not known")))
            }
            None => Err(not_scep("the query names no operation")),
        }
    }

    async fn pki_operation(
        &self,
        message: Bytes,
        known: &mut Knowledge,
    ) -> Result<Vec<u8>, Failure> {
        let identity = Arc::clone(self.server.pki.identity());
        let fallback: [u8; Cipher::MAX_KEY] = self.server.ids.bytes();
        // An RSA decryption takes a millisecond: not on the threads that serve connections.
        let decoded = blocking("decoding a SCEP message", move || {
            Request::decode(&message, &identity, &fallback)
        })
        .await?;
        let signer = Arc::clone(&self.scep.signer);
        let at = self.server.clock.now().to_datetime();
        let seed = self.seed();
        match decoded {
            Ok(request) => {
                let answer = self.decide(&request, known).await?;
                if let Answer::Failure(_, why) = &answer {
                    tracing::warn!(transaction = request.transaction_id().as_str(), reason = %why, "SCEP request refused");
                }
                blocking("answering a SCEP message", move || {
                    let certificates;
                    let reply = match &answer {
                        Answer::Certificate(der) => {
                            certificates = [der.clone()];
                            ScepReply::Success {
                                certificates: &certificates,
                            }
                        }
                        Answer::Crl(list) => ScepReply::Crl { list },
                        Answer::Pending => ScepReply::Pending,
                        Answer::Failure(fail_info, text) => ScepReply::Failure {
                            fail_info: *fail_info,
                            text: Some(text),
                        },
                    };
                    request.reply(&reply, &signer, at, &seed)
                })
                .await?
                .map_err(|e| crypto("answering a SCEP message", &e))
            }
            Err(DecodeError::Refused(refusal)) => {
                let why = refusal.reason().text();
                tracing::warn!(transaction = refusal.transaction_id().as_str(), reason = %why, "SCEP message refused");
                let wish = Wish {
                    challenge: None,
                    key_sha256: String::new(),
                    transaction: refusal.transaction_id().as_str().to_owned(),
                    signer: None,
                    csr: Vec::new(),
                    subject: "an unreadable request".to_owned(),
                };
                self.announce_refusal(&wish, &why).await;
                blocking("answering a SCEP message", move || {
                    refusal.reply(&signer, at, &seed)
                })
                .await?
                .map_err(|e| crypto("answering a SCEP message", &e))
            }
            Err(error) => Err(not_scep(&chain(&error))),
        }
    }

    fn seed(&self) -> ReplySeed {
        let ids = &self.server.ids;
        ReplySeed::new(ids.bytes(), ContentSeed::new(ids.bytes(), ids.bytes()))
    }

    async fn decide(&self, request: &Request, known: &mut Knowledge) -> Result<Answer, Failure> {
        if !request.signer_key().is_rsa() {
            // Whatever the answer were, it could not be encrypted to this key.
            let why = "the key that signed the request is not RSA".to_owned();
            return Ok(Answer::Failure(FailInfo::BadAlg, why));
        }
        let transaction = request.transaction_id().as_str().to_owned();
        match request.body() {
            Body::Enroll { csr, .. } => {
                "scep PKIOperation enroll".clone_into(&mut known.operation);
                let wish = wish(request, csr, transaction);
                self.certificate(wish, csr, known).await
            }
            Body::Poll { subject, .. } => {
                "scep PKIOperation poll".clone_into(&mut known.operation);
                let key = key_sha256(request);
                let services = &self.server.services;
                let Some(wish) = services.waiting_request(&transaction, &key).await? else {
                    return self
                        .answer_poll_after_the_fact(&transaction, &key, known)
                        .await;
                };
                match Csr::parse(&wish.csr) {
                    Ok(csr) if csr.subject() == subject.as_slice() => {
                        self.certificate(wish, &csr, known).await
                    }
                    _ => Ok(Answer::Failure(
                        FailInfo::BadCertId,
                        Refusal::NothingWaits.to_string(),
                    )),
                }
            }
            Body::GetCertificate { serial, .. } => {
                let serial = serial
                    .to_string()
                    .parse()
                    .map_err(|_| not_scep("the serial number is unusable"))?;
                let found = self
                    .server
                    .store
                    .certificate_by_serial(&serial)
                    .await
                    .map_err(service)?;
                Ok(match found.and_then(|c| STANDARD.decode(c.der).ok()) {
                    Some(der) => Answer::Certificate(der),
                    None => Answer::Failure(FailInfo::BadCertId, "no such certificate".to_owned()),
                })
            }
            Body::GetCrl { .. } => Ok(Answer::Crl(self.server.pki.crl().to_vec())),
            Body::Unknown { message_type, .. } => Ok(Answer::Failure(
                FailInfo::BadRequest,
                format!("message type {} is not served", message_type.code()),
            )),
            _ => Ok(Answer::Failure(
                FailInfo::BadRequest,
                "this message type is not served".to_owned(),
            )),
        }
    }

    /// A poll for a request that was decided meanwhile.
    async fn answer_poll_after_the_fact(
        &self,
        transaction: &str,
        key: &str,
        known: &mut Knowledge,
    ) -> Result<Answer, Failure> {
        let found = self
            .server
            .store
            .certificate_by_transaction(transaction, key)
            .await
            .map_err(service)?;
        match found {
            Some(certificate) => Ok(issued_before(&certificate, known)),
            None => Ok(Answer::Failure(
                FailInfo::BadCertId,
                Refusal::NothingWaits.to_string(),
            )),
        }
    }

    /// Decides on a certificate request, and makes the certificate of a grant.
    async fn certificate(
        &self,
        wish: Wish,
        csr: &Csr,
        known: &mut Knowledge,
    ) -> Result<Answer, Failure> {
        let services = &self.server.services;
        for _ in 0..ATTEMPTS {
            match services.decide_request(&wish).await? {
                Decision::Issue(grant) => {
                    if let Some(answer) = self.issue(&grant, &wish, csr, known).await? {
                        return Ok(answer);
                    }
                }
                Decision::Repeat(certificate) => return Ok(issued_before(&certificate, known)),
                Decision::Pending => return Ok(Answer::Pending),
                Decision::Refuse(why) => {
                    let event = services.refusal(&wish, &why).await?;
                    self.announcer.refusal(event).await;
                    return Ok(Answer::Failure(FailInfo::BadRequest, why.to_string()));
                }
            }
        }
        Err(mdm_core::service::ServiceError::Contended("challenge").into())
    }

    /// Makes and records a certificate; `None` when another answer was faster.
    async fn issue(
        &self,
        grant: &Grant,
        wish: &Wish,
        csr: &Csr,
        known: &mut Knowledge,
    ) -> Result<Option<Answer>, Failure> {
        let (pki, ids) = (Arc::clone(&self.server.pki), Arc::clone(&self.server.ids));
        let now = self.server.clock.now();
        let crl_url = self.server.urls.crl();
        let policy = grant.policy.clone();
        let parts = csr.clone();
        let made = blocking("issuing a certificate", move || {
            let names = parts
                .extension(oid::SUBJECT_ALT_NAME)
                .map(|e| e.value.as_slice());
            let wanted = Wanted {
                subject: parts.subject(),
                spki: parts.public_key().info(),
                requested_names: names,
                copied: &[],
                policy: &policy,
                crl_url: &crl_url,
            };
            make(&pki, &ids, wanted, now)
        })
        .await?;
        let (made, der) = match made {
            Ok(made) => made,
            Err(MakeError::Issue(error)) => {
                // What the request asks for cannot be written: its author's mistake.
                let why = chain(&error);
                self.announce_refusal(wish, &why).await;
                return Ok(Some(Answer::Failure(FailInfo::BadRequest, why)));
            }
            Err(error) => return Err(crypto("issuing a certificate", &error)),
        };
        let recorded = self.server.services.issued(grant, wish, &made).await?;
        Ok(recorded.map(|certificate| {
            known.device.clone_from(&certificate.device);
            Answer::Certificate(der)
        }))
    }

    async fn announce_refusal(&self, wish: &Wish, why: &str) {
        let now = self.server.clock.now();
        let event = mdm_core::event::NewEvent::new(
            now,
            &self.server.config.scope,
            mdm_core::event::Kind::CertificateRefused,
            format!("{}: {why}", wish.subject),
        )
        .fact("transaction", wish.transaction.clone());
        self.announcer.refusal(event).await;
    }
}

/// What a decision needs to know of a request.
fn wish(request: &Request, csr: &Csr, transaction: String) -> Wish {
    let signer = (!request.signer_is_self_issued())
        .then(|| {
            request
                .signer_fingerprint()
                .to_string()
                .parse::<Fingerprint>()
                .ok()
        })
        .flatten();
    Wish {
        challenge: csr
            .challenge_password()
            .and_then(|c| challenge_id(c.expose())),
        key_sha256: hex(&csr.public_key_sha256()),
        transaction,
        signer,
        csr: csr.der().to_vec(),
        subject: csr.subject_text().chars().take(LONGEST_TEXT).collect(),
    }
}

fn issued_before(certificate: &Certificate, known: &mut Knowledge) -> Answer {
    known.device.clone_from(&certificate.device);
    match STANDARD.decode(&certificate.der) {
        Ok(der) => Answer::Certificate(der),
        Err(_) => Answer::Failure(FailInfo::BadCertId, "the certificate is damaged".to_owned()),
    }
}

fn key_sha256(request: &Request) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, request.signer_key().info()).as_ref())
}

fn name(operation: Option<&Operation>) -> &str {
    match operation {
        Some(Operation::GetCaCaps) => "GetCACaps",
        Some(Operation::GetCaCert) => "GetCACert",
        Some(Operation::GetNextCaCert) => "GetNextCACert",
        Some(Operation::PkiOperation) => "PKIOperation",
        Some(Operation::Unknown(other)) => other,
        None => "without operation",
    }
}

fn not_scep(detail: &str) -> Failure {
    Failure::Malformed {
        what: "a SCEP request",
        detail: detail.to_owned(),
        limit: None,
    }
}

/// A failure of ours around certificates.
pub(crate) fn crypto(doing: &'static str, error: &dyn std::error::Error) -> Failure {
    Failure::Crypto {
        doing,
        cause: chain(error),
    }
}

fn service(cause: mdm_core::ports::StoreUnavailable) -> Failure {
    Failure::Service(cause.into())
}

/// Does what takes long off the threads that serve connections.
pub(crate) async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Failure::Crypto {
            doing,
            cause: e.to_string(),
        })
}

impl std::fmt::Debug for Scep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scep").finish_non_exhaustive()
    }
}
