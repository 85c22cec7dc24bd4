//! The conversation with a SCEP server.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;

use super::message::{MessageType, Reply, Transaction, certificates, reply, request};
use super::{Enrollment, ScepError, certificate_request, self_signed_certificate};
use crate::cms::{Cipher, Digest, Encoding, seal};
use crate::der::sequence;
use crate::entropy::{Entropy, hex};
use crate::http::{Client, HttpError, Response, percent_encode};
use crate::identity::Identity;

/// How requests travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// POST if the server offers it, else GET (RFC 8894 section 4.1).
    #[default]
    Offered,
    /// Always POST.
    Post,
    /// Always GET, the message in base64.
    Get,
}

/// Which message renews a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Renewal {
    /// `RenewalReq` (17), as RFC 8894 wants it.
    #[default]
    RenewalReq,
    /// `PKCSReq` (19) signed with the old certificate, as macOS does.
    PkcsReq,
}

/// Choices a client is free to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Content cipher.
    pub cipher: Cipher,
    /// Digest of the signature.
    pub digest: Digest,
    /// Encoding of the outer layers.
    pub encoding: Encoding,
    /// POST or GET.
    pub method: Method,
    /// Message that renews.
    pub renewal: Renewal,
    /// Most seconds a `RetryDelay` is waited for; a simulated day is short.
    pub longest_retry_delay: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cipher: Cipher::Aes128,
            digest: Digest::Sha256,
            encoding: Encoding::Der,
            method: Method::Offered,
            renewal: Renewal::RenewalReq,
            longest_retry_delay: 600,
        }
    }
}

/// What a server says about itself.
#[derive(Debug, Clone)]
pub struct Authority {
    /// Words of the `GetCACaps` answer.
    pub capabilities: Vec<String>,
    /// CA and RA certificates, in the order of the `GetCACert` answer.
    pub certificates: Vec<X509>,
}

impl Authority {
    /// Whether a capability is offered; `SCEPStandard` implies AES, SHA-256 and POST (RFC 8894 section 3.5.2).
    pub fn offers(&self, word: &str) -> bool {
        let has = |word: &str| {
            self.capabilities
                .iter()
                .any(|offered| offered.eq_ignore_ascii_case(word))
        };
        has(word) || (matches!(word, "AES" | "SHA-256" | "POSTPKIOperation") && has("SCEPStandard"))
    }

    /// The certificate requests are encrypted to: the RA's where there is one, else the CA's.
    fn recipient(&self) -> Option<&X509> {
        let names = |x509: &X509| x509.subject_name().to_der().unwrap_or_default();
        let issuers: Vec<Vec<u8>> = self
            .certificates
            .iter()
            .filter_map(|x509| x509.issuer_name().to_der().ok())
            .collect();
        let registration = self
            .certificates
            .iter()
            .find(|x509| !issuers.contains(&names(x509)));
        registration.or(self.certificates.first())
    }
}

/// A certificate to be renewed with its own authority, without a challenge.
pub type Existing<'a> = Option<&'a Identity>;

/// A SCEP client: an HTTP client and choices.
#[derive(Debug, Clone)]
pub struct ScepClient {
    http: Client,
    options: Options,
}

impl ScepClient {
    /// A client that talks through `http`.
    pub fn new(http: Client, options: Options) -> Self {
        Self { http, options }
    }

    /// `GetCACaps` and `GetCACert` (RFC 8894 sections 3.5 and 4.2), the fingerprint checked where one is named.
    pub async fn authority(&self, ask: &Enrollment) -> Result<Authority, ScepError> {
        let message = ask.name.as_deref().unwrap_or_default();
        let caps = self.get(&ask.url, "GetCACaps", message).await?;
        let words = String::from_utf8_lossy(&caps.body).into_owned();
        let capabilities = words
            .split_whitespace()
            .take(64)
            .map(str::to_owned)
            .collect();
        let found = self.get(&ask.url, "GetCACert", message).await?;
        let ders = certificates(&found.body).map_err(|error| ScepError::NoCa(Some(error)))?;
        if let Some(wanted) = &ask.ca_fingerprint {
            let digest = match wanted.len() {
                20 => MessageDigest::sha1(),
                32 => MessageDigest::sha256(),
                64 => MessageDigest::sha512(),
                _ => return Err(ScepError::Fingerprint),
            };
            if !ders
                .iter()
                .any(|der| hash(digest, der).is_ok_and(|found| found.as_ref() == wanted.as_slice()))
            {
                return Err(ScepError::Fingerprint);
            }
        }
        let certificates: Vec<X509> = ders
            .iter()
            .filter_map(|der| X509::from_der(der).ok())
            .collect();
        if certificates.is_empty() {
            return Err(ScepError::NoCa(None));
        }
        Ok(Authority {
            capabilities,
            certificates,
        })
    }

    /// Asks for a certificate for `key`. With an existing identity it is renewed: that identity signs the request.
    /// Gives the first certificate of the reply, as clients do, with the rest as its chain.
    pub async fn enroll(
        &self,
        ask: &Enrollment,
        key: PKey<Private>,
        existing: Existing<'_>,
        now: SystemTime,
        entropy: &mut Entropy,
    ) -> Result<Identity, ScepError> {
        let authority = self.authority(ask).await?;
        if !authority.offers(self.options.digest.capability()) {
            return Err(ScepError::Capability(self.options.digest.capability()));
        }
        let recipient = authority.recipient().ok_or(ScepError::NoCa(None))?;
        let csr = certificate_request(ask, &key).map_err(ScepError::Request)?;
        let transient = if let Some(identity) = existing {
            identity.clone()
        } else {
            let certificate = self_signed_certificate(&ask.subject, &key, now, &entropy.next16());
            let certificate = certificate.map_err(ScepError::Request)?;
            Identity::new(certificate, key.clone(), Vec::new()).map_err(ScepError::Installed)?
        };
        let kind = match (existing, self.options.renewal) {
            (Some(_), Renewal::RenewalReq) => MessageType::RenewalReq,
            _ => MessageType::PkcsReq,
        };
        // Differs: many clients hash the public key alone; keys of the pool are shared, so the request counts too.
        let id = hash(
            MessageDigest::sha256(),
            &[csr.as_slice(), &entropy.next16()].concat(),
        );
        let id = id.map(|digest| hex(&digest)).map_err(ScepError::Request)?;

        let mut answer = self
            .exchange(
                kind, &csr, &authority, recipient, &transient, &id, &ask.url, entropy,
            )
            .await?;
        let poll = sequence(&[
            &recipient
                .subject_name()
                .to_der()
                .map_err(ScepError::Request)?,
            &ask.subject.to_der(),
        ]);
        let mut polls = 0;
        while let Reply::Pending = answer {
            if polls == ask.retries {
                return Err(ScepError::StillPending(polls));
            }
            polls += 1;
            let delay = ask
                .retry_delay
                .min(Duration::from_secs(self.options.longest_retry_delay));
            tokio::time::sleep(delay).await;
            let kind = MessageType::CertPoll;
            answer = self
                .exchange(
                    kind, &poll, &authority, recipient, &transient, &id, &ask.url, entropy,
                )
                .await?;
        }
        match answer {
            Reply::Success(mut certificates) => {
                if certificates.is_empty() {
                    return Err(ScepError::Missing("certificate"));
                }
                let first = certificates.remove(0);
                Identity::new(first, key, certificates).map_err(ScepError::Installed)
            }
            Reply::Failure(info) => Err(ScepError::Refused(info)),
            Reply::Pending => Err(ScepError::StillPending(polls)),
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one private step of `enroll`, cut out because polling repeats it"
    )]
    async fn exchange(
        &self,
        kind: MessageType,
        content: &[u8],
        authority: &Authority,
        recipient: &X509,
        signer: &Identity,
        id: &str,
        url: &str,
        entropy: &mut Entropy,
    ) -> Result<Reply, ScepError> {
        const OPERATION: &str = "PKIOperation";
        let Options {
            cipher,
            digest,
            encoding,
            method,
            ..
        } = self.options;
        let transaction = Transaction {
            id: id.to_owned(),
            nonce: entropy.next16(),
        };
        let envelope = seal(content, recipient, cipher, encoding).map_err(ScepError::Seal)?;
        let message = request(kind, &envelope, signer, &transaction, digest, encoding)
            .map_err(ScepError::Sign)?;
        let post = match method {
            Method::Offered => authority.offers("POSTPKIOperation"),
            Method::Post => true,
            Method::Get => false,
        };
        let answer = if post {
            let url = operation_url(url, OPERATION, None);
            let headers = [("content-type", "application/x-pki-message")];
            checked(
                OPERATION,
                self.http
                    .send(http::Method::POST, &url, &headers, Bytes::from(message))
                    .await,
            )?
        } else {
            self.get(url, OPERATION, &STANDARD.encode(&message)).await?
        };
        reply(&answer.body, &authority.certificates, signer, &transaction)
    }

    async fn get(
        &self,
        url: &str,
        operation: &'static str,
        message: &str,
    ) -> Result<Response, ScepError> {
        let url = operation_url(
            url,
            operation,
            Some(message).filter(|message| !message.is_empty()),
        );
        checked(
            operation,
            self.http
                .send(http::Method::GET, &url, &[], Bytes::new())
                .await,
        )
    }
}

fn operation_url(base: &str, operation: &str, message: Option<&str>) -> String {
    let separator = if base.contains('?') { '&' } else { '?' };
    let message = message
        .map(|message| format!("&message={}", percent_encode(message)))
        .unwrap_or_default();
    format!("{base}{separator}operation={operation}{message}")
}

fn checked(
    operation: &'static str,
    answer: Result<Response, HttpError>,
) -> Result<Response, ScepError> {
    let answer = answer.map_err(|source| ScepError::Http { operation, source })?;
    match answer.status.as_u16() {
        200 => Ok(answer),
        status => Err(ScepError::Status { operation, status }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http_body_util::{BodyExt as _, Full};
    use hyper_util::rt::TokioIo;

    use super::super::message::{
        FAIL_INFO, MESSAGE_TYPE, PKI_STATUS, RECIPIENT_NONCE, SENDER_NONCE, TRANSACTION_ID,
        attribute_oid,
    };
    use super::*;
    use crate::cms::testing::self_signed;
    use crate::cms::{Attribute, Signed, ToSign, sign};
    use crate::der::{Reader, element, tag};
    use crate::http::ClientOptions;
    use crate::keys::KeyPool;
    use crate::scep::{FailInfo, Subject};

    /// Answers PENDING so many times, then refuses; notes the type and transaction of every message.
    async fn serve(pending: usize, seen: Arc<Mutex<Vec<(String, String)>>>) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/scep", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let service =
                hyper::service::service_fn(|request: http::Request<hyper::body::Incoming>| {
                    let seen = Arc::clone(&seen);
                    async move {
                        let query = request.uri().query().unwrap_or_default().to_owned();
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        let (ca, _) = self_signed(0, "CA");
                        let answer = match query.as_str() {
                            "operation=GetCACaps" => b"SCEPStandard".to_vec(),
                            "operation=GetCACert" => ca.certificate().to_vec(),
                            _ => answer(&ca, &body, pending, &seen),
                        };
                        Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(
                            Bytes::from(answer),
                        )))
                    }
                });
            let io = TokioIo::new(tcp);
            hyper::server::conn::http1::Builder::new()
                .serve_connection(io, service)
                .await
                .unwrap();
        });
        url
    }

    fn answer(
        ca: &Identity,
        body: &[u8],
        pending: usize,
        seen: &Mutex<Vec<(String, String)>>,
    ) -> Vec<u8> {
        let request = Signed::parse(body).unwrap();
        let value = |last| {
            Reader(request.attribute(&attribute_oid(last)).unwrap())
                .any()
                .unwrap()
                .content
        };
        let text = |last| String::from_utf8(value(last).to_vec()).unwrap();
        let mut seen = seen.lock().unwrap();
        seen.push((text(MESSAGE_TYPE), text(TRANSACTION_ID)));
        let status = if seen.len() <= pending { b"3" } else { b"2" };
        let attribute = |last, tag, value: &[u8]| Attribute {
            oid: attribute_oid(last),
            value: element(tag, value),
        };
        let attributes = vec![
            attribute(MESSAGE_TYPE, tag::PRINTABLE_STRING, b"3"),
            attribute(PKI_STATUS, tag::PRINTABLE_STRING, status),
            attribute(FAIL_INFO, tag::PRINTABLE_STRING, b"2"),
            attribute(TRANSACTION_ID, tag::PRINTABLE_STRING, value(TRANSACTION_ID)),
            attribute(RECIPIENT_NONCE, tag::OCTET_STRING, value(SENDER_NONCE)),
        ];
        sign(ToSign {
            content: &[],
            attached: true,
            attributes,
            certificate: ca.certificate(),
            others: &[],
            key: ca.key(),
            digest: Digest::Sha256,
            encoding: Encoding::Der,
        })
        .unwrap()
    }

    #[tokio::test]
    async fn pending_requests_are_polled_within_retries() {
        for (pending, retries, complaint, types) in [
            (
                2,
                3,
                ScepError::Refused(FailInfo::BadRequest).to_string(),
                vec!["19", "20", "20"],
            ),
            (
                9,
                2,
                "SCEP request is still pending after 2 polls".to_owned(),
                vec!["19", "20", "20"],
            ),
            (
                9,
                0,
                "SCEP request is still pending after 0 polls".to_owned(),
                vec!["19"],
            ),
        ] {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let mut ask = Enrollment::new(
                serve(pending, Arc::clone(&seen)).await,
                Subject::common_name("x"),
            );
            ask.retries = retries;
            ask.retry_delay = Duration::ZERO;
            let client = ScepClient::new(
                Client::new(ClientOptions::default()).unwrap(),
                Options::default(),
            );
            let key = KeyPool::committed().key(9).unwrap();
            let now = crate::entropy::Clock::system().now();
            let mut entropy = Entropy::from_seed(b"x");
            let error = client
                .enroll(&ask, key, None, now, &mut entropy)
                .await
                .unwrap_err();
            assert_eq!(error.to_string(), complaint);
            let seen = seen.lock().unwrap();
            assert_eq!(
                seen.iter()
                    .map(|(kind, _)| kind.as_str())
                    .collect::<Vec<_>>(),
                types
            );
            assert!(
                seen.iter().all(|(_, id)| *id == seen[0].1),
                "one transaction"
            );
        }
    }
}
