/// A namespace and a local name, as the writer takes them.
pub type Name = (Ns, &'static str);

macro_rules! namespaces {
    ($($(#[$doc:meta])* $variant:ident = $prefix:expr, $uri:literal;)*) => {
        /// A namespace that this crate knows, with the prefix it is written with: the one table of both.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Ns {
            $($(#[$doc])* $variant,)*
        }

        impl Ns {
            /// The namespace name; empty for [`Ns::Bare`].
            pub const fn uri(self) -> &'static str {
                match self {
                    $(Self::$variant => $uri,)*
                }
            }

            /// What its names are written with; without one they are written under a default namespace.
            pub(super) const fn prefix(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => $prefix,)*
                }
            }

            /// The namespace of this exact name, letter case included.
            ///
            /// Differs: the namespace of discovery is also known with a slash at its end, since clients were documented with it.
            pub fn of(uri: &str) -> Option<Self> {
                match uri {
                    $($uri => Some(Self::$variant),)*
                    "http://schemas.microsoft.com/windows/management/2012/01/enrollment/" => Some(Self::Discovery),
                    _ => None,
                }
            }
        }
    };
}

namespaces! {
    /// No namespace.
    Bare = None, "";
    /// The prefix `xml` itself, which is never declared.
    Xml = Some("xml"), "http://www.w3.org/XML/1998/namespace";
    /// `xsi:nil` of XML Schema Part 1.
    SchemaInstance = Some("xsi"), "http://www.w3.org/2001/XMLSchema-instance";
    /// SOAP 1.2.
    Soap = Some("s"), "http://www.w3.org/2003/05/soap-envelope";
    /// WS-Addressing 1.0.
    Addressing = Some("a"), "http://www.w3.org/2005/08/addressing";
    /// WS-Security, what is not a credential: `Timestamp`, `Id`.
    Utility = Some("u"), "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    /// WS-Security: the header and its tokens.
    Security = Some("o"), "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    /// WS-Trust 1.3.
    Trust = None, "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
    /// Claims of WS-Federation: `AdditionalContext` ([MS-MDE2] 3.4.4.1).
    Authorization = Some("ac"), "http://schemas.xmlsoap.org/ws/2006/12/authorization";
    /// `ActivityId`, which clients write into their log.
    Diagnostics = None, "http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics";
    /// Subcodes of faults that are a dispatcher's, not the service's. Written with the prefix that clients know them by.
    Dispatcher = Some("a"), "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher";
    /// Discovery ([MS-MDE2] 3.1).
    Discovery = None, "http://schemas.microsoft.com/windows/management/2012/01/enrollment";
    /// Certificate policies ([MS-XCEP]).
    Policy = None, "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy";
    /// Certificate enrollment ([MS-WSTEP]).
    Enrollment = None, "http://schemas.microsoft.com/windows/pki/2009/01/enrollment";
    /// SyncML of OMA-DM 1.2.
    SyncMl = None, "SYNCML:SYNCML1.2";
    /// Meta information of SyncML.
    MetInf = None, "syncml:metinf";
    /// Microsoft's additions to SyncML statuses: `originalerror`.
    MsftMdm = Some("msft"), "http://schemas.microsoft.com/MobileDevice/MDM";
}

#[cfg(test)]
mod tests {
    use super::Ns;

    #[test]
    fn exact_names_only() {
        for (uri, expected) in [
            ("", Some(Ns::Bare)),
            ("http://www.w3.org/2003/05/soap-envelope", Some(Ns::Soap)),
            ("http://schemas.xmlsoap.org/soap/envelope/", None),
            ("HTTP://www.w3.org/2003/05/soap-envelope", None),
            ("syncml:syncml1.2", None),
            (
                "http://schemas.microsoft.com/windows/management/2012/01/enrollment/",
                Some(Ns::Discovery),
            ),
        ] {
            assert_eq!(Ns::of(uri), expected, "{uri}");
        }
    }
}
