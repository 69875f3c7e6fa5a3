//! Policies that the host puts in front of others, or in their place.

use trinity_vm::seam::{Action, Decision, DecisionKind, DecisionPoint, Policy};

use super::ending::Fallbacks;

/// `--force-tier`: this tier for every function as soon as it is legal.
pub(super) struct Forced(pub u8);

impl Policy for Forced {
    fn name(&self) -> String {
        format!("force-tier {}", self.0)
    }
    fn first_consultation(&self, _: DecisionKind) -> u32 {
        if self.0 == 0 { u32::MAX } else { 1 }
    }
    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        if point.kind == DecisionKind::Demote {
            return Decision::give_up();
        }
        let action = if self.0 == 1 { Action::Warm } else { Action::Hot };
        if self.0 > 0 && point.legal.contains(action) {
            Decision::certain(action, u32::MAX)
        } else {
            Decision::certain(Action::Stay, if self.0 == 0 || point.tier as u8 >= self.0 { u32::MAX } else { 1 })
        }
    }
}

/// A policy whose fallbacks are counted: too many of them void the measurement of a learned one.
pub(super) struct Counted {
    pub inner: Box<dyn Policy>,
    pub fallbacks: Fallbacks,
}

impl Policy for Counted {
    fn name(&self) -> String {
        self.inner.name()
    }
    fn first_consultation(&self, kind: DecisionKind) -> u32 {
        self.inner.first_consultation(kind)
    }
    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        let decision = self.inner.decide(point);
        if let Some(reason) = decision.fallback {
            *self.fallbacks.borrow_mut().entry(reason).or_insert(0) += 1;
        }
        decision
    }
    fn objection(&mut self) -> Option<String> {
        self.inner.objection()
    }
    fn finish(&mut self) -> Option<String> {
        self.inner.finish()
    }
}
