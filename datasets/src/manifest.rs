//! `manifest.json`: what a data set holds and how it was made. It is the truth about which parts belong to the data
//! set; a part that it does not list is on its way in or on its way out.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    error::{DataError, one_line},
    load::file_sha256,
    meta::hex,
    part,
    schema::{SCHEMA_VERSION, Side, Table},
};

pub(crate) const FILE: &str = "manifest.json";

/// How a data set came to be, in the words of whoever made it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HowMade {
    pub title: String,
    /// The command that makes it again.
    pub command: String,
    pub description: String,
    /// Licences of the programs that were run.
    pub licences: Vec<String>,
    /// Digest of everything that determines which runs there will be; empty where nothing was planned.
    pub plan_sha256: String,
    /// Host, build and whatever else the runs depended on, by name.
    pub environment: BTreeMap<String, String>,
}

/// One part as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManifestPart {
    /// Relative to the root, with `/`.
    pub path: String,
    pub table: Table,
    pub side: Side,
    pub rows: usize,
    pub bytes: u64,
    pub sha256: String,
}

impl ManifestPart {
    /// Compares the file with its size and digest.
    ///
    /// # Errors
    /// [`DataError::Altered`], [`DataError::Io`].
    pub(crate) fn check(&self, root: &Path) -> Result<(), DataError> {
        let path = root.join(&self.path);
        let altered = |detail: String| Err(DataError::Altered { path: path.clone(), detail });
        if !path.exists() {
            return altered(format!("listed in {FILE} but missing"));
        }
        let bytes = std::fs::metadata(&path).map_err(DataError::io(&path, "read the part"))?.len();
        if bytes != self.bytes {
            return altered(format!("{bytes} bytes, {} in {FILE}", self.bytes));
        }
        if file_sha256(&path)? != self.sha256 {
            return altered(format!("its digest differs from {FILE}"));
        }
        Ok(())
    }
}

/// `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub schema_version: String,
    /// Every planned run is there.
    pub complete: bool,
    /// `None` where runs are added as they come.
    pub planned_runs: Option<usize>,
    /// SHA-256 over paths and digests of the core parts.
    pub core_sha256: String,
    pub how_made: HowMade,
    /// Rows per table.
    pub rows: BTreeMap<String, usize>,
    /// Sorted by path.
    pub parts: Vec<ManifestPart>,
}

impl Manifest {
    pub(crate) fn new(how_made: HowMade, planned_runs: Option<usize>) -> Manifest {
        let mut manifest = Manifest {
            schema_version: SCHEMA_VERSION.to_owned(),
            complete: planned_runs.is_none(),
            planned_runs,
            core_sha256: String::new(),
            how_made,
            rows: BTreeMap::new(),
            parts: Vec::new(),
        };
        manifest.summarise();
        manifest
    }

    /// Reads `root/manifest.json`; `None` where there is none.
    ///
    /// # Errors
    /// [`DataError::SchemaVersion`]; [`DataError::Manifest`] for text that is not a manifest.
    pub fn load(root: &Path) -> Result<Option<Manifest>, DataError> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: String,
        }
        let path = root.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path).map_err(DataError::io(&path, "read the manifest"))?;
        let spoiled = |line, column, detail: &str| DataError::Manifest {
            path: path.clone(),
            line,
            column,
            detail: one_line(detail),
        };
        let unreadable = |error: serde_json::Error| spoiled(error.line(), error.column(), &error.to_string());
        // Another version may differ in everything else.
        let Version { schema_version: found } = serde_json::from_str(&text).map_err(unreadable)?;
        if found != SCHEMA_VERSION {
            return Err(DataError::SchemaVersion { path, found });
        }
        let manifest: Manifest = serde_json::from_str(&text).map_err(unreadable)?;
        // Parts are read, and in compaction removed: never outside of the data set.
        let below = |part: &ManifestPart| Path::new(&part.path).components().all(|c| matches!(c, Component::Normal(_)));
        match manifest.parts.iter().find(|part| !below(part)) {
            Some(part) => Err(spoiled(1, 1, &format!("part `{}` lies outside of the data set", part.path))),
            None => Ok(Some(manifest)),
        }
    }

    /// Puts what follows from the parts in order, and writes the manifest.
    pub(crate) fn write(&mut self, root: &Path) -> Result<(), DataError> {
        self.summarise();
        let text = serde_json::to_string_pretty(self).map_err(|error| DataError::Internal(error.to_string()))?;
        part::write_text(&root.join(FILE), &(text + "\n"))
    }

    fn summarise(&mut self) {
        self.parts.sort_by(|a, b| a.path.cmp(&b.path));
        self.rows = self.listed_rows();
        self.core_sha256 = self.listed_digest();
    }

    /// Rows per table, of the parts.
    fn listed_rows(&self) -> BTreeMap<String, usize> {
        let mut rows: BTreeMap<String, usize> =
            Table::ALL.into_iter().map(|table| (table.name().to_owned(), 0)).collect();
        for part in self.parts.iter().filter(|part| part.side == Side::Core) {
            *rows.entry(part.table.name().to_owned()).or_default() += part.rows;
        }
        rows
    }

    /// One digest over the core parts, by their paths and digests.
    pub(crate) fn listed_digest(&self) -> String {
        let mut hash = Sha256::new();
        for part in self.parts.iter().filter(|part| part.side == Side::Core) {
            hash.update(part.path.as_bytes());
            hash.update([0]);
            hash.update(part.sha256.as_bytes());
        }
        hex(&hash.finalize())
    }

    /// Where its figures are not those of the parts that it lists.
    pub(crate) fn contradictions(&self, root: &Path) -> Vec<DataError> {
        let mut found = Vec::new();
        if self.core_sha256 != self.listed_digest() {
            found.push("its core_sha256 is not that of its parts".to_owned());
        }
        let rows = self.listed_rows();
        let tables: BTreeSet<&String> = self.rows.keys().chain(rows.keys()).collect();
        for table in tables {
            let [said, listed] = [&self.rows, &rows].map(|rows| rows.get(table).copied().unwrap_or(0));
            if said != listed {
                found.push(format!("{said} rows of `{table}`, its parts have {listed}"));
            }
        }
        let runs = rows.get(Table::Run.name()).copied().unwrap_or(0);
        if let Some(planned) = self.planned_runs.filter(|planned| runs > *planned || self.complete && runs < *planned) {
            let state = if self.complete { "complete" } else { "unfinished" };
            found.push(format!("{state} with {planned} planned runs, its parts have {runs}"));
        }
        found.into_iter().map(|detail| DataError::Altered { path: root.join(FILE), detail }).collect()
    }
}
