//! What would have happened: a run again, with one decision answered otherwise.

use serde::{Deserialize, Serialize};
use trinity_vm::seam::Action;

use crate::horizon::Horizon;

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counterfactual {
    pub decision_id: u64,
    #[serde(with = "by_name")]
    pub action: Action,
    /// Decisions that this one stands for: the inverse of the probability with which it was selected.
    pub sample_weight: f64,
    /// Specification of the policy that decided afterwards.
    pub continuation_policy: String,
    pub cost_kind: CostKind,
    pub horizon: Horizon,
    /// Of the run up to the horizon, nanoseconds of the kind's clock; mean of the repeats.
    pub cost_ns: f64,
    /// That minus the same with the action that was taken, and the same policy afterwards.
    pub benefit_ns: f64,
    /// 95 % interval of `benefit_ns`, for measured costs.
    pub interval_ns: Option<(f64, f64)>,
    pub n_reps: u32,
}

/// Actions as files name them.
mod by_name {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
    use trinity_vm::seam::Action;

    pub fn serialize<S: Serializer>(action: &Action, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(action.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Action, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = Action::ALL.into_iter().find(|action| action.name() == name);
        known.ok_or_else(|| D::Error::custom(format!("no action is called {name:?}")))
    }
}
