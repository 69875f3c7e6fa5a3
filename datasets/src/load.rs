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
    manifest::{Manifest, ManifestPart},
    meta::hex,
    part,
    schema::{SCHEMA_VERSION, Side, Table, polars_schema},
};

/// A part file of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub path: PathBuf,
    /// Relative to the root, with `/`.
    pub name: String,
    pub table: Table,
    pub side: Side,
    pub rows: usize,
}

/// A data set on disk. Opening it lists its parts; tables are read when asked for.
#[derive(Clone, Debug)]
pub struct Dataset {
    root: PathBuf,
    parts: Vec<Part>,
    manifest: Manifest,
}

impl Dataset {
    /// Lists the parts below `root` that its manifest names. A data set that is still being made can be opened too:
    /// it holds the runs that have been stored so far.
    ///
    /// # Errors
    /// [`DataError::MissingDirectory`], [`DataError::SchemaVersion`], [`DataError::NoManifest`],
    /// [`DataError::EmptyTable`] when nothing is there, and whatever is wrong with the manifest.
    pub fn open(root: &Path) -> Result<Dataset, DataError> {
        if !root.is_dir() {
            return Err(DataError::MissingDirectory(root.to_owned()));
        }
        match Manifest::load(root)? {
            Some(manifest) => Ok(Dataset::of(root, &manifest)),
            None => {
                Dataset::refuse_other_versions(root)?;
                Err(DataError::EmptyTable { path: root.to_owned(), table: Table::Run.name() })
            }
        }
    }

    pub(crate) fn of(root: &Path, manifest: &Manifest) -> Dataset {
        let part = |listed: &ManifestPart| Part {
            path: root.join(&listed.path),
            name: listed.path.clone(),
            table: listed.table,
            side: listed.side,
            rows: listed.rows,
        };
        Dataset { root: root.to_owned(), parts: manifest.parts.iter().map(part).collect(), manifest: manifest.clone() }
    }

    /// For a directory without a manifest: are there parts all the same?
    pub(crate) fn refuse_other_versions(root: &Path) -> Result<(), DataError> {
        for path in subdirectories(root)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match name.strip_prefix("schema=") {
                Some(SCHEMA_VERSION) => return Err(DataError::NoManifest(root.to_owned())),
                Some(found) => return Err(DataError::SchemaVersion { found: found.to_owned(), path }),
                None => {}
            }
        }
        Ok(())
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every planned run is there.
    pub fn is_complete(&self) -> bool {
        self.manifest.complete
    }

    /// All parts, sorted by name.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Reads columns (all when `None`) of a table, whichever side they are stored on; an empty frame when no run
    /// filled it.
    ///
    /// # Errors
    /// [`DataError::Corrupt`], [`DataError::SchemaVersion`], [`DataError::SchemaMismatch`], each naming the part.
    pub fn table(&self, table: Table, columns: Option<&[&str]>) -> Result<DataFrame, DataError> {
        let mut whole: Option<DataFrame> = None;
        for frame in self.frames(table, columns) {
            match &mut whole {
                Some(whole) => {
                    whole.vstack_mut_owned(frame?)?;
                }
                None => whole = Some(frame?),
            }
        }
        match whole {
            Some(frame) => Ok(frame),
            None => {
                let empty = DataFrame::empty_with_schema(&polars_schema(table.columns().iter()));
                Ok(match columns {
                    Some(columns) => empty.select(columns.iter().copied())?,
                    None => empty,
                })
            }
        }
    }

    /// [`Dataset::table`], part by part: a whole data set's decisions may not fit into memory.
    pub fn frames<'a>(
        &'a self,
        table: Table,
        columns: Option<&'a [&'a str]>,
    ) -> impl Iterator<Item = Result<DataFrame, DataError>> + 'a {
        let core = self.parts.iter().filter(move |part| part.table == table && part.side == Side::Core);
        core.map(move |part| self.frame(part, columns))
    }

    /// The rows of a core part, with the columns of the host part beside it: they have the same order.
    fn frame(&self, core: &Part, columns: Option<&[&str]>) -> Result<DataFrame, DataError> {
        let names: Vec<&str> = match columns {
            Some(columns) => columns.to_vec(),
            None => core.table.columns().iter().map(|column| column.name).collect(),
        };
        let stored = |side: Side, name: &str| core.table.stored(side).any(|column| column.name == name);
        let (mine, others): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| stored(Side::Core, name));
        if others.is_empty() {
            return Ok(part::read(&core.path, core.table, Side::Core, Some(&mine))?.select(names)?);
        }
        let twin = self.twin(core).ok_or_else(|| DataError::SchemaMismatch {
            path: core.path.clone(),
            table: core.table.name(),
            detail: "its columns that depend on the host are missing".to_owned(),
        })?;
        let mut frame = part::read(&twin.path, core.table, Side::Host, Some(&others))?;
        if frame.height() != core.rows {
            let detail = format!("{} rows, but {} in `{}`", frame.height(), core.rows, core.name);
            return Err(DataError::SchemaMismatch { path: twin.path.clone(), table: core.table.name(), detail });
        }
        if !mine.is_empty() {
            let rest = part::read(&core.path, core.table, Side::Core, Some(&mine))?;
            frame = frame.hstack(rest.columns())?;
        }
        Ok(frame.select(names)?)
    }

    /// The part with the host columns of a core part.
    pub(crate) fn twin(&self, core: &Part) -> Option<&Part> {
        let folder = |side| format!("/{}/", core.table.folder(side));
        let name = core.name.replacen(&folder(Side::Core), &folder(Side::Host), 1);
        self.parts.iter().find(|part| part.side == Side::Host && part.table == core.table && part.name == name)
    }

    /// Rows of a table.
    pub fn rows(&self, table: Table) -> usize {
        let core = self.parts.iter().filter(|part| part.table == table && part.side == Side::Core);
        core.map(|part| part.rows).sum()
    }

    /// What is not as the manifest says: figures, then parts, each of which is read for it.
    pub(crate) fn differences(&self) -> impl Iterator<Item = DataError> + '_ {
        let parts = self.manifest.parts.iter().filter_map(|listed| listed.check(&self.root).err());
        self.manifest.contradictions(&self.root).into_iter().chain(parts)
    }

    /// SHA-256 over names and contents of the core parts, which is what equal runs agree on under the virtual clock:
    /// what a model says it was trained on.
    ///
    /// # Errors
    /// [`DataError::Altered`] when any part is not what the manifest says, [`DataError::Io`].
    pub fn digest(&self) -> Result<String, DataError> {
        match self.differences().next() {
            Some(error) => Err(error),
            None => Ok(self.manifest.listed_digest()),
        }
    }
}

/// Subdirectories, sorted.
pub(crate) fn subdirectories(dir: &Path) -> Result<Vec<PathBuf>, DataError> {
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
