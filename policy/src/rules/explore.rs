//! Exploration: another policy's answers, with a share of actions drawn at random.

use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};
use trinity_vm::seam::{Action, Decision, DecisionKind, DecisionPoint, Policy};

use super::{ask_after, below, unit};

/// With probability `epsilon` one of the legal actions, all alike, else what `inner` answers.
///
/// Propensities are exact, ε/n + (1 − ε) · `inner`'s for n legal actions, so its logs serve off-policy estimation.
/// A decision explores when its action was drawn, also where `inner` would have answered the same. Where there is one
/// legal action nothing is drawn. `inner` is asked at every decision, so that it has seen what it would see alone.
pub struct Explore {
    epsilon: f64,
    seed: u64,
    random: Xoshiro256PlusPlus,
    inner: Box<dyn Policy>,
}

impl Explore {
    /// `epsilon` lies between 0 and 1.
    pub fn new(epsilon: f64, seed: u64, inner: Box<dyn Policy>) -> Explore {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        // Apart from what `inner` draws when it has the same seed.
        random.jump();
        Explore { epsilon, seed, random, inner }
    }
}

impl Policy for Explore {
    fn name(&self) -> String {
        format!("explore:{},seed={},{}", self.epsilon, self.seed, self.inner.name())
    }

    fn first_consultation(&self, kind: DecisionKind) -> u32 {
        self.inner.first_consultation(kind)
    }

    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        let mut decision = self.inner.decide(point);
        let legal: Vec<Action> = point.legal.iter().collect();
        if legal.len() < 2 {
            return decision;
        }
        let share = self.epsilon / legal.len() as f64;
        let mut propensities = [0.0; 3];
        for action in Action::ALL {
            // An illegal answer is carried out as "stay".
            let done = if point.legal.contains(action) { action } else { Action::Stay };
            propensities[done as usize] += (1.0 - self.epsilon) * f64::from(decision.propensities[action as usize]);
        }
        legal.iter().for_each(|action| propensities[*action as usize] += share);
        decision.propensities = propensities.map(|p| p as f32);
        if unit(&mut self.random) < self.epsilon {
            let action = legal[below(&mut self.random, legal.len())];
            decision.ask_again = ask_after(action, &decision, point);
            decision.action = action;
            decision.explore = true;
        }
        decision
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{NEVER, Random, Thresholds, threshold::ThresholdPolicy};
    use trinity_vm::seam::{ActionSet, Feature, Features, Tier};

    fn ask(policy: &mut dyn Policy, calls: f64, legal: ActionSet) -> Decision {
        let mut features = Features::default();
        features[Feature::Calls] = calls;
        let tier = Tier::Cold;
        let point = DecisionPoint {
            kind: DecisionKind::Tier,
            function_id: 1,
            loop_index: None,
            tier,
            features: &features,
            legal,
        };
        policy.decide(&point)
    }

    const ALL: ActionSet = ActionSet::STAY.with(Action::Warm).with(Action::Hot);
    const WARM_ONLY: ActionSet = ActionSet::STAY.with(Action::Warm);

    fn fixed(warm: u32, hot: u32) -> Box<dyn Policy> {
        Box::new(ThresholdPolicy::new("fixed", Thresholds { warm, hot }))
    }

    /// How often a policy takes each action in simulated contexts, estimated by inverse propensities from the log of
    /// another one, is how often it does take it.
    #[test]
    fn inverse_propensity_estimates_over_its_log_are_unbiased() {
        // A context is a number of calls and what is legal.
        let contexts: Vec<(f64, ActionSet)> = (0..60_000u32)
            .map(|n| (f64::from(n.wrapping_mul(2_654_435_761) >> 23), if n % 5 == 0 { WARM_ONLY } else { ALL }))
            .collect();
        let mut target = fixed(100, 300);
        let mut truth = [0.0; 3];
        let wanted: Vec<Action> =
            contexts.iter().map(|(calls, legal)| ask(target.as_mut(), *calls, *legal).action).collect();
        wanted.iter().for_each(|action| truth[*action as usize] += 1.0 / contexts.len() as f64);
        for (inner, seed) in
            [(fixed(50, 200), 3), (Box::new(Random::new(0.6, 3)) as Box<dyn Policy>, 3), (fixed(1, 1), 9)]
        {
            let mut logging = Explore::new(0.3, seed, inner);
            let (mut estimate, mut square) = ([0.0; 3], [0.0; 3]);
            for ((calls, legal), wanted) in contexts.iter().zip(&wanted) {
                let logged = ask(&mut logging, *calls, *legal);
                assert!((logged.propensities.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{logged:?}");
                if logged.action == *wanted {
                    let weight = 1.0 / f64::from(logged.propensities[logged.action as usize]);
                    estimate[*wanted as usize] += weight;
                    square[*wanted as usize] += weight * weight;
                }
            }
            let n = contexts.len() as f64;
            for action in Action::ALL.map(|action| action as usize) {
                let (mean, square) = (estimate[action] / n, square[action] / n);
                let error = ((square - mean * mean) / n).sqrt();
                assert!((mean - truth[action]).abs() < 4.0 * error, "{mean} {} ± {error}", truth[action]);
            }
        }
    }

    #[test]
    fn it_explores_at_its_rate_and_says_when() {
        let mut policy = Explore::new(0.25, 1, fixed(10, 1000));
        let (mut explored, mut hot) = (0, 0);
        for _ in 0..8000 {
            let decision = ask(&mut policy, 20.0, ALL);
            assert_eq!(decision.propensities, [0.25f32 / 3.0, 0.75 + 0.25 / 3.0, 0.25 / 3.0]);
            explored += u32::from(decision.explore);
            hot += u32::from(decision.action == Action::Hot);
            assert!(decision.explore || decision.action == Action::Warm);
        }
        assert!((1850..2150).contains(&explored), "{explored}");
        assert!((570..770).contains(&hot), "{hot}");
        // Nothing to choose, nothing drawn.
        let decision = ask(&mut policy, 20.0, ActionSet::STAY);
        assert!(!decision.explore && decision.propensities == [1.0, 0.0, 0.0]);
    }

    #[test]
    fn equal_seeds_draw_alike() {
        let actions = |seed| {
            let mut policy = Explore::new(0.5, seed, fixed(10, 20));
            (0..64).map(|_| ask(&mut policy, 12.0, ALL).action as u8).collect::<Vec<_>>()
        };
        assert_eq!(actions(4), actions(4));
        assert_ne!(actions(4), actions(5));
    }

    #[test]
    fn after_a_random_stay_the_question_comes_again() {
        let mut policy = Explore::new(1.0, 1, fixed(8, 8));
        for _ in 0..64 {
            let decision = ask(&mut policy, 8.0, ALL);
            // Alone, `fixed:8,8` goes to tier 2 and is never asked again.
            assert_eq!(decision.ask_again, if decision.action == Action::Hot { NEVER } else { 8 }, "{decision:?}");
        }
        let mut policy = Explore::new(1.0, 1, fixed(8, 100));
        for _ in 0..64 {
            let decision = ask(&mut policy, 6.0, ALL);
            // Alone it stays and asks at 8.
            assert_eq!(decision.ask_again, if decision.action == Action::Hot { NEVER } else { 2 }, "{decision:?}");
        }
    }
}
