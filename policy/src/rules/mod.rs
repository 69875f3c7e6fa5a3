//! The policies that follow a rule. One file per family.

mod cost_benefit;
mod explore;
mod random;
mod reference;
mod threshold;

pub use cost_benefit::CostBenefit;
pub(crate) use cost_benefit::decide_by_cost;
pub use explore::Explore;
pub use random::Random;
pub use reference::Reference;
pub use threshold::{ThresholdPolicy, Thresholds, golden};

use rand_xoshiro::rand_core::RngCore;
use trinity_vm::seam::{Action, Decision, DecisionKind, DecisionPoint, Feature, Tier};

/// Never ask again.
pub(crate) const NEVER: u32 = u32::MAX;

/// Events so far, as thresholds count them: calls plus back-edges of a function, back-edges of a loop.
pub(crate) fn events(point: &DecisionPoint<'_>) -> f64 {
    match point.loop_index {
        Some(_) => point.features[Feature::LoopBackedges],
        None => point.features[Feature::Calls] + point.features[Feature::Backedges],
    }
}

/// What the countdown of this consultation counts: calls of a function, back-edges of a loop.
fn counted(point: &DecisionPoint<'_>) -> f64 {
    match point.loop_index {
        Some(_) => point.features[Feature::LoopBackedges],
        None => point.features[Feature::Calls],
    }
}

/// The countdown that ends when events reach `target`; at least 1. Exact for loops and for functions without
/// loops; a function with loops is asked about at the call before which it reaches `target`, if its calls go on
/// having as many back-edges as on average so far.
pub(crate) fn ask_at(target: f64, point: &DecisionPoint<'_>) -> u32 {
    let now = events(point);
    let per_count = (now / counted(point)).max(1.0);
    let per_count = if per_count.is_finite() { per_count } else { 1.0 };
    // A float too large for u32 saturates and NaN becomes 0; both are right here.
    (((target - now) / per_count).ceil() as u32).max(1)
}

/// The countdown that ends when what it counts has doubled.
pub(crate) fn doubling(point: &DecisionPoint<'_>) -> u32 {
    (counted(point) as u32).max(1)
}

/// What every rule answers to the kinds that no rule here is about: inlining is not decided yet, and optimised code that
/// has exited so often that the question comes is given up.
pub(crate) fn not_mine(kind: DecisionKind) -> Option<Decision> {
    match kind {
        DecisionKind::Inline => Some(Decision::certain(Action::Stay, NEVER)),
        DecisionKind::Demote => Some(Decision::give_up()),
        DecisionKind::Tier | DecisionKind::Osr | DecisionKind::Reopt => None,
    }
}

/// When to ask again after `action` has been put in the place of what a policy answered: when that policy wants to be
/// asked, but when events have doubled if it asked for a higher tier than it got, and never in the highest tier.
pub(crate) fn ask_after(action: Action, answer: &Decision, point: &DecisionPoint<'_>) -> u32 {
    if action == answer.action {
        return answer.ask_again;
    }
    let tier_after = |action: Action| action.tier().unwrap_or(point.tier);
    if tier_after(action) == Tier::Hot {
        NEVER
    } else if tier_after(action) < tier_after(answer.action) {
        answer.ask_again.min(doubling(point))
    } else {
        answer.ask_again
    }
}

/// A number from 0 to below 1; all multiples of 2⁻⁵³ are alike.
pub(crate) fn unit(random: &mut impl RngCore) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// A whole number below `n`, all alike up to 2⁻⁶⁴ · n.
pub(crate) fn below(random: &mut impl RngCore, n: usize) -> usize {
    ((u128::from(random.next_u64()) * n as u128) >> 64) as usize
}
