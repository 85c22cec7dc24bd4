use super::{Name, Ns, character};

/// Writes one document: names are fixed, text is always escaped, namespaces declare themselves where they are needed.
///
/// No XML declaration, no white space between elements, UTF-8.
#[derive(Debug)]
pub struct Writer {
    out: String,
    open: &'static str,
    default: Ns,
    declared: Vec<Ns>,
    error: Option<WriteError>,
}

/// Why a document was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A text holds a character that XML cannot carry, escaped or not (XML 1.0 section 2.2).
    #[error("character U+{code:04X} in `{name}` cannot be written in XML")]
    Character {
        /// The element or attribute.
        name: &'static str,
        /// The code point.
        code: u32,
    },
}

impl Writer {
    /// Writes a whole document. Prefixes in `declare` are declared at the root, others where they are first used.
    pub fn document(
        root: Name,
        declare: &[Ns],
        attributes: &[(Name, &str)],
        content: impl FnOnce(&mut Self),
    ) -> Result<String, WriteError> {
        let mut writer = Self {
            out: String::new(),
            open: root.1,
            default: Ns::Bare,
            declared: vec![Ns::Xml],
            error: None,
        };
        writer.put(root, declare, attributes, content);
        match writer.error {
            None => Ok(writer.out),
            Some(error) => Err(error),
        }
    }

    /// An element with its content.
    pub fn element(
        &mut self,
        name: Name,
        attributes: &[(Name, &str)],
        content: impl FnOnce(&mut Self),
    ) {
        self.put(name, &[], attributes, content);
    }

    /// An element that holds nothing but a text.
    pub fn leaf(&mut self, name: Name, text: &str) {
        self.leaf_with(name, &[], text);
    }

    /// An element with attributes that holds nothing but a text.
    pub fn leaf_with(&mut self, name: Name, attributes: &[(Name, &str)], text: &str) {
        self.put(name, &[], attributes, |w| w.text(text));
    }

    /// A text inside the element that is open, beside other content.
    pub fn text(&mut self, text: &str) {
        self.escaped(self.open, text, false);
    }

    /// An element with nothing in it.
    pub fn empty(&mut self, name: Name, attributes: &[(Name, &str)]) {
        self.put(name, &[], attributes, |_| {});
    }

    /// An element whose text is a name (`QName`); its prefix is declared on this element, whatever it meant outside.
    pub fn qualified(&mut self, name: Name, value: Name) {
        self.put(name, &[value.0], &[], |w| w.name(value));
    }

    /// How many bytes were written so far, end tags of open elements not included.
    pub fn written(&self) -> usize {
        self.out.len()
    }

    fn put(
        &mut self,
        name: Name,
        declare: &[Ns],
        attributes: &[(Name, &str)],
        content: impl FnOnce(&mut Self),
    ) {
        let (outer, default, declared) = (self.open, self.default, self.declared.len());
        self.open = name.1;
        self.out.push('<');
        self.name(name);
        if name.0.prefix().is_none() && name.0 != self.default {
            self.default = name.0;
            self.attribute("xmlns", name.1, name.0.uri());
        }
        self.declare(name.0);
        for &ns in declare {
            self.declare(ns);
        }
        for &((ns, local), value) in attributes {
            self.declare(ns);
            self.out.push(' ');
            self.name((ns, local));
            self.value(local, value);
        }
        self.out.push('>');
        let start = self.out.len();
        content(self);
        if self.out.len() == start {
            self.out.pop();
            self.out.push_str("/>");
        } else {
            self.out.push_str("</");
            self.name(name);
            self.out.push('>');
        }
        self.open = outer;
        self.default = default;
        self.declared.truncate(declared);
    }

    fn declare(&mut self, ns: Ns) {
        let Some(prefix) = ns.prefix() else { return };
        let bound = self
            .declared
            .iter()
            .rev()
            .find(|bound| bound.prefix() == Some(prefix));
        if bound == Some(&ns) {
            return;
        }
        self.declared.push(ns);
        self.out.push_str(" xmlns:");
        self.out.push_str(prefix);
        self.value(prefix, ns.uri());
    }

    fn attribute(&mut self, written: &'static str, name: &'static str, value: &str) {
        self.out.push(' ');
        self.out.push_str(written);
        self.value(name, value);
    }

    fn value(&mut self, name: &'static str, value: &str) {
        self.out.push_str("=\"");
        self.escaped(name, value, true);
        self.out.push('"');
    }

    fn name(&mut self, (ns, local): Name) {
        if let Some(prefix) = ns.prefix() {
            self.out.push_str(prefix);
            self.out.push(':');
        }
        self.out.push_str(local);
    }

    /// Besides what must be escaped, whatever a reader would normalize away: carriage returns, and in attributes all
    /// white space but blanks (XML 1.0 sections 2.11 and 3.3.3).
    fn escaped(&mut self, name: &'static str, text: &str, in_attribute: bool) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\r' => self.out.push_str("&#xD;"),
                '"' if in_attribute => self.out.push_str("&quot;"),
                '\n' if in_attribute => self.out.push_str("&#xA;"),
                '\t' if in_attribute => self.out.push_str("&#x9;"),
                c if character::is_allowed(c) => self.out.push(c),
                c => {
                    let code = c.into();
                    self.error
                        .get_or_insert(WriteError::Character { name, code });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ns, WriteError, Writer};

    #[test]
    fn namespaces_are_declared_where_they_are_needed() {
        let document = Writer::document((Ns::Soap, "Envelope"), &[Ns::Addressing], &[], |w| {
            w.leaf_with(
                (Ns::Addressing, "Action"),
                &[((Ns::Soap, "mustUnderstand"), "1")],
                "x",
            );
            w.element((Ns::Trust, "Outer"), &[], |w| {
                w.leaf((Ns::Trust, "Same"), "1");
                w.empty(
                    (Ns::Enrollment, "Other"),
                    &[((Ns::SchemaInstance, "nil"), "true")],
                );
                w.empty(
                    (Ns::Trust, "Same"),
                    &[((Ns::SchemaInstance, "nil"), "true")],
                );
            });
            w.empty((Ns::Bare, "none"), &[]);
        });
        insta::assert_snapshot!(document.unwrap(), @r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><a:Action s:mustUnderstand="1">x</a:Action><Outer xmlns="http://docs.oasis-open.org/ws-sx/ws-trust/200512"><Same>1</Same><Other xmlns="http://schemas.microsoft.com/windows/pki/2009/01/enrollment" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/><Same xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/></Outer><none/></s:Envelope>"#);
    }

    #[test]
    fn a_prefix_can_mean_something_else_inside() {
        let document = Writer::document((Ns::Addressing, "out"), &[], &[], |w| {
            w.qualified((Ns::Soap, "Value"), (Ns::Dispatcher, "ActionMismatch"));
            w.empty((Ns::Addressing, "in"), &[]);
        });
        insta::assert_snapshot!(document.unwrap(), @r#"<a:out xmlns:a="http://www.w3.org/2005/08/addressing"><s:Value xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher">a:ActionMismatch</s:Value><a:in/></a:out>"#);
    }

    #[test]
    fn text_beside_elements() {
        let document = Writer::document((Ns::Bare, "a"), &[], &[], |w| {
            w.text("<");
            w.empty((Ns::Bare, "b"), &[]);
            w.text("&");
        });
        insta::assert_snapshot!(document.unwrap(), @"<a>&lt;<b/>&amp;</a>");
        let document = Writer::document((Ns::Bare, "a"), &[], &[], |w| {
            w.empty((Ns::Bare, "b"), &[]);
            w.text("\0");
        });
        assert_eq!(document, Err(WriteError::Character { name: "a", code: 0 }));
    }

    #[test]
    fn hostile_text_is_escaped() {
        let document = Writer::document(
            (Ns::Bare, "a"),
            &[],
            &[((Ns::Bare, "b"), "& < > \" ' é\t\r\n")],
            |w| {
                w.leaf((Ns::Bare, "c"), "& < > \" ' é\t\r\n ]]>");
            },
        );
        insta::assert_snapshot!(document.unwrap(), @r#"<a b="&amp; &lt; &gt; &quot; ' é&#x9;&#xD;&#xA;"><c>&amp; &lt; &gt; " ' é	&#xD;
 ]]&gt;</c></a>"#);
    }

    #[test]
    fn what_xml_cannot_carry_is_an_error() {
        let document = Writer::document((Ns::Bare, "a"), &[], &[], |w| {
            w.leaf((Ns::Bare, "b"), "x\u{1}y\0");
        });
        assert_eq!(document, Err(WriteError::Character { name: "b", code: 1 }));
        assert_eq!(
            document.unwrap_err().to_string(),
            "character U+0001 in `b` cannot be written in XML"
        );
    }
}
