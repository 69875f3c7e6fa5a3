//! What would have happened: a run again, with one decision answered otherwise.

use serde::{Deserialize, Serialize};
use trinity_vm::seam::Action;

/// Where a cost comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CostKind {
    /// Wall time of runs.
    Measured,
    /// Modelled time of a run under the virtual clock.
    Virtual,
    /// A simulation.
    Model,
}

impl CostKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Virtual => "virtual",
            Self::Model => "model",
        }
    }

    /// Equal runs have equal costs of this kind.
    pub fn is_modelled(self) -> bool {
        self != Self::Measured
    }
}

/// A decision of a run answered with another action, and what the run cost then: a row of `outcome`.
#[derive(Clone, Debug, PartialEq)]
pub struct Counterfactual {
    pub decision_id: u64,
    pub action: Action,
    /// Specification of the policy that decided afterwards.
    pub continuation_policy: String,
    pub cost_kind: CostKind,
    /// Of the whole run, nanoseconds of the kind's clock; mean of the repeats.
    pub cost_ns: f64,
    /// That minus the cost of the run as it was.
    pub benefit_ns: f64,
    /// 95 % interval of `benefit_ns`, for measured costs.
    pub interval_ns: Option<(f64, f64)>,
    pub n_reps: u32,
}
