//! Finds and reads the parts of a data set.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use polars::prelude::DataFrame;
use sha2::{Digest, Sha256};

use crate::{
    error::DataError,
    meta::hex,
    part,
    schema::{SCHEMA_VERSION, Table},
};

/// A part file of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub path: PathBuf,
    /// Relative to the root, with `/`.
    pub name: String,
    pub table: Table,
}

/// A data set on disk. Opening it lists its parts; tables are read when asked for.
#[derive(Clone, Debug)]
pub struct Dataset {
    root: PathBuf,
    parts: Vec<Part>,
}

impl Dataset {
    /// Lists the parts below `root`, in order of their names.
    ///
    /// # Errors
    /// [`DataError::MissingDirectory`]; [`DataError::SchemaVersion`] when only other versions are there;
    /// [`DataError::EmptyTable`] when there are no runs.
    pub fn open(root: &Path) -> Result<Dataset, DataError> {
        if !root.is_dir() {
            return Err(DataError::MissingDirectory(root.to_owned()));
        }
        let version_dir = root.join(format!("schema={SCHEMA_VERSION}"));
        if !version_dir.is_dir() {
            let other = subdirectories(root)?.into_iter().find_map(|dir| {
                dir.file_name()?.to_str()?.strip_prefix("schema=").map(|version| (version.to_owned(), dir.clone()))
            });
            return Err(match other {
                Some((found, path)) => DataError::SchemaVersion { path, found },
                None => DataError::EmptyTable { path: root.to_owned(), table: Table::Run.name() },
            });
        }
        let mut parts = Vec::new();
        for suite in subdirectories(&version_dir)? {
            for kind in subdirectories(&suite)? {
                for table in Table::ALL {
                    let dir = kind.join(table.name());
                    if dir.is_dir() {
                        list_parts(root, &dir, table, &mut parts)?;
                    }
                }
            }
        }
        parts.sort_by(|a, b| a.name.cmp(&b.name));
        if !parts.iter().any(|part| part.table == Table::Run) {
            return Err(DataError::EmptyTable { path: root.to_owned(), table: Table::Run.name() });
        }
        Ok(Dataset { root: root.to_owned(), parts })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All parts, sorted by name.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Reads columns (all when `None`) of a table; an empty frame when no run filled it.
    ///
    /// # Errors
    /// [`DataError::Corrupt`], [`DataError::SchemaVersion`], [`DataError::SchemaMismatch`], each naming the part.
    pub fn table(&self, table: Table, columns: Option<&[&str]>) -> Result<DataFrame, DataError> {
        let mut whole: Option<DataFrame> = None;
        for part in self.parts.iter().filter(|part| part.table == table) {
            let frame = part::read(&part.path, table, columns)?;
            match &mut whole {
                Some(whole) => {
                    whole.vstack_mut_owned(frame)?;
                }
                None => whole = Some(frame),
            }
        }
        match whole {
            Some(frame) => Ok(frame),
            None => {
                let empty = DataFrame::empty_with_schema(&table.polars_schema());
                Ok(match columns {
                    Some(columns) => empty.select(columns.iter().copied())?,
                    None => empty,
                })
            }
        }
    }

    /// Rows of a table, from the footers.
    ///
    /// # Errors
    /// As [`Dataset::table`].
    pub fn rows(&self, table: Table) -> Result<usize, DataError> {
        self.parts.iter().filter(|part| part.table == table).map(|part| part::rows(&part.path, table)).sum()
    }

    /// SHA-256 over names and contents of all parts: what a model says it was trained on.
    ///
    /// # Errors
    /// [`DataError::Io`].
    pub fn digest(&self) -> Result<String, DataError> {
        let mut hash = Sha256::new();
        for part in &self.parts {
            hash.update(part.name.as_bytes());
            hash.update([0]);
            hash.update(file_sha256(&part.path)?.as_bytes());
        }
        Ok(hex(&hash.finalize()))
    }
}

/// Subdirectories, sorted.
fn subdirectories(dir: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(DataError::io(dir, "list the directory"))? {
        let path = entry.map_err(DataError::io(dir, "list the directory"))?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn list_parts(root: &Path, dir: &Path, table: Table, parts: &mut Vec<Part>) -> Result<(), DataError> {
    for entry in std::fs::read_dir(dir).map_err(DataError::io(dir, "list the directory"))? {
        let path = entry.map_err(DataError::io(dir, "list the directory"))?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if file.starts_with(part::TEMPORARY) || !file.ends_with(".parquet") {
            continue;
        }
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let name = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        parts.push(Part { path, name, table });
    }
    Ok(())
}

/// Hexadecimal SHA-256 of a file.
pub(crate) fn file_sha256(path: &Path) -> Result<String, DataError> {
    let mut file = File::open(path).map_err(DataError::io(path, "open the part"))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(DataError::io(path, "read the part"))? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}
