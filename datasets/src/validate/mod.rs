//! Is a data set whole, and is it safe to learn from?

mod chain;
mod keys;
mod values;

use std::{fmt, path::Path};

use serde::Serialize;

use crate::{
    error::{DataError, RESTORE},
    horizon::Horizon,
    load::Dataset,
    manifest::Manifest,
    part,
    schema::{Side, Table},
    split::Shared,
    view::{ViewSpec, default_features},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// The data set is usable, and conclusions from it may be skewed.
    Warning,
    /// Not fit for use.
    Error,
}

#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub severity: Severity,
    /// One line: what, where, and what to do.
    pub text: String,
}

/// Answer of [`validate`]; `Display` is the text for a terminal.
#[derive(Clone, Debug, Serialize)]
pub struct Validation {
    /// No finding is an error.
    pub valid: bool,
    /// Every planned run is there.
    pub complete: bool,
    pub parts_checked: usize,
    pub findings: Vec<Finding>,
}

impl Validation {
    fn add(&mut self, severity: Severity, text: impl Into<String>) {
        self.valid &= severity != Severity::Error;
        self.findings.push(Finding { severity, text: text.into() });
    }

    /// An error when `count` is not 0.
    fn none(&mut self, count: usize, what: &str) {
        if count > 0 {
            self.add(Severity::Error, format!("{count} {what}"));
        }
    }
}

/// Reads every part and checks it: digests, schema, keys, values, leaks, censoring.
///
/// # Errors
/// Only when the data set cannot be opened at all; everything else is a finding.
pub fn validate(root: &Path) -> Result<Validation, DataError> {
    let dataset = match Dataset::open(root) {
        // A spoiled manifest is what validation is there to find.
        Err(error @ DataError::Manifest { .. }) => {
            let mut out = Validation { valid: true, complete: false, parts_checked: 0, findings: Vec::new() };
            out.add(Severity::Error, error.to_string());
            return Ok(out);
        }
        dataset => dataset?,
    };
    let manifest = Manifest::load(root)?;
    let mut out = Validation { valid: true, complete: dataset.is_complete(), parts_checked: 0, findings: Vec::new() };
    if let Some(manifest) = &manifest {
        unfinished(manifest, &dataset, &mut out);
        files(root, manifest, &mut out);
    }
    if out.valid {
        for check in [sides, keys::check, values::check, chain::check, censoring, leaks] {
            if let Err(error) = check(&dataset, &mut out) {
                out.add(Severity::Error, error.to_string());
            }
        }
    }
    Ok(out)
}

fn unfinished(manifest: &Manifest, dataset: &Dataset, out: &mut Validation) {
    if !manifest.complete {
        let planned = manifest.planned_runs.map_or_else(|| "all".to_owned(), |runs| runs.to_string());
        let text = format!(
            "unfinished: {} of {planned} runs are there; give the same command again to go on: {}",
            dataset.rows(Table::Run),
            manifest.how_made.command
        );
        out.add(Severity::Warning, text);
    }
}

/// Parts are what the manifest says, and so are their sums.
fn files(root: &Path, manifest: &Manifest, out: &mut Validation) {
    for listed in &manifest.parts {
        out.parts_checked += 1;
        let path = root.join(&listed.path);
        if let Err(error) = listed.check(root) {
            out.add(Severity::Error, error.to_string());
            continue;
        }
        match part::rows(&path, listed.table, listed.side) {
            Ok(rows) if rows == listed.rows => {}
            Ok(rows) => {
                let detail = format!("{rows} rows, {} in manifest.json", listed.rows);
                out.add(Severity::Error, DataError::Altered { path, detail }.to_string());
            }
            Err(error) => out.add(Severity::Error, error.to_string()),
        }
    }
    for error in manifest.contradictions(root) {
        out.add(Severity::Error, error.to_string());
    }
}

/// Both sides of a table have the same rows in the same order.
fn sides(dataset: &Dataset, out: &mut Validation) -> Result<(), DataError> {
    for core in dataset.parts().iter().filter(|part| part.side == Side::Core && part.table.has(Side::Host)) {
        let keys: Vec<&str> = core.table.keys().map(|column| column.name).collect();
        let Some(host) = dataset.twin(core) else {
            out.add(Severity::Error, format!("{}: its host columns are missing; {RESTORE}", core.name));
            continue;
        };
        let mine = part::read(&core.path, core.table, Side::Core, Some(&keys))?.select(keys.clone())?;
        let others = part::read(&host.path, core.table, Side::Host, Some(&keys))?.select(keys)?;
        if !mine.equals_missing(&others) {
            out.add(Severity::Error, format!("{}: its rows are not those of {}; {RESTORE}", host.name, core.name));
        }
    }
    Ok(())
}

fn censoring(dataset: &Dataset, out: &mut Validation) -> Result<(), DataError> {
    let frame = dataset.table(Table::Outcome, Some(&["horizon", "counterfactual_action", "censored"]))?;
    let (horizon, other) = (frame.column("horizon")?.str()?, frame.column("counterfactual_action")?.str()?);
    let flags = frame.column("censored")?.bool()?;
    let happened = |row: &usize| horizon.get(*row) == Some(Horizon::RunEnd.name()) && other.get(*row).is_none();
    let happened: Vec<bool> = (0..frame.height()).filter(happened).map(|row| flags.get(row) == Some(true)).collect();
    let (censored, outcomes) = (happened.iter().filter(|censored| **censored).count(), happened.len());
    if censored * 10 > outcomes {
        let text = format!(
            "{censored} of {outcomes} outcomes at the end of the run are lower bounds; hot functions are \
             under-represented for learning: collect with a policy that keeps counting (`interpret`, `baseline-only`)"
        );
        out.add(Severity::Warning, text);
    }
    let runs = dataset.table(Table::Run, Some(&["logging_mode", "logged_records", "lost_bytes"]))?;
    let (mode, records) = (runs.column("logging_mode")?.str()?, runs.column("logged_records")?.u64()?);
    let silent = |row: &usize| mode.get(*row) == Some("spool") && records.get(*row).is_none();
    let silent = (0..runs.height()).filter(silent).count();
    if silent > 0 {
        out.add(Severity::Warning, format!("{silent} runs left no log although they were to: see their `status`"));
    }
    let cut = runs.column("lost_bytes")?.u64()?.iter().flatten().filter(|bytes| *bytes > 0).count();
    if cut > 0 {
        out.add(Severity::Note, format!("{cut} runs were killed while they logged; their last record is missing"));
    }
    Ok(())
}

/// No feature is a label in disguise. That one names the program is a matter of how few programs there are, and of
/// whoever learns from it, who is refused.
fn leaks(dataset: &Dataset, out: &mut Validation) -> Result<(), DataError> {
    let spec = ViewSpec { include_censored: true, shared: Shared::Purge, ..ViewSpec::default() };
    let view = dataset.join(&default_features(), &spec)?;
    if view.is_empty() {
        let text = "no decision has labels to learn from: collect with a policy that keeps counting (`interpret`, \
                    `baseline-only`)";
        out.add(Severity::Warning, text);
    }
    let (groups, mut names) = (view.groups(), Vec::new());
    for (name, values) in view.feature_names.iter().zip(&view.features) {
        if let Some(label) = view.repeats_label(values) {
            out.add(
                Severity::Error,
                format!("the values of `{name}` are those of the label `{label}`, or follow from them"),
            );
        } else if groups.named_by(values).is_some() {
            names.push(name.as_str());
        }
    }
    if !names.is_empty() {
        let names = names.join(", ");
        out.add(Severity::Warning, format!("{names}: names the program by its value; learning from it is refused"));
    }
    Ok(())
}

impl fmt::Display for Validation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            let severity = match finding.severity {
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            writeln!(f, "{severity}: {}", finding.text)?;
        }
        let verdict = match (self.valid, self.complete) {
            (true, true) => "valid",
            (true, false) => "valid, unfinished",
            (false, _) => "NOT valid",
        };
        write!(f, "{} parts checked: {verdict}", self.parts_checked)
    }
}
