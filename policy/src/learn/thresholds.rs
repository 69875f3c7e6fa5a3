//! Learned thresholds: which pair suits a function, from its static features alone.
//!
//! In hindsight the best pair of a single function is degenerate (at once, or never). So a tree first groups
//! functions that promise alike, and each leaf gets the pair that is cheapest for its functions together.

use std::collections::BTreeMap;

use trinity_vm::seam::Action;

use super::{
    evaluate::{Score, folds},
    examples::{Examples, Matrix},
    model::{MODEL_VERSION, Model, ModelKind, round},
    remaining::geometric_mean,
    train::TrainSpec,
    tree::{self, Shape},
};
use crate::{
    error::PolicyError,
    rates::Rates,
    rules::{NEVER, Thresholds, golden},
};

/// What one function did in one run.
#[derive(Clone, Copy, Debug)]
struct Total {
    work: f64,
    events: f64,
    words: f64,
    /// Row of the examples that holds its features.
    row: usize,
    group: u32,
    /// Makes the groups' best costs equal.
    weight: f64,
}

/// Thresholds that are tried: powers of two, and never.
fn grid() -> Vec<u32> {
    (0..=26).map(|exponent| 1 << exponent).chain([NEVER]).collect()
}

/// Modelled time of a function under a pair, compilations included.
fn cost(total: &Total, thresholds: Thresholds, rates: &Rates) -> f64 {
    let per_event = total.work / total.events.max(1.0);
    let (warm, hot) = (f64::from(thresholds.warm), f64::from(thresholds.hot));
    let [s0, s1, s2] = rates.ns_per_bytecode.map(|ns| ns * per_event);
    let events = total.events;
    let never = |threshold: u32| threshold == NEVER;
    let compile = |action| rates.compile_ns(action, total.words);
    let warm_at = if never(thresholds.warm) { events } else { warm.min(events) };
    let hot_at = if never(thresholds.hot) { events } else { hot.min(events) };
    let (goes_hot, goes_warm) = (hot_at < events, warm_at < hot_at);
    let cold = if goes_warm { warm_at } else { hot_at };
    let mut sum = cold * s0;
    if goes_warm {
        sum += compile(Action::Warm) + (hot_at - warm_at) * s1;
    }
    if goes_hot {
        sum += compile(Action::Hot) + (events - hot_at) * s2;
    }
    sum
}

/// Least modelled time in hindsight: compile at the first event, or never.
fn best_cost(total: &Total, rates: &Rates) -> f64 {
    [(NEVER, NEVER), (1, NEVER), (NEVER, 1)]
        .into_iter()
        .map(|(warm, hot)| cost(total, Thresholds { warm, hot }, rates))
        .fold(f64::INFINITY, f64::min)
}

/// One row per function and run: the last decision about it says most.
fn totals(data: &Examples, rates: &Rates) -> Vec<Total> {
    let mut last: BTreeMap<(u32, u64), usize> = BTreeMap::new();
    for row in 0..data.len() {
        let at = last.entry((data.run[row], data.function[row])).or_insert(row);
        if data.events[row] >= data.events[*at] {
            *at = row;
        }
    }
    let mut out: Vec<Total> = last
        .into_values()
        .map(|row| Total {
            work: data.past[row] + data.after[row],
            events: data.events[row] + data.events_after[row],
            words: data.words[row],
            row,
            group: data.group[row],
            weight: 1.0,
        })
        .collect();
    let mut sums = vec![0.0; data.groups];
    for total in &out {
        sums[total.group as usize] += best_cost(total, rates);
    }
    for total in &mut out {
        total.weight = 1.0 / sums[total.group as usize].max(1e-9);
    }
    out
}

/// The pair that is cheapest for these functions together; the earlier one of equals.
fn best_pair(totals: &[&Total], rates: &Rates) -> Thresholds {
    let mut best = (Thresholds { warm: NEVER, hot: NEVER }, f64::INFINITY);
    for warm in grid() {
        for hot in grid() {
            let pair = Thresholds { warm, hot };
            let sum: f64 = totals.iter().map(|total| total.weight * cost(total, pair, rates)).sum();
            if sum < best.1 {
                best = (pair, sum);
            }
        }
    }
    best.0
}

/// Fits a model to the functions of `data`.
fn fit_totals(data: &Examples, totals: &[Total], spec: &TrainSpec, rates: &Rates) -> Result<Model, PolicyError> {
    let mut x = Matrix::new(data.x.columns);
    let (mut target, mut weight) = (Vec::new(), Vec::new());
    for total in totals {
        x.push(data.x.row(total.row));
        // How many times over the optimising compilation would repay itself.
        let gain = total.work * (rates.ns_per_bytecode[0] - rates.ns_per_bytecode[2]).max(1e-3);
        target.push((gain / rates.compile_ns(Action::Hot, total.words).max(1.0) + 1e-3).log2());
        weight.push(data.weight[total.row]);
    }
    let shape = Shape { depth: spec.depth, min_leaf: spec.min_leaf };
    let mut tree = tree::grow(&x, &target, &weight, (0..totals.len()).collect(), shape)?;
    let mut members: BTreeMap<usize, Vec<&Total>> = BTreeMap::new();
    for (row, total) in totals.iter().enumerate() {
        members.entry(tree.leaf(x.row(row))).or_default().push(total);
    }
    let mut pairs: Vec<[u32; 2]> = Vec::new();
    for node in 0..tree.value.len() {
        if tree.left[node] != 0 {
            continue;
        }
        let pair = best_pair(members.get(&node).map_or(&[], Vec::as_slice), rates);
        let pair = [pair.warm, pair.hot];
        let at = pairs.iter().position(|known| *known == pair).unwrap_or_else(|| {
            pairs.push(pair);
            pairs.len() - 1
        });
        tree.value[node] = at as f64;
    }
    let (low, high) = data.bounds();
    Ok(Model {
        schema_version: MODEL_VERSION.to_owned(),
        kind: ModelKind::Thresholds,
        features: data.features.clone(),
        low,
        high,
        linear: Default::default(),
        trees: vec![tree],
        range: [0.0, 0.0],
        offset_log2: 0.0,
        pairs,
        rates: rates.clone(),
        data_sha256: String::new(),
        seed: spec.seed,
        metrics: Default::default(),
    })
}

/// Fits to all of `data`, and measures on held-out groups, where the rivals are the golden pair, the oldest seed
/// pair and the best single pair of the fold's training functions.
pub(crate) fn train(
    data: &Examples,
    spec: &TrainSpec,
    rates: &Rates,
) -> Result<(Model, BTreeMap<String, Score>, usize, usize), PolicyError> {
    let folds = folds(data, spec.seed)?;
    let mut costs: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    let mut purged = 0;
    for fold in &folds {
        purged += fold.purged;
        let (seen, unseen) = (data.select(&fold.train), data.select(&fold.test));
        let seen_totals = totals(&seen, rates);
        let model = fit_totals(&seen, &seen_totals, spec, rates)?;
        let tuned = best_pair(&seen_totals.iter().collect::<Vec<_>>(), rates);
        for total in totals(&unseen, rates) {
            let [warm, hot] = model.thresholds(unseen.x.row(total.row));
            let best = best_cost(&total, rates);
            for (name, pair) in [
                ("learned", Thresholds { warm, hot }),
                ("tuned-fixed", tuned),
                ("golden", golden(8, 16)),
                ("seed-v1.0", Thresholds { warm: 100, hot: 10_000 }),
                ("interpret", Thresholds { warm: NEVER, hot: NEVER }),
            ] {
                let sums = costs.entry(name).or_insert_with(|| vec![(0.0, 0.0); data.groups]);
                sums[total.group as usize].0 += cost(&total, pair, rates);
                sums[total.group as usize].1 += best;
            }
        }
    }
    let scores = costs
        .into_iter()
        .map(|(name, sums)| {
            let ratio = geometric_mean(sums.into_iter().filter(|sum| sum.1 > 0.0).map(|sum| sum.0 / sum.1));
            (name.to_owned(), Score { r2: None, mae_log2: None, relative_cost: round(ratio) })
        })
        .collect();
    Ok((fit_totals(data, &totals(data, rates), spec, rates)?, scores, folds.len(), purged))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates {
        source: String::new(),
        ns_per_bytecode: [4.0, 2.0, 1.0],
        compile_ns_per_bytecode: [10.0, 100.0],
        compile_fixed_ns: [0.0, 0.0],
    };

    #[test]
    fn costs_are_those_of_the_tiers_that_a_pair_passes_through() {
        let total = Total { work: 1000.0, events: 100.0, words: 5.0, row: 0, group: 0, weight: 1.0 };
        let cost = |warm, hot| cost(&total, Thresholds { warm, hot }, &RATES);
        assert_eq!(cost(NEVER, NEVER), 4000.0);
        assert_eq!(cost(100, 200), 4000.0, "a threshold at the last event changes nothing");
        assert_eq!(cost(10, NEVER), 400.0 + 50.0 + 1800.0);
        assert_eq!(cost(10, 60), 400.0 + 50.0 + 1000.0 + 500.0 + 400.0);
        assert_eq!(cost(60, 10), 400.0 + 500.0 + 900.0, "straight to tier 2");
    }
}
