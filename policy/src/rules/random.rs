//! The placebo: promotions at a given rate, for no reason.

use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use trinity_vm::seam::{Action, Decision, DecisionKind, DecisionPoint, Policy, Tier};

use super::{NEVER, doubling, not_mine, unit};

/// At each consultation (2, 4, 8, … events) promotes with probability `p`, to one of the legal higher tiers, all
/// alike. Propensities are exact, so its logs serve off-policy estimation; a decision explores when it promotes.
#[derive(Clone, Debug)]
pub struct Random {
    p: f64,
    seed: u64,
    random: Xoshiro256PlusPlus,
}

impl Random {
    pub fn new(p: f64, seed: u64) -> Random {
        Random { p, seed, random: Xoshiro256PlusPlus::seed_from_u64(seed) }
    }
}

impl Policy for Random {
    fn name(&self) -> String {
        format!("random:{},{}", self.p, self.seed)
    }
    fn first_consultation(&self, _kind: DecisionKind) -> u32 {
        2
    }
    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        if let Some(decision) = not_mine(point.kind) {
            return decision;
        }
        let higher: Vec<Action> = point.legal.iter().filter(|action| action.tier() > Some(point.tier)).collect();
        let ask = doubling(point);
        if higher.is_empty() {
            return Decision::certain(Action::Stay, if point.tier == Tier::Hot { NEVER } else { ask });
        }
        let mut propensities = [0.0; 3];
        propensities[Action::Stay as usize] = 1.0 - self.p as f32;
        for action in &higher {
            propensities[*action as usize] = (self.p / higher.len() as f64) as f32;
        }
        let unit = unit(&mut self.random);
        let action = if unit < self.p {
            let at = (unit / self.p * higher.len() as f64) as usize;
            higher[at.min(higher.len() - 1)]
        } else {
            Action::Stay
        };
        let (done, explore) = (action == Action::Hot, action != Action::Stay);
        Decision { propensities, explore, ..Decision::certain(action, if done { NEVER } else { ask }) }
    }
}
