//! What can go wrong between the event seam and a training view. Every message names the file, the place in it and
//! what to do.

use std::path::{Path, PathBuf};

use crate::schema::SCHEMA_VERSION;

/// What to do about a data set that is not as it was written: no part of it can be made again alone.
pub(crate) const RESTORE: &str = "restore it from a copy, or collect into a new folder";

/// An error of this crate; the text is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        path: PathBuf,
        action: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("{}: no such directory; give the data set's root, or make one with `trinity collect … --out DIR`", .0.display())]
    MissingDirectory(PathBuf),
    #[error(
        "{}: no manifest.json and no table `{table}`: nothing has been stored here; is this the root of a data set?",
        path.display()
    )]
    EmptyTable { path: PathBuf, table: &'static str },
    #[error("{}: not a complete Parquet file ({detail}); {RESTORE}", path.display())]
    Corrupt { path: PathBuf, detail: String },
    #[error("{}: {detail}; {RESTORE}", path.display())]
    Altered { path: PathBuf, detail: String },
    #[error(
        "{}: schema_version is {found}, this build reads {}, which has columns that version did not record; use the \
         build that wrote it, or collect again",
        path.display(), SCHEMA_VERSION
    )]
    SchemaVersion { path: PathBuf, found: String },
    #[error("{}: table `{table}`: {detail}; collect again with this build", path.display())]
    SchemaMismatch { path: PathBuf, table: &'static str, detail: String },
    #[error("{}: not a usable spool: {detail}", path.display())]
    Spool { path: PathBuf, detail: String },
    #[error(
        "{}: parts without manifest.json, which says what belongs to the data set; {RESTORE}", .0.display()
    )]
    NoManifest(PathBuf),
    #[error("{}: is unfinished; collecting ends with this by itself", .0.display())]
    Unfinished(PathBuf),
    #[error("{}: holds a collection, whose runs are planned; choose another folder", .0.display())]
    Planned(PathBuf),
    #[error("{}: line {line}, column {column}: {detail}; {RESTORE}", path.display())]
    Manifest { path: PathBuf, line: usize, column: usize, detail: String },
    #[error("column `{column}` cannot be a feature: {reason}")]
    Leak { column: String, reason: String },
    #[error("column `{column}` cannot be a feature: it identifies a run, program or function; drop it")]
    RawIdentifier { column: String },
    #[error(
        "column `{column}` cannot be a feature: a policy does not see it when it decides; choose from trinity_vm::seam::Feature"
    )]
    NotAPolicyInput { column: String },
    #[error("no column `{column}`; the features are: {known}")]
    UnknownColumn { column: String, known: String },
    #[error("family `{family}` is for training only, but stands in split `{split}`; collect it with split `train`")]
    TrainingOnly { family: String, split: String },
    #[error("{}: no rows to learn from: {detail}", path.display())]
    NoRows { path: PathBuf, detail: String },
    #[error("{count} functions (first: {first:016x}) stand on both sides of the split; purge them or split by family")]
    SplitOverlap { count: usize, first: u64 },
    #[error("{}: {detail}", path.display())]
    NoSuchRun { path: PathBuf, detail: String },
    #[error("split `{split}`: {detail}")]
    Split { split: String, detail: String },
    #[error("internal: {0}; please report this")]
    Internal(String),
}

impl DataError {
    /// The file or folder that the text names, if any.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Io { path, .. }
            | Self::MissingDirectory(path)
            | Self::EmptyTable { path, .. }
            | Self::Corrupt { path, .. }
            | Self::Altered { path, .. }
            | Self::SchemaVersion { path, .. }
            | Self::SchemaMismatch { path, .. }
            | Self::Spool { path, .. }
            | Self::NoManifest(path)
            | Self::Unfinished(path)
            | Self::Planned(path)
            | Self::Manifest { path, .. }
            | Self::NoRows { path, .. }
            | Self::NoSuchRun { path, .. } => Some(path),
            Self::Leak { .. }
            | Self::RawIdentifier { .. }
            | Self::NotAPolicyInput { .. }
            | Self::UnknownColumn { .. }
            | Self::TrainingOnly { .. }
            | Self::SplitOverlap { .. }
            | Self::Split { .. }
            | Self::Internal(_) => None,
        }
    }

    pub(crate) fn io<'a>(path: &'a Path, action: &'static str) -> impl FnOnce(std::io::Error) -> DataError + 'a {
        move |source| DataError::Io { path: path.to_owned(), action, source }
    }
}

impl From<polars::error::PolarsError> for DataError {
    fn from(error: polars::error::PolarsError) -> Self {
        DataError::Internal(one_line(&error.to_string()))
    }
}

/// Messages of other libraries may have several lines; ours have one.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
