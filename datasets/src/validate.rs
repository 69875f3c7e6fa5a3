//! Is a data set whole, and is it safe to learn from?

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
    path::Path,
};

use serde::Serialize;

use crate::{
    error::DataError,
    load::{Dataset, file_sha256},
    manifest::Manifest,
    part,
    schema::Table,
    view::{ViewSpec, check_split},
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
    pub parts_checked: usize,
    pub findings: Vec<Finding>,
}

impl Validation {
    fn add(&mut self, severity: Severity, text: impl Into<String>) {
        self.valid &= severity != Severity::Error;
        self.findings.push(Finding { severity, text: text.into() });
    }
}

/// Reads every part and checks it: digests, schema, keys, leaks, censoring.
///
/// # Errors
/// Only when the data set cannot be opened at all; everything else is a finding.
pub fn validate(root: &Path) -> Result<Validation, DataError> {
    let dataset = Dataset::open(root)?;
    let mut out = Validation { valid: true, parts_checked: 0, findings: Vec::new() };
    for part in dataset.parts() {
        out.parts_checked += 1;
        if let Err(error) = part::read(&part.path, part.table, None) {
            out.add(Severity::Error, error.to_string());
        }
    }
    digests(root, &dataset, &mut out);
    if out.valid {
        for check in [keys, splits, censoring] {
            if let Err(error) = check(&dataset, &mut out) {
                out.add(Severity::Error, error.to_string());
            }
        }
        match dataset.training_view(&ViewSpec { include_censored: true, ..ViewSpec::default() }) {
            Ok(_) => {}
            Err(error @ DataError::NoRows { .. }) => out.add(Severity::Warning, error.to_string()),
            Err(error) => out.add(Severity::Error, error.to_string()),
        }
    }
    Ok(out)
}

fn digests(root: &Path, dataset: &Dataset, out: &mut Validation) {
    let manifest = match Manifest::load(root) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => {
            return out
                .add(Severity::Warning, "no manifest.json: collection did not finish, or the set was not sealed");
        }
        Err(error) => return out.add(Severity::Error, error.to_string()),
    };
    let listed: BTreeMap<&str, &str> =
        manifest.parts.iter().map(|part| (part.path.as_str(), part.sha256.as_str())).collect();
    let present: BTreeSet<&str> = dataset.parts().iter().map(|part| part.name.as_str()).collect();
    for name in listed.keys().filter(|name| !present.contains(*name)) {
        out.add(Severity::Error, format!("{name}: listed in manifest.json but missing; restore it or seal again"));
    }
    for part in dataset.parts() {
        match (listed.get(part.name.as_str()), file_sha256(&part.path)) {
            (None, _) => out.add(Severity::Warning, format!("{}: not in manifest.json; seal again", part.name)),
            (Some(listed), Ok(found)) if **listed != found => {
                out.add(Severity::Error, format!("{}: its digest differs from manifest.json; restore it", part.name));
            }
            (Some(_), Ok(_)) => {}
            (Some(_), Err(error)) => out.add(Severity::Error, error.to_string()),
        }
    }
}

/// Runs are unique, and every row of the other tables belongs to one.
fn keys(dataset: &Dataset, out: &mut Validation) -> Result<(), DataError> {
    let frame = dataset.table(Table::Run, Some(&["run_id"]))?;
    let mut runs = HashSet::new();
    for run in frame.column("run_id")?.str()?.iter().flatten() {
        if !runs.insert(run.to_owned()) {
            out.add(Severity::Error, format!("run {run} occurs twice; delete one of its parts"));
        }
    }
    for table in Table::ALL.into_iter().skip(1) {
        let frame = dataset.table(table, Some(&["run_id"]))?;
        let strays =
            frame.column("run_id")?.str()?.iter().filter(|run| run.is_none_or(|run| !runs.contains(run))).count();
        if strays > 0 {
            let text = format!("{strays} rows of `{}` belong to no run; convert their spools again", table.name());
            out.add(Severity::Error, text);
        }
    }
    let mut decisions = HashSet::new();
    let mut repeated = 0usize;
    for_keys(dataset, Table::Decision, |key| repeated += usize::from(!decisions.insert(key)))?;
    if repeated > 0 {
        out.add(Severity::Error, format!("{repeated} decisions have a key that occurs before"));
    }
    let mut strays = 0usize;
    for_keys(dataset, Table::Outcome, |key| strays += usize::from(!decisions.contains(&key)))?;
    if strays > 0 {
        out.add(Severity::Error, format!("{strays} outcomes belong to no decision"));
    }
    Ok(())
}

fn for_keys(dataset: &Dataset, table: Table, mut each: impl FnMut((String, u64))) -> Result<(), DataError> {
    let frame = dataset.table(table, Some(&["run_id", "decision_id"]))?;
    let (run, id) = (frame.column("run_id")?.str()?, frame.column("decision_id")?.u64()?);
    for row in 0..frame.height() {
        each((run.get(row).unwrap_or("").to_owned(), id.get(row).unwrap_or(u64::MAX)));
    }
    Ok(())
}

/// A family belongs to one split.
fn splits(dataset: &Dataset, out: &mut Validation) -> Result<(), DataError> {
    let frame = dataset.table(Table::Run, Some(&["family_id", "split"]))?;
    let (family, split) = (frame.column("family_id")?.str()?, frame.column("split")?.str()?);
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in 0..frame.height() {
        seen.entry(family.get(row).unwrap_or("")).or_default().insert(split.get(row).unwrap_or(""));
    }
    for (family, splits) in seen {
        for error in splits.iter().filter_map(|split| check_split(family, split).err()) {
            out.add(Severity::Error, error.to_string());
        }
        if family.is_empty() {
            out.add(Severity::Warning, "runs without family_id: they cannot be held out");
        }
        if splits.len() > 1 {
            let splits = splits.into_iter().collect::<Vec<_>>().join(", ");
            out.add(Severity::Error, format!("family {family} stands in several splits ({splits}); keep it in one"));
        }
    }
    Ok(())
}

fn censoring(dataset: &Dataset, out: &mut Validation) -> Result<(), DataError> {
    let frame = dataset.table(Table::Outcome, Some(&["censored"]))?;
    let censored = frame.column("censored")?.bool()?.iter().filter(|flag| *flag == Some(true)).count();
    if censored * 10 > frame.height() {
        let text = format!(
            "{censored} of {} outcomes are lower bounds; hot functions are under-represented for learning: collect \
             with a policy that keeps counting (`interpret`, `baseline-only`)",
            frame.height()
        );
        out.add(Severity::Warning, text);
    }
    let runs = dataset.table(Table::Run, Some(&["lost_bytes"]))?;
    let cut = runs.column("lost_bytes")?.u64()?.iter().flatten().filter(|bytes| *bytes > 0).count();
    if cut > 0 {
        out.add(Severity::Note, format!("{cut} runs were killed while they logged; their last record is missing"));
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
        let verdict = if self.valid { "valid" } else { "NOT valid" };
        write!(f, "{} parts checked: {verdict}", self.parts_checked)
    }
}
