//! `mockmdm profiles`: list, show, put, delete, render, lint, diff.

mod diff;

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::code::UserArguments;
use crate::client::Client;
use crate::device::resolve;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{items, text, time};
use crate::session::Session;
use crate::table::Table;
use crate::target::Target;

/// Arguments of `profiles`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List profiles (the default)
    List,
    /// Show one profile's settings
    Show {
        /// Its id
        profile: String,
    },
    /// Create or change the profiles of TOML files (`[[profile]]` tables)
    Put {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Delete a profile
    Delete {
        /// Its id
        profile: String,
    },
    /// Print the property list a device would get
    Render {
        /// Its id
        profile: String,
        /// For this device
        #[arg(long)]
        device: Option<String>,
        #[command(flatten)]
        user: UserArguments,
        /// As it is sent: signed, DER
        #[arg(long)]
        signed: bool,
    },
    /// Check the profiles of TOML files, each alone and all together; exit 2 where a device would refuse one
    Lint {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Say what an edit would do, and whom it would ask for something, before anything is sent
    Diff {
        /// The file with the edited profiles; with two files the first says what they were, else the server does
        #[arg(required = true, num_args = 1..=2, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.action.unwrap_or(Action::List) {
        Action::List => {
            let profiles = session.client()?.get(&Target::new(&["profiles"])).await?;
            session.output.table(&profiles, list)?;
        }
        Action::Show { profile } => {
            let profile = session
                .client()?
                .get(&Target::new(&["profiles", &profile]))
                .await?;
            session.output.result(&profile, |profile| {
                let shown = profile.get("profile").unwrap_or(profile);
                serde_json::to_string_pretty(shown).unwrap_or_default()
            })?;
        }
        Action::Put { files } => {
            let profiles = read_all(&files)?;
            let client = session.client()?;
            let mut stored = Vec::new();
            for (path, id, profile) in in_order(&profiles) {
                let put = client.put(&Target::new(&["profiles", id]), profile).await;
                stored.push(put.map_err(|failure| of_file(failure, path, id))?);
            }
            session.output.table(&json!({ "items": stored }), list)?;
        }
        Action::Delete { profile } => {
            let answer = session
                .client()?
                .delete(&Target::new(&["profiles", &profile]))
                .await?;
            session
                .output
                .result(&answer, |_| format!("deleted {profile}"))?;
        }
        Action::Render {
            profile,
            device,
            user,
            signed,
        } => {
            let client = session.client()?;
            let mut body = Map::from_iter([("signed".to_owned(), Value::from(signed))]);
            if let Some(device) = device {
                body.insert("device".to_owned(), resolve(&client, &device).await?.into());
            }
            body.extend(user.value().map(|user| ("user".to_owned(), user)));
            let target = Target::new(&["profiles", &profile, "render"]);
            let rendered = client.post(&target, &Value::Object(body)).await?;
            if session.output.is_json() || !signed {
                session
                    .output
                    .result(&rendered, |rendered| text(rendered, "xml"))?;
            } else {
                session.output.bytes(&signed_bytes(&rendered)?)?;
            }
            if !session.output.is_json() {
                for finding in rendered.get("findings").map_or(&[][..], items) {
                    session.output.note(&finding_line(finding))?;
                }
            }
        }
        Action::Lint { files } => {
            let profiles = read_all(&files)?;
            let client = session.client()?;
            return lint(session, &client, &profiles).await;
        }
        Action::Diff { files } => return diff::run(session, &files).await,
    }
    Ok(Exit::Done)
}

async fn lint(session: &mut Session, client: &Client, profiles: &[Read]) -> Result<Exit, Failure> {
    let mut all = Vec::new();
    for (path, id, profile) in profiles {
        let answer = client
            .post(&Target::new(&["profiles", "lint"]), profile)
            .await;
        let answer = answer.map_err(|failure| of_file(failure, path, id))?;
        for finding in answer.get("findings").map_or(&[][..], items) {
            let mut finding = finding.clone();
            if let Some(map) = finding.as_object_mut() {
                map.insert("profile".to_owned(), id.clone().into());
            }
            all.push(finding);
        }
    }
    let set: Vec<_> = profiles.iter().map(|(_, _, profile)| profile).collect();
    let together = client
        .post(
            &Target::new(&["profiles", "lint-set"]),
            &json!({ "profiles": set }),
        )
        .await?;
    all.extend(together.get("findings").map_or(&[][..], items).to_vec());
    let errors = all
        .iter()
        .filter(|finding| text(finding, "level").eq_ignore_ascii_case("error"))
        .count();
    session.output.table(&json!({ "findings": all }), |found| {
        let mut table = Table::new(&["level", "rule", "profile", "at", "text"], "no findings");
        for finding in found.get("findings").map_or(&[][..], items) {
            table.row(["level", "rule", "profile", "at", "text"].map(|field| text(finding, field)));
        }
        table
    })?;
    match errors {
        0 => Ok(Exit::Done),
        count => Err(Failure::Findings {
            text: format!("findings that are errors: {count}"),
            exit: Exit::Input,
        }),
    }
}

/// The profiles with those first that others name.
fn in_order(profiles: &[Read]) -> Vec<&Read> {
    let mut ordered: Vec<_> = profiles.iter().collect();
    ordered.sort_by_key(|(_, _, profile)| match text(profile, "type").as_str() {
        "trusted_certificate" => 0,
        "scep_certificate" | "pkcs_certificate" | "imported_pkcs" | "derived_credential" => 1,
        _ => 2,
    });
    ordered
}

fn signed_bytes(rendered: &Value) -> Result<Vec<u8>, Failure> {
    STANDARD
        .decode(text(rendered, "signed"))
        .map_err(|_| Failure::Foreign {
            text: "a signed profile that is no base64".to_owned(),
        })
}

fn finding_line(finding: &Value) -> String {
    let [level, rule, at, words] =
        ["level", "rule", "at", "text"].map(|field| crate::field::plain(&text(finding, field)));
    format!("{level} {rule} at {at}: {words}")
}

fn list(profiles: &Value) -> Table {
    let mut table = Table::new(
        &["id", "type", "name", "revision", "updated"],
        "no profiles; `mockmdm profiles put FILE` makes some",
    );
    for stored in items(profiles) {
        table.row([
            text(stored, "id"),
            crate::field::first(stored, &["profile.type", "profile.settings.type"]),
            text(stored, "profile.display_name"),
            text(stored, "revision"),
            time(stored, "updated_at"),
        ]);
    }
    table
}

/// A profile of a file: where it was read, its id, what the API takes.
type Read = (PathBuf, String, Value);

fn read_all(files: &[PathBuf]) -> Result<Vec<Read>, Failure> {
    let mut profiles: Vec<Read> = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(path).map_err(|source| Failure::File {
            doing: "reading",
            path: path.clone(),
            source,
        })?;
        for (id, profile) in parse(path, &text)? {
            if let Some((other, ..)) = profiles.iter().find(|(_, known, _)| *known == id) {
                let text = format!("profile `{id}` is also in `{}`", other.display());
                return Err(Failure::Input {
                    path: path.clone(),
                    text,
                });
            }
            profiles.push((path.clone(), id, profile));
        }
    }
    Ok(profiles)
}

fn parse(path: &Path, text: &str) -> Result<Vec<(String, Value)>, Failure> {
    let wrong = |text: String| Failure::Input {
        path: path.to_owned(),
        text,
    };
    let table: toml::Table =
        toml::from_str(text).map_err(|error| wrong(error.to_string().trim().to_owned()))?;
    let unknown: Vec<String> = table
        .keys()
        .filter(|key| *key != "profile")
        .map(|key| format!("`{key}`"))
        .collect();
    if !unknown.is_empty() {
        return Err(wrong(format!(
            "{} is no `[[profile]]` table",
            unknown.join(", ")
        )));
    }
    let Some(toml::Value::Array(profiles)) = table.get("profile") else {
        return Err(wrong("there is no `[[profile]]` table".to_owned()));
    };
    profiles
        .iter()
        .enumerate()
        .map(|(index, profile)| {
            let value = serde_json::to_value(profile).map_err(|error| wrong(error.to_string()))?;
            let id = value.get("id").and_then(Value::as_str);
            let id = id
                .ok_or_else(|| wrong(format!("profile {} has no `id`", index + 1)))?
                .to_owned();
            Ok((id, value))
        })
        .collect()
}

/// What the server says against a profile is said against its file.
fn of_file(failure: Failure, path: &Path, id: &str) -> Failure {
    match failure {
        Failure::Refused {
            status: StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY,
            text,
            ..
        } => Failure::Input {
            path: path.to_owned(),
            text: format!("profile `{id}`: {text}"),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_a_file() {
        let text = "[[profile]]\nid = \"mail\"\ntype = \"ios_mail\"\ndisplay_name = \"A & <é>\"\nport = 993\n\n[[profile]]\nid = \"b\"\n";
        let profiles = parse(Path::new("p.toml"), text).unwrap();
        assert_eq!(
            profiles,
            [
                (
                    "mail".to_owned(),
                    json!({"id": "mail", "type": "ios_mail", "display_name": "A & <é>", "port": 993})
                ),
                ("b".to_owned(), json!({"id": "b"})),
            ]
        );
    }

    #[test]
    fn files_that_hold_none() {
        for (text, told) in [
            ("", "`p.toml`: there is no `[[profile]]` table"),
            (
                "[profile]\nid = \"a\"",
                "`p.toml`: there is no `[[profile]]` table",
            ),
            (
                "profil = 1\n[[profile]]\nid = \"a\"",
                "`p.toml`: `profil` is no `[[profile]]` table",
            ),
            (
                "[[profile]]\nname = \"a\"",
                "`p.toml`: profile 1 has no `id`",
            ),
        ] {
            let failure = parse(Path::new("p.toml"), text).unwrap_err();
            assert_eq!(
                (failure.to_string().as_str(), failure.exit()),
                (told, Exit::Input),
                "{text}"
            );
        }
        let told = parse(Path::new("p.toml"), "a = = b")
            .unwrap_err()
            .to_string();
        assert!(
            told.starts_with("`p.toml`: TOML parse error at line 1"),
            "{told}"
        );
    }

    #[test]
    fn a_signed_profile_is_bytes() {
        assert_eq!(
            signed_bytes(&json!({"signed": "MIIA"})).unwrap(),
            [0x30, 0x82, 0]
        );
        let told = signed_bytes(&json!({"xml": "<plist/>"}))
            .unwrap_err()
            .to_string();
        assert_eq!(
            told,
            "the server answered what no mockmdm answers: a signed profile that is no base64"
        );
    }

    #[test]
    fn a_profile_in_two_files() {
        let directory = tempfile::tempdir().unwrap();
        let paths = ["a.toml", "b.toml"].map(|name| directory.path().join(name));
        for path in &paths {
            std::fs::write(path, "[[profile]]\nid = \"mail\"\n").unwrap();
        }
        let told = read_all(&paths).unwrap_err().to_string();
        assert_eq!(
            told,
            format!(
                "`{}`: profile `mail` is also in `{}`",
                paths[1].display(),
                paths[0].display()
            )
        );
    }

    #[test]
    fn the_servers_refusal_is_an_invalid_file() {
        let refused = Failure::Refused {
            status: StatusCode::BAD_REQUEST,
            text: "`port`: 0".to_owned(),
            hint: None,
        };
        let failure = of_file(refused, Path::new("p.toml"), "mail");
        assert_eq!(
            (failure.to_string().as_str(), failure.exit()),
            ("`p.toml`: profile `mail`: `port`: 0", Exit::Input)
        );
    }
}
