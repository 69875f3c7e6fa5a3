//! The references at both ends: never compile, always compile.

use trinity_vm::seam::{Action, Decision, DecisionKind, DecisionPoint, Policy, Tier};

use super::{NEVER, doubling, not_mine};

/// A policy that does not weigh anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// Never leave tier 0.
    Interpret,
    /// Tier 1 at the first call, and no further.
    BaselineOnly,
    /// Tier 2 as soon as it is legal, tier 1 until then.
    Eager,
}

impl Policy for Reference {
    fn name(&self) -> String {
        match self {
            Self::Interpret => "interpret",
            Self::BaselineOnly => "baseline-only",
            Self::Eager => "eager",
        }
        .to_owned()
    }

    fn first_consultation(&self, _kind: DecisionKind) -> u32 {
        match self {
            Self::Interpret => NEVER,
            Self::BaselineOnly | Self::Eager => 1,
        }
    }

    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        if let Some(decision) = not_mine(point.kind) {
            return decision;
        }
        let legal = |action: Action| point.legal.contains(action) && action.tier() > Some(point.tier);
        let action = match self {
            Self::Interpret => Action::Stay,
            Self::BaselineOnly if legal(Action::Warm) => Action::Warm,
            Self::Eager if legal(Action::Hot) => Action::Hot,
            Self::Eager if legal(Action::Warm) => Action::Warm,
            Self::BaselineOnly | Self::Eager => Action::Stay,
        };
        let done = match (self, action.tier().unwrap_or(point.tier)) {
            (Self::Interpret, _) | (_, Tier::Hot) | (Self::BaselineOnly, Tier::Warm) => true,
            (Self::BaselineOnly, Tier::Cold) | (Self::Eager, _) => false,
        };
        // What is not legal now may become so; asking at doublings finds out soon and cheaply.
        Decision::certain(action, if done { NEVER } else { doubling(point) })
    }
}
