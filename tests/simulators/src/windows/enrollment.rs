//! Enrolling and renewing ([MS-MDE2], [MS-XCEP], [MS-WSTEP]): discovery, policy, certificate, provisioning.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;

use super::Version;
use super::device::WindowsDevice;
use super::enrollment_body::{context_items, discover_request, policies_request, token_request};
use super::error::{DeviceError, EnrollError, code};
use super::journal::Event;
use super::login;
use super::persona::RequestStyle;
use super::provisioning::{self, Account, Context, Expected, Provisioning};
use super::request::{certificate_request, renewal_request};
use super::soap::{self, DISCOVER, ENROLLMENT, Exchange, POLICIES, SECURITY, TOKEN, TRUST, Token};
use super::xml::Element;
use crate::http::{Response, percent_encode};
use crate::identity::Identity;
use crate::keys::KeyPool;

pub(super) const DISCOVERY_NS: &str =
    "http://schemas.microsoft.com/windows/management/2012/01/enrollment";
pub(super) const POLICY_NS: &str =
    "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy";
pub(super) const TOKEN_TYPE: &str =
    "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentToken";
const DOCUMENT_TYPE: &str = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentProvisionDoc";
/// The digest a policy names for SHA-256 requests: NIST's own identifier.
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
/// Where the web broker wants the login page to end.
const BROKER: &str = "ms-app://windows.immersivecontrolpanel";
/// Pages of one login.
const MAX_PAGES: usize = 5;

/// What the owner types, or does in the web page.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user name and a password.
    OnPremise {
        /// User name.
        user_name: String,
        /// Password.
        password: String,
    },
    /// Values for the fields of the login page, by their names.
    Federated {
        /// Names and values.
        fields: BTreeMap<String, String>,
    },
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OnPremise { .. } => "OnPremise(***)",
            Self::Federated { .. } => "Federated(***)",
        })
    }
}

/// What an enrollment begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// URL of the discovery service.
    pub url: String,
    /// Address the owner types.
    pub email: String,
    /// What the owner proves himself with.
    pub credentials: Credentials,
    /// Enrollment type: Full for the user, Device for the machine.
    pub context: Context,
}

impl Invitation {
    /// For a user with a password.
    pub fn with_password(url: &str, user_name: &str, password: &str) -> Self {
        Self {
            url: url.to_owned(),
            email: user_name.to_owned(),
            credentials: Credentials::OnPremise {
                user_name: user_name.to_owned(),
                password: password.to_owned(),
            },
            context: Context::User,
        }
    }

    /// For a user who logs in on a web page.
    pub fn with_form(url: &str, email: &str, fields: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            url: url.to_owned(),
            email: email.to_owned(),
            credentials: Credentials::Federated {
                fields: fields.iter().map(owned).collect(),
            },
            context: Context::User,
        }
    }

    /// The URL that follows from an address: `enterpriseenrollment` at its domain.
    pub fn discovery_of(email: &str) -> String {
        let domain = email.rsplit('@').next().unwrap_or_default();
        format!("https://enterpriseenrollment.{domain}/EnrollmentServer/Discovery.svc")
    }
}

/// An enrollment that stands.
#[derive(Debug, Clone)]
pub struct Enrollment {
    /// The management account.
    pub account: Account,
    /// The device's certificate and key.
    pub identity: Identity,
    /// Whose store the certificate is in.
    pub context: Context,
    /// User name the owner gave.
    pub user_name: String,
    /// Where certificates are issued and renewed.
    pub(super) enrollment_url: String,
}

impl Enrollment {
    /// `PROVIDER-ID` of the server.
    pub fn provider_id(&self) -> &str {
        &self.account.provider_id
    }
}

/// What discovery told.
struct Discovered {
    policy: String,
    enrollment: Option<String>,
    login: Option<String>,
}

impl WindowsDevice {
    /// Enrolls as its owner would in the settings. Nothing of a failed enrollment stays.
    pub async fn enroll(&mut self, invitation: &Invitation) -> Result<(), DeviceError> {
        if self.enrollment.is_some() {
            let reason = "the device is enrolled already";
            return Err(EnrollError::new(DISCOVER.step, code::ALREADY_ENROLLED, reason).into());
        }
        let found = self.discover(invitation).await?;
        let token = match (&invitation.credentials, found.login) {
            (
                Credentials::OnPremise {
                    user_name,
                    password,
                },
                None,
            ) => Token::Password(user_name.clone(), password.clone()),
            (Credentials::Federated { fields }, Some(login)) => {
                Token::Opaque(self.log_in(&login, &invitation.email, fields).await?)
            }
            _ => {
                let reason = "the server wants another way to authenticate";
                return Err(EnrollError::new(DISCOVER.step, code::WEB_BROKER, reason).into());
            }
        };
        let digest = match &found.enrollment {
            Some(policy) => self.policies(policy, &token).await?,
            None => RequestStyle::Sha1,
        };
        let style = match self.persona.request_style {
            RequestStyle::Sha1 => RequestStyle::Sha1,
            RequestStyle::Sha256 => digest,
        };
        self.keys_taken += 1;
        let key = self.environment.keys.key(self.keys_taken)?;
        let csr = certificate_request(&self.persona, style, &key)
            .map_err(crate::cms::SignedError::from)?;
        let body = token_request(
            "Issue",
            &format!("{ENROLLMENT}#PKCS10"),
            &csr,
            context_items(&self.persona, invitation, self.login),
        );
        let document = self.certificate(&found.policy, &token, body, None).await?;
        let public_key = key
            .public_key_to_der()
            .map_err(crate::cms::SignedError::from)?;
        let expected = Expected {
            public_key: &public_key,
            renews: None,
            phone81: self.persona.version == Version::Phone81,
        };
        let taken = provisioning::read(&document, &expected)?;
        let chain = taken.intermediate.iter().cloned().collect();
        let identity = Identity::new(taken.certificate.0.clone(), key, chain)?;
        self.provision(invitation, &found.policy, &taken, identity);
        Ok(())
    }

    /// GET as a probe, then the question ([MS-MDE2] 3.1).
    async fn discover(&mut self, invitation: &Invitation) -> Result<Discovered, EnrollError> {
        let step = DISCOVER.step;
        let fail = |code, reason: &str| Err(EnrollError::new(step, code, reason));
        let client = self
            .client(None)
            .map_err(|error| EnrollError::http(step, &error))?;
        let agent = self.persona.user_agent.clone();
        let headers = [
            ("user-agent", agent.as_str()),
            ("cache-control", "no-cache"),
            ("pragma", "no-cache"),
        ];
        let probe = client
            .send(Method::GET, &invitation.url, &headers, Bytes::new())
            .await
            .map_err(|error| EnrollError::http(step, &error))?;
        if probe.status.as_u16() != 200 {
            return fail(
                super::Hresult(0x8019_0000 + u32::from(probe.status.as_u16())),
                "the probe was not answered with 200",
            );
        }
        let question = discover_request(&self.persona, &invitation.email);
        let answer = self
            .ask(&DISCOVER, &invitation.url, None, question, None)
            .await?;
        let ns = answer.ns.trim_end_matches('/').to_owned();
        if ns != DISCOVERY_NS || answer.name != "DiscoverResponse" {
            return fail(code::MESSAGE_FORMAT, "the answer is no DiscoverResponse");
        }
        let result = answer.child(&answer.ns, "DiscoverResult");
        let text = |name: &str| {
            let found = result.and_then(|result| result.child(&answer.ns, name));
            found
                .map(|found| found.trimmed().to_owned())
                .filter(|text| !text.is_empty())
        };
        let policy = text("AuthPolicy").unwrap_or_default();
        let offered = self.persona.auth_policies();
        if !matches!(policy.as_str(), "OnPremise" | "Federated")
            || !(offered.is_empty() || offered.contains(&policy.as_str()))
        {
            return fail(code::MESSAGE_FORMAT, "AuthPolicy is none that was offered");
        }
        let Some(enrollment) = text("EnrollmentServiceUrl") else {
            return fail(code::MESSAGE_FORMAT, "there is no EnrollmentServiceUrl");
        };
        let policies = text("EnrollmentPolicyServiceUrl");
        let login = text("AuthenticationServiceUrl");
        let urls = [Some(&enrollment), policies.as_ref(), login.as_ref()];
        if urls
            .into_iter()
            .flatten()
            .any(|url| !url.starts_with("https://"))
        {
            return fail(code::REDIRECT, "a URL is not of https");
        }
        if policies
            .as_deref()
            .is_some_and(|url| origin(url) != origin(&enrollment))
        {
            return fail(
                code::MESSAGE_FORMAT,
                "policy and enrollment are on two hosts",
            );
        }
        if (policy == "Federated") != login.is_some() {
            return fail(
                code::MESSAGE_FORMAT,
                "AuthenticationServiceUrl does not fit AuthPolicy",
            );
        }
        Ok(Discovered {
            policy: enrollment,
            enrollment: policies,
            login,
        })
    }

    /// The login page in the web broker: what the form to `ms-app://` carries.
    async fn log_in(
        &mut self,
        url: &str,
        email: &str,
        fields: &BTreeMap<String, String>,
    ) -> Result<String, EnrollError> {
        const STEP: &str = "login";
        let fail = |reason: String| Err(EnrollError::new(STEP, code::WEB_BROKER, reason));
        let http = |error| EnrollError::http(STEP, &error);
        let client = self.client(None).map_err(http)?;
        let separator = if url.contains('?') { '&' } else { '?' };
        let mut url = format!(
            "{url}{separator}appru={}&login_hint={}",
            percent_encode(BROKER),
            percent_encode(email)
        );
        let mut cookies = BTreeMap::new();
        let mut answer = client.get(&url).await.map_err(http)?;
        for _ in 0..MAX_PAGES {
            self.note(Event::Exchange {
                step: STEP,
                status: answer.status.as_u16(),
            });
            if answer.status.as_u16() != 200 {
                return fail(format!(
                    "a page came with HTTP status {}",
                    answer.status.as_u16()
                ));
            }
            if answer.header("x-frame-options").is_some() {
                return fail("a page must not be framed, and the broker frames it".to_owned());
            }
            keep_cookies(&answer, &mut cookies);
            let page = String::from_utf8_lossy(&answer.body).into_owned();
            let forms = login::forms(&page);
            let Some(form) = forms.iter().find(|form| form.post).or(forms.first()) else {
                return fail("a page has no form".to_owned());
            };
            if form.action.starts_with("ms-app:") {
                if !form.action.starts_with(BROKER) {
                    return fail("the form goes to another application".to_owned());
                }
                return match form.value("wresult") {
                    Some(token) if !token.is_empty() => Ok(token.to_owned()),
                    _ => fail("the form carries no wresult".to_owned()),
                };
            }
            url = login::resolve(&url, &form.action);
            if !url.starts_with("https://") {
                return fail("a form is not sent by https".to_owned());
            }
            let cookie: Vec<String> = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let cookie = cookie.join("; ");
            let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
            if !cookie.is_empty() {
                headers.push(("cookie", cookie.as_str()));
            }
            let body = Bytes::from(form.filled(fields));
            answer = client
                .send(Method::POST, &url, &headers, body)
                .await
                .map_err(http)?;
        }
        fail("the login does not end".to_owned())
    }

    /// Which request the policy wants ([MS-XCEP] 3.1.4.1).
    async fn policies(&mut self, url: &str, token: &Token) -> Result<RequestStyle, EnrollError> {
        let answer = self
            .ask(&POLICIES, url, Some(token), policies_request(), None)
            .await?;
        if !answer.is(POLICY_NS, "GetPoliciesResponse") {
            let reason = "the answer is no GetPoliciesResponse";
            return Err(EnrollError::new(
                POLICIES.step,
                code::MESSAGE_FORMAT,
                reason,
            ));
        }
        let attributes = answer.path(POLICY_NS, &["response", "policies", "policy", "attributes"]);
        let reference = attributes
            .and_then(|found| found.child(POLICY_NS, "hashAlgorithmOIDReference"))
            .map(Element::trimmed)
            .filter(|text| !text.is_empty());
        let text = |oid: &Element, name: &str| {
            oid.child(POLICY_NS, name)
                .map(|found| found.trimmed().to_owned())
        };
        let mut oids = answer
            .child(POLICY_NS, "oIDs")
            .map(|oids| oids.children.as_slice())
            .unwrap_or_default()
            .iter();
        let named = oids.any(|oid| {
            text(oid, "oIDReferenceID").as_deref() == reference
                && text(oid, "value").as_deref() == Some(SHA256)
        });
        Ok(if reference.is_some() && named {
            RequestStyle::Sha256
        } else {
            RequestStyle::Sha1
        })
    }

    /// The provisioning document that answers a request for a certificate ([MS-WSTEP] 3.1.4.1).
    async fn certificate(
        &mut self,
        url: &str,
        token: &Token,
        body: Element,
        identity: Option<&Identity>,
    ) -> Result<Vec<u8>, EnrollError> {
        let answer = self.ask(&TOKEN, url, Some(token), body, identity).await?;
        let fail = |reason: &str| Err(EnrollError::new(TOKEN.step, code::MESSAGE_FORMAT, reason));
        if !answer.is(TRUST, "RequestSecurityTokenResponseCollection") {
            return fail("the answer is no RequestSecurityTokenResponseCollection");
        }
        let response = answer.child(TRUST, "RequestSecurityTokenResponse");
        let kind = response.and_then(|response| response.child(TRUST, "TokenType"));
        if kind.map(Element::trimmed) != Some(TOKEN_TYPE) {
            return fail("TokenType is not that of the request");
        }
        let Some(token) = response
            .and_then(|response| response.child(TRUST, "RequestedSecurityToken"))
            .and_then(|token| token.child(SECURITY, "BinarySecurityToken"))
        else {
            return fail("there is no BinarySecurityToken");
        };
        if token.value("ValueType") != Some(DOCUMENT_TYPE) {
            return fail("the token is no provisioning document");
        }
        match STANDARD.decode(&token.text) {
            Ok(document) => Ok(document),
            Err(_) => fail("the token is not base64 without line breaks"),
        }
    }

    /// Sends a request and takes the answer apart.
    async fn ask(
        &mut self,
        exchange: &Exchange,
        url: &str,
        token: Option<&Token>,
        body: Element,
        identity: Option<&Identity>,
    ) -> Result<Element, EnrollError> {
        let http = |error| EnrollError::http(exchange.step, &error);
        let client = self.client(identity).map_err(http)?;
        let message = soap::request(exchange, url, token, body);
        let agent = self.persona.user_agent.clone();
        let headers = [
            ("content-type", "application/soap+xml; charset=utf-8"),
            ("user-agent", agent.as_str()),
        ];
        let answer = client
            .send(Method::POST, url, &headers, Bytes::from(message))
            .await
            .map_err(http)?;
        self.note(Event::Exchange {
            step: exchange.step,
            status: answer.status.as_u16(),
        });
        soap::answer(exchange, &answer)
    }

    /// Renews the certificate with its own authority: a signed request, the certificate shown in TLS.
    pub async fn renew(&mut self) -> Result<(), DeviceError> {
        let enrollment = self.enrollment.clone().ok_or(DeviceError::NotEnrolled)?;
        self.keys_taken += 1;
        let key = if self.keys_taken.is_multiple_of(1024) {
            KeyPool::fresh(2048).await?
        } else {
            self.environment.keys.key(self.keys_taken)?
        };
        let csr = certificate_request(&self.persona, self.persona.request_style, &key)
            .map_err(crate::cms::SignedError::from)?;
        let now = self.environment.clock.now();
        let signed = renewal_request(&csr, &enrollment.identity, now)?;
        // The pages and the specification name two types for the same thing; both are seen.
        let base = if self.persona.version == Version::Windows11Next {
            ENROLLMENT
        } else {
            SECURITY
        };
        let invitation = Invitation::with_password("", &enrollment.user_name, "");
        let items = context_items(&self.persona, &invitation, self.login);
        let body = token_request("Renew", &format!("{base}#PKCS7"), &signed, items);
        let token = Token::Password(enrollment.user_name.clone(), String::new());
        let url = self
            .node("./Vendor/MSFT/CertificateStore/MY/WSTEP/Renew/ServerURL")
            .map_or(enrollment.enrollment_url.clone(), str::to_owned);
        let document = self
            .certificate(&url, &token, body, Some(&enrollment.identity))
            .await?;
        let public_key = key
            .public_key_to_der()
            .map_err(crate::cms::SignedError::from)?;
        let expected = Expected {
            public_key: &public_key,
            renews: Some(enrollment.provider_id()),
            phone81: self.persona.version == Version::Phone81,
        };
        let taken = provisioning::read(&document, &expected)?;
        let identity = Identity::new(taken.certificate.0, key, Vec::new())?;
        self.replace_identity(&identity);
        Ok(())
    }

    fn provision(
        &mut self,
        invitation: &Invitation,
        enrollment_url: &str,
        taken: &Provisioning,
        identity: Identity,
    ) {
        let Some(account) = taken.account.clone() else {
            return;
        };
        let provider = account.provider_id.clone();
        let user_name = match &invitation.credentials {
            Credentials::OnPremise { user_name, .. } => user_name.clone(),
            Credentials::Federated { .. } => invitation.email.clone(),
        };
        self.enrollment = Some(Enrollment {
            account,
            identity,
            context: taken.certificate.1,
            user_name,
            enrollment_url: enrollment_url.to_owned(),
        });
        self.plant(taken);
        self.note(Event::Enrolled { provider });
    }
}

fn keep_cookies(answer: &Response, cookies: &mut BTreeMap<String, String>) {
    for value in answer.headers.get_all("set-cookie") {
        let pair = value.to_str().ok().and_then(|text| text.split(';').next());
        if let Some((name, value)) = pair.and_then(|pair| pair.split_once('='))
            && cookies.len() < 20
        {
            cookies.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> String {
    url.split('/')
        .take(3)
        .collect::<Vec<_>>()
        .join("/")
        .to_lowercase()
}
