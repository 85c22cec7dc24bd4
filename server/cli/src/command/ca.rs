//! `mockmdm ca`: the root certificate.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::serve::colons;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{plain, text, time};
use crate::session::Session;
use crate::target::Target;

/// Arguments of `ca`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the root certificate's name, fingerprint and end
    Show,
    /// Write the root certificate. Its key never leaves the data directory
    Export {
        /// To this file instead of standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// DER instead of PEM
        #[arg(long)]
        der: bool,
    },
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    match arguments.action {
        Action::Show => {
            let server = client.get(&Target::new(&["server"])).await?;
            let ca = server.get("ca").cloned().unwrap_or_default();
            session.output.result(&ca, show)?;
        }
        Action::Export { output, der } => {
            let pem = client.bytes(&Target::new(&["ca.pem"])).await?;
            let content = if der { decode(&pem)? } else { pem.to_vec() };
            match output {
                Some(path) => std::fs::write(&path, content).map_err(|source| Failure::File {
                    doing: "writing",
                    path,
                    source,
                })?,
                None => session.output.bytes(&content)?,
            }
        }
    }
    Ok(Exit::Done)
}

fn show(ca: &Value) -> String {
    let (subject, end) = (plain(&text(ca, "subject")), time(ca, "not_after"));
    format!(
        "subject    {subject}\nSHA-256    {}\nnot after  {}\n",
        colons(&text(ca, "sha256")),
        plain(&end)
    )
}

/// The first certificate of a PEM text (RFC 7468 section 5.1).
fn decode(pem: &[u8]) -> Result<Vec<u8>, Failure> {
    let foreign = || Failure::Foreign {
        text: "a root certificate that is no PEM".to_owned(),
    };
    let text = std::str::from_utf8(pem).map_err(|_| foreign())?;
    let inner = text
        .split_once("-----BEGIN CERTIFICATE-----")
        .and_then(|(_, rest)| rest.split_once("-----END CERTIFICATE-----"))
        .map(|(inner, _)| inner.split_whitespace().collect::<String>());
    STANDARD
        .decode(inner.ok_or_else(foreign)?)
        .map_err(|_| foreign())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pem_becomes_der() {
        let pem =
            b"# comment\n-----BEGIN CERTIFICATE-----\nMAMC\r\nAQE=\n-----END CERTIFICATE-----\n";
        assert_eq!(decode(pem).unwrap(), [0x30, 3, 2, 1, 1]);
        for text in [
            "",
            "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----",
            "\u{fffd}",
        ] {
            assert!(decode(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn for_people() {
        let ca = json!({"subject": "CN=mockmdm TEST & <é>", "sha256": "0aff", "not_after": "2036-11-21T00:00:00Z"});
        insta::assert_snapshot!(show(&ca), @r"
        subject    CN=mockmdm TEST & <é>
        SHA-256    0A:FF
        not after  2036-11-21 00:00:00
        ");
    }
}
