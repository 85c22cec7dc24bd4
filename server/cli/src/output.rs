//! What is printed: results on standard output, prose for `--json` on standard error.

use std::io::{self, Write};

use serde_json::Value;

use crate::failure::Failure;
use crate::table::Table;

/// Where results and prose go.
pub(crate) struct Output {
    json: bool,
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
}

impl Output {
    /// The process's own streams.
    pub(crate) fn standard(json: bool) -> Self {
        Self {
            json,
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
        }
    }

    /// Other streams, for tests.
    #[cfg(test)]
    pub(crate) fn to(
        json: bool,
        out: impl Write + Send + 'static,
        err: impl Write + Send + 'static,
    ) -> Self {
        Self {
            json,
            out: Box::new(out),
            err: Box::new(err),
        }
    }

    /// Whether a program reads standard output.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// The result: `value` for a program, what `people` makes of it for a person.
    pub(crate) fn result(
        &mut self,
        value: &Value,
        people: impl FnOnce(&Value) -> String,
    ) -> Result<(), Failure> {
        let text = if self.json {
            serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
        } else {
            people(value)
        };
        self.text(&text)
    }

    /// The result as a table for a person, as it came for a program.
    pub(crate) fn table(
        &mut self,
        value: &Value,
        table: impl FnOnce(&Value) -> Table,
    ) -> Result<(), Failure> {
        self.result(value, |value| table(value).to_string())
    }

    /// One element of a stream of results: a line.
    pub(crate) fn element(
        &mut self,
        value: &Value,
        people: impl FnOnce(&Value) -> String,
    ) -> Result<(), Failure> {
        let text = if self.json {
            value.to_string()
        } else {
            people(value)
        };
        self.text(&text)
    }

    /// Text on standard output, with a line end where it has none.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        let end = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        write!(self.out, "{text}{end}")
            .and_then(|()| self.out.flush())
            .map_err(Failure::Output)
    }

    /// Bytes on standard output.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out
            .write_all(bytes)
            .and_then(|()| self.out.flush())
            .map_err(Failure::Output)
    }

    /// Prose that is no result: always on standard error.
    pub(crate) fn note(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.err, "{text}")
            .and_then(|()| self.err.flush())
            .map_err(Failure::Output)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Page {
        fn read(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    #[test]
    fn prose_and_json_never_mix() {
        let value = serde_json::json!({"a": 1});
        for (json, out, err) in [
            (true, "{\n  \"a\": 1\n}\n{\"a\":1}\n", "note\n"),
            (false, "prose\nprose\n", "note\n"),
        ] {
            let (stdout, stderr) = (Page::default(), Page::default());
            let mut output = Output::to(json, stdout.clone(), stderr.clone());
            output.result(&value, |_| "prose".to_owned()).unwrap();
            output.element(&value, |_| "prose\n".to_owned()).unwrap();
            output.note("note").unwrap();
            assert_eq!(
                (stdout.read().as_str(), stderr.read().as_str()),
                (out, err),
                "json {json}"
            );
        }
    }
}
