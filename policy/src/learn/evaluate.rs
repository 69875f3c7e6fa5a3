//! How good a model is on families that it has not seen.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use trinity_datasets::{Fold, leave_groups_out};

use super::{examples::Examples, model::round};
use crate::error::PolicyError;

/// How well predictions fit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Share of the variance of log2(remaining work + 1) that is explained; at most 1, negative when worse than the
    /// mean of the held-out rows. `None` for predictors of something else.
    pub r2: Option<f64>,
    /// Mean absolute error, in doublings.
    pub mae_log2: Option<f64>,
    /// Modelled cost of its decisions, relative to hindsight; geometric mean over hold-out groups, 1 is perfect.
    pub relative_cost: f64,
}

impl Score {
    pub(crate) fn of(target: &[f64], predictions: &[f64], weight: &[f64]) -> Score {
        let total: f64 = weight.iter().sum();
        let mean = target.iter().zip(weight).map(|(y, w)| y * w).sum::<f64>() / total;
        let (mut squares, mut spread, mut absolute) = (0.0, 0.0, 0.0);
        for ((y, p), w) in target.iter().zip(predictions).zip(weight) {
            squares += w * (y - p).powi(2);
            spread += w * (y - mean).powi(2);
            absolute += w * (y - p).abs();
        }
        let r2 = if spread > 0.0 { 1.0 - squares / spread } else { 0.0 };
        Score { r2: Some(round(r2)), mae_log2: Some(round(absolute / total)), relative_cost: f64::MAX }
    }
}

/// Held-out metrics of a model and of its rivals, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// What is held out together: family, program or function.
    pub held_out_by: String,
    pub folds: usize,
    pub rows: usize,
    pub functions: usize,
    /// Rows left out because their labels are lower bounds or unknown.
    pub censored_rows: usize,
    /// Training rows left out of a fold because their function occurs in the held-out part, summed over folds.
    pub purged_rows: usize,
    /// `learned` and what it has to beat.
    pub scores: BTreeMap<String, Score>,
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} rows of {} functions, {} folds held out by {}; {} rows censored, {} purged",
            self.rows, self.functions, self.folds, self.held_out_by, self.censored_rows, self.purged_rows
        )?;
        write!(f, "{:<16} {:>8} {:>10} {:>14}", "held out", "R²", "MAE log2", "cost/hindsight")?;
        for (name, score) in &self.scores {
            let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.3}"));
            let (r2, mae) = (number(score.r2), number(score.mae_log2));
            write!(f, "\n{name:<16} {r2:>8} {mae:>10} {:>14.4}", score.relative_cost)?;
        }
        Ok(())
    }
}

/// Most folds: more groups than this share folds.
const MAX_FOLDS: usize = 32;

/// Leave-one-group-out; functions of the held-out part are removed from the training part, and groups that are for
/// training only are never held out.
///
/// # Errors
/// [`PolicyError::Training`] when there are too few groups.
pub(crate) fn folds(data: &Examples, seed: u64) -> Result<Vec<Fold>, PolicyError> {
    let folds = leave_groups_out(&data.group, &data.training_only, &data.function, MAX_FOLDS, seed)?;
    if folds.len() < 2 {
        return Err(PolicyError::Training(
            "nothing can be held out: collect from at least two program families (or one program with more functions)"
                .to_owned(),
        ));
    }
    Ok(folds)
}

/// What the folds' models said about the rows that they had not seen.
pub(crate) struct Fitted {
    pub predictions: Vec<f64>,
    /// The mean of each fold's training rows.
    pub constants: Vec<f64>,
    /// Corrections of the predictions, chosen inside of each fold.
    pub offsets: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_for_training_are_never_held_out() {
        let group: Vec<u32> = (0..40).map(|row| row % 4).collect();
        let data = Examples {
            function: (0..40).collect(),
            target: vec![0.0; 40],
            group: group.clone(),
            groups: 4,
            training_only: vec![2],
            ..Examples::default()
        };
        let folds = folds(&data, 1).expect("three groups to hold out");
        assert_eq!(folds.len(), 3);
        for fold in folds {
            assert!(fold.test.iter().all(|row| group[*row] != 2));
            assert_eq!(fold.train.iter().filter(|row| group[**row] == 2).count(), 10);
        }
    }
}
