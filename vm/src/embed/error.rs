//! What can go wrong between Rust and Lua.

use std::{error::Error as StdError, fmt, rc::Rc};

use super::Value;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call from Rust to Lua failed, and what a Rust function throws in Lua.
///
/// It holds handles, so it is neither `Send` nor `Sync`; [`ToString::to_string`] is what crosses threads.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A chunk does not compile.
    #[error("{message}")]
    Syntax {
        /// The whole text, `chunk:line:` included.
        message: String,
        /// 0 for an error that names no line.
        line: u32,
        /// The text may be the beginning of a valid chunk: a prompt would ask for more.
        incomplete: bool,
    },
    /// A Lua program threw.
    #[error("{}", .0.message)]
    Runtime(Box<RuntimeError>),
    /// A value is not what was asked for.
    #[error("{}{expected} expected, got {got}", Place(*.argument))]
    Conversion {
        expected: &'static str,
        /// The type that was found, or what is wrong with the value.
        got: String,
        /// Position among the arguments or results, from 1; 0 when it was a value on its own.
        argument: usize,
    },
    /// The limit of [`Builder::memory_limit`](super::Builder::memory_limit), or what the system gives, is used up.
    #[error("not enough memory")]
    Memory,
    /// A handle was used with a VM that it does not belong to.
    #[error("a handle was used with another VM than its own")]
    ForeignHandle,
    /// A Rust value is borrowed in a way that excludes this use: a method that changes an object was called while
    /// another method of it runs, or a `FnMut` calls itself.
    #[error("{0} is in use")]
    Borrowed(&'static str),
    /// An error of a Rust function. What Lua throws because of it has the text as its message, and reaches Rust as
    /// [`Error::Runtime`] with this as its source.
    #[error("{0}")]
    External(Rc<dyn StdError>),
    /// A message for Lua: it gets the position of the caller in front.
    #[error("{0}")]
    Message(String),
}

/// What a Lua program threw.
#[derive(Clone, Debug)]
pub struct RuntimeError {
    /// The error value as text.
    pub message: String,
    /// `stack traceback:` and the calls that were running, one per line.
    pub traceback: String,
    /// The error value itself.
    pub value: Value,
    /// The error of the Rust function that threw it.
    pub source: Option<Rc<dyn StdError>>,
}

struct Place(usize);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0 { write!(f, "value #{}: ", self.0) } else { Ok(()) }
    }
}

impl Error {
    /// An error of a Rust function.
    pub fn external(error: impl Into<Box<dyn StdError>>) -> Error {
        Error::External(Rc::from(error.into()))
    }

    /// A message for Lua.
    pub fn message(text: impl Into<String>) -> Error {
        Error::Message(text.into())
    }

    /// The error of the Rust function that began it, if one did.
    pub fn cause(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Error::Runtime(error) => error.source.as_deref(),
            Error::External(error) => Some(&**error),
            _ => None,
        }
    }

    pub(crate) fn conversion(expected: &'static str, got: impl Into<String>) -> Error {
        Error::Conversion { expected, got: got.into(), argument: 0 }
    }

    /// The same error, of the value at a position.
    pub(crate) fn at(mut self, position: usize) -> Error {
        if let Error::Conversion { argument, .. } = &mut self
            && *argument == 0
        {
            *argument = position;
        }
        self
    }
}

impl From<String> for Error {
    fn from(text: String) -> Self {
        Error::Message(text)
    }
}

impl From<&str> for Error {
    fn from(text: &str) -> Self {
        Error::Message(text.to_owned())
    }
}

macro_rules! from_external {
    ($($type:ty),* $(,)?) => {$(
        impl From<$type> for Error {
            fn from(error: $type) -> Self {
                Error::external(error)
            }
        }
    )*};
}
from_external!(
    Box<dyn StdError>,
    fmt::Error,
    std::io::Error,
    std::num::ParseFloatError,
    std::num::ParseIntError,
    std::num::TryFromIntError,
    std::str::Utf8Error,
    std::string::FromUtf8Error,
);

impl From<Box<dyn StdError + Send + Sync>> for Error {
    fn from(error: Box<dyn StdError + Send + Sync>) -> Self {
        let error: Box<dyn StdError> = error;
        Error::external(error)
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
