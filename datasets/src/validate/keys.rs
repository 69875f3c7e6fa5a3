//! Keys: unique, without gaps, and naming what is there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Severity, Validation};
use crate::{error::DataError, load::Dataset, schema::Table, view::check_split};

/// What to do about runs that were stored wrongly.
const AGAIN: &str = "collect them again into a new folder";

/// What is known about a run from its row.
struct Run {
    family: String,
    split: String,
    consultations: Option<u64>,
    /// Its log is whole.
    whole: bool,
}

pub(super) fn check(dataset: &Dataset, out: &mut Validation) -> Result<(), DataError> {
    let runs = runs(dataset, out)?;
    let mut decisions = HashMap::new();
    for (table, index) in [
        (Table::Decision, "decision_id"),
        (Table::Compile, "compile_index"),
        (Table::Function, "function_index"),
        (Table::Deopt, "deopt_index"),
    ] {
        let counts = counted(dataset, table, index, &runs, out)?;
        if table == Table::Decision {
            decisions = counts;
        }
    }
    let missing = runs.iter().filter(|(run, about)| {
        let logged = decisions.get(run.as_str()).copied().unwrap_or(0);
        about.whole && about.consultations.is_some_and(|wanted| wanted != logged)
    });
    let text = format!("runs have fewer or more decisions than they consulted; {AGAIN}");
    out.none(missing.count(), &text);
    let [compiles, outcomes] = [(Table::Compile, None), (Table::Outcome, Some("horizon"))].map(|(table, horizon)| {
        let mut strays = 0;
        let mut keys = HashSet::new();
        let mut repeated = 0;
        let columns: Vec<&str> = ["run_id", "decision_id"]
            .into_iter()
            .chain(horizon.iter().flat_map(|horizon| [*horizon, "counterfactual_action"]))
            .collect();
        for frame in dataset.frames(table, Some(&columns)) {
            let frame = frame?;
            let (run, id) = (frame.column("run_id")?.str()?, frame.column("decision_id")?.u64()?);
            for row in 0..frame.height() {
                let (run, id) = (run.get(row).unwrap_or(""), id.get(row).unwrap_or(u64::MAX));
                // The decision of a compilation that a killed run logged may be in the part that was lost.
                strays += usize::from(id >= decisions.get(run).copied().unwrap_or(0));
            }
            if let Some(horizon) = horizon {
                let (horizon, action) = (frame.column(horizon)?.str()?, frame.column("counterfactual_action")?.str()?);
                for row in 0..frame.height() {
                    let text = |column: &polars::prelude::StringChunked| column.get(row).map(str::to_owned);
                    let key = (text(run), id.get(row), text(horizon), text(action));
                    repeated += usize::from(!keys.insert(key));
                }
            }
        }
        Ok::<_, DataError>((strays, repeated))
    });
    out.none(compiles?.0, "compilations belong to no decision");
    let (strays, repeated) = outcomes?;
    out.none(strays, "outcomes belong to no decision");
    out.none(repeated, "outcomes have a key that occurs before");
    iterations(dataset, &runs, out)?;
    parents(dataset, out)?;
    splits(&runs, out);
    shared_functions(dataset, &runs, out)
}

/// Runs are unique.
fn runs(dataset: &Dataset, out: &mut Validation) -> Result<HashMap<String, Run>, DataError> {
    let columns = ["run_id", "family_id", "split", "consultations", "lost_bytes"];
    let frame = dataset.table(Table::Run, Some(&columns))?;
    let [run_id, family, split] =
        ["run_id", "family_id", "split"].map(|name| frame.column(name).and_then(|column| column.str()));
    let (run_id, family, split) = (run_id?, family?, split?);
    let (consultations, lost) = (frame.column("consultations")?.u64()?, frame.column("lost_bytes")?.u64()?);
    let mut runs = HashMap::with_capacity(frame.height());
    for row in 0..frame.height() {
        let id = run_id.get(row).unwrap_or("");
        let run = Run {
            family: family.get(row).unwrap_or("").to_owned(),
            split: split.get(row).unwrap_or("").to_owned(),
            consultations: consultations.get(row),
            whole: lost.get(row) == Some(0),
        };
        if runs.insert(id.to_owned(), run).is_some() {
            out.add(Severity::Error, format!("run {id} occurs twice; {AGAIN}"));
        }
    }
    Ok(runs)
}

/// Rows of each run are numbered from 0 without gaps, and every row belongs to a run. Returns how many each has.
fn counted(
    dataset: &Dataset,
    table: Table,
    index: &str,
    runs: &HashMap<String, Run>,
    out: &mut Validation,
) -> Result<HashMap<String, u64>, DataError> {
    let mut next: HashMap<String, u64> = HashMap::new();
    let (mut strays, mut gaps) = (0, 0);
    for frame in dataset.frames(table, Some(&["run_id", index])) {
        let frame = frame?;
        let (run, id) = (frame.column("run_id")?.str()?, frame.column(index)?.u64()?);
        for row in 0..frame.height() {
            let run = run.get(row).unwrap_or("");
            strays += usize::from(!runs.contains_key(run));
            let expected = match next.get_mut(run) {
                Some(expected) => expected,
                None => next.entry(run.to_owned()).or_insert(0),
            };
            gaps += usize::from(id.get(row) != Some(*expected));
            *expected += 1;
        }
    }
    out.none(strays, &format!("rows of `{}` belong to no run; {AGAIN}", table.name()));
    let text = format!("rows of `{}` have a `{index}` that repeats one, leaves a gap or is out of order", table.name());
    out.none(gaps, &text);
    Ok(next)
}

fn iterations(dataset: &Dataset, runs: &HashMap<String, Run>, out: &mut Validation) -> Result<(), DataError> {
    let frame = dataset.table(Table::Iteration, Some(&["run_id", "iter"]))?;
    let (run, iter) = (frame.column("run_id")?.str()?, frame.column("iter")?.u32()?);
    let (mut strays, mut repeated, mut keys) = (0, 0, HashSet::new());
    for row in 0..frame.height() {
        let run = run.get(row).unwrap_or("");
        strays += usize::from(!runs.contains_key(run));
        repeated += usize::from(!keys.insert((run, iter.get(row))));
    }
    out.none(strays, &format!("rows of `iteration` belong to no run; {AGAIN}"));
    out.none(repeated, "iterations have a key that occurs before");
    Ok(())
}

/// A decision was caused by an earlier one.
fn parents(dataset: &Dataset, out: &mut Validation) -> Result<(), DataError> {
    let mut wrong = 0;
    for frame in dataset.frames(Table::Decision, Some(&["decision_id", "parent_decision_id"])) {
        let frame = frame?;
        let (id, parent) = (frame.column("decision_id")?.u64()?, frame.column("parent_decision_id")?.u64()?);
        wrong += (0..frame.height()).filter(|row| parent.get(*row).is_some_and(|p| Some(p) >= id.get(*row))).count();
    }
    out.none(wrong, "decisions have a parent that is not earlier");
    Ok(())
}

/// A family belongs to one split.
fn splits(runs: &HashMap<String, Run>, out: &mut Validation) {
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for run in runs.values() {
        seen.entry(&run.family).or_default().insert(&run.split);
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
}

/// Functions with equal bytecode in several families: seen on both sides of a hold-out unless they are purged.
fn shared_functions(dataset: &Dataset, runs: &HashMap<String, Run>, out: &mut Validation) -> Result<(), DataError> {
    let mut seen: HashMap<u64, (BTreeSet<&str>, BTreeSet<&str>)> = HashMap::new();
    for frame in dataset.frames(Table::Decision, Some(&["run_id", "function_id"])) {
        let frame = frame?;
        let (run, function) = (frame.column("run_id")?.str()?, frame.column("function_id")?.u64()?);
        for row in 0..frame.height() {
            let Some(run) = run.get(row).and_then(|run| runs.get(run)) else { continue };
            let (families, splits) = seen.entry(function.get(row).unwrap_or(0)).or_default();
            families.insert(&run.family);
            splits.insert(&run.split);
        }
    }
    let several = |pick: fn(&(BTreeSet<&str>, BTreeSet<&str>)) -> usize| seen.values().filter(|v| pick(v) > 1).count();
    let (families, splits) = (several(|seen| seen.0.len()), several(|seen| seen.1.len()));
    if splits > 0 {
        let text = format!("{splits} functions stand in several splits; learning must purge them, or it is refused");
        out.add(Severity::Warning, text);
    } else if families > 0 {
        out.add(Severity::Note, format!("{families} functions stand in several families; holding one out purges them"));
    }
    Ok(())
}
