//! The training view: features and labels side by side, after proof that no feature is a label in disguise.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
    path::Path,
};

use polars::prelude::*;
use trinity_vm::seam::Feature;

use crate::{
    error::DataError,
    horizon::Horizon,
    identity::Groups,
    load::Dataset,
    meta::TRAINING_ONLY,
    schema::{Role, Table},
    split::{Assignment, Shared},
};

/// What to learn from.
#[derive(Clone, Debug, Default)]
pub struct ViewSpec {
    /// Columns of `decision`; every deterministic feature when empty.
    pub features: Vec<String>,
    /// Only runs of this split; all when `None`.
    pub split: Option<String>,
    /// About functions that other splits have too.
    pub shared: Shared,
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
    /// True for decisions about a loop, false for those about a function.
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
    /// Rows left out because a later split has their function too ([`Shared::Purge`]).
    pub purged_rows: usize,
    /// Digest of the data set.
    pub digest: String,
}

/// With as few distinct labels or fewer, that a column repeats them may be chance.
const FEWEST_LABELS: usize = 10;

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
    if Table::Decision.column(name).is_some() && Feature::by_name(name).is_none() {
        // Described, but not computed by this VM.
        return Err(DataError::NotAPolicyInput { column: name.to_owned() });
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
    /// is for training stands in another split. [`DataError::Altered`] when a part is not what the manifest says.
    /// [`DataError::NoRows`] when nothing is left.
    pub fn training_view(&self, spec: &ViewSpec) -> Result<TrainingView, DataError> {
        let names = if spec.features.is_empty() { default_features() } else { spec.features.clone() };
        for name in &names {
            check_feature(name)?;
        }
        let digest = self.digest()?;
        let mut view = self.join(&names, spec)?;
        if view.self_work_after.is_empty() {
            let detail = if view.censored_rows > 0 {
                format!(
                    "{} rows are censored or unlabelled; collect with a policy that keeps counting (`interpret`, \
                     `baseline-only`), or include censored rows",
                    view.censored_rows
                )
            } else {
                let of = spec.split.as_ref().map_or_else(String::new, |split| format!(" of the split `{split}`"));
                format!("no decision{of} has labels with the horizon `{}`", spec.horizon.name())
            };
            return Err(DataError::NoRows { path: self.root().to_owned(), detail });
        }
        view.check_contents()?;
        view.digest = digest;
        Ok(view)
    }

    /// The view before its contents are checked.
    pub(crate) fn join(&self, names: &[String], spec: &ViewSpec) -> Result<TrainingView, DataError> {
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
                "counterfactual_action",
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
            let other = outcome.column("counterfactual_action")?.str()?;
            let work = outcome.column("self_work_after")?.f64()?;
            let (calls, backedges) = (outcome.column("calls_after")?.f64()?, outcome.column("backedges_after")?.f64()?);
            for row in 0..outcome.height() {
                let Some(run) = run.get(row).and_then(|run| runs.get(run)).filter(|run| run.selected) else { continue };
                if horizon.get(row) != Some(spec.horizon.name()) || other.get(row).is_some() {
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

        let fixed = ["run_id", "decision_id", "loop_index", "tier", "legal_mask", "sample_weight", "function_id"];
        let inputs = ["self_work", "calls", "backedges", "bytecode_len"];
        let mut columns: Vec<&str> = fixed.to_vec();
        for name in inputs.into_iter().chain(names.iter().map(String::as_str)) {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        let elsewhere = if spec.split.is_some() { self.functions_elsewhere(&runs)? } else { HashMap::new() };
        let mut overlap = BTreeSet::new();
        for frame in self.frames(Table::Decision, Some(&columns)) {
            let frame = frame?;
            let (run, id) = (frame.column("run_id")?.str()?, frame.column("decision_id")?.u64()?);
            let (loop_index, tier) = (frame.column("loop_index")?.u32()?, frame.column("tier")?.u8()?);
            let (legal, function) = (frame.column("legal_mask")?.u8()?, frame.column("function_id")?.u64()?);
            let weight = frame.column("sample_weight")?.f64()?;
            let float = |name: &str| frame.column(name).and_then(|column| column.f64());
            let (work, length) = (float("self_work")?, float("bytecode_len")?);
            let (calls, backedges) = (float("calls")?, float("backedges")?);
            let features = names.iter().map(|name| float(name)).collect::<PolarsResult<Vec<_>>>()?;
            for row in 0..frame.height() {
                let Some(run) = run.get(row).and_then(|run| runs.get(run)).filter(|run| run.selected) else { continue };
                let Some(label) = labels.get(&(run.index, id.get(row).unwrap_or(u64::MAX))) else { continue };
                let Some([work_after, calls_after, backedges_after]) = *label else {
                    view.censored_rows += 1;
                    continue;
                };
                let function_id = function.get(row).unwrap_or(0);
                if let Some(other) = elsewhere.get(&function_id) {
                    overlap.insert(function_id);
                    if *other > run.split {
                        view.purged_rows += 1;
                        continue;
                    }
                }
                for (values, feature) in view.features.iter_mut().zip(&features) {
                    values.push(feature.get(row).unwrap_or(f64::NAN));
                }
                view.osr.push(loop_index.get(row).is_some());
                view.tier.push(tier.get(row).unwrap_or(0));
                view.legal.push(legal.get(row).unwrap_or(1));
                view.weight.push(weight.get(row).unwrap_or(1.0));
                view.family.push(run.family);
                view.program.push(run.program);
                view.run.push(run.index);
                view.function_id.push(function_id);
                view.self_work_after.push(work_after);
                view.calls_after.push(calls_after);
                view.backedges_after.push(backedges_after);
                view.self_work.push(work.get(row).unwrap_or(f64::NAN));
                view.bytecode_len.push(length.get(row).unwrap_or(f64::NAN));
                view.events.push(calls.get(row).unwrap_or(f64::NAN) + backedges.get(row).unwrap_or(f64::NAN));
            }
        }
        match (spec.shared, overlap.first()) {
            (Shared::Refuse, Some(first)) => Err(DataError::SplitOverlap { count: overlap.len(), first: *first }),
            _ => Ok(view),
        }
    }

    /// Functions that decisions of runs outside of the wanted split are about, and the last split that they are in.
    fn functions_elsewhere(&self, runs: &HashMap<String, RunGroups>) -> Result<HashMap<u64, Assignment>, DataError> {
        let mut found = HashMap::new();
        for frame in self.frames(Table::Decision, Some(&["run_id", "function_id"])) {
            let frame = frame?;
            let (run, function) = (frame.column("run_id")?.str()?, frame.column("function_id")?.u64()?);
            for row in 0..frame.height() {
                let Some(run) = run.get(row).and_then(|run| runs.get(run)).filter(|run| !run.selected) else {
                    continue;
                };
                let last = found.entry(function.get(row).unwrap_or(0)).or_insert(run.split);
                *last = run.split.max(*last);
            }
        }
        Ok(found)
    }

    /// Every run by its identifier.
    fn runs(&self, view: &mut TrainingView, spec: &ViewSpec) -> Result<HashMap<String, RunGroups>, DataError> {
        let frame = self.table(Table::Run, Some(&["run_id", "family_id", "program_id", "split"]))?;
        let (run, family) = (frame.column("run_id")?.str()?, frame.column("family_id")?.str()?);
        let (program, split) = (frame.column("program_id")?.str()?, frame.column("split")?.str()?);
        for row in 0..frame.height() {
            check_split(family.get(row).unwrap_or(""), split.get(row).unwrap_or(""))?;
        }
        let selected = |row: usize| spec.split.is_none() || split.get(row) == spec.split.as_deref();
        let sorted = |column: &StringChunked| -> Vec<String> {
            let rows = (0..frame.height()).filter(|row| selected(*row));
            rows.map(|row| column.get(row).unwrap_or("").to_owned()).collect::<BTreeSet<_>>().into_iter().collect()
        };
        view.families = sorted(family);
        view.programs = sorted(program);
        let training_only = |family: &str| TRAINING_ONLY.contains(&family);
        view.training_only = (0..).zip(&view.families).filter(|(_, name)| training_only(name)).map(|f| f.0).collect();
        let find = |names: &[String], name: Option<&str>| {
            names.binary_search_by(|probe| probe.as_str().cmp(name.unwrap_or(""))).map_or(u32::MAX, |at| at as u32)
        };
        let groups = |row: usize| RunGroups {
            index: row as u32,
            selected: selected(row),
            split: split.get(row).and_then(Assignment::by_name).unwrap_or(Assignment::Train),
            family: find(&view.families, family.get(row)),
            program: find(&view.programs, program.get(row)),
        };
        Ok((0..frame.height()).map(|row| (run.get(row).unwrap_or("").to_owned(), groups(row))).collect())
    }
}

struct RunGroups {
    index: u32,
    /// Of the wanted split.
    selected: bool,
    split: Assignment,
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

    /// The rows with these numbers.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> TrainingView {
        fn pick<T: Copy>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|row| values[*row]).collect()
        }
        TrainingView {
            feature_names: self.feature_names.clone(),
            features: self.features.iter().map(|values| pick(values, rows)).collect(),
            osr: pick(&self.osr, rows),
            tier: pick(&self.tier, rows),
            legal: pick(&self.legal, rows),
            weight: pick(&self.weight, rows),
            family: pick(&self.family, rows),
            families: self.families.clone(),
            training_only: self.training_only.clone(),
            program: pick(&self.program, rows),
            programs: self.programs.clone(),
            run: pick(&self.run, rows),
            function_id: pick(&self.function_id, rows),
            self_work_after: pick(&self.self_work_after, rows),
            calls_after: pick(&self.calls_after, rows),
            backedges_after: pick(&self.backedges_after, rows),
            self_work: pick(&self.self_work, rows),
            events: pick(&self.events, rows),
            bytecode_len: pick(&self.bytecode_len, rows),
            censored_rows: self.censored_rows,
            purged_rows: self.purged_rows,
            digest: self.digest.clone(),
        }
    }

    /// Looks for leaks by content.
    ///
    /// # Errors
    /// [`DataError::Leak`] for a feature that repeats a label, or that tells programs or families apart: functions with
    /// like values are of one, but for exceptions.
    pub fn check_contents(&self) -> Result<(), DataError> {
        let groups = self.groups();
        for (name, values) in self.feature_names.iter().zip(&self.features) {
            let reason = if let Some(label) = self.repeats_label(values) {
                format!("its values are those of the label `{label}`, or follow from them")
            } else if let Some(group) = groups.named_by(values) {
                format!("its value names the {group}: each has a value or range of its own, but for exceptions")
            } else {
                continue;
            };
            return Err(DataError::Leak { column: name.clone(), reason });
        }
        Ok(())
    }

    /// The label that a column is, if any, or of which it is a strictly monotone function: its logarithm, say, or rank.
    pub(crate) fn repeats_label(&self, values: &[f64]) -> Option<&'static str> {
        let labels = [
            ("self_work_after", &self.self_work_after),
            ("calls_after", &self.calls_after),
            ("backedges_after", &self.backedges_after),
        ];
        let mut sorted: Vec<usize> = (0..values.len()).collect();
        sorted.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
        let goes_with = |after: &[f64], turned: fn(Ordering) -> Ordering| {
            sorted.windows(2).all(|pair| {
                let step = values[pair[0]].partial_cmp(&values[pair[1]]);
                step.is_some() && after[pair[0]].partial_cmp(&after[pair[1]]) == step.map(turned)
            })
        };
        let is_monotone = |after: &[f64]| goes_with(after, |step| step) || goes_with(after, Ordering::reverse);
        let repeats = |after: &[f64]| {
            let distinct = |rows: &mut dyn Iterator<Item = f64>| {
                rows.map(f64::to_bits).collect::<BTreeSet<_>>().len() > FEWEST_LABELS
            };
            let equal = values.iter().zip(after).all(|(a, b)| a == b);
            equal && distinct(&mut after.iter().copied())
                || is_monotone(after) && distinct(&mut self.first_of_each_function(after))
        };
        labels.into_iter().find(|(_, after)| repeats(after)).map(|(label, _)| label)
    }

    /// The value in the first row of each function. What is still to come of a single one, or of several that are called
    /// equally often, falls as what has been grows, and is no leak.
    fn first_of_each_function<'a>(&'a self, values: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        let mut seen = BTreeSet::new();
        self.function_id.iter().zip(values).filter(move |row| seen.insert(*row.0)).map(|row| *row.1)
    }

    /// What columns must not name.
    pub(crate) fn groups(&self) -> ViewGroups {
        let groups = [("program", &self.program), ("family", &self.family)];
        ViewGroups(groups.map(|(name, groups)| (name, Groups::new(groups, &self.function_id))))
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

/// Programs and families of a view's rows.
pub(crate) struct ViewGroups([(&'static str, Groups); 2]);

impl ViewGroups {
    /// Whether a column's values tell programs, or families, from each other.
    pub fn named_by(&self, values: &[f64]) -> Option<&'static str> {
        self.0.iter().find(|(_, groups)| groups.are_named_by(values)).map(|(name, _)| *name)
    }
}

/// Opens a data set and takes its view.
///
/// # Errors
/// As [`Dataset::open`] and [`Dataset::training_view`].
pub fn training_view(root: &Path, spec: &ViewSpec) -> Result<TrainingView, DataError> {
    Dataset::open(root)?.training_view(spec)
}
