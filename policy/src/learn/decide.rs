//! A model as a policy.

use trinity_vm::seam::{Decision, DecisionKind, DecisionPoint, Feature, Policy};

use super::model::{MAX_INPUTS, Model, ModelKind, Refusal};
use crate::rules::{CostBenefit, Thresholds, decide_by_cost};

/// Decides by a [`Model`], and by `cost-benefit` where the model has no answer.
pub struct Learned {
    name: String,
    columns: Vec<Feature>,
    substitute: CostBenefit,
    first: u32,
    decisions: u64,
    fallbacks: u64,
    model: Model,
}

impl Learned {
    /// `name` is the specification, `learned:FILE`. A model that was not [loaded](Model::load) and names an unknown
    /// feature falls back always.
    pub fn new(name: impl Into<String>, model: Model) -> Learned {
        let substitute = CostBenefit::new(model.rates.clone());
        let first = match model.kind {
            ModelKind::RemainingWork => substitute.first_consultation(DecisionKind::Tier),
            ModelKind::Thresholds => {
                model.pairs.iter().map(|[warm, hot]| Thresholds { warm: *warm, hot: *hot }.first()).min().unwrap_or(1)
            }
        };
        let columns = model.columns().unwrap_or_default();
        Learned { name: name.into(), columns, substitute, first, decisions: 0, fallbacks: 0, model }
    }

    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Decisions so far, and how many of them `cost-benefit` took.
    pub fn fallbacks(&self) -> (u64, u64) {
        (self.decisions, self.fallbacks)
    }

    fn answer(&self, point: &DecisionPoint<'_>) -> Result<Decision, Refusal> {
        if self.columns.len() != self.model.features.len() {
            return Err(Refusal::NotFinite);
        }
        let mut x = [0.0; MAX_INPUTS];
        self.model.inputs(&self.columns, point.features, &mut x)?;
        let x = &x[..self.columns.len()];
        match self.model.kind {
            ModelKind::RemainingWork => {
                let log2 = self.model.predict(x) + self.model.offset_log2;
                Ok(decide_by_cost(&self.model.rates, point, (libm::exp2(log2) - 1.0).max(0.0)))
            }
            ModelKind::Thresholds => {
                let [warm, hot] = self.model.thresholds(x);
                Ok(Thresholds { warm, hot }.decide(point))
            }
        }
    }
}

impl Model {
    /// The pair of thresholds of the leaf that `x` falls into.
    pub(crate) fn thresholds(&self, x: &[f64]) -> [u32; 2] {
        let tree = &self.trees[0];
        self.pairs[tree.value[tree.leaf(x)] as usize]
    }
}

impl Policy for Learned {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn first_consultation(&self, _kind: DecisionKind) -> u32 {
        self.first
    }

    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        self.decisions += 1;
        self.answer(point).unwrap_or_else(|refusal| {
            self.fallbacks += 1;
            Decision { fallback: Some(refusal.name()), ..self.substitute.decide(point) }
        })
    }
}
