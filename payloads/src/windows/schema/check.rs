//! One operation against the tree.

use super::{
    super::operation::{Format, NodeOp, Verb},
    rule::Rule,
    table::{Node, Since, find, nodes_of, provider},
    target::{System, Target},
    uri::segments,
    value::refusal_of_format,
};
use crate::finding::Finding;

/// The providers of Windows Phone 8.1 among those described (Microsoft, "Windows Phone 8.1 MDM protocol documentation").
const ON_PHONE: [&str; 10] = [
    "ActiveSync",
    "CertificateStore",
    "DMAcc",
    "DMClient",
    "DevDetail",
    "DevInfo",
    "EMAIL2",
    "NodeCache",
    "RemoteLock",
    "RemoteWipe",
];

/// Says what `target` will not take of `operation`.
///
/// Rules, each with `windows.` before it: `malformed-uri`, `unknown-provider`, `unknown-node`, `wrong-scope`, `malformed-name`,
/// `verb-not-allowed`, `wrong-format`, `missing-format`, `missing-value`, `unexpected-value`, `value-not-allowed`, `not-on-build`,
/// `not-on-system`, `deprecated`. Secret values are never told.
pub fn check(operation: &NodeOp, target: &Target) -> Vec<Finding> {
    let mut findings = Vec::new();
    let uri = operation.uri.as_str();
    let mut say = |rule: Rule, text: String| findings.push(rule.finding(uri, text));
    let Some(names) = segments(address(operation)) else {
        say(
            Rule::MalformedUri,
            "is no address of a node: `./` and names with `/` between them".to_owned(),
        );
        return findings;
    };
    let Some(node) = find(&names) else {
        let (rule, text) = stranger(&names);
        say(rule, text);
        return findings;
    };
    for (rule, text) in places(node, &names, target) {
        say(rule, text);
    }
    if !node.access.contains(&operation.verb) {
        let verbs: Vec<_> = node.access.iter().map(|verb| verb.as_str()).collect();
        let text = format!("takes {}, not {}", verbs.join(", "), operation.verb);
        say(Rule::VerbNotAllowed, text);
    }
    if matches!(operation.verb, Verb::Add | Verb::Replace | Verb::Exec) {
        for (rule, text) in written(node, operation) {
            say(rule, text);
        }
    }
    findings
}

/// The address without a query (`?list=Struct`), which `Get` may carry (OMA DM Tree and Description 1.2.1 section 7.3.3).
fn address(operation: &NodeOp) -> &str {
    match operation.verb {
        Verb::Get => operation.uri.split('?').next().unwrap_or_default(),
        Verb::Add | Verb::Replace | Verb::Delete | Verb::Exec => &operation.uri,
    }
}

/// The node an operation is about, if the tree has it.
pub(super) fn node_of(operation: &NodeOp) -> Option<(&'static Node, Vec<String>)> {
    let names = segments(address(operation))?;
    find(&names).map(|node| (node, names))
}

/// What to say of a node that is not in the tree.
fn stranger(names: &[String]) -> (Rule, String) {
    let mut elsewhere = names.to_vec();
    if let Some(root) = elsewhere.first_mut() {
        let other = if root == "User" { "Device" } else { "User" };
        if matches!(root.as_str(), "User" | "Device") {
            other.clone_into(root);
            if find(&elsewhere).is_some() {
                return (Rule::WrongScope, format!("is there under ./{other} only"));
            }
        }
    }
    let name = provider(names).unwrap_or_default();
    if nodes_of(name).is_empty() {
        let text =
            format!("`{name}` is none of the providers that are described, so nothing is checked");
        (Rule::UnknownProvider, text)
    } else {
        (Rule::UnknownNode, "is not in the tree".to_owned())
    }
}

/// Whether the node is where `target` is, under names it may have.
fn places(node: &Node, names: &[String], target: &Target) -> Vec<(Rule, String)> {
    let mut said = Vec::new();
    let chosen = (1..=names.len()).filter_map(|length| {
        let (above, _) = names.split_at_checked(length)?;
        let node = find(above).filter(|node| node.is_chosen())?;
        node.allowed
            .refusal(above.last()?)
            .map(|wanted| (above, wanted))
    });
    // The values of a leaf are no names.
    for (above, wanted) in
        chosen.filter(|(above, _)| above.len() < names.len() || is_interior(node))
    {
        let name = above.last().map_or("", String::as_str);
        said.push((Rule::MalformedName, format!("`{name}`: expected {wanted}")));
    }
    match target.system {
        System::WindowsPhone81 => {
            let name = provider(names).unwrap_or_default();
            if !ON_PHONE.contains(&name) {
                let text = format!("Windows Phone 8.1 has no {name}");
                said.push((Rule::NotOnSystem, text));
            }
        }
        System::Windows10 => match (node.since, target.build) {
            (Since::Preview, _) => {
                said.push((Rule::NotOnBuild, "is in previews only".to_owned()));
            }
            (Since::Build(since), Some(build)) if build < since => {
                let text = format!("came with {since}, and the device has {build}");
                said.push((Rule::NotOnBuild, text));
            }
            (Since::Build(_), _) => {
                let deprecated = (1..=names.len())
                    .filter_map(|length| find(names.get(..length)?))
                    .any(|node| node.deprecated);
                if deprecated {
                    let text = "still works, and Microsoft has given it up".to_owned();
                    said.push((Rule::Deprecated, text));
                }
            }
        },
    }
    said
}

fn is_interior(node: &Node) -> bool {
    node.format == Format::Node
}

/// Whether the node takes what is written.
fn written(node: &Node, operation: &NodeOp) -> Vec<(Rule, String)> {
    let mut said = Vec::new();
    match operation.format {
        Some(format) if format != node.format => {
            let text = format!("has format {}, not {format}", node.format);
            said.push((Rule::WrongFormat, text));
        }
        // Without a format, Windows takes text for granted ([MS-MDM] 2.2.5.1).
        None if !matches!(node.format, Format::Chr | Format::Null) => {
            let text = format!("has format {}, which must be said", node.format);
            said.push((Rule::MissingFormat, text));
        }
        Some(_) | None => {}
    }
    let without_value = matches!(node.format, Format::Node | Format::Null);
    match &operation.data {
        Some(_) if without_value => {
            let text = format!("has format {}, so it takes no value", node.format);
            said.push((Rule::UnexpectedValue, text));
        }
        Some(value) => {
            let (text, shown) = (value.expose(), value.shown());
            let shown: String = shown.chars().take(80).collect();
            let wanted = refusal_of_format(node.format, text)
                .map(str::to_owned)
                .or_else(|| node.allowed.refusal(text));
            if let Some(wanted) = wanted {
                let text = format!("`{shown}`: expected {wanted}");
                said.push((Rule::ValueNotAllowed, text));
            }
        }
        None if without_value || operation.verb == Verb::Exec => {}
        None => said.push((
            Rule::MissingValue,
            format!("has format {}, so it needs a value", node.format),
        )),
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::operation::Value;

    const EAS: &str =
        "./User/Vendor/MSFT/ActiveSync/Accounts/%7B0dd8685c-e272-4fcb-9ecf-2ead7ea2497b%7D";
    const STORE: &str = "./Device/Vendor/MSFT/RootCATrustedCertificates";

    fn said(operation: &NodeOp, system: System, build: Option<&str>) -> Vec<String> {
        let target = Target {
            system,
            build: build.map(|text| text.parse().unwrap()),
        };
        check(operation, &target)
            .into_iter()
            .map(|finding| format!("{}: {}", finding.rule, finding.text))
            .collect()
    }

    #[test]
    fn each_rule() {
        let write = |path: &str, format, value: &str| {
            NodeOp::write(Verb::Add, format!("{EAS}/{path}"), format, value)
        };
        let bare = |verb, uri: String| NodeOp {
            verb,
            uri,
            format: None,
            data: None,
        };
        for (operation, expected) in [
            (write("EmailAddress", Format::Chr, "a&<é"), None),
            (write("Options/Schedule", Format::Chr, "-1"), None),
            (NodeOp::add_node(EAS), None),
            (NodeOp::delete(EAS), None),
            (NodeOp::get("./DevDetail/SwV"), None),
            (
                NodeOp::get("./Vendor/MSFT/RootCATrustedCertificates/Root?list=Struct"),
                None,
            ),
            (
                NodeOp::get("./Device/Vendor/MSFT/DeviceStatus/OS/Edition"),
                None,
            ),
            (
                NodeOp::exec("./Device/Vendor/MSFT/RemoteWipe/doWipe"),
                Some("windows.wrong-format: has format chr, not null"),
            ),
            (
                bare(Verb::Exec, "./Device/Vendor/MSFT/RemoteWipe/doWipe".into()),
                None,
            ),
            (
                write("Options/MailAgeFilter", Format::Chr, "7"),
                Some("windows.value-not-allowed: `7`: expected one of 0, 1, 2, 3, 4, 5, 6"),
            ),
            (
                write("Options/Schedule", Format::Chr, "-2"),
                Some("windows.value-not-allowed: `-2`: expected -1 to 4294967295"),
            ),
            (
                write("Options/UseSSL", Format::Int, "1"),
                Some("windows.wrong-format: has format chr, not int"),
            ),
            (
                write("Nonsense", Format::Chr, "1"),
                Some("windows.unknown-node: is not in the tree"),
            ),
            (
                NodeOp::add_node(EAS.replace("%7B", "")),
                Some(
                    "windows.malformed-name: `0dd8685c-e272-4fcb-9ecf-2ead7ea2497b}`: expected a GUID in braces",
                ),
            ),
            (
                NodeOp::write(
                    Verb::Replace,
                    "./User/Vendor/MSFT/ActiveSync/Accounts/x/Domain",
                    Format::Chr,
                    "",
                ),
                Some("windows.malformed-name: `x`: expected a GUID in braces"),
            ),
            (
                NodeOp::get("User/Vendor/MSFT"),
                Some(
                    "windows.malformed-uri: is no address of a node: `./` and names with `/` between them",
                ),
            ),
            (
                NodeOp::get("./Device/Vendor/MSFT/Policy/Config"),
                Some(
                    "windows.unknown-provider: `Policy` is none of the providers that are described, so nothing is checked",
                ),
            ),
            (
                NodeOp::get("./User/Vendor/MSFT/RootCATrustedCertificates/Root"),
                Some("windows.wrong-scope: is there under ./Device only"),
            ),
            (
                NodeOp::add_node(format!("{STORE}/Root/AA")),
                Some("windows.verb-not-allowed: takes Delete, Get, not Add"),
            ),
            (
                NodeOp::write(
                    Verb::Add,
                    format!("{STORE}/Root/AA/EncodedCertificate"),
                    Format::B64,
                    "MIIB",
                ),
                None,
            ),
            (
                NodeOp::write(
                    Verb::Add,
                    format!("{STORE}/root/AA/EncodedCertificate"),
                    Format::B64,
                    "MI IB",
                ),
                Some("windows.value-not-allowed: `MI IB`: expected base64 without line breaks"),
            ),
            (
                bare(Verb::Add, format!("{STORE}/Root/AA/EncodedCertificate")),
                Some("windows.missing-format: has format b64, which must be said"),
            ),
            (
                NodeOp {
                    format: Some(Format::B64),
                    ..bare(Verb::Add, format!("{STORE}/Root/AA/EncodedCertificate"))
                },
                Some("windows.missing-value: has format b64, so it needs a value"),
            ),
            (
                NodeOp {
                    data: Some("x".into()),
                    ..NodeOp::add_node(EAS)
                },
                Some("windows.unexpected-value: has format node, so it takes no value"),
            ),
            (
                NodeOp::write(
                    Verb::Add,
                    "./User/Vendor/MSFT/ClientCertificateInstall/SCEP/a/Install/AttestPrivateKey",
                    Format::Int,
                    "1",
                ),
                Some("windows.not-on-build: is in previews only"),
            ),
            (
                NodeOp::get("./User/Vendor/MSFT/EMAIL2"),
                Some("windows.deprecated: still works, and Microsoft has given it up"),
            ),
        ] {
            let found = said(&operation, System::Windows10, Some("10.0.19045"));
            let first = found.first().map(String::as_str);
            assert_eq!(first, expected, "{operation:?}");
        }
    }

    #[test]
    fn systems_and_builds() {
        let esim = format!("{STORE}/OemEsim");
        for (uri, system, build, expected) in [
            (
                esim.as_str(),
                System::Windows10,
                Some("10.0.19045.1"),
                Some("windows.not-on-build: came with 10.0.22000, and the device has 10.0.19045.1"),
            ),
            (&esim, System::Windows10, Some("10.0.22631"), None),
            (&esim, System::Windows10, None, None),
            (
                &esim,
                System::WindowsPhone81,
                None,
                Some("windows.not-on-system: Windows Phone 8.1 has no RootCATrustedCertificates"),
            ),
            (EAS, System::WindowsPhone81, Some("8.10.14219"), None),
            ("./DevInfo/Man", System::WindowsPhone81, None, None),
        ] {
            let found = said(&NodeOp::get(uri), system, build);
            assert_eq!(found.first().map(String::as_str), expected, "{uri}");
        }
    }

    #[test]
    fn secrets_are_not_told() {
        let operation = NodeOp::write(
            Verb::Add,
            "./Device/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/a/PFXCertBlob",
            Format::Bin,
            Value::Secret("not base64!".into()),
        );
        let found = said(&operation, System::Windows10, None);
        assert_eq!(
            found,
            ["windows.value-not-allowed: `***`: expected base64 without line breaks"]
        );
    }
}
