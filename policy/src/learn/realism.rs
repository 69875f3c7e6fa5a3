//! Can a classifier tell one group of programs from all others by what a policy sees of them?
//!
//! Each program weighs the same within its side and both sides weigh the same. Whatever is judged was not seen in
//! training: folds hold out whole programs, and functions that occur on both sides (the suite's driver) are left out.

use std::{collections::BTreeSet, fmt};

use serde::Serialize;
use trinity_datasets::TrainingView;

use super::{
    evaluate::folds,
    examples::{Examples, remaining_work_features},
    model::{Tree, round},
    regress::ridge,
    tree::{self, Shape},
};
use crate::error::PolicyError;

/// Quantiles that are reported of each feature.
pub const QUANTILES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

const TREES: usize = 30;
const SHAPE: Shape = Shape { depth: 4, min_leaf: 20 };
const LEARNING_RATE: f64 = 0.3;
/// A tree's shape is found on at most this many rows.
const MAX_ROWS: usize = 3_000;
const PENALTY: f64 = 1e-3;
/// Deals the programs out to folds.
const SEED: u64 = 1;

/// How one feature differs between the sides.
#[derive(Clone, Debug, Serialize)]
pub struct FeatureRealism {
    pub name: String,
    /// [`QUANTILES`] of the group, weighted by program.
    pub group: [f64; 7],
    /// [`QUANTILES`] of all other programs.
    pub others: [f64; 7],
    /// Share of the others' decisions within the group's 1 % and 99 % quantiles.
    pub covered: f64,
    /// Of this feature alone: 0.5 where it tells nothing apart.
    pub auc: f64,
    /// Share of the trees' splits, each weighing half as much as the one above it.
    pub splits: f64,
}

/// What tells a group of programs from the others.
#[derive(Clone, Debug, Serialize)]
pub struct Realism {
    /// Decisions, programs and functions of the group, and of all other programs.
    pub decisions: [usize; 2],
    pub programs: [usize; 2],
    pub functions: [usize; 2],
    /// Functions on both sides, which are left out.
    pub shared_functions: usize,
    pub folds: usize,
    /// Area under the ROC curve on held-out programs, of a linear classifier.
    pub linear_auc: f64,
    /// Of boosted trees.
    pub trees_auc: f64,
    /// Those that tell most apart first.
    pub features: Vec<FeatureRealism>,
}

impl Realism {
    /// Of the stronger classifier.
    pub fn auc(&self) -> f64 {
        self.linear_auc.max(self.trees_auc)
    }
}

/// The features that realism is judged by: those that policies learn from.
pub fn realism_features() -> Vec<String> {
    remaining_work_features()
}

/// Compares the programs of `family` with all others.
///
/// # Errors
/// [`PolicyError::Training`] when a side has too few programs to hold any out.
pub fn realism(view: &TrainingView, family: &str) -> Result<Realism, PolicyError> {
    let data = Sides::new(view, family)?;
    let (mut linear, mut trees) = (vec![0.0; data.rows.len()], vec![0.0; data.rows.len()]);
    let folds = folds(&data.rows, SEED)?;
    let mut splits = vec![0.0; data.rows.x.columns];
    for fold in &folds {
        let seen = data.rows.select(&fold.train);
        let model = ridge(&seen, PENALTY)?;
        let forest = boost(&seen)?;
        forest.iter().for_each(|tree| count_splits(tree, 0, 1.0, &mut splits));
        for &row in &fold.test {
            let x = data.rows.x.row(row);
            linear[row] = model
                .coefficient
                .iter()
                .zip(x)
                .zip(model.mean.iter().zip(&model.scale))
                .map(|((coefficient, x), (mean, scale))| coefficient * (x - mean) / scale)
                .sum();
            trees[row] = forest.iter().map(|tree| tree.value[tree.leaf(x)]).sum();
        }
    }
    let all: f64 = splits.iter().sum();
    let share = |name: &String| {
        let column = data.rows.features.iter().position(|known| known == name);
        column.map_or(0.0, |column| round(splits[column] / all))
    };
    let mut features: Vec<FeatureRealism> = view
        .feature_names
        .iter()
        .zip(&view.features)
        .map(|(name, values)| FeatureRealism { splits: share(name), ..data.feature(name, values) })
        .collect();
    features.sort_by(|a, b| (b.auc - 0.5).abs().total_cmp(&(a.auc - 0.5).abs()));
    Ok(Realism {
        decisions: data.count(|row| row),
        programs: data.count_distinct(|row| u64::from(data.rows.group[row])),
        functions: data.count_distinct(|row| data.rows.function[row]),
        shared_functions: data.shared,
        folds: folds.len(),
        linear_auc: round(data.auc(&linear)),
        trees_auc: round(data.auc(&trees)),
        features,
    })
}

/// The rows of both sides; the target is 1 for the group.
struct Sides {
    rows: Examples,
    /// Of each row, its number in the view.
    source: Vec<usize>,
    shared: usize,
}

impl Sides {
    fn new(view: &TrainingView, family: &str) -> Result<Sides, PolicyError> {
        let inside = |row: usize| view.families[view.family[row] as usize] == family;
        let functions = |side: bool| -> BTreeSet<u64> {
            (0..view.len()).filter(|row| inside(*row) == side).map(|row| view.function_id[row]).collect()
        };
        let (group, others) = (functions(true), functions(false));
        let shared: BTreeSet<u64> = group.intersection(&others).copied().collect();
        // Programs are the unit here, not families.
        let mut by_program = view.clone();
        (by_program.family, by_program.families) = (view.program.clone(), view.programs.clone());
        by_program.training_only.clear();
        let all = Examples::new(&by_program);
        if all.len() != view.len() {
            return Err(PolicyError::Training("some features are not finite".to_owned()));
        }
        let source: Vec<usize> = (0..view.len()).filter(|row| !shared.contains(&view.function_id[*row])).collect();
        let mut rows = all.select(&source);
        rows.weight = view_weights(view, &source);
        rows.balance();
        rows.target = source.iter().map(|row| f64::from(u8::from(inside(*row)))).collect();
        let mut sides = Sides { rows, source, shared: shared.len() };
        let totals = sides.totals();
        if totals.contains(&0.0) {
            return Err(PolicyError::Training(format!("needs programs of family '{family}' and others to compare")));
        }
        let half = sides.rows.len() as f64 / 2.0;
        for row in 0..sides.rows.len() {
            sides.rows.weight[row] *= half / totals[sides.side(row)];
        }
        Ok(sides)
    }

    /// 0 for the group, 1 for the others.
    fn side(&self, row: usize) -> usize {
        usize::from(self.rows.target[row] < 0.5)
    }

    fn totals(&self) -> [f64; 2] {
        let mut totals = [0.0; 2];
        for row in 0..self.rows.len() {
            totals[self.side(row)] += self.rows.weight[row];
        }
        totals
    }

    fn count(&self, key: impl Fn(usize) -> usize) -> [usize; 2] {
        self.count_distinct(|row| key(row) as u64)
    }

    fn count_distinct(&self, key: impl Fn(usize) -> u64) -> [usize; 2] {
        let mut seen = [BTreeSet::new(), BTreeSet::new()];
        for row in 0..self.rows.len() {
            seen[self.side(row)].insert(key(row));
        }
        seen.map(|keys| keys.len())
    }

    /// Probability that a row of the group has the greater score than one of the others, ties counting half.
    fn auc(&self, score: &[f64]) -> f64 {
        let mut order: Vec<usize> = (0..score.len()).collect();
        order.sort_by(|a, b| score[*a].total_cmp(&score[*b]));
        let totals = self.totals();
        let (mut area, mut below) = (0.0, 0.0);
        for tied in order.chunk_by(|a, b| score[*a] == score[*b]) {
            let mut sums = [0.0; 2];
            for row in tied {
                sums[self.side(*row)] += self.rows.weight[*row];
            }
            area += sums[0] * (below + sums[1] / 2.0);
            below += sums[1];
        }
        area / (totals[0] * totals[1])
    }

    fn feature(&self, name: &str, values: &[f64]) -> FeatureRealism {
        let values: Vec<f64> = self.source.iter().map(|row| values[*row]).collect();
        let sorted = [0, 1].map(|side| {
            let mut pairs: Vec<(f64, f64)> = (0..values.len())
                .filter(|row| self.side(*row) == side)
                .map(|row| (values[row], self.rows.weight[row]))
                .collect();
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
            pairs
        });
        let (low, high) = (quantile(&sorted[0], 0.01), quantile(&sorted[0], 0.99));
        let inside: f64 = sorted[1].iter().filter(|(value, _)| (low..=high).contains(value)).map(|pair| pair.1).sum();
        FeatureRealism {
            name: name.to_owned(),
            group: QUANTILES.map(|at| quantile(&sorted[0], at)),
            others: QUANTILES.map(|at| quantile(&sorted[1], at)),
            covered: round(inside / self.totals()[1]),
            auc: round(self.auc(&values)),
            splits: 0.0,
        }
    }
}

fn view_weights(view: &TrainingView, source: &[usize]) -> Vec<f64> {
    source.iter().map(|row| view.weight[*row]).collect()
}

fn count_splits(tree: &Tree, node: usize, weight: f64, splits: &mut [f64]) {
    if tree.left[node] != 0 {
        splits[usize::from(tree.feature[node])] += weight;
        count_splits(tree, tree.left[node] as usize, weight / 2.0, splits);
        count_splits(tree, tree.right[node] as usize, weight / 2.0, splits);
    }
}

/// Weighted quantile of pairs of value and weight, sorted by value.
fn quantile(sorted: &[(f64, f64)], at: f64) -> f64 {
    let total: f64 = sorted.iter().map(|pair| pair.1).sum();
    let mut below = 0.0;
    for (value, weight) in sorted {
        below += weight;
        if below >= at * total {
            return *value;
        }
    }
    sorted.last().map_or(f64::NAN, |pair| pair.0)
}

/// Least-squares boosting of the target, each tree shaped on rows in turn.
fn boost(data: &Examples) -> Result<Vec<Tree>, PolicyError> {
    let mut residual: Vec<f64> = data.target.iter().map(|target| target - 0.5).collect();
    let mut forest = Vec::new();
    let stride = data.len().div_ceil(MAX_ROWS).max(1);
    for number in 0..TREES {
        let rows = (number % stride..data.len()).step_by(stride).collect();
        let mut tree = tree::grow(&data.x, &residual, &data.weight, rows, SHAPE)?;
        tree::refit(&mut tree, &data.x, &residual, &data.weight, SHAPE.min_leaf as f64 / 2.0, LEARNING_RATE);
        for (row, residual) in residual.iter_mut().enumerate() {
            *residual -= tree.value[tree.leaf(data.x.row(row))];
        }
        forest.push(tree);
    }
    Ok(forest)
}

impl fmt::Display for Realism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [decisions, programs, functions] = [self.decisions, self.programs, self.functions];
        for (name, side) in [("group", 0), ("others", 1)] {
            writeln!(
                f,
                "{name:<7} {:>7} decisions {:>6} functions {:>5} programs",
                decisions[side], functions[side], programs[side]
            )?;
        }
        writeln!(f, "{} functions occur on both sides and are left out\n", self.shared_functions)?;
        writeln!(f, "{:<18} {:>5} {:>6} {:>8}  quantiles {QUANTILES:?}", "feature", "AUC", "splits", "covered")?;
        for feature in &self.features {
            let shown = |values: &[f64; 7]| values.map(|value| format!("{value:>8.4}")).join(" ");
            let FeatureRealism { name, auc, splits, covered, .. } = feature;
            writeln!(f, "{name:<18} {auc:>5.3} {splits:>6.3} {covered:>8.3}  group  {}", shown(&feature.group))?;
            writeln!(f, "{:<40}  others {}", "", shown(&feature.others))?;
        }
        write!(
            f,
            "\nAUC on programs not seen in training ({} folds): linear {:.3}, boosted trees {:.3}",
            self.folds, self.linear_auc, self.trees_auc
        )
    }
}
