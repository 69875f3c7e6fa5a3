//! What can go wrong with policies and models.

use std::path::{Path, PathBuf};

use trinity_datasets::DataError;

/// An error of this crate; the text is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    #[error("unknown policy `{spec}`; there are: {known}")]
    Unknown { spec: String, known: String },
    #[error("policy `{spec}`: {detail}; write it as `{form}`")]
    Spec { spec: String, detail: String, form: &'static str },
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        path: PathBuf,
        action: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("{}: not a table of rates: {detail}; compare with policy/rates.toml", path.display())]
    Rates { path: PathBuf, detail: String },
    #[error("{}: not a complete model file: {detail}; train it again with `trinity train`", path.display())]
    Model { path: PathBuf, detail: String },
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("cannot train: {0}")]
    Training(String),
}

impl PolicyError {
    pub(crate) fn io<'a>(path: &'a Path, action: &'static str) -> impl FnOnce(std::io::Error) -> PolicyError + 'a {
        move |source| PolicyError::Io { path: path.to_owned(), action, source }
    }
}
