//! The cost-benefit model of the Jikes RVM (Arnold et al., OOPSLA 2000): a function will do as much work as it has
//! done; take the tier with the least compile time plus future time.

use trinity_vm::seam::{Decision, DecisionKind, DecisionPoint, Feature, Policy, Tier};

use super::{NEVER, doubling, not_mine};
use crate::rates::Rates;

/// First consultation: early enough that even the cheapest compilation has not repaid itself yet.
const FIRST: u32 = 2;

/// Future = past, with measured rates.
#[derive(Clone, Debug)]
pub struct CostBenefit {
    name: String,
    rates: Rates,
}

impl CostBenefit {
    pub fn new(rates: Rates) -> CostBenefit {
        CostBenefit { name: "cost-benefit".to_owned(), rates }
    }

    /// With rates of a file, which becomes part of the name.
    ///
    /// # Errors
    /// As [`Rates::load`].
    pub fn from_file(path: &str) -> Result<CostBenefit, crate::PolicyError> {
        Ok(CostBenefit { name: format!("cost-benefit:{path}"), rates: Rates::load(path.as_ref())? })
    }

    pub fn rates(&self) -> &Rates {
        &self.rates
    }
}

/// The decision for a given expectation of future work, asked again when events have doubled. Shared with the
/// learned policies, which differ in the expectation.
pub(crate) fn decide_by_cost(rates: &Rates, point: &DecisionPoint<'_>, future_work: f64) -> Decision {
    if let Some(decision) = not_mine(point.kind) {
        return decision;
    }
    let words = point.features[Feature::BytecodeLen];
    let (action, totals) = rates.cheapest(point.tier, point.legal, words, future_work);
    let done = action.tier().unwrap_or(point.tier) == Tier::Hot;
    let ask_again = if done { NEVER } else { doubling(point) };
    // Scores are costs in microseconds, negated: more is better.
    let scores = totals.map(|ns| (-ns / 1e3) as f32);
    Decision { scores, ..Decision::certain(action, ask_again) }
}

impl Policy for CostBenefit {
    fn name(&self) -> String {
        self.name.clone()
    }
    fn first_consultation(&self, _kind: DecisionKind) -> u32 {
        FIRST
    }
    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        let past = point.features[Feature::SelfWork];
        // A VM that cannot tell the work so far gives no reason to compile.
        let past = if past.is_finite() { past.max(0.0) } else { 0.0 };
        decide_by_cost(&self.rates, point, past)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trinity_vm::seam::{Action, ActionSet, Features};

    #[test]
    fn it_compiles_exactly_when_the_past_repays_the_compilation() {
        let rates = Rates::default();
        let words = 20.0;
        let gain = rates.ns_per_bytecode[0] - rates.ns_per_bytecode[1];
        let break_even = rates.compile_ns(Action::Warm, words) / gain;
        let mut policy = CostBenefit::new(rates);
        let mut decide = |work: f64| {
            let mut features = Features::default();
            features[Feature::BytecodeLen] = words;
            features[Feature::Calls] = 8.0;
            features[Feature::SelfWork] = work;
            let legal = ActionSet::STAY.with(Action::Warm);
            policy.decide(&DecisionPoint {
                kind: DecisionKind::Tier,
                function_id: 0,
                loop_index: None,
                tier: Tier::Cold,
                features: &features,
                legal,
            })
        };
        assert_eq!(decide(break_even * 0.999).action, Action::Stay);
        assert_eq!(decide(break_even * 0.999).ask_again, 8, "asked again when events have doubled");
        assert_eq!(decide(break_even * 1.001).action, Action::Warm);
        assert_eq!(decide(f64::NAN).action, Action::Stay);
    }
}
