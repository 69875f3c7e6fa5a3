//! Seeded randomness: xoshiro256**, in streams named by a label.

use rand_xoshiro::{
    Xoshiro256StarStar,
    rand_core::{RngCore, SeedableRng},
};
use sha2::{Digest, Sha256};

/// Where resampling and permutation take their choices from: a stream, or choices that were written down.
pub trait Draw {
    /// Uniform in `0..bound`.
    fn below(&mut self, bound: usize) -> usize;
    /// A fair coin.
    fn coin(&mut self) -> bool;
}

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Rng(Xoshiro256StarStar);

impl Rng {
    /// The stream `label` of `seed`. Streams of different labels are independent, so adding a comparison to a
    /// report does not change the intervals of the others.
    pub fn stream(seed: u64, label: &str) -> Self {
        let digest = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(label).finalize();
        Self(Xoshiro256StarStar::from_seed(digest.into()))
    }

    /// Uniform in `0..bound`, without bias (Lemire, "Fast Random Integer Generation in an Interval", 2019).
    ///
    /// `bound` of 0 counts as 1.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        let mut wide = u128::from(self.0.next_u64()) * u128::from(bound);
        if (wide as u64) < bound {
            let reject = bound.wrapping_neg() % bound;
            while (wide as u64) < reject {
                wide = u128::from(self.0.next_u64()) * u128::from(bound);
            }
        }
        (wide >> 64) as usize
    }

    /// A fair coin.
    pub fn coin(&mut self) -> bool {
        self.0.next_u64() >> 63 == 1
    }

    /// Uniform in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal (Box–Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Fisher–Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

impl Draw for Rng {
    fn below(&mut self, bound: usize) -> usize {
        Self::below(self, bound)
    }
    fn coin(&mut self) -> bool {
        Self::coin(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_and_label_give_the_same_stream() {
        let draw = |seed, label| {
            let mut rng = Rng::stream(seed, label);
            (0..8).map(|_| rng.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, "a"), draw(7, "a"));
        assert_ne!(draw(7, "a"), draw(7, "b"));
        assert_ne!(draw(7, "a"), draw(8, "a"));
    }

    #[test]
    fn below_is_uniform() {
        let mut rng = Rng::stream(1, "uniform");
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[rng.below(7)] += 1;
        }
        // 10,000 expected, standard deviation 93
        assert!(counts.iter().all(|&count| (9_600..10_400).contains(&count)), "{counts:?}");
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn shuffle_keeps_every_item() {
        let mut items: Vec<u32> = (0..50).collect();
        Rng::stream(3, "shuffle").shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
