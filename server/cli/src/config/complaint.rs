//! One thing wrong with the configuration.

/// One thing wrong with the configuration. They are collected and told together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// Where: a flag, a variable, a line of the file.
    pub(crate) at: String,
    /// What is wrong.
    pub(crate) text: String,
    /// What was probably meant.
    pub(crate) hint: Option<String>,
}
