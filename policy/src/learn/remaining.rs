//! Remaining work: a linear model, and trees on what it leaves.

use rand_xoshiro::{
    Xoshiro256PlusPlus,
    rand_core::{RngCore, SeedableRng},
};
use trinity_vm::seam::{Action, ActionSet, Tier};

use super::{
    evaluate::{Fitted, Score},
    examples::Examples,
    model::{MODEL_VERSION, Model, ModelKind, round},
    regress::ridge,
    train::TrainSpec,
    tree::{self, Shape},
};
use crate::{error::PolicyError, rates::Rates};

/// Fits a model to all rows of `data`.
pub(crate) fn fit(data: &Examples, spec: &TrainSpec, rates: &Rates) -> Result<Model, PolicyError> {
    let (low, high) = data.bounds();
    let max = data.target.iter().copied().fold(0.0, f64::max);
    let mut model = Model {
        schema_version: MODEL_VERSION.to_owned(),
        kind: ModelKind::RemainingWork,
        features: data.features.clone(),
        low,
        high,
        linear: ridge(data, spec.ridge)?,
        trees: Vec::new(),
        range: [0.0, round(max)],
        offset_log2: 0.0,
        pairs: Vec::new(),
        rates: rates.clone(),
        data_sha256: String::new(),
        seed: spec.seed,
        metrics: Default::default(),
    };
    let mut residual: Vec<f64> = (0..data.len()).map(|row| data.target[row] - model.predict(data.x.row(row))).collect();
    let shape = Shape { depth: spec.depth, min_leaf: spec.min_leaf };
    let mut random = Xoshiro256PlusPlus::seed_from_u64(spec.seed);
    for _ in 0..spec.trees {
        let rows = sample(data.len(), spec.max_rows, &mut random);
        let mut tree = tree::grow(&data.x, &residual, &data.weight, rows, shape)?;
        tree::refit(&mut tree, &data.x, &residual, &data.weight, spec.min_leaf as f64 / 2.0, spec.learning_rate);
        if tree.value.len() == 1 {
            break;
        }
        for (row, residual) in residual.iter_mut().enumerate() {
            *residual -= tree.value[tree.leaf(data.x.row(row))];
        }
        model.trees.push(tree);
    }
    Ok(model)
}

/// `count` row numbers out of `rows`, sorted; all of them when they are few.
fn sample(rows: usize, count: usize, random: &mut Xoshiro256PlusPlus) -> Vec<usize> {
    if rows <= count {
        return (0..rows).collect();
    }
    let mut all: Vec<usize> = (0..rows).collect();
    for at in 0..count {
        let other = at + (random.next_u64() % (rows - at) as u64) as usize;
        all.swap(at, other);
    }
    all.truncate(count);
    all.sort_unstable();
    all
}

/// Modelled cost of deciding each row by a prediction of log2(remaining work + 1), relative to deciding by the truth.
pub(crate) fn relative_cost(data: &Examples, rates: &Rates, log2: impl Fn(usize) -> f64) -> f64 {
    // By group, so that one long program does not decide alone.
    let mut sums = vec![(0.0, 0.0); data.groups];
    for row in 0..data.len() {
        let tier = match data.tier[row] {
            0 => Tier::Cold,
            1 => Tier::Warm,
            _ => Tier::Hot,
        };
        let mut legal = ActionSet::STAY;
        for action in [Action::Warm, Action::Hot] {
            if data.legal[row] & 1 << action as u8 != 0 {
                legal = legal.with(action);
            }
        }
        // Logged without a compiler, nothing but staying was legal; what matters is what would be.
        if legal == ActionSet::STAY {
            legal = legal.with(Action::Warm).with(Action::Hot);
        }
        let (words, truth) = (data.words[row], data.after[row]);
        let cost = |work: f64| {
            let (action, _) = rates.cheapest(tier, legal, words, work);
            rates.total_ns(tier, action, words, truth)
        };
        let sum = &mut sums[data.group[row] as usize];
        sum.0 += data.weight[row] * cost((log2(row).exp2() - 1.0).max(0.0));
        sum.1 += data.weight[row] * cost(truth);
    }
    geometric_mean(sums.into_iter().filter(|sum| sum.1 > 0.0).map(|sum| sum.0 / sum.1))
}

pub(crate) fn geometric_mean(ratios: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = ratios.fold((0.0, 0.0), |(sum, count), ratio| (sum + ratio.ln(), count + 1.0));
    if count > 0.0 { (sum / count).exp() } else { f64::NAN }
}

/// The correction of the prediction, within three doublings, that makes held-out decisions cheapest.
pub(crate) fn offset(data: &Examples, rates: &Rates, held_out: &[f64]) -> f64 {
    let mut best = (0.0, relative_cost(data, rates, |row| held_out[row]));
    for step in [-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6] {
        let offset = f64::from(step) * 0.5;
        let cost = relative_cost(data, rates, |row| held_out[row] + offset);
        if cost < best.1 {
            best = (offset, cost);
        }
    }
    best.0
}

/// Held-out predictions of the model and of its rivals, and their scores.
pub(crate) fn scores(data: &Examples, rates: &Rates, fitted: &Fitted) -> [(&'static str, Score); 3] {
    let past: Vec<f64> = data.past.iter().map(|past| (past + 1.0).log2()).collect();
    let score = |predictions: &[f64], offset: &dyn Fn(usize) -> f64| {
        let mut score = Score::of(&data.target, predictions, &data.weight);
        score.relative_cost = round(relative_cost(data, rates, |row| predictions[row] + offset(row)));
        score
    };
    [
        ("learned", score(&fitted.predictions, &|row| fitted.offsets[row])),
        ("future = past", score(&past, &|_| 0.0)),
        ("constant", score(&fitted.constants, &|_| 0.0)),
    ]
}
