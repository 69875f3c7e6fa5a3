//! What goes wrong at the command line: every message names the place and what to do about it.

use std::{fmt, io, path::Path};

/// An error with the exit status it leads to.
#[derive(Debug)]
pub enum Failure {
    /// The request cannot be understood: exit status 2.
    Usage(String),
    /// The request was understood, the work failed: exit status 1.
    Work(String),
    /// The work failed and everything has been said already: exit status 1, no message.
    Silent,
}

pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub fn work(message: impl Into<String>) -> Self {
        Self::Work(message.into())
    }
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }
    /// An input/output error at `path`, while doing `what` ("read", "create", …).
    pub fn io(what: &str, path: &Path, error: &io::Error) -> Self {
        Self::Work(format!("{}: cannot {what}: {error}", path.display()))
    }
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Work(_) | Self::Silent => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Work(message) => out.write_str(message),
            Self::Silent => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

/// Names the path in an input/output error.
pub trait AtPath<T> {
    fn at(self, what: &str, path: &Path) -> Result<T>;
}

impl<T> AtPath<T> for io::Result<T> {
    fn at(self, what: &str, path: &Path) -> Result<T> {
        self.map_err(|error| Failure::io(what, path, &error))
    }
}
