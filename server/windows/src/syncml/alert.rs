//! Alerts: what one party wants the other to know.

use super::alert_code::AlertCode;
use super::element::Element;
use super::identifier::{CmdId, decimal};
use super::item::Item;
use super::problem::Problem;
use crate::xml::{Ns, Writer};

/// `Alert` (OMA SyncML Representation Protocol, [MS-MDM]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// `Data`.
    pub code: AlertCode,
    /// `Correlator`: the asynchronous `Exec` that has finished.
    pub correlator: Option<String>,
    /// `Item`.
    pub items: Vec<Item>,
}

impl Alert {
    /// An alert that is nothing but its number.
    pub const fn new(code: AlertCode) -> Self {
        Self {
            code,
            correlator: None,
            items: Vec::new(),
        }
    }

    /// The item of this `Type`, such as [`super::LOGIN_STATUS`].
    pub fn item_of(&self, kind: &str) -> Option<&Item> {
        self.items
            .iter()
            .find(|item| item.meta.kind.as_deref() == Some(kind))
    }

    pub(super) fn read(element: &Element) -> Result<Self, Problem> {
        let code = element.child_text("Data").ok_or(Problem::Missing("Data"))?;
        Ok(Self {
            code: decimal(code)
                .map(AlertCode)
                .ok_or_else(|| Problem::number("Data", code))?,
            correlator: element.child_text("Correlator").map(str::to_owned),
            items: Item::within(element)?,
        })
    }

    pub(super) fn write(&self, id: CmdId, w: &mut Writer) {
        w.element((Ns::SyncMl, "Alert"), &[], |w| {
            w.leaf((Ns::SyncMl, "CmdID"), &id.to_string());
            w.leaf((Ns::SyncMl, "Data"), &self.code.to_string());
            if let Some(correlator) = &self.correlator {
                w.leaf((Ns::SyncMl, "Correlator"), correlator);
            }
            for item in &self.items {
                item.write(w);
            }
        });
    }
}
