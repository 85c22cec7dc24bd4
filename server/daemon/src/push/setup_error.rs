//! Why push cannot be set up.

use std::io;
use std::path::PathBuf;

use mdm_certs::push_certificate::PushCertificateError;

/// Why a server that was told to use a push service cannot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushSetupError {
    /// A file cannot be read.
    #[error("push: reading `{}`", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is no push certificate.
    #[error("push: using `{}`", path.display())]
    Certificate {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: PushCertificateError,
    },
    /// Its topic is longer than a topic can be.
    #[error("push: the topic of the push certificate is no legal topic")]
    Topic(#[source] mdm_apple::identifier::BadIdentifier),
    /// A file of roots has none.
    #[error("push: `{}` has no certificate of an authority", path.display())]
    NoRoots {
        /// Which.
        path: PathBuf,
    },
    /// No list of roots was found.
    #[error(
        "push: this system has no list of trusted roots where one is known to be; name a PEM file with the root of the \
         push service"
    )]
    NoSystemRoots,
    /// The endpoint is not an https address with a host.
    #[error("push: `{0}` is no https address with a host")]
    Endpoint(String),
    /// The TLS library does not take the certificate or its key.
    #[error("push: giving the push certificate to the TLS library")]
    Tls(#[source] rustls::Error),
}
