//! Two thresholds on events (calls + back-edges): tier 1 at `warm`, tier 2 at `hot`. `fixed`, the `seed-v1.*`
//! pairs, `golden` and `geometric` are this one engine with other numbers.

use trinity_vm::seam::{Action, Decision, DecisionKind, DecisionPoint, Policy, Tier};

use super::{NEVER, ask_at, doubling, events, not_mine};

/// The pair of thresholds, in events; `u32::MAX` is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    pub warm: u32,
    pub hot: u32,
}

/// `base^exponent` by squares. The standard library does not say how it rounds.
fn power(base: f64, exponent: i32) -> f64 {
    let (mut power, mut square, mut left) = (1.0, base, exponent.unsigned_abs());
    while left > 0 {
        if left % 2 == 1 {
            power *= square;
        }
        square *= square;
        left /= 2;
    }
    if exponent < 0 { 1.0 / power } else { power }
}

/// (1 + √5) / 2.
pub(crate) const PHI: f64 = 1.618_033_988_749_895;

/// The golden-ratio pair: round(φ^a) and round(φ^b).
pub fn golden(a: i32, b: i32) -> Thresholds {
    Thresholds::geometric(PHI, a, b)
}

impl Thresholds {
    /// round(ratio^a) and round(ratio^b), at least 1 and at most `u32::MAX` (never).
    pub fn geometric(ratio: f64, a: i32, b: i32) -> Thresholds {
        // The cast saturates.
        let power = |exponent| (power(ratio, exponent).round() as u32).max(1);
        Thresholds { warm: power(a), hot: power(b) }
    }

    /// The first event at which there is something to decide.
    pub fn first(self) -> u32 {
        self.warm.min(self.hot).max(1)
    }

    /// The answer at a consultation.
    pub fn decide(self, point: &DecisionPoint<'_>) -> Decision {
        if let Some(decision) = not_mine(point.kind) {
            return decision;
        }
        let now = events(point);
        let reached = |threshold: u32| threshold != NEVER && now >= f64::from(threshold);
        let (warm, hot) = (reached(self.warm), reached(self.hot));
        if point.tier == Tier::Hot {
            return Decision::certain(Action::Stay, NEVER);
        }
        let action = if hot && point.legal.contains(Action::Hot) {
            Action::Hot
        } else if (warm || hot) && point.tier == Tier::Cold && point.legal.contains(Action::Warm) {
            Action::Warm
        } else {
            Action::Stay
        };
        let next = [self.warm, self.hot].into_iter().filter(|t| *t != NEVER && f64::from(*t) > now).min();
        let tier_after = action.tier().unwrap_or(point.tier);
        let ask_again = if tier_after == Tier::Hot {
            NEVER
        } else if hot {
            // Due, and not legal yet: feedback may ripen.
            doubling(point)
        } else if tier_after == Tier::Warm {
            if self.hot == NEVER { NEVER } else { ask_at(f64::from(self.hot), point) }
        } else if warm {
            doubling(point).min(next.map_or(NEVER, |next| ask_at(f64::from(next), point)))
        } else {
            next.map_or(NEVER, |next| ask_at(f64::from(next), point))
        };
        Decision::certain(action, ask_again)
    }
}

/// A [`Thresholds`] pair as a policy.
#[derive(Clone, Debug)]
pub struct ThresholdPolicy {
    name: String,
    thresholds: Thresholds,
}

impl ThresholdPolicy {
    pub fn new(name: impl Into<String>, thresholds: Thresholds) -> ThresholdPolicy {
        ThresholdPolicy { name: name.into(), thresholds }
    }
    pub fn thresholds(&self) -> Thresholds {
        self.thresholds
    }
}

impl Policy for ThresholdPolicy {
    fn name(&self) -> String {
        self.name.clone()
    }
    fn first_consultation(&self, _kind: DecisionKind) -> u32 {
        self.thresholds.first()
    }
    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        self.thresholds.decide(point)
    }
}
