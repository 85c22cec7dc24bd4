use super::{Action, ActivityId, MessageId, Timestamp, timestamp::instant};
use crate::xml::{Ns, WriteError, Writer};

/// The header of an answer ([MS-MDE2] section 2.2.1; WS-Addressing 1.0 section 3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The request, if it said which one it is.
    pub relates_to: Option<MessageId>,
    /// What the client's log will say.
    pub activity: ActivityId,
}

impl Reply {
    /// A whole envelope around a body.
    pub(crate) fn envelope(
        &self,
        action: Action,
        timestamp: Option<Timestamp>,
        body: impl FnOnce(&mut Writer),
    ) -> Result<String, WriteError> {
        let must_understand = ((Ns::Soap, "mustUnderstand"), "1");
        let mut declare = vec![Ns::Addressing];
        if timestamp.is_some() {
            declare.push(Ns::Utility);
        }
        if action == Action::GetPolicies {
            declare.push(Ns::SchemaInstance); // once, not with each of the many that are nil
        }
        Writer::document((Ns::Soap, "Envelope"), &declare, &[], |w| {
            w.element((Ns::Soap, "Header"), &[], |w| {
                w.leaf_with(
                    (Ns::Addressing, "Action"),
                    &[must_understand],
                    action.response(),
                );
                let activity = self.activity.to_string();
                let correlation = ((Ns::Bare, "CorrelationId"), activity.as_str());
                w.leaf_with((Ns::Diagnostics, "ActivityId"), &[correlation], &activity);
                if let Some(message) = &self.relates_to {
                    w.leaf((Ns::Addressing, "RelatesTo"), message.as_str());
                }
                if let Some(stamp) = timestamp {
                    w.element((Ns::Security, "Security"), &[must_understand], |w| {
                        w.element(
                            (Ns::Utility, "Timestamp"),
                            &[((Ns::Utility, "Id"), "_0")],
                            |w| {
                                w.leaf((Ns::Utility, "Created"), &instant(stamp.created));
                                w.leaf((Ns::Utility, "Expires"), &instant(stamp.expires));
                            },
                        );
                    });
                }
            });
            w.element((Ns::Soap, "Body"), &[], body);
        })
    }
}
