//! What a data set holds, for people and for programs.

use std::{collections::BTreeMap, fmt, path::Path};

use serde::Serialize;
use serde_json::Value;

use crate::{
    error::DataError,
    horizon::Horizon,
    load::Dataset,
    manifest::{HowMade, Manifest},
    part,
    schema::{SCHEMA_VERSION, Side, Table},
};

/// One table of a [`Description`].
#[derive(Clone, Debug, Serialize)]
pub struct TableDescription {
    pub table: String,
    /// What one row stands for.
    pub row: String,
    pub rows: usize,
    pub parts: usize,
    /// Of both sides.
    pub bytes: u64,
    /// Name, then dtype, unit, role and the rest of the schema.
    pub columns: Vec<(String, Value)>,
}

/// Answer of [`describe`]; `Display` is the text for a terminal.
#[derive(Clone, Debug, Serialize)]
pub struct Description {
    pub schema_version: String,
    /// Every planned run is there.
    pub complete: bool,
    pub planned_runs: Option<usize>,
    /// Digest of the deterministic columns.
    pub core_sha256: String,
    pub how_made: Option<HowMade>,
    /// What is not as the manifest says: the data set is not fit for use.
    pub altered: Vec<String>,
    pub tables: Vec<TableDescription>,
    /// Runs by program.
    pub programs: BTreeMap<String, usize>,
    /// Runs by logging policy.
    pub policies: BTreeMap<String, usize>,
    /// Runs by split.
    pub splits: BTreeMap<String, usize>,
    /// Runs by how they ended.
    pub statuses: BTreeMap<String, usize>,
    /// Decisions by kind, and by what was done.
    pub decisions: BTreeMap<String, usize>,
    pub censored_outcomes: usize,
}

/// Describes the data set below `root`.
///
/// # Errors
/// As [`Dataset::open`] and [`Dataset::table`].
pub fn describe(root: &Path) -> Result<Description, DataError> {
    let dataset = Dataset::open(root)?;
    let manifest = Manifest::load(root)?;
    let mut tables = Vec::new();
    for table in Table::ALL {
        let parts: Vec<_> = dataset.parts().iter().filter(|part| part.table == table).collect();
        let bytes = parts.iter().map(|part| std::fs::metadata(&part.path).map_or(0, |meta| meta.len())).sum();
        tables.push(TableDescription {
            table: table.name().to_owned(),
            row: table.row().to_owned(),
            rows: dataset.rows(table),
            parts: parts.iter().filter(|part| part.side == Side::Core).count(),
            bytes,
            columns: table.columns().iter().map(|c| (c.name.to_owned(), part::column_json(c))).collect(),
        });
    }
    let run = dataset.table(Table::Run, Some(&["program_id", "policy_id", "split", "status"]))?;
    let decision = dataset.table(Table::Decision, Some(&["kind", "taken"]))?;
    let mut decisions = count(&decision, "kind")?;
    for (taken, rows) in count(&decision, "taken")? {
        decisions.insert(format!("→ {taken}"), rows);
    }
    let outcome = dataset.table(Table::Outcome, Some(&["horizon", "censored"]))?;
    let (horizon, censored) = (outcome.column("horizon")?.str()?, outcome.column("censored")?.bool()?);
    let is_censored =
        |horizon: Option<&str>, censored| horizon == Some(Horizon::RunEnd.name()) && censored == Some(true);
    let censored_outcomes = horizon.iter().zip(censored.iter()).filter(|row| is_censored(row.0, row.1)).count();
    Ok(Description {
        schema_version: SCHEMA_VERSION.to_owned(),
        complete: dataset.is_complete(),
        planned_runs: manifest.as_ref().and_then(|manifest| manifest.planned_runs),
        core_sha256: manifest.as_ref().map(|manifest| manifest.core_sha256.clone()).unwrap_or_default(),
        how_made: manifest.map(|manifest| manifest.how_made),
        altered: dataset.differences().map(|error| error.to_string()).collect(),
        tables,
        programs: count(&run, "program_id")?,
        policies: count(&run, "policy_id")?,
        splits: count(&run, "split")?,
        statuses: count(&run, "status")?,
        decisions,
        censored_outcomes,
    })
}

fn count(frame: &polars::prelude::DataFrame, column: &str) -> Result<BTreeMap<String, usize>, DataError> {
    let mut counts = BTreeMap::new();
    for value in frame.column(column)?.str()?.iter() {
        *counts.entry(value.unwrap_or("null").to_owned()).or_insert(0) += 1;
    }
    Ok(counts)
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(how) = &self.how_made {
            writeln!(f, "{}", if how.title.is_empty() { "data set" } else { &how.title })?;
            if !how.command.is_empty() {
                writeln!(f, "made by: {}", how.command)?;
            }
        }
        let state = match self.planned_runs {
            _ if self.complete => "complete".to_owned(),
            Some(runs) => format!("unfinished: {runs} runs are planned"),
            None => "unfinished".to_owned(),
        };
        writeln!(f, "schema {}, {state}, digest {}\n", self.schema_version, self.core_sha256)?;
        for text in &self.altered {
            writeln!(f, "error: {text}\n")?;
        }
        writeln!(f, "{:<10} {:>10} {:>6} {:>12} {:>8}  one row per", "table", "rows", "parts", "bytes", "columns")?;
        for table in &self.tables {
            writeln!(
                f,
                "{:<10} {:>10} {:>6} {:>12} {:>8}  {}",
                table.table,
                table.rows,
                table.parts,
                table.bytes,
                table.columns.len(),
                table.row
            )?;
        }
        for (title, counts) in [
            ("runs by program", &self.programs),
            ("runs by policy", &self.policies),
            ("runs by split", &self.splits),
            ("runs by status", &self.statuses),
            ("decisions", &self.decisions),
        ] {
            writeln!(f, "\n{title}:")?;
            for (name, rows) in counts {
                writeln!(f, "  {name:<30} {rows:>10}")?;
            }
        }
        write!(f, "\noutcomes that are censored at the end of the run: {}", self.censored_outcomes)
    }
}
