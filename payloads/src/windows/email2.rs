//! IMAP and POP accounts (Microsoft, `EMAIL2` CSP).

use super::{
    compile::{CompileError, Input},
    leaf::{self, Leaf},
    operation::{Format, NodeOp, Unit},
    plan::{Plan, Rank, Scope},
    read_back::Comparison,
};
use crate::{
    identifiers::Role,
    mail::{AccountType, MailAuthentication},
    windows_mail::{WindowsMail, address},
};

/// The nodes an account is known by.
const LASTING: [&str; 6] = [
    "SERVICENAME",
    "SERVICETYPE",
    "INSERVER",
    "REPLYADDR",
    "AUTHNAME",
    "DOMAIN",
];
/// The longest name or address, in characters.
const LONGEST: usize = 255;

/// The account. `SERVICENAME`, `SERVICETYPE` and `ACCOUNTTYPE` cannot be changed, so they are not written again: with another value the
/// account has another GUID. So it has where a node comes or goes, since Windows replaces none that is not there, and where it is known by
/// another server, mail address or user name.
///
/// No password is ever written: the user is asked.
pub(super) fn plan(settings: &WindowsMail, input: &Input<'_>) -> Result<Plan, CompileError> {
    let leaves = leaves(settings, input)?;
    let mut known_by: Vec<&str> = leaves.iter().map(Leaf::path).collect();
    let lasting = |leaf: &&Leaf| LASTING.contains(&leaf.path());
    known_by.extend(leaves.iter().filter(lasting).map(Leaf::value));
    let guid = input
        .identifiers
        .known_by(&input.profile.id, Role::Account, &known_by);
    let node = format!("./User/Vendor/MSFT/EMAIL2/%7B{guid}%7D");
    Ok(Plan {
        scope: Scope::User,
        rank: Rank::Mail,
        install: vec![leaf::install(&node, &leaves)],
        update: vec![leaf::update(&node, &leaves)],
        remove: vec![Unit::Single(NodeOp::delete(&node))],
        wait: None,
        read_back: leaf::read_back(&node, &leaves),
        node,
    })
}

fn leaves(settings: &WindowsMail, input: &Input<'_>) -> Result<Vec<Leaf>, CompileError> {
    let subject = &input.subject;
    let render = |source| input.render_error(source);
    let bounded = |node: &str, text: String| match text.chars().count() {
        length if length > LONGEST => Err(CompileError::TooLong {
            profile: input.profile.id.clone(),
            node: node.to_owned(),
            length,
            longest: LONGEST,
        }),
        _ => Ok(Leaf::text(node, text)),
    };
    let service = match settings.account_type {
        AccountType::Imap => "IMAP4",
        AccountType::Pop => "POP3",
    };
    let (user_name, domain) = settings.user_name(subject).map_err(render)?;
    let host = |node, server| {
        Leaf::new(
            node,
            Format::Chr,
            address(server),
            Comparison::CaseInsensitive,
        )
    };
    let mut leaves = vec![
        Leaf::text("ACCOUNTTYPE", "Email").fixed(),
        Leaf::text("SERVICENAME", settings.account_name.as_str()).fixed(),
        Leaf::text("SERVICETYPE", service).fixed(),
        bounded("AUTHNAME", user_name)?,
    ];
    if let Some(domain) = domain {
        leaves.push(bounded("DOMAIN", domain)?);
    }
    leaves.push(bounded(
        "REPLYADDR",
        settings.email_address(subject).map_err(render)?,
    )?);
    if let Some(name) = settings.rendered_sender_name(subject).map_err(render)? {
        leaves.push(bounded("NAME", name)?);
    }
    leaves.push(host("INSERVER", &settings.incoming_server));
    leaves.push(host("OUTSERVER", &settings.outgoing_server));
    let authenticates = settings.outgoing_server.authentication != MailAuthentication::None;
    leaves.push(Leaf::flag("AUTHREQUIRED", authenticates));
    // Mail, and neither contacts nor appointments.
    leaves.push(Leaf::number("SYNCINGCONTENTTYPES", "0x2"));
    let days = settings.duration_of_email_to_sync.days();
    leaves.extend(days.map(|days| Leaf::number("DWNDAY", days)));
    let minutes = settings.sync_interval;
    leaves.extend(minutes.map(|minutes| Leaf::number("LINGER", minutes)));
    let kilobytes = settings.largest_attachment;
    leaves.extend(kilobytes.map(|kilobytes| Leaf::number("KEEPMAX", kilobytes)));
    let bytes = settings.message_size;
    leaves.extend(bytes.map(|bytes| Leaf::number("RETRIEVE", bytes)));
    let deleted = settings.keep_deleted_on_server;
    leaves.extend(deleted.map(|keep| Leaf::number("SERVERDELETEACTION", if keep { 2 } else { 1 })));
    if settings.cellular_only {
        leaves.push(Leaf::flag("CELLULARONLY", true));
    }
    // TLS for fetching and for handing over.
    leaves.push(Leaf::flag(
        "TAGPROPS/8128000B",
        settings.incoming_server.use_ssl,
    ));
    leaves.push(Leaf::flag(
        "TAGPROPS/812C000B",
        settings.outgoing_server.use_ssl,
    ));
    Ok(leaves)
}
