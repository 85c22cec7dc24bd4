//! Who may use the admin API: `Host`, `Origin` and the token.
//!
//! A page of a foreign site can make a browser send requests here. It cannot choose `Host` (a name it controls may
//! point here, though: DNS rebinding) and cannot leave out `Origin`; both are checked before anything else.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::uri::Authority;
use mdm_payloads::Secret;

use super::problem::Failure;
use crate::edge::Conn;
use crate::server::Server;

/// What the guard knows.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    token: Arc<Secret>,
    /// The admin listener, as configured.
    admin: IpAddr,
    /// Names we answer to, lower case.
    names: Arc<[String]>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// Somebody on this machine.
    Local,
    /// Somebody who holds the token.
    Holder,
}

impl Caller {
    /// Refuses callers without the token.
    pub(super) fn needs_token(self, what: &'static str) -> Result<(), Failure> {
        match self {
            Self::Holder => Ok(()),
            Self::Local => Err(Failure::TokenMissing(what)),
        }
    }
}

/// What is looked at of a connection.
#[derive(Debug, Clone, Copy)]
struct Ends {
    peer: IpAddr,
    local: IpAddr,
    tls: bool,
}

impl Guard {
    /// The guard of a server.
    pub(super) fn of(server: &Server) -> Self {
        let public = server.config.public_url.as_ref().and_then(|url| url.host());
        let names = server
            .config
            .names
            .iter()
            .map(String::as_str)
            .chain([server.advertised.name.as_str()])
            .chain(public);
        Self::new(Arc::clone(&server.token), server.config.admin.ip(), names)
    }

    fn new<'a>(token: Arc<Secret>, admin: IpAddr, names: impl Iterator<Item = &'a str>) -> Self {
        Self {
            token,
            admin,
            names: names.map(|name| bare(name).to_ascii_lowercase()).collect(),
        }
    }

    /// Decides on one request. `authority` is the host it was sent to, with its port.
    fn judge(
        &self,
        authority: Option<&str>,
        headers: &HeaderMap,
        ends: Option<Ends>,
    ) -> Result<Caller, Failure> {
        let authority = authority.unwrap_or_default();
        if !self.is_ours(authority, ends) {
            return Err(Failure::Host(shortened(authority)));
        }
        for origin in headers.get_all(ORIGIN) {
            let scheme = if ends.is_some_and(|e| e.tls) {
                "https"
            } else {
                "http"
            };
            let own = format!("{scheme}://{authority}");
            if !origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()) {
                return Err(Failure::Origin(shortened(&String::from_utf8_lossy(
                    origin.as_bytes(),
                ))));
            }
        }
        let mut given = headers.get_all(AUTHORIZATION).iter();
        match (given.next(), given.next()) {
            (Some(value), None) if self.is_token(value.as_bytes()) => Ok(Caller::Holder),
            (Some(_), _) => Err(Failure::TokenWrong),
            (None, _) if self.admin.is_loopback() && ends.is_some_and(|e| e.peer.is_loopback()) => {
                Ok(Caller::Local)
            }
            (None, _) => Err(Failure::TokenMissing("every request from another machine")),
        }
    }

    fn is_ours(&self, authority: &str, ends: Option<Ends>) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else {
            return false;
        };
        if authority.as_str().contains('@') {
            return false;
        }
        let host = bare(authority.host())
            .trim_end_matches('.')
            .to_ascii_lowercase();
        match host.parse::<IpAddr>() {
            Ok(address) => {
                address.is_loopback()
                    || address == self.admin
                    || ends.is_some_and(|e| e.local == address)
                    || self.names.contains(&host)
            }
            Err(_) => host == "localhost" || self.names.contains(&host),
        }
    }

    fn is_token(&self, header: &[u8]) -> bool {
        let Some((scheme, token)) = header.split_at_checked(7) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(b"bearer ")
            && same(token.trim_ascii(), self.token.expose().as_bytes())
    }
}

/// Compares without telling by the time it takes where the difference is. The length is no secret.
fn same(a: &[u8], b: &[u8]) -> bool {
    let difference = a
        .iter()
        .zip(b)
        .fold(0, |sum, (a, b)| std::hint::black_box(sum | (a ^ b)));
    a.len() == b.len() && difference == 0
}

/// A host without the brackets of an IPv6 address.
fn bare(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host)
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The middleware: refuses, or tells the handlers who asks.
pub(super) async fn check(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let ends = request.extensions().get::<Arc<Conn>>().map(|conn| Ends {
        peer: conn.peer.ip().to_canonical(),
        local: conn.local.ip().to_canonical(),
        tls: conn.tls.is_some(),
    });
    // HTTP/2 has `:authority` in the place of `Host` (RFC 9113 section 8.3.1).
    let host = request
        .headers()
        .get(HOST)
        .and_then(|value| value.to_str().ok());
    let authority = host.or_else(|| request.uri().authority().map(Authority::as_str));
    let caller = guard.judge(authority, request.headers(), ends)?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn guard(admin: &str) -> Guard {
        let names = ["Lab.local", "[2001:db8::7]"];
        Guard::new(
            Arc::new(Secret::from("s3cret")),
            admin.parse().unwrap(),
            names.into_iter(),
        )
    }

    fn ends(peer: &str, local: &str) -> Ends {
        Ends {
            peer: peer.parse().unwrap(),
            local: local.parse().unwrap(),
            tls: false,
        }
    }

    fn verdict(
        guard: &Guard,
        host: Option<&str>,
        headers: &[(&'static str, &str)],
        ends: Option<Ends>,
    ) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        match guard.judge(host, &map, ends) {
            Ok(caller) => format!("{caller:?}"),
            Err(failure) => failure.to_string(),
        }
    }

    #[test]
    fn only_our_own_names_are_answered() {
        let (guard, here) = (guard("127.0.0.1"), Some(ends("127.0.0.1", "127.0.0.1")));
        for host in [
            "localhost",
            "LOCALHOST:8481",
            "localhost.:1",
            "127.0.0.1:8481",
            "127.9.9.9",
            "[::1]:8481",
            "lab.local",
            "lab.local:9999",
            "[2001:db8::7]:1",
        ] {
            assert_eq!(verdict(&guard, Some(host), &[], here), "Local", "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "lab.local.evil.example:8481",
            "192.0.2.1",
            "0.0.0.0",
            "127.0.0.1.nip.io",
            "user@localhost",
            "localhost/../x",
            "[::2]",
        ] {
            let complaint = format!("`Host` is `{host}`, which is not this server");
            assert_eq!(verdict(&guard, Some(host), &[], here), complaint);
        }
        assert_eq!(
            verdict(&guard, None, &[], here),
            "`Host` is ``, which is not this server"
        );
    }

    #[test]
    fn other_sites_are_refused() {
        let (guard, here) = (guard("127.0.0.1"), Some(ends("127.0.0.1", "127.0.0.1")));
        let host = Some("localhost:8481");
        assert_eq!(
            verdict(&guard, host, &[("origin", "http://localhost:8481")], here),
            "Local"
        );
        for origin in [
            "null",
            "http://evil.example",
            "https://localhost:8481",
            "http://localhost:8482",
            "http://127.0.0.1:8481",
        ] {
            let complaint =
                format!("`Origin` is `{origin}`; pages of other sites may not use this API");
            let token = [("origin", origin), ("authorization", "Bearer s3cret")];
            assert_eq!(
                verdict(&guard, host, &token, here),
                complaint,
                "even with the token"
            );
        }
    }

    #[test]
    fn the_token_is_needed_off_loopback_and_never_wrong() {
        let here = Some(ends("127.0.0.1", "127.0.0.1"));
        let away = Some(ends("192.0.2.9", "192.0.2.1"));
        let (local, open) = (guard("127.0.0.1"), guard("0.0.0.0"));
        let missing = "every request from another machine needs the token";
        for (guard, ends, header, expected) in [
            (&local, here, None, "Local"),
            (&local, here, Some("Bearer s3cret"), "Holder"),
            (&local, here, Some("bearer  s3cret "), "Holder"),
            (
                &local,
                here,
                Some("Bearer s3cre"),
                "the token is not this server's",
            ),
            (
                &local,
                here,
                Some("Bearer s3cret1"),
                "the token is not this server's",
            ),
            (
                &local,
                here,
                Some("Bearer "),
                "the token is not this server's",
            ),
            (
                &local,
                here,
                Some("Basic s3cret"),
                "the token is not this server's",
            ),
            (&local, here, Some(""), "the token is not this server's"),
            (&open, here, None, missing),
            (&open, away, None, missing),
            (&open, away, Some("Bearer s3cret"), "Holder"),
            (&local, away, None, missing),
            (&local, None, None, missing),
        ] {
            let headers: Vec<_> = header.map(|h| ("authorization", h)).into_iter().collect();
            assert_eq!(
                verdict(guard, Some("lab.local"), &headers, ends),
                expected,
                "{header:?}"
            );
        }
        let twice = [
            ("authorization", "Bearer s3cret"),
            ("authorization", "Bearer s3cret"),
        ];
        assert_eq!(
            verdict(&local, Some("localhost"), &twice, here),
            "the token is not this server's"
        );
        assert_eq!(
            verdict(
                &open,
                Some("192.0.2.1:8481"),
                &[("authorization", "Bearer s3cret")],
                away
            ),
            "Holder"
        );
    }

    #[test]
    fn only_the_holder_passes_what_needs_the_token() {
        assert!(Caller::Holder.needs_token("revoking").is_ok());
        let failure = Caller::Local.needs_token("revoking").unwrap_err();
        assert_eq!(failure.to_string(), "revoking needs the token");
    }
}
