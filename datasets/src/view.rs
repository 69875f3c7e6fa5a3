//! The training view: features and labels side by side, after proof that no feature is a label in disguise.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use polars::prelude::*;
use trinity_vm::seam::Feature;

use crate::{
    error::DataError,
    load::Dataset,
    meta::TRAINING_ONLY,
    schema::{Role, Table},
};

/// How far labels look ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Horizon {
    #[default]
    RunEnd,
}

impl Horizon {
    fn name(self) -> &'static str {
        match self {
            Self::RunEnd => "run_end",
        }
    }
}

/// What to learn from.
#[derive(Clone, Debug, Default)]
pub struct ViewSpec {
    /// Columns of `decision`; every deterministic feature when empty.
    pub features: Vec<String>,
    /// Only runs of this split; all when `None`.
    pub split: Option<String>,
    /// Keep rows whose labels are lower bounds.
    pub include_censored: bool,
    pub horizon: Horizon,
}

/// Features, labels and groups of decisions, column by column, in the order of the parts.
#[derive(Clone, Debug, Default)]
pub struct TrainingView {
    /// Every name is that of a [`Feature`].
    pub feature_names: Vec<String>,
    /// `features[i][row]`.
    pub features: Vec<Vec<f64>>,
    /// `tier` or `osr`: true for osr.
    pub osr: Vec<bool>,
    /// Tier in which the function ran.
    pub tier: Vec<u8>,
    /// Bit per legal action.
    pub legal: Vec<u8>,
    pub weight: Vec<f64>,
    /// Groups, for hold-out and aggregation; a model never sees them.
    pub family: Vec<u32>,
    pub families: Vec<String>,
    /// Of `family`: those that models are never judged by, see [`TRAINING_ONLY`].
    pub training_only: Vec<u32>,
    pub program: Vec<u32>,
    pub programs: Vec<String>,
    pub run: Vec<u32>,
    pub function_id: Vec<u64>,
    /// Labels.
    pub self_work_after: Vec<f64>,
    pub calls_after: Vec<f64>,
    pub backedges_after: Vec<f64>,
    /// What the policies of the seam read of every row, whatever the chosen features.
    pub self_work: Vec<f64>,
    pub events: Vec<f64>,
    pub bytecode_len: Vec<f64>,
    /// Rows left out because their labels are lower bounds or unknown.
    pub censored_rows: usize,
    /// Digest of the data set.
    pub digest: String,
}

/// Checks that a column may be a feature, and returns it.
///
/// # Errors
/// [`DataError::Leak`], [`DataError::RawIdentifier`], [`DataError::NotAPolicyInput`], [`DataError::UnknownColumn`].
pub fn check_feature(name: &str) -> Result<Feature, DataError> {
    let leak = |reason: &str| Err(DataError::Leak { column: name.to_owned(), reason: reason.to_owned() });
    // Labels first: a name that is a label anywhere is none of the features.
    match Table::Decision.column(name) {
        Some(column) if column.role == Role::Identifier => {
            return Err(DataError::RawIdentifier { column: name.to_owned() });
        }
        Some(column) if !column.available_at_decision => {
            return leak("it is not known when the policy decides (available_at_decision = false)");
        }
        Some(column) if column.role != Role::Feature => {
            return Err(DataError::NotAPolicyInput { column: name.to_owned() });
        }
        Some(_) => {}
        None => {
            for table in Table::ALL {
                match table.column(name).map(|column| column.role) {
                    Some(Role::Identifier) => return Err(DataError::RawIdentifier { column: name.to_owned() }),
                    Some(Role::Label | Role::Action) => return leak(&format!("it is a label of `{}`", table.name())),
                    Some(_) => return Err(DataError::NotAPolicyInput { column: name.to_owned() }),
                    None => {}
                }
            }
        }
    }
    Feature::by_name(name).ok_or_else(|| DataError::UnknownColumn {
        column: name.to_owned(),
        known: Feature::ALL.iter().map(|feature| feature.info().name).collect::<Vec<_>>().join(", "),
    })
}

/// Refuses programs that are for training in a split that models are judged by.
///
/// # Errors
/// [`DataError::TrainingOnly`].
pub fn check_split(family: &str, split: &str) -> Result<(), DataError> {
    if TRAINING_ONLY.contains(&family) && split != "train" {
        return Err(DataError::TrainingOnly { family: family.to_owned(), split: split.to_owned() });
    }
    Ok(())
}

/// The features that learning uses unless told otherwise: those that two equal runs agree on.
pub fn default_features() -> Vec<String> {
    Feature::ALL.iter().map(|f| f.info()).filter(|info| info.deterministic).map(|info| info.name.to_owned()).collect()
}

impl Dataset {
    /// Joins `decision`, `outcome` and `run`.
    ///
    /// # Errors
    /// Every column that may not be a feature, by name ([`check_feature`]) and by content: a column that repeats a
    /// label or names the program is rejected as [`DataError::Leak`]. [`DataError::TrainingOnly`] when a family that
    /// is for training stands in another split. [`DataError::NoRows`] when nothing is left.
    pub fn training_view(&self, spec: &ViewSpec) -> Result<TrainingView, DataError> {
        let names = if spec.features.is_empty() { default_features() } else { spec.features.clone() };
        for name in &names {
            check_feature(name)?;
        }
        let mut view = self.join(&names, spec)?;
        if view.self_work_after.is_empty() {
            return Err(DataError::NoRows {
                path: self.root().to_owned(),
                detail: format!(
                    "{} rows are censored or unlabelled; collect with a policy that keeps counting (`interpret`, \
                     `baseline-only`), or include censored rows",
                    view.censored_rows
                ),
            });
        }
        view.check_contents()?;
        view.digest = self.digest()?;
        Ok(view)
    }

    fn join(&self, names: &[String], spec: &ViewSpec) -> Result<TrainingView, DataError> {
        let mut view = TrainingView {
            feature_names: names.to_vec(),
            features: vec![Vec::new(); names.len()],
            ..TrainingView::default()
        };
        let runs = self.runs(&mut view, spec)?;

        let outcome = self.table(
            Table::Outcome,
            Some(&[
                "run_id",
                "decision_id",
                "horizon",
                "censored",
                "self_work_after",
                "calls_after",
                "backedges_after",
            ]),
        )?;
        let mut labels: HashMap<(u32, u64), Option<[f64; 3]>> = HashMap::with_capacity(outcome.height());
        {
            let (run, id) = (outcome.column("run_id")?.str()?, outcome.column("decision_id")?.u64()?);
            let (horizon, censored) = (outcome.column("horizon")?.str()?, outcome.column("censored")?.bool()?);
            let work = outcome.column("self_work_after")?.f64()?;
            let (calls, backedges) = (outcome.column("calls_after")?.f64()?, outcome.column("backedges_after")?.f64()?);
            for row in 0..outcome.height() {
                let Some(run) = run.get(row).and_then(|run| runs.get(run)) else { continue };
                if horizon.get(row) != Some(spec.horizon.name()) {
                    continue;
                }
                let kept = spec.include_censored || censored.get(row) == Some(false);
                let label = match (work.get(row), calls.get(row), backedges.get(row)) {
                    (Some(work), Some(calls), Some(backedges)) if kept && work.is_finite() => {
                        Some([work, calls, backedges])
                    }
                    _ => None,
                };
                labels.insert((run.index, id.get(row).unwrap_or(u64::MAX)), label);
            }
        }

        let fixed = ["run_id", "decision_id", "kind", "tier", "legal_mask", "sample_weight", "function_id"];
        let inputs = ["self_work", "calls", "backedges", "bytecode_len"];
        let mut columns: Vec<&str> = fixed.to_vec();
        for name in inputs.into_iter().chain(names.iter().map(String::as_str)) {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        // Part by part: one part's decisions fit into memory, a whole data set's may not.
        for part in self.parts().iter().filter(|part| part.table == Table::Decision) {
            let frame = crate::part::read(&part.path, Table::Decision, Some(&columns))?;
            let (run, id) = (frame.column("run_id")?.str()?, frame.column("decision_id")?.u64()?);
            let (kind, tier) = (frame.column("kind")?.str()?, frame.column("tier")?.u8()?);
            let (legal, function) = (frame.column("legal_mask")?.u8()?, frame.column("function_id")?.u64()?);
            let weight = frame.column("sample_weight")?.f64()?;
            let float = |name: &str| frame.column(name).and_then(|column| column.f64());
            let (work, length) = (float("self_work")?, float("bytecode_len")?);
            let (calls, backedges) = (float("calls")?, float("backedges")?);
            let features = names.iter().map(|name| float(name)).collect::<PolarsResult<Vec<_>>>()?;
            for row in 0..frame.height() {
                let Some(run) = run.get(row).and_then(|run| runs.get(run)) else { continue };
                let Some(label) = labels.get(&(run.index, id.get(row).unwrap_or(u64::MAX))) else { continue };
                let Some([work_after, calls_after, backedges_after]) = *label else {
                    view.censored_rows += 1;
                    continue;
                };
                for (values, feature) in view.features.iter_mut().zip(&features) {
                    values.push(feature.get(row).unwrap_or(f64::NAN));
                }
                view.osr.push(kind.get(row) == Some("osr"));
                view.tier.push(tier.get(row).unwrap_or(0));
                view.legal.push(legal.get(row).unwrap_or(1));
                view.weight.push(weight.get(row).unwrap_or(1.0));
                view.family.push(run.family);
                view.program.push(run.program);
                view.run.push(run.index);
                view.function_id.push(function.get(row).unwrap_or(0));
                view.self_work_after.push(work_after);
                view.calls_after.push(calls_after);
                view.backedges_after.push(backedges_after);
                view.self_work.push(work.get(row).unwrap_or(f64::NAN));
                view.bytecode_len.push(length.get(row).unwrap_or(f64::NAN));
                view.events.push(calls.get(row).unwrap_or(f64::NAN) + backedges.get(row).unwrap_or(f64::NAN));
            }
        }
        Ok(view)
    }

    fn runs(&self, view: &mut TrainingView, spec: &ViewSpec) -> Result<HashMap<String, RunGroups>, DataError> {
        let frame = self.table(Table::Run, Some(&["run_id", "family_id", "program_id", "split"]))?;
        let (run, family) = (frame.column("run_id")?.str()?, frame.column("family_id")?.str()?);
        let (program, split) = (frame.column("program_id")?.str()?, frame.column("split")?.str()?);
        let mut rows = Vec::new();
        for row in 0..frame.height() {
            check_split(family.get(row).unwrap_or(""), split.get(row).unwrap_or(""))?;
            if spec.split.is_none() || split.get(row) == spec.split.as_deref() {
                rows.push((run.get(row).unwrap_or(""), family.get(row).unwrap_or(""), program.get(row).unwrap_or("")));
            }
        }
        let sorted = |pick: fn(&(&str, &str, &str)) -> String| -> Vec<String> {
            rows.iter().map(pick).collect::<BTreeSet<_>>().into_iter().collect()
        };
        view.families = sorted(|row| row.1.to_owned());
        view.programs = sorted(|row| row.2.to_owned());
        view.training_only = (0..)
            .zip(&view.families)
            .filter(|(_, family)| TRAINING_ONLY.contains(&family.as_str()))
            .map(|f| f.0)
            .collect();
        let find = |names: &[String], name: &str| {
            names.binary_search_by(|probe| probe.as_str().cmp(name)).map_or(u32::MAX, |at| at as u32)
        };
        Ok(rows
            .iter()
            .enumerate()
            .map(|(index, (run, family, program))| {
                let groups = RunGroups {
                    index: index as u32,
                    family: find(&view.families, family),
                    program: find(&view.programs, program),
                };
                ((*run).to_owned(), groups)
            })
            .collect())
    }
}

struct RunGroups {
    index: u32,
    family: u32,
    program: u32,
}

impl TrainingView {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.self_work_after.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Looks for leaks by content.
    ///
    /// # Errors
    /// [`DataError::Leak`] for a feature that repeats a label, or that is constant within every program and
    /// different between programs although several functions were seen of each.
    pub fn check_contents(&self) -> Result<(), DataError> {
        for (name, values) in self.feature_names.iter().zip(&self.features) {
            for (label, after) in [
                ("self_work_after", &self.self_work_after),
                ("calls_after", &self.calls_after),
                ("backedges_after", &self.backedges_after),
            ] {
                let distinct: BTreeSet<u64> = after.iter().take(10_000).map(|value| value.to_bits()).collect();
                if distinct.len() > 10 && values.iter().zip(after).all(|(a, b)| a == b) {
                    let reason = format!("its values are those of the label `{label}`");
                    return Err(DataError::Leak { column: name.clone(), reason });
                }
            }
            if self.names_the_program(values) {
                let reason = "its value names the program: constant within each, different between them".to_owned();
                return Err(DataError::Leak { column: name.clone(), reason });
            }
        }
        Ok(())
    }

    fn names_the_program(&self, values: &[f64]) -> bool {
        let mut by_program: BTreeMap<u32, (u64, BTreeSet<u64>)> = BTreeMap::new();
        for ((program, value), function) in self.program.iter().zip(values).zip(&self.function_id) {
            let (first, functions) = by_program.entry(*program).or_insert((value.to_bits(), BTreeSet::new()));
            if *first != value.to_bits() {
                return false;
            }
            functions.insert(*function);
        }
        let distinct: BTreeSet<u64> = by_program.values().map(|(value, _)| *value).collect();
        by_program.len() >= 3
            && distinct.len() == by_program.len()
            && by_program.values().all(|(_, functions)| functions.len() >= 2)
    }

    /// Proves that no function stands on both sides of a split.
    ///
    /// # Errors
    /// [`DataError::SplitOverlap`].
    pub fn check_disjoint(&self, other: &TrainingView) -> Result<(), DataError> {
        let mine: BTreeSet<u64> = self.function_id.iter().copied().collect();
        let shared: BTreeSet<u64> = other.function_id.iter().copied().filter(|id| mine.contains(id)).collect();
        match shared.first() {
            None => Ok(()),
            Some(first) => Err(DataError::SplitOverlap { count: shared.len(), first: *first }),
        }
    }
}

/// Opens a data set and takes its view.
///
/// # Errors
/// As [`Dataset::open`] and [`Dataset::training_view`].
pub fn training_view(root: &Path, spec: &ViewSpec) -> Result<TrainingView, DataError> {
    Dataset::open(root)?.training_view(spec)
}
