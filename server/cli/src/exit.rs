//! Exit codes: what a script learns without reading text.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    Done,
    /// 1: the command line, the configuration, or what they name is wrong.
    Usage,
    /// 2: an input file is wrong.
    Input,
    /// 3: it could not be done: no connection, a server that refused, a full disk.
    Runtime,
    /// 4: something is not as it has to be.
    #[cfg_attr(
        not(feature = "sim"),
        expect(dead_code, reason = "only simulated devices are judged so far")
    )]
    Assertion,
    /// 5: what was waited for did not happen in time.
    TimedOut,
    /// 130: interrupted, or 128 + signal in general.
    Signal(u8),
    /// What the command of `exec` returned.
    Child(u8),
}

impl Exit {
    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Usage => 1,
            Self::Input => 2,
            Self::Runtime => 3,
            Self::Assertion => 4,
            Self::TimedOut => 5,
            Self::Signal(signal) => 128_u8.saturating_add(signal),
            Self::Child(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for (exit, code) in [
            (Exit::Done, 0),
            (Exit::Usage, 1),
            (Exit::Input, 2),
            (Exit::Runtime, 3),
            (Exit::Assertion, 4),
            (Exit::TimedOut, 5),
            (Exit::Signal(2), 130),
            (Exit::Signal(200), 255),
            (Exit::Child(42), 42),
        ] {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }
}
