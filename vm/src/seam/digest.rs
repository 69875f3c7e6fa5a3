//! Hashes by which a replay knows a decision again: of what it was made from, and of the log up to it.
//!
//! Both depend on nothing but their arguments, so they are the same on every machine. They find accidents and edits,
//! not forgeries.

use super::{Action, Decision, DecisionPoint, Feature};

/// Random odd numbers: fractional parts of square roots of primes (2 and 3), as in SHA-512, made odd.
const KEYS: [u64; 2] = [0x6a09_e667_f3bc_c909, 0xbb67_ae85_84ca_a73b];

/// The features that equal runs agree on.
const REPEATABLE: usize = {
    let (mut count, mut at) = (0, 0);
    while at < Feature::ALL.len() {
        count += Feature::ALL[at].info().deterministic as usize;
        at += 1;
    }
    count
};

/// These, and an even number of them: with an odd number, the first stands at the end once more.
const HASHED: [Feature; REPEATABLE.next_multiple_of(2)] = {
    let mut hashed = [Feature::ALL[0]; REPEATABLE.next_multiple_of(2)];
    let (mut count, mut at) = (0, 0);
    while at < Feature::ALL.len() {
        if Feature::ALL[at].info().deterministic {
            hashed[count] = Feature::ALL[at];
            count += 1;
        }
        at += 1;
    }
    hashed
};

/// Both halves of the product of 128 bits, together.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// Takes in two words. PERF: one multiplication for both; a decision's hash is about a hundred instructions.
#[inline]
fn absorb(state: u64, a: u64, b: u64) -> u64 {
    fold(state ^ a, b ^ KEYS[1])
}

impl DecisionPoint<'_> {
    /// Hash of what the decision is made from: kind, function, loop, tier, legal actions, and the features that do not
    /// depend on time or addresses ([`super::FeatureInfo::deterministic`]).
    pub fn snapshot_hash(&self) -> u64 {
        let place = u64::from(self.loop_index.unwrap_or(u32::MAX));
        let head = place << 32 | u64::from(self.legal.bits()) << 16 | (self.tier as u64) << 8 | self.kind as u64;
        let mut state = absorb(KEYS[0], self.function_id, head);
        for pair in HASHED.chunks_exact(2) {
            state = absorb(state, self.features[pair[0]].to_bits(), self.features[pair[1]].to_bits());
        }
        fold(state, KEYS[0])
    }
}

/// Hash of a log up to a decision, from that of the log before it (0: there is none), what the decision was made from,
/// its answer, and what was done: a row that was changed, added or left out is the first whose hash is not this one.
pub fn chain_hash(previous: u64, snapshot_hash: u64, decision: &Decision, taken: Action) -> u64 {
    let [stay, warm, hot] = decision.propensities.map(|p| u64::from(p.to_bits()));
    let answer = u64::from(decision.explore) << 16 | (taken as u64) << 8 | decision.action as u64;
    let state = absorb(absorb(KEYS[0], previous, snapshot_hash), u64::from(decision.ask_again) << 32 | answer, stay);
    fold(absorb(state, warm, hot), KEYS[0])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::seam::{ActionSet, DecisionKind, Features, Tier};

    fn point(features: &Features) -> DecisionPoint<'_> {
        let legal = ActionSet::STAY.with(Action::Warm);
        DecisionPoint {
            kind: DecisionKind::Osr,
            function_id: 7,
            loop_index: Some(1),
            tier: Tier::Cold,
            features,
            legal,
        }
    }

    #[test]
    fn everything_that_can_be_repeated_counts_and_nothing_else() {
        let base = Features::default();
        let mut hashes = HashSet::from([point(&base).snapshot_hash()]);
        for feature in Feature::ALL {
            let mut features = base.clone();
            features[*feature] = 1.0;
            let new = hashes.insert(point(&features).snapshot_hash());
            assert_eq!(new, feature.info().deterministic, "{}", feature.info().name);
        }
        for other in [
            DecisionPoint { kind: DecisionKind::Tier, ..point(&base) },
            DecisionPoint { function_id: 8, ..point(&base) },
            DecisionPoint { loop_index: Some(2), ..point(&base) },
            DecisionPoint { loop_index: None, ..point(&base) },
            DecisionPoint { tier: Tier::Warm, ..point(&base) },
            DecisionPoint { legal: ActionSet::STAY, ..point(&base) },
        ] {
            assert!(hashes.insert(other.snapshot_hash()), "{other:?}");
        }
    }

    #[test]
    fn near_contexts_have_hashes_apart() {
        let mut hashes = HashSet::new();
        let mut bits = 0;
        for calls in 0..400 {
            for backedges in 0..400 {
                let mut features = Features::default();
                (features[Feature::Calls], features[Feature::Backedges]) = (f64::from(calls), f64::from(backedges));
                let hash = point(&features).snapshot_hash();
                assert!(hashes.insert(hash));
                bits += hash.count_ones();
            }
        }
        let mean = f64::from(bits) / 160_000.0;
        assert!((31.8..32.2).contains(&mean), "{mean} bits of 64 are set");
    }

    #[test]
    fn the_chain_tells_every_change_of_an_answer() {
        let decision = Decision::certain(Action::Warm, 10);
        let base = chain_hash(1, 2, &decision, Action::Warm);
        assert_eq!(base, chain_hash(1, 2, &decision.clone(), Action::Warm));
        let mut hashes = HashSet::from([
            base,
            chain_hash(0, 2, &decision, Action::Warm),
            chain_hash(1, 3, &decision, Action::Warm),
            chain_hash(1, 2, &decision, Action::Stay),
        ]);
        for other in [
            Decision { action: Action::Hot, ..decision.clone() },
            Decision { ask_again: 11, ..decision.clone() },
            Decision { explore: true, ..decision.clone() },
            Decision { propensities: [0.0, 0.5, 0.5], ..decision.clone() },
            Decision { propensities: [0.5, 0.5, 0.0], ..decision },
        ] {
            assert!(hashes.insert(chain_hash(1, 2, &other, Action::Warm)), "{other:?}");
        }
        assert_eq!(hashes.len(), 9);
    }

    #[test]
    fn hashes_stay_what_they_are() {
        // Logs hold them: another formula makes every log that there is unreadable for a replay.
        let mut features = Features::default();
        features[Feature::Calls] = 3.0;
        let snapshot = point(&features).snapshot_hash();
        let chain = chain_hash(5, snapshot, &Decision::certain(Action::Stay, 2), Action::Stay);
        assert_eq!((snapshot, chain), (1_643_515_197_286_464_068, 12_317_655_013_764_589_756));
    }
}
