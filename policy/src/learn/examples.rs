//! Rows to learn from: a training view as a dense matrix of transformed features.

use trinity_datasets::TrainingView;
use trinity_vm::seam::Feature;

use super::model::{round, transform};

/// Row-major numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matrix {
    pub columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    pub fn new(columns: usize) -> Matrix {
        Matrix { columns, values: Vec::new() }
    }
    pub fn push(&mut self, row: &[f64]) {
        debug_assert_eq!(row.len(), self.columns);
        self.values.extend_from_slice(row);
    }
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..][..self.columns]
    }
}

/// A training view, transformed, with constant columns and rows that are not finite left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Examples {
    pub features: Vec<String>,
    pub x: Matrix,
    /// log2(remaining work + 1).
    pub target: Vec<f64>,
    /// Each family weighs the same.
    pub weight: Vec<f64>,
    /// Rows of one group are held out together.
    pub group: Vec<u32>,
    pub function: Vec<u64>,
    pub run: Vec<u32>,
    pub tier: Vec<u8>,
    pub legal: Vec<u8>,
    pub words: Vec<f64>,
    pub past: Vec<f64>,
    pub after: Vec<f64>,
    pub events: Vec<f64>,
    pub events_after: Vec<f64>,
    pub groups: usize,
    /// Groups that models are trained on and never judged by.
    pub training_only: Vec<u32>,
    /// What a group is: family, program or function.
    pub grouped_by: &'static str,
}

impl Examples {
    pub fn new(view: &TrainingView) -> Examples {
        let varying: Vec<usize> = (0..view.features.len())
            .filter(|at| view.features[*at].iter().any(|value| *value != view.features[*at][0]))
            .collect();
        let (group, grouped_by) = groups(view);
        let mut out = Examples {
            features: varying.iter().map(|at| view.feature_names[*at].clone()).collect(),
            x: Matrix::new(varying.len()),
            training_only: if grouped_by == "family" { view.training_only.clone() } else { Vec::new() },
            grouped_by,
            ..Examples::default()
        };
        let mut row_x = vec![0.0; varying.len()];
        for (row, group) in group.into_iter().enumerate() {
            for (to, at) in row_x.iter_mut().zip(&varying) {
                *to = transform(view.features[*at][row]);
            }
            let after = view.self_work_after[row];
            let plain = [after, view.self_work[row], view.events[row], view.bytecode_len[row], view.weight[row]];
            if row_x.iter().chain(&plain).any(|value| !value.is_finite()) {
                continue;
            }
            out.x.push(&row_x);
            out.target.push((after + 1.0).log2());
            out.weight.push(view.weight[row]);
            out.group.push(group);
            out.function.push(view.function_id[row]);
            out.run.push(view.run[row]);
            out.tier.push(view.tier[row]);
            out.legal.push(view.legal[row]);
            out.words.push(view.bytecode_len[row]);
            out.past.push(view.self_work[row]);
            out.after.push(after);
            out.events.push(view.events[row]);
            out.events_after.push(view.calls_after[row] + view.backedges_after[row]);
        }
        out.balance();
        out
    }

    pub fn len(&self) -> usize {
        self.target.len()
    }

    /// Gives every group the same total weight, and rows the mean weight 1.
    pub fn balance(&mut self) {
        self.groups = self.group.iter().max().map_or(0, |last| *last as usize + 1);
        let mut totals = vec![0.0; self.groups];
        for (group, weight) in self.group.iter().zip(&self.weight) {
            totals[*group as usize] += weight;
        }
        let share = self.len() as f64 / totals.iter().filter(|total| **total > 0.0).count().max(1) as f64;
        for (group, weight) in self.group.iter().zip(&mut self.weight) {
            *weight *= share / totals[*group as usize];
        }
    }

    /// The rows with these numbers.
    pub fn select(&self, rows: &[usize]) -> Examples {
        fn pick<T: Copy>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|row| values[*row]).collect()
        }
        let mut x = Matrix::new(self.x.columns);
        for row in rows {
            x.push(self.x.row(*row));
        }
        Examples {
            features: self.features.clone(),
            x,
            target: pick(&self.target, rows),
            weight: pick(&self.weight, rows),
            group: pick(&self.group, rows),
            function: pick(&self.function, rows),
            run: pick(&self.run, rows),
            tier: pick(&self.tier, rows),
            legal: pick(&self.legal, rows),
            words: pick(&self.words, rows),
            past: pick(&self.past, rows),
            after: pick(&self.after, rows),
            events: pick(&self.events, rows),
            events_after: pick(&self.events_after, rows),
            groups: self.groups,
            training_only: self.training_only.clone(),
            grouped_by: self.grouped_by,
        }
    }

    /// Range of each feature, widened by a quarter and one doubling: beyond it a model does not answer.
    pub fn bounds(&self) -> (Vec<f64>, Vec<f64>) {
        let mut low = vec![f64::INFINITY; self.x.columns];
        let mut high = vec![f64::NEG_INFINITY; self.x.columns];
        for row in 0..self.len() {
            for (at, value) in self.x.row(row).iter().enumerate() {
                low[at] = low[at].min(*value);
                high[at] = high[at].max(*value);
            }
        }
        for (low, high) in low.iter_mut().zip(&mut high) {
            let slack = 1.0 + 0.25 * (*high - *low);
            (*low, *high) = (round(*low - slack), round(*high + slack));
        }
        (low, high)
    }
}

/// Hold-out groups: families; programs where there is one family; functions where there is one program.
fn groups(view: &TrainingView) -> (Vec<u32>, &'static str) {
    if view.families.len() >= 2 {
        (view.family.clone(), "family")
    } else if view.programs.len() >= 2 {
        (view.program.clone(), "program")
    } else {
        (view.function_id.iter().map(|id| (id % 5) as u32).collect(), "function")
    }
}

/// Features that do not change while a program runs, and whose values no schedule of consultations shapes.
pub(crate) fn static_features() -> Vec<String> {
    use Feature as F;
    let features = [
        F::BytecodeLen,
        F::NBlocks,
        F::NLoops,
        F::MaxLoopDepth,
        F::NCalls,
        F::NAllocs,
        F::NTableOps,
        F::NArith,
        F::NCompare,
        F::NMoves,
        F::NUpvalues,
        F::NConsts,
        F::NParams,
        F::IsVararg,
    ];
    features.iter().map(|feature| feature.info().name.to_owned()).collect()
}

/// Static features and counters. Left out: what depends on when the logging policy asked or compiled
/// (`…_since_last`, `work_in_tier`, deoptimisations) and what tells programs apart (`functions_seen`).
pub(crate) fn remaining_work_features() -> Vec<String> {
    use Feature as F;
    let dynamic = [
        F::Calls,
        F::Backedges,
        F::LoopBackedges,
        F::LoopDepth,
        F::LoopLen,
        F::SelfWork,
        F::AgeWork,
        F::MeanTripCount,
        F::TypeStability,
        F::IcMono,
        F::IcPoly,
        F::IcMega,
        F::SitesExecuted,
    ];
    static_features().into_iter().chain(dynamic.iter().map(|feature| feature.info().name.to_owned())).collect()
}
