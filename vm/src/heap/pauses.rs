//! How long the collector has stopped the program.

/// Sub-divisions of each power of two.
const STEPS: usize = 8;
const BUCKETS: usize = 40 * STEPS;

/// A histogram of pauses, exact to an eighth.
pub struct Pauses {
    counts: Box<[u64; BUCKETS]>,
    count: u64,
    max_ns: u64,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { counts: Box::new([0; BUCKETS]), count: 0, max_ns: 0 }
    }
}

fn bucket(ns: u64) -> usize {
    let ns = ns.max(STEPS as u64);
    let power = ns.ilog2() as usize;
    let step = (ns >> (power - 3)) as usize & (STEPS - 1);
    ((power - 3) * STEPS + step).min(BUCKETS - 1)
}

/// The largest number of nanoseconds that falls into a bucket.
fn bucket_end(bucket: usize) -> u64 {
    let (power, step) = (bucket / STEPS, (bucket % STEPS) as u64);
    ((STEPS as u64 + step + 1) << power) - 1
}

impl Pauses {
    pub(crate) fn record(&mut self, ns: u64) {
        self.counts[bucket(ns)] += 1;
        self.count += 1;
        self.max_ns = self.max_ns.max(ns);
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest pause, in nanoseconds.
    pub fn max_ns(&self) -> u64 {
        self.max_ns
    }

    /// What all but a fraction of 1/`one_in` of the pauses have kept below, in nanoseconds; too large by at most an
    /// eighth.
    pub fn all_but_ns(&self, one_in: u64) -> u64 {
        let mut above = self.count / one_in;
        for (index, count) in self.counts.iter().enumerate().rev() {
            if *count > above {
                return bucket_end(index).min(self.max_ns);
            }
            above -= count;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_exact_to_an_eighth() {
        let mut pauses = Pauses::default();
        assert_eq!((pauses.max_ns(), pauses.all_but_ns(1000)), (0, 0));
        for ns in 1..=10_000 {
            pauses.record(ns * 100);
        }
        assert_eq!(pauses.max_ns(), 1_000_000);
        let found = pauses.all_but_ns(1000);
        assert!((999_000..=1_000_000).contains(&found), "{found}");
        let median = pauses.all_but_ns(2);
        assert!((500_000..=562_500).contains(&median), "{median}");
        for ns in [0, 7, 8, 9, 1000, 123_456, u64::MAX >> 24] {
            assert!(bucket_end(bucket(ns)) >= ns, "{ns}");
        }
    }
}
