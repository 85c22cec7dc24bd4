//! `characteristic` and `parm`: all that a provisioning document consists of (WAP-183 section 6).

use crate::xml::{Ns, WriteError, Writer};

pub(super) fn root(content: impl FnOnce(&mut Writer)) -> Result<String, WriteError> {
    Writer::document(
        (Ns::Bare, "wap-provisioningdoc"),
        &[],
        &[((Ns::Bare, "version"), "1.1")],
        content,
    )
}

pub(super) fn characteristic(w: &mut Writer, kind: &str, content: impl FnOnce(&mut Writer)) {
    w.element(
        (Ns::Bare, "characteristic"),
        &[((Ns::Bare, "type"), kind)],
        content,
    );
}

/// A parameter without a type: the service that reads it knows.
pub(super) fn parm(w: &mut Writer, name: &str, value: &str) {
    w.empty(
        (Ns::Bare, "parm"),
        &[((Ns::Bare, "name"), name), ((Ns::Bare, "value"), value)],
    );
}

/// A parameter that says something by being there.
pub(super) fn flag(w: &mut Writer, name: &str) {
    w.empty((Ns::Bare, "parm"), &[((Ns::Bare, "name"), name)]);
}

pub(super) fn string(w: &mut Writer, name: &str, value: &str) {
    typed(w, name, value, "string");
}

pub(super) fn integer(w: &mut Writer, name: &str, value: u32) {
    typed(w, name, &value.to_string(), "integer");
}

pub(super) fn boolean(w: &mut Writer, name: &str, value: bool) {
    typed(w, name, if value { "true" } else { "false" }, "boolean");
}

fn typed(w: &mut Writer, name: &str, value: &str, datatype: &str) {
    w.empty(
        (Ns::Bare, "parm"),
        &[
            ((Ns::Bare, "name"), name),
            ((Ns::Bare, "value"), value),
            ((Ns::Bare, "datatype"), datatype),
        ],
    );
}
