//! `train`: from a data set to a model and its held-out metrics.

use std::{collections::BTreeSet, path::Path};

use rand_xoshiro::{
    Xoshiro256PlusPlus,
    rand_core::{RngCore, SeedableRng},
};
use serde::{Deserialize, Serialize};
use trinity_datasets::{Horizon, Shared, ViewSpec, leave_groups_out, training_view};

use super::{
    evaluate::{Fitted, Metrics, folds},
    examples::{Examples, remaining_work_features, static_features},
    model::{Model, ModelKind},
    remaining, thresholds,
};
use crate::{error::PolicyError, rates::Rates};

/// What to train, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSpec {
    pub kind: ModelKind,
    /// Columns of the `decision` table; a default per kind when empty.
    pub features: Vec<String>,
    /// Only runs of this split; all when absent.
    pub split: Option<String>,
    /// Also learn from labels that are lower bounds.
    pub include_censored: bool,
    /// How far ahead labels look: `run_end`, or `next_iter` (to the end of the first iteration after the decision).
    pub horizon: Horizon,
    /// Boosted trees on top of the linear model (`remaining-work`).
    pub trees: u32,
    pub depth: u32,
    /// Fewest rows in a leaf.
    pub min_leaf: usize,
    pub learning_rate: f64,
    /// Penalty of the linear model, relative to the number of rows.
    pub ridge: f64,
    /// A tree's shape is found on at most this many rows; its leaves are fitted on all.
    pub max_rows: usize,
    pub seed: u64,
    /// Costs of tiers and compilations; the built-in table when absent.
    pub rates: Option<Rates>,
}

impl Default for TrainSpec {
    fn default() -> Self {
        TrainSpec {
            kind: ModelKind::RemainingWork,
            features: Vec::new(),
            split: None,
            include_censored: false,
            horizon: Horizon::RunEnd,
            trees: 12,
            depth: 4,
            min_leaf: 20,
            learning_rate: 0.5,
            ridge: 1e-3,
            max_rows: 6_000,
            seed: 1,
            rates: None,
        }
    }
}

impl TrainSpec {
    /// Reads a specification in TOML; absent fields have their defaults.
    ///
    /// # Errors
    /// [`PolicyError::Io`]; [`PolicyError::Training`] naming the file and line.
    pub fn load(path: &Path) -> Result<TrainSpec, PolicyError> {
        let text = std::fs::read_to_string(path).map_err(PolicyError::io(path, "read the training specification"))?;
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            PolicyError::Training(format!("{}: line {line}: {}", path.display(), error.message()))
        })
    }

    fn check(&self) -> Result<(), PolicyError> {
        let bad = |text: &str| Err(PolicyError::Training(text.to_owned()));
        if !(1..=16).contains(&self.depth) || self.trees > 200 {
            return bad("depth lies between 1 and 16, trees between 0 and 200");
        }
        let rate_fits = self.learning_rate > 0.0 && self.learning_rate <= 1.0;
        if !rate_fits || !self.ridge.is_finite() || self.ridge <= 0.0 {
            return bad("learning_rate lies above 0 and at most at 1, ridge above 0");
        }
        if self.min_leaf == 0 || self.max_rows < 2 * self.min_leaf {
            return bad("min_leaf is at least 1, max_rows at least twice min_leaf");
        }
        match &self.rates {
            Some(rates) => rates.check().map_err(|text| PolicyError::Training(text.to_owned())),
            None => Ok(()),
        }
    }
}

/// Trains a model on the data set below `data`. The metrics, which are also part of the model, are those of models
/// trained without the family that they are judged on.
///
/// # Errors
/// [`PolicyError::Data`] for whatever is wrong with the data set, leaks included; [`PolicyError::Training`] when the
/// rows do not suffice or the specification makes no sense.
pub fn train(spec: &TrainSpec, data: &Path) -> Result<(Model, Metrics), PolicyError> {
    run(spec, data, false)
}

/// The metrics of the same training with labels shuffled over rows: they must be no better than the constant's.
///
/// # Errors
/// As [`train`].
pub fn placebo(spec: &TrainSpec, data: &Path) -> Result<Metrics, PolicyError> {
    Ok(run(spec, data, true)?.1)
}

fn run(spec: &TrainSpec, data: &Path, shuffled: bool) -> Result<(Model, Metrics), PolicyError> {
    spec.check()?;
    let features = match (spec.features.is_empty(), spec.kind) {
        (false, _) => spec.features.clone(),
        (true, ModelKind::RemainingWork) => remaining_work_features(),
        (true, ModelKind::Thresholds) => static_features(),
    };
    if spec.kind == ModelKind::Thresholds {
        let allowed = static_features();
        if let Some(name) = features.iter().find(|name| !allowed.contains(name)) {
            return Err(PolicyError::Training(format!(
                "thresholds are learned from static features only, not from `{name}`; choose from {}",
                allowed.join(", ")
            )));
        }
    }
    let view = training_view(
        data,
        &ViewSpec {
            features,
            split: spec.split.clone(),
            include_censored: spec.include_censored,
            shared: Shared::Purge,
            horizon: spec.horizon,
        },
    )?;
    let mut examples = Examples::new(&view);
    if examples.len() < 4 * spec.min_leaf || examples.x.columns == 0 {
        return Err(PolicyError::Training(format!(
            "{} usable rows and {} features that vary; collect more",
            examples.len(),
            examples.x.columns
        )));
    }
    if shuffled {
        shuffle(&mut examples, spec.seed);
    }
    let rates = spec.rates.clone().unwrap_or_default();
    let (mut model, scores, folds, purged) = match spec.kind {
        ModelKind::RemainingWork => remaining_work(&examples, spec, &rates)?,
        ModelKind::Thresholds => thresholds::train(&examples, spec, &rates)?,
    };
    let metrics = Metrics {
        held_out_by: examples.grouped_by.to_owned(),
        folds,
        rows: examples.len(),
        functions: examples.function.iter().collect::<BTreeSet<_>>().len(),
        censored_rows: view.censored_rows,
        purged_rows: purged + view.purged_rows,
        scores,
    };
    model.metrics = metrics.clone();
    model.data_sha256 = view.digest;
    Ok((model, metrics))
}

type Trained = (Model, std::collections::BTreeMap<String, super::Score>, usize, usize);

/// Folds inside of a fold, by which its correction is chosen.
const INNER_FOLDS: usize = 3;

fn remaining_work(data: &Examples, spec: &TrainSpec, rates: &Rates) -> Result<Trained, PolicyError> {
    let folds = folds(data, spec.seed)?;
    let rows = data.len();
    let mut fitted = Fitted { predictions: vec![0.0; rows], constants: vec![0.0; rows], offsets: vec![0.0; rows] };
    let mut purged = 0;
    for fold in &folds {
        purged += fold.purged;
        let seen = data.select(&fold.train);
        let model = remaining::fit(&seen, spec, rates)?;
        let offset = inner_offset(&seen, spec, rates)?;
        for row in &fold.test {
            fitted.predictions[*row] = model.predict(data.x.row(*row));
            fitted.constants[*row] = model.linear.intercept;
            fitted.offsets[*row] = offset;
        }
    }
    // Judged is what was held out: not the groups that are for training only.
    let mut judged: Vec<usize> = folds.iter().flat_map(|fold| fold.test.iter().copied()).collect();
    judged.sort_unstable();
    let held_out = data.select(&judged);
    for values in [&mut fitted.predictions, &mut fitted.constants, &mut fitted.offsets] {
        *values = judged.iter().map(|row| values[*row]).collect();
    }
    let mut model = remaining::fit(data, spec, rates)?;
    model.offset_log2 = remaining::offset(&held_out, rates, &fitted.predictions);
    let scores = remaining::scores(&held_out, rates, &fitted);
    Ok((model, scores.map(|(name, score)| (name.to_owned(), score)).into(), folds.len(), purged))
}

/// The correction that the training part of a fold chooses by itself, so that the held-out part has no say in it.
fn inner_offset(seen: &Examples, spec: &TrainSpec, rates: &Rates) -> Result<f64, PolicyError> {
    let (mut rows, mut predictions) = (Vec::new(), Vec::new());
    for inner in leave_groups_out(&seen.group, &seen.training_only, &seen.function, INNER_FOLDS, spec.seed)? {
        let model = remaining::fit(&seen.select(&inner.train), spec, rates)?;
        predictions.extend(inner.test.iter().map(|row| model.predict(seen.x.row(*row))));
        rows.extend(inner.test);
    }
    // Nothing to hold out: no correction.
    Ok(if rows.is_empty() { 0.0 } else { remaining::offset(&seen.select(&rows), rates, &predictions) })
}

/// Permutes the labels over the rows.
fn shuffle(data: &mut Examples, seed: u64) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x5bd1_e995);
    for at in (1..data.len()).rev() {
        let other = (random.next_u64() % (at as u64 + 1)) as usize;
        data.target.swap(at, other);
        data.after.swap(at, other);
        data.events_after.swap(at, other);
    }
}
