//! Which path is what, on which listener, by which methods.

use std::fmt;

use http::{Method, StatusCode};

use super::{BodyLimit, Role, percent};

/// What a device-facing request asks for. Paths are compared without regard to case, and one trailing slash is ignored.
///
/// The query is not part of a route: see [`super::Query`], and SCEP reads its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Route {
    /// `/`: the landing page.
    Landing,
    /// `/enroll`: the page that leads to the right enrollment.
    Enroll,
    /// `/enroll/apple`: the enrollment profile.
    EnrollApple,
    /// `/p/<token>`: a profile fetched by one-time link.
    LinkedProfile(LinkToken),
    /// `/trust/root.der`: the root certificate.
    TrustRootDer,
    /// `/trust/root.pem`: the root certificate in PEM.
    TrustRootPem,
    /// `/trust/root.mobileconfig`: the root certificate as a profile.
    TrustProfile,
    /// `/trust/ping`: answers a device that wants to know whether it trusts us.
    TrustPing,
    /// `/pki/ca.der`: the CA certificate that issued certificates point to.
    PkiCa,
    /// `/pki/crl`: the revocation list.
    PkiCrl,
    /// `/scep`, `/scep/pkiclient.exe` (RFC 8894 section 4.1).
    Scep,
    /// `/MDMServiceConfig`: Apple's service configuration.
    MdmServiceConfig,
    /// `/mdm/checkin`: Apple's check-in messages.
    CheckIn,
    /// `/mdm/connect`: Apple's command channel.
    Connect,
    /// `/enroll/windows`: the page that leads to Windows enrollment.
    EnrollWindows,
    /// `/EnrollmentServer/Discovery.svc` ([MS-MDE2] 3.1).
    WindowsDiscovery,
    /// `/EnrollmentServer/Policy.svc` ([MS-XCEP] 3.1).
    WindowsPolicy,
    /// `/EnrollmentServer/Enrollment.svc` ([MS-WSTEP] 3.1).
    WindowsEnrollment,
    /// `/EnrollmentServer/Login`: the page of a federated enrollment ([MS-MDE2] 3.2).
    WindowsLogin,
    /// `/ManagementServer/MDM.svc`: sessions of Windows devices ([MS-MDM]).
    WindowsManagement,
    /// Known, but not served by this version; answered 404 with these words.
    Later {
        /// What it will be, as in "`what` is not part of this version".
        what: &'static str,
    },
}

/// The secret part of a one-time link: 16 to 128 characters of base64url (RFC 4648 section 5).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LinkToken(String);

impl LinkToken {
    fn parse(text: &str) -> Option<Self> {
        let fits = (16..=128).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        fits.then(|| Self(text.to_owned()))
    }

    /// The token, to be looked up. It is a secret: do not log it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(***)")
    }
}

/// Why a request has no route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoRoute {
    /// No such path.
    #[error("nothing is served at this path")]
    Path,
    /// The path is served, by other methods.
    #[error("this path accepts {allow} only")]
    Method {
        /// For the `Allow` header (RFC 9110 section 15.5.6).
        allow: &'static str,
    },
    /// The path is served, by another listener.
    #[error("this path is served by the {serve_at} listener")]
    WrongListener {
        /// Where it is served.
        serve_at: Role,
    },
    /// A path that no honest client sends.
    #[error("the path contains {0}")]
    Malformed(&'static str),
}

impl NoRoute {
    /// The status that tells the peer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Path | Self::WrongListener { .. } => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// The body of a request without a route may be this long; it is read only to keep the connection usable.
    pub const BODY: BodyLimit = BodyLimit(64 * 1024);
}

const KIB: u64 = 1024;
const READ: &str = "GET, HEAD";
/// What counts how often it is fetched: asking for the headers alone must not use it up.
const FETCH: &str = "GET";
const SCEP: &str = "GET, POST";
/// Devices PUT; POST is tolerated.
const MDM: &str = "PUT, POST";
/// Messages of Windows devices.
const SOAP: &str = "POST";
/// A probe by GET, then what is asked by POST.
const WINDOWS: &str = "GET, POST";
const ANY: &str = "";

const TRUST: &[Role] = &[Role::Device, Role::Bootstrap];
const DEVICE: &[Role] = &[Role::Device];
const CHANNEL: &[Role] = &[Role::Device, Role::Mtls];

/// Path in lower case, methods, listeners (the first is named to those who ask at the wrong one), route.
type Row = (&'static str, &'static str, &'static [Role], Route);

const fn later(path: &'static str, at: &'static [Role], what: &'static str) -> Row {
    (path, ANY, at, Route::Later { what })
}

const ANDROID: &str = "Android enrollment";
const PROOF: &str = "the certificate verifier";
const PORTAL: &str = "the user portal";
const OCSP: &str = "OCSP";
const ACME: &str = "ACME";
const OVER_THE_AIR: &str = "over-the-air profile delivery";
const AUTOMATED: &str = "automated device enrollment";
const ACCOUNT: &str = "account-driven enrollment";

/// Exact paths, the busy ones first.
const EXACT: &[Row] = &[
    ("/mdm/connect", MDM, CHANNEL, Route::Connect),
    ("/mdm/checkin", MDM, CHANNEL, Route::CheckIn),
    (
        "/managementserver/mdm.svc",
        SOAP,
        CHANNEL,
        Route::WindowsManagement,
    ),
    ("/scep", SCEP, TRUST, Route::Scep),
    ("/scep/pkiclient.exe", SCEP, TRUST, Route::Scep),
    ("/pki/crl", READ, TRUST, Route::PkiCrl),
    ("/pki/ca.der", READ, TRUST, Route::PkiCa),
    ("/", READ, TRUST, Route::Landing),
    ("/trust/root.der", READ, TRUST, Route::TrustRootDer),
    ("/trust/root.pem", READ, TRUST, Route::TrustRootPem),
    ("/trust/root.mobileconfig", READ, TRUST, Route::TrustProfile),
    ("/trust/ping", READ, TRUST, Route::TrustPing),
    ("/enroll", READ, DEVICE, Route::Enroll),
    ("/enroll/apple", FETCH, DEVICE, Route::EnrollApple),
    ("/mdmserviceconfig", READ, DEVICE, Route::MdmServiceConfig),
    ("/enroll/windows", READ, DEVICE, Route::EnrollWindows),
    (
        "/enrollmentserver/discovery.svc",
        WINDOWS,
        DEVICE,
        Route::WindowsDiscovery,
    ),
    (
        "/enrollmentserver/policy.svc",
        SOAP,
        DEVICE,
        Route::WindowsPolicy,
    ),
    (
        "/enrollmentserver/enrollment.svc",
        SOAP,
        DEVICE,
        Route::WindowsEnrollment,
    ),
    (
        "/enrollmentserver/login",
        WINDOWS,
        DEVICE,
        Route::WindowsLogin,
    ),
    later("/pki/ocsp", TRUST, OCSP),
    later("/enroll/android", DEVICE, ANDROID),
    later("/mdm/ota", DEVICE, OVER_THE_AIR),
    later("/mdm/ade", DEVICE, AUTOMATED),
    later("/.well-known/com.apple.remotemanagement", DEVICE, ACCOUNT),
    later("/portal", DEVICE, PORTAL),
    later("/whoami", DEVICE, PROOF),
    later("/microsoft-server-activesync", DEVICE, PROOF),
    later("/ews/exchange.asmx", DEVICE, PROOF),
];

/// Everything below these paths.
const BELOW: &[Row] = &[
    later("/acme/", DEVICE, ACME),
    later("/portal/", DEVICE, PORTAL),
    later("/pki/ocsp/", TRUST, OCSP),
];

impl Route {
    /// The route of a request, by the listener it came to, its method and its path as it stands in the request line.
    pub fn parse(role: Role, method: &Method, path: &str) -> Result<Self, NoRoute> {
        let decoded = percent::decode(path).map_err(NoRoute::Malformed)?;
        let path = checked(path, &decoded)?;
        let exact = EXACT
            .iter()
            .find(|(own, ..)| own.eq_ignore_ascii_case(path));
        if let Some(row) = exact.or_else(|| {
            BELOW
                .iter()
                .find(|(own, ..)| below(path, own).is_some_and(|rest| !rest.is_empty()))
        }) {
            let (_, methods, at, route) = row;
            return allowed(role, method, methods, at, || route.clone());
        }
        let token = below(path, "/p/")
            .and_then(LinkToken::parse)
            .ok_or(NoRoute::Path)?;
        allowed(role, method, FETCH, DEVICE, || Self::LinkedProfile(token))
    }

    /// How long a request body may be on this route.
    pub fn body_limit(&self) -> BodyLimit {
        BodyLimit(match self {
            Self::CheckIn | Self::Connect | Self::WindowsManagement => 4 * KIB * KIB,
            Self::Scep | Self::WindowsPolicy | Self::WindowsEnrollment => 256 * KIB,
            Self::WindowsDiscovery | Self::Later { .. } => 64 * KIB,
            Self::WindowsLogin => 16 * KIB,
            Self::Landing
            | Self::Enroll
            | Self::EnrollApple
            | Self::EnrollWindows
            | Self::LinkedProfile(_)
            | Self::TrustRootDer
            | Self::TrustRootPem
            | Self::TrustProfile
            | Self::TrustPing
            | Self::PkiCa
            | Self::PkiCrl
            | Self::MdmServiceConfig => 0,
        })
    }
}

/// Refuses what would mean another path to another program, and takes off a trailing slash.
fn checked<'a>(raw: &str, decoded: &'a str) -> Result<&'a str, NoRoute> {
    if raw.len() != decoded.len() && raw.matches('/').count() != decoded.matches('/').count() {
        return Err(NoRoute::Malformed("an encoded slash"));
    }
    if decoded.contains('\\') {
        return Err(NoRoute::Malformed("a backslash"));
    }
    if decoded.split('/').any(|part| part == "." || part == "..") {
        return Err(NoRoute::Malformed("a dot segment"));
    }
    Ok(match decoded.strip_suffix('/') {
        Some("") | None => decoded,
        Some(shorter) => shorter,
    })
}

/// The rest of `path` after `prefix`, which ends in a slash.
fn below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = path.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn allowed(
    role: Role,
    method: &Method,
    methods: &'static str,
    at: &[Role],
    route: impl FnOnce() -> Route,
) -> Result<Route, NoRoute> {
    if !at.contains(&role) {
        let serve_at = at.first().copied().unwrap_or(Role::Device);
        return Err(NoRoute::WrongListener { serve_at });
    }
    if methods != ANY && !methods.split(", ").any(|own| own == method.as_str()) {
        return Err(NoRoute::Method { allow: methods });
    }
    Ok(route())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Role; 3] = [Role::Bootstrap, Role::Device, Role::Mtls];

    /// One letter per listener: what `path` is there. `.` is "elsewhere".
    fn at(method: &str, path: &str) -> Vec<String> {
        let method: Method = method.parse().unwrap();
        ALL.iter()
            .map(|role| match Route::parse(*role, &method, path) {
                Ok(route) => format!("{route:?}"),
                Err(NoRoute::WrongListener { serve_at }) => format!("-> {serve_at}"),
                Err(other) => format!("{}: {other}", other.status().as_u16()),
            })
            .collect()
    }

    #[test]
    fn who_serves_what() {
        let everything =
            |name: &str| vec![name.to_owned(), name.to_owned(), "-> device".to_owned()];
        for (method, path, name) in [
            ("GET", "/", "Landing"),
            ("HEAD", "/", "Landing"),
            ("GET", "/trust/root.der", "TrustRootDer"),
            ("GET", "/trust/root.pem", "TrustRootPem"),
            ("GET", "/Trust/Root.MobileConfig", "TrustProfile"),
            ("GET", "/trust/ping/", "TrustPing"),
            ("GET", "/scep", "Scep"),
            ("POST", "/SCEP/", "Scep"),
            ("GET", "/scep/pkiclient.exe", "Scep"),
            ("GET", "/scep/PKICLIENT.EXE", "Scep"),
            ("GET", "/%73cep", "Scep"),
            ("GET", "/pki/ca.der", "PkiCa"),
            ("HEAD", "/pki/crl", "PkiCrl"),
            ("POST", "/pki/ocsp", "Later { what: \"OCSP\" }"),
            ("GET", "/pki/ocsp/MEow", "Later { what: \"OCSP\" }"),
        ] {
            assert_eq!(at(method, path), everything(name), "{method} {path}");
        }
        for (method, path, name) in [
            ("PUT", "/mdm/checkin", "CheckIn"),
            ("POST", "/MDM/CheckIn/", "CheckIn"),
            ("PUT", "/mdm/connect", "Connect"),
            ("POST", "/ManagementServer/MDM.svc", "WindowsManagement"),
            ("POST", "/managementserver/mdm.SVC/", "WindowsManagement"),
        ] {
            assert_eq!(
                at(method, path),
                ["-> device", name, name],
                "{method} {path}"
            );
        }
        for (method, path, name) in [
            ("GET", "/enroll", "Enroll"),
            ("GET", "/enroll/apple", "EnrollApple"),
            ("GET", "/MDMServiceConfig", "MdmServiceConfig"),
            (
                "GET",
                "/p/0123456789abcdef",
                "LinkedProfile(LinkToken(***))",
            ),
            ("GET", "/Enroll/Windows", "EnrollWindows"),
            ("GET", "/EnrollmentServer/Discovery.svc", "WindowsDiscovery"),
            (
                "POST",
                "/enrollmentserver/discovery.SVC/",
                "WindowsDiscovery",
            ),
            ("POST", "/EnrollmentServer/Policy.svc", "WindowsPolicy"),
            (
                "POST",
                "/ENROLLMENTSERVER/ENROLLMENT.SVC",
                "WindowsEnrollment",
            ),
            ("GET", "/EnrollmentServer/Login", "WindowsLogin"),
            ("POST", "/EnrollmentServer/login", "WindowsLogin"),
            (
                "GET",
                "/enroll/android",
                "Later { what: \"Android enrollment\" }",
            ),
            ("GET", "/acme/directory", "Later { what: \"ACME\" }"),
            ("GET", "/portal/sync", "Later { what: \"the user portal\" }"),
            (
                "POST",
                "/mdm/ota",
                "Later { what: \"over-the-air profile delivery\" }",
            ),
            (
                "POST",
                "/mdm/ade",
                "Later { what: \"automated device enrollment\" }",
            ),
            (
                "GET",
                "/.well-known/com.apple.remotemanagement",
                "Later { what: \"account-driven enrollment\" }",
            ),
            (
                "OPTIONS",
                "/Microsoft-Server-ActiveSync",
                "Later { what: \"the certificate verifier\" }",
            ),
            (
                "GET",
                "/whoami",
                "Later { what: \"the certificate verifier\" }",
            ),
            (
                "POST",
                "/EWS/Exchange.asmx",
                "Later { what: \"the certificate verifier\" }",
            ),
        ] {
            assert_eq!(
                at(method, path),
                ["-> device", name, "-> device"],
                "{method} {path}"
            );
        }
    }

    #[test]
    fn who_does_not() {
        for (method, path, outcome) in [
            ("GET", "/nope", "404: nothing is served at this path"),
            ("GET", "", "404: nothing is served at this path"),
            ("OPTIONS", "*", "404: nothing is served at this path"),
            ("GET", "//scep", "404: nothing is served at this path"),
            ("GET", "/scep//", "404: nothing is served at this path"),
            ("GET", "/mdm", "404: nothing is served at this path"),
            ("GET", "/p/short", "404: nothing is served at this path"),
            (
                "GET",
                "/p/0123456789abcde&",
                "404: nothing is served at this path",
            ),
            ("GET", "/é", "404: nothing is served at this path"),
            (
                "GET",
                "/mdm/connect",
                "405: this path accepts PUT, POST only",
            ),
            ("PUT", "/scep", "405: this path accepts GET, POST only"),
            (
                "GET",
                "/EnrollmentServer/Enrollment.svc",
                "405: this path accepts POST only",
            ),
            (
                "GET",
                "/EnrollmentServer/Other.svc",
                "404: nothing is served at this path",
            ),
            (
                "POST",
                "/trust/root.der",
                "405: this path accepts GET, HEAD only",
            ),
            (
                "HEAD",
                "/p/0123456789abcdef",
                "405: this path accepts GET only",
            ),
            (
                "GET",
                "/trust/..%2fscep",
                "400: the path contains an encoded slash",
            ),
            (
                "GET",
                "/trust%5croot.der",
                "400: the path contains a backslash",
            ),
            (
                "GET",
                "/trust/../scep",
                "400: the path contains a dot segment",
            ),
            (
                "GET",
                "/trust/%2e%2E/scep",
                "400: the path contains a dot segment",
            ),
            ("GET", "/./scep", "400: the path contains a dot segment"),
            (
                "GET",
                "/scep%00.png",
                "400: the path contains a control character",
            ),
            (
                "GET",
                "/%c0%af",
                "400: the path contains bytes that are not UTF-8",
            ),
            (
                "GET",
                "/%",
                "400: the path contains a percent sign without two hex digits",
            ),
        ] {
            assert_eq!(at(method, path)[1], outcome, "{method} {path}");
        }
    }

    #[test]
    fn the_table_is_in_lower_case_and_has_no_path_twice() {
        let mut seen = std::collections::HashSet::new();
        for (path, ..) in EXACT.iter().chain(BELOW) {
            assert_eq!(*path, path.to_ascii_lowercase());
            assert!(seen.insert(path), "{path} is listed twice");
        }
    }

    #[test]
    fn bodies() {
        for (method, path, limit) in [
            ("PUT", "/mdm/connect", 4 * 1024 * 1024),
            ("POST", "/scep", 256 * 1024),
            ("POST", "/EnrollmentServer/Enrollment.svc", 256 * 1024),
            ("POST", "/EnrollmentServer/Discovery.svc", 64 * 1024),
            ("POST", "/mdm/ota", 64 * 1024),
            ("GET", "/trust/ping", 0),
        ] {
            let route = Route::parse(Role::Device, &method.parse().unwrap(), path).unwrap();
            assert_eq!(route.body_limit(), BodyLimit(limit), "{path}");
        }
    }
}
