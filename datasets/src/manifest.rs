//! `manifest.json` and `card.md`: what a data set holds and how it was made.

use std::{collections::BTreeMap, fmt::Write, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    error::{DataError, one_line},
    load::{Dataset, file_sha256},
    part,
    schema::{SCHEMA_VERSION, Table},
};

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
}

/// One part as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManifestPart {
    /// Relative to the root.
    pub path: String,
    pub table: String,
    pub rows: usize,
    pub bytes: u64,
    pub sha256: String,
}

/// `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub schema_version: String,
    pub how_made: HowMade,
    /// Rows per table.
    pub rows: BTreeMap<String, usize>,
    pub parts: Vec<ManifestPart>,
}

impl Manifest {
    /// Reads `root/manifest.json`; `None` where there is none (the data set was never sealed).
    ///
    /// # Errors
    /// [`DataError::Manifest`] for text that is not a manifest.
    pub fn load(root: &Path) -> Result<Option<Manifest>, DataError> {
        let path = root.join("manifest.json");
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path).map_err(DataError::io(&path, "read the manifest"))?;
        serde_json::from_str(&text).map(Some).map_err(|error| DataError::Manifest {
            path,
            line: error.line(),
            column: error.column(),
            detail: one_line(&error.to_string()),
        })
    }
}

/// Writes `manifest.json` and `card.md` over all parts below `root`. Call it when collection is complete.
///
/// # Errors
/// As [`Dataset::open`], and every damaged part.
pub fn seal(root: &Path, how_made: &HowMade) -> Result<Manifest, DataError> {
    let dataset = Dataset::open(root)?;
    let mut rows: BTreeMap<String, usize> = Table::ALL.into_iter().map(|table| (table.name().to_owned(), 0)).collect();
    let mut parts = Vec::with_capacity(dataset.parts().len());
    for part in dataset.parts() {
        let count = part::rows(&part.path, part.table)?;
        *rows.entry(part.table.name().to_owned()).or_default() += count;
        let bytes = std::fs::metadata(&part.path).map_err(DataError::io(&part.path, "read the part"))?.len();
        parts.push(ManifestPart {
            path: part.name.clone(),
            table: part.table.name().to_owned(),
            rows: count,
            bytes,
            sha256: file_sha256(&part.path)?,
        });
    }
    let manifest = Manifest { schema_version: SCHEMA_VERSION.to_owned(), how_made: how_made.clone(), rows, parts };
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| DataError::Internal(error.to_string()))?;
    part::write_text(&root.join("manifest.json"), &(text + "\n"))?;
    part::write_text(&root.join("card.md"), &card(&manifest))?;
    Ok(manifest)
}

fn card(manifest: &Manifest) -> String {
    let how = &manifest.how_made;
    let mut out = String::new();
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let _ = writeln!(out, "# {}\n", or(&how.title, "A Trinity data set"));
    if !how.description.is_empty() {
        let _ = writeln!(out, "{}\n", how.description);
    }
    let _ = writeln!(out, "- schema version: {}", manifest.schema_version);
    let _ = writeln!(out, "- made by: `{}`", or(&how.command, "not stated"));
    let licences = if how.licences.is_empty() { "not stated".to_owned() } else { how.licences.join(", ") };
    let _ = writeln!(out, "- licences of the programs: {licences}\n");
    out.push_str(
        "Parts lie in `schema=…/suite=…/policy_kind=…/TABLE/`. Parquet, zstd; any reader of Parquet opens them. \
         Tables join on `run_id`, `outcome` and `decision` also on `decision_id`. Labels live only in `outcome`, \
         `function` and the measured columns; learn from columns marked `decision` below and from nothing else.\n",
    );
    for table in Table::ALL {
        let rows = manifest.rows.get(table.name()).copied().unwrap_or(0);
        let _ = writeln!(out, "\n## `{}`: {rows} rows, one per {}\n", table.name(), table.row());
        out.push_str("| column | type | unit | role | known | description |\n|---|---|---|---|---|---|\n");
        for column in table.columns() {
            let _ = writeln!(
                out,
                "| `{}` | {}{} | {} | {} | {} | {} |",
                column.name,
                column.dtype.name(),
                if column.nullable { "?" } else { "" },
                column.unit,
                column.role.name(),
                if column.available_at_decision { "decision" } else { "afterwards" },
                column.description
            );
        }
    }
    out
}
